//! What sounds: a request as written on the command line, and the sender that plays it.

use crate::signal::country::{CidForm, Country};
use crate::signal::generate::{self, Generator, Signal, tty};
use crate::signal::tone::Tone;
use crate::signal::{CallerId, DateTime, Name, Number, PartyId, SAMPLE_RATE, cid, clip, dtmf, fsk};
use std::collections::VecDeque;
use std::time::Duration;

/// Options of digits.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Digits")]
pub(super) struct DigitOptions {
    /// How long a digit sounds, in ms [default: 80; of caller identification 70].
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u32).range(1..=60_000))]
    on: Option<u32>,
    /// The pause after a digit, in ms [default: the same].
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u32).range(1..=60_000))]
    off: Option<u32>,
}

/// Options of caller identification.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Caller identification (cid)")]
pub(super) struct CidOptions {
    /// The calling number.
    #[arg(long, value_name = "DIGITS", conflicts_with_all = ["withheld", "unavailable"])]
    number: Option<String>,
    /// The calling name.
    #[arg(long)]
    name: Option<String>,
    /// Date and time.
    #[arg(long, value_name = "MMDDHHMM", value_parser = time)]
    time: Option<DateTime>,
    /// The caller withheld the number.
    #[arg(long, conflicts_with = "unavailable")]
    withheld: bool,
    /// The number is not available.
    #[arg(long)]
    unavailable: bool,
    /// The form of the message [default: the country's].
    #[arg(long, value_enum)]
    form: Option<Form>,
    /// The modem that sends it [default: the country's].
    #[arg(long, value_enum)]
    modem: Option<Modem>,
    /// As during a call: without channel seizure.
    #[arg(long)]
    off_hook: bool,
    /// Around a number sent by digits [default: the country's].
    #[arg(long, value_enum)]
    marks: Option<Marks>,
    /// A message-waiting lamp instead of a caller: on or off.
    #[arg(long, value_enum, value_name = "STATE", conflicts_with_all = ["number", "name", "withheld", "unavailable"])]
    lamp: Option<Lamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// Multiple data message format.
    Mdmf,
    /// Single data message format: no name.
    Sdmf,
    /// DTMF digits.
    Dtmf,
    /// The Japanese form: V.23 with parity and block check, after the terminal has answered; no name, no time.
    Ntt,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Modem {
    /// 1200 and 2200 Hz (North America).
    Bell202,
    /// 1300 and 2100 Hz (Europe).
    V23,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Marks {
    /// A number C.
    Ac,
    /// A number #.
    #[value(name = "a#")]
    AHash,
    /// D number C.
    Dc,
    /// D number #.
    #[value(name = "d#")]
    DHash,
    /// Number C.
    C,
    /// Number #.
    #[value(name = "#")]
    Hash,
    /// The number alone.
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Lamp {
    On,
    Off,
}

/// MMDDHHMM.
fn time(text: &str) -> Result<DateTime, String> {
    let pair = |at: usize| text.get(at..at + 2)?.parse::<u8>().ok();
    let parts = if text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit()) {
        pair(0).zip(pair(2)).zip(pair(4).zip(pair(6)))
    } else {
        None
    };
    match parts {
        Some(((month @ 1..=12, day @ 1..=31), (hour @ 0..=24, minute @ 0..=59))) => {
            Ok(DateTime { month, day, hour, minute })
        }
        _ => Err("a time is MMDDHHMM, as in 11211345 for 21 November, 13:45".into()),
    }
}

/// What is asked for.
pub(super) struct Request<'a> {
    pub(super) what: &'a str,
    pub(super) text: Option<&'a str>,
    pub(super) country: &'static Country,
    pub(super) level: Option<f32>,
    pub(super) digits: &'a DigitOptions,
    pub(super) cid: &'a CidOptions,
}

/// Mean level of the two tones of a digit, and of a caller-identification message, in dBm0.
const DIGIT_LEVEL: f32 = -10.0;
const CID_LEVEL: f32 = -14.0;
const TTY_LEVEL: f32 = -12.0;
/// How long a digit and the pause after it last.
const DIGIT: Duration = Duration::from_millis(80);
/// A comma among digits.
const COMMA: Duration = Duration::from_secs(1);
/// Longest sound: a day.
pub(super) const LONGEST: Duration = Duration::from_secs(86_400);
/// Most digits.
const MOST_DIGITS: usize = 10_000;

impl Request<'_> {
    fn is(&self, what: &str) -> bool {
        self.what.eq_ignore_ascii_case(what)
    }

    /// Whether it is one message, which has silence before and after.
    pub(super) fn is_message(&self) -> bool {
        let signal = Signal::by_name(self.what);
        self.is("digits") || self.is("cid") || matches!(signal, Some(Signal::Tty | Signal::Cas | Signal::DtAs))
    }

    /// What it is, for people.
    pub(super) fn name(&self) -> String {
        match Signal::by_name(self.what) {
            _ if self.is("digits") => "digits".into(),
            _ if self.is("cid") => "caller identification".into(),
            Some(
                signal @ (Signal::Dial
                | Signal::Stutter
                | Signal::Ringback
                | Signal::Busy
                | Signal::Reorder
                | Signal::Sit
                | Signal::CallWaiting
                | Signal::Confirmation
                | Signal::Unobtainable),
            ) => format!("{} of {}", signal.name(), self.country.name),
            Some(signal) => signal.name().into(),
            None => self.what.to_owned(),
        }
    }

    /// The sender, and how long it usually sounds if it does not end by itself.
    pub(super) fn sound(&self) -> Result<(Sound, Option<Duration>), String> {
        self.check_options()?;
        if self.is("digits") {
            let text = self.text.ok_or("which digits? for example: loopstart tone digits 5551234#")?;
            return Ok((Sound::Digits(Digits::new(text, self)?), None));
        }
        if self.is("cid") {
            return Ok((self.cid()?, None));
        }
        let signal = Signal::by_name(self.what);
        if let (Some(Signal::Tty), Some(text)) = (signal, self.text) {
            return Ok((Sound::Tty(Box::new(self.tty(text)?)), None));
        }
        if self.text.is_some() {
            return Err(format!("'{}' takes no text; digits and tty do", self.what));
        }
        let generator = generate::parse(self.what, self.country, self.level).map_err(|e| e.to_string())?;
        let usual = signal.and_then(Signal::usual_length);
        let usual = usual.or_else(|| {
            // A tone that plays once and then stays silent ends by itself; others have no usual length.
            let tone: Tone = self.what.parse().ok()?;
            let silent = tone.steps().last().is_some_and(|s| s.freqs.is_empty() && s.ms == 0);
            silent.then(|| Duration::from_millis(tone.steps().iter().map(|s| u64::from(s.ms)).sum()))
        });
        Ok((Sound::Tone(Box::new(generator)), usual))
    }

    /// Options that belong to something else.
    fn check_options(&self) -> Result<(), String> {
        let cid = self.cid;
        let only_cid = [
            (cid.number.is_some(), "--number"),
            (cid.name.is_some(), "--name"),
            (cid.time.is_some(), "--time"),
            (cid.withheld, "--withheld"),
            (cid.unavailable, "--unavailable"),
            (cid.form.is_some(), "--form"),
            (cid.modem.is_some(), "--modem"),
            (cid.off_hook, "--off-hook"),
            (cid.marks.is_some(), "--marks"),
            (cid.lamp.is_some(), "--lamp"),
        ];
        match only_cid.iter().find(|(given, _)| *given) {
            Some((_, option)) if !self.is("cid") => Err(format!("{option} is for: loopstart tone cid")),
            _ => Ok(()),
        }
    }

    fn tty(&self, text: &str) -> Result<tty::Sender, String> {
        let mut sender = tty::Sender::new(tty::Rate::B45, self.level.unwrap_or(TTY_LEVEL));
        if let Some(c) = text.chars().find(|c| tty::code(*c).is_none()) {
            return Err(format!(
                "a text telephone has no character '{c}': letters, digits and - $ ' , ! : ( \" ) = ? + . / ;"
            ));
        }
        if sender.type_text(text) < text.chars().count() {
            return Err(format!("the text is too long: at most about {} characters", tty::QUEUE / 2));
        }
        Ok(sender)
    }

    fn cid(&self) -> Result<Sound, String> {
        let (options, usual) = (self.cid, self.country.cid);
        let number = match &options.number {
            Some(number) => PartyId::Known(fitting(number, "a number", Number::new(number).as_str(), Number::new)?),
            None if options.withheld => PartyId::Withheld,
            None if options.unavailable => PartyId::Unavailable,
            None if options.lamp.is_some() => PartyId::Absent,
            None => return Err("whose? add --number DIGITS, --withheld or --unavailable".into()),
        };
        let name = match (&options.name, &number) {
            (Some(name), _) => PartyId::Known(fitting(name, "a name", Name::new(name).as_str(), Name::new)?),
            (None, PartyId::Withheld) => PartyId::Withheld,
            (None, PartyId::Unavailable) => PartyId::Unavailable,
            (None, _) => PartyId::Absent,
        };
        let id = CallerId { number, name, time: options.time };
        let form = options.form.unwrap_or(match usual {
            CidForm::Dtmf { .. } if options.modem.is_none() && options.name.is_none() => Form::Dtmf,
            CidForm::Ntt if options.modem.is_none() && options.name.is_none() && options.lamp.is_none() => Form::Ntt,
            _ => Form::Mdmf,
        });
        if options.marks.is_some() && form != Form::Dtmf {
            return Err("--marks is for --form dtmf".into());
        }
        match form {
            Form::Dtmf => return self.clip(&id),
            Form::Ntt => return self.japanese(&id),
            Form::Mdmf | Form::Sdmf => {}
        }
        let modem = options.modem.unwrap_or(match usual {
            CidForm::Bell202AfterRing => Modem::Bell202,
            _ => Modem::V23,
        });
        let spec = match modem {
            Modem::Bell202 => fsk::BELL202,
            Modem::V23 => fsk::V23,
        };
        let level = self.level.unwrap_or(CID_LEVEL);
        let frame = match (form, options.lamp) {
            (_, Some(lamp)) => cid::Frame::message_waiting(lamp == Lamp::On),
            (Form::Sdmf, None) if options.name.is_some() => {
                return Err("SDMF has no name; use --form mdmf, or leave --name out".into());
            }
            (Form::Sdmf, None) => cid::Frame::sdmf(&id),
            (_, None) => cid::Frame::from_caller_id(&id),
        };
        let mut sender = fsk::Sender::new(spec, level);
        let (seizure, mark) = if options.off_hook {
            (0, cid::OFF_HOOK_MARK_BITS)
        } else {
            (cid::ON_HOOK_SEIZURE_BITS, cid::ON_HOOK_MARK_BITS)
        };
        if !sender.load(frame.bytes(), seizure, mark) {
            return Err("the message is too long".into());
        }
        Ok(Sound::Modem(Box::new(sender)))
    }

    /// In the Japanese form, after the mark that a terminal hears when it has answered.
    fn japanese(&self, id: &CallerId) -> Result<Sound, String> {
        let options = self.cid;
        if options.name.is_some() || options.time.is_some() || options.lamp.is_some() {
            return Err("NTT's form has a number only: leave --name, --time and --lamp out, or add --form mdmf".into());
        }
        if options.modem == Some(Modem::Bell202) {
            return Err("NTT's form goes by V.23: leave --modem out".into());
        }
        let parameter: (u8, &[u8]) = match &id.number {
            PartyId::Known(number) => (cid::parameter::NUMBER, number.as_str().as_bytes()),
            PartyId::Withheld => (cid::parameter::NO_NUMBER, b"P"),
            PartyId::Unavailable | PartyId::Absent => (cid::parameter::NO_NUMBER, b"O"),
        };
        let sent = cid::ntt::Sent::new(&[parameter]).ok_or("the message is too long")?;
        let mut sender = fsk::Sender::new(fsk::V23, self.level.unwrap_or(CID_LEVEL));
        if !sender.load(sent.bytes(), 0, cid::OFF_HOOK_MARK_BITS) {
            return Err("the message is too long".into());
        }
        Ok(Sound::Modem(Box::new(sender)))
    }

    fn clip(&self, id: &CallerId) -> Result<Sound, String> {
        let form = match self.cid.marks {
            None => clip::Form::of(self.country).unwrap_or(clip::Form::AtoC),
            Some(Marks::Ac) => clip::Form::AtoC,
            Some(Marks::AHash) => clip::Form::AtoHash,
            Some(Marks::Dc) => clip::Form::DtoC,
            Some(Marks::DHash) => clip::Form::DtoHash,
            Some(Marks::C) => clip::Form::ToC,
            Some(Marks::Hash) => clip::Form::ToHash,
            Some(Marks::None) => clip::Form::Bare,
        };
        if self.cid.name.is_some() || self.cid.lamp.is_some() {
            return Err("digits carry a number only: leave --name and --lamp out, or add --form mdmf".into());
        }
        let message = clip::Message { number: id.number, redirecting: PartyId::Absent };
        let digits = message.digits(form).ok_or("this form cannot say that; try other --marks, or --form mdmf")?;
        Digits::new(digits.as_str(), self).map(Sound::Digits)
    }
}

/// A text that a message has room for; `cut` is what is left of it there.
fn fitting<T>(text: &str, what: &str, cut: &str, make: fn(&str) -> T) -> Result<T, String> {
    if text.is_empty() || cut.len() < text.len() {
        return Err(format!("{what} has 1 to {} characters", cut.len().max(40)));
    }
    if !text.chars().all(|c| matches!(c, ' '..='~')) {
        return Err(format!("{what} has ASCII characters only"));
    }
    Ok(make(text))
}

/// Digits that go to the sender as it has room.
#[derive(Clone, Debug)]
pub(super) struct Digits {
    sender: dtmf::Sender,
    waiting: VecDeque<u8>,
    on: Duration,
    off: Duration,
    /// Samples of all digits and pauses.
    length: u64,
}

impl Digits {
    fn new(text: &str, request: &Request<'_>) -> Result<Self, String> {
        let is_digit = |c: &char| u8::try_from(*c).is_ok_and(|b| b == b',' || dtmf::frequencies(b).is_some());
        let written: Vec<char> = text.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')')).collect();
        if let Some(c) = written.iter().find(|c| !is_digit(c)) {
            return Err(format!("'{c}' is no digit; digits are 0 to 9, *, #, A to D, and a comma is a pause"));
        }
        if written.is_empty() || written.len() > MOST_DIGITS {
            return Err(format!("there must be 1 to {MOST_DIGITS} digits"));
        }
        let usual = if request.is("cid") { clip::DIGIT } else { DIGIT };
        let time = |ms: Option<u32>| ms.map_or(usual, |ms| Duration::from_millis(ms.into()));
        let (on, off) = (time(request.digits.on), time(request.digits.off));
        let samples = |time: Duration| time.as_millis() as u64 * u64::from(SAMPLE_RATE) / 1_000;
        let length = written.iter().map(|c| if *c == ',' { samples(COMMA) } else { samples(on) + samples(off) }).sum();
        if length > samples(LONGEST) {
            return Err("that is longer than a day".into());
        }
        let mut digits = Self {
            sender: dtmf::Sender::new(request.level.unwrap_or(DIGIT_LEVEL)),
            waiting: written.iter().filter_map(|c| u8::try_from(*c).ok()).collect(),
            on,
            off,
            length,
        };
        digits.feed();
        Ok(digits)
    }

    fn feed(&mut self) {
        while let Some(&digit) = self.waiting.front() {
            let taken = match digit {
                b',' => self.sender.push_pause(COMMA),
                digit => self.sender.push(digit, self.on, self.off),
            };
            if !taken {
                return;
            }
            self.waiting.pop_front();
        }
    }
}

/// Whatever sounds.
#[derive(Clone, Debug)]
pub(super) enum Sound {
    Tone(Box<Generator>),
    Digits(Digits),
    Modem(Box<fsk::Sender>),
    Tty(Box<tty::Sender>),
}

impl Sound {
    /// Adds the next samples.
    pub(super) fn mix(&mut self, out: &mut [i16]) {
        match self {
            Self::Tone(generator) => generator.mix(out),
            Self::Digits(digits) => {
                digits.feed();
                digits.sender.mix(out);
            }
            Self::Modem(sender) => sender.mix(out),
            Self::Tty(sender) => sender.mix(out),
        }
    }

    /// How many samples it takes, where that is known beforehand.
    pub(super) fn length(&self) -> Option<u64> {
        match self {
            Self::Digits(digits) => Some(digits.length),
            Self::Modem(_) | Self::Tone(_) | Self::Tty(_) => None,
        }
    }

    /// Whether nothing will sound any more.
    pub(super) fn is_over(&self) -> bool {
        match self {
            Self::Tone(generator) => generator.is_over(),
            Self::Digits(digits) => digits.waiting.is_empty() && digits.sender.is_idle(),
            Self::Modem(sender) => sender.is_idle(),
            Self::Tty(sender) => sender.is_idle(),
        }
    }
}
