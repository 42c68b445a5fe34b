//! Calls on the exchange, with telephones, under virtual time.

use super::event::EventKind;
use super::settings::Settings;
use super::telephone::{Bench, level_of};
use super::tones::Signal;
use loopstart_signal::country::{US, by_code};
use loopstart_signal::plan::Plan;
use loopstart_signal::{DateTime, DigitMode, Name, Number, PartyId, Time};
use std::collections::VecDeque;

#[test]
fn dial_tone_comes_at_once_and_the_first_digit_breaks_it() {
    let mut bench = Bench::new(2);
    bench.run(1000);
    assert!(bench.level(0, 350.0) < -50.0, "an idle line is quiet");
    bench.phones[0].off_hook = true;
    bench.run(100);
    bench.run(500);
    assert!((bench.level(0, 350.0) + 13.0).abs() < 1.0 && (bench.level(0, 440.0) + 13.0).abs() < 1.0);
    bench.phones[0].dial("5");
    bench.run(150);
    bench.run(500);
    assert!(bench.level(0, 350.0) < -50.0);
    assert_eq!(
        bench.happened(0),
        [EventKind::OffHook, EventKind::Tone("dial"), EventKind::Digit(b'5', DigitMode::Dtmf)]
    );
    assert_eq!(bench.phase(0), "dialing");
}

#[test]
fn no_digit_ends_in_reorder_then_howler_then_silence() {
    let mut bench = Bench::new(1);
    bench.phones[0].off_hook = true;
    bench.run(15_900);
    assert_eq!(bench.phase(0), "dialing");
    bench.run(300);
    assert_eq!(bench.phase(0), "treatment");
    bench.run(30_000);
    bench.run(1_000);
    assert!(bench.level(0, 2450.0) > -20.0, "howler");
    bench.run(50_000);
    bench.run(1_000);
    assert!(bench.level(0, 2450.0) < -50.0 && bench.level(0, 480.0) < -50.0, "locked out");
    bench.phones[0].off_hook = false;
    bench.run(500);
    assert_eq!(bench.phase(0), "idle");
    bench.phones[0].off_hook = true;
    bench.run(100);
    assert_eq!(bench.phase(0), "dialing");
}

#[test]
fn tones_of_the_scripted_numbers() {
    for (number, hz, name) in [
        ("5550121", 620.0, "busy"),
        ("5550123", 620.0, "reorder"),
        ("5550124", 985.2, "vacant"),
        ("5551234", 985.2, "vacant"),
    ] {
        let mut bench = Bench::new(1);
        bench.dial(0, number);
        bench.happened(0);
        bench.run(1000);
        let level = level_of(&bench.phones[0].heard, hz);
        // A tone that sounds a third of the time, in one bin.
        assert!(level > -42.0, "{number}: {level}");
        assert_eq!(bench.exchange.state(0).unwrap().tone, Some(name));
        bench.phones[0].off_hook = false;
        bench.run(300);
        assert_eq!(bench.phase(0), "idle", "{number}");
    }
}

#[test]
fn the_number_that_does_not_answer_rings_for_ever() {
    let mut bench = Bench::new(1);
    bench.dial(0, "5550122");
    assert_eq!(bench.phase(0), "calling");
    bench.run(120_000);
    assert_eq!(bench.phase(0), "calling");
    let heard = &bench.phones[0].heard;
    let loud = heard.chunks(800).filter(|part| level_of(part, 440.0) > -25.0).count();
    assert!((350..450).contains(&loud), "2 of 6 seconds: {loud} of 1200");
}

#[test]
fn the_echo_answers_after_two_rings_and_echoes() {
    let mut bench = Bench::new(1);
    bench.dial(0, "5550120");
    bench.run(8_000);
    assert_eq!(bench.phase(0), "calling");
    bench.run(2_000);
    assert_eq!(bench.phase(0), "talking");
    assert!(bench.happened(0).contains(&EventKind::Answered));
    bench.phones[0].say = (0..1600).map(|n| if n % 8 < 4 { 4000 } else { -4000 }).collect::<VecDeque<_>>();
    bench.run(100);
    assert!(bench.level(0, 1000.0) < -40.0, "not yet");
    bench.run(200);
    assert!(bench.level(0, 1000.0) > -25.0, "{}", bench.level(0, 1000.0));
}

#[test]
fn a_call_between_two_lines() {
    let mut bench = Bench::new(2);
    bench.dial(0, "5550101");
    assert_eq!((bench.phase(0), bench.phase(1)), ("calling", "ringing"));
    bench.run(10_000);
    // Cadence 2 s on, 4 s off.
    let rings = &bench.phones[1].rings;
    assert!(rings.len() >= 3);
    assert_eq!(rings[1].0.since(rings[0].0).as_millis(), 2_000);
    assert_eq!(rings[2].0.since(rings[1].0).as_millis(), 4_000);
    bench.phones[1].off_hook = true;
    bench.run(200);
    assert_eq!((bench.phase(0), bench.phase(1)), ("talking", "talking"));
    bench.phones[0].say = (0..8000).map(|n| if n % 8 < 4 { 4000 } else { -4000 }).collect();
    bench.phones[1].say = (0..8000).map(|n| if n % 16 < 8 { 4000 } else { -4000 }).collect();
    bench.run(50);
    bench.run(500);
    assert!(bench.level(1, 1000.0) > -20.0 && bench.level(1, 500.0) < -40.0, "1 hears 0 and not itself");
    assert!(bench.level(0, 500.0) > -20.0 && bench.level(0, 1000.0) < -40.0);
    bench.phones[1].dial("42");
    bench.run(500);
    assert_eq!(bench.phones[0].digits, "42", "digits reach the far end");
    // The called line hangs up: after a second for a flash, the caller's loop current is interrupted.
    bench.happened(0);
    bench.phones[1].off_hook = false;
    bench.run(1_200);
    assert_eq!((bench.phase(0), bench.phase(1)), ("clearing", "idle"));
    bench.run(1_000);
    let battery = &bench.phones[0].battery;
    assert_eq!(battery.iter().map(|(_, on)| *on).collect::<Vec<_>>(), [false, true]);
    assert_eq!(battery[1].0.since(battery[0].0).as_millis(), 500);
    assert_eq!(bench.happened(0), [EventKind::Released]);
    bench.run(3_000);
    assert_eq!(bench.phase(0), "dialing", "dial tone comes back");
}

#[test]
fn caller_id_is_sent_between_the_first_two_rings() {
    for (country, code) in [(US, "us"), (by_code("de").unwrap(), "de")] {
        let mut settings = Settings::new(country, 4);
        settings.date_time = DateTime { month: 7, day: 31, hour: 23, minute: 59 };
        let mut bench = Bench::with(settings);
        bench.run(60_000);
        bench.dial(3, "5550101");
        bench.run(7_000);
        let phone = &bench.phones[1];
        assert_eq!(phone.callers.len(), 1, "{code}");
        let id = phone.callers[0].caller_id();
        assert_eq!(id.number, PartyId::Known(Number::new("5550103")));
        assert_eq!(id.name, PartyId::Known(Name::new("EMULATED 3")));
        assert_eq!(id.time, Some(DateTime { month: 8, day: 1, hour: 0, minute: 0 }), "{code}");
        assert!(bench.happened(1).iter().any(|kind| matches!(kind, EventKind::CallerId(..))));
    }
}

#[test]
fn caller_id_is_sent_before_the_first_ring_on_a_reversed_line() {
    let mut bench = Bench::with(Settings::new(by_code("gb").unwrap(), 4));
    bench.run(1_000);
    bench.dial(3, "5550101");
    bench.run(7_000);
    let phone = &bench.phones[1];
    assert_eq!(phone.callers.len(), 1);
    assert_eq!(phone.callers[0].caller_id().number, PartyId::Known(Number::new("5550103")));
    let [(reversed, true), (normal, false)] = phone.reversals[..] else { panic!("{:?}", phone.reversals) };
    let rang = phone.rings[0].0;
    assert!(normal.since(reversed).as_millis() > 600 && rang == normal, "{reversed:?} {normal:?} {rang:?}");
    // A burst of 400 ms, 200 ms, 400 ms.
    assert_eq!(phone.rings[1].0.since(rang).as_millis(), 400);
    // Whoever lifts at once has answered, and the line is as ever.
    bench.phones[3].off_hook = false;
    bench.run(5_000);
    bench.phones[1].reversals.clear();
    let before = bench.phones[1].rings.len();
    bench.phones[3].off_hook = true;
    bench.run(500);
    bench.phones[3].dial("5550101");
    for _ in 0..500 {
        bench.run(20);
        if !bench.phones[1].reversals.is_empty() {
            break;
        }
    }
    bench.phones[1].off_hook = true;
    bench.run(500);
    assert_eq!((bench.phase(1), bench.phones[1].rings.len()), ("talking", before));
    assert!(bench.phones[1].reversals.len().is_multiple_of(2), "{:?}", bench.phones[1].reversals);
}

#[test]
fn an_idle_line_is_told_of_messages_and_its_dial_tone_stutters() {
    let mut bench = Bench::new(1);
    bench.exchange.set_messages(0, true).unwrap();
    bench.run(2_000);
    assert_eq!(bench.phones[0].callers.pop().unwrap().message_waiting(), Some(true));
    bench.happened(0);
    bench.phones[0].off_hook = true;
    bench.run(500);
    assert_eq!(bench.happened(0), [EventKind::OffHook, EventKind::Tone("stutter")]);
    // Not while the line is in use.
    bench.exchange.set_messages(0, false).unwrap();
    bench.run(2_000);
    assert!(bench.phones[0].callers.is_empty());
    bench.phones[0].off_hook = false;
    bench.run(4_000);
    assert_eq!(bench.phones[0].callers.pop().unwrap().message_waiting(), Some(false));
    bench.happened(0);
    bench.phones[0].off_hook = true;
    bench.run(500);
    assert_eq!(bench.happened(0), [EventKind::OffHook, EventKind::Tone("dial")]);
}

#[test]
fn calls_from_outside_with_and_without_a_number() {
    let mut bench = Bench::new(1);
    bench.exchange.call(0, PartyId::Withheld, PartyId::Unavailable).unwrap();
    assert!(bench.exchange.call(0, PartyId::Withheld, PartyId::Withheld).is_err(), "it rings already");
    bench.run(5_000);
    let id = bench.phones[0].callers[0].caller_id();
    assert_eq!((id.number, id.name), (PartyId::Withheld, PartyId::Unavailable));
    bench.exchange.hang_up(0).unwrap();
    bench.run(10_000);
    assert_eq!(bench.phase(0), "idle");
    assert!(bench.happened(0).contains(&EventKind::RingingStopped));
    assert_eq!(bench.phones[0].rings.len(), 2, "one ring, and no more");
    assert!(bench.exchange.hang_up(0).is_err());
}

#[test]
fn going_off_hook_between_two_rings_answers() {
    let mut bench = Bench::new(1);
    bench.exchange.call(0, PartyId::Withheld, PartyId::Withheld).unwrap();
    bench.run(3_000);
    assert!(!bench.phones[0].rings.last().unwrap().1, "silence between rings");
    bench.phones[0].off_hook = true;
    bench.run(100);
    assert_eq!(bench.phase(0), "talking");
    bench.run(500);
    assert!(bench.level(0, 350.0) < -50.0, "no dial tone");
    bench.exchange.send_digits(0, "19#").unwrap();
    bench.run(1_000);
    assert_eq!(bench.phones[0].digits, "19#");
}

#[test]
fn a_line_that_is_off_hook_is_busy_and_so_is_ones_own() {
    let mut bench = Bench::new(2);
    bench.phones[1].off_hook = true;
    bench.run(100);
    bench.dial(0, "5560001");
    assert_eq!(bench.exchange.state(0).unwrap().tone, Some("busy"));
    let mut bench = Bench::new(2);
    bench.dial(0, "5550100");
    assert_eq!(bench.exchange.state(0).unwrap().tone, Some("busy"));
}

#[test]
fn the_caller_gives_up_and_ringing_stops() {
    let mut bench = Bench::new(2);
    bench.dial(0, "5550101");
    bench.run(500);
    assert!(bench.phones[1].rings.last().unwrap().1);
    bench.phones[0].off_hook = false;
    bench.run(400);
    assert_eq!((bench.phase(0), bench.phase(1)), ("idle", "idle"));
    assert!(!bench.phones[1].rings.last().unwrap().1);
}

#[test]
fn pulses_dial_and_a_flash_is_no_hang_up() {
    // On a line without features a flash does nothing.
    let mut bench = Bench::with(Settings::new(US, 2).with_plan(Plan::plain()));
    bench.phones[0].off_hook = true;
    bench.run(500);
    bench.phones[0].dial_pulses("5550101");
    bench.run(14_000);
    assert_eq!(bench.phase(1), "ringing", "{:?}", bench.happened(0));
    bench.phones[1].off_hook = true;
    bench.run(200);
    bench.happened(0);
    bench.phones[0].flash(600);
    bench.run(1_500);
    assert_eq!((bench.phase(0), bench.happened(0)), ("talking", vec![EventKind::Flash]));
    bench.phones[0].flash(1_100);
    bench.run(1_060);
    assert_eq!((bench.phase(0), bench.phase(1)), ("idle", "clearing"), "longer is a hang-up");
}

#[test]
fn the_number_that_hangs_up_interrupts_the_loop_current() {
    let mut bench = Bench::new(1);
    bench.dial(0, "5550125");
    bench.run(12_000);
    let battery: Vec<(Time, bool)> = bench.phones[0].battery.clone();
    assert_eq!(battery.len(), 2);
    let happened = bench.happened(0);
    assert!(happened.contains(&EventKind::Answered) && happened.contains(&EventKind::Released));
}

#[test]
fn scripted_far_ends_say_what_they_say() {
    let mut bench = Bench::new(1);
    bench.dial(0, "5550126");
    bench.run(10_000);
    assert_eq!(bench.phones[0].digits, "1234567890*#ABCD");
    for (number, at, hz) in [("5550127", 8_800u64, 1000.0f32), ("5550128", 6_000, 2100.0), ("5550129", 5_300, 2100.0)] {
        let mut bench = Bench::new(1);
        bench.dial(0, number);
        bench.run(at - 500);
        bench.run(100);
        assert!(bench.level(0, hz) > -18.0, "{number}: {}", bench.level(0, hz));
    }
}

#[test]
fn the_supervised_number_reverses_polarity_while_it_is_connected() {
    let mut bench = Bench::new(1);
    bench.dial(0, "5550131");
    bench.run(2_000);
    assert!(bench.phones[0].reversals.is_empty());
    bench.run(2_000);
    assert_eq!(bench.phones[0].reversals.len(), 1);
    bench.phones[0].off_hook = false;
    bench.run(1_200);
    assert!(!bench.phones[0].reversals.last().unwrap().1, "normal again");
}

#[test]
fn the_call_back_number_calls_back() {
    let mut bench = Bench::new(1);
    bench.dial(0, "5550130");
    bench.run(5_000);
    bench.phones[0].off_hook = false;
    bench.run(3_000);
    assert_eq!(bench.phase(0), "idle");
    bench.run(4_300);
    assert_eq!(bench.phase(0), "ringing");
    let id = bench.phones[0].callers[0].caller_id();
    assert_eq!(id.name, PartyId::Known(Name::new("CALL BACK")));
    assert_eq!(id.number, PartyId::Known(Number::new("5550130")));
    bench.phones[0].off_hook = true;
    bench.run(300);
    assert_eq!(bench.phase(0), "talking");
}

#[test]
fn a_cut_cable_ends_the_call_and_operators_tones_are_heard() {
    let mut bench = Bench::new(2);
    bench.dial(0, "5550101");
    bench.phones[1].off_hook = true;
    bench.run(200);
    bench.exchange.send_tone(0, Signal::Busy, Some(400)).unwrap();
    bench.run(300);
    assert!(bench.level(0, 620.0) > -30.0 && bench.level(1, 620.0) < -50.0);
    bench.exchange.set_battery(0, false).unwrap();
    bench.run(1_200);
    assert_eq!((bench.phase(0), bench.phase(1)), ("idle", "clearing"));
    assert!(bench.phones[0].heard.iter().rev().take(800).all(|&s| s == 0), "a dead line carries nothing");
    bench.exchange.set_battery(0, true).unwrap();
    bench.run(100);
    assert_eq!(bench.phase(0), "dialing", "the phone is still off hook");
}

#[test]
fn audio_is_played_and_recorded() {
    use std::sync::{Arc, Mutex};
    struct Keep(Arc<Mutex<Vec<i16>>>);
    impl super::Recorder for Keep {
        fn write(&mut self, samples: &[i16]) -> bool {
            self.0.lock().unwrap().extend_from_slice(samples);
            true
        }
    }
    let mut bench = Bench::new(1);
    let kept = Arc::new(Mutex::new(Vec::new()));
    bench.exchange.record(0, Some(Box::new(Keep(Arc::clone(&kept))))).unwrap();
    bench.exchange.call(0, PartyId::Withheld, PartyId::Withheld).unwrap();
    bench.run(500);
    assert!(kept.lock().unwrap().is_empty(), "on hook nothing is recorded");
    bench.phones[0].off_hook = true;
    bench.run(100);
    bench.exchange.play(0, vec![5000; 800]).unwrap();
    bench.phones[0].say = vec![3000; 400].into();
    bench.run(200);
    assert_eq!(bench.phones[0].heard.iter().filter(|&&s| (4900..5100).contains(&s)).count(), 800);
    bench.phones[0].off_hook = false;
    bench.run(1_200);
    assert_eq!(kept.lock().unwrap().iter().filter(|&&s| s == 3000).count(), 400);
    let happened = bench.happened(0);
    assert!(happened.contains(&EventKind::PlayDone));
    assert!(happened.iter().any(|kind| matches!(kind, EventKind::RecordDone(n) if *n >= 2000)));
}
