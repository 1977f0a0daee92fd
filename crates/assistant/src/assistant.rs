//! The service: who may begin, stop and read turns, and how it starts and ends.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{AccountId, Caller, Clock, ConversationId, EntryId, IdSource, OrganisationId};
use governance::{
    Action, AuditFact, Subject, Trail,
    ports::{RunningTurns, StoreError},
};
use inference::Chat;
use tokio::sync::oneshot;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    Append, AssistantError, Restart, Scope, Start, TurnReader,
    begin::{Beginning, Wanted},
    ports::ConversationStore,
    running::Running,
};

/// Keeps conversations and plays their turns. Cheap to clone.
#[derive(Clone)]
pub struct Assistant {
    pub(crate) chat: Chat,
    pub(crate) store: Arc<dyn ConversationStore>,
    pub(crate) trail: Trail,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) running: Running,
    pub(crate) tasks: TaskTracker,
    pub(crate) stopping: CancellationToken,
}

/// What [`Assistant`] is made of.
pub struct AssistantParts {
    pub chat: Chat,
    pub store: Arc<dyn ConversationStore>,
    pub trail: Trail,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
}

impl Assistant {
    pub fn new(parts: AssistantParts) -> Self {
        let AssistantParts { chat, store, trail, clock, ids } = parts;
        Self {
            chat,
            store,
            trail,
            clock,
            ids,
            running: Running::default(),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
        }
    }

    /// Ends the answers that an earlier process left running; returns how many. To be called once,
    /// before the first request.
    pub async fn close_interrupted(&self) -> Result<u64, StoreError> {
        self.store.close_interrupted(self.clock.now()).await
    }

    /// Begins a conversation with a question. When this returns, the question, the running answer,
    /// the usage row and the audit entries are durable.
    pub async fn start(&self, caller: &Caller, start: Start) -> Result<TurnReader, AssistantError> {
        self.turn(caller, Wanted::Start(Box::new(start))).await
    }

    /// Goes on with a conversation; as durable as [`Assistant::start`].
    pub async fn append(
        &self,
        caller: &Caller,
        id: ConversationId,
        append: Append,
    ) -> Result<TurnReader, AssistantError> {
        self.turn(caller, Wanted::Append(id, append)).await
    }

    /// Begins a conversation with a copy of another one's path; as durable as
    /// [`Assistant::start`].
    pub async fn restart(
        &self,
        caller: &Caller,
        id: ConversationId,
        restart: Restart,
    ) -> Result<TurnReader, AssistantError> {
        self.turn(caller, Wanted::Restart(id, restart)).await
    }

    /// Stops the running turn and returns when its end is durable; nothing if none runs.
    pub async fn stop(&self, caller: &Caller, id: ConversationId) -> Result<(), AssistantError> {
        let found = self.find(caller.into(), id).await;
        self.recorded(about(Action::ConversationStop, caller, id), found).await?;
        self.stop_turn(caller.into(), id).await;
        Ok(())
    }

    /// Reads the turn of `entry`; without one the running turn, or else the answer at the head.
    pub async fn events(
        &self,
        caller: &Caller,
        id: ConversationId,
        entry: Option<EntryId>,
    ) -> Result<TurnReader, AssistantError> {
        let turn = self.find_turn(caller.into(), id, entry).await;
        let turn = self.recorded(about(Action::ConversationRead, caller, id), turn).await?;
        Ok(TurnReader::new(turn))
    }

    /// Whether a turn of the conversation runs now.
    pub fn is_running(&self, id: ConversationId) -> bool {
        self.running.find(id).is_some()
    }

    /// Refuses new turns, lets running ones end until the deadline, then interrupts them; returns
    /// when all are written down. Shuts [`Chat`] down too.
    pub async fn shut_down(&self, deadline: Duration) {
        self.stopping.cancel();
        self.chat.shut_down(deadline).await;
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Begins and plays a turn in a task of its own: a caller that leaves while it waits leaves
    /// nothing half done.
    async fn turn(&self, caller: &Caller, wanted: Wanted) -> Result<TurnReader, AssistantError> {
        let (assistant, caller) = (self.clone(), *caller);
        let (reply, begun) = oneshot::channel();
        self.tasks.spawn(async move {
            let fact = wanted.fact(&caller);
            let beginning = assistant.begin(&caller, wanted).await;
            match assistant.refusal_recorded(fact, beginning).await {
                Ok(Beginning::New(turn)) => assistant.play(&caller, *turn, reply).await,
                // Whoever asked may have left.
                Ok(Beginning::Known(turn)) => {
                    reply.send(Ok(TurnReader::new(turn))).ok();
                }
                Err(error) => {
                    reply.send(Err(error)).ok();
                }
            }
        });
        begun.await.unwrap_or(Err(AssistantError::BrokenOff))
    }

    pub(crate) async fn stop_turn(&self, scope: Scope, id: ConversationId) {
        if let Some(turn) = self.running.find(id).filter(|turn| turn.scope == scope) {
            turn.stop.cancel();
            turn.until_ended().await;
        }
    }

    /// Writes down what came of an access. A refused chat has its entry already.
    pub(crate) async fn recorded<T>(
        &self,
        fact: AuditFact,
        result: Result<T, AssistantError>,
    ) -> Result<T, AssistantError> {
        let result = self.refusal_recorded(fact.clone(), result).await?;
        self.trail.record(&fact).await?;
        Ok(result)
    }

    /// As [`Assistant::recorded`], for a success whose entry is written with its change.
    pub(crate) async fn refusal_recorded<T>(
        &self,
        fact: AuditFact,
        result: Result<T, AssistantError>,
    ) -> Result<T, AssistantError> {
        let error = match result {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        if !matches!(error, AssistantError::Audit(_) | AssistantError::Chat { .. }) {
            self.trail.record(&AuditFact { outcome: error.code(), ..fact }).await?;
        }
        Err(error)
    }
}

#[async_trait]
impl RunningTurns for Assistant {
    async fn stop_all(&self, organisation: OrganisationId, account: AccountId) {
        for turn in self.running.of(Scope { organisation, account }) {
            turn.stop.cancel();
            turn.until_ended().await;
        }
    }
}

pub(crate) const fn about(action: Action, caller: &Caller, id: ConversationId) -> AuditFact {
    AuditFact::ok(action, *caller, Subject::Conversation(id))
}
