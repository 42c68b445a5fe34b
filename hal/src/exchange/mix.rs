//! Who hears whom.
//!
//! Lines and far ends are the nodes of a graph, calls its edges. A line that is in a conference passes on what comes
//! over one call to the others. What a node hears is everyone whom it can reach, each once and never itself: so there
//! is no echo, and no loop howls, however calls and conferences hang together.

use super::call::{Call, CallId, End, Leg};
use super::line::{Line, Phase};
use super::operator::Refused;
use super::station::Role;
use super::subscriber::STEP;
use super::switch::Exchange;
use super::{number_of, party};
use arrayvec::ArrayVec;
use loopstart_signal::{Number, PartyId};

/// Most calls over which one node hears.
const MAX_REACH: usize = 32;

/// Where a call is at a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The line's own, or joined with it.
    Front,
    Held,
    Elsewhere,
}

impl Line {
    fn place(&self, id: CallId) -> Place {
        match &self.phase {
            Phase::Talking(front) | Phase::Calling(front) if *front == id => Place::Front,
            _ if self.station.members.contains(&id) => Place::Front,
            _ if self.station.held.contains(&id) => Place::Held,
            _ => Place::Elsewhere,
        }
    }

    /// The calls of the line's own conversation.
    fn front(&self) -> impl Iterator<Item = CallId> + '_ {
        let own = match &self.phase {
            Phase::Talking(id) | Phase::Calling(id) => Some(*id),
            _ => None,
        };
        own.into_iter().chain(self.station.members.iter().copied())
    }
}

/// What is heard from where.
enum Voice<'a> {
    Line(usize),
    Party(&'a party::Party, &'a [i16; STEP]),
    /// The tone that a line hears is heard by the others of its conference.
    Tone(usize),
    Music,
}

#[derive(Default)]
struct Visited {
    calls: ArrayVec<CallId, MAX_REACH>,
    lines: ArrayVec<usize, MAX_REACH>,
}

fn first_time<T: PartialEq>(list: &mut ArrayVec<T, MAX_REACH>, item: T) -> bool {
    !list.contains(&item) && list.try_push(item).is_ok()
}

impl Exchange {
    /// Everything that comes over a call from its end `from`.
    fn over<'a>(&'a self, id: CallId, from: End, visited: &mut Visited, heard: &mut dyn FnMut(Voice<'a>)) {
        if !first_time(&mut visited.calls, id) {
            return;
        }
        let Some(call) = self.calls.iter().find(|call| call.id == id && call.talking) else { return };
        match call.leg(from) {
            Leg::Party(party) => heard(Voice::Party(party, &call.said[from as usize])),
            Leg::Orbit => heard(Voice::Music),
            Leg::Line(line) => {
                let Some(circuit) = self.lines.get(*line) else { return };
                let (group, own): (ArrayVec<CallId, MAX_REACH>, bool) = match circuit.place(id) {
                    Place::Front => (circuit.front().collect(), !circuit.station.pauses()),
                    Place::Held => (circuit.station.held.iter().copied().collect(), false),
                    // It rings again for the line, which held it.
                    Place::Elsewhere => (ArrayVec::new(), false),
                };
                if group.len() < 2 && !own {
                    heard(Voice::Music);
                }
                if !first_time(&mut visited.lines, *line) {
                    return;
                }
                if own && !circuit.cut {
                    heard(Voice::Line(*line));
                }
                if own && !circuit.station.members.is_empty() {
                    heard(Voice::Tone(*line));
                }
                for other in group {
                    if other != id {
                        self.beyond(*line, other, visited, heard);
                    }
                }
            }
        }
    }

    /// Everything that a line gets over one of its calls.
    fn beyond<'a>(&'a self, line: usize, id: CallId, visited: &mut Visited, heard: &mut dyn FnMut(Voice<'a>)) {
        let end = self.calls.iter().find(|call| call.id == id).and_then(|call| call.end_of(line));
        if let Some(end) = end {
            self.over(id, end.other(), visited, heard);
        }
    }

    /// Everything that a line hears.
    fn heard_by<'a>(&'a self, line: usize, heard: &mut dyn FnMut(Voice<'a>)) {
        let Some(circuit) = self.lines.get(line) else { return };
        if circuit.station.pauses() || circuit.cut {
            return;
        }
        let mut visited = Visited::default();
        visited.lines.push(line);
        for id in circuit.front() {
            self.beyond(line, id, &mut visited, heard);
        }
    }

    fn add(&self, voice: &Voice<'_>, out: &mut [i16; STEP]) {
        let silence = &[0; STEP];
        let audio = match voice {
            Voice::Line(line) => self.lines.get(*line).map_or(silence, |line| &line.heard),
            Voice::Tone(line) => self.lines.get(*line).map_or(silence, |line| &line.tone_audio),
            Voice::Party(_, said) => said,
            Voice::Music => &self.music_audio,
        };
        for (s, x) in out.iter_mut().zip(audio) {
            *s = s.saturating_add((f32::from(*x) * self.path_gain) as i16);
        }
    }

    /// What every line hears in this step.
    pub(super) fn mix_lines(&mut self) {
        let mut speech = std::mem::take(&mut self.speech);
        speech.clear();
        for (line, circuit) in self.lines.iter().enumerate() {
            let mut out = [0; STEP];
            if !matches!(circuit.phase, Phase::Idle) || !circuit.station.members.is_empty() {
                self.heard_by(line, &mut |voice| self.add(&voice, &mut out));
            }
            speech.push(out);
        }
        for (line, speech) in self.lines.iter_mut().zip(&speech) {
            line.speech = *speech;
        }
        self.speech = speech;
    }

    /// What the far end of a call hears that is no line.
    pub(super) fn heard_by_party(&self, call: &Call, end: End) -> [i16; STEP] {
        let mut out = [0; STEP];
        self.over(call.id, end.other(), &mut Visited::default(), &mut |voice| self.add(&voice, &mut out));
        out
    }

    /// The number of what is at the far end of a line's call.
    fn number_beyond(&self, line: usize, id: CallId) -> Option<Number> {
        let call = self.calls.iter().find(|call| call.id == id)?;
        Some(match call.far(line)? {
            Leg::Line(line) => Number::new(&number_of(*line)),
            Leg::Party(party) => number_of_party(party),
            Leg::Orbit => Number::default(),
        })
    }

    /// The parties of a line's calls and what each is to it, by number (empty where the exchange knows none).
    ///
    /// # Errors
    /// [`Refused::NoSuchLine`].
    pub fn parties(&self, line: usize) -> Result<Vec<(Number, Role)>, Refused> {
        let circuit = self.lines.get(line).ok_or(Refused::NoSuchLine)?;
        let station = &circuit.station;
        let active = if station.members.is_empty() { Role::Active } else { Role::Member };
        let own = match &circuit.phase {
            Phase::Talking(id) => Some((*id, active)),
            Phase::Calling(id) => Some((*id, Role::Calling)),
            _ => None,
        };
        let members = station.members.iter().map(|id| (*id, Role::Member));
        let held = station.held.iter().map(|id| (*id, Role::Held));
        let waiting = station.waiting.iter().map(|waiting| (waiting.call, Role::Waiting));
        let all = own.into_iter().chain(members).chain(held).chain(waiting);
        Ok(all.filter_map(|(id, role)| Some((self.number_beyond(line, id)?, role))).collect())
    }

    /// Whom a line talks with now: the active party, or the members of its conference.
    ///
    /// # Errors
    /// [`Refused::NoSuchLine`].
    pub fn talking(&self, line: usize) -> Result<Vec<Number>, Refused> {
        let parties = self.parties(line)?;
        Ok(parties
            .into_iter()
            .filter(|(_, role)| matches!(role, Role::Active | Role::Member))
            .map(|(n, _)| n)
            .collect())
    }

    /// Whose voices a line hears in this moment, by number.
    ///
    /// # Errors
    /// [`Refused::NoSuchLine`].
    pub fn hears(&self, line: usize) -> Result<Vec<Number>, Refused> {
        self.lines.get(line).ok_or(Refused::NoSuchLine)?;
        let mut numbers = Vec::new();
        self.heard_by(line, &mut |voice| match voice {
            Voice::Line(line) => numbers.push(Number::new(&number_of(line))),
            Voice::Party(party, _) => numbers.push(number_of_party(party)),
            Voice::Tone(_) | Voice::Music => {}
        });
        Ok(numbers)
    }
}

fn number_of_party(party: &party::Party) -> Number {
    match party.id.number {
        PartyId::Known(number) => number,
        _ => Number::default(),
    }
}
