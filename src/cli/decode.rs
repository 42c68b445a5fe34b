//! `loopstart decode`: what a recording of a line holds.
//!
//! The recording is read piece by piece, brought to the line's rate, and heard by every receiver at once; what they
//! decide is put in order of time and told. Memory does not grow with the length of the recording.

mod bar;
mod fields;
mod found;
mod queue;

use super::output::Out;
use super::plot::{Labels, Plot};
use super::wav::{Wav, WavError};
use super::{Failure, parse_path};
use crate::signal::country::{self, Country};
use crate::signal::decode::{Event, LineDecoder};
use crate::signal::progress::Kind as Progress;
use crate::signal::resample::Resampler;
use crate::signal::{SAMPLE_RATE, answer};
use bar::Bar;
pub(super) use found::{Found, GREETING_END, TONE_END, tone_name};
use queue::Queue;
use std::cell::Cell;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Options {
    /// A WAV file (PCM, G.711, floating point or IMA ADPCM, any rate), or - for standard input.
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
    /// Also draw waveform, spectrogram and everything decoded.
    #[arg(long, value_name = "FILE.svg", value_parser = parse_path)]
    plot: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  loopstart decode call.wav
  loopstart decode --json --country gb --channel 2 call.wav
  loopstart decode --plot call.svg call.wav
  sox call.mp3 -t wav - | loopstart decode -
  loopstart tone digits 5551234 -o - | loopstart decode -";

/// A country by its code.
pub(super) fn parse_country(code: &str) -> Result<&'static Country, String> {
    country::by_code(code).ok_or_else(|| {
        let codes: Vec<&str> = country::all().iter().map(|c| c.code).collect();
        format!("no such country; there are {}", codes.join(" "))
    })
}

/// Samples that are heard at a time.
const CHUNK: usize = 160;
/// Silence after the end, so that what sounded to the end is decided on.
const TAIL: usize = SAMPLE_RATE as usize * 3 / 4;
/// An answering tone that comes again within this is the same one, in samples: fax machines call every 3.5 s.
const SAME_ANSWER: u64 = 10 * SAMPLE_RATE as u64;

pub(super) fn run(options: &Options) -> Result<(), Failure> {
    let name = if is_standard(&options.file) { "standard input".into() } else { options.file.display().to_string() };
    let unusable = |why: &dyn std::fmt::Display| Failure::Usage(format!("{name}: {why}"));
    if let Some(plot) = &options.plot {
        check_plot(plot, &options.file)?;
    }
    let (source, size): (Box<dyn Read>, _) = if is_standard(&options.file) {
        if io::stdin().is_terminal() {
            return Err(Failure::usage("standard input is a terminal; name a WAV file, or use a pipe"));
        }
        (Box::new(io::stdin().lock()), None)
    } else {
        let file = File::open(&options.file).map_err(|e| unusable(&e))?;
        let size = file.metadata().ok().filter(std::fs::Metadata::is_file).map(|m| m.len());
        (Box::new(file), size)
    };
    let read = Rc::new(Cell::new(0));
    let source = Counted { source, count: Rc::clone(&read) };
    let mut wav = Wav::new(source, options.channel).map_err(|e| unusable(&e))?;
    let (mut bar, mut out) = (Bar::new(size), Out::new(options.json));
    let plot = options.plot.as_ref().map(|_| Plot::new());
    let mut ears = Ears::new(options.country, plot);
    let listened = listen(&mut wav, &mut ears, |at, found| {
        if let Some(found) = found {
            bar.clear();
            out.object(&found)?;
            out.say(found.text())?;
        }
        bar.show(read.get(), at);
        Ok(())
    });
    bar.clear();
    match listened {
        Ok(()) => {}
        Err(Stop::Unusable(why)) => return Err(unusable(&why)),
        Err(Stop::Failure(failure)) => return Err(failure),
    }
    if let (Some(path), Some(plot)) = (&options.plot, &ears.plot) {
        let title = options.file.file_name().filter(|_| !is_standard(&options.file));
        let labels = Labels {
            title: title.map_or(name.clone(), |n| n.to_string_lossy().into_owned()),
            about: format!(
                "{} Hz, {}{}; tones of {}",
                wav.rate(),
                wav.coding(),
                if wav.channels() > 1 {
                    format!(", channel {} of {}", options.channel, wav.channels())
                } else {
                    String::new()
                },
                options.country.name
            ),
        };
        std::fs::write(path, plot.svg(&labels)).map_err(|e| Failure::refused(format!("{}: {e}", path.display())))?;
    }
    Ok(())
}

/// Whether a path stands for standard input or output.
pub(super) fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// A picture must not take the place of the recording.
fn check_plot(plot: &Path, file: &Path) -> Result<(), Failure> {
    if is_standard(plot) {
        return Err(Failure::usage("--plot needs a file: standard output is for what was decoded"));
    }
    match (plot.canonicalize(), file.canonicalize()) {
        (Ok(plot), Ok(file)) if plot == file => Err(Failure::usage("--plot would overwrite the recording")),
        _ => Ok(()),
    }
}

/// Counts the bytes that are read.
struct Counted<R> {
    source: R,
    count: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(into)?;
        self.count.set(self.count.get() + count as u64);
        Ok(count)
    }
}

/// Why listening ended before the end.
#[derive(Debug)]
enum Stop {
    Unusable(super::wav::WavError),
    Failure(Failure),
}

/// Hears a whole recording. `tell` gets what was found, and after each piece that nothing more was; with the number of
/// samples heard.
fn listen<R: Read>(
    wav: &mut Wav<R>,
    ears: &mut Ears,
    mut tell: impl FnMut(u64, Option<Found>) -> Result<(), Failure>,
) -> Result<(), Stop> {
    let rate = wav.rate();
    let mut resampler = Resampler::new(rate, SAMPLE_RATE).ok_or(Stop::Unusable(WavError::Rate(rate)))?;
    let (mut read, mut samples) = (Vec::new(), Vec::new());
    loop {
        read.clear();
        samples.clear();
        let more = wav.read(&mut read).map_err(Stop::Unusable)?;
        // Rounds, limits, and makes nothing of what is no number.
        let mut take = |line: &[f32]| samples.extend(line.iter().map(|x| (x * 32_768.0).round() as i16));
        resampler.process(&read, &mut take);
        if !more {
            resampler.finish(&mut take);
        }
        let mut told = Ok(());
        let mut sink = |at, found| {
            if told.is_ok() {
                told = tell(at, Some(found));
            }
        };
        ears.hear(&samples, &mut sink);
        if !more {
            ears.finish(&mut sink);
        }
        let heard = ears.heard;
        told.and_then(|()| tell(heard, None)).map_err(Stop::Failure)?;
        if !more {
            return Ok(());
        }
    }
}

/// Hears a recording and tells what it holds, in order of time.
struct Ears {
    decoder: LineDecoder,
    queue: Queue,
    filter: Filter,
    plot: Option<Plot>,
    heard: u64,
}

impl Ears {
    fn new(country: &'static Country, plot: Option<Plot>) -> Self {
        let mut decoder = LineDecoder::new(country);
        // A recording may begin after a ring or a reversal that is not in it.
        decoder.alerted();
        Self { decoder, queue: Queue::default(), filter: Filter::default(), plot, heard: 0 }
    }

    /// Hears samples.
    fn hear(&mut self, samples: &[i16], tell: &mut impl FnMut(u64, Found)) {
        for chunk in samples.chunks(CHUNK) {
            self.decode(chunk, u64::MAX);
            self.heard += chunk.len() as u64;
            if let Some(plot) = &mut self.plot {
                plot.hear(chunk);
            }
            let (heard, plot) = (self.heard, &mut self.plot);
            self.queue.tell(heard, &mut |at, found| pass(at, found, plot, tell));
        }
    }

    /// The recording is over. What silence after it decides counts as decided at its end.
    fn finish(&mut self, tell: &mut impl FnMut(u64, Found)) {
        let end = self.heard;
        for chunk in [0; TAIL].chunks(CHUNK) {
            self.decode(chunk, end);
        }
        let plot = &mut self.plot;
        self.queue.finish(end, &mut |at, found| pass(at, found, plot, tell));
    }

    fn decode(&mut self, chunk: &[i16], end: u64) {
        let (queue, filter) = (&mut self.queue, &mut self.filter);
        self.decoder.process(chunk, &mut |event| {
            let at = event.at().min(end);
            if let Event::Dtmf(edge) = &event {
                queue.digit(&crate::signal::dtmf::Event { at, ..*edge });
            } else if let Some(found) = filter.take(&event, end) {
                queue.put(at, found);
            }
        });
    }
}

/// Passes on what was found, to the picture too.
fn pass(at: u64, found: Found, plot: &mut Option<Plot>, tell: &mut impl FnMut(u64, Found)) {
    let found = found.at(at);
    if let Some(plot) = plot {
        plot.mark(&found);
    }
    if found.is_told() {
        tell(at, found);
    }
}

/// Leaves out what says the same again.
#[derive(Debug, Default)]
struct Filter {
    /// The silence told last, in ms.
    silent_ms: u32,
    /// The answering tone told last, and when it was heard last.
    answer: Option<(&'static str, u64)>,
}

impl Filter {
    /// What an event tells; `end` is the end of the recording.
    fn take(&mut self, event: &Event<'_>, end: u64) -> Option<Found> {
        let found = Found::of(event)?;
        match event {
            Event::Progress(progress) => match progress.kind {
                Progress::Silence(ms) => {
                    // Told again and again while it lasts; and what follows the end is no silence of the recording.
                    let again = ms > self.silent_ms && self.silent_ms > 0;
                    self.silent_ms = ms;
                    return (!again && progress.at <= end).then_some(found);
                }
                Progress::Tone(_) => self.answer = None,
                Progress::Voice | Progress::Ended(_) => {}
            },
            Event::Answer(answer::Event { at, .. }) => {
                if let Some(tone) = found.tone {
                    let again = self.answer.is_some_and(|(t, last)| t == tone && at.saturating_sub(last) < SAME_ANSWER);
                    self.answer = Some((tone, *at));
                    return (!again).then_some(found);
                }
            }
            _ => {}
        }
        Some(found)
    }
}

/// Decodes any bytes as a WAV file would be, without output: for fuzzing. Answers how much was found.
pub(super) fn decode_bytes(bytes: &[u8]) -> Option<usize> {
    let mut wav = Wav::new(bytes, 1).ok()?;
    let mut ears = Ears::new(country::US, Some(Plot::new()));
    let mut count = 0;
    let listened = listen(&mut wav, &mut ears, |_, found| {
        count += usize::from(found.is_some());
        Ok(())
    });
    let labels = Labels { title: String::from_utf8_lossy(bytes).chars().take(40).collect(), about: String::new() };
    let picture = ears.plot.map_or(0, |plot| plot.svg(&labels).len());
    (listened.is_ok() && picture > 0).then_some(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{ProgressTone, progress};
    use proptest::prelude::*;

    #[test]
    fn countries() {
        assert_eq!(parse_country("GB").map(|c| c.code), Ok("gb"));
        assert!(parse_country("zz").is_err_and(|why| why.contains("us")));
    }

    /// A WAV file of a rate and of a coding with one byte a sample.
    fn file(rate: u32, tag: u8, sound: &[u8]) -> Vec<u8> {
        let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0".to_vec();
        file.extend([tag, 0, 1, 0]);
        file.extend(rate.to_le_bytes());
        file.extend(rate.to_le_bytes());
        file.extend(b"\x01\0\x08\0data\0\0\0\0");
        file.extend(sound);
        file
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn any_sound_is_heard_and_drawn(
            rate in 1_000u32..100_000,
            tag in proptest::sample::select(vec![1u8, 6, 7]),
            sound in proptest::collection::vec(any::<u8>(), 0..3_000),
            changes in proptest::collection::vec((0usize..60, any::<u8>()), 0..4),
        ) {
            let mut file = file(rate, tag, &sound);
            prop_assert!(decode_bytes(&file).is_some());
            for (at, byte) in changes {
                if let Some(b) = file.get_mut(at) {
                    *b = byte;
                }
            }
            let _ = decode_bytes(&file);
        }
    }

    fn silence(ms: u32, at: u64) -> Event<'static> {
        Event::Progress(progress::Event { at, kind: Progress::Silence(ms) })
    }

    #[test]
    fn a_silence_is_told_once() {
        let mut filter = Filter::default();
        let told: Vec<bool> = [1_000, 2_000, 3_000, 1_000, 1_000, 2_000]
            .map(|ms| filter.take(&silence(ms, 0), u64::MAX).is_some())
            .into();
        assert_eq!(told, [true, false, false, true, true, false]);
        assert_eq!(Filter::default().take(&silence(1_000, 9_000), 8_000), None, "after the end");
    }

    #[test]
    fn an_answering_tone_is_told_again_after_a_change() {
        let mut filter = Filter::default();
        let answer = |kind, s: u64| Event::Answer(answer::Event { at: s * 8_000, kind });
        let cng = |s: u64| answer(answer::Kind::Cng, s);
        let dial = Event::Progress(progress::Event { at: 0, kind: Progress::Tone(ProgressTone::Dial) });
        let mut is_told = |event: &Event<'_>| filter.take(event, u64::MAX).is_some();
        assert!(is_told(&cng(1)));
        assert!(!is_told(&cng(5)) && !is_told(&cng(9)));
        assert!(is_told(&answer(answer::Kind::Ced, 10)));
        assert!(is_told(&answer(answer::Kind::AnsAm, 11)));
        assert!(is_told(&cng(12)));
        assert!(is_told(&dial) && is_told(&cng(13)));
        assert!(is_told(&cng(30)), "another call");
    }
}
