//! Exchange and provider agree on who talks to whom, whatever is done in whatever order, on every plan.
//!
//! More than a million steps: operations, what far ends do, time, unplugged devices. After each step in which nothing is
//! under way the calls of the provider are compared with the parties of the exchange.
//!
//! Each plan is played twice over. First at random, as it comes. Then the walk is steered: whatever a call in some state,
//! or the line, was ever seen to announce on this plan is a cell of the table, and the walk goes where the cell that was
//! entered least was announced before, until each was entered a hundred times. What is printed is each plan with the number
//! of its cells and the one entered least; `LOOPSTART_PRINT_TABLE=1` prints all cells. `LOOPSTART_TEST_PLANS=nanp,gb` plays
//! these plans only, `LOOPSTART_TEST_SEED=7` other games.

mod operations;
mod table;
mod walk;
mod ways;
mod world;

use super::switchboard::{FORWARDED_TO, Look, RINGS_AT, Switchboard};
use super::*;
use loopstart_signal::plan::Subscribed;
use std::collections::BTreeMap;
use std::eprintln;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::vec;
use table::{Cell, Tally};
use ways::Guide;
use world::World;

/// Random steps of one plan; with the built-in plans a million in all.
const STEPS: u64 = 36_000;
/// Steps of one plan at most, steered ones included.
const MOST: u64 = 600_000;
/// How often each operation is entered in each state in which it is announced, on each plan.
const ENTERED: u64 = 100;
/// Where calls are parked.
pub(super) const PLACE: &str = "71";
/// Steps of one life of an exchange.
const LIFE: u64 = 600;

/// Something is wrong on another plan.
static FAILED: AtomicBool = AtomicBool::new(false);

struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % below.max(1)
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        of.get(self.next(of.len())).copied()
    }
}

fn setting(name: &str) -> Option<String> {
    std::env::var_os(name)?.into_string().ok()
}

/// Plays one plan: at random, then until all that it announces was entered often enough.
fn play(n: u64, plan: &str) -> Tally {
    let plan = Plan::subscribed(plan, Subscribed::all()).unwrap();
    let seed: u64 = setting("LOOPSTART_TEST_SEED").map_or(0x5eed, |seed| seed.parse().unwrap());
    let (mut tally, mut guide) = (Tally::default(), Guide::default());
    let mut life = 0;
    while tally.steps < STEPS || tally.steps < MOST && (guide.explores() || tally.missing().next().is_some()) {
        if FAILED.load(Ordering::Relaxed) {
            break;
        }
        let seed = (seed << 32) + n * 100_000 + life;
        life += 1;
        let at_random = tally.steps < STEPS;
        let end = tally.steps + LIFE;
        let mut world = World::new(&plan, seed, core::mem::take(&mut tally));
        while world.tally.steps < end {
            if at_random {
                world.step();
            } else if !world.steered(&mut guide) {
                break;
            }
        }
        // The host closes the line: everything completes.
        world.close_line();
        tally = world.tally;
    }
    tally
}

#[test]
fn a_million_steps_on_every_plan() {
    let chosen = setting("LOOPSTART_TEST_PLANS");
    let mut plans: Vec<_> = Plan::names().collect();
    if let Some(chosen) = &chosen {
        plans.retain(|plan| chosen.split(',').any(|name| name == *plan));
    }
    let tallies: Mutex<BTreeMap<usize, Tally>> = Mutex::default();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    let Some(plan) = plans.get(n) else { break };
                    let tally = play(n as u64, plan);
                    tallies.lock().unwrap().insert(n, tally);
                }
            });
        }
    });
    let tallies = tallies.into_inner().unwrap();
    assert_eq!(tallies.len(), plans.len());
    let all = setting("LOOPSTART_PRINT_TABLE").is_some();
    let (mut steps, mut tried, mut accepted, mut few) = (0, 0, 0, vec![]);
    eprintln!("{}", Tally::HEADING);
    for (n, tally) in &tallies {
        let plan = plans[*n];
        eprintln!("{}", tally.line(plan));
        if all {
            eprintln!("{}", tally.table());
        }
        steps += tally.steps;
        tried += tally.tried;
        accepted += tally.accepted;
        few.extend(tally.missing().map(|(cell, entered)| format!("{plan}: {cell} entered {entered} times")));
        assert!(tally.compared > 1_000, "{plan}: {} comparisons", tally.compared);
    }
    eprintln!("{steps} steps, {:.1} % of {tried} operations accepted", accepted as f64 * 100.0 / tried as f64);
    assert!(chosen.is_some() || steps >= 1_000_000);
    assert!(accepted * 10 >= tried * 3, "{accepted} of {tried}");
    assert!(few.is_empty(), "{}", few.join("\n"));
}
