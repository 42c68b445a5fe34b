//! The event thread allocates nothing once it runs: a counting allocator watches it through whole calls.

use crossbeam_channel::{Receiver, unbounded};
use loopstart::config::Config;
use loopstart::provider::{
    Address, CallHandle, CallParams, CallState, Command, DigitModes, HostCall, HostLine, LineErr, LineHandle,
    MediaModes, Notification, Reply, RequestId,
};
use loopstart::runtime::{Host, Runtime};
use loopstart::signal::DigitMode;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::time::Duration;

/// Thread id of the watched thread, 0 while nobody is.
static WATCHED: AtomicI32 = AtomicI32::new(0);
static COUNT: AtomicU64 = AtomicU64::new(0);

struct Counting;

fn count() {
    let watched = WATCHED.load(Ordering::Relaxed);
    if watched != 0 && nix::unistd::gettid().as_raw() == watched {
        COUNT.fetch_add(1, Ordering::Relaxed);
    }
}

// SAFETY: every call is passed on to the system allocator unchanged; counting touches only atomics and a system call.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps `alloc`'s contract.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count();
        // SAFETY: the caller keeps `dealloc`'s contract.
        unsafe { System.dealloc(pointer, layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps `realloc`'s contract.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[derive(Debug)]
enum Told {
    Offered(CallHandle),
    State(usize, CallState),
    Digit(u8),
    Completed(RequestId, Result<(), LineErr>),
}

struct Listener(crossbeam_channel::Sender<Told>);

impl Host for Listener {
    fn offer(&self, _: HostLine, _: LineHandle, call: CallHandle) -> Option<HostCall> {
        let _ = self.0.send(Told::Offered(call));
        Some(HostCall(1000))
    }
    fn notify(&self, notification: &Notification) {
        let _ = match notification {
            Notification::CallState { host, state, .. } => self.0.send(Told::State(host.0, *state)),
            Notification::Digit { symbol, end: false, .. } => self.0.send(Told::Digit(*symbol)),
            _ => Ok(()),
        };
    }
    fn complete(&self, request: RequestId, result: Result<(), LineErr>) {
        let _ = self.0.send(Told::Completed(request, result));
    }
}

fn wait<T>(from: &Receiver<Told>, what: &str, mut pick: impl FnMut(&Told) -> Option<T>) -> T {
    let mut seen = Vec::new();
    loop {
        let Ok(told) = from.recv_timeout(Duration::from_secs(60)) else { panic!("no {what}; seen {seen:?}") };
        if let Some(found) = pick(&told) {
            return found;
        }
        seen.push(told);
    }
}

fn wait_state(from: &Receiver<Told>, host: usize, what: &str, is: impl Fn(CallState) -> bool) {
    wait(from, what, |told| matches!(told, Told::State(h, s) if *h == host && is(*s)).then_some(()));
}

#[test]
fn whole_calls_without_allocation() {
    let (tell, told) = unbounded();
    let mut config = Config::default();
    config.set_devices(["emulated:0", "emulated:1"]).unwrap();
    config.emulated.speed = 10.0;
    let runtime = Runtime::start(config, Arc::new(Listener(tell))).unwrap();
    let mut lines = Vec::new();
    for (i, device) in runtime.devices().iter().enumerate() {
        let open = Command::OpenLine { device: *device, host: HostLine(i + 1) };
        let Ok(Reply::Line(line)) = runtime.command(open) else { panic!("line {i} does not open") };
        runtime.command(Command::SetMediaDetection { line, modes: MediaModes::INTERACTIVE_VOICE }).unwrap();
        lines.push(line);
    }
    let ready = std::time::Instant::now() + Duration::from_secs(30);
    while !lines.iter().all(|l| runtime.query(|p| p.line_status(*l)).unwrap().in_service) {
        assert!(std::time::Instant::now() < ready, "the lines did not become ready");
        std::thread::yield_now();
    }
    // The watch works: this thread's own allocation is seen.
    WATCHED.store(nix::unistd::gettid().as_raw(), Ordering::Relaxed);
    drop(std::hint::black_box(Box::new(1)));
    WATCHED.store(0, Ordering::Relaxed);
    assert_eq!(COUNT.swap(0, Ordering::Relaxed), 2);
    WATCHED.store(runtime.event_thread(), Ordering::Relaxed);

    // Each line calls the other, and digits go both ways.
    for (from, number) in [(0, "5550101"), (1, "5550100")] {
        let host = 10 + from;
        let request = RequestId(from as u32 * 100 + 1);
        let make = Command::MakeCall {
            request,
            line: lines[from],
            host: HostCall(host),
            address: Some(Address(number.into())),
            country: 0,
            params: CallParams::default(),
        };
        let Ok(Reply::Call(caller)) = runtime.command(make) else { panic!("no call") };
        let called = wait(&told, "incoming call", |t| match t {
            Told::Offered(call) => Some(*call),
            _ => None,
        });
        wait_state(&told, 1000, "OFFERING", |s| matches!(s, CallState::Offering(_)));
        // The caller hears the ringback of the whole first ring.
        wait_state(&told, host, "RINGBACK", |s| matches!(s, CallState::Ringback));
        let answer = RequestId(request.0 + 1);
        runtime.command(Command::Answer { request: answer, call: called }).unwrap();
        wait_state(&told, 1000, "CONNECTED", |s| matches!(s, CallState::Connected(_)));
        runtime.command(Command::MonitorDigits { call: called, modes: DigitModes::DTMF }).unwrap();
        let digits = Command::GenerateDigits {
            call: caller,
            end_to_end: 1,
            mode: DigitMode::Dtmf,
            digits: Some(Address("159D".into())),
            duration: Duration::ZERO,
        };
        runtime.command(digits).unwrap();
        for digit in *b"159D" {
            assert_eq!(wait(&told, "digit", |t| if let Told::Digit(d) = t { Some(*d) } else { None }), digit);
        }
        for (i, call) in [caller, called].into_iter().enumerate() {
            let drop = RequestId(request.0 + 10 + i as u32);
            runtime.command(Command::Drop { request: drop, call }).unwrap();
            wait(&told, "completed drop", |t| matches!(t, Told::Completed(r, Ok(())) if *r == drop).then_some(()));
            runtime.close_call(call).unwrap();
        }
    }
    WATCHED.store(0, Ordering::Relaxed);
    runtime.shutdown();
    assert_eq!(COUNT.load(Ordering::Relaxed), 0, "allocations in the event thread");
}
