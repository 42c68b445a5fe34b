//! The firmware of the emulated voice modem: ITU-T V.250 and V.253 on one side, a subscriber line on the other.
//!
//! What is it? A state machine without input or output of its own. The exchange steps it as a
//! [`Terminal`] every 5 ms, and the thread that serves its host carries bytes as [`ModemFirmware`] says. It is written
//! from the standards for programs that were written for real modems.
//!
//! How does it work? One step listens to the line (`ringing` while idle, `monitor` while off hook), then reads the
//! host's bytes as the present state takes them, then lets what is in progress make sound: a `dialer`, the
//! `tones` of +VTS, the `stream` being played. Commands are read one at a time; one that takes time suspends its
//! line, which goes on when it is done. What a model of modem has and lacks is data: a [`Profile`].
//!
//! There is no data pump. In class 0 a call is dialled or answered as V.25 says, with calling and answer tones, and
//! ends in NO CARRIER after S7. Data state exists as the local loop of &T1, with its escape.

mod commands;
mod dialer;
mod escape;
mod events;
mod format;
mod models;
mod monitor;
mod output;
mod profile;
mod ringing;
mod rockwell;
mod settings;
mod stream;
#[cfg(test)]
mod tests;
mod tones;
mod voice;

pub use format::Encoding;
pub use models::{AGERE, CIRRUS, CONEXANT, OLD_USR5637, PROFILES, ROCKWELL, SI24XX, USR5637};
pub use profile::{CallerIdForm, DATA_ONLY, Dialect, Digits, Format, Listing, Profile, Route, SILENT, STANDARD, Stop};

use super::modem_port::ModemFirmware;
use super::subscriber::{FromExchange, FromTerminal, STEP, Terminal};
use arrayvec::ArrayVec;
use dialer::{Answerer, Dialer, LineNow, MAX_ELEMENTS};
use escape::Escape;
use format::Coder;
use loopstart_signal::at::command::{Commands, DialElement, Entry, LineEditor};
use loopstart_signal::country::Country;
use loopstart_signal::{Time, dle};
use monitor::Monitor;
use output::{Code, Output};
use ringing::{Identification, Ringing};
use settings::{Settings, VoiceSettings};
use std::collections::VecDeque;
use std::time::Duration;
use stream::{Player, SilenceWatch};
use tones::Tones;

/// Longest body of a command line.
const LINE_MAX: usize = 255;
/// Bytes of the host that wait for the present command to end.
const INPUT_MAX: usize = 1_024;
/// Numbers that &Z stores.
const BOOK: usize = 4;
/// Longest number stored.
const NUMBER_MAX: usize = 80;
/// How long the loop stays open between two calls at least: more than any hook flash and the exchange's own timing.
const ON_HOOK_MIN: Duration = Duration::from_millis(1_600);
/// Characters this soon after a command line do not abort it: they belong to its end (V.250 5.6.1).
const ABORT_GUARD: Duration = Duration::from_millis(125);
/// Interruption of the loop current that is told; shorter ones come of switching.
const INTERRUPTION: Duration = Duration::from_millis(80);
/// A polarity that stays this long is not a spike.
const REVERSAL: Duration = Duration::from_millis(20);

/// What the modem does.
#[derive(Debug)]
enum State {
    /// Reads command lines.
    Command,
    /// Carries out D, since then.
    Dial(Box<Dialer>, Time),
    /// Carries out A in class 0, since then.
    Answer(Box<Answerer>, Time),
    /// Sends the tones of +VTS.
    Tones(Box<Tones>),
    /// Keeps the loop open until then, then goes off hook and ends the command with the code.
    Seize(Time, Code),
    /// Data state of the local loop.
    Data(Escape),
    /// Plays (+VTX).
    Transmit,
    /// Records (+VRX).
    Receive,
    /// Both (+VTR).
    Duplex,
}

/// What a command leaves to do.
enum Next {
    /// The next command of the line.
    Go,
    /// The line ends with this result.
    End(Code),
    /// The command is in progress, or another state was entered.
    Wait,
}

/// The emulated modem.
#[derive(Debug)]
pub struct Modem {
    profile: &'static Profile,
    country: &'static Country,
    now: Time,

    settings: Settings,
    stored: Settings,
    voice: VoiceSettings,
    /// Service class (+FCLASS).
    class: u8,
    /// Label of the route (+VLS).
    route: u8,
    book: [ArrayVec<u8, NUMBER_MAX>; BOOK],
    last_number: ArrayVec<DialElement, MAX_ELEMENTS>,

    input: VecDeque<u8>,
    output: Output,
    editor: LineEditor<LINE_MAX>,
    /// The rest of the command line in progress.
    line: ArrayVec<u8, LINE_MAX>,
    state: State,
    /// The local loop of &T1 is there and can be returned to.
    looped: bool,

    player: Player,
    /// Codes what is recorded.
    recorder: Option<Coder>,
    decoder: dle::Decoder,
    silence: SilenceWatch,
    /// The host sent XOFF during a stream.
    held: bool,
    dtmf_events: bool,
    /// A digit that is on, and when it is told again.
    repeated: Option<(u8, Time)>,
    /// When bytes passed between the host and the modem last.
    active: Time,

    off_hook: bool,
    /// A call was dialled or answered since the line was seized.
    in_call: bool,
    on_hook_since: Time,
    monitor: Monitor,
    ringing: Ringing,
    /// RING is due then (+VDR).
    ring_due: Option<Time>,
    last_caller: Option<Box<Identification>>,
    /// Loop current flowed since the loop was closed.
    current: bool,
    /// Since when there is no loop current.
    no_current: Option<Time>,
    interruption_told: bool,
    /// Polarity, and since when it is the other one.
    reversed: bool,
    turned: Option<Time>,
}

impl Modem {
    /// A modem that was just powered up, in the network of `country`.
    pub fn new(profile: &'static Profile, country: &'static Country) -> Self {
        let settings = Settings::factory(country);
        Self {
            profile,
            country,
            now: Time::ZERO,
            settings,
            stored: settings,
            voice: VoiceSettings::new(),
            class: 0,
            route: 0,
            book: Default::default(),
            last_number: ArrayVec::new(),
            input: VecDeque::with_capacity(INPUT_MAX),
            output: Output::default(),
            editor: LineEditor::new(),
            line: ArrayVec::new(),
            state: State::Command,
            looped: false,
            player: Player::default(),
            recorder: None,
            repeated: None,
            decoder: dle::Decoder::new(),
            silence: SilenceWatch::default(),
            held: false,
            dtmf_events: true,
            active: Time::ZERO,
            off_hook: false,
            in_call: false,
            on_hook_since: Time::ZERO,
            monitor: Monitor::new(country),
            ringing: Ringing::new(),
            ring_due: None,
            last_caller: None,
            current: false,
            no_current: None,
            interruption_told: false,
            reversed: false,
            turned: None,
        }
    }

    /// The model.
    pub fn profile(&self) -> &'static Profile {
        self.profile
    }

    // The hook.

    fn seize(&mut self) {
        if !self.off_hook {
            self.off_hook = true;
            self.in_call |= self.ringing.rings() > 0;
            self.ringing.reset();
            self.ring_due = None;
            self.monitor.reset();
            (self.current, self.no_current, self.interruption_told) = (false, None, false);
        }
    }

    fn release(&mut self) {
        self.looped = false;
        self.in_call = false;
        self.route = 0;
        if self.off_hook {
            self.off_hook = false;
            self.on_hook_since = self.now;
            self.ringing.reset();
        }
    }

    /// The earliest time at which the exchange takes a closed loop for a new call.
    fn may_seize(&self) -> Time {
        // The modem was on hook before its first step.
        if self.on_hook_since == Time::ZERO { Time::ZERO } else { self.on_hook_since + ON_HOOK_MIN }
    }

    // The end of a command.

    /// Ends the command in progress; after OK its line goes on.
    fn complete(&mut self, code: Code) {
        self.state = State::Command;
        if code == Code::Ok {
            self.run_line();
        } else {
            self.line.clear();
            self.output.result(&self.settings, code);
        }
    }

    /// A call came to nothing: hangs up, unless +VNH keeps the line.
    fn fail(&mut self, code: Code) {
        let keep = if self.class == 8 { self.voice.hangup == 2 } else { self.voice.hangup > 0 };
        if !keep {
            self.release();
        }
        self.complete(code);
    }

    fn run_line(&mut self) {
        loop {
            let body = self.line.clone();
            let mut commands = Commands::new(&body);
            let command = commands.next();
            let rest = commands.rest();
            self.line.clear();
            self.line.extend(rest.iter().copied());
            let next = match command {
                None => Next::End(Code::Ok),
                Some(Err(_)) => Next::End(Code::Error),
                Some(Ok(command)) => self.execute(command),
            };
            match next {
                Next::Go => {}
                Next::End(code) => {
                    self.line.clear();
                    self.output.result(&self.settings, code);
                    return;
                }
                Next::Wait => return,
            }
        }
    }

    // The host.

    fn run_input(&mut self) {
        loop {
            let ready = match &self.state {
                State::Tones(_) | State::Seize(..) => false,
                State::Transmit | State::Duplex => self.player.room() >= 2,
                _ => self.output.has_room(),
            };
            if !ready {
                return;
            }
            let Some(byte) = self.input.pop_front() else { return };
            match &mut self.state {
                State::Command => self.command_byte(byte),
                State::Dial(_, since) | State::Answer(_, since) => {
                    if self.now.since(*since) >= ABORT_GUARD {
                        self.fail(Code::NoCarrier);
                    }
                }
                State::Data(escape) => {
                    let guard = Duration::from_millis(self.settings.guard());
                    escape.push(byte, self.now, self.settings.escape(), guard);
                    self.output.byte(byte);
                }
                State::Transmit | State::Receive | State::Duplex => self.stream_byte(byte),
                State::Tones(_) | State::Seize(..) => {}
            }
        }
    }

    fn command_byte(&mut self, byte: u8) {
        if self.settings.echo {
            self.output.echo(byte);
        }
        let entry = self.editor.push(byte, self.settings.cr(), self.settings.backspace());
        match entry {
            Entry::Incomplete => {}
            Entry::TooLong => self.output.result(&self.settings, Code::Error),
            Entry::Line | Entry::Repeat if self.editor.body().len() > self.profile.line => {
                self.output.result(&self.settings, Code::Error);
            }
            Entry::Line | Entry::Repeat => {
                self.line.clear();
                match self.profile.dialect {
                    Dialect::V253 => self.line.extend(self.editor.body().iter().copied()),
                    Dialect::Rockwell => rockwell::separate(self.editor.body(), &mut self.line),
                }
                self.run_line();
            }
        }
    }

    // The line.

    /// Whether the loop is closed in this step.
    fn loop_closed(&self) -> bool {
        self.off_hook
            && match &self.state {
                State::Dial(dialer, _) => dialer.off_hook(),
                State::Tones(tones) => !tones.is_flashing(),
                _ => true,
            }
    }

    /// Whether what is heard is the modem's own doing.
    fn is_deaf(&self) -> bool {
        match &self.state {
            State::Dial(dialer, _) => dialer.is_sending(),
            State::Tones(_) => true,
            _ => false,
        }
    }

    /// Whether the loop current was interrupted in this step.
    fn watch_current(&mut self, line: &FromExchange) -> bool {
        if !self.loop_closed() {
            (self.current, self.no_current) = (false, None);
            return false;
        }
        if line.battery {
            (self.current, self.no_current, self.interruption_told) = (true, None, false);
            return false;
        }
        let since = *self.no_current.get_or_insert(self.now);
        if !self.current || self.interruption_told || self.now.since(since) < INTERRUPTION {
            return false;
        }
        self.interruption_told = true;
        true
    }

    /// Whether polarity was reversed, told in the step in which that is certain.
    fn watch_polarity(&mut self, line: &FromExchange) -> bool {
        if line.reversed == self.reversed {
            self.turned = None;
            return false;
        }
        let since = *self.turned.get_or_insert(self.now);
        if self.now.since(since) < REVERSAL {
            return false;
        }
        self.reversed = line.reversed;
        self.turned = None;
        true
    }

    /// What is in progress makes sound and comes to its end.
    fn advance(&mut self, line: LineNow<'_>, audio: &mut [i16; STEP]) {
        match &mut self.state {
            State::Dial(dialer, _) => {
                let was_sending = dialer.is_sending();
                let code = dialer.step(line, &self.settings, &self.voice, audio);
                self.settings.pulse = dialer.pulse();
                if was_sending && !dialer.is_sending() {
                    // What was heard before the digits is over.
                    self.monitor.reset();
                }
                match code {
                    Some(code @ (Code::Ok | Code::Vcon)) => {
                        self.in_call = true;
                        self.complete(code);
                    }
                    Some(code) => self.fail(code),
                    None => {}
                }
            }
            State::Answer(answerer, _) => {
                if let Some(code) = answerer.step(line, &self.settings, audio) {
                    self.fail(code);
                }
            }
            State::Tones(tones) => {
                if tones.step(self.now, self.country.flash, audio) {
                    self.complete(Code::Ok);
                }
            }
            State::Seize(at, code) => {
                if self.now >= *at {
                    let code = *code;
                    self.seize();
                    self.complete(code);
                }
            }
            State::Data(escape) => {
                if escape.is_complete(self.now, Duration::from_millis(self.settings.guard())) {
                    self.state = State::Command;
                    self.output.result(&self.settings, Code::Ok);
                }
            }
            State::Transmit | State::Receive | State::Duplex => self.stream_step(audio),
            State::Command => {}
        }
    }
}

impl Terminal for Modem {
    fn step(&mut self, now: Time, line: &FromExchange) -> FromTerminal {
        self.now = now;
        let interrupted = self.watch_current(line);
        let reversed = self.watch_polarity(line);
        let mut heard = monitor::Events::new();
        if self.off_hook {
            if self.loop_closed() && !self.is_deaf() {
                self.monitor.listen(&line.audio, &mut heard);
            }
            self.tell_heard(&heard, interrupted, reversed);
        } else {
            self.idle_step(line);
        }
        self.record(&line.audio);
        self.run_input();
        let mut audio = [0; STEP];
        let quiet = dialer::steps(self.monitor.quiet_steps());
        let tone = self.monitor.tone();
        self.advance(LineNow { now, heard: &heard, tone, interrupted, reversed, quiet }, &mut audio);
        self.watch_inactivity();
        FromTerminal { audio, off_hook: self.loop_closed() }
    }
}

impl ModemFirmware for Modem {
    fn receive(&mut self, bytes: &[u8]) {
        let room = self.room();
        if !bytes.is_empty() {
            self.active = self.now;
        }
        self.input.extend(bytes.iter().take(room));
    }

    fn room(&self) -> usize {
        let bound = match self.state {
            State::Transmit | State::Duplex => self.player.room(),
            _ => INPUT_MAX,
        };
        bound.saturating_sub(self.input.len())
    }

    fn transmit(&mut self, out: &mut [u8]) -> usize {
        if self.held {
            return 0;
        }
        let n = self.output.take(out);
        if n > 0 {
            self.active = self.now;
        }
        n
    }

    fn carrier(&self) -> bool {
        self.settings.carrier == 0 || matches!(self.state, State::Data(_))
    }

    fn set_dtr(&mut self, on: bool) {
        if on || self.settings.dtr == 0 {
            return;
        }
        if self.settings.dtr == 1 {
            if matches!(self.state, State::Data(_)) {
                self.state = State::Command;
                self.output.result(&self.settings, Code::Ok);
            }
            return;
        }
        let busy = !matches!(self.state, State::Command);
        self.release();
        self.input.clear();
        self.line.clear();
        self.editor.abandon();
        self.state = State::Command;
        self.held = false;
        if busy {
            self.output.result(&self.settings, Code::NoCarrier);
        }
        if self.settings.dtr == 3 {
            self.reset();
        }
    }

    fn lost(&self) -> u64 {
        self.output.lost()
    }
}
