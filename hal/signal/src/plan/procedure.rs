//! Procedures: what a subscriber does, step by step.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

bitflags::bitflags! {
    /// Signals that a step waits for: any of them will do.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Waits: u16 {
        /// Dial tone.
        const DIAL = 1;
        /// Recall dial tone: stutter, special or plain.
        const RECALL_DIAL = 1 << 1;
        /// Busy tone.
        const BUSY = 1 << 2;
        /// Ringback.
        const RINGBACK = 1 << 3;
        /// The line rings.
        const RING = 1 << 4;
        /// The far end answers.
        const ANSWER = 1 << 5;
        /// Confirmation tone.
        const CONFIRM = 1 << 6;
        /// A spoken announcement, to its end.
        const ANNOUNCEMENT = 1 << 7;
        /// A prompt, spoken or a tone.
        const PROMPT = 1 << 8;
    }
}

const WAITS: &[(&str, Waits)] = &[
    ("dial", Waits::DIAL),
    ("recall-dial", Waits::RECALL_DIAL),
    ("busy", Waits::BUSY),
    ("ringback", Waits::RINGBACK),
    ("ring", Waits::RING),
    ("answer", Waits::ANSWER),
    ("confirm", Waits::CONFIRM),
    ("announcement", Waits::ANNOUNCEMENT),
    ("prompt", Waits::PROMPT),
];

/// What is filled in when a procedure is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Blank {
    /// A number to dial.
    Number,
    /// An extension.
    Extension,
    /// A park slot or zone.
    Slot,
    /// Seconds.
    Seconds,
}

const BLANKS: &[(&str, Blank)] = &[
    ("n", Blank::Number),
    ("ext", Blank::Extension),
    ("s", Blank::Slot),
    ("zone", Blank::Slot),
    ("t", Blank::Seconds),
];

/// A piece of what is dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// These digits.
    Digits(String),
    /// What is filled in.
    Blank(Blank),
}

/// One step. `D` is what is dialled: pieces in a plan, digits when filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<D = Vec<Piece>> {
    /// One recall pulse.
    Flash,
    /// Go on hook.
    OnHook,
    /// Go off hook.
    OffHook,
    /// Dial.
    Dial(D),
    /// Wait for any of these.
    Wait(Waits),
    /// Wait so long.
    Pause(Duration),
}

/// The steps of a procedure with everything filled in.
pub type Steps = Vec<Step<String>>;

/// A procedure of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Procedure(Vec<Step>);

/// What goes into the blanks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fill<'a> {
    /// For [`Blank::Number`].
    pub number: Option<&'a str>,
    /// For [`Blank::Extension`].
    pub extension: Option<&'a str>,
    /// For [`Blank::Slot`].
    pub slot: Option<&'a str>,
    /// For [`Blank::Seconds`].
    pub seconds: Option<u32>,
}

/// A blank for which nothing was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfilled(pub Blank);

/// A text is no procedure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadStep {
    /// No such step.
    Unknown(String),
    /// No such signal to wait for.
    UnknownWait(String),
    /// Not a time in ms up to a minute.
    BadPause(String),
    /// `{...}` that is neither a blank nor one of the site's codes.
    UnknownCode(String),
    /// Not dialable.
    NotDialable(String),
    /// More steps than [`MAX_STEPS`].
    TooLong,
}

/// Most steps of a procedure. The longest that is known has nine.
pub const MAX_STEPS: usize = 24;

impl fmt::Display for BadStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(word) => {
                write!(f, "{word:?} is no step: flash, onhook, offhook, dial:DIGITS, wait:SIGNAL, pause:MS")
            }
            Self::UnknownWait(word) => {
                write!(
                    f,
                    "{word:?} is no signal: dial, recall-dial, busy, ringback, ring, answer, confirm, announcement, prompt"
                )
            }
            Self::BadPause(word) => write!(f, "{word:?} is no pause in ms (1 to 60000)"),
            Self::UnknownCode(word) => write!(f, "{{{word}}} is not set: give the site's code for it"),
            Self::TooLong => write!(f, "more than {MAX_STEPS} steps"),
            Self::NotDialable(word) => write!(f, "{word:?} cannot be dialled: 0-9, *, #, A-D"),
        }
    }
}

/// Whether this is the name of a blank.
pub(super) fn is_blank(name: &str) -> bool {
    BLANKS.iter().any(|(known, _)| *known == name)
}

pub(super) fn is_dialable(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'*' | b'#' | b'A'..=b'D'))
}

impl Procedure {
    /// Reads a procedure: steps apart by blanks, `code` gives what the site's codes stand for.
    ///
    /// # Errors
    /// The first step that is none. [`BadStep::UnknownCode`] is the one that a site can mend.
    pub fn parse(text: &str, code: impl Fn(&str) -> Option<String>) -> Result<Self, BadStep> {
        if text.split_ascii_whitespace().nth(MAX_STEPS).is_some() {
            return Err(BadStep::TooLong);
        }
        text.split_ascii_whitespace().map(|word| step(word, &code)).collect::<Result<_, _>>().map(Self)
    }

    /// Its steps.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Whether this is to be filled in.
    pub fn needs(&self, blank: Blank) -> bool {
        self.0.iter().any(|step| matches!(step, Step::Dial(pieces) if pieces.contains(&Piece::Blank(blank))))
    }

    /// Whether it is for an idle line: it begins with digits, before which one goes off hook and waits for dial tone.
    pub fn starts_idle(&self) -> bool {
        matches!(self.0.first(), Some(Step::Dial(_)))
    }

    /// Whether it flashes the hook.
    pub fn flashes(&self) -> bool {
        self.0.contains(&Step::Flash)
    }

    /// Fills the blanks in.
    ///
    /// # Errors
    /// The first blank for which `fill` has nothing.
    pub fn fill(&self, fill: &Fill<'_>) -> Result<Steps, Unfilled> {
        let fill_piece = |digits: &mut String, piece: &Piece| {
            match piece {
                Piece::Digits(known) => digits.push_str(known),
                Piece::Blank(Blank::Seconds) => {
                    let seconds = fill.seconds.ok_or(Unfilled(Blank::Seconds))?;
                    digits.push_str(&alloc::format!("{seconds}"));
                }
                Piece::Blank(blank) => {
                    let given = match blank {
                        Blank::Number => fill.number,
                        Blank::Extension => fill.extension,
                        Blank::Slot | Blank::Seconds => fill.slot,
                    };
                    digits.push_str(given.ok_or(Unfilled(*blank))?);
                }
            }
            Ok(())
        };
        self.0
            .iter()
            .map(|step| {
                Ok(match step {
                    Step::Dial(pieces) => {
                        let mut digits = String::new();
                        for piece in pieces {
                            fill_piece(&mut digits, piece)?;
                        }
                        Step::Dial(digits)
                    }
                    Step::Flash => Step::Flash,
                    Step::OnHook => Step::OnHook,
                    Step::OffHook => Step::OffHook,
                    Step::Wait(waits) => Step::Wait(*waits),
                    Step::Pause(time) => Step::Pause(*time),
                })
            })
            .collect()
    }
}

fn step(word: &str, code: &impl Fn(&str) -> Option<String>) -> Result<Step, BadStep> {
    Ok(match word.split_once(':') {
        None => match word {
            "flash" => Step::Flash,
            "onhook" => Step::OnHook,
            "offhook" => Step::OffHook,
            _ => return Err(BadStep::Unknown(word.into())),
        },
        Some(("wait", signals)) => {
            let mut waits = Waits::empty();
            for signal in signals.split('|') {
                let known = WAITS.iter().find(|(name, _)| *name == signal);
                waits |= known.ok_or_else(|| BadStep::UnknownWait(signal.into()))?.1;
            }
            Step::Wait(waits)
        }
        Some(("pause", ms)) => match ms.parse::<u64>() {
            Ok(ms @ 1..=60_000) => Step::Pause(Duration::from_millis(ms)),
            _ => return Err(BadStep::BadPause(ms.into())),
        },
        Some(("dial", digits)) => Step::Dial(pieces(digits, code)?),
        Some(_) => return Err(BadStep::Unknown(word.into())),
    })
}

fn pieces(text: &str, code: &impl Fn(&str) -> Option<String>) -> Result<Vec<Piece>, BadStep> {
    let mut pieces = Vec::new();
    let digits = |pieces: &mut Vec<Piece>, text: &str| {
        if !is_dialable(text) {
            return Err(BadStep::NotDialable(text.into()));
        }
        match pieces.last_mut() {
            _ if text.is_empty() => {}
            Some(Piece::Digits(before)) => before.push_str(text),
            _ => pieces.push(Piece::Digits(text.into())),
        }
        Ok(())
    };
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        digits(&mut pieces, before)?;
        let (name, after) = after.split_once('}').ok_or_else(|| BadStep::NotDialable(text.into()))?;
        match BLANKS.iter().find(|(known, _)| *known == name) {
            Some((_, blank)) => pieces.push(Piece::Blank(*blank)),
            None => digits(&mut pieces, &code(name).ok_or_else(|| BadStep::UnknownCode(name.into()))?)?,
        }
        rest = after;
    }
    digits(&mut pieces, rest)?;
    if pieces.is_empty() { Err(BadStep::NotDialable(text.into())) } else { Ok(pieces) }
}

impl fmt::Display for Procedure {
    /// As it is read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(" ")?;
            }
            match step {
                Step::Flash => f.write_str("flash")?,
                Step::OnHook => f.write_str("onhook")?,
                Step::OffHook => f.write_str("offhook")?,
                Step::Pause(time) => write!(f, "pause:{}", time.as_millis())?,
                Step::Wait(waits) => {
                    let names = WAITS.iter().filter(|(_, wait)| waits.contains(*wait)).map(|(name, _)| *name);
                    f.write_str("wait:")?;
                    for (i, name) in names.enumerate() {
                        write!(f, "{}{name}", if i > 0 { "|" } else { "" })?;
                    }
                }
                Step::Dial(pieces) => {
                    f.write_str("dial:")?;
                    for piece in pieces {
                        match piece {
                            Piece::Digits(digits) => f.write_str(digits)?,
                            Piece::Blank(blank) => {
                                let name = BLANKS.iter().find(|(_, b)| b == blank).map_or("", |(name, _)| name);
                                write!(f, "{{{name}}}")?;
                            }
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn parse(text: &str) -> Result<Procedure, BadStep> {
        Procedure::parse(text, |code| (code == "park").then(|| "*68".into()))
    }

    #[test]
    fn a_procedure_is_read_filled_in_and_written() {
        let text = "flash wait:recall-dial dial:*72{n}# pause:700 wait:confirm|announcement onhook";
        let procedure = parse(text).unwrap();
        assert_eq!(procedure.to_string(), text);
        assert!(procedure.needs(Blank::Number) && !procedure.needs(Blank::Slot));
        let steps = procedure.fill(&Fill { number: Some("5550101"), ..Fill::default() }).unwrap();
        assert_eq!(steps[2], Step::Dial("*725550101#".into()));
        assert_eq!(procedure.fill(&Fill::default()), Err(Unfilled(Blank::Number)));
    }

    #[test]
    fn the_sites_codes_go_in_when_it_is_read() {
        assert_eq!(parse("dial:{park}{s}").unwrap().to_string(), "dial:*68{s}");
        assert_eq!(parse("dial:{unpark}"), Err(BadStep::UnknownCode("unpark".into())));
    }

    #[test]
    fn what_is_no_step_is_refused() {
        for text in ["flsh", "wait:dail", "pause:0", "pause:60001", "dial:", "dial:5x", "dial:{n", "dial:,", "x:y"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
