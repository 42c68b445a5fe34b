//! Random operations and events on several lines, watched by an oracle that knows the rules and not the machine.

use super::*;
use loopstart_signal::{Digit, DigitEdge, DigitMode, LineAction, MediaSign, OutTone, SitKind, ToneKind, WatchedTone};
use proptest::prelude::*;
use std::collections::{HashMap, HashSet};
use std::vec;

const DEVICES: u32 = 3;

/// What the oracle knows of a call.
#[derive(Debug, Default)]
struct Seen {
    host: Option<HostCall>,
    device: u32,
    /// The host may hear of it.
    valid: bool,
    last: Option<CallState>,
    closed: bool,
}

struct World {
    provider: Provider,
    now: Time,
    lines: Vec<Option<LineHandle>>,
    present: Vec<bool>,
    ready: Vec<bool>,
    acts: Vec<Vec<LineAction>>,
    calls: HashMap<CallHandle, Seen>,
    order: Vec<CallHandle>,
    making: HashMap<RequestId, CallHandle>,
    open_requests: HashMap<RequestId, CallHandle>,
    finished: HashSet<RequestId>,
    offers: Vec<CallHandle>,
    closed_lines: HashSet<LineHandle>,
    /// Lines that were told to close.
    told_close: HashSet<LineHandle>,
    gathers: HashMap<(CallHandle, u32), u32>,
    /// Digits and tones that are being sent.
    sendings: HashMap<(CallHandle, u32), u32>,
    /// Open requests of lines, with their device.
    line_requests: HashMap<RequestId, u32>,
    next: u32,
}

/// The call model once more, as bits: from which state which states may follow.
pub(super) fn may_follow(from: u32, to: u32) -> bool {
    const OFFERING: u32 = 0x2;
    const ACCEPTED: u32 = 0x4;
    const DIAL_TONE: u32 = 0x8;
    const DIALING: u32 = 0x10;
    const RINGBACK: u32 = 0x20;
    const BUSY: u32 = 0x40;
    const SPECIAL: u32 = 0x80;
    const CONNECTED: u32 = 0x100;
    const PROCEEDING: u32 = 0x200;
    const DISCONNECTED: u32 = 0x4000;
    const ON_HOLD: u32 = 0x400;
    const CONFERENCED: u32 = 0x800;
    const PENDING_CONFERENCE: u32 = 0x1000;
    const PENDING_TRANSFER: u32 = 0x2000;
    let end = DISCONNECTED | 0x1;
    let allowed = match from {
        0x1 => 0,
        DISCONNECTED => 0x1,
        OFFERING => OFFERING | ACCEPTED | CONNECTED | end,
        ACCEPTED => CONNECTED | end,
        DIAL_TONE => DIAL_TONE | DIALING | PROCEEDING | RINGBACK | CONNECTED | SPECIAL | end,
        DIALING => DIAL_TONE | PROCEEDING | RINGBACK | BUSY | SPECIAL | CONNECTED | end,
        PROCEEDING => RINGBACK | BUSY | SPECIAL | CONNECTED | CONFERENCED | end,
        RINGBACK => CONNECTED | BUSY | SPECIAL | CONFERENCED | end,
        BUSY => CONNECTED | end,
        SPECIAL => CONNECTED | end,
        CONNECTED => CONNECTED | ON_HOLD | PENDING_TRANSFER | PENDING_CONFERENCE | CONFERENCED | end,
        ON_HOLD | PENDING_TRANSFER => CONNECTED | CONFERENCED | end,
        PENDING_CONFERENCE | CONFERENCED => CONNECTED | end,
        _ => 0,
    };
    allowed & to != 0
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            provider: Provider::new(),
            now: Time::from_millis(1),
            lines: vec![None; DEVICES as usize],
            present: vec![false; DEVICES as usize],
            ready: vec![false; DEVICES as usize],
            acts: vec![Vec::new(); DEVICES as usize],
            calls: HashMap::new(),
            order: Vec::new(),
            making: HashMap::new(),
            open_requests: HashMap::new(),
            finished: HashSet::new(),
            offers: Vec::new(),
            closed_lines: HashSet::new(),
            told_close: HashSet::new(),
            gathers: HashMap::new(),
            sendings: HashMap::new(),
            line_requests: HashMap::new(),
            next: 0,
        };
        for d in 0..DEVICES {
            world.plug(d);
            world.open(d);
        }
        world
    }

    fn number(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    fn put(&mut self, input: Input) -> Result<Reply, LineErr> {
        let answer = self.provider.handle(input, self.now);
        if let Ok(Reply::Call(call)) = answer {
            // Known before its outputs are looked at; completed by the caller.
            self.calls.entry(call).or_default();
        }
        answer
    }

    fn plug(&mut self, d: u32) {
        if self.put(Input::DeviceAdded(description(DeviceId(d)))).is_ok() {
            self.present[d as usize] = true;
            self.ready(d, Caps::all());
        }
    }

    fn ready(&mut self, d: u32, caps: Caps) {
        if self.put(Input::Event(DeviceId(d), LineEvent::Ready(caps))).is_ok() {
            self.ready[d as usize] = true;
        }
    }

    fn open(&mut self, d: u32) {
        let host = HostLine(d as usize + 1);
        if let Ok(Reply::Line(line)) = self.put(Input::Command(Command::OpenLine { device: DeviceId(d), host })) {
            self.lines[d as usize] = Some(line);
            let (line_states, address_states) = (ALL_LINE_STATES, ALL_ADDRESS_STATES);
            self.put(Input::Command(Command::SetStatusMessages { line, line_states, address_states })).unwrap();
            let modes = MediaModes::INTERACTIVE_VOICE;
            self.put(Input::Command(Command::SetMediaDetection { line, modes })).unwrap();
        }
    }

    /// Gives an asynchronous command for a call, and books the request when it is accepted.
    fn ask(&mut self, call: CallHandle, command: impl FnOnce(RequestId) -> Command) {
        let request = RequestId(self.number());
        let command = command(request);
        if self.put(Input::Command(command)).is_ok() {
            self.open_requests.insert(request, call);
        }
    }

    fn drain(&mut self) {
        while let Some(output) = self.provider.poll() {
            match output {
                Output::Act(device, action) => {
                    let d = device.0 as usize;
                    assert!(self.ready[d], "an action for a device that is out of service");
                    self.acts[d].push(action);
                    assert!(self.acts[d].len() < 4000);
                }
                Output::Offer { line, call, host } => {
                    let d = host.0 as u32 - 1;
                    assert_eq!(self.lines[d as usize], Some(line));
                    let old = self.calls.insert(call, Seen { device: d, ..Seen::default() });
                    assert!(old.is_none_or(|seen| seen.closed), "a handle in use was given again");
                    self.order.push(call);
                    self.offers.push(call);
                }
                Output::Complete { request, line, call: None, .. } => {
                    self.line_requests.remove(&request).expect("a completion nobody waits for");
                    assert!(self.finished.insert(request), "completed twice");
                    assert!(!self.closed_lines.contains(&line));
                }
                Output::Complete { request, result, line, call } => {
                    let owner = self.open_requests.remove(&request).expect("a completion nobody waits for");
                    assert!(self.finished.insert(request), "completed twice");
                    assert_eq!(call, Some(owner));
                    assert!(!self.closed_lines.contains(&line));
                    if let Some(made) = self.making.remove(&request) {
                        self.calls.get_mut(&made).unwrap().valid = result.is_ok();
                    }
                }
                Output::Notify(Notification::Remove { .. }) => {}
                Output::Notify(Notification::Close { line, .. }) => {
                    assert!(!self.closed_lines.contains(&line));
                    assert!(self.told_close.insert(line), "told to close twice");
                }
                Output::Notify(Notification::LineState { line, .. } | Notification::AddressState { line, .. }) => {
                    assert!(!self.closed_lines.contains(&line) && !self.told_close.contains(&line));
                }
                Output::Notify(Notification::CallState { line, host, call, state, host_line, .. }) => {
                    let device = self.check(line, host_line, host, call);
                    let seen = self.calls.get_mut(&call).unwrap();
                    if let Some(last) = seen.last {
                        assert!(last != state, "told twice");
                        assert!(may_follow(last.bit(), state.bit()), "{last:?} -> {state:?}");
                    }
                    seen.last = Some(state);
                    assert_eq!(seen.device, device);
                    if state == CallState::Idle {
                        let mut open = self.gathers.iter().filter(|((of, _), open)| *of == call && **open > 0);
                        assert!(open.next().is_none(), "a collection outlived its call");
                        let mut open = self.sendings.iter().filter(|((of, _), open)| *of == call && **open > 0);
                        assert!(open.next().is_none(), "a generation outlived its call");
                        let waits = self.open_requests.values().any(|owner| *owner == call);
                        assert!(!waits, "IDLE before the completions");
                    }
                }
                Output::Notify(Notification::CallInfo { line, host, call, host_line, .. })
                | Output::Notify(Notification::Digit { line, host, call, host_line, .. })
                | Output::Notify(Notification::Tone { line, host, call, host_line, .. }) => {
                    self.check(line, host_line, host, call);
                }
                Output::Notify(Notification::Media { line, host, call, host_line, mode, .. }) => {
                    self.check(line, host_line, host, call);
                    assert!(self.provider.call_info(call).unwrap().monitor_media.contains(mode));
                }
                Output::Notify(Notification::Generated { line, host, call, host_line, end_to_end, .. }) => {
                    self.check(line, host_line, host, call);
                    let open = self.sendings.get_mut(&(call, end_to_end)).expect("nobody sends");
                    *open = open.checked_sub(1).expect("sent twice");
                }
                Output::Notify(Notification::Gathered { line, host, call, host_line, end_to_end, .. }) => {
                    self.check(line, host_line, host, call);
                    let open = self.gathers.get_mut(&(call, end_to_end)).expect("nobody gathers");
                    *open = open.checked_sub(1).expect("gathered twice");
                }
            }
        }
    }

    /// A message about a call: it must be valid, alive, and the host's own.
    fn check(&self, line: LineHandle, host_line: HostLine, host: HostCall, call: CallHandle) -> u32 {
        assert!(!self.closed_lines.contains(&line), "a message after the line was closed");
        let seen = &self.calls[&call];
        assert!(!seen.closed, "a message after the call was closed");
        assert!(seen.valid, "a message about a call that is not valid");
        assert_ne!(seen.last, Some(CallState::Idle), "a message after IDLE");
        assert_eq!(seen.host, Some(host));
        assert_eq!(self.lines[seen.device as usize], Some(line));
        assert_eq!(host_line.0 as u32 - 1, seen.device);
        host_line.0 as u32 - 1
    }

    fn close_call(&mut self, call: CallHandle) {
        let closed = self.put(Input::Command(Command::CloseCall(call)));
        self.drain();
        if closed.is_ok() {
            assert!(self.open_requests.values().all(|owner| *owner != call), "a request outlived its call");
            self.calls.get_mut(&call).unwrap().closed = true;
            assert_eq!(self.provider.call_status(call), Err(LineErr::INVALCALLHANDLE));
        }
    }

    fn close_line(&mut self, d: u32) {
        let Some(line) = self.lines[d as usize] else { return };
        self.put(Input::Command(Command::CloseLine(line))).unwrap();
        self.drain();
        assert!(self.line_requests.values().all(|of| *of != d), "a request outlived its line");
        self.lines[d as usize] = None;
        self.closed_lines.insert(line);
        for (call, seen) in &mut self.calls {
            if seen.device == d && !seen.closed {
                seen.closed = true;
                assert!(self.open_requests.values().all(|owner| owner != call));
                assert_eq!(self.provider.call_status(*call), Err(LineErr::INVALCALLHANDLE));
            }
        }
    }

    /// Statuses agree with what was told.
    fn compare(&self) {
        let mut counts = vec![0; DEVICES as usize];
        for (&call, seen) in &self.calls {
            if seen.closed {
                continue;
            }
            let status = self.provider.call_status(call).unwrap();
            self.provider.call_info(call).unwrap();
            if let Some(last) = seen.last {
                assert_eq!(status.state, last);
            }
            if seen.valid && seen.last != Some(CallState::Idle) {
                counts[seen.device as usize] += 1;
            }
        }
        for (line, count) in self.lines.iter().zip(counts) {
            if let Some(line) = line {
                assert_eq!(self.provider.line_status(*line).unwrap().active_calls, count);
            }
        }
    }

    fn step(&mut self, op: u8, d: u32, x: u8) {
        use LineEvent as E;
        let pick = |n: usize| usize::from(x) % n.max(1);
        let event = |world: &mut Self, event: LineEvent| {
            let _ = world.put(Input::Event(DeviceId(d), event));
        };
        let call = if self.order.is_empty() {
            None
        } else {
            // Mostly young calls, sometimes dead ones.
            let back = pick(if op.is_multiple_of(2) { 3 } else { 40 }).min(self.order.len() - 1);
            Some(self.order[self.order.len() - 1 - back])
        };
        let tones = [
            ProgressTone::Dial,
            ProgressTone::StutterDial,
            ProgressTone::Ringback,
            ProgressTone::Busy,
            ProgressTone::Reorder,
            ProgressTone::Sit(SitKind::VacantCode),
            ProgressTone::CallWaiting,
            ProgressTone::Unobtainable,
            ProgressTone::Howler,
        ];
        let failures = [
            Failure::Cancelled,
            Failure::NoDialTone,
            Failure::Glare,
            Failure::Refused,
            Failure::Timeout,
            Failure::Tone(ProgressTone::Busy),
            Failure::Released,
            Failure::Lost,
            Failure::WrongState,
        ];
        match op {
            0..=7 => {
                let Some(line) = self.lines[d as usize] else { return };
                let request = RequestId(self.number());
                let host = HostCall(self.number() as usize);
                let address = match pick(5) {
                    0 => None,
                    1 => Some(Address("9;".to_string())),
                    2 => Some(Address("bad".to_string())),
                    _ => Some(Address("5551234".to_string())),
                };
                let no_answer_timeout = Duration::from_secs(u64::from(x) % 3 * 10);
                let bearer_mode = if op == 7 { 0x40 } else { 1 };
                let params = CallParams { no_answer_timeout, bearer_mode, ..CallParams::default() };
                let make = Command::MakeCall { request, line, host, address, country: 0, params };
                if let Ok(Reply::Call(call)) = self.put(Input::Command(make)) {
                    self.calls.insert(call, Seen { host: Some(host), device: d, ..Seen::default() });
                    self.order.push(call);
                    self.making.insert(request, call);
                    self.open_requests.insert(request, call);
                }
            }
            8..=11 => {
                let Some(call) = call else { return };
                let text = ["1", "1;", "", "2W3", "?"][pick(5)].to_string();
                self.ask(call, |request| Command::Dial { request, call, address: Address(text), country: 0 });
            }
            12 => {
                let Some(call) = call else { return };
                self.ask(call, |request| Command::Accept { request, call });
            }
            13..=16 => {
                let Some(call) = call else { return };
                self.ask(call, |request| Command::Answer { request, call });
            }
            17..=21 => {
                let Some(call) = call else { return };
                self.ask(call, |request| Command::Drop { request, call });
            }
            22..=24 => {
                let Some(call) = call else { return };
                self.close_call(call);
            }
            25 => {
                let Some(call) = call else { return };
                let dial = (x > 99).then(DialParams::default);
                self.ask(call, |request| Command::SetCallParams {
                    request,
                    call,
                    bearer_mode: if x.is_multiple_of(2) { 1 } else { 0x40 },
                    min_rate: 0,
                    max_rate: 0,
                    dial,
                });
            }
            26 | 27 => {
                let Some(call) = call else { return };
                let modes = DigitModes::from_bits_retain(u32::from(x) & 6);
                let _ = self.put(Input::Command(Command::MonitorDigits { call, modes }));
            }
            28 | 29 => {
                let Some(call) = call else { return };
                let gather = (x > 40).then(|| GatherRequest {
                    modes: DigitModes::DTMF,
                    count: u32::from(x) % 4,
                    termination: b"#".to_vec(),
                    first_timeout: Duration::from_secs(u64::from(x) % 3),
                    inter_timeout: Duration::from_secs(1),
                });
                let wanted = gather.is_some();
                let end_to_end = self.number();
                let gather = Command::GatherDigits { call, end_to_end, gather };
                if self.put(Input::Command(gather)).is_ok() && wanted {
                    self.gathers.insert((call, end_to_end), 1);
                }
            }
            30 | 31 => {
                let Some(call) = call else { return };
                let end_to_end = self.number();
                let digits = (x > 40).then(|| Address("12,3".to_string()));
                let duration = Duration::ZERO;
                let mode = DigitMode::Dtmf;
                let wanted = digits.is_some();
                let generate = Command::GenerateDigits { call, end_to_end, mode, digits, duration };
                if self.put(Input::Command(generate)).is_ok() && wanted {
                    self.sendings.insert((call, end_to_end), 1);
                }
            }
            32 => {
                let Some(call) = call else { return };
                let _ = self.put(Input::Command(Command::SetAppSpecific { call, value: 1 }));
                let _ = self.put(Input::Command(Command::SetMediaMode { call, modes: MediaModes::UNKNOWN }));
            }
            33 if x < 80 => self.close_line(d),
            33 => self.open(d),
            34..=48 => {
                let acts = &mut self.acts[d as usize];
                if !acts.is_empty() {
                    let at = if op < 44 { acts.len() - 1 } else { pick(acts.len()) };
                    let action = if op == 48 { acts[at].id } else { acts.remove(at).id };
                    let outcome = if op < 42 { Outcome::Ok } else { Outcome::Failed(failures[pick(failures.len())]) };
                    event(self, E::Done { action, outcome });
                }
            }
            49 => event(self, E::Done { action: ActionId(u32::from(x)), outcome: Outcome::Ok }),
            50..=54 => event(self, E::Ring { pattern: x }),
            55 | 56 => event(self, E::RingStopped),
            57 => event(self, from_number("5550123")),
            58..=60 => event(self, E::OffHook),
            61 | 62 => event(self, E::OnHook),
            63 | 64 => event(self, E::Dialing),
            65 | 66 => event(self, E::Dialed),
            67..=72 => event(self, E::Tone(tones[pick(tones.len())])),
            73 => event(self, E::ToneEnded),
            74..=77 => event(
                self,
                E::Answered(
                    [
                        AnswerWitness::Polarity,
                        AnswerWitness::Voice,
                        AnswerWitness::ResultCode,
                        AnswerWitness::Carrier(9_600),
                    ][pick(4)],
                ),
            ),
            78..=80 => event(
                self,
                E::Released(
                    [
                        ReleaseWitness::LoopCurrent,
                        ReleaseWitness::Busy,
                        ReleaseWitness::NoAnswer,
                        ReleaseWitness::ResultCode,
                        ReleaseWitness::Tone(ProgressTone::Reorder),
                    ][pick(5)],
                ),
            ),
            81 | 82 => event(self, E::PolarityReversed),
            83..=86 => {
                let symbol = b"123#x"[pick(5)];
                let edge = if x.is_multiple_of(2) { DigitEdge::Begin } else { DigitEdge::End };
                event(self, E::Digit(Digit { symbol, mode: DigitMode::Dtmf, edge }));
            }
            87 => event(self, E::Battery(x.is_multiple_of(2))),
            88 if x < 120 => {
                let loss = if x < 20 { Loss::Gone } else { Loss::Silent };
                event(self, E::Lost(loss));
                self.ready[d as usize] = false;
                // What was sent before is lost with the device; late ends may still come.
            }
            88 => {
                if self.present[d as usize] && !self.ready[d as usize] {
                    // The oracle does not know whether the device is gone for good; the provider does.
                    let caps =
                        if x.is_multiple_of(3) { Caps::VOICE | Caps::DIAL_DTMF | Caps::SEIZE } else { Caps::all() };
                    self.ready(d, caps);
                }
            }
            89 if x < 30 => {
                let _ = self.put(Input::DeviceRemoved(DeviceId(d)));
                self.ready[d as usize] = false;
            }
            89 => self.plug(d),
            90..=95 => {
                if !self.offers.is_empty() {
                    let call = self.offers.remove(pick(self.offers.len()));
                    let host = (x > 30).then_some(HostCall(self.number() as usize));
                    let seen = self.calls.get_mut(&call).unwrap();
                    if !seen.closed && seen.host.is_none() {
                        seen.host = host;
                        seen.valid = host.is_some();
                        seen.closed = host.is_none();
                    }
                    let _ = self.put(Input::Offered { call, host });
                }
            }
            104 | 105 => {
                let Some(call) = call else { return };
                let end_to_end = self.number();
                let duration = (!x.is_multiple_of(3)).then_some(Duration::from_millis(u64::from(x) * 100));
                let tone = (x > 40).then_some(OutTone { tone: ToneKind::Busy, duration });
                let wanted = tone.is_some();
                if self.put(Input::Command(Command::GenerateTone { call, end_to_end, tone })).is_ok() && wanted {
                    self.sendings.insert((call, end_to_end), 1);
                }
            }
            106 => {
                let Some(call) = call else { return };
                let tones =
                    (x > 60).then(|| (0..u16::from(x) % 9).map(|i| (watched(300 + 100 * i), u32::from(i))).collect());
                let list = u32::from(x) % 3;
                let _ = self.put(Input::Command(Command::MonitorTones { call, list, tones }));
            }
            107 => {
                let Some(call) = call else { return };
                let modes = MediaModes::from_bits_retain(u32::from(x) & 0x7c);
                let _ = self.put(Input::Command(Command::MonitorMedia { call, modes }));
            }
            108 => {
                let (Some(call), Some(line)) = (call, self.lines[d as usize]) else { return };
                let scope = [Scope::Line(line), Scope::Address(line, 0), Scope::Call(call)][pick(3)];
                let action = [1, 2, 4, 8, 16, 32][pick(6)];
                let control = MediaControl {
                    digits: if x > 50 { vec![(b'1', DigitModes::DTMF, action)] } else { Vec::new() },
                    media: if x > 100 {
                        vec![(MediaModes::G3_FAX, Duration::from_millis(u64::from(x % 3) * 700), action)]
                    } else {
                        Vec::new()
                    },
                    tones: if x > 150 { vec![(watched(u16::from(x) * 10), action)] } else { Vec::new() },
                    states: if x > 200 { vec![(0x4100, action)] } else { Vec::new() },
                };
                let _ = self.put(Input::Command(Command::SetMediaControl { scope, control }));
            }
            109 | 110 => {
                let (Some(call), Some(line)) = (call, self.lines[d as usize]) else { return };
                let (terminal, enable) = (u32::from(x > 10), x > 128);
                if x.is_multiple_of(2) {
                    let scope = Scope::Call(call);
                    self.ask(call, |request| Command::SetTerminal { request, scope, modes: 0x40, terminal, enable });
                } else {
                    let scope = if x.is_multiple_of(3) { Scope::Line(line) } else { Scope::Address(line, 0) };
                    let request = RequestId(self.number());
                    let set = Command::SetTerminal { request, scope, modes: 0x40, terminal, enable };
                    if self.put(Input::Command(set)).is_ok() {
                        self.line_requests.insert(request, d);
                    }
                }
            }
            111 => {
                let Some(call) = call else { return };
                self.ask(call, |request| Command::SetCallData { request, call, data: vec![x; usize::from(x)] });
            }
            112 => {
                let signs = [MediaSign::Voice, MediaSign::FaxCalling, MediaSign::Beep, MediaSign::Tty];
                event(self, E::Media(signs[pick(signs.len())]));
            }
            113 => event(self, E::CustomTone(x % 18)),
            _ => {
                let millis = [1, 10, 200, 700, 2_000, 6_000, 20_000, 130_000][pick(8)];
                self.now = self.now + Duration::from_millis(millis);
                self.put(Input::Deadline(Clock::Line)).unwrap();
                assert!(self.provider.deadline(Clock::Line).is_none_or(|at| at > self.now), "a deadline was missed");
            }
        }
    }
}

fn watched(hz: u16) -> WatchedTone {
    WatchedTone { hz: [hz, 0, 0], duration_ms: 100 }
}

fn play(ops: &[(u8, u32, u8)]) {
    let mut world = World::new();
    world.drain();
    for &(op, d, x) in ops {
        world.step(op, d, x);
        world.drain();
        world.compare();
    }
    for d in 0..DEVICES {
        world.close_line(d);
    }
    assert!(world.open_requests.is_empty(), "requests without completion: {:?}", world.open_requests);
    assert!(world.making.is_empty());
    assert!(world.line_requests.is_empty(), "requests without completion: {:?}", world.line_requests);
    // In the end nothing is left that keeps a timer running but hang-ups and ringing.
    for _ in 0..20 {
        world.now = world.now + Duration::from_secs(60);
        world.put(Input::Deadline(Clock::Line)).unwrap();
        world.drain();
    }
    assert_eq!(world.provider.deadline(Clock::Line), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn the_rules_hold_whatever_happens(
        ops in prop::collection::vec((0_u8..114, 0..DEVICES, any::<u8>()), 1..250)
    ) {
        play(&ops);
    }

    /// One line only, so that calls get further.
    #[test]
    fn the_rules_hold_on_one_line(ops in prop::collection::vec((0_u8..114, Just(0_u32), any::<u8>()), 1..250)) {
        play(&ops);
    }
}
