//! Tones and media of a call: sent, watched for, and what happens on them by itself; what the host stores with a call.

use crate::line::{Line, Shared};
use crate::{Command, LineErr, Reply};
use loopstart_signal::Time;

impl Line {
    /// Carries out a command about media.
    pub(crate) fn media_command(&mut self, _sh: &mut Shared, command: Command, _now: Time) -> Result<Reply, LineErr> {
        let _ = command;
        Err(LineErr::OPERATIONUNAVAIL)
    }
}
