//! +VTS: digits and tones of one's own during a call.

use super::dialer::DIGIT_DBM0;
use super::settings::VoiceSettings;
use crate::exchange::subscriber::STEP;
use arrayvec::ArrayVec;
use loopstart_signal::at::command::{Parameters, Syntax};
use loopstart_signal::tone::TonePlayer;
use loopstart_signal::{SAMPLE_RATE, Time, dtmf};
use std::time::Duration;

/// Unit of times of V.253.
pub(super) const UNIT: Duration = Duration::from_millis(10);
/// Most tones of a command. A command line holds fewer.
const MAX_TONES: usize = 128;
/// Silence after a digit. V.253 leaves it to the modem; receivers want 40 ms and more (Q.24).
const AFTER_DIGIT: Duration = Duration::from_millis(70);
/// Level of each frequency of a tone that is no digit, in dBm0.
const TONE_DBM0: f32 = -12.0;
/// Frequencies that +VTS takes, in Hz.
const FREQUENCIES: std::ops::RangeInclusive<u32> = 200..=3_000;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Item {
    Digit(u8, Duration),
    Tone([f32; 2], Duration),
    Flash,
}

/// The tones of one +VTS command, being sent.
#[derive(Debug)]
pub(super) struct Tones {
    items: ArrayVec<Item, MAX_TONES>,
    at: usize,
    sending: Sending,
}

#[derive(Debug)]
enum Sending {
    Nothing,
    Digit(dtmf::Sender),
    /// A tone and the samples left of it.
    Tone(TonePlayer, u64),
    Flash(Time),
}

impl Tones {
    /// Reads the list of +VTS: `d`, `{d,time}`, `[f1,f2,time]`, `!`. Times are in `unit`: 10 ms, and before V.253 0.1 s.
    pub(super) fn parse(list: Parameters<'_>, voice: &VoiceSettings, unit: Duration) -> Result<Self, Syntax> {
        let mut items = ArrayVec::new();
        for parameter in list.iter() {
            let item = item(parameter.raw(), voice, unit)?;
            items.try_push(item).map_err(|_| Syntax)?;
        }
        Ok(Self { items, at: 0, sending: Sending::Nothing })
    }

    /// Whether the loop is open for a flash.
    pub(super) const fn is_flashing(&self) -> bool {
        matches!(self.sending, Sending::Flash(_))
    }

    /// Lives through a step; true when all is sent. Sound is added to `audio`.
    pub(super) fn step(&mut self, now: Time, flash: Duration, audio: &mut [i16; STEP]) -> bool {
        loop {
            match &mut self.sending {
                Sending::Digit(sender) if !sender.is_idle() => {
                    sender.mix(audio);
                    return false;
                }
                Sending::Tone(player, left) if *left > 0 => {
                    let n = STEP.min(usize::try_from(*left).unwrap_or(STEP));
                    if let Some(part) = audio.get_mut(..n) {
                        player.mix(part);
                    }
                    *left -= n as u64;
                    return false;
                }
                Sending::Flash(until) if now < *until => return false,
                _ => {}
            }
            let Some(item) = self.items.get(self.at).copied() else {
                self.sending = Sending::Nothing;
                return true;
            };
            self.at += 1;
            self.sending = match item {
                Item::Digit(symbol, on) => {
                    let mut sender = dtmf::Sender::new(DIGIT_DBM0);
                    sender.push(symbol, on, AFTER_DIGIT);
                    Sending::Digit(sender)
                }
                Item::Tone(freqs, time) => {
                    let mut sounding: ArrayVec<f32, 2> = freqs.into();
                    sounding.retain(|f| *f > 0.0);
                    let samples = u64::try_from(time.as_millis()).unwrap_or(0) * u64::from(SAMPLE_RATE) / 1_000;
                    Sending::Tone(TonePlayer::fixed(&sounding, TONE_DBM0, None), samples)
                }
                Item::Flash => Sending::Flash(now + flash),
            };
        }
    }
}

fn item(text: &[u8], voice: &VoiceSettings, unit: Duration) -> Result<Item, Syntax> {
    let usual = times(voice.tone.into(), UNIT)?;
    let time_of = |units: Option<u32>| units.map_or(Ok(usual), |n| times(n, unit));
    match text {
        [b'!'] => Ok(Item::Flash),
        [digit] => Ok(Item::Digit(symbol(*digit)?, usual)),
        [b'{', inner @ .., b'}'] => {
            let mut parts = inner.split(|b| *b == b',');
            let &[digit] = trimmed(parts.next()) else { return Err(Syntax) };
            let time = number(parts.next())?;
            if parts.next().is_some() {
                return Err(Syntax);
            }
            Ok(Item::Digit(symbol(digit)?, time_of(time)?))
        }
        [b'[', inner @ .., b']'] => {
            let mut parts = inner.split(|b| *b == b',');
            let (first, second, time) = (number(parts.next())?, number(parts.next())?, number(parts.next())?);
            if parts.next().is_some() {
                return Err(Syntax);
            }
            Ok(Item::Tone([frequency(first)?, frequency(second)?], time_of(time)?))
        }
        _ => Err(Syntax),
    }
}

fn symbol(digit: u8) -> Result<u8, Syntax> {
    let digit = digit.to_ascii_uppercase();
    if matches!(digit, b'0'..=b'9' | b'A'..=b'D' | b'*' | b'#') { Ok(digit) } else { Err(Syntax) }
}

fn trimmed(part: Option<&[u8]>) -> &[u8] {
    part.unwrap_or(&[]).trim_ascii()
}

fn number(part: Option<&[u8]>) -> Result<Option<u32>, Syntax> {
    let text = trimmed(part);
    if text.is_empty() {
        return Ok(None);
    }
    std::str::from_utf8(text).ok().and_then(|t| t.parse().ok()).map(Some).ok_or(Syntax)
}

fn times(units: u32, unit: Duration) -> Result<Duration, Syntax> {
    if units <= 255 { Ok(unit * units) } else { Err(Syntax) }
}

/// A missing frequency, or 0, is none.
fn frequency(hz: Option<u32>) -> Result<f32, Syntax> {
    match hz {
        None | Some(0) => Ok(0.0),
        Some(hz) if FREQUENCIES.contains(&hz) => Ok(hz as f32),
        Some(_) => Err(Syntax),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loopstart_signal::at::command::{Command, Commands, Form};

    fn parse(list: &str) -> Result<Vec<Item>, Syntax> {
        let body = format!("+VTS={list}");
        let Some(Ok(Command::Extended { form: Form::Set(list), .. })) = Commands::new(body.as_bytes()).next() else {
            return Err(Syntax);
        };
        Tones::parse(list, &VoiceSettings::new(), UNIT).map(|t| t.items.to_vec())
    }

    #[test]
    fn reads_all_forms() {
        let ms = Duration::from_millis;
        assert_eq!(
            parse("5,{d,7},[440,,50],[,,50],[],[350,440],!,{*,}"),
            Ok(vec![
                Item::Digit(b'5', ms(1000)),
                Item::Digit(b'D', ms(70)),
                Item::Tone([440.0, 0.0], ms(500)),
                Item::Tone([0.0, 0.0], ms(500)),
                Item::Tone([0.0, 0.0], ms(1000)),
                Item::Tone([350.0, 440.0], ms(1000)),
                Item::Flash,
                Item::Digit(b'*', ms(1000)),
            ])
        );
        for bad in ["", "5,,6", "X", "{5,256}", "[199,,5]", "[3001]", "{5,7", "[1,2,3,4]", "{5,7,8}", "{}"] {
            assert_eq!(parse(bad), Err(Syntax), "{bad}");
        }
    }

    #[test]
    fn a_tone_lasts_to_the_sample() {
        let body = b"+VTS=[1000,,3],[,,1],[1000,,1]";
        let Some(Ok(Command::Extended { form: Form::Set(list), .. })) = Commands::new(body).next() else { panic!() };
        let mut tones = Tones::parse(list, &VoiceSettings::new(), UNIT).unwrap();
        let mut heard = Vec::new();
        for step in 0..100 {
            let mut audio = [0; STEP];
            let done = tones.step(Time::from_millis(step * 5), Duration::ZERO, &mut audio);
            if done {
                break;
            }
            heard.extend(audio);
        }
        assert_eq!(heard.len(), 8 * 50);
        assert!(heard[239] != 0 && heard[240..320].iter().all(|s| *s == 0) && heard[321] != 0);
    }
}
