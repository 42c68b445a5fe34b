//! The udev rules, read and applied to made-up devices the way udev does it.

use loopstart::hal::drivers::voice_modem::known::VOICE_MODEMS;
use std::collections::{BTreeMap, BTreeSet};

const FILE: &str = "61-loopstart.rules";
const RULES: &str = include_str!("../udev/61-loopstart.rules");

/// One `KEY{attribute}OP"value"` of a rule.
#[derive(Debug)]
struct Token {
    key: String,
    attribute: Option<String>,
    operator: String,
    value: String,
}

fn parse_token(text: &str) -> Token {
    let text = text.trim();
    let at = text.find(['=', '!', '+', ':', '-']).unwrap_or_else(|| panic!("no operator: {text}"));
    let (name, rest) = text.split_at(at);
    let quote = rest.find('"').unwrap_or_else(|| panic!("no value: {text}"));
    let (operator, value) = rest.split_at(quote);
    let value = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
    let value = value.unwrap_or_else(|| panic!("value not in quotes: {text}"));
    assert!(!value.contains('"'), "two values in one: {text}");
    let (key, attribute) = match name.split_once('{') {
        Some((key, attribute)) => {
            (key, Some(attribute.strip_suffix('}').unwrap_or_else(|| panic!("no closing brace: {text}")).to_owned()))
        }
        None => (name, None),
    };
    Token { key: key.into(), attribute, operator: operator.into(), value: value.into() }
}

fn rules() -> Vec<Vec<Token>> {
    RULES
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split(',').map(parse_token).collect())
        .collect()
}

/// What the rules make of a device.
#[derive(Debug, Default, PartialEq)]
struct Result {
    env: BTreeMap<String, String>,
    group: Option<String>,
    mode: Option<String>,
    tags: BTreeSet<String>,
    links: BTreeSet<String>,
}

/// Replaces `$env{NAME}`.
fn substitute(text: &str, device: &BTreeMap<&str, &str>) -> String {
    let mut parts = text.split("$env{");
    let mut done = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').unwrap_or_else(|| panic!("no closing brace: {text}"));
        done.push_str(device.get(name).copied().unwrap_or(""));
        done.push_str(rest);
    }
    done
}

/// Applies the rules; understands exactly the words that the file uses, and fails at any other.
fn apply(device: &[(&str, &str)]) -> Result {
    let device: BTreeMap<&str, &str> = device.iter().copied().collect();
    let rules = rules();
    let mut result = Result::default();
    let mut at = 0;
    while let Some(rule) = rules.get(at) {
        at += 1;
        let matches = rule.iter().filter(|t| matches!(t.operator.as_str(), "==" | "!=")).all(|t| {
            let name = match (t.key.as_str(), &t.attribute) {
                ("ACTION" | "SUBSYSTEM", None) => t.key.as_str(),
                ("ENV", Some(name)) => name,
                other => panic!("not a match of this file: {other:?}"),
            };
            let value = device.get(name).copied().unwrap_or("");
            let same = if t.value == "?*" { !value.is_empty() } else { value == t.value };
            same == (t.operator == "==")
        });
        if !matches {
            continue;
        }
        for t in rule.iter().filter(|t| !matches!(t.operator.as_str(), "==" | "!=")) {
            match (t.key.as_str(), &t.attribute, t.operator.as_str()) {
                ("GOTO", None, "=") => {
                    let label = |r: &Vec<Token>| r.iter().any(|l| l.key == "LABEL" && l.value == t.value);
                    // Jumps go forward only.
                    at += rules[at..].iter().position(label).unwrap_or_else(|| panic!("no label {}", t.value));
                }
                ("LABEL", None, "=") => {}
                ("ENV", Some(name), "=") => {
                    result.env.insert(name.clone(), t.value.clone());
                }
                ("GROUP", None, "=") => result.group = Some(t.value.clone()),
                ("MODE", None, "=") => result.mode = Some(t.value.clone()),
                ("SYMLINK", None, "+=") => {
                    result.links.insert(substitute(&t.value, &device));
                }
                ("TAG", None, "+=") => {
                    result.tags.insert(t.value.clone());
                }
                other => panic!("not an assignment of this file: {other:?}"),
            }
        }
    }
    result
}

fn usb_tty(action: &str, vendor: &str, product: &str) -> Result {
    apply(&[
        ("ACTION", action),
        ("SUBSYSTEM", "tty"),
        ("ID_BUS", "usb"),
        ("ID_VENDOR_ID", vendor),
        ("ID_MODEL_ID", product),
    ])
}

#[test]
fn every_known_voice_modem_is_kept_from_modem_manager() {
    for modem in VOICE_MODEMS {
        let (vendor, product) = (format!("{:04x}", modem.vendor), format!("{:04x}", modem.product));
        for action in ["add", "change", "move", "bind"] {
            let result = usb_tty(action, &vendor, &product);
            assert_eq!(result.env.get("ID_MM_DEVICE_IGNORE").map(String::as_str), Some("1"), "{modem:?} {action}");
            assert_eq!(result.group.as_deref(), Some("dialout"));
            assert_eq!(result.mode.as_deref(), Some("0660"));
            assert!(result.tags.contains("uaccess"));
        }
        assert_eq!(usb_tty("remove", &vendor, &product), Result::default());
        // The whole device, for a reset; its interfaces are not touched.
        let usb = |kind| {
            apply(&[
                ("ACTION", "add"),
                ("SUBSYSTEM", "usb"),
                ("DEVTYPE", kind),
                ("ID_BUS", "usb"),
                ("ID_VENDOR_ID", &vendor),
                ("ID_MODEL_ID", &product),
            ])
        };
        let whole = usb("usb_device");
        assert_eq!((whole.group.as_deref(), whole.mode.as_deref()), (Some("dialout"), Some("0664")), "{modem:?}");
        assert_eq!(usb("usb_interface"), Result::default());
    }
}

#[test]
fn no_other_device_is_touched() {
    let ids = rules().into_iter().flatten().filter(|t| t.attribute.as_deref() == Some("ID_MODEL_ID")).count();
    assert_eq!(ids, VOICE_MODEMS.len(), "the rules name each known modem, and nothing else");
    // General adapters, an ADSL modem, a hobbyist's board.
    for (vendor, product) in [
        ("0403", "6001"),
        ("067b", "2303"),
        ("10c4", "ea60"),
        ("1a86", "7523"),
        ("0572", "cb00"),
        ("16c0", "27dd"),
        ("0572", "0303"),
    ] {
        assert_eq!(usb_tty("add", vendor, product), Result::default(), "{vendor}:{product}");
    }
    let hub = [("ACTION", "add"), ("SUBSYSTEM", "usb"), ("DEVTYPE", "usb_device"), ("ID_BUS", "usb")];
    let hub = hub.into_iter().chain([("ID_VENDOR_ID", "1d6b"), ("ID_MODEL_ID", "0002")]).collect::<Vec<_>>();
    assert_eq!(apply(&hub), Result::default());
    let disk = [("ACTION", "add"), ("SUBSYSTEM", "block"), ("ID_VENDOR_ID", "0572"), ("ID_MODEL_ID", "1340")];
    assert_eq!(apply(&disk), Result::default());
    assert_eq!(apply(&[("ACTION", "add"), ("SUBSYSTEM", "tty")]), Result::default());
}

#[test]
fn a_modem_has_names_that_stay() {
    let device = [
        ("ACTION", "add"),
        ("SUBSYSTEM", "tty"),
        ("ID_BUS", "usb"),
        ("ID_VENDOR_ID", "0572"),
        ("ID_MODEL_ID", "1340"),
        ("ID_SERIAL_SHORT", "24680F"),
        ("ID_USB_INTERFACE_NUM", "00"),
        ("ID_PATH", "pci-0000:00:14.0-usb-0:1:1.0"),
    ];
    let result = apply(&device);
    let links = ["loopstart/by-id/0572-1340-24680F-00", "loopstart/by-path/pci-0000:00:14.0-usb-0:1:1.0"];
    assert_eq!(result.links.iter().map(String::as_str).collect::<Vec<_>>(), links);
    assert_eq!(result.env.get("LOOPSTART_MODEM").map(String::as_str), Some("1"));
    assert!(result.tags.contains("systemd"));
    // Many have no serial number.
    assert!(apply(&device[..5]).links.is_empty());
}

#[test]
fn what_the_administrator_marks_is_a_modem() {
    let adapter = [("ACTION", "add"), ("SUBSYSTEM", "tty"), ("ID_BUS", "usb"), ("ID_VENDOR_ID", "0403")];
    let marked: Vec<_> = adapter.into_iter().chain([("ID_MODEL_ID", "6001"), ("LOOPSTART_MODEM", "1")]).collect();
    assert_eq!(apply(&marked).env.get("ID_MM_DEVICE_IGNORE").map(String::as_str), Some("1"));
}

#[test]
fn udev_itself_finds_no_fault() {
    use std::process::Command;
    let verify = |arguments: &[&str]| Command::new("udevadm").arg("verify").args(arguments).output();
    if !verify(&["--help"]).is_ok_and(|tried| tried.status.success()) {
        return eprintln!("SKIPPED: there is no 'udevadm verify' here (udev 254 and later)");
    }
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/udev/61-loopstart.rules");
    let checked = verify(&["--resolve-names=never", file]).expect("udevadm");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}

#[test]
fn line_cards_belong_to_the_group() {
    for subsystem in ["dahdi", "dahdi_channels"] {
        let result = apply(&[("ACTION", "add"), ("SUBSYSTEM", subsystem)]);
        assert_eq!((result.group.as_deref(), result.mode.as_deref()), (Some("dialout"), Some("0660")), "{subsystem}");
    }
}

#[test]
fn the_file_sorts_into_its_place() {
    for before in ["60-serial.rules", "60-dahdi.rules", "60-dahdi-linux.rules"] {
        assert!(before < FILE, "{before}");
    }
    for after in ["73-seat-late.rules", "80-mm-candidate.rules", "99-systemd.rules"] {
        assert!(FILE < after, "{after}");
    }
}
