use super::*;
use crate::country::{US, by_code};
use crate::progress::Kind;
use crate::test_signal::{Noise, mix_at, silence, speech, tone};
use crate::tone::TonePlayer;
use crate::{CallerId, DigitEdge, Number, PartyId, ProgressTone, fsk};
use core::time::Duration;
use std::format;
use std::string::String;
use std::vec::Vec;

fn digits(text: &[u8], on: u64, off: u64, ms: usize) -> Vec<i16> {
    let mut sender = dtmf::Sender::new(-10.0);
    for d in text {
        assert!(sender.push(*d, Duration::from_millis(on), Duration::from_millis(off)));
    }
    let mut out = silence(ms);
    sender.mix(&mut out);
    out
}

fn caller() -> CallerId {
    CallerId { number: PartyId::Known(Number::new("5550101")), ..CallerId::default() }
}

fn frame() -> Vec<i16> {
    let mut modem = fsk::Sender::new(fsk::BELL202, -15.0);
    modem.load(cid::Frame::from_caller_id(&caller()).bytes(), cid::ON_HOOK_SEIZURE_BITS, cid::ON_HOOK_MARK_BITS);
    let mut out = silence(1000);
    modem.mix(&mut out);
    out
}

/// Dial tone, a number, ringback, a voice, a second call waiting, its caller.
fn a_call() -> Vec<i16> {
    let mut call = silence(500);
    let mut part = silence(1000);
    TonePlayer::new(US.dial, -15.0).fill(&mut part);
    call.extend(&part);
    call.extend(digits(b"5550122", 80, 80, 1500));
    let mut part = silence(7000);
    TonePlayer::new(US.ringback, -20.0).fill(&mut part);
    call.extend(&part);
    call.extend(silence(500));
    call.extend(speech(5, -18.0, 1500));
    call.extend(silence(300));
    call.extend(tone(&[2130.0, 2750.0], -16.0, 80));
    call.extend(silence(300));
    call.extend(frame());
    call.extend(silence(200));
    call
}

fn heard(decoder: &mut LineDecoder, samples: &[i16]) -> Vec<String> {
    let mut seen = Vec::new();
    decoder.process(samples, &mut |e| seen.push(format!("{} {e:?}", e.at())));
    seen
}

#[test]
fn a_whole_call() {
    let (mut digits, mut tones, mut ids, mut alerts, mut times) =
        (String::new(), Vec::new(), Vec::new(), 0, Vec::new());
    LineDecoder::new(US).process(&a_call(), &mut |e| {
        times.push(e.at());
        match e {
            Event::Dtmf(d) if d.edge == DigitEdge::Begin => digits.push(char::from(d.symbol)),
            Event::Cid(cid::Event::Frame { message, .. }) => ids.extend(message.map(cid::Message::caller_id)),
            Event::Progress(progress::Event { kind: Kind::Tone(t), .. }) => tones.push(t),
            Event::Cas(_) => alerts += 1,
            _ => {}
        }
    });
    assert_eq!(digits, "5550122");
    assert_eq!(tones, [ProgressTone::Dial, ProgressTone::Ringback]);
    assert_eq!((ids, alerts), (Vec::from([caller()]), 1));
    assert!(times.windows(2).all(|w| w[0] <= w[1] + SLICE as u64));
}

#[test]
fn block_size_does_not_matter() {
    let mut call = a_call();
    Noise::new(3).add(&mut call, -55.0);
    for listen in [Listen::all(), Listen::ON_HOOK, Listen::TALKING] {
        let decoder = || {
            let mut d = LineDecoder::new(US);
            d.listen(listen);
            d
        };
        let whole = heard(&mut decoder(), &call);
        assert!(!whole.is_empty());
        for size in [1, 7, 160, 4000] {
            let mut decoder = decoder();
            let parts: Vec<String> = call.chunks(size).flat_map(|c| heard(&mut decoder, c)).collect();
            // Within a slice, which receiver speaks first depends on the blocks; what they say does not.
            let sorted = |mut v: Vec<String>| {
                v.sort();
                v
            };
            assert_eq!(sorted(parts), sorted(whole.clone()), "{listen:?} {size}");
        }
    }
}

#[test]
fn only_what_is_listened_for() {
    let call = a_call();
    for (listen, expected) in
        [(Listen::DTMF, "Dtmf"), (Listen::CALLER_ID, "Cid"), (Listen::CAS, "Cas"), (Listen::PROGRESS, "Progress")]
    {
        let mut decoder = LineDecoder::new(US);
        decoder.listen(listen);
        let seen = heard(&mut decoder, &call);
        assert!(!seen.is_empty() && seen.iter().all(|e| e.contains(expected)), "{listen:?} {seen:?}");
    }
    let mut decoder = LineDecoder::new(US);
    decoder.listen(Listen::empty());
    assert!(heard(&mut decoder, &call).is_empty());
    assert_eq!(decoder.at(), call.len() as u64);
}

#[test]
fn what_is_listened_for_later_has_the_line_s_time() {
    let mut decoder = LineDecoder::new(US);
    decoder.listen(Listen::empty());
    decoder.process(&silence(12_345), &mut |_| panic!("nobody listens"));
    decoder.listen(Listen::DTMF);
    let mut at = Vec::new();
    decoder.process(&digits(b"7", 60, 100, 200), &mut |e| at.push(e.at() / 8));
    assert!(
        matches!(at[..], [begin, end] if (12_365..12_390).contains(&begin) && (12_405..12_460).contains(&end)),
        "{at:?}"
    );
}

#[test]
fn an_idle_line_sleeps_and_wakes() {
    let mut decoder = LineDecoder::new(US);
    decoder.listen(Listen::ON_HOOK);
    // Quiet noise for a minute, then caller identification with the shortest mark of British lines.
    let mut line = silence(60_000);
    Noise::new(1).add(&mut line, -70.0);
    assert!(heard(&mut decoder, &line).is_empty());
    assert_eq!(decoder.cid.heard, REST);
    let mut modem = fsk::Sender::new(fsk::V23, -36.0);
    modem.load(cid::Frame::from_caller_id(&caller()).bytes(), 96, 55);
    let mut burst = silence(700);
    modem.mix(&mut burst);
    let seen = heard(&mut decoder, &burst);
    assert!(matches!(&seen[..], [one] if one.contains("ok: true")), "{seen:?}");
}

#[test]
fn caller_identification_by_digits() {
    let dk = by_code("dk").expect("a country");
    let mut decoder = LineDecoder::new(dk);
    decoder.listen(Listen::ON_HOOK);
    let mut line = silence(2000);
    line.extend(digits(b"A5551234#", 70, 70, 3000));
    let mut seen = Vec::new();
    decoder.process(&line, &mut |e| {
        if let Event::Clip(c) = e {
            seen.push((c.number, c.digits));
        }
    });
    assert!(
        matches!(&seen[..], [(PartyId::Known(n), d)] if n.as_str() == "5551234" && d.as_str() == "A5551234#"),
        "{seen:?}"
    );
}

#[test]
fn companded_samples() {
    let call = a_call();
    let count = |law: fn(i16) -> u8, take: fn(&mut LineDecoder, &[u8], &mut Vec<String>)| {
        let bytes: Vec<u8> = call.iter().map(|s| law(*s)).collect();
        let (mut decoder, mut seen) = (LineDecoder::new(US), Vec::new());
        bytes.chunks(333).for_each(|b| take(&mut decoder, b, &mut seen));
        seen.len()
    };
    let linear = heard(&mut LineDecoder::new(US), &call).len();
    let ulaw = count(g711::ulaw_encode, |d, b, seen| d.process_ulaw(b, &mut |e| seen.push(format!("{e:?}"))));
    let alaw = count(g711::alaw_encode, |d, b, seen| d.process_alaw(b, &mut |e| seen.push(format!("{e:?}"))));
    assert_eq!((ulaw, alaw), (linear, linear));
}

#[test]
fn many_lines_hear_what_each_would_alone() {
    let call = a_call();
    let mut other = digits(b"123A", 50, 50, 5000);
    mix_at(&mut other, &speech(3, -30.0, 2000), 20_000);
    let mut lines = Lines::new(US, 2);
    lines.push({
        let mut idle = LineDecoder::new(US);
        idle.listen(Listen::ON_HOOK);
        idle
    });
    let mut seen = [const { Vec::new() }; 3];
    let (mut a, mut b, mut c) = (&call[..], &other[..], &call[..]);
    // Blocks of different sizes, the second line's out of step.
    while !a.is_empty() || !b.is_empty() || !c.is_empty() {
        let take = |x: &mut &[i16], n: usize| {
            let (head, tail) = x.split_at(n.min(x.len()));
            (head.to_vec(), *x = tail).0
        };
        let parts = [take(&mut a, 160), take(&mut b, 100), take(&mut c, 400)];
        let blocks: Vec<&[i16]> = parts.iter().map(Vec::as_slice).collect();
        lines.process(&blocks, &mut |i, e| seen[i].push(format!("{} {e:?}", e.at())));
    }
    let mut idle = LineDecoder::new(US);
    idle.listen(Listen::ON_HOOK);
    for (i, (mut alone, samples)) in
        [(LineDecoder::new(US), &call), (LineDecoder::new(US), &other), (idle, &call)].into_iter().enumerate()
    {
        let mut expected = heard(&mut alone, samples);
        expected.sort();
        seen[i].sort();
        assert_eq!(seen[i], expected, "line {i}");
    }
}

#[test]
fn a_line_takes_little_memory() {
    // Nothing of it is on the heap but what all lines share.
    let size = size_of::<LineDecoder>();
    assert!(size <= 16 * 1024, "{size}");
}

#[test]
fn reset_forgets() {
    let mut decoder = LineDecoder::new(US);
    let call = digits(b"1", 70, 0, 60);
    decoder.process(&call[..160], &mut |_| {});
    decoder.reset();
    assert!(heard(&mut decoder, &call[160..320]).is_empty());
}
