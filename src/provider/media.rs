//! Media of a call: what the far end is, what the host stores with a call, and where commands about media go.
//!
//! Tones are in `tones`, what happens to the media stream by itself in `media_control`, terminals in `terminal`, calls
//! whose modem the host speaks to itself in `pass_through`.

use crate::digits::digit_heed;
use crate::line::{Line, Shared};
use crate::media_control::Trigger;
use crate::request::Purpose;
use crate::timers::Timer;
use crate::tones::{ToneLists, Watching};
use crate::{
    AddressFeatures, CallHandle, CallInfoChange, CallState, Command, LineErr, LineFeatures, MediaControl, MediaModes,
    Notification, Reply, caps,
};
use alloc::vec::Vec;
use core::time::Duration;
use loopstart_signal::{ActionId, Caps, Heed, MediaSign, Outcome, Time};

/// Most bytes of the host's call data.
pub(crate) const MAX_CALL_DATA: usize = 4_096;

/// What the host wants of a call's media, and what it stored with the call.
#[derive(Debug)]
pub(crate) struct MediaWishes {
    /// Media to report.
    pub(crate) monitor: MediaModes,
    /// What was reported last; the same is not reported again.
    told: Option<MediaModes>,
    /// Tones to report.
    pub(crate) tones: ToneLists,
    /// What happens to the media stream by itself.
    pub(crate) control: MediaControl,
    /// The media stream is paused.
    pub(crate) paused: bool,
    /// The loudspeaker is wanted on or off as long as the call is on the line; none: as the line has it.
    pub(crate) speaker: Option<bool>,
    /// The host's bytes.
    pub(crate) data: Vec<u8>,
}

impl MediaWishes {
    /// What holds for a new call: these media are reported.
    pub(crate) fn new(monitor: MediaModes) -> Self {
        Self {
            monitor,
            told: None,
            tones: ToneLists::default(),
            control: MediaControl::default(),
            paused: false,
            speaker: None,
            data: Vec::new(),
        }
    }
}

/// What a device does about tones and media, and what the host set for the whole line.
#[derive(Debug, Default)]
pub(crate) struct Media {
    pub(crate) watching: Watching,
    pub(crate) line_control: MediaControl,
    pub(crate) address_control: MediaControl,
    /// The device was told to pause the media stream.
    pub(crate) paused: bool,
    pub(crate) speaker: crate::terminal::Speaker,
    /// The medium that is there at present.
    pub(crate) present: Option<Present>,
}

/// A medium that is there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Present {
    call: CallHandle,
    mode: MediaModes,
    since: Time,
    /// What it sets off after this time and before has been done.
    handled: Duration,
}

/// Media that can be told apart. `UNKNOWN` may be asked for, and never comes.
pub(crate) fn detectable(caps: Caps) -> MediaModes {
    if caps.contains(Caps::HEARS_MEDIA) {
        MediaModes::INTERACTIVE_VOICE
            | MediaModes::AUTOMATED_VOICE
            | MediaModes::G3_FAX
            | MediaModes::DATA_MODEM
            | MediaModes::TDD
            | MediaModes::UNKNOWN
    } else {
        MediaModes::empty()
    }
}

/// The medium a sign stands for. Silence is none.
fn mode_of(sign: MediaSign) -> Option<MediaModes> {
    match sign {
        MediaSign::Voice => Some(MediaModes::INTERACTIVE_VOICE),
        MediaSign::Machine | MediaSign::Beep => Some(MediaModes::AUTOMATED_VOICE),
        MediaSign::FaxCalling | MediaSign::FaxAnswer => Some(MediaModes::G3_FAX),
        MediaSign::Modem => Some(MediaModes::DATA_MODEM),
        MediaSign::Tty => Some(MediaModes::TDD),
        MediaSign::Silence => None,
    }
}

impl Line {
    /// Carries out a command about media.
    pub(crate) fn media_command(&mut self, sh: &mut Shared, command: Command, now: Time) -> Result<Reply, LineErr> {
        match command {
            Command::GenerateTone { call, end_to_end, tone } => self.generate_tone(sh, call, end_to_end, tone, now),
            Command::MonitorTones { call, list, tones } => self.monitor_tones(sh, call, list, tones, now),
            Command::MonitorMedia { call, modes } => self.monitor_media(sh, call, modes, now),
            Command::SetMediaControl { scope, control } => self.set_media_control(sh, scope, control, now),
            Command::SetTerminal { request, scope, modes, terminal, enable } => {
                self.set_terminal(sh, request, scope, modes, terminal, enable, now)
            }
            Command::SetCallData { request, call, data } => set_call_data(sh, request, call, data),
            // What a party that waits hears is the exchange's affair: a loop has one speech path, and no other way in.
            _ => Err(LineErr::OPERATIONUNAVAIL),
        }
        .map(|()| Reply::Ok)
    }

    /// What can be done about media now, whatever the calls do.
    pub(crate) fn media_features(&self) -> (LineFeatures, AddressFeatures) {
        caps::media_features(if self.ready().is_ok() { self.caps } else { Caps::empty() })
    }

    /// Media that are reported of a new call until the host says otherwise: those it wants to be offered.
    pub(crate) fn default_monitor(&self) -> MediaModes {
        self.open.as_ref().map_or(MediaModes::empty(), |open| open.media & detectable(self.caps))
    }

    fn monitor_media(&mut self, sh: &mut Shared, h: CallHandle, modes: MediaModes, now: Time) -> Result<(), LineErr> {
        let possible = detectable(self.caps);
        let call = sh.call_mut(h).ok_or(LineErr::INVALCALLHANDLE)?;
        if !modes.is_empty() {
            if !call.can_be_monitored() {
                return Err(LineErr::INVALCALLSTATE);
            }
            if possible.is_empty() {
                return Err(LineErr::OPERATIONUNAVAIL);
            }
            if !possible.contains(modes) {
                return Err(LineErr::INVALMEDIAMODE);
            }
            self.digits.ask_again(Heed::MEDIA);
        }
        call.wishes.monitor = modes;
        call.wishes.told = None;
        self.settle(sh, now);
        Ok(())
    }

    /// What the far end is was heard. The call's own media mode is the host's to decide.
    pub(crate) fn media_heard(&mut self, sh: &mut Shared, sign: MediaSign, now: Time) {
        let Some(mode) = mode_of(sign) else { return self.medium_gone() };
        let Some(h) = self.current.filter(|_| !self.is_releasing()) else { return };
        let Some(call) = sh.call_mut(h).filter(|c| c.is_up() && c.announced) else { return };
        let known = call.wishes.told.replace(mode) == Some(mode);
        let message =
            call.host.filter(|_| !known && call.wishes.monitor.contains(mode)).map(|host| Notification::Media {
                host_line: call.host_line,
                line: call.line,
                host,
                call: h,
                mode,
                tick: now.millis() as u32,
            });
        sh.notify(message);
        let goes_on = self.media.present.is_some_and(|present| present.call == h && present.mode == mode);
        if !goes_on {
            self.trigger(sh, h, Trigger::Media { mode, after: None, lasted: Duration::ZERO });
        }
        // Other signs come again and again; a voice is told when it begins, so it was not there the whole time.
        if !goes_on || sign == MediaSign::Voice {
            self.medium_begins(sh, Present { call: h, mode, since: now, handled: Duration::ZERO });
        }
    }

    fn medium_begins(&mut self, sh: &Shared, present: Present) {
        self.media.present = Some(present);
        self.await_medium(sh);
    }

    /// Nothing is there any more, as far as is heard.
    fn medium_gone(&mut self) {
        self.media.present = None;
        self.timers.stop(Timer::Medium);
    }

    /// Wakes up when the present medium has lasted as long as the next thing that it sets off wants.
    fn await_medium(&mut self, sh: &Shared) {
        let Some(present) = self.media.present else { return };
        let call = sh.call(present.call);
        let next = call
            .and_then(|call| self.controls(call).filter_map(|c| c.next_medium(present.mode, present.handled)).min());
        match next {
            Some(next) => self.timers.start(Timer::Medium, present.since + next),
            None => self.timers.stop(Timer::Medium),
        }
    }

    /// The present medium has lasted for some time.
    pub(crate) fn medium_lasts(&mut self, sh: &mut Shared, now: Time) {
        let Some(Present { call, mode, since, handled }) = self.media.present else { return };
        let lasted = now.since(since);
        self.trigger(sh, call, Trigger::Media { mode, after: Some(handled), lasted });
        self.medium_begins(sh, Present { call, mode, since, handled: lasted });
    }

    /// What media set off was changed: only what is still to come counts.
    pub(crate) fn media_control_changed(&mut self, sh: &Shared, now: Time) {
        if let Some(present) = &mut self.media.present {
            present.handled = now.since(present.since);
        }
        self.await_medium(sh);
    }

    /// What the device must report for the host's wishes about the media of this call, digits it is controlled by
    /// included.
    pub(crate) fn media_heed(&self, call: &crate::call::Call) -> Heed {
        let mut heed = Heed::empty();
        heed.set(Heed::MEDIA, !call.wishes.monitor.is_empty());
        for control in self.controls(call) {
            for &(_, modes, _) in &control.digits {
                heed |= digit_heed(modes);
            }
            heed.set(Heed::MEDIA, heed.contains(Heed::MEDIA) || !control.media.is_empty());
        }
        heed
    }

    /// The device was lost: it remembers nothing, and what was asked of it cannot be done.
    pub(crate) fn lose_media(&mut self, sh: &mut Shared) {
        self.media.watching = Watching::default();
        self.media.paused = false;
        self.medium_gone();
        self.lose_speaker(sh);
    }

    /// The host closes the line: what it set for it goes.
    pub(crate) fn close_media(&mut self) {
        self.media.line_control = MediaControl::default();
        self.media.address_control = MediaControl::default();
        self.close_speaker();
    }

    /// The line goes on hook: watching ends before, and a pause with it.
    pub(crate) fn forget_media(&mut self, sh: &mut Shared, now: Time) {
        self.forget_tones(sh, now);
        self.media.paused = false;
        self.medium_gone();
    }

    /// Has the device do what the host wants of the media of the call that is up.
    pub(crate) fn follow_media(&mut self, sh: &mut Shared, now: Time) {
        self.follow_tones(sh, now);
        if self.media.present.is_some_and(|present| self.current != Some(present.call)) {
            // Another party has the line.
            self.medium_gone();
        }
        self.follow_stream(sh);
        self.follow_speaker(sh, now);
    }

    /// An action that has nothing to do with digits ended.
    pub(crate) fn media_done(&mut self, sh: &mut Shared, id: ActionId, outcome: Outcome) {
        if self.media.watching.running == Some(id) {
            self.watch_ended(outcome);
        } else {
            self.speaker_done(sh, id, outcome);
        }
    }

    /// The speech path of a call ends: nothing of it is listened to any more.
    pub(crate) fn end_media(&mut self, sh: &mut Shared, h: CallHandle) {
        if let Some(call) = sh.call_mut(h) {
            call.wishes.paused = false;
            call.wishes.monitor = MediaModes::empty();
            call.wishes.tones = ToneLists::default();
            call.wishes.control = MediaControl::default();
        }
        if self.media.present.is_some_and(|present| present.call == h) {
            self.medium_gone();
        }
    }
}

/// Stores the host's bytes with a call.
fn set_call_data(sh: &mut Shared, request: crate::RequestId, h: CallHandle, data: Vec<u8>) -> Result<(), LineErr> {
    let call = sh.call_mut(h).ok_or(LineErr::INVALCALLHANDLE)?;
    if !call.counts() || call.requests.has(Purpose::Drop) {
        return Err(LineErr::INVALCALLSTATE);
    }
    if data.len() > MAX_CALL_DATA {
        return Err(LineErr::INVALPARAM);
    }
    call.wishes.data = data;
    let message = call.info_message(h, CallInfoChange::CALL_DATA);
    sh.complete(h, request, Ok(()));
    sh.notify(message);
    Ok(())
}

impl crate::call::Call {
    /// Whether the host knows it, has not dropped it, and it is neither disconnected nor idle.
    pub(crate) fn is_open(&self) -> bool {
        let over = matches!(self.state, Some(CallState::Disconnected(_))) || self.requests.has(Purpose::Drop);
        self.counts() && !over
    }

    /// Whether what its far end sends can be asked for. Of a member that is its conference's affair.
    pub(crate) fn can_be_monitored(&self) -> bool {
        self.is_open() && !matches!(self.state, Some(CallState::Conferenced(_)))
    }
}
