//! `loopstart demo` as a new user meets it: what it plays of a plan, what it says of the rest, and how it ends.

use loopstart::signal::plan::{Plan, Service, Step, Subscribed};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The acts, by the beginning of their titles, each with what a plan must have for it.
const ACTS: &[(&str, &[Service])] = &[
    ("Hold", &[Service::Hold, Service::Retrieve]),
    ("Consultation", &[Service::Consult]),
    ("Transfer", &[Service::Consult, Service::Transfer]),
    ("Blind transfer", &[Service::BlindTransfer]),
    ("Conference", &[Service::Consult, Service::Join]),
    ("Park", &[Service::Park, Service::Unpark]),
    ("Park at a chosen place", &[Service::ParkDirected, Service::Unpark]),
    ("Group pickup", &[Service::PickupGroup]),
    ("Directed pickup", &[Service::PickupDirected]),
    ("Forwarding", &[Service::ForwardAll, Service::ForwardAllOff]),
    ("Do not disturb", &[Service::DoNotDisturb, Service::DoNotDisturbOff]),
    ("Call back on busy", &[Service::CompleteBusy]),
    ("Call waiting", &[Service::WaitingAnswer]),
    ("Refusal", &[Service::WaitingAnswer, Service::WaitingReject]),
    ("Secure call", &[Service::SecureBefore, Service::WaitingAnswer]),
    ("Secure from now on", &[Service::SecureDuring, Service::WaitingAnswer]),
    ("Withheld number", &[Service::WithholdNumber]),
];

/// Acts that are played wherever the plan has what they need.
const ALWAYS: &[&str] = &["Hold", "Call waiting", "Refusal"];

/// The command with a clean environment.
fn demo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loopstart"));
    for name in ["LOOPSTART_DEVICES", "LOOPSTART_EMULATED", "LOOPSTART_PLAN", "LOOPSTART_LOG"] {
        command.env_remove(name);
    }
    command.env("LOOPSTART_CONFIG", "/dev/null").env("XDG_CONFIG_HOME", "/nowhere").stdin(Stdio::null());
    command.arg("demo").args(arguments);
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("output is UTF-8")
}

fn objects(output: &Output) -> Vec<Value> {
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

/// The beginning of a title.
fn act(event: &Value) -> &str {
    let title = event["text"].as_str().expect("a title");
    title.split_once(':').expect("what happens follows").0
}

/// Plays a plan; what it told, once everything that is the same for all plans is checked.
fn play(name: &str) -> Vec<Value> {
    play_with(name, &["--speed", "40"], &Plan::named(name).expect("a plan"))
}

/// The same with more arguments, and lines that have what this plan has.
fn play_with(name: &str, arguments: &[&str], plan: &Plan) -> Vec<Value> {
    let attempt = || demo(&["--plan", name, "--json"]).args(arguments).output().expect("it starts");
    let mut output = attempt();
    if output.status.code() == Some(1) {
        // Line time runs far faster than the clock: a machine that is busy with other tests may be late for it. What is wrong
        // is wrong again.
        eprintln!("{name}: once more, after {}", text(&output.stderr));
        output = attempt();
    }
    let events = objects(&output);
    assert_eq!(output.status.code(), Some(0), "{name}: {}\n{}", text(&output.stderr), text(&output.stdout));
    let summary = events.last().expect("a summary");
    assert_eq!((&summary["ev"], &summary["ok"], &summary["plan"]), (&"summary".into(), &true.into(), &name.into()));

    let of = |ev: &str| events.iter().filter(|e| e["ev"] == ev).collect::<Vec<_>>();
    let (played, skipped) = (of("act"), of("skipped"));
    assert_eq!(summary["played"].as_u64(), Some(played.len() as u64));
    assert_eq!(summary["skipped"].as_u64(), Some(skipped.len() as u64));
    assert_eq!(played.len() + skipped.len(), ACTS.len(), "{name}: each act is played or not offered");
    for (title, services) in ACTS {
        let plays = played.iter().any(|e| act(e) == *title);
        let has = services.iter().all(|service| plan.has(*service));
        assert!(has || !plays, "{name} has no {title}, and it was played");
        // Holding that ends on hook is not offered: the way back from there is not stated.
        let on_hook = services.contains(&Service::Hold)
            && plan.service(Service::Hold).is_some_and(|procedure| procedure.steps().contains(&Step::OnHook));
        assert!(!(has && !on_hook && ALWAYS.contains(title)) || plays, "{name} has {title}, and it was not played");
        if !plays {
            let why = skipped.iter().find(|e| act(e) == *title).map(|e| e["reason"].as_str().unwrap_or(""));
            assert!(why.is_some_and(|why| !why.is_empty()), "{name}: nobody says why there is no {title}");
        }
    }
    // Nothing is claimed that was not looked at on the exchange.
    let mut looked = true;
    for event in &events {
        match event["ev"].as_str() {
            Some("act" | "summary") => {
                assert!(looked, "{name}: an act before {event} did not look at the exchange");
                looked = event["ev"] == "act" && matches!(act(event), "Do not disturb");
            }
            Some("parties") => looked = true,
            _ => {}
        }
    }
    events
}

/// What subscribers do on the wire of one line within an act.
fn wire(events: &[Value], title: &str, line: &str) -> String {
    let from = events.iter().position(|e| e["ev"] == "act" && act(e) == title).expect("it is played");
    let rest = &events[from + 1..];
    let to = rest.iter().position(|e| matches!(e["ev"].as_str(), Some("act" | "skipped" | "summary")));
    let within = &rest[..to.unwrap_or(rest.len())];
    let wires = within.iter().filter(|e| e["ev"] == "wire" && e["line"] == line);
    wires.map(|e| e["text"].as_str().expect("a text")).collect::<Vec<_>>().join(", ")
}

#[test]
fn north_american_lines_flash() {
    let events = play("nanp");
    // Off hook, the number, a flash for hold and one for the way back, on hook.
    let held = wire(&events, "Hold", "emulated:1");
    assert_eq!(held, "off hook, 5550103, flash, flash, on hook");
    for state in ["ONHOLD", "ONHOLDPENDTRANSFER", "CONFERENCED"] {
        assert!(events.iter().any(|e| e["state"] == state), "{state}");
    }
    // Caller identification of a call that waits.
    assert!(events.iter().any(|e| e["ev"] == "callerid" && e["number"] == "5550105" && e["name"] == "EMULATED 5"));
}

#[test]
fn european_lines_flash_and_dial() {
    let events = play("etsi");
    assert_eq!(wire(&events, "Hold", "emulated:1"), "off hook, 5550103, flash, flash, 1, on hook");
    assert!(wire(&events, "Refusal", "emulated:1").contains("flash, 0"));
}

#[test]
fn extensions_transfer() {
    let events = play("centrex");
    assert!(events.iter().any(|e| e["ev"] == "act" && act(e) == "Transfer"));
    assert!(wire(&events, "Transfer", "emulated:1").starts_with("off hook, 103, flash, 105"));
}

#[test]
fn lines_that_subscribe_to_everything_play_on_every_plan() {
    let names: Vec<&str> = Plan::names().collect();
    // Each waits for its clock half of the time.
    for some in names.chunks(3) {
        std::thread::scope(|scope| {
            for name in some {
                let plan = Plan::subscribed(name, Subscribed::all()).expect("a plan");
                scope.spawn(move || play_with(name, &["--services", "all", "--speed", "100"], &plan));
            }
        });
    }
}

#[test]
fn a_plan_without_services_says_so() {
    let events = play("plain");
    assert!(!events.iter().any(|e| e["ev"] == "act"));
    let output = demo(&["--plan", "plain", "--speed", "40"]).output().expect("it starts");
    let told = text(&output.stdout);
    assert_eq!(told.lines().filter(|line| line.contains("not offered")).count(), ACTS.len() + 1, "{told}");
}

#[test]
fn wrong_usage_tells_what_there_is() {
    let output = demo(&["--plan", "telex"]).output().expect("it starts");
    let error = text(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{error}");
    assert!(error.contains("telex") && Plan::names().all(|name| error.contains(name)), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    let output = demo(&["--services", "everything"]).output().expect("it starts");
    let error = text(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{error}");
    assert!(error.contains("everything") && error.contains("call-waiting"), "{error}");
}

#[test]
fn a_plan_file_is_played() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("mine.toml");
    std::fs::write(&path, "name = \"mine\"\ninherits = \"plain\"\n[facts]\n").expect("a file");
    let path = path.to_str().expect("UTF-8");
    let output = demo(&["--plan", path, "--json", "--speed", "40"]).output().expect("it starts");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(objects(&output).last().expect("a summary")["plan"], "mine");
}

#[test]
fn ctrl_c_ends_it_in_the_middle_of_a_call() {
    let mut demo = demo(&["--speed", "10"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut out = BufReader::new(demo.stdout.take().expect("a pipe"));
    let mut seen = String::new();
    while !seen.ends_with("> hold (A-B)\n") {
        assert!(out.read_line(&mut seen).expect("UTF-8") > 0, "it ended after:\n{seen}");
    }
    let asked = Instant::now();
    kill(Pid::from_raw(i32::try_from(demo.id()).expect("a pid")), Signal::SIGINT).expect("it runs");
    out.read_to_string(&mut seen).expect("UTF-8");
    let mut error = String::new();
    demo.stderr.take().expect("a pipe").read_to_string(&mut error).expect("UTF-8");
    assert_eq!(demo.wait().expect("it ends").code(), Some(1));
    assert!(error.contains("interrupted") && error.lines().count() == 1, "{error}");
    assert!(asked.elapsed() < Duration::from_secs(15), "{:?}", asked.elapsed());
}
