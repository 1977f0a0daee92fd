//! What a library is, and what somebody may do with it.

use domain::{AccountId, LibraryId, OrganisationId, Timestamp};

use crate::ShareRole;

/// Longer names are refused: they are shown on one line.
pub const LIBRARY_NAME_CHARACTERS_MAX: usize = 200;

pub const DESCRIPTION_CHARACTERS_MAX: usize = 2_000;

/// Documents that are searched together, and shared together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Library {
    pub id: LibraryId,
    pub organisation: OrganisationId,
    /// Who made it. `None` once that account was erased: the library stays for whom it was shared
    /// with, and names nobody.
    pub owner: Option<AccountId>,
    /// Content: it may say whom the library is about.
    pub name: String,
    pub description: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub documents: u64,
    /// Of all versions of its documents, as they were added.
    pub bytes: u64,
}

/// What somebody may do with a library; each may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LibraryAccess {
    /// Searches and reads.
    Viewer,
    /// Adds, changes and deletes documents, and sees who else may use it.
    Editor,
    /// Renames, shares and deletes the library.
    Owner,
}

impl LibraryAccess {
    /// What an account may do; `None` if it does not even see the library. Where nobody owns a
    /// library any more, whoever edits it stands in for the owner.
    pub fn of(
        owner: Option<AccountId>,
        account: AccountId,
        shared: Option<ShareRole>,
    ) -> Option<Self> {
        if owner == Some(account) {
            return Some(Self::Owner);
        }
        Some(match shared? {
            ShareRole::Viewer => Self::Viewer,
            ShareRole::Editor if owner.is_none() => Self::Owner,
            ShareRole::Editor => Self::Editor,
        })
    }
}

/// A library, and what the visitor may do with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VisibleLibrary {
    pub library: Library,
    pub access: LibraryAccess,
}

/// What somebody wants as a library.
#[derive(Clone, Debug)]
pub struct NewLibrary {
    pub name: String,
    pub description: Option<String>,
}

/// What of a library is changed; `None` leaves it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LibraryChange {
    pub name: Option<String>,
    /// `Some(None)`: it has none from then on.
    pub description: Option<Option<String>>,
}

/// Which libraries to list, the newest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LibraryQuery {
    pub limit: u32,
    pub offset: u64,
    /// Those behind this one, in the order of the list; it may be gone meanwhile.
    pub after: Option<LibraryId>,
}

/// Some of the libraries that a visitor sees, and how many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LibraryPage {
    pub libraries: Vec<VisibleLibrary>,
    /// Without limit, offset and `after`.
    pub total: u64,
    /// Whether there are more behind these.
    pub has_more: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_goes_before_what_is_shared() {
        let [anne, bob]: [AccountId; 2] = ["1", "2"].map(|digit| digit.repeat(32).parse().unwrap());
        let check = |owner, shared, expected| {
            assert_eq!(LibraryAccess::of(owner, anne, shared), expected, "{owner:?} {shared:?}");
        };
        check(Some(anne), None, Some(LibraryAccess::Owner));
        check(Some(anne), Some(ShareRole::Viewer), Some(LibraryAccess::Owner));
        check(Some(bob), None, None);
        check(Some(bob), Some(ShareRole::Viewer), Some(LibraryAccess::Viewer));
        check(Some(bob), Some(ShareRole::Editor), Some(LibraryAccess::Editor));
        check(None, None, None);
        check(None, Some(ShareRole::Viewer), Some(LibraryAccess::Viewer));
        check(None, Some(ShareRole::Editor), Some(LibraryAccess::Owner));
    }
}
