//! `loopstart list`: configured and attached devices.

use super::output::{Out, Printable};
use super::session::Session;
use super::signals::Interrupt;
use super::{Failure, words};
use crate::config::{Config, means};
use crate::hal::registry::{self, EmulatedPort, Selector};
use crate::provider::DeviceId;
use crate::signal::Caps;
use serde::Serialize;
use std::time::{Duration, Instant};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

/// How long devices may take to say what they can do.
const READY: Duration = Duration::from_secs(8);

/// How often we look whether they have.
const LOOK: Duration = Duration::from_millis(20);

/// One row of the list.
#[derive(Debug, Default, Serialize)]
struct Row {
    selector: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u32>,
    stable_id: String,
    kind: &'static str,
    /// `ready`, `silent`, `failed`, or `attached` for a device that is there and not configured.
    state: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    info: String,
    caps: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

pub(super) fn run(options: &Options) -> Result<(), Failure> {
    let interrupt = Interrupt::install()?;
    let config = Config::from_env()?;
    let mut out = Out::new(options.json);
    let mut rows = configured(config.clone(), &interrupt)?;
    rows.extend(attached(&config));
    if rows.is_empty() {
        return out.say(
            "No device is configured, and no voice modem or FXO card was found.\n\
             Try: 'loopstart demo', which needs none;\n     \
             LOOPSTART_DEVICES=emulated:0 for an emulated line;\n     \
             LOOPSTART_DEVICES=serial:/dev/ttyS0 for a modem on a serial port or behind a serial adapter.",
        );
    }
    for row in &rows {
        out.object(row)?;
        out.say(row.text())?;
    }
    Ok(())
}

/// The configured devices, opened to see what they can do.
fn configured(config: Config, interrupt: &Interrupt) -> Result<Vec<Row>, Failure> {
    if config.devices.is_empty() {
        return Ok(Vec::new());
    }
    let selectors = config.devices.clone();
    let session = Session::start(config, interrupt)?;
    let until = Instant::now() + READY;
    let waiting = |device: &DeviceId| session.failure(*device).is_none() && caps(&session, *device).is_empty();
    while session.runtime().devices().iter().any(waiting) && Instant::now() < until {
        if interrupt.wait(LOOK) {
            return Err(Failure::refused("interrupted"));
        }
    }
    let rows = session.devices().into_iter().zip(&selectors).map(|((device, label), selector)| {
        let mut row = Row { selector: label, id: Some(device.0), kind: kind(selector), ..Row::default() };
        if let Ok(known) = session.runtime().query(|p| p.device_caps(device)) {
            row.stable_id = known.stable_id;
            row.name = known.name;
            row.info = known.provider_info;
            row.caps = words::caps(known.caps);
        }
        match session.failure(device) {
            Some(error) => {
                row.state = "failed";
                row.hint = Some(error.to_string());
            }
            None if row.caps.is_empty() => {
                row.state = "silent";
                row.hint = Some("it does not answer; is it switched on, and is it a modem?".into());
            }
            None => row.state = "ready",
        }
        row
    });
    Ok(rows.collect())
}

fn caps(session: &Session, device: DeviceId) -> Caps {
    session.runtime().query(|p| p.device_caps(device)).map_or(Caps::empty(), |d| d.caps)
}

/// What is attached and not configured.
fn attached(config: &Config) -> impl Iterator<Item = Row> {
    let found = registry::coldplug_in(&config.roots).into_iter();
    found.filter(|f| !config.devices.iter().any(|s| means(s, f))).map(|f| Row {
        selector: f.selector.to_string(),
        stable_id: f.stable.to_string(),
        kind: kind(&f.selector),
        state: "attached",
        hint: Some(format!(
            "not configured{}; use it with LOOPSTART_DEVICES={}",
            if f.known { "" } else { ", and not a known voice modem" },
            f.stable
        )),
        name: f.description,
        ..Row::default()
    })
}

fn kind(selector: &Selector) -> &'static str {
    match selector {
        Selector::Emulated { port: EmulatedPort::Modem, .. } => "emulated voice modem",
        Selector::Emulated { port: EmulatedPort::Fxo, .. } => "emulated FXO port",
        Selector::Serial { .. } | Selector::Usb { .. } => "voice modem",
        Selector::Dahdi(_) => "FXO port",
    }
}

impl Row {
    fn text(&self) -> String {
        let mut text = format!("{}  {}, {}", Printable(&self.selector), self.kind, self.state);
        if !self.stable_id.is_empty() && self.stable_id != self.selector {
            text.push_str(&format!("\n    stable id: {}", Printable(&self.stable_id)));
        }
        let about = [&self.name, &self.info].map(|s| Printable(s).to_string());
        let about: Vec<&str> = about.iter().map(String::as_str).filter(|s| !s.is_empty()).collect();
        if !about.is_empty() {
            text.push_str(&format!("\n    {}", about.join("; ")));
        }
        if !self.caps.is_empty() {
            text.push_str(&format!("\n    {}", self.caps.join(", ")));
        }
        if let Some(hint) = &self.hint {
            text.push_str(&format!("\n    {}", Printable(hint)));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_device_says_is_shown_harmless() {
        let row =
            Row { selector: "serial:/dev/ttyACM0".into(), state: "ready", name: "\u{1b}c\nx".into(), ..Row::default() };
        assert_eq!(row.text().lines().count(), 2);
        assert!(!row.text().contains('\u{1b}'));
    }
}
