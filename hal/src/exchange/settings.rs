//! How an exchange is set up: country, size, clock and the switch's own times.

use loopstart_signal::country::{self, Country};
use loopstart_signal::plan::Plan;
use loopstart_signal::{DateTime, line_model};
use std::sync::Arc;
use std::time::Duration;

/// Most subscriber lines of one exchange.
pub const MAX_LINES: usize = 256;

/// Settings of an [`Exchange`](super::Exchange).
#[derive(Clone, Debug)]
pub struct Settings {
    /// Tones, ringing cadence, flash and pulse plan, caller-ID form.
    pub country: &'static Country,
    /// What its lines can do and how: the procedures of its subscribers, and what follows from them.
    pub plan: Arc<Plan>,
    /// Number of subscriber lines, 1 to [`MAX_LINES`].
    pub lines: usize,
    /// What the exchange's clock says when line time is zero; caller ID carries it.
    pub date_time: DateTime,
    /// The switch's own times.
    pub timing: Timing,
    /// Loss of the speech path from one party to the other, dB, 0 to 30.
    pub path_loss_db: f32,
    /// What each line does to the signal on its way to the terminal: loss, noise, hum, echo of the terminal's own signal and
    /// more. Each line has its own random numbers. By default noise of -70 dBm0.
    pub line: line_model::Settings,
    /// Every answered call reverses the caller's polarity until it is cleared (answer supervision). The number that
    /// always does so does not need it.
    pub answer_supervision: bool,
}

impl Settings {
    /// An exchange of `country` with `lines` lines and everything else as usual. Its switch plan is the North American one.
    pub fn new(country: &'static Country, lines: usize) -> Self {
        Self {
            country,
            plan: Plan::named("nanp").unwrap_or_else(Plan::plain),
            lines: lines.clamp(1, MAX_LINES),
            date_time: DateTime { month: 1, day: 2, hour: 9, minute: 30 },
            timing: Timing::of(country),
            path_loss_db: 3.0,
            line: line_model::Settings { noise_dbm0: Some(-70.0), ..line_model::Settings::default() },
            answer_supervision: false,
        }
    }
}

impl Settings {
    /// The same with this switch plan.
    pub fn with_plan(self, plan: Arc<Plan>) -> Self {
        Self { plan, ..self }
    }

    /// Hook supervision: the plan's limits of a flash where it states them.
    pub(crate) fn hook(&self) -> HookTiming {
        if self.plan.facts.contains_key("recall.accept_ms") {
            self.timing.hook.accepting(self.plan.recall.accept)
        } else {
            self.timing.hook
        }
    }
}

impl Default for Settings {
    /// The North American exchange with two lines.
    fn default() -> Self {
        Self::new(country::US, 2)
    }
}

/// The switch's own times.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Hook supervision.
    pub hook: HookTiming,
    /// From dial tone to the first digit, and between digits while the number is incomplete (GR-506: 16 s).
    pub digit: Duration,
    /// Between digits when the number could already be complete (critical timing).
    pub critical: Duration,
    /// From the last digit to ringing, or to the tone that tells why there is none (post-dial delay).
    pub post_dial: Duration,
    /// How long reorder or busy tone lasts before the howler.
    pub tone: Duration,
    /// How long the howler lasts before the line is locked out.
    pub howler: Duration,
    /// From the far end's release to the interruption of the loop current.
    pub release: Duration,
    /// The interruption itself (calling party control; 250 to 900 ms are found, 500 typical). `None`: this exchange
    /// does not interrupt.
    pub open_interval: Option<Duration>,
    /// From the far end's release (or the interruption's end) to dial tone.
    pub clearing_pause: Duration,
    /// From the end of the first ring to caller-ID data (GR-30: 500 ms nominal).
    pub caller_id: Duration,
}

impl Timing {
    /// The times of an exchange of `country`.
    pub fn of(country: &Country) -> Self {
        Self {
            hook: HookTiming::of(country),
            digit: Duration::from_secs(16),
            critical: Duration::from_secs(4),
            post_dial: Duration::from_millis(500),
            tone: Duration::from_secs(30),
            howler: Duration::from_secs(50),
            release: Duration::from_millis(300),
            open_interval: Some(Duration::from_millis(500)),
            clearing_pause: Duration::from_secs(2),
            caller_id: Duration::from_millis(500),
        }
    }
}

/// How the exchange reads openings and closures of the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HookTiming {
    /// A closure this long is a seizure or an answer.
    pub seize: Duration,
    /// Openings up to this are dial pulses (or hits on the line).
    pub pulse_max: Duration,
    /// Openings longer than `pulse_max` and shorter than this are neither: nothing happens.
    pub flash_min: Duration,
    /// Openings from `flash_min` up to this are a flash, where a flash means something; longer ones clear the call.
    pub flash_max: Duration,
}

impl HookTiming {
    /// The windows of `country`: openings shorter than its shortest flash (and than 250 ms) are pulses.
    pub fn of(country: &Country) -> Self {
        let (shortest, longest) = country.flash_accepted;
        // A dial pulse opens the loop for up to 70 ms; a timed break may begin at 50 ms, and then length alone cannot
        // tell them apart: in the middle of a call it is a break.
        let pulse_max = shortest.clamp(Duration::from_millis(70), Duration::from_millis(250));
        Self {
            seize: Duration::from_millis(20),
            pulse_max,
            flash_min: pulse_max,
            flash_max: longest.max(pulse_max * 2),
        }
    }

    /// The same with other limits of a flash.
    pub fn accepting(self, (shortest, longest): (Duration, Duration)) -> Self {
        let pulse_max = shortest.clamp(Duration::from_millis(70), Duration::from_millis(250));
        Self { pulse_max, flash_min: shortest.max(pulse_max), flash_max: longest.max(pulse_max), ..self }
    }
}

/// The exchange's calendar: `start` at line time zero, advanced by `elapsed`. The year has 365 days.
pub(crate) fn date_time_after(start: DateTime, elapsed: Duration) -> DateTime {
    const DAYS: [u64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let month = usize::from(start.month).clamp(1, 12) - 1;
    let day_of_year = DAYS[..month].iter().sum::<u64>() + u64::from(start.day.max(1)) - 1;
    let minutes =
        (day_of_year * 24 + u64::from(start.hour % 24)) * 60 + u64::from(start.minute % 60) + elapsed.as_secs() / 60;
    let (mut day, mut month) = ((minutes / (24 * 60)) % 365, 0);
    while day >= DAYS[month % 12] {
        day -= DAYS[month % 12];
        month += 1;
    }
    DateTime {
        month: (month % 12 + 1) as u8,
        day: (day + 1) as u8,
        hour: ((minutes / 60) % 24) as u8,
        minute: (minutes % 60) as u8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calendar_rolls_over() {
        let start = DateTime { month: 12, day: 31, hour: 23, minute: 59 };
        let minute = Duration::from_secs(60);
        assert_eq!(date_time_after(start, minute), DateTime { month: 1, day: 1, hour: 0, minute: 0 });
        let start = DateTime { month: 2, day: 28, hour: 12, minute: 0 };
        assert_eq!(date_time_after(start, minute * 60 * 24), DateTime { month: 3, day: 1, hour: 12, minute: 0 });
    }

    #[test]
    fn a_long_flash_country_reads_quarter_second_openings_as_pulses() {
        let us = HookTiming::of(country::US);
        assert_eq!(us.pulse_max, Duration::from_millis(250));
        assert!(us.flash_max >= Duration::from_millis(1000));
    }
}
