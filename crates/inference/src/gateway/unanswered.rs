//! The row of a request that nobody elsewhere has answered.

use tokio_util::task::TaskTracker;

use super::GatewayError;
use crate::{UsageOutcome, ports::Consumed, settlement::UsageRow};

impl UsageRow {
    /// `times`: upstreams that were sent it and may have worked on it, whatever came of that.
    pub(crate) async fn close_unanswered(
        self,
        error: &GatewayError,
        times: u32,
        tasks: &TaskTracker,
    ) {
        let outcome = match error {
            GatewayError::CallerLeft => UsageOutcome::Cancelled,
            _ => UsageOutcome::Failed,
        };
        let prompt_tokens = self.opened.prompt_tokens.saturating_mul(times);
        let usage = self.metering.usage(&Consumed { prompt_tokens, ..Consumed::unknown() });
        let settled = self.settled(outcome, usage);
        if !self.record(&settled).await {
            tasks.spawn(async move { self.record_later(&settled).await });
        }
    }
}
