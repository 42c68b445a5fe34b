//! Nothing that comes from a line or a modem may make the package panic.

use loopstart_signal::country::{US, all};
use loopstart_signal::decode::{Event, LineDecoder};
use loopstart_signal::{Time, answer, cid, g711, pulse, resample, ring};
use proptest::prelude::*;
use std::time::Duration;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn any_bytes_are_a_message_or_an_error(mut bytes in prop::collection::vec(any::<u8>(), 0..300), fix: bool) {
        if fix && bytes.len() >= 3 {
            // A right type, length and checksum, so that the parameters are reached.
            bytes.truncate(cid::MAX_FRAME);
            let last = bytes.len() - 1;
            bytes[0] = 0x80;
            bytes[1] = (last - 2) as u8;
            bytes[last] = cid::checksum(&bytes[..last]);
        }
        if let Ok(message) = cid::parse(&bytes) {
            let id = message.caller_id();
            prop_assert_eq!(cid::checksum(message.raw()), 0);
            prop_assert!(message.parameters().count() <= 128);
            // What was read can be sent again, and reads the same.
            let again = cid::parse(cid::Frame::from_caller_id(&id).bytes()).map(|m| m.caller_id());
            prop_assert_eq!(again.map(|a| a.time), Ok(id.time));
        }
    }

    #[test]
    fn any_samples_in_any_blocks(samples in prop::collection::vec(any::<i16>(), 0..4000), size in 1usize..500, country in 0usize..60) {
        let mut decoder = LineDecoder::new(&all()[country]);
        let mut last = 0;
        for block in samples.chunks(size) {
            decoder.process(block, &mut |e| last = last.max(e.at()));
        }
        prop_assert!(last <= samples.len() as u64);
    }

    #[test]
    fn extremes(what in 0usize..5, size in 1usize..2000, country in 0usize..60) {
        // Silence, full scale, direct current, a square wave, the loudest noise: for six seconds.
        let mut state = 12345u32;
        let samples: Vec<i16> = (0..48_000u32)
            .map(|n| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                match what {
                    0 => 0,
                    1 => i16::MIN,
                    2 => 20_000,
                    3 => if n / 9 % 2 == 0 { i16::MAX } else { i16::MIN },
                    _ => (state >> 16) as i16,
                }
            })
            .collect();
        let mut decoder = LineDecoder::new(&all()[country]);
        let mut events = 0;
        for block in samples.chunks(size) {
            decoder.process(block, &mut |e| {
                // Levels and frequencies are numbers.
                let finite = match e {
                    Event::Dtmf(e) => e.level_dbm0.is_finite(),
                    Event::Cas(e) => e.level_dbm0.is_finite(),
                    Event::Answer(answer::Event { kind: answer::Kind::Beep { hz, .. }, .. }) => hz.is_finite(),
                    _ => true,
                };
                assert!(finite, "{e:?}");
                events += 1;
            });
        }
        prop_assert!(events < 100, "{events}");
    }

    #[test]
    fn any_edges(edges in prop::collection::vec((any::<bool>(), 0u64..3_000_000, 0u8..4), 0..200)) {
        let mut counter = pulse::Counter::new(US.pulse);
        let mut rings = ring::Tracker::new();
        let mut now = Time::ZERO;
        for (closed, after, what) in edges {
            now = now + Duration::from_micros(after);
            if let Some(pulse::Event::Digit(d)) = counter.edge(closed, now) {
                prop_assert!(d.is_ascii_digit());
            }
            match what {
                0 => rings.burst_begin(now),
                1 => drop(rings.burst_end(now)),
                2 => drop(rings.cadence(now)),
                _ => drop(rings.expire(now)),
            }
            counter.expire(now);
        }
    }

    #[test]
    fn any_recording(samples in prop::collection::vec(any::<f32>(), 0..300), rate in 0u32..400_000) {
        let out = resample::to_8k(&samples, rate);
        prop_assert!(rate == 0 || out.len() as u64 <= samples.len() as u64 * 8000 / u64::from(rate.max(1)) + 1);
    }

    #[test]
    fn companding_keeps_the_order(a: i16, b: i16) {
        let (low, high) = (a.min(b), a.max(b));
        prop_assert!(g711::ulaw_decode(g711::ulaw_encode(low)) <= g711::ulaw_decode(g711::ulaw_encode(high)));
        prop_assert!(g711::alaw_decode(g711::alaw_encode(low)) <= g711::alaw_decode(g711::alaw_encode(high)));
    }
}
