//! The modem's side of ITU-T V.250: command lines from a terminal.
//!
//! [`LineEditor`] collects a line byte by byte as V.250 5.2 says: the prefix `AT` or `at`, editing, the terminator,
//! and `A/`. [`Commands`] reads the body of a line one command at a time (V.250 5.3 and 5.4), so that the commands
//! before a faulty one are carried out and those after it are not. [`DialString`] reads what follows `D` (V.250 6.3.1).
//!
//! Nothing here allocates, and no byte sequence is an error of the program: what is not a command is [`Syntax`].

use arrayvec::{ArrayString, ArrayVec};

/// Something in a command line that is no command. The rest of the line means nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Syntax;

impl core::fmt::Display for Syntax {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("not a V.250 command")
    }
}

impl core::error::Error for Syntax {}

/// What a byte completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Nothing yet.
    Incomplete,
    /// A command line: its body is [`LineEditor::body`].
    Line,
    /// `A/`: the body of the line before, once more.
    Repeat,
    /// A line that was longer than the editor takes. It is forgotten.
    TooLong,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Collect {
    /// Waits for the first letter of a prefix.
    Idle,
    /// `A` or `a` was seen.
    Prefix(u8),
    /// In the body.
    Body { overflow: bool },
}

/// Collects command lines whose body has at most `N` bytes. V.250 asks for 40 at least.
#[derive(Clone, Debug)]
pub struct LineEditor<const N: usize> {
    collect: Collect,
    body: ArrayVec<u8, N>,
}

impl<const N: usize> Default for LineEditor<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> LineEditor<N> {
    /// An editor without a line.
    pub fn new() -> Self {
        Self { collect: Collect::Idle, body: ArrayVec::new() }
    }

    /// Takes one byte. `terminator` is the value of S3, `backspace` that of S5. The eighth bit is not looked at.
    pub fn push(&mut self, byte: u8, terminator: u8, backspace: u8) -> Entry {
        let byte = byte & 0x7f;
        // The order is that of V.250 5.2.2: the terminator first, then editing, then the rest.
        if byte == terminator {
            let before = core::mem::replace(&mut self.collect, Collect::Idle);
            return match before {
                Collect::Body { overflow: false } => Entry::Line,
                Collect::Body { overflow: true } => {
                    self.body.clear();
                    Entry::TooLong
                }
                Collect::Idle | Collect::Prefix(_) => Entry::Incomplete,
            };
        }
        match (&mut self.collect, byte) {
            (Collect::Body { .. }, b) if b == backspace => {
                // The prefix itself cannot be taken back.
                self.body.pop();
            }
            (Collect::Body { overflow }, 0x20..=0x7e) => *overflow |= self.body.try_push(byte).is_err(),
            (Collect::Body { .. }, _) => {}
            (Collect::Prefix(b'A'), b'T') | (Collect::Prefix(b'a'), b't') => {
                self.body.clear();
                self.collect = Collect::Body { overflow: false };
            }
            (Collect::Prefix(_), b'/') => {
                self.collect = Collect::Idle;
                return Entry::Repeat;
            }
            (_, b'A' | b'a') => self.collect = Collect::Prefix(byte),
            _ => self.collect = Collect::Idle,
        }
        Entry::Incomplete
    }

    /// The body of the line that was completed last (and that `A/` repeats).
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Whether a line is being typed.
    pub fn is_collecting(&self) -> bool {
        self.collect != Collect::Idle
    }

    /// Forgets the line being typed, not the one that `A/` repeats.
    pub fn abandon(&mut self) {
        if matches!(self.collect, Collect::Body { .. }) {
            self.body.clear();
        }
        self.collect = Collect::Idle;
    }
}

/// One command of a line.
#[derive(Clone, Debug, PartialEq)]
pub enum Command<'a> {
    /// A letter, alone or behind `&`, `%`, `\` and the like, with a number: `E1`, `&D2`, `H`.
    Basic {
        /// The character before the letter; 0 for none.
        prefix: u8,
        /// The letter, in upper case.
        letter: u8,
        /// The number; absent means 0 to most commands.
        value: Option<u32>,
    },
    /// `Sn=v`. A missing value is 0.
    RegisterSet {
        /// Which register.
        number: u32,
        /// Its new value.
        value: u32,
    },
    /// `Sn?`.
    RegisterRead {
        /// Which register.
        number: u32,
    },
    /// `D` and its dial string, up to `;` or the end of the line.
    Dial(DialString<'a>),
    /// `&Zn=`dial string: stores a number for `DS=n`.
    Store {
        /// Which place.
        slot: u32,
        /// The dial string.
        number: DialString<'a>,
    },
    /// A command of the extended syntax, `+NAME`, or a vendor's with `#`, `-` or `*` instead of `+`.
    Extended {
        /// The name in upper case, with the character before it.
        name: ArrayString<{ 1 + MAX_NAME }>,
        /// What is asked.
        form: Form<'a>,
    },
}

/// Longest name of an extended command, without its prefix (V.250 5.4.1).
pub const MAX_NAME: usize = 16;

/// The forms of an extended command.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Form<'a> {
    /// `+N`
    Execute,
    /// `+N=...`
    Set(Parameters<'a>),
    /// `+N?`
    Read,
    /// `+N=?`
    Test,
}

/// The commands of a line's body, in order. Ends after the first [`Syntax`].
#[derive(Clone, Debug)]
pub struct Commands<'a> {
    rest: &'a [u8],
}

impl<'a> Commands<'a> {
    /// Reads `body`, the line without its prefix and terminator.
    pub const fn new(body: &'a [u8]) -> Self {
        Self { rest: body }
    }

    /// What was not read yet.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    fn bump(&mut self) -> Option<u8> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    fn skip_spaces(&mut self) {
        while self.peek() == Some(b' ') {
            self.bump();
        }
    }

    /// Takes the bytes before position `at`.
    fn take(&mut self, at: usize) -> &'a [u8] {
        let (head, tail) = self.rest.split_at_checked(at).unwrap_or((self.rest, &[]));
        self.rest = tail;
        head
    }

    fn number(&mut self) -> Result<Option<u32>, Syntax> {
        let digits = self.rest.iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 { Ok(None) } else { decimal(self.take(digits)).map(Some) }
    }

    fn command(&mut self, first: u8) -> Result<Command<'a>, Syntax> {
        match first {
            b'S' | b's' => self.register(),
            b'D' | b'd' => Ok(Command::Dial(self.dial_string())),
            b'A'..=b'Z' | b'a'..=b'z' => self.basic(0, first),
            b'+' | b'#' | b'-' | b'*' => self.extended(first),
            b'&' | b'%' | b'\\' | b'$' | b':' => {
                self.skip_spaces();
                let letter = self.bump().filter(u8::is_ascii_alphabetic).ok_or(Syntax)?;
                self.basic(first, letter)
            }
            _ => Err(Syntax),
        }
    }

    fn basic(&mut self, prefix: u8, letter: u8) -> Result<Command<'a>, Syntax> {
        let letter = letter.to_ascii_uppercase();
        self.skip_spaces();
        let value = self.number()?;
        if (prefix, letter) == (b'&', b'Z') {
            self.skip_spaces();
            if self.peek() == Some(b'=') {
                self.bump();
                return Ok(Command::Store { slot: value.unwrap_or(0), number: self.dial_string() });
            }
        }
        Ok(Command::Basic { prefix, letter, value })
    }

    fn register(&mut self) -> Result<Command<'a>, Syntax> {
        self.skip_spaces();
        let number = self.number()?.ok_or(Syntax)?;
        self.skip_spaces();
        match self.bump() {
            Some(b'?') => Ok(Command::RegisterRead { number }),
            Some(b'=') => {
                self.skip_spaces();
                // V.250 5.3.2 lets a modem take a missing value as 0.
                Ok(Command::RegisterSet { number, value: self.number()?.unwrap_or(0) })
            }
            _ => Err(Syntax),
        }
    }

    fn dial_string(&mut self) -> DialString<'a> {
        let end = self.rest.iter().position(|&b| b == b';').unwrap_or(self.rest.len());
        let text = self.take(end);
        let semicolon = self.bump().is_some();
        DialString { text, semicolon }
    }

    fn extended(&mut self, prefix: u8) -> Result<Command<'a>, Syntax> {
        let mut name = ArrayString::new();
        name.push(char::from(prefix));
        while let Some(b) = self.peek() {
            let first = name.len() == 1;
            let vendor = prefix != b'+';
            let legal = b.is_ascii_alphabetic()
                || !first && (b.is_ascii_digit() || !vendor && matches!(b, b'!' | b'%' | b'-'..=b'/' | b':' | b'_'));
            if !legal {
                break;
            }
            name.try_push(char::from(b.to_ascii_uppercase())).map_err(|_| Syntax)?;
            self.bump();
        }
        if name.len() == 1 {
            return Err(Syntax);
        }
        self.skip_spaces();
        let form = match self.peek() {
            None | Some(b';') => Form::Execute,
            Some(b'?') => {
                self.bump();
                Form::Read
            }
            Some(b'=') => {
                self.bump();
                let end = find_outside(self.rest, b';').ok_or(Syntax)?;
                let text = trim(self.take(end));
                if text == b"?" { Form::Test } else { Form::Set(Parameters(text)) }
            }
            Some(_) => return Err(Syntax),
        };
        self.skip_spaces();
        match self.bump() {
            None | Some(b';') => Ok(Command::Extended { name, form }),
            Some(_) => Err(Syntax),
        }
    }
}

impl<'a> Iterator for Commands<'a> {
    type Item = Result<Command<'a>, Syntax>;

    fn next(&mut self) -> Option<Self::Item> {
        // A separator where none is needed separates nothing.
        while matches!(self.peek(), Some(b' ' | b';')) {
            self.bump();
        }
        let first = self.bump()?;
        let command = self.command(first);
        if command.is_err() {
            self.rest = &[];
        }
        Some(command)
    }
}

/// The sub-parameters of an extended command: text between commas. Commas in quotes or brackets do not separate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters<'a>(&'a [u8]);

impl<'a> Parameters<'a> {
    /// All the text after `=`.
    pub const fn raw(&self) -> &'a [u8] {
        self.0
    }

    /// The sub-parameters. There is one at least, which may be missing.
    pub fn iter(&self) -> impl Iterator<Item = Parameter<'a>> + Clone + use<'a> {
        let mut rest = Some(self.0);
        core::iter::from_fn(move || {
            let text = rest?;
            let end = find_outside(text, b',').unwrap_or(text.len());
            let (head, tail) = text.split_at_checked(end).unwrap_or((text, &[]));
            rest = tail.split_first().map(|(_, tail)| tail);
            Some(Parameter(trim(head)))
        })
    }

    /// The only sub-parameter, as a decimal number.
    ///
    /// # Errors
    /// When there are several, or it is not a number. A missing one is no error.
    pub fn only_number(&self) -> Result<Option<u32>, Syntax> {
        let mut all = self.iter();
        let first = all.next().ok_or(Syntax)?;
        if all.next().is_some() {
            return Err(Syntax);
        }
        first.number()
    }
}

/// One sub-parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter<'a>(&'a [u8]);

impl<'a> Parameter<'a> {
    /// Its text.
    pub const fn raw(&self) -> &'a [u8] {
        self.0
    }

    /// Whether it was left out, which means its default or no change.
    pub const fn is_missing(&self) -> bool {
        self.0.is_empty()
    }

    /// Its value in decimal.
    ///
    /// # Errors
    /// When it is not a number of 32 bits.
    pub fn number(&self) -> Result<Option<u32>, Syntax> {
        if self.is_missing() { Ok(None) } else { decimal(self.0).map(Some) }
    }

    /// Its value in hexadecimal without a suffix, as the commands that say so take it (`+GCI=B5`).
    ///
    /// # Errors
    /// When it is not a hexadecimal number of 32 bits.
    pub fn hex(&self) -> Result<Option<u32>, Syntax> {
        if self.is_missing() {
            return Ok(None);
        }
        let mut value = 0u32;
        for &b in self.0 {
            let digit = char::from(b).to_digit(16).ok_or(Syntax)?;
            value = value.checked_mul(16).and_then(|v| v.checked_add(digit)).ok_or(Syntax)?;
        }
        Ok(Some(value))
    }

    /// Its value as a string in quotes, with `\hh` for any byte (V.250 5.4.2.2).
    ///
    /// # Errors
    /// When it has no quotes, a bad escape, or more than `N` bytes.
    pub fn string<const N: usize>(&self) -> Result<Option<ArrayVec<u8, N>>, Syntax> {
        if self.is_missing() {
            return Ok(None);
        }
        let inner = self.0.strip_prefix(b"\"").and_then(|t| t.strip_suffix(b"\"")).ok_or(Syntax)?;
        let mut out = ArrayVec::new();
        let mut bytes = inner.iter().copied();
        while let Some(b) = bytes.next() {
            let byte = match b {
                b'"' => return Err(Syntax),
                b'\\' => {
                    let mut nibble = || bytes.next().and_then(|b| char::from(b).to_digit(16)).ok_or(Syntax);
                    let (high, low) = (nibble()?, nibble()?);
                    (high * 16 + low) as u8
                }
                b => b,
            };
            out.try_push(byte).map_err(|_| Syntax)?;
        }
        Ok(Some(out))
    }
}

/// What follows `D`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DialString<'a> {
    text: &'a [u8],
    semicolon: bool,
}

/// One element of a dial string (V.250 6.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DialElement {
    /// `0`-`9`, `*`, `#`, `A`-`D`.
    Digit(u8),
    /// `T`: tones from here on.
    Tone,
    /// `P`: pulses from here on.
    Pulse,
    /// `,`: a pause of S8 seconds.
    Pause,
    /// `W`: wait for dial tone.
    WaitDialTone,
    /// `@`: wait for quiet answer.
    WaitAnswer,
    /// `!`: hook flash.
    Flash,
    /// `$`: wait for the billing tone.
    WaitBilling,
    /// `^`: no calling tone.
    NoCallingTone,
    /// `L`: the number dialled last.
    Redial,
    /// `S=n`: the number stored at `n`.
    Stored(u32),
}

impl<'a> DialString<'a> {
    /// Its text without the semicolon.
    pub const fn text(&self) -> &'a [u8] {
        self.text
    }

    /// Reads a text that was stored.
    pub const fn new(text: &'a [u8]) -> Self {
        Self { text, semicolon: false }
    }

    /// Whether it ended with `;`: back to command state when the digits are out.
    pub const fn semicolon(&self) -> bool {
        self.semicolon
    }

    /// Its elements. What is no element (spaces, hyphens, parentheses, ...) is skipped, as V.250 6.3.1 says.
    pub fn elements(&self) -> impl Iterator<Item = DialElement> + use<'a> {
        let mut rest = self.text;
        core::iter::from_fn(move || {
            loop {
                let (&b, tail) = rest.split_first()?;
                rest = tail;
                return Some(match b.to_ascii_uppercase() {
                    b @ (b'0'..=b'9' | b'*' | b'#' | b'A'..=b'D') => DialElement::Digit(b),
                    b'T' => DialElement::Tone,
                    b'P' => DialElement::Pulse,
                    b',' => DialElement::Pause,
                    b'W' => DialElement::WaitDialTone,
                    b'@' => DialElement::WaitAnswer,
                    b'!' => DialElement::Flash,
                    b'$' => DialElement::WaitBilling,
                    b'^' => DialElement::NoCallingTone,
                    b'L' => DialElement::Redial,
                    b'S' => {
                        let after = rest.strip_prefix(b"=").unwrap_or(rest);
                        let digits = after.iter().take_while(|b| b.is_ascii_digit()).count();
                        let (number, tail) = after.split_at_checked(digits).unwrap_or((after, &[]));
                        rest = tail;
                        DialElement::Stored(decimal(number).unwrap_or(0))
                    }
                    _ => continue,
                });
            }
        })
    }
}

/// A decimal number of 32 bits without sign or space.
fn decimal(text: &[u8]) -> Result<u32, Syntax> {
    if text.is_empty() {
        return Err(Syntax);
    }
    text.iter().try_fold(0u32, |value, &b| {
        let digit = char::from(b).to_digit(10).ok_or(Syntax)?;
        value.checked_mul(10).and_then(|v| v.checked_add(digit)).ok_or(Syntax)
    })
}

fn trim(text: &[u8]) -> &[u8] {
    let mut text = text;
    while let Some(rest) = text.strip_prefix(b" ") {
        text = rest;
    }
    while let Some(rest) = text.strip_suffix(b" ") {
        text = rest;
    }
    text
}

/// Where `wanted` is outside quotes and brackets; the length when it is nowhere. `None`: a quote has no end.
fn find_outside(text: &[u8], wanted: u8) -> Option<usize> {
    let mut quoted = false;
    let mut depth = 0u32;
    for (at, &b) in text.iter().enumerate() {
        match b {
            b'"' => quoted = !quoted,
            _ if quoted => {}
            // A semicolon ends the command whatever is open: brackets never hold one.
            b if b == wanted && (depth == 0 || wanted == b';') => return Some(at),
            b'[' | b'{' | b'(' => depth = depth.saturating_add(1),
            b']' | b'}' | b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    (!quoted).then_some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;
    use std::vec::Vec;

    fn type_in<const N: usize>(editor: &mut LineEditor<N>, bytes: &[u8]) -> Vec<Entry> {
        bytes.iter().map(|&b| editor.push(b, 13, 8)).filter(|e| *e != Entry::Incomplete).collect()
    }

    fn basic(letter: u8, value: Option<u32>) -> Command<'static> {
        Command::Basic { prefix: 0, letter, value }
    }

    #[test]
    fn the_prefix_is_found_behind_anything_and_mixed_case_is_none() {
        let mut editor = LineEditor::<40>::new();
        assert_eq!(type_in(&mut editor, b"\nxyzAAT E0\r"), [Entry::Line]);
        assert_eq!(editor.body(), b" E0");
        assert_eq!(type_in(&mut editor, b"at\r"), [Entry::Line]);
        assert_eq!(type_in(&mut editor, b"At\raT\r"), []);
        assert_eq!(type_in(&mut editor, &[b'A' | 0x80, b'T', b'I' | 0x80, 13 | 0x80]), [Entry::Line]);
        assert_eq!(editor.body(), b"I");
    }

    #[test]
    fn backspace_takes_back_the_body_but_never_the_prefix() {
        let mut editor = LineEditor::<40>::new();
        assert_eq!(type_in(&mut editor, b"ATX\x08\x08\x08\x08E1\r"), [Entry::Line]);
        assert_eq!(editor.body(), b"E1");
    }

    #[test]
    fn a_slash_repeats_at_once_and_a_long_line_is_one_error() {
        let mut editor = LineEditor::<4>::new();
        assert_eq!(type_in(&mut editor, b"ATS0?E1\rA/a/"), [Entry::TooLong, Entry::Repeat, Entry::Repeat]);
        assert_eq!(editor.body(), b"");
        assert_eq!(type_in(&mut editor, b"ATE1Q0\rATI3\r\nA/"), [Entry::Line, Entry::Line, Entry::Repeat]);
        assert_eq!(editor.body(), b"I3");
    }

    #[test]
    fn basic_commands_need_no_separator() {
        let all: Vec<_> = Commands::new(b"e0 V1q&d2S7=60S0?\\N3 H").map(Result::unwrap).collect();
        assert_eq!(
            all,
            vec![
                basic(b'E', Some(0)),
                basic(b'V', Some(1)),
                basic(b'Q', None),
                Command::Basic { prefix: b'&', letter: b'D', value: Some(2) },
                Command::RegisterSet { number: 7, value: 60 },
                Command::RegisterRead { number: 0 },
                Command::Basic { prefix: b'\\', letter: b'N', value: Some(3) },
                basic(b'H', None),
            ]
        );
    }

    #[test]
    fn extended_commands_end_at_a_semicolon_outside_quotes() {
        let all: Vec<_> = Commands::new(b"E1+vts=[440,,50],{5,7};+A.B=\"x;y\" , ,FF;+FCLASS=?;+VSM?H0").collect();
        assert_eq!(all.len(), 5);
        let Ok(Command::Extended { name, form: Form::Set(list) }) = &all[1] else { panic!("{all:?}") };
        assert_eq!(name.as_str(), "+VTS");
        let texts: Vec<_> = list.iter().map(|p| p.raw()).collect();
        assert_eq!(texts, [&b"[440,,50]"[..], b"{5,7}"]);
        let Ok(Command::Extended { form: Form::Set(list), .. }) = &all[2] else { panic!("{all:?}") };
        let values: Vec<_> = list.iter().collect();
        assert_eq!(values[0].string::<8>().unwrap().unwrap().as_slice(), b"x;y");
        assert!(values[1].is_missing());
        assert_eq!(values[2].hex(), Ok(Some(0xff)));
        assert_eq!(values[2].number(), Err(Syntax));
        assert!(matches!(&all[3], Ok(Command::Extended { form: Form::Test, .. })));
        assert_eq!(all[4], Err(Syntax), "a command behind a read needs a separator");
    }

    #[test]
    fn what_is_no_command_ends_the_line() {
        for (body, good) in [
            (&b"E1?E0"[..], 1),
            (b"S", 0),
            (b"S7", 0),
            (b"S7=4 5", 1),
            (b"S99999999999=1", 0),
            (b"+", 0),
            (b"+1=2", 0),
            (b"+ABCDEFGHIJKLMNOPQ", 0),
            (b"+X=\"open", 0),
            (b"&", 0),
            (b"&1", 0),
        ] {
            let all: Vec<_> = Commands::new(body).collect();
            assert_eq!(all.iter().filter(|c| c.is_ok()).count(), good, "{body:?}");
            assert_eq!(all.last(), Some(&Err(Syntax)), "{body:?}");
        }
    }

    #[test]
    fn a_dial_string_ends_at_the_semicolon_or_with_the_line() {
        let mut all = Commands::new(b"DT 1(555)-01*#d,W@!$^P2S=3L;E0");
        let Some(Ok(Command::Dial(dial))) = all.next() else { panic!() };
        use DialElement::*;
        assert!(dial.semicolon());
        let elements: Vec<_> = dial.elements().collect();
        assert_eq!(
            elements,
            [
                &[Tone][..],
                &b"155501*#D".map(Digit),
                &[Pause, WaitDialTone, WaitAnswer, Flash, WaitBilling, NoCallingTone, Pulse, Digit(b'2')],
                &[Stored(3), Redial]
            ]
            .concat()
        );
        assert_eq!(all.next(), Some(Ok(basic(b'E', Some(0)))));
        let Some(Ok(Command::Dial(dial))) = Commands::new(b"D5 E0").next() else { panic!() };
        assert!(!dial.semicolon());
        let Some(Ok(Command::Store { slot, number })) = Commands::new(b"&Z1=T555").next() else { panic!() };
        assert_eq!((slot, number.text()), (1, &b"T555"[..]));
    }

    #[test]
    fn strings_take_escapes_of_two_hex_digits() {
        let Some(Ok(Command::Extended { form: Form::Set(list), .. })) = Commands::new(b"+X=\"a\\2C\\0d\"").next()
        else {
            panic!()
        };
        assert_eq!(list.iter().next().unwrap().string::<8>().unwrap().unwrap().as_slice(), b"a,\r");
        assert_eq!(list.iter().next().unwrap().string::<2>(), Err(Syntax), "too long for its place");
        for bad in [&b"\"a\\2\""[..], b"\"a\\zz\"", b"ab", b"\"a\"b\""] {
            assert_eq!(Parameter(bad).string::<8>(), Err(Syntax), "{bad:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_to_their_end(bytes: Vec<u8>) {
            let mut editor = LineEditor::<64>::new();
            for &b in &bytes {
                editor.push(b, 13, 8);
            }
            let mut budget = bytes.len() + 1;
            for command in Commands::new(&bytes) {
                budget -= 1;
                proptest::prop_assert!(budget > 0);
                match command {
                    Ok(Command::Dial(dial)) => { let _ = dial.elements().count(); }
                    Ok(Command::Extended { form: Form::Set(list), .. }) => {
                        for p in list.iter() {
                            let _ = (p.number(), p.hex(), p.string::<16>());
                        }
                    }
                    _ => {}
                }
            }
        }
    }
}
