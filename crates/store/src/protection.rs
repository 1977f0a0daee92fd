//! Data protection behind `ProtectionStore`: orders to erase, holds, and what is older than its term.

mod erasure;
pub(crate) mod hold;
mod removal;
mod retention;

use async_trait::async_trait;
use domain::{ErasureId, HoldId, OrganisationId, Timestamp};
use governance::{
    AuditEntry, Erasure, Hold,
    ports::{ErasureOrdered, Expired, ProtectionStore, StoreError},
};

use crate::{
    audit,
    failure::{Failure, store_error},
    file::sweep,
    store::Store,
};

#[async_trait]
impl ProtectionStore for Store {
    async fn order_erasure(
        &self,
        erasure: &Erasure,
        audit: &AuditEntry,
    ) -> Result<ErasureOrdered, StoreError> {
        let account = erasure.account.map(|account| (erasure.organisation, account));
        let (erasure, entry) = (erasure.clone(), audit.clone());
        let ordered = self.change(move |connection| {
            Box::pin(async move {
                let ordered = erasure::order(connection, &erasure).await?;
                if ordered == ErasureOrdered::Done {
                    audit::insert(connection, &entry).await?;
                }
                Ok(ordered)
            })
        });
        let ordered = ordered.await.map_err(store_error("take the order to erase"))?;
        if let (ErasureOrdered::Done, Some(account)) = (&ordered, account) {
            self.blobs.bar(account);
        }
        Ok(ordered)
    }

    async fn erase_some(
        &self,
        organisation: OrganisationId,
        id: ErasureId,
        rows_max: u32,
    ) -> Result<bool, StoreError> {
        self.change(move |connection| {
            Box::pin(removal::content(connection, (organisation, id), rows_max))
        })
        .await
        .map_err(store_error("remove conversations"))
    }

    async fn erase_account(
        &self,
        organisation: OrganisationId,
        id: ErasureId,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let entry = audit.clone();
        let removed = self.change(move |connection| {
            Box::pin(async move {
                let account = erasure::account_of(connection, (organisation, id)).await?;
                let removed = removal::account(connection, (organisation, id)).await?;
                if removed {
                    let what = (organisation, id);
                    erasure::removed(connection, what, (at, entry.id)).await?;
                    audit::insert(connection, &entry).await?;
                }
                Ok((removed, account))
            })
        });
        let (removed, account) = removed.await.map_err(store_error("remove the account"))?;
        if let Some(account) = account {
            // Another process may have taken the order.
            self.blobs.bar((organisation, account));
        }
        Ok(removed)
    }

    async fn overwrite(
        &self,
        organisation: OrganisationId,
        removed: &[ErasureId],
    ) -> Result<(), StoreError> {
        let failed = || store_error("write the file anew");
        sweep::erase(self, organisation).await.map_err(failed())?;
        self.overwrite_file().await.map_err(failed())?;
        let removed = removed.to_vec();
        self.change(move |connection| {
            Box::pin(async move {
                for id in removed {
                    erasure::overwritten(connection, (organisation, id)).await?;
                }
                Ok(())
            })
        })
        .await
        .map_err(failed())
    }

    async fn conclude_erasure(
        &self,
        organisation: OrganisationId,
        id: ErasureId,
        certificate: &str,
    ) -> Result<(), StoreError> {
        let certificate = certificate.to_owned();
        self.change(move |connection| {
            Box::pin(async move {
                erasure::conclude(connection, (organisation, id), &certificate).await
            })
        })
        .await
        .map_err(store_error("keep the certificate"))
    }

    async fn erasures_under_way(
        &self,
        organisation: OrganisationId,
    ) -> Result<Vec<Erasure>, StoreError> {
        self.read(move |connection| Box::pin(erasure::under_way(connection, organisation)))
            .await
            .map_err(store_error("list the erasures"))
    }

    async fn erasures(&self, organisation: OrganisationId) -> Result<Vec<Erasure>, StoreError> {
        self.read(move |connection| Box::pin(erasure::all(connection, organisation)))
            .await
            .map_err(store_error("list the erasures"))
    }

    async fn erasure(
        &self,
        organisation: OrganisationId,
        id: ErasureId,
    ) -> Result<Option<Erasure>, StoreError> {
        self.read(move |connection| Box::pin(erasure::find(connection, (organisation, id))))
            .await
            .map_err(store_error("read the erasure"))
    }

    async fn place_hold(&self, hold: &Hold, audit: &AuditEntry) -> Result<bool, StoreError> {
        let (hold, entry) = (hold.clone(), audit.clone());
        self.change(move |connection| {
            Box::pin(async move {
                let placed = hold::place(connection, &hold).await?;
                if placed {
                    audit::insert(connection, &entry).await?;
                }
                Ok(placed)
            })
        })
        .await
        .map_err(store_error("place the hold"))
    }

    async fn lift_hold(
        &self,
        organisation: OrganisationId,
        id: HoldId,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let entry = audit.clone();
        self.change(move |connection| {
            Box::pin(async move {
                let lifted = hold::lift(connection, (organisation, id), at).await?;
                if lifted {
                    audit::insert(connection, &entry).await?;
                }
                Ok(lifted)
            })
        })
        .await
        .map_err(store_error("lift the hold"))
    }

    async fn holds(&self, organisation: OrganisationId) -> Result<Vec<Hold>, StoreError> {
        self.read(move |connection| Box::pin(hold::all(connection, organisation)))
            .await
            .map_err(store_error("list the holds"))
    }

    async fn expired(&self, expired: &Expired) -> Result<u32, StoreError> {
        let expired = *expired;
        self.read(move |connection| {
            Box::pin(async move {
                let found = retention::expired(connection, &expired).await?;
                u32::try_from(found.len()).map_err(|_| Failure::Unreadable { column: "count" })
            })
        })
        .await
        .map_err(store_error("look for what is older than its term"))
    }

    async fn remove_expired(
        &self,
        expired: &Expired,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let failed = || store_error("remove what is older than its term");
        let (expired, entry) = (*expired, audit.clone());
        let removed = self.change(move |connection| {
            Box::pin(async move {
                let removed = retention::remove(connection, &expired).await?;
                if removed {
                    audit::insert(connection, &entry).await?;
                }
                Ok(removed)
            })
        });
        let removed = removed.await.map_err(failed())?;
        if removed {
            sweep::gone(self).await.map_err(failed())?;
        }
        Ok(removed)
    }
}
