//! Device selectors, and what is attached.
//!
//! A selector names a device in a configuration file, in the environment and on the command line. Serial modems can also be
//! named by what they are (`usb:0572:1340:12345678`), because the numbers of USB ports change with every plug. Cheap modems
//! share one serial number; where that leaves two candidates the place they are plugged in is added (`@1-1.2`).

use crate::drivers::voice_modem::known;
use crate::drivers::voice_modem::profile::{self, ProfileError};
use crate::ports::SerialPort;
use crate::{OpenError, drivers::voice_modem::VoiceModem};
use loopstart_signal::Clock;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Highest number of an emulated line or of a DAHDI channel.
const MAX_NUMBER: u32 = 9_999;

/// Which port an emulated line has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EmulatedPort {
    /// A voice modem behind a byte stream.
    Modem,
    /// An FXO port with audio.
    Fxo,
}

/// Names a device.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Selector {
    /// `emulated:N`, `emulated:N?port=modem|fxo`: subscriber line N of the embedded exchange, from 0.
    Emulated {
        /// The subscriber line.
        line: u32,
        /// Its port: as asked, else a modem for even lines and an FXO port for odd ones.
        port: EmulatedPort,
    },
    /// `serial:PATH`, `serial:PATH?profile=NAME`: a voice modem.
    Serial {
        /// The terminal.
        path: PathBuf,
        /// The chip profile, where the user chose one.
        profile: Option<String>,
    },
    /// `usb:VVVV:PPPP[:SERIAL][@PLACE]`: a voice modem on USB, wherever its port is.
    Usb {
        /// USB vendor.
        vendor: u16,
        /// USB product.
        product: u16,
        /// Serial number, where the device has one.
        serial: Option<String>,
        /// Where it is plugged in, as the kernel names it (`1-1.2`).
        place: Option<String>,
    },
    /// `dahdi:N`: an FXO channel.
    Dahdi(u32),
}

impl Selector {
    /// Reads a selector.
    ///
    /// # Errors
    /// [`OpenError::UnknownSelector`] when it has none of the known forms.
    pub fn parse(text: &str) -> Result<Self, OpenError> {
        Self::read(text.trim()).ok_or_else(|| OpenError::UnknownSelector { selector: text.to_owned() })
    }

    fn read(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        match kind {
            "emulated" => {
                let (line, option) = split_option(rest);
                let line = number(line)?;
                let port = match option {
                    None if line % 2 == 0 => EmulatedPort::Modem,
                    None => EmulatedPort::Fxo,
                    Some(("port", "modem")) => EmulatedPort::Modem,
                    Some(("port", "fxo")) => EmulatedPort::Fxo,
                    Some(_) => return None,
                };
                Some(Self::Emulated { line, port })
            }
            "serial" => {
                let (path, option) = split_option(rest);
                let profile = match option {
                    None => None,
                    // A file of the user's may be faulty: that is told when the device is opened.
                    Some(("profile", name)) if !matches!(profile::find(name), Err(ProfileError::Unknown { .. })) => {
                        Some(name.to_owned())
                    }
                    Some(_) => return None,
                };
                (path.contains('/') && path.len() > 1).then(|| Self::Serial { path: path.into(), profile })
            }
            "usb" => {
                let (rest, place) = match rest.rsplit_once('@') {
                    Some((rest, place)) => (rest, Some(place)),
                    None => (rest, None),
                };
                let mut parts = rest.splitn(3, ':');
                let mut hex = || parts.next().filter(|p| p.len() == 4).and_then(|p| u16::from_str_radix(p, 16).ok());
                let (vendor, product) = (hex()?, hex()?);
                let serial = parts.next();
                if serial == Some("") || place == Some("") {
                    return None;
                }
                Some(Self::Usb { vendor, product, serial: serial.map(Into::into), place: place.map(Into::into) })
            }
            "dahdi" => number(rest).filter(|n| *n > 0).map(Self::Dahdi),
            _ => None,
        }
    }
}

impl FromStr for Selector {
    type Err = OpenError;
    fn from_str(text: &str) -> Result<Self, OpenError> {
        Self::parse(text)
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Emulated { line, port } => {
                write!(f, "emulated:{line}")?;
                match (line % 2, port) {
                    (0, EmulatedPort::Fxo) => write!(f, "?port=fxo"),
                    (1, EmulatedPort::Modem) => write!(f, "?port=modem"),
                    _ => Ok(()),
                }
            }
            Self::Serial { path, profile } => {
                write!(f, "serial:{}", path.display())?;
                profile.iter().try_for_each(|name| write!(f, "?profile={name}"))
            }
            Self::Usb { vendor, product, serial, place } => {
                write!(f, "usb:{vendor:04x}:{product:04x}")?;
                serial.iter().try_for_each(|s| write!(f, ":{s}"))?;
                place.iter().try_for_each(|p| write!(f, "@{p}"))
            }
            Self::Dahdi(channel) => write!(f, "dahdi:{channel}"),
        }
    }
}

/// A decimal number without sign or leading zeroes.
fn number(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text.len() == 1 || !text.starts_with('0'));
    text.parse().ok().filter(|n| plain && *n <= MAX_NUMBER)
}

fn split_option(text: &str) -> (&str, Option<(&str, &str)>) {
    match text.split_once('?') {
        Some((head, option)) => (head, Some(option.split_once('=').unwrap_or((option, "")))),
        None => (text, None),
    }
}

/// A device that is attached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Names it as it is attached now.
    pub selector: Selector,
    /// Names it however it is plugged in next time; the same as `selector` for devices that have no identity.
    pub stable: Selector,
    /// The device node.
    pub node: PathBuf,
    /// What it says it is, for people.
    pub description: String,
    /// The place on the bus, where there is one.
    pub place: Option<String>,
    /// It is a voice modem of a known kind, or a line-card channel: it may be used without being named.
    pub known: bool,
}

/// What is attached now: modems on USB serial ports, and FXO channels of DAHDI.
pub fn coldplug() -> Vec<Found> {
    let mut found = coldplug_usb(Path::new("/sys"));
    found.extend(coldplug_dahdi(Path::new("/proc/dahdi")));
    found
}

/// USB serial ports below a sysfs root.
fn coldplug_usb(sysfs: &Path) -> Vec<Found> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(sysfs.join("class/tty")) else { return found };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !(name.starts_with("ttyACM") || name.starts_with("ttyUSB")) {
            continue;
        }
        let Ok(device) = entry.path().join("device").canonicalize() else { continue };
        // Upwards from the interface (or the port of a bridge) to the USB device.
        let Some(usb) = device.ancestors().find(|d| d.join("idVendor").is_file()) else { continue };
        let (Some(vendor), Some(product)) = (hex_attribute(usb, "idVendor"), hex_attribute(usb, "idProduct")) else {
            continue;
        };
        let model = known::by_usb_id(vendor, product);
        let words = [attribute(usb, "manufacturer"), attribute(usb, "product")];
        let said = words.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let description = match model {
            Some(model) if said.is_empty() => model.name.to_owned(),
            Some(model) => format!("{} ({said})", model.name),
            None if said.is_empty() => format!("USB serial port {vendor:04x}:{product:04x}"),
            None => said,
        };
        let node = Path::new("/dev").join(&name);
        found.push(Found {
            selector: Selector::Serial { path: node.clone(), profile: None },
            stable: Selector::Usb { vendor, product, serial: attribute(usb, "serial"), place: None },
            node,
            description,
            place: usb.file_name().map(|n| n.to_string_lossy().into_owned()),
            known: model.is_some(),
        });
    }
    found.sort_by(|a, b| (a.node.as_os_str().len(), &a.node).cmp(&(b.node.as_os_str().len(), &b.node)));
    // Two of the same name are told apart by their place.
    let names: Vec<Selector> = found.iter().map(|f| f.stable.clone()).collect();
    for f in &mut found {
        if names.iter().filter(|n| **n == f.stable).count() > 1
            && let Selector::Usb { place, .. } = &mut f.stable
        {
            place.clone_from(&f.place);
        }
    }
    found
}

/// FXO channels in the files of `/proc/dahdi`: lines such as `  1 WCTDM/0/0 FXSKS (In use)`. An FXO port has FXS
/// signalling, because it is named after its far end.
fn coldplug_dahdi(directory: &Path) -> Vec<Found> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(directory) else { return found };
    for span in entries.flatten().filter_map(|e| fs::read_to_string(e.path()).ok()) {
        for line in span.lines() {
            let mut words = line.split_whitespace();
            let (Some(channel), Some(name), Some(signalling)) =
                (words.next().and_then(number), words.next(), words.next())
            else {
                continue;
            };
            if channel > 0 && matches!(signalling, "FXSKS" | "FXSLS" | "FXSGS") {
                let selector = Selector::Dahdi(channel);
                found.push(Found {
                    stable: selector.clone(),
                    selector,
                    node: Path::new("/dev/dahdi").join(channel.to_string()),
                    description: format!("FXO channel {name}"),
                    place: None,
                    known: true,
                });
            }
        }
    }
    found.sort_by_key(|f| if let Selector::Dahdi(n) = f.selector { n } else { 0 });
    found
}

fn attribute(directory: &Path, name: &str) -> Option<String> {
    let text = fs::read_to_string(directory.join(name)).ok()?;
    // Strings of a USB device are whatever its maker put there.
    let text: String = text.trim().chars().filter(|c| !c.is_control()).collect();
    (!text.is_empty()).then_some(text)
}

fn hex_attribute(directory: &Path, name: &str) -> Option<u16> {
    u16::from_str_radix(&attribute(directory, name)?, 16).ok()
}

/// Opens the voice modem that a `serial:` or `usb:` selector names. Its dialog begins with
/// [`start`](crate::LineDevice::start).
///
/// Blocks for as long as the system's driver takes: not for the event thread.
///
/// # Errors
/// As [`SerialPort::open`]; also when a `usb:` selector fits no device or several, or when the selector is of
/// another kind.
pub fn open_serial(selector: &Selector, clock: Clock) -> Result<VoiceModem<SerialPort>, OpenError> {
    let (path, name, hint) = match selector {
        Selector::Serial { path, profile } => (path.clone(), profile.as_deref(), None),
        Selector::Usb { vendor, product, .. } => {
            (resolve(selector, &coldplug_usb(Path::new("/sys")))?, None, profile::by_usb(*vendor, *product))
        }
        other => {
            let reason = "not a serial device; voice modems are serial:PATH or usb:VENDOR:PRODUCT".into();
            return Err(OpenError::WrongKind { device: other.to_string(), reason });
        }
    };
    let unusable = |e: ProfileError| OpenError::WrongKind { device: selector.to_string(), reason: e.to_string() };
    let chosen = name.map(profile::find).transpose().map_err(unusable)?;
    let modem = VoiceModem::new(SerialPort::open(&path)?, clock);
    Ok(match (chosen, hint) {
        (Some(profile), _) => modem.with_profile(profile),
        (None, Some(profile)) => modem.with_hint(profile),
        (None, None) => modem,
    })
}

/// The node of the one device that a `usb:` selector fits.
fn resolve(selector: &Selector, found: &[Found]) -> Result<PathBuf, OpenError> {
    let mut fits = found.iter().filter(|f| match (selector, &f.stable) {
        (Selector::Usb { vendor, product, serial, place }, Selector::Usb { vendor: v, product: p, serial: s, .. }) => {
            (vendor, product) == (v, p) && (serial.is_none() || serial == s) && (place.is_none() || *place == f.place)
        }
        _ => false,
    });
    match (fits.next(), fits.next()) {
        (Some(one), None) => Ok(one.node.clone()),
        (None, _) => Err(OpenError::Missing { device: selector.to_string() }),
        (Some(one), Some(two)) => {
            let place = |f: &Found| f.place.clone().unwrap_or_default();
            let reason = format!("fits several modems; add @{} or @{}", place(one), place(two));
            Err(OpenError::WrongKind { device: selector.to_string(), reason })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn selectors_read_and_print() {
        for text in [
            "emulated:0",
            "emulated:3",
            "emulated:0?port=fxo",
            "emulated:1?port=modem",
            "serial:/dev/ttyACM0",
            "serial:./m0",
            "serial:/dev/serial/by-path/platform-usb-0:1:1.0?profile=conexant",
            "dahdi:12",
            "usb:0572:1340",
            "usb:0572:1340:12345678",
            "usb:0572:1340:12345678@1-1.2",
        ] {
            assert_eq!(Selector::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Selector::parse("emulated:2?port=modem").unwrap().to_string(), "emulated:2");
        assert_eq!(Selector::parse("emulated:1").unwrap(), Selector::Emulated { line: 1, port: EmulatedPort::Fxo });
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for text in [
            "",
            "emulated",
            "emulated:",
            "emulated:-1",
            "emulated:01",
            "emulated:1?port=isdn",
            "emulated:99999999999",
            "serial:",
            "serial:ttyACM0",
            "serial:/",
            "serial:/dev/ttyACM0?profile=nosuch",
            "serial:/dev/ttyS0?speed=9600",
            "dahdi:0",
            "dahdi:x",
            "usb:572:1340",
            "usb:0572",
            "usb:0572:1340:",
            "usb:0572:1340@",
            "tcp:1",
            "auto",
        ] {
            let Err(e) = Selector::parse(text) else { panic!("{text} was taken") };
            assert!(e.to_string().contains("serial:/dev/ttyACM0"), "{e}");
        }
    }

    fn plug(sysfs: &Path, place: &str, tty: &str, ids: (&str, &str), serial: Option<&str>) {
        let usb = sysfs.join("devices/usb1").join(place);
        let interface = usb.join(format!("{place}:1.0"));
        fs::create_dir_all(&interface).unwrap();
        fs::write(usb.join("idVendor"), format!("{}\n", ids.0)).unwrap();
        fs::write(usb.join("idProduct"), format!("{}\n", ids.1)).unwrap();
        fs::write(usb.join("product"), "USB Modem\n").unwrap();
        if let Some(serial) = serial {
            fs::write(usb.join("serial"), format!("{serial}\n")).unwrap();
        }
        let class = sysfs.join("class/tty").join(tty);
        fs::create_dir_all(&class).unwrap();
        symlink(&interface, class.join("device")).unwrap();
    }

    #[test]
    fn finds_modems_and_tells_twins_apart() {
        let sysfs = tempfile::tempdir().unwrap();
        plug(sysfs.path(), "1-1", "ttyACM0", ("0572", "1340"), Some("12345678"));
        plug(sysfs.path(), "1-2", "ttyACM10", ("0572", "1340"), Some("12345678"));
        plug(sysfs.path(), "1-3", "ttyACM2", ("0baf", "0303"), None);
        plug(sysfs.path(), "1-4", "ttyUSB0", ("0403", "6001"), Some("A1"));
        plug(sysfs.path(), "1-5", "ttyS0", ("0572", "1340"), None);
        let found = coldplug_usb(sysfs.path());
        let listed: Vec<_> = found.iter().map(|f| (f.selector.to_string(), f.stable.to_string(), f.known)).collect();
        assert_eq!(
            listed,
            [
                ("serial:/dev/ttyACM0".into(), "usb:0572:1340:12345678@1-1".into(), true),
                ("serial:/dev/ttyACM2".into(), "usb:0baf:0303".into(), true),
                ("serial:/dev/ttyUSB0".into(), "usb:0403:6001:A1".into(), false),
                ("serial:/dev/ttyACM10".into(), "usb:0572:1340:12345678@1-2".into(), true),
            ]
        );
        for f in &found {
            assert_eq!(resolve(&f.stable, &found).unwrap(), f.node);
        }
        let both = resolve(&Selector::parse("usb:0572:1340:12345678").unwrap(), &found).unwrap_err();
        assert!(both.to_string().contains("@1-1 or @1-2"), "{both}");
        let none = resolve(&Selector::parse("usb:0572:1328").unwrap(), &found);
        assert!(matches!(none, Err(OpenError::Missing { .. })));
    }

    #[test]
    fn finds_fxo_channels() {
        let proc = tempfile::tempdir().unwrap();
        let text = "Span 1: WCTDM/0 \"Wildcard TDM400P\" (MASTER)\n\n\t   1 WCTDM/0/0 FXSKS (EC: MG2 - INACTIVE) \n\
                    \t   2 WCTDM/0/1 FXOKS \n\t   3 WCTDM/0/2 RED\n\t   4 WCTDM/0/3 FXSLS (In use) \n";
        fs::write(proc.path().join("1"), text).unwrap();
        let found: Vec<_> = coldplug_dahdi(proc.path()).iter().map(|f| f.selector.to_string()).collect();
        assert_eq!(found, ["dahdi:1", "dahdi:4"]);
    }
}
