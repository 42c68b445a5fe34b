//! Commands that the exchange carries out.

use crate::line::{Line, Shared};
use crate::{Command, LineErr, Reply};
use loopstart_signal::Time;

impl Line {
    /// Carries out a command that needs the exchange.
    pub(crate) fn switch_command(&mut self, _sh: &mut Shared, command: Command, _now: Time) -> Result<Reply, LineErr> {
        let _ = command;
        Err(LineErr::OPERATIONUNAVAIL)
    }
}
