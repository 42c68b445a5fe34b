//! Calls in and out.

use super::*;
use crate::drivers::gauge::RawForm;

fn jane() -> LineEvent {
    LineEvent::CallerId(CallerId {
        number: PartyId::Known(Number::new("5551234")),
        name: PartyId::Known(Name::new("JANE DOE")),
        time: None,
    })
}

#[test]
fn rings_and_caller_id_in_any_order() {
    let block = b"\r\nNMBR = 5551234\r\nNAME = JANE DOE\r\n";
    // Between the rings, as in North America; before them, as in Britain.
    let mut rig = Rig::ready(conexant);
    rig.say(b"\r\nRING\r\n");
    assert_eq!(rig.run(2_000), [RING]);
    rig.say(block);
    assert_eq!(rig.run(2_000), [jane()]);
    rig.say(b"\r\nRING 2\r\n");
    assert_eq!(rig.run(30_000), [LineEvent::Ring { pattern: 2 }, LineEvent::RingStopped]);

    let mut rig = Rig::ready(conexant);
    rig.say(block);
    rig.say(b"\r\nRING\r\n");
    assert_eq!(rig.run(10), [jane(), RING]);
}

#[test]
fn an_incomplete_block_is_told_after_a_moment_or_at_the_next_ring() {
    let number =
        LineEvent::CallerId(CallerId { number: PartyId::Known(Number::new("5551234")), ..CallerId::default() });
    let mut rig = Rig::ready(conexant);
    rig.say(b"\r\nNMBR=5551234\r\n");
    assert_eq!(rig.run(250), []);
    assert_eq!(rig.run(100), [number]);
    let mut rig = Rig::ready(conexant);
    rig.say(b"\r\nNMBR=5551234\r\n\r\nRING\r\n");
    assert_eq!(rig.run(10), [number, RING]);
}

#[test]
fn complex_reports_of_the_voice_class_are_caller_id() {
    let mut rig = Rig::ready(conexant);
    rig.say(b"\x10R\x10X\n\nNMBR=5551234\n\x10.\x10XNAME=JANE DOE\x10.");
    assert_eq!(rig.run(10), [RING, jane()]);
}

#[test]
fn a_ringing_call_is_answered_at_once() {
    let mut rig = Rig::ready(conexant);
    rig.say(b"\r\nRING\r\n");
    rig.run(1_000);
    rig.say(b"\r\nNMBR = 555"); // half a block
    rig.act(ActionKind::Answer);
    assert_eq!(rig.commands, ["AT+FCLASS=8"], "it does not wait for the rest");
    rig.say(b"1234\r\n\x10R\r\nRING\r\n");
    let told = rig.run(500);
    assert!(told.ends_with(&[LineEvent::OffHook, done(1)]), "{told:?}");
    assert!(!told.contains(&RING), "no new ring while answering: {told:?}");
    assert_eq!(rig.commands, ["AT+FCLASS=8", "AT+VLS=1"]);
    assert_eq!(rig.run(60_000), [], "nor an end of ringing");
}

#[test]
fn answering_falls_back_to_the_other_way() {
    let mut rig = Rig::ready(conexant);
    rig.special("AT+VLS=1", Some("\r\nERROR\r\n"));
    rig.special("ATA", Some("\r\nVCON\r\n"));
    rig.say(b"\r\nRING\r\n");
    rig.act(ActionKind::Answer);
    assert_eq!(rig.run(500), [RING, LineEvent::OffHook, done(1)]);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let mut rig = Rig::ready(conexant);
    rig.act(ActionKind::Answer);
    rig.act(send("1"));
    rig.act(ActionKind::Flash(ms(500)));
    rig.act(dial("12;34"));
    rig.act(ActionKind::Release);
    let wrong = Failure::WrongState;
    assert_eq!(
        rig.run(100),
        [failed(1, wrong), failed(2, wrong), failed(3, wrong), failed(4, Failure::Refused), done(5)]
    );
    assert_eq!(rig.commands, [""; 0], "and nothing was written");
    rig.say(b"\r\nRING\r\n");
    rig.act(ActionKind::Seize);
    assert_eq!(rig.run(100), [RING, failed(6, Failure::Glare)]);
}

#[test]
fn an_outgoing_voice_call() {
    let mut rig = Rig::ready(conexant);
    rig.special("ATX4DT5551234;", None);
    rig.act(dial("5551234"));
    assert_eq!(rig.run(400), []);
    assert_eq!(rig.run(400), [LineEvent::OffHook, LineEvent::Dialing]);
    rig.say(b"\r\nOK\r\n");
    assert_eq!(rig.run(10), [LineEvent::Dialed, done(1)]);
    assert_eq!(rig.commands, ["AT+FCLASS=8", "ATX4DT5551234;"]);
    for _ in 0..3 {
        rig.say(b"\x10r");
        rig.run(0);
        rig.run(6_000);
    }
    // 9 s after the last of a cycle of 6 s.
    assert_eq!(rig.run(2_900), []);
    assert_eq!(rig.run(200), [LineEvent::Answered(AnswerWitness::RingbackStopped)]);
    rig.say(b"\x10V");
    assert_eq!(rig.run(10), [], "answered is told once");
    rig.say(b"\x10b\x10b");
    assert_eq!(rig.run(10), [LineEvent::Tone(ProgressTone::Busy)]);
    rig.commands.clear();
    rig.act(ActionKind::Release);
    assert_eq!(rig.run(500), [LineEvent::OnHook, done(2)]);
    assert_eq!(rig.commands, ["ATH", "AT+FCLASS=0", "AT+VCID=1"]);
}

#[test]
fn voice_and_polarity_and_loop_current_are_witnesses() {
    let mut rig = Rig::ready(conexant);
    rig.act(dial("5551234"));
    rig.run(1_000);
    rig.say(b"\x10r\x10V\x10L\x10l");
    assert_eq!(
        rig.run(10),
        [
            LineEvent::Tone(ProgressTone::Ringback),
            LineEvent::Answered(AnswerWitness::Voice),
            LineEvent::PolarityReversed,
            LineEvent::Released(ReleaseWitness::LoopCurrent),
        ]
    );
}

#[test]
fn results_that_end_a_dial() {
    use Failure as F;
    use ReleaseWitness as W;
    for (result, witness, failure) in [
        ("BUSY", Some(W::Busy), F::Released),
        ("NO ANSWER", Some(W::NoAnswer), F::Released),
        ("NO DIALTONE", None, F::NoDialTone),
        ("NO DIAL TONE", None, F::NoDialTone),
        ("NO CARRIER", Some(W::ResultCode), F::Released),
        ("DELAYED", Some(W::Delayed), F::Released),
        ("BLACKLISTED", Some(W::Blacklisted), F::Released),
        ("ERROR", None, F::Refused),
        ("LINE-IN-USE", None, F::Refused),
    ] {
        for late in [false, true] {
            let mut rig = Rig::ready(conexant);
            rig.special("ATX4DT1;", None);
            rig.act(dial("1"));
            rig.run(if late { 3_000 } else { 100 });
            rig.say(format!("\r\n{result}\r\n").as_bytes());
            let told = rig.run(1_000);
            let mut expected: Vec<LineEvent> = witness.map(LineEvent::Released).into_iter().collect();
            expected.push(failed(1, failure));
            if late {
                expected.push(LineEvent::OnHook);
            }
            assert_eq!(told, expected, "{result}");
            // And the next call works.
            rig.special.clear();
            rig.act(ActionKind::Seize);
            assert_eq!(rig.run(500), [LineEvent::OffHook, done(2)], "after {result}");
        }
    }
}

#[test]
fn a_ring_while_dialling_is_glare() {
    let mut rig = Rig::ready(conexant);
    rig.special("ATX4DT5551234;", None);
    rig.special("", Some("\r\nNO CARRIER\r\n"));
    rig.act(dial("5551234"));
    rig.run(60);
    rig.say(b"\r\nRING\r\n");
    let told = rig.run(1_000);
    assert_eq!(told, [RING, failed(1, Failure::Glare)]);
    assert_eq!(rig.commands[..3], ["AT+FCLASS=8", "ATX4DT5551234;", ""], "one character aborts");
    // The caller can be answered.
    rig.say(b"\r\nRING\r\n");
    rig.act(ActionKind::Answer);
    let told = rig.run(500);
    assert!(told.ends_with(&[LineEvent::OffHook, done(2)]), "{told:?}");
}

#[test]
fn a_ring_while_seizing_is_glare() {
    let mut rig = Rig::ready(conexant);
    rig.special("AT+FCLASS=8", None);
    rig.act(ActionKind::Seize);
    rig.say(b"\r\nRING\r\n\r\nOK\r\n");
    assert_eq!(rig.run(1_000), [RING, failed(1, Failure::Glare)]);
    assert!(!rig.commands.contains(&"AT+VLS=1".into()));
}

#[test]
fn remote_ring_on_our_own_call_is_ringback() {
    let mut rig = Rig::ready(data_only);
    rig.act(dial("5551234"));
    rig.run(1_000);
    rig.say(b"\r\nRRING\r\n");
    assert_eq!(rig.run(10), [LineEvent::Tone(ProgressTone::Ringback)]);
}

#[test]
fn release_aborts_a_dial() {
    let mut rig = Rig::ready(conexant);
    rig.special("ATX4DT5551234;", None);
    rig.special("", Some("\r\nOK\r\n"));
    rig.act(dial("5551234"));
    rig.run(700);
    rig.act(ActionKind::Release);
    assert_eq!(rig.run(1_000), [failed(1, Failure::Cancelled), LineEvent::OnHook, done(2)]);
    let n = rig.commands.len();
    assert_eq!(rig.commands[2..n], ["", "ATH", "AT+FCLASS=0", "AT+VCID=1"]);
    // An abort must not follow the command within 125 ms.
    let mut rig = Rig::ready(conexant);
    rig.special("ATX4DT1;", None);
    rig.special("", Some("\r\nOK\r\n"));
    rig.act(dial("1"));
    rig.run(40);
    rig.act(ActionKind::Release);
    rig.run(90);
    assert_eq!(rig.commands, ["AT+FCLASS=8", "ATX4DT1;"]);
    rig.run(60);
    assert_eq!(rig.commands[2..], ["", "ATH"]);
}

#[test]
fn long_numbers_go_out_in_pieces() {
    let mut rig = Rig::ready(conexant);
    let number = "1".repeat(80);
    rig.act(dial(&number));
    let told = rig.run(3_000);
    assert_eq!(told, [LineEvent::OffHook, LineEvent::Dialing, LineEvent::Dialed, done(1)]);
    let dials: Vec<_> = rig.commands.iter().filter(|c| c.contains('D')).collect();
    assert_eq!(dials.iter().map(|c| c.matches('1').count()).sum::<usize>(), 80);
    assert!(dials[0].starts_with("ATX4DT") && dials[1].starts_with("ATX3DT") && dials.iter().all(|c| c.len() <= 42));
}

#[test]
fn registers_are_set_when_they_differ() {
    let mut rig = Rig::ready(conexant);
    let kind = ActionKind::Dial {
        steps: steps("9,1"),
        digit: ms(200),
        gap: ms(70),
        pause: ms(3_000),
        wait_dial_tone: ms(5_000),
        partial: true,
    };
    rig.act(kind);
    rig.run(1_000);
    rig.act(kind);
    rig.run(1_000);
    assert_eq!(rig.commands, ["AT+FCLASS=8", "ATS8=3S11=200", "ATX4DT9,1;", "ATX3DT9,1;"]);
}

#[test]
fn digits_are_sent_and_cancelled() {
    let mut rig = Rig::off_hook(conexant);
    rig.act(send("1234,5"));
    let told = rig.run(400);
    assert_eq!(told, []);
    assert_eq!(rig.commands, ["AT+VTS={1,10},[,,8],{2,10},[,,8],{3,10}", "AT+VTS={4,10}"]);
    assert_eq!(rig.run(2_000), [done(2)]);
    assert_eq!(rig.commands[2..], ["AT+VTS={5,10}"]);

    rig.act(send("1,2"));
    rig.run(50);
    rig.act(ActionKind::CancelDigits);
    assert_eq!(rig.run(2_000), [failed(3, Failure::Cancelled), done(4)]);
    assert_eq!(rig.commands.len(), 4, "2 was not sent");
}

#[test]
fn simpler_forms_of_sending_digits_are_tried() {
    let mut rig = Rig::off_hook(|c| match c {
        c if c.starts_with("AT+VTS={") => Some("\r\nERROR\r\n".into()),
        c => conexant(c),
    });
    rig.act(send("12"));
    assert_eq!(rig.run(1_000), [done(2)]);
    assert_eq!(rig.commands[2..], ["AT+VTS=1", "AT+VTS=2"]);
}

#[test]
fn a_flash_is_a_tone_command_or_a_dial_command() {
    let mut rig = Rig::off_hook(conexant);
    rig.act(ActionKind::Flash(ms(500)));
    rig.say(b"\x10l"); // our own break
    assert_eq!(rig.run(500), [done(2)]);
    rig.special("AT+VTS=!", Some("\r\nERROR\r\n"));
    rig.act(ActionKind::Flash(ms(500)));
    assert_eq!(rig.run(500), [done(3)]);
    rig.act(ActionKind::Flash(ms(500)));
    assert_eq!(rig.run(500), [done(4)]);
    assert_eq!(rig.commands, ["AT+VTS=!", "AT+VTS=!", "ATX3D!;", "ATX3D!;"]);
}

#[test]
fn received_digits_are_told_once() {
    let digit = |symbol, edge| LineEvent::Digit(Digit { symbol, mode: DigitMode::Dtmf, edge });
    let mut rig = Rig::off_hook(conexant);
    rig.say(b"\x105");
    assert_eq!(rig.run(10), [], "nobody listens");
    rig.act(ActionKind::Listen(loopstart_signal::Heed::DTMF));
    rig.run(10);
    // Shielded and repeated every 70 ms (IS-101), then cut across reads; bare (Rockwell).
    rig.say(b"\x10/\x105\x105\x10");
    assert_eq!(rig.run(70), [digit(b'5', DigitEdge::Begin)]);
    rig.say(b"5\x10~");
    assert_eq!(rig.run(10), [digit(b'5', DigitEdge::End)]);
    rig.say(b"\x10#");
    assert_eq!(rig.run(10), [digit(b'#', DigitEdge::Begin), digit(b'#', DigitEdge::End)]);
    // A digit that is not ended ends with the call.
    rig.say(b"\x10/\x10A");
    rig.act(ActionKind::Release);
    let told = rig.run(1_000);
    assert_eq!(told, [digit(b'A', DigitEdge::Begin), digit(b'A', DigitEdge::End), LineEvent::OnHook, done(3)]);
}

#[test]
fn a_data_call_out() {
    let mut rig = Rig::ready(data_only);
    rig.act(dial("12"));
    assert_eq!(rig.run(600), [LineEvent::OffHook, LineEvent::Dialing]);
    assert_eq!(rig.run(3_000), [LineEvent::Dialed, done(1)]);
    rig.act(dial("3"));
    assert_eq!(rig.run(10), [failed(2, Failure::WrongState)]);
    rig.say(b"\r\nCONNECT 33600\r\n");
    assert_eq!(rig.run(10), [LineEvent::Answered(AnswerWitness::Carrier(33_600))]);
    // The caller's data is not taken for anything.
    rig.say(b"RING\r\nOK\r\n\x10R\x10b NMBR=1\r\nNO CARRIER");
    assert_eq!(rig.run(1_000), []);
    rig.wire.clear();
    rig.special("+++ATH", Some("\r\nOK\r\n"));
    rig.act(ActionKind::Release);
    assert_eq!(rig.run(1_050), []);
    assert_eq!(rig.wire, b"", "silence before the escape");
    assert_eq!(rig.run(5_000), [LineEvent::OnHook, done(3)]);
    assert_eq!(rig.wire, b"+++ATH\r");
}

#[test]
fn the_far_end_of_a_data_call_hangs_up() {
    let mut rig = Rig::ready(data_only);
    rig.say(b"\r\nRING\r\n");
    rig.act(ActionKind::Answer);
    rig.run(1_000);
    rig.say(b"\r\nCONNECT\r\n");
    assert_eq!(rig.run(10), [LineEvent::Answered(AnswerWitness::Carrier(0)), done(1)]);
    rig.say(b"some data\r\nNO CARRIER\r\n");
    assert_eq!(rig.run(1_000), [LineEvent::Released(ReleaseWitness::ResultCode), LineEvent::OnHook]);
}

#[test]
fn dtr_hangs_up_where_there_is_one() {
    let mut rig = Rig::ready(data_only);
    rig.far.as_mut().unwrap().set_carrier(Some(true));
    rig.act(dial("12"));
    rig.run(1_000);
    rig.say(b"\r\nCONNECT\r\n");
    rig.run(10);
    rig.act(ActionKind::Release);
    rig.run(300);
    assert!(!rig.modem.port().inner().dtr());
    rig.run(2_000);
    assert!(rig.modem.port().inner().dtr());
    assert!(!rig.wire.contains(&b'+') && rig.wire.ends_with(b"ATH\r"));
}

#[test]
fn no_answer_to_a_release_is_recovered() {
    let mut rig = Rig::off_hook(conexant);
    rig.script = |_| None;
    rig.act(ActionKind::Release);
    assert_eq!(rig.run(5_500), []);
    rig.script = conexant;
    assert_eq!(rig.run(10_000), [LineEvent::OnHook, done(2)]);
    // And when it stays silent, the release fails with the device.
    let mut rig = Rig::off_hook(conexant);
    rig.script = |_| None;
    rig.act(ActionKind::Release);
    assert_eq!(rig.run(30_000), [LineEvent::Lost(Loss::Silent), failed(2, Failure::Lost)]);
}

#[test]
fn a_modem_that_hangs_up_by_itself_is_tidied_up() {
    let mut rig = Rig::ready(conexant);
    rig.act(dial("1"));
    rig.run(1_000);
    rig.say(b"\r\nBUSY\r\n");
    assert_eq!(rig.run(1_000), [LineEvent::Released(ReleaseWitness::Busy), LineEvent::OnHook]);
    assert!(rig.commands.ends_with(&["ATH".into(), "AT+FCLASS=0".into(), "AT+VCID=1".into()]));
}

#[test]
fn rings_interleave_with_every_command() {
    // Whatever command is running, a ring between it and its answer changes nothing but itself.
    let mut rig = Rig::new(|c| {
        let answer = conexant(c)?;
        Some(format!("\r\nRING\r\n{answer}"))
    });
    let told = rig.start();
    assert!(matches!(told[..], [LineEvent::Ready(c)] if c.contains(Caps::VOICE | Caps::CALLER_ID)), "{told:?}");
}

#[test]
fn a_release_cancels_what_waits() {
    let mut rig = Rig::ready(conexant);
    rig.act(ActionKind::Seize);
    rig.act(dial("1"));
    rig.act(send("2"));
    rig.act(ActionKind::Release);
    let told = rig.run(2_000);
    let c = Failure::Cancelled;
    assert_eq!(told, [failed(2, c), failed(3, c), failed(1, c), done(4)]);
}

#[test]
fn what_the_modem_printed_of_the_caller_and_its_hook_can_be_read() {
    let mut rig = Rig::new(conexant);
    let gauge = rig.modem.gauge().unwrap();
    let hook = |known: bool, off: bool| {
        let bit = |is| if is { LoopBits::OFF_HOOK } else { LoopBits::empty() };
        LoopState { known: bit(known), set: bit(off) }
    };
    assert_eq!(gauge.loop_state(), hook(false, false));
    rig.start();
    assert_eq!((gauge.loop_state(), gauge.caller_id(), gauge.levels()), (hook(true, false), None, None));
    rig.say(b"\r\nRING\r\n\r\nNMBR = 5551234\r\nNAME = JANE DOE\r\n");
    assert_eq!(rig.run(10), [RING, jane()]);
    let raw = gauge.caller_id().unwrap();
    assert_eq!((raw.form, raw.believed, raw.number), (RawForm::Text, true, 1));
    assert_eq!(raw.bytes[..], b"NMBR = 5551234\nNAME = JANE DOE\n"[..]);
    rig.act(ActionKind::Answer);
    rig.run(1_000);
    assert_eq!(gauge.loop_state(), hook(true, true));
    rig.act(ActionKind::Release);
    rig.run(3_000);
    assert_eq!(gauge.loop_state(), hook(true, false));
    // The next report, of which the modem says that it is damaged.
    rig.say(b"\r\nERRM=1\r\n\r\nNMBR=555\r\n");
    rig.run(1_000);
    let raw = gauge.caller_id().unwrap();
    assert_eq!((raw.believed, raw.number, &raw.bytes[..]), (false, 2, &b"ERRM=1\nNMBR=555\n"[..]));
    rig.unplug();
    assert_eq!(gauge.loop_state(), hook(false, false));
}
