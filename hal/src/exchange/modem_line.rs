//! An emulated modem on its pseudo-terminal: bytes between the firmware and whatever program opened the terminal.

use super::modem_port::ModemFirmware;
use crate::ports::Meter;
use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::stat::Mode;
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes carried at a time.
const CHUNK: usize = 2048;

/// A pseudo-terminal, the modem's side.
#[derive(Debug)]
struct Pty {
    master: nix::pty::PtyMaster,
    /// Kept open so that the terminal survives programs that close it, with its settings.
    _slave: OwnedFd,
    path: PathBuf,
}

impl Pty {
    /// A raw pseudo-terminal.
    fn new() -> io::Result<Self> {
        let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
        let master = posix_openpt(flags | OFlag::O_NONBLOCK)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let path = PathBuf::from(ptsname_r(&master)?);
        let slave = open(&path, flags, Mode::empty())?;
        let mut settings = tcgetattr(&slave)?;
        cfmakeraw(&mut settings);
        tcsetattr(&slave, SetArg::TCSANOW, &settings)?;
        Ok(Self { master, _slave: slave, path })
    }
}

/// Makes `link` point to `target`, replacing a symbolic link that is there (and nothing else).
fn point(link: &Path, target: &Path) -> io::Result<()> {
    if let Ok(found) = std::fs::symlink_metadata(link) {
        if !found.file_type().is_symlink() {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                format!("{} exists and is no symbolic link", link.display()),
            ));
        }
        std::fs::remove_file(link)?;
    }
    std::os::unix::fs::symlink(target, link)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", link.display())))
}

/// The modem of one line. Removes its symbolic link when dropped.
pub(crate) struct ModemLine {
    pub(crate) firmware: Box<dyn ModemFirmware>,
    pty: Pty,
    link: Option<PathBuf>,
    meter: Arc<Meter>,
    /// Bytes that the firmware gave and the terminal did not take yet.
    pending: [u8; CHUNK],
    pending_from: usize,
    pending_to: usize,
}

impl ModemLine {
    /// Powers a modem up.
    pub(crate) fn new(firmware: Box<dyn ModemFirmware>, link: Option<PathBuf>) -> io::Result<Self> {
        let pty = Pty::new()?;
        let mut line = Self {
            firmware,
            pty,
            link: None,
            meter: Arc::new(Meter::new()),
            pending: [0; CHUNK],
            pending_from: 0,
            pending_to: 0,
        };
        if let Some(link) = link {
            point(&link, &line.pty.path)?;
            line.link = Some(link);
        }
        line.firmware.set_dtr(true);
        Ok(line)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.pty.path
    }

    pub(crate) fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }

    /// Whether everything that a metered driver wrote has been read, as far as the firmware can take it.
    pub(crate) fn is_drained(&self) -> bool {
        self.meter.line_is_drained() || self.firmware.room() == 0
    }

    /// Gives the firmware what the program wrote.
    pub(crate) fn receive(&mut self) {
        let mut buffer = [0; CHUNK];
        // Bounded: a program that writes without end waits for the next tick.
        for _ in 0..16 {
            let room = self.firmware.room().min(CHUNK);
            let Some(part) = buffer.get_mut(..room).filter(|part| !part.is_empty()) else { return };
            match nix::unistd::read(&self.pty.master, part) {
                Ok(0) => return,
                Ok(n) => {
                    self.meter.read_by_line(n);
                    self.firmware.receive(buffer.get(..n).unwrap_or(&[]));
                }
                Err(Errno::EINTR) => {}
                Err(_) => return,
            }
        }
    }

    /// Gives the program what the firmware has for it, as far as the terminal takes it.
    pub(crate) fn deliver(&mut self) {
        loop {
            if self.pending_from == self.pending_to {
                self.pending_from = 0;
                self.pending_to = self.firmware.transmit(&mut self.pending).min(CHUNK);
            }
            let Some(part) = self.pending.get(self.pending_from..self.pending_to).filter(|part| !part.is_empty())
            else {
                return;
            };
            match nix::unistd::write(&self.pty.master, part) {
                Ok(0) => return,
                Ok(n) => {
                    self.meter.sent_to_driver(n);
                    self.pending_from += n;
                }
                Err(Errno::EINTR) => {}
                Err(_) => return,
            }
        }
    }

    /// The plug is pulled; answers the link, which stays for the next modem.
    pub(crate) fn unplug(mut self) -> Option<PathBuf> {
        // Nothing is on its way to the driver any more: it finds its end hung up.
        self.meter.to_driver_sent.store(0, std::sync::atomic::Ordering::Release);
        let link = self.link.take();
        if let Some(link) = &link {
            let _ = std::fs::remove_file(link);
        }
        link
    }
}

impl Drop for ModemLine {
    fn drop(&mut self) {
        // Only a link that is still ours.
        if let Some(link) = &self.link
            && std::fs::read_link(link).is_ok_and(|target| target == self.pty.path)
        {
            let _ = std::fs::remove_file(link);
        }
    }
}
