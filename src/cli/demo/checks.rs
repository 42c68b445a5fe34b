//! What must come of a step, on both sides: the states of the host's calls, and who talks to whom on the exchange.

use super::super::session::{Record, Unknown, seconds};
use super::super::words;
use super::acts::{Line, Name, To};
use super::services::{BUSY, Stop, Troupe};
use crate::hal::exchange::number_of;
use crate::signal::Time;

impl Troupe<'_> {
    pub(super) fn offered(&mut self, line: Line, name: Name) -> Result<(), Stop> {
        let missing = format!("no call comes in at {}", line.name());
        let host = self.wait(&missing, |troupe| Ok(troupe.board.take_new(line.place())))?;
        self.calls.insert(name, host);
        self.is(name, "OFFERING")
    }

    pub(super) fn is(&mut self, name: Name, expected: &'static str) -> Result<(), Stop> {
        let Some(host) = self.calls.get(name).copied() else {
            return Err(Stop::Failed(format!("there is no call {name}")));
        };
        self.wait(&format!("{name} is not {expected}"), |troupe| {
            let state = troupe.board.call(host).and_then(|call| call.state);
            match state.map(|state| words::state(state).0) {
                Some(state) if state == expected => Ok(Some(())),
                Some(over @ "IDLE") => Err(Stop::Failed(format!("{name} is {over} and not {expected}"))),
                _ => Ok(None),
            }
        })?;
        self.part.checks += 1;
        Ok(())
    }

    pub(super) fn caller(&mut self, name: Name, who: Option<Line>) -> Result<(), Stop> {
        let Some(host) = self.calls.get(name).copied() else {
            return Err(Stop::Failed(format!("there is no call {name}")));
        };
        let caller = self.wait(&format!("{name} has no caller identification"), |troupe| {
            Ok(troupe.board.call(host).and_then(|call| call.caller.clone()))
        })?;
        let expected = who.map(|line| number_of(line.port())).ok_or(Unknown::Withheld);
        if caller.number != expected {
            return Err(Stop::Failed(format!("the caller of {name} is {:?} and not {expected:?}", caller.number)));
        }
        self.part.checks += 1;
        Ok(())
    }

    /// Compares who is what to a line on the exchange.
    pub(super) fn with(&mut self, line: Line, expected: &[(To, &'static str)]) -> Result<(), Stop> {
        let number = |to: &To| match to {
            To::Line(line) => number_of(line.port()),
            To::Busy => BUSY.to_owned(),
        };
        let mut wanted: Vec<(String, String)> =
            expected.iter().map(|(to, role)| (number(to), (*role).to_owned())).collect();
        wanted.sort_unstable();
        let mut found = Vec::new();
        let missing = format!("the exchange does not have {} with {}", line.name(), listed(&wanted));
        let seen = self.wait(&missing, |troupe| {
            found = troupe.parties(line)?;
            Ok((found == wanted).then_some(()))
        });
        if let Err(Stop::Failed(why)) = seen {
            return Err(Stop::Failed(format!("{why}, but with {}", listed(&found))));
        }
        seen?;
        let at = self.at(self.board.now());
        let text = listed(&wanted);
        self.say(line.place(), at, &format!("the exchange: with {text}"))?;
        self.out.object(&Record {
            t: seconds(at),
            line: Some(line.selector()),
            ev: "parties",
            text: Some(&text),
            ..Record::default()
        })?;
        self.part.checks += 1;
        Ok(())
    }

    /// Who is what to a line, as the exchange knows it.
    fn parties(&self, line: Line) -> Result<Vec<(String, String)>, Stop> {
        let reply = self.board.ask_exchange(&format!("state {}", line.port())).map_err(Stop::Failed)?;
        let state: State = reply
            .lines()
            .next()
            .and_then(|first| serde_json::from_str(first).ok())
            .ok_or_else(|| Stop::Failed("the exchange does not tell its state".into()))?;
        let mut parties: Vec<(String, String)> = state.parties.into_iter().map(|p| (p.number, p.role)).collect();
        parties.sort_unstable();
        Ok(parties)
    }

    /// Says what the subscribers did on their wires since last asked: hook, flash, digits. A number that is still being
    /// dialled is kept for later, unless all is to be said now.
    pub(super) fn wires(&mut self, all: bool) -> Result<(), Stop> {
        let reply = self.board.ask_exchange("events").map_err(Stop::Failed)?;
        for event in reply.lines().filter_map(|line| serde_json::from_str::<Event>(line).ok()) {
            let Some(line) = Line::ALL.into_iter().find(|line| line.port() == event.line) else { continue };
            self.wires[line.place()].add(&event);
        }
        let now = seconds(self.board.now());
        for line in Line::ALL {
            let wire = &mut self.wires[line.place()];
            if wire.text.is_empty() || !(all || wire.is_complete(now)) {
                continue;
            }
            let Wire { t, text } = std::mem::take(wire);
            let at = self.at(Time::from_millis((t * 1000.0) as u64));
            self.say(line.place(), at, &format!("on the wire: {text}"))?;
            self.out.object(&Record {
                t: seconds(at),
                line: Some(line.selector()),
                ev: "wire",
                text: Some(&text),
                ..Record::default()
            })?;
        }
        Ok(())
    }

    /// Ends every call and waits until the lines are free, so that acts do not touch each other.
    pub(super) fn clear(&mut self) -> Result<(), Stop> {
        let mut patience = self.board.patience();
        let mut again = true;
        while !self.board.quiet() || !self.all_free()? {
            if let Some(happening) = self.board.next(self.interrupt)? {
                self.happened(&happening)?;
            } else if let Some(why) = self.board.too_long(patience) {
                if !again {
                    return Err(Stop::Failed(format!("the lines do not become free ({why})")));
                }
                // Of two calls that leave one another, one may have stayed.
                self.board.ask_again();
                (again, patience) = (false, self.board.patience());
            }
        }
        self.calls.clear();
        self.parked = None;
        self.wires(true)
    }

    /// Waits until a line can make a call.
    pub(super) fn free(&mut self, line: Line) -> Result<(), Stop> {
        self.wait(&format!("{} does not become free", line.name()), |troupe| {
            Ok(troupe.board.is_free(line.place()).then_some(()))
        })
    }

    /// Whether every line is free, on both sides.
    fn all_free(&self) -> Result<bool, Stop> {
        for line in Line::ALL {
            let reply = self.board.ask_exchange(&format!("state {}", line.port())).map_err(Stop::Failed)?;
            let state: Option<State> = reply.lines().next().and_then(|first| serde_json::from_str(first).ok());
            if state.is_none_or(|state| state.phase != "idle") || !self.board.is_free(line.place()) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// What the exchange tells of a line, as far as it is looked at.
#[derive(serde::Deserialize)]
struct State {
    phase: String,
    #[serde(default)]
    parties: Vec<Party>,
}

#[derive(serde::Deserialize)]
struct Party {
    #[serde(default)]
    number: String,
    role: String,
}

/// What the exchange tells of a line's wire.
#[derive(serde::Deserialize)]
struct Event {
    t: f64,
    line: usize,
    ev: String,
    #[serde(default)]
    digit: String,
}

/// Digits that are further apart than this, in seconds, are told apart: dialling by machine is faster, and a procedure that
/// waits for a tone between them is slower.
const BETWEEN_DIGITS: f64 = 0.4;

/// What a subscriber did on the wire, not told yet.
#[derive(Debug, Default)]
pub(super) struct Wire {
    /// When the last of it happened, in seconds.
    t: f64,
    text: String,
}

impl Wire {
    fn add(&mut self, event: &Event) {
        let what = match event.ev.as_str() {
            "digit" => event.digit.as_str(),
            "flash" => "flash",
            "offhook" => "off hook",
            "onhook" => "on hook",
            _ => return,
        };
        let joins = event.ev == "digit" && self.ends_with_digit() && event.t - self.t <= BETWEEN_DIGITS;
        if !self.text.is_empty() && !joins {
            self.text.push_str(", ");
        }
        self.text.push_str(what);
        self.t = event.t;
    }

    fn ends_with_digit(&self) -> bool {
        self.text.ends_with(|c| matches!(c, '0'..='9' | '*' | '#' | 'A'..='D'))
    }

    /// Whether no more digits can belong to it.
    fn is_complete(&self, now: f64) -> bool {
        !self.ends_with_digit() || now - self.t > BETWEEN_DIGITS
    }
}

/// Parties for people, by the names of their lines.
fn listed(parties: &[(String, String)]) -> String {
    if parties.is_empty() {
        return "nobody".into();
    }
    let who = |number: &str| {
        let line = Line::ALL.into_iter().find(|line| number_of(line.port()) == number);
        line.map_or_else(|| number.to_owned(), |line| line.name().to_owned())
    };
    parties.iter().map(|(number, role)| format!("{} {role}", who(number))).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parties_are_named_by_their_lines() {
        assert_eq!(listed(&[]), "nobody");
        let parties = [(number_of(3), "active".to_owned()), ("5551234".to_owned(), "held".to_owned())];
        assert_eq!(listed(&parties), "B active, 5551234 held");
    }

    #[test]
    fn a_number_is_told_in_one_piece() {
        let mut wire = Wire::default();
        let event = |t, ev: &str, digit: &str| Event { t, line: 1, ev: ev.into(), digit: digit.into() };
        wire.add(&event(1.0, "offhook", ""));
        assert!(wire.is_complete(1.0));
        for (t, digit) in [(1.5, "*"), (1.7, "7"), (1.9, "2"), (3.0, "5")] {
            wire.add(&event(t, "digit", digit));
        }
        assert_eq!(wire.text, "off hook, *72, 5");
        assert!(!wire.is_complete(3.2) && wire.is_complete(3.5));
        wire.add(&event(3.3, "tone", ""));
        wire.add(&event(3.4, "flash", ""));
        assert_eq!(wire.text, "off hook, *72, 5, flash");
        assert!(wire.is_complete(3.4));
    }

    #[test]
    fn the_exchange_is_understood() {
        let state: State = serde_json::from_str(
            r#"{"t":1,"line":1,"phase":"talking","parties":[{"role":"held"},{"role":"active","number":"5550103"}]}"#,
        )
        .unwrap();
        assert_eq!((state.phase.as_str(), state.parties.len()), ("talking", 2));
        assert_eq!((state.parties[0].number.as_str(), state.parties[1].role.as_str()), ("", "active"));
    }
}
