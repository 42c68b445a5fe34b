//! Settings, parsed into valid types.
//!
//! The configuration file comes first, then the environment, then what a program sets itself.
//!
//! ```toml
//! devices = ["usb:0572:1340:24680F", "serial:/dev/ttyS0", "emulated:1"]
//! hotplug = true
//! unplugged = 30
//! plan = "nanp"
//! country = "us"
//!
//! [emulated]
//! country = "us"
//! speed = 1.0
//! plan = "centrex"
//! control = "/run/user/1000/exchange.sock"
//!
//! [lines."serial:/dev/ttyACM0"]
//! plan = "pbx"
//! country = "gb"
//! services = ["three-way", "transfer"]
//! number = "5550199"
//! site = { park = "*68", unpark = "*69" }
//!
//! [realtime]
//! priority = 40
//!
//! [modem]
//! silence = 600
//! ```

mod modem;

pub use modem::{ModemSettings, Recovery};

use crate::plan_file::{self, PlanError};
use loopstart_hal::hotplug::Roots;
use loopstart_hal::registry::{self, Found, Selector};
use loopstart_signal::country::{self, Country};
use loopstart_signal::line_model;
use loopstart_signal::plan::{self, Builder, Plan, Subscribed};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long a line waits for a device that was pulled: time to move it to another socket.
const UNPLUGGED: Duration = Duration::from_secs(30);
/// The longest that can be set: a day.
const MOST_UNPLUGGED: u64 = 86_400;

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
    /// The switch plan of real lines that name no other.
    pub plan: Arc<Plan>,
    /// The country of real lines that name no other: its tones, ringing, and hook flash.
    pub country: &'static Country,
    /// Settings of single real lines.
    pub lines: Vec<LineSettings>,
    /// Attached devices of known kinds are lines, also those that are plugged in later: the word `auto` among the devices.
    pub auto: bool,
    /// Whether devices that come and go are watched for. `None`: where [`auto`](Self::auto) is set, or a device is named by what
    /// it is and not by its path.
    pub hotplug: Option<bool>,
    /// How long a line whose device was pulled waits for it before it is closed, or, when it was found and not named, removed.
    pub unplugged: Duration,
    /// Where the system keeps what it knows of devices.
    #[doc(hidden)]
    pub roots: Roots,
    /// Of the devices those that `auto` stands for.
    #[doc(hidden)]
    pub found: Vec<Selector>,
    /// How modems are watched, and what is done with one that does not answer.
    pub modem: ModemSettings,
}

/// Settings of one real line.
#[derive(Clone, Debug, PartialEq)]
pub struct LineSettings {
    /// The line, as `devices` names it.
    pub selector: Selector,
    /// Its switch plan, with the site's codes, for what the line subscribes to.
    pub plan: Arc<Plan>,
    /// Its country.
    pub country: &'static Country,
    /// Its own directory number or extension, where known.
    pub number: Option<String>,
}

/// Settings of the emulated exchange.
#[derive(Clone, Debug, PartialEq)]
pub struct Emulated {
    /// Country of tones, ringing and caller identification (ISO 3166 code).
    pub country: String,
    /// How many times faster than the wall clock the line clock runs, above 0 and at most 100.
    pub speed: f64,
    /// Switch plan, for what its lines subscribe to.
    pub plan: Arc<Plan>,
    /// Where to open the control socket.
    pub control: Option<PathBuf>,
    /// What the wires do to the signal on its way to the terminal.
    pub wires: line_model::Settings,
}

impl Default for Emulated {
    fn default() -> Self {
        let wires = line_model::Settings { noise_dbm0: Some(-70.0), ..line_model::Settings::default() };
        let plan = Plan::named("nanp").unwrap_or_else(Plan::plain);
        Self { country: "us".into(), speed: 1.0, plan, control: None, wires }
    }
}

impl Default for Config {
    /// No devices.
    fn default() -> Self {
        Self {
            devices: Vec::new(),
            emulated: Emulated::default(),
            device_id_base: 0,
            realtime_priority: None,
            plan: Plan::plain(),
            country: country::US,
            lines: Vec::new(),
            auto: false,
            hotplug: None,
            unplugged: UNPLUGGED,
            roots: Roots::default(),
            found: Vec::new(),
            modem: ModemSettings::default(),
        }
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
    /// A switch plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Settings of a single line.
    #[error("lines.\"{selector}\": {why}")]
    Line {
        /// The line, as the file names it.
        selector: String,
        /// What is wrong.
        why: String,
    },
    /// No such country.
    #[error("country {0:?} is not known; try us or gb")]
    Country(String),
    /// Whether devices are watched for.
    #[error("LOOPSTART_HOTPLUG: '{0}' is neither on nor off")]
    Hotplug(String),
    /// How long a line waits for its device is out of range.
    #[error("unplugged {0} is not between 0 and {MOST_UNPLUGGED} seconds")]
    Unplugged(u64),
    /// The priority is out of range.
    #[error("realtime priority {0} is not between 1 and 99")]
    Priority(u8),
    /// A setting of modems is out of range.
    #[error("modem: {0}")]
    Modem(String),
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct File {
    devices: Vec<String>,
    hotplug: Option<bool>,
    unplugged: Option<u64>,
    plan: Option<String>,
    country: Option<String>,
    emulated: FileEmulated,
    realtime: FileRealtime,
    modem: modem::FileModem,
    lines: BTreeMap<String, FileLine>,
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct FileEmulated {
    country: Option<String>,
    speed: Option<f64>,
    plan: Option<String>,
    services: Option<Services>,
    control: Option<PathBuf>,
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct FileLine {
    plan: Option<String>,
    country: Option<String>,
    services: Option<Services>,
    number: Option<String>,
    site: BTreeMap<String, String>,
}

/// What a line subscribes to: a list of names, or the word `all`.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Services {
    Word(String),
    Names(Vec<String>),
}

impl Services {
    fn subscribed(&self) -> Result<Subscribed, String> {
        match self {
            Self::Word(word) => subscribed([word.as_str()]),
            Self::Names(names) => subscribed(names.iter().map(String::as_str)),
        }
    }
}

/// The services of these names; `all` is each of them.
pub(crate) fn subscribed<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Subscribed, String> {
    let mut to = Subscribed::empty();
    for name in names {
        let known = Subscribed::NAMES.iter().find(|(known, _)| *known == name);
        to |= match known {
            Some((_, services)) => *services,
            None if name == "all" => Subscribed::all(),
            None => return Err(format!("no service {name:?}; there are all, {}", plan_file::names(Subscribed::NAMES))),
        };
    }
    Ok(to)
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct FileRealtime {
    priority: Option<u8>,
}

impl Config {
    /// Settings from the configuration file and the environment (`LOOPSTART_CONFIG`, `LOOPSTART_DEVICES`,
    /// `LOOPSTART_PLAN`, `LOOPSTART_EMULATED`, `LOOPSTART_HOTPLUG`). With no device named anywhere, attached modems of known kinds are used.
    ///
    /// # Errors
    /// What is wrong with which setting.
    pub fn from_env() -> Result<Self, ConfigError> {
        let mut config = Self::default();
        let mut words = vec!["auto".to_owned()];
        let mut lines = BTreeMap::new();
        if let Some(path) = config_path() {
            let named;
            (named, lines) = config.read(&path)?;
            if !named.is_empty() {
                words = named;
            }
        }
        if let Ok(list) = std::env::var("LOOPSTART_DEVICES") {
            words = list.split(',').map(str::to_owned).collect();
        }
        if let Ok(plan) = std::env::var("LOOPSTART_PLAN") {
            config.set_plan(&plan)?;
        }
        if let Ok(settings) = std::env::var("LOOPSTART_EMULATED") {
            config.emulated.set(&settings)?;
        }
        if let Ok(word) = std::env::var("LOOPSTART_HOTPLUG") {
            config.hotplug = match word.as_str() {
                "" => None,
                "on" => Some(true),
                "off" => Some(false),
                _ => return Err(ConfigError::Hotplug(word)),
            };
        }
        // Behind the plan: a line that names none has that of all lines. Before the devices: one that is found goes by the
        // name that the settings of a line give it.
        config.set_lines(&lines)?;
        config.set_devices(words.iter().map(String::as_str))?;
        Ok(config)
    }

    /// Whether devices that come and go are watched for.
    pub fn watches(&self) -> bool {
        self.hotplug.unwrap_or_else(|| self.auto || self.devices.iter().any(is_stable))
    }

    /// Whether a device was found, and not named.
    pub(crate) fn was_found(&self, selector: &Selector) -> bool {
        self.found.contains(selector)
    }

    /// The name of an attached device as a line: as the settings of a line name it, if they do, else what it is known as
    /// wherever it is plugged in.
    pub(crate) fn name_of(&self, found: &Found) -> Selector {
        let named = self.lines.iter().map(|line| &line.selector).find(|selector| means(selector, found));
        named.unwrap_or(&found.stable).clone()
    }

    /// The switch plan of a line: of an emulated one the exchange's, of a real one its own or that of all real lines.
    pub fn plan_of(&self, selector: &Selector) -> Arc<Plan> {
        match selector {
            Selector::Emulated { .. } => self.emulated_plan(),
            _ => Arc::clone(self.line(selector).map_or(&self.plan, |line| &line.plan)),
        }
    }

    /// The country of a line: of an emulated one the exchange's, of a real one its own or that of all real lines.
    pub fn country_of(&self, selector: &Selector) -> &'static Country {
        match selector {
            Selector::Emulated { .. } => country::by_code(&self.emulated.country).unwrap_or(country::US),
            _ => self.line(selector).map_or(self.country, |line| line.country),
        }
    }

    /// The switch plan of the emulated exchange.
    pub fn emulated_plan(&self) -> Arc<Plan> {
        Arc::clone(&self.emulated.plan)
    }

    /// The settings of a single real line, where there are some.
    pub fn line(&self, selector: &Selector) -> Option<&LineSettings> {
        self.lines.iter().find(|line| line.selector == *selector)
    }

    /// Sets the switch plan of real lines, by name or path.
    ///
    /// # Errors
    /// No such plan, or what is wrong with it.
    pub fn set_plan(&mut self, word: &str) -> Result<(), ConfigError> {
        self.plan = plan_of_word(word)?;
        Ok(())
    }

    fn set_lines(&mut self, lines: &BTreeMap<String, FileLine>) -> Result<(), ConfigError> {
        self.lines.clear();
        for (word, line) in lines {
            let wrong = |why: String| ConfigError::Line { selector: word.clone(), why };
            let selector = Selector::parse(word)?;
            if matches!(selector, Selector::Emulated { .. }) {
                return Err(wrong("an emulated line has the exchange's plan: set it in [emulated]".into()));
            }
            if self.line(&selector).is_some() {
                return Err(ConfigError::Duplicate(selector));
            }
            if let Some(number) = &line.number
                && (number.is_empty() || number.len() > 32 || !number.bytes().all(|b| b.is_ascii_digit()))
            {
                return Err(wrong(format!("number {number:?} is not 1 to 32 digits")));
            }
            let base = match &line.plan {
                Some(plan) => plan_of_word(plan)?,
                None => Arc::clone(&self.plan),
            };
            let mut builder = Builder::of(&base);
            if let Some(services) = &line.services {
                builder = builder.subscribed(services.subscribed().map_err(wrong)?);
            }
            for (code, digits) in &line.site {
                builder.site(code, digits);
            }
            let plan = builder.build().map_err(|error| wrong(error.to_string()))?;
            let country = match &line.country {
                Some(code) => {
                    country::by_code(code).ok_or_else(|| wrong(ConfigError::Country(code.clone()).to_string()))?
                }
                None => self.country,
            };
            let (plan, number) = (Arc::new(plan), line.number.clone());
            self.lines.push(LineSettings { selector, plan, country, number });
        }
        Ok(())
    }

    /// The devices that are named, and the settings of single lines.
    fn read(&mut self, path: &Path) -> Result<(Vec<String>, BTreeMap<String, FileLine>), ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let file: File = toml::from_str(&text)
            .map_err(|source| ConfigError::Parse { path: path.to_owned(), source: Box::new(source) })?;
        self.modem = file.modem.settings()?;
        let mut words = Vec::new();
        let e = file.emulated;
        if let Some(country) = e.country {
            words.push(format!("country={country}"));
        }
        if let Some(speed) = e.speed {
            words.push(format!("speed={speed}"));
        }
        self.emulated.set(&words.join(","))?;
        // Not through the words: a path may have a comma.
        if let Some(plan) = e.plan {
            self.emulated.plan = plan_of_word(&plan)?;
        }
        if let Some(services) = e.services {
            self.emulated
                .subscribe(services.subscribed().map_err(|why| ConfigError::Emulated(format!("services: {why}")))?)?;
        }
        if let Some(plan) = &file.plan {
            self.set_plan(plan)?;
        }
        if let Some(code) = file.country {
            self.country = country::by_code(&code).ok_or(ConfigError::Country(code))?;
        }
        if e.control.is_some() {
            self.emulated.control = e.control;
        }
        if let Some(priority) = file.realtime.priority {
            if !(1..=99).contains(&priority) {
                return Err(ConfigError::Priority(priority));
            }
            self.realtime_priority = Some(priority);
        }
        self.hotplug = file.hotplug;
        if let Some(seconds) = file.unplugged {
            if seconds > MOST_UNPLUGGED {
                return Err(ConfigError::Unplugged(seconds));
            }
            self.unplugged = Duration::from_secs(seconds);
        }
        Ok((file.devices, file.lines))
    }

    /// Replaces the devices. The word `auto` stands for every attached modem of a known kind that is not named, and, while the
    /// provider runs, for those that are plugged in.
    ///
    /// # Errors
    /// An unknown selector, or one that is named twice.
    pub fn set_devices<'a>(&mut self, words: impl IntoIterator<Item = &'a str>) -> Result<(), ConfigError> {
        self.devices.clear();
        self.found.clear();
        self.auto = false;
        for word in words.into_iter().map(str::trim).filter(|w| !w.is_empty()) {
            if word == "auto" {
                self.auto = true;
            } else {
                let selector = Selector::parse(word)?;
                if self.devices.contains(&selector) {
                    return Err(ConfigError::Duplicate(selector));
                }
                self.devices.push(selector);
            }
        }
        if self.auto {
            self.find();
        }
        Ok(())
    }

    /// Adds what is attached and not named to the devices.
    fn find(&mut self) {
        let attached = registry::coldplug_in(&self.roots);
        for found in attached.iter().filter(|f| f.known) {
            if self.devices.iter().any(|named| means(named, found)) {
                continue;
            }
            let name = self.name_of(found);
            self.found.push(name.clone());
            self.devices.push(name);
        }
    }
}

/// Whether a selector means this device at present.
pub(crate) fn means(selector: &Selector, found: &Found) -> bool {
    match selector {
        Selector::Serial { path, .. } => registry::found_at(std::slice::from_ref(found), path).is_some(),
        other => other.names(found),
    }
}

/// Whether a selector names a device by what it is, or by a link that udev makes for what it is.
fn is_stable(selector: &Selector) -> bool {
    match selector {
        Selector::Usb { .. } => true,
        Selector::Serial { path, .. } => path.starts_with("/dev/serial") || path.starts_with("/dev/loopstart"),
        Selector::Emulated { .. } | Selector::Dahdi(_) => false,
    }
}

impl Emulated {
    /// Sets what its lines subscribe to.
    fn subscribe(&mut self, to: Subscribed) -> Result<(), ConfigError> {
        let plan = Builder::of(&self.plan).subscribed(to).build();
        self.plan = Arc::new(plan.map_err(|error| ConfigError::Emulated(error.to_string()))?);
        Ok(())
    }

    /// Applies settings of the form `country=us,speed=4,plan=nanp,services=all,control=PATH`; several services are apart by
    /// `+`, a plan is a name or a path. What the wires do to the signal: `loss` and
    /// `tilt` (1000 to 3400 Hz) in dB, `noise` and `hum50` or `hum60` in dBm0, `echo`, the loss of the terminal's own signal
    /// that comes back, in dB.
    ///
    /// # Errors
    /// An unknown word, country or plan, or a number out of range.
    pub fn set(&mut self, settings: &str) -> Result<(), ConfigError> {
        // Whether they stand before or behind the plan.
        let mut services = None;
        for word in settings.split(',').map(str::trim).filter(|w| !w.is_empty()) {
            let wrong = |why: &str| ConfigError::Emulated(format!("'{word}': {why}"));
            let (key, value) = word.split_once('=').ok_or_else(|| wrong("expected KEY=VALUE"))?;
            match key {
                "country" => {
                    country::by_code(value).ok_or_else(|| wrong("no such country; try us or gb"))?;
                    self.country = value.to_owned();
                }
                "speed" => {
                    let speed: f64 = value.parse().map_err(|_| wrong("not a number"))?;
                    if !(speed > 0.0 && speed <= 100.0) {
                        return Err(wrong("a speed is above 0 and at most 100"));
                    }
                    self.speed = speed;
                }
                "plan" => {
                    // Another plan, the same subscribers.
                    services.get_or_insert(self.plan.subscribed);
                    self.plan = plan_of_word(value).map_err(|error| wrong(&error.to_string()))?;
                }
                "services" => services = Some(subscribed(value.split('+')).map_err(|why| wrong(&why))?),
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
                    let known = "country, speed, plan, services, control, loss, tilt, noise, echo, hum50 and hum60";
                    return Err(wrong(&format!("unknown; there are {known}")));
                }
            }
        }
        match services {
            Some(to) => self.subscribe(to),
            None => Ok(()),
        }
    }
}

/// The plan of a name or path, for a line with the usual services.
fn plan_of_word(word: &str) -> Result<Arc<Plan>, PlanError> {
    let wrong = |source: plan::Error| PlanError::Plan { path: word.into(), source };
    plan_file::find(word)?.build().map(Arc::new).map_err(wrong)
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
    use loopstart_signal::plan::Service;

    #[test]
    fn emulated_settings() {
        let mut e = Emulated::default();
        e.set("country=us, speed=20,plan=plain,control=/tmp/x").unwrap();
        assert_eq!((e.speed, e.plan.name.as_str(), e.control.clone()), (20.0, "plain", Some("/tmp/x".into())));
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

    #[test]
    fn plans_of_the_exchange_and_of_lines() {
        let mut e = Emulated::default();
        assert!(!e.plan.has(Service::Transfer));
        e.set("services=transfer+three-way,plan=nanp").unwrap();
        assert!(e.plan.has(Service::Transfer) && !e.plan.has(Service::ForwardAll));
        e.set("plan=centrex").unwrap();
        assert!(e.plan.has(Service::Transfer) && e.plan.has(Service::ForwardAll));
        for (wrong, says) in
            [("plan=nosuch", "centrex"), ("services=hold", "three-way"), ("plan=/nowhere/x.toml", "nowhere")]
        {
            let text = Emulated::default().set(wrong).unwrap_err().to_string();
            assert!(text.contains(says), "{text}");
        }

        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("settings.toml");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            let mut config = Config::default();
            let (_, lines) = config.read(&path)?;
            config.set_lines(&lines).map(|()| config)
        };
        let config = read(
            r#"
            plan = "etsi"
            country = "de"
            [emulated]
            plan = "asterisk"
            services = "all"
            [lines."serial:/dev/ttyACM0"]
            plan = "centrex"
            services = ["park"]
            number = "5550199"
            country = "gb"
            site = { park = "*55" }
            [lines."serial:/dev/ttyACM1"]
            services = []
            "#,
        )
        .unwrap();
        let plan = |word: &str| config.plan_of(&Selector::parse(word).unwrap());
        assert_eq!(plan("emulated:1").name, "asterisk");
        assert_eq!(plan("emulated:1").subscribed, Subscribed::all());
        assert_eq!(plan("serial:/dev/ttyACM7").name, "etsi");
        assert!(!plan("serial:/dev/ttyACM1").has(Service::Hold));
        let centrex = plan("serial:/dev/ttyACM0");
        assert!(centrex.service(Service::ParkDirected).unwrap().to_string().contains("*55{s}"));
        assert!(!centrex.has(Service::WithholdNumber));
        let country = |word: &str| config.country_of(&Selector::parse(word).unwrap()).code;
        assert_eq!(
            ["emulated:1", "serial:/dev/ttyACM0", "serial:/dev/ttyACM1", "dahdi:1"].map(country),
            ["us", "gb", "de", "de"]
        );
        assert_eq!(config.lines[0].number.as_deref(), Some("5550199"));
        for (wrong, says) in [
            ("plan = \"nosuch\"", "nosuch"),
            ("country = \"xx\"", "xx"),
            ("[lines.\"serial:/dev/x\"]\ncountry = \"yy\"", "/dev/x"),
            ("[lines.\"emulated:1\"]\nplan = \"etsi\"", "[emulated]"),
            ("[lines.\"serial:/dev/x\"]\nservices = [\"hold\"]", "three-way"),
            ("[lines.\"serial:/dev/x\"]\nnumber = \"12-3\"", "digits"),
            ("[lines.\"serial:/dev/x\"]\nplan = \"pbx\"\nsite = { park = \"x\" }", "site.park"),
            ("[lines.\"serial:/dev/x\"]\nplam = \"pbx\"", "plam"),
            ("[lines.modem7]\nplan = \"pbx\"", "modem7"),
        ] {
            let text = read(wrong).unwrap_err().to_string();
            assert!(text.contains(says), "{text}");
        }
    }
}
