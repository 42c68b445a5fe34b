//! A voice modem on the doctor's table: its port, what it says of itself, and what its driver makes of it.

use super::{Report, State};
use crate::hal::drivers::gauge::{LoopBits, LoopState};
use crate::hal::drivers::voice_modem::VoiceModem;
use crate::hal::drivers::voice_modem::codec::Coding;
use crate::hal::ports::SerialPort;
use crate::hal::registry::{self, Found, Selector};
use crate::hal::{EventQueue, LineDevice, OpenError, Port, PortError, Readiness};
use crate::signal::country::Country;
use crate::signal::{Caps, Clock, LineEvent, Loss, Time};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::time::{Duration, Instant};

/// Room for the events of a start.
const EVENTS: usize = 256;
/// How long a modem may take to come into service: as the driver's longest way there.
const START: Duration = Duration::from_secs(30);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_millis(1500);
/// How long a line must be silent before a modem is spoken to.
const SILENCE: Duration = Duration::from_millis(200);
/// More than this is no answer to a question about a name.
const LONGEST: usize = 1024;
/// Questions about maker, model and firmware (ITU-T V.250, 6.1.4 to 6.1.6, and the usual ones).
const QUESTIONS: [(&str, &str); 5] =
    [("maker", "+GMI"), ("model", "+GMM"), ("firmware", "+GMR"), ("chip", "I0"), ("chip's name", "I3")];

/// Looks at the modem of a selector.
pub(super) fn examine(report: &mut Report, selector: &Selector, found: Option<&Found>, country: &'static Country) {
    if let Some(found) = found {
        attached(report, found);
    }
    let node = match (selector, found) {
        (_, Some(found)) => Some(found.node.as_path()),
        (Selector::Serial { path, .. }, None) => Some(path.as_path()),
        _ => None,
    };
    let opened = match node {
        Some(node) => registry::open_serial_at(selector, node, found.and_then(Found::usb_ids), Clock::Monotonic),
        None => registry::open_serial(selector, Clock::Monotonic),
    };
    let mut modem = match opened {
        Ok(modem) => modem.with_country(country),
        Err(error) => return closed(report, &error),
    };
    report.add("port", State::Good, "opened, locked, and nobody else has it");
    ask(report, modem.port_mut());
    match start(&mut modem) {
        Ok(caps) => works(report, &modem, caps, country),
        Err(None) => report.advise("service", State::Bad, "it does not come to an end with its start", RESET),
        Err(Some(loss)) => lost(report, loss),
    }
    if let Some(advice) = modem.advice() {
        report.add("firmware", State::Warning, advice);
    }
}

const RESET: &str = "switch it off and on, or pull it and plug it in again";

fn attached(report: &mut Report, found: &Found) {
    let place = found.place.as_ref().map_or(String::new(), |place| format!(", plugged in at {place}"));
    report.add("attached", State::Good, format!("{} at {}{place}", found.description, found.node.display()));
    if !found.known {
        let hint = format!("keep it named, as {}; or mark it in a udev rule (udev/README.md)", found.stable);
        report.advise("kind", State::Note, "not a known voice modem: it is used only where it is named", hint);
    }
    if found.usb.as_ref().is_some_and(|usb| usb.sleeps) {
        let hint = "echo on > the device's power/control in /sys, or a udev rule that does";
        report.advise("power saving", State::Warning, "the system may put it to sleep, and then it misses rings", hint);
    }
}

fn closed(report: &mut Report, error: &OpenError) {
    let what = match error {
        OpenError::Busy { .. } => "in use",
        OpenError::Permission { .. } => "permission",
        OpenError::Missing { .. } => "attached",
        _ => "port",
    };
    // The text says what to try.
    report.add(what, State::Bad, error);
}

fn lost(report: &mut Report, loss: Loss) {
    let (said, hint) = match loss {
        Loss::Gone => ("it was pulled", "plug it in again"),
        Loss::Silent => ("it answers nothing", "is it a modem, is it switched on, and is the cable whole?"),
        Loss::Garbled => ("it answers what makes no sense", "is it a modem? If so, switch it off and on"),
        Loss::Unsupported => {
            ("its sound is made by a program of the host, which there is not", "get a modem with a chip of its own")
        }
        Loss::Os(_) => ("the system reports an error of its port", RESET),
    };
    report.advise("service", State::Bad, said, hint);
}

fn works(report: &mut Report, modem: &VoiceModem<SerialPort>, caps: Caps, country: &Country) {
    let profile = modem.profile();
    report.add("profile", State::Good, format!("{} ({})", profile.name, profile.title));
    for note in profile.notes {
        report.add("known of it", State::Note, note);
    }
    report.add("country", State::Note, format!("{} ({})", country.code, country.name));
    if let Some(format) = modem.format() {
        report.add("sound", State::Good, format!("{}, {} samples a second", coding(format.coding), format.rate));
    }
    let duplex = match profile.stream.duplex {
        "" => "one way at a time",
        _ => "both ways, unless it refuses when a call comes to it",
    };
    report.add("listening and speaking at once", State::Note, duplex);
    abilities(report, caps);
    if let Some(gauge) = modem.gauge() {
        loop_state(report, gauge.loop_state());
    }
}

const fn coding(coding: Coding) -> &'static str {
    match coding {
        Coding::Unsigned8 | Coding::Signed8 => "8 bits linear",
        Coding::Linear16 => "16 bits linear",
        Coding::MuLaw => "G.711 mu-law",
        Coding::ALaw => "G.711 A-law",
        Coding::Ima => "IMA ADPCM of 4 bits",
        _ => "ADPCM",
    }
}

/// What a device can do, and what it cannot.
pub(super) fn abilities(report: &mut Report, caps: Caps) {
    for (wanted, what, missing, hint) in [
        (
            Caps::VOICE,
            "voice",
            "none: it can only make data calls",
            "another modem, or its profile by serial:PATH?profile=NAME",
        ),
        (
            Caps::AUDIO,
            "a call's audio",
            "none: calls can be made, but nothing can be heard or said",
            "a modem of class 8",
        ),
        (
            Caps::CALLER_ID,
            "caller identification",
            "none: its firmware or its country cannot",
            "country = in the settings",
        ),
        (
            Caps::HEARS_DTMF,
            "received digits",
            "none: it does not tell of them",
            "nothing; callers cannot choose by digits",
        ),
        (Caps::SENDS_DTMF, "sent digits", "none within a call", "nothing; dialling is not concerned"),
        (Caps::FLASH, "hook flash", "none: no transfer, no second call", "its profile, if the modem can"),
        (Caps::SEES_BUSY, "busy tone", "not heard: a busy number looks like one that does not answer", "nothing"),
        (Caps::SEES_RELEASE, "the far end's hanging up", "not seen", "nothing; end calls by silence"),
    ] {
        if caps.contains(wanted) {
            report.add(what, State::Good, "yes");
        } else {
            report.advise(what, State::Warning, missing, hint);
        }
    }
    for (wanted, what) in [
        (Caps::DIAL_PULSE, "dialling by pulses"),
        (Caps::SEES_CALL_WAITING, "call waiting"),
        (Caps::SEES_BATTERY, "telling that the line has no voltage"),
        (Caps::HEARS_MEDIA, "telling voices from machines"),
    ] {
        report.add(what, State::Note, if caps.contains(wanted) { "yes" } else { "no" });
    }
}

/// How the loop is, as far as the device can tell.
pub(super) fn loop_state(report: &mut Report, state: LoopState) {
    let bit = |bit: LoopBits| state.known.contains(bit).then(|| state.set.contains(bit));
    match bit(LoopBits::BATTERY) {
        Some(true) => report.add("line voltage", State::Good, "there is"),
        Some(false) => {
            let hint = "is the telephone cable in the right socket, and is the line switched on?";
            report.advise("line voltage", State::Bad, "none", hint);
        }
        None => report.add("line voltage", State::Note, "this device cannot tell"),
    }
    match bit(LoopBits::OFF_HOOK) {
        Some(true) => report.add("hook", State::Warning, "off: a call is on the line"),
        Some(false) => report.add("hook", State::Good, "on"),
        None => {}
    }
}

/// Has the modem tell its names, before the driver begins.
fn ask(report: &mut Report, port: &mut SerialPort) {
    // What was on its way ends first.
    let _ = question(port, "", SILENCE);
    for (what, command) in QUESTIONS {
        match question(port, command, ANSWER) {
            // Many say the same to several questions.
            Some(said) if said.is_empty() || report.checks.iter().any(|c| c.said == said) => {}
            Some(said) => report.add(what, State::Note, said),
            // One that says nothing is left to the driver, which knows how to wake it.
            None => return,
        }
    }
    // Of all abilities this one is not asked by the driver, which tells rings apart by their cadence.
    match question(port, "+VDR=?", ANSWER) {
        Some(said) if !said.is_empty() => report.add("its own distinctive ring", State::Note, format!("yes ({said})")),
        Some(_) => report.add("its own distinctive ring", State::Note, "no: rings are told apart by their cadence"),
        None => {}
    }
}

/// Sends a command and reads what comes up to the result code. `None`: no result.
fn question(port: &mut SerialPort, command: &str, limit: Duration) -> Option<String> {
    let until = Instant::now() + limit;
    let line = format!("AT{command}\r");
    let mut left = line.as_bytes();
    let mut got = Vec::new();
    while Instant::now() < until && got.len() < LONGEST {
        if !left.is_empty() {
            match port.write(left) {
                Ok(written) => left = left.get(written..).unwrap_or_default(),
                Err(PortError::WouldBlock) => {}
                Err(_) => return None,
            }
        }
        let mut buffer = [0; 256];
        match port.read(&mut buffer) {
            Ok(length) => got.extend_from_slice(buffer.get(..length).unwrap_or_default()),
            Err(PortError::WouldBlock) => {
                wait(port, until);
                continue;
            }
            Err(_) => return None,
        }
        if let Some(answer) = answer(&got, command) {
            return Some(answer);
        }
    }
    None
}

fn wait(port: &SerialPort, until: Instant) {
    let left = until.saturating_duration_since(Instant::now()).min(Duration::from_millis(50));
    if let Some(fd) = port.fd() {
        let mut fds = [PollFd::new(fd, PollFlags::POLLIN)];
        let _ = poll(&mut fds, PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO));
    }
}

/// The text of an answer that is complete; empty for a refusal.
fn answer(bytes: &[u8], command: &str) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.split(['\r', '\n']).map(str::trim).filter(|line| !line.is_empty()).collect();
    let end = lines.iter().position(|line| matches!(*line, "OK" | "ERROR" | "0" | "4"))?;
    if lines.get(end).is_some_and(|line| matches!(*line, "ERROR" | "4")) {
        return Some(String::new());
    }
    let echo = format!("AT{command}");
    let said = lines.iter().take(end).filter(|line| **line != echo);
    Some(said.copied().collect::<Vec<_>>().join(", "))
}

/// Has the driver bring the modem into service. `Err(None)`: it comes to no end.
fn start(modem: &mut VoiceModem<SerialPort>) -> Result<Caps, Option<Loss>> {
    let began = Instant::now();
    // The driver's times are relative; those before its beginning exist too.
    let now = || Time::from_micros(1_000_000 + u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX / 2));
    let mut events = EventQueue::with_capacity(EVENTS);
    modem.start(now(), &mut events);
    while began.elapsed() < START {
        while let Some(event) = events.pop() {
            match event {
                LineEvent::Ready(caps) => return Ok(caps),
                LineEvent::Lost(loss) => return Err(Some(loss)),
                _ => {}
            }
        }
        let readiness = sleep(modem, now());
        modem.ready(readiness, now(), &mut events);
        if modem.deadline().is_some_and(|at| at <= now()) {
            modem.expire(now(), &mut events);
        }
    }
    Err(None)
}

/// Sleeps until the modem's descriptor is ready or its deadline has come.
fn sleep(modem: &VoiceModem<SerialPort>, now: Time) -> Readiness {
    let left = modem.deadline().map_or(START, |at| at.since(now)).min(Duration::from_millis(100));
    let interest = modem.interest();
    let mut flags = PollFlags::empty();
    flags.set(PollFlags::POLLIN, interest.read);
    flags.set(PollFlags::POLLOUT, interest.write);
    let Some(fd) = modem.fd().filter(|_| interest.read || interest.write) else {
        std::thread::sleep(left.max(Duration::from_millis(1)));
        return Readiness::default();
    };
    let mut fds = [PollFd::new(fd, flags)];
    // Rounded up, so that a deadline has passed when it is looked at.
    let timeout = PollTimeout::try_from(left + Duration::from_millis(1)).unwrap_or(PollTimeout::ZERO);
    let _ = poll(&mut fds, timeout);
    let got = fds.first().and_then(PollFd::revents).unwrap_or(PollFlags::empty());
    Readiness {
        read: got.contains(PollFlags::POLLIN),
        write: got.contains(PollFlags::POLLOUT),
        priority: false,
        hangup: got.intersects(PollFlags::POLLHUP | PollFlags::POLLERR),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_up_to_their_end() {
        let read = |text: &str| answer(text.as_bytes(), "I3");
        assert_eq!(read("ATI3\r\r\nCX93010-2x V1.2\r\n"), None);
        assert_eq!(read("ATI3\r\r\nCX93010-2x V1.2\r\n\r\nOK\r\n"), Some("CX93010-2x V1.2".into()));
        assert_eq!(read("\r\na\r\nb\r\n\r\nOK\r\n"), Some("a, b".into()));
        assert_eq!(read("\r\nERROR\r\n"), Some(String::new()));
        assert_eq!(read("ATI3\rX\r0\r"), Some("X".into()), "results as numbers");
        assert_eq!(answer(b"\xff\xfe\r\nOK\r\n", ""), Some("\u{fffd}\u{fffd}".into()));
    }

    #[test]
    fn what_is_missing_is_explained() {
        let mut report = Report::new("voice modem", None);
        abilities(&mut report, Caps::all() - Caps::CALLER_ID);
        let bad: Vec<_> = report.checks.iter().filter(|c| c.state == State::Warning).collect();
        assert_eq!(bad.len(), 1);
        assert_eq!(bad[0].what, "caller identification");
        assert!(bad[0].hint.is_some());
    }

    #[test]
    fn a_line_without_voltage_does_not_work() {
        let mut report = Report::new("FXO port", None);
        loop_state(&mut report, LoopState { known: LoopBits::BATTERY, set: LoopBits::empty() });
        assert_eq!(report.worst(), State::Bad);
    }
}
