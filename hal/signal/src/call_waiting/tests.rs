use super::*;
use crate::test_signal::{mix_at, silence, speech};
use crate::{DigitEdge, Number, PartyId, cas, cid, dtmf, fsk};
use std::vec;
use std::vec::Vec;

fn ms(millis: u64) -> Time {
    Time::from_millis(millis)
}

fn id() -> CallerId {
    CallerId { number: PartyId::Known(Number::new("5550199")), ..CallerId::default() }
}

/// A terminal and what it asked for.
struct Rig {
    terminal: Terminal,
    done: Vec<(u64, Output)>,
}

impl Rig {
    fn new(kind: Kind) -> Self {
        Self { terminal: Terminal::new(kind), done: Vec::new() }
    }

    /// Lets time pass, deadline by deadline.
    fn until(&mut self, now: u64) {
        while let Some(due) = self.terminal.deadline().filter(|due| *due <= ms(now)) {
            let done = &mut self.done;
            self.terminal.expire(due, &mut |o| done.push((due.millis(), o)));
        }
    }

    fn handle(&mut self, now: u64, input: Input<'_>) {
        self.until(now);
        let done = &mut self.done;
        self.terminal.handle(input, ms(now), &mut |o| done.push((now, o)));
    }

    fn done(&mut self) -> Vec<(u64, Output)> {
        std::mem::take(&mut self.done)
    }
}

const ACK: Output = Output::Acknowledge { symbol: b'D', duration: Duration::from_millis(60) };

fn message() -> cid::Message {
    cid::parse(cid::Frame::from_caller_id(&id()).bytes()).unwrap()
}

#[test]
fn the_whole_procedure() {
    let mut rig = Rig::new(Kind::CallerId);
    // Decided 20 ms after its end; the digit 40 ms after its end.
    rig.handle(1020, Input::Alerted { ended: ms(1000) });
    assert!(rig.terminal.is_busy());
    rig.until(1039);
    assert_eq!(rig.done(), [(1020, Output::Mute)]);
    rig.until(1099);
    assert_eq!(rig.done(), [(1040, ACK)]);
    rig.until(1200);
    assert_eq!(rig.done(), [(1100, Output::Listen)]);
    rig.handle(1400, Input::Carrier(true));
    rig.handle(1800, Input::Frame(Some(&message())));
    rig.handle(1810, Input::Carrier(false));
    rig.until(9000);
    assert_eq!(rig.done(), [(1800, Output::Deafen), (1800, Output::Unmute), (1800, Output::CallerId(id()))]);
    assert!(!rig.terminal.is_busy() && rig.terminal.deadline().is_none());
}

#[test]
fn a_late_decision_acknowledges_at_once_and_a_too_late_one_does_not() {
    let mut rig = Rig::new(Kind::Adsi);
    rig.handle(1090, Input::Alerted { ended: ms(1000) });
    let ack = Output::Acknowledge { symbol: b'A', duration: ACKNOWLEDGE_FOR };
    assert_eq!(rig.done(), [(1090, Output::Mute), (1090, ack)]);
    let mut rig = Rig::new(Kind::CallerId);
    rig.handle(1101, Input::Alerted { ended: ms(1000) });
    assert_eq!(rig.done(), [(1101, Output::GaveUp(Reason::TooLate))]);
    assert!(!rig.terminal.is_busy());
}

#[test]
fn the_device_may_tell_when_the_digit_is_out() {
    let mut rig = Rig::new(Kind::CallerId);
    rig.handle(1020, Input::Alerted { ended: ms(1000) });
    rig.handle(1095, Input::Acknowledged);
    assert_eq!(rig.done(), [(1020, Output::Mute), (1040, ACK), (1095, Output::Listen)]);
    rig.until(1634);
    assert_eq!(rig.done(), []);
    rig.until(1640);
    assert_eq!(rig.done(), [(1635, Output::Deafen), (1635, Output::Unmute), (1635, Output::GaveUp(Reason::NoCarrier))]);
    // It told once: now its silence means that the digit did not go out.
    rig.handle(5020, Input::Alerted { ended: ms(5000) });
    rig.until(9000);
    assert_eq!(
        rig.done(),
        [(5020, Output::Mute), (5040, ACK), (5300, Output::Unmute), (5300, Output::GaveUp(Reason::NotSent))]
    );
}

#[test]
fn without_a_carrier_it_gives_up_in_time() {
    let mut rig = Rig::new(Kind::CallerId);
    rig.handle(20, Input::Alerted { ended: ms(0) });
    rig.until(99);
    rig.done();
    rig.until(9000);
    // 500 ms after the digit, and no more than 50 later.
    assert_eq!(
        rig.done(),
        [(100, Output::Listen), (640, Output::Deafen), (640, Output::Unmute), (640, Output::GaveUp(Reason::NoCarrier))]
    );
    assert!(CARRIER_NOTICE <= UNMUTE_WITHIN && CARRIER_GAP <= UNMUTE_WITHIN);
}

#[test]
fn a_carrier_that_goes_or_stays_for_ever_ends_it() {
    for (gone, end) in [(Some(700u64), 730u64), (None, 300 + 6700)] {
        let mut rig = Rig::new(Kind::CallerId);
        rig.handle(20, Input::Alerted { ended: ms(0) });
        rig.handle(300, Input::Carrier(true));
        if let Some(gone) = gone {
            rig.handle(gone, Input::Carrier(false));
        }
        rig.done();
        rig.until(20_000);
        assert_eq!(rig.done(), [(end, Output::Deafen), (end, Output::Unmute), (end, Output::GaveUp(Reason::NoFrame))]);
    }
    // Gone for a moment only.
    let mut rig = Rig::new(Kind::CallerId);
    rig.handle(20, Input::Alerted { ended: ms(0) });
    rig.handle(300, Input::Carrier(true));
    rig.handle(500, Input::Carrier(false));
    rig.handle(520, Input::Carrier(true));
    rig.done();
    rig.handle(900, Input::Frame(Some(&message())));
    assert_eq!(rig.done().last(), Some(&(900, Output::CallerId(id()))));
}

#[test]
fn a_damaged_frame_ends_it() {
    let mut rig = Rig::new(Kind::CallerId);
    rig.handle(20, Input::Alerted { ended: ms(0) });
    rig.handle(300, Input::Carrier(true));
    rig.done();
    rig.handle(800, Input::Frame(None));
    rig.until(9000);
    assert_eq!(rig.done(), [(800, Output::Deafen), (800, Output::Unmute), (800, Output::GaveUp(Reason::Damaged))]);
}

#[test]
fn the_exchange_may_ask_again() {
    let mut rig = Rig::new(Kind::CallerId);
    rig.handle(20, Input::Alerted { ended: ms(0) });
    rig.until(200);
    rig.done();
    rig.handle(420, Input::Alerted { ended: ms(400) });
    rig.until(600);
    assert_eq!(rig.done(), [(420, Output::Deafen), (440, ACK), (500, Output::Listen)]);
    // Not while the digit goes out, and not while a frame comes.
    for at in [30u64, 60, 400] {
        let mut rig = Rig::new(Kind::CallerId);
        rig.handle(20, Input::Alerted { ended: ms(0) });
        if at == 400 {
            rig.handle(300, Input::Carrier(true));
        }
        rig.until(at);
        rig.done();
        let before = rig.terminal.deadline();
        rig.handle(at, Input::Alerted { ended: ms(at - 20) });
        assert_eq!((rig.done(), rig.terminal.deadline()), (vec![], before), "{at}");
    }
}

#[test]
fn with_an_extension_off_hook_it_keeps_quiet() {
    let mut rig = Rig::new(Kind::CallerId);
    rig.handle(0, Input::Extension(true));
    rig.handle(20, Input::Alerted { ended: ms(0) });
    assert_eq!(rig.done(), [(20, Output::GaveUp(Reason::Extension))]);
    rig.handle(1000, Input::Extension(false));
    rig.handle(2020, Input::Alerted { ended: ms(2000) });
    rig.handle(2030, Input::Extension(true));
    assert_eq!(rig.done(), [(2020, Output::Mute), (2030, Output::Unmute), (2030, Output::GaveUp(Reason::Extension))]);
}

#[test]
fn the_end_of_the_call_ends_it_in_every_state() {
    for (at, deaf) in [(25u64, false), (70, false), (300, true), (500, true)] {
        let mut rig = Rig::new(Kind::CallerId);
        rig.handle(20, Input::Alerted { ended: ms(0) });
        if at == 500 {
            rig.handle(400, Input::Carrier(true));
        }
        rig.until(at);
        rig.done();
        rig.handle(at, Input::Ended);
        let mut expected = vec![(at, Output::Unmute), (at, Output::GaveUp(Reason::Ended))];
        if deaf {
            expected.insert(0, (at, Output::Deafen));
        }
        assert_eq!(rig.done(), expected);
        rig.until(20_000);
        assert_eq!(rig.done(), []);
    }
    let mut rig = Rig::new(Kind::CallerId);
    rig.handle(0, Input::Ended);
    assert_eq!(rig.done(), []);
}

#[test]
fn what_comes_unasked_changes_nothing() {
    let mut rig = Rig::new(Kind::CallerId);
    let message = message();
    for input in [
        Input::Acknowledged,
        Input::Carrier(true),
        Input::Carrier(false),
        Input::Frame(Some(&message)),
        Input::Frame(None),
    ] {
        rig.handle(10, input);
        assert_eq!((rig.done(), rig.terminal.deadline()), (vec![], None));
    }
    rig.terminal.expire(ms(99_999), &mut |o| panic!("{o:?}"));
}

/// The terminal with real receivers and senders against an exchange, over speech.
#[test]
fn with_real_sounds() {
    let mut near = speech(4, -28.0, 4000);
    let mut alert = silence(4000);
    let mut beep = crate::tone::TonePlayer::fixed(&[440.0], -16.0, Some(Duration::from_millis(300)));
    beep.mix(&mut alert[8000..]);
    let mut tone = cas::Sender::new(-18.0);
    tone.start(cas::Sender::OFF_HOOK);
    tone.mix(&mut alert[10_600..]);
    let ended = (10_600 + 640) / 8;

    let mut terminal = Terminal::new(Kind::CallerId);
    let (mut ear, mut reader) = (cas::Detector::with_limits(cas::Limits::OffHook), cid::Receiver::new());
    let (mut finger, mut exchange) = (dtmf::Sender::new(-8.0), dtmf::Receiver::new());
    let mut modem = fsk::Sender::new(fsk::BELL202, -15.0);
    let (mut muted, mut listening, mut carrier, mut frame_at) = (false, false, false, None);
    let mut log: Vec<(u64, Output)> = Vec::new();
    let mut acknowledged = None;
    for (i, (near, far)) in near.chunks_mut(80).zip(alert.chunks(80)).enumerate() {
        let now = i as u64 * 10 + 10;
        if muted {
            near.fill(0);
        }
        mix_at(near, far, 0);
        modem.mix(near);
        let mut sent = vec![0i16; 80];
        finger.mix(&mut sent);
        exchange.process(&sent, &mut |e| {
            if e.edge == DigitEdge::End {
                acknowledged = Some((e.symbol, e.duration_ms));
                frame_at = Some(now + 100);
            }
        });
        if frame_at.is_some_and(|at| at <= now) {
            modem.load(cid::Frame::from_caller_id(&id()).bytes(), 0, cid::OFF_HOOK_MARK_BITS);
            frame_at = None;
        }
        let mut outputs = Vec::new();
        ear.process(near, &mut |e| {
            // The detector decides about 20 ms after the end.
            let ended = Time::from_micros(e.at * 125) - Duration::from_millis(20);
            terminal.handle(Input::Alerted { ended }, ms(now), &mut |o| outputs.push(o));
        });
        if listening {
            reader.process(near, &mut |cid::Event::Frame { message, .. }| {
                terminal.handle(Input::Frame(message), ms(now), &mut |o| outputs.push(o));
            });
            if reader.carrier() != carrier {
                carrier = reader.carrier();
                terminal.handle(Input::Carrier(carrier), ms(now), &mut |o| outputs.push(o));
            }
        }
        terminal.expire(ms(now), &mut |o| outputs.push(o));
        for o in outputs {
            match o {
                Output::Mute => muted = true,
                Output::Unmute => muted = false,
                Output::Listen => {
                    reader.reset();
                    (listening, carrier) = (true, false);
                }
                Output::Deafen => listening = false,
                Output::Acknowledge { symbol, duration } => {
                    assert!(now <= ended + 100 && now + 5 >= ended + 40, "{now} {ended}");
                    finger.push(symbol, duration, Duration::ZERO);
                }
                Output::CallerId(_) | Output::GaveUp(_) => {}
            }
            log.push((now, o));
        }
    }
    assert!(log.iter().any(|(_, o)| *o == Output::CallerId(id())), "{log:?}");
    assert!(!muted && !listening);
    let (symbol, length) = acknowledged.unwrap();
    assert_eq!(symbol, b'D');
    assert!((50..=70).contains(&length), "{length}");
}
