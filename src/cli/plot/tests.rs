use super::*;
use crate::signal::dtmf;
use proptest::prelude::*;
use std::time::Duration;

fn labels(title: &str) -> Labels {
    Labels { title: title.into(), about: "8000 Hz".into() }
}

/// Whether it is well-formed as far as tags, attributes and characters go. No more markup is used than this knows.
fn check_xml(text: &str) {
    assert!(text.chars().all(|c| matches!(c, '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)));
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        assert!(!before.contains('>') || open.last() == Some(&"style"), "{before}");
        for (at, _) in before.match_indices('&') {
            let name = before[at..].split(';').next().unwrap_or_default();
            assert!(["&amp", "&lt", "&gt", "&quot", "&#39", "&#10"].contains(&name), "{name}");
        }
        let end = tag.find('>').expect("a tag ends");
        let inner = &tag[1..end];
        assert!(!inner.contains('<') && inner.matches('"').count() % 2 == 0, "{inner}");
        if let Some(name) = inner.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !inner.ends_with('/') {
            open.push(inner.split_whitespace().next().expect("a tag has a name"));
        }
        rest = &tag[end + 1..];
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?}");
}

fn found(t: f64) -> Found {
    Found { t, ev: "hint", hint: Some("voice"), ..Found::default() }
}

#[test]
fn an_empty_recording_has_a_picture() {
    let svg = Plot::new().svg(&labels("empty.wav"));
    check_xml(&svg);
    assert!(svg.contains("empty.wav") && svg.contains("0.00 s"));
}

#[test]
fn digits_are_drawn_where_they_are() {
    let mut sender = dtmf::Sender::new(-10.0);
    for digit in b"159#" {
        sender.push(*digit, Duration::from_millis(100), Duration::from_millis(150));
    }
    let mut sound = vec![0; 8_000];
    sender.mix(&mut sound);
    let mut plot = Plot::new();
    plot.hear(&sound);
    for (n, digit) in "159#".chars().enumerate() {
        let (t, start) = (n as f64 * 0.25 + 0.03, Some(n as f64 * 0.25));
        plot.mark(&Found { t, start, ev: "dtmf", digit: Some(digit), duration_ms: Some(100), ..Found::default() });
    }
    let svg = plot.svg(&labels("d.wav"));
    check_xml(&svg);
    assert!(svg.contains("image/png"));
    for (n, digit) in "159#".chars().enumerate() {
        let x = LEFT + (RIGHT - LEFT) * n as f64 / 4.0;
        let x = x.max(LEFT + 1.0);
        assert!(svg.contains(&format!("<rect class=\"digit\" x=\"{x:.1}\"")), "{digit}");
        assert!(svg.contains(&format!(">{digit}</text>")), "{digit}");
    }
}

#[test]
fn a_long_recording_makes_no_larger_picture() {
    let mut plot = Plot::new();
    let noise: Vec<i16> = (0..8_000i32).map(|n| (n * 7_919 % 20_011) as i16).collect();
    for second in 0..2_000u32 {
        plot.hear(&noise);
        for n in 0..20 {
            let t = f64::from(second) + f64::from(n) / 20.0;
            plot.mark(&Found { t, ev: "dtmf", digit: Some('5'), duration_ms: Some(60), ..Found::default() });
            plot.mark(&found(t));
            plot.mark(&Found { t, ev: "tone", tone: Some("busy"), ..Found::default() });
        }
    }
    let svg = plot.svg(&labels("long.wav"));
    check_xml(&svg);
    assert!(svg.len() < 2_000_000, "{}", svg.len());
    assert!(svg.contains("33 min 20 s") && svg.contains("time, min:s"));
}

#[test]
fn ticks_suit_the_length() {
    for (seconds, labels) in [
        (0.05, &["0", "5", "10"][..]),
        (1.0, &["0", "100", "200"]),
        (3.0, &["0.0", "0.2", "0.4"]),
        (60.0, &["0", "5", "10"]),
        (600.0, &["0:00", "1:00", "2:00"]),
        (3_600.0, &["0:00", "5:00", "10:00"]),
        (36_000.0, &["0:00:00", "1:00:00", "2:00:00"]),
        (4_000_000.0, &["0:00:00", "96:00:00"]),
    ] {
        let axis = Axis { seconds };
        let told: Vec<String> = axis.ticks().map(|t| axis.label(t)).collect();
        assert!(told.len() <= 16 && told.len() >= 6, "{seconds}: {told:?}");
        assert_eq!(told[..labels.len()], *labels, "{seconds}");
    }
}

#[test]
fn what_callers_write_is_only_text() {
    let mut plot = Plot::new();
    plot.hear(&[0; 800]);
    let name = "</text><script>alert(1)</script>\u{1b}[2J\u{0}\u{202e}&\"'\u{ffff}";
    plot.mark(&Found {
        t: 0.05,
        ev: "dtmfclip",
        number: Some(name.into()),
        digits: Some(name.into()),
        ..Found::default()
    });
    let svg = plot.svg(&labels(name));
    check_xml(&svg);
    assert!(!svg.contains("<script") && svg.contains("&lt;script&gt;"));
}

proptest! {
    #[test]
    fn any_text_makes_valid_xml(title in any::<String>(), number in any::<String>(), t in -1.0f64..1e7) {
        let mut plot = Plot::new();
        plot.hear(&[100; 80]);
        plot.mark(&Found { t, ev: "dtmfclip", number: Some(number), ..Found::default() });
        check_xml(&plot.svg(&labels(&title)));
    }
}
