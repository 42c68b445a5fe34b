//! The FXO driver on the emulated card and exchange, over the real socket, in virtual time: the exchange does not go on
//! before the driver has handled what came, so the machine's speed changes nothing.

use loopstart_hal::drivers::fxo::Fxo;
use loopstart_hal::exchange::modem::{Modem, STANDARD};
use loopstart_hal::exchange::{EmulatedExchange, LineKind, ServeSettings};
use loopstart_hal::ports::EmulatedFxoPort;
use loopstart_hal::{EventQueue, Interest, LineClock, LineDevice, Readiness};
use loopstart_signal::country::{Country, US, by_code};
use loopstart_signal::line_model::Echo;
use loopstart_signal::{
    ActionId, ActionKind, AnswerWitness, Clock, DialStep, DialSteps, DigitEdge, DigitMode, Heed, LineAction, LineEvent,
    Loss, Outcome, PartyId, ProgressTone, ReleaseWitness, SitKind, Time,
};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::sync::Arc;
use std::time::Duration;

/// One line of an exchange with an FXO port and its driver on it.
struct Line {
    exchange: EmulatedExchange,
    clock: Arc<LineClock>,
    fxo: Fxo<EmulatedFxoPort>,
    queue: EventQueue,
    now: Time,
    said: Vec<LineEvent>,
    actions: u32,
}

impl Line {
    fn new() -> Self {
        Self::of(US)
    }

    /// A line in this country.
    fn of(country: &'static Country) -> Self {
        let lines = vec![LineKind::Fxo];
        let exchange = EmulatedExchange::start_with(
            ServeSettings { country, speed: 1000.0, control: None, lines },
            Box::new(move |_| Box::new(Modem::new(&STANDARD, country))),
            // A hybrid that is not balanced well.
            |settings| settings.line.talker_echo = Some(Echo { delay_ms: 0.125, loss_db: 14.0 }),
        )
        .unwrap();
        let clock = exchange.clock();
        clock.attach(true);
        let port = exchange.take_fxo_port(0).unwrap();
        let now = clock.now();
        let mut line = Self {
            exchange,
            clock,
            fxo: Fxo::new(port, country, Clock::Line),
            queue: EventQueue::with_capacity(64),
            now,
            said: Vec::new(),
            actions: 0,
        };
        line.fxo.start(now, &mut line.queue);
        line.run(3_000);
        assert!(matches!(line.take()[..], [LineEvent::Ready(_)]));
        line
    }

    /// Lives through line time, tick by tick.
    fn run(&mut self, ms: u64) {
        let until = self.now + Duration::from_millis(ms);
        while self.now < until {
            self.clock.acknowledge(self.clock.ticket());
            let before = self.now;
            while self.now == before {
                let mut fds = [PollFd::new(self.clock.fd(), PollFlags::POLLIN)];
                assert_ne!(poll(&mut fds, PollTimeout::from(10_000u16)).unwrap(), 0, "the line clock stands still");
                self.clock.quiet();
                self.now = self.clock.now();
            }
            let readiness = Readiness { read: true, write: true, priority: true, hangup: false };
            self.fxo.ready(readiness, self.now, &mut self.queue);
            if self.fxo.deadline().is_some_and(|at| at <= self.now) {
                self.fxo.expire(self.now, &mut self.queue);
            }
            assert!(self.fxo.drained());
            while let Some(event) = self.queue.pop() {
                self.said.push(event);
            }
        }
    }

    /// Runs until an event is told that `is` accepts; answers it.
    fn until(&mut self, ms: u64, is: impl Fn(&LineEvent) -> bool) -> LineEvent {
        for _ in 0..ms / 20 {
            if let Some(event) = self.said.iter().find(|event| is(event)) {
                return *event;
            }
            self.run(20);
        }
        panic!("not within {ms} ms; told: {:?}", self.said);
    }

    fn act(&mut self, kind: ActionKind) -> ActionId {
        self.actions += 1;
        let id = ActionId(self.actions);
        self.fxo.act(&LineAction { id, kind }, self.now, &mut self.queue);
        while let Some(event) = self.queue.pop() {
            self.said.push(event);
        }
        id
    }

    fn take(&mut self) -> Vec<LineEvent> {
        std::mem::take(&mut self.said)
    }

    /// Dials and answers what was told up to the end of dialling.
    fn dial(&mut self, digits: &str) {
        let id = self.act(dial(digits));
        self.until(20_000, |event| *event == ok(id));
        let told = self.take();
        let expected = [
            LineEvent::OffHook,
            LineEvent::Tone(ProgressTone::Dial),
            LineEvent::Dialing,
            LineEvent::ToneEnded,
            LineEvent::Dialed,
            ok(id),
        ];
        assert_eq!(told, expected);
    }

    fn release(&mut self) {
        let id = self.act(ActionKind::Release);
        self.until(1_000, |event| *event == ok(id));
        assert!(self.take().contains(&LineEvent::OnHook));
        self.run(4_000);
        self.take();
    }

    /// Has the exchange do something; answers its reply.
    fn command(&self, text: &str) -> String {
        let reply = self.exchange.command(text);
        assert!(reply.lines().last().is_some_and(|last| last.starts_with("ok")), "{text}: {reply}");
        reply
    }

    fn call(&mut self) {
        self.command("call 0 5550100 EMULATED 0");
    }
}

fn ok(action: ActionId) -> LineEvent {
    LineEvent::Done { action, outcome: Outcome::Ok }
}

fn steps(text: &str) -> DialSteps {
    text.bytes().map(|b| if b == b'P' { DialStep::Pulse } else { DialStep::Digit(b) }).collect()
}

fn dial(digits: &str) -> ActionKind {
    ActionKind::Dial {
        steps: steps(digits),
        digit: Duration::from_millis(80),
        gap: Duration::from_millis(80),
        pause: Duration::from_millis(1_000),
        wait_dial_tone: Duration::from_millis(4_000),
        partial: false,
    }
}

#[test]
fn a_busy_number() {
    let mut line = Line::new();
    line.dial("5550121");
    line.until(10_000, |event| *event == LineEvent::Tone(ProgressTone::Busy));
    assert_eq!(line.take(), [LineEvent::Tone(ProgressTone::Busy)]);
    line.release();
}

#[test]
fn reorder_and_a_number_that_does_not_exist() {
    let mut line = Line::new();
    line.dial("5550123");
    line.until(10_000, |event| *event == LineEvent::Tone(ProgressTone::Reorder));
    line.release();
    line.dial("5550124");
    line.until(10_000, |event| *event == LineEvent::Tone(ProgressTone::Sit(SitKind::VacantCode)));
    line.release();
}

#[test]
fn a_number_that_answers() {
    let mut line = Line::new();
    line.dial("5550120");
    line.until(30_000, |event| matches!(event, LineEvent::Answered(_)));
    assert_eq!(
        line.take(),
        [
            LineEvent::Tone(ProgressTone::Ringback),
            LineEvent::ToneEnded,
            LineEvent::Answered(AnswerWitness::RingbackStopped)
        ]
    );
    line.release();
}

#[test]
fn an_answer_by_reversal() {
    let mut line = Line::new();
    line.dial("5550131");
    line.until(30_000, |event| *event == LineEvent::Answered(AnswerWitness::Polarity));
    line.release();
}

#[test]
fn a_far_end_that_hangs_up() {
    let mut line = Line::new();
    line.dial("5550125");
    line.until(60_000, |event| *event == LineEvent::Released(ReleaseWitness::LoopCurrent));
    line.release();
}

#[test]
fn digits_of_the_far_end() {
    let mut line = Line::new();
    line.dial("5550126");
    line.act(ActionKind::Listen(Heed::DTMF));
    line.run(30_000);
    let digits: Vec<(u8, DigitEdge)> = line
        .take()
        .iter()
        .filter_map(|event| if let LineEvent::Digit(digit) = event { Some((digit.symbol, digit.edge)) } else { None })
        .collect();
    let sent = b"1234567890*#ABCD".iter().flat_map(|s| [(*s, DigitEdge::Begin), (*s, DigitEdge::End)]);
    assert_eq!(digits, sent.collect::<Vec<_>>());
    line.release();
}

#[test]
fn a_call_that_comes_in() {
    let mut line = Line::new();
    line.call();
    line.until(10_000, |event| matches!(event, LineEvent::CallerId(_)));
    let told = line.take();
    let [LineEvent::Ring { pattern: 1 }, LineEvent::CallerId(caller)] = told[..] else { panic!("{told:?}") };
    let PartyId::Known(number) = caller.number else { panic!("{caller:?}") };
    let PartyId::Known(name) = caller.name else { panic!("{caller:?}") };
    assert_eq!((number.as_str(), name.as_str()), ("5550100", "EMULATED 0"));
    // Within the second burst, which is cut.
    line.until(10_000, |event| matches!(event, LineEvent::Ring { .. }));
    line.take();
    let answer = line.act(ActionKind::Answer);
    line.run(3_000);
    assert_eq!(line.take(), [LineEvent::OffHook, ok(answer)]);
    let listen = line.act(ActionKind::Listen(Heed::DTMF));
    line.command("digits 0 42");
    line.run(2_000);
    let told = line.take();
    assert_eq!(told.first(), Some(&ok(listen)));
    assert_eq!(told.len(), 5, "{told:?}");
    // Our own digits come back from the hybrid and are not heard.
    let send = line.act(ActionKind::SendDigits {
        steps: steps("159"),
        mode: DigitMode::Dtmf,
        digit: Duration::from_millis(80),
        gap: Duration::from_millis(80),
        pause: Duration::ZERO,
    });
    line.run(2_000);
    assert_eq!(line.take(), [ok(send)]);
    line.command("hangup 0");
    line.until(5_000, |event| *event == LineEvent::Released(ReleaseWitness::LoopCurrent));
    line.release();
}

#[test]
fn a_caller_who_gives_up() {
    let mut line = Line::new();
    line.call();
    line.run(9_000);
    line.command("hangup 0");
    line.run(12_000);
    let told = line.take();
    assert_eq!(told.iter().filter(|event| matches!(event, LineEvent::Ring { .. })).count(), 2, "{told:?}");
    assert_eq!(told.last(), Some(&LineEvent::RingStopped));
}

#[test]
fn a_cable_pulled_and_put_back() {
    let mut line = Line::new();
    line.command("battery 0 off");
    line.run(2_000);
    assert_eq!(line.take(), [LineEvent::Battery(false)]);
    line.command("battery 0 on");
    line.run(2_000);
    assert_eq!(line.take(), [LineEvent::Battery(true)]);
}

#[test]
fn a_number_in_pulses() {
    let mut line = Line::new();
    line.command("events");
    line.dial("P5550121");
    line.until(10_000, |event| *event == LineEvent::Tone(ProgressTone::Busy));
    let happened = line.command("events");
    assert!(happened.contains("\"number\":\"5550121\""), "{happened}");
}

#[test]
fn pulses_mean_what_the_country_says() {
    // In Sweden 0 is one pulse and 9 is ten; in New Zealand 0 is ten and 9 is one.
    for country in ["se", "nz"] {
        let mut line = Line::of(by_code(country).unwrap());
        line.command("events");
        line.dial("P5550121");
        line.run(1_000);
        let happened = line.command("events");
        assert!(happened.contains("\"number\":\"5550121\""), "{country}: {happened}");
    }
}

#[test]
fn a_flash_is_seen_by_the_exchange() {
    let mut line = Line::new();
    line.call();
    line.until(10_000, |event| matches!(event, LineEvent::Ring { .. }));
    line.act(ActionKind::Answer);
    line.run(2_000);
    let flash = line.act(ActionKind::Flash(Duration::from_millis(500)));
    line.until(3_000, |event| *event == ok(flash));
    line.run(1_000);
    let happened = line.command("events");
    assert!(happened.contains("\"ev\":\"flash\""), "{happened}");
}

#[test]
fn a_card_that_is_pulled() {
    let mut line = Line::new();
    line.command("unplug 0");
    line.run(20);
    assert_eq!(line.take(), [LineEvent::Lost(Loss::Gone)]);
    assert_eq!(line.fxo.interest(), Interest::default());
    assert!(line.fxo.drained());
}

#[test]
fn an_answering_machine_is_known_by_its_greeting_and_its_beep() {
    use loopstart_signal::MediaSign;
    let mut line = Line::new();
    line.dial("5550127");
    line.act(ActionKind::Listen(Heed::MEDIA));
    line.until(60_000, |event| *event == LineEvent::Media(MediaSign::Beep));
    let told = line.take();
    assert!(told.iter().any(|event| matches!(event, LineEvent::Answered(_))), "{told:?}");
    line.release();
}

#[test]
fn fax_and_modem_answers_are_told_as_such() {
    use loopstart_signal::MediaSign;
    let mut line = Line::new();
    for (number, sign) in [("5550128", MediaSign::FaxAnswer), ("5550129", MediaSign::Modem)] {
        line.dial(number);
        line.act(ActionKind::Listen(Heed::MEDIA));
        line.until(60_000, |event| *event == LineEvent::Media(sign));
        line.release();
    }
}

#[test]
fn programs_speak_to_the_echo_and_hear_it() {
    use loopstart_hal::drivers::audio::Direction;
    use std::io::{Read, Write};
    let mut line = Line::new();
    line.dial("5550120");
    line.until(60_000, |event| matches!(event, LineEvent::Answered(_)));
    line.take();
    let streams = line.fxo.audio().unwrap();
    let [mut reader, mut writer] = [Direction::FromLine, Direction::ToLine].map(|direction| {
        let (theirs, ours) = streams.gate().open(1, direction, false).unwrap().unwrap();
        streams.attach(ours);
        std::os::unix::net::UnixStream::from(theirs)
    });
    reader.set_nonblocking(true).unwrap();
    let mut tone = loopstart_signal::tone::TonePlayer::fixed(&[1_000.0], -10.0, Some(Duration::from_millis(500)));
    let mut heard = Vec::new();
    for _ in 0..60 {
        let mut block = [0i16; 160];
        tone.mix(&mut block);
        writer.write_all(&block.iter().flat_map(|s| s.to_ne_bytes()).collect::<Vec<_>>()).unwrap();
        line.run(20);
        let mut bytes = [0; 4_096];
        while let Ok(n @ 1..) = reader.read(&mut bytes) {
            heard.extend(bytes[..n].chunks_exact(2).map(|b| i16::from_ne_bytes([b[0], b[1]])));
        }
    }
    assert_eq!(heard.len(), 60 * 160, "every sample of the line");
    let loud = heard.iter().filter(|s| s.unsigned_abs() > 500).count();
    assert!(loud > 2_000, "{loud}");
    let id = line.act(ActionKind::Release);
    line.until(1_000, |event| *event == ok(id));
}

#[test]
fn a_second_call_is_announced_with_its_caller_and_the_first_goes_on() {
    let mut line = Line::new();
    line.dial("5550120");
    line.until(60_000, |event| matches!(event, LineEvent::Answered(_)));
    line.run(1_000);
    line.take();
    line.command("call 0 5550177 JANE DOE");
    line.until(3_000, |event| *event == LineEvent::CallWaiting);
    let caller = line.until(5_000, |event| matches!(event, LineEvent::CallerId(_)));
    assert!(
        matches!(caller, LineEvent::CallerId(id) if matches!(id.number, PartyId::Known(n) if n.as_str() == "5550177")),
        "{caller:?}"
    );
    assert_eq!(line.take(), [LineEvent::CallWaiting, caller], "and nothing else");
    // It is announced again while it waits, and nothing of it is said of the call that is up.
    line.run(15_000);
    let told = line.take();
    assert!(told.contains(&LineEvent::CallWaiting), "{told:?}");
    assert!(told.iter().all(|event| *event == LineEvent::CallWaiting), "{told:?}");
    line.command("hangup 0");
    line.release();
}
