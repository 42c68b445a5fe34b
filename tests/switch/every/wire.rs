//! What the exchange saw on the wire of each line, and what a procedure of the plan has to look like there.
//!
//! In words: `off` and `on` for the hook, `flash`, and digits, all that were dialled in a row as one word.

use super::*;

/// What happened on the wires so far.
#[derive(Default)]
pub(super) struct Wire {
    lines: Vec<Vec<String>>,
}

impl Wire {
    /// Takes in what happened since.
    pub(super) fn drain(&mut self, s: &Scene) {
        for line in s.control("events").lines().filter(|line| line.starts_with('{')) {
            let event: serde_json::Value = serde_json::from_str(line).expect("JSON");
            assert_ne!(event["ev"], "lost", "events of the exchange were lost");
            let word = match event["ev"].as_str() {
                Some("offhook") => "off",
                Some("onhook") => "on",
                Some("flash") => "flash",
                // A terminal answers the alerting tone of a waiting call by a digit of its own.
                Some("digit") => match event["digit"].as_str() {
                    Some("A" | "D") | None => continue,
                    Some(digit) => digit,
                },
                _ => continue,
            };
            let at = event["line"].as_u64().expect("a line") as usize;
            if self.lines.len() <= at {
                self.lines.resize(at + 1, Vec::new());
            }
            push(&mut self.lines[at], word);
        }
    }

    /// What happened on the wire of a line.
    pub(super) fn of_line(&self, line: usize) -> Vec<String> {
        self.lines.get(line).cloned().unwrap_or_default()
    }
}

fn is_digits(word: &str) -> bool {
    !matches!(word, "on" | "off" | "flash")
}

/// Adds a word; digits go on with the digits before them.
pub(super) fn push(words: &mut Vec<String>, word: &str) {
    match words.last_mut() {
        Some(last) if is_digits(last) && is_digits(word) => last.push_str(word),
        _ if word.is_empty() => {}
        _ => words.push(word.to_owned()),
    }
}

/// Whether these words can become those.
pub(super) fn begins(wanted: &[String], so_far: &[String]) -> bool {
    let Some((last, before)) = so_far.split_last() else { return true };
    let Some(next) = wanted.get(before.len()) else { return false };
    wanted.get(..before.len()) == Some(before) && (next == last || is_digits(last) && next.starts_with(last.as_str()))
}

/// A procedure of the plan, as the exchange sees it.
pub(super) fn of(procedure: &Procedure, fill: &Fill<'_>) -> Vec<String> {
    let mut words = Vec::new();
    if procedure.starts_idle() {
        push(&mut words, "off");
    }
    for step in procedure.fill(fill).expect("blanks are filled") {
        match step {
            Step::Flash => push(&mut words, "flash"),
            Step::OnHook => push(&mut words, "on"),
            Step::OffHook => push(&mut words, "off"),
            Step::Dial(digits) => push(&mut words, &digits),
            Step::Wait(_) | Step::Pause(_) => {}
        }
    }
    words
}

#[test]
fn words_of_procedures() {
    let of = |text: &str| {
        let procedure = Procedure::parse(text, |_| None).unwrap();
        of(&procedure, &Fill { number: Some("5550101"), ..Fill::default() }).join(" ")
    };
    assert_eq!(of("flash wait:recall-dial dial:{n} onhook"), "flash 5550101 on");
    assert_eq!(of("dial:*72 wait:prompt dial:{n}#"), "off *725550101#");
    assert_eq!(of("wait:busy onhook offhook dial:*66"), "on off *66");
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert!(begins(&words("off 5550101 flash"), &words("off 555")));
    assert!(!begins(&words("off 5550101 flash"), &words("off 556")));
    assert!(!begins(&words("off 5550101"), &words("off 5550101 flash")));
}
