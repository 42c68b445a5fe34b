//! Tones during a call, as commands of the voice class: `+VTS=[f1,f2,time],...` (V.253), times in 10 ms.
//!
//! The modem chooses the level. A tone goes out in commands of a second at most, so that it can be cancelled.

use super::call::{HOOK_LIMIT, Job};
use super::chat::{Kind, Reply};
use super::dial::{Command, put, put_number};
use super::profile::Tones;
use super::{EventQueue, Port, VoiceModem};
use arrayvec::ArrayVec;
use loopstart_signal::at::ResultCode;
use loopstart_signal::country::{Country, Segment};
use loopstart_signal::{Failure, LineEvent, OutTone, Outcome, ReleaseWitness, Time, ToneKind};
use std::time::Duration;

/// Frequencies that every modem with `+VTS` takes, in Hz.
const RANGE: std::ops::RangeInclusive<u16> = 200..=3000;
/// Longest command, and longest tone in one, in 10 ms.
const AT_ONCE: u32 = 100;
/// Characters of a line with its `AT`.
const LINE: usize = 42;
/// Steps of a cadence.
const STEPS: usize = 8;
/// The calling-card prompt of the Bell System, but for its fading: the digit `#` for 60 ms, then dial tone.
const PROMPT: [Step; 2] = [Step { hz: [941, 1477], length: 6 }, Step { hz: [350, 440], length: 94 }];
const BEEP_HZ: u16 = 1000;

/// Two frequencies at once, 0 for none, and for how long: in 10 ms, 0 for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    hz: [u16; 2],
    length: u32,
}

/// A tone on its way out.
#[derive(Clone, Debug)]
pub(super) struct Score {
    steps: ArrayVec<Step, STEPS>,
    at: usize,
    /// How much of the step is out, in 10 ms.
    out: u32,
    /// How much is left in all, in 10 ms; none: it goes on.
    left: Option<u32>,
}

impl Score {
    /// The tone in `country`; none when a modem cannot send it: more than two frequencies at once, components that do not
    /// sound together, or none at all.
    pub(super) fn new(tone: &OutTone, country: &Country) -> Option<Self> {
        let tens = |d: Duration| u32::try_from(d.as_millis().div_ceil(10)).unwrap_or(u32::MAX);
        let mut left = tone.duration.map(tens);
        let steps = match &tone.tone {
            ToneKind::Ringback => cadence(country.ringback)?,
            ToneKind::Busy => cadence(country.busy)?,
            ToneKind::Beep => [Step { hz: [BEEP_HZ, 0], length: 0 }].into_iter().collect(),
            ToneKind::Billing => {
                left = Some(left.unwrap_or(PROMPT.iter().map(|s| s.length).sum()));
                PROMPT.into_iter().collect()
            }
            ToneKind::Custom(parts) => {
                let mut parts = parts.iter().filter(|part| part.hz > 0);
                let first = parts.next()?;
                let second = parts.next();
                let together = second.is_none_or(|s| (s.on_ms, s.off_ms) == (first.on_ms, first.off_ms));
                if !together || parts.next().is_some() {
                    return None;
                }
                let hz = [first.hz, second.map_or(0, |s| s.hz)];
                let mut steps = ArrayVec::new();
                if first.off_ms == 0 {
                    steps.push(Step { hz, length: 0 });
                } else {
                    for (hz, ms) in [(hz, first.on_ms), ([0, 0], first.off_ms)] {
                        if ms > 0 {
                            steps.push(Step { hz, length: u32::from(ms).div_ceil(10) });
                        }
                    }
                }
                steps
            }
        };
        let fits = steps.iter().flat_map(|s| s.hz).all(|hz| hz == 0 || RANGE.contains(&hz));
        (fits && !steps.is_empty()).then_some(Self { steps, at: 0, out: 0, left })
    }

    /// The next command and how long it lasts; none when the tone is over.
    fn next(&mut self, tones: &Tones, command: &mut Command) -> Option<Duration> {
        command.clear();
        put(command, tones.command.as_bytes());
        // Tens of milliseconds in a unit of the modem's.
        let unit = u32::from(tones.unit_ms).div_ceil(10).max(1);
        let mut total = 0;
        while total < AT_ONCE && self.left != Some(0) {
            let Some(step) = self.steps.get(self.at) else { break };
            let rest = if step.length == 0 { AT_ONCE } else { step.length - self.out };
            let length = rest.min(AT_ONCE - total).min(self.left.unwrap_or(u32::MAX));
            let mut item = Command::new();
            put(&mut item, if total > 0 { b",[" } else { b"[" });
            for hz in step.hz {
                if hz > 0 {
                    put_number(&mut item, hz.into());
                }
                put(&mut item, b",");
            }
            put_number(&mut item, length.div_ceil(unit));
            put(&mut item, b"]");
            if command.len() + item.len() > LINE {
                break;
            }
            put(command, &item);
            total += length;
            if let Some(left) = &mut self.left {
                *left -= length;
            }
            self.out += length;
            if step.length > 0 && self.out >= step.length {
                (self.at, self.out) = ((self.at + 1) % self.steps.len(), 0);
            } else if step.length == 0 {
                self.out = 0;
            }
        }
        (total > 0).then(|| Duration::from_millis(u64::from(total) * 10))
    }
}

/// A country's tone; none where there is none of that kind, or it has more than two frequencies.
fn cadence(segments: &[Segment]) -> Option<ArrayVec<Step, STEPS>> {
    let mut steps = ArrayVec::new();
    for segment in segments {
        let hz = |i: usize| segment.freqs.get(i).map_or(0, |hz| *hz as u16);
        if segment.freqs.len() > 2 {
            return None;
        }
        steps.try_push(Step { hz: [hz(0), hz(1)], length: segment.ms.div_ceil(10) }).ok()?;
    }
    Some(steps)
}

impl<P: Port> VoiceModem<P> {
    /// Sends the next piece of the tone.
    pub(super) fn send_tone(&mut self, now: Time, events: &mut EventQueue) {
        let mut command = Command::new();
        let Some(length) = self.call.score.as_mut().and_then(|score| score.next(&self.profile.tones, &mut command))
        else {
            self.call.score = None;
            return self.finish(Outcome::Ok, now, events);
        };
        self.job = Job::Tone;
        self.send(&command, Kind::Plain, HOOK_LIMIT + length, now, events);
    }

    pub(super) fn tone_step(&mut self, reply: Reply, now: Time, events: &mut EventQueue) {
        match reply {
            Reply::Timeout => self.unanswered(now, events),
            Reply::Code(ResultCode::Ok | ResultCode::VoiceConnect) => {
                self.hear.forget_tone();
                self.send_tone(now, events);
            }
            Reply::Code(ResultCode::Error) | Reply::Waited => {
                self.finish(Outcome::Failed(Failure::Refused), now, events);
            }
            Reply::Code(_) => {
                events.push(LineEvent::Released(ReleaseWitness::ResultCode));
                self.abandon(Failure::Released, now, events);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drivers::voice_modem::profile::V253;
    use loopstart_signal::TonePart;
    use loopstart_signal::country::US;

    fn commands(tone: ToneKind, ms: Option<u64>, most: usize) -> Vec<String> {
        let tone = OutTone { tone, duration: ms.map(Duration::from_millis) };
        let Some(mut score) = Score::new(&tone, US) else { return Vec::new() };
        let (mut all, mut command) = (Vec::new(), Command::new());
        while all.len() < most && score.next(&V253.tones, &mut command).is_some() {
            assert!(command.len() <= LINE);
            all.push(String::from_utf8(command.to_vec()).unwrap());
        }
        all
    }

    fn custom(parts: &[(u16, u16, u16)]) -> ToneKind {
        let mut all = [TonePart::default(); 4];
        for (to, (hz, on_ms, off_ms)) in all.iter_mut().zip(parts) {
            *to = TonePart { hz: *hz, on_ms: *on_ms, off_ms: *off_ms, level_dbm0: -10.0 };
        }
        ToneKind::Custom(all)
    }

    #[test]
    fn tones_go_out_a_second_at_a_time() {
        assert_eq!(
            commands(ToneKind::Beep, Some(2_500), 9),
            ["AT+VTS=[1000,,100]", "AT+VTS=[1000,,100]", "AT+VTS=[1000,,50]"]
        );
        assert_eq!(commands(ToneKind::Beep, Some(0), 9), [""; 0]);
        assert_eq!(commands(ToneKind::Billing, None, 9), ["AT+VTS=[941,1477,6],[350,440,94]"]);
        let ringback = commands(ToneKind::Ringback, None, 7);
        assert_eq!(ringback[..3], ["AT+VTS=[440,480,100]", "AT+VTS=[440,480,100]", "AT+VTS=[,,100]"]);
        assert_eq!(ringback[6], "AT+VTS=[440,480,100]", "after 4 s of silence");
        assert_eq!(commands(ToneKind::Busy, Some(700), 9), ["AT+VTS=[480,620,50],[,,20]"]);
    }

    #[test]
    fn own_tones_have_two_frequencies_and_one_cadence() {
        assert_eq!(
            commands(custom(&[(700, 100, 50), (900, 100, 50)]), Some(400), 9),
            ["AT+VTS=[700,900,10],[,,5],[700,900,10]", "AT+VTS=[,,5],[700,900,10]"]
        );
        assert_eq!(commands(custom(&[(700, 0, 0)]), Some(35), 9), ["AT+VTS=[700,,4]"]);
        assert_eq!(commands(custom(&[(700, 0, 0), (800, 0, 0), (900, 0, 0)]), Some(35), 9), [""; 0]);
        assert_eq!(commands(custom(&[(700, 10, 10), (800, 0, 0)]), Some(35), 9), [""; 0], "each its own cadence");
        assert_eq!(commands(custom(&[(100, 0, 0)]), Some(35), 9), [""; 0], "too low");
        assert_eq!(commands(custom(&[]), Some(35), 9), [""; 0]);
    }
}
