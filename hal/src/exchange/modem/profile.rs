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
    /// Basic commands that it takes and does nothing for: the character before the letter (0: none), the letter, the
    /// largest value. Every modem takes those that its predecessors had.
    pub ignored: &'static [(u8, u8, u32)],
}

/// What common initialisation strings contain and no emulated line has a use for.
const IGNORED: &[(u8, u8, u32)] = &[
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

const FORMATS: &[Format] = &[
    Format { id: 128, name: "8-BIT LINEAR", encoding: Encoding::Unsigned8 },
    Format { id: 129, name: "16-BIT LINEAR", encoding: Encoding::Signed16 },
    Format { id: 0, name: "SIGNED PCM", encoding: Encoding::Signed8 },
    Format { id: 1, name: "UNSIGNED PCM", encoding: Encoding::Unsigned8 },
    Format { id: 4, name: "G.711U", encoding: Encoding::MuLaw },
    Format { id: 5, name: "G.711A", encoding: Encoding::ALaw },
    Format { id: 130, name: "ALAW", encoding: Encoding::ALaw },
    Format { id: 131, name: "ULAW", encoding: Encoding::MuLaw },
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
    capabilities: "+FCLASS",
    classes: &[0],
    formats: &[],
    ..STANDARD
};

/// All built-in profiles; the first is the default.
pub const PROFILES: &[&Profile] = &[&STANDARD, &SILENT, &DATA_ONLY];

impl Profile {
    /// The built-in profile of this name.
    pub fn by_name(name: &str) -> Option<&'static Self> {
        PROFILES.iter().copied().find(|p| p.name == name)
    }

    /// Whether it has the voice class.
    pub fn has_voice(&self) -> bool {
        self.classes.contains(&8)
    }
}
