//! Takes, lists, gives, changes and removes documents.

mod listing;
mod upload;

use std::sync::Arc;

use domain::{Caller, Clock, DocumentId, IdSource, LibraryId, Permission, Timestamp};
use governance::{
    Access, AccessError, Action, AuditEntry, AuditFact, LINK_HOURS_MAX, LinkKey, LinkPurpose,
    Linked, SignedLink, Subject, Trail,
};
use tokio::sync::Notify;

use crate::{
    AddTo, DocumentChange, DocumentContent, DocumentPage, DocumentQuery, DocumentText,
    KnowledgeError, LibraryAccess, ReadFailure, ReadingState, RunningReadings, StoredDocument,
    Unread, Version, VersionQuery, Wanted,
    ports::{Detail, DocumentStore, LibraryStore},
    room::Rooms,
};

pub use listing::{DocumentOrder, LISTED_MAX, Listing};
pub use upload::{Added, Upload};

const HOUR_SECONDS: i64 = 3_600;

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct Quota {
    /// Of one version: all of it is in memory while it is parsed.
    pub document_bytes_max: u64,
    /// Of all versions of an organisation.
    pub bytes_max: u64,
}

impl Default for Quota {
    fn default() -> Self {
        Self { document_bytes_max: 64 * 1024 * 1024, bytes_max: 256 * 1024 * 1024 * 1024 }
    }
}

/// What [`Documents`] is made of.
pub struct DocumentsParts {
    pub store: Arc<dyn DocumentStore>,
    pub libraries: Arc<dyn LibraryStore>,
    pub access: Access,
    pub trail: Trail,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
    pub links: LinkKey,
    pub quota: Quota,
    /// Whoever reads in this process.
    pub running: RunningReadings,
}

/// Keeps documents of libraries. Cheap to clone.
#[derive(Clone)]
pub struct Documents {
    store: Arc<dyn DocumentStore>,
    libraries: Arc<dyn LibraryStore>,
    pub(crate) access: Access,
    trail: Trail,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    links: LinkKey,
    quota: Quota,
    running: RunningReadings,
    rooms: Rooms,
    /// Wakes whoever reads documents.
    pub(crate) changed: Arc<Notify>,
}

impl Documents {
    pub fn new(parts: DocumentsParts) -> Self {
        let DocumentsParts { store, libraries, access, trail, clock, ids, links, quota, running } =
            parts;
        Self {
            store,
            libraries,
            access,
            trail,
            clock,
            ids,
            links,
            quota,
            running,
            rooms: Rooms::default(),
            changed: Arc::default(),
        }
    }

    /// Begins an upload. Nobody sees anything of it before [`Upload::finish`].
    pub async fn begin(&self, caller: &Caller, add_to: AddTo) -> Result<Upload, KnowledgeError> {
        let (library, document) = match add_to {
            AddTo::Library(id) | AddTo::Named(id) => (id, None),
            AddTo::Document(id) => (self.find(caller, self.now(id)).await?.library, Some(id)),
        };
        self.may_add(caller, library).await?;
        let upload = Upload::begin(self, caller, (library, document)).await?;
        Ok(match add_to {
            AddTo::Named(_) => upload.by_name(),
            AddTo::Library(_) | AddTo::Document(_) => upload,
        })
    }

    /// Whether the caller may add documents now, before any of one was taken; the store asks again
    /// at the end.
    pub async fn may_add(&self, caller: &Caller, id: LibraryId) -> Result<(), KnowledgeError> {
        let found = self.libraries.library(caller.into(), id).await?;
        let found = found.ok_or(KnowledgeError::LibraryUnknown { id })?;
        if found.access < LibraryAccess::Editor {
            return Err(KnowledgeError::Forbidden { needs: LibraryAccess::Editor });
        }
        Ok(())
    }

    /// That a document stands in this library, as far as the caller sees both. Nothing is told of
    /// it, and no entry is written.
    pub async fn must_be_in(
        &self,
        caller: &Caller,
        library: LibraryId,
        id: DocumentId,
    ) -> Result<(), KnowledgeError> {
        let found = self.find(caller, self.now(id)).await?;
        if found.library == library { Ok(()) } else { Err(KnowledgeError::DocumentUnknown { id }) }
    }

    pub async fn list(
        &self,
        caller: &Caller,
        query: &DocumentQuery,
    ) -> Result<DocumentPage, KnowledgeError> {
        let page = self.store.documents(caller.into(), query).await??;
        self.record(Action::DocumentList, caller, Subject::Library(query.library)).await?;
        Ok(page)
    }

    /// Those that are wanted, in the order that is wanted.
    pub async fn list_some(
        &self,
        caller: &Caller,
        listing: &Listing,
    ) -> Result<DocumentPage, KnowledgeError> {
        let at = self.clock.now();
        let page = listing::page(&*self.store, caller.into(), (listing, at)).await?;
        self.record(Action::DocumentList, caller, Subject::Library(listing.library)).await?;
        Ok(page)
    }

    /// What is known of a document, its state among it.
    pub async fn read(
        &self,
        caller: &Caller,
        wanted: Wanted,
    ) -> Result<StoredDocument, KnowledgeError> {
        let document = self.find(caller, wanted).await?;
        self.record_document(Action::DocumentRead, caller, wanted.document).await?;
        Ok(document)
    }

    /// Newest first.
    pub async fn versions(
        &self,
        caller: &Caller,
        query: &VersionQuery,
    ) -> Result<Vec<Version>, KnowledgeError> {
        let versions = self.store.versions(caller.into(), query).await??;
        self.record_document(Action::DocumentRead, caller, query.document).await?;
        Ok(versions)
    }

    /// The bytes of a version; nothing of them is given before the entry is durable.
    pub async fn content(
        &self,
        caller: &Caller,
        wanted: Wanted,
    ) -> Result<DocumentContent, KnowledgeError> {
        let document = self.read(caller, wanted).await?;
        let reader = self.store.bytes(caller.into(), document.current.key).await?;
        let reader = reader.ok_or(KnowledgeError::DocumentUnknown { id: document.id })?;
        Ok(DocumentContent { document, reader })
    }

    /// What was read of a version, if anything was.
    pub async fn text(
        &self,
        caller: &Caller,
        wanted: Wanted,
        detail: Detail,
    ) -> Result<DocumentText, KnowledgeError> {
        let document = self.read(caller, wanted).await?;
        let found = self.store.text(caller.into(), document.current.key, detail).await?;
        match found {
            Some(reading) => Ok(DocumentText { document, reading }),
            None => Err(unread(document)),
        }
    }

    /// Another name or other attributes.
    pub async fn change(
        &self,
        caller: &Caller,
        id: DocumentId,
        change: DocumentChange,
    ) -> Result<StoredDocument, KnowledgeError> {
        let change = change.checked()?;
        let audit = self.entry(Action::DocumentUpdate, caller, id).await?;
        Ok(self.store.change(caller.into(), id, &change, &audit).await??)
    }

    /// Nobody finds or reads anything of it once this returns.
    pub async fn delete(&self, caller: &Caller, id: DocumentId) -> Result<(), KnowledgeError> {
        let audit = self.entry(Action::DocumentDelete, caller, id).await?;
        Ok(self.store.remove(caller.into(), id, &audit).await??)
    }

    /// Has a version read anew; it is found as before until that is done.
    pub async fn reprocess(
        &self,
        caller: &Caller,
        wanted: Wanted,
    ) -> Result<StoredDocument, KnowledgeError> {
        let audit = self.entry(Action::DocumentUpdate, caller, wanted.document).await?;
        let document = self.store.requeue(caller.into(), wanted, &audit).await??;
        self.changed.notify_one();
        Ok(document)
    }

    /// Ends the reading of a version; one that has ended stays as it is.
    pub async fn cancel(
        &self,
        caller: &Caller,
        wanted: Wanted,
    ) -> Result<StoredDocument, KnowledgeError> {
        let audit = self.entry(Action::DocumentUpdate, caller, wanted.document).await?;
        let document = self.store.cancel(caller.into(), wanted, &audit).await??;
        self.running.stop(document.current.key);
        Ok(document)
    }

    /// A link with which whoever has it reads the bytes of a version, for so many hours.
    pub async fn link(
        &self,
        caller: &Caller,
        wanted: Wanted,
        hours: u32,
    ) -> Result<String, KnowledgeError> {
        if !(1..=LINK_HOURS_MAX).contains(&hours) {
            return Err(KnowledgeError::LinkHours);
        }
        let found = self.find(caller, wanted).await?;
        self.record_document(Action::DocumentLink, caller, found.id).await?;
        let expires_at = self.clock.now().plus_seconds(HOUR_SECONDS * i64::from(hours));
        let opens = Linked::Document { id: found.id, number: found.current.number };
        let link = SignedLink { maker: *caller, opens, expires_at };
        Ok(link.seal(&self.links))
    }

    /// What a link opens, as long as its maker may still read it.
    pub async fn linked(&self, text: &str) -> Result<DocumentContent, KnowledgeError> {
        let (caller, wanted) = self.opened(text).await?;
        self.content(&caller, wanted).await
    }

    /// What was read of what a link opens: whoever may read the bytes may read the text.
    pub async fn linked_text(&self, text: &str) -> Result<DocumentText, KnowledgeError> {
        let (caller, wanted) = self.opened(text).await?;
        self.text(&caller, wanted, Detail::Text).await
    }

    /// As whom a link is used, and for what.
    async fn opened(&self, text: &str) -> Result<(Caller, Wanted), KnowledgeError> {
        let now = self.clock.now();
        let link = SignedLink::open(text, LinkPurpose::Document, &self.links, now);
        let Some(SignedLink { maker, opens: Linked::Document { id, number }, expires_at: _ }) =
            link
        else {
            return Err(KnowledgeError::LinkInvalid);
        };
        let resumed = self.access.resume(&maker).await;
        let caller = resumed.map_err(|error| match error {
            AccessError::Store(_) | AccessError::Audit(_) => KnowledgeError::Access(error),
            _ => KnowledgeError::LinkInvalid,
        })?;
        if !caller.permissions.contains(Permission::UseModels) {
            return Err(KnowledgeError::LinkInvalid);
        }
        Ok((caller, Wanted { document: id, number: Some(number), at: now }))
    }

    /// The version that holds now.
    pub fn now(&self, document: DocumentId) -> Wanted {
        Wanted { document, number: None, at: self.clock.now() }
    }

    /// The version that held, or will hold, at a time; the one of now if none is given.
    pub fn as_of(&self, document: DocumentId, at: Option<Timestamp>) -> Wanted {
        Wanted { document, number: None, at: at.unwrap_or_else(|| self.clock.now()) }
    }

    async fn find(
        &self,
        caller: &Caller,
        wanted: Wanted,
    ) -> Result<StoredDocument, KnowledgeError> {
        let found = self.store.document(caller.into(), wanted).await?;
        found.ok_or(KnowledgeError::DocumentUnknown { id: wanted.document })
    }

    async fn entry(
        &self,
        action: Action,
        caller: &Caller,
        id: DocumentId,
    ) -> Result<AuditEntry, KnowledgeError> {
        let fact = AuditFact::ok(action, *caller, Subject::Document(id));
        Ok(self.trail.entry(&fact).await?)
    }

    async fn record_document(
        &self,
        action: Action,
        caller: &Caller,
        id: DocumentId,
    ) -> Result<(), KnowledgeError> {
        self.record(action, caller, Subject::Document(id)).await
    }

    async fn record(
        &self,
        action: Action,
        caller: &Caller,
        subject: Subject,
    ) -> Result<(), KnowledgeError> {
        Ok(self.trail.record(&AuditFact::ok(action, *caller, subject)).await?)
    }
}

/// Why nothing was read of it.
fn unread(document: StoredDocument) -> KnowledgeError {
    let (id, Version { state, failure, .. }) = (document.id, document.current);
    match (state, failure) {
        (ReadingState::Failed, Some(failure)) => KnowledgeError::Unreadable { id, failure },
        // Its reading is gone, as after a backup without it.
        (ReadingState::Ready | ReadingState::Failed, _) => {
            KnowledgeError::Unreadable { id, failure: ReadFailure::from(Unread::BytesGone) }
        }
        (ReadingState::Queued | ReadingState::Reading | ReadingState::Indexing, _) => {
            KnowledgeError::NotRead { id, state }
        }
    }
}
