//! Hands an answer on to its caller and closes its usage row, however it ends.

use std::{sync::Arc, time::Duration};

use carbon_ledger::{Energy, Joules, Method, Uncertainty};
use domain::Clock;
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use crate::{
    ChatEvent, FinishReason, Metering, Usage, UsageOpened, UsageOutcome, UsageSettled,
    ports::{Consumed, EngineEvent, Generation, UsageLedger},
};

/// An engine says what a generation used within one step; a silent one is broken.
const SETTLE_DEADLINE: Duration = Duration::from_secs(30);

/// Everything needed to close one usage row.
pub(crate) struct Settlement {
    pub(crate) opened: UsageOpened,
    pub(crate) ledger: Arc<dyn UsageLedger>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metering: Metering,
    pub(crate) stall: Duration,
}

/// How the stream of events ended.
enum End {
    Finished(FinishReason),
    Failed,
    CallerLeft,
}

impl Settlement {
    /// Runs until the row is closed. The last event is sent only after that.
    pub(crate) async fn run(self, generation: Generation, caller: mpsc::Sender<ChatEvent>) {
        let Generation { mut events, settled } = generation;
        let end = self.forward(&mut events, &caller).await;
        // From here on the engine stops within one token, if it has not ended by itself.
        drop(events);
        let usage = self.metering.usage(&self.consumed(settled).await);
        let recorded = self.record(&end, usage.clone()).await;
        let last = match end {
            End::Finished(reason) if recorded => ChatEvent::Finished { reason, usage },
            End::Finished(_) | End::Failed => ChatEvent::Failed { usage },
            End::CallerLeft => return,
        };
        if timeout(self.stall, caller.send(last)).await.is_err() {
            tracing::info!(request = %self.opened.request, "caller stopped reading at the end");
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
                event = events.recv() => event,
            };
            match event {
                Some(EngineEvent::Token(piece)) => {
                    let sent = timeout(self.stall, caller.send(ChatEvent::Token(piece))).await;
                    if !matches!(sent, Ok(Ok(()))) {
                        return End::CallerLeft;
                    }
                }
                Some(EngineEvent::Finished(reason)) => return End::Finished(reason),
                Some(EngineEvent::Failed { detail }) => return self.failed(&detail),
                None => return self.failed("the engine closed the stream without an end"),
            }
        }
    }

    fn failed(&self, detail: &str) -> End {
        tracing::error!(request = %self.opened.request, detail, "generation failed");
        End::Failed
    }

    async fn consumed(&self, settled: oneshot::Receiver<Consumed>) -> Consumed {
        if let Ok(Ok(consumed)) = timeout(SETTLE_DEADLINE, settled).await {
            return consumed;
        }
        tracing::error!(request = %self.opened.request, "engine did not settle");
        unknown_consumption()
    }

    async fn record(&self, end: &End, usage: Usage) -> bool {
        let settled = UsageSettled {
            request: self.opened.request,
            organisation: self.opened.organisation,
            outcome: match end {
                End::Finished(_) => UsageOutcome::Finished,
                End::Failed => UsageOutcome::Failed,
                End::CallerLeft => UsageOutcome::Cancelled,
            },
            usage,
            settled_at: self.clock.now(),
        };
        let result = self.ledger.settle(&settled).await;
        if let Err(error) = &result {
            // The row stays open and is closed as interrupted at the next start.
            tracing::error!(request = %self.opened.request, %error, "usage not settled");
        }
        result.is_ok()
    }
}

/// Nothing is known: zero, and as uncertain as can be said.
fn unknown_consumption() -> Consumed {
    Consumed {
        prompt_tokens: 0,
        completion_tokens: 0,
        energy: Energy {
            joules: Joules::ZERO,
            method: Method::Estimated,
            uncertainty: Uncertainty::UNKNOWN,
        },
        cpu_seconds: 0.0,
    }
}
