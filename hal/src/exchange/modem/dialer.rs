//! Dialling and waiting for what comes of it: the D command of V.250 and V.253.
//!
//! The dialer goes off hook, waits for dial tone (or blindly), sends digits by tones or by the hook, and then follows the
//! call until it is connected or not. It is fed with what the line says, one step at a time.

use super::monitor::{Heard, ModemTone};
use super::output::Code;
use super::settings::{Settings, VoiceSettings};
use crate::exchange::subscriber::{STEP, STEP_TIME};
use arrayvec::ArrayVec;
use loopstart_signal::at::command::DialElement;
use loopstart_signal::country::{Country, Segment};
use loopstart_signal::tone::TonePlayer;
use loopstart_signal::{ProgressTone, Time, dtmf, pulse};
use std::time::Duration;

/// Most elements of a dial string.
pub(super) const MAX_ELEMENTS: usize = 128;
/// Level of each tone of a digit, in dBm0.
pub(super) const DIGIT_DBM0: f32 = -9.0;
/// Least time that dial tone is waited for, whatever S6 says.
const DIAL_TONE_WAIT: Duration = Duration::from_secs(6);
/// Between dial tone and the first digit.
const AFTER_DIAL_TONE: Duration = Duration::from_millis(200);
/// Silence that `@` waits for (V.250 6.3.1).
const QUIET_ANSWER: Duration = Duration::from_secs(5);

/// The calling tone of ITU-T V.25.
const CALLING_TONE: &[Segment] =
    &[Segment { freqs: &[1300.0], am: 0.0, ms: 600 }, Segment { freqs: &[], am: 0.0, ms: 1900 }];
const CALLING_DBM0: f32 = -13.0;

/// What becomes of the call when the digits are out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// `;`, or a modem that does not listen: OK.
    Return,
    /// Class 0: wait for a carrier. There is no data pump, so none ever comes to be.
    Data,
    /// Class 8: wait for an answer.
    Voice,
}

/// What a dialer is to do.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) elements: ArrayVec<DialElement, MAX_ELEMENTS>,
    pub(super) after: After,
    /// There is a call already: no dial tone is waited for.
    pub(super) connected: bool,
    /// The hook may not close before this, so that the exchange sees the last call as ended.
    pub(super) not_before: Time,
}

/// What the line says in a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct LineNow<'a> {
    pub(super) now: Time,
    pub(super) heard: &'a [Heard],
    /// The tone that is on the line.
    pub(super) tone: Option<ProgressTone>,
    /// Loop current was interrupted.
    pub(super) interrupted: bool,
    /// Polarity was reversed.
    pub(super) reversed: bool,
    /// For how long there was no sound.
    pub(super) quiet: Duration,
}

#[derive(Clone, Debug)]
enum Phase {
    /// On hook until then.
    OnHook(Time),
    /// Waits for dial tone until then.
    DialTone(Time),
    /// Waits.
    Pause(Time),
    /// The hook is open until then: a flash.
    Flash(Time),
    /// Takes the next element.
    Next,
    /// The digit sender is busy.
    Tones,
    /// Pulses: the train, the loop's present state and until when.
    Pulses(pulse::Train, bool, Time),
    /// `@` until then; whether ringback or other sound was heard.
    QuietAnswer(Time, bool),
    /// `$` until then.
    Billing(Time),
    /// The digits are out since then.
    Outcome { since: Time, ringback: bool },
}

/// Dials one string.
#[derive(Debug)]
pub(super) struct Dialer {
    order: Order,
    at: usize,
    phase: Phase,
    pulse: bool,
    quiet_answer: bool,
    calling_tone: bool,
    sender: dtmf::Sender,
    caller: TonePlayer,
    country: &'static Country,
}

impl Dialer {
    pub(super) fn new(order: Order, settings: &Settings, country: &'static Country, now: Time) -> Self {
        let phase = if order.connected { Phase::Next } else { Phase::OnHook(order.not_before.max(now)) };
        Self {
            order,
            at: 0,
            phase,
            pulse: settings.pulse,
            quiet_answer: false,
            calling_tone: true,
            sender: dtmf::Sender::new(DIGIT_DBM0),
            caller: TonePlayer::new(CALLING_TONE, CALLING_DBM0),
            country,
        }
    }

    /// Whether pulse dialling was chosen last, which stays so for the next call.
    pub(super) const fn pulse(&self) -> bool {
        self.pulse
    }

    /// Whether the loop is closed.
    pub(super) const fn off_hook(&self) -> bool {
        !matches!(self.phase, Phase::OnHook(_) | Phase::Flash(_) | Phase::Pulses(_, false, _))
    }

    /// Whether the modem itself makes sound, or opens the loop, so that what it hears is its own doing.
    pub(super) const fn is_sending(&self) -> bool {
        matches!(self.phase, Phase::Tones | Phase::Flash(_) | Phase::Pulses(..))
    }

    /// Lives through a step; a code ends the command. Sound is added to `audio`.
    pub(super) fn step(
        &mut self,
        line: LineNow<'_>,
        settings: &Settings,
        voice: &VoiceSettings,
        audio: &mut [i16; STEP],
    ) -> Option<Code> {
        let seconds = Duration::from_secs;
        let now = line.now;
        // Several elements may take no time; each turn of the loop uses one up or leaves.
        for _ in 0..=MAX_ELEMENTS {
            match &mut self.phase {
                Phase::OnHook(until) => {
                    if now < *until {
                        return None;
                    }
                    self.phase = if settings.detects_dial_tone() {
                        Phase::DialTone(now + DIAL_TONE_WAIT.max(seconds(settings.dial_delay())))
                    } else {
                        Phase::Pause(now + seconds(settings.dial_delay()))
                    };
                }
                Phase::DialTone(until) => {
                    if matches!(line.tone, Some(ProgressTone::Dial | ProgressTone::StutterDial)) {
                        self.phase = Phase::Pause(now + AFTER_DIAL_TONE);
                    } else if now >= *until {
                        return Some(Code::NoDialtone);
                    }
                    return None;
                }
                Phase::Pause(until) | Phase::Flash(until) => {
                    if now < *until {
                        return None;
                    }
                    self.phase = Phase::Next;
                }
                Phase::Tones => {
                    if !self.sender.is_idle() {
                        self.sender.mix(audio);
                        return None;
                    }
                    self.phase = Phase::Next;
                }
                Phase::Pulses(train, closed, until) => {
                    if now < *until {
                        return None;
                    }
                    match train.next() {
                        Some(step) => {
                            *closed = step.closed;
                            // The next step begins where this one was to end, so that a step of the exchange that
                            // cut a pulse short makes the next one longer.
                            *until = *until + step.duration;
                        }
                        None => self.phase = Phase::Next,
                    }
                }
                Phase::QuietAnswer(until, sound) => {
                    *sound |=
                        line.heard.iter().any(|h| matches!(h, Heard::Tone(ProgressTone::Ringback) | Heard::Voice));
                    if settings.detects_busy() && heard_busy(line.heard) {
                        return Some(Code::Busy);
                    }
                    if *sound && line.quiet >= QUIET_ANSWER {
                        self.phase = Phase::Next;
                    } else if now >= *until {
                        return Some(Code::NoAnswer);
                    } else {
                        return None;
                    }
                }
                Phase::Billing(until) => {
                    // The billing tone begins with the digit # and dies away (dial tone shortly after it).
                    let bong =
                        |h: &Heard| matches!(h, Heard::Digit { symbol: b'#', .. } | Heard::Tone(ProgressTone::Dial));
                    if line.heard.iter().any(bong) {
                        self.phase = Phase::Pause(now + Duration::from_secs(1));
                    } else if now >= *until {
                        return Some(Code::NoCarrier);
                    }
                    return None;
                }
                Phase::Next => {
                    let Some(element) = self.order.elements.get(self.at).copied() else {
                        if self.order.after == After::Return {
                            return Some(Code::Ok);
                        }
                        self.phase = Phase::Outcome { since: now, ringback: false };
                        continue;
                    };
                    self.at += 1;
                    self.begin(element, now, settings);
                }
                Phase::Outcome { since, ringback } => {
                    let (since, mut rang) = (*since, *ringback);
                    let code = self.follow(line, settings, voice, since, &mut rang);
                    self.phase = Phase::Outcome { since, ringback: rang };
                    if code.is_none() && self.order.after == After::Data && self.calling_tone {
                        self.caller.mix(audio);
                    }
                    return code;
                }
            }
        }
        None
    }

    fn begin(&mut self, element: DialElement, now: Time, settings: &Settings) {
        let connect = now + Duration::from_secs(settings.connect_wait());
        match element {
            DialElement::Digit(digit) => {
                let train = self.pulse.then(|| pulse::Train::new(digit, self.country.pulse)).flatten();
                if let Some(train) = train {
                    self.phase = Phase::Pulses(train, true, now);
                } else if !self.pulse {
                    let length = Duration::from_millis(settings.digit());
                    self.sender.push(digit, length, length);
                    self.phase = Phase::Tones;
                }
                // `*` and `#` have no pulses: they are left out.
            }
            DialElement::Tone => self.pulse = false,
            DialElement::Pulse => self.pulse = true,
            DialElement::Pause => self.phase = Phase::Pause(now + Duration::from_secs(settings.comma())),
            DialElement::WaitDialTone => self.phase = Phase::DialTone(connect),
            DialElement::WaitAnswer => {
                self.quiet_answer = true;
                self.phase = Phase::QuietAnswer(connect, false);
            }
            DialElement::Flash => self.phase = Phase::Flash(now + self.country.flash),
            DialElement::WaitBilling => self.phase = Phase::Billing(connect),
            DialElement::NoCallingTone => self.calling_tone = false,
            // These were resolved when the order was made.
            DialElement::Redial | DialElement::Stored(_) => {}
        }
    }

    /// Follows the call.
    fn follow(
        &mut self,
        line: LineNow<'_>,
        settings: &Settings,
        voice: &VoiceSettings,
        since: Time,
        ringback: &mut bool,
    ) -> Option<Code> {
        let elapsed = line.now.since(since);
        if line.interrupted {
            return Some(Code::NoCarrier);
        }
        for heard in line.heard {
            match heard {
                Heard::Tone(ProgressTone::Ringback) => *ringback = true,
                Heard::Tone(ProgressTone::Busy | ProgressTone::Reorder) if settings.detects_busy() => {
                    return Some(Code::Busy);
                }
                Heard::Tone(ProgressTone::Sit(_) | ProgressTone::Unobtainable | ProgressTone::Howler)
                    if settings.detects_busy() =>
                {
                    return Some(Code::NoCarrier);
                }
                Heard::Voice | Heard::Digit { .. } | Heard::Modem(ModemTone::Answer | ModemTone::DataAnswer)
                    if self.order.after == After::Voice =>
                {
                    return Some(Code::Vcon);
                }
                _ => {}
            }
        }
        if self.order.after == After::Voice {
            let gone = *ringback && line.quiet >= Duration::from_millis(100) * voice.ringback_gone.into();
            let never = !*ringback && elapsed >= Duration::from_secs(voice.ringback_never.into());
            if line.reversed || gone || never {
                return Some(Code::Vcon);
            }
        }
        if elapsed >= Duration::from_secs(settings.connect_wait()) {
            let no_answer = self.order.after == After::Voice || self.quiet_answer;
            return Some(if no_answer { Code::NoAnswer } else { Code::NoCarrier });
        }
        None
    }
}

fn heard_busy(heard: &[Heard]) -> bool {
    heard.iter().any(|h| matches!(h, Heard::Tone(ProgressTone::Busy | ProgressTone::Reorder)))
}

/// Answering in class 0: two seconds of silence, the answer tone of ITU-T V.25, then the wait for a carrier.
#[derive(Debug)]
pub(super) struct Answerer {
    since: Time,
    tone: TonePlayer,
}

/// Silence before the answer tone (V.25: 1.8 to 2.5 s).
const BEFORE_ANSWER_TONE: Duration = Duration::from_millis(2_000);
/// The answer tone (V.25: 2.6 to 4 s).
const ANSWER_TONE: Duration = Duration::from_millis(3_300);
const ANSWER_DBM0: f32 = -12.0;

impl Answerer {
    pub(super) fn new(now: Time) -> Self {
        Self { since: now, tone: TonePlayer::fixed(&[2100.0], ANSWER_DBM0, Some(ANSWER_TONE)) }
    }

    /// Lives through a step; a code ends the command.
    pub(super) fn step(&mut self, line: LineNow<'_>, settings: &Settings, audio: &mut [i16; STEP]) -> Option<Code> {
        let elapsed = line.now.since(self.since);
        if line.interrupted || elapsed >= Duration::from_secs(settings.connect_wait()) {
            return Some(Code::NoCarrier);
        }
        if elapsed >= BEFORE_ANSWER_TONE {
            self.tone.mix(audio);
        }
        None
    }
}

/// Steps to time.
pub(super) fn steps(n: u32) -> Duration {
    STEP_TIME * n
}
