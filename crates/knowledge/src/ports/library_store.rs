use async_trait::async_trait;
use domain::{LibraryId, OrganisationId, Timestamp};
use governance::{AuditEntry, ports::StoreError};

use super::Changed;
use crate::{
    Grantee, Library, LibraryChange, LibraryPage, LibraryQuery, Progress, Reading, Share,
    StoredDocument, VersionKey, VisibleLibrary, Visitor,
};

/// Keeps libraries, says who may use them and what may be found. Every implementation passes
/// `testkit::library_suite`. Each method is one transaction; where it takes an audit entry, both
/// are durable or neither.
///
/// A change asks in its own transaction what the visitor may do; its time is that of its entry.
#[async_trait]
pub trait LibraryStore: Send + Sync {
    /// Keeps a new library, unless its owner has `libraries_max`.
    async fn insert(
        &self,
        library: &Library,
        libraries_max: u32,
        audit: &AuditEntry,
    ) -> Result<Changed<()>, StoreError>;

    /// `None` if there is none, or the visitor does not see it.
    async fn library(
        &self,
        visitor: Visitor,
        id: LibraryId,
    ) -> Result<Option<VisibleLibrary>, StoreError>;

    /// Those that the visitor sees, newest first.
    async fn libraries(
        &self,
        visitor: Visitor,
        query: &LibraryQuery,
    ) -> Result<LibraryPage, StoreError>;

    /// Needs an owner.
    async fn update(
        &self,
        visitor: Visitor,
        id: LibraryId,
        change: &LibraryChange,
        audit: &AuditEntry,
    ) -> Result<Changed<VisibleLibrary>, StoreError>;

    /// Needs an owner; of a library that nobody owns any more, an owner of the organisation will do,
    /// also one who does not see it. From then on nobody sees the library; [`Self::discard`] removes
    /// its rows.
    async fn delete(
        &self,
        visitor: Visitor,
        id: LibraryId,
        audit: &AuditEntry,
    ) -> Result<Changed<()>, StoreError>;

    /// In the order of their grantees. Needs an editor.
    async fn shares(
        &self,
        visitor: Visitor,
        id: LibraryId,
    ) -> Result<Changed<Vec<Share>>, StoreError>;

    /// In the place of what the grantee was given before. Needs an owner.
    async fn share(
        &self,
        visitor: Visitor,
        share: &Share,
        audit: &AuditEntry,
    ) -> Result<Changed<()>, StoreError>;

    /// Needs an owner, or the account whose share it is. What was not shared is no error.
    async fn unshare(
        &self,
        visitor: Visitor,
        id: LibraryId,
        grantee: Grantee,
        audit: &AuditEntry,
    ) -> Result<Changed<()>, StoreError>;

    /// How far the documents are.
    async fn progress(
        &self,
        visitor: Visitor,
        id: LibraryId,
    ) -> Result<Changed<Progress>, StoreError>;

    /// What the visitor may find: versions that are searchable, of libraries that the visitor sees,
    /// and in force at a time. No order.
    async fn readable(&self, readable: &Readable) -> Result<Vec<VersionKey>, StoreError>;

    /// What the index found, if the visitor may find it still, without the places of its
    /// characters.
    async fn open(&self, opening: &Opening) -> Result<Option<Opened>, StoreError>;

    /// Those of these versions whose libraries the visitor sees now, in force or not, in their
    /// order.
    async fn seen(
        &self,
        visitor: Visitor,
        versions: &[VersionKey],
    ) -> Result<Vec<VersionKey>, StoreError>;

    /// What the index must not forget: all versions, searchable or not, but those of libraries
    /// that were deleted.
    async fn live(&self, organisation: OrganisationId) -> Result<Vec<VersionKey>, StoreError>;

    /// Has these versions read anew, those that are in no index though they should be: not those that
    /// wait anyway, nor those of which nothing was to be put there. Whoever reads one of them now
    /// changes nothing of it any more.
    async fn read_anew(
        &self,
        organisation: OrganisationId,
        versions: &[VersionKey],
        at: Timestamp,
    ) -> Result<(), StoreError>;

    /// The highest key that a version was ever given, in whatever organisation; 0 if there was none.
    async fn highest_key(&self) -> Result<VersionKey, StoreError>;

    /// All that there are.
    async fn organisations(&self) -> Result<Vec<OrganisationId>, StoreError>;

    /// Removes some rows of libraries that were deleted. `true` while there are more.
    async fn discard(&self, rows_max: u32) -> Result<bool, StoreError>;
}

/// What somebody may find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readable {
    pub visitor: Visitor,
    /// Empty for all that the visitor sees; those that the visitor does not see count for nothing.
    pub libraries: Vec<LibraryId>,
    pub at: Timestamp,
}

/// One version that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    pub visitor: Visitor,
    pub version: VersionKey,
    /// It is in force then.
    pub at: Timestamp,
    /// When the search began: what was put into the index anew since then has other passages.
    pub began: Timestamp,
}

/// A version that was found, opened.
#[derive(Clone, Debug, PartialEq)]
pub struct Opened {
    /// With the version as its current one.
    pub document: StoredDocument,
    pub reading: Reading,
}
