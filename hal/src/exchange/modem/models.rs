//! Models of modems as people have them: how each names itself, what it has, and where it falls short of the standards.
//!
//! Facts are from the makers' command references and from what programs that were written for these modems expect of them.
//! What no document tells is as in [`STANDARD`].

use super::format::Encoding;
use super::profile::{
    CallerIdForm, DATA_ONLY, Dialect, Digits, Format, HOUSE, IGNORED, Listing, Profile, Route, SILENT, STANDARD, Stop,
};
use loopstart_signal::adpcm::rockwell::Bits;

const fn format(id: u8, name: &'static str, encoding: Encoding, rates: &'static [u32]) -> Format {
    Format { id, name, encoding, rates }
}

/// The rates of the chips of U.S. Robotics and Agere, as far as a telephone line has a use for them.
const SEVERAL: &[u32] = &[7_200, 8_000];

/// Conexant CX93001 on USB.
pub const CONEXANT: Profile = Profile {
    name: "conexant",
    manufacturer: "CONEXANT",
    model: "V90",
    revision: "CX93001-EIS_V0.2013-V92",
    information: ["56000", "255", "OK", "CX93001-EIS_V0.2013-V92", "", "", "", "", "", ""],
    classes: &[0, 1, 2, 8],
    formats: &[
        format(0, "SIGNED PCM", Encoding::Signed8, HOUSE),
        format(1, "UNSIGNED PCM", Encoding::Unsigned8, HOUSE),
        format(129, "IMA ADPCM", Encoding::Ima, HOUSE),
        format(130, "UNSIGNED PCM", Encoding::Unsigned8, HOUSE),
        format(131, "Mu-Law", Encoding::MuLaw, HOUSE),
        format(132, "A-Law", Encoding::ALaw, HOUSE),
    ],
    listing: Listing::Numbers,
    caller_id: CallerIdForm { spaced: true, text_in_voice: true },
    hears_silence: false,
    event_mask: false,
    line: 50,
    forgets_caller_id: true,
    vendor: &[("-SCID", 1), ("-STE", 7), ("-SDR", 7), ("+MS", 99), ("+VPR", 0)],
    ..STANDARD
};

const LINEAR: &[Format] = &[
    format(129, "16-BIT LINEAR", Encoding::Signed16, SEVERAL),
    format(128, "8-BIT LINEAR", Encoding::Unsigned8, SEVERAL),
    format(130, "8-BIT A-LAW", Encoding::ALaw, SEVERAL),
    format(131, "8-BIT U-LAW", Encoding::MuLaw, SEVERAL),
    format(132, "IMA ADPCM", Encoding::Ima, SEVERAL),
];

/// U.S. Robotics 5637 with the firmware that works.
pub const USR5637: Profile = Profile {
    name: "usr5637",
    manufacturer: "U.S. Robotics",
    model: "U.S. Robotics 56K FAX USB V1.2.23",
    revision: "1.2.23",
    information: ["5601", "", "OK", "U.S. Robotics 56K FAX USB V1.2.23", "", "", "", "", "", ""],
    classes: &[0, 1, 2, 8],
    formats: LINEAR,
    line: 58,
    forgets_caller_id: true,
    vendor: &[("+PCW", 2), ("+PMH", 1), ("+PIG", 1)],
    ..STANDARD
};

/// U.S. Robotics 5637 with the firmware it was sold with: no voice class.
pub const OLD_USR5637: Profile = Profile {
    name: "usr5637-1.1",
    model: "U.S. Robotics 56K FAX USB V1.1.12",
    revision: "1.1.12",
    information: ["5601", "", "OK", "U.S. Robotics 56K FAX USB V1.1.12", "", "", "", "", "", ""],
    capabilities: "+FCLASS",
    classes: &[0, 1, 2],
    formats: &[],
    ..USR5637
};

/// Silicon Labs Si2494 behind a bridge.
pub const SI24XX: Profile = Profile {
    name: "si24xx",
    manufacturer: "",
    model: "Si2494",
    revision: "A",
    information: ["A", "", "OK", "Silicon Laboratories", "", "", "Si2494", "", "", ""],
    classes: &[0, 1, 8],
    formats: &[
        format(0, "SIGNED PCM", Encoding::Signed8, HOUSE),
        format(1, "UNSIGNED PCM", Encoding::Unsigned8, HOUSE),
        format(4, "G.711 U-LAW", Encoding::MuLaw, HOUSE),
        format(5, "G.711 A-LAW", Encoding::ALaw, HOUSE),
    ],
    routes: &[
        Route { label: 0, primitives: "" },
        Route { label: 1, primitives: "T" },
        Route { label: 4, primitives: "S" },
        Route { label: 15, primitives: "T" },
    ],
    gains: ("(112-134)", 112, 134),
    line: 128,
    vendor: &[("+VCDT", 7), ("+PCW", 2)],
    ..STANDARD
};

/// Lucent/Agere, as MultiTech sells it.
pub const AGERE: Profile = Profile {
    name: "agere",
    manufacturer: "MultiTech",
    model: "MT5634ZBA-V92",
    revision: "1.32",
    information: ["LT V.92 1.0 MT5634ZBA-V92 Data/Fax Modem", "", "OK", "MT5634ZBA-V92", "", "", "", "", "", ""],
    classes: &[0, 1, 2, 8],
    formats: LINEAR,
    digits: Digits::Repeated,
    line: 60,
    duplex: false,
    forgets_caller_id: true,
    vendor: &[("+VPR", 0)],
    ..STANDARD
};

/// Cirrus Logic CL-MD5650.
pub const CIRRUS: Profile = Profile {
    name: "cirrus",
    manufacturer: "",
    model: "",
    revision: "",
    information: ["56000", "255", "OK", "CL-MD5650", "", "", "", "", "", ""],
    capabilities: "+FCLASS",
    classes: &[0, 1, 2, 8],
    formats: &[
        format(0, "8-BIT LINEAR", Encoding::Unsigned8, SEVERAL),
        format(1, "16-BIT LINEAR", Encoding::Signed16, SEVERAL),
    ],
    duplex: false,
    stop: Stop::Return,
    gains: ("(121-131)", 121, 131),
    line: 40,
    explicit_dial: true,
    ..STANDARD
};

const OLD: &[u32] = &[7_200];

/// Rockwell RCV56: the voice commands before V.253.
pub const ROCKWELL: Profile = Profile {
    name: "rockwell",
    manufacturer: "",
    model: "",
    revision: "",
    information: ["56000", "255", "OK", "V1.400-V90_2M_DLS", "", "", "RCV56DPF-PLL L8571A Rev 47.21/47.21", "", "", ""],
    capabilities: "+FCLASS",
    classes: &[0, 1, 2, 8],
    formats: &[
        format(4, "", Encoding::Rockwell(Bits::Four), OLD),
        format(3, "", Encoding::Rockwell(Bits::Three), OLD),
        format(2, "", Encoding::Rockwell(Bits::Two), OLD),
    ],
    routes: &[
        Route { label: 0, primitives: "" },
        Route { label: 1, primitives: "T" },
        Route { label: 2, primitives: "S" },
        Route { label: 3, primitives: "M" },
        Route { label: 4, primitives: "ST" },
    ],
    dialect: Dialect::Rockwell,
    caller_id: CallerIdForm { spaced: true, text_in_voice: true },
    digits: Digits::Bare,
    stop: Stop::AnyCharacter,
    duplex: false,
    line: 60,
    ignored: IGNORED,
    ..STANDARD
};

/// All built-in profiles; the first is the default.
pub const PROFILES: &[&Profile] =
    &[&STANDARD, &SILENT, &DATA_ONLY, &CONEXANT, &USR5637, &OLD_USR5637, &SI24XX, &AGERE, &CIRRUS, &ROCKWELL];
