//! Tenants, keys, sign-in links and sessions behind `AccessStore`.
//!
//! The statements are in one file a noun; this one says what is written together.

pub(crate) mod account;
mod break_glass;
mod identity;
mod key;
pub(crate) mod look_up;
mod provisioning;
mod sign_in;
mod subject;
mod tenant;

use async_trait::async_trait;
use domain::{
    Account, AccountId, AccountName, ApiKey, Caller, KeyId, Organisation, OrganisationId,
    Principal, Project, ProjectId, Timestamp,
};
use governance::{
    AuditEntry, Session, SignInLink, SubjectId, TokenHash,
    ports::{
        AccessStore, AccountChange, AccountUpdated, Founding, StoreError, StoredAccount, StoredKey,
    },
};

use crate::{audit, failure::store_error, store::Store};

#[async_trait]
impl AccessStore for Store {
    async fn found(&self, founding: &Founding, audit: &AuditEntry) -> Result<bool, StoreError> {
        let (founding, entry) = (founding.clone(), audit.clone());
        self.change(move |connection| {
            Box::pin(async move {
                if tenant::any(connection).await? {
                    return Ok(false);
                }
                tenant::insert(connection, &founding).await?;
                account::insert(connection, &founding.owner).await?;
                key::insert(connection, &founding.key).await?;
                audit::insert(connection, &entry).await?;
                Ok(true)
            })
        })
        .await
        .map_err(store_error("found the installation"))
    }

    async fn home(&self) -> Result<Option<(Organisation, Project)>, StoreError> {
        self.read(|connection| Box::pin(tenant::first(connection)))
            .await
            .map_err(store_error("find the first organisation"))
    }

    async fn pseudonym_key(
        &self,
        organisation: OrganisationId,
    ) -> Result<Option<[u8; 32]>, StoreError> {
        self.read(move |connection| Box::pin(tenant::pseudonym_key(connection, organisation)))
            .await
            .map_err(store_error("find the organisation"))
    }

    async fn subject_key(
        &self,
        organisation: OrganisationId,
        subject: SubjectId,
        candidate: [u8; 32],
    ) -> Result<Option<[u8; 32]>, StoreError> {
        let known = self
            .read(move |connection| Box::pin(subject::find(connection, organisation, subject)))
            .await
            .map_err(store_error("find the pseudonym key"))?;
        if let Some(kept) = known {
            return Ok(kept);
        }
        self.change(move |connection| {
            Box::pin(async move {
                subject::insert(connection, organisation, subject, candidate).await?;
                Ok(subject::find(connection, organisation, subject).await?.flatten())
            })
        })
        .await
        .map_err(store_error("keep the pseudonym key"))
    }

    async fn owner(&self, organisation: OrganisationId) -> Result<Option<Account>, StoreError> {
        self.read(move |connection| Box::pin(account::owner(connection, organisation)))
            .await
            .map_err(store_error("find the owner"))
    }

    async fn account(
        &self,
        organisation: OrganisationId,
        id: AccountId,
    ) -> Result<Option<Account>, StoreError> {
        self.read(move |connection| Box::pin(account::find(connection, organisation, id)))
            .await
            .map_err(store_error("find the account"))
    }

    async fn find_account(&self, name: &AccountName) -> Result<Option<StoredAccount>, StoreError> {
        let name = name.clone();
        self.read(move |connection| {
            Box::pin(async move { account::named(connection, &name).await })
        })
        .await
        .map_err(store_error("find the account"))
    }

    async fn list_accounts(
        &self,
        organisation: OrganisationId,
    ) -> Result<Vec<Account>, StoreError> {
        self.read(move |connection| Box::pin(account::list(connection, organisation)))
            .await
            .map_err(store_error("list the accounts"))
    }

    async fn insert_account(
        &self,
        account: &Account,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let (account, entry) = (account.clone(), audit.clone());
        self.change(move |connection| {
            Box::pin(async move {
                let kept = account::insert(connection, &account).await?;
                if kept {
                    audit::insert(connection, &entry).await?;
                }
                Ok(kept)
            })
        })
        .await
        .map_err(store_error("keep the account"))
    }

    async fn update_account(
        &self,
        organisation: OrganisationId,
        id: AccountId,
        change: &AccountChange,
        audit: &AuditEntry,
    ) -> Result<AccountUpdated, StoreError> {
        let (change, entry) = (change.clone(), audit.clone());
        self.change(move |connection| {
            Box::pin(async move {
                let updated = account::update(connection, (organisation, id), &change).await?;
                if updated == AccountUpdated::Done {
                    audit::insert(connection, &entry).await?;
                }
                Ok(updated)
            })
        })
        .await
        .map_err(store_error("change the account"))
    }

    async fn has_identity(
        &self,
        organisation: OrganisationId,
        id: AccountId,
    ) -> Result<bool, StoreError> {
        self.read(move |connection| Box::pin(identity::any(connection, organisation, id)))
            .await
            .map_err(store_error("find the identity"))
    }

    async fn insert_session(
        &self,
        session: &Session,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let (session, entry) = (session.clone(), audit.clone());
        self.change(move |connection| {
            Box::pin(async move {
                sign_in::insert_session(connection, &session).await?;
                audit::insert(connection, &entry).await
            })
        })
        .await
        .map_err(store_error("keep the session"))
    }

    async fn insert_key(&self, key: &StoredKey, audit: &AuditEntry) -> Result<(), StoreError> {
        let (key, entry) = (key.clone(), audit.clone());
        self.change(move |connection| {
            Box::pin(async move {
                key::insert(connection, &key).await?;
                audit::insert(connection, &entry).await
            })
        })
        .await
        .map_err(store_error("keep the API key"))
    }

    async fn find_key(&self, id: KeyId) -> Result<Option<(StoredKey, Account)>, StoreError> {
        let found = match self.look_ups() {
            Some(look_ups) => look_ups.find(id).await,
            None => self.read(move |connection| Box::pin(key::find(connection, id))).await,
        };
        found.map_err(store_error("find the API key"))
    }

    async fn list_keys(
        &self,
        organisation: OrganisationId,
        project: ProjectId,
    ) -> Result<Vec<ApiKey>, StoreError> {
        self.read(move |connection| Box::pin(key::list(connection, organisation, project)))
            .await
            .map_err(store_error("list the API keys"))
    }

    async fn revoke_key(
        &self,
        organisation: OrganisationId,
        project: ProjectId,
        id: KeyId,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let entry = audit.clone();
        self.change(move |connection| {
            Box::pin(async move {
                let found = key::revoke(connection, (organisation, project, id), at).await?;
                audit::insert(connection, &entry).await?;
                Ok(found)
            })
        })
        .await
        .map_err(store_error("revoke the API key"))
    }

    async fn insert_link(&self, link: &SignInLink, audit: &AuditEntry) -> Result<(), StoreError> {
        let (link, entry) = (link.clone(), audit.clone());
        self.change(move |connection| {
            Box::pin(async move {
                sign_in::insert_link(connection, &link).await?;
                audit::insert(connection, &entry).await
            })
        })
        .await
        .map_err(store_error("keep the sign-in link"))
    }

    async fn find_link(
        &self,
        token: &TokenHash,
        at: Timestamp,
    ) -> Result<Option<SignInLink>, StoreError> {
        let token = *token;
        self.read(move |connection| Box::pin(sign_in::find_link(connection, token, at)))
            .await
            .map_err(store_error("find the sign-in link"))
    }

    async fn redeem_link(
        &self,
        token: &TokenHash,
        session: &Session,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let (token, session, entry) = (*token, session.clone(), audit.clone());
        self.change(move |connection| {
            Box::pin(async move {
                let used = sign_in::use_link(connection, &token, &session).await?;
                if used {
                    sign_in::insert_session(connection, &session).await?;
                    audit::insert(connection, &entry).await?;
                }
                Ok(used)
            })
        })
        .await
        .map_err(store_error("redeem the sign-in link"))
    }

    async fn find_session(
        &self,
        token: &TokenHash,
        at: Timestamp,
    ) -> Result<Option<(Session, Account)>, StoreError> {
        let token = *token;
        self.read(move |connection| Box::pin(sign_in::find_session(connection, token, at)))
            .await
            .map_err(store_error("find the session"))
    }

    async fn end_session(
        &self,
        caller: &Caller,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let (organisation, principal, entry) =
            (caller.organisation, caller.principal, audit.clone());
        self.change(move |connection| {
            Box::pin(async move {
                match principal {
                    Principal::Session(id) => {
                        sign_in::end_session(connection, organisation, id, at).await?;
                    }
                    // Neither has a session that could end.
                    Principal::Key(_) | Principal::Operator => {}
                }
                audit::insert(connection, &entry).await
            })
        })
        .await
        .map_err(store_error("end the session"))
    }
}
