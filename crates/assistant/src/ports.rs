//! What this context needs from outside. Every implementation passes its suite in `testkit`.

use async_trait::async_trait;
use domain::{ConversationId, EntryId, HoldId, ModelId, RequestId, Timestamp};
use governance::{AuditEntry, ports::StoreError};

use crate::{Conversation, Draft, DraftOf, Entry, EntryState, Idempotency, IdempotencyKey, Scope};

/// Keeps conversations. Every implementation passes `testkit::conversation_suite`.
///
/// Each method is one transaction, durable when it returns. A method that takes an audit entry
/// writes it with its own change, and writes neither when it changes nothing (`Busy`, `false`,
/// unknown) or fails. What lies in another scope is as if it did not exist.
#[async_trait]
pub trait ConversationStore: Send + Sync {
    /// Begins a turn: the conversation with its copies if it is new, the question if there is one,
    /// the running answer, the new head and model, `updated_at`, and the idempotency key.
    ///
    /// Looked at in this order: the key ([`Begun::Repeated`], [`Begun::Reused`]; keys older than
    /// [`crate::KEPT_SECONDS`] at `at` are removed first), the conversation, a running entry, the
    /// parent, the number of entries ([`crate::ENTRIES_MAX`]).
    async fn begin_turn(&self, begin: &BeginTurn, audit: &AuditEntry) -> Result<Begun, StoreError>;

    /// What was begun under a key that is not older than [`crate::KEPT_SECONDS`] at `at`.
    async fn remembered(
        &self,
        scope: Scope,
        key: &IdempotencyKey,
        at: Timestamp,
    ) -> Result<Option<Remembered>, StoreError>;

    /// Replaces the text of a running answer. One that is unknown or has ended stays as it is, and
    /// that is no error.
    async fn save_progress(&self, progress: &Progress) -> Result<(), StoreError>;

    /// Ends a running answer and sets the conversation's `updated_at`. One that is unknown or has
    /// ended stays as it is, and that is no error.
    async fn finish_turn(&self, finished: &FinishedTurn) -> Result<(), StoreError>;

    /// Ends, as interrupted and with the text that was saved, every answer that an earlier process
    /// left running, in all scopes; returns how many. `updated_at` stays.
    async fn close_interrupted(&self, at: Timestamp) -> Result<u64, StoreError>;

    async fn conversation(
        &self,
        scope: Scope,
        id: ConversationId,
    ) -> Result<Option<Conversation>, StoreError>;

    /// The entries from the root to `end`, root first; none if there is no such entry.
    async fn path(
        &self,
        scope: Scope,
        id: ConversationId,
        end: EntryId,
    ) -> Result<Vec<Entry>, StoreError>;

    /// The whole tree, by `created_at`, then id; none if there is no such conversation.
    async fn entries(&self, scope: Scope, id: ConversationId) -> Result<Vec<Entry>, StoreError>;

    async fn entry(
        &self,
        scope: Scope,
        conversation: ConversationId,
        id: EntryId,
    ) -> Result<Option<Entry>, StoreError>;

    /// Pinned ones first, then the newest `updated_at`, then the greatest id.
    async fn list(&self, scope: Scope, query: &ListQuery) -> Result<Page, StoreError>;

    async fn update(
        &self,
        scope: Scope,
        id: ConversationId,
        change: &Change,
        audit: &AuditEntry,
    ) -> Result<Updated, StoreError>;

    /// Removes the conversation with its entries, its draft and its idempotency keys, unless it is
    /// held.
    async fn delete(
        &self,
        scope: Scope,
        id: ConversationId,
        audit: &AuditEntry,
    ) -> Result<Deleted, StoreError>;

    async fn draft(&self, scope: Scope, of: DraftOf) -> Result<Option<Draft>, StoreError>;

    /// Replaces the draft, or removes it (`None`, also if there is none); `false` if there is no
    /// such conversation.
    async fn put_draft(
        &self,
        scope: Scope,
        of: DraftOf,
        draft: Option<&Draft>,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError>;
}

/// A turn to be begun.
#[derive(Clone, Debug)]
pub struct BeginTurn {
    pub scope: Scope,
    pub conversation: ConversationId,
    /// The conversation, if it begins with this turn; its head is the answer.
    pub created: Option<Created>,
    pub question: Option<Entry>,
    /// Running, without text. Follows the question, or `parent` if there is none.
    pub answer: Entry,
    /// What the turn goes on from: an entry of the conversation (also a copied one); `None` makes
    /// a new root.
    pub parent: Option<EntryId>,
    /// Becomes the conversation's model.
    pub model: ModelId,
    pub idempotency: Option<Idempotency>,
    pub at: Timestamp,
}

/// A conversation that begins.
#[derive(Clone, Debug)]
pub struct Created {
    pub conversation: Conversation,
    /// With ids of their own, root first. Their request ids are those of the originals.
    pub copied: Vec<Entry>,
}

/// What became of a turn that was to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    Started,
    /// The same was begun under this key before.
    Repeated(Remembered),
    /// Something else was begun under this key before.
    Reused,
    UnknownConversation,
    /// An answer of the conversation is running.
    Busy,
    UnknownParent,
    /// The conversation would have more than [`crate::ENTRIES_MAX`] entries.
    Full,
}

/// What was begun under an idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remembered {
    pub conversation: ConversationId,
    /// The answer.
    pub entry: EntryId,
    pub digest: [u8; 32],
}

/// How far a running answer is.
#[derive(Clone, Debug)]
pub struct Progress {
    pub scope: Scope,
    pub conversation: ConversationId,
    pub entry: EntryId,
    pub request: RequestId,
    /// All of it so far.
    pub text: String,
}

/// How an answer ended.
#[derive(Clone, Debug)]
pub struct FinishedTurn {
    pub scope: Scope,
    pub conversation: ConversationId,
    pub entry: EntryId,
    /// Never `Running`.
    pub state: EntryState,
    /// `None` keeps what was saved.
    pub text: Option<String>,
    /// `None` keeps what was saved.
    pub request: Option<RequestId>,
    pub error: Option<String>,
    pub at: Timestamp,
}

/// Which conversations to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListQuery {
    /// Every word of it begins a word of the name, or every word of it begins a word of one
    /// entry's text; in any order and in either case. A single letter is a whole word. Nothing but
    /// white space is no search; anything else without a word finds nothing. An implementation may
    /// overlook diacritics too, and take words that signs join (`foo-bar`) as neighbours.
    pub search: Option<String>,
    /// `None`: archived or not.
    pub archived: Option<bool>,
    pub limit: u32,
    pub offset: u64,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    pub conversations: Vec<Conversation>,
    /// On all pages.
    pub total: u64,
}

/// What became of a conversation that was to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    Done,
    UnknownConversation,
    /// Nothing was changed: this hold is in force.
    Held(HoldId),
}

/// What is changed; `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    pub name: Option<String>,
    pub pinned: Option<bool>,
    pub archived: Option<bool>,
    pub head: Option<EntryId>,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq)]
pub enum Updated {
    /// As it is now.
    Changed(Box<Conversation>),
    UnknownConversation,
    /// The new head is no entry of the conversation.
    UnknownEntry,
}
