//! Ids in the paths of libraries. What is no id is not the id of anything that is there.

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};
use domain::{DocumentId, LibraryId, TraceId};

use super::problem;
use crate::{ApiState, problem::Problem};

/// The library in the path; known only to be an id.
pub(crate) struct LibraryPath(pub(crate) LibraryId);

/// A document of a library.
pub(crate) struct DocumentPath {
    pub(super) library: LibraryId,
    pub(super) document: DocumentId,
}

/// A page of a document of a library.
pub(crate) struct PagePath {
    pub(super) of: DocumentPath,
    pub(super) page: u32,
}

/// A document, whichever library it stands in.
pub(crate) struct OneDocument(pub(crate) DocumentId);

/// A passage of a document, whichever library it stands in.
pub(crate) struct ChunkPath {
    pub(crate) document: DocumentId,
    /// `None` for what is the number of none.
    pub(crate) chunk: Option<u32>,
}

/// How an answer came to be.
pub(crate) struct TracePath(pub(super) TraceId);

/// A citation of an answer.
pub(crate) struct CitationPath {
    pub(super) trace: TraceId,
    pub(super) number: u32,
}

pub(crate) fn library(text: &str) -> Result<LibraryId, Problem> {
    text.parse().map_err(|_| problem::unknown_library(text))
}

fn document(text: &str) -> Result<DocumentId, Problem> {
    text.parse().map_err(|_| problem::unknown_document(text))
}

/// What stands at a place of the path; nothing for bytes that are no text.
async fn segment(parts: &mut Parts, state: &ApiState, name: &str) -> String {
    let Ok(all) = RawPathParams::from_request_parts(parts, state).await else {
        return String::new();
    };
    let found = all.iter().find(|(key, _)| *key == name);
    found.map(|(_, value)| value.to_owned()).unwrap_or_default()
}

impl FromRequestParts<ApiState> for LibraryPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        library(&segment(parts, state, "id").await).map(Self)
    }
}

impl FromRequestParts<ApiState> for DocumentPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let library = library(&segment(parts, state, "id").await)?;
        let document = document(&segment(parts, state, "document").await)?;
        Ok(Self { library, document })
    }
}

impl FromRequestParts<ApiState> for PagePath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let of = DocumentPath::from_request_parts(parts, state).await?;
        let page = segment(parts, state, "page").await.parse::<u32>();
        Ok(Self { of, page: page.map_err(|_| problem::unknown_page())? })
    }
}

impl FromRequestParts<ApiState> for OneDocument {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        document(&segment(parts, state, "id").await).map(Self)
    }
}

impl FromRequestParts<ApiState> for ChunkPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let document = document(&segment(parts, state, "id").await)?;
        let chunk = segment(parts, state, "chunk").await.parse::<u32>().ok();
        Ok(Self { document, chunk })
    }
}

impl FromRequestParts<ApiState> for TracePath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let id = segment(parts, state, "id").await.parse::<TraceId>();
        id.map(Self).map_err(|_| problem::unknown_trace())
    }
}

impl FromRequestParts<ApiState> for CitationPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let trace = segment(parts, state, "id").await.parse::<TraceId>();
        let number = segment(parts, state, "number").await.parse::<u32>();
        let trace = trace.map_err(|_| problem::unknown_citation())?;
        Ok(Self { trace, number: number.map_err(|_| problem::unknown_citation())? })
    }
}
