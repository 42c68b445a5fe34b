//! Caller identification by DTMF digits (EN 300 659-1 annex B and national forms).
//!
//! # What does it do?
//!
//! Before the first ring, or between the first and the second, the exchange sends the calling number as DTMF digits,
//! nominally 70 ms on and 70 ms off, between letters that say what follows:
//!
//! | form | where | no number |
//! |---|---|---|
//! | `A`number`C`; in full `A`number, `D`redirecting number, `B`code (each optional), `C` | Sweden, Finland, Iceland, Brazil, India .. | `B00C` not available, `B10C` withheld |
//! | `A`number`#` | Denmark | `D1#` withheld, `D2#` international, `D3#` technical reason |
//! | `D`number`C` | Netherlands, Taiwan | `D0000000000C` |
//! | `D`number`#` | Kuwait, Taiwan | |
//! | number`#`, number`C`, number | old Dutch lines, China, India | nothing is sent |
//!
//! [`Receiver`] takes the digits of a [`dtmf::Receiver`] and tells complete messages. [`Message`]
//! makes the digits to send.
//!
//! # How does the receiver work?
//!
//! Digits with gaps of at most [`MAX_GAP_MS`] are one *train*. A train is a message when all of it, from the first
//! digit to the last, is one of the forms above, and nothing follows the end mark for as long as the train's own rhythm
//! would have let a digit follow. So a letter in the middle of ordinary dialling begins nothing, and a test sequence with
//! all sixteen digits is no message. A form without a letter looks like dialling: it counts only in the countries
//! that use it, after [`Receiver::arm`] was told of a ring or a line reversal, and in an even rhythm.

use crate::country::{CidForm, Country};
use crate::{DigitEdge, Number, PartyId, SAMPLE_RATE, Text, dtmf};
use arrayvec::ArrayVec;
use core::time::Duration;

/// Most digits of a message.
pub const MAX_DIGITS: usize = 40;
/// Longest gap between two digits of a message, in ms.
pub const MAX_GAP_MS: u64 = 500;
/// Longest time from the first digit of a message to its last, in ms.
pub const MAX_LENGTH_MS: u64 = 10_000;
/// How long a digit and the pause after it last when a [`Message`] is played (EN 300 659-1 annex B).
pub const DIGIT: Duration = Duration::from_millis(70);

/// Longest digit of a message, in ms.
const MAX_TONE_MS: u64 = 500;
/// After a ring or a reversal the first digit comes within this, in ms.
const ARMED_MS: u64 = 6_000;
/// The pause after an end mark is twice the longest gap of the train, but within these bounds, in ms.
const SETTLE_MS: (u64, u64) = (150, 400);
/// How much longer than the shortest the longest digit and the longest gap of an even rhythm are, in ms.
const UNEVEN_MS: u64 = 60;
/// Longest gap of an even rhythm, in ms.
const EVEN_GAP_MS: u64 = 250;
/// Fewest and most digits of a number.
const NUMBER_DIGITS: core::ops::RangeInclusive<usize> = 2..=20;
/// Fewest digits of a number that no letter introduces.
const BARE_DIGITS: usize = 3;
/// The same where neither a ring nor a reversal was told.
const UNARMED_DIGITS: usize = 5;
/// So many zeros or more are no number: the Dutch "unknown".
const ZEROS: usize = 3;

/// Countries where numbers come without a letter before them.
const BARE: [&str; 3] = ["cn", "in", "nl"];

/// A message was received.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// Index of the sample at which it was decided.
    pub at: u64,
    /// All digits, start and end marks included.
    pub digits: Text<MAX_DIGITS>,
    /// The calling number, or why there is none.
    pub number: PartyId<Number>,
    /// The redirecting number (`D` field), if there is one.
    pub redirecting: PartyId<Number>,
}

/// Shortest and longest of several times, in samples.
#[derive(Clone, Copy, Debug)]
struct Range {
    least: u64,
    most: u64,
}

impl Range {
    const NONE: Self = Self { least: u64::MAX, most: 0 };

    fn add(&mut self, x: u64) {
        self.least = self.least.min(x);
        self.most = self.most.max(x);
    }

    fn is_even(self) -> bool {
        self.most.saturating_sub(self.least) <= samples(UNEVEN_MS)
    }
}

/// Digits that followed each other.
#[derive(Clone, Debug)]
struct Train {
    symbols: ArrayVec<u8, MAX_DIGITS>,
    /// Too long, or too slow: no message whatever it says.
    void: bool,
    /// A ring or a reversal came shortly before.
    armed: bool,
    /// When the first digit was told.
    began: u64,
    /// The digit that sounds now began then.
    on: Option<u64>,
    /// When the last digit ended.
    ended: u64,
    tones: Range,
    gaps: Range,
}

/// Puts digits together to messages.
#[derive(Clone, Debug)]
pub struct Receiver {
    bare: bool,
    category: bool,
    armed: Option<u64>,
    train: Option<Train>,
}

/// Samples in this many milliseconds.
const fn samples(ms: u64) -> u64 {
    ms * SAMPLE_RATE as u64 / 1000
}

impl Receiver {
    /// For a line in `country`. Forms with letters are taken everywhere; the country says whether numbers come without.
    pub fn new(country: &Country) -> Self {
        Self { bare: BARE.contains(&country.code), category: false, armed: None, train: None }
    }

    /// Whether the first digit of a number is the caller's category, as some exchanges in Brazil send it. It is then no
    /// part of the number.
    #[must_use]
    pub fn with_category(mut self, category: bool) -> Self {
        self.category = category;
        self
    }

    /// The line rang, or its polarity was reversed, at sample `at`: digits that begin soon after it may be a message
    /// without a letter.
    pub fn arm(&mut self, at: u64) {
        self.armed = Some(at);
    }

    /// The line was answered or seized: what comes now is dialling.
    pub fn disarm(&mut self) {
        self.armed = None;
        if let Some(train) = &mut self.train {
            train.armed = false;
        }
    }

    /// Takes an edge of a digit. The answer is the message that ended before it, if any.
    pub fn digit(&mut self, edge: &dtmf::Event) -> Option<Event> {
        let at = edge.at;
        let done = self.expire(at);
        match edge.edge {
            DigitEdge::Begin => self.begin(edge.symbol, at),
            DigitEdge::End => {
                if let Some(train) = &mut self.train {
                    train.end(at, samples(u64::from(edge.duration_ms)));
                }
            }
        }
        done
    }

    fn begin(&mut self, symbol: u8, at: u64) {
        let armed = self.armed.is_some_and(|since| at.saturating_sub(since) <= samples(ARMED_MS));
        let train = self.train.get_or_insert_with(|| Train {
            symbols: ArrayVec::new(),
            void: false,
            armed,
            began: at,
            on: None,
            ended: at,
            tones: Range::NONE,
            gaps: Range::NONE,
        });
        if let Some(since) = train.on {
            // Its end was not told.
            train.end(at, at.saturating_sub(since));
        }
        if !train.symbols.is_empty() {
            train.gaps.add(at.saturating_sub(train.ended));
        }
        train.on = Some(at);
        train.void |= at.saturating_sub(train.began) > samples(MAX_LENGTH_MS)
            || train.symbols.try_push(symbol.to_ascii_uppercase()).is_err();
    }

    /// When [`Receiver::expire`] has something to do next, as a sample index.
    pub fn deadline(&self) -> Option<u64> {
        let train = self.train.as_ref()?;
        match train.on {
            // A digit without an end is none of a message.
            Some(since) => Some(since.saturating_add(samples(MAX_TONE_MS + MAX_GAP_MS))),
            None if self.read(train, true).is_some() => {
                let settle = train.gaps.most.saturating_mul(2).clamp(samples(SETTLE_MS.0), samples(SETTLE_MS.1));
                Some(train.ended.saturating_add(settle))
            }
            None => Some(train.ended.saturating_add(samples(MAX_GAP_MS))),
        }
    }

    /// Time went on to sample `now`, and all digits told before it were taken. The answer is the message that ended.
    pub fn expire(&mut self, now: u64) -> Option<Event> {
        let at = self.deadline().filter(|at| *at <= now)?;
        let train = self.train.take()?;
        if train.on.is_some() {
            return None;
        }
        let (number, redirecting) = self.read(&train, true).or_else(|| self.read(&train, false))?;
        self.armed = None;
        Some(Event { at, digits: Text::from_latin1(&train.symbols), number, redirecting })
    }

    /// Forgets the digits so far.
    pub fn reset(&mut self) {
        self.armed = None;
        self.train = None;
    }

    /// The number and the redirecting number of a train that is a message, with its end mark or without.
    fn read(&self, train: &Train, marked: bool) -> Option<(PartyId<Number>, PartyId<Number>)> {
        if train.void {
            return None;
        }
        let (&last, before) = train.symbols.split_last()?;
        let body = match (marked, last) {
            (true, b'C' | b'#') => before,
            (true, _) | (false, b'C' | b'#') => return None,
            // An end mark may be lost, but only where a message is expected anyway.
            (false, _) if train.armed => &train.symbols,
            (false, _) => return None,
        };
        if body.first()?.is_ascii_digit() {
            let enough = if train.armed { BARE_DIGITS } else { UNARMED_DIGITS };
            let even = train.tones.is_even() && train.gaps.is_even() && train.gaps.most <= samples(EVEN_GAP_MS);
            let expected = self.bare && even && (train.armed || (marked && last == b'C'));
            let number = (body.len() >= enough && expected).then(|| self.number(body))??;
            return Some((number, PartyId::Absent));
        }
        self.fields(body)
    }

    /// Reads `A`number, `D`number, `B`code, each optional.
    fn fields(&self, body: &[u8]) -> Option<(PartyId<Number>, PartyId<Number>)> {
        let (first, rest) = field(b'A', body);
        let (second, rest) = field(b'D', rest);
        let (third, rest) = field(b'B', rest);
        if !rest.is_empty() {
            return None;
        }
        let reason = match third {
            Some(code) => Some(reason_b(code)?),
            None => None,
        };
        Some(match (first, second) {
            // A start mark may stand before a code although there is no number.
            (Some([]), None) | (None, None) => (reason?, PartyId::Absent),
            (Some(number), None) => (self.number(number)?, PartyId::Absent),
            (Some([]), Some(redirecting)) => (reason?, number_or_reason(redirecting)?),
            (Some(number), Some(redirecting)) => (self.number(number)?, number_or_reason(redirecting)?),
            // Without an `A` field, `D` begins the number; but a code after it is about the number.
            (None, Some(code)) if reason.is_none() && code.len() <= 2 => (reason_d(code)?, PartyId::Absent),
            (None, Some(number)) if reason.is_none() => (self.number(number)?, PartyId::Absent),
            (None, Some(redirecting)) => (reason?, number_or_reason(redirecting)?),
        })
    }

    fn number(&self, digits: &[u8]) -> Option<PartyId<Number>> {
        number(if self.category && digits.len() > BARE_DIGITS { digits.get(1..)? } else { digits })
    }
}

impl Train {
    fn end(&mut self, at: u64, lasted: u64) {
        if self.on.take().is_some() {
            self.ended = at;
            self.tones.add(lasted);
            self.void |= lasted > samples(MAX_TONE_MS);
        }
    }
}

/// The digits behind the letter `mark`, if it stands first, and what follows them.
fn field(mark: u8, body: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let Some((_, rest)) = body.split_first().filter(|(first, _)| **first == mark) else { return (None, body) };
    let (digits, rest) = rest.split_at(rest.iter().take_while(|d| d.is_ascii_digit()).count());
    (Some(digits), rest)
}

fn number(digits: &[u8]) -> Option<PartyId<Number>> {
    if !NUMBER_DIGITS.contains(&digits.len()) {
        return None;
    }
    if digits.len() >= ZEROS && digits.iter().all(|d| *d == b'0') {
        return Some(PartyId::Unavailable);
    }
    Some(PartyId::Known(Number::from_latin1(digits)))
}

fn number_or_reason(digits: &[u8]) -> Option<PartyId<Number>> {
    if digits.len() <= 2 { reason_d(digits) } else { number(digits) }
}

/// The meaning of a code behind `B`: 00 not available, 10 withheld (EN 300 659-1 annex B); of one digit, 2 is
/// withheld and the others are kinds of not available.
fn reason_b(code: &[u8]) -> Option<PartyId<Number>> {
    match code {
        b"10" | b"2" => Some(PartyId::Withheld),
        [_] | [_, _] => Some(PartyId::Unavailable),
        _ => None,
    }
}

/// The meaning of a code behind `D`: 1 withheld, 2 international, 3 technical reason (Denmark); of two digits, as
/// behind `B`.
fn reason_d(code: &[u8]) -> Option<PartyId<Number>> {
    match code {
        b"1" => Some(PartyId::Withheld),
        [_] => Some(PartyId::Unavailable),
        _ => reason_b(code),
    }
}

/// How a network writes a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// `A`number, `D`redirecting number, `B`code, each if there is one, and `C` (Sweden, Finland, Iceland, Brazil, India).
    AtoC,
    /// `A`number`#`, or `D`, a digit, `#` (Denmark).
    AtoHash,
    /// `D`number`C` (Netherlands, Taiwan).
    DtoC,
    /// `D`number`#` (Kuwait, Taiwan).
    DtoHash,
    /// number`C` (China).
    ToC,
    /// number`#` (old Dutch lines).
    ToHash,
    /// The number alone (India).
    Bare,
}

impl Form {
    /// All forms.
    pub const ALL: [Self; 7] =
        [Self::AtoC, Self::AtoHash, Self::DtoC, Self::DtoHash, Self::ToC, Self::ToHash, Self::Bare];

    /// The form that `country` uses, if it uses one: the usual one first.
    pub fn of(country: &Country) -> Option<Self> {
        core::iter::once(&country.cid).chain(country.cid_also).find_map(|form| match form {
            CidForm::Dtmf { start, end } => Some(match (start, end) {
                (b'A', b'#') => Self::AtoHash,
                (b'D', b'#') => Self::DtoHash,
                (b'D', _) => Self::DtoC,
                _ => Self::AtoC,
            }),
            _ => None,
        })
    }

    /// The letter before a number, and the mark after it.
    const fn marks(self) -> (&'static str, &'static str) {
        match self {
            Self::AtoC => ("A", "C"),
            Self::AtoHash => ("A", "#"),
            Self::DtoC => ("D", "C"),
            Self::DtoHash => ("D", "#"),
            Self::ToC => ("", "C"),
            Self::ToHash => ("", "#"),
            Self::Bare => ("", ""),
        }
    }
}

/// What a message says: the sender's side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The calling number, or why there is none.
    pub number: PartyId<Number>,
    /// The redirecting number; only [`Form::AtoC`] has a place for it.
    pub redirecting: PartyId<Number>,
}

impl Message {
    /// The digits to send. What is no decimal digit in a number is left out. `None` where the form has no way to say
    /// it, or no room for it: then the exchange sends nothing.
    pub fn digits(&self, form: Form) -> Option<Text<MAX_DIGITS>> {
        let (start, end) = form.marks();
        let mut out = Out(Text::default());
        match (&self.number, form) {
            (PartyId::Absent, _) => return None,
            (PartyId::Known(n), _) => {
                out.put(start)?;
                out.number(n)?;
                if form == Form::AtoC {
                    out.redirecting(&self.redirecting)?;
                }
            }
            (_, Form::ToC | Form::ToHash | Form::Bare) => return None,
            (PartyId::Withheld, Form::AtoHash) => out.put("D1")?,
            (PartyId::Unavailable, Form::AtoHash) => out.put("D2")?,
            (PartyId::Unavailable, Form::DtoC | Form::DtoHash) => out.put("D0000000000")?,
            (PartyId::Withheld, Form::DtoC | Form::DtoHash) => out.put("B10")?,
            (reason, Form::AtoC) => {
                out.redirecting(&self.redirecting)?;
                out.put(if *reason == PartyId::Withheld { "B10" } else { "B00" })?;
            }
        }
        out.put(end)?;
        Some(out.0)
    }

    /// Queues the digits in `sender`, 70 ms on and 70 ms off. False when the form cannot say it, or the sender's
    /// queue is full.
    pub fn send(&self, form: Form, sender: &mut dtmf::Sender) -> bool {
        self.digits(form).is_some_and(|digits| digits.as_str().bytes().all(|d| sender.push(d, DIGIT, DIGIT)))
    }
}

struct Out(Text<MAX_DIGITS>);

impl Out {
    fn put(&mut self, text: &str) -> Option<()> {
        text.chars().all(|c| self.0.push(c)).then_some(())
    }

    fn number(&mut self, number: &Number) -> Option<()> {
        let mut some = false;
        for c in number.as_str().chars().filter(char::is_ascii_digit) {
            some = true;
            self.0.push(c).then_some(())?;
        }
        some.then_some(())
    }

    fn redirecting(&mut self, number: &PartyId<Number>) -> Option<()> {
        match number {
            PartyId::Known(n) => {
                self.put("D")?;
                self.number(n)
            }
            _ => Some(()),
        }
    }
}

#[cfg(test)]
mod tests;
