//! The emulated line card: an FXO port that answers its driver as a DAHDI channel of a real card does.
//!
//! What is real here? The debounce of ring, battery and polarity, the two seconds after going on hook in which the
//! beginning of ringing is ignored, `OnHook` at the loss of battery while steadily off hook, alarms after a second,
//! audio in blocks of 20 ms both ways on hook and off, silence on underrun, dialling stopped by a write.

use super::subscriber::{FromExchange, FromTerminal, STEP, STEP_TIME, Terminal};
use crate::ports::fxo_emulated::{CardSocket, FromDriver, MAX_EVENTS, TRANSMIT_BLOCKS};
use crate::{BLOCK, FxoEvent, HookCommand, PortError};
use loopstart_signal::Time;
use loopstart_signal::country::{PulseCode, PulsePlan};
use loopstart_signal::pulse::{self, Train};
use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Ringing that long is a ring (wctdm: 64 ms).
const RING_DEBOUNCE: Duration = Duration::from_millis(64);
/// From the end of a burst to `RingOffHook`: 50 ms ring trailer after the debounce.
const RING_TRAILER: Duration = Duration::from_millis(114);
/// Battery that long away is away; polarity that long reversed is reversed.
const DEBOUNCE: Duration = Duration::from_millis(64);
/// Battery that long away (or back) is an alarm (or its end).
const ALARM: Duration = Duration::from_millis(1_000);
/// After going on hook the beginning of ringing is ignored for this long.
const RING_GUARD: Duration = Duration::from_millis(2_000);
/// After going off hook a flash is refused for this long (`debouncetime`, which drivers set low).
const SETTLE: Duration = Duration::from_millis(100);

/// What waits for the driver.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all of them are audio")]
enum Out {
    Event(FxoEvent),
    Audio([i16; BLOCK]),
}

#[derive(Debug)]
enum Hook {
    On,
    /// Off, since.
    Off(Time),
    /// Open for a flash until.
    Flash(Time),
    /// Pulses of the present digit, the loop's state until, digits left.
    Pulsing {
        train: Train,
        closed: bool,
        until: Time,
        digits: VecDeque<u8>,
    },
}

/// The card. A [`Terminal`] whose driver is behind a socket.
#[derive(Debug)]
pub(crate) struct FxoCard {
    socket: CardSocket,
    plan: PulsePlan,
    flash_time: Duration,
    hook: Hook,
    commands: VecDeque<FromDriver>,
    to_line: VecDeque<i16>,
    block: [i16; BLOCK],
    filled: usize,
    out: VecDeque<Out>,
    ring_guard: Option<Time>,
    /// Ringing current as it is now, since when.
    ringing: (bool, Time),
    /// A ring was told to have begun.
    ring_begun: bool,
    /// The end of a burst is still to be told.
    ring_pending: bool,
    /// Battery as it is now, since when; told: loss (while off hook), alarm.
    battery: (bool, Time),
    loss_told: bool,
    alarm: bool,
    /// Polarity as it is now, since when, and as last told.
    reversed: (bool, Time),
    reversed_told: bool,
    driver_gone: bool,
}

impl FxoCard {
    pub(crate) fn new(socket: CardSocket, plan: PulsePlan, flash_time: Duration, now: Time) -> Self {
        Self {
            socket,
            // A line card sends n pulses for the digit n everywhere; the driver knows the country's code.
            plan: PulsePlan { code: PulseCode::Plain, ..plan },
            flash_time,
            hook: Hook::On,
            commands: VecDeque::new(),
            to_line: VecDeque::with_capacity((TRANSMIT_BLOCKS + 1) * BLOCK),
            block: [0; BLOCK],
            filled: 0,
            out: VecDeque::new(),
            ring_guard: None,
            ringing: (false, now),
            ring_begun: false,
            ring_pending: false,
            battery: (true, now),
            loss_told: false,
            alarm: false,
            reversed: (false, now),
            reversed_told: false,
            driver_gone: false,
        }
    }

    /// Whether everything that the driver sent was received.
    pub(crate) fn is_drained(&self) -> bool {
        self.driver_gone || self.socket.shared.meter.line_is_drained()
    }

    /// Receives what the driver sent; it takes effect in the next step. Bounded by what the socket holds.
    pub(crate) fn receive(&mut self) {
        while !self.driver_gone {
            match self.socket.receive() {
                Ok(Some(command)) => self.commands.push_back(command),
                Ok(None) => {}
                Err(PortError::Gone) => {
                    // Closing the channel hangs up.
                    self.driver_gone = true;
                    self.commands.push_back(FromDriver::Hook(HookCommand::OnHook));
                }
                Err(_) => return,
            }
        }
    }

    /// Sends the driver what came of the steps since the last call. Audio for which there is no room is lost and
    /// counted; events wait.
    pub(crate) fn deliver(&mut self, now: Time) {
        let shared = &self.socket.shared;
        shared.battery.store(self.battery.0, Ordering::Release);
        let steady = matches!(self.hook, Hook::Off(since) if now.since(since) >= SETTLE);
        shared.steady.store(steady, Ordering::Release);
        if self.driver_gone {
            self.out.clear();
            return;
        }
        while let Some(out) = self.out.front() {
            let sent = match out {
                Out::Event(event) => self.socket.send_event(*event),
                Out::Audio(block) => self.socket.send_audio(block),
            };
            match (sent, out) {
                (Err(PortError::WouldBlock), Out::Event(_)) => break,
                (Err(PortError::WouldBlock), Out::Audio(_)) => {
                    shared.lost_blocks.fetch_add(1, Ordering::Relaxed);
                }
                _ => {}
            }
            self.out.pop_front();
        }
    }

    /// The card is pulled: what waits is never read.
    pub(crate) fn remove(self) {
        self.socket.abandon();
    }

    fn event(&mut self, event: FxoEvent) {
        let waiting = self.out.iter().filter(|out| matches!(out, Out::Event(_))).count();
        if waiting < MAX_EVENTS {
            self.out.push_back(Out::Event(event));
        }
    }

    fn audio(&mut self, block: [i16; BLOCK]) {
        // Behind an event that found no room audio does not pile up.
        if self.out.len() < 2 * MAX_EVENTS {
            self.out.push_back(Out::Audio(block));
        } else {
            self.socket.shared.lost_blocks.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn command(&mut self, now: Time, command: FromDriver) {
        match command {
            FromDriver::Audio(n, block) => {
                self.to_line.extend(block.iter().take(n));
                // A write stops dialling.
                if matches!(self.hook, Hook::Pulsing { .. }) {
                    self.hook = Hook::Off(now);
                }
            }
            FromDriver::FlashTime(time) => {
                self.flash_time = time.clamp(Duration::from_millis(10), Duration::from_secs(5));
            }
            FromDriver::Hook(HookCommand::OnHook) => {
                if !matches!(self.hook, Hook::On) {
                    self.ring_guard = Some(now + RING_GUARD);
                }
                self.hook = Hook::On;
                self.loss_told = false;
            }
            FromDriver::Hook(HookCommand::OffHook) => self.hook = Hook::Off(now),
            FromDriver::Hook(HookCommand::Flash) => self.hook = Hook::Flash(now + self.flash_time),
            FromDriver::Pulse(digits) => {
                let mut digits: VecDeque<u8> = digits.into();
                // Pulses are skipped unless off hook; the dialling is complete nevertheless.
                let train = digits.pop_front().and_then(|digit| Train::new(digit, self.plan));
                match (&self.hook, train) {
                    (Hook::Off(_), Some(train)) => {
                        self.hook = Hook::Pulsing { train, closed: true, until: now, digits };
                    }
                    _ => self.event(FxoEvent::DialComplete),
                }
            }
        }
    }

    /// Moves flashes and pulses on; answers whether the loop is closed.
    fn hook(&mut self, now: Time) -> bool {
        match &mut self.hook {
            Hook::On => false,
            Hook::Off(_) => true,
            Hook::Flash(until) => {
                if now < *until {
                    return false;
                }
                self.hook = Hook::Off(now);
                self.event(FxoEvent::HookComplete);
                true
            }
            Hook::Pulsing { train, closed, until, digits } => {
                // Steps of a train are followed without drift: each begins where the last one ended.
                while now >= *until {
                    let next = train.next().or_else(|| {
                        *train = Train::new(digits.pop_front()?, self.plan)?;
                        train.next()
                    });
                    let Some(pulse::Step { closed: state, duration }) = next else {
                        self.hook = Hook::Off(now);
                        self.event(FxoEvent::DialComplete);
                        return true;
                    };
                    *closed = state;
                    *until = *until + duration;
                }
                *closed
            }
        }
    }

    fn watch_ring(&mut self, now: Time, ringing: bool) {
        if ringing != self.ringing.0 {
            // A burst too short to have been told has no end either.
            if !ringing {
                self.ring_pending = self.ring_begun;
                self.ring_begun = false;
            }
            self.ringing = (ringing, now);
        }
        let lasted = now.since(self.ringing.1);
        let guarded = self.ring_guard.is_some_and(|until| now < until);
        if ringing && !self.ring_begun && lasted >= RING_DEBOUNCE {
            self.ring_begun = true;
            let began_guarded = self.ring_guard.is_some_and(|until| self.ringing.1 < until);
            if !began_guarded && matches!(self.hook, Hook::On) {
                self.event(FxoEvent::RingBegin);
            }
        }
        if !ringing && self.ring_pending && lasted >= RING_TRAILER {
            self.ring_pending = false;
            if !guarded {
                self.event(FxoEvent::RingOffHook);
            }
        }
    }

    fn watch_battery(&mut self, now: Time, battery: bool) {
        if battery != self.battery.0 {
            self.battery = (battery, now);
            if battery {
                self.loss_told = false;
            }
        }
        let lasted = now.since(self.battery.1);
        if !battery {
            if lasted >= DEBOUNCE && !self.loss_told && matches!(self.hook, Hook::Off(_) | Hook::Pulsing { .. }) {
                self.loss_told = true;
                self.event(FxoEvent::OnHook);
            }
            if lasted >= ALARM && !self.alarm {
                self.alarm = true;
                self.event(FxoEvent::Alarm);
            }
        } else if self.alarm && lasted >= ALARM {
            self.alarm = false;
            self.event(FxoEvent::NoAlarm);
        }
    }

    fn watch_polarity(&mut self, now: Time, line: &FromExchange) {
        // Without battery there is no polarity; ringing current hides it.
        if !line.battery || line.ringing {
            self.reversed.1 = now;
            return;
        }
        if line.reversed != self.reversed.0 {
            self.reversed = (line.reversed, now);
        }
        if self.reversed.0 != self.reversed_told && now.since(self.reversed.1) >= DEBOUNCE {
            self.reversed_told = self.reversed.0;
            self.event(FxoEvent::Polarity);
        }
    }
}

impl Terminal for FxoCard {
    fn step(&mut self, now: Time, line: &FromExchange) -> FromTerminal {
        while let Some(command) = self.commands.pop_front() {
            self.command(now, command);
        }
        // What the line shows now came to be in the step that has just gone by.
        self.watch_ring(now, line.ringing);
        self.watch_battery(now, line.battery);
        self.watch_polarity(now, line);
        if let Some(part) = self.block.get_mut(self.filled..self.filled + STEP) {
            part.copy_from_slice(&line.audio);
        }
        self.filled += STEP;
        if self.filled >= BLOCK {
            self.filled = 0;
            self.audio(self.block);
        }
        let off_hook = self.hook(now);
        let mut audio = [0; STEP];
        let mut taken = 0;
        for s in &mut audio {
            let Some(x) = self.to_line.pop_front() else { break };
            *s = x;
            taken += 1;
        }
        let shared = &self.socket.shared;
        // The driver adds after it sent, so the count may lag; it never goes below nothing.
        let _ = shared.queued.fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| Some(n.saturating_sub(taken)));
        FromTerminal { audio, off_hook }
    }
}

/// A step is shorter than every debounce here; otherwise the comparisons above would tell too late.
const _: () = assert!(STEP_TIME.as_millis() < DEBOUNCE.as_millis() && BLOCK.is_multiple_of(STEP));
