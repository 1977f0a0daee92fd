//! What is counted for `/metrics`. Labels hold route templates, codes and kinds, never anything
//! that a caller wrote.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use domain::{Caller, OrganisationId, RequestId, Timestamp};
use governance::{AuditEntry, LogStatus};
use inference::{
    AnsweredShare, UsageOpened, UsageRecord, UsageSettled, UsageTotal,
    ports::{LedgerError, UsageLedger},
};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::time::Instant;

pub(crate) const REQUESTS: &str = "galerne_http_requests_total";
pub(crate) const REQUEST_SECONDS: &str = "galerne_http_request_duration_seconds";
pub(crate) const REQUESTS_IN_FLIGHT: &str = "galerne_http_requests_in_flight";
pub(crate) const REFUSALS: &str = "galerne_refusals_total";
const FIRST_TOKEN_SECONDS: &str = "galerne_chat_first_token_seconds";
const TOKENS: &str = "galerne_tokens_total";
const ENERGY_JOULES: &str = "galerne_energy_joules_total";
const SETTLED: &str = "galerne_chat_requests_total";
const LOG_ENTRIES: &str = "galerne_log_signed_entries";
const LOG_WITNESSED: &str = "galerne_log_witnessed_entries";
const LOG_FAULTS: &str = "galerne_log_faults";

/// Requests that are remembered while their rows cannot be written.
const UNWRITTEN_MAX: usize = 100_000;

/// From a fraction of a token on a fast machine to a full context on a slow one.
const SECONDS: [f64; 14] =
    [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 120.0];

/// The recorder could not be made, or there is one already.
pub type RecorderError = metrics_exporter_prometheus::BuildError;

/// Installs the recorder of this process; once. The handle goes into
/// [`ApiParts::metrics`](crate::ApiParts::metrics).
pub fn recorder() -> Result<PrometheusHandle, RecorderError> {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full(REQUEST_SECONDS.to_owned()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Full(FIRST_TOKEN_SECONDS.to_owned()), &SECONDS)?;
    builder.install_recorder()
}

/// Explains the metrics to those who scrape them; needs the recorder to be installed.
pub(crate) fn describe() {
    metrics::describe_counter!(REQUESTS, "requests by method, route template and status class");
    metrics::describe_histogram!(REQUEST_SECONDS, "time until the head of the answer");
    metrics::describe_gauge!(REQUESTS_IN_FLIGHT, "requests whose answer is not complete");
    metrics::describe_counter!(REFUSALS, "requests that were refused, by error code");
    metrics::describe_histogram!(FIRST_TOKEN_SECONDS, "time from request to first token");
    metrics::describe_counter!(TOKENS, "tokens processed and written, cancelled requests too");
    metrics::describe_gauge!(ENERGY_JOULES, "energy attributed to requests, by its method");
    metrics::describe_gauge!(LOG_ENTRIES, "audit entries under the newest checkpoint");
    metrics::describe_gauge!(
        LOG_WITNESSED,
        "audit entries under a checkpoint that the witness holds"
    );
    metrics::describe_gauge!(LOG_FAULTS, "faults of the log; above 0 accesses are refused");
    metrics::describe_counter!(SETTLED, "chat requests that were started, by how they ended");
}

/// How the log stands, as of this scrape.
pub(crate) fn log(status: &LogStatus) {
    let signed = status.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.size);
    for (name, value) in [(LOG_ENTRIES, signed), (LOG_WITNESSED, status.witness_size)] {
        // A log of more than 4 thousand million entries is shown as that.
        metrics::gauge!(name).set(f64::from(u32::try_from(value).unwrap_or(u32::MAX)));
    }
    let faults = u32::try_from(status.faults.len()).unwrap_or(u32::MAX);
    metrics::gauge!(LOG_FAULTS).set(f64::from(faults));
}

/// Measures the time to the first token, once.
pub(crate) struct FirstToken {
    started: Option<Instant>,
}

impl FirstToken {
    pub(crate) const fn new(started: Instant) -> Self {
        Self { started: Some(started) }
    }

    /// Of an answer beside one that is measured.
    pub(crate) const fn counted() -> Self {
        Self { started: None }
    }

    pub(crate) fn token(&mut self) {
        if let Some(started) = self.started.take() {
            metrics::histogram!(FIRST_TOKEN_SECONDS).record(started.elapsed());
        }
    }
}

/// A ledger that also counts what it settles, so that cancelled requests are counted too.
pub struct CountedLedger {
    ledger: Arc<dyn UsageLedger>,
    /// Requests that are counted and whose rows could not be written yet: those are tried again.
    counted: Mutex<HashSet<RequestId>>,
}

impl CountedLedger {
    pub fn new(ledger: Arc<dyn UsageLedger>) -> Self {
        Self { ledger, counted: Mutex::default() }
    }

    /// Whether this is the first try for the request.
    fn is_first(&self, request: RequestId, is_written: bool) -> bool {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if is_written {
            return !counted.remove(&request);
        }
        // Rows that are never written stay here: not without bound.
        if counted.len() >= UNWRITTEN_MAX {
            counted.clear();
        }
        counted.insert(request)
    }
}

#[async_trait]
impl UsageLedger for CountedLedger {
    async fn open(&self, usage: &UsageOpened, audit: &AuditEntry) -> Result<(), LedgerError> {
        self.ledger.open(usage, audit).await
    }

    async fn settle(&self, usage: &UsageSettled) -> Result<(), LedgerError> {
        let settled = self.ledger.settle(usage).await;
        // Counted even when the row could not be written: the work was done. And once.
        if self.is_first(usage.request, settled.is_ok()) {
            count(usage);
        }
        settled
    }

    async fn find(
        &self,
        caller: &Caller,
        request: RequestId,
    ) -> Result<Option<UsageRecord>, LedgerError> {
        self.ledger.find(caller, request).await
    }

    async fn totals(&self, organisation: OrganisationId) -> Result<Vec<UsageTotal>, LedgerError> {
        self.ledger.totals(organisation).await
    }

    async fn shares(
        &self,
        organisation: OrganisationId,
        since: Timestamp,
    ) -> Result<Vec<AnsweredShare>, LedgerError> {
        self.ledger.shares(organisation, since).await
    }

    async fn close_interrupted(&self, at: Timestamp) -> Result<u64, LedgerError> {
        self.ledger.close_interrupted(at).await
    }
}

fn count(settled: &UsageSettled) {
    let usage = &settled.usage;
    let energy = usage.footprint.energy;
    metrics::counter!(SETTLED, "outcome" => settled.outcome.as_str()).increment(1);
    metrics::counter!(TOKENS, "kind" => "prompt").increment(u64::from(usage.prompt_tokens));
    metrics::counter!(TOKENS, "kind" => "completion").increment(u64::from(usage.completion_tokens));
    // A gauge that only grows: counters of the facade hold whole numbers, requests use fractions.
    metrics::gauge!(ENERGY_JOULES, "method" => energy.method.as_str())
        .increment(energy.joules.value());
}

#[cfg(test)]
mod tests {
    use testkit::{MemoryStore, Samples};

    use super::*;

    #[test]
    fn a_request_is_counted_once_however_often_its_row_is_tried() {
        let ledger = CountedLedger::new(Arc::new(MemoryStore::default()));
        let samples = Samples::new(1);
        let request = || RequestId::from_uuid(samples.id());
        let (first, second) = (request(), request());
        assert!(ledger.is_first(first, false));
        assert!(!ledger.is_first(first, false));
        assert!(ledger.is_first(second, true));
        assert!(!ledger.is_first(first, true));
    }
}
