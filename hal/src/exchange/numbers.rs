//! The numbering plan: what each number leads to, as data.
//!
//! Subscriber lines come first (two ranges), then the scripted numbers: each a row that names its procedure. To add a
//! number, add a row.

use super::party::Act;
use super::tones::Signal;
use arrayvec::ArrayString;
use loopstart_signal::plan::Access;

/// Most digits of one number that the register keeps.
pub const MAX_DIGITS: usize = 40;

/// Dialled digits.
pub type DialString = ArrayString<MAX_DIGITS>;

/// Subscriber numbers of lines 0 to 19: this plus the line.
pub(crate) const FIRST_NUMBER: u32 = 5_550_100;
/// How many lines have a number in the first range.
pub(crate) const FIRST_NUMBERS: u32 = 20;
/// Every line's second number: this plus the line.
pub(crate) const SECOND_NUMBER: u32 = 5_560_000;

/// Extensions of a private exchange's lines: this plus the line.
pub(crate) const FIRST_EXTENSION: usize = 100;
/// Digits of an extension.
const EXTENSION_DIGITS: usize = 3;

/// Where a number leads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Destination {
    /// A subscriber line.
    Line(usize),
    /// A far end that follows a script.
    Script(&'static Row),
    /// A tone, with no call.
    Treatment(Signal),
}

/// A scripted number.
#[derive(Debug, PartialEq)]
pub(crate) struct Row {
    /// The number, seven digits.
    pub(crate) number: u32,
    /// Its name, as caller ID would show it.
    pub(crate) name: &'static str,
    /// What answers there.
    pub(crate) does: Does,
}

/// What a scripted number does.
#[derive(Debug, PartialEq)]
pub(crate) enum Does {
    /// Nothing but a tone.
    Tone(Signal),
    /// It is a far end with this procedure.
    Script(&'static [Act]),
}

/// The scripted numbers.
pub(crate) static ROWS: &[Row] = &[
    Row { number: 5_550_120, name: "ECHO", does: Does::Script(&[Act::AnswerAfter(2), Act::Echo, Act::Stay]) },
    Row { number: 5_550_121, name: "BUSY", does: Does::Tone(Signal::Busy) },
    Row { number: 5_550_122, name: "NO ANSWER", does: Does::Script(&[Act::Stay]) },
    Row { number: 5_550_123, name: "REORDER", does: Does::Tone(Signal::Reorder) },
    Row { number: 5_550_124, name: "VACANT CODE", does: Does::Tone(Signal::VacantCode) },
    Row {
        number: 5_550_125,
        name: "HANGS UP",
        // Whoever answers says something: in three seconds no missing ringback could tell the answer.
        does: Does::Script(&[Act::AnswerAfter(1), Act::Wait(400), Act::Voice(1_400), Act::Wait(1_200), Act::HangUp]),
    },
    Row {
        number: 5_550_126,
        name: "DIGITS",
        // Something is said first, so that the caller knows of the answer before the digits come.
        does: Does::Script(&[
            Act::AnswerAfter(1),
            Act::Wait(400),
            Act::Voice(1_400),
            Act::Wait(1_000),
            Act::Digits("1234567890*#ABCD"),
            Act::Stay,
        ]),
    },
    Row {
        number: 5_550_127,
        name: "ANSWERING MACHINE",
        does: Does::Script(&[
            Act::AnswerAfter(1),
            Act::Wait(600),
            Act::Voice(4_200),
            Act::Wait(300),
            Act::Tone(Signal::Beep, 600),
            Act::Stay,
        ]),
    },
    // T.30: CED 1.8 to 2.5 s after the answer, for 2.6 to 4 s; without an answer to its DIS the called machine gives
    // up after T1, 35 s.
    Row {
        number: 5_550_128,
        name: "FAX",
        does: Does::Script(&[
            Act::AnswerAfter(1),
            Act::Wait(1_900),
            Act::Tone(Signal::Ced, 3_000),
            Act::Wait(35_000),
            Act::HangUp,
        ]),
    },
    // V.8: ANSam follows at least 0.2 s after the answer (V.25: 1.8 to 2.5 s) and lasts 5 s at most.
    Row {
        number: 5_550_129,
        name: "MODEM",
        does: Does::Script(&[
            Act::AnswerAfter(1),
            Act::Wait(1_900),
            Act::Tone(Signal::AnsAm, 5_000),
            Act::Wait(30_000),
            Act::HangUp,
        ]),
    },
    Row { number: 5_550_130, name: "CALL BACK", does: Does::Script(&[Act::CallBack(3_000), Act::Stay]) },
    Row {
        number: 5_550_131,
        name: "SUPERVISED",
        does: Does::Script(&[Act::AnswerAfter(1), Act::Reverse, Act::Wait(400), Act::Voice(1_500), Act::Stay]),
    },
];

/// What the digits so far amount to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// More digits must come.
    Incomplete,
    /// More digits may come; if none do, this is it.
    Critical(Destination),
    /// Complete.
    Complete(Destination),
}

/// Looks `digits` up as a subscriber dials them: behind the way out of a private exchange, where there is one, or as one
/// of its extensions.
pub(crate) fn dialled(digits: &str, access: Option<&Access>, lines: usize) -> Verdict {
    let Some(access) = access else { return look_up(digits, lines) };
    if let Some(outside) = digits.strip_prefix(access.prefix.as_str()) {
        return look_up(outside, lines);
    }
    if access.prefix.starts_with(digits) {
        return Verdict::Incomplete;
    }
    let digits = digits.strip_suffix('#').unwrap_or(digits);
    match digits.as_bytes() {
        [b'1'..=b'3', rest @ ..] if rest.iter().all(u8::is_ascii_digit) => {
            if digits.len() < EXTENSION_DIGITS {
                return Verdict::Incomplete;
            }
            let line = digits.parse().ok().and_then(|number: usize| number.checked_sub(FIRST_EXTENSION));
            Verdict::Complete(match line {
                Some(line) if line < lines => Destination::Line(line),
                _ => Destination::Treatment(Signal::VacantCode),
            })
        }
        [b'*' | b'#', ..] => look_up(digits, lines),
        _ => Verdict::Complete(Destination::Treatment(Signal::Reorder)),
    }
}

/// The extension of a line of a private exchange.
pub fn extension_of(line: usize) -> String {
    format!("{}", FIRST_EXTENSION + line)
}

/// Looks `digits` up in a plan of seven-digit local numbers, with an optional `1` and area code before them. `lines` is
/// how many lines the exchange has.
///
/// A number that nobody has ends at the vacant-code tone; what is no number at all at reorder.
pub(crate) fn look_up(digits: &str, lines: usize) -> Verdict {
    let bytes = digits.as_bytes();
    match bytes {
        [] => Verdict::Incomplete,
        // `#` ends a number.
        [number @ .., b'#'] if !number.is_empty() => {
            Verdict::Complete(seven(&digits[..number.len()], lines).unwrap_or(Destination::Treatment(Signal::Reorder)))
        }
        // Star codes: the switch plan's codes were looked at before.
        [b'*', _, _, ..] => Verdict::Complete(Destination::Treatment(Signal::Reorder)),
        [b'*', ..] => Verdict::Incomplete,
        [b'#', ..] | [b'A'..=b'D', ..] => Verdict::Complete(Destination::Treatment(Signal::Reorder)),
        // Operator, or an international number: this exchange has neither.
        [b'0', ..] if bytes.len() < 16 => Verdict::Critical(Destination::Treatment(Signal::VacantCode)),
        [b'0', ..] => Verdict::Complete(Destination::Treatment(Signal::VacantCode)),
        // Service codes: 211 to 911.
        [b'2'..=b'9', b'1', b'1'] => Verdict::Complete(Destination::Treatment(Signal::VacantCode)),
        [b'1', rest @ ..] if rest.len() >= 10 => {
            Verdict::Complete(seven(&digits[4..], lines).unwrap_or(Destination::Treatment(Signal::VacantCode)))
        }
        [b'1', ..] => Verdict::Incomplete,
        _ if bytes.len() >= 7 => {
            Verdict::Complete(seven(digits, lines).unwrap_or(Destination::Treatment(Signal::VacantCode)))
        }
        _ => Verdict::Incomplete,
    }
}

/// The destination of a seven-digit number.
fn seven(digits: &str, lines: usize) -> Option<Destination> {
    if digits.len() != 7 {
        return None;
    }
    let number: u32 = digits.parse().ok()?;
    if let Some(row) = ROWS.iter().find(|row| row.number == number) {
        return Some(match &row.does {
            Does::Tone(tone) => Destination::Treatment(*tone),
            Does::Script(_) => Destination::Script(row),
        });
    }
    let line = match number.checked_sub(FIRST_NUMBER) {
        Some(n) if n < FIRST_NUMBERS => n,
        _ => number.checked_sub(SECOND_NUMBER)?,
    };
    let line = usize::try_from(line).ok()?;
    (line < lines).then_some(Destination::Line(line))
}

/// The number that caller ID gives for a line.
pub fn number_of(line: usize) -> String {
    format!("{}", FIRST_NUMBER.saturating_add(u32::try_from(line).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete(digits: &str) -> Destination {
        match look_up(digits, 30) {
            Verdict::Complete(destination) => destination,
            other => panic!("{digits}: {other:?}"),
        }
    }

    #[test]
    fn lines_have_two_numbers() {
        assert_eq!(complete("5550100"), Destination::Line(0));
        assert_eq!(complete("5550119"), Destination::Line(19));
        assert_eq!(complete("5560019"), Destination::Line(19));
        assert_eq!(complete("5560029"), Destination::Line(29));
        assert_eq!(complete("5560030"), Destination::Treatment(Signal::VacantCode), "there are 30 lines");
        assert_eq!(complete("12015550101"), Destination::Line(1));
        assert_eq!(number_of(3), "5550103");
    }

    #[test]
    fn a_number_is_complete_at_its_last_digit_and_not_before() {
        for n in 1..7 {
            assert_eq!(look_up(&"5550120"[..n], 2), Verdict::Incomplete);
        }
        assert!(matches!(complete("5550120"), Destination::Script(row) if row.name == "ECHO"));
        assert_eq!(complete("5550121"), Destination::Treatment(Signal::Busy));
        assert_eq!(complete("5551234"), Destination::Treatment(Signal::VacantCode));
        assert_eq!(complete("123#"), Destination::Treatment(Signal::Reorder));
        assert!(matches!(look_up("0", 2), Verdict::Critical(_)));
    }
}
