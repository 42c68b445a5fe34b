//! What a line can do beyond plain calls: the places where the switch asks.
//!
//! A feature is a procedure that the switch consults at one of the points below: before a number is looked up (feature
//! codes), when the called line is not free (call waiting, forwarding), when the hook flashes (hold, three-way
//! calling), when nobody answers (forwarding). This plan has none; each point answers "carry on".

use super::numbers::Verdict;

/// The digits so far, before they are looked up as a number. `Some` decides what they are.
pub(crate) fn dialled(_digits: &str) -> Option<Verdict> {
    None
}

/// What becomes of a call to a line that is not free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnBusy {
    /// The caller hears busy.
    Busy,
}

/// A call for `called` found it not free.
pub(crate) fn on_busy(_called: usize) -> OnBusy {
    OnBusy::Busy
}

/// What a hook flash in the middle of a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnFlash {
    /// Nothing: the call goes on.
    Ignore,
}

/// `line` flashed while it was talking.
pub(crate) fn on_flash(_line: usize) -> OnFlash {
    OnFlash::Ignore
}
