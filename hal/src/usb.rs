//! The last rung: a USB device is reset, as if it had been pulled out and put back, without its losing power.
//!
//! The kernel re-enumerates the device and binds its drivers anew; its tty may come back under another name. It takes
//! write access to the device's node under `/dev/bus/usb`, which a udev rule gives. Some chips are beyond it: they want their
//! power cut.

use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

/// Why a USB device was not reset.
#[derive(Debug, thiserror::Error)]
pub enum ResetError {
    /// The port is not one of a USB device.
    #[error("{}: not a port of a USB device, which could be reset", node.display())]
    NotUsb {
        /// The port.
        node: PathBuf,
    },
    /// No permission for the USB device's node.
    #[error(
        "{}: no permission to reset the USB device {}; install the udev rules, or pull it out and put it back",
        node.display(), usb.display()
    )]
    Permission {
        /// The port.
        node: PathBuf,
        /// The node of the USB device.
        usb: PathBuf,
    },
    /// The system reported something else.
    #[error("{}: resetting the USB device {} failed: {source}; pull it out and put it back", node.display(), usb.display())]
    Os {
        /// The port.
        node: PathBuf,
        /// The node of the USB device.
        usb: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

/// Resets the USB device that the terminal at `node` belongs to. Blocks while the device is enumerated anew, a second or
/// two, and for as long as a broken one draws it out: not for the event thread. Close the terminal first.
///
/// # Errors
/// The terminal is none of a USB device, there is no permission, or what else the system said.
pub fn reset(node: &Path) -> Result<(), ResetError> {
    let node = node.canonicalize().unwrap_or_else(|_| node.to_owned());
    let not_usb = || ResetError::NotUsb { node: node.clone() };
    let usb = device_node(&node, Path::new("/sys"), Path::new("/dev/bus/usb")).ok_or_else(not_usb)?;
    let fault = |source: nix::errno::Errno| match source {
        nix::errno::Errno::EACCES | nix::errno::Errno::EPERM => {
            ResetError::Permission { node: node.clone(), usb: usb.clone() }
        }
        source => ResetError::Os { node: node.clone(), usb: usb.clone(), source: source.into() },
    };
    let device = open(&usb, OFlag::O_WRONLY | OFlag::O_CLOEXEC, Mode::empty()).map_err(fault)?;
    call::reset(&device).map_err(fault)
}

/// The node of the USB device behind a terminal: from the terminal's class directory in sysfs up to the directory that has the
/// numbers of a bus and a device.
fn device_node(node: &Path, sysfs: &Path, bus: &Path) -> Option<PathBuf> {
    let device = sysfs.join("class/tty").join(node.file_name()?).join("device").canonicalize().ok()?;
    let number = |directory: &Path, name: &str| {
        std::fs::read_to_string(directory.join(name)).ok()?.trim().parse::<u16>().ok().filter(|n| (1..1000).contains(n))
    };
    let (busnum, devnum) = device.ancestors().find_map(|d| Some((number(d, "busnum")?, number(d, "devnum")?)))?;
    Some(bus.join(format!("{busnum:03}")).join(format!("{devnum:03}")))
}

mod call {
    #![allow(unsafe_code)]
    use super::{AsRawFd, OwnedFd};

    // `USBDEVFS_RESET` of linux/usbdevice_fs.h: _IO('U', 20).
    nix::ioctl_none!(usbdevfs_reset, b'U', 20);

    pub(super) fn reset(device: &OwnedFd) -> nix::Result<()> {
        // SAFETY: the descriptor is open; the call takes no argument.
        unsafe { usbdevfs_reset(device.as_raw_fd()) }.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    fn sysfs() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let usb = root.path().join("devices/pci0/usb1/1-1");
        fs::create_dir_all(usb.join("1-1:1.0")).unwrap();
        fs::write(usb.join("busnum"), "1\n").unwrap();
        fs::write(usb.join("devnum"), "23\n").unwrap();
        for (tty, to) in [("ttyACM0", usb.join("1-1:1.0")), ("ttyS0", root.path().join("devices/pci0"))] {
            let class = root.path().join("class/tty").join(tty);
            fs::create_dir_all(&class).unwrap();
            symlink(to, class.join("device")).unwrap();
        }
        root
    }

    #[test]
    fn the_device_behind_a_terminal_is_found() {
        let root = sysfs();
        let of = |tty: &str| device_node(&Path::new("/dev").join(tty), root.path(), Path::new("/dev/bus/usb"));
        assert_eq!(of("ttyACM0"), Some("/dev/bus/usb/001/023".into()));
        assert_eq!((of("ttyS0"), of("ttyACM9"), of("..")), (None, None, None));
    }

    #[test]
    fn what_cannot_be_reset_says_so_and_what_to_try() {
        let pty = nix::pty::openpty(None, None).unwrap();
        let path = nix::unistd::ttyname(&pty.slave).unwrap();
        let error = reset(&path).unwrap_err();
        assert!(matches!(error, ResetError::NotUsb { .. }), "{error}");
        let permission = ResetError::Permission { node: "/dev/ttyACM0".into(), usb: "/dev/bus/usb/001/023".into() };
        assert!(permission.to_string().contains("udev rules"), "{permission}");
        // The call reaches the kernel, which tells that this is no USB device.
        let file: OwnedFd = tempfile::tempfile().unwrap().into();
        assert_eq!(call::reset(&file), Err(nix::errno::Errno::ENOTTY));
    }
}
