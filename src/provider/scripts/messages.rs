//! Message waiting: data on the idle line, and what dial tone says.

use super::*;
use loopstart_signal::plan::Plan;

/// A line of which plain and stutter dial tone tell.
fn nanp() -> Rig {
    let mut rig = Rig::of_plan(Plan::named("nanp").unwrap());
    let line = rig.line;
    let wanted = Command::SetStatusMessages { line, line_states: ALL_LINE_STATES, address_states: 0 };
    rig.command(wanted).unwrap();
    rig.words();
    rig
}

fn waits(rig: &Rig) -> bool {
    rig.provider.line_status(rig.line).unwrap().message_waiting
}

#[test]
fn data_tells_of_messages_once() {
    let mut rig = nanp();
    send!(rig, LineEvent::MessageWaiting(true), LineEvent::MessageWaiting(true));
    expect!(rig, "line MessageWaiting(true)");
    assert!(waits(&rig));
    send!(rig, LineEvent::MessageWaiting(false));
    expect!(rig, "line MessageWaiting(false)");
    assert!(!waits(&rig));
}

#[test]
fn stutter_dial_tone_tells_of_messages_and_the_next_plain_one_that_there_are_none() {
    let mut rig = nanp();
    for (heard, said) in [
        (ProgressTone::Dial, None),
        (ProgressTone::StutterDial, Some("line MessageWaiting(true)")),
        (ProgressTone::StutterDial, None),
        (ProgressTone::Dial, Some("line MessageWaiting(false)")),
    ] {
        rig.try_make(None, CallParams::default()).unwrap();
        rig.ok("Seize");
        rig.words();
        send!(rig, tone(heard));
        let words = rig.words();
        assert_eq!(words.iter().map(String::as_str).find(|word| word.contains("MessageWaiting")), said, "{words:?}");
        assert_eq!(waits(&rig), heard == ProgressTone::StutterDial);
        rig.drop_call().unwrap();
        rig.ok("Release");
        // The exchange must see the loop open.
        rig.wait_ms(5_000);
        rig.words();
    }
}

#[test]
fn plain_dial_tone_does_not_take_back_what_data_said() {
    let mut rig = nanp();
    send!(rig, LineEvent::MessageWaiting(true));
    rig.try_make(None, CallParams::default()).unwrap();
    rig.ok("Seize");
    send!(rig, tone(ProgressTone::Dial));
    assert!(waits(&rig));
}

#[test]
fn stutter_says_nothing_where_the_plan_does_not_know_it() {
    let mut rig = Rig::of_plan(Plan::named("etsi").unwrap());
    rig.try_make(None, CallParams::default()).unwrap();
    rig.ok("Seize");
    send!(rig, tone(ProgressTone::StutterDial));
    assert!(!waits(&rig));
}
