//! A modem made of a thread on a pseudo-terminal, as bad as a test wants it.
#![allow(dead_code, reason = "each test uses what it needs")]

use nix::fcntl::{OFlag, open};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{PtyMaster, grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::stat::Mode;
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};
use std::collections::VecDeque;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What the modem does about a command line.
pub(crate) enum Answer {
    /// Says this at once.
    Say(Vec<u8>),
    /// Says this after a time.
    Late(Duration, Vec<u8>),
    /// Is unplugged.
    Leave,
}

/// Says a line and its final result.
pub(crate) fn says(text: &str) -> Answer {
    Answer::Say(format!("\r\n{text}\r\n").into_bytes())
}

/// What a voice modem that does what it is told answers.
pub(crate) fn obedient(command: &str) -> Answer {
    match command {
        "ATI3" | "AT+GMI" | "AT+GMM" => says("FAKE 56K\r\n\r\nOK"),
        "AT+FCLASS=?" => says("0,1,8\r\n\r\nOK"),
        "AT+VCID?" => says("1\r\n\r\nOK"),
        _ => says("OK"),
    }
}

#[derive(Default)]
struct Shared {
    leave: AtomicBool,
    written: Mutex<Vec<u8>>,
    say: Mutex<Vec<u8>>,
}

/// See the module's text. Ends when dropped.
pub(crate) struct FakeModem {
    pub(crate) path: PathBuf,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    /// Keeps the terminal alive while nobody has it open.
    _terminal: OwnedFd,
}

impl FakeModem {
    /// A modem that answers each command line by `answer`.
    pub(crate) fn new(answer: impl FnMut(&str) -> Answer + Send + 'static) -> Self {
        Self::with(answer, false)
    }

    /// A modem that talks without end, and answers nothing.
    pub(crate) fn talker() -> Self {
        Self::with(|_| Answer::Say(Vec::new()), true)
    }

    fn with(answer: impl FnMut(&str) -> Answer + Send + 'static, talks: bool) -> Self {
        // Not for programs that other tests start meanwhile: they would keep it alive.
        let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
        let master = posix_openpt(flags).expect("a pseudo-terminal");
        grantpt(&master).expect("a pseudo-terminal");
        unlockpt(&master).expect("a pseudo-terminal");
        let path = PathBuf::from(ptsname_r(&master).expect("its name"));
        let terminal = open(&path, flags, Mode::empty()).expect("its other side");
        let mut settings = tcgetattr(&terminal).expect("a terminal");
        cfmakeraw(&mut settings);
        tcsetattr(&terminal, SetArg::TCSANOW, &settings).expect("a terminal");
        let shared = Arc::new(Shared::default());
        let thread = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || run(&master, &shared, answer, talks)
        });
        Self { path, shared, thread: Some(thread), _terminal: terminal }
    }

    pub(crate) fn selector(&self) -> String {
        format!("serial:{}", self.path.display())
    }

    /// Everything that was written to it since this was last asked.
    pub(crate) fn take_written(&self) -> Vec<u8> {
        std::mem::take(&mut self.shared.written.lock().expect("no panic"))
    }

    /// Says something unasked.
    pub(crate) fn say(&self, bytes: &[u8]) {
        self.shared.say.lock().expect("no panic").extend_from_slice(bytes);
    }

    /// Is unplugged.
    pub(crate) fn leave(&mut self) {
        self.shared.leave.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the modem's thread does not panic");
        }
    }
}

impl Drop for FakeModem {
    fn drop(&mut self) {
        self.shared.leave.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(master: &PtyMaster, shared: &Shared, mut answer: impl FnMut(&str) -> Answer, talks: bool) {
    let mut line = Vec::new();
    let mut late: VecDeque<(Instant, Vec<u8>)> = VecDeque::new();
    let mut out: VecDeque<u8> = VecDeque::new();
    let mut chatter = 0u8;
    while !shared.leave.load(Ordering::Acquire) {
        while late.front().is_some_and(|(at, _)| *at <= Instant::now()) {
            out.extend(late.pop_front().expect("looked at").1);
        }
        out.extend(std::mem::take(&mut *shared.say.lock().expect("no panic")));
        if talks && out.len() < 4096 {
            // Lines, results that nobody asked for, shields and noise.
            chatter = chatter.wrapping_add(1);
            out.extend(b"\r\nBLAH BLAH\r\n\x10s\x10\x10 0\r+++\r\nERR");
            out.extend(std::iter::repeat_n(chatter, 200));
        }
        let mut wanted = PollFlags::POLLIN;
        wanted.set(PollFlags::POLLOUT, !out.is_empty());
        let mut fds = [PollFd::new(master.as_fd(), wanted)];
        let _ = poll(&mut fds, PollTimeout::from(2u8));
        let ready = fds[0].revents().unwrap_or(PollFlags::empty());
        if ready.contains(PollFlags::POLLIN) {
            let mut buffer = [0; 1024];
            let n = nix::unistd::read(master, &mut buffer).unwrap_or(0);
            shared.written.lock().expect("no panic").extend_from_slice(&buffer[..n]);
            for &byte in &buffer[..n] {
                if byte != b'\r' {
                    line.push(byte);
                    continue;
                }
                let text = String::from_utf8_lossy(&line).into_owned();
                line.clear();
                // What stands before the prefix is no command.
                let Some(at) = text.find("AT") else { continue };
                match answer(&text[at..]) {
                    Answer::Say(bytes) => out.extend(bytes),
                    Answer::Late(time, bytes) => late.push_back((Instant::now() + time, bytes)),
                    Answer::Leave => return,
                }
            }
        }
        if ready.contains(PollFlags::POLLOUT) {
            // Few at once: a write that does not fit would block.
            let (part, _) = out.as_slices();
            let part = &part[..part.len().min(256)];
            let n = nix::unistd::write(master, part).unwrap_or(0);
            out.drain(..n);
        }
    }
}
