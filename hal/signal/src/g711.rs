//! ITU-T G.711: mu-law and A-law, and 8-bit linear samples.

/// One mu-law byte to a sample.
pub const fn ulaw_decode(byte: u8) -> i16 {
    let b = !byte;
    let exponent = (b >> 4) & 7;
    let magnitude = ((((b & 15) as i16) << 3) + 0x84) << exponent;
    if b & 0x80 != 0 { 0x84 - magnitude } else { magnitude - 0x84 }
}

/// A sample to the nearest mu-law byte.
pub const fn ulaw_encode(sample: i16) -> u8 {
    let (sign, magnitude) = if sample < 0 { (0x80, -(sample as i32)) } else { (0, sample as i32) };
    // 32635 is the largest magnitude that does not overflow the last segment.
    let biased = (if magnitude > 32635 { 32635 } else { magnitude }) + 0x84;
    let exponent = 24 - (biased as u32).leading_zeros();
    let mantissa = (biased >> (exponent + 3)) & 15;
    !(sign | ((exponent as u8) << 4) | mantissa as u8)
}

/// One A-law byte to a sample.
pub const fn alaw_decode(byte: u8) -> i16 {
    let b = byte ^ 0x55;
    let exponent = (b >> 4) & 7;
    let mantissa = ((b & 15) as i16) << 4;
    let magnitude = if exponent == 0 { mantissa + 8 } else { (mantissa + 0x108) << (exponent - 1) };
    if b & 0x80 != 0 { magnitude } else { -magnitude }
}

/// A sample to the nearest A-law byte.
pub const fn alaw_encode(sample: i16) -> u8 {
    // Negative values take the one's complement, so that -1 falls into the smallest negative step.
    let (sign, magnitude) = if sample < 0 { (0, !sample) } else { (0x80, sample) };
    let magnitude = magnitude >> 4;
    let code = if magnitude < 32 {
        magnitude
    } else {
        let exponent = 12 - (magnitude as u16).leading_zeros() as i16;
        (exponent << 4) | ((magnitude >> (exponent - 1)) & 15)
    };
    (sign | code as u8) ^ 0x55
}

/// An 8-bit unsigned linear sample (128 is zero) to a 16-bit one.
pub const fn pcm8_decode(byte: u8) -> i16 {
    ((byte as i16) - 128) << 8
}

/// A sample to the nearest 8-bit unsigned linear one.
pub const fn pcm8_encode(sample: i16) -> u8 {
    let rounded = ((sample as i32) + 128) >> 8;
    (if rounded > 127 { 255 } else { rounded + 128 }) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_codes() {
        assert_eq!(ulaw_encode(0), 0xFF);
        assert_eq!(ulaw_decode(0xFF), 0);
        assert_eq!(ulaw_decode(0x80), 32124);
        assert_eq!(ulaw_decode(0x00), -32124);
        assert_eq!(alaw_encode(0), 0xD5);
        assert_eq!(alaw_decode(0xD5), 8);
        assert_eq!(alaw_decode(0xAA), 32256);
        assert_eq!(alaw_decode(0x2A), -32256);
        assert_eq!(pcm8_decode(128), 0);
        assert_eq!(pcm8_encode(i16::MAX), 255);
        assert_eq!(pcm8_encode(i16::MIN), 0);
    }

    #[test]
    fn every_code_comes_back() {
        for b in 0..=255u8 {
            // 0x7F is the negative zero of mu-law.
            if b != 0x7F {
                assert_eq!(ulaw_encode(ulaw_decode(b)), b);
            }
            assert_eq!(alaw_encode(alaw_decode(b)), b);
            assert_eq!(pcm8_encode(pcm8_decode(b)), b);
        }
    }

    #[test]
    fn the_nearest_code_is_taken() {
        for s in (i16::MIN..=i16::MAX).step_by(7) {
            let u = i32::from(ulaw_decode(ulaw_encode(s)));
            let a = i32::from(alaw_decode(alaw_encode(s)));
            let s = i32::from(s);
            // Half a step of the segment, or the end of the range.
            let half = (s.abs() + 132) / 32 + 4;
            assert!((u - s).abs() <= half.max(s.abs() - 32124), "u {s} {u}");
            assert!((a - s).abs() <= ((s.abs()) / 32 + 8).max(s.abs() - 32256), "a {s} {a}");
        }
    }
}
