//! What differs between chips, as data: one TOML file for each family, and files of the user's over them.
//!
//! Everything that can be asked of a modem is asked; a profile has the rest. What a file does not say is as in its parent, and
//! in the end as in ITU-T V.253 ([`V253`]). The built-in files stand in `profiles/`; [`find`] also takes a file of the user's,
//! which may have the name of a built-in one and then takes its place.

mod file;
#[cfg(test)]
mod tests;

use crate::drivers::voice_modem::codec::Coding;
use crate::drivers::voice_modem::dial::{Command, put, put_number};
pub use file::{ProfileError, files, find, read};
use std::sync::LazyLock;

/// How a family of voice modems wants to be spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Name, as in `?profile=NAME`.
    pub name: &'static str,
    /// What it is, for people.
    pub title: &'static str,
    /// Where its facts come from.
    pub sources: &'static [&'static str],
    /// What else is known.
    pub notes: &'static [&'static str],
    /// The family applies when the answers to `ATI`, `ATI3`, `AT+GMI`, `AT+GMM` or `AT+FMI` have one of these, in any case.
    pub marks: &'static [&'static str],
    /// USB vendor and product of modems of the family.
    pub usb: &'static [(u16, u16)],
    /// Why such a modem cannot be used; empty: it can.
    pub refuse: &'static str,
    /// What is known of old firmware.
    pub firmware: &'static [Firmware],
    /// The modem may be used for voice.
    pub voice: bool,
    /// Asks for the service classes; the list has 8 when there is a voice class.
    pub classes: &'static str,
    /// Sent once after the general initialisation; refusals do not matter.
    pub init: &'static [&'static str],
    /// Sets the country, with `{code}` for the hexadecimal code of ITU-T T.35; empty: it cannot be set.
    pub country: &'static str,
    /// Enters the voice class.
    pub enter_voice: &'static str,
    /// Leaves it.
    pub leave_voice: &'static str,
    /// Goes off hook in the voice class, answering a ringing call.
    pub off_hook: &'static str,
    /// Does so where `off_hook` is refused.
    pub off_hook_other: &'static str,
    /// Goes off hook in the voice class to make a call.
    pub seize: &'static str,
    /// Ways to turn caller identification on, best first, each with the query that verifies it.
    pub caller_id: &'static [(&'static str, &'static str)],
    /// Asks for the routes and the events that each can report (`+VLS=?`); empty: it cannot be asked.
    pub routes: &'static str,
    /// Tones and digits during a call.
    pub tones: Tones,
    /// The voice streams.
    pub stream: Stream,
    /// Event codes that mean what another one means in V.253; 0: nothing.
    pub events: &'static [(u8, u8)],
    /// A `VCON` in answer to a dial command means that the far end answered, not only that the digits are out.
    pub vcon_is_answer: bool,
}

/// What is known of firmware older than a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Firmware {
    /// Firmware below this version, as the answers to `ATI3` have it.
    pub below: [u16; 3],
    /// What is wrong with it, and what to do.
    pub advice: &'static str,
}

/// How tones and digits are sent during a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tones {
    /// The command up to its list; empty: there is none.
    pub command: &'static str,
    /// Unit of times in it, in ms.
    pub unit_ms: u16,
    /// Digits are sent as their two frequencies, for there is no other way.
    pub pairs: bool,
    /// The command has `!` for a hook flash.
    pub flash: bool,
}

/// The commands of the voice streams, and their formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Asks for the formats; empty: they are `fixed`.
    pub list: &'static str,
    /// Sets one, with `{id}` and `{rate}`.
    pub set: &'static str,
    /// Plays.
    pub transmit: &'static str,
    /// Records.
    pub receive: &'static str,
    /// Both at once; empty: it cannot.
    pub duplex: &'static str,
    /// Ends a recording.
    pub stop: &'static [u8],
    /// Ends it where `stop` does not.
    pub stop_other: &'static [u8],
    /// Ends both at once.
    pub stop_duplex: &'static [u8],
    /// Codings by preference. One that is not here is not used.
    pub prefer: &'static [Coding],
    /// Names of formats that say nothing by themselves, in the modem's own list.
    pub names: &'static [(&'static str, Coding)],
    /// Formats of a modem that cannot be asked.
    pub fixed: &'static [Fixed],
}

/// A format of a modem that cannot be asked for its formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// Its number.
    pub id: u16,
    /// How samples are coded.
    pub coding: Coding,
    /// Samples per second.
    pub rate: u16,
}

/// A modem that follows V.253; the parent of all.
pub const V253: Profile = Profile {
    name: "v253",
    title: "Any modem that follows ITU-T V.253, found out by asking it",
    sources: &["ITU-T V.250", "ITU-T V.253"],
    notes: &[],
    marks: &[],
    usb: &[],
    refuse: "",
    firmware: &[],
    voice: true,
    classes: "AT+FCLASS=?",
    init: &[],
    country: "AT+GCI={code}",
    enter_voice: "AT+FCLASS=8",
    leave_voice: "AT+FCLASS=0",
    off_hook: "AT+VLS=1",
    off_hook_other: "ATA",
    seize: "AT+VLS=1",
    caller_id: &[("AT+VCID=1", "AT+VCID?"), ("AT#CID=1", "AT#CID?")],
    routes: "AT+VLS=?",
    tones: Tones { command: "AT+VTS=", unit_ms: 10, pairs: false, flash: true },
    stream: Stream {
        list: "AT+VSM=?",
        set: "AT+VSM={id},{rate}",
        transmit: "AT+VTX",
        receive: "AT+VRX",
        duplex: "AT+VTR",
        stop: b"\x10!",
        stop_other: b"\x10\x1b",
        stop_duplex: b"\x10^",
        // Every chip has unsigned samples right; the rest by quality for their bytes.
        prefer: &[
            Coding::Unsigned8,
            Coding::MuLaw,
            Coding::ALaw,
            Coding::Signed8,
            Coding::Linear16,
            Coding::Ima,
            Coding::Rockwell4,
        ],
        names: &[],
        fixed: &[],
    },
    events: &[],
    vcon_is_answer: false,
};

/// The profile of modems nothing is known about.
pub static DEFAULT: &Profile = &V253;

/// The built-in files, parents first.
const BUILT_IN: &[(&str, &str)] = &[
    ("conexant", include_str!("profiles/conexant.toml")),
    ("usr5637", include_str!("profiles/usr5637.toml")),
    ("si24xx", include_str!("profiles/si24xx.toml")),
    ("agere", include_str!("profiles/agere.toml")),
    ("cirrus", include_str!("profiles/cirrus.toml")),
    ("rockwell", include_str!("profiles/rockwell.toml")),
    ("usr-voice", include_str!("profiles/usr-voice.toml")),
    ("zyxel", include_str!("profiles/zyxel.toml")),
    ("data", include_str!("profiles/data.toml")),
    ("plain", include_str!("profiles/plain.toml")),
    ("softmodem", include_str!("profiles/softmodem.toml")),
];

static PROFILES: LazyLock<Vec<&'static Profile>> = LazyLock::new(|| {
    let mut all = vec![DEFAULT];
    for (name, text) in BUILT_IN {
        // A test parses them all.
        if let Ok(profile) = file::built_in(name, text, &all) {
            all.push(file::keep(profile));
        }
    }
    all
});

/// The built-in profiles; the first is for modems that follow V.253 and for those nothing is known about.
pub fn all() -> &'static [&'static Profile] {
    &PROFILES
}

/// The built-in profile with this name.
pub fn by_name(name: &str) -> Option<&'static Profile> {
    all().iter().copied().find(|p| p.name == name)
}

/// The profile whose mark is in what the modem said of itself.
pub fn by_identity(identity: &[u8]) -> &'static Profile {
    let has = |mark: &&str| identity.windows(mark.len().max(1)).any(|w| w.eq_ignore_ascii_case(mark.as_bytes()));
    all().iter().copied().find(|p| p.marks.iter().any(has)).unwrap_or(DEFAULT)
}

/// The profile of the family to which this USB device belongs.
pub fn by_usb(vendor: u16, product: u16) -> Option<&'static Profile> {
    all().iter().copied().find(|p| p.usb.contains(&(vendor, product)))
}

impl Profile {
    /// What the event code means in the terms of V.253; 0 for nothing.
    pub(super) fn event(&self, code: u8) -> u8 {
        self.events.iter().find(|(own, _)| *own == code).map_or(code, |(_, standard)| *standard)
    }

    /// What is known of the firmware that names itself like this.
    pub fn advice(&self, identity: &[u8]) -> Option<&'static str> {
        let version = version(identity)?;
        self.firmware.iter().find(|rule| version < rule.below).map(|rule| rule.advice)
    }
}

/// The version in what a modem says of itself: `V` and numbers with points between them.
fn version(identity: &[u8]) -> Option<[u16; 3]> {
    let starts = identity.windows(2).enumerate().filter(|(_, w)| matches!(w, [b'V' | b'v', b'0'..=b'9']));
    let mut best = None;
    for (at, _) in starts {
        let mut numbers = [0u16; 3];
        let mut count = 0;
        let mut digits = false;
        for byte in identity.get(at + 1..).unwrap_or_default() {
            let Some(slot) = numbers.get_mut(count) else { break };
            match byte {
                b'0'..=b'9' => {
                    *slot = slot.saturating_mul(10).saturating_add(u16::from(byte - b'0'));
                    digits = true;
                }
                b'.' if digits => (count, digits) = (count + 1, false),
                _ => break,
            }
        }
        if count > 0 {
            best = Some(numbers);
        }
    }
    best
}

/// A command with its values in place of `{name}`.
pub(super) fn fill(command: &mut Command, template: &str, values: &[(&str, u32)]) {
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once('{') {
        put(command, before.as_bytes());
        let (name, after) = behind.split_once('}').unwrap_or((behind, ""));
        if let Some((_, value)) = values.iter().find(|(known, _)| *known == name) {
            put_number(command, *value);
        }
        rest = after;
    }
    put(command, rest.as_bytes());
}
