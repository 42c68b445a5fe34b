//! Generational slots: a handle names a slot and the generation that lived there when it was given out.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// Most entries of one kind: what a handle can name.
pub(crate) const MAX_SLOTS: usize = 4096;

#[derive(Debug)]
struct Entry<T> {
    generation: u16,
    value: Option<T>,
}

/// At most [`MAX_SLOTS`] values. Freed slots are used again in the order they were freed, so that a stale handle
/// stays recognisable for as long as possible.
#[derive(Debug)]
pub(crate) struct Slots<T> {
    entries: Vec<Entry<T>>,
    free: VecDeque<u16>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), free: VecDeque::new() }
    }
}

impl<T> Slots<T> {
    /// Puts a value in and tells slot and generation; gives it back when all slots are taken.
    pub(crate) fn insert(&mut self, value: T) -> Result<(u16, u16), T> {
        if let Some(slot) = self.free.pop_front()
            && let Some(entry) = self.entries.get_mut(usize::from(slot))
        {
            entry.generation = entry.generation.checked_add(1).unwrap_or(1);
            entry.value = Some(value);
            return Ok((slot, entry.generation));
        }
        if self.entries.len() >= MAX_SLOTS {
            return Err(value);
        }
        let slot = self.entries.len() as u16;
        self.entries.push(Entry { generation: 1, value: Some(value) });
        Ok((slot, 1))
    }

    /// The value, if that generation still lives.
    pub(crate) fn get(&self, slot: usize, generation: u16) -> Option<&T> {
        self.entries.get(slot).filter(|e| e.generation == generation)?.value.as_ref()
    }

    /// The value, if that generation still lives.
    pub(crate) fn get_mut(&mut self, slot: usize, generation: u16) -> Option<&mut T> {
        self.entries.get_mut(slot).filter(|e| e.generation == generation)?.value.as_mut()
    }

    /// Takes the value out; its handle is stale from now on.
    pub(crate) fn remove(&mut self, slot: usize, generation: u16) -> Option<T> {
        let value = self.entries.get_mut(slot).filter(|e| e.generation == generation)?.value.take()?;
        self.free.push_back(slot as u16);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_value_cannot_be_reached_again() {
        let mut slots = Slots::default();
        let Ok((slot, generation)) = slots.insert('a') else { panic!("no room") };
        assert_eq!(slots.remove(slot.into(), generation), Some('a'));
        assert_eq!(slots.remove(slot.into(), generation), None);
        let Ok((again, next)) = slots.insert('b') else { panic!("no room") };
        assert_eq!((again, next), (slot, generation + 1));
        assert_eq!(slots.get(slot.into(), generation), None);
        assert_eq!(slots.get(slot.into(), next), Some(&'b'));
        assert_eq!(slots.get(4095, 7), None);
    }

    #[test]
    fn room_ends_at_the_limit() {
        let mut slots = Slots::default();
        for i in 0..MAX_SLOTS {
            assert!(slots.insert(i).is_ok());
        }
        assert_eq!(slots.insert(9), Err(9));
        assert_eq!(slots.remove(17, 1), Some(17));
        assert_eq!(slots.insert(9), Ok((17, 2)));
    }
}
