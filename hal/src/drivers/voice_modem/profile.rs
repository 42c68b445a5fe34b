//! What differs between chips, as data. Everything that can be asked of a modem is asked; a profile has the rest.

/// How a family of voice modems wants to be spoken to.
#[derive(Debug, PartialEq, Eq)]
pub struct Profile {
    /// Name, as in `?profile=NAME`.
    pub name: &'static str,
    /// The family applies when the answers to `ATI3`, `AT+GMI`, `AT+GMM` have one of these, in any case.
    pub marks: &'static [&'static str],
    /// The modem may be used for voice.
    pub voice: bool,
    /// Asks for the service classes; the list has 8 when there is a voice class.
    pub classes: &'static str,
    /// Sent once after the general initialisation; refusals do not matter.
    pub init: &'static [&'static str],
    /// Enters the voice class.
    pub enter_voice: &'static str,
    /// Leaves it.
    pub leave_voice: &'static str,
    /// Goes off hook in the voice class, answering a ringing call.
    pub off_hook: &'static str,
    /// Does so where `off_hook` is refused.
    pub off_hook_other: &'static str,
    /// Ways to turn caller identification on, best first, each with the query that verifies it.
    pub caller_id: &'static [(&'static str, &'static str)],
    /// `+VTS` sends digits and `+VTS=!` flashes.
    pub tones: bool,
    /// A `VCON` in answer to a dial command means that the far end answered, not only that the digits are out.
    pub vcon_is_answer: bool,
}

const V253: Profile = Profile {
    name: "v253",
    marks: &[],
    voice: true,
    classes: "AT+FCLASS=?",
    init: &[],
    enter_voice: "AT+FCLASS=8",
    leave_voice: "AT+FCLASS=0",
    off_hook: "AT+VLS=1",
    off_hook_other: "ATA",
    caller_id: &[("AT+VCID=1", "AT+VCID?"), ("AT#CID=1", "AT#CID?")],
    tones: true,
    vcon_is_answer: false,
};

/// The profiles; the first is for modems that follow V.253 and for those nothing is known about.
pub const PROFILES: &[Profile] = &[
    V253,
    // CX930xx: the voice settings are those of V.253; type II snooping off, or it forces +VCID.
    Profile { name: "conexant", marks: &["CX93", "CONEXANT", "CX810", "CX811"], init: &["AT-SCID=0"], ..V253 },
    // Without it the firmware is deaf to caller identification in countries with call waiting.
    Profile { name: "usr5637", marks: &["U.S. ROBOTICS", "USROBOTICS"], init: &["AT+PCW=0"], ..V253 },
    // AN93: 15 is off hook with tone detection.
    Profile {
        name: "si24xx",
        marks: &["SI24", "SILICON LAB"],
        off_hook: "AT+VLS=15",
        off_hook_other: "AT+VLS=1",
        ..V253
    },
    // IS-101 chips end a voice session by themselves unless told otherwise.
    Profile {
        name: "agere",
        marks: &["LT V.9", "AEIGPM", "AGERE", "LUCENT", "MT5634", "MT9234"],
        init: &["AT+VIT=0"],
        ..V253
    },
    // Its IS-101 numbers the devices its own way: 2 is the line.
    Profile { name: "zyxel", marks: &["ZYXEL", "OMNI 56K"], off_hook: "AT+VLS=2", ..V253 },
    Profile { name: "cirrus", marks: &["CL-MD56"], ..V253 },
    // RC144 to RCV56: the commands before V.253.
    Profile {
        name: "rockwell",
        marks: &["RCV56", "RCV288", "RCV336", "RC56", "RC288", "RC336"],
        classes: "AT#CLS=?",
        enter_voice: "AT#CLS=8#VTD=3F,3F,3F",
        leave_voice: "AT#CLS=0",
        off_hook: "ATA",
        off_hook_other: "AT#VLS=4",
        caller_id: &[("AT#CID=1", "AT#CID?"), ("AT+VCID=1", "AT+VCID?")],
        tones: false,
        vcon_is_answer: true,
        ..V253
    },
    // A modem that shall be used for data although it has a voice class.
    Profile { name: "data", voice: false, ..V253 },
    // A modem that knows only what V.250 has, and does harm with the rest: some take the D of +VCID for a dial command.
    Profile { name: "plain", voice: false, caller_id: &[], ..V253 },
];

/// The profile of modems nothing is known about.
pub const DEFAULT: &Profile = &V253;

/// The profile with this name.
pub fn by_name(name: &str) -> Option<&'static Profile> {
    PROFILES.iter().find(|p| p.name == name)
}

/// The profile whose mark is in what the modem said of itself.
pub fn by_identity(identity: &[u8]) -> &'static Profile {
    let has = |mark: &&str| identity.windows(mark.len()).any(|w| w.eq_ignore_ascii_case(mark.as_bytes()));
    PROFILES.iter().find(|p| p.marks.iter().any(has)).unwrap_or(DEFAULT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_known_by_what_real_modems_say() {
        for (identity, name) in [
            (&b"CX93001-EIS_V0.2013-V92\nCONEXANT\nV90"[..], "conexant"),
            (b"U.S. Robotics 56K FAX USB V1.2.23", "usr5637"),
            (b"RCV56DPF-PLL L8571A Rev 47.21/47.21", "rockwell"),
            (b"LT V.92 1.0 MT5634ZBA-USB Data/Fax Modem", "agere"),
            (b"CL-MD5650", "cirrus"),
            (b"56000", "v253"),
            (b"", "v253"),
        ] {
            assert_eq!(by_identity(identity).name, name);
        }
    }

    #[test]
    fn names_are_distinct_and_commands_fit_a_line() {
        for (i, p) in PROFILES.iter().enumerate() {
            assert!(!PROFILES[..i].iter().any(|q| q.name == p.name));
            let all = [p.classes, p.enter_voice, p.leave_voice, p.off_hook, p.off_hook_other];
            for command in all.iter().chain(p.init).chain(p.caller_id.iter().flat_map(|(a, b)| [a, b])) {
                assert!(command.starts_with("AT") && command.len() <= 42, "{command}");
            }
        }
    }
}
