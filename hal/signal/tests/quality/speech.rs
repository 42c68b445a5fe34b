//! Speech without speakers: a formant synthesizer that babbles in sentences.
//!
//! Every speaker has a pitch, a vocal tract length, a voice quality and a pace. Sentences have phrases, phrases have words,
//! words have syllables of consonants and vowels; pitch falls through a phrase and rises with accents; loudness follows
//! stress. Voiced sounds are glottal pulses (with jitter, shimmer and breath) through four formants that glide from sound to
//! sound; fricatives and bursts are noise through their own resonances. What it says means nothing.

use crate::source::{RATE, Random, Resonator, ms};

/// How a sound is made.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Vowel,
    Nasal,
    Glide,
    /// Noise; voiced or not.
    Fricative,
    /// Closure, burst, aspiration; voiced or not.
    Stop,
}

/// A sound: its formants for an average man, the noise's centre and width, and its length.
#[derive(Clone, Copy)]
struct Sound {
    manner: Manner,
    voiced: bool,
    formants: [f64; 3],
    noise: (f64, f64),
    /// Length in ms and gain.
    ms: f64,
    gain: f32,
}

const fn vowel(f1: f64, f2: f64, f3: f64, ms: f64) -> Sound {
    Sound { manner: Manner::Vowel, voiced: true, formants: [f1, f2, f3], noise: (0.0, 0.0), ms, gain: 1.0 }
}

const fn consonant(manner: Manner, voiced: bool, formants: [f64; 3], noise: (f64, f64), ms: f64, gain: f32) -> Sound {
    Sound { manner, voiced, formants, noise, ms, gain }
}

/// Vowels of several languages.
static VOWELS: [Sound; 16] = [
    vowel(270.0, 2290.0, 3010.0, 110.0),
    vowel(390.0, 1990.0, 2550.0, 80.0),
    vowel(530.0, 1840.0, 2480.0, 90.0),
    vowel(660.0, 1720.0, 2410.0, 120.0),
    vowel(730.0, 1090.0, 2440.0, 120.0),
    vowel(570.0, 840.0, 2410.0, 120.0),
    vowel(440.0, 1020.0, 2240.0, 80.0),
    vowel(300.0, 870.0, 2240.0, 110.0),
    vowel(640.0, 1190.0, 2390.0, 80.0),
    vowel(490.0, 1350.0, 1690.0, 110.0),
    vowel(500.0, 1500.0, 2500.0, 55.0),
    vowel(280.0, 1750.0, 2150.0, 100.0),
    vowel(380.0, 1500.0, 2200.0, 100.0),
    vowel(750.0, 1300.0, 2500.0, 130.0),
    vowel(400.0, 2100.0, 2700.0, 120.0),
    vowel(420.0, 800.0, 2500.0, 120.0),
];

static CONSONANTS: [Sound; 22] = [
    consonant(Manner::Nasal, true, [280.0, 1000.0, 2200.0], (0.0, 0.0), 70.0, 0.45),
    consonant(Manner::Nasal, true, [280.0, 1500.0, 2500.0], (0.0, 0.0), 65.0, 0.45),
    consonant(Manner::Nasal, true, [280.0, 2000.0, 2700.0], (0.0, 0.0), 75.0, 0.4),
    consonant(Manner::Glide, true, [350.0, 1100.0, 2700.0], (0.0, 0.0), 65.0, 0.6),
    consonant(Manner::Glide, true, [320.0, 1200.0, 1600.0], (0.0, 0.0), 65.0, 0.6),
    consonant(Manner::Glide, true, [280.0, 2200.0, 3000.0], (0.0, 0.0), 55.0, 0.6),
    consonant(Manner::Glide, true, [290.0, 650.0, 2200.0], (0.0, 0.0), 55.0, 0.6),
    consonant(Manner::Fricative, false, [300.0, 1700.0, 2600.0], (3700.0, 700.0), 100.0, 0.35),
    consonant(Manner::Fricative, true, [300.0, 1700.0, 2600.0], (3700.0, 700.0), 70.0, 0.3),
    consonant(Manner::Fricative, false, [300.0, 1800.0, 2500.0], (2600.0, 600.0), 105.0, 0.4),
    consonant(Manner::Fricative, true, [300.0, 1800.0, 2500.0], (2600.0, 600.0), 70.0, 0.35),
    consonant(Manner::Fricative, false, [300.0, 1100.0, 2200.0], (1800.0, 2600.0), 85.0, 0.15),
    consonant(Manner::Fricative, true, [300.0, 1100.0, 2200.0], (1800.0, 2600.0), 60.0, 0.25),
    consonant(Manner::Fricative, false, [500.0, 1500.0, 2500.0], (1500.0, 900.0), 70.0, 0.2),
    consonant(Manner::Fricative, false, [400.0, 1400.0, 2400.0], (1300.0, 350.0), 85.0, 0.35),
    consonant(Manner::Stop, false, [350.0, 900.0, 2200.0], (900.0, 1200.0), 90.0, 0.5),
    consonant(Manner::Stop, true, [250.0, 900.0, 2200.0], (700.0, 1200.0), 75.0, 0.4),
    consonant(Manner::Stop, false, [350.0, 1750.0, 2600.0], (3300.0, 1500.0), 85.0, 0.6),
    consonant(Manner::Stop, true, [250.0, 1750.0, 2600.0], (3000.0, 1500.0), 70.0, 0.4),
    consonant(Manner::Stop, false, [350.0, 1900.0, 2300.0], (1900.0, 500.0), 95.0, 0.6),
    consonant(Manner::Stop, true, [250.0, 1900.0, 2300.0], (1700.0, 500.0), 75.0, 0.4),
    consonant(Manner::Stop, false, [350.0, 1800.0, 2500.0], (2600.0, 800.0), 120.0, 0.6),
];

/// Who speaks.
struct Speaker {
    /// Mean pitch in Hz, and how lively it is.
    pitch: f64,
    lively: f64,
    /// Formants relative to an average man's.
    tract: f64,
    /// Bandwidths relative to ordinary ones.
    damping: f64,
    breath: f32,
    /// How little of the pulses' edges is heard, 0.3 to 1.
    softness: f32,
    /// Likewise of the telephone, from one that is dull to one that lifts the high frequencies.
    telephone: f32,
    jitter: f64,
    shimmer: f32,
    /// Lengths relative to ordinary ones.
    pace: f64,
    /// Share of a period in which the glottis is open.
    open: f64,
    /// Seconds of pause between sentences.
    pause: f64,
}

impl Speaker {
    fn new(r: &mut Random) -> Self {
        let (pitch, tract) = match r.below(5) {
            0 | 1 => (r.range(80.0, 150.0), r.range(0.92, 1.05)),
            2 | 3 => (r.range(160.0, 260.0), r.range(1.08, 1.22)),
            _ => (r.range(230.0, 360.0), r.range(1.2, 1.4)),
        };
        Self {
            pitch,
            lively: r.range(0.05, 0.35),
            tract,
            damping: r.range(0.5, 1.3),
            breath: r.range(0.005, 0.08) as f32,
            softness: r.range(0.25, 0.8) as f32,
            telephone: r.range(0.2, 0.9) as f32,
            jitter: r.range(0.002, 0.015),
            shimmer: r.range(0.02, 0.1) as f32,
            pace: r.range(0.75, 1.35),
            open: r.range(0.45, 0.75),
            pause: r.range(0.2, 1.2),
        }
    }
}

/// What is said next.
enum Step {
    Say { sound: Sound, stress: f64, long: f64 },
    Pause(f64),
}

/// An endless speaker; every half minute or so another one takes over.
pub(crate) struct Speech {
    r: Random,
    speaker: Speaker,
    /// Samples until another speaker comes.
    turn: usize,
    /// The rest of the sentence, last first.
    plan: Vec<Step>,
    /// How much of the phrase is said, 0 to 1 a phrase.
    phrase: f64,
    phrase_step: f64,
    /// The present sound.
    sound: Option<(Sound, usize, usize, f32)>,
    quiet: usize,
    /// Glide of the formants and of the loudness.
    formants: [f64; 4],
    voice_gain: f32,
    noise_gain: f32,
    aspiration: f32,
    pitch: f64,
    accent: f64,
    /// Position in the glottal cycle.
    cycle: f64,
    cycle_step: f64,
    cycle_gain: f32,
    last_flow: f32,
    tract: [Resonator; 4],
    front: [Resonator; 2],
    /// The microphone and the line: tilt of the voice, the ends of the band.
    soft: [f32; 2],
    dc: [f32; 2],
    air: Resonator,
    /// Mean power while it speaks, and the power wanted.
    energy: f32,
    target: f32,
    gain: f32,
}

impl Speech {
    /// Speaks at a mean level of `dbm0` while it speaks.
    pub(crate) fn new(seed: u64, dbm0: f64) -> Self {
        let mut voice = Self::at_rest(seed, dbm0);
        // The level settles on half a minute that nobody hears; then the same sentences begin anew.
        voice.fill(&mut vec![0; 30 * 8000]);
        Self { energy: voice.energy, gain: voice.gain, ..Self::at_rest(seed, dbm0) }
    }

    fn at_rest(seed: u64, dbm0: f64) -> Self {
        let mut r = Random::new(seed ^ 0x0005_EEC4);
        let speaker = Speaker::new(&mut r);
        let mut tract = [Resonator::default(); 4];
        for (t, hz) in tract.iter_mut().zip([500.0, 1500.0, 2500.0, 3400.0]) {
            t.tune(hz, 100.0);
        }
        let mut front = [Resonator::default(); 2];
        for f in &mut front {
            f.tune_to_peak(2000.0, 1000.0);
        }
        let mut air = Resonator::default();
        air.tune(1500.0, 2600.0);
        Self {
            turn: (r.range(15.0, 45.0) * RATE) as usize,
            pitch: speaker.pitch,
            r,
            speaker,
            plan: Vec::new(),
            phrase: 0.0,
            phrase_step: 0.0,
            sound: None,
            quiet: 0,
            formants: [500.0, 1500.0, 2500.0, 3400.0],
            voice_gain: 0.0,
            noise_gain: 0.0,
            aspiration: 0.0,
            accent: 0.0,
            cycle: 0.0,
            cycle_step: 0.01,
            cycle_gain: 1.0,
            last_flow: 0.0,
            tract,
            front,
            soft: [0.0; 2],
            dc: [0.0; 2],
            air,
            energy: 0.02,
            target: (crate::source::peak(dbm0) * crate::source::peak(dbm0) / 2.0) as f32,
            gain: 1000.0,
        }
    }

    /// A sentence, last sound first.
    fn compose(&mut self) {
        let r = &mut self.r;
        let mut steps = Vec::new();
        for phrase in 0..1 + r.below(3) {
            if phrase > 0 {
                steps.push(Step::Pause(r.range(0.08, 0.4)));
            }
            let words = 1 + r.below(6);
            for word in 0..words {
                let syllables = 1 + r.below(3);
                let accented = r.below(syllables);
                for syllable in 0..syllables {
                    let stress = if syllable == accented { r.range(0.7, 1.0) } else { r.range(0.3, 0.7) };
                    let last = word + 1 == words && syllable + 1 == syllables;
                    let long = if last { r.range(1.3, 2.2) } else { r.range(0.8, 1.2) };
                    let mut say = |sound: Sound, long: f64| {
                        steps.push(Step::Say { sound, stress, long: long * (0.7 + 0.4 * stress) })
                    };
                    if r.chance(0.85) {
                        say(r.pick(&CONSONANTS), 1.0);
                        if r.chance(0.12) {
                            say(r.pick(&CONSONANTS[3..7]), 0.8);
                        }
                    }
                    say(r.pick(&VOWELS), long);
                    if r.chance(0.25) {
                        say(r.pick(&VOWELS), long * 0.7);
                    }
                    if r.chance(0.4) {
                        say(r.pick(&CONSONANTS), 0.9);
                    }
                }
            }
        }
        // Now and then a drawn-out "er", where a speaker thinks.
        if r.chance(0.1) {
            let sound = r.pick(&VOWELS[8..13]);
            steps.push(Step::Say { sound, stress: 0.5, long: r.range(3.0, 8.0) });
        }
        let n = steps.len();
        steps.push(Step::Pause(self.speaker.pause * r.range(0.4, 2.0)));
        steps.reverse();
        self.plan = steps;
        self.phrase = 0.0;
        self.phrase_step = 1.0 / n as f64;
    }

    fn next_step(&mut self) {
        if self.plan.is_empty() {
            if self.turn == 0 {
                self.turn = (self.r.range(15.0, 45.0) * RATE) as usize;
                self.speaker = Speaker::new(&mut self.r);
                self.pitch = self.speaker.pitch;
            }
            self.compose();
        }
        self.phrase += self.phrase_step;
        match self.plan.pop() {
            Some(Step::Pause(seconds)) => {
                self.sound = None;
                self.quiet = (seconds * RATE) as usize + 1;
            }
            Some(Step::Say { sound, stress, long }) => {
                let length = ms(sound.ms * long * self.speaker.pace * self.r.range(0.85, 1.15)).max(160);
                self.accent = stress * self.speaker.lively * self.r.range(0.3, 1.5);
                self.sound = Some((sound, 0, length, (0.35 + 0.65 * stress) as f32));
            }
            None => {}
        }
    }

    /// Every 5 ms: moves everything that moves towards its goal.
    fn control(&mut self) {
        let (mut voice, mut noise, mut breath) = (0.0, 0.0, 0.0);
        let mut speed = 0.25;
        if let Some((sound, at, length, loud)) = self.sound {
            let place = at as f64 / length as f64;
            let tract = self.speaker.tract;
            match sound.manner {
                Manner::Vowel | Manner::Nasal | Manner::Glide => voice = sound.gain * loud,
                Manner::Fricative => {
                    noise = sound.gain * loud;
                    voice = if sound.voiced { 0.35 * loud } else { 0.0 };
                }
                Manner::Stop => {
                    // Closure, then the burst, then a breath.
                    if place < 0.6 {
                        voice = if sound.voiced { 0.12 * loud } else { 0.0 };
                        speed = 0.6;
                    } else if place < 0.75 {
                        noise = sound.gain * loud;
                        speed = 0.9;
                    } else {
                        breath = if sound.voiced { 0.0 } else { 0.3 * loud };
                        voice = if sound.voiced { 0.6 * loud } else { 0.0 };
                    }
                }
            }
            let goals = [
                sound.formants[0],
                sound.formants[1],
                sound.formants[2],
                3400.0 / tract.max(1.0),
                3800.0 / tract.max(1.0),
            ];
            for (i, (f, goal)) in self.formants.iter_mut().zip(goals).enumerate() {
                let goal = (goal * tract).min(if i < 3 { 3100.0 } else { 3600.0 });
                *f += (goal - *f) * if i < 3 { 0.18 } else { 0.1 };
            }
            if sound.noise.0 > 0.0 {
                let (hz, width) = sound.noise;
                let hz = (hz * (0.85 + 0.15 * tract)).min(3700.0);
                self.front[0].tune_to_peak(hz, width);
                self.front[1].tune_to_peak(hz * 0.8, width * 1.8);
            }
        } else {
            speed = 0.12;
        }
        self.voice_gain += (voice - self.voice_gain) * speed;
        self.noise_gain += (noise - self.noise_gain) * if noise > self.noise_gain { 0.6 } else { 0.3 };
        self.aspiration += (breath - self.aspiration) * 0.4;
        let damping = self.speaker.damping;
        for ((t, f), width) in self.tract.iter_mut().zip(self.formants).zip([70.0, 90.0, 180.0, 600.0]) {
            t.tune(f, width * damping);
        }
        // The level follows slowly what is spoken, as people do.
        self.gain = libm::sqrtf(self.target / self.energy);
        // Pitch falls through the phrase, rises with the accent and wanders a little.
        let goal = self.speaker.pitch * (1.12 - 0.25 * self.phrase + self.accent) * (1.0 + 0.01 * self.r.gauss());
        self.pitch += (goal - self.pitch) * 0.12;
    }

    fn source(&mut self) -> f32 {
        self.cycle += self.cycle_step;
        if self.cycle >= 1.0 {
            self.cycle -= 1.0;
            self.cycle_step = (self.pitch / RATE * (1.0 + self.speaker.jitter * self.r.gauss())).clamp(0.002, 0.08);
            self.cycle_gain = 1.0 + self.speaker.shimmer * self.r.gauss() as f32;
        }
        // Flow after Rosenberg: it opens slowly and shuts fast; the lips make the derivative of it.
        let open = self.speaker.open;
        let (rise, fall) = (open * 0.67, open * 0.33);
        let c = self.cycle;
        let flow = if c < rise {
            let x = c / rise;
            x * x * (3.0 - 2.0 * x)
        } else if c < open {
            let x = (c - rise) / fall;
            1.0 - x * x
        } else {
            0.0
        } as f32;
        let out = (flow - self.last_flow) * self.cycle_gain;
        self.last_flow = flow;
        out
    }

    /// The next samples.
    pub(crate) fn fill(&mut self, out: &mut [i16]) {
        for (i, s) in out.iter_mut().enumerate() {
            self.turn = self.turn.saturating_sub(1);
            match &mut self.sound {
                Some((_, at, length, _)) if *at < *length => *at += 1,
                Some(_) => self.next_step(),
                None if self.quiet > 0 => self.quiet -= 1,
                None => self.next_step(),
            }
            if i % 40 == 0 {
                self.control();
            }
            if self.sound.is_none() && self.voice_gain < 1e-4 && self.noise_gain < 1e-4 {
                *s = 0;
                continue;
            }
            let hiss = {
                let b = self.r.bits();
                ((b & 0xFFFF_FFFF) as f32 + (b >> 32) as f32) / 4_294_967_296.0 - 1.0
            };
            let pulse = self.source();
            self.soft[0] += (pulse - self.soft[0]) * self.speaker.softness;
            self.soft[1] += (self.soft[0] - self.soft[1]) * self.speaker.telephone;
            let x = self.soft[1] * self.voice_gain
                + hiss * (self.speaker.breath * self.voice_gain + self.aspiration) * 0.05;
            let mut y = x;
            for t in &mut self.tract {
                y = t.step(y);
            }
            let n = hiss * self.noise_gain;
            y += self.front[0].step(n) * 0.1 - self.front[1].step(n) * 0.04;
            y = self.air.step(y);
            // Nothing passes below 200 Hz.
            for low in &mut self.dc {
                *low += (y - *low) * 0.12;
                y -= *low;
            }
            if self.sound.is_some() {
                // Two seconds.
                self.energy += (y * y - self.energy) * (1.0 / 16_000.0);
            }
            *s = (y * self.gain) as i16;
        }
    }
}

/// Vowel-like sound without end: pulse trains of a steady or gliding pitch through steady or gliding formants, some with
/// resonances so sharp that single harmonics stand out.
pub(crate) struct Vowels {
    r: Random,
    left: usize,
    age: usize,
    length: usize,
    pitch: (f64, f64),
    from: [f64; 4],
    to: [f64; 4],
    widths: [f64; 4],
    vibrato: f64,
    cycle: f64,
    tract: [Resonator; 4],
    gain: f32,
    energy: f32,
    target: f32,
    sharp: bool,
}

impl Vowels {
    pub(crate) fn new(seed: u64, dbm0: f64) -> Self {
        Self::made(seed, dbm0, false)
    }

    /// Two formants alone, both where digits have their tones, and as sharp as tones themselves.
    pub(crate) fn sharp(seed: u64, dbm0: f64) -> Self {
        Self::made(seed, dbm0, true)
    }

    fn made(seed: u64, dbm0: f64, sharp: bool) -> Self {
        let mut v = Self {
            sharp,
            r: Random::new(seed ^ 0xA0_E1),
            left: 0,
            age: 0,
            length: 1,
            pitch: (100.0, 100.0),
            from: [500.0, 1500.0, 2500.0, 3500.0],
            to: [500.0, 1500.0, 2500.0, 3500.0],
            widths: [60.0; 4],
            vibrato: 0.0,
            cycle: 0.0,
            tract: [Resonator::default(); 4],
            gain: 1.0,
            energy: 1.0,
            target: (crate::source::peak(dbm0) / std::f64::consts::SQRT_2) as f32,
        };
        v.next();
        v
    }

    fn formants(r: &mut Random, sharp: bool) -> [f64; 4] {
        if sharp {
            [r.range(640.0, 1000.0), r.range(1150.0, 1700.0), 0.0, 0.0]
        } else if r.chance(0.5) {
            let v = r.pick(&VOWELS).formants;
            let tract = r.range(0.9, 1.35);
            [v[0] * tract, v[1] * tract, v[2] * tract, 3400.0]
        } else {
            [r.range(250.0, 1000.0), r.range(800.0, 2400.0), r.range(1700.0, 3200.0), r.range(3000.0, 3800.0)]
        }
    }

    fn next(&mut self) {
        let r = &mut self.r;
        self.length = ms(r.range(80.0, 700.0));
        self.left = self.length + if r.chance(0.3) { ms(r.range(20.0, 200.0)) } else { 0 };
        self.age = 0;
        let pitch = r.range(70.0, 420.0);
        self.pitch = (pitch, if r.chance(0.5) { pitch } else { pitch * r.range(0.7, 1.4) });
        self.from = Self::formants(r, self.sharp);
        self.to = if r.chance(0.5) { self.from } else { Self::formants(r, self.sharp) };
        let sharp = if self.sharp { r.range(0.1, 0.8) } else { r.range(0.2, 1.2) };
        self.widths = [60.0 * sharp, 80.0 * sharp, 120.0 * sharp, 180.0 * sharp];
        self.vibrato = if r.chance(0.2) { r.range(0.0, 0.02) } else { 0.0 };
    }

    pub(crate) fn fill(&mut self, out: &mut [i16]) {
        for (i, s) in out.iter_mut().enumerate() {
            if self.left == 0 {
                self.next();
            }
            self.left -= 1;
            self.age += 1;
            let place = (self.age as f64 / self.length as f64).min(1.0);
            if i % 40 == 0 {
                for (k, t) in self.tract.iter_mut().enumerate() {
                    let hz = (self.from[k] + (self.to[k] - self.from[k]) * place).min(3850.0);
                    if self.sharp { t.tune_to_peak(hz, self.widths[k]) } else { t.tune(hz, self.widths[k]) }
                }
                self.gain = self.target / libm::sqrtf(self.energy.max(1e-9));
            }
            let wave = 1.0 + self.vibrato * libm::sin(self.age as f64 / 8000.0 * 35.0);
            self.cycle += (self.pitch.0 + (self.pitch.1 - self.pitch.0) * place) * wave / RATE;
            let mut x = 0.0;
            if self.cycle >= 1.0 {
                self.cycle -= 1.0;
                x = 1.0;
            }
            if self.age > self.length {
                x = 0.0;
            }
            let mut y = x;
            if self.sharp {
                y = self.tract[0].step(x) + self.tract[1].step(x);
            } else {
                for t in &mut self.tract {
                    y = t.step(y);
                }
            }
            self.energy += (y * y - self.energy) * 0.002;
            *s = (y * self.gain) as i16;
        }
    }
}
