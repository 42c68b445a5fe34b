//! Message waiting: the exchange says that the subscriber has messages, as data on the idle line or by its dial tone.

use crate::caps::line_state;
use crate::line::{Line, Shared};
use crate::output::LineState;
use loopstart_signal::plan::Plan;
use loopstart_signal::{Caps, ProgressTone};

/// How it is known that messages wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Messages {
    /// None do, or nothing was ever said.
    #[default]
    None,
    /// By data, which will also say when there are none any more.
    ByData,
    /// By stutter dial tone. The next plain one says that there are none any more.
    ByDialTone,
}

/// The `LINEDEVSTATE_` bits of a line that can be told.
pub(crate) fn line_states(caps: Caps, plan: &Plan) -> u32 {
    // The data comes the way of a caller identification.
    let can = caps.contains(Caps::CALLER_ID) || (plan.stutter_tells_messages && caps.contains(Caps::SEES_DIAL_TONE));
    if can { line_state::MESSAGE_ON | line_state::MESSAGE_OFF } else { 0 }
}

impl Line {
    /// The exchange sent data about it.
    pub(crate) fn message_waiting(&mut self, sh: &mut Shared, on: bool) {
        self.set_messages(sh, if on { Messages::ByData } else { Messages::None });
    }

    /// Dial tone of a line that was seized to make a call: before anything is dialled.
    pub(crate) fn first_dial_tone(&mut self, sh: &mut Shared, tone: ProgressTone) {
        let untouched =
            self.current.and_then(|h| sh.call(h)).is_some_and(|call| call.state.is_none() && !call.is_incoming());
        if !untouched
            || self.has_procedure()
            || !self.parties.is_empty()
            || !self.description.plan.stutter_tells_messages
        {
            return;
        }
        match (tone, self.messages) {
            (ProgressTone::StutterDial, Messages::None) => self.set_messages(sh, Messages::ByDialTone),
            (ProgressTone::Dial, Messages::ByDialTone) => self.set_messages(sh, Messages::None),
            _ => {}
        }
    }

    fn set_messages(&mut self, sh: &mut Shared, messages: Messages) {
        let before = core::mem::replace(&mut self.messages, messages);
        let wait = messages != Messages::None;
        if wait != (before != Messages::None) {
            let bit = if wait { line_state::MESSAGE_ON } else { line_state::MESSAGE_OFF };
            self.tell_line(sh, bit, LineState::MessageWaiting(wait));
        }
    }
}
