//! Services of the exchange: forward, park, pickup, completion, secure calls, as procedures of the switch plan.

use crate::errand::Asked;
use crate::line::{Line, Shared};
use crate::procedure::{Proof, Trouble};
use crate::{CallFeatures, CallFeatures2, CallHandle, Command, LineErr, Reply};
use loopstart_signal::Time;

/// What a procedure of a service is for.
#[derive(Clone, Debug)]
pub(crate) enum ServiceErrand {
    /// Nothing but to be carried out.
    Plain {
        /// Who waits for its end.
        asked: Asked,
    },
}

impl Line {
    /// Carries out a command about a service of the exchange.
    pub(crate) fn service_command(
        &mut self,
        _sh: &mut Shared,
        command: Command,
        _now: Time,
    ) -> Result<Reply, LineErr> {
        let _ = command;
        Err(LineErr::OPERATIONUNAVAIL)
    }

    /// What of services can be done with a call as things stand.
    pub(crate) fn service_features(&self, _sh: &Shared, _h: CallHandle) -> (CallFeatures, CallFeatures2) {
        (CallFeatures::empty(), CallFeatures2::empty())
    }

    /// The procedure of a service ended.
    pub(crate) fn service_ended(
        &mut self,
        sh: &mut Shared,
        errand: ServiceErrand,
        result: Result<Proof, Trouble>,
        _flashed: bool,
        _now: Time,
    ) {
        match errand {
            ServiceErrand::Plain { asked } => {
                self.completed(sh, asked, result.map(|_| ()).map_err(crate::errand::error_of));
            }
        }
    }
}
