//! Conversations behind `ConversationStore`.
//!
//! The statements are in one file a noun; this one says what is written together. Rows lie in the
//! range of numbers of their account ([`place`]), and so does what a search reads. Texts are sealed
//! ([`sealed`]), and what a search reads are tokens of their words ([`words`]).

use std::sync::Arc;

mod begin;
pub(crate) mod deletion;
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
mod sealed;
mod sealing;
mod words;

use assistant::{
    Change, Conversation, Draft, DraftOf, Entry, IdempotencyKey, ListQuery, Page, Scope,
    ports::{
        BeginTurn, Begun, ConversationStore, Deleted, FinishedTurn, Progress, Remembered, Updated,
    },
};
use async_trait::async_trait;
use domain::{ConversationId, EntryId, Timestamp};
use governance::{AuditEntry, ContentKeys, Vault, ports::StoreError};

use crate::{
    audit,
    failure::{Failure, store_error},
    protection::hold,
    store::Store,
};

pub use sealing::{ClearTexts, seal_clear_texts};

/// The conversations of a store, under the keys of a vault. Cheap to clone.
#[derive(Clone)]
pub struct Conversations {
    store: Store,
    vault: Arc<Vault>,
}

impl Store {
    /// Its conversations, which are readable while the vault is open.
    pub fn conversations(&self, vault: Arc<Vault>) -> Conversations {
        Conversations { store: self.clone(), vault }
    }
}

impl Conversations {
    async fn keys(
        &self,
        scope: Scope,
        action: &'static str,
    ) -> Result<Arc<ContentKeys>, StoreError> {
        let keys = self.vault.keys_or_new(scope.organisation).await;
        keys.map_err(|locked| store_error(action)(Failure::Locked(locked)))
    }
}

#[async_trait]
impl ConversationStore for Conversations {
    async fn begin_turn(&self, begin: &BeginTurn, audit: &AuditEntry) -> Result<Begun, StoreError> {
        let keys = self.keys(begin.scope, "begin the turn").await?;
        let (begin, entry) = (begin.clone(), audit.clone());
        self.store
            .change(move |connection| {
                Box::pin(async move {
                    let begun = begin::begin(connection, &keys, &begin).await?;
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
        self.store
            .read(move |connection| {
                Box::pin(async move { key::find(connection, scope, &key, at).await })
            })
            .await
            .map_err(store_error("look up the idempotency key"))
    }

    async fn save_progress(&self, progress: &Progress) -> Result<(), StoreError> {
        let keys = self.keys(progress.scope, "save the answer so far").await?;
        let progress = progress.clone();
        self.store
            .change(move |connection| {
                Box::pin(async move { entry::save_progress(connection, &keys, &progress).await })
            })
            .await
            .map_err(store_error("save the answer so far"))
    }

    async fn finish_turn(&self, finished: &FinishedTurn) -> Result<(), StoreError> {
        let keys = self.keys(finished.scope, "end the answer").await?;
        let finished = finished.clone();
        self.store
            .change(move |connection| {
                Box::pin(async move {
                    if entry::finish(connection, &keys, &finished).await? {
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
        let vault = Arc::clone(&self.vault);
        self.store
            .change(move |connection| {
                Box::pin(async move { entry::interrupt_all(connection, &vault, at).await })
            })
            .await
            .map_err(store_error("close interrupted answers"))
    }

    async fn conversation(
        &self,
        scope: Scope,
        id: ConversationId,
    ) -> Result<Option<Conversation>, StoreError> {
        let keys = self.keys(scope, "read the conversation").await?;
        self.store
            .read(move |connection| {
                Box::pin(async move { record::find(connection, &keys, (scope, id)).await })
            })
            .await
            .map_err(store_error("read the conversation"))
    }

    async fn path(
        &self,
        scope: Scope,
        id: ConversationId,
        end: EntryId,
    ) -> Result<Vec<Entry>, StoreError> {
        let keys = self.keys(scope, "read the path").await?;
        self.store
            .read(move |connection| {
                Box::pin(async move { entry::path(connection, &keys, (scope, id), end).await })
            })
            .await
            .map_err(store_error("read the path"))
    }

    async fn entries(&self, scope: Scope, id: ConversationId) -> Result<Vec<Entry>, StoreError> {
        let keys = self.keys(scope, "read the entries").await?;
        self.store
            .read(move |connection| {
                Box::pin(async move { entry::all(connection, &keys, (scope, id)).await })
            })
            .await
            .map_err(store_error("read the entries"))
    }

    async fn entry(
        &self,
        scope: Scope,
        conversation: ConversationId,
        id: EntryId,
    ) -> Result<Option<Entry>, StoreError> {
        let keys = self.keys(scope, "read the entry").await?;
        self.store
            .read(move |connection| {
                Box::pin(
                    async move { entry::find(connection, &keys, (scope, conversation), id).await },
                )
            })
            .await
            .map_err(store_error("read the entry"))
    }

    async fn list(&self, scope: Scope, query: &ListQuery) -> Result<Page, StoreError> {
        let keys = self.keys(scope, "list the conversations").await?;
        let query = query.clone();
        self.store
            .read(move |connection| {
                Box::pin(async move { list::page(connection, &keys, scope, &query).await })
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
        let keys = self.keys(scope, "change the conversation").await?;
        let (change, entry) = (change.clone(), audit.clone());
        self.store
            .change(move |connection| {
                Box::pin(async move {
                    let updated = record::update(connection, &keys, (scope, id), &change).await?;
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
    ) -> Result<Deleted, StoreError> {
        let entry = audit.clone();
        self.store
            .change(move |connection| {
                Box::pin(async move {
                    if record::number(connection, (scope, id)).await?.is_none() {
                        return Ok(Deleted::UnknownConversation);
                    }
                    let account = (scope.organisation, scope.account);
                    if let Some(hold) = hold::in_force(connection, account).await? {
                        return Ok(Deleted::Held(hold));
                    }
                    deletion::delete(connection, (scope, id)).await?;
                    audit::insert(connection, &entry).await?;
                    Ok(Deleted::Done)
                })
            })
            .await
            .map_err(store_error("delete the conversation"))
    }

    async fn draft(&self, scope: Scope, of: DraftOf) -> Result<Option<Draft>, StoreError> {
        let keys = self.keys(scope, "read the draft").await?;
        self.store
            .read(move |connection| {
                Box::pin(async move { draft::find(connection, &keys, (scope, of)).await })
            })
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
        let keys = self.keys(scope, "keep the draft").await?;
        let (draft, entry) = (draft.cloned(), audit.clone());
        self.store
            .change(move |connection| {
                Box::pin(async move {
                    if let DraftOf::Conversation(id) = of
                        && record::number(connection, (scope, id)).await?.is_none()
                    {
                        return Ok(false);
                    }
                    match &draft {
                        Some(draft) => draft::keep(connection, &keys, (scope, of), draft).await?,
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
