//! Who works here, and what each of them may do.

use std::{fmt, str::FromStr};

use crate::{AccountId, OrganisationId, ProjectId, Timestamp};

/// A person or a machine that an organisation knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    pub organisation: OrganisationId,
    /// The project in which its browsers work.
    pub project: ProjectId,
    pub kind: AccountKind,
    pub name: AccountName,
    pub role: Role,
    pub created_at: Timestamp,
    /// Since when nothing of it is let in; `None` while it may be used.
    pub disabled_at: Option<Timestamp>,
}

/// Who stands behind an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccountKind {
    /// Signs in with a browser.
    Person,
    /// A program: has keys, and nothing to sign in with.
    Service,
}

impl AccountKind {
    pub const ALL: [Self; 2] = [Self::Person, Self::Service];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Service => "service",
        }
    }
}

impl FromStr for AccountKind {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        find(&Self::ALL, AccountKind::as_str, text)
    }
}

/// What somebody does in an organisation. What a role may do is [`Role::permissions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Answers for the organisation: appoints everybody.
    Owner,
    /// Keeps accounts of people who build and ask. Reads nobody's content.
    Admin,
    /// Reads the log, and nothing else.
    Auditor,
    /// Data protection officer: reads the log, erases and holds, and asks as a member does.
    DataOfficer,
    /// Builds applications: asks, and makes keys for programs.
    Developer,
    /// Asks.
    Member,
}

impl Role {
    pub const ALL: [Self; 6] =
        [Self::Owner, Self::Admin, Self::Auditor, Self::DataOfficer, Self::Developer, Self::Member];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Auditor => "auditor",
            Self::DataOfficer => "data_officer",
            Self::Developer => "developer",
            Self::Member => "member",
        }
    }

    /// The access table. No role may read what another account wrote: there is no permission for
    /// that. [`Permission::BreakGlass`] lets somebody ask, and a second person has to agree.
    pub const fn permissions(self) -> Permissions {
        use Permission::{
            BreakGlass, Converse, MakeKeys, ManageAccounts, ProtectData, Provision, ReadLog,
            UseModels,
        };
        match self {
            Self::Owner => Permissions::of(&[
                UseModels,
                Converse,
                MakeKeys,
                ManageAccounts,
                ReadLog,
                Provision,
                BreakGlass,
                ProtectData,
            ]),
            Self::Admin => {
                Permissions::of(&[UseModels, Converse, MakeKeys, ManageAccounts, Provision])
            }
            Self::Auditor => Permissions::of(&[ReadLog]),
            Self::DataOfficer => {
                Permissions::of(&[UseModels, Converse, ReadLog, BreakGlass, ProtectData])
            }
            Self::Developer => Permissions::of(&[UseModels, Converse, MakeKeys]),
            Self::Member => Permissions::of(&[UseModels, Converse]),
        }
    }

    /// Whether somebody of this role may make accounts of `other`, and change them. Who watches
    /// is not appointed by those who are watched.
    pub const fn appoints(self, other: Self) -> bool {
        match self {
            Self::Owner => true,
            Self::Admin => matches!(other, Self::Developer | Self::Member),
            Self::Auditor | Self::DataOfficer | Self::Developer | Self::Member => false,
        }
    }
}

impl FromStr for Role {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        find(&Self::ALL, Role::as_str, text)
    }
}

/// One thing that a route asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Chat, embeddings and the list of models.
    UseModels,
    /// Own conversations and drafts.
    Converse,
    /// Own API keys.
    MakeKeys,
    /// Accounts of the organisation, without their content.
    ManageAccounts,
    /// Entries of the log: pseudonyms and hashes.
    ReadLog,
    /// Accounts and groups as an identity provider says, without their content.
    Provision,
    /// To ask that one person's conversations be opened in an emergency, and to agree to it.
    BreakGlass,
    /// Erase people, and keep content from being removed. Nobody's content is read by that.
    ProtectData,
}

impl Permission {
    pub const ALL: [Self; 8] = [
        Self::UseModels,
        Self::Converse,
        Self::MakeKeys,
        Self::ManageAccounts,
        Self::ReadLog,
        Self::Provision,
        Self::BreakGlass,
        Self::ProtectData,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UseModels => "models",
            Self::Converse => "conversations",
            Self::MakeKeys => "keys",
            Self::ManageAccounts => "accounts",
            Self::ReadLog => "log",
            Self::Provision => "provisioning",
            Self::BreakGlass => "break_glass",
            Self::ProtectData => "data_protection",
        }
    }
}

impl FromStr for Permission {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        find(&Self::ALL, Permission::as_str, text)
    }
}

/// A set of permissions. Its text is their names with spaces between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Permissions(u8);

impl Permissions {
    pub const NONE: Self = Self(0);

    /// What a key may be given: what programs need. Keys make no keys, and open no glass.
    pub const OF_KEYS: Self = Self::of(&[
        Permission::UseModels,
        Permission::Converse,
        Permission::ReadLog,
        Permission::Provision,
    ]);

    /// What a key is given unless somebody says otherwise: nothing that touches accounts.
    pub const OF_PLAIN_KEYS: Self =
        Self::of(&[Permission::UseModels, Permission::Converse, Permission::ReadLog]);

    pub const fn of(permissions: &[Permission]) -> Self {
        let (mut set, mut index) = (0, 0);
        while index < permissions.len() {
            set |= 1 << permissions[index] as u8;
            index += 1;
        }
        Self(set)
    }

    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & 1 << permission as u8 != 0
    }

    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub const fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.into_iter().filter(move |&permission| self.contains(permission))
    }
}

impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, permission) in self.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{}", permission.as_str())?;
        }
        Ok(())
    }
}

impl FromStr for Permissions {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let read = text.split_whitespace().map(str::parse::<Permission>);
        Ok(Self::of(&read.collect::<Result<Vec<_>, _>>()?))
    }
}

/// None of the words that are known here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is none of: {known}")]
pub struct UnknownWord {
    word: String,
    known: String,
}

pub(crate) fn find<T: Copy>(
    all: &[T],
    word_of: impl Fn(T) -> &'static str,
    text: &str,
) -> Result<T, UnknownWord> {
    all.iter().copied().find(|&one| word_of(one) == text).ok_or_else(|| UnknownWord {
        word: text.chars().take(64).collect(),
        known: all.iter().map(|&one| word_of(one)).collect::<Vec<_>>().join(", "),
    })
}

/// The name under which an account signs in; unique in an installation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountName(String);

/// Why a text is not the name of an account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not the name of an account: use 1 to 128 of a-z 0-9 . _ - + and @, beginning with a letter or digit"
)]
pub struct AccountNameError {
    text: String,
}

impl AccountName {
    /// The name of the first account.
    pub fn owner() -> Self {
        Self("owner".to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Upper case becomes lower case: people type names of accounts, and mean one by both.
impl FromStr for AccountName {
    type Err = AccountNameError;

    fn from_str(text: &str) -> Result<Self, AccountNameError> {
        let name = text.to_ascii_lowercase();
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-+@".contains(c);
        let begins_well = name.starts_with(|c: char| c.is_ascii_alphanumeric());
        if begins_well && name.len() <= 128 && name.chars().all(allowed) {
            Ok(Self(name))
        } else {
            Err(AccountNameError { text: text.chars().take(128).collect() })
        }
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
        }
        for permission in Permission::ALL {
            assert_eq!(permission.as_str().parse(), Ok(permission));
        }
        for kind in AccountKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        let error = "boss".parse::<Role>().unwrap_err().to_string();
        assert_eq!(
            error,
            "`boss` is none of: owner, admin, auditor, data_officer, developer, member"
        );
    }

    /// The table of docs/reference/accounts.md.
    #[test]
    fn roles_may_do_what_the_table_says() {
        let table = Role::ALL.map(|role| format!("{}: {}", role.as_str(), role.permissions()));
        assert_eq!(
            table,
            [
                "owner: models conversations keys accounts log provisioning break_glass data_protection",
                "admin: models conversations keys accounts provisioning",
                "auditor: log",
                "data_officer: models conversations log break_glass data_protection",
                "developer: models conversations keys",
                "member: models conversations",
            ]
        );
    }

    #[test]
    fn who_watches_is_appointed_by_the_owner_alone() {
        for role in Role::ALL {
            for other in Role::ALL {
                let expected = role == Role::Owner
                    || role == Role::Admin && matches!(other, Role::Developer | Role::Member);
                assert_eq!(role.appoints(other), expected, "{role:?} {other:?}");
            }
        }
    }

    #[test]
    fn every_set_is_read_as_it_is_written() {
        assert_eq!(Permission::ALL.len(), 8, "a bit each");
        for bits in 0..=u8::MAX {
            let set = Permissions(bits);
            assert_eq!(set.to_string().parse(), Ok(set));
            assert_eq!(Permissions::of(&set.iter().collect::<Vec<_>>()), set);
            assert!(set.and(Permissions::OF_KEYS).is_within(set));
            assert!(Permissions::NONE.is_within(set));
        }
        assert!(!Permissions::OF_KEYS.contains(Permission::MakeKeys));
        assert!(!Permissions::OF_KEYS.contains(Permission::BreakGlass));
        assert!(!Permissions::OF_PLAIN_KEYS.contains(Permission::Provision));
        assert!("models everything".parse::<Permissions>().is_err());
    }

    #[test]
    fn names_are_plain_and_lower_case() {
        for (text, expected) in [
            ("Anne.Dupont@ministere.example", Some("anne.dupont@ministere.example")),
            ("ci-7", Some("ci-7")),
            ("", None),
            ("@x", None),
            ("a b", None),
            ("é", None),
            (&"x".repeat(129), None),
        ] {
            let name = text.parse::<AccountName>().ok();
            assert_eq!(name.as_ref().map(AccountName::as_str), expected, "{text}");
        }
    }
}
