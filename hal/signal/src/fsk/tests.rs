use super::*;
use crate::test_signal::{Noise, silence, speech};
use std::vec::Vec;

const TEXT: &[u8] = b"\x00\xFF\x55\xAAThe quick brown fox 0123456789\x80\x01\x7F";

fn send(spec: Spec, level: f32) -> Vec<i16> {
    let mut sender = Sender::new(spec, level);
    assert!(sender.load(TEXT, 300, 180));
    assert!(!sender.load(TEXT, 300, 180));
    let mut out = silence(60 + sender.duration() as usize / 8 + 100);
    sender.mix(&mut out[480..]);
    assert!(sender.is_idle());
    out
}

fn events(samples: &[i16]) -> Vec<Event> {
    let mut seen = Vec::new();
    Receiver::new().process(samples, &mut |e| seen.push(e));
    seen
}

fn message(seen: &[Event]) -> Vec<u8> {
    seen.iter().filter_map(|e| if let Kind::Byte { value, .. } = e.kind { Some(value) } else { None }).collect()
}

#[test]
fn loops_back_at_all_levels() {
    for (spec, hz) in [(BELL202, 1200.0), (V23, 1300.0)] {
        for level in [0.0, -13.5, -30.0, -36.0, -41.0, -46.0] {
            let seen = events(&send(spec, level));
            assert_eq!(message(&seen), TEXT, "{spec:?} {level}");
            let Kind::Carrier(Some(carrier)) = seen[0].kind else { panic!("{:?}", seen[0]) };
            assert_eq!((carrier.spec, carrier.seized), (spec, true));
            assert!((carrier.mark_hz - hz).abs() < 3.0 && (carrier.level_dbm0 - level).abs() < 1.5, "{carrier:?}");
            assert_eq!(seen.last().map(|e| e.kind), Some(Kind::Carrier(None)));
            let sure =
                seen.iter().all(|e| !matches!(e.kind, Kind::Byte { doubt, broken, .. } if doubt > 1e-3 || broken));
            assert!(sure, "{seen:?}");
        }
    }
}

#[test]
fn the_mark_before_is_measured() {
    let seen = events(&send(BELL202, -20.0));
    let marks: Vec<u16> =
        seen.iter().filter_map(|e| if let Kind::Byte { marks, .. } = e.kind { Some(marks) } else { None }).collect();
    assert!(marks[0].abs_diff(180) <= 12, "{marks:?}");
    assert!(marks[1..].iter().all(|m| *m == 0), "{marks:?}");
}

#[test]
fn too_weak_a_signal_is_no_carrier() {
    assert_eq!(events(&send(BELL202, -50.0)), []);
}

#[test]
fn stop_bits_and_other_formats() {
    for stop_bits in [1, 2, 10] {
        let mut sender = Sender::new(V23, -20.0);
        assert!(sender.load_with(TEXT, Format { seizure: 0, mark: 80, stop_bits, trailing: 1 }));
        let mut out = silence(300 + sender.duration() as usize / 8);
        sender.mix(&mut out[800..]);
        let seen = events(&out);
        assert_eq!(message(&seen), TEXT, "{stop_bits}");
        let marks = seen.iter().skip(2).filter_map(|e| match e.kind {
            Kind::Byte { marks, .. } => Some(marks),
            _ => None,
        });
        assert!(marks.clone().count() > 30 && marks.clone().all(|m| m == u16::from(stop_bits) - 1));
    }
}

#[test]
fn doubt_grows_with_noise() {
    let doubt = |snr: f32| -> f32 {
        let total: f32 = (0..5)
            .flat_map(|seed| {
                let mut signal = send(BELL202, -20.0);
                Noise::new(seed).add(&mut signal, -20.0 - snr);
                events(&signal)
            })
            .filter_map(|e| if let Kind::Byte { doubt, .. } = e.kind { Some(doubt) } else { None })
            .sum();
        total / 5.0
    };
    let [clear, noisy, lost] = [10.0, 4.0, 0.0].map(doubt);
    assert!(clear < 0.01 && noisy < 1.0 && lost > 1.0, "{clear} {noisy} {lost}");
}

#[test]
fn block_size_does_not_matter() {
    let mut signal = send(V23, -25.0);
    Noise::new(4).add(&mut signal, -30.0);
    let whole = events(&signal);
    for size in [1, 7, 160, 8000] {
        let mut receiver = Receiver::new();
        let mut seen = Vec::new();
        signal.chunks(size).for_each(|c| receiver.process(c, &mut |e| seen.push(e)));
        assert_eq!(seen, whole, "{size}");
    }
}

#[test]
fn garbage_does_not_upset_it() {
    let mut signal = speech(1, 0.0, 3000);
    signal.extend(send(BELL202, -20.0));
    assert!(message(&events(&signal)).ends_with(TEXT));
    let mut loud: Vec<i16> = (0..8000).map(|i| if i % 3 == 0 { i16::MIN } else { i16::MAX }).collect();
    Noise::new(2).add(&mut loud, 0.0);
    events(&loud);
    // A full-scale square wave at 1250 Hz, from silence to silence.
    let mut square = silence(100);
    square.extend((0..16_000).map(|i| if i % 32 < 16 { i16::MIN } else { i16::MAX }).map(|s: i16| s));
    square.extend(silence(100));
    assert_eq!(message(&events(&square)), []);
}

#[test]
fn after_a_reset_a_message_is_heard_as_by_a_new_one() {
    let signal = send(BELL202, -20.0);
    let mut receiver = Receiver::new();
    receiver.process(&signal[..4321], &mut |_| ());
    assert!(receiver.carrier());
    receiver.reset();
    assert!(!receiver.carrier());
    let mut seen = Vec::new();
    receiver.process(&signal, &mut |e| seen.push(e));
    assert_eq!(message(&seen), TEXT);
    assert!(seen.iter().all(|e| e.at > 4321));
}

#[test]
fn nothing_is_sent_twice_and_too_much_is_refused() {
    let mut sender = Sender::new(V23, -10.0);
    assert!(!sender.load(&[0; MAX_BYTES + 1], 0, 0));
    assert!(sender.load(&[1], 0, 80));
    sender.clear();
    assert!(sender.is_idle());
    let mut out = [0; 16];
    sender.mix(&mut out);
    assert_eq!(out, [0; 16]);
}
