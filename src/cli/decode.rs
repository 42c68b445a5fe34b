//! `loopstart decode`: what a recording of a line holds.

use super::output::{Out, Printable};
use super::wav::Wav;
use super::{Failure, parse_path};
use crate::signal::cid;
use crate::signal::country::{self, Country};
use crate::signal::decode::{Decoder, Event};
use crate::signal::progress::Kind;
use crate::signal::{CallerId, DigitEdge, PartyId, ProgressTone, SAMPLE_RATE, resample};
use serde::Serialize;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// A WAV file: PCM or G.711, any rate.
    #[arg(value_name = "FILE.wav", value_parser = parse_path)]
    file: PathBuf,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
    /// Whose tones to listen for: an ISO 3166 code.
    #[arg(long, value_name = "CC", default_value = "us", value_parser = parse_country)]
    country: &'static Country,
    /// Which channel of a file that has several, from 1.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    channel: u16,
}

/// A country by its code.
pub(super) fn parse_country(code: &str) -> Result<&'static Country, String> {
    country::by_code(&code.to_ascii_lowercase()).ok_or_else(|| {
        let codes: Vec<&str> = country::all().iter().map(|c| c.code).collect();
        format!("no such country; there are {}", codes.join(" "))
    })
}

/// Seconds of sound that are resampled at a time. Whole seconds, so that the two rates have a common grid.
const BLOCK: usize = 4;
/// Seconds before and after a block that its resampling looks at.
const MARGIN: usize = 1;
/// Samples that are decoded at a time: events of one chunk are put in order of time.
const CHUNK: usize = 160;
/// Silence after the end, so that what sounded to the end is decided on.
const TAIL: usize = SAMPLE_RATE as usize / 2;

/// One object of output.
#[derive(Debug, Default, PartialEq, Serialize)]
struct Found {
    t: f64,
    ev: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    digit: Option<char>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    level_dbm0: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proto: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ok: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<Fields>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tone: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'static str>,
}

/// What a caller-identification message says.
#[derive(Debug, Default, PartialEq, Serialize)]
struct Fields {
    /// MMDDHHMM.
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    /// Why there is no number: `P` withheld, `O` not available.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Why there is no name.
    #[serde(skip_serializing_if = "Option::is_none")]
    name_reason: Option<&'static str>,
}

pub(super) fn run(options: &Options) -> Result<(), Failure> {
    let unusable = |why: &dyn std::fmt::Display| Failure::Usage(format!("{}: {why}", options.file.display()));
    let file = File::open(&options.file).map_err(|e| unusable(&e))?;
    let mut wav = Wav::new(BufReader::new(file), options.channel).map_err(|e| unusable(&e))?;
    let mut out = Out::new(options.json);
    let mut ears = Ears::new(options.country);
    let mut blocks = Blocks::new(wav.rate());
    let (mut end, mut told) = (0, Ok(()));
    while let Some(samples) = blocks.next(&mut wav).map_err(|e| unusable(&e))? {
        end += samples.len();
        ears.hear(&samples, usize::MAX, &mut |found| told = tell(&mut out, &found));
        std::mem::replace(&mut told, Ok(()))?;
    }
    ears.hear(&[0; TAIL], end, &mut |found| told = tell(&mut out, &found));
    told
}

fn tell(out: &mut Out, found: &Found) -> Result<(), Failure> {
    out.object(found)?;
    out.say(found.text())
}

/// Resamples a file block by block, with the same result as all at once.
struct Blocks {
    rate: usize,
    /// Sound from one margin before the next block on.
    samples: Vec<f32>,
    /// Samples at the beginning of `samples` that belong to the margin.
    before: usize,
    ended: bool,
}

impl Blocks {
    fn new(rate: u32) -> Self {
        Self { rate: rate as usize, samples: Vec::new(), before: 0, ended: false }
    }

    /// The next samples at 8 kHz; none at the end.
    fn next<R: Read>(&mut self, wav: &mut Wav<R>) -> Result<Option<Vec<i16>>, super::wav::WavError> {
        let block = BLOCK * self.rate;
        let wanted = self.before + block + MARGIN * self.rate;
        while !self.ended && self.samples.len() < wanted {
            self.ended = wav.read(wanted - self.samples.len(), &mut self.samples)? == 0;
        }
        if self.samples.len() <= self.before {
            return Ok(None);
        }
        let all = resample::to_8k(&self.samples, self.rate as u32);
        let from = self.before / self.rate * SAMPLE_RATE as usize;
        let to = if self.samples.len() > self.before + block { from + BLOCK * SAMPLE_RATE as usize } else { all.len() };
        let here = all.get(from..to).unwrap_or_default().to_vec();
        let next = (self.before + block).min(self.samples.len());
        // Keep a margin before the next block, in whole seconds.
        let keep = next.saturating_sub(MARGIN * self.rate);
        self.samples.drain(..keep);
        self.before = next - keep;
        Ok(Some(here))
    }
}

/// Hears a recording and tells what it holds, in order of time.
struct Ears {
    decoder: Decoder,
    found: Vec<(u64, Found)>,
}

impl Ears {
    fn new(country: &'static Country) -> Self {
        Self { decoder: Decoder::new(country), found: Vec::new() }
    }

    /// Hears samples. What is decided after sample `end` counts as decided there.
    fn hear(&mut self, samples: &[i16], end: usize, tell: &mut impl FnMut(Found)) {
        for chunk in samples.chunks(CHUNK) {
            let found = &mut self.found;
            self.decoder.process(chunk, &mut |event| found.extend(understand(&event)));
            self.found.sort_by_key(|(at, _)| *at);
            for (at, mut found) in self.found.drain(..) {
                found.t = at.min(end as u64) as f64 / f64::from(SAMPLE_RATE);
                tell(found);
            }
        }
    }
}

/// What an event tells, and the sample at which it was decided.
fn understand(event: &Event<'_>) -> Option<(u64, Found)> {
    match event {
        Event::Dtmf(digit) if digit.edge == DigitEdge::End => Some((
            digit.at,
            Found {
                ev: "dtmf",
                digit: Some(char::from(digit.symbol)),
                duration_ms: Some(digit.duration_ms),
                level_dbm0: Some((f64::from(digit.level_dbm0) * 10.0).round() / 10.0),
                ..Found::default()
            },
        )),
        Event::Dtmf(_) => None,
        Event::Cid(cid::Event::Frame { ok, raw, message, carrier, at, .. }) => Some((
            *at,
            Found {
                ev: "cid",
                proto: Some(match carrier {
                    cid::Carrier::Bell202 => "bell202",
                    cid::Carrier::V23 => "v23",
                    cid::Carrier::Ntt => "ntt",
                }),
                ok: Some(*ok),
                raw: Some(raw.iter().map(|b| format!("{b:02x}")).collect()),
                fields: message.map(|m| Fields::of(&m.caller_id())),
                ..Found::default()
            },
        )),
        Event::Clip(_) | Event::Cas(_) | Event::Answer(_) => None,
        Event::Progress(progress) => {
            let found = match progress.kind {
                Kind::Tone(tone) => Found { ev: "tone", tone: Some(tone_word(tone)), ..Found::default() },
                Kind::Voice => Found { ev: "hint", hint: Some("voice"), ..Found::default() },
                // Told again for each second; once is enough.
                Kind::Silence(1000) => Found { ev: "hint", hint: Some("silence"), ..Found::default() },
                Kind::Silence(_) | Kind::Ended(_) => return None,
            };
            Some((progress.at, found))
        }
    }
}

fn tone_word(tone: ProgressTone) -> &'static str {
    match tone {
        ProgressTone::Dial => "dial",
        ProgressTone::StutterDial => "stutter",
        ProgressTone::Ringback => "ringback",
        ProgressTone::Busy => "busy",
        ProgressTone::Reorder => "reorder",
        ProgressTone::Sit(_) => "sit",
        ProgressTone::CallWaiting => "callwaiting",
        ProgressTone::Confirmation => "confirmation",
        ProgressTone::Unobtainable => "unobtainable",
        ProgressTone::Howler => "howler",
    }
}

impl Fields {
    fn of(id: &CallerId) -> Self {
        fn parts<T: Copy>(party: PartyId<T>, text: impl Fn(T) -> String) -> (Option<String>, Option<&'static str>) {
            match party {
                PartyId::Absent => (None, None),
                PartyId::Known(known) => (Some(text(known)), None),
                PartyId::Withheld => (None, Some("P")),
                PartyId::Unavailable => (None, Some("O")),
            }
        }
        let (number, reason) = parts(id.number, |n| n.as_str().to_owned());
        let (name, name_reason) = parts(id.name, |n| n.as_str().to_owned());
        let time = id.time.map(|t| format!("{:02}{:02}{:02}{:02}", t.month, t.day, t.hour, t.minute));
        Self { time, number, reason, name, name_reason }
    }
}

impl Found {
    /// For people.
    fn text(&self) -> String {
        let what = match self.ev {
            "dtmf" => format!(
                "digit {}, {} ms, {:.1} dBm0",
                self.digit.unwrap_or(' '),
                self.duration_ms.unwrap_or(0),
                self.level_dbm0.unwrap_or(0.0)
            ),
            "cid" => match &self.fields {
                Some(fields) => fields.text(),
                None => format!("caller identification, damaged: {}", self.raw.as_deref().unwrap_or("")),
            },
            "tone" => format!("{} tone", self.tone.unwrap_or("")),
            _ => self.hint.unwrap_or("").to_owned(),
        };
        format!("{:8.3} s  {what}", self.t)
    }
}

impl Fields {
    fn text(&self) -> String {
        let mut text = match (&self.number, self.reason) {
            (Some(number), _) => format!("caller {}", Printable(number)),
            (None, Some("P")) => "caller withheld".into(),
            (None, _) => "caller unavailable".into(),
        };
        if let Some(name) = &self.name {
            text.push_str(&format!(" \"{}\"", Printable(name)));
        }
        if let Some(time) = &self.time {
            text.push_str(&format!(" at {time}"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{Name, Number};

    #[test]
    fn blocks_give_what_the_whole_gives() {
        for (rate, seconds) in [(44_100u32, 11.3), (8_000, 9.0), (11_025, 4.0), (6_000, 0.1)] {
            let count = (f64::from(rate) * seconds) as usize;
            let sound: Vec<i16> = (0..count)
                .map(|i| ((i as f64 * 0.37).sin() * 8000.0 + (i as f64 * 0.011).sin() * 6000.0) as i16)
                .collect();
            let spec = hound::WavSpec {
                channels: 1,
                sample_rate: rate,
                bits_per_sample: 16,
                sample_format: hound::SampleFormat::Int,
            };
            let mut file = std::io::Cursor::new(Vec::new());
            let mut writer = hound::WavWriter::new(&mut file, spec).unwrap();
            sound.iter().for_each(|s| writer.write_sample(*s).unwrap());
            writer.finalize().unwrap();
            let mut wav = Wav::new(std::io::Cursor::new(file.into_inner()), 1).unwrap();
            let mut blocks = Blocks::new(rate);
            let mut pieces = Vec::new();
            while let Some(piece) = blocks.next(&mut wav).unwrap() {
                assert!(!piece.is_empty());
                pieces.extend(piece);
            }
            let whole: Vec<f32> = sound.iter().map(|s| f32::from(*s) / 32_768.0).collect();
            assert_eq!(pieces, resample::to_8k(&whole, rate), "{rate} Hz");
        }
    }

    #[test]
    fn fields_of_a_message() {
        let id = CallerId { number: PartyId::Known(Number::new("5551234")), name: PartyId::Withheld, time: None };
        let fields = Fields::of(&id);
        assert_eq!(super::super::output::json_line(&fields), r#"{"number":"5551234","name_reason":"P"}"#);
        let id = CallerId { number: PartyId::Unavailable, name: PartyId::Known(Name::new("A\u{7}")), time: None };
        assert_eq!(Fields::of(&id).text(), "caller unavailable \"A\\x07\"");
    }

    #[test]
    fn countries() {
        assert_eq!(parse_country("GB").map(|c| c.code), Ok("gb"));
        assert!(parse_country("zz").is_err_and(|why| why.contains("us")));
    }
}
