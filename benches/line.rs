//! `line/*`: from the wire to the host's callback.
//!
//! `line/ring-to-callback`: from one write of `\r\nRING\r\n` into a pseudo-terminal until the host's callback runs,
//! beside the floor: a thread blocked in poll, then read, on a pseudo-terminal of the same make. Both are measured in
//! turn in the same run; the ratio of the medians is the figure, for machines are noisy. There are many lines because a
//! line that rings twice within a second is a double ring, which is told once.
//!
//! `line/ring-to-answer`: until the answering command is on the wire; see there.

#[path = "line/answer.rs"]
mod answer;

use loopstart::config::Config;
use loopstart::provider::{
    CallHandle, Command, HostCall, HostLine, LineErr, LineHandle, LineState, MediaModes, Notification, Reply, RequestId,
};
use loopstart::runtime::{Host, Runtime};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{OpenptyResult, openpty};
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

const RING: &[u8] = b"\r\nRING\r\n";
const ROUNDS: usize = 640;
/// Lines that ring in turn.
const LINES: usize = 32;
/// A pause before each measurement, so that the threads sleep as they do on a quiet line.
const PAUSE: Duration = Duration::from_millis(20);

struct Bell(SyncSender<Instant>);

impl Host for Bell {
    fn offer(&self, _: HostLine, _: LineHandle, _: CallHandle) -> Option<HostCall> {
        let _ = self.0.try_send(Instant::now());
        Some(HostCall(1))
    }
    fn notify(&self, notification: &Notification) {
        let now = Instant::now();
        if let Notification::LineState { state: LineState::Ringing { .. }, .. } = notification {
            let _ = self.0.try_send(now);
        }
    }
    fn complete(&self, _: RequestId, _: Result<(), LineErr>) {}
}

fn raw_pty() -> OpenptyResult {
    let pty = openpty(None, None).expect("a pseudo-terminal");
    let mut termios = tcgetattr(&pty.slave).expect("its settings");
    cfmakeraw(&mut termios);
    tcsetattr(&pty.slave, SetArg::TCSANOW, &termios).expect("raw mode");
    pty
}

/// Modems that answer OK to everything, until told to be quiet.
fn answer_ok(masters: &[OwnedFd], quiet: &AtomicBool) {
    let mut buffer = [0; 256];
    while !quiet.load(Ordering::Acquire) {
        let mut fds: Vec<_> = masters.iter().map(|m| PollFd::new(m.as_fd(), PollFlags::POLLIN)).collect();
        if poll(&mut fds, PollTimeout::from(20u8)).unwrap_or(0) == 0 {
            continue;
        }
        let asked = masters.iter().zip(&fds).filter(|(_, fd)| fd.any().unwrap_or(false));
        for (master, _) in asked {
            let Ok(n) = nix::unistd::read(master, &mut buffer) else { return };
            for line in buffer[..n].split(|b| *b == b'\r').filter(|l| l.len() >= 2) {
                let text = String::from_utf8_lossy(line);
                let answer = match () {
                    () if text.contains("FCLASS=?") => "\r\n0,8\r\n\r\nOK\r\n",
                    () if text.contains("VCID?") => "\r\n1\r\n\r\nOK\r\n",
                    () => "\r\nOK\r\n",
                };
                let _ = nix::unistd::write(master, answer.as_bytes());
            }
        }
    }
}

fn take(from: &Receiver<Instant>, since: Instant) -> Option<Duration> {
    from.recv_timeout(Duration::from_secs(2)).ok().map(|at| at.saturating_duration_since(since))
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn main() {
    // `cargo bench -- FILTER` and the flags that cargo passes.
    let filter = std::env::args().skip(1).find(|a| !a.starts_with('-')).unwrap_or_default();
    if "line/ring-to-callback".contains(&filter) {
        ring_to_callback();
    }
    if "line/ring-to-answer".contains(&filter) {
        answer::measure();
    }
}

fn ring_to_callback() {
    let ours: Vec<_> = (0..LINES).map(|_| raw_pty()).collect();
    let selectors: Vec<_> = ours
        .iter()
        .map(|pty| format!("serial:{}", nix::unistd::ttyname(&pty.slave).expect("its name").display()))
        .collect();
    // The slaves stay open, so that no master is hung up before the driver has opened it.
    let (masters, _slaves): (Vec<_>, Vec<_>) = ours.into_iter().map(|pty| (pty.master, pty.slave)).unzip();
    let floor = raw_pty();

    let (bell, rung) = sync_channel(64);
    let mut config = Config::default();
    config.set_devices(selectors.iter().map(String::as_str)).expect("selectors");
    let quiet = Arc::new(AtomicBool::new(false));
    let masters = Arc::new(masters);
    let modem = std::thread::spawn({
        let (masters, quiet) = (Arc::clone(&masters), Arc::clone(&quiet));
        move || answer_ok(&masters, &quiet)
    });
    let runtime = Runtime::start(config, Arc::new(Bell(bell))).expect("the runtime");
    let deadline = Instant::now() + Duration::from_secs(30);
    for (at, device) in runtime.devices().iter().enumerate() {
        let Ok(Reply::Line(line)) = runtime.command(Command::OpenLine { device: *device, host: HostLine(at + 1) })
        else {
            panic!("the line does not open: {:?}", runtime.failures());
        };
        while !runtime.query(|p| p.line_status(line)).is_ok_and(|s| s.in_service) {
            assert!(Instant::now() < deadline, "a modem did not become ready: {:?}", runtime.failures());
            std::thread::sleep(Duration::from_millis(10));
        }
        runtime.command(Command::SetMediaDetection { line, modes: MediaModes::INTERACTIVE_VOICE }).expect("media");
        // LINEDEVSTATE_RINGING
        runtime.command(Command::SetStatusMessages { line, line_states: 2, address_states: 0 }).expect("status");
    }
    quiet.store(true, Ordering::Release);
    modem.join().expect("the modems' thread");

    let (read, floor_read) = sync_channel(16);
    let slave = floor.slave;
    std::thread::spawn(move || {
        let mut buffer = [0; 64];
        loop {
            let mut fds = [PollFd::new(slave.as_fd(), PollFlags::POLLIN)];
            if poll(&mut fds, PollTimeout::NONE).is_err() || nix::unistd::read(&slave, &mut buffer).is_err() {
                return;
            }
            if read.send(Instant::now()).is_err() {
                return;
            }
        }
    });

    let (mut ring, mut wire) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        std::thread::sleep(PAUSE);
        let start = Instant::now();
        nix::unistd::write(&floor.master, RING).expect("a write");
        wire.extend(take(&floor_read, start));
        std::thread::sleep(PAUSE);
        while rung.try_recv().is_ok() {}
        let start = Instant::now();
        nix::unistd::write(&masters[round % LINES], RING).expect("a write");
        match take(&rung, start) {
            Some(time) => ring.push(time),
            None => panic!("round {round}: no callback within 2 s of a RING"),
        }
    }
    let (ring, wire) = (median(&mut ring), median(&mut wire));
    println!(
        "line/ring-to-callback  median {:.1} us, floor {:.1} us, ratio {:.2} ({ROUNDS} rounds, interleaved)",
        ring.as_secs_f64() * 1e6,
        wire.as_secs_f64() * 1e6,
        ring.as_secs_f64() / wire.as_secs_f64(),
    );
    runtime.shutdown();
}
