//! Libraries of whoever is erased, in memory.

use domain::{AccountId, DocumentId, LibraryId, OrganisationId, Timestamp};
use governance::ErasedClass;
use knowledge::{Grantee, Library};

use super::State;

type Account = (OrganisationId, AccountId);

impl State {
    /// Own libraries, and those of nobody, that nobody else reads, and those that were deleted.
    fn own_alone(&self, (organisation, id): Account) -> Vec<LibraryId> {
        let is_own = |library: &Library| match library.owner {
            Some(owner) => owner == id,
            None => self.hold_on_library(organisation, library.id).is_none(),
        };
        let all = self.libraries.libraries.values();
        let own = all.filter(|kept| {
            kept.library.organisation == organisation
                && is_own(&kept.library)
                && (kept.is_removed || !self.has_other_readers(kept.library.id, id))
        });
        own.map(|kept| kept.library.id).collect()
    }

    /// Those that nobody owns and nobody is given any more, unless something in them is held, are
    /// as if deleted. A group without members still has it.
    pub(super) fn remove_unseen(&mut self) {
        let all = self.libraries.libraries.values().map(|kept| &kept.library);
        let unseen = all.filter(|library| {
            library.owner.is_none()
                && !self.libraries.shares.keys().any(|(of, _)| *of == library.id)
                && self.hold_on_library(library.organisation, library.id).is_none()
        });
        let unseen: Vec<LibraryId> = unseen.map(|library| library.id).collect();
        for id in unseen {
            if let Some(kept) = self.libraries.libraries.get_mut(&id) {
                kept.is_removed = true;
            }
        }
    }

    fn has_other_readers(&self, library: LibraryId, id: AccountId) -> bool {
        let shares = self.libraries.shares.keys().filter(|(of, _)| *of == library);
        shares.map(|(_, grantee)| grantee).any(|grantee| match grantee {
            Grantee::Account(other) => *other != id,
            Grantee::Group(group) => self
                .groups
                .get(group)
                .is_some_and(|group| group.members.iter().any(|member| *member != id)),
            Grantee::Organisation => true,
        })
    }

    /// Whether something of it is left that must go.
    pub(in crate::memory_store) fn has_libraries(&self, account: Account) -> bool {
        !self.own_alone(account).is_empty()
    }

    pub(in crate::memory_store) fn is_erased(&self, (organisation, id): Account) -> bool {
        let mut all = self.erasures.iter();
        all.any(|erasure| (erasure.organisation, erasure.account) == (organisation, Some(id)))
    }

    /// What nobody else reads, all at once.
    pub(in crate::memory_store) fn remove_libraries(
        &mut self,
        account: Account,
    ) -> [(ErasedClass, u64); 2] {
        let own = self.own_alone(account);
        let documents: usize = own.iter().map(|id| self.remove_library(*id)).sum();
        [(ErasedClass::Documents, documents as u64), (ErasedClass::Libraries, own.len() as u64)]
    }

    /// How many documents it had.
    pub(super) fn remove_library(&mut self, id: LibraryId) -> usize {
        let documents = self.libraries.documents.values().filter(|kept| kept.library == id);
        let documents: Vec<DocumentId> = documents.map(|kept| kept.id).collect();
        for document in &documents {
            self.forget_document(*document);
        }
        self.libraries.shares.retain(|(library, _), _| *library != id);
        self.libraries.libraries.remove(&id);
        documents.len()
    }

    /// What others read stays, and names the account no more.
    pub(in crate::memory_store) fn unlink_libraries(
        &mut self,
        (organisation, id): Account,
    ) -> [(ErasedClass, u64); 3] {
        let shares = self.libraries.shares.len();
        self.libraries.shares.retain(|(_, grantee), _| *grantee != Grantee::Account(id));
        let shares = shares - self.libraries.shares.len();
        let (mut documents, mut libraries) = (0, 0);
        for kept in self.libraries.documents.values_mut() {
            if (kept.organisation, kept.added_by) == (organisation, Some(id)) {
                kept.added_by = None;
                documents += 1;
            }
        }
        for kept in self.libraries.libraries.values_mut() {
            if (kept.library.organisation, kept.library.owner) == (organisation, Some(id)) {
                kept.library.owner = None;
                libraries += 1;
            }
        }
        [
            (ErasedClass::LibraryShares, shares as u64),
            (ErasedClass::DocumentsUnlinked, documents),
            (ErasedClass::LibrariesUnlinked, libraries),
        ]
    }

    /// Documents that were last changed before a time, and that no hold covers.
    pub(in crate::memory_store) fn expired_documents(
        &self,
        organisation: OrganisationId,
        before: Timestamp,
    ) -> Vec<DocumentId> {
        let is_kept = |id| self.libraries.libraries.get(&id).is_some_and(|kept| !kept.is_removed);
        let old = self.libraries.documents.values().filter(|kept| {
            kept.organisation == organisation
                && kept.updated_at < before
                && is_kept(kept.library)
                && self.hold_on_document(kept.id).is_none()
        });
        old.map(|kept| kept.id).collect()
    }
}
