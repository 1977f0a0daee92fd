//! A byte buffer whose start lies on a cache line.
#![expect(unsafe_code, reason = "asks for zeroed memory that may be refused")]

use std::alloc::{Layout, alloc_zeroed};

/// Bytes of one cache line, and of one 512-bit load.
pub(crate) const LINE_BYTES: usize = 64;

/// Bytes that start on a cache line.
#[derive(Default)]
pub(crate) struct AlignedBytes {
    /// With room for a start on any byte of a line. Never moves.
    bytes: Box<[u8]>,
    start: usize,
    len: usize,
}

impl AlignedBytes {
    /// Zeroes as they come from the system, whose memory is backed when it is written; `None` if
    /// there is not so much. An aligned allocation would be zeroed by writing all of it.
    pub(crate) fn zeroed(len: usize) -> Option<AlignedBytes> {
        let room = len.checked_add(LINE_BYTES)?;
        let layout = Layout::array::<u8>(room).ok()?;
        // SAFETY: the layout has at least one line.
        let pointer = unsafe { alloc_zeroed(layout) };
        if pointer.is_null() {
            return None;
        }
        // SAFETY: the pointer was just allocated by the global allocator for `room` bytes, all of
        // which are initialised with zeroes.
        let bytes = unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(pointer, room)) };
        let start = bytes.as_ptr().align_offset(LINE_BYTES).min(LINE_BYTES);
        Some(AlignedBytes { bytes, start, len })
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[self.start..][..self.len]
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..][..self.len]
    }
}

impl std::fmt::Debug for AlignedBytes {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("AlignedBytes").field("len", &self.len).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_start_on_a_line_and_are_zero() {
        for len in [0, 1, 63, 64, 65, 5000] {
            let mut bytes = AlignedBytes::zeroed(len).expect("memory");
            assert_eq!(bytes.as_slice(), vec![0; len]);
            assert!(bytes.as_slice().as_ptr().addr().is_multiple_of(LINE_BYTES));
            bytes.as_mut_slice().fill(1);
        }
    }
}
