//! Switch plans: how an exchange or PBX does each service on an analog line, as data.
//!
//! # What is it?
//!
//! A [`Plan`] answers one question: what does a subscriber do at the telephone to have a service — hold, swap, transfer,
//! park, forward — and what becomes of the calls when he hangs up? The provider carries these [`Procedure`]s out; the
//! emulated exchange is their other side. Plans inherit: each states what differs from its parent, and where it knows
//! it from.
//!
//! # How does it work?
//!
//! A plan is written as facts, key and value ([`FactText`]), in the tables of [`Plan::named`] or in a user's file.
//! [`Builder`] lays a plan's facts over its parents', puts the site's codes into the procedures (`{park}` and the like),
//! and checks everything once; what remains to be filled in at the time of use ([`Fill`]) is the number, the extension
//! or the slot. A service is *available* when the plan supports it, its codes are known, and the line subscribes to it;
//! [`Plan::lacks`] tells what is missing otherwise.
//!
//! # How is a procedure carried out?
//!
//! - A procedure for an idle line begins with `dial:`. Whoever carries it out goes off hook and waits for dial tone (behind
//!   a PBX for the PBX's own) before that, and hangs up in the end unless its last step did. One for a line with a call
//!   begins with `flash`, `onhook`, `pause:` or `wait:`.
//! - `flash` opens the loop for [`Recall::send`]. Digits follow only after the `wait:` that comes next, or, where no
//!   tone can be heard, after [`Recall::blind_wait`].
//! - `onhook` before an `offhook` lasts longer than the longest recall, or the exchange takes it for one; where it follows
//!   a flash, [`Plan::on_hook_guard`] has to pass first.
//! - `wait:` with several signals is over with the first of them. Two `dial:` in sequence are one string of digits.

mod builder;
mod codes;
mod data;
mod procedure;

pub use builder::{Builder, Error, FactText};
pub use codes::Clash;
pub use procedure::{BadStep, Blank, Fill, MAX_STEPS, Piece, Procedure, Step, Steps, Unfilled, Waits};

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

macro_rules! services {
    ($($(#[$doc:meta])* $name:ident = $key:literal in $group:ident),* $(,)?) => {
        /// What a plan can have a procedure for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Service { $($(#[$doc])* $name),* }

        impl Service {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The key of its fact.
            pub const fn key(self) -> &'static str {
                match self { $(Self::$name => $key),* }
            }

            /// What a line must subscribe to where the plan has it by subscription only.
            pub const fn group(self) -> Subscribed {
                match self { $(Self::$name => Subscribed::$group),* }
            }
        }
    };
}

services! {
    /// Begin a consultation call: the party one talks with is held, and the recall dial tone takes a number. Often the
    /// same as [`Service::Hold`]; where holding has a code of its own, only this leads to transfer and conference.
    Consult = "threeway.start" in THREE_WAY,
    /// Hold the party one talks with; ends at a dial tone, or on hook where the procedure does.
    Hold = "hold" in THREE_WAY,
    /// Back to the held party while the second call is not answered and does not ring: its leg ends.
    Retrieve = "retrieve" in THREE_WAY,
    /// The same when the second call rings or is busy.
    RetrieveRinging = "retrieve.consult_ringing_or_busy" in THREE_WAY,
    /// Talk to the held party, hold the other.
    Swap = "swap" in THREE_WAY,
    /// Join held and active party to a conference of three.
    Join = "threeway.join" in THREE_WAY,
    /// Drop the party that was added last from a conference of three.
    DropLast = "threeway.drop_last" in THREE_WAY,
    /// Drop the party that was there first from a conference of three.
    DropFirst = "threeway.drop_first" in THREE_WAY,
    /// Split a conference of three: one party active, the other held. Which of them is active is a fact of its own,
    /// [`Plan::split_active`].
    Split = "threeway.split" in THREE_WAY,
    /// Add a party to a larger conference ({n}); ends in the conference.
    ConferenceAdd = "conference.station_controlled" in THREE_WAY,
    /// Drop the last party of a larger conference.
    ConferenceDrop = "conference.drop" in THREE_WAY,
    /// Take a waiting call, hold the active one.
    WaitingAnswer = "callwaiting.answer" in CALL_WAITING,
    /// End the active call, take the waiting or held one.
    ReleaseAndTake = "callwaiting.release_and_answer" in CALL_WAITING,
    /// Refuse a waiting call.
    WaitingReject = "callwaiting.reject" in CALL_WAITING,
    /// End the held call, go on with the active one.
    ReleaseHeld = "release.held" in CALL_WAITING,
    /// Switch call waiting on for the line.
    WaitingOn = "callwaiting.on" in CANCEL_WAITING,
    /// Switch call waiting off for the line.
    WaitingOff = "callwaiting.off" in CANCEL_WAITING,
    /// Connect held and second party, leave.
    Transfer = "transfer.consult_complete" in TRANSFER,
    /// Transfer to {n} without talking to it first.
    BlindTransfer = "transfer.blind" in TRANSFER,
    /// Park at a chosen place ({s}).
    ParkDirected = "park.directed" in PARK,
    /// Park where the exchange chooses, or at one's own extension.
    Park = "park.nondirected" in PARK,
    /// Take the call parked at {s}.
    Unpark = "unpark" in PARK,
    /// Take a call that rings in the group.
    PickupGroup = "pickup.group" in PICKUP,
    /// Take a call that rings at {ext}.
    PickupDirected = "pickup.directed" in PICKUP,
    /// Forward all calls to {n}.
    ForwardAll = "forward.uncond.set" in FORWARDING,
    /// Stop that.
    ForwardAllOff = "forward.uncond.cancel" in FORWARDING,
    /// Ask whether it is on.
    ForwardAllCheck = "forward.uncond.check" in FORWARDING,
    /// Forward to {n} when busy.
    ForwardBusy = "forward.busy.set" in FORWARDING,
    /// Stop that.
    ForwardBusyOff = "forward.busy.cancel" in FORWARDING,
    /// Ask whether it is on.
    ForwardBusyCheck = "forward.busy.check" in FORWARDING,
    /// Forward to {n} when nobody answers.
    ForwardNoAnswer = "forward.noanswer.set" in FORWARDING,
    /// The same, after {t} seconds.
    ForwardNoAnswerAfter = "forward.noanswer.set_with_time" in FORWARDING,
    /// Stop that.
    ForwardNoAnswerOff = "forward.noanswer.cancel" in FORWARDING,
    /// Ask whether it is on.
    ForwardNoAnswerCheck = "forward.noanswer.check" in FORWARDING,
    /// Forward to {n} when busy and when nobody answers.
    ForwardBusyNoAnswer = "forward.busy_noanswer.set" in FORWARDING,
    /// Stop that.
    ForwardBusyNoAnswerOff = "forward.busy_noanswer.cancel" in FORWARDING,
    /// No call rings here (do not disturb).
    DoNotDisturb = "dnd.set" in FORWARDING,
    /// Stop that.
    DoNotDisturbOff = "dnd.cancel" in FORWARDING,
    /// Have a busy party's line watched, and be called back.
    CompleteBusy = "complete.busy.set" in COMPLETION,
    /// Stop that.
    CompleteBusyOff = "complete.busy.cancel" in COMPLETION,
    /// The same for a party that does not answer.
    CompleteNoAnswer = "complete.noreply.set" in COMPLETION,
    /// Call the last caller back.
    CallReturn = "lastcaller.return" in COMPLETION,
    /// No call waiting during the call that follows ({n}).
    SecureBefore = "secure.before" in CANCEL_WAITING,
    /// No call waiting for the rest of this call.
    SecureDuring = "secure.during" in CANCEL_WAITING,
    /// Withhold the caller's number in the call that follows ({n}).
    WithholdNumber = "clid.block_call" in CALLER_ID,
    /// Show it although the line withholds it ({n}).
    ShowNumber = "clid.show_call" in CALLER_ID,
    /// Send an alerting call elsewhere ({n}).
    Redirect = "redirect" in FORWARDING,
}

bitflags::bitflags! {
    /// Services that a line subscribes to, by group.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Subscribed: u16 {
        /// Hold, consultation, three parties.
        const THREE_WAY = 1;
        /// Call waiting.
        const CALL_WAITING = 1 << 1;
        /// Call waiting can be cancelled.
        const CANCEL_WAITING = 1 << 2;
        /// Transfer.
        const TRANSFER = 1 << 3;
        /// Forwarding, do not disturb.
        const FORWARDING = 1 << 4;
        /// Call back when free, call return.
        const COMPLETION = 1 << 5;
        /// Withholding and showing the number.
        const CALLER_ID = 1 << 6;
        /// Park orbits.
        const PARK = 1 << 7;
        /// Pickup.
        const PICKUP = 1 << 8;
    }
}

impl Subscribed {
    /// Names for people and files.
    pub const NAMES: &'static [(&'static str, Self)] = &[
        ("three-way", Self::THREE_WAY),
        ("call-waiting", Self::CALL_WAITING),
        ("cancel-call-waiting", Self::CANCEL_WAITING),
        ("transfer", Self::TRANSFER),
        ("forwarding", Self::FORWARDING),
        ("completion", Self::COMPLETION),
        ("caller-id", Self::CALLER_ID),
        ("park", Self::PARK),
        ("pickup", Self::PICKUP),
    ];
}

impl Default for Subscribed {
    /// What a line usually has where the plan sells it: everything but transfer, which public exchanges rarely offer.
    fn default() -> Self {
        Self::all() - Self::TRANSFER
    }
}

/// How far a plan has something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Support {
    /// Part of every line.
    Yes,
    /// Only when the line subscribes to it.
    Subscription,
    /// A setting of the site: needs its codes.
    Configurable,
    /// Only between two calls of which one was a waiting call.
    OnlyWithCallWaiting,
    /// Not there.
    No,
}

impl Support {
    /// Names, as files have them.
    pub const NAMES: &'static [(&'static str, Self)] = &[
        ("yes", Self::Yes),
        ("subscription", Self::Subscription),
        ("configurable", Self::Configurable),
        ("only-with-call-waiting", Self::OnlyWithCallWaiting),
        ("no", Self::No),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, s)| *s == self).map_or("", |(name, _)| name)
    }
}

/// A document that facts were read in, or would be found in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its short name, as facts give it.
    pub id: &'static str,
    /// Its title, and how much of it was seen.
    pub document: &'static str,
}

impl Source {
    /// The documents of the built-in plans.
    pub fn all() -> &'static [Self] {
        data::SOURCES
    }

    /// The document of this short name.
    pub fn named(id: &str) -> Option<&'static Self> {
        data::SOURCES.iter().find(|source| source.id == id)
    }
}

/// A fact of a plan, and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// How far it is there.
    pub support: Support,
    /// Its procedure, as text; empty for a plain value.
    pub steps: String,
    /// Its value, as text; empty for a procedure.
    pub value: String,
    /// Remarks.
    pub note: String,
    /// Which document it was read in, or would be found in.
    pub source: String,
    /// It was read there; else it is knowledge.
    pub verified: bool,
    /// The plan that states it.
    pub plan: String,
}

/// The register recall: hook flash, timed loop break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recall {
    /// How long to open the loop.
    pub send: Duration,
    /// What the exchange takes for a recall: from, to. Shorter does nothing, longer hangs up.
    pub accept: (Duration, Duration),
    /// A recall dial tone follows; without one a flash alone does not lead to digits.
    pub dial_tone: bool,
}

impl Recall {
    /// How long to wait after a recall before digits where no tone can be heard: 1000 ms after a long flash (North
    /// America), 600 ms after a timed break of up to 350 ms.
    pub fn blind_wait(&self) -> Duration {
        Duration::from_millis(if self.send > Duration::from_millis(350) { 1_000 } else { 600 })
    }
}

/// A moment at which one may hang up with more than one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Moment {
    /// Talking to one party, another is held.
    ActiveAndHeld,
    /// A party is held; the second call is at dial tone or being dialled.
    ConsultDialing,
    /// A party is held; the second call rings.
    ConsultRinging,
    /// A party is held; the second call is busy.
    ConsultBusy,
    /// In a conference of three.
    Conference,
    /// Talking, and a call waits.
    CallWaiting,
}

impl Moment {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::ActiveAndHeld,
        Self::ConsultDialing,
        Self::ConsultRinging,
        Self::ConsultBusy,
        Self::Conference,
        Self::CallWaiting,
    ];

    /// The key of its fact.
    pub const fn key(self) -> &'static str {
        match self {
            Self::ActiveAndHeld => "onhook.active_and_held",
            Self::ConsultDialing => "onhook.consult_dialling",
            Self::ConsultRinging => "onhook.consult_ringing",
            Self::ConsultBusy => "onhook.consult_busy",
            Self::Conference => "onhook.conference",
            Self::CallWaiting => "onhook.call_waiting",
        }
    }
}

/// What hanging up does to the other parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnHook {
    /// All calls end.
    Releases,
    /// The active call ends; the line rings at once with the held or waiting party.
    RingsBack,
    /// The others are joined and stay connected.
    Joins,
}

impl OnHook {
    /// Names, as files have them.
    pub const NAMES: &'static [(&'static str, Self)] =
        &[("releases", Self::Releases), ("rings-back", Self::RingsBack), ("joins", Self::Joins)];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, what)| *what == self).map_or("", |(name, _)| name)
    }
}

/// A party of a conference of three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Joined {
    /// The one that was there first.
    First,
    /// The one that was added.
    Last,
    /// The one that was active when they were joined.
    Active,
}

impl Joined {
    /// Names, as files have them.
    pub const NAMES: &'static [(&'static str, Self)] =
        &[("first", Self::First), ("last", Self::Last), ("active", Self::Active)];
}

/// The way out of a PBX.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// What to dial first.
    pub prefix: String,
    /// A second dial tone follows.
    pub second_dial_tone: bool,
}

/// Why a service is not available.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lack {
    /// The plan does not say how to have it.
    NotInPlan,
    /// The plan says that it is not there; why, for people.
    No(String),
    /// The line does not subscribe to these services.
    Subscription(Subscribed),
    /// The site's code of this name is not set.
    Code(String),
}

/// On and off in turn, in ms, beginning with on. Of ringing it has pairs; a tone ends with its last sound.
pub type Cadence = Vec<u16>;

/// A switch plan, resolved. See the module's text.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Its name, as settings give it.
    pub name: String,
    /// What it is, for people.
    pub title: String,
    /// The plans it inherits from, nearest first.
    pub parents: Vec<String>,
    /// Remarks for people.
    pub notes: Vec<String>,
    /// The site's codes: what `{park}` and the like stand for.
    pub site: BTreeMap<String, String>,
    /// What the line subscribes to.
    pub subscribed: Subscribed,
    /// Every fact, by key, parents' included.
    pub facts: BTreeMap<String, Fact>,
    /// The recall.
    pub recall: Recall,
    /// Least time between a recall and a deliberate hang-up: less is taken for a bounced flash.
    pub on_hook_guard: Duration,
    /// The way out, where there is one.
    pub access: Option<Access>,
    /// Who is active after [`Service::Split`]; none: nobody knows.
    pub split_active: Option<Joined>,
    /// Swap works only between two calls of which one was a waiting call.
    pub swap_only_with_call_waiting: bool,
    /// How long a request to be called back lives; none: as long as the exchange likes.
    pub callback_life: Option<Duration>,
    /// How long a parked call stays before it rings the one who parked it.
    pub park_timeout: Duration,
    /// How long a held call stays before it rings again; none: for ever.
    pub hold_recall: Option<Duration>,
    /// After how long without answer a call is forwarded.
    pub no_answer: Duration,
    /// The exchange confirms forwarding only by a call that the other side answers.
    pub courtesy_call: bool,
    /// Stutter dial tone on a line that is seized says that messages wait, and plain dial tone that none do.
    pub stutter_tells_messages: bool,
    /// How long the line rings, once, when a call was forwarded; none: it does not ring.
    pub reminder_ring: Option<Duration>,
    /// How the line rings when a watched party is free; none: as for any call.
    pub callback_ring: Option<Cadence>,
    /// Distinctive ringing by name: `1` to `4`, or `internal`, `external`, `recall`; `standard` is what any call rings.
    pub rings: BTreeMap<String, Cadence>,
    /// Distinctive call-waiting tones by name, `1` to `4`.
    pub waiting_tones: BTreeMap<String, Cadence>,
    on_hook: [OnHook; Moment::ALL.len()],
    services: BTreeMap<Service, Procedure>,
}

impl Plan {
    /// A built-in plan with its site's usual codes, for a line that subscribes to the usual services.
    pub fn named(name: &str) -> Option<Arc<Self>> {
        Self::subscribed(name, Subscribed::default())
    }

    /// The same for a line that subscribes to these services.
    pub fn subscribed(name: &str, to: Subscribed) -> Option<Arc<Self>> {
        Builder::named(name)?.subscribed(to).build().ok().map(Arc::new)
    }

    /// Nothing but calls: the plan of a line of which nothing is known.
    pub fn plain() -> Arc<Self> {
        Arc::new(Builder::plain())
    }

    /// The names of the built-in plans; a parent before its children.
    pub fn names() -> impl Iterator<Item = &'static str> {
        data::PLANS.iter().map(|plan| plan.name)
    }

    /// The procedure of a service, when it is available.
    pub fn service(&self, service: Service) -> Option<&Procedure> {
        self.services.get(&service)
    }

    /// Whether a service is available.
    pub fn has(&self, service: Service) -> bool {
        self.services.contains_key(&service)
    }

    /// The services that are available.
    pub fn services(&self) -> impl Iterator<Item = (Service, &Procedure)> {
        self.services.iter().map(|(service, procedure)| (*service, procedure))
    }

    /// What is missing for a service; none when it is available.
    pub fn lacks(&self, service: Service) -> Option<Lack> {
        if self.has(service) {
            return None;
        }
        let Some(fact) = self.facts.get(service.key()) else { return Some(Lack::NotInPlan) };
        Some(match fact.support {
            Support::No => Lack::No(fact.note.clone()),
            Support::OnlyWithCallWaiting => Lack::Subscription(Subscribed::CALL_WAITING),
            Support::Subscription if !self.subscribed.contains(service.group()) => Lack::Subscription(service.group()),
            Support::Yes | Support::Configurable | Support::Subscription => {
                match Procedure::parse(&fact.steps, |code| self.site.get(code).cloned()) {
                    Err(BadStep::UnknownCode(code)) => Lack::Code(code),
                    _ => Lack::NotInPlan,
                }
            }
        })
    }

    /// Whether facts of this key mean something: to the programs, or to people as in the built-in plans.
    pub fn is_known_key(key: &str) -> bool {
        Self::known_keys().any(|known| known == key)
    }

    /// Whether facts of this key are procedures rather than values.
    pub fn is_procedure_key(key: &str) -> bool {
        let stated = || data::PLANS.iter().flat_map(|plan| plan.facts);
        Service::ALL.iter().any(|service| service.key() == key)
            || stated().any(|fact| fact.key == key && !fact.steps.is_empty())
    }

    /// Every key that a plan may state. Some come more than once.
    pub fn known_keys() -> impl Iterator<Item = &'static str> {
        let services = Service::ALL.iter().map(|service| service.key());
        let moments = Moment::ALL.iter().map(|moment| moment.key());
        let stated = data::PLANS.iter().flat_map(|plan| plan.facts.iter().map(|fact| fact.key));
        services.chain(moments).chain(builder::SETTINGS.iter().copied()).chain(stated)
    }

    /// What hanging up does at this moment.
    pub fn on_hook(&self, moment: Moment) -> OnHook {
        self.on_hook.get(moment as usize).copied().unwrap_or(OnHook::Releases)
    }

    /// The slot that a call goes to that is parked where the exchange chooses: the site's setting `slot`, else the
    /// line's own extension, `extension`.
    pub fn park_slot<'a>(&'a self, extension: &'a str) -> &'a str {
        self.site.get("slot").map_or(extension, String::as_str)
    }
}

#[cfg(test)]
mod tests;
