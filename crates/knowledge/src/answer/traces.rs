//! How an answer came to be, for whoever asked.

use std::sync::Arc;

use domain::{Caller, TraceId};
use governance::{Action, AuditError, AuditFact, Subject, Trail, ports::StoreError};

use super::{Trace, ports::Sources, ports::TraceStore};

/// Why a trace was not told.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// Whether it never was or belongs to somebody else is not told.
    #[error("there is no trace `{id}`")]
    Unknown { id: TraceId },
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl TraceError {
    /// Stable code, explained in `docs/errors/`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "trace.unknown",
            Self::Audit(_) => "audit.unavailable",
            Self::Store(StoreError { is_locked: true, .. }) => "encryption.locked",
            Self::Store(_) => "store.unavailable",
        }
    }
}

/// A trace, as far as it may be told.
#[derive(Clone, Debug, PartialEq)]
pub struct ToldTrace {
    pub trace: Trace,
    /// Of each statement that is told, the number of its first citation; the others follow it.
    pub numbers: Vec<u32>,
}

/// What [`Traces`] is made of.
pub struct TracesParts {
    pub traces: Arc<dyn TraceStore>,
    pub sources: Arc<dyn Sources>,
    pub trail: Trail,
}

/// Tells how answers came to be. Cheap to clone.
#[derive(Clone)]
pub struct Traces {
    store: Arc<dyn TraceStore>,
    sources: Arc<dyn Sources>,
    trail: Trail,
}

impl Traces {
    pub fn new(parts: TracesParts) -> Self {
        let TracesParts { traces, sources, trail } = parts;
        Self { store: traces, sources, trail }
    }

    /// The trace of an answer of the caller's account, without what rests on documents that the
    /// caller may not read any more. Its audit entry is durable when this returns.
    pub async fn read(&self, caller: &Caller, id: TraceId) -> Result<ToldTrace, TraceError> {
        let found = self.store.find(caller, id).await?;
        let trace = found.ok_or(TraceError::Unknown { id })?;
        let versions: Vec<_> = trace.versions().into_iter().collect();
        let readable = self.sources.readable(caller, &versions).await?.into_iter().collect();
        let request = trace.steps.first().map(|step| step.request);
        let subject = request.map_or(Subject::Nothing, Subject::Request);
        self.trail.record(&AuditFact::ok(Action::TraceRead, *caller, subject)).await?;
        let numbers = trace.numbers_shown(&readable);
        Ok(ToldTrace { trace: trace.shown(&readable), numbers })
    }
}
