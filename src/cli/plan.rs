//! `loopstart plan`: what switch plans there are, what one says, and whether one's own can be used.

use super::Failure;
use super::output::{Out, Printable};
use crate::config;
use crate::plan_file;
use crate::signal::plan::{Builder, Fact, Lack, Moment, Plan, Service, Source, Subscribed, Support};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the switch plans.
    List {
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Show every fact of a plan, where it comes from, and what a line has with it.
    Show {
        /// Its name, or the path of a plan file.
        #[arg(value_parser = clap::builder::NonEmptyStringValueParser::new())]
        name: String,
        /// What the line subscribes to, separated by commas, or all; by default all but transfer.
        #[arg(long, value_delimiter = ',')]
        services: Option<Vec<String>>,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Check a plan file, and print what it offers.
    Check {
        /// The file.
        #[arg(value_parser = super::parse_path)]
        file: PathBuf,
    },
}

pub(super) fn run(options: &Options) -> Result<(), Failure> {
    match &options.command {
        Command::List { json } => list(*json),
        Command::Show { name, services, json } => {
            let mut builder = plan_file::find(name).map_err(Failure::usage)?;
            if let Some(services) = services {
                let names = services.iter().map(String::as_str);
                builder = builder.subscribed(config::subscribed(names).map_err(Failure::usage)?);
            }
            show(&built(builder)?, *json)
        }
        Command::Check { file } => {
            let plan = built(plan_file::read(file).map_err(Failure::usage)?)?;
            let mut out = Out::new(false);
            head(&mut out, &plan)?;
            offers(&mut out, &plan)
        }
    }
}

fn built(builder: Builder) -> Result<Plan, Failure> {
    builder.build().map_err(Failure::usage)
}

/// A plan in the list.
#[derive(Debug, Default, Serialize)]
struct Row {
    name: String,
    title: String,
    parents: Vec<String>,
    /// How many services are part of every line,
    yes: usize,
    /// come by subscription,
    subscription: usize,
    /// need codes of the site,
    configurable: usize,
    /// and are said not to be there.
    no: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Row {
    fn of(plan: &Plan) -> Self {
        let mut row = Self {
            name: plan.name.clone(),
            title: plan.title.clone(),
            parents: plan.parents.clone(),
            ..Self::default()
        };
        for fact in Service::ALL.iter().filter_map(|service| plan.facts.get(service.key())) {
            *match fact.support {
                Support::Yes => &mut row.yes,
                Support::Subscription | Support::OnlyWithCallWaiting => &mut row.subscription,
                Support::Configurable => &mut row.configurable,
                Support::No => &mut row.no,
            } += 1;
        }
        row
    }

    fn text(&self) -> String {
        let Self { name, title, parents, yes, subscription, configurable, file, error, .. } = self;
        let mut text = format!("{:<14}{}", Printable(name), Printable(title));
        if let Some(file) = file {
            text.push_str(&format!("\n              file {}", Printable(file)));
        }
        if let Some(error) = error {
            text.push_str(&format!("\n              cannot be used: {}", Printable(error)));
            return text;
        }
        if !parents.is_empty() {
            text.push_str(&format!("\n              inherits {}", Printable(&parents.join(", "))));
        }
        let counts = format!("{yes} always, {subscription} by subscription, {configurable} with codes of the site");
        text.push_str(&format!("\n              services: {counts}"));
        text
    }
}

fn list(json: bool) -> Result<(), Failure> {
    let mut out = Out::new(json);
    let built_in = Plan::names().filter_map(Plan::named).map(|plan| Row::of(&plan));
    let own = plan_file::files().into_iter().map(|file| {
        let named = || file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let row = match plan_file::read(&file)
            .map_err(|e| e.to_string())
            .and_then(|b| b.build().map_err(|e| e.to_string()))
        {
            Ok(plan) => Row { name: named(), ..Row::of(&plan) },
            Err(error) => Row { name: named(), error: Some(error), ..Row::default() },
        };
        Row { file: Some(file.display().to_string()), ..row }
    });
    for row in built_in.chain(own) {
        out.object(&row)?;
        out.say(row.text())?;
    }
    Ok(())
}

/// A plan, a fact or a document, for programs.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Object<'a> {
    Plan {
        name: &'a str,
        title: &'a str,
        parents: &'a [String],
        notes: &'a [String],
        site: &'a BTreeMap<String, String>,
        services: Vec<&'static str>,
    },
    Fact {
        key: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        support: Option<&'static str>,
        #[serde(skip_serializing_if = "str::is_empty")]
        steps: &'a str,
        #[serde(skip_serializing_if = "str::is_empty")]
        value: &'a str,
        verified: bool,
        source: &'a str,
        #[serde(skip_serializing_if = "str::is_empty")]
        note: &'a str,
        plan: &'a str,
        /// Of a service: whether it can be used, and what is missing.
        #[serde(skip_serializing_if = "Option::is_none")]
        available: Option<bool>,
        #[serde(skip_serializing_if = "Option::is_none")]
        lacks: Option<String>,
    },
    Source {
        id: &'a str,
        document: &'a str,
    },
}

fn show(plan: &Plan, json: bool) -> Result<(), Failure> {
    let mut out = Out::new(json);
    out.object(&Object::Plan {
        name: &plan.name,
        title: &plan.title,
        parents: &plan.parents,
        notes: &plan.notes,
        site: &plan.site,
        services: subscriptions(plan.subscribed),
    })?;
    head(&mut out, plan)?;
    offers(&mut out, plan)?;
    out.say("\nFacts:")?;
    for (key, fact) in &plan.facts {
        let service = Service::ALL.iter().copied().find(|service| service.key() == key);
        out.object(&Object::Fact {
            key,
            support: is_procedure(fact).then(|| fact.support.name()),
            steps: &fact.steps,
            value: &fact.value,
            verified: fact.verified,
            source: &fact.source,
            note: &fact.note,
            plan: &fact.plan,
            available: service.map(|service| plan.has(service)),
            lacks: service.and_then(|service| plan.lacks(service)).map(|lack| words(&lack)),
        })?;
        out.say(fact_text(key, fact))?;
    }
    let used: BTreeSet<&str> = plan.facts.values().map(|fact| fact.source.as_str()).collect();
    let sources: Vec<&Source> = used.into_iter().filter_map(Source::named).collect();
    if !sources.is_empty() {
        out.say("\nSources:")?;
    }
    for Source { id, document } in sources {
        out.object(&Object::Source { id, document })?;
        out.say(format!("  {id}: {document}"))?;
    }
    Ok(())
}

/// What it is.
fn head(out: &mut Out, plan: &Plan) -> Result<(), Failure> {
    let title = if plan.title.is_empty() { String::new() } else { format!(": {}", plan.title) };
    out.say(Printable(&format!("{}{title}", plan.name)))?;
    if !plan.parents.is_empty() {
        out.say(format!("  inherits {}", Printable(&plan.parents.join(", "))))?;
    }
    for note in &plan.notes {
        out.say(format!("  {}", Printable(note)))?;
    }
    for (code, digits) in &plan.site {
        out.say(format!("  site: {} = {}", Printable(code), Printable(digits)))?;
    }
    out.say(format!("  the line subscribes to: {}", or_nothing(&subscriptions(plan.subscribed).join(", "))))
}

/// What a line has with it, and what not.
fn offers(out: &mut Out, plan: &Plan) -> Result<(), Failure> {
    let (from, to) = plan.recall.accept;
    let [send, from, to] = [plan.recall.send, from, to].map(|time| time.as_millis());
    out.say(format!("\nRecall: {send} ms; the exchange takes {from} to {to} ms"))?;
    if let Some(access) = &plan.access {
        let tone = if access.second_dial_tone { ", then a second dial tone" } else { "" };
        out.say(format!("Outside: {}{tone}", Printable(&access.prefix)))?;
    }
    out.say("\nAvailable:")?;
    for (service, procedure) in plan.services() {
        let only = if service == Service::Swap && plan.swap_only_with_call_waiting {
            "  (between two calls of which one was waiting)"
        } else {
            ""
        };
        out.say(format!("  {:<33}{procedure}{only}", service.key()))?;
    }
    if plan.services().next().is_none() {
        out.say("  nothing but calls")?;
    }
    let missing = || Service::ALL.iter().filter_map(|service| Some((service, plan.lacks(*service)?)));
    if missing().any(|(_, lack)| lack != Lack::NotInPlan) {
        out.say("\nNot available:")?;
    }
    for (service, lack) in missing().filter(|(_, lack)| *lack != Lack::NotInPlan) {
        out.say(format!("  {:<33}{}", service.key(), Printable(&words(&lack))))?;
    }
    for clash in plan.clashes() {
        let (service, other) = (clash.service.key(), clash.other.key());
        out.say(format!("  warning: {service} {} is taken before {other} {}", clash.code, clash.longer))?;
    }
    if plan.services().next().is_some() {
        out.say("\nHanging up:")?;
        for moment in Moment::ALL {
            out.say(format!("  {:<33}{}", moment.key(), plan.on_hook(*moment).name()))?;
        }
    }
    Ok(())
}

fn subscriptions(to: Subscribed) -> Vec<&'static str> {
    Subscribed::NAMES.iter().filter(|(_, services)| to.contains(*services)).map(|(name, _)| *name).collect()
}

fn or_nothing(text: &str) -> &str {
    if text.is_empty() { "nothing" } else { text }
}

/// What is missing, in words.
fn words(lack: &Lack) -> String {
    match lack {
        Lack::NotInPlan => "not in the plan".into(),
        Lack::No(why) if why.is_empty() => "not there".into(),
        Lack::No(why) => format!("not there: {why}"),
        Lack::Subscription(to) => format!("the line does not subscribe to {}", subscriptions(*to).join(", ")),
        Lack::Code(code) => format!("the site's code {code:?} is not set"),
    }
}

fn is_procedure(fact: &Fact) -> bool {
    !fact.steps.is_empty() || fact.support != Support::Yes
}

fn fact_text(key: &str, fact: &Fact) -> String {
    let what = match (fact.support, is_procedure(fact)) {
        (_, false) => fact.value.clone(),
        (Support::No, _) => "no".into(),
        (support, _) => format!("{}: {}", support.name(), fact.steps),
    };
    let from = match (fact.source.as_str(), fact.verified) {
        ("", _) => "no source".into(),
        (source, true) => format!("read in {source}"),
        (source, false) => format!("not read, see {source}"),
    };
    let mut text = format!("  {:<33}{}\n      {}, {}", key, Printable(&what), Printable(&fact.plan), Printable(&from));
    if !fact.note.is_empty() {
        text.push_str(&format!("; {}", Printable(&fact.note)));
    }
    text
}
