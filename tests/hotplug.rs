//! Real modems that come and go, on a made-up system: the kernel's and udev's files in a directory, emulated modems behind
//! its nodes. A line keeps its device over unplugging, other numbers of ttys, and ports that cannot be opened at once.

mod common;

use common::{Rig, Told, Watchdog};
use loopstart::config::Config;
use loopstart::hal::exchange::{EmulatedExchange, LineKind, ServeSettings};
use loopstart::hal::hotplug::{Monitor, Received, Roots, write_udev};
use loopstart::hal::registry::Selector;
use loopstart::provider::{
    CallState, Command, DeviceId, HostLine, LineErr, LineHandle, LineState, Notification, Reply,
};
use loopstart::runtime::{Host, Runtime};
use nix::sys::socket::{AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType};
use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

fn until(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A machine with USB sockets and modems that can be plugged into them.
struct Machine {
    exchange: EmulatedExchange,
    roots: Roots,
    directory: tempfile::TempDir,
}

impl Machine {
    fn new(modems: usize) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let root = directory.path().canonicalize().expect("a path");
        let [sys, dev, udev, proc] = ["sys", "dev", "run/udev", "proc"].map(|name| root.join(name));
        for made in [&sys, &dev, &udev, &proc, &sys.join("class/tty")] {
            fs::create_dir_all(made).expect("a directory");
        }
        let lines = vec![LineKind::Modem { symlink: None }; modems];
        let country = loopstart::signal::country::US;
        let exchange = EmulatedExchange::start(ServeSettings { country, speed: 1.0, control: None, lines });
        Self { exchange: exchange.expect("an exchange"), roots: Roots { sys, dev, udev, proc }, directory }
    }

    fn usb(&self, socket: usize) -> PathBuf {
        self.roots.sys.join(format!("devices/pci0000:00/0000:00:14.0/usb1/1-{socket}"))
    }

    /// Puts a modem into a socket; its serial number is its own, or everybody's.
    fn plug(&self, modem: usize, socket: usize, tty: &str, serial: &str) {
        if self.exchange.pty_path(modem).is_none() {
            self.exchange.plug(modem).expect("unplugged");
        }
        let usb = self.usb(socket);
        let interface = usb.join(format!("1-{socket}:1.0"));
        fs::create_dir_all(&interface).expect("a directory");
        for (below, subsystem) in
            [(&usb, "usb"), (&interface, "usb"), (&self.roots.sys.join("devices/pci0000:00/0000:00:14.0"), "pci")]
        {
            let _ = symlink(Path::new("/sys/bus").join(subsystem), below.join("subsystem"));
        }
        for (name, value) in [("idVendor", "0572"), ("idProduct", "1340"), ("serial", serial)] {
            fs::write(usb.join(name), format!("{value}\n")).expect("a file");
        }
        symlink(self.exchange.pty_path(modem).expect("a modem"), self.roots.dev.join(tty)).expect("a link");
        let class = self.roots.sys.join("class/tty").join(tty);
        fs::create_dir_all(&class).expect("a directory");
        // Last: now it is there.
        symlink(&interface, class.join("device")).expect("a link");
    }

    fn unplug(&self, modem: usize, socket: usize, tty: &str) {
        fs::remove_dir_all(self.roots.sys.join("class/tty").join(tty)).expect("plugged in");
        fs::remove_dir_all(self.usb(socket)).expect("plugged in");
        fs::remove_file(self.roots.dev.join(tty)).expect("plugged in");
        self.exchange.unplug(modem).expect("plugged in");
    }

    fn config(&self, devices: &[&str], unplugged: u64) -> Config {
        let mut config =
            Config { roots: self.roots.clone(), unplugged: Duration::from_secs(unplugged), ..Config::default() };
        config.set_devices(devices.iter().copied()).expect("selectors");
        assert!(config.watches());
        config
    }

    fn order(&self, command: &str) {
        assert_eq!(self.exchange.command(command), "ok\n", "{command}");
    }
}

/// The exchange calls, and the call is offered.
fn rings(machine: &Machine, rig: &mut Rig, modem: usize) {
    machine.order(&format!("call {modem} 5551234"));
    let (host, _) = rig.offered();
    rig.state(host, "OFFERING", |s| matches!(s, CallState::Offering(_)));
    machine.order(&format!("hangup {modem}"));
    rig.state(host, "IDLE", |s| s == CallState::Idle);
}

fn line_state(rig: &mut Rig, state: LineState) {
    rig.wait(&format!("{state:?}"), |told| (*told == Told::Line(HostLine(1), state)).then_some(()));
}

#[test]
fn a_modem_that_is_back_in_time_has_its_open_line_under_any_number() {
    let _watch = Watchdog::new("back in time", Duration::from_secs(120));
    let machine = Machine::new(1);
    machine.plug(0, 1, "ttyACM0", "24680F");
    let mut rig = Rig::configured(machine.config(&["auto"], 30)).ready();
    let device = rig.runtime.devices()[0];
    let stable = rig.runtime.query(|p| p.device_caps(device)).expect("a device").stable_id;
    assert_eq!(stable, "usb:0572:1340:24680F");
    for (n, (before, after)) in [("ttyACM0", "ttyACM1"), ("ttyACM1", "ttyACM7")].into_iter().enumerate() {
        // In the middle of a call, which ends with it.
        machine.order("call 0 5551234");
        let (host, call) = rig.offered();
        rig.state(host, "OFFERING", |s| matches!(s, CallState::Offering(_)));
        rig.request(|request| Command::Answer { request, call }).expect("answer");
        rig.state(host, "CONNECTED", |s| matches!(s, CallState::Connected(_)));
        machine.unplug(0, n + 1, before);
        // The caller hears that nobody is there any more.
        machine.order("hangup 0");
        line_state(&mut rig, LineState::OutOfService);
        rig.state(host, "DISCONNECTED", |s| matches!(s, CallState::Disconnected(_)));
        rig.request(|request| Command::Drop { request, call }).expect("drop");
        rig.state(host, "IDLE", |s| s == CallState::Idle);
        let refused = rig.call(0, loopstart::provider::HostCall(7), "5550120");
        assert_eq!(refused.unwrap_err(), LineErr::RESOURCEUNAVAIL);
        machine.plug(0, n + 2, after, "24680F");
        rig.runtime.look_for_devices();
        line_state(&mut rig, LineState::InService);
        let (_, path) = rig.runtime.tty(device).expect("a terminal");
        assert_eq!(Path::new(&path), machine.exchange.pty_path(0).expect("a modem"));
        rings(&machine, &mut rig, 0);
    }
    assert_eq!(rig.runtime.lines(), [device]);
    let told = rig.finish();
    assert!(!told.iter().any(|t| matches!(t, Told::Close(_) | Told::Other(Notification::Remove { .. }))), "{told:?}");
}

#[test]
fn a_modem_that_was_found_and_is_not_back_in_time_is_removed_and_becomes_a_line_again() {
    let _watch = Watchdog::new("not back", Duration::from_secs(120));
    let machine = Machine::new(1);
    machine.plug(0, 1, "ttyACM0", "24680F");
    let mut rig = Rig::configured(machine.config(&["auto"], 1)).ready();
    let device = rig.runtime.devices()[0];
    machine.unplug(0, 1, "ttyACM0");
    line_state(&mut rig, LineState::OutOfService);
    rig.wait("LINE_CLOSE", |t| (*t == Told::Close(HostLine(1))).then_some(()));
    rig.runtime.close_line(rig.lines[0]).expect("open");
    rig.wait("LINE_REMOVE", |t| (*t == Told::Other(Notification::Remove { device })).then_some(()));
    assert_eq!(rig.runtime.lines(), []);
    machine.plug(0, 3, "ttyACM2", "24680F");
    rig.runtime.look_for_devices();
    until("a new line", || rig.runtime.lines().len() == 1);
    let new = rig.runtime.lines()[0];
    assert!(new > device);
    let caps = rig.runtime.query(|p| p.device_caps(new)).expect("a device");
    assert_eq!(caps.stable_id, "usb:0572:1340:24680F", "the permanent id is derived from it");
    rig.finish();
}

#[test]
fn a_modem_that_was_named_keeps_its_number_for_ever() {
    let _watch = Watchdog::new("named", Duration::from_secs(120));
    let machine = Machine::new(1);
    // It is not there when the provider starts.
    let mut rig = Rig::configured(machine.config(&["usb:0572:1340:24680F"], 1));
    let device = rig.runtime.devices()[0];
    assert_eq!(rig.runtime.failures().len(), 1);
    let open = |rig: &mut Rig, host| {
        let mut line = None;
        until("open", || {
            let answer = rig.runtime.command(Command::OpenLine { device, host: HostLine(host) });
            if let Ok(Reply::Line(handle)) = answer {
                line = Some(handle);
            }
            line.is_some()
        });
        let line: LineHandle = line.expect("open");
        let status = Command::SetStatusMessages { line, line_states: 0xce, address_states: 0 };
        rig.runtime.command(status).expect("status");
        rig.lines = vec![line];
        until("in service", || rig.in_service(0));
        rig.take_calls(0);
    };
    machine.plug(0, 1, "ttyACM0", "24680F");
    rig.runtime.look_for_devices();
    open(&mut rig, 1);
    rings(&machine, &mut rig, 0);
    machine.unplug(0, 1, "ttyACM0");
    rig.wait("LINE_CLOSE", |t| (*t == Told::Close(HostLine(1))).then_some(()));
    rig.runtime.close_line(rig.lines[0]).expect("open");
    assert_eq!(rig.runtime.lines(), [device]);
    machine.plug(0, 4, "ttyACM3", "24680F");
    rig.runtime.look_for_devices();
    open(&mut rig, 2);
    rings(&machine, &mut rig, 0);
    let told = rig.finish();
    assert!(!told.iter().any(|t| matches!(t, Told::Other(Notification::Remove { .. }))), "{told:?}");
}

#[test]
fn a_modem_behind_a_link_is_found_where_the_link_leads() {
    let _watch = Watchdog::new("link", Duration::from_secs(120));
    let directory = tempfile::tempdir().expect("a directory");
    let link = directory.path().join("modem");
    let lines = vec![LineKind::Modem { symlink: Some(link.clone()) }];
    let country = loopstart::signal::country::US;
    let settings = ServeSettings { country, speed: 1.0, control: None, lines };
    let exchange = EmulatedExchange::start(settings).expect("an exchange");
    let mut config = Config { hotplug: Some(true), unplugged: Duration::from_secs(50), ..Config::default() };
    config.set_devices([format!("serial:{}", link.display()).as_str()]).expect("a selector");
    let mut rig = Rig::configured(config).ready();
    let device = rig.runtime.devices()[0];
    let (_, before) = rig.runtime.tty(device).expect("a terminal");
    exchange.unplug(0).expect("plugged in");
    line_state(&mut rig, LineState::OutOfService);
    exchange.plug(0).expect("unplugged");
    line_state(&mut rig, LineState::InService);
    let (_, after) = rig.runtime.tty(device).expect("a terminal");
    assert_eq!(Path::new(&after), exchange.pty_path(0).expect("a modem"), "it was {before}");
    rig.finish();
}

/// A host that numbers lines itself.
struct Quiet;

impl Host for Quiet {
    fn offer(
        &self,
        _: HostLine,
        _: LineHandle,
        _: loopstart::provider::CallHandle,
    ) -> Option<loopstart::provider::HostCall> {
        None
    }
    fn notify(&self, _: &Notification) {}
    fn complete(&self, _: loopstart::provider::RequestId, _: Result<(), LineErr>) {}
}

#[test]
fn a_new_modem_is_announced_once_its_port_is_free() {
    let _watch = Watchdog::new("announced", Duration::from_secs(120));
    let machine = Machine::new(2);
    let (tell, announced) = crossbeam_channel::unbounded();
    let tell = Box::new(move |temporary| {
        let _ = tell.send(temporary);
    });
    let config = machine.config(&["auto"], 30);
    let runtime = Runtime::start_announcing(config, Arc::new(Quiet), Some(tell)).expect("a runtime");
    assert_eq!(runtime.lines(), []);
    // Somebody probes it just now.
    machine.plug(0, 1, "ttyACM0", "12345678");
    let node = machine.roots.dev.join("ttyACM0");
    let probing = fs::File::options().read(true).write(true).open(&node).expect("a terminal");
    let probing = nix::fcntl::Flock::lock(probing, nix::fcntl::FlockArg::LockExclusive).expect("a lock");
    runtime.look_for_devices();
    assert!(announced.recv_timeout(Duration::from_millis(500)).is_err(), "it is not ours");
    drop(probing);
    let temporary = announced.recv_timeout(PATIENCE).expect("an announcement");
    // It is pulled before the host has said a word.
    machine.unplug(0, 1, "ttyACM0");
    runtime.look_for_devices();
    until("forgotten", || {
        runtime.assign(temporary, DeviceId(40)) == Err(LineErr::BADDEVICEID) || {
            // It was answered first: then the line is there.
            runtime.lines() == [DeviceId(40)]
        }
    });
    let was_first = runtime.lines() == [DeviceId(40)];
    machine.plug(0, 1, "ttyACM0", "12345678");
    machine.plug(1, 2, "ttyACM1", "12345678");
    runtime.look_for_devices();
    for number in if was_first { 41..42 } else { 40..42 } {
        let temporary = announced.recv_timeout(PATIENCE).expect("an announcement");
        runtime.assign(temporary, DeviceId(number)).expect("told");
    }
    until("two lines", || runtime.lines() == [DeviceId(40), DeviceId(41)]);
    let mut stable: Vec<String> = [40, 41]
        .map(|n| runtime.query(|p| p.device_caps(DeviceId(n))).expect("a device").stable_id)
        .into_iter()
        .collect();
    stable.sort();
    let place = |socket| format!("usb:0572:1340:12345678@pci-0000:00:14.0-usb-0:{socket}:1.0");
    assert_eq!(stable, [place(1), place(2)]);
    runtime.shutdown();
    drop(machine.directory);
}

/// Sends to udev's group, as udev would.
fn tell_as_udev(message: &[u8]) {
    let socket = nix::sys::socket::socket(
        AddressFamily::Netlink,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::NetlinkKObjectUEvent,
    )
    .expect("a socket");
    let group = NetlinkAddr::new(0, 2);
    match nix::sys::socket::sendto(socket.as_raw_fd(), message, &group, MsgFlags::empty()) {
        // Who listens has no room: it is told so.
        Ok(_) | Err(nix::errno::Errno::ENOBUFS) => {}
        Err(error) => panic!("{error}"),
    }
}

/// Runs a test again in a network of its own, where this process is root and no udev speaks. True: this is there.
fn is_inside(test: &str) -> bool {
    const INSIDE: &str = "LOOPSTART_TEST_IN_NAMESPACE";
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    match std::process::Command::new("unshare").args(["-Urn", "true"]).status() {
        Ok(status) if status.success() => {
            let program = std::env::current_exe().expect("a path");
            let mut command = std::process::Command::new("unshare");
            command.arg("-Urn").arg(program).args(["--exact", test, "--nocapture"]).env(INSIDE, "1");
            assert!(command.status().expect("unshare").success());
        }
        _ => eprintln!("SKIPPED: no network namespace of our own can be made here (unshare -Urn)"),
    }
    false
}

#[test]
fn too_many_events_are_told_as_an_overrun() {
    if !is_inside("too_many_events_are_told_as_an_overrun") {
        return;
    }
    let mut monitor = Monitor::open().expect("a socket");
    let filling = "x".repeat(1000);
    let event = write_udev("change", "/devices/x", &[("SUBSYSTEM", "tty"), ("FILLING", &filling)]);
    // More than the socket can hold, whatever the system allows it.
    for _ in 0..20_000 {
        tell_as_udev(&event);
    }
    let mut events = 0;
    let overrun = loop {
        match monitor.receive().expect("it stays usable") {
            Received::Event(_) => events += 1,
            Received::Overrun => break true,
            Received::Ignored => {}
            Received::Nothing => break false,
        }
    };
    assert!(overrun, "{events} events and no overrun");
    // And on it goes.
    while monitor.receive().expect("usable") != Received::Nothing {}
    tell_as_udev(&event);
    assert!(matches!(monitor.receive(), Ok(Received::Event(_))));
}

#[test]
fn an_event_of_udev_is_enough() {
    if !is_inside("an_event_of_udev_is_enough") {
        return;
    }
    let _watch = Watchdog::new("udev", Duration::from_secs(60));
    let machine = Machine::new(1);
    fs::write(machine.roots.udev.join("control"), "").expect("a file");
    let runtime = Runtime::start(machine.config(&["auto"], 30), Arc::new(Quiet)).expect("a runtime");
    machine.plug(0, 1, "ttyACM0", "24680F");
    let class = machine.roots.sys.join("class/tty/ttyACM0");
    fs::write(class.join("dev"), "166:0\n").expect("a file");
    let properties = [("SUBSYSTEM", "tty"), ("DEVNAME", "/dev/ttyACM0"), ("MAJOR", "166"), ("MINOR", "0")];
    let event = write_udev("add", "/devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1:1.0/tty/ttyACM0", &properties);
    // The rules are not through yet, or so the records say.
    tell_as_udev(&event);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(runtime.lines(), []);
    fs::create_dir_all(machine.roots.udev.join("data")).expect("a directory");
    fs::write(machine.roots.udev.join("data/c166:0"), "I:4711\n").expect("a file");
    let told = Instant::now();
    tell_as_udev(b"libudev\0nonsense");
    tell_as_udev(&event);
    until("a line", || runtime.lines().len() == 1);
    // Sooner than anybody would have looked unasked.
    assert!(told.elapsed() < Duration::from_secs(5), "{:?}", told.elapsed());
    runtime.shutdown();
}

#[test]
fn whether_devices_are_watched_for() {
    let watches = |words: &[&str], hotplug| {
        let roots = Roots { sys: "/nonexistent".into(), proc: "/nonexistent".into(), ..Roots::default() };
        let mut config = Config { hotplug, roots, ..Config::default() };
        config.set_devices(words.iter().copied()).expect("selectors");
        config.watches()
    };
    assert!(watches(&["auto"], None));
    assert!(watches(&["usb:0572:1340:24680F"], None));
    assert!(watches(&["/dev/serial/by-id/usb-Conexant-if00"], None));
    assert!(!watches(&["serial:/dev/ttyACM0", "emulated:0"], None));
    assert!(watches(&["serial:/dev/ttyACM0"], Some(true)));
    assert!(!watches(&["auto"], Some(false)));
    assert!(Selector::parse("auto").is_err());
}
