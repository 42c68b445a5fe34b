//! A pseudo-terminal as a port: the emulated exchange's modems, and tests.

use super::tty;
use crate::{Port, PortError};
use nix::fcntl::OFlag;
use nix::sys::stat::Mode;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// The terminal side of a pseudo-terminal, raw and non-blocking. No locks, no modem lines.
#[derive(Debug)]
pub struct PtyPort {
    fd: OwnedFd,
}

impl PtyPort {
    /// Takes over an open terminal.
    ///
    /// # Errors
    /// When it is not a terminal.
    pub fn new(fd: OwnedFd) -> io::Result<Self> {
        tty::make_raw(&fd)?;
        Ok(Self { fd })
    }

    /// Opens the terminal at `path`.
    ///
    /// # Errors
    /// When it cannot be opened or is not a terminal.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        Self::new(nix::fcntl::open(path, flags, Mode::empty())?)
    }

    /// A new pseudo-terminal: its master side, and the port.
    ///
    /// # Errors
    /// When the system has no more pseudo-terminals or descriptors.
    pub fn pair() -> io::Result<(OwnedFd, Self)> {
        let pair = nix::pty::openpty(None, None)?;
        Ok((pair.master, Self::new(pair.slave)?))
    }
}

impl Port for PtyPort {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, PortError> {
        tty::read(&self.fd, buffer)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize, PortError> {
        tty::write(&self.fd, bytes)
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.fd.as_fd())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    #[test]
    fn passes_bytes_as_they_are_and_sees_the_other_side_close() {
        let (master, mut port) = PtyPort::pair().unwrap();
        let mut master = std::fs::File::from(master);
        let mut buffer = [0; 16];
        assert_eq!(port.read(&mut buffer), Err(PortError::WouldBlock));
        assert_eq!(port.write(b"AT\r\n\x03\x11"), Ok(6));
        let mut got = [0; 6];
        master.read_exact(&mut got).unwrap();
        assert_eq!(&got, b"AT\r\n\x03\x11");
        master.write_all(b"\r\nOK\x10\x03").unwrap();
        let n = loop {
            // The kernel passes bytes on in a thread of its own.
            match port.read(&mut buffer) {
                Err(PortError::WouldBlock) => std::thread::yield_now(),
                other => break other.unwrap(),
            }
        };
        assert_eq!(&buffer[..n], &b"\r\nOK\x10\x03"[..n]);
        drop(master);
        while let Ok(_) | Err(PortError::WouldBlock) = port.read(&mut buffer) {}
        assert_eq!(port.read(&mut buffer), Err(PortError::Gone));
        assert_eq!(port.write(b"x"), Err(PortError::Gone));
    }

    #[test]
    fn a_file_is_no_terminal() {
        assert!(PtyPort::new(tempfile::tempfile().unwrap().into()).is_err());
    }
}
