//! What made something happen, so that the timeline can say how long it took.

use super::super::session::{Happening, What};
use crate::provider::CallState;
use crate::signal::Time;

/// Moments in the life of a line's present call.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Moments {
    /// The call was made here.
    called: Option<Time>,
    /// It goes to the other line of the demo.
    to_peer: bool,
    /// The first digit went out.
    dialing: Option<Time>,
    /// The last digit was out.
    dialled: Option<Time>,
    ringback: Option<Time>,
    offered: Option<Time>,
    /// We answered it.
    pub(super) answered: Option<Time>,
    connected: Option<Time>,
    /// We began to send digits.
    pub(super) sent: Option<Time>,
    /// We hung up.
    pub(super) dropped: Option<Time>,
}

impl Moments {
    /// A call is made now.
    pub(super) fn of_call(now: Time, to_peer: bool) -> Self {
        Self { called: Some(now), to_peer, ..Self::default() }
    }

    /// Keeps the moment of a happening.
    pub(super) fn note(&mut self, happening: &Happening) {
        let at = Some(happening.at);
        let What::State(state) = happening.what else { return };
        match state {
            CallState::Offering(_) => *self = Self { offered: at, ..Self::default() },
            CallState::Dialing => self.dialing = at,
            CallState::Proceeding => self.dialled = at,
            CallState::Ringback => self.ringback = at,
            CallState::Connected(_) => self.connected = at,
            _ => {}
        }
    }
}

/// What made a happening of one line happen, and when that was.
pub(super) fn of(happening: &Happening, own: &Moments, peer: &Moments) -> Option<(Time, &'static str)> {
    let together = own.to_peer || (peer.to_peer && own.called.is_none());
    let peer = together.then_some(peer);
    let (at, why) = match happening.what {
        What::Ring { count: 1, .. } | What::State(CallState::Offering(_)) => {
            (peer.and_then(|p| p.dialled), "the other line's last digit")
        }
        What::Caller(_) => (own.offered, "the first ring"),
        What::Digit { end: false, .. } => (peer.and_then(|p| p.sent), "the other line began to send"),
        What::Generated(_) => (own.sent, "sending began"),
        What::State(state) => match state {
            CallState::DialTone(_) | CallState::Dialing => (own.called, "the call was made"),
            CallState::Proceeding => (own.dialing, "the first digit"),
            CallState::Ringback | CallState::Busy(_) | CallState::SpecialInfo(_) => (own.dialled, "the last digit"),
            CallState::Connected(_) => match (own.answered, peer.and_then(|p| p.answered)) {
                (Some(at), _) => (Some(at), "answering"),
                (None, Some(at)) => (Some(at), "the other line answered"),
                (None, None) => (own.ringback, "ringback was heard"),
            },
            CallState::Disconnected(_) => match peer.and_then(|p| p.dropped) {
                Some(at) => (Some(at), "the other line hung up"),
                None => (own.connected, "the answer"),
            },
            CallState::Idle => (own.dropped, "hanging up"),
            _ => return None,
        },
        _ => return None,
    };
    // A cause lies before its effect; anything else belongs to another call.
    at.filter(|at| *at <= happening.at).map(|at| (at, why))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{ConnectedMode, DisconnectMode, OfferingMode};

    fn state(ms: u64, state: CallState) -> Happening {
        Happening { at: Time::from_millis(ms), line: 0, call: None, what: What::State(state) }
    }

    #[test]
    fn causes_lie_at_the_other_end() {
        let mut caller = Moments::of_call(Time::from_millis(100), true);
        let mut called = Moments::default();
        let dialled = state(2000, CallState::Proceeding);
        caller.note(&dialled);
        let offered = state(2500, CallState::Offering(OfferingMode::Active));
        assert_eq!(of(&offered, &called, &caller), Some((dialled.at, "the other line's last digit")));
        called.note(&offered);
        called.answered = Some(Time::from_millis(5000));
        let up = state(5400, CallState::Connected(ConnectedMode::Active));
        assert_eq!(of(&up, &caller, &called), Some((Time::from_millis(5000), "the other line answered")));
        caller.dropped = Some(Time::from_millis(9000));
        let down = state(9700, CallState::Disconnected(DisconnectMode::Normal));
        assert_eq!(of(&down, &called, &caller), Some((Time::from_millis(9000), "the other line hung up")));
    }

    #[test]
    fn a_call_elsewhere_has_nothing_to_do_with_the_other_line() {
        let peer = Moments { dropped: Some(Time::from_millis(1)), ..Moments::default() };
        let mut own = Moments::of_call(Time::from_millis(2), false);
        own.note(&state(10, CallState::Connected(ConnectedMode::Active)));
        let down = state(3000, CallState::Disconnected(DisconnectMode::Normal));
        assert_eq!(of(&down, &own, &peer), Some((Time::from_millis(10), "the answer")));
    }
}
