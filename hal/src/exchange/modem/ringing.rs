//! Ringing and caller identification on an idle line.

use super::settings::Settings;
use crate::exchange::subscriber::FromExchange;
use arrayvec::ArrayVec;
use loopstart_signal::{CallerId, LineEvent, PartyId, Time, cid, ring};
use std::time::Duration;

/// What an idle line said in one step.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Call {
    /// A cycle of ringing began.
    Ring,
    /// A burst began after so much silence (of a call that rings already).
    Burst(Duration),
    /// A burst of this length ended.
    BurstEnd(Duration),
    /// Caller identification came.
    CallerId(Box<Identification>),
    /// Ringing is over.
    Stopped,
}

/// Caller identification as it came.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Identification {
    id: Option<CallerId>,
    raw: ArrayVec<u8, { cid::MAX_FRAME }>,
}

/// Follows an idle line.
#[derive(Debug)]
pub(super) struct Ringing {
    tracker: ring::Tracker,
    receiver: cid::Receiver,
    /// Since when the burst is there.
    burst: Option<Time>,
    /// When the last one ended.
    ended: Option<Time>,
    rings: u8,
}

impl Ringing {
    pub(super) fn new() -> Self {
        Self { tracker: ring::Tracker::new(), receiver: cid::Receiver::new(), burst: None, ended: None, rings: 0 }
    }

    /// Rings of this call.
    pub(super) const fn rings(&self) -> u8 {
        self.rings
    }

    /// The line was answered or seized.
    pub(super) fn reset(&mut self) {
        self.tracker.reset();
        self.receiver.reset();
        (self.burst, self.ended, self.rings) = (None, None, 0);
    }

    /// Lives through a step of the idle line.
    pub(super) fn step(&mut self, now: Time, line: &FromExchange, mut tell: impl FnMut(Call)) {
        let mut told = None;
        match (self.burst, line.ringing) {
            (None, true) => {
                self.burst = Some(now);
                self.tracker.burst_begin(now);
            }
            (Some(since), false) => {
                told = self.tracker.burst_end(now);
                self.burst = None;
                let length = now.since(since);
                if length >= ring::MIN_BURST {
                    if let Some(ended) = self.ended.replace(now) {
                        tell(Call::Burst(since.since(ended)));
                    }
                    tell(Call::BurstEnd(length));
                }
            }
            _ => {}
        }
        match told.or_else(|| self.tracker.expire(now)) {
            Some(LineEvent::Ring { .. }) => {
                self.rings = self.rings.saturating_add(1);
                tell(Call::Ring);
            }
            Some(LineEvent::RingStopped) => {
                self.reset();
                tell(Call::Stopped);
            }
            _ => {}
        }
        if !line.ringing {
            self.receiver.process(&line.audio, &mut |cid::Event::Frame { raw, message, .. }| {
                let mut bytes = ArrayVec::new();
                bytes.extend(raw.iter().copied().take(cid::MAX_FRAME));
                let id = message.map(cid::Message::caller_id);
                tell(Call::CallerId(Box::new(Identification { id, raw: bytes })));
            });
        }
    }
}

impl Identification {
    /// Whether messages wait, if that is what came.
    fn messages(&self) -> Option<bool> {
        cid::parse(&self.raw).ok().and_then(|message| message.message_waiting())
    }

    /// Whether it tells of messages and not of a caller.
    pub(super) fn is_message_waiting(&self) -> bool {
        self.messages().is_some()
    }

    /// The lines of the report: formatted (+VCID=1), or the message in hexadecimal (+VCID=2). A message that is not
    /// believed has only the latter.
    pub(super) fn lines(&self, formatted: bool) -> Vec<Vec<u8>> {
        if !formatted {
            return vec![mesg(&self.raw)];
        }
        let Some(id) = self.id else { return Vec::new() };
        let mut lines = Vec::new();
        if let Some(t) = id.time {
            lines.push(format!("DATE={:02}{:02}", t.month, t.day).into_bytes());
            lines.push(format!("TIME={:02}{:02}", t.hour, t.minute).into_bytes());
        }
        party(&mut lines, "NMBR=", id.number, |n| n.as_str().to_owned());
        party(&mut lines, "NAME=", id.name, |n| n.as_str().to_owned());
        // What has no tag of its own (V.253, MESG).
        match self.messages() {
            Some(on) if self.raw.first() == Some(&cid::message_type::MDMF_MESSAGE_WAITING) => {
                lines.push(format!("MESG=0B01{:02X}", if on { 0xff } else { 0 }).into_bytes());
            }
            Some(_) => lines.push(mesg(&self.raw)),
            None => {}
        }
        lines
    }
}

/// A message in hexadecimal.
fn mesg(raw: &[u8]) -> Vec<u8> {
    let hex: String = raw.iter().map(|b| format!("{b:02X}")).collect();
    format!("MESG={hex}").into_bytes()
}

fn party<T>(lines: &mut Vec<Vec<u8>>, tag: &str, party: PartyId<T>, text: impl Fn(&T) -> String) {
    let value = match &party {
        PartyId::Absent => return,
        PartyId::Known(known) => text(known),
        PartyId::Withheld => "P".to_owned(),
        PartyId::Unavailable => "O".to_owned(),
    };
    let mut line = tag.as_bytes().to_vec();
    // What the line carried: ISO 8859-1. A control character would break the report's framing.
    line.extend(value.chars().map(|c| u8::try_from(c).ok().filter(|b| !b.is_ascii_control()).unwrap_or(b' ')));
    lines.push(line);
}

/// A duration in 0.1 s, as ring cadences are told (+VDR).
pub(super) fn tenths(time: Duration) -> u128 {
    (time.as_millis() + 50) / 100
}

/// Whether the settings ask for a report of caller identification, and whether formatted.
pub(super) fn wanted(settings: &Settings) -> Option<bool> {
    match settings.caller_id {
        1 => Some(true),
        2 => Some(false),
        _ => None,
    }
}
