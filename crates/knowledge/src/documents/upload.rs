//! One upload, from its first byte to a version.

use domain::{Caller, DocumentId, LibraryId};
use governance::{Action, AuditFact, Subject};
use sha2::{Digest as _, Sha256};

use super::{Documents, Quota};
use crate::{
    BytesId, Described, InForce, KnowledgeError, StoredDocument,
    ports::{BytesWriter, Kept, NewVersion, Refusal},
    room::Room,
};

/// A document that is being sent. What is dropped leaves nothing behind.
pub struct Upload {
    documents: Documents,
    caller: Caller,
    library: LibraryId,
    /// `None` if it is a document of its own.
    document: Option<DocumentId>,
    /// Whether a document that has its name takes it.
    is_named: bool,
    lies_at: BytesId,
    writer: Box<dyn BytesWriter>,
    /// What the organisation had when it began.
    kept: u64,
    /// With all others that are under way.
    room: Room,
    bytes: u64,
    digest: Sha256,
}

/// What became of an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    /// With the version as its current one.
    pub document: StoredDocument,
    /// Whether a version was made: the same bytes may have been there.
    pub is_new: bool,
}

impl Upload {
    pub(super) async fn begin(
        documents: &Documents,
        caller: &Caller,
        (library, document): (LibraryId, Option<DocumentId>),
    ) -> Result<Self, KnowledgeError> {
        let kept = documents.store.bytes_kept(caller.organisation).await?;
        let lies_at = BytesId(documents.ids.next(documents.clock.now()));
        let writer = documents.store.begin(caller.into(), lies_at).await?;
        Ok(Self {
            documents: documents.clone(),
            caller: *caller,
            library,
            document,
            is_named: false,
            lies_at,
            writer,
            kept,
            room: documents.rooms.begin(caller.organisation),
            bytes: 0,
            digest: Sha256::new(),
        })
    }

    /// The same, for the document that has its name.
    pub(super) fn by_name(self) -> Self {
        Self { is_named: true, ..self }
    }

    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), KnowledgeError> {
        let Quota { document_bytes_max, bytes_max } = self.documents.quota;
        let length = self.bytes.saturating_add(bytes.len() as u64);
        if length > document_bytes_max {
            return Err(KnowledgeError::TooLarge { bytes_max: document_bytes_max });
        }
        let under_way = self.room.take(bytes.len() as u64);
        if self.kept.saturating_add(under_way) > bytes_max {
            return Err(KnowledgeError::NoRoom { bytes: self.kept, bytes_max });
        }
        self.bytes = length;
        self.digest.update(bytes);
        Ok(self.writer.write(bytes).await?)
    }

    /// Makes a version of what was sent. It is durable when this returns, and it is read even
    /// after a crash. The same bytes in the same library become no new version.
    pub async fn finish(mut self, described: Described) -> Result<Added, KnowledgeError> {
        let described = described.checked(self.document.is_none())?;
        // It may have taken hours: whoever began it may be let in no longer.
        self.documents.access.resume(&self.caller).await?;
        if let (true, Some(name)) = (self.is_named, &described.name) {
            let (visitor, library) = ((&self.caller).into(), self.library);
            self.document = self.documents.store.named(visitor, library, name).await?;
        }
        self.writer.finish().await?;
        let (fact, Kept { document, is_new }) = self.keep(&described).await?;
        if is_new {
            self.writer.leave();
            self.documents.changed.notify_one();
        } else {
            // Nothing was kept, the entry neither; that somebody asked is written down.
            let fact = AuditFact { subject: Subject::Document(document.id), ..fact };
            self.documents.trail.record(&fact).await?;
        }
        Ok(Added { document, is_new })
    }

    /// A document that got its name since somebody looked takes it as a version.
    async fn keep(&mut self, described: &Described) -> Result<(AuditFact, Kept), KnowledgeError> {
        loop {
            let new = self.version(described.clone());
            let subject = Subject::Document(new.document);
            let fact = AuditFact::ok(Action::DocumentAdd, self.caller, subject);
            let audit = self.documents.trail.entry(&fact).await?;
            match self.documents.store.keep(&new, &audit).await? {
                Err(Refusal::Named(id)) if self.document.is_none() => self.document = Some(id),
                kept => return Ok((fact, kept?)),
            }
        }
    }

    fn version(&self, described: Described) -> NewVersion {
        let now = self.documents.clock.now();
        let media_type = described.media_type();
        let Described { name, attributes, in_force, .. } = described;
        let own = || DocumentId::from_uuid(self.documents.ids.next(now));
        NewVersion {
            visitor: (&self.caller).into(),
            library: self.library,
            document: self.document.unwrap_or_else(own),
            is_own: self.document.is_none(),
            is_named: self.is_named,
            name,
            media_type,
            attributes,
            lies_at: self.lies_at,
            digest: self.digest.clone().finalize().into(),
            bytes: self.bytes,
            bytes_max: self.documents.quota.bytes_max,
            in_force: in_force.unwrap_or(InForce::since(now)),
            at: now,
        }
    }
}
