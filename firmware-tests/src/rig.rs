//! Runs every case on every line of every rig that is asked for.

use anyhow::Result;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use loopstart_firmware_tests::cases::{self, Case, Verdict};
use loopstart_firmware_tests::file::RigFile;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// The rig files that are asked for: those of `LOOPSTART_RIG`, separated by colons, else the emulated one.
fn asked_for() -> Vec<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    match std::env::var_os("LOOPSTART_RIG").filter(|value| !value.is_empty()) {
        Some(value) => std::env::split_paths(&value).map(|path| here.join(path)).collect(),
        None => vec![here.join("rigs/emulated.toml")],
    }
}

/// Runs a case and weighs its end against what the rig expects.
fn run(rig: &RigFile, line: usize, case: &Case) -> Result<Completion, Failed> {
    let selector = rig.lines.get(line).map_or("", |line| line.selector.as_str());
    let expected = rig.expects_failure(selector, case.name);
    match ((case.run)(rig, line), expected) {
        (Ok(Verdict::Passed), None) => Ok(Completion::Completed),
        (Ok(Verdict::Passed), Some(reason)) => {
            Err(format!("it passed, but was expected to fail: {reason}; take it off the rig's list").into())
        }
        // The reasons are printed beside the case's name.
        (Ok(Verdict::Skipped(reason)), _) => Ok(Completion::ignored_with(reason)),
        (Err(error), Some(reason)) => Ok(Completion::ignored_with(format!("failed as expected: {reason}; {error:#}"))),
        (Err(error), None) => Err(format!("{error:#}").into()),
    }
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Hardware is there once.
    arguments.test_threads = Some(1);
    let mut trials = Vec::new();
    for path in asked_for() {
        let rig = match RigFile::read(&path) {
            Ok(rig) => Arc::new(rig),
            Err(error) => {
                eprintln!("{error:#}");
                return ExitCode::from(2);
            }
        };
        for (line, entry) in rig.lines.iter().enumerate() {
            for case in cases::ALL {
                let name = format!("{}::{}::{}", rig.name, entry.selector, case.name);
                let rig = Arc::clone(&rig);
                trials.push(Trial::ignorable_test(name, move || run(&rig, line, case)));
            }
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}
