//! Modems on the emulated exchange: calls to its numbers, and from one modem to another.

use super::*;
use crate::exchange::{Exchange, Settings as ExchangeSettings};

struct Office {
    exchange: Exchange,
    modems: Vec<Modem>,
    from: Vec<FromTerminal>,
    to: Vec<FromExchange>,
    now: Time,
    /// What each modem sent.
    sent: Vec<Vec<u8>>,
}

impl Office {
    fn new(modems: usize) -> Self {
        let mut office = Self {
            exchange: Exchange::new(ExchangeSettings::new(US, modems)),
            modems: (0..modems).map(|_| Modem::new(&STANDARD, US)).collect(),
            from: vec![FromTerminal::default(); modems],
            to: vec![FromExchange::default(); modems],
            now: Time::ZERO,
            sent: vec![Vec::new(); modems],
        };
        for line in 0..modems {
            office.send(line, "ATE0+VCID=1;+FCLASS=8\r");
        }
        office.run(1_000);
        office.clear();
        office
    }

    fn send(&mut self, line: usize, text: impl AsRef<[u8]>) {
        self.modems[line].receive(text.as_ref());
    }

    fn clear(&mut self) {
        self.sent.iter_mut().for_each(Vec::clear);
    }

    fn run(&mut self, ms: u64) {
        for _ in 0..ms / 5 {
            self.exchange.step(self.now, &self.from, &mut self.to);
            for (line, modem) in self.modems.iter_mut().enumerate() {
                self.from[line] = modem.step(self.now, &self.to[line]);
                let mut buffer = [0; 512];
                while let n @ 1.. = modem.transmit(&mut buffer) {
                    self.sent[line].extend(&buffer[..n]);
                }
            }
            self.now = self.now + super::super::super::subscriber::STEP_TIME;
        }
    }

    /// Runs until modem `line` has sent `text`, at most `ms`; answers all it sent.
    #[track_caller]
    fn until(&mut self, line: usize, text: &str, ms: u64) -> String {
        for _ in 0..ms / 5 {
            self.run(5);
            if self.sent[line].windows(text.len()).any(|w| w == text.as_bytes()) {
                return String::from_utf8_lossy(&std::mem::take(&mut self.sent[line])).into_owned();
            }
        }
        panic!("no {text:?} in {:?} within {ms} ms", String::from_utf8_lossy(&self.sent[line]));
    }
}

#[test]
fn a_busy_number_and_reorder_are_busy() {
    for number in ["5550121", "5550123"] {
        let mut office = Office::new(1);
        office.send(0, format!("ATDT{number}\r"));
        assert_eq!(office.until(0, "BUSY\r\n", 20_000), "\r\nBUSY\r\n");
        // An opening this short might have been a flash.
        office.run(2_000);
        assert!(!office.exchange.state(0).unwrap().off_hook);
    }
}

#[test]
fn the_special_information_tone_ends_the_call() {
    let mut office = Office::new(1);
    office.send(0, "ATDT5550124\r");
    assert_eq!(office.until(0, "NO CARRIER\r\n", 20_000), "\x10J\r\nNO CARRIER\r\n");
}

#[test]
fn nobody_answers_for_s7_seconds() {
    let mut office = Office::new(1);
    office.send(0, "ATS7=30DT5550122\r");
    let sent = office.until(0, "NO ANSWER\r\n", 60_000);
    let rings = sent.matches("\x10r").count();
    assert!((3..=6).contains(&rings), "{sent:?}");
    assert_eq!(sent.replace("\x10r", ""), "\r\nNO ANSWER\r\n");
}

#[test]
fn the_far_end_answers_and_hangs_up() {
    let mut office = Office::new(1);
    // It stays for 3 s only: the usual 5 s after ringback would be too long.
    office.send(0, "AT+VRA=20;DT5550125\r");
    let sent = office.until(0, "VCON\r\n", 30_000);
    assert!(sent.starts_with("\x10r"), "{sent:?}");
    office.until(0, "\x10l", 10_000);
    office.send(0, "ATH\r");
    office.until(0, "\r\nOK\r\n", 100);
    office.run(3_000);
    assert!(!office.exchange.state(0).unwrap().off_hook);
}

#[test]
fn digits_of_the_far_end_are_events() {
    let mut office = Office::new(1);
    office.send(0, "ATD5550126\r");
    assert_eq!(office.until(0, "VCON\r\n", 30_000), "\x10r\r\nVCON\r\n");
    office.run(10_000);
    let told: String = "1234567890*#ABCD".chars().map(|d| format!("\x10/\x10{d}\x10~")).collect();
    let sent = String::from_utf8_lossy(&office.sent[0]).replace("\x10v", "").replace("\x10V", "");
    assert_eq!(sent, told);
}

#[test]
fn pulses_and_flashes_reach_the_exchange() {
    let mut office = Office::new(1);
    office.send(0, "ATDP5550121\r");
    office.until(0, "BUSY\r\n", 30_000);
}

#[test]
fn a_caller_from_outside_is_identified() {
    let mut office = Office::new(1);
    office.send(0, "AT+FCLASS=0\r");
    office.until(0, "OK\r\n", 100);
    office.exchange.call(0, PartyId::Known(Number::new("2125550100")), PartyId::Known(Name::new("JANE DOE"))).unwrap();
    let sent = office.until(0, "NAME=JANE DOE\r\n", 8_000);
    assert!(sent.starts_with("\r\nRING\r\n\r\nDATE="), "{sent:?}");
    assert!(sent.contains("\r\nNMBR=2125550100\r\nNAME="), "{sent:?}");
    assert_eq!(office.until(0, "RING\r\n", 8_000), "\r\nRING\r\n");
    office.exchange.hang_up(0).unwrap();
    office.run(10_000);
    assert_eq!(office.sent[0], b"");
    // A line off hook or being called is not called again.
    office.exchange.call(0, PartyId::Withheld, PartyId::Unavailable).unwrap();
    let sent = office.until(0, "NAME=O\r\n", 8_000);
    assert!(sent.contains("NMBR=P\r\n"), "{sent:?}");
}

#[test]
fn one_modem_calls_the_other_and_is_heard() {
    let mut office = Office::new(2);
    office.send(0, "ATDT5550101\r");
    let sent = office.until(1, "\x10.", 20_000);
    assert!(sent.starts_with("\x10R\x10X\r\nDATE="), "{sent:?}");
    assert!(sent.contains("\r\nNMBR=5550100\r\nNAME=EMULATED 0\r\n\x10."), "{sent:?}");
    office.send(1, "ATA\r");
    office.until(1, "VCON\r\n", 1_000);
    office.until(0, "VCON\r\n", 10_000);
    // Digits from one are events at the other.
    office.send(0, "AT+VTS={5,10},{#,10}\r");
    office.until(0, "OK\r\n", 2_000);
    office.run(500);
    assert_eq!(String::from_utf8_lossy(&office.sent[1]).replace("\x10v", ""), "\x10/\x105\x10~\x10/\x10#\x10~");
    // What one plays the other records.
    office.clear();
    office.send(1, "AT+VSM=129;+VRX\r");
    office.until(1, "CONNECT\r\n", 100);
    office.send(0, "AT+VSM=129;+VTX\r");
    office.until(0, "CONNECT\r\n", 100);
    let wave: Vec<u8> = (0..1_000).flat_map(|n| if n % 8 < 4 { 8_000i16 } else { -8_000 }.to_le_bytes()).collect();
    office.send(0, &wave);
    office.send(0, [0x10, 0x03]);
    office.until(0, "OK\r\n", 1_000);
    office.run(100);
    office.send(1, [0x10, b'!']);
    office.run(100);
    let mut decoder = dle::Decoder::new();
    let mut bytes = Vec::new();
    for &b in &office.sent[1] {
        match decoder.push(b) {
            Some(dle::Item::Data(b)) => bytes.push(b),
            Some(dle::Item::End) => break,
            _ => {}
        }
    }
    let heard: Vec<i16> = bytes.chunks_exact(2).map(|c| i16::from_le_bytes([c[0], c[1]])).collect();
    let loud = heard.iter().filter(|s| s.abs() > 4_000).count();
    assert!((950..=1_050).contains(&loud), "{loud}");
    assert!(office.sent[1].ends_with(b"\x10\x03\r\nOK\r\n"));
    // One hangs up; the other is told.
    office.clear();
    office.send(0, "ATH\r");
    office.until(1, "\x10l", 20_000);
}

#[test]
fn a_call_may_follow_another_at_once() {
    let mut office = Office::new(1);
    office.send(0, "AT+VRN=1;DT5550120\r");
    office.until(0, "VCON\r\n", 30_000);
    office.send(0, "ATH\rAT+VRN=10;DT5550121\r");
    office.until(0, "BUSY\r\n", 30_000);
}
