//! The request ledger of a call: each accepted request is entered once and completed once.

use crate::{LineErr, RequestId};

/// What an open request is for. Requests that are done at once never enter the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Make the call.
    MakeCall,
    /// Dial on it.
    Dial,
    /// Answer it.
    Answer,
    /// End it.
    Drop,
    /// Change its parameters.
    Params,
    /// Route it to a terminal.
    Terminal,
    /// Something the exchange does.
    Switch,
}

/// Most requests that can be open on one call.
const MAX_OPEN: usize = 16;

/// The open requests of one call, in the order in which they were accepted.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Without gaps.
    open: [Option<(RequestId, Purpose)>; MAX_OPEN],
}

impl Ledger {
    /// Enters a request. One place is kept for `Drop`, which must stay possible.
    ///
    /// # Errors
    /// `RESOURCEUNAVAIL` when too many are open.
    pub(crate) fn enter(&mut self, request: RequestId, purpose: Purpose) -> Result<(), LineErr> {
        let room = if purpose == Purpose::Drop { MAX_OPEN } else { MAX_OPEN - 1 };
        match self.open.iter_mut().take(room).find(|entry| entry.is_none()) {
            Some(entry) => {
                *entry = Some((request, purpose));
                Ok(())
            }
            None => Err(LineErr::RESOURCEUNAVAIL),
        }
    }

    /// Strikes out this request; false when it is not open.
    pub(crate) fn strike(&mut self, request: RequestId) -> bool {
        self.remove(|id, _| id == request).is_some()
    }

    /// Strikes out the oldest request for which `which` holds, and tells it.
    pub(crate) fn take(&mut self, which: impl Fn(Purpose) -> bool) -> Option<RequestId> {
        self.remove(|_, purpose| which(purpose))
    }

    /// The oldest request for this.
    pub(crate) fn first(&self, purpose: Purpose) -> Option<RequestId> {
        self.open.iter().map_while(|entry| *entry).find(|(_, p)| *p == purpose).map(|(id, _)| id)
    }

    /// Whether a request for this is open.
    pub(crate) fn has(&self, purpose: Purpose) -> bool {
        self.open.iter().map_while(|entry| *entry).any(|(_, p)| p == purpose)
    }

    fn remove(&mut self, which: impl Fn(RequestId, Purpose) -> bool) -> Option<RequestId> {
        let at = self.open.iter().map_while(|entry| *entry).position(|(id, purpose)| which(id, purpose))?;
        let rest = self.open.get_mut(at..)?;
        let (request, _) = rest.first_mut().and_then(Option::take)?;
        rest.rotate_left(1);
        Some(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_struck_out_is_gone() {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.enter(RequestId(1), Purpose::Dial), Ok(()));
        assert_eq!(ledger.enter(RequestId(2), Purpose::Drop), Ok(()));
        assert!(ledger.has(Purpose::Drop) && !ledger.has(Purpose::Answer));
        assert_eq!(ledger.take(|p| p == Purpose::Drop), Some(RequestId(2)));
        assert_eq!(ledger.take(|p| p == Purpose::Drop), None);
        assert!(ledger.strike(RequestId(1)));
        assert!(!ledger.strike(RequestId(1)));
    }

    #[test]
    fn a_full_ledger_still_takes_a_drop() {
        let mut ledger = Ledger::default();
        let mut accepted = 0;
        while ledger.enter(RequestId(accepted), Purpose::Dial).is_ok() {
            accepted += 1;
        }
        assert_eq!(accepted as usize, MAX_OPEN - 1);
        assert_eq!(ledger.enter(RequestId(99), Purpose::Drop), Ok(()));
        assert_eq!(ledger.enter(RequestId(100), Purpose::Drop), Err(LineErr::RESOURCEUNAVAIL));
    }
}
