//! What the modem says: lines, shielded events, ringing.

use super::call::{Dial, Job};
use super::digits::{Digits, Source};
use super::{EventQueue, NOISE, Port, Service, VoiceModem};
use crate::drivers::gauge::RawForm;
use loopstart_signal::at::ResultCode;
use loopstart_signal::{
    AnswerWitness, CallerId, Heed, LineEvent, MediaSign, ProgressTone, ReleaseWitness, SitKind, Time, dle,
};
use std::time::Duration;

/// Ringback that was heard is over when this has passed since the last of it, at least (the longest cycle is 6 s).
const RINGBACK_FLOOR: Duration = Duration::from_millis(6_500);
/// A loop break so soon after a flash is the flash itself.
const OWN_BREAK: Duration = Duration::from_millis(1_500);

/// What is said of a second call so soon after it was announced belongs to that.
const ANNOUNCEMENT: Duration = Duration::from_millis(2_500);
/// Event code of a text telephone (V.253).
const TEXT_TELEPHONE: u8 = b't';

/// What has been heard.
#[derive(Clone, Debug)]
pub(super) struct State {
    /// What is wanted.
    heed: Heed,
    /// When a second call was announced last.
    announced: Option<Time>,
    /// Between the shields of a digit.
    shielded: bool,
    /// Digits, as heard by the modem and by us.
    pub(super) digits: Digits,
    tone: Option<ProgressTone>,
    /// The last ringback, and the longest time between two.
    ringback: Option<(Time, Duration)>,
    break_ignored_until: Time,
}

impl Default for State {
    fn default() -> Self {
        Self {
            heed: Heed::empty(),
            announced: None,
            shielded: false,
            digits: Digits::default(),
            tone: None,
            ringback: None,
            break_ignored_until: Time::ZERO,
        }
    }
}

impl State {
    /// The call is over.
    pub(super) fn end_call(&mut self) {
        *self = Self { break_ignored_until: self.break_ignored_until, ..Self::default() };
    }

    /// A tone heard before would now be a new one.
    pub(super) fn forget_tone(&mut self) {
        self.tone = None;
        self.ringback = None;
    }

    pub(super) fn forget_ringback(&mut self) {
        self.ringback = None;
    }

    /// A flash opens the loop.
    pub(super) fn own_loop_break(&mut self, now: Time) {
        self.break_ignored_until = now + OWN_BREAK;
    }

    /// Tells this from now on. A digit that is on when nobody wants it any more is ended.
    pub(super) fn heed(&mut self, heed: Heed, events: &mut EventQueue) {
        if !heed.contains(Heed::DTMF) {
            self.digits.stop(events);
        }
        self.heed = heed;
    }

    /// Ends a digit that is not ended, whoever hears it.
    pub(super) fn close_digit(&mut self, events: &mut EventQueue) {
        self.shielded = false;
        self.digits.stop(events);
    }

    /// The modem's shield opens or closes.
    fn shield(&mut self, on: bool, now: Time, events: &mut EventQueue) {
        self.digits.end(Source::Modem, now, events);
        self.shielded = on;
    }

    /// A digit between shields is told once, however often the modem repeats it; a bare one begins and ends at once.
    fn heard_digit(&mut self, symbol: u8, now: Time, events: &mut EventQueue) {
        if !self.heed.contains(Heed::DTMF) || (self.shielded && self.digits.on(Source::Modem) == Some(symbol)) {
            return;
        }
        self.digits.begin(symbol, Source::Modem, now, events);
        if !self.shielded {
            self.digits.end(Source::Modem, now, events);
        }
    }
}

impl<P: Port> VoiceModem<P> {
    pub(super) fn byte(&mut self, byte: u8, now: Time, events: &mut EventQueue) {
        if matches!(self.job, Job::Start(_)) {
            self.heard_byte();
        }
        if self.online {
            // The caller's data. Only the line that ends the call is of interest.
            return self.text_byte(byte, now, events);
        }
        match self.shield.push(byte) {
            None => {}
            Some(dle::Item::Data(byte)) if self.is_receiving() => self.sample(byte),
            Some(dle::Item::Data(byte)) if self.flow(byte) => {}
            Some(dle::Item::Data(byte)) => self.text_byte(byte, now, events),
            Some(dle::Item::TwoDle) if self.is_receiving() => {
                self.sample(dle::DLE);
                self.sample(dle::DLE);
            }
            Some(dle::Item::TwoDle) => self.noise(2, now, events),
            Some(dle::Item::End) => self.stream_ended(now, events),
            Some(dle::Item::Event(code)) => self.voice_event(code, now, events),
        }
    }

    fn text_byte(&mut self, byte: u8, now: Time, events: &mut EventQueue) {
        // Some answer with a parity bit, which V.250 says to ignore. In a caller's name the eighth bit may mean something:
        // so it is learnt only from what a modem says at its start.
        if matches!(byte, 0x8d | 0x8a) && matches!(self.job, Job::Start(_)) {
            self.start.parity = true;
        }
        let byte = if self.start.parity { byte & 0x7f } else { byte };
        self.before_byte(byte, now, events);
        let mut line = arrayvec::ArrayVec::<u8, { super::LINE }>::new();
        let Some(framed) = self.lines.push(byte).map(|l| {
            for &b in l.bytes.iter().take(super::LINE) {
                line.push(b);
            }
            l.framed
        }) else {
            return self.noise(1, now, events);
        };
        self.line(&line, framed, now, events);
    }

    fn line(&mut self, line: &[u8], framed: bool, now: Time, events: &mut EventQueue) {
        let code = ResultCode::verbose(line);
        if self.online {
            if framed && code == Some(ResultCode::NoCarrier) {
                self.online = false;
                self.call_lost(ReleaseWitness::ResultCode, now, events);
            }
            return;
        }
        match code {
            // "Remote ring": on a call that we make it is the far end that rings.
            Some(ResultCode::Ring(_)) if line.eq_ignore_ascii_case(b"RRING") && self.is_calling() => {
                self.ringback(now, events);
            }
            Some(code) => {
                self.noise = 0;
                self.is_verbose();
                self.result(code, now, events);
            }
            None if self.service == Service::Ready && self.caller.line(line, now) => {
                self.noise = 0;
                if let Some(on) = self.caller.messages() {
                    events.push(LineEvent::MessageWaiting(on));
                }
                if let Some(id) = self.caller.complete(now) {
                    self.tell_caller(id, events);
                }
            }
            None if self.maybe_number(line, framed, now, events) => {}
            None => {
                self.note(line);
            }
        }
    }

    fn tell_caller(&mut self, id: CallerId, events: &mut EventQueue) {
        self.gauge.set_caller_id(RawForm::Text, self.caller.is_sound(), self.caller.text());
        events.push(LineEvent::CallerId(id));
    }

    /// Bytes that mean nothing as yet.
    pub(super) fn noise(&mut self, bytes: usize, now: Time, events: &mut EventQueue) {
        self.noise = self.noise.saturating_add(bytes);
        if self.noise > NOISE && self.service == Service::Ready && matches!(self.job, Job::None) && !self.online {
            self.recover(now, events);
        }
    }

    /// A result code, verbose or numeric.
    pub(super) fn result(&mut self, code: ResultCode, now: Time, events: &mut EventQueue) {
        match code {
            ResultCode::Ring(pattern) => return self.ring(pattern, now, events),
            ResultCode::Ringing => return self.ringback(now, events),
            ResultCode::CallWaiting => return self.second_call(now, events),
            ResultCode::Dialing => return,
            _ => {}
        }
        if self.answers(code, now, events) || self.service != Service::Ready || !self.off_hook {
            return;
        }
        let calling = self.call.dialled && !self.call.answered;
        match code {
            ResultCode::VoiceConnect if calling => self.answered(AnswerWitness::ResultCode, events),
            ResultCode::NoCarrier => self.call_lost(ReleaseWitness::ResultCode, now, events),
            ResultCode::Busy if calling => self.call_lost(ReleaseWitness::Busy, now, events),
            ResultCode::Busy => self.call_lost(ReleaseWitness::Tone(ProgressTone::Busy), now, events),
            ResultCode::NoAnswer => self.call_lost(ReleaseWitness::NoAnswer, now, events),
            _ => {}
        }
    }

    fn ring(&mut self, pattern: Option<u8>, now: Time, events: &mut EventQueue) {
        self.said_ring(now);
        self.rung(pattern, now, events);
    }

    /// The line rings, whoever says so.
    pub(super) fn rung(&mut self, pattern: Option<u8>, now: Time, events: &mut EventQueue) {
        if self.service != Service::Ready || self.online {
            return;
        }
        // What came of the caller's identity so far is all there was before this ring.
        if let Some(id) = self.caller.flush() {
            self.tell_caller(id, events);
        }
        let taking = self.is_taking_line();
        if self.off_hook && !taking {
            return;
        }
        let ring = match self.ringing.cadence(now) {
            Some(LineEvent::Ring { pattern: told }) => Some(LineEvent::Ring { pattern: pattern.unwrap_or(told) }),
            other => other,
        };
        // One that is being answered needs no more telling.
        if !matches!(self.job, Job::Answer(_) | Job::Cut)
            && let Some(ring) = ring
        {
            events.push(ring);
        }
        if taking {
            self.glare(now, events);
        }
    }

    pub(super) fn ringback(&mut self, now: Time, events: &mut EventQueue) {
        if !self.off_hook || self.call.answered {
            return;
        }
        let longest = match self.hear.ringback {
            Some((last, longest)) => longest.max(now.since(last)),
            None => Duration::ZERO,
        };
        self.hear.ringback = Some((now, longest));
        self.tone(ProgressTone::Ringback, events);
    }

    /// A tone is told once; another one tells of its end.
    pub(super) fn tone(&mut self, tone: ProgressTone, events: &mut EventQueue) {
        if self.off_hook && self.hear.tone != Some(tone) {
            self.hear.tone = Some(tone);
            events.push(LineEvent::Tone(tone));
        }
    }

    /// The tone that was told has ended.
    pub(super) fn tone_ended(&mut self, tone: ProgressTone, events: &mut EventQueue) {
        if self.off_hook && self.hear.tone == Some(tone) {
            self.hear.tone = None;
            events.push(LineEvent::ToneEnded);
        }
    }

    /// A second call was announced; what modems say of it once more at the same moment is the same announcement.
    pub(super) fn second_call(&mut self, now: Time, events: &mut EventQueue) {
        let again = self.hear.announced.is_none_or(|at| now.since(at) >= ANNOUNCEMENT);
        if self.off_hook && again {
            self.hear.announced = Some(now);
            events.push(LineEvent::CallWaiting);
        }
    }

    /// A sign of what the far end is.
    pub(super) fn media(&mut self, sign: MediaSign, events: &mut EventQueue) {
        if self.off_hook && self.hear.heed.contains(Heed::MEDIA) {
            events.push(LineEvent::Media(sign));
        }
    }

    fn voice_event(&mut self, code: u8, now: Time, events: &mut EventQueue) {
        use dle::event as e;
        if self.service != Service::Ready || matches!(self.job, Job::Start(_)) {
            return;
        }
        self.noise = 0;
        let code = self.profile.event(code);
        self.weigh(code, now);
        let dialling = matches!(self.job, Job::Dial(Dial::Piece { .. }));
        match code {
            e::DTMF_BEGIN => self.hear.shield(true, now, events),
            e::DTMF_END => self.hear.shield(false, now, events),
            b'0'..=b'9' | b'A'..=b'D' | b'*' | b'#' => {
                // Only somebody who answered sends digits.
                if self.call.dialled {
                    self.answered(AnswerWitness::Voice, events);
                }
                self.hear.heard_digit(code, now, events);
            }
            e::RING => self.ring(None, now, events),
            e::RINGBACK => self.ringback(now, events),
            e::BUSY => self.tone(ProgressTone::Busy, events),
            e::REORDER => self.tone(ProgressTone::Reorder, events),
            // The tone that the modem itself waits for.
            e::DIAL_TONE | e::STUTTER if dialling => {}
            // Known to be false while the modem plays.
            e::DIAL_TONE | e::STUTTER if self.is_transmitting() => {}
            e::DIAL_TONE => self.tone(ProgressTone::Dial, events),
            e::STUTTER => self.tone(ProgressTone::StutterDial, events),
            e::SIT => self.tone(ProgressTone::Sit(SitKind::Unknown), events),
            e::CALL_WAITING => self.second_call(now, events),
            e::VOICE | e::VOICE_LOWER => {
                if self.call.dialled {
                    self.answered(AnswerWitness::Voice, events);
                }
                self.media(MediaSign::Voice, events);
            }
            e::SILENCE | e::QUIET => self.media(MediaSign::Silence, events),
            e::FAX_CALLING => self.media(MediaSign::FaxCalling, events),
            // 2100 Hz is what a fax machine answers with too, but the modem says no more than this.
            e::DATA_CALLING | e::ANSWER_TONE | e::DATA_ANSWER => self.media(MediaSign::Modem, events),
            TEXT_TELEPHONE => self.media(MediaSign::Tty, events),
            e::POLARITY => events.push(LineEvent::PolarityReversed),
            e::UNDERRUN => self.ran_dry(now),
            e::LOOP_BREAK => {
                let own = now < self.hear.break_ignored_until || dialling || matches!(self.job, Job::Flash { .. });
                if self.off_hook && !own {
                    events.push(LineEvent::Released(ReleaseWitness::LoopCurrent));
                }
            }
            // A complex report is lines like any others. Its end ends the last one.
            e::REPORT_BEGIN => {}
            e::REPORT_END => self.text_byte(b'\n', now, events),
            _ => {}
        }
    }

    /// What an event says of silence. Where a modem does not tell of voices its silence is worth nothing: it would not say that
    /// somebody speaks again.
    fn weigh(&mut self, code: u8, now: Time) {
        use dle::event as e;
        match code {
            e::SILENCE | e::QUIET if self.start.tells_voice && !self.is_receiving() => {
                self.call_watch.silent(now);
            }
            e::VOICE | e::VOICE_LOWER | e::RINGBACK | e::BUSY | e::REORDER | e::DIAL_TONE | e::STUTTER | e::SIT => {
                self.call_watch.sound();
            }
            b'0'..=b'9' | b'A'..=b'D' | b'*' | b'#' => self.call_watch.sound(),
            _ => {}
        }
    }

    pub(super) fn hear_deadline(&self) -> Option<Time> {
        [self.ringback_overdue(), self.ringing.deadline(), self.caller.deadline()].into_iter().flatten().min()
    }

    /// When ringback is overdue: one and a half of the longest cycle heard.
    fn ringback_overdue(&self) -> Option<Time> {
        let (last, longest) = self.hear.ringback?;
        (self.call.dialled && !self.call.answered).then(|| last + RINGBACK_FLOOR.max(longest * 3 / 2))
    }

    pub(super) fn hear_expire(&mut self, now: Time, events: &mut EventQueue) {
        if self.ringback_overdue().is_some_and(|at| at <= now) {
            self.answered(AnswerWitness::RingbackStopped, events);
        }
        if let Some(id) = self.caller.complete(now) {
            self.tell_caller(id, events);
        }
        // While a call is being answered its ringing is not over.
        if self.ringing.deadline().is_some_and(|at| at <= now)
            && let Some(event) = self.ringing.expire(now)
            && !self.off_hook
        {
            events.push(event);
        }
    }
}
