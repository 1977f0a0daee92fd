//! A growing byte buffer whose start lies on a cache line.
#![expect(unsafe_code, reason = "views whole cache lines as bytes")]

use std::collections::TryReserveError;

/// Bytes of one cache line, and of one 512-bit load.
pub(crate) const LINE_BYTES: usize = 64;

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; LINE_BYTES]);

/// Bytes that start on a cache line. Memory is reserved once and touched as it is filled.
pub(crate) struct AlignedBytes {
    lines: Vec<Line>,
}

impl AlignedBytes {
    /// Reserves room for `bytes` without touching it.
    pub(crate) fn reserve(bytes: usize) -> Result<AlignedBytes, TryReserveError> {
        let mut lines = Vec::new();
        lines.try_reserve_exact(bytes.div_ceil(LINE_BYTES))?;
        Ok(AlignedBytes { lines })
    }

    /// Grows with zeroes to at least `bytes`; shrinks never.
    pub(crate) fn grow_to(&mut self, bytes: usize) {
        let count = bytes.div_ceil(LINE_BYTES);
        if count > self.lines.len() {
            self.lines.resize(count, Line([0; LINE_BYTES]));
        }
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        let pointer = self.lines.as_ptr().cast::<u8>();
        // SAFETY: a `Line` is 64 initialised bytes without padding, and the vector owns
        // `len` of them in a row; any byte may be read as `u8`.
        unsafe { std::slice::from_raw_parts(pointer, self.lines.len() * LINE_BYTES) }
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [u8] {
        let pointer = self.lines.as_mut_ptr().cast::<u8>();
        // SAFETY: as in `as_slice`; the exclusive borrow is passed on, and every byte value
        // is valid in a `Line`.
        unsafe { std::slice::from_raw_parts_mut(pointer, self.lines.len() * LINE_BYTES) }
    }
}
