//! A transcript as a modem: the driver speaks to it in virtual time, and must say what it says there.

use super::{Ask, Transcript, What, escape};
use crate::drivers::voice_modem::VoiceModem;
use crate::drivers::voice_modem::profile::{self, ProfileError};
use crate::ports::MemoryPort;
use crate::{EventQueue, LineDevice, Port, Readiness};
use loopstart_signal::{ActionId, Clock, LineAction, LineEvent, Outcome, PartyId, Time};
use std::collections::VecDeque;
use std::time::Duration;

/// The driver has this long for what comes next.
const PATIENCE: Duration = Duration::from_secs(30);
/// What comes this soon after the last entry is still looked at.
const TAIL: Duration = Duration::from_secs(1);
/// A modem answers a command after this, in a table of answers.
const THINKS: Duration = Duration::from_millis(20);
/// Step of time.
const STEP: Duration = Duration::from_millis(5);
/// Room on the wire, and most bytes of the driver that wait to be compared.
const ROOM: usize = 1 << 16;

/// Where driver and transcript are of different minds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry {entry}: expected {expected}, but {found}")]
pub struct Deviation {
    /// The entry, from 1; one more than there are: after the end.
    pub entry: usize,
    /// What the transcript has.
    pub expected: String,
    /// What the driver did.
    pub found: String,
}

/// What came of a replay.
#[derive(Debug)]
pub struct Report {
    /// What the driver told, with the time since the beginning.
    pub told: Vec<(Time, LineEvent)>,
    /// The name of the profile that it found.
    pub profile: &'static str,
    /// The first difference.
    pub deviation: Option<Deviation>,
}

/// An event in the words of transcripts. None for what is of no interest to them.
pub fn words(event: &LineEvent) -> Option<String> {
    fn party<T>(party: &PartyId<T>, text: impl Fn(&T) -> &str) -> String {
        match party {
            PartyId::Known(known) => text(known).to_owned(),
            PartyId::Withheld => "withheld".into(),
            PartyId::Unavailable => "unavailable".into(),
            PartyId::Absent => "-".into(),
        }
    }
    Some(match event {
        LineEvent::Ready(_) => "ready".into(),
        LineEvent::Lost(loss) => format!("lost {loss:?}").to_lowercase(),
        LineEvent::Ring { pattern } => format!("ring {pattern}"),
        LineEvent::RingStopped => "ring-stopped".into(),
        LineEvent::CallerId(id) => {
            format!("caller {} {}", party(&id.number, |n| n.as_str()), party(&id.name, |n| n.as_str()))
        }
        LineEvent::OffHook => "off-hook".into(),
        LineEvent::OnHook => "on-hook".into(),
        LineEvent::Dialing => "dialing".into(),
        LineEvent::Dialed => "dialed".into(),
        LineEvent::Tone(tone) => format!("tone {tone:?}").to_lowercase(),
        LineEvent::Answered(_) => "answered".into(),
        LineEvent::Released(_) => "released".into(),
        LineEvent::Digit(digit) if digit.edge == loopstart_signal::DigitEdge::Begin => {
            format!("digit {}", char::from(digit.symbol))
        }
        LineEvent::MessageWaiting(on) => format!("messages {}", if *on { "on" } else { "off" }),
        LineEvent::CallWaiting => "call-waiting".into(),
        LineEvent::PolarityReversed => "polarity".into(),
        LineEvent::Done { outcome: Outcome::Ok, .. } => "done".into(),
        LineEvent::Done { .. } => "failed".into(),
        _ => return None,
    })
}

/// Lets the driver speak to the transcript.
///
/// # Errors
/// When the transcript asks for a profile that there is not.
pub fn replay(transcript: &Transcript) -> Result<Report, ProfileError> {
    let chosen = transcript.fact("profile").map(profile::find).transpose()?;
    let (near, far) = MemoryPort::pair(ROOM);
    let mut driver = VoiceModem::new(near, Clock::Line);
    if let Some(profile) = chosen {
        driver = driver.with_profile(profile);
    }
    let mut player = Player {
        driver,
        far,
        queue: EventQueue::with_capacity(256),
        now: Time::ZERO,
        said: VecDeque::new(),
        told: Vec::new(),
        matched: 0,
        ids: 0,
    };
    player.driver.start(player.now, &mut player.queue);
    let deviation = if transcript.fact("replay") == Some("answers") {
        Answers::of(transcript).play(&mut player)
    } else {
        player.dialog(transcript)
    };
    let profile = player.driver.profile().name;
    Ok(Report { told: player.told, profile, deviation })
}

struct Player {
    driver: VoiceModem<MemoryPort>,
    far: MemoryPort,
    queue: EventQueue,
    now: Time,
    /// What the driver sent and nobody has looked at.
    said: VecDeque<u8>,
    told: Vec<(Time, LineEvent)>,
    /// Events that were looked at.
    matched: usize,
    ids: u32,
}

impl Player {
    /// Takes in what the driver did.
    fn collect(&mut self) {
        let mut buffer = [0; 512];
        while let Ok(n) = self.far.read(&mut buffer) {
            let room = ROOM.saturating_sub(self.said.len());
            self.said.extend(buffer.iter().take(n.min(room)));
        }
        while let Some(event) = self.queue.pop() {
            self.told.push((self.now, event));
        }
    }

    fn step(&mut self) {
        self.now = self.now + STEP;
        let readiness = Readiness { read: true, write: true, ..Readiness::default() };
        self.driver.ready(readiness, self.now, &mut self.queue);
        // A deadline that stays due would keep us here.
        for _ in 0..64 {
            if self.driver.deadline().is_none_or(|at| at > self.now) {
                break;
            }
            self.driver.expire(self.now, &mut self.queue);
        }
        self.collect();
    }

    fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.step();
        }
    }

    fn say(&mut self, bytes: &[u8]) {
        // What does not fit a wire of this length is no answer.
        let _ = self.far.write(bytes);
        let readiness = Readiness { read: true, write: true, ..Readiness::default() };
        self.driver.ready(readiness, self.now, &mut self.queue);
        self.collect();
    }

    fn ask(&mut self, ask: &Ask) {
        self.ids += 1;
        let action = LineAction { id: ActionId(self.ids), kind: ask.action() };
        self.driver.act(&action, self.now, &mut self.queue);
        self.collect();
    }

    /// Waits until the driver has told this; what it told first otherwise.
    fn expect(&mut self, wanted: &str) -> Result<(), String> {
        let end = self.now + PATIENCE;
        loop {
            while let Some((_, event)) = self.told.get(self.matched) {
                self.matched += 1;
                match words(event) {
                    Some(said) if said == wanted => return Ok(()),
                    Some(said) => return Err(format!("the driver tells {said:?}")),
                    None => {}
                }
            }
            if self.now >= end {
                return Err("the driver tells nothing".into());
            }
            self.step();
        }
    }

    fn dialog(&mut self, transcript: &Transcript) -> Option<Deviation> {
        let mut last = Duration::ZERO;
        let mut tells = false;
        for (n, entry) in transcript.entries.iter().enumerate() {
            let deviation = |expected: String, found: String| Some(Deviation { entry: n + 1, expected, found });
            let delay = entry.at.saturating_sub(last);
            last = entry.at;
            match &entry.what {
                What::Host(bytes) => {
                    let end = self.now + delay + PATIENCE;
                    while self.said.len() < bytes.len() && self.now < end {
                        self.step();
                        // Once something else has been said there is no use in waiting.
                        if self.said.iter().zip(bytes).any(|(a, b)| a != b) {
                            break;
                        }
                    }
                    let said: Vec<u8> = self.said.drain(..bytes.len().min(self.said.len())).collect();
                    if said != *bytes {
                        let mut said = said;
                        said.extend(self.said.iter().take(80));
                        return deviation(escape(bytes), format!("the driver says {:?}", escape(&said)));
                    }
                }
                What::Modem(bytes) => {
                    self.run(delay);
                    self.say(bytes);
                }
                What::Ask(ask) => {
                    self.run(delay);
                    self.ask(ask);
                }
                What::Told(wanted) => {
                    tells = true;
                    if let Err(found) = self.expect(wanted) {
                        return deviation(wanted.clone(), found);
                    }
                }
            }
        }
        self.run(TAIL);
        let after = |found| Some(Deviation { entry: transcript.entries.len() + 1, expected: "the end".into(), found });
        if !self.said.is_empty() {
            let said: Vec<u8> = self.said.iter().copied().take(80).collect();
            return after(format!("the driver says {:?}", escape(&said)));
        }
        // A recording of bytes alone says nothing of what is told.
        let rest = self.told.iter().skip(self.matched).find_map(|(_, event)| words(event));
        rest.filter(|_| tells).and_then(|said| after(format!("the driver tells {said:?}")))
    }
}

/// A table of answers, and what happens by itself afterwards.
struct Answers {
    /// Command lines and what is said to them; a line that stands there several times has its answers in turn.
    table: Vec<(Vec<u8>, Vec<u8>, bool)>,
    /// What is told or happens, once the modem is ready, with the time from one to the next.
    story: Vec<(usize, Duration, What)>,
}

impl Answers {
    fn of(transcript: &Transcript) -> Self {
        let (mut table, mut story) = (Vec::<(Vec<u8>, Vec<u8>, bool)>::new(), Vec::new());
        let (mut open, mut last) = (false, Duration::ZERO);
        for (n, entry) in transcript.entries.iter().enumerate() {
            match &entry.what {
                What::Host(bytes) => {
                    table.push((bytes.clone(), Vec::new(), false));
                    open = true;
                }
                What::Modem(bytes) if open => {
                    if let Some((_, answer, _)) = table.last_mut() {
                        answer.extend_from_slice(bytes);
                    }
                    open = false;
                }
                what => story.push((n, entry.at.saturating_sub(last), what.clone())),
            }
            last = entry.at;
        }
        Self { table, story }
    }

    /// Answers the commands that are complete.
    fn answer(&mut self, player: &mut Player) {
        while let Some(end) = player.said.iter().position(|b| *b == b'\r') {
            let line: Vec<u8> = player.said.drain(..=end).collect();
            let first = self.table.iter().position(|(command, _, used)| *command == line && !used);
            let again = || self.table.iter().rposition(|(command, ..)| *command == line);
            let answer = match first.or_else(again).and_then(|at| self.table.get_mut(at)) {
                Some((_, answer, used)) => {
                    *used = true;
                    answer.clone()
                }
                None => b"\r\nERROR\r\n".to_vec(),
            };
            player.run(THINKS);
            player.say(&answer);
        }
    }

    fn run(&mut self, player: &mut Player, time: Duration) {
        let end = player.now + time;
        while player.now < end {
            player.step();
            self.answer(player);
        }
    }

    fn play(mut self, player: &mut Player) -> Option<Deviation> {
        let end = player.now + PATIENCE;
        while player.told.is_empty() && player.now < end {
            self.run(player, STEP);
        }
        for (n, delay, what) in std::mem::take(&mut self.story) {
            match what {
                What::Modem(bytes) => {
                    self.run(player, delay);
                    player.say(&bytes);
                }
                What::Ask(ask) => {
                    self.run(player, delay);
                    player.ask(&ask);
                }
                What::Told(wanted) => {
                    // The commands on the way there want their answers.
                    let end = player.now + PATIENCE;
                    while player.told.len() <= player.matched && player.now < end {
                        self.run(player, STEP);
                    }
                    if let Err(found) = player.expect(&wanted) {
                        return Some(Deviation { entry: n + 1, expected: wanted, found });
                    }
                }
                What::Host(_) => {}
            }
            self.answer(player);
        }
        self.run(player, TAIL);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str) -> Report {
        replay(&Transcript::parse(text).unwrap()).unwrap()
    }

    #[test]
    fn the_first_difference_is_told() {
        let report = run("# source: test\n0 > AT\\r\n0.01 < \\r\\nOK\\r\\n\n0.03 > ATZ\\r\n");
        let deviation = report.deviation.unwrap();
        assert_eq!((deviation.entry, deviation.expected.as_str()), (3, "ATZ\\r"));
        assert!(deviation.found.contains("ATE0V1Q0"), "{deviation}");
        let report = run("# source: test\n0 > AT\\r\n");
        let deviation = report.deviation.unwrap();
        assert_eq!((deviation.entry, deviation.expected.as_str()), (2, "the end"), "it asks again");
        let report = run("# source: test\n0 > AT\\r\n0.01 < \\r\\nOK\\r\\n\n0.1 ? ring 1\n");
        assert!(report.deviation.unwrap().found.contains("lost"), "nobody answers it");
    }

    #[test]
    fn a_table_of_answers_is_a_modem() {
        let report = run("# source: test\n# replay: answers\n\
            0 > AT\\r\n0 < \\r\\nOK\\r\\n\n0 > ATE0V1Q0\\r\n0 < \\r\\nOK\\r\\n\n0 > AT+FCLASS=?\\r\n\
            0 < \\r\\n0,1\\r\\n\\r\\nOK\\r\\n\n1 ? ready\n2 < \\r\\nRING\\r\\n\n2 ? ring 1\n");
        assert_eq!((report.deviation, report.profile), (None, "v253"));
        let report = run("# source: test\n# replay: answers\n0 > AT\\r\n0 < \\r\\nOK\\r\\n\n1 ? ready\n");
        assert!(report.deviation.is_some(), "a modem that refuses everything is none");
        assert!(replay(&Transcript::parse("# source: test\n# profile: nosuch\n").unwrap()).is_err());
    }
}
