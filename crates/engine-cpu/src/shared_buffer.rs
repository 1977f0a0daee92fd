//! Memory that several workers write at once, each its own part.
#![expect(unsafe_code, reason = "disjoint parts are proven by the phases of the forward pass")]

use std::{cell::UnsafeCell, ops::Range};

/// A buffer whose parts are written by different workers between two barriers.
pub(crate) struct SharedBuffer<T> {
    cells: Box<[UnsafeCell<T>]>,
}

// SAFETY: every access goes through an unsafe function whose caller promises that no other worker
// touches the same part in the same phase.
unsafe impl<T: Send + Sync> Sync for SharedBuffer<T> {}

impl<T> Default for SharedBuffer<T> {
    fn default() -> Self {
        Self { cells: Box::default() }
    }
}

impl<T: Copy + Default> SharedBuffer<T> {
    /// The memory comes zeroed from the system and is only backed once it is written.
    pub(crate) fn new(len: usize) -> Self {
        let values = vec![T::default(); len].into_boxed_slice();
        let raw = Box::into_raw(values) as *mut [UnsafeCell<T>];
        // SAFETY: `UnsafeCell<T>` has the layout of `T`, and the box was just taken apart.
        Self { cells: unsafe { Box::from_raw(raw) } }
    }

    /// Makes room for `len` values; what was in the buffer is lost when it grows.
    pub(crate) fn fit(&mut self, len: usize) {
        if self.cells.len() < len {
            *self = Self::new(len);
        }
    }

    pub(crate) fn get_mut(&mut self) -> &mut [T] {
        let len = self.cells.len();
        // SAFETY: the borrow is exclusive.
        unsafe { self.write(0..len) }
    }
}

impl<T> SharedBuffer<T> {
    pub(crate) fn from_values(values: impl IntoIterator<Item = T>) -> Self {
        Self { cells: values.into_iter().map(UnsafeCell::new).collect() }
    }

    pub(crate) fn len(&self) -> usize {
        self.cells.len()
    }

    /// # Safety
    /// No worker writes any part of `range` while the slice lives.
    pub(crate) unsafe fn read(&self, range: Range<usize>) -> &[T] {
        let cells = &self.cells[range];
        // SAFETY: in bounds by the line above; not written, as the caller promises.
        unsafe { std::slice::from_raw_parts(cells.as_ptr().cast::<T>(), cells.len()) }
    }

    /// # Safety
    /// No other worker reads or writes any part of `range` while the slice lives.
    #[expect(clippy::mut_from_ref, reason = "this is what the buffer is for")]
    pub(crate) unsafe fn write(&self, range: Range<usize>) -> &mut [T] {
        let cells = &self.cells[range];
        // SAFETY: in bounds by the line above; exclusive, as the caller promises; `UnsafeCell`
        // allows the write through a shared reference.
        unsafe {
            std::slice::from_raw_parts_mut(cells.as_ptr().cast::<T>().cast_mut(), cells.len())
        }
    }

    /// # Safety
    /// No other worker uses the value at `index` while the reference lives.
    #[expect(clippy::mut_from_ref, reason = "this is what the buffer is for")]
    pub(crate) unsafe fn slot(&self, index: usize) -> &mut T {
        // SAFETY: as the caller promises.
        unsafe { &mut *self.cells[index].get() }
    }

    /// The start of the buffer, for kernels that write a strided part of it.
    pub(crate) fn as_mut_ptr(&self) -> *mut T {
        UnsafeCell::raw_get(self.cells.as_ptr())
    }
}
