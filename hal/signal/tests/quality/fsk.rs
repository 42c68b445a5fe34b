//! A second FSK modem, bits in and samples out, and the frames it sends.

use crate::source::{RATE, Random, peak};
use std::f64::consts::TAU;

/// How bits are sent.
#[derive(Clone, Copy)]
pub(crate) struct Modem {
    pub(crate) mark_hz: f64,
    pub(crate) space_hz: f64,
    pub(crate) baud: f64,
    pub(crate) mark_dbm0: f64,
    pub(crate) space_dbm0: f64,
}

pub(crate) const BELL202: Modem =
    Modem { mark_hz: 1200.0, space_hz: 2200.0, baud: 1200.0, mark_dbm0: -13.5, space_dbm0: -13.5 };
pub(crate) const V23: Modem = Modem { mark_hz: 1300.0, space_hz: 2100.0, ..BELL202 };

impl Modem {
    pub(crate) fn at(self, dbm0: f64) -> Self {
        Self { mark_dbm0: dbm0, space_dbm0: dbm0, ..self }
    }

    /// The mark stronger by `db`, the mean level the same.
    pub(crate) fn twisted(self, db: f64) -> Self {
        Self { mark_dbm0: self.mark_dbm0 + db / 2.0, space_dbm0: self.space_dbm0 - db / 2.0, ..self }
    }

    /// All frequencies and the rate off by so many percent.
    pub(crate) fn off(self, baud: f64, tones: f64) -> Self {
        Self {
            mark_hz: self.mark_hz * (1.0 + tones / 100.0),
            space_hz: self.space_hz * (1.0 + tones / 100.0),
            baud: self.baud * (1.0 + baud / 100.0),
            ..self
        }
    }

    /// Adds `bits` from sample `at` on, with a phase that never jumps. Returns the sample behind.
    pub(crate) fn send(self, bits: &[bool], out: &mut Vec<f64>, at: usize, phase: f64) -> usize {
        let per_sample = self.baud / RATE;
        let length = (bits.len() as f64 / per_sample) as usize;
        if out.len() < at + length {
            out.resize(at + length, 0.0);
        }
        let (mark, space) = (peak(self.mark_dbm0), peak(self.space_dbm0));
        let (mut phase, mut place) = (phase, 0.0);
        for x in &mut out[at..at + length] {
            // A sample is shared by two bits in proportion.
            let i = place as usize;
            let rest = (i + 1) as f64 - place;
            let now = bits[i];
            let then = bits.get(i + 1).copied().unwrap_or(now);
            let share = if rest < per_sample { rest / per_sample } else { 1.0 };
            let value = |m: f64, s: f64| if now { m } else { s } * share + if then { m } else { s } * (1.0 - share);
            *x += libm::sin(TAU * phase) * value(mark, space);
            phase += value(self.mark_hz, self.space_hz) / RATE;
            phase -= libm::floor(phase);
            place += per_sample;
        }
        at + length
    }
}

/// What goes round the bytes.
#[derive(Clone, Copy)]
pub(crate) struct Framing {
    pub(crate) seizure: usize,
    pub(crate) mark: usize,
    /// Marks between two bytes, besides the stop bit: up to so many, at random.
    pub(crate) stuffing: usize,
    pub(crate) stop_bits: usize,
    pub(crate) after: usize,
}

pub(crate) const ON_HOOK: Framing = Framing { seizure: 300, mark: 180, stuffing: 0, stop_bits: 1, after: 5 };
pub(crate) const OFF_HOOK: Framing = Framing { seizure: 0, mark: 80, ..ON_HOOK };

impl Framing {
    pub(crate) fn bits(self, bytes: &[u8], r: &mut Random) -> Vec<bool> {
        let mut bits: Vec<bool> = (0..self.seizure).map(|i| i % 2 == 1).collect();
        bits.extend(vec![true; self.mark]);
        for (i, byte) in bytes.iter().enumerate() {
            if i > 0 {
                bits.extend(vec![true; r.below(self.stuffing + 1)]);
            }
            bits.push(false);
            bits.extend((0..8).map(|k| byte >> k & 1 == 1));
            bits.extend(vec![true; self.stop_bits]);
        }
        bits.extend(vec![true; self.after]);
        bits
    }
}

/// With length and checksum.
pub(crate) fn frame(kind: u8, data: &[u8]) -> Vec<u8> {
    let mut out = vec![kind, data.len() as u8];
    out.extend(data);
    let sum = out.iter().fold(0u8, |s, b| s.wrapping_add(*b));
    out.push(sum.wrapping_neg());
    out
}

fn digits(r: &mut Random, n: usize) -> Vec<u8> {
    (0..n).map(|_| b'0' + r.below(10) as u8).collect()
}

fn date(r: &mut Random) -> Vec<u8> {
    let (month, day, hour, minute) = (1 + r.below(12), 1 + r.below(28), r.below(24), r.below(60));
    format!("{month:02}{day:02}{hour:02}{minute:02}").into_bytes()
}

fn name(r: &mut Random, n: usize) -> Vec<u8> {
    (0..n)
        .map(|i| if i == n / 2 { b' ' } else { r.pick(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ.,-'abcdefghijklmnopqrstuvwxyz") })
        .collect()
}

fn parameter(out: &mut Vec<u8>, kind: u8, data: &[u8]) {
    out.push(kind);
    out.push(data.len() as u8);
    out.extend(data);
}

/// An ordinary call of about 40 bytes, in the multiple format.
pub(crate) fn ordinary(r: &mut Random) -> Vec<u8> {
    let mut data = Vec::new();
    parameter(&mut data, 1, &date(r));
    let n = 7 + r.below(5);
    parameter(&mut data, 2, &digits(r, n));
    let n = 10 + r.below(6);
    parameter(&mut data, 7, &name(r, n));
    frame(0x80, &data)
}

/// Other frames that networks send.
pub(crate) fn odd(r: &mut Random) -> Vec<u8> {
    let mut data = Vec::new();
    match r.below(9) {
        // Single format: a number, or why there is none.
        0 => {
            data.extend(date(r));
            data.extend(digits(r, 10));
            frame(0x04, &data)
        }
        1 => {
            data.extend(date(r));
            data.push(r.pick(b"PO"));
            frame(0x04, &data)
        }
        // Message waiting.
        2 => frame(0x06, &[r.pick(&[0x42, 0x6F]); 3]),
        3 => {
            parameter(&mut data, 0x0B, &[r.pick(&[0, 0xFF])]);
            frame(0x82, &data)
        }
        // No number, no name; order reversed.
        4 => {
            parameter(&mut data, 8, &[r.pick(b"PO")]);
            parameter(&mut data, 4, &[r.pick(b"PO")]);
            parameter(&mut data, 1, &date(r));
            frame(0x80, &data)
        }
        // ETSI: call type, redirection, provider; parameters nobody knows.
        5 => {
            parameter(&mut data, 0x11, &[1]);
            parameter(&mut data, 1, &date(r));
            parameter(&mut data, 2, &digits(r, 12));
            parameter(&mut data, 0x1A, &digits(r, 11));
            parameter(&mut data, 0x15, &[r.below(6) as u8]);
            parameter(&mut data, 0x30, b"NET");
            frame(0x80, &data)
        }
        6 => {
            parameter(&mut data, 0xE0, &[0x80, 0xFF, 0x55, 0x00]);
            parameter(&mut data, 2, &digits(r, 10));
            parameter(&mut data, 0x77, &[]);
            frame(0x80, &data)
        }
        // The number called, long distance, a long number, an empty name.
        7 => {
            parameter(&mut data, 1, &date(r));
            parameter(&mut data, 3, &digits(r, 10));
            parameter(&mut data, 2, &digits(r, 18));
            parameter(&mut data, 6, b"L");
            parameter(&mut data, 7, &[]);
            frame(0x80, &data)
        }
        // Advice of charge.
        _ => {
            parameter(&mut data, 0x20, &digits(r, 6));
            frame(0x86, &data)
        }
    }
}

/// As long as a frame can be.
pub(crate) fn long(r: &mut Random) -> Vec<u8> {
    let mut data = Vec::new();
    parameter(&mut data, 1, &date(r));
    parameter(&mut data, 2, &digits(r, 15));
    parameter(&mut data, 7, &name(r, 50));
    parameter(&mut data, 0x50, &name(r, 120));
    let left = 255 - data.len() - 2;
    let rest: Vec<u8> = (0..left).map(|_| r.bits() as u8).collect();
    parameter(&mut data, 0x55, &rest);
    frame(0x80, &data)
}

/// A frame that was hurt after its checksum was made, so that it no longer holds. Never one that is right by chance.
pub(crate) fn corrupted(r: &mut Random) -> Vec<u8> {
    loop {
        let mut f = ordinary(r);
        match r.below(6) {
            // One, two or three bits.
            k @ 0..3 => {
                for _ in 0..=k {
                    let i = r.below(f.len());
                    f[i] ^= 1 << r.below(8);
                }
            }
            3 => {
                let i = r.below(f.len());
                f[i] = r.bits() as u8;
            }
            // A byte lost.
            4 => {
                let i = 2 + r.below(f.len() - 3);
                f.remove(i);
            }
            // The checksum alone.
            _ => {
                let last = f.len() - 1;
                f[last] = f[last].wrapping_add(1 + r.below(254) as u8);
            }
        }
        let holds = |f: &[u8]| {
            let n = usize::from(f[1]) + 3;
            f.len() >= n && f[..n].iter().fold(0u8, |s, b| s.wrapping_add(*b)) == 0
        };
        if !holds(&f) {
            return f;
        }
    }
}

/// CRC-16 of HDLC's polynomial, bits reversed, start 0.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0u16, |mut crc, b| {
        crc ^= u16::from(*b);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0x8408 } else { crc >> 1 };
        }
        crc
    })
}

/// A message in the Japanese form: the bytes to send (seven bits with even parity, DLE framing), and what they say from the
/// service type to the last parameter.
pub(crate) fn ntt(r: &mut Random) -> (Vec<u8>, Vec<u8>) {
    let mut data = Vec::new();
    let length = 9 + r.below(3);
    if r.chance(0.8) {
        parameter(&mut data, 2, &digits(r, length));
    } else {
        parameter(&mut data, 4, &[r.pick(b"POCS")]);
    }
    if r.chance(0.5) {
        parameter(&mut data, 9, &digits(r, length));
    }
    let mut said = vec![0x40, data.len() as u8];
    said.extend(&data);
    let mut covered = vec![0x07, 0x10, 0x02];
    for b in &said {
        // A DLE in the data is sent twice.
        covered.push(*b);
        if *b == 0x10 {
            covered.push(0x10);
        }
    }
    covered.extend([0x10, 0x03]);
    let parity = |b: u8| b | if b.count_ones() % 2 == 1 { 0x80 } else { 0 };
    let mut out: Vec<u8> = [0x10, 0x01].iter().chain(&covered).map(|b| parity(*b)).collect();
    let crc = crc16(&out[2..]);
    out.extend(crc.to_le_bytes());
    (out, said)
}
