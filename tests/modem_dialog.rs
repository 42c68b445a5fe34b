//! The provider and the driver of a modem together, in virtual time: they run as they do in the runtime, without its threads.
//!
//! A modem is pulled out at every byte of its dialog: at each of them the host is told, every accepted request completes once,
//! nothing is left behind, and the same line works again when the modem is plugged in. One provider goes through all of it, so
//! that whatever is left behind by one round is met by the next.
//!
//! And whatever a program gives as a number, nothing but what can be dialled reaches a command line.

use loopstart::hal::drivers::voice_modem::VoiceModem;
use loopstart::hal::ports::{Faulty, MemoryPort};
use loopstart::hal::{EventQueue, LineDevice, Port, Readiness};
use loopstart::provider::{
    Address, CallHandle, CallParams, CallState, Command, DeviceDescription, DeviceId, DigitModes, HostCall, HostLine,
    Input, LineHandle, LineState, MediaModes, Notification, Output, Provider, Reply, RequestId,
};
use loopstart::signal::plan::Plan;
use loopstart::signal::{Clock, DigitMode, Time};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;

const ID: DeviceId = DeviceId(3);
const CLOCK: Clock = Clock::Line;

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// A voice modem that does what it is told.
fn answer(command: &str) -> Option<&'static str> {
    Some(match command {
        "ATI3" => "\r\nCX93001-EIS_V0.2013-V92\r\n\r\nOK\r\n",
        "AT+FCLASS=?" => "\r\n0,1,1.0,2,8\r\n\r\nOK\r\n",
        "AT+VCID?" => "\r\n1\r\n\r\nOK\r\n",
        "AT+VTS=?" => "\r\n(0,200-3000),(0,200-3000),(0-255)\r\n\r\nOK\r\n",
        c if c.starts_with("AT") => "\r\nOK\r\n",
        _ => return None,
    })
}

/// What is in the computer: one modem, which may be pulled, and the modem's side of its cable.
struct Cable {
    modem: VoiceModem<Faulty<MemoryPort>>,
    events: EventQueue,
    far: MemoryPort,
    line: Vec<u8>,
    /// The command lines so far.
    commands: Vec<String>,
    /// What the modem is going to say.
    later: Vec<(Time, Vec<u8>)>,
    /// The system has told that the port is gone.
    hung_up: bool,
}

struct World {
    provider: Provider,
    now: Time,
    cable: Cable,
    line: Option<LineHandle>,
    /// Calls with their last state.
    calls: BTreeMap<usize, (CallHandle, Option<CallState>)>,
    accepted: Vec<RequestId>,
    completed: Vec<RequestId>,
    line_states: Vec<LineState>,
    close_asked: bool,
    requests: u32,
    hosts: usize,
}

fn plugged(left: Option<u64>) -> Cable {
    let (near, far) = MemoryPort::pair(1 << 14);
    let mut port = Faulty::new(near);
    port.faults.gone_after = left;
    let modem = VoiceModem::new(port, CLOCK);
    let events = EventQueue::with_capacity(256);
    Cable { modem, events, far, line: Vec::new(), commands: Vec::new(), later: Vec::new(), hung_up: false }
}

impl World {
    fn new() -> Self {
        Self {
            provider: Provider::new(),
            now: Time::from_millis(1_000),
            cable: plugged(None),
            line: None,
            calls: BTreeMap::new(),
            accepted: Vec::new(),
            completed: Vec::new(),
            line_states: Vec::new(),
            close_asked: false,
            requests: 0,
            hosts: 0,
        }
    }

    /// A modem is plugged in that will be pulled after so many bytes.
    fn plug(&mut self, left: Option<u64>) {
        self.cable = plugged(left);
        let description = DeviceDescription {
            id: ID,
            name: "a modem".into(),
            stable_id: "usb:0572:1340".into(),
            provider_info: String::new(),
            number: None,
            extension: None,
            clock: CLOCK,
            plan: Plan::plain(),
        };
        self.input(Input::DeviceAdded(description)).expect("the number is free");
        let open = Input::Command(Command::OpenLine { device: ID, host: HostLine(1) });
        let Ok(Reply::Line(line)) = self.input(open) else { panic!("the line does not open") };
        self.line = Some(line);
        self.command(Command::SetStatusMessages { line, line_states: 0xce, address_states: 0 });
        self.cable.modem.start(self.now, &mut self.cable.events);
        self.run(10_000);
        self.command(Command::SetMediaDetection { line, modes: MediaModes::INTERACTIVE_VOICE });
    }

    fn input(&mut self, input: Input) -> Result<Reply, loopstart::provider::LineErr> {
        let reply = self.provider.handle(input, self.now);
        self.drain();
        reply
    }

    /// Commands may be refused at any time: the modem may be gone.
    fn command(&mut self, command: Command) -> Option<Reply> {
        self.input(Input::Command(command)).ok()
    }

    /// Sends a command with a request number of its own.
    fn request(&mut self, command: impl FnOnce(RequestId) -> Command) -> Option<Reply> {
        self.requests += 1;
        let id = RequestId(self.requests);
        // It may be completed before the reply is there.
        self.accepted.push(id);
        let reply = self.command(command(id));
        if reply.is_none() {
            self.accepted.retain(|other| *other != id);
        }
        reply
    }

    fn drain(&mut self) {
        while let Some(output) = self.provider.poll() {
            match output {
                Output::Act(_, action) => self.cable.modem.act(&action, self.now, &mut self.cable.events),
                Output::Offer { call, .. } => {
                    self.hosts += 1;
                    self.calls.insert(self.hosts, (call, None));
                    let host = Some(HostCall(self.hosts));
                    let _ = self.provider.handle(Input::Offered { call, host }, self.now);
                }
                Output::Complete { request, .. } => self.completed.push(request),
                Output::Notify(Notification::CallState { host, call, state, .. }) => {
                    self.calls.insert(host.0, (call, Some(state)));
                }
                Output::Notify(Notification::LineState { state, .. }) => self.line_states.push(state),
                Output::Notify(Notification::Close { .. }) => self.close_asked = true,
                Output::Notify(_) => {}
            }
        }
    }

    fn say(&mut self, text: &[u8]) {
        let _ = self.cable.far.write(text);
        self.cable.modem.ready(Readiness { read: true, ..Readiness::default() }, self.now, &mut self.cable.events);
        self.take();
    }

    /// What the driver said and wrote.
    fn take(&mut self) {
        while let Some(event) = self.cable.events.pop() {
            self.input(Input::Event(ID, event)).expect("events are never refused");
        }
        let mut buffer = [0; 256];
        while let Ok(n) = self.cable.far.read(&mut buffer) {
            for &byte in &buffer[..n] {
                if byte != b'\r' {
                    self.cable.line.push(byte);
                    continue;
                }
                let line = String::from_utf8_lossy(&std::mem::take(&mut self.cable.line)).into_owned();
                if let Some(text) = answer(&line) {
                    self.cable.later.push((self.now + ms(5), text.into()));
                }
                self.cable.commands.push(line);
            }
        }
        // The system tells a program that waits.
        if self.is_pulled() && !self.cable.hung_up {
            self.cable.hung_up = true;
            let readiness = Readiness { read: true, hangup: true, ..Readiness::default() };
            self.cable.modem.ready(readiness, self.now, &mut self.cable.events);
            self.take();
        }
    }

    fn is_pulled(&self) -> bool {
        self.cable.modem.port().faults.gone_after == Some(0)
    }

    fn run(&mut self, millis: u64) {
        let end = self.now + ms(millis);
        for turn in 0.. {
            assert!(turn < 100_000, "something asks to be called again and again");
            self.take();
            let modem = self.cable.modem.deadline();
            let speech = self.cable.later.iter().map(|(at, _)| *at).min();
            let next = [modem, self.provider.deadline(CLOCK), speech].into_iter().flatten().min();
            match next {
                Some(at) if at <= end => self.now = self.now.max(at),
                _ => break,
            }
            if let Some(at) = self.cable.later.iter().position(|(at, _)| *at <= self.now) {
                let (_, text) = self.cable.later.remove(at);
                self.say(&text);
            }
            if self.cable.modem.deadline().is_some_and(|at| at <= self.now) {
                self.cable.modem.expire(self.now, &mut self.cable.events);
            }
            if self.provider.deadline(CLOCK).is_some_and(|at| at <= self.now) {
                self.input(Input::Deadline(CLOCK)).expect("deadlines are never refused");
            }
        }
        self.now = end;
    }

    /// The call that came last.
    fn last(&self) -> Option<(CallHandle, Option<CallState>)> {
        self.calls.values().next_back().copied()
    }

    /// An incoming call with everything in it, then an outgoing one that the far end ends. Whatever is refused is left out.
    fn script(&mut self) {
        self.say(b"\r\nRING\r\n");
        self.run(1_000);
        self.say(b"\r\nDATE = 1120\r\nTIME = 2101\r\nNMBR = 5551234\r\nNAME = A CALLER\r\n");
        self.run(3_000);
        self.say(b"\r\nRING\r\n");
        self.run(100);
        if let Some((call, _)) = self.last() {
            self.request(|request| Command::Answer { request, call });
            self.run(1_000);
            self.command(Command::MonitorDigits { call, modes: DigitModes::DTMF });
            self.run(10);
            self.say(b"\x10/\x105\x10~\x107");
            let digits = Some(Address("12#".into()));
            let duration = ms(100);
            self.command(Command::GenerateDigits { call, end_to_end: 1, mode: DigitMode::Dtmf, digits, duration });
            self.run(2_000);
            self.request(|request| Command::Drop { request, call });
            // Dropped while it is being dropped: both requests end.
            self.request(|request| Command::Drop { request, call });
            self.run(6_000);
            self.command(Command::CloseCall(call));
        }
        let Some(line) = self.line else { return };
        self.hosts += 1;
        let host = HostCall(self.hosts);
        let made = self.request(|request| Command::MakeCall {
            request,
            line,
            host,
            address: Some(Address("555-1234".into())),
            country: 0,
            params: CallParams::default(),
        });
        if let Some(Reply::Call(call)) = made {
            let told = self.calls.get(&host.0).and_then(|(_, state)| *state);
            self.calls.insert(host.0, (call, told));
            self.run(3_000);
            self.say(b"\x10r");
            self.run(1_000);
            self.say(b"\x10v");
            self.run(1_000);
            self.say(b"\x10b\x10b");
            self.run(500);
            self.request(|request| Command::Drop { request, call });
            self.run(6_000);
            self.command(Command::CloseCall(call));
        }
    }

    /// The host's part when the line asks to be closed.
    fn close(&mut self, what: &str) {
        // All that is up ends now; nothing waits for anything.
        self.run(1_000);
        let mut completed = self.completed.clone();
        completed.sort_unstable_by_key(|request| request.0);
        assert_eq!(completed, self.accepted, "{what}: each request completes once");
        for (host, (call, state)) in std::mem::take(&mut self.calls) {
            if self.provider.call_status(call).is_ok() {
                let over = matches!(state, Some(CallState::Disconnected(_) | CallState::Idle) | None);
                assert!(over, "{what}: call {host} is {state:?}");
                self.command(Command::CloseCall(call)).expect("a call");
            }
        }
        let line = self.line.take().expect("it is open");
        let status = self.provider.line_status(line).expect("it is open");
        assert_eq!((status.in_service, status.active_calls, status.held_calls), (false, 0, 0), "{what}");
        self.command(Command::CloseLine(line)).expect("it was open");
        self.input(Input::DeviceRemoved(ID)).expect("it was there");
        self.run(1);
        assert_eq!(self.provider.clock_of(ID), None, "{what}: the number is free");
        assert_eq!(self.provider.deadline(CLOCK), None, "{what}: nothing is left to be done");
        self.accepted.clear();
        self.completed.clear();
        self.line_states.clear();
        self.close_asked = false;
    }
}

#[test]
fn a_modem_is_pulled_out_at_every_byte() {
    let mut world = World::new();
    const PLENTY: u64 = 1 << 40;
    world.plug(Some(PLENTY));
    world.script();
    let bytes = PLENTY - world.cable.modem.port().faults.gone_after.expect("it counts");
    assert!(bytes > 600, "the script is the whole of it: {bytes}");
    assert_eq!(world.accepted.len(), 5, "and nothing of it was refused");
    assert_eq!(world.completed.len(), 5);
    world.cable.modem.port_mut().faults.gone_after = Some(0);
    world.run(10);
    world.close("at the end");

    for left in 0..bytes {
        let what = format!("after {left} of {bytes} bytes");
        world.plug(Some(left));
        world.script();
        assert!(world.is_pulled() && world.close_asked, "{what}: the host is asked to close the line");
        // Where it was in service it was told to be out of it.
        let told: Vec<_> = world
            .line_states
            .iter()
            .filter(|state| matches!(state, LineState::InService | LineState::OutOfService))
            .collect();
        let ends_well = told.is_empty() || told.last() == Some(&&LineState::OutOfService);
        assert!(ends_well, "{what}: {told:?}");
        assert_eq!(world.cable.modem.deadline(), None, "{what}: a modem that is gone wants nothing");
        assert!(!world.cable.modem.interest().read && !world.cable.modem.interest().write, "{what}");
        world.close(&what);
    }

    // And it works as on the first day.
    world.plug(None);
    world.script();
    let status = world.provider.line_status(world.line.expect("open")).expect("open");
    assert!(status.in_service && status.active_calls == 0);
    assert_eq!((world.accepted.len(), world.completed.len()), (5, 5));
}

/// Makes a call to `address`, sends `digits` on it and drops it; answers all command lines, from the start of the modem.
fn command_lines(address: &str, digits: &str) -> Vec<String> {
    let mut world = World::new();
    world.plug(None);
    let line = world.line.expect("open");
    let made = world.request(|request| Command::MakeCall {
        request,
        line,
        host: HostCall(1),
        address: Some(Address(address.into())),
        country: 0,
        params: CallParams::default(),
    });
    if let Some(Reply::Call(call)) = made {
        world.run(60_000);
        world.say(b"\x10v");
        world.run(100);
        let (digits, mode) = (Some(Address(digits.into())), DigitMode::Dtmf);
        world.command(Command::GenerateDigits { call, end_to_end: 1, mode, digits, duration: ms(100) });
        world.run(60_000);
        world.request(|request| Command::Drop { request, call });
        world.run(6_000);
        world.command(Command::CloseCall(call));
    }
    assert_eq!(world.completed.len(), world.accepted.len());
    std::mem::take(&mut world.cable.commands)
}

/// What a program may give as a number, and what an attacker would.
fn numbers() -> impl Strategy<Value = String> {
    let dialable = "[0-9*#A-Da-dTPW@$!,;() ./-]{1,40}";
    let attacks = prop::sample::select(vec![
        "5551234\rATH",
        "5551234\nATS0=1",
        "5;H0",
        "5;+FCLASS=0",
        "+++",
        "+++ATH",
        "\u{10}\u{3}",
        "\u{1b}[2J",
        "5551234;DT900",
        "5\0",
        "\u{661}\u{662}",
        "5^ATZ",
        "5|S0=1",
        "T5551234;",
        "@5",
        "ATDT5",
        "S=1",
        "L",
        "5>1",
    ]);
    prop_oneof![
        4 => dialable,
        3 => (dialable, attacks, dialable).prop_map(|(a, b, c)| format!("{a}{b}{c}")),
        2 => any::<String>(),
        1 => "\\PC{0,80}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn nothing_but_dial_characters_reaches_a_command_line(address in numbers(), digits in numbers()) {
        let plain = command_lines("5551234", "1");
        prop_assert!(plain.iter().any(|line| line == "ATX4DT5551234;" || line == "ATX4DT5551234"), "{plain:?}");
        prop_assert!(plain.iter().any(|line| line.starts_with("AT+VTS=")), "{plain:?}");
        for line in command_lines(&address, &digits) {
            if plain.contains(&line) {
                continue;
            }
            let body = line.trim_start_matches("\u{10}!").trim_start_matches("+++");
            if let Some(dialled) = body.strip_prefix("ATX4D").or(body.strip_prefix("ATX3D")) {
                let digits = dialled.strip_suffix(';').unwrap_or(dialled);
                prop_assert!(digits.bytes().all(|b| b"0123456789*#ABCDTP,W@$!".contains(&b)), "{line:?}");
            } else if let Some(tones) = body.strip_prefix("AT+VTS=") {
                prop_assert!(tones.bytes().all(|b| b"0123456789*#ABCD,{}[]".contains(&b)), "{line:?}");
            } else {
                // Those of a call to any other number; waking a modem is none of them.
                let known = ["ATH", "AT+FCLASS=0", "AT+VLS=0", "AT+VLS=1", "ATS8=2"];
                prop_assert!(known.contains(&body), "{line:?} for {address:?}, {digits:?}");
            }
        }
    }
}
