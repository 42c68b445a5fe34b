//! What distinguishes one model of modem from another, as data.
//!
//! The firmware follows V.250 and V.253 and asks its profile for everything else: how the modem names itself, which
//! classes, formats and routes it has, and where it falls short of the standards.

use super::format::Encoding;

/// One entry of `+VSM=?`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// The number that `+VSM` takes. Below 128 they are those of V.253, from 128 the maker's.
    pub id: u8,
    /// Its name in `+VSM=?`.
    pub name: &'static str,
    /// How samples are coded.
    pub encoding: Encoding,
    /// Sampling rates that it takes, in Hz.
    pub rates: &'static [u32],
}

/// Which commands the voice class has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Those of ITU-T V.253.
    V253,
    /// Those before it, with `#`.
    Rockwell,
}

/// How `+VSM=?` lists the formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// With ranges in brackets, as V.253 has it.
    Ranges,
    /// With the bare numbers of bits, rate and compression.
    Numbers,
}

/// How caller identification is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallerIdForm {
    /// With blanks around the sign.
    pub spaced: bool,
    /// As text in the voice class too, not as a complex event.
    pub text_in_voice: bool,
}

/// How digits that are heard are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digits {
    /// Between shields, once (V.253).
    Shielded,
    /// Between shields, again every 70 ms (IS-101).
    Repeated,
    /// The digit alone, when it begins.
    Bare,
}

/// What ends recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The shielded codes of V.253.
    Shielded,
    /// Any character.
    AnyCharacter,
    /// A carriage return.
    Return,
}

/// One entry of `+VLS=?`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The number that `+VLS` takes (V.253 table 10).
    pub label: u8,
    /// Its primitives: `T` telephone line, `S` speaker, `M` microphone, `L` local telephone.
    pub primitives: &'static str,
}

impl Route {
    /// Whether the route has the line, so that selecting it goes off hook.
    pub fn has_line(&self) -> bool {
        self.primitives.contains('T')
    }

    /// Whether there is anything to play to.
    pub fn can_play(&self) -> bool {
        self.primitives.contains(['T', 'S'])
    }

    /// Whether there is anything to record from.
    pub fn can_record(&self) -> bool {
        self.primitives.contains(['T', 'M'])
    }
}

/// A model of modem.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    /// Its name in configurations.
    pub name: &'static str,
    /// `+GMI`.
    pub manufacturer: &'static str,
    /// `+GMM`.
    pub model: &'static str,
    /// `+GMR`.
    pub revision: &'static str,
    /// `+GSN`.
    pub serial: &'static str,
    /// `+GCAP`, after its name.
    pub capabilities: &'static str,
    /// `I0` to `I9`. Empty: `OK` alone.
    pub information: [&'static str; 10],
    /// Service classes of `+FCLASS`.
    pub classes: &'static [u8],
    /// Formats of `+VSM`; the first is the default.
    pub formats: &'static [Format],
    /// Routes of `+VLS`; the first is the one without any device.
    pub routes: &'static [Route],
    /// Whether it tells what it hears of a call: VCON, BUSY and the tone events. Without it a dial command ends with
    /// OK when the digits are out, in class 8 as with `;`.
    pub reports_progress: bool,
    /// Whether it has +VTR.
    pub duplex: bool,
    /// The commands of its voice class.
    pub dialect: Dialect,
    /// How it lists formats.
    pub listing: Listing,
    /// Whether it identifies callers at all.
    pub identifies: bool,
    /// How it prints caller identification.
    pub caller_id: CallerIdForm,
    /// How it tells digits.
    pub digits: Digits,
    /// What ends recording.
    pub stop: Stop,
    /// Whether +VSD does what it says.
    pub hears_silence: bool,
    /// Whether it has +VEM.
    pub event_mask: bool,
    /// What +VGR and +VGT take: as told, least, greatest.
    pub gains: (&'static str, u8, u8),
    /// Longest line behind its AT.
    pub line: usize,
    /// Whether a dial string must begin with T or P.
    pub explicit_dial: bool,
    /// Whether &W does not save +VCID, so that every reset forgets it.
    pub forgets_caller_id: bool,
    /// Extended commands of the maker's that do nothing here, with their greatest value.
    pub vendor: &'static [(&'static str, u32)],
    /// Basic commands that it takes and does nothing for: the character before the letter (0: none), the letter, the
    /// largest value. Every modem takes those that its predecessors had.
    pub ignored: &'static [(u8, u8, u32)],
}

/// What common initialisation strings contain and no emulated line has a use for.
pub(super) const IGNORED: &[(u8, u8, u32)] = &[
    (0, b'B', 99),
    (0, b'L', 3),
    (0, b'M', 3),
    (0, b'N', 9),
    (0, b'W', 3),
    (0, b'Y', 1),
    (b'&', b'G', 2),
    (b'&', b'H', 3),
    (b'&', b'I', 9),
    (b'&', b'J', 1),
    (b'&', b'L', 1),
    (b'&', b'M', 9),
    (b'&', b'P', 3),
    (b'&', b'Q', 9),
    (b'&', b'R', 2),
    (b'&', b'S', 2),
    (b'&', b'X', 2),
    (b'&', b'Y', 3),
    (b'\\', b'A', 3),
    (b'\\', b'G', 1),
    (b'\\', b'J', 1),
    (b'\\', b'K', 5),
    (b'\\', b'N', 7),
    (b'\\', b'V', 9),
    (b'%', b'C', 3),
    (b'%', b'E', 3),
];

/// The rate of telephony.
pub(super) const HOUSE: &[u32] = &[8_000];

const FORMATS: &[Format] = &[
    Format { id: 128, name: "8-BIT LINEAR", encoding: Encoding::Unsigned8, rates: HOUSE },
    Format { id: 129, name: "16-BIT LINEAR", encoding: Encoding::Signed16, rates: HOUSE },
    Format { id: 0, name: "SIGNED PCM", encoding: Encoding::Signed8, rates: HOUSE },
    Format { id: 1, name: "UNSIGNED PCM", encoding: Encoding::Unsigned8, rates: HOUSE },
    Format { id: 4, name: "G.711U", encoding: Encoding::MuLaw, rates: HOUSE },
    Format { id: 5, name: "G.711A", encoding: Encoding::ALaw, rates: HOUSE },
    Format { id: 130, name: "ALAW", encoding: Encoding::ALaw, rates: HOUSE },
    Format { id: 131, name: "ULAW", encoding: Encoding::MuLaw, rates: HOUSE },
];

const ROUTES: &[Route] = &[
    Route { label: 0, primitives: "" },
    Route { label: 1, primitives: "T" },
    Route { label: 4, primitives: "S" },
    Route { label: 5, primitives: "ST" },
    Route { label: 6, primitives: "M" },
    Route { label: 7, primitives: "MST" },
];

/// A modem that follows the standards and says nothing that could be taken for a maker's model.
pub const STANDARD: Profile = Profile {
    name: "standard",
    manufacturer: "loopstart",
    model: "Emulated V.253 voice modem",
    revision: env!("CARGO_PKG_VERSION"),
    serial: "0",
    capabilities: "+FCLASS, +V",
    information: ["Emulated V.253 voice modem", "", "OK", env!("CARGO_PKG_VERSION"), "", "", "loopstart", "", "", ""],
    classes: &[0, 8],
    formats: FORMATS,
    routes: ROUTES,
    reports_progress: true,
    duplex: true,
    dialect: Dialect::V253,
    listing: Listing::Ranges,
    identifies: true,
    caller_id: CallerIdForm { spaced: false, text_in_voice: false },
    digits: Digits::Shielded,
    stop: Stop::Shielded,
    hears_silence: true,
    event_mask: true,
    gains: ("(0-255)", 0, 255),
    line: 255,
    explicit_dial: false,
    forgets_caller_id: false,
    vendor: &[],
    ignored: IGNORED,
};

/// A voice modem that tells nothing of the call it dials.
pub const SILENT: Profile = Profile {
    name: "silent",
    model: "Emulated voice modem without call progress",
    reports_progress: false,
    duplex: false,
    ..STANDARD
};

/// A modem without the voice class.
pub const DATA_ONLY: Profile = Profile {
    name: "data-only",
    model: "Emulated data modem",
    identifies: false,
    capabilities: "+FCLASS",
    classes: &[0],
    formats: &[],
    ..STANDARD
};

impl Profile {
    /// The built-in profile of this name.
    pub fn by_name(name: &str) -> Option<&'static Self> {
        super::models::PROFILES.iter().copied().find(|p| p.name == name)
    }

    /// Whether it has the voice class.
    pub fn has_voice(&self) -> bool {
        self.classes.contains(&8)
    }
}
