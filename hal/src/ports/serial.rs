//! Serial ports: opened, locked and configured once, then raw non-blocking bytes.
//!
//! Opening takes every lock that programs on Linux know (UUCP lock file, `flock`, `TIOCEXCL`) and says who holds the
//! port when it is taken. The `serialport` crate opens and configures; its own reads block and treat a
//! hang-up as an error before the bytes, so the descriptor is taken out of it.

use super::lock::{UucpLock, holder_of, locker_of};
use super::tty;
use crate::{LineChanges, OpenError, Port, PortError};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, OFlag};
use nix::sys::stat::Mode;
use serialport::TTYPort;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

/// The rate at which modems are opened: 11 520 bytes a second carry a voice stream of 8000. ACM modems ignore it.
const BIT_RATE: u32 = 115_200;

/// An open serial port: 115 200 bit/s, 8 data bits, no parity, 1 stop bit, no flow control, for us alone.
#[derive(Debug)]
pub struct SerialPort {
    fd: OwnedFd,
    modem_lines: bool,
    /// Released after the descriptor is closed.
    _lock: Option<UucpLock>,
}

impl SerialPort {
    /// Opens the port at `path`.
    ///
    /// Blocks for as long as the system's driver takes, which a broken modem can draw out: not for the event thread.
    ///
    /// # Errors
    /// Missing, busy (and by whom), no permission (and which group has it), not a terminal, or what else the system
    /// said.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let device = format!("serial:{}", path.display());
        let os = |action| {
            let device = device.clone();
            move |source| OpenError::Os { device, action, source }
        };
        let node = match path.canonicalize() {
            Ok(node) => node,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(OpenError::Missing { device }),
            Err(source) => return Err(OpenError::Os { device, action: "looking it up", source }),
        };
        let meta = node.metadata().map_err(os("looking it up"))?;
        if !meta.file_type().is_char_device() {
            let what = if meta.is_dir() { "a directory" } else { "not a device node" };
            return Err(OpenError::WrongKind {
                device,
                reason: format!("{what}, not a serial port; try /dev/ttyACM0"),
            });
        }
        // Whoever locked it has it; others may have it open and not use it.
        let holder = || locker_of(&meta).or_else(|| holder_of(meta.rdev()));
        let busy = |holder: Option<String>| OpenError::Busy {
            device: device.clone(),
            holder: holder.unwrap_or_else(|| "another program".into()),
        };
        let lock = UucpLock::take(&node).map_err(|holder| busy(Some(holder)))?;

        // The first descriptor tells why it fails; it stays open until the second is there, so that DTR does not drop.
        let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let first = match nix::fcntl::open(&node, flags, Mode::empty()) {
            Ok(fd) => fd,
            Err(Errno::EBUSY) => return Err(busy(holder())),
            Err(Errno::EACCES | Errno::EPERM) => {
                return Err(OpenError::Permission { device, hint: permission_hint(&meta), path: node });
            }
            Err(Errno::ENOENT | Errno::ENXIO | Errno::ENODEV) => return Err(OpenError::Missing { device }),
            // What /dev/ttyS1 says without a chip behind it.
            Err(Errno::EIO) => return Err(OpenError::Missing { device }),
            Err(e) => return Err(OpenError::Os { device, action: "opening it", source: e.into() }),
        };
        if !nix::unistd::isatty(&first).unwrap_or(false) || is_pty_maker(meta.rdev()) {
            let reason = "a device, but not a serial port (no terminal); try /dev/ttyACM0".into();
            return Err(OpenError::WrongKind { device, reason });
        }
        // Root gets past the kernel's exclusive mode, and a shared modem serves nobody: whoever has a real port open is
        // its holder. A pseudo-terminal's other side may keep this side open to survive its clients.
        if !is_pty(meta.rdev())
            && let Some(holder) = holder_of(meta.rdev())
        {
            return Err(busy(Some(holder)));
        }
        // Tried here because a refusal inside `serialport` would clear the holder's exclusive mode.
        let first = match Flock::lock(first, FlockArg::LockExclusiveNonblock) {
            Ok(locked) => locked.unlock().map_err(|(_, e)| os("unlocking it")(e.into()))?,
            Err((_, Errno::EAGAIN)) => return Err(busy(holder())),
            Err((_, e)) => return Err(OpenError::Os { device, action: "locking it", source: e.into() }),
        };

        let builder = serialport::new(node.to_string_lossy(), BIT_RATE);
        let port = TTYPort::open(&builder).map_err(|e| match e.kind() {
            serialport::ErrorKind::NoDevice => busy(holder()),
            _ => os("configuring it")(e.into()),
        })?;
        let fd = take_descriptor(port);
        tty::make_raw(&fd).map_err(|e| os("configuring it")(e.into()))?;
        drop(first);
        let modem_lines = lines::get(&fd).is_some();
        let mut port = Self { fd, modem_lines, _lock: lock };
        port.set_dtr(true);
        Ok(port)
    }

    /// Whether the port has modem lines (pseudo-terminals have none).
    pub const fn has_modem_lines(&self) -> bool {
        self.modem_lines
    }

    /// Another descriptor of the same open port, for a program that runs a data call on it.
    ///
    /// # Errors
    /// When the process has no descriptor left.
    pub fn duplicate(&self) -> io::Result<OwnedFd> {
        self.fd.try_clone()
    }
}

impl Port for SerialPort {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, PortError> {
        tty::read(&self.fd, buffer)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize, PortError> {
        tty::write(&self.fd, bytes)
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.fd.as_fd())
    }

    fn set_dtr(&mut self, on: bool) {
        if self.modem_lines {
            lines::set_dtr(&self.fd, on);
        }
    }

    fn carrier(&self) -> Option<bool> {
        if !self.modem_lines {
            return None;
        }
        lines::get(&self.fd).map(|lines| lines & libc::TIOCM_CD != 0)
    }

    fn has_lines(&self) -> bool {
        self.modem_lines
    }

    fn line_changes(&self) -> Option<LineChanges> {
        if self.modem_lines { lines::changes(&self.fd) } else { None }
    }
}

impl Drop for SerialPort {
    fn drop(&mut self) {
        // The kernel clears it with the last descriptor only, and a duplicate may still be out.
        lines::end_exclusive(&self.fd);
    }
}

/// `/dev/ptmx`: a terminal to the system, but each opening of it makes another pseudo-terminal.
fn is_pty_maker(device: u64) -> bool {
    let number = (nix::sys::stat::major(device), nix::sys::stat::minor(device));
    number == (5, 2)
}

/// Major numbers 136 to 143: the terminal sides of pseudo-terminals.
fn is_pty(device: u64) -> bool {
    (136..=143).contains(&nix::sys::stat::major(device))
}

#[allow(unsafe_code)]
fn take_descriptor(port: TTYPort) -> OwnedFd {
    // SAFETY: `into_raw_fd` gives up the ownership of an open descriptor, and nothing else has it.
    unsafe { OwnedFd::from_raw_fd(port.into_raw_fd()) }
}

fn permission_hint(meta: &std::fs::Metadata) -> String {
    let group = nix::unistd::Group::from_gid(meta.gid().into()).ok().flatten().map(|g| g.name);
    match group {
        Some(name) if name != "root" && meta.mode() & 0o060 == 0o060 => {
            format!("add yourself to group {name} (and log in again), or install the udev rules")
        }
        _ => "install the udev rules, or wait until udev has set the port up".into(),
    }
}

/// The modem lines, by ioctl. Terminals without them answer ENOTTY.
mod lines {
    #![allow(unsafe_code)]
    use super::{AsRawFd, LineChanges, OwnedFd};

    /// `struct serial_icounter_struct` of `linux/serial.h`.
    #[repr(C)]
    #[derive(Default)]
    pub(super) struct Counts {
        cts: libc::c_int,
        dsr: libc::c_int,
        ring: libc::c_int,
        carrier: libc::c_int,
        traffic_and_errors: [libc::c_int; 7],
        reserved: [libc::c_int; 9],
    }

    nix::ioctl_read_bad!(tiocmget, libc::TIOCMGET, libc::c_int);
    nix::ioctl_write_ptr_bad!(tiocmbis, libc::TIOCMBIS, libc::c_int);
    nix::ioctl_write_ptr_bad!(tiocmbic, libc::TIOCMBIC, libc::c_int);
    nix::ioctl_none_bad!(tiocnxcl, libc::TIOCNXCL);
    nix::ioctl_read_bad!(tiocgicount, libc::TIOCGICOUNT, Counts);

    pub(super) fn get(fd: &OwnedFd) -> Option<libc::c_int> {
        let mut lines = 0;
        // SAFETY: the descriptor is open and the pointer is to a live integer, which is what the call writes.
        unsafe { tiocmget(fd.as_raw_fd(), &raw mut lines) }.ok().map(|_| lines)
    }

    /// From the counters of the system's driver, which asks no device for them.
    pub(super) fn changes(fd: &OwnedFd) -> Option<LineChanges> {
        let mut counts = Counts::default();
        // SAFETY: the descriptor is open and the pointer is to a live structure of the kernel's layout, which the call writes.
        unsafe { tiocgicount(fd.as_raw_fd(), &raw mut counts) }.ok()?;
        Some(LineChanges { ring: counts.ring.cast_unsigned(), carrier: counts.carrier.cast_unsigned() })
    }

    pub(super) fn set_dtr(fd: &OwnedFd, on: bool) {
        let lines = libc::TIOCM_DTR;
        // SAFETY: the descriptor is open and the pointer is to a live integer, which is what the calls read.
        let _ = unsafe {
            if on { tiocmbis(fd.as_raw_fd(), &raw const lines) } else { tiocmbic(fd.as_raw_fd(), &raw const lines) }
        };
    }

    pub(super) fn end_exclusive(fd: &OwnedFd) {
        // SAFETY: the descriptor is open; the call takes no argument.
        let _ = unsafe { tiocnxcl(fd.as_raw_fd()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::path::PathBuf;

    fn pty() -> (std::fs::File, OwnedFd, PathBuf) {
        let pair = nix::pty::openpty(None, None).unwrap();
        let path = nix::unistd::ttyname(&pair.slave).unwrap();
        (pair.master.into(), pair.slave, path)
    }

    #[test]
    fn opens_a_terminal_and_passes_bytes() {
        let (mut master, _slave, path) = pty();
        let mut port = SerialPort::open(&path).unwrap();
        assert!(!port.has_modem_lines());
        assert_eq!(port.carrier(), None);
        let mut buffer = [0; 8];
        assert_eq!(port.read(&mut buffer), Err(PortError::WouldBlock));
        port.write(b"AT\r").unwrap();
        let mut got = [0; 3];
        master.read_exact(&mut got).unwrap();
        assert_eq!(&got, b"AT\r");
        master.write_all(b"OK").unwrap();
        let n = loop {
            match port.read(&mut buffer) {
                Err(PortError::WouldBlock) => std::thread::yield_now(),
                other => break other.unwrap(),
            }
        };
        assert!(b"OK".starts_with(&buffer[..n]));
    }

    #[test]
    fn a_second_opener_is_told_who_has_it() {
        let (_master, _slave, path) = pty();
        let first = SerialPort::open(&path).unwrap();
        let Err(OpenError::Busy { holder, .. }) = SerialPort::open(&path) else { panic!("opened twice") };
        assert!(holder.contains(&format!("pid {}", std::process::id())), "{holder}");
        drop(first);
        SerialPort::open(&path).unwrap();
    }

    #[test]
    fn what_is_wrong_is_said() {
        let missing = SerialPort::open(Path::new("/dev/ttyNOSUCH7"));
        assert!(matches!(missing, Err(OpenError::Missing { .. })));
        for none in ["/dev/null", "/dev/ptmx"] {
            assert!(matches!(SerialPort::open(Path::new(none)), Err(OpenError::WrongKind { .. })), "{none}");
        }
        let dir = SerialPort::open(Path::new("/dev"));
        assert!(matches!(&dir, Err(OpenError::WrongKind { reason, .. }) if reason.contains("directory")));
    }
}
