//! Frequency-shift keying with start and stop bits: Bell 202 and ITU-T V.23.
//!
//! # What does it do?
//!
//! The sender makes a phase-continuous signal from bytes: seizure (0 1 0 1 ...), mark, then each byte with a start bit
//! (0), eight bits from the lowest, a stop bit (1), and a few marks at the end.
//!
//! The receiver tells the carrier, bytes and framing errors. It works from 0 down to -42 dBm0, with noise 20 dB below
//! the signal, 10 dB of twist either way, hum far above the signal, and 1 % of rate error.
//!
//! # How does the receiver work?
//!
//! A linear-phase band pass removes hum and what lies above the channel. Two correlators, each one bit long,
//! measure the power at mark and at space; their normalised difference is the soft bit, one per sample. A change
//! from mark to space is a start edge. Its place between two samples is interpolated, and from there the ten bits are
//! read in their middles, again between samples. Each byte thus sets the clock anew, as in a UART.

use crate::SAMPLE_RATE;
use crate::filter::{BandPass, Complex};
use crate::level;
use crate::osc::Osc;
use arrayvec::ArrayVec;

/// The two frequencies and the rate of a modem.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spec {
    /// Frequency of mark (1), in Hz.
    pub mark: f32,
    /// Frequency of space (0), in Hz.
    pub space: f32,
    /// Bits per second.
    pub baud: f32,
}

/// Bell 202.
pub const BELL202: Spec = Spec { mark: 1200.0, space: 2200.0, baud: 1200.0 };
/// ITU-T V.23, forward channel.
pub const V23: Spec = Spec { mark: 1300.0, space: 2100.0, baud: 1200.0 };
/// Between the two: a receiver for this takes both.
pub const EITHER: Spec = Spec { mark: 1250.0, space: 2150.0, baud: 1200.0 };

/// Most bytes that a [`Sender`] takes at once.
pub const MAX_BYTES: usize = 300;
/// Marks after the last byte (EN 300 659-1 asks for 1 to 10).
const TRAILING_MARKS: u32 = 5;

/// Sends bytes.
#[derive(Clone, Debug)]
pub struct Sender {
    spec: Spec,
    osc: Osc,
    amplitude: f32,
    bytes: ArrayVec<u8, MAX_BYTES>,
    seizure: u32,
    mark: u32,
    /// The bit that goes out now, and how many there are.
    bit: u32,
    bits: u32,
    /// Part of the present bit that is out, 0 to 1.
    part: f32,
}

impl Sender {
    /// A sender at rest. `level_dbm0` is the level of the signal.
    pub fn new(spec: Spec, level_dbm0: f32) -> Self {
        Self {
            spec,
            osc: Osc::new(spec.mark),
            amplitude: level::peak(level_dbm0),
            bytes: ArrayVec::new(),
            seizure: 0,
            mark: 0,
            bit: 0,
            bits: 0,
            part: 0.0,
        }
    }

    /// Loads a message: `seizure_bits` of 0 1 0 1 ..., `mark_bits` of 1, then `bytes` and a few marks. False when there
    /// are more than [`MAX_BYTES`], or the last message is still going out.
    pub fn load(&mut self, bytes: &[u8], seizure_bits: u16, mark_bits: u16) -> bool {
        if !self.is_idle() || bytes.len() > MAX_BYTES {
            return false;
        }
        self.bytes.clear();
        self.bytes.extend(bytes.iter().copied());
        self.seizure = u32::from(seizure_bits);
        self.mark = self.seizure + u32::from(mark_bits);
        self.bit = 0;
        self.bits = self.mark + bytes.len() as u32 * 10 + TRAILING_MARKS;
        self.part = 0.0;
        self.osc.restart();
        true
    }

    /// How long a message takes, in samples.
    pub fn duration(&self) -> u64 {
        (f64::from(self.bits) * f64::from(SAMPLE_RATE) / f64::from(self.spec.baud.max(1.0))) as u64 + 1
    }

    fn value(&self, bit: u32) -> bool {
        if bit < self.seizure {
            return bit % 2 == 1;
        }
        let Some(at) = bit.checked_sub(self.mark) else { return true };
        match (self.bytes.get((at / 10) as usize), at % 10) {
            (None, _) | (_, 9) => true,
            (_, 0) => false,
            (Some(byte), n) => byte >> (n - 1) & 1 == 1,
        }
    }

    /// Adds the next samples to `out`, saturating.
    pub fn mix(&mut self, out: &mut [i16]) {
        for s in out {
            if self.bit >= self.bits {
                return;
            }
            self.osc.set(if self.value(self.bit) { self.spec.mark } else { self.spec.space });
            level::add(s, self.amplitude * self.osc.sine());
            self.part += self.spec.baud / SAMPLE_RATE as f32;
            if self.part >= 1.0 {
                self.part -= 1.0;
                self.bit += 1;
            }
        }
    }

    /// Whether nothing is left to send.
    pub fn is_idle(&self) -> bool {
        self.bit >= self.bits
    }

    /// Stops at once.
    pub fn clear(&mut self) {
        self.bits = 0;
    }
}

/// Something received.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// Index of the sample at which it was decided.
    pub at: u64,
    /// What it is.
    pub kind: Kind,
}

/// What a receiver tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The carrier came (true) or went.
    Carrier(bool),
    /// A byte.
    Byte {
        /// Its value.
        value: u8,
        /// Bits of mark before its start bit, after the stop bit of the last one or the start of the carrier; saturates.
        marks: u16,
    },
    /// A start bit without the stop bit where it belongs.
    FramingError,
}

/// Taps of the band pass.
const TAPS: usize = 49;
/// Length of the correlators in samples: the nearest whole number to one bit at 1200 bit/s.
const CORRELATOR: usize = 7;
/// The carrier is there from this level on, in dBm0. SR-3004 asks for -36 dBm and forbids -48 dBm.
const CARRIER_ON: f32 = -43.0;
/// The carrier is gone below this level, in dBm0.
const CARRIER_OFF: f32 = -46.0;
/// The carrier is also gone when it falls to this share of its strongest power (-16 dB): the noise of the line
/// may be stronger than the weakest carrier.
const CARRIER_DROP: f32 = 0.025;
/// Weight of a new sample in the carrier's power: 5 ms.
const POWER_WEIGHT: f32 = 1.0 / 40.0;
/// Soft bits kept for interpolation: a byte of ten bits is 67 samples long.
const PAST: usize = 128;

/// Where the receiver is within a byte. Times are in samples, counted as `f64` for their fraction.
#[derive(Clone, Copy, Debug)]
enum Framing {
    /// Mark since then.
    Idle { since: f64 },
    /// Waiting for the soft bits of a byte whose start edge was at `edge`.
    Byte { edge: f64, since: f64 },
    /// After a framing error: waiting for mark.
    Lost,
}

/// One correlator of a bit's length.
#[derive(Clone, Debug)]
struct Correlator {
    osc: Osc,
    past: [Complex; CORRELATOR],
    at: usize,
}

impl Correlator {
    fn new(hz: f32) -> Self {
        Self { osc: Osc::new(hz), past: [Complex::default(); CORRELATOR], at: 0 }
    }

    fn step(&mut self, x: f32) -> Complex {
        let (cos, sin) = self.osc.cos_sin();
        if let Some(slot) = self.past.get_mut(self.at) {
            *slot = Complex::new(x * cos, -x * sin);
        }
        self.at = (self.at + 1) % CORRELATOR;
        self.past.iter().fold(Complex::default(), |sum, c| sum.plus(*c))
    }
}

/// Receives bytes.
#[derive(Clone, Debug)]
pub struct Receiver {
    spec: Spec,
    filter: BandPass<TAPS>,
    mark: Correlator,
    space: Correlator,
    power: f32,
    on_power: f32,
    off_power: f32,
    carrier: bool,
    /// Soft bits: 1 is mark, -1 is space; the newest is at `at - 1` modulo the length.
    soft: [f32; PAST],
    at: u64,
    framing: Framing,
    /// Samples for which mark has lasted.
    mark_run: u32,
    /// The last two filtered samples.
    last: [f32; 2],
    /// Sums over a steady mark that give its frequency: of `x[n] (x[n-1] + x[n+1])` and of `x[n]^2`.
    mark_sums: (f32, f32),
    /// Strongest power since the carrier came.
    top: f32,
}

impl Receiver {
    /// A receiver at rest.
    pub fn new(spec: Spec) -> Self {
        Self {
            spec,
            filter: BandPass::new(650.0, 2850.0, 3.5),
            mark: Correlator::new(spec.mark),
            space: Correlator::new(spec.space),
            power: 0.0,
            on_power: level::mean_square(CARRIER_ON),
            off_power: level::mean_square(CARRIER_OFF),
            carrier: false,
            soft: [0.0; PAST],
            at: 0,
            framing: Framing::Lost,
            mark_run: 0,
            last: [0.0; 2],
            mark_sums: (0.0, 0.0),
            top: 0.0,
        }
    }

    /// Whether there is a carrier.
    pub fn carrier(&self) -> bool {
        self.carrier
    }

    /// Frequency of the last long mark, in Hz: it tells Bell 202 from V.23. `None` before there was one.
    pub fn mark_hz(&self) -> Option<f32> {
        let (product, power) = self.mark_sums;
        let cos = product / (2.0 * power);
        (cos.abs() < 1.0).then(|| libm::acosf(cos) * SAMPLE_RATE as f32 / core::f32::consts::TAU)
    }

    /// Level of the signal in the channel, in dBm0.
    pub fn level_dbm0(&self) -> f32 {
        level::dbm0(self.power)
    }

    /// Takes samples; any number at a time.
    pub fn process(&mut self, samples: &[i16], sink: &mut impl FnMut(Event)) {
        for &s in samples {
            let x = self.filter.step(f32::from(s));
            let (mark, space) = (self.mark.step(x), self.space.step(x));
            let (m, p) = (mark.power(), space.power());
            let soft = if m + p > 0.0 { (m - p) / (m + p) } else { 0.0 };
            if let Some(slot) = self.soft.get_mut((self.at % PAST as u64) as usize) {
                *slot = soft;
            }
            self.at += 1;
            self.power += (x * x - self.power) * POWER_WEIGHT;
            self.measure_mark(soft, x);
            self.watch_carrier(sink);
            if self.carrier {
                self.frame(sink);
            }
        }
    }

    fn watch_carrier(&mut self, sink: &mut impl FnMut(Event)) {
        self.top = if self.carrier { self.top.max(self.power) } else { 0.0 };
        let carrier = if self.carrier {
            self.power > self.off_power.max(self.top * CARRIER_DROP)
        } else {
            self.power > self.on_power
        };
        if carrier != self.carrier {
            self.carrier = carrier;
            self.framing = Framing::Lost;
            sink(Event { at: self.at, kind: Kind::Carrier(carrier) });
        }
    }

    fn measure_mark(&mut self, soft: f32, x: f32) {
        let [older, old] = self.last;
        self.last = [old, x];
        self.mark_run = if soft > 0.5 { self.mark_run.saturating_add(1) } else { 0 };
        // Nine bits of mark: no part of a byte.
        if self.mark_run == 60 {
            self.mark_sums = (0.0, 0.0);
        }
        if self.mark_run >= 60 {
            // A sine satisfies x[n-1] + x[n+1] = 2 cos(w) x[n].
            self.mark_sums.0 += old * (older + x);
            self.mark_sums.1 += old * old;
        }
    }

    /// The soft bit at a time, between samples; `None` when it is not there yet.
    fn soft_at(&self, time: f64) -> Option<f32> {
        let whole = time as u64;
        if whole + 1 >= self.at || whole + (PAST as u64) < self.at {
            return None;
        }
        let get = |i: u64| self.soft.get((i % PAST as u64) as usize).copied();
        let (a, b) = (get(whole)?, get(whole + 1)?);
        Some(a + (b - a) * (time - whole as f64) as f32)
    }

    fn frame(&mut self, sink: &mut impl FnMut(Event)) {
        let now = self.at as f64 - 1.0;
        let bit = f64::from(SAMPLE_RATE) / f64::from(self.spec.baud);
        let newest = self.soft_at(now - 1.0).unwrap_or(0.0);
        match self.framing {
            Framing::Lost => {
                if newest > 0.0 {
                    self.framing = Framing::Idle { since: now };
                }
            }
            Framing::Idle { since } => {
                // An edge between the last two soft bits but one.
                let before = self.soft_at(now - 2.0).unwrap_or(0.0);
                if before > 0.0 && newest <= 0.0 {
                    let edge = now - 2.0 + f64::from(before / (before - newest));
                    self.framing = Framing::Byte { edge, since };
                }
            }
            Framing::Byte { edge, since } => {
                let middle = |n: u32| self.soft_at(edge + (f64::from(n) + 0.5) * bit);
                if middle(0).is_some_and(|s| s > 0.0) {
                    // No start bit: a spike.
                    self.framing = Framing::Idle { since };
                    return;
                }
                let Some(stop) = middle(9) else { return };
                let mut value = 0;
                for n in 1..=8 {
                    value = value >> 1 | if middle(n).unwrap_or(0.0) > 0.0 { 0x80 } else { 0 };
                }
                if stop > 0.0 {
                    let marks = libm::round((edge - since) / bit).clamp(0.0, 65535.0) as u16;
                    self.framing = Framing::Idle { since: edge + 10.0 * bit };
                    sink(Event { at: self.at, kind: Kind::Byte { value, marks } });
                } else {
                    self.framing = Framing::Lost;
                    sink(Event { at: self.at, kind: Kind::FramingError });
                }
            }
        }
    }

    /// Forgets everything heard; the sample index goes on.
    pub fn reset(&mut self) {
        let at = self.at;
        *self = Self { at, ..Self::new(self.spec) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::Biquad;
    use crate::test_signal::{Noise, mix_at, silence, speech, tone};
    use std::vec::Vec;

    const TEXT: &[u8] = b"\x00\xFF\x55\xAAThe quick brown fox 0123456789\x80\x01\x7F";

    fn send(spec: Spec, level: f32) -> Vec<i16> {
        let mut sender = Sender::new(spec, level);
        assert!(sender.load(TEXT, 300, 180));
        assert!(!sender.load(TEXT, 300, 180));
        let mut out = silence(60 + sender.duration() as usize / 8 + 100);
        sender.mix(&mut out[480..]);
        assert!(sender.is_idle());
        out
    }

    fn events(spec: Spec, samples: &[i16]) -> Vec<Event> {
        let mut seen = Vec::new();
        Receiver::new(spec).process(samples, &mut |e| seen.push(e));
        seen
    }

    /// The bytes from the first one after the long mark on.
    fn message(seen: &[Event]) -> Vec<u8> {
        seen.iter()
            .filter_map(|e| if let Kind::Byte { value, marks } = e.kind { Some((value, marks)) } else { None })
            .skip_while(|(_, marks)| *marks < 150)
            .map(|(value, _)| value)
            .collect()
    }

    #[test]
    fn loops_back_at_all_levels() {
        for spec in [BELL202, V23] {
            for level in [0.0, -13.5, -30.0, -36.0, -41.0] {
                for receiver in [spec, EITHER] {
                    let seen = events(receiver, &send(spec, level));
                    assert_eq!(message(&seen), TEXT, "{spec:?} {level}");
                    assert_eq!(seen[0].kind, Kind::Carrier(true));
                    assert_eq!(seen.last().map(|e| e.kind), Some(Kind::Carrier(false)));
                }
            }
        }
    }

    #[test]
    fn seizure_and_mark_are_seen() {
        let seen = events(BELL202, &send(BELL202, -20.0));
        let seizure = seen.iter().filter(|e| matches!(e.kind, Kind::Byte { value: 0x55, marks: 0 | 1 })).count();
        assert!((25..=31).contains(&seizure), "{seizure}");
        let marks = seen.iter().find_map(|e| match e.kind {
            Kind::Byte { value: 0, marks } => Some(marks),
            _ => None,
        });
        assert!(marks.is_some_and(|m| m.abs_diff(180) <= 2), "{marks:?}");
    }

    #[test]
    fn the_mark_frequency_tells_the_modem() {
        for (spec, hz) in [(BELL202, 1200.0), (V23, 1300.0)] {
            let mut signal = send(spec, -30.0);
            Noise::new(1).add(&mut signal, -52.0);
            let mut receiver = Receiver::new(EITHER);
            receiver.process(&signal[..480 + 3000], &mut |_| ());
            assert!(receiver.mark_hz().is_some_and(|f| (f - hz).abs() < 10.0), "{:?}", receiver.mark_hz());
        }
    }

    #[test]
    fn too_weak_a_signal_is_no_carrier() {
        assert_eq!(events(BELL202, &send(BELL202, -48.0)), []);
    }

    #[test]
    fn noise_is_tolerated() {
        for spec in [BELL202, V23] {
            for seed in 0..10 {
                for level in [-12.0, -36.0] {
                    let mut signal = send(spec, level);
                    Noise::new(seed).add(&mut signal, level - 20.0);
                    let seen = message(&events(EITHER, &signal));
                    // What follows, in the noise after the message, is not the point here.
                    assert_eq!(&seen[..TEXT.len()], TEXT, "{spec:?} {seed} {level}");
                }
            }
        }
    }

    #[test]
    fn hum_is_tolerated() {
        for (hz, above) in [(60.0, 18.0), (120.0, 12.0), (200.0, 6.0)] {
            let mut signal = send(BELL202, -30.0);
            let hum = tone(&[hz], -30.0 + above, signal.len() / 8);
            mix_at(&mut signal, &hum, 0);
            assert_eq!(message(&events(EITHER, &signal)), TEXT, "{hz}");
        }
    }

    #[test]
    fn twist_is_tolerated() {
        for (spec, strong_mark, limit) in
            [(BELL202, true, 9.5), (BELL202, false, 6.0), (V23, true, 6.0), (V23, false, 6.0)]
        {
            let shape = if strong_mark { Biquad::notch(2700.0, 0.7) } else { Biquad::notch(700.0, 0.5) };
            let mut tilt = [shape, shape];
            let gain = |hz: f32| 20.0 * shape.power_gain(f64::from(hz)).log10();
            let twist = gain(spec.mark) - gain(spec.space);
            assert!(twist.abs() >= limit && (twist > 0.0) == strong_mark, "{spec:?} {twist}");
            let signal: Vec<i16> = send(spec, -15.0)
                .iter()
                .map(|s| level::sample(tilt.iter_mut().fold(f32::from(*s), |x, f| f.step(x))))
                .collect();
            assert_eq!(message(&events(EITHER, &signal)), TEXT, "{spec:?} {twist}");
        }
    }

    #[test]
    fn rate_and_frequency_errors_are_tolerated() {
        for k in [0.985, 0.99, 1.01, 1.015] {
            let off = Spec { mark: 1200.0 * k, space: 2200.0 * k, baud: 1200.0 * k };
            assert_eq!(message(&events(EITHER, &send(off, -20.0))), TEXT, "{k}");
        }
    }

    #[test]
    fn block_size_does_not_matter() {
        let mut signal = send(V23, -25.0);
        Noise::new(4).add(&mut signal, -48.0);
        let whole = events(EITHER, &signal);
        for size in [1, 7, 160, 8000] {
            let mut receiver = Receiver::new(EITHER);
            let mut seen = Vec::new();
            signal.chunks(size).for_each(|c| receiver.process(c, &mut |e| seen.push(e)));
            assert_eq!(seen, whole, "{size}");
        }
    }

    #[test]
    fn garbage_does_not_upset_it() {
        let mut signal = speech(1, 0.0, 3000);
        signal.extend(send(BELL202, -20.0));
        assert!(message(&events(EITHER, &signal)).ends_with(TEXT));
        let mut loud: Vec<i16> = (0..8000).map(|i| if i % 3 == 0 { i16::MIN } else { i16::MAX }).collect();
        Noise::new(2).add(&mut loud, 0.0);
        events(EITHER, &loud);
    }

    #[test]
    fn nothing_is_sent_twice_and_too_much_is_refused() {
        let mut sender = Sender::new(V23, -10.0);
        assert!(!sender.load(&[0; MAX_BYTES + 1], 0, 0));
        assert!(sender.load(&[1], 0, 80));
        sender.clear();
        assert!(sender.is_idle());
        let mut out = [0; 16];
        sender.mix(&mut out);
        assert_eq!(out, [0; 16]);
    }
}
