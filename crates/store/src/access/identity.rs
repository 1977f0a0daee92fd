//! Who of an identity provider is which account.
//!
//! An identity is found by its keyed hash, which is what tells the tenant.

use async_trait::async_trait;
use domain::{Account, AccountId, OrganisationId, Timestamp};
use governance::{
    AuditEntry, TokenHash,
    ports::{
        AccountChange, AccountUpdated, Entered, Entering, EnteringStep, Identity, IdentityStore,
        StoreError,
    },
};
use sqlx::SqliteConnection;

use super::{account, provisioning, sign_in};
use crate::{
    audit,
    failure::{Failure, store_error},
    row::{bytes, hash_bytes},
    store::Store,
};

#[async_trait]
impl IdentityStore for Store {
    async fn find_identity(&self, identity: &TokenHash) -> Result<Option<Account>, StoreError> {
        let identity = *identity;
        self.read(move |connection| Box::pin(account::of_identity(connection, identity)))
            .await
            .map_err(store_error("find the identity"))
    }

    async fn find_external(
        &self,
        organisation: OrganisationId,
        external_id: &str,
    ) -> Result<Option<Account>, StoreError> {
        let external_id = external_id.to_owned();
        self.read(move |connection| {
            Box::pin(
                async move { provisioning::external(connection, organisation, &external_id).await },
            )
        })
        .await
        .map_err(store_error("find the account"))
    }

    async fn enter(
        &self,
        entering: &Entering,
        audit: &[AuditEntry],
    ) -> Result<Entered, StoreError> {
        let (entering, entries) = (entering.clone(), audit.to_vec());
        self.change(move |connection| {
            Box::pin(async move {
                let entered = step(connection, &entering).await?;
                if entered == Entered::Done {
                    sign_in::insert_session(connection, &entering.session).await?;
                    for entry in &entries {
                        audit::insert(connection, entry).await?;
                    }
                }
                Ok(entered)
            })
        })
        .await
        .map_err(store_error("keep the session"))
    }

    async fn bind_identity(
        &self,
        identity: &Identity,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let (identity, entry) = (identity.clone(), audit.clone());
        self.change(move |connection| {
            Box::pin(async move {
                let is_bound = insert(connection, &identity).await?;
                if is_bound {
                    audit::insert(connection, &entry).await?;
                }
                Ok(is_bound)
            })
        })
        .await
        .map_err(store_error("keep the identity"))
    }

    async fn end_sessions(
        &self,
        organisation: OrganisationId,
        account: AccountId,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let entry = audit.clone();
        self.change(move |connection| {
            Box::pin(async move {
                let whose = (organisation, account);
                sign_in::end_sessions_of(connection, whose, None, at).await?;
                audit::insert(connection, &entry).await
            })
        })
        .await
        .map_err(store_error("end the sessions"))
    }
}

/// Looks before it changes anything: what is not done leaves no trace.
async fn step(connection: &mut SqliteConnection, entering: &Entering) -> Result<Entered, Failure> {
    let Entering { account, step, session } = entering;
    if let EnteringStep::Create(identity) = step {
        let is_known = account::of_identity(connection, identity.hash).await?.is_some();
        if is_known || account::named(connection, &account.name).await?.is_some() {
            return Ok(Entered::Taken);
        }
        account::insert(connection, account).await?;
        insert(connection, identity).await?;
        return Ok(Entered::Done);
    }
    if let EnteringStep::Bind(identity) = step {
        let is_known = account::of_identity(connection, identity.hash).await?.is_some();
        if is_known || any(connection, account.organisation, account.id).await? {
            return Ok(Entered::Taken);
        }
    }
    let kept = account::find(connection, account.organisation, account.id).await?;
    if kept.is_none_or(|kept| kept.disabled_at.is_some()) {
        return Ok(Entered::Changed);
    }
    let role = match step {
        EnteringStep::ChangeRole(role) => Some(*role),
        EnteringStep::Bind(_) => Some(account.role),
        EnteringStep::Nothing | EnteringStep::Create(_) => None,
    };
    if role.is_some() {
        let change = AccountChange { role, ..AccountChange::at(session.created_at) };
        let whose = (account.organisation, account.id);
        if account::update(connection, whose, &change).await? != AccountUpdated::Done {
            return Ok(Entered::Changed);
        }
    }
    if let EnteringStep::Bind(identity) = step {
        insert(connection, identity).await?;
    }
    Ok(Entered::Done)
}

/// Whether the account has one, of whichever issuer.
pub(super) async fn any(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
    account: AccountId,
) -> Result<bool, Failure> {
    let found = sqlx::query(
        "SELECT 1 FROM identity WHERE organisation_id = ?1 AND account_id = ?2 LIMIT 1",
    )
    .bind(bytes(organisation.as_uuid()))
    .bind(bytes(account.as_uuid()))
    .fetch_optional(connection)
    .await?;
    Ok(found.is_some())
}

/// `false` if the identity is bound, or the account has one of this issuer.
async fn insert(connection: &mut SqliteConnection, identity: &Identity) -> Result<bool, Failure> {
    let changed = sqlx::query(
        "INSERT INTO identity (organisation_id, account_id, issuer, identity_hash, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
    )
    .bind(bytes(identity.organisation.as_uuid()))
    .bind(bytes(identity.account.as_uuid()))
    .bind(&identity.issuer)
    .bind(hash_bytes(&identity.hash))
    .bind(identity.created_at.as_micros())
    .execute(connection)
    .await?;
    Ok(changed.rows_affected() > 0)
}
