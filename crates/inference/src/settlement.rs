//! Hands an answer on to its caller and closes its usage row, however it ends.

use std::{sync::Arc, time::Duration};

use domain::{Clock, IdSource, chat::ToolCall};
use futures_util::future::join_all;
use tokio::{
    sync::{mpsc, oneshot},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    ChatEvent, FinishReason, FunctionCall, Metering, Reservation, Usage, UsageOpened, UsageOutcome,
    UsageSettled,
    ports::{BrokenOff, Consumed, EngineEvent, Generation, UsageLedger},
    several, tool,
};

/// An engine says what a generation used within one step; a silent one is broken.
const SETTLE_DEADLINE: Duration = Duration::from_secs(30);

/// Before a usage row is written that could not be written before; doubles up to [`RETRY_MAX`].
const RETRY: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(30);

/// About half an hour; then the row stays open until the next start closes it.
const TRIES_MAX: u32 = 60;

/// Everything needed to close one usage row.
pub(crate) struct UsageRow {
    pub(crate) opened: UsageOpened,
    /// What it may use; settled with the row.
    pub(crate) reservation: Reservation,
    pub(crate) ledger: Arc<dyn UsageLedger>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metering: Metering,
    /// What upstreams used that were sent it and have not answered, before another one did.
    pub(crate) earlier: Option<Usage>,
    /// The server ends: what cannot be written now is left to the next start.
    pub(crate) stopping: CancellationToken,
}

/// An answer, and who reads it.
type Answer = (Generation, mpsc::Sender<ChatEvent>);

/// Everything needed to hand the answers of a request on and to close its row.
pub(crate) struct Settlement {
    pub(crate) row: UsageRow,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) stall: Duration,
    /// The caller wants no more and waits for the end.
    pub(crate) stop: CancellationToken,
    /// How many answers in a row are to one prompt.
    pub(crate) choices: u8,
}

/// How the stream of events ended.
enum End {
    Finished(FinishReason),
    Failed(BrokenOff),
    Stopped,
    CallerLeft,
}

impl End {
    const fn outcome(&self) -> UsageOutcome {
        match self {
            Self::Finished(_) => UsageOutcome::Finished,
            Self::Failed(_) => UsageOutcome::Failed,
            Self::Stopped | Self::CallerLeft => UsageOutcome::Cancelled,
        }
    }

    const fn broken_off(&self) -> Option<BrokenOff> {
        match self {
            Self::Failed(because) => Some(*because),
            Self::Finished(_) | Self::Stopped | Self::CallerLeft => None,
        }
    }

    /// What the caller is told at last.
    fn event(self, is_recorded: bool, usage: &Usage) -> Option<ChatEvent> {
        let usage = usage.clone();
        match self {
            Self::CallerLeft => None,
            Self::Failed(_) => Some(ChatEvent::Failed { usage }),
            Self::Finished(_) | Self::Stopped if !is_recorded => {
                Some(ChatEvent::Unrecorded { usage })
            }
            Self::Finished(reason) => Some(ChatEvent::Finished { reason, usage }),
            Self::Stopped => Some(ChatEvent::Stopped { usage }),
        }
    }
}

/// How a request ended whose answers ended so: one that failed tells more than one that was left.
fn outcome<'a>(ends: impl Iterator<Item = &'a End>) -> UsageOutcome {
    ends.map(End::outcome).fold(UsageOutcome::Finished, |all, one| match (all, one) {
        (UsageOutcome::Failed, _) | (_, UsageOutcome::Failed) => UsageOutcome::Failed,
        (UsageOutcome::Finished, one) => one,
        (all, _) => all,
    })
}

impl Settlement {
    /// Runs until the row is closed, and tells why an answer broke off if one did. The last events
    /// are sent only after that.
    pub(crate) async fn run(self, answers: Vec<Answer>) -> Option<BrokenOff> {
        let ended = join_all(answers.into_iter().map(|answer| self.hand_on(answer))).await;
        let consumed: Vec<_> = ended.iter().map(|(_, consumed, _)| *consumed).collect();
        let usage = self.row.usage_of(several::together(&consumed, self.choices));
        let outcome = outcome(ended.iter().map(|(end, ..)| end));
        let settled = self.row.settled(outcome, usage.clone());
        let broken_off = ended.iter().find_map(|(end, ..)| end.broken_off());
        let is_recorded = self.row.record(&settled).await;
        let ending = ended.into_iter().map(|(end, _, caller)| {
            let last = end.event(is_recorded, &usage);
            self.end(last, caller)
        });
        join_all(ending).await;
        if !is_recorded {
            self.row.record_later(&settled).await;
        }
        broken_off
    }

    /// Until the answer has ended, and the engine has finished all work for it.
    async fn hand_on(&self, answer: Answer) -> (End, Consumed, mpsc::Sender<ChatEvent>) {
        let (Generation { mut events, settled }, caller) = answer;
        let end = self.forward(&mut events, &caller).await;
        // From here on the engine stops within one token, if it has not ended by itself.
        drop(events);
        (end, self.row.consumed(settled).await, caller)
    }

    async fn end(&self, last: Option<ChatEvent>, caller: mpsc::Sender<ChatEvent>) {
        if let Some(last) = last
            && timeout(self.stall, caller.send(last)).await.is_err()
        {
            tracing::info!(request = %self.row.opened.request, "caller stopped reading at the end");
        }
    }

    async fn forward(
        &self,
        events: &mut mpsc::Receiver<EngineEvent>,
        caller: &mpsc::Sender<ChatEvent>,
    ) -> End {
        loop {
            let event = tokio::select! {
                biased;
                () = caller.closed() => return End::CallerLeft,
                () = self.stop.cancelled() => return End::Stopped,
                event = events.recv() => event,
            };
            match event {
                Some(EngineEvent::Token(piece)) => {
                    if !self.send(ChatEvent::Token(piece), caller).await {
                        return End::CallerLeft;
                    }
                }
                Some(EngineEvent::Calls(calls)) => {
                    for call in calls {
                        if !self.send(ChatEvent::Call(self.name(call)), caller).await {
                            return End::CallerLeft;
                        }
                    }
                }
                Some(EngineEvent::Finished(reason)) => return End::Finished(reason),
                Some(EngineEvent::Failed { detail, because }) => {
                    return self.failed(&detail, because);
                }
                None => {
                    let detail = "the engine closed the stream without an end";
                    return self.failed(detail, BrokenOff::Cut);
                }
            }
        }
    }

    /// Whether the caller took it.
    async fn send(&self, event: ChatEvent, caller: &mpsc::Sender<ChatEvent>) -> bool {
        matches!(timeout(self.stall, caller.send(event)).await, Ok(Ok(())))
    }

    fn name(&self, call: FunctionCall) -> ToolCall {
        let id = tool::call_id(&*self.ids, self.row.clock.now());
        ToolCall { id, name: call.name, arguments: call.arguments }
    }

    fn failed(&self, detail: &str, because: BrokenOff) -> End {
        tracing::error!(request = %self.row.opened.request, detail, "generation failed");
        End::Failed(because)
    }
}

impl UsageRow {
    /// What was used, once the engine has finished all work.
    pub(crate) async fn usage(&self, settled: oneshot::Receiver<Consumed>) -> Usage {
        self.usage_of(self.consumed(settled).await)
    }

    /// With what was used before it was answered.
    fn usage_of(&self, answer: Consumed) -> Usage {
        self.metering.usage(&answer).after(self.earlier.as_ref())
    }

    /// Holds the place of the request meanwhile: rows that wait are bounded like requests.
    pub(crate) async fn record_later(&self, settled: &UsageSettled) {
        let mut pause = RETRY;
        for _ in 0..TRIES_MAX {
            let is_stopping = self.stopping.run_until_cancelled(sleep(pause)).await.is_none();
            if self.record(settled).await || is_stopping {
                return;
            }
            pause = pause.saturating_mul(2).min(RETRY_MAX);
        }
    }

    async fn consumed(&self, settled: oneshot::Receiver<Consumed>) -> Consumed {
        if let Ok(Ok(consumed)) = timeout(SETTLE_DEADLINE, settled).await {
            return consumed;
        }
        tracing::error!(request = %self.opened.request, "engine did not settle");
        Consumed::unknown()
    }

    /// Counts what was used for everything that has a limit, too.
    pub(crate) fn settled(&self, outcome: UsageOutcome, usage: Usage) -> UsageSettled {
        let answered_by = self.metering.deployment();
        UsageSettled {
            answered_by: answered_by.filter(|other| Some(other) != self.opened.deployment.as_ref()),
            request: self.opened.request,
            organisation: self.opened.organisation,
            outcome,
            cost: Some(self.reservation.settle(&usage)),
            usage,
            settled_at: self.clock.now(),
        }
    }

    pub(crate) async fn record(&self, settled: &UsageSettled) -> bool {
        let result = self.ledger.settle(settled).await;
        if let Err(error) = &result {
            let error = error as &dyn std::error::Error;
            // A row that stays open is closed as interrupted at the next start.
            tracing::error!(request = %self.opened.request, error, "usage not settled");
        }
        result.is_ok()
    }
}
