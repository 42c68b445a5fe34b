//! The exchange in its thread, seen through its descriptors. Line time is waited for by its clock, never by sleeping.

use super::modem_port::ModemFirmware;
use super::serve::{EmulatedExchange, LineKind, ServeSettings};
use super::subscriber::{FromExchange, FromTerminal, Terminal};
use crate::ports::{Metered, PtyPort};
use crate::{FxoPort, HookCommand, Port, PortError};
use loopstart_signal::Time;
use loopstart_signal::country::US;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A modem that repeats what it is told, goes off hook at `O` and on hook at `H`, and says `R` when it rings.
#[derive(Default)]
struct Parrot {
    out: Vec<u8>,
    off_hook: bool,
    ringing: bool,
}

impl Terminal for Parrot {
    fn step(&mut self, _now: Time, line: &FromExchange) -> FromTerminal {
        if line.ringing && !self.ringing {
            self.out.push(b'R');
        }
        self.ringing = line.ringing;
        FromTerminal { off_hook: self.off_hook, ..FromTerminal::default() }
    }
}

impl ModemFirmware for Parrot {
    fn receive(&mut self, bytes: &[u8]) {
        self.out.extend(bytes);
        for &b in bytes {
            match b {
                b'O' => self.off_hook = true,
                b'H' => self.off_hook = false,
                _ => {}
            }
        }
    }
    fn room(&self) -> usize {
        65_536 - self.out.len().min(65_536)
    }
    fn transmit(&mut self, out: &mut [u8]) -> usize {
        let n = self.out.len().min(out.len());
        out[..n].copy_from_slice(&self.out[..n]);
        self.out.drain(..n);
        n
    }
    fn carrier(&self) -> bool {
        false
    }
}

fn start(speed: f64, lines: Vec<LineKind>, control: Option<&Path>) -> EmulatedExchange {
    let settings = ServeSettings { country: US, speed, control: control.map(Into::into), lines };
    EmulatedExchange::start_with(settings, Box::new(|_| Box::new(Parrot::default())), |_| {}).unwrap()
}

/// Calls `look` until it answers, for ten seconds of wall time.
fn wait<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "nothing came");
        std::thread::yield_now();
    }
}

fn read_byte(port: &mut impl Port) -> u8 {
    let mut byte = [0];
    wait(|| port.read(&mut byte).ok().map(|_| byte[0]))
}

#[test]
fn a_modem_is_reached_through_its_link_and_comes_back_after_a_pull() {
    let dir = tempfile::tempdir().unwrap();
    let link = dir.path().join("modem");
    let exchange = start(50.0, vec![LineKind::Modem { symlink: Some(link.clone()) }, LineKind::Unused], None);
    assert_eq!(std::fs::read_link(&link).ok(), exchange.pty_path(0));
    let mut port = PtyPort::open(&link).unwrap();
    port.write(b"x").unwrap();
    assert_eq!(read_byte(&mut port), b'x');
    // A program that closes the terminal finds it again.
    drop(port);
    let mut port = PtyPort::open(&link).unwrap();
    assert_eq!(exchange.command("call 0 5551234 SOMEBODY"), "ok\n");
    assert_eq!(read_byte(&mut port), b'R');
    let first = exchange.pty_path(0);
    exchange.unplug(0).unwrap();
    assert!(exchange.unplug(0).is_err() && exchange.unplug(1).is_err() && exchange.unplug(7).is_err());
    let mut byte = [0];
    wait(|| (port.read(&mut byte) == Err(PortError::Gone)).then_some(()));
    assert!(!link.exists() && exchange.pty_path(0).is_none());
    exchange.plug(0).unwrap();
    assert_eq!(std::fs::read_link(&link).ok(), exchange.pty_path(0));
    drop(port);
    let mut port = PtyPort::open(&link).unwrap();
    port.write(b"y").unwrap();
    wait(|| (read_byte(&mut port) == b'y').then_some(()));
    assert!(first.is_some());
    exchange.stop();
    assert!(std::fs::symlink_metadata(&link).is_err(), "the link is removed");
}

#[test]
fn the_clock_waits_for_whoever_is_attached_and_passes_no_byte_on_its_way() {
    let exchange = start(1000.0, vec![LineKind::Modem { symlink: None }], None);
    let clock = exchange.clock();
    clock.attach(true);
    let mut port = Metered::new(PtyPort::open(&exchange.pty_path(0).unwrap()).unwrap(), exchange.meter(0).unwrap());
    let mut ticket = clock.ticket();
    // What is written in one tick is answered in the next one, every time.
    for round in 0..200u32 {
        let byte = b'a' + (round % 26) as u8;
        port.write(&[byte]).unwrap();
        clock.acknowledge(ticket);
        ticket = wait(|| (clock.ticket() > ticket).then(|| clock.ticket()));
        // The new time is published before what came of it is written.
        assert_eq!(read_byte(&mut port), byte, "round {round}");
        wait(|| port.drained().then_some(()));
        assert_eq!(clock.ticket(), ticket, "nobody acknowledged it");
    }
    clock.attach(false);
    wait(|| (clock.ticket() > ticket).then_some(()));
}

#[test]
fn an_fxo_port_is_taken_once_and_is_gone_when_unplugged() {
    let exchange = start(100.0, vec![LineKind::Fxo], None);
    let mut port = exchange.take_fxo_port(0).unwrap();
    assert!(exchange.take_fxo_port(0).is_none());
    port.hook(HookCommand::OffHook).unwrap();
    wait(|| exchange.command("state 0").contains("\"phase\":\"dialing\"").then_some(()));
    exchange.unplug(0).unwrap();
    let mut block = [0; crate::BLOCK];
    wait(|| match port.read(&mut block) {
        Err(PortError::Gone) => Some(()),
        Err(PortError::EventPending) => {
            port.event().unwrap();
            None
        }
        _ => None,
    });
    exchange.plug(0).unwrap();
    let mut port = exchange.take_fxo_port(0).unwrap();
    wait(|| port.read(&mut block).ok());
}

#[test]
fn the_control_socket_serves_several_connections() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("control");
    let exchange = start(100.0, vec![LineKind::Modem { symlink: None }, LineKind::Fxo], Some(&path));
    let connect = || {
        let stream = UnixStream::connect(&path).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        BufReader::new(stream)
    };
    let ask = |connection: &mut BufReader<UnixStream>, command: &str| {
        connection.get_mut().write_all(command.as_bytes()).unwrap();
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            assert!(connection.read_line(&mut line).unwrap() > 0);
            lines.push(line.trim_end().to_owned());
            if line.starts_with("ok") || line.starts_with("err") {
                return lines;
            }
        }
    };
    let (mut one, mut two) = (connect(), connect());
    assert_eq!(ask(&mut two, "state 0\n").len(), 2);
    assert_eq!(ask(&mut one, "call 0 5551234 SOMEBODY\n"), ["ok"]);
    let events = ask(&mut two, "events\n");
    assert!(events[0].contains("\"ev\":\"ringing\""), "{events:?}");
    assert_eq!(ask(&mut one, "nonsense\n"), ["err unknown command 'nonsense'; try help"]);
    assert_eq!(ask(&mut one, "unplug 0\n"), ["ok"]);
    assert_eq!(ask(&mut one, "plug 0\n"), ["ok"]);
    let mut endless = connect();
    let _ = endless.get_mut().write_all(&[b'x'; 10_000]);
    let mut line = String::new();
    assert!(endless.read_line(&mut line).is_err() || line.starts_with("err"));
    let again = ServeSettings { country: US, speed: 1.0, control: Some(path.clone()), lines: vec![LineKind::Fxo] };
    assert!(EmulatedExchange::start(again).is_err(), "the path is in use");
    drop(exchange);
    assert!(!path.exists());
}

#[test]
fn real_time_is_real_and_a_fast_exchange_is_fast() {
    let exchange = start(20.0, vec![LineKind::Unused], None);
    let clock = Arc::clone(&exchange.clock());
    let (from, began) = (clock.now(), Instant::now());
    wait(|| (clock.now() >= from + Duration::from_secs(4)).then_some(()));
    // Never early; how late depends on the machine.
    assert!(began.elapsed() >= Duration::from_millis(150), "{:?}", began.elapsed());
}
