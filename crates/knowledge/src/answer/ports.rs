//! What answers need from outside.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{Caller, DocumentId, LibraryId, TraceId};
use governance::{AuditEntry, ports::StoreError};

use crate::{Passage, Trace, VersionKey};

/// Opens what was read of documents, for those who may read it.
#[async_trait]
pub trait Sources: Send + Sync {
    /// Those of these versions that the caller may read now and that nobody has removed, the
    /// newest of their documents or not. Nothing of an earlier answer is kept: it is asked anew
    /// before anything is given out.
    async fn readable(
        &self,
        caller: &Caller,
        versions: &[VersionKey],
    ) -> Result<Vec<VersionKey>, StoreError>;

    /// What was read of a version, with its pages and the places of its characters, which citations
    /// say; `None` if the caller may not read it now, or nobody can.
    async fn source(
        &self,
        caller: &Caller,
        version: VersionKey,
    ) -> Result<Option<SourceVersion>, StoreError>;
}

/// A version of a document, opened. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SourceVersion {
    pub version: VersionKey,
    /// From 1, in its document.
    pub number: u32,
    pub document: DocumentId,
    pub library: LibraryId,
    pub name: Arc<str>,
    /// SHA-256 of the bytes that were read.
    pub digest: [u8; 32],
    pub reading: Arc<passages::Document>,
    /// By number.
    pub passages: Arc<[Passage]>,
}

/// Keeps traces, sealed: they hold questions and words of documents. Every implementation passes
/// `testkit::trace_suite`.
#[async_trait]
pub trait TraceStore: Send + Sync {
    /// Keeps a trace together with its audit entry, in one transaction that is durable when this
    /// returns. Where a version whose words the model was shown is gone meanwhile, the entry alone
    /// is kept: what was erased comes back in no trace.
    async fn keep(&self, trace: &Trace, audit: &AuditEntry) -> Result<(), StoreError>;

    /// The trace of an answer of the caller's account; `None` if it has none, whoever else may.
    async fn find(&self, caller: &Caller, id: TraceId) -> Result<Option<Trace>, StoreError>;
}
