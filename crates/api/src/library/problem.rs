//! What libraries, documents, searches and answers refuse.

use governance::ports::StoreError;
use knowledge::{
    AnswerError, EvidenceError, Grantee, IndexError, KnowledgeError, PageImageError, QuestionError,
    TraceError, ports::ParseError,
};

use crate::{
    body, parameters,
    problem::{Code, Problem},
};

/// Characters of what a client sent that are told again.
const TOLD_MAX: usize = 64;

/// As the context tells it of an id that nothing has.
pub(super) fn unknown_library(text: &str) -> Problem {
    let text: String = text.chars().take(TOLD_MAX).collect();
    Problem::new(Code::LibraryUnknown, format!("there is no library `{text}`"))
        .hint("list the libraries that you can use")
}

/// As the context tells it of an id that nothing has.
pub(super) fn unknown_document(text: &str) -> Problem {
    let text: String = text.chars().take(TOLD_MAX).collect();
    let message = format!("there is no document `{text}`, or no such version of it");
    Problem::new(Code::DocumentUnknown, message)
        .hint("list the documents of the library, and their versions")
}

pub(super) fn unknown_page() -> Problem {
    Problem::new(Code::DocumentPageUnknown, "that is not the number of a page")
        .hint("pages count from 1")
}

pub(super) fn unknown_trace() -> Problem {
    Problem::new(Code::TraceUnknown, "that is not the id of a trace")
        .hint("give the `trace_id` of an answer that you got")
}

pub(super) fn unknown_citation() -> Problem {
    EvidenceError::Unknown.into()
}

impl From<KnowledgeError> for Problem {
    fn from(error: KnowledgeError) -> Self {
        let (message, hint) = (error.to_string(), error.hint());
        let code = match error {
            KnowledgeError::LibraryUnknown { .. } => Code::LibraryUnknown,
            KnowledgeError::Forbidden { .. } => Code::LibraryForbidden,
            KnowledgeError::TooManyLibraries => Code::LibraryTooMany,
            KnowledgeError::GranteeUnknown { grantee: Grantee::Group(_) } => Code::GroupUnknown,
            KnowledgeError::GranteeUnknown {
                grantee: Grantee::Account(_) | Grantee::Organisation,
            } => Code::AccountUnknown,
            KnowledgeError::DocumentUnknown { .. } => Code::DocumentUnknown,
            KnowledgeError::TooLarge { .. } => Code::DocumentTooLarge,
            KnowledgeError::NoRoom { .. } => Code::DocumentNoRoom,
            KnowledgeError::NotRead { .. } => Code::DocumentPending,
            KnowledgeError::Unreadable { .. } => Code::DocumentUnreadable,
            KnowledgeError::Held { .. } => Code::HoldInForce,
            KnowledgeError::LinkInvalid => Code::DocumentLinkInvalid,
            KnowledgeError::SearchRejected { .. } => Code::SearchRejected,
            KnowledgeError::NoVector => Code::SearchUnavailable,
            KnowledgeError::LinkHours => return parameters::invalid("expiry", message),
            KnowledgeError::Invalid { parameter, reason } => return invalid(parameter, reason),
            KnowledgeError::Index(source) => return source.into(),
            KnowledgeError::Access(source) => return source.into(),
            KnowledgeError::Audit(source) => return source.into(),
            KnowledgeError::Store(source) => return stored(&source),
        };
        hinted(Self::new(code, message), hint)
    }
}

/// A parameter that the context names, where it stands in a request.
fn invalid(parameter: &'static str, reason: String) -> Problem {
    match parameter {
        "filters_attributes" | "sort_by" => parameters::invalid(parameter, reason),
        _ => body::invalid(parameter, reason),
    }
}

fn hinted(problem: Problem, hint: Option<&'static str>) -> Problem {
    match hint {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}

fn stored(source: &StoreError) -> Problem {
    if source.is_locked {
        let message = "libraries are locked: their keys are not at hand";
        return Problem::new(Code::EncryptionLocked, message)
            .hint("an operator puts the wrapping key back");
    }
    tracing::error!(error = ?source, "store not available");
    Problem::new(Code::StoreUnavailable, source.to_string()).retry_after(Some(2))
}

impl From<IndexError> for Problem {
    fn from(error: IndexError) -> Self {
        let (message, hint) = (error.to_string(), error.hint());
        let (code, retry_after) = match &error {
            IndexError::Locked(_) => (Code::EncryptionLocked, None),
            IndexError::Unavailable { .. } => (Code::IndexUnavailable, Some(2)),
            IndexError::Damaged { .. } => (Code::IndexDamaged, None),
            IndexError::Busy => (Code::IndexBusy, Some(1)),
            IndexError::Late { .. } => (Code::IndexLate, Some(2)),
            IndexError::NoVector | IndexError::Vector { .. } | IndexError::TooMany { .. } => {
                (Code::IndexRefused, None)
            }
        };
        if matches!(error, IndexError::Unavailable { .. } | IndexError::Damaged { .. }) {
            tracing::error!(error = &error as &dyn std::error::Error, "nothing was searched");
        }
        Self::new(code, message).hint(hint).retry_after(retry_after)
    }
}

impl From<PageImageError> for Problem {
    fn from(error: PageImageError) -> Self {
        match error {
            PageImageError::Document(source) => source.into(),
            PageImageError::Parse(source) => drawn(&source),
        }
    }
}

/// Why a page was not drawn.
fn drawn(error: &ParseError) -> Problem {
    let (code, retry_after) = match error {
        ParseError::TooLarge { .. } => (Code::DocumentTooLarge, None),
        ParseError::TypeMismatch { .. } => (Code::DocumentTypeMismatch, None),
        ParseError::Encrypted { .. } => (Code::DocumentEncrypted, None),
        ParseError::Broken { .. } => (Code::DocumentBroken, None),
        ParseError::Unsupported { .. } => (Code::DocumentUnsupported, None),
        ParseError::NotRead { .. } => (Code::DocumentNotRead, None),
        ParseError::PageUnknown { .. } => (Code::DocumentPageUnknown, None),
        ParseError::Busy => (Code::DocumentBusy, Some(1)),
        ParseError::Unavailable { .. } => (Code::DocumentUnavailable, None),
        ParseError::Content(_) => (Code::StoreUnavailable, Some(2)),
    };
    if matches!(error, ParseError::Unavailable { .. } | ParseError::Content(_)) {
        tracing::error!(error = error as &dyn std::error::Error, "a page was not drawn");
    }
    Problem::new(code, error.to_string()).hint(error.hint()).retry_after(retry_after)
}

impl From<QuestionError> for Problem {
    fn from(error: QuestionError) -> Self {
        match error {
            QuestionError::Answer(source) => source.into(),
            QuestionError::Search(source) => source.into(),
            QuestionError::Audit(source) => source.into(),
        }
    }
}

impl From<AnswerError> for Problem {
    fn from(error: AnswerError) -> Self {
        let (message, retry_after) = (error.to_string(), error.retry_after_seconds());
        let problem = match error {
            AnswerError::Question => Self::new(Code::QuestionRejected, message)
                .param("question")
                .hint("ask a shorter question, in words"),
            AnswerError::Chat(source) => return source.into(),
            AnswerError::BrokeOff => Self::new(Code::EngineFailed, message),
            AnswerError::Unrecorded => Self::new(Code::StoreUnavailable, message),
            AnswerError::Form(_) => {
                tracing::error!(%message, "unexpected in a route");
                Self::new(Code::Internal, "the server failed")
            }
            AnswerError::Audit(source) => return source.into(),
            AnswerError::Store(source) => stored(&source),
        };
        problem.retry_after(retry_after).audited()
    }
}

impl From<TraceError> for Problem {
    fn from(error: TraceError) -> Self {
        match error {
            TraceError::Unknown { .. } => Self::new(Code::TraceUnknown, error.to_string())
                .hint("give the `trace_id` of an answer that you got"),
            TraceError::Audit(source) => source.into(),
            TraceError::Store(source) => stored(&source),
        }
    }
}

impl From<EvidenceError> for Problem {
    fn from(error: EvidenceError) -> Self {
        let (message, retry_after) = (error.to_string(), error.retry_after_seconds());
        let problem = match error {
            EvidenceError::Unknown => Self::new(Code::CitationUnknown, message)
                .hint("give the `number` of a citation of an answer that you got"),
            EvidenceError::NotSigned => Self::new(Code::CitationPending, message)
                .hint("wait for the seconds in Retry-After, then ask again"),
            EvidenceError::Read { source } => return source.into(),
            EvidenceError::Sign { .. } => {
                tracing::error!(%message, "no record of a citation was issued");
                Self::new(Code::Internal, "the server failed")
            }
            EvidenceError::Audit(source) => return source.into(),
            EvidenceError::Store(source) => stored(&source),
        };
        problem.retry_after(retry_after)
    }
}
