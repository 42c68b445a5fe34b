//! The receiver: screens hops, has candidates measured and judged, and follows a digit to its end.

use super::judge::{Burst, Limits, Verdict};
use super::measure::{BLOCK, MARGIN, MAX_BLOCKS, Pair, Stretch, both};
use super::profile::{self, Profile};
use super::screen::{Aligned, Floor, HOP, screen};
use super::{Event, symbol};
use crate::filter::Complex;
use crate::simd::{self, Kernel};
use crate::{DigitEdge, level};

/// Samples kept: 96 ms. A multiple of the hop, so that no hop goes round the end.
const RING: usize = 8 * HOP;
/// Most samples that are stored before their hops are screened. They take the place of the oldest in the ring, of
/// which a candidate must not lose any that are to be measured.
const AHEAD: usize = 3 * HOP;
const _: () = assert!(BEFORE * BLOCK + 2 * MARGIN + HOP + AHEAD <= RING);
/// Samples in a millisecond.
const PER_MS: i64 = 8;
/// How long after the beginning of a hop that passed its candidate is measured, in ms: the hop, and enough behind it.
const FIRST_LOOK_MS: i64 = 20;
/// Blocks before that hop which are measured too: the onset may be in the hop before, and what was before the onset
/// tells of the noise.
const BEFORE: usize = 40;
/// Times after the onset, in ms, at which what is no digit yet is measured again, after the earliest moment at which
/// it may be one. Behind the last it has to be a digit of 40 ms or none.
const LOOKS_MS: [i64; 3] = [36, 44, 56];
/// From this time on after the onset, in ms, a digit in a strong noise is believed.
const LATE_MS: i64 = 42;
/// Most times that a candidate is measured.
const MAX_LOOKS: u8 = 6;
/// Blocks of the window in which a digit is followed. An interruption of this length leaves it empty for a moment only.
const WINDOW: usize = 10;
/// How often a digit that is on is looked at, in ms.
const FOLLOW_MS: i64 = 10;
/// The least share of its power that both tones together, and each of them, must have for a digit to be on.
const ON: f32 = 0.25;
const ON_EACH: f32 = 0.08;

/// Something that may become a digit.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    row: usize,
    column: usize,
    /// First sample of the hop that passed.
    anchor: i64,
    /// Index of the sample before which it is to be measured (next).
    due: i64,
    looks: u8,
}

/// A digit that is on.
#[derive(Clone, Copy, Debug)]
struct Current {
    row: usize,
    column: usize,
    /// What was told at its beginning.
    begin: Event,
    deviation: Pair<f32>,
    /// Squares of the amplitudes of both tones behind the band pass.
    reference: Pair<f32>,
    /// End of the tones, as far as they were heard.
    end: i64,
    due: i64,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Idle,
    Suspect(Candidate),
    On(Current),
}

/// Receives digits. See the [module](super) for how.
#[derive(Clone, Debug)]
#[repr(C)]
pub struct Receiver {
    ring: Aligned<[i16; RING]>,
    // What every block needs comes next, in one line of the cache.
    /// Samples taken in.
    at: i64,
    /// End of the next hop to be screened. Behind `at` when hops wait for a candidate or a digit.
    hop_end: i64,
    floor: Floor,
    state: State,
    /// Onset of what was last told from a digit for good.
    refused: i64,
    limits: Limits,
}

/// Takes samples in and screens their hops, as far as one passes.
struct Scan<'a> {
    ring: &'a mut [i16; RING],
    samples: &'a [i16],
    at: i64,
    hop_end: i64,
    floor: Floor,
}

impl Kernel for Scan<'_> {
    /// Samples taken in, end of the next hop, and row and column of the last one if it passed.
    type Output = (i64, i64, Option<(usize, usize)>);

    #[inline(always)]
    fn run(self) -> Self::Output {
        let Self { ring, mut samples, at: start, mut hop_end, floor } = self;
        let mut at = start;
        loop {
            while hop_end <= at {
                // No closure: what is in one is not compiled for the vector unit.
                let found = if let Some(hop) = hop(ring, hop_end) { screen(hop, floor) } else { None };
                let end = hop_end;
                hop_end += HOP as i64;
                if found.is_some() {
                    // What was stored behind the hop comes once more.
                    return (end.max(start), hop_end, found);
                }
            }
            if samples.is_empty() {
                return (at, hop_end, None);
            }
            // As much at a time as there is: a block costs little more than a sample.
            let room = AHEAD.min(RING - slot(at));
            let (part, rest) = samples.split_at(samples.len().min(room));
            samples = rest;
            store(ring, part, at);
            at += part.len() as i64;
        }
    }
}

/// Where a sample is in the ring.
#[inline(always)]
fn slot(index: i64) -> usize {
    // Cheaper than a division of signed numbers. Indices below 0 are those of the silence before the first sample, at
    // most a ring of it.
    ((index + RING as i64) as u64 % RING as u64) as usize
}

/// The hop that ends with this sample.
#[inline(always)]
fn hop(ring: &[i16; RING], end: i64) -> Option<&[i16; HOP]> {
    ring.get(slot(end - HOP as i64)..).and_then(<[i16]>::first_chunk::<HOP>)
}

/// Writes `part`, which does not go past the end of the ring, to it.
#[inline(always)]
fn store(ring: &mut [i16; RING], part: &[i16], at: i64) {
    let from = slot(at);
    if let Some(to) = ring.get_mut(from..from + part.len()) {
        to.copy_from_slice(part);
    }
}

impl Receiver {
    /// A receiver at rest, with the limits of [`profile::DEFAULT`].
    pub fn new() -> Self {
        Self::with(profile::DEFAULT)
    }

    /// A receiver at rest, with the limits of `profile`.
    pub fn with(profile: Profile) -> Self {
        let limits = Limits::new(profile);
        Self {
            ring: Aligned([0; RING]),
            at: 0,
            hop_end: HOP as i64,
            state: State::Idle,
            refused: i64::MIN / 2,
            floor: limits.floor(),
            limits,
        }
    }

    /// Takes samples; any number at a time, with the same result. Events follow each other in time.
    pub fn process(&mut self, mut samples: &[i16], sink: &mut impl FnMut(Event)) {
        loop {
            let due = match self.state {
                State::Idle => {
                    let scan =
                        Scan { ring: &mut self.ring.0, samples, at: self.at, hop_end: self.hop_end, floor: self.floor };
                    let (at, hop_end, found) = simd::run(scan);
                    samples = samples.get((at - self.at) as usize..).unwrap_or_default();
                    (self.at, self.hop_end) = (at, hop_end);
                    let Some((row, column)) = found else { return };
                    let anchor = hop_end - 2 * HOP as i64;
                    let due = anchor + FIRST_LOOK_MS * PER_MS;
                    self.state = State::Suspect(Candidate { row, column, anchor, due, looks: 0 });
                    due
                }
                State::Suspect(Candidate { due, .. }) | State::On(Current { due, .. }) => due,
            };
            while self.at < due {
                let room = (due - self.at).min((RING - slot(self.at)) as i64) as usize;
                let (part, rest) = samples.split_at(samples.len().min(room));
                if part.is_empty() {
                    return;
                }
                samples = rest;
                store(&mut self.ring.0, part, self.at);
                self.at += part.len() as i64;
            }
            match self.state {
                State::Idle => {}
                State::Suspect(candidate) => self.look(candidate, sink),
                State::On(current) => self.follow(current, sink),
            }
        }
    }

    /// The last `blocks` blocks that can be measured now, and the index of their first sample.
    fn fill(&self, stretch: &mut Stretch) -> i64 {
        let begin = self.at - (MARGIN + stretch.blocks() * BLOCK) as i64;
        let mut left = stretch.samples_mut();
        let (older, newer) = self.ring.0.split_at(slot(begin - MARGIN as i64));
        for part in [newer, older] {
            let (head, tail) = left.split_at_mut(left.len().min(part.len()));
            head.iter_mut().zip(part).for_each(|(x, s)| *x = f32::from(*s));
            left = tail;
        }
        begin
    }

    /// Measures and judges a candidate.
    fn look(&mut self, c: Candidate, sink: &mut impl FnMut(Event)) {
        let behind = (((self.at - c.anchor) as usize).saturating_sub(MARGIN) / BLOCK).min(MAX_BLOCKS);
        let mut s = Stretch::new(behind + BEFORE, c.row, c.column);
        let begin = self.fill(&mut s);
        let from = s.blocks() - behind;
        self.state = State::Idle;
        let Some(burst) = Burst::measure(&mut s, from, &self.limits) else { return };
        let onset = begin + (burst.begin * BLOCK) as i64;
        let late = self.at - onset >= LATE_MS * PER_MS;
        let refused = (onset - self.refused).abs() <= 3 * PER_MS;
        match burst.judge(&s, &self.limits, late, refused) {
            Verdict::Digit => {
                let [low, high] = burst.powers;
                let event = Event {
                    symbol: symbol(c.row, c.column),
                    edge: DigitEdge::Begin,
                    at: self.at as u64,
                    onset: onset.max(0) as u64,
                    duration_ms: 0,
                    level_dbm0: level::dbm0((low + high) / 2.0),
                    twist_db: level::dbm0(high) - level::dbm0(low),
                };
                self.state = State::On(Current {
                    row: c.row,
                    column: c.column,
                    begin: event,
                    deviation: s.deviation(),
                    reference: burst.tones.amplitude.map(Complex::power),
                    end: begin + (burst.end * BLOCK) as i64,
                    due: self.at,
                });
                sink(event);
            }
            Verdict::Wait if c.looks + 1 < MAX_LOOKS => {
                let [second, third, fourth] = LOOKS_MS;
                let first = self.limits.earliest_ms();
                // When only its length is wanting, it is measured as soon as it is long enough.
                let short = self.limits.blocks.saturating_sub(burst.length()) as i64;
                let due = if short > 0 {
                    Some(self.at.max(onset + first * PER_MS - PER_MS) + short.min(1 + LOOKS_MS[0]) * PER_MS)
                        .filter(|_| self.at - onset >= first * PER_MS)
                } else {
                    None
                };
                let due = due.or_else(|| {
                    [first, second, third, fourth].map(|ms| onset + ms * PER_MS).into_iter().find(|due| *due > self.at)
                });
                if let Some(due) = due {
                    self.state = State::Suspect(Candidate { due, looks: c.looks + 1, ..c });
                }
            }
            Verdict::Never => self.refused = onset,
            Verdict::Wait | Verdict::No => {}
        }
    }

    /// Looks whether a digit is still on.
    fn follow(&mut self, c: Current, sink: &mut impl FnMut(Event)) {
        let since = ((self.at - c.end) as usize / BLOCK).min(MAX_BLOCKS - WINDOW);
        let mut s = Stretch::new(since + WINDOW, c.row, c.column);
        let begin = self.fill(&mut s);
        s.measure(0, s.blocks());
        s.turn(c.deviation, 0, s.blocks());
        let n = (WINDOW * BLOCK) as f32;
        let mut end = c.end;
        for to in WINDOW..=s.blocks() {
            let share = both(s.sum(to - WINDOW, to), c.reference, |z, _| z.power() / (n * n));
            let whole = share[0] + share[1] >= ON * (c.reference[0] + c.reference[1]);
            let each = both(share, c.reference, |s, r| s >= ON_EACH * r) == [true; 2];
            if whole && each {
                // The window is half full when its middle is at the edge.
                end = end.max(begin + ((to - WINDOW / 2) * BLOCK) as i64);
            }
        }
        let pause = i64::from(self.limits.profile.least_pause_ms()) * PER_MS;
        let gap = self.at - (MARGIN + WINDOW / 2 * BLOCK) as i64 - end;
        if gap < pause {
            let wait = if gap <= 0 { FOLLOW_MS * PER_MS } else { (pause - gap).max(PER_MS) };
            self.state = State::On(Current { end, due: self.at + wait, ..c });
            return;
        }
        let length = (end as u64).saturating_sub(c.begin.onset) / PER_MS as u64;
        let duration_ms = u32::try_from(length).unwrap_or(u32::MAX);
        self.state = State::Idle;
        // What came behind the end is to be screened.
        self.hop_end = (end as u64).next_multiple_of(HOP as u64) as i64 + HOP as i64;
        sink(Event { edge: DigitEdge::End, at: self.at as u64, duration_ms, ..c.begin });
    }

    /// Whether a digit is on: it was told and has not ended.
    pub fn is_on(&self) -> bool {
        matches!(self.state, State::On(_))
    }

    /// Forgets everything heard; the sample index goes on.
    pub fn reset(&mut self) {
        self.ring = Aligned([0; RING]);
        self.state = State::Idle;
        self.hop_end = (self.at as u64 + 1).next_multiple_of(HOP as u64) as i64;
    }
}

impl Default for Receiver {
    fn default() -> Self {
        Self::new()
    }
}
