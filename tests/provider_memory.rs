//! What an open line costs the provider: a counting allocator watches a thousand of them.

use loopstart::provider::{Command, DeviceDescription, DeviceId, HostLine, Input, MediaModes, Provider, Reply};
use loopstart::signal::plan::{Plan, Subscribed};
use loopstart::signal::{Caps, Clock, LineEvent, Time};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that are allocated and not freed, as asked for.
static LIVE: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: every call is passed on to the system allocator unchanged; counting touches only an atomic.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps `alloc`'s contract.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps `dealloc`'s contract.
        unsafe { System.dealloc(pointer, layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LIVE.fetch_add(size, Ordering::Relaxed);
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps `realloc`'s contract.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const LINES: u32 = 1_000;
/// Most bytes that an idle open line may hold, its names included.
const MOST: usize = 4_096;

fn open(provider: &mut Provider, id: DeviceId, plan: &Arc<Plan>) {
    let description = DeviceDescription {
        id,
        name: format!("line {}", id.0),
        stable_id: format!("usb:0572:1329:{:08}", id.0),
        provider_info: "voice modem".into(),
        number: Some(format!("555{:04}", id.0)),
        extension: Some(format!("{:04}", id.0)),
        clock: Clock::Monotonic,
        plan: Arc::clone(plan),
    };
    provider.handle(Input::DeviceAdded(description), Time::ZERO).unwrap();
    provider.handle(Input::Event(id, LineEvent::Ready(Caps::all())), Time::ZERO).unwrap();
    let host = HostLine(id.0 as usize + 1);
    let opened = provider.handle(Input::Command(Command::OpenLine { device: id, host }), Time::ZERO);
    let Ok(Reply::Line(line)) = opened else { panic!("not opened") };
    let modes = MediaModes::INTERACTIVE_VOICE;
    provider.handle(Input::Command(Command::SetMediaDetection { line, modes }), Time::ZERO).unwrap();
    while provider.poll().is_some() {}
}

#[test]
fn an_idle_open_line_costs_little() {
    // The plan is one for all.
    let plan = Plan::subscribed("nanp", Subscribed::all()).unwrap();
    let before = LIVE.load(Ordering::Relaxed);
    let mut provider = Provider::new();
    for id in 0..LINES {
        open(&mut provider, DeviceId(id), &plan);
    }
    let bytes = (LIVE.load(Ordering::Relaxed) - before) / LINES as usize;
    println!("{bytes} bytes a line");
    assert_eq!(Arc::strong_count(&plan), LINES as usize + 1);
    // The watch works: a line has its names at least.
    assert!(bytes > 100);
    assert!(bytes <= MOST, "{bytes} bytes a line");
    // And nothing is left behind. The test's own frame allocates a little meanwhile, on another thread.
    drop(provider);
    let left = LIVE.load(Ordering::Relaxed).abs_diff(before);
    assert!(left < LINES as usize * 16, "{left} bytes are left");
}
