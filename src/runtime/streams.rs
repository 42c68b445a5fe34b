//! Audio of calls for programs, and the terminals of modems: descriptors that go out of the process. And what can be read of
//! lines without asking them.
//!
//! A stream is opened here, under the provider's lock, and its one end goes to the event thread behind all actions that were
//! decided before. Which calls have streams is kept here too: whenever the provider was drained it is looked whether one of
//! them was held, retrieved or has ended, and the event thread is told.

use super::Shared;
use super::reactor::Down;
use crossbeam_channel::Sender;
use loopstart_hal::LineDevice;
use loopstart_hal::drivers::audio::{AudioGate, CallAudio, Direction};
use loopstart_hal::drivers::gauge::Gauge;
use loopstart_provider::{CallHandle, CallState, DeviceId, LineErr, Provider};
use std::io::IsTerminal;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The lines that have audio, and the calls that have streams.
#[derive(Default)]
pub(super) struct Audio {
    gates: Vec<(DeviceId, Arc<AudioGate>)>,
    calls: Mutex<Vec<Streamed>>,
}

/// A call that has or had a stream.
#[derive(Clone, Copy)]
struct Streamed {
    call: CallHandle,
    device: DeviceId,
    told: CallAudio,
}

/// The number by which the event thread knows a call.
fn tag(call: CallHandle) -> u32 {
    call.raw() as u32
}

/// What is to become of a call's streams.
fn state_of(provider: &Provider, call: CallHandle) -> CallAudio {
    match provider.call_status(call).map(|status| status.state) {
        Err(_) | Ok(CallState::Idle | CallState::Disconnected(_)) => CallAudio::Ended,
        Ok(CallState::OnHold | CallState::OnHoldPendingTransfer | CallState::OnHoldPendingConference) => {
            CallAudio::Held
        }
        Ok(_) => CallAudio::Live,
    }
}

impl Audio {
    /// Notes a device that is about to go to the event thread.
    pub(super) fn add(&mut self, id: DeviceId, device: &mut dyn LineDevice) {
        if let Some(streams) = device.audio() {
            self.gates.push((id, streams.gate()));
        }
    }

    fn gate(&self, device: DeviceId) -> Option<&Arc<AudioGate>> {
        self.gates.iter().find(|(id, _)| *id == device).map(|(_, gate)| gate)
    }

    /// Samples of a line that slow readers lost.
    pub(super) fn lost(&self, device: DeviceId) -> u64 {
        self.gate(device).map_or(0, |gate| gate.lost())
    }

    fn calls(&self) -> MutexGuard<'_, Vec<Streamed>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the event thread what has become of calls with streams. The caller holds the provider's lock. True: something
    /// was sent.
    pub(super) fn follow(&self, provider: &Provider, down: &Sender<Down>) -> bool {
        let mut sent = false;
        self.calls().retain_mut(|streamed| {
            let now = state_of(provider, streamed.call);
            if now != streamed.told {
                // The event thread never waits for this one.
                let _ = down.send(Down::CallAudio(streamed.device, tag(streamed.call), now));
                streamed.told = now;
                sent = true;
            }
            now != CallAudio::Ended
        });
        sent
    }
}

impl Shared {
    /// Opens a stream of a call.
    pub(super) fn open_audio(&self, call: CallHandle, direction: Direction) -> Result<OwnedFd, LineErr> {
        let provider = self.lock();
        let device = provider.device_of_call(call)?;
        let audio = state_of(&provider, call);
        if audio == CallAudio::Ended {
            return Err(LineErr::INVALCALLSTATE);
        }
        let gate = self.audio.gate(device).filter(|gate| gate.is_able()).ok_or(LineErr::OPERATIONUNAVAIL)?;
        let opened = gate.open(tag(call), direction, audio == CallAudio::Held).map_err(|error| {
            log::warn!("no socket for the audio of a call: {error}");
            LineErr::RESOURCEUNAVAIL
        })?;
        let (theirs, ours) = opened.ok_or(LineErr::RESOURCEUNAVAIL)?;
        let mut calls = self.audio.calls();
        if !calls.iter().any(|streamed| streamed.call == call) {
            calls.push(Streamed { call, device, told: audio });
        }
        drop(calls);
        // Still under the lock: behind every action that was decided so far.
        let _ = self.down.send(Down::Stream(device, ours));
        self.doorbell.ring();
        Ok(theirs)
    }
}

/// Duplicates of the devices' terminals. Made when the devices go to the event thread, for there nobody can ask for them.
#[derive(Default)]
pub(super) struct Terminals(Vec<(DeviceId, OwnedFd)>);

impl Terminals {
    /// Notes a device that is about to go to the event thread.
    pub(super) fn add(&mut self, id: DeviceId, device: &dyn LineDevice) {
        let terminal = device.fd().filter(|fd| fd.is_terminal());
        if let Some(Ok(copy)) = terminal.map(|fd| fd.try_clone_to_owned()) {
            self.0.push((id, copy));
        }
    }

    /// A duplicate, and the path of the terminal.
    pub(super) fn duplicate(&self, device: DeviceId) -> Option<(OwnedFd, String)> {
        let (_, terminal) = self.0.iter().find(|(id, _)| *id == device)?;
        let path = std::fs::read_link(format!("/proc/self/fd/{}", terminal.as_raw_fd())).ok()?;
        Some((terminal.try_clone().ok()?, path.to_string_lossy().into_owned()))
    }
}

/// What can be read of the lines at any time.
#[derive(Default)]
pub(super) struct Gauges(Mutex<Vec<(DeviceId, Arc<Gauge>)>>);

impl Gauges {
    /// Notes a device that is about to go to the event thread, in place of the one that this line had.
    pub(super) fn replace(&self, id: DeviceId, device: &dyn LineDevice) {
        let Some(gauge) = device.gauge() else { return };
        let mut gauges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match gauges.iter_mut().find(|(other, _)| *other == id) {
            Some((_, there)) => *there = gauge,
            None => gauges.push((id, gauge)),
        }
    }

    /// That of a device, or the last it had.
    pub(super) fn of(&self, device: DeviceId) -> Option<Arc<Gauge>> {
        let gauges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        gauges.iter().find(|(id, _)| *id == device).map(|(_, gauge)| Arc::clone(gauge))
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use crate::runtime::{Direction, Host, Runtime};
    use loopstart_provider::{
        Address, CallHandle, CallParams, Command, DeviceId, HostCall, HostLine, LineErr, LineHandle, Notification,
        Reply, RequestId,
    };
    use std::io::{ErrorKind, IsTerminal, Read, Write};
    use std::os::unix::net::UnixStream;
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    struct Deaf;

    impl Host for Deaf {
        fn offer(&self, _: HostLine, _: LineHandle, _: CallHandle) -> Option<HostCall> {
            None
        }
        fn notify(&self, _: &Notification) {}
        fn complete(&self, _: RequestId, _: Result<(), LineErr>) {}
    }

    /// Emulated lines of an FXO port and of a modem, in service.
    fn start() -> (Runtime, Vec<LineHandle>) {
        let mut config = Config::default();
        config.set_devices(["emulated:1", "emulated:0"]).unwrap();
        config.emulated.speed = 5.0;
        let runtime = Runtime::start(config, Arc::new(Deaf)).unwrap();
        let mut lines = Vec::new();
        for device in runtime.devices().to_vec() {
            let open = Command::OpenLine { device, host: HostLine(1) };
            let Ok(Reply::Line(line)) = runtime.command(open) else { panic!("no line") };
            lines.push(line);
        }
        (runtime, lines)
    }

    fn make_call(runtime: &Runtime, line: LineHandle) -> CallHandle {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let make = Command::MakeCall {
                request: RequestId(1),
                line,
                host: HostCall(1),
                address: Some(Address("5550120".into())),
                country: 0,
                params: CallParams::default(),
            };
            match runtime.command(make) {
                Ok(Reply::Call(call)) => return call,
                refused => assert!(Instant::now() < until, "{refused:?}"),
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Reads until `enough` bytes or the end are there; the count, how many samples were loud, and whether the end came.
    fn read(stream: &mut UnixStream, enough: usize) -> (usize, usize, bool) {
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let (mut count, mut loud, mut bytes) = (0, 0, [0; 1_024]);
        while count < enough {
            match stream.read(&mut bytes) {
                Ok(0) => return (count, loud, true),
                Ok(n) => {
                    count += n;
                    loud += bytes[..n].chunks_exact(2).filter(|b| i16::from_ne_bytes([b[0], b[1]]).abs() > 500).count();
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => panic!("{e} after {count} bytes"),
            }
        }
        (count, loud, false)
    }

    #[test]
    fn a_call_has_audio_from_its_beginning_to_its_end() {
        let (runtime, lines) = start();
        let call = make_call(&runtime, lines[0]);
        let mut reader = UnixStream::from(runtime.audio(call, Direction::FromLine).unwrap());
        let mut writer = UnixStream::from(runtime.audio(call, Direction::ToLine).unwrap());
        // 2 s of line time: dial tone and digits.
        let (_, loud, ended) = read(&mut reader, 32_000);
        assert!(loud > 1_000 && !ended, "{loud}");
        writer.write_all(&[0; 3_201]).unwrap();
        let more: Vec<_> = (0..3).map(|_| runtime.audio(call, Direction::FromLine).unwrap()).collect();
        assert_eq!(runtime.audio(call, Direction::FromLine).err(), Some(LineErr::RESOURCEUNAVAIL));
        runtime.command(Command::Drop { request: RequestId(2), call }).unwrap();
        assert!(read(&mut reader, usize::MAX).2, "the end of the file");
        for stream in more {
            assert!(read(&mut UnixStream::from(stream), usize::MAX).2);
        }
        // The event thread closes one after the other.
        let until = Instant::now() + Duration::from_secs(30);
        let error = loop {
            match writer.write_all(&[0; 2]) {
                Err(error) => break error.kind(),
                Ok(()) => assert!(Instant::now() < until, "it is still open"),
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        assert_eq!(error, ErrorKind::BrokenPipe);
        let refused = runtime.audio(call, Direction::FromLine).err();
        assert!(matches!(refused, Some(LineErr::INVALCALLSTATE | LineErr::INVALCALLHANDLE)), "{refused:?}");
        runtime.close_call(call).unwrap();
        assert_eq!(runtime.audio(call, Direction::FromLine).err(), Some(LineErr::INVALCALLHANDLE));
        runtime.shutdown();
    }

    #[test]
    fn a_modem_has_audio_and_a_terminal() {
        let (runtime, lines) = start();
        let devices = runtime.devices().to_vec();
        assert!(runtime.tty(devices[0]).is_none() && runtime.tty(DeviceId(99)).is_none());
        let (tty, path) = runtime.tty(devices[1]).expect("a terminal");
        assert!(tty.is_terminal() && path.starts_with("/dev/pts/"), "{path}");
        let call = make_call(&runtime, lines[1]);
        let mut reader = UnixStream::from(runtime.audio(call, Direction::FromLine).unwrap());
        // The stream begins when the number is dialled: ringback, then the echo of nothing.
        let (_, loud, ended) = read(&mut reader, 32_000);
        assert!(loud > 1_000 && !ended, "{loud}");
        runtime.command(Command::Drop { request: RequestId(2), call }).unwrap();
        assert!(read(&mut reader, usize::MAX).2);
        runtime.shutdown();
        assert!(runtime.tty(devices[1]).is_none());
    }
}
