//! A thousand lines with four calls each beside one such line: the same operation must cost the same.

use criterion::Criterion;
use loopstart::provider::{
    Address, CallFeatures, CallHandle, CallParams, CallState, Command, DeviceDescription, DeviceId, HostCall, HostLine,
    Input, LineHandle, MediaModes, Output, Provider, Reply, RequestId,
};
use loopstart::signal::plan::{Plan, Subscribed};
use loopstart::signal::{ActionId, AnswerWitness, Caps, Clock, LineEvent, Outcome, ProgressTone, Time};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

const LINES: u32 = 1_000;
const CALLS: usize = 4;
/// Operations of one measurement, and measurements of one figure.
const BLOCK: u32 = 500;
const ROUNDS: usize = 101;
/// The median may be so much greater with many lines.
const FLAT: f64 = 1.2;

/// What the calls of a line are.
#[derive(Clone, Copy)]
enum Kind {
    /// A conference with its two members, and an ended call.
    Conference,
    /// An active and a held call, and two ended ones.
    Pair,
}

/// The last outputs of a line that matter here.
#[derive(Default)]
struct Heard {
    action: Option<ActionId>,
    offer: Option<CallHandle>,
    completed: u32,
}

struct Crowd {
    provider: Provider,
    now: Time,
    request: u32,
    host: usize,
    heard: Heard,
    /// Of each line: the call that talks (or the conference), and the other one.
    calls: Vec<(CallHandle, CallHandle)>,
}

impl Crowd {
    fn new(lines: u32, kind: Kind, plan: &Arc<Plan>) -> Self {
        let (provider, heard) = (Provider::new(), Heard::default());
        let mut crowd = Self { provider, now: Time::from_millis(1), request: 0, host: 0, heard, calls: vec![] };
        for id in 0..lines {
            let line = crowd.open(DeviceId(id), plan);
            let pair = crowd.people(DeviceId(id), line, kind);
            crowd.calls.push(pair);
        }
        crowd
    }

    fn drain(&mut self) {
        while let Some(output) = self.provider.poll() {
            match &output {
                Output::Act(_, action) => self.heard.action = Some(action.id),
                Output::Offer { call, .. } => self.heard.offer = Some(*call),
                Output::Complete { result: Ok(()), .. } => self.heard.completed += 1,
                Output::Complete { result, .. } => panic!("a request failed: {result:?}"),
                _ => {}
            }
            black_box(&output);
        }
    }

    fn event(&mut self, device: DeviceId, event: LineEvent) {
        self.provider.handle(Input::Event(device, event), self.now).unwrap();
        self.drain();
    }

    fn events(&mut self, device: DeviceId, events: &[LineEvent]) {
        for event in events {
            self.event(device, *event);
        }
    }

    /// The device ends what it does.
    fn done(&mut self, device: DeviceId) {
        let action = self.heard.action.take().expect("an action");
        self.event(device, LineEvent::Done { action, outcome: Outcome::Ok });
    }

    fn command(&mut self, command: impl FnOnce(RequestId) -> Command) -> Reply {
        self.request += 1;
        let reply = self.provider.handle(Input::Command(command(RequestId(self.request))), self.now);
        self.drain();
        reply.expect("accepted")
    }

    fn host(&mut self) -> HostCall {
        self.host += 1;
        HostCall(self.host)
    }

    /// Time passes until nothing is due any more within `time`.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.provider.deadline(Clock::Monotonic).filter(|at| *at <= end) {
            self.now = at;
            self.provider.handle(Input::Deadline(Clock::Monotonic), at).unwrap();
            self.drain();
        }
        self.now = end;
    }

    fn open(&mut self, device: DeviceId, plan: &Arc<Plan>) -> LineHandle {
        let description = DeviceDescription {
            id: device,
            name: "line".into(),
            stable_id: format!("bench-{}", device.0),
            provider_info: "bench".into(),
            number: None,
            clock: Clock::Monotonic,
            extension: None,
            plan: Arc::clone(plan),
        };
        self.provider.handle(Input::DeviceAdded(description), self.now).unwrap();
        self.event(device, LineEvent::Ready(Caps::all() - Caps::DATA - Caps::HEARS_MEDIA));
        let host = HostLine(device.0 as usize + 1);
        let Reply::Line(line) = self.command(|_| Command::OpenLine { device, host }) else { panic!("no line") };
        self.command(|_| Command::SetMediaDetection { line, modes: MediaModes::INTERACTIVE_VOICE });
        line
    }

    /// The host takes what was offered.
    fn take(&mut self) -> CallHandle {
        let call = self.heard.offer.take().expect("an offer");
        let host = Some(self.host());
        self.provider.handle(Input::Offered { call, host }, self.now).unwrap();
        self.drain();
        call
    }

    fn state(&self, call: CallHandle) -> CallState {
        self.provider.call_status(call).unwrap().state
    }

    /// The digits go out, and somebody answers.
    fn dialled(&mut self, device: DeviceId) {
        self.events(device, &[LineEvent::Dialing, LineEvent::Dialed]);
        self.done(device);
        self.event(device, LineEvent::Answered(AnswerWitness::RingbackStopped));
    }

    fn people(&mut self, device: DeviceId, line: LineHandle, kind: Kind) -> (CallHandle, CallHandle) {
        let ended = match kind {
            Kind::Conference => 1,
            Kind::Pair => 2,
        };
        for _ in 0..ended {
            self.event(device, LineEvent::Ring { pattern: 1 });
            let call = self.take();
            self.event(device, LineEvent::RingStopped);
            assert_eq!(self.state(call), CallState::Idle);
        }
        let (host, params) = (self.host(), CallParams::default());
        let address = Some(Address("5551234".into()));
        let made = self.command(|request| Command::MakeCall { request, line, host, address, country: 0, params });
        let Reply::Call(first) = made else { panic!("no call") };
        self.events(device, &[LineEvent::OffHook, LineEvent::Tone(ProgressTone::Dial)]);
        self.dialled(device);
        let pair = match kind {
            Kind::Conference => self.confer(device, first),
            Kind::Pair => self.second(device, first),
        };
        self.pass(Duration::from_secs(4));
        assert!(matches!(self.state(pair.0), CallState::Connected(_)));
        let calls = CALLS - ended;
        let status = self.provider.line_status(line).unwrap();
        assert_eq!((status.active_calls + status.held_calls) as usize, calls);
        pair
    }

    /// A second party is called and joined.
    fn confer(&mut self, device: DeviceId, first: CallHandle) -> (CallHandle, CallHandle) {
        let (host_conference, host_consultation) = (self.host(), self.host());
        let made = self.command(|request| Command::SetupConference {
            request,
            call: Some(first),
            line: None,
            host_conference,
            host_consultation,
            parties: 3,
            params: CallParams::default(),
        });
        let Reply::Conference { conference, consultation: call } = made else { panic!("no conference") };
        self.done(device);
        self.event(device, LineEvent::Tone(ProgressTone::StutterDial));
        let address = Address("5555678".into());
        self.command(|request| Command::Dial { request, call, address, country: 0 });
        self.dialled(device);
        self.command(|request| Command::AddToConference { request, conference, call });
        self.done(device);
        self.pass(Duration::from_secs(4));
        (conference, call)
    }

    /// A second caller waits and is taken.
    fn second(&mut self, device: DeviceId, first: CallHandle) -> (CallHandle, CallHandle) {
        self.event(device, LineEvent::CallWaiting);
        let call = self.take();
        self.command(|request| Command::Answer { request, call });
        self.done(device);
        self.pass(Duration::from_secs(4));
        (call, first)
    }

    // ---- what is measured ----

    /// A tone that says nothing new of a call in conversation.
    fn tone(&mut self, at: u32) {
        self.provider.handle(Input::Event(DeviceId(at), LineEvent::Tone(ProgressTone::Ringback)), self.now).unwrap();
        self.drain();
    }

    /// State and features of a conference.
    fn status(&mut self, at: u32) {
        let status = self.provider.call_status(self.calls[at as usize].0).unwrap();
        assert!(black_box(status).features.contains(CallFeatures::DROP));
    }

    /// A swap is accepted, and its flash ordered. The swap itself is carried out beside the clock.
    fn swap(&mut self, at: u32) -> Duration {
        let (active, held) = self.calls[at as usize];
        self.request += 1;
        let command = Command::SwapHold { request: RequestId(self.request), active, held };
        let began = Instant::now();
        self.provider.handle(Input::Command(command), self.now).unwrap();
        self.drain();
        let took = began.elapsed();
        self.done(DeviceId(at));
        self.pass(Duration::from_secs(4));
        assert!(matches!(self.state(held), CallState::Connected(_)));
        self.calls[at as usize] = (held, active);
        took
    }
}

/// What the clock itself takes.
fn clock() -> Duration {
    let mut times: Vec<_> = (0..1_001)
        .map(|_| {
            let began = Instant::now();
            began.elapsed()
        })
        .collect();
    median(&mut times)
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// A block of an operation on one line, or on one after the other.
type Block = fn(&mut Crowd, u32, bool) -> Duration;

fn turns(lines: u32, walk: bool) -> impl Iterator<Item = u32> {
    // The line in the middle, or all over the place.
    (0..BLOCK).map(move |n| if walk { n * 7 % lines } else { lines / 2 })
}

fn timed(crowd: &mut Crowd, lines: u32, walk: bool, what: impl Fn(&mut Crowd, u32)) -> Duration {
    let began = Instant::now();
    turns(lines, walk).for_each(|at| what(crowd, at));
    began.elapsed() / BLOCK
}

fn compare(name: &str, many: &mut Crowd, one: &mut Crowd, block: Block) {
    let (mut near, mut far, mut alone) = (vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        alone.push(block(one, 1, false));
        near.push(block(many, LINES, false));
        far.push(block(many, LINES, true));
    }
    let (near, far, alone) = (median(&mut near), median(&mut far), median(&mut alone));
    let ratio = near.as_secs_f64() / alone.as_secs_f64();
    let verdict = if ratio <= FLAT { "flat" } else { "NOT FLAT" };
    println!(
        "provider/{name}  1 line {} ns, one of {LINES} lines {} ns, ratio {ratio:.2} ({verdict}); each of {LINES} lines in turn {} ns",
        alone.as_nanos(),
        near.as_nanos(),
        far.as_nanos(),
    );
}

pub(crate) fn flat(_: &mut Criterion) {
    let plan = Plan::subscribed("nanp", Subscribed::all()).expect("a plan");
    let crowds = |kind| (Crowd::new(LINES, kind, &plan), Crowd::new(1, kind, &plan));
    let (mut many, mut one) = crowds(Kind::Conference);
    compare("tone-in-conference", &mut many, &mut one, |crowd, lines, walk| timed(crowd, lines, walk, Crowd::tone));
    compare("call-status", &mut many, &mut one, |crowd, lines, walk| timed(crowd, lines, walk, Crowd::status));
    let (mut many, mut one) = crowds(Kind::Pair);
    compare("swap-accepted", &mut many, &mut one, |crowd, lines, walk| {
        let clock = clock();
        let mut times: Vec<_> = turns(lines, walk).map(|at| crowd.swap(at)).collect();
        median(&mut times).saturating_sub(clock)
    });
}
