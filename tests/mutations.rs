//! Each of these mistakes in the provider's transitions is found by the provider's own tests.
//!
//! A mutation replaces one text, which occurs once in its file, by another. The package is copied to a temporary
//! directory, mutated, built and tested there. One that survives is a gap in the tests; one that does not compile is a
//! mistake in the table.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// File below `src/provider`, what stands there, what is put there.
type Mutation = (&'static str, &'static str, &'static str);

/// How long the tests of a mutated package may take: a mutation may make a loop endless, which is found too.
const PATIENCE: Duration = Duration::from_secs(300);
/// The random tests, which take longest: only what the others do not find is left to them.
const RANDOM: &[&str] = &["agreement", "property", "random"];

#[rustfmt::skip]
const MUTATIONS: &[Mutation] = &[
    (
        "call.rs",
        "W::Waits => state.is_none().then_some(S::Offering(OfferingMode::Inactive)),",
        "W::Waits => state.is_none().then_some(S::Offering(OfferingMode::Active)),",
    ),
    (
        "call.rs",
        "W::Dialed { partial: true } => fresh.then_some(S::Dialing),",
        "W::Dialed { partial: true } => fresh.then_some(S::Proceeding),",
    ),
    (
        "call.rs",
        "Some(S::Busy(BusyMode::Trunk)) => Some(S::Disconnected(DisconnectMode::Congestion)),",
        "Some(S::Busy(BusyMode::Trunk)) => Some(S::Disconnected(DisconnectMode::Busy)),",
    ),
    ("call.rs", "let special = matches!(state, Some(S::SpecialInfo(_)));", "let special = false;"),
    (
        "call.rs",
        "W::Reversed { first: true } => (waiting || (dialing && address != Address::Open) || connected)",
        "W::Reversed { first: true } => (waiting || dialing || connected)",
    ),
    ("call.rs", "W::NoAnswer => waiting.then_some(", "W::NoAnswer => (waiting || connected).then_some("),
    (
        "call.rs",
        "(Some(S::Dialing), T::Dial) if address == Address::Awaited =>",
        "(Some(S::Dialing), T::Dial) if address != Address::Complete =>",
    ),
    ("call.rs", "(Some(S::Dialing), T::Howler) => out_of_time,", "(Some(S::Dialing), T::Howler) => None,"),
    (
        "call.rs",
        "(Some(S::Dialing | S::Proceeding | S::Ringback), T::Reorder) => Some(S::Busy(BusyMode::Trunk)),",
        "(Some(S::Dialing | S::Proceeding | S::Ringback), T::Reorder) => Some(S::Busy(BusyMode::Station)),",
    ),
    (
        "call.rs",
        "(Some(S::Proceeding | S::Ringback), T::Dial | T::StutterDial | T::Howler) => {",
        "(Some(S::Ringback), T::Dial | T::StutterDial | T::Howler) => {",
    ),
    (
        "call.rs",
        "ReleaseWitness::Tone(ProgressTone::Busy) => DisconnectMode::Busy,",
        "ReleaseWitness::Tone(ProgressTone::Busy) => DisconnectMode::Normal,",
    ),
    (
        "call.rs",
        "_ if connected => DisconnectMode::Normal,",
        "_ if connected && how != ReleaseWitness::Busy => DisconnectMode::Normal,",
    ),
    ("call.rs", "(S::Disconnected(_), _) => false,", "(S::Disconnected(_), _) => true,"),
    (
        "call.rs",
        "(S::OnHoldPendingConference | S::Conferenced(_), S::Connected(_)) => true,",
        "(S::Conferenced(_), S::Connected(_)) => true,",
    ),
    (
        "call.rs",
        "(S::Connected(_) | S::Proceeding | S::Ringback, S::Conferenced(_)) => true,",
        "(S::Connected(_) | S::Ringback, S::Conferenced(_)) => true,",
    ),
    (
        "parties.rs",
        "self.service == Service::Ready && !self.has_procedure() && !self.is_releasing()",
        "self.service == Service::Ready && !self.is_releasing()",
    ),
    (
        "parties.rs",
        "&& conference.members.last() == Some(&h)",
        "&& conference.members.first() == Some(&h)",
    ),
    (
        "parties.rs",
        "number(self.current) < number(self.parties.held) {",
        "number(self.current) > number(self.parties.held) {",
    ),
    (
        "parties.rs",
        "(plan.on_hook(moment) == OnHook::RingsBack)",
        "(plan.on_hook(moment) != OnHook::RingsBack)",
    ),
    (
        "parties.rs",
        "Some(S::Proceeding | S::Ringback) => Moment::ConsultRinging,",
        "Some(S::Proceeding | S::Ringback) => Moment::ActiveAndHeld,",
    ),
    ("parties.rs", "call.drop_awaits = busy;", "call.drop_awaits = false;"),
    (
        "parties.rs",
        "let consulting = self.current.is_some() && !by_flash;",
        "let consulting = self.current.is_some() && by_flash;",
    ),
    ("parties.rs", "Some(waiting) => RingBack::Waiting(waiting),", "Some(_) => RingBack::Unwanted,"),
    (
        "parties.rs",
        "sh.call(held).is_some_and(|c| c.state == Some(CallState::OnHold))",
        "sh.call(held).is_some_and(|c| c.state.is_some_and(CallState::is_held))",
    ),
    (
        "parties.rs",
        "sh.complete_all(h, |_| true, Err(LineErr::OPERATIONUNAVAIL));",
        "sh.complete_all(h, |_| true, Ok(()));",
    ),
    ("parties.rs", "_ => Moment::ConsultDialing,", "_ => Moment::ActiveAndHeld,"),
    ("switching.rs", "&& p.waiting.is_none()", "&& p.held.is_none()"),
    ("switching.rs", "&& !p.ignored", "&& !p.heard"),
    (
        "switching.rs",
        "f.set(F::SWAP_HOLD, (plain || p.by_waiting) && self.can_swap(sh, current));",
        "f.set(F::SWAP_HOLD, plain && self.can_swap(sh, current));",
    ),
    (
        "switching.rs",
        "let add = p.is_conference(held) && !p.by_waiting && self.join_steps(sh).is_some();",
        "let add = p.is_conference(held) && self.join_steps(sh).is_some();",
    ),
    (
        "switching.rs",
        "&& (!plan.swap_only_with_call_waiting || self.parties.by_waiting)",
        "&& (!plan.swap_only_with_call_waiting || self.parties.held.is_some())",
    ),
    (
        "switching.rs",
        "(self.current.is_none() || !self.parties.by_waiting) && self.way_back(sh).is_some()",
        "self.way_back(sh).is_some()",
    ),
    (
        "switching.rs",
        "(answered || by_hook && self.description.plan.on_hook(moment) == OnHook::Joins).then_some(steps)",
        "(answered || by_hook).then_some(steps)",
    ),
    (
        "switching.rs",
        "(answered || ringing && by_flash && bridges).then_some(steps)",
        "(answered || ringing && by_flash).then_some(steps)",
    ),
    (
        "switching.rs",
        "if self.current != Some(active) || self.parties.held != Some(held) {",
        "if self.current != Some(active) {",
    ),
    (
        "switching.rs",
        "if self.parties.held != Some(h) || self.current != Some(consultation) {",
        "if self.parties.held != Some(h) {",
    ),
    ("switching/ends.rs", "told = told.and(Err(LineErr::CALLUNAVAIL));", "told = told.and(Ok(()));"),
    (
        "switching/ends.rs",
        "self.put_aside(sh, active, kind.unwrap_or(CallState::OnHold), now);",
        "self.put_aside(sh, active, CallState::OnHold, now);",
    ),
    ("switching/ends.rs", "if own && let Some(h) = gone {", "if false && own && let Some(h) = gone {"),
    (
        "switching/ends.rs",
        "Consultation::Transfer => self.put_aside(sh, held, CallState::OnHoldPendingTransfer, now),",
        "Consultation::Transfer => self.put_aside(sh, held, CallState::OnHold, now),",
    ),
    ("switching/ends.rs", "c.members.push(h);", "c.members.insert(0, h);"),
    (
        "switching/ends.rs",
        "if flashed && let Some(call) = talking {",
        "if !flashed && let Some(call) = talking {",
    ),
    ("switching.rs", "const MAX_MEMBERS: usize = 2;", "const MAX_MEMBERS: usize = 3;"),
    (
        "switching/ends.rs",
        "if told.is_err() && self.hook == Hook::On",
        "if told.is_err() && self.hook == Hook::Off",
    ),
    ("waiting.rs", "if p.held.is_some()", "if p.orphan"),
    ("waiting.rs", "self.parties.heard = self.parties.waiting.is_none();", "self.parties.heard = true;"),
    (
        "waiting.rs",
        "self.put_aside(sh, active, CallState::OnHold, now);",
        "self.put_aside(sh, active, CallState::OnHoldPendingTransfer, now);",
    ),
    ("waiting.rs", "self.parties.ignored = true;", "self.parties.ignored = false;"),
    ("waiting.rs", "if !ringing || !self.can_take_waiting(sh, h) {", "if !self.can_take_waiting(sh, h) {"),
    ("waiting.rs", "self.ringing.swallow = true;", "self.ringing.swallow = false;"),
    (
        "procedure.rs",
        "matches!(tone, T::Reorder | T::Busy | T::Sit(_) | T::Unobtainable | T::Howler)",
        "matches!(tone, T::Reorder | T::Busy | T::Unobtainable | T::Howler)",
    ),
    ("procedure.rs", "let blind = !waits.intersects(heard);", "let blind = !heard.contains(waits);"),
    (
        "procedure.rs",
        "Phase::Waiting { .. } => self.procedure_ended(sh, Err(Trouble::NoTone), now),",
        "Phase::Waiting { .. } => self.procedure_ended(sh, Ok(()), now),",
    ),
    ("procedure.rs", "let quiet = after_flash.max(after_digits);", "let quiet = after_digits;"),
    (
        "procedure.rs",
        "if running.corrections < MAX_CORRECTIONS && running.errand.missed(*tone) =>",
        "if running.errand.missed(*tone) =>",
    ),
    (
        "procedure.rs",
        "if matches!(step, Some(Step::OffHook | Step::Dial(_))) && !self.off_seen && failure != Failure::Timeout",
        "if matches!(step, Some(Step::OffHook | Step::Dial(_))) && failure != Failure::Timeout",
    ),
    (
        "outgoing.rs",
        "Some(at) if now.since(at) < REVERSAL_APART => return,",
        "Some(at) if now.since(at) > REVERSAL_APART => return,",
    ),
    (
        "outgoing.rs",
        "if self.has_procedure() || self.services.waits() || self.parties.orphan {",
        "if self.has_procedure() || self.parties.orphan {",
    ),
    (
        "outgoing.rs",
        "if self.hook == Hook::Off && !self.dial_tone {",
        "if self.hook == Hook::Off && self.dial_tone {",
    ),
    (
        "outgoing.rs",
        "Failure::NoDialTone | Failure::Tone(_) | Failure::Released => Ok(()),",
        "Failure::NoDialTone | Failure::Tone(_) => Ok(()),",
    ),
    (
        "outgoing.rs",
        "call.address = if partial { Digits::Awaited } else { Digits::Complete };",
        "call.address = if partial { Digits::Complete } else { Digits::Awaited };",
    ),
    (
        "outgoing.rs",
        "if unborn && still && !self.off_seen && self.parties.held.is_none() {",
        "if unborn && still && self.parties.held.is_none() {",
    ),
    (
        "outgoing.rs",
        "let here = call.started && !over && (!call.is_incoming() || call.is_up());",
        "let here = call.started && !over;",
    ),
    (
        "outgoing.rs",
        "Failure::Glare => LineErr::CALLUNAVAIL,",
        "Failure::Glare => LineErr::RESOURCEUNAVAIL,",
    ),
    (
        "incoming.rs",
        "if !call.is_ringing() || self.current != Some(h) || self.action.is_some() || self.is_releasing() {",
        "if !call.is_ringing() || self.current != Some(h) || self.is_releasing() {",
    ),
    ("incoming.rs", "self.ringing.stopped = true;", "self.ringing.stopped = false;"),
    ("incoming.rs", "if self.ringing.rings >= 2", "if self.ringing.rings >= 3"),
    ("incoming.rs", "self.ringing.swallow = self.ringing.active;", "self.ringing.swallow = false;"),
    (
        "services.rs",
        "if self.is_free() && self.parties.ring_back.is_none() { Ok(()) }",
        "if self.is_free() { Ok(()) }",
    ),
    ("services.rs", "sh.call(call).is_none_or(|c| c.state.is_some())", "sh.call(call).is_none()"),
    (
        "services.rs",
        "LineErr::CALLUNAVAIL => LineErr::RESOURCEUNAVAIL,",
        "LineErr::CALLUNAVAIL => LineErr::OPERATIONFAILED,",
    ),
    ("services/take.rs", "&& p.conference.is_none()", "&& p.held.is_none()"),
    ("services/take.rs", "DisconnectMode::Pickup", "DisconnectMode::Normal"),
    (
        "services/completion.rs",
        "if self.services.completions.open.len() >= MAX_COMPLETIONS {",
        "if self.services.completions.open.len() > MAX_COMPLETIONS {",
    ),
    ("services/completion.rs", "Some(oldest) if mode > 1 =>", "Some(oldest) if mode > 0 =>"),
    (
        "services/completion.rs",
        "c.until.is_some_and(|until| until <= now)",
        "c.until.is_none_or(|until| until <= now)",
    ),
    (
        "services/park.rs",
        "if at.is_some() { Reply::Ok } else { Reply::Parked(told) }",
        "if at.is_none() { Reply::Ok } else { Reply::Parked(told) }",
    ),
    (
        "services/secure.rs",
        "let back = steps.len() > 1 && steps.last() == Some(&Step::Flash);",
        "let back = steps.is_empty() && steps.last() == Some(&Step::Flash);",
    ),
    (
        "services/forward.rs",
        "(_, Ok(Proof::Assumed)) if needs_proof =>",
        "(_, Ok(Proof::Assumed)) if needs_proof && !set =>",
    ),
    (
        "services/forward.rs",
        "if plan.service(same.off()) == code {",
        "if same == kind && code.is_some() {",
    ),
    ("services/forward.rs", "const MAX_ENTRIES: usize = 3;", "const MAX_ENTRIES: usize = 4;"),
];

fn provider() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/provider")
}

#[test]
fn each_mutation_has_its_place() {
    assert!(MUTATIONS.len() >= 30);
    for (file, old, new) in MUTATIONS {
        assert_ne!(old, new);
        let text = fs::read_to_string(provider().join(file)).unwrap();
        assert_eq!(text.matches(old).count(), 1, "{file}: {old}");
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to)
        } else {
            {
                fs::copy(entry.path(), to).unwrap();
            }
        }
    }
}

/// A workspace of the provider alone.
struct Workshop {
    directory: tempfile::TempDir,
}

impl Workshop {
    fn new() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let directory = tempfile::tempdir().unwrap();
        let at = directory.path();
        copy(&provider(), &at.join("src/provider"));
        // A document that a test compares.
        copy(&root.join("docs"), &at.join("docs"));
        fs::copy(root.join("Cargo.lock"), at.join("Cargo.lock")).unwrap();
        let mut manifest: toml::Table = fs::read_to_string(root.join("Cargo.toml")).unwrap().parse().unwrap();
        manifest.retain(|key, _| key == "workspace");
        let workspace = manifest["workspace"].as_table_mut().unwrap();
        workspace.insert("members".into(), toml::Value::Array(vec!["src/provider".into()]));
        for (_, dependency) in workspace["dependencies"].as_table_mut().unwrap() {
            if let Some(path) = dependency.as_table_mut().and_then(|table| table.get_mut("path")) {
                *path = root.join(path.as_str().unwrap()).to_str().unwrap().into();
            }
        }
        let profile: toml::Table = "[profile.dev]\ndebug = false".parse().unwrap();
        manifest.extend(profile);
        fs::write(at.join("Cargo.toml"), manifest.to_string()).unwrap();
        Self { directory }
    }

    /// Builds the tests; none when that fails.
    fn build(&self) -> Result<PathBuf, String> {
        let output = Command::new(env!("CARGO"))
            .args([
                "test",
                "--offline",
                "--package",
                "loopstart-provider",
                "--lib",
                "--no-run",
                "--message-format=json",
            ])
            .current_dir(self.directory.path())
            .env("CARGO_TARGET_DIR", self.directory.path().join("target"))
            .output()
            .unwrap();
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
            .next_back()
            .ok_or_else(|| "no tests were built".to_string())
    }

    /// Runs tests with these arguments; whether they pass, and the names of those that fail.
    fn passes(&self, tests: &Path, arguments: &[impl AsRef<OsStr>]) -> Result<(), String> {
        let log = self.directory.path().join("log");
        let out = fs::File::create(&log).unwrap();
        // A loop without end may want memory without end.
        let mut child = Command::new("sh")
            .args(["-c", "ulimit -v 4000000; exec \"$0\" \"$@\""])
            .arg(tests)
            .args(arguments)
            .current_dir(self.directory.path().join("src/provider"))
            .stdout(out)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let began = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break Some(status);
            }
            if began.elapsed() > PATIENCE {
                child.kill().unwrap();
                child.wait().unwrap();
                break None;
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        match status {
            Some(status) if status.success() => Ok(()),
            Some(_) => {
                let log = String::from_utf8_lossy(&fs::read(&log).unwrap()).into_owned();
                let failed: Vec<_> =
                    log.lines().filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED")).collect();
                Err(failed.join(" "))
            }
            None => Err("no end".into()),
        }
    }

    /// Whether all tests pass.
    fn survives(&self, tests: &Path) -> Result<(), String> {
        let quick: Vec<_> = RANDOM.iter().flat_map(|name| ["--skip", name]).collect();
        self.passes(tests, &quick)?;
        self.passes(tests, RANDOM)
    }

    fn mutate(&self, (file, old, new): &Mutation) {
        let text = fs::read_to_string(provider().join(file)).unwrap();
        fs::write(self.directory.path().join("src/provider").join(file), text.replacen(old, new, 1)).unwrap();
    }

    fn mend(&self, (file, ..): &Mutation) {
        fs::copy(provider().join(file), self.directory.path().join("src/provider").join(file)).unwrap();
    }
}

#[test]
fn each_mutation_is_found() {
    if std::env::var_os("LOOPSTART_TEST_MUTATIONS").is_none() {
        eprintln!("SKIPPED: mutations of the provider take minutes; LOOPSTART_TEST_MUTATIONS=1 tries them");
        return;
    }
    let workshop = Workshop::new();
    let tests = workshop.build().unwrap();
    workshop.survives(&tests).expect("the tests pass without a mutation");
    let mut wrong = vec![];
    for (n, mutation) in MUTATIONS.iter().enumerate() {
        let began = Instant::now();
        workshop.mutate(mutation);
        let verdict = match workshop.build() {
            Ok(tests) => match workshop.survives(&tests) {
                Ok(()) => Err("survived".to_string()),
                Err(by) => Ok(by),
            },
            Err(_) => Err("does not compile".to_string()),
        };
        workshop.mend(mutation);
        let (file, old, new) = mutation;
        let said = match &verdict {
            Ok(by) => format!("found by {by}"),
            Err(why) => why.clone(),
        };
        eprintln!("{n:3} {file}: {old} -> {new}: {said} ({:.0} s)", began.elapsed().as_secs_f32());
        if let Err(why) = verdict {
            wrong.push(format!("{file}: {old} -> {new}: {why}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), MUTATIONS.len(), wrong.join("\n"));
}
