//! Many lines side by side.

use super::{Event, LineDecoder, SLICE, Stage};
use crate::country::Country;
use alloc::vec::Vec;

/// Decodes many lines side by side: receiver by receiver, so that each one's tables and code stay close to the processor
/// while all lines pass.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    lines: Vec<LineDecoder>,
    /// Which lines take the present slice receiver by receiver.
    together: Vec<bool>,
}

impl Lines {
    /// So many lines in `country`, each listening to everything.
    pub fn new(country: &'static Country, count: usize) -> Self {
        let mut lines = Self::default();
        (0..count).for_each(|_| lines.push(LineDecoder::new(country)));
        lines
    }

    /// Adds a line, which may be one that was decoded alone before.
    pub fn push(&mut self, line: LineDecoder) {
        self.lines.push(line);
        self.together.push(false);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// One line, to change what it listens for.
    pub fn line(&mut self, index: usize) -> Option<&mut LineDecoder> {
        self.lines.get_mut(index)
    }

    /// Takes samples of each line: `blocks` has a block for each of the first lines, of any sizes, empty for a line that has
    /// none. Events come with the index of their line; each line's are those of [`LineDecoder::process`].
    pub fn process(&mut self, blocks: &[&[i16]], sink: &mut impl FnMut(usize, Event<'_>)) {
        let longest = blocks.iter().map(|b| b.len()).max().unwrap_or(0);
        for from in (0..longest).step_by(SLICE) {
            let part =
                |block: &&'_ [i16]| -> (usize, usize) { (from.min(block.len()), (from + SLICE).min(block.len())) };
            let parts = || blocks.iter().map(|b| b.get(part(b).0..part(b).1).unwrap_or_default()).enumerate();
            for (((i, samples), line), together) in parts().zip(&mut self.lines).zip(&mut self.together) {
                *together = line.takes_whole(samples);
                if !*together {
                    line.process(samples, &mut |e| sink(i, e));
                }
            }
            for stage in Stage::ALL {
                let mut lines =
                    parts().zip(&mut self.lines).zip(&self.together).filter(|(_, together)| **together).peekable();
                while let Some((((i, samples), line), _)) = lines.next() {
                    if let Some(((_, next), _)) = lines.peek() {
                        next.fetch(stage);
                    }
                    line.stage(stage, samples, &mut |e| sink(i, e));
                }
            }
            for (((_, samples), line), together) in parts().zip(&mut self.lines).zip(&self.together) {
                if *together {
                    line.advance(samples.len());
                }
            }
        }
    }
}
