//! Music once more, from instruments that are no sums of partials: plucked strings as delay lines, frequency modulation,
//! the square waves of games and ringing tones, whistles that slide, drums, and a room around them. What is fitted to one
//! kind of music shows here.

use crate::source::{RATE, Random, peak};
use std::f64::consts::TAU;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Plucked,
    /// Frequency modulation: ratio of the modulator, its depth, seconds to fall.
    Modulated {
        ratio: f64,
        depth: f64,
        fall: f64,
    },
    /// Square wave: share of its period that is high.
    Square(f64),
    /// Two sines a little apart, as of an organ stop.
    Beating(f64),
    /// A sine that slides to its pitch and sways.
    Whistle,
    Drum,
}

const KINDS: [Kind; 10] = [
    Kind::Plucked,
    Kind::Plucked,
    Kind::Modulated { ratio: 1.0, depth: 1.5, fall: 0.3 },
    Kind::Modulated { ratio: 14.0, depth: 0.6, fall: 0.1 },
    Kind::Modulated { ratio: 1.41, depth: 2.5, fall: 0.6 },
    Kind::Modulated { ratio: 2.0, depth: 0.5, fall: 0.8 },
    Kind::Square(0.5),
    Kind::Square(0.25),
    Kind::Beating(4.0),
    Kind::Whistle,
];

struct Voice {
    kind: Kind,
    hz: f64,
    gain: f64,
    age: usize,
    length: usize,
    phase: f64,
    other: f64,
    /// Samples until it begins.
    wait: usize,
    /// The string.
    line: Vec<f64>,
    low: f64,
}

impl Voice {
    fn step(&mut self, r: &mut Random) -> f64 {
        let t = self.age as f64 / RATE;
        let left = (self.length - self.age) as f64 / RATE;
        self.age += 1;
        let turn = |phase: &mut f64, hz: f64| {
            *phase += hz / RATE;
            *phase -= phase.floor();
            *phase
        };
        let fade = (left / 0.01).min(1.0);
        let x = match self.kind {
            Kind::Plucked => {
                let n = self.line.len();
                let at = self.age % n;
                let out = self.line[at];
                self.low = 0.5 * (out + self.line[(at + 1) % n]);
                self.line[at] = self.low * 0.995;
                out * 1.5
            }
            Kind::Modulated { ratio, depth, fall } => {
                let modulator = libm::sin(TAU * turn(&mut self.other, self.hz * ratio));
                let depth = depth * libm::exp(-t / fall);
                let envelope = (t / 0.004).min(1.0) * libm::exp(-t / (fall * 2.0));
                envelope * libm::sin(TAU * turn(&mut self.phase, self.hz) + depth * modulator)
            }
            Kind::Square(high) => {
                let p = turn(&mut self.phase, self.hz);
                // Corners as wide as a sample, so that little is folded back.
                let edge = |x: f64| (x * RATE / self.hz / 1.5).clamp(-1.0, 1.0);
                let (a, b) = (p.min(1.0 - p), (p - high).abs());
                if p < high { edge(a.min(b)) } else { -edge(a.min(b)) }
            }
            Kind::Beating(apart) => {
                let a = libm::sin(TAU * turn(&mut self.phase, self.hz));
                let b = libm::sin(TAU * turn(&mut self.other, self.hz + apart));
                (t / 0.02).min(1.0) * (a + 0.6 * b) * 0.8
            }
            Kind::Whistle => {
                let slide = 1.0 - 0.04 * libm::exp(-t / 0.03) + 0.008 * libm::sin(TAU * 5.5 * t);
                (t / 0.025).min(1.0) * 1.2 * libm::sin(TAU * turn(&mut self.phase, self.hz * slide))
            }
            Kind::Drum => {
                let skin = libm::sin(TAU * turn(&mut self.phase, self.hz * (1.0 + libm::exp(-t / 0.02))));
                self.low += 0.6 * (r.gauss() - self.low);
                1.5 * libm::exp(-t / 0.05) * (0.7 * skin + 0.4 * self.low)
            }
        };
        x * self.gain * fade
    }
}

pub(crate) struct Orchestra {
    r: Random,
    voices: Vec<Voice>,
    piece: usize,
    beat: usize,
    step: usize,
    tempo: f64,
    /// Frequency of the key note.
    key: f64,
    lead: Kind,
    backing: Kind,
    drums: bool,
    manner: usize,
    tone: i32,
    level: f64,
    /// Lines of the room, their places, and what comes back.
    room: [Vec<f64>; 3],
    at: usize,
    echo: f64,
}

const SCALES: [[i32; 7]; 3] = [[0, 2, 4, 5, 7, 9, 11], [0, 2, 3, 5, 7, 8, 10], [0, 2, 3, 5, 7, 9, 10]];

impl Orchestra {
    pub(crate) fn new(seed: u64, dbm0: f64) -> Self {
        let mut o = Self {
            r: Random::new(seed ^ 0x0C4E_5712),
            voices: Vec::new(),
            piece: 0,
            beat: 0,
            step: 0,
            tempo: 0.2,
            key: 262.0,
            lead: Kind::Plucked,
            backing: Kind::Plucked,
            drums: false,
            manner: 0,
            tone: 0,
            level: dbm0,
            room: [233, 307, 401].map(|n| vec![0.0; n]),
            at: 0,
            echo: 0.0,
        };
        o.compose();
        o
    }

    fn compose(&mut self) {
        let r = &mut self.r;
        self.piece = (r.range(6.0, 15.0) * RATE) as usize;
        self.tempo = r.range(0.06, 0.4);
        self.key = r.range(180.0, 420.0);
        self.lead = r.pick(&KINDS);
        self.backing = r.pick(&KINDS);
        self.drums = r.chance(0.4);
        self.manner = r.below(12);
        self.echo = if r.chance(0.5) { r.range(0.1, 0.6) } else { 0.0 };
        self.voices.clear();
    }

    fn play(&mut self, kind: Kind, degree: i32, octave: i32, gain: f64, seconds: f64, wait: usize) {
        if self.voices.len() >= 14 {
            return;
        }
        let scale = SCALES[self.manner % 3];
        let semitone = 12 * (octave + degree.div_euclid(7)) + scale[degree.rem_euclid(7) as usize];
        let hz = match kind {
            Kind::Drum => self.r.range(60.0, 250.0),
            _ => (self.key * libm::exp2(f64::from(semitone) / 12.0)).min(3000.0),
        };
        let n = if kind == Kind::Plucked { (RATE / hz).max(2.0) as usize } else { 0 };
        let line = (0..n).map(|_| self.r.range(-1.0, 1.0)).collect();
        self.voices.push(Voice {
            kind,
            hz,
            gain: gain * peak(self.level),
            age: 0,
            length: (seconds * RATE) as usize + 1,
            phase: self.r.uniform(),
            other: self.r.uniform(),
            wait,
            line,
            low: 0.0,
        });
    }

    fn on_beat(&mut self) {
        self.beat = (self.tempo * RATE) as usize;
        self.step += 1;
        let (step, tempo, lead, backing) = (self.step, self.tempo, self.lead, self.backing);
        self.tone = (self.tone + self.r.below(7) as i32 - 3).clamp(-5, 14);
        let (tone, root) = (self.tone, [0, 3, 4, 0, 5, 1][(step / 8) % 6]);
        if self.drums && (step.is_multiple_of(2) || self.r.chance(0.3)) {
            self.play(Kind::Drum, 0, 0, 0.8, 0.15, 0);
        }
        match self.manner / 3 {
            // A strummed chord, and a melody over it.
            0 => {
                if step % 4 == 1 {
                    let late = self.r.below(160);
                    for (i, n) in [0, 2, 4, 7].into_iter().enumerate() {
                        self.play(backing, root + n, -1, 0.35, tempo * 4.0, i * late);
                    }
                }
                self.play(lead, tone, 0, 0.6, tempo * 1.1, 0);
            }
            // Fast arpeggios of two voices, as of a ringing tone.
            1 => {
                let n = root + [0, 2, 4, 7][step % 4];
                self.play(lead, n, 1, 0.55, tempo, 0);
                let other = n + self.r.below(6) as i32;
                self.play(lead, other, 2, 0.45, tempo, 0);
            }
            // Two melodies, each in a time of its own.
            2 => {
                let length = tempo * self.r.range(0.5, 1.5);
                self.play(lead, tone, 1, 0.6, length, 0);
                let wait = self.r.below(self.beat);
                if !step.is_multiple_of(3) {
                    self.play(backing, 7 - tone, 1, 0.5, tempo * 1.4, wait);
                }
            }
            // A pad with one high note.
            _ => {
                if step % 8 == 1 {
                    for n in [0, 2, 4, 6] {
                        self.play(backing, root + n, 0, 0.35, tempo * 8.0, 0);
                    }
                }
                if self.r.chance(0.6) {
                    self.play(lead, tone, 1, 0.6, tempo * 0.9, 0);
                }
            }
        }
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
            for v in &mut self.voices {
                if v.wait > 0 {
                    v.wait -= 1;
                } else {
                    sum += v.step(&mut self.r);
                }
            }
            self.voices.retain(|v| v.age < v.length);
            self.at += 1;
            let mut back = 0.0;
            for line in &mut self.room {
                let i = self.at % line.len();
                back += line[i];
                line[i] = sum + 0.75 * line[i];
            }
            *s = (sum + self.echo * back / 3.0) as i16;
        }
    }
}
