//! Dialable addresses, parsed once into the steps a device carries out.
//!
//! The whole string is checked before anything is dialled; the first offending character decides the error.

use crate::{DialParams, LineErr};
use alloc::string::String;
use core::time::Duration;
use loopstart_signal::{Caps, DialStep, DialSteps};

/// A parsed address.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Dialable {
    /// What to do.
    pub(crate) steps: DialSteps,
    /// It ended in `;`: more digits follow.
    pub(crate) partial: bool,
}

impl Dialable {
    /// Whether nothing is to be dialled: no step but changes between tone and pulse.
    pub(crate) fn is_blank(&self) -> bool {
        self.steps.as_slice().iter().all(|step| matches!(step, DialStep::Tone | DialStep::Pulse))
    }
}

/// Parses a dialable address for a device that can do `caps`.
///
/// `0`-`9 * # A`-`D` dial; `T P` tone and pulse from here on; `,` pause; `W @ $` wait for dial tone, quiet answer,
/// billing tone; `!` hook flash; `;` at the end: more follows. Blanks and the punctuation `- ( ) . /` are skipped.
/// `|` (subaddress), `^` (name) and a line end (further addresses) end what is dialled.
///
/// # Errors
/// `DIALDIALTONE`, `DIALQUIET`, `DIALBILLING` for a wait the device cannot do; `DIALPROMPT`, `DIALVOICEDETECT` for `?`
/// and `:`; `INVALADDRESS` for anything else that cannot be dialled, or when there are too many steps.
pub(crate) fn parse(text: &str, caps: Caps) -> Result<Dialable, LineErr> {
    let mut steps = DialSteps::new();
    let mut partial = false;
    for c in text.chars() {
        if matches!(c, '|' | '^' | '\r' | '\n') {
            break;
        }
        if partial && c != ' ' {
            return Err(LineErr::INVALADDRESS);
        }
        let able = |cap: Caps, step: DialStep, error: LineErr| if caps.contains(cap) { Ok(step) } else { Err(error) };
        let step = match c {
            '0'..='9' | '*' | '#' => DialStep::Digit(c as u8),
            'A'..='D' | 'a'..='d' => DialStep::Digit(c.to_ascii_uppercase() as u8),
            'T' | 't' => able(Caps::DIAL_DTMF, DialStep::Tone, LineErr::INVALADDRESS)?,
            'P' | 'p' => able(Caps::DIAL_PULSE, DialStep::Pulse, LineErr::INVALADDRESS)?,
            ',' => DialStep::Pause,
            'W' | 'w' => able(Caps::WAIT_DIAL_TONE, DialStep::WaitDialTone, LineErr::DIALDIALTONE)?,
            '@' => able(Caps::WAIT_QUIET, DialStep::WaitQuiet, LineErr::DIALQUIET)?,
            '$' => able(Caps::WAIT_BILLING, DialStep::WaitBilling, LineErr::DIALBILLING)?,
            '!' => able(Caps::FLASH, DialStep::Flash, LineErr::INVALADDRESS)?,
            '?' => return Err(LineErr::DIALPROMPT),
            ':' => return Err(LineErr::DIALVOICEDETECT),
            ';' => {
                partial = true;
                if caps.contains(Caps::DIAL_PARTIAL) {
                    continue;
                }
                return Err(LineErr::INVALADDRESS);
            }
            ' ' | '-' | '(' | ')' | '.' | '/' => continue,
            _ => return Err(LineErr::INVALADDRESS),
        };
        if !steps.push(step) {
            return Err(LineErr::INVALADDRESS);
        }
    }
    Ok(Dialable { steps, partial })
}

/// The digits of an address that goes into a procedure: nothing but digits and what is skipped.
///
/// # Errors
/// `DIALPROMPT`, `DIALDIALTONE`, `DIALQUIET`, `DIALBILLING` for what cannot be done there; `INVALADDRESS` for anything
/// else that is no digit, when there are none, and when there are too many.
pub(crate) fn plain(text: &str) -> Result<String, LineErr> {
    let parsed = parse(text, Caps::DIAL_DTMF)?;
    let digits: String = parsed
        .steps
        .as_slice()
        .iter()
        .filter_map(|step| match step {
            DialStep::Digit(symbol) => Some(char::from(*symbol)),
            _ => None,
        })
        .collect();
    let only_digits = parsed.steps.as_slice().iter().all(|step| matches!(step, DialStep::Digit(_) | DialStep::Tone));
    if digits.is_empty() || !only_digits { Err(LineErr::INVALADDRESS) } else { Ok(digits) }
}

/// Parses digits to be sent during a call: digits and pauses; any other character is skipped.
///
/// # Errors
/// `RESOURCEUNAVAIL` when there are more than a device takes at once.
pub(crate) fn parse_digits(text: &str) -> Result<DialSteps, LineErr> {
    let mut steps = DialSteps::new();
    for c in text.chars() {
        let step = match c {
            ',' => DialStep::Pause,
            _ => match digit(c) {
                Some(symbol) => DialStep::Digit(symbol),
                None => continue,
            },
        };
        if !steps.push(step) {
            return Err(LineErr::RESOURCEUNAVAIL);
        }
    }
    Ok(steps)
}

/// The DTMF digit this character stands for.
pub(crate) fn digit(c: char) -> Option<u8> {
    let c = c.to_ascii_uppercase();
    matches!(c, '0'..='9' | '*' | '#' | 'A'..='D').then_some(c as u8)
}

/// How long these steps take at most, waits for tones aside. A pulse digit lasts at most ten pulses of 100 ms and a
/// gap of 1 s.
pub(crate) fn duration(steps: &DialSteps, dial: &DialParams) -> Duration {
    let one = |step: &DialStep| match step {
        DialStep::Digit(_) => (dial.digit + dial.speed).max(Duration::from_secs(2)),
        DialStep::Pause => dial.pause,
        DialStep::Flash => Duration::from_secs(2),
        DialStep::WaitDialTone => dial.wait_for_dialtone,
        DialStep::WaitQuiet | DialStep::WaitBilling => Duration::from_secs(60),
        DialStep::Tone | DialStep::Pulse => Duration::ZERO,
    };
    steps.as_slice().iter().map(one).fold(Duration::ZERO, Duration::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;
    use loopstart_signal::MAX_DIAL_STEPS;
    use proptest::prelude::*;
    use std::string::String;
    use std::vec;
    use std::vec::Vec;

    fn steps(text: &str) -> Result<(Vec<DialStep>, bool), LineErr> {
        parse(text, Caps::all()).map(|d| (d.steps.as_slice().to_vec(), d.partial))
    }

    #[test]
    fn every_character_has_its_step() {
        use DialStep::{Digit, Flash, Pause, Pulse, Tone, WaitBilling, WaitDialTone, WaitQuiet};
        let all = vec![
            Tone,
            Digit(b'9'),
            WaitDialTone,
            Pause,
            Flash,
            Pulse,
            Digit(b'1'),
            Digit(b'*'),
            Digit(b'#'),
            Digit(b'A'),
            Digit(b'D'),
            WaitQuiet,
            WaitBilling,
        ];
        assert_eq!(steps("T9W,!P1*#AD@$"), Ok((all.clone(), false)));
        assert_eq!(steps("t9w,!p1*#ad@$;"), Ok((all, true)));
        assert_eq!(steps("(555) 12-3.4"), steps("5551234"));
        assert_eq!(steps("55|77^NAME"), steps("55"));
        assert_eq!(steps("55^NAME?"), steps("55"));
        assert_eq!(steps("55\r\n66"), steps("55"));
        assert_eq!(steps(""), Ok((vec![], false)));
    }

    #[test]
    fn the_first_offender_decides() {
        let bare = Caps::DIAL_DTMF;
        for (text, error) in [
            ("1W2@3", LineErr::DIALDIALTONE),
            ("1@2W3", LineErr::DIALQUIET),
            ("1$2?", LineErr::DIALBILLING),
            ("1?2$", LineErr::DIALPROMPT),
            ("1:2?", LineErr::DIALVOICEDETECT),
            ("1x2?", LineErr::INVALADDRESS),
            ("+1 555", LineErr::INVALADDRESS),
            ("12;", LineErr::INVALADDRESS),
            ("1!2", LineErr::INVALADDRESS),
            ("P12", LineErr::INVALADDRESS),
            ("1\t2", LineErr::INVALADDRESS),
            ("1\u{0661}", LineErr::INVALADDRESS),
        ] {
            assert_eq!(parse(text, bare), Err(error), "{text:?}");
        }
        assert_eq!(parse("1?", Caps::all()), Err(LineErr::DIALPROMPT));
        assert_eq!(parse("1:", Caps::all()), Err(LineErr::DIALVOICEDETECT));
        assert_eq!(parse("1;2", Caps::all()), Err(LineErr::INVALADDRESS));
        assert_eq!(parse("1;;", Caps::all()), Err(LineErr::INVALADDRESS));
    }

    #[test]
    fn too_many_steps_are_refused() {
        assert!(steps(&"5".repeat(MAX_DIAL_STEPS)).is_ok());
        assert_eq!(steps(&"5".repeat(MAX_DIAL_STEPS + 1)), Err(LineErr::INVALADDRESS));
        assert_eq!(parse_digits(&"5".repeat(MAX_DIAL_STEPS + 1)), Err(LineErr::RESOURCEUNAVAIL));
    }

    #[test]
    fn digits_to_send_skip_what_is_no_digit() {
        let sent = parse_digits("1x2,W#;d").map(|s| s.as_slice().to_vec());
        use DialStep::{Digit, Pause};
        assert_eq!(sent, Ok(vec![Digit(b'1'), Digit(b'2'), Pause, Digit(b'#'), Digit(b'D')]));
    }

    proptest! {
        #[test]
        fn any_text_gives_steps_or_an_error(text in any::<String>(), caps in any::<u32>()) {
            let caps = Caps::from_bits_truncate(caps);
            if let Ok(d) = parse(&text, caps) {
                prop_assert!(!d.partial || caps.contains(Caps::DIAL_PARTIAL));
                for step in d.steps.as_slice() {
                    let ok = match step {
                        DialStep::WaitDialTone => caps.contains(Caps::WAIT_DIAL_TONE),
                        DialStep::WaitQuiet => caps.contains(Caps::WAIT_QUIET),
                        DialStep::WaitBilling => caps.contains(Caps::WAIT_BILLING),
                        DialStep::Flash => caps.contains(Caps::FLASH),
                        DialStep::Digit(b) => digit(char::from(*b)) == Some(*b),
                        _ => true,
                    };
                    prop_assert!(ok);
                }
            }
        }
    }
}
