//! Hands an answer on to its caller and closes its usage row, however it ends.

use std::{sync::Arc, time::Duration};

use carbon_ledger::{Energy, Joules, Method, Uncertainty};
use domain::{Clock, IdSource, chat::ToolCall};
use tokio::{
    sync::{mpsc, oneshot},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    ChatEvent, FinishReason, FunctionCall, Metering, Reservation, Usage, UsageOpened, UsageOutcome,
    UsageSettled,
    ports::{Consumed, EngineEvent, Generation, UsageLedger},
    tool,
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
    /// The server ends: what cannot be written now is left to the next start.
    pub(crate) stopping: CancellationToken,
}

/// Everything needed to hand an answer on and to close its row.
pub(crate) struct Settlement {
    pub(crate) row: UsageRow,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) stall: Duration,
    /// The caller wants no more and waits for the end.
    pub(crate) stop: CancellationToken,
}

/// How the stream of events ended.
enum End {
    Finished(FinishReason),
    Failed,
    Stopped,
    CallerLeft,
}

impl End {
    const fn outcome(&self) -> UsageOutcome {
        match self {
            Self::Finished(_) => UsageOutcome::Finished,
            Self::Failed => UsageOutcome::Failed,
            Self::Stopped | Self::CallerLeft => UsageOutcome::Cancelled,
        }
    }
}

impl Settlement {
    /// Runs until the row is closed, and tells how it ended. The last event is sent only after that.
    pub(crate) async fn run(
        self,
        generation: Generation,
        caller: mpsc::Sender<ChatEvent>,
    ) -> UsageOutcome {
        let Generation { mut events, settled } = generation;
        let end = self.forward(&mut events, &caller).await;
        // From here on the engine stops within one token, if it has not ended by itself.
        drop(events);
        let usage = self.row.usage(settled).await;
        let outcome = end.outcome();
        let settled = self.row.settled(outcome, usage.clone());
        let is_recorded = self.row.record(&settled).await;
        let last = match end {
            End::CallerLeft => None,
            End::Failed => Some(ChatEvent::Failed { usage }),
            End::Finished(_) | End::Stopped if !is_recorded => {
                Some(ChatEvent::Unrecorded { usage })
            }
            End::Finished(reason) => Some(ChatEvent::Finished { reason, usage }),
            End::Stopped => Some(ChatEvent::Stopped { usage }),
        };
        if let Some(last) = last
            && timeout(self.stall, caller.send(last)).await.is_err()
        {
            tracing::info!(request = %self.row.opened.request, "caller stopped reading at the end");
        }
        drop(caller);
        if !is_recorded {
            self.row.record_later(&settled).await;
        }
        outcome
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
                Some(EngineEvent::Failed { detail }) => return self.failed(&detail),
                None => return self.failed("the engine closed the stream without an end"),
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

    fn failed(&self, detail: &str) -> End {
        tracing::error!(request = %self.row.opened.request, detail, "generation failed");
        End::Failed
    }
}

impl UsageRow {
    /// What was used, once the engine has finished all work.
    pub(crate) async fn usage(&self, settled: oneshot::Receiver<Consumed>) -> Usage {
        self.metering.usage(&self.consumed(settled).await)
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
        unknown_consumption()
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

/// Nothing is known: zero, and as uncertain as can be said.
pub(crate) fn unknown_consumption() -> Consumed {
    Consumed {
        prompt_tokens: 0,
        cached_prompt_tokens: 0,
        completion_tokens: 0,
        energy: Energy {
            joules: Joules::ZERO,
            method: Method::Estimated,
            uncertainty: Uncertainty::UNKNOWN,
        },
        cpu_seconds: 0.0,
    }
}
