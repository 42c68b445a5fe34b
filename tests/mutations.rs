//! Each of these mistakes in the provider's transitions is found by the provider's own tests.
//!
//! The package is copied, all the mistakes of the table are put into the copy, and its tests are built once: which of the
//! mistakes is made is chosen when they run. One that no test finds is a gap in the tests; one that has no place any more,
//! or does not compile, is a mistake in the table. The random walks are left out: what a mistake does must be told by a
//! script that says what should happen instead.

#[path = "mutations/table.rs"]
mod table;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex};
use std::time::Instant;
use table::MUTATIONS;

/// CPU time that the tests may take with a mutation, in seconds: an endless loop is found too.
const PATIENCE: &str = "60";
/// The random walks.
const RANDOM: &[&str] = &["agreement", "property", "random"];
/// How a run is told its mutation.
const CHOICE: &str = "LOOPSTART_MUTATION";
/// Put into the copy.
const SWITCH: &str = r#"
/// Whether this is the mutation to try.
#[cfg(test)]
pub(crate) fn mutation(n: usize) -> bool {
    static CHOSEN: std::sync::LazyLock<Option<usize>> =
        std::sync::LazyLock::new(|| std::env::var("LOOPSTART_MUTATION").ok()?.parse().ok());
    *CHOSEN == Some(n)
}
"#;

/// A mutation, taken apart.
struct Mutation {
    /// What stands there.
    there: String,
    /// The same with the mistake to be chosen.
    mutated: String,
}

fn mutation(n: usize) -> Mutation {
    let (mut there, mut mutated) = (String::new(), String::new());
    let chosen = format!("crate::mutation({n})");
    let mut rest = MUTATIONS[n];
    while let Some((before, after)) = rest.split_once('«') {
        let (mark, after) = after.split_once('»').expect("a mark ends");
        let (right, wrong) = mark.split_once(" → ").expect("a mark has two sides");
        assert_ne!(right, wrong);
        there += before;
        there += right;
        mutated += before;
        if wrong.contains("MUTANT") {
            mutated += &wrong.replace("MUTANT", &chosen);
        } else {
            mutated += &format!("(if {chosen} {{ {wrong} }} else {{ {right} }})");
        }
        rest = after;
    }
    assert!(!there.is_empty(), "nothing is marked: {rest}");
    there += rest;
    mutated += rest;
    Mutation { there, mutated }
}

fn provider() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/provider")
}

/// All files of a directory, by their path in it.
fn files(of: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    fn collect(root: &Path, at: &Path, into: &mut BTreeMap<PathBuf, Vec<u8>>) {
        for entry in fs::read_dir(at).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                collect(root, &entry.path(), into);
            } else {
                into.insert(entry.path().strip_prefix(root).unwrap().to_path_buf(), fs::read(entry.path()).unwrap());
            }
        }
    }
    let mut all = BTreeMap::new();
    collect(of, of, &mut all);
    all
}

/// The package with all mistakes in it, by file.
fn mutated() -> BTreeMap<PathBuf, Vec<u8>> {
    let mut package = files(&provider());
    let mut texts: BTreeMap<PathBuf, String> = package
        .iter()
        .filter(|(path, _)| path.extension().is_some_and(|e| e == "rs") && !path.starts_with("scripts"))
        .map(|(path, text)| (path.clone(), String::from_utf8(text.clone()).unwrap()))
        .collect();
    for n in 0..MUTATIONS.len() {
        let Mutation { there, mutated } = mutation(n);
        let found: usize = texts.values().map(|text| text.matches(&there).count()).sum();
        assert_eq!(found, 1, "not the text of one place: {there}");
        let text = texts.values_mut().find(|text| text.contains(&there)).unwrap();
        *text = text.replacen(&there, &mutated, 1);
    }
    texts.get_mut(Path::new("mod.rs")).unwrap().push_str(SWITCH);
    package.extend(texts.into_iter().map(|(path, text)| (path, text.into_bytes())));
    package
}

/// A workspace of the provider alone, with all mistakes in it. It stays, so that little is built the next time.
struct Workshop {
    at: PathBuf,
}

impl Workshop {
    fn new() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let at = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutations");
        let mut wanted: BTreeMap<PathBuf, Vec<u8>> =
            mutated().into_iter().map(|(path, text)| (Path::new("src/provider").join(path), text)).collect();
        // A document that a test compares.
        wanted.extend(files(&root.join("docs")).into_iter().map(|(path, text)| (Path::new("docs").join(path), text)));
        wanted.insert("Cargo.lock".into(), fs::read(root.join("Cargo.lock")).unwrap());
        let mut manifest: toml::Table = fs::read_to_string(root.join("Cargo.toml")).unwrap().parse().unwrap();
        manifest.retain(|key, _| key == "workspace");
        let workspace = manifest["workspace"].as_table_mut().unwrap();
        workspace.insert("members".into(), toml::Value::Array(vec!["src/provider".into()]));
        for (_, dependency) in workspace["dependencies"].as_table_mut().unwrap() {
            if let Some(path) = dependency.as_table_mut().and_then(|table| table.get_mut("path")) {
                *path = root.join(path.as_str().unwrap()).to_str().unwrap().into();
            }
        }
        manifest.extend("[profile.dev]\ndebug = false".parse::<toml::Table>().unwrap());
        wanted.insert("Cargo.toml".into(), manifest.to_string().into_bytes());

        for old in ["src", "docs"] {
            let old = at.join(old);
            if old.exists() {
                for path in files(&old).into_keys().map(|path| old.join(path)) {
                    if !wanted.contains_key(path.strip_prefix(&at).unwrap()) {
                        fs::remove_file(path).unwrap();
                    }
                }
            }
        }
        for (path, text) in wanted {
            let path = at.join(path);
            if fs::read(&path).ok().is_none_or(|old| old != text) {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
        }
        Self { at }
    }

    /// Builds the tests.
    fn build(&self) -> PathBuf {
        let output = Command::new(env!("CARGO"))
            .args(["test", "--offline", "--package", "loopstart-provider", "--lib"])
            .args(["--no-run", "--message-format=json"])
            .current_dir(&self.at)
            .env("CARGO_TARGET_DIR", self.at.join("target"))
            .output()
            .unwrap();
        assert!(output.status.success(), "not built:\n{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
            .next_back()
            .expect("tests were built")
    }

    /// Runs the tests with this mutation; the names of those that fail, or what else happened.
    fn try_out(&self, tests: &Path, mutation: Option<usize>) -> Result<(), Vec<String>> {
        // A loop without end may want memory without end.
        let limits = format!("ulimit -t {PATIENCE} -v 4000000; exec \"$0\" \"$@\"");
        let mut command = Command::new("sh");
        command.args(["-c", &limits]).arg(tests).arg("--test-threads=1");
        command.args(RANDOM.iter().flat_map(|name| ["--skip", name]));
        command.current_dir(self.at.join("src/provider")).env_remove(CHOICE).stderr(Stdio::null());
        if let Some(n) = mutation {
            command.env(CHOICE, n.to_string());
        }
        let output = command.output().unwrap();
        if output.status.success() {
            return Ok(());
        }
        let log = String::from_utf8_lossy(&output.stdout);
        let mut failed: Vec<_> = log
            .lines()
            .filter_map(|line| Some(line.strip_prefix("test ")?.strip_suffix(" ... FAILED")?.into()))
            .collect();
        if failed.is_empty() {
            failed.push(format!("{}", output.status));
        }
        Err(failed)
    }
}

#[test]
fn each_mutation_is_found() {
    assert!(MUTATIONS.len() >= 30);
    let began = Instant::now();
    let workshop = Workshop::new();
    let tests = workshop.build();
    eprintln!("{} mutations built in {:.0} s", MUTATIONS.len(), began.elapsed().as_secs_f32());
    workshop.try_out(&tests, None).expect("the tests pass without a mutation");

    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let survived: LazyLock<Mutex<Vec<String>>> = LazyLock::new(Default::default);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let n = NEXT.fetch_add(1, Ordering::Relaxed);
                    let Some(text) = MUTATIONS.get(n) else { break };
                    let began = Instant::now();
                    match workshop.try_out(&tests, Some(n)) {
                        Err(by) => {
                            let took = began.elapsed().as_secs_f32();
                            let more = by.len() - 1;
                            eprintln!("{n:3} found by {} and {more} more ({took:.1} s): {text}", by[0]);
                        }
                        Ok(()) => {
                            eprintln!("{n:3} SURVIVED: {text}");
                            survived.lock().unwrap().push(format!("{n}: {text}"));
                        }
                    }
                }
            });
        }
    });
    eprintln!("{} mutations tried in {:.0} s", MUTATIONS.len(), began.elapsed().as_secs_f32());
    let survived = survived.lock().unwrap();
    assert!(survived.is_empty(), "{} of {} survived:\n{}", survived.len(), MUTATIONS.len(), survived.join("\n"));
}
