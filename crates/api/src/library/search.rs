//! `POST /v1/libraries/search`: passages of what somebody may read.

use axum::{
    Json,
    extract::{Request, State},
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
