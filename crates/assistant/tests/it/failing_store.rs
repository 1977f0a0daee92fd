//! A store that fails when it is told to, before or after it has done its work.

use std::sync::{Arc, Mutex, PoisonError};

use assistant::{
    Change, Conversation, Draft, DraftOf, Entry, IdempotencyKey, ListQuery, Page, Scope,
    ports::{
        BeginTurn, Begun, ConversationStore, Deleted, FinishedTurn, Progress, Remembered, Updated,
    },
};
use async_trait::async_trait;
use domain::{ConversationId, EntryId, Timestamp};
use governance::{AuditEntry, ports::StoreError};
use testkit::MemoryStore;

/// What becomes of a call that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing was done.
    Before,
    /// It was done, and nobody was told.
    After,
}

#[derive(Debug, Default)]
struct State {
    calls: Vec<&'static str>,
    /// The calls that fail, counted from 0.
    fails: Option<(usize, usize, Fault)>,
}

pub(crate) struct FailingStore {
    inner: Arc<MemoryStore>,
    state: Mutex<State>,
}

impl FailingStore {
    pub(crate) fn new(inner: Arc<MemoryStore>) -> Self {
        Self { inner, state: Mutex::default() }
    }

    /// From now on counted anew: `count` calls from call `first` on fail.
    pub(crate) fn fail(&self, first: usize, count: usize, fault: Fault) {
        let fails = Some((first, count, fault));
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) =
            State { calls: Vec::new(), fails };
    }

    pub(crate) fn repair(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).fails = None;
    }

    pub(crate) fn calls(&self) -> Vec<&'static str> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).calls.clone()
    }

    async fn call<T>(
        &self,
        name: &'static str,
        work: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let fault = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let number = state.calls.len();
            state.calls.push(name);
            state.fails.filter(|(first, count, _)| number >= *first && number - first < *count)
        };
        match fault.map(|(_, _, fault)| fault) {
            None => work.await,
            Some(Fault::Before) => Err(broken(name)),
            Some(Fault::After) => {
                work.await?;
                Err(broken(name))
            }
        }
    }
}

fn broken(action: &'static str) -> StoreError {
    StoreError { action, is_locked: false, source: "told to fail".into() }
}

#[async_trait]
impl ConversationStore for FailingStore {
    async fn begin_turn(&self, begin: &BeginTurn, audit: &AuditEntry) -> Result<Begun, StoreError> {
        self.call("begin_turn", self.inner.begin_turn(begin, audit)).await
    }

    async fn remembered(
        &self,
        scope: Scope,
        key: &IdempotencyKey,
        at: Timestamp,
    ) -> Result<Option<Remembered>, StoreError> {
        self.call("remembered", self.inner.remembered(scope, key, at)).await
    }

    async fn save_progress(&self, progress: &Progress) -> Result<(), StoreError> {
        self.call("save_progress", self.inner.save_progress(progress)).await
    }

    async fn finish_turn(&self, finished: &FinishedTurn) -> Result<(), StoreError> {
        self.call("finish_turn", self.inner.finish_turn(finished)).await
    }

    async fn close_interrupted(&self, at: Timestamp) -> Result<u64, StoreError> {
        let work = ConversationStore::close_interrupted(&*self.inner, at);
        self.call("close_interrupted", work).await
    }

    async fn conversation(
        &self,
        scope: Scope,
        id: ConversationId,
    ) -> Result<Option<Conversation>, StoreError> {
        self.call("conversation", self.inner.conversation(scope, id)).await
    }

    async fn path(
        &self,
        scope: Scope,
        id: ConversationId,
        end: EntryId,
    ) -> Result<Vec<Entry>, StoreError> {
        self.call("path", self.inner.path(scope, id, end)).await
    }

    async fn entries(&self, scope: Scope, id: ConversationId) -> Result<Vec<Entry>, StoreError> {
        self.call("entries", self.inner.entries(scope, id)).await
    }

    async fn entry(
        &self,
        scope: Scope,
        conversation: ConversationId,
        id: EntryId,
    ) -> Result<Option<Entry>, StoreError> {
        let work = ConversationStore::entry(&*self.inner, scope, conversation, id);
        self.call("entry", work).await
    }

    async fn list(&self, scope: Scope, query: &ListQuery) -> Result<Page, StoreError> {
        self.call("list", self.inner.list(scope, query)).await
    }

    async fn update(
        &self,
        scope: Scope,
        id: ConversationId,
        change: &Change,
        audit: &AuditEntry,
    ) -> Result<Updated, StoreError> {
        self.call("update", self.inner.update(scope, id, change, audit)).await
    }

    async fn delete(
        &self,
        scope: Scope,
        id: ConversationId,
        audit: &AuditEntry,
    ) -> Result<Deleted, StoreError> {
        self.call("delete", self.inner.delete(scope, id, audit)).await
    }

    async fn draft(&self, scope: Scope, of: DraftOf) -> Result<Option<Draft>, StoreError> {
        self.call("draft", self.inner.draft(scope, of)).await
    }

    async fn put_draft(
        &self,
        scope: Scope,
        of: DraftOf,
        draft: Option<&Draft>,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        self.call("put_draft", self.inner.put_draft(scope, of, draft, audit)).await
    }
}
