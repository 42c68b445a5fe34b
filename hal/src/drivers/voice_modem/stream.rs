//! The call's audio: the voice streams of `+VTX`, `+VRX` and `+VTR` (V.253), while nothing else is wanted of the modem.
//!
//! A stream runs between jobs. Where the modem has both ways at once, `+VTR` runs as long as a program listens or may speak. Where
//! it has not, it receives while a program listens, transmits while one speaks, and hears nothing meanwhile. Whatever else is
//! wanted of the modem ends the stream first; it begins again afterwards.
//!
//! Samples are coded as the modem has it (`codec`). Its buffer is kept some 0.2 s ahead of its clock as ours measures it: its
//! own may be half a percent off, and then it runs dry for a moment now and then, or the port takes less and the rest waits
//! with us. Its commands, and what ends them, are the profile's.

use super::call::Job;
use super::chat::{Kind, Reply};
use super::dial::Command;
use super::profile::Profile;
use super::{EventQueue, Port, Service, VoiceModem, profile};
use arrayvec::ArrayVec;
use loopstart_signal::at::ResultCode;
use loopstart_signal::{Caps, LineEvent, ReleaseWitness, SAMPLE_RATE, Time, dle};
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
/// What a slow modem and the system's buffers before it may still have to play when we are done.
const BACKLOG: Duration = Duration::from_secs(2);
/// A modem's clock cannot have gained so much on ours in less than this.
const DRIFT: Duration = Duration::from_secs(1);
/// Bytes of the queue towards the modem that are kept for the end of a stream.
const RESERVE: usize = 256;
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
    const fn command(self, profile: &Profile) -> &'static str {
        match self {
            Self::Transmit => profile.stream.transmit,
            Self::Receive => profile.stream.receive,
            Self::Duplex => profile.stream.duplex,
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

/// What is known of the streams.
#[derive(Debug, Default)]
pub(super) struct State {
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
    /// The codec has something of what was said last.
    owes: bool,
    failures: u8,
    /// Received samples.
    pub(super) heard: ArrayVec<i16, PIECE>,
    /// The first byte received has not come.
    fresh: bool,
    /// The modem's buffer is full.
    full: bool,
    /// The end of the received stream came.
    ended: bool,
    /// What was sent is still to be played, and then the stream ends.
    leaving: bool,
}

impl State {
    /// The call is over, and with it what was set for it.
    pub(super) fn end_call(&mut self) {
        *self = Self { half_duplex: self.half_duplex, ..Self::default() };
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
                if self.stream.leaving {
                    return self.end_stream(now, events);
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
        if !self.stream.half_duplex && !self.profile.stream.duplex.is_empty() && (listens || speaks) {
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
            // Its end throws away what a slow modem still has.
            Way::Duplex => !self.streams.has_readers() && silent && now.since(self.stream.spoke) > BACKLOG,
            Way::Receive => !self.streams.has_readers() || self.streams.is_spoken_to(),
            Way::Transmit => silent,
        }
    }

    fn begin_stream(&mut self, way: Way, now: Time, events: &mut EventQueue) {
        if let (false, Some(format)) = (self.stream.set, self.codec.format()) {
            let mut command = Command::new();
            let values = [("id", format.id), ("rate", u32::from(format.rate))];
            profile::fill(&mut command, self.profile.stream.set, &values);
            self.job = Job::Stream(Step::Format(way));
            return self.ask(&command, now, events);
        }
        self.job = Job::Stream(Step::Starting(way));
        self.send(way.command(self.profile).as_bytes(), Kind::Go, CONNECT_LIMIT, now, events);
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
                (stream.owes, stream.leaving) = (false, false);
                stream.heard.clear();
                self.codec.begin();
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
                self.put_bytes(self.profile.stream.stop_other);
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
        if way == Way::Duplex && !hurry && self.stream.sent > self.due(now) {
            // Its end throws away what is still to be played: that is little, and the last word is among it.
            if !std::mem::replace(&mut self.stream.leaving, true) {
                self.say_rest();
                self.flush(now, events);
            }
            return;
        }
        let stream = &self.profile.stream;
        let mut limit = END_LIMIT;
        match way {
            Way::Receive => self.put_bytes(stream.stop),
            Way::Duplex => {
                self.say_rest();
                self.put_bytes(stream.stop_duplex);
            }
            Way::Transmit if hurry => self.put_bytes(&[dle::DLE, dle::CAN, dle::DLE, dle::ETX]),
            Way::Transmit => {
                self.say_rest();
                self.put_bytes(&[dle::DLE, dle::ETX]);
                limit += AHEAD + BACKLOG;
            }
        }
        self.flush(now, events);
        self.job = Job::Stream(Step::Stopping(way, false));
        self.await_reply(limit, now);
    }

    /// `<DLE><ETX>` from the modem.
    pub(super) fn stream_ended(&mut self, now: Time, events: &mut EventQueue) {
        match self.job {
            Job::Stream(Step::Running(way)) => {
                // By itself: a timeout of its own, or it cannot go on.
                self.hear_rest();
                self.stream.failures = self.stream.failures.saturating_add(1);
                self.stream.ended = true;
                self.job = Job::Stream(Step::Stopping(way, false));
                self.await_reply(END_LIMIT, now);
            }
            Job::Stream(Step::Stopping(..)) => {
                self.hear_rest();
                self.stream.ended = true;
            }
            _ => self.noise(2, now, events),
        }
    }

    /// Whether programs speak, or did a moment ago.
    pub(super) fn is_speaking(&self, now: Time) -> bool {
        self.stream.sent > 0 && now.since(self.stream.spoke) <= PAUSE
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
        // A byte has four samples at most.
        if self.stream.heard.remaining_capacity() < 4 {
            self.hand_on();
        }
        let heard = &mut self.stream.heard;
        self.codec.decode(byte, &mut |sample| {
            let _ = heard.try_push(sample);
        });
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
        let evidence = self.call.dialled && !self.call.answered;
        let talking = self.off_hook && !evidence;
        let Self { streams, codec, stream, ear, watch, .. } = self;
        codec.hear(&stream.heard, &mut |samples| {
            streams.hear(samples);
            watch.overhear(ear, samples, evidence, talking);
        });
        self.stream.heard.clear();
    }

    /// The received stream is over.
    fn hear_rest(&mut self) {
        self.hand_on();
        let streams = &mut self.streams;
        self.codec.hear_rest(&mut |samples| streams.hear(samples));
    }

    /// What we say is over: what the codec still has goes out, into the room that was kept for it.
    fn say_rest(&mut self) {
        self.stream.owes = false;
        let out = &mut self.out;
        self.codec.finish(&mut |byte| shielded(byte, out));
    }

    /// Samples that the modem has played since the stream began.
    fn due(&self, now: Time) -> u64 {
        now.since(self.stream.began).as_micros() as u64 * u64::from(SAMPLE_RATE) / 1_000_000
    }

    /// The modem ran dry. If that was in the middle of speech, its clock is faster than ours: it gets ahead anew.
    pub(super) fn ran_dry(&mut self, now: Time) {
        if self.is_sending() && now.since(self.stream.began) >= DRIFT {
            (self.stream.began, self.stream.sent) = (now, 0);
        }
    }

    fn is_sending(&self) -> bool {
        matches!(self.job, Job::Stream(Step::Running(way)) if way.transmits())
    }

    /// Sends what programs say, as far as the modem's buffer is to be filled.
    fn speak(&mut self, now: Time, events: &mut EventQueue) {
        let due = self.due(now);
        if self.stream.sent < due {
            // It ran dry: what comes now is played at once.
            (self.stream.began, self.stream.sent) = (now, 0);
        }
        let ahead = AHEAD.as_millis() as u64 * u64::from(SAMPLE_RATE) / 1_000;
        let target = self.due(now) + ahead;
        while !self.stream.full && self.stream.sent < target {
            // The end of the stream needs room too.
            let room = self.out.remaining_capacity().saturating_sub(RESERVE) / self.codec.widest();
            let wanted = usize::try_from(target - self.stream.sent).unwrap_or(PIECE).min(PIECE).min(room);
            let mut samples = [0; PIECE];
            let Some(samples) = samples.get_mut(..wanted).filter(|s| !s.is_empty()) else { break };
            let said = self.streams.say(samples);
            if said == 0 {
                break;
            }
            (self.stream.spoke, self.stream.owes) = (now, true);
            self.stream.sent += said as u64;
            let out = &mut self.out;
            self.codec.encode(samples.get(..said).unwrap_or_default(), &mut |byte| shielded(byte, out));
            self.flush(now, events);
        }
        // The modem is about to run dry: what the codec has left of the last words belongs right behind them.
        let soon = TICK.as_millis() as u64 * 3 * u64::from(SAMPLE_RATE) / 1_000;
        if self.stream.owes && self.stream.sent < self.due(now) + soon {
            self.say_rest();
            self.flush(now, events);
        }
    }
}

/// A byte of the stream on its way to the modem.
fn shielded<const N: usize>(byte: u8, out: &mut ArrayVec<u8, N>) {
    dle::Encoder::new().data(&[byte], |byte| {
        let _ = out.try_push(byte);
    });
}
