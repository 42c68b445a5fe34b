//! Adaptive differential PCM as voice modems carry it: [`ima`] (4 bits per sample) and [`rockwell`] (2, 3 or 4 bits).
//!
//! A stream is continuous: coders keep their state from block to block, and a block may be of any size. Codes are packed
//! into bytes without gaps; modems send the lowest bits of a byte first.

pub mod ima;
pub mod rockwell;

/// Which end of a byte comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// The lowest bits: as modems send, and as in WAV files.
    LowFirst,
    /// The highest bits: as in raw files of voice-processing cards.
    HighFirst,
}

/// Puts codes of a few bits together to bytes.
#[derive(Clone, Debug)]
struct Packer {
    bits: u32,
    order: Order,
    held: u32,
    count: u32,
}

impl Packer {
    fn new(bits: u32, order: Order) -> Self {
        Self { bits, order, held: 0, count: 0 }
    }

    /// Takes a code; answers a byte when one is full.
    fn push(&mut self, code: u8) -> Option<u8> {
        let code = u32::from(code) & ((1 << self.bits) - 1);
        match self.order {
            Order::LowFirst => self.held |= code << self.count,
            Order::HighFirst => self.held = self.held << self.bits | code,
        }
        self.count += self.bits;
        if self.count < 8 {
            return None;
        }
        self.count -= 8;
        let byte = match self.order {
            Order::LowFirst => {
                let byte = self.held as u8;
                self.held >>= 8;
                byte
            }
            Order::HighFirst => (self.held >> self.count) as u8,
        };
        Some(byte)
    }
}

/// Takes bytes apart into codes.
#[derive(Clone, Debug)]
struct Unpacker {
    bits: u32,
    order: Order,
    held: u32,
    count: u32,
}

impl Unpacker {
    fn new(bits: u32, order: Order) -> Self {
        Self { bits, order, held: 0, count: 0 }
    }

    /// Takes a byte; its codes, and one that began in the byte before, go to `sink`.
    fn push(&mut self, byte: u8, sink: &mut impl FnMut(u8)) {
        match self.order {
            Order::LowFirst => self.held |= u32::from(byte) << self.count,
            Order::HighFirst => self.held = self.held << 8 | u32::from(byte),
        }
        self.count += 8;
        let mask = (1u32 << self.bits) - 1;
        while self.count >= self.bits {
            self.count -= self.bits;
            match self.order {
                Order::LowFirst => {
                    sink((self.held & mask) as u8);
                    self.held >>= self.bits;
                }
                Order::HighFirst => sink((self.held >> self.count & mask) as u8),
            }
        }
    }
}

/// Signal to noise of `back` against `what`, in dB.
#[cfg(test)]
fn snr(what: &[i16], back: &[i16]) -> f32 {
    let power = |x: &mut dyn Iterator<Item = f32>| x.map(|v| v * v).sum::<f32>().max(1e-9);
    let signal = power(&mut what.iter().map(|s| f32::from(*s)));
    let noise = power(&mut what.iter().zip(back).map(|(a, b)| f32::from(*a) - f32::from(*b)));
    10.0 * libm::log10f(signal / noise)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn codes_survive_packing() {
        let codes: Vec<u8> = (0..240u32).map(|i| (i * 7 + i / 5) as u8).collect();
        for bits in 2..=4 {
            for order in [Order::LowFirst, Order::HighFirst] {
                let mut packer = Packer::new(bits, order);
                let bytes: Vec<u8> = codes.iter().filter_map(|c| packer.push(*c)).collect();
                assert_eq!(bytes.len() as u32, 240 * bits / 8);
                let (mut unpacker, mut out) = (Unpacker::new(bits, order), Vec::new());
                bytes.iter().for_each(|b| unpacker.push(*b, &mut |c| out.push(c)));
                let want: Vec<u8> = codes.iter().map(|c| c & ((1 << bits) - 1)).collect();
                assert_eq!(out, want, "{bits} {order:?}");
            }
        }
    }

    #[test]
    fn the_order_is_what_it_says() {
        let mut low = Packer::new(4, Order::LowFirst);
        assert_eq!((low.push(0x7), low.push(0x1)), (None, Some(0x17)));
        let mut high = Packer::new(4, Order::HighFirst);
        assert_eq!((high.push(0x7), high.push(0x1)), (None, Some(0x71)));
        // Eight codes of three bits are three bytes; the lowest bits first.
        let mut three = Packer::new(3, Order::LowFirst);
        let bytes: Vec<u8> = (0..8).filter_map(|c| three.push(c)).collect();
        assert_eq!(bytes, [0x88, 0xC6, 0xFA]);
    }
}
