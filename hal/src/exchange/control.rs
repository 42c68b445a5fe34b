//! The control language: one command a line, a reply that ends with a line beginning `ok` or `err`.
//!
//! Parsing is apart from doing, and doing needs nothing but the exchange and whoever can pull plugs; the sockets are in
//! `control_server`.

use super::event::{Event, EventKind};
use super::line::Recorder;
use super::numbers::number_of;
use super::operator::Refused;
use super::source::MAX_CLIP;
use super::switch::Exchange;
use super::tones::Signal;
use loopstart_signal::{DigitMode, Name, Number, PartyId, resample};
use std::fmt::Write as _;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longest command line, bytes.
pub const MAX_COMMAND: usize = 4096;

/// Longest recording: an hour of 8 kHz samples.
const MAX_RECORDING: u64 = 8_000 * 3_600;

/// One command.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// `call LINE NUMBER [NAME]`: a call from outside; `P` withheld, `O` unavailable.
    Call(usize, PartyId<Number>, PartyId<Name>),
    /// `hangup LINE`: the far end hangs up or stops calling.
    HangUp(usize),
    /// `digits LINE 123#`.
    Digits(usize, String),
    /// `tone LINE NAME [MS]`; `off` stops.
    Tone(usize, Option<Signal>, Option<u32>),
    /// `play LINE FILE`; `off` stops.
    Play(usize, Option<PathBuf>),
    /// `record LINE FILE`; `off` ends it.
    Record(usize, Option<PathBuf>),
    /// `polarity LINE normal|reversed`.
    Polarity(usize, bool),
    /// `battery LINE on|off`.
    Battery(usize, bool),
    /// `unplug LINE`, `plug LINE`.
    Plug(usize, bool),
    /// `cpc MS|off`: the interruption of loop current at the far end's release.
    OpenInterval(Option<u32>),
    /// `forward LINE NUMBER`: all calls of the line go to the number, dialled as from that line; `off` stops that.
    Forward(usize, Option<String>),
    /// `messages LINE on|off`: messages wait for the subscriber.
    Messages(usize, bool),
    /// `waiting LINE on|off`: call waiting of the line.
    Waiting(usize, bool),
    /// `state LINE`: hook, phase, tone, the parties of its calls and what each is to it, whose voices it hears, and the park
    /// slots that hold a call.
    State(usize),
    /// `events`.
    Events,
    /// `help`.
    Help,
}

/// What `help` tells.
const HELP: &str = "call LINE NUMBER [NAME]\nhangup LINE\ndigits LINE DIGITS\n\
    tone LINE dial|stutter|ringback|busy|reorder|sit|vacant|callwaiting|confirmation|howler|cng|ced|ansam|beep|off [MS]\n\
    play LINE FILE.wav|off\nrecord LINE FILE.wav|off\npolarity LINE normal|reversed\nbattery LINE on|off\n\
    forward LINE NUMBER|off\nwaiting LINE on|off\nmessages LINE on|off\nunplug LINE\nplug LINE\ncpc MS|off\nstate LINE\nevents\nhelp\n";

impl Command {
    /// Reads one line.
    ///
    /// # Errors
    /// What is wrong with it, in a few words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (verb, rest) = split(text);
        match verb {
            "events" => return Ok(Self::Events),
            "help" => return Ok(Self::Help),
            "cpc" => {
                return match rest {
                    "off" => Ok(Self::OpenInterval(None)),
                    ms => ms
                        .parse()
                        .ok()
                        .filter(|ms| (1..=10_000).contains(ms))
                        .map(|ms| Self::OpenInterval(Some(ms)))
                        .ok_or_else(|| "cpc takes 1 to 10000 ms, or off".to_owned()),
                };
            }
            "call" | "hangup" | "digits" | "tone" | "play" | "record" | "polarity" | "battery" | "unplug" | "plug"
            | "state" | "forward" | "waiting" | "messages" => {}
            "" => return Err("no command; try help".to_owned()),
            _ => return Err(format!("unknown command '{}'; try help", printable(verb))),
        }
        let (line, rest) = split(rest);
        let line: usize = line.parse().map_err(|_| format!("{verb} takes a line number first"))?;
        let missing = |what: &str| format!("{verb} {line} what? {what}");
        match verb {
            "call" => {
                let (number, name) = split(rest);
                let number = match number {
                    "" => return Err(missing("a number, or P or O")),
                    "P" => PartyId::Withheld,
                    "O" => PartyId::Unavailable,
                    number if number.bytes().all(|b| b.is_ascii_graphic()) => PartyId::Known(Number::new(number)),
                    _ => return Err("a number is printable ASCII".to_owned()),
                };
                let name = match name {
                    // Without a name its reason follows the number's.
                    "" => match number {
                        PartyId::Withheld => PartyId::Withheld,
                        PartyId::Unavailable => PartyId::Unavailable,
                        _ => PartyId::Absent,
                    },
                    "P" => PartyId::Withheld,
                    "O" => PartyId::Unavailable,
                    name => PartyId::Known(Name::new(unquoted(name))),
                };
                Ok(Self::Call(line, number, name))
            }
            "hangup" => Ok(Self::HangUp(line)),
            "digits" if rest.is_empty() => Err(missing("digits")),
            "digits" => Ok(Self::Digits(line, rest.to_owned())),
            "tone" => {
                let (name, ms) = split(rest);
                let signal = match name {
                    "off" => None,
                    name => Some(Signal::by_name(name).ok_or_else(|| missing("a tone; try help"))?),
                };
                let ms = match ms {
                    "" => None,
                    ms => Some(ms.parse().map_err(|_| "the last word is a time in ms".to_owned())?),
                };
                Ok(Self::Tone(line, signal, ms))
            }
            "play" | "record" => {
                let file = match unquoted(rest) {
                    "" => return Err(missing("a WAV file, or off")),
                    "off" => None,
                    file => Some(PathBuf::from(file)),
                };
                Ok(if verb == "play" { Self::Play(line, file) } else { Self::Record(line, file) })
            }
            "polarity" => match rest {
                "normal" => Ok(Self::Polarity(line, false)),
                "reversed" => Ok(Self::Polarity(line, true)),
                _ => Err(missing("normal or reversed")),
            },
            "battery" => match rest {
                "on" => Ok(Self::Battery(line, true)),
                "off" => Ok(Self::Battery(line, false)),
                _ => Err(missing("on or off")),
            },
            "forward" => match rest {
                "" => Err(missing("a number, or off")),
                "off" => Ok(Self::Forward(line, None)),
                number => Ok(Self::Forward(line, Some(number.to_owned()))),
            },
            "waiting" => match rest {
                "on" => Ok(Self::Waiting(line, true)),
                "off" => Ok(Self::Waiting(line, false)),
                _ => Err(missing("on or off")),
            },
            "messages" => match rest {
                "on" => Ok(Self::Messages(line, true)),
                "off" => Ok(Self::Messages(line, false)),
                _ => Err(missing("on or off")),
            },
            "state" => Ok(Self::State(line)),
            verb => Ok(Self::Plug(line, verb == "plug")),
        }
    }
}

fn split(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    text.split_once(char::is_whitespace).map_or((text, ""), |(word, rest)| (word, rest.trim()))
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

fn printable(text: &str) -> String {
    text.chars().take(20).map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// Who can pull a plug and put it back.
pub trait Plugs {
    /// Pulls the terminal of `line` out (false) or puts it back.
    ///
    /// # Errors
    /// Why it cannot be done.
    fn plug(&mut self, exchange: &mut Exchange, line: usize, plugged: bool) -> Result<(), String>;
}

/// An exchange on its own: a plug is a flag of the line.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPlugs;

impl Plugs for NoPlugs {
    fn plug(&mut self, exchange: &mut Exchange, line: usize, plugged: bool) -> Result<(), String> {
        exchange.set_plugged(line, plugged).map_err(|refused| refused.to_string())
    }
}

/// One connection's view: which event it reads next.
#[derive(Clone, Copy, Debug)]
pub struct Session {
    next_event: u64,
}

impl Session {
    /// A connection that begins now: it is told of what happens from here on.
    pub fn new(exchange: &Exchange) -> Self {
        Self { next_event: exchange.events().next() }
    }

    /// Carries out one line and answers the reply, whose last line begins with `ok` or `err`.
    pub fn reply(&mut self, text: &str, exchange: &mut Exchange, plugs: &mut dyn Plugs) -> String {
        let mut reply = String::new();
        match Command::parse(text).and_then(|command| self.execute(command, exchange, plugs, &mut reply)) {
            Ok(()) => reply.push_str("ok\n"),
            Err(why) => {
                let _ = writeln!(reply, "err {why}");
            }
        }
        reply
    }

    fn execute(
        &mut self,
        command: Command,
        exchange: &mut Exchange,
        plugs: &mut dyn Plugs,
        reply: &mut String,
    ) -> Result<(), String> {
        let done = match command {
            Command::Call(line, number, name) => exchange.call(line, number, name),
            Command::HangUp(line) => exchange.hang_up(line),
            Command::Digits(line, digits) => exchange.send_digits(line, &digits),
            Command::Tone(line, Some(signal), ms) => exchange.send_tone(line, signal, ms),
            Command::Tone(line, None, _) | Command::Play(line, None) => exchange.stop_sending(line),
            Command::Play(line, Some(file)) => {
                exchange.state(line).map_err(|refused| refused.to_string())?;
                exchange.play(line, load(&file)?)
            }
            Command::Record(line, None) => exchange.record(line, None),
            Command::Record(line, Some(file)) => {
                exchange.state(line).map_err(|refused| refused.to_string())?;
                exchange.record(line, Some(Box::new(WavRecorder::create(&file)?)))
            }
            Command::Polarity(line, reversed) => exchange.set_polarity(line, reversed),
            Command::Battery(line, on) => exchange.set_battery(line, on),
            Command::Plug(line, plugged) => return plugs.plug(exchange, line, plugged),
            Command::OpenInterval(ms) => {
                exchange.set_open_interval(ms.map(|ms| Duration::from_millis(u64::from(ms))));
                Ok(())
            }
            Command::Forward(line, number) => exchange.set_forward(line, number.as_deref()),
            Command::Waiting(line, on) => exchange.set_call_waiting(line, on),
            Command::Messages(line, on) => exchange.set_messages(line, on),
            Command::State(line) => state(exchange, line, reply),
            Command::Events => {
                self.events(exchange, reply);
                Ok(())
            }
            Command::Help => {
                reply.push_str(HELP);
                Ok(())
            }
        };
        done.map_err(|refused| refused.to_string())
    }

    fn events(&mut self, exchange: &Exchange, reply: &mut String) {
        let (lost, events) = exchange.events().since(self.next_event);
        if lost > 0 {
            let t = exchange.now().micros() as f64 / 1e6;
            let _ = writeln!(reply, "{{\"t\":{t:.3},\"ev\":\"lost\",\"count\":{lost}}}");
        }
        for event in events {
            write_event(event, reply);
        }
        self.next_event = exchange.events().next();
    }
}

fn state(exchange: &Exchange, line: usize, reply: &mut String) -> Result<(), Refused> {
    let state = exchange.state(line)?;
    let _ = write!(
        reply,
        "{{\"t\":{:.3},\"line\":{line},\"number\":\"{}\",\"hook\":\"{}\",\"phase\":\"{}\",\"battery\":{},\
         \"polarity\":\"{}\",\"plugged\":{}",
        exchange.now().micros() as f64 / 1e6,
        number_of(line),
        if state.off_hook { "off" } else { "on" },
        state.phase,
        state.battery,
        if state.reversed { "reversed" } else { "normal" },
        state.plugged,
    );
    if let Some(tone) = state.tone {
        let _ = write!(reply, ",\"tone\":\"{tone}\"");
    }
    if let Some(peer) = state.peer_line {
        let _ = write!(reply, ",\"peer\":{peer}");
    }
    if let Some(forward) = &state.forward {
        field(reply, "forward", forward);
    }
    let _ = write!(reply, ",\"waiting\":{}", state.call_waiting);
    for (n, (number, role)) in state.parties.iter().enumerate() {
        reply.push_str(if n == 0 { ",\"parties\":[{\"role\":\"" } else { ",{\"role\":\"" });
        reply.push_str(role.name());
        reply.push('"');
        if !number.is_empty() {
            field(reply, "number", number.as_str());
        }
        reply.push_str(if n + 1 == state.parties.len() { "}]" } else { "}" });
    }
    let heard = exchange.hears(line)?;
    for (n, number) in heard.iter().enumerate() {
        reply.push_str(if n == 0 { ",\"hears\":[" } else { "," });
        text(reply, number.as_str());
    }
    if !heard.is_empty() {
        reply.push(']');
    }
    for (n, slot) in state.parked.iter().enumerate() {
        // A slot is digits.
        let _ = write!(reply, "{}\"{slot}\"", if n == 0 { ",\"parked\":[" } else { "," });
    }
    if !state.parked.is_empty() {
        reply.push(']');
    }
    reply.push_str("}\n");
    Ok(())
}

/// One event as a line of JSON.
pub fn write_event(event: &Event, out: &mut String) {
    let _ = write!(out, "{{\"t\":{:.3},\"line\":{},\"ev\":\"", event.at.micros() as f64 / 1e6, event.line);
    let name = match &event.kind {
        EventKind::Ringing => "ringing",
        EventKind::RingingStopped => "ringingstopped",
        EventKind::OffHook => "offhook",
        EventKind::OnHook => "onhook",
        EventKind::Flash => "flash",
        EventKind::Held => "held",
        EventKind::Retrieved => "retrieved",
        EventKind::Swapped => "swapped",
        EventKind::Joined => "joined",
        EventKind::Transferred => "transferred",
        EventKind::Waiting => "waiting",
        EventKind::Parked(_) => "parked",
        EventKind::Unparked => "unparked",
        EventKind::PickedUp => "pickedup",
        EventKind::Forwarded(_) => "forwarded",
        EventKind::Feature(_) => "feature",
        EventKind::Recall => "recall",
        EventKind::Digit(..) => "digit",
        EventKind::Dialed(_) => "dialed",
        EventKind::Tone(_) => "tone",
        EventKind::Answered => "answered",
        EventKind::Released => "released",
        EventKind::CallerId(..) => "callerid",
        EventKind::PlayDone => "playdone",
        EventKind::RecordDone(_) => "recorddone",
        EventKind::Polarity(_) => "polarity",
        EventKind::Battery(_) => "battery",
        EventKind::Unplugged => "unplugged",
        EventKind::Plugged => "plugged",
    };
    out.push_str(name);
    out.push('"');
    match &event.kind {
        EventKind::Digit(symbol, mode) => {
            let mode = if *mode == DigitMode::Pulse { "pulse" } else { "dtmf" };
            field(out, "digit", char::from(*symbol).encode_utf8(&mut [0; 4]));
            field(out, "mode", mode);
        }
        EventKind::Dialed(number) | EventKind::Forwarded(number) => field(out, "number", number),
        EventKind::Parked(slot) => field(out, "slot", slot),
        EventKind::Feature(name) => field(out, "name", name),
        EventKind::Tone(tone) => field(out, "tone", tone),
        EventKind::CallerId(number, name) => {
            let number = match number {
                PartyId::Known(number) => Some(number.as_str()),
                PartyId::Withheld => Some("P"),
                PartyId::Unavailable => Some("O"),
                PartyId::Absent => None,
            };
            let name = match name {
                PartyId::Known(name) => Some(name.as_str()),
                PartyId::Withheld => Some("P"),
                PartyId::Unavailable => Some("O"),
                PartyId::Absent => None,
            };
            if let Some(number) = number {
                field(out, "number", number);
            }
            if let Some(name) = name {
                field(out, "name", name);
            }
        }
        EventKind::RecordDone(samples) => {
            let _ = write!(out, ",\"samples\":{samples}");
        }
        EventKind::Polarity(reversed) => field(out, "polarity", if *reversed { "reversed" } else { "normal" }),
        EventKind::Battery(on) => field(out, "battery", if *on { "on" } else { "off" }),
        _ => {}
    }
    out.push_str("}\n");
}

/// `,"key":"value"`, escaped.
fn field(out: &mut String, key: &str, value: &str) {
    let _ = write!(out, ",\"{key}\":");
    text(out, value);
}

/// `"value"`, escaped.
fn text(out: &mut String, value: &str) {
    out.push('"');
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if (c as u32) < 0x20 || (0x7f..0xa0).contains(&(c as u32)) => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Reads a WAV file of any rate and up to ten minutes, its first channel, as 8 kHz samples.
fn load(path: &Path) -> Result<Vec<i16>, String> {
    let failed = |error: hound::Error| format!("{}: {error}", path.display());
    let mut reader = hound::WavReader::open(path).map_err(failed)?;
    let spec = reader.spec();
    if !(1_000..=384_000).contains(&spec.sample_rate) {
        return Err(format!("{}: {} samples per second", path.display(), spec.sample_rate));
    }
    let most = MAX_CLIP.saturating_mul(usize::try_from(spec.sample_rate).unwrap_or(0)) / 8_000;
    let channels = usize::from(spec.channels.max(1));
    let samples: Result<Vec<f32>, _> = match spec.sample_format {
        hound::SampleFormat::Float => reader.samples::<f32>().step_by(channels).take(most).collect(),
        hound::SampleFormat::Int => {
            let full = (1u64 << (spec.bits_per_sample.clamp(1, 32) - 1)) as f32;
            reader.samples::<i32>().step_by(channels).take(most).map(|s| s.map(|s| s as f32 / full)).collect()
        }
    };
    let samples = samples.map_err(failed)?;
    if samples.is_empty() {
        return Err(format!("{}: no samples", path.display()));
    }
    Ok(if spec.sample_rate == 8_000 {
        samples.iter().map(|s| (s * 32_768.0).round() as i16).collect()
    } else {
        resample::to_8k(&samples, spec.sample_rate)
    })
}

/// Writes a recording as 16-bit mono WAV at 8 kHz.
struct WavRecorder {
    writer: Option<hound::WavWriter<BufWriter<File>>>,
    written: u64,
}

impl WavRecorder {
    fn create(path: &Path) -> Result<Self, String> {
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 8_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let writer = hound::WavWriter::create(path, spec).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self { writer: Some(writer), written: 0 })
    }
}

impl Recorder for WavRecorder {
    fn write(&mut self, samples: &[i16]) -> bool {
        let Some(writer) = &mut self.writer else { return false };
        self.written += samples.len() as u64;
        self.written <= MAX_RECORDING && samples.iter().all(|&s| writer.write_sample(s).is_ok())
    }
}

impl Drop for WavRecorder {
    fn drop(&mut self) {
        if let Some(writer) = self.writer.take()
            && let Err(error) = writer.finalize()
        {
            log::warn!("a recording could not be completed: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::settings::Settings;
    use super::*;
    use loopstart_signal::Time;

    #[test]
    fn commands_are_read() {
        assert_eq!(
            Command::parse("call 0 5551234 JANE DOE\r\n"),
            Ok(Command::Call(0, PartyId::Known(Number::new("5551234")), PartyId::Known(Name::new("JANE DOE"))))
        );
        assert_eq!(Command::parse("call 1 P"), Ok(Command::Call(1, PartyId::Withheld, PartyId::Withheld)));
        assert_eq!(Command::parse("tone 1 busy 500"), Ok(Command::Tone(1, Some(Signal::Busy), Some(500))));
        assert_eq!(Command::parse("record 0 off"), Ok(Command::Record(0, None)));
        assert_eq!(Command::parse("plug 3"), Ok(Command::Plug(3, true)));
        assert_eq!(Command::parse("forward 0 5550101"), Ok(Command::Forward(0, Some("5550101".into()))));
        assert_eq!(Command::parse("forward 0 off"), Ok(Command::Forward(0, None)));
        assert_eq!(Command::parse("waiting 1 off"), Ok(Command::Waiting(1, false)));
        assert_eq!(Command::parse("messages 1 on"), Ok(Command::Messages(1, true)));
        for bad in [
            "",
            "call",
            "call x 5",
            "call 0",
            "tone 0 hum",
            "tone 0 busy x",
            "polarity 0",
            "fly 0",
            "cpc 0",
            "forward 0",
            "waiting 0",
            "messages 0 maybe",
        ] {
            assert!(Command::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn replies_end_with_ok_or_err_and_events_are_json_lines() {
        let mut exchange = Exchange::new(Settings::default());
        let mut session = Session::new(&exchange);
        let mut say = |exchange: &mut Exchange, text: &str| session.reply(text, exchange, &mut NoPlugs);
        assert_eq!(say(&mut exchange, "call 0 5551234 A \"B\"\\"), "ok\n");
        assert_eq!(say(&mut exchange, "call 0 5551234"), "err the line is busy\n");
        assert_eq!(say(&mut exchange, "call 9 5551234"), "err no such line\n");
        assert_eq!(say(&mut exchange, "digits 0 12z"), "err not digits, or too many\n");
        assert!(say(&mut exchange, "play 0 /nowhere/x.wav").starts_with("err "));
        let mut to = [Default::default(); 2];
        for n in 0..700 {
            exchange.step(Time::from_millis(n * 5), &[], &mut to);
        }
        assert_eq!(
            say(&mut exchange, "events"),
            "{\"t\":0.000,\"line\":0,\"ev\":\"ringing\"}\n\
             {\"t\":2.500,\"line\":0,\"ev\":\"callerid\",\"number\":\"5551234\",\"name\":\"A \\\"B\\\"\\\\\"}\nok\n"
        );
        assert_eq!(say(&mut exchange, "events"), "ok\n");
        assert!(say(&mut exchange, "state 0").contains("\"phase\":\"ringing\""));
        assert_eq!(say(&mut exchange, "forward 1 5550100"), "ok\n");
        assert_eq!(say(&mut exchange, "forward 1 5559999"), "err no such number\n");
        assert_eq!(say(&mut exchange, "waiting 1 off"), "ok\n");
        assert!(say(&mut exchange, "state 1").contains("\"forward\":\"5550100\",\"waiting\":false}"));
        assert_eq!(say(&mut exchange, "unplug 0"), "ok\n");
        assert!(say(&mut exchange, "events").contains("\"ev\":\"unplugged\""));
    }

    #[test]
    fn audio_files_of_any_rate_are_read_and_recordings_are_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.wav");
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: 16_000,
            bits_per_sample: 24,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(&path, spec).unwrap();
        for n in 0..16_000 {
            let s = (f64::from(n) * 0.1).sin();
            writer.write_sample((s * 4_000_000.0) as i32).unwrap();
            writer.write_sample(0).unwrap();
        }
        writer.finalize().unwrap();
        let samples = load(&path).unwrap();
        assert!((7_990..=8_010).contains(&samples.len()), "{}", samples.len());
        let peak = samples[1000..7000].iter().map(|s| s.unsigned_abs()).max().unwrap();
        assert!((14_500..16_500).contains(&peak), "{peak}");
        let path = dir.path().join("y.wav");
        let mut recorder = WavRecorder::create(&path).unwrap();
        assert!(recorder.write(&[1, -2, 3]));
        drop(recorder);
        assert_eq!(load(&path).unwrap(), [1, -2, 3]);
    }
}
