//! What subscribers do with the services of an exchange, and what must come of it on both sides, as data: the words of
//! which the table of the demo is written.
//!
//! Which acts are played is asked of the plan and of the line's capabilities.

use crate::provider::{AddressCaps, AddressFeatures, CallFeatures, LineFeatures};
use crate::signal::plan::{Lack, Service, Subscribed};

/// A line of the demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    A,
    B,
    C,
    D,
}

impl Line {
    pub(super) const ALL: [Self; 4] = [Self::A, Self::B, Self::C, Self::D];

    /// Its place among the lines of the host.
    pub(super) const fn place(self) -> usize {
        self as usize
    }

    /// Its selector.
    pub(super) const fn selector(self) -> &'static str {
        ["emulated:1", "emulated:3", "emulated:5", "emulated:7"][self as usize]
    }

    /// Its place on the exchange.
    pub(super) const fn port(self) -> usize {
        [1, 3, 5, 7][self as usize]
    }

    /// Its name in what is printed.
    pub(super) const fn name(self) -> &'static str {
        ["A", "B", "C", "D"][self as usize]
    }
}

/// Where a call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum To {
    /// A line of the demo.
    Line(Line),
    /// A number of the exchange that is always busy. Whoever hears that is busy too, and no call can wait.
    Busy,
}

/// How a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Plainly,
    /// No call may wait meanwhile.
    Secure,
    /// The number is withheld.
    Withheld,
}

/// Which call that rings elsewhere is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pickup {
    Group,
    /// The one that rings at this line.
    At(Line),
}

/// The name of a call within an act.
pub(super) type Name = &'static str;

/// One step of an act. What is done is done when the provider says so.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Do {
    /// A line makes a call, known by this name from then on.
    Call(Line, To, How, Name),
    /// A call comes in at a line, and is known by this name from then on.
    Offered(Line, Name),
    /// The caller identification of a call: this line, or withheld.
    Caller(Name, Option<Line>),
    Answer(Name),
    /// Ends a call, unless it is over.
    Drop(Name),
    Hold(Name),
    Unhold(Name),
    /// Exchanges the active call and the held one.
    Swap(Name, Name),
    /// Holds a call and opens a consultation call.
    Consult(Name, Name),
    Dial(Name, To),
    /// Connects the held call with the consultation call.
    Transfer(Name, Name),
    /// Joins the held call and the consultation call; the conference has the third name.
    Join(Name, Name, Name),
    /// Takes a member out of a conference.
    Remove(Name),
    BlindTransfer(Name, To),
    /// Parks a call where the exchange chooses, or at this place.
    Park(Name, Option<&'static str>),
    /// Takes the call that was parked last.
    Unpark(Line, Name),
    Pickup(Line, Pickup, Name),
    /// Forwards every call: to a line, or nowhere (do not disturb).
    Forward(Line, Option<Line>),
    /// Stops that.
    ForwardOff(Line),
    /// Asks to be called back when the party is free.
    Complete(Name),
    /// Protects a call from call waiting.
    Secure(Name),
    /// The state of a call, by its published name.
    Is(Name, &'static str),
    /// Who is what to a line on the exchange: a number of the demo's, and a role. Nobody else is there.
    With(Line, &'static [(To, &'static str)]),
    /// The first steps, if the call can do this now; else the second.
    If(Name, CallFeatures, &'static [Self], &'static [Self]),
}

/// What a line must be able to do, as its capabilities tell.
#[derive(Clone, Copy, Debug)]
pub(super) enum Needs {
    Nothing,
    Call(CallFeatures),
    Address(AddressFeatures),
    Line(LineFeatures),
    /// `LINEADDRCAPFLAGS_` bits.
    Flags(u32),
}

impl Needs {
    /// Whether it can.
    pub(super) fn met(self, caps: &AddressCaps, line: LineFeatures) -> bool {
        match self {
            Self::Nothing => true,
            Self::Call(features) => caps.call_features.contains(features),
            Self::Address(features) => caps.features.contains(features),
            Self::Line(features) => line.contains(features),
            Self::Flags(flags) => caps.flags & flags == flags,
        }
    }
}

/// One service of the exchange.
#[derive(Debug)]
pub(super) struct Act {
    /// What is played.
    pub(super) title: &'static str,
    /// What the plan must have.
    pub(super) services: &'static [Service],
    /// What the line must be able to do.
    pub(super) needs: Needs,
    pub(super) steps: &'static [Do],
}

/// Why a plan does not have a service.
pub(super) fn lacks(lack: &Lack) -> String {
    match lack {
        Lack::NotInPlan => "the plan does not have it".into(),
        Lack::No(why) if why.is_empty() => "the plan says that it is not there".into(),
        Lack::No(why) => why.clone(),
        Lack::Subscription(to) => {
            let names = Subscribed::NAMES.iter().filter(|(_, group)| to.intersects(*group)).map(|(name, _)| *name);
            format!("the line does not subscribe to {}", names.collect::<Vec<_>>().join(", "))
        }
        Lack::Code(code) => format!("the site's code {code:?} is not set"),
    }
}
