//! Who may use a library beside its owner.

use domain::{AccountId, GroupId, LibraryId};

/// What somebody may do with a library of another. Its owner is the account that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ShareRole {
    /// Searches and reads.
    Viewer,
    /// Besides, adds documents, changes and deletes them.
    Editor,
}

impl ShareRole {
    pub const ALL: [Self; 2] = [Self::Viewer, Self::Editor];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
        }
    }

    /// The role that the store calls so.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

/// To whom a library is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grantee {
    Account(AccountId),
    /// Whoever belongs to it at the time.
    Group(GroupId),
    /// Everybody of the organisation.
    Organisation,
}

impl Grantee {
    /// The word by which stores tell kinds apart.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Account(_) => "account",
            Self::Group(_) => "group",
            Self::Organisation => "organisation",
        }
    }
}

/// That somebody may use a library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    pub library: LibraryId,
    pub grantee: Grantee,
    pub role: ShareRole,
}
