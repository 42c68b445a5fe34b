//! Parking a call, and sending an offered one elsewhere.

use super::ServiceErrand;
use crate::errand::Errand;
use crate::line::{Line, Shared};
use crate::{Address, CallFeatures, CallHandle, LineErr, Reply, RequestId, dial, params};
use alloc::string::String;
use loopstart_signal::plan::{Fill, Service};
use loopstart_signal::{Number, Time};

impl Line {
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
        self.begin_procedure(sh, Errand::Service(ServiceErrand::Park { asked, call: h }), steps, now);
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
