//! `loopstart demo`: emulated lines on the embedded exchange, played through the whole provider and checked.
//!
//! First ordinary calls ([`calls`]), on a voice modem and an FXO port. Then the services that the switch plan offers
//! ([`services`]), on four FXO ports: hold, transfer, conference, park and so on, each an act of the table in [`table`].

mod acts;
mod board;
mod calls;
mod cause;
mod checks;
mod script;
mod services;
mod table;

use super::Failure;
use super::output::Out;
use super::session::seconds;
use super::signals::Interrupt;
use crate::config::{Config, ConfigError, subscribed};
use crate::plan_file;
use crate::signal::Time;
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
    /// How many times faster than the wall clock line time runs.
    #[arg(long, value_name = "N", default_value_t = 20.0, value_parser = super::parse_speed)]
    speed: f64,
    /// The exchange's switch plan: a name ('loopstart plan list') or the path of a plan file.
    #[arg(long, value_name = "NAME", default_value = "nanp")]
    plan: String,
    /// What its lines subscribe to: names with + between them, or all. Without it, what lines usually have.
    #[arg(long, value_name = "NAMES")]
    services: Option<String>,
}

/// How much longer than its line time something may take in wall time, on a machine that is busy with other things.
const WALL_FACTOR: f64 = 4.0;
const WALL_EXTRA: Duration = Duration::from_secs(20);

/// What came of a part of the demo.
#[derive(Default)]
struct Part {
    calls: u32,
    digits: u32,
    states: BTreeSet<&'static str>,
    checks: u32,
    /// Services that were played, and those that the plan or the line does not have.
    played: u32,
    skipped: u32,
    failures: Vec<String>,
    /// How long it lasted on the lines' clock.
    line_time: Time,
    /// How much later than due the machine ran the lines.
    late: Duration,
}

impl Part {
    /// Both parts together.
    fn and(mut self, mut other: Self) -> Self {
        self.calls += other.calls;
        self.digits += other.digits;
        self.checks += other.checks;
        self.played += other.played;
        self.skipped += other.skipped;
        self.states.append(&mut other.states);
        self.failures.append(&mut other.failures);
        self.line_time = self.line_time + other.line_time.since(Time::ZERO);
        self.late += other.late;
        self
    }
}

#[derive(Serialize)]
struct Summary<'a> {
    t: f64,
    ev: &'static str,
    ok: bool,
    plan: &'a str,
    calls: u32,
    digits: u32,
    states: &'a BTreeSet<&'static str>,
    checks: u32,
    played: u32,
    skipped: u32,
    line_s: f64,
    wall_s: f64,
    late_ms: u64,
    failures: &'a [String],
}

pub(super) fn run(options: &Options) -> Result<(), Failure> {
    let mut config = Config::default();
    let mut plan = plan_file::find(&options.plan).map_err(ConfigError::from)?;
    if let Some(names) = &options.services {
        plan =
            plan.subscribed(subscribed(names.split('+')).map_err(|why| Failure::usage(format!("--services: {why}")))?);
    }
    config.emulated.plan = Arc::new(plan.build().map_err(Failure::usage)?);
    config.emulated.speed = options.speed;
    let interrupt = Interrupt::install()?;
    let began = Instant::now();
    let mut out = Out::new(options.json);
    out.say(format_args!(
        "Two emulated lines, a voice modem and an FXO port, call each other and other numbers; line time runs {} times as \
         fast as the clock.",
        options.speed
    ))?;
    let calls = calls::play(&config, &mut out, &interrupt)?;
    let services = services::play(&config, &mut out, &interrupt, calls.line_time)?;
    summary(&calls.and(services), &config, began, &mut out)
}

fn summary(part: &Part, config: &Config, began: Instant, out: &mut Out) -> Result<(), Failure> {
    let wall = began.elapsed();
    let states: Vec<&str> = part.states.iter().copied().collect();
    let ok = part.failures.is_empty();
    out.say(format_args!("\nStates seen: {}.", states.join(" ")))?;
    out.say(format_args!(
        "{}: {} calls, {} digits received, {} services played and {} not offered, {} checks, {:.1} s of line time in \
         {:.1} s; the machine was late by {} ms in all.",
        if ok { "Done" } else { "Failed" },
        part.calls,
        part.digits,
        part.played,
        part.skipped,
        part.checks,
        seconds(part.line_time),
        wall.as_secs_f64(),
        part.late.as_millis(),
    ))?;
    out.object(&Summary {
        t: seconds(part.line_time),
        ev: "summary",
        ok,
        plan: &config.emulated.plan.name,
        calls: part.calls,
        digits: part.digits,
        states: &part.states,
        checks: part.checks,
        played: part.played,
        skipped: part.skipped,
        line_s: seconds(part.line_time),
        wall_s: wall.as_secs_f64(),
        late_ms: u64::try_from(part.late.as_millis()).unwrap_or(u64::MAX),
        failures: &part.failures,
    })?;
    if ok { Ok(()) } else { Err(Failure::Refused(format!("did not happen: {}", part.failures.join("; ")))) }
}

fn interrupted() -> Failure {
    Failure::refused("interrupted")
}
