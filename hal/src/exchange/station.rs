//! What a line has besides the call it is in: who is held, who waits, who is in its conference, what its subscriber has
//! switched on.

use super::call::CallId;
use super::features::Fields;
use super::numbers::{Destination, DialString};
use super::tones::Signal;
use super::waiting::Waiting;
use arrayvec::ArrayVec;
use loopstart_signal::Time;
use loopstart_signal::plan::Service;
use std::time::Duration;

/// Most parties that a line confers with.
pub(crate) const MAX_PARTIES: usize = 6;

/// Calls of a line that go together.
pub(crate) type Group = ArrayVec<CallId, MAX_PARTIES>;

/// What a party is to a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// It talks with the line.
    Active,
    /// It is called by the line and has not answered.
    Calling,
    /// The line holds it.
    Held,
    /// It calls while the line talks to someone else.
    Waiting,
    /// It is in a conference with the line and at least one more.
    Member,
}

impl Role {
    /// Its name, as `state` tells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Calling => "calling",
            Self::Held => "held",
            Self::Waiting => "waiting",
            Self::Member => "member",
        }
    }
}

/// After a flash: the register that takes an order for the calls there are.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Orders {
    pub(crate) digits: DialString,
    /// The codes that count, by their place in the plan's list.
    pub(crate) codes: Vec<usize>,
    /// The order when no digit comes.
    pub(crate) default: Option<Service>,
    /// Everyone is held and recall dial tone is on; else the parties go on talking.
    pub(crate) pauses: bool,
    /// The tone that comes back when nothing is ordered.
    pub(crate) tone: Option<Signal>,
    pub(crate) until: Time,
}

/// Where calls for a line go instead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Forward {
    pub(crate) to: Destination,
    pub(crate) number: DialString,
}

/// A call that confirms forwarding when it is answered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Courtesy {
    pub(crate) call: Option<CallId>,
    pub(crate) forward: Forward,
    pub(crate) since: Time,
}

/// See the module's text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Station {
    /// Joined with the line's call in a conference.
    pub(crate) members: Group,
    /// Held; several are a conference that the line has left for a moment.
    pub(crate) held: Group,
    /// The call that waits.
    pub(crate) waiting: Option<Waiting>,
    /// One of the two calls was a waiting call.
    pub(crate) by_waiting: bool,
    /// It was put on hold with a code, not for a consultation.
    pub(crate) held_by_code: bool,
    /// The held call stays when the line hangs up, since then.
    pub(crate) held_for_good: Option<Time>,
    pub(crate) orders: Option<Orders>,
    /// The last flash.
    pub(crate) flashed: Option<Time>,
    /// When the loop last opened.
    pub(crate) opened: Time,
    /// Dialling timed out: the tone on the line is about that and no call.
    pub(crate) timed_out: bool,
    /// Digits dialled into busy tone or ringback.
    pub(crate) tone_digits: DialString,
    /// Busy tone and an announcement take turns: when the next turn begins.
    pub(crate) offer: Option<Time>,
    /// Rings again with the call of its phase from then on.
    pub(crate) ring_at: Option<Time>,
    /// Then it stops ringing and the call ends.
    pub(crate) ring_until: Option<Time>,

    /// For the call that is being dialled or under way: no call waiting, no number shown.
    pub(crate) secure: bool,
    pub(crate) withhold: Option<bool>,

    /// Messages wait for the subscriber.
    pub(crate) messages: bool,
    /// That changed and the line was not told yet.
    pub(crate) messages_due: bool,
    pub(crate) waiting_off: bool,
    pub(crate) do_not_disturb: bool,
    pub(crate) forward_all: Option<Forward>,
    pub(crate) forward_busy: Option<Forward>,
    /// With the time, where it was given.
    pub(crate) forward_no_answer: Option<(Forward, Option<Duration>)>,
    pub(crate) courtesy: Option<Courtesy>,
    /// Where it called last.
    pub(crate) last_called: Option<(Destination, DialString)>,
    /// Who called it last, unless the number was withheld.
    pub(crate) last_caller: Option<Destination>,
}

impl Station {
    /// It has more than the one call.
    pub(crate) fn has_more(&self) -> bool {
        !self.held.is_empty() || !self.members.is_empty() || self.waiting.is_some()
    }

    /// Calls are forwarded now, all or in some case.
    pub(crate) fn forwards(&self) -> bool {
        self.forward_all.is_some() || self.forward_busy.is_some() || self.forward_no_answer.is_some()
    }

    /// Everyone is held for a moment while an order is taken.
    pub(crate) fn pauses(&self) -> bool {
        self.orders.as_ref().is_some_and(|orders| orders.pauses)
    }
}

/// A code under way.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Session {
    /// The codes it can be.
    pub(crate) codes: Vec<usize>,
    /// Which group of digits is dialled now.
    pub(crate) group: usize,
    /// What the groups before have filled.
    pub(crate) fields: Fields,
}
