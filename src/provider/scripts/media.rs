//! Media: tones, what the far end is, media control, terminals, what is stored with a call, pass-through.

use super::*;
use loopstart_signal::{Digit, DigitEdge, DigitMode, MediaSign, OutTone, ToneKind, TonePart, WatchedTone};
use std::vec;

pub(super) const HEARS_ALL: Caps = USUAL.union(Caps::HEARS_MEDIA);

/// A device that reports media, its host wanting none but what it asks for.
pub(super) fn hears_media() -> Rig {
    let mut rig = Rig::with(HEARS_ALL);
    let (line, call) = (rig.line, MediaModes::empty());
    rig.command(Command::SetMediaDetection { line, modes: call }).unwrap();
    rig
}

fn send_tone(rig: &mut Rig, end_to_end: u32, tone: Option<ToneKind>, ms: Option<u64>) -> Result<Reply, LineErr> {
    let call = rig.call();
    let tone = tone.map(|tone| OutTone { tone, duration: ms.map(Duration::from_millis) });
    rig.command(Command::GenerateTone { call, end_to_end, tone })
}

fn part(hz: u16) -> ToneKind {
    let mut parts = [TonePart::default(); 4];
    parts[0] = TonePart { hz, on_ms: 0, off_ms: 0, level_dbm0: -10.0 };
    ToneKind::Custom(parts)
}

fn generate(rig: &mut Rig, end_to_end: u32, digits: &str) {
    let (call, digits) = (rig.call(), Some(Address(digits.to_string())));
    let duration = Duration::ZERO;
    rig.command(Command::GenerateDigits { call, end_to_end, mode: DigitMode::Dtmf, digits, duration }).unwrap();
}

pub(super) fn watch(rig: &mut Rig, list: u32, tones: &[(u16, u32)]) -> Result<Reply, LineErr> {
    let call = rig.call();
    let tones = tones.iter().map(|&(hz, number)| (heard(hz), number)).collect();
    rig.command(Command::MonitorTones { call, list, tones: Some(tones) })
}

pub(super) fn heard(hz: u16) -> WatchedTone {
    WatchedTone { hz: [hz, 0, 0], duration_ms: 200 }
}

fn monitor_media(rig: &mut Rig, modes: MediaModes) -> Result<Reply, LineErr> {
    let call = rig.call();
    rig.command(Command::MonitorMedia { call, modes })
}

pub(super) fn control(rig: &mut Rig, scope: Scope, control: MediaControl) -> Result<Reply, LineErr> {
    rig.command(Command::SetMediaControl { scope, control })
}

fn terminal(rig: &mut Rig, scope: Scope, modes: u32, terminal: u32, enable: bool) -> Result<Reply, LineErr> {
    let request = rig.request();
    rig.command(Command::SetTerminal { request, scope, modes, terminal, enable })
}

/// The words, with the tones of a watch as their first frequencies.
pub(super) fn words(rig: &mut Rig) -> Vec<String> {
    rig.words()
        .into_iter()
        .map(|word| match word.strip_prefix("WatchTones") {
            None => word,
            Some(rest) => {
                let count: usize = rest.split("len: ").nth(1).unwrap().split(',').next().unwrap().parse().unwrap();
                let hz = rest.split("hz: [").skip(1).take(count).map(|t| t.split(',').next().unwrap().to_string());
                format!("WatchTones {}", hz.collect::<Vec<_>>().join(" ")).trim_end().to_string()
            }
        })
        .collect()
}

macro_rules! expect_tones {
    ($rig:expr $(, $word:expr)* $(,)?) => {{
        let expected: &[&str] = &[$($word),*];
        assert_eq!(crate::scripts::media::words(&mut $rig), expected);
    }};
}
pub(super) use expect_tones;

pub(super) const PAUSE: u32 = 0x8;

// ---- tones that are sent ----

#[test]
fn a_tone_ends_by_itself_or_when_it_is_cancelled() {
    let mut rig = Rig::new().connected();
    send_tone(&mut rig, 1, Some(ToneKind::Beep), Some(300)).unwrap();
    rig.ok("SendTone");
    assert_eq!(rig.words().pop().unwrap(), "101 generated 1 Done");
    // Without an end it lasts, however long.
    send_tone(&mut rig, 2, Some(ToneKind::Busy), None).unwrap();
    rig.wait(Duration::from_secs(3_600));
    assert_eq!(rig.words().len(), 1);
    send_tone(&mut rig, 0, None, None).unwrap();
    expect!(rig, "101 generated 2 Cancel", "CancelDigits");
    rig.fail("SendTone", Failure::Cancelled);
    rig.ok("CancelDigits");
    expect!(rig);
    // A zero duration is no duration.
    send_tone(&mut rig, 3, Some(part(1_000)), Some(0)).unwrap();
    assert!(rig.words()[0].contains("duration: None"));
    send!(rig, released(ReleaseWitness::LoopCurrent));
    expect!(rig, "101 generated 3 Cancel", "CancelDigits", "101 Disconnected(Normal)");
}

#[test]
fn a_device_that_forgets_a_tone_is_not_waited_for() {
    let mut rig = Rig::new().connected();
    send_tone(&mut rig, 1, Some(ToneKind::Billing), None).unwrap();
    rig.wait_ms(15_000);
    assert_eq!(rig.words().pop().unwrap(), "101 generated 1 Cancel");
    send_tone(&mut rig, 2, Some(ToneKind::Ringback), Some(60_000)).unwrap();
    rig.wait_ms(74_999);
    assert_eq!(rig.words().len(), 1);
    rig.wait_ms(1);
    expect!(rig, "101 generated 2 Cancel");
}

#[test]
fn digits_and_tones_cancel_each_other() {
    let mut rig = Rig::new().connected();
    generate(&mut rig, 1, "123");
    send_tone(&mut rig, 2, Some(ToneKind::Beep), None).unwrap();
    expect!(rig, "SendDigits 123", "101 generated 1 Cancel", "CancelDigits");
    generate(&mut rig, 3, "456");
    expect!(rig, "101 generated 2 Cancel");
    rig.ok("CancelDigits");
    expect!(rig, "SendDigits 456");
    rig.ok("SendDigits 456");
    expect!(rig, "101 generated 3 Done");
}

#[test]
fn tones_are_checked() {
    let mut rig = Rig::new().connected();
    for hz in [199, 3_801, 0] {
        assert_eq!(send_tone(&mut rig, 1, Some(part(hz)), None), Err(LineErr::INVALTONE), "{hz}");
    }
    for level_dbm0 in [f32::NAN, f32::NEG_INFINITY, 3.2] {
        let mut parts = [TonePart::default(); 4];
        parts[2] = TonePart { hz: 400, level_dbm0, ..TonePart::default() };
        assert_eq!(send_tone(&mut rig, 1, Some(ToneKind::Custom(parts)), None), Err(LineErr::INVALTONE));
    }
    for hz in [200, 3_800] {
        assert_eq!(send_tone(&mut rig, 1, Some(part(hz)), Some(10)), Ok(Reply::Ok));
    }
    let mut mute = Rig::with(USUAL - Caps::SENDS_TONES).connected();
    assert_eq!(send_tone(&mut mute, 1, Some(ToneKind::Beep), None), Err(LineErr::OPERATIONUNAVAIL));
    assert!(!mute.features().contains(CallFeatures::GENERATE_TONE));
    assert_eq!(mute.provider.device_caps(DEVICE).unwrap().generate_tones, (0, 0));
    assert_eq!(rig.provider.device_caps(DEVICE).unwrap().generate_tones, (0x1f, 4));
    let mut rig = Rig::new().offered();
    assert_eq!(send_tone(&mut rig, 1, Some(ToneKind::Beep), None), Err(LineErr::INVALCALLSTATE));
}

// ---- tones that are watched for ----

#[test]
fn each_entry_of_each_list_is_told() {
    let mut rig = Rig::new().connected();
    watch(&mut rig, 1, &[(1_000, 10), (2_000, 20)]).unwrap();
    expect_tones!(rig, "WatchTones 1000 2000");
    // One action at a time.
    watch(&mut rig, 2, &[(2_000, 30), (2_000, 31), (500, 40)]).unwrap();
    send!(rig, LineEvent::CustomTone(0));
    expect_tones!(rig);
    rig.ok("WatchTones");
    expect_tones!(rig, "WatchTones 1000 2000 500");
    // The list before still counts.
    send!(rig, LineEvent::CustomTone(1), LineEvent::CustomTone(2));
    expect_tones!(rig, "101 tone 20 of 1", "101 tone 30 of 2", "101 tone 31 of 2");
    rig.ok("WatchTones");
    send!(rig, LineEvent::CustomTone(2), LineEvent::CustomTone(9));
    expect_tones!(rig, "101 tone 40 of 2");
    // A list is replaced, and removed.
    watch(&mut rig, 2, &[(500, 41)]).unwrap();
    send!(rig, LineEvent::CustomTone(1), LineEvent::CustomTone(2));
    expect_tones!(rig, "101 tone 20 of 1", "101 tone 41 of 2");
    let call = rig.call();
    rig.command(Command::MonitorTones { call, list: 1, tones: None }).unwrap();
    expect_tones!(rig, "WatchTones 500");
    rig.ok("WatchTones");
    watch(&mut rig, 2, &[]).unwrap();
    expect_tones!(rig, "WatchTones");
}

#[test]
fn watching_begins_and_ends_with_the_call() {
    let mut rig = Rig::new().offered();
    watch(&mut rig, 0, &[(0, 1)]).unwrap();
    expect_tones!(rig);
    rig.answer().unwrap();
    rig.ok("Answer");
    rig.words();
    rig.ok("WatchTones");
    send!(rig, LineEvent::CustomTone(0));
    expect_tones!(rig, "101 tone 1 of 0");
    rig.drop_call().unwrap();
    rig.ok("Release");
    expect_tones!(rig, "WatchTones", "Release", "ok 2", "101 Idle");
    assert_eq!(watch(&mut rig, 0, &[(0, 1)]), Err(LineErr::INVALCALLSTATE));
    assert_eq!(watch(&mut rig, 0, &[]), Ok(Reply::Ok));
}

#[test]
fn a_refused_watch_is_not_repeated() {
    let mut rig = Rig::new().connected();
    watch(&mut rig, 0, &[(400, 1)]).unwrap();
    rig.fail("WatchTones", Failure::Refused);
    send!(rig, tone(ProgressTone::CallWaiting), LineEvent::CustomTone(0));
    expect_tones!(rig, "WatchTones 400");
    watch(&mut rig, 0, &[(400, 1)]).unwrap();
    expect_tones!(rig, "WatchTones 400");
    // A device that forgets it has refused it.
    rig.wait_ms(15_000);
    send!(rig, LineEvent::CustomTone(0));
    expect_tones!(rig);
}

#[test]
fn lists_of_tones_are_checked() {
    let mut rig = Rig::new().connected();
    for hz in [149, 3_801] {
        assert_eq!(watch(&mut rig, 0, &[(hz, 1)]), Err(LineErr::INVALTONE), "{hz}");
    }
    let many = |n: u16| (0..n).map(|i| (1_000 + i, 0)).collect::<Vec<_>>();
    assert_eq!(watch(&mut rig, 0, &many(17)), Err(LineErr::INVALTONE));
    assert_eq!(watch(&mut rig, 0, &many(12)), Ok(Reply::Ok));
    assert_eq!(watch(&mut rig, 1, &many(5)), Err(LineErr::RESOURCEUNAVAIL));
    assert_eq!(watch(&mut rig, 1, &many(4)), Ok(Reply::Ok));
    assert_eq!(watch(&mut rig, 0, &many(13)), Err(LineErr::RESOURCEUNAVAIL));
    assert_eq!(watch(&mut rig, 0, &many(11)), Ok(Reply::Ok));
    assert_eq!(rig.provider.device_caps(DEVICE).unwrap().monitor_tones, (16, 3));
    let mut deaf = Rig::with(USUAL - Caps::HEARS_TONES).connected();
    assert_eq!(watch(&mut deaf, 0, &[(400, 1)]), Err(LineErr::OPERATIONUNAVAIL));
    assert_eq!(deaf.provider.device_caps(DEVICE).unwrap().monitor_tones, (0, 0));
    assert!(!deaf.features().contains(CallFeatures::MONITOR_TONES));
}

// ---- what the far end is ----

#[test]
fn a_medium_is_told_once_per_change() {
    use MediaSign as M;
    let mut rig = hears_media().connected();
    let voice = MediaModes::INTERACTIVE_VOICE | MediaModes::G3_FAX | MediaModes::TDD;
    monitor_media(&mut rig, voice).unwrap();
    rig.ok("Listen");
    for sign in [M::Voice, M::Silence, M::Voice, M::Machine, M::Beep, M::FaxCalling, M::FaxAnswer, M::Tty, M::Voice] {
        send!(rig, LineEvent::Media(sign));
    }
    expect!(
        rig,
        "Listen(Heed(MEDIA))",
        "101 media MediaModes(INTERACTIVE_VOICE)",
        "101 media MediaModes(G3_FAX)",
        "101 media MediaModes(TDD)",
        "101 media MediaModes(INTERACTIVE_VOICE)",
    );
    let info = rig.provider.call_info(rig.call()).unwrap();
    // The call's own medium is the host's to decide.
    assert_eq!((info.media, info.monitor_media), (MediaModes::INTERACTIVE_VOICE, voice));
    // Asked anew it is told anew.
    monitor_media(&mut rig, MediaModes::INTERACTIVE_VOICE | MediaModes::DATA_MODEM).unwrap();
    send!(rig, LineEvent::Media(M::Voice), LineEvent::Media(M::Modem));
    expect!(rig, "101 media MediaModes(INTERACTIVE_VOICE)", "101 media MediaModes(DATA_MODEM)");
    monitor_media(&mut rig, MediaModes::empty()).unwrap();
    expect!(rig, "Listen(false)");
    send!(rig, LineEvent::Media(M::Voice));
    expect!(rig);
}

#[test]
fn what_the_host_wants_to_be_offered_is_monitored_from_the_start() {
    let mut rig = Rig::with(HEARS_ALL).offered();
    let info = rig.provider.call_info(rig.call()).unwrap();
    assert_eq!(info.monitor_media, MediaModes::INTERACTIVE_VOICE);
    rig.answer().unwrap();
    rig.ok("Answer");
    assert_eq!(rig.words().pop().unwrap(), "Listen(Heed(MEDIA))");
    send!(rig, LineEvent::Media(MediaSign::Voice));
    expect!(rig, "101 media MediaModes(INTERACTIVE_VOICE)");
}

#[test]
fn media_are_given_up_before_digits() {
    let mut rig = hears_media().connected();
    monitor_media(&mut rig, MediaModes::G3_FAX).unwrap();
    rig.ok("Listen");
    let call = rig.call();
    rig.command(Command::MonitorDigits { call, modes: DigitModes::DTMF | DigitModes::PULSE }).unwrap();
    expect!(rig, "Listen(Heed(MEDIA))", "Listen(Heed(DTMF | PULSES | MEDIA))");
    rig.fail("Listen", Failure::Refused);
    expect!(rig, "Listen(Heed(DTMF | PULSES))");
    rig.fail("Listen", Failure::Refused);
    expect!(rig);
    monitor_media(&mut rig, MediaModes::G3_FAX).unwrap();
    expect!(rig, "Listen(Heed(MEDIA))");
}

#[test]
fn pulse_digits_are_heard() {
    let mut rig = Rig::new().connected();
    let call = rig.call();
    rig.command(Command::MonitorDigits { call, modes: DigitModes::PULSE }).unwrap();
    rig.ok("Listen");
    for mode in [DigitMode::Pulse, DigitMode::Dtmf] {
        send!(rig, LineEvent::Digit(Digit { symbol: b'7', mode, edge: DigitEdge::Begin }));
    }
    expect!(rig, "Listen(Heed(PULSES))", "101 digit 7");
}

#[test]
fn media_to_monitor_are_checked() {
    let mut rig = hears_media().connected();
    for bits in [0x80, 0x1, 0x1_0000] {
        let modes = MediaModes::from_bits_retain(bits);
        assert_eq!(monitor_media(&mut rig, modes), Err(LineErr::INVALMEDIAMODE), "{bits:#x}");
    }
    let mut deaf = Rig::new().connected();
    assert_eq!(monitor_media(&mut deaf, MediaModes::G3_FAX), Err(LineErr::OPERATIONUNAVAIL));
    assert!(!deaf.features().contains(CallFeatures::MONITOR_MEDIA));
    send!(rig, released(ReleaseWitness::LoopCurrent));
    assert_eq!(monitor_media(&mut rig, MediaModes::G3_FAX), Err(LineErr::INVALCALLSTATE));
    assert_eq!(monitor_media(&mut rig, MediaModes::empty()), Ok(Reply::Ok));
}

#[test]
fn members_of_a_conference_are_not_monitored() {
    use CallFeatures as F;
    let member = crate::call::features(CallState::Conferenced(HostCall(1)));
    assert!(!member.intersects(F::MONITOR_DIGITS | F::MONITOR_MEDIA | F::MONITOR_TONES));
    assert!(member.contains(F::SET_CALL_DATA | F::SET_TERMINAL));
    assert!(crate::call::features(CallState::OnHold).contains(F::MONITOR_TONES));
}

// ---- terminals ----

#[test]
fn the_loudspeaker_is_switched() {
    let mut rig = Rig::new().curious().connected();
    let (line, call) = (Scope::Line(rig.line), Scope::Call(rig.call()));
    let address = Scope::Address(rig.line, 0);
    assert_eq!(rig.provider.line_status(rig.line).unwrap().terminals, [0xe0, 0]);
    terminal(&mut rig, line, 0x40, 1, true).unwrap();
    expect!(rig, "Speaker(true)");
    rig.ok("Speaker");
    expect!(rig, "ok 2", "line Terminals");
    assert_eq!(rig.provider.line_status(rig.line).unwrap().terminals, [0xe0, 0x40]);
    // For the call alone, and back when it is over.
    terminal(&mut rig, call, 0x40, 1, false).unwrap();
    rig.ok("Speaker");
    expect!(rig, "Speaker(false)", "ok 3", "101 info CallInfoChange(TERMINAL)");
    assert_eq!(rig.provider.call_info(rig.call()).unwrap().terminals, [0xe0, 0]);
    // What changes nothing needs no device.
    terminal(&mut rig, address, 0x40, 1, true).unwrap();
    terminal(&mut rig, line, 0xe0, 0, true).unwrap();
    expect!(rig, "ok 4", "ok 5");
    rig.drop_call().unwrap();
    rig.ok("Release");
    let said = rig.words();
    assert_eq!(said.last().unwrap(), "line NumCalls");
    assert!(said.contains(&"Speaker(true)".to_string()));
    rig.ok("Speaker");
    terminal(&mut rig, address, 0x40, 1, false).unwrap();
    rig.ok("Speaker");
    expect!(rig, "Speaker(false)", "ok 7", "address 0x80");
}

#[test]
fn requests_for_a_terminal_end_whatever_the_device_does() {
    let mut rig = Rig::new().connected();
    let (line, call) = (Scope::Line(rig.line), Scope::Call(rig.call()));
    terminal(&mut rig, line, 0x40, 1, true).unwrap();
    rig.fail("Speaker", Failure::Refused);
    expect!(rig, "Speaker(true)", "OPERATIONFAILED 2");
    assert_eq!(rig.provider.line_status(rig.line).unwrap().terminals, [0xe0, 0]);
    terminal(&mut rig, call, 0x40, 1, true).unwrap();
    rig.wait_ms(15_000);
    expect!(rig, "Speaker(true)", "OPERATIONFAILED 3");
    terminal(&mut rig, line, 0x40, 1, true).unwrap();
    terminal(&mut rig, call, 0x40, 1, true).unwrap();
    send!(rig, lost(Loss::Silent));
    expect!(rig, "Speaker(true)", "RESOURCEUNAVAIL 4", "RESOURCEUNAVAIL 5", "101 Disconnected(Unknown)");
    // What was wanted of the line holds when the device is back.
    rig.drop_call().unwrap();
    rig.words();
    send!(rig, LineEvent::Ready(USUAL));
    assert!(rig.words().contains(&"Release".to_string()));
    rig.ok("Release");
    expect!(rig, "Speaker(true)");
    terminal(&mut rig, line, 0x40, 1, false).unwrap();
    let line = rig.line;
    rig.command(Command::CloseLine(line)).unwrap();
    expect!(rig, "OPERATIONFAILED 7");
    rig.ok("Speaker");
    expect!(rig, "Speaker(false)");
}

#[test]
fn terminals_are_checked() {
    let mut rig = Rig::new().connected();
    let line = Scope::Line(rig.line);
    assert_eq!(terminal(&mut rig, line, 0x40, 2, true), Err(LineErr::INVALTERMINALID));
    for (modes, id) in [(0, 1), (0x100, 1), (0x20, 1), (0x80, 1), (0x1, 0), (0x48, 1)] {
        assert_eq!(terminal(&mut rig, line, modes, id, true), Err(LineErr::INVALTERMINALMODE), "{modes:#x} {id}");
    }
    assert_eq!(terminal(&mut rig, line, 0x40, 0, false), Err(LineErr::OPERATIONUNAVAIL));
    let address = Scope::Address(rig.line, 1);
    assert_eq!(terminal(&mut rig, address, 0x40, 1, true), Err(LineErr::INVALADDRESSID));
    assert_eq!(rig.provider.device_caps(DEVICE).unwrap().terminals as usize, TERMINALS.len());
    send!(rig, released(ReleaseWitness::LoopCurrent));
    let call = Scope::Call(rig.call());
    assert_eq!(terminal(&mut rig, call, 0x40, 1, true), Err(LineErr::INVALCALLSTATE));
    let mut none = Rig::with(USUAL - Caps::SPEAKER);
    let line = Scope::Line(none.line);
    assert_eq!(terminal(&mut none, line, 0x40, 1, true), Err(LineErr::OPERATIONUNAVAIL));
    assert_eq!(none.provider.device_caps(DEVICE).unwrap().terminals, 0);
    assert_eq!(none.provider.line_status(none.line).unwrap().terminals, [0_u32; 0]);
}

#[test]
fn a_device_that_comes_back_poorer_is_asked_for_nothing_it_lacks() {
    let mut rig = Rig::with(HEARS_ALL);
    let line = rig.line;
    let star = MediaControl { digits: vec![(b'*', DigitModes::DTMF, PAUSE)], ..MediaControl::default() };
    control(&mut rig, Scope::Line(line), star).unwrap();
    terminal(&mut rig, Scope::Line(line), 0x40, 1, true).unwrap();
    rig.ok("Speaker");
    expect!(rig, "Speaker(true)", "ok 1");
    send!(rig, LineEvent::Ready(Caps::VOICE | Caps::DIAL_DTMF | Caps::HEARS_DTMF | Caps::SEES_ANSWER));
    let mut rig = rig.connected();
    rig.ok("Listen");
    send!(rig, LineEvent::Digit(Digit { symbol: b'*', mode: DigitMode::Dtmf, edge: DigitEdge::Begin }));
    expect!(rig);
    assert!(rig.provider.line_status(line).unwrap().terminals.is_empty());
    // It can do it again, and knows nothing of before.
    send!(rig, LineEvent::Ready(HEARS_ALL));
    expect!(rig, "Speaker(true)");
}

// ---- what is stored ----

#[test]
fn call_data() {
    let mut rig = Rig::new().connected();
    let call = rig.call();
    let set = |rig: &mut Rig, data: Vec<u8>| {
        let request = rig.request();
        rig.command(Command::SetCallData { request, call, data })
    };
    set(&mut rig, vec![7; 4_096]).unwrap();
    expect!(rig, "ok 2", "101 info CallInfoChange(CALL_DATA)");
    assert_eq!(rig.provider.call_info(call).unwrap().call_data, [7; 4_096]);
    assert_eq!(set(&mut rig, vec![7; 4_097]), Err(LineErr::INVALPARAM));
    assert_eq!(rig.provider.address_caps(DEVICE, 0).unwrap().max_call_data, 4_096);
    send!(rig, released(ReleaseWitness::LoopCurrent));
    set(&mut rig, Vec::new()).unwrap();
    expect!(rig, "101 Disconnected(Normal)", "ok 4", "101 info CallInfoChange(CALL_DATA)");
    assert!(rig.provider.call_info(call).unwrap().call_data.is_empty());
    rig.drop_call().unwrap();
    // It goes, and then is gone.
    assert_eq!(set(&mut rig, vec![1]), Err(LineErr::INVALCALLSTATE));
    rig.ok("Release");
    assert_eq!(set(&mut rig, vec![1]), Err(LineErr::INVALCALLSTATE));
}

#[test]
fn a_loop_has_no_call_treatments() {
    let mut rig = Rig::new().connected();
    let (request, call) = (rig.request(), rig.call());
    let set = Command::SetCallTreatment { request, call, treatment: 4 };
    assert_eq!(rig.command(set), Err(LineErr::OPERATIONUNAVAIL));
    assert!(!rig.features().contains(CallFeatures::SET_TREATMENT));
    assert!(rig.provider.address_caps(DEVICE, 0).unwrap().treatments.is_empty());
}

// ---- pass-through ----

const THROUGH: u32 = 0x40;
const DATA: Caps = USUAL.union(Caps::DATA);

fn bearer(rig: &mut Rig, bearer_mode: u32) -> Result<Reply, LineErr> {
    let (request, call) = (rig.request(), rig.call());
    rig.command(Command::SetCallParams { request, call, bearer_mode, min_rate: 0, max_rate: 0, dial: None })
}

#[test]
fn an_offered_call_is_passed_through() {
    let mut rig = Rig::with(DATA).offered();
    bearer(&mut rig, THROUGH).unwrap();
    expect!(rig, "PassThrough(true)");
    assert_eq!(rig.answer(), Err(LineErr::INVALCALLSTATE));
    assert_eq!(bearer(&mut rig, 1), Err(LineErr::INVALCALLSTATE));
    rig.ok("PassThrough");
    let changed = "101 info CallInfoChange(BEARER_MODE | RATE)";
    expect!(rig, "ok 1", "101 Connected(Active)", changed);
    assert_eq!(rig.provider.call_info(rig.call()).unwrap().bearer_mode, THROUGH);
    use CallFeatures as F;
    assert_eq!(rig.features(), F::DROP | F::SET_CALL_PARAMS | F::SET_CALL_DATA);
    // Nothing is asked of a device that the host speaks to.
    let call = rig.call();
    rig.command(Command::MonitorDigits { call, modes: DigitModes::DTMF }).unwrap();
    watch(&mut rig, 0, &[(400, 1)]).unwrap();
    expect!(rig);
    assert_eq!(rig.dial("5"), Err(LineErr::INVALCALLSTATE));
    assert_eq!(send_tone(&mut rig, 1, Some(ToneKind::Beep), None), Err(LineErr::INVALCALLSTATE));
    bearer(&mut rig, THROUGH).unwrap();
    expect!(rig, "ok 5", changed);
    // And back.
    bearer(&mut rig, 1).unwrap();
    expect!(rig, "PassThrough(false)");
    rig.ok("PassThrough");
    expect_tones!(rig, "ok 6", changed, "Listen(true)", "WatchTones 400");
    rig.drop_call().unwrap();
    rig.ok("Release");
    assert_eq!(rig.words().pop().unwrap(), "101 Idle");
}

#[test]
fn a_call_is_made_for_the_host_to_speak_to_the_modem() {
    let mut rig = Rig::with(DATA);
    let params = CallParams { bearer_mode: THROUGH, media: MediaModes::DATA_MODEM, ..CallParams::default() };
    rig.try_make(None, params.clone()).unwrap();
    expect!(rig, "PassThrough(true)");
    rig.ok("PassThrough");
    expect!(rig, "ok 1", "101 Connected(Active)");
    rig.drop_call().unwrap();
    expect!(rig, "Release");
    rig.ok("Release");
    expect!(rig, "ok 2", "101 Idle");
    rig.close_call().unwrap();
    rig.try_make(Some("5"), params.clone()).unwrap();
    rig.wait_ms(2_000);
    rig.fail("PassThrough", Failure::Refused);
    expect!(rig, "PassThrough(true)", "OPERATIONFAILED 3");
    let mut voice = Rig::new();
    assert_eq!(voice.try_make(None, params).err(), Some(LineErr::BEARERMODEUNAVAIL));
}

#[test]
fn pass_through_needs_the_right_moment_and_device() {
    let mut rig = Rig::with(DATA).offered();
    bearer(&mut rig, THROUGH).unwrap();
    rig.fail("PassThrough", Failure::Refused);
    expect!(rig, "PassThrough(true)", "OPERATIONFAILED 1");
    assert_eq!(rig.state(), CallState::Offering(OfferingMode::Active));
    // It can still be answered.
    rig.answer().unwrap();
    rig.ok("Answer");
    rig.words();
    bearer(&mut rig, THROUGH).unwrap();
    send!(rig, lost(Loss::Silent));
    expect!(rig, "PassThrough(true)", "RESOURCEUNAVAIL 3", "101 Disconnected(Unknown)");
    let mut rig = Rig::with(DATA);
    rig.make("5");
    send!(rig, LineEvent::OffHook, LineEvent::Dialing);
    assert_eq!(bearer(&mut rig, THROUGH), Err(LineErr::INVALCALLSTATE));
    assert_eq!(rig.provider.device_caps(DEVICE).unwrap().bearer_modes, 0x41);
    let mut voice = Rig::new().connected();
    assert_eq!(bearer(&mut voice, THROUGH), Err(LineErr::BEARERMODEUNAVAIL));
    assert_eq!(voice.provider.device_caps(DEVICE).unwrap().bearer_modes, 1);
}

// ---- what comes with a call, and the line's polarity ----

#[test]
fn bytes_come_with_a_call_that_is_made() {
    let mut rig = Rig::new();
    let data = b"customer 4711".to_vec();
    rig.try_make(Some("5"), CallParams { data: data.clone(), ..CallParams::default() }).unwrap();
    let call = rig.call();
    assert_eq!(rig.provider.call_info(call).unwrap().call_data, data);
    let mut other = Rig::new();
    let long = CallParams { data: vec![0; 4_097], ..CallParams::default() };
    assert_eq!(other.try_make(Some("5"), long), Err(LineErr::INVALCALLPARAMS));
}

#[test]
fn the_polarity_is_counted_from_when_the_device_came_into_service() {
    let mut rig = Rig::new();
    let reversed = |rig: &Rig| rig.provider.line_status(rig.line).unwrap().reversed;
    assert!(!reversed(&rig));
    send!(rig, LineEvent::PolarityReversed);
    assert!(reversed(&rig));
    send!(rig, LineEvent::Lost(loopstart_signal::Loss::Silent), LineEvent::PolarityReversed);
    send!(rig, LineEvent::Ready(USUAL));
    assert!(!reversed(&rig));
    send!(rig, LineEvent::PolarityReversed, LineEvent::PolarityReversed);
    assert!(!reversed(&rig));
}
