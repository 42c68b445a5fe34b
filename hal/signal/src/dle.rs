//! The voice stream's shielding (ITU-T V.253, IS-101): `<DLE>` (0x10) followed by one byte is an event, not data.
//!
//! A modem sends events between the bytes of a voice stream and, in voice command state, between the lines of its
//! answers. The decoder takes one byte at a time, because a pair may be cut anywhere. The encoder doubles each 0x10
//! of what is data.

/// The shielding byte.
pub const DLE: u8 = 0x10;
/// `<DLE><ETX>`: end of the stream.
pub const ETX: u8 = 0x03;
/// `<DLE><SUB>`: two 0x10 data bytes in one pair.
pub const SUB: u8 = 0x1a;
/// `<DLE><CAN>` to the modem: forget what is buffered for playing (it does not end the stream).
pub const CAN: u8 = 0x18;
/// `<DLE><ESC>` to the modem: end receiving, after what is buffered.
pub const ESC: u8 = 0x1b;
/// `<DLE><FS>` to the modem: a new stream follows this one without a gap.
pub const FS: u8 = 0x1c;

/// Event codes, the byte after `<DLE>`, from the modem (V.253, table 9).
pub mod event {
    /// Beginning of a DTMF digit.
    pub const DTMF_BEGIN: u8 = b'/';
    /// End of a DTMF digit.
    pub const DTMF_END: u8 = b'~';
    /// Ring.
    pub const RING: u8 = b'R';
    /// Ringback tone.
    pub const RINGBACK: u8 = b'r';
    /// Busy tone.
    pub const BUSY: u8 = b'b';
    /// Reorder (fast busy) tone.
    pub const REORDER: u8 = b'K';
    /// Dial tone.
    pub const DIAL_TONE: u8 = b'd';
    /// Stutter dial tone.
    pub const STUTTER: u8 = b'i';
    /// Loop current was interrupted.
    pub const LOOP_BREAK: u8 = b'l';
    /// The line's polarity was reversed.
    pub const POLARITY: u8 = b'L';
    /// Special information tone.
    pub const SIT: u8 = b'J';
    /// Voice was heard.
    pub const VOICE: u8 = b'V';
    /// Voice was heard (the other letter that modems use).
    pub const VOICE_LOWER: u8 = b'v';
    /// Quiet: sound, then none.
    pub const QUIET: u8 = b'q';
    /// Silence from the start.
    pub const SILENCE: u8 = b's';
    /// Call waiting.
    pub const CALL_WAITING: u8 = b'w';
    /// Answer tone of a fax or data modem, 2100 Hz.
    pub const ANSWER_TONE: u8 = b'a';
    /// Answer tone of a data modem, 2225 Hz.
    pub const DATA_ANSWER: u8 = b'f';
    /// Calling fax, 1100 Hz.
    pub const FAX_CALLING: u8 = b'c';
    /// Calling data modem, 1300 Hz.
    pub const DATA_CALLING: u8 = b'e';
    /// Billing ("bong") tone.
    pub const BONG: u8 = b'$';
    /// A complex report begins.
    pub const REPORT_BEGIN: u8 = b'X';
    /// A complex report ends.
    pub const REPORT_END: u8 = b'.';
    /// The local telephone went on hook.
    pub const PHONE_ON_HOOK: u8 = b'h';
    /// The local telephone went off hook.
    pub const PHONE_OFF_HOOK: u8 = b'H';
    /// An extension on the line went on hook.
    pub const EXTENSION_ON_HOOK: u8 = b'p';
    /// An extension on the line went off hook.
    pub const EXTENSION_OFF_HOOK: u8 = b'P';
    /// The play buffer ran empty.
    pub const UNDERRUN: u8 = b'u';
    /// The record buffer overflowed.
    pub const OVERRUN: u8 = b'o';
}

/// What one or two bytes of a shielded stream mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// A byte of data.
    Data(u8),
    /// Two bytes of data, both 0x10 (`<DLE><SUB>`).
    TwoDle,
    /// An event; see [`event`]. Codes that are not known are for the caller to drop: they are never data.
    Event(u8),
    /// The end of the stream (`<DLE><ETX>`).
    End,
}

/// Takes the shielding off, byte by byte.
#[derive(Clone, Copy, Debug, Default)]
pub struct Decoder {
    shielded: bool,
}

impl Decoder {
    /// A decoder at the beginning of a stream.
    pub const fn new() -> Self {
        Self { shielded: false }
    }

    /// Takes one byte; answers what it completes.
    pub const fn push(&mut self, byte: u8) -> Option<Item> {
        if !self.shielded {
            if byte == DLE {
                self.shielded = true;
                return None;
            }
            return Some(Item::Data(byte));
        }
        self.shielded = false;
        Some(match byte {
            DLE => Item::Data(DLE),
            SUB => Item::TwoDle,
            ETX => Item::End,
            code => Item::Event(code),
        })
    }

    /// Whether the byte that came last was a `<DLE>` whose partner is not there yet.
    pub const fn is_shielded(&self) -> bool {
        self.shielded
    }

    /// Forgets a half pair.
    pub const fn reset(&mut self) {
        self.shielded = false;
    }
}

/// Puts the shielding on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Encoder;

impl Encoder {
    /// An encoder.
    pub const fn new() -> Self {
        Self
    }

    /// Passes `data` to `out`, each 0x10 doubled.
    pub fn data(&self, data: &[u8], mut out: impl FnMut(u8)) {
        for &byte in data {
            out(byte);
            if byte == DLE {
                out(DLE);
            }
        }
    }

    /// The pair for an event or a stream command.
    pub const fn event(&self, code: u8) -> [u8; 2] {
        [DLE, code]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn decode(bytes: &[u8]) -> Vec<Item> {
        let mut decoder = Decoder::new();
        bytes.iter().filter_map(|&b| decoder.push(b)).collect()
    }

    #[test]
    fn pairs_are_events_and_doubled_dle_is_data() {
        assert_eq!(
            decode(&[1, DLE, b'R', DLE, DLE, DLE, SUB, 2, DLE, ETX]),
            [Item::Data(1), Item::Event(b'R'), Item::Data(DLE), Item::TwoDle, Item::Data(2), Item::End]
        );
    }

    #[test]
    fn a_pair_may_be_cut_across_reads() {
        let mut decoder = Decoder::new();
        assert_eq!(decoder.push(DLE), None);
        assert!(decoder.is_shielded());
        assert_eq!(decoder.push(b'b'), Some(Item::Event(b'b')));
        assert!(!decoder.is_shielded());
    }

    proptest::proptest! {
        #[test]
        fn what_is_encoded_decodes_to_itself(data: Vec<u8>, code in 0x20u8..0x7f) {
            let encoder = Encoder::new();
            let mut wire = Vec::new();
            encoder.data(&data, |b| wire.push(b));
            wire.extend(encoder.event(code));
            let mut back = Vec::new();
            let mut events = Vec::new();
            for item in decode(&wire) {
                match item {
                    Item::Data(b) => back.push(b),
                    Item::TwoDle => back.extend([DLE, DLE]),
                    Item::Event(c) => events.push(c),
                    Item::End => {}
                }
            }
            proptest::prop_assert_eq!(back, data);
            proptest::prop_assert_eq!(events, [code]);
        }
    }
}
