//! Caller identification by DTMF digits (EN 300 659-1 annex B and national forms).

use crate::{Number, PartyId, Text};

/// Most digits of a message.
pub const MAX_DIGITS: usize = 40;

/// A message was received.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// Index of the sample at which it was decided.
    pub at: u64,
    /// All digits, start and end marks included.
    pub digits: Text<MAX_DIGITS>,
    /// The calling number, or why there is none.
    pub number: PartyId<Number>,
    /// The redirecting number (`D` field), if there is one.
    pub redirecting: PartyId<Number>,
}
