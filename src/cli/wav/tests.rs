use super::*;
use proptest::prelude::*;
use std::io::Cursor;

fn all<R: Read>(mut wav: Wav<R>) -> Vec<f32> {
    let mut samples = Vec::new();
    while wav.read(&mut samples).unwrap() {}
    samples
}

fn opened(file: &[u8]) -> Wav<&[u8]> {
    Wav::new(file, 1).unwrap()
}

fn written(
    channels: u16,
    bits: u16,
    format: hound::SampleFormat,
    write: impl Fn(&mut hound::WavWriter<&mut Cursor<Vec<u8>>>),
) -> Vec<u8> {
    let spec = hound::WavSpec { channels, sample_rate: 11_025, bits_per_sample: bits, sample_format: format };
    let mut file = Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut file, spec).unwrap();
    write(&mut writer);
    writer.finalize().unwrap();
    file.into_inner()
}

#[test]
fn linear_samples_of_every_width() {
    for bits in [8u16, 16, 24, 32] {
        let full = 1i64 << (bits - 1);
        let values = [0, full / 2, -full / 2, full - 1, -full];
        let file = written(1, bits, hound::SampleFormat::Int, |w| {
            for v in values {
                w.write_sample(v as i32).unwrap();
            }
        });
        let wav = opened(&file);
        assert_eq!(wav.rate(), 11_025);
        assert_eq!(wav.coding(), format!("{bits}-bit PCM"));
        let expected: Vec<f32> = values.iter().map(|v| *v as f32 / full as f32).collect();
        assert_eq!(all(wav), expected, "{bits} bits");
    }
}

#[test]
fn floating_point_and_the_chosen_channel() {
    let file = written(2, 32, hound::SampleFormat::Float, |w| {
        for n in 0..10 {
            w.write_sample(n as f32 / 16.0).unwrap();
            w.write_sample(-(n as f32) / 16.0).unwrap();
        }
    });
    let right: Vec<f32> = (0..10).map(|n| -n as f32 / 16.0).collect();
    assert_eq!(all(Wav::new(Cursor::new(&file), 2).unwrap()), right);
    assert!(matches!(Wav::new(Cursor::new(&file), 3), Err(WavError::Channel { wanted: 3, there: 2 })));
    assert!(matches!(Wav::new(Cursor::new(&file), 0), Err(WavError::Channel { .. })));
}

#[test]
fn what_is_no_number_is_silence() {
    let values = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30, -1e30, 0.25];
    let sound: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    assert_eq!(all(opened(&by_hand(3, 32, &[], 24, &sound))), [0.0, 0.0, 0.0, 16.0, -16.0, 0.25]);
    let sound: Vec<u8> = [0.5f64, f64::NAN].iter().flat_map(|v| v.to_le_bytes()).collect();
    assert_eq!(all(opened(&by_hand(3, 64, &[], 16, &sound))), [0.5, 0.0]);
}

/// A WAV file made by hand: format tag, bits, extra format bytes, chunks in between, declared length, sound.
fn by_hand(tag: u16, bits: u16, extra: &[u8], length: u32, sound: &[u8]) -> Vec<u8> {
    with_align(tag, bits, bits.div_ceil(8), extra, length, sound)
}

fn with_align(tag: u16, bits: u16, align: u16, extra: &[u8], length: u32, sound: &[u8]) -> Vec<u8> {
    let mut f = b"RIFF\xff\xff\xff\xffWAVE".to_vec();
    f.extend(b"LIST\x03\0\0\0abc\0");
    f.extend(b"fmt ");
    f.extend((16 + extra.len() as u32).to_le_bytes());
    for word in [tag, 1] {
        f.extend(word.to_le_bytes());
    }
    f.extend(8000u32.to_le_bytes());
    f.extend(8000u32.to_le_bytes());
    for word in [align, bits] {
        f.extend(word.to_le_bytes());
    }
    f.extend(extra);
    f.extend(b"data");
    f.extend(length.to_le_bytes());
    f.extend(sound);
    f
}

#[test]
fn g711() {
    let ulaw = all(opened(&by_hand(7, 8, &[0, 0], 3, &[0xFF, 0x80, 0x00])));
    assert_eq!(ulaw, [0.0, 32_124.0 / 32_768.0, -32_124.0 / 32_768.0]);
    let alaw = all(opened(&by_hand(6, 8, &[0, 0], 2, &[0xAA, 0x2A])));
    assert_eq!(alaw, [32_256.0 / 32_768.0, -32_256.0 / 32_768.0]);
    // The extensible form.
    let mut extra = vec![22, 0, 8, 0, 4, 0, 0, 0, 7, 0];
    extra.extend([0; 14]);
    assert_eq!(all(opened(&by_hand(0xFFFE, 8, &extra, 1, &[0xFF]))), [0.0]);
}

#[test]
fn samples_may_lie_in_wider_containers() {
    // 12 bits in 16, 20 in 24: the unused bits are low.
    assert_eq!(all(opened(&by_hand(1, 12, &[], 4, &[0, 64, 0, 192]))), [0.5, -0.5]);
    assert_eq!(all(opened(&by_hand(1, 20, &[], 3, &[0, 0, 64]))), [0.5]);
    // 24 in 32.
    assert_eq!(all(opened(&with_align(1, 24, 4, &[], 8, &[0, 0, 0, 64, 0, 0, 0, 192]))), [0.5, -0.5]);
}

#[test]
fn the_other_byte_order() {
    let mut f =
        b"RIFX\0\0\0\x30WAVEfmt \0\0\0\x10\0\x01\0\x01\0\0\x1f\x40\0\0\x3e\x80\0\x02\0\x10data\0\0\0\x04".to_vec();
    f.extend([64, 0, 192, 0]);
    let wav = opened(&f);
    assert_eq!(wav.rate(), 8_000);
    assert_eq!(all(wav), [0.5, -0.5]);
}

#[test]
fn the_length_in_the_header_need_not_be_true() {
    for length in [0, u32::MAX, u32::MAX - 36, 0x7FFF_F000, 400] {
        assert_eq!(all(opened(&by_hand(1, 16, &[], length, &[0, 64, 0, 192]))), [0.5, -0.5], "{length}");
    }
    // What follows the sound is not sound, and half a sample is none.
    assert_eq!(all(opened(&by_hand(1, 16, &[], 2, &[0, 64, b'L', b'I']))), [0.5]);
    assert_eq!(all(opened(&by_hand(1, 16, &[], 3, &[0, 64, 0]))), [0.5]);
    assert!(all(opened(&by_hand(1, 16, &[], 0, &[]))).is_empty());
    // RF64 has its length in another chunk.
    let mut f = b"RF64\xff\xff\xff\xffWAVEds64\x1c\0\0\0".to_vec();
    f.extend([0; 8]);
    f.extend(2u64.to_le_bytes());
    f.extend([0; 12]);
    let rest = by_hand(1, 16, &[], u32::MAX, &[0, 64, 0, 192]);
    f.extend(&rest[12..]);
    assert_eq!(all(opened(&f)), [0.5]);
}

#[test]
fn odd_chunks() {
    for padding in [&b"\0"[..], b"x", b""] {
        let mut f = b"RIFF\0\0\0\0WAVEjunk\x03\0\0\0abc".to_vec();
        f.extend(padding);
        f.extend(&by_hand(1, 16, &[], 2, &[0, 64])[24..]);
        assert_eq!(all(opened(&f)), [0.5], "{padding:?}");
    }
}

#[test]
fn adpcm() {
    // One block, mono: first sample 100, place 0 in the table, then codes.
    let mut block = vec![100, 0, 0, 0];
    block.extend([0x70, 0x08, 0, 0]);
    let extra = [2, 0, 9, 0];
    let samples: Vec<f32> =
        all(opened(&with_align(0x11, 4, 8, &extra, 8, &block))).iter().map(|s| s * 32_768.0).collect();
    // By hand: code 0 adds 7/8 of nothing much (step 7: 0), code 7 adds 7+3+1+0 = 11 and moves the step to 16 (place 8),
    // code 8 takes 2, code 0 adds 1 (step 14, place 7: 13 / 8), and so on.
    assert_eq!(samples[..5], [100.0, 100.0, 111.0, 109.0, 110.0]);
    assert_eq!(samples.len(), 9);
    // A whole minute of blocks, as sox writes them, is in tests/decode.rs; here the number of samples told counts.
    let mut file = with_align(0x11, 4, 8, &extra, 8, &block);
    let data = file.windows(4).position(|w| w == b"data").unwrap();
    file.splice(data..data, *b"fact\x04\0\0\0\x05\0\0\0");
    assert_eq!(all(opened(&file)).len(), 5);
    // A cut block gives what it has.
    file.truncate(file.len() - 3);
    assert_eq!(all(opened(&file)).len(), 3);
    for bad in [with_align(0x11, 4, 0, &extra, 8, &block), with_align(0x11, 4, 7, &extra, 8, &block)] {
        assert!(matches!(Wav::new(&bad[..], 1), Err(WavError::Broken(_))));
    }
}

#[test]
fn what_is_no_wav_file() {
    let cut = by_hand(1, 16, &[], 2, &[0, 64]);
    for bad in [&b""[..], b"RIFF", b"RIFFxxxxAVI LIST", b"fLaC123456789abc", &cut[..30], &cut[..50]] {
        assert!(matches!(Wav::new(Cursor::new(bad), 1), Err(WavError::Broken(_))), "{bad:?}");
    }
    assert!(matches!(Wav::new(&by_hand(0x31, 0, &[], 2, &[0])[..], 1), Err(WavError::Coding { tag: 0x31, .. })));
    let mut silly = by_hand(1, 16, &[], 2, &[0, 64]);
    silly[36..40].copy_from_slice(&3u32.to_le_bytes());
    assert!(matches!(Wav::new(&silly[..], 1), Err(WavError::Rate(3))));
}

#[test]
fn pieces_do_not_matter() {
    /// Gives one byte at a time.
    struct Slow<'a>(&'a [u8]);
    impl Read for Slow<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let count = into.len().min(1);
            self.0.read(&mut into[..count])
        }
    }
    let sound: Vec<u8> = (0..=255).collect();
    for (tag, bits, align) in [(1, 24, 3), (3, 64, 8), (0x11, 4, 64)] {
        let file = with_align(tag, bits, align, &[2, 0, 121, 0], 256, &sound);
        assert_eq!(all(Wav::new(Slow(&file), 1).unwrap()), all(opened(&file)), "{tag}");
    }
}

#[test]
fn a_header_allocates_nothing() {
    // The most channels and the widest samples: half a megabyte each.
    let mut file = by_hand(3, 64, &[], u32::MAX, &[1; 1_000]);
    file[34..36].copy_from_slice(&u16::MAX.to_le_bytes());
    file[44..46].copy_from_slice(&0u16.to_le_bytes());
    assert!(matches!(Wav::new(&file[..], 1), Err(WavError::Broken(_))));
    file[34..36].copy_from_slice(&8_000u16.to_le_bytes());
    file[44..46].copy_from_slice(&64_000u16.to_le_bytes());
    let mut wav = opened(&file);
    let mut samples = Vec::new();
    assert!(!wav.read(&mut samples).unwrap());
    assert!(wav.bytes.capacity() <= 2 * PIECE);
}

/// Valid files of every coding.
fn any_file() -> impl Strategy<Value = Vec<u8>> {
    let formats = prop_oneof![
        Just((1, 8, 1)),
        Just((1, 16, 2)),
        Just((1, 24, 3)),
        Just((1, 32, 4)),
        Just((3, 32, 4)),
        Just((3, 64, 8)),
        Just((6, 8, 1)),
        Just((7, 8, 1)),
        Just((0x11, 4, 36)),
    ];
    (formats, proptest::collection::vec(any::<u8>(), 0..200)).prop_map(|((tag, bits, align), sound)| {
        with_align(tag, bits, align, &[2, 0, 65, 0], sound.len() as u32, &sound)
    })
}

proptest! {
    #[test]
    fn no_file_is_too_broken(
        mut file in any_file(),
        changes in proptest::collection::vec((0usize..80, any::<u8>()), 0..6),
        cut in 0usize..300,
        channel in 1u16..4,
    ) {
        for (at, byte) in changes {
            if let Some(b) = file.get_mut(at) {
                *b = byte;
            }
        }
        file.truncate(cut);
        if let Ok(mut wav) = Wav::new(Cursor::new(&file), channel) {
            let mut samples = Vec::new();
            while wav.read(&mut samples).unwrap() {}
            // Two samples a byte at most.
            prop_assert!(samples.len() <= 2 * file.len());
            prop_assert!(samples.iter().all(|s| s.is_finite()));
        }
    }

    #[test]
    fn any_bytes(bytes: Vec<u8>) {
        let _ = Wav::new(&bytes[..], 1);
        let mut file = b"RIFF\0\0\0\0WAVE".to_vec();
        file.extend(bytes);
        let _ = Wav::new(&file[..], 1);
    }
}
