//! What a line of a modem's answer means.

use super::splitter::trim;

/// Result codes of V.250 and V.253, with the vendors' ones that tell something about a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultCode {
    /// `OK` (0).
    Ok,
    /// `CONNECT`, with the text after it read as a rate in bit/s when it begins with digits (1; 5 and 10 up in the
    /// numeric forms, whose rates differ between vendors).
    Connect(Option<u32>),
    /// `RING`, `RING 2`, `RING B`, `RRING` (2): ringing, with the ring mode of distinctive ringing, from 1.
    Ring(Option<u8>),
    /// `NO CARRIER` (3).
    NoCarrier,
    /// `ERROR`, `+FCERROR`, `+CME ERROR` (4).
    Error,
    /// `NO DIALTONE`, `NO DIAL TONE` (6).
    NoDialTone,
    /// `BUSY` (7).
    Busy,
    /// `NO ANSWER` (8).
    NoAnswer,
    /// `VCON`, `+VCON`, `#VCON`: the voice connection is there.
    VoiceConnect,
    /// `RINGING`, `RINGBACK`: the far end alerts.
    Ringing,
    /// `DIALING`.
    Dialing,
    /// `DELAYED`: the modem refuses to dial this number again for some time.
    Delayed,
    /// `BLACKLISTED`: it refuses for good.
    Blacklisted,
    /// `LINE-IN-USE`: an extension is off hook.
    LineInUse,
    /// `DIGITAL LINE DETECTED`: the line's current would hurt the modem.
    DigitalLine,
    /// `CALL WAITING DETECTED`.
    CallWaiting,
}

/// The verbose codes without a variable part. The first text of each code is the one V.250 and V.253 give.
const TEXTS: &[(&str, ResultCode)] = &[
    ("OK", ResultCode::Ok),
    ("NO CARRIER", ResultCode::NoCarrier),
    ("ERROR", ResultCode::Error),
    ("+FCERROR", ResultCode::Error),
    ("COMMAND ERROR", ResultCode::Error),
    ("NO DIALTONE", ResultCode::NoDialTone),
    ("NO DIAL TONE", ResultCode::NoDialTone),
    ("BUSY", ResultCode::Busy),
    ("NO ANSWER", ResultCode::NoAnswer),
    ("VCON", ResultCode::VoiceConnect),
    ("+VCON", ResultCode::VoiceConnect),
    ("#VCON", ResultCode::VoiceConnect),
    ("VOICE", ResultCode::VoiceConnect),
    ("RRING", ResultCode::Ring(None)),
    ("RINGING", ResultCode::Ringing),
    ("RINGBACK", ResultCode::Ringing),
    ("DIALING", ResultCode::Dialing),
    ("DELAYED", ResultCode::Delayed),
    ("BLACKLISTED", ResultCode::Blacklisted),
    ("BLACK LISTED", ResultCode::Blacklisted),
    ("LINE-IN-USE", ResultCode::LineInUse),
    ("LINE IN USE", ResultCode::LineInUse),
    ("DIGITAL LINE DETECTED", ResultCode::DigitalLine),
    ("CALL WAITING DETECTED", ResultCode::CallWaiting),
];

impl ResultCode {
    /// Reads a line as a verbose result code; `None` when it is something else. Upper and lower case are the same, and the
    /// eighth bit is not looked at (a modem that sends parity).
    pub fn verbose(line: &[u8]) -> Option<Self> {
        let line = trim(line);
        for (text, code) in TEXTS {
            if same(line, text.as_bytes()) {
                return Some(*code);
            }
        }
        if let Some(rest) = after(line, b"CONNECT") {
            return match rest.first() {
                None => Some(Self::Connect(None)),
                Some(b' ' | b'/' | b':') => Some(Self::Connect(number(trim(rest)).map(|(n, _)| n))),
                Some(_) => None,
            };
        }
        if let Some(rest) = after(line, b"RING") {
            let pattern = match trim(rest) {
                [] => None,
                [digit @ b'1'..=b'9'] => Some(digit - b'0'),
                [letter @ (b'A'..=b'E' | b'a'..=b'e')] => Some(letter.to_ascii_uppercase() - b'A' + 1),
                _ => return None,
            };
            return (rest.is_empty() || rest.first() == Some(&b' ')).then_some(Self::Ring(pattern));
        }
        if after(line, b"+CME ERROR").is_some() || after(line, b"ERROR ").is_some() {
            return Some(Self::Error);
        }
        None
    }

    /// Reads a line as a numeric result code (`V0`).
    pub fn numeric(line: &[u8]) -> Option<Self> {
        let line = trim(line);
        if line.is_empty() || line.len() > 3 {
            return None;
        }
        let (code, rest) = number(line)?;
        if !rest.is_empty() {
            return None;
        }
        Some(match code {
            0 => Self::Ok,
            1 => Self::Connect(None),
            2 => Self::Ring(None),
            3 => Self::NoCarrier,
            4 => Self::Error,
            5 => Self::Connect(Some(1200)),
            6 => Self::NoDialTone,
            7 => Self::Busy,
            8 => Self::NoAnswer,
            10.. => Self::Connect(None),
            9 => return None,
        })
    }

    /// Whether the code ends a command. `RING` and the progress reports come whenever they like.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Ring(_) | Self::Ringing | Self::Dialing | Self::CallWaiting)
    }

    /// The verbose text, as V.250 and V.253 give it, without a rate or ring mode.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Connect(_) => "CONNECT",
            Self::Ring(_) => "RING",
            Self::NoCarrier => "NO CARRIER",
            Self::Error => "ERROR",
            Self::NoDialTone => "NO DIALTONE",
            Self::Busy => "BUSY",
            Self::NoAnswer => "NO ANSWER",
            Self::VoiceConnect => "VCON",
            Self::Ringing => "RINGING",
            Self::Dialing => "DIALING",
            Self::Delayed => "DELAYED",
            Self::Blacklisted => "BLACKLISTED",
            Self::LineInUse => "LINE-IN-USE",
            Self::DigitalLine => "DIGITAL LINE DETECTED",
            Self::CallWaiting => "CALL WAITING DETECTED",
        }
    }

    /// The numeric code of V.250, where it gives one.
    pub const fn code(self) -> Option<u8> {
        Some(match self {
            Self::Ok => 0,
            Self::Connect(_) => 1,
            Self::Ring(_) => 2,
            Self::NoCarrier => 3,
            Self::Error => 4,
            Self::NoDialTone => 6,
            Self::Busy => 7,
            Self::NoAnswer => 8,
            _ => return None,
        })
    }
}

/// The value of an answer to `+NAME?` or `+NAME=?`: `+NAME: 1` and `+NAME=1` as well as the bare `1` of other chips.
pub fn value<'a>(line: &'a [u8], name: &[u8]) -> &'a [u8] {
    let line = trim(line);
    if let Some(rest) = after(line, name) {
        let rest = trim(rest);
        if let [b':' | b'=', value @ ..] = rest {
            return trim(value);
        }
    }
    line
}

/// Whether a list such as `0,1,2,8`, `(0-2,8)` or `0,1.0,8.0` has `wanted`.
pub fn ranges_contain(list: &[u8], wanted: u32) -> bool {
    let mut rest = list;
    let mut from: Option<u32> = None;
    while let Some(&first) = rest.first() {
        if let Some((n, after_n)) = number(rest) {
            rest = after_n;
            // A fraction (`1.0`) names a variant of the class before the point.
            while let [b'.', b'0'..=b'9', tail @ ..] = rest {
                rest = tail;
            }
            let low = from.take().unwrap_or(n);
            if (low..=n).contains(&wanted) {
                return true;
            }
            if let [b'-', tail @ ..] = rest {
                from = Some(n);
                rest = tail;
            }
            continue;
        }
        if first == b'"' {
            // A quoted name is not part of the list, whatever digits it has.
            let mut tail = &rest[1..];
            while let [b, t @ ..] = tail {
                tail = t;
                if *b == b'"' {
                    break;
                }
            }
            rest = tail;
            continue;
        }
        if first != b' ' {
            from = None;
        }
        rest = &rest[1..];
    }
    false
}

/// The unsigned decimal numbers of a list, in order; what is not a number separates them.
pub fn integers(list: &[u8]) -> impl Iterator<Item = u32> + '_ {
    let mut rest = list;
    core::iter::from_fn(move || {
        loop {
            if let Some((n, after_n)) = number(rest) {
                rest = after_n;
                return Some(n);
            }
            let [_, tail @ ..] = rest else { return None };
            rest = tail;
        }
    })
}

/// A decimal number at the beginning, saturating, and what follows it.
fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    let (head, tail) = bytes.split_at(digits);
    let n = head.iter().fold(0u32, |n, b| n.saturating_mul(10).saturating_add(u32::from(b - b'0')));
    (digits > 0).then_some((n, tail))
}

fn same(line: &[u8], text: &[u8]) -> bool {
    line.len() == text.len() && line.iter().zip(text).all(|(a, b)| (a & 0x7f).eq_ignore_ascii_case(b))
}

fn after<'a>(line: &'a [u8], text: &[u8]) -> Option<&'a [u8]> {
    let (head, tail) = line.split_at_checked(text.len())?;
    same(head, text).then_some(tail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn verbose_codes() {
        for (line, code) in [
            (&b"OK"[..], ResultCode::Ok),
            (b"ok", ResultCode::Ok),
            (b"\xcf\xcb", ResultCode::Ok),
            (b"NO DIAL TONE", ResultCode::NoDialTone),
            (b"#VCON", ResultCode::VoiceConnect),
            (b"CONNECT", ResultCode::Connect(None)),
            (b"CONNECT 33600/ARQ/V34", ResultCode::Connect(Some(33600))),
            (b"CONNECT 115200", ResultCode::Connect(Some(115_200))),
            (b"RING", ResultCode::Ring(None)),
            (b"RING 2", ResultCode::Ring(Some(2))),
            (b"RING B", ResultCode::Ring(Some(2))),
            (b"RRING", ResultCode::Ring(None)),
            (b"+FCERROR", ResultCode::Error),
            (b"+CME ERROR: 3", ResultCode::Error),
        ] {
            assert_eq!(ResultCode::verbose(line), Some(code), "{line:?}");
        }
        for line in [&b"RINGO"[..], b"RING OUT", b"CONNECTED", b"OKAY", b"", b"NMBR=5551234", b"0"] {
            assert_eq!(ResultCode::verbose(line), None, "{line:?}");
        }
    }

    #[test]
    fn numeric_codes() {
        assert_eq!(ResultCode::numeric(b"0"), Some(ResultCode::Ok));
        assert_eq!(ResultCode::numeric(b"6"), Some(ResultCode::NoDialTone));
        assert_eq!(ResultCode::numeric(b"85"), Some(ResultCode::Connect(None)));
        for line in [&b"9"[..], b"0560", b"2x", b"", b"5.6"] {
            assert_eq!(ResultCode::numeric(line), None, "{line:?}");
        }
    }

    #[test]
    fn every_fixed_text_reads_back() {
        for (text, code) in TEXTS {
            assert_eq!(ResultCode::verbose(text.as_bytes()), Some(*code));
            assert_eq!(ResultCode::verbose(code.text().as_bytes()), Some(*code));
        }
        for n in 0..9 {
            let Some(code) = ResultCode::numeric(&[b'0' + n]) else { panic!("{n}") };
            assert_eq!(code.code(), Some(if n == 5 { 1 } else { n }));
        }
    }

    #[test]
    fn values_with_and_without_a_name() {
        assert_eq!(value(b"+VCID: 1", b"+VCID"), b"1");
        assert_eq!(value(b"+vcid=1", b"+VCID"), b"1");
        assert_eq!(value(b" 1 ", b"+VCID"), b"1");
    }

    #[test]
    fn class_lists_of_real_modems() {
        for list in [&b"0,1,2,8"[..], b"(0,1,1.0,2,2.0,8)", b"0-2,8", b"(0-8)", b"0,1,8.0", b"0, 1, 8"] {
            assert!(ranges_contain(list, 8), "{list:?}");
        }
        for list in [&b"0,1,2"[..], b"0,1,1.0,2.0", b"0,1.8", b"\"8\",0", b"80,18", b"", b"ERROR"] {
            assert!(!ranges_contain(list, 8), "{list:?}");
        }
        assert_eq!(integers(b"1,8000,0,0").collect::<Vec<_>>(), [1, 8000, 0, 0]);
    }

    proptest::proptest! {
        #[test]
        fn any_line_is_safe(line: Vec<u8>, wanted: u32) {
            let _ = ResultCode::verbose(&line);
            let _ = ResultCode::numeric(&line);
            let _ = ranges_contain(&line, wanted);
            let _ = integers(&line).count();
            let _ = value(&line, b"+VCID");
        }
    }
}
