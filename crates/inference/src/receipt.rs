//! Receipts: signed statements of single answers, which others check without asking anybody.

mod statement;

use std::{sync::Arc, time::Duration};

use domain::{Caller, Clock, RequestId};
use governance::{Action, AuditError, AuditFact, ReadError, ReceiptLog, Subject, Trail};

use crate::{
    RUNNING,
    ports::{LedgerError, UsageLedger},
    receipt::statement::Statement,
};

/// When to ask again for what is not ready: an answer takes seconds, a checkpoint a few.
const RETRY_AFTER_SECONDS: u32 = 2;

/// What stands before the id of the request in the `id` of an answer.
const ANSWER_PREFIXES: [&str; 7] =
    ["chatcmpl-", "class-", "cmpl-", "embd-", "mod-", "rerank-", "resp_"];

/// The request of an answer, from its `id` or the bare id of the request; `None` if it is neither.
pub fn request_of(answer: &str) -> Option<RequestId> {
    let bare = ANSWER_PREFIXES.iter().find_map(|prefix| answer.strip_prefix(prefix));
    bare.unwrap_or(answer).parse().ok()
}

/// Why there is no receipt.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// Whether it never was or belongs to somebody else is not told.
    #[error("no answer of this account has that id")]
    Unknown,
    #[error("the answer is still being written")]
    Running,
    #[error("the log has not signed the entry of the answer yet")]
    NotSigned,
    #[error("the log could not be read")]
    Read { source: ReadError },
    #[error("the usage row and the log's entry name different models")]
    Contradiction,
    #[error("the statement could not be signed: {reason}")]
    Sign { reason: String },
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Audit(#[from] AuditError),
}

impl ReceiptError {
    /// Stable code, explained in `docs/errors/`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "receipt.not_found",
            Self::Running | Self::NotSigned => "receipt.pending",
            Self::Read { .. } | Self::Audit(_) => "audit.unavailable",
            Self::Contradiction | Self::Sign { .. } => "internal",
            Self::Ledger(_) => "store.unavailable",
        }
    }

    /// When trying again makes sense, if it does.
    pub const fn retry_after_seconds(&self) -> Option<u32> {
        match self {
            Self::Running
            | Self::NotSigned
            | Self::Read { .. }
            | Self::Audit(_)
            | Self::Ledger(_) => Some(RETRY_AFTER_SECONDS),
            Self::Unknown | Self::Contradiction | Self::Sign { .. } => None,
        }
    }
}

/// What [`Receipts`] is made of.
pub struct ReceiptsParts {
    pub ledger: Arc<dyn UsageLedger>,
    pub log: ReceiptLog,
    pub trail: Trail,
    pub clock: Arc<dyn Clock>,
    /// How long to wait for the checkpoint that signs a new entry.
    pub patience: Duration,
}

/// Issues receipts. Cheap to clone.
#[derive(Clone)]
pub struct Receipts {
    ledger: Arc<dyn UsageLedger>,
    log: ReceiptLog,
    trail: Trail,
    clock: Arc<dyn Clock>,
    patience: Duration,
}

impl Receipts {
    pub fn new(parts: ReceiptsParts) -> Self {
        let ReceiptsParts { ledger, log, trail, clock, patience } = parts;
        Self { ledger, log, trail, clock, patience }
    }

    /// The receipt of an answer of the caller's account: a signed note. Its audit entry is durable
    /// when this returns; that of a refusal is the caller's to write.
    pub async fn issue(&self, caller: &Caller, request: RequestId) -> Result<String, ReceiptError> {
        let row = self.ledger.find(caller, request).await?.ok_or(ReceiptError::Unknown)?;
        if row.outcome == RUNNING {
            return Err(ReceiptError::Running);
        }
        let answer = self.log.answer(request, self.patience).await;
        let answer = answer.map_err(|error| match error {
            ReadError::NotSigned { .. } => ReceiptError::NotSigned,
            source => ReceiptError::Read { source },
        })?;
        let digest = row.opened.digest.map(|digest| digest.to_string());
        // What the log says is signed already: nothing else is ever put beside it.
        if answer.model != digest {
            return Err(ReceiptError::Contradiction);
        }
        let project = self.trail.project_pseudonym(*caller).await?;
        let statement = Statement::new(&row, &answer, self.log.origin())
            .of_project(project.as_deref())
            .issued(self.clock.now())
            .line()
            .map_err(|error| ReceiptError::Sign { reason: error.to_string() })?;
        let receipt = self.log.sign(&statement);
        let receipt = receipt.map_err(|error| ReceiptError::Sign { reason: error.to_string() })?;
        let subject = Subject::Request(request);
        self.trail.record(&AuditFact::ok(Action::ReceiptRead, *caller, subject)).await?;
        Ok(receipt)
    }
}
