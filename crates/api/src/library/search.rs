//! `POST /v1/libraries/search`: passages of what somebody may read; and the index that finds them.

use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
};
use inference_wire as wire;

use super::{
    convert,
    refusals::{BadBody, BadSearch, NotThere, Usual},
};
use crate::{ApiState, body, caller::Authenticated, problem::Problem};

/// Search libraries
///
/// Galerne's own. Passages of documents that the caller may read at that moment, the best first.
/// Who may read them is asked before anything is looked at, and again before a passage is told.
#[utoipa::path(
    post,
    path = "/v1/libraries/search",
    operation_id = "searchLibraries",
    tag = "libraries",
    request_body = wire::SearchLibraries,
    responses(
        (status = 200, description = "What was found", body = wire::PassageList),
        Usual,
        NotThere,
        BadBody,
        BadSearch,
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("library.search")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn search(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<Json<wire::PassageList>, Problem> {
    let body = body::read(request, &state.settings).await?;
    let wanted = convert::search(wire::SearchLibraries::decode(&body)?)?;
    let found = state.search.find(&caller, &wanted).await?;
    Ok(Json(wire::PassageList {
        object: wire::ListObject::List,
        mode: convert::mode(found.mode),
        as_of: found.at.to_string(),
        data: found.hits.into_iter().map(convert::hit).collect(),
    }))
}

/// Repair the index of libraries
///
/// Galerne's own. Documents that the index of the organisation has lost are read anew. Where it
/// cannot be read, it is begun anew with all of them. What is in the index is found meanwhile.
#[utoipa::path(
    post,
    path = "/v1/libraries/reindex",
    operation_id = "reindexLibraries",
    tag = "libraries",
    responses(
        (status = 204, description = "What was lost waits for its turn"),
        Usual,
        BadSearch,
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("library.reindex")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn reindex(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
) -> Result<StatusCode, Problem> {
    state.search.reindex(&caller).await?;
    Ok(StatusCode::NO_CONTENT)
}
