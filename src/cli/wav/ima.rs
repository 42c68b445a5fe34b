//! IMA ADPCM as WAV files carry it: four bits a sample, in blocks that stand alone.
//!
//! A block begins with four bytes for each channel: the first sample, and the place in the table of steps. Then follow,
//! channel after channel, groups of four bytes with eight samples, the low half of a byte first.

use crate::signal::adpcm::Order;
use crate::signal::adpcm::ima::{Arithmetic, Decoder};

/// Appends the samples of one channel (from 0) of a block, at most `most`; what a cut block lacks is missing.
pub(super) fn decode(block: &[u8], channel: usize, channels: usize, most: usize, samples: &mut Vec<f32>) {
    let Some(&[low, high, place, _]) = block.get(4 * channel..4 * channel + 4) else { return };
    let first = i16::from_le_bytes([low, high]);
    let end = samples.len().saturating_add(most);
    let mut put = |sample: i16| {
        if samples.len() < end {
            samples.push(f32::from(sample) / 32_768.0);
        }
    };
    put(first);
    let mut decoder = Decoder::new(Arithmetic::Shifts, Order::LowFirst).at(first, place);
    for group in block.get(4 * channels..).unwrap_or_default().chunks(4 * channels) {
        if let Some(part) = group.get(4 * channel..) {
            decoder.decode(part.get(..4).unwrap_or(part), &mut put);
        }
    }
}
