//! What is wanted of a line: the actions that go down from the provider to a line device.

use crate::{DigitMode, ProgressTone};
use core::fmt;
use core::time::Duration;

/// Names one action; chosen by the provider, never reused within a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionId(pub u32);

/// An action for a line device.
///
/// Each accepted action ends with exactly one [`LineEvent::Done`](crate::LineEvent::Done). `Release` and
/// `CancelDigits` end the actions they cut short with [`Failure::Cancelled`] before they end themselves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LineAction {
    /// Which action this is.
    pub id: ActionId,
    /// What is wanted.
    pub kind: ActionKind,
}

/// The kinds of action.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ActionKind {
    /// Go off hook to originate. Done when off hook; `Glare` when the line rings.
    Seize,
    /// Dial. Goes off hook first when on hook (waiting for dial tone as `steps` say, else the device's
    /// default wait). Done when the last digit is out.
    Dial {
        /// What to dial.
        steps: DialSteps,
        /// Length of a DTMF digit.
        digit: Duration,
        /// Silence between DTMF digits.
        gap: Duration,
        /// How long a pause (`,`) lasts.
        pause: Duration,
        /// How long to wait for dial tone before `NoDialTone`.
        wait_dial_tone: Duration,
        /// More digits will follow (`;`): the address is not complete.
        partial: bool,
    },
    /// Answer the ringing call: go off hook, voice path open. Done when off hook.
    Answer,
    /// Go on hook, whatever the line is doing. Done when on hook.
    Release,
    /// Interrupt the loop for this long (register recall). Done when off hook again.
    Flash(Duration),
    /// Send digits to the far end during a call. Done when the last one is out.
    SendDigits {
        /// What to send; only digits and pauses.
        steps: DialSteps,
        /// DTMF or pulses.
        mode: DigitMode,
        /// Length of a DTMF digit.
        digit: Duration,
        /// Silence between digits.
        gap: Duration,
        /// How long a pause lasts.
        pause: Duration,
    },
    /// Send a tone to the far end during a call. Done when it is over; a tone without an end lasts until `CancelDigits`.
    SendTone(OutTone),
    /// Stop sending digits or tones now.
    CancelDigits,
    /// Report exactly this of the far end from now on.
    Listen(Heed),
    /// Report these tones, and no others, as [`LineEvent::CustomTone`](crate::LineEvent::CustomTone).
    WatchTones(ToneWatch),
    /// Switch the device's own loudspeaker on or off.
    Speaker(bool),
    /// Control what the host plays into the call; done at once. For devices with [`Caps::AUDIO`](crate::Caps::AUDIO). A
    /// pause ends when the line goes on hook.
    Media(MediaOrder),
    /// Leave the modem to the host, who speaks to it itself, through a descriptor of its own: from the end of this on the
    /// device neither reads nor writes. Or take it back. `Release` takes it back too.
    PassThrough(bool),
}

/// What is to become of the audio that the host plays into a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaOrder {
    /// Play on.
    Run,
    /// Play nothing until the next order, and keep what the host gave.
    Pause,
    /// Throw away what was not played yet, and play what comes.
    Reset,
}

bitflags::bitflags! {
    /// What a device is to report of the far end.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Heed: u8 {
        /// DTMF digits.
        const DTMF = 1;
        /// Pulse digits, by their clicks.
        const PULSES = 1 << 1;
        /// Voices, machines, fax and modem tones.
        const MEDIA = 1 << 2;
    }
}

/// Most frequencies of a [`ToneKind::Custom`].
pub const MAX_TONE_PARTS: usize = 4;

/// A tone for the far end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OutTone {
    /// Which one.
    pub tone: ToneKind,
    /// How long; none: until it is cancelled (one cycle of a billing tone).
    pub duration: Option<Duration>,
}

/// Kinds of tone that can be sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ToneKind {
    /// The country's ringback.
    Ringback,
    /// The country's busy tone.
    Busy,
    /// A beep, as answering machines have it.
    Beep,
    /// A calling-card prompt tone.
    Billing,
    /// These components, all at once; unused ones have a frequency of 0.
    Custom([TonePart; MAX_TONE_PARTS]),
}

/// A component of a tone.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct TonePart {
    /// Frequency, Hz.
    pub hz: u16,
    /// On time of its cadence, ms; 0 with `off_ms` 0: steady.
    pub on_ms: u16,
    /// Off time of its cadence, ms.
    pub off_ms: u16,
    /// Level, dBm0.
    pub level_dbm0: f32,
}

/// Most tones of a [`ToneWatch`].
pub const MAX_WATCHED_TONES: usize = 16;

/// Tones to be reported, stored inline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ToneWatch {
    len: u8,
    tones: [WatchedTone; MAX_WATCHED_TONES],
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct WatchedTone {
    /// Frequencies in Hz that sound together, unused ones 0; all 0 is silence.
    pub hz: [u16; 3],
    /// How long it must last, ms.
    pub duration_ms: u32,
}

impl ToneWatch {
    /// Adds a tone; false when there is no room.
    pub fn push(&mut self, tone: WatchedTone) -> bool {
        let Some(slot) = self.tones.get_mut(usize::from(self.len)) else { return false };
        *slot = tone;
        self.len += 1;
        true
    }

    /// The tones; an event names one by its index.
    pub fn as_slice(&self) -> &[WatchedTone] {
        self.tones.get(..usize::from(self.len)).unwrap_or(&[])
    }
}

/// How an action ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Ok,
    /// It was not.
    Failed(Failure),
}

/// Why an action failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Cut short by a later action.
    Cancelled,
    /// No dial tone came.
    NoDialTone,
    /// The line rang while it was being seized.
    Glare,
    /// The device refused it (`ERROR`), or cannot do it.
    Refused,
    /// The device did not answer in time.
    Timeout,
    /// A tone came instead of what was awaited.
    Tone(ProgressTone),
    /// The call ended meanwhile (`BUSY`, `NO ANSWER`, `NO CARRIER`: the `Released` event says which).
    Released,
    /// The device is out of service.
    Lost,
    /// The line is in a state where this makes no sense (on hook, not ringing).
    WrongState,
}

/// Longest dialable string, in steps. TAPI programs use at most 80 characters (`TAPIMAXDESTADDRESSSIZE`).
pub const MAX_DIAL_STEPS: usize = 128;

/// One step of dialling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DialStep {
    /// `0`-`9`, `*`, `#`, `A`-`D`.
    Digit(u8),
    /// Tone dialling from here on (`T`).
    Tone,
    /// Pulse dialling from here on (`P`).
    Pulse,
    /// Pause (`,`).
    Pause,
    /// Wait for dial tone (`W`).
    WaitDialTone,
    /// Wait for quiet answer: ringback, then 5 s of silence (`@`).
    WaitQuiet,
    /// Wait for the billing tone (`$`).
    WaitBilling,
    /// Hook flash (`!`).
    Flash,
}

/// A dialable string, parsed, stored inline. Its `Debug` form tells only the length.
#[derive(Clone, Copy, PartialEq)]
pub struct DialSteps {
    len: u8,
    steps: [DialStep; MAX_DIAL_STEPS],
}

impl DialSteps {
    /// No steps.
    pub const fn new() -> Self {
        Self { len: 0, steps: [DialStep::Tone; MAX_DIAL_STEPS] }
    }

    /// Appends a step; false when there is no room.
    pub fn push(&mut self, step: DialStep) -> bool {
        let Some(slot) = self.steps.get_mut(usize::from(self.len)) else { return false };
        *slot = step;
        self.len += 1;
        true
    }

    /// The steps.
    pub fn as_slice(&self) -> &[DialStep] {
        &self.steps[..usize::from(self.len)]
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl Default for DialSteps {
    fn default() -> Self {
        Self::new()
    }
}

impl FromIterator<DialStep> for DialSteps {
    /// The first [`MAX_DIAL_STEPS`] steps.
    fn from_iter<I: IntoIterator<Item = DialStep>>(iter: I) -> Self {
        let mut steps = Self::new();
        for step in iter {
            if !steps.push(step) {
                break;
            }
        }
        steps
    }
}

impl fmt::Debug for DialSteps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} dial steps>", self.len)
    }
}
