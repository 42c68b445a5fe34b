//! Tones that a program has asked to be told of, in the form in which a device watches for them.

use loopstart_signal::monitor::{self, Monitor};
use loopstart_signal::{MAX_WATCHED_TONES, ToneWatch};

/// Watches for the tones of one list. To make one takes memory, so it is made outside of the event thread and handed to the
/// device ([`LineDevice::equip`](crate::LineDevice::equip)) before the action that asks for the tones.
#[derive(Debug)]
pub struct ToneWatcher {
    list: ToneWatch,
    monitor: Monitor,
}

impl ToneWatcher {
    /// For the tones of `list`.
    ///
    /// # Errors
    /// When a tone of the list cannot be watched for: see [`monitor::Tone`].
    pub fn new(list: &ToneWatch) -> Result<Self, monitor::Error> {
        let mut tones = [monitor::Tone::default(); MAX_WATCHED_TONES];
        for (tone, wanted) in tones.iter_mut().zip(list.as_slice()) {
            tone.hz = wanted.hz.map(u32::from);
            tone.duration_ms = wanted.duration_ms;
        }
        let tones = tones.get(..list.as_slice().len()).unwrap_or_default();
        Ok(Self { list: *list, monitor: Monitor::new(tones)? })
    }

    /// Whether it was made for this list.
    pub(super) fn is_for(&self, list: &ToneWatch) -> bool {
        self.list == *list
    }

    /// Takes samples; tells the place in the list of each tone that is heard.
    pub(super) fn hear(&mut self, samples: &[i16], sink: &mut impl FnMut(u8)) {
        self.monitor.process(samples, &mut |event| sink(event.index as u8));
    }

    /// Forgets what was heard.
    pub(super) fn forget(&mut self) {
        self.monitor.reset();
    }
}
