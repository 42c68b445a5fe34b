//! Special information tone: three tones that rise, each about a third of a second (ITU-T E.180: 950, 1400, 1800 Hz).
//!
//! Where the North American precise tone plan holds, the frequencies and lengths of the first two tones tell
//! why the call failed. So the tones are measured: every 4 ms three correlators cover 870 to 1030, 1300 to 1500 and
//! 1620 to 1870 Hz, and the phase advance from step to step gives the frequency.

use crate::filter::{Complex, wrap};
use crate::osc::Osc;
use crate::{SAMPLE_RATE, SitKind};

/// Samples of a step: 4 ms.
const STEP: usize = 32;
const STEP_MS: u32 = 4;
/// Steps of a window: 20 ms.
const WINDOW: usize = 5;

/// Middle and half width of the three bands, in Hz.
const BANDS: [(f32, f32); 3] = [(950.0, 85.0), (1400.0, 100.0), (1745.0, 123.0)];
/// Share of the power that the tone must have.
const MIN_SHARE: f32 = 0.65;
/// Weakest tone, as a mean square: -42 dBm0.
const MIN_DBM0: f32 = -42.0;
/// A tone shorter or longer than this is not part of the signal, in ms. E.180: 330 +- 70; North America: 276 and 380.
const SHORTEST: u32 = 200;
const LONGEST: u32 = 470;
/// Longest pause between two tones, in ms (E.180: 30).
const LONGEST_GAP: u32 = 60;
/// Tones longer than this are long in the North American plan, in ms (276 and 380).
const LONG: u32 = 328;
/// Frequencies between the North American low and high tones, in Hz (913.8 and 985.2, 1370.6 and 1428.5).
const SPLIT: [f32; 2] = [949.5, 1399.5];
/// The filling of the window makes a tone seem this much shorter than it is, in ms.
const BLUR: u32 = 6;

#[derive(Clone, Debug)]
struct Band {
    middle: f32,
    half: f32,
    wave: [Complex; STEP],
    past: [Complex; WINDOW],
}

/// One tone of the three, as measured.
#[derive(Clone, Copy, Debug, Default)]
struct Tone {
    steps: u32,
    hz_sum: f32,
}

impl Tone {
    fn ms(self) -> u32 {
        self.steps * STEP_MS + BLUR
    }

    fn hz(self) -> f32 {
        self.hz_sum / self.steps.max(1) as f32
    }
}

/// Finds special information tones.
#[derive(Clone, Debug)]
pub(super) struct Sit {
    bands: [Band; 3],
    block: [f32; STEP],
    fill: usize,
    energy: [f32; WINDOW],
    min_power: f32,
    /// Whether the North American plan holds.
    precise: bool,
    tones: [Tone; 3],
    stage: usize,
    gap: u32,
    told: bool,
}

impl Sit {
    pub(super) fn new(precise: bool) -> Self {
        let bands = BANDS.map(|(middle, half)| {
            let mut osc = Osc::new(middle);
            let mut wave = [Complex::default(); STEP];
            for w in &mut wave {
                let (cos, sin) = osc.cos_sin();
                *w = Complex::new(cos, -sin);
            }
            Band { middle, half, wave, past: [Complex::default(); WINDOW] }
        });
        Self {
            bands,
            block: [0.0; STEP],
            fill: 0,
            energy: [0.0; WINDOW],
            min_power: crate::level::mean_square(MIN_DBM0),
            precise,
            tones: [Tone::default(); 3],
            stage: 0,
            gap: 0,
            told: false,
        }
    }

    /// Takes one sample; answers when a special information tone is recognised, once for each.
    pub(super) fn step(&mut self, sample: i16) -> Option<SitKind> {
        if let Some(slot) = self.block.get_mut(self.fill) {
            *slot = f32::from(sample);
        }
        self.fill += 1;
        if self.fill < STEP {
            return None;
        }
        self.fill = 0;
        self.energy.rotate_left(1);
        if let Some(newest) = self.energy.last_mut() {
            *newest = self.block.iter().map(|x| x * x).sum();
        }
        for band in &mut self.bands {
            let mut sum = Complex::default();
            for (x, w) in self.block.iter().zip(&band.wave) {
                sum = sum.plus(w.scale(*x));
            }
            band.past.rotate_left(1);
            if let Some(newest) = band.past.last_mut() {
                *newest = sum;
            }
        }
        let heard = self.heard();
        self.follow(heard)
    }

    /// The band that holds a tone now, and its frequency.
    fn heard(&self) -> Option<(usize, f32)> {
        let n = (STEP * WINDOW) as f32;
        let power = self.energy.iter().sum::<f32>() / n;
        if power < self.min_power {
            return None;
        }
        self.bands.iter().enumerate().find_map(|(i, band)| {
            let turn = band.past.windows(2).fold(Complex::default(), |sum, w| match w {
                [a, b] => sum.plus(b.times(a.conj())),
                _ => sum,
            });
            let advance = turn.angle();
            let per_step = core::f32::consts::TAU * STEP as f32 / SAMPLE_RATE as f32;
            let hz = band.middle + wrap(advance - wrap(per_step * band.middle)) / per_step;
            let sum = band
                .past
                .iter()
                .enumerate()
                .fold(Complex::default(), |sum, (k, c)| sum.plus(c.times(Complex::unit(-advance * k as f32))));
            // A tone away from the middle turns within a step and correlates less there.
            let x = core::f32::consts::PI * (hz - band.middle) * STEP as f32 / SAMPLE_RATE as f32;
            let loss = if x.abs() < 1e-3 { 1.0 } else { libm::sinf(x) / x };
            let share = 2.0 * sum.power() / (n * n * power * (loss * loss).max(0.1));
            (share >= MIN_SHARE && (hz - band.middle).abs() <= band.half).then_some((i, hz))
        })
    }

    fn follow(&mut self, heard: Option<(usize, f32)>) -> Option<SitKind> {
        match heard {
            Some((band, hz)) if band == self.stage => {
                // A pause within a tone: what came before was not it.
                if self.gap > 1 {
                    if let Some(tone) = self.tones.get_mut(band) {
                        *tone = Tone::default();
                    }
                    if band > 0 {
                        self.restart();
                        return None;
                    }
                }
                self.add(band, hz);
            }
            Some((band, hz)) if band == self.stage + 1 && self.complete(self.stage) => {
                self.stage = band;
                self.add(band, hz);
            }
            Some((0, hz)) => {
                self.restart();
                self.add(0, hz);
            }
            Some(_) => self.restart(),
            None => {
                self.gap += 1;
                if self.gap * STEP_MS > LONGEST_GAP + BLUR {
                    self.restart();
                }
            }
        }
        let third = self.tones.get(2).copied().unwrap_or_default();
        if !self.told && third.ms() >= SHORTEST {
            self.told = true;
            return Some(self.kind());
        }
        None
    }

    fn add(&mut self, band: usize, hz: f32) {
        self.gap = 0;
        if let Some(tone) = self.tones.get_mut(band) {
            tone.steps += 1;
            tone.hz_sum += hz;
        }
    }

    fn complete(&self, stage: usize) -> bool {
        self.tones.get(stage).is_some_and(|t| (SHORTEST..=LONGEST).contains(&t.ms()))
    }

    fn restart(&mut self) {
        self.tones = [Tone::default(); 3];
        self.stage = 0;
        self.gap = 0;
        self.told = false;
    }

    /// The kind, by the North American precise tone plan.
    fn kind(&self) -> SitKind {
        let [first, second, _] = self.tones;
        if !self.precise {
            return SitKind::Unknown;
        }
        let high = [first.hz() > SPLIT[0], second.hz() > SPLIT[1]];
        // The length of the first tone follows from the rest, and its beginning is often cut off: the switch sends the
        // tones while the last digit's echo still sounds.
        match (high, second.ms() > LONG) {
            ([false, false], false) => SitKind::Intercept,
            ([true, false], false) => SitKind::VacantCode,
            ([false, true] | [true, false], true) => SitKind::Reorder,
            ([true, true] | [false, false], true) => SitKind::NoCircuit,
            ([false, true], false) => SitKind::Ineffective,
            _ => SitKind::Unknown,
        }
    }

    pub(super) fn reset(&mut self) {
        self.restart();
        self.fill = 0;
        self.energy = [0.0; WINDOW];
        for band in &mut self.bands {
            band.past = [Complex::default(); WINDOW];
        }
    }
}
