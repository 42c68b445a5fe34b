//! Our ears: everything that the receivers make of a recording.

use loopstart_signal::country::by_code;
use loopstart_signal::{DigitEdge, ProgressTone, answer, cas, cid, clip, dtmf, progress};

/// What was heard.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Heard {
    /// Digits, in order.
    pub(crate) digits: String,
    /// Frames that are believed, in hexadecimal, with their modem.
    pub(crate) frames: Vec<(cid::Carrier, String)>,
    /// Messages by digits.
    pub(crate) clips: Vec<String>,
    /// Alerting tones.
    pub(crate) alerts: usize,
    pub(crate) tones: Vec<ProgressTone>,
    /// Names of what answers; those of voices and greetings are left out.
    pub(crate) answers: Vec<String>,
}

/// Listens with all receivers at once, as in this country.
pub(crate) fn hear(country: &str, samples: &[i16]) -> Heard {
    let country = by_code(country).expect("a country of the table");
    let mut heard = Heard::default();
    let (mut digits, mut frames, mut alerts) = (dtmf::Receiver::new(), cid::Receiver::new(), cas::Detector::new());
    let (mut clips, mut tones, mut answers) =
        (clip::Receiver::new(country), progress::Detector::new(country), answer::Detector::new());
    let mut at = 0;
    for block in samples.chunks(160) {
        digits.process(block, &mut |e| {
            if e.edge == DigitEdge::Begin {
                heard.digits.push(char::from(e.symbol));
            }
            heard.clips.extend(clips.digit(&e).map(|m| m.digits.as_str().to_owned()));
        });
        at += block.len() as u64;
        heard.clips.extend(clips.expire(at).map(|m| m.digits.as_str().to_owned()));
        frames.process(block, &mut |e| {
            let cid::Event::Frame { ok, raw, carrier, .. } = e;
            if ok {
                heard.frames.push((carrier, raw.iter().map(|b| format!("{b:02x}")).collect()));
            }
        });
        alerts.process(block, &mut |_| heard.alerts += 1);
        tones.process(block, &mut |e| {
            answers.hint(e.kind);
            if let progress::Kind::Tone(t) = e.kind {
                heard.tones.push(t);
            }
        });
        answers.process(block, &mut |e| {
            let name = format!("{:?}", e.kind);
            let name = name.split([' ', '(', '{']).next().unwrap_or_default();
            if !name.starts_with("Greeting") && name != "Machine" {
                heard.answers.push(name.to_owned());
            }
        });
    }
    heard
}
