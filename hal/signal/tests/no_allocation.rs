//! Receivers and generators run in the event thread: after construction they must not allocate.

use loopstart_signal::country::{US, all};
use loopstart_signal::decode::{LineDecoder, Lines};
use loopstart_signal::tone::TonePlayer;
use loopstart_signal::{CallerId, Number, PartyId, Time, cid, dtmf, fsk, line_model, progress, pulse, ring};
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

/// The emulated exchange passes its audio through line models in the event thread.
#[test]
fn line_models_do_not_allocate_after_construction() {
    let settings = line_model::Settings {
        seed: 1,
        loss_db: 3.0,
        tilt_db: -5.0,
        twist_db: 2.0,
        channel_bank: true,
        frequency_offset_hz: 3.0,
        clock: Some(line_model::Clock { ppm: 200.0, store_ms: 20 }),
        slips: Some(line_model::Slips { per_second: 5.0, samples: 80 }),
        interruptions: Some(line_model::Interruptions { per_second: 5.0, ms: 3.0 }),
        echo: Some(line_model::Echo { delay_ms: 10.0, loss_db: 10.0 }),
        talker_echo: Some(line_model::Echo { delay_ms: 20.0, loss_db: 10.0 }),
        noise_dbm0: Some(-50.0),
        hum: Some(line_model::Hum { hz: 50.0, dbm0: -40.0, partials: 5 }),
        impulses: Some(line_model::Impulses { per_second: 5.0, dbm0: -10.0 }),
        dc: 10.0,
        clip_dbm0: Some(0.0),
        law: Some(line_model::Law::A),
        adpcm: Some(line_model::g726::Rate::Kbit32),
    };
    let mut line = line_model::LineModel::new(&settings);
    let (mut received, sent) = ([1000; 777], [500; 777]);
    let count = allocations(|| {
        for _ in 0..20 {
            line.process(&mut received);
            line.process_duplex(&mut received, &sent);
        }
    });
    assert_eq!(count, 0);
    assert!(received.iter().any(|s| *s != 1000));
}
