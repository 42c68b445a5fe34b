//! `loopstart exchange`: serves emulated voice modems on pseudo-terminals.

use super::decode::parse_country;
use super::output::{Out, Printable};
use super::signals::Interrupt;
use super::{Failure, parse_path};
use crate::config;
use crate::hal::exchange::modem::{Modem, PROFILES, Profile};
use crate::hal::exchange::{EmulatedExchange, FirmwareMaker, LineKind, MAX_LINES, ServeSettings, number_of};
use crate::plan_file;
use crate::signal::country::Country;
use crate::signal::plan::Plan;
use serde::Serialize;
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Where the symbolic link to a modem's pseudo-terminal is made; once for each modem. The first is line 0.
    #[arg(long, value_name = "PATH", required = true, value_parser = parse_path)]
    modem: Vec<PathBuf>,
    /// What kind of modem: standard, silent (tells nothing of the call it dials), data-only (no voice), or a model that
    /// 'loopstart profile list' tells: conexant, usr5637, si24xx, agere, cirrus, rockwell.
    #[arg(long, value_name = "NAME", default_value = "standard", value_parser = parse_profile)]
    profile: &'static Profile,
    /// Country of tones, ringing and caller identification: an ISO 3166 code.
    #[arg(long, value_name = "CC", default_value = "us", value_parser = parse_country)]
    country: &'static Country,
    /// Switch plan: what a flash and which codes do on its lines. A name that 'loopstart plan list' tells, or the path of a
    /// plan file.
    #[arg(long, value_name = "PLAN", default_value = "nanp", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    plan: String,
    /// What the lines subscribe to, separated by commas, or all; by default all but transfer.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    services: Option<Vec<String>>,
    /// Where the control socket is opened. It takes one command a line; 'help' lists them: calls from outside, digits,
    /// tones and audio, battery and polarity, forwarding, call waiting, who is held and who waits.
    #[arg(long, value_name = "SOCKET", value_parser = parse_path)]
    control: Option<PathBuf>,
    /// How many times faster than the wall clock line time runs.
    #[arg(long, value_name = "N", default_value_t = 1.0, value_parser = super::parse_speed)]
    speed: f64,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

fn parse_profile(name: &str) -> Result<&'static Profile, String> {
    Profile::by_name(name).ok_or_else(|| {
        let names: Vec<&str> = PROFILES.iter().map(|p| p.name).collect();
        format!("no such modem; there are {}", names.join(", "))
    })
}

/// The switch plan that the options name.
fn plan_of(options: &Options) -> Result<Arc<Plan>, Failure> {
    let mut builder = plan_file::find(&options.plan).map_err(Failure::usage)?;
    if let Some(services) = &options.services {
        let names = services.iter().map(String::as_str);
        builder = builder.subscribed(config::subscribed(names).map_err(Failure::usage)?);
    }
    builder.build().map(Arc::new).map_err(Failure::usage)
}

/// How often we ask the exchange what happened.
const LOOK: Duration = Duration::from_millis(50);

/// One modem that is served.
#[derive(Serialize)]
struct Served {
    ev: &'static str,
    line: usize,
    number: String,
    path: String,
    tty: String,
}

pub(super) fn run(options: &Options) -> Result<(), Failure> {
    let interrupt = Interrupt::install()?;
    if options.modem.len() > MAX_LINES {
        return Err(Failure::Usage(format!("an exchange has at most {MAX_LINES} lines")));
    }
    for (n, path) in options.modem.iter().enumerate() {
        if options.modem.iter().skip(n + 1).any(|other| other == path) {
            return Err(Failure::Usage(format!("--modem {} is given twice", path.display())));
        }
    }
    let plan = plan_of(options)?;
    let settings = ServeSettings {
        country: options.country,
        speed: options.speed,
        control: options.control.clone(),
        lines: options.modem.iter().map(|path| LineKind::Modem { symlink: Some(path.clone()) }).collect(),
    };
    let (profile, country) = (options.profile, options.country);
    let firmware: FirmwareMaker = Box::new(move |_| Box::new(Modem::new(profile, country)));
    // Dropping it hangs every terminal up and removes links and socket, whichever way we leave.
    let served = Arc::clone(&plan);
    let exchange = EmulatedExchange::start_with(settings, firmware, |settings| settings.plan = served)
        .map_err(|e| Failure::Refused(format!("the exchange cannot be served: {e}; try another path")))?;
    let mut out = Out::new(options.json);
    announce(&mut out, options, &plan, &exchange)?;
    while !interrupt.wait(LOOK) {
        for line in exchange.command("events").lines() {
            tell(&mut out, line)?;
        }
    }
    Ok(())
}

fn announce(out: &mut Out, options: &Options, plan: &Plan, exchange: &EmulatedExchange) -> Result<(), Failure> {
    for (line, path) in options.modem.iter().enumerate() {
        let tty = exchange.pty_path(line).unwrap_or_default();
        let served = Served {
            ev: "serving",
            line,
            number: number_of(line),
            path: path.to_string_lossy().into_owned(),
            tty: tty.to_string_lossy().into_owned(),
        };
        out.say(format_args!(
            "line {line}, number {}: {} modem at {} ({})",
            served.number,
            options.profile.name,
            Printable(&served.path),
            served.tty
        ))?;
        out.object(&served)?;
    }
    if let Some(control) = &options.control {
        out.say(format_args!("control socket: {}", Printable(&control.to_string_lossy())))?;
    }
    let behind = plan.access.as_ref().map_or_else(String::new, |access| format!(" (dial {} first)", access.prefix));
    out.say(format_args!(
        "Numbers to call: 5550120 to 5550131{behind}. Country: {}. Switch plan: {}. Ctrl-C ends it.",
        options.country.name,
        Printable(&plan.name)
    ))
}

/// Prints one line of the exchange's reply: an event, or the word that ends it.
fn tell(out: &mut Out, line: &str) -> Result<(), Failure> {
    let Ok(event) = serde_json::from_str::<Value>(line) else {
        // The thread is gone: nothing is served any more.
        return match line.strip_prefix("err") {
            Some(why) => Err(Failure::Refused(why.trim().to_owned())),
            None => Ok(()),
        };
    };
    out.json_text(line)?;
    out.say(event_text(&event))
}

/// An event for people: time, line, what, and whatever else it tells.
fn event_text(event: &Value) -> String {
    let field = |name: &str| event.get(name).map_or_else(String::new, value_text);
    let mut text = format!(
        "{:>9.3} s  line {}  {}",
        event.get("t").and_then(Value::as_f64).unwrap_or(0.0),
        field("line"),
        field("ev")
    );
    for (key, value) in event.as_object().into_iter().flatten() {
        if !matches!(key.as_str(), "t" | "line" | "ev") {
            text.push_str(&format!("  {} {}", Printable(key), value_text(value)));
        }
    }
    text
}

fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => Printable(text).to_string(),
        other => Printable(&other.to_string()).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_readable_and_harmless() {
        let event: Value = serde_json::from_str(
            "{\"t\":2.5,\"line\":0,\"ev\":\"callerid\",\"number\":\"5551234\",\"name\":\"\\u001b[2J\"}",
        )
        .unwrap();
        assert_eq!(event_text(&event), "    2.500 s  line 0  callerid  name \\x1b[2J  number 5551234");
    }

    #[test]
    fn profiles() {
        assert_eq!(parse_profile("silent").map(|p| p.name), Ok("silent"));
        assert!(parse_profile("loud").is_err_and(|why| why.contains("standard")));
    }
}
