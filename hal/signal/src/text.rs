//! Short texts without allocation, and the two that must not reach a log.

use core::fmt;

/// At most `N` bytes of text, stored inline so that events stay `Copy`.
///
/// What does not fit is cut at a character boundary.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Text<const N: usize> {
    len: u8,
    bytes: [u8; N],
}

impl<const N: usize> Text<N> {
    /// The text, cut to what fits (and to 255 bytes).
    pub fn new(text: &str) -> Self {
        let mut len = text.len().min(N).min(255);
        while !text.is_char_boundary(len) {
            len -= 1;
        }
        let mut bytes = [0; N];
        bytes[..len].copy_from_slice(&text.as_bytes()[..len]);
        Self { len: len as u8, bytes }
    }

    /// The text from bytes as a line carries them: 7-bit characters as they are, 8-bit ones as ISO 8859-1.
    pub fn from_latin1(bytes: &[u8]) -> Self {
        let mut text = Self::new("");
        for &b in bytes {
            if !text.push(char::from(b)) {
                break;
            }
        }
        text
    }

    /// Appends `c`; false when it does not fit.
    pub fn push(&mut self, c: char) -> bool {
        let at = usize::from(self.len);
        let end = at + c.len_utf8();
        if end > N.min(255) {
            return false;
        }
        c.encode_utf8(&mut self.bytes[at..end]);
        self.len = end as u8;
        true
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or("")
    }

    /// Whether there is no text.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl<const N: usize> Default for Text<N> {
    fn default() -> Self {
        Self { len: 0, bytes: [0; N] }
    }
}

impl<const N: usize> fmt::Debug for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl<const N: usize> AsRef<str> for Text<N> {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

macro_rules! private_text {
    ($(#[$doc:meta])* $name:ident, $n:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub struct $name(Text<$n>);

        impl $name {
            /// The text, cut to what fits.
            pub fn new(text: &str) -> Self {
                Self(Text::new(text))
            }

            /// From the line's bytes (7-bit, or ISO 8859-1).
            pub fn from_latin1(bytes: &[u8]) -> Self {
                Self(Text::from_latin1(bytes))
            }

            /// The text itself: for the host, never for a log.
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }

            /// Whether there is no text.
            pub const fn is_empty(&self) -> bool {
                self.0.is_empty()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "<{} characters>", self.as_str().chars().count())
            }
        }
    };
}

private_text!(
    /// A telephone number. Its `Debug` form tells only the length, so that no log carries it.
    Number,
    40
);
private_text!(
    /// A party's name. Its `Debug` form tells only the length, so that no log carries it.
    Name,
    60
);

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    #[test]
    fn cuts_at_a_character_boundary() {
        assert_eq!(Text::<4>::new("abcé").as_str(), "abc");
        assert_eq!(Text::<5>::new("abcé").as_str(), "abcé");
    }

    #[test]
    fn numbers_and_names_do_not_reach_a_log() {
        let text = format!("{:?} {:?}", Number::new("5551234"), Name::new("JANE DOE"));
        assert_eq!(text, "<7 characters> <8 characters>");
    }
}
