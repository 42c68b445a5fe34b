//! Steps at random: what the host, far ends, the exchange, the device and time do.

use super::operations::is_media;
use super::*;

impl World {
    /// An operation that a call or the line announces at present: of a few, the one that was entered least.
    fn rarest(&mut self) -> Option<(&'static str, Option<CallHandle>)> {
        let mut possible = self.announced();
        // Whoever has a dial tone mostly dials: nothing else leads to a second party.
        let dials = |(cell, call): &&(Cell, Option<CallHandle>)| {
            cell.operation == "dial" && call.is_some_and(|c| self.is_blank(c))
        };
        if let Some(&(cell, call)) = possible.iter().find(dials)
            && self.random.next(4) != 0
        {
            return Some((cell.operation, call));
        }
        // What was done often enough is done now and then, but for what brings somebody in.
        let often = self.random.next(10) == 0;
        let media = self.random.next(4) == 0;
        let tally = &self.tally;
        possible.retain(|(cell, _)| {
            let more = matches!(cell.operation, "make" | "answer" | "consult" | "setup conf" | "prepare");
            is_media(cell.operation) == media && (often || more || tally.entered(*cell) < ENTERED + ENTERED / 4)
        });
        let drawn: Vec<_> = (0..3).filter_map(|_| self.random.one(&possible)).collect();
        let rarest = drawn.into_iter().min_by_key(|(cell, _)| self.tally.entered(*cell));
        rarest.map(|(cell, call)| (cell.operation, call))
    }

    fn operate(&mut self) {
        // Before it is told of a call the host has no business with it.
        let calls = self.in_state(|_| true);
        let any = self.random.one(&calls);
        // Mostly what is announced, sometimes what might make sense, sometimes anything.
        let mode = self.random.next(10);
        if mode > 1
            && let Some((operation, call)) = self.rarest()
        {
            return self.perform(operation, call);
        }
        let wild = mode == 0;
        let fit = |world: &mut Self, is: fn(CallState) -> bool| {
            let of = if wild { vec![] } else { world.in_state(is) };
            world.random.one(&of).or(any)
        };
        let connected = |s| matches!(s, CallState::Connected(_));
        let (operation, call) = match self.random.next(36) {
            0..=2 => ("make", None),
            3 => ("setup conf", None),
            4 | 5 => ("answer", fit(self, |s| matches!(s, CallState::Offering(_) | CallState::Accepted))),
            6 => ("accept", fit(self, |s| matches!(s, CallState::Offering(_)))),
            7..=9 => ("drop", fit(self, |s| s != CallState::Idle)),
            10..=13 => {
                let over = self.in_state(|s| s == CallState::Idle);
                let open = if self.random.next(10) == 0 { any } else { None };
                ("close", self.random.one(&over).or(open))
            }
            14 => ("hold", fit(self, connected)),
            15 | 16 => ("unhold", fit(self, CallState::is_held)),
            17 | 18 => ("swap", fit(self, connected)),
            19 => ("consult", fit(self, connected)),
            20 => ("blind", fit(self, connected)),
            21 => ("park", fit(self, connected)),
            22 | 23 => ("dial", fit(self, |s| matches!(s, CallState::DialTone(_) | CallState::Dialing))),
            24 => ("complete", fit(self, CallState::is_held)),
            25 => ("complete conf", fit(self, CallState::is_held)),
            26 => ("setup conf", fit(self, connected)),
            27 => ("add", fit(self, CallState::is_held)),
            28 => ("prepare", fit(self, connected)),
            29 => ("remove", fit(self, |s| matches!(s, CallState::Conferenced(_)))),
            30 => ("call back", fit(self, |s| matches!(s, CallState::Busy(_)))),
            31 => ("secure", fit(self, connected)),
            32 => {
                let of_line = ["forward", "pick up group", "pick up waiting", "unpark", "uncomplete"];
                (self.random.one(&of_line).unwrap_or("unpark"), None)
            }
            _ => {
                let wishes = ["params", "data", "send digits", "send tone", "monitor digits", "monitor media"];
                (self.random.one(&wishes).unwrap_or("data"), any)
            }
        };
        let of_line = matches!(
            operation,
            "make" | "setup conf" | "forward" | "pick up group" | "pick up waiting" | "unpark" | "uncomplete"
        );
        if call.is_some() || of_line {
            self.perform(operation, call);
        }
    }

    /// The device does what it was told, or tells what it knows; false when there is nothing.
    pub(super) fn tick(&mut self) -> bool {
        match self.board.events.pop_front() {
            Some(event) => {
                self.event(event);
                true
            }
            None => self.board.work(),
        }
    }

    /// What happens of itself while this time passes.
    pub(super) fn wait(&mut self, ms: u64) {
        // Devices and exchanges are slow, but not as slow as that.
        while ms > 1_500 && (!self.board.events.is_empty() || self.board.work()) {
            self.hear();
        }
        self.board.pass(ms);
        self.pass(Duration::from_millis(ms));
    }

    pub(super) fn step(&mut self) {
        self.tally.steps += 1;
        match self.random.next(100) {
            0..=29 => self.operate(),
            // Device and exchange do what is due.
            30..=79 => {
                for _ in 0..=self.random.next(4) {
                    if !self.tick() {
                        break;
                    }
                }
            }
            // An answer in the very moment of a flash makes it another flash.
            80..=84 if self.provider.is_at_rest(DEVICE) => {
                self.board.answers();
                self.hear();
            }
            // A hang-up in the seconds in which the exchange may refuse an order sounds like its refusal: nobody could tell.
            85..=86 if self.provider.is_at_rest(DEVICE) => {
                self.board.far_end_goes();
                self.hear();
            }
            // Nor a call that comes to wait in the very moment of a flash: that flash takes it.
            87..=89 if self.provider.is_at_rest(DEVICE) => {
                let number = self.number(None);
                self.board.calls(&number);
                self.hear();
            }
            90 => self.board.repeats(),
            91 => self.board.gives_up(),
            92..=98 => {
                let ms = [20, 200, 700, 1_500, 2_600, 7_000][self.random.next(6)];
                self.wait(ms);
            }
            _ if self.random.next(20) == 0 => self.unplug(),
            _ => {}
        }
        self.compare();
    }
}
