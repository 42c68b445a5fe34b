//! What other threads read of the line.

use super::*;
use crate::drivers::gauge::RawForm;
use loopstart_signal::{CallerId, Number, PartyId};

/// The known bits of the loop, and the set ones.
fn state(bench: &Bench) -> (LoopBits, LoopBits) {
    let LoopState { known, set } = bench.fxo.gauge().unwrap().loop_state();
    (known, set)
}

#[test]
fn the_state_of_the_loop() {
    let mut bench = Bench::closed();
    let (all, none, battery) = (LoopBits::all(), LoopBits::empty(), LoopBits::BATTERY);
    assert_eq!(state(&bench), (none, none));
    bench.fxo.start(Time::ZERO, &mut bench.queue);
    assert_eq!(state(&bench), (all, battery));
    bench.run(3_000);
    bench.event(FxoEvent::Polarity);
    assert_eq!(state(&bench), (all, battery | LoopBits::REVERSED));
    bench.event(FxoEvent::Polarity);
    bench.event(FxoEvent::Alarm);
    assert_eq!(state(&bench), (all, none));
    bench.event(FxoEvent::NoAlarm);
    bench.ring();
    bench.act(ActionKind::Answer);
    assert_eq!(state(&bench), (all, battery | LoopBits::OFF_HOOK));
    bench.run(1_000);
    bench.act(ActionKind::Release);
    assert_eq!(state(&bench), (all, battery));
    // An odd reversal, then a fault: from then on it counts anew.
    bench.event(FxoEvent::Polarity);
    bench.channel.get().error = Some(libc::EIO);
    bench.look();
    assert_eq!(state(&bench), (none, none));
    bench.channel.get().error = None;
    bench.run(2_000);
    assert_eq!(state(&bench), (all, battery));
    bench.event(FxoEvent::Removed);
    assert_eq!(state(&bench), (none, none));
}

#[test]
fn levels_are_of_what_is_heard_since_the_hook_moved() {
    let mut bench = Bench::new();
    let levels = |bench: &Bench| bench.fxo.gauge().unwrap().levels();
    let close = |level: f32, expected: f32| (level - expected).abs() < 0.3;
    let quiet = levels(&bench).unwrap();
    assert!(quiet.block < -60.0 && quiet.second < -60.0, "{quiet:?}");
    bench.answered();
    bench.source = Source::Tone(TonePlayer::fixed(&[1_000.0], -20.0, None));
    bench.run(500);
    let half = levels(&bench).unwrap();
    assert!(close(half.block, -20.0) && close(half.second, -23.0), "{half:?}");
    bench.run(500);
    let whole = levels(&bench).unwrap();
    assert!(close(whole.block, -20.0) && close(whole.second, -20.0), "{whole:?}");
    bench.source = Source::Silence;
    bench.act(ActionKind::Release);
    bench.run(20);
    assert!(levels(&bench).unwrap().second < -60.0);
    bench.event(FxoEvent::Removed);
    assert_eq!(levels(&bench), None, "nothing is heard any more");
}

#[test]
fn the_last_caller_identification_is_kept_as_it_came() {
    let mut bench = Bench::new();
    let gauge = bench.fxo.gauge().unwrap();
    assert_eq!(gauge.caller_id(), None);
    let id = CallerId { number: PartyId::Known(Number::new("5550142")), ..CallerId::default() };
    let mut frame = cid::Frame::from_caller_id(&id).bytes().to_vec();
    let send = |bench: &mut Bench, frame: &[u8]| {
        let mut sender = fsk::Sender::new(fsk::BELL202, -16.0);
        assert!(sender.load(frame, cid::ON_HOOK_SEIZURE_BITS, cid::ON_HOOK_MARK_BITS));
        bench.source = Source::Caller(sender);
        bench.run(2_000);
        bench.source = Source::Silence;
        bench.take()
    };
    assert_eq!(send(&mut bench, &frame), [LineEvent::CallerId(id)]);
    let raw = gauge.caller_id().unwrap();
    assert_eq!((raw.form, raw.believed, raw.number, &raw.bytes[..]), (RawForm::Frame, true, 1, &frame[..]));
    // A damaged one says nothing, and is kept for whoever wants to know why.
    frame[6] ^= 1;
    assert_eq!(send(&mut bench, &frame), []);
    let raw = gauge.caller_id().unwrap();
    assert_eq!((raw.form, raw.believed, raw.number, &raw.bytes[..]), (RawForm::Frame, false, 2, &frame[..]));
    let mut digits = dtmf::Sender::new(-10.0);
    for symbol in *b"A5550142C" {
        assert!(digits.push(symbol, Duration::from_millis(70), Duration::from_millis(70)));
    }
    bench.source = Source::Digits(digits);
    bench.run(3_000);
    assert_eq!(bench.take(), [LineEvent::CallerId(id)]);
    let raw = gauge.caller_id().unwrap();
    assert_eq!((raw.form, raw.believed, raw.number, &raw.bytes[..]), (RawForm::Digits, true, 3, &b"A5550142C"[..]));
}
