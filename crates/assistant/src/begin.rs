//! From what a caller wants to a turn that is written down.

use std::sync::Arc;

use domain::{Caller, ConversationId, EntryId, Timestamp};
use governance::{Action, AuditFact, Subject};
use inference::ChatCommand;

use crate::{
    Append, Assistant, AssistantError, EntryState, Follow, Idempotency, Restart, Scope, Start,
    assistant::about,
    plan::{Draw, Plan},
    ports::{BeginTurn, Begun, Remembered},
    running::Reservation,
    turn::Turn,
};

/// A turn that a caller wants.
pub(crate) enum Wanted {
    Start(Box<Start>),
    Append(ConversationId, Append),
    Restart(ConversationId, Restart),
}

/// What became of it.
pub(crate) enum Beginning {
    /// The same was asked for before.
    Known(Arc<Turn>),
    New(Box<BegunTurn>),
}

/// A turn that is written down and not yet played.
pub(crate) struct BegunTurn {
    pub(crate) reservation: Reservation,
    pub(crate) command: ChatCommand,
}

impl Wanted {
    pub(crate) fn fact(&self, caller: &Caller) -> AuditFact {
        match self {
            // The conversation has no id yet.
            Self::Start(_) => AuditFact::ok(Action::ConversationStart, *caller, Subject::Nothing),
            Self::Append(id, _) => about(Action::ConversationAppend, caller, *id),
            Self::Restart(id, _) => about(Action::ConversationStart, caller, *id),
        }
    }

    const fn idempotency(&self) -> Option<&Idempotency> {
        match self {
            Self::Start(start) => start.idempotency.as_ref(),
            Self::Append(_, append) => append.idempotency.as_ref(),
            Self::Restart(_, restart) => restart.idempotency.as_ref(),
        }
    }

    fn check(&self) -> Result<(), AssistantError> {
        match self {
            Self::Start(start) => start.check(),
            Self::Append(_, append) => append.check(),
            Self::Restart(_, restart) => restart.check(),
        }
    }
}

impl Assistant {
    pub(crate) async fn begin(
        &self,
        caller: &Caller,
        wanted: Wanted,
    ) -> Result<Beginning, AssistantError> {
        if self.stopping.is_cancelled() {
            return Err(AssistantError::Stopping);
        }
        wanted.check()?;
        let fact = wanted.fact(caller);
        let draw = self.draw(caller.into(), &wanted);
        if let Some(idempotency) = &draw.idempotency {
            let known = self.store.remembered(draw.scope, &idempotency.key, draw.at).await?;
            if let Some(known) = known {
                return self.known_turn(draw.scope, known, idempotency, &fact).await;
            }
        }
        let ids = (draw.conversation, draw.entry);
        let turn = Turn::new(draw.scope, ids, draw.idempotency.clone());
        let reservation = match self.running.reserve(turn) {
            Ok(reservation) => reservation,
            Err(other) => return self.join(other, &draw, &fact).await,
        };
        let at = draw.at;
        let idempotency = draw.idempotency.clone();
        match self.write_down(caller, draw, wanted, &reservation).await {
            Ok(Written::Started(command)) => {
                Ok(Beginning::New(Box::new(BegunTurn { reservation, command })))
            }
            Ok(Written::Repeated(known)) => {
                let scope = reservation.turn().scope;
                reservation.refuse("conversation.busy", at);
                let idempotency = idempotency.ok_or(AssistantError::BrokenOff)?;
                self.known_turn(scope, known, &idempotency, &fact).await
            }
            Err(error) => {
                reservation.refuse(error.code(), at);
                Err(error)
            }
        }
    }

    fn draw(&self, scope: Scope, wanted: &Wanted) -> Draw {
        let at = self.clock.now();
        let conversation = match wanted {
            Wanted::Append(id, _) => *id,
            Wanted::Start(_) | Wanted::Restart(..) => ConversationId::from_uuid(self.ids.next(at)),
        };
        let idempotency = wanted.idempotency().cloned();
        let (question, entry) = (self.entry_id(at), self.entry_id(at));
        Draw { scope, conversation, question, entry, at, idempotency }
    }

    fn entry_id(&self, at: Timestamp) -> EntryId {
        EntryId::from_uuid(self.ids.next(at))
    }

    /// The turn of an idempotency key that is known; the access is written down by itself.
    async fn known_turn(
        &self,
        scope: Scope,
        known: Remembered,
        idempotency: &Idempotency,
        fact: &AuditFact,
    ) -> Result<Beginning, AssistantError> {
        if known.digest != idempotency.digest {
            return Err(AssistantError::KeyReused);
        }
        let turn = self.find_turn(scope, known.conversation, Some(known.entry)).await?;
        self.trail.record(fact).await?;
        Ok(Beginning::Known(turn))
    }

    /// The conversation is taken: by the same request sent twice at once, or by another one.
    async fn join(
        &self,
        other: Arc<Turn>,
        draw: &Draw,
        fact: &AuditFact,
    ) -> Result<Beginning, AssistantError> {
        let id = draw.conversation;
        if other.scope != draw.scope {
            return Err(AssistantError::UnknownConversation { id });
        }
        match (&other.idempotency, &draw.idempotency) {
            (Some(theirs), Some(ours)) if theirs == ours => {
                self.trail.record(fact).await?;
                Ok(Beginning::Known(other))
            }
            (Some(theirs), Some(ours)) if theirs.key == ours.key => Err(AssistantError::KeyReused),
            _ => Err(AssistantError::Busy { id }),
        }
    }

    async fn write_down(
        &self,
        caller: &Caller,
        draw: Draw,
        wanted: Wanted,
        reservation: &Reservation,
    ) -> Result<Written, AssistantError> {
        let fact = match &wanted {
            Wanted::Append(..) => about(Action::ConversationAppend, caller, draw.conversation),
            Wanted::Start(_) | Wanted::Restart(..) => {
                about(Action::ConversationStart, caller, draw.conversation)
            }
        };
        let plan = self.plan(draw, wanted).await?;
        let audit = self.trail.entry(&fact).await?;
        let mut begun = self.store.begin_turn(&plan.begin, &audit).await?;
        if begun == Begun::Busy && self.close_all_orphans(&plan.begin).await? {
            begun = self.store.begin_turn(&plan.begin, &audit).await?;
        }
        let id = plan.begin.conversation;
        match begun {
            Begun::Started => {
                reservation.turn().begin(plan.started());
                Ok(Written::Started(plan.command()))
            }
            Begun::Repeated(known) => Ok(Written::Repeated(known)),
            Begun::Reused => Err(AssistantError::KeyReused),
            Begun::UnknownConversation => Err(AssistantError::UnknownConversation { id }),
            Begun::Busy => Err(AssistantError::Busy { id }),
            Begun::UnknownParent => Err(plan
                .begin
                .parent
                .map_or(AssistantError::NothingToFollow, |id| AssistantError::UnknownEntry { id })),
            Begun::Full => Err(AssistantError::Full),
        }
    }

    async fn plan(&self, draw: Draw, wanted: Wanted) -> Result<Plan, AssistantError> {
        let scope = draw.scope;
        match wanted {
            Wanted::Start(start) => Ok(Plan::start(draw, *start)),
            Wanted::Append(id, append) => {
                let conversation = self.find(scope, id).await?;
                let path = match append.follow {
                    Follow::Head => self.find_path(scope, id, conversation.head).await?,
                    Follow::Entry(entry) => self.find_path(scope, id, entry).await?,
                    Follow::Root if append.question.is_none() => {
                        return Err(AssistantError::NothingToFollow);
                    }
                    Follow::Root => Vec::new(),
                };
                Ok(Plan::append(draw, conversation, path, append))
            }
            Wanted::Restart(id, restart) => {
                let original = self.find(scope, id).await?;
                let path = self.find_path(scope, id, restart.from).await?;
                if path.iter().any(|entry| entry.state() == EntryState::Running) {
                    return Err(AssistantError::Busy { id });
                }
                let ids = path.iter().map(|_| self.entry_id(draw.at)).collect();
                Ok(Plan::restart(draw, original, (path, ids), restart))
            }
        }
    }

    /// Something runs in the store that nobody works on: it broke off.
    async fn close_all_orphans(&self, begin: &BeginTurn) -> Result<bool, AssistantError> {
        let entries = self.store.entries(begin.scope, begin.conversation).await?;
        self.close_orphans(begin.scope, begin.conversation, &entries).await
    }
}

enum Written {
    Started(ChatCommand),
    Repeated(Remembered),
}
