//! A device is pulled out in every state of a call: everything ends once, the host is told, nothing hangs or spins.

mod common;

use common::{Rig, Told, Watchdog};
use loopstart::provider::{
    Address, CallHandle, CallState, Command, DigitModes, DisconnectMode, GatherEnd, GatherRequest, GenerateEnd,
    HostCall, HostLine, LineErr, LineState, Notification,
};
use loopstart::signal::DigitMode;
use std::time::Duration;

/// When the plug is pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Idle,
    Offering,
    Accepted,
    Answering,
    Making,
    Dialing,
    Proceeding,
    Ringback,
    Connected,
    Sending,
    Gathering,
    Dropping,
    Disconnected,
}

const OUTGOING: HostCall = HostCall(7);

/// A call, as the host and as the provider know it.
type Parties = (HostCall, CallHandle);

fn incoming(rig: &mut Rig, line: usize) -> Parties {
    rig.ring(line);
    let call = rig.offered();
    rig.state(call.0, "OFFERING", |s| matches!(s, CallState::Offering(_)));
    call
}

fn answered(rig: &mut Rig, line: usize) -> Parties {
    let (host, call) = incoming(rig, line);
    let (request, _) = rig.request(|request| Command::Answer { request, call }).expect("answer");
    assert_eq!(rig.completed(request), Ok(()));
    rig.state(host, "CONNECTED", |s| matches!(s, CallState::Connected(_)));
    (host, call)
}

fn outgoing(rig: &mut Rig, number: &str, what: &str, is: impl Fn(CallState) -> bool) -> Parties {
    let (_, call) = rig.call(0, OUTGOING, number).expect("a call");
    rig.state(OUTGOING, what, is);
    (OUTGOING, call)
}

/// Brings the line into the state.
fn bring(rig: &mut Rig, line: usize, at: At) -> Option<Parties> {
    Some(match at {
        At::Idle => return None,
        At::Offering => incoming(rig, line),
        At::Accepted => {
            let (host, call) = incoming(rig, line);
            rig.request(|request| Command::Accept { request, call }).expect("accept");
            rig.state(host, "ACCEPTED", |s| s == CallState::Accepted);
            (host, call)
        }
        At::Answering => {
            let (host, call) = incoming(rig, line);
            rig.request(|request| Command::Answer { request, call }).expect("answer");
            (host, call)
        }
        At::Making => (OUTGOING, rig.call(0, OUTGOING, "5550122").expect("a call").1),
        At::Dialing => outgoing(rig, "5550122", "DIALING", |s| s == CallState::Dialing),
        At::Proceeding => outgoing(rig, "5550122", "PROCEEDING", |s| s == CallState::Proceeding),
        At::Ringback => outgoing(rig, "5550122", "RINGBACK", |s| s == CallState::Ringback),
        At::Connected => outgoing(rig, "5550120", "CONNECTED", |s| matches!(s, CallState::Connected(_))),
        At::Disconnected => outgoing(rig, "5550125", "DISCONNECTED", |s| matches!(s, CallState::Disconnected(_))),
        At::Sending => {
            let (host, call) = answered(rig, line);
            let digits = Some(Address("1234567890".repeat(5)));
            let mode = DigitMode::Dtmf;
            let duration = Duration::from_millis(200);
            rig.runtime
                .command(Command::GenerateDigits { call, end_to_end: 11, mode, digits, duration })
                .expect("generate");
            (host, call)
        }
        At::Gathering => {
            let (host, call) = answered(rig, line);
            let gather = GatherRequest {
                modes: DigitModes::DTMF,
                count: 5,
                termination: Vec::new(),
                first_timeout: Duration::ZERO,
                inter_timeout: Duration::ZERO,
            };
            rig.runtime.command(Command::GatherDigits { call, end_to_end: 12, gather: Some(gather) }).expect("gather");
            (host, call)
        }
        At::Dropping => {
            let (host, call) = answered(rig, line);
            rig.request(|request| Command::Drop { request, call }).expect("drop");
            (host, call)
        }
    })
}

/// What was last told of a call's state.
fn last_state(rig: &mut Rig, host: HostCall) -> Option<CallState> {
    rig.catch_up();
    rig.seen.iter().rev().find_map(|t| match t {
        Told::State(h, s) if *h == host => Some(*s),
        _ => None,
    })
}

fn pull(line: usize, at: At) {
    let what = format!("line {line}, {at:?}");
    let _watch = Watchdog::new(&what, Duration::from_secs(90));
    let mut rig = Rig::start(&[&format!("emulated:{line}")], 20.0).ready();
    let call = bring(&mut rig, line, at);
    rig.runtime.with_exchange(|e| e.unplug(line)).expect("an exchange").expect("it was plugged in");
    rig.wait("OUTOFSERVICE", |t| (*t == Told::Line(HostLine(1), LineState::OutOfService)).then_some(()));
    rig.wait("LINE_CLOSE", |t| (*t == Told::Close(HostLine(1))).then_some(()));

    // The host learns that nothing more can be made here.
    assert_eq!(rig.call(0, HostCall(8), "5550120").unwrap_err(), LineErr::NODRIVER, "{what}");
    let line_handle = rig.lines[0];
    let status = rig.runtime.query(|p| p.line_status(line_handle)).expect("open");
    assert!(!status.in_service && status.active_calls <= 1, "{what}");

    if let Some((host, call)) = call {
        // Everything that was told of the call was told before LINE_CLOSE.
        let state = last_state(&mut rig, host);
        let witnessed = rig.runtime.query(|p| p.call_status(call).map(|s| s.state));
        match (at, state) {
            // The call ended by itself before.
            (At::Disconnected, Some(CallState::Disconnected(_))) => {}
            // It was not valid for the host yet, or was over already.
            (At::Making, None) | (At::Dropping, Some(CallState::Idle)) => {}
            (_, Some(CallState::Disconnected(mode))) => assert_eq!(mode, DisconnectMode::Unknown, "{what}"),
            other => panic!("{what}: {other:?}, provider {witnessed:?}; {:#?}", rig.seen),
        }
        if matches!(state, Some(CallState::Disconnected(_))) {
            assert_eq!(rig.drop_call(call), Ok(()), "{what}");
            // It is told after the completion.
            rig.state(host, "IDLE", |s| s == CallState::Idle);
        }
        let generated = |t: &Told| matches!(t, Told::Other(Notification::Generated { end_to_end: 11, .. }));
        let gathered = |t: &Told| matches!(t, Told::Other(Notification::Gathered { end_to_end: 12, .. }));
        let ends = (rig.seen.iter().filter(|t| generated(t)).count(), rig.seen.iter().filter(|t| gathered(t)).count());
        assert_eq!(ends, (usize::from(at == At::Sending), usize::from(at == At::Gathering)), "{what}");
        assert!(
            rig.seen.iter().all(|t| match t {
                Told::Other(Notification::Generated { why, .. }) => *why == GenerateEnd::Cancel,
                Told::Other(Notification::Gathered { why, digits, .. }) =>
                    *why == GatherEnd::Cancel && digits.is_empty(),
                _ => true,
            }),
            "{what}"
        );
        let load = rig.event_thread_load();
        assert!(load < 0.5, "{what}: the event thread uses {load:.2} of a processor");
        rig.runtime.close_call(call).unwrap_or_else(|e| panic!("{what}: {e:?}"));
        assert_eq!(rig.runtime.close_call(call), Err(LineErr::INVALCALLHANDLE), "{what}");
    } else {
        let load = rig.event_thread_load();
        assert!(load < 0.5, "{what}: the event thread uses {load:.2} of a processor");
    }
    rig.runtime.close_line(line_handle).expect("it was open");
    assert_eq!(rig.runtime.close_line(line_handle), Err(LineErr::INVALLINEHANDLE), "{what}");
    rig.finish();
}

macro_rules! pulled {
    ($($modem:ident $fxo:ident $at:ident;)*) => {
        $(
            #[test]
            fn $modem() {
                pull(0, At::$at);
            }
            #[test]
            fn $fxo() {
                pull(1, At::$at);
            }
        )*
    };
}

pulled! {
    modem_idle fxo_idle Idle;
    modem_offering fxo_offering Offering;
    modem_accepted fxo_accepted Accepted;
    modem_answering fxo_answering Answering;
    modem_making fxo_making Making;
    modem_dialing fxo_dialing Dialing;
    modem_proceeding fxo_proceeding Proceeding;
    modem_ringback fxo_ringback Ringback;
    modem_connected fxo_connected Connected;
    modem_sending fxo_sending Sending;
    modem_gathering fxo_gathering Gathering;
    modem_dropping fxo_dropping Dropping;
    modem_disconnected fxo_disconnected Disconnected;
}

#[test]
fn the_line_beside_goes_on_working() {
    let _watch = Watchdog::new("two lines", Duration::from_secs(90));
    let mut rig = Rig::start(&["emulated:0", "emulated:1"], 20.0).ready();
    let (_, call) = rig.call(0, OUTGOING, "5550101").expect("a call");
    let (called_host, called) = rig.offered();
    rig.state(called_host, "OFFERING", |s| matches!(s, CallState::Offering(_)));
    let (request, _) = rig.request(|request| Command::Answer { request, call: called }).expect("answer");
    assert_eq!(rig.completed(request), Ok(()));
    rig.state(called_host, "CONNECTED", |s| matches!(s, CallState::Connected(_)));
    rig.runtime.with_exchange(|e| e.unplug(0)).expect("an exchange").expect("plugged in");
    rig.state(OUTGOING, "DISCONNECTED", |s| matches!(s, CallState::Disconnected(_)));
    // To the exchange a plug that is pulled is a telephone that hangs up.
    rig.state(called_host, "DISCONNECTED", |s| matches!(s, CallState::Disconnected(_)));
    for handle in [call, called] {
        assert_eq!(rig.drop_call(handle), Ok(()));
        rig.runtime.close_call(handle).expect("a call");
    }
    let (_, call) = rig.call(1, HostCall(9), "5550120").expect("the other line works");
    rig.state(HostCall(9), "CONNECTED", |s| matches!(s, CallState::Connected(_)));
    assert_eq!(rig.drop_call(call), Ok(()));
    rig.finish();
}
