//! Media control: what happens to the media stream by itself.

use super::media::{HEARS_ALL, PAUSE, control, expect_tones, heard, hears_media, watch};
use super::*;
use loopstart_signal::{Digit, DigitEdge, DigitMode, MediaSign};
use std::vec;

const START: u32 = 0x2;
const RESET: u32 = 0x4;
const RESUME: u32 = 0x10;

#[test]
fn a_medium_that_must_last_sets_off_something_when_it_did() {
    let mut rig = hears_media().connected();
    let scope = Scope::Call(rig.call());
    let (fax, voice) = (MediaModes::G3_FAX, MediaModes::INTERACTIVE_VOICE);
    let ms = Duration::from_millis;
    let media = vec![(fax, ms(2_000), PAUSE), (fax, ms(5_000), RESET), (voice, ms(0), PAUSE), (voice, ms(700), RESUME)];
    control(&mut rig, scope, MediaControl { media, ..MediaControl::default() }).unwrap();
    rig.ok("Listen");
    expect!(rig, "Listen(Heed(MEDIA))");
    let sign = LineEvent::Media;
    // A fax machine that calls again is the same; nothing is done twice.
    send!(rig, sign(MediaSign::FaxCalling));
    rig.wait_ms(1_000);
    send!(rig, sign(MediaSign::FaxCalling));
    rig.wait_ms(999);
    expect!(rig);
    rig.wait_ms(1);
    expect!(rig, "Media(Pause)");
    rig.wait_ms(2_999);
    expect!(rig);
    rig.wait_ms(1);
    expect!(rig, "Media(Reset)");
    rig.wait_ms(60_000);
    expect!(rig);
    // Another one ends it, and so does silence.
    send!(rig, sign(MediaSign::Voice));
    expect!(rig, "Media(Pause)");
    send!(rig, sign(MediaSign::FaxAnswer));
    rig.wait_ms(1_999);
    send!(rig, sign(MediaSign::Silence));
    rig.wait_ms(60_000);
    expect!(rig);
    // A voice that begins again was away: the time counts from there, but what is done at once was done.
    send!(rig, sign(MediaSign::Voice));
    rig.wait_ms(600);
    send!(rig, sign(MediaSign::Voice));
    rig.wait_ms(699);
    expect!(rig);
    rig.wait_ms(1);
    expect!(rig, "Media(Run)");
    send!(rig, sign(MediaSign::FaxAnswer));
    send!(rig, released(ReleaseWitness::LoopCurrent));
    expect!(rig, "101 Disconnected(Normal)", "Listen(false)");
    rig.wait_ms(2_500);
    expect!(rig);
}

#[test]
fn what_a_medium_sets_off_can_be_changed_while_it_lasts() {
    let mut rig = hears_media().connected();
    let scope = Scope::Call(rig.call());
    let fax = |ms, action| {
        let media = vec![(MediaModes::G3_FAX, Duration::from_millis(ms), action)];
        MediaControl { media, ..MediaControl::default() }
    };
    control(&mut rig, scope, fax(4_000, PAUSE)).unwrap();
    rig.ok("Listen");
    send!(rig, LineEvent::Media(MediaSign::FaxAnswer));
    rig.wait_ms(2_000);
    // The moment at which it had lasted for a second is past; its sixth second is still to come.
    control(&mut rig, scope, fax(1_000, RESET)).unwrap();
    rig.wait_ms(3_000);
    expect!(rig, "Listen(Heed(MEDIA))");
    control(&mut rig, scope, fax(6_000, PAUSE)).unwrap();
    rig.wait_ms(1_000);
    expect!(rig, "Media(Pause)");
    // Without a list nothing is waited for.
    send!(rig, LineEvent::Media(MediaSign::FaxAnswer));
    control(&mut rig, scope, MediaControl::default()).unwrap();
    rig.wait_ms(60_000);
    expect!(rig, "Listen(false)");
}

#[test]
fn digits_tones_media_and_states_control_the_stream() {
    let mut rig = Rig::with(HEARS_ALL);
    let line = rig.line;
    rig.command(Command::SetMediaDetection { line, modes: MediaModes::empty() }).unwrap();
    let mut rig = rig.connected();
    let scope = Scope::Call(rig.call());
    let wanted = MediaControl {
        digits: vec![(b'*', DigitModes::DTMF, PAUSE), (b'#', DigitModes::DTMF, RESUME), (b'0', DigitModes::DTMF, 1)],
        media: vec![(MediaModes::G3_FAX, Duration::ZERO, RESET)],
        tones: vec![(heard(1_000), PAUSE)],
        states: vec![(0x4000, RESET)],
    };
    control(&mut rig, scope, wanted).unwrap();
    rig.ok("Listen");
    rig.ok("WatchTones");
    expect_tones!(rig, "Listen(Heed(DTMF | MEDIA))", "WatchTones 1000");
    let key = |symbol| LineEvent::Digit(Digit { symbol, mode: DigitMode::Dtmf, edge: DigitEdge::Begin });
    // Nobody asked to be told of digits, media or tones.
    send!(rig, key(b'0'), key(b'#'));
    expect!(rig);
    send!(rig, key(b'*'), key(b'*'), key(b'#'));
    expect!(rig, "Media(Pause)", "Media(Run)");
    send!(rig, LineEvent::CustomTone(0), LineEvent::Media(MediaSign::FaxCalling), LineEvent::Media(MediaSign::Voice));
    expect!(rig, "Media(Pause)", "Media(Reset)");
    send!(rig, released(ReleaseWitness::LoopCurrent));
    expect_tones!(rig, "Media(Reset)", "101 Disconnected(Normal)", "Listen(false)", "WatchTones");
}

#[test]
fn the_last_that_is_set_off_at_once_counts() {
    let mut rig = Rig::new();
    let line = rig.line;
    let on_star = |action| MediaControl { digits: vec![(b'*', DigitModes::DTMF, action)], ..MediaControl::default() };
    control(&mut rig, Scope::Line(line), on_star(PAUSE)).unwrap();
    control(&mut rig, Scope::Address(line, 0), on_star(RESET)).unwrap();
    let mut rig = rig.connected();
    rig.ok("Listen");
    let star = LineEvent::Digit(Digit { symbol: b'*', mode: DigitMode::Dtmf, edge: DigitEdge::Begin });
    send!(rig, star);
    expect!(rig, "Media(Reset)");
    let scope = Scope::Call(rig.call());
    control(&mut rig, scope, on_star(PAUSE)).unwrap();
    send!(rig, star);
    expect!(rig, "Media(Reset)", "Media(Pause)");
    // Back on hook a pause is over.
    rig.drop_call().unwrap();
    rig.ok("Release");
    expect!(rig, "Listen(false)", "Release", "ok 2", "101 Idle");
    // What is set for the line stays.
    rig.ok("Listen");
    rig.wait_ms(2_000);
    let mut rig = rig.connected();
    send!(rig, star);
    expect!(rig, "Media(Reset)");
    rig.ok("Listen");
    for scope in [Scope::Line(line), Scope::Address(line, 0)] {
        control(&mut rig, scope, MediaControl::default()).unwrap();
    }
    send!(rig, star);
    expect!(rig, "Listen(false)");
}

#[test]
fn lists_of_media_control_are_checked() {
    let mut rig = hears_media().connected();
    let call = Scope::Call(rig.call());
    let none = MediaControl::default;
    let d = DigitModes::DTMF;
    let digit = |digits| MediaControl { digits, ..none() };
    for digits in [
        vec![(b'x', d, START)],
        vec![(b'1', DigitModes::empty(), START)],
        vec![(b'1', DigitModes::from_bits_retain(8), START)],
        vec![(b'1', d, 0)],
        vec![(b'1', d, 0x20)],
        vec![(b'1', d, START | RESET)],
        vec![(b'1', d, START); 17],
    ] {
        assert_eq!(control(&mut rig, call, digit(digits.clone())), Err(LineErr::INVALDIGITLIST), "{digits:?}");
    }
    for media in [
        vec![(MediaModes::empty(), Duration::ZERO, START)],
        vec![(MediaModes::from_bits_retain(0x80), Duration::ZERO, START)],
        vec![(MediaModes::G3_FAX, Duration::ZERO, 0x100)],
    ] {
        assert_eq!(control(&mut rig, call, MediaControl { media, ..none() }), Err(LineErr::INVALMEDIALIST));
    }
    for tones in [vec![(heard(100), START)], vec![(heard(1_000), 0x400)]] {
        assert_eq!(control(&mut rig, call, MediaControl { tones, ..none() }), Err(LineErr::INVALTONELIST));
    }
    for states in [vec![(0, START)], vec![(0x1_0000, START)], vec![(0x100, 0x80)]] {
        assert_eq!(control(&mut rig, call, MediaControl { states, ..none() }), Err(LineErr::INVALCALLSTATELIST));
    }
    // The device has room for 16 tones, for whatever they are watched for.
    let many: Vec<_> = (0..16).map(|i| (1_000 + i, 0)).collect();
    watch(&mut rig, 0, &many).unwrap();
    let line = rig.line;
    for scope in [Scope::Line(line), call] {
        let other = MediaControl { tones: vec![(heard(300), PAUSE)], ..none() };
        assert_eq!(control(&mut rig, scope, other), Err(LineErr::RESOURCEUNAVAIL));
        let same = MediaControl { tones: vec![(heard(1_000), PAUSE)], ..none() };
        assert_eq!(control(&mut rig, scope, same), Ok(Reply::Ok));
    }
    assert_eq!(control(&mut rig, Scope::Address(line, 1), none()), Err(LineErr::INVALADDRESSID));
    let caps = rig.provider.device_caps(DEVICE).unwrap();
    assert_eq!((caps.media_control, caps.flags & 0x8), (16, 0x8));
    let mut mute = Rig::with(USUAL - Caps::AUDIO).connected();
    let call = Scope::Call(mute.call());
    assert_eq!(control(&mut mute, call, digit(vec![(b'1', d, START)])), Err(LineErr::OPERATIONUNAVAIL));
    assert_eq!(control(&mut mute, call, none()), Ok(Reply::Ok));
    assert!(!mute.features().contains(CallFeatures::SET_MEDIA_CONTROL));
    let caps = mute.provider.device_caps(DEVICE).unwrap();
    assert_eq!((caps.media_control, caps.flags & 0x8), (0, 0));
    send!(rig, released(ReleaseWitness::LoopCurrent));
    let call = Scope::Call(rig.call());
    assert_eq!(control(&mut rig, call, digit(vec![(b'1', d, START)])), Err(LineErr::INVALCALLSTATE));
}
