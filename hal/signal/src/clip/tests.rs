use super::*;
use crate::country::{US, all, by_code};
use crate::test_signal::silence;
use std::string::{String, ToString};
use std::vec::Vec;

/// The edges of `digits`, as a receiver tells them: some 30 ms after they happen.
fn edges(digits: &str, start_ms: u64, on: u64, off: u64) -> Vec<dtmf::Event> {
    let mut out = Vec::new();
    let mut now = start_ms;
    for symbol in digits.bytes() {
        let edge = |edge, ms: u64, duration_ms| dtmf::Event {
            symbol,
            edge,
            at: samples(ms),
            duration_ms,
            level_dbm0: -12.0,
            onset: 0,
            twist_db: 0.0,
        };
        out.push(edge(DigitEdge::Begin, now + 30, 0));
        out.push(edge(DigitEdge::End, now + on + 33, on as u32));
        now += on + off;
    }
    out
}

fn feed(receiver: &mut Receiver, edges: &[dtmf::Event], until_ms: u64) -> Vec<Event> {
    let mut seen: Vec<Event> = edges.iter().filter_map(|e| receiver.digit(e)).collect();
    seen.extend(receiver.expire(samples(until_ms)));
    seen
}

fn told(country: &Country, digits: &str) -> Vec<Event> {
    feed(&mut Receiver::new(country), &edges(digits, 100, 70, 70), 20_000)
}

/// Number, reason (`P`, `O`) or `-`.
fn text(party: &PartyId<Number>) -> String {
    match party {
        PartyId::Absent => "-".to_string(),
        PartyId::Known(n) => n.as_str().to_string(),
        PartyId::Withheld => "P".to_string(),
        PartyId::Unavailable => "O".to_string(),
    }
}

#[test]
fn every_form_with_a_letter() {
    for (digits, number, redirecting) in [
        ("A5551234C", "5551234", "-"),
        ("A5551234#", "5551234", "-"),
        ("A0701234567D087654321C", "0701234567", "087654321"),
        ("A0701234567D087654321B00C", "0701234567", "087654321"),
        ("A112C", "112", "-"),
        ("A11C", "11", "-"),
        ("D0201234567C", "0201234567", "-"),
        ("D223344556#", "223344556", "-"),
        ("D0000000000C", "O", "-"),
        ("B00C", "O", "-"),
        ("B10C", "P", "-"),
        ("B00#", "O", "-"),
        ("B2#", "P", "-"),
        ("B1#", "O", "-"),
        ("D1#", "P", "-"),
        ("D2#", "O", "-"),
        ("D3#", "O", "-"),
        ("D10C", "P", "-"),
        ("D00C", "O", "-"),
        ("AB10C", "P", "-"),
        ("D087654321B10C", "P", "087654321"),
        ("A123456789012345C", "123456789012345", "-"),
    ] {
        for country in [US, by_code("se").expect("Sweden"), by_code("dk").expect("Denmark")] {
            let seen = told(country, digits);
            assert_eq!(seen.len(), 1, "{digits}");
            assert_eq!(seen[0].digits.as_str(), digits);
            assert_eq!(
                (text(&seen[0].number).as_str(), text(&seen[0].redirecting).as_str()),
                (number, redirecting),
                "{digits}"
            );
        }
    }
}

#[test]
fn ordinary_dialling_is_no_message() {
    for digits in [
        "5550122",
        "*725550123#",
        "*67#",
        "1234#",
        "0123456789",
        "123A456B789C*0#D",
        "1234567890*#ABCD",
        "0123456789ABCD*#",
        "ABCD",
        "DCBA",
        "ABC",
        "AC",
        "A#",
        "A1C",
        "A1B2C3D4",
        "A555*1234C",
        "B123C",
        "BC",
        "DC",
        "D#",
        "1A5551234C",
        "A5551234",
        "AA5551234C",
        "A5551234CC",
        "A5551234C5",
        "A123456789012345678901C",
        "A",
        "D",
        "5551234C",
        "#",
        "C",
    ] {
        assert_eq!(told(US, digits), [], "{digits}");
    }
    // Numbers without a letter exist in the Netherlands, but a recording does not tell them from dialling.
    let nl = by_code("nl").expect("Netherlands");
    for digits in ["0201234567", "0201234567#", "789C", "123A456B789C*0#D"] {
        assert_eq!(told(nl, digits), [], "{digits}");
    }
    assert_eq!(told(nl, "0201234567C").len(), 1);
}

#[test]
fn numbers_without_a_letter_need_a_ring_before_them() {
    let nl = by_code("nl").expect("Netherlands");
    for digits in ["0201234567#", "0201234567C", "0201234567"] {
        let mut r = Receiver::new(nl);
        r.arm(0);
        let seen = feed(&mut r, &edges(digits, 700, 70, 70), 10_000);
        assert_eq!(seen.len(), 1, "{digits}");
        assert_eq!((text(&seen[0].number), seen[0].digits.as_str()), ("0201234567".to_string(), digits));
        // Once only: the next digits are dialling again.
        assert_eq!(feed(&mut r, &edges("0201234567#", 12_000, 70, 70), 30_000), []);
    }
    let mut r = Receiver::new(US);
    r.arm(0);
    assert_eq!(feed(&mut r, &edges("0201234567#", 700, 70, 70), 10_000), []);
    let mut r = Receiver::new(nl);
    r.arm(0);
    assert_eq!(feed(&mut r, &edges("0201234567#", 7_000, 70, 70), 20_000), [], "too late after the ring");
    let mut r = Receiver::new(nl);
    r.arm(0);
    r.disarm();
    assert_eq!(feed(&mut r, &edges("0201234567#", 700, 70, 70), 20_000), [], "the line was answered");
    // A person at a parallel telephone: uneven.
    let mut r = Receiver::new(nl);
    r.arm(0);
    let mut hand = Vec::new();
    for (i, d) in "0201234567#".chars().enumerate() {
        let start = 700 + 300 * i as u64 + [0, 120, 40][i % 3];
        hand.extend(edges(&d.to_string(), start, [90, 170, 120][i % 3], 0));
    }
    assert_eq!(feed(&mut r, &hand, 20_000), []);
}

#[test]
fn a_lost_end_mark_is_forgiven_where_a_message_is_due() {
    let mut r = Receiver::new(by_code("se").expect("Sweden"));
    r.arm(0);
    let seen = feed(&mut r, &edges("A0812345", 500, 70, 70), 10_000);
    assert_eq!(text(&seen[0].number), "0812345");
    // 500 ms after the last digit.
    assert_eq!(seen[0].at, samples(500 + 7 * 140 + 70 + 33 + MAX_GAP_MS));
}

#[test]
fn rhythm_and_limits() {
    let told = |on, off| feed(&mut Receiver::new(US), &edges("A5551234C", 100, on, off), 30_000).len();
    for (on, off) in [(50, 50), (70, 70), (100, 100), (65, 65), (120, 300), (200, 200), (50, 480)] {
        assert_eq!(told(on, off), 1, "{on} {off}");
    }
    for (on, off) in [(70, 520), (600, 100), (450, 900)] {
        assert_eq!(told(on, off), 0, "{on} {off}");
    }
    // Ten seconds from the first digit to the last.
    let long = edges("A0123456789D0123456789C", 0, 70, 420);
    assert_eq!(feed(&mut Receiver::new(US), &long, 30_000), []);
    // A digit whose end is never told.
    let mut r = Receiver::new(US);
    let mut open = edges("A5551234C", 0, 70, 70);
    open.pop();
    assert_eq!(feed(&mut r, &open, 30_000), []);
    assert_eq!(r.deadline(), None);
}

#[test]
fn decided_soon_after_the_end_mark_whoever_calls() {
    let digits = edges("A5551234C", 1000, 70, 70);
    let mut whole = Receiver::new(US);
    let once = feed(&mut whole, &digits, 20_000);
    assert_eq!(once.len(), 1);
    let end = digits.last().expect("edges").at;
    assert_eq!(once[0].at, end + samples(150));
    for block in [1, 160, 999] {
        let mut r = Receiver::new(US);
        let (mut seen, mut next) = (Vec::new(), digits.iter().peekable());
        let mut now = 0;
        while now < samples(20_000) {
            now += block;
            while let Some(e) = next.next_if(|e| e.at <= now) {
                seen.extend(r.digit(e));
            }
            seen.extend(r.expire(now));
        }
        assert_eq!(seen, once, "{block}");
    }
}

#[test]
fn two_messages_in_a_row() {
    let mut r = Receiver::new(US);
    let mut both = edges("A5551234C", 0, 70, 70);
    both.extend(edges("B10C", 3000, 70, 70));
    let seen = feed(&mut r, &both, 9000);
    assert_eq!(seen.iter().map(|e| text(&e.number)).collect::<Vec<_>>(), ["5551234", "P"]);
}

#[test]
fn a_category_digit_is_no_part_of_the_number() {
    let br = by_code("br").expect("Brazil");
    let mut r = Receiver::new(br).with_category(true);
    let seen = feed(&mut r, &edges("A11133334444C", 0, 70, 70), 9000);
    assert_eq!(text(&seen[0].number), "1133334444");
}

#[test]
fn messages_are_written_as_the_networks_do() {
    let known = PartyId::Known(Number::new("+46 8-123 45"));
    let say = |number, redirecting, form| {
        Message { number, redirecting }.digits(form).map(|t| t.as_str().to_string()).unwrap_or_default()
    };
    use PartyId::{Absent, Known, Unavailable, Withheld};
    for (form, number, withheld, unavailable) in [
        (Form::AtoC, "A46812345C", "B10C", "B00C"),
        (Form::AtoHash, "A46812345#", "D1#", "D2#"),
        (Form::DtoC, "D46812345C", "B10C", "D0000000000C"),
        (Form::DtoHash, "D46812345#", "B10#", "D0000000000#"),
        (Form::ToC, "46812345C", "", ""),
        (Form::ToHash, "46812345#", "", ""),
        (Form::Bare, "46812345", "", ""),
    ] {
        assert_eq!(say(known, Absent, form), number);
        assert_eq!(say(Withheld, Absent, form), withheld);
        assert_eq!(say(Unavailable, Absent, form), unavailable);
        assert_eq!(say(Absent, Absent, form), "");
        // What is written is read alike.
        for (digits, want) in [(number, known_digits()), (withheld, Withheld), (unavailable, Unavailable)] {
            if form != Form::Bare && form != Form::ToHash && form != Form::ToC && !digits.is_empty() {
                assert_eq!(told(US, digits).first().map(|e| e.number), Some(want), "{digits}");
            }
        }
    }
    let other = Known(Number::new("0812"));
    assert_eq!(say(known, other, Form::AtoC), "A46812345D0812C");
    assert_eq!(say(Withheld, other, Form::AtoC), "D0812B10C");
    assert_eq!(say(Known(Number::new("anonymous")), Absent, Form::AtoC), "");
    assert_eq!(Form::of(by_code("dk").expect("Denmark")), Some(Form::AtoHash));
    assert_eq!(Form::of(by_code("nl").expect("Netherlands")), Some(Form::DtoC));
    assert_eq!(Form::of(by_code("br").expect("Brazil")), Some(Form::AtoC));
    assert_eq!(Form::of(US), None);
}

fn known_digits() -> PartyId<Number> {
    PartyId::Known(Number::new("46812345"))
}

#[test]
fn through_the_air() {
    // A sender, a line, a digit receiver and this one, in every country with such a form.
    for country in all() {
        let Some(form) = Form::of(country) else { continue };
        for number in [PartyId::Known(Number::new("0987654321")), PartyId::Withheld, PartyId::Unavailable] {
            let message = Message { number, redirecting: PartyId::Absent };
            let mut sender = dtmf::Sender::new(-15.0);
            assert!(message.send(form, &mut sender));
            let mut line = silence(4000);
            sender.mix(&mut line[1600..]);
            let (mut ears, mut receiver) = (dtmf::Receiver::new(), Receiver::new(country));
            let mut seen = Vec::new();
            for (i, block) in line.chunks(160).enumerate() {
                ears.process(block, &mut |e| seen.extend(receiver.digit(&e)));
                seen.extend(receiver.expire((i as u64 + 1) * 160));
            }
            assert_eq!(seen.iter().map(|e| e.number).collect::<Vec<_>>(), [number], "{} {form:?}", country.code);
        }
    }
}

#[test]
fn any_edges_in_any_order_do_no_harm() {
    use proptest::prelude::*;
    proptest!(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }, |(
        edges in prop::collection::vec((0usize..16, any::<bool>(), 0u64..20_000, any::<u32>()), 0..300),
        code in 0usize..60
    )| {
        let mut r = Receiver::new(&all()[code % all().len()]);
        let mut at = 0u64;
        for (symbol, begin, after, duration_ms) in edges {
            at = at.saturating_add(after);
            let edge = if begin { DigitEdge::Begin } else { DigitEdge::End };
            let symbol = b"0123456789*#ABCD"[symbol];
            if after % 7 == 0 { r.arm(at); }
            if let Some(e) = r.digit(&dtmf::Event { symbol, edge, at, duration_ms, level_dbm0: 0.0, onset: 0, twist_db: 0.0 }) {
                prop_assert!(e.at <= at && e.digits.as_str().len() >= 3);
                prop_assert!(e.number != PartyId::Absent);
            }
        }
    });
}
