//! The provider itself: devices, handles, commands, and the queue of outputs.

use crate::call::Call;
use crate::digits::Generate;
use crate::line::{Line, Open, Service, Shared};
use crate::messages::Messages;
use crate::outgoing::NewCall;
use crate::pass_through::{self, NewParams};
use crate::slots::{MAX_SLOTS, Slots};
use crate::timers::Deadlines;
use crate::{
    AddressCaps, AddressFeatures, AddressStatus, CallHandle, CallInfo, CallInfoChange, CallStatus, Command, DeviceCaps,
    DeviceDescription, DeviceId, HostLine, Input, LineErr, LineFeatures, LineHandle, LineStatus, MediaModes, Output,
    Reply, Target, caps, params,
};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use loopstart_signal::{Clock, LineEvent, Time};

/// The provider-side state machine. See the package's text for the rule of use.
#[derive(Debug, Default)]
pub struct Provider {
    lines: Vec<Option<Box<Line>>>,
    index: BTreeMap<DeviceId, u16>,
    handles: Slots<u16>,
    shared: Shared,
    deadlines: Deadlines,
}

impl Provider {
    /// A provider without devices.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one input. `now` is the present time of the clock of the line concerned.
    ///
    /// # Errors
    /// The reason why a command is refused; nothing was changed then. Inputs that name no device or call here answer
    /// `BADDEVICEID`, `INVALLINEHANDLE` or `INVALCALLHANDLE`.
    pub fn handle(&mut self, input: Input, now: Time) -> Result<Reply, LineErr> {
        match input {
            Input::DeviceAdded(description) => self.add(description),
            Input::DeviceRemoved(device) => {
                let at = self.at(device)?;
                self.with(at, now, |line, shared| {
                    line.remove(shared, now);
                    Ok(Reply::Ok)
                })
            }
            Input::Event(device, event) => self.event(device, event, now),
            Input::Deadline(clock) => {
                while let Some(at) = self.deadlines.due(clock, now) {
                    // `with` fires what is due, and moves the deadline.
                    self.with(at, now, |_, _| Ok(Reply::Ok))?;
                }
                Ok(Reply::Ok)
            }
            Input::Command(command) => self.command(command, now),
            Input::Offered { call, host } => {
                self.on_call(call, now, |line, shared| line.offered(shared, call, host, now).map(|()| Reply::Ok))
            }
        }
    }

    /// The next output, until there is none.
    pub fn poll(&mut self) -> Option<Output> {
        self.shared.out.pop_front()
    }

    /// When this clock's next deadline is due: then [`Input::Deadline`] is owed.
    pub fn deadline(&self, clock: Clock) -> Option<Time> {
        self.deadlines.first(clock)
    }

    /// The clock a device lives on.
    pub fn clock_of(&self, device: DeviceId) -> Option<Clock> {
        self.line(device).ok().map(|line| line.description.clock)
    }

    /// The device behind an open line.
    ///
    /// # Errors
    /// `INVALLINEHANDLE`.
    pub fn device_of_line(&self, line: LineHandle) -> Result<DeviceId, LineErr> {
        self.open_line(line).map(|(line, _)| line.id())
    }

    /// The device behind a call.
    ///
    /// # Errors
    /// `INVALCALLHANDLE`.
    pub fn device_of_call(&self, call: CallHandle) -> Result<DeviceId, LineErr> {
        self.shared.call(call).map(|call| call.device).ok_or(LineErr::INVALCALLHANDLE)
    }

    /// What a device can do. The line need not be open.
    ///
    /// # Errors
    /// `BADDEVICEID`.
    pub fn device_caps(&self, device: DeviceId) -> Result<DeviceCaps, LineErr> {
        self.line(device).map(|line| caps::device(&line.description, line.caps))
    }

    /// What an address can do. The line need not be open.
    ///
    /// # Errors
    /// `BADDEVICEID`, `INVALADDRESSID`.
    pub fn address_caps(&self, device: DeviceId, address: u32) -> Result<AddressCaps, LineErr> {
        let line = self.line(device)?;
        if address == 0 { Ok(caps::address(&line.description, line.caps)) } else { Err(LineErr::INVALADDRESSID) }
    }

    /// State of an open line.
    ///
    /// # Errors
    /// `INVALLINEHANDLE`.
    pub fn line_status(&self, line: LineHandle) -> Result<LineStatus, LineErr> {
        let (line, open) = self.open_line(line)?;
        let counts = line.counts(&self.shared);
        Ok(LineStatus {
            device: line.id(),
            host: open.host,
            active_calls: counts.active,
            held_calls: counts.held,
            held_pending_calls: counts.pending,
            features: line.media_features().0
                | line.line_service_features(&self.shared).0
                | if line.can_make_call(&self.shared) { LineFeatures::MAKE_CALL } else { LineFeatures::empty() },
            ring_mode: line.ringing.mode,
            connected: line.battery,
            in_service: line.service == Service::Ready,
            available_media: if line.can_make_call(&self.shared) {
                params::media(line.caps)
            } else {
                MediaModes::empty()
            },
            completions: line.services.completions(),
            message_waiting: line.messages != Messages::None,
            reversed: line.reversed,
            terminals: line.terminal_modes(&self.shared, None),
        })
    }

    /// State of an address of an open line.
    ///
    /// # Errors
    /// `INVALLINEHANDLE`, `INVALADDRESSID`.
    pub fn address_status(&self, line: LineHandle, address: u32) -> Result<AddressStatus, LineErr> {
        let (line, _) = self.open_line(line)?;
        if address != 0 {
            return Err(LineErr::INVALADDRESSID);
        }
        let counts = line.counts(&self.shared);
        let (forwards, forward_rings) = line.services.forwards();
        let mut features = line.media_features().1 | line.line_service_features(&self.shared).1;
        features.set(AddressFeatures::MAKE_CALL, line.can_make_call(&self.shared));
        features.set(AddressFeatures::SETUP_CONFERENCE, line.can_gather_anew(&self.shared));
        Ok(AddressStatus {
            in_use: u32::from(line.counted > 0),
            active_calls: counts.active,
            held_calls: counts.held,
            held_pending_calls: counts.pending,
            features,
            forwards,
            forward_rings,
        })
    }

    /// The address id with this number.
    ///
    /// # Errors
    /// `INVALLINEHANDLE`, `INVALADDRESS`.
    pub fn address_id(&self, line: LineHandle, address: &str) -> Result<u32, LineErr> {
        let (line, _) = self.open_line(line)?;
        match &line.description.number {
            Some(own) if params::same_number(own, address) => Ok(0),
            _ => Err(LineErr::INVALADDRESS),
        }
    }

    /// Information about a call.
    ///
    /// # Errors
    /// `INVALCALLHANDLE`.
    pub fn call_info(&self, call: CallHandle) -> Result<CallInfo, LineErr> {
        let (c, line) = self.call_and_line(call)?;
        let incoming = c.is_incoming();
        Ok(CallInfo {
            call,
            host: c.host,
            line: c.line,
            device: c.device,
            address_id: 0,
            bearer_mode: c.bearer_mode,
            rate: c.rate,
            media: c.media,
            app_specific: c.app_specific,
            call_id: c.call_id,
            related_call_id: c.related,
            completion_id: c.completion,
            flags: c.flags,
            call_states: caps::call_states(line.caps, &line.description.plan, incoming, !incoming),
            dial: c.dial,
            origin: c.origin,
            reason: c.reason,
            country: c.country,
            caller_id_flags: c.caller_id_flags,
            caller_id: c.caller_id.as_str().to_string(),
            caller_name: c.caller_name.as_str().to_string(),
            called_id_flags: called_flags(c),
            called_id: c.called_id.clone(),
            connected_id_flags: crate::PartyFlags::UNAVAIL,
            connected_id: String::new(),
            connected_name: String::new(),
            redirecting_id_flags: crate::PartyFlags::UNAVAIL,
            redirecting_id: String::new(),
            monitor_digits: c.monitor,
            monitor_media: c.wishes.monitor,
            treatment: 0,
            call_data: c.wishes.data.clone(),
            terminals: line.terminal_modes(&self.shared, Some(call)),
            no_answer_timeout: c.no_answer_timeout,
        })
    }

    /// State of a call.
    ///
    /// # Errors
    /// `INVALCALLHANDLE`.
    pub fn call_status(&self, call: CallHandle) -> Result<CallStatus, LineErr> {
        let (c, line) = self.call_and_line(call)?;
        let mut status = c.status(caps::call_features(line.caps, &line.description.plan), line.is_answering(call));
        line.limit_features(&self.shared, call, &mut status);
        if c.is_passed_through() {
            status.features &= pass_through::FEATURES;
        }
        Ok(status)
    }

    /// Whether nothing is under way on a device's line: no procedure, no action, no hang-up.
    #[cfg(test)]
    pub(crate) fn is_at_rest(&self, device: DeviceId) -> bool {
        self.line(device).is_ok_and(|line| line.is_quiet() && line.action.is_none())
    }

    // ---- finding ----

    fn at(&self, device: DeviceId) -> Result<u16, LineErr> {
        self.index.get(&device).copied().ok_or(LineErr::BADDEVICEID)
    }

    fn slot(&self, at: u16) -> Option<&Line> {
        self.lines.get(usize::from(at))?.as_deref()
    }

    fn line(&self, device: DeviceId) -> Result<&Line, LineErr> {
        self.slot(self.at(device)?).ok_or(LineErr::BADDEVICEID)
    }

    fn open_line(&self, handle: LineHandle) -> Result<(&Line, &Open), LineErr> {
        let at = self.handles.get(handle.slot(), handle.generation()).ok_or(LineErr::INVALLINEHANDLE)?;
        let line = self.slot(*at).ok_or(LineErr::INVALLINEHANDLE)?;
        Ok((line, line.open.as_ref().ok_or(LineErr::INVALLINEHANDLE)?))
    }

    fn call_and_line(&self, handle: CallHandle) -> Result<(&Call, &Line), LineErr> {
        let call = self.shared.call(handle).ok_or(LineErr::INVALCALLHANDLE)?;
        Ok((call, self.slot(call.index).ok_or(LineErr::INVALCALLHANDLE)?))
    }

    /// Has a line do something: due timers first, its next deadline entered afterwards.
    fn with<T>(
        &mut self,
        at: u16,
        now: Time,
        work: impl FnOnce(&mut Line, &mut Shared) -> Result<T, LineErr>,
    ) -> Result<T, LineErr> {
        let Self { lines, shared, deadlines, index, .. } = self;
        let Some(entry) = lines.get_mut(usize::from(at)) else { return Err(LineErr::BADDEVICEID) };
        let Some(line) = entry.as_deref_mut() else { return Err(LineErr::BADDEVICEID) };
        line.expire(shared, now);
        let result = work(line, shared);
        let next = line.timers.next();
        if next != line.scheduled {
            deadlines.moved(line.description.clock, at, line.scheduled, next);
            line.scheduled = next;
        }
        if line.removed && line.open.is_none() {
            deadlines.moved(line.description.clock, at, line.scheduled, None);
            index.remove(&line.id());
            *entry = None;
        }
        result
    }

    fn on_line<T>(
        &mut self,
        handle: LineHandle,
        now: Time,
        work: impl FnOnce(&mut Line, &mut Shared) -> Result<T, LineErr>,
    ) -> Result<T, LineErr> {
        let at = *self.handles.get(handle.slot(), handle.generation()).ok_or(LineErr::INVALLINEHANDLE)?;
        self.with(at, now, work)
    }

    fn on_call<T>(
        &mut self,
        handle: CallHandle,
        now: Time,
        work: impl FnOnce(&mut Line, &mut Shared) -> Result<T, LineErr>,
    ) -> Result<T, LineErr> {
        let at = self.shared.call(handle).ok_or(LineErr::INVALCALLHANDLE)?.index;
        self.with(at, now, work)
    }

    // ---- devices ----

    fn add(&mut self, description: DeviceDescription) -> Result<Reply, LineErr> {
        let id = description.id;
        if self.index.contains_key(&id) {
            return Err(LineErr::ALLOCATED);
        }
        let at = match self.lines.iter().position(Option::is_none) {
            Some(at) => at,
            None if self.lines.len() >= MAX_SLOTS => return Err(LineErr::NOMEM),
            None => {
                self.lines.push(None);
                self.lines.len() - 1
            }
        };
        let index = at as u16;
        if let Some(entry) = self.lines.get_mut(at) {
            *entry = Some(Box::new(Line::new(index, description)));
            self.index.insert(id, index);
        }
        Ok(Reply::Ok)
    }

    fn event(&mut self, device: DeviceId, event: LineEvent, now: Time) -> Result<Reply, LineErr> {
        let at = self.at(device)?;
        self.with(at, now, |line, shared| {
            line.event(shared, event, now);
            Ok(Reply::Ok)
        })
    }

    // ---- commands ----

    fn command(&mut self, command: Command, now: Time) -> Result<Reply, LineErr> {
        match command {
            Command::OpenLine { device, host } => return self.open(device, host),
            Command::CloseLine(handle) => return self.close(handle, now),
            Command::MakeCall { request, line, host, address, country, params } => {
                let new = NewCall { request, host, address, country, params };
                return self.on_line(line, now, |line, shared| line.make_call(shared, new, now)).map(Reply::Call);
            }
            Command::SetStatusMessages { line, line_states, address_states } => {
                self.set_status_messages(line, line_states, address_states, now)
            }
            Command::SetMediaDetection { line, modes } => self.on_line(line, now, |line, shared| {
                let ready = (line.service == Service::Ready).then_some(line.caps);
                params::check_detection(modes, ready)?;
                if let Some(open) = &mut line.open {
                    open.media = modes;
                }
                line.settle(shared, now);
                Ok(())
            }),
            Command::ConditionalMediaDetection { line, modes, params } => self.on_line(line, now, |line, shared| {
                line.ready()?;
                params::check_detection(modes, Some(line.caps))?;
                line.check_make_call(shared, &params).map_err(|error| match error {
                    LineErr::INUSE | LineErr::CALLUNAVAIL => LineErr::RESOURCEUNAVAIL,
                    other => other,
                })
            }),
            Command::Dial { request, call, address, country } => {
                self.on_call(call, now, |line, shared| line.dial(shared, request, call, &address, country, now))
            }
            Command::Accept { request, call } => {
                self.on_call(call, now, |line, shared| line.accept(shared, request, call, now))
            }
            Command::Answer { request, call } => {
                self.on_call(call, now, |line, shared| line.answer(shared, request, call, now))
            }
            Command::Drop { request, call } => {
                self.on_call(call, now, |line, shared| line.drop_call(shared, request, call, now))
            }
            Command::CloseCall(call) => self.on_call(call, now, |line, shared| {
                line.close_call(shared, call, now);
                Ok(())
            }),
            Command::SetCallParams { request, call, bearer_mode, min_rate, max_rate, dial } => {
                let new = NewParams { request, bearer_mode, min_rate, max_rate, dial };
                self.on_call(call, now, |line, shared| line.set_call_params(shared, call, new, now))
            }
            Command::GenerateDigits { call, end_to_end, mode, digits, duration } => {
                self.on_call(call, now, |line, shared| {
                    line.generate(shared, call, Generate { end_to_end, mode, digits, duration }, now)
                })
            }
            Command::MonitorDigits { call, modes } => {
                self.on_call(call, now, |line, shared| line.monitor(shared, call, modes, now))
            }
            Command::GatherDigits { call, end_to_end, gather } => {
                self.on_call(call, now, |line, shared| line.gather(shared, call, end_to_end, gather, now))
            }
            Command::SetAppSpecific { call, value } => {
                let c = self.shared.call_mut(call).ok_or(LineErr::INVALCALLHANDLE)?;
                c.app_specific = value;
                let message = c.info_message(call, CallInfoChange::APP_SPECIFIC);
                self.shared.notify(message);
                Ok(())
            }
            Command::SetMediaMode { call, modes } => self.on_call(call, now, |line, shared| {
                params::check_media(modes, line.caps)?;
                let c = shared.call_mut(call).ok_or(LineErr::INVALCALLHANDLE)?;
                c.media = modes;
                let message = c.info_message(call, CallInfoChange::MEDIA_MODE);
                shared.notify(message);
                Ok(())
            }),
            command => return self.routed(command, now),
        }
        .map(|()| Reply::Ok)
    }

    /// Commands that are carried out by the line they concern.
    fn routed(&mut self, command: Command, now: Time) -> Result<Reply, LineErr> {
        let target = command.target();
        let work = |line: &mut Line, shared: &mut Shared| {
            if matches!(
                command,
                Command::GenerateTone { .. }
                    | Command::MonitorTones { .. }
                    | Command::MonitorMedia { .. }
                    | Command::SetMediaControl { .. }
                    | Command::SetTerminal { .. }
                    | Command::SetCallData { .. }
                    | Command::SetCallTreatment { .. }
            ) {
                line.media_command(shared, command, now)
            } else {
                line.switch_command(shared, command, now)
            }
        };
        match target {
            Target::Device(_) => Err(LineErr::INVALCALLHANDLE),
            Target::Line(line) => self.on_line(line, now, work),
            Target::Call(call) => self.on_call(call, now, work),
        }
    }

    fn open(&mut self, device: DeviceId, host: HostLine) -> Result<Reply, LineErr> {
        let at = self.at(device)?;
        let Some(line) = self.lines.get_mut(usize::from(at)).and_then(Option::as_deref_mut) else {
            return Err(LineErr::BADDEVICEID);
        };
        if line.service == Service::Gone {
            return Err(LineErr::NODRIVER);
        }
        if line.open.is_some() {
            return Err(LineErr::ALLOCATED);
        }
        let (slot, generation) = self.handles.insert(at).map_err(|_| LineErr::NOMEM)?;
        let handle = LineHandle::new(slot, generation);
        line.open = Some(Open { handle, host, line_states: 0, address_states: 0, media: MediaModes::empty() });
        Ok(Reply::Line(handle))
    }

    fn close(&mut self, handle: LineHandle, now: Time) -> Result<Reply, LineErr> {
        self.on_line(handle, now, |line, shared| {
            line.close(shared, now);
            Ok(())
        })?;
        self.handles.remove(handle.slot(), handle.generation());
        Ok(Reply::Ok)
    }

    fn set_status_messages(
        &mut self,
        handle: LineHandle,
        line_states: u32,
        address_states: u32,
        now: Time,
    ) -> Result<(), LineErr> {
        self.on_line(handle, now, |line, _| {
            if line_states & !caps::line_state::KNOWN != 0 {
                return Err(LineErr::INVALLINESTATE);
            }
            if address_states & !caps::address_state::KNOWN != 0 {
                return Err(LineErr::INVALADDRESSSTATE);
            }
            if let Some(open) = &mut line.open {
                open.line_states = line_states;
                open.address_states = address_states;
            }
            Ok(())
        })
    }
}

fn called_flags(call: &Call) -> crate::PartyFlags {
    if call.called_id.is_empty() { crate::PartyFlags::UNAVAIL } else { crate::PartyFlags::ADDRESS }
}
