//! What the modem sends to its host: echo, information text, result codes, events, audio.
//!
//! The framing is that of V.250 5.7.1: with V1 a text or code stands between CR LF on both sides, with V0 a text is
//! followed by CR LF and a code is a number and CR. CR and LF are the values of S3 and S4.

use super::settings::Settings;
use loopstart_signal::dle;
use std::collections::VecDeque;

/// Result codes (V.250 table 1; VCON of V.253).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    Ok,
    Connect,
    Ring,
    NoCarrier,
    Error,
    NoDialtone,
    Busy,
    NoAnswer,
    Vcon,
}

impl Code {
    /// The text with V1 and the number with V0. V.253 gives VCON no number: 12 is of those free for makers.
    const fn forms(self) -> (&'static str, &'static str) {
        match self {
            Self::Ok => ("OK", "0"),
            Self::Connect => ("CONNECT", "1"),
            Self::Ring => ("RING", "2"),
            Self::NoCarrier => ("NO CARRIER", "3"),
            Self::Error => ("ERROR", "4"),
            Self::NoDialtone => ("NO DIALTONE", "6"),
            Self::Busy => ("BUSY", "7"),
            Self::NoAnswer => ("NO ANSWER", "8"),
            Self::Vcon => ("VCON", "12"),
        }
    }
}

/// Bytes of audio that wait at most: half a second of 16-bit samples. Beyond it audio is lost.
const AUDIO_MAX: usize = 8_000;
/// Bytes beyond which nothing that was not asked for is added (RING, events).
const UNASKED_MAX: usize = 12_000;
/// Bytes beyond which no command is read, so that results are never lost.
const COMMAND_MAX: usize = 16_000;
/// Bytes beyond which information text is cut. A line of commands cannot ask for more than this and live.
const TEXT_MAX: usize = 64_000;

/// The queue towards the host.
#[derive(Debug, Default)]
pub(super) struct Output {
    queue: VecDeque<u8>,
    /// Audio is being lost.
    overrun: bool,
    lost: u64,
}

impl Output {
    /// Whether commands may be read: their answers have room.
    pub(super) fn has_room(&self) -> bool {
        self.queue.len() < COMMAND_MAX
    }

    /// Samples lost.
    pub(super) const fn lost(&self) -> u64 {
        self.lost
    }

    /// Moves bytes to `out`.
    pub(super) fn take(&mut self, out: &mut [u8]) -> usize {
        let n = out.len().min(self.queue.len());
        for (slot, byte) in out.iter_mut().zip(self.queue.drain(..n)) {
            *slot = byte;
        }
        n
    }

    /// Echoes a byte of the host.
    pub(super) fn echo(&mut self, byte: u8) {
        if self.queue.len() < TEXT_MAX {
            self.queue.push_back(byte);
        }
    }

    /// A byte as it is: flow control, looped data.
    pub(super) fn byte(&mut self, byte: u8) {
        if self.queue.len() < COMMAND_MAX {
            self.queue.push_back(byte);
        }
    }

    /// A final result code.
    pub(super) fn result(&mut self, settings: &Settings, code: Code) {
        if settings.quiet {
            return;
        }
        let (cr, lf) = (settings.cr(), settings.lf());
        let (text, number) = code.forms();
        if settings.verbose {
            self.queue.extend([cr, lf]);
            self.queue.extend(text.bytes());
            self.queue.extend([cr, lf]);
        } else {
            self.queue.extend(number.bytes());
            self.queue.push_back(cr);
        }
    }

    /// RING, which the host did not ask for.
    pub(super) fn unsolicited(&mut self, settings: &Settings, code: Code) {
        if self.queue.len() < UNASKED_MAX {
            self.result(settings, code);
        }
    }

    /// Information text of one or more lines.
    pub(super) fn text<S: AsRef<[u8]>>(&mut self, settings: &Settings, lines: impl IntoIterator<Item = S>) {
        let (cr, lf) = (settings.cr(), settings.lf());
        let mut first = settings.verbose;
        for line in lines {
            if self.queue.len() > TEXT_MAX {
                return;
            }
            if std::mem::take(&mut first) {
                self.queue.extend([cr, lf]);
            }
            self.queue.extend(line.as_ref());
            self.queue.extend([cr, lf]);
        }
    }

    /// Information text that the host did not ask for: caller identification, ring cadence.
    pub(super) fn unsolicited_text<S: AsRef<[u8]>>(&mut self, settings: &Settings, lines: impl IntoIterator<Item = S>) {
        if self.queue.len() < UNASKED_MAX {
            self.text(settings, lines);
        }
    }

    /// A simple event, `<DLE>` and its code (V.253).
    pub(super) fn event(&mut self, code: u8) {
        if self.queue.len() < UNASKED_MAX {
            self.queue.extend([dle::DLE, code]);
        }
    }

    /// A complex event report: `<DLE>X`, lines, `<DLE>.` (V.253).
    pub(super) fn report<S: AsRef<[u8]>>(&mut self, settings: &Settings, lines: impl IntoIterator<Item = S>) {
        if self.queue.len() >= UNASKED_MAX {
            return;
        }
        let end = [settings.cr(), settings.lf()];
        self.queue.extend([dle::DLE, dle::event::REPORT_BEGIN]);
        self.queue.extend(end);
        for line in lines {
            self.queue.extend(line.as_ref());
            self.queue.extend(end);
        }
        self.queue.extend([dle::DLE, dle::event::REPORT_END]);
    }

    /// The end of a received stream.
    pub(super) fn end_of_stream(&mut self) {
        self.queue.extend([dle::DLE, dle::ETX]);
        self.overrun = false;
    }

    /// One sample of a received stream, shielded; with `flow` also the bytes XON and XOFF. True when audio begins to
    /// be lost: the host does not read.
    pub(super) fn sample(&mut self, bytes: &[u8], flow: bool) -> bool {
        if self.queue.len() >= AUDIO_MAX {
            self.lost += 1;
            return !std::mem::replace(&mut self.overrun, true);
        }
        self.overrun = false;
        for &b in bytes {
            match b {
                dle::DLE => self.queue.extend([dle::DLE, dle::DLE]),
                XON if flow => self.queue.extend([dle::DLE, SHIELDED_XON]),
                XOFF if flow => self.queue.extend([dle::DLE, SHIELDED_XOFF]),
                b => self.queue.push_back(b),
            }
        }
        false
    }
}

/// Goes on.
pub(super) const XON: u8 = 0x11;
/// Stops.
pub(super) const XOFF: u8 = 0x13;
/// `<DLE>Q`: a byte that looks like XON.
pub(super) const SHIELDED_XON: u8 = b'Q';
/// `<DLE>S`: a byte that looks like XOFF.
pub(super) const SHIELDED_XOFF: u8 = b'S';
