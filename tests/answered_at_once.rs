//! A called party that answers at the first ring and says nothing: the caller has only the end of ringback as witness.

mod common;

use common::Rig;
use loopstart::provider::{Address, CallParams, CallState, Command, HostCall, Reply, RequestId};

fn answered_at_once(from: usize, number: &str) {
    let mut rig = Rig::start(&["emulated:0", "emulated:1"], 20.0).ready();
    let make = Command::MakeCall {
        request: RequestId(1),
        line: rig.lines[from],
        host: HostCall(10),
        address: Some(Address(number.into())),
        country: 0,
        params: CallParams::default(),
    };
    let Ok(Reply::Call(_)) = rig.runtime.command(make) else { panic!("no call") };
    let (called_host, called) = rig.offered();
    rig.state(called_host, "OFFERING", |s| matches!(s, CallState::Offering(_)));
    rig.runtime.command(Command::Answer { request: RequestId(2), call: called }).unwrap();
    rig.state(called_host, "CONNECTED of the called", |s| matches!(s, CallState::Connected(_)));
    rig.state(HostCall(10), "CONNECTED of the caller", |s| matches!(s, CallState::Connected(_)));
    rig.runtime.command(Command::Drop { request: RequestId(3), call: called }).unwrap();
    rig.state(HostCall(10), "DISCONNECTED of the caller", |s| matches!(s, CallState::Disconnected(_)));
}

#[test]
fn an_fxo_line_that_answers_at_once_is_connected_to_its_caller() {
    answered_at_once(0, "5550101");
}

#[test]
fn a_modem_that_answers_at_once_is_connected_to_its_caller() {
    answered_at_once(1, "5550100");
}
