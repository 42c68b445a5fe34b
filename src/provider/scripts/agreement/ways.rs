//! Steering: ways into states that chance seldom leads to, and which of them leads to what.

use super::operations::is_media;
use super::*;

/// Something that the host, or a far end, does on a way. What cannot be done where the way has led ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Move {
    /// The host does this with whichever call announces it, or the line.
    Do(&'static str),
    /// It makes a call to a party of this kind.
    Make(char),
    /// It goes off hook.
    OffHook,
    /// It dials a party of this kind on the call that has dial tone.
    Dial(char),
    /// The called party answers.
    Answered,
    /// Somebody calls the line.
    Called,
    /// The only party of the line goes.
    Gone,
}

/// The ways. Each is tried now and then; who leads where is learned.
const WAYS: &[&[Move]] = {
    use Move::{Answered, Called, Dial, Do, Gone, Make, OffHook};
    const TALK: [Move; 2] = [Make('3'), Answered];
    const RING: Move = Called;
    &[
        &[],
        &[Make('3')],
        &[Make('1')],
        &[Make('2')],
        &[Make('7')],
        &[OffHook],
        &[OffHook, Dial('3')],
        &TALK,
        &[TALK[0], TALK[1], Gone],
        &[RING],
        &[RING, Do("accept")],
        &[RING, Do("answer")],
        &[RING, Do("accept"), Do("answer")],
        // Call waiting.
        &[TALK[0], TALK[1], Called],
        &[TALK[0], TALK[1], Called, Do("accept")],
        &[TALK[0], TALK[1], Called, Do("answer")],
        &[TALK[0], TALK[1], Called, Do("answer"), Do("swap")],
        &[TALK[0], TALK[1], Called, Do("answer"), Do("unhold")],
        &[RING, Do("answer"), Called, Do("answer"), Gone],
        &[TALK[0], TALK[1], Called, Do("pick up waiting")],
        &[TALK[0], TALK[1], Called, Do("drop"), Do("pick up waiting")],
        // Held, and nobody beside.
        &[TALK[0], TALK[1], Do("hold")],
        &[TALK[0], TALK[1], Do("hold"), Make('3')],
        &[TALK[0], TALK[1], Do("hold"), Make('1')],
        &[TALK[0], TALK[1], Do("hold"), OffHook],
        &[TALK[0], TALK[1], Do("hold"), Make('3'), Answered],
        &[TALK[0], TALK[1], Do("hold"), Make('3'), Answered, Do("swap")],
        // Consultation.
        &[TALK[0], TALK[1], Do("consult")],
        &[RING, Do("answer"), Do("consult"), Dial('3')],
        &[TALK[0], TALK[1], Do("consult"), Dial('1')],
        &[TALK[0], TALK[1], Do("consult"), Dial('2')],
        &[TALK[0], TALK[1], Do("consult"), Dial('7')],
        &[TALK[0], TALK[1], Do("consult"), Dial('3'), Answered],
        &[TALK[0], TALK[1], Do("consult"), Dial('3'), Answered, Do("swap")],
        &[TALK[0], TALK[1], Do("consult"), Dial('3'), Answered, Gone],
        &[TALK[0], TALK[1], Do("one step")],
        &[TALK[0], TALK[1], Do("one step"), Answered],
        // Conferences.
        &[TALK[0], TALK[1], Do("consult"), Dial('3'), Do("complete conf")],
        &[TALK[0], TALK[1], Do("consult"), Dial('3'), Answered, Do("complete conf")],
        &[TALK[0], TALK[1], Do("consult"), Dial('3'), Answered, Do("complete conf"), Do("remove")],
        &[TALK[0], TALK[1], Do("setup conf")],
        &[TALK[0], TALK[1], Do("setup conf"), Dial('3')],
        &[TALK[0], TALK[1], Do("setup conf"), Dial('1')],
        &[TALK[0], TALK[1], Do("setup conf"), Dial('3'), Answered],
        &[TALK[0], TALK[1], Do("setup conf"), Dial('3'), Do("add")],
        &[TALK[0], TALK[1], Do("setup conf"), Dial('3'), Answered, Do("add")],
        &[TALK[0], TALK[1], Do("setup conf"), Dial('3'), Answered, Do("add"), Do("remove")],
        &[TALK[0], TALK[1], Do("setup conf"), Dial('3'), Answered, Do("drop")],
        &[TALK[0], TALK[1], Do("setup conf"), Do("unhold")],
        &[TALK[0], TALK[1], Do("setup conf"), Do("unhold"), Called],
        &[TALK[0], TALK[1], Do("setup conf"), Do("unhold"), Called, Do("answer")],
        &[TALK[0], TALK[1], Do("setup conf"), Do("unhold"), Do("prepare")],
        &[TALK[0], TALK[1], Do("setup conf"), Do("unhold"), Do("prepare"), Dial('3'), Answered],
        // One that begins on the idle line.
        &[Do("setup conf")],
        &[Do("setup conf"), Dial('3')],
        &[Do("setup conf"), Dial('3'), Answered],
        &[Do("setup conf"), Dial('3'), Answered, Called],
        &[Do("setup conf"), Dial('3'), Answered, Do("add")],
        &[Do("setup conf"), Dial('3'), Answered, Do("add"), Do("prepare")],
        &[Do("setup conf"), Dial('3'), Answered, Do("add"), Do("prepare"), Dial('3'), Answered, Do("add")],
        // Services.
        &[Make('1'), Do("call back")],
        &[Make('1'), Do("call back"), Do("drop")],
        &[Make('3'), Do("call back"), Do("drop")],
        &[Do("pick up group")],
        &[Do("pick up")],
        &[Do("unpark")],
        &[Do("unpark"), Do("consult"), Dial('3'), Answered],
    ]
};

/// Random steps at the end of a way that did not lead to what was looked for.
const WANDERED: u32 = 12;
/// How often each way is gone for its own sake.
const ROUNDS: u32 = 3;

/// What is known of the ways.
#[derive(Debug, Default)]
pub(super) struct Guide {
    /// How often each cell was looked for on each way, and found. The first times each way is gone for all cells at once.
    known: BTreeMap<Cell, [(f64, f64); WAYS.len()]>,
    gone: usize,
}

impl Guide {
    /// Whether ways are still gone for their own sake.
    pub(super) fn explores(&self) -> bool {
        self.gone < ROUNDS as usize * WAYS.len()
    }

    /// The way that is gone next for this cell: mostly the shortest that leads there, now and then another.
    fn way(&mut self, to: Cell, random: &mut Random) -> usize {
        if random.next(12) == 0 {
            return random.next(WAYS.len());
        }
        let known = self.known.entry(to).or_insert([(0.0, 0.0); WAYS.len()]);
        let promise = |way: usize| {
            let (tries, hits) = known[way];
            (hits + 0.02) / (tries + f64::from(ROUNDS)) / (WAYS[way].len() + 2) as f64
        };
        (0..WAYS.len()).max_by(|a, b| promise(*a).total_cmp(&promise(*b))).unwrap_or(0)
    }

    /// A way was gone: for this cell, if it was looked for; and how surely the way has led there.
    fn learn(&mut self, to: Cell, way: usize, looked_for: bool, found: f64) {
        let known = self.known.entry(to).or_insert([(0.0, 0.0); WAYS.len()]);
        known[way].0 += f64::from(u8::from(looked_for));
        known[way].1 += found;
    }
}

impl World {
    /// Goes one way. False when there is nothing to go for any more.
    pub(super) fn steered(&mut self, guide: &mut Guide) -> bool {
        self.tidy();
        self.tally.seen.clear();
        // First each way for its own sake: what is announced there is what there is.
        if guide.explores() {
            let way = guide.gone % WAYS.len();
            guide.gone += 1;
            for step in WAYS[way] {
                self.make_move(*step, None);
            }
            for cell in core::mem::take(&mut self.tally.seen) {
                guide.learn(cell, way, false, 1.0);
            }
            self.linger();
            for cell in &self.tally.seen {
                guide.learn(*cell, way, false, 0.1);
            }
            return true;
        }
        let missing: Vec<_> = self.tally.missing().map(|(cell, _)| cell).collect();
        let Some(to) = self.random.one(&missing) else { return false };
        let way = guide.way(to, &mut self.random);
        let mut found = self.enters(Some(to));
        for step in WAYS[way] {
            found = found || self.make_move(*step, Some(to));
        }
        guide.learn(to, way, true, f64::from(u8::from(found)));
        // No way is known, or none was gone far enough: chance may do it.
        for _ in 0..if found { 0 } else { WANDERED } {
            self.step();
            if self.enters(Some(to)) {
                break;
            }
        }
        self.linger();
        true
    }

    /// The host closes all calls, and the line becomes idle.
    fn tidy(&mut self) {
        let open: Vec<_> = self.calls.keys().copied().collect();
        for call in open {
            self.close(call);
        }
        // Nothing may keep a line from becoming idle for more than two minutes.
        for _ in 0..120 {
            self.board.gives_up();
            self.calm(None);
            if self.announced().iter().any(|(cell, _)| cell.operation == "make") {
                return;
            }
            self.tally.steps += 1;
            self.wait(1_000);
            let offered: Vec<_> = self.calls.keys().copied().collect();
            for call in offered {
                self.close(call);
            }
        }
        self.fail("the line does not become idle");
    }

    /// Does something, and lets happen what follows. True when the cell that is looked for was entered on the way.
    fn make_move(&mut self, step: Move, to: Option<Cell>) -> bool {
        self.tally.steps += 1;
        match step {
            Move::Do(operation) => {
                let possible = self.announced();
                if let Some(&(_, call)) = possible.iter().find(|(cell, _)| cell.operation == operation) {
                    self.perform(operation, call);
                }
            }
            Move::Make(kind) => self.make(Some(kind)),
            Move::OffHook => self.make_blank(),
            Move::Dial(kind) => {
                let blank = self.in_state(|_| true).into_iter().find(|call| self.is_blank(*call));
                if let Some(call) = blank {
                    self.dial(call, Some(kind));
                }
            }
            Move::Answered => self.board.answers(),
            Move::Called => {
                let number = self.number(None);
                self.board.calls(&number);
            }
            Move::Gone => self.board.far_end_goes(),
        }
        self.drain();
        self.calm(to)
    }

    /// Everything takes its course until nothing is under way. True when the cell that is looked for was entered.
    fn calm(&mut self, to: Option<Cell>) -> bool {
        for _ in 0..60 {
            if self.enters(to) {
                return true;
            }
            self.tally.steps += 1;
            if !self.tick() {
                if self.board.look().settled && self.provider.is_at_rest(DEVICE) && !self.is_asked() {
                    break;
                }
                self.wait(500);
            }
            self.compare();
        }
        self.enters(to)
    }

    /// Enters this cell, if it is announced now; before that whatever leaves the calls as they are.
    fn enters(&mut self, to: Option<Cell>) -> bool {
        let all = self.announced();
        let Some(to) = to else { return false };
        let here: Vec<_> = all.iter().filter(|(cell, _)| *cell == to).map(|(_, call)| *call).collect();
        let Some(call) = self.random.one(&here) else { return false };
        let before = self.tally.entered(to);
        self.wish_all(&all);
        if !is_media(to.operation) {
            self.tally.steps += 1;
            self.perform(to.operation, call);
        }
        self.tally.entered(to) > before
    }

    /// Whatever leaves the calls as they are and was entered too seldom.
    fn wish_all(&mut self, of: &[(Cell, Option<CallHandle>)]) {
        for (cell, call) in of.iter().filter(|(cell, _)| is_media(cell.operation)) {
            if self.tally.entered(*cell) < ENTERED {
                self.tally.steps += 1;
                self.perform(cell.operation, *call);
            }
        }
    }

    /// Stays where a way has led: what was entered too seldom is entered, and what follows may be looked at midway.
    fn linger(&mut self) {
        for _ in 0..self.random.next(6) {
            let mut possible = self.announced();
            possible.retain(|(cell, _)| self.tally.entered(*cell) < ENTERED);
            self.wish_all(&possible);
            possible.retain(|(cell, _)| !is_media(cell.operation));
            let least = possible.iter().min_by_key(|(cell, _)| self.tally.entered(*cell));
            let Some(&(cell, call)) = least else { break };
            self.tally.steps += 1;
            self.perform(cell.operation, call);
            if self.random.next(3) == 0 {
                for _ in 0..self.random.next(8) {
                    self.tick();
                    self.tally.steps += 1;
                }
            } else {
                self.calm(None);
            }
            self.compare();
        }
    }
}
