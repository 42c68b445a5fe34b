//! What can be put onto a line or said by a far end: tones, digits, recorded audio.

use super::tones::{Player, Signal};
use loopstart_signal::country::Country;
use loopstart_signal::dtmf;
use std::time::Duration;

/// Level of each tone of a DTMF digit that the exchange sends, dBm0.
const DTMF_LEVEL: f32 = -9.0;
/// Digits are sent with these times.
const DIGIT: Duration = Duration::from_millis(100);

/// Longest recorded audio: ten minutes.
pub const MAX_CLIP: usize = 8_000 * 600;

/// Tones, digits and audio that sound together.
#[derive(Debug)]
pub(crate) struct Source {
    tone: Option<(Player, Option<usize>)>,
    digits: dtmf::Sender,
    clip: Vec<i16>,
    clip_at: usize,
}

impl Source {
    pub(crate) fn new() -> Self {
        Self { tone: None, digits: dtmf::Sender::new(DTMF_LEVEL), clip: Vec::new(), clip_at: 0 }
    }

    /// Sends a tone, for `ms` or until it is replaced.
    pub(crate) fn tone(&mut self, signal: Signal, country: &Country, ms: Option<u32>) {
        let samples = ms.map(|ms| usize::try_from(ms).unwrap_or(usize::MAX).saturating_mul(8));
        self.tone = Some((signal.player(country), samples));
    }

    /// Sends digits after those that wait; `,` is a pause of a second. Answers whether all of them fit.
    pub(crate) fn digits(&mut self, digits: &str) -> bool {
        digits.bytes().all(|symbol| match symbol {
            b',' => self.digits.push_pause(Duration::from_secs(1)),
            symbol => self.digits.push(symbol.to_ascii_uppercase(), DIGIT, DIGIT),
        })
    }

    /// Plays audio instead of what plays now.
    pub(crate) fn play(&mut self, clip: Vec<i16>) {
        self.clip = clip;
        self.clip.truncate(MAX_CLIP);
        self.clip_at = 0;
    }

    /// Stops everything. True when audio was playing.
    pub(crate) fn stop(&mut self) -> bool {
        let playing = !self.clip.is_empty();
        self.tone = None;
        self.digits.clear();
        self.clip = Vec::new();
        self.clip_at = 0;
        playing
    }

    /// Adds the next samples to `out`. True when audio has just been played to its end.
    pub(crate) fn mix(&mut self, out: &mut [i16]) -> bool {
        if let Some((player, left)) = &mut self.tone {
            let n = left.map_or(out.len(), |left| left.min(out.len()));
            player.mix(&mut out[..n]);
            if let Some(left) = left {
                *left -= n;
                if *left == 0 {
                    self.tone = None;
                }
            }
        }
        if !self.digits.is_idle() {
            self.digits.mix(out);
        }
        if self.clip.is_empty() {
            return false;
        }
        let rest = self.clip.get(self.clip_at..).unwrap_or(&[]);
        for (s, x) in out.iter_mut().zip(rest) {
            *s = s.saturating_add(*x);
        }
        self.clip_at += out.len().min(rest.len());
        let over = self.clip_at >= self.clip.len();
        if over {
            self.clip = Vec::new();
            self.clip_at = 0;
        }
        over
    }
}
