use super::*;
use crate::level;
use crate::osc::Osc;
use crate::test_signal::{Noise, silence, speech};
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
fn debug_forms_tell_nothing() {
    let frame = Frame::from_caller_id(&full());
    let text: String = std::format!("{frame:?} {:?}", parse(frame.bytes()));
    assert!(!text.contains("847") && !text.contains("ROBO"));
}
