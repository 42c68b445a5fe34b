//! What an off-hook modem hears on its line.

use crate::exchange::subscriber::STEP;
use arrayvec::ArrayVec;
use loopstart_signal::country::Country;
use loopstart_signal::{DigitEdge, ProgressTone, SAMPLE_RATE, dtmf, level, progress};

/// Something heard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Heard {
    /// A call-progress tone was recognised. Ringback is told again at each burst.
    Tone(ProgressTone),
    /// A digit began or ended.
    Digit { symbol: u8, edge: DigitEdge },
    /// A voice.
    Voice,
    /// A modem or fax machine.
    Modem(ModemTone),
}

/// Steady tones of modems and fax machines (ITU-T V.25, T.30).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ModemTone {
    /// 2100 Hz: a fax machine or modem answers.
    Answer,
    /// 2225 Hz: a Bell modem answers.
    DataAnswer,
    /// 1100 Hz: a fax machine calls.
    FaxCalling,
    /// 1300 Hz: a modem calls.
    DataCalling,
}

/// All that was heard in one step. What exceeds it is forgotten; a step cannot hold as much.
pub(super) type Events = ArrayVec<Heard, 16>;

/// Sound above this level is a burst of a tone, in dBm0.
const BURST_DBM0: f32 = -45.0;
/// Quiet after which sound is a new burst of ringback: longer than the gaps within a double burst.
const BURST_GAP_STEPS: u32 = 200;
/// Sound that is a burst of ringback: longer than a digit, no longer than the shortest national burst (400 ms).
const BURST_STEPS: u32 = 76;

/// Listens.
#[derive(Debug)]
pub(super) struct Monitor {
    digits: dtmf::Receiver,
    progress: progress::Detector,
    modem_tones: [Single; 4],
    power: f32,
    filled: usize,
    tone: Option<ProgressTone>,
    level: f32,
    quiet_steps: u32,
    /// Steps of unbroken sound after a long quiet.
    burst_steps: Option<u32>,
}

impl Monitor {
    pub(super) fn new(country: &'static Country) -> Self {
        Self {
            digits: dtmf::Receiver::new(),
            progress: progress::Detector::new(country),
            modem_tones: [
                Single::new(2100.0, ModemTone::Answer),
                Single::new(2225.0, ModemTone::DataAnswer),
                Single::new(1100.0, ModemTone::FaxCalling),
                Single::new(1300.0, ModemTone::DataCalling),
            ],
            power: 0.0,
            filled: 0,
            tone: None,
            level: f32::NEG_INFINITY,
            quiet_steps: 0,
            burst_steps: None,
        }
    }

    /// Forgets what was heard, at the beginning of a call.
    pub(super) fn reset(&mut self) {
        self.digits.reset();
        self.progress.reset();
        for single in &mut self.modem_tones {
            single.reset();
        }
        (self.power, self.filled, self.tone) = (0.0, 0, None);
        (self.quiet_steps, self.burst_steps) = (0, None);
    }

    /// The tone that is on the line.
    pub(super) const fn tone(&self) -> Option<ProgressTone> {
        self.tone
    }

    /// Level of the last step, in dBm0.
    pub(super) const fn level(&self) -> f32 {
        self.level
    }

    /// Steps since there was sound.
    pub(super) const fn quiet_steps(&self) -> u32 {
        self.quiet_steps
    }

    /// Listens to one step.
    pub(super) fn listen(&mut self, audio: &[i16; STEP], events: &mut Events) {
        let square: f32 = audio.iter().map(|&s| f32::from(s) * f32::from(s)).sum();
        self.level = level::dbm0(square / STEP as f32);
        if self.level >= BURST_DBM0 {
            if self.quiet_steps >= BURST_GAP_STEPS {
                self.burst_steps = Some(0);
            }
            self.burst_steps = self.burst_steps.map(|n| n.saturating_add(1));
            if self.burst_steps == Some(BURST_STEPS) && self.tone == Some(ProgressTone::Ringback) {
                tell(events, Heard::Tone(ProgressTone::Ringback));
            }
            self.quiet_steps = 0;
        } else {
            self.burst_steps = None;
            self.quiet_steps = self.quiet_steps.saturating_add(1);
        }
        self.digits.process(audio, &mut |e| tell(events, Heard::Digit { symbol: e.symbol, edge: e.edge }));
        let tone = &mut self.tone;
        self.progress.process(audio, &mut |e| match e.kind {
            progress::Kind::Tone(found) => {
                *tone = Some(found);
                tell(events, Heard::Tone(found));
            }
            progress::Kind::Ended(_) => *tone = None,
            progress::Kind::Voice => {
                *tone = None;
                tell(events, Heard::Voice);
            }
            progress::Kind::Silence(_) => {}
        });
        self.power += square;
        for single in &mut self.modem_tones {
            single.feed(audio);
        }
        self.filled += STEP;
        if self.filled >= BLOCK {
            let power = std::mem::take(&mut self.power) / self.filled as f32;
            for single in &mut self.modem_tones {
                if let Some(tone) = single.decide(self.filled, power) {
                    tell(events, Heard::Modem(tone));
                }
            }
            self.filled = 0;
        }
    }
}

fn tell(events: &mut Events, heard: Heard) {
    let _ = events.try_push(heard);
}

/// Samples over which a steady tone's power is measured: 10 ms, so that 30 Hz off is still heard and 125 Hz is not.
const BLOCK: usize = 80;
/// Share of the total power that the tone must have.
const SHARE: f32 = 0.6;
/// Weakest tone, in dBm0 (V.25: -43 dBm and less must not be missed for long; speech echoes are above it).
const WEAKEST_DBM0: f32 = -43.0;
/// Blocks that make a tone, 300 ms: more than a digit or a syllable, less than the 500 ms of a calling tone.
const BLOCKS: u32 = 30;
/// What a block without the tone costs: answer tones reverse their phase every 450 ms.
const MISS: u32 = 3;

/// Goertzel's filter on one frequency.
#[derive(Clone, Copy, Debug)]
struct Single {
    tone: ModemTone,
    coefficient: f32,
    s1: f32,
    s2: f32,
    score: u32,
    told: bool,
}

impl Single {
    fn new(hz: f32, tone: ModemTone) -> Self {
        let coefficient = 2.0 * (std::f32::consts::TAU * hz / SAMPLE_RATE as f32).cos();
        Self { tone, coefficient, s1: 0.0, s2: 0.0, score: 0, told: false }
    }

    fn reset(&mut self) {
        (self.s1, self.s2, self.score, self.told) = (0.0, 0.0, 0, false);
    }

    fn feed(&mut self, audio: &[i16]) {
        for &sample in audio {
            let s = f32::from(sample) + self.coefficient * self.s1 - self.s2;
            self.s2 = self.s1;
            self.s1 = s;
        }
    }

    /// Ends a block of `n` samples with `power` (mean square) in all.
    fn decide(&mut self, n: usize, power: f32) -> Option<ModemTone> {
        let energy = self.s1 * self.s1 + self.s2 * self.s2 - self.coefficient * self.s1 * self.s2;
        (self.s1, self.s2) = (0.0, 0.0);
        // A sine of mean square p has the energy p n^2 / 2.
        let share = 2.0 * energy / (n * n) as f32;
        if level::dbm0(power) >= WEAKEST_DBM0 && share >= SHARE * power {
            self.score = (self.score + 1).min(2 * BLOCKS);
        } else {
            self.score = self.score.saturating_sub(MISS);
            self.told &= self.score > 0;
        }
        let found = self.score >= BLOCKS && !self.told;
        self.told |= found;
        found.then_some(self.tone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loopstart_signal::country::US;
    use loopstart_signal::tone::TonePlayer;
    use std::time::Duration;

    /// Plays 400 ms of silence after `ms` of the tone, several times.
    fn hear(player: impl Fn() -> TonePlayer, ms: usize, times: usize) -> Vec<Heard> {
        let mut monitor = Monitor::new(US);
        let mut all = Vec::new();
        for _ in 0..times {
            let mut player = player();
            for step in 0..(ms + 400) / 5 {
                let mut audio = [0; STEP];
                if step < ms / 5 {
                    player.fill(&mut audio);
                }
                let mut events = Events::new();
                monitor.listen(&audio, &mut events);
                all.extend(events.into_iter().filter(|e| matches!(e, Heard::Modem(_))));
            }
        }
        all
    }

    #[test]
    fn each_tone_is_told_once_and_again_after_a_pause() {
        use ModemTone::*;
        for (hz, tone) in [(2100.0, Answer), (2225.0, DataAnswer), (1100.0, FaxCalling), (1300.0, DataCalling)] {
            let player = || TonePlayer::fixed(&[hz], -20.0, Some(Duration::from_millis(500)));
            assert_eq!(hear(player, 500, 2), [Heard::Modem(tone); 2]);
        }
        assert_eq!(hear(|| TonePlayer::fixed(&[1130.0], -20.0, None), 500, 1), [Heard::Modem(FaxCalling)]);
    }

    #[test]
    fn short_weak_and_other_tones_are_not_told() {
        assert_eq!(hear(|| TonePlayer::fixed(&[2100.0], -20.0, None), 200, 1), []);
        assert_eq!(hear(|| TonePlayer::fixed(&[2100.0], -50.0, None), 1000, 1), []);
        assert_eq!(hear(|| TonePlayer::fixed(&[1209.0, 697.0], -10.0, None), 1000, 1), []);
        assert_eq!(hear(|| TonePlayer::fixed(&[1000.0], -10.0, None), 1000, 1), []);
    }
}
