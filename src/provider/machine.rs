//! The provider itself.

use crate::{
    AddressCaps, AddressStatus, CallHandle, CallInfo, CallStatus, DeviceCaps, DeviceId, Input, LineErr, LineHandle,
    LineStatus, Output, Reply,
};
use loopstart_signal::{Clock, Time};

/// The provider-side state machine. See the package's text for the rule of use.
#[derive(Debug, Default)]
pub struct Provider {}

impl Provider {
    /// A provider without devices.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one input. `now` is the present time of the clock of the line concerned.
    ///
    /// # Errors
    /// The reason why a command is refused; nothing was changed then.
    pub fn handle(&mut self, _input: Input, _now: Time) -> Result<Reply, LineErr> {
        Err(LineErr::OPERATIONUNAVAIL)
    }

    /// The next output, until there is none.
    pub fn poll(&mut self) -> Option<Output> {
        None
    }

    /// When this clock's next deadline is due: then [`Input::Deadline`] is owed.
    pub fn deadline(&self, _clock: Clock) -> Option<Time> {
        None
    }

    /// The clock a device lives on.
    pub fn clock_of(&self, _device: DeviceId) -> Option<Clock> {
        None
    }

    /// The device behind an open line.
    pub fn device_of_line(&self, _line: LineHandle) -> Result<DeviceId, LineErr> {
        Err(LineErr::INVALLINEHANDLE)
    }

    /// The device behind a call.
    pub fn device_of_call(&self, _call: CallHandle) -> Result<DeviceId, LineErr> {
        Err(LineErr::INVALCALLHANDLE)
    }

    /// What a device can do. The line need not be open.
    ///
    /// # Errors
    /// `BADDEVICEID`.
    pub fn device_caps(&self, _device: DeviceId) -> Result<DeviceCaps, LineErr> {
        Err(LineErr::BADDEVICEID)
    }

    /// What an address can do. The line need not be open.
    ///
    /// # Errors
    /// `BADDEVICEID`, `INVALADDRESSID`.
    pub fn address_caps(&self, _device: DeviceId, _address: u32) -> Result<AddressCaps, LineErr> {
        Err(LineErr::BADDEVICEID)
    }

    /// State of an open line.
    ///
    /// # Errors
    /// `INVALLINEHANDLE`.
    pub fn line_status(&self, _line: LineHandle) -> Result<LineStatus, LineErr> {
        Err(LineErr::INVALLINEHANDLE)
    }

    /// State of an address of an open line.
    ///
    /// # Errors
    /// `INVALLINEHANDLE`, `INVALADDRESSID`.
    pub fn address_status(&self, _line: LineHandle, _address: u32) -> Result<AddressStatus, LineErr> {
        Err(LineErr::INVALLINEHANDLE)
    }

    /// The address id with this number.
    ///
    /// # Errors
    /// `INVALLINEHANDLE`, `INVALADDRESS`.
    pub fn address_id(&self, _line: LineHandle, _address: &str) -> Result<u32, LineErr> {
        Err(LineErr::INVALLINEHANDLE)
    }

    /// Information about a call.
    ///
    /// # Errors
    /// `INVALCALLHANDLE`.
    pub fn call_info(&self, _call: CallHandle) -> Result<CallInfo, LineErr> {
        Err(LineErr::INVALCALLHANDLE)
    }

    /// State of a call.
    ///
    /// # Errors
    /// `INVALCALLHANDLE`.
    pub fn call_status(&self, _call: CallHandle) -> Result<CallStatus, LineErr> {
        Err(LineErr::INVALCALLHANDLE)
    }
}
