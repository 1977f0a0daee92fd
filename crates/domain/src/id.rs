//! Ids of everything that is stored. All are `UUIDv7`, made in contexts through [`IdSource`].

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Timestamp;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.simple().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )+};
}

ids! {
    /// A customer of the installation: owns projects, never shares data with another.
    OrganisationId,
    /// A unit of work inside an organisation: owns keys, usage and budgets.
    ProjectId,
    /// A person or a machine that an organisation knows.
    AccountId,
    /// The public half of an API key.
    KeyId,
    /// One request to a model; also the primary key of its usage row.
    RequestId,
    /// A signed-in browser.
    SessionId,
    /// A one-time link that signs a browser in.
    SignInLinkId,
    /// A conversation: a tree of questions and answers.
    ConversationId,
    /// One question or one answer of a conversation.
    EntryId,
    /// A file that somebody uploaded, or that a batch job wrote.
    FileId,
    /// Many requests that are answered in the background.
    BatchJobId,
    /// A group of accounts, as an identity provider says.
    GroupId,
    /// One time that somebody asked to open another one's conversations.
    OpeningId,
    /// An order to erase somebody, and what came of it.
    ErasureId,
    /// An order to keep something from being removed.
    HoldId,
    /// Documents that are searched together, and shared together.
    LibraryId,
    /// A document of a library, with all of its versions.
    DocumentId,
    /// What was searched and cited for one answer.
    TraceId,
}

/// Makes `UUIDv7` values: the time given, then random bits.
pub trait IdSource: Send + Sync {
    fn next(&self, at: Timestamp) -> Uuid;
}
