//! New versions in memory.

use domain::Timestamp;
use governance::AuditEntry;
use knowledge::{
    DocumentChange, LibraryAccess, ReadingState, StoredDocument, Version, VersionKey, Wanted,
    ports::{Changed, Kept, NewVersion, Refusal},
};

use super::{Failure, KeptDocument, KeptVersion, MemoryStore, State};

impl MemoryStore {
    pub(super) fn keep_version(
        &self,
        new: &NewVersion,
        audit: &AuditEntry,
    ) -> Result<Changed<Kept>, Failure> {
        let mut state = self.working()?;
        state.check_entry(audit)?;
        if let Err(refusal) = state.needs(new.visitor, (new.library, LibraryAccess::Editor)) {
            return Ok(Err(refusal));
        }
        let known = state.libraries.documents.get(&new.document);
        if !new.is_own && known.is_none_or(|kept| kept.library != new.library) {
            return Ok(Err(Refusal::DocumentUnknown(new.document)));
        }
        let name = new.name.as_deref().filter(|_| new.is_own && new.is_named);
        if let Some(id) = name.and_then(|name| state.named(new.library, name)) {
            return Ok(Err(Refusal::Named(id)));
        }
        if let Some(document) = state.same(new) {
            return Ok(Ok(Kept { document, is_new: false }));
        }
        let bytes = state.bytes_kept(new.visitor.organisation);
        if bytes.saturating_add(new.bytes) > new.bytes_max {
            return Ok(Err(Refusal::NoRoom { bytes, bytes_max: new.bytes_max }));
        }
        let account = (new.visitor.organisation, new.visitor.account);
        if !state.accounts.contains_key(&account) {
            return Err(Failure::UnknownAccount);
        }
        let key = state.insert_version(new);
        state.audit.push(audit.clone());
        let document = state.stored_document(key).ok_or(Refusal::DocumentUnknown(new.document));
        Ok(document.map(|document| Kept { document, is_new: true }))
    }
}

impl State {
    /// Where the same bytes are the newest or the current version already.
    fn same(&self, new: &NewVersion) -> Option<StoredDocument> {
        let mut versions = self.libraries.versions.iter().filter(|(_, kept)| {
            kept.library == new.library
                && kept.version.digest == new.digest
                && (new.is_own || kept.document == new.document)
        });
        let (key, _) = versions.find(|(_, kept)| {
            let wanted = Wanted { document: kept.document, number: None, at: new.at };
            let current = self.wanted(wanted).map(|found| found.current.number);
            let number = kept.version.number;
            number == self.newest_of(kept.document) || Some(number) == current
        })?;
        self.stored_document(*key)
    }

    fn newest_of(&self, document: domain::DocumentId) -> u32 {
        let versions = self.libraries.versions.values();
        let own = versions.filter(|kept| kept.document == document);
        own.map(|kept| kept.version.number).max().unwrap_or(0)
    }

    fn insert_version(&mut self, new: &NewVersion) -> VersionKey {
        let organisation = new.visitor.organisation;
        if new.is_own {
            let document = KeptDocument {
                organisation,
                id: new.document,
                library: new.library,
                added_by: Some(new.visitor.account),
                name: new.name.clone().unwrap_or_default(),
                attributes: new.attributes.clone().unwrap_or_else(|| "{}".to_owned()),
                created_at: new.at,
                updated_at: new.at,
            };
            self.libraries.documents.insert(new.document, document);
        } else {
            let change =
                DocumentChange { name: new.name.clone(), attributes: new.attributes.clone() };
            self.describe(new.document, &change, new.at);
        }
        let number = self.newest_of(new.document) + 1;
        self.libraries.keys += 1;
        let key = VersionKey(self.libraries.keys);
        let kept = KeptVersion {
            organisation,
            library: new.library,
            document: new.document,
            media_type: new.media_type.clone(),
            lies_at: new.lies_at,
            version: version(key, number, new),
            said_until: new.in_force.until,
            indexed_at: None,
            reading: None,
            fence: 0,
            attempts: 0,
        };
        self.libraries.versions.insert(key, kept);
        key
    }

    /// Of the versions of a document that are found: this one ends where the next begins, and
    /// those before it end where it begins.
    pub(super) fn follow(&mut self, key: VersionKey) {
        let Some(kept) = self.libraries.versions.get(&key) else { return };
        let (document, said_until) = (kept.document, kept.said_until);
        let place = place_of(&kept.version);
        let found = |other: &&KeptVersion| other.document == document && other.version.searchable;
        let others = self.libraries.versions.values().filter(found);
        let next = others.map(|other| place_of(&other.version)).filter(|other| *other > place);
        let next = next.map(|(from, _)| from).min();
        let until = [next, said_until].into_iter().flatten().min();
        for other in self.libraries.versions.values_mut() {
            let is_before = other.document == document
                && other.version.searchable
                && place_of(&other.version) < place;
            if is_before {
                other.version.in_force = other.version.in_force.ended_by(place.0);
            }
        }
        if let Some(kept) = self.libraries.versions.get_mut(&key) {
            kept.version.in_force.until = until;
        }
    }
}

/// Of two versions that begin together the later one holds.
const fn place_of(version: &Version) -> (Timestamp, u32) {
    (version.in_force.from, version.number)
}

fn version(key: VersionKey, number: u32, new: &NewVersion) -> Version {
    Version {
        key,
        number,
        digest: new.digest,
        bytes: new.bytes,
        added_at: new.at,
        state: ReadingState::Queued,
        searchable: false,
        in_force: new.in_force,
        pages: 0,
        passages: 0,
        tokens: 0,
        language: None,
        notes: 0,
        failure: None,
        ended_at: None,
    }
}
