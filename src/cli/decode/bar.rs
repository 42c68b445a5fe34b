//! A progress bar on standard error, where that is a terminal.

use crate::signal::SAMPLE_RATE;
use std::io::{self, IsTerminal, Write as _};
use std::time::{Duration, Instant};

/// How often it changes.
const PACE: Duration = Duration::from_millis(100);
/// Characters of a full bar.
const WIDTH: usize = 30;

/// Shows how far a recording is read.
#[derive(Debug)]
pub(super) struct Bar {
    is_terminal: bool,
    size: Option<u64>,
    shown: bool,
    began: Instant,
    last: Instant,
}

impl Bar {
    /// For a file of `size` bytes, if that is known.
    pub(super) fn new(size: Option<u64>) -> Self {
        let now = Instant::now();
        Self { is_terminal: io::stderr().is_terminal(), size, shown: false, began: now, last: now }
    }

    /// Shows that so many bytes were read and so many samples heard; not too often, and never on anything but a
    /// terminal.
    pub(super) fn show(&mut self, read: u64, samples: u64) {
        let now = Instant::now();
        if self.is_terminal && now.duration_since(self.last) >= PACE {
            self.last = now;
            self.shown = true;
            let text = line(read, self.size, samples, now.duration_since(self.began));
            // It is but a courtesy: if it cannot be written, nothing is lost.
            let _ = write!(io::stderr().lock(), "\r{text}\x1b[K");
        }
    }

    /// Takes it away, before other output and at the end.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            let _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}

/// What is shown.
fn line(read: u64, size: Option<u64>, samples: u64, took: Duration) -> String {
    let seconds = samples / u64::from(SAMPLE_RATE);
    let clock = format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let speed = samples as f64 / f64::from(SAMPLE_RATE) / took.as_secs_f64().max(0.001);
    match size.filter(|size| *size > 0) {
        Some(size) => {
            let share = (read as f64 / size as f64).min(1.0);
            let full = (share * WIDTH as f64) as usize;
            let bar = format!("{}{}", "#".repeat(full), "-".repeat(WIDTH - full));
            format!("[{bar}] {:3.0} %  {clock} heard, {speed:.0} x real time", share * 100.0)
        }
        None => format!("{clock} heard, {speed:.0} x real time"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_it_is() {
        let second = Duration::from_secs(1);
        assert_eq!(
            line(50, Some(100), 8_000 * 3_725, second),
            "[###############---------------]  50 %  1:02:05 heard, 3725 x real time"
        );
        assert!(line(500, Some(100), 8_000, second).contains("100 %"));
        assert_eq!(line(5, None, 16_000, second), "0:00:02 heard, 2 x real time");
        assert!(line(5, Some(0), 0, Duration::ZERO).starts_with("0:00:00"));
    }
}
