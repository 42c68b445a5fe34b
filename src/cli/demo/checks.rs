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

    /// Says what the subscribers did on their wires since last asked: hook, flash, digits.
    pub(super) fn wires(&mut self) -> Result<(), Stop> {
        let reply = self.board.ask_exchange("events").map_err(Stop::Failed)?;
        let events = reply.lines().filter_map(|line| serde_json::from_str::<Event>(line).ok());
        let mut seen: [(f64, String); Line::ALL.len()] = Default::default();
        for event in events {
            let Some(line) = Line::ALL.into_iter().find(|line| line.port() == event.line) else { continue };
            let (t, text) = &mut seen[line.place()];
            let before = text.len();
            match event.ev.as_str() {
                "digit" if text.ends_with(is_dtmf) => text.push_str(&event.digit),
                "digit" => push(text, &event.digit),
                "flash" => push(text, "flash"),
                "offhook" => push(text, "off hook"),
                "onhook" => push(text, "on hook"),
                _ => {}
            }
            if text.len() > before {
                *t = event.t;
            }
        }
        for (line, (t, text)) in Line::ALL.into_iter().zip(&seen).filter(|(_, (_, text))| !text.is_empty()) {
            let at = self.at(Time::from_millis((t * 1000.0) as u64));
            self.say(line.place(), at, &format!("on the wire: {text}"))?;
            self.out.object(&Record {
                t: seconds(at),
                line: Some(line.selector()),
                ev: "wire",
                text: Some(text),
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
        self.wires()
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

fn is_dtmf(c: char) -> bool {
    matches!(c, '0'..='9' | '*' | '#' | 'A'..='D')
}

/// Adds to a list.
fn push(list: &mut String, what: &str) {
    if !list.is_empty() {
        list.push_str(", ");
    }
    list.push_str(what);
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
    fn the_exchange_is_understood() {
        let state: State = serde_json::from_str(
            r#"{"t":1,"line":1,"phase":"talking","parties":[{"role":"held"},{"role":"active","number":"5550103"}]}"#,
        )
        .unwrap();
        assert_eq!((state.phase.as_str(), state.parties.len()), ("talking", 2));
        assert_eq!((state.parties[0].number.as_str(), state.parties[1].role.as_str()), ("", "active"));
    }
}
