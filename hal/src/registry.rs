//! Device selectors, and what is attached.
//!
//! A selector names a device in a configuration file, in the environment and on the command line. Serial modems can also be
//! named by what they are (`usb:0572:1340:24680F`), because the numbers of USB ports change with every plug. Cheap modems have
//! no serial number or all the same; then the place they are plugged in is part of the name
//! (`usb:0baf:0303@pci-0000:00:14.0-usb-0:1.2:1.0`).

use crate::drivers::voice_modem::profile::{self, ProfileError};
use crate::exchange::modem::{Profile as Model, STANDARD};
use crate::hotplug::{Roots, UsbPort, usb_ports};
use crate::ports::SerialPort;
use crate::{OpenError, Port, drivers::voice_modem::VoiceModem};
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
    /// `emulated:N`, `emulated:N?port=modem|fxo`, `emulated:N?port=modem&profile=NAME`: subscriber line N of the embedded
    /// exchange, from 0.
    Emulated {
        /// The subscriber line.
        line: u32,
        /// Its port: as asked, else a modem for even lines and an FXO port for odd ones.
        port: EmulatedPort,
        /// The model of its modem: the name of one of [`PROFILES`](crate::exchange::modem::PROFILES).
        model: &'static str,
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
        /// Where it is plugged in, as udev writes it (`pci-0000:00:14.0-usb-0:1.2:1.0`) or as the kernel numbers it
        /// (`1-1.2`).
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

    /// Whether a `usb:` selector means this device. A place is taken as udev writes it or as the kernel numbers it.
    pub fn names(&self, device: &Found) -> bool {
        let (Self::Usb { vendor, product, serial, place }, Some(usb)) = (self, &device.usb) else {
            return *self == device.stable;
        };
        (*vendor, *product) == (usb.vendor, usb.product)
            && (serial.is_none() || *serial == usb.serial)
            && place.as_ref().is_none_or(|p| device.place.as_ref() == Some(p) || *p == usb.port)
    }

    fn read(text: &str) -> Option<Self> {
        // A device node by itself is a serial port.
        if text.starts_with("/dev/") {
            return (text.len() > 5).then(|| Self::Serial { path: text.into(), profile: None });
        }
        let (kind, rest) = text.split_once(':')?;
        match kind {
            "emulated" => {
                let (line, options) = match rest.split_once('?') {
                    Some((line, options)) => (line, Some(options)),
                    None => (rest, None),
                };
                let line = number(line)?;
                let (mut port, mut model) = (None, None);
                for option in options.into_iter().flat_map(|text| text.split('&')) {
                    match option.split_once('=')? {
                        ("port", "modem") if port.is_none() => port = Some(EmulatedPort::Modem),
                        ("port", "fxo") if port.is_none() => port = Some(EmulatedPort::Fxo),
                        ("profile", name) if model.is_none() => model = Some(Model::by_name(name)?.name),
                        _ => return None,
                    }
                }
                let usual = if line % 2 == 0 || model.is_some() { EmulatedPort::Modem } else { EmulatedPort::Fxo };
                let port = port.unwrap_or(usual);
                if port == EmulatedPort::Fxo && model.is_some() {
                    return None;
                }
                Some(Self::Emulated { line, port, model: model.unwrap_or(STANDARD.name) })
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
            Self::Emulated { line, port, model } => {
                write!(f, "emulated:{line}")?;
                let own = *model != STANDARD.name;
                match (line % 2, port) {
                    (0, EmulatedPort::Fxo) => write!(f, "?port=fxo"),
                    (1, EmulatedPort::Modem) if own => write!(f, "?port=modem&profile={model}"),
                    (1, EmulatedPort::Modem) => write!(f, "?port=modem"),
                    (_, EmulatedPort::Modem) if own => write!(f, "?profile={model}"),
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
    /// Where it is plugged in, as udev writes it (`pci-0000:00:14.0-usb-0:1.2:1.0`).
    pub place: Option<String>,
    /// It is a voice modem of a known kind, or one that a udev rule marks (`LOOPSTART_MODEM=1`), or a line-card channel: it
    /// may be used without being named.
    pub known: bool,
    /// Its node has been set up, as far as one can tell.
    pub ready: bool,
    /// More of a port on USB.
    pub usb: Option<UsbPort>,
}

impl Found {
    /// Its vendor and product, where it is on USB.
    pub fn usb_ids(&self) -> Option<(u16, u16)> {
        self.usb.as_ref().map(|usb| (usb.vendor, usb.product))
    }
}

/// What is attached now: modems on USB serial ports, and FXO channels of DAHDI.
pub fn coldplug() -> Vec<Found> {
    coldplug_in(&Roots::default())
}

/// What is attached, as a system with these roots tells.
pub fn coldplug_in(roots: &Roots) -> Vec<Found> {
    let mut found = usb_ports(roots);
    found.extend(coldplug_dahdi(&roots.proc.join("dahdi")));
    found
}

/// The device with this node, or that a path leads to.
pub fn found_at<'a>(found: &'a [Found], path: &Path) -> Option<&'a Found> {
    let node = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    found.iter().find(|f| f.node == node || f.node == path)
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
                    ready: true,
                    usb: None,
                });
            }
        }
    }
    found.sort_by_key(|f| if let Selector::Dahdi(n) = f.selector { n } else { 0 });
    found
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
    open_serial_through(selector, clock, |port| port)
}

/// The same with something between the driver and the port, such as a [recorder](crate::transcript::Recorded).
///
/// # Errors
/// As [`open_serial`].
pub fn open_serial_through<P: Port>(
    selector: &Selector,
    clock: Clock,
    through: impl FnOnce(SerialPort) -> P,
) -> Result<VoiceModem<P>, OpenError> {
    let found = usb_ports(&Roots::default());
    match selector {
        Selector::Serial { path, .. } => {
            let ids = found_at(&found, path).and_then(Found::usb_ids);
            open_at(selector, path, ids, clock, through)
        }
        Selector::Usb { vendor, product, .. } => {
            open_at(selector, &resolve(selector, &found)?, Some((*vendor, *product)), clock, through)
        }
        other => open_at(other, Path::new(""), None, clock, through),
    }
}

/// Opens the voice modem of a selector at a node where it was found. `usb`: its vendor and product, which tell how it wants to
/// be spoken to where it does not say so itself.
///
/// # Errors
/// As [`open_serial`].
pub fn open_serial_at(
    selector: &Selector,
    node: &Path,
    usb: Option<(u16, u16)>,
    clock: Clock,
) -> Result<VoiceModem<SerialPort>, OpenError> {
    open_at(selector, node, usb, clock, |port| port)
}

fn open_at<P: Port>(
    selector: &Selector,
    node: &Path,
    usb: Option<(u16, u16)>,
    clock: Clock,
    through: impl FnOnce(SerialPort) -> P,
) -> Result<VoiceModem<P>, OpenError> {
    let name = match selector {
        Selector::Serial { profile, .. } => profile.as_deref(),
        Selector::Usb { .. } => None,
        other => {
            let reason = "not a serial device; voice modems are serial:PATH or usb:VENDOR:PRODUCT".into();
            return Err(OpenError::WrongKind { device: other.to_string(), reason });
        }
    };
    let unusable = |e: ProfileError| OpenError::WrongKind { device: selector.to_string(), reason: e.to_string() };
    let chosen = name.map(profile::find).transpose().map_err(unusable)?;
    let hint = usb.and_then(|(vendor, product)| profile::by_usb(vendor, product));
    let modem = VoiceModem::new(through(SerialPort::open(node)?), clock);
    Ok(match (chosen, hint) {
        (Some(profile), _) => modem.with_profile(profile),
        (None, Some(profile)) => modem.with_hint(profile),
        (None, None) => modem,
    })
}

/// The node of the one device that a `usb:` selector fits.
fn resolve(selector: &Selector, found: &[Found]) -> Result<PathBuf, OpenError> {
    let mut fits = found.iter().filter(|f| selector.names(f));
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
    use crate::hotplug::tests::{System, modem};
    use std::os::unix::fs::symlink;

    #[test]
    fn selectors_read_and_print() {
        for text in [
            "emulated:0",
            "emulated:3",
            "emulated:0?port=fxo",
            "emulated:1?port=modem",
            "emulated:1?port=modem&profile=conexant",
            "emulated:2?profile=rockwell",
            "serial:/dev/ttyACM0",
            "serial:./m0",
            "serial:/dev/serial/by-path/platform-usb-0:1:1.0?profile=conexant",
            "dahdi:12",
            "usb:0572:1340",
            "usb:0572:1340:12345678",
            "usb:0572:1340:12345678@1-1.2",
            "usb:0baf:0303@pci-0000:00:14.0-usb-0:1.2:1.0",
        ] {
            assert_eq!(Selector::parse(text).unwrap().to_string(), text);
        }
        let link = "/dev/serial/by-id/usb-Conexant_USB_Modem_24680F-if00";
        assert_eq!(Selector::parse(link).unwrap().to_string(), format!("serial:{link}"));
        assert_eq!(Selector::parse("emulated:2?port=modem").unwrap().to_string(), "emulated:2");
        let parsed = |text| Selector::parse(text).unwrap();
        assert_eq!(parsed("emulated:1"), Selector::Emulated { line: 1, port: EmulatedPort::Fxo, model: "standard" });
        assert_eq!(parsed("emulated:1?profile=agere").to_string(), "emulated:1?port=modem&profile=agere");
        assert_eq!(parsed("emulated:0?profile=standard&port=modem").to_string(), "emulated:0");
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
            "emulated:1?port=fxo&profile=conexant",
            "emulated:0?profile=nosuch",
            "emulated:0?port=modem&port=modem",
            "emulated:0?",
            "emulated:99999999999",
            "serial:",
            "serial:ttyACM0",
            "serial:/",
            "/dev/",
            "/etc/passwd",
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

    #[test]
    fn a_name_that_fits_two_devices_says_which_to_choose() {
        let system = System::new();
        system.plug(modem("1-1", "ttyACM0", Some("4711X")));
        system.plug(modem("1-2", "ttyACM1", Some("4711X")));
        system.plug(modem("1-3", "ttyACM2", None));
        let found = coldplug_in(&system.roots);
        for f in &found {
            assert_eq!(resolve(&f.stable, &found).unwrap(), f.node);
        }
        let by = |text: &str| resolve(&Selector::parse(text).unwrap(), &found);
        assert_eq!(by("usb:0572:1340:4711X@1-2").unwrap(), found[1].node);
        let both = by("usb:0572:1340:4711X").unwrap_err().to_string();
        assert!(both.contains("@pci-0000:00:14.0-usb-0:1:1.0 or @pci-0000:00:14.0-usb-0:2:1.0"), "{both}");
        assert!(matches!(by("usb:0572:1328"), Err(OpenError::Missing { .. })));
        // A link leads to its device.
        let link = system.roots.dev.join("by-id");
        fs::write(&found[2].node, "").unwrap();
        symlink(&found[2].node, &link).unwrap();
        assert_eq!(found_at(&found, &link), Some(&found[2]));
        assert_eq!(found_at(&found, Path::new("/dev/null")), None);
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
