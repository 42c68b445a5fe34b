//! A session with whatever modem is at hand. Not run by default:
//! `LOOPSTART_TEST_TTY=/dev/ttyACM0 cargo test -p loopstart-hal --lib real -- --nocapture`.
//! `LOOPSTART_TEST_NUMBER` is dialled, if set.

use super::*;
use crate::ports::SerialPort;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::time::Instant;

/// Prints what passes.
struct Traced(SerialPort);

impl Port for Traced {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, PortError> {
        let n = self.0.read(buffer)?;
        println!("  < {}", buffer[..n].escape_ascii());
        Ok(n)
    }
    fn write(&mut self, bytes: &[u8]) -> Result<usize, PortError> {
        let n = self.0.write(bytes)?;
        println!("  > {}", bytes[..n].escape_ascii());
        Ok(n)
    }
    fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.0.fd()
    }
    fn set_dtr(&mut self, on: bool) {
        self.0.set_dtr(on);
    }
    fn carrier(&self) -> Option<bool> {
        self.0.carrier()
    }
}

fn run(modem: &mut VoiceModem<Traced>, zero: Instant, limit: Duration) -> Vec<LineEvent> {
    let now = || Time::from_micros(zero.elapsed().as_micros() as u64);
    let end = now() + limit;
    let mut events = EventQueue::with_capacity(256);
    let mut told = Vec::new();
    while now() < end {
        let wake = modem.deadline().map_or(end, |at| at.min(end));
        let timeout = PollTimeout::try_from(wake.since(now()).as_millis() + 1).unwrap();
        let Some(fd) = modem.fd() else { break };
        let mut fds = [PollFd::new(fd, PollFlags::POLLIN)];
        poll(&mut fds, timeout).unwrap();
        let flags = fds[0].revents().unwrap();
        if !flags.is_empty() {
            let hangup = flags.intersects(PollFlags::POLLHUP | PollFlags::POLLERR);
            modem.ready(Readiness { read: true, hangup, ..Readiness::default() }, now(), &mut events);
        }
        if modem.deadline().is_some_and(|at| at <= now()) {
            modem.expire(now(), &mut events);
        }
        while let Some(event) = events.pop() {
            println!("{:?} {event:?}", now());
            told.push(event);
        }
    }
    told
}

#[test]
fn a_session_with_a_modem_at_hand() {
    let Ok(path) = std::env::var("LOOPSTART_TEST_TTY") else {
        aloud("SKIPPED: no modem at hand; LOOPSTART_TEST_TTY would name its terminal");
        return;
    };
    let port = SerialPort::open(path.as_ref()).unwrap();
    let mut modem = VoiceModem::new(Traced(port), Clock::Monotonic);
    let zero = Instant::now();
    let mut events = EventQueue::with_capacity(256);
    modem.start(Time::ZERO, &mut events);
    let told = run(&mut modem, zero, Duration::from_secs(12));
    assert!(matches!(told[..], [LineEvent::Ready(_)]), "{told:?}");
    if let Ok(number) = std::env::var("LOOPSTART_TEST_NUMBER") {
        let now = Time::from_micros(zero.elapsed().as_micros() as u64);
        modem.act(&LineAction { id: ActionId(1), kind: dial(&number) }, now, &mut events);
        let mut told = run(&mut modem, zero, Duration::from_secs(15));
        let now = Time::from_micros(zero.elapsed().as_micros() as u64);
        modem.act(&LineAction { id: ActionId(2), kind: ActionKind::Release }, now, &mut events);
        while let Some(event) = events.pop() {
            told.push(event);
        }
        told.extend(run(&mut modem, zero, Duration::from_secs(8)));
        for id in [1, 2] {
            let dones = told.iter().filter(|e| matches!(e, LineEvent::Done { action, .. } if action.0 == id)).count();
            assert_eq!(dones, 1, "{told:?}");
        }
    }
}

/// Says it past the test runner, which hides what passing tests print.
fn aloud(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}
