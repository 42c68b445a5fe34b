//! Settings, parsed into valid types.
//!
//! The configuration file comes first, then the environment, then what a program sets itself.
//!
//! ```toml
//! devices = ["serial:/dev/ttyACM0", "emulated:1"]
//!
//! [emulated]
//! country = "us"
//! speed = 1.0
//! control = "/run/user/1000/exchange.sock"
//!
//! [realtime]
//! priority = 40
//! ```

use loopstart_hal::registry::{self, Selector};
use loopstart_signal::line_model;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// Settings of the provider.
#[derive(Clone, Debug)]
pub struct Config {
    /// The devices, in the order of their line device ids.
    pub devices: Vec<Selector>,
    /// The emulated exchange, where one is used.
    pub emulated: Emulated,
    /// `dwDeviceID` of the first device.
    pub device_id_base: u32,
    /// SCHED_FIFO priority of the event thread, 1 to 99. None by default: the thread lives in a host's process.
    pub realtime_priority: Option<u8>,
}

/// Settings of the emulated exchange.
#[derive(Clone, Debug, PartialEq)]
pub struct Emulated {
    /// Country of tones, ringing and caller identification (ISO 3166 code).
    pub country: String,
    /// How many times faster than the wall clock the line clock runs, above 0 and at most 100.
    pub speed: f64,
    /// Switch plan.
    pub plan: String,
    /// Where to open the control socket.
    pub control: Option<PathBuf>,
    /// What the wires do to the signal on its way to the terminal.
    pub wires: line_model::Settings,
}

impl Default for Emulated {
    fn default() -> Self {
        let wires = line_model::Settings { noise_dbm0: Some(-70.0), ..line_model::Settings::default() };
        Self { country: "us".into(), speed: 1.0, plan: "nanp".into(), control: None, wires }
    }
}

impl Default for Config {
    /// No devices.
    fn default() -> Self {
        Self { devices: Vec::new(), emulated: Emulated::default(), device_id_base: 0, realtime_priority: None }
    }
}

/// A setting is not usable. The text says which, and what to write instead.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The configuration file cannot be read.
    #[error("configuration file {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The configuration file is not TOML, or has unknown settings.
    #[error("configuration file {}: {source}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Why, with line and column.
        source: Box<toml::de::Error>,
    },
    /// A device selector is not one.
    #[error(transparent)]
    Selector(#[from] loopstart_hal::OpenError),
    /// A device is named twice.
    #[error("device {0} is named twice")]
    Duplicate(Selector),
    /// A setting of the emulated exchange.
    #[error("LOOPSTART_EMULATED: {0}")]
    Emulated(String),
    /// The priority is out of range.
    #[error("realtime priority {0} is not between 1 and 99")]
    Priority(u8),
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct File {
    devices: Vec<String>,
    emulated: FileEmulated,
    realtime: FileRealtime,
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct FileEmulated {
    country: Option<String>,
    speed: Option<f64>,
    plan: Option<String>,
    control: Option<PathBuf>,
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct FileRealtime {
    priority: Option<u8>,
}

impl Config {
    /// Settings from the configuration file and the environment (`LOOPSTART_CONFIG`, `LOOPSTART_DEVICES`,
    /// `LOOPSTART_EMULATED`). With no device named anywhere, attached modems of known kinds are used.
    ///
    /// # Errors
    /// What is wrong with which setting.
    pub fn from_env() -> Result<Self, ConfigError> {
        let mut config = Self::default();
        let mut named = false;
        if let Some(path) = config_path() {
            named = config.read(&path)?;
        }
        if let Ok(list) = std::env::var("LOOPSTART_DEVICES") {
            config.set_devices(list.split(','))?;
            named = true;
        }
        if let Ok(settings) = std::env::var("LOOPSTART_EMULATED") {
            config.emulated.set(&settings)?;
        }
        if !named {
            config.set_devices(["auto"])?;
        }
        Ok(config)
    }

    fn read(&mut self, path: &Path) -> Result<bool, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let file: File = toml::from_str(&text)
            .map_err(|source| ConfigError::Parse { path: path.to_owned(), source: Box::new(source) })?;
        let mut words = Vec::new();
        let e = file.emulated;
        if let Some(country) = e.country {
            words.push(format!("country={country}"));
        }
        if let Some(speed) = e.speed {
            words.push(format!("speed={speed}"));
        }
        if let Some(plan) = e.plan {
            words.push(format!("plan={plan}"));
        }
        self.emulated.set(&words.join(","))?;
        if e.control.is_some() {
            self.emulated.control = e.control;
        }
        if let Some(priority) = file.realtime.priority {
            if !(1..=99).contains(&priority) {
                return Err(ConfigError::Priority(priority));
            }
            self.realtime_priority = Some(priority);
        }
        self.set_devices(file.devices.iter().map(String::as_str))?;
        Ok(!file.devices.is_empty())
    }

    /// Replaces the devices. The word `auto` stands for every attached modem of a known kind.
    ///
    /// # Errors
    /// An unknown selector, or one that is named twice.
    pub fn set_devices<'a>(&mut self, words: impl IntoIterator<Item = &'a str>) -> Result<(), ConfigError> {
        self.devices.clear();
        for word in words.into_iter().map(str::trim).filter(|w| !w.is_empty()) {
            if word == "auto" {
                for found in registry::coldplug().into_iter().filter(|f| f.known) {
                    if !self.devices.contains(&found.selector) {
                        self.devices.push(found.selector);
                    }
                }
            } else {
                let selector = Selector::parse(word)?;
                if self.devices.contains(&selector) {
                    return Err(ConfigError::Duplicate(selector));
                }
                self.devices.push(selector);
            }
        }
        Ok(())
    }
}

impl Emulated {
    /// Applies settings of the form `country=us,speed=4,plan=nanp,control=PATH`. What the wires do to the signal: `loss` and
    /// `tilt` (1000 to 3400 Hz) in dB, `noise` and `hum50` or `hum60` in dBm0, `echo`, the loss of the terminal's own signal
    /// that comes back, in dB.
    ///
    /// # Errors
    /// An unknown word, country or plan, or a number out of range.
    pub fn set(&mut self, settings: &str) -> Result<(), ConfigError> {
        for word in settings.split(',').map(str::trim).filter(|w| !w.is_empty()) {
            let wrong = |why: &str| ConfigError::Emulated(format!("'{word}': {why}"));
            let (key, value) = word.split_once('=').ok_or_else(|| wrong("expected KEY=VALUE"))?;
            match key {
                "country" => {
                    loopstart_signal::country::by_code(value).ok_or_else(|| wrong("no such country; try us or gb"))?;
                    self.country = value.to_owned();
                }
                "speed" => {
                    let speed: f64 = value.parse().map_err(|_| wrong("not a number"))?;
                    if !(speed > 0.0 && speed <= 100.0) {
                        return Err(wrong("a speed is above 0 and at most 100"));
                    }
                    self.speed = speed;
                }
                "plan" if value == "nanp" || value == "plain" => self.plan = value.to_owned(),
                "plan" => return Err(wrong("no such switch plan; there are nanp and plain")),
                "control" => self.control = Some(value.into()),
                "loss" => self.wires.loss_db = number(value, 0.0..=40.0).map_err(|e| wrong(&e))?,
                "tilt" => self.wires.tilt_db = number(value, -20.0..=10.0).map_err(|e| wrong(&e))?,
                "noise" => self.wires.noise_dbm0 = Some(number(value, -100.0..=0.0).map_err(|e| wrong(&e))?),
                "echo" => {
                    let loss_db = number(value, 0.0..=60.0).map_err(|e| wrong(&e))?;
                    self.wires.talker_echo = Some(line_model::Echo { delay_ms: 0.125, loss_db });
                }
                "hum50" | "hum60" => {
                    let hz = if key == "hum50" { 50.0 } else { 60.0 };
                    let dbm0 = number(value, -100.0..=0.0).map_err(|e| wrong(&e))?;
                    self.wires.hum = Some(line_model::Hum { hz, dbm0, partials: 5 });
                }
                _ => {
                    let known = "country, speed, plan, control, loss, tilt, noise, echo, hum50 and hum60";
                    return Err(wrong(&format!("unknown; there are {known}")));
                }
            }
        }
        Ok(())
    }
}

/// A number within a range.
fn number(text: &str, range: RangeInclusive<f32>) -> Result<f32, String> {
    let (low, high) = (range.start(), range.end());
    let fits = |x: &f32| range.contains(x);
    text.parse().ok().filter(fits).ok_or_else(|| format!("not a number from {low} to {high}"))
}

/// The file named by `LOOPSTART_CONFIG`, else the user's, else the system's, whichever exists first.
fn config_path() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("LOOPSTART_CONFIG") {
        return Some(path.into());
    }
    let home = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|h| Path::new(&h).join(".config")));
    let user = home.map(|h| h.join("loopstart/loopstart.toml"));
    user.into_iter().chain([PathBuf::from("/etc/loopstart.toml")]).find(|p| p.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emulated_settings() {
        let mut e = Emulated::default();
        e.set("country=us, speed=20,plan=plain,control=/tmp/x").unwrap();
        assert_eq!((e.speed, e.plan.as_str(), e.control.clone()), (20.0, "plain", Some("/tmp/x".into())));
        e.set("loss=6,noise=-50,hum60=-40,echo=14,tilt=-8").unwrap();
        assert_eq!((e.wires.loss_db, e.wires.noise_dbm0, e.wires.tilt_db), (6.0, Some(-50.0), -8.0));
        for wrong in [
            "noise=3",
            "loss=x",
            "hum50=nan",
            "speed=0",
            "speed=nan",
            "speed=1000",
            "country=zz",
            "plan=nosuch",
            "volume=11",
            "speed",
        ] {
            let text = Emulated::default().set(wrong).unwrap_err().to_string();
            assert!(text.contains(wrong), "{text}");
        }
    }

    #[test]
    fn devices() {
        let mut config = Config::default();
        config.set_devices(["emulated:0", " emulated:1?port=fxo ", ""]).unwrap();
        assert_eq!(config.devices.len(), 2);
        assert!(matches!(config.set_devices(["emulated:0", "emulated:0"]), Err(ConfigError::Duplicate(_))));
        let text = config.set_devices(["modem7"]).unwrap_err().to_string();
        assert!(text.contains("modem7") && text.contains("serial:"), "{text}");
    }
}
