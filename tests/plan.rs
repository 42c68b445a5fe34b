//! Switch plans as a user meets them: the command, plan files, settings, and what the documentation says.

use loopstart::config::Config;
use loopstart::plan_file;
use loopstart::signal::plan::{Access, Moment, OnHook, Plan, Service, Source};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const DOCUMENTATION: &str = include_str!("../docs/plans.md");

/// The command with a clean environment, finding plans below `home`.
fn loopstart(home: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loopstart"));
    for name in ["LOOPSTART_DEVICES", "LOOPSTART_EMULATED", "LOOPSTART_PLAN", "LOOPSTART_LOG"] {
        command.env_remove(name);
    }
    command.env("LOOPSTART_CONFIG", "/dev/null").env("XDG_CONFIG_HOME", home).stdin(Stdio::null());
    command.args(arguments).output().expect("the command starts")
}

fn home() -> tempfile::TempDir {
    tempfile::tempdir().expect("a directory")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("output is UTF-8")
}

fn objects(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{}", text(&output.stderr));
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    text(&output.stdout).lines().map(parse).collect()
}

/// Exit status 2, and the one line on standard error that goes with it.
fn refused(output: &Output) -> String {
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(output.stdout.is_empty());
    assert_eq!(error.lines().count(), 1, "one line: {error}");
    error
}

#[test]
fn the_list_has_every_plan() {
    let home = home();
    let rows = objects(&loopstart(home.path(), &["plan", "list", "--json"]));
    let names: Vec<&str> = rows.iter().map(|row| row["name"].as_str().expect("a name")).collect();
    assert_eq!(names, Plan::names().collect::<Vec<_>>());
    let etsi = rows.iter().find(|row| row["name"] == "gb").expect("gb");
    assert_eq!(etsi["parents"], serde_json::json!(["etsi"]));
    assert!(etsi["subscription"].as_u64() > Some(10) && etsi["no"].as_u64() > Some(3));
    let people = text(&loopstart(home.path(), &["plan", "list"]).stdout);
    assert!(Plan::names().all(|name| people.lines().any(|line| line.starts_with(name))));
}

#[test]
fn every_plan_is_shown_with_all_its_facts() {
    let home = home();
    for name in ["nanp", "etsi", "panasonic", "plain"] {
        let plan = Plan::named(name).expect("built in");
        let shown = objects(&loopstart(home.path(), &["plan", "show", name, "--json"]));
        assert_eq!((shown[0]["kind"].as_str(), shown[0]["name"].as_str()), (Some("plan"), Some(name)));
        let facts: Vec<&Value> = shown.iter().filter(|object| object["kind"] == "fact").collect();
        assert_eq!(facts.len(), plan.facts.len());
        for fact in facts {
            let stated = &plan.facts[fact["key"].as_str().expect("a key")];
            assert_eq!(fact["source"], stated.source);
            assert_eq!(fact["verified"], stated.verified);
            let service = Service::ALL.iter().find(|service| fact["key"] == service.key());
            assert_eq!(fact["available"].as_bool(), service.map(|service| plan.has(*service)));
        }
        for source in shown.iter().filter(|object| object["kind"] == "source") {
            let known = Source::named(source["id"].as_str().expect("an id")).expect("a document");
            assert_eq!(source["document"], known.document);
        }
        let people = text(&loopstart(home.path(), &["plan", "show", name]).stdout);
        assert!(plan.facts.keys().all(|key| people.contains(key.as_str())), "{name}");
    }
}

#[test]
fn services_decide_what_is_available() {
    let home = home();
    let transfer = |arguments: &[&str]| {
        let shown = objects(&loopstart(home.path(), &[&["plan", "show", "nanp", "--json"], arguments].concat()));
        shown.into_iter().find(|o| o["key"] == "transfer.consult_complete").expect("the fact is shown")
    };
    let usual = transfer(&[]);
    assert_eq!(usual["available"], false);
    assert!(usual["lacks"].as_str().is_some_and(|lacks| lacks.contains("transfer")));
    assert_eq!(transfer(&["--services", "three-way,transfer"])["available"], true);
    let error = refused(&loopstart(home.path(), &["plan", "show", "nanp", "--services", "hold"]));
    assert!(error.contains("three-way"), "{error}");
    let error = refused(&loopstart(home.path(), &["plan", "show", "nosuch"]));
    assert!(error.contains("nosuch") && error.contains("centrex"), "{error}");
}

#[test]
fn the_documented_example_is_a_plan() {
    let home = home();
    let example =
        DOCUMENTATION.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let file = home.path().join("desk.toml");
    std::fs::write(&file, example).expect("written");
    let output = loopstart(home.path(), &["plan", "check", &file.to_string_lossy()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let offered = text(&output.stdout);
    for says in [
        "front-desk",
        "park = *68",
        "dial:*55{s}",
        "dial:*41{ext}",
        "Recall: 100 ms",
        "switched off in the programming",
    ] {
        assert!(offered.contains(says), "{says}: {offered}");
    }
    let plan = plan_file::read(&file).map(|builder| builder.build().expect("it builds")).expect("it is read");
    assert_eq!(plan.access, Some(Access { prefix: "0".into(), second_dial_tone: true }));
    assert_eq!(plan.on_hook(Moment::ActiveAndHeld), OnHook::Joins);
    assert_eq!(plan.park_slot("21"), "801");
    for service in [Service::Transfer, Service::Park, Service::ParkDirected, Service::Unpark, Service::PickupDirected] {
        assert_eq!(plan.lacks(service), None);
    }
}

#[test]
fn codes_that_clash_are_told() {
    let home = home();
    let file = home.path().join("desk.toml");
    let clash = "inherits = \"pbx\"\n[facts]\n\"pickup.group\" = \"dial:*8\"\n\"dnd.set\" = \"dial:*85\"\n";
    std::fs::write(&file, clash).expect("written");
    let output = loopstart(home.path(), &["plan", "check", &file.to_string_lossy()]);
    assert!(output.status.success());
    assert!(text(&output.stdout).contains("warning: pickup.group *8 is taken before dnd.set *85"));
}

#[test]
fn the_documentation_lists_every_plan() {
    let (_, table) = DOCUMENTATION.split_once("## The plans").expect("the list");
    let listed: Vec<&str> = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert_eq!(listed, Plan::names().collect::<Vec<_>>());
}

#[test]
fn a_plan_file_that_is_wrong() {
    let home = home();
    let file = home.path().join("bad.toml");
    for (text, says) in [
        ("inherits = \"nanp\"\n[facts]\n\"hodl\" = \"flash\"\n", "line 3: hodl: no such fact; did you mean \"hold\""),
        ("inherits = \"nanp\"\n[facts\n", "line 2"),
        ("inherits = \"nosuch\"\n", "nosuch"),
        ("[facts]\n\"hold\" = \"flash\\u001b[2J\"\n", "line 2: hold"),
    ] {
        std::fs::write(&file, text).expect("written");
        let error = refused(&loopstart(home.path(), &["plan", "check", &file.to_string_lossy()]));
        assert!(error.contains(says) && !error.contains('\u{1b}'), "{error}");
    }
    std::fs::write(&file, [0xff, 0xfe, 0]).expect("written");
    assert!(refused(&loopstart(home.path(), &["plan", "check", &file.to_string_lossy()])).contains("UTF-8"));
    assert!(refused(&loopstart(home.path(), &["plan", "check", "/nowhere/x.toml"])).contains("/nowhere/x.toml"));
}

#[test]
fn a_users_plan_is_found_by_name() {
    let home = home();
    let plans = home.path().join("loopstart/plans");
    std::fs::create_dir_all(&plans).expect("made");
    std::fs::write(plans.join("desk.toml"), "title = \"Desk\\u001b\"\ninherits = \"pbx\"\n").expect("written");
    std::fs::write(plans.join("bad.toml"), "[facts]\n\"hodl\" = \"flash\"\n").expect("written");
    let rows = objects(&loopstart(home.path(), &["plan", "list", "--json"]));
    let row = |name: &str| rows.iter().find(|row| row["name"] == name).expect("listed");
    assert_eq!(row("desk")["parents"], serde_json::json!(["pbx"]));
    assert!(row("bad")["error"].as_str().is_some_and(|error| error.contains("hold")));
    let people = text(&loopstart(home.path(), &["plan", "show", "desk"]).stdout);
    assert!(people.starts_with("desk: Desk\\x1b") && !people.contains('\u{1b}'), "{people}");
    // A setting names it too.
    let mut command = Command::new(env!("CARGO_BIN_EXE_loopstart"));
    command.env("LOOPSTART_CONFIG", "/dev/null").env("XDG_CONFIG_HOME", home.path()).env("LOOPSTART_DEVICES", "");
    let with =
        |command: &mut Command, plan: &str| command.env("LOOPSTART_PLAN", plan).arg("list").output().expect("starts");
    assert!(with(&mut command, "desk").status.success());
    let mut command = Command::new(env!("CARGO_BIN_EXE_loopstart"));
    command.env("LOOPSTART_CONFIG", "/dev/null").env("XDG_CONFIG_HOME", home.path()).env("LOOPSTART_DEVICES", "");
    assert!(refused(&with(&mut command, "bad")).contains("bad.toml"));
}

#[test]
fn the_exchange_takes_any_plan() {
    for name in Plan::names() {
        let mut config = Config::default();
        config.emulated.set(&format!("plan={name},services=all")).expect("a plan");
        assert_eq!(config.emulated_plan().name, name);
    }
}
