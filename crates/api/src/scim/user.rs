//! Users: persons of the organisation of the key.

use axum::{
    extract::{Path, Request, State, rejection::PathRejection},
    http::StatusCode,
    response::Response,
};
use domain::AccountId;
use governance::{
    Directory, Listed, PersonWish, ProvisioningError,
    ports::{Group, Provisioned},
};
use scim::{Kind, Members, Patch, ScimError, ScimType, User};
use serde_json::Value;

use super::{
    answer::{self, Scim, created, memberships, object},
    query::Asked,
};
use crate::{ApiState, body, caller::KeyHolder, problem::Problem};

/// List users
#[utoipa::path(
    get,
    path = "/scim/v2/Users",
    operation_id = "listScimUsers",
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
        ("x-audit-class" = json!("account.list")), ("x-permission" = json!("provisioning"))
    ),
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    KeyHolder(caller): KeyHolder,
    asked: Asked,
) -> Result<Scim, Problem> {
    let Directory { persons, groups } = state.provisioning.list(&caller, Listed::Users).await?;
    let memberships = memberships(&groups);
    let of = |person: &Provisioned| memberships.get(&person.account.id).cloned();
    let all = persons.iter().map(|person| answer::user(person, &of(person).unwrap_or_default()));
    Ok(Scim(asked.page(all)))
}

/// Make a user
#[utoipa::path(
    post,
    path = "/scim/v2/Users",
    operation_id = "createScimUser",
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
        ("x-audit-class" = json!("account.create")), ("x-permission" = json!("provisioning"))
    ),
)]
pub(crate) async fn create(
    State(state): State<ApiState>,
    KeyHolder(caller): KeyHolder,
    request: Request,
) -> Result<Response, Problem> {
    let bytes = body::read(request, &state.settings).await?;
    let wish = wish(User::read(&object(&bytes)?)?, true)?;
    let made = state.provisioning.create_person(&caller, wish).await?;
    Ok(created(answer::user(&made, &[])))
}

/// Tell of one user
#[utoipa::path(
    get,
    path = "/scim/v2/Users/{id}",
    operation_id = "readScimUser",
    tag = "scim",
    params(
        ("id" = String, Path, description = "The id of the user"),
        ("attributes" = Option<String>, Query, description = "What to tell, with commas"),
        ("excludedAttributes" = Option<String>, Query, description = "What not to tell, with commas"),
    ),
    responses(
        (status = 200, description = "The user", body = Value, content_type = "application/scim+json"),
        (status = 400, description = "Not understood; see `scimType`", body = Value, content_type = "application/scim+json"),
        (status = 401, description = "The key is not known or not taken", body = Value, content_type = "application/scim+json"),
        (status = 403, description = "The key may not do this", body = Value, content_type = "application/scim+json"),
        (status = 404, description = "There is no such user", body = Value, content_type = "application/scim+json"),
        (status = 503, description = "The access cannot be recorded", body = Value, content_type = "application/scim+json"),
    ),
    security(("api_key" = [])),
    extensions(
        ("x-audit-class" = json!("account.read")), ("x-permission" = json!("provisioning"))
    ),
)]
pub(crate) async fn read(
    State(state): State<ApiState>,
    KeyHolder(caller): KeyHolder,
    path: Result<Path<String>, PathRejection>,
    asked: Asked,
) -> Result<Scim, Problem> {
    let (person, directory) = state.provisioning.person(&caller, account_id(path)?).await?;
    Ok(Scim(Value::Object(asked.selection.of(shown(&person, &directory)))))
}

/// Put a user in the place of what it was
#[utoipa::path(
    put,
    path = "/scim/v2/Users/{id}",
    operation_id = "replaceScimUser",
    tag = "scim",
    params(
        ("id" = String, Path, description = "The id of the user"),
    ),
    request_body(content = Value, content_type = "application/scim+json"),
    responses(
        (status = 200, description = "As it is now", body = Value, content_type = "application/scim+json"),
        (status = 400, description = "Not understood; see `scimType`", body = Value, content_type = "application/scim+json"),
        (status = 401, description = "The key is not known or not taken", body = Value, content_type = "application/scim+json"),
        (status = 403, description = "The key may not do this", body = Value, content_type = "application/scim+json"),
        (status = 404, description = "There is no such user", body = Value, content_type = "application/scim+json"),
        (status = 408, description = "The body did not arrive in time", body = Value, content_type = "application/scim+json"),
        (status = 409, description = "The name or the `externalId` is taken, or it is the last owner", body = Value, content_type = "application/scim+json"),
        (status = 413, description = "The body is too large", body = Value, content_type = "application/scim+json"),
        (status = 503, description = "The access cannot be recorded", body = Value, content_type = "application/scim+json"),
    ),
    security(("api_key" = [])),
    extensions(
        ("x-audit-class" = json!("account.update")), ("x-permission" = json!("provisioning"))
    ),
)]
pub(crate) async fn replace(
    State(state): State<ApiState>,
    KeyHolder(caller): KeyHolder,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Scim, Problem> {
    let id = account_id(path)?;
    let bytes = body::read(request, &state.settings).await?;
    let said = User::read(&object(&bytes)?)?;
    // Nothing said of `active` is no reason to let somebody in again.
    let change = |person: &Provisioned| wish(said, person.account.disabled_at.is_none());
    let (person, directory) = state.provisioning.change_person(&caller, id, change).await?;
    Ok(Scim(Value::Object(shown(&person, &directory))))
}

/// Change a user
#[utoipa::path(
    patch,
    path = "/scim/v2/Users/{id}",
    operation_id = "patchScimUser",
    tag = "scim",
    params(
        ("id" = String, Path, description = "The id of the user"),
    ),
    request_body(content = Value, content_type = "application/scim+json"),
    responses(
        (status = 200, description = "As it is now", body = Value, content_type = "application/scim+json"),
        (status = 400, description = "Not understood; see `scimType`", body = Value, content_type = "application/scim+json"),
        (status = 401, description = "The key is not known or not taken", body = Value, content_type = "application/scim+json"),
        (status = 403, description = "The key may not do this", body = Value, content_type = "application/scim+json"),
        (status = 404, description = "There is no such user", body = Value, content_type = "application/scim+json"),
        (status = 408, description = "The body did not arrive in time", body = Value, content_type = "application/scim+json"),
        (status = 409, description = "The name or the `externalId` is taken, or it is the last owner", body = Value, content_type = "application/scim+json"),
        (status = 413, description = "The body is too large", body = Value, content_type = "application/scim+json"),
        (status = 503, description = "The access cannot be recorded", body = Value, content_type = "application/scim+json"),
    ),
    security(("api_key" = [])),
    extensions(
        ("x-audit-class" = json!("account.update")), ("x-permission" = json!("provisioning"))
    ),
)]
pub(crate) async fn patch(
    State(state): State<ApiState>,
    KeyHolder(caller): KeyHolder,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Scim, Problem> {
    let id = account_id(path)?;
    let bytes = body::read(request, &state.settings).await?;
    let patch = Patch::read(&object(&bytes)?)?;
    let change = |person: &Provisioned| {
        let patched = patch.apply(Kind::User, &answer::user(person, &[]))?;
        wish(User::read(&patched)?, person.account.disabled_at.is_none())
    };
    let (person, directory) = state.provisioning.change_person(&caller, id, change).await?;
    Ok(Scim(Value::Object(shown(&person, &directory))))
}

/// Take a user away
///
/// The account is disabled for good, its sessions and keys end, and its name is free again. Its
/// conversations stay sealed and are read by nobody.
#[utoipa::path(
    delete,
    path = "/scim/v2/Users/{id}",
    operation_id = "removeScimUser",
    tag = "scim",
    params(
        ("id" = String, Path, description = "The id of the user"),
    ),
    responses(
        (status = 204, description = "It is gone"),
        (status = 401, description = "The key is not known or not taken", body = Value, content_type = "application/scim+json"),
        (status = 403, description = "The key may not do this", body = Value, content_type = "application/scim+json"),
        (status = 404, description = "There is no such user", body = Value, content_type = "application/scim+json"),
        (status = 409, description = "It is the last owner", body = Value, content_type = "application/scim+json"),
        (status = 503, description = "The access cannot be recorded", body = Value, content_type = "application/scim+json"),
    ),
    security(("api_key" = [])),
    extensions(
        ("x-audit-class" = json!("account.remove")), ("x-permission" = json!("provisioning"))
    ),
)]
pub(crate) async fn remove(
    State(state): State<ApiState>,
    KeyHolder(caller): KeyHolder,
    path: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Problem> {
    state.provisioning.remove_person(&caller, account_id(path)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What is no id is not the id of anybody who is here.
fn account_id(path: Result<Path<String>, PathRejection>) -> Result<AccountId, Problem> {
    let parsed = path.ok().and_then(|Path(text)| text.parse().ok());
    parsed.ok_or_else(|| ProvisioningError::UserUnknown.into())
}

fn wish(said: User, active: bool) -> Result<PersonWish, Problem> {
    let User { user_name, external_id, display_name, active: given } = said;
    let name = user_name.parse().map_err(|error: domain::AccountNameError| {
        ScimError::new(ScimType::InvalidValue, format!("`userName`: {error}"))
    })?;
    Ok(PersonWish { name, external_id, display_name, active: given.unwrap_or(active) })
}

fn shown(person: &Provisioned, directory: &Directory) -> Members {
    let is_in = |group: &&Group| group.members.contains(&person.account.id);
    let groups: Vec<&Group> = directory.groups.iter().filter(is_in).collect();
    answer::user(person, &groups)
}
