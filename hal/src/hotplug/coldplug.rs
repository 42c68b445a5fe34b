//! What is attached, as the kernel's sysfs and udev's records have it.
//!
//! A modem on USB is known by its serial number. Cheap modems have none, or all the same: those are known by the place they
//! are plugged in, written as udev writes it (`ID_PATH`, `pci-0000:00:14.0-usb-0:1.2:1.0`), which does not depend on the order
//! in which buses were found. Neither changes with the number of the tty.

use crate::drivers::voice_modem::known;
use crate::registry::{Found, Selector};
use std::fs;
use std::path::{Path, PathBuf};

/// Where the system keeps what it knows of devices; others than the usual places for tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roots {
    /// `/sys`
    pub sys: PathBuf,
    /// `/dev`
    pub dev: PathBuf,
    /// `/run/udev`
    pub udev: PathBuf,
    /// `/proc`
    pub proc: PathBuf,
}

impl Default for Roots {
    fn default() -> Self {
        let [sys, dev, udev, proc] = ["/sys", "/dev", "/run/udev", "/proc"].map(PathBuf::from);
        Self { sys, dev, udev, proc }
    }
}

impl Roots {
    /// Whether udev runs here: then a node is usable only when it has been seen to.
    pub fn has_udev(&self) -> bool {
        self.udev.join("control").exists()
    }
}

/// What is known of a serial port on USB.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsbPort {
    /// The device's vendor.
    pub vendor: u16,
    /// Its product.
    pub product: u16,
    /// Its serial number, with what is no letter or digit written as udev does.
    pub serial: Option<String>,
    /// Where it is plugged in, as the kernel numbers it: `1-1.2`.
    pub port: String,
    /// The kernel's driver.
    pub driver: Option<String>,
    /// It may be put to sleep, and can lose rings then.
    pub sleeps: bool,
}

/// A serial number that many devices have: no proof of identity.
fn is_shared(serial: &str) -> bool {
    let bytes = serial.as_bytes();
    let Some(first) = bytes.first() else { return true };
    bytes.iter().all(|b| b == first) || "01234567890123456789".contains(serial) || "0123456789ABCDEF".contains(serial)
}

/// As udev writes what a device says of itself (`ID_SERIAL_SHORT`), and without what has a meaning in selectors.
fn plain(text: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "#+-.:=_".contains(c);
    text.trim().chars().map(|c| if allowed(c) { c } else { '_' }).take(64).collect()
}

/// Serial ports on USB.
pub(crate) fn usb_ports(roots: &Roots) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let Ok(entries) = fs::read_dir(roots.sys.join("class/tty")) else { return found };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("ttyACM") || name.starts_with("ttyUSB") {
            found.extend(usb_port(roots, &entry.path(), &name));
        }
    }
    found.sort_by(|a, b| (a.node.as_os_str().len(), &a.node).cmp(&(b.node.as_os_str().len(), &b.node)));
    // Two of the same name are told apart by their place: twins, and the ports of one device.
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

fn usb_port(roots: &Roots, class: &Path, name: &str) -> Option<Found> {
    let device = class.join("device").canonicalize().ok()?;
    // Upwards from the interface (or the port of a bridge) to the USB device.
    let usb = device.ancestors().find(|d| d.join("idVendor").is_file())?;
    let (vendor, product) = (hex_attribute(usb, "idVendor")?, hex_attribute(usb, "idProduct")?);
    let model = known::by_usb_id(vendor, product);
    let words = [attribute(usb, "manufacturer"), attribute(usb, "product")];
    let said = words.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let description = match model {
        Some(model) if said.is_empty() => model.name.to_owned(),
        Some(model) => format!("{} ({said})", model.name),
        None if said.is_empty() => format!("USB serial port {vendor:04x}:{product:04x}"),
        None => said,
    };
    let place = path_id(&device, &roots.sys);
    let serial = attribute(usb, "serial").map(|s| plain(&s)).filter(|s| !s.is_empty());
    let doubtful = serial.as_deref().is_none_or(is_shared);
    let record = Record::read(roots, class);
    // The driver of the interface; that of a bridge's port sits between.
    let driver = device.ancestors().find_map(|d| link_name(&d.join("driver")));
    let node = roots.dev.join(name);
    Some(Found {
        selector: Selector::Serial { path: node.clone(), profile: None },
        stable: Selector::Usb {
            vendor,
            product,
            serial: serial.clone(),
            place: if doubtful { place.clone() } else { None },
        },
        node,
        description,
        place,
        known: model.is_some() || record.as_ref().is_some_and(|r| r.says_modem),
        ready: record.is_some() || !roots.has_udev(),
        usb: Some(UsbPort {
            vendor,
            product,
            serial,
            port: usb.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default(),
            driver,
            sleeps: attribute(&usb.join("power"), "control").is_some_and(|c| c == "auto"),
        }),
    })
}

/// What udev wrote down of a device when its rules were through.
struct Record {
    /// A rule says that it is a voice modem.
    says_modem: bool,
}

impl Record {
    /// The record of a character device, by its number.
    fn read(roots: &Roots, class: &Path) -> Option<Self> {
        let number = attribute(class, "dev")?;
        let text = fs::read_to_string(roots.udev.join("data").join(format!("c{number}"))).ok()?;
        // Without the time it is a record that the rules have not seen to the end.
        let done = text.lines().any(|line| line.starts_with("I:"));
        done.then(|| Self { says_modem: text.lines().any(|line| line == "E:LOOPSTART_MODEM=1") })
    }
}

/// Where a USB interface is plugged in, as udev's `path_id` has it: the host controller's place, then the ports from the root
/// hub on, then configuration and interface.
fn path_id(device: &Path, sys: &Path) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut suffix = String::new();
    let mut last = String::new();
    for directory in device.ancestors().take_while(|d| d.starts_with(sys)) {
        let name = directory.file_name()?.to_string_lossy().into_owned();
        let Some(subsystem) = link_name(&directory.join("subsystem")) else { continue };
        match subsystem.as_str() {
            // Only the lowest of one kind: hubs are in the chain of ports, bridges are not told.
            "usb" | "pci" | "platform" if last == subsystem => {}
            "usb" => {
                // The number of the bus depends on the order of discovery.
                let (_, ports) = name.split_once('-')?;
                parts.push(format!("usb-0:{ports}"));
            }
            "pci" | "platform" => parts.push(format!("{subsystem}-{name}")),
            // The ports of a bridge with several; the first is the usual one.
            "usb-serial" => {
                suffix = match attribute(directory, "port_number").as_deref() {
                    None | Some("0") => String::new(),
                    Some(port) => format!("-port{port}"),
                };
            }
            _ => {}
        }
        last = subsystem;
    }
    // Without a USB part it is none of ours.
    if !parts.first().is_some_and(|p| p.starts_with("usb-")) {
        return None;
    }
    parts.reverse();
    Some(parts.join("-") + &suffix)
}

fn link_name(link: &Path) -> Option<String> {
    Some(fs::read_link(link).ok()?.file_name()?.to_string_lossy().into_owned())
}

/// What a file of sysfs says, in one line.
pub(crate) fn attribute(directory: &Path, name: &str) -> Option<String> {
    let text = fs::read_to_string(directory.join(name)).ok()?;
    // Strings of a USB device are whatever its maker put there.
    let text: String = text.trim().chars().filter(|c| !c.is_control()).collect();
    (!text.is_empty()).then_some(text)
}

fn hex_attribute(directory: &Path, name: &str) -> Option<u16> {
    u16::from_str_radix(&attribute(directory, name)?, 16).ok()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// A made-up system in a directory.
    pub(crate) struct System {
        pub(crate) roots: Roots,
        _directory: tempfile::TempDir,
    }

    /// A modem to plug into it.
    #[derive(Clone, Copy)]
    pub(crate) struct Plug<'a> {
        pub(crate) port: &'a str,
        pub(crate) tty: &'a str,
        pub(crate) ids: (&'a str, &'a str),
        pub(crate) serial: Option<&'a str>,
    }

    impl System {
        pub(crate) fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            let root = directory.path().canonicalize().unwrap();
            let [sys, dev, udev, proc] = ["sys", "dev", "run/udev", "proc"].map(|name| root.join(name));
            [&sys, &dev, &udev, &proc].into_iter().for_each(|d| fs::create_dir_all(d).unwrap());
            Self { roots: Roots { sys, dev, udev, proc }, _directory: directory }
        }

        fn make(&self, path: &str, subsystem: &str) -> PathBuf {
            let directory = self.roots.sys.join(path);
            fs::create_dir_all(&directory).unwrap();
            let _ = symlink(Path::new("/sys/bus").join(subsystem), directory.join("subsystem"));
            directory
        }

        pub(crate) fn plug(&self, plug: Plug<'_>) {
            let Plug { port, tty, ids, serial } = plug;
            self.make("devices/pci0000:00/0000:00:14.0", "pci");
            self.make("devices/pci0000:00/0000:00:14.0/usb1", "usb");
            let place = format!("devices/pci0000:00/0000:00:14.0/usb1/{port}");
            let usb = self.make(&place, "usb");
            let interface = self.make(&format!("{place}/{port}:1.0"), "usb");
            let _ = symlink("/sys/bus/usb/drivers/cdc_acm", interface.join("driver"));
            fs::write(usb.join("idVendor"), format!("{}\n", ids.0)).unwrap();
            fs::write(usb.join("idProduct"), format!("{}\n", ids.1)).unwrap();
            fs::write(usb.join("product"), "USB Modem\n").unwrap();
            if let Some(serial) = serial {
                fs::write(usb.join("serial"), format!("{serial}\n")).unwrap();
            }
            let class = self.roots.sys.join("class/tty").join(tty);
            fs::create_dir_all(&class).unwrap();
            fs::write(class.join("dev"), format!("166:{}\n", &tty[6..])).unwrap();
            symlink(&interface, class.join("device")).unwrap();
        }

        pub(crate) fn unplug(&self, port: &str, tty: &str) {
            fs::remove_dir_all(self.roots.sys.join("class/tty").join(tty)).unwrap();
            fs::remove_dir_all(self.roots.sys.join("devices/pci0000:00/0000:00:14.0/usb1").join(port)).unwrap();
        }

        fn listed(&self) -> Vec<(String, String, bool)> {
            let names =
                |f: Found| (f.node.file_name().unwrap().to_str().unwrap().into(), f.stable.to_string(), f.known);
            usb_ports(&self.roots).into_iter().map(names).collect()
        }
    }

    pub(crate) fn modem<'a>(port: &'a str, tty: &'a str, serial: Option<&'a str>) -> Plug<'a> {
        Plug { port, tty, ids: ("0572", "1340"), serial }
    }

    fn row(tty: &str, stable: &str, known: bool) -> (String, String, bool) {
        (tty.into(), stable.into(), known)
    }

    #[test]
    fn a_modem_is_known_by_its_serial_number_or_by_its_place() {
        let system = System::new();
        system.plug(modem("1-1", "ttyACM0", Some("24680F")));
        system.plug(modem("1-2.3", "ttyACM10", Some("12345678")));
        system.plug(Plug { port: "1-3", tty: "ttyACM2", ids: ("0baf", "0303"), serial: None });
        system.plug(Plug { port: "1-4", tty: "ttyUSB0", ids: ("0403", "6001"), serial: Some("A 1,@x") });
        system.plug(modem("1-5", "ttyS0000", None));
        let listed = [
            row("ttyACM0", "usb:0572:1340:24680F", true),
            row("ttyACM2", "usb:0baf:0303@pci-0000:00:14.0-usb-0:3:1.0", true),
            row("ttyUSB0", "usb:0403:6001:A_1__x", false),
            row("ttyACM10", "usb:0572:1340:12345678@pci-0000:00:14.0-usb-0:2.3:1.0", true),
        ];
        assert_eq!(system.listed(), listed);
        for (_, stable, _) in listed {
            assert_eq!(Selector::parse(&stable).unwrap().to_string(), stable);
        }
        let port = usb_ports(&system.roots)[0].usb.clone().unwrap();
        assert_eq!((port.port.as_str(), port.driver.as_deref()), ("1-1", Some("cdc_acm")));
        // Another number of the tty, the same modem.
        system.unplug("1-1", "ttyACM0");
        system.plug(modem("1-7", "ttyACM1", Some("24680F")));
        assert!(system.listed().contains(&row("ttyACM1", "usb:0572:1340:24680F", true)));
    }

    #[test]
    fn twins_are_told_apart_by_their_places() {
        let system = System::new();
        system.plug(modem("1-1", "ttyACM0", Some("4711X")));
        system.plug(modem("1-2", "ttyACM1", Some("4711X")));
        assert_eq!(
            system.listed(),
            [
                row("ttyACM0", "usb:0572:1340:4711X@pci-0000:00:14.0-usb-0:1:1.0", true),
                row("ttyACM1", "usb:0572:1340:4711X@pci-0000:00:14.0-usb-0:2:1.0", true)
            ]
        );
    }

    #[test]
    fn where_a_bridge_or_a_platform_bus_is_in_between() {
        let system = System::new();
        system.make("devices/platform/fd500000.pcie", "platform");
        system.make("devices/platform/fd500000.pcie/pci0000:00/0000:00:00.0", "pci");
        let host = "devices/platform/fd500000.pcie/pci0000:00/0000:00:00.0/0000:01:00.0";
        system.make(host, "pci");
        system.make(&format!("{host}/usb1"), "usb");
        system.make(&format!("{host}/usb1/1-1"), "usb");
        system.make(&format!("{host}/usb1/1-1/1-1.3"), "usb");
        system.make(&format!("{host}/usb1/1-1/1-1.3/1-1.3:1.0"), "usb");
        let port = system.make(&format!("{host}/usb1/1-1/1-1.3/1-1.3:1.0/ttyUSB1"), "usb-serial");
        fs::write(port.join("port_number"), "1\n").unwrap();
        let expected = "platform-fd500000.pcie-pci-0000:01:00.0-usb-0:1.3:1.0-port1";
        assert_eq!(path_id(&port, &system.roots.sys).as_deref(), Some(expected));
        let vhci = "devices/platform/vhci_hcd.0";
        system.make(vhci, "platform");
        let interface = system.make(&format!("{vhci}/usb3/3-1/3-1:1.0"), "usb");
        let expected = "platform-vhci_hcd.0-usb-0:1:1.0";
        assert_eq!(path_id(&interface, &system.roots.sys).as_deref(), Some(expected));
        let tty = system.make("devices/platform/serial8250/tty/ttyS0", "tty");
        assert_eq!(path_id(&tty, &system.roots.sys), None);
    }

    #[test]
    fn udev_is_waited_for_and_its_word_is_taken() {
        let system = System::new();
        system.plug(Plug { port: "1-4", tty: "ttyUSB7", ids: ("0403", "6001"), serial: Some("A1") });
        let look = || usb_ports(&system.roots).remove(0);
        // Without udev nobody sees to the node.
        assert!(look().ready);
        fs::write(system.roots.udev.join("control"), "").unwrap();
        assert!(!look().ready);
        fs::create_dir_all(system.roots.udev.join("data")).unwrap();
        let record = system.roots.udev.join("data/c166:7");
        fs::write(&record, "E:LOOPSTART_MODEM=1\n").unwrap();
        assert!(!look().ready);
        fs::write(&record, "I:4711\nE:ID_BUS=usb\nG:systemd\n").unwrap();
        assert_eq!((look().ready, look().known), (true, false));
        fs::write(&record, "I:4711\nE:ID_BUS=usb\nE:LOOPSTART_MODEM=1\n").unwrap();
        assert_eq!((look().ready, look().known), (true, true));
    }

    #[test]
    fn serial_numbers_that_prove_nothing() {
        for shared in ["", "0", "0000", "12345678", "123456", "0123456789ABCDEF", "FFFFFFFF"] {
            assert!(is_shared(shared), "{shared}");
        }
        for own in ["24680F", "A50285BI", "12345679", "0001"] {
            assert!(!is_shared(own), "{own}");
        }
    }
}
