//! Modems that are plugged in and pulled out under a real kernel and the real udevd, with calls on them.
//!
//! Runs as root in the emulated machine of `vm/run`, which has a USB device controller that plays any gadget and a USB serial
//! adapter whose far end is a serial port. Behind both are modems of the emulated exchange: one is a CDC-ACM modem with the id of
//! a Conexant chip, the other an external one. Each cycle calls the line, hears who calls, answers, pulls the modem in the middle
//! of the call and plugs it in again, every other time under another number of the tty.
//!
//!     vm/run target/debug/plugged [CYCLES [SPEED]]

use anyhow::{Context, Result, bail, ensure};
use crossbeam_channel::{Receiver, Sender, unbounded};
use loopstart::config::Config;
use loopstart::provider::{
    CallHandle, CallState, Command, DeviceId, HostCall, HostLine, LineErr, LineHandle, LineState, MediaModes,
    Notification, Reply, RequestId,
};
use loopstart::runtime::{Host, Runtime};
use loopstart_hal::exchange::{EmulatedExchange, LineKind, ServeSettings};
use loopstart_hal::ports::SerialPort;
use loopstart_hal::registry::{self, Found};
use loopstart_hal::{Port, PortError};
use loopstart_signal::country;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Longest wait for anything. The machine is emulated, and others may use the processor too.
const PATIENCE: Duration = Duration::from_secs(60);
/// Where the far end of the adapter's cable comes out.
const FAR_END: &str = "/dev/ttyS2";
/// The gadget's end of its line.
const GADGET_END: &str = "/dev/ttyGS0";
const GADGET: &str = "/sys/kernel/config/usb_gadget/modem";

#[derive(Debug)]
enum Told {
    Offered(HostCall, CallHandle),
    State(HostCall, CallState),
    Line(LineState),
    Gone(&'static str),
}

struct Listener {
    tell: Sender<Told>,
    next: AtomicUsize,
}

impl Host for Listener {
    fn offer(&self, _: HostLine, _: LineHandle, call: CallHandle) -> Option<HostCall> {
        let host = HostCall(self.next.fetch_add(1, Ordering::Relaxed));
        let _ = self.tell.send(Told::Offered(host, call));
        Some(host)
    }

    fn notify(&self, notification: &Notification) {
        let _ = match notification {
            Notification::CallState { host, state, .. } => self.tell.send(Told::State(*host, *state)),
            Notification::LineState { state, .. } => self.tell.send(Told::Line(*state)),
            Notification::Close { .. } => self.tell.send(Told::Gone("LINE_CLOSE")),
            Notification::Remove { .. } => self.tell.send(Told::Gone("LINE_REMOVE")),
            _ => Ok(()),
        };
    }

    fn complete(&self, _: RequestId, _: Result<(), LineErr>) {}
}

/// Carries bytes between a modem of the exchange and a port, until both are there no longer.
struct Cable {
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Cable {
    fn lay(modem: PathBuf, port: &'static str) -> Result<Self> {
        let mut modem = SerialPort::open(&modem)?;
        let mut port = SerialPort::open(Path::new(port))?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Acquire) {
                let moved = pass(&mut modem, &mut port) | pass(&mut port, &mut modem);
                if !moved {
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
        });
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Passes on what there is. True: something was.
fn pass(from: &mut SerialPort, to: &mut SerialPort) -> bool {
    let mut buffer = [0; 512];
    let Ok(length) = from.read(&mut buffer) else { return false };
    let mut left = buffer.get(..length).unwrap_or_default();
    while !left.is_empty() {
        match to.write(left) {
            Ok(written) => left = left.get(written..).unwrap_or_default(),
            Err(PortError::WouldBlock) => std::thread::sleep(Duration::from_millis(1)),
            // Pulled: what was on its way is lost.
            Err(_) => return false,
        }
    }
    length > 0
}

/// The two modems, and how they are plugged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Modem {
    /// A CDC-ACM gadget with the id of a Conexant modem.
    Gadget,
    /// An external modem behind an adapter.
    Adapter,
}

impl Modem {
    const fn line(self) -> usize {
        match self {
            Self::Gadget => 0,
            Self::Adapter => 1,
        }
    }

    const fn prefix(self) -> &'static str {
        match self {
            Self::Gadget => "ttyACM",
            Self::Adapter => "ttyUSB",
        }
    }

    /// The node of the modem, as it is plugged in now.
    fn node(self) -> Option<PathBuf> {
        let entries = fs::read_dir("/sys/class/tty").ok()?.flatten();
        let mut names: Vec<_> = entries.filter_map(|e| e.file_name().into_string().ok()).collect();
        names.retain(|name| name.starts_with(self.prefix()));
        names.pop().map(|name| Path::new("/dev").join(name))
    }

    fn plug(self) -> Result<()> {
        match self {
            Self::Gadget => write(&Path::new(GADGET).join("UDC"), "dummy_udc.0\n"),
            Self::Adapter => write(&adapter()?, "1\n"),
        }
    }

    fn pull(self) -> Result<()> {
        match self {
            Self::Gadget => write(&Path::new(GADGET).join("UDC"), "\n"),
            Self::Adapter => write(&adapter()?, "0\n"),
        }
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("{} := {}", path.display(), text.trim()))
}

/// The switch by which the kernel forgets the adapter as if it were pulled.
fn adapter() -> Result<PathBuf> {
    for entry in fs::read_dir("/sys/bus/usb/devices")?.flatten() {
        if fs::read_to_string(entry.path().join("idVendor")).is_ok_and(|id| id.trim() == "0403") {
            return Ok(entry.path().join("authorized"));
        }
    }
    bail!("the USB serial adapter is not there")
}

/// Makes the gadget; it is not plugged in yet.
fn make_gadget() -> Result<()> {
    let gadget = Path::new(GADGET);
    for directory in ["strings/0x409", "configs/c.1/strings/0x409", "functions/acm.usb0"] {
        fs::create_dir_all(gadget.join(directory)).with_context(|| format!("{GADGET}/{directory}"))?;
    }
    for (name, value) in [
        ("idVendor", "0x0572"),
        ("idProduct", "0x1340"),
        ("strings/0x409/manufacturer", "Conexant"),
        ("strings/0x409/product", "USB Modem"),
        ("strings/0x409/serialnumber", "24680F"),
    ] {
        write(&gadget.join(name), value)?;
    }
    symlink(gadget.join("functions/acm.usb0"), gadget.join("configs/c.1/acm.usb0")).context("the gadget's function")
}

/// The provider as a host sees it, and everything around it.
struct Bench {
    exchange: EmulatedExchange,
    runtime: Runtime,
    told: Receiver<Told>,
    last_request: AtomicU32,
}

impl Bench {
    fn request(&self) -> RequestId {
        RequestId(self.last_request.fetch_add(1, Ordering::Relaxed))
    }

    fn wait<T>(&self, what: &str, mut pick: impl FnMut(&Told) -> Option<T>) -> Result<T> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let told = self.told.recv_deadline(deadline).with_context(|| format!("no {what}"))?;
            if let Told::Gone(message) = told {
                bail!("{message} while waiting for {what}");
            }
            if let Some(found) = pick(&told) {
                return Ok(found);
            }
        }
    }

    fn state(&self, call: HostCall, what: &str, is: impl Fn(CallState) -> bool) -> Result<()> {
        self.wait(what, |told| matches!(told, Told::State(host, state) if *host == call && is(*state)).then_some(()))
    }

    fn line_state(&self, wanted: LineState) -> Result<()> {
        self.wait(&format!("{wanted:?}"), |told| matches!(told, Told::Line(state) if *state == wanted).then_some(()))
    }

    fn order(&self, command: &str) -> Result<()> {
        let answer = self.exchange.command(command);
        ensure!(answer == "ok\n", "{command}: {answer}");
        Ok(())
    }

    /// Plugs a modem in: it has power from then on.
    fn plug(&self, modem: Modem) -> Result<Cable> {
        let line = modem.line();
        if self.exchange.pty_path(line).is_none() {
            self.exchange.plug(line).map_err(anyhow::Error::msg)?;
        }
        let terminal = self.exchange.pty_path(line).context("the modem's terminal")?;
        let far = if modem == Modem::Gadget { GADGET_END } else { FAR_END };
        // Before the host's end is there: it finds a modem that listens.
        let cable = Cable::lay(terminal, far)?;
        modem.plug()?;
        Ok(cable)
    }

    fn pull(&self, modem: Modem, cable: Cable) -> Result<()> {
        modem.pull()?;
        drop(cable);
        self.exchange.unplug(modem.line()).map_err(anyhow::Error::msg)?;
        self.order(&format!("hangup {}", modem.line()))
    }

    /// Opens a line and takes its calls, once its device is there.
    fn open(&self, device: DeviceId, host: HostLine) -> Result<LineHandle> {
        let Reply::Line(line) = self.runtime.command(Command::OpenLine { device, host }).map_err(line_error)? else {
            bail!("no line");
        };
        // LINEDEVSTATE_: RINGING, CONNECTED, DISCONNECTED, INSERVICE, OUTOFSERVICE
        let status = Command::SetStatusMessages { line, line_states: 0xce, address_states: 0 };
        self.runtime.command(status).map_err(line_error)?;
        until("in service", || self.runtime.query(|p| p.line_status(line)).is_ok_and(|s| s.in_service))?;
        let modes = MediaModes::INTERACTIVE_VOICE;
        self.runtime.command(Command::SetMediaDetection { line, modes }).map_err(line_error)?;
        Ok(line)
    }

    /// A call with the caller's number, answered and cut off by pulling the modem.
    fn cycle(&self, modem: Modem, cable: Cable, hold: bool) -> Result<Cable> {
        let number = "5551234";
        self.order(&format!("call {} {number} ALICE", modem.line()))?;
        let (host, call) = self.wait("an incoming call", |told| match told {
            Told::Offered(host, call) => Some((*host, *call)),
            _ => None,
        })?;
        self.state(host, "OFFERING", |s| matches!(s, CallState::Offering(_)))?;
        until("the caller's number", || {
            self.runtime.query(|p| p.call_info(call)).is_ok_and(|info| info.caller_id.as_str() == number)
        })?;
        let request = self.request();
        self.runtime.command(Command::Answer { request, call }).map_err(line_error)?;
        self.state(host, "CONNECTED", |s| matches!(s, CallState::Connected(_)))?;
        let before = modem.node().context("the modem's node")?;
        // Who keeps a node open keeps its number: the modem comes back under another one.
        let held = hold.then(|| fs::File::open(&before)).transpose().context("holding the node")?;
        self.pull(modem, cable)?;
        self.line_state(LineState::OutOfService)?;
        self.state(host, "DISCONNECTED", |s| matches!(s, CallState::Disconnected(_)))?;
        let request = self.request();
        self.runtime.command(Command::Drop { request, call }).map_err(line_error)?;
        self.state(host, "IDLE", |s| s == CallState::Idle)?;
        self.runtime.close_call(call).map_err(line_error)?;
        until("the end of the node", || modem.node().is_none())?;
        let cable = self.plug(modem)?;
        self.line_state(LineState::InService)?;
        let after = modem.node().context("the modem's node")?;
        if hold {
            ensure!(after != before, "{} is held and was given out again", before.display());
        }
        drop(held);
        Ok(cable)
    }
}

fn line_error(error: LineErr) -> anyhow::Error {
    anyhow::anyhow!("refused: {error:?}")
}

fn until(what: &str, mut is: impl FnMut() -> bool) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !is() {
        ensure!(Instant::now() < deadline, "no {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// What the real udevd wrote down of a node.
fn record(node: &Path) -> Result<String> {
    let number = node.metadata()?.rdev();
    let path = format!("/run/udev/data/c{}:{}", nix::sys::stat::major(number), nix::sys::stat::minor(number));
    fs::read_to_string(&path).context(path)
}

/// Where a modem is plugged in, and its serial number, is what udev says.
fn check_place(found: &Found) -> Result<()> {
    let text = record(&found.node)?;
    let usb = found.usb.as_ref().context("a port on USB")?;
    let (place, serial) = (found.place.as_deref().unwrap_or_default(), usb.serial.as_deref().unwrap_or_default());
    for line in [format!("E:ID_PATH={place}"), format!("E:ID_SERIAL_SHORT={serial}")] {
        ensure!(text.lines().any(|l| l == line), "{line} is not what udev says:\n{text}");
    }
    println!("{} is {}, at {place}", found.node.display(), found.stable);
    Ok(())
}

/// What the rules of this repository make of the modem.
fn check_rules(node: &Path) -> Result<()> {
    let (meta, text) = (node.metadata()?, record(node)?);
    for line in ["E:ID_MM_DEVICE_IGNORE=1", "E:LOOPSTART_MODEM=1", "E:ID_VENDOR_ID=0572", "G:systemd", "G:uaccess"] {
        ensure!(text.lines().any(|l| l == line), "{line} is not in udev's record:\n{text}");
    }
    ensure!(meta.mode() & 0o777 == 0o660, "mode {:o}", meta.mode());
    let link = Path::new("/dev/loopstart/by-id/0572-1340-24680F-00").canonicalize().context("the link")?;
    ensure!(link == node, "the link leads to {}", link.display());
    println!("rules: {} is mode 660, group {}, left alone by ModemManager, linked", node.display(), meta.gid());
    Ok(())
}

fn run(cycles: u32, speed: f64) -> Result<()> {
    make_gadget()?;
    // The adapter is there from the start: it is plugged in when its turn comes.
    Modem::Adapter.pull()?;
    until("no modem", || Modem::Adapter.node().is_none())?;
    let lines = vec![LineKind::Modem { symlink: None }; 2];
    let exchange = EmulatedExchange::start(ServeSettings { country: country::US, speed, control: None, lines })?;
    let mut config = Config { unplugged: PATIENCE, ..Config::default() };
    config.set_devices(["auto", "usb:0403:6001:A9012345"])?;
    let (tell, told) = unbounded();
    let host = Listener { tell, next: AtomicUsize::new(1) };
    let runtime = Runtime::start(config, Arc::new(host))?;
    let bench = Bench { exchange, runtime, told, last_request: AtomicU32::new(1) };
    let adapter = *bench.runtime.devices().first().context("the configured line")?;
    ensure!(bench.runtime.lines() == [adapter], "no modem is plugged in yet");
    let mut cables = Vec::new();
    for (modem, host) in [(Modem::Gadget, HostLine(1)), (Modem::Adapter, HostLine(2))] {
        let began = Instant::now();
        let cable = bench.plug(modem)?;
        let device = match modem {
            Modem::Gadget => {
                until("a line for a modem that was plugged in", || bench.runtime.lines().len() == 2)?;
                bench.runtime.lines().into_iter().find(|id| *id != adapter).context("the new line")?
            }
            Modem::Adapter => {
                until("the adapter's line", || bench.runtime.tty(adapter).is_some())?;
                adapter
            }
        };
        bench.open(device, host)?;
        let caps = bench.runtime.query(|p| p.device_caps(device)).map_err(line_error)?;
        println!("{modem:?}: {} in service after {:.1} s", caps.stable_id, began.elapsed().as_secs_f32());
        cables.push((modem, cable));
    }
    for found in registry::coldplug() {
        check_place(&found)?;
    }
    check_rules(&Modem::Gadget.node().context("the gadget's node")?)?;
    let lines = bench.runtime.lines();
    let mut numbers = std::collections::BTreeSet::new();
    for cycle in 0..cycles {
        let at = usize::try_from(cycle).unwrap_or(0) % cables.len();
        let (modem, cable) = cables.swap_remove(at);
        let began = Instant::now();
        // Each modem keeps its number, then has another one, in turn.
        let hold = cycle / 2 % 2 == 0;
        let cable = bench.cycle(modem, cable, hold).with_context(|| format!("cycle {cycle}, {modem:?}"))?;
        let node = modem.node().context("the modem's node")?;
        println!("cycle {cycle}: {modem:?} is {}, {:.1} s", node.display(), began.elapsed().as_secs_f32());
        numbers.insert(node);
        cables.insert(at, (modem, cable));
    }
    ensure!(bench.runtime.lines() == lines, "the lines are the same as before");
    println!("{cycles} cycles, {} ttys, the same two lines", numbers.len());
    bench.runtime.shutdown();
    Ok(())
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let cycles = arguments.next().and_then(|a| a.parse().ok()).unwrap_or(50);
    let speed = arguments.next().and_then(|a| a.parse().ok()).unwrap_or(3.0);
    match run(cycles, speed) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("FAILED: {error:#}");
            ExitCode::FAILURE
        }
    }
}
