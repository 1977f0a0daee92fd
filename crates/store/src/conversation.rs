//! Conversations behind `ConversationStore`.
//!
//! The statements are in one file a noun; this one says what is written together. Rows lie in the
//! range of numbers of their account ([`place`]), and so does what a search reads.

mod begin;
mod deletion;
mod draft;
mod entry;
mod json;
mod key;
mod list;
mod place;
#[cfg(test)]
mod plans;
mod record;
mod scoped;
mod search;

use assistant::{
    Change, Conversation, Draft, DraftOf, Entry, IdempotencyKey, ListQuery, Page, Scope,
    ports::{BeginTurn, Begun, ConversationStore, FinishedTurn, Progress, Remembered, Updated},
};
use async_trait::async_trait;
use domain::{ConversationId, EntryId, Timestamp};
use governance::{AuditEntry, ports::StoreError};

use crate::{audit, failure::store_error, store::Store};

#[async_trait]
impl ConversationStore for Store {
    async fn begin_turn(&self, begin: &BeginTurn, audit: &AuditEntry) -> Result<Begun, StoreError> {
        let (begin, entry) = (begin.clone(), audit.clone());
        self.change(move |connection| {
            Box::pin(async move {
                let begun = begin::begin(connection, &begin).await?;
                if begun == Begun::Started {
                    audit::insert(connection, &entry).await?;
                }
                Ok(begun)
            })
        })
        .await
        .map_err(store_error("begin the turn"))
    }

    async fn remembered(
        &self,
        scope: Scope,
        key: &IdempotencyKey,
        at: Timestamp,
    ) -> Result<Option<Remembered>, StoreError> {
        let key = key.clone();
        self.read(move |connection| {
            Box::pin(async move { key::find(connection, scope, &key, at).await })
        })
        .await
        .map_err(store_error("look up the idempotency key"))
    }

    async fn save_progress(&self, progress: &Progress) -> Result<(), StoreError> {
        let progress = progress.clone();
        self.change(move |connection| {
            Box::pin(async move { entry::save_progress(connection, &progress).await })
        })
        .await
        .map_err(store_error("save the answer so far"))
    }

    async fn finish_turn(&self, finished: &FinishedTurn) -> Result<(), StoreError> {
        let finished = finished.clone();
        self.change(move |connection| {
            Box::pin(async move {
                if entry::finish(connection, &finished).await? {
                    let conversation = (finished.scope, finished.conversation);
                    record::touch(connection, conversation, finished.at).await?;
                }
                Ok(())
            })
        })
        .await
        .map_err(store_error("end the answer"))
    }

    async fn close_interrupted(&self, at: Timestamp) -> Result<u64, StoreError> {
        self.change(move |connection| Box::pin(entry::interrupt_all(connection, at)))
            .await
            .map_err(store_error("close interrupted answers"))
    }

    async fn conversation(
        &self,
        scope: Scope,
        id: ConversationId,
    ) -> Result<Option<Conversation>, StoreError> {
        self.read(move |connection| Box::pin(record::find(connection, scope, id)))
            .await
            .map_err(store_error("read the conversation"))
    }

    async fn path(
        &self,
        scope: Scope,
        id: ConversationId,
        end: EntryId,
    ) -> Result<Vec<Entry>, StoreError> {
        self.read(move |connection| Box::pin(entry::path(connection, (scope, id), end)))
            .await
            .map_err(store_error("read the path"))
    }

    async fn entries(&self, scope: Scope, id: ConversationId) -> Result<Vec<Entry>, StoreError> {
        self.read(move |connection| Box::pin(entry::all(connection, (scope, id))))
            .await
            .map_err(store_error("read the entries"))
    }

    async fn entry(
        &self,
        scope: Scope,
        conversation: ConversationId,
        id: EntryId,
    ) -> Result<Option<Entry>, StoreError> {
        self.read(move |connection| Box::pin(entry::find(connection, (scope, conversation), id)))
            .await
            .map_err(store_error("read the entry"))
    }

    async fn list(&self, scope: Scope, query: &ListQuery) -> Result<Page, StoreError> {
        let query = query.clone();
        self.read(move |connection| {
            Box::pin(async move { list::page(connection, scope, &query).await })
        })
        .await
        .map_err(store_error("list the conversations"))
    }

    async fn update(
        &self,
        scope: Scope,
        id: ConversationId,
        change: &Change,
        audit: &AuditEntry,
    ) -> Result<Updated, StoreError> {
        let (change, entry) = (change.clone(), audit.clone());
        self.change(move |connection| {
            Box::pin(async move {
                let updated = record::update(connection, (scope, id), &change).await?;
                if let Updated::Changed(_) = &updated {
                    audit::insert(connection, &entry).await?;
                }
                Ok(updated)
            })
        })
        .await
        .map_err(store_error("change the conversation"))
    }

    async fn delete(
        &self,
        scope: Scope,
        id: ConversationId,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let entry = audit.clone();
        self.change(move |connection| {
            Box::pin(async move {
                if record::number(connection, (scope, id)).await?.is_none() {
                    return Ok(false);
                }
                deletion::delete(connection, (scope, id)).await?;
                audit::insert(connection, &entry).await?;
                Ok(true)
            })
        })
        .await
        .map_err(store_error("delete the conversation"))
    }

    async fn draft(&self, scope: Scope, of: DraftOf) -> Result<Option<Draft>, StoreError> {
        self.read(move |connection| Box::pin(draft::find(connection, scope, of)))
            .await
            .map_err(store_error("read the draft"))
    }

    async fn put_draft(
        &self,
        scope: Scope,
        of: DraftOf,
        draft: Option<&Draft>,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let (draft, entry) = (draft.cloned(), audit.clone());
        self.change(move |connection| {
            Box::pin(async move {
                if let DraftOf::Conversation(id) = of
                    && record::number(connection, (scope, id)).await?.is_none()
                {
                    return Ok(false);
                }
                match &draft {
                    Some(draft) => draft::keep(connection, scope, of, draft).await?,
                    None => draft::remove(connection, scope, of).await?,
                }
                audit::insert(connection, &entry).await?;
                Ok(true)
            })
        })
        .await
        .map_err(store_error("keep the draft"))
    }
}
