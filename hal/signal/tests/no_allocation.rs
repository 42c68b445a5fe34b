//! Receivers and generators run in the event thread: after construction they must not allocate.

use loopstart_signal::country::{US, all};
use loopstart_signal::decode::{LineDecoder, Lines};
use loopstart_signal::tone::TonePlayer;
use loopstart_signal::{CallerId, Number, PartyId, Time, cid, dtmf, fsk, progress, pulse, ring};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;
use std::time::Duration;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: all requests go unchanged to the system allocator, which keeps the contract.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = COUNT.try_with(|c| c.set(c.get() + 1));
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: `ptr` came from `alloc` above with this layout.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations of this thread while `work` runs.
fn allocations(work: impl FnOnce()) -> u64 {
    let before = COUNT.with(Cell::get);
    work();
    COUNT.with(Cell::get) - before
}

#[test]
fn the_counter_counts() {
    assert!(allocations(|| drop(black_box(vec![0u8; 100]))) > 0);
}

#[test]
fn nothing_allocates_after_construction() {
    let mut line = vec![0i16; 8000 * 12];
    let mut buffer = [0i16; 160];
    let id = CallerId { number: PartyId::Known(Number::new("5550101")), ..CallerId::default() };
    let mut modem = fsk::Sender::new(fsk::BELL202, -15.0);
    let mut digits = dtmf::Sender::new(-10.0).clone();
    let mut tones: Vec<TonePlayer> = all().iter().map(|c| TonePlayer::new(c.ringback, -20.0)).collect();
    let mut heard_digits = dtmf::Receiver::new();
    let mut heard_frames = cid::Receiver::new();
    let mut detectors: Vec<_> = all().iter().map(progress::Detector::new).collect();
    let mut decoder = LineDecoder::new(US);
    let mut lines = Lines::new(US, 4);
    let mut counter = pulse::Counter::new(US.pulse);
    let mut rings = ring::Tracker::new();
    let (mut digit_events, mut frames, mut others, mut heard, mut together) = (0, 0, 0, 0, 0);

    let count = allocations(|| {
        let frame = cid::Frame::from_caller_id(&id);
        assert!(modem.load(frame.bytes(), cid::ON_HOOK_SEIZURE_BITS, cid::ON_HOOK_MARK_BITS));
        for _ in 0..dtmf::QUEUE {
            assert!(digits.push(b'5', Duration::from_millis(60), Duration::from_millis(60)));
        }
        modem.mix(&mut line[..16_000]);
        digits.mix(&mut line[16_000..48_000]);
        for (player, part) in tones.iter_mut().zip(line[48_000..].chunks_mut(800)) {
            player.mix(part);
        }
        for block in line.chunks(160) {
            buffer[..block.len()].copy_from_slice(block);
            heard_digits.process(&buffer, &mut |_| digit_events += 1);
            heard_frames.process(&buffer, &mut |cid::Event::Frame { message, .. }| {
                black_box(message.map(cid::Message::caller_id));
                frames += 1;
            });
        }
        for detector in &mut detectors {
            detector.process(&line[..24_000], &mut |_| others += 1);
        }
        for block in line.chunks(333) {
            decoder.process(block, &mut |_| heard += 1);
        }
        for block in line.chunks(160) {
            lines.process(&[block; 4], &mut |_, _| together += 1);
        }
        for i in 0..50 {
            let at = Time::from_millis(1000 + i * 50);
            black_box(counter.edge(i % 2 == 0, at));
            rings.burst_begin(at);
            black_box((rings.burst_end(at + Duration::from_millis(30)), rings.expire(at)));
        }
    });
    assert_eq!(count, 0);
    assert!(heard > 30 && together == 4 * heard, "{heard} {together}");
    assert!(digit_events >= 30 && frames == 1 && others > 0, "{digit_events} {frames} {others}");
}
