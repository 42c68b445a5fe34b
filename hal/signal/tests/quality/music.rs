//! Music: melodies, chords and arpeggios by additive synthesis, with several instruments.

use crate::source::{RATE, Random, peak};
use std::f64::consts::TAU;

/// How an instrument sounds.
#[derive(Clone, Copy)]
struct Timbre {
    /// Amplitudes of the partials.
    partials: [f32; 8],
    /// Seconds to rise, and to fall to 1/e; 0 sustains.
    rise: f64,
    fall: f64,
    /// Depth of the vibrato.
    vibrato: f64,
    /// By how much the partials are stretched, as those of strings and bells.
    stretch: f64,
}

static TIMBRES: [Timbre; 8] = [
    // A sine, as of a flute or a toy.
    Timbre { partials: [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], rise: 0.005, fall: 0.0, vibrato: 0.0, stretch: 0.0 },
    Timbre {
        partials: [1.0, 0.25, 0.08, 0.02, 0.0, 0.0, 0.0, 0.0],
        rise: 0.04,
        fall: 0.0,
        vibrato: 0.006,
        stretch: 0.0,
    },
    // Plucked and struck strings.
    Timbre {
        partials: [1.0, 0.6, 0.4, 0.3, 0.2, 0.12, 0.08, 0.05],
        rise: 0.002,
        fall: 0.4,
        vibrato: 0.0,
        stretch: 0.0005,
    },
    Timbre {
        partials: [1.0, 0.8, 0.5, 0.45, 0.3, 0.25, 0.2, 0.15],
        rise: 0.002,
        fall: 0.8,
        vibrato: 0.0,
        stretch: 0.0003,
    },
    // Bowed strings, a reed, an organ.
    Timbre { partials: [1.0, 0.7, 0.6, 0.5, 0.35, 0.3, 0.25, 0.2], rise: 0.06, fall: 0.0, vibrato: 0.01, stretch: 0.0 },
    Timbre {
        partials: [1.0, 0.05, 0.6, 0.05, 0.4, 0.05, 0.25, 0.05],
        rise: 0.03,
        fall: 0.0,
        vibrato: 0.003,
        stretch: 0.0,
    },
    Timbre { partials: [1.0, 0.9, 0.1, 0.7, 0.0, 0.1, 0.0, 0.5], rise: 0.01, fall: 0.0, vibrato: 0.0, stretch: 0.0 },
    // A bell.
    Timbre {
        partials: [1.0, 0.6, 0.5, 0.25, 0.2, 0.15, 0.1, 0.0],
        rise: 0.001,
        fall: 0.5,
        vibrato: 0.0,
        stretch: 0.08,
    },
];

struct Note {
    /// Phases and steps of the partials, in turns.
    phase: [f32; 8],
    step: [f32; 8],
    timbre: Timbre,
    gain: f32,
    age: usize,
    length: usize,
}

/// Pieces without end: key, tempo, instruments and manner change every quarter of a minute.
pub(crate) struct Music {
    r: Random,
    notes: Vec<Note>,
    /// Samples until the next beat and the next piece.
    beat: usize,
    piece: usize,
    tempo: f64,
    key: f64,
    minor: bool,
    manner: usize,
    lead: Timbre,
    backing: Timbre,
    tone: f64,
    step: usize,
    table: Vec<f32>,
    level: f64,
    /// Two high voices alone.
    duet: bool,
}

const MAJOR: [i32; 7] = [0, 2, 4, 5, 7, 9, 11];
const MINOR: [i32; 7] = [0, 2, 3, 5, 7, 8, 10];

impl Music {
    pub(crate) fn new(seed: u64, dbm0: f64) -> Self {
        Self::made(seed, dbm0, false)
    }

    /// Two voices alone, so high that their fundamentals lie among the tones of digits: flutes, toys, door chimes.
    pub(crate) fn duet(seed: u64, dbm0: f64) -> Self {
        Self::made(seed, dbm0, true)
    }

    fn made(seed: u64, dbm0: f64, duet: bool) -> Self {
        let mut m = Self {
            r: Random::new(seed ^ 0x3051C),
            notes: Vec::new(),
            beat: 0,
            piece: 0,
            tempo: 0.3,
            key: 0.0,
            minor: false,
            manner: 0,
            lead: TIMBRES[0],
            backing: TIMBRES[2],
            tone: 0.0,
            step: 0,
            table: (0..=1024).map(|i| libm::sin(TAU * f64::from(i) / 1024.0) as f32).collect(),
            level: dbm0,
            duet,
        };
        m.compose();
        m
    }

    fn compose(&mut self) {
        let r = &mut self.r;
        self.piece = (r.range(8.0, 20.0) * RATE) as usize;
        self.tempo = r.range(0.09, 0.45);
        // Pitch of the key note, and a band that is not quite in tune.
        self.key = r.range(0.0, 12.0).floor() + r.range(-0.3, 0.3);
        self.minor = r.chance(0.4);
        self.manner = r.below(5);
        self.lead = if self.duet { r.pick(&TIMBRES[..3]) } else { r.pick(&TIMBRES) };
        self.backing = r.pick(&TIMBRES);
        self.notes.clear();
    }

    /// Frequency of a degree of the scale; 0 is the key note near 262 Hz.
    fn hz(&self, degree: i32) -> f64 {
        let scale = if self.minor { MINOR } else { MAJOR };
        let semitone = 12 * degree.div_euclid(7) + scale[degree.rem_euclid(7) as usize];
        261.63 * libm::exp2((f64::from(semitone) + self.key) / 12.0)
    }

    fn play(&mut self, degree: i32, timbre: Timbre, gain: f64, seconds: f64) {
        let hz = self.hz(degree);
        let norm: f32 = timbre.partials.iter().map(|p| p * p).sum();
        let mut note = Note {
            phase: [0.0; 8],
            step: [0.0; 8],
            timbre,
            gain: (peak(self.level) * gain) as f32 / norm.sqrt(),
            age: 0,
            length: (seconds * RATE) as usize,
        };
        for n in 0..8 {
            let order = (n + 1) as f64;
            let f = hz * order * (1.0 + timbre.stretch * (order - 1.0) * order / 2.0);
            note.phase[n] = self.r.uniform() as f32;
            // Above the band there is nothing.
            note.step[n] = if f < 3800.0 { (f / RATE) as f32 } else { 0.0 };
        }
        if self.notes.len() < 12 {
            self.notes.push(note);
        }
    }

    fn on_beat(&mut self) {
        self.step += 1;
        let step = self.step;
        let move_ = self.r.range(-2.5, 2.5);
        self.tone = (self.tone + move_).clamp(-7.0, 17.0);
        let degree = libm::round(self.tone) as i32;
        let (lead, backing, tempo) = (self.lead, self.backing, self.tempo);
        let root = [0, 3, 4, 5, 1, 4][(step / 8) % 6];
        if self.duet {
            // The lower voice between 550 and 1000 Hz, the upper one between 1150 and 1700 Hz.
            let low = 8 + (degree.rem_euclid(7));
            let high = 15 + self.r.below(5) as i32;
            let length = tempo * self.r.range(0.4, 1.1);
            let weight = self.r.range(0.4, 0.8);
            self.play(low, lead, weight, length);
            self.play(high, lead, 0.6, length);
            self.beat = (tempo * RATE) as usize;
            return;
        }
        match self.manner {
            // A melody alone.
            0 => {
                let length = tempo * self.r.range(0.5, 1.1);
                self.play(degree, lead, 0.9, length);
            }
            // Arpeggio.
            1 => {
                let note = root + [0, 2, 4, 7, 9, 7, 4, 2][step % 8];
                self.play(note, lead, 0.8, tempo * 1.2);
            }
            // Chords.
            2 => {
                if step % 4 == 1 {
                    for n in [0, 2, 4] {
                        self.play(root + n, backing, 0.5, tempo * 3.9);
                    }
                }
            }
            // Melody in thirds and sixths, over a bass.
            3 => {
                self.play(degree, lead, 0.6, tempo);
                let other = degree + if step.is_multiple_of(3) { 5 } else { 2 };
                self.play(other, lead, 0.5, tempo);
                if step % 2 == 1 {
                    self.play(root - 14, backing, 0.4, tempo * 2.0);
                }
            }
            // Everybody.
            _ => {
                self.play(degree + 7, lead, 0.6, tempo);
                if step % 2 == 1 {
                    for n in [-7, 0, 2, 4] {
                        self.play(root + n, backing, 0.3, tempo * 1.9);
                    }
                }
            }
        }
        self.beat = (tempo * RATE) as usize;
    }

    pub(crate) fn fill(&mut self, out: &mut [i16]) {
        for s in out.iter_mut() {
            if self.piece == 0 {
                self.compose();
                self.beat = 0;
            }
            self.piece -= 1;
            if self.beat == 0 {
                self.on_beat();
            }
            self.beat -= 1;
            let mut sum = 0.0;
            for note in &mut self.notes {
                let t = note.age as f32 / RATE as f32;
                let left = (note.length - note.age) as f32 / RATE as f32;
                let mut envelope = note.gain * (t / note.timbre.rise as f32).min(1.0) * (left / 0.02).min(1.0);
                if note.timbre.fall > 0.0 {
                    envelope *= 1.0 / (1.0 + t / note.timbre.fall as f32 * (1.0 + t / note.timbre.fall as f32));
                }
                // A triangle of 5 Hz.
                let wave = 1.0 - 4.0 * ((t * 5.0).fract() - 0.5).abs();
                let bend = 1.0 + note.timbre.vibrato as f32 * wave;
                for ((p, d), a) in note.phase.iter_mut().zip(note.step).zip(note.timbre.partials) {
                    if d > 0.0 && a > 0.0 {
                        *p += d * bend;
                        *p -= if *p >= 1.0 { 1.0 } else { 0.0 };
                        let x = *p * 1024.0;
                        let k = (x as usize).min(1023);
                        let v = self.table[k] + (self.table[k + 1] - self.table[k]) * (x - k as f32);
                        sum += a * envelope * v;
                    }
                }
                note.age += 1;
            }
            self.notes.retain(|n| n.age < n.length);
            *s = sum as i16;
        }
    }
}
