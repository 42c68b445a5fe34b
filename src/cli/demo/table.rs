//! What the demo plays of the services of an exchange, in order.

use super::acts::{Act, Do, How, Line, Needs, Pickup as Which, To};
use crate::provider::{AddressFeatures, CallFeatures, LineFeatures};
use crate::signal::plan::Service;

use Do::{
    Answer, BlindTransfer, Call, Caller, Complete, Consult, Dial, Drop, Forward, ForwardOff, Hold, If, Is, Join,
    Offered, Park, Pickup, Remove, Secure, Swap, Transfer, Unhold, Unpark, With,
};
use How::{Plainly, Secure as Secured, Withheld};
use Line::{A, B, C, D};

/// `LINEADDRCAPFLAGS_SECURE`.
const SECURE: u32 = 0x4;

/// `LINEADDRCAPFLAGS_BLOCKIDOVERRIDE`.
const BLOCK_ID: u32 = 0x10;

const TO_A: To = To::Line(A);
const TO_B: To = To::Line(B);
const TO_C: To = To::Line(C);
const TO_D: To = To::Line(D);

/// Writes an act that begins with a call from A to B, which B answers.
macro_rules! talking {
    ($($step:expr),* $(,)?) => {
        &[
            Call(A, TO_B, Plainly, "A-B"),
            Offered(B, "B-A"),
            Answer("B-A"),
            Is("A-B", "CONNECTED"),
            Is("B-A", "CONNECTED"),
            With(A, &[(TO_B, "active")]),
            With(B, &[(TO_A, "active")]),
            $($step),*
        ]
    };
}

/// Everything that is played, in this order.
pub(super) const ACTS: &[Act] = &[
    Act {
        title: "Hold: A holds B and takes it back.",
        services: &[Service::Hold, Service::Retrieve],
        needs: Needs::Call(CallFeatures::HOLD.union(CallFeatures::UNHOLD)),
        steps: talking![
            Hold("A-B"),
            Is("A-B", "ONHOLD"),
            With(A, &[(TO_B, "held")]),
            Unhold("A-B"),
            Is("A-B", "CONNECTED"),
            With(A, &[(TO_B, "active")]),
            Drop("A-B"),
            Is("A-B", "IDLE"),
            Is("B-A", "DISCONNECTED"),
        ],
    },
    Act {
        title: "Consultation: A talks to B, asks C in between, and goes back to B.",
        services: &[Service::Consult],
        needs: Needs::Call(CallFeatures::SETUP_TRANSFER),
        steps: talking![
            Consult("A-B", "A-C"),
            Is("A-B", "ONHOLDPENDTRANSFER"),
            Dial("A-C", TO_C),
            Offered(C, "C-A"),
            Answer("C-A"),
            Is("A-C", "CONNECTED"),
            With(A, &[(TO_B, "held"), (TO_C, "active")]),
            If(
                "A-C",
                CallFeatures::SWAP_HOLD,
                &[
                    Swap("A-C", "A-B"),
                    With(A, &[(TO_B, "active"), (TO_C, "held")]),
                    Is("A-B", "CONNECTED"),
                    Swap("A-B", "A-C"),
                    With(A, &[(TO_B, "held"), (TO_C, "active")]),
                    Is("A-C", "CONNECTED"),
                ],
                &[]
            ),
            // Where A has no way to end that call alone, C ends it.
            If(
                "A-C",
                CallFeatures::DROP,
                &[Drop("A-C"), Is("A-C", "IDLE"), Is("C-A", "DISCONNECTED")],
                &[Drop("C-A"), Is("C-A", "IDLE"), Is("A-C", "DISCONNECTED"), Drop("A-C"), Is("A-C", "IDLE")]
            ),
            Is("A-B", "CONNECTED"),
            With(A, &[(TO_B, "active")]),
        ],
    },
    Act {
        title: "Transfer: A talks to B, asks C, and connects the two.",
        services: &[Service::Consult, Service::Transfer],
        needs: Needs::Call(CallFeatures::SETUP_TRANSFER.union(CallFeatures::COMPLETE_TRANSFER)),
        steps: talking![
            Consult("A-B", "A-C"),
            Dial("A-C", TO_C),
            Offered(C, "C-A"),
            Answer("C-A"),
            Is("A-C", "CONNECTED"),
            Transfer("A-B", "A-C"),
            Is("A-B", "IDLE"),
            Is("A-C", "IDLE"),
            With(A, &[]),
            With(B, &[(TO_C, "active")]),
            With(C, &[(TO_B, "active")]),
        ],
    },
    Act {
        title: "Blind transfer: A sends B to C without asking.",
        services: &[Service::BlindTransfer],
        needs: Needs::Call(CallFeatures::BLIND_TRANSFER),
        steps: talking![
            BlindTransfer("A-B", TO_C),
            Offered(C, "C-B"),
            Answer("C-B"),
            Is("A-B", "IDLE"),
            With(A, &[]),
            With(B, &[(TO_C, "active")]),
            With(C, &[(TO_B, "active")]),
        ],
    },
    Act {
        title: "Conference: A talks to B and C at the same time.",
        services: &[Service::Consult, Service::Join],
        needs: Needs::Call(CallFeatures::SETUP_TRANSFER.union(CallFeatures::COMPLETE_TRANSFER)),
        steps: talking![
            Consult("A-B", "A-C"),
            Dial("A-C", TO_C),
            Offered(C, "C-A"),
            Answer("C-A"),
            Is("A-C", "CONNECTED"),
            Join("A-B", "A-C", "three"),
            Is("three", "CONNECTED"),
            Is("A-B", "CONFERENCED"),
            Is("A-C", "CONFERENCED"),
            With(A, &[(TO_B, "member"), (TO_C, "member")]),
            If(
                "A-C",
                CallFeatures::REMOVE_FROM_CONFERENCE,
                &[
                    Remove("A-C"),
                    Is("A-C", "IDLE"),
                    Is("A-B", "CONNECTED"),
                    With(A, &[(TO_B, "active")]),
                    Is("C-A", "DISCONNECTED"),
                ],
                &[]
            ),
        ],
    },
    Act {
        title: "Park: A parks B, and C takes it from there.",
        services: &[Service::Park, Service::Unpark],
        needs: Needs::Call(CallFeatures::PARK),
        steps: talking![
            Park("A-B", None),
            Is("A-B", "IDLE"),
            With(A, &[]),
            Unpark(C, "C-B"),
            Is("C-B", "CONNECTED"),
            With(C, &[(TO_B, "active")]),
            With(B, &[(TO_C, "active")]),
        ],
    },
    Act {
        title: "Park at a chosen place: A parks B at 42, and C takes it from there.",
        services: &[Service::ParkDirected, Service::Unpark],
        needs: Needs::Call(CallFeatures::PARK),
        steps: talking![
            Park("A-B", Some("42")),
            Is("A-B", "IDLE"),
            With(A, &[]),
            Unpark(C, "C-B"),
            Is("C-B", "CONNECTED"),
            With(C, &[(TO_B, "active")]),
            With(B, &[(TO_C, "active")]),
        ],
    },
    Act {
        title: "Group pickup: A calls B, and C takes the call.",
        services: &[Service::PickupGroup],
        needs: Needs::Address(AddressFeatures::PICKUP),
        steps: &[
            Call(A, TO_B, Plainly, "A-B"),
            Offered(B, "B-A"),
            Pickup(C, Which::Group, "C-A"),
            Is("C-A", "CONNECTED"),
            Is("A-B", "CONNECTED"),
            With(C, &[(TO_A, "active")]),
            With(A, &[(TO_C, "active")]),
            Is("B-A", "IDLE"),
        ],
    },
    Act {
        title: "Directed pickup: A calls B, and C takes the call that rings there.",
        services: &[Service::PickupDirected],
        needs: Needs::Address(AddressFeatures::PICKUP),
        steps: &[
            Call(A, TO_B, Plainly, "A-B"),
            Offered(B, "B-A"),
            Pickup(C, Which::At(B), "C-A"),
            Is("C-A", "CONNECTED"),
            Is("A-B", "CONNECTED"),
            With(C, &[(TO_A, "active")]),
            With(A, &[(TO_C, "active")]),
            Is("B-A", "IDLE"),
        ],
    },
    Act {
        title: "Forwarding: A's calls go to C; B calls A and gets C; then they ring at A again.",
        services: &[Service::ForwardAll, Service::ForwardAllOff],
        needs: Needs::Line(LineFeatures::FORWARD),
        steps: &[
            Forward(A, Some(C)),
            Call(B, TO_A, Plainly, "B-A"),
            Offered(C, "C-B"),
            Answer("C-B"),
            Is("B-A", "CONNECTED"),
            With(B, &[(TO_C, "active")]),
            With(A, &[]),
            Drop("B-A"),
            Drop("C-B"),
            Is("B-A", "IDLE"),
            Is("C-B", "IDLE"),
            ForwardOff(A),
            Call(B, TO_A, Plainly, "B-A again"),
            Offered(A, "A-B"),
            Answer("A-B"),
            Is("B-A again", "CONNECTED"),
            With(A, &[(TO_B, "active")]),
        ],
    },
    Act {
        title: "Do not disturb: no call rings at A until it wants some again.",
        services: &[Service::DoNotDisturb, Service::DoNotDisturbOff],
        needs: Needs::Line(LineFeatures::FORWARD_DO_NOT_DISTURB),
        steps: &[
            Forward(A, None),
            Call(B, TO_A, Plainly, "B-A"),
            Is("B-A", "BUSY"),
            Drop("B-A"),
            Is("B-A", "IDLE"),
            ForwardOff(A),
            Call(B, TO_A, Plainly, "B-A again"),
            Offered(A, "A-B"),
        ],
    },
    Act {
        title: "Call back on busy: A finds B busy, and both are rung when B is free.",
        services: &[Service::CompleteBusy],
        needs: Needs::Call(CallFeatures::COMPLETE_CALL),
        steps: &[
            Call(B, To::Busy, Plainly, "B-busy"),
            Is("B-busy", "BUSY"),
            Call(A, TO_B, Plainly, "A-B"),
            Is("A-B", "BUSY"),
            Complete("A-B"),
            Drop("A-B"),
            Is("A-B", "IDLE"),
            Drop("B-busy"),
            Is("B-busy", "IDLE"),
            Offered(A, "A-B again"),
            Answer("A-B again"),
            Offered(B, "B-A"),
            Answer("B-A"),
            Is("A-B again", "CONNECTED"),
            Is("B-A", "CONNECTED"),
            With(A, &[(TO_B, "active")]),
            With(B, &[(TO_A, "active")]),
        ],
    },
    Act {
        title: "Call waiting: C calls while A talks to B; A sees who it is, and talks to both in turn.",
        services: &[Service::WaitingAnswer],
        needs: Needs::Nothing,
        steps: talking![
            Call(C, TO_A, Plainly, "C-A"),
            Offered(A, "A-C"),
            With(A, &[(TO_B, "active"), (TO_C, "waiting")]),
            Caller("A-C", Some(C)),
            Answer("A-C"),
            Is("A-C", "CONNECTED"),
            Is("A-B", "ONHOLD"),
            Is("C-A", "CONNECTED"),
            With(A, &[(TO_B, "held"), (TO_C, "active")]),
            If(
                "A-C",
                CallFeatures::SWAP_HOLD,
                &[
                    Swap("A-C", "A-B"),
                    Is("A-B", "CONNECTED"),
                    With(A, &[(TO_B, "active"), (TO_C, "held")]),
                    Swap("A-B", "A-C"),
                    Is("A-C", "CONNECTED"),
                    With(A, &[(TO_B, "held"), (TO_C, "active")]),
                ],
                &[]
            ),
            Drop("A-C"),
            Is("A-C", "IDLE"),
            Is("A-B", "CONNECTED"),
            With(A, &[(TO_B, "active")]),
        ],
    },
    Act {
        title: "Refusal: C calls while A talks to B; A goes on with B, and C is refused.",
        services: &[Service::WaitingAnswer, Service::WaitingReject],
        needs: Needs::Nothing,
        steps: talking![
            Call(C, TO_A, Plainly, "C-A"),
            Offered(A, "A-C"),
            Drop("A-C"),
            Is("A-C", "IDLE"),
            Is("A-B", "CONNECTED"),
            With(A, &[(TO_B, "active")]),
        ],
    },
    Act {
        title: "Secure call: A calls B, and no call may wait meanwhile; C finds A busy.",
        services: &[Service::SecureBefore, Service::WaitingAnswer],
        needs: Needs::Flags(SECURE),
        steps: &[
            Call(A, TO_B, Secured, "A-B"),
            Offered(B, "B-A"),
            Answer("B-A"),
            Is("A-B", "CONNECTED"),
            With(A, &[(TO_B, "active")]),
            Call(C, TO_A, Plainly, "C-A"),
            Is("C-A", "BUSY"),
            With(A, &[(TO_B, "active")]),
        ],
    },
    Act {
        title: "Secure from now on: A talks to B, and has no call wait for the rest of it.",
        services: &[Service::SecureDuring, Service::WaitingAnswer],
        needs: Needs::Call(CallFeatures::SECURE_CALL),
        steps: talking![
            Secure("A-B"),
            Is("A-B", "CONNECTED"),
            With(A, &[(TO_B, "active")]),
            Call(C, TO_A, Plainly, "C-A"),
            Is("C-A", "BUSY"),
        ],
    },
    Act {
        title: "Withheld number: A calls D, which sees no number.",
        services: &[Service::WithholdNumber],
        needs: Needs::Flags(BLOCK_ID),
        steps: &[
            Call(A, TO_D, Withheld, "A-D"),
            Offered(D, "D-A"),
            Caller("D-A", None),
            Answer("D-A"),
            Is("A-D", "CONNECTED"),
            With(D, &[(TO_A, "active")]),
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::super::acts::Name;
    use super::*;

    /// Every step of an act in turn, those that depend on a call's abilities included.
    fn all<'a>(steps: &'a [Do], to: &mut Vec<&'a Do>) {
        for step in steps {
            to.push(step);
            if let If(_, _, then, otherwise) = step {
                all(then, to);
                all(otherwise, to);
            }
        }
    }

    #[test]
    fn every_call_is_named_before_it_is_used() {
        for act in ACTS {
            let mut steps = Vec::new();
            all(act.steps, &mut steps);
            let mut known = Vec::new();
            for step in steps {
                let (used, named): (&[Name], Option<Name>) = match step {
                    Call(_, _, _, name) | Offered(_, name) | Unpark(_, name) | Pickup(_, _, name) => (&[], Some(*name)),
                    Consult(call, name) => (&[*call][..], Some(*name)),
                    Join(one, two, name) => (&[*one, *two][..], Some(*name)),
                    Swap(one, two) | Transfer(one, two) => (&[*one, *two][..], None),
                    Caller(name, _)
                    | Answer(name)
                    | Drop(name)
                    | Hold(name)
                    | Unhold(name)
                    | Dial(name, _)
                    | Remove(name)
                    | BlindTransfer(name, _)
                    | Park(name, _)
                    | Complete(name)
                    | Secure(name)
                    | Is(name, _)
                    | If(name, ..) => (&[*name][..], None),
                    Forward(..) | ForwardOff(_) | With(..) => (&[], None),
                };
                assert!(used.iter().all(|name| known.contains(name)), "{}: {step:?}", act.title);
                if let Some(name) = named {
                    assert!(!known.contains(&name), "{}: {step:?}", act.title);
                    known.push(name);
                }
            }
        }
    }

    #[test]
    fn every_act_looks_at_the_exchange_or_at_both_ends() {
        for act in ACTS {
            let mut steps = Vec::new();
            all(act.steps, &mut steps);
            let checks = steps.iter().filter(|step| matches!(step, Is(..) | With(..) | Offered(..))).count();
            assert!(checks >= 3 && !act.services.is_empty(), "{}", act.title);
        }
    }
}
