//! Evidence records: signed statements of single citations, which others check without asking
//! anybody.

mod statement;

use std::{sync::Arc, time::Duration};

use domain::{Caller, Clock, RequestId, TraceId};
use governance::{
    Action, AuditError, AuditFact, LoggedAnswer, ReadError, ReceiptLog, Subject, Trail,
    ports::StoreError,
};

use crate::{
    Citation, Trace,
    answer::numbered,
    ports::{SourceVersion, Sources, TraceStore},
};
use statement::Record;

/// When to ask again for what is not signed yet: a checkpoint takes seconds.
const RETRY_AFTER_SECONDS: u32 = 2;

/// Why there is no evidence record.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// Whether the document may not be read any more or the answer never had such a citation is
    /// not told.
    #[error("the answer has no such citation")]
    Unknown,
    #[error("the log has not signed the entry of the answer yet")]
    NotSigned,
    #[error("the log could not be read")]
    Read { source: ReadError },
    #[error("the record could not be signed: {reason}")]
    Sign { reason: String },
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl EvidenceError {
    /// Stable code, explained in `docs/errors/`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "citation.unknown",
            Self::NotSigned => "citation.pending",
            Self::Read { .. } | Self::Audit(_) => "audit.unavailable",
            Self::Sign { .. } => "internal",
            Self::Store(StoreError { is_locked: true, .. }) => "encryption.locked",
            Self::Store(_) => "store.unavailable",
        }
    }

    /// When trying again makes sense, if it does.
    pub const fn retry_after_seconds(&self) -> Option<u32> {
        match self {
            Self::NotSigned | Self::Read { .. } | Self::Audit(_) | Self::Store(_) => {
                Some(RETRY_AFTER_SECONDS)
            }
            Self::Unknown | Self::Sign { .. } => None,
        }
    }
}

/// What [`EvidenceRecords`] is made of.
pub struct EvidenceRecordsParts {
    pub traces: Arc<dyn TraceStore>,
    pub sources: Arc<dyn Sources>,
    pub log: ReceiptLog,
    pub trail: Trail,
    pub clock: Arc<dyn Clock>,
    /// How long to wait for the checkpoint that signs a new entry.
    pub patience: Duration,
}

/// Issues evidence records. Cheap to clone.
#[derive(Clone)]
pub struct EvidenceRecords {
    traces: Arc<dyn TraceStore>,
    sources: Arc<dyn Sources>,
    log: ReceiptLog,
    trail: Trail,
    clock: Arc<dyn Clock>,
    patience: Duration,
}

impl EvidenceRecords {
    pub fn new(parts: EvidenceRecordsParts) -> Self {
        let EvidenceRecordsParts { traces, sources, log, trail, clock, patience } = parts;
        Self { traces, sources, log, trail, clock, patience }
    }

    /// The record of a citation of an answer of the caller's account, both counted from 0: a
    /// signed note. Its audit entry is durable when this returns; that of a refusal is the caller's
    /// to write.
    pub async fn issue(
        &self,
        caller: &Caller,
        trace: TraceId,
        statement: usize,
        citation: usize,
    ) -> Result<String, EvidenceError> {
        let trace = self.traces.find(caller, trace).await?.ok_or(EvidenceError::Unknown)?;
        let cited = trace.statements.get(statement);
        let citation = cited.and_then(|statement| statement.citations.get(citation));
        self.record(caller, &trace, citation.ok_or(EvidenceError::Unknown)?).await
    }

    /// The same of the citation that has this number in its answer, from 1.
    pub async fn issue_numbered(
        &self,
        caller: &Caller,
        trace: TraceId,
        number: u32,
    ) -> Result<String, EvidenceError> {
        let trace = self.traces.find(caller, trace).await?.ok_or(EvidenceError::Unknown)?;
        let citation = numbered(&trace.statements, number).ok_or(EvidenceError::Unknown)?;
        self.record(caller, &trace, citation).await
    }

    async fn record(
        &self,
        caller: &Caller,
        trace: &Trace,
        citation: &Citation,
    ) -> Result<String, EvidenceError> {
        // Whoever quoted was asked first.
        let request = trace.steps.first().ok_or(EvidenceError::Unknown)?.request;
        let logged = self.logged(request).await?;
        // Asked after that, since it waits for seconds and shares end meanwhile.
        let source = self.source(caller, citation).await?;
        let line = Record::new(citation, &source.reading.text, &logged)
            .asked(request, &trace.model)
            .issued(self.clock.now(), self.log.origin())
            .line()
            .map_err(|error| EvidenceError::Sign { reason: error.to_string() })?;
        let record = self.log.sign_citation(&line);
        let record = record.map_err(|error| EvidenceError::Sign { reason: error.to_string() })?;
        let subject = Subject::Request(request);
        self.trail.record(&AuditFact::ok(Action::CitationProve, *caller, subject)).await?;
        Ok(record)
    }

    /// The version, if the caller may still read it and it is what was cited.
    async fn source(
        &self,
        caller: &Caller,
        citation: &Citation,
    ) -> Result<SourceVersion, EvidenceError> {
        let source = self.sources.source(caller, citation.version.key).await?;
        let is_cited = |source: &SourceVersion| {
            source.digest == citation.digest
                && source.reading.slice(citation.span) == Some(&*citation.quote)
        };
        source.filter(is_cited).ok_or(EvidenceError::Unknown)
    }

    async fn logged(&self, request: RequestId) -> Result<LoggedAnswer, EvidenceError> {
        self.log.answer(request, self.patience).await.map_err(|error| match error {
            ReadError::NotSigned { .. } => EvidenceError::NotSigned,
            source => EvidenceError::Read { source },
        })
    }
}
