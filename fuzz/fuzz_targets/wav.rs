//! Any bytes as a recording: decoded and drawn, or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;

/// A file that holds seconds of sound takes long; what it holds is for the target `samples`.
const MOST: usize = 4_096;

fuzz_target!(|bytes: &[u8]| {
    let _ = loopstart::cli::decode_bytes(bytes.get(..MOST).unwrap_or(bytes));
});
