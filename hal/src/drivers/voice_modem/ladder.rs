//! The ladder: waking a modem that may be anywhere, by one rung after the other, each harder than the one before.
//!
//! A rung is a state of its own with a deadline of its own. An answer on any rung ends the climb, and the modem is
//! initialised from there. Above the last rung the line is out of service; what is left then (opening the port again,
//! resetting the USB device) takes threads and permissions, and is done by whoever runs the devices.

use super::call::Job;
use super::chat::{Kind, Reply};
use super::start::Step;
use super::{EventQueue, Port, VoiceModem};
use loopstart_signal::{Time, dle};
use std::time::Duration;

/// Waking takes an answer within this.
const WAKE: Duration = Duration::from_secs(1);
/// Silence on both sides of `+++`: the default of S12, 1 s, and a little.
pub(super) const GUARD: Duration = Duration::from_millis(1_100);
/// A hang-up after an escape is answered within this.
const HANG_UP: Duration = Duration::from_secs(2);
/// DTR low for a modem that leaves a call by it (`&D2`).
pub(super) const DTR_LOW: Duration = Duration::from_millis(600);
/// `ATZ` takes this long on some.
const RESET: Duration = Duration::from_secs(5);
/// A modem that was slow to wake may have more answers on their way: they must not be taken for those to what follows.
const STRAGGLERS: Duration = Duration::from_secs(2);

/// The rungs, the gentlest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rung {
    /// `AT`, in case all is well.
    Attention,
    /// The end of every voice stream there is, each in the forms of V.253 and IS-101, then `AT`.
    StreamEnd,
    /// Silence before the escape sequence.
    GuardBefore,
    /// `+++`, and silence after it.
    Escape,
    /// `ATH`: the escaped modem hangs up.
    HangUp,
    /// DTR is low. Left out where there is no such line.
    DtrLow,
    /// DTR is high again: `AT`.
    DtrHigh,
    /// `ATZ`.
    Reset,
}

impl Rung {
    /// The next one, where a modem has control lines and where it has none.
    const fn next(self, lines: bool) -> Option<Self> {
        Some(match self {
            Self::Attention => Self::StreamEnd,
            Self::StreamEnd => Self::GuardBefore,
            Self::GuardBefore => Self::Escape,
            Self::Escape => Self::HangUp,
            Self::HangUp if lines => Self::DtrLow,
            Self::HangUp | Self::DtrHigh => Self::Reset,
            Self::DtrLow => Self::DtrHigh,
            Self::Reset => return None,
        })
    }

    /// How long the rung may take.
    const fn limit(self) -> Duration {
        match self {
            Self::Attention | Self::StreamEnd | Self::DtrHigh => WAKE,
            Self::GuardBefore | Self::Escape => GUARD,
            Self::HangUp => HANG_UP,
            Self::DtrLow => DTR_LOW,
            Self::Reset => RESET,
        }
    }
}

impl<P: Port> VoiceModem<P> {
    /// What comes after a rung: the initialisation, the next rung, or none when there is no other.
    pub(super) fn after_rung(&mut self, rung: Rung, reply: Reply, now: Time) -> Option<Step> {
        if matches!(reply, Reply::Code(_)) {
            // Whatever it answers, it is awake.
            if rung != Rung::Attention {
                self.hold_until(now + STRAGGLERS);
            }
            return Some(Step::Quiet);
        }
        rung.next(self.port.has_lines()).map(Step::Rung)
    }

    /// Steps on a rung.
    pub(super) fn begin_rung(&mut self, rung: Rung, now: Time, events: &mut EventQueue) {
        self.job = Job::Start(Step::Rung(rung));
        let limit = rung.limit();
        match rung {
            Rung::Attention => self.send(b"AT", Kind::Plain, limit, now, events),
            Rung::StreamEnd => {
                // What is still to be played is forgotten; then the ends of playing, of both ways at once, of receiving.
                let ends = [dle::CAN, dle::ETX, b'^', b'!', dle::ESC];
                for end in ends {
                    self.put_bytes(&[dle::DLE, end]);
                }
                self.put_bytes(b"\r");
                self.flush(now, events);
                self.hold_until(now + Duration::from_millis(100));
                self.send(b"AT", Kind::Plain, limit, now, events);
            }
            Rung::GuardBefore => self.wait_until(now + limit),
            Rung::Escape => {
                self.put_bytes(b"+++");
                self.flush(now, events);
                self.wait_until(now + limit);
            }
            Rung::HangUp => self.send(b"ATH", Kind::HangUp, limit, now, events),
            Rung::DtrLow => {
                self.port.set_dtr(false);
                self.wait_until(now + limit);
            }
            Rung::DtrHigh => {
                self.port.set_dtr(true);
                // It may need a moment to see that we are there again.
                self.hold_until(now + Duration::from_millis(100));
                self.send(b"AT", Kind::Plain, limit, now, events);
            }
            Rung::Reset => self.send(b"ATZ", Kind::Plain, limit, now, events),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rung_is_reached_once_and_ends() {
        for (lines, rungs) in [(true, 8), (false, 6)] {
            let (mut rung, mut count, mut total) = (Some(Rung::Attention), 0, Duration::ZERO);
            while let Some(r) = rung {
                count += 1;
                total += r.limit();
                rung = r.next(lines);
            }
            assert_eq!(count, rungs);
            assert!(total < Duration::from_secs(15), "{total:?}");
        }
    }
}
