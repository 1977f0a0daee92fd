//! How far a load has come.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::ModelError;

/// How far the load of one model has come, for whoever watches it from another thread, and may
/// call it off.
#[derive(Debug, Default)]
pub struct LoadProgress {
    total: AtomicU64,
    done: AtomicU64,
    stopped: AtomicBool,
}

impl LoadProgress {
    /// Bytes of weights to be read; 0 until that is known.
    pub fn bytes_total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// Bytes of weights that are in memory, ready to be computed with.
    pub fn bytes_done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// Calls the load off: it ends with an error as soon as each thread has its piece done.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    pub(super) fn begin(&self, bytes: u64) {
        self.done.store(0, Ordering::Relaxed);
        self.total.store(bytes, Ordering::Relaxed);
    }

    pub(super) fn advance(&self, bytes: usize) -> Result<(), ModelError> {
        self.done.fetch_add(bytes as u64, Ordering::Relaxed);
        if self.is_stopped() { Err(ModelError::Stopped) } else { Ok(()) }
    }
}
