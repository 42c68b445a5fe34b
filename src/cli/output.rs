//! What reaches the terminal: text without control characters, JSON lines, and a reader that may leave at any time.
//!
//! Caller names and numbers are written by whoever calls. A terminal obeys control characters, and characters that
//! change the direction of writing make one text look like another. So all text from outside goes through
//! [`Printable`], and JSON through [`json_line`].

use super::Failure;
use serde::Serialize;
use std::fmt::{self, Write as _};
use std::io::{self, Write as _};

/// Displays text with everything escaped that a terminal would obey or hide: C0, DEL, C1, characters that change the
/// direction of writing, break lines or have no width. A backslash is doubled, so that the escape cannot be faked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Printable<'a>(pub(super) &'a str);

/// Whether a character must not reach a terminal.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // Soft hyphen, Arabic letter mark, Mongolian vowel separator.
            '\u{ad}' | '\u{61c}' | '\u{180e}'
            // No width, left-to-right and right-to-left marks.
            | '\u{200b}'..='\u{200f}'
            // Line and paragraph separators; embeddings and overrides of direction.
            | '\u{2028}'..='\u{202e}'
            // Invisible operators; isolates of direction.
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            // Tags.
            | '\u{e0000}'..='\u{e007f}')
}

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(self.0.len());
        for c in self.0.chars() {
            match c {
                '\\' => text.push_str("\\\\"),
                c if !is_unsafe(c) => text.push(c),
                c if u32::from(c) < 0x100 => write!(text, "\\x{:02x}", u32::from(c))?,
                c => write!(text, "\\u{{{:x}}}", u32::from(c))?,
            }
        }
        f.pad(&text)
    }
}

/// One line of JSON, without the line end. Characters unsafe for a terminal are escaped inside the strings.
pub(super) fn json_line(value: &impl Serialize) -> String {
    // What is written here has string keys and finite numbers: there is nothing to fail.
    escape_json(&serde_json::to_string(value).unwrap_or_default())
}

/// JSON with the characters escaped that are unsafe for a terminal.
fn escape_json(plain: &str) -> String {
    let mut line = String::with_capacity(plain.len());
    for c in plain.chars() {
        if is_unsafe(c) {
            // Outside of strings JSON is plain ASCII, so this is inside one.
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(line, "\\u{unit:04x}");
            }
        } else {
            line.push(c);
        }
    }
    line
}

/// Standard output. Each line is there as soon as it is written.
#[derive(Debug)]
pub(super) struct Out {
    out: io::Stdout,
    json: bool,
}

impl Out {
    /// Standard output, for people or (`json`) for programs.
    pub(super) fn new(json: bool) -> Self {
        Self { out: io::stdout(), json }
    }

    /// Writes a line for people; nothing when JSON is wanted. Text from outside must have gone through [`Printable`].
    pub(super) fn say(&mut self, text: impl fmt::Display) -> Result<(), Failure> {
        if self.json { Ok(()) } else { self.write(&text.to_string()) }
    }

    /// Writes an object; nothing when text for people is wanted.
    pub(super) fn object(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        if self.json { self.write(&json_line(value)) } else { Ok(()) }
    }

    /// Writes an object that is JSON already; nothing when text for people is wanted.
    pub(super) fn json_text(&mut self, json: &str) -> Result<(), Failure> {
        if self.json { self.write(&escape_json(json)) } else { Ok(()) }
    }

    fn write(&mut self, line: &str) -> Result<(), Failure> {
        let mut out = self.out.lock();
        writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|e| match e.kind() {
            io::ErrorKind::BrokenPipe => Failure::OutputClosed,
            _ => Failure::refused(format!("standard output: {e}")),
        })
    }
}

/// One line on standard error.
pub(super) fn complain(why: &str) {
    let mut error = io::stderr().lock();
    // Nobody is left to tell if this fails.
    let _ = writeln!(error, "loopstart: {}", Printable(why));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn control_characters_are_escaped() {
        let hostile = "A\u{1b}[2J\r\nB\u{9b}31m\u{7f}\u{202e}C\\x1b\u{2066}\u{e0041}é";
        assert_eq!(
            Printable(hostile).to_string(),
            "A\\x1b[2J\\x0d\\x0aB\\x9b31m\\x7f\\u{202e}C\\\\x1b\\u{2066}\\u{e0041}é"
        );
        assert_eq!(format!("{:>4}|", Printable("é")), "   é|");
    }

    #[test]
    fn json_escapes_what_serde_leaves() {
        let line = json_line(&"\u{7f}\u{9b}\u{202e}\u{e0001}\u{1b}");
        assert_eq!(line, "\"\\u007f\\u009b\\u202e\\udb40\\udc01\\u001b\"");
    }

    proptest! {
        #[test]
        fn nothing_unsafe_gets_through(text in any::<String>()) {
            prop_assert!(!Printable(&text).to_string().chars().any(is_unsafe));
            let line = json_line(&text);
            prop_assert!(!line.chars().any(is_unsafe));
            prop_assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
        }

        #[test]
        fn different_texts_look_different(a in "[\\\\x0-9a\u{1b}\u{202e}{}u]{0,8}", b in "[\\\\x0-9a\u{1b}\u{202e}{}u]{0,8}") {
            prop_assert_eq!(a == b, Printable(&a).to_string() == Printable(&b).to_string());
        }
    }
}
