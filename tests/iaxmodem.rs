//! The driver on modems that are not ours: two `iaxmodem` processes that call each other over the loopback network.
//!
//! They identify callers before the first ring, name things V.253 does not, refuse calls for five seconds after they hung up,
//! answer `OK` to commands that they do not have, and stop listening for good once a call in class 0 is answered: their data
//! pump knows fax only. That last one is a modem as hostile as any, and is part of the test.

mod common;

use common::{Rig, Told};
use loopstart::provider::{
    Address, CallHandle, CallParams, CallState, Command, HostCall, HostLine, LineErr, LineState, MediaModes,
    PartyFlags, Reply, RequestId,
};
use nix::unistd::{Gid, Group, Uid, User};
use std::fmt::Write as _;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// A running `iaxmodem`; ended with the test, whatever happens.
struct IaxModem {
    process: Child,
    tty: PathBuf,
}

impl IaxModem {
    fn start(directory: &Path, name: &str, number: &str, port: u16, peer: u16) -> Result<Self, String> {
        let tty = directory.join(format!("tty-{name}"));
        let user = User::from_uid(Uid::current()).ok().flatten().ok_or("this user has no name")?.name;
        let group = Group::from_gid(Gid::current()).ok().flatten().ok_or("this group has no name")?.name;
        let mut text = String::new();
        for (key, value) in [
            ("device", tty.to_str().ok_or("no text")?),
            ("owner", &format!("{user}:{group}")),
            ("mode", "660"),
            ("port", &port.to_string()),
            ("refresh", "0"),
            ("server", &format!("127.0.0.1:{peer}")),
            ("peername", name),
            ("secret", "x"),
            ("cidname", &format!("IAX {name}")),
            ("cidnumber", number),
            ("codec", "slinear"),
        ] {
            let _ = writeln!(text, "{key} {value}");
        }
        let file = directory.join(name);
        std::fs::write(&file, text).map_err(|e| e.to_string())?;
        // It looks in /etc/iaxmodem only.
        let argument = format!("../..{}", file.display());
        let mut process = std::process::Command::new("iaxmodem")
            .arg(argument)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| format!("iaxmodem does not start: {e}"))?;
        let deadline = Instant::now() + Duration::from_secs(5);
        while !tty.exists() {
            if let Ok(Some(status)) = process.try_wait() {
                return Err(format!("iaxmodem ended with {status}"));
            }
            if Instant::now() > deadline {
                let _ = process.kill();
                let _ = process.wait();
                return Err("iaxmodem makes no terminal".into());
            }
            std::thread::yield_now();
        }
        Ok(Self { process, tty })
    }
}

impl Drop for IaxModem {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Two modems whose calls reach each other.
fn pair(directory: &Path) -> Result<[IaxModem; 2], String> {
    let free = || UdpSocket::bind("0.0.0.0:0").and_then(|s| Ok((s.local_addr()?.port(), s))).map_err(|e| e.to_string());
    let ((a, one), (b, two)) = (free()?, free()?);
    drop((one, two));
    Ok([IaxModem::start(directory, "A", "5550100", a, b)?, IaxModem::start(directory, "B", "5550101", b, a)?])
}

/// A call that rings at the other line.
struct Ringing {
    caller_host: HostCall,
    caller: CallHandle,
    called_host: HostCall,
    called: CallHandle,
}

struct Test {
    rig: Rig,
    next: u32,
}

impl Test {
    fn request(&mut self) -> RequestId {
        self.next += 1;
        RequestId(self.next)
    }

    /// Calls until it rings: a modem that hung up refuses calls for five seconds, and its peer says `NO DIALTONE` then.
    fn call(&mut self, from: usize, number: &str) -> Ringing {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let request = self.request();
            let host = HostCall(request.0 as usize);
            let params = CallParams { media: MediaModes::DATA_MODEM, ..CallParams::default() };
            let address = Some(Address(number.into()));
            let line = self.rig.lines[from];
            let make = Command::MakeCall { request, line, host, address, country: 0, params };
            let Ok(Reply::Call(caller)) = self.rig.runtime.command(make) else { panic!("no call") };
            let came = self.rig.wait("an incoming call or a refusal", |told| match told {
                Told::Offered(_, host, call) => Some(Some((*host, *call))),
                Told::Completed(r, Err(_)) if *r == request => Some(None),
                Told::State(h, CallState::Disconnected(_) | CallState::Idle) if *h == host => Some(None),
                _ => None,
            });
            if let Some((called_host, called)) = came {
                return Ringing { caller_host: host, caller, called_host, called };
            }
            assert!(Instant::now() < deadline, "it never rings; seen {:#?}", self.rig.seen);
            self.rig.runtime.close_call(caller).expect("the call was ours");
        }
    }

    /// Drops a call and waits until that is over; how it ended and how long it took.
    fn drop_call(&mut self, call: CallHandle, host: HostCall) -> (Result<(), LineErr>, Duration) {
        let (began, request) = (Instant::now(), self.request());
        self.rig.runtime.command(Command::Drop { request, call }).expect("it is accepted");
        let result = self.rig.completed(request);
        let over = |s: CallState| matches!(s, CallState::Idle | CallState::Disconnected(_));
        if !self.rig.seen.iter().any(|t| matches!(t, Told::State(h, s) if *h == host && over(*s))) {
            self.rig.state(host, "the end of the call", over);
        }
        (result, began.elapsed())
    }

    /// How a request ended, before or from now on.
    fn completed(&mut self, request: RequestId) -> Result<(), LineErr> {
        let before = self.rig.seen.iter().find_map(|t| match t {
            Told::Completed(r, result) if *r == request => Some(*result),
            _ => None,
        });
        before.unwrap_or_else(|| self.rig.completed(request))
    }

    /// Waits for something that may have been told already.
    fn told(&mut self, what: &str, wanted: &Told) {
        if !self.rig.seen.contains(wanted) {
            self.rig.wait(what, |told| (told == wanted).then_some(()));
        }
    }
}

#[test]
fn calls_between_two_iaxmodems() {
    if std::env::var_os("LOOPSTART_TEST_PEERS").is_none() {
        return aloud(
            "SKIPPED: calls between two iaxmodems take a minute of real time; LOOPSTART_TEST_PEERS=1 plays them",
        );
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    if !std::env::split_paths(&path).any(|p| p.join("iaxmodem").is_file()) {
        aloud("SKIPPED: iaxmodem is not installed");
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let [a, b] = match pair(directory.path()) {
        Ok(pair) => pair,
        Err(reason) => {
            aloud(&format!("SKIPPED: {reason}"));
            return;
        }
    };
    let selectors = [&a, &b].map(|m| format!("serial:{}", m.tty.display()));
    let rig = Rig::start(&selectors.each_ref().map(String::as_str), 1.0).ready();
    let mut test = Test { rig, next: 0 };
    for line in test.rig.lines.clone() {
        let status = test.rig.runtime.query(|p| p.line_status(line)).expect("a line");
        let media = status.available_media;
        let data_only = media.contains(MediaModes::DATA_MODEM) && !media.contains(MediaModes::INTERACTIVE_VOICE);
        assert!(data_only, "{media:?}: it has no voice class, whatever it answers OK to");
    }

    // Each calls the other; the caller gives up after some rings.
    for (from, number, name, own) in [(0, "5550101", "IAX A", "5550100"), (1, "5550100", "IAX B", "5550101")] {
        let call = test.call(from, number);
        let info = loop {
            let info = test.rig.runtime.query(|p| p.call_info(call.called)).expect("a call");
            if info.caller_id_flags.contains(PartyFlags::NAME | PartyFlags::ADDRESS) {
                break info;
            }
            test.rig
                .wait("caller information", |t| matches!(t, Told::Info(h, _) if *h == call.called_host).then_some(()));
        };
        assert_eq!((&*info.caller_id, &*info.caller_name), (own, name));
        if from == 0 {
            test.rig.wait("a second ring", |t| {
                matches!(t, Told::Line(_, LineState::Ringing { count, .. }) if *count >= 1).then_some(())
            });
        }
        // It waits for a carrier.
        test.told("PROCEEDING", &Told::State(call.caller_host, CallState::Proceeding));
        test.told("DIALING", &Told::State(call.caller_host, CallState::Dialing));
        let (result, took) = test.drop_call(call.caller, call.caller_host);
        assert!(
            result.is_ok() && took < Duration::from_secs(5),
            "{result:?} {took:?}: any character aborts a dial command"
        );
        test.rig.state(call.called_host, "the end of ringing", |s| s == CallState::Idle);
        for call in [call.caller, call.called] {
            test.rig.runtime.close_call(call).expect("the call was ours");
        }
    }

    // Once answered, these modems say nothing and listen to nothing. The requests end all the same, and the lines are
    // told to be out of service: not one of them hangs up without a word that it did.
    let call = test.call(0, "5550101");
    let answer = test.request();
    test.rig.runtime.command(Command::Answer { request: answer, call: call.called }).expect("it is accepted");
    let drops = [test.request(), test.request()];
    for (request, call) in drops.into_iter().zip([call.called, call.caller]) {
        test.rig.runtime.command(Command::Drop { request, call }).expect("it is accepted");
    }
    let began = Instant::now();
    for request in drops {
        assert!(test.completed(request).is_err());
    }
    for at in [1, 2] {
        let out = Told::Line(HostLine(at), LineState::OutOfService);
        test.told("OUTOFSERVICE", &out);
    }
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    assert!(test.completed(answer).is_err());
    drop((a, b));
}

/// Says it past the test runner, which hides what passing tests print.
fn aloud(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}
