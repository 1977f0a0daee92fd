//! Ports that keep nothing: what is left of a request without its guards.
//!
//! A key is still looked up, in memory, and an audit entry is still put together; both take
//! microseconds, which `shares.rs` measures by themselves.

use std::{sync::Arc, time::Duration};

use assistant::{
    Conversation, Draft, DraftOf, Entry, IdempotencyKey, ListQuery, Page, Scope,
    ports::{
        BeginTurn, Begun, Change, ConversationStore, Deleted, FinishedTurn, Progress, Remembered,
        Updated,
    },
};
use async_trait::async_trait;
use domain::{Caller, ConversationId, EntryId, OrganisationId, RequestId, Timestamp};
use governance::{
    AuditEntry, Log, LogParts, Rulebook,
    ports::{AuditStore, StoreError},
};
use inference::{
    AnsweredShare, UsageOpened, UsageRecord, UsageSettled, UsageTotal,
    ports::{LedgerError, UsageLedger},
};
use testkit::{MemoryStore, MemoryWitness};

use crate::{
    application::{Founded, Ports, signer},
    system::SystemClock,
};

/// Without rules, and with a log that nobody keeps.
pub(crate) async fn ports() -> anyhow::Result<Ports> {
    let memory = Arc::new(MemoryStore::default());
    let founded = Founded::new(memory.clone(), Arc::new(Nothing)).await?;
    let signer = signer()?;
    let log = Log::open(LogParts {
        store: memory,
        witness: Arc::new(MemoryWitness::new(signer.verifier())),
        signer,
        clock: Arc::new(SystemClock),
        gate: founded.gate.clone(),
        every: Duration::from_secs(5),
        witness_grace: Duration::from_mins(10),
    })
    .await?;
    Ok(Ports {
        founded,
        ledger: Arc::new(Nothing),
        conversations: Arc::new(Nothing),
        log,
        rules: Rulebook::without_rules(),
    })
}

/// Says that all is well and keeps none of it.
struct Nothing;

#[async_trait]
impl AuditStore for Nothing {
    async fn append(&self, _: &AuditEntry) -> Result<(), StoreError> {
        Ok(())
    }

    async fn read_after(
        &self,
        _: Option<OrganisationId>,
        _: u64,
        _: u32,
    ) -> Result<Vec<(u64, AuditEntry)>, StoreError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl UsageLedger for Nothing {
    async fn open(&self, _: &UsageOpened, _: &AuditEntry) -> Result<(), LedgerError> {
        Ok(())
    }

    async fn settle(&self, _: &UsageSettled) -> Result<(), LedgerError> {
        Ok(())
    }

    async fn find(&self, _: &Caller, _: RequestId) -> Result<Option<UsageRecord>, LedgerError> {
        Ok(None)
    }

    async fn totals(&self, _: OrganisationId) -> Result<Vec<UsageTotal>, LedgerError> {
        Ok(Vec::new())
    }

    async fn shares(
        &self,
        _: OrganisationId,
        _: Timestamp,
    ) -> Result<Vec<AnsweredShare>, LedgerError> {
        Ok(Vec::new())
    }

    async fn close_interrupted(&self, _: Timestamp) -> Result<u64, LedgerError> {
        Ok(0)
    }
}

#[async_trait]
impl ConversationStore for Nothing {
    async fn begin_turn(&self, _: &BeginTurn, _: &AuditEntry) -> Result<Begun, StoreError> {
        Ok(Begun::Started)
    }

    async fn remembered(
        &self,
        _: Scope,
        _: &IdempotencyKey,
        _: Timestamp,
    ) -> Result<Option<Remembered>, StoreError> {
        Ok(None)
    }

    async fn save_progress(&self, _: &Progress) -> Result<(), StoreError> {
        Ok(())
    }

    async fn finish_turn(&self, _: &FinishedTurn) -> Result<(), StoreError> {
        Ok(())
    }

    async fn close_interrupted(&self, _: Timestamp) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn conversation(
        &self,
        _: Scope,
        _: ConversationId,
    ) -> Result<Option<Conversation>, StoreError> {
        Ok(None)
    }

    async fn path(
        &self,
        _: Scope,
        _: ConversationId,
        _: EntryId,
    ) -> Result<Vec<Entry>, StoreError> {
        Ok(Vec::new())
    }

    async fn entries(&self, _: Scope, _: ConversationId) -> Result<Vec<Entry>, StoreError> {
        Ok(Vec::new())
    }

    async fn entry(
        &self,
        _: Scope,
        _: ConversationId,
        _: EntryId,
    ) -> Result<Option<Entry>, StoreError> {
        Ok(None)
    }

    async fn list(&self, _: Scope, _: &ListQuery) -> Result<Page, StoreError> {
        Ok(Page { conversations: Vec::new(), total: 0 })
    }

    async fn update(
        &self,
        _: Scope,
        _: ConversationId,
        _: &Change,
        _: &AuditEntry,
    ) -> Result<Updated, StoreError> {
        Ok(Updated::UnknownConversation)
    }

    async fn delete(
        &self,
        _: Scope,
        _: ConversationId,
        _: &AuditEntry,
    ) -> Result<Deleted, StoreError> {
        Ok(Deleted::UnknownConversation)
    }

    async fn draft(&self, _: Scope, _: DraftOf) -> Result<Option<Draft>, StoreError> {
        Ok(None)
    }

    async fn put_draft(
        &self,
        _: Scope,
        _: DraftOf,
        _: Option<&Draft>,
        _: &AuditEntry,
    ) -> Result<bool, StoreError> {
        Ok(false)
    }
}
