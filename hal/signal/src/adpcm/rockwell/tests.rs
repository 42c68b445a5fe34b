use super::*;
use crate::adpcm::snr;
use crate::test_signal::{silence, speech, tone};
use std::vec::Vec;

const ALL: [Bits; 3] = [Bits::Two, Bits::Three, Bits::Four];

fn encode(bits: Bits, samples: &[i16]) -> Vec<u8> {
    let mut out = Vec::new();
    Encoder::new(bits).encode(samples, &mut |b| out.push(b));
    out
}

fn decode(bits: Bits, bytes: &[u8]) -> Vec<i16> {
    let mut out = Vec::new();
    Decoder::new(bits).decode(bytes, &mut |s| out.push(s));
    out
}

/// What `rmdtopvf` (mgetty-pvftools 1.2.1) makes of the four bytes 12 34 56 78, in the format of Rockwell modems.
#[test]
fn a_stream_decodes_as_other_programs_do() {
    let bytes = [0x12, 0x34, 0x56, 0x78];
    for (bits, want) in [
        (Bits::Two, &[16, -42, -38, -79, -135, -118, 60, -183, 7, -102, -108, -118, -204, -67, 105, -32][..]),
        (Bits::Three, &[-24, -35, -84, -83, -55, -20, 17, -28, -94, 80]),
        (Bits::Four, &[-52, -122, -147, -183, -132, -135, -68, -59]),
    ] {
        let out = decode(bits, &bytes);
        assert_eq!(out, want, "{bits:?}");
    }
}

/// The same for the eight bytes 80 00 .. (the growth of the step up to full scale).
#[test]
fn the_step_grows_as_in_other_programs() {
    let bytes = [0x80, 0, 0, 0, 0, 0, 0, 0];
    for (bits, want) in [
        (Bits::Two, &[-48, -93, -158, -19, -160, -308, -538, -893, -1461, -2381, -3892, -6347, -10345][..]),
        (Bits::Three, &[-68, -149, -143, -266, -475, -851, -1520, -2701, -4795, -8526, -15161]),
        (Bits::Four, &[-84, -28, -198, -539, -1335, -3245, -7872]),
    ] {
        let out = decode(bits, &bytes);
        assert_eq!(out[..want.len()], *want, "{bits:?}");
    }
}

#[test]
fn speech_and_tones_survive() {
    for (bits, for_tone, for_speech) in [(Bits::Two, 8.0, 4.5), (Bits::Three, 14.0, 7.0), (Bits::Four, 20.0, 8.0)] {
        for (what, least) in [(tone(&[1004.0], -10.0, 1000), for_tone), (speech(3, -15.0, 4000), for_speech)] {
            let back = decode(bits, &encode(bits, &what));
            let seen = snr(&what, &back);
            assert!(seen > least, "{bits:?} {seen}");
        }
    }
}

#[test]
fn silence_stays_quiet() {
    for bits in ALL {
        let back = decode(bits, &encode(bits, &silence(1000)));
        assert!(back[4000..].iter().all(|s| s.abs() < 64), "{bits:?}");
    }
}

#[test]
fn block_size_does_not_matter() {
    let samples = speech(5, -15.0, 500);
    for bits in ALL {
        let whole = encode(bits, &samples);
        assert_eq!(whole.len() as u32, 4000 * bits.quantiser().bits / 8);
        let (mut encoder, mut parts) = (Encoder::new(bits), Vec::new());
        samples.chunks(7).for_each(|c| encoder.encode(c, &mut |b| parts.push(b)));
        assert_eq!(parts, whole);
        let (mut decoder, mut back) = (Decoder::new(bits), Vec::new());
        whole.chunks(5).for_each(|c| decoder.decode(c, &mut |s| back.push(s)));
        assert_eq!(back, decode(bits, &whole));
    }
}

#[test]
fn a_decoder_that_joins_late_finds_its_way() {
    // The weights forget, and the step is driven to what the codes ask for.
    let samples = speech(7, -15.0, 4000);
    for bits in ALL {
        let bytes = encode(bits, &samples);
        let whole = decode(bits, &bytes);
        let late = decode(bits, &bytes[2400..]);
        let from = whole.len() - late.len();
        let tail = late.len() / 2;
        assert!(snr(&whole[from + tail..], &late[tail..]) > 10.0, "{bits:?}");
    }
}

#[test]
fn any_bytes_are_sound() {
    for bits in ALL {
        for byte in [0x00, 0xff, 0x0f, 0xa5] {
            let out = decode(bits, &[byte; 3000]);
            assert!(out.len() >= 6000);
        }
        let full = [i16::MIN, i16::MAX, i16::MIN, i16::MAX, 0, i16::MIN, i16::MAX, 0];
        assert!(!encode(bits, &full).is_empty());
    }
}
