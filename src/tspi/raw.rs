//! What the host passes in: numbers as they are, pointers wrapped so that the rest of the surface is safe code.
//!
//! The interface makes the host promise that a pointer is null or good for what the function does with it. That promise
//! is taken once, where an exported function receives its arguments; whether null is allowed is checked here.
#![allow(unsafe_code)] // The wall is here; see each block.

use super::types::{ASYNC_COMPLETION, DWORD, LINEEVENT, PHONEEVENT};
use super::wide;
use loopstart_provider::LineErr;
use std::mem::MaybeUninit;

/// No block of this interface comes near this size: of a greater output structure no more is used, a greater input is
/// refused and not looked at.
pub(crate) const MAX_BLOCK: usize = 64 * 1024;

/// An argument of an exported function.
pub(crate) trait Argument {
    /// What the implementation gets.
    type Received;

    /// Takes the argument over.
    ///
    /// # Safety
    /// A pointer is null, or good until the function returns for what the interface says the function does with it.
    unsafe fn receive(self) -> Self::Received;
}

macro_rules! plain {
    ($($ty:ty),*) => {
        $(impl Argument for $ty {
            type Received = Self;
            unsafe fn receive(self) -> Self {
                self
            }
        })*
    };
}

plain!(u32, usize, ASYNC_COMPLETION, LINEEVENT, PHONEEVENT);

impl<T> Argument for *mut T {
    type Received = Pointer<T>;
    unsafe fn receive(self) -> Pointer<T> {
        Pointer(self)
    }
}

impl<T> Argument for *const T {
    type Received = Pointer<T>;
    unsafe fn receive(self) -> Pointer<T> {
        Pointer(self.cast_mut())
    }
}

/// A pointer of the host: null, or good for the purpose of its argument (see [`Argument::receive`], which alone makes
/// one). Of any alignment.
#[derive(Debug)]
pub(crate) struct Pointer<T>(*mut T);

impl<T> Clone for Pointer<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Pointer<T> {}

impl<T> Pointer<T> {
    pub(crate) fn is_null(self) -> bool {
        self.0.is_null()
    }

    /// The address, for what lives longer than the call (digit buffers).
    pub(crate) fn address(self) -> *mut T {
        self.0
    }

    /// Itself, where null is forbidden.
    pub(crate) fn required(self) -> Result<Self, LineErr> {
        if self.is_null() { Err(LineErr::INVALPOINTER) } else { Ok(self) }
    }

    /// Stores an answer. Nothing happens when it is null.
    pub(crate) fn put(self, value: T) {
        if !self.is_null() {
            // SAFETY: not null, so the host promised a T to write to; it may be unaligned.
            unsafe { self.0.write_unaligned(value) }
        }
    }

    /// The place so many bytes further on, inside the block.
    pub(crate) fn after(self, bytes: usize) -> Pointer<u8> {
        Pointer(if self.is_null() { std::ptr::null_mut() } else { self.0.cast::<u8>().wrapping_add(bytes) })
    }

    /// Stores bytes at the beginning of a block that is at least as long. Nothing happens when it is null.
    pub(crate) fn put_bytes(self, bytes: &[u8]) {
        if !self.is_null() {
            // SAFETY: not null, so the host promised a block to write to, of a size that the caller compared.
            unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.0.cast(), bytes.len()) }
        }
    }

    /// The block of an output structure: as long as its `dwTotalSize` says.
    pub(crate) fn block(&mut self) -> Result<&mut [MaybeUninit<u8>], LineErr> {
        let this = self.required()?;
        // SAFETY: not null, so the host promised a structure that begins with its size; it may be unaligned.
        let total = unsafe { this.0.cast::<DWORD>().read_unaligned() } as usize;
        // SAFETY: the host promised `total` bytes to write to, for the time of the call; no other reference to them
        // exists, and bytes that may be uninitialised are typed so. Cutting the length keeps it inside.
        Ok(unsafe { std::slice::from_raw_parts_mut(this.0.cast(), total.min(MAX_BLOCK)) })
    }

    /// A copy of an input structure: as long as its `dwTotalSize` says.
    ///
    /// # Errors
    /// `wrong` when it is shorter than `least` or absurdly long.
    pub(crate) fn input(self, least: usize, wrong: LineErr) -> Result<Vec<u8>, LineErr> {
        let this = self.required()?;
        // SAFETY: as in `block`.
        let total = unsafe { this.0.cast::<DWORD>().read_unaligned() } as usize;
        if total < least || total > MAX_BLOCK {
            return Err(wrong);
        }
        this.bytes(total, wrong)
    }

    /// A copy of `length` bytes.
    ///
    /// # Errors
    /// `INVALPOINTER`, unless there are none; `wrong` when they are absurdly many.
    pub(crate) fn bytes(self, length: usize, wrong: LineErr) -> Result<Vec<u8>, LineErr> {
        if length == 0 {
            return Ok(Vec::new());
        }
        let this = self.required()?;
        if length > MAX_BLOCK {
            return Err(wrong);
        }
        // SAFETY: the host promised `length` readable bytes.
        Ok(unsafe { std::slice::from_raw_parts(this.0.cast::<u8>(), length) }.to_vec())
    }
}

impl<T: Copy> Pointer<T> {
    /// Copies of the elements of a list; none when the pointer is null.
    ///
    /// # Errors
    /// `wrong` when they are absurdly many.
    pub(crate) fn list(self, count: DWORD, wrong: LineErr) -> Result<Option<Vec<T>>, LineErr> {
        if self.is_null() {
            return Ok(None);
        }
        let count = count as usize;
        if count.checked_mul(size_of::<T>()).is_none_or(|bytes| bytes > MAX_BLOCK) {
            return Err(wrong);
        }
        // SAFETY: the host promised `count` elements to read; they may be unaligned.
        Ok(Some((0..count).map(|at| unsafe { self.0.add(at).read_unaligned() }).collect()))
    }

    /// A copy of what it points to; none when it is null.
    pub(crate) fn read(self) -> Option<T> {
        // SAFETY: not null, so the host promised a T to read; it may be unaligned.
        (!self.is_null()).then(|| unsafe { self.0.read_unaligned() })
    }
}

impl Pointer<u16> {
    /// The NUL-terminated text; none when the pointer is null.
    ///
    /// # Errors
    /// `wrong` when it is not UTF-16 or no NUL comes within [`wide::MAX_UNITS`].
    pub(crate) fn text(self, wrong: LineErr) -> Result<Option<String>, LineErr> {
        if self.is_null() {
            return Ok(None);
        }
        let mut units = Vec::new();
        for at in 0..wide::MAX_UNITS {
            // SAFETY: the host promised a string with a NUL; every unit before this one was none, so this one is still
            // inside the string.
            let unit = unsafe { self.0.add(at).read_unaligned() };
            if unit == 0 {
                return wide::decode(&units, wrong).map(Some);
            }
            units.push(unit);
        }
        Err(wrong)
    }
}

/// The address of a place of ours, for a callback's parameter.
pub(crate) fn address_of<T>(place: &mut T) -> usize {
    std::ptr::from_mut(place).expose_provenance()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received<T>(pointer: *mut T) -> Pointer<T> {
        // SAFETY: the tests pass pointers to their own variables, or null.
        unsafe { pointer.receive() }
    }

    #[test]
    fn null_is_told() {
        let null = received(std::ptr::null_mut::<u16>());
        assert_eq!(null.required().unwrap_err(), LineErr::INVALPOINTER);
        assert_eq!(null.text(LineErr::INVALADDRESS), Ok(None));
        assert_eq!(null.read(), None);
        null.put(1);
        let mut block = received(std::ptr::null_mut::<u32>());
        assert_eq!(block.block().unwrap_err(), LineErr::INVALPOINTER);
        assert_eq!(block.input(4, LineErr::INVALCALLPARAMS), Err(LineErr::INVALPOINTER));
    }

    #[test]
    fn unaligned_places() {
        let mut bytes = [0_u8; 9];
        let odd = received(bytes[1..].as_mut_ptr().cast::<u32>());
        odd.put(0x0403_0201);
        assert_eq!(odd.read(), Some(0x0403_0201));
        let mut text: Vec<u8> = std::iter::once(7).chain(wide::bytes_with_nul("12#")).collect();
        let odd = received(text[1..].as_mut_ptr().cast::<u16>());
        assert_eq!(odd.text(LineErr::INVALADDRESS).unwrap().as_deref(), Some("12#"));
    }

    #[test]
    fn a_string_without_end_is_refused() {
        let mut units = vec![u16::from(b'1'); wide::MAX_UNITS];
        assert_eq!(received(units.as_mut_ptr()).text(LineErr::INVALADDRESS), Err(LineErr::INVALADDRESS));
        units[wide::MAX_UNITS - 1] = 0;
        assert_eq!(
            received(units.as_mut_ptr()).text(LineErr::INVALADDRESS).unwrap().unwrap().len(),
            wide::MAX_UNITS - 1
        );
    }

    #[test]
    fn blocks_are_as_long_as_they_say() {
        let mut words = [12_u32, 1, 2, 3];
        let mut pointer = received(words.as_mut_ptr());
        assert_eq!(pointer.block().unwrap().len(), 12);
        assert_eq!(pointer.input(12, LineErr::INVALCALLPARAMS).unwrap().len(), 12);
        assert_eq!(pointer.input(13, LineErr::INVALCALLPARAMS), Err(LineErr::INVALCALLPARAMS));
        words[0] = MAX_BLOCK as u32 + 1;
        assert_eq!(received(words.as_mut_ptr()).input(12, LineErr::INVALCALLPARAMS), Err(LineErr::INVALCALLPARAMS));
        words[0] = u32::MAX;
        assert_eq!(received(words.as_mut_ptr()).input(12, LineErr::INVALCALLPARAMS), Err(LineErr::INVALCALLPARAMS));
    }

    #[test]
    fn lists_are_bounded() {
        let mut words = [1_u32, 2, 3];
        let list = received(words.as_mut_ptr());
        assert_eq!(list.list(2, LineErr::INVALTONE), Ok(Some(vec![1, 2])));
        assert_eq!(list.list(0, LineErr::INVALTONE), Ok(Some(vec![])));
        let beyond = MAX_BLOCK as u32 / 4 + 1;
        for count in [beyond, u32::MAX] {
            assert_eq!(list.list(count, LineErr::INVALTONE), Err(LineErr::INVALTONE));
        }
        assert_eq!(received(std::ptr::null_mut::<u32>()).list(u32::MAX, LineErr::INVALTONE), Ok(None));
    }

    #[test]
    fn bytes_of_a_size() {
        let mut block = [1_u8, 2, 3, 4];
        let pointer = received(block.as_mut_ptr());
        assert_eq!(pointer.bytes(3, LineErr::INVALPARAM), Ok(vec![1, 2, 3]));
        assert_eq!(pointer.bytes(MAX_BLOCK + 1, LineErr::INVALPARAM), Err(LineErr::INVALPARAM));
        pointer.put_bytes(&[9, 8]);
        assert_eq!(block, [9, 8, 3, 4]);
        let null = received(std::ptr::null_mut::<u8>());
        assert_eq!(null.bytes(0, LineErr::INVALPARAM), Ok(vec![]));
        assert_eq!(null.bytes(1, LineErr::INVALPARAM), Err(LineErr::INVALPOINTER));
    }
}
