//! Makes, lists, changes, shares and removes libraries.

use std::sync::Arc;

use domain::{Caller, Clock, IdSource, LibraryId};
use governance::{Action, AuditFact, Subject, Trail};

use crate::{
    DESCRIPTION_CHARACTERS_MAX, Grantee, KnowledgeError, LIBRARY_NAME_CHARACTERS_MAX, Library,
    LibraryAccess, LibraryChange, LibraryPage, LibraryQuery, NewLibrary, Progress, Share,
    VisibleLibrary, ports::LibraryStore,
};

/// Of one account.
pub const LIBRARIES_MAX: u32 = 1_000;

/// What [`Libraries`] is made of.
pub struct LibrariesParts {
    pub store: Arc<dyn LibraryStore>,
    pub trail: Trail,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
}

/// Keeps libraries of callers. Cheap to clone.
#[derive(Clone)]
pub struct Libraries {
    store: Arc<dyn LibraryStore>,
    trail: Trail,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

impl Libraries {
    pub fn new(parts: LibrariesParts) -> Self {
        let LibrariesParts { store, trail, clock, ids } = parts;
        Self { store, trail, clock, ids }
    }

    pub async fn create(
        &self,
        caller: &Caller,
        new: NewLibrary,
    ) -> Result<VisibleLibrary, KnowledgeError> {
        let now = self.clock.now();
        let library = Library {
            id: LibraryId::from_uuid(self.ids.next(now)),
            organisation: caller.organisation,
            owner: Some(caller.account),
            name: name_checked(&new.name)?,
            description: description_checked(new.description)?,
            created_at: now,
            updated_at: now,
            documents: 0,
            bytes: 0,
        };
        let audit = self.entry(Action::LibraryCreate, caller, library.id).await?;
        self.store.insert(&library, LIBRARIES_MAX, &audit).await??;
        Ok(VisibleLibrary { library, access: LibraryAccess::Owner })
    }

    /// Those that the caller sees, own ones and others.
    pub async fn list(
        &self,
        caller: &Caller,
        query: &LibraryQuery,
    ) -> Result<LibraryPage, KnowledgeError> {
        let fact = AuditFact::ok(Action::LibraryList, *caller, Subject::Nothing);
        self.trail.record(&fact).await?;
        Ok(self.store.libraries(caller.into(), query).await?)
    }

    pub async fn read(
        &self,
        caller: &Caller,
        id: LibraryId,
    ) -> Result<VisibleLibrary, KnowledgeError> {
        let found = self.store.library(caller.into(), id).await?;
        let found = found.ok_or(KnowledgeError::LibraryUnknown { id })?;
        self.record(Action::LibraryRead, caller, id).await?;
        Ok(found)
    }

    /// Another name or another description.
    pub async fn update(
        &self,
        caller: &Caller,
        id: LibraryId,
        change: LibraryChange,
    ) -> Result<VisibleLibrary, KnowledgeError> {
        let LibraryChange { name, description } = change;
        let change = LibraryChange {
            name: name.as_deref().map(name_checked).transpose()?,
            description: description.map(description_checked).transpose()?,
        };
        let audit = self.entry(Action::LibraryUpdate, caller, id).await?;
        Ok(self.store.update(caller.into(), id, &change, &audit).await??)
    }

    /// Nobody finds anything of it once this returns. Gives it as it was, if the caller saw it: what
    /// nobody owns any more is deleted by owners of the organisation, who need not see it.
    pub async fn delete(
        &self,
        caller: &Caller,
        id: LibraryId,
    ) -> Result<Option<VisibleLibrary>, KnowledgeError> {
        let found = self.store.library(caller.into(), id).await?;
        let audit = self.entry(Action::LibraryDelete, caller, id).await?;
        self.store.delete(caller.into(), id, &audit).await??;
        Ok(found)
    }

    /// Who may use it beside its owner.
    pub async fn shares(
        &self,
        caller: &Caller,
        id: LibraryId,
    ) -> Result<Vec<Share>, KnowledgeError> {
        let shares = self.store.shares(caller.into(), id).await??;
        self.record(Action::LibraryRead, caller, id).await?;
        Ok(shares)
    }

    pub async fn share(&self, caller: &Caller, share: Share) -> Result<(), KnowledgeError> {
        let audit = self.entry(Action::LibraryShare, caller, share.library).await?;
        Ok(self.store.share(caller.into(), &share, &audit).await??)
    }

    /// From then on the grantee finds nothing of the library, also not what a search under way has
    /// found already.
    pub async fn unshare(
        &self,
        caller: &Caller,
        id: LibraryId,
        grantee: Grantee,
    ) -> Result<(), KnowledgeError> {
        let audit = self.entry(Action::LibraryUnshare, caller, id).await?;
        Ok(self.store.unshare(caller.into(), id, grantee, &audit).await??)
    }

    /// How far its documents are.
    pub async fn progress(
        &self,
        caller: &Caller,
        id: LibraryId,
    ) -> Result<Progress, KnowledgeError> {
        let progress = self.store.progress(caller.into(), id).await??;
        self.record(Action::LibraryRead, caller, id).await?;
        Ok(progress)
    }

    async fn entry(
        &self,
        action: Action,
        caller: &Caller,
        id: LibraryId,
    ) -> Result<governance::AuditEntry, KnowledgeError> {
        let fact = AuditFact::ok(action, *caller, Subject::Library(id));
        Ok(self.trail.entry(&fact).await?)
    }

    async fn record(
        &self,
        action: Action,
        caller: &Caller,
        id: LibraryId,
    ) -> Result<(), KnowledgeError> {
        let fact = AuditFact::ok(action, *caller, Subject::Library(id));
        Ok(self.trail.record(&fact).await?)
    }
}

fn name_checked(name: &str) -> Result<String, KnowledgeError> {
    let name = name.trim();
    let characters = name.chars().count();
    let is_line = !name.chars().any(char::is_control);
    if !(1..=LIBRARY_NAME_CHARACTERS_MAX).contains(&characters) || !is_line {
        let reason = format!("a name has 1 to {LIBRARY_NAME_CHARACTERS_MAX} characters, on a line");
        return Err(KnowledgeError::Invalid { parameter: "name", reason });
    }
    Ok(name.to_owned())
}

/// A description of nothing but white space is none.
fn description_checked(description: Option<String>) -> Result<Option<String>, KnowledgeError> {
    let description = description.filter(|text| !text.trim().is_empty());
    let is_long = |text: &String| text.chars().count() > DESCRIPTION_CHARACTERS_MAX;
    if description.as_ref().is_some_and(is_long) {
        let reason = format!("a description has at most {DESCRIPTION_CHARACTERS_MAX} characters");
        return Err(KnowledgeError::Invalid { parameter: "description", reason });
    }
    Ok(description)
}
