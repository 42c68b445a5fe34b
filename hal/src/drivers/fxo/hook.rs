//! Working the hook, and what is known of the battery behind it.

use super::ear::Findings;
use super::run::Phase;
use super::waiting::Waiting;
use super::{BATTERY_POLL, Battery, Call, DEBOUNCE, Fxo, Hook};
use crate::{EventQueue, FxoPort, HookCommand, PortError};
use loopstart_signal::{Failure, Heed, LineEvent, MediaOrder, Outcome, ReleaseWitness, Time, ToneWatch};

impl<P: FxoPort> Fxo<P> {
    /// What was asked for during a call is over with it.
    pub(super) fn forget_call(&mut self) {
        let mut findings = Findings::new();
        self.ear.listen(Heed::empty(), &mut findings);
        self.ear.watch(&ToneWatch::default());
        self.waiting = Waiting::new();
        self.streams.order(MediaOrder::Run);
        self.said = 0;
    }

    pub(super) fn go_off_hook(&mut self, originate: bool, now: Time, events: &mut EventQueue) -> Result<(), PortError> {
        self.port.hook(HookCommand::OffHook)?;
        // The past is not to be heard, and what was to be said on hook is not to be said now. Another error than this
        // one changes nothing: the hook has moved.
        if self.port.flush_audio() == Err(PortError::Gone) {
            return Err(PortError::Gone);
        }
        self.mouth.clear();
        self.mouth.drop_pending();
        self.ear.forget(&mut Findings::new());
        self.ring.answered();
        self.burst = None;
        self.meter.restart(&self.gauge);
        self.hook = Hook::Off(Call { since: now, fresh: originate, released: false, watch: None });
        self.settle_at = Some(now + DEBOUNCE);
        events.push(LineEvent::OffHook);
        Ok(())
    }

    pub(super) fn go_on_hook(&mut self, now: Time, events: &mut EventQueue) -> Result<(), PortError> {
        self.port.hook(HookCommand::OnHook)?;
        self.mouth.clear();
        self.mouth.drop_pending();
        let mut findings = Findings::new();
        self.ear.forget(&mut findings);
        self.deliver(findings, events, now);
        self.forget_call();
        self.ring.reset();
        self.burst = None;
        self.meter.restart(&self.gauge);
        self.hook = Hook::On(now);
        self.settle_at = None;
        events.push(LineEvent::OnHook);
        Ok(())
    }

    /// A caller was on the line when we took it.
    pub(super) fn glare(&mut self, now: Time, events: &mut EventQueue) {
        if let Some(run) = self.run.take() {
            self.finish(run, Outcome::Failed(Failure::Glare), now, events);
        }
    }

    /// The hook has settled: the channel does not tell whether battery was lost meanwhile, so look.
    pub(super) fn settle(&mut self, now: Time, events: &mut EventQueue) {
        match self.port.battery() {
            Ok(true) => {
                if let Some(run) = self.run.take_if(|run| run.phase == Phase::Seizing) {
                    self.finish(run, Outcome::Ok, now, events);
                }
            }
            Ok(false) => match self.run.take_if(|run| run.awaits_line()) {
                // A dead line, seized in vain.
                Some(run) => self.finish(run, Outcome::Failed(Failure::NoDialTone), now, events),
                None => self.released(ReleaseWitness::LoopCurrent, now, events),
            },
            Err(error) => self.fail(error, now, events),
        }
    }

    /// Looks for battery on a line that may have none.
    pub(super) fn look_for_battery(&mut self, now: Time, events: &mut EventQueue) {
        if self.battery == Battery::Alarm {
            return;
        }
        match self.port.battery() {
            Ok(true) => self.set_battery(Battery::Present, events),
            Ok(false) => {
                self.set_battery(Battery::Missing, events);
                self.battery_at = Some(now + BATTERY_POLL);
            }
            Err(error) => self.fail(error, now, events),
        }
    }
}
