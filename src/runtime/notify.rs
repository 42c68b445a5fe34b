//! The notify thread: the only one that calls the host back.
//!
//! Deliveries wait in one queue and run one at a time, in order, with no lock held. A close takes its call (or line)
//! out of that order: what was to be told about it is discarded, and its completions run at once, right after the
//! callback that runs at that moment and before anything else. The closing thread waits for that, unless it is the
//! notify thread itself (the host closes from inside a callback).

use loopstart_provider::{CallHandle, HostCall, HostLine, LineErr, LineHandle, Notification, RequestId};
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;

/// The host above the provider. Called on the notify thread only; calls never overlap; no lock is held, so that any
/// operation may be called from inside.
pub trait Host: Send + Sync {
    /// A new incoming call (`LINE_NEWCALL`): the host's handle for it, or none when it cannot take the call.
    fn offer(&self, host_line: HostLine, line: LineHandle, call: CallHandle) -> Option<HostCall>;
    /// Something happened.
    fn notify(&self, notification: &Notification);
    /// An asynchronous request ended.
    fn complete(&self, request: RequestId, result: Result<(), LineErr>);
}

/// So many deliveries may wait before decoding is held back (a host that blocks in a callback for long).
pub(crate) const LIMIT: usize = 4096;

/// What a close takes out of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closing {
    Call(CallHandle),
    Line(LineHandle),
}

/// One delivery to the host.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Delivery {
    Offer {
        host: HostLine,
        line: LineHandle,
        call: CallHandle,
    },
    Notify(Notification),
    /// A line that has no number yet.
    Created {
        /// What it is called until then.
        temporary: u32,
    },
    Complete {
        request: RequestId,
        result: Result<(), LineErr>,
        line: LineHandle,
        call: Option<CallHandle>,
    },
}

impl Delivery {
    fn belongs_to(&self, closing: Closing) -> bool {
        let (line, call) = match self {
            Self::Offer { line, call, .. } => (Some(*line), Some(*call)),
            Self::Complete { line, call, .. } => (Some(*line), *call),
            Self::Notify(n) => owner(n),
            Self::Created { .. } => (None, None),
        };
        match closing {
            Closing::Call(c) => call == Some(c),
            Closing::Line(l) => line == Some(l),
        }
    }
}

fn owner(n: &Notification) -> (Option<LineHandle>, Option<CallHandle>) {
    match n {
        Notification::CallState { line, call, .. }
        | Notification::CallInfo { line, call, .. }
        | Notification::Digit { line, call, .. }
        | Notification::Gathered { line, call, .. }
        | Notification::Generated { line, call, .. }
        | Notification::Media { line, call, .. }
        | Notification::Tone { line, call, .. } => (Some(*line), Some(*call)),
        Notification::LineState { line, .. }
        | Notification::AddressState { line, .. }
        | Notification::Close { line, .. } => (Some(*line), None),
        Notification::Remove { .. } => (None, None),
    }
}

#[derive(Debug, Default)]
struct Inner {
    queue: VecDeque<Delivery>,
    /// What runs at this moment.
    running: Option<Delivery>,
    thread: Option<ThreadId>,
    stopped: bool,
}

/// The queue between those who change the provider and the notify thread.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    inner: Mutex<Inner>,
    changed: Condvar,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends a delivery.
    pub(crate) fn push(&self, delivery: Delivery) {
        let mut inner = self.lock();
        if !inner.stopped {
            inner.queue.push_back(delivery);
            self.changed.notify_all();
        }
    }

    /// Whether more waits than a well-behaved host lets gather.
    pub(crate) fn is_full(&self) -> bool {
        self.lock().queue.len() >= LIMIT
    }

    /// Waits until there is room, or the queue was stopped.
    pub(crate) fn wait_for_room(&self) {
        let inner = self.lock();
        let _room = self.changed.wait_while(inner, |i| i.queue.len() >= LIMIT && !i.stopped);
    }

    /// Takes what is being closed out of the order: its messages are discarded, its completions come first.
    pub(crate) fn close(&self, closing: Closing) {
        let mut inner = self.lock();
        let (own, rest): (Vec<_>, Vec<_>) = inner.queue.drain(..).partition(|d| d.belongs_to(closing));
        let completions = own.into_iter().filter(|d| matches!(d, Delivery::Complete { .. }));
        inner.queue = completions.chain(rest).collect();
        self.changed.notify_all();
    }

    /// Waits until nothing of what was closed waits or runs. Returns at once on the notify thread.
    pub(crate) fn wait_closed(&self, closing: Closing) {
        let inner = self.lock();
        if inner.thread == Some(std::thread::current().id()) {
            return;
        }
        let _closed = self
            .changed
            .wait_while(inner, |i| !i.stopped && i.queue.iter().chain(&i.running).any(|d| d.belongs_to(closing)));
    }

    /// No further deliveries: what waits is discarded, the thread ends after the running callback.
    pub(crate) fn stop(&self) {
        let mut inner = self.lock();
        inner.stopped = true;
        inner.queue.clear();
        self.changed.notify_all();
    }

    /// Whether the present thread is the notify thread.
    pub(crate) fn is_notify_thread(&self) -> bool {
        self.lock().thread == Some(std::thread::current().id())
    }

    /// Delivers until stopped. `offered` takes the host's answers to offers, `created` tells the host of a new line.
    pub(crate) fn run(&self, host: &dyn Host, offered: impl Fn(CallHandle, Option<HostCall>), created: impl Fn(u32)) {
        self.lock().thread = Some(std::thread::current().id());
        loop {
            let delivery = {
                let inner = self.lock();
                let mut inner = self
                    .changed
                    .wait_while(inner, |i| i.queue.is_empty() && !i.stopped)
                    .unwrap_or_else(PoisonError::into_inner);
                if inner.stopped {
                    return;
                }
                let Some(delivery) = inner.queue.pop_front() else { continue };
                inner.running = Some(delivery.clone());
                self.changed.notify_all();
                delivery
            };
            match delivery {
                Delivery::Offer { host: host_line, line, call } => offered(call, host.offer(host_line, line, call)),
                Delivery::Notify(notification) => host.notify(&notification),
                Delivery::Created { temporary } => created(temporary),
                Delivery::Complete { request, result, .. } => host.complete(request, result),
            }
            self.lock().running = None;
            self.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loopstart_provider::{CallState, LineState, MediaModes};
    use std::sync::Arc;
    use std::sync::mpsc::{Receiver, Sender, channel};

    const CALL_A: usize = 0x5001_0001;
    const CALL_B: usize = 0x5002_0001;
    const LINE: usize = 0x4000_0001;

    fn call(raw: usize) -> CallHandle {
        CallHandle::from_raw(raw).unwrap()
    }

    fn line() -> LineHandle {
        LineHandle::from_raw(LINE).unwrap()
    }

    fn completion(request: u32, raw: usize) -> Delivery {
        Delivery::Complete { request: RequestId(request), result: Ok(()), line: line(), call: Some(call(raw)) }
    }

    fn state(raw: usize) -> Delivery {
        Delivery::Notify(Notification::CallState {
            host_line: HostLine(1),
            line: line(),
            host: HostCall(raw),
            call: call(raw),
            state: CallState::Dialing,
            media: MediaModes::INTERACTIVE_VOICE,
        })
    }

    fn ringing() -> Delivery {
        Delivery::Notify(Notification::LineState {
            host_line: HostLine(1),
            line: line(),
            state: LineState::Ringing { mode: 1, count: 0 },
        })
    }

    /// Writes down what it is told; stays in its first callback until it is let go.
    struct Slow {
        told: Sender<String>,
        entered: Sender<()>,
        go: Mutex<Option<Receiver<()>>>,
        queue: Arc<Queue>,
    }

    impl Slow {
        fn tell(&self, text: String) {
            self.told.send(text).unwrap();
            if let Some(go) = self.go.lock().unwrap().take() {
                self.entered.send(()).unwrap();
                go.recv().unwrap();
            }
        }
    }

    impl Host for Slow {
        fn offer(&self, _: HostLine, _: LineHandle, call: CallHandle) -> Option<HostCall> {
            self.tell(format!("offer {:x}", call.raw()));
            None
        }
        fn notify(&self, notification: &Notification) {
            match notification {
                Notification::CallState { host, .. } => self.tell(format!("state {:x}", host.0)),
                // Closing from inside a callback must not wait for itself.
                Notification::LineState { .. } => {
                    self.queue.push(completion(9, CALL_B));
                    self.queue.close(Closing::Call(call(CALL_B)));
                    self.queue.wait_closed(Closing::Call(call(CALL_B)));
                    self.tell("ringing".into());
                }
                _ => {}
            }
        }
        fn complete(&self, request: RequestId, _: Result<(), LineErr>) {
            self.tell(format!("complete {}", request.0));
        }
    }

    /// A queue whose thread calls a [`Slow`] host.
    struct Scene {
        queue: Arc<Queue>,
        heard: Receiver<String>,
        is_in: Receiver<()>,
        let_go: Sender<()>,
        thread: std::thread::JoinHandle<()>,
    }

    fn running() -> Scene {
        let queue = Arc::new(Queue::default());
        let (told, heard) = channel();
        let (entered, is_in) = channel();
        let (let_go, go) = channel();
        let host = Slow { told, entered, go: Mutex::new(Some(go)), queue: Arc::clone(&queue) };
        let thread = std::thread::spawn({
            let queue = Arc::clone(&queue);
            move || queue.run(&host, |_, _| {}, |_| {})
        });
        Scene { queue, heard, is_in, let_go, thread }
    }

    #[test]
    fn a_close_discards_messages_and_completes_first() {
        let Scene { queue, heard, is_in, let_go, thread } = running();
        queue.push(state(CALL_B));
        is_in.recv().unwrap();
        for delivery in [state(CALL_A), state(CALL_B), completion(1, CALL_A), state(CALL_B), completion(2, CALL_A)] {
            queue.push(delivery);
        }
        queue.close(Closing::Call(call(CALL_A)));
        let closer = std::thread::spawn({
            let queue = Arc::clone(&queue);
            move || queue.wait_closed(Closing::Call(call(CALL_A)))
        });
        let_go.send(()).unwrap();
        closer.join().unwrap();
        let told: Vec<_> = (0..5).map(|_| heard.recv().unwrap()).collect();
        assert_eq!(told, ["state 50020001", "complete 1", "complete 2", "state 50020001", "state 50020001"]);
        queue.stop();
        thread.join().unwrap();
    }

    #[test]
    fn a_close_from_inside_a_callback_completes_right_after_it() {
        let Scene { queue, heard, is_in, let_go, thread } = running();
        queue.push(state(CALL_A));
        is_in.recv().unwrap();
        queue.push(ringing());
        queue.push(state(CALL_A));
        let_go.send(()).unwrap();
        let told: Vec<_> = (0..4).map(|_| heard.recv().unwrap()).collect();
        assert_eq!(told, ["state 50010001", "ringing", "complete 9", "state 50010001"]);
        queue.stop();
        thread.join().unwrap();
    }

    #[test]
    fn nothing_is_delivered_after_stop() {
        let Scene { queue, heard, is_in, let_go, thread } = running();
        queue.push(state(CALL_A));
        is_in.recv().unwrap();
        queue.push(state(CALL_A));
        queue.stop();
        queue.push(state(CALL_A));
        let_go.send(()).unwrap();
        thread.join().unwrap();
        assert_eq!(heard.iter().count(), 1);
    }
}
