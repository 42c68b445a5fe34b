//! What happens to the media stream of a call by itself: on digits, media, tones and call states.
//!
//! The media stream is the audio that the host plays into the call. It can be paused, run again, and reset. Its speed
//! and its volume cannot be changed on the way to a line, so lists that want that are refused.

use crate::call::Call;
use crate::line::{Line, Service, Shared};
use crate::media::detectable;
use crate::tones::{can_be_watched, union};
use crate::{CallHandle, CallState, DigitModes, LineErr, MediaControl, MediaModes, Scope, caps, dial};
use core::time::Duration;
use loopstart_signal::{ActionKind, Caps, Heed, MediaOrder, Time, WatchedTone};

/// Entries that each list may have.
const MAX_ENTRIES: usize = 16;
/// All published `LINECALLSTATE_` bits.
const STATES_KNOWN: u32 = 0xffff;

/// `LINEMEDIACONTROL_NONE`.
const NONE: u32 = 0x1;
const START: u32 = 0x2;
const RESET: u32 = 0x4;
const PAUSE: u32 = 0x8;
const RESUME: u32 = 0x10;

/// What sets an entry off.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trigger {
    Digit(u8, DigitModes),
    /// A medium is there, and has lasted so long; `after` is the time it had lasted when it set off something before.
    Media {
        mode: MediaModes,
        after: Option<Duration>,
        lasted: Duration,
    },
    Tone(WatchedTone),
    State(CallState),
}

/// Entries of each list, for `LINEDEVCAPS`; 0 = not at all.
pub(crate) fn entries(caps: Caps) -> u32 {
    if caps.contains(Caps::AUDIO) { MAX_ENTRIES as u32 } else { 0 }
}

impl MediaControl {
    fn is_empty(&self) -> bool {
        self.digits.is_empty() && self.media.is_empty() && self.tones.is_empty() && self.states.is_empty()
    }

    /// The next time after `handled` at which this medium, if it lasts, sets off something.
    pub(crate) fn next_medium(&self, mode: MediaModes, handled: Duration) -> Option<Duration> {
        self.media.iter().filter(|e| e.0.contains(mode) && e.1 > handled).map(|e| e.1).min()
    }

    /// What this sets off.
    fn actions(&self, trigger: Trigger) -> impl Iterator<Item = u32> {
        let digits = self.digits.iter().filter(move |(symbol, modes, _)| {
            matches!(trigger, Trigger::Digit(digit, mode)
                if dial::digit(char::from(*symbol)) == Some(digit) && modes.contains(mode))
        });
        let media = self.media.iter().filter(move |(modes, least, _)| {
            matches!(trigger, Trigger::Media { mode, after, lasted }
                if modes.contains(mode) && *least <= lasted && after.is_none_or(|after| *least > after))
        });
        let tones = self.tones.iter().filter(move |(tone, _)| matches!(trigger, Trigger::Tone(t) if *tone == t));
        let states =
            self.states.iter().filter(move |(bits, _)| matches!(trigger, Trigger::State(s) if bits & s.bit() != 0));
        digits.map(|e| e.2).chain(media.map(|e| e.2)).chain(tones.map(|e| e.1)).chain(states.map(|e| e.1))
    }

    /// # Errors
    /// `INVALDIGITLIST`, `INVALMEDIALIST`, `INVALTONELIST`, `INVALCALLSTATELIST`.
    fn check(&self, caps: Caps) -> Result<(), LineErr> {
        let known = |action: u32| matches!(action, NONE | START | RESET | PAUSE | RESUME);
        let fits = |fine: bool, len: usize, error| if fine && len <= MAX_ENTRIES { Ok(()) } else { Err(error) };
        let heard = caps::monitor_modes(caps);
        let digits = self.digits.iter().all(|&(symbol, modes, action)| {
            dial::digit(char::from(symbol)).is_some() && !modes.is_empty() && heard.contains(modes) && known(action)
        });
        fits(digits, self.digits.len(), LineErr::INVALDIGITLIST)?;
        let told = detectable(caps);
        let media =
            self.media.iter().all(|&(modes, _, action)| !modes.is_empty() && told.contains(modes) && known(action));
        fits(media, self.media.len(), LineErr::INVALMEDIALIST)?;
        let tones = self.tones.iter().all(|(tone, action)| can_be_watched(tone) && known(*action));
        let possible = self.tones.is_empty() || caps.contains(Caps::HEARS_TONES);
        fits(tones && possible, self.tones.len(), LineErr::INVALTONELIST)?;
        let states = self.states.iter().all(|&(bits, action)| bits != 0 && bits & !STATES_KNOWN == 0 && known(action));
        fits(states, self.states.len(), LineErr::INVALCALLSTATELIST)
    }
}

impl Line {
    /// What controls the media stream of a call.
    pub(crate) fn controls<'a>(&'a self, call: &'a Call) -> impl Iterator<Item = &'a MediaControl> {
        [&self.media.line_control, &self.media.address_control, &call.wishes.control].into_iter()
    }

    /// Sets what happens to the media stream by itself, instead of all that was set for the same scope.
    pub(crate) fn set_media_control(
        &mut self,
        sh: &mut Shared,
        scope: Scope,
        control: MediaControl,
        now: Time,
    ) -> Result<(), LineErr> {
        if let Scope::Address(_, id) = scope
            && id != 0
        {
            return Err(LineErr::INVALADDRESSID);
        }
        if !control.is_empty() {
            if let Scope::Call(h) = scope
                && !sh.call(h).ok_or(LineErr::INVALCALLHANDLE)?.is_open()
            {
                return Err(LineErr::INVALCALLSTATE);
            }
            self.ready()?;
            if !self.caps.contains(Caps::AUDIO) {
                return Err(LineErr::OPERATIONUNAVAIL);
            }
            control.check(self.caps)?;
        }
        let place = match scope {
            Scope::Line(_) => &mut self.media.line_control,
            Scope::Address(..) => &mut self.media.address_control,
            Scope::Call(h) => &mut sh.call_mut(h).ok_or(LineErr::INVALCALLHANDLE)?.wishes.control,
        };
        let old = core::mem::replace(place, control);
        if !self.tones_fit(sh) {
            match scope {
                Scope::Line(_) => self.media.line_control = old,
                Scope::Address(..) => self.media.address_control = old,
                Scope::Call(h) => {
                    if let Some(call) = sh.call_mut(h) {
                        call.wishes.control = old;
                    }
                }
            }
            return Err(LineErr::RESOURCEUNAVAIL);
        }
        self.digits.ask_again(Heed::all());
        self.watch_again();
        self.media_control_changed(sh, now);
        self.settle(sh, now);
        Ok(())
    }

    /// Whether the device can watch for all tones of each call at once.
    fn tones_fit(&self, sh: &Shared) -> bool {
        self.calls.iter().filter_map(|&h| sh.call(h)).all(|call| {
            let controls = self.controls(call).flat_map(|control| &control.tones).map(|(tone, _)| tone);
            union(call.wishes.tones.tones().chain(controls)).is_some()
        })
    }

    /// Something happened that may act on the media stream of a call.
    pub(crate) fn trigger(&mut self, sh: &mut Shared, h: CallHandle, trigger: Trigger) {
        if self.current != Some(h) || self.is_releasing() || self.service != Service::Ready {
            return;
        }
        if !self.caps.contains(Caps::AUDIO) {
            return;
        }
        let Some(call) = sh.call(h).filter(|c| c.started && !c.is_passed_through()) else { return };
        let (mut reset, mut paused) = (false, call.wishes.paused);
        for control in self.controls(call) {
            for action in control.actions(trigger) {
                match action {
                    RESET => (reset, paused) = (true, false),
                    PAUSE => paused = true,
                    START | RESUME => paused = false,
                    _ => {}
                }
            }
        }
        if reset {
            sh.act(self.id(), ActionKind::Media(MediaOrder::Reset));
            self.media.paused = false;
        }
        if let Some(call) = sh.call_mut(h) {
            call.wishes.paused = paused;
        }
    }

    /// Has the device pause the stream of the call that is up, or run it.
    pub(crate) fn follow_stream(&mut self, sh: &mut Shared) {
        let wanted = self.current.and_then(|h| sh.call(h)).is_some_and(|c| c.wishes.paused);
        if wanted != self.media.paused {
            self.media.paused = wanted;
            let order = if wanted { MediaOrder::Pause } else { MediaOrder::Run };
            sh.act(self.id(), ActionKind::Media(order));
        }
    }
}
