//! The emulated FXO port on the exchange, as its driver sees it, under virtual time.

use super::fxo_card::FxoCard;
use super::settings::Settings;
use super::subscriber::{FromExchange, FromTerminal, STEP_TIME, Terminal};
use super::switch::Exchange;
use super::telephone::level_of;
use crate::ports::{EmulatedFxoPort, fxo_emulated};
use crate::{BLOCK, FxoEvent, FxoPort, HookCommand, PortError};
use loopstart_signal::country::US;
use loopstart_signal::{PartyId, Time, dtmf};
use std::time::Duration;

struct Rig {
    exchange: Exchange,
    card: FxoCard,
    port: EmulatedFxoPort,
    now: Time,
    from: [FromTerminal; 1],
    to: [FromExchange; 1],
    heard: Vec<i16>,
    events: Vec<(u64, FxoEvent)>,
    sender: Option<dtmf::Sender>,
}

impl Rig {
    fn new() -> Self {
        let (socket, port) = fxo_emulated::pair().unwrap();
        Self {
            exchange: Exchange::new(Settings::new(US, 1)),
            card: FxoCard::new(socket, US.pulse, Duration::from_millis(500), Time::ZERO),
            port,
            now: Time::ZERO,
            from: Default::default(),
            to: Default::default(),
            heard: Vec::new(),
            events: Vec::new(),
            sender: None,
        }
    }

    /// Lets time go by, in ticks of a block; reads all there is and writes one block for each that was read.
    fn run(&mut self, ms: u64) {
        self.heard.clear();
        for _ in 0..ms / 20 {
            self.card.receive();
            assert!(self.card.is_drained());
            for _ in 0..4 {
                self.exchange.step(self.now, &self.from, &mut self.to);
                self.from[0] = self.card.step(self.now, &self.to[0]);
                self.now = self.now + STEP_TIME;
            }
            self.card.deliver(self.now);
            let mut block = [0; BLOCK];
            loop {
                match self.port.read(&mut block) {
                    Ok(n) => {
                        assert_eq!(n, BLOCK);
                        self.heard.extend(block);
                        if let Some(sender) = &mut self.sender {
                            let mut out = [0; BLOCK];
                            sender.mix(&mut out);
                            match self.port.write(&out) {
                                Ok(n) => assert_eq!(n, BLOCK),
                                Err(error) => assert_eq!(error, PortError::EventPending),
                            }
                        }
                    }
                    Err(PortError::EventPending) => {
                        let event = self.port.event().unwrap().unwrap();
                        self.events.push((self.now.millis(), event));
                    }
                    Err(error) => {
                        assert_eq!(error, PortError::WouldBlock);
                        break;
                    }
                }
            }
            assert!(self.port.drained());
        }
    }

    fn phase(&self) -> &'static str {
        self.exchange.state(0).unwrap().phase
    }

    fn told(&mut self) -> Vec<FxoEvent> {
        std::mem::take(&mut self.events).into_iter().map(|(_, event)| event).collect()
    }
}

#[test]
fn audio_runs_always_and_rings_are_told() {
    let mut rig = Rig::new();
    rig.run(1000);
    assert_eq!(rig.heard.len(), 8000, "on hook too");
    rig.exchange.call(0, PartyId::Withheld, PartyId::Withheld).unwrap();
    rig.run(7000);
    let events = std::mem::take(&mut rig.events);
    assert_eq!(
        events.iter().map(|(_, event)| *event).collect::<Vec<_>>(),
        [FxoEvent::RingBegin, FxoEvent::RingOffHook, FxoEvent::RingBegin]
    );
    // The burst lasts from 1.0 to 3.0 s.
    assert!((1064..1100).contains(&events[0].0) && (3114..3150).contains(&events[1].0), "{events:?}");
    rig.port.hook(HookCommand::OffHook).unwrap();
    rig.run(1000);
    assert_eq!(rig.phase(), "talking");
    assert_eq!(rig.told(), [FxoEvent::RingOffHook], "the burst was cut");
    rig.exchange.hang_up(0).unwrap();
    rig.run(1500);
    assert_eq!(rig.told(), [FxoEvent::OnHook], "battery went away and came back silently");
    assert_eq!(rig.port.battery(), Ok(true));
}

#[test]
fn a_call_is_dialled_with_tones_from_the_host() {
    let mut rig = Rig::new();
    rig.port.hook(HookCommand::OffHook).unwrap();
    rig.run(500);
    assert!(level_of(&rig.heard[2000..], 440.0) > -16.0, "dial tone");
    let mut sender = dtmf::Sender::new(-8.0);
    for digit in b"5550125" {
        assert!(sender.push(*digit, Duration::from_millis(80), Duration::from_millis(80)));
    }
    rig.sender = Some(sender);
    rig.run(2000);
    assert_eq!(rig.phase(), "calling");
    rig.run(8_000);
    assert_eq!(rig.told(), [FxoEvent::OnHook]);
    rig.port.hook(HookCommand::OnHook).unwrap();
    rig.run(1500);
    assert_eq!(rig.phase(), "idle");
}

#[test]
fn the_port_dials_pulses_and_flashes() {
    let mut rig = Rig::new();
    rig.port.hook(HookCommand::OffHook).unwrap();
    assert!(rig.port.hook(HookCommand::Flash).is_err(), "not steady yet");
    rig.run(500);
    rig.port.dial_pulse(b"5550120").unwrap();
    rig.run(13_000);
    assert_eq!(rig.told(), [FxoEvent::DialComplete]);
    assert_eq!(rig.phase(), "calling");
    rig.run(10_000);
    assert_eq!(rig.phase(), "talking");
    rig.port.set_flash(Duration::from_millis(600)).unwrap();
    rig.port.hook(HookCommand::Flash).unwrap();
    rig.run(1000);
    assert_eq!(rig.told(), [FxoEvent::HookComplete]);
    assert!(rig.exchange.events().iter().any(|event| event.kind == super::EventKind::Flash));
    assert_eq!(rig.phase(), "dialing", "the party is held: recall dial tone");
}

#[test]
fn a_write_stops_dialling() {
    let mut rig = Rig::new();
    rig.port.hook(HookCommand::OffHook).unwrap();
    rig.run(500);
    rig.port.dial_pulse(b"5550120").unwrap();
    rig.run(1000);
    rig.port.write(&[0; BLOCK]).unwrap();
    rig.run(13_000);
    assert_eq!(rig.told(), [], "no DialComplete");
    assert_eq!(rig.phase(), "dialing");
}

#[test]
fn a_pulled_cable_is_told_as_a_real_card_tells_it() {
    let mut rig = Rig::new();
    rig.port.hook(HookCommand::OffHook).unwrap();
    rig.run(500);
    rig.exchange.set_battery(0, false).unwrap();
    rig.run(500);
    assert_eq!(rig.told(), [FxoEvent::OnHook]);
    rig.run(700);
    assert_eq!(rig.told(), [FxoEvent::Alarm]);
    assert_eq!(rig.port.battery(), Ok(false));
    rig.port.hook(HookCommand::OnHook).unwrap();
    rig.exchange.set_battery(0, true).unwrap();
    rig.run(900);
    assert_eq!(rig.told(), []);
    rig.run(200);
    assert_eq!(rig.told(), [FxoEvent::NoAlarm]);
    rig.exchange.set_polarity(0, true).unwrap();
    rig.run(200);
    rig.exchange.set_polarity(0, false).unwrap();
    rig.run(200);
    assert_eq!(rig.told(), [FxoEvent::Polarity, FxoEvent::Polarity]);
}

#[test]
fn ringing_that_begins_within_two_seconds_of_hanging_up_is_not_told() {
    let mut rig = Rig::new();
    rig.port.hook(HookCommand::OffHook).unwrap();
    rig.run(500);
    rig.port.hook(HookCommand::OnHook).unwrap();
    rig.run(1000);
    rig.exchange.call(0, PartyId::Withheld, PartyId::Withheld).unwrap();
    rig.run(5000);
    assert_eq!(rig.told(), [FxoEvent::RingOffHook], "its end lies after the two seconds");
}

#[test]
fn closing_the_port_hangs_up() {
    let mut rig = Rig::new();
    rig.port.hook(HookCommand::OffHook).unwrap();
    rig.run(500);
    assert_eq!(rig.phase(), "dialing");
    let (_other, port) = fxo_emulated::pair().unwrap();
    rig.port = port;
    for _ in 0..100 {
        rig.card.receive();
        rig.exchange.step(rig.now, &rig.from, &mut rig.to);
        rig.from[0] = rig.card.step(rig.now, &rig.to[0]);
        rig.card.deliver(rig.now);
        rig.now = rig.now + STEP_TIME;
    }
    assert_eq!(rig.phase(), "idle");
}

#[test]
fn audio_that_is_not_read_is_lost_and_counted_and_events_are_not() {
    let (socket, mut port) = fxo_emulated::pair().unwrap();
    let mut card = FxoCard::new(socket, US.pulse, Duration::from_millis(500), Time::ZERO);
    let (mut now, mut line) = (Time::ZERO, FromExchange::default());
    for n in 0..20_000 {
        // A minute and a half without reading; polarity changes once a second.
        line.reversed = (n / 200) % 2 == 1;
        card.step(now, &line);
        now = now + STEP_TIME;
        if n % 4 == 3 {
            card.deliver(now);
        }
    }
    assert!(port.lost_blocks() > 100);
    let mut events = 0;
    let mut block = [0; BLOCK];
    loop {
        match port.read(&mut block) {
            Ok(_) => {}
            Err(PortError::EventPending) => {
                assert_eq!(port.event(), Ok(Some(FxoEvent::Polarity)));
                events += 1;
            }
            Err(_) => {
                // Room again: what waited comes.
                card.deliver(now);
                if !matches!(port.read(&mut block), Ok(_) | Err(PortError::EventPending)) {
                    break;
                }
            }
        }
    }
    assert!(events >= 64, "{events} events");
}
