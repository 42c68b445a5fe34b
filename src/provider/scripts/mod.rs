//! Calls played in virtual time. `send!` puts events of the device in, `expect!` compares everything that came out
//! since; outputs are written as short words, host calls by their number.

use crate::*;
use loopstart_signal::plan::Plan;
use loopstart_signal::{
    ActionId, ActionKind, AnswerWitness, CallerId, Caps, Clock, DialStep, Failure, Heed, LineEvent, Loss, Number,
    Outcome, PartyId, ProgressTone, ReleaseWitness, Time,
};
use std::format;
use std::string::{String, ToString};
use std::sync::Arc;
use std::time::Duration;

use std::vec::Vec;

/// One event after the other.
macro_rules! send {
    ($rig:expr, $($event:expr),+ $(,)?) => { $($rig.event($event);)+ };
}

/// All that came out since the last look.
macro_rules! expect {
    ($rig:expr $(, $word:expr)* $(,)?) => {{
        let expected: &[&str] = &[$($word),*];
        let got = $rig.words();
        assert_eq!(got, expected);
    }};
}
mod agreement;
mod conferences;
mod corners;
mod details;
mod devices;
mod digits;
mod incoming;
mod media;
mod media_control;
mod messages;
mod outgoing;
mod parameters;
mod property;
mod services;
mod states;
mod switchboard;
mod switching;

pub(super) const DEVICE: DeviceId = DeviceId(3);
/// Everything but data, and media, which are listened for without being asked.
pub(super) const USUAL: Caps = Caps::all().difference(Caps::DATA.union(Caps::HEARS_MEDIA));
/// What any call can do that the host knows and that has not ended, on such a device.
pub(super) const ANY: CallFeatures = CallFeatures::DROP
    .union(CallFeatures::SET_CALL_PARAMS)
    .union(CallFeatures::SET_CALL_DATA)
    .union(CallFeatures::SET_MEDIA_CONTROL)
    .union(CallFeatures::SET_TERMINAL)
    .union(CallFeatures::MONITOR_DIGITS)
    .union(CallFeatures::MONITOR_TONES);
pub(super) const ALL_LINE_STATES: u32 = 0x1ff_ffff;
pub(super) const ALL_ADDRESS_STATES: u32 = 0x1ff;

/// A provider with one device, played by the test.
pub(super) struct Rig {
    pub(super) provider: Provider,
    pub(super) now: Time,
    pub(super) line: LineHandle,
    /// The last call.
    pub(super) call: Option<CallHandle>,
    acts: Vec<(ActionId, String)>,
    offers: Vec<CallHandle>,
    next_request: u32,
    next_host: usize,
    said: Vec<String>,
}

pub(super) fn description(id: DeviceId) -> DeviceDescription {
    DeviceDescription {
        id,
        name: "test line".to_string(),
        stable_id: format!("test:{}", id.0),
        provider_info: "played".to_string(),
        number: Some("5550100".to_string()),
        extension: None,
        clock: Clock::Line,
        plan: loopstart_signal::plan::Plan::plain(),
    }
}

impl Rig {
    /// An open line with everything a device can do, no status messages wanted.
    pub(super) fn new() -> Self {
        Self::with(USUAL)
    }

    pub(super) fn with(caps: Caps) -> Self {
        let mut rig = Self::bare();
        send!(rig, LineEvent::Ready(caps));
        rig
    }

    /// An open line whose exchange does things by this plan.
    pub(super) fn of_plan(plan: Arc<Plan>) -> Self {
        Self::of_plan_and_caps(plan, USUAL)
    }

    /// The same on a device that can do this.
    pub(super) fn of_plan_and_caps(plan: Arc<Plan>, caps: Caps) -> Self {
        let mut rig = Self::bare_of(DeviceDescription { plan, ..description(DEVICE) });
        send!(rig, LineEvent::Ready(caps));
        rig
    }

    /// A device that is not ready, its line open.
    pub(super) fn bare() -> Self {
        Self::bare_of(description(DEVICE))
    }

    fn bare_of(description: DeviceDescription) -> Self {
        let mut provider = Provider::new();
        let now = Time::from_millis(1_000);
        provider.handle(Input::DeviceAdded(description), now).unwrap();
        let open = Command::OpenLine { device: DEVICE, host: HostLine(11) };
        let Ok(Reply::Line(line)) = provider.handle(Input::Command(open), now) else { panic!("not opened") };
        let mut rig = Self {
            provider,
            now,
            line,
            call: None,
            acts: Vec::new(),
            offers: Vec::new(),
            next_request: 0,
            next_host: 100,
            said: Vec::new(),
        };
        rig.command(Command::SetMediaDetection { line, modes: MediaModes::INTERACTIVE_VOICE }).unwrap();
        rig
    }

    /// Every change of the line and the address is wanted.
    pub(super) fn curious(mut self) -> Self {
        let line = self.line;
        let (line_states, address_states) = (ALL_LINE_STATES, ALL_ADDRESS_STATES);
        self.command(Command::SetStatusMessages { line, line_states, address_states }).unwrap();
        self
    }

    pub(super) fn command(&mut self, command: Command) -> Result<Reply, LineErr> {
        self.provider.handle(Input::Command(command), self.now)
    }

    pub(super) fn event(&mut self, event: LineEvent) {
        self.provider.handle(Input::Event(DEVICE, event), self.now).unwrap();
    }

    /// Lets time pass, deadline by deadline.
    pub(super) fn wait(&mut self, d: Duration) {
        let end = self.now + d;
        while let Some(at) = self.provider.deadline(Clock::Line).filter(|&at| at <= end) {
            self.now = at;
            self.provider.handle(Input::Deadline(Clock::Line), at).unwrap();
        }
        self.now = end;
    }

    pub(super) fn wait_ms(&mut self, ms: u64) {
        self.wait(Duration::from_millis(ms));
    }

    /// Ends the last action of this name.
    pub(super) fn done(&mut self, name: &str, outcome: Outcome) {
        self.look();
        let at = self.acts.iter().rposition(|(_, n)| n.starts_with(name)).expect("no such action");
        let (action, _) = self.acts.remove(at);
        self.event(LineEvent::Done { action, outcome });
    }

    pub(super) fn ok(&mut self, name: &str) {
        self.done(name, Outcome::Ok);
    }

    pub(super) fn fail(&mut self, name: &str, failure: Failure) {
        self.done(name, Outcome::Failed(failure));
    }

    pub(super) fn request(&mut self) -> RequestId {
        self.next_request += 1;
        RequestId(self.next_request)
    }

    pub(super) fn call(&self) -> CallHandle {
        self.call.expect("no call")
    }

    pub(super) fn try_make(&mut self, address: Option<&str>, params: CallParams) -> Result<CallHandle, LineErr> {
        let request = self.request();
        self.next_host += 1;
        let made = self.command(Command::MakeCall {
            request,
            line: self.line,
            host: HostCall(self.next_host),
            address: address.map(|a| Address(a.to_string())),
            country: 0,
            params,
        })?;
        let Reply::Call(call) = made else { panic!("no call: {made:?}") };
        self.call = Some(call);
        Ok(call)
    }

    pub(super) fn make(&mut self, address: &str) -> CallHandle {
        self.try_make(Some(address), CallParams::default()).unwrap()
    }

    pub(super) fn dial(&mut self, address: &str) -> Result<Reply, LineErr> {
        let (request, call) = (self.request(), self.call());
        self.command(Command::Dial { request, call, address: Address(address.to_string()), country: 0 })
    }

    pub(super) fn answer(&mut self) -> Result<Reply, LineErr> {
        let (request, call) = (self.request(), self.call());
        self.command(Command::Answer { request, call })
    }

    pub(super) fn accept(&mut self) -> Result<Reply, LineErr> {
        let (request, call) = (self.request(), self.call());
        self.command(Command::Accept { request, call })
    }

    pub(super) fn drop_call(&mut self) -> Result<Reply, LineErr> {
        let (request, call) = (self.request(), self.call());
        self.command(Command::Drop { request, call })
    }

    pub(super) fn close_call(&mut self) -> Result<Reply, LineErr> {
        let call = self.call();
        self.command(Command::CloseCall(call))
    }

    /// The host takes the offered call (or cannot).
    pub(super) fn take(&mut self, takes: bool) {
        self.look();
        let call = self.offers.remove(0);
        self.next_host += 1;
        let host = takes.then_some(HostCall(self.next_host));
        self.provider.handle(Input::Offered { call, host }, self.now).unwrap();
        self.call = Some(call);
    }

    /// An outgoing call up to CONNECTED.
    pub(super) fn connected(mut self) -> Self {
        self.make("5551234");
        send!(self, LineEvent::OffHook, LineEvent::Tone(ProgressTone::Dial), LineEvent::Dialing, LineEvent::Dialed);
        self.ok("Dial");
        send!(self, LineEvent::Tone(ProgressTone::Ringback), LineEvent::Answered(AnswerWitness::RingbackStopped));
        self.words();
        self
    }

    /// A ringing call that the host has taken.
    pub(super) fn offered(mut self) -> Self {
        send!(self, LineEvent::Ring { pattern: 1 });
        self.take(true);
        self.words();
        self
    }

    pub(super) fn state(&self) -> CallState {
        self.provider.call_status(self.call()).unwrap().state
    }

    pub(super) fn features(&self) -> CallFeatures {
        self.provider.call_status(self.call()).unwrap().features
    }

    /// Takes in what came out.
    fn look(&mut self) {
        while let Some(output) = self.provider.poll() {
            match &output {
                Output::Act(device, action) => {
                    assert_eq!(*device, DEVICE);
                    self.acts.push((action.id, action_word(&action.kind)));
                }
                Output::Offer { call, .. } => self.offers.push(*call),
                _ => {}
            }
            self.said.push(word(&output));
        }
    }

    /// What came out since the last look, in words.
    pub(super) fn words(&mut self) -> Vec<String> {
        self.look();
        core::mem::take(&mut self.said)
    }
}

fn action_word(kind: &ActionKind) -> String {
    let symbols = |steps: &[DialStep]| -> String {
        steps
            .iter()
            .map(|step| match step {
                DialStep::Digit(b) => char::from(*b),
                DialStep::Tone => 'T',
                DialStep::Pulse => 'P',
                DialStep::Pause => ',',
                DialStep::WaitDialTone => 'W',
                DialStep::WaitQuiet => '@',
                DialStep::WaitBilling => '$',
                DialStep::Flash => '!',
            })
            .collect()
    };
    match kind {
        ActionKind::Dial { steps, partial, .. } => {
            format!("Dial {}{}", symbols(steps.as_slice()), if *partial { ";" } else { "" })
        }
        ActionKind::SendDigits { steps, .. } => format!("SendDigits {}", symbols(steps.as_slice())),
        ActionKind::Listen(heed) if heed.is_empty() => "Listen(false)".to_string(),
        ActionKind::Listen(heed) if *heed == Heed::DTMF => "Listen(true)".to_string(),
        ActionKind::Listen(heed) => format!("Listen({heed:?})"),
        other => format!("{other:?}"),
    }
}

fn word(output: &Output) -> String {
    use Notification as N;
    match output {
        Output::Act(_, action) => action_word(&action.kind),
        Output::Offer { .. } => "offer".to_string(),
        Output::Complete { request, result: Ok(()), .. } => format!("ok {}", request.0),
        Output::Complete { request, result: Err(e), .. } => {
            format!("{} {}", e.name().trim_start_matches("LINEERR_"), request.0)
        }
        Output::Notify(N::CallState { host, state, .. }) => format!("{} {state:?}", host.0),
        Output::Notify(N::CallInfo { host, what, .. }) => format!("{} info {what:?}", host.0),
        Output::Notify(N::LineState { state, .. }) => format!("line {state:?}"),
        Output::Notify(N::AddressState { what, .. }) => format!("address {what:#x}"),
        Output::Notify(N::Digit { host, symbol, end, .. }) => {
            format!("{} digit {}{}", host.0, char::from(*symbol), if *end { " end" } else { "" })
        }
        Output::Notify(N::Gathered { host, end_to_end, why, digits, .. }) => {
            format!("{} gathered {end_to_end} {why:?} {digits}", host.0)
        }
        Output::Notify(N::Generated { host, end_to_end, why, .. }) => {
            format!("{} generated {end_to_end} {why:?}", host.0)
        }
        Output::Notify(N::Media { host, mode, .. }) => format!("{} media {mode:?}", host.0),
        Output::Notify(N::Tone { host, app_specific, list, .. }) => format!("{} tone {app_specific} of {list}", host.0),
        Output::Notify(N::Close { .. }) => "close".to_string(),
        Output::Notify(N::Remove { device }) => format!("remove {}", device.0),
    }
}

/// A caller's number.
pub(super) fn from_number(number: &str) -> LineEvent {
    LineEvent::CallerId(CallerId { number: PartyId::Known(Number::new(number)), ..CallerId::default() })
}

pub(super) const RING: LineEvent = LineEvent::Ring { pattern: 1 };

pub(super) const fn tone(tone: ProgressTone) -> LineEvent {
    LineEvent::Tone(tone)
}

pub(super) const fn released(how: ReleaseWitness) -> LineEvent {
    LineEvent::Released(how)
}

pub(super) const fn lost(loss: Loss) -> LineEvent {
    LineEvent::Lost(loss)
}
