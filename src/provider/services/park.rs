//! Parking a call, knowing it when it comes back, and sending an offered one elsewhere.

use super::ServiceErrand;
use crate::errand::Errand;
use crate::line::{Line, Shared};
use crate::{Address, CallFeatures, CallHandle, LineErr, Reply, RequestId, dial, params};
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;
use loopstart_signal::plan::{Fill, Plan, Service};
use loopstart_signal::{Number, Time};

/// Most parked calls that are remembered.
const MAX_PARKED: usize = 8;
/// How much earlier than by our count a parked call may come back: the exchange counts from before it has spoken the slot.
const EARLY: Duration = Duration::from_secs(15);
/// How much later, or how long after the line was free again.
const LATE: Duration = Duration::from_secs(8);

/// Calls that this line parked and that the exchange gives back when nobody takes them.
#[derive(Debug, Default)]
pub(super) struct Parked {
    /// Where, and when it comes back.
    list: Vec<(Number, Time)>,
}

impl Parked {
    /// A call was parked. Without a time in the plan nobody knows when it comes back.
    pub(super) fn enter(&mut self, slot: Number, plan: &Plan, now: Time) {
        if !plan.facts.contains_key("park.timeout_s") {
            return;
        }
        if self.list.len() >= MAX_PARKED {
            self.list.remove(0);
        }
        self.list.push((slot, now + plan.park_timeout));
    }

    /// A call was taken back from there, or from where the exchange had put it: then it is the oldest one, as far as is known.
    pub(super) fn taken(&mut self, slot: &str) {
        let at = self.list.iter().position(|(parked, _)| parked.as_str() == slot).unwrap_or_default();
        if at < self.list.len() {
            self.list.remove(at);
        }
    }

    /// Whether a call that rings now is one of them; `free`: since when the line could be rung.
    fn returns(&mut self, free: Time, now: Time) -> bool {
        self.list.retain(|(_, due)| now <= (*due).max(free) + LATE);
        let Some(at) = self.list.iter().position(|(_, due)| now + EARLY >= *due) else { return false };
        self.list.remove(at);
        true
    }
}

impl Line {
    /// Whether the call that begins to ring is one that was parked here.
    pub(crate) fn is_reminder(&mut self, now: Time) -> bool {
        self.services.parked.returns(self.guard_until, now)
    }

    /// Parks a call: at a place (`linePark` directed), or where the exchange chooses. Where that is nobody can read back:
    /// the answer is the site's slot, else the line's own extension.
    pub(super) fn park(
        &mut self,
        sh: &mut Shared,
        request: RequestId,
        h: CallHandle,
        at: Option<&Address>,
        now: Time,
    ) -> Result<Reply, LineErr> {
        self.demand_service(sh, h, CallFeatures::PARK)?;
        let service = if at.is_some() { Service::ParkDirected } else { Service::Park };
        let procedure = self.service_procedure(service).ok_or(LineErr::INVALPARKMODE)?;
        let own = self.own_extension();
        let slot = match at {
            Some(at) => dial::plain(&at.0)?,
            None => String::from(self.description.plan.park_slot(own)),
        };
        let told = Number::new(&slot);
        if slot.is_empty() || told.as_str() != slot {
            // Parked where nobody knows, the call could not be taken back.
            return Err(if at.is_some() { LineErr::INVALADDRESS } else { LineErr::OPERATIONUNAVAIL });
        }
        let fill = Fill { number: Some(&slot), extension: Some(&slot), slot: Some(&slot), ..Fill::default() };
        let steps = procedure.fill(&fill).map_err(|_| LineErr::OPERATIONUNAVAIL)?;
        let asked = Self::ask_of_call(sh, h, request)?;
        self.begin_procedure(sh, Errand::Service(ServiceErrand::Park { asked, call: h, slot: told }), steps, now);
        Ok(if at.is_some() { Reply::Ok } else { Reply::Parked(told) })
    }

    /// The line's extension within its PBX, else its number, else nothing.
    fn own_extension(&self) -> &str {
        self.description.extension.as_deref().or(self.description.number.as_deref()).unwrap_or_default()
    }

    /// Sends an offered call elsewhere, on a plan that says how.
    pub(super) fn redirect(
        &mut self,
        sh: &mut Shared,
        request: RequestId,
        h: CallHandle,
        address: &Address,
        country: u32,
        now: Time,
    ) -> Result<Reply, LineErr> {
        self.demand_service(sh, h, CallFeatures::REDIRECT)?;
        params::check_country(country)?;
        let number = dial::plain(&address.0)?;
        let procedure = self.service_procedure(Service::Redirect).ok_or(LineErr::OPERATIONUNAVAIL)?;
        let fill = Fill { number: Some(&number), extension: Some(&number), ..Fill::default() };
        let steps = procedure.fill(&fill).map_err(|_| LineErr::OPERATIONUNAVAIL)?;
        let asked = Self::ask_of_call(sh, h, request)?;
        self.begin_procedure(sh, Errand::Service(ServiceErrand::Redirect { asked, call: h }), steps, now);
        Ok(Reply::Ok)
    }
}
