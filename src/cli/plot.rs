//! A picture of a recording: waveform, spectrogram, and what was decoded, on one axis of time.
//!
//! The picture is an SVG file that stands alone. What it shows is gathered while the recording is heard, in a bounded
//! number of columns and marks, so that neither memory nor the picture grow with the length of the recording. Texts may
//! come from a caller: they are escaped for XML, and control characters are spelled out.

mod columns;
mod lanes;
mod png;

use super::decode::Found;
use super::output::Printable;
use crate::signal::SAMPLE_RATE;
use columns::{Envelope, LINES, Spectrogram};
use lanes::{Lanes, Look, cut, digit_labels, place};
use std::fmt::{self, Write as _};

/// Width of the picture, and left and right edge of what has an axis of time.
const WIDTH: f64 = 1_200.0;
const LEFT: f64 = 76.0;
const RIGHT: f64 = 1_120.0;
/// Heights of the head, the waveform, the spectrogram, the space between two parts, and a row of a lane.
const HEAD: f64 = 64.0;
const WAVE: f64 = 130.0;
const SPECTRUM: f64 = 230.0;
const SPACE: f64 = 16.0;
const ROW: f64 = 20.0;
/// Most rows of a lane.
const ROWS: usize = 3;
/// Height of labels.
const SIZE: f64 = 11.0;
/// Most characters of the title.
const TITLE: usize = 90;
/// Levels at the two ends of the colours, in dBm0.
const LEVELS: (f32, f32) = (-75.0, -5.0);
/// Colours from the weakest level to the strongest, at equal distances; between them they are mixed.
const COLOURS: [png::Colour; 6] =
    [[8, 10, 28], [40, 24, 92], [116, 32, 118], [196, 58, 92], [246, 132, 62], [254, 238, 176]];
/// Distances of the ticks of the time axis, in seconds.
const STEPS: [f64; 25] = [
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0,
    900.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0, 28_800.0,
];
/// Most ticks.
const MOST_TICKS: f64 = 15.0;

/// Light by default; dark where the reader's screen is.
const STYLE: &str = "\
text{font-family:Inter,'Segoe UI',Roboto,'Helvetica Neue',Arial,'Noto Sans','DejaVu Sans',sans-serif;font-size:11px;fill:#334155}
.back{fill:#ffffff}.panel{fill:#f8fafc;stroke:#cbd5e1}.grid{stroke:#e2e8f0}.over{stroke:#ffffff;stroke-opacity:.13}
.name{font-size:17px;font-weight:600;fill:#0f172a}.about{font-size:12px;fill:#64748b}.lane{font-weight:600}.unit{fill:#64748b}
.end{text-anchor:end}.mid{text-anchor:middle}.none{fill:#94a3b8}
.wave{fill:#7aa7f5;stroke:#5b8def;stroke-width:.7;stroke-linejoin:round}.rms{fill:#1d4ed8}
.digit{fill:#2563eb}.cid{fill:#15803d}.bad{fill:#dc2626}.cas{fill:#0e7490}.tone{fill:#c2610c}.hint{fill:#7c3aed}
.key{font-weight:600;fill:#1e3a8a}.inside{fill:#ffffff;font-weight:600}
@media (prefers-color-scheme:dark){
text{fill:#cbd5e1}.back{fill:#0f172a}.panel{fill:#162033;stroke:#334155}.grid{stroke:#26334a}
.name{fill:#f1f5f9}.about,.unit{fill:#94a3b8}.none{fill:#64748b}.wave{fill:#2f62b5;stroke:#3b74cf}.rms{fill:#93c5fd}.digit{fill:#60a5fa}.cid{fill:#4ade80}
.bad{fill:#f87171}.cas{fill:#22d3ee}.tone{fill:#fb923c}.hint{fill:#c4b5fd}.key{fill:#bfdbfe}.inside{fill:#0f172a}}";

/// What stands over a picture.
#[derive(Debug)]
pub(super) struct Labels {
    /// Name of the recording.
    pub(super) title: String,
    /// What it is made of.
    pub(super) about: String,
}

/// What a picture will show.
#[derive(Debug)]
pub(super) struct Plot {
    samples: u64,
    envelope: Envelope,
    spectrogram: Spectrogram,
    lanes: Lanes,
}

impl Plot {
    /// Of nothing yet.
    pub(super) fn new() -> Self {
        Self { samples: 0, envelope: Envelope::new(), spectrogram: Spectrogram::new(), lanes: Lanes::default() }
    }

    /// Takes the next samples.
    pub(super) fn hear(&mut self, samples: &[i16]) {
        self.samples += samples.len() as u64;
        self.envelope.hear(samples);
        self.spectrogram.hear(samples);
    }

    /// Takes what was decoded.
    pub(super) fn mark(&mut self, found: &Found) {
        self.lanes.mark(found);
    }

    /// The picture, as an SVG file.
    pub(super) fn svg(&self, labels: &Labels) -> String {
        let seconds = self.samples as f64 / f64::from(SAMPLE_RATE);
        let time = Axis { seconds: seconds.max(1.0 / f64::from(SAMPLE_RATE)) };
        let mut svg = Svg(String::with_capacity(1 << 19));
        // Its height is known at the end.
        let mut body = Svg(String::with_capacity(1 << 19));
        let title = body.head(labels, seconds);
        let mut top = HEAD;
        body.wave(&self.envelope, self.samples, &time, top);
        top += WAVE + SPACE;
        body.spectrum(&self.spectrogram, self.samples, &time, top);
        top += SPECTRUM + SPACE;
        for (n, (name, marks)) in self.lanes.all(time.seconds).iter().enumerate() {
            top += body.lane(name, marks, &time, top, n == 0) + 4.0;
        }
        top = body.time_axis(&time, top);
        let height = top + 12.0;
        svg.put(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"{WIDTH}\" \
             height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n<title>{title}</title>\n<style>{STYLE}</style>\n\
             <rect class=\"back\" width=\"{WIDTH}\" height=\"{height}\"/>\n"
        ));
        svg.0.push_str(&body.0);
        svg.put(format_args!("</svg>\n"));
        svg.0
    }
}

/// Text for XML: markup is escaped, and what is no character of XML, or would disturb a reader, is spelled out.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.0.split_inclusive('\n') {
            // Line ends are our own, between the details of marks.
            let (text, end) = line.strip_suffix('\n').map_or((line, ""), |text| (text, "&#10;"));
            for c in Printable(text).to_string().replace("\\\\", "\\").chars() {
                match c {
                    '&' => f.write_str("&amp;")?,
                    '<' => f.write_str("&lt;")?,
                    '>' => f.write_str("&gt;")?,
                    '"' => f.write_str("&quot;")?,
                    '\'' => f.write_str("&#39;")?,
                    '\u{fffe}' | '\u{ffff}' => f.write_char('\u{fffd}')?,
                    c => f.write_char(c)?,
                }
            }
            f.write_str(end)?;
        }
        Ok(())
    }
}

/// The axis of time.
struct Axis {
    seconds: f64,
}

impl Axis {
    /// The place of a time.
    fn x(&self, t: f64) -> f64 {
        LEFT + (t / self.seconds).clamp(0.0, 1.0) * (RIGHT - LEFT)
    }

    /// The distance of two ticks.
    fn step(&self) -> f64 {
        let least = self.seconds / MOST_TICKS;
        STEPS.into_iter().find(|step| *step >= least).unwrap_or_else(|| {
            // Whole days.
            (least / 86_400.0).ceil() * 86_400.0
        })
    }

    /// Times with ticks.
    fn ticks(&self) -> impl Iterator<Item = f64> + '_ {
        let step = self.step();
        let count = (self.seconds / step * (1.0 + 1e-9)) as u32;
        (0..=count).map(move |n| f64::from(n) * step)
    }

    /// The unit of the labels.
    fn unit(&self) -> &'static str {
        match self.seconds {
            ..=1.0 => "time, ms",
            ..=120.0 => "time, s",
            ..=3_600.0 => "time, min:s",
            _ => "time, h:min:s",
        }
    }

    fn label(&self, t: f64) -> String {
        let decimals = if self.step() < 1.0 { 1 } else { 0 };
        let whole = t.round() as u64;
        match self.seconds {
            ..=1.0 => format!("{:.0}", t * 1_000.0),
            ..=120.0 => format!("{t:.decimals$}"),
            ..=3_600.0 => format!("{}:{:02}", whole / 60, whole % 60),
            _ => format!("{}:{:02}:{:02}", whole / 3_600, whole / 60 % 60, whole % 60),
        }
    }
}

/// The length of a recording, for people.
fn length(seconds: f64) -> String {
    if seconds < 120.0 {
        return format!("{seconds:.2} s");
    }
    let whole = seconds.round() as u64;
    if whole < 3_600 {
        format!("{} min {:02} s", whole / 60, whole % 60)
    } else {
        format!("{} h {:02} min {:02} s", whole / 3_600, whole / 60 % 60, whole % 60)
    }
}

/// The file as it grows.
struct Svg(String);

impl Svg {
    fn put(&mut self, text: fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = self.0.write_fmt(text);
    }

    fn text(&mut self, class: &str, x: f64, y: f64, text: &str) {
        self.put(format_args!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>\n", Escaped(text)));
    }

    /// Title and what the recording is; answers the title, escaped.
    fn head(&mut self, labels: &Labels, seconds: f64) -> String {
        let mut title = labels.title.clone();
        cut(&mut title, TITLE);
        self.text("name", LEFT, 30.0, &title);
        self.text("about", LEFT, 49.0, &format!("{}  ·  {}", length(seconds), labels.about));
        format!("{}, {}", Escaped(&title), length(seconds))
    }

    fn panel(&mut self, top: f64, height: f64) {
        let width = RIGHT - LEFT;
        self.put(format_args!(
            "<rect class=\"panel\" x=\"{LEFT}\" y=\"{top:.1}\" width=\"{width}\" height=\"{height:.1}\"/>\n"
        ));
    }

    /// Lines at the ticks of the time axis.
    fn grid(&mut self, class: &str, time: &Axis, top: f64, height: f64) {
        let lines: String = time
            .ticks()
            .map(|t| time.x(t))
            .filter(|x| (LEFT + 1.0..RIGHT - 1.0).contains(x))
            .fold(String::new(), |lines, x| lines + &format!("M{x:.1} {top:.1}v{height:.1}"));
        self.put(format_args!("<path class=\"{class}\" d=\"{lines}\"/>\n"));
    }

    fn wave(&mut self, envelope: &Envelope, samples: u64, time: &Axis, top: f64) {
        self.panel(top, WAVE);
        self.grid("grid", time, top, WAVE);
        let count = envelope.len().min((RIGHT - LEFT) as usize);
        let share = |sample: i16| f64::from(sample) / 32_768.0;
        let parts: Vec<columns::Part> = envelope.parts(count, samples).collect();
        let peak = parts.iter().fold(0.0f64, |peak, p| peak.max(-share(p.lowest)).max(share(p.highest)));
        let scale = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5].into_iter().find(|s| *s >= peak).unwrap_or(1.0);
        let middle = top + WAVE / 2.0;
        let y = |value: f64| middle - value / scale * (WAVE / 2.0 - 6.0);
        for (value, label) in [(scale, format!("{scale}")), (0.0, "0".into()), (-scale, format!("\u{2212}{scale}"))] {
            let at = y(value);
            self.put(format_args!("<path class=\"grid\" d=\"M{LEFT} {at:.1}H{RIGHT}\"/>\n"));
            self.text("end", LEFT - 7.0, at + 4.0, &label);
        }
        self.side("amplitude", top + WAVE / 2.0);
        let x = |n: usize| LEFT + n as f64 / count.max(1) as f64 * (RIGHT - LEFT);
        let shape = |edges: &dyn Fn(&columns::Part) -> (f64, f64)| {
            let mut path = String::new();
            for (n, part) in parts.iter().enumerate() {
                let command = if n == 0 { 'M' } else { 'L' };
                let _ = write!(path, "{command}{:.1} {:.1}", x(n), y(edges(part).1));
            }
            for (n, part) in parts.iter().enumerate().rev() {
                let _ = write!(path, "L{:.1} {:.1}", x(n + 1).min(RIGHT), y(edges(part).0));
            }
            path
        };
        if !parts.is_empty() {
            let outer = shape(&|p| (share(p.lowest), share(p.highest)));
            self.put(format_args!("<path class=\"wave\" d=\"{outer}Z\"/>\n"));
        }
        // Where a part holds several periods, its effective value says more than its peaks.
        if samples > 16 * count as u64 {
            let inner = shape(&|p| {
                let effective = f64::from(p.power.sqrt()) / 32_768.0;
                ((-effective).max(share(p.lowest)), effective.min(share(p.highest)))
            });
            self.put(format_args!("<path class=\"rms\" d=\"{inner}Z\"/>\n"));
        }
    }

    /// A name along the left edge.
    fn side(&mut self, name: &str, y: f64) {
        self.put(format_args!(
            "<text class=\"unit mid\" transform=\"translate(20 {y:.1}) rotate(-90)\">{}</text>\n",
            Escaped(name)
        ));
    }

    fn spectrum(&mut self, spectrogram: &Spectrogram, samples: u64, time: &Axis, top: f64) {
        self.panel(top, SPECTRUM);
        let columns = spectrogram.columns();
        if samples > 0 && !columns.is_empty() {
            let share = |level: f32| ((level - LEVELS.0) / (LEVELS.1 - LEVELS.0)).clamp(0.0, 1.0);
            let rows: Vec<Vec<u8>> =
                (0..LINES).rev().map(|line| columns.iter().map(|c| (share(c[line]) * 255.0) as u8).collect()).collect();
            let picture = png::base64(&png::png(u32::try_from(columns.len()).unwrap_or(0), &rows, &palette()));
            // The last column may reach beyond the end.
            let end = Spectrogram::end(columns.len(), spectrogram.width()) as f64 / samples as f64;
            let (width, clip) = ((RIGHT - LEFT) * end, RIGHT - LEFT);
            self.put(format_args!(
                "<svg x=\"{LEFT}\" y=\"{top:.1}\" width=\"{clip}\" height=\"{SPECTRUM}\" overflow=\"hidden\">\
                 <image width=\"{width:.2}\" height=\"{SPECTRUM}\" preserveAspectRatio=\"none\" \
                 xlink:href=\"data:image/png;base64,{picture}\"/></svg>\n"
            ));
        }
        self.grid("over", time, top, SPECTRUM);
        for khz in 0..=4u32 {
            let y = top + SPECTRUM * (1.0 - f64::from(khz) / 4.0);
            if (1..4).contains(&khz) {
                self.put(format_args!("<path class=\"over\" d=\"M{LEFT} {y:.1}H{RIGHT}\"/>\n"));
            }
            self.text("end", LEFT - 7.0, y + 4.0, &khz.to_string());
        }
        self.side("frequency, kHz", top + SPECTRUM / 2.0);
        self.scale(top);
    }

    /// What the colours mean.
    fn scale(&mut self, top: f64) {
        let x = RIGHT + 14.0;
        let last = COLOURS.len() - 1;
        self.put(format_args!("<linearGradient id=\"levels\" x1=\"0\" y1=\"1\" x2=\"0\" y2=\"0\">"));
        for (n, [r, g, b]) in COLOURS.into_iter().enumerate() {
            let offset = n as f64 / last as f64;
            self.put(format_args!("<stop offset=\"{offset:.2}\" stop-color=\"#{r:02x}{g:02x}{b:02x}\"/>"));
        }
        self.put(format_args!(
            "</linearGradient>\n<rect x=\"{x}\" y=\"{top:.1}\" width=\"10\" height=\"{SPECTRUM}\" fill=\"url(#levels)\"/>\n"
        ));
        for level in [-10.0, -30.0, -50.0, -70.0f32] {
            let share = f64::from((level - LEVELS.0) / (LEVELS.1 - LEVELS.0));
            let label = format!("\u{2212}{:.0}", -level);
            self.text("", x + 14.0, top + SPECTRUM * (1.0 - share) + 4.0, &label);
        }
        let y = top + SPECTRUM / 2.0;
        self.put(format_args!(
            "<text class=\"unit mid\" transform=\"translate({} {y:.1}) rotate(-90)\">dBm0</text>\n",
            x + 52.0
        ));
    }

    /// A lane with its marks; answers its height.
    fn lane(&mut self, name: &str, marks: &[lanes::Mark], time: &Axis, top: f64, is_digits: bool) -> f64 {
        let x = |t: f64| time.x(t);
        let edges = (LEFT + 1.0, RIGHT - 1.0);
        let (placed, rows) = if is_digits { (Vec::new(), 1) } else { place(marks, ROWS, x, edges, SIZE) };
        let height = if is_digits && !marks.is_empty() { 34.0 } else { rows as f64 * ROW + 6.0 };
        self.panel(top, height);
        self.grid("grid", time, top, height);
        self.text("lane end", LEFT - 7.0, top + if is_digits && !marks.is_empty() { 28.0 } else { 17.0 }, name);
        if marks.is_empty() {
            self.text("none mid", (LEFT + RIGHT) / 2.0, top + 17.0, "none");
        }
        if is_digits {
            for mark in marks {
                let (from, to) = (x(mark.from).clamp(edges.0, edges.1), x(mark.to).clamp(edges.0, edges.1));
                self.mark(mark, from.min(edges.1 - 1.5), (to - from).max(1.5), top + 20.0, 10.0);
            }
            for label in digit_labels(marks, x, edges, SIZE) {
                self.text("key", label.x, top + 14.0, &label.text);
            }
        }
        for p in &placed {
            let y = top + 4.0 + p.row as f64 * ROW;
            self.mark(p.mark, p.x, p.width, y, ROW - 2.0);
            if let Some(label) = &p.label {
                let inside = label.x >= p.x && label.x < p.x + p.width;
                self.text(if inside { "inside" } else { "" }, label.x, y + 13.0, &label.text);
            }
        }
        height
    }

    fn mark(&mut self, mark: &lanes::Mark, x: f64, width: f64, y: f64, height: f64) {
        let class = mark.look.class();
        let round = if width > 6.0 && mark.look != Look::Digit { 2.5 } else { 0.0 };
        self.put(format_args!(
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"{round}\">\
             <title>{}</title></rect>\n",
            Escaped(&mark.detail)
        ));
    }

    /// Ticks and their labels; answers where it ends.
    fn time_axis(&mut self, time: &Axis, top: f64) -> f64 {
        for t in time.ticks() {
            let x = time.x(t);
            self.put(format_args!("<path class=\"grid\" stroke-width=\"1.5\" d=\"M{x:.1} {top:.1}v5\"/>\n"));
            self.text("mid", x, top + 17.0, &time.label(t));
        }
        self.text("unit mid", (LEFT + RIGHT) / 2.0, top + 35.0, time.unit());
        top + 38.0
    }
}

/// The colours of 256 levels.
fn palette() -> Vec<png::Colour> {
    let last = COLOURS.len() - 1;
    (0..256u32)
        .map(|n| {
            let place = f64::from(n) / 255.0 * last as f64;
            let at = (place as usize).min(last - 1);
            let share = place - at as f64;
            let (from, to) = (COLOURS[at], COLOURS[at + 1]);
            std::array::from_fn(|c| (f64::from(from[c]) * (1.0 - share) + f64::from(to[c]) * share).round() as u8)
        })
        .collect()
}

#[cfg(test)]
mod tests;
