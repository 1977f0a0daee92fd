//! The row of a request that nobody elsewhere has answered.

use tokio_util::task::TaskTracker;

use super::{GatewayError, Sent};
use crate::{UsageOutcome, ports::Consumed, settlement::UsageRow};

impl UsageRow {
    /// `sent`: to upstreams that may have worked on it, whatever came of that.
    pub(crate) async fn close_unanswered(
        self,
        error: &GatewayError,
        sent: Sent,
        tasks: &TaskTracker,
    ) {
        let outcome = match error {
            GatewayError::CallerLeft => UsageOutcome::Cancelled,
            _ => UsageOutcome::Failed,
        };
        let unknown = || self.metering.usage(&Consumed::unknown());
        let usage = sent.used.clone().unwrap_or_else(unknown);
        let settled = self.settled(outcome, usage);
        if !self.record(&settled).await {
            tasks.spawn(async move {
                self.record_later(&settled).await;
                // It has held a place until now.
                drop(sent);
            });
        }
    }
}
