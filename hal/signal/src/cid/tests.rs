use super::*;
use crate::osc::Osc;
use crate::test_signal::{Noise, mix_at, silence, speech, tone};
use crate::{CallerId, DateTime, Name, Number, PartyId, fsk, level};
use std::string::String;
use std::vec::Vec;

fn hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).expect("hex")).collect()
}

fn number(id: &CallerId) -> &str {
    if let PartyId::Known(n) = &id.number { n.as_str() } else { "" }
}

fn name(id: &CallerId) -> &str {
    if let PartyId::Known(n) = &id.name { n.as_str() } else { "" }
}

const ROBOTICS: &str = "802401083130313532303338020A38343735353530303031070C552E532E524F424F5449435334";
const PRIVATE: &str = "80100108313031353230333804015008015025";
const UNAVAILABLE: &str = "800D0108313031353230333804014F82";
const SDMF: &str = "041230333232323430353931343535313233343551";

const AT_20_38: DateTime = DateTime { month: 10, day: 15, hour: 20, minute: 38 };

fn full() -> CallerId {
    CallerId {
        number: PartyId::Known(Number::new("8475550001")),
        name: PartyId::Known(Name::new("U.S.ROBOTICS")),
        time: Some(AT_20_38),
    }
}

#[test]
fn frames_from_modem_manuals() {
    let id = parse(&hex(ROBOTICS)).expect("good").caller_id();
    assert_eq!((number(&id), name(&id), id.time), ("8475550001", "U.S.ROBOTICS", Some(AT_20_38)));

    let id = parse(&hex(PRIVATE)).expect("good").caller_id();
    assert_eq!((id.number, id.name, id.time), (PartyId::Withheld, PartyId::Withheld, Some(AT_20_38)));

    let id = parse(&hex(UNAVAILABLE)).expect("good").caller_id();
    assert_eq!((id.number, id.name), (PartyId::Unavailable, PartyId::Absent));

    let id = parse(&hex(SDMF)).expect("good").caller_id();
    assert_eq!(number(&id), "9145512345");
    assert_eq!(id.time, Some(DateTime { month: 3, day: 22, hour: 24, minute: 5 }));
}

#[test]
fn frames_are_built_as_exchanges_send_them() {
    assert_eq!(Frame::from_caller_id(&full()).bytes(), hex(ROBOTICS));
    let private = CallerId { number: PartyId::Withheld, name: PartyId::Withheld, time: Some(AT_20_38) };
    assert_eq!(Frame::from_caller_id(&private).bytes(), hex(PRIVATE));
    let unavailable = CallerId { number: PartyId::Unavailable, name: PartyId::Absent, time: Some(AT_20_38) };
    assert_eq!(Frame::from_caller_id(&unavailable).bytes(), hex(UNAVAILABLE));
    let sdmf = CallerId {
        number: PartyId::Known(Number::new("9145512345")),
        name: PartyId::Absent,
        time: Some(DateTime { month: 3, day: 22, hour: 24, minute: 5 }),
    };
    assert_eq!(Frame::sdmf(&sdmf).bytes(), hex(SDMF));
}

#[test]
fn what_is_built_is_read_back() {
    for number in [PartyId::Known(Number::new("*67#+12")), PartyId::Withheld, PartyId::Unavailable, PartyId::Absent] {
        for name in [PartyId::Known(Name::new("A. B-C")), PartyId::Withheld, PartyId::Unavailable, PartyId::Absent] {
            for time in [None, Some(AT_20_38)] {
                let id = CallerId { number, name, time };
                assert_eq!(parse(Frame::from_caller_id(&id).bytes()).map(|m| m.caller_id()), Ok(id));
            }
        }
    }
    let long = CallerId {
        number: PartyId::Known(Number::new(&"9".repeat(40))),
        name: PartyId::Known(Name::new(&"N".repeat(60))),
        time: Some(AT_20_38),
    };
    assert_eq!(parse(Frame::from_caller_id(&long).bytes()).map(|m| m.caller_id()), Ok(long));
    assert_eq!(parse(Frame::message_waiting(true).bytes()).map(|m| m.message_waiting()), Ok(Some(true)));
    assert_eq!(parse(Frame::message_waiting(false).bytes()).map(|m| m.message_waiting()), Ok(Some(false)));
}

#[test]
fn errors_are_told_apart() {
    let good = hex(ROBOTICS);
    for cut in 1..good.len() {
        assert_eq!(parse(&good[..cut]), Err(FrameError::Truncated), "{cut}");
    }
    assert_eq!(parse(&[]), Err(FrameError::Truncated));
    for i in 2..good.len() {
        let mut bad = good.clone();
        bad[i] ^= 4;
        assert_eq!(parse(&bad), Err(FrameError::Checksum), "{i}");
    }
    assert_eq!(parse(&[0x55, 0, 0xAB]), Err(FrameError::UnknownType));
    // A parameter that runs past the end, with a right checksum.
    let mut bad = hex("8003020931");
    bad.push(checksum(&bad));
    assert_eq!(parse(&bad), Err(FrameError::Malformed));
    let mut bad = hex("040331323358");
    bad[5] = checksum(&bad[..5]);
    assert_eq!(parse(&bad), Err(FrameError::Malformed));
}

#[test]
fn unknown_parameters_are_skipped_and_the_first_number_counts() {
    let mut bytes = hex("80121101010205313233343502013906014C7F0100");
    bytes[1] = (bytes.len() - 2) as u8;
    bytes.push(checksum(&bytes));
    let message = parse(&bytes).expect("good");
    assert_eq!(number(&message.caller_id()), "12345");
    assert_eq!(message.parameters().count(), 5);
}

#[test]
fn odd_contents_do_no_harm() {
    let mut bytes = hex("80000108313331353230333802001B00070741001B5B314220");
    bytes[1] = (bytes.len() - 2) as u8;
    bytes.push(checksum(&bytes));
    let id = parse(&bytes).expect("good").caller_id();
    // Month 13, an empty number, a name with control characters and a blank at the end.
    assert_eq!((id.time, id.number, name(&id)), (None, PartyId::Absent, "A[1B"));
}

/// A frame on the line, with what is around it.
fn on_line(spec: fsk::Spec, bytes: &[u8], seizure: u16, mark: u16, level: f32) -> Vec<i16> {
    let mut sender = fsk::Sender::new(spec, level);
    assert!(sender.load(bytes, seizure, mark));
    let mut out = silence(500 + sender.duration() as usize / 8 + 300);
    sender.mix(&mut out[4000..]);
    out
}

/// Whether it is believed, its bytes, why not, the modem, and when.
type Seen = (bool, Vec<u8>, Option<FrameError>, Carrier, u64);

fn receive(samples: &[i16], size: usize) -> Vec<Seen> {
    let mut seen = Vec::new();
    let mut receiver = Receiver::new();
    for chunk in samples.chunks(size) {
        receiver.process(chunk, &mut |e| {
            let Event::Frame { ok, raw, message, error, carrier, at } = e;
            assert_eq!((ok, ok), (message.is_some(), error.is_none()));
            seen.push((ok, raw.to_vec(), error, carrier, at));
        });
    }
    seen
}

#[test]
fn frames_are_received_in_every_form() {
    let frame = Frame::from_caller_id(&full());
    for (spec, carrier) in [(fsk::BELL202, Carrier::Bell202), (fsk::V23, Carrier::V23)] {
        for (seizure, mark) in
            [(ON_HOOK_SEIZURE_BITS, ON_HOOK_MARK_BITS), (0, OFF_HOOK_MARK_BITS), (96, 55), (315, 205), (301, 180)]
        {
            for level in [-4.0, -13.5, -36.0] {
                let mut signal = on_line(spec, frame.bytes(), seizure, mark, level);
                Noise::new(u64::from(mark)).add(&mut signal, level - 25.0);
                let seen = receive(&signal, 160);
                assert_eq!(seen.len(), 1, "{spec:?} {seizure} {mark} {level}");
                assert_eq!((seen[0].0, seen[0].1.as_slice(), seen[0].3), (true, frame.bytes(), carrier));
            }
        }
    }
}

#[test]
fn the_longest_frame_is_received() {
    let mut bytes = Vec::from([0x80, 255, 0x50, 253]);
    bytes.extend((0..253).map(|i| i as u8));
    bytes.push(checksum(&bytes));
    assert_eq!(bytes.len(), MAX_FRAME);
    let seen = receive(&on_line(fsk::V23, &bytes, 300, 180, -20.0), 160);
    assert!(seen.len() == 1 && seen[0].0 && seen[0].1 == bytes);
}

#[test]
fn marks_between_bytes_are_allowed() {
    let bytes = hex(SDMF);
    let mut bits: Vec<bool> = (0..480).map(|i| i >= 300 || i % 2 == 1).collect();
    for b in &bytes {
        bits.push(false);
        bits.extend((0..8).map(|i| b >> i & 1 == 1));
        // The stop bit and twenty marks.
        bits.extend([true; 21]);
    }
    let mut signal = silence(100);
    let mut osc = Osc::new(1200.0);
    for i in 0..bits.len() * 20 / 3 {
        osc.set(if bits[i * 3 / 20] { 1200.0 } else { 2200.0 });
        signal.push(level::sample(level::peak(-15.0) * osc.sine()));
    }
    signal.extend(silence(100));
    let seen = receive(&signal, 160);
    assert_eq!(seen.iter().map(|s| (s.0, s.1.clone())).collect::<Vec<_>>(), [(true, bytes)]);
}

/// A sender of its own: bits of any length, tones of any strength, edges at samples or anywhere.
struct Modem {
    mark: f64,
    space: f64,
    baud: f64,
    /// Mark over space, in dB.
    twist: f64,
    level: f32,
    /// Edges sit on samples.
    grid: bool,
}

impl Modem {
    const fn new(spec: fsk::Spec) -> Self {
        Self {
            mark: spec.mark as f64,
            space: spec.space as f64,
            baud: spec.baud as f64,
            twist: 0.0,
            level: -20.0,
            grid: false,
        }
    }

    /// The samples of these bits and their lengths.
    fn send(&self, bits: &[(bool, f64)]) -> Vec<i16> {
        let ratio = libm::pow(10.0, self.twist / 20.0);
        let space = f64::from(level::peak(self.level)) / libm::sqrt((ratio * ratio + 1.0) / 2.0);
        let (mut out, mut phase, mut end, mut now) = (silence(300), 0.3, 0.4, 0.0);
        for (bit, length) in bits {
            let hz = if *bit { self.mark } else { self.space } / 8000.0;
            end += length * 8000.0 / self.baud;
            let edge = if self.grid { libm::ceil(end) } else { end };
            while now < edge {
                // The sample lies at the next whole moment.
                let next = libm::floor(now) + 1.0;
                phase += hz * (next.min(edge) - now);
                now = next.min(edge);
                if now == next {
                    let amplitude = space * if *bit { ratio } else { 1.0 };
                    out.push(level::sample((amplitude * libm::sin(phase * core::f64::consts::TAU)) as f32));
                }
            }
        }
        out.extend(silence(200));
        out
    }

    fn frame(&self, bytes: &[u8], format: fsk::Format, gap: impl FnMut(usize) -> f64) -> Vec<i16> {
        let mut gap = gap;
        let mut bits: Vec<(bool, f64)> = (0..format.seizure).map(|i| (i % 2 == 1, 1.0)).collect();
        bits.push((true, f64::from(format.mark)));
        for (i, byte) in bytes.iter().enumerate() {
            bits.push((false, 1.0));
            bits.extend((0..8).map(|k| (byte >> k & 1 == 1, 1.0)));
            bits.push((true, f64::from(format.stop_bits) + gap(i)));
        }
        bits.push((true, f64::from(format.trailing)));
        self.send(&bits)
    }
}

const ON_HOOK: fsk::Format = fsk::Format { seizure: 300, mark: 180, stop_bits: 1, trailing: 5 };
const SHORT: fsk::Format = fsk::Format { seizure: 0, mark: 55, stop_bits: 1, trailing: 1 };

/// The bytes of the only frame, if it is believed.
fn only(samples: &[i16]) -> Option<Vec<u8>> {
    let seen = receive(samples, 160);
    let [(true, bytes, ..)] = &seen[..] else { return None };
    Some(bytes.clone())
}

#[test]
fn a_sender_may_be_off_in_every_way() {
    let bytes = hex(ROBOTICS);
    for spec in [fsk::BELL202, fsk::V23] {
        let modem = Modem::new(spec);
        for grid in [false, true] {
            for format in [ON_HOOK, SHORT] {
                let mut cases = Vec::from([Modem { grid, ..Modem::new(spec) }]);
                for sign in [-1.0, 1.0] {
                    let off = |x: f64| 1.0 + sign * x;
                    cases.push(Modem { baud: modem.baud * off(0.02), grid, ..Modem::new(spec) });
                    cases.push(Modem { mark: modem.mark * off(0.015), grid, ..Modem::new(spec) });
                    cases.push(Modem { space: modem.space * off(0.015), grid, ..Modem::new(spec) });
                    cases.push(Modem {
                        mark: modem.mark * off(0.015),
                        space: modem.space * off(0.015),
                        ..Modem::new(spec)
                    });
                    cases.push(Modem {
                        mark: modem.mark * off(0.015),
                        space: modem.space * off(-0.015),
                        ..Modem::new(spec)
                    });
                    cases.push(Modem { twist: sign * 10.0, grid, ..Modem::new(spec) });
                }
                for (i, case) in cases.iter().enumerate() {
                    let mut signal = case.frame(&bytes, format, |_| 0.0);
                    Noise::new(i as u64).add(&mut signal, -45.0);
                    assert_eq!(only(&signal).as_ref(), Some(&bytes), "{spec:?} {grid} {format:?} {i}");
                }
            }
        }
    }
}

#[test]
fn marks_of_any_length_are_allowed_between_bytes() {
    let bytes = hex(ROBOTICS);
    for spec in [fsk::BELL202, fsk::V23] {
        for seed in 0..6 {
            let mut random = Noise::new(seed);
            let most = [0.9f32, 2.0, 20.0][(seed % 3) as usize];
            let mut signal = Modem::new(spec).frame(&bytes, ON_HOOK, |_| f64::from(most * random.uniform()));
            Noise::new(seed).add(&mut signal, -40.0);
            assert_eq!(only(&signal).as_ref(), Some(&bytes), "{spec:?} {most}");
        }
        for stop_bits in 1..=10 {
            let signal = Modem::new(spec).frame(&bytes, fsk::Format { stop_bits, ..ON_HOOK }, |_| 0.0);
            assert_eq!(only(&signal).as_ref(), Some(&bytes), "{spec:?} {stop_bits}");
        }
    }
}

#[test]
fn hum_and_tones_beside_the_channel_do_no_harm() {
    let bytes = hex(SDMF);
    for spec in [fsk::BELL202, fsk::V23] {
        for format in [ON_HOOK, SHORT] {
            // SR-3004.
            for (hz, above) in
                [(16.0, 18.0), (50.0, 18.0), (60.0, 18.0), (120.0, 12.0), (200.0, 6.0), (3250.0, 6.0), (3900.0, 6.0)]
            {
                let mut signal = Modem { level: -28.0, ..Modem::new(spec) }.frame(&bytes, format, |_| 0.0);
                let hum = tone(&[hz], -28.0 + above, signal.len() / 8);
                mix_at(&mut signal, &hum, 0);
                assert_eq!(only(&signal).as_ref(), Some(&bytes), "{spec:?} {hz}");
            }
        }
    }
}

/// How many of so many frames in noise are right, and how many are wrong but believed.
fn in_noise(spec: fsk::Spec, grid: bool, snr: f32, frames: u64) -> (u32, u32) {
    let (mut right, mut wrong) = (0, 0);
    for seed in 0..frames {
        let mut random = Noise::new(seed * 77 + 5);
        let digits: String = (0..10).map(|_| char::from(b'0' + (random.uniform() * 10.0) as u8)).collect();
        let letters: String = (0..15).map(|_| char::from(b'A' + (random.uniform() * 26.0) as u8)).collect();
        let id = CallerId {
            number: PartyId::Known(Number::new(&digits)),
            name: PartyId::Known(Name::new(&letters)),
            time: Some(AT_20_38),
        };
        let sent = Frame::from_caller_id(&id);
        let mut signal = Modem { grid, ..Modem::new(spec) }.frame(sent.bytes(), ON_HOOK, |_| 0.0);
        random.add(&mut signal, -20.0 - snr);
        for (ok, raw, ..) in receive(&signal, 160) {
            right += u32::from(ok && raw == sent.bytes());
            wrong += u32::from(ok && raw != sent.bytes());
        }
    }
    (right, wrong)
}

#[test]
fn noise_5_db_below_the_signal_is_tolerated() {
    for spec in [fsk::BELL202, fsk::V23] {
        for grid in [false, true] {
            let (right, wrong) = in_noise(spec, grid, 5.0, 40);
            assert!(right >= 38 && wrong == 0, "{spec:?} {grid} {right} {wrong}");
        }
    }
}

#[test]
fn most_frames_survive_3_db_and_none_are_believed_wrongly() {
    for (spec, least) in [(fsk::BELL202, 30), (fsk::V23, 36)] {
        let (right, wrong) = in_noise(spec, false, 3.0, 40);
        assert!(right >= least && wrong == 0, "{spec:?} {right} {wrong}");
    }
    for snr in [-3.0, 0.0, 1.0] {
        assert_eq!(in_noise(fsk::BELL202, false, snr, 20).1, 0, "{snr}");
    }
}

#[test]
fn a_broken_stop_bit_is_told() {
    let bytes = hex(ROBOTICS);
    for broken in [5, 20] {
        let mut bits = Vec::from([(true, 180.0)]);
        for (i, byte) in bytes.iter().enumerate() {
            bits.push((false, 1.0));
            bits.extend((0..8).map(|k| (byte >> k & 1 == 1, 1.0)));
            bits.push((i != broken, 1.0));
        }
        bits.push((true, 5.0));
        let seen = receive(&Modem::new(fsk::V23).send(&bits), 160);
        assert_eq!(
            seen.iter().map(|s| (s.0, s.2)).collect::<Vec<_>>(),
            [(false, Some(FrameError::Framing))],
            "{broken}"
        );
    }
}

#[test]
fn corrupted_frames_are_never_believed() {
    let good = hex(ROBOTICS);
    for (spec, carrier) in [(fsk::BELL202, Carrier::Bell202), (fsk::V23, Carrier::V23)] {
        for seed in 0..25u64 {
            let mut random = Noise::new(seed);
            let mut bad = good.clone();
            let place = 2 + (random.uniform() * (bad.len() - 2) as f32) as usize;
            bad[place] ^= 1 << (seed % 8);
            let mut signal = Modem::new(spec).frame(&bad, if seed % 2 == 0 { ON_HOOK } else { SHORT }, |_| 0.0);
            random.add(&mut signal, -40.0);
            let seen = receive(&signal, 160);
            let [(false, raw, Some(error), heard, _)] = &seen[..] else { panic!("{seed} {place}: {seen:?}") };
            assert_eq!((*error, *heard), (FrameError::Checksum, carrier));
            assert_eq!(*raw, bad);
        }
    }
}

#[test]
fn a_silenced_stretch_is_never_believed() {
    let good = hex(ROBOTICS);
    for at in (6000..7800).step_by(150) {
        for length in [24, 60, 200] {
            let mut signal = Modem::new(fsk::BELL202).frame(&good, ON_HOOK, |_| 0.0);
            Noise::new(at as u64).add(&mut signal, -50.0);
            signal[at..at + length].fill(0);
            for (ok, raw, ..) in receive(&signal, 160) {
                assert!(!ok || raw == good, "{at} {length}");
            }
        }
    }
}

#[test]
fn the_japanese_form_is_received() {
    let sent = ntt::Sent::new(&[(0x02, b"0312345678"), (0x21, &[0x40])]).expect("short");
    let said = hex("400f020a30333132333435363738210140");
    for mark in [72, 200] {
        let mut signal = on_line(fsk::V23, sent.bytes(), 0, mark, -20.0);
        Noise::new(u64::from(mark)).add(&mut signal, -32.0);
        let mut told = Vec::new();
        Receiver::new().process(&signal, &mut |Event::Frame { ok, raw, message, carrier, .. }| {
            told.push((ok, raw.to_vec(), carrier, message.map(Message::caller_id)));
        });
        let [(true, raw, Carrier::Ntt, Some(id))] = &told[..] else { panic!("{told:?}") };
        assert_eq!((raw, number(id)), (&said, "0312345678"));
    }
    for (place, change, error) in
        [(9, 1, FrameError::Parity), (9, 3, FrameError::Checksum), (24, 1, FrameError::Checksum)]
    {
        let mut bad = sent.bytes().to_vec();
        bad[place] ^= change;
        let seen = receive(&on_line(fsk::V23, &bad, 0, 72, -20.0), 160);
        assert_eq!(seen.iter().map(|s| (s.0, s.2, s.3)).collect::<Vec<_>>(), [(false, Some(error), Carrier::Ntt)]);
    }
    let seen = receive(&on_line(fsk::V23, &sent.bytes()[..15], 0, 72, -20.0), 160);
    assert_eq!(seen.iter().map(|s| s.2).collect::<Vec<_>>(), [Some(FrameError::Truncated)]);
}

#[test]
fn a_bad_checksum_and_a_cut_frame_are_told() {
    let mut bad = hex(ROBOTICS);
    bad[20] ^= 1;
    let seen = receive(&on_line(fsk::BELL202, &bad, 300, 180, -15.0), 160);
    assert_eq!(seen.iter().map(|s| (s.0, s.2)).collect::<Vec<_>>(), [(false, Some(FrameError::Checksum))]);
    let seen = receive(&on_line(fsk::BELL202, &hex(ROBOTICS)[..20], 300, 180, -15.0), 160);
    assert_eq!(seen.iter().map(|s| (s.0, s.2)).collect::<Vec<_>>(), [(false, Some(FrameError::Truncated))]);
    assert_eq!(seen[0].1, hex(ROBOTICS)[..20]);
}

#[test]
fn two_frames_after_each_other() {
    let mut signal = on_line(fsk::V23, &hex(ROBOTICS), 300, 180, -15.0);
    signal.extend(on_line(fsk::BELL202, &hex(SDMF), 300, 180, -25.0));
    let seen = receive(&signal, 160);
    assert_eq!(
        seen.iter().map(|s| (s.0, s.1.clone(), s.3)).collect::<Vec<_>>(),
        [(true, hex(ROBOTICS), Carrier::V23), (true, hex(SDMF), Carrier::Bell202)]
    );
}

#[test]
fn block_size_does_not_matter() {
    let mut signal = on_line(fsk::BELL202, &hex(PRIVATE), 300, 180, -20.0);
    Noise::new(8).add(&mut signal, -45.0);
    let whole = receive(&signal, signal.len());
    assert_eq!(whole.len(), 1);
    for size in [1, 7, 160, 8000] {
        assert_eq!(receive(&signal, size), whole, "{size}");
    }
}

#[test]
fn speech_and_noise_are_no_frames() {
    for seed in 0..6 {
        assert_eq!(receive(&speech(seed, -15.0, 20_000), 160), []);
    }
    let mut noise = silence(60_000);
    Noise::new(77).add(&mut noise, -20.0);
    assert_eq!(receive(&noise, 160), []);
}

#[test]
fn tones_and_digits_are_no_frames() {
    for hz in [1190.0, 1250.0, 1310.0] {
        assert_eq!(receive(&tone(&[hz], -10.0, 3000), 160), []);
    }
    let mut signal = silence(0);
    for low in [697.0, 770.0, 852.0, 941.0] {
        for high in [1209.0, 1336.0, 1477.0, 1633.0] {
            signal.extend(tone(&[low, high], -10.0, 70));
            signal.extend(silence(50));
        }
    }
    assert_eq!(receive(&signal, 160), []);
}

#[test]
fn a_line_needs_little_memory() {
    assert!(size_of::<Receiver>() <= 6 * 1024, "{}", size_of::<Receiver>());
}

#[test]
fn every_parameter_is_read() {
    let mut frame = Builder::new(message_type::MDMF_CALL);
    let parameters: [(u8, &[u8]); 21] = [
        (parameter::TIME, b"10152038"),
        (parameter::NUMBER, b"5551234"),
        (parameter::CALLED_NUMBER, b"5550000"),
        (parameter::REDIRECTION, &[2]),
        (parameter::QUALIFIER, b"L"),
        (parameter::NAME, b"JOS\xC9 \x1B\x9B"),
        (parameter::MESSAGE_WAITING, &[0xFF]),
        (parameter::LAST_MESSAGE_NUMBER, b"1"),
        (parameter::OTHER_TIME, b"01020304"),
        (parameter::OTHER_NUMBER, b"2"),
        (parameter::CALL_TYPE, &[0x81]),
        (parameter::FIRST_CALLED, b"3"),
        (parameter::MESSAGES, &[7]),
        (parameter::FORWARDED, &[3]),
        (parameter::CALLER_TYPE, &[0x0E]),
        (parameter::REDIRECTING, b"4"),
        (parameter::CHARGE, b"1.20"),
        (parameter::NETWORK, b"NET"),
        (parameter::DISPLAY, b"HELLO"),
        (parameter::OPERATOR, &[0, 1]),
        (0x77, &[]),
    ];
    for (kind, data) in parameters {
        assert!(frame.parameter(kind, data.iter().copied()));
    }
    let message = parse(frame.finish().bytes()).expect("good");
    assert_eq!(name(&message.caller_id()), "JOS\u{C9}");
    assert_eq!(message.message_waiting(), Some(true));
    assert_eq!((message.messages(), message.is_long_distance()), (Some(7), true));
    assert_eq!(message.redirection(), Some(Redirection::NoAnswer));
    assert_eq!(message.forwarding(), Some(Forwarding::Unconditional));
    assert_eq!(message.call_type(), Some(CallType::MessageWaiting));
    assert_eq!(message.caller_kind(), Some(CallerKind::Payphone));
    let numbers = [message.called_number(), message.other_number(), message.first_called(), message.redirecting()];
    assert_eq!(
        numbers.map(|n| n.map(|n| String::from(n.as_str()))),
        ["5550000", "2", "3", "4"].map(|n| Some(n.into()))
    );
    assert_eq!(message.charge().map(|t| String::from(t.as_str())), Some("1.20".into()));
    assert_eq!(message.display().map(|t| String::from(t.as_str())), Some("HELLO".into()));
    let told: Vec<(&str, String)> = message.said().map(|p| (p.name(), p.value().as_str().into())).collect();
    assert_eq!(told.len(), 21);
    assert_eq!((told[0].0, told[0].1.as_str()), ("time", "10-15 20:38"));
    assert_eq!((told[10].0, told[10].1.as_str()), ("call type", "message waiting"));
    assert_eq!((told[19].0, told[19].1.as_str()), ("operator extension", "0001"));
}

#[test]
fn absences_are_told_apart() {
    for (letter, why) in [
        (b'P', Absence::Withheld),
        (b'O', Absence::Unavailable),
        (b'C', Absence::Payphone),
        (b'S', Absence::Conflict),
        (b'X', Absence::Other(b'X')),
    ] {
        let mut frame = Builder::new(message_type::MDMF_CALL);
        assert!(frame.parameter(parameter::NO_NUMBER, [letter]) && frame.parameter(parameter::NO_NAME, [letter]));
        let message = parse(frame.finish().bytes()).expect("good");
        assert_eq!((message.no_number(), message.no_name()), (Some(why), Some(why)));
        assert_eq!(message.caller_id().number, why.party());
    }
}

#[test]
fn a_builder_takes_what_fits_and_no_more() {
    let mut frame = Builder::new(message_type::MDMF_CALL);
    assert!(!frame.parameter(parameter::DISPLAY, [b'x'; 254]));
    assert!(frame.parameter(parameter::DISPLAY, [b'x'; 253]));
    assert!(!frame.parameter(parameter::NAME, []));
    let frame = frame.finish();
    assert_eq!(frame.bytes().len(), MAX_FRAME);
    assert!(parse(frame.bytes()).is_ok());
    for on in [false, true] {
        assert_eq!(parse(Frame::sdmf_message_waiting(on).bytes()).map(|m| m.message_waiting()), Ok(Some(on)));
    }
    let accents = CallerId { name: PartyId::Known(Name::new("Zo\u{EB} \u{142}")), ..CallerId::default() };
    let id = parse(Frame::from_caller_id(&accents).bytes()).expect("good").caller_id();
    assert_eq!(name(&id), "Zo\u{EB} ?");
}

#[test]
fn debug_forms_tell_nothing() {
    let frame = Frame::from_caller_id(&full());
    let text: String = std::format!("{frame:?} {:?}", parse(frame.bytes()));
    assert!(!text.contains("847") && !text.contains("ROBO"));
}
