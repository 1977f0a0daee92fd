//! Libraries in memory.

mod claim;
mod document;
mod erasure;
mod keep;
mod reading;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use domain::{AccountId, DocumentId, GroupId, HoldId, LibraryId, OrganisationId, Role, Timestamp};
use governance::{AuditEntry, ports::StoreError};
use knowledge::{
    BytesId, Grantee, Library, LibraryAccess, LibraryChange, LibraryPage, LibraryQuery, Progress,
    Reading, ReadingState, Share, ShareRole, StoredDocument, Unread, Version, VersionKey,
    VisibleLibrary, Visitor,
    ports::{Changed, LibraryStore, Opened, Opening, Readable, Refusal},
};

use super::{MemoryStore, Refusal as Failure, State, store_error};

/// Libraries, documents, versions, and bytes of which there is no version yet.
#[derive(Debug, Default)]
pub(super) struct Kept {
    libraries: BTreeMap<LibraryId, KeptLibrary>,
    shares: BTreeMap<(LibraryId, Grantee), ShareRole>,
    documents: BTreeMap<DocumentId, KeptDocument>,
    versions: BTreeMap<VersionKey, KeptVersion>,
    bytes: BTreeMap<BytesId, Vec<u8>>,
    /// Those that somebody writes, or for which there will be a version soon.
    under_way: BTreeSet<BytesId>,
    /// How many versions there ever were.
    keys: u64,
    /// How many claims there ever were.
    turns: u64,
}

#[derive(Debug)]
struct KeptLibrary {
    /// Its counts are told when it is read.
    library: Library,
    is_removed: bool,
    turn: u64,
}

#[derive(Debug)]
struct KeptDocument {
    organisation: OrganisationId,
    id: DocumentId,
    library: LibraryId,
    added_by: Option<AccountId>,
    name: String,
    attributes: String,
    created_at: Timestamp,
    updated_at: Timestamp,
}

#[derive(Debug)]
struct KeptVersion {
    organisation: OrganisationId,
    library: LibraryId,
    document: DocumentId,
    media_type: String,
    lies_at: BytesId,
    version: Version,
    said_until: Option<Timestamp>,
    indexed_at: Option<Timestamp>,
    reading: Option<Reading>,
    fence: i64,
    attempts: u32,
}

impl KeptVersion {
    /// Unless it waits anyway, or would fail again.
    fn read_anew(&mut self) {
        let version = &mut self.version;
        let broke_off = version
            .failure
            .as_ref()
            .is_some_and(|failure| failure.code == Unread::BrokenOff.code());
        let may_be_read = match version.state {
            ReadingState::Queued => false,
            ReadingState::Failed => version.searchable || broke_off,
            ReadingState::Reading | ReadingState::Indexing | ReadingState::Ready => true,
        };
        if may_be_read {
            version.state = ReadingState::Queued;
            version.failure = None;
            version.ended_at = None;
            self.fence += 1;
            self.attempts = 0;
        }
    }
}

#[async_trait]
impl LibraryStore for MemoryStore {
    async fn insert(
        &self,
        library: &Library,
        libraries_max: u32,
        audit: &AuditEntry,
    ) -> Result<Changed<()>, StoreError> {
        let inserted = self.insert_library(library, libraries_max, audit);
        inserted.map_err(store_error("keep the library"))
    }

    async fn library(
        &self,
        visitor: Visitor,
        id: LibraryId,
    ) -> Result<Option<VisibleLibrary>, StoreError> {
        let state = self.working().map_err(store_error("read the library"))?;
        Ok(state.visible_library(visitor, id))
    }

    async fn libraries(
        &self,
        visitor: Visitor,
        query: &LibraryQuery,
    ) -> Result<LibraryPage, StoreError> {
        let state = self.working().map_err(store_error("list the libraries"))?;
        let ids = state.libraries.libraries.keys().rev();
        let seen = ids.filter_map(|id| state.visible_library(visitor, *id));
        let mut libraries: Vec<VisibleLibrary> = seen.collect();
        let total = libraries.len() as u64;
        libraries.retain(|one| query.after.is_none_or(|after| one.library.id < after));
        let offset = usize::try_from(query.offset).unwrap_or(usize::MAX);
        let mut libraries: Vec<VisibleLibrary> = libraries.into_iter().skip(offset).collect();
        let has_more = libraries.len() > query.limit as usize;
        libraries.truncate(query.limit as usize);
        Ok(LibraryPage { libraries, total, has_more })
    }

    async fn update(
        &self,
        visitor: Visitor,
        id: LibraryId,
        change: &LibraryChange,
        audit: &AuditEntry,
    ) -> Result<Changed<VisibleLibrary>, StoreError> {
        let updated = self.update_library((visitor, id), change, audit);
        updated.map_err(store_error("change the library"))
    }

    async fn delete(
        &self,
        visitor: Visitor,
        id: LibraryId,
        audit: &AuditEntry,
    ) -> Result<Changed<()>, StoreError> {
        self.delete_library((visitor, id), audit).map_err(store_error("delete the library"))
    }

    async fn shares(
        &self,
        visitor: Visitor,
        id: LibraryId,
    ) -> Result<Changed<Vec<Share>>, StoreError> {
        let state = self.working().map_err(store_error("read who may use the library"))?;
        if let Err(refusal) = state.needs(visitor, (id, LibraryAccess::Editor)) {
            return Ok(Err(refusal));
        }
        let shares = state.libraries.shares.iter().filter(|((library, _), _)| *library == id);
        let share = |((library, grantee), role): (&(LibraryId, Grantee), &ShareRole)| Share {
            library: *library,
            grantee: *grantee,
            role: *role,
        };
        Ok(Ok(shares.map(share).collect()))
    }

    async fn share(
        &self,
        visitor: Visitor,
        share: &Share,
        audit: &AuditEntry,
    ) -> Result<Changed<()>, StoreError> {
        self.share_library(visitor, share, audit).map_err(store_error("share the library"))
    }

    async fn unshare(
        &self,
        visitor: Visitor,
        id: LibraryId,
        grantee: Grantee,
        audit: &AuditEntry,
    ) -> Result<Changed<()>, StoreError> {
        let unshared = self.unshare_library(visitor, (id, grantee), audit);
        unshared.map_err(store_error("share the library no longer"))
    }

    async fn progress(
        &self,
        visitor: Visitor,
        id: LibraryId,
    ) -> Result<Changed<Progress>, StoreError> {
        let state = self.working().map_err(store_error("read how far the library is"))?;
        if let Err(refusal) = state.needs(visitor, (id, LibraryAccess::Viewer)) {
            return Ok(Err(refusal));
        }
        let mut progress = Progress::default();
        for kept in state.libraries.versions.values().filter(|kept| kept.library == id) {
            let reached = kept.version.state;
            progress.set(reached, progress.of(reached) + 1);
        }
        Ok(Ok(progress))
    }

    async fn readable(&self, readable: &Readable) -> Result<Vec<VersionKey>, StoreError> {
        let state = self.working().map_err(store_error("read what may be found"))?;
        let wanted = |id| readable.libraries.is_empty() || readable.libraries.contains(&id);
        let found = state.libraries.versions.iter().filter(|(_, kept)| {
            kept.is_found(readable.at)
                && wanted(kept.library)
                && state.access(readable.visitor, kept.library).is_some()
        });
        Ok(found.map(|(key, _)| *key).collect())
    }

    async fn open(&self, opening: &Opening) -> Result<Option<Opened>, StoreError> {
        let state = self.working().map_err(store_error("open what was found"))?;
        Ok(state.opened(opening))
    }

    async fn seen(
        &self,
        visitor: Visitor,
        versions: &[VersionKey],
    ) -> Result<Vec<VersionKey>, StoreError> {
        let state = self.working().map_err(store_error("read what may be seen"))?;
        let is_seen = |key: &&VersionKey| state.seen_version(visitor, **key).is_some();
        Ok(versions.iter().filter(is_seen).copied().collect())
    }

    async fn live(&self, organisation: OrganisationId) -> Result<Vec<VersionKey>, StoreError> {
        let state = self.working().map_err(store_error("read what the index keeps"))?;
        let is_kept = |id| state.libraries.libraries.get(&id).is_some_and(|kept| !kept.is_removed);
        let live = state
            .libraries
            .versions
            .iter()
            .filter(|(_, kept)| kept.organisation == organisation && is_kept(kept.library));
        Ok(live.map(|(key, _)| *key).collect())
    }

    async fn read_anew(
        &self,
        organisation: OrganisationId,
        versions: &[VersionKey],
        _at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut state = self.working().map_err(store_error("have documents read anew"))?;
        for key in versions {
            let kept = state.libraries.versions.get_mut(key);
            if let Some(kept) = kept.filter(|kept| kept.organisation == organisation) {
                kept.read_anew();
            }
        }
        Ok(())
    }

    async fn highest_key(&self) -> Result<VersionKey, StoreError> {
        let state = self.working().map_err(store_error("read which keys were given"))?;
        Ok(VersionKey(state.libraries.keys))
    }

    async fn organisations(&self) -> Result<Vec<OrganisationId>, StoreError> {
        let state = self.working().map_err(store_error("list the organisations"))?;
        Ok(state.organisations.keys().copied().collect())
    }

    async fn discard(&self, rows_max: u32) -> Result<bool, StoreError> {
        let mut state = self.working().map_err(store_error("remove what libraries left"))?;
        state.remove_unseen();
        let removed = state.libraries.libraries.values().filter(|kept| kept.is_removed);
        let removed: Vec<LibraryId> = removed.map(|kept| kept.library.id).collect();
        let some: Vec<LibraryId> = removed.iter().copied().take(rows_max as usize).collect();
        for id in &some {
            state.remove_library(*id);
        }
        Ok(removed.len() > some.len())
    }
}

impl MemoryStore {
    fn insert_library(
        &self,
        library: &Library,
        libraries_max: u32,
        audit: &AuditEntry,
    ) -> Result<Changed<()>, Failure> {
        let mut state = self.working()?;
        state.check_entry(audit)?;
        let Some(owner) = library.owner else { return Err(Failure::UnknownAccount) };
        if !state.accounts.contains_key(&(library.organisation, owner)) {
            return Err(Failure::UnknownAccount);
        }
        let own = state
            .libraries
            .libraries
            .values()
            .filter(|kept| !kept.is_removed && kept.library.owner == Some(owner));
        if own.count() >= libraries_max as usize {
            return Ok(Err(Refusal::TooManyLibraries));
        }
        let kept = KeptLibrary { library: library.clone(), is_removed: false, turn: 0 };
        if state.libraries.libraries.insert(library.id, kept).is_some() {
            return Err(Failure::Duplicate);
        }
        state.audit.push(audit.clone());
        Ok(Ok(()))
    }

    fn update_library(
        &self,
        (visitor, id): (Visitor, LibraryId),
        change: &LibraryChange,
        audit: &AuditEntry,
    ) -> Result<Changed<VisibleLibrary>, Failure> {
        let mut state = self.working()?;
        state.check_entry(audit)?;
        if let Err(refusal) = state.needs(visitor, (id, LibraryAccess::Owner)) {
            return Ok(Err(refusal));
        }
        if let Some(kept) = state.libraries.libraries.get_mut(&id) {
            if let Some(name) = &change.name {
                kept.library.name.clone_from(name);
            }
            if let Some(description) = &change.description {
                kept.library.description.clone_from(description);
            }
            kept.library.updated_at = audit.at;
        }
        state.audit.push(audit.clone());
        Ok(state.visible_library(visitor, id).ok_or(Refusal::LibraryUnknown(id)))
    }

    fn delete_library(
        &self,
        (visitor, id): (Visitor, LibraryId),
        audit: &AuditEntry,
    ) -> Result<Changed<()>, Failure> {
        let mut state = self.working()?;
        state.check_entry(audit)?;
        if let Err(refusal) = state.needs(visitor, (id, LibraryAccess::Owner))
            && !state.is_left_to(visitor, id)
        {
            return Ok(Err(refusal));
        }
        if let Some(hold) = state.hold_on_library(visitor.organisation, id) {
            return Ok(Err(Refusal::Held(hold)));
        }
        if let Some(kept) = state.libraries.libraries.get_mut(&id) {
            kept.is_removed = true;
        }
        state.audit.push(audit.clone());
        Ok(Ok(()))
    }

    fn share_library(
        &self,
        visitor: Visitor,
        share: &Share,
        audit: &AuditEntry,
    ) -> Result<Changed<()>, Failure> {
        let mut state = self.working()?;
        state.check_entry(audit)?;
        if let Err(refusal) = state.needs(visitor, (share.library, LibraryAccess::Owner)) {
            return Ok(Err(refusal));
        }
        let organisation = visitor.organisation;
        let is_there = match share.grantee {
            Grantee::Account(id) => {
                let account = (organisation, id);
                state.accounts.contains_key(&account) && !state.is_erased(account)
            }
            Grantee::Group(id) => {
                state.groups.get(&id).is_some_and(|group| group.organisation == organisation)
            }
            Grantee::Organisation => true,
        };
        if !is_there {
            return Ok(Err(Refusal::GranteeUnknown(share.grantee)));
        }
        state.libraries.shares.insert((share.library, share.grantee), share.role);
        state.audit.push(audit.clone());
        Ok(Ok(()))
    }

    fn unshare_library(
        &self,
        visitor: Visitor,
        (id, grantee): (LibraryId, Grantee),
        audit: &AuditEntry,
    ) -> Result<Changed<()>, Failure> {
        let mut state = self.working()?;
        state.check_entry(audit)?;
        let is_own = grantee == Grantee::Account(visitor.account);
        let needed = if is_own { LibraryAccess::Viewer } else { LibraryAccess::Owner };
        if let Err(refusal) = state.needs(visitor, (id, needed)) {
            return Ok(Err(refusal));
        }
        state.libraries.shares.remove(&(id, grantee));
        state.audit.push(audit.clone());
        Ok(Ok(()))
    }
}

impl KeptVersion {
    fn is_found(&self, at: Timestamp) -> bool {
        self.version.searchable && self.version.in_force.holds_at(at)
    }
}

impl State {
    /// What the visitor may do with a library; `None` if the visitor does not see it.
    fn access(&self, visitor: Visitor, id: LibraryId) -> Option<LibraryAccess> {
        let kept = self.libraries.libraries.get(&id)?;
        if kept.is_removed || kept.library.organisation != visitor.organisation {
            return None;
        }
        let given = self
            .libraries
            .shares
            .iter()
            .filter(|((library, grantee), _)| *library == id && self.is_of(visitor, *grantee));
        let shared = given.map(|(_, role)| *role).max();
        LibraryAccess::of(kept.library.owner, visitor.account, shared)
    }

    fn is_of(&self, visitor: Visitor, grantee: Grantee) -> bool {
        match grantee {
            Grantee::Account(id) => id == visitor.account,
            Grantee::Group(id) => self.groups.get(&id).is_some_and(|group| {
                group.organisation == visitor.organisation
                    && group.members.contains(&visitor.account)
            }),
            Grantee::Organisation => true,
        }
    }

    fn needs(&self, visitor: Visitor, (id, needed): (LibraryId, LibraryAccess)) -> Changed<()> {
        match self.access(visitor, id) {
            None => Err(Refusal::LibraryUnknown(id)),
            Some(access) if access < needed => Err(Refusal::Forbidden(needed)),
            Some(_) => Ok(()),
        }
    }

    /// Whether nobody owns the library any more, and the visitor is an owner of the organisation.
    fn is_left_to(&self, visitor: Visitor, id: LibraryId) -> bool {
        let account = self.accounts.get(&(visitor.organisation, visitor.account));
        let kept = self.libraries.libraries.get(&id).filter(|kept| !kept.is_removed);
        kept.is_some_and(|kept| {
            kept.library.organisation == visitor.organisation && kept.library.owner.is_none()
        }) && account.is_some_and(|stored| {
            stored.account.role == Role::Owner && stored.account.disabled_at.is_none()
        })
    }

    /// With its counts.
    fn visible_library(&self, visitor: Visitor, id: LibraryId) -> Option<VisibleLibrary> {
        let access = self.access(visitor, id)?;
        let library = self.libraries.libraries.get(&id)?.library.clone();
        let documents = self.libraries.documents.values().filter(|kept| kept.library == id);
        let versions = self.libraries.versions.values().filter(|kept| kept.library == id);
        let library = Library {
            documents: documents.count() as u64,
            bytes: versions.map(|kept| kept.version.bytes).sum(),
            ..library
        };
        Some(VisibleLibrary { library, access })
    }

    /// Nobody belongs to a group that is gone.
    pub(super) fn end_shares_of_group(&mut self, id: GroupId) {
        self.libraries.shares.retain(|(_, grantee), _| *grantee != Grantee::Group(id));
    }

    /// The first hold that covers its owner, or whoever added a document.
    fn hold_on_library(&self, organisation: OrganisationId, id: LibraryId) -> Option<HoldId> {
        let owner = self.libraries.libraries.get(&id)?.library.owner;
        let documents = self.libraries.documents.values().filter(|kept| kept.library == id);
        let mut accounts = documents.map(|kept| kept.added_by).chain([owner]);
        accounts.find_map(|account| self.hold_on_any(organisation, account))
    }

    /// A hold on an account, or on everybody.
    fn hold_on_any(
        &self,
        organisation: OrganisationId,
        account: Option<AccountId>,
    ) -> Option<HoldId> {
        let nobody = AccountId::from_uuid(uuid::Uuid::nil());
        self.hold_on((organisation, account.unwrap_or(nobody)))
    }

    fn opened(&self, opening: &Opening) -> Option<Opened> {
        let kept = self.libraries.versions.get(&opening.version)?;
        self.access(opening.visitor, kept.library)?;
        let was_there = kept.indexed_at.is_some_and(|at| at <= opening.began);
        if !kept.is_found(opening.at) || !was_there {
            return None;
        }
        let reading = reading::without_places(kept.reading.clone()?);
        Some(Opened { document: self.stored_document(opening.version)?, reading })
    }

    /// With a version as its current one.
    fn stored_document(&self, key: VersionKey) -> Option<StoredDocument> {
        let kept = self.libraries.versions.get(&key)?;
        let document = self.libraries.documents.get(&kept.document)?;
        let versions = self.libraries.versions.values();
        let versions = versions.filter(|other| other.document == document.id).count();
        Some(StoredDocument {
            id: document.id,
            library: document.library,
            name: document.name.clone(),
            media_type: kept.media_type.clone(),
            added_by: document.added_by,
            created_at: document.created_at,
            updated_at: document.updated_at,
            attributes: document.attributes.clone(),
            versions: u32::try_from(versions).unwrap_or(u32::MAX),
            current: kept.version.clone(),
        })
    }
}
