//! Ports of sign-in with an identity provider.

use async_trait::async_trait;
use domain::{Account, AccountId, OrganisationId, Role, Timestamp};

use super::StoreError;
use crate::{AuditEntry, Session, TokenHash};

/// Tells who somebody is. The one of this installation speaks `OpenID` Connect.
#[async_trait]
pub trait IdentityProvider: Send + Sync {
    /// As people know it: it stands on the button.
    fn name(&self) -> &str;

    /// The identifier of the provider, to which its subjects belong.
    fn issuer(&self) -> &str;

    /// Where a browser is sent so that its person signs in.
    async fn address(&self, question: &Question<'_>) -> Result<String, ProviderError>;

    /// Exchanges the code that came back for a proof of who it is, and checks it as of `now`.
    async fn identify(
        &self,
        reply: &Reply<'_>,
        now: Timestamp,
    ) -> Result<Identified, ProviderError>;
}

/// What a browser is sent away with.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    pub state: &'a str,
    pub nonce: &'a str,
    /// The secret of PKCE; the provider is sent its hash alone.
    pub verifier: &'a str,
}

/// What came back, and what it must fit.
#[derive(Clone, Copy, Debug)]
pub struct Reply<'a> {
    pub code: &'a str,
    pub nonce: &'a str,
    pub verifier: &'a str,
}

/// Who somebody is, as the provider has proved it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identified {
    /// Unique at the provider and never given to somebody else. Kept as a keyed hash only.
    pub subject: String,
    /// What a new account may be called.
    pub name: Option<String>,
    pub groups: Vec<String>,
}

/// Why a provider does not tell who somebody is.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    #[error("the identity provider cannot be asked")]
    Unavailable { source: Box<dyn std::error::Error + Send + Sync> },
    /// `reason` repeats nothing that the provider sent.
    #[error("the identity provider does not prove who it is: {reason}")]
    Refused { reason: String },
}

/// Keeps which account an identity is bound to. Every implementation passes
/// `testkit::identity_suite`. Each method is one transaction, its audit entries included.
#[async_trait]
pub trait IdentityStore: Send + Sync {
    /// The account of an identity, a disabled one too.
    async fn find_identity(&self, identity: &TokenHash) -> Result<Option<Account>, StoreError>;

    /// The account that provisioning knows under this foreign id, a disabled one too.
    async fn find_external(
        &self,
        organisation: OrganisationId,
        external_id: &str,
    ) -> Result<Option<Account>, StoreError>;

    /// Keeps the session, and before it what `step` says. Nothing is kept unless it is
    /// [`Entered::Done`].
    async fn enter(&self, entering: &Entering, audit: &[AuditEntry])
    -> Result<Entered, StoreError>;

    /// `false`, and nothing is kept, if the identity belongs to an account already, or the account
    /// has an identity of the same issuer.
    async fn bind_identity(
        &self,
        identity: &Identity,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError>;

    /// Ends every session of an account.
    async fn end_sessions(
        &self,
        organisation: OrganisationId,
        account: AccountId,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;
}

/// Somebody of a provider, bound to an account for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub organisation: OrganisationId,
    pub account: AccountId,
    /// Keyed hash of issuer and subject.
    pub hash: TokenHash,
    pub issuer: String,
    pub created_at: Timestamp,
}

/// A person who comes in by a provider.
#[derive(Clone, Debug)]
pub struct Entering {
    /// As it will be.
    pub account: Account,
    pub step: EnteringStep,
    pub session: Session,
}

/// What is done before the session begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnteringStep {
    Nothing,
    /// The account gets the role that it has in [`Entering`].
    ChangeRole(Role),
    /// The account is made and bound.
    Create(Identity),
    /// The account is there already: it is bound and gets the role that it has in [`Entering`].
    Bind(Identity),
}

/// What became of an [`Entering`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entered {
    Done,
    /// Another account has the name, or the identity was bound meanwhile.
    Taken,
    /// The account was disabled meanwhile, or is the last owner.
    Changed,
}
