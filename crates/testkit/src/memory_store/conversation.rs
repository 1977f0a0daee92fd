use assistant::{
    Body, Change, Conversation, Draft, DraftOf, ENTRIES_MAX, Entry, EntryState, IdempotencyKey,
    KEPT_SECONDS, ListQuery, Page, Scope,
    ports::{
        BeginTurn, Begun, ConversationStore, Deleted, FinishedTurn, Progress, Remembered, Updated,
    },
};
use async_trait::async_trait;
use domain::{ConversationId, EntryId, Timestamp};
use governance::{AuditEntry, ports::StoreError};

use super::{MemoryStore, Refusal, State, store_error};
use crate::{tree::path, usage_record::turn_usage};

/// A conversation with its tree.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) conversation: Conversation,
    pub(super) entries: Vec<Entry>,
}

/// What was begun under a key, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeptKey {
    remembered: Remembered,
    at: Timestamp,
}

#[async_trait]
impl ConversationStore for MemoryStore {
    async fn begin_turn(&self, begin: &BeginTurn, audit: &AuditEntry) -> Result<Begun, StoreError> {
        self.begin(begin, audit).map_err(store_error("begin the turn"))
    }

    async fn remembered(
        &self,
        scope: Scope,
        key: &IdempotencyKey,
        at: Timestamp,
    ) -> Result<Option<Remembered>, StoreError> {
        let state = self.working().map_err(store_error("look up the idempotency key"))?;
        let kept = state.idempotency.get(&(scope, key.clone()));
        Ok(kept.filter(|kept| kept.is_fresh(at)).map(|kept| kept.remembered))
    }

    async fn save_progress(&self, progress: &Progress) -> Result<(), StoreError> {
        let mut state = self.working().map_err(store_error("save the answer so far"))?;
        let ids = (progress.conversation, progress.entry);
        if let Some((_, entry)) = state.running(progress.scope, ids)
            && let Body::Answer(answer) = &mut entry.body
        {
            answer.text.clone_from(&progress.text);
            answer.request = Some(progress.request);
        }
        Ok(())
    }

    async fn finish_turn(&self, finished: &FinishedTurn) -> Result<(), StoreError> {
        let mut state = self.working().map_err(store_error("end the answer"))?;
        let ids = (finished.conversation, finished.entry);
        if let Some((conversation, entry)) = state.running(finished.scope, ids)
            && let Body::Answer(answer) = &mut entry.body
        {
            answer.state = finished.state;
            answer.text = finished.text.clone().unwrap_or(std::mem::take(&mut answer.text));
            answer.request = finished.request.or(answer.request);
            answer.error.clone_from(&finished.error);
            entry.completed_at = Some(finished.at);
            conversation.updated_at = finished.at;
        }
        Ok(())
    }

    async fn close_interrupted(&self, at: Timestamp) -> Result<u64, StoreError> {
        let mut state = self.working().map_err(store_error("close interrupted answers"))?;
        let mut closed = 0;
        for entry in state.conversations.iter_mut().flat_map(|kept| &mut kept.entries) {
            if let Body::Answer(answer) = &mut entry.body
                && answer.state == EntryState::Running
            {
                answer.state = EntryState::Interrupted;
                entry.completed_at = Some(at);
                closed += 1;
            }
        }
        Ok(closed)
    }

    async fn conversation(
        &self,
        scope: Scope,
        id: ConversationId,
    ) -> Result<Option<Conversation>, StoreError> {
        let state = self.working().map_err(store_error("read the conversation"))?;
        Ok(state.kept(scope, id).map(|kept| kept.conversation.clone()))
    }

    async fn path(
        &self,
        scope: Scope,
        id: ConversationId,
        end: EntryId,
    ) -> Result<Vec<Entry>, StoreError> {
        let state = self.working().map_err(store_error("read the path"))?;
        let entries = state.read_entries(scope, id);
        Ok(path(&entries, end).into_iter().cloned().collect())
    }

    async fn entries(&self, scope: Scope, id: ConversationId) -> Result<Vec<Entry>, StoreError> {
        let state = self.working().map_err(store_error("read the entries"))?;
        Ok(state.read_entries(scope, id))
    }

    async fn entry(
        &self,
        scope: Scope,
        conversation: ConversationId,
        id: EntryId,
    ) -> Result<Option<Entry>, StoreError> {
        let state = self.working().map_err(store_error("read the entry"))?;
        Ok(state.read_entries(scope, conversation).into_iter().find(|entry| entry.id == id))
    }

    async fn list(&self, scope: Scope, query: &ListQuery) -> Result<Page, StoreError> {
        let state = self.working().map_err(store_error("list the conversations"))?;
        let found = state.conversations.iter().filter(|kept| kept.matches(scope, query));
        let mut found: Vec<Conversation> = found.map(|kept| kept.conversation.clone()).collect();
        found.sort_by_key(|one| std::cmp::Reverse((one.pinned, one.updated_at, one.id)));
        let total = found.len() as u64;
        let offset = usize::try_from(query.offset).unwrap_or(usize::MAX);
        let conversations = found.into_iter().skip(offset).take(query.limit as usize).collect();
        Ok(Page { conversations, total })
    }

    async fn update(
        &self,
        scope: Scope,
        id: ConversationId,
        change: &Change,
        audit: &AuditEntry,
    ) -> Result<Updated, StoreError> {
        self.change(scope, id, change, audit).map_err(store_error("change the conversation"))
    }

    async fn delete(
        &self,
        scope: Scope,
        id: ConversationId,
        audit: &AuditEntry,
    ) -> Result<Deleted, StoreError> {
        self.remove(scope, id, audit).map_err(store_error("delete the conversation"))
    }

    async fn draft(&self, scope: Scope, of: DraftOf) -> Result<Option<Draft>, StoreError> {
        let state = self.working().map_err(store_error("read the draft"))?;
        Ok(state.drafts.get(&(scope, of)).cloned())
    }

    async fn put_draft(
        &self,
        scope: Scope,
        of: DraftOf,
        draft: Option<&Draft>,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        self.keep_draft((scope, of), draft, audit).map_err(store_error("keep the draft"))
    }
}

impl MemoryStore {
    fn begin(&self, begin: &BeginTurn, audit: &AuditEntry) -> Result<Begun, Refusal> {
        let mut state = self.working()?;
        state.check_entry(audit)?;
        state
            .idempotency
            .retain(|(scope, _), kept| *scope != begin.scope || kept.is_fresh(begin.at));
        if let Some(known) = state.known(begin) {
            return Ok(known);
        }
        let mut kept = match &begin.created {
            Some(created) => {
                let Scope { organisation, account } = begin.scope;
                if !state.accounts.contains_key(&(organisation, account)) {
                    return Err(Refusal::UnknownAccount);
                }
                Kept { conversation: created.conversation.clone(), entries: created.copied.clone() }
            }
            None => match state.kept(begin.scope, begin.conversation) {
                Some(kept) => kept.clone(),
                None => return Ok(Begun::UnknownConversation),
            },
        };
        let begun = kept.begin(begin);
        if begun == Begun::Started {
            state.conversations.retain(|other| other.conversation.id != begin.conversation);
            state.conversations.push(kept);
            if let Some(idempotency) = &begin.idempotency {
                let kept = KeptKey::new(begin, idempotency.digest);
                state.idempotency.insert((begin.scope, idempotency.key.clone()), kept);
            }
            state.audit.push(audit.clone());
        }
        Ok(begun)
    }

    fn change(
        &self,
        scope: Scope,
        id: ConversationId,
        change: &Change,
        audit: &AuditEntry,
    ) -> Result<Updated, Refusal> {
        let mut state = self.working()?;
        state.check_entry(audit)?;
        let Some(kept) = state.kept_mut(scope, id) else {
            return Ok(Updated::UnknownConversation);
        };
        let Change { name, pinned, archived, head } = change.clone();
        if head.is_some_and(|head| kept.entries.iter().all(|entry| entry.id != head)) {
            return Ok(Updated::UnknownEntry);
        }
        let conversation = &mut kept.conversation;
        conversation.head = head.unwrap_or(conversation.head);
        conversation.pinned = pinned.unwrap_or(conversation.pinned);
        conversation.archived = archived.unwrap_or(conversation.archived);
        if let Some(name) = name {
            conversation.name = name;
        }
        let changed = Box::new(conversation.clone());
        state.audit.push(audit.clone());
        Ok(Updated::Changed(changed))
    }

    fn remove(
        &self,
        scope: Scope,
        id: ConversationId,
        audit: &AuditEntry,
    ) -> Result<Deleted, Refusal> {
        let mut state = self.working()?;
        state.check_entry(audit)?;
        if state.kept(scope, id).is_none() {
            return Ok(Deleted::UnknownConversation);
        }
        if let Some(hold) = state.hold_on((scope.organisation, scope.account)) {
            return Ok(Deleted::Held(hold));
        }
        state.remove_conversation(scope, id);
        state.audit.push(audit.clone());
        Ok(Deleted::Done)
    }

    fn keep_draft(
        &self,
        (scope, of): (Scope, DraftOf),
        draft: Option<&Draft>,
        audit: &AuditEntry,
    ) -> Result<bool, Refusal> {
        let mut state = self.working()?;
        state.check_entry(audit)?;
        match of {
            DraftOf::Conversation(id) if state.kept(scope, id).is_none() => return Ok(false),
            DraftOf::Conversation(_) | DraftOf::New => {}
        }
        match draft {
            Some(draft) => state.drafts.insert((scope, of), draft.clone()),
            None => state.drafts.remove(&(scope, of)),
        };
        state.audit.push(audit.clone());
        Ok(true)
    }
}

impl Kept {
    fn begin(&mut self, begin: &BeginTurn) -> Begun {
        if self.entries.iter().any(|entry| entry.state() == EntryState::Running) {
            return Begun::Busy;
        }
        let known = |id| self.entries.iter().any(|entry| entry.id == id);
        if begin.parent.is_some_and(|parent| !known(parent)) {
            return Begun::UnknownParent;
        }
        self.entries.extend(begin.question.iter().chain([&begin.answer]).cloned());
        if self.entries.len() > ENTRIES_MAX {
            return Begun::Full;
        }
        self.conversation.head = begin.answer.id;
        self.conversation.model = begin.model.clone();
        self.conversation.updated_at = begin.at;
        Begun::Started
    }

    fn matches(&self, scope: Scope, query: &ListQuery) -> bool {
        self.conversation.scope == scope
            && query.archived.is_none_or(|archived| self.conversation.archived == archived)
            && query.search.as_deref().is_none_or(|search| self.is_found(search))
    }

    fn is_found(&self, search: &str) -> bool {
        if search.trim().is_empty() {
            return true;
        }
        let searched = words(search);
        let holds = |text: &str| {
            let words = words(text);
            searched.iter().all(|word| words.iter().any(|other| begins(other, word)))
        };
        !searched.is_empty()
            && (holds(&self.conversation.name)
                || self.entries.iter().any(|entry| holds(entry.text())))
    }
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

/// A single letter would begin nearly everything.
fn begins(word: &str, searched: &str) -> bool {
    if searched.chars().nth(1).is_some() { word.starts_with(searched) } else { word == searched }
}

impl KeptKey {
    fn new(begin: &BeginTurn, digest: [u8; 32]) -> Self {
        let (conversation, entry) = (begin.conversation, begin.answer.id);
        Self { remembered: Remembered { conversation, entry, digest }, at: begin.at }
    }

    fn is_fresh(&self, at: Timestamp) -> bool {
        self.at.plus_seconds(KEPT_SECONDS) >= at
    }
}

impl State {
    pub(super) fn remove_conversation(&mut self, scope: Scope, id: ConversationId) {
        self.conversations.retain(|kept| kept.conversation.id != id);
        self.drafts.remove(&(scope, DraftOf::Conversation(id)));
        self.idempotency.retain(|_, kept| kept.remembered.conversation != id);
    }

    fn kept(&self, scope: Scope, id: ConversationId) -> Option<&Kept> {
        let mut all = self.conversations.iter();
        all.find(|kept| kept.conversation.id == id && kept.conversation.scope == scope)
    }

    fn kept_mut(&mut self, scope: Scope, id: ConversationId) -> Option<&mut Kept> {
        let mut all = self.conversations.iter_mut();
        all.find(|kept| kept.conversation.id == id && kept.conversation.scope == scope)
    }

    /// A running entry and its conversation.
    fn running(
        &mut self,
        scope: Scope,
        (conversation, entry): (ConversationId, EntryId),
    ) -> Option<(&mut Conversation, &mut Entry)> {
        let Kept { conversation, entries } = self.kept_mut(scope, conversation)?;
        let mut entries = entries.iter_mut();
        let found = entries.find(|kept| kept.id == entry && kept.state() == EntryState::Running)?;
        Some((conversation, found))
    }

    fn known(&self, begin: &BeginTurn) -> Option<Begun> {
        let idempotency = begin.idempotency.as_ref()?;
        let kept = self.idempotency.get(&(begin.scope, idempotency.key.clone()))?;
        let is_same = kept.remembered.digest == idempotency.digest;
        Some(if is_same { Begun::Repeated(kept.remembered) } else { Begun::Reused })
    }

    /// As they were made, with the usage of their requests.
    fn read_entries(&self, scope: Scope, id: ConversationId) -> Vec<Entry> {
        let mut entries = self.kept(scope, id).map_or_else(Vec::new, |kept| kept.entries.clone());
        for entry in &mut entries {
            if let Body::Answer(answer) = &mut entry.body {
                let row = answer.request.and_then(|id| self.usage.get(&(scope.organisation, id)));
                answer.usage = row.and_then(|row| row.figures.as_ref()).map(turn_usage);
            }
        }
        entries
    }
}
