//! `loopstart transcript`: what a host and a modem say to each other, written down, and replayed against the driver.

use super::Failure;
use super::output::{Out, Printable};
use super::signals::Interrupt;
use crate::hal::registry::{self, Selector};
use crate::hal::transcript::{self, Ask, Recorded, Transcript, What};
use crate::hal::{EventQueue, LineDevice, Readiness};
use crate::signal::{ActionId, Clock, LineAction, LineEvent, Time};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use serde::Serialize;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Start the driver on a modem and write down every byte, until Ctrl-C. Numbers and names of callers are among them.
    Record {
        /// Which modem: serial:PATH or usb:VENDOR:PRODUCT.
        #[arg(long, value_name = "SELECTOR")]
        device: String,
        /// Answer the first call that comes, and hang up when the recording ends.
        #[arg(long)]
        answer: bool,
        /// End after so many seconds.
        #[arg(long, value_name = "S")]
        seconds: Option<u64>,
        /// The transcript to write. It is not written over.
        #[arg(value_parser = super::parse_path)]
        file: PathBuf,
    },
    /// Let the driver speak to a transcript in virtual time, and compare.
    Replay {
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
        /// The transcript.
        #[arg(value_parser = super::parse_path)]
        file: PathBuf,
    },
}

pub(super) fn run(options: &Options) -> Result<(), Failure> {
    match &options.command {
        Command::Record { device, answer, seconds, file } => {
            record(device, *answer, seconds.map(Duration::from_secs), file)
        }
        Command::Replay { json, file } => replay(*json, file),
    }
}

/// How long the driver may sleep before it looks for Ctrl-C.
const LOOK: Duration = Duration::from_millis(100);
/// Hanging up takes this long at most.
const FAREWELL: Duration = Duration::from_secs(5);

fn record(device: &str, answer: bool, limit: Option<Duration>, path: &Path) -> Result<(), Failure> {
    let interrupt = Interrupt::install()?;
    let selector = Selector::parse(device).map_err(Failure::usage)?;
    let shown = path.display().to_string();
    let mut file = File::create_new(path)
        .map(BufWriter::new)
        .map_err(|e| Failure::Usage(format!("{shown}: {e}; name a file that is not there yet")))?;
    let unwritable = |e: std::io::Error| Failure::Refused(format!("{shown}: {e}"));
    writeln!(file, "# source: recorded from {selector} with loopstart {}", env!("CARGO_PKG_VERSION"))
        .map_err(unwritable)?;
    let opened = registry::open_serial_through(&selector, Clock::Monotonic, |port| Recorded::new(port, file));
    let mut modem = opened.map_err(|e| {
        // Nothing was recorded.
        let _ = std::fs::remove_file(path);
        Failure::refused(e)
    })?;
    let mut out = Out::new(false);
    out.say(format_args!("Writing {}. Ctrl-C ends it.", Printable(&shown)))?;
    let begun = Instant::now();
    let now = || Time::from_micros(u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX));
    let mut queue = EventQueue::with_capacity(256);
    modem.start(now(), &mut queue);
    let (mut ids, mut leaving, mut off_hook) = (0, None::<Instant>, false);
    loop {
        while let Some(event) = queue.pop() {
            if let Some(words) = transcript::words(&event) {
                out.say(format_args!("{:9.3} {}", begun.elapsed().as_secs_f64(), Printable(&words)))?;
                modem.port_mut().note(What::Told(words));
            }
            match event {
                LineEvent::Ring { .. } if answer && !off_hook && ids == 0 => {
                    ask(&mut modem, &Ask::Answer, &mut ids, now(), &mut queue)
                }
                LineEvent::OffHook => off_hook = true,
                LineEvent::OnHook | LineEvent::Lost(_) => off_hook = false,
                _ => {}
            }
        }
        let over = interrupt.came() || limit.is_some_and(|limit| begun.elapsed() >= limit);
        match leaving {
            None if over && off_hook => {
                ask(&mut modem, &Ask::Release, &mut ids, now(), &mut queue);
                leaving = Some(Instant::now());
                continue;
            }
            None if over => break,
            Some(since) if !off_hook || since.elapsed() >= FAREWELL => break,
            _ => {}
        }
        let due = modem.deadline().map(|at| at.since(now()));
        let sleep = due.unwrap_or(LOOK).min(LOOK);
        let interest = modem.interest();
        let readiness = {
            let mut flags = PollFlags::empty();
            flags.set(PollFlags::POLLIN, interest.read);
            flags.set(PollFlags::POLLOUT, interest.write);
            let fd = modem.fd().ok_or_else(|| Failure::refused("the modem has no descriptor"))?;
            let mut fds = [PollFd::new(fd, flags)];
            let millis = u16::try_from(sleep.as_millis().max(u128::from(!sleep.is_zero()))).unwrap_or(u16::MAX);
            match poll(&mut fds, PollTimeout::from(millis)) {
                Ok(_) | Err(nix::errno::Errno::EINTR) => {}
                Err(e) => return Err(Failure::Refused(format!("{selector}: {e}"))),
            }
            let [fd] = fds;
            let seen = fd.revents().unwrap_or(PollFlags::empty());
            Readiness {
                read: seen.contains(PollFlags::POLLIN),
                write: seen.contains(PollFlags::POLLOUT),
                priority: false,
                hangup: seen.intersects(PollFlags::POLLHUP | PollFlags::POLLERR),
            }
        };
        modem.ready(readiness, now(), &mut queue);
        if modem.deadline().is_some_and(|at| at <= now()) {
            modem.expire(now(), &mut queue);
        }
        if readiness.hangup {
            // What it told of its end is still to be written.
            leaving.get_or_insert_with(Instant::now);
            off_hook = false;
        }
    }
    modem.port_mut().finish().map_err(unwritable)?;
    out.say(format_args!("Its profile is {}. 'loopstart transcript replay' compares.", modem.profile().name))
}

type Modem = crate::hal::drivers::voice_modem::VoiceModem<Recorded<crate::hal::ports::SerialPort, BufWriter<File>>>;

fn ask(modem: &mut Modem, what: &Ask, ids: &mut u32, now: Time, queue: &mut EventQueue) {
    *ids += 1;
    modem.port_mut().note(What::Ask(what.clone()));
    modem.act(&LineAction { id: ActionId(*ids), kind: what.action() }, now, queue);
}

/// What a replay tells programs.
#[derive(Serialize)]
#[serde(tag = "ev", rename_all = "lowercase")]
enum Object<'a> {
    Told { t: f64, words: &'a str },
    Replayed { profile: &'a str, entries: usize },
    Deviation { entry: usize, expected: &'a str, found: &'a str },
}

fn replay(json: bool, path: &Path) -> Result<(), Failure> {
    let shown = path.display().to_string();
    let unreadable = |why: String| Failure::Usage(format!("{shown}: {why}"));
    let size = std::fs::metadata(path).map_err(|e| unreadable(e.to_string()))?;
    if !size.is_file() || size.len() > transcript::LARGEST as u64 {
        return Err(unreadable("not a file of 16 MiB at most".into()));
    }
    let text = std::fs::read_to_string(path).map_err(|e| unreadable(e.to_string()))?;
    let transcript = Transcript::parse(&text).map_err(|e| unreadable(e.to_string()))?;
    let report = transcript::replay(&transcript).map_err(|e| unreadable(e.to_string()))?;
    let mut out = Out::new(json);
    for (at, event) in &report.told {
        let Some(words) = transcript::words(event) else { continue };
        let t = at.micros() as f64 / 1e6;
        out.object(&Object::Told { t, words: &words })?;
        out.say(format_args!("{t:9.3} {}", Printable(&words)))?;
    }
    if let Some(deviation) = &report.deviation {
        let (expected, found) = (deviation.expected.as_str(), deviation.found.as_str());
        out.object(&Object::Deviation { entry: deviation.entry, expected, found })?;
        return Err(Failure::Refused(format!("{shown}: {deviation}")));
    }
    out.object(&Object::Replayed { profile: report.profile, entries: transcript.entries.len() })?;
    out.say(format_args!("{} entries, as it stands there. Profile: {}.", transcript.entries.len(), report.profile))
}
