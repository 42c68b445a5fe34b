//! Lines come and go while the provider runs, also in the middle of calls: every request completes once, a line that was
//! closed is told nothing more, and numbers and descriptors are not left behind.

mod common;

use common::{Rig, Told, Watchdog};
use loopstart::config::Config;
use loopstart::provider::{
    CallHandle, CallState, Command, DeviceId, HostCall, HostLine, LineErr, LineHandle, LineState, Notification, Reply,
    RequestId,
};
use loopstart::runtime::{Added, Direction, Host, Runtime};
use loopstart_hal::OpenError;
use loopstart_hal::exchange::{EmulatedExchange, LineKind, ServeSettings};
use loopstart_hal::registry::Selector;
use std::sync::Arc;
use std::time::{Duration, Instant};

const OUTGOING: HostCall = HostCall(7);
const PATIENCE: Duration = Duration::from_secs(60);

fn selector(text: &str) -> Selector {
    Selector::parse(text).expect("a selector")
}

fn until(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Opens the line of a device in place `at` of the rig, as host line `host`, and waits until it is in service.
fn open(rig: &mut Rig, at: usize, device: DeviceId, host: usize) {
    let Ok(Reply::Line(line)) = rig.runtime.command(Command::OpenLine { device, host: HostLine(host) }) else {
        panic!("device {} does not open", device.0)
    };
    rig.runtime.command(Command::SetStatusMessages { line, line_states: 0xce, address_states: 0 }).expect("status");
    if rig.lines.len() == at {
        rig.lines.push(line);
    }
    rig.lines[at] = line;
    until("in service", || rig.in_service(at));
    rig.take_calls(at);
}

fn unplug(rig: &Rig, line: usize) {
    rig.runtime.with_exchange(|e| e.unplug(line)).expect("an exchange").expect("plugged in");
}

/// Lets so much line time pass.
fn pass(rig: &Rig, time: Duration) {
    let device = rig.runtime.devices()[0];
    let start = rig.runtime.now(device);
    until("line time", || rig.runtime.now(device).since(start) > time);
}

/// Plugs in again, when the exchange takes the loop that was open for a hang-up and not for a flash.
fn plug(rig: &Rig, line: usize) {
    pass(rig, Duration::from_secs(3));
    let reply = rig.runtime.with_exchange(|e| e.command(&format!("plug {line}"))).expect("an exchange");
    assert!(reply.starts_with("ok"), "{reply}");
}

fn close_told(rig: &mut Rig, host: usize) {
    rig.wait("LINE_CLOSE", |t| (*t == Told::Close(HostLine(host))).then_some(()));
}

fn removals(rig: &mut Rig) -> Vec<DeviceId> {
    rig.catch_up();
    let removed = |t: &Told| match t {
        Told::Other(Notification::Remove { device }) => Some(*device),
        _ => None,
    };
    rig.seen.iter().filter_map(removed).collect()
}

fn removed(rig: &mut Rig, device: DeviceId) {
    rig.wait("LINE_REMOVE", |t| (*t == Told::Other(Notification::Remove { device })).then_some(()));
}

/// A call to one who answers works, and is ended.
fn works(rig: &mut Rig, at: usize, host: HostCall) {
    let (_, call) = rig.call(at, host, "5550120").expect("a call");
    rig.state(host, "CONNECTED", |s| matches!(s, CallState::Connected(_)));
    assert_eq!(rig.drop_call(call), Ok(()));
    rig.state(host, "IDLE", |s| s == CallState::Idle);
    rig.runtime.close_call(call).expect("a call");
}

/// When something happens to the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Idle,
    Offering,
    Answering,
    Dialing,
    Connected,
    Dropping,
}

const STATES: [At; 6] = [At::Idle, At::Offering, At::Answering, At::Dialing, At::Connected, At::Dropping];

/// Brings line `line`, in place 0 of the rig, into a state.
fn bring(rig: &mut Rig, line: usize, at: At) -> Option<CallHandle> {
    let incoming = |rig: &mut Rig| {
        rig.ring(line);
        let (host, call) = rig.offered();
        rig.state(host, "OFFERING", |s| matches!(s, CallState::Offering(_)));
        call
    };
    Some(match at {
        At::Idle => return None,
        At::Offering => incoming(rig),
        At::Answering => {
            let call = incoming(rig);
            rig.request(|request| Command::Answer { request, call }).expect("answer");
            call
        }
        At::Dialing => {
            let (_, call) = rig.call(0, OUTGOING, "5550122").expect("a call");
            rig.state(OUTGOING, "DIALING", |s| s == CallState::Dialing);
            call
        }
        At::Connected | At::Dropping => {
            let (_, call) = rig.call(0, OUTGOING, "5550120").expect("a call");
            rig.state(OUTGOING, "CONNECTED", |s| matches!(s, CallState::Connected(_)));
            if at == At::Dropping {
                rig.request(|request| Command::Drop { request, call }).expect("drop");
            }
            call
        }
    })
}

/// Whether anything of this line was told from place `from` on.
fn told_of_line(rig: &Rig, from: usize, host: usize, calls: &[HostCall]) -> Vec<Told> {
    let about = |t: &&Told| match t {
        Told::Offered(line, ..) | Told::Line(line, _) | Told::Close(line) => *line == HostLine(host),
        Told::State(call, _) | Told::Info(call, _) | Told::Digit(call, _) => calls.contains(call),
        Told::Completed(..) | Told::Other(_) => false,
    };
    rig.seen[from..].iter().filter(about).cloned().collect()
}

fn pulled_and_plugged(line: usize, at: At, early: bool) {
    let what = format!("line {line}, {at:?}, plugged before the close: {early}");
    let _watch = Watchdog::new(&what, Duration::from_secs(90));
    let mut rig = Rig::start(&[&format!("emulated:{line}")], 20.0).ready();
    let device = rig.runtime.devices()[0];
    bring(&mut rig, line, at);
    unplug(&rig, line);
    close_told(&mut rig, 1);
    // Who called gives up, or would be answered below; there may be nobody any more.
    rig.runtime.with_exchange(|e| e.command(&format!("hangup {line}"))).expect("an exchange");
    if early {
        plug(&rig, line);
        pass(&rig, Duration::from_secs(20));
        // The line is as it was until the host has closed it.
        assert_eq!(rig.call(0, HostCall(8), "5550120").unwrap_err(), LineErr::NODRIVER, "{what}");
        let again = Command::OpenLine { device, host: HostLine(2) };
        assert_eq!(rig.runtime.command(again).unwrap_err(), LineErr::NODRIVER, "{what}");
    }
    let calls: Vec<HostCall> = rig
        .seen
        .iter()
        .filter_map(|t| match t {
            Told::State(call, _) => Some(*call),
            _ => None,
        })
        .collect();
    rig.runtime.close_line(rig.lines[0]).expect("open");
    rig.catch_up();
    let closed = rig.seen.len();
    if !early {
        plug(&rig, line);
        until("back", || {
            let open = rig.runtime.command(Command::OpenLine { device, host: HostLine(2) });
            open.map(|line| {
                if let Reply::Line(line) = line {
                    rig.runtime.close_line(line).expect("open")
                }
            })
            .is_ok()
        });
    }
    open(&mut rig, 0, device, 3);
    works(&mut rig, 0, HostCall(9));
    bring(&mut rig, line, At::Offering);
    assert_eq!(told_of_line(&rig, closed, 1, &calls), [], "{what}");
    // It was never removed.
    assert_eq!(removals(&mut rig), [], "{what}");
    assert_eq!(rig.runtime.lines(), [device], "{what}");
    rig.finish();
}

#[test]
fn a_modem_that_is_plugged_in_again_has_its_line_again() {
    for (n, at) in STATES.into_iter().enumerate() {
        pulled_and_plugged(0, at, n % 2 == 0);
    }
}

#[test]
fn an_fxo_port_that_is_plugged_in_again_has_its_line_again() {
    for (n, at) in STATES.into_iter().enumerate() {
        pulled_and_plugged(1, at, n % 2 == 1);
    }
}

#[test]
fn a_line_that_was_closed_when_it_went_comes_back_ten_times() {
    let _watch = Watchdog::new("ten times", Duration::from_secs(90));
    for line in [0, 1] {
        let mut rig = Rig::start(&[&format!("emulated:{line}")], 20.0).ready();
        let device = rig.runtime.devices()[0];
        let mut descriptors = Vec::new();
        for n in 0..10 {
            rig.runtime.close_line(rig.lines[0]).expect("open");
            unplug(&rig, line);
            let refused = |rig: &Rig| rig.runtime.command(Command::OpenLine { device, host: HostLine(50) });
            until("gone", || match refused(&rig) {
                Ok(Reply::Line(line)) => {
                    rig.runtime.close_line(line).expect("open");
                    false
                }
                answer => answer == Err(LineErr::NODRIVER),
            });
            plug(&rig, line);
            until("back", || match refused(&rig) {
                Ok(Reply::Line(line)) => rig.runtime.close_line(line).is_ok(),
                _ => false,
            });
            open(&mut rig, 0, device, 100 + n);
            if n % 4 == 0 {
                works(&mut rig, 0, HostCall(200 + n));
            }
            descriptors.push(open_descriptors());
        }
        assert!(descriptors[9] <= descriptors[1] + 2, "{descriptors:?}");
        assert_eq!(removals(&mut rig), []);
        let load = rig.event_thread_load();
        assert!(load < 0.5, "the event thread uses {load:.2} of a processor");
        rig.finish();
    }
}

/// How many descriptors this process has; other tests of this program change that a little.
fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

fn removed_in(line: usize, at: At) {
    let what = format!("line {line}, {at:?}");
    let _watch = Watchdog::new(&what, Duration::from_secs(90));
    let beside = if line == 0 { 3 } else { 2 };
    let mut rig = Rig::start(&[&format!("emulated:{line}"), &format!("emulated:{beside}")], 20.0).ready();
    let devices = rig.runtime.devices().to_vec();
    let call = bring(&mut rig, line, at);
    rig.runtime.remove(devices[0]).expect("it is there");
    assert_eq!(rig.runtime.remove(devices[0]), Err(LineErr::BADDEVICEID), "{what}");
    assert_eq!(rig.runtime.lines(), [devices[1]], "{what}");
    assert!(rig.runtime.tty(devices[0]).is_none(), "{what}");
    close_told(&mut rig, 1);
    rig.wait("OUTOFSERVICE", |_| Some(()));
    assert!(rig.seen.contains(&Told::Line(HostLine(1), LineState::OutOfService)), "{what}");
    assert_eq!(rig.call(0, HostCall(8), "5550120").unwrap_err(), LineErr::NODRIVER, "{what}");
    if let Some(call) = call {
        assert!(rig.runtime.audio(call, Direction::FromLine).is_err(), "{what}");
    }
    let calls = [OUTGOING, HostCall(1000)];
    rig.runtime.close_line(rig.lines[0]).expect("open");
    rig.catch_up();
    let closed = rig.seen.len();
    if removals(&mut rig).is_empty() {
        removed(&mut rig, devices[0]);
    }
    let open = Command::OpenLine { device: devices[0], host: HostLine(9) };
    assert_eq!(rig.runtime.command(open).unwrap_err(), LineErr::BADDEVICEID, "{what}");
    assert!(matches!(rig.runtime.reopen(devices[0]), Err(OpenError::Missing { .. })), "{what}");
    // To the exchange the telephone was hung up; the line beside works.
    works(&mut rig, 1, HostCall(9));
    assert_eq!(told_of_line(&rig, closed, 1, &calls), [], "{what}");
    assert_eq!(removals(&mut rig), [devices[0]], "{what}");
    rig.finish();
}

#[test]
fn a_modem_line_is_removed_in_every_state() {
    for at in STATES {
        removed_in(0, at);
    }
}

#[test]
fn an_fxo_line_is_removed_in_every_state() {
    for at in STATES {
        removed_in(1, at);
    }
}

#[test]
fn a_host_that_does_not_close_is_told_of_the_removal_all_the_same() {
    let mut rig = Rig::start(&["emulated:0", "emulated:1"], 20.0).ready();
    let device = rig.runtime.devices()[0];
    rig.runtime.remove(device).expect("it is there");
    close_told(&mut rig, 1);
    removed(&mut rig, device);
    rig.runtime.close_line(rig.lines[0]).expect("open");
    works(&mut rig, 1, HostCall(9));
    assert_eq!(removals(&mut rig), [device]);
    rig.finish();
}

#[test]
fn a_line_that_waits_for_its_close_is_removed_once() {
    let mut rig = Rig::start(&["emulated:0", "emulated:1"], 20.0).ready();
    let device = rig.runtime.devices()[1];
    unplug(&rig, 1);
    close_told(&mut rig, 2);
    plug(&rig, 1);
    // Long enough that a line that is removed would be told of.
    pass(&rig, Duration::from_secs(15));
    assert_eq!(removals(&mut rig), []);
    rig.runtime.remove(device).expect("it is there");
    removed(&mut rig, device);
    rig.runtime.close_line(rig.lines[1]).expect("open");
    works(&mut rig, 0, HostCall(9));
    assert_eq!(removals(&mut rig), [device]);
    rig.finish();
}

#[test]
fn a_line_is_added_and_has_calls_and_audio() {
    for line in [0, 1] {
        let text = format!("emulated:{line}");
        let _watch = Watchdog::new(&text, Duration::from_secs(90));
        let mut rig = Rig::start(&[&text, "emulated:2"], 20.0).ready();
        let device = rig.runtime.devices()[0];
        let emulated = selector(&text);
        assert!(matches!(rig.runtime.add(&emulated), Err(OpenError::Busy { .. })));
        assert!(matches!(rig.runtime.add(&selector("serial:/dev/none")), Err(OpenError::Missing { .. })));
        assert!(matches!(rig.runtime.add(&selector("emulated:40")), Err(OpenError::Missing { .. })));
        // The line beside is in a call all the while.
        let (_, beside) = rig.call(1, HostCall(5), "5550120").expect("a call");
        rig.state(HostCall(5), "CONNECTED", |s| matches!(s, CallState::Connected(_)));
        rig.runtime.remove(device).expect("it is there");
        close_told(&mut rig, 1);
        rig.runtime.close_line(rig.lines[0]).expect("open");
        unplug(&rig, line);
        plug(&rig, line);
        let added = rig.runtime.add(&emulated).expect("it is there");
        let Added::Line(new) = added else { panic!("{added:?}") };
        assert!(new.0 > rig.runtime.devices()[1].0, "{new:?}");
        assert_eq!(rig.runtime.lines(), [rig.runtime.devices()[1], new]);
        assert_eq!(rig.runtime.tty(new).is_some(), line == 0);
        open(&mut rig, 0, new, 3);
        let (_, call) = rig.call(0, OUTGOING, "5550120").expect("a call");
        let stream = rig.runtime.audio(call, Direction::FromLine).expect("audio");
        rig.state(OUTGOING, "CONNECTED", |s| matches!(s, CallState::Connected(_)));
        assert_eq!(rig.drop_call(call), Ok(()));
        rig.runtime.close_call(call).expect("a call");
        drop(stream);
        assert!(rig.runtime.gauge(new).is_some());
        // And it is called.
        bring(&mut rig, line, At::Offering);
        assert_eq!(rig.drop_call(beside), Ok(()));
        rig.finish();
    }
}

/// A host that numbers lines.
struct Numbering;

impl Host for Numbering {
    fn offer(&self, _: HostLine, _: LineHandle, _: CallHandle) -> Option<HostCall> {
        None
    }
    fn notify(&self, notification: &Notification) {
        assert!(!matches!(notification, Notification::Remove { .. }), "{notification:?}");
    }
    fn complete(&self, _: RequestId, _: Result<(), LineErr>) {}
}

#[test]
fn a_host_numbers_the_lines_that_are_added() {
    let _watch = Watchdog::new("numbering", Duration::from_secs(90));
    let (tell, announced) = crossbeam_channel::unbounded();
    let mut config = Config::default();
    config.set_devices(["emulated:0", "emulated:1"]).expect("selectors");
    config.emulated.speed = 20.0;
    config.device_id_base = 10;
    let tell = Box::new(move |temporary| {
        let _ = tell.send(temporary);
    });
    let runtime = Runtime::start_announcing(config, Arc::new(Numbering), Some(tell)).expect("a runtime");
    // Not here yet: exchange and host know the lines by their selectors.
    let link = std::env::temp_dir().join(format!("loopstart-lines-{}", std::process::id()));
    let settings = ServeSettings {
        country: loopstart::signal::country::US,
        speed: 20.0,
        control: None,
        lines: vec![LineKind::Modem { symlink: Some(link.clone()) }],
    };
    let exchange = EmulatedExchange::start(settings).expect("an exchange");
    let modem = selector(&format!("serial:{}", link.display()));
    let told = || announced.recv_timeout(PATIENCE).expect("an announcement");

    let Ok(Added::Announced(first)) = runtime.add(&modem) else { panic!("not announced") };
    assert_eq!(told(), first);
    // A number that a line has, or that was not given out: the device is let go.
    assert_eq!(runtime.assign(first.wrapping_sub(1), DeviceId(50)), Err(LineErr::BADDEVICEID));
    assert_eq!(runtime.assign(first, DeviceId(11)), Err(LineErr::BADDEVICEID));
    assert_eq!(runtime.assign(first, DeviceId(50)), Err(LineErr::BADDEVICEID));
    assert_eq!(runtime.lines(), [DeviceId(10), DeviceId(11)]);
    // Added twice: the first announcement counts no more.
    let Ok(Added::Announced(second)) = runtime.add(&modem) else { panic!("not announced") };
    assert_eq!(told(), second);
    let Ok(Added::Announced(third)) = runtime.add(&modem) else { panic!("not announced") };
    assert_eq!(told(), third);
    assert_eq!(runtime.assign(second, DeviceId(50)), Err(LineErr::BADDEVICEID));
    assert_eq!(runtime.assign(third, DeviceId(50)), Ok(()));
    assert_eq!(runtime.lines(), [DeviceId(10), DeviceId(11), DeviceId(50)]);
    let in_service = |device| {
        let Ok(Reply::Line(line)) = runtime.command(Command::OpenLine { device, host: HostLine(1) }) else {
            panic!("{device:?} does not open")
        };
        until("in service", || runtime.query(|p| p.line_status(line)).is_ok_and(|s| s.in_service));
        line
    };
    let line = in_service(DeviceId(50));
    assert!(runtime.plan_of(DeviceId(50)).is_some() && runtime.tty(DeviceId(50)).is_some());

    // A real modem that comes back is opened when somebody says so.
    assert!(runtime.reopen(DeviceId(50)).is_ok(), "it works");
    exchange.unplug(0).expect("plugged in");
    let gone = || runtime.query(|p| p.line_status(line)).is_ok_and(|s| !s.in_service);
    until("out of service", gone);
    until("missing", || matches!(runtime.reopen(DeviceId(50)), Err(OpenError::Missing { .. })));
    exchange.plug(0).expect("unplugged");
    runtime.close_line(line).expect("open");
    // To add it is to give it back its line.
    assert_eq!(runtime.add(&modem).expect("it is there"), Added::Line(DeviceId(50)));
    let line = in_service(DeviceId(50));
    runtime.close_line(line).expect("open");
    runtime.shutdown();
    assert!(matches!(runtime.add(&modem), Err(OpenError::Os { .. })));
    exchange.stop();
}
