//! The next deadline of many lines: a binary heap with a place for each line, so that changing one line's deadline
//! costs the logarithm of the number of lines and the next one is always at hand. Grows only when a line is added.

use loopstart_signal::Time;

/// See the module's text. Lines are named by slot number.
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    /// Deadline of each slot, while it is in the heap.
    due: Vec<Option<Time>>,
    /// Slots, the earliest first in heap order.
    heap: Vec<u32>,
    /// Where each slot is in the heap.
    place: Vec<u32>,
}

impl Deadlines {
    /// Makes room for slot numbers below `slots`.
    pub(crate) fn grow(&mut self, slots: usize) {
        if slots > self.due.len() {
            self.due.resize(slots, None);
            self.place.resize(slots, 0);
            self.heap.reserve(slots - self.heap.len());
        }
    }

    /// Sets or clears the deadline of a slot.
    pub(crate) fn set(&mut self, slot: usize, due: Option<Time>) {
        let Some(entry) = self.due.get_mut(slot) else { return };
        let before = std::mem::replace(entry, due);
        match (before, due) {
            (None, None) => {}
            (None, Some(_)) => {
                let at = self.heap.len();
                self.heap.push(slot as u32);
                self.place[slot] = at as u32;
                self.up(at);
            }
            (Some(_), None) => {
                let at = self.place[slot] as usize;
                self.heap.swap_remove(at);
                if at < self.heap.len() {
                    self.place[self.heap[at] as usize] = at as u32;
                    self.up(at);
                    self.down(at);
                }
            }
            (Some(old), Some(new)) => {
                let at = self.place[slot] as usize;
                if new < old {
                    self.up(at);
                } else {
                    self.down(at);
                }
            }
        }
    }

    /// The earliest deadline and its slot.
    pub(crate) fn next(&self) -> Option<(Time, usize)> {
        let slot = *self.heap.first()? as usize;
        Some((self.due[slot]?, slot))
    }

    fn earlier(&self, a: usize, b: usize) -> bool {
        self.due[self.heap[a] as usize] < self.due[self.heap[b] as usize]
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.heap.swap(a, b);
        self.place[self.heap[a] as usize] = a as u32;
        self.place[self.heap[b] as usize] = b as u32;
    }

    fn up(&mut self, mut at: usize) {
        while at > 0 && self.earlier(at, (at - 1) / 2) {
            self.swap(at, (at - 1) / 2);
            at = (at - 1) / 2;
        }
    }

    fn down(&mut self, mut at: usize) {
        loop {
            let mut least = at;
            for child in [2 * at + 1, 2 * at + 2] {
                if child < self.heap.len() && self.earlier(child, least) {
                    least = child;
                }
            }
            if least == at {
                return;
            }
            self.swap(at, least);
            at = least;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_a_plain_search(steps in proptest::collection::vec((0usize..20, proptest::option::of(0u64..50)), 0..200)) {
            let mut deadlines = Deadlines::default();
            deadlines.grow(20);
            let mut plain = [None; 20];
            for (slot, due) in steps {
                let due = due.map(Time::from_millis);
                deadlines.set(slot, due);
                plain[slot] = due;
                prop_assert_eq!(deadlines.next().map(|n| n.0), plain.iter().flatten().min().copied());
                if let Some((due, slot)) = deadlines.next() {
                    prop_assert_eq!(plain[slot], Some(due));
                }
            }
        }
    }
}
