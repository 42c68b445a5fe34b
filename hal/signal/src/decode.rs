//! Everything a recording of a line may hold, decoded in one pass.

use crate::country::Country;
use crate::{cid, dtmf, progress};

/// What was heard, and where it came from.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<'a> {
    /// A DTMF digit.
    Dtmf(dtmf::Event),
    /// A caller-identification frame.
    Cid(cid::Event<'a>),
    /// A call-progress tone, or a hint.
    Progress(progress::Event),
}

/// Decodes DTMF, caller identification and call progress together.
#[derive(Clone, Debug)]
pub struct Decoder {}

impl Decoder {
    /// For a recording of a line in `country`.
    pub fn new(_country: &'static Country) -> Self {
        Self {}
    }
    /// Takes samples; any number at a time.
    pub fn process(&mut self, _samples: &[i16], _sink: &mut impl FnMut(Event<'_>)) {}
}
