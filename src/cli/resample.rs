//! From one sampling rate to another, as a stream.
//!
//! Each sample that goes out is a weighted sum of those that came in around it. The weights are a sinc low pass with a
//! Kaiser window, [`CROSSINGS`] zero crossings to each side, cut off below half of the lower rate: flat to 3.4 kHz at
//! 8 kHz, images and aliases about 70 dB down. Two rates share a grid on which only so many positions between two
//! samples occur; the weights of each are computed once. Where there are very many, neighbours are mixed.

use std::f64::consts::PI;

/// Zero crossings of the sinc to each side.
const CROSSINGS: f64 = 16.0;
/// Shape of the Kaiser window: about 70 dB.
const BETA: f64 = 7.0;
/// Cut-off as a share of half of the lower rate.
const CUTOFF: f64 = 0.93;
/// Most positions between two zero crossings for which weights are kept: so many that mixing neighbours is exact to
/// 100 dB.
const FINENESS: f64 = 512.0;
/// Sums that run side by side, so that the machine's vectors are used.
const LANES: usize = 16;

/// Turns samples of one rate into samples of another. The result does not depend on how the samples come in pieces.
#[derive(Debug)]
pub(super) struct Resampler {
    /// The two rates, without common factor.
    from: u64,
    to: u64,
    /// Weights of one position after the other, `taps` each; one more than there are positions.
    weights: Vec<f32>,
    phases: u64,
    taps: usize,
    /// Samples from `first` on.
    recent: Vec<f32>,
    /// Number of the first of `recent`; zeros before the beginning included.
    first: u64,
    /// How many came in and went out.
    heard: u64,
    told: u64,
}

impl Resampler {
    /// From and to so many samples per second, neither 0.
    pub(super) fn new(from: u32, to: u32) -> Self {
        let common = u64::from(gcd(from.max(1), to.max(1)));
        let (from, to) = (u64::from(from.max(1)) / common, u64::from(to.max(1)) / common);
        // Zero crossings lie this many samples apart.
        let spread = (from as f64 / to as f64).max(1.0) / CUTOFF;
        let reach = spread * CROSSINGS;
        let before = reach.ceil() as usize;
        let taps = (2 * before + 2).next_multiple_of(LANES);
        let phases = to.min((FINENESS / spread).ceil() as u64);
        let mut weights = Vec::new();
        if from != to {
            let edge = bessel_i0(BETA);
            for phase in 0..=phases {
                let fraction = phase as f64 / phases as f64;
                let at = |tap: usize| tap as f64 - before as f64 - fraction;
                let row: Vec<f64> = (0..taps).map(|tap| sinc(at(tap) / spread) / edge).collect();
                let sum: f64 = row.iter().sum();
                weights.extend(row.iter().map(|w| (w / sum) as f32));
            }
        }
        Self { from, to, weights, phases, taps, recent: vec![0.0; before], first: 0, heard: 0, told: 0 }
    }

    /// Takes samples and appends those that are complete.
    pub(super) fn push(&mut self, samples: &[f32], out: &mut Vec<f32>) {
        self.heard += samples.len() as u64;
        if self.from == self.to {
            out.extend_from_slice(samples);
            return;
        }
        self.recent.extend_from_slice(samples);
        self.tell(u64::MAX, out);
    }

    /// What is left, as if silence followed.
    pub(super) fn finish(&mut self, out: &mut Vec<f32>) {
        if self.from != self.to {
            let count = u64::try_from((u128::from(self.heard) * u128::from(self.to)).div_ceil(u128::from(self.from)));
            self.recent.resize(self.recent.len() + self.taps + 1, 0.0);
            self.tell(count.unwrap_or(u64::MAX), out);
        }
    }

    /// Appends all samples below number `end` that can be computed.
    fn tell(&mut self, end: u64, out: &mut Vec<f32>) {
        while self.told < end {
            let position = u128::from(self.told) * u128::from(self.from);
            let (whole, part) = ((position / u128::from(self.to)) as u64, (position % u128::from(self.to)) as u64);
            // `recent` begins with the zeros before the beginning, so that this is where the weights begin.
            let start = (whole - self.first.min(whole)) as usize;
            let Some(around) = self.recent.get(start..start + self.taps) else { break };
            let scaled = part * self.phases;
            let (phase, rest) = (scaled / self.to, scaled % self.to);
            let mut sample = dot(self.row(phase), around);
            if rest != 0 {
                let share = rest as f32 / self.to as f32;
                sample += share * (dot(self.row(phase + 1), around) - sample);
            }
            out.push(sample);
            self.told += 1;
        }
        let next = (u128::from(self.told) * u128::from(self.from) / u128::from(self.to)) as u64;
        let old = ((next - self.first.min(next)) as usize).min(self.recent.len());
        self.recent.drain(..old);
        self.first += old as u64;
    }

    fn row(&self, phase: u64) -> &[f32] {
        let from = phase as usize * self.taps;
        self.weights.get(from..from + self.taps).unwrap_or_default()
    }
}

/// The windowed sinc at a distance of `x` zero crossings; at none it is that of the window.
fn sinc(x: f64) -> f64 {
    let ratio = x / CROSSINGS;
    if ratio.abs() >= 1.0 {
        return 0.0;
    }
    let sinc = if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) };
    sinc * bessel_i0(BETA * (1.0 - ratio * ratio).sqrt())
}

/// Modified Bessel function of the first kind, order 0.
fn bessel_i0(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..40 {
        let factor = x / (2.0 * f64::from(k));
        term *= factor * factor;
        if term < 1e-12 * sum {
            break;
        }
        sum += term;
    }
    sum
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; LANES];
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    sums.iter().sum()
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(samples: &[f32], from: u32, to: u32, piece: usize) -> Vec<f32> {
        let (mut resampler, mut out) = (Resampler::new(from, to), Vec::new());
        samples.chunks(piece).for_each(|piece| resampler.push(piece, &mut out));
        resampler.finish(&mut out);
        out
    }

    fn sine(hz: f64, rate: u32, seconds: f64) -> Vec<f32> {
        (0..(f64::from(rate) * seconds) as usize)
            .map(|i| (0.5 * (2.0 * PI * hz * i as f64 / f64::from(rate)).sin()) as f32)
            .collect()
    }

    #[test]
    fn tones_keep_their_shape_at_every_rate() {
        // The last three have no small common grid with 8 kHz.
        for rate in [6_000, 8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 192_000, 44_099, 8_001, 999_999] {
            for hz in [300.0, 1_000.0, 2_300.0] {
                for (from, to) in [(rate, 8_000), (8_000, rate)] {
                    let out = all(&sine(hz, from, 0.25), from, to, 1_000);
                    assert_eq!(out.len(), (0.25 * f64::from(to)).ceil() as usize, "{from} to {to}");
                    let edge = to as usize / 40;
                    for (n, &sample) in out.iter().enumerate().take(out.len() - edge).skip(edge) {
                        let exact = 0.5 * (2.0 * PI * hz * n as f64 / f64::from(to)).sin();
                        assert!((f64::from(sample) - exact).abs() < 0.001, "{from} to {to}, {hz}, {n}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_filtered_out() {
        let out = all(&sine(5_200.0, 48_000, 0.25), 48_000, 8_000, 4_800);
        assert!(out[200..1_800].iter().all(|s| s.abs() < 0.001));
    }

    #[test]
    fn pieces_do_not_matter() {
        let sound = sine(700.0, 44_100, 0.1);
        let whole = all(&sound, 44_100, 8_000, sound.len());
        for piece in [1, 7, 441, 1_000] {
            assert_eq!(all(&sound, 44_100, 8_000, piece), whole, "{piece}");
        }
        assert_eq!(all(&sound, 8_000, 8_000, 3), sound);
        assert!(all(&[], 44_100, 8_000, 1).is_empty());
    }

    #[test]
    fn memory_does_not_grow() {
        let (mut resampler, mut out) = (Resampler::new(44_100, 8_000), Vec::new());
        for _ in 0..100 {
            out.clear();
            resampler.push(&[0.25; 4_410], &mut out);
            assert!(resampler.recent.len() < resampler.taps + 8);
        }
    }
}
