//! Browser sign-in: a one-time link becomes a session.

use std::fmt;

use domain::{AccountId, OrganisationId, ProjectId, SessionId, SignInLinkId, Timestamp};

use crate::TokenHash;

/// A link is good once, for so long.
pub(crate) const LINK_SECONDS: i64 = 10 * 60;

/// A session ends after so long, used or not.
pub(crate) const SESSION_SECONDS: i64 = 12 * 60 * 60;

/// A one-time link, known by the hash of its token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInLink {
    pub id: SignInLinkId,
    pub organisation: OrganisationId,
    pub project: ProjectId,
    pub account: AccountId,
    pub token: TokenHash,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// A signed-in browser, known by the hash of its cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub organisation: OrganisationId,
    pub project: ProjectId,
    pub account: AccountId,
    pub token: TokenHash,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// The secret value of a session cookie. Never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionToken(String);

impl SessionToken {
    pub(crate) const fn new(token: String) -> Self {
        Self(token)
    }

    /// For the `Set-Cookie` header alone.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken(…)")
    }
}
