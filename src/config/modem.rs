//! Settings of real modems: how they are watched, and what is done with one that does not answer.
//!
//! ```toml
//! [modem]
//! health = 60
//! silence = 600
//! longest_call = 0
//! reopen = 45
//! reset_usb = true
//! ```
//!
//! All times are in seconds. 0 for `silence`, `longest_call` and `reopen`: not at all.

use super::ConfigError;
use loopstart_hal::drivers::guard::Guards;
use std::ops::RangeInclusive;
use std::time::Duration;

/// The longest time that can be set: a week.
const WEEK: u64 = 7 * 86_400;

/// What is tried with a modem that its driver cannot wake, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// After so long out of service the port is opened again; as long again, and its USB device is reset. `None`: never, the
    /// driver alone tries.
    pub reopen: Option<Duration>,
    /// A USB device may be reset.
    pub reset_usb: bool,
}

impl Default for Recovery {
    /// 45 s, in which the driver tries twice; USB devices are reset.
    fn default() -> Self {
        Self { reopen: Some(Duration::from_secs(45)), reset_usb: true }
    }
}

/// Settings of modems.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ModemSettings {
    /// Limits of calls, and how often an idle modem is asked whether it is there. Emulated modems have them too.
    pub guards: Guards,
    /// What is tried with a real modem that is out of service.
    pub recovery: Recovery,
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FileModem {
    health: Option<u64>,
    silence: Option<u64>,
    longest_call: Option<u64>,
    reopen: Option<u64>,
    reset_usb: Option<bool>,
}

impl FileModem {
    pub(super) fn settings(&self) -> Result<ModemSettings, ConfigError> {
        let seconds = |name, value: u64, range: RangeInclusive<u64>| {
            if range.contains(&value) {
                return Ok(Duration::from_secs(value));
            }
            let (low, high) = (range.start(), range.end());
            Err(ConfigError::Modem(format!("{name} = {value} is not between {low} and {high} seconds")))
        };
        let limit = |name, value: Option<u64>, least, default: Option<Duration>| match value {
            None => Ok(default),
            Some(0) => Ok(None),
            Some(value) => seconds(name, value, least..=WEEK).map(Some).map_err(|error| match error {
                ConfigError::Modem(why) => ConfigError::Modem(format!("{why}; 0 turns it off")),
                other => other,
            }),
        };
        let (guards, recovery) = (Guards::default(), Recovery::default());
        Ok(ModemSettings {
            guards: Guards {
                health: match self.health {
                    Some(value) => seconds("health", value, 1..=86_400)?,
                    None => guards.health,
                },
                // Shorter than that, and every pause in a talk would be an end.
                silence: limit("silence", self.silence, 10, guards.silence)?,
                longest_call: limit("longest_call", self.longest_call, 1, guards.longest_call)?,
            },
            recovery: Recovery {
                // Sooner than that the driver has not tried all it can.
                reopen: limit("reopen", self.reopen, 15, recovery.reopen)?,
                reset_usb: self.reset_usb.unwrap_or(recovery.reset_usb),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ModemSettings, String> {
        let file: FileModem = toml::from_str(text).map_err(|e| e.to_string())?;
        file.settings().map_err(|e| e.to_string())
    }

    #[test]
    fn times_are_in_seconds_and_nought_is_never() {
        assert_eq!(read(""), Ok(ModemSettings::default()));
        let settings = read("health = 10\nsilence = 0\nlongest_call = 7200\nreopen = 0\nreset_usb = false").unwrap();
        let guards =
            Guards { health: Duration::from_secs(10), silence: None, longest_call: Some(Duration::from_secs(7_200)) };
        assert_eq!(settings, ModemSettings { guards, recovery: Recovery { reopen: None, reset_usb: false } });
        for (wrong, says) in [
            ("health = 0", "health = 0 is not between 1"),
            ("silence = 3", "0 turns it off"),
            ("longest_call = 99999999", "604800"),
            ("reopen = 1", "reopen = 1"),
            ("reopne = 1", "reopne"),
        ] {
            let text = read(wrong).unwrap_err();
            assert!(text.contains(says), "{text}");
        }
    }
}
