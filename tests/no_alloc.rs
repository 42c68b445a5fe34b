//! The event thread allocates nothing once it runs: a counting allocator watches it through whole calls.

mod common;

use common::{Rig, Told};
use loopstart::provider::{Address, CallParams, CallState, Command, DigitModes, HostCall, Reply, RequestId};
use loopstart::signal::DigitMode;
use std::alloc::{GlobalAlloc, Layout, System};
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

#[test]
fn whole_calls_without_allocation() {
    let mut rig = Rig::start(&["emulated:0", "emulated:1"], 10.0).ready();
    // The watch works: this thread's own allocation is seen.
    WATCHED.store(nix::unistd::gettid().as_raw(), Ordering::Relaxed);
    drop(std::hint::black_box(Box::new(1)));
    WATCHED.store(0, Ordering::Relaxed);
    assert_eq!(COUNT.swap(0, Ordering::Relaxed), 2);
    WATCHED.store(rig.runtime.event_thread(), Ordering::Relaxed);

    // Each line calls the other, and digits come through.
    for (from, number) in [(0, "5550101"), (1, "5550100")] {
        let host = HostCall(10 + from);
        let request = RequestId(from as u32 * 100 + 1);
        let make = Command::MakeCall {
            request,
            line: rig.lines[from],
            host,
            address: Some(Address(number.into())),
            country: 0,
            params: CallParams::default(),
        };
        let Ok(Reply::Call(caller)) = rig.runtime.command(make) else { panic!("no call") };
        let (called_host, called) = rig.offered();
        rig.state(called_host, "OFFERING", |s| matches!(s, CallState::Offering(_)));
        let answer = RequestId(request.0 + 1);
        rig.runtime.command(Command::Answer { request: answer, call: called }).unwrap();
        rig.state(called_host, "CONNECTED", |s| matches!(s, CallState::Connected(_)));
        rig.runtime.command(Command::MonitorDigits { call: called, modes: DigitModes::DTMF }).unwrap();
        let digits = Command::GenerateDigits {
            call: caller,
            end_to_end: 1,
            mode: DigitMode::Dtmf,
            digits: Some(Address("159D".into())),
            duration: Duration::ZERO,
        };
        rig.runtime.command(digits).unwrap();
        for digit in "159D".chars() {
            let heard = rig.wait("digit", |t| if let Told::Digit(_, d) = t { Some(*d) } else { None });
            assert_eq!(heard, digit);
        }
        for (i, call) in [caller, called].into_iter().enumerate() {
            let drop = RequestId(request.0 + 10 + i as u32);
            rig.runtime.command(Command::Drop { request: drop, call }).unwrap();
            assert_eq!(rig.completed(drop), Ok(()));
            rig.runtime.close_call(call).unwrap();
        }
    }
    WATCHED.store(0, Ordering::Relaxed);
    rig.runtime.shutdown();
    assert_eq!(COUNT.load(Ordering::Relaxed), 0, "allocations in the event thread");
}
