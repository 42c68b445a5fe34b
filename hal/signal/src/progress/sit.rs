//! Special information tone: three tones that rise, each about a third of a second (ITU-T E.180: 950, 1400, 1800 Hz).
//!
//! Where the North American precise tone plan holds, the frequencies and lengths of the first two tones tell
//! why the call failed. So both are measured, every 10 ms.

use super::HOP_MS;
use super::high::HighTone;
use crate::SitKind;

/// Lowest and highest frequency of the three tones, in Hz.
const BANDS: [(f32, f32); 3] = [(870.0, 1035.0), (1320.0, 1490.0), (1690.0, 1900.0)];
/// A tone shorter or longer than this is not part of the signal, in ms. E.180: 330 +- 70; North America: 276 and 380.
const SHORTEST: u32 = 190;
const LONGEST: u32 = 470;
/// Longest pause between two tones, in ms (E.180: 30).
const LONGEST_GAP: u32 = 70;
/// Longest dropout within a tone, in ms.
const DROPOUT: u32 = 20;
/// Tones longer than this are long in the North American plan, in ms (276 and 380).
const LONG: u32 = 326;
/// Frequencies between the North American low and high tones, in Hz (913.8 and 985.2, 1370.6 and 1428.5).
const SPLIT: [f32; 2] = [949.5, 1399.5];
/// The filling of the window makes a tone seem this much shorter than it is, in ms.
const BLUR: u32 = 8;

/// One tone of the three, as measured.
#[derive(Clone, Copy, Debug, Default)]
struct Tone {
    hops: u32,
    hz_sum: f32,
}

impl Tone {
    const fn ms(self) -> u32 {
        self.hops * HOP_MS + BLUR
    }

    fn hz(self) -> f32 {
        self.hz_sum / self.hops.max(1) as f32
    }
}

/// Finds special information tones.
#[derive(Clone, Debug)]
pub(super) struct Sit {
    /// Whether the North American plan holds.
    precise: bool,
    tones: [Tone; 3],
    stage: usize,
    gap_ms: u32,
    told: bool,
}

impl Sit {
    pub(super) fn new(precise: bool) -> Self {
        Self { precise, tones: [Tone::default(); 3], stage: 0, gap_ms: 0, told: false }
    }

    /// Takes what sounds above the low band; answers when a special information tone is recognised, once for each.
    pub(super) fn step(&mut self, heard: Option<HighTone>) -> Option<SitKind> {
        let heard = match heard {
            Some(HighTone::Single(hz)) => {
                BANDS.iter().position(|(low, high)| (*low..*high).contains(&hz)).map(|band| (band, hz))
            }
            _ => None,
        };
        if heard.is_none() && self.tones[0].hops == 0 {
            return None;
        }
        self.follow(heard);
        if !self.told && self.tones[2].ms() >= SHORTEST {
            self.told = true;
            return Some(self.kind());
        }
        None
    }

    fn follow(&mut self, heard: Option<(usize, f32)>) {
        match heard {
            Some((band, hz)) if band == self.stage => {
                // A pause within a tone: what came before was not it.
                if self.gap_ms > DROPOUT {
                    if band > 0 {
                        self.restart();
                        return;
                    }
                    self.tones[0] = Tone::default();
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
                self.gap_ms += HOP_MS;
                if self.gap_ms > LONGEST_GAP {
                    self.restart();
                }
            }
        }
    }

    fn add(&mut self, band: usize, hz: f32) {
        self.gap_ms = 0;
        if let Some(tone) = self.tones.get_mut(band) {
            tone.hops += 1;
            tone.hz_sum += hz;
        }
    }

    fn complete(&self, stage: usize) -> bool {
        self.tones.get(stage).is_some_and(|t| (SHORTEST..=LONGEST).contains(&t.ms()))
    }

    fn restart(&mut self) {
        *self = Self::new(self.precise);
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
    }
}
