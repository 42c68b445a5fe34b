//! A model of a telephone line: what happens to a signal between the one end and the other.
//!
//! A [`LineModel`] is made from plain [`Settings`] in which everything is off, and then changes samples in place. It serves
//! the tests of the receivers and the emulated exchange. Everything random comes from the seed: the same settings do the
//! same to the same samples, on every machine and with blocks of any size.
//!
//! The impairments come in the order in which a call meets them:
//!
//! 1. clocks that differ, slips and interruptions of the transmission system,
//! 2. offset of all frequencies (carrier systems),
//! 3. loss, tilt, twist and band limits of the cable,
//! 4. echoes: of the signal itself, and of what our side sends ([`LineModel::process_duplex`]),
//! 5. hum, noise, impulses and direct current,
//! 6. clipping,
//! 7. codecs: G.711, then G.726.
//!
//! Levels are in dBm0 and measured over 0 to 4000 Hz (see [`crate::level`]).

pub mod g726;
mod shape;

use crate::{SAMPLE_RATE, g711, level};
use core::f64::consts::TAU;
use shape::{Delay, Shape, Shifter, Store};

/// What a line does. [`Settings::default`] is a line that changes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Settings {
    /// Start of everything random. Any value.
    pub seed: u64,
    /// Loss at all frequencies, in dB: 0 to 60; negative is gain.
    pub loss_db: f32,
    /// Gain at 3400 Hz less the gain at 1000 Hz, in dB; the slope is even in dB per octave over all frequencies (1.77 octaves
    /// lie between the two) and the gain at 1000 Hz stays. -20 to 10; an unloaded cable of 5 km has about -8.
    pub tilt_db: f32,
    /// Gain above the gap between the two groups of DTMF (941 to 1209 Hz) less the gain below it, in dB: half of it is added
    /// above and half taken below. -20 to 20.
    pub twist_db: f32,
    /// Band limits as of a channel bank, 300 to 3400 Hz: 3 dB down there, 25 dB and more below 150 and above 3800 Hz.
    pub channel_bank: bool,
    /// Added to all frequencies, in Hz: -50 to 50. Delays by 8 ms. Below 150 Hz a part of a signal goes the other way.
    pub frequency_offset_hz: f32,
    /// A sender's clock that differs from ours.
    pub clock: Option<Clock>,
    /// Jumps of an elastic store.
    pub slips: Option<Slips>,
    /// Pieces of silence.
    pub interruptions: Option<Interruptions>,
    /// The signal itself once more (listener echo).
    pub echo: Option<Echo>,
    /// What our side sends, come back (talker echo); for [`LineModel::process_duplex`] only.
    pub talker_echo: Option<Echo>,
    /// White noise of this level, in dBm0. See [`noise_at_snr`].
    pub noise_dbm0: Option<f32>,
    /// Hum of the mains.
    pub hum: Option<Hum>,
    /// Clicks.
    pub impulses: Option<Impulses>,
    /// Direct current, in sample values: -32768 to 32767.
    pub dc: f32,
    /// Level in dBm0 of the largest sine that passes unclipped. At most [`level::FULL_SCALE`].
    pub clip_dbm0: Option<f32>,
    /// Companding.
    pub law: Option<Law>,
    /// Adaptive differential PCM behind it. With a `law` the signal is companded once more at the end, as in a network.
    pub adpcm: Option<g726::Rate>,
}

/// Two clocks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clock {
    /// By how much the sender's clock is faster than ours, in parts per million: -50 000 to 50 000 (5 %). All frequencies
    /// and rates rise by as much.
    pub ppm: f32,
    /// Length of the elastic store, in ms: 1 to 10 000. When the difference has added up to this, the whole store is
    /// dropped or repeated (a slip). With a faster sender the store is full at first and delays by its length.
    pub store_ms: u16,
}

/// Slips: a store that repeats samples and, the next time, leaves as many out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slips {
    /// Mean number a second (at random moments): 0 to 100.
    pub per_second: f32,
    /// Samples of a slip: 1 for a slip of a digital trunk, 80 or 160 for a packet; at most 8000.
    pub samples: u16,
}

/// Short losses of the signal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interruptions {
    /// Mean number a second (at random moments): 0 to 100.
    pub per_second: f32,
    /// Length of each, in ms: 0 to 1000.
    pub ms: f32,
}

/// A delayed copy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Echo {
    /// Delay, in ms: 0.125 to 1000.
    pub delay_ms: f32,
    /// By how much it is weaker, in dB: 0 to 60.
    pub loss_db: f32,
}

/// Hum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hum {
    /// Frequency of the mains, in Hz.
    pub hz: f32,
    /// Level of the whole, in dBm0.
    pub dbm0: f32,
    /// Number of partials, 1 to 32: 1 is a sine; the n-th has 1/n of the amplitude of the first.
    pub partials: u8,
}

/// Impulse noise, as of switches and of dial pulses on other pairs: oscillations of 300 to 3000 Hz that die away in a
/// millisecond or two.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Impulses {
    /// Mean number a second (at random moments): 0 to 1000.
    pub per_second: f32,
    /// Level of the sine that has the same peak, in dBm0.
    pub dbm0: f32,
}

/// Companding laws of ITU-T G.711.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Law {
    /// mu-law.
    Mu,
    /// A-law.
    A,
}

impl Law {
    fn pass(self, sample: i16) -> i16 {
        match self {
            Self::Mu => g711::ulaw_decode(g711::ulaw_encode(sample)),
            Self::A => g711::alaw_decode(g711::alaw_encode(sample)),
        }
    }
}

/// The level of white noise that gives a signal of `signal_dbm0` this ratio of signal power to noise power (both over 0
/// to 4000 Hz), in dBm0.
pub fn noise_at_snr(signal_dbm0: f32, snr_db: f32) -> f32 {
    signal_dbm0 - snr_db
}

/// Reproducible random numbers (xorshift, seeded by splitmix).
#[derive(Clone, Debug)]
struct Random {
    state: u64,
    /// The second of two Gaussian numbers.
    spare: Option<f32>,
}

impl Random {
    fn new(seed: u64, stream: u64) -> Self {
        let mut z = seed.wrapping_add(stream.wrapping_mul(0x9E37_79B9_7F4A_7C15)).wrapping_add(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Self { state: (z ^ (z >> 31)) | 1, spare: None }
    }

    /// Uniform, 0 to 1 (neither of them).
    fn uniform(&mut self) -> f32 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        ((self.state >> 41) as f32 + 0.5) / 8_388_608.0
    }

    /// Gaussian, standard deviation 1 (Box and Muller).
    fn gauss(&mut self) -> f32 {
        if let Some(x) = self.spare.take() {
            return x;
        }
        let radius = libm::sqrtf(-2.0 * libm::logf(self.uniform()));
        let (sin, cos) = libm::sincosf(core::f32::consts::TAU * self.uniform());
        self.spare = Some(radius * sin);
        radius * cos
    }

    /// Samples until the next of events that come `per_second` times a second on average (a Poisson process).
    fn wait(&mut self, per_second: f32) -> u64 {
        if per_second <= 0.0 {
            return u64::MAX;
        }
        // The cast saturates; not a number becomes 0, and the next draw is finite.
        ((-libm::logf(self.uniform()) / per_second * SAMPLE_RATE as f32) as u64).max(1)
    }
}

/// Random moments.
#[derive(Clone, Debug)]
struct Moments {
    random: Random,
    per_second: f32,
    left: u64,
}

impl Moments {
    fn new(seed: u64, stream: u64, per_second: f32) -> Self {
        let mut random = Random::new(seed, stream);
        let left = random.wait(per_second);
        Self { random, per_second, left }
    }

    /// Whether now is one.
    fn step(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        if self.left > 0 {
            return false;
        }
        self.left = self.random.wait(self.per_second);
        true
    }
}

/// A telephone line, for one direction of a call.
#[derive(Clone, Debug)]
pub struct LineModel {
    clock: Option<Store>,
    slips: Option<(Store, Moments, f64)>,
    interruptions: Option<(Moments, u32)>,
    /// Samples of the present interruption that are left.
    silent: u32,
    shifter: Option<Shifter>,
    shape: Option<Shape>,
    gain: f32,
    echo: Option<(Delay, f32)>,
    talker_echo: Option<(Delay, f32)>,
    noise: Option<(Random, f32)>,
    hum: Option<HumSource>,
    impulses: Option<ImpulseSource>,
    dc: f32,
    clip: f32,
    law: Option<Law>,
    adpcm: Option<g726::Codec>,
}

impl LineModel {
    /// A line at rest. Settings out of range are brought into it. Only this allocates: up to about 100 kB, by what is on.
    pub fn new(settings: &Settings) -> Self {
        let s = settings;
        let samples = |ms: f32| (ms.clamp(0.0, 10_000.0) * SAMPLE_RATE as f32 / 1000.0 + 0.5) as usize;
        let echo = |e: Echo| (Delay::new(samples(e.delay_ms)), amplitude(-e.loss_db));
        Self {
            clock: s.clock.map(|c| Store::new(-f64::from(c.ppm) * 1e-6, samples(f32::from(c.store_ms)))),
            slips: s.slips.map(|x| {
                let jump = f64::from(x.samples.clamp(1, 8000));
                (Store::new(0.0, jump as usize), Moments::new(s.seed, 1, x.per_second), jump)
            }),
            interruptions: s
                .interruptions
                .map(|x| (Moments::new(s.seed, 2, x.per_second), samples(x.ms.clamp(0.0, 1000.0)) as u32)),
            silent: 0,
            shifter: (s.frequency_offset_hz != 0.0).then(|| Shifter::new(f64::from(s.frequency_offset_hz))),
            shape: (s.tilt_db != 0.0 || s.twist_db != 0.0 || s.channel_bank)
                .then(|| Shape::new(|hz| response_db(s, hz))),
            gain: amplitude(-s.loss_db),
            echo: s.echo.map(echo),
            talker_echo: s.talker_echo.map(echo),
            noise: s.noise_dbm0.map(|l| (Random::new(s.seed, 3), libm::sqrtf(level::mean_square(l)))),
            hum: s.hum.map(HumSource::new),
            impulses: s.impulses.map(|x| ImpulseSource::new(s.seed, x)),
            dc: s.dc.clamp(-32768.0, 32767.0),
            clip: s.clip_dbm0.map_or(32768.0, |l| level::peak(l).min(32768.0)),
            law: s.law,
            adpcm: s.adpcm.map(g726::Codec::new),
        }
    }

    /// Passes samples on, in place: any number at a time.
    pub fn process(&mut self, samples: &mut [i16]) {
        for s in samples {
            *s = self.step(*s, 0);
        }
    }

    /// Passes on what comes from the far end, in place, while our side sends `sent`, which comes back as the echo
    /// [`Settings::talker_echo`]. Where `sent` is shorter, silence is sent.
    pub fn process_duplex(&mut self, received: &mut [i16], sent: &[i16]) {
        for (i, s) in received.iter_mut().enumerate() {
            *s = self.step(*s, sent.get(i).copied().unwrap_or(0));
        }
    }

    fn step(&mut self, sample: i16, sent: i16) -> i16 {
        let mut x = f32::from(sample);
        if let Some(store) = &mut self.clock {
            x = store.step(x);
        }
        if let Some((store, moments, jump)) = &mut self.slips {
            if moments.step() {
                // Back, and the next time forward.
                store.jump(-*jump);
                *jump = -*jump;
            }
            x = store.step(x);
        }
        if let Some((moments, length)) = &mut self.interruptions {
            if moments.step() {
                self.silent = *length;
            }
            if self.silent > 0 {
                self.silent -= 1;
                x = 0.0;
            }
        }
        if let Some(shifter) = &mut self.shifter {
            x = shifter.step(x);
        }
        x *= self.gain;
        if let Some(shape) = &mut self.shape {
            x = shape.step(x);
        }
        if let Some((delay, gain)) = &mut self.echo {
            x += delay.step(x) * *gain;
        }
        if let Some((delay, gain)) = &mut self.talker_echo {
            x += delay.step(f32::from(sent)) * *gain;
        }
        if let Some(hum) = &mut self.hum {
            x += hum.step();
        }
        if let Some((random, sigma)) = &mut self.noise {
            x += random.gauss() * *sigma;
        }
        if let Some(impulses) = &mut self.impulses {
            x += impulses.step();
        }
        let mut out = level::sample((x + self.dc).clamp(-self.clip, self.clip));
        if let Some(law) = self.law {
            out = law.pass(out);
        }
        if let Some(codec) = &mut self.adpcm {
            out = codec.pass(out);
            if let Some(law) = self.law {
                out = law.pass(out);
            }
        }
        out
    }
}

/// A factor of amplitude.
fn amplitude(db: f32) -> f32 {
    libm::powf(10.0, db.clamp(-200.0, 60.0) / 20.0)
}

/// The gain at a frequency, loss aside.
fn response_db(s: &Settings, hz: f64) -> f64 {
    let mut db = 0.0;
    if s.tilt_db != 0.0 {
        // Even in dB per octave down to 50 Hz, flat below.
        db += f64::from(s.tilt_db.clamp(-20.0, 10.0)) * libm::log2(hz.max(50.0) / 1000.0) / libm::log2(3.4);
    }
    if s.twist_db != 0.0 {
        // A smooth step between the groups.
        let place = ((hz - 941.0) / (1209.0 - 941.0)).clamp(0.0, 1.0);
        db += f64::from(s.twist_db.clamp(-20.0, 20.0)) * (place * place * (3.0 - 2.0 * place) - 0.5);
    }
    if s.channel_bank {
        // Butterworth flanks of high order.
        db -= 10.0 * libm::log10(1.0 + libm::pow(300.0 / hz.max(30.0), 10.0));
        db -= 10.0 * libm::log10(1.0 + libm::pow(hz / 3400.0, 60.0));
    }
    db
}

/// Hum: a sum of sines, kept as rotating phasors of full precision.
#[derive(Clone, Debug)]
struct HumSource {
    phase: f64,
    step: f64,
    partials: u8,
    amplitude: f32,
}

impl HumSource {
    fn new(hum: Hum) -> Self {
        let partials = hum.partials.clamp(1, 32);
        let power: f32 = (1..=partials).map(|n| 1.0 / (f32::from(n) * f32::from(n))).sum();
        Self {
            phase: 0.0,
            step: f64::from(hum.hz) / f64::from(SAMPLE_RATE),
            partials,
            amplitude: level::peak(hum.dbm0) / libm::sqrtf(power),
        }
    }

    fn step(&mut self) -> f32 {
        // sin(n x) by the recurrence of Chebyshev.
        let x = TAU * self.phase;
        self.phase += self.step;
        self.phase -= libm::floor(self.phase);
        let (s, c) = (libm::sin(x), libm::cos(x));
        let (mut before, mut now, mut sum) = (0.0, s, 0.0);
        for n in 1..=self.partials {
            sum += now / f64::from(n);
            (before, now) = (now, 2.0 * c * now - before);
        }
        sum as f32 * self.amplitude
    }
}

/// Impulses: one damped oscillation at a time.
#[derive(Clone, Debug)]
struct ImpulseSource {
    moments: Moments,
    random: Random,
    peak: f32,
    /// The present one: y[n] = k1 y[n-1] + k2 y[n-2].
    k: [f32; 2],
    y: [f32; 2],
}

impl ImpulseSource {
    fn new(seed: u64, impulses: Impulses) -> Self {
        Self {
            moments: Moments::new(seed, 4, impulses.per_second),
            random: Random::new(seed, 5),
            peak: level::peak(impulses.dbm0),
            k: [0.0; 2],
            y: [0.0; 2],
        }
    }

    fn step(&mut self) -> f32 {
        if self.moments.step() {
            let w = core::f32::consts::TAU * (300.0 + 2700.0 * self.random.uniform()) / SAMPLE_RATE as f32;
            // A time constant of 0.3 to 1.2 ms.
            let r = libm::expf(-1.0 / (SAMPLE_RATE as f32 * (0.0003 + 0.0009 * self.random.uniform())));
            let sign = if self.random.uniform() < 0.5 { -1.0 } else { 1.0 };
            self.k = [2.0 * r * libm::cosf(w), -r * r];
            // It begins at its peak, as a cosine does.
            self.y = [sign * self.peak, sign * self.peak * libm::cosf(w) / r];
            return sign * self.peak;
        }
        let [a, b] = self.y;
        let y = self.k[0] * a + self.k[1] * b;
        // Far below a sample's step it is over.
        self.y = if y.abs() + a.abs() < 0.01 { [0.0; 2] } else { [y, a] };
        self.y[0]
    }
}

#[cfg(test)]
mod tests;
