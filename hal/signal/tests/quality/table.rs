//! The table: one row for each condition, one cell with what was measured.

use std::fmt::Write as _;

/// How much of a corpus is made.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Scale {
    /// Some seconds of work: every test run.
    Small,
    /// The figures for the documentation.
    Full,
}

impl Scale {
    pub(crate) fn pick<T>(self, small: T, full: T) -> T {
        match self {
            Self::Small => small,
            Self::Full => full,
        }
    }
}

/// What was measured.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    /// `got` of `of` were right, and `extra` were told that were never sent.
    Rate { got: u64, of: u64, extra: u64 },
    /// So many were told that should not have been, in so many trials or seconds.
    False { count: u64, of: u64, unit: &'static str },
    /// The middle one and the 95th percentile, in tenths of a ms.
    Delay { median: u64, late: u64 },
    /// A line of a confusion table: `got` of `of` were told as they should, and how often each thing was told.
    Told { got: u64, of: u64, told: String },
}

impl Cell {
    pub(crate) fn rate(got: usize, of: usize, extra: usize) -> Self {
        Self::Rate { got: got as u64, of: of as u64, extra: extra as u64 }
    }

    pub(crate) fn text(&self) -> String {
        match self {
            Self::Rate { got, of, extra } => format!("{}, extra {extra}", share(*got, *of)),
            Self::False { count, of, unit } => format!("{count} in {of} {unit}"),
            Self::Delay { median, late } => {
                format!("{}.{} ms, 95 %: {}.{} ms", median / 10, median % 10, late / 10, late % 10)
            }
            Self::Told { got, of, told } => format!("{}: {told}", share(*got, *of)),
        }
    }
}

/// Tenths of a percent are cut, not rounded: 100 % is all.
fn share(got: u64, of: u64) -> String {
    let share = (got * 1000).checked_div(of).unwrap_or(0);
    format!("{:>3}.{} %  {got}/{of}", share / 10, share % 10)
}

/// What a row should reach.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    /// At least so many tenths of a percent, at most so many extra per mille of the trials.
    Rate(u64, u64),
    /// At most so many.
    False(u64),
    /// At most so many per mille of the trials.
    FalseShare(u64),
    /// At most so many in an hour of a signal whose length is in seconds.
    PerHour(u64),
    /// At most so many tenths of a ms.
    Delay(u64),
    /// For the record.
    Any,
}

impl Goal {
    pub(crate) const ALL: Self = Self::Rate(1000, 0);

    fn met(self, cell: &Cell) -> bool {
        match (self, cell) {
            (Self::Rate(share, extra), Cell::Rate { got, of, extra: e }) => {
                got * 1000 >= of * share && e * 1000 <= of * extra
            }
            (Self::False(most), Cell::False { count, .. }) => *count <= most,
            (Self::FalseShare(share), Cell::False { count, of, .. }) => count * 1000 <= of * share,
            (Self::PerHour(most), Cell::False { count, of, .. }) => count * 3600 <= of * most,
            (Self::Rate(share, _), Cell::Told { got, of, .. }) => got * 1000 >= of * share,
            (Self::Delay(most), Cell::Delay { median, .. }) => *median <= most,
            (Self::Any, _) => true,
            _ => false,
        }
    }

    fn text(self) -> String {
        match self {
            Self::Rate(share, 0) => format!("{}.{} %", share / 10, share % 10),
            Self::Rate(share, extra) => format!("{}.{} %, extra {extra}/1000", share / 10, share % 10),
            Self::False(most) => format!("at most {most}"),
            Self::FalseShare(share) => format!("at most {}.{} %", share / 10, share % 10),
            Self::PerHour(most) => format!("at most {most}/h"),
            Self::Delay(most) => format!("{}.{} ms", most / 10, most % 10),
            Self::Any => "-".into(),
        }
    }
}

type Measure = Box<dyn Fn(Scale) -> Cell + Send + Sync>;

/// A condition.
pub(crate) struct Row {
    pub section: &'static str,
    pub name: String,
    pub goal: Goal,
    pub measure: Measure,
}

/// All conditions of all receivers.
#[derive(Default)]
pub(crate) struct Rows(pub Vec<Row>);

impl Rows {
    pub(crate) fn add(
        &mut self,
        section: &'static str,
        name: impl Into<String>,
        goal: Goal,
        measure: impl Fn(Scale) -> Cell + Send + Sync + 'static,
    ) {
        self.0.push(Row { section, name: name.into(), goal, measure: Box::new(measure) });
    }
}

/// The table as text. What misses its goal is marked with `!`.
pub(crate) fn render(rows: &[Row], cells: &[Cell]) -> String {
    let mut out = String::new();
    let mut section = "";
    for (row, cell) in rows.iter().zip(cells) {
        if row.section != section {
            section = row.section;
            let _ = writeln!(out, "{}# {section}", if out.is_empty() { "" } else { "\n" });
        }
        let mark = if row.goal.met(cell) { ' ' } else { '!' };
        let _ = writeln!(out, "{mark} {:<54} | {:<22} | {}", row.name, row.goal.text(), cell.text());
    }
    out
}

/// The lines that differ, as a text; `None` when there are none.
pub(crate) fn difference(committed: &str, measured: &str) -> Option<String> {
    let old: Vec<&str> = committed.lines().collect();
    let new: Vec<&str> = measured.lines().collect();
    let mut out = String::new();
    // Rows are known by section and name.
    let key = |lines: &[&str]| -> Vec<(String, String)> {
        let mut section = "";
        lines
            .iter()
            .filter_map(|l| {
                if let Some(s) = l.strip_prefix("# ") {
                    section = s;
                }
                let name = l.get(2..)?.split(" | ").next()?;
                l.contains(" | ").then(|| (format!("{section}: {}", name.trim()), l.to_string()))
            })
            .collect()
    };
    let (old_rows, new_rows) = (key(&old), key(&new));
    for (name, line) in &old_rows {
        match new_rows.iter().find(|(n, _)| n == name) {
            None => _ = writeln!(out, "gone      {name}"),
            Some((_, now)) if now != line => {
                let _ = writeln!(out, "{name}\n  was {line}\n  now {now}");
            }
            Some(_) => {}
        }
    }
    for (name, line) in &new_rows {
        if !old_rows.iter().any(|(n, _)| n == name) {
            let _ = writeln!(out, "new       {name}\n  now {line}");
        }
    }
    if out.is_empty() && committed != measured {
        out.push_str("the rows are the same, but not their order or layout\n");
    }
    (!out.is_empty()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Row> {
        let mut rows = Rows::default();
        rows.add("A", "one", Goal::ALL, |_| Cell::rate(9, 10, 0));
        rows.add("A", "two", Goal::False(1), |_| Cell::False { count: 1, of: 60, unit: "s" });
        rows.add("B", "one", Goal::Delay(300), |_| Cell::Delay { median: 301, late: 400 });
        rows.0
    }

    #[test]
    fn goals_and_differences() {
        let rows = rows();
        let cells: Vec<Cell> = rows.iter().map(|r| (r.measure)(Scale::Small)).collect();
        let table = render(&rows, &cells);
        let marks: Vec<char> = table.lines().filter(|l| l.contains('|')).filter_map(|l| l.chars().next()).collect();
        assert_eq!(marks, ['!', ' ', '!']);
        assert_eq!(difference(&table, &table), None);
        let better = render(&rows, &[Cell::rate(10, 10, 0), cells[1].clone(), cells[2].clone()]);
        let told = difference(&table, &better).expect("a cell changed");
        assert!(told.contains("A: one") && told.contains("9/10") && told.contains("10/10"), "{told}");
        assert!(!told.contains("A: two") && !told.contains("B: one"), "{told}");
        let fewer = difference(&table, &render(&rows[..2], &cells[..2])).expect("a row is gone");
        assert!(fewer.contains("gone      B: one"), "{fewer}");
        assert!(
            difference(&render(&rows[..2], &cells[..2]), &table).expect("a row is new").contains("new       B: one")
        );
    }

    #[test]
    fn shares_are_cut_so_that_all_means_all() {
        assert_eq!(Cell::rate(9999, 10_000, 0).text(), " 99.9 %  9999/10000, extra 0");
        assert!(Cell::rate(5, 5, 0).text().starts_with("100.0 %"));
    }
}
