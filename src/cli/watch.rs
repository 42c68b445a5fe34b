//! `loopstart watch`: prints what happens on the lines.

use super::output::{Out, Printable};
use super::session::{Next, Record, Session, What, seconds};
use super::signals::Interrupt;
use super::{Failure, call};
use crate::config::Config;
use crate::provider::CallState;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
    /// Which line; may be given several times. Without it: every configured or attached one.
    #[arg(long, value_name = "SELECTOR")]
    device: Vec<String>,
}

/// How often we look for lines that came.
const LOOK: Duration = Duration::from_secs(1);
/// How long calls may take to end when no device is left.
const LAST_WORDS: Duration = Duration::from_millis(500);

pub(super) fn run(options: &Options) -> Result<(), Failure> {
    let interrupt = Interrupt::install()?;
    let mut config = Config::from_env()?;
    if !options.device.is_empty() {
        config.set_devices(options.device.iter().map(String::as_str))?;
    }
    // Devices may come: then there is something to wait for, even with none.
    let watches = config.watches();
    let mut session = if watches { Session::start(config, &interrupt)? } else { call::start(config, &interrupt)? };
    let mut out = Out::new(options.json);
    let mut failures = Vec::new();
    for (device, label) in session.devices() {
        if let Some(error) = session.failure(device) {
            failures.push(error.to_string());
            continue;
        }
        session.open(device, &label)?;
    }
    if session.lines().is_empty() && !watches {
        return Err(Failure::Refused(failures.join("; ")));
    }
    failures.iter().for_each(|why| super::output::complain(why));
    out.say(format_args!("Watching {}. Ctrl-C ends it.", lines_in_words(session.lines().len())))?;
    let mut gone = vec![false; session.lines().len()];
    loop {
        if watches {
            take_new(&mut session, &mut gone, &mut out)?;
        }
        // Their calls are still to end when all devices are gone.
        let all_gone = gone.iter().all(|g| *g) && !watches;
        let wait = match (all_gone, watches) {
            (true, _) => LAST_WORDS,
            (false, true) => LOOK,
            (false, false) => Duration::from_secs(3600),
        };
        let happening = match session.next(&interrupt, wait) {
            Next::Happened(happening) => happening,
            Next::Timeout if all_gone => {
                return Err(Failure::refused("every device is gone; plug one in and start again"));
            }
            Next::Timeout => continue,
            Next::Interrupted => return Ok(()),
        };
        let Some(line) = session.lines().get(happening.line) else { continue };
        let time = rfc3339(session.runtime().wall_time(line.device, happening.at));
        // Time of day is enough for people.
        let day_time = time.get(11..).unwrap_or_default();
        out.say(format_args!("{day_time}  {:<16}  {}", Printable(&line.label), happening.text()))?;
        let mut record = happening.record();
        record.line = Some(&line.label);
        record.time = Some(time.clone());
        out.object(&record)?;
        match happening.what {
            // Digits can be heard only once somebody is on the line. Not every device hears them.
            What::State(CallState::Connected(_)) => {
                if let Some(call) = happening.call {
                    let _ = session.monitor_digits(call);
                }
            }
            // Nobody else will: then the call is over for good.
            What::State(CallState::Disconnected(_)) => {
                if let Some(call) = happening.call {
                    let _ = session.drop_call(call);
                }
            }
            What::Gone => {
                if let Some(gone) = gone.get_mut(happening.line) {
                    *gone = true;
                }
                // So that the device may come back.
                if watches {
                    session.close(happening.line);
                }
            }
            _ => {}
        }
    }
}

/// Opens the lines of devices that came, or came back.
fn take_new(session: &mut Session, gone: &mut Vec<bool>, out: &mut Out) -> Result<(), Failure> {
    for device in session.runtime().lines() {
        if session.lines().iter().zip(&*gone).any(|(line, gone)| line.device == device && !gone) {
            continue;
        }
        let Ok(caps) = session.runtime().query(|p| p.device_caps(device)) else { continue };
        let label = caps.stable_id;
        // One that has no device yet does not open: later, then.
        if session.open(device, &label).is_ok() {
            gone.resize(session.lines().len(), false);
            out.say(format_args!("{}: watched too", Printable(&label)))?;
            let time = Some(rfc3339(SystemTime::now()));
            let t = seconds(session.runtime().now(device));
            out.object(&Record { t, time, line: Some(&label), ev: "watched", ..Record::default() })?;
        }
    }
    gone.resize(session.lines().len(), true);
    Ok(())
}

fn lines_in_words(count: usize) -> String {
    if count == 1 { "1 line".into() } else { format!("{count} lines") }
}

/// A moment of the wall clock in UTC, as RFC 3339 writes it.
fn rfc3339(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    // Years are counted from 1 March 0000, so that the leap day is the last of its year.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 { (year, month + 3) } else { (year + 1, month - 9) };
    format!(
        "{:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        era * 400 + year,
        second / 3600,
        second / 60 % 60,
        second % 60,
        since.subsec_millis()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.250Z"),
            (951_782_399, "2000-02-28T23:59:59.250Z"),
            (951_782_400, "2000-02-29T00:00:00.250Z"),
            (1_767_225_599, "2025-12-31T23:59:59.250Z"),
            (1_795_265_701, "2026-11-21T12:55:01.250Z"),
            (4_107_542_400, "2100-03-01T00:00:00.250Z"),
        ] {
            assert_eq!(rfc3339(UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_millis(250)), text);
        }
    }
}
