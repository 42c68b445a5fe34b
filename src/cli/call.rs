//! `loopstart call`: makes a call and prints how it goes.

use super::output::{Out, Printable};
use super::session::{Happening, Next, Session, What, seconds};
use super::signals::Interrupt;
use super::{Failure, words};
use crate::config::Config;
use crate::provider::{CallState, ConnectedMode, HostCall, LineErr};
use crate::signal::Time;
use std::time::{Duration, Instant};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The number, as it is dialled; W waits for dial tone, a comma pauses.
    #[arg(value_parser = parse_number)]
    number: String,
    /// Which line. Without it: the first that works.
    #[arg(long, value_name = "SELECTOR")]
    device: Option<String>,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
    /// Hang up after so many seconds, answered or not.
    #[arg(long, value_name = "S", default_value_t = 120, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    timeout: u32,
    /// Digits to send once the call is connected (0-9 * # A-D, a comma pauses).
    #[arg(long, value_name = "DIGITS", value_parser = parse_digits)]
    digits: Option<String>,
}

/// How long a device may take until it is in service. A modem that was just plugged in needs some seconds.
pub(super) const IN_SERVICE: Duration = Duration::from_secs(20);

fn parse_number(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("there is no number to call".into()) } else { Ok(text.to_owned()) }
}

fn parse_digits(text: &str) -> Result<String, String> {
    match text.chars().find(|c| !matches!(c, '0'..='9' | '*' | '#' | 'A'..='D' | 'a'..='d' | ',')) {
        Some(wrong) => {
            Err(format!("'{}' is not a digit; there are 0-9 * # A-D and the comma", Printable(&wrong.to_string())))
        }
        None if text.is_empty() => Err("there are no digits".into()),
        None => Ok(text.to_ascii_uppercase()),
    }
}

/// Starts a session on devices that must be there.
pub(super) fn start(config: Config, interrupt: &Interrupt) -> Result<Session, Failure> {
    if config.devices.is_empty() {
        return Err(Failure::refused(
            "no device is configured and no known modem is attached; try --device emulated:0, or see 'loopstart list'",
        ));
    }
    Session::start(config, interrupt)
}

pub(super) fn run(options: &Options) -> Result<(), Failure> {
    let interrupt = Interrupt::install()?;
    let mut config = Config::from_env()?;
    if let Some(selector) = &options.device {
        config.set_devices([selector.as_str()])?;
    }
    let mut session = start(config, &interrupt)?;
    let mut out = Out::new(options.json);
    let line = open_first(&mut session, &interrupt)?;
    let label = session.lines().get(line).map_or_else(String::new, |l| l.label.clone());
    let limit = Duration::from_secs(options.timeout.into());
    let started = session.now(line);
    let call = session.make_call(line, &options.number, Duration::ZERO).map_err(|e| refused(&label, e))?;
    out.say(format_args!("{label}: calling {}", Printable(&options.number)))?;
    let mut progress = Progress { call, digits: options.digits.as_deref(), connected: false, last: None };
    loop {
        let left = (started + limit).since(session.now(line));
        if left.is_zero() {
            out.say(format_args!("hanging up after {} s", options.timeout))?;
            return progress.verdict(format!("nobody answered within {} s; try a longer --timeout", options.timeout));
        }
        // The line's clock may run faster than ours: look again from time to time.
        let happening = match session.next(&interrupt, left.min(Duration::from_millis(100))) {
            Next::Happened(happening) => happening,
            Next::Timeout => continue,
            Next::Interrupted => return progress.verdict("interrupted before anybody answered".into()),
        };
        print(&mut out, &happening, &label, started)?;
        if happening.line == line && progress.take(&happening, &mut session)? {
            return progress.verdict("the call ended before anybody answered; try again".into());
        }
    }
}

fn print(out: &mut Out, happening: &Happening, label: &str, started: Time) -> Result<(), Failure> {
    let since = happening.at.since(started).as_secs_f64();
    out.say(format_args!("{since:8.3} s  {}", happening.text()))?;
    let mut record = happening.record();
    record.t = seconds(Time::ZERO + happening.at.since(started));
    record.line = Some(label);
    out.object(&record)
}

/// Opens the first device that comes into service.
fn open_first(session: &mut Session, interrupt: &Interrupt) -> Result<usize, Failure> {
    let mut why = None;
    for (device, label) in session.devices() {
        match session.failure(device) {
            Some(error) => why = why.or(Some(error.to_string())),
            None => {
                session.open(device, &label)?;
            }
        }
    }
    let until = Instant::now() + IN_SERVICE;
    while !session.lines().is_empty() {
        if let Some(line) = (0..session.lines().len()).find(|l| session.in_service(*l)) {
            return Ok(line);
        }
        let left = until.saturating_duration_since(Instant::now());
        match session.next(interrupt, left) {
            Next::Happened(_) => {}
            Next::Interrupted => return Err(Failure::refused("interrupted")),
            Next::Timeout => {
                why = why.or(Some(format!(
                    "{} does not answer; is it switched on, and is it a modem? LOOPSTART_LOG=debug tells more",
                    session.lines().first().map_or("the device", |l| l.label.as_str())
                )));
                break;
            }
        }
    }
    Err(Failure::Refused(why.unwrap_or_else(|| "no device works; see 'loopstart list'".into())))
}

/// A refusal of the provider: a number that cannot be dialled is wrong usage.
fn refused(label: &str, error: LineErr) -> Failure {
    match error {
        LineErr::INVALADDRESS | LineErr::DIALPROMPT => Failure::usage(format!("the number: {error}")),
        LineErr::DIALBILLING | LineErr::DIALQUIET | LineErr::DIALDIALTONE => {
            Failure::refused(format!("{label}: {error}; leave it out of the number"))
        }
        error => Failure::refused(format!("{label}: {error}")),
    }
}

/// How far the call is.
struct Progress<'a> {
    call: HostCall,
    digits: Option<&'a str>,
    connected: bool,
    /// The last state that says why the call cannot be.
    last: Option<&'static str>,
}

impl Progress<'_> {
    /// Takes a happening; true when the call is over.
    fn take(&mut self, happening: &Happening, session: &mut Session) -> Result<bool, Failure> {
        if happening.what == What::Gone {
            self.last = Some("the device is gone; plug it in and try again");
            return Ok(true);
        }
        if happening.call != Some(self.call) {
            return Ok(false);
        }
        match happening.what {
            What::Failed(error) => {
                // The call may be gone with the request that should have made it.
                if !self.connected && self.last.is_none() {
                    return Err(Failure::refused(format!("the call failed: {error}")));
                }
                Ok(false)
            }
            What::State(CallState::Connected(mode)) if mode != ConnectedMode::Inactive => {
                if self.connected {
                    return Ok(false);
                }
                self.connected = true;
                // Not every device hears digits.
                let _ = session.monitor_digits(self.call);
                if let Some(digits) = self.digits {
                    session.send_digits(self.call, digits).map_err(|e| Failure::refused(format!("digits: {e}")))?;
                }
                Ok(false)
            }
            What::State(state) => {
                if let Some(why) = words::why_not(state) {
                    // The first reason is the true one; what follows is its consequence.
                    self.last = self.last.or(Some(why));
                }
                let over = matches!(
                    state,
                    CallState::Idle | CallState::Disconnected(_) | CallState::Busy(_) | CallState::SpecialInfo(_)
                );
                Ok(over)
            }
            _ => Ok(false),
        }
    }

    fn verdict(&self, otherwise: String) -> Result<(), Failure> {
        if self.connected {
            return Ok(());
        }
        Err(Failure::Refused(self.last.map_or(otherwise, str::to_owned)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_to_send() {
        assert_eq!(parse_digits("12,3d"), Ok("12,3D".into()));
        assert!(parse_digits("12x").is_err_and(|e| e.contains("'x'")));
        assert!(parse_digits("").is_err());
        assert!(parse_number(" ").is_err());
    }
}
