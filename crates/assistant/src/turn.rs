//! One turn in memory: what it is, how far it is, and how it is stopped.

use domain::{ConversationId, EntryId, RequestId, Timestamp};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{Answer, Entry, EntryState, Idempotency, Scope, TurnEnd, TurnStarted};

/// A turn that runs, or has just ended.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) scope: Scope,
    pub(crate) conversation: ConversationId,
    /// The answer.
    pub(crate) entry: EntryId,
    pub(crate) idempotency: Option<Idempotency>,
    pub(crate) stop: CancellationToken,
    live: watch::Sender<Live>,
}

/// How far a turn is.
#[derive(Debug, Default)]
pub(crate) struct Live {
    /// It is written down; nothing is shown before.
    pub(crate) started: Option<TurnStarted>,
    /// The chat request that makes the answer.
    pub(crate) request: Option<RequestId>,
    pub(crate) text: String,
    pub(crate) end: Option<TurnEnd>,
}

impl Turn {
    pub(crate) fn new(
        scope: Scope,
        (conversation, entry): (ConversationId, EntryId),
        idempotency: Option<Idempotency>,
    ) -> Self {
        let (stop, live) = (CancellationToken::new(), watch::Sender::default());
        Self { scope, conversation, entry, idempotency, stop, live }
    }

    /// The turn of an answer that has ended, to be read again.
    pub(crate) fn ended(
        scope: Scope,
        conversation: ConversationId,
        entry: &Entry,
        answer: &Answer,
        question: Option<EntryId>,
    ) -> Self {
        let turn = Self::new(scope, (conversation, entry.id), None);
        let (model, at) = (answer.model.clone(), entry.created_at);
        let (id, parent) = (entry.id, entry.parent);
        turn.begin(TurnStarted { conversation, question, entry: id, parent, model, at });
        turn.ask(answer.request);
        turn.push(&answer.text);
        turn.end(TurnEnd {
            state: answer.state,
            error: answer.error.clone().or_else(|| answer.state.usual_error().map(str::to_owned)),
            usage: answer.usage.clone(),
            request: answer.request,
            at: entry.completed_at.unwrap_or(entry.created_at),
        });
        turn
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Live> {
        self.live.subscribe()
    }

    pub(crate) fn begin(&self, started: TurnStarted) {
        self.live.send_modify(|live| live.started = Some(started));
    }

    pub(crate) fn ask(&self, request: Option<RequestId>) {
        self.live.send_modify(|live| live.request = request);
    }

    pub(crate) fn push(&self, text: &str) {
        if !text.is_empty() {
            self.live.send_modify(|live| live.text.push_str(text));
        }
    }

    /// Says how it ended; what was said first stays.
    pub(crate) fn end(&self, end: TurnEnd) {
        self.live.send_if_modified(|live| {
            let is_first = live.end.is_none();
            live.end.get_or_insert(end);
            is_first
        });
    }

    /// Ends it if nobody did.
    pub(crate) fn break_off(&self) {
        let started = self.live.borrow().started.as_ref().map(|started| started.at);
        self.end(TurnEnd {
            state: EntryState::Interrupted,
            error: Some("internal".to_owned()),
            usage: None,
            request: None,
            at: started.unwrap_or(Timestamp::from_micros(0)),
        });
    }

    pub(crate) fn text(&self) -> String {
        self.live.borrow().text.clone()
    }

    pub(crate) fn text_bytes(&self) -> usize {
        self.live.borrow().text.len()
    }

    /// Waits until readers are told of the end.
    pub(crate) async fn until_ended(&self) {
        // Cannot fail: `self` holds the sender.
        self.subscribe().wait_for(|live| live.end.is_some()).await.ok();
    }
}
