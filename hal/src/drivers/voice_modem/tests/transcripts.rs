//! The transcripts of `firmware-tests/transcripts`, replayed; and those of the emulated models, written anew when asked.

use super::exchange::{Bench, Side};
use super::*;
use crate::exchange::modem;
use crate::transcript::{Ask, Entry, Transcript, What, replay, words};
use std::path::PathBuf;

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../firmware-tests/transcripts")
}

#[test]
fn every_transcript_is_as_the_driver_has_it() {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(directory()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ext| ext != "txt") {
            continue;
        }
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let transcript = Transcript::parse(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        let report = replay(&transcript).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(report.deviation, None, "{name}: {:?}", report.told);
        let wanted = transcript.fact("finds").unwrap_or_else(|| panic!("{name}: no profile named"));
        assert_eq!(report.profile, wanted, "{name}");
        assert!(transcript.entries.iter().any(|e| matches!(e.what, What::Told(_))), "{name} proves nothing");
        names.push(name);
    }
    for model in modem::PROFILES {
        let name = format!("emulated-{}", model.name);
        assert!(names.contains(&name), "{name} is missing");
    }
}

/// A call in, a call out, as it passes between driver and emulated modem.
fn told_by(model: &'static modem::Profile) -> Transcript {
    let mut bench = Bench::new(model);
    let mut asked = Vec::new();
    let mut ask = |bench: &mut Bench, ask: Ask| {
        let id = 1 + asked.len() as u32;
        asked.push((bench.now.millis(), ask.clone()));
        bench.act(0, id, ask.action());
    };
    bench.run(5_000);
    let caller = (PartyId::Known(Number::new("2125550100")), PartyId::Known(Name::new("JANE DOE")));
    bench.exchange.call(0, caller.0, caller.1).unwrap();
    bench.run(8_000);
    if model.has_voice() {
        ask(&mut bench, Ask::Answer);
        bench.run(1_500);
        ask(&mut bench, Ask::Listen);
        bench.exchange.send_digits(0, "159#").unwrap();
        bench.run(3_000);
        ask(&mut bench, Ask::Send("42".into()));
        bench.run(2_500);
        bench.exchange.hang_up(0).unwrap();
        bench.run(10_000);
        ask(&mut bench, Ask::Release);
        bench.run(3_000);
    } else {
        bench.exchange.hang_up(0).unwrap();
        bench.run(10_000);
    }
    bench.exchange.set_messages(0, true).unwrap();
    bench.run(5_000);
    ask(&mut bench, Ask::Dial("5550121".into()));
    bench.run(15_000);
    ask(&mut bench, Ask::Release);
    bench.run(3_000);
    // At one moment: what was told of the step before, what is asked, what passes.
    let mut all: Vec<(u64, u8, What)> = Vec::new();
    let told = bench.told[0].iter().filter_map(|(at, event)| Some((*at, 0, What::Told(words(event)?))));
    all.extend(told);
    all.extend(asked.into_iter().map(|(at, ask)| (at, 1, What::Ask(ask))));
    all.extend(bench.wire.into_iter().map(|(at, side, bytes)| match side {
        Side::Driver => (at, 2, What::Host(bytes)),
        Side::Modem => (at, 3, What::Modem(bytes)),
    }));
    all.sort_by_key(|(at, order, _)| (*at, *order));
    let finds = bench.drivers[0].profile().name;
    let fact = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let facts = vec![
        fact("source", &format!("from the emulated firmware ({}), not from a modem", model.name)),
        fact("what", "the start, a call in with its identification, messages that wait, a call out"),
        fact("finds", finds),
    ];
    let entries = all.into_iter().map(|(at, _, what)| Entry { at: ms(at), what }).collect();
    Transcript { facts, entries }
}

#[test]
#[ignore = "writes the transcripts of the emulated models anew"]
fn write_transcripts() {
    for model in modem::PROFILES {
        let path = directory().join(format!("emulated-{}.txt", model.name));
        std::fs::write(path, told_by(model).to_string()).unwrap();
    }
}
