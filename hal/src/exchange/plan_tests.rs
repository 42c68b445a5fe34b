//! What each kind of switch plan does with the calls of a line: hook and digits in, tones, ringing and voices out.

mod calls;
mod chaos;
mod features;
mod waiting;

use super::event::EventKind;
use super::settings::Settings;
use super::station::Role;
use super::telephone::Bench;
use loopstart_signal::country::{Country, US};
use loopstart_signal::plan::{Builder, Plan, Subscribed};
use std::sync::Arc;

/// What each telephone says: a tone of its own, so that one can tell who hears whom.
const VOICES: [f32; 5] = [500.0, 700.0, 900.0, 1_100.0, 1_300.0];

/// An exchange with a plan, and telephones at its lines.
struct Office {
    bench: Bench,
    /// Length of a flash, ms.
    flash: u64,
    /// What is dialled before a number.
    prefix: String,
}

impl Office {
    fn new(plan: &str, lines: usize) -> Self {
        Self::with(Settings::new(US, lines), plan, Subscribed::default())
    }

    fn of(country: &'static Country, plan: &str, lines: usize) -> Self {
        Self::with(Settings::new(country, lines), plan, Subscribed::default())
    }

    fn with(settings: Settings, plan: &str, to: Subscribed) -> Self {
        Self::planned(settings, Plan::subscribed(plan, to).unwrap())
    }

    fn planned(settings: Settings, plan: Arc<Plan>) -> Self {
        let flash = plan.recall.send.as_millis() as u64;
        let prefix = plan.access.as_ref().map_or(String::new(), |access| access.prefix.clone());
        Self { bench: Bench::with(settings.with_plan(plan)), flash, prefix }
    }

    fn run(&mut self, ms: u64) {
        self.bench.run(ms);
    }

    fn lift(&mut self, line: usize) {
        self.bench.phones[line].off_hook = true;
        self.run(100);
    }

    /// Hangs up, and waits until no flash can become of it.
    fn hang_up(&mut self, line: usize) {
        self.bench.phones[line].off_hook = false;
        self.run(1_500);
    }

    /// Digits at whatever there is.
    fn digits(&mut self, line: usize, digits: &str) {
        self.bench.phones[line].dial(digits);
        self.run(140 * digits.len() as u64 + 100);
    }

    /// A number at dial tone, and the time until it rings.
    fn number(&mut self, line: usize, number: &str) {
        let digits = format!("{}{number}", self.prefix);
        self.digits(line, &digits);
        self.run(700);
    }

    /// Lifts and dials.
    fn call(&mut self, from: usize, to: usize) {
        self.lift(from);
        self.run(300);
        self.number(from, &format!("555010{to}"));
    }

    /// The same, and it is answered.
    fn connect(&mut self, from: usize, to: usize) {
        self.call(from, to);
        self.lift(to);
        assert_eq!(self.bench.phase(to), "talking");
    }

    fn flash(&mut self, line: usize) {
        let ms = self.flash;
        self.bench.phones[line].flash(ms);
        self.run(ms + 100);
    }

    /// A flash, recall dial tone, an order.
    fn order(&mut self, line: usize, digits: &str) {
        self.flash(line);
        assert_eq!(self.tone(line), Some("stutter"), "recall dial tone");
        self.run(600);
        self.digits(line, digits);
    }

    /// Holds the party and calls another.
    fn consult(&mut self, line: usize, to: usize) {
        self.flash(line);
        assert_eq!(self.tone(line), Some("stutter"));
        self.run(600);
        self.number(line, &format!("555010{to}"));
    }

    fn tone(&self, line: usize) -> Option<&'static str> {
        self.bench.exchange.state(line).unwrap().tone
    }

    fn phase(&self, line: usize) -> &'static str {
        self.bench.phase(line)
    }

    /// Who is what to a line, by line number; outside parties by the end of their number.
    fn parties(&self, line: usize) -> Vec<(usize, Role)> {
        let parties = self.bench.exchange.parties(line).unwrap();
        let mut parties: Vec<(usize, Role)> = parties
            .into_iter()
            .map(|(number, role)| (number.as_str().get(5..).and_then(|n| n.parse().ok()).unwrap_or(usize::MAX), role))
            .collect();
        parties.sort_unstable();
        parties
    }

    /// Everyone speaks for a moment: whom does each line hear? By ear, and the same by the exchange's own account.
    fn hears(&mut self, line: usize) -> Vec<usize> {
        let samples = 4_800;
        for (n, phone) in self.bench.phones.iter_mut().enumerate() {
            let voice = |k: usize| ((k as f32 * VOICES[n] / 8_000.0 * std::f32::consts::TAU).sin() * 4_000.0) as i16;
            phone.say = (0..samples).map(voice).collect();
        }
        self.run(100);
        self.run(400);
        let count = self.bench.phones.len();
        let heard: Vec<usize> = (0..count).filter(|&n| self.bench.level(line, VOICES[n]) > -30.0).collect();
        let mut told: Vec<usize> = self
            .bench
            .exchange
            .hears(line)
            .unwrap()
            .iter()
            .map(|number| number.as_str()[5..].parse().unwrap())
            .filter(|&n| n < count && self.bench.exchange.state(n).unwrap().off_hook)
            .collect();
        told.sort_unstable();
        assert_eq!(heard, told, "what is heard on line {line} is what the exchange says");
        // None of it too loud: nobody is heard twice.
        for &n in &heard {
            assert!(self.bench.level(line, VOICES[n]) < -15.0, "{n} twice");
        }
        // Who is on hook has said nothing of it.
        for phone in &mut self.bench.phones {
            phone.say.clear();
        }
        self.run(200);
        heard
    }

    fn happened(&mut self, line: usize) -> Vec<EventKind> {
        self.bench.happened(line)
    }

    /// Whether a line rings within this time, or rings already.
    fn rings(&mut self, line: usize, ms: u64) -> bool {
        let rings = self.bench.phones[line].rings.last().is_some_and(|(_, on)| *on);
        self.bench.phones[line].rings.clear();
        self.run(ms);
        rings || self.bench.phones[line].rings.iter().any(|(_, on)| *on)
    }
}
