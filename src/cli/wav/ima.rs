//! IMA ADPCM as WAV files carry it: four bits a sample, in blocks that stand alone.
//!
//! A block begins with four bytes for each channel: the first sample, and the place in the table of steps. Then follow,
//! channel after channel, groups of four bytes with eight samples, the low half of a byte first.

/// Sizes of a quantiser step.
const STEPS: [i32; 89] = [
    7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66, 73, 80, 88, 97, 107,
    118, 130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408, 449, 494, 544, 598, 658, 724, 796, 876, 963,
    1060, 1166, 1282, 1411, 1552, 1707, 1878, 2066, 2272, 2499, 2749, 3024, 3327, 3660, 4026, 4428, 4871, 5358, 5894,
    6484, 7132, 7845, 8630, 9493, 10442, 11487, 12635, 13899, 15289, 16818, 18500, 20350, 22385, 24623, 27086, 29794,
    32767,
];
/// How far a code moves the place in the table, by its magnitude.
const MOVES: [i32; 8] = [-1, -1, -1, -1, 2, 4, 6, 8];

/// Appends the samples of one channel (from 0) of a block, at most `most`; what a cut block lacks is missing.
pub(super) fn decode(block: &[u8], channel: usize, channels: usize, most: usize, samples: &mut Vec<f32>) {
    let Some(&[low, high, place, _]) = block.get(4 * channel..4 * channel + 4) else { return };
    let mut predicted = i32::from(i16::from_le_bytes([low, high]));
    let mut place = i32::from(place).min(88);
    let end = samples.len().saturating_add(most);
    let mut put = |sample: i32| {
        if samples.len() < end {
            samples.push(sample as f32 / 32_768.0);
        }
    };
    put(predicted);
    let groups = block.get(4 * channels..).unwrap_or_default().chunks(4 * channels);
    for byte in groups.filter_map(|g| g.get(4 * channel..)).flat_map(|g| g.iter().take(4)) {
        for code in [byte & 15, byte >> 4] {
            let step = STEPS.get(place as usize).copied().unwrap_or(7);
            let magnitude = i32::from(code & 7);
            // (2 magnitude + 1) / 8 of a step, as the sum of shifts that the standard has.
            let mut change = step >> 3;
            for (bit, share) in [(4, step), (2, step >> 1), (1, step >> 2)] {
                change += if magnitude & bit != 0 { share } else { 0 };
            }
            predicted = (predicted + if code & 8 != 0 { -change } else { change }).clamp(-32_768, 32_767);
            place = (place + MOVES.get(magnitude as usize).copied().unwrap_or(0)).clamp(0, 88);
            put(predicted);
        }
    }
}
