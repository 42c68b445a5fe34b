//! Pictures with a palette as PNG files, and bytes as text.
//!
//! The pixels are stored as they are, without compression: the pictures are small.

use std::iter;

/// A colour: red, green, blue.
pub(super) type Colour = [u8; 3];

/// Most bytes of a stored block of zlib data.
const BLOCK: usize = 0xFFFF;

/// A PNG file of rows from the top, `width` places in the palette each. What a row lacks is place 0.
pub(super) fn png(width: u32, rows: &[Vec<u8>], palette: &[Colour]) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut head = Vec::new();
    head.extend(width.to_be_bytes());
    head.extend(u32::try_from(rows.len()).unwrap_or(0).to_be_bytes());
    // Eight bits, palette, deflate, no filter, not interlaced.
    head.extend([8, 3, 0, 0, 0]);
    chunk(&mut file, b"IHDR", &head);
    chunk(&mut file, b"PLTE", &palette.concat());
    let pixels: Vec<u8> = rows
        .iter()
        .flat_map(|row| iter::once(0).chain(row.iter().copied().chain(iter::repeat(0)).take(width as usize)))
        .collect();
    chunk(&mut file, b"IDAT", &zlib(&pixels));
    chunk(&mut file, b"IEND", &[]);
    file
}

fn chunk(file: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
    file.extend(u32::try_from(data.len()).unwrap_or(0).to_be_bytes());
    file.extend(name);
    file.extend(data);
    file.extend(crc32(name.iter().chain(data)).to_be_bytes());
}

fn zlib(data: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let mut blocks = data.chunks(BLOCK).peekable();
    while let Some(block) = blocks.next() {
        out.push(u8::from(blocks.peek().is_none()));
        let length = block.len() as u16;
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(block);
    }
    out.extend(adler32(data).to_be_bytes());
    out
}

fn crc32<'a>(bytes: impl Iterator<Item = &'a u8>) -> u32 {
    !bytes.fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |c, _| if c & 1 == 1 { c >> 1 ^ 0xEDB8_8320 } else { c >> 1 })
    })
}

fn adler32(data: &[u8]) -> u32 {
    let (a, b) = data.iter().fold((1u32, 0u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (a + b) % 65_521)
    });
    b << 16 | a
}

/// Bytes in base 64.
pub(super) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place > group.len() { '=' } else { char::from(letter) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_sums() {
        assert_eq!(crc32(b"123456789".iter()), 0xCBF4_3926);
        assert_eq!(adler32(b"Wikipedia"), 0x11E6_0398);
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn a_picture_has_its_pixels() {
        let file = png(3, &[vec![1, 0, 1], vec![0]], &[[0, 0, 0], [255, 255, 255]]);
        assert_eq!(&file[..8], b"\x89PNG\r\n\x1a\n");
        assert_eq!(&file[16..24], [0, 0, 0, 3, 0, 0, 0, 2]);
        let data = file.windows(4).position(|w| w == b"IDAT").expect("there are pixels") + 4;
        // zlib head, one last block of 8 bytes, and each row after its filter byte.
        assert_eq!(file[data..data + 15], [0x78, 1, 1, 8, 0, 0xF7, 0xFF, 0, 1, 0, 1, 0, 0, 0, 0]);
        assert!(file.ends_with(b"IEND\xae\x42\x60\x82"));
    }

    #[test]
    fn long_data_take_several_blocks() {
        let data: Vec<u8> = (0..200_000u32).map(|n| n as u8).collect();
        let stored = zlib(&data);
        let (mut at, mut back) = (2, Vec::<u8>::new());
        loop {
            let length = usize::from(u16::from_le_bytes([stored[at + 1], stored[at + 2]]));
            back.extend_from_slice(&stored[at + 5..at + 5 + length]);
            let last = stored[at] == 1;
            at += 5 + length;
            if last {
                break;
            }
        }
        assert_eq!(back, data);
        assert_eq!(stored.len(), at + 4);
    }
}
