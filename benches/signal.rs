//! `signal/*`: how many lines one core decodes.
//!
//! Speech goes to a number of lines in turn, in blocks of 20 ms, on one thread; each line hears another part of it. The
//! figure is the lines that the core could serve in real time. Where the distribution's libspandsp is installed, its
//! receivers do the same beside ours, round by round in the same run, and the ratio of the medians is told.

#[path = "../hal/signal/tests/quality/source.rs"]
#[allow(dead_code, reason = "shared with the quality tests")]
mod source;
#[path = "peers/spandsp.rs"]
mod spandsp;
#[path = "../hal/signal/tests/quality/speech.rs"]
#[allow(dead_code, reason = "shared with the quality tests")]
mod speech;

use loopstart::signal::country::US;
use loopstart::signal::{cas, cid, dtmf, progress};
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

fn dtmf_line() -> Line {
    let mut receiver = dtmf::Receiver::new();
    Box::new(move |samples| receiver.process(samples, &mut |e| drop(black_box(e))))
}

fn cid_line() -> Line {
    let mut receiver = cid::Receiver::new();
    Box::new(move |samples| receiver.process(samples, &mut |e| drop(black_box(e))))
}

fn progress_line() -> Line {
    let mut detector = progress::Detector::new(US);
    Box::new(move |samples| detector.process(samples, &mut |e| drop(black_box(e))))
}

fn cas_line() -> Line {
    let mut detector = cas::Detector::new();
    Box::new(move |samples| detector.process(samples, &mut |e| drop(black_box(e))))
}

fn stack_line() -> Line {
    let (mut d, mut c, mut p, mut a) = (dtmf_line(), cid_line(), progress_line(), cas_line());
    Box::new(move |samples| {
        d(samples);
        c(samples);
        p(samples);
        a(samples);
    })
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
    let mut input = vec![0; 60 * 8000];
    speech::Speech::new(1, -18.0).fill(&mut input);
    let peer = Spandsp::load();
    if let Err(why) = &peer {
        println!("signal/*: no comparison: libspandsp is not installed ({why})");
    }
    let peer = peer.ok().map(|p| &*Box::leak(Box::new(p)));
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
    compare(
        "stack",
        &input,
        stack_line,
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
}
