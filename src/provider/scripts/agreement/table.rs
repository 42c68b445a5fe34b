//! The table of cells: which operation was entered in which state, how often.

use super::ENTERED;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fmt::Write as _;
use std::format;
use std::string::String;

/// An operation of the host on a call in this state (`LINECALLSTATE_` bit; 0: of the line).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cell {
    pub(super) state: u32,
    pub(super) operation: &'static str,
}

/// The name of a state.
fn name(state: u32) -> &'static str {
    match state {
        0 => "line",
        0x2 => "OFFERING",
        0x4 => "ACCEPTED",
        0x8 => "DIALTONE",
        0x10 => "DIALING",
        0x20 => "RINGBACK",
        0x40 => "BUSY",
        0x80 => "SPECIALINFO",
        0x100 => "CONNECTED",
        0x200 => "PROCEEDING",
        0x400 => "ONHOLD",
        0x800 => "CONFERENCED",
        0x1000 => "ONHOLDPENDCONF",
        0x2000 => "ONHOLDPENDTRANSFER",
        0x4000 => "DISCONNECTED",
        _ => "other",
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", name(self.state), self.operation)
    }
}

/// What was done on one plan.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) steps: u64,
    pub(super) tried: u64,
    pub(super) accepted: u64,
    /// Times when both sides were compared.
    pub(super) compared: u64,
    /// The legal cells: those that were announced. How often each was entered.
    cells: BTreeMap<Cell, u64>,
    /// The cells that were announced since this was cleared.
    pub(super) seen: BTreeSet<Cell>,
}

impl Tally {
    pub(super) const HEADING: &'static str = "plan            steps  tried  accepted  compared  cells  fewest";

    /// A cell is announced.
    pub(super) fn announce(&mut self, cell: Cell) {
        self.cells.entry(cell).or_default();
        self.seen.insert(cell);
    }

    /// An operation was accepted in this cell.
    pub(super) fn enter(&mut self, cell: Cell) {
        *self.cells.entry(cell).or_default() += 1;
    }

    pub(super) fn entered(&self, cell: Cell) -> u64 {
        self.cells.get(&cell).copied().unwrap_or(0)
    }

    /// The cells that were not entered often enough, and how often.
    pub(super) fn missing(&self) -> impl Iterator<Item = (Cell, u64)> {
        self.cells.iter().map(|(cell, entered)| (*cell, *entered)).filter(|(_, entered)| *entered < ENTERED)
    }

    /// All of it in one line.
    pub(super) fn line(&self, plan: &str) -> String {
        let share = self.accepted as f64 * 100.0 / self.tried.max(1) as f64;
        let fewest = self.cells.iter().min_by_key(|(_, entered)| **entered);
        let fewest = fewest.map_or(String::new(), |(cell, entered)| format!("{entered} ({cell})"));
        let Self { steps, tried, compared, .. } = self;
        format!("{plan:13} {steps:7} {tried:6} {share:7.1} % {compared:9} {:6}  {fewest}", self.cells.len())
    }

    /// All cells, a line for each state.
    pub(super) fn table(&self) -> String {
        let mut text = String::new();
        let mut state = None;
        for (cell, entered) in &self.cells {
            if state.replace(cell.state) != Some(cell.state) {
                let _ = write!(text, "\n    {}:", name(cell.state));
            }
            let _ = write!(text, " {} {entered};", cell.operation);
        }
        text
    }
}
