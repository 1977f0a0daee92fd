//! Conversations as they lie there: listing, reading, changing, deleting, drafts.

use std::sync::Arc;

use domain::{Caller, ConversationId, EntryId};
use governance::{Action, AuditFact, Subject};

use crate::{
    Assistant, AssistantError, Change, Conversation, Draft, DraftOf, Entry, EntryState, ListQuery,
    Page, Scope, WriteDraft,
    assistant::about,
    ports::{Deleted, FinishedTurn, Updated},
    turn::Turn,
};

/// Which entries of a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryPart {
    /// From the root to the head.
    Path,
    All,
}

/// A conversation with its entries.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    pub conversation: Conversation,
    pub entries: Vec<Entry>,
}

impl Assistant {
    pub async fn list(&self, caller: &Caller, query: ListQuery) -> Result<Page, AssistantError> {
        let action = match query.search {
            None => Action::ConversationList,
            Some(_) => Action::ConversationSearch,
        };
        let page = match query.check() {
            Ok(()) => self.store.list(caller.into(), &query).await.map_err(Into::into),
            Err(error) => Err(error),
        };
        self.recorded(AuditFact::ok(action, *caller, Subject::Nothing), page).await
    }

    pub async fn read(
        &self,
        caller: &Caller,
        id: ConversationId,
    ) -> Result<Conversation, AssistantError> {
        let found = self.find(caller.into(), id).await;
        self.recorded(about(Action::ConversationRead, caller, id), found).await
    }

    pub async fn history(
        &self,
        caller: &Caller,
        id: ConversationId,
        part: HistoryPart,
    ) -> Result<History, AssistantError> {
        let history = self.find_history(caller.into(), id, part).await;
        self.recorded(about(Action::ConversationRead, caller, id), history).await
    }

    /// Changes name, pin, archiving or head.
    pub async fn update(
        &self,
        caller: &Caller,
        id: ConversationId,
        change: Change,
    ) -> Result<Conversation, AssistantError> {
        let fact = about(Action::ConversationUpdate, caller, id);
        let changed = self.try_update(&fact, caller.into(), id, &change).await;
        self.refusal_recorded(fact, changed).await
    }

    /// Removes the conversation with all that it holds; a running turn is stopped first.
    pub async fn delete(&self, caller: &Caller, id: ConversationId) -> Result<(), AssistantError> {
        let fact = about(Action::ConversationDelete, caller, id);
        self.stop_turn(caller.into(), id).await;
        let deleted = self.try_delete(&fact, caller.into(), id).await;
        self.refusal_recorded(fact, deleted).await
    }

    /// `None`: nothing is kept.
    pub async fn draft(
        &self,
        caller: &Caller,
        of: DraftOf,
    ) -> Result<Option<Draft>, AssistantError> {
        let draft = self.find_draft(caller.into(), of).await;
        self.recorded(draft_fact(Action::DraftRead, caller, of), draft).await
    }

    /// Replaces the draft; an empty one removes it.
    pub async fn write_draft(
        &self,
        caller: &Caller,
        of: DraftOf,
        draft: WriteDraft,
    ) -> Result<(), AssistantError> {
        let WriteDraft { text, attachments, model } = draft;
        let draft = Draft { text, attachments, model, updated_at: self.clock.now() };
        let fact = draft_fact(Action::DraftWrite, caller, of);
        let written = self.try_write_draft(&fact, caller.into(), of, &draft).await;
        self.refusal_recorded(fact, written).await
    }

    pub(crate) async fn find(
        &self,
        scope: Scope,
        id: ConversationId,
    ) -> Result<Conversation, AssistantError> {
        let found = self.store.conversation(scope, id).await?;
        found.ok_or(AssistantError::UnknownConversation { id })
    }

    /// The path to `end`; an answer that nobody works on any more is ended first.
    pub(crate) async fn find_path(
        &self,
        scope: Scope,
        id: ConversationId,
        end: EntryId,
    ) -> Result<Vec<Entry>, AssistantError> {
        let mut path = self.store.path(scope, id, end).await?;
        if self.close_orphans(scope, id, &path).await? {
            path = self.store.path(scope, id, end).await?;
        }
        if path.is_empty() { Err(AssistantError::UnknownEntry { id: end }) } else { Ok(path) }
    }

    /// The running turn, or one that has ended as if it ran once more.
    pub(crate) async fn find_turn(
        &self,
        scope: Scope,
        id: ConversationId,
        entry: Option<EntryId>,
    ) -> Result<Arc<Turn>, AssistantError> {
        let conversation = self.find(scope, id).await?;
        let wanted = entry.unwrap_or(conversation.head);
        loop {
            let running = self.running.find(id).filter(|turn| turn.scope == scope);
            if let Some(turn) = running.filter(|turn| entry.is_none_or(|id| id == turn.entry)) {
                return Ok(turn);
            }
            let last = self.find_entry(scope, id, wanted).await?;
            let answer = last.answer().ok_or(AssistantError::UnknownEntry { id: wanted })?;
            // It began since the running turns were looked at: look again.
            if answer.state != EntryState::Running {
                let question = self.question_of(scope, id, &last).await?;
                return Ok(Arc::new(Turn::ended(scope, id, &last, answer, question)));
            }
        }
    }

    /// An answer that nobody works on any more is ended first.
    async fn find_entry(
        &self,
        scope: Scope,
        conversation: ConversationId,
        id: EntryId,
    ) -> Result<Entry, AssistantError> {
        let mut entry = self.store.entry(scope, conversation, id).await?;
        if self.close_orphans(scope, conversation, entry.as_slice()).await? {
            entry = self.store.entry(scope, conversation, id).await?;
        }
        entry.ok_or(AssistantError::UnknownEntry { id })
    }

    /// `None` if the answer continues another one.
    async fn question_of(
        &self,
        scope: Scope,
        conversation: ConversationId,
        answer: &Entry,
    ) -> Result<Option<EntryId>, AssistantError> {
        let Some(parent) = answer.parent else { return Ok(None) };
        let parent = self.store.entry(scope, conversation, parent).await?;
        Ok(parent.filter(|parent| parent.answer().is_none()).map(|parent| parent.id))
    }

    /// Ends answers that run in the store only: what began them broke off. Returns whether there
    /// were any.
    pub(crate) async fn close_orphans(
        &self,
        scope: Scope,
        conversation: ConversationId,
        entries: &[Entry],
    ) -> Result<bool, AssistantError> {
        let mut closed = false;
        for entry in entries.iter().filter(|entry| entry.state() == EntryState::Running) {
            let mine = self.running.find(conversation).filter(|turn| turn.entry == entry.id);
            if mine.is_some() {
                continue;
            }
            tracing::warn!(%conversation, entry = %entry.id, "closing an answer nobody works on");
            let at = self.clock.now();
            let (state, entry) = (EntryState::Interrupted, entry.id);
            let (text, request, error) = (None, None, None);
            let finished =
                FinishedTurn { scope, conversation, entry, state, text, request, error, at };
            self.store.finish_turn(&finished).await?;
            closed = true;
        }
        Ok(closed)
    }

    async fn find_history(
        &self,
        scope: Scope,
        id: ConversationId,
        part: HistoryPart,
    ) -> Result<History, AssistantError> {
        let conversation = self.find(scope, id).await?;
        let entries = match part {
            HistoryPart::Path => self.find_path(scope, id, conversation.head).await?,
            HistoryPart::All => {
                let entries = self.store.entries(scope, id).await?;
                if self.close_orphans(scope, id, &entries).await? {
                    self.store.entries(scope, id).await?
                } else {
                    entries
                }
            }
        };
        Ok(History { conversation, entries })
    }

    async fn try_update(
        &self,
        fact: &AuditFact,
        scope: Scope,
        id: ConversationId,
        change: &Change,
    ) -> Result<Conversation, AssistantError> {
        change.check()?;
        let audit = self.trail.entry(fact).await?;
        match self.store.update(scope, id, change, &audit).await? {
            Updated::Changed(conversation) => Ok(*conversation),
            Updated::UnknownConversation => Err(AssistantError::UnknownConversation { id }),
            Updated::UnknownEntry => Err(change
                .head
                .map_or(AssistantError::NothingToFollow, |id| AssistantError::UnknownEntry { id })),
        }
    }

    async fn try_delete(
        &self,
        fact: &AuditFact,
        scope: Scope,
        id: ConversationId,
    ) -> Result<(), AssistantError> {
        let audit = self.trail.entry(fact).await?;
        match self.store.delete(scope, id, &audit).await? {
            Deleted::Done => Ok(()),
            Deleted::UnknownConversation => Err(AssistantError::UnknownConversation { id }),
            Deleted::Held(hold) => Err(AssistantError::Held { hold }),
        }
    }

    async fn find_draft(&self, scope: Scope, of: DraftOf) -> Result<Option<Draft>, AssistantError> {
        let draft = self.store.draft(scope, of).await?;
        if let (None, DraftOf::Conversation(id)) = (&draft, of) {
            self.find(scope, id).await?;
        }
        Ok(draft)
    }

    async fn try_write_draft(
        &self,
        fact: &AuditFact,
        scope: Scope,
        of: DraftOf,
        draft: &Draft,
    ) -> Result<(), AssistantError> {
        draft.check()?;
        let audit = self.trail.entry(fact).await?;
        let kept = (!draft.is_empty()).then_some(draft);
        let written = self.store.put_draft(scope, of, kept, &audit).await?;
        match of {
            DraftOf::Conversation(id) if !written => {
                Err(AssistantError::UnknownConversation { id })
            }
            DraftOf::Conversation(_) | DraftOf::New => Ok(()),
        }
    }
}

const fn draft_fact(action: Action, caller: &Caller, of: DraftOf) -> AuditFact {
    match of {
        DraftOf::New => AuditFact::ok(action, *caller, Subject::Nothing),
        DraftOf::Conversation(id) => about(action, caller, id),
    }
}
