//! Caller identification as modems print it: lines of `TAG=value`, gathered into one report.
//!
//! The lines come before, between or after rings, in any order, with or without blanks around the sign, and any of them may
//! be missing. The report is complete when number and name are there, or when nothing more comes for a moment.

use crate::drivers::gauge::MAX_RAW;
use arrayvec::ArrayVec;
use loopstart_signal::{CallerId, DateTime, Name, Number, PartyId, Time, cid};
use std::time::Duration;

/// A report is told this long after its last line.
const SETTLE: Duration = Duration::from_millis(300);
/// Lines that come this long after the last one begin another report.
const NEXT_REPORT: Duration = Duration::from_secs(3);

/// Gathers the lines of a report.
#[derive(Debug, Default)]
pub(super) struct Gatherer {
    id: CallerId,
    day: Option<(u8, u8)>,
    hour: Option<(u8, u8)>,
    /// The number in `DDN`, for want of another.
    ddn: PartyId<Number>,
    last_line: Option<Time>,
    settle: Option<Time>,
    told: Option<CallerId>,
    /// The lines as they came, each with a line feed, as far as there is room.
    text: ArrayVec<u8, MAX_RAW>,
    /// The modem said that the checksum was wrong.
    damaged: bool,
    /// Whether messages wait, when that was said and not taken yet.
    messages: Option<bool>,
}

impl Gatherer {
    /// Takes a line; false when it is none of a report.
    pub(super) fn line(&mut self, line: &[u8], now: Time) -> bool {
        let Some((tag, value)) = split(line) else { return self.bare_frame(line, now) };
        let is = |names: &[&[u8]]| names.iter().any(|n| tag.eq_ignore_ascii_case(n));
        // Those without anything for us: distinctive ringing and tone cadences, vendors' marks, called numbers.
        if is(&[b"DRON", b"DROF", b"CPON", b"CPOF", b"CIDM", b"ANID", b"USER", b"NDID"]) {
            return true;
        }
        let known: [&[u8]; 11] = [
            b"DATE",
            b"TIME",
            b"DATE TIME",
            b"NMBR",
            b"NBR",
            b"DDN",
            b"DDN_NMBR",
            b"NAME",
            b"MESG",
            b"ERRM",
            b"NUMBER",
        ];
        if !is(&known) {
            return false;
        }
        self.begin(now);
        self.note(line);
        if is(&[b"DATE"]) {
            self.day = pair(value);
        } else if is(&[b"TIME"]) {
            self.hour = pair(value);
        } else if is(&[b"DATE TIME"]) {
            let cut = value.iter().position(|b| *b == b' ').unwrap_or(value.len());
            let (day, hour) = value.split_at(cut);
            (self.day, self.hour) = (pair(day), pair(hour));
        } else if is(&[b"NAME"]) {
            better(&mut self.id.name, party(value, Name::from_latin1));
        } else if is(&[b"MESG"]) {
            self.frame(value);
        } else if is(&[b"DDN", b"DDN_NMBR"]) {
            better(&mut self.ddn, party(value, Number::from_latin1));
        } else if is(&[b"NMBR", b"NBR", b"NUMBER"]) {
            better(&mut self.id.number, party(value, Number::from_latin1));
        }
        // What came of a damaged message has come.
        self.damaged |= is(&[b"ERRM"]);
        true
    }

    /// Whether messages wait, once for each time the exchange said so.
    pub(super) fn messages(&mut self) -> Option<bool> {
        self.messages.take()
    }

    /// The lines of the report as they came, each with a line feed.
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Whether the modem found nothing wrong with it.
    pub(super) fn is_sound(&self) -> bool {
        !self.damaged
    }

    fn note(&mut self, line: &[u8]) {
        for byte in line.iter().copied().chain([b'\n']) {
            if self.text.try_push(byte).is_err() {
                return;
            }
        }
    }

    /// The report, when it is complete and was not told before.
    pub(super) fn complete(&mut self, now: Time) -> Option<CallerId> {
        let whole = self.id.name != PartyId::Absent && self.id.number != PartyId::Absent;
        if whole || self.settle.is_some_and(|at| at <= now) { self.flush() } else { None }
    }

    /// The report as far as it has come, unless that was told before or is nothing.
    pub(super) fn flush(&mut self) -> Option<CallerId> {
        self.settle.take()?;
        let mut id = self.id;
        if id.number == PartyId::Absent {
            id.number = self.ddn;
        }
        if let (Some((month, day)), Some((hour, minute))) = (self.day, self.hour) {
            let plausible = (1..=12).contains(&month) && (1..=31).contains(&day) && hour <= 24 && minute <= 59;
            id.time = plausible.then_some(DateTime { month, day, hour, minute }).or(id.time);
        }
        if id == CallerId::default() || self.told == Some(id) {
            return None;
        }
        self.told = Some(id);
        Some(id)
    }

    /// When to ask [`complete`](Self::complete) again.
    pub(super) fn deadline(&self) -> Option<Time> {
        self.settle
    }

    fn begin(&mut self, now: Time) {
        if self.last_line.is_none_or(|last| now.since(last) > NEXT_REPORT) {
            *self = Self::default();
        }
        self.last_line = Some(now);
        self.settle = Some(now + SETTLE);
    }

    /// An unformatted message without a tag.
    fn bare_frame(&mut self, line: &[u8], now: Time) -> bool {
        let hex = line.len() >= 8 && line.len().is_multiple_of(2) && line.iter().all(u8::is_ascii_hexdigit);
        if !(hex && [b"80", b"04", b"82", b"06"].iter().any(|kind| line.starts_with(*kind))) {
            return false;
        }
        self.begin(now);
        let taken = self.frame(line);
        if taken {
            self.note(line);
        }
        taken
    }

    /// A whole message in hexadecimal, or a parameter that has no tag of its own: message waiting. Others are left alone.
    fn frame(&mut self, hex: &[u8]) -> bool {
        let mut bytes = arrayvec::ArrayVec::<u8, 260>::new();
        let mut high = None;
        // Some put blanks between the bytes.
        for &character in hex.iter().filter(|b| **b != b' ') {
            let Some(digit) = char::from(character).to_digit(16) else { return false };
            match high.take() {
                None => high = Some(digit),
                Some(high) if bytes.try_push((high * 16 + digit) as u8).is_err() => return false,
                Some(_) => {}
            }
        }
        if high.is_some() {
            return false;
        }
        // The modem checked the frame; what it prints of it may be without its checksum.
        if let [0x0b, 1, lamp @ (0 | 0xff)] | [0x0b, 1, lamp @ (0 | 0xff), _] = *bytes {
            self.messages = Some(lamp == 0xff);
            return true;
        }
        let Ok(message) = cid::parse(&bytes) else { return false };
        self.messages = message.message_waiting().or(self.messages);
        let id = message.caller_id();
        better(&mut self.id.number, id.number);
        better(&mut self.id.name, id.name);
        self.id.time = id.time.or(self.id.time);
        true
    }
}

/// A known value is not replaced by the reason for an absent one: some chips print the number, then `O`.
fn better<T>(old: &mut PartyId<T>, new: PartyId<T>) {
    match (&old, &new) {
        (_, PartyId::Absent) | (PartyId::Known(_), PartyId::Withheld | PartyId::Unavailable) => {}
        _ => *old = new,
    }
}

/// Tag and value of `TAG=value`, `TAG = value` or `TAG: value`.
fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let sign = line.iter().position(|b| matches!(b, b'=' | b':'))?;
    let (tag, value) = line.split_at(sign);
    Some((tag.trim_ascii(), value.get(1..)?.trim_ascii()))
}

/// Two numbers of two digits: `1120`, `11/24`, `22:10`.
fn pair(value: &[u8]) -> Option<(u8, u8)> {
    let mut digits = value.iter().filter(|b| b.is_ascii_digit()).map(|b| b - b'0');
    let mut two = || Some(digits.next()? * 10 + digits.next()?);
    Some((two()?, two()?))
}

fn party<T>(value: &[u8], known: impl Fn(&[u8]) -> T) -> PartyId<T> {
    let is = |words: &[&str]| words.iter().any(|w| value.eq_ignore_ascii_case(w.as_bytes()));
    if value.is_empty() || is(&["-"]) {
        PartyId::Absent
    } else if is(&["P", "PRIVATE", "WITHHELD", "ANONYMOUS"]) {
        PartyId::Withheld
    } else if is(&["O", "OUT OF AREA", "UNAVAILABLE", "UNKNOWN"]) {
        PartyId::Unavailable
    } else {
        let mut clean = arrayvec::ArrayVec::<u8, 64>::new();
        for &b in value.iter().filter(|b| !b.is_ascii_control() && !(0x80..0xa0).contains(*b)) {
            if clean.try_push(b).is_err() {
                break;
            }
        }
        PartyId::Known(known(clean.trim_ascii()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(lines: &[&str]) -> Option<CallerId> {
        let mut gatherer = Gatherer::default();
        let mut told = None;
        for (i, line) in lines.iter().enumerate() {
            let now = Time::from_millis(i as u64 * 10);
            assert!(gatherer.line(line.as_bytes(), now), "{line}");
            told = gatherer.complete(now).or(told);
        }
        gatherer.complete(Time::from_millis(10_000)).or(told)
    }

    fn known(number: &str, name: Option<&str>, time: Option<(u8, u8, u8, u8)>) -> Option<CallerId> {
        Some(CallerId {
            number: PartyId::Known(Number::new(number)),
            name: name.map_or(PartyId::Absent, |n| PartyId::Known(Name::new(n))),
            time: time.map(|(month, day, hour, minute)| DateTime { month, day, hour, minute }),
        })
    }

    #[test]
    fn forms_of_real_modems() {
        let time = Some((11, 20, 21, 1));
        let jane = known("5551234", Some("JANE DOE"), time);
        assert_eq!(report(&["DATE=1120", "TIME=2101", "NMBR=5551234", "NAME=JANE DOE"]), jane);
        assert_eq!(report(&["DATE = 1120", "TIME = 2101", "NMBR = 5551234", "NAME = JANE DOE"]), jane);
        assert_eq!(report(&["NAME:JANE DOE", "NMBR: 5551234", "TIME=21:01", "DATE=11/20"]), jane);
        assert_eq!(report(&["CIDM", "DATE TIME=11/20 21:01", "NMBR=5551234", "NAME=JANE DOE"][1..]), jane);
        assert_eq!(report(&["DATE=1120", "TIME=2101", "DDN_NMBR=5551234"]), known("5551234", None, time));
        assert_eq!(report(&["DATE=", "TIME=", "NMBR=5551234"]), known("5551234", None, None));
        assert_eq!(report(&["NMBR=5551234", "NMBR=O"]), known("5551234", None, None));
        assert_eq!(report(&["NMBR=5551234", "NAME=-"]), known("5551234", None, None));
        assert_eq!(report(&["ERRM"; 0]), None);
        assert_eq!(report(&["ERRM=1"]), None);
    }

    #[test]
    fn reasons_for_absence() {
        let id = report(&["NMBR = P", "NAME = O"]).unwrap();
        assert_eq!((id.number, id.name), (PartyId::Withheld, PartyId::Unavailable));
    }

    #[test]
    fn unformatted_messages() {
        let hex = "802401083130313532303338020A38343735353530303031070C552E532E524F424F5449435334";
        let expected = known("8475550001", Some("U.S.ROBOTICS"), Some((10, 15, 20, 38)));
        assert_eq!(report(&[&format!("MESG={hex}")]), expected);
        assert_eq!(report(&[hex]), expected);
        let withheld = report(&["MESG=80100108313031353230333804015008015025"]).unwrap();
        assert_eq!((withheld.number, withheld.name), (PartyId::Withheld, PartyId::Withheld));
    }

    #[test]
    fn messages_wait_or_do_not() {
        for (line, on) in [
            ("MESG=0B01FF", Some(true)),
            ("MESG = 0b 01 00", Some(false)),
            ("MESG=82030B01FF70", Some(true)),
            ("82030B01006F", Some(false)),
            ("MESG=060342424231", Some(true)),
            ("MESG=06036F6F6FAA", Some(false)),
            ("MESG=0B0155", None),
            ("MESG=82030B01FF71", None),
            ("MESG=1101FF", None),
            ("MESG=0B01F", None),
        ] {
            let mut g = Gatherer::default();
            assert!(g.line(line.as_bytes(), Time::ZERO), "{line}");
            assert_eq!((g.messages(), g.messages()), (on, None), "{line}");
            assert_eq!(g.flush(), None, "no call: {line}");
        }
    }

    #[test]
    fn a_later_line_updates_and_the_next_call_begins_anew() {
        let mut g = Gatherer::default();
        let at = Time::from_millis;
        assert!(g.line(b"NMBR=111", at(0)));
        assert_eq!(g.complete(at(200)), None);
        assert_eq!(g.complete(at(300)), known("111", None, None));
        assert!(g.line(b"NAME=X", at(900)));
        assert_eq!(g.complete(at(900)), known("111", Some("X"), None));
        assert!(g.line(b"NAME=X", at(1000)));
        assert_eq!(g.complete(at(2000)), None, "nothing new");
        assert!(g.line(b"NMBR=222", at(9000)));
        assert_eq!(g.complete(at(9300)), known("222", None, None));
        assert_eq!(g.deadline(), None);
    }

    #[test]
    fn other_lines_are_not_taken() {
        let mut g = Gatherer::default();
        for line in [&b"OK"[..], b"CX93001-EIS", b"FOO=1", b"8024zz", b"", b"=", b"1,8000"] {
            assert!(!g.line(line, Time::ZERO), "{line:?}");
        }
        assert_eq!(g.flush(), None);
    }

    proptest::proptest! {
        #[test]
        fn any_line_is_safe(lines: Vec<Vec<u8>>) {
            let mut g = Gatherer::default();
            for (i, line) in lines.iter().enumerate() {
                g.line(line, Time::from_millis(i as u64));
                g.complete(Time::from_millis(i as u64));
            }
            g.flush();
        }
    }
}
