//! Services in any order, with anything happening in between, on every plan: each request that was accepted completes
//! once, each step of a call is one of the call model, and in the end the line is on hook and free.

use super::*;
use crate::scripts::property::may_follow;
use std::collections::{BTreeMap, BTreeSet};

/// Steps of one plan.
const STEPS: usize = 8_000;
/// Steps after which everything is given up.
const LIFE: usize = 80;

struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % n.max(1)
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

/// What was said, checked against the rules.
#[derive(Default)]
struct Watch {
    accepted: BTreeSet<RequestId>,
    finished: BTreeSet<RequestId>,
    /// Calls in the making, by their request.
    making: BTreeMap<RequestId, CallHandle>,
    valid: BTreeSet<CallHandle>,
    states: BTreeMap<CallHandle, u32>,
    calls: Vec<CallHandle>,
    succeeded: usize,
    /// The line is off hook, or going to be.
    off_hook: bool,
}

impl Watch {
    fn look(&mut self, rig: &mut Rig) {
        while let Some(output) = rig.provider.poll() {
            match &output {
                Output::Act(_, action) => {
                    self.off_hook |= !matches!(action.kind, ActionKind::Release | ActionKind::Listen(_));
                    rig.acts.push((action.id, action_word(&action.kind)));
                }
                Output::Offer { call, .. } => rig.offers.push(*call),
                Output::Complete { request, result, .. } => {
                    assert!(self.finished.insert(*request), "{request:?} completed twice");
                    self.succeeded += usize::from(result.is_ok());
                    if let Some(call) = self.making.remove(request)
                        && result.is_ok()
                    {
                        self.valid.insert(call);
                    }
                }
                Output::Notify(Notification::CallState { call, state, .. }) => {
                    assert!(self.valid.contains(call), "{state:?} of a call that is not valid");
                    let before = self.states.insert(*call, state.bit());
                    assert!(before.is_none_or(|b| may_follow(b, state.bit())), "{before:?} to {state:?}");
                }
                _ => {}
            }
        }
    }

    /// The device ends its oldest action.
    fn act(&mut self, rig: &mut Rig, outcome: Outcome) {
        if !rig.acts.is_empty() {
            let (action, what) = rig.acts.remove(0);
            if what == "Release" {
                self.off_hook = false;
            }
            rig.event(LineEvent::Done { action, outcome });
        }
    }

    fn command(&mut self, rig: &mut Rig, command: Command, request: RequestId) {
        match rig.command(command) {
            Ok(reply) => {
                self.accepted.insert(request);
                if let Reply::Call(call) = reply {
                    self.calls.push(call);
                    self.making.insert(request, call);
                }
            }
            Err(error) => assert_ne!(error, LineErr::INVALLINEHANDLE),
        }
        self.look(rig);
    }
}

fn number(random: &mut Random) -> Option<Address> {
    random.one(&[Some("5550199"), Some("4711"), Some(""), Some("x"), None]).map(address)
}

fn any_command(random: &mut Random, rig: &mut Rig, call: CallHandle, request: RequestId) -> Command {
    let (line, host) = (rig.line, rig.new_host());
    let at = number(random).unwrap_or(address("*1"));
    match random.below(15) {
        0 | 1 => {
            let list = (0..random.below(3))
                .map(|_| ForwardEntry {
                    mode: random.one(&[UNCONDITIONAL, BUSY, NO_ANSWER, BUSY_NO_ANSWER, 2]),
                    caller: None,
                    destination: number(random),
                    country: 0,
                })
                .collect();
            Command::Forward { request, line, address_id: None, list, rings: random.below(9) as u32 }
        }
        2 => Command::Park { request, call, at: number(random) },
        3 => Command::Unpark { request, line, address_id: 0, host, at },
        4 | 5 => {
            let (address, group) = (number(random), number(random));
            Command::Pickup { request, line, address_id: 0, host, address, group }
        }
        6 => Command::CompleteCall { request, call, mode: CALLBACK, message: 0 },
        7 => Command::UncompleteCall { request, line, completion: 1 + random.below(4) as u32 },
        8 => Command::SecureCall { request, call },
        9 => Command::FlashHook { request, line },
        10 | 11 => {
            let flags = CallParamFlags::from_bits_retain(random.below(8) as u32);
            let params = CallParams { flags, ..CallParams::default() };
            Command::MakeCall { request, line, host, address: Some(address("5551234")), country: 0, params }
        }
        12 => Command::Drop { request, call },
        13 => Command::Answer { request, call },
        _ => Command::Hold { request, call },
    }
}

fn any_event(random: &mut Random, off_hook: bool) -> LineEvent {
    use ProgressTone as T;
    match random.below(10) {
        0..=4 => tone(random.one(&[T::Dial, T::StutterDial, T::Busy, T::Reorder, T::Ringback, T::Confirmation])),
        5 => LineEvent::Answered(AnswerWitness::RingbackStopped),
        // A line off hook does not ring.
        6 if !off_hook => LineEvent::Ring { pattern: 1 + random.below(4) as u8 },
        7 => random.one(&[LineEvent::RingStopped, released(ReleaseWitness::LoopCurrent)]),
        8 => LineEvent::CallWaiting,
        _ => random.one(&[LineEvent::OffHook, LineEvent::Dialing, LineEvent::Dialed, from_number("5550103")]),
    }
}

fn play(plan: &str, seed: u64) -> usize {
    let mut random = Random(seed | 1);
    let mut succeeded = 0;
    for _ in 0..STEPS / LIFE {
        let mut rig = idle(plan).curious();
        let mut watch = Watch::default();
        watch.calls.push(CallHandle::new(9, 9));
        for _ in 0..LIFE {
            match random.below(12) {
                0..=2 => {
                    let (call, request) = (watch.calls[random.below(watch.calls.len())], rig.request());
                    let command = any_command(&mut random, &mut rig, call, request);
                    watch.command(&mut rig, command, request);
                }
                3..=6 => watch.act(&mut rig, Outcome::Ok),
                7 if random.below(8) == 0 => {
                    let failure = random.one(&[Failure::Refused, Failure::NoDialTone, Failure::Glare]);
                    watch.act(&mut rig, Outcome::Failed(failure));
                }
                8 if random.below(12) == 0 => {
                    rig.acts.clear();
                    watch.off_hook = false;
                    send!(rig, lost(Loss::Silent), LineEvent::Ready(USUAL));
                }
                9 if !rig.offers.is_empty() => {
                    let call = rig.offers.remove(0);
                    let host = Some(rig.new_host());
                    watch.valid.insert(call);
                    watch.calls.push(call);
                    rig.provider.handle(Input::Offered { call, host }, rig.now).unwrap();
                }
                10 => {
                    let d = Duration::from_millis(random.one(&[100, 1_600, 3_000, 9_000]));
                    rig.wait(d);
                }
                _ => rig.event(any_event(&mut random, watch.off_hook)),
            }
            watch.look(&mut rig);
        }
        // Nobody wants anything any more.
        for call in core::mem::take(&mut rig.offers) {
            rig.provider.handle(Input::Offered { call, host: None }, rig.now).unwrap();
        }
        for _ in 0..12 {
            for call in watch.calls.split_off(1) {
                rig.command(Command::CloseCall(call)).ok();
                watch.look(&mut rig);
            }
            while !rig.acts.is_empty() {
                watch.act(&mut rig, Outcome::Ok);
                watch.look(&mut rig);
            }
            rig.wait(Duration::from_secs(90));
            watch.look(&mut rig);
            for call in core::mem::take(&mut rig.offers) {
                rig.provider.handle(Input::Offered { call, host: None }, rig.now).unwrap();
            }
        }
        assert_eq!(watch.accepted, watch.finished, "{plan} {seed}: every request has ended");
        assert!(rig.line_features().0.contains(LineFeatures::MAKE_CALL), "{plan} {seed}: the line is free");
        rig.command(Command::CloseLine(rig.line)).unwrap();
        succeeded += watch.succeeded;
    }
    succeeded
}

#[test]
fn services_in_any_order_on_every_plan() {
    for (i, plan) in Plan::names().enumerate() {
        let succeeded = play(plan, 0x9e37_79b9_7f4a_7c15 ^ (i as u64) << 20);
        assert!(succeeded > 20, "{plan}: {succeeded} requests were carried out");
    }
}
