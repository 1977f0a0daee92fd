//! Who may use a library beside its owner.

use axum::{
    Json,
    extract::{Request, State},
};
use inference_wire as wire;
use knowledge::Share;

use super::{
    convert,
    path::LibraryPath,
    refusals::{BadBody, NotThere, Usual},
};
use crate::{ApiState, body, caller::Authenticated, problem::Problem};

/// Tell who may use a library
///
/// Beside its owner. Needs an editor.
#[utoipa::path(
    get,
    path = "/v1/libraries/{id}/share",
    operation_id = "listLibraryShares",
    tag = "libraries",
    params(("id" = String, Path, description = "The id of the library")),
    responses(
        (status = 200, description = "All of them", body = wire::LibraryShareList),
        Usual,
        NotThere,
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("library.read")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    LibraryPath(id): LibraryPath,
) -> Result<Json<wire::LibraryShareList>, Problem> {
    let shares = state.libraries.shares(&caller, id).await?;
    let data = shares.iter().map(|share| convert::share(&caller, share)).collect();
    Ok(Json(wire::LibraryShareList { data }))
}

/// Share a library
///
/// With an account, a group of accounts, or everybody of the organisation, in the place of what they
/// were given before. Needs its owner.
#[utoipa::path(
    put,
    path = "/v1/libraries/{id}/share",
    operation_id = "shareLibrary",
    tag = "libraries",
    params(("id" = String, Path, description = "The id of the library")),
    request_body = wire::ShareLibrary,
    responses(
        (status = 200, description = "They may use it", body = wire::LibraryShare),
        Usual,
        NotThere,
        BadBody,
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("library.share")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn put(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    LibraryPath(library): LibraryPath,
    request: Request,
) -> Result<Json<wire::LibraryShare>, Problem> {
    let body = body::read(request, &state.settings).await?;
    let wanted = wire::ShareLibrary::decode(&body)?;
    let wire::ShareLibrary { level, share_with_uuid, share_with_type } = &wanted;
    let grantee = convert::grantee(&caller, *share_with_type, share_with_uuid)?;
    let share = Share { library, grantee, role: convert::role(*level) };
    state.libraries.share(&caller, share).await?;
    Ok(Json(convert::share(&caller, &share)))
}

/// Take a library back
///
/// They find nothing of it from the next search on. Needs its owner, or the account whose share it
/// is.
#[utoipa::path(
    delete,
    path = "/v1/libraries/{id}/share",
    operation_id = "unshareLibrary",
    tag = "libraries",
    params(("id" = String, Path, description = "The id of the library")),
    request_body = wire::UnshareLibrary,
    responses(
        (status = 200, description = "They may use it no longer", body = wire::LibraryShare),
        Usual,
        NotThere,
        BadBody,
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("library.unshare")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    LibraryPath(library): LibraryPath,
    request: Request,
) -> Result<Json<wire::LibraryShare>, Problem> {
    let body = body::read(request, &state.settings).await?;
    let wanted = wire::UnshareLibrary::decode(&body)?;
    let grantee = convert::grantee(&caller, wanted.share_with_type, &wanted.share_with_uuid)?;
    state.libraries.unshare(&caller, library, grantee).await?;
    Ok(Json(convert::unshared(&caller, library, grantee)))
}
