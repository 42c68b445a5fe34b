//! UTF-16 in and out.

use super::types::WCHAR;
use loopstart_provider::LineErr;

/// The longest string that is looked through for its NUL, in UTF-16 units.
pub(crate) const MAX_UNITS: usize = 8 * 1024;

/// The text of UTF-16 units, up to a NUL.
///
/// # Errors
/// `wrong`, when the units are not UTF-16.
pub(crate) fn decode(units: &[WCHAR], wrong: LineErr) -> Result<String, LineErr> {
    let end = units.iter().position(|&u| u == 0).unwrap_or(units.len());
    String::from_utf16(units.get(..end).unwrap_or(units)).map_err(|_| wrong)
}

/// The text of UTF-16 units stored as bytes in the machine's order (inside LINECALLPARAMS), up to a NUL.
///
/// # Errors
/// `wrong`, when the bytes are no whole number of units, or not UTF-16.
pub(crate) fn decode_bytes(bytes: &[u8], wrong: LineErr) -> Result<String, LineErr> {
    let (units, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(wrong);
    }
    decode(&units.iter().map(|b| WCHAR::from_ne_bytes(*b)).collect::<Vec<_>>(), wrong)
}

/// A text as UTF-16 bytes in the machine's order, with its NUL. A NUL inside ends the text.
pub(crate) fn bytes_with_nul(text: &str) -> Vec<u8> {
    let text = text.split('\0').next().unwrap_or("");
    text.encode_utf16().chain([0]).flat_map(WCHAR::to_ne_bytes).collect()
}

/// Texts as UTF-16 bytes, each with its NUL, and one NUL more.
pub(crate) fn multi_bytes<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
    texts.into_iter().flat_map(bytes_with_nul).chain([0, 0]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for text in ["", "5551234", "T5,W*#", "ΣΩ", "\u{1f4de} phone"] {
            let bytes = bytes_with_nul(text);
            assert_eq!(decode_bytes(&bytes, LineErr::INVALADDRESS).as_deref(), Ok(text));
            assert_eq!(&bytes[bytes.len() - 2..], [0, 0]);
        }
        assert_eq!(bytes_with_nul("a\0b"), bytes_with_nul("a"), "one NUL only, at the end");
        assert_eq!(multi_bytes(["a", "bc"]), [b'a', 0, 0, 0, b'b', 0, b'c', 0, 0, 0, 0, 0]);
    }

    #[test]
    fn what_is_not_utf16_is_refused() {
        assert_eq!(decode(&[0xd800, 0x31], LineErr::INVALADDRESS), Err(LineErr::INVALADDRESS));
        assert_eq!(decode(&[0x31, 0xdc00], LineErr::INVALDIGITS), Err(LineErr::INVALDIGITS));
        assert_eq!(decode(&[0x31, 0, 0xdc00], LineErr::INVALADDRESS).as_deref(), Ok("1"), "behind the NUL is nothing");
        assert_eq!(decode_bytes(&[0x31, 0, 0x32], LineErr::INVALCALLPARAMS), Err(LineErr::INVALCALLPARAMS));
    }
}
