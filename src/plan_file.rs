//! Switch plans in files of the user's, and the search for a plan by its name.
//!
//! ```toml
//! name = "front-desk"
//! title = "The PBX at the front desk"
//! inherits = "pbx"
//! notes = ["Codes as programmed in March."]
//!
//! [site]
//! park = "*68"
//! unpark = "*69"
//!
//! [facts]
//! "hold" = "flash wait:recall-dial"
//! "recall.send_ms" = 300
//! "pickup.group" = { support = "yes", steps = "dial:*40", source = "the installer's sheet", verified = true }
//! "redirect" = "none"
//! ```

use loopstart_signal::plan::{self, Builder, FactText, Plan, Support};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// Largest file that is read, in bytes.
pub const LARGEST: u64 = 256 * 1024;

/// Most plans that inherit one from another.
const DEEPEST: usize = 8;

/// A switch plan cannot be had. The text says why, and what to write instead.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The file cannot be read.
    #[error("plan file {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is larger than [`LARGEST`].
    #[error("plan file {}: larger than {} KiB", .0.display(), LARGEST / 1024)]
    TooLarge(PathBuf),
    /// The file is not TOML, or has unknown settings.
    #[error("plan file {}, line {line}: {why}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What about it.
        why: String,
    },
    /// A fact of the file is wrong.
    #[error("plan file {}, line {line}: {key}: {why}", path.display())]
    Fact {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// Which fact.
        key: String,
        /// What about it.
        why: String,
    },
    /// The plan that comes of it is wrong; the fact is a parent's, or all together.
    #[error("plan file {}: {source}", path.display())]
    Plan {
        /// The file.
        path: PathBuf,
        /// Which fact, and why.
        source: plan::Error,
    },
    /// Files inherit from each other in a circle, or in too long a row.
    #[error("plan file {}: inherits {inherits:?}, which leads back to itself or too deep", path.display())]
    Circle {
        /// The file.
        path: PathBuf,
        /// What it says.
        inherits: String,
    },
    /// There is no plan of this name.
    #[error("no switch plan {name:?}; there are {}; a plan of your own is a path, or NAME.toml in {places}", known())]
    Unknown {
        /// The name.
        name: String,
        /// Where files were looked for.
        places: String,
    },
}

fn known() -> String {
    Plan::names().collect::<Vec<_>>().join(", ")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: Option<String>,
    #[serde(default)]
    title: String,
    inherits: Option<Spanned<String>>,
    #[serde(default)]
    notes: Vec<String>,
    #[serde(default)]
    site: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    facts: BTreeMap<String, Spanned<toml::Value>>,
}

/// A fact in full.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Full {
    support: Option<String>,
    #[serde(default)]
    steps: String,
    value: Option<toml::Value>,
    #[serde(default)]
    source: String,
    #[serde(default)]
    verified: bool,
    #[serde(default)]
    note: String,
}

/// Finds a plan: a path (it has a `/` or ends in `.toml`), or a name. Files of a name come before the built-in plan of
/// that name: `$XDG_CONFIG_HOME/loopstart/plans/NAME.toml` (else below `~/.config`), then `/etc/loopstart/plans/NAME.toml`.
///
/// # Errors
/// No such plan, or what is wrong with it.
pub fn find(word: &str) -> Result<Builder, PlanError> {
    resolve(word, &places(), &mut Vec::new())
}

/// Reads a plan from a file.
///
/// # Errors
/// What is wrong with it.
pub fn read(path: &Path) -> Result<Builder, PlanError> {
    read_in(path, &places(), &mut Vec::new())
}

/// The plan files that are found by name, at most 256, by name; one that a file before it hides is left out.
pub fn files() -> Vec<PathBuf> {
    let mut files: BTreeMap<_, PathBuf> = BTreeMap::new();
    for place in places() {
        for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "toml") && files.len() < 256 {
                files.entry(entry.file_name()).or_insert(path);
            }
        }
    }
    files.into_values().collect()
}

/// The directories of plans by name, the first that has one wins.
fn places() -> Vec<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let user = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")));
    let user = user.map(|config| config.join("loopstart/plans"));
    user.into_iter().chain([PathBuf::from("/etc/loopstart/plans")]).collect()
}

/// `open`: the files that are being read, of which each inherits from the next.
fn resolve(word: &str, places: &[PathBuf], open: &mut Vec<PathBuf>) -> Result<Builder, PlanError> {
    if word.contains('/') || word.ends_with(".toml") {
        return read_in(Path::new(word), places, open);
    }
    let files = places.iter().map(|place| place.join(format!("{word}.toml")));
    // A file that inherits from its own name means the plan it takes the place of.
    let mut files = files.filter(|file| !word.is_empty() && file.is_file() && !is_open(file, open));
    if let Some(file) = files.next() {
        return read_in(&file, places, open);
    }
    Builder::named(word).ok_or_else(|| PlanError::Unknown {
        name: word.to_owned(),
        places: places.iter().map(|place| place.display().to_string()).collect::<Vec<_>>().join(" or "),
    })
}

fn is_open(file: &Path, open: &[PathBuf]) -> bool {
    open.contains(&canonical(file))
}

fn canonical(file: &Path) -> PathBuf {
    file.canonicalize().unwrap_or_else(|_| file.to_owned())
}

fn text_of(path: &Path) -> Result<String, PlanError> {
    let unreadable = |source| PlanError::Read { path: path.to_owned(), source };
    // A pipe would keep us waiting.
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(unreadable(std::io::Error::other("not a file")));
    }
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(LARGEST + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > LARGEST { Err(PlanError::TooLarge(path.to_owned())) } else { Ok(text) }
}

fn read_in(path: &Path, places: &[PathBuf], open: &mut Vec<PathBuf>) -> Result<Builder, PlanError> {
    let text = text_of(path)?;
    let unparsable = |error: toml::de::Error| PlanError::Parse {
        path: path.to_owned(),
        line: line_of(&text, error.span().map_or(0, |span| span.start)),
        why: error.message().replace('\n', " "),
    };
    let file: File = toml::from_str(&text).map_err(unparsable)?;
    let stem = || path.file_stem().map_or(Cow::Borrowed("plan"), |stem| stem.to_string_lossy()).into_owned();
    let name = file.name.unwrap_or_else(stem);
    let mut builder = match file.inherits {
        None => Builder::new(&name, &file.title),
        Some(inherits) => {
            let word = parent_path(inherits.get_ref(), path);
            open.push(canonical(path));
            let is_path = word.contains('/') || word.ends_with(".toml");
            if open.len() > DEEPEST || (is_path && is_open(Path::new(&word), open)) {
                return Err(PlanError::Circle { path: path.to_owned(), inherits: inherits.into_inner() });
            }
            let parent = resolve(&word, places, open)?;
            open.pop();
            parent.child(&name, &file.title)
        }
    };
    for note in &file.notes {
        builder.note(note);
    }
    for (code, digits) in &file.site {
        builder.site(code, digits.get_ref());
    }
    for (key, value) in &file.facts {
        let line = line_of(&text, value.span().start);
        state(&mut builder, key, value.get_ref()).map_err(|why| PlanError::Fact {
            path: path.to_owned(),
            line,
            key: key.clone(),
            why,
        })?;
    }
    // Wrong facts are told here, where their line is known.
    match builder.clone().build() {
        Ok(_) => Ok(builder),
        Err(source) => {
            let site = source.key.strip_prefix("site.").and_then(|code| file.site.get(code));
            let start = file.facts.get(&source.key).map(Spanned::span).or_else(|| site.map(Spanned::span));
            Err(match start {
                Some(span) => PlanError::Fact {
                    path: path.to_owned(),
                    line: line_of(&text, span.start),
                    key: source.key,
                    why: source.why,
                },
                None => PlanError::Plan { path: path.to_owned(), source },
            })
        }
    }
}

/// A path stands beside the file that names it.
fn parent_path(inherits: &str, file: &Path) -> String {
    if inherits.contains('/') || inherits.ends_with(".toml") {
        let beside = file.parent().unwrap_or(Path::new("")).join(inherits);
        beside.to_string_lossy().into_owned()
    } else {
        inherits.to_owned()
    }
}

/// The line of a place in the text, from 1.
fn line_of(text: &str, place: usize) -> usize {
    text.bytes().take(place).filter(|b| *b == b'\n').count() + 1
}

/// States a fact as the file has it.
fn state(builder: &mut Builder, key: &str, value: &toml::Value) -> Result<(), String> {
    if !Plan::is_known_key(key) {
        let nearest = nearest(key).map_or(String::new(), |near| format!("; did you mean {near:?}?"));
        let quotes =
            if value.is_table() { " (a key with a dot is written in quotes, as \"recall.send_ms\")" } else { "" };
        return Err(format!("no such fact{nearest}{quotes}"));
    }
    let is_procedure = Plan::is_procedure_key(key);
    let full = match value {
        toml::Value::Table(table) => Full::deserialize(table.clone()).map_err(|e| e.message().to_owned())?,
        toml::Value::String(steps) if is_procedure && steps != "none" => Full {
            support: None,
            steps: steps.clone(),
            value: None,
            source: String::new(),
            verified: false,
            note: String::new(),
        },
        plain => Full {
            support: None,
            steps: String::new(),
            value: Some(plain.clone()),
            source: String::new(),
            verified: false,
            note: String::new(),
        },
    };
    let support = match &full.support {
        None => Support::Yes,
        Some(name) => {
            let known = Support::NAMES.iter().find(|(known, _)| known == name);
            known.ok_or_else(|| format!("support is {}, not {name:?}", names(Support::NAMES)))?.1
        }
    };
    let value = full.value.as_ref().map(words).transpose()?.unwrap_or_default();
    if is_procedure && !value.is_empty() && value != "none" {
        return Err(format!(
            "is a procedure: write steps, as \"flash wait:recall-dial dial:3\", not the value {value:?}"
        ));
    }
    if !is_procedure && !full.steps.is_empty() {
        return Err("is a value, not a procedure: write value instead of steps".into());
    }
    builder.fact(&FactText {
        key,
        support,
        steps: &full.steps,
        value: &value,
        verified: full.verified,
        source: &full.source,
        note: &full.note,
    });
    Ok(())
}

/// A value as facts have it: numbers in sequence apart by blanks.
fn words(value: &toml::Value) -> Result<String, String> {
    match value {
        toml::Value::String(text) => Ok(text.clone()),
        toml::Value::Integer(number) => Ok(number.to_string()),
        toml::Value::Boolean(yes) => Ok(if *yes { "yes" } else { "no" }.into()),
        toml::Value::Array(times) => {
            let word = |time: &toml::Value| time.as_integer().map(|ms| ms.to_string());
            let words: Option<Vec<String>> = times.iter().map(word).collect();
            words.map(|words| words.join(" ")).ok_or_else(|| "a list is of whole numbers".into())
        }
        _ => Err("write text, a whole number, true or false".into()),
    }
}

/// The names of a table, for people.
pub(crate) fn names<T>(table: &[(&'static str, T)]) -> String {
    table.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// The known key that looks most like this one, where one looks alike.
fn nearest(key: &str) -> Option<&'static str> {
    // Longer than any key: nothing looks like it, and comparing would take time.
    if key.len() > 64 {
        return None;
    }
    let by_distance = Plan::known_keys().map(|known| (distance(key, known), known));
    by_distance.min().filter(|(distance, known)| *distance <= known.len() / 3 + 1).map(|(_, known)| known)
}

/// How many characters one has to insert, remove or replace to make one text of the other (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(b.chars()) {
            let replaced = diagonal + usize::from(x != y);
            diagonal = *cell;
            left = replaced.min(diagonal + 1).min(left + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use loopstart_signal::plan::{Lack, Service};
    use std::fs;

    /// A directory with these files, searched for plans.
    fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(directory.path().join(name), text).unwrap();
        }
        directory
    }

    fn found(word: &str, directory: &tempfile::TempDir) -> Result<Plan, PlanError> {
        resolve(word, &[directory.path().to_owned()], &mut Vec::new()).map(|builder| builder.build().unwrap())
    }

    fn error(text: &str) -> String {
        found("x", &directory(&[("x.toml", text)])).unwrap_err().to_string()
    }

    #[test]
    fn a_file_is_read_over_its_parent() {
        let text = r#"
            title = "Mine"
            inherits = "pbx"
            notes = ["first"]
            [site]
            park = "*68"
            [facts]
            "recall.send_ms" = 300
            "recall.accept_ms" = "200-600"
            "ring.distinctive.1" = [400, 200, 400, 2000]
            "recall.dial_tone" = true
            "callwaiting.answer" = "none"
            "swap" = { support = "yes", steps = "flash wait:recall-dial dial:2", source = "a sheet", verified = true }
            "redirect" = { support = "no", note = "never" }
        "#;
        let plan = found("x", &directory(&[("x.toml", text)])).unwrap();
        assert_eq!(
            (plan.name.as_str(), plan.title.as_str(), plan.parents.as_slice()),
            ("x", "Mine", &["pbx".into()][..])
        );
        assert_eq!(plan.recall.send.as_millis(), 300);
        assert_eq!(plan.rings["1"], [400, 200, 400, 2000]);
        assert!(plan.has(Service::Swap) && plan.has(Service::Park) && plan.facts["swap"].verified);
        assert_eq!(plan.lacks(Service::WaitingAnswer), Some(Lack::NotInPlan));
        assert_eq!(plan.lacks(Service::Redirect), Some(Lack::No("never".into())));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, says) in [
            ("title = 5", "line 1"),
            ("titel = \"x\"", "title"),
            ("[facts]\n\n\"hodl\" = \"flash\"", "line 3: hodl: no such fact; did you mean \"hold\"?"),
            ("[facts]\n\"recall.sendms\" = 5", "recall.send_ms"),
            ("[facts]\nrecall.send_ms = 5", "quotes"),
            ("[facts]\n\"hold\" = \"flash dial:x\"", "line 2: hold: \"x\" cannot be dialled"),
            ("[facts]\n\"hold\" = { steps = \"flash\", suport = \"yes\" }", "suport"),
            ("[facts]\n\"hold\" = { steps = \"flash\", support = \"maybe\" }", "only-with-call-waiting"),
            ("[facts]\n\"hold\" = { value = \"flash\" }", "write steps"),
            ("[facts]\n\"hold\" = { steps = \"dial:{hodl}\" }", "{hodl} is not set"),
            ("[facts]\n\"recall.send_ms\" = { steps = \"flash\" }", "write value"),
            ("[facts]\n\"recall.send_ms\" = 5.5", "whole number"),
            ("[facts]\n\"recall.send_ms\" = 5000", "recall.accept_ms"),
            ("[facts]\n\"hold\" = \"flash\"\n\"hold\" = \"flash\"", "duplicate"),
            ("[site]\npark = \"x\"", "line 2: site.park"),
            ("inherits = \"nosuch\"", "nanp"),
            ("inherits = \"y.toml\"", "y.toml"),
        ] {
            let error = error(text);
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn files_come_before_built_in_plans_and_may_build_on_them() {
        let mine = directory(&[("nanp.toml", "inherits = \"nanp\"\n[facts]\n\"recall.send_ms\" = 700")]);
        let plan = found("nanp", &mine).unwrap();
        assert_eq!((plan.recall.send.as_millis(), plan.parents.as_slice()), (700, &["nanp".to_owned()][..]));
        assert_eq!(found("centrex", &mine).unwrap().parents, ["nanp"]);
        assert_eq!(found("nanp", &directory(&[])).unwrap().recall.send.as_millis(), 550);
        assert!(matches!(found("", &mine), Err(PlanError::Unknown { .. })));
    }

    #[test]
    fn circles_end() {
        let circle = directory(&[("a.toml", "inherits = \"b\""), ("b.toml", "inherits = \"a\"")]);
        assert!(matches!(found("a", &circle), Err(PlanError::Unknown { name, .. }) if name == "a"));
        let circle = directory(&[("a.toml", "inherits = \"./b.toml\""), ("b.toml", "inherits = \"./a.toml\"")]);
        assert!(matches!(found("a", &circle), Err(PlanError::Circle { .. })));
        let names: Vec<String> = (0..20).map(|i| format!("p{i}.toml")).collect();
        let texts: Vec<String> = (1..21).map(|i| format!("inherits = \"p{i}\"")).collect();
        let files: Vec<(&str, &str)> = names.iter().zip(&texts).map(|(n, t)| (n.as_str(), t.as_str())).collect();
        assert!(matches!(found("p0", &directory(&files)), Err(PlanError::Circle { .. })));
    }

    #[test]
    fn files_that_cannot_be_read() {
        let large = "#".repeat(usize::try_from(LARGEST).unwrap() + 1);
        assert!(matches!(found("x", &directory(&[("x.toml", &large)])), Err(PlanError::TooLarge(_))));
        assert!(matches!(read(Path::new("/dev/zero")), Err(PlanError::Read { .. })));
        assert!(matches!(read(Path::new("/nowhere/at/all.toml")), Err(PlanError::Read { .. })));
    }

    #[test]
    fn distances() {
        for (a, b, expected) in [
            ("", "", 0),
            ("hold", "hold", 0),
            ("hodl", "hold", 2),
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
        assert_eq!(nearest("zzzzzzzzzzzzzz"), None);
        assert_eq!(nearest(&"x".repeat(1_000)), None);
    }
}
