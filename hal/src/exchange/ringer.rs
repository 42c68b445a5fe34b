//! Ringing with the country's cadence, and caller identification between the rings.
//!
//! Caller identification follows the first ring, in the cadence's longest pause, or comes before it: then the line is
//! reversed, and an alerting tone and the data come on the silent line (EN 300 659-1, 6.1.2; BT SIN 227). A form that comes
//! otherwise (DTMF, the Japanese one) is a further [`Presentation`]; until then such countries get the nearest one here.

use super::settings::Timing;
use loopstart_signal::cid::{self, Frame};
use loopstart_signal::country::{CidForm, Country};
use loopstart_signal::{CallerId, Time, cas, fsk};
use std::time::Duration;

/// Level of caller-ID data at the exchange, dBm0 (GR-30: -13.5 dBm +-1.5).
const DATA_LEVEL: f32 = -13.5;
/// Silence after the data before ringing resumes (GR-30: at least 200 ms).
const AFTER_DATA: Duration = Duration::from_millis(200);

/// From the reversal to the alerting tone (EN 300 659-1: at least 100 ms).
const BEFORE_ALERT: Duration = Duration::from_millis(140);
/// From the alerting tone to the data (EN 300 659-1: 45 to 500 ms).
const BEFORE_DATA: Duration = Duration::from_millis(100);
/// Level of each frequency of the alerting tone, dBm0.
const ALERT_LEVEL: f32 = -15.0;

/// How caller identification is presented to an idle line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presentation {
    /// In the pause after the first ring.
    AfterFirstRing,
    /// On the reversed line before the first ring, behind an alerting tone.
    BeforeFirstRing,
}

impl Presentation {
    fn of(form: CidForm) -> Self {
        match form {
            CidForm::V23BeforeRing => Self::BeforeFirstRing,
            _ => Self::AfterFirstRing,
        }
    }
}

/// What comes before the first ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lead {
    /// The line is reversed; the alerting tone comes then.
    Reversed(Time),
    /// The alerting tone, and the silence after it until then.
    Alert(Time),
    /// The data.
    Data,
    /// Silence, until it rings.
    Quiet(Time),
}

/// The modulation of a country's caller identification.
pub(crate) fn data_of(form: CidForm) -> fsk::Spec {
    match form {
        CidForm::V23AfterRing | CidForm::V23BeforeRing => fsk::V23,
        _ => fsk::BELL202,
    }
}

/// What the ringer did in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct RingStep {
    /// Ringing current flows.
    pub(crate) ringing: bool,
    /// Caller identification has just begun.
    pub(crate) data_began: bool,
    /// The line is reversed, because caller identification comes.
    pub(crate) reversed: bool,
}

/// Rings one line.
#[derive(Debug)]
pub(crate) struct Ringer {
    cadence: Vec<u32>,
    /// It rings one cycle only.
    once: bool,
    /// Which part of the cadence; even ones ring.
    part: usize,
    changes: Time,
    first_cycle: bool,
    /// Which part is the pause for caller identification.
    data_part: usize,
    data: Option<Frame>,
    data_at: Option<Time>,
    pause: Duration,
    sender: fsk::Sender,
    /// What comes before the first ring, while it does.
    lead: Option<Lead>,
    alert: cas::Sender,
    quiet_until: Time,
}

impl Ringer {
    /// Ringing that begins at `now`; with caller identification, unless `id` is `None`. `cadence` is a distinctive one:
    /// on, off, on, off ... in ms.
    pub(crate) fn new(
        now: Time,
        country: &Country,
        timing: &Timing,
        id: Option<&CallerId>,
        cadence: Option<&[u16]>,
    ) -> Self {
        let usable = cadence.filter(|cadence| !cadence.is_empty() && cadence.len().is_multiple_of(2));
        let cadence: Vec<u32> = match usable {
            Some(cadence) => cadence.iter().map(|&ms| u32::from(ms)).collect(),
            None => country.ring_cadence_ms.to_vec(),
        };
        let longest = (1..cadence.len()).step_by(2).max_by_key(|&k| (cadence[k], usize::MAX - k)).unwrap_or(1);
        let before = id.is_some() && Presentation::of(country.cid) == Presentation::BeforeFirstRing;
        Self {
            part: 0,
            changes: now + part_time(&cadence, 0),
            cadence,
            once: false,
            first_cycle: true,
            data_part: longest,
            data: id.map(Frame::from_caller_id),
            data_at: None,
            pause: timing.caller_id,
            sender: fsk::Sender::new(data_of(country.cid), DATA_LEVEL),
            lead: before.then_some(Lead::Reversed(now + BEFORE_ALERT)),
            alert: cas::Sender::new(ALERT_LEVEL),
            quiet_until: now,
        }
    }

    /// One burst, and nothing more: the reminder that a call was forwarded.
    pub(crate) fn ping(now: Time, country: &Country, timing: &Timing, burst: Duration) -> Self {
        let burst = u16::try_from(burst.as_millis()).unwrap_or(u16::MAX);
        Self { once: true, ..Self::new(now, country, timing, None, Some(&[burst, 100])) }
    }

    /// A single burst is over.
    pub(crate) fn is_over(&self) -> bool {
        self.once && !self.first_cycle
    }

    /// Lives through the step at `now`; data is added to `out`.
    pub(crate) fn step(&mut self, now: Time, out: &mut [i16]) -> RingStep {
        let mut step = RingStep::default();
        if self.lead.is_some() {
            self.step_lead(now, out, &mut step);
            return step;
        }
        if now >= self.changes && now >= self.quiet_until {
            self.part += 1;
            if self.part >= self.cadence.len() {
                self.part = 0;
                self.first_cycle = false;
            }
            self.changes = now + part_time(&self.cadence, self.part);
            if self.first_cycle && self.part == self.data_part && self.data.is_some() {
                self.data_at = Some(now + self.pause);
            }
        }
        if self.data_at.is_some_and(|at| now >= at) {
            self.data_at = None;
            step.data_began = self.load();
        }
        if !self.sender.is_idle() {
            self.sender.mix(out);
            // A short pause is stretched rather than the data cut.
            self.quiet_until = now + AFTER_DATA;
        } else if self.data_at.is_some() {
            self.quiet_until = now + AFTER_DATA;
        }
        step.ringing = self.part.is_multiple_of(2) && !self.is_over();
        step
    }

    /// Lives through a step before the first ring.
    fn step_lead(&mut self, now: Time, out: &mut [i16], step: &mut RingStep) {
        step.reversed = true;
        match self.lead {
            Some(Lead::Reversed(until)) if now >= until => {
                self.alert.start(cas::Sender::ON_HOOK);
                self.lead = Some(Lead::Alert(now + cas::Sender::ON_HOOK + BEFORE_DATA));
            }
            Some(Lead::Alert(until)) if now >= until => {
                step.data_began = self.load();
                self.lead = Some(Lead::Data);
            }
            Some(Lead::Data) if self.sender.is_idle() => self.lead = Some(Lead::Quiet(now + AFTER_DATA)),
            Some(Lead::Quiet(until)) if now >= until => {
                self.lead = None;
                self.changes = now + part_time(&self.cadence, 0);
                step.reversed = false;
                step.ringing = true;
            }
            _ => {}
        }
        self.alert.mix(out);
        if !self.sender.is_idle() {
            self.sender.mix(out);
        }
    }

    /// The data goes out.
    fn load(&mut self) -> bool {
        let Some(frame) = self.data.take() else { return false };
        self.sender.load(frame.bytes(), cid::ON_HOOK_SEIZURE_BITS, cid::ON_HOOK_MARK_BITS)
    }
}

fn part_time(cadence: &[u32], part: usize) -> Duration {
    Duration::from_millis(u64::from(cadence.get(part).copied().unwrap_or(1_000)))
}
