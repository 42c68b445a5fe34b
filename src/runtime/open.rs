//! Opening what the configuration names.

use super::hotplug::Identity;
use crate::config::{Config, Emulated};
use loopstart_hal::drivers::fxo::Fxo;
use loopstart_hal::drivers::voice_modem::VoiceModem;
use loopstart_hal::exchange::modem::{Modem, Profile, STANDARD};
use loopstart_hal::exchange::{EmulatedExchange, LineKind, ServeSettings, extension_of, number_of};
use loopstart_hal::ports::{Metered, SerialPort};
use loopstart_hal::registry::{self, EmulatedPort, Selector};
use loopstart_hal::{LineDevice, OpenError};
use loopstart_provider::{DeviceDescription, DeviceId};
use loopstart_signal::Clock;
use loopstart_signal::country::{self, Country};
use std::sync::Arc;

/// The provider could not be started at all.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A thread, a descriptor or the emulated exchange could not be made.
    #[error("the threads of the provider could not be started: {0}")]
    Os(std::io::Error),
    /// The emulated exchange could not be started.
    #[error("the emulated exchange could not be started: {0}")]
    Exchange(std::io::Error),
}

pub(super) struct Opened {
    pub(super) exchange: Option<EmulatedExchange>,
    pub(super) lines: Vec<Line>,
}

pub(super) struct Line {
    pub(super) description: DeviceDescription,
    pub(super) identity: Identity,
    pub(super) found: bool,
    pub(super) device: Result<Box<dyn LineDevice>, OpenError>,
}

/// Opens every configured device. One that cannot be opened carries its error.
pub(super) fn open(config: &Config) -> Result<Opened, StartError> {
    let country = country::by_code(&config.emulated.country).unwrap_or(country::US);
    let exchange = start_exchange(&config.devices, &config.emulated, country)?;
    let lines = config
        .devices
        .iter()
        .zip(config.device_id_base..)
        .map(|(selector, id)| {
            // Before it is opened: a device that goes meanwhile is still known for what it was.
            let identity = Identity::look(config, selector);
            let device = open_at(selector, &identity, exchange.as_ref(), config);
            let description = describe(config, selector, DeviceId(id), &identity);
            Line { description, identity, found: config.was_found(selector), device }
        })
        .collect();
    Ok(Opened { exchange, lines })
}

pub(super) fn describe(config: &Config, selector: &Selector, id: DeviceId, identity: &Identity) -> DeviceDescription {
    let plan = config.plan_of(selector);
    let (name, info, number, clock) = match selector {
        Selector::Emulated { line, port, .. } => {
            let info = match port {
                EmulatedPort::Modem => "emulated voice modem on a pseudo-terminal",
                EmulatedPort::Fxo => "emulated FXO port",
            };
            let number = usize::try_from(*line).ok().map(|line| number_of(line).as_str().to_owned());
            (format!("Emulated line {line}"), info.to_owned(), number, Clock::Line)
        }
        Selector::Serial { .. } | Selector::Usb { .. } => {
            (format!("Modem {selector}"), "voice modem".to_owned(), None, Clock::Monotonic)
        }
        Selector::Dahdi(channel) => {
            (format!("FXO channel {channel}"), "FXO channel".to_owned(), None, Clock::Monotonic)
        }
    };
    let number = number.or_else(|| config.line(selector).and_then(|line| line.number.clone()));
    let extension = match selector {
        Selector::Emulated { line, .. } if plan.access.is_some() => {
            usize::try_from(*line).ok().map(|line| extension_of(line).as_str().to_owned())
        }
        _ => None,
    };
    DeviceDescription {
        id,
        name,
        stable_id: identity.stable.as_ref().unwrap_or(selector).to_string(),
        provider_info: format!("loopstart {}: {info}, {selector}", env!("CARGO_PKG_VERSION")),
        number,
        extension,
        clock,
        plan,
    }
}

/// Starts the exchange when an emulated line is configured.
fn start_exchange(
    devices: &[Selector],
    emulated: &Emulated,
    country: &'static Country,
) -> Result<Option<EmulatedExchange>, StartError> {
    let (mut lines, mut models) = (Vec::new(), Vec::new());
    for device in devices {
        let Selector::Emulated { line, port, model } = device else { continue };
        let line = usize::try_from(*line).unwrap_or(usize::MAX);
        if line >= loopstart_hal::exchange::MAX_LINES {
            continue;
        }
        if lines.len() <= line {
            lines.resize(line + 1, LineKind::Unused);
            models.resize(line + 1, &STANDARD);
        }
        models[line] = Profile::by_name(model).unwrap_or(&STANDARD);
        lines[line] = match port {
            EmulatedPort::Modem => LineKind::Modem { symlink: None },
            EmulatedPort::Fxo => LineKind::Fxo,
        };
    }
    if lines.is_empty() {
        return Ok(None);
    }
    let settings = ServeSettings { country, speed: emulated.speed, control: emulated.control.clone(), lines };
    let (wires, plan) = (emulated.wires, Arc::clone(&emulated.plan));
    let model = move |line: usize| models.get(line).copied().unwrap_or(&STANDARD);
    let firmware = Box::new(move |line| Box::new(Modem::new(model(line), country)) as Box<_>);
    EmulatedExchange::start_with(settings, firmware, move |exchange| {
        exchange.line = wires;
        exchange.plan = plan;
    })
    .map(Some)
    .map_err(StartError::Exchange)
}

/// Opens a line's device where it was seen: by its node, for the name of a modem on USB may by now fit a twin as well.
pub(super) fn open_at(
    selector: &Selector,
    identity: &Identity,
    exchange: Option<&EmulatedExchange>,
    config: &Config,
) -> Result<Box<dyn LineDevice>, OpenError> {
    let ids = match &identity.stable {
        Some(Selector::Usb { vendor, product, .. }) => Some((*vendor, *product)),
        _ => None,
    };
    match (selector, &identity.node) {
        (Selector::Serial { .. } | Selector::Usb { .. }, Some(node)) => {
            let modem = registry::open_serial_at(selector, node, ids, Clock::Monotonic)?;
            Ok(Box::new(modem.with_country(config.country_of(selector)).with_guards(config.modem.guards)))
        }
        _ => open_device(selector, exchange, config),
    }
}

fn open_device(
    selector: &Selector,
    exchange: Option<&EmulatedExchange>,
    config: &Config,
) -> Result<Box<dyn LineDevice>, OpenError> {
    let country = config.country_of(selector);
    let guards = config.modem.guards;
    let missing = || OpenError::Missing { device: selector.to_string() };
    match selector {
        Selector::Emulated { line, port, .. } => {
            let line = usize::try_from(*line).map_err(|_| missing())?;
            let exchange = exchange.ok_or_else(missing)?;
            match port {
                EmulatedPort::Modem => {
                    let path = exchange.pty_path(line).ok_or_else(missing)?;
                    let meter = exchange.meter(line).ok_or_else(missing)?;
                    let port = Metered::new(SerialPort::open(&path)?, Arc::clone(&meter));
                    Ok(Box::new(VoiceModem::new(port, Clock::Line).with_country(country).with_guards(guards)))
                }
                EmulatedPort::Fxo => {
                    let port = exchange.take_fxo_port(line).ok_or_else(missing)?;
                    Ok(Box::new(Fxo::new(port, country, Clock::Line)))
                }
            }
        }
        Selector::Serial { .. } | Selector::Usb { .. } => {
            let modem = registry::open_serial(selector, Clock::Monotonic)?;
            Ok(Box::new(modem.with_country(country).with_guards(guards)))
        }
        Selector::Dahdi(_) => Err(OpenError::WrongKind {
            device: selector.to_string(),
            reason: "this version does not drive DAHDI channels yet; use an emulated line or a voice modem".into(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::LineSettings;

    #[test]
    fn a_real_line_has_the_number_that_the_configuration_gives_it() {
        let mut config = Config::default();
        config.set_devices(["serial:/dev/ttyACM0", "serial:/dev/ttyACM1", "emulated:1"]).unwrap();
        config.lines.push(LineSettings {
            selector: config.devices[0].clone(),
            plan: Arc::clone(&config.plan),
            country: country::US,
            number: Some("5550199".into()),
        });
        let numbers = config.devices.iter().map(|s| describe(&config, s, DeviceId(0), &Identity::default()).number);
        assert_eq!(numbers.collect::<Vec<_>>(), [Some("5550199".into()), None, Some("5550101".into())]);
    }
}
