//! The driver on a line card in memory, in virtual time.

mod calls;
mod gauge;
mod lines;
mod random;
mod services;

use super::*;
use loopstart_signal::country::US;
use loopstart_signal::tone::TonePlayer;
use loopstart_signal::{
    ActionKind, DialStep, DialSteps, Digit, DigitEdge, DigitMode, MediaSign, ProgressTone, ReleaseWitness, ToneWatch,
};
use loopstart_signal::{cid, dtmf, fsk};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

/// What waits at the channel: events and blocks in their order.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all are blocks")]
enum Waiting {
    Event(FxoEvent),
    Block([i16; BLOCK]),
}

/// A channel of a line card with the habits of the real ones.
struct Channel {
    now: Time,
    waiting: VecDeque<Waiting>,
    hooks: Vec<HookCommand>,
    off_hook: Option<Time>,
    battery: bool,
    gone: bool,
    error: Option<i32>,
    /// The write side takes nothing.
    full: bool,
    flash: Duration,
    /// When the flash that is going on is over.
    flash_over: Option<Time>,
    debounced: Time,
    pulses: Vec<u8>,
    pulses_over: Option<Time>,
    /// Everything written since the hook moved last.
    written: Vec<i16>,
    /// The last block written, for the hybrid's echo.
    echo: [i16; BLOCK],
}

impl Channel {
    fn new() -> Self {
        Self {
            now: Time::ZERO,
            waiting: VecDeque::new(),
            hooks: Vec::new(),
            off_hook: None,
            battery: true,
            gone: false,
            error: None,
            full: false,
            flash: Duration::ZERO,
            flash_over: None,
            debounced: Time::ZERO,
            pulses: Vec::new(),
            pulses_over: None,
            written: Vec::new(),
            echo: [0; BLOCK],
        }
    }

    fn alive(&self) -> Result<(), PortError> {
        match self.error {
            _ if self.gone => Err(PortError::Gone),
            Some(errno) => Err(PortError::Os(errno)),
            None => Ok(()),
        }
    }

    fn event_waits(&self) -> bool {
        self.waiting.iter().any(|waiting| matches!(waiting, Waiting::Event(_)))
    }

    /// One tick of 20 ms with this audio.
    fn tick(&mut self, mut audio: [i16; BLOCK]) {
        self.now = self.now + Duration::from_millis(20);
        for over in [(&mut self.flash_over, FxoEvent::HookComplete), (&mut self.pulses_over, FxoEvent::DialComplete)] {
            if over.0.take_if(|at| *at <= self.now).is_some() {
                self.waiting.push_back(Waiting::Event(over.1));
            }
        }
        // The hybrid returns our own signal 14 dB down.
        for (sample, echo) in audio.iter_mut().zip(self.echo) {
            *sample = sample.saturating_add(echo / 5);
        }
        self.echo = [0; BLOCK];
        if self.waiting.len() < 64 {
            self.waiting.push_back(Waiting::Block(audio));
        }
    }
}

/// The port that the driver holds of it.
#[derive(Clone)]
struct Handle(Arc<Mutex<Channel>>);

impl Handle {
    fn get(&self) -> MutexGuard<'_, Channel> {
        self.0.lock().unwrap()
    }
}

impl FxoPort for Handle {
    fn read(&mut self, block: &mut [i16; BLOCK]) -> Result<usize, PortError> {
        let mut channel = self.get();
        channel.alive()?;
        if channel.event_waits() {
            return Err(PortError::EventPending);
        }
        match channel.waiting.pop_front() {
            Some(Waiting::Block(audio)) => {
                *block = audio;
                Ok(BLOCK)
            }
            _ => Err(PortError::WouldBlock),
        }
    }

    fn write(&mut self, samples: &[i16]) -> Result<usize, PortError> {
        let mut channel = self.get();
        channel.alive()?;
        assert!(samples.len() <= BLOCK, "more than one block");
        if channel.event_waits() {
            return Err(PortError::EventPending);
        }
        if channel.full {
            return Err(PortError::WouldBlock);
        }
        // Audio stops the channel's own dialling.
        channel.pulses_over = None;
        channel.written.extend(samples);
        let from = BLOCK - samples.len();
        channel.echo[from..].copy_from_slice(samples);
        Ok(samples.len())
    }

    fn hook(&mut self, command: HookCommand) -> Result<(), PortError> {
        let mut channel = self.get();
        channel.alive()?;
        let now = channel.now;
        match command {
            HookCommand::OnHook => {
                (channel.off_hook, channel.flash_over) = (None, None);
            }
            HookCommand::OffHook => {
                channel.off_hook = Some(now);
                channel.debounced = now + DEBOUNCE;
            }
            HookCommand::Flash => {
                assert!(channel.off_hook.is_some(), "flash on hook");
                if now < channel.debounced || channel.flash_over.is_some() {
                    return Err(PortError::Os(libc::EBUSY));
                }
                let over = now + channel.flash;
                channel.flash_over = Some(over);
                channel.debounced = over + DEBOUNCE;
            }
        }
        channel.pulses_over = None;
        channel.hooks.push(command);
        if command != HookCommand::Flash {
            channel.written.clear();
        }
        Ok(())
    }

    fn dial_pulse(&mut self, digits: &[u8]) -> Result<(), PortError> {
        let mut channel = self.get();
        channel.alive()?;
        assert!(channel.off_hook.is_some(), "pulses on hook");
        channel.pulses.extend(digits);
        let time = digits.iter().map(|d| if *d == b'0' { 10 } else { u64::from(d - b'0') } * 100 + 750).sum();
        channel.pulses_over = Some(channel.now + Duration::from_millis(time));
        Ok(())
    }

    fn event(&mut self) -> Result<Option<FxoEvent>, PortError> {
        let mut channel = self.get();
        channel.alive()?;
        let at = channel.waiting.iter().position(|waiting| matches!(waiting, Waiting::Event(_)));
        Ok(at.and_then(|at| channel.waiting.remove(at)).and_then(|waiting| match waiting {
            Waiting::Event(event) => Some(event),
            Waiting::Block(_) => None,
        }))
    }

    fn set_flash(&mut self, time: Duration) -> Result<(), PortError> {
        let mut channel = self.get();
        channel.alive()?;
        channel.flash = time;
        Ok(())
    }

    fn battery(&mut self) -> Result<bool, PortError> {
        let channel = self.get();
        channel.alive()?;
        Ok(channel.battery)
    }

    fn flush_audio(&mut self) -> Result<(), PortError> {
        let mut channel = self.get();
        channel.alive()?;
        channel.waiting.retain(|waiting| matches!(waiting, Waiting::Event(_)));
        Ok(())
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

/// What is on the line.
#[expect(clippy::large_enum_variant, reason = "there is one")]
enum Source {
    Silence,
    Tone(TonePlayer),
    Digits(dtmf::Sender),
    Caller(fsk::Sender),
    Played(VecDeque<i16>),
    /// Something like a voice: a pulse train through moving formants, in syllables.
    Voice(u64),
}

/// A driver on a channel, and what it said.
struct Bench {
    channel: Handle,
    fxo: Fxo<Handle>,
    queue: EventQueue,
    said: Vec<LineEvent>,
    source: Source,
    actions: u32,
}

impl Bench {
    /// Started, and past the time after opening.
    fn new() -> Self {
        let mut bench = Self::closed();
        bench.fxo.start(Time::ZERO, &mut bench.queue);
        bench.run(3_000);
        assert_eq!(bench.take(), [LineEvent::Ready(caps(US))]);
        bench
    }

    fn closed() -> Self {
        let channel = Handle(Arc::new(Mutex::new(Channel::new())));
        Self {
            fxo: Fxo::new(channel.clone(), US, Clock::Line),
            channel,
            queue: EventQueue::with_capacity(64),
            said: Vec::new(),
            source: Source::Silence,
            actions: 0,
        }
    }

    fn now(&self) -> Time {
        self.channel.get().now
    }

    fn audio(&mut self) -> [i16; BLOCK] {
        let mut audio = [0; BLOCK];
        match &mut self.source {
            Source::Silence => {}
            Source::Tone(player) => player.mix(&mut audio),
            Source::Digits(sender) => sender.mix(&mut audio),
            Source::Caller(sender) => sender.mix(&mut audio),
            Source::Played(samples) => {
                for (to, from) in audio.iter_mut().zip(samples.drain(..samples.len().min(BLOCK))) {
                    *to = from;
                }
            }
            Source::Voice(at) => {
                for sample in &mut audio {
                    *sample = voice(*at);
                    *at += 1;
                }
            }
        }
        audio
    }

    /// Lets the driver see what came.
    fn look(&mut self) {
        let now = self.now();
        let readiness = Readiness { read: true, write: true, priority: true, hangup: false };
        self.fxo.ready(readiness, now, &mut self.queue);
        for _ in 0..8 {
            if self.fxo.deadline().is_none_or(|at| at > now) {
                break;
            }
            self.fxo.expire(now, &mut self.queue);
        }
        assert!(self.fxo.deadline().is_none_or(|at| at > now), "a deadline that does not move");
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(event) = self.queue.pop() {
            self.said.push(event);
        }
    }

    /// Lets line time pass.
    fn run(&mut self, ms: u64) {
        for _ in 0..ms / 20 {
            let audio = self.audio();
            self.channel.get().tick(audio);
            self.look();
        }
    }

    /// Until the first digit of a dial string, when an exchange takes its dial tone away.
    fn until_dialing(&mut self) {
        for _ in 0..500 {
            if self.said.contains(&LineEvent::Dialing) {
                return;
            }
            self.run(20);
        }
        panic!("not dialling: {:?}", self.said);
    }

    /// The channel reports something.
    fn event(&mut self, event: FxoEvent) {
        self.channel.get().waiting.push_back(Waiting::Event(event));
        self.look();
    }

    /// One ring burst of 2 s and the pause up to the next.
    fn ring(&mut self) {
        self.event(FxoEvent::RingBegin);
        self.run(2_000);
        self.event(FxoEvent::RingOffHook);
        self.run(4_000);
    }

    fn tone(&mut self, segments: &'static [Segment]) {
        self.source = Source::Tone(TonePlayer::new(segments, -13.0));
    }

    fn act(&mut self, kind: ActionKind) -> ActionId {
        self.actions += 1;
        let id = ActionId(self.actions);
        let now = self.now();
        self.fxo.act(&LineAction { id, kind }, now, &mut self.queue);
        self.drain();
        id
    }

    fn dial(&mut self, digits: &str) -> ActionId {
        self.act(dial(digits))
    }

    /// What was said since it was asked last.
    fn take(&mut self) -> Vec<LineEvent> {
        std::mem::take(&mut self.said)
    }

    fn hooks(&self) -> Vec<HookCommand> {
        std::mem::take(&mut self.channel.get().hooks)
    }

    /// The DTMF digits in what was written since the hook moved last.
    fn dialled(&self) -> String {
        let mut digits = String::new();
        let mut receiver = dtmf::Receiver::new();
        let mut written = self.channel.get().written.clone();
        written.extend([0; 800]);
        receiver.process(&written, &mut |event: dtmf::Event| {
            if event.edge == loopstart_signal::DigitEdge::Begin {
                digits.push(char::from(event.symbol));
            }
        });
        digits
    }

    /// A call we made, up to the last digit.
    fn originate(&mut self) {
        self.tone(US.dial);
        let id = self.dial("5550120");
        self.run(2_000);
        self.source = Source::Silence;
        self.run(2_000);
        assert_eq!(
            self.take(),
            [
                LineEvent::OffHook,
                LineEvent::Tone(ProgressTone::Dial),
                LineEvent::Dialing,
                LineEvent::ToneEnded,
                LineEvent::Dialed,
                ok(id)
            ]
        );
    }

    /// A call that came in and was answered.
    fn answered(&mut self) {
        self.ring();
        let id = self.act(ActionKind::Answer);
        self.run(1_000);
        assert_eq!(self.take(), [LineEvent::Ring { pattern: 1 }, LineEvent::OffHook, ok(id)]);
    }
}

/// A sample of something like a voice, about -16 dBm0: 110 Hz glottal pulses, formants, 4 syllables a second.
fn voice(at: u64) -> i16 {
    let t = at as f32 / 8_000.0;
    let pitch = 110.0 + 25.0 * (t * 5.1).sin();
    let syllable = (t * 25.0).sin().max(0.0);
    let wave: f32 = (1..24)
        .map(|k| {
            let f = k as f32 * pitch;
            let formant = |centre: f32, width: f32| 1.0 / (1.0 + ((f - centre) / width).powi(2));
            let weight = formant(550.0 + 150.0 * (t * 7.0).sin(), 90.0)
                + 0.5 * formant(1_500.0 + 400.0 * (t * 4.0).sin(), 140.0);
            weight * (std::f32::consts::TAU * k as f32 * (110.0 * t - 25.0 / 5.1 * (t * 5.1).cos())).sin()
        })
        .sum();
    (wave * syllable * 4_000.0).clamp(-32_000.0, 32_000.0) as i16
}

fn ok(action: ActionId) -> LineEvent {
    LineEvent::Done { action, outcome: Outcome::Ok }
}

fn failed(action: ActionId, failure: Failure) -> LineEvent {
    LineEvent::Done { action, outcome: Outcome::Failed(failure) }
}

/// Dial steps from their TAPI letters.
fn steps(text: &str) -> DialSteps {
    text.bytes()
        .map(|b| match b {
            b'T' => DialStep::Tone,
            b'P' => DialStep::Pulse,
            b',' => DialStep::Pause,
            b'W' => DialStep::WaitDialTone,
            b'@' => DialStep::WaitQuiet,
            b'$' => DialStep::WaitBilling,
            b'!' => DialStep::Flash,
            digit => DialStep::Digit(digit),
        })
        .collect()
}

fn dial(digits: &str) -> ActionKind {
    ActionKind::Dial {
        steps: steps(digits),
        digit: Duration::from_millis(80),
        gap: Duration::from_millis(80),
        pause: Duration::from_millis(1_000),
        wait_dial_tone: Duration::from_millis(4_000),
        partial: false,
    }
}

fn send(digits: &str, mode: DigitMode) -> ActionKind {
    ActionKind::SendDigits {
        steps: steps(digits),
        mode,
        digit: Duration::from_millis(80),
        gap: Duration::from_millis(80),
        pause: Duration::from_millis(1_000),
    }
}
