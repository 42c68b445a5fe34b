//! What a picture shows of the sound, in a bounded number of columns.
//!
//! As a recording goes on, columns are merged by twos and get twice as wide, so that memory does not depend on its
//! length.

use crate::signal::level;
use std::f32::consts::TAU;

/// What a column holds of the sound.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Part {
    pub(super) lowest: i16,
    pub(super) highest: i16,
    /// Mean square of its samples.
    pub(super) power: f32,
}

/// The shape of the sound.
#[derive(Debug)]
pub(super) struct Envelope {
    columns: Vec<Part>,
    /// Samples of a column.
    width: usize,
    /// Samples of the last column.
    filled: usize,
}

impl Envelope {
    /// Most columns.
    const MOST: usize = 4_096;

    pub(super) fn new() -> Self {
        Self { columns: Vec::with_capacity(Self::MOST + 1), width: 1, filled: 1 }
    }

    pub(super) fn hear(&mut self, samples: &[i16]) {
        for &sample in samples {
            if self.filled == self.width {
                if self.columns.len() == Self::MOST {
                    self.columns = self.columns.chunks(2).map(whole).collect();
                    self.width *= 2;
                }
                self.filled = 0;
                self.columns.push(Part { lowest: sample, highest: sample, power: 0.0 });
            }
            self.filled += 1;
            if let Some(part) = self.columns.last_mut() {
                (part.lowest, part.highest) = (sample.min(part.lowest), sample.max(part.highest));
                part.power += (f32::from(sample) * f32::from(sample) - part.power) / self.filled as f32;
            }
        }
    }

    /// What is in each of `count` equal parts of the first `samples` samples.
    pub(super) fn parts(&self, count: usize, samples: u64) -> impl Iterator<Item = Part> + '_ {
        // In columns, of which the last may be cut.
        let length = samples as f64 / self.width as f64;
        (0..count).map(move |part| {
            let from = (part as f64 * length / count as f64) as usize;
            let to = ((part + 1) as f64 * length / count as f64).ceil() as usize;
            whole(self.columns.get(from..to.min(self.columns.len())).unwrap_or_default())
        })
    }

    /// How many parts can be told apart.
    pub(super) fn len(&self) -> usize {
        self.columns.len()
    }
}

/// Several columns as one; no columns are silence.
fn whole(columns: &[Part]) -> Part {
    let mut whole = columns.first().copied().unwrap_or_default();
    for part in columns {
        whole.lowest = whole.lowest.min(part.lowest);
        whole.highest = whole.highest.max(part.highest);
    }
    whole.power = columns.iter().map(|part| part.power).sum::<f32>() / columns.len().max(1) as f32;
    whole
}

/// Samples of a spectrum: 31.25 Hz between its lines.
const WINDOW: usize = 256;
/// Lines of a spectrum, from 0 to just below 4 kHz.
pub(super) const LINES: usize = WINDOW / 2;
/// Samples from one spectrum to the next: at first, and at most.
const HOP: (usize, usize) = (40, 160);

/// The greatest level of each frequency in each column, in dBm0.
#[derive(Debug)]
pub(super) struct Spectrogram {
    /// Levels, [`LINES`] for each column.
    levels: Vec<[f32; LINES]>,
    /// Samples of a column.
    width: usize,
    hop: usize,
    /// The last samples; before the beginning is silence.
    recent: Vec<f32>,
    /// Number of the sample that the next spectrum is taken around, and of those heard.
    next: u64,
    heard: u64,
    transform: Transform,
}

impl Spectrogram {
    /// Most columns.
    const MOST: usize = 1_200;
    /// Level of nothing, in dBm0.
    const NOTHING: f32 = -120.0;

    pub(super) fn new() -> Self {
        Self {
            levels: Vec::new(),
            width: HOP.0,
            hop: HOP.0,
            recent: vec![0.0; WINDOW / 2],
            next: 0,
            heard: 0,
            transform: Transform::new(),
        }
    }

    pub(super) fn hear(&mut self, samples: &[i16]) {
        self.heard += samples.len() as u64;
        self.recent.extend(samples.iter().map(|s| f32::from(*s)));
        self.take();
    }

    /// The columns up to the end, as if silence followed.
    pub(super) fn columns(&self) -> Vec<[f32; LINES]> {
        let mut whole = Self {
            levels: self.levels.clone(),
            recent: self.recent.clone(),
            transform: self.transform.clone(),
            ..*self
        };
        whole.recent.resize(whole.recent.len() + WINDOW / 2, 0.0);
        whole.take();
        whole.levels
    }

    /// Where the last column ends, in samples.
    pub(super) fn end(columns: usize, width: usize) -> u64 {
        (columns * width) as u64
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    fn take(&mut self) {
        let mut from = 0;
        while let Some(window) = self.recent.get(from..from + WINDOW).filter(|_| self.next < self.heard) {
            let levels = self.transform.levels(window);
            let mut column = (self.next / self.width as u64) as usize;
            if column >= Self::MOST {
                self.levels = self.levels.chunks(2).map(loudest).collect();
                self.width *= 2;
                self.hop = (self.width / 2).clamp(HOP.0, HOP.1);
                column = (self.next / self.width as u64) as usize;
            }
            self.levels.resize((column + 1).max(self.levels.len()), [Self::NOTHING; LINES]);
            if let Some(column) = self.levels.get_mut(column) {
                *column = loudest(&[*column, levels]);
            }
            self.next += self.hop as u64;
            from += self.hop;
        }
        // A hop may reach beyond what is there: never by more than there was looked at.
        let old = from.min(self.recent.len());
        self.recent.drain(..old);
    }
}

fn loudest(columns: &[[f32; LINES]]) -> [f32; LINES] {
    let mut loudest = [Spectrogram::NOTHING; LINES];
    for column in columns {
        loudest.iter_mut().zip(column).for_each(|(a, b)| *a = a.max(*b));
    }
    loudest
}

/// Fourier transform of a Hann window.
#[derive(Clone, Debug)]
struct Transform {
    window: Vec<f32>,
    /// Cosine and sine of the fractions of a turn.
    turns: Vec<(f32, f32)>,
}

impl Transform {
    fn new() -> Self {
        let turn = |n: usize| n as f32 / WINDOW as f32 * TAU;
        Self {
            window: (0..WINDOW).map(|n| 0.5 - 0.5 * turn(n).cos()).collect(),
            turns: (0..WINDOW / 2).map(|n| (turn(n).cos(), -turn(n).sin())).collect(),
        }
    }

    /// The level of each line, in dBm0, of a sine that is on it.
    fn levels(&self, samples: &[f32]) -> [f32; LINES] {
        // Radix 2, in bit-reversed order.
        let mut x = [(0.0f32, 0.0f32); WINDOW];
        for (n, (sample, weight)) in samples.iter().zip(&self.window).enumerate() {
            let reversed = n.reverse_bits() >> (usize::BITS - WINDOW.trailing_zeros());
            x[reversed].0 = sample * weight;
        }
        let mut half = 1;
        while half < WINDOW {
            for block in x.chunks_exact_mut(2 * half) {
                let (lower, upper) = block.split_at_mut(half);
                for (k, (a, b)) in lower.iter_mut().zip(upper).enumerate() {
                    let (c, s) = self.turns[k * (WINDOW / 2 / half)];
                    let turned = (b.0 * c - b.1 * s, b.0 * s + b.1 * c);
                    *b = (a.0 - turned.0, a.1 - turned.1);
                    *a = (a.0 + turned.0, a.1 + turned.1);
                }
            }
            half *= 2;
        }
        // A sine of amplitude A gives A/2 on its line, and the window takes another half.
        let scale = 4.0 / WINDOW as f32;
        std::array::from_fn(|n| {
            let amplitude = (x[n].0 * x[n].0 + x[n].1 * x[n].1).sqrt() * scale;
            level::dbm0(amplitude * amplitude / 2.0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hz: f32, dbm0: f32, count: usize) -> Vec<i16> {
        let peak = level::peak(dbm0);
        (0..count).map(|n| (peak * (TAU * hz * n as f32 / 8_000.0).sin()) as i16).collect()
    }

    #[test]
    fn an_envelope_of_any_length() {
        for count in [0usize, 1, 5, 4_096, 4_097, 100_000, 1_000_003] {
            let mut envelope = Envelope::new();
            for n in 0..count {
                // A single click in the middle.
                envelope.hear(&[if n == count / 2 { 9_000 } else { (n % 7) as i16 - 3 }]);
            }
            assert!(envelope.columns.len() <= Envelope::MOST);
            let parts: Vec<_> = envelope.parts(100, count as u64).collect();
            assert_eq!(parts.len(), 100);
            if count > 1_000 {
                let click = parts.iter().position(|p| p.highest == 9_000).expect("the click is there");
                assert!((49..=50).contains(&click), "{count}: {click}");
                // -3 to 3 in turn.
                assert!((parts[10].power - 4.0).abs() < 0.2, "{count}: {}", parts[10].power);
                assert!(parts.iter().all(|p| p.lowest == -3 && [3, 9_000].contains(&p.highest)), "{count}: {parts:?}");
            }
        }
    }

    #[test]
    fn a_sine_has_its_level_on_its_line() {
        let levels =
            Transform::new().levels(&sine(1_000.0, -10.0, WINDOW).iter().map(|s| f32::from(*s)).collect::<Vec<_>>());
        assert!((levels[32] + 10.0).abs() < 0.1, "{}", levels[32]);
        assert!(levels.iter().enumerate().all(|(n, l)| n.abs_diff(32) < 3 || *l < -60.0));
    }

    #[test]
    fn a_spectrogram_of_any_length() {
        for seconds in [1usize, 7, 60, 400] {
            let mut spectrogram = Spectrogram::new();
            let count = seconds * 8_000;
            let (silence, tone) = (vec![0; count / 2], sine(2_000.0, -20.0, count / 2));
            for piece in silence.chunks(160).chain(tone.chunks(160)) {
                spectrogram.hear(piece);
            }
            let columns = spectrogram.columns();
            assert!(columns.len() <= Spectrogram::MOST && spectrogram.recent.len() < 1_000);
            let end = Spectrogram::end(columns.len(), spectrogram.width());
            assert!(end >= count as u64 && end - (count as u64) < 2 * spectrogram.width() as u64, "{end} {count}");
            let at = |share: f32| columns[(columns.len() as f32 * share) as usize][64];
            assert!(at(0.25) < -100.0 && (at(0.75) + 20.0).abs() < 0.2, "{seconds}: {} {}", at(0.25), at(0.75));
        }
    }
}
