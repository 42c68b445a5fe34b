//! Making calls, being in them, ending them.

use super::*;
use loopstart_signal::{AnswerWitness, DigitEdge, Heed, SitKind};

#[test]
fn a_number_is_dialled_after_dial_tone() {
    let mut bench = Bench::new();
    bench.originate();
    assert_eq!(bench.dialled(), "5550120");
    assert_eq!(bench.hooks(), [HookCommand::OnHook, HookCommand::OffHook]);
}

#[test]
fn without_dial_tone_the_line_goes_back_on_hook() {
    let mut bench = Bench::new();
    let id = bench.dial("5550120");
    bench.run(3_900);
    assert_eq!(bench.take(), [LineEvent::OffHook]);
    bench.run(200);
    assert_eq!(bench.take(), [LineEvent::OnHook, failed(id, Failure::NoDialTone)]);
    assert_eq!(bench.hooks(), [HookCommand::OnHook, HookCommand::OffHook, HookCommand::OnHook]);
}

#[test]
fn a_busy_tone_instead_of_dial_tone_is_told_as_that() {
    let mut bench = Bench::new();
    bench.tone(US.busy);
    let ActionKind::Dial { steps, digit, gap, pause, partial, .. } = dial("5") else { unreachable!() };
    let id = bench.act(ActionKind::Dial { steps, digit, gap, pause, partial, wait_dial_tone: Duration::from_secs(10) });
    bench.run(8_000);
    let said = bench.take();
    assert!(said.contains(&LineEvent::Tone(ProgressTone::Busy)), "{said:?}");
    assert!(said.contains(&failed(id, Failure::Tone(ProgressTone::Busy))), "{said:?}");
    assert!(said.contains(&LineEvent::OnHook), "{said:?}");
}

#[test]
fn nothing_is_awaited_when_the_wait_is_zero() {
    let mut bench = Bench::new();
    let ActionKind::Dial { steps, digit, gap, pause, .. } = dial("12") else { unreachable!() };
    let wait_dial_tone = Duration::ZERO;
    let id = bench.act(ActionKind::Dial { steps, digit, gap, pause, wait_dial_tone, partial: true });
    bench.run(3_000);
    assert_eq!(bench.take(), [LineEvent::OffHook, LineEvent::Dialing, LineEvent::Dialed, ok(id)]);
    assert_eq!(bench.dialled(), "12");
    // The rest of the address follows at once: dial tone is long gone.
    let id = bench.dial("34");
    bench.run(1_000);
    assert_eq!(bench.take(), [LineEvent::Dialing, LineEvent::Dialed, ok(id)]);
    assert_eq!(bench.dialled(), "1234");
}

#[test]
fn pauses_and_a_second_dial_tone_are_kept() {
    let mut bench = Bench::new();
    bench.tone(US.dial);
    let id = bench.dial("9W,12");
    bench.until_dialing();
    // The outside line takes its time.
    bench.source = Source::Silence;
    bench.run(1_500);
    assert_eq!(bench.dialled(), "9");
    bench.take();
    bench.tone(US.dial);
    bench.run(1_400);
    assert_eq!(bench.dialled(), "9");
    bench.source = Source::Silence;
    bench.run(2_000);
    assert_eq!(bench.dialled(), "912");
    let said = bench.take();
    assert_eq!(said.last(), Some(&ok(id)), "{said:?}");
    assert_eq!(said.iter().filter(|e| **e == LineEvent::Dialing).count(), 0, "told with the first digit: {said:?}");
}

#[test]
fn pulses_are_left_to_the_channel_and_not_disturbed() {
    let mut bench = Bench::new();
    bench.tone(US.dial);
    let id = bench.dial("P120T5");
    bench.run(1_500);
    bench.source = Source::Silence;
    bench.run(7_000);
    assert_eq!(bench.channel.get().pulses, b"120");
    assert_eq!(bench.dialled(), "5");
    let said = bench.take();
    assert_eq!(&said[said.len() - 2..], [LineEvent::Dialed, ok(id)]);
    let id = bench.act(ActionKind::Release);
    bench.take();
    // What cannot be pulsed is refused before the hook moves.
    for impossible in ["P1#", "1$2"] {
        let id = bench.dial(impossible);
        assert_eq!(bench.take(), [failed(id, Failure::Refused)]);
    }
    assert_eq!(id, ActionId(2));
}

#[test]
fn ringback_and_its_end_are_the_answer() {
    let mut bench = Bench::new();
    bench.originate();
    bench.tone(US.ringback);
    bench.run(13_000);
    assert_eq!(bench.take(), [LineEvent::Tone(ProgressTone::Ringback)]);
    bench.source = Source::Silence;
    bench.run(8_000);
    assert_eq!(bench.take(), [LineEvent::ToneEnded, LineEvent::Answered(AnswerWitness::RingbackStopped)]);
    bench.source = Source::Voice(0);
    bench.run(5_000);
    assert_eq!(bench.take(), [], "told once");
}

#[test]
fn a_voice_is_an_answer_and_none_behind_a_special_information_tone() {
    let mut bench = Bench::new();
    bench.originate();
    bench.source = Source::Voice(0);
    bench.run(4_000);
    assert_eq!(bench.take(), [LineEvent::Answered(AnswerWitness::Voice)]);

    let mut bench = Bench::new();
    bench.originate();
    bench.tone(US.sit);
    bench.run(1_300);
    bench.source = Source::Voice(0);
    bench.run(5_000);
    let said = bench.take();
    assert!(said.iter().any(|e| matches!(e, LineEvent::Tone(ProgressTone::Sit(_)))), "{said:?}");
    assert!(!said.iter().any(|e| matches!(e, LineEvent::Answered(_))), "{said:?}");
    let kinds = [SitKind::VacantCode, SitKind::Intercept, SitKind::NoCircuit, SitKind::Unknown, SitKind::Ineffective];
    assert!(kinds.iter().any(|kind| said.contains(&LineEvent::Tone(ProgressTone::Sit(*kind)))), "{said:?}");
}

#[test]
fn busy_is_told_and_is_no_answer() {
    let mut bench = Bench::new();
    bench.originate();
    bench.tone(US.busy);
    bench.run(6_000);
    assert_eq!(bench.take(), [LineEvent::Tone(ProgressTone::Busy)]);
    let id = bench.act(ActionKind::Release);
    assert_eq!(bench.take(), [LineEvent::ToneEnded, LineEvent::OnHook, ok(id)]);
}

#[test]
fn reversals_are_answer_and_release() {
    let mut bench = Bench::new();
    bench.originate();
    bench.event(FxoEvent::Polarity);
    assert_eq!(bench.take(), [LineEvent::PolarityReversed, LineEvent::Answered(AnswerWitness::Polarity)]);
    bench.run(300);
    bench.event(FxoEvent::Polarity);
    assert_eq!(bench.take(), [LineEvent::PolarityReversed], "a bounce");
    bench.run(5_000);
    bench.event(FxoEvent::Polarity);
    assert_eq!(bench.take(), [LineEvent::PolarityReversed, LineEvent::Released(ReleaseWitness::Polarity)]);
}

#[test]
fn quiet_is_awaited_after_ringback() {
    let mut bench = Bench::new();
    bench.tone(US.dial);
    let id = bench.dial("12@3");
    bench.run(1_500);
    bench.source = Source::Silence;
    bench.run(8_000);
    assert_eq!(bench.dialled(), "12", "silence alone is not enough");
    bench.tone(US.ringback);
    bench.run(12_000);
    bench.source = Source::Voice(0);
    bench.run(2_000);
    bench.source = Source::Silence;
    bench.run(4_500);
    assert_eq!(bench.dialled(), "12");
    bench.run(1_500);
    assert_eq!(bench.dialled(), "123");
    let said = bench.take();
    let dialed = said.iter().position(|e| *e == LineEvent::Dialed).unwrap();
    assert_eq!(said[dialed + 1], ok(id));
    assert!(!said[..dialed].iter().any(|e| matches!(e, LineEvent::Answered(_))), "{said:?}");
}

#[test]
fn a_loss_of_battery_is_the_far_ends_hang_up() {
    let mut bench = Bench::new();
    bench.answered();
    let id = bench.act(send("123", DigitMode::Dtmf));
    bench.run(60);
    bench.event(FxoEvent::OnHook);
    assert_eq!(bench.take(), [LineEvent::Released(ReleaseWitness::LoopCurrent), failed(id, Failure::Released)]);
    bench.event(FxoEvent::OnHook);
    bench.event(FxoEvent::Alarm);
    assert_eq!(bench.take(), [LineEvent::Battery(false)], "told once");
    let id = bench.act(ActionKind::Release);
    assert_eq!(bench.take(), [LineEvent::OnHook, ok(id)]);
}

#[test]
fn a_loss_of_battery_while_the_channel_debounces_is_found() {
    let mut bench = Bench::new();
    bench.ring();
    let id = bench.act(ActionKind::Answer);
    bench.run(200);
    bench.channel.get().battery = false;
    bench.run(300);
    assert_eq!(bench.take(), [LineEvent::Ring { pattern: 1 }, LineEvent::OffHook, ok(id)]);
    bench.run(200);
    assert_eq!(bench.take(), [LineEvent::Released(ReleaseWitness::LoopCurrent)]);
}

#[test]
fn a_dead_line_is_not_seized() {
    for kind in [ActionKind::Seize, dial("1")] {
        let mut bench = Bench::new();
        bench.channel.get().battery = false;
        let id = bench.act(kind);
        bench.run(700);
        assert_eq!(bench.take(), [LineEvent::OffHook, LineEvent::OnHook, failed(id, Failure::NoDialTone)]);
    }
}

#[test]
fn the_line_is_seized_and_then_dialled_on() {
    let mut bench = Bench::new();
    let seize = bench.act(ActionKind::Seize);
    bench.run(700);
    assert_eq!(bench.take(), [LineEvent::OffHook, ok(seize)]);
    let again = bench.act(ActionKind::Seize);
    assert_eq!(bench.take(), [failed(again, Failure::WrongState)]);
    let id = bench.dial("5550120");
    bench.run(500);
    assert_eq!(bench.take(), [], "dial tone first");
    bench.tone(US.dial);
    bench.run(1_500);
    bench.source = Source::Silence;
    bench.run(2_000);
    assert_eq!(bench.dialled(), "5550120");
    assert_eq!(bench.take().last(), Some(&ok(id)));
}

#[test]
fn a_ringing_line_is_not_seized() {
    let mut bench = Bench::new();
    bench.event(FxoEvent::RingBegin);
    for kind in [ActionKind::Seize, dial("1")] {
        let id = bench.act(kind);
        assert_eq!(bench.take(), [failed(id, Failure::Glare)]);
    }
    bench.run(2_000);
    bench.event(FxoEvent::RingOffHook);
    bench.run(2_000);
    bench.take();
    let id = bench.act(dial("1"));
    assert_eq!(bench.take(), [failed(id, Failure::Glare)], "between two bursts");
    assert_eq!(bench.hooks(), [HookCommand::OnHook]);
    let id = bench.act(ActionKind::Answer);
    assert_eq!(bench.take(), [LineEvent::OffHook, ok(id)], "it can still be answered");
}

#[test]
fn a_ring_that_nobody_has_read_yet_is_glare_too() {
    let mut bench = Bench::new();
    bench.channel.get().waiting.push_back(Waiting::Event(FxoEvent::RingBegin));
    let id = bench.dial("1");
    assert_eq!(bench.take(), [failed(id, Failure::Glare)]);
}

#[test]
fn a_burst_cut_by_seizing_the_line_is_glare() {
    for kind in [ActionKind::Seize, dial("1")] {
        let mut bench = Bench::new();
        let id = bench.act(kind);
        bench.run(100);
        bench.event(FxoEvent::RingOffHook);
        assert_eq!(bench.take(), [LineEvent::OffHook, LineEvent::OnHook, failed(id, Failure::Glare)]);
    }
}

#[test]
fn digits_are_heard_when_somebody_listens_and_never_our_own() {
    let mut bench = Bench::new();
    bench.answered();
    let mut far = dtmf::Sender::new(-10.0);
    for symbol in *b"159D" {
        assert!(far.push(symbol, Duration::from_millis(60), Duration::from_millis(60)));
    }
    bench.source = Source::Digits(far.clone());
    bench.run(1_000);
    assert_eq!(bench.take(), [], "nobody listens");
    let id = bench.act(ActionKind::Listen(Heed::DTMF));
    bench.source = Source::Digits(far);
    bench.run(1_000);
    let digit = |symbol, edge| LineEvent::Digit(Digit { symbol, mode: DigitMode::Dtmf, edge });
    let heard = b"159D".iter().flat_map(|s| [digit(*s, DigitEdge::Begin), digit(*s, DigitEdge::End)]);
    assert_eq!(bench.take(), [ok(id)].into_iter().chain(heard).collect::<Vec<_>>());
    bench.source = Source::Silence;
    let id = bench.act(send("2468", DigitMode::Dtmf));
    bench.run(2_000);
    assert_eq!(bench.take(), [ok(id)]);
    assert_eq!(bench.dialled(), "2468");
}

#[test]
fn sending_digits_can_be_cancelled() {
    let mut bench = Bench::new();
    bench.answered();
    let id = bench.act(send("2468", DigitMode::Dtmf));
    bench.run(240);
    let cancel = bench.act(ActionKind::CancelDigits);
    assert_eq!(bench.take(), [failed(id, Failure::Cancelled), ok(cancel)]);
    bench.run(1_000);
    assert_eq!(bench.dialled(), "24");
    assert_eq!(bench.take(), []);
    // Pulses stop because silence is written again.
    let id = bench.act(send("999", DigitMode::Pulse));
    bench.run(300);
    assert!(bench.channel.get().pulses_over.is_some());
    let cancel = bench.act(ActionKind::CancelDigits);
    bench.run(20);
    assert_eq!(bench.channel.get().pulses_over, None);
    assert_eq!(bench.take(), [failed(id, Failure::Cancelled), ok(cancel)]);
    let cancel = bench.act(ActionKind::CancelDigits);
    assert_eq!(bench.take(), [ok(cancel)]);
}

#[test]
fn digits_come_late_but_whole_when_the_channel_is_full() {
    let mut bench = Bench::new();
    bench.answered();
    let id = bench.act(send("13579", DigitMode::Dtmf));
    for round in 0..60 {
        bench.channel.get().full = round % 3 != 0;
        bench.run(20);
    }
    bench.channel.get().full = false;
    bench.run(1_000);
    assert_eq!(bench.dialled(), "13579");
    assert_eq!(bench.take(), [ok(id)]);
    assert!(bench.fxo.slipped_blocks() > 10);
}

#[test]
fn a_flash_waits_until_the_channel_takes_it() {
    let mut bench = Bench::new();
    bench.ring();
    bench.act(ActionKind::Answer);
    bench.take();
    let id = bench.act(ActionKind::Flash(Duration::from_millis(300)));
    bench.run(500);
    assert_eq!(bench.hooks(), [HookCommand::OnHook, HookCommand::OffHook]);
    bench.run(200);
    assert_eq!(bench.hooks(), [HookCommand::Flash]);
    assert_eq!(bench.take(), []);
    bench.run(300);
    assert_eq!(bench.take(), [ok(id)]);
    assert_eq!(bench.channel.get().flash, Duration::from_millis(300));
    // Blind to battery again for a while.
    bench.channel.get().battery = false;
    bench.run(700);
    assert_eq!(bench.take(), [LineEvent::Released(ReleaseWitness::LoopCurrent)]);
}

#[test]
fn a_flash_within_a_dial_string_brings_dial_tone() {
    let mut bench = Bench::new();
    bench.answered();
    let id = bench.dial("!W123");
    bench.run(1_200);
    assert_eq!(bench.hooks().last(), Some(&HookCommand::Flash));
    bench.tone(US.dial);
    bench.until_dialing();
    bench.source = Source::Silence;
    bench.run(1_500);
    assert_eq!(bench.dialled(), "123");
    assert_eq!(bench.take().last(), Some(&ok(id)));
    // No dial tone for a consultation: the party that is held stays held.
    let id = bench.dial("!W123");
    bench.run(8_000);
    let said = bench.take();
    assert_eq!(said.last(), Some(&failed(id, Failure::NoDialTone)));
    assert!(!said.contains(&LineEvent::OnHook));
}

#[test]
fn release_cuts_what_runs() {
    for kind in [ActionKind::Seize, dial("123"), dial("P123")] {
        let mut bench = Bench::new();
        let id = bench.act(kind);
        bench.run(40);
        let release = bench.act(ActionKind::Release);
        assert_eq!(bench.take(), [LineEvent::OffHook, failed(id, Failure::Cancelled), LineEvent::OnHook, ok(release)]);
        let release = bench.act(ActionKind::Release);
        assert_eq!(bench.take(), [ok(release)], "on hook already");
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let mut bench = Bench::new();
    for kind in [ActionKind::Answer, ActionKind::Flash(Duration::from_millis(300)), send("1", DigitMode::Dtmf)] {
        let id = bench.act(kind);
        assert_eq!(bench.take(), [failed(id, Failure::WrongState)]);
    }
    bench.answered();
    let id = bench.act(send("1W2", DigitMode::Dtmf));
    assert_eq!(bench.take(), [failed(id, Failure::Refused)]);
    let id = bench.act(send("", DigitMode::Dtmf));
    assert_eq!(bench.take(), [ok(id)]);
}

#[test]
fn actions_wait_for_their_turn() {
    let mut bench = Bench::new();
    bench.answered();
    let ids = [
        bench.act(send("1", DigitMode::Dtmf)),
        bench.act(ActionKind::Flash(Duration::from_millis(300))),
        bench.act(send("2", DigitMode::Dtmf)),
        bench.act(ActionKind::Answer),
    ];
    let listen = bench.act(ActionKind::Listen(Heed::DTMF));
    assert_eq!(bench.take(), [ok(listen)], "that does not wait");
    bench.run(2_000);
    assert_eq!(bench.take(), [ok(ids[0]), ok(ids[1]), ok(ids[2]), failed(ids[3], Failure::WrongState)]);
    assert_eq!(bench.dialled(), "12");
    // At most so many.
    let ids: Vec<_> = (0..6).map(|_| bench.act(send("3", DigitMode::Dtmf))).collect();
    assert_eq!(bench.take(), [failed(ids[5], Failure::Refused)]);
    let release = bench.act(ActionKind::Release);
    let cancelled = ids[..5].iter().map(|id| failed(*id, Failure::Cancelled));
    assert_eq!(bench.take(), cancelled.chain([LineEvent::OnHook, ok(release)]).collect::<Vec<_>>());
}
