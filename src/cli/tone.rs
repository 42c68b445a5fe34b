//! `loopstart tone`: writes what a line says, as sound: tones, digits, caller identification, text telephones.
//!
//! Sound is made at the line's rate, passes a line with impairments if any are asked for, is brought to the wanted rate,
//! and written piece by piece. How long it is, is known before the first sample is written, so that the header is right
//! on a pipe too.

mod source;

use super::decode::{is_standard, parse_country};
use super::output::{Out, Printable};
use super::wav::write::{self, Encoding};
use super::{Failure, parse_path};
use crate::signal::country::Country;
use crate::signal::generate::Signal;
use crate::signal::line_model::{Hum, LineModel, Settings, g726, noise_at_snr};
use crate::signal::resample::Resampler;
use crate::signal::{SAMPLE_RATE, level};
use source::Sound;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Options {
    /// A tone by name (--list tells them), digits, cid, tty, or a tone as text: 440+480:2000,0:4000.
    #[arg(value_name = "WHAT", required_unless_present = "list")]
    what: Option<String>,
    /// The digits (a comma is a pause of one second), or what the text telephone types.
    #[arg(value_name = "TEXT")]
    text: Option<String>,
    /// Where to: a file, or - for standard output.
    #[arg(short, long, value_name = "FILE", default_value = "-", value_parser = parse_path)]
    output: PathBuf,
    /// List all tones by name.
    #[arg(long, conflicts_with = "what")]
    list: bool,
    /// With --list: one JSON object a line.
    #[arg(long, requires = "list")]
    json: bool,
    /// Whose tones and caller identification: an ISO 3166 code.
    #[arg(long, value_name = "CC", default_value = "us", value_parser = parse_country)]
    country: &'static Country,
    /// How long it sounds, in seconds [default: as long as it usually does, or 10].
    #[arg(long, value_name = "S", value_parser = seconds)]
    seconds: Option<f64>,
    /// Level of each frequency, in dBm0 [default: the usual one].
    #[arg(long, value_name = "DBM0", value_parser = dbm0, allow_negative_numbers = true)]
    level: Option<f32>,
    /// Silence before and after, in ms [default: 0, for messages 250].
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u32).range(..=600_000))]
    silence: Option<u32>,
    #[command(flatten)]
    file: FileOptions,
    #[command(flatten)]
    digits: source::DigitOptions,
    #[command(flatten)]
    cid: source::CidOptions,
    #[command(flatten)]
    line: LineOptions,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "The file")]
struct FileOptions {
    /// Samples per second.
    #[arg(long, value_name = "HZ", default_value_t = SAMPLE_RATE, value_parser = clap::value_parser!(u32).range(8_000..=192_000))]
    rate: u32,
    /// With a header, or samples alone.
    #[arg(long, value_enum, default_value_t = Format::Wav)]
    format: Format,
    /// How samples are coded.
    #[arg(long, value_enum, default_value_t = Encoding::Pcm16)]
    encoding: Encoding,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A WAV file.
    Wav,
    /// Samples without a header.
    Raw,
}

/// What a line does to it.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "A line with faults")]
struct LineOptions {
    /// White noise this many dB below the sound (power over 0 to 4 kHz).
    #[arg(long, value_name = "DB", value_parser = decibels, allow_negative_numbers = true)]
    snr: Option<f32>,
    /// Loss, in dB.
    #[arg(long, value_name = "DB", value_parser = decibels, allow_negative_numbers = true)]
    loss: Option<f32>,
    /// How much stronger high frequencies get than low ones (DTMF: group to group), in dB.
    #[arg(long, value_name = "DB", value_parser = decibels, allow_negative_numbers = true)]
    twist: Option<f32>,
    /// Hum of the mains: its level in dBm0, and frequency if not 50 Hz.
    #[arg(long, value_name = "DBM0[@HZ]", value_parser = hum, allow_hyphen_values = true)]
    hum: Option<Hum>,
    /// Speech coder on the way: ITU-T G.726 at 40, 32, 24 or 16 kbit/s.
    #[arg(long, value_name = "KBIT", value_parser = adpcm)]
    g726: Option<g726::Rate>,
    /// Another number gives other noise.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

const EXAMPLES: &str = "\
Examples:
  loopstart tone busy --country gb --seconds 5 -o busy.wav
  loopstart tone digits 5551234# --on 80 --off 80 -o digits.wav
  loopstart tone cid --number 5551234 --name \"JANE DOE\" --time 11211345 -o cid.wav
  loopstart tone cid --number 0612345678 --country nl -o clip.wav
  loopstart tone tty \"HELLO GA\" -o tty.wav
  loopstart tone 440+480:2000,0:4000 --seconds 12 --snr 20 -o ringback.wav
  loopstart tone sit -o - | loopstart decode -";

/// How long a tone sounds that does not end by itself, in seconds.
const USUAL: f64 = 10.0;
/// Silence before and after a message, in ms.
const AROUND: u32 = 250;
/// Samples that are made at a time.
const BLOCK: usize = 800;
/// Samples that are looked at for the level of the sound: a minute.
const MEASURED: u64 = 60 * SAMPLE_RATE as u64;

/// A number within bounds.
fn number(text: &str, least: f64, most: f64, what: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(n) if (least..=most).contains(&n) => Ok(n),
        _ => Err(format!("{what} is a number from {least} to {most}")),
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    number(text, 0.001, source::LONGEST.as_secs_f64(), "a length")
}

fn dbm0(text: &str) -> Result<f32, String> {
    number(text, -70.0, 3.0, "a level").map(|n| n as f32)
}

fn decibels(text: &str) -> Result<f32, String> {
    number(text, -60.0, 100.0, "a ratio in dB").map(|n| n as f32)
}

fn hum(text: &str) -> Result<Hum, String> {
    let (level, hz) = text.split_once('@').unwrap_or((text, "50"));
    Ok(Hum { hz: number(hz, 10.0, 1_000.0, "a frequency of the mains")? as f32, dbm0: dbm0(level)?, partials: 5 })
}

fn adpcm(text: &str) -> Result<g726::Rate, String> {
    Ok(match text {
        "40" => g726::Rate::Kbit40,
        "32" => g726::Rate::Kbit32,
        "24" => g726::Rate::Kbit24,
        "16" => g726::Rate::Kbit16,
        _ => return Err("G.726 runs at 40, 32, 24 or 16 kbit/s".into()),
    })
}

pub(super) fn run(options: &Options) -> Result<(), Failure> {
    let Some(what) = options.what.as_deref().filter(|_| !options.list) else { return list(options) };
    let to_output = is_standard(&options.output);
    if to_output && io::stdout().is_terminal() {
        return Err(Failure::usage("sound is nothing for a terminal; add -o FILE.wav, or a pipe"));
    }
    let request = source::Request {
        what,
        text: options.text.as_deref(),
        country: options.country,
        level: options.level,
        digits: &options.digits,
        cid: &options.cid,
    };
    let plan = Plan::new(options, &request)?;
    let path = if to_output { "standard output".to_owned() } else { options.output.display().to_string() };
    let written = if to_output {
        plan.write(&mut io::stdout().lock())
    } else {
        File::create(&options.output).and_then(|file| {
            let mut file = BufWriter::new(file);
            plan.write(&mut file)?;
            file.flush()
        })
    };
    written.map_err(|e| match e.kind() {
        io::ErrorKind::BrokenPipe if to_output => Failure::OutputClosed,
        _ => Failure::refused(format!("{path}: {e}")),
    })?;
    if to_output {
        return Ok(());
    }
    let seconds = plan.length() as f64 / f64::from(SAMPLE_RATE);
    let told = format!("{path}: {}, {seconds:.3} s, {} Hz, {}", plan.name, plan.rate, plan.encoding.name());
    Out::new(false).say(Printable(&told))
}

fn list(options: &Options) -> Result<(), Failure> {
    #[derive(serde::Serialize)]
    struct Row {
        name: &'static str,
        what: &'static str,
        known: bool,
        level_dbm0: f32,
    }
    let mut out = Out::new(options.json);
    for signal in Signal::all() {
        let known = signal.segments(options.country).is_none_or(|s| !s.is_empty());
        let (name, what) = (signal.name(), signal.description());
        out.object(&Row { name, what, known, level_dbm0: signal.level(options.country) })?;
        let where_ = if known { String::new() } else { format!("; none is known for {}", options.country.name) };
        out.say(format!("{name:<13} {what}{where_}"))?;
    }
    for (name, what) in [
        ("digits", "DTMF digits: 0 to 9, *, #, A to D"),
        ("cid", "caller identification: MDMF, SDMF, or by digits"),
        ("440+480:2000", "any tone as text: Hz+Hz:ms,Hz:ms ...; 0 is silence, 400*25 is 400 Hz modulated by 25 Hz"),
    ] {
        out.say(format!("{name:<13} {what}"))?;
    }
    Ok(())
}

/// What is to be written.
struct Plan {
    name: String,
    sound: Sound,
    line: Option<LineModel>,
    /// Samples of silence before and after, and of the sound between.
    around: u64,
    samples: u64,
    rate: u32,
    encoding: Encoding,
    format: Format,
}

impl Plan {
    fn new(options: &Options, request: &source::Request<'_>) -> Result<Self, Failure> {
        let (sound, usual) = request.sound().map_err(Failure::Usage)?;
        let measured = measure(sound.clone());
        let length = |seconds: f64| (seconds * f64::from(SAMPLE_RATE)).round() as u64;
        let ends = sound.length().or(measured.ends);
        let samples = match (options.seconds, usual, ends) {
            (Some(seconds), ..) => length(seconds),
            (None, Some(usual), _) => length(usual.as_secs_f64()),
            (None, None, Some(end)) => end,
            (None, None, None) => length(USUAL),
        };
        let silence = options.silence.unwrap_or(if request.is_message() { AROUND } else { 0 });
        Ok(Self {
            name: request.name(),
            sound,
            line: options.line.model(measured.dbm0),
            around: u64::from(silence) * u64::from(SAMPLE_RATE) / 1_000,
            samples,
            rate: options.file.rate,
            encoding: options.file.encoding,
            format: options.file.format,
        })
    }

    /// Samples in all, at the line's rate.
    fn length(&self) -> u64 {
        2 * self.around + self.samples
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let (mut sound, mut line) = (self.sound.clone(), self.line.clone());
        let count = (u128::from(self.length()) * u128::from(self.rate)).div_ceil(u128::from(SAMPLE_RATE));
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        if self.format == Format::Wav {
            write::header(out, self.encoding, self.rate, count)?;
        }
        let unusual = || io::Error::other(format!("{} samples per second cannot be made", self.rate));
        let mut resampler = Resampler::new(SAMPLE_RATE, self.rate).ok_or_else(unusual)?;
        let mut at = 0;
        loop {
            let length = (self.length() - at).min(BLOCK as u64);
            let mut block = [0i16; BLOCK];
            let block = block.get_mut(..length as usize).unwrap_or_default();
            // The part of the block in which it sounds.
            let from = self.around.saturating_sub(at).min(length) as usize;
            let to = (self.around + self.samples).saturating_sub(at).min(length) as usize;
            if let Some(part) = block.get_mut(from..to) {
                sound.mix(part);
            }
            if let Some(line) = &mut line {
                line.process(block);
            }
            at += length;
            let over = at >= self.length();
            if self.rate == SAMPLE_RATE {
                write::samples(out, self.encoding, block)?;
            } else {
                let mut wide = Vec::new();
                resampler.process_pcm(block, &mut |part| wide.extend_from_slice(part));
                if over {
                    resampler.finish_pcm(&mut |part| wide.extend_from_slice(part));
                }
                write::samples(out, self.encoding, &wide)?;
            }
            if over {
                break;
            }
        }
        if self.format == Format::Wav { write::trailer(out, self.encoding, count) } else { Ok(()) }
    }
}

impl LineOptions {
    /// The line, if it has any fault; `dbm0` is the level of the sound.
    fn model(&self, dbm0: f32) -> Option<LineModel> {
        let loss = self.loss.unwrap_or(0.0);
        let settings = Settings {
            seed: self.seed,
            loss_db: loss,
            twist_db: self.twist.unwrap_or(0.0),
            noise_dbm0: self.snr.map(|snr| noise_at_snr(dbm0 - loss, snr)),
            hum: self.hum,
            adpcm: self.g726,
            ..Settings::default()
        };
        (settings != Settings { seed: self.seed, ..Settings::default() }).then(|| LineModel::new(&settings))
    }
}

/// What is known of a sound beforehand.
struct Measured {
    /// Samples until it is over, if it ends within a minute.
    ends: Option<u64>,
    /// Level where it sounds, in dBm0.
    dbm0: f32,
}

/// Listens to a sound for at most a minute.
fn measure(mut sound: Sound) -> Measured {
    const STEP: u64 = 8;
    let (mut at, mut sum, mut count) = (0u64, 0.0f64, 0u64);
    while at < MEASURED && !sound.is_over() {
        let mut part = [0i16; STEP as usize];
        sound.mix(&mut part);
        at += STEP;
        if part.iter().any(|s| *s != 0) {
            sum += part.iter().map(|s| f64::from(*s) * f64::from(*s)).sum::<f64>();
            count += STEP;
        }
    }
    let dbm0 = level::dbm0((sum / count.max(1) as f64) as f32);
    Measured { ends: sound.is_over().then_some(at), dbm0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_bounds() {
        assert_eq!(seconds("2.5"), Ok(2.5));
        for wrong in ["0", "-1", "nan", "inf", "1e9", ""] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
        assert_eq!(dbm0("-13"), Ok(-13.0));
        assert!(dbm0("9").is_err());
        assert_eq!(hum("-14"), Ok(Hum { hz: 50.0, dbm0: -14.0, partials: 5 }));
        assert_eq!(hum("-14@60").map(|h| h.hz), Ok(60.0));
        assert!(hum("-14@").is_err() && hum("x").is_err() && adpcm("8").is_err());
    }
}
