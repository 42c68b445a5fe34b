//! Levels: dBm0 to sample values and back.
//!
//! ITU-T G.711 puts a full-scale sine of the mu-law codec at +3.14 dBm0. All levels of this package follow
//! that convention on 16-bit samples, for both codecs.

/// Level of a full-scale sine, in dBm0.
#[expect(clippy::approx_constant, reason = "a level, not the circle constant")]
pub const FULL_SCALE: f32 = 3.14;

/// The peak sample value of a sine at `dbm0` dBm0.
pub fn peak(dbm0: f32) -> f32 {
    32768.0 * libm::powf(10.0, (dbm0 - FULL_SCALE) / 20.0)
}

/// The level in dBm0 of a signal with this mean square (of 16-bit sample values); at least -120.
pub fn dbm0(mean_square: f32) -> f32 {
    // A full-scale sine has a mean square of 32768^2 / 2.
    let ratio = mean_square / (32768.0 * 32768.0 / 2.0);
    if ratio > 1e-12 { 10.0 * libm::log10f(ratio) + FULL_SCALE } else { -120.0 }
}

/// The mean square of a signal at `dbm0` dBm0.
pub fn mean_square(dbm0: f32) -> f32 {
    let p = peak(dbm0);
    p * p / 2.0
}

/// Rounds and limits to what a sample can hold. Not a number becomes 0.
pub(crate) fn sample(x: f32) -> i16 {
    // The cast saturates.
    libm::roundf(x) as i16
}

/// Adds `x` to a sample, saturating.
pub(crate) fn add(sample_: &mut i16, x: f32) {
    *sample_ = sample_.saturating_add(sample(x));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_scale_is_3_14_dbm0() {
        assert!((peak(FULL_SCALE) - 32768.0).abs() < 1.0);
        assert!((peak(-16.86) - 3276.8).abs() < 0.1);
        assert!((dbm0(32768.0 * 32768.0 / 2.0) - FULL_SCALE).abs() < 0.001);
    }

    #[test]
    fn conversions_are_inverse() {
        for l in [-60.0f32, -36.0, -13.0, 0.0, 3.0] {
            assert!((dbm0(mean_square(l)) - l).abs() < 0.001);
        }
        assert_eq!(dbm0(0.0), -120.0);
    }
}
