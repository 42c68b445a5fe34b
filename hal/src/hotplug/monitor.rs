//! The netlink socket on which the kernel and udev tell what comes and goes.

use super::message::{Message, Source};
use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, UnixCredentials, bind,
    recvmsg, setsockopt, socket, sockopt,
};
use std::io::{self, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// The multicast group of the kernel's messages.
const KERNEL: u32 = 1;
/// That of udev's.
const UDEV: u32 = 2;
/// Room for one message. The kernel's have 2 KiB at most; udev's repeat every property and are seldom as long as this.
const MESSAGE: usize = 16 * 1024;
/// Room in the kernel for what waits: a hub with its devices is a few hundred messages.
const WAITING: usize = 1024 * 1024;

/// What [`Monitor::receive`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received<'a> {
    /// An event.
    Event(Message<'a>),
    /// Events were lost: look anew at what is there.
    Overrun,
    /// Something that is none, or that nobody who may say it said. Go on.
    Ignored,
    /// Nothing waits.
    Nothing,
}

/// Listens to device events of the kernel and of udev.
///
/// Anyone can send to such a socket, so only the kernel itself and processes of root are believed, each in its own group.
/// Open it before looking at what is there: what comes meanwhile waits.
#[derive(Debug)]
pub struct Monitor {
    socket: OwnedFd,
    buffer: Vec<u8>,
    control: Vec<u8>,
}

impl Monitor {
    /// Opens the socket. It never blocks.
    ///
    /// # Errors
    /// What the system says: some containers have no such socket.
    pub fn open() -> io::Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let socket = socket(AddressFamily::Netlink, SockType::Raw, flags, SockProtocol::NetlinkKObjectUEvent)?;
        setsockopt(&socket, sockopt::PassCred, &true)?;
        // Root may have as much as it asks for, others what the system allows: an overrun is handled either way.
        if setsockopt(&socket, sockopt::RcvBufForce, &WAITING).is_err() {
            let _ = setsockopt(&socket, sockopt::RcvBuf, &WAITING);
        }
        bind(socket.as_raw_fd(), &NetlinkAddr::new(0, KERNEL | UDEV))?;
        Ok(Self { socket, buffer: vec![0; MESSAGE], control: cmsg_space!(UnixCredentials) })
    }

    /// The descriptor to poll for reading.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// The next message. Does not wait.
    ///
    /// # Errors
    /// The socket is not usable any more.
    pub fn receive(&mut self) -> io::Result<Received<'_>> {
        let (length, trusted) = {
            let mut parts = [IoSliceMut::new(&mut self.buffer)];
            let flags = MsgFlags::MSG_DONTWAIT;
            let fd = self.socket.as_raw_fd();
            let got = match recvmsg::<NetlinkAddr>(fd, &mut parts, Some(&mut self.control), flags) {
                Ok(got) => got,
                Err(Errno::EAGAIN) => return Ok(Received::Nothing),
                Err(Errno::EINTR) => return Ok(Received::Ignored),
                Err(Errno::ENOBUFS) => return Ok(Received::Overrun),
                Err(error) => return Err(error.into()),
            };
            // What was cut off may be what matters.
            if got.flags.contains(MsgFlags::MSG_TRUNC) {
                return Ok(Received::Overrun);
            }
            let credentials = got.cmsgs().ok().and_then(|mut all| {
                all.find_map(|control| match control {
                    ControlMessageOwned::ScmCredentials(credentials) => Some(credentials),
                    _ => None,
                })
            });
            let from = got.address.map(|address| Sender { port: address.pid(), groups: address.groups() });
            (got.bytes, trusted(from, credentials.map(|c| (c.uid(), c.pid()))))
        };
        let message = self.buffer.get(..length).and_then(|bytes| Message::parse(bytes).ok());
        Ok(match (message, trusted) {
            (Some(message), Some(source)) if message.source == source => Received::Event(message),
            _ => Received::Ignored,
        })
    }
}

/// Where a message came from, as the kernel says.
#[derive(Clone, Copy, Debug)]
struct Sender {
    /// The port of its socket; the kernel's is 0.
    port: u32,
    /// The groups it went to; 0: to us alone.
    groups: u32,
}

/// Who may speak, and as whom: the kernel in its group, a process of root in udev's. `credentials` are user and process.
fn trusted(from: Option<Sender>, credentials: Option<(u32, i32)>) -> Option<Source> {
    let (from, (user, process)) = (from?, credentials?);
    if user != 0 {
        return None;
    }
    match (from.groups, from.port, process) {
        (KERNEL, 0, 0) => Some(Source::Kernel),
        // A process has a number here unless it lives outside of our container: then it is 0 too.
        (UDEV, port, _) if port != 0 => Some(Source::Udev),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_kernel_and_root_are_believed() {
        let from = |port, groups| Some(Sender { port, groups });
        for (sender, credentials, believed) in [
            (from(0, KERNEL), Some((0, 0)), Some(Source::Kernel)),
            (from(4711, UDEV), Some((0, 4711)), Some(Source::Udev)),
            (from(4711, UDEV), Some((0, 0)), Some(Source::Udev)),
            // A user's program.
            (from(4711, UDEV), Some((1000, 4711)), None),
            // A program that plays the kernel.
            (from(4711, KERNEL), Some((0, 4711)), None),
            (from(0, KERNEL), Some((0, 4711)), None),
            // Sent to this socket alone.
            (from(4711, 0), Some((0, 4711)), None),
            (from(0, UDEV), Some((0, 0)), None),
            (from(0, KERNEL), None, None),
            (None, Some((0, 0)), None),
        ] {
            assert_eq!(trusted(sender, credentials), believed, "{sender:?} {credentials:?}");
        }
    }

    #[test]
    fn nothing_waits_on_a_new_socket() {
        let Ok(mut monitor) = Monitor::open() else { return eprintln!("SKIPPED: no netlink socket here") };
        // The machine's own events may come at any time.
        for _ in 0..1000 {
            if monitor.receive().unwrap() == Received::Nothing {
                return;
            }
        }
        panic!("events without end");
    }
}
