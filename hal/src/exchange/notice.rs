//! What the exchange lays over a line: call-waiting tone, alerting tone, caller identification during a call, spoken
//! announcements.

use super::ringer::data_of;
use super::tones::{Player, Signal};
use super::voice::Voice;
use loopstart_signal::cid::{Frame, OFF_HOOK_MARK_BITS, ON_HOOK_MARK_BITS, ON_HOOK_SEIZURE_BITS};
use loopstart_signal::country::Country;
use loopstart_signal::{CallerId, cas, fsk};
use std::time::Duration;

/// Level of each frequency of the alerting tone, dBm0 (GR-30: -15 dBm).
const ALERT_LEVEL: f32 = -15.0;
/// Level of data, dBm0 (GR-30: -13.5 dBm +-1.5).
const DATA_LEVEL: f32 = -13.5;
/// Level of an announcement, dBm0.
const VOICE_LEVEL: f32 = -16.0;

/// See the module's text.
pub(crate) struct Notice {
    tone: Option<(Player, usize)>,
    voice: Option<(Voice, usize)>,
    alert: cas::Sender,
    data: fsk::Sender,
}

fn samples(time: Duration) -> usize {
    usize::try_from(time.as_millis()).unwrap_or(usize::MAX).saturating_mul(8)
}

impl Notice {
    pub(crate) fn new(country: &Country) -> Self {
        Self {
            tone: None,
            voice: None,
            alert: cas::Sender::new(ALERT_LEVEL),
            data: fsk::Sender::new(data_of(country.cid), DATA_LEVEL),
        }
    }

    /// Sends a tone for so long.
    pub(crate) fn tone(&mut self, signal: Signal, country: &Country, time: Duration) {
        self.tone = Some((signal.player(country), samples(time)));
    }

    /// Speaks for so long.
    pub(crate) fn speak(&mut self, time: Duration) {
        self.voice = Some((Voice::new(0xA11, VOICE_LEVEL), samples(time)));
    }

    /// Sends the alerting tone.
    pub(crate) fn alert(&mut self) {
        self.alert.start(cas::Sender::OFF_HOOK);
    }

    /// Sends caller identification as during a call: no channel seizure.
    pub(crate) fn identify(&mut self, id: &CallerId) {
        self.data.clear();
        self.data.load(Frame::from_caller_id(id).bytes(), 0, OFF_HOOK_MARK_BITS);
    }

    /// Sends, to an idle line, whether messages wait (GR-1401-CORE).
    pub(crate) fn messages(&mut self, on: bool) {
        self.data.clear();
        self.data.load(Frame::message_waiting(on).bytes(), ON_HOOK_SEIZURE_BITS, ON_HOOK_MARK_BITS);
    }

    /// Whether caller identification is out.
    pub(crate) fn is_identified(&self) -> bool {
        self.data.is_idle()
    }

    /// Stops at once.
    pub(crate) fn stop(&mut self) {
        self.tone = None;
        self.voice = None;
        self.alert.start(Duration::ZERO);
        self.data.clear();
    }

    /// Adds the next samples to `out`.
    pub(crate) fn mix(&mut self, out: &mut [i16]) {
        if let Some((player, left)) = &mut self.tone {
            let n = (*left).min(out.len());
            player.mix(&mut out[..n]);
            *left -= n;
            if *left == 0 {
                self.tone = None;
            }
        }
        if let Some((voice, left)) = &mut self.voice {
            let n = (*left).min(out.len());
            voice.mix(&mut out[..n]);
            *left -= n;
            if *left == 0 {
                self.voice = None;
            }
        }
        self.alert.mix(out);
        if !self.data.is_idle() {
            self.data.mix(out);
        }
    }
}
