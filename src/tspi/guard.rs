//! What every exported function does around its work: no unwinding reaches the host, and errors become numbers.

use super::types::LONG;
use loopstart_provider::{LineErr, RequestId};
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    /// Whether this thread is inside an exported function.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// A synchronous function: 0 or the error.
pub(crate) fn synchronous(name: &str, work: impl FnOnce() -> Result<(), LineErr>) -> LONG {
    guarded(name, || work().map(|()| 0))
}

/// An asynchronous function: the request's number or the error.
pub(crate) fn asynchronous(name: &str, id: u32, work: impl FnOnce(RequestId) -> Result<(), LineErr>) -> LONG {
    guarded(name, || {
        let accepted = LONG::try_from(id).ok().filter(|id| *id > 0).ok_or(LineErr::INVALPARAM)?;
        work(RequestId(id)).map(|()| accepted)
    })
}

fn guarded(name: &str, work: impl FnOnce() -> Result<LONG, LineErr>) -> LONG {
    silence();
    let outer = GUARDED.replace(true);
    // Whatever the work had in hands is behind locks that do not poison, or gone.
    let result = panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(LineErr::OPERATIONFAILED));
    GUARDED.set(outer);
    match result {
        Ok(value) => value,
        Err(error) => {
            log::debug!("{name}: {error}");
            error.code()
        }
    }
}

/// A library in someone else's process writes nothing to standard error: a panic that is caught here goes to the log.
fn silence() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if GUARDED.try_with(Cell::get).unwrap_or(false) {
                log::error!("{info}");
            } else {
                others(info);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error() {
        assert_eq!(synchronous("test", || panic!("on purpose")), LineErr::OPERATIONFAILED.code());
        assert_eq!(asynchronous("test", 7, |_| panic!("on purpose")), LineErr::OPERATIONFAILED.code());
        assert!(!GUARDED.get());
    }

    #[test]
    fn nothing_positive_but_the_request() {
        assert_eq!(synchronous("test", || Ok(())), 0);
        assert_eq!(synchronous("test", || Err(LineErr::NODRIVER)), LineErr::NODRIVER.code());
        for id in [1, 2, 0x7fff_ffff] {
            assert_eq!(
                asynchronous("test", id, |request| (request.0 == id).then_some(()).ok_or(LineErr::NOMEM)),
                id as LONG
            );
        }
        for id in [0, 0x8000_0000, u32::MAX] {
            assert_eq!(asynchronous("test", id, |_| Ok(())), LineErr::INVALPARAM.code());
        }
    }
}
