//! The writer over a host's variable-size block.
//!
//! The published rules: the caller's `dwTotalSize` is never changed and nothing behind it is touched; the fixed part is
//! that of the version asked for; `dwNeededSize` and `dwUsedSize` are exact; fields that belong to the host stay as they
//! were found; a variable part is there whole, or its size and offset are 0 and only `dwNeededSize` tells of it. Parts
//! begin at multiples of four.

use super::types::{DWORD, Structure};
use loopstart_provider::LineErr;
use std::mem::MaybeUninit;
use std::ops::Range;

/// Offsets of the three leading fields.
const TOTAL: usize = 0;
const NEEDED: usize = 4;
const USED: usize = 8;
const HEAD: usize = 12;

/// A structure on its way into the caller's block. Nothing of the block is ever read.
#[derive(Debug)]
pub(crate) struct VarBuf<'a> {
    block: &'a mut [MaybeUninit<u8>],
    fixed: usize,
    needed: usize,
    used: usize,
}

impl<'a> VarBuf<'a> {
    /// Begins the fixed part of `version` in a block of the caller's `dwTotalSize` bytes, all zero but what belongs to
    /// the host (`keep`: byte ranges).
    ///
    /// # Errors
    /// `STRUCTURETOOSMALL` when the fixed part does not fit; nothing is written then.
    pub(crate) fn new(
        block: &'a mut [MaybeUninit<u8>],
        layout: &Structure,
        version: u32,
        keep: &[Range<usize>],
    ) -> Result<Self, LineErr> {
        let fixed = layout.fixed_size(version);
        let head = block.get_mut(..fixed).ok_or(LineErr::STRUCTURETOOSMALL)?;
        for (at, byte) in head.iter_mut().enumerate().skip(HEAD) {
            if !keep.iter().any(|k| k.contains(&at)) {
                byte.write(0);
            }
        }
        Ok(Self { block, fixed, needed: fixed, used: fixed })
    }

    /// A field of the fixed part. One that the version does not have is left out.
    pub(crate) fn dword(&mut self, offset: usize, value: DWORD) {
        self.bytes(offset, &value.to_ne_bytes());
    }

    /// An aggregate of the fixed part. One that the version does not have is left out.
    pub(crate) fn bytes(&mut self, offset: usize, bytes: &[u8]) {
        debug_assert!(offset > TOTAL + 3, "dwTotalSize is the caller's");
        if offset.saturating_add(bytes.len()) <= self.fixed {
            self.store(offset, bytes);
        }
    }

    /// A variable part with its pair of size and offset fields (the offset field follows the size field).
    pub(crate) fn part(&mut self, size_field: usize, bytes: &[u8]) {
        if bytes.is_empty() || size_field + 8 > self.fixed {
            return;
        }
        self.needed = self.needed.next_multiple_of(4) + bytes.len();
        let at = self.used.next_multiple_of(4);
        let Some(end) = at.checked_add(bytes.len()).filter(|&end| end <= self.block.len()) else { return };
        let (Ok(size), Ok(offset)) = (DWORD::try_from(bytes.len()), DWORD::try_from(at)) else { return };
        for gap in self.used..at {
            self.store(gap, &[0]);
        }
        self.store(at, bytes);
        self.dword(size_field, size);
        self.dword(size_field + 4, offset);
        self.used = end;
    }

    /// An array whose elements carry pairs of size and offset of their own: `rows` are the elements, of `row` bytes each,
    /// and every text belongs to the pair at a place of the array. Offsets count from the start of the structure. The size
    /// field is that of the array alone; the texts lie behind it. All of it is there, or nothing.
    pub(crate) fn table(&mut self, size_field: usize, rows: &[u8], texts: &[(usize, Vec<u8>)]) {
        let used = self.used;
        let base = used.next_multiple_of(4);
        let mut block = rows.to_vec();
        for (place, text) in texts.iter().filter(|(_, text)| !text.is_empty()) {
            block.resize(block.len().next_multiple_of(4), 0);
            let (size, offset) = (text.len() as DWORD, (base + block.len()) as DWORD);
            if let Some(pair) = block.get_mut(*place..*place + 8) {
                pair[..4].copy_from_slice(&size.to_ne_bytes());
                pair[4..].copy_from_slice(&offset.to_ne_bytes());
            }
            block.extend_from_slice(text);
        }
        self.part(size_field, &block);
        if self.used > used {
            self.dword(size_field, rows.len() as DWORD);
        }
    }

    /// Whether a part of so many bytes fits.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        self.used.next_multiple_of(4).saturating_add(bytes) <= self.block.len()
    }

    /// A text as UTF-16 with its NUL, counted. An empty text is an absent part.
    pub(crate) fn text(&mut self, size_field: usize, text: &str) {
        if !text.is_empty() {
            self.part(size_field, &super::wide::bytes_with_nul(text));
        }
    }

    /// Writes what was needed and used.
    pub(crate) fn finish(mut self) {
        self.bytes(NEEDED, &DWORD::try_from(self.needed).unwrap_or(DWORD::MAX).to_ne_bytes());
        self.bytes(USED, &DWORD::try_from(self.used).unwrap_or(DWORD::MAX).to_ne_bytes());
    }

    fn store(&mut self, at: usize, bytes: &[u8]) {
        if let Some(place) = self.block.get_mut(at..at + bytes.len()) {
            for (to, from) in place.iter_mut().zip(bytes) {
                to.write(*from);
            }
        }
    }
}

#[cfg(test)]
#[allow(unsafe_code)]
mod tests {
    use super::*;
    use crate::tspi::types::{LINEADDRESSSTATUS, LINECALLINFO, LINEDEVCAPS, VARSTRING};
    use std::mem::offset_of;

    const CANARY: u8 = 0xa5;

    /// Lets `fill` write into a block of `total` bytes; the block afterwards, checked for what lies behind it.
    fn written(
        total: usize,
        layout: &Structure,
        version: u32,
        keep: &[Range<usize>],
        fill: impl FnOnce(&mut VarBuf<'_>),
    ) -> Result<Vec<u8>, LineErr> {
        let mut memory = vec![MaybeUninit::new(CANARY); total + 64];
        let result = VarBuf::new(&mut memory[..total], layout, version, keep).map(|mut buf| {
            fill(&mut buf);
            buf.finish();
        });
        // SAFETY: every byte was initialised with the canary.
        let bytes: Vec<u8> = memory.iter().map(|b| unsafe { b.assume_init() }).collect();
        assert!(bytes[total..].iter().all(|&b| b == CANARY), "wrote behind {total} bytes");
        if result.is_err() {
            assert!(bytes.iter().all(|&b| b == CANARY), "wrote although it failed");
        } else {
            assert!(bytes[..4].iter().all(|&b| b == CANARY), "dwTotalSize is the caller's");
        }
        result.map(|()| bytes[..total].to_vec())
    }

    fn dword(block: &[u8], at: usize) -> usize {
        u32::from_ne_bytes(block[at..at + 4].try_into().unwrap()) as usize
    }

    /// The parts in the block: pairs of size field and what they must hold.
    fn check(block: &[u8], fixed: usize, parts: &[(usize, Vec<u8>)]) -> usize {
        let (needed, used) = (dword(block, NEEDED), dword(block, USED));
        assert!(used >= fixed && used <= block.len() && used <= needed, "{fixed} {used} {needed} {}", block.len());
        let mut end = fixed;
        for (field, wanted) in parts {
            let (size, offset) = (dword(block, *field), dword(block, field + 4));
            if size == 0 {
                assert_eq!(offset, 0, "an absent part has no offset");
                continue;
            }
            assert_eq!(size, wanted.len(), "parts are whole");
            assert!(offset >= end && offset < end + 4 && offset % 4 == 0, "parts are contiguous");
            assert_eq!(&block[offset..offset + size], &wanted[..]);
            end = offset + size;
        }
        assert_eq!(used, end, "dwUsedSize is exact");
        needed
    }

    #[test]
    fn every_size_from_too_small_to_more_than_enough() {
        let provider_info = offset_of!(LINEDEVCAPS, dwProviderInfoSize);
        let name = offset_of!(LINEDEVCAPS, dwLineNameSize);
        let classes = offset_of!(LINEDEVCAPS, dwDeviceClassesSize);
        let terminal = offset_of!(LINEDEVCAPS, dwTerminalCapsSize);
        let texts = ["a rather long text about the provider", "line 1"];
        let fill = |buf: &mut VarBuf<'_>| {
            buf.text(provider_info, texts[0]);
            buf.dword(offset_of!(LINEDEVCAPS, dwMaxRate), 56_000);
            buf.text(name, texts[1]);
            buf.part(classes, &[1, 2, 3]);
            buf.part(terminal, &[9; 12]);
        };
        for version in [0x0001_0003, 0x0001_0004, 0x0002_0000, 0x0002_0001, 0x0002_0002] {
            let fixed = LINEDEVCAPS::LAYOUT.fixed_size(version);
            let mut parts = vec![
                (provider_info, super::super::wide::bytes_with_nul(texts[0])),
                (name, super::super::wide::bytes_with_nul(texts[1])),
            ];
            if version >= 0x0002_0000 {
                parts.push((classes, vec![1, 2, 3]));
            }
            parts.push((terminal, vec![9; 12]));
            let all = written(4096, &LINEDEVCAPS::LAYOUT, version, &[], fill).unwrap();
            let needed = check(&all, fixed, &parts);
            assert_eq!(dword(&all, USED), needed, "everything fits");
            for total in 0..fixed {
                assert_eq!(
                    written(total, &LINEDEVCAPS::LAYOUT, version, &[], fill).unwrap_err(),
                    LineErr::STRUCTURETOOSMALL
                );
            }
            for total in fixed..needed + 65 {
                let block = written(total, &LINEDEVCAPS::LAYOUT, version, &[], fill).unwrap();
                assert_eq!(check(&block, fixed, &parts), needed, "dwNeededSize does not depend on the size");
                assert_eq!(dword(&block, offset_of!(LINEDEVCAPS, dwMaxRate)), 56_000);
                assert_eq!(dword(&block, USED) == needed, total >= needed);
            }
        }
    }

    #[test]
    fn a_part_that_does_not_fit_leaves_room_for_smaller_ones() {
        let fixed = LINECALLINFO::LAYOUT.fixed_size(0x0002_0002);
        let (first, second) = (offset_of!(LINECALLINFO, dwCallerIDSize), offset_of!(LINECALLINFO, dwCallerIDNameSize));
        let block = written(fixed + 8, &LINECALLINFO::LAYOUT, 0x0002_0002, &[], |buf| {
            buf.part(first, &[7; 20]);
            buf.part(second, &[8; 6]);
        })
        .unwrap();
        assert_eq!((dword(&block, first), dword(&block, first + 4)), (0, 0));
        assert_eq!((dword(&block, second), dword(&block, second + 4)), (6, fixed));
        assert_eq!((dword(&block, NEEDED), dword(&block, USED)), (fixed + 26, fixed + 6));
    }

    #[test]
    fn what_belongs_to_the_host_stays() {
        let owners = offset_of!(LINECALLINFO, dwNumOwners);
        let keep = owners..owners + 4;
        let block = written(400, &LINECALLINFO::LAYOUT, 0x0002_0002, std::slice::from_ref(&keep), |_| {}).unwrap();
        assert!(block[keep.clone()].iter().all(|&b| b == CANARY));
        let fixed = LINECALLINFO::LAYOUT.fixed_size(0x0002_0002);
        assert!((HEAD..fixed).filter(|at| !keep.contains(at)).all(|at| block[at] == 0));
        assert!(block[fixed..].iter().all(|&b| b == CANARY), "nothing behind dwUsedSize");
    }

    #[test]
    fn fields_of_later_versions_are_left_out() {
        let fixed = LINEDEVCAPS::LAYOUT.fixed_size(0x0002_0000);
        let block = written(fixed + 40, &LINEDEVCAPS::LAYOUT, 0x0002_0000, &[], |buf| {
            buf.bytes(offset_of!(LINEDEVCAPS, PermanentLineGuid), &[1; 16]);
            buf.text(offset_of!(LINEDEVCAPS, dwLineNameSize), "x");
        })
        .unwrap();
        assert_eq!(
            dword(&block, offset_of!(LINEDEVCAPS, dwLineNameOffset)),
            fixed,
            "strings follow that version's part"
        );
        assert_eq!(&block[fixed..fixed + 4], [b'x', 0, 0, 0]);
    }

    #[test]
    fn absent_parts() {
        let block = written(64, &VARSTRING::LAYOUT, 0x0002_0002, &[], |buf| buf.text(16, "")).unwrap();
        assert_eq!(&block[NEEDED..24], [24, 0, 0, 0, 24, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn tables_are_whole_with_their_texts_or_absent() {
        let fixed = LINEADDRESSSTATUS::LAYOUT.fixed_size(0x0002_0002);
        let field = offset_of!(LINEADDRESSSTATUS, dwForwardSize);
        let rows: Vec<u8> = [7_u32, 0, 0, 8, 0, 0].iter().flat_map(|d| d.to_ne_bytes()).collect();
        let fill = |buf: &mut VarBuf<'_>| buf.table(field, &rows, &[(4, vec![1; 6]), (16, vec![2; 4])]);
        let all = fixed + 24 + 8 + 4;
        for total in fixed..all + 9 {
            let block = written(total, &LINEADDRESSSTATUS::LAYOUT, 0x0002_0002, &[], fill).unwrap();
            assert_eq!(dword(&block, NEEDED), all);
            if total < all {
                assert_eq!((dword(&block, field), dword(&block, field + 4), dword(&block, USED)), (0, 0, fixed));
                continue;
            }
            assert_eq!((dword(&block, field), dword(&block, field + 4), dword(&block, USED)), (24, fixed, all));
            let row =
                |at: usize| (dword(&block, fixed + at), dword(&block, fixed + at + 4), dword(&block, fixed + at + 8));
            assert_eq!((row(0), row(12)), ((7, 6, fixed + 24), (8, 4, fixed + 32)));
            assert_eq!(block[fixed + 24..all], [1, 1, 1, 1, 1, 1, 0, 0, 2, 2, 2, 2]);
        }
    }
}
