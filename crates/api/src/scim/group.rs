//! Groups: some of them stand for roles.

use axum::{
    extract::{Path, Request, State, rejection::PathRejection},
    http::StatusCode,
    response::Response,
};
use domain::{AccountId, GroupId};
use governance::{GroupWish, Listed, ProvisioningError, ports::Group as StoredGroup};
use scim::{Group, Kind, Patch};
use serde_json::Value;

use super::{
    answer::{self, Scim, created, object, said_of},
    query::Asked,
};
use crate::{ApiState, body, caller::KeyHolder, problem::Problem};

/// List groups
#[utoipa::path(
    get,
    path = "/scim/v2/Groups",
    operation_id = "listScimGroups",
    tag = "scim",
    params(
        ("filter" = Option<String>, Query, description = "RFC 7644, section 3.4.2.2; at most 4,096 bytes"),
        ("startIndex" = Option<i64>, Query, description = "From 1"),
        ("count" = Option<i64>, Query, description = "At most 1,000; 100 if absent"),
        ("attributes" = Option<String>, Query, description = "What to tell, with commas"),
        ("excludedAttributes" = Option<String>, Query, description = "What not to tell, with commas"),
    ),
    responses(
        (status = 200, description = "One page", body = Value, content_type = "application/scim+json"),
        (status = 400, description = "Not understood; see `scimType`", body = Value, content_type = "application/scim+json"),
        (status = 401, description = "The key is not known or not taken", body = Value, content_type = "application/scim+json"),
        (status = 403, description = "The key may not do this", body = Value, content_type = "application/scim+json"),
        (status = 503, description = "The access cannot be recorded", body = Value, content_type = "application/scim+json"),
    ),
    security(("api_key" = [])),
    extensions(
        ("x-audit-class" = json!("group.list")), ("x-permission" = json!("provisioning"))
    ),
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    KeyHolder(caller): KeyHolder,
    asked: Asked,
) -> Result<Scim, Problem> {
    let directory = state.provisioning.list(&caller, Listed::Groups).await?;
    Ok(Scim(asked.page(directory.groups.iter().map(answer::group))))
}

/// Make a group
#[utoipa::path(
    post,
    path = "/scim/v2/Groups",
    operation_id = "createScimGroup",
    tag = "scim",
    request_body(content = Value, content_type = "application/scim+json"),
    responses(
        (status = 201, description = "It is made", body = Value, content_type = "application/scim+json"),
        (status = 400, description = "Not understood; see `scimType`", body = Value, content_type = "application/scim+json"),
        (status = 401, description = "The key is not known or not taken", body = Value, content_type = "application/scim+json"),
        (status = 403, description = "The key may not do this", body = Value, content_type = "application/scim+json"),
        (status = 408, description = "The body did not arrive in time", body = Value, content_type = "application/scim+json"),
        (status = 409, description = "The name or the `externalId` is taken", body = Value, content_type = "application/scim+json"),
        (status = 413, description = "The body is too large", body = Value, content_type = "application/scim+json"),
        (status = 503, description = "The access cannot be recorded", body = Value, content_type = "application/scim+json"),
    ),
    security(("api_key" = [])),
    extensions(
        ("x-audit-class" = json!("group.create")), ("x-permission" = json!("provisioning"))
    ),
)]
pub(crate) async fn create(
    State(state): State<ApiState>,
    KeyHolder(caller): KeyHolder,
    request: Request,
) -> Result<Response, Problem> {
    let bytes = body::read(request, &state.settings).await?;
    let wish = wish(Group::read(&object(&bytes)?)?)?;
    let made = state.provisioning.create_group(&caller, wish).await?;
    Ok(created(answer::group(&made)))
}

/// Tell of one group
#[utoipa::path(
    get,
    path = "/scim/v2/Groups/{id}",
    operation_id = "readScimGroup",
    tag = "scim",
    params(
        ("id" = String, Path, description = "The id of the group"),
        ("attributes" = Option<String>, Query, description = "What to tell, with commas"),
        ("excludedAttributes" = Option<String>, Query, description = "What not to tell, with commas"),
    ),
    responses(
        (status = 200, description = "The group", body = Value, content_type = "application/scim+json"),
        (status = 400, description = "Not understood; see `scimType`", body = Value, content_type = "application/scim+json"),
        (status = 401, description = "The key is not known or not taken", body = Value, content_type = "application/scim+json"),
        (status = 403, description = "The key may not do this", body = Value, content_type = "application/scim+json"),
        (status = 404, description = "There is no such group", body = Value, content_type = "application/scim+json"),
        (status = 503, description = "The access cannot be recorded", body = Value, content_type = "application/scim+json"),
    ),
    security(("api_key" = [])),
    extensions(
        ("x-audit-class" = json!("group.read")), ("x-permission" = json!("provisioning"))
    ),
)]
pub(crate) async fn read(
    State(state): State<ApiState>,
    KeyHolder(caller): KeyHolder,
    path: Result<Path<String>, PathRejection>,
    asked: Asked,
) -> Result<Scim, Problem> {
    let group = state.provisioning.group(&caller, group_id(path)?).await?;
    Ok(Scim(Value::Object(asked.selection.of(answer::group(&group)))))
}

/// Put a group in the place of what it was
#[utoipa::path(
    put,
    path = "/scim/v2/Groups/{id}",
    operation_id = "replaceScimGroup",
    tag = "scim",
    params(
        ("id" = String, Path, description = "The id of the group"),
    ),
    request_body(content = Value, content_type = "application/scim+json"),
    responses(
        (status = 200, description = "As it is now", body = Value, content_type = "application/scim+json"),
        (status = 400, description = "Not understood; see `scimType`", body = Value, content_type = "application/scim+json"),
        (status = 401, description = "The key is not known or not taken", body = Value, content_type = "application/scim+json"),
        (status = 403, description = "The key may not do this", body = Value, content_type = "application/scim+json"),
        (status = 404, description = "There is no such group", body = Value, content_type = "application/scim+json"),
        (status = 408, description = "The body did not arrive in time", body = Value, content_type = "application/scim+json"),
        (status = 409, description = "The name or the `externalId` is taken, or it is the last owner", body = Value, content_type = "application/scim+json"),
        (status = 413, description = "The body is too large", body = Value, content_type = "application/scim+json"),
        (status = 503, description = "The access cannot be recorded", body = Value, content_type = "application/scim+json"),
    ),
    security(("api_key" = [])),
    extensions(
        ("x-audit-class" = json!("group.update")), ("x-permission" = json!("provisioning"))
    ),
)]
pub(crate) async fn replace(
    State(state): State<ApiState>,
    KeyHolder(caller): KeyHolder,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Scim, Problem> {
    let id = group_id(path)?;
    let bytes = body::read(request, &state.settings).await?;
    let said = Group::read(&object(&bytes)?)?;
    let changed =
        state.provisioning.change_group(&caller, id, |_: &StoredGroup| wish(said)).await?;
    Ok(Scim(Value::Object(answer::group(&changed))))
}

/// Change a group
#[utoipa::path(
    patch,
    path = "/scim/v2/Groups/{id}",
    operation_id = "patchScimGroup",
    tag = "scim",
    params(
        ("id" = String, Path, description = "The id of the group"),
    ),
    request_body(content = Value, content_type = "application/scim+json"),
    responses(
        (status = 200, description = "As it is now", body = Value, content_type = "application/scim+json"),
        (status = 400, description = "Not understood; see `scimType`", body = Value, content_type = "application/scim+json"),
        (status = 401, description = "The key is not known or not taken", body = Value, content_type = "application/scim+json"),
        (status = 403, description = "The key may not do this", body = Value, content_type = "application/scim+json"),
        (status = 404, description = "There is no such group", body = Value, content_type = "application/scim+json"),
        (status = 408, description = "The body did not arrive in time", body = Value, content_type = "application/scim+json"),
        (status = 409, description = "The name or the `externalId` is taken, or it is the last owner", body = Value, content_type = "application/scim+json"),
        (status = 413, description = "The body is too large", body = Value, content_type = "application/scim+json"),
        (status = 503, description = "The access cannot be recorded", body = Value, content_type = "application/scim+json"),
    ),
    security(("api_key" = [])),
    extensions(
        ("x-audit-class" = json!("group.update")), ("x-permission" = json!("provisioning"))
    ),
)]
pub(crate) async fn patch(
    State(state): State<ApiState>,
    KeyHolder(caller): KeyHolder,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Scim, Problem> {
    let id = group_id(path)?;
    let bytes = body::read(request, &state.settings).await?;
    let patch = Patch::read(&object(&bytes)?)?;
    let change = |group: &StoredGroup| {
        let patched = patch.apply(Kind::Group, &said_of(group).write())?;
        wish(Group::read(&patched)?)
    };
    let changed = state.provisioning.change_group(&caller, id, change).await?;
    Ok(Scim(Value::Object(answer::group(&changed))))
}

/// Take a group away
///
/// Whoever had a role by it has that of the other groups, or is a member.
#[utoipa::path(
    delete,
    path = "/scim/v2/Groups/{id}",
    operation_id = "removeScimGroup",
    tag = "scim",
    params(
        ("id" = String, Path, description = "The id of the group"),
    ),
    responses(
        (status = 204, description = "It is gone"),
        (status = 401, description = "The key is not known or not taken", body = Value, content_type = "application/scim+json"),
        (status = 403, description = "The key may not do this", body = Value, content_type = "application/scim+json"),
        (status = 404, description = "There is no such group", body = Value, content_type = "application/scim+json"),
        (status = 503, description = "The access cannot be recorded", body = Value, content_type = "application/scim+json"),
    ),
    security(("api_key" = [])),
    extensions(
        ("x-audit-class" = json!("group.remove")), ("x-permission" = json!("provisioning"))
    ),
)]
pub(crate) async fn remove(
    State(state): State<ApiState>,
    KeyHolder(caller): KeyHolder,
    path: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Problem> {
    state.provisioning.remove_group(&caller, group_id(path)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What is no id is not the id of anything that is here.
fn group_id(path: Result<Path<String>, PathRejection>) -> Result<GroupId, Problem> {
    let parsed = path.ok().and_then(|Path(text)| text.parse().ok());
    parsed.ok_or_else(|| ProvisioningError::GroupUnknown.into())
}

fn wish(said: Group) -> Result<GroupWish, Problem> {
    let Group { display_name, external_id, members } = said;
    let members: Result<Vec<AccountId>, _> = members.iter().map(|id| id.parse()).collect();
    let members = members.map_err(|_| ProvisioningError::MemberUnknown)?;
    Ok(GroupWish { display_name, external_id, members })
}
