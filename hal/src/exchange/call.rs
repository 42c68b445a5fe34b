//! A call: two ends, and who says what to whom.

use super::party::Party;
use super::subscriber::STEP;
use loopstart_signal::{CallerId, Time};

/// Names a call; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CallId(pub(crate) u64);

/// The two ends of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Caller,
    Called,
}

impl End {
    /// The other end.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Caller => Self::Called,
            Self::Called => Self::Caller,
        }
    }
}

/// What is at an end.
#[derive(Debug)]
pub(crate) enum Leg {
    /// A line of this exchange.
    Line(usize),
    /// A scripted or operated far end.
    Party(Box<Party>),
    /// Nobody: the other end is parked here.
    Orbit,
}

impl Leg {
    /// The line, if it is one.
    pub(crate) fn line(&self) -> Option<usize> {
        match self {
            Self::Line(line) => Some(*line),
            Self::Party(_) | Self::Orbit => None,
        }
    }
}

/// A call.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) id: CallId,
    pub(crate) caller: Leg,
    pub(crate) called: Leg,
    /// When it began to ring.
    pub(crate) since: Time,
    /// It was answered.
    pub(crate) talking: bool,
    /// Who calls, as the called line is told.
    pub(crate) caller_id: CallerId,
    /// What each end said in the last step: caller, called.
    pub(crate) said: [[i16; STEP]; 2],
}

impl Call {
    /// What is at this end.
    pub(crate) fn leg(&self, end: End) -> &Leg {
        match end {
            End::Caller => &self.caller,
            End::Called => &self.called,
        }
    }

    /// What is at this end, to be changed.
    pub(crate) fn leg_mut(&mut self, end: End) -> &mut Leg {
        match end {
            End::Caller => &mut self.caller,
            End::Called => &mut self.called,
        }
    }

    /// What is at the other end than this line.
    pub(crate) fn far(&self, line: usize) -> Option<&Leg> {
        Some(self.leg(self.end_of(line)?.other()))
    }

    /// Which end a line is.
    pub(crate) fn end_of(&self, line: usize) -> Option<End> {
        [End::Caller, End::Called].into_iter().find(|&end| self.leg(end).line() == Some(line))
    }
}
