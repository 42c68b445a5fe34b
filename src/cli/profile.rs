//! `loopstart profile`: what is known of the chips of voice modems, and whether a profile file of one's own can be used.

use super::Failure;
use super::output::{Out, Printable};
use crate::hal::drivers::voice_modem::profile::{self, Profile};
use crate::hal::exchange::modem::PROFILES as MODELS;
use serde::Serialize;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the profiles of voice modems, and the modems that the emulated exchange has.
    List {
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Show everything that a profile says.
    Show {
        /// Its name, or the path of a profile file.
        #[arg(value_parser = clap::builder::NonEmptyStringValueParser::new())]
        name: String,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Check a profile file, and print what it says.
    Check {
        /// The file.
        #[arg(value_parser = super::parse_path)]
        file: PathBuf,
    },
}

pub(super) fn run(options: &Options) -> Result<(), Failure> {
    match &options.command {
        Command::List { json } => list(*json),
        Command::Show { name, json } => show(profile::find(name).map_err(Failure::usage)?, *json),
        Command::Check { file } => show(profile::read(file).map_err(Failure::usage)?, false),
    }
}

/// A line of the list.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Row<'a> {
    /// What the driver knows of a family.
    Profile {
        name: &'a str,
        title: &'a str,
        voice: bool,
        usb: Vec<String>,
        #[serde(skip_serializing_if = "str::is_empty")]
        refuse: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        file: Option<String>,
    },
    /// A file that cannot be used.
    Faulty { file: String, error: String },
    /// A modem of the emulated exchange.
    Emulated { name: &'a str, model: &'a str, voice: bool },
}

impl<'a> Row<'a> {
    fn of(profile: &Profile) -> Self {
        Self::Profile {
            name: profile.name,
            title: profile.title,
            voice: profile.voice,
            usb: profile.usb.iter().map(|id| usb(*id)).collect(),
            refuse: profile.refuse,
            file: None,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Profile { name, title, voice, usb, refuse, file } => {
                let mut text = format!("{:<14}{}", Printable(name), Printable(title));
                if !refuse.is_empty() {
                    text.push_str(&format!("\n              not used: {}", Printable(refuse)));
                } else if !voice {
                    text.push_str("\n              without voice");
                }
                if !usb.is_empty() {
                    text.push_str(&format!("\n              USB {}", usb.join(" ")));
                }
                if let Some(file) = file {
                    text.push_str(&format!("\n              file {}", Printable(file)));
                }
                text
            }
            Self::Faulty { file, error } => {
                format!("{}\n              cannot be used: {}", Printable(file), Printable(error))
            }
            Self::Emulated { name, model, voice } => {
                let voice = if *voice { "" } else { " (without voice)" };
                format!("  {:<14}{}{voice}", Printable(name), Printable(model))
            }
        }
    }
}

fn usb((vendor, product): (u16, u16)) -> String {
    format!("{vendor:04x}:{product:04x}")
}

fn list(json: bool) -> Result<(), Failure> {
    let mut out = Out::new(json);
    let own = profile::files().into_iter().map(|file| {
        let path = file.display().to_string();
        match profile::read(&file) {
            Ok(found) => match Row::of(found) {
                Row::Profile { name, title, voice, usb, refuse, .. } => {
                    Row::Profile { name, title, voice, usb, refuse, file: Some(path) }
                }
                other => other,
            },
            Err(error) => Row::Faulty { file: path, error: error.to_string() },
        }
    });
    for row in profile::all().iter().map(|profile| Row::of(profile)).chain(own) {
        out.object(&row)?;
        out.say(row.text())?;
    }
    out.say("\nModems of the emulated exchange ('loopstart exchange --profile', 'emulated:N?profile='):")?;
    for model in MODELS {
        // Some do not tell their model when they are asked for it.
        let called = |text: &&&str| !text.is_empty() && text.bytes().any(|b| b.is_ascii_alphabetic()) && **text != "OK";
        let model_name = [model.model].iter().chain(&model.information).find(called).copied().unwrap_or("");
        let row = Row::Emulated { name: model.name, model: model_name, voice: model.has_voice() };
        out.object(&row)?;
        out.say(row.text())?;
    }
    Ok(())
}

/// A setting, for programs.
#[derive(Serialize)]
struct Setting<'a> {
    kind: &'static str,
    key: &'a str,
    value: &'a str,
}

fn show(profile: &Profile, json: bool) -> Result<(), Failure> {
    let mut out = Out::new(json);
    let row = Row::of(profile);
    out.object(&row)?;
    out.say(format!("{}: {}", Printable(profile.name), Printable(profile.title)))?;
    if !profile.refuse.is_empty() {
        out.say(format!("  not used: {}", Printable(profile.refuse)))?;
    }
    for note in profile.notes {
        out.say(format!("  {}", Printable(note)))?;
    }
    out.say("")?;
    for (key, value) in settings(profile) {
        out.object(&Setting { kind: "setting", key: &key, value: &value })?;
        out.say(format!("  {key:<26}{}", Printable(if value.is_empty() { "none" } else { &value })))?;
    }
    if !profile.sources.is_empty() {
        out.say("\nSources:")?;
    }
    for source in profile.sources {
        out.object(&Setting { kind: "source", key: "document", value: source })?;
        out.say(format!("  {}", Printable(source)))?;
    }
    Ok(())
}

/// All that a profile says, by the keys of its file.
fn settings(p: &Profile) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut put = |key: &str, value: String| all.push((key.to_owned(), value));
    let yes = |on: bool| if on { "true" } else { "false" }.to_owned();
    put("identify.marks", p.marks.join(", "));
    put("identify.usb", p.usb.iter().map(|id| usb(*id)).collect::<Vec<_>>().join(", "));
    for rule in p.firmware {
        let [a, b, c] = rule.below;
        put(&format!("firmware below {a}.{b}.{c}"), rule.advice.to_owned());
    }
    let c = "commands.";
    put(&format!("{c}voice"), yes(p.voice));
    put(&format!("{c}init"), p.init.join(", "));
    put(&format!("{c}country"), p.country.to_owned());
    put(&format!("{c}classes"), p.classes.to_owned());
    put(&format!("{c}enter_voice"), p.enter_voice.to_owned());
    put(&format!("{c}leave_voice"), p.leave_voice.to_owned());
    put(&format!("{c}answer"), p.off_hook.to_owned());
    put(&format!("{c}answer_other"), p.off_hook_other.to_owned());
    put(&format!("{c}seize"), p.seize.to_owned());
    put(&format!("{c}routes"), p.routes.to_owned());
    put(&format!("{c}vcon_is_answer"), yes(p.vcon_is_answer));
    for (set, check) in p.caller_id {
        put("caller_id", format!("{set}, checked with {check}"));
    }
    put("tones.command", p.tones.command.to_owned());
    put("tones.unit_ms", p.tones.unit_ms.to_string());
    put("tones.pairs", yes(p.tones.pairs));
    put("tones.flash", yes(p.tones.flash));
    let s = &p.stream;
    put("stream.list", s.list.to_owned());
    put("stream.set", s.set.to_owned());
    put("stream.transmit", s.transmit.to_owned());
    put("stream.receive", s.receive.to_owned());
    put("stream.duplex", s.duplex.to_owned());
    put("stream.stop", codes(s.stop));
    put("stream.stop_other", codes(s.stop_other));
    put("stream.stop_duplex", codes(s.stop_duplex));
    put("stream.prefer", s.prefer.iter().map(|coding| coding.name()).collect::<Vec<_>>().join(", "));
    for (name, coding) in s.names {
        put(&format!("stream.names {name:?}"), coding.name().to_owned());
    }
    for format in s.fixed {
        put("stream.fixed", format!("{} = {} at {} Hz", format.id, format.coding.name(), format.rate));
    }
    for (own, standard) in p.events {
        put(&format!("events.{}", codes(&[*own])), format!("as {} of V.253", codes(&[*standard])));
    }
    all
}

/// Bytes as profile files have them.
fn codes(bytes: &[u8]) -> String {
    let one = |byte: &u8| match byte {
        0x10 => "<DLE>".to_owned(),
        0x03 => "<ETX>".to_owned(),
        0x1b => "<ESC>".to_owned(),
        0x18 => "<CAN>".to_owned(),
        b'\r' => "<CR>".to_owned(),
        b if b.is_ascii_graphic() => char::from(*b).to_string(),
        b => format!("<{b:02X}>"),
    };
    bytes.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_of_every_profile_is_shown() {
        for profile in profile::all() {
            let all = settings(profile);
            let value = |key: &str| all.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str());
            assert_eq!(value("stream.set"), Some(profile.stream.set), "{}", profile.name);
            assert_eq!(all.iter().filter(|(key, _)| key == "caller_id").count(), profile.caller_id.len());
            assert!(all.iter().all(|(_, v)| v.chars().all(|c| !c.is_control())), "{all:?}");
        }
        assert_eq!(codes(b"\x10\x18a\x01\r"), "<DLE><CAN>a<01><CR>");
    }
}
