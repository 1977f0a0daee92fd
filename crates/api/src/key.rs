//! `/v1/keys`: the API keys of whoever is signed in. A key makes no keys.

use axum::{
    Json,
    extract::{Path, Request, State, rejection::PathRejection},
    http::StatusCode,
};
use domain::{ApiKey, KeyId, Permissions};
use governance::NewKey;
use inference_wire::ErrorBody;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    ApiState,
    account::names,
    body,
    caller::SignedInBrowser,
    problem::{Code, Problem},
};

const DAY_SECONDS: i64 = 24 * 60 * 60;

/// An API key without its secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct Key {
    id: String,
    name: String,
    /// Some of `models`, `conversations`, `log`; never more than the role of its account.
    permissions: Vec<&'static str>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    #[schema(format = DateTime)]
    revoked_at: Option<String>,
}

/// The caller's keys, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyList {
    data: Vec<Key>,
}

/// A key that was just made.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedKey {
    #[serde(flatten)]
    described: Key,
    /// The whole key; it is not shown again.
    key: String,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct CreateKey {
    /// What the key is for.
    name: String,
    /// Some of `models`, `conversations`, `log`; `models` alone unless said otherwise.
    #[serde(default)]
    permissions: Option<Vec<String>>,
    /// 1 to 3,650; without it the key is good until it is revoked.
    #[serde(default)]
    expires_in_days: Option<u16>,
}

/// List your API keys
#[utoipa::path(
    get,
    path = "/v1/keys",
    operation_id = "listKeys",
    tag = "keys",
    responses(
        (status = 200, description = "The keys", body = KeyList),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("session" = [])),
    extensions(("x-audit-class" = json!("key.list")), ("x-permission" = json!("keys"))),
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    browser: SignedInBrowser,
) -> Result<Json<KeyList>, Problem> {
    let keys = state.access.list_keys(&browser.caller).await?;
    Ok(Json(KeyList { data: keys.iter().map(Key::from).collect() }))
}

/// Make an API key
#[utoipa::path(
    post,
    path = "/v1/keys",
    operation_id = "createKey",
    tag = "keys",
    request_body = CreateKey,
    responses(
        (status = 201, description = "It is made, and shown this once", body = CreatedKey),
        (status = 400, description = "Not JSON or not UTF-8", body = ErrorBody),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 408, description = "The body did not arrive in time", body = ErrorBody),
        (status = 413, description = "The body is too large", body = ErrorBody),
        (status = 422, description = "Fields that make no sense", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("session" = [])),
    extensions(("x-audit-class" = json!("key.create")), ("x-permission" = json!("keys"))),
)]
pub(crate) async fn create(
    State(state): State<ApiState>,
    browser: SignedInBrowser,
    request: Request,
) -> Result<(StatusCode, Json<CreatedKey>), Problem> {
    let bytes = body::read(request, &state.settings).await?;
    let given: CreateKey = body::json(&bytes, "must have a `name`")?;
    let permissions = match &given.permissions {
        Some(words) => body::word("permissions", &words.join(" "))?,
        None => Permissions::of(&[domain::Permission::UseModels]),
    };
    let days = given.expires_in_days.map(i64::from);
    if days.is_some_and(|days| !(1..=3_650).contains(&days)) {
        return Err(body::invalid("expires_in_days", "must be from 1 to 3650".to_owned()));
    }
    let now = state.clock.now();
    let expires_at = days.map(|days| now.plus_seconds(days * DAY_SECONDS));
    let new = NewKey { name: &given.name, account: None, permissions, expires_at };
    let created = state.access.create_key(&browser.caller, &new).await?;
    let key = CreatedKey { described: Key::from(&created.key), key: created.secret.expose() };
    Ok((StatusCode::CREATED, Json(key)))
}

/// Revoke one of your API keys for good
#[utoipa::path(
    delete,
    path = "/v1/keys/{id}",
    operation_id = "revokeKey",
    tag = "keys",
    params(("id" = String, Path, description = "The id of the key")),
    responses(
        (status = 204, description = "It is no longer taken"),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 404, description = "You have no such key", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("session" = [])),
    extensions(("x-audit-class" = json!("key.revoke")), ("x-permission" = json!("keys"))),
)]
pub(crate) async fn revoke(
    State(state): State<ApiState>,
    browser: SignedInBrowser,
    path: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let id: Option<KeyId> = path.ok().and_then(|Path(text)| text.parse().ok());
    let id = id.ok_or_else(|| Problem::new(Code::KeyUnknown, "there is no such key"))?;
    state.access.revoke_key(&browser.caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<&ApiKey> for Key {
    fn from(key: &ApiKey) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name.clone(),
            permissions: names(key.permissions),
            created_at: key.created_at.to_string(),
            expires_at: key.expires_at.map(|at| at.to_string()),
            revoked_at: key.revoked_at.map(|at| at.to_string()),
        }
    }
}
