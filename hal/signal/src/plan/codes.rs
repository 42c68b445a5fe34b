//! Codes that an exchange cannot tell apart.

use super::{Piece, Plan, Procedure, Service, Step, Waits};
use alloc::string::String;
use alloc::vec::Vec;

/// Where digits are dialled: a code means one thing in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Idle,
    AfterRecall,
    DuringBusy,
    DuringRingback,
    Announced,
}

/// What a procedure dials first.
struct Code {
    place: Place,
    /// Menu choices behind an announcement follow a comma.
    digits: String,
    /// What is filled in follows at once.
    filled: bool,
}

/// Two services whose codes an exchange cannot tell apart, but by waiting for more digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clash {
    /// The service with the shorter code.
    pub service: Service,
    /// Its code.
    pub code: String,
    /// The service whose code begins with it.
    pub other: Service,
    /// That code.
    pub longer: String,
}

impl Code {
    /// None when nothing is dialled but what is filled in.
    fn of(procedure: &Procedure) -> Option<Self> {
        let mut code = Self { place: Place::Idle, digits: String::new(), filled: false };
        let mut menu = false;
        'steps: for step in procedure.steps() {
            match step {
                Step::Dial(pieces) => {
                    if menu {
                        code.digits.push(',');
                    }
                    for piece in pieces {
                        match piece {
                            Piece::Digits(digits) => code.digits.push_str(digits),
                            Piece::Blank(_) => {
                                code.filled = true;
                                break 'steps;
                            }
                        }
                    }
                }
                Step::Wait(waits) if !code.digits.is_empty() && waits.contains(Waits::ANNOUNCEMENT) => menu = true,
                _ if !code.digits.is_empty() => break,
                Step::Flash => code.place = Place::AfterRecall,
                Step::OnHook | Step::OffHook => code.place = Place::Idle,
                Step::Wait(waits) if waits.contains(Waits::BUSY) => code.place = Place::DuringBusy,
                Step::Wait(waits) if waits.contains(Waits::RINGBACK) => code.place = Place::DuringRingback,
                Step::Wait(waits) if waits.contains(Waits::ANNOUNCEMENT) => code.place = Place::Announced,
                Step::Wait(_) | Step::Pause(_) => {}
            }
        }
        (!code.digits.is_empty()).then_some(code)
    }

    /// Whether an exchange takes the other for this one, or must wait to see that it is not.
    fn hides(&self, other: &Self) -> Option<Same> {
        let rest = other.digits.strip_prefix(self.digits.as_str()).filter(|_| self.place == other.place)?;
        match rest.bytes().next() {
            None => Some(Same::Digits),
            // Behind digits that are filled in comes a digit; a star or a menu is something else.
            Some(next) => (!self.filled || next.is_ascii_digit()).then_some(Same::Beginning),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Same {
    Digits,
    Beginning,
}

/// Whether two services may have the same digits: the state of the calls tells them apart, what comes behind does, or it is the
/// same act.
fn may_share(a: Service, b: Service, place: Place) -> bool {
    use Service::{
        CompleteBusyOff, DoNotDisturbOff, ForwardAllCheck, ForwardAllOff, ForwardBusyNoAnswerOff, ForwardBusyOff,
        ForwardNoAnswer, ForwardNoAnswerAfter, ForwardNoAnswerCheck, ForwardNoAnswerOff, SecureBefore, WaitingOff,
    };
    const TOGETHER: &[&[Service]] = &[
        &[ForwardAllOff, ForwardBusyOff, ForwardNoAnswerOff, ForwardBusyNoAnswerOff, DoNotDisturbOff, CompleteBusyOff],
        &[ForwardAllCheck, ForwardNoAnswerCheck],
        &[ForwardNoAnswer, ForwardNoAnswerAfter],
        &[WaitingOff, SecureBefore],
    ];
    place == Place::AfterRecall || TOGETHER.iter().any(|set| set.contains(&a) && set.contains(&b))
}

impl Plan {
    /// The services, of those that are available, whose codes an exchange could not tell apart. Empty for every built-in
    /// plan with its usual codes.
    pub fn clashes(&self) -> Vec<Clash> {
        let codes: Vec<(Service, Code)> =
            self.services().filter_map(|(service, procedure)| Some((service, Code::of(procedure)?))).collect();
        let mut clashes = Vec::new();
        for (i, (service, code)) in codes.iter().enumerate() {
            for (j, (other, longer)) in codes.iter().enumerate() {
                let clash = match code.hides(longer) {
                    // Once, not from both sides.
                    Some(Same::Digits) => i < j && !may_share(*service, *other, code.place),
                    Some(Same::Beginning) => true,
                    None => false,
                };
                if clash {
                    clashes.push(Clash {
                        service: *service,
                        code: code.digits.clone(),
                        other: *other,
                        longer: longer.digits.clone(),
                    });
                }
            }
        }
        clashes
    }
}
