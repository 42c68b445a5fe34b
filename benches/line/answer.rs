//! `line/ring-to-answer`: from the last byte of `RING` on the wire to the last byte of the first command that answers the call, while
//! other lines stream audio. The host answers each call that it is offered at once, on a thread of its own.
//!
//! The floor is a thread that polls, reads and writes on a pseudo-terminal of the same make, in turn with it in the same run
//! and under the same load.

use super::{PAUSE, RING, raw_pty};
use loopstart::config::Config;
use loopstart::provider::{
    CallHandle, CallState, Command, HostCall, HostLine, LineErr, LineHandle, MediaModes, Notification, Reply, RequestId,
};
use loopstart::runtime::{Direction, Host, Runtime};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// Lines that stream audio meanwhile.
const STREAMING: usize = 16;
/// Lines that ring in turn.
const RINGING: usize = 8;
const ROUNDS: usize = 400;
/// The command that a voice modem is answered with begins with this one.
const ANSWER: &[u8] = b"AT+FCLASS=8\r";
/// 20 ms of unsigned samples, silence.
const BLOCK: [u8; 160] = [0x80; 160];
const LIMIT: Duration = Duration::from_secs(30);

/// What the host was told, as far as it matters here.
#[derive(Clone, Copy, PartialEq)]
enum Told {
    Connected,
    Idle,
}

/// What the host was told, of which line, in order.
type News = Receiver<(HostLine, Told)>;

struct Operator {
    /// Calls that are offered.
    offered: SyncSender<CallHandle>,
    told: SyncSender<(HostLine, Told)>,
    next: AtomicUsize,
}

impl Host for Operator {
    fn offer(&self, _: HostLine, _: LineHandle, _: CallHandle) -> Option<HostCall> {
        Some(HostCall(self.next.fetch_add(1, Ordering::Relaxed)))
    }
    fn notify(&self, notification: &Notification) {
        let Notification::CallState { state, host_line, call, .. } = notification else { return };
        let told = match state {
            CallState::Offering(_) => {
                let _ = self.offered.try_send(*call);
                return;
            }
            CallState::Connected(_) => Told::Connected,
            CallState::Idle => Told::Idle,
            _ => return,
        };
        let _ = self.told.try_send((*host_line, told));
    }
    fn complete(&self, _: RequestId, _: Result<(), LineErr>) {}
}

/// A voice modem with one way of audio at a time.
fn reply(command: &str) -> &'static str {
    match command {
        "ATI3" => "\r\nCX93001-EIS_V0.2013-V92\r\n\r\nOK\r\n",
        "AT+FCLASS=?" => "\r\n0,1,8\r\n\r\nOK\r\n",
        "AT+VCID?" => "\r\n1\r\n\r\nOK\r\n",
        "AT+VSM=?" => "\r\n1,\"UNSIGNED PCM\",8,0,8000,0,0\r\n\r\nOK\r\n",
        "AT+VTR" => "\r\nERROR\r\n",
        "AT+VRX" | "AT+VTX" => "\r\nCONNECT\r\n",
        _ => "\r\nOK\r\n",
    }
}

/// The modem's side of a pseudo-terminal.
struct Modem {
    master: OwnedFd,
    line: Vec<u8>,
    streams: bool,
}

impl Modem {
    fn new(master: OwnedFd) -> Self {
        fcntl(&master, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).expect("a descriptor");
        Self { master, line: Vec::new(), streams: false }
    }

    /// Answers what it is asked.
    fn serve(&mut self) {
        let mut buffer = [0; 256];
        while let Ok(n @ 1..) = nix::unistd::read(&self.master, &mut buffer) {
            for &byte in &buffer[..n] {
                if byte != b'\r' {
                    // The end of a voice stream is no command.
                    if self.line.ends_with(b"\x10") && byte == b'!' {
                        self.line.clear();
                        self.streams = false;
                        self.say(b"\x10\x03\r\nOK\r\n");
                    } else {
                        self.line.push(byte);
                    }
                    continue;
                }
                let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
                self.streams |= line == "AT+VRX";
                self.say(reply(&line).as_bytes());
            }
        }
    }

    fn say(&self, bytes: &[u8]) {
        // There is room: the driver reads.
        let _ = nix::unistd::write(&self.master, bytes);
    }

    /// Waits until there is something to read.
    fn wait(&self, limit: Duration) {
        let mut fds = [PollFd::new(self.master.as_fd(), PollFlags::POLLIN)];
        let _ = poll(&mut fds, PollTimeout::try_from(limit).unwrap_or(PollTimeout::MAX));
    }

    /// Rings and waits for the command that answers; how long it took.
    fn ring(&mut self) -> Duration {
        self.line.clear();
        let start = Instant::now();
        nix::unistd::write(&self.master, RING).expect("a write");
        let mut buffer = [0; 64];
        while !self.line.ends_with(ANSWER) {
            assert!(start.elapsed() < LIMIT, "no answer; {:?}", String::from_utf8_lossy(&self.line));
            self.wait(Duration::from_secs(1));
            if let Ok(n) = nix::unistd::read(&self.master, &mut buffer) {
                self.line.extend_from_slice(&buffer[..n]);
            }
        }
        let took = start.elapsed();
        self.line.clear();
        self.say(b"\r\nOK\r\n");
        took
    }
}

/// The streaming modems: 20 ms of samples every 20 ms, answers in between. Answers the blocks that were sent.
fn stream(mut modems: Vec<Modem>, stop: &AtomicBool, streaming: &AtomicUsize) -> u64 {
    let mut blocks = 0;
    let mut due = Instant::now();
    while !stop.load(Ordering::Acquire) {
        due += Duration::from_millis(20);
        while let Some(left) = due.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
            let mut fds: Vec<_> = modems.iter().map(|m| PollFd::new(m.master.as_fd(), PollFlags::POLLIN)).collect();
            let ready = poll(&mut fds, PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO)).unwrap_or(0);
            drop(fds);
            if ready > 0 {
                modems.iter_mut().for_each(Modem::serve);
            }
        }
        for modem in modems.iter().filter(|m| m.streams) {
            modem.say(&BLOCK);
            blocks += 1;
        }
        streaming.store(modems.iter().filter(|m| m.streams).count(), Ordering::Release);
    }
    blocks
}

/// Serves a modem until the host was told this of its line.
fn serve_until(modem: &mut Modem, news: &News, line: HostLine, what: Told) {
    let deadline = Instant::now() + LIMIT;
    while !news.try_iter().any(|told| told == (line, what)) {
        assert!(Instant::now() < deadline, "{line:?} does not come along");
        modem.wait(Duration::from_millis(2));
        modem.serve();
    }
}

/// A pause in which the drivers tidy up after their calls.
fn pause(ringing: &mut [Modem]) {
    let until = Instant::now() + PAUSE;
    while Instant::now() < until {
        ringing.iter_mut().for_each(Modem::serve);
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn percentile(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    times[(times.len() * percent / 100).min(times.len() - 1)].as_secs_f64() * 1e6
}

/// The floor: polls, reads, writes.
fn echo(slave: &OwnedFd) {
    let mut buffer = [0; 64];
    loop {
        let mut fds = [PollFd::new(slave.as_fd(), PollFlags::POLLIN)];
        if poll(&mut fds, PollTimeout::NONE).is_err() || nix::unistd::read(slave, &mut buffer).is_err() {
            return;
        }
        if nix::unistd::write(slave, ANSWER).is_err() {
            return;
        }
    }
}

/// Opens every line, once its modem is in service.
fn open_lines(runtime: &Runtime, ringing: &mut [Modem]) {
    for (at, device) in runtime.devices().iter().enumerate() {
        let Ok(Reply::Line(line)) = runtime.command(Command::OpenLine { device: *device, host: HostLine(at) }) else {
            panic!("line {at} does not open: {:?}", runtime.failures());
        };
        let deadline = Instant::now() + LIMIT;
        while !runtime.query(|p| p.line_status(line)).is_ok_and(|status| status.in_service) {
            assert!(Instant::now() < deadline, "modem {at} does not become ready");
            ringing.iter_mut().for_each(Modem::serve);
            std::thread::sleep(Duration::from_millis(1));
        }
        runtime.command(Command::SetMediaDetection { line, modes: MediaModes::INTERACTIVE_VOICE }).expect("media");
    }
}

/// A program that hears all calls.
fn drain(mut readers: Vec<File>, stop: &AtomicBool) {
    let mut buffer = [0; 4_096];
    while !stop.load(Ordering::Acquire) {
        for reader in &mut readers {
            while matches!(reader.read(&mut buffer), Ok(1..)) {}
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Runs the measurement and prints it.
pub(crate) fn measure() {
    let ptys: Vec<_> = (0..STREAMING + RINGING).map(|_| raw_pty()).collect();
    let selectors: Vec<_> = ptys
        .iter()
        .map(|pty| format!("serial:{}", nix::unistd::ttyname(&pty.slave).expect("its name").display()))
        .collect();
    // The slaves stay open, so that no master is hung up before the driver has opened it.
    let (masters, _slaves): (Vec<_>, Vec<_>) = ptys.into_iter().map(|pty| (pty.master, pty.slave)).unzip();
    let bells: Vec<_> = masters.iter().take(STREAMING).map(|m| m.try_clone().expect("a descriptor")).collect();
    let mut ringing: Vec<_> = masters.into_iter().map(Modem::new).collect();
    let busy: Vec<_> = ringing.drain(..STREAMING).collect();
    let floor = raw_pty();
    std::thread::spawn(move || echo(&floor.slave));
    let mut floor = Modem::new(floor.master);

    let mut config = Config::default();
    config.set_devices(selectors.iter().map(String::as_str)).expect("selectors");
    // It is no part of what is measured.
    config.modem.guards.health = Duration::from_secs(3_600);
    let (offered, offers) = sync_channel(64);
    let (told, news) = sync_channel(4_096);
    let host = Operator { offered, told, next: AtomicUsize::new(1) };
    let runtime = Runtime::start(config, Arc::new(host)).expect("the runtime");
    let (stop, streaming) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let feeder = std::thread::spawn({
        let (stop, streaming) = (Arc::clone(&stop), Arc::clone(&streaming));
        move || stream(busy, &stop, &streaming)
    });
    open_lines(&runtime, &mut ringing);

    let (answered, calls) = sync_channel(64);
    std::thread::spawn({
        let runtime = runtime.clone();
        move || {
            for (request, call) in (1..).zip(offers) {
                let request = RequestId(request);
                runtime.command(Command::Answer { request, call }).expect("it is offered");
                if answered.send(call).is_err() {
                    return;
                }
            }
        }
    });

    // The streaming lines have calls that a program hears.
    let mut readers = Vec::new();
    for bell in &bells {
        nix::unistd::write(bell, RING).expect("a write");
        let call = calls.recv_timeout(LIMIT).expect("it is answered");
        let reader = File::from(runtime.audio(call, Direction::FromLine).expect("a line with audio"));
        fcntl(&reader, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).expect("a descriptor");
        readers.push(reader);
    }
    let program = std::thread::spawn({
        let stop = Arc::clone(&stop);
        move || drain(readers, &stop)
    });
    let deadline = Instant::now() + LIMIT;
    while streaming.load(Ordering::Acquire) < STREAMING {
        assert!(Instant::now() < deadline, "only {} lines stream", streaming.load(Ordering::Acquire));
        std::thread::sleep(Duration::from_millis(10));
    }

    let (mut answers, mut floors) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        pause(&mut ringing);
        floors.push(floor.ring());
        pause(&mut ringing);
        let modem = &mut ringing[round % RINGING];
        let line = HostLine(STREAMING + round % RINGING);
        answers.push(modem.ring());
        let call = calls.recv_timeout(LIMIT).expect("it is answered");
        serve_until(modem, &news, line, Told::Connected);
        let request = RequestId(1_000_000 + round as u32);
        runtime.command(Command::Drop { request, call }).expect("it is up");
        serve_until(modem, &news, line, Told::Idle);
        runtime.close_call(call).expect("a call");
    }
    let still = streaming.load(Ordering::Acquire);
    stop.store(true, Ordering::Release);
    let blocks = feeder.join().expect("the modems' thread");
    program.join().expect("the program's thread");
    println!(
        "line/ring-to-answer  median {:.0} us, 99 % {:.0} us, worst {:.0} us; floor {:.0}, {:.0}, {:.0} us \
         ({ROUNDS} rounds, interleaved; {still} lines streamed {blocks} blocks of 20 ms)",
        percentile(&mut answers, 50),
        percentile(&mut answers, 99),
        percentile(&mut answers, 100),
        percentile(&mut floors, 50),
        percentile(&mut floors, 99),
        percentile(&mut floors, 100),
    );
    runtime.shutdown();
}
