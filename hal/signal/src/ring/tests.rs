use super::*;
use crate::country::{US, all, by_code};
use std::vec::Vec;

/// Plays bursts (on, off ms, repeated `cycles` times) and answers the events with their times in ms.
fn play(cadence: &[u64], cycles: usize) -> Vec<(u64, LineEvent)> {
    play_on(&mut Tracker::new(), cadence, cycles)
}

fn play_on(tracker: &mut Tracker, cadence: &[u64], cycles: usize) -> Vec<(u64, LineEvent)> {
    let mut seen = Vec::new();
    let mut now = 10_000;
    let mut edges = Vec::new();
    for _ in 0..cycles {
        for (i, ms) in cadence.iter().enumerate() {
            edges.push((now, i % 2 == 0));
            now += ms;
        }
    }
    let mut edges = edges.into_iter().peekable();
    for ms in 10_000..now + 20_000 {
        let at = Time::from_millis(ms);
        while edges.next_if(|e| e.0 == ms).is_some_and(|(_, on)| {
            if on {
                tracker.burst_begin(at);
            } else if let Some(e) = tracker.burst_end(at) {
                seen.push((ms - 10_000, e));
            }
            true
        }) {}
        if tracker.deadline().is_some_and(|d| d <= at)
            && let Some(e) = tracker.expire(at)
        {
            seen.push((ms - 10_000, e));
        }
    }
    seen
}

const RING: LineEvent = LineEvent::Ring { pattern: 1 };

#[test]
fn one_ring_per_cycle_and_an_end() {
    let seen = play(&[2000, 4000], 3);
    assert_eq!(seen, [(120, RING), (6120, RING), (12_120, RING), (20_500, LineEvent::RingStopped)]);
}

#[test]
fn double_bursts_are_one_cycle() {
    let seen = play(&[400, 200, 400, 2000], 3);
    assert_eq!(seen, [(120, RING), (3120, RING), (6120, RING), (13_500, LineEvent::RingStopped)]);
}

#[test]
fn long_pauses_prolong_the_wait() {
    let seen = play(&[750, 7500], 1);
    assert_eq!(seen.len(), 2);
    let seen = play(&[1000, 6000], 3);
    // 1.5 times 6 s after the end of the last burst.
    assert_eq!(seen.last(), Some(&(15_000 + 9_000, LineEvent::RingStopped)));
}

#[test]
fn spikes_are_ignored() {
    assert_eq!(play(&[110, 4000], 3), []);
}

#[test]
fn distinctive_patterns_are_told_from_the_second_cycle() {
    for (pattern, cadence) in
        [(2, &[800, 400, 800, 4000][..]), (3, &[400, 200, 400, 200, 800, 4000]), (4, &[300, 200, 1000, 200, 300, 4000])]
    {
        let rings: Vec<_> = play(cadence, 3)
            .into_iter()
            .filter_map(|(_, e)| if let LineEvent::Ring { pattern } = e { Some(pattern) } else { None })
            .collect();
        assert_eq!(rings, [1, pattern, pattern]);
    }
}

#[test]
fn results_of_a_modem() {
    let mut t = Tracker::new();
    let at = Time::from_millis;
    assert_eq!(t.cadence(at(1000)), Some(RING));
    assert_eq!(t.cadence(at(1500)), None);
    assert_eq!(t.cadence(at(7000)), Some(RING));
    assert!(t.is_ringing());
    let end = t.deadline().map(Time::millis);
    assert_eq!(end, Some(7000 + 8250));
    assert_eq!(t.expire(at(15_249)), None);
    assert_eq!(t.expire(at(15_250)), Some(LineEvent::RingStopped));
    assert!(!t.is_ringing());
    assert_eq!(t.deadline(), None);
}

#[test]
fn an_answered_call_does_not_stop_ringing() {
    let mut t = Tracker::new();
    t.cadence(Time::from_millis(5));
    t.answered();
    assert_eq!((t.deadline(), t.is_ringing()), (None, false));
}

/// The patterns told, and how often the line rang.
fn rings(tracker: &mut Tracker, cadence: &[u64], cycles: usize) -> Vec<u8> {
    play_on(tracker, cadence, cycles)
        .into_iter()
        .filter_map(|(_, e)| if let LineEvent::Ring { pattern } = e { Some(pattern) } else { None })
        .collect()
}

fn line(code: &str) -> Tracker {
    Tracker::for_country(by_code(code).expect("a country"))
}

#[test]
fn every_country_rings_as_its_table_says() {
    for country in all() {
        let cadence: Vec<u64> = country.ring_cadence_ms.iter().map(|ms| u64::from(*ms)).collect();
        for percent in [90, 100, 110] {
            let cadence: Vec<u64> = cadence.iter().map(|ms| ms * percent / 100).collect();
            let mut tracker = Tracker::for_country(country);
            assert_eq!(rings(&mut tracker, &cadence, 4), [1; 4], "{} {percent} %", country.code);
            assert!(!tracker.is_ringing() && tracker.alert().is_none());
        }
    }
}

#[test]
fn distinctive_patterns_by_country() {
    for (code, mode, cadence) in [
        ("us", 2, &[800, 400, 800, 4000][..]),
        ("us", 3, &[400, 200, 400, 200, 800, 4000]),
        ("us", 4, &[300, 200, 1000, 200, 300, 4000]),
        ("ca", 2, &[900, 350, 750, 3900]),
        ("gb", 1, &[400, 200, 400, 2000]),
        ("gb", 2, &[1000, 2000]),
        ("gb", 3, &[250, 250, 250, 250, 250, 1750]),
        ("au", 2, &[400, 400, 200, 200, 400, 1400]),
        ("nz", 1, &[400, 200, 400, 2000]),
        ("nz", 2, &[400, 2600]),
        ("nz", 3, &[400, 200, 400, 200, 400, 1400]),
        ("nz", 4, &[400, 800, 400, 1400]),
        ("mx", 3, &[400, 200, 400, 200, 800, 4000]),
    ] {
        let mut tracker = line(code);
        assert_eq!(rings(&mut tracker, cadence, 3), [1, mode, mode], "{code} {mode}");
    }
    // In New Zealand two bursts 800 ms apart are one cycle: one ring each, not two.
    let seen = play_on(&mut line("nz"), &[400, 800, 400, 1400], 2);
    assert_eq!(
        seen.iter().filter(|(_, e)| *e != LineEvent::RingStopped).map(|(t, _)| *t).collect::<Vec<_>>(),
        [120, 3120]
    );
}

#[test]
fn the_nearest_pattern_is_taken() {
    let mut patterns = Patterns::none();
    patterns.push(1, &[1000, 4000]).expect("a pattern");
    patterns.push(2, &[1100, 4000]).expect("a pattern");
    assert_eq!(rings(&mut Tracker::with(patterns.clone()), &[1040, 4000], 2), [1, 1]);
    assert_eq!(rings(&mut Tracker::with(patterns), &[1090, 4000], 2), [1, 2]);
}

#[test]
fn a_short_ring_alone_is_no_call() {
    // North America's reminder of a forwarded call, the alert before caller identification in Europe, the
    // British cable operators' ring burst.
    for (code, ms) in [("us", 500), ("us", 300), ("gb", 200), ("gb", 450), ("es", 250), ("it", 300)] {
        let mut tracker = line(code);
        assert_eq!(play_on(&mut tracker, &[ms, 6000], 1), [], "{code} {ms}");
        assert_eq!(tracker.alert(), Some(Time::from_millis(10_000 + ms)), "{code} {ms}");
    }
    // The ring that follows is told as soon as it can be no alert.
    let mut tracker = line("gb");
    tracker.burst_begin(Time::from_millis(1000));
    assert_eq!(tracker.burst_end(Time::from_millis(1300)), None);
    let seen = play_on(&mut tracker, &[400, 200, 400, 2000], 2);
    assert_eq!(seen[0], (720, RING));
    assert_eq!(seen[1], (3120, RING));
    assert_eq!(play_on(&mut line("us"), &[2000, 4000], 1)[0], (600, RING));
    assert_eq!(play_on(&mut line("us"), &[300, 200, 1000, 200, 300, 4000], 1)[0], (620, RING));
    // A tracker without alerts tells each.
    assert_eq!(play(&[500, 6000], 1).len(), 2);
}

#[test]
fn the_request_for_a_primary_answer_is_no_call() {
    // NTT: 500/500 ms until the terminal takes it, or for six seconds; then the normal ring.
    let mut tracker = line("jp");
    assert_eq!(play_on(&mut tracker, &[500, 500], 6), []);
    assert!(tracker.alert().is_some());
    assert_eq!(rings(&mut tracker, &[1000, 2000], 3), [1, 1, 1]);
}

#[test]
fn the_pattern_is_known_at_the_end_of_the_first_cycle() {
    let mut tracker = Tracker::new();
    let at = Time::from_millis;
    for (ms, on) in [(1000, true), (1800, false), (2200, true), (3000, false)] {
        if on {
            tracker.burst_begin(at(ms))
        } else {
            tracker.burst_end(at(ms));
        }
    }
    assert_eq!((tracker.pattern(), tracker.rings()), (1, 1));
    assert_eq!(tracker.deadline(), Some(at(3000) + MAX_INNER_GAP));
    assert_eq!(tracker.expire(at(4050)), None);
    assert_eq!(tracker.pattern(), 2);
    assert_eq!(tracker.deadline(), Some(at(9500)));
    // Late: the end of the cycle and of ringing at once.
    assert_eq!(tracker.expire(at(9500)), Some(LineEvent::RingStopped));
    assert_eq!((tracker.pattern(), tracker.rings()), (0, 0));
}

#[test]
fn long_pauses_of_a_country_prolong_the_wait() {
    // 1 on, 5 off: eight seconds.
    let seen = play_on(&mut line("se"), &[1000, 5000], 1);
    assert_eq!(seen.last(), Some(&(9000, LineEvent::RingStopped)));
    let seen = play_on(&mut Tracker::for_country(US), &[2000, 4000], 1);
    assert_eq!(seen.last(), Some(&(8500, LineEvent::RingStopped)));
}

#[test]
fn rings_are_counted() {
    let mut t = Tracker::new();
    for n in 1..=3u64 {
        t.cadence(Time::from_millis(n * 6000));
        assert_eq!(u64::from(t.rings()), n);
    }
}

#[test]
fn patterns_of_the_user_are_checked() {
    let mut p = Patterns::none();
    assert_eq!(p.push(2, &[]), Err(PatternError::Length));
    assert_eq!(p.push(2, &[400, 49]), Err(PatternError::Duration));
    assert_eq!(p.push(2, &[100, 200, 400]), Err(PatternError::Duration));
    assert_eq!(p.push(2, &[400, 60_000]), Err(PatternError::Duration));
    assert_eq!(p.push(2, &[200; 13]), Err(PatternError::Length));
    assert_eq!(p.push(2, &[400, 200, 400, 2000]), Ok(()));
    assert_eq!(p.push(3, &[400, 200, 400]), Err(PatternError::Same));
    for mode in 3..=u8::try_from(MAX_PATTERNS).expect("few") + 1 {
        assert_eq!(p.push(mode, &[u32::from(mode) * 200, 3000]), Ok(()));
    }
    assert_eq!(p.push(200, &[7000, 3000]), Err(PatternError::Full));
    assert!(std::format!("{}", PatternError::Same).contains("pattern"));
    let text: Patterns = "1:2000/4000, 2:800/400/800/4000 0:500".parse().expect("patterns");
    assert_eq!(rings(&mut Tracker::with(text), &[800, 400, 800, 4000], 2), [1, 2]);
    for bad in ["2", "x:400", "2:400/x", "2:1", "300:400/2000"] {
        assert!(bad.parse::<Patterns>().is_err(), "{bad}");
    }
}
