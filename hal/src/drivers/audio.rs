//! A line's audio for programs: stream sockets that carry 16-bit samples of the native byte order, one channel, 8 kHz.
//!
//! # What does it do?
//!
//! A program that wants to hear or to say something in a call holds one end of a socket pair, the line's device the other.
//! Each reader gets a copy of what the line says. What the writers send is mixed. Bytes may come and go in any number: a sample that
//! was cut in two is put together again.
//!
//! # How does it work?
//!
//! [`Streams`] lives in the device, in the event thread, and has a fixed number of places: nothing is allocated, nothing waits.
//! A reader that is slow fills its socket, then a ring of [`RING`] samples here; after that the oldest samples of the ring are
//! lost, and counted. A writer that is fast fills its socket and then waits by itself; one that is slow is silent meanwhile.
//! [`AudioGate`] is what other threads see of it: which places are free.
//!
//! A stream belongs to a call, known by a number. While the call is held its readers get nothing and its writers wait.
//! When the call has ended the socket is shut down and closed: the program reads what is left and then the end of the file.

use arrayvec::ArrayVec;
use loopstart_signal::MediaOrder;
use nix::errno::Errno;
use nix::sys::socket::{self, AddressFamily, MsgFlags, Shutdown, SockFlag, SockType, sockopt};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

/// Most programs that hear a line at the same time.
pub const READERS: usize = 4;
/// Most programs that speak on a line at the same time.
pub const WRITERS: usize = 4;
/// Samples kept for a reader whose socket is full: 0.5 s.
pub const RING: usize = 4_096;
/// Samples handled at once (20 ms).
const PIECE: usize = 160;
/// Samples thrown away at most for one order: more than all sockets of a line hold.
const DISCARDED: usize = 65_536;
/// What a socket holds, in bytes as the kernel counts them: with its overhead about half a second in pieces of 20 ms.
const SOCKET_BYTES: usize = 16_384;

/// Which way audio goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the line to the program: what the line says (`wave/in`).
    FromLine,
    /// From the program to the line: what to say (`wave/out`).
    ToLine,
}

/// What has become of the call of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallAudio {
    /// It has the line.
    Live,
    /// It is held: somebody else has the line.
    Held,
    /// It is over.
    Ended,
}

/// What other threads see of a line's streams.
#[derive(Debug, Default)]
pub struct AudioGate {
    able: AtomicBool,
    readers: AtomicU8,
    writers: AtomicU8,
    lost: AtomicU64,
}

impl AudioGate {
    /// Whether the device can give and take audio, as far as is known.
    pub fn is_able(&self) -> bool {
        self.able.load(Ordering::Acquire)
    }

    /// Samples that slow readers lost, since the device was made.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    fn places(&self, direction: Direction) -> (&AtomicU8, usize) {
        match direction {
            Direction::FromLine => (&self.readers, READERS),
            Direction::ToLine => (&self.writers, WRITERS),
        }
    }

    /// Takes a place and makes a pair of sockets for the call `tag`: the program's end, and the device's, which keeps the place
    /// as long as it lives. `held`: the call does not have the line at present. `None`: no place is free.
    ///
    /// # Errors
    /// When no sockets can be made.
    pub fn open(
        self: &Arc<Self>,
        tag: u32,
        direction: Direction,
        held: bool,
    ) -> io::Result<Option<(OwnedFd, AudioStream)>> {
        let (taken, most) = self.places(direction);
        let step = |n: u8| (usize::from(n) < most).then(|| n + 1);
        if taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, step).is_err() {
            return Ok(None);
        }
        let pair = socket::socketpair(AddressFamily::Unix, SockType::Stream, None, SockFlag::SOCK_CLOEXEC);
        let (theirs, ours) = match pair {
            Ok(pair) => pair,
            Err(error) => {
                taken.fetch_sub(1, Ordering::AcqRel);
                return Err(error.into());
            }
        };
        let sender = if direction == Direction::FromLine { &ours } else { &theirs };
        // Only how much is kept for the other side depends on it.
        let _ = socket::setsockopt(sender, sockopt::SndBuf, &SOCKET_BYTES);
        let stream = AudioStream { tag, direction, held, socket: ours, gate: Arc::clone(self) };
        Ok(Some((theirs, stream)))
    }
}

/// The device's end of a stream. Whoever lets go of it ends the stream.
#[derive(Debug)]
pub struct AudioStream {
    tag: u32,
    direction: Direction,
    held: bool,
    socket: OwnedFd,
    gate: Arc<AudioGate>,
}

impl AudioStream {
    /// Receives what is there. `Ok(0)`: nothing at present; `None`: the other side is gone.
    fn receive(&self, buffer: &mut [u8]) -> Option<usize> {
        match socket::recv(self.socket.as_raw_fd(), buffer, MsgFlags::MSG_DONTWAIT) {
            Ok(0) => None,
            Ok(n) => Some(n),
            Err(Errno::EAGAIN | Errno::EINTR) => Some(0),
            Err(_) => None,
        }
    }

    /// Sends what fits. `None`: the other side is gone.
    fn send(&self, bytes: &[u8]) -> Option<usize> {
        let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
        match socket::send(self.socket.as_raw_fd(), bytes, flags) {
            Ok(n) => Some(n),
            Err(Errno::EAGAIN | Errno::EINTR) => Some(0),
            Err(_) => None,
        }
    }
}

impl Drop for AudioStream {
    fn drop(&mut self) {
        // The program may have passed its end on: all of them are to see the end.
        let _ = socket::shutdown(self.socket.as_raw_fd(), Shutdown::Both);
        self.gate.places(self.direction).0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A place for a reader.
#[derive(Debug)]
struct Reader {
    stream: Option<AudioStream>,
    ring: Box<[i16]>,
    /// Where the oldest sample is, and how many there are.
    from: usize,
    count: usize,
    /// The second half of a sample whose first half is out.
    half: Option<u8>,
}

impl Reader {
    fn new() -> Self {
        Self { stream: None, ring: vec![0; RING].into(), from: 0, count: 0, half: None }
    }

    fn take(&mut self, stream: AudioStream) {
        *self = Self { stream: Some(stream), ring: std::mem::take(&mut self.ring), from: 0, count: 0, half: None };
    }

    /// Keeps samples; answers how many old ones were lost.
    fn keep(&mut self, samples: &[i16]) -> usize {
        let mut lost = 0;
        for &sample in samples {
            if self.count == self.ring.len() {
                self.from = (self.from + 1) % RING;
                self.count -= 1;
                lost += 1;
            }
            if let Some(place) = self.ring.get_mut((self.from + self.count) % RING) {
                *place = sample;
                self.count += 1;
            }
        }
        lost
    }

    /// Sends what the socket takes.
    fn flush(&mut self) {
        while let Some(stream) = &self.stream {
            let mut bytes = ArrayVec::<u8, { 2 * PIECE + 1 }>::new();
            bytes.extend(self.half);
            let old = bytes.len();
            for i in 0..self.count.min(PIECE) {
                bytes.extend(self.ring.get((self.from + i) % RING).copied().unwrap_or_default().to_ne_bytes());
            }
            if bytes.is_empty() {
                return;
            }
            let Some(sent) = stream.send(&bytes) else {
                self.stream = None;
                return;
            };
            if sent == 0 {
                return;
            }
            // Samples whose first byte is out are out; the other byte of the last one waits.
            let begun = sent.saturating_sub(old).div_ceil(2);
            self.half = bytes.get(sent).copied().filter(|_| (sent - old) % 2 == 1);
            self.from = (self.from + begun) % RING;
            self.count -= begun;
            if sent < bytes.len() {
                return;
            }
        }
    }
}

/// A place for a writer.
#[derive(Debug, Default)]
struct Writer {
    stream: Option<AudioStream>,
    /// The first half of a sample whose second half has not come.
    half: Option<u8>,
}

impl Writer {
    /// Takes up to `samples` samples, at most [`PIECE`], out of the socket.
    fn take(&mut self, samples: usize, sink: &mut impl FnMut(usize, i16)) {
        let Some(stream) = self.stream.as_ref().filter(|stream| !stream.held) else { return };
        let mut bytes = [0; 2 * PIECE];
        let old = usize::from(self.half.is_some());
        if let (Some(half), Some(first)) = (self.half, bytes.first_mut()) {
            *first = half;
        }
        let Some(room) = bytes.get_mut(old..2 * samples.min(PIECE)).filter(|room| !room.is_empty()) else { return };
        let Some(received) = stream.receive(room) else {
            *self = Self::default();
            return;
        };
        let all = bytes.get(..old + received).unwrap_or_default();
        let pairs = all.chunks_exact(2);
        self.half = pairs.remainder().first().copied();
        for (i, pair) in pairs.enumerate() {
            if let [a, b] = *pair {
                sink(i, i16::from_ne_bytes([a, b]));
            }
        }
    }
}

/// The streams of one line. Lives in its device; makes nothing, waits for nothing.
#[derive(Debug)]
pub struct Streams {
    gate: Arc<AudioGate>,
    readers: [Reader; READERS],
    writers: [Writer; WRITERS],
    /// The writers wait.
    paused: bool,
}

impl Default for Streams {
    fn default() -> Self {
        Self::new()
    }
}

impl Streams {
    /// No streams, and places for them.
    pub fn new() -> Self {
        Self {
            gate: Arc::default(),
            readers: std::array::from_fn(|_| Reader::new()),
            writers: std::array::from_fn(|_| Writer::default()),
            paused: false,
        }
    }

    /// What other threads need to open one.
    pub fn gate(&self) -> Arc<AudioGate> {
        Arc::clone(&self.gate)
    }

    /// Says whether the device can give and take audio.
    pub fn set_able(&mut self, able: bool) {
        self.gate.able.store(able, Ordering::Release);
    }

    /// Takes a stream over. One of another line, for which there may be no place, ends.
    pub fn attach(&mut self, stream: AudioStream) {
        match stream.direction {
            Direction::FromLine => {
                if let Some(place) = self.readers.iter_mut().find(|r| r.stream.is_none()) {
                    place.take(stream);
                }
            }
            Direction::ToLine => {
                if let Some(place) = self.writers.iter_mut().find(|w| w.stream.is_none()) {
                    *place = Writer { stream: Some(stream), half: None };
                }
            }
        }
    }

    /// Something has become of the call `tag`.
    pub fn call(&mut self, tag: u32, audio: CallAudio) {
        for reader in &mut self.readers {
            let Some(stream) = reader.stream.as_mut().filter(|stream| stream.tag == tag) else { continue };
            stream.held = audio == CallAudio::Held;
            if audio == CallAudio::Ended {
                reader.flush();
                reader.stream = None;
                self.gate.lost.fetch_add(reader.count as u64, Ordering::Relaxed);
            }
        }
        for writer in &mut self.writers {
            let Some(stream) = writer.stream.as_mut().filter(|stream| stream.tag == tag) else { continue };
            stream.held = audio == CallAudio::Held;
            if audio == CallAudio::Ended {
                *writer = Writer::default();
            }
        }
    }

    /// Plays what the writers say, lets them wait, or throws away what they said so far.
    pub fn order(&mut self, order: MediaOrder) {
        self.paused = order == MediaOrder::Pause;
        if order == MediaOrder::Reset {
            // What comes while this is done counts as said before; a writer that goes on and on must not hold it up.
            for _ in 0..DISCARDED / PIECE {
                if !self.is_spoken_to() {
                    break;
                }
                self.discard(PIECE);
            }
        }
    }

    /// Whether anybody listens.
    pub fn has_readers(&self) -> bool {
        self.readers.iter().any(|r| r.stream.as_ref().is_some_and(|stream| !stream.held))
    }

    /// Whether anybody may speak.
    pub fn has_writers(&self) -> bool {
        self.writers.iter().any(|w| w.stream.as_ref().is_some_and(|stream| !stream.held))
    }

    /// Whether a writer that need not wait has sent something that was not taken. One that is gone is let go.
    pub fn is_spoken_to(&mut self) -> bool {
        if self.paused {
            return false;
        }
        let mut spoken = false;
        for writer in &mut self.writers {
            let Some(stream) = writer.stream.as_ref().filter(|stream| !stream.held) else { continue };
            let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_PEEK;
            match socket::recv(stream.socket.as_raw_fd(), &mut [0], flags) {
                Ok(0) => *writer = Writer::default(),
                Ok(_) => spoken = true,
                Err(Errno::EAGAIN | Errno::EINTR) => {}
                Err(_) => *writer = Writer::default(),
            }
        }
        spoken
    }

    /// What the line says, for every reader.
    pub fn hear(&mut self, samples: &[i16]) {
        let mut lost = 0;
        for reader in &mut self.readers {
            if reader.stream.as_ref().is_some_and(|stream| !stream.held) {
                lost += reader.keep(samples);
            }
            reader.flush();
        }
        if lost > 0 {
            self.gate.lost.fetch_add(lost as u64, Ordering::Relaxed);
        }
    }

    /// Adds what the writers say to `out`, clipped. Answers how many samples any of them gave.
    pub fn say(&mut self, out: &mut [i16]) -> usize {
        if self.paused {
            return 0;
        }
        let mut most = 0;
        for part in out.chunks_mut(PIECE) {
            let mut sum = [0i32; PIECE];
            let mut given = 0;
            for writer in &mut self.writers {
                writer.take(part.len(), &mut |i, sample| {
                    if let Some(place) = sum.get_mut(i) {
                        *place += i32::from(sample);
                        given = given.max(i + 1);
                    }
                });
            }
            for (sample, said) in part.iter_mut().zip(sum).take(given) {
                *sample = (i32::from(*sample) + said).clamp(i16::MIN.into(), i16::MAX.into()) as i16;
            }
            most += given;
        }
        most
    }

    /// Takes what the writers say of this many samples and forgets it: the line is muted.
    pub fn discard(&mut self, samples: usize) {
        if self.paused {
            return;
        }
        for writer in &mut self.writers {
            writer.take(samples, &mut |_, _| {});
        }
    }
}

#[cfg(test)]
mod tests;
