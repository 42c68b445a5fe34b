//! What is decided above the provider, and told to the host in the same order and on the same thread as all else.

use super::Runtime;
use super::notify::Delivery;
use loopstart_provider::{CallHandle, LineErr, LineHandle, Notification, RequestId};

impl Runtime {
    /// Ends a request that needs nothing of its line, with success. The completion comes on the notify thread, as those
    /// of the provider do; a close of the line or call brings it forward.
    ///
    /// # Errors
    /// `INVALLINEHANDLE`, `INVALCALLHANDLE`; `RESOURCEUNAVAIL` when too much waits for the host. The request was not
    /// accepted then.
    pub(crate) fn complete_at_once(
        &self,
        request: RequestId,
        line: LineHandle,
        call: Option<CallHandle>,
    ) -> Result<(), LineErr> {
        let shared = &self.inner.shared;
        // As for commands: a host that blocks in a callback and goes on asking would make the queue grow without bound.
        if shared.notify.is_full() && !shared.notify.is_notify_thread() {
            return Err(LineErr::RESOURCEUNAVAIL);
        }
        // Held so that no close comes in between.
        let provider = shared.lock();
        provider.device_of_line(line)?;
        if let Some(call) = call {
            provider.device_of_call(call)?;
        }
        shared.notify.push(Delivery::Complete { request, result: Ok(()), line, call });
        Ok(())
    }

    /// Tells the host something about an open line. Nothing happens when the line is closed or too much waits for the host.
    pub(crate) fn tell(&self, line: LineHandle, notification: Notification) {
        let shared = &self.inner.shared;
        let provider = shared.lock();
        if provider.device_of_line(line).is_ok() && !shared.notify.is_full() {
            shared.notify.push(Delivery::Notify(notification));
        }
    }
}
