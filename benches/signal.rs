//! `signal/*`: how many lines one core decodes.
//!
//! Speech goes to a number of lines in turn, in blocks of 20 ms, on one thread; each line hears another part of it. The
//! figure is the lines that the core could serve in real time. Where the distribution's libspandsp is installed, its
//! receivers do the same beside ours, round by round in the same run, and the ratio of the medians is told.
//!
//! `LOOPSTART_BENCH_SPEECH=FILE` takes the speech from a file of 16-bit samples at 8 kHz.
//!
//! Two floors stand beside them: reading every sample once (`floor/read`), and the correlation of every sample with eight
//! frequencies and nothing else (`floor/bank`), on the widest vector unit there is.

#[path = "../hal/signal/tests/quality/source.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the quality tests")]
mod source;
#[path = "peers/spandsp.rs"]
mod spandsp;
#[path = "../hal/signal/tests/quality/speech.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the quality tests")]
mod speech;

use loopstart::signal::country::US;
use loopstart::signal::decode::{LineDecoder, Lines, Listen};
use loopstart::signal::{answer, cas, cid, dtmf, progress};
use spandsp::Spandsp;
use std::hint::black_box;
use std::time::Instant;

/// Lines decoded in turn.
const LINES: usize = 64;
/// Samples of a block: 20 ms.
const BLOCK: usize = 160;
/// Blocks for each line in a round: 2 s.
const BLOCKS: usize = 100;
/// Rounds; the median counts.
const ROUNDS: usize = 15;

/// Something that takes a line's samples.
type Line = Box<dyn FnMut(&[i16])>;

/// One contender: its lines, and nanoseconds a sample by round.
struct Contender {
    lines: Vec<Line>,
    times: Vec<f64>,
}

impl Contender {
    fn new(make: impl Fn() -> Line) -> Self {
        Self { lines: (0..LINES).map(|_| make()).collect(), times: Vec::new() }
    }

    fn round(&mut self, input: &[i16], round: usize) {
        let start = Instant::now();
        for block in 0..BLOCKS {
            for (i, line) in self.lines.iter_mut().enumerate() {
                // Each line is somewhere else, in a stretch of its own.
                let at = ((i * 7919 + round * BLOCKS + block) * BLOCK) % (input.len() - BLOCK);
                line(black_box(&input[at..at + BLOCK]));
            }
        }
        self.times.push(start.elapsed().as_nanos() as f64 / (LINES * BLOCKS * BLOCK) as f64);
    }

    /// Median nanoseconds a sample.
    fn median(&mut self) -> f64 {
        self.times.sort_by(f64::total_cmp);
        self.times[self.times.len() / 2]
    }
}

/// What was heard must not be optimised away.
fn ignore<T>(event: &T) {
    black_box(event);
}

/// The sum of the squares: every sample is read once.
fn read_line() -> Line {
    Box::new(|samples| {
        black_box(samples.iter().map(|s| i64::from(i32::from(*s) * i32::from(*s))).sum::<i64>());
    })
}

/// Sixteen products and sums for each sample, as eight frequencies need.
#[inline(always)]
fn correlate(table: &[[f32; 16]; BLOCK], samples: &[i16]) -> [f32; 16] {
    let mut sums = [0.0f32; 16];
    let (rows, _) = table.as_chunks::<4>();
    let (samples, _) = samples.as_chunks::<4>();
    for ([a, b, c, d], samples) in rows.iter().zip(samples) {
        let [v, w, x, y] = samples.map(f32::from);
        for ((((s, a), b), c), d) in sums.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            *s += (a * v + b * w) + (c * x + d * y);
        }
    }
    // Or the compiler takes the lanes apart, and is many times slower.
    black_box(sums)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn correlate_avx512(table: &[[f32; 16]; BLOCK], samples: &[i16]) -> [f32; 16] {
    correlate(table, samples)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn correlate_avx2(table: &[[f32; 16]; BLOCK], samples: &[i16]) -> [f32; 16] {
    correlate(table, samples)
}

fn bank_line() -> Line {
    let table: Box<[[f32; 16]; BLOCK]> =
        Box::new(std::array::from_fn(|n| std::array::from_fn(|k| ((n * (k + 9)) as f32 * 0.1).cos())));
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
    {
        return Box::new(move |samples| {
            // SAFETY: the machine has said that it has what the function is compiled for.
            black_box(unsafe { correlate_avx512(&table, samples) });
        });
    } else if is_x86_feature_detected!("avx2") {
        return Box::new(move |samples| {
            // SAFETY: as above.
            black_box(unsafe { correlate_avx2(&table, samples) });
        });
    }
    Box::new(move |samples| {
        black_box(correlate(&table, samples));
    })
}

fn dtmf_line() -> Line {
    let mut receiver = dtmf::Receiver::new();
    Box::new(move |samples| receiver.process(samples, &mut |e| ignore(&e)))
}

fn cid_line() -> Line {
    let mut receiver = cid::Receiver::new();
    Box::new(move |samples| receiver.process(samples, &mut |e| ignore(&e)))
}

fn progress_line() -> Line {
    let mut detector = progress::Detector::new(US);
    Box::new(move |samples| detector.process(samples, &mut |e| ignore(&e)))
}

fn cas_line() -> Line {
    let mut detector = cas::Detector::new();
    Box::new(move |samples| detector.process(samples, &mut |e| ignore(&e)))
}

fn answer_line() -> Line {
    let mut detector = answer::Detector::new();
    Box::new(move |samples| detector.process(samples, &mut |e| ignore(&e)))
}

/// Digits, both modems, call progress and the alerting tone: what the other library is asked for too.
const STACK: Listen = Listen::DTMF.union(Listen::CALLER_ID).union(Listen::CAS).union(Listen::PROGRESS);

fn decoder_line(listen: Listen) -> Line {
    let mut decoder = Box::new(LineDecoder::new(US));
    decoder.listen(listen);
    Box::new(move |samples| decoder.process(samples, &mut |e| ignore(&e)))
}

/// All lines in one object.
fn many_lines(input: &[i16]) {
    let mut lines = Lines::new(US, LINES);
    (0..LINES).for_each(|i| lines.line(i).expect("made above").listen(STACK));
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        let start = Instant::now();
        for block in 0..BLOCKS {
            let at = |i: usize| ((i * 7919 + round * BLOCKS + block) * BLOCK) % (input.len() - BLOCK);
            let blocks: [&[i16]; LINES] = std::array::from_fn(|i| &input[at(i)..at(i) + BLOCK]);
            lines.process(black_box(&blocks), &mut |_, e| ignore(&e));
        }
        times.push(start.elapsed().as_nanos() as f64 / (LINES * BLOCKS * BLOCK) as f64);
    }
    times.sort_by(f64::total_cmp);
    let ns = times[ROUNDS / 2];
    println!("signal/{:<14} {ns:7.3} ns a sample, {:8.0} lines a core", "stack/lines", 1e9 / 8000.0 / ns);
}

fn compare(name: &str, input: &[i16], ours: impl Fn() -> Line, theirs: Option<Box<dyn Fn() -> Line>>) {
    let mut ours = Contender::new(ours);
    let mut theirs = theirs.map(Contender::new);
    for round in 0..ROUNDS {
        ours.round(input, round);
        if let Some(theirs) = &mut theirs {
            theirs.round(input, round);
        }
    }
    let ns = ours.median();
    let lines = |ns: f64| 1e9 / 8000.0 / ns;
    print!("signal/{name:<14} {ns:7.3} ns a sample, {:8.0} lines a core", lines(ns));
    match &mut theirs {
        Some(theirs) => {
            let peer = theirs.median();
            println!("; libspandsp {peer:7.3} ns, {:7.0} lines; ratio {:.1}", lines(peer), peer / ns);
        }
        None => println!(),
    }
}

fn main() {
    // The library test runner asks for a list; there is none.
    if std::env::args().any(|a| a == "--list") {
        return;
    }
    // So short that it stays in the cache, as what has just come from a line does.
    let mut input = vec![0; 12 * 8000];
    speech::Speech::new(1, -18.0).fill(&mut input);
    if let Some(path) = std::env::var_os("LOOPSTART_BENCH_SPEECH") {
        let bytes = std::fs::read(&path).expect("a file of 16-bit samples at 8 kHz");
        input = bytes.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).skip(80_000).take(96_000).collect();
    }
    let peer = Spandsp::load();
    if let Err(why) = &peer {
        println!("signal/*: no comparison: libspandsp is not installed ({why})");
    }
    let peer = peer.ok().map(|p| &*Box::leak(Box::new(p)));
    compare("floor/read", &input, read_line, None);
    compare("floor/bank", &input, bank_line, None);
    compare(
        "dtmf",
        &input,
        dtmf_line,
        peer.map(|p| -> Box<dyn Fn() -> Line> {
            Box::new(move || {
                let mut r = p.dtmf();
                Box::new(move |s| r.process(s))
            })
        }),
    );
    compare(
        "caller-id",
        &input,
        cid_line,
        peer.map(|p| -> Box<dyn Fn() -> Line> {
            Box::new(move || {
                let mut r = p.caller_id();
                Box::new(move |s| r.iter_mut().for_each(|r| r.process(s)))
            })
        }),
    );
    compare(
        "progress",
        &input,
        progress_line,
        peer.map(|p| -> Box<dyn Fn() -> Line> {
            Box::new(move || {
                let mut r = p.call_progress();
                Box::new(move |s| r.process(s))
            })
        }),
    );
    compare("cas", &input, cas_line, None);
    compare("answer", &input, answer_line, None);
    compare(
        "stack",
        &input,
        || decoder_line(STACK),
        peer.map(|p| -> Box<dyn Fn() -> Line> {
            Box::new(move || {
                let (mut d, mut c, mut t) = (p.dtmf(), p.caller_id(), p.call_progress());
                Box::new(move |s| {
                    d.process(s);
                    c.iter_mut().for_each(|r| r.process(s));
                    t.process(s);
                })
            })
        }),
    );
    many_lines(&input);
    compare("everything", &input, || decoder_line(Listen::all()), None);
    let silence = vec![0; input.len()];
    compare("idle, silence", &silence, || decoder_line(Listen::ON_HOOK), None);
}
