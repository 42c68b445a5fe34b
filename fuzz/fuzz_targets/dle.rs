//! Any bytes as a modem's voice stream, and back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loopstart_signal::dle::{DLE, Decoder, Encoder, Item};

fuzz_target!(|bytes: &[u8]| {
    let mut decoder = Decoder::new();
    let mut count = 0;
    for byte in bytes {
        match decoder.push(*byte) {
            Some(Item::Data(_) | Item::Event(_) | Item::End) => count += 1,
            Some(Item::TwoDle) => count += 2,
            None => {}
        }
    }
    assert!(count <= bytes.len());

    let mut wire = Vec::new();
    Encoder::new().data(bytes, |byte| wire.push(byte));
    let mut decoder = Decoder::new();
    let back: Vec<u8> = wire
        .iter()
        .filter_map(|byte| match decoder.push(*byte)? {
            Item::Data(byte) => Some(byte),
            other => panic!("{other:?} in what was data"),
        })
        .collect();
    assert_eq!(back, bytes);
    assert!(!decoder.is_shielded() && wire.len() == bytes.len() + bytes.iter().filter(|b| **b == DLE).count());
});
