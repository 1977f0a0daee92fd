//! The turns that run in this process, at most one a conversation.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::{ConversationId, Timestamp};

use crate::{EntryState, Scope, TurnEnd, turn::Turn};

/// Knows the running turns. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Running {
    // A lock and not a task: nothing waits while it is held.
    turns: Arc<Mutex<HashMap<ConversationId, Arc<Turn>>>>,
}

/// The only turn of its conversation, until this is dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    running: Running,
    turn: Arc<Turn>,
}

impl Running {
    /// Keeps other turns out, or tells the one that runs.
    pub(crate) fn reserve(&self, turn: Turn) -> Result<Reservation, Arc<Turn>> {
        let turn = Arc::new(turn);
        let mut turns = self.turns();
        if let Some(other) = turns.get(&turn.conversation) {
            return Err(Arc::clone(other));
        }
        turns.insert(turn.conversation, Arc::clone(&turn));
        Ok(Reservation { running: self.clone(), turn })
    }

    pub(crate) fn find(&self, conversation: ConversationId) -> Option<Arc<Turn>> {
        self.turns().get(&conversation).cloned()
    }

    /// All that run for somebody now.
    pub(crate) fn of(&self, scope: Scope) -> Vec<Arc<Turn>> {
        self.turns().values().filter(|turn| turn.scope == scope).cloned().collect()
    }

    fn turns(&self) -> MutexGuard<'_, HashMap<ConversationId, Arc<Turn>>> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reservation {
    pub(crate) const fn turn(&self) -> &Arc<Turn> {
        &self.turn
    }

    /// Lets the next turn in, then tells readers the end: whoever has read it may ask at once.
    pub(crate) fn end(self, end: TurnEnd) {
        self.leave();
        self.turn.end(end);
    }

    /// As [`Reservation::end`], for a turn that was refused.
    pub(crate) fn refuse(self, code: &'static str, at: Timestamp) {
        let error = Some(code.to_owned());
        let state = EntryState::Failed;
        self.end(TurnEnd { state, error, usage: None, request: None, at });
    }

    fn leave(&self) {
        let mut turns = self.running.turns();
        if turns.get(&self.turn.conversation).is_some_and(|kept| Arc::ptr_eq(kept, &self.turn)) {
            turns.remove(&self.turn.conversation);
        }
    }
}

impl Drop for Reservation {
    /// Nobody waits for ever, also when the turn's task panicked.
    fn drop(&mut self) {
        self.leave();
        self.turn.break_off();
    }
}
