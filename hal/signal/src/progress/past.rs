//! The last 160 ms of the low band: samples, and sums over each hop.

use super::front::{LOW, LOW_MS};
use crate::filter::Complex;

/// Hops that are remembered.
const HOPS: usize = 16;
/// Samples that are remembered.
pub(super) const SAMPLES: usize = HOPS * LOW;
/// Before a burst that stands alone is at most this share of its power, in the low band and in all.
const MAX_BEFORE: f32 = 0.1;
const MAX_BEFORE_ALL: f32 = 0.4;
/// So many hops before a burst tell whether it stands alone; fewer where another was shortly before, but so many at least.
const HOPS_BEFORE: usize = 10;
const FEWEST_BEFORE: usize = 2;

/// Sums over a hop: its power, real and imaginary part of its products with the conjugates one and two samples before,
/// and the mean square of the whole band.
pub(super) type Sums = [f32; 8];
/// Where the mean square of the whole band is.
pub(super) const ALL: usize = 5;

const SILENCE: [Complex; LOW] = [Complex::new(0.0, 0.0); LOW];

/// What the low band held.
#[derive(Clone, Debug)]
pub(super) struct Past {
    samples: [[Complex; LOW]; HOPS],
    sums: [Sums; HOPS],
    /// Where the newest hop is.
    at: usize,
    /// Samples since the beginning.
    count: u64,
}

impl Past {
    pub(super) const fn new() -> Self {
        Self { samples: [SILENCE; HOPS], sums: [[0.0; 8]; HOPS], at: 0, count: 0 }
    }

    /// Takes the low band of a hop, and the mean square of what lies above it.
    pub(super) fn push(&mut self, z: &[Complex; LOW], high: f32) {
        let (mut before, mut earlier) = (self.sample(0), self.sample(1));
        self.at = (self.at + 1) % HOPS;
        self.count += LOW as u64;
        let (mut power, mut turn, mut turn2) = (0.0, Complex::default(), Complex::default());
        for z in z {
            power += z.power();
            turn = turn.plus(z.times(before.conj()));
            turn2 = turn2.plus(z.times(earlier.conj()));
            (earlier, before) = (before, *z);
        }
        if let (Some(samples), Some(sums)) = (self.samples.get_mut(self.at), self.sums.get_mut(self.at)) {
            *samples = *z;
            *sums = [power, turn.re, turn.im, turn2.re, turn2.im, power / LOW as f32 + high, 0.0, 0.0];
        }
    }

    /// Samples since the beginning.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// Time since the beginning, in ms.
    pub(super) const fn now(&self) -> u64 {
        self.count * LOW_MS as u64
    }

    fn index(&self, ago: usize) -> usize {
        (self.at + HOPS - ago % HOPS) % HOPS
    }

    fn hop(&self, ago: usize) -> &[Complex; LOW] {
        self.samples.get(self.index(ago)).unwrap_or(&SILENCE)
    }

    fn sums(&self, ago: usize) -> &Sums {
        self.sums.get(self.index(ago)).unwrap_or(&[0.0; 8])
    }

    fn sample(&self, ago: usize) -> Complex {
        self.hop(ago / LOW).get(LOW - 1 - ago % LOW).copied().unwrap_or_default()
    }

    /// Mean square of the newest hop in the low band.
    pub(super) fn low(&self) -> f32 {
        self.sums(0)[0] / LOW as f32
    }

    /// Mean square of the newest hop in the whole band, without hum.
    pub(super) fn all(&self) -> f32 {
        self.sums(0)[ALL]
    }

    /// Turn of the newest hop, scaled as [`Past::low`]: the angle is that of its frequency.
    pub(super) fn turn(&self) -> Complex {
        let [_, re, im, ..] = *self.sums(0);
        Complex::new(re, im).scale(1.0 / LOW as f32)
    }

    /// Sums over the newest `hops`.
    pub(super) fn window(&self, hops: usize) -> Sums {
        let mut sums = [0.0; 8];
        for ago in 0..hops {
            sums.iter_mut().zip(self.sums(ago)).for_each(|(s, x)| *s += x);
        }
        sums
    }

    /// The newest `N` samples, oldest first.
    #[inline(never)]
    pub(super) fn newest<const N: usize>(&self) -> [Complex; N] {
        let mut z = [Complex::default(); N];
        for (ago, part) in z.rchunks_mut(LOW).enumerate() {
            let hop = self.hop(ago);
            part.copy_from_slice(hop.get(LOW - part.len()..).unwrap_or(hop));
        }
        z
    }

    /// Power of the sample so many samples ago.
    pub(super) fn power_at(&self, ago: usize) -> f32 {
        self.sample(ago).power()
    }

    /// Sum of the powers of the last `span` samples.
    pub(super) fn power(&self, span: usize) -> f32 {
        (0..span).map(|ago| self.power_at(ago)).sum()
    }

    /// Whether it was quiet, compared to `power`, in the 100 ms before a tone that began so many samples ago, or since
    /// another tone ended, so many samples before that.
    pub(super) fn quiet_before(&self, began: u64, pause: u64, power: f32) -> bool {
        let began = usize::try_from(began).unwrap_or(usize::MAX).min(SAMPLES);
        let pause = usize::try_from(pause).unwrap_or(usize::MAX);
        let low: f32 = (began + 2..began + 12).map(|ago| self.power_at(ago)).sum();
        let from = began.div_ceil(LOW) + 1;
        let hops = (HOPS - 1).saturating_sub(from).min(HOPS_BEFORE).min((pause / LOW).saturating_sub(3));
        let all: f32 = (from..from + hops).map(|ago| self.sums(ago)[ALL]).sum();
        hops >= FEWEST_BEFORE && low <= MAX_BEFORE * 10.0 * power && all <= MAX_BEFORE_ALL * hops as f32 * power
    }
}
