//! The lines of a rig, opened, with the loop that serves them.

use crate::file::{LineEntry, RigFile};
use anyhow::{Context, Result, anyhow, bail, ensure};
use loopstart_hal::drivers::fxo::Fxo;
use loopstart_hal::drivers::voice_modem::VoiceModem;
use loopstart_hal::exchange::modem::{Modem, Profile, STANDARD};
use loopstart_hal::exchange::{EmulatedExchange, LineKind, ServeSettings, TICK};
use loopstart_hal::ports::{Metered, PtyPort};
use loopstart_hal::registry::{EmulatedPort, Selector, open_serial};
use loopstart_hal::{EventQueue, LineClock, LineDevice, Readiness, Ticket};
use loopstart_signal::country::{self, Country};
use loopstart_signal::{ActionId, ActionKind, Caps, Clock, LineAction, LineEvent, Outcome, Time};
use std::fs::File;
use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Room for events of one line.
const QUEUE: usize = 256;

/// How often real devices are looked at.
const LOOK: Duration = Duration::from_millis(2);

/// How long a tick of the line clock may take on a busy machine.
const TICK_OVERDUE: Duration = Duration::from_secs(30);

/// Time from opening a device to its being in service.
pub const READY: Duration = Duration::from_secs(60);

/// One line of the rig.
struct Line {
    selector: String,
    device: Box<dyn LineDevice>,
    queue: EventQueue,
    /// What it said and nobody has waited for.
    said: Vec<LineEvent>,
    caps: Option<Caps>,
}

/// The embedded exchange and its clock.
struct Emulation {
    exchange: EmulatedExchange,
    clock: Arc<LineClock>,
    /// A copy of the clock's descriptor, to see that a tick is complete.
    wake: File,
    ticket: Ticket,
}

/// A rig with its lines open.
pub struct Bench {
    lines: Vec<Line>,
    emulation: Option<Emulation>,
    opened: Instant,
    next_action: u32,
}

impl Bench {
    /// Opens every line of a rig and begins its dialog.
    ///
    /// # Errors
    /// When a line cannot be opened, or the rig mixes emulated and real lines.
    pub fn open(rig: &RigFile) -> Result<Self> {
        let country = country::by_code(&rig.country).with_context(|| format!("no such country: {}", rig.country))?;
        let selectors = rig
            .lines
            .iter()
            .map(|line| Selector::parse(&line.selector).map_err(Into::into))
            .collect::<Result<Vec<Selector>>>()?;
        let emulated = selectors.iter().filter(|s| matches!(s, Selector::Emulated { .. })).count();
        ensure!(
            emulated == 0 || emulated == selectors.len(),
            "emulated and real lines have different clocks; make two rigs of them"
        );
        let emulation = if emulated > 0 { Some(Emulation::start(&selectors, country, rig.speed)?) } else { None };
        let mut lines = Vec::new();
        for (entry, selector) in rig.lines.iter().zip(&selectors) {
            lines.push(Line::open(entry, selector, emulation.as_ref(), country)?);
        }
        let mut bench = Self { lines, emulation, opened: Instant::now(), next_action: 0 };
        let now = bench.now();
        for line in &mut bench.lines {
            line.device.start(now, &mut line.queue);
        }
        Ok(bench)
    }

    /// The present moment on the clock that all lines live on.
    pub fn now(&self) -> Time {
        match &self.emulation {
            Some(emulation) => emulation.clock.now(),
            None => Time::from_micros(u64::try_from(self.opened.elapsed().as_micros()).unwrap_or(u64::MAX)),
        }
    }

    /// Waits until all lines are in service.
    ///
    /// # Errors
    /// When one is not in time.
    pub fn ready(&mut self) -> Result<()> {
        for line in 0..self.lines.len() {
            if self.line(line)?.caps.is_none() {
                self.wait(line, READY, "the device to be in service", |event| matches!(event, LineEvent::Ready(_)))?;
            }
            self.line(line)?.said.retain(|event| !matches!(event, LineEvent::Ready(_)));
        }
        Ok(())
    }

    /// What a line can do, once it is ready.
    pub fn caps(&self, line: usize) -> Caps {
        self.lines.get(line).and_then(|line| line.caps).unwrap_or(Caps::empty())
    }

    fn line(&mut self, line: usize) -> Result<&mut Line> {
        self.lines.get_mut(line).ok_or_else(|| anyhow!("the rig has no line {line}"))
    }

    /// Has a line do something. [`done`](Self::done) waits for the end.
    ///
    /// # Errors
    /// When there is no such line.
    pub fn act(&mut self, line: usize, kind: ActionKind) -> Result<ActionId> {
        self.next_action += 1;
        let id = ActionId(self.next_action);
        let now = self.now();
        let line = self.line(line)?;
        line.device.act(&LineAction { id, kind }, now, &mut line.queue);
        line.drain();
        Ok(id)
    }

    /// Waits for the end of an action. What was said before it stays to be waited for.
    ///
    /// # Errors
    /// When it does not end in time, or fails.
    pub fn done(&mut self, line: usize, id: ActionId, within: Duration) -> Result<()> {
        match self.outcome(line, id, within)? {
            Outcome::Ok => Ok(()),
            Outcome::Failed(failure) => bail!("{}: the action failed: {failure:?}", self.line(line)?.selector),
        }
    }

    /// Waits for the end of an action, whatever it is.
    ///
    /// # Errors
    /// When it does not end in time.
    pub fn outcome(&mut self, line: usize, id: ActionId, within: Duration) -> Result<Outcome> {
        let is = |event: &LineEvent| matches!(event, LineEvent::Done { action, .. } if *action == id);
        let until = self.now() + within;
        loop {
            let said = &mut self.line(line)?.said;
            if let Some(at) = said.iter().position(is)
                && let LineEvent::Done { outcome, .. } = said.remove(at)
            {
                return Ok(outcome);
            }
            self.pump(line, until, within, "the action to end")?;
        }
    }

    /// Waits until a line says something that `is` accepts; what it said before that is forgotten.
    ///
    /// # Errors
    /// When it does not say it within this line time, or is lost.
    pub fn wait(
        &mut self,
        line: usize,
        within: Duration,
        what: &str,
        is: impl Fn(&LineEvent) -> bool,
    ) -> Result<LineEvent> {
        let until = self.now() + within;
        loop {
            let said = &mut self.line(line)?.said;
            if let Some(at) = said.iter().position(&is) {
                let event = said.remove(at);
                said.drain(..at);
                return Ok(event);
            }
            self.pump(line, until, within, what)?;
        }
    }

    /// Lets line time pass.
    ///
    /// # Errors
    /// When the line clock stands still.
    pub fn pass(&mut self, time: Duration) -> Result<()> {
        let until = self.now() + time;
        while self.now() < until {
            self.serve()?;
        }
        Ok(())
    }

    fn pump(&mut self, line: usize, until: Time, within: Duration, what: &str) -> Result<()> {
        let late = self.now() >= until;
        let line = self.line(line)?;
        if let Some(LineEvent::Lost(loss)) = line.said.iter().find(|event| matches!(event, LineEvent::Lost(_))) {
            bail!("{}: waited for {what}, and the device was lost: {loss:?}", line.selector);
        }
        if late {
            bail!("{}: waited {within:?} for {what}; it said {:?}", line.selector, line.said);
        }
        self.serve()
    }

    /// One round: waits for the next tick, or a moment, and serves every line.
    fn serve(&mut self) -> Result<()> {
        if let Some(emulation) = &mut self.emulation {
            emulation.next_tick()?;
        } else {
            std::thread::sleep(LOOK);
        }
        let overdue = Instant::now() + TICK_OVERDUE;
        loop {
            let now = self.now();
            for line in &mut self.lines {
                line.serve(now);
            }
            // Bytes on their way through the kernel belong to this tick.
            if self.emulation.is_none() || self.lines.iter().all(|line| line.device.drained()) {
                return Ok(());
            }
            ensure!(Instant::now() < overdue, "bytes of an emulated line did not arrive");
            std::thread::yield_now();
        }
    }
}

impl Emulation {
    fn start(selectors: &[Selector], country: &'static Country, speed: f64) -> Result<Self> {
        let (mut lines, mut models) = (Vec::new(), Vec::new());
        for selector in selectors {
            let Selector::Emulated { line, port, model } = selector else { continue };
            let line = *line as usize;
            ensure!(line < loopstart_hal::exchange::MAX_LINES, "the exchange has no line {line}");
            if lines.len() <= line {
                lines.resize(line + 1, LineKind::Unused);
                models.resize(line + 1, &STANDARD);
            }
            models[line] = Profile::by_name(model).context("no such emulated modem")?;
            lines[line] = match port {
                EmulatedPort::Modem => LineKind::Modem { symlink: None },
                EmulatedPort::Fxo => LineKind::Fxo,
            };
        }
        let settings = ServeSettings { country, speed, control: None, lines };
        let model = move |line: usize| models.get(line).copied().unwrap_or(&STANDARD);
        let firmware = Box::new(move |line| Box::new(Modem::new(model(line), country)) as Box<_>);
        let exchange = EmulatedExchange::start_with(settings, firmware, |_| {})?;
        let clock = exchange.clock();
        clock.attach(true);
        let wake = File::from(clock.fd().try_clone_to_owned()?);
        let ticket = clock.ticket();
        Ok(Self { exchange, clock, wake, ticket })
    }

    /// Lets the clock go on and waits for the next complete tick.
    fn next_tick(&mut self) -> Result<()> {
        self.clock.acknowledge(self.ticket);
        let overdue = Instant::now() + TICK_OVERDUE;
        loop {
            // The descriptor is readable once everything of a tick is written; its count is of no interest.
            let complete = self.wake.read(&mut [0; 8]).is_ok();
            if complete && self.clock.ticket() > self.ticket {
                self.ticket = self.clock.ticket();
                return Ok(());
            }
            ensure!(Instant::now() < overdue, "the line clock stands still");
            std::thread::sleep(TICK / 200);
        }
    }
}

impl Line {
    fn open(
        entry: &LineEntry,
        selector: &Selector,
        emulation: Option<&Emulation>,
        country: &'static Country,
    ) -> Result<Self> {
        let device: Box<dyn LineDevice> = match (selector, emulation) {
            (Selector::Emulated { line, port: EmulatedPort::Fxo, .. }, Some(emulation)) => {
                let port = emulation.exchange.take_fxo_port(*line as usize).context("the line is given twice")?;
                Box::new(Fxo::new(port, country, Clock::Line))
            }
            (Selector::Emulated { line, port: EmulatedPort::Modem, .. }, Some(emulation)) => {
                let line = *line as usize;
                let path = emulation.exchange.pty_path(line).context("the line has no modem")?;
                let meter = emulation.exchange.meter(line).context("the line has no modem")?;
                Box::new(VoiceModem::new(Metered::new(PtyPort::open(&path)?, meter), Clock::Line))
            }
            (Selector::Serial { .. } | Selector::Usb { .. }, _) => Box::new(open_serial(selector, Clock::Monotonic)?),
            (other, _) => bail!("{other}: this harness cannot open such a device yet"),
        };
        let queue = EventQueue::with_capacity(QUEUE);
        Ok(Self { selector: entry.selector.clone(), device, queue, said: Vec::new(), caps: None })
    }

    /// Tells the device that everything may be ready, and what time it is.
    fn serve(&mut self, now: Time) {
        let readiness = Readiness { read: true, write: true, priority: true, hangup: false };
        self.device.ready(readiness, now, &mut self.queue);
        self.drain();
        if self.device.deadline().is_some_and(|at| at <= now) {
            self.device.expire(now, &mut self.queue);
            self.drain();
        }
    }

    fn drain(&mut self) {
        while let Some(event) = self.queue.pop() {
            if let LineEvent::Ready(caps) = event {
                self.caps = Some(caps);
            }
            self.said.push(event);
        }
    }
}
