//! A far end that is not a line of this exchange: it follows a script, or does what an operator tells it.
//!
//! A script is a list of [`Act`]s, taken one after the other. To teach far ends something new, add an act.

use super::source::Source;
use super::subscriber::STEP;
use super::tones::Signal;
use super::voice::Voice;
use loopstart_signal::country::Country;
use loopstart_signal::{CallerId, Time};
use std::collections::VecDeque;
use std::time::Duration;

/// One act of a script.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Act {
    /// Wait for so many rings, then answer.
    AnswerAfter(u32),
    /// Wait so many milliseconds.
    Wait(u32),
    /// Reverse the caller's polarity (answer supervision).
    Reverse,
    /// Send DTMF digits.
    Digits(&'static str),
    /// Send a tone for so many milliseconds.
    Tone(Signal, u32),
    /// Speak for so many milliseconds.
    Voice(u32),
    /// From here on send back what is heard.
    Echo,
    /// When the caller has hung up, call it back after so many milliseconds.
    CallBack(u32),
    /// Hang up.
    HangUp,
    /// Stay as it is.
    Stay,
}

/// What a party does to its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Answer,
    Reverse,
    HangUp,
}

/// How long an echo takes to come back.
const ECHO_DELAY: Duration = Duration::from_millis(160);
/// Level of a speaking party, dBm0.
const VOICE_LEVEL: f32 = -16.0;
/// How long after the beginning of a ring's pause a party answers.
const PICK_UP: Duration = Duration::from_millis(1_000);

/// A far end.
#[derive(Debug)]
pub(crate) struct Party {
    /// How it shows itself when it calls, and who to call back.
    pub(crate) id: CallerId,
    script: &'static [Act],
    at: usize,
    /// What it does once a call that it placed is answered.
    after_answer: &'static [Act],
    /// When the act under way ends.
    until: Option<Time>,
    /// What an operator or the script makes it send.
    pub(crate) source: Source,
    voice: Option<Voice>,
    echo: Option<VecDeque<i16>>,
    /// The caller is called back so long after it has hung up.
    pub(crate) call_back: Option<Duration>,
}

impl Party {
    /// A party that follows `script` from the moment it is called.
    pub(crate) fn called(script: &'static [Act], id: CallerId) -> Self {
        Self {
            id,
            script,
            at: 0,
            after_answer: &[],
            until: None,
            source: Source::new(),
            voice: None,
            echo: None,
            call_back: None,
        }
    }

    /// A party that calls: it follows `waiting` until it is answered, then `after_answer`.
    pub(crate) fn calling(id: CallerId, waiting: &'static [Act], after_answer: &'static [Act]) -> Self {
        Self { after_answer, ..Self::called(waiting, id) }
    }

    /// The call that it placed was answered.
    pub(crate) fn was_answered(&mut self) {
        self.script = self.after_answer;
        self.at = 0;
        self.until = None;
    }

    /// Lives through one step. `since` is when the call began to ring; `heard` is what comes from the other end, and
    /// what it says is written to `said`. While it does something to its call the act stays the same until done.
    pub(crate) fn step(
        &mut self,
        now: Time,
        since: Time,
        country: &Country,
        heard: &[i16; STEP],
        said: &mut [i16; STEP],
    ) -> Option<Deed> {
        let deed = self.act(now, since, country);
        *said = [0; STEP];
        self.source.mix(said);
        if let Some(voice) = &mut self.voice {
            voice.mix(said);
        }
        if let Some(echo) = &mut self.echo {
            echo.extend(heard);
            for s in said.iter_mut() {
                *s = s.saturating_add(echo.pop_front().unwrap_or(0));
            }
        }
        deed
    }

    fn act(&mut self, now: Time, since: Time, country: &Country) -> Option<Deed> {
        // Acts that take no time follow each other within a step; every pass takes the script further.
        while let Some(&act) = self.script.get(self.at) {
            if let Some(until) = self.until {
                if now < until {
                    return None;
                }
                self.until = None;
                self.voice = None;
                self.at += 1;
                if matches!(act, Act::AnswerAfter(_)) {
                    return Some(Deed::Answer);
                }
                continue;
            }
            match act {
                Act::AnswerAfter(rings) => self.until = Some(since + time_of_rings(country, rings) + PICK_UP),
                Act::Wait(ms) => self.until = Some(now + millis(ms)),
                Act::Tone(signal, ms) => {
                    self.source.tone(signal, country, Some(ms));
                    self.until = Some(now + millis(ms));
                }
                Act::Voice(ms) => {
                    self.voice = Some(Voice::new(0x5eed, VOICE_LEVEL));
                    self.until = Some(now + millis(ms));
                }
                Act::Digits(digits) => {
                    if !self.source.digits(digits) {
                        log::warn!("a scripted party's digits do not fit its sender");
                    }
                    self.at += 1;
                }
                Act::Echo => {
                    let samples = usize::try_from(ECHO_DELAY.as_millis()).unwrap_or(0) * 8;
                    self.echo = Some(std::iter::repeat_n(0, samples).collect());
                    self.at += 1;
                }
                Act::CallBack(ms) => {
                    self.call_back = Some(millis(ms));
                    self.at += 1;
                }
                Act::Reverse => {
                    self.at += 1;
                    return Some(Deed::Reverse);
                }
                Act::HangUp => {
                    self.at += 1;
                    return Some(Deed::HangUp);
                }
                Act::Stay => return None,
            }
        }
        None
    }
}

fn millis(ms: u32) -> Duration {
    Duration::from_millis(u64::from(ms))
}

/// Time from the beginning of ringing to the end of the last burst of the `rings`-th ring.
fn time_of_rings(country: &Country, rings: u32) -> Duration {
    let cadence = country.ring_cadence_ms;
    let cycle: u32 = cadence.iter().sum();
    let last_pause = cadence.last().copied().unwrap_or(0);
    millis(cycle.saturating_mul(rings).saturating_sub(last_pause))
}

#[cfg(test)]
mod tests {
    use super::*;
    use loopstart_signal::country;

    fn deeds(script: &'static [Act], ms: u64) -> Vec<(u64, Deed)> {
        let mut party = Party::called(script, CallerId::default());
        let mut said = [0; STEP];
        (0..ms / 5)
            .filter_map(|n| {
                let now = Time::from_millis(n * 5);
                party.step(now, Time::ZERO, country::US, &[0; STEP], &mut said).map(|deed| (n * 5, deed))
            })
            .collect()
    }

    #[test]
    fn a_script_is_followed_in_order() {
        let script = &[Act::AnswerAfter(2), Act::Reverse, Act::Wait(500), Act::HangUp];
        assert_eq!(
            deeds(script, 20_000),
            [(9_000, Deed::Answer), (9_005, Deed::Reverse), (9_510, Deed::HangUp)],
            "the second ring ends after 8 s"
        );
    }

    #[test]
    fn an_echo_comes_back_late_and_whole() {
        let mut party = Party::called(&[Act::Echo, Act::Stay], CallerId::default());
        let (mut said, mut first) = ([0; STEP], None);
        for n in 0..100i16 {
            party.step(Time::from_millis(5 * n as u64), Time::ZERO, country::US, &[n + 1; STEP], &mut said);
            if first.is_none() && said[0] != 0 {
                first = Some((n, said[0]));
            }
        }
        assert_eq!(first, Some((32, 1)), "160 ms are 32 steps");
    }
}
