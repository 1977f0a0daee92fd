use crate::ReadingState;

/// How far the documents of a library are: versions in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub queued: u64,
    pub reading: u64,
    pub indexing: u64,
    pub ready: u64,
    pub failed: u64,
}

impl Progress {
    pub const fn of(&self, state: ReadingState) -> u64 {
        match state {
            ReadingState::Queued => self.queued,
            ReadingState::Reading => self.reading,
            ReadingState::Indexing => self.indexing,
            ReadingState::Ready => self.ready,
            ReadingState::Failed => self.failed,
        }
    }

    pub const fn set(&mut self, state: ReadingState, versions: u64) {
        match state {
            ReadingState::Queued => self.queued = versions,
            ReadingState::Reading => self.reading = versions,
            ReadingState::Indexing => self.indexing = versions,
            ReadingState::Ready => self.ready = versions,
            ReadingState::Failed => self.failed = versions,
        }
    }

    pub const fn total(&self) -> u64 {
        self.queued + self.reading + self.indexing + self.ready + self.failed
    }
}
