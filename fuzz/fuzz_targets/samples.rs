//! Any samples through every receiver: no panic, and the same in blocks of any size.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loopstart_signal::country;
use loopstart_signal::decode::LineDecoder;

fuzz_target!(|bytes: &[u8]| {
    let Some((&[country, size], bytes)) = bytes.split_first_chunk::<2>() else { return };
    let all = country::all();
    let country = &all[usize::from(country) % all.len()];
    let samples: Vec<i16> = bytes.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
    let hear = |block: usize| {
        let (mut decoder, mut events) = (LineDecoder::new(country), Vec::new());
        for block in samples.chunks(block) {
            decoder.process(block, &mut |event| events.push(format!("{} {event:?}", event.at())));
        }
        events
    };
    assert_eq!(hear(samples.len().max(1)), hear(usize::from(size) + 1));
});
