use async_trait::async_trait;
use domain::{DocumentId, LibraryId, OrganisationId, Timestamp};
use governance::{AuditEntry, ports::StoreError};

use super::Changed;
use crate::{
    BytesId, DocumentChange, DocumentPage, DocumentQuery, InForce, Reading, StoredDocument,
    Version, VersionKey, VersionQuery, Visitor, Wanted,
};

/// Keeps documents: what is known of them in rows, their bytes and what was read of them sealed.
/// Every implementation passes `testkit::library_suite`. Where a method takes an audit entry, both
/// are durable or neither. A change asks in its own transaction what the visitor may do; its time
/// is that of its entry.
#[async_trait]
pub trait DocumentStore: Send + Sync {
    /// Begins to keep bytes that nobody sees yet. They are gone some time after the writer is
    /// dropped, and after a kill, unless [`Self::keep`] made a version of them.
    async fn begin(
        &self,
        visitor: Visitor,
        bytes: BytesId,
    ) -> Result<Box<dyn BytesWriter>, StoreError>;

    /// Makes a version of the bytes that were written and finished under their id. Needs an
    /// editor.
    ///
    /// Nothing is changed where the same bytes are there already: for a document of its own, as
    /// the current or the newest version of any document of the library; for a version, as the
    /// current or the newest one of its document. Nothing is changed either where there is no room
    /// for it, or a document has the name of one that is to have it alone.
    async fn keep(&self, new: &NewVersion, audit: &AuditEntry)
    -> Result<Changed<Kept>, StoreError>;

    /// `None` if there is none, or the visitor does not see its library.
    async fn document(
        &self,
        visitor: Visitor,
        wanted: Wanted,
    ) -> Result<Option<StoredDocument>, StoreError>;

    /// By its key, the document with this version as its current one.
    async fn version(
        &self,
        visitor: Visitor,
        key: VersionKey,
    ) -> Result<Option<StoredDocument>, StoreError>;

    /// The document of a library that has this name to the letter, of several the newest; `None`
    /// if there is none, or the visitor does not see the library.
    async fn named(
        &self,
        visitor: Visitor,
        library: LibraryId,
        name: &str,
    ) -> Result<Option<DocumentId>, StoreError>;

    /// Newest first.
    async fn documents(
        &self,
        visitor: Visitor,
        query: &DocumentQuery,
    ) -> Result<Changed<DocumentPage>, StoreError>;

    /// Newest first.
    async fn versions(
        &self,
        visitor: Visitor,
        query: &VersionQuery,
    ) -> Result<Changed<Vec<Version>>, StoreError>;

    /// Needs an editor.
    async fn change(
        &self,
        visitor: Visitor,
        id: DocumentId,
        change: &DocumentChange,
        audit: &AuditEntry,
    ) -> Result<Changed<StoredDocument>, StoreError>;

    /// Needs an editor. Nothing of the document is found or read from then on; its bytes are gone
    /// when this returns, or with the next cleaning if they cannot be removed now.
    async fn remove(
        &self,
        visitor: Visitor,
        id: DocumentId,
        audit: &AuditEntry,
    ) -> Result<Changed<()>, StoreError>;

    /// Has a version read anew, as [`crate::ReadingState::after_reprocess`] says. It is found as
    /// before meanwhile. Needs an editor.
    async fn requeue(
        &self,
        visitor: Visitor,
        wanted: Wanted,
        audit: &AuditEntry,
    ) -> Result<Changed<StoredDocument>, StoreError>;

    /// Ends the reading of a version, as [`crate::ReadingState::after_cancel`] says. Needs an
    /// editor.
    async fn cancel(
        &self,
        visitor: Visitor,
        wanted: Wanted,
        audit: &AuditEntry,
    ) -> Result<Changed<StoredDocument>, StoreError>;

    /// The bytes of a version, from the beginning; `None` if there is none, the visitor does not
    /// see its library, or the bytes are gone, as after a backup without them.
    async fn bytes(
        &self,
        visitor: Visitor,
        version: VersionKey,
    ) -> Result<Option<Box<dyn BytesReader>>, StoreError>;

    /// What was read of a version; `None` also if nothing was.
    async fn text(
        &self,
        visitor: Visitor,
        version: VersionKey,
        detail: Detail,
    ) -> Result<Option<Reading>, StoreError>;

    /// What all versions of the organisation take, in bytes.
    async fn bytes_kept(&self, organisation: OrganisationId) -> Result<u64, StoreError>;

    /// Removes bytes of versions that are no more and of uploads that were given up. `all`: those
    /// of an earlier process too; for a process that has begun no upload yet, and is alone.
    async fn clean_up(&self, all: bool) -> Result<u64, StoreError>;
}

/// How much of a reading is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Without where the characters stand on their pages: that is most of it.
    Text,
    Places,
}

/// Takes the bytes of one version.
#[async_trait]
pub trait BytesWriter: Send {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError>;

    /// Everything that was written is durable when this returns. Nothing is written after it.
    async fn finish(&mut self) -> Result<(), StoreError>;

    /// There is a version for the bytes now: they are not given up with the writer.
    fn leave(self: Box<Self>);
}

/// Gives the bytes of one version.
#[async_trait]
pub trait BytesReader: Send {
    /// The next bytes, never none; `None` at the end. Bytes that were altered are an error.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, StoreError>;
}

/// Bytes that are to be a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewVersion {
    pub visitor: Visitor,
    pub library: LibraryId,
    /// Of its own if there is none with this id.
    pub document: DocumentId,
    pub is_own: bool,
    /// Whether it is refused as one of its own where a document of the library has its name: of two
    /// that are sent at once the later one is a version of the other.
    pub is_named: bool,
    /// `None` leaves the name that the document has.
    pub name: Option<String>,
    pub media_type: String,
    /// `None` leaves those that the document has.
    pub attributes: Option<String>,
    pub lies_at: BytesId,
    pub digest: [u8; 32],
    pub bytes: u64,
    /// What all versions of the organisation may take, this one among them.
    pub bytes_max: u64,
    pub in_force: InForce,
    pub at: Timestamp,
}

/// What became of bytes that were added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// With the version as its current one.
    pub document: StoredDocument,
    /// Whether a version was made: the same bytes may have been there.
    pub is_new: bool,
}
