//! What procedures are for, and what their end does to the calls.

use crate::line::{Line, Shared};
use crate::procedure::{Proof, Trouble};
use crate::services::ServiceErrand;
use crate::{CallHandle, LineErr, RequestId};
use loopstart_signal::plan::Steps;
use loopstart_signal::{Failure, ProgressTone, Time};

/// Who waits for an errand's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The request.
    pub(crate) request: RequestId,
    /// The call in whose ledger it is; none: the line's.
    pub(crate) owner: Option<CallHandle>,
}

/// Why a consultation call is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Consultation {
    /// To transfer the held call.
    Transfer,
    /// To add to a conference.
    Conference,
}

/// What a procedure is for.
#[derive(Clone, Debug)]
pub(crate) enum Errand {
    /// Hold this call.
    Hold { asked: Asked, call: CallHandle },
    /// Go back to the held party; the call on the line, if any, ends. `alerts`: it rings or is busy, or may soon.
    Retrieve { asked: Option<Asked>, held: CallHandle, ended: Option<CallHandle>, alerts: bool },
    /// Exchange active and held call.
    Swap { asked: Asked, active: CallHandle, held: CallHandle },
    /// Hold a call and open another.
    Consult { asked: Asked, held: CallHandle, consultation: CallHandle, why: Consultation },
    /// After a consultation call could not be opened: back to the party that the flash holds.
    Restore,
    /// Back to a party that nobody wants, to hang up then.
    Leave,
    /// The same after the code that protects this call.
    Secured { asked: Asked, call: CallHandle },
    /// Join held and active call to a conference.
    Join { asked: Asked, conference: CallHandle, joined: CallHandle },
    /// Leave the two others to each other.
    Transfer { asked: Asked, held: CallHandle, consultation: CallHandle },
    /// Send a call away.
    BlindTransfer { asked: Asked, call: CallHandle },
    /// Take a member out of a conference. `rest`: the order that follows when the exchange has split it.
    Remove { asked: Option<Asked>, member: CallHandle, split: bool, rest: Steps },
    /// Take the waiting call, hold the active one.
    TakeWaiting { asked: Asked, waiting: CallHandle, active: CallHandle },
    /// Refuse the waiting call.
    RejectWaiting { asked: Asked, waiting: CallHandle },
    /// End the held call.
    ReleaseHeld { asked: Option<Asked>, call: CallHandle },
    /// A service of the exchange.
    Service(ServiceErrand),
}

impl Errand {
    /// Whether this tone tells that a way back did not lead back: dial tone, as the party is held (again); ringing or busy
    /// tone of a second call that was never answered.
    pub(crate) fn missed(&self, tone: ProgressTone) -> bool {
        use ProgressTone as T;
        matches!(
            (self, tone),
            (Self::Retrieve { .. } | Self::Restore | Self::Secured { .. }, T::Dial | T::StutterDial)
                | (Self::Retrieve { alerts: true, .. }, T::Ringback | T::Busy | T::Reorder | T::Sit(_))
        )
    }
}

/// The error that a trouble is told as.
pub(crate) fn error_of(trouble: Trouble) -> LineErr {
    match trouble {
        Trouble::Device(Failure::Lost) => LineErr::RESOURCEUNAVAIL,
        Trouble::Device(Failure::Glare) => LineErr::CALLUNAVAIL,
        Trouble::Refused | Trouble::NoTone | Trouble::Device(_) | Trouble::Released => LineErr::OPERATIONFAILED,
    }
}

impl Line {
    /// Completes a request once, if nobody has done so.
    pub(crate) fn completed(&mut self, sh: &mut Shared, asked: Asked, result: Result<(), LineErr>) {
        match asked.owner {
            Some(owner) => {
                if sh.call_mut(owner).is_some_and(|call| call.requests.strike(asked.request)) {
                    sh.complete(owner, asked.request, result);
                }
            }
            None => {
                if self.requests.strike(asked.request) {
                    self.complete_line(sh, asked.request, result);
                }
            }
        }
    }

    /// The same for an errand that perhaps nobody waits for.
    pub(crate) fn completed_if(&mut self, sh: &mut Shared, asked: Option<Asked>, result: Result<(), LineErr>) {
        if let Some(asked) = asked {
            self.completed(sh, asked, result);
        }
    }

    /// A procedure ended: `flashed` when the party of before is held by the exchange because of it.
    pub(crate) fn errand_ended(
        &mut self,
        sh: &mut Shared,
        errand: Errand,
        result: Result<Proof, Trouble>,
        flashed: bool,
        now: Time,
    ) {
        match errand {
            Errand::Service(errand) => self.service_ended(sh, errand, result, flashed, now),
            errand => self.switched(sh, errand, result.map(|_| ()), flashed, now),
        }
    }
}
