//! What serial ports and pseudo-terminals have in common: non-blocking bytes on a terminal descriptor.

use crate::PortError;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::termios::{ControlFlags, FlushArg, SetArg, SpecialCharacterIndices, cfmakeraw, tcflush};
use nix::sys::termios::{tcgetattr, tcsetattr};
use std::os::fd::OwnedFd;

pub(super) fn read(fd: &OwnedFd, buffer: &mut [u8]) -> Result<usize, PortError> {
    loop {
        return match nix::unistd::read(fd, buffer) {
            // VMIN is 1: nothing to read is EAGAIN, and 0 is the end.
            Ok(0) => Err(PortError::Gone),
            Ok(n) => Ok(n),
            Err(Errno::EINTR) => continue,
            Err(e) => Err(failure(e)),
        };
    }
}

pub(super) fn write(fd: &OwnedFd, bytes: &[u8]) -> Result<usize, PortError> {
    loop {
        return match nix::unistd::write(fd, bytes) {
            Ok(0) => Err(PortError::WouldBlock),
            Ok(n) => Ok(n),
            Err(Errno::EINTR) => continue,
            Err(e) => Err(failure(e)),
        };
    }
}

fn failure(e: Errno) -> PortError {
    match e {
        Errno::EAGAIN => PortError::WouldBlock,
        Errno::EIO | Errno::ENXIO | Errno::ENODEV | Errno::EPIPE => PortError::Gone,
        e => PortError::Os(e as i32),
    }
}

/// Raw bytes, no hang-up by carrier or at close, no flow control, non-blocking; what was received before is forgotten
/// (a fresh ACM port has echo on and holds the modem's banner).
pub(super) fn make_raw(fd: &OwnedFd) -> nix::Result<()> {
    let mut settings = tcgetattr(fd)?;
    cfmakeraw(&mut settings);
    settings.control_flags |= ControlFlags::CREAD | ControlFlags::CLOCAL;
    settings.control_flags &= !(ControlFlags::HUPCL | ControlFlags::CRTSCTS);
    settings.control_chars[SpecialCharacterIndices::VMIN as usize] = 1;
    settings.control_chars[SpecialCharacterIndices::VTIME as usize] = 0;
    tcsetattr(fd, SetArg::TCSANOW, &settings)?;
    let flags = OFlag::from_bits_retain(fcntl(fd, FcntlArg::F_GETFL)?);
    fcntl(fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    tcflush(fd, FlushArg::TCIOFLUSH)
}
