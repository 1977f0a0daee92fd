//! `/v1/libraries`: documents that are kept, shared, searched and cited, in Mistral's shape.
//!
//! The libraries themselves are here. [`document`] is for what stands in them, [`content`] for its
//! bytes, texts and pages, [`share`] for who may use them; [`search`], [`answer`] and [`trace`] are
//! for what is found and said.

pub(crate) mod answer;
pub(crate) mod content;
pub(crate) mod document;
pub(crate) mod search;
pub(crate) mod share;
pub(crate) mod trace;
pub(crate) mod upload;

pub(crate) mod convert;
pub(crate) mod path;
mod problem;
mod query;
pub(crate) mod refusals;
mod time;

use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use inference_wire as wire;
use knowledge::{LibraryChange, NewLibrary};

use self::{
    path::LibraryPath,
    query::LibrariesAsked,
    refusals::{BadBody, BadQuery, Held, NotThere, Usual},
};
use crate::{ApiState, body, caller::Authenticated, problem::Problem};

/// List libraries
///
/// The newest first: own ones, and those that somebody shared.
#[utoipa::path(
    get,
    path = "/v1/libraries",
    operation_id = "listLibraries",
    tag = "libraries",
    params(
        ("page" = Option<u32>, Query, description = "From 0"),
        ("page_size" = Option<u32>, Query, description = "1 to 1000; 100 if absent"),
        ("page_token" = Option<String>, Query, description = "Those behind a page, as `next_page_token` of it says; `page` counts from there"),
    ),
    responses(
        (status = 200, description = "One page", body = wire::LibraryList),
        (status = 404, description = "The page that `page_token` stands for is not there", body = wire::ErrorBody),
        Usual,
        BadQuery,
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("library.list")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    asked: LibrariesAsked,
) -> Result<Json<wire::LibraryList>, Problem> {
    let page = state.libraries.list(&caller, &asked.query()).await?;
    let data: Vec<_> = page.libraries.iter().map(convert::library).collect();
    let last = data.last().filter(|_| page.has_more).map(|library| library.id.clone());
    let pagination = convert::pagination((page.total, page.has_more), asked.page, asked.page_size);
    Ok(Json(wire::LibraryList { data, pagination, next_page_token: last }))
}

/// Make a library
///
/// It belongs to the account that makes it, and nobody else sees it until it is shared.
#[utoipa::path(
    post,
    path = "/v1/libraries",
    operation_id = "createLibrary",
    tag = "libraries",
    request_body = wire::CreateLibrary,
    responses(
        (status = 201, description = "It is made", body = wire::Library),
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
) -> Result<(StatusCode, Json<wire::Library>), Problem> {
    let body = body::read(request, &state.settings).await?;
    let wire::CreateLibrary { name, description } = wire::CreateLibrary::decode(&body)?;
    let made = state.libraries.create(&caller, NewLibrary { name, description }).await?;
    Ok((StatusCode::CREATED, Json(convert::library(&made))))
}

/// Tell of one library
#[utoipa::path(
    get,
    path = "/v1/libraries/{id}",
    operation_id = "readLibrary",
    tag = "libraries",
    params(("id" = String, Path, description = "The id of the library")),
    responses(
        (status = 200, description = "What is known of it", body = wire::Library),
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
) -> Result<Json<wire::Library>, Problem> {
    let found = state.libraries.read(&caller, id).await?;
    Ok(Json(convert::library(&found)))
}

/// Change a library
///
/// As with `PATCH`: older clients of Mistral send what they change with `PUT`.
#[utoipa::path(
    put,
    path = "/v1/libraries/{id}",
    operation_id = "replaceLibrary",
    tag = "libraries",
    params(("id" = String, Path, description = "The id of the library")),
    request_body = wire::UpdateLibrary,
    responses(
        (status = 200, description = "The library as it is now", body = wire::Library),
        Usual,
        NotThere,
        BadBody,
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("library.update")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn replace(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    path: LibraryPath,
    request: Request,
) -> Result<Json<wire::Library>, Problem> {
    let body = body::read(request, &state.settings).await?;
    let wanted = wire::UpdateLibrary::decode(&body)?;
    let change = LibraryChange { name: wanted.name, description: wanted.description.map(Some) };
    let changed = state.libraries.update(&caller, path.0, change).await?;
    Ok(Json(convert::library(&changed)))
}

/// Change a library
///
/// Its name, its description, or both. Needs its owner.
#[utoipa::path(
    patch,
    path = "/v1/libraries/{id}",
    operation_id = "updateLibrary",
    tag = "libraries",
    params(("id" = String, Path, description = "The id of the library")),
    request_body = wire::UpdateLibrary,
    responses(
        (status = 200, description = "The library as it is now", body = wire::Library),
        Usual,
        NotThere,
        BadBody,
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("library.update")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn update(
    state: State<ApiState>,
    caller: Authenticated,
    path: LibraryPath,
    request: Request,
) -> Result<Json<wire::Library>, Problem> {
    replace(state, caller, path, request).await
}

/// Delete a library
///
/// With its documents: nobody finds anything of it once this is answered. Needs its owner, or an
/// owner of the organisation where nobody owns it any more.
#[utoipa::path(
    delete,
    path = "/v1/libraries/{id}",
    operation_id = "deleteLibrary",
    tag = "libraries",
    params(("id" = String, Path, description = "The id of the library")),
    responses(
        (status = 200, description = "The library as it was", body = wire::Library),
        (status = 204, description = "It is gone; nobody owned it, and the caller did not see it"),
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
) -> Result<Response, Problem> {
    Ok(match state.libraries.delete(&caller, id).await? {
        Some(deleted) => Json(convert::library(&deleted)).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}
