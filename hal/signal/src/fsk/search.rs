//! The search for the bits: many readings of the signal live side by side, and the likelier ones survive.

mod reading;

use super::front::{Sums, TAIL, unit};
use super::track::{LENGTH, MARK, PHASE, SPACE, TIMING};
use crate::SAMPLE_RATE;
use crate::filter::Complex;
use arrayvec::ArrayVec;
use core::f32::consts::TAU;
use reading::{IDLE, PENDING, Reading, STOP};

/// Readings that live at a time.
const SURVIVORS: usize = 20;
/// Parts of a bit. An idle line may end at each; one is about a sample.
const PARTS: u16 = 7;
/// How far in log likelihood a reading may fall behind the others: a base, and so much for each unit of signal to noise,
/// as the weight of what fits badly grows with it.
const BEHIND: (f32, f32) = (20.0, 2.5);
/// A carrier is lost when no reading this close to the best one has quality.
const CLOSE: f32 = 12.0;
/// Quality below which the carrier is lost.
const LOST: f32 = 0.58;
/// Least amplitude of space over that of mark (-13 dB): less is no modem, but a tone that comes and goes.
const LEAST_SPACE: f32 = 0.22;
/// Least quality of the last byte before a loss.
const LAST_QUALITY: f32 = 0.65;
/// Cost in log likelihood of a start of the first byte at one particular moment of a long mark.
const START: f32 = 12.0;
/// The same after a byte, while there were no marks between bytes yet, and later.
const STUFFED: (f32, f32) = (8.0, 4.0);
/// Standard deviations of noise that make no space of a mark.
const SURE: f32 = 3.0;
/// Power of mark over that of space in the time of a bit, above which it is no space: 10 dB.
const FAR_MORE: f32 = 10.0;
/// Cost of a stop bit that is a space.
const BROKEN_STOP: f32 = 9.0;
/// Where a sender that switches at samples may be within one: at 6 2/3 samples a bit all else comes to one of these. Then
/// how well that is known, and how far an edge may stray besides (standard deviations), all in samples.
const THIRDS: [f64; 3] = [0.0, -1.0 / 3.0, 1.0 / 3.0];
const THIRD: f32 = 0.04;
const STRAY: f32 = 0.02;
/// Readings of such a sender are alike when their timing differs by less than this share of a bit: not two thirds.
const ALIKE: f32 = 0.04;
/// Cost of an edge at a sample that is not the nearest, where it is no more considered.
const TOO_FAR: f32 = -7.0;
/// Bits of mark after which all before is decided.
const FLUSH: u16 = 3;
/// The energy of a bit is never taken to be more than this many times the noise density (13 dB): what is not noise
/// disturbs too.
const BEST_SNR: f32 = 20.0;
/// A signal with this energy is still noisy, so that its phase wanders less than its noise; a clean one may wander so
/// many times as much.
const NOISY: f32 = 15.0;
const CLEAN: f32 = 6.0;
/// Rate and frequencies are trusted to stay within these limits: share of a bit, and radians per bit.
const RATE_LIMIT: f32 = 0.035;
const FREQUENCY_LIMIT: f32 = 0.3;
/// Bits over which amplitude and quality are averaged.
const AMPLITUDE_BITS: f32 = 24.0;
const QUALITY_BITS: f32 = 8.0;
/// Bits over which the noise is averaged.
const NOISE_BITS: f32 = 40.0;
/// Wander of the phase in a bit, in squared radians, with much noise.
const PHASE_WANDER: f32 = 0.0002;
/// Wander of the timing in a bit, for senders of the one and of the other kind.
const TIMING_WANDER: [f32; 2] = [0.0003, 0.00001];
/// Wander of the phase at a change of tone at first, with much noise, and its limits.
const EDGE_WANDER: [f32; 2] = [0.001, 0.0002];
const EDGE_LIMITS: (f32, f32) = (0.0003, 0.06);
/// How fast it is learnt, with little and with much noise.
const LEARN: (f32, f32) = (0.02, 0.003);

/// A byte that was decided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Byte {
    pub(super) value: u8,
    /// Bits of mark before its start bit, beyond the stop bit.
    pub(super) marks: u16,
    /// The chance that it is wrong.
    pub(super) doubt: f32,
    /// Its stop bit was a space.
    pub(super) broken: bool,
}

/// What a steady mark looked like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub(super) amplitude: f32,
    /// Against the reference, in turns of 2^32.
    pub(super) phase: u32,
    /// Power of white noise per complex sample.
    pub(super) noise: f32,
}

/// A hop to read.
pub(super) struct Hop<'a> {
    pub(super) space: &'a Sums,
    pub(super) mark: &'a Sums,
    /// Time of its first sample, and of the one after the last.
    pub(super) start: f64,
    pub(super) end: f64,
}

impl Hop<'_> {
    /// The correlation with mark or space between two moments.
    fn between(&self, bit: bool, from: f64, to: f64) -> Complex {
        let sums = if bit { self.mark } else { self.space };
        let at = |t: f64| {
            // A sample stands for the time half a sample around it.
            let place = (t - self.start + TAIL as f64 + 0.5).max(0.0);
            let i = (place as usize).min(sums.len() - 2);
            let part = (place - i as f64) as f32;
            match (sums.get(i), sums.get(i + 1)) {
                (Some(a), Some(b)) => Complex::new(a.re + part * (b.re - a.re), a.im + part * (b.im - a.im)),
                _ => Complex::default(),
            }
        };
        let (a, b) = (at(from), at(to));
        Complex::new(b.re - a.re, b.im - a.im)
    }
}

/// All readings of a carrier.
#[derive(Clone, Debug)]
pub(super) struct Search {
    readings: ArrayVec<Reading, SURVIVORS>,
    /// Bytes that were decided.
    decided: u32,
    /// Mark less space frequency, in turns per sample.
    shift: f64,
    /// Mean power of the best reading.
    base: f32,
    /// Power of white noise per complex sample.
    noise: f32,
    /// Nominal length of a bit, in samples.
    nominal: f32,
    /// Wander of the phase in a bit.
    drift: f32,
    /// Wander of the phase at a change of tone, for senders of either kind.
    wander: [f32; 2],
    /// Marks were seen between bytes.
    stuffed: bool,
    /// The best metric but for the reading that goes on now.
    top: f32,
}

/// Turns as a fraction of 2^32.
fn turns(x: f64) -> u32 {
    // Whole turns fall off at the top.
    (x * 4_294_967_296.0) as i64 as u32
}

/// The nearest whole moment.
fn nearest(at: f64) -> f64 {
    (at + 0.5) as i64 as f64
}

/// Radians as a fraction of a turn of 2^32.
fn radians(x: f32) -> u32 {
    (f64::from(x / TAU) * 4_294_967_296.0) as i64 as u32
}

/// The chance that the less likely of two readings is right.
fn chance(lead: f32) -> f32 {
    1.0 / (1.0 + libm::expf(lead.abs().min(30.0)))
}

impl Search {
    /// On an idle line, from `at` on. `mark` and `space` are the frequencies in Hz that the sums refer to.
    pub(super) fn new(at: f64, first: Mark, mark: f32, space: f32, baud: f32) -> Self {
        let nominal = SAMPLE_RATE as f32 / baud;
        let snr = first.amplitude * first.amplitude * nominal / first.noise.max(1.0);
        let clean = (snr / NOISY).clamp(1.0, CLEAN);
        let [free, grid] = EDGE_WANDER;
        let mut readings = ArrayVec::new();
        readings.push(Reading::idle(at, nominal, first.phase, first.amplitude));
        Self {
            readings,
            decided: 0,
            shift: (f64::from(mark) - f64::from(space)) / f64::from(SAMPLE_RATE),
            base: first.amplitude * first.amplitude,
            noise: first.noise,
            nominal,
            drift: PHASE_WANDER * clean,
            wander: [free * clean, grid],
            stuffed: false,
            top: f32::NEG_INFINITY,
        }
    }

    /// Reads a hop; false when the carrier is lost.
    pub(super) fn read(&mut self, hop: &Hop<'_>, sink: &mut impl FnMut(Byte)) -> bool {
        if let Some(best) = self.best() {
            // The metrics are relative.
            let metric = best.metric;
            self.readings.iter_mut().for_each(|r| r.metric -= metric);
        }
        loop {
            // The earliest reading goes on, so that all stay together.
            let earliest = self.readings.iter().enumerate().reduce(|a, b| if b.1.at < a.1.at { b } else { a });
            let Some((i, next)) = earliest.map(|(i, r)| (i, *r)) else { return false };
            if next.at + f64::from(next.period) * 1.01 + 1.5 > hop.end {
                return true;
            }
            self.readings.swap_remove(i);
            if self.is_hopeless(&next) {
                continue;
            }
            self.advance(&next, hop);
            self.decide(sink);
            let Some(best) = self.best() else { return false };
            let (least, [space, mark]) = (best.metric - CLOSE, best.amplitude);
            // While there are only marks, nothing is known of space.
            let space = if best.is_first() && best.position == IDLE { mark } else { space };
            self.base = (space * space + mark * mark) * 0.5;
            if self.readings.iter().all(|r| r.metric < least || !r.is_sound()) {
                self.give_up(sink);
                return false;
            }
        }
    }

    /// Whether another reading of as many samples is far likelier. Finds the best metric on the way.
    fn is_hopeless(&mut self, r: &Reading) -> bool {
        let near = r.at + f64::from(r.period) * 0.25;
        let (mut top, mut rival) = (f32::NEG_INFINITY, f32::NEG_INFINITY);
        for o in &self.readings {
            top = top.max(o.metric);
            rival = if o.at <= near { rival.max(o.metric) } else { rival };
        }
        self.top = top;
        let (base, weight) = BEHIND;
        rival > r.metric + base + weight * self.base * self.nominal / self.noise()
    }

    fn best(&self) -> Option<&Reading> {
        self.readings.iter().reduce(|a, b| if b.metric > a.metric { b } else { a })
    }

    /// The noise to reckon with.
    fn noise(&self) -> f32 {
        self.noise.max(self.base * self.nominal / BEST_SNR)
    }

    /// Radians of shift per sample.
    fn per_sample(&self) -> f32 {
        (TAU * self.shift as f32).abs()
    }

    /// What a start after this reading's mark costs.
    fn start_cost(&self, r: &Reading) -> f32 {
        match r.idle {
            0 => 0.0,
            _ if r.is_first() => START,
            _ if self.stuffed => STUFFED.1,
            _ => STUFFED.0,
        }
    }

    /// Replaces a reading by what may follow it.
    fn advance(&mut self, r: &Reading, hop: &Hop<'_>) {
        match r.position {
            IDLE => {
                if r.idle == 0 || !self.is_surely_mark(r, hop) {
                    self.start(r, hop);
                }
                let part = r.period / f32::from(PARTS);
                let idle = self.listen(&Reading { idle: r.idle.saturating_add(1), ..*r }, r.at, (true, part), hop);
                self.offer(idle);
            }
            STOP => {
                for bit in [true, false] {
                    self.next(&r.stopped(bit, if bit { 0.0 } else { BROKEN_STOP }), bit, hop);
                }
            }
            _ => {
                for bit in [true, false] {
                    self.next(&r.longer(bit), bit, hop);
                }
            }
        }
    }

    /// Whether the next bit is mark beyond doubt, so that no start need be considered.
    fn is_surely_mark(&self, r: &Reading, hop: &Hop<'_>) -> bool {
        let [_, amplitude] = r.amplitude;
        let end = r.at + f64::from(r.period);
        let found = hop.between(true, r.at, end);
        if found.power() > FAR_MORE * hop.between(false, r.at, end).power() {
            return true;
        }
        let spread = libm::sqrtf(r.period * self.noise() * 0.5);
        // Half of the mark, and as much more as noise may make of it.
        let least = 0.5 * amplitude * r.period + SURE * spread;
        found.times(unit(r.phase).conj()).re > least
    }

    /// A start bit.
    fn start(&mut self, r: &Reading, hop: &Hop<'_>) {
        let marks = r.idle.saturating_add(PARTS / 2) / PARTS;
        let begun = r.started(marks, self.decided, self.start_cost(r));
        if r.idle == 0 {
            return self.next(&begun, false, hop);
        }
        if r.is_first() || !r.grid {
            let step = r.period / f32::from(PARTS);
            self.start_at(begun, false, step * libm::sqrtf(1.0 / 12.0), hop);
        }
        if r.is_first() || r.grid {
            for third in THIRDS {
                self.start_at(Reading { at: nearest(begun.at) + third, ..begun }, true, THIRD, hop);
            }
        }
    }

    /// A start bit that begins here, from a sender of one or the other kind. `spread` is the standard deviation of its
    /// timing, in samples.
    fn start_at(&mut self, mut begun: Reading, grid: bool, spread: f32, hop: &Hop<'_>) {
        let spread = self.per_sample() * spread;
        begun.grid = grid;
        begun.track.restart(TIMING, spread * spread);
        if grid {
            begun.period = self.nominal;
            begun.track.restart(LENGTH, 0.0);
        }
        let begun = self.listen(&begun, begun.at, (false, begun.period), hop);
        self.offer(begun);
    }

    /// A bit more, for each place where its edge may be.
    fn next(&mut self, r: &Reading, bit: bool, hop: &Hop<'_>) {
        if !r.grid || r.tone() == bit {
            let r = self.listen(r, r.at, (bit, r.period), hop);
            return self.offer(r);
        }
        let near = nearest(r.at);
        let off = (r.at - near) as f32;
        let far = near + if off > 0.0 { 1.0 } else { -1.0 };
        let per_sample = self.per_sample();
        let blur = libm::sqrtf(STRAY * STRAY + r.track.variance(TIMING) / (per_sample * per_sample));
        // Twice the tail of the normal distribution, nearly.
        let beyond = (0.5 - off.abs()) / blur;
        let odds = (0.717 + 0.416 * beyond) * beyond;
        let likely = -libm::log1pf(libm::expf(-odds));
        for (edge, log) in [(near, likely), (far, likely - odds)] {
            if log > TOO_FAR {
                let r = self.listen(&Reading { metric: r.metric + log, ..*r }, edge, (bit, r.period), hop);
                self.offer(r);
            }
        }
    }

    /// The reading when mark or space comes next, for so long. `edge` is where it begins.
    fn listen(&mut self, r: &Reading, edge: f64, (bit, length): (bool, f32), hop: &Hop<'_>) -> Reading {
        let changes = r.tone() != bit;
        let (b, tone) = if bit { (1, MARK) } else { (0, SPACE) };
        let (share, per_sample) = (length / self.nominal, self.per_sample());
        let mut next = *r;
        let (mut from, mut to) = (r.at, r.at + f64::from(length));
        if r.grid && !(r.position == IDLE && r.idle > 0) {
            (from, to) = (nearest(edge), nearest(to));
        }
        if changes {
            let jump = turns(self.shift * from);
            next.phase = if bit { r.phase.wrapping_sub(jump) } else { r.phase.wrapping_add(jump) };
            if r.grid {
                // The edge tells about the timing, to a sample.
                let gains = next.track.measure(TIMING, per_sample * per_sample / 12.0);
                let late = from - r.at;
                next.at += f64::from(gains[TIMING]) * late;
                next.period += gains[LENGTH] * late as f32;
            } else {
                next.track.mix(PHASE, TIMING, if bit { 1.0 } else { -1.0 });
            }
        }
        // To the middle of the bit.
        next.track.mix(PHASE, tone, 0.5 * share);
        next.phase = next.phase.wrapping_add(radians(r.offset[b] * 0.5 * share));
        let found = hop.between(bit, from, to).times(unit(next.phase).conj());
        let length_heard = (to - from) as f32;
        let noise = self.noise();
        let size = libm::sqrtf(found.power());
        let mut amplitude = r.amplitude[b];
        if r.seen[b] == 0.0 {
            // The first space: its amplitude may be anything, but most likely is that of mark.
            let [_, mark] = r.amplitude;
            let ratio = (size / (length_heard * mark)).clamp(0.25, 4.0);
            let log = libm::log10f(ratio);
            amplitude = ratio * mark;
            next.metric -= 12.0 * log * log + 0.5;
        }
        let expected = amplitude * length_heard;
        // The likelihood, over all phases that are still possible.
        let cos = if size > 0.0 { found.re / size } else { 0.0 };
        let weight = 2.0 * amplitude * size / noise;
        let spread = next.track.variance(PHASE);
        let trust = 1.0 / (1.0 + weight * spread);
        next.metric += weight * (1.0 - (1.0 - cos) * trust) + 0.5 * libm::logf(trust)
            - (amplitude * expected + self.base * length_heard) / noise;
        // What the phase tells.
        let surprise = found.angle();
        let variance = noise / (2.0 * amplitude * expected).max(1e-9);
        let error = surprise.clamp(-1.2, 1.2);
        let gains = next.track.measure(PHASE, variance);
        next.at += f64::from(length) + f64::from(gains[TIMING] * error / per_sample);
        next.period += gains[LENGTH] * error / per_sample;
        next.period = next.period.clamp(self.nominal * (1.0 - RATE_LIMIT), self.nominal * (1.0 + RATE_LIMIT));
        for (offset, gain) in next.offset.iter_mut().zip([gains[SPACE], gains[MARK]]) {
            *offset = (*offset + gain * error).clamp(-FREQUENCY_LIMIT, FREQUENCY_LIMIT);
        }
        // On to the end of the bit.
        next.phase = next.phase.wrapping_add(radians(gains[PHASE] * error + next.offset[b] * 0.5 * share));
        next.track.mix(PHASE, tone, 0.5 * share);
        next.track.mix(TIMING, LENGTH, share);
        let kind = usize::from(r.grid);
        next.track.wander(PHASE, self.drift * share + if changes { self.wander[kind] } else { 0.0 });
        next.track.wander(TIMING, TIMING_WANDER[kind] * share);
        next.last = r.last << 1 | u8::from(bit);
        next.hear(b, found.re / length_heard, amplitude, share);
        // The best reading tells what the line is like.
        let sure = r.position == IDLE && bit || r.count > 0;
        if sure && next.metric >= self.top {
            // Not counting what the phase is unsure of.
            let of_noise = variance / (variance + spread);
            let heard = 2.0 * found.im * found.im / length_heard * of_noise;
            // What is shorter has less noise than its share, for the filter has taken it.
            if length_heard > 0.5 * self.nominal {
                self.noise += (heard - self.noise) * share / NOISE_BITS;
            }
            if changes && surprise.abs() < 1.0 && r.count > 0 {
                let clean = self.noise < self.base * self.nominal / BEST_SNR;
                let rate = if clean {
                    LEARN.0
                } else if r.grid {
                    0.0
                } else {
                    LEARN.1
                };
                let more = rate * (surprise * surprise - variance - spread);
                self.wander[kind] = (self.wander[kind] + more).clamp(EDGE_LIMITS.0, EDGE_LIMITS.1);
            }
        }
        next
    }

    /// Lets a reading live if none like it is likelier.
    fn offer(&mut self, mut new: Reading) {
        self.top = self.top.max(new.metric);
        let near = match new.position {
            IDLE => 0.1,
            _ if new.grid => ALIKE,
            _ => 0.3,
        } * self.nominal;
        let cost = self.idle_cost(&new);
        let Some(i) = self.readings.iter().position(|old| old.is_like(&new, near)) else {
            if let Err(full) = self.readings.try_push(new) {
                self.squeeze_in(full.element());
            }
            return;
        };
        let Some(old_cost) = self.readings.get(i).map(|old| self.idle_cost(old)) else { return };
        let Some(old) = self.readings.get_mut(i) else { return };
        let lead = (new.metric - cost) - (old.metric - old_cost);
        let difference = new.difference(old, self.decided);
        let winner = if lead > 0.0 { &mut new } else { &mut *old };
        if let Some(index) = difference {
            winner.doubts(index, self.decided, chance(lead));
        }
        if lead > 0.0 {
            *old = new;
        }
    }

    /// Lets a reading live in place of the worst one, of that kind of sender which has most of the places.
    fn squeeze_in(&mut self, new: Reading) {
        let many = self.readings.iter().filter(|r| r.grid).count() * 2 > SURVIVORS;
        let crowd = self.readings.iter_mut().filter(|r| r.grid == many);
        if let Some(worst) = crowd.reduce(|a, b| if b.metric < a.metric { b } else { a })
            && (new.grid != many || worst.metric < new.metric)
        {
            *worst = new;
        }
    }

    /// What is still to pay for an idle reading.
    fn idle_cost(&self, r: &Reading) -> f32 {
        if r.position == IDLE { self.start_cost(r) } else { 0.0 }
    }

    /// Decides what is old enough.
    fn decide(&mut self, sink: &mut impl FnMut(Byte)) {
        loop {
            let decided = self.decided;
            let Some(best) = self.best() else { return };
            let full = self.readings.iter().any(|r| r.open(decided) >= PENDING);
            let quiet = best.position == IDLE && best.idle >= FLUSH * PARTS && best.open(decided) > 0;
            if !full && !quiet {
                return;
            }
            if best.open(decided) == 0 {
                // What runs ahead of the best reading is wrong.
                self.readings.retain(|r| r.open(decided) < PENDING);
                return;
            }
            if quiet {
                self.keep_like_best();
            }
            self.emit(sink);
        }
    }

    /// Ends all readings that differ from the best one.
    fn keep_like_best(&mut self) {
        let decided = self.decided;
        let Some(mut best) = self.best().copied() else { return };
        self.readings.retain(|r| {
            let Some(index) = r.difference(&best, decided) else { return true };
            best.doubts(index, decided, chance(best.metric - r.metric));
            false
        });
        self.readings.iter_mut().for_each(|r| r.doubt = best.doubt);
    }

    /// Decides the oldest byte of the best reading.
    fn emit(&mut self, sink: &mut impl FnMut(Byte)) {
        let index = self.decided;
        let Some(best) = self.best().filter(|b| b.count > index) else { return };
        let (value, [marks, ..], [doubt, ..]) = (best.byte(index), best.marks, best.doubt);
        let broken = best.is_broken(index);
        self.readings.retain(|r| r.count > index && r.byte(index) == value);
        self.decided += 1;
        self.readings.iter_mut().for_each(Reading::forget);
        self.stuffed |= index > 0 && marks > 0;
        sink(Byte { value, marks, doubt, broken });
    }

    /// The carrier is lost: what is good of the best reading is told.
    fn give_up(&mut self, sink: &mut impl FnMut(Byte)) {
        self.keep_like_best();
        let Some(best) = self.best() else { return };
        let good = best.count - u32::from(best.count > 0 && best.byte_quality < LAST_QUALITY);
        while self.decided < good {
            self.emit(sink);
        }
        self.readings.clear();
    }
}
