//! Dial commands, from typed steps only: nothing that a caller types can become another command.

use arrayvec::ArrayVec;
use loopstart_signal::{DialStep, DialSteps, DigitMode};
use std::time::Duration;

/// A command line without its CR.
pub(super) type Command = ArrayVec<u8, 64>;

/// Characters after `AT` that every modem takes in a line (V.250: at least 40).
const BODY: usize = 40;
/// Lead-in of one dial command after `AT`: `X4D` and the mode.
const LEAD: usize = 4;

/// Appends as much of `text` as fits.
pub(super) fn put(command: &mut Command, text: &[u8]) {
    for &b in text {
        if command.try_push(b).is_err() {
            break;
        }
    }
}

/// Appends a number.
pub(super) fn put_number(command: &mut Command, n: u32) {
    if n >= 10 {
        put_number(command, n / 10);
    }
    put(command, &[b'0' + (n % 10) as u8]);
}

/// The character of a step in a dial string; `None` for digits that are none.
fn character(step: DialStep) -> Option<u8> {
    Some(match step {
        DialStep::Digit(d @ (b'0'..=b'9' | b'*' | b'#' | b'A'..=b'D')) => d,
        DialStep::Digit(d @ b'a'..=b'd') => d.to_ascii_uppercase(),
        DialStep::Digit(_) => return None,
        DialStep::Tone => b'T',
        DialStep::Pulse => b'P',
        DialStep::Pause => b',',
        DialStep::WaitDialTone => b'W',
        DialStep::WaitQuiet => b'@',
        DialStep::WaitBilling => b'$',
        DialStep::Flash => b'!',
    })
}

/// A digit as it is sent; `None` for what is none.
pub(super) fn digit(step: DialStep) -> Option<u8> {
    match step {
        DialStep::Digit(_) => character(step),
        _ => None,
    }
}

/// Whether every step can be dialled.
pub(super) fn is_dialable(steps: &DialSteps) -> bool {
    steps.as_slice().iter().all(|s| character(*s).is_some())
}

/// Builds the dial command for the steps from `from`, which the modem takes in one line. Answers where the next one begins.
///
/// The first command of a call waits for dial tone (`X4`), later ones must not (`X3`). All but the last end with `;`,
/// and that one too when the modem shall stay in command state.
pub(super) fn command(
    steps: &DialSteps,
    from: usize,
    fresh: bool,
    mode: &mut DigitMode,
    stay: bool,
    out: &mut Command,
) -> usize {
    out.clear();
    put(out, if fresh { b"ATX4D" } else { b"ATX3D" });
    let rest = steps.as_slice().get(from..).unwrap_or_default();
    // An explicit mode: some chips take a digit for something else without it.
    if !matches!(rest.first(), Some(DialStep::Tone | DialStep::Pulse)) {
        put(out, if *mode == DigitMode::Pulse { b"P" } else { b"T" });
    }
    let mut taken = 0;
    for step in rest.iter().take(BODY - LEAD - 1) {
        match step {
            DialStep::Tone => *mode = DigitMode::Dtmf,
            DialStep::Pulse => *mode = DigitMode::Pulse,
            _ => {}
        }
        if let Some(c) = character(*step) {
            put(out, &[c]);
        }
        taken += 1;
    }
    if stay || taken < rest.len() {
        put(out, b";");
    }
    from + taken
}

/// About how long dialling takes, without waiting for tones: pulses at 10 a second with 0.8 s between digits.
pub(super) fn duration(
    steps: &DialSteps,
    mut mode: DigitMode,
    digit: Duration,
    gap: Duration,
    pause: Duration,
) -> Duration {
    let mut total = Duration::ZERO;
    for step in steps.as_slice() {
        total += match step {
            DialStep::Digit(d) if mode == DigitMode::Pulse => {
                let pulses = if (b'1'..=b'9').contains(d) { d - b'0' } else { 10 };
                Duration::from_millis(800 + 100 * u64::from(pulses))
            }
            DialStep::Digit(_) => digit + gap,
            DialStep::Pause => pause,
            DialStep::Flash => Duration::from_millis(700),
            DialStep::Tone => {
                mode = DigitMode::Dtmf;
                Duration::ZERO
            }
            DialStep::Pulse => {
                mode = DigitMode::Pulse;
                Duration::ZERO
            }
            DialStep::WaitDialTone | DialStep::WaitQuiet | DialStep::WaitBilling => Duration::ZERO,
        };
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(text: &str) -> DialSteps {
        text.bytes()
            .map(|b| match b {
                b'T' => DialStep::Tone,
                b'P' => DialStep::Pulse,
                b',' => DialStep::Pause,
                b'W' => DialStep::WaitDialTone,
                b'@' => DialStep::WaitQuiet,
                b'$' => DialStep::WaitBilling,
                b'!' => DialStep::Flash,
                d => DialStep::Digit(d),
            })
            .collect()
    }

    fn lines(text: &str, stay: bool) -> Vec<String> {
        let steps = steps(text);
        let (mut at, mut mode, mut lines) = (0, DigitMode::Dtmf, Vec::new());
        let mut out = Command::new();
        while at < steps.as_slice().len() || lines.is_empty() {
            at = command(&steps, at, lines.is_empty(), &mut mode, stay, &mut out);
            lines.push(String::from_utf8(out.to_vec()).unwrap());
        }
        lines
    }

    #[test]
    fn one_line_when_it_fits() {
        assert_eq!(lines("5551234", true), ["ATX4DT5551234;"]);
        assert_eq!(lines("5551234", false), ["ATX4DT5551234"]);
        assert_eq!(lines("P9W,T*70#d", true), ["ATX4DP9W,T*70#D;"]);
        assert_eq!(lines("", true), ["ATX4DT;"]);
    }

    #[test]
    fn long_strings_are_split_and_keep_the_mode() {
        let text = format!("P{}", "1".repeat(70));
        let lines = lines(&text, false);
        assert_eq!(lines.len(), 3);
        assert!(lines[0].starts_with("ATX4DP1") && lines[0].ends_with(';'));
        assert!(lines[1].starts_with("ATX3DP1") && lines[1].ends_with(';'));
        assert!(lines[2].starts_with("ATX3DP1") && lines[2].ends_with('1'));
        assert!(lines.iter().all(|l| l.len() <= 2 + BODY));
        assert_eq!(lines.iter().map(|l| l.matches('1').count()).sum::<usize>(), 70);
    }

    #[test]
    fn what_is_no_digit_is_not_dialable() {
        assert!(is_dialable(&steps("0123456789*#ABCDabcd,W@$!TP")));
        for wrong in [b';', b'\r', b'+', b' ', 0x10, b'E', 0xff] {
            assert!(!is_dialable(&[DialStep::Digit(wrong)].into_iter().collect()), "{wrong}");
        }
    }

    #[test]
    fn durations() {
        let ms = Duration::from_millis;
        assert_eq!(duration(&steps("12,"), DigitMode::Dtmf, ms(90), ms(60), ms(2000)), ms(2300));
        assert_eq!(duration(&steps("P20"), DigitMode::Dtmf, ms(90), ms(60), ms(0)), ms(1000 + 1800));
    }
}
