//! The FXO driver runs in the event thread, so it must not allocate once it is made: a counting allocator watches it
//! through a day in a line's life.

use loopstart_hal::drivers::audio::Direction;
use loopstart_hal::drivers::fxo::Fxo;
use loopstart_hal::drivers::watch::ToneWatcher;
use loopstart_hal::{BLOCK, EventQueue, FxoEvent, FxoPort, HookCommand, LineDevice, PortError, Readiness};
use loopstart_signal::country::US;
use loopstart_signal::tone::TonePlayer;
use loopstart_signal::{
    ActionId, ActionKind, Clock, DialStep, DigitMode, Heed, LineAction, LineEvent, MediaOrder, OutTone, Outcome, Time,
    ToneKind, TonePart, ToneWatch, WatchedTone, cas, cid, dtmf, fsk,
};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::{Read, Write};
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::sync::Mutex;
use std::time::Duration;

struct Counting;

thread_local! {
    static COUNTED: Cell<Option<u64>> = const { Cell::new(None) };
}

fn count() {
    COUNTED.with(|counted| counted.set(counted.get().map(|n| n + 1)));
}

// SAFETY: everything is handed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What the port gives next; the driver owns the port, so it is passed through here.
#[derive(Clone, Copy)]
struct Next {
    event: Option<FxoEvent>,
    block: Option<[i16; BLOCK]>,
}

static NEXT: Mutex<Next> = Mutex::new(Next { event: None, block: None });

fn next() -> std::sync::MutexGuard<'static, Next> {
    NEXT.lock().unwrap()
}

struct Static;

impl FxoPort for Static {
    fn read(&mut self, block: &mut [i16; BLOCK]) -> Result<usize, PortError> {
        *block = next().block.take().ok_or(PortError::WouldBlock)?;
        Ok(BLOCK)
    }
    fn write(&mut self, samples: &[i16]) -> Result<usize, PortError> {
        Ok(samples.len())
    }
    fn hook(&mut self, _command: HookCommand) -> Result<(), PortError> {
        Ok(())
    }
    fn dial_pulse(&mut self, _digits: &[u8]) -> Result<(), PortError> {
        Ok(())
    }
    fn event(&mut self) -> Result<Option<FxoEvent>, PortError> {
        Ok(next().event.take())
    }
    fn set_flash(&mut self, _time: Duration) -> Result<(), PortError> {
        Ok(())
    }
    fn battery(&mut self) -> Result<bool, PortError> {
        Ok(true)
    }
    fn flush_audio(&mut self) -> Result<(), PortError> {
        Ok(())
    }
    fn fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

struct Day {
    fxo: Fxo<Static>,
    queue: EventQueue,
    now: Time,
    audio: [i16; BLOCK],
    counted: u64,
    done: u32,
    callers: u32,
    digits: u32,
    tones: u32,
    waiting: u32,
    media: u32,
}

impl Day {
    /// One piece of the driver's work, counted.
    fn work(&mut self, work: impl FnOnce(&mut Fxo<Static>, Time, &mut EventQueue)) {
        COUNTED.with(|counted| counted.set(Some(0)));
        work(&mut self.fxo, self.now, &mut self.queue);
        self.counted += COUNTED.with(|counted| counted.take()).unwrap_or(0);
        while let Some(event) = self.queue.pop() {
            match event {
                LineEvent::Done { outcome: Outcome::Ok, .. } => self.done += 1,
                LineEvent::CallerId(_) => self.callers += 1,
                LineEvent::Digit(_) => self.digits += 1,
                LineEvent::CustomTone(_) => self.tones += 1,
                LineEvent::CallWaiting => self.waiting += 1,
                LineEvent::Media(_) => self.media += 1,
                _ => {}
            }
        }
    }

    fn run(&mut self, ms: u64, mut source: impl FnMut(&mut [i16; BLOCK])) {
        for _ in 0..ms / 20 {
            self.now = self.now + Duration::from_millis(20);
            self.audio = [0; BLOCK];
            source(&mut self.audio);
            next().block = Some(self.audio);
            self.work(|fxo, now, queue| {
                fxo.ready(Readiness { read: true, priority: true, ..Readiness::default() }, now, queue);
                if fxo.deadline().is_some_and(|at| at <= now) {
                    fxo.expire(now, queue);
                }
            });
        }
    }

    fn event(&mut self, event: FxoEvent) {
        next().event = Some(event);
        self.run(20, |_| {});
    }

    fn act(&mut self, id: u32, kind: ActionKind) {
        let action = LineAction { id: ActionId(id), kind };
        self.work(|fxo, now, queue| fxo.act(&action, now, queue));
    }
}

#[test]
fn nothing_is_allocated_after_construction() {
    let mut day = Day {
        fxo: Fxo::new(Static, US, Clock::Line),
        queue: EventQueue::with_capacity(64),
        now: Time::ZERO,
        audio: [0; BLOCK],
        counted: 0,
        done: 0,
        callers: 0,
        digits: 0,
        tones: 0,
        waiting: 0,
        media: 0,
    };
    let id = loopstart_signal::CallerId {
        number: loopstart_signal::PartyId::Known(loopstart_signal::Number::new("5550142")),
        ..Default::default()
    };
    let mut caller = fsk::Sender::new(fsk::BELL202, -16.0);
    assert!(caller.load(cid::Frame::from_caller_id(&id).bytes(), cid::ON_HOOK_SEIZURE_BITS, cid::ON_HOOK_MARK_BITS));
    let mut far = dtmf::Sender::new(-10.0);
    assert!(far.push(b'7', Duration::from_millis(80), Duration::from_millis(80)));
    let times = Duration::from_millis(80);
    let steps = b"123".iter().map(|s| DialStep::Digit(*s)).collect();
    let dial = ActionKind::Dial {
        steps,
        digit: times,
        gap: times,
        pause: times,
        wait_dial_tone: Duration::from_secs(5),
        partial: false,
    };

    day.work(|fxo, now, queue| fxo.start(now, queue));
    day.run(3_000, |_| {});
    // A call comes, says who it is, is answered, sends and gets digits, and ends.
    day.event(FxoEvent::RingBegin);
    day.run(2_000, |_| {});
    day.event(FxoEvent::RingOffHook);
    day.run(500, |_| {});
    day.run(2_500, |audio| caller.mix(audio));
    day.act(1, ActionKind::Answer);
    day.act(2, ActionKind::Listen(Heed::DTMF));
    day.run(1_000, |audio| far.mix(audio));
    day.act(3, ActionKind::SendDigits { steps, mode: DigitMode::Dtmf, digit: times, gap: times, pause: times });
    day.run(1_500, |_| {});
    day.act(4, ActionKind::Flash(Duration::from_millis(300)));
    day.run(500, |_| {});
    day.event(FxoEvent::HookComplete);
    services(&mut day);
    day.event(FxoEvent::OnHook);
    day.act(5, ActionKind::Release);
    day.run(3_000, |_| {});
    // We call, and it is busy.
    let mut dial_tone = TonePlayer::new(US.dial, -13.0);
    let mut busy = TonePlayer::new(US.busy, -13.0);
    day.act(6, dial);
    day.run(1_000, |audio| dial_tone.mix(audio));
    day.run(2_000, |_| {});
    day.run(6_000, |audio| busy.mix(audio));
    day.act(7, ActionKind::Release);
    day.event(FxoEvent::Removed);

    assert_eq!(day.counted, 0, "allocations and releases");
    assert_eq!((day.done, day.callers, day.digits), (13, 2, 2), "the day was a full one");
    assert_eq!((day.tones, day.waiting), (2, 1));
    assert!(day.media > 0);
}

/// All that can be had while a call is up.
fn services(day: &mut Day) {
    // Two lists of tones, one after the other: the second takes the place of the first, which is dropped here.
    for (id, hz) in [(20, 700), (21, 900)] {
        let mut list = ToneWatch::default();
        assert!(list.push(WatchedTone { hz: [hz, 0, 0], duration_ms: 100 }));
        let mut watcher = Some(Box::new(ToneWatcher::new(&list).unwrap()));
        let mut old = None;
        day.work(|fxo, _, _| old = watcher.take().and_then(|watcher| fxo.equip(watcher)));
        drop(old);
        day.act(id, ActionKind::WatchTones(list));
        let mut tone = TonePlayer::fixed(&[f32::from(hz)], -13.0, Some(Duration::from_millis(400)));
        day.run(800, |audio| tone.mix(audio));
    }
    day.act(22, ActionKind::Listen(Heed::MEDIA | Heed::PULSES));
    day.run(5_000, |_| {});
    // Tones out, with an end and without.
    let part = TonePart { hz: 500, on_ms: 100, off_ms: 50, level_dbm0: -10.0 };
    let custom = OutTone { tone: ToneKind::Custom([part; 4]), duration: Some(Duration::from_millis(400)) };
    day.act(23, ActionKind::SendTone(custom));
    day.run(1_000, |_| {});
    day.act(24, ActionKind::SendTone(OutTone { tone: ToneKind::Ringback, duration: None }));
    day.run(1_000, |_| {});
    day.act(25, ActionKind::CancelDigits);
    // Programs that hear and speak, one of which reads nothing.
    let gate = day.fxo.audio().unwrap().gate();
    let mut ends = Vec::new();
    for direction in [Direction::FromLine, Direction::FromLine, Direction::ToLine] {
        let (theirs, ours) = gate.open(1, direction, false).unwrap().unwrap();
        let mut ours = Some(ours);
        day.work(|fxo, _, _| {
            if let (Some(streams), Some(ours)) = (fxo.audio(), ours.take()) {
                streams.attach(ours);
            }
        });
        let end = UnixStream::from(theirs);
        end.set_nonblocking(true).unwrap();
        ends.push(end);
    }
    for _ in 0..100 {
        let _ = ends[0].read(&mut [0; 1_024]);
        ends[2].write_all(&[3; 320]).unwrap();
        day.run(20, |_| {});
    }
    day.act(26, ActionKind::Media(MediaOrder::Pause));
    ends.clear();
    day.run(200, |_| {});
    // A second call, with its caller.
    let mut alert = cas::Sender::new(-18.0);
    alert.start(cas::Sender::OFF_HOOK);
    day.run(300, |audio| alert.mix(audio));
    let id = loopstart_signal::CallerId {
        number: loopstart_signal::PartyId::Known(loopstart_signal::Number::new("5550143")),
        ..Default::default()
    };
    let mut caller = fsk::Sender::new(fsk::BELL202, -16.0);
    assert!(caller.load(cid::Frame::from_caller_id(&id).bytes(), 0, cid::OFF_HOOK_MARK_BITS));
    day.run(2_000, |audio| caller.mix(audio));
}
