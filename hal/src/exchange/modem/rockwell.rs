//! The voice commands before V.253, with `#`, as Rockwell's data pumps had them.
//!
//! They follow one another without a separator (`#CLS=8#VTD=3F,3F,3F`). Times are in 0.1 s. What ends well in the voice class
//! says VCON where V.253 says OK.

use super::commands::Answer;
use super::output::Code;
use super::tones::Tones;
use super::{LINE_MAX, Modem, Next, State};
use arrayvec::ArrayVec;
use loopstart_signal::at::command::{Form, Parameters};
use std::time::Duration;

/// Unit of times.
const UNIT: Duration = Duration::from_millis(100);

/// Copies a line with the separators that its commands do not have.
pub(super) fn separate(body: &[u8], line: &mut ArrayVec<u8, LINE_MAX>) {
    // What follows D is a number, in which # is a digit.
    let (mut extended, mut number) = (false, false);
    for &byte in body {
        match byte {
            b'#' if !number && !line.is_empty() && line.last() != Some(&b';') => {
                let _ = line.try_push(b';');
                extended = true;
            }
            b'#' if !number => extended = true,
            b';' => (extended, number) = (false, false),
            b'D' | b'd' if !extended => number = true,
            _ => {}
        }
        let _ = line.try_push(byte);
    }
}

impl Modem {
    /// A command that begins with `#`.
    pub(super) fn rockwell_command(&mut self, name: &str, form: Form<'_>) -> Next {
        match (name, form) {
            ("#MFR", Form::Read) => return self.say("Rockwell"),
            ("#MDL", Form::Read) => return self.say("RCV56DPF-PLL L8571A"),
            ("#REV", Form::Read) => return self.say(self.profile.information[3]),
            ("#CLS", Form::Test) => return self.say("0,1,2,8"),
            ("#CLS", Form::Read) => return self.say(&self.class.to_string()),
            ("#CLS", Form::Set(list)) => {
                let class = list.only_number().ok().flatten();
                let known = class.and_then(|n| u8::try_from(n).ok()).filter(|n| self.profile.classes.contains(n));
                let Some(class) = known else { return Next::End(Code::Error) };
                self.set_class(class);
                return Next::Go;
            }
            ("#CID", _) => {
                let read = self.settings.caller_id.to_string();
                return self.answer_value(form, Answer { allowed: "0-2", read }, |m, v| {
                    v.one(0..=2, &mut m.settings.caller_id)
                });
            }
            // The rate towards the host changes after OK; ours follows by itself.
            ("#BDR", _) => {
                return self.answer_value(form, Answer { allowed: "0-48", read: "0".into() }, |_, v| {
                    matches!(v.only(), Some(Some(0..=48)))
                });
            }
            _ if self.class != 8 => return Next::End(Code::Error),
            _ => {}
        }
        let plain = |allowed: &'static str| Answer { allowed, read: "0".into() };
        match name {
            "#VLS" => self.select(form),
            "#VTX" if matches!(form, Form::Execute) => self.enter_stream(State::Transmit),
            "#VRX" if matches!(form, Form::Execute) => self.enter_stream(State::Receive),
            "#VBS" => {
                let bits = self.profile.formats.get(self.voice.format).map_or(0, |f| f.id);
                let answer = Answer { allowed: "2-4", read: bits.to_string() };
                self.answer_value(form, answer, |m, v| {
                    let Some(Some(bits)) = v.only() else { return false };
                    let found = m.profile.formats.iter().position(|f| u32::from(f.id) == bits);
                    m.voice.format = found.unwrap_or(m.voice.format);
                    found.is_some()
                })
            }
            "#VSR" => self.answer_value(form, Answer { allowed: "7200", read: "7200".into() }, |_, v| {
                matches!(v.only(), Some(Some(7_200)))
            }),
            "#VTS" => match form {
                Form::Test => self.say("DTMF,200-3000"),
                Form::Set(list) if self.off_hook => match Tones::parse(list, &self.voice, UNIT) {
                    Ok(tones) => {
                        self.state = State::Tones(Box::new(tones));
                        Next::Wait
                    }
                    Err(_) => Next::End(Code::Error),
                },
                _ => Next::End(Code::Error),
            },
            "#VTD" => self.masks(form),
            "#VSP" => {
                let [_, time] = self.voice.silence;
                let answer = Answer { allowed: "0-255", read: time.to_string() };
                self.answer_value(form, answer, |m, v| {
                    let [_, time] = &mut m.voice.silence;
                    v.one(0..=255, time)
                })
            }
            "#VSS" => self.answer_value(form, plain("0-3"), |m, v| {
                let mut n = 0;
                let fits = v.one(0..=3, &mut n);
                if fits {
                    let [sensitivity, _] = &mut m.voice.silence;
                    *sensitivity = [0, 120, 128, 136].get(usize::from(n)).copied().unwrap_or(128);
                }
                fits
            }),
            // Silence is never deleted here.
            "#VSD" => self.answer_value(form, plain("0-1"), |_, v| matches!(v.only(), Some(Some(0 | 1)))),
            "#VRA" => {
                let read = self.voice.ringback_gone.to_string();
                self.answer_value(form, Answer { allowed: "0-255", read }, |m, v| {
                    v.one(0..=255, &mut m.voice.ringback_gone)
                })
            }
            "#VRN" => self.answer_value(form, plain("0-255"), |m, v| {
                let mut tenths = 0;
                let fits = v.one(0..=255, &mut tenths);
                m.voice.ringback_never = tenths.div_ceil(10);
                fits
            }),
            "#TL" | "#RG" => match form {
                Form::Set(list) => {
                    let fits = list.iter().all(|p| matches!(p.hex(), Ok(Some(0..=0x7fff))));
                    if fits { Next::Go } else { Next::End(Code::Error) }
                }
                _ => self.say("0000-7FFF"),
            },
            _ => Next::End(Code::Error),
        }
    }

    /// #VLS: 0 nothing, 2 speaker, 3 microphone, 4 the line with the speaker.
    fn select(&mut self, form: Form<'_>) -> Next {
        let label = match form {
            Form::Test => return self.say("0,2,3,4"),
            Form::Read => return self.say(&self.route.to_string()),
            Form::Set(list) => list.only_number().ok().flatten(),
            Form::Execute => None,
        };
        match label {
            Some(0) => {
                self.release();
                Next::Go
            }
            Some(label @ (2 | 3)) => {
                self.release();
                self.route = label as u8;
                Next::End(Code::Vcon)
            }
            Some(4) => {
                self.route = 4;
                if self.off_hook {
                    return Next::Go;
                }
                self.state = State::Seize(self.may_seize(), Code::Ok);
                Next::Wait
            }
            _ => Next::End(Code::Error),
        }
    }

    /// #VTD: which tones are told while playing, recording and otherwise, in hexadecimal.
    fn masks(&mut self, form: Form<'_>) -> Next {
        let valid = |list: Parameters<'_>| {
            list.iter().count() <= 3 && list.iter().all(|p| matches!(p.hex(), Ok(None | Some(0..=0x3f))))
        };
        match form {
            Form::Test => self.say("0-3F,0-3F,0-3F"),
            Form::Read => self.say("3F,3F,3F"),
            Form::Set(list) if valid(list) => Next::Go,
            _ => Next::End(Code::Error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_separated_and_digits_are_not() {
        for (body, expected) in [
            ("#CLS=8#VTD=3F,3F,3F", "#CLS=8;#VTD=3F,3F,3F"),
            ("E0#VTX", "E0;#VTX"),
            ("DT*70#5551234", "DT*70#5551234"),
            ("#CID=1;DT1#2;#VLS=0", "#CID=1;DT1#2;#VLS=0"),
            ("", ""),
        ] {
            let mut line = ArrayVec::new();
            separate(body.as_bytes(), &mut line);
            assert_eq!(std::str::from_utf8(&line), Ok(expected));
        }
    }
}
