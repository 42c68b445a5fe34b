//! The state matrix: what every input does in every state, as a document that is compared.
//!
//! `UPDATE_DOCS=1 cargo test -p loopstart-provider` writes it anew.

use super::*;
use loopstart_signal::plan::Subscribed;
use loopstart_signal::{DigitMode, MediaSign, SitKind};
use std::fmt::Write as _;
use std::path::Path;
use std::vec;

/// A scene: the call that is looked at, and the one beside it, if any.
struct Scene {
    rig: Rig,
    call: CallHandle,
    other: Option<CallHandle>,
}

fn rig(plan: &str) -> Rig {
    Rig::of_plan(Plan::subscribed(plan, Subscribed::all()).unwrap())
}

fn of(mut rig: Rig) -> Scene {
    rig.words();
    let call = rig.call();
    Scene { rig, call, other: None }
}

/// An outgoing call after these events; its address is complete when it is dialled.
fn outgoing(plan: &str, address: Option<&str>, events: &[LineEvent]) -> Scene {
    let mut rig = rig(plan);
    rig.try_make(address, CallParams::default()).unwrap();
    for event in events {
        rig.event(*event);
    }
    of(rig)
}

const DIALLED: &[LineEvent] =
    &[LineEvent::OffHook, LineEvent::Tone(ProgressTone::Dial), LineEvent::Dialing, LineEvent::Dialed];

fn dialled(plan: &str, more: &[LineEvent]) -> Scene {
    let events: Vec<_> = DIALLED.iter().chain(more).copied().collect();
    let mut scene = outgoing(plan, Some("5551234"), &events);
    scene.rig.ok("Dial");
    scene.rig.words();
    scene
}

fn talking(plan: &str) -> Scene {
    dialled(plan, &[LineEvent::Answered(AnswerWitness::RingbackStopped)])
}

/// A held party and a consultation call at dial tone: the scene of either.
fn consulting(plan: &str, of_held: bool) -> Scene {
    let Scene { mut rig, call: held, .. } = talking(plan);
    let (request, host) = (rig.request(), HostCall(900));
    let params = CallParams::default();
    let made = rig.command(Command::SetupTransfer { request, call: held, host, params });
    let Ok(Reply::Call(consultation)) = made else { panic!("{made:?}") };
    rig.ok("Flash");
    rig.event(tone(ProgressTone::StutterDial));
    rig.words();
    let (call, other) = if of_held { (held, consultation) } else { (consultation, held) };
    Scene { rig, call, other: Some(other) }
}

/// The same with the consultation call answered.
fn consulted(plan: &str, of_held: bool) -> Scene {
    let Scene { mut rig, call, other } = consulting(plan, of_held);
    let consultation = if of_held { other.unwrap() } else { call };
    let (request, address) = (rig.request(), Address("5550101".to_string()));
    rig.command(Command::Dial { request, call: consultation, address, country: 0 }).unwrap();
    send!(rig, LineEvent::Dialing, LineEvent::Dialed);
    rig.ok("Dial");
    send!(rig, tone(ProgressTone::Ringback), LineEvent::Answered(AnswerWitness::RingbackStopped));
    rig.words();
    Scene { rig, call, other }
}

/// A conference of three: the scene of the conference, or of its last member.
fn conference(plan: &str, of_member: bool) -> Scene {
    let Scene { mut rig, call: held, other } = consulted(plan, true);
    let consultation = other.unwrap();
    let (request, host) = (rig.request(), HostCall(901));
    let mode = TransferMode::Conference { host };
    let made = rig.command(Command::CompleteTransfer { request, call: held, consultation, mode });
    let Ok(Reply::Call(parent)) = made else { panic!("{made:?}") };
    rig.ok("Flash");
    rig.wait_ms(1_000);
    rig.words();
    let (call, other) = if of_member { (consultation, parent) } else { (parent, consultation) };
    Scene { rig, call, other: Some(other) }
}

fn conference_pending(plan: &str) -> Scene {
    let Scene { mut rig, call, .. } = talking(plan);
    let request = rig.request();
    let made = rig.command(Command::SetupConference {
        request,
        call: Some(call),
        line: None,
        host_conference: HostCall(902),
        host_consultation: HostCall(903),
        parties: 3,
        params: CallParams::default(),
    });
    let Ok(Reply::Conference { conference, consultation }) = made else { panic!("{made:?}") };
    rig.ok("Flash");
    rig.event(tone(ProgressTone::StutterDial));
    rig.words();
    Scene { rig, call: conference, other: Some(consultation) }
}

fn held(plan: &str) -> Scene {
    let Scene { mut rig, call, .. } = talking(plan);
    let request = rig.request();
    rig.command(Command::Hold { request, call }).unwrap();
    rig.ok("Flash");
    rig.event(tone(ProgressTone::StutterDial));
    rig.words();
    Scene { rig, call, other: None }
}

fn offered(plan: &str, accepted: bool) -> Scene {
    let mut rig = rig(plan).offered();
    if accepted {
        rig.accept().unwrap();
    }
    of(rig)
}

fn waiting(plan: &str, taken: bool) -> Scene {
    let Scene { mut rig, call, .. } = talking(plan);
    rig.event(LineEvent::CallWaiting);
    rig.take(true);
    let waiting = rig.call();
    if taken {
        rig.answer().unwrap();
        rig.ok("Flash");
        rig.wait_ms(1_000);
    }
    rig.words();
    Scene { rig, call: waiting, other: Some(call) }
}

fn dropped(plan: &str) -> Scene {
    let Scene { mut rig, call, .. } = talking(plan);
    let request = rig.request();
    rig.command(Command::Drop { request, call }).unwrap();
    rig.ok("Release");
    rig.words();
    Scene { rig, call, other: None }
}

type Build = fn(&str) -> Scene;

const STATES: &[(&str, Build)] = &[
    ("OFFERING ACTIVE", |p| offered(p, false)),
    ("OFFERING INACTIVE (waits)", |p| waiting(p, false)),
    ("ACCEPTED", |p| offered(p, true)),
    ("DIALTONE", |p| outgoing(p, None, &[LineEvent::OffHook, LineEvent::Tone(ProgressTone::Dial)])),
    ("DIALTONE (consultation)", |p| consulting(p, false)),
    ("DIALING", |p| outgoing(p, Some("5551234"), &DIALLED[..3])),
    ("PROCEEDING", |p| dialled(p, &[])),
    ("RINGBACK", |p| dialled(p, &[LineEvent::Tone(ProgressTone::Ringback)])),
    ("BUSY STATION", |p| dialled(p, &[LineEvent::Tone(ProgressTone::Busy)])),
    ("BUSY TRUNK", |p| dialled(p, &[LineEvent::Tone(ProgressTone::Reorder)])),
    ("SPECIALINFO", |p| dialled(p, &[LineEvent::Tone(ProgressTone::Sit(SitKind::VacantCode))])),
    ("CONNECTED", talking),
    ("CONNECTED (consultation)", |p| consulted(p, false)),
    ("CONNECTED (was waiting)", |p| waiting(p, true)),
    ("CONNECTED (conference)", |p| conference(p, false)),
    ("CONFERENCED (last member)", |p| conference(p, true)),
    ("ONHOLD", held),
    ("ONHOLDPENDTRANSFER", |p| consulted(p, true)),
    ("ONHOLDPENDCONF", conference_pending),
    ("DISCONNECTED", |p| {
        dialled(p, &[LineEvent::Answered(AnswerWitness::Voice), LineEvent::Tone(ProgressTone::Reorder)])
    }),
    ("IDLE", dropped),
];

fn events() -> Vec<(&'static str, LineEvent)> {
    use LineEvent as E;
    use ProgressTone as T;
    vec![
        ("dial tone", tone(T::Dial)),
        ("stutter dial tone", tone(T::StutterDial)),
        ("ringback", tone(T::Ringback)),
        ("busy", tone(T::Busy)),
        ("reorder", tone(T::Reorder)),
        ("special information (no circuit)", tone(T::Sit(SitKind::NoCircuit))),
        ("unobtainable", tone(T::Unobtainable)),
        ("howler", tone(T::Howler)),
        ("confirmation", tone(T::Confirmation)),
        ("tone ended", E::ToneEnded),
        ("answered: polarity", E::Answered(AnswerWitness::Polarity)),
        ("answered: ringback stopped", E::Answered(AnswerWitness::RingbackStopped)),
        ("answered: voice", E::Answered(AnswerWitness::Voice)),
        ("answered: carrier", E::Answered(AnswerWitness::Carrier(2_400))),
        ("polarity reversed", E::PolarityReversed),
        ("released: loop current", released(ReleaseWitness::LoopCurrent)),
        ("released: result code", released(ReleaseWitness::ResultCode)),
        ("released: no answer", released(ReleaseWitness::NoAnswer)),
        ("released: blacklisted", released(ReleaseWitness::Blacklisted)),
        ("off hook", E::OffHook),
        ("on hook", E::OnHook),
        ("dialing", E::Dialing),
        ("dialed", E::Dialed),
        ("ring", RING),
        ("ringing stopped", E::RingStopped),
        ("call waiting", E::CallWaiting),
        ("messages wait", E::MessageWaiting(true)),
        ("voice", E::Media(MediaSign::Voice)),
        ("device lost", lost(Loss::Silent)),
        ("device gone", lost(Loss::Gone)),
    ]
}

type Operate = fn(RequestId, &Scene) -> Command;

const OPERATIONS: &[(&str, Operate)] = &[
    ("Accept", |request, s| Command::Accept { request, call: s.call }),
    ("Answer", |request, s| Command::Answer { request, call: s.call }),
    ("Dial", |request, s| Command::Dial { request, call: s.call, address: Address("5".to_string()), country: 0 }),
    ("Drop", |request, s| Command::Drop { request, call: s.call }),
    ("Hold", |request, s| Command::Hold { request, call: s.call }),
    ("Unhold", |request, s| Command::Unhold { request, call: s.call }),
    ("SwapHold (as active)", |request, s| Command::SwapHold {
        request,
        active: s.call,
        held: s.other.unwrap_or(s.call),
    }),
    ("SetupTransfer", |request, s| Command::SetupTransfer {
        request,
        call: s.call,
        host: HostCall(990),
        params: CallParams::default(),
    }),
    ("CompleteTransfer", |request, s| Command::CompleteTransfer {
        request,
        call: s.call,
        consultation: s.other.unwrap_or(s.call),
        mode: TransferMode::Transfer,
    }),
    ("CompleteTransfer (conference)", |request, s| Command::CompleteTransfer {
        request,
        call: s.call,
        consultation: s.other.unwrap_or(s.call),
        mode: TransferMode::Conference { host: HostCall(991) },
    }),
    ("BlindTransfer", |request, s| Command::BlindTransfer {
        request,
        call: s.call,
        address: Address("5550101".to_string()),
        country: 0,
    }),
    ("SetupConference", |request, s| Command::SetupConference {
        request,
        call: Some(s.call),
        line: None,
        host_conference: HostCall(992),
        host_consultation: HostCall(993),
        parties: 3,
        params: CallParams::default(),
    }),
    ("PrepareAddToConference", |request, s| Command::PrepareAddToConference {
        request,
        conference: s.call,
        host: HostCall(994),
        params: CallParams::default(),
    }),
    ("AddToConference (as conference)", |request, s| Command::AddToConference {
        request,
        conference: s.call,
        call: s.other.unwrap_or(s.call),
    }),
    ("RemoveFromConference", |request, s| Command::RemoveFromConference { request, call: s.call }),
    ("Park", |request, s| Command::Park { request, call: s.call, at: None }),
    ("Redirect", |request, s| Command::Redirect {
        request,
        call: s.call,
        address: Address("5550101".to_string()),
        country: 0,
    }),
    ("CompleteCall", |request, s| Command::CompleteCall { request, call: s.call, mode: 2, message: 0 }),
    ("SecureCall", |request, s| Command::SecureCall { request, call: s.call }),
    ("GenerateDigits", |_, s| Command::GenerateDigits {
        call: s.call,
        end_to_end: 1,
        mode: DigitMode::Dtmf,
        digits: Some(Address("1".to_string())),
        duration: Duration::ZERO,
    }),
    ("MonitorDigits", |_, s| Command::MonitorDigits { call: s.call, modes: DigitModes::DTMF }),
];

/// A state, as the document writes it.
fn name(state: CallState) -> String {
    match state {
        CallState::Conferenced(_) => "Conferenced".to_string(),
        state => format!("{state:?}"),
    }
}

fn document() -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "# The state matrix\n\n\
         What every input does in every state of a call. Written by a test, which compares it \
         (`UPDATE_DOCS=1 cargo test -p loopstart-provider` writes it anew); a change of behaviour shows as a diff.\n\n\
         The line has every ability but data. `=` is no change."
    );
    for plan in ["nanp", "etsi", "asterisk"] {
        let _ = writeln!(out, "\n## Plan `{plan}`, every service subscribed");
        for (state, build) in STATES {
            let scene = build(plan);
            let before = scene.rig.provider.call_status(scene.call).unwrap();
            let _ = writeln!(out, "\n### {state}\n\nFeatures: `{:?}`\n", before.features);
            let mut kept = vec![];
            for (event, input) in events() {
                let mut scene = build(plan);
                scene.rig.event(input);
                let after = scene.rig.state_or_closed(scene.call);
                match after {
                    Some(after) if after == before.state => kept.push(event),
                    Some(after) => {
                        let _ = writeln!(out, "- {event} → {}", name(after));
                    }
                    None => {
                        let _ = writeln!(out, "- {event} → gone");
                    }
                }
            }
            let _ = writeln!(out, "- `=`: {}\n", kept.join(", "));
            let (mut accepted, mut refused) = (vec![], std::collections::BTreeMap::<&str, Vec<&str>>::new());
            for (operation, command) in OPERATIONS {
                let mut scene = build(plan);
                let request = scene.rig.request();
                let command = command(request, &scene);
                match scene.rig.command(command) {
                    Ok(_) => accepted.push(*operation),
                    Err(error) => refused.entry(error.name()).or_default().push(operation),
                }
            }
            let _ = writeln!(
                out,
                "Accepted: {}.",
                if accepted.is_empty() { "nothing".into() } else { accepted.join(", ") }
            );
            for (error, operations) in refused {
                let _ = writeln!(out, "{error}: {}.", operations.join(", "));
            }
        }
    }
    out
}

impl Rig {
    fn state_or_closed(&mut self, call: CallHandle) -> Option<CallState> {
        self.words();
        self.provider.call_status(call).ok().map(|s| s.state)
    }
}

#[test]
fn the_document_is_true() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/states.md");
    let now = document();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let was = std::fs::read_to_string(&path).unwrap_or_default();
    for (a, b) in was.lines().zip(now.lines()) {
        assert_eq!(a, b, "docs/states.md is not what happens");
    }
    assert_eq!(was.len(), now.len(), "docs/states.md is not what happens");
}
