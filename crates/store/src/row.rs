//! Columns as the domain's types.

use std::str::FromStr;

use domain::{AccountId, KeyId, OrganisationId, ProjectId, SessionId, SignInLinkId, Timestamp};
use governance::TokenHash;
use sqlx::{Row as _, sqlite::SqliteRow};
use uuid::Uuid;

use crate::failure::Failure;

/// An id as it is bound to a statement.
pub(crate) fn bytes(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

/// A keyed hash as it is bound to a statement.
pub(crate) fn hash_bytes(hash: &TokenHash) -> Vec<u8> {
    hash.as_bytes().to_vec()
}

/// Reads columns by name.
pub(crate) struct Columns<'r>(pub(crate) &'r SqliteRow);

impl Columns<'_> {
    pub(crate) fn uuid(&self, column: &'static str) -> Result<Uuid, Failure> {
        Ok(Uuid::from_bytes(self.array(column)?))
    }

    pub(crate) fn uuid_if_any(&self, column: &'static str) -> Result<Option<Uuid>, Failure> {
        let bytes: Option<&[u8]> = self.0.try_get(column)?;
        let read = |bytes| Uuid::from_slice(bytes).map_err(|_| Failure::Unreadable { column });
        bytes.map(read).transpose()
    }

    pub(crate) fn organisation(&self, column: &'static str) -> Result<OrganisationId, Failure> {
        self.uuid(column).map(OrganisationId::from_uuid)
    }

    pub(crate) fn project(&self, column: &'static str) -> Result<ProjectId, Failure> {
        self.uuid(column).map(ProjectId::from_uuid)
    }

    pub(crate) fn account(&self, column: &'static str) -> Result<AccountId, Failure> {
        self.uuid(column).map(AccountId::from_uuid)
    }

    pub(crate) fn key(&self, column: &'static str) -> Result<KeyId, Failure> {
        self.uuid(column).map(KeyId::from_uuid)
    }

    pub(crate) fn link(&self, column: &'static str) -> Result<SignInLinkId, Failure> {
        self.uuid(column).map(SignInLinkId::from_uuid)
    }

    pub(crate) fn session(&self, column: &'static str) -> Result<SessionId, Failure> {
        self.uuid(column).map(SessionId::from_uuid)
    }

    pub(crate) fn hash(&self, column: &'static str) -> Result<TokenHash, Failure> {
        self.array(column).map(TokenHash::from_bytes)
    }

    pub(crate) fn time(&self, column: &'static str) -> Result<Timestamp, Failure> {
        Ok(Timestamp::from_micros(self.0.try_get(column)?))
    }

    pub(crate) fn time_if_any(&self, column: &'static str) -> Result<Option<Timestamp>, Failure> {
        Ok(self.0.try_get::<Option<i64>, _>(column)?.map(Timestamp::from_micros))
    }

    pub(crate) fn text(&self, column: &'static str) -> Result<String, Failure> {
        Ok(self.0.try_get(column)?)
    }

    pub(crate) fn text_if_any(&self, column: &'static str) -> Result<Option<String>, Failure> {
        Ok(self.0.try_get(column)?)
    }

    /// A column of words that the domain knows.
    pub(crate) fn word<T: FromStr>(&self, column: &'static str) -> Result<T, Failure> {
        let text: &str = self.0.try_get(column)?;
        text.parse().map_err(|_| Failure::Unreadable { column })
    }

    pub(crate) fn array<const N: usize>(&self, column: &'static str) -> Result<[u8; N], Failure> {
        let bytes: &[u8] = self.0.try_get(column)?;
        bytes.try_into().map_err(|_| Failure::Unreadable { column })
    }
}
