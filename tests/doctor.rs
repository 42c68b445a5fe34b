//! `loopstart doctor`: what it says of devices that work, that are in use, that may not be opened, and of none at all.

use loopstart::hal::exchange::{EmulatedExchange, LineKind, ServeSettings};
use loopstart::signal::country::US;
use nix::fcntl::{Flock, FlockArg};
use serde_json::Value;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// A user who may do nothing.
const NOBODY: u32 = 65_534;

fn doctor(devices: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loopstart"));
    for name in ["LOOPSTART_EMULATED", "LOOPSTART_LOG", "LOOPSTART_HOTPLUG"] {
        command.env_remove(name);
    }
    command.env("LOOPSTART_CONFIG", "/dev/null").env("LOOPSTART_DEVICES", devices).stdin(Stdio::null());
    command.arg("doctor");
    command
}

/// The report of the one device.
fn device(output: &Output) -> Value {
    let text = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    let objects: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(objects[0]["kind"], "machine", "{text}");
    objects.into_iter().find(|o| o["selector"].is_string() && o["verdict"] != "not used").expect("a device")
}

fn check<'a>(report: &'a Value, what: &str) -> &'a Value {
    let checks = report["checks"].as_array().expect("checks");
    checks.iter().find(|c| c["what"] == what).unwrap_or_else(|| panic!("no {what}: {report:#}"))
}

/// Exit status 1, and one line that says why.
fn refused(output: &Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), error.lines().count()), (Some(1), 1), "{error}");
    error
}

fn modem() -> (EmulatedExchange, PathBuf) {
    let settings =
        ServeSettings { country: US, speed: 1.0, control: None, lines: vec![LineKind::Modem { symlink: None }] };
    let exchange = EmulatedExchange::start(settings).expect("an exchange");
    let path = exchange.pty_path(0).expect("a modem");
    (exchange, path)
}

#[test]
fn a_modem_that_works_is_said_to() {
    let (_exchange, path) = modem();
    let output = doctor(&format!("serial:{}", path.display())).arg("--json").output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report = device(&output);
    assert!(report["verdict"].as_str().expect("text").starts_with("works"), "{report:#}");
    for what in ["port", "profile", "sound", "voice", "caller identification", "received digits", "hook"] {
        assert_eq!(check(&report, what)["state"], "good", "{report:#}");
    }
    assert!(!check(&report, "model")["said"].as_str().expect("text").is_empty());
}

#[test]
fn an_emulated_modem_is_asked_as_a_real_one_is() {
    let output = doctor("emulated:2").arg("--json").output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(check(&device(&output), "voice")["state"], "good");
    let output = doctor("emulated:1").output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(text.contains("emulated:1  emulated FXO port: works"), "{text}");
    assert!(text.contains("line voltage: there is"), "{text}");
}

#[test]
fn who_has_the_port_is_named() {
    let (_exchange, path) = modem();
    let port = File::options().read(true).write(true).open(&path).expect("a terminal");
    let _held = Flock::lock(port, FlockArg::LockExclusive).expect("a lock");
    let output = doctor(&format!("serial:{}", path.display())).arg("--json").output().expect("it starts");
    let error = refused(&output);
    assert!(error.contains(&format!("(pid {})", std::process::id())), "{error}");
    let report = device(&output);
    assert_eq!((&report["verdict"], &check(&report, "in use")["state"]), (&"does not work".into(), &"bad".into()));
}

#[test]
fn a_port_that_may_not_be_opened_says_what_helps() {
    let (_exchange, path) = modem();
    fs::set_permissions(&path, Permissions::from_mode(0o000)).expect("it is ours");
    let mut command = doctor(&format!("serial:{}", path.display()));
    if nix::unistd::Uid::effective().is_root() {
        // The program must be where nobody may read it.
        let directory = tempfile::tempdir_in("/tmp").expect("a directory");
        let copy = directory.path().join("loopstart");
        fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).expect("it is ours");
        fs::copy(env!("CARGO_BIN_EXE_loopstart"), &copy).expect("a copy");
        command = Command::new(&copy);
        command.env("LOOPSTART_CONFIG", "/dev/null").arg("doctor").arg(format!("serial:{}", path.display()));
        command.uid(NOBODY).gid(NOBODY);
        let error = refused(&command.output().expect("it starts"));
        assert!(error.contains("no permission"), "{error}");
        return;
    }
    let error = refused(&command.output().expect("it starts"));
    assert!(error.contains("no permission"), "{error}");
}

#[test]
fn a_device_that_is_not_there_and_one_that_is_none() {
    let error = refused(&doctor("serial:/dev/ttyNOSUCH7").output().expect("it starts"));
    assert!(error.contains("no such device"), "{error}");
    let error = refused(&doctor("serial:/dev/null").output().expect("it starts"));
    assert!(error.contains("not a serial port"), "{error}");
    let output = doctor("").arg("serial").output().expect("it starts");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn with_no_device_it_says_what_to_try() {
    let output = doctor("").output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(text.starts_with("machine: works"), "{text}");
    // A machine with modems shows those.
    assert!(text.contains("loopstart demo") || text.contains("not used"), "{text}");
}
