//! How well the receivers hear: every condition that a line may have, as a table of rates.
//!
//! The test compares a small corpus, cell by cell, with the committed `table.txt`. Everything has a fixed seed, so that
//! equality is exact; a cell that changed, for the better or the worse, fails the test until somebody has looked at it:
//!
//! * `UPDATE_QUALITY=1 cargo test -p loopstart-signal --test quality` accepts what is measured,
//! * `LOOPSTART_QUALITY=full cargo test --release ...` measures the large corpus (hours of speech, thousands of frames) and
//!   writes its table to the file that `LOOPSTART_QUALITY_TABLE` names, or to the target directory,
//! * `LOOPSTART_QUALITY_ONLY=text` measures and prints only the rows whose section or name has that text.
//!
//! The senders here are not those of the crate. Rows that miss their goal are marked with `!`.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "this test reads settings and files")]

mod answer;
mod cas;
mod cid;
mod clip;
mod crosstalk;
mod dtmf;
mod fsk;
mod music;
mod orchestra;
mod progress;
mod source;
mod speech;
mod table;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use table::{Cell, Row, Rows, Scale};

/// The results of all rows, in their order, by as many threads as there are processors.
fn measure(rows: &[Row], scale: Scale) -> Vec<Cell> {
    let next = AtomicUsize::new(0);
    let cells = Mutex::new(vec![None; rows.len()]);
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|s| {
        for _ in 0..threads {
            s.spawn(|| {
                loop {
                    // The last rows are the long ones: begin with them.
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    let Some(row) = rows.len().checked_sub(i + 1).and_then(|i| rows.get(i)) else { return };
                    let cell = (row.measure)(scale);
                    if scale == Scale::Full {
                        println!("{}: {}: {}", row.section, row.name, cell.text());
                    }
                    cells.lock().expect("no thread panics with the lock")[rows.len() - 1 - i] = Some(cell);
                }
            });
        }
    });
    cells.into_inner().expect("all threads are done").into_iter().map(|c| c.expect("every row was measured")).collect()
}

#[test]
fn table() {
    let mut rows = Rows::default();
    dtmf::rows(&mut rows);
    cid::rows(&mut rows);
    clip::rows(&mut rows);
    cas::rows(&mut rows);
    progress::rows(&mut rows);
    answer::rows(&mut rows);
    crosstalk::rows(&mut rows);
    let mut rows = rows.0;
    let only = std::env::var("LOOPSTART_QUALITY_ONLY").ok();
    if let Some(text) = &only {
        rows.retain(|r| r.section.contains(text.as_str()) || r.name.contains(text.as_str()));
    }
    let full = std::env::var("LOOPSTART_QUALITY").is_ok_and(|v| v == "full");
    let cells = measure(&rows, if full { Scale::Full } else { Scale::Small });
    let measured = table::render(&rows, &cells);
    if full {
        let path = std::env::var("LOOPSTART_QUALITY_TABLE")
            .map_or_else(|_| Path::new(env!("CARGO_TARGET_TMPDIR")).join("quality.txt"), PathBuf::from);
        std::fs::write(&path, &measured).expect("the table can be written");
        println!("{measured}\nwritten to {}", path.display());
        return;
    }
    if only.is_some() {
        println!("{measured}");
        return;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/quality/table.txt");
    if std::env::var("UPDATE_QUALITY").is_ok_and(|v| v == "1") {
        std::fs::write(&path, &measured).expect("the table can be written");
        return;
    }
    let committed = std::fs::read_to_string(&path).expect("table.txt is there");
    if let Some(difference) = table::difference(&committed, &measured) {
        panic!("the receivers hear otherwise than table.txt says; run with UPDATE_QUALITY=1 to accept:\n{difference}");
    }
}

/// Writes 20 minutes of each signal that is none of the line's, to listen to or to give to other receivers.
#[test]
#[ignore = "writes 120 MB to the directory that LOOPSTART_QUALITY_DUMP names"]
fn dump() {
    let directory = PathBuf::from(std::env::var("LOOPSTART_QUALITY_DUMP").expect("LOOPSTART_QUALITY_DUMP"));
    let write = |name: &str, fill: &mut dyn FnMut(&mut [i16])| {
        let mut signal = vec![0; 20 * 60 * 8000];
        fill(&mut signal);
        let bytes: Vec<u8> = signal.iter().flat_map(|s| s.to_le_bytes()).collect();
        std::fs::write(directory.join(name), bytes).expect("a file in the directory");
    };
    write("speech.raw", &mut |b| speech::Speech::new(50, -15.0).fill(b));
    write("sharp.raw", &mut |b| speech::Vowels::sharp(75, -15.0).fill(b));
    write("duet.raw", &mut |b| music::Music::duet(85, -15.0).fill(b));
    write("orchestra.raw", &mut |b| orchestra::Orchestra::new(88, -15.0).fill(b));
    write("vowels.raw", &mut |b| speech::Vowels::new(70, -15.0).fill(b));
    write("music.raw", &mut |b| music::Music::new(80, -15.0).fill(b));
}
