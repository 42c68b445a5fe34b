//! From facts to a plan.

use super::procedure::{self, BadStep, Procedure, Step};
use super::{Access, Cadence, Fact, Joined, Moment, OnHook, Plan, Recall, Service, Subscribed, Support, data};
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

/// Facts that set something else than a service or a moment.
pub(super) const SETTINGS: &[&str] = &[
    "recall.send_ms",
    "recall.accept_ms",
    "recall.dial_tone",
    "onhook.guard_ms",
    "threeway.split_active",
    "trunk.prefix",
    "trunk.second_dial_tone",
    "complete.timeout_s",
    "complete.callback_cadence",
    "park.timeout_s",
    "hold.recall_s",
    "forward.no_answer_s",
    "forward.courtesy_call",
    "voicemail.stutter",
    "forward.reminder_ring_ms",
    "ring.standard_ms",
    "ring.distinctive.1",
    "ring.distinctive.2",
    "ring.distinctive.3",
    "ring.distinctive.4",
    "ring.distinctive.internal",
    "ring.distinctive.external",
    "ring.distinctive.recall",
    "callwaiting.distinctive.1",
    "callwaiting.distinctive.2",
    "callwaiting.distinctive.3",
    "callwaiting.distinctive.4",
];

/// Most facts of a plan, and most codes of a site. The largest built-in plans have a hundred.
const MOST: usize = 512;

/// Longest text of a fact or remark, in bytes.
const LONGEST: usize = 1_024;

/// Longest code of a site, in digits.
const LONGEST_CODE: usize = 16;

/// A fact as its source writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FactText<'a> {
    /// Its key, as `hold` or `recall.send_ms`.
    pub key: &'a str,
    /// How far it is there.
    pub support: Support,
    /// Its procedure; empty for a plain value.
    pub steps: &'a str,
    /// Its value; empty for a procedure. Times in ms or s as the key says, a range as `200-1000`.
    pub value: &'a str,
    /// It was read in the source.
    pub verified: bool,
    /// Where.
    pub source: &'a str,
    /// Remarks.
    pub note: &'a str,
}

/// What is wrong with a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The plan.
    pub plan: String,
    /// The fact.
    pub key: String,
    /// What about it.
    pub why: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "plan {}: {}: {}", self.plan, self.key, self.why)
    }
}

impl core::error::Error for Error {}

/// Collects a plan's facts, its own over its parents'.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    name: String,
    title: String,
    parents: Vec<String>,
    notes: Vec<String>,
    site: BTreeMap<String, String>,
    subscribed: Subscribed,
    facts: BTreeMap<String, Fact>,
}

impl Builder {
    /// A plan that inherits from none and has no facts yet.
    pub fn new(name: &str, title: &str) -> Self {
        Self { name: name.into(), title: title.into(), ..Self::default() }
    }

    /// A built-in plan, to be changed or built.
    pub fn named(name: &str) -> Option<Self> {
        let table = data::PLANS.iter().find(|plan| plan.name == name)?;
        let mut builder = match table.inherits {
            Some(parent) => Self::named(parent)?.child(table.name, table.title),
            None => Self::new(table.name, table.title),
        };
        builder.notes = table.notes.iter().map(|note| (*note).into()).collect();
        for &(code, digits) in table.site {
            builder.site(code, digits);
        }
        for fact in table.facts {
            builder.fact(fact);
        }
        Some(builder)
    }

    /// A plan that was built, to be built anew with other codes or for a line that subscribes to something else.
    pub fn of(plan: &Plan) -> Self {
        Self {
            name: plan.name.clone(),
            title: plan.title.clone(),
            parents: plan.parents.clone(),
            notes: plan.notes.clone(),
            site: plan.site.clone(),
            subscribed: plan.subscribed,
            facts: plan.facts.clone(),
        }
    }

    /// A plan that inherits from this one.
    pub fn child(mut self, name: &str, title: &str) -> Self {
        let parent = core::mem::replace(&mut self.name, name.into());
        self.parents.insert(0, parent);
        self.title = title.into();
        self.notes.clear();
        self
    }

    /// States a fact; a value `none` takes the parent's away.
    pub fn fact(&mut self, fact: &FactText<'_>) {
        if fact.value == "none" && fact.steps.is_empty() {
            self.facts.remove(fact.key);
            return;
        }
        let fact_of = |f: &FactText<'_>| Fact {
            support: f.support,
            steps: f.steps.into(),
            value: f.value.into(),
            note: f.note.into(),
            source: f.source.into(),
            verified: f.verified,
            plan: self.name.clone(),
        };
        let stated = fact_of(fact);
        self.facts.insert(fact.key.into(), stated);
    }

    /// Sets a code of the site: what `{code}` in procedures stands for.
    pub fn site(&mut self, code: &str, digits: &str) {
        self.site.insert(code.into(), digits.into());
    }

    /// Adds a remark.
    pub fn note(&mut self, note: &str) {
        self.notes.push(note.into());
    }

    /// Sets what the line subscribes to.
    pub fn subscribed(mut self, to: Subscribed) -> Self {
        self.subscribed = to;
        self
    }

    /// The plan of a line of which nothing is known.
    pub(super) fn plain() -> Plan {
        Self::new("plain", "Calls and nothing else").empty()
    }

    /// Everything as it is when no fact says otherwise.
    fn empty(self) -> Plan {
        let Self { name, title, parents, notes, site, subscribed, facts } = self;
        Plan {
            name,
            title,
            parents,
            notes,
            site,
            subscribed,
            facts,
            recall: Recall {
                send: Duration::from_millis(500),
                accept: (Duration::from_millis(200), Duration::from_millis(1_000)),
                dial_tone: false,
            },
            on_hook_guard: Duration::from_secs(2),
            access: None,
            split_active: None,
            swap_only_with_call_waiting: false,
            callback_life: None,
            park_timeout: Duration::from_secs(45),
            hold_recall: None,
            no_answer: Duration::from_secs(20),
            courtesy_call: false,
            stutter_tells_messages: false,
            reminder_ring: None,
            callback_ring: None,
            rings: BTreeMap::new(),
            waiting_tones: BTreeMap::new(),
            on_hook: [OnHook::Releases; Moment::ALL.len()],
            services: BTreeMap::new(),
        }
    }

    /// Checks everything and makes the plan.
    ///
    /// # Errors
    /// The first fact that is wrong, and why.
    pub fn build(self) -> Result<Plan, Error> {
        let mut plan = self.empty();
        let wrong = |key: &str, why: String| Error { plan: plan.name.clone(), key: key.into(), why };
        if plan.facts.len() > MOST || plan.site.len() > MOST || plan.notes.len() > MOST {
            return Err(wrong("facts", alloc::format!("more than {MOST} facts, codes or notes")));
        }
        let texts = [&plan.name, &plan.title];
        if texts.into_iter().chain(&plan.notes).any(|text| text.len() > LONGEST) {
            return Err(wrong("name, title and notes", too_long()));
        }
        for (code, digits) in &plan.site {
            check_code(code, digits).map_err(|why| wrong(&alloc::format!("site.{code}"), why))?;
        }
        let facts = core::mem::take(&mut plan.facts);
        let site = core::mem::take(&mut plan.site);
        let apply = |(key, fact): (&String, &Fact)| plan.apply(key, fact, &site).map_err(|why| (key.clone(), why));
        let done = facts.iter().try_for_each(apply).and_then(|()| plan.complete(&facts));
        plan.facts = facts;
        plan.site = site;
        done.map_err(|(key, why)| Error { plan: plan.name.clone(), key, why })?;
        Ok(plan)
    }
}

impl Plan {
    fn apply(&mut self, key: &str, fact: &Fact, site: &BTreeMap<String, String>) -> Result<(), String> {
        if [&fact.steps, &fact.value, &fact.note, &fact.source].into_iter().any(|text| text.len() > LONGEST) {
            return Err(too_long());
        }
        if let Some(&service) = Service::ALL.iter().find(|service| service.key() == key) {
            return self.add_service(service, fact, site);
        }
        if let Some(&moment) = Moment::ALL.iter().find(|moment| moment.key() == key) {
            let known = OnHook::NAMES.iter().find(|(name, _)| *name == fact.value);
            let (_, what) = known.ok_or("must be releases, rings-back or joins")?;
            if let Some(slot) = self.on_hook.get_mut(moment as usize) {
                *slot = *what;
            }
            return Ok(());
        }
        match key {
            "recall.send_ms" => self.recall.send = millis(&fact.value)?,
            "recall.accept_ms" => self.recall.accept = range(&fact.value)?,
            "recall.dial_tone" => self.recall.dial_tone = yes_or_no(&fact.value)?,
            "onhook.guard_ms" => self.on_hook_guard = millis(&fact.value)?,
            "threeway.split_active" => {
                let known = Joined::NAMES.iter().find(|(name, _)| *name == fact.value);
                self.split_active = Some(known.ok_or("must be first, last or active")?.1);
            }
            "trunk.prefix" => {
                if fact.value.is_empty() || !fact.value.bytes().all(|b| b.is_ascii_digit()) {
                    return Err("must be digits".into());
                }
                self.access.get_or_insert(Access { prefix: String::new(), second_dial_tone: false }).prefix =
                    fact.value.clone();
            }
            "trunk.second_dial_tone" => {
                self.access.get_or_insert(Access { prefix: String::new(), second_dial_tone: false }).second_dial_tone =
                    yes_or_no(&fact.value)?;
            }
            "complete.timeout_s" => self.callback_life = Some(seconds(&fact.value)?),
            "park.timeout_s" => self.park_timeout = seconds(&fact.value)?,
            "hold.recall_s" => self.hold_recall = Some(seconds(&fact.value)?),
            "forward.no_answer_s" => self.no_answer = seconds(&fact.value)?,
            "forward.courtesy_call" => self.courtesy_call = yes_or_no(&fact.value)?,
            "voicemail.stutter" => self.stutter_tells_messages = yes_or_no(&fact.value)?,
            "forward.reminder_ring_ms" => self.reminder_ring = Some(millis(&fact.value)?),
            "complete.callback_cadence" => self.callback_ring = Some(ringing(&fact.value)?),
            "ring.standard_ms" => {
                self.rings.insert("standard".into(), ringing(&fact.value)?);
            }
            _ => {
                if let Some(name) = key.strip_prefix("ring.distinctive.") {
                    self.rings.insert(name.into(), ringing(&fact.value)?);
                } else if let Some(name) = key.strip_prefix("callwaiting.distinctive.") {
                    self.waiting_tones.insert(name.into(), cadence(&fact.value)?);
                }
                // All others are for people.
            }
        }
        Ok(())
    }

    /// What only all facts together tell.
    fn complete(&mut self, facts: &BTreeMap<String, Fact>) -> Result<(), (String, String)> {
        let Recall { send, accept: (from, to), .. } = self.recall;
        if !(from..=to).contains(&send) {
            return Err(("recall.send_ms".into(), "is not within recall.accept_ms".into()));
        }
        if self.access.as_ref().is_some_and(|access| access.prefix.is_empty()) {
            self.access = None;
        }
        // A line that subscribes to transfer by hanging up: the same act cannot ring back.
        let on_hook_alone = |step: &Step| matches!(step, Step::OnHook | Step::Pause(_));
        let by_subscription = facts.get(Service::Transfer.key()).is_some_and(|f| f.support == Support::Subscription);
        if by_subscription && self.service(Service::Transfer).is_some_and(|p| p.steps().iter().all(on_hook_alone)) {
            for moment in [Moment::ActiveAndHeld, Moment::ConsultRinging, Moment::Conference] {
                if let Some(slot) = self.on_hook.get_mut(moment as usize) {
                    *slot = OnHook::Joins;
                }
            }
        }
        Ok(())
    }

    fn add_service(&mut self, service: Service, fact: &Fact, site: &BTreeMap<String, String>) -> Result<(), String> {
        let wanted = match fact.support {
            Support::No => false,
            Support::Subscription => self.subscribed.contains(service.group()),
            Support::Yes | Support::Configurable => true,
            Support::OnlyWithCallWaiting => {
                if service == Service::Swap {
                    self.swap_only_with_call_waiting = true;
                }
                self.subscribed.contains(Subscribed::CALL_WAITING)
            }
        };
        let procedure = match Procedure::parse(&fact.steps, |code| site.get(code).cloned()) {
            Ok(procedure) => procedure,
            // A site that has not set its code has not got the service.
            Err(BadStep::UnknownCode(_)) if fact.support == Support::Configurable => return Ok(()),
            Err(wrong) => return Err(wrong.to_string()),
        };
        if procedure.steps().is_empty() {
            return if wanted { Err("has no steps".into()) } else { Ok(()) };
        }
        if wanted {
            self.services.insert(service, procedure);
        }
        Ok(())
    }
}

fn too_long() -> String {
    alloc::format!("is longer than {LONGEST} bytes")
}

/// A code of a site: its name is none of a procedure's blanks, its digits can be dialled.
fn check_code(code: &str, digits: &str) -> Result<(), String> {
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if !is_name(code) {
        return Err("a code's name is made of a-z and 0-9".into());
    }
    if procedure::is_blank(code) {
        return Err("is filled in at the time of use: give the code another name".into());
    }
    if digits.len() > LONGEST_CODE || !procedure::is_dialable(digits) {
        return Err(alloc::format!("{digits:?} is no code: write up to {LONGEST_CODE} of 0-9, *, #, A-D"));
    }
    Ok(())
}

fn cadence(text: &str) -> Result<Cadence, String> {
    let ms = |word: &str| word.parse().ok().filter(|ms| (10..=10_000).contains(ms));
    let times: Option<Cadence> = text.split_ascii_whitespace().map(ms).collect();
    times
        .filter(|times| (1..=16).contains(&times.len()))
        .ok_or_else(|| "must be up to 16 times in ms (10 to 10000), on and off in turn, as 400 200 400 2000".into())
}

fn ringing(text: &str) -> Result<Cadence, String> {
    cadence(text).and_then(|times| if times.len() % 2 == 0 { Ok(times) } else { Err("must end with a pause".into()) })
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| alloc::format!("{text:?} is no whole number"))
}

fn millis(text: &str) -> Result<Duration, String> {
    match number(text)? {
        ms @ 1..=60_000 => Ok(Duration::from_millis(ms)),
        ms => Err(alloc::format!("{ms} ms is not between 1 and 60000")),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    match number(text)? {
        s @ 1..=86_400 => Ok(Duration::from_secs(s)),
        s => Err(alloc::format!("{s} s is not between 1 and 86400")),
    }
}

fn range(text: &str) -> Result<(Duration, Duration), String> {
    let (from, to) = text.split_once('-').ok_or("must be a range, as 200-1000")?;
    let (from, to) = (millis(from)?, millis(to)?);
    if from < to { Ok((from, to)) } else { Err("must rise".into()) }
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("must be yes or no".into()),
    }
}
