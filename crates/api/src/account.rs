//! `/v1/accounts`: who is let in, and as what. Nobody reads another account's content here.

use axum::{
    Json,
    extract::{Path, Request, State, rejection::PathRejection},
    http::StatusCode,
};
use domain::{Account as StoredAccount, AccountId};
use governance::{NewAccount, Wish};
use inference_wire::ErrorBody;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    ApiState, body,
    caller::SignedInBrowser,
    problem::{Code, Problem},
};

/// A person or a program that the organisation knows.
#[derive(Serialize, ToSchema)]
pub(crate) struct Account {
    id: String,
    /// What is typed to sign in.
    name: String,
    /// `person` or `service`.
    kind: &'static str,
    /// `owner`, `admin`, `auditor`, `data_officer`, `developer` or `member`.
    role: &'static str,
    /// What the role may do: some of `models`, `conversations`, `keys`, `accounts`, `log`, `data_protection`.
    permissions: Vec<&'static str>,
    #[schema(format = DateTime)]
    created_at: String,
    /// Since when nothing of it is let in.
    #[schema(format = DateTime)]
    disabled_at: Option<String>,
}

/// All accounts, in the order of their names.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccountList {
    data: Vec<Account>,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct CreateAccount {
    /// 1 to 128 of a-z 0-9 . _ - + and @, for example an e-mail address.
    name: String,
    role: String,
    /// `person` unless said otherwise.
    #[serde(default)]
    kind: Option<String>,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct UpdateAccount {
    #[serde(default)]
    role: Option<String>,
    /// Whether nothing of it is let in; this ends its sessions.
    #[serde(default)]
    disabled: Option<bool>,
}

/// A one-time token with which somebody signs in for the first time.
#[derive(Serialize, ToSchema)]
pub(crate) struct Invitation {
    /// The address of the page followed by `#token=` and this signs a browser in.
    token: String,
    valid_seconds: u32,
}

/// List the accounts of the organisation
#[utoipa::path(
    get,
    path = "/v1/accounts",
    operation_id = "listAccounts",
    tag = "accounts",
    responses(
        (status = 200, description = "The accounts", body = AccountList),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("session" = [])),
    extensions(("x-audit-class" = json!("account.list")), ("x-permission" = json!("accounts"))),
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    browser: SignedInBrowser,
) -> Result<Json<AccountList>, Problem> {
    let accounts = state.access.list_accounts(&browser.caller).await?;
    Ok(Json(AccountList { data: accounts.iter().map(Account::from).collect() }))
}

/// List whom an erasure, a hold or an opening can concern
///
/// The same list, for whoever protects data and keeps no accounts.
#[utoipa::path(
    get,
    path = "/v1/data-subjects",
    operation_id = "listDataSubjects",
    tag = "data protection",
    responses(
        (status = 200, description = "The accounts", body = AccountList),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("session" = [])),
    extensions(
        ("x-audit-class" = json!("account.list")), ("x-permission" = json!("data_protection"))
    ),
)]
pub(crate) async fn list_subjects(
    state: State<ApiState>,
    browser: SignedInBrowser,
) -> Result<Json<AccountList>, Problem> {
    list(state, browser).await
}

/// Make an account
///
/// Somebody of role `admin` makes developers and members, an owner everybody.
#[utoipa::path(
    post,
    path = "/v1/accounts",
    operation_id = "createAccount",
    tag = "accounts",
    request_body = CreateAccount,
    responses(
        (status = 201, description = "It is made", body = Account),
        (status = 400, description = "Not JSON or not UTF-8", body = ErrorBody),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 408, description = "The body did not arrive in time", body = ErrorBody),
        (status = 409, description = "The name is taken", body = ErrorBody),
        (status = 413, description = "The body is too large", body = ErrorBody),
        (status = 422, description = "Fields that make no sense", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("session" = [])),
    extensions(("x-audit-class" = json!("account.create")), ("x-permission" = json!("accounts"))),
)]
pub(crate) async fn create(
    State(state): State<ApiState>,
    browser: SignedInBrowser,
    request: Request,
) -> Result<(StatusCode, Json<Account>), Problem> {
    let bytes = body::read(request, &state.settings).await?;
    let given: CreateAccount = body::json(&bytes, "must have a `name` and a `role`")?;
    let new = NewAccount {
        name: body::word("name", &given.name)?,
        kind: body::word("kind", given.kind.as_deref().unwrap_or("person"))?,
        role: body::word("role", &given.role)?,
    };
    let account = state.access.create_account(&browser.caller, &new).await?;
    Ok((StatusCode::CREATED, Json(Account::from(&account))))
}

/// Change the role of an account, disable it or enable it again
#[utoipa::path(
    patch,
    path = "/v1/accounts/{id}",
    operation_id = "updateAccount",
    tag = "accounts",
    params(("id" = String, Path, description = "The id of the account")),
    request_body = UpdateAccount,
    responses(
        (status = 200, description = "As it is now", body = Account),
        (status = 400, description = "Not JSON or not UTF-8", body = ErrorBody),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 404, description = "There is no such account", body = ErrorBody),
        (status = 408, description = "The body did not arrive in time", body = ErrorBody),
        (status = 409, description = "It is the last owner", body = ErrorBody),
        (status = 413, description = "The body is too large", body = ErrorBody),
        (status = 422, description = "Fields that make no sense", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("session" = [])),
    extensions(("x-audit-class" = json!("account.update")), ("x-permission" = json!("accounts"))),
)]
pub(crate) async fn update(
    State(state): State<ApiState>,
    browser: SignedInBrowser,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Json<Account>, Problem> {
    let id = account_id(path)?;
    let bytes = body::read(request, &state.settings).await?;
    let given: UpdateAccount = body::json(&bytes, "may have a `role` and `disabled`")?;
    let role = given.role.map(|role| body::word("role", &role)).transpose()?;
    let wish = Wish { role, disabled: given.disabled };
    let account = state.access.update_account(&browser.caller, id, wish).await?;
    Ok(Json(Account::from(&account)))
}

/// Make a one-time token for somebody who has no password yet
#[utoipa::path(
    post,
    path = "/v1/accounts/{id}/invitation",
    operation_id = "inviteAccount",
    tag = "accounts",
    params(("id" = String, Path, description = "The id of the account")),
    responses(
        (status = 201, description = "It is made", body = Invitation),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 404, description = "There is no such account", body = ErrorBody),
        (status = 409, description = "The account has a password", body = ErrorBody),
        (status = 422, description = "The account is that of a program", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("session" = [])),
    extensions(
        ("x-audit-class" = json!("sign_in_link.create")), ("x-permission" = json!("accounts"))
    ),
)]
pub(crate) async fn invite(
    State(state): State<ApiState>,
    browser: SignedInBrowser,
    path: Result<Path<String>, PathRejection>,
) -> Result<(StatusCode, Json<Invitation>), Problem> {
    let id = account_id(path)?;
    let token = state.access.invite(&browser.caller, id).await?;
    Ok((StatusCode::CREATED, Json(Invitation { token, valid_seconds: 600 })))
}

/// What is no id is not the id of anybody who is here.
pub(crate) fn account_id(path: Result<Path<String>, PathRejection>) -> Result<AccountId, Problem> {
    let parsed = path.ok().and_then(|Path(text)| text.parse().ok());
    parsed.ok_or_else(|| Problem::new(Code::AccountUnknown, "there is no such account"))
}

impl From<&StoredAccount> for Account {
    fn from(account: &StoredAccount) -> Self {
        Self {
            id: account.id.to_string(),
            name: account.name.to_string(),
            kind: account.kind.as_str(),
            role: account.role.as_str(),
            permissions: names(account.role.permissions()),
            created_at: account.created_at.to_string(),
            disabled_at: account.disabled_at.map(|at| at.to_string()),
        }
    }
}

pub(crate) fn names(permissions: domain::Permissions) -> Vec<&'static str> {
    permissions.iter().map(domain::Permission::as_str).collect()
}
