//! Plays a turn: asks the model, keeps the text as it grows, writes down how it ended.

use std::time::Duration;

use domain::{Caller, RequestId};
use inference::{ChatEvent, ChatStream, FinishReason, Usage};
use tokio::{
    sync::oneshot,
    time::{Interval, MissedTickBehavior, interval, sleep},
};

use crate::{
    Assistant, AssistantError, EntryState, TurnEnd, TurnReader, TurnUsage,
    begin::BegunTurn,
    ports::{FinishedTurn, Progress},
    running::Reservation,
    turn::Turn,
};

/// How much of an answer a crash may lose.
const SAVE_EVERY: Duration = Duration::from_millis(500);
/// Between tries to write down an end.
const RETRY: Duration = Duration::from_millis(500);
/// After so many tries readers are told; the tries go on.
const TRIES_UNTOLD: u32 = 20;
/// A server that stops leaves an end that cannot be written to the next start.
const TRIES_WHILE_STOPPING: u32 = 3;

/// How an answer ended, before its time is known.
struct Ending {
    state: EntryState,
    error: Option<&'static str>,
    usage: Option<Usage>,
    request: Option<RequestId>,
}

/// Partial text that is saved.
struct Saved {
    ticks: Interval,
    /// `None`: nothing yet, not even the request.
    bytes: Option<usize>,
}

impl Assistant {
    /// Replies when usage row and audit entry are durable, and returns when the end is.
    pub(crate) async fn play(
        &self,
        caller: &Caller,
        begun: BegunTurn,
        reply: oneshot::Sender<Result<TurnReader, AssistantError>>,
    ) {
        let BegunTurn { reservation, command } = begun;
        let turn = reservation.turn();
        // An engine elsewhere may take minutes to begin; whoever stops it does not wait for that.
        let started = tokio::select! {
            biased;
            () = turn.stop.cancelled() => None,
            started = self.chat.start(caller, command) => Some(started),
        };
        let Some(started) = started else {
            turn.ask(None);
            reply.send(Ok(TurnReader::new(turn.clone()))).ok();
            let (state, error) = (EntryState::Stopped, None);
            let ending = Ending { state, error, usage: None, request: None };
            let finished = self.finished(turn, &ending);
            self.write_end(reservation, ending, finished, 0).await;
            return;
        };
        match started {
            Ok(stream) => {
                turn.ask(Some(stream.request()));
                // Whoever asked may have left; the turn goes on.
                reply.send(Ok(TurnReader::new(turn.clone()))).ok();
                let ending = self.follow(turn, stream).await;
                let finished = self.finished(turn, &ending);
                self.write_end(reservation, ending, finished, 0).await;
            }
            Err(source) => {
                let (state, code) = (EntryState::Failed, Some(source.code()));
                let ending = Ending { state, error: code, usage: None, request: None };
                let finished = self.finished(turn, &ending);
                let refusal = AssistantError::Chat { conversation: turn.conversation, source };
                // Tried before the reply, so that the caller may ask again at once.
                if self.try_end(&finished).await {
                    reservation.end(ending.at(&finished));
                    reply.send(Err(refusal)).ok();
                } else {
                    reply.send(Err(refusal)).ok();
                    self.write_end(reservation, ending, finished, 1).await;
                }
            }
        }
    }

    async fn follow(&self, turn: &Turn, mut stream: ChatStream) -> Ending {
        let request = stream.request();
        let mut saved = Saved::new();
        let mut stopping = false;
        loop {
            let event = tokio::select! {
                biased;
                () = turn.stop.cancelled(), if !stopping => {
                    stopping = true;
                    stream.stop();
                    continue;
                }
                _ = saved.ticks.tick() => {
                    self.save(turn, request, &mut saved).await;
                    continue;
                }
                event = stream.next() => event,
            };
            let (state, usage) = match event {
                Some(ChatEvent::Token(piece)) => {
                    turn.push(&piece.text);
                    continue;
                }
                // None is asked for.
                Some(ChatEvent::Call(_)) => continue,
                Some(ChatEvent::Finished { reason, usage }) => (state_of(reason), Some(usage)),
                Some(ChatEvent::Stopped { usage }) => (EntryState::Stopped, Some(usage)),
                Some(ChatEvent::Failed { usage }) => (self.failure(), Some(usage)),
                Some(ChatEvent::Unrecorded { usage }) => {
                    let (state, error) = (EntryState::Failed, Some("store.unavailable"));
                    return Ending { state, error, usage: Some(usage), request: Some(request) };
                }
                None => (self.failure(), None),
            };
            return Ending { state, error: state.usual_error(), usage, request: Some(request) };
        }
    }

    /// An answer that breaks off while the server stops was interrupted by that.
    fn failure(&self) -> EntryState {
        if self.stopping.is_cancelled() { EntryState::Interrupted } else { EntryState::Failed }
    }

    /// Partial text that cannot be saved is saved with the next.
    async fn save(&self, turn: &Turn, request: RequestId, saved: &mut Saved) {
        if saved.bytes == Some(turn.text_bytes()) {
            return;
        }
        let text = turn.text();
        let bytes = text.len();
        let Turn { scope, conversation, entry, .. } = *turn;
        let progress = Progress { scope, conversation, entry, request, text };
        match self.store.save_progress(&progress).await {
            Ok(()) => saved.bytes = Some(bytes),
            Err(error) => {
                tracing::warn!(%conversation, %entry, %error, "partial answer not saved");
            }
        }
    }

    fn finished(&self, turn: &Turn, ending: &Ending) -> FinishedTurn {
        FinishedTurn {
            scope: turn.scope,
            conversation: turn.conversation,
            entry: turn.entry,
            state: ending.state,
            text: Some(turn.text()),
            request: ending.request,
            error: ending.error.map(str::to_owned),
            at: self.clock.now(),
        }
    }

    async fn try_end(&self, finished: &FinishedTurn) -> bool {
        let written = self.store.finish_turn(finished).await;
        if let Err(error) = &written {
            let FinishedTurn { conversation, entry, .. } = finished;
            tracing::error!(%conversation, %entry, %error, "end of an answer not written");
        }
        written.is_ok()
    }

    /// Tries until the end is durable; only then do readers hear of it.
    async fn write_end(
        &self,
        reservation: Reservation,
        ending: Ending,
        finished: FinishedTurn,
        mut tries: u32,
    ) {
        loop {
            if tries > 0 {
                sleep(RETRY).await;
            }
            if self.try_end(&finished).await {
                return reservation.end(ending.at(&finished));
            }
            tries = tries.saturating_add(1);
            let given_up = self.stopping.is_cancelled() && tries >= TRIES_WHILE_STOPPING;
            if tries == TRIES_UNTOLD || given_up {
                reservation.turn().end(ending.unwritten(&finished));
            }
            if given_up {
                return;
            }
        }
    }
}

impl Saved {
    fn new() -> Self {
        let mut ticks = interval(SAVE_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { ticks, bytes: None }
    }
}

impl Ending {
    fn at(&self, finished: &FinishedTurn) -> TurnEnd {
        TurnEnd {
            state: self.state,
            error: self.error.map(str::to_owned),
            usage: self.usage.as_ref().map(TurnUsage::from),
            request: self.request,
            at: finished.at,
        }
    }

    /// What readers are told when the store has not taken the end for long.
    fn unwritten(&self, finished: &FinishedTurn) -> TurnEnd {
        let error = Some("store.unavailable".to_owned());
        TurnEnd { state: EntryState::Interrupted, error, ..self.at(finished) }
    }
}

const fn state_of(reason: FinishReason) -> EntryState {
    match reason {
        FinishReason::Stop | FinishReason::ToolCalls => EntryState::Complete,
        FinishReason::Length | FinishReason::ModelLength => EntryState::Length,
    }
}
