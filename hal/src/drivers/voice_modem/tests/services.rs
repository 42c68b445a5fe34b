//! What goes on while a call is up: tones, flashes, call waiting, signs of what the far end is, the loudspeaker.

use super::*;
use loopstart_signal::{Heed, MediaOrder, MediaSign, OutTone, ToneKind, TonePart, ToneWatch};

fn tone(kind: ToneKind, millis: Option<u64>) -> ActionKind {
    ActionKind::SendTone(OutTone { tone: kind, duration: millis.map(ms) })
}

#[test]
fn capabilities_are_those_that_the_modem_has() {
    let mut rig = Rig::new(conexant);
    let told = rig.start();
    let [LineEvent::Ready(caps)] = told[..] else { panic!("{told:?}") };
    // Event 15, call waiting, is not among those it says it reports; 6 and 7, calling tones, are.
    assert!(caps.contains(Caps::SENDS_TONES | Caps::HEARS_MEDIA | Caps::SPEAKER | Caps::FLASH), "{caps:?}");
    assert!(
        !caps.intersects(Caps::SEES_CALL_WAITING | Caps::HEARS_TONES | Caps::HEARS_PULSE | Caps::AUDIO),
        "{caps:?}"
    );
    let mut rig = Rig::new(data_only);
    rig.special("AT&C1&D2S0=0X4M0", Some("\r\nERROR\r\n"));
    rig.special("ATM0", Some("\r\nERROR\r\n"));
    let told = rig.start();
    let [LineEvent::Ready(caps)] = told[..] else { panic!("{told:?}") };
    assert!(!caps.intersects(Caps::SENDS_TONES | Caps::SPEAKER | Caps::FLASH | Caps::HEARS_MEDIA), "{caps:?}");
}

#[test]
fn a_tone_goes_out_piece_by_piece() {
    let mut rig = Rig::off_hook(conexant);
    rig.act(tone(ToneKind::Beep, Some(1_500)));
    assert_eq!(rig.run(500), [done(2)]);
    assert_eq!(rig.commands, ["AT+VTS=[1000,,100]", "AT+VTS=[1000,,50]"]);
    rig.special("AT+VTS=[1000,,100]", Some("\r\nERROR\r\n"));
    rig.act(tone(ToneKind::Beep, None));
    rig.act(tone(ToneKind::Custom([TonePart::default(); 4]), None));
    assert_eq!(rig.run(500), [failed(3, Failure::Refused), failed(4, Failure::Refused)]);
}

#[test]
fn an_endless_tone_ends_with_its_cancellation() {
    let mut rig = Rig::off_hook(conexant);
    rig.special("AT+VTS=[480,620,50],[,,50]", None);
    rig.act(tone(ToneKind::Busy, None));
    rig.act(tone(ToneKind::Beep, None));
    rig.run(300);
    rig.act(ActionKind::CancelDigits);
    assert_eq!(rig.run(300), [failed(3, Failure::Cancelled), failed(2, Failure::Cancelled)]);
    rig.say(b"\r\nOK\r\n");
    assert_eq!(rig.run(300), [done(4)]);
    assert_eq!(rig.commands, ["AT+VTS=[480,620,50],[,,50]"]);
    // On hook there is nobody to hear it.
    rig.act(ActionKind::Release);
    rig.run(1_000);
    rig.act(tone(ToneKind::Beep, Some(100)));
    assert_eq!(rig.run(100), [failed(6, Failure::WrongState)]);
}

#[test]
fn a_release_does_not_wait_for_an_endless_tone() {
    let mut rig = Rig::off_hook(conexant);
    rig.act(tone(ToneKind::Ringback, None));
    rig.run(5_000);
    rig.act(ActionKind::Release);
    assert_eq!(rig.run(1_000), [failed(2, Failure::Cancelled), LineEvent::OnHook, done(3)]);
    assert_eq!(rig.run(60_000), []);
}

#[test]
fn the_loudspeaker_is_switched_between_commands() {
    let mut rig = Rig::off_hook(conexant);
    rig.act(send("1"));
    rig.act(ActionKind::Speaker(true));
    rig.act(ActionKind::Speaker(false));
    assert_eq!(rig.run(1_000), [done(2), done(3), done(4)]);
    assert_eq!(rig.commands[1..], ["ATM1", "ATM0"]);
    rig.act(ActionKind::WatchTones(ToneWatch::default()));
    rig.act(ActionKind::Media(MediaOrder::Run));
    assert_eq!(rig.run(10), [failed(5, Failure::Refused), failed(6, Failure::Refused)], "it can neither");
}

#[test]
fn signs_of_the_far_end_are_told_when_asked() {
    let mut rig = Rig::off_hook(conexant);
    rig.say(b"\x10c\x10a\x10v");
    assert_eq!(rig.run(10), []);
    rig.act(ActionKind::Listen(Heed::MEDIA));
    rig.say(b"\x10c\x10a\x10e\x10v\x10q\x10t5\x105");
    let media = |signs: &[MediaSign]| signs.iter().map(|s| LineEvent::Media(*s)).collect::<Vec<_>>();
    use MediaSign::{FaxCalling, Modem, Silence, Tty, Voice};
    let mut told = rig.run(10);
    assert_eq!(told.remove(0), done(2));
    assert_eq!(told, media(&[FaxCalling, Modem, Modem, Voice, Silence, Tty]), "and no digits");
}

#[test]
fn a_second_call_is_announced_once_each_time() {
    let mut rig = Rig::off_hook(conexant);
    rig.say(b"\x10w\x10w\r\nCALL WAITING\r\n");
    assert_eq!(rig.run(5_000), [LineEvent::CallWaiting]);
    rig.say(b"\x10X\nNMBR=5550177\n\x10.");
    let told = rig.run(500);
    assert!(
        matches!(told[..], [LineEvent::CallerId(id)] if id.number == PartyId::Known(Number::new("5550177"))),
        "{told:?}"
    );
    rig.say(b"\x10w");
    assert_eq!(rig.run(10), [LineEvent::CallWaiting]);
}

#[test]
fn a_consultation_call_has_its_own_answer() {
    let mut rig = Rig::ready(conexant);
    rig.act(dial("5551234"));
    rig.run(1_000);
    rig.say(b"\x10V");
    assert!(rig.run(10).contains(&LineEvent::Answered(AnswerWitness::Voice)));
    rig.act(ActionKind::Flash(ms(500)));
    assert_eq!(rig.run(500), [done(2)]);
    rig.say(b"\x10d\x10V");
    assert_eq!(rig.run(10), [LineEvent::Tone(ProgressTone::Dial)], "the voice of nobody we called");
    rig.commands.clear();
    rig.act(dial("5555678"));
    let told = rig.run(1_000);
    assert!(told.contains(&LineEvent::Dialed) && told.contains(&done(3)), "{told:?}");
    assert_eq!(rig.commands, ["ATX4DT5555678;"], "after dial tone");
    rig.say(b"\x10r");
    assert_eq!(rig.run(10), [LineEvent::Tone(ProgressTone::Ringback)]);
    rig.say(b"\x10V");
    assert_eq!(rig.run(10), [LineEvent::Answered(AnswerWitness::Voice)]);
}

#[test]
fn a_modem_that_is_left_to_the_host_is_let_alone_and_taken_back() {
    let mut rig = Rig::ready(conexant);
    rig.act(ActionKind::PassThrough(false));
    assert_eq!(rig.run(10), [failed(1, Failure::Refused)], "it was not passed on");
    rig.act(ActionKind::PassThrough(true));
    assert_eq!(rig.run(10), [done(2)]);
    assert_eq!((rig.modem.interest(), rig.modem.deadline()), (Interest::default(), None));
    rig.say(b"\r\nRING\r\n");
    rig.act(dial("1"));
    rig.act(ActionKind::PassThrough(true));
    assert_eq!(rig.run(600_000), [failed(3, Failure::WrongState), done(4)], "what it says is not for us");
    assert_eq!(rig.commands, [""; 0]);
    rig.act(ActionKind::PassThrough(false));
    assert_eq!(rig.run(100), [done(5)]);
    rig.act(dial("1"));
    let told = rig.run(20_000);
    assert!(told.contains(&done(6)), "it was started anew and dials: {told:?}");
    rig.act(ActionKind::Release);
    rig.run(5_000);
    rig.act(ActionKind::PassThrough(true));
    rig.act(ActionKind::Release);
    let told = rig.run(20_000);
    assert_eq!(told, [done(8), done(9)]);
}
