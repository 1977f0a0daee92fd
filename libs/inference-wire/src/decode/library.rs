//! Reads the requests of libraries of documents.

use super::{
    conversation::{decode, flag, members, refuse_all, required_text, text},
    field::{Field, Findings},
};
use crate::{
    AskLibraries, CreateLibrary, FieldErrorKind as Kind, LibraryAnswerFallback, LibraryAnswerMode,
    LibrarySearchMode, RequestError, SearchLibraries, ShareKind, ShareLevel, ShareLibrary,
    UnshareLibrary, UpdateLibrary, UpdateLibraryDocument, limits,
};

/// Passages that are told if nobody says how many.
const PASSAGES: u32 = 10;

impl CreateLibrary {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`RequestError`], as [`ChatRequest::decode`](crate::ChatRequest::decode).
    pub fn decode(body: &[u8]) -> Result<Self, RequestError> {
        decode(body, |body, findings| {
            // Whoever leaves it to the group expects that others see it at once.
            if let Some(kind) = body.get("owner_type")
                && kind.text(findings).is_some_and(|kind| kind != "User")
            {
                let message = "a library belongs to the account that makes it; share it then";
                kind.refuse(Kind::Unsupported, message, findings);
            }
            Self {
                name: required_text(body, "name", findings),
                description: text(body, "description", findings),
            }
        })
    }
}

impl UpdateLibrary {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`RequestError`], as [`ChatRequest::decode`](crate::ChatRequest::decode).
    pub fn decode(body: &[u8]) -> Result<Self, RequestError> {
        decode(body, |body, findings| Self {
            name: text(body, "name", findings),
            description: text(body, "description", findings),
        })
    }
}

impl UpdateLibraryDocument {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`RequestError`], as [`ChatRequest::decode`](crate::ChatRequest::decode).
    pub fn decode(body: &[u8]) -> Result<Self, RequestError> {
        decode(body, |body, findings| {
            refuse_all(&["expires_at"], body, findings);
            Self {
                name: text(body, "name", findings),
                attributes: members(body, "attributes", findings),
            }
        })
    }
}

impl ShareLibrary {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`RequestError`], as [`ChatRequest::decode`](crate::ChatRequest::decode).
    pub fn decode(body: &[u8]) -> Result<Self, RequestError> {
        decode(body, |body, findings| Self {
            level: read_level(body, findings).unwrap_or_default(),
            share_with_uuid: required_text(body, "share_with_uuid", findings),
            share_with_type: read_kind(body, findings).unwrap_or_default(),
        })
    }
}

impl UnshareLibrary {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`RequestError`], as [`ChatRequest::decode`](crate::ChatRequest::decode).
    pub fn decode(body: &[u8]) -> Result<Self, RequestError> {
        decode(body, |body, findings| Self {
            share_with_uuid: required_text(body, "share_with_uuid", findings),
            share_with_type: read_kind(body, findings).unwrap_or_default(),
        })
    }
}

impl SearchLibraries {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`RequestError`], as [`ChatRequest::decode`](crate::ChatRequest::decode).
    pub fn decode(body: &[u8]) -> Result<Self, RequestError> {
        decode(body, |body, findings| Self {
            query: required_text(body, "query", findings),
            library_ids: read_ids(body, "library_ids", findings),
            limit: read_limit(body, findings).unwrap_or(PASSAGES),
            mode: read_search_mode(body, findings).unwrap_or_default(),
            as_of: text(body, "as_of", findings),
        })
    }
}

impl AskLibraries {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`RequestError`], as [`ChatRequest::decode`](crate::ChatRequest::decode).
    pub fn decode(body: &[u8]) -> Result<Self, RequestError> {
        decode(body, |body, findings| Self {
            question: required_text(body, "question", findings),
            library_ids: read_ids(body, "library_ids", findings),
            as_of: text(body, "as_of", findings),
            model: required_text(body, "model", findings),
            mode: read_answer_mode(body, findings).unwrap_or_default(),
            fallback: read_fallback(body, findings).unwrap_or_default(),
            stream: flag(body, "stream", findings).unwrap_or(false),
        })
    }
}

fn read_level(body: &Field<'_>, findings: &mut Findings) -> Option<ShareLevel> {
    let field = body.need("level", findings)?;
    match field.text(findings)? {
        "Viewer" => Some(ShareLevel::Viewer),
        "Editor" => Some(ShareLevel::Editor),
        _ => {
            field.refuse(Kind::Enum, "must be one of Viewer, Editor", findings);
            None
        }
    }
}

fn read_kind(body: &Field<'_>, findings: &mut Findings) -> Option<ShareKind> {
    let field = body.need("share_with_type", findings)?;
    match field.text(findings)? {
        "User" => Some(ShareKind::User),
        "Workspace" => Some(ShareKind::Workspace),
        "Org" => Some(ShareKind::Org),
        _ => {
            field.refuse(Kind::Enum, "must be one of User, Workspace, Org", findings);
            None
        }
    }
}

/// A list that names none would be taken for one that is absent, which stands for all.
fn read_ids(body: &Field<'_>, key: &str, findings: &mut Findings) -> Option<Vec<String>> {
    let field = body.get(key)?;
    let list = field.list(findings)?;
    if list.is_empty() {
        field.refuse(Kind::TooShort, "must have at least one id; leave it out for all", findings);
        return None;
    }
    if list.len() > limits::LIBRARIES {
        let message = format!("must have at most {} ids", limits::LIBRARIES);
        field.refuse(Kind::TooLong, &message, findings);
        return None;
    }
    list.iter().map(|id| id.text(findings).map(str::to_owned)).collect()
}

fn read_limit(body: &Field<'_>, findings: &mut Findings) -> Option<u32> {
    let field = body.get("limit")?;
    let limit = field.count(1, findings)?;
    if limit > limits::PASSAGES {
        let message = format!("must be at most {}", limits::PASSAGES);
        field.refuse(Kind::OutOfRange, &message, findings);
        return None;
    }
    Some(limit)
}

fn read_search_mode(body: &Field<'_>, findings: &mut Findings) -> Option<LibrarySearchMode> {
    let field = body.get("mode")?;
    match field.text(findings)? {
        "hybrid" => Some(LibrarySearchMode::Hybrid),
        "lexical" => Some(LibrarySearchMode::Lexical),
        "dense" => Some(LibrarySearchMode::Dense),
        _ => {
            field.refuse(Kind::Enum, "must be one of hybrid, lexical, dense", findings);
            None
        }
    }
}

fn read_answer_mode(body: &Field<'_>, findings: &mut Findings) -> Option<LibraryAnswerMode> {
    let field = body.get("mode")?;
    match field.text(findings)? {
        "quotes" => Some(LibraryAnswerMode::Quotes),
        "written" => Some(LibraryAnswerMode::Written),
        _ => {
            field.refuse(Kind::Enum, "must be one of quotes, written", findings);
            None
        }
    }
}

fn read_fallback(body: &Field<'_>, findings: &mut Findings) -> Option<LibraryAnswerFallback> {
    let field = body.get("fallback")?;
    match field.text(findings)? {
        "quote" => Some(LibraryAnswerFallback::Quote),
        "nothing" => Some(LibraryAnswerFallback::Nothing),
        _ => {
            field.refuse(Kind::Enum, "must be one of quote, nothing", findings);
            None
        }
    }
}
