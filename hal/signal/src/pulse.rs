//! Pulse dialling: loop interruptions to digits and back.
//!
//! A digit is a train of short loop interruptions ("breaks") with short closures ("makes") between them; a
//! longer closure ends it. A break too long for a pulse is told as such: the exchange decides whether it is a
//! hook flash or the end of the call.
//!
//! [`clicks`] decodes the same from sound: the clicks that a far rotary dial makes.

pub mod clicks;

use crate::Time;
use crate::country::{PulseCode, PulsePlan};
use core::time::Duration;

/// Closure that separates two digits (800 ms is usual; exchanges take 250 to 600 ms and more).
pub const INTERDIGIT: Duration = Duration::from_millis(800);

/// Shortest interruption that is a pulse; less is contact bounce.
const MIN_BREAK: Duration = Duration::from_millis(10);
/// Shortest closure between two pulses; less is contact bounce.
const MIN_MAKE: Duration = Duration::from_millis(8);
/// Longest interruption that is a pulse at 10 pps (break of 80 % at 8 pps is 100 ms).
const MAX_BREAK_10PPS_MS: u64 = 100;
/// Closure after which a digit is complete, at 10 pps. The longest make of 8 pps is about 75 ms.
const END_OF_DIGIT_10PPS_MS: u64 = 200;

/// Number of pulses of a decimal digit; `None` when `symbol` is not `0`-`9`.
pub fn pulses(symbol: u8, code: PulseCode) -> Option<u8> {
    let n = symbol.checked_sub(b'0').filter(|n| *n <= 9)?;
    Some(match code {
        PulseCode::Plain => {
            if n == 0 {
                10
            } else {
                n
            }
        }
        PulseCode::PlusOne => n + 1,
        PulseCode::TenMinus => 10 - n,
    })
}

/// The digit of this many pulses; `None` outside 1 to 10.
pub fn digit(pulses: u8, code: PulseCode) -> Option<u8> {
    if !(1..=10).contains(&pulses) {
        return None;
    }
    Some(
        b'0' + match code {
            PulseCode::Plain => pulses % 10,
            PulseCode::PlusOne => pulses - 1,
            PulseCode::TenMinus => 10 - pulses,
        },
    )
}

/// What a [`Counter`] tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A digit is complete: `0`-`9`.
    Digit(u8),
    /// The loop was open for this long, too long for a pulse, and is closed again.
    Break(Duration),
    /// More pulses than any digit has.
    Malformed,
}

/// Counts pulses: the exchange's side.
#[derive(Clone, Copy, Debug)]
pub struct Counter {
    code: PulseCode,
    max_break: Duration,
    end_of_digit: Duration,
    off_hook: bool,
    /// When the loop opened; `None` until it was closed once.
    opened: Option<Time>,
    /// When the loop closed.
    closed: Time,
    /// The last opening counted as a pulse.
    pulsed: bool,
    count: u8,
}

impl Counter {
    /// For a line that is on hook, dialled as `plan` says.
    pub fn new(plan: PulsePlan) -> Self {
        let pps = u64::from(plan.pps.max(1));
        Self {
            code: plan.code,
            max_break: Duration::from_millis(MAX_BREAK_10PPS_MS * 10 / pps),
            end_of_digit: Duration::from_millis(END_OF_DIGIT_10PPS_MS * 10 / pps),
            off_hook: false,
            opened: None,
            closed: Time::ZERO,
            pulsed: false,
            count: 0,
        }
    }

    /// The loop is closed (`off_hook`) or open from `at` on. Repeats of the same state are no edges.
    pub fn edge(&mut self, off_hook: bool, at: Time) -> Option<Event> {
        if off_hook == self.off_hook {
            return None;
        }
        // A closure that outlasted the digit ends it even if nobody called `expire`.
        let late = if off_hook { None } else { self.expire(at) };
        self.off_hook = off_hook;
        if off_hook { self.close(at) } else { self.open(at, late) }
    }

    fn open(&mut self, at: Time, late: Option<Event>) -> Option<Event> {
        if self.pulsed && at.since(self.closed) < MIN_MAKE {
            // The contact bounced: the same break goes on.
            self.count = self.count.saturating_sub(1);
        } else {
            self.opened = Some(at);
        }
        self.pulsed = false;
        late
    }

    fn close(&mut self, at: Time) -> Option<Event> {
        let Some(opened) = self.opened else {
            self.closed = at;
            return None;
        };
        let open = at.since(opened);
        if open < MIN_BREAK {
            return None;
        }
        self.closed = at;
        if open > self.max_break {
            self.count = 0;
            return Some(Event::Break(open));
        }
        self.pulsed = true;
        self.count = self.count.saturating_add(1);
        None
    }

    /// When [`Counter::expire`] must be called next.
    pub fn deadline(&self) -> Option<Time> {
        (self.off_hook && self.count > 0).then(|| self.closed + self.end_of_digit)
    }

    /// Ends the digit whose closure has lasted long enough at `now`.
    pub fn expire(&mut self, now: Time) -> Option<Event> {
        if self.deadline()? > now {
            return None;
        }
        let count = core::mem::take(&mut self.count);
        self.pulsed = false;
        Some(digit(count, self.code).map_or(Event::Malformed, Event::Digit))
    }

    /// Forgets the pulses counted so far; on hook, also how long the loop has been open.
    pub fn reset(&mut self) {
        self.count = 0;
        self.pulsed = false;
        if !self.off_hook {
            self.opened = None;
        }
    }
}

/// One step of a train: the loop's state, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Whether the loop is closed.
    pub closed: bool,
    /// For how long.
    pub duration: Duration,
}

/// The pulses of one digit: the sender's side. Ends with a closure of [`INTERDIGIT`].
#[derive(Clone, Copy, Debug)]
pub struct Train {
    left: u8,
    open_next: bool,
    open: Duration,
    closed: Duration,
}

impl Train {
    /// The train of a digit; `None` when `symbol` is not `0`-`9`.
    pub fn new(symbol: u8, plan: PulsePlan) -> Option<Self> {
        let left = pulses(symbol, plan.code)?;
        let period = 1_000_000 / u64::from(plan.pps.max(1));
        let open = period * u64::from(plan.break_percent.min(100)) / 100;
        Some(Self {
            left,
            open_next: true,
            open: Duration::from_micros(open),
            closed: Duration::from_micros(period - open),
        })
    }
}

impl Iterator for Train {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        if self.left == 0 {
            return None;
        }
        if self.open_next {
            self.open_next = false;
            return Some(Step { closed: false, duration: self.open });
        }
        self.open_next = true;
        self.left -= 1;
        Some(Step { closed: true, duration: if self.left == 0 { INTERDIGIT } else { self.closed } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::country::{US, all, by_code};
    use std::vec::Vec;

    /// Dials `digits` by trains and counts them.
    fn loopback(digits: &[u8], plan: PulsePlan) -> Vec<Event> {
        let mut counter = Counter::new(plan);
        let mut now = Time::from_millis(1000);
        let mut seen = Vec::new();
        seen.extend(counter.edge(true, now));
        now = now + Duration::from_millis(500);
        for &d in digits {
            for step in Train::new(d, plan).expect("a digit") {
                seen.extend(counter.edge(step.closed, now));
                now = now + step.duration;
                seen.extend(counter.expire(now));
            }
        }
        seen
    }

    #[test]
    fn all_digits_in_every_country_and_code() {
        for c in all() {
            let want: Vec<_> = b"1234567890".iter().map(|d| Event::Digit(*d)).collect();
            assert_eq!(loopback(b"1234567890", c.pulse), want, "{}", c.code);
        }
        let fast = PulsePlan { pps: 20, ..US.pulse };
        assert_eq!(loopback(b"90", fast), [Event::Digit(b'9'), Event::Digit(b'0')]);
    }

    #[test]
    fn national_codes() {
        let se = by_code("se").expect("Sweden").pulse.code;
        let nz = by_code("nz").expect("New Zealand").pulse.code;
        assert_eq!((pulses(b'0', se), pulses(b'9', se)), (Some(1), Some(10)));
        assert_eq!((pulses(b'0', nz), pulses(b'9', nz)), (Some(10), Some(1)));
        assert_eq!(pulses(b'0', PulseCode::Plain), Some(10));
        assert_eq!(pulses(b'*', PulseCode::Plain), None);
        assert_eq!(digit(11, PulseCode::Plain), None);
    }

    #[test]
    fn trains_have_their_timing() {
        let steps: Vec<_> = Train::new(b'2', US.pulse).expect("a digit").collect();
        let ms = Duration::from_millis;
        assert_eq!(
            steps,
            [
                Step { closed: false, duration: ms(61) },
                Step { closed: true, duration: ms(39) },
                Step { closed: false, duration: ms(61) },
                Step { closed: true, duration: INTERDIGIT },
            ]
        );
        assert!(Train::new(b'A', US.pulse).is_none());
    }

    #[test]
    fn a_flash_is_no_digit() {
        let mut c = Counter::new(US.pulse);
        let at = Time::from_millis;
        assert_eq!(c.edge(true, at(100)), None);
        assert_eq!(c.edge(false, at(1000)), None);
        assert_eq!(c.edge(true, at(1500)), Some(Event::Break(Duration::from_millis(500))));
        assert_eq!(c.deadline(), None);
    }

    #[test]
    fn the_first_off_hook_is_neither() {
        let mut c = Counter::new(US.pulse);
        assert_eq!(c.edge(true, Time::from_millis(9000)), None);
        assert_eq!(c.deadline(), None);
    }

    #[test]
    fn contact_bounce_is_ignored() {
        let mut c = Counter::new(US.pulse);
        let at = Time::from_micros;
        c.edge(true, at(0));
        let mut now = 1_000_000;
        for _ in 0..3 {
            // Each edge bounces for 3 ms.
            for (closed, us) in
                [(false, 2000), (true, 1000), (false, 55_000), (true, 2000), (false, 1000), (true, 39_000)]
            {
                assert_eq!(c.edge(closed, at(now)), None);
                now += us;
            }
        }
        assert_eq!(c.expire(at(now + 400_000)), Some(Event::Digit(b'3')));
    }

    #[test]
    fn tolerates_slow_and_fast_dials() {
        for (open, closed) in [(47, 53), (80, 30), (30, 55), (95, 30)] {
            let mut c = Counter::new(US.pulse);
            let mut now = Time::from_millis(500);
            c.edge(true, Time::from_millis(1));
            for _ in 0..7 {
                c.edge(false, now);
                now = now + Duration::from_millis(open);
                c.edge(true, now);
                now = now + Duration::from_millis(closed);
            }
            assert_eq!(c.expire(now + Duration::from_millis(200)), Some(Event::Digit(b'7')));
        }
    }

    #[test]
    fn too_many_pulses_are_no_digit() {
        let mut c = Counter::new(US.pulse);
        c.edge(true, Time::from_millis(1));
        for i in 0..12u64 {
            c.edge(false, Time::from_millis(100 + i * 100));
            c.edge(true, Time::from_millis(160 + i * 100));
        }
        assert_eq!(c.expire(Time::from_millis(2000)), Some(Event::Malformed));
    }
}
