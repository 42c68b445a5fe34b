//! Any bytes as a recording: decoded and drawn, or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;

/// The line at its slowest: a second of sound takes some milliseconds.
const MOST: usize = 1 << 16;

fuzz_target!(|bytes: &[u8]| {
    let bytes = bytes.get(..MOST).unwrap_or(bytes);
    let _ = loopstart::cli::decode_bytes(bytes);
    // Most inputs are no header. The same as sound behind a good one, so that there is something to hear.
    let mut file =
        b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\0\0\0\0".to_vec();
    file.extend_from_slice(bytes);
    assert!(loopstart::cli::decode_bytes(&file).is_some());
});
