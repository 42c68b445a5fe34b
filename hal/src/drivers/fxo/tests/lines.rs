//! Ringing, caller identification, battery, and the port itself.

use super::*;
use loopstart_signal::{CallerId, Name, Number, PartyId};

fn caller(number: &str) -> CallerId {
    CallerId { number: PartyId::Known(Number::new(number)), name: PartyId::Known(Name::new("JANE DOE")), time: None }
}

fn spill(id: &CallerId) -> fsk::Sender {
    let mut sender = fsk::Sender::new(fsk::BELL202, -16.0);
    assert!(sender.load(cid::Frame::from_caller_id(id).bytes(), cid::ON_HOOK_SEIZURE_BITS, cid::ON_HOOK_MARK_BITS));
    sender
}

#[test]
fn ringing_is_told_once_per_cycle_and_its_end_is_timed_out() {
    let mut bench = Bench::new();
    bench.ring();
    bench.ring();
    assert_eq!(bench.take(), [LineEvent::Ring { pattern: 1 }, LineEvent::Ring { pattern: 1 }]);
    bench.run(8_000);
    assert_eq!(bench.take(), [LineEvent::RingStopped]);
    bench.run(10_000);
    assert_eq!(bench.take(), []);
}

#[test]
fn caller_identification_is_received_between_the_rings() {
    let mut bench = Bench::new();
    let id = caller("5550142");
    bench.event(FxoEvent::RingBegin);
    bench.run(2_000);
    bench.event(FxoEvent::RingOffHook);
    bench.run(500);
    bench.source = Source::Caller(spill(&id));
    bench.run(3_500);
    bench.source = Source::Silence;
    bench.ring();
    assert_eq!(bench.take(), [LineEvent::Ring { pattern: 1 }, LineEvent::CallerId(id), LineEvent::Ring { pattern: 1 }]);
}

#[test]
fn caller_identification_is_received_before_any_ring() {
    let mut bench = Bench::new();
    let id = caller("5550142");
    bench.event(FxoEvent::Polarity);
    bench.run(200);
    bench.source = Source::Caller(spill(&id));
    bench.run(1_500);
    bench.source = Source::Silence;
    bench.ring();
    assert_eq!(bench.take(), [LineEvent::PolarityReversed, LineEvent::CallerId(id), LineEvent::Ring { pattern: 1 }]);
}

#[test]
fn data_on_the_idle_line_tells_of_messages() {
    for on in [true, false] {
        let mut bench = Bench::new();
        bench.run(1_000);
        let mut sender = fsk::Sender::new(fsk::BELL202, -16.0);
        let frame = cid::Frame::message_waiting(on);
        assert!(sender.load(frame.bytes(), cid::ON_HOOK_SEIZURE_BITS, cid::ON_HOOK_MARK_BITS));
        bench.source = Source::Caller(sender);
        bench.run(1_500);
        assert_eq!(bench.take(), [LineEvent::MessageWaiting(on)]);
    }
}

#[test]
fn a_damaged_identification_is_not_told() {
    let mut bench = Bench::new();
    let mut frame = cid::Frame::from_caller_id(&caller("5550142")).bytes().to_vec();
    frame[8] ^= 1;
    let mut sender = fsk::Sender::new(fsk::BELL202, -16.0);
    assert!(sender.load(&frame, cid::ON_HOOK_SEIZURE_BITS, cid::ON_HOOK_MARK_BITS));
    bench.source = Source::Caller(sender);
    bench.run(2_000);
    assert_eq!(bench.take(), []);
}

#[test]
fn the_end_of_a_burst_without_its_beginning_is_a_ring_only_late_after_hang_up() {
    let mut bench = Bench::new();
    bench.answered();
    let release = bench.act(ActionKind::Release);
    assert_eq!(bench.take(), [LineEvent::OnHook, ok(release)]);
    bench.run(1_000);
    bench.event(FxoEvent::RingOffHook);
    bench.run(1_400);
    assert_eq!(bench.take(), [], "the echo of what was before");
    bench.event(FxoEvent::RingOffHook);
    assert_eq!(bench.take(), [LineEvent::Ring { pattern: 1 }]);
    let answer = bench.act(ActionKind::Answer);
    assert_eq!(bench.take(), [LineEvent::OffHook, ok(answer)]);
}

#[test]
fn a_burst_cut_by_the_answer_says_nothing() {
    let mut bench = Bench::new();
    bench.event(FxoEvent::RingBegin);
    bench.run(500);
    let id = bench.act(ActionKind::Answer);
    bench.run(60);
    bench.event(FxoEvent::RingOffHook);
    bench.run(10_000);
    assert_eq!(bench.take(), [LineEvent::Ring { pattern: 1 }, LineEvent::OffHook, ok(id)]);
    assert_eq!(bench.hooks(), [HookCommand::OnHook, HookCommand::OffHook]);
}

#[test]
fn the_end_of_a_burst_may_get_lost() {
    let mut bench = Bench::new();
    bench.event(FxoEvent::RingBegin);
    bench.run(20_000);
    assert_eq!(bench.take(), [LineEvent::Ring { pattern: 1 }, LineEvent::RingStopped]);
    let id = bench.act(ActionKind::Answer);
    assert_eq!(bench.take(), [failed(id, Failure::WrongState)]);
}

#[test]
fn battery_alarms_are_told_once() {
    let mut bench = Bench::new();
    for _ in 0..2 {
        bench.event(FxoEvent::Alarm);
        bench.run(5_000);
    }
    assert_eq!(bench.take(), [LineEvent::Battery(false)]);
    bench.event(FxoEvent::NoAlarm);
    bench.run(5_000);
    assert_eq!(bench.take(), [LineEvent::Battery(true)]);
}

#[test]
fn a_line_that_is_dead_from_the_start_is_found_and_found_again() {
    let mut bench = Bench::closed();
    bench.channel.get().battery = false;
    bench.fxo.start(Time::ZERO, &mut bench.queue);
    bench.run(5_000);
    assert_eq!(bench.take(), [LineEvent::Ready(caps(US)), LineEvent::Battery(false)]);
    bench.channel.get().battery = true;
    bench.run(3_000);
    assert_eq!(bench.take(), [LineEvent::Battery(true)]);
    assert!(bench.fxo.deadline().is_some_and(|at| at > bench.now() + Duration::from_secs(4)), "no more polling");
}

#[test]
fn an_unplugged_card_ends_everything_in_every_state() {
    let prepare: [fn(&mut Bench); 8] = [
        |_| {},
        |bench| bench.event(FxoEvent::RingBegin),
        |bench| bench.answered(),
        |bench| {
            bench.act(ActionKind::Seize);
        },
        |bench| {
            bench.dial("123");
        },
        |bench| {
            bench.tone(US.dial);
            bench.dial("1234567890");
            bench.run(1_500);
        },
        |bench| {
            bench.answered();
            bench.act(send("12345", DigitMode::Dtmf));
        },
        |bench| {
            bench.answered();
            bench.act(ActionKind::Flash(Duration::from_millis(500)));
            bench.run(100);
        },
    ];
    for (state, prepare) in prepare.iter().enumerate() {
        for removed in [true, false] {
            let mut bench = Bench::new();
            prepare(&mut bench);
            if removed {
                bench.channel.get().waiting.push_back(Waiting::Event(FxoEvent::Removed));
            } else {
                bench.channel.get().gone = true;
            }
            bench.run(100);
            let said = bench.take();
            let lost = said.iter().filter(|event| **event == LineEvent::Lost(Loss::Gone)).count();
            assert_eq!(lost, 1, "state {state}: {said:?}");
            for id in 1..=bench.actions {
                let done =
                    said.iter().filter(|e| matches!(e, LineEvent::Done { action, .. } if action.0 == id)).count();
                // What was done before was taken out of `said` by the preparation.
                assert!(done <= 1, "state {state}: {said:?}");
            }
            assert!(bench.fxo.run.is_none(), "state {state}");
            assert_eq!(bench.fxo.deadline(), None);
            let id = bench.act(ActionKind::Seize);
            assert_eq!(bench.take(), [failed(id, Failure::Lost)]);
        }
    }
}

#[test]
fn a_hang_up_of_the_descriptor_is_believed_when_all_is_read() {
    let mut bench = Bench::new();
    let now = bench.now();
    bench.channel.get().waiting.push_back(Waiting::Event(FxoEvent::Alarm));
    bench.fxo.ready(Readiness { hangup: true, ..Readiness::default() }, now, &mut bench.queue);
    bench.drain();
    assert_eq!(bench.take(), [LineEvent::Battery(false), LineEvent::Lost(Loss::Gone)]);
}

#[test]
fn a_card_that_gives_no_audio_is_silent_until_it_does() {
    let mut bench = Bench::new();
    for _ in 0..1_000 {
        let now = bench.now() + Duration::from_millis(20);
        bench.channel.get().now = now;
        bench.look();
    }
    assert_eq!(bench.take(), [LineEvent::Lost(Loss::Silent)]);
    bench.run(3_000);
    assert_eq!(bench.take(), [LineEvent::Ready(caps(US))]);
}

#[test]
fn an_error_of_the_system_takes_the_line_out_of_service_for_as_long_as_it_lasts() {
    let mut bench = Bench::new();
    bench.answered();
    bench.channel.get().error = Some(libc::EIO);
    bench.run(5_000);
    assert_eq!(bench.take(), [LineEvent::Lost(Loss::Os(libc::EIO))]);
    bench.channel.get().error = None;
    bench.run(2_000);
    assert_eq!(bench.take(), [LineEvent::Ready(caps(US))]);
    assert_eq!(bench.channel.get().off_hook, None, "it came back on hook");
}

#[test]
fn reading_stops_when_the_queue_runs_short_and_loses_nothing() {
    let mut bench = Bench::new();
    bench.queue = EventQueue::with_capacity(ROOM + 4);
    let now = bench.now();
    for _ in 0..40 {
        bench.channel.get().waiting.push_back(Waiting::Event(FxoEvent::Polarity));
    }
    let mut told = 0;
    for _ in 0..20 {
        bench.fxo.ready(Readiness { priority: true, ..Readiness::default() }, now, &mut bench.queue);
        assert!(bench.queue.room() > 0);
        while bench.queue.pop().is_some() {
            told += 1;
        }
    }
    assert_eq!(told, 40);
}

#[test]
fn a_block_is_written_for_every_block_read() {
    let mut bench = Bench::new();
    bench.channel.get().written.clear();
    bench.run(2_000);
    assert_eq!(bench.channel.get().written.len(), 16_000);
    assert!(bench.channel.get().written.iter().all(|s| *s == 0));
}
