//! Profiles in files, and the search for one by its name.

use super::{DEFAULT, Firmware, Fixed, Profile, Stream, Tones, all};
use crate::drivers::voice_modem::codec::Coding;
use loopstart_signal::dle;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use toml::Spanned;

/// Largest file that is read, in bytes.
const LARGEST: u64 = 64 * 1024;
/// Longest command: every modem takes a line of 40 characters after its `AT` (V.250); those of today 50 and more.
const COMMAND: usize = 56;
/// Most entries of a list.
const ENTRIES: usize = 64;
/// Most profiles that are kept. A program that reads more has a fault of its own.
const KEPT: usize = 1_024;

/// A profile cannot be had. The text says why, and what to write instead.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The file cannot be read.
    #[error("profile {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Something in the file is wrong.
    #[error("profile {}, line {line}: {why}", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What about it.
        why: String,
    },
    /// There is no such profile.
    #[error("no modem profile {name:?}; there are {known}, and files in {places}")]
    Unknown {
        /// As given.
        name: String,
        /// Those built in.
        known: String,
        /// Where files are looked for.
        places: String,
    },
}

/// Text with its place in the file.
type Word = Spanned<String>;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    title: Option<String>,
    inherits: Option<Word>,
    sources: Option<Vec<String>>,
    notes: Option<Vec<String>>,
    identify: Identify,
    commands: Commands,
    caller_id: Option<Vec<CallerId>>,
    tones: ToneKeys,
    stream: StreamKeys,
    events: BTreeMap<String, Word>,
    firmware: Option<Vec<FirmwareKeys>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Identify {
    marks: Option<Vec<Word>>,
    usb: Option<Vec<Word>>,
    refuse: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Commands {
    voice: Option<bool>,
    classes: Option<Word>,
    init: Option<Vec<Word>>,
    country: Option<Word>,
    enter_voice: Option<Word>,
    leave_voice: Option<Word>,
    answer: Option<Word>,
    answer_other: Option<Word>,
    seize: Option<Word>,
    routes: Option<Word>,
    vcon_is_answer: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CallerId {
    set: Word,
    check: Word,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ToneKeys {
    command: Option<Word>,
    unit_ms: Option<Spanned<u16>>,
    pairs: Option<bool>,
    flash: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct StreamKeys {
    list: Option<Word>,
    set: Option<Word>,
    transmit: Option<Word>,
    receive: Option<Word>,
    duplex: Option<Word>,
    stop: Option<Word>,
    stop_other: Option<Word>,
    stop_duplex: Option<Word>,
    prefer: Option<Vec<Word>>,
    names: BTreeMap<String, Word>,
    fixed: Option<Vec<FixedKeys>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FixedKeys {
    id: u16,
    coding: Word,
    rate: Spanned<u16>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FirmwareKeys {
    below: Word,
    advice: String,
}

/// What is wrong, and where in the text.
struct Wrong(usize, String);

/// Profiles live as long as the program: devices and selectors refer to them. Equal ones are kept once.
pub(super) fn keep(profile: Profile) -> &'static Profile {
    static ALL: Mutex<Vec<&'static Profile>> = Mutex::new(Vec::new());
    let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = all.iter().copied().find(|known| **known == profile) {
        return known;
    }
    if all.len() >= KEPT {
        return DEFAULT;
    }
    let kept: &'static Profile = Box::leak(Box::new(profile));
    all.push(kept);
    kept
}

/// A text that lives as long as the profile. Equal ones are kept once, so that reading a file again keeps nothing.
fn text(text: &str) -> &'static str {
    static ALL: Mutex<std::collections::BTreeSet<&'static str>> = Mutex::new(std::collections::BTreeSet::new());
    let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = all.get(text) {
        return known;
    }
    let kept: &'static str = text.to_owned().leak();
    all.insert(kept);
    kept
}

/// A list that lives as long as the profile.
fn list<T: PartialEq + Clone + Send + Sync + 'static>(items: Vec<T>) -> &'static [T] {
    Vec::leak(items)
}

fn texts(words: &[String]) -> &'static [&'static str] {
    list(words.iter().take(ENTRIES).map(|word| text(word)).collect())
}

/// A command of the dialog.
fn command(word: &Word) -> Result<&'static str, Wrong> {
    let wrong = |why: &str| Wrong(word.span().start, format!("{:?} {why}", word.get_ref()));
    let line = word.get_ref();
    if !line.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return Err(wrong("has a character that does not belong into a command"));
    }
    let Some(body) = line.strip_prefix("AT") else { return Err(wrong("does not begin with AT")) };
    if line.len() > COMMAND {
        return Err(wrong(&format!("is longer than {COMMAND} characters")));
    }
    if body.to_ascii_uppercase().starts_with('D') {
        return Err(wrong("dials: no command of a profile may"));
    }
    Ok(text(line))
}

/// A command, or nothing: the modem has none.
fn optional(word: &Word) -> Result<&'static str, Wrong> {
    if word.get_ref().is_empty() { Ok("") } else { command(word) }
}

fn put(
    slot: &mut &'static str,
    word: Option<&Word>,
    read: fn(&Word) -> Result<&'static str, Wrong>,
) -> Result<(), Wrong> {
    if let Some(word) = word {
        *slot = read(word)?;
    }
    Ok(())
}

/// A command with places for values.
fn template(word: &Word, places: &[&str]) -> Result<&'static str, Wrong> {
    let line = optional(word)?;
    for place in places {
        if !line.is_empty() && !line.contains(place) {
            return Err(Wrong(word.span().start, format!("{line:?} has no {place}")));
        }
    }
    Ok(line)
}

/// Bytes, with `<DLE>`, `<ETX>`, `<ESC>`, `<CAN>` and `<CR>` for those without a character.
fn bytes(word: &Word) -> Result<&'static [u8], Wrong> {
    const NAMES: [(&str, u8); 5] =
        [("<DLE>", dle::DLE), ("<ETX>", dle::ETX), ("<ESC>", dle::ESC), ("<CAN>", dle::CAN), ("<CR>", b'\r')];
    let mut rest = word.get_ref().as_str();
    let mut out = Vec::new();
    while let Some(first) = rest.chars().next() {
        if let Some((name, byte)) = NAMES.iter().find(|(name, _)| rest.starts_with(name)) {
            out.push(*byte);
            rest = rest.get(name.len()..).unwrap_or_default();
        } else if first.is_ascii_graphic() && out.len() < 8 {
            out.push(first as u8);
            rest = rest.get(1..).unwrap_or_default();
        } else {
            let why = format!("{:?}: use up to 8 characters, and <DLE>, <ETX>, <ESC>, <CAN>, <CR>", word.get_ref());
            return Err(Wrong(word.span().start, why));
        }
    }
    Ok(list(out))
}

fn coding(word: &Word) -> Result<Coding, Wrong> {
    Coding::by_name(word.get_ref()).ok_or_else(|| {
        let known: Vec<&str> = Coding::NAMES.iter().map(|(name, _)| *name).collect();
        Wrong(word.span().start, format!("no coding {:?}; there are {}", word.get_ref(), known.join(", ")))
    })
}

/// Version numbers with points between them.
fn numbers(word: &Word) -> Result<[u16; 3], Wrong> {
    let mut all = [0; 3];
    let mut parts = word.get_ref().split('.');
    let wrong = || Wrong(word.span().start, format!("{:?} is no version such as 1.2.21", word.get_ref()));
    for (slot, part) in all.iter_mut().zip(&mut parts) {
        *slot = part.parse().map_err(|_| wrong())?;
    }
    if parts.next().is_some() { Err(wrong()) } else { Ok(all) }
}

fn usb(word: &Word) -> Result<(u16, u16), Wrong> {
    let hex = |part: &str| if part.len() == 4 { u16::from_str_radix(part, 16).ok() } else { None };
    let pair = word.get_ref().split_once(':').and_then(|(vendor, product)| Some((hex(vendor)?, hex(product)?)));
    pair.ok_or_else(|| Wrong(word.span().start, format!("{:?} is no USB id such as 0572:1340", word.get_ref())))
}

/// What an event is called: V.253 and what chips add.
const EVENTS: &[(&str, u8)] = &[
    ("none", 0),
    ("ring", dle::event::RING),
    ("ringback", dle::event::RINGBACK),
    ("busy", dle::event::BUSY),
    ("reorder", dle::event::REORDER),
    ("dial-tone", dle::event::DIAL_TONE),
    ("stutter-dial-tone", dle::event::STUTTER),
    ("sit", dle::event::SIT),
    ("call-waiting", dle::event::CALL_WAITING),
    ("loop-break", dle::event::LOOP_BREAK),
    ("polarity", dle::event::POLARITY),
    ("voice", dle::event::VOICE),
    ("silence", dle::event::SILENCE),
    ("quiet", dle::event::QUIET),
    ("answer-tone", dle::event::ANSWER_TONE),
    ("data-answer", dle::event::DATA_ANSWER),
    ("fax-calling", dle::event::FAX_CALLING),
    ("data-calling", dle::event::DATA_CALLING),
    ("text-telephone", b't'),
    ("phone-on-hook", dle::event::PHONE_ON_HOOK),
    ("phone-off-hook", dle::event::PHONE_OFF_HOOK),
    ("extension-on-hook", dle::event::EXTENSION_ON_HOOK),
    ("extension-off-hook", dle::event::EXTENSION_OFF_HOOK),
];

fn event(code: &str, word: &Word) -> Result<(u8, u8), Wrong> {
    let at = word.span().start;
    let &[code] = code.as_bytes() else {
        return Err(Wrong(at, format!("event {code:?}: a code is one character, the one behind <DLE>")));
    };
    let known = EVENTS.iter().find(|(name, _)| name == word.get_ref());
    let (_, meaning) = known.ok_or_else(|| {
        let names: Vec<&str> = EVENTS.iter().map(|(name, _)| *name).collect();
        Wrong(at, format!("no event {:?}; there are {}", word.get_ref(), names.join(", ")))
    })?;
    Ok((code, *meaning))
}

impl File {
    /// The profile that the file makes of its parent.
    fn apply(&self, name: &str, parent: &Profile) -> Result<Profile, Wrong> {
        let c = &self.commands;
        let mut p = Profile { name: text(name), marks: &[], usb: &[], firmware: &[], ..*parent };
        // What is said of the parent as a whole is not true of the child by itself.
        p.title = self.title.as_deref().map_or("", text);
        p.sources = self.sources.as_deref().map_or(&[], texts);
        p.notes = self.notes.as_deref().map_or(&[], texts);
        p.refuse = self.identify.refuse.as_deref().map_or("", text);
        if let Some(marks) = &self.identify.marks {
            if let Some(mark) = marks.iter().find(|mark| mark.get_ref().len() < 4) {
                let why = format!("mark {:?} is shorter than 4 characters: it would fit by chance", mark.get_ref());
                return Err(Wrong(mark.span().start, why));
            }
            p.marks = list(marks.iter().take(ENTRIES).map(|mark| text(mark.get_ref())).collect());
        }
        if let Some(ids) = &self.identify.usb {
            p.usb = list(ids.iter().take(ENTRIES).map(usb).collect::<Result<_, _>>()?);
        }
        p.voice = c.voice.unwrap_or(p.voice);
        p.vcon_is_answer = c.vcon_is_answer.unwrap_or(p.vcon_is_answer);
        put(&mut p.classes, c.classes.as_ref(), command)?;
        put(&mut p.country, c.country.as_ref(), |w| template(w, &["{code}"]))?;
        put(&mut p.enter_voice, c.enter_voice.as_ref(), command)?;
        put(&mut p.leave_voice, c.leave_voice.as_ref(), command)?;
        put(&mut p.off_hook, c.answer.as_ref(), command)?;
        put(&mut p.off_hook_other, c.answer_other.as_ref(), command)?;
        put(&mut p.seize, c.seize.as_ref(), command)?;
        put(&mut p.routes, c.routes.as_ref(), optional)?;
        if let Some(init) = &c.init {
            p.init = list(init.iter().take(ENTRIES).map(command).collect::<Result<_, _>>()?);
        }
        if let Some(ways) = &self.caller_id {
            let way = |w: &CallerId| Ok((command(&w.set)?, command(&w.check)?));
            p.caller_id = list(ways.iter().take(ENTRIES).map(way).collect::<Result<_, _>>()?);
        }
        p.tones = self.tones(p.tones)?;
        p.stream = self.stream.apply(p.stream)?;
        if !self.events.is_empty() {
            p.events =
                list(self.events.iter().take(ENTRIES).map(|(code, word)| event(code, word)).collect::<Result<_, _>>()?);
        }
        if let Some(rules) = &self.firmware {
            let rule = |r: &FirmwareKeys| Ok(Firmware { below: numbers(&r.below)?, advice: text(&r.advice) });
            let mut rules: Vec<Firmware> = rules.iter().take(ENTRIES).map(rule).collect::<Result<_, _>>()?;
            rules.sort_by_key(|rule| rule.below);
            p.firmware = list(rules);
        }
        Ok(p)
    }

    fn tones(&self, mut tones: Tones) -> Result<Tones, Wrong> {
        let keys = &self.tones;
        put(&mut tones.command, keys.command.as_ref(), optional)?;
        if let Some(unit) = &keys.unit_ms {
            if !(1..=1_000).contains(unit.get_ref()) {
                return Err(Wrong(unit.span().start, "unit_ms is 1 to 1000".into()));
            }
            tones.unit_ms = *unit.get_ref();
        }
        tones.pairs = keys.pairs.unwrap_or(tones.pairs);
        tones.flash = keys.flash.unwrap_or(tones.flash);
        Ok(tones)
    }
}

impl StreamKeys {
    fn apply(&self, mut stream: Stream) -> Result<Stream, Wrong> {
        put(&mut stream.list, self.list.as_ref(), optional)?;
        put(&mut stream.set, self.set.as_ref(), |w| template(w, &["{id}"]))?;
        put(&mut stream.transmit, self.transmit.as_ref(), command)?;
        put(&mut stream.receive, self.receive.as_ref(), command)?;
        put(&mut stream.duplex, self.duplex.as_ref(), optional)?;
        for (slot, word) in [
            (&mut stream.stop, &self.stop),
            (&mut stream.stop_other, &self.stop_other),
            (&mut stream.stop_duplex, &self.stop_duplex),
        ] {
            if let Some(word) = word {
                *slot = bytes(word)?;
            }
        }
        if let Some(prefer) = &self.prefer {
            stream.prefer = list(prefer.iter().take(ENTRIES).map(coding).collect::<Result<_, _>>()?);
        }
        if !self.names.is_empty() {
            let name = |(name, word): (&String, &Word)| Ok((text(name), coding(word)?));
            stream.names = list(self.names.iter().take(ENTRIES).map(name).collect::<Result<_, _>>()?);
        }
        if let Some(fixed) = &self.fixed {
            let read = |f: &FixedKeys| {
                let rate = *f.rate.get_ref();
                if !super::super::codec::RATES.contains(&rate) {
                    let known: Vec<String> = super::super::codec::RATES.iter().map(u16::to_string).collect();
                    return Err(Wrong(f.rate.span().start, format!("rate {rate}: there are {}", known.join(", "))));
                }
                Ok(Fixed { id: f.id, coding: coding(&f.coding)?, rate })
            };
            stream.fixed = list(fixed.iter().take(ENTRIES).map(read).collect::<Result<_, _>>()?);
        }
        Ok(stream)
    }
}

/// The line of a place in the text, from 1.
fn line_of(text: &str, place: usize) -> usize {
    text.bytes().take(place).filter(|b| *b == b'\n').count() + 1
}

fn parse(name: &str, content: &str, known: &[&'static Profile]) -> Result<Profile, (usize, String)> {
    let file: File = toml::from_str(content)
        .map_err(|e| (line_of(content, e.span().map_or(0, |span| span.start)), e.message().replace('\n', " ")))?;
    let parent = match &file.inherits {
        None => DEFAULT,
        Some(word) => known.iter().copied().find(|p| p.name == word.get_ref()).ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|p| p.name).collect();
            let why = format!("no profile {:?} to inherit from; there are {}", word.get_ref(), names.join(", "));
            (line_of(content, word.span().start), why)
        })?,
    };
    file.apply(name, parent).map_err(|Wrong(at, why)| (line_of(content, at), why))
}

/// Reads a built-in file.
pub(super) fn built_in(name: &str, content: &str, known: &[&'static Profile]) -> Result<Profile, (usize, String)> {
    parse(name, content, known)
}

/// Reads a profile file. Its name is the file's, without `.toml`.
///
/// # Errors
/// When it cannot be read, or with what is wrong in which line.
pub fn read(path: &Path) -> Result<&'static Profile, ProfileError> {
    let unreadable = |source| ProfileError::Read { path: path.to_owned(), source };
    // A pipe would keep us waiting.
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(unreadable(std::io::Error::other("not a file")));
    }
    let mut content = String::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(LARGEST + 1).read_to_string(&mut content).map_err(unreadable)?;
    if content.len() as u64 > LARGEST {
        return Err(unreadable(std::io::Error::other(format!("larger than {} KiB", LARGEST / 1024))));
    }
    let name = path.file_stem().map_or_else(|| "profile".into(), |stem| stem.to_string_lossy());
    let parsed = parse(&name, &content, all());
    parsed.map(keep).map_err(|(line, why)| ProfileError::Wrong { path: path.to_owned(), line, why })
}

/// The directories of profiles by name; the first that has one wins.
fn places() -> Vec<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let user = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")));
    let user = user.map(|config| config.join("loopstart/profiles"));
    user.into_iter().chain([PathBuf::from("/etc/loopstart/profiles")]).collect()
}

/// The user's files, those of the same name once.
pub fn files() -> Vec<PathBuf> {
    let mut found = BTreeMap::new();
    for place in places() {
        for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|ext| ext == "toml") && found.len() < 256 {
                found.entry(entry.file_name()).or_insert(path);
            }
        }
    }
    found.into_values().collect()
}

/// The profile of a name, or of a file when the word has a `/` or ends in `.toml`. Files of the user's come before built-in ones.
///
/// # Errors
/// When there is none, or the file cannot be used.
pub fn find(word: &str) -> Result<&'static Profile, ProfileError> {
    if word.contains('/') || word.ends_with(".toml") {
        return read(Path::new(word));
    }
    let plain = !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    let places = places();
    let file = places.iter().map(|place| place.join(format!("{word}.toml"))).find(|file| plain && file.is_file());
    if let Some(file) = file {
        return read(&file);
    }
    super::by_name(word).ok_or_else(|| ProfileError::Unknown {
        name: word.to_owned(),
        known: all().iter().map(|p| p.name).collect::<Vec<_>>().join(", "),
        places: places.iter().map(|place| place.display().to_string()).collect::<Vec<_>>().join(" or "),
    })
}
