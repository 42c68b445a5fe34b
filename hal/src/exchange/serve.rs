//! The thread that runs an exchange: steps it by the line clock, carries bytes and audio between terminals and their
//! descriptors, serves the control socket.
//!
//! How does a tick go? Wait for its wall time (absolute: no drift); wait until whoever is attached to the line clock has
//! settled the tick before; take everything that drivers have written; run the exchange and its terminals through
//! four steps; publish the new time; write what came of it; wake the event thread. A machine that is late makes the tick
//! late, and the lateness is counted. When it is far behind, the schedule moves rather than time running fast.

use super::control::{Plugs, Session};
use super::control_server::ControlServer;
use super::fxo_card::FxoCard;
use super::modem::{Modem, STANDARD};
use super::modem_line::ModemLine;
use super::modem_port::ModemFirmware;
use super::settings::{MAX_LINES, Settings};
use super::subscriber::{FromExchange, FromTerminal, STEP_TIME, Terminal};
use super::switch::Exchange;
use crate::LineClock;
use crate::ports::{EmulatedFxoPort, Meter, fxo_emulated};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use loopstart_signal::Time;
use loopstart_signal::country::Country;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Line time of a tick: 20 ms, a block of an FXO port.
pub const TICK: Duration = Duration::from_millis(20);
/// Steps in a tick.
const STEPS: u32 = 4;
/// Further behind than this the schedule moves.
const CATCH_UP: Duration = Duration::from_millis(200);
/// How long a written byte may take through the kernel before the tick goes on without it.
const ON_ITS_WAY: Duration = Duration::from_secs(1);
/// How long a caller of the functions below waits for the thread.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is plugged into a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// A voice modem on a pseudo-terminal, reachable at a symbolic link too.
    Modem {
        /// The link to make.
        symlink: Option<PathBuf>,
    },
    /// An FXO port.
    Fxo,
    /// Nothing: the line exists, and rings without an answer.
    Unused,
}

/// How an exchange is served.
#[derive(Clone, Debug)]
pub struct ServeSettings {
    /// The network it belongs to.
    pub country: &'static Country,
    /// Line time per wall time: 1 is real time. Brought into 0.01 to 1000.
    pub speed: f64,
    /// Where to open the control socket.
    pub control: Option<PathBuf>,
    /// The lines, from 0. At most [`MAX_LINES`].
    pub lines: Vec<LineKind>,
}

/// Makes the firmware of a line's modem: once at the start, and again whenever the modem is plugged in.
pub type FirmwareMaker = Box<dyn FnMut(usize) -> Box<dyn ModemFirmware> + Send>;

/// What the thread is asked.
enum Request {
    Plug(usize, bool, Sender<Result<(), String>>),
    Command(String, Sender<String>),
    Stop,
}

/// What others may look at and take.
#[derive(Debug, Default)]
struct Socket {
    path: Option<PathBuf>,
    meter: Option<Arc<Meter>>,
    fxo: Option<EmulatedFxoPort>,
}

type Sockets = Arc<Vec<Mutex<Socket>>>;

fn locked<R>(sockets: &Sockets, line: usize, look: impl FnOnce(&mut Socket) -> R) -> Option<R> {
    sockets.get(line).map(|socket| look(&mut socket.lock().unwrap_or_else(PoisonError::into_inner)))
}

/// An exchange that runs in a thread of its own. Stops when dropped.
#[derive(Debug)]
pub struct EmulatedExchange {
    clock: Arc<LineClock>,
    sockets: Sockets,
    requests: Sender<Request>,
    thread: Option<JoinHandle<()>>,
}

impl EmulatedExchange {
    /// Starts an exchange with modems of the standard profile.
    ///
    /// # Errors
    /// When a thread, a descriptor, a pseudo-terminal, a link or the control socket cannot be made.
    pub fn start(settings: ServeSettings) -> io::Result<Self> {
        let country = settings.country;
        Self::start_with(settings, Box::new(move |_| Box::new(Modem::new(&STANDARD, country))), |_| {})
    }

    /// Starts an exchange with other modems, and with settings that `adjust` changes.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_with(
        settings: ServeSettings,
        mut firmware: FirmwareMaker,
        adjust: impl FnOnce(&mut Settings),
    ) -> io::Result<Self> {
        let ServeSettings { country, speed, control, mut lines } = settings;
        lines.truncate(MAX_LINES);
        let mut exchange_settings = Settings::new(country, lines.len());
        adjust(&mut exchange_settings);
        exchange_settings.lines = lines.len().max(1);
        let exchange = Exchange::new(exchange_settings);
        let clock = Arc::new(LineClock::new(TICK)?);
        let sockets: Sockets = Arc::new(lines.iter().map(|_| Mutex::default()).collect());
        let mut plugs = Plugboard { country, terminals: Vec::new(), sockets: Arc::clone(&sockets), now: Time::ZERO };
        for (line, kind) in lines.into_iter().enumerate() {
            plugs.terminals.push(Slot { kind, plugged: Plugged::Nothing });
            plugs.insert(line, &mut firmware)?;
        }
        let control = control.as_deref().map(ControlServer::bind).transpose()?;
        let (requests, inbox) = bounded(64);
        let server = Server {
            exchange,
            plugs,
            firmware,
            control,
            clock: Arc::clone(&clock),
            inbox,
            period: TICK.div_f64(if speed.is_finite() { speed.clamp(0.01, 1000.0) } else { 1.0 }),
            from: Vec::new(),
            to: Vec::new(),
        };
        let thread = std::thread::Builder::new().name("exchange".into()).spawn(move || server.run())?;
        Ok(Self { clock, sockets, requests, thread: Some(thread) })
    }

    /// The line clock.
    pub fn clock(&self) -> Arc<LineClock> {
        Arc::clone(&self.clock)
    }

    /// The pseudo-terminal of a line's modem; `None` while it is unplugged, or when it is no modem.
    pub fn pty_path(&self, line: usize) -> Option<PathBuf> {
        locked(&self.sockets, line, |socket| socket.path.clone()).flatten()
    }

    /// The counters that a driver of a line's modem in this process must keep, so that the line clock waits for it. A modem
    /// that is plugged in again has new ones.
    pub fn meter(&self, line: usize) -> Option<Arc<Meter>> {
        locked(&self.sockets, line, |socket| socket.meter.clone()).flatten()
    }

    /// The driver's end of a line's FXO port, once; a card that is plugged in again has a new one.
    pub fn take_fxo_port(&self, line: usize) -> Option<EmulatedFxoPort> {
        locked(&self.sockets, line, |socket| socket.fxo.take()).flatten()
    }

    /// Pulls the terminal out of its line: its driver finds the descriptor hung up.
    ///
    /// # Errors
    /// Why it cannot be done.
    pub fn unplug(&self, line: usize) -> Result<(), String> {
        self.plugged(line, false)
    }

    /// Plugs a terminal in again: a fresh modem (the link points to its new pseudo-terminal), or a fresh FXO port.
    ///
    /// # Errors
    /// Why it cannot be done.
    pub fn plug(&self, line: usize) -> Result<(), String> {
        self.plugged(line, true)
    }

    fn plugged(&self, line: usize, plugged: bool) -> Result<(), String> {
        let (reply, answer) = bounded(1);
        self.requests.send(Request::Plug(line, plugged, reply)).map_err(|_| stopped())?;
        answer.recv_timeout(PATIENCE).unwrap_or_else(|_| Err(stopped()))
    }

    /// Carries out one command of the control language; answers the reply, whose last line begins with `ok` or `err`.
    /// `events` tells what happened since the last such call.
    pub fn command(&self, text: &str) -> String {
        let (reply, answer) = bounded(1);
        let sent = self.requests.send(Request::Command(text.to_owned(), reply));
        sent.ok().and_then(|()| answer.recv_timeout(PATIENCE).ok()).unwrap_or_else(|| format!("err {}\n", stopped()))
    }

    /// Stops the exchange: hangs every terminal up and removes the links and the control socket.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let _ = self.requests.send(Request::Stop);
        if let Some(thread) = self.thread.take() {
            // The thread may be waiting for the clock.
            thread.thread().unpark();
            if thread.join().is_err() {
                log::error!("the exchange's thread panicked");
            }
        }
    }
}

impl Drop for EmulatedExchange {
    fn drop(&mut self) {
        self.end();
    }
}

fn stopped() -> String {
    "the exchange has stopped".to_owned()
}

/// What is plugged in.
enum Plugged {
    Nothing,
    Modem(Box<ModemLine>),
    Fxo(Box<FxoCard>),
}

struct Slot {
    kind: LineKind,
    plugged: Plugged,
}

/// All terminals of the exchange.
struct Plugboard {
    country: &'static Country,
    terminals: Vec<Slot>,
    sockets: Sockets,
    now: Time,
}

impl Plugboard {
    /// Makes the terminal of a line that has none.
    fn insert(&mut self, line: usize, firmware: &mut FirmwareMaker) -> io::Result<()> {
        let Some(slot) = self.terminals.get_mut(line) else { return Ok(()) };
        match &slot.kind {
            LineKind::Unused => {}
            LineKind::Modem { symlink } => {
                let modem = ModemLine::new(firmware(line), symlink.clone())?;
                locked(&self.sockets, line, |socket| {
                    socket.path = Some(modem.path().to_owned());
                    socket.meter = Some(Arc::clone(modem.meter()));
                });
                slot.plugged = Plugged::Modem(Box::new(modem));
            }
            LineKind::Fxo => {
                let (socket, port) = fxo_emulated::pair()?;
                let card = FxoCard::new(socket, self.country.pulse, self.country.flash, self.now);
                locked(&self.sockets, line, |socket| socket.fxo = Some(port));
                slot.plugged = Plugged::Fxo(Box::new(card));
            }
        }
        Ok(())
    }

    /// Pulls the terminal of a line out.
    fn remove(&mut self, line: usize) {
        locked(&self.sockets, line, |socket| *socket = Socket::default());
        let Some(slot) = self.terminals.get_mut(line) else { return };
        match std::mem::replace(&mut slot.plugged, Plugged::Nothing) {
            Plugged::Nothing => {}
            Plugged::Modem(modem) => {
                modem.unplug();
            }
            Plugged::Fxo(card) => card.remove(),
        }
    }
}

/// Pulling plugs on behalf of a command.
struct Puller<'a> {
    board: &'a mut Plugboard,
    firmware: &'a mut FirmwareMaker,
}

impl Plugs for Puller<'_> {
    fn plug(&mut self, exchange: &mut Exchange, line: usize, plugged: bool) -> Result<(), String> {
        let slot = self.board.terminals.get(line).ok_or("no such line")?;
        let is = !matches!(slot.plugged, Plugged::Nothing);
        if slot.kind == LineKind::Unused {
            return Err("nothing belongs to that line".into());
        }
        if is == plugged {
            return Err(if is { "it is plugged in".into() } else { "it is unplugged".into() });
        }
        if plugged {
            self.board.insert(line, self.firmware).map_err(|error| error.to_string())?;
        } else {
            self.board.remove(line);
        }
        exchange.set_plugged(line, plugged).map_err(|refused| refused.to_string())
    }
}

struct Server {
    exchange: Exchange,
    plugs: Plugboard,
    firmware: FirmwareMaker,
    control: Option<ControlServer>,
    clock: Arc<LineClock>,
    inbox: Receiver<Request>,
    period: Duration,
    from: Vec<FromTerminal>,
    to: Vec<FromExchange>,
}

impl Server {
    fn run(mut self) {
        let lines = self.plugs.terminals.len();
        self.from = vec![FromTerminal::default(); lines];
        self.to = vec![FromExchange::default(); lines];
        let mut session = Session::new(&self.exchange);
        let mut due = Instant::now();
        let mut behind = Duration::ZERO;
        loop {
            due += self.period;
            if !self.wait_until(due, &mut session) || !self.wait_settled(&mut session) {
                return;
            }
            let late = Instant::now().saturating_duration_since(due);
            // Only what came on top of the lateness of the tick before.
            self.clock.add_lateness(late.saturating_sub(behind));
            behind = late;
            if late > CATCH_UP {
                due += late;
                behind = Duration::ZERO;
            }
            if let Some(control) = &mut self.control {
                let mut puller = Puller { board: &mut self.plugs, firmware: &mut self.firmware };
                control.poll(&mut self.exchange, &mut puller);
            }
            self.take_input();
            self.tick();
        }
    }

    /// Serves requests until `due`. False: stop.
    fn wait_until(&mut self, due: Instant, session: &mut Session) -> bool {
        loop {
            match self.inbox.recv_deadline(due) {
                Ok(request) => {
                    if !self.serve(request, session) {
                        return false;
                    }
                }
                Err(RecvTimeoutError::Timeout) => return true,
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }

    /// Waits for whoever is attached to the clock. False: stop.
    fn wait_settled(&mut self, session: &mut Session) -> bool {
        while !self.clock.settled(Duration::from_millis(20)) {
            while let Ok(request) = self.inbox.try_recv() {
                if !self.serve(request, session) {
                    return false;
                }
            }
        }
        true
    }

    fn serve(&mut self, request: Request, session: &mut Session) -> bool {
        let mut puller = Puller { board: &mut self.plugs, firmware: &mut self.firmware };
        match request {
            Request::Stop => return false,
            Request::Plug(line, plugged, reply) => {
                let _ = reply.send(puller.plug(&mut self.exchange, line, plugged));
            }
            Request::Command(text, reply) => {
                let _ = reply.send(session.reply(&text, &mut self.exchange, &mut puller));
            }
        }
        true
    }

    /// Takes everything that drivers have written; what a counter says is on its way is waited for.
    fn take_input(&mut self) {
        let until = Instant::now() + ON_ITS_WAY;
        loop {
            let mut drained = true;
            for slot in &mut self.plugs.terminals {
                match &mut slot.plugged {
                    Plugged::Nothing => {}
                    Plugged::Modem(modem) => {
                        modem.receive();
                        drained &= modem.is_drained();
                    }
                    Plugged::Fxo(card) => {
                        card.receive();
                        drained &= card.is_drained();
                    }
                }
            }
            if drained {
                return;
            }
            if Instant::now() >= until {
                log::warn!("a byte that a driver wrote did not come out of the kernel in {ON_ITS_WAY:?}");
                return;
            }
            // The kernel's worker passes the bytes on; give it the processor.
            std::thread::yield_now();
        }
    }

    /// One tick of line time.
    fn tick(&mut self) {
        let mut now = self.clock.now();
        for _ in 0..STEPS {
            self.exchange.step(now, &self.from, &mut self.to);
            for ((slot, to), from) in self.plugs.terminals.iter_mut().zip(&self.to).zip(&mut self.from) {
                *from = match &mut slot.plugged {
                    Plugged::Nothing => FromTerminal::default(),
                    Plugged::Modem(modem) => modem.firmware.step(now, to),
                    Plugged::Fxo(card) => card.step(now, to),
                };
            }
            now = now + STEP_TIME;
        }
        self.plugs.now = now;
        // Time first, so that whatever a driver reads belongs to the new time.
        self.clock.publish();
        for slot in &mut self.plugs.terminals {
            match &mut slot.plugged {
                Plugged::Nothing => {}
                Plugged::Modem(modem) => modem.deliver(),
                Plugged::Fxo(card) => card.deliver(now),
            }
        }
        self.clock.wake();
    }
}

/// Steps fill a tick.
const _: () = assert!(STEP_TIME.as_micros() * STEPS as u128 == TICK.as_micros());
