//! Terminals: where the sound of a line can be sent beside the host.

use crate::caps::{address_state, line_state};
use crate::line::{Line, Shared};
use crate::request::Purpose;
use crate::timers::{ACTION_WATCH, Timer};
use crate::{CallHandle, CallInfoChange, LineErr, LineState, Output, RequestId, Scope};
use alloc::vec::Vec;
use loopstart_signal::{ActionId, ActionKind, Caps, Failure, Outcome, Time};

/// A terminal that parts of a line can be routed to, for `LINETERMCAPS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// `LINETERMDEV_` bit.
    pub device: u32,
    /// `LINETERMMODE_` bits it takes.
    pub modes: u32,
    /// `LINETERMSHARING_` bit.
    pub sharing: u32,
}

/// `LINETERMMODE_MEDIAFROMLINE`.
const FROM_LINE: u32 = 0x40;
/// `LINETERMMODE_MEDIATOLINE | MEDIAFROMLINE | MEDIABIDIRECT`.
const BOTH_WAYS: u32 = 0xe0;
/// All published `LINETERMMODE_` bits.
const MODES_KNOWN: u32 = 0xff;
/// Number of the terminal that can be switched.
const SPEAKER: u32 = 1;
/// Most requests that wait for the device.
const MAX_PENDING: usize = 8;

/// The terminals of a device with a loudspeaker, by their numbers: what hangs on the line itself, to which the sound
/// goes always, and the loudspeaker. Other devices have none.
pub const TERMINALS: &[Terminal] = &[
    Terminal { device: 0x1, modes: BOTH_WAYS, sharing: 0x1 },
    Terminal { device: 0x4, modes: FROM_LINE, sharing: 0x1 },
];

/// The terminals of a device.
pub(crate) fn terminals(caps: Caps) -> &'static [Terminal] {
    if caps.contains(Caps::SPEAKER) { TERMINALS } else { &[] }
}

/// A request that waits for the device.
#[derive(Clone, Copy, Debug)]
struct Pending {
    request: RequestId,
    scope: Scope,
    changes: bool,
}

/// The loudspeaker of a device: wanted, and told.
#[derive(Debug, Default)]
pub(crate) struct Speaker {
    /// Wanted for the line.
    line: bool,
    /// What the device was told.
    told: bool,
    running: Option<(ActionId, bool)>,
    pending: Vec<Pending>,
}

impl Line {
    /// Whether the loudspeaker is wanted for a call, or for the line when that has no wish of its own.
    fn speaker_wanted(&self, sh: &Shared, call: Option<CallHandle>) -> bool {
        call.and_then(|h| sh.call(h)?.wishes.speaker).unwrap_or(self.media.speaker.line)
    }

    /// `LINETERMMODE_` bits routed to each terminal, for one call or the line.
    pub(crate) fn terminal_modes(&self, sh: &Shared, call: Option<CallHandle>) -> Vec<u32> {
        let speaker = if self.speaker_wanted(sh, call) { FROM_LINE } else { 0 };
        terminals(self.caps).iter().zip([BOTH_WAYS, speaker]).map(|(_, modes)| modes).collect()
    }

    /// Routes parts of the line to a terminal, or away from it.
    #[expect(clippy::too_many_arguments, reason = "the parameters of the operation")]
    pub(crate) fn set_terminal(
        &mut self,
        sh: &mut Shared,
        request: RequestId,
        scope: Scope,
        modes: u32,
        terminal: u32,
        enable: bool,
        now: Time,
    ) -> Result<(), LineErr> {
        self.ready()?;
        let all = terminals(self.caps);
        if all.is_empty() {
            return Err(LineErr::OPERATIONUNAVAIL);
        }
        match scope {
            Scope::Address(_, id) if id != 0 => return Err(LineErr::INVALADDRESSID),
            Scope::Call(h) => {
                let call = sh.call(h).ok_or(LineErr::INVALCALLHANDLE)?;
                if !call.is_open() {
                    return Err(LineErr::INVALCALLSTATE);
                }
            }
            _ => {}
        }
        let takes = all.get(terminal as usize).ok_or(LineErr::INVALTERMINALID)?.modes;
        if modes == 0 || modes & !MODES_KNOWN != 0 || modes & !takes != 0 {
            return Err(LineErr::INVALTERMINALMODE);
        }
        // The line's own sound goes nowhere else.
        if terminal != SPEAKER && !enable {
            return Err(LineErr::OPERATIONUNAVAIL);
        }
        if self.media.speaker.pending.len() >= MAX_PENDING {
            return Err(LineErr::RESOURCEUNAVAIL);
        }
        match scope {
            Scope::Call(h) => {
                let call = sh.call_mut(h).ok_or(LineErr::INVALCALLHANDLE)?;
                call.requests.enter(request, Purpose::Terminal)?;
            }
            _ => self.requests.enter(request, Purpose::Terminal)?,
        }
        let mut changes = false;
        if terminal == SPEAKER {
            if let Scope::Call(h) = scope {
                changes = self.speaker_wanted(sh, Some(h)) != enable;
                if let Some(call) = sh.call_mut(h) {
                    call.wishes.speaker = Some(enable);
                }
            } else {
                changes = core::mem::replace(&mut self.media.speaker.line, enable) != enable;
            }
        }
        self.media.speaker.pending.push(Pending { request, scope, changes });
        self.settle(sh, now);
        Ok(())
    }

    /// Has the device do what is wanted; ends the requests when it is done.
    pub(crate) fn follow_speaker(&mut self, sh: &mut Shared, now: Time) {
        if self.media.speaker.running.is_some() {
            return;
        }
        if !self.caps.contains(Caps::SPEAKER) {
            // The device has it no more, or not yet.
            self.media.speaker.told = false;
            self.end_pending(sh, Err(LineErr::RESOURCEUNAVAIL));
            return;
        }
        let wanted = self.speaker_wanted(sh, self.current);
        if wanted != self.media.speaker.told {
            let id = sh.act(self.id(), ActionKind::Speaker(wanted));
            self.media.speaker.running = Some((id, wanted));
            self.timers.start(Timer::Speaker, now + ACTION_WATCH);
        } else {
            self.end_pending(sh, Ok(()));
        }
    }

    pub(crate) fn speaker_done(&mut self, sh: &mut Shared, id: ActionId, outcome: Outcome) {
        if self.media.speaker.running.is_some_and(|(running, _)| running == id) {
            self.speaker_ended(sh, outcome);
        }
    }

    /// The running Speaker ended.
    pub(crate) fn speaker_ended(&mut self, sh: &mut Shared, outcome: Outcome) {
        self.timers.stop(Timer::Speaker);
        let speaker = &mut self.media.speaker;
        let Some((_, on)) = speaker.running.take() else { return };
        match outcome {
            Outcome::Ok => speaker.told = on,
            Outcome::Failed(failure) => {
                // All stays as it is.
                speaker.line = speaker.told;
                if let Some(call) = self.current.and_then(|h| sh.call_mut(h)) {
                    call.wishes.speaker = None;
                }
                let lost = failure == Failure::Lost;
                self.end_pending(sh, Err(if lost { LineErr::RESOURCEUNAVAIL } else { LineErr::OPERATIONFAILED }));
            }
        }
    }

    /// The device was lost; when it comes back it is told what the host wants of the line.
    pub(crate) fn lose_speaker(&mut self, sh: &mut Shared) {
        self.media.speaker.told = false;
        self.media.speaker.running = None;
        self.end_pending(sh, Err(LineErr::RESOURCEUNAVAIL));
    }

    /// The host closes the line.
    pub(crate) fn close_speaker(&mut self) {
        self.media.speaker.line = false;
        self.media.speaker.pending.clear();
    }

    fn end_pending(&mut self, sh: &mut Shared, result: Result<(), LineErr>) {
        for Pending { request, scope, changes } in core::mem::take(&mut self.media.speaker.pending) {
            let told = changes && result.is_ok();
            match scope {
                Scope::Call(h) => {
                    // Else the call has ended, and the request with it.
                    if sh.call_mut(h).is_some_and(|c| c.requests.strike(request)) {
                        sh.complete(h, request, result);
                        let message = sh.call(h).and_then(|c| c.info_message(h, CallInfoChange::TERMINAL));
                        sh.notify(message.filter(|_| told));
                    }
                }
                Scope::Line(line) | Scope::Address(line, _) => {
                    if !self.requests.strike(request) {
                        continue;
                    }
                    sh.out.push_back(Output::Complete { request, result, line, call: None });
                    match scope {
                        _ if !told => {}
                        Scope::Line(_) => self.tell_line(sh, line_state::TERMINALS, LineState::Terminals),
                        _ => self.tell_address(sh, address_state::TERMINALS),
                    }
                }
            }
        }
    }
}
