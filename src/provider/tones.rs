//! Tones of a call: sent, and watched for.

use crate::line::{Line, Service, Shared};
use crate::media_control::Trigger;
use crate::timers::{ACTION_WATCH, Timer};
use crate::{CallHandle, LineErr, Notification};
use alloc::vec::Vec;
use core::ops::RangeInclusive;
use loopstart_signal::{
    ActionId, ActionKind, Caps, MAX_TONE_PARTS, MAX_WATCHED_TONES, OutTone, Outcome, Time, ToneKind, ToneWatch,
    WatchedTone,
};

/// `LINETONEMODE_` bits: CUSTOM, RINGBACK, BUSY, BEEP, BILLING.
const ALL_TONE_MODES: u32 = 0x1f;
/// Frequencies that can be sent, Hz: the voice band with room for the codec's filters (ITU-T G.712).
const SENT_HZ: RangeInclusive<u16> = 200..=3_800;
/// Frequencies that can be watched for, Hz.
const WATCHED_HZ: RangeInclusive<u16> = 150..=3_800;
/// Greatest level of a sine, dBm0: the load capacity of the mu-law (ITU-T G.711).
const MAX_LEVEL: f32 = 3.17;

/// Modes of tones that can be sent, and components of a custom one, for `LINEDEVCAPS`.
pub(crate) fn generate(caps: Caps) -> (u32, u32) {
    if caps.contains(Caps::SENDS_TONES) { (ALL_TONE_MODES, MAX_TONE_PARTS as u32) } else { (0, 0) }
}

/// Entries of a list of tones to watch for, and frequencies of each, for `LINEDEVCAPS`.
pub(crate) fn monitor(caps: Caps) -> (u32, u32) {
    if caps.contains(Caps::HEARS_TONES) { (MAX_WATCHED_TONES as u32, 3) } else { (0, 0) }
}

/// Tones to report, in lists that the host names by numbers; each with the number it is told by.
#[derive(Debug, Default)]
pub(crate) struct ToneLists(Vec<(u32, Vec<(WatchedTone, u32)>)>);

impl ToneLists {
    /// Entries of all lists but this one.
    fn entries_beside(&self, list: u32) -> impl Iterator<Item = &(WatchedTone, u32)> {
        self.0.iter().filter(move |(id, _)| *id != list).flat_map(|(_, entries)| entries)
    }

    fn put(&mut self, list: u32, entries: Vec<(WatchedTone, u32)>) {
        self.0.retain(|(id, _)| *id != list);
        if !entries.is_empty() {
            self.0.push((list, entries));
        }
    }

    pub(crate) fn tones(&self) -> impl Iterator<Item = &WatchedTone> {
        self.0.iter().flat_map(|(_, entries)| entries).map(|(tone, _)| tone)
    }

    /// List and number of each entry that is this tone.
    fn matching(&self, tone: WatchedTone) -> impl Iterator<Item = (u32, u32)> {
        self.0.iter().flat_map(move |(list, entries)| {
            entries.iter().filter(move |(entry, _)| *entry == tone).map(|&(_, number)| (*list, number))
        })
    }
}

/// What the device watches for.
#[derive(Debug, Default)]
pub(crate) struct Watching {
    /// The running WatchTones.
    pub(crate) running: Option<ActionId>,
    /// What the device was told last.
    asked: ToneWatch,
    /// What it took: its events count along this.
    armed: ToneWatch,
    /// It cannot; it is asked again when the host asks again.
    refused: bool,
}

/// Whether a tone can be watched for: its frequencies are absent or within the band.
pub(crate) fn can_be_watched(tone: &WatchedTone) -> bool {
    tone.hz.iter().all(|hz| *hz == 0 || WATCHED_HZ.contains(hz))
}

/// All of these, each once; none when there are too many.
pub(crate) fn union<'a>(tones: impl Iterator<Item = &'a WatchedTone>) -> Option<ToneWatch> {
    let mut all = ToneWatch::default();
    for tone in tones {
        if !all.as_slice().contains(tone) && !all.push(*tone) {
            return None;
        }
    }
    Some(all)
}

fn can_be_sent(tone: &OutTone) -> bool {
    let ToneKind::Custom(parts) = &tone.tone else { return true };
    let mut any = false;
    for part in parts.iter().filter(|part| part.hz != 0) {
        any = true;
        if !SENT_HZ.contains(&part.hz) || !part.level_dbm0.is_finite() || part.level_dbm0 > MAX_LEVEL {
            return false;
        }
    }
    any
}

impl Line {
    /// Sends a tone, or stops.
    pub(crate) fn generate_tone(
        &mut self,
        sh: &mut Shared,
        h: CallHandle,
        end_to_end: u32,
        tone: Option<OutTone>,
        now: Time,
    ) -> Result<(), LineErr> {
        let Some(tone) = tone else {
            return self.stop_sending(sh, h, now);
        };
        self.check_sending(sh, h)?;
        if !self.caps.contains(Caps::SENDS_TONES) {
            return Err(LineErr::OPERATIONUNAVAIL);
        }
        if !can_be_sent(&tone) {
            return Err(LineErr::INVALTONE);
        }
        let tone = OutTone { duration: tone.duration.filter(|d| !d.is_zero()), ..tone };
        // A tone without an end lasts until it is stopped: nothing to watch. A billing tone ends by itself.
        let watch = match (tone.duration, tone.tone) {
            (Some(duration), _) => Some(duration.saturating_add(ACTION_WATCH)),
            (None, ToneKind::Billing) => Some(ACTION_WATCH),
            (None, _) => None,
        };
        self.start_sending(sh, h, end_to_end, ActionKind::SendTone(tone), watch, now);
        Ok(())
    }

    /// Sets, or removes, a list of tones to report.
    pub(crate) fn monitor_tones(
        &mut self,
        sh: &mut Shared,
        h: CallHandle,
        list: u32,
        tones: Option<Vec<(WatchedTone, u32)>>,
        now: Time,
    ) -> Result<(), LineErr> {
        let tones = tones.unwrap_or_default();
        if !tones.is_empty() {
            let call = sh.call(h).ok_or(LineErr::INVALCALLHANDLE)?;
            if !call.can_be_monitored() {
                return Err(LineErr::INVALCALLSTATE);
            }
            if !self.caps.contains(Caps::HEARS_TONES) {
                return Err(LineErr::OPERATIONUNAVAIL);
            }
            if tones.len() > MAX_WATCHED_TONES || !tones.iter().all(|(tone, _)| can_be_watched(tone)) {
                return Err(LineErr::INVALTONE);
            }
            if call.wishes.tones.entries_beside(list).count() + tones.len() > MAX_WATCHED_TONES {
                return Err(LineErr::RESOURCEUNAVAIL);
            }
            let kept = call.wishes.tones.entries_beside(list).chain(&tones).map(|(tone, _)| tone);
            let controls = self.controls(call).flat_map(|control| &control.tones).map(|(tone, _)| tone);
            if union(kept.chain(controls)).is_none() {
                return Err(LineErr::RESOURCEUNAVAIL);
            }
            self.media.watching.refused = false;
        }
        sh.call_mut(h).ok_or(LineErr::INVALCALLHANDLE)?.wishes.tones.put(list, tones);
        self.settle(sh, now);
        Ok(())
    }

    /// The device is asked again for what it could not watch for.
    pub(crate) fn watch_again(&mut self) {
        self.media.watching.refused = false;
    }

    /// Has the device watch for what somebody wants to know of the call that is up.
    pub(crate) fn follow_tones(&mut self, sh: &mut Shared, now: Time) {
        if self.media.watching.running.is_some() {
            return;
        }
        let able = self.caps.contains(Caps::HEARS_TONES);
        let heard = self.current.and_then(|h| sh.call(h)).filter(|c| able && c.is_heard());
        let wanted = heard.map_or_else(ToneWatch::default, |call| {
            let controls = self.controls(call).flat_map(|control| &control.tones).map(|(tone, _)| tone);
            union(call.wishes.tones.tones().chain(controls)).unwrap_or_default()
        });
        let watching = &self.media.watching;
        let possible = !watching.refused || wanted.as_slice().is_empty();
        if possible && wanted != watching.asked {
            self.watch(sh, wanted, now);
        }
    }

    fn watch(&mut self, sh: &mut Shared, tones: ToneWatch, now: Time) {
        self.media.watching.asked = tones;
        self.media.watching.running = Some(sh.act(self.id(), ActionKind::WatchTones(tones)));
        self.timers.start(Timer::WatchTones, now + ACTION_WATCH);
    }

    /// The line goes on hook: watching ends before.
    pub(crate) fn forget_tones(&mut self, sh: &mut Shared, now: Time) {
        if self.service == Service::Ready && !self.media.watching.asked.as_slice().is_empty() {
            self.watch(sh, ToneWatch::default(), now);
        }
    }

    /// The running WatchTones ended.
    pub(crate) fn watch_ended(&mut self, outcome: Outcome) {
        self.timers.stop(Timer::WatchTones);
        let watching = &mut self.media.watching;
        watching.running = None;
        if outcome == Outcome::Ok {
            watching.armed = watching.asked;
        } else {
            watching.refused = !watching.asked.as_slice().is_empty();
            watching.asked = ToneWatch::default();
            watching.armed = ToneWatch::default();
        }
    }

    /// A tone that is watched for was heard.
    pub(crate) fn tone_heard(&mut self, sh: &mut Shared, index: u8, now: Time) {
        let Some(&tone) = self.media.watching.armed.as_slice().get(usize::from(index)) else { return };
        let Some(h) = self.current.filter(|_| !self.is_releasing()) else { return };
        let Some(call) = sh.call(h).filter(|c| c.is_up() && c.announced) else { return };
        let Some(host) = call.host else { return };
        let (host_line, line, tick) = (call.host_line, call.line, now.millis() as u32);
        let entries: Vec<_> = call.wishes.tones.matching(tone).collect();
        for (list, app_specific) in entries {
            sh.notify(Notification::Tone { host_line, line, host, call: h, app_specific, list, tick });
        }
        self.trigger(sh, h, Trigger::Tone(tone));
    }
}
