//! `GET /log/…`: the transparency log as C2SP tlog-tiles, read-only.
//!
//! Hashes say nothing of what was logged, so they are open to all; entries need a caller and leave
//! an entry of their own.

use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use governance::{Action, AuditFact, ReadError, Subject};
use inference_wire::ErrorBody;
use transparency_log::{BundleId, TileId};

use crate::{
    ApiState,
    caller::Authenticated,
    problem::{Code, Problem},
};

/// The newest signed checkpoint of the log
#[utoipa::path(
    get,
    path = "/log/checkpoint",
    operation_id = "readLogCheckpoint",
    tag = "log",
    responses(
        (status = 200, description = "A signed note (C2SP tlog-checkpoint)", body = String, content_type = "text/plain"),
        (status = 404, description = "Nothing was signed yet", body = ErrorBody),
        (status = 503, description = "The log cannot be read", body = ErrorBody),
    ),
    extensions(("x-audit-class" = json!("none"))),
)]
pub(crate) async fn checkpoint(State(state): State<ApiState>) -> Result<Response, Problem> {
    let (note, _) = state.log.reader().checkpoint().await?.ok_or_else(not_signed)?;
    let content_type = HeaderValue::from_static("text/plain; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, content_type)], note.to_string()).into_response())
}

/// A tile of hashes
///
/// `position` is the number of the tile in groups of three digits and, for a partial tile, its
/// width: `x001/x234/067.p/8`.
#[utoipa::path(
    get,
    path = "/log/tile/{level}/{*position}",
    operation_id = "readLogTile",
    tag = "log",
    params(
        ("level" = String, Path, description = "0 for leaf hashes, 1 for hashes of level-0 tiles, …"),
        ("position" = String, Path, description = "Number and width, as in C2SP tlog-tiles"),
    ),
    responses(
        (status = 200, description = "Hashes of 32 bytes each", body = String, content_type = "application/octet-stream"),
        (status = 404, description = "No checkpoint signs this tile", body = ErrorBody),
        (status = 503, description = "The log cannot be read", body = ErrorBody),
    ),
    extensions(("x-audit-class" = json!("none"))),
)]
pub(crate) async fn tile(
    State(state): State<ApiState>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Response, Problem> {
    let Path((level, position)) = path.map_err(|_| not_signed())?;
    let id = TileId::parse(&format!("tile/{level}/{position}")).map_err(|_| not_signed())?;
    let bytes = state.log.reader().tile(id).await?.ok_or_else(not_signed)?;
    Ok(unchanging("public, max-age=31536000, immutable", bytes))
}

/// A bundle of entries
///
/// Each entry is preceded by its length in two bytes, the greater one first. The entries are JSON
/// with pseudonyms and salted hashes; they hold no content.
#[utoipa::path(
    get,
    path = "/log/tile/entries/{*position}",
    operation_id = "readLogEntries",
    tag = "log",
    params(("position" = String, Path, description = "Number and width, as in C2SP tlog-tiles")),
    responses(
        (status = 200, description = "Up to 256 entries", body = String, content_type = "application/octet-stream"),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 404, description = "No checkpoint signs all these entries", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded, or the log not be read", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("log.read")), ("x-permission" = json!("log"))),
)]
pub(crate) async fn entries(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let Path(position) = path.map_err(|_| not_signed())?;
    let id = BundleId::parse(&format!("tile/entries/{position}")).map_err(|_| not_signed())?;
    let bytes = state.log.reader().bundle(id).await?.ok_or_else(not_signed)?;
    state.trail.record(&AuditFact::ok(Action::LogRead, caller, Subject::Nothing)).await?;
    Ok(unchanging("private, max-age=31536000, immutable", bytes))
}

fn unchanging(caching: &'static str, bytes: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static(caching)),
    ];
    (headers, bytes).into_response()
}

fn not_signed() -> Problem {
    Problem::new(Code::LogNotFound, "no checkpoint of this log signs what was asked for")
        .hint("GET /log/checkpoint tells the size of the log; tiles and entries end there")
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        tracing::error!(?error, "the log could not be read");
        Self::new(Code::AuditUnavailable, error.to_string()).retry_after(Some(2))
    }
}
