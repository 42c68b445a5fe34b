//! What each line of the demo does, as data.

/// One step of a line's script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Says what comes next. Both lines run at the same time: a scene of both stands in one script only.
    Scene(&'static str),
    /// Makes a call.
    Call(&'static str),
    /// Answers the call.
    Answer,
    /// Hangs up.
    Drop,
    /// Reports digits from now on.
    Monitor,
    /// Sends digits.
    Send(&'static str),
    /// Waits until the other line is at its own meeting point.
    Meet,
    /// Waits for something to happen.
    Expect(Expected),
}

/// What must happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// A state of the call, by its published name.
    State(&'static str),
    /// Caller identification with this number and name.
    Caller(&'static str, &'static str),
    /// These digits.
    Digits(&'static str),
    /// The digits are sent.
    Sent,
}

impl Expected {
    /// For people.
    pub(super) fn text(self) -> String {
        match self {
            Self::State(state) => state.into(),
            Self::Caller(number, name) => format!("caller {number} \"{name}\""),
            Self::Digits(digits) => format!("digits {digits}"),
            Self::Sent => "digits sent".into(),
        }
    }
}

use Expected::{Caller, Digits, Sent, State};
use Step::{Answer, Call, Drop, Expect, Meet, Monitor, Scene, Send};

/// Selectors of the lines, in the order of the scripts.
pub(super) const LINES: [&str; 2] = ["emulated:0", "emulated:1"];

/// What the lines are, for people.
pub(super) const KINDS: [&str; 2] = ["modem", "FXO"];

/// The scripts.
pub(super) const SCRIPTS: [&[Step]; 2] = [MODEM, FXO];

/// The number of the modem's line, and of the FXO port's.
const NUMBER: [&str; 2] = ["5550100", "5550101"];

const MODEM: &[Step] = &[
    Scene("The modem calls the FXO line, which answers. Digits both ways. The FXO line hangs up."),
    Call(NUMBER[1]),
    Expect(State("CONNECTED")),
    Monitor,
    Meet,
    Send("159#"),
    Expect(Sent),
    Meet,
    Expect(Digits("260D")),
    Meet,
    Expect(State("DISCONNECTED")),
    Drop,
    Expect(State("IDLE")),
    Meet,
    Scene("The FXO line calls the modem, which answers. Digits both ways. The modem hangs up."),
    Meet,
    Expect(State("OFFERING")),
    Expect(Caller(NUMBER[1], "EMULATED 1")),
    Answer,
    Expect(State("CONNECTED")),
    Monitor,
    Meet,
    Send("84A"),
    Expect(Sent),
    Meet,
    Expect(Digits("37*")),
    Meet,
    Drop,
    Expect(State("IDLE")),
    Meet,
    Scene("Both lines at once: a busy number, one that nobody answers, one that does not exist, one that hangs up."),
    Meet,
    Call("5550121"),
    Expect(State("BUSY")),
    Drop,
    Expect(State("IDLE")),
    Call("5550122"),
    Expect(State("RINGBACK")),
    Drop,
    Expect(State("IDLE")),
    Call("5550124"),
    Expect(State("SPECIALINFO")),
    Drop,
    Expect(State("IDLE")),
    Call("5550125"),
    Expect(State("CONNECTED")),
    Expect(State("DISCONNECTED")),
    Drop,
    Expect(State("IDLE")),
];

const FXO: &[Step] = &[
    Expect(State("OFFERING")),
    Expect(Caller(NUMBER[0], "EMULATED 0")),
    Answer,
    Expect(State("CONNECTED")),
    Monitor,
    Meet,
    Expect(Digits("159#")),
    Meet,
    Send("260D"),
    Expect(Sent),
    Meet,
    Drop,
    Expect(State("IDLE")),
    Meet,
    Meet,
    Call(NUMBER[0]),
    Expect(State("CONNECTED")),
    Monitor,
    Meet,
    Expect(Digits("84A")),
    Meet,
    // An FXO port hears nothing for a tenth of a second after it sent: the modem goes first.
    Send("37*"),
    Expect(Sent),
    Meet,
    Expect(State("DISCONNECTED")),
    Drop,
    Expect(State("IDLE")),
    Meet,
    Meet,
    // The other end of the list first, so that the two lines do different things at the same time.
    Call("5550125"),
    Expect(State("CONNECTED")),
    Expect(State("DISCONNECTED")),
    Drop,
    Expect(State("IDLE")),
    Call("5550124"),
    Expect(State("SPECIALINFO")),
    Drop,
    Expect(State("IDLE")),
    Call("5550122"),
    Expect(State("RINGBACK")),
    Drop,
    Expect(State("IDLE")),
    Call("5550121"),
    Expect(State("BUSY")),
    Drop,
    Expect(State("IDLE")),
];

/// Whether a number is that of the demo's other line.
pub(super) fn is_peer(number: &str) -> bool {
    NUMBER.contains(&number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_meet_equally_often() {
        let meetings = SCRIPTS.map(|script| script.iter().filter(|s| **s == Meet).count());
        assert_eq!(meetings[0], meetings[1]);
    }

    #[test]
    fn what_one_line_sends_the_other_expects() {
        for (sender, receiver) in [(0, 1), (1, 0)] {
            let sent: String =
                SCRIPTS[sender].iter().filter_map(|s| if let Send(d) = s { Some(*d) } else { None }).collect();
            let heard: String = SCRIPTS[receiver]
                .iter()
                .filter_map(|s| if let Expect(Digits(d)) = s { Some(*d) } else { None })
                .collect();
            assert_eq!(sent, heard);
        }
    }
}
