use async_trait::async_trait;
use domain::{AccountId, DocumentId, LibraryId, OrganisationId, Timestamp};
use governance::ports::StoreError;

use super::BytesReader;
use crate::{BytesId, ReadFailure, Reading, ReadingState, VersionKey, Visitor};

/// Says which versions are to be read, and keeps what was. Every implementation passes
/// `testkit::library_suite`. Each method is one transaction.
#[async_trait]
pub trait ReadingStore: Send + Sync {
    /// The next version that a stage has work with, none of `held`: of organisations of which the
    /// fewest are held, the one that had its turn the longest ago; of its libraries likewise; of
    /// its versions the oldest. A queued one is being read from now on. Whoever claimed it before
    /// changes nothing of it any more.
    async fn claim(&self, stage: Stage, held: &[VersionKey]) -> Result<Option<Claim>, StoreError>;

    /// Gives a version back that was left before its end for no fault of its own: this time does
    /// not count among its attempts.
    async fn release(&self, claim: &Claim) -> Result<(), StoreError>;

    /// The bytes to read; `None` if they are gone.
    async fn source(&self, claim: &Claim) -> Result<Option<Box<dyn BytesReader>>, StoreError>;

    /// Keeps what was read, in the place of what was read before. The version is not found until
    /// its passages are in the index. `false`, and nothing is kept, if somebody else claimed it or
    /// it is not being read any more.
    async fn keep_reading(
        &self,
        claim: &Claim,
        lies_at: BytesId,
        reading: &Reading,
    ) -> Result<bool, StoreError>;

    /// What was read of the version, without the places of its characters; `None` if there is
    /// nothing.
    async fn reading(&self, claim: &Claim) -> Result<Option<Reading>, StoreError>;

    /// Takes versions on, each as far as its step says; whether it did. Not where somebody else
    /// claimed one, it is gone, or its state does not lead there.
    async fn advance(
        &self,
        steps: &[(Claim, Step)],
        at: Timestamp,
    ) -> Result<Vec<bool>, StoreError>;
}

/// What is done with a version, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// It is parsed, cut into passages, and found by its words.
    Read,
    /// Its vectors are made.
    Embed,
}

impl Stage {
    pub const ALL: [Self; 2] = [Self::Read, Self::Embed];

    /// Whether a version in this state waits for the stage, or was left in the middle of it.
    pub const fn takes(self, state: ReadingState) -> bool {
        match self {
            Self::Read => matches!(state, ReadingState::Queued | ReadingState::Reading),
            Self::Embed => matches!(state, ReadingState::Indexing),
        }
    }
}

/// A version, and the right to read it until somebody else claims it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub key: VersionKey,
    pub organisation: OrganisationId,
    pub library: LibraryId,
    pub document: DocumentId,
    /// Of the library.
    pub owner: Option<AccountId>,
    pub added_by: Option<AccountId>,
    pub name: String,
    pub media_type: String,
    pub digest: [u8; 32],
    pub bytes: u64,
    pub state: ReadingState,
    /// How often it was claimed for this stage and not given back, this time among them.
    pub attempts: u32,
    /// Higher at each claim.
    pub fence: i64,
}

impl Claim {
    /// Whether the account owns the library or added the document.
    pub fn is_of(&self, visitor: Visitor) -> bool {
        let account = Some(visitor.account);
        self.organisation == visitor.organisation
            && (self.owner == account || self.added_by == account)
    }
}

/// How far a version is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Its passages are in the index: it is found from now on, and the versions of its document
    /// that it follows end where it begins.
    Indexed,
    /// Its vectors are in the index too.
    Ready,
    Failed(ReadFailure),
}

impl Step {
    pub const fn state(&self) -> ReadingState {
        match self {
            Self::Indexed => ReadingState::Indexing,
            Self::Ready => ReadingState::Ready,
            Self::Failed(_) => ReadingState::Failed,
        }
    }
}
