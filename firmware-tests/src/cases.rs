//! The cases.

use crate::bench::Bench;
use crate::file::RigFile;
use anyhow::{Result, bail, ensure};
use loopstart_signal::{
    ActionKind, Caps, DialStep, DialSteps, DigitEdge, DigitMode, Failure, Heed, LineEvent, Outcome, PartyId,
    ProgressTone, ReleaseWitness,
};
use std::time::Duration;

/// How a case ended that did not fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it should.
    Passed,
    /// It could not be run on this line; why.
    Skipped(String),
}

/// One case, to be run on each line of a rig.
#[derive(Clone, Copy)]
pub struct Case {
    /// Its name.
    pub name: &'static str,
    /// Runs it on the line with this index.
    pub run: fn(&RigFile, usize) -> Result<Verdict>,
}

/// All cases.
pub const ALL: &[Case] = &[
    Case { name: "ready", run: ready },
    Case { name: "ring", run: ring },
    Case { name: "answer", run: answer },
    Case { name: "digits", run: digits },
    Case { name: "send_digits", run: send_digits },
    Case { name: "busy", run: busy },
];

/// Time for an action that needs no waiting on the line.
const AT_ONCE: Duration = Duration::from_secs(15);
/// Time for a dial string to go out.
const DIALLING: Duration = Duration::from_secs(60);
/// Time for something that the far end does.
const FAR_END: Duration = Duration::from_secs(60);
/// Time that a line is left alone after a call.
const REST: Duration = Duration::from_secs(4);

const DIGIT: Duration = Duration::from_millis(100);

macro_rules! skip {
    ($($reason:tt)*) => {
        return Ok(Verdict::Skipped(format!($($reason)*)))
    };
}

fn steps(digits: &str) -> DialSteps {
    digits.bytes().map(|digit| if digit == b',' { DialStep::Pause } else { DialStep::Digit(digit) }).collect()
}

fn dial(digits: &str) -> ActionKind {
    ActionKind::Dial {
        steps: steps(digits),
        digit: DIGIT,
        gap: DIGIT,
        pause: Duration::from_secs(2),
        wait_dial_tone: Duration::from_secs(10),
        partial: false,
    }
}

/// A line that can ring `line`, and the number it has to dial.
fn caller(rig: &RigFile, line: usize) -> Option<(usize, &str)> {
    let number = rig.lines.get(line)?.number.as_deref()?;
    let other = (0..rig.lines.len()).find(|other| *other != line)?;
    Some((other, number))
}

fn release(bench: &mut Bench, line: usize) -> Result<()> {
    let id = bench.act(line, ActionKind::Release)?;
    bench.done(line, id, AT_ONCE)
}

fn ready(rig: &RigFile, line: usize) -> Result<Verdict> {
    let mut bench = Bench::open(rig)?;
    bench.ready()?;
    let caps = bench.caps(line);
    ensure!(caps.intersects(Caps::VOICE | Caps::DATA), "neither voice nor data: {caps:?}");
    ensure!(caps.intersects(Caps::DIAL_DTMF | Caps::DIAL_PULSE), "it cannot dial: {caps:?}");
    Ok(Verdict::Passed)
}

fn ring(rig: &RigFile, line: usize) -> Result<Verdict> {
    let Some((from, number)) = caller(rig, line) else { skip!("no other line of the rig can ring this one") };
    let mut bench = Bench::open(rig)?;
    bench.ready()?;
    bench.act(from, dial(number))?;
    bench.wait(line, FAR_END, "the first ring", |event| matches!(event, LineEvent::Ring { .. }))?;
    let expected = rig.lines.get(from).and_then(|line| line.caller_id.as_deref());
    if let Some(expected) = expected
        && bench.caps(line).contains(Caps::CALLER_ID)
    {
        let told = bench
            .wait(line, Duration::from_secs(15), "caller identification", |e| matches!(e, LineEvent::CallerId(_)))?;
        let LineEvent::CallerId(id) = told else { bail!("unreachable") };
        let PartyId::Known(told) = id.number else { bail!("no number in the caller identification") };
        ensure!(told.as_str() == expected, "the caller is {expected}, told was {}", told.as_str());
    }
    bench.wait(line, Duration::from_secs(15), "the second ring", |event| matches!(event, LineEvent::Ring { .. }))?;
    release(&mut bench, from)?;
    bench.wait(line, Duration::from_secs(20), "the end of ringing", |event| *event == LineEvent::RingStopped)?;
    Ok(Verdict::Passed)
}

/// Has `from` dial `number`, and answers on `line`.
fn connect(bench: &mut Bench, from: usize, number: &str, line: usize) -> Result<()> {
    bench.ready()?;
    bench.act(from, dial(number))?;
    bench.wait(line, FAR_END, "the first ring", |event| matches!(event, LineEvent::Ring { .. }))?;
    let answer = bench.act(line, ActionKind::Answer)?;
    bench.done(line, answer, AT_ONCE)?;
    bench.wait(line, AT_ONCE, "off hook", |event| *event == LineEvent::OffHook)?;
    Ok(())
}

fn answer(rig: &RigFile, line: usize) -> Result<Verdict> {
    let Some((from, number)) = caller(rig, line) else { skip!("no other line of the rig can ring this one") };
    let mut bench = Bench::open(rig)?;
    connect(&mut bench, from, number, line)?;
    bench.pass(REST)?;
    release(&mut bench, line)?;
    bench.wait(line, AT_ONCE, "on hook", |event| *event == LineEvent::OnHook)?;
    release(&mut bench, from)?;
    Ok(Verdict::Passed)
}

/// Waits until `line` has heard these digits.
fn hear(bench: &mut Bench, line: usize, digits: &str) -> Result<()> {
    let mut heard = String::new();
    for expected in digits.chars() {
        let what = format!("digit {expected} after '{heard}'");
        let told = bench.wait(
            line,
            FAR_END,
            &what,
            |event| matches!(event, LineEvent::Digit(digit) if digit.edge == DigitEdge::Begin),
        )?;
        if let LineEvent::Digit(digit) = told {
            ensure!(char::from(digit.symbol) == expected, "heard '{heard}' and then {:?}", char::from(digit.symbol));
            heard.push(expected);
        }
    }
    Ok(())
}

fn digits(rig: &RigFile, line: usize) -> Result<Verdict> {
    let Some(number) = rig.numbers.sends_digits.as_deref() else { skip!("no number of the rig sends digits") };
    let mut bench = Bench::open(rig)?;
    bench.ready()?;
    if !bench.caps(line).contains(Caps::HEARS_DTMF) {
        skip!("the device hears no digits");
    }
    let call = bench.act(line, dial(number))?;
    bench.done(line, call, DIALLING)?;
    let listen = bench.act(line, ActionKind::Listen(Heed::DTMF))?;
    bench.done(line, listen, AT_ONCE)?;
    hear(&mut bench, line, &rig.numbers.digits)?;
    release(&mut bench, line)?;
    Ok(Verdict::Passed)
}

fn send_digits(rig: &RigFile, line: usize) -> Result<Verdict> {
    const DIGITS: &str = "159*0#";
    let Some((from, number)) = caller(rig, line) else { skip!("no other line of the rig can ring this one") };
    let mut bench = Bench::open(rig)?;
    bench.ready()?;
    if !bench.caps(line).contains(Caps::SENDS_DTMF) {
        skip!("the device sends no digits in a call");
    }
    if !bench.caps(from).contains(Caps::HEARS_DTMF) {
        skip!("the calling device hears no digits");
    }
    connect(&mut bench, from, number, line)?;
    bench.pass(Duration::from_secs(2))?;
    let listen = bench.act(from, ActionKind::Listen(Heed::DTMF))?;
    bench.done(from, listen, FAR_END)?;
    let kind = ActionKind::SendDigits {
        steps: steps(DIGITS),
        mode: DigitMode::Dtmf,
        digit: DIGIT,
        gap: DIGIT,
        pause: Duration::ZERO,
    };
    let send = bench.act(line, kind)?;
    hear(&mut bench, from, DIGITS)?;
    bench.done(line, send, AT_ONCE)?;
    release(&mut bench, line)?;
    release(&mut bench, from)?;
    Ok(Verdict::Passed)
}

fn busy(rig: &RigFile, line: usize) -> Result<Verdict> {
    let Some(number) = rig.numbers.busy.as_deref() else { skip!("no number of the rig is busy") };
    let mut bench = Bench::open(rig)?;
    bench.ready()?;
    if !bench.caps(line).contains(Caps::SEES_BUSY) {
        skip!("the device does not tell busy");
    }
    let call = bench.act(line, dial(number))?;
    bench.wait(line, FAR_END, "busy", |event| match event {
        LineEvent::Tone(ProgressTone::Busy) | LineEvent::Released(ReleaseWitness::Busy) => true,
        LineEvent::Done { action, outcome } => {
            *action == call && *outcome == Outcome::Failed(Failure::Tone(ProgressTone::Busy))
        }
        _ => false,
    })?;
    release(&mut bench, line)?;
    Ok(Verdict::Passed)
}
