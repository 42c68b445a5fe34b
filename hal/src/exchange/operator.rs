//! What may be asked of an exchange from outside, and what an operator can do to its lines.

use super::event::{EventKind, EventLog};
use super::line::Recorder;
use super::numbers::{Destination, DialString};
use super::party::{Act, Party};
use super::settings::{Settings, date_time_after};
use super::station::{Forward, Role};
use super::switch::Exchange;
use super::tones::Signal;
use loopstart_signal::plan::Service;
use loopstart_signal::{CallerId, DateTime, Name, Number, PartyId, Time};
use std::time::Duration;

/// A command could not be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The exchange has no such line.
    #[error("no such line")]
    NoSuchLine,
    /// The line is off hook, being rung, or in a call.
    #[error("the line is busy")]
    Busy,
    /// There is no call to end.
    #[error("no call on the line")]
    NoCall,
    /// It is no digit, or too many wait.
    #[error("not digits, or too many")]
    Digits,
    /// Nobody can be reached at that number from the line.
    #[error("no such number")]
    Number,
}

/// A look at one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineState {
    /// The terminal is off hook.
    pub off_hook: bool,
    /// `idle`, `dialing`, `calling`, `ringing`, `talking`, `clearing`, `treatment`.
    pub phase: &'static str,
    /// There is battery.
    pub battery: bool,
    /// Polarity is reversed.
    pub reversed: bool,
    /// A terminal is plugged in.
    pub plugged: bool,
    /// The exchange's tone on the line.
    pub tone: Option<&'static str>,
    /// The line at the other end of its call.
    pub peer_line: Option<usize>,
    /// The parties of its calls, and what each is to it.
    pub parties: Vec<(Number, Role)>,
    /// Where all its calls go instead.
    pub forward: Option<DialString>,
    /// It takes waiting calls.
    pub call_waiting: bool,
    /// Slots that hold a call, on the whole exchange.
    pub parked: Vec<String>,
}

impl Exchange {
    /// Its settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The line time of the last step.
    pub fn now(&self) -> Time {
        self.now
    }

    /// What happened.
    pub fn events(&self) -> &EventLog {
        &self.events
    }

    /// What the exchange's clock says.
    pub fn date_time(&self) -> DateTime {
        date_time_after(self.settings.date_time, self.now.since(Time::ZERO))
    }

    /// A look at a line.
    ///
    /// # Errors
    /// [`Refused::NoSuchLine`].
    pub fn state(&self, line: usize) -> Result<LineState, Refused> {
        let circuit = self.lines.get(line).ok_or(Refused::NoSuchLine)?;
        let peer = self.call_of(line).and_then(|call| call.leg(call.end_of(line)?.other()).line());
        Ok(LineState {
            off_hook: circuit.is_off_hook(),
            phase: circuit.phase.name(),
            battery: circuit.battery && !circuit.open,
            reversed: circuit.reversed != circuit.supervised,
            plugged: circuit.plugged,
            tone: circuit.tone().map(Signal::name),
            peer_line: peer,
            parties: self.parties(line)?,
            forward: circuit.station.forward_all.map(|forward| forward.number),
            call_waiting: !circuit.station.waiting_off && self.settings.plan.has(Service::WaitingAnswer),
            parked: self.parked().map(str::to_owned).collect(),
        })
    }

    /// Places a call to `line` from outside. The time that caller ID carries is the exchange's.
    ///
    /// # Errors
    /// [`Refused::Busy`] when the line is not free, [`Refused::NoSuchLine`].
    pub fn call(&mut self, line: usize, number: PartyId<Number>, name: PartyId<Name>) -> Result<(), Refused> {
        let id = CallerId { number, name, time: None };
        self.call_from(line, Party::calling(id, &[Act::Stay], &[Act::Stay]))
    }

    /// The far end of a line's call hangs up, or stops calling. With several calls: of the active one, else the one that
    /// waits, else the held one.
    ///
    /// # Errors
    /// [`Refused::NoCall`], [`Refused::NoSuchLine`].
    pub fn hang_up(&mut self, line: usize) -> Result<(), Refused> {
        let station = &self.circuit(line)?.station;
        let other = station.waiting.map(|waiting| waiting.call).or(station.held.first().copied());
        let call = self.call_of(line).or_else(|| self.calls.iter().find(|call| Some(call.id) == other));
        let (id, end) = call.and_then(|call| Some((call.id, call.end_of(line)?.other()))).ok_or(Refused::NoCall)?;
        self.release(id, end);
        Ok(())
    }

    /// Forwards all calls of a line to a number, dialled as from that line; or stops that.
    ///
    /// # Errors
    /// [`Refused::Number`] when the number leads nowhere, or to the line itself; [`Refused::NoSuchLine`].
    pub fn set_forward(&mut self, line: usize, number: Option<&str>) -> Result<(), Refused> {
        self.circuit(line)?;
        let forward = match number {
            None => None,
            Some(number) => {
                let number = DialString::from(number).map_err(|_| Refused::Number)?;
                let to = self.destination(&number).filter(|to| *to != Destination::Line(line));
                Some(Forward { to: to.ok_or(Refused::Number)?, number })
            }
        };
        self.circuit(line)?.station.forward_all = forward;
        Ok(())
    }

    /// Switches call waiting on or off for a line. It has it only where the plan offers it.
    ///
    /// # Errors
    /// [`Refused::NoSuchLine`].
    pub fn set_call_waiting(&mut self, line: usize, on: bool) -> Result<(), Refused> {
        self.circuit(line)?.station.waiting_off = !on;
        Ok(())
    }

    /// Messages wait for the subscriber, or none do any more. The idle line is told by data; where the plan has that,
    /// dial tone stutters while messages wait.
    ///
    /// # Errors
    /// [`Refused::NoSuchLine`].
    pub fn set_messages(&mut self, line: usize, on: bool) -> Result<(), Refused> {
        let station = &mut self.circuit(line)?.station;
        station.messages = on;
        station.messages_due = true;
        Ok(())
    }

    /// The far end sends DTMF digits (`,` is a pause of a second).
    ///
    /// # Errors
    /// [`Refused::Digits`], [`Refused::NoSuchLine`].
    pub fn send_digits(&mut self, line: usize, digits: &str) -> Result<(), Refused> {
        let circuit = self.circuit(line)?;
        let known = |b: u8| matches!(b.to_ascii_uppercase(), b'0'..=b'9' | b'*' | b'#' | b'A'..=b'D' | b',');
        if !digits.bytes().all(known) || !circuit.source.digits(digits) {
            return Err(Refused::Digits);
        }
        Ok(())
    }

    /// Puts a tone on the line, for `ms` or until the next one.
    ///
    /// # Errors
    /// [`Refused::NoSuchLine`].
    pub fn send_tone(&mut self, line: usize, signal: Signal, ms: Option<u32>) -> Result<(), Refused> {
        let country = self.settings.country;
        self.circuit(line)?.source.tone(signal, country, ms);
        Ok(())
    }

    /// Plays 8 kHz audio to the line, instead of what plays now; `PlayDone` follows at its end, or when the terminal
    /// goes on hook.
    ///
    /// # Errors
    /// [`Refused::NoSuchLine`].
    pub fn play(&mut self, line: usize, clip: Vec<i16>) -> Result<(), Refused> {
        self.circuit(line)?.source.play(clip);
        Ok(())
    }

    /// Stops tones, digits and audio that commands put on the line; `PlayDone` tells of audio cut short.
    ///
    /// # Errors
    /// [`Refused::NoSuchLine`].
    pub fn stop_sending(&mut self, line: usize) -> Result<(), Refused> {
        if self.circuit(line)?.source.stop() {
            self.event(line, EventKind::PlayDone);
        }
        Ok(())
    }

    /// Records what the terminal says while it is off hook; ends the recording under way, if any. The recording ends by
    /// itself when the terminal goes on hook.
    ///
    /// # Errors
    /// [`Refused::NoSuchLine`].
    pub fn record(&mut self, line: usize, recorder: Option<Box<dyn Recorder>>) -> Result<(), Refused> {
        if let Some(samples) = self.circuit(line)?.record(recorder) {
            self.event(line, EventKind::RecordDone(samples));
        }
        Ok(())
    }

    /// Sets the line's polarity.
    ///
    /// # Errors
    /// [`Refused::NoSuchLine`].
    pub fn set_polarity(&mut self, line: usize, reversed: bool) -> Result<(), Refused> {
        let circuit = self.circuit(line)?;
        circuit.supervised = false;
        if std::mem::replace(&mut circuit.reversed, reversed) != reversed {
            self.event(line, EventKind::Polarity(reversed));
        }
        Ok(())
    }

    /// Turns the line's battery on or off (a cut cable).
    ///
    /// # Errors
    /// [`Refused::NoSuchLine`].
    pub fn set_battery(&mut self, line: usize, on: bool) -> Result<(), Refused> {
        let circuit = self.circuit(line)?;
        if std::mem::replace(&mut circuit.battery, on) != on {
            self.event(line, EventKind::Battery(on));
        }
        Ok(())
    }

    /// A terminal is plugged in, or pulled out.
    ///
    /// # Errors
    /// [`Refused::NoSuchLine`].
    pub fn set_plugged(&mut self, line: usize, plugged: bool) -> Result<(), Refused> {
        let circuit = self.circuit(line)?;
        if std::mem::replace(&mut circuit.plugged, plugged) != plugged {
            self.event(line, if plugged { EventKind::Plugged } else { EventKind::Unplugged });
        }
        Ok(())
    }

    /// Sets the exchange's clock.
    pub fn set_date_time(&mut self, date_time: DateTime) {
        self.settings.date_time = date_time_after(date_time, Duration::ZERO);
    }

    /// Sets whether and for how long loop current is interrupted when a far end releases.
    pub fn set_open_interval(&mut self, open_interval: Option<Duration>) {
        self.settings.timing.open_interval = open_interval;
    }
}
