//! `/v1/collections`, `/v1/documents`, `/v1/chunks`, `/v1/search`: libraries in the shape of Albert
//! (`OpenGateLLM`).
//!
//! The collections themselves are here, [`document`] is for what stands in them, [`chunk`] for its
//! passages.

pub(crate) mod chunk;
pub(crate) mod document;

mod convert;
mod query;

use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
};
use inference_wire as wire;
use knowledge::{LibraryChange, NewLibrary};

use self::query::CollectionsAsked;
use crate::{
    ApiState, body,
    caller::Authenticated,
    library::{
        path::LibraryPath,
        refusals::{BadBody, BadQuery, Held, NotThere, Usual},
    },
    problem::Problem,
};

/// List collections
///
/// Libraries, in the shape of Albert; the newest first.
#[utoipa::path(
    get,
    path = "/v1/collections",
    operation_id = "listCollections",
    tag = "collections",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 100; 10 if absent"),
        ("offset" = Option<u32>, Query, description = "So many of the newest are left out; 0 if absent"),
    ),
    responses(
        (status = 200, description = "One page", body = wire::CollectionList),
        Usual,
        BadQuery,
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("library.list")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    asked: CollectionsAsked,
) -> Result<Json<wire::CollectionList>, Problem> {
    let page = state.libraries.list(&caller, &asked.query()).await?;
    let data = page.libraries.iter().map(convert::collection).collect();
    Ok(Json(wire::CollectionList { object: wire::ListObject::List, data }))
}

/// Make a collection
///
/// A library, which nobody else sees until it is shared.
#[utoipa::path(
    post,
    path = "/v1/collections",
    operation_id = "createCollection",
    tag = "collections",
    request_body = wire::CreateCollection,
    responses(
        (status = 201, description = "It is made", body = wire::CreatedId),
        (status = 429, description = "The account has as many as are possible", body = wire::ErrorBody),
        Usual,
        BadBody,
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("library.create")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn create(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<(StatusCode, Json<wire::CreatedId>), Problem> {
    let body = body::read(request, &state.settings).await?;
    let wire::CreateCollection { name, description } = wire::CreateCollection::decode(&body)?;
    let made = state.libraries.create(&caller, NewLibrary { name, description }).await?;
    Ok((StatusCode::CREATED, Json(wire::CreatedId { id: made.library.id.to_string() })))
}

/// Tell of one collection
#[utoipa::path(
    get,
    path = "/v1/collections/{id}",
    operation_id = "readCollection",
    tag = "collections",
    params(("id" = String, Path, description = "The id of the collection")),
    responses(
        (status = 200, description = "What is known of it", body = wire::Collection),
        Usual,
        NotThere,
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("library.read")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn read(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    LibraryPath(id): LibraryPath,
) -> Result<Json<wire::Collection>, Problem> {
    let found = state.libraries.read(&caller, id).await?;
    Ok(Json(convert::collection(&found)))
}

/// Change a collection
///
/// Its name, its description, or both. Needs its owner.
#[utoipa::path(
    patch,
    path = "/v1/collections/{id}",
    operation_id = "updateCollection",
    tag = "collections",
    params(("id" = String, Path, description = "The id of the collection")),
    request_body = wire::UpdateCollection,
    responses(
        (status = 204, description = "It is changed"),
        Usual,
        NotThere,
        BadBody,
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("library.update")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn update(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    LibraryPath(id): LibraryPath,
    request: Request,
) -> Result<StatusCode, Problem> {
    let body = body::read(request, &state.settings).await?;
    let wanted = wire::UpdateCollection::decode(&body)?;
    let change = LibraryChange { name: wanted.name, description: wanted.description.map(Some) };
    state.libraries.update(&caller, id, change).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Delete a collection
///
/// With its documents: nobody finds anything of it once this is answered. Needs its owner, or an
/// owner of the organisation where nobody owns it any more.
#[utoipa::path(
    delete,
    path = "/v1/collections/{id}",
    operation_id = "deleteCollection",
    tag = "collections",
    params(("id" = String, Path, description = "The id of the collection")),
    responses(
        (status = 204, description = "It is gone"),
        Usual,
        NotThere,
        Held,
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("library.delete")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    LibraryPath(id): LibraryPath,
) -> Result<StatusCode, Problem> {
    state.libraries.delete(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
