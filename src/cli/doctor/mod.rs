//! `loopstart doctor`: looks at every device and at the machine, says in plain words what works, and what to try next.

mod machine;
mod modem;

use super::Failure;
use super::output::{Out, Printable};
use super::session::Session;
use super::signals::Interrupt;
use crate::config::{Config, means};
use crate::hal::exchange::modem::{Modem, Profile, STANDARD};
use crate::hal::exchange::{EmulatedExchange, LineKind, MAX_LINES, ServeSettings};
use crate::hal::registry::{self, EmulatedPort, Found, Selector};
use crate::signal::{Caps, country};
use serde::Serialize;
use std::fmt;
use std::time::{Duration, Instant};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Look at these devices only; otherwise at the configured ones and at what else is attached.
    #[arg(value_name = "SELECTOR")]
    devices: Vec<String>,
    /// One JSON object a line: one for the machine, one for each device.
    #[arg(long)]
    json: bool,
}

/// How long a device that is not asked itself may take to come into service.
const READY: Duration = Duration::from_secs(8);
const LOOK: Duration = Duration::from_millis(20);

/// How it is with something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// As it should be.
    Good,
    /// Nothing that matters, or it cannot be told.
    Note,
    /// It works, and could work better.
    Warning,
    /// It does not work.
    Bad,
}

impl State {
    const fn mark(self) -> &'static str {
        match self {
            Self::Good => "ok  ",
            Self::Note => "-   ",
            Self::Warning => "note",
            Self::Bad => "BAD ",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Check {
    what: &'static str,
    state: State,
    said: String,
    /// What to try.
    #[serde(rename = "try", skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

/// What was found out about a device, or about the machine.
#[derive(Debug, Default, Serialize)]
struct Report {
    /// The device; none for the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    selector: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stable_id: Option<String>,
    kind: &'static str,
    /// `works`, `works with limits`, `does not work`, `not used`.
    verdict: &'static str,
    checks: Vec<Check>,
}

impl Report {
    fn new(kind: &'static str, selector: Option<String>) -> Self {
        Self { selector, kind, ..Self::default() }
    }

    fn add(&mut self, what: &'static str, state: State, said: impl fmt::Display) {
        self.checks.push(Check { what, state, said: said.to_string(), hint: None });
    }

    fn advise(&mut self, what: &'static str, state: State, said: impl fmt::Display, hint: impl fmt::Display) {
        self.checks.push(Check { what, state, said: said.to_string(), hint: Some(hint.to_string()) });
    }

    fn worst(&self) -> State {
        self.checks.iter().map(|c| c.state).max().unwrap_or(State::Good)
    }

    /// Forms the verdict from the checks.
    fn judged(mut self) -> Self {
        if self.verdict.is_empty() {
            self.verdict = match self.worst() {
                State::Good | State::Note => "works",
                State::Warning => "works with limits",
                State::Bad => "does not work",
            };
        }
        self
    }

    /// What is wrong, and what to try, in one line.
    fn complaint(&self) -> Option<String> {
        let check = self.checks.iter().find(|c| c.state == State::Bad)?;
        let name = self.selector.as_deref().unwrap_or(self.kind);
        let said = if check.said.starts_with(name) { check.said.clone() } else { format!("{name}: {}", check.said) };
        Some(match &check.hint {
            Some(hint) => format!("{said}; {hint}"),
            None => said,
        })
    }

    fn text(&self) -> String {
        let mut text = match &self.selector {
            Some(selector) => format!("{}  {}: {}", Printable(selector), self.kind, self.verdict),
            None => format!("{}: {}", self.kind, self.verdict),
        };
        if let Some(stable) = self.stable_id.as_ref().filter(|s| Some(*s) != self.selector.as_ref()) {
            text.push_str(&format!("\n    -    known as {}", Printable(stable)));
        }
        for check in &self.checks {
            text.push_str(&format!("\n    {} {}: {}", check.state.mark(), check.what, Printable(&check.said)));
            if let Some(hint) = &check.hint {
                text.push_str(&format!("\n         try: {}", Printable(hint)));
            }
        }
        text
    }
}

pub(super) fn run(options: &Options) -> Result<(), Failure> {
    let interrupt = Interrupt::install()?;
    let mut config = Config::from_env()?;
    let named = !options.devices.is_empty();
    if named {
        config.set_devices(options.devices.iter().map(String::as_str))?;
    }
    let mut out = Out::new(options.json);
    let attached = registry::coldplug_in(&config.roots);
    show(&mut out, &machine::examine(&config, !attached.is_empty()))?;
    let mut complaint = None;
    for selector in config.devices.clone() {
        if interrupt.wait(Duration::ZERO) {
            return Err(Failure::refused("interrupted"));
        }
        let report = examine(&config, &selector, &attached, &interrupt)?.judged();
        show(&mut out, &report)?;
        complaint = complaint.or_else(|| report.complaint());
    }
    let others: Vec<&Found> = attached.iter().filter(|f| !config.devices.iter().any(|s| means(s, f))).collect();
    if !named {
        for found in &others {
            show(&mut out, &unused(found))?;
        }
    }
    if config.devices.is_empty() && others.is_empty() {
        out.say(
            "No device is configured, and no voice modem or FXO card was found: there are no lines.\n\
             Try: plug a voice modem in, and run this again;\n     \
             LOOPSTART_DEVICES=serial:/dev/ttyS0 loopstart doctor, for a modem on a serial port or behind an adapter;\n     \
             loopstart demo, which needs no device.",
        )?;
    }
    complaint.map_or(Ok(()), |why| Err(Failure::refused(why)))
}

fn show(out: &mut Out, report: &Report) -> Result<(), Failure> {
    out.object(report)?;
    out.say(report.text())
}

/// A device that is there and that nobody named. Nothing is written to it.
fn unused(found: &Found) -> Report {
    let mut report = Report::new(kind(&found.selector), Some(found.selector.to_string()));
    report.stable_id = Some(found.stable.to_string());
    report.verdict = "not used";
    let what = if found.known { "a known voice modem" } else { "an adapter or a device of another kind" };
    let hint = format!("LOOPSTART_DEVICES={} loopstart doctor", found.stable);
    report.advise("attached", State::Note, format!("{}: {what}, not configured", found.description), hint);
    report
}

const fn kind(selector: &Selector) -> &'static str {
    match selector {
        Selector::Emulated { port: EmulatedPort::Modem, .. } => "emulated voice modem",
        Selector::Emulated { port: EmulatedPort::Fxo, .. } => "emulated FXO port",
        Selector::Serial { .. } | Selector::Usb { .. } => "voice modem",
        Selector::Dahdi(_) => "FXO port",
    }
}

fn examine(config: &Config, selector: &Selector, attached: &[Found], interrupt: &Interrupt) -> Result<Report, Failure> {
    let mut report = Report::new(kind(selector), Some(selector.to_string()));
    let country = config.country_of(selector);
    match selector {
        Selector::Serial { .. } | Selector::Usb { .. } => {
            let found = attached.iter().find(|f| means(selector, f));
            if let Some(found) = found {
                report.stable_id = Some(found.stable.to_string());
            }
            modem::examine(&mut report, selector, found, country);
        }
        Selector::Emulated { line, port: EmulatedPort::Modem, model } => {
            let line = usize::try_from(*line).unwrap_or(usize::MAX);
            emulated_modem(&mut report, config, line, Profile::by_name(model).unwrap_or(&STANDARD));
        }
        Selector::Emulated { .. } | Selector::Dahdi(_) => in_service(&mut report, config, selector, interrupt)?,
    }
    Ok(report)
}

/// The modem of an emulated line, asked as a real one is.
fn emulated_modem(report: &mut Report, config: &Config, line: usize, model: &'static Profile) {
    let country = country::by_code(&config.emulated.country).unwrap_or(country::US);
    let mut lines = vec![LineKind::Unused; line.min(MAX_LINES)];
    lines.push(LineKind::Modem { symlink: None });
    let settings = ServeSettings { country, speed: 1.0, control: None, lines };
    let firmware = Box::new(move |_| Box::new(Modem::new(model, country)) as Box<_>);
    let exchange = EmulatedExchange::start_with(settings, firmware, |_| {}).map_err(|e| e.to_string());
    let path = exchange.as_ref().map(|exchange| exchange.pty_path(line));
    match path {
        Ok(Some(path)) => modem::examine(report, &Selector::Serial { path, profile: None }, None, country),
        Ok(None) => {
            report.add("exchange", State::Bad, format!("an emulated exchange has lines 0 to {}", MAX_LINES - 1))
        }
        Err(why) => report.add("exchange", State::Bad, why),
    }
}

/// A device that is examined by taking it into service.
fn in_service(report: &mut Report, config: &Config, selector: &Selector, interrupt: &Interrupt) -> Result<(), Failure> {
    let mut config = config.clone();
    config.auto = false;
    config.devices = vec![selector.clone()];
    config.hotplug = Some(false);
    let session = Session::start(config, interrupt)?;
    let Some(device) = session.runtime().devices().first().copied() else { return Ok(()) };
    if let Some(error) = session.failure(device) {
        report.add("opening", State::Bad, error);
        return Ok(());
    }
    let caps = || session.runtime().query(|p| p.device_caps(device)).map_or(Caps::empty(), |d| d.caps);
    let until = Instant::now() + READY;
    while caps().is_empty() && Instant::now() < until {
        if interrupt.wait(LOOK) {
            return Err(Failure::refused("interrupted"));
        }
    }
    if caps().is_empty() {
        let hint = "look whether the card's driver reports an alarm (dmesg, dahdi_scan)";
        report.advise("service", State::Bad, "it does not come into service", hint);
        return Ok(());
    }
    modem::abilities(report, caps());
    if let Some(gauge) = session.runtime().gauge(device) {
        modem::loop_state(report, gauge.loop_state());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_makes_the_verdict_and_the_first_that_is_bad_the_complaint() {
        let mut report = Report::new("voice modem", Some("serial:/dev/ttyACM0".into()));
        report.add("chip", State::Good, "x");
        assert_eq!(report.complaint(), None);
        report.add("sound", State::Warning, "none");
        report.advise("port", State::Bad, "in use by vgetty (pid 7)", "end it");
        report.add("other", State::Bad, "not this");
        assert_eq!(report.complaint().unwrap(), "serial:/dev/ttyACM0: in use by vgetty (pid 7); end it");
        assert_eq!(report.judged().verdict, "does not work");
    }

    #[test]
    fn what_a_device_says_is_shown_harmless() {
        let mut report = Report::new("voice modem", Some("serial:/dev/tty\u{1b}c".into()));
        report.advise("says", State::Note, "a\u{1b}[2J\nb", "c\u{9b}d");
        let text = report.judged().text();
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
        assert_eq!(text.lines().count(), 3);
    }
}
