//! One subscriber line circuit: battery feed, hook supervision, digit receivers, ringing, and what it sends.
//!
//! The circuit knows wires and signals; what they mean for calls is decided in the switch.

use super::call::CallId;
use super::features::Lead;
use super::hook::{HookSignal, Supervisor};
use super::notice::Notice;
use super::numbers::{Destination, DialString};
use super::ringer::Ringer;
use super::settings::Settings;
use super::source::Source;
use super::station::{Session, Station};
use super::subscriber::{FromExchange, FromTerminal, STEP};
use super::tones::{Player, Signal};
use loopstart_signal::dtmf;
use loopstart_signal::line_model::{self, LineModel};
use loopstart_signal::pulse;
use loopstart_signal::{DigitEdge, DigitMode, Time};

/// Where a recording of a line goes. Ends when dropped.
pub trait Recorder: Send {
    /// Takes the next samples; false ends the recording (an error, a full disk).
    fn write(&mut self, samples: &[i16]) -> bool;
}

/// What a line circuit tells the switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineSignal {
    Hook(HookSignal),
    Digit(u8, DigitMode),
}

/// What the switch is doing with a line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Phase {
    /// On hook, nothing happens.
    Idle,
    /// Off hook with dial tone, or dialling.
    Register(Register),
    /// It placed a call that is not answered yet.
    Calling(CallId),
    /// It is being rung.
    Ringing(CallId),
    /// It is being rung because a party that it wants to call is free; lifting calls it.
    Offering(Destination),
    /// In a call.
    Talking(CallId),
    /// The far end released.
    Clearing(Clearing),
    /// It hears a tone; nothing it dials matters until it goes on hook.
    Treatment(Treatment),
}

impl Phase {
    /// Its name, as `state` tells it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Register(_) => "dialing",
            Self::Calling(_) => "calling",
            Self::Ringing(_) | Self::Offering(_) => "ringing",
            Self::Talking(_) => "talking",
            Self::Clearing(_) => "clearing",
            Self::Treatment(_) => "treatment",
        }
    }

    /// The call this phase belongs to.
    pub(crate) fn call(&self) -> Option<CallId> {
        match *self {
            Self::Calling(id) | Self::Ringing(id) | Self::Talking(id) => Some(id),
            _ => None,
        }
    }
}

/// A digit register.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Register {
    pub(crate) digits: DialString,
    /// When the switch loses patience.
    pub(crate) deadline: Time,
    /// At dial tone, or after a flash.
    pub(crate) lead: Lead,
    /// The code that goes on.
    pub(crate) session: Option<Box<Session>>,
}

/// The far end has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clearing {
    /// When loop current is interrupted, and when it comes back.
    pub(crate) open: Option<(Time, Time)>,
    /// When dial tone comes.
    pub(crate) dial_tone: Time,
}

/// A tone sequence: the tone, the howler, silence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Treatment {
    pub(crate) stage: Stage,
    /// When the next stage begins.
    pub(crate) until: Time,
}

/// Stages of a [`Treatment`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Stage {
    /// Silence while the switch sets up what the number leads to.
    Connecting(Destination),
    /// A confirmation or an announcement; then this.
    Notice(After),
    Tone,
    Howler,
    /// Silence until the terminal goes on hook.
    Lockout,
}

/// What follows a confirmation or an announcement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum After {
    /// Dial tone; recall dial tone when a party is held.
    DialTone,
    /// A call.
    Call(Destination),
}

/// One line circuit.
pub(crate) struct Line {
    pub(crate) phase: Phase,
    /// Its other calls, and what its subscriber has switched on.
    pub(crate) station: Station,
    hook: Supervisor,
    receiver: dtmf::Receiver,
    pulses: pulse::Counter,
    pub(crate) ringer: Option<Ringer>,
    tone: Option<(Signal, Player)>,
    /// The tone's audio of this step.
    pub(crate) tone_audio: [i16; STEP],
    /// Call-waiting signals and announcements.
    pub(crate) notice: Notice,
    /// Line and far end do not hear each other.
    pub(crate) cut: bool,
    /// A flash means something at busy tone and ringback.
    flash_on_tone: bool,
    /// What an operator puts onto the line.
    pub(crate) source: Source,
    recorder: Option<Box<dyn Recorder>>,
    recorded: u64,
    /// Battery as an operator set it.
    pub(crate) battery: bool,
    /// A terminal is plugged in.
    pub(crate) plugged: bool,
    /// Polarity as an operator set it.
    pub(crate) reversed: bool,
    /// Polarity is reversed because the call was answered.
    pub(crate) supervised: bool,
    /// The switch interrupts the loop current.
    pub(crate) open: bool,
    /// What the terminal says: silence while its loop is open.
    pub(crate) heard: [i16; STEP],
    /// What the far end says, at this line's level.
    pub(crate) speech: [i16; STEP],
    /// The wires.
    wires: LineModel,
}

/// What came of composing a step.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Composed {
    /// Audio was played to its end.
    pub(crate) played: bool,
    /// Caller identification began.
    pub(crate) identified: bool,
}

impl Line {
    pub(crate) fn new(index: usize, settings: &Settings, flash_on_tone: bool) -> Self {
        Self {
            phase: Phase::Idle,
            station: Station::default(),
            hook: Supervisor::new(settings.hook()),
            receiver: dtmf::Receiver::new(),
            pulses: pulse::Counter::new(settings.country.pulse),
            ringer: None,
            tone: None,
            tone_audio: [0; STEP],
            notice: Notice::new(settings.country),
            cut: false,
            flash_on_tone,
            source: Source::new(),
            recorder: None,
            recorded: 0,
            battery: true,
            plugged: true,
            reversed: false,
            supervised: false,
            open: false,
            heard: [0; STEP],
            speech: [0; STEP],
            wires: LineModel::new(&line_model::Settings {
                seed: settings.line.seed.wrapping_add(index as u64),
                ..settings.line
            }),
        }
    }

    /// Whether the terminal counts as off hook.
    pub(crate) fn is_off_hook(&self) -> bool {
        self.hook.is_off_hook()
    }

    /// Whether the line can be rung.
    pub(crate) fn is_free(&self) -> bool {
        self.phase == Phase::Idle && !self.is_off_hook()
    }

    /// Puts a tone of the exchange on the line, or none.
    pub(crate) fn set_tone(&mut self, signal: Option<Signal>, settings: &Settings) {
        self.tone = signal.map(|signal| (signal, signal.player(settings.country)));
    }

    /// The tone on the line.
    pub(crate) fn tone(&self) -> Option<Signal> {
        self.tone.as_ref().map(|&(signal, _)| signal)
    }

    /// Starts a recording of what the terminal says while it is off hook. Answers the samples of the one that it ends.
    pub(crate) fn record(&mut self, recorder: Option<Box<dyn Recorder>>) -> Option<u64> {
        let ended = self.recorder.take().map(|_| self.recorded);
        self.recorder = recorder;
        self.recorded = 0;
        ended
    }

    /// Whether a flash means something now.
    fn expects_flash(&self) -> bool {
        self.station.has_more()
            || self.station.orders.is_some()
            || match &self.phase {
                Phase::Talking(_) => true,
                Phase::Calling(_) => self.flash_on_tone,
                Phase::Treatment(treatment) => self.flash_on_tone && treatment.stage == Stage::Tone,
                _ => false,
            }
    }

    /// Makes the exchange's tone of this step.
    pub(crate) fn sound_tone(&mut self) {
        self.tone_audio = [0; STEP];
        if let Some((_, player)) = &mut self.tone {
            player.mix(&mut self.tone_audio);
        }
    }

    /// Sees what the terminal did in the last step. Answers the samples of a recording that failed.
    pub(crate) fn supervise(
        &mut self,
        now: Time,
        from: &FromTerminal,
        mut signals: impl FnMut(LineSignal),
    ) -> Option<u64> {
        let current = from.off_hook && self.battery && self.plugged && !self.open;
        self.heard = if current { from.audio } else { [0; STEP] };
        // While the switch itself interrupts the current it cannot see the loop.
        if !self.open {
            let flash = self.expects_flash();
            let was_off_hook = self.is_off_hook();
            if let Some(pulse::Event::Digit(symbol)) = self.pulses.expire(now) {
                signals(LineSignal::Digit(symbol, DigitMode::Pulse));
            }
            if let Some(pulse::Event::Digit(symbol)) = self.pulses.edge(current, now) {
                signals(LineSignal::Digit(symbol, DigitMode::Pulse));
            }
            if let Some(signal) = self.hook.step(now, current, flash) {
                if matches!(signal, HookSignal::Seized | HookSignal::Released) {
                    self.receiver.reset();
                }
                // A break that was a recall is no pulse.
                if signal != HookSignal::Opened {
                    self.pulses.reset();
                }
                signals(LineSignal::Hook(signal));
            }
            if was_off_hook {
                self.receiver.process(&self.heard, &mut |event: dtmf::Event| {
                    if event.edge == DigitEdge::Begin {
                        signals(LineSignal::Digit(event.symbol, DigitMode::Dtmf));
                    }
                });
            }
        }
        if self.is_off_hook()
            && let Some(recorder) = &mut self.recorder
        {
            self.recorded += STEP as u64;
            if !recorder.write(&self.heard) {
                return self.record(None);
            }
        }
        None
    }

    /// What the wires carry towards the terminal in the step at `now`.
    pub(crate) fn compose(&mut self, now: Time, to: &mut FromExchange) -> Composed {
        let mut composed = Composed::default();
        let mut audio = self.speech;
        for (s, tone) in audio.iter_mut().zip(self.tone_audio) {
            *s = s.saturating_add(tone);
        }
        self.notice.mix(&mut audio);
        to.ringing = false;
        let mut reversed = self.reversed != self.supervised;
        if let Some(ringer) = &mut self.ringer {
            let step = ringer.step(now, &mut audio);
            to.ringing = step.ringing;
            composed.identified = step.data_began;
            reversed ^= step.reversed;
        }
        composed.played = self.source.mix(&mut audio);
        self.wires.process_duplex(&mut audio, &self.heard);
        to.battery = self.battery && self.plugged && !self.open;
        to.reversed = reversed;
        to.ringing &= to.battery;
        to.audio = if to.battery { audio } else { [0; STEP] };
        composed
    }
}
