//! Device events as they come through netlink, from the kernel and from udev.
//!
//! The kernel says `ACTION@devpath`, then `KEY=VALUE`, each ended by a zero byte. udev puts a header before such
//! properties: the word `libudev`, a magic number in network byte order, then its own size and the place and length of the
//! properties in native byte order, then hashes by which sockets filter. Sources: the kernel's `lib/kobject_uevent.c`, and
//! the header that `udevadm monitor` reads.
//!
//! Nothing is copied and nothing is trusted: every length is compared with what is there.

use std::fmt;

/// What a message of udev begins with.
const PREFIX: &[u8] = b"libudev\0";
/// Then this, in network byte order.
const MAGIC: u32 = 0xfeed_cafe;
/// Prefix, magic, three lengths, and four hashes.
const HEADER: usize = 40;

/// Who says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The kernel. The device's node may not be usable yet.
    Kernel,
    /// udev, after its rules: owner, mode and links of the node are as they will be.
    Udev,
}

/// What happened to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is there.
    Add,
    /// It is gone.
    Remove,
    /// Something about it changed, or someone asked for the news again (`udevadm trigger`).
    Change,
    /// Another name.
    Move,
    /// It can be used again.
    Online,
    /// It cannot be used for now.
    Offline,
    /// A driver has taken it.
    Bind,
    /// Its driver let it go.
    Unbind,
    /// A word that was not known when this was written.
    Other,
}

impl Action {
    fn of(word: &str) -> Self {
        match word {
            "add" => Self::Add,
            "remove" => Self::Remove,
            "change" => Self::Change,
            "move" => Self::Move,
            "online" => Self::Online,
            "offline" => Self::Offline,
            "bind" => Self::Bind,
            "unbind" => Self::Unbind,
            _ => Self::Other,
        }
    }
}

/// Why bytes are no device event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Neither of the two forms.
    #[error("neither the kernel's form nor udev's")]
    Form,
    /// udev's header has another magic number.
    #[error("another magic number")]
    Magic,
    /// The header or the properties would be outside of the message.
    #[error("a length beyond the end")]
    Length,
    /// There is no action or no device path, or they are not text.
    #[error("no action or no device path")]
    Incomplete,
}

/// A device event. Borrows the bytes it came in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// Who says it.
    pub source: Source,
    /// What happened.
    pub action: Action,
    /// The device, below `/sys`.
    pub devpath: &'a str,
    properties: &'a [u8],
}

impl<'a> Message<'a> {
    /// Reads a message of either form.
    ///
    /// # Errors
    /// What is wrong with it. A message like that is to be ignored.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        if bytes.starts_with(PREFIX) { Self::parse_udev(bytes) } else { Self::parse_kernel(bytes) }
    }

    fn parse_udev(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let word = |at: usize| {
            let four: Option<[u8; 4]> = bytes.get(at..at.checked_add(4)?)?.try_into().ok();
            four
        };
        let magic = word(8).map(u32::from_be_bytes).ok_or(Malformed::Length)?;
        if magic != MAGIC {
            return Err(Malformed::Magic);
        }
        let size = |at| word(at).map(u32::from_ne_bytes).and_then(|n| usize::try_from(n).ok()).ok_or(Malformed::Length);
        let (header, start, length) = (size(12)?, size(16)?, size(20)?);
        if header < HEADER || start < header {
            return Err(Malformed::Length);
        }
        let end = start.checked_add(length).ok_or(Malformed::Length)?;
        let properties = bytes.get(start..end).ok_or(Malformed::Length)?;
        Self::with(Source::Udev, properties)
    }

    fn parse_kernel(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let end = bytes.iter().position(|b| *b == 0).ok_or(Malformed::Form)?;
        let (title, rest) = bytes.split_at(end);
        let title = std::str::from_utf8(title).map_err(|_| Malformed::Form)?;
        let (action, devpath) = title.split_once('@').ok_or(Malformed::Form)?;
        let message = Self::with(Source::Kernel, rest.get(1..).unwrap_or_default())?;
        // Both are said twice: one that is not true was not made by a kernel.
        if message.devpath != devpath || message.get("ACTION") != Some(action) {
            return Err(Malformed::Form);
        }
        Ok(message)
    }

    fn with(source: Source, properties: &'a [u8]) -> Result<Self, Malformed> {
        let mut message = Self { source, action: Action::Other, devpath: "", properties };
        message.action = Action::of(message.get("ACTION").ok_or(Malformed::Incomplete)?);
        message.devpath = message.get("DEVPATH").ok_or(Malformed::Incomplete)?;
        let below_sys = message.devpath.starts_with('/') && !message.devpath.split('/').any(|part| part == "..");
        if below_sys { Ok(message) } else { Err(Malformed::Incomplete) }
    }

    /// The value of a property, where it has one and that is text.
    pub fn get(&self, key: &str) -> Option<&'a str> {
        self.properties().find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    /// All properties that are text, in their order.
    pub fn properties(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let properties = self.properties;
        properties.split(|b| *b == 0).filter_map(|entry| std::str::from_utf8(entry).ok()?.split_once('='))
    }

    /// The kernel's class or bus: `tty`, `usb`, `dahdi_channels`.
    pub fn subsystem(&self) -> &'a str {
        self.get("SUBSYSTEM").unwrap_or_default()
    }

    /// The name of the node below `/dev`, where the device has one. The kernel and udev write it in two ways.
    pub fn devname(&self) -> Option<&'a str> {
        let name = self.get("DEVNAME")?;
        let name = name.strip_prefix("/dev/").unwrap_or(name);
        (!name.is_empty() && !name.starts_with('/')).then_some(name)
    }
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?} {:?}", self.source, self.action, self.devpath)?;
        f.debug_map().entries(self.properties()).finish()
    }
}

/// Writes an event in udev's form: for tests, and for who stands in for udev.
#[doc(hidden)]
pub fn write_udev(action: &str, devpath: &str, properties: &[(&str, &str)]) -> Vec<u8> {
    let mut text = format!("ACTION={action}\0DEVPATH={devpath}\0").into_bytes();
    for (key, value) in properties {
        text.extend_from_slice(format!("{key}={value}\0").as_bytes());
    }
    let mut message = PREFIX.to_vec();
    message.extend_from_slice(&MAGIC.to_be_bytes());
    for n in [HEADER, HEADER, text.len()] {
        message.extend_from_slice(&u32::try_from(n).unwrap_or(u32::MAX).to_ne_bytes());
    }
    message.resize(HEADER, 0);
    message.extend_from_slice(&text);
    message
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TTY: &str = "/devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1:1.0/tty/ttyACM0";

    fn kernel(action: &str, devpath: &str) -> Vec<u8> {
        let text = format!(
            "{action}@{devpath}\0ACTION={action}\0DEVPATH={devpath}\0SUBSYSTEM=tty\0MAJOR=166\0MINOR=0\0\
             DEVNAME=ttyACM0\0SEQNUM=4711\0"
        );
        text.into_bytes()
    }

    #[test]
    fn the_kernel_is_understood() {
        let bytes = kernel("add", TTY);
        let message = Message::parse(&bytes).unwrap();
        assert_eq!((message.source, message.action, message.devpath), (Source::Kernel, Action::Add, TTY));
        assert_eq!((message.subsystem(), message.devname()), ("tty", Some("ttyACM0")));
        assert_eq!(message.get("SEQNUM"), Some("4711"));
        assert_eq!(message.get("SEQ"), None);
    }

    #[test]
    fn udev_is_understood() {
        let bytes = write_udev(
            "remove",
            TTY,
            &[("SUBSYSTEM", "tty"), ("DEVNAME", "/dev/ttyACM0"), ("ID_SERIAL_SHORT", "a=b"), ("EMPTY", "")],
        );
        let message = Message::parse(&bytes).unwrap();
        assert_eq!((message.source, message.action, message.devpath), (Source::Udev, Action::Remove, TTY));
        assert_eq!((message.subsystem(), message.devname()), ("tty", Some("ttyACM0")));
        assert_eq!((message.get("ID_SERIAL_SHORT"), message.get("EMPTY")), (Some("a=b"), Some("")));
        // A later header may be longer.
        let mut longer = bytes.clone();
        longer[12..16].copy_from_slice(&48u32.to_ne_bytes());
        longer[16..20].copy_from_slice(&48u32.to_ne_bytes());
        longer.splice(40..40, [0; 8]);
        assert_eq!(Message::parse(&longer).unwrap().devpath, TTY);
    }

    #[test]
    fn what_is_no_event_is_refused() {
        let good = write_udev("add", TTY, &[("SUBSYSTEM", "tty")]);
        let changed = |at: usize, word: u32| {
            let mut bytes = good.clone();
            bytes[at..at + 4].copy_from_slice(&word.to_ne_bytes());
            Message::parse(&bytes).map(|m| m.devpath.to_owned())
        };
        assert_eq!(changed(8, 0), Err(Malformed::Magic));
        for (at, word) in [(12, 39), (16, 39), (16, u32::MAX), (20, u32::MAX), (20, good.len() as u32), (12, 1 << 20)] {
            assert_eq!(changed(at, word), Err(Malformed::Length), "{at} {word}");
        }
        assert_eq!(changed(20, 0), Err(Malformed::Incomplete));
        for cut in 0..good.len() - 1 {
            assert!(Message::parse(&good[..cut]).is_err(), "{cut}");
        }
        for (text, why) in [
            ("", Malformed::Form),
            ("add", Malformed::Form),
            ("\0", Malformed::Form),
            ("add@/x", Malformed::Form),
            ("add@/x\0", Malformed::Incomplete),
            ("add@/x\0ACTION=add\0", Malformed::Incomplete),
            ("add@/x\0ACTION=add\0DEVPATH=/y\0", Malformed::Form),
            ("add@/x\0ACTION=remove\0DEVPATH=/x\0", Malformed::Form),
            ("add@x\0ACTION=add\0DEVPATH=x\0", Malformed::Incomplete),
            ("add@/x/../y\0ACTION=add\0DEVPATH=/x/../y\0", Malformed::Incomplete),
            ("libudev\0", Malformed::Length),
        ] {
            assert_eq!(Message::parse(text.as_bytes()).map(|m| m.devpath), Err(why), "{text:?}");
        }
        let odd = write_udev("jump", TTY, &[("DEVNAME", "/etc/passwd"), ("no value", "")]);
        let odd = Message::parse(&odd).unwrap();
        assert_eq!((odd.action, odd.subsystem(), odd.devname()), (Action::Other, "", None));
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(mut bytes in proptest::collection::vec(any::<u8>(), 0..200), header in any::<bool>()) {
            if header {
                let mut start = PREFIX.to_vec();
                start.extend_from_slice(&MAGIC.to_be_bytes());
                start.append(&mut bytes);
                bytes = start;
            }
            if let Ok(message) = Message::parse(&bytes) {
                prop_assert!(message.devpath.starts_with('/'));
                prop_assert_eq!(message.get("DEVPATH"), Some(message.devpath));
            }
        }

        #[test]
        fn a_changed_message_is_no_more_than_itself(at in 0usize..200, byte in any::<u8>(), cut in 0usize..200) {
            let mut bytes = write_udev("add", TTY, &[("SUBSYSTEM", "tty"), ("DEVNAME", "/dev/ttyACM0")]);
            let at = at % bytes.len();
            bytes[at] = byte;
            bytes.truncate(bytes.len().min(cut.max(1)));
            if let Ok(message) = Message::parse(&bytes) {
                let said: usize = message.properties().map(|(key, value)| key.len() + value.len() + 1).sum();
                prop_assert!(said <= bytes.len());
            }
        }
    }
}
