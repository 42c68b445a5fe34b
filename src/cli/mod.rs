//! The `loopstart` command.
//!
//! Exit status: 0 done; 1 the call, the device or the exchange said no (one line on standard error says why and what
//! to try); 2 wrong usage or unreadable input. `--json` writes one object a line.

mod call;
mod decode;
mod demo;
mod doctor;
mod exchange;
mod list;
mod output;
mod plan;
mod plot;
mod profile;
mod session;
mod signals;
mod tone;
mod transcript;
mod watch;
mod wav;
mod words;

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Telephony service provider for analog lines: voice modems and FXO cards.
#[derive(Debug, Parser)]
#[command(name = "loopstart", version, arg_required_else_help = true, after_help = ENVIRONMENT)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

const ENVIRONMENT: &str = "\
Without any device:
  loopstart demo
  loopstart tone digits 5551234 -o - | loopstart decode -
  loopstart decode recording.wav

A device SELECTOR is emulated:N, serial:/dev/ttyACM0, dahdi:N, or a stable id as 'loopstart list' prints it.

Environment:
  LOOPSTART_DEVICES   selectors separated by commas, or auto
  LOOPSTART_EMULATED  the emulated exchange: country=us,speed=1,plan=nanp,services=all,control=PATH
  LOOPSTART_PLAN      the switch plan of real lines: a name ('loopstart plan list') or the path of a plan file
  LOOPSTART_CONFIG    configuration file (else ~/.config/loopstart/loopstart.toml, /etc/loopstart.toml)
  LOOPSTART_LOG       log to standard error: error, warn, info, debug or trace";

#[derive(Debug, Subcommand)]
enum Command {
    /// Play telephone on two emulated lines, and check that everything happens.
    Demo(demo::Options),
    /// List configured and attached devices.
    List(list::Options),
    /// Look at the devices and at the machine: what works, what does not, and what to try.
    Doctor(doctor::Options),
    /// Print what happens on the lines, until Ctrl-C.
    Watch(watch::Options),
    /// Make a call.
    Call(call::Options),
    /// Decode digits, caller identification and tones in a recording.
    Decode(decode::Options),
    /// Write tones, digits and caller identification as sound.
    Tone(tone::Options),
    /// Show switch plans: how an exchange or PBX does hold, transfer, forwarding and the like.
    Plan(plan::Options),
    /// Show modem profiles: what is known of the chips of voice modems.
    Profile(profile::Options),
    /// Write down what a modem says, and replay it against the driver.
    Transcript(transcript::Options),
    /// Serve emulated voice modems on pseudo-terminals, for any program that knows modems.
    Exchange(exchange::Options),
}

/// Why a command ended before its time.
#[derive(Debug)]
enum Failure {
    /// The call, the device or the exchange said no. Exit status 1.
    Refused(String),
    /// Wrong usage, or input that cannot be read. Exit status 2.
    Usage(String),
    /// Whoever read our standard output has left. Ends quietly.
    OutputClosed,
}

impl Failure {
    fn refused(why: impl std::fmt::Display) -> Self {
        Self::Refused(why.to_string())
    }

    fn usage(why: impl std::fmt::Display) -> Self {
        Self::Usage(why.to_string())
    }
}

impl From<crate::config::ConfigError> for Failure {
    fn from(error: crate::config::ConfigError) -> Self {
        Self::usage(error)
    }
}

/// Runs the command with the arguments of the process.
pub fn main() -> ExitCode {
    // Wrong usage ends here, with exit status 2.
    let args = Args::parse();
    let env = env_logger::Env::new().filter_or("LOOPSTART_LOG", "off");
    let _ = env_logger::Builder::from_env(env).try_init();
    let done = match args.command {
        Command::Demo(options) => demo::run(&options),
        Command::List(options) => list::run(&options),
        Command::Doctor(options) => doctor::run(&options),
        Command::Watch(options) => watch::run(&options),
        Command::Call(options) => call::run(&options),
        Command::Decode(options) => decode::run(&options),
        Command::Tone(options) => tone::run(&options),
        Command::Exchange(options) => exchange::run(&options),
        Command::Plan(options) => plan::run(&options),
        Command::Profile(options) => profile::run(&options),
        Command::Transcript(options) => transcript::run(&options),
    };
    let (status, why) = match done {
        Ok(()) | Err(Failure::OutputClosed) => return ExitCode::SUCCESS,
        Err(Failure::Refused(why)) => (1, why),
        Err(Failure::Usage(why)) => (2, why),
    };
    output::complain(&why);
    ExitCode::from(status)
}

/// Decodes any bytes as `loopstart decode` would decode a file, and draws them, without output. For fuzzing.
#[doc(hidden)]
pub fn decode_bytes(bytes: &[u8]) -> Option<usize> {
    decode::decode_bytes(bytes)
}

/// A path from the command line that must not be empty.
fn parse_path(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() { Err("the path is empty".into()) } else { Ok(text.into()) }
}

/// How many times faster than the wall clock the line clock runs.
fn parse_speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if speed > 0.0 && speed <= 100.0 => Ok(speed),
        _ => Err("a speed is a number above 0 and at most 100".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn speeds() {
        assert_eq!(parse_speed("4"), Ok(4.0));
        for wrong in ["0", "-1", "nan", "inf", "101", "fast", ""] {
            assert!(parse_speed(wrong).is_err(), "{wrong}");
        }
    }
}
