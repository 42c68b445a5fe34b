//! The call's audio: the voice streams of `+VTX`, `+VRX` and `+VTR` (V.253), while nothing else is wanted of the modem.
//!
//! A stream runs between jobs. Where the modem has both ways at once, `+VTR` runs as long as a program listens or may speak. Where
//! it has not, it receives while a program listens, transmits while one speaks, and hears nothing meanwhile. Whatever else is
//! wanted of the modem ends the stream first; it begins again afterwards.
//!
//! Samples are of 8 bits and 8 kHz. The modem's buffer is kept some 0.2 s ahead of its clock as ours measures it: its own may
//! be half a percent off, and then it runs dry for a moment now and then, or the port takes less.

use super::call::Job;
use super::chat::{Kind, Reply};
use super::dial::{Command, put, put_number};
use super::{EventQueue, Port, Service, VoiceModem};
use arrayvec::ArrayVec;
use loopstart_signal::at::{ResultCode, value};
use loopstart_signal::{Caps, LineEvent, ReleaseWitness, SAMPLE_RATE, Time, dle, g711, linear};
use std::time::Duration;

/// How often programs are looked after.
const TICK: Duration = Duration::from_millis(20);
/// How far the modem's buffer is kept ahead.
const AHEAD: Duration = Duration::from_millis(200);
/// A program that said nothing for so long has finished.
const PAUSE: Duration = Duration::from_millis(300);
/// `CONNECT` comes within this.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// The end of a stream comes within this.
const END_LIMIT: Duration = Duration::from_secs(1);
/// Streams that failed, or ended by themselves, after which the modem is not asked again in this call.
const FAILURES: u8 = 3;
/// Samples handled at once.
const PIECE: usize = 160;
/// The modem stops and restarts us with these where flow control is by characters (V.250 +IFC).
const XON: u8 = 0x11;
const XOFF: u8 = 0x13;

/// Which way audio goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Transmit,
    Receive,
    Duplex,
}

impl Way {
    const fn command(self) -> &'static [u8] {
        match self {
            Self::Transmit => b"AT+VTX",
            Self::Receive => b"AT+VRX",
            Self::Duplex => b"AT+VTR",
        }
    }

    const fn receives(self) -> bool {
        matches!(self, Self::Receive | Self::Duplex)
    }

    const fn transmits(self) -> bool {
        matches!(self, Self::Transmit | Self::Duplex)
    }
}

/// How far a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The format is being set.
    Format(Way),
    /// `CONNECT` is awaited.
    Starting(Way),
    /// Samples are on the wire.
    Running(Way),
    /// Its end is awaited; asked for once, or twice.
    Stopping(Way, bool),
}

/// How samples are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Unsigned,
    MuLaw,
    ALaw,
    Signed,
}

impl Coding {
    fn encode(self, sample: i16) -> u8 {
        match self {
            Self::Unsigned => linear::unsigned8_encode(sample),
            Self::Signed => linear::signed8_encode(sample),
            Self::MuLaw => g711::ulaw_encode(sample),
            Self::ALaw => g711::alaw_encode(sample),
        }
    }

    fn decode(self, byte: u8) -> i16 {
        match self {
            Self::Unsigned => linear::unsigned8_decode(byte),
            Self::Signed => linear::signed8_decode(byte),
            Self::MuLaw => g711::ulaw_decode(byte),
            Self::ALaw => g711::alaw_decode(byte),
        }
    }
}

/// A format that the modem has: its number, and how samples are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Format {
    id: u32,
    coding: Coding,
}

/// Finds a format among the answers to `+VSM=?`: `128,"8-BIT LINEAR",(7200,8000)` or `1,"UNSIGNED PCM",8,0,8000,0,0`. Numbers
/// differ between chips, names hardly. Unsigned samples come first, for every chip has them right.
pub(super) fn format(info: &[u8]) -> Option<Format> {
    let mut best: Option<(usize, Format)> = None;
    for line in info.split(|b| *b == b'\n') {
        let mut parts = value(line, b"+VSM").splitn(3, |b| *b == b'"');
        let (Some(number), Some(name), Some(rest)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let number = number.iter().filter(|b| b.is_ascii_digit());
        let id = number.take(4).fold(0, |id, digit| id * 10 + u32::from(digit - b'0'));
        let has = |word: &[u8]| name.windows(word.len()).any(|w| w.eq_ignore_ascii_case(word));
        if !rest.windows(4).any(|w| w == b"8000") {
            continue;
        }
        // What is called PCM without the number of bits has 8 only if it says so behind the name.
        let eight = has(b"8-BIT") || has(b"8 BIT") || rest.iter().find(|b| b.is_ascii_digit()) == Some(&b'8');
        let adaptive = has(b"ADPCM") || has(b"IMA") || has(b"G.72");
        let (rank, coding) = if adaptive || has(b"16") || has(b"14") {
            continue;
        } else if has(b"ULAW") || has(b"U-LAW") || has(b"MU") || has(b"711U") {
            (1, Coding::MuLaw)
        } else if has(b"ALAW") || has(b"A-LAW") || has(b"711A") {
            (2, Coding::ALaw)
        } else if !eight {
            continue;
        } else if has(b"UNSIGNED") || has(b"LINEAR") {
            (0, Coding::Unsigned)
        } else if has(b"SIGNED") {
            (3, Coding::Signed)
        } else {
            continue;
        };
        if best.is_none_or(|(r, _)| rank < r) {
            best = Some((rank, Format { id, coding }));
        }
    }
    best.map(|(_, format)| format)
}

/// What is known of the streams.
#[derive(Debug, Default)]
pub(super) struct State {
    /// The modem's format, found at its start; none: it has none that we know.
    pub(super) format: Option<Format>,
    /// `+VTR` was refused.
    half_duplex: bool,
    /// The format was set since the voice class was entered.
    set: bool,
    /// When programs are looked after next.
    at: Time,
    /// When the stream began, or ran dry last, and samples sent since.
    began: Time,
    sent: u64,
    /// When a program spoke last.
    spoke: Time,
    failures: u8,
    /// Received samples.
    heard: ArrayVec<i16, PIECE>,
    /// The first byte received has not come.
    fresh: bool,
    /// The modem's buffer is full.
    full: bool,
    /// The end of the received stream came.
    ended: bool,
}

impl State {
    /// The call is over, and with it what was set for it.
    pub(super) fn end_call(&mut self) {
        *self = Self { format: self.format, half_duplex: self.half_duplex, ..Self::default() };
    }
}

impl<P: Port> VoiceModem<P> {
    /// Whether streams may run: a voice call, and nothing went wrong with them.
    fn may_stream(&self) -> bool {
        self.caps.contains(Caps::AUDIO)
            && self.service == Service::Ready
            && self.voice_class
            && self.off_hook
            && !self.online
            && self.stream.failures < FAILURES
    }

    fn is_running(&self) -> bool {
        matches!(self.job, Job::Stream(Step::Running(_)))
    }

    pub(super) fn stream_deadline(&self) -> Option<Time> {
        let wanted = self.job == Job::None && (self.streams.has_readers() || self.streams.has_writers());
        (self.is_running() || (wanted && self.may_stream())).then_some(self.stream.at)
    }

    pub(super) fn stream_expire(&mut self, now: Time, events: &mut EventQueue) {
        if self.stream_deadline().is_none_or(|at| at > now) {
            return;
        }
        self.stream.at = now + TICK;
        match self.job {
            Job::None => {
                if let Some(way) = self.wanted() {
                    self.begin_stream(way, now, events);
                }
            }
            Job::Stream(Step::Running(way)) => {
                if way.receives() {
                    self.hand_on();
                }
                if way.transmits() {
                    self.speak(now, events);
                }
                // Where the modem hung up by itself there is nothing to hear.
                if self.is_finished(way, now) || self.untidy {
                    self.end_stream(now, events);
                }
            }
            _ => {}
        }
    }

    /// The stream that programs want.
    fn wanted(&mut self) -> Option<Way> {
        let (listens, speaks) = (self.streams.has_readers(), self.streams.is_spoken_to());
        if !self.stream.half_duplex && (listens || speaks) {
            Some(Way::Duplex)
        } else if speaks {
            Some(Way::Transmit)
        } else {
            listens.then_some(Way::Receive)
        }
    }

    /// Whether a running stream has had its time.
    fn is_finished(&mut self, way: Way, now: Time) -> bool {
        let silent = now.since(self.stream.spoke) > PAUSE && self.stream.sent <= self.due(now);
        match way {
            Way::Duplex => !self.streams.has_readers() && silent,
            Way::Receive => !self.streams.has_readers() || self.streams.is_spoken_to(),
            Way::Transmit => silent,
        }
    }

    fn begin_stream(&mut self, way: Way, now: Time, events: &mut EventQueue) {
        if let (false, Some(format)) = (self.stream.set, self.stream.format) {
            let mut command = Command::new();
            put(&mut command, b"AT+VSM=");
            put_number(&mut command, format.id);
            put(&mut command, b",8000");
            self.job = Job::Stream(Step::Format(way));
            return self.ask(&command, now, events);
        }
        self.job = Job::Stream(Step::Starting(way));
        self.send(way.command(), Kind::Go, CONNECT_LIMIT, now, events);
    }

    pub(super) fn stream_step(&mut self, step: Step, reply: Reply, now: Time, events: &mut EventQueue) {
        if reply == Reply::Code(ResultCode::NoCarrier) {
            events.push(LineEvent::Released(ReleaseWitness::ResultCode));
            return self.hang_up(None, now, events);
        }
        match (step, reply) {
            (Step::Format(way), Reply::Code(_)) => {
                if reply.is_ok() {
                    self.stream.set = true;
                    if self.queue.is_empty() {
                        self.begin_stream(way, now, events);
                    } else {
                        self.end_job(now, events);
                    }
                } else {
                    self.stream_failed(FAILURES, now, events);
                }
            }
            (Step::Starting(way), Reply::Code(ResultCode::Connect(_))) => {
                let stream = &mut self.stream;
                (stream.began, stream.spoke, stream.sent, stream.at) = (now, now, 0, now);
                (stream.fresh, stream.full, stream.ended) = (true, false, false);
                stream.heard.clear();
                self.job = Job::Stream(Step::Running(way));
                if !self.queue.is_empty() {
                    self.end_stream(now, events);
                }
            }
            // It has not both ways at once.
            (Step::Starting(Way::Duplex), Reply::Code(_)) => {
                self.stream.half_duplex = true;
                self.end_job(now, events);
            }
            (Step::Starting(_), Reply::Code(_)) => self.stream_failed(1, now, events),
            (Step::Stopping(..), Reply::Code(_)) => self.end_job(now, events),
            (Step::Stopping(way, false), _) => {
                // Some take only this for the end of what they send, and it ends nothing else.
                self.put_bytes(&[dle::DLE, dle::ESC]);
                self.flush(now, events);
                self.job = Job::Stream(Step::Stopping(way, true));
                self.await_reply(END_LIMIT, now);
            }
            _ => self.recover(now, events),
        }
    }

    fn stream_failed(&mut self, weight: u8, now: Time, events: &mut EventQueue) {
        self.stream.failures = self.stream.failures.saturating_add(weight);
        self.end_job(now, events);
    }

    /// Ends a running stream; the job is over when the modem has said so.
    pub(super) fn end_stream(&mut self, now: Time, events: &mut EventQueue) {
        let Job::Stream(Step::Running(way)) = self.job else { return };
        self.hand_on();
        // Whoever hangs up does not wait for what is still to be played.
        let hurry = self.queue.iter().any(|a| a.kind == loopstart_signal::ActionKind::Release);
        let ahead = if hurry { Duration::ZERO } else { AHEAD };
        match way {
            Way::Receive => self.put_bytes(&[dle::DLE, b'!']),
            Way::Duplex => self.put_bytes(&[dle::DLE, b'^']),
            Way::Transmit if hurry => self.put_bytes(&[dle::DLE, dle::CAN, dle::DLE, dle::ETX]),
            Way::Transmit => self.put_bytes(&[dle::DLE, dle::ETX]),
        }
        self.flush(now, events);
        self.job = Job::Stream(Step::Stopping(way, false));
        self.await_reply(END_LIMIT + ahead, now);
    }

    /// `<DLE><ETX>` from the modem.
    pub(super) fn stream_ended(&mut self, now: Time, events: &mut EventQueue) {
        match self.job {
            Job::Stream(Step::Running(way)) => {
                // By itself: a timeout of its own, or it cannot go on.
                self.hand_on();
                self.stream.failures = self.stream.failures.saturating_add(1);
                self.stream.ended = true;
                self.job = Job::Stream(Step::Stopping(way, false));
                self.await_reply(END_LIMIT, now);
            }
            Job::Stream(Step::Stopping(..)) => {
                self.hand_on();
                self.stream.ended = true;
            }
            _ => self.noise(2, now, events),
        }
    }

    /// Whether the modem plays and does not receive.
    pub(super) fn is_transmitting(&self) -> bool {
        matches!(self.job, Job::Stream(Step::Running(Way::Transmit) | Step::Stopping(Way::Transmit, _)))
    }

    /// Whether the bytes that come are samples.
    pub(super) fn is_receiving(&self) -> bool {
        match self.job {
            Job::Stream(Step::Running(way) | Step::Stopping(way, _)) => way.receives() && !self.stream.ended,
            _ => false,
        }
    }

    /// A byte of the received stream.
    pub(super) fn sample(&mut self, byte: u8) {
        // The line feed behind CONNECT.
        if std::mem::take(&mut self.stream.fresh) && byte == b'\n' {
            return;
        }
        let Some(format) = self.stream.format else { return };
        if self.stream.heard.is_full() {
            self.hand_on();
        }
        let _ = self.stream.heard.try_push(format.coding.decode(byte));
    }

    /// A byte outside of a received stream: true when it is the modem's flow control of what we send.
    pub(super) fn flow(&mut self, byte: u8) -> bool {
        if self.is_transmitting() && matches!(byte, XON | XOFF) {
            self.stream.full = byte == XOFF;
            return true;
        }
        false
    }

    /// Hands received samples to the programs.
    fn hand_on(&mut self) {
        self.streams.hear(&self.stream.heard);
        self.stream.heard.clear();
    }

    /// Samples that the modem has played since the stream began.
    fn due(&self, now: Time) -> u64 {
        now.since(self.stream.began).as_micros() as u64 * u64::from(SAMPLE_RATE) / 1_000_000
    }

    /// Sends what programs say, as far as the modem's buffer is to be filled.
    fn speak(&mut self, now: Time, events: &mut EventQueue) {
        let Some(format) = self.stream.format else { return };
        let due = self.due(now);
        if self.stream.sent < due {
            // It ran dry: what comes now is played at once.
            (self.stream.began, self.stream.sent) = (now, 0);
        }
        let ahead = AHEAD.as_millis() as u64 * u64::from(SAMPLE_RATE) / 1_000;
        let target = self.due(now) + ahead;
        while !self.stream.full && self.stream.sent < target {
            // Each sample may take two bytes, and the end of the stream needs some too.
            let room = self.out.remaining_capacity().saturating_sub(8) / 2;
            let wanted = usize::try_from(target - self.stream.sent).unwrap_or(PIECE).min(PIECE).min(room);
            let mut samples = [0; PIECE];
            let Some(samples) = samples.get_mut(..wanted).filter(|s| !s.is_empty()) else { break };
            let said = self.streams.say(samples);
            if said == 0 {
                break;
            }
            self.stream.spoke = now;
            self.stream.sent += said as u64;
            let out = &mut self.out;
            for sample in samples.iter().take(said) {
                dle::Encoder::new().data(&[format.coding.encode(*sample)], |byte| {
                    let _ = out.try_push(byte);
                });
            }
            self.flush(now, events);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known_by_their_names() {
        let cx = b"0,\"SIGNED PCM\",8,0,8000,0,0\n1,\"UNSIGNED PCM\",8,0,8000,0,0\n129,\"IMA ADPCM\",4,0,8000,0,0\n131,\"Mu-Law\",8,0,8000,0,0\n133,\"14 bit PCM\",14,0,8000,0,0\n";
        assert_eq!(format(cx), Some(Format { id: 1, coding: Coding::Unsigned }));
        let agere = b"+VSM: 128,\"8-BIT LINEAR\",(7200,8000,11025)\n+VSM: 129,\"16-BIT LINEAR\",(7200,8000,11025)\n";
        assert_eq!(format(agere), Some(Format { id: 128, coding: Coding::Unsigned }));
        assert_eq!(
            format(b"5,\"G.711A\",8,0,8000\n4,\"G.711U\",8,0,8000\n"),
            Some(Format { id: 4, coding: Coding::MuLaw })
        );
        assert_eq!(format(b"0,\"SIGNED PCM\",8,0,8000,0,0\n"), Some(Format { id: 0, coding: Coding::Signed }));
        for other in [
            &b"2,\"ADPCM\",4,0,8000\n"[..],
            b"128,\"8-BIT LINEAR\",(7200)\n",
            b"1,\"UNSIGNED PCM\",16,0,8000\n",
            b"",
            b"\"\"\n",
        ] {
            assert_eq!(format(other), None);
        }
    }
}
