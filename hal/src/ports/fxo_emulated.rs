//! The driver's side of an emulated FXO port: the call set of DAHDI over a socket pair.
//!
//! How does it work? The emulated card lives in the exchange's thread. Each datagram carries one event, one command or one
//! block of audio, so their order is exact in both directions. Events come before the audio that follows them, as in
//! DAHDI: while one waits, reading and writing fail. Both sides count datagrams, so that the line clock never
//! passes one on its way.

use crate::ports::Meter;
use crate::{BLOCK, FxoEvent, FxoPort, HookCommand, PortError};
use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, recv, send, socketpair};
use std::collections::VecDeque;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// Events that a channel keeps (`DAHDI_MAX_EVENTSIZE`); the newest are lost beyond.
pub(crate) const MAX_EVENTS: usize = 64;
/// Blocks that wait to be sent to the line at most, as `DAHDI_SET_BUFINFO` would say.
pub(crate) const TRANSMIT_BLOCKS: usize = 4;
/// Longest pulse digit string.
pub(crate) const MAX_PULSE_DIGITS: usize = 64;
/// Longest datagram: a tag and a block.
const MAX_DATAGRAM: usize = 1 + 2 * BLOCK;

const TAG_EVENT: u8 = b'E';
const TAG_AUDIO: u8 = b'A';
const TAG_HOOK: u8 = b'H';
const TAG_PULSE: u8 = b'P';
const TAG_FLASH_TIME: u8 = b'F';

/// State that the two sides share beside the socket.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// Datagrams.
    pub(crate) meter: Meter,
    /// There is battery.
    pub(crate) battery: AtomicBool,
    /// Steadily off hook: a flash is possible.
    pub(crate) steady: AtomicBool,
    /// Samples written and not yet sent to the line.
    pub(crate) queued: AtomicUsize,
    /// Blocks that found no room on their way to the driver.
    pub(crate) lost_blocks: AtomicU64,
}

/// What a driver sends.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "nearly all of them are audio")]
pub(crate) enum FromDriver {
    Audio(usize, [i16; BLOCK]),
    Hook(HookCommand),
    Pulse(Vec<u8>),
    FlashTime(Duration),
}

/// The card's end of the socket.
#[derive(Debug)]
pub(crate) struct CardSocket {
    socket: OwnedFd,
    pub(crate) shared: Arc<Shared>,
}

/// Makes both ends.
pub(crate) fn pair() -> std::io::Result<(CardSocket, EmulatedFxoPort)> {
    let (card, driver) =
        socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC)?;
    let shared = Arc::new(Shared { battery: AtomicBool::new(true), ..Shared::default() });
    let port = EmulatedFxoPort {
        socket: driver,
        shared: Arc::clone(&shared),
        head: Head::Empty,
        kept: VecDeque::with_capacity(MAX_EVENTS),
        off_hook: false,
    };
    Ok((CardSocket { socket: card, shared }, port))
}

fn receive(socket: &OwnedFd, buffer: &mut [u8]) -> Result<usize, PortError> {
    match recv(socket.as_raw_fd(), buffer, MsgFlags::MSG_DONTWAIT) {
        // No datagram here is empty: the other end is closed.
        Ok(0) => Err(PortError::Gone),
        Ok(n) => Ok(n),
        Err(errno) => Err(port_error(errno)),
    }
}

fn transmit(socket: &OwnedFd, datagram: &[u8]) -> Result<(), PortError> {
    match send(socket.as_raw_fd(), datagram, MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL) {
        Ok(_) => Ok(()),
        Err(errno) => Err(port_error(errno)),
    }
}

fn port_error(errno: Errno) -> PortError {
    match errno {
        Errno::EAGAIN | Errno::EINTR | Errno::ENOBUFS => PortError::WouldBlock,
        Errno::EPIPE | Errno::ECONNRESET | Errno::ENOTCONN => PortError::Gone,
        other => PortError::Os(other as i32),
    }
}

/// A tagged block of audio; answers how much of `datagram` it takes.
fn encode_audio(samples: &[i16], datagram: &mut [u8; MAX_DATAGRAM]) -> usize {
    datagram[0] = TAG_AUDIO;
    for (bytes, s) in datagram[1..].chunks_exact_mut(2).zip(samples) {
        bytes.copy_from_slice(&s.to_ne_bytes());
    }
    1 + 2 * samples.len().min(BLOCK)
}

fn decode_audio(bytes: &[u8], block: &mut [i16; BLOCK]) -> usize {
    let mut n = 0;
    for (s, pair) in block.iter_mut().zip(bytes.chunks_exact(2)) {
        *s = i16::from_ne_bytes([pair[0], pair[1]]);
        n += 1;
    }
    n
}

fn event_of(code: i32) -> Option<FxoEvent> {
    use FxoEvent::{Alarm, DialComplete, HookComplete, NoAlarm, OnHook, Polarity, Removed, RingBegin, RingOffHook};
    [OnHook, RingOffHook, Alarm, NoAlarm, DialComplete, HookComplete, Polarity, Removed, RingBegin]
        .into_iter()
        .find(|&event| event as i32 == code)
}

impl CardSocket {
    /// The driver's next datagram.
    ///
    /// # Errors
    /// [`PortError::WouldBlock`] when there is none, [`PortError::Gone`] when the driver closed its end.
    pub(crate) fn receive(&self) -> Result<Option<FromDriver>, PortError> {
        let mut buffer = [0; MAX_DATAGRAM];
        let n = receive(&self.socket, &mut buffer)?;
        self.shared.meter.read_by_line(1);
        let Some((&tag, rest)) = buffer.get(..n).and_then(<[u8]>::split_first) else { return Ok(None) };
        Ok(match tag {
            TAG_AUDIO => {
                let mut block = [0; BLOCK];
                let n = decode_audio(rest, &mut block);
                Some(FromDriver::Audio(n, block))
            }
            TAG_HOOK => match rest.first() {
                Some(0) => Some(FromDriver::Hook(HookCommand::OnHook)),
                Some(1) => Some(FromDriver::Hook(HookCommand::OffHook)),
                Some(3) => Some(FromDriver::Hook(HookCommand::Flash)),
                _ => None,
            },
            TAG_PULSE => Some(FromDriver::Pulse(rest.to_vec())),
            TAG_FLASH_TIME => rest
                .first_chunk::<4>()
                .map(|bytes| FromDriver::FlashTime(Duration::from_millis(u64::from(u32::from_ne_bytes(*bytes))))),
            _ => None,
        })
    }

    /// Sends a block of audio.
    ///
    /// # Errors
    /// [`PortError::WouldBlock`] when the driver does not read, [`PortError::Gone`].
    pub(crate) fn send_audio(&self, samples: &[i16]) -> Result<(), PortError> {
        let mut datagram = [0; MAX_DATAGRAM];
        let n = encode_audio(samples, &mut datagram);
        self.send(&datagram[..n])
    }

    /// Sends an event.
    ///
    /// # Errors
    /// As [`send_audio`](Self::send_audio).
    pub(crate) fn send_event(&self, event: FxoEvent) -> Result<(), PortError> {
        let [a, b, c, d] = (event as i32).to_ne_bytes();
        self.send(&[TAG_EVENT, a, b, c, d])
    }

    fn send(&self, datagram: &[u8]) -> Result<(), PortError> {
        transmit(&self.socket, datagram)?;
        self.shared.meter.sent_to_driver(1);
        Ok(())
    }

    /// Nothing waits for the driver any more (it will find its end closed).
    pub(crate) fn abandon(&self) {
        self.shared.meter.to_driver_sent.store(0, Ordering::Release);
    }
}

/// The oldest datagram, received and not yet asked for.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one, and the event thread must not allocate")]
enum Head {
    Empty,
    Event(FxoEvent),
    Audio(usize, [i16; BLOCK]),
}

/// An emulated FXO port, as its driver holds it. Closing it hangs up.
#[derive(Debug)]
pub struct EmulatedFxoPort {
    socket: OwnedFd,
    shared: Arc<Shared>,
    head: Head,
    /// Events that waited behind flushed audio.
    kept: VecDeque<FxoEvent>,
    off_hook: bool,
}

impl EmulatedFxoPort {
    /// Blocks of received audio that were lost because the driver did not read in time.
    pub fn lost_blocks(&self) -> u64 {
        self.shared.lost_blocks.load(Ordering::Relaxed)
    }

    /// Receives the oldest datagram into `head` if there is none.
    fn fill(&mut self) -> Result<(), PortError> {
        while matches!(self.head, Head::Empty) {
            let mut buffer = [0; MAX_DATAGRAM];
            let n = receive(&self.socket, &mut buffer)?;
            self.head = match buffer.get(..n).and_then(<[u8]>::split_first) {
                Some((&TAG_AUDIO, rest)) => {
                    let mut block = [0; BLOCK];
                    let n = decode_audio(rest, &mut block);
                    Head::Audio(n, block)
                }
                Some((&TAG_EVENT, rest)) => rest
                    .first_chunk::<4>()
                    .and_then(|code| event_of(i32::from_ne_bytes(*code)))
                    .map_or(Head::Empty, Head::Event),
                _ => Head::Empty,
            };
            if matches!(self.head, Head::Empty) {
                self.shared.meter.read_by_driver(1);
            }
        }
        Ok(())
    }

    /// The head was handed out.
    fn taken(&mut self) {
        self.head = Head::Empty;
        self.shared.meter.read_by_driver(1);
    }

    fn send(&mut self, datagram: &[u8]) -> Result<(), PortError> {
        transmit(&self.socket, datagram)?;
        self.shared.meter.sent_to_line(1);
        Ok(())
    }
}

impl FxoPort for EmulatedFxoPort {
    fn read(&mut self, block: &mut [i16; BLOCK]) -> Result<usize, PortError> {
        if !self.kept.is_empty() {
            return Err(PortError::EventPending);
        }
        self.fill()?;
        match &self.head {
            Head::Event(_) => Err(PortError::EventPending),
            Head::Empty => Err(PortError::WouldBlock),
            Head::Audio(n, samples) => {
                let n = *n;
                *block = *samples;
                self.taken();
                Ok(n)
            }
        }
    }

    fn write(&mut self, samples: &[i16]) -> Result<usize, PortError> {
        if !self.kept.is_empty() {
            return Err(PortError::EventPending);
        }
        match self.fill() {
            Ok(()) if matches!(self.head, Head::Event(_)) => return Err(PortError::EventPending),
            Ok(()) | Err(PortError::WouldBlock) => {}
            Err(error) => return Err(error),
        }
        let samples = &samples[..samples.len().min(BLOCK)];
        if samples.is_empty() {
            return Ok(0);
        }
        if self.shared.queued.load(Ordering::Acquire) + samples.len() > TRANSMIT_BLOCKS * BLOCK {
            return Err(PortError::WouldBlock);
        }
        let mut datagram = [0; MAX_DATAGRAM];
        let n = encode_audio(samples, &mut datagram);
        self.send(&datagram[..n])?;
        self.shared.queued.fetch_add(samples.len(), Ordering::AcqRel);
        Ok(samples.len())
    }

    fn hook(&mut self, command: HookCommand) -> Result<(), PortError> {
        let code = match command {
            HookCommand::OnHook => 0,
            HookCommand::OffHook => 1,
            HookCommand::Flash => {
                if !self.off_hook || !self.shared.steady.load(Ordering::Acquire) {
                    return Err(PortError::Os(Errno::EBUSY as i32));
                }
                3
            }
        };
        self.shared.steady.store(false, Ordering::Release);
        self.send(&[TAG_HOOK, code])?;
        self.off_hook = command != HookCommand::OnHook;
        Ok(())
    }

    fn dial_pulse(&mut self, digits: &[u8]) -> Result<(), PortError> {
        if digits.is_empty() || digits.len() > MAX_PULSE_DIGITS || !digits.iter().all(u8::is_ascii_digit) {
            return Err(PortError::Os(Errno::EINVAL as i32));
        }
        let mut datagram = [0; 1 + MAX_PULSE_DIGITS];
        datagram[0] = TAG_PULSE;
        datagram[1..=digits.len()].copy_from_slice(digits);
        self.send(&datagram[..=digits.len()])
    }

    fn event(&mut self) -> Result<Option<FxoEvent>, PortError> {
        if let Some(event) = self.kept.pop_front() {
            self.shared.meter.read_by_driver(1);
            return Ok(Some(event));
        }
        match self.fill() {
            Ok(()) => {}
            Err(PortError::WouldBlock) => return Ok(None),
            Err(error) => return Err(error),
        }
        let Head::Event(event) = self.head else { return Ok(None) };
        self.taken();
        Ok(Some(event))
    }

    fn set_flash(&mut self, time: Duration) -> Result<(), PortError> {
        let [a, b, c, d] = u32::try_from(time.as_millis()).unwrap_or(u32::MAX).to_ne_bytes();
        self.send(&[TAG_FLASH_TIME, a, b, c, d])
    }

    fn battery(&mut self) -> Result<bool, PortError> {
        Ok(self.shared.battery.load(Ordering::Acquire))
    }

    fn flush_audio(&mut self) -> Result<(), PortError> {
        loop {
            match self.fill() {
                Ok(()) => {}
                Err(PortError::WouldBlock) => return Ok(()),
                Err(error) => return Err(error),
            }
            match self.head {
                Head::Audio(..) => self.taken(),
                // With no room to keep more events the rest stays as it is.
                Head::Event(event) if self.kept.len() < MAX_EVENTS => {
                    self.kept.push_back(event);
                    self.head = Head::Empty;
                }
                _ => return Ok(()),
            }
        }
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.socket.as_fd())
    }

    fn drained(&self) -> bool {
        self.shared.meter.driver_is_drained()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_exact_and_an_event_blocks_the_audio_behind_it() {
        let (card, mut port) = pair().unwrap();
        card.send_audio(&[1; BLOCK]).unwrap();
        card.send_event(FxoEvent::RingBegin).unwrap();
        card.send_audio(&[2; BLOCK]).unwrap();
        let mut block = [0; BLOCK];
        assert!(!port.drained());
        assert_eq!(port.event(), Ok(None), "audio came first");
        assert_eq!(port.read(&mut block), Ok(BLOCK));
        assert_eq!(block[0], 1);
        assert_eq!(port.read(&mut block), Err(PortError::EventPending));
        assert_eq!(port.write(&[0; BLOCK]), Err(PortError::EventPending));
        assert_eq!(port.event(), Ok(Some(FxoEvent::RingBegin)));
        assert_eq!(port.read(&mut block), Ok(BLOCK));
        assert_eq!((block[159], port.read(&mut block)), (2, Err(PortError::WouldBlock)));
        assert!(port.drained());
    }

    #[test]
    fn a_flush_keeps_events() {
        let (card, mut port) = pair().unwrap();
        card.send_audio(&[1; BLOCK]).unwrap();
        card.send_event(FxoEvent::Polarity).unwrap();
        card.send_audio(&[2; BLOCK]).unwrap();
        port.flush_audio().unwrap();
        assert!(!port.drained(), "the event has not been fetched");
        assert_eq!(port.read(&mut [0; BLOCK]), Err(PortError::EventPending));
        assert_eq!(port.event(), Ok(Some(FxoEvent::Polarity)));
        assert_eq!(port.read(&mut [0; BLOCK]), Err(PortError::WouldBlock));
        assert!(port.drained());
    }

    #[test]
    fn removal_is_seen_after_what_was_sent() {
        let (card, mut port) = pair().unwrap();
        card.send_event(FxoEvent::Alarm).unwrap();
        drop(card);
        assert_eq!(port.event(), Ok(Some(FxoEvent::Alarm)));
        assert_eq!(port.event(), Err(PortError::Gone));
        assert_eq!(port.read(&mut [0; BLOCK]), Err(PortError::Gone));
        assert_eq!(port.hook(HookCommand::OffHook), Err(PortError::Gone));
    }

    #[test]
    fn the_transmit_queue_is_bounded() {
        let (card, mut port) = pair().unwrap();
        for _ in 0..TRANSMIT_BLOCKS {
            assert_eq!(port.write(&[5; 1000]), Ok(BLOCK), "one block at most");
        }
        assert_eq!(port.write(&[5; BLOCK]), Err(PortError::WouldBlock));
        card.shared.queued.store(0, Ordering::Release);
        assert_eq!(port.write(&[5; 10]), Ok(10), "a short write makes a short block");
        assert_eq!(port.hook(HookCommand::Flash), Err(PortError::Os(Errno::EBUSY as i32)), "on hook");
    }
}
