//! From a modem's bytes to lines.

use arrayvec::ArrayVec;

/// One line of a modem's answer, without its framing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// The line's bytes, without CR and LF, blanks at both ends removed. Never empty.
    pub bytes: &'a [u8],
    /// The line was introduced by a line feed, as verbose answers are (`<CR><LF>text<CR><LF>`). Echo and numeric result
    /// codes are not. A strict reader takes only framed lines as results; a lenient one takes all.
    pub framed: bool,
    /// Bytes were dropped because the line was too long.
    pub cut: bool,
}

/// Cuts a byte stream into lines of at most `N` bytes.
///
/// A line ends at CR or LF, whichever comes; empty lines are dropped. So verbose answers, numeric answers (`0<CR>`),
/// echo (`AT...<CR>`) and answers that lack half of their framing all come out as lines. A line that was not
/// ended is there as [`partial`](Self::partial), so that the reader may take it after a silence.
#[derive(Clone, Debug)]
pub struct Splitter<const N: usize> {
    bytes: ArrayVec<u8, N>,
    /// The line that was handed out last is still in `bytes`.
    done: bool,
    framed: bool,
    cut: bool,
}

impl<const N: usize> Splitter<N> {
    /// A splitter at the beginning of a line.
    pub const fn new() -> Self {
        Self { bytes: ArrayVec::new_const(), done: false, framed: false, cut: false }
    }

    /// Takes one byte; answers the line that it completes.
    pub fn push(&mut self, byte: u8) -> Option<Line<'_>> {
        if self.done {
            self.restart();
        }
        match byte {
            b'\r' | b'\n' => {
                let blank = self.bytes.iter().all(|b| is_blank(*b));
                if blank {
                    self.restart();
                    self.framed = byte == b'\n';
                    return None;
                }
                self.done = true;
                let line = self.line();
                // The line feed that follows a carriage return belongs to this line, but may as well introduce the
                // next: `OK<CR><LF>RING<CR><LF>` is how several lines are joined.
                Some(line)
            }
            _ => {
                if self.bytes.try_push(byte).is_err() {
                    self.cut = true;
                }
                None
            }
        }
    }

    /// What has come of a line that is not ended, or `None` when there is nothing.
    pub fn partial(&self) -> Option<Line<'_>> {
        let blank = self.done || self.bytes.iter().all(|b| is_blank(*b));
        (!blank).then(|| self.line())
    }

    /// Forgets the line that is not ended.
    pub fn clear(&mut self) {
        self.restart();
    }

    fn line(&self) -> Line<'_> {
        Line { bytes: trim(&self.bytes), framed: self.framed, cut: self.cut }
    }

    fn restart(&mut self) {
        self.bytes.clear();
        self.done = false;
        self.framed = false;
        self.cut = false;
    }
}

impl<const N: usize> Default for Splitter<N> {
    fn default() -> Self {
        Self::new()
    }
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | 0)
}

/// Without blanks (and idle NULs) at both ends.
pub(super) fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = bytes
        && is_blank(*first)
    {
        bytes = rest;
    }
    while let [rest @ .., last] = bytes
        && is_blank(*last)
    {
        bytes = rest;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    fn lines(bytes: &[u8]) -> Vec<(String, bool)> {
        let mut splitter = Splitter::<64>::new();
        let mut lines = Vec::new();
        for &b in bytes {
            if let Some(line) = splitter.push(b) {
                lines.push((String::from_utf8_lossy(line.bytes).into_owned(), line.framed));
            }
        }
        lines
    }

    fn texts(bytes: &[u8]) -> Vec<String> {
        lines(bytes).into_iter().map(|(text, _)| text).collect()
    }

    #[test]
    fn verbose_answers_are_framed_and_echo_is_not() {
        assert_eq!(
            lines(b"ATI3\r\r\nCX93001\r\n\r\nOK\r\n"),
            [("ATI3".into(), false), ("CX93001".into(), true), ("OK".into(), true)]
        );
    }

    #[test]
    fn lines_joined_by_one_cr_lf_are_both_framed() {
        assert_eq!(lines(b"\r\nDATE=1120\r\nTIME=2101\r\n"), [("DATE=1120".into(), true), ("TIME=2101".into(), true)]);
    }

    #[test]
    fn numeric_and_half_framed_answers_are_lines() {
        assert_eq!(texts(b"0\r4\r"), ["0", "4"]);
        assert_eq!(texts(b"OK\nRING\r\r\r\n\n  BUSY \r"), ["OK", "RING", "BUSY"]);
    }

    #[test]
    fn an_unended_line_can_be_looked_at() {
        let mut splitter = Splitter::<64>::new();
        for &b in b"\r\nOK" {
            assert_eq!(splitter.push(b), None);
        }
        assert_eq!(splitter.partial().map(|l| l.bytes), Some(&b"OK"[..]));
        splitter.clear();
        assert_eq!(splitter.partial(), None);
    }

    #[test]
    fn a_line_is_bounded() {
        let mut splitter = Splitter::<4>::new();
        for &b in b"123456789" {
            assert_eq!(splitter.push(b), None);
        }
        assert_eq!(splitter.push(b'\r'), Some(Line { bytes: b"1234", framed: false, cut: true }));
        assert_eq!(splitter.push(b'5'), None);
        assert_eq!(splitter.push(b'\n'), Some(Line { bytes: b"5", framed: false, cut: false }));
    }

    proptest::proptest! {
        #[test]
        fn how_the_stream_is_cut_changes_nothing(bytes: Vec<u8>, more: Vec<u8>) {
            let mut splitter = Splitter::<32>::new();
            for &b in bytes.iter().chain(&more) {
                if let Some(line) = splitter.push(b) {
                    proptest::prop_assert!(!line.bytes.is_empty() && line.bytes.len() <= 32);
                    proptest::prop_assert!(!line.bytes.contains(&b'\r') && !line.bytes.contains(&b'\n'));
                }
            }
        }
    }
}
