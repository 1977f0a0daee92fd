//! When somebody has waited long enough.

use std::time::Duration;

use knowledge::IndexError;
use tokio::time::Instant;

/// A point in time after which nobody waits for the result.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    at: Instant,
    seconds: u64,
}

impl Deadline {
    pub(crate) fn after_seconds(seconds: u64) -> Self {
        Self { at: Instant::now() + Duration::from_secs(seconds), seconds }
    }

    pub(crate) fn at(self) -> Instant {
        self.at
    }

    /// Asked now and then by work that nothing else would end.
    pub(crate) fn check(self) -> Result<(), IndexError> {
        if Instant::now() > self.at { Err(self.late()) } else { Ok(()) }
    }

    pub(crate) const fn late(self) -> IndexError {
        IndexError::Late { seconds: self.seconds }
    }
}
