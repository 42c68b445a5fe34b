//! The receiving half: watches, and reads when there is something to read.

use super::front::{self, HISTORY, HOP, Tone};
use super::screen::{self, BEFORE, Look};
use super::search::{Hop, Mark, Search};
use super::{BELL202, Spec, V23};
use crate::filter::Complex;
use crate::{SAMPLE_RATE, level};
use core::f32::consts::{PI, TAU};

/// Something received.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// Index of the sample at which it was decided.
    pub at: u64,
    /// What it is.
    pub kind: Kind,
}

/// What a receiver tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A steady mark was found, or the carrier was lost.
    Carrier(Option<Carrier>),
    /// A byte. It is told when what follows has made it sure: two to four bytes later, or after three marks.
    Byte {
        /// Its value.
        value: u8,
        /// Bits of mark before its start bit, beyond the stop bit before it.
        marks: u16,
        /// The chance that it is wrong, 0 to 1.
        doubt: f32,
        /// Its stop bit was a space: a framing error.
        broken: bool,
    },
}

/// A carrier that was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Carrier {
    /// The modem.
    pub spec: Spec,
    /// Frequency of mark as measured, in Hz.
    pub mark_hz: f32,
    /// Level of mark, in dBm0.
    pub level_dbm0: f32,
    /// Whether a channel seizure came before.
    pub seized: bool,
}

/// Hops kept: three to look closer at, one before them for the filter, and a spare one.
const HOPS: usize = 5;
/// Hops of mark in a row that wake the search (30 ms). A mark of 45 ms has them wherever the hops begin.
const WAKE: usize = 3;
/// Samples in a part of the mark whose phase is looked at: 5 ms.
const PART: usize = 40;
/// What the mark is turned down by when it is looked at, in Hz.
const MIDDLE: f32 = 1250.0;
/// How far a mark may be from its place, in Hz: 1.5 %, and 10 Hz by which a carrier system may be off.
const FREQUENCY_ERROR: f32 = 30.0;
/// Least share of the power in the channel that the mark has when looked at closely: what it has with noise as strong as
/// the signal.
const SHARE: f32 = 0.62;
/// How far the phase of a part may be from its place, in radians: three standard deviations with noise 3 dB below the
/// signal.
const STEADY: f32 = 0.35;
/// Least power of a part over that of the strongest one.
const FLAT: f32 = 0.4;
/// Least share of the power in the channel that the two tones explain until the first byte is sure: a modem's have 0.6
/// with noise 3 dB below the signal; voices that begin like mark soon have less, and the search would take long over them.
const EXPLAINED: f32 = 0.42;
/// Hops of a seizure that count as one (40 ms; British ones have 80 ms at least).
const SEIZURE: u32 = 4;
/// Hops for which a seizure is remembered.
const MEMORY: u32 = 40;
/// Samples by which the search begins before the last two hops of mark end.
const LEAD: usize = 8;

/// Receives bytes from either modem.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// The last samples, a ring of hops.
    past: [i16; HOPS * HOP],
    /// The samples before the present hop.
    before: [i16; BEFORE],
    /// Samples taken.
    at: u64,
    /// Hops of mark in a row.
    marks: usize,
    /// Hops of seizure lately, and hops since the last one.
    seizure: u32,
    since_seizure: u32,
    reading: Option<Work>,
}

/// While there is a carrier.
#[derive(Clone, Debug)]
struct Work {
    mark: Tone,
    space: Tone,
    search: Search,
    /// Samples of the filtered signal so far.
    heard: f64,
    /// A byte was told.
    sure: bool,
}

/// What a close look at a mark found.
struct Found {
    hz: f32,
    amplitude: f32,
    /// Power of white noise per complex sample.
    noise: f32,
}

impl Receiver {
    /// A receiver at rest.
    pub fn new() -> Self {
        Self {
            past: [0; HOPS * HOP],
            before: [0; BEFORE],
            at: 0,
            marks: 0,
            seizure: 0,
            since_seizure: MEMORY,
            reading: None,
        }
    }

    /// Takes samples; any number at a time.
    pub fn process(&mut self, samples: &[i16], sink: &mut impl FnMut(Event)) {
        self.run(samples, &mut |event| {
            sink(event);
            false
        });
    }

    /// Takes samples. When the sink answers true, the message is over: back to the watch.
    pub(crate) fn run(&mut self, mut samples: &[i16], sink: &mut impl FnMut(Event) -> bool) {
        while !samples.is_empty() {
            let slot = (self.at % (HOPS * HOP) as u64) as usize;
            let (now, rest) = samples.split_at((HOP - slot % HOP).min(samples.len()));
            samples = rest;
            if let Some(to) = self.past.get_mut(slot..slot + now.len()) {
                to.copy_from_slice(now);
            }
            self.at += now.len() as u64;
            if self.at.is_multiple_of(HOP as u64) {
                self.hop((slot / HOP) % HOPS, sink);
            }
        }
    }

    /// Whether there is a carrier.
    pub fn carrier(&self) -> bool {
        self.reading.is_some()
    }

    /// Back to the watch; the next mark must last anew.
    fn rest(&mut self) {
        self.reading = None;
        self.marks = 0;
    }

    /// Forgets everything heard; the sample index goes on.
    pub fn reset(&mut self) {
        // Up to the end of the hop, the past is silence.
        *self = Self { at: self.at, ..Self::new() };
    }

    /// The samples up to the end of the hop that is `age` hops old.
    fn samples(&self, age: usize) -> [f32; HISTORY + HOP] {
        let ring = HOPS * HOP;
        let start = (self.at % ring as u64) as usize + 2 * ring - age * HOP - (HISTORY + HOP);
        core::array::from_fn(|i| self.past.get((start + i) % ring).map_or(0.0, |s| f32::from(*s)))
    }

    /// A hop is complete.
    fn hop(&mut self, slot: usize, sink: &mut impl FnMut(Event) -> bool) {
        let Some(hop) = self.past.as_chunks::<HOP>().0.get(slot) else { return };
        let look = screen::look(&self.before, hop);
        if let Some(last) = hop.last_chunk() {
            self.before = *last;
        }
        self.marks = if look == Look::Mark { self.marks.saturating_add(1) } else { 0 };
        self.since_seizure = self.since_seizure.saturating_add(1);
        if look == Look::Seizure {
            // Almost without a gap.
            self.seizure = if self.since_seizure <= 2 { self.seizure.saturating_add(1) } else { 1 };
            self.since_seizure = 0;
        }
        if self.reading.is_some() {
            self.read(sink);
        } else if self.marks >= WAKE {
            self.wake(sink);
        }
    }

    /// Looks closer at what may be mark, and begins to read.
    fn wake(&mut self, sink: &mut impl FnMut(Event) -> bool) {
        let hops = [2, 1, 0].map(|age| front::analytic(&self.samples(age)));
        let Some(Found { hz, amplitude, noise }) = Found::look(&hops) else { return };
        let spec = if hz < MIDDLE { BELL202 } else { V23 };
        // A sender that is off with one tone is likely off with the other.
        let space = spec.space * (1.0 + 0.5 * (hz / spec.mark - 1.0));
        let (mut mark, mut spaces) = (Tone::new(hz), Tone::new(space));
        let [_, middle, _] = &hops;
        let sums = mark.take(middle);
        spaces.take(middle);
        let turned = match sums {
            [first, .., last] => Complex::new(last.re - first.re, last.im - first.im),
        };
        let phase = (f64::from(turned.angle() / TAU) * 4_294_967_296.0) as i64 as u32;
        let search = Search::new((HOP - LEAD) as f64, Mark { amplitude, phase, noise }, hz, space, spec.baud);
        self.reading = Some(Work { mark, space: spaces, search, heard: HOP as f64, sure: false });
        let seized = self.seizure >= SEIZURE && self.since_seizure < MEMORY;
        let level_dbm0 = level::dbm0(amplitude * amplitude / 2.0);
        let carrier = Carrier { spec, mark_hz: hz, level_dbm0, seized };
        if sink(Event { at: self.at, kind: Kind::Carrier(Some(carrier)) }) {
            return self.rest();
        }
        self.read(sink);
    }

    /// Reads the last hop.
    fn read(&mut self, sink: &mut impl FnMut(Event) -> bool) {
        let signal = front::analytic(&self.samples(0));
        let at = self.at;
        let Some(work) = &mut self.reading else { return };
        let (mark, space) = (work.mark.take(&signal), work.space.take(&signal));
        let hop = Hop { mark: &mark, space: &space, start: work.heard, end: work.heard + HOP as f64 };
        work.heard = hop.end;
        let (mut over, mut sure) = (false, work.sure);
        let alive = (sure || front::explained(&signal, &mark, &space) > EXPLAINED)
            && work.search.read(&hop, &mut |b| {
                sure = true;
                let kind = Kind::Byte { value: b.value, marks: b.marks, doubt: b.doubt, broken: b.broken };
                over |= sink(Event { at, kind });
            });
        work.sure = sure;
        if !alive {
            sink(Event { at, kind: Kind::Carrier(None) });
        }
        if over || !alive {
            self.rest();
        }
    }
}

impl Default for Receiver {
    fn default() -> Self {
        Self::new()
    }
}

impl Found {
    /// Looks for one steady tone in the analytic signal.
    fn look(hops: &[front::Signal; WAKE]) -> Option<Self> {
        const PARTS: usize = WAKE * HOP / PART;
        let (mut parts, mut energy) = ([Complex::default(); PARTS], 0.0);
        let step = front::step(MIDDLE);
        for (n, (re, im)) in hops.iter().flat_map(|h| h.re.iter().zip(&h.im)).enumerate() {
            let x = Complex::new(*re, *im);
            energy += x.power();
            if let Some(p) = parts.get_mut(n / PART) {
                *p = p.plus(x.times(front::unit(step.wrapping_mul(n as u32)).conj()));
            }
        }
        // The turn of the phase from part to part tells the frequency.
        let turn = parts
            .iter()
            .zip(parts.iter().skip(1))
            .fold(Complex::default(), |sum, (a, b)| sum.plus(b.times(a.conj())))
            .angle();
        let hz = MIDDLE + turn / TAU * SAMPLE_RATE as f32 / PART as f32;
        if [BELL202.mark, V23.mark].iter().all(|mark| (hz - mark).abs() > FREQUENCY_ERROR) {
            return None;
        }
        // The first parts may be seizure still, and the last one message.
        let [_, _, a, b, c, _] = parts.map(Complex::power);
        if a.min(b).min(c) < FLAT * a.max(b).max(c) {
            return None;
        }
        let whole = parts
            .iter()
            .enumerate()
            .fold(Complex::default(), |sum, (i, p)| sum.plus(p.times(Complex::unit(-turn * i as f32))));
        // A part is a little weaker for being turned down by the wrong frequency.
        let half = turn / 2.0;
        let loss = if half.abs() < PI / 1000.0 { 1.0 } else { libm::sinf(half) / half };
        let unsteady = |(i, p): (usize, &Complex)| {
            p.times(Complex::unit(-turn * i as f32)).times(whole.conj()).angle().abs() > STEADY
        };
        if parts.iter().enumerate().skip(2).take(3).any(unsteady) {
            return None;
        }
        let n = (WAKE * HOP) as f32;
        let (amplitude, power) = (libm::sqrtf(whole.power()) / (n * loss), energy / n);
        let rest = (power - amplitude * amplitude).max(0.0);
        (amplitude * amplitude > SHARE * power).then_some(Self { hz, amplitude, noise: rest / front::NOISE_BAND })
    }
}
