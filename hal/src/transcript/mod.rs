//! Transcripts: what a host and a modem said to each other, as text, to be read, kept and replayed against the driver.
//!
//! ```text
//! # source: from the emulated firmware (conexant)
//! # profile: conexant
//! 0.000 > AT\r
//! 0.010 < \r\nOK\r\n
//! 2.500 < \r\nRING\r\n
//! 2.500 ? ring
//! 3.000 = answer
//! ```
//!
//! Times are in seconds. `>` is what the host sends, `<` what the modem sends, `=` what a program asks of the driver, `?` what the
//! driver is to tell. Bytes without a character are `\r`, `\n`, `\t`, `\\` and `\xNN`. Lines with `#` are facts (`key: value`)
//! and remarks; `source` must be there, for a transcript without its origin proves nothing.
//!
//! A transcript is a *dialog* unless it says `# replay: answers`: then it is a table of what a modem answers, as documents give
//! it, and each command that the driver sends gets the answer that stands behind it, `ERROR` if there is none.

mod record;
mod replay;

pub use record::Recorded;
pub use replay::{Deviation, Report, replay, words};

use loopstart_signal::{ActionKind, DialStep, DialSteps, DigitMode, Heed};
use std::fmt::{self, Write as _};
use std::time::Duration;

/// Largest transcript that is read, in bytes.
pub const LARGEST: usize = 16 << 20;

/// What happened, with the time since the beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Duration,
    /// What.
    pub what: What,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The host sent bytes.
    Host(Vec<u8>),
    /// The modem sent bytes.
    Modem(Vec<u8>),
    /// A program asks something of the driver.
    Ask(Ask),
    /// The driver tells this, in the words of [`words`].
    Told(String),
}

/// What a program may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// `answer`
    Answer,
    /// `release`
    Release,
    /// `seize`
    Seize,
    /// `listen`: digits of the far end.
    Listen,
    /// `flash`
    Flash,
    /// `dial NUMBER`
    Dial(String),
    /// `send DIGITS`
    Send(String),
}

impl Ask {
    fn parse(text: &str) -> Option<Self> {
        let digits = |digits: &str| {
            let fits = !digits.is_empty() && digits.len() <= 32;
            (fits && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'D' | b'*' | b'#')))
                .then(|| digits.into())
        };
        Some(match text.split_once(' ') {
            None if text == "answer" => Self::Answer,
            None if text == "release" => Self::Release,
            None if text == "seize" => Self::Seize,
            None if text == "listen" => Self::Listen,
            None if text == "flash" => Self::Flash,
            Some(("dial", number)) => Self::Dial(digits(number)?),
            Some(("send", number)) => Self::Send(digits(number)?),
            _ => return None,
        })
    }

    /// The action that it is, with the usual times.
    pub fn action(&self) -> ActionKind {
        let (digit, gap, pause) = (Duration::from_millis(95), Duration::from_millis(70), Duration::from_secs(2));
        let steps = |text: &str| text.bytes().map(DialStep::Digit).collect::<DialSteps>();
        match self {
            Self::Answer => ActionKind::Answer,
            Self::Release => ActionKind::Release,
            Self::Seize => ActionKind::Seize,
            Self::Listen => ActionKind::Listen(Heed::DTMF),
            Self::Flash => ActionKind::Flash(Duration::from_millis(500)),
            Self::Dial(number) => ActionKind::Dial {
                steps: steps(number),
                digit,
                gap,
                pause,
                wait_dial_tone: Duration::from_secs(5),
                partial: false,
            },
            Self::Send(number) => {
                ActionKind::SendDigits { steps: steps(number), mode: DigitMode::Dtmf, digit, gap, pause }
            }
        }
    }
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer => f.write_str("answer"),
            Self::Release => f.write_str("release"),
            Self::Seize => f.write_str("seize"),
            Self::Listen => f.write_str("listen"),
            Self::Flash => f.write_str("flash"),
            Self::Dial(number) => write!(f, "dial {number}"),
            Self::Send(number) => write!(f, "send {number}"),
        }
    }
}

/// A transcript.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    /// What is said about it, by key.
    pub facts: Vec<(String, String)>,
    /// What happened, in order.
    pub entries: Vec<Entry>,
}

/// A transcript cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct TranscriptError {
    /// The line, from 1; 0: the whole of it.
    pub line: usize,
    /// What about it.
    pub why: String,
}

impl Transcript {
    /// Reads one.
    ///
    /// # Errors
    /// With the line in which something is wrong; also when it does not say where it is from.
    pub fn parse(text: &str) -> Result<Self, TranscriptError> {
        let wrong = |line: usize, why: &str| TranscriptError { line, why: why.to_owned() };
        if text.len() > LARGEST {
            return Err(wrong(0, "larger than 16 MiB"));
        }
        let mut found = Self::default();
        for (n, line) in text.lines().enumerate().map(|(n, line)| (n + 1, line)) {
            if let Some(fact) = line.strip_prefix('#') {
                if let Some((key, value)) = fact.split_once(':') {
                    found.facts.push((key.trim().to_owned(), value.trim().to_owned()));
                }
                continue;
            }
            if line.trim().is_empty() {
                continue;
            }
            let mut parts = line.splitn(3, ' ');
            let (time, sign, rest) = (parts.next(), parts.next(), parts.next().unwrap_or_default());
            let at = time.and_then(seconds).ok_or_else(|| wrong(n, "begins with a time in seconds: 1.250"))?;
            if found.entries.last().is_some_and(|last| last.at > at) {
                return Err(wrong(n, "is earlier than the line before"));
            }
            let bytes = |text| {
                unescape(text).ok_or_else(|| wrong(n, "use \\r, \\n, \\t, \\\\ and \\xNN for what has no character"))
            };
            let what = match sign {
                Some(">") => What::Host(bytes(rest)?),
                Some("<") => What::Modem(bytes(rest)?),
                Some("=") => What::Ask(Ask::parse(rest).ok_or_else(|| {
                    wrong(n, "ask for answer, release, seize, listen, flash, dial NUMBER or send DIGITS")
                })?),
                Some("?") => What::Told(rest.to_owned()),
                _ => return Err(wrong(n, "behind the time comes >, <, = or ?")),
            };
            found.entries.push(Entry { at, what });
        }
        if found.fact("source").is_none_or(str::is_empty) {
            return Err(wrong(0, "does not say where it is from; begin with '# source: ...'"));
        }
        Ok(found)
    }

    /// What is said under this key.
    pub fn fact(&self, key: &str) -> Option<&str> {
        self.facts.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (key, value) in &self.facts {
            writeln!(f, "# {key}: {value}")?;
        }
        self.entries.iter().try_for_each(|entry| writeln!(f, "{entry}"))
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03} ", self.at.as_secs(), self.at.subsec_millis())?;
        match &self.what {
            What::Host(bytes) => write!(f, "> {}", escape(bytes)),
            What::Modem(bytes) => write!(f, "< {}", escape(bytes)),
            What::Ask(ask) => write!(f, "= {ask}"),
            What::Told(words) => write!(f, "? {words}"),
        }
    }
}

/// `1.25` or `3`; a million seconds at most.
fn seconds(text: &str) -> Option<Duration> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str, most: usize| {
        (!text.is_empty() && text.len() <= most && text.bytes().all(|b| b.is_ascii_digit()))
            .then(|| text.parse().ok())?
    };
    let (whole, millis): (u64, u64) = (digits(whole, 6)?, digits(&format!("{part:0<3}"), 3)?);
    Some(Duration::from_secs(whole) + Duration::from_millis(millis))
}

/// Bytes as a transcript has them.
pub fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for (i, &byte) in bytes.iter().enumerate() {
        match byte {
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            b'\\' => text.push_str("\\\\"),
            // A blank at the end would not survive an editor.
            b' ' if i + 1 == bytes.len() => text.push_str("\\x20"),
            b' '..=b'~' => text.push(char::from(byte)),
            _ => {
                let _ = write!(text, "\\x{byte:02x}");
            }
        }
    }
    text
}

fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next()? {
                b'r' => b'\r',
                b'n' => b'\n',
                b't' => b'\t',
                b'\\' => b'\\',
                b'x' => {
                    let mut digit = || char::from(rest.next()?).to_digit(16);
                    (digit()? * 16 + digit()?) as u8
                }
                _ => return None,
            },
            b' '..=b'~' => byte,
            _ => return None,
        });
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let at = Duration::from_millis;
        let all: Vec<u8> = (0..=255).collect();
        let transcript = Transcript {
            facts: vec![("source".into(), "a test".into()), ("profile".into(), "conexant".into())],
            entries: vec![
                Entry { at: at(0), what: What::Host(b"AT\r".to_vec()) },
                Entry { at: at(10), what: What::Modem(all) },
                Entry { at: at(10), what: What::Modem(b"NAME=JANE ".to_vec()) },
                Entry { at: at(1_250), what: What::Ask(Ask::Dial("*70#".into())) },
                Entry { at: at(61_000), what: What::Told("ring".into()) },
            ],
        };
        let text = transcript.to_string();
        assert!(text.contains("\n1.250 = dial *70#\n") && text.contains("JANE\\x20\n"), "{text}");
        assert_eq!(Transcript::parse(&text), Ok(transcript));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, line, why) in [
            ("", 0, "where it is from"),
            ("0 > AT\\r", 0, "where it is from"),
            ("# source: x\nsoon > AT", 2, "time in seconds"),
            ("# source: x\n1 ! AT", 2, ">, <, = or ?"),
            ("# source: x\n1 > A\\q", 2, "\\xNN"),
            ("# source: x\n1 > A\\x1", 2, "\\xNN"),
            ("# source: x\n2 > A\n1.999 < B", 3, "earlier"),
            ("# source: x\n2 = dial 55;H", 2, "dial NUMBER"),
            ("# source: x\n1.2345 > A", 2, "time in seconds"),
        ] {
            let error = Transcript::parse(text).unwrap_err();
            assert!(error.line == line && error.why.contains(why), "{text:?}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_safe(text: String) {
            let _ = Transcript::parse(&text);
        }

        #[test]
        fn any_bytes_come_back(bytes: Vec<u8>) {
            proptest::prop_assert_eq!(unescape(&escape(&bytes)), Some(bytes));
        }
    }
}
