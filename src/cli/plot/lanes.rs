//! What was decoded, in lanes by kind, in a bounded number of marks; and where their labels go.

use super::super::decode::{Found, GREETING_END, TONE_END, tone_name};

/// Most marks of a lane. Beyond it, marks are joined that a picture could not tell apart.
const MOST_MARKS: usize = 2_000;
/// Marks that are joined lie closer than this share of the whole.
const CLOSE: f64 = 1.0 / 600.0;
/// Most characters of a label and of a detail.
const MOST_LABEL: usize = 60;
const MOST_DETAIL: usize = 400;
/// Seconds of a byte at 1200 bit/s.
const BYTE: f64 = 10.0 / 1_200.0;

/// How a mark looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Digit,
    CallerId,
    Damaged,
    Alerting,
    Tone,
    Hint,
}

impl Look {
    /// Class in the style sheet.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Digit => "digit",
            Self::CallerId => "cid",
            Self::Damaged => "bad",
            Self::Alerting => "cas",
            Self::Tone => "tone",
            Self::Hint => "hint",
        }
    }
}

/// Something from one time to another, in seconds.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) look: Look,
    pub(super) label: String,
    /// What a reader is told who points at it.
    pub(super) detail: String,
    /// How many were joined.
    count: usize,
}

/// The marks of one kind.
#[derive(Debug, Default)]
pub(super) struct Lane {
    marks: Vec<Mark>,
}

impl Lane {
    fn add(&mut self, mark: Mark, now: f64) {
        if self.marks.len() >= MOST_MARKS {
            let close = now * CLOSE;
            let mut joined: Vec<Mark> = Vec::with_capacity(MOST_MARKS);
            for mark in self.marks.drain(..) {
                match joined.last_mut() {
                    // A mark does not get wide by this: what is joined would fall on one place anyway.
                    Some(last) if mark.from - last.to < close && mark.to - last.from < 2.0 * close => last.join(&mark),
                    _ => joined.push(mark),
                }
            }
            self.marks = joined;
        }
        self.marks.push(mark);
    }
}

impl Mark {
    fn join(&mut self, next: &Self) {
        self.to = self.to.max(next.to);
        self.count += next.count;
        if self.look == Look::Digit {
            self.label.push_str(&next.label);
            self.detail = format!("{} digits: {}", self.count, self.label);
        } else {
            let first = self.label.split(" +").next().unwrap_or_default();
            self.label = format!("{first} +{}", self.count - 1);
            if self.detail.chars().count() < MOST_DETAIL {
                self.detail.push('\n');
                self.detail.push_str(&next.detail);
            }
        }
        cut(&mut self.label, MOST_LABEL);
        cut(&mut self.detail, MOST_DETAIL);
        if next.look == Look::Damaged {
            self.look = Look::Damaged;
        }
    }
}

/// Cuts a text to so many characters.
pub(super) fn cut(text: &mut String, most: usize) {
    if let Some((at, _)) = text.char_indices().nth(most) {
        let at = text.char_indices().nth(most.saturating_sub(1)).map_or(at, |(at, _)| at);
        text.truncate(at);
        text.push('…');
    }
}

/// All that was decoded.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    pub(super) digits: Lane,
    pub(super) ids: Lane,
    pub(super) tones: Lane,
    pub(super) hints: Lane,
    /// Whether the tone marked last goes on.
    tone_sounds: bool,
}

impl Lanes {
    /// Marks what was found.
    pub(super) fn mark(&mut self, found: &Found) {
        if found.ev == TONE_END {
            if let Some(tone) = self.tones.marks.last_mut().filter(|_| self.tone_sounds) {
                tone.to = found.t.max(tone.from);
            }
            self.tone_sounds = false;
            return;
        }
        let (kind, words) = found.words();
        let words: Vec<&str> = words.split_whitespace().collect();
        let mut detail = format!("{:.3} s  {kind}: {}", found.t, words.join(" "));
        cut(&mut detail, MOST_DETAIL);
        let seconds = |ms: Option<u32>| f64::from(ms.unwrap_or(0)) / 1_000.0;
        let length = seconds(found.duration_ms);
        let (lane, look, label, from, to) = match found.ev {
            "dtmf" => {
                let from = found.start.unwrap_or(found.t);
                (&mut self.digits, Look::Digit, found.digit.map(String::from), from, from + length)
            }
            "cid" => {
                let bytes = found.raw.as_ref().map_or(0, |raw| raw.len() / 2);
                let (look, label) = match &found.fields {
                    Some(fields) => (Look::CallerId, fields.label()),
                    None => (Look::Damaged, "damaged".to_owned()),
                };
                (&mut self.ids, look, Some(label), (found.t - bytes as f64 * BYTE).max(0.0), found.t)
            }
            "dtmfclip" => {
                let label = found.number.clone().or_else(|| found.reason.map(|r| reason(r).to_owned()));
                (&mut self.ids, Look::CallerId, label, found.t, found.t)
            }
            "cas" => {
                let label = Some("alerting tone".to_owned());
                (&mut self.ids, Look::Alerting, label, (found.t - length).max(0.0), found.t)
            }
            "tone" => {
                if let Some(before) = self.tones.marks.last_mut().filter(|_| self.tone_sounds) {
                    before.to = found.t;
                }
                // Answering tones have no end of their own.
                let word = found.tone.unwrap_or_default();
                self.tone_sounds = !matches!(word, "cng" | "ced" | "ans" | "ansam");
                (&mut self.tones, Look::Tone, Some(short_name(word)), found.t, found.t)
            }
            GREETING_END => {
                let label = Some(format!("greeting {:.1} s", seconds(found.greeting_ms)));
                (&mut self.hints, Look::Hint, label, found.t, found.t)
            }
            _ => {
                let label = found.hint.map(str::to_owned);
                (&mut self.hints, Look::Hint, label, (found.t - length).max(0.0), found.t)
            }
        };
        let mut label = super::super::output::Printable(&label.unwrap_or_default()).to_string();
        cut(&mut label, MOST_LABEL);
        lane.add(Mark { from, to, look, label, detail, count: 1 }, found.t);
    }

    /// The marks of all lanes, up to the end in seconds: name and marks.
    pub(super) fn all(&self, end: f64) -> [(&'static str, Vec<Mark>); 4] {
        let mut tones = self.tones.marks.clone();
        if let Some(tone) = tones.last_mut().filter(|_| self.tone_sounds) {
            tone.to = end.max(tone.from);
        }
        [
            ("Digits", self.digits.marks.clone()),
            ("Caller ID", self.ids.marks.clone()),
            ("Tones", tones),
            ("Hints", self.hints.marks.clone()),
        ]
    }
}

fn reason(letter: &str) -> &'static str {
    if letter == "P" { "withheld" } else { "not available" }
}

/// A tone's name without explanation.
fn short_name(word: &str) -> String {
    match word {
        "cng" => "CNG",
        "ced" => "CED",
        "ans" => "ANS",
        "ansam" => "ANSam",
        "sit" => "SIT",
        other => tone_name(other).split(" (").next().unwrap_or_default().trim_end_matches(" tone"),
    }
    .to_owned()
}

/// A mark in the picture: where it is, in which row, and its label with its place.
#[derive(Debug)]
pub(super) struct Placed<'a> {
    pub(super) mark: &'a Mark,
    pub(super) x: f64,
    pub(super) width: f64,
    pub(super) row: usize,
    pub(super) label: Option<Label>,
}

/// A label: left end, and text.
#[derive(Debug)]
pub(super) struct Label {
    pub(super) x: f64,
    pub(super) text: String,
}

/// Width of a text, estimated from above.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    let letters: f64 = text
        .chars()
        .map(|c| match c {
            'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '|' | '\'' | ' ' | '(' | ')' => 0.4,
            'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.95,
            'A'..='Z' | '0'..='9' | '#' | '+' | '…' | '-' => 0.72,
            c if c.is_ascii() => 0.62,
            _ => 1.0,
        })
        .sum();
    letters * size
}

/// Places marks and labels in at most `rows` rows, so that no label lies over another, or over a mark. `x` tells the place
/// of a time; labels are `size` high and stay between `left` and `right`. Answers the number of rows used, at least 1.
pub(super) fn place<'a>(
    marks: &'a [Mark],
    rows: usize,
    x: impl Fn(f64) -> f64,
    (left, right): (f64, f64),
    size: f64,
) -> (Vec<Placed<'a>>, usize) {
    const GAP: f64 = 5.0;
    // Where each row is taken up to.
    let mut taken = vec![f64::NEG_INFINITY; rows];
    let mut used = 1;
    let mut placed = Vec::with_capacity(marks.len());
    for mark in marks {
        let (from, to) = (x(mark.from).clamp(left, right), x(mark.to).clamp(left, right));
        let (from, width) = (from.min(right - 2.0), (to - from).max(2.0));
        let wide = text_width(&mark.label, size);
        // Inside if it fits, else behind; at the right edge, before.
        let inside = wide + 2.0 * GAP <= width;
        let (start, text_x, end) = if inside {
            (from, from + GAP, from + width)
        } else if from + width + GAP + wide <= right {
            (from, from + width + GAP, from + width + GAP + wide)
        } else {
            (from - GAP - wide, from - GAP - wide, from + width)
        };
        let free = taken.iter().position(|taken| start >= *taken && start >= left);
        if let (Some(row), false) = (free, mark.label.is_empty()) {
            taken[row] = end + if inside { -0.5 } else { GAP };
            used = used.max(row + 1);
            placed.push(Placed {
                mark,
                x: from,
                width,
                row,
                label: Some(Label { x: text_x, text: mark.label.clone() }),
            });
            continue;
        }
        // Without a label, it goes where it hides none.
        let row = taken.iter().position(|taken| from >= *taken - GAP);
        if let Some(row) = row {
            taken[row] = taken[row].max(from + width + 1.0);
            used = used.max(row + 1);
            placed.push(Placed { mark, x: from, width, row, label: None });
        }
    }
    (placed, used)
}

/// Labels for digits: the digits themselves over their marks, and where they stand close, all of them as one text. `x`
/// tells the place of a time; labels are `size` high and do not lie over each other.
pub(super) fn digit_labels(marks: &[Mark], x: impl Fn(f64) -> f64, (left, right): (f64, f64), size: f64) -> Vec<Label> {
    const GAP: f64 = 4.0;
    let alone = text_width("0", size) + GAP;
    // Runs of digits that stand too close for labels of their own: ends and digits.
    let mut runs: Vec<(f64, f64, String)> = Vec::new();
    for mark in marks {
        let (from, to) = (x(mark.from).clamp(left, right), x(mark.to).clamp(left, right));
        match runs.last_mut() {
            Some((first, last, text)) if (from + to) / 2.0 - (*last).max(*first) < alone => {
                text.push_str(&mark.label);
                *last = (from + to) / 2.0;
            }
            _ => runs.push(((from + to) / 2.0, (from + to) / 2.0, mark.label.clone())),
        }
    }
    let mut labels = Vec::new();
    let mut free = left;
    for (n, (from, to, text)) in runs.iter().enumerate() {
        // Up to where the next digits need their own room.
        let limit = runs.get(n + 1).map_or(right, |next| next.0 - alone / 2.0);
        let wide = text_width(text, size);
        let start = ((from + to - wide) / 2.0).min(limit - wide).max(free);
        let text = shortened(text, limit - start, size);
        if !text.is_empty() {
            free = start + text_width(&text, size) + GAP;
            labels.push(Label { x: start, text });
        }
    }
    labels
}

/// As much of a text as fits into `room`.
fn shortened(text: &str, room: f64, size: f64) -> String {
    if text_width(text, size) <= room + 0.5 {
        return text.to_owned();
    }
    let mut wide = text_width("…", size);
    let shown: String = text
        .chars()
        .take_while(|c| {
            wide += text_width(c.encode_utf8(&mut [0; 4]), size);
            wide <= room
        })
        .collect();
    if shown.is_empty() { shown } else { shown + "…" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(from: f64, to: f64, label: &str) -> Mark {
        Mark { from, to, look: Look::Tone, label: label.into(), detail: String::new(), count: 1 }
    }

    /// Labels and marks of a row, as spans.
    fn overlaps(placed: &[Placed<'_>]) -> bool {
        let mut spans: Vec<(usize, f64, f64)> = Vec::new();
        for p in placed {
            let own = p.label.as_ref().map(|l| (p.row, l.x, l.x + text_width(&l.text, 11.0)));
            if own.is_some_and(|o| spans.iter().any(|s| s.0 == o.0 && s.1 < o.2 && o.1 < s.2)) {
                return true;
            }
            if p.label.is_none() && spans.iter().any(|s| s.0 == p.row && s.1 < p.x + p.width && p.x < s.2 - 5.0) {
                return true;
            }
            spans.extend(own);
        }
        false
    }

    #[test]
    fn labels_never_lie_over_each_other() {
        for (count, step) in [(3, 200.0), (10, 30.0), (200, 3.0), (1_000, 0.7)] {
            let marks: Vec<Mark> =
                (0..count).map(|n| mark(f64::from(n) * step, f64::from(n) * step + 1.0, "caller 5551234")).collect();
            let (placed, used) = place(&marks, 3, |t| 50.0 + t, (50.0, 800.0), 11.0);
            assert!(!overlaps(&placed), "{count}: {placed:?}");
            assert!((1..=3).contains(&used));
            assert!(placed.iter().all(|p| p.x >= 50.0 && p.x + p.width <= 800.1));
            assert!(placed.iter().filter_map(|p| p.label.as_ref()).all(|l| l.x >= 50.0));
            assert!(placed.iter().any(|p| p.label.is_some()));
        }
    }

    #[test]
    fn digits_that_stand_close_are_one_text() {
        let digits = |step: f64| -> Vec<Mark> {
            "5551234"
                .chars()
                .enumerate()
                .map(|(n, c)| mark(n as f64 * step, n as f64 * step + 1.0, &c.to_string()))
                .collect()
        };
        let texts = |step| -> Vec<String> {
            digit_labels(&digits(step), |t| 100.0 + t, (50.0, 800.0), 11.0).into_iter().map(|l| l.text).collect()
        };
        assert_eq!(texts(50.0), ["5", "5", "5", "1", "2", "3", "4"]);
        assert_eq!(texts(9.0), ["5551234"]);
        assert_eq!(texts(2.0), ["5551234"]);
        // Runs with little room between them: cut, but each over its marks.
        let crowded: Vec<Mark> = (0..40)
            .flat_map(|n| (0..7).map(move |d| mark(f64::from(n * 25 + d), f64::from(n * 25 + d), "8")))
            .collect();
        for labels in [
            digit_labels(&digits(0.0), |_| 800.0, (50.0, 800.0), 11.0),
            digit_labels(&crowded, |t| 50.0 + t, (50.0, 1_100.0), 11.0),
        ] {
            assert!(!labels.is_empty());
            assert!(labels.windows(2).all(|w| w[0].x + text_width(&w[0].text, 11.0) <= w[1].x));
            assert!(labels.iter().all(|l| l.x >= 50.0 && l.x + text_width(&l.text, 11.0) <= 1_101.0));
        }
    }

    #[test]
    fn marks_are_bounded_and_none_is_lost() {
        let mut lane = Lane::default();
        for n in 0..50_000u32 {
            let t = f64::from(n) * 0.1;
            lane.add(Mark { look: Look::Digit, ..mark(t, t + 0.05, "7") }, t);
        }
        assert!(lane.marks.len() <= MOST_MARKS, "{}", lane.marks.len());
        assert_eq!(lane.marks.iter().map(|m| m.count).sum::<usize>(), 50_000);
        assert!(
            lane.marks.iter().all(|m| m.label.chars().count() <= MOST_LABEL && m.detail.chars().count() <= MOST_DETAIL)
        );
        assert!(lane.marks.iter().all(|m| m.to - m.from < 5_000.0 / 200.0));
    }

    #[test]
    fn texts_are_cut_at_characters() {
        let mut text = "ééééé".to_owned();
        cut(&mut text, 5);
        assert_eq!(text, "ééééé");
        cut(&mut text, 3);
        assert_eq!(text, "éé…");
    }
}
