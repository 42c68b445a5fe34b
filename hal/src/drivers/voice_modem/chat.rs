//! One command at a time: sent, answered or given up.

use super::dial::Command;
use super::{EventQueue, Port, VoiceModem};
use loopstart_signal::Time;
use loopstart_signal::at::ResultCode;
use std::time::Duration;

/// Between the end of one command and the next: old modems lose what comes at once.
pub(super) const GAP: Duration = Duration::from_millis(20);
/// An abort must not follow a command sooner (V.250, 5.6.1).
const ABORT_GUARD: Duration = Duration::from_millis(125);
/// The modem has this long to say that it aborted.
const ABORT_LIMIT: Duration = Duration::from_secs(2);
/// A numeric result is believed when no line feed follows; at once where numeric results are usual.
const NUMERIC_SETTLE: Duration = Duration::from_millis(300);
const NUMERIC_SETTLE_USUAL: Duration = Duration::from_millis(40);
/// A result without the end of its line is believed after this silence.
const PARTIAL_SETTLE: Duration = Duration::from_millis(200);

/// Which results end a command, and what may be done while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `OK`, `ERROR`, `VCON`.
    Plain,
    /// Hanging up: `NO CARRIER` may come before `OK`.
    HangUp,
    /// Dialling or answering: any result ends it, any character aborts it.
    Go,
}

/// A command on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flight {
    pub(super) kind: Kind,
    /// When it is (or was) sent.
    pub(super) at: Time,
    pub(super) sent: bool,
    deadline: Time,
    abort_at: Option<Time>,
    pub(super) aborted: bool,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// With a result.
    Code(ResultCode),
    /// With none in time.
    Timeout,
    /// No command: a planned wait is over.
    Waited,
}

impl Reply {
    pub(super) const fn is_ok(self) -> bool {
        matches!(self, Self::Code(ResultCode::Ok | ResultCode::VoiceConnect))
    }
}

/// The exchange of commands and answers.
#[derive(Debug, Default)]
pub(super) struct Chat {
    pub(super) flight: Option<Flight>,
    command: Command,
    /// Lines between the command and its result, joined with line feeds.
    pub(super) info: arrayvec::ArrayVec<u8, 512>,
    not_before: Time,
    wait: Option<Time>,
    /// A digit that may be a numeric result.
    hint: Option<(ResultCode, arrayvec::ArrayVec<u8, 3>, Time)>,
    /// The modem answers in numbers.
    pub(super) numeric: bool,
    /// It frames the numbers as if they were texts.
    framed_numbers: bool,
    last_byte: Time,
}

impl<P: Port> VoiceModem<P> {
    /// Sends a command (or plans it, when the last one has only just ended).
    pub(super) fn send(&mut self, text: &[u8], kind: Kind, limit: Duration, now: Time, events: &mut EventQueue) {
        let chat = &mut self.chat;
        chat.command.clear();
        super::dial::put(&mut chat.command, text);
        chat.info.clear();
        chat.hint = None;
        chat.wait = None;
        let at = now.max(chat.not_before);
        chat.flight = Some(Flight { kind, at, sent: false, deadline: at + limit, abort_at: None, aborted: false });
        if at <= now {
            self.transmit(now, events);
        }
    }

    /// A plain command with the usual 2 s.
    pub(super) fn ask(&mut self, text: &[u8], now: Time, events: &mut EventQueue) {
        self.send(text, Kind::Plain, Duration::from_secs(2), now, events);
    }

    /// Awaits a result without a command: what ended was no command.
    pub(super) fn await_reply(&mut self, limit: Duration, now: Time) {
        self.chat.command.clear();
        self.chat.info.clear();
        let deadline = now + limit;
        self.chat.flight =
            Some(Flight { kind: Kind::Plain, at: now, sent: true, deadline, abort_at: None, aborted: false });
    }

    /// No command is sent before `at`.
    pub(super) fn hold_until(&mut self, at: Time) {
        self.chat.not_before = self.chat.not_before.max(at);
    }

    /// Calls the job again at `at`.
    pub(super) fn wait_until(&mut self, at: Time) {
        self.chat.wait = Some(at);
    }

    fn transmit(&mut self, now: Time, events: &mut EventQueue) {
        let Some(flight) = &mut self.chat.flight else { return };
        flight.sent = true;
        // The line feed that ended the last answer does not introduce the next one.
        if self.lines.partial().is_none() {
            self.lines.clear();
        }
        let command = self.chat.command.clone();
        self.put_bytes(&command);
        self.put_bytes(b"\r");
        self.flush(now, events);
    }

    /// Forgets the command and all that was planned.
    pub(super) fn drop_flight(&mut self) {
        self.chat.flight = None;
        self.chat.wait = None;
        self.chat.hint = None;
    }

    /// Aborts a running dial or answer command with a character, as soon as that is allowed. A command that was not sent yet
    /// is forgotten: then the answer is false and no reply comes.
    pub(super) fn abort(&mut self, now: Time) -> bool {
        match &mut self.chat.flight {
            Some(flight) if flight.sent => {
                if flight.kind == Kind::Go && !flight.aborted && flight.abort_at.is_none() {
                    flight.abort_at = Some(now.max(flight.at + ABORT_GUARD));
                }
                true
            }
            _ => {
                self.drop_flight();
                false
            }
        }
    }

    /// When `chat_expire` wants to be called.
    pub(super) fn chat_deadline(&self) -> Option<Time> {
        let chat = &self.chat;
        let flight = chat.flight.as_ref().map(|f| match (f.sent, f.abort_at) {
            (false, _) => f.at,
            (true, Some(at)) => at.min(f.deadline),
            (true, None) => f.deadline,
        });
        let partial = self.unended_result().map(|_| chat.last_byte + PARTIAL_SETTLE);
        [flight, chat.wait, chat.hint.as_ref().map(|h| h.2), partial].into_iter().flatten().min()
    }

    pub(super) fn chat_expire(&mut self, now: Time, events: &mut EventQueue) {
        if let Some((code, _, at)) = self.chat.hint
            && at <= now
        {
            self.believe_number(code, now, events);
        }
        if let Some(code) = self.unended_result()
            && self.chat.last_byte + PARTIAL_SETTLE <= now
        {
            self.lines.clear();
            self.result(code, now, events);
        }
        if let Some(flight) = &mut self.chat.flight {
            if !flight.sent {
                if flight.at <= now {
                    self.transmit(now, events);
                }
            } else if flight.deadline <= now {
                let hung_up = flight.kind == Kind::HangUp && flight.aborted;
                let reply = match self.lone_number() {
                    _ if hung_up => Reply::Code(ResultCode::Ok),
                    Some(code) => {
                        (self.chat.numeric, self.chat.framed_numbers) = (true, true);
                        Reply::Code(code)
                    }
                    None => Reply::Timeout,
                };
                self.end_command(reply, now, events);
            } else if flight.abort_at.is_some_and(|at| at <= now) {
                flight.abort_at = None;
                flight.aborted = true;
                flight.deadline = now + ABORT_LIMIT;
                self.put_bytes(b"\r");
                self.flush(now, events);
            }
        } else if self.chat.wait.is_some_and(|at| at <= now) {
            self.chat.wait = None;
            self.advance(Reply::Waited, now, events);
        }
    }

    /// A result without the end of its line, while one is awaited.
    fn unended_result(&self) -> Option<ResultCode> {
        self.chat.flight.filter(|f| f.sent)?;
        ResultCode::verbose(self.lines.partial()?.bytes).filter(|c| c.is_final())
    }

    /// A number framed as a text, and nothing else in the time of the command: a modem that was thrown into numeric results
    /// and does not frame them as V.250 says.
    fn lone_number(&self) -> Option<ResultCode> {
        ResultCode::numeric(self.chat.info.strip_suffix(b"\n")?).filter(|c| c.is_final())
    }

    /// Looks at each byte before the splitter does: what follows a digit tells whether it was a result.
    pub(super) fn before_byte(&mut self, byte: u8, now: Time, events: &mut EventQueue) {
        self.chat.last_byte = now;
        let Some((code, digits, _)) = self.chat.hint.clone() else { return };
        let text = if self.chat.framed_numbers { !matches!(byte, b'\r' | b'\n') } else { byte == b'\n' };
        if text {
            self.chat.hint = None;
            self.note(&digits);
        } else if self.chat.framed_numbers {
            // What follows the end of its line tells.
        } else if self.chat.numeric {
            self.believe_number(code, now, events);
        }
    }

    /// A verbose result came: the modem answers in texts.
    pub(super) fn is_verbose(&mut self) {
        (self.chat.numeric, self.chat.framed_numbers) = (false, false);
    }

    fn believe_number(&mut self, code: ResultCode, now: Time, events: &mut EventQueue) {
        self.chat.hint = None;
        self.chat.numeric = true;
        self.result(code, now, events);
    }

    /// A line that is no verbose result: may it be a numeric one? True when it was taken.
    pub(super) fn maybe_number(&mut self, line: &[u8], framed: bool, now: Time, events: &mut EventQueue) -> bool {
        let Some(code) = ResultCode::numeric(line) else { return false };
        let awaited = self.chat.flight.is_some_and(|f| f.sent);
        if !self.chat.numeric && (framed || !awaited) {
            return false;
        }
        if !awaited {
            self.result(code, now, events);
            return true;
        }
        let settle = if self.chat.numeric && !self.chat.framed_numbers { NUMERIC_SETTLE_USUAL } else { NUMERIC_SETTLE };
        self.chat.hint = Some((code, line.iter().copied().take(3).collect(), now + settle));
        true
    }

    /// Keeps a line of the answer. True when one is awaited.
    pub(super) fn note(&mut self, line: &[u8]) -> bool {
        let chat = &mut self.chat;
        if !chat.flight.is_some_and(|f| f.sent) {
            return false;
        }
        // Echo. One chip is known to echo the letters of the prefix the wrong way round.
        let echo = line.eq_ignore_ascii_case(&chat.command)
            || line.get(..2).is_some_and(|p| p.eq_ignore_ascii_case(b"AT") || p.eq_ignore_ascii_case(b"TA"));
        if !echo {
            for &b in line.iter().chain(b"\n") {
                if chat.info.try_push(b).is_err() {
                    break;
                }
            }
        }
        true
    }

    /// A final result: ends the command if it is one of its results. False when nobody asked for it.
    pub(super) fn answers(&mut self, code: ResultCode, now: Time, events: &mut EventQueue) -> bool {
        let Some(flight) = self.chat.flight.filter(|f| f.sent) else { return false };
        let ends = match flight.kind {
            Kind::Plain => matches!(code, ResultCode::Ok | ResultCode::Error | ResultCode::VoiceConnect),
            Kind::HangUp if code == ResultCode::NoCarrier => {
                // Some say OK after it, some do not.
                if let Some(flight) = &mut self.chat.flight {
                    flight.deadline = flight.deadline.min(now + PARTIAL_SETTLE);
                    flight.aborted = true;
                }
                return true;
            }
            Kind::HangUp => matches!(code, ResultCode::Ok | ResultCode::Error),
            Kind::Go => code.is_final(),
        };
        if ends {
            self.end_command(Reply::Code(code), now, events);
        }
        ends
    }

    fn end_command(&mut self, reply: Reply, now: Time, events: &mut EventQueue) {
        self.drop_flight();
        self.hold_until(now + GAP);
        self.advance(reply, now, events);
    }
}
