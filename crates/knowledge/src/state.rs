//! How far the reading of a version is, and which states may follow each other.

/// How far a version is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReadingState {
    /// It waits for its turn.
    Queued,
    /// Its text is being read, cut into passages, and put into the index.
    Reading,
    /// It is found by its words; its vectors are being made.
    Indexing,
    /// It is found by its words and by its meaning.
    Ready,
    /// Its failure says why it went no further.
    Failed,
}

impl ReadingState {
    pub const ALL: [Self; 5] =
        [Self::Queued, Self::Reading, Self::Indexing, Self::Ready, Self::Failed];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Reading => "reading",
            Self::Indexing => "indexing",
            Self::Ready => "ready",
            Self::Failed => "failed",
        }
    }

    /// The state that the store calls so.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether nothing follows unless somebody asks for it.
    pub const fn is_ended(self) -> bool {
        match self {
            Self::Queued | Self::Reading | Self::Indexing => false,
            Self::Ready | Self::Failed => true,
        }
    }

    /// Whether `next` may follow.
    pub const fn leads_to(self, next: Self) -> bool {
        match self {
            Self::Queued => matches!(next, Self::Reading | Self::Failed),
            Self::Reading => matches!(next, Self::Indexing | Self::Failed),
            Self::Indexing => matches!(next, Self::Queued | Self::Ready | Self::Failed),
            Self::Ready | Self::Failed => matches!(next, Self::Queued),
        }
    }

    /// What it is after somebody asked for its end.
    #[must_use]
    pub const fn after_cancel(self) -> Self {
        match self {
            Self::Queued | Self::Reading | Self::Indexing => Self::Failed,
            Self::Ready | Self::Failed => self,
        }
    }

    /// What it is after somebody asked that it be read anew.
    #[must_use]
    pub const fn after_reprocess(self) -> Self {
        match self {
            Self::Queued | Self::Reading => self,
            Self::Indexing | Self::Ready | Self::Failed => Self::Queued,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_follow_each_other_as_the_table_says() {
        let table = ReadingState::ALL.map(|state| {
            let next = ReadingState::ALL.into_iter().filter(|next| state.leads_to(*next));
            let next: Vec<_> = next.map(ReadingState::as_str).collect();
            format!("{}: {}", state.as_str(), next.join(" "))
        });
        assert_eq!(
            table,
            [
                "queued: reading failed",
                "reading: indexing failed",
                "indexing: queued ready failed",
                "ready: queued",
                "failed: queued",
            ]
        );
    }

    #[test]
    fn what_is_asked_for_follows_the_table() {
        for state in ReadingState::ALL {
            for after in [state.after_cancel(), state.after_reprocess()] {
                assert!(after == state || state.leads_to(after), "{state:?} {after:?}");
            }
            assert!(state.after_cancel().is_ended());
            assert!(!state.after_reprocess().is_ended());
        }
    }

    #[test]
    fn words_are_read_as_they_are_written() {
        for state in ReadingState::ALL {
            assert_eq!(ReadingState::from_word(state.as_str()), Some(state));
        }
        assert_eq!(ReadingState::from_word("done"), None);
    }
}
