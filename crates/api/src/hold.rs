//! `/v1/holds`: what must not be removed, whoever asks for it.

use axum::{
    Json,
    extract::{Path, Request, State, rejection::PathRejection},
    http::StatusCode,
};
use domain::HoldId;
use governance::{Hold as StoredHold, NewHold};
use inference_wire::ErrorBody;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    ApiState, body,
    caller::SignedInBrowser,
    problem::{Code, Problem},
};

#[derive(Deserialize, ToSchema)]
pub(crate) struct PlaceHold {
    /// The id of the account whose content is held; everything of the organisation without one.
    #[serde(default)]
    account: Option<String>,
    /// `litigation`, `investigation`, `authority` or `audit`.
    reason: String,
    /// Of the case, 1 to 200 characters; best without a name.
    reference: String,
}

/// An order to keep something from being removed.
#[derive(Serialize, ToSchema)]
pub(crate) struct Hold {
    id: String,
    account: Option<String>,
    reason: &'static str,
    reference: String,
    #[schema(format = DateTime)]
    placed_at: String,
    #[schema(format = DateTime)]
    lifted_at: Option<String>,
}

/// All holds, the newest first, lifted ones too.
#[derive(Serialize, ToSchema)]
pub(crate) struct HoldList {
    data: Vec<Hold>,
}

/// Place a hold
///
/// While it is in force no term removes what it covers, nobody erases the account, and its owner
/// deletes no conversation.
#[utoipa::path(
    post,
    path = "/v1/holds",
    operation_id = "placeHold",
    tag = "data protection",
    request_body = PlaceHold,
    responses(
        (status = 201, description = "It is in force", body = Hold),
        (status = 400, description = "Not JSON or not UTF-8", body = ErrorBody),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 404, description = "There is no such account, or it is being erased", body = ErrorBody),
        (status = 408, description = "The body did not arrive in time", body = ErrorBody),
        (status = 413, description = "The body is too large", body = ErrorBody),
        (status = 422, description = "Fields that make no sense", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("session" = [])),
    extensions(
        ("x-audit-class" = json!("hold.place")), ("x-permission" = json!("data_protection"))
    ),
)]
pub(crate) async fn place(
    State(state): State<ApiState>,
    browser: SignedInBrowser,
    request: Request,
) -> Result<(StatusCode, Json<Hold>), Problem> {
    let bytes = body::read(request, &state.settings).await?;
    let given: PlaceHold = body::json(&bytes, "must have a `reason` and a `reference`")?;
    let account = given.account.map(|id| body::word("account", &id)).transpose()?;
    let reason = body::word("reason", &given.reason)?;
    let new = NewHold { account, reason, reference: given.reference };
    let hold = state.holds.place(&browser.caller, new).await?;
    Ok((StatusCode::CREATED, Json(Hold::from(hold))))
}

/// List the holds
#[utoipa::path(
    get,
    path = "/v1/holds",
    operation_id = "listHolds",
    tag = "data protection",
    responses(
        (status = 200, description = "The holds", body = HoldList),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("session" = [])),
    extensions(
        ("x-audit-class" = json!("hold.list")), ("x-permission" = json!("data_protection"))
    ),
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    browser: SignedInBrowser,
) -> Result<Json<HoldList>, Problem> {
    let holds = state.holds.list(&browser.caller).await?;
    Ok(Json(HoldList { data: holds.into_iter().map(Hold::from).collect() }))
}

/// Lift a hold
///
/// It stays in the list. What was due meanwhile is removed within the hour.
#[utoipa::path(
    delete,
    path = "/v1/holds/{id}",
    operation_id = "liftHold",
    tag = "data protection",
    params(("id" = String, Path, description = "The id of the hold")),
    responses(
        (status = 204, description = "It is lifted"),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 404, description = "There is no such hold in force", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("session" = [])),
    extensions(
        ("x-audit-class" = json!("hold.lift")), ("x-permission" = json!("data_protection"))
    ),
)]
pub(crate) async fn lift(
    State(state): State<ApiState>,
    browser: SignedInBrowser,
    path: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let id: Option<HoldId> = path.ok().and_then(|Path(text)| text.parse().ok());
    let unknown = || Problem::new(Code::HoldUnknown, "there is no such hold in force");
    state.holds.lift(&browser.caller, id.ok_or_else(unknown)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<StoredHold> for Hold {
    fn from(hold: StoredHold) -> Self {
        Self {
            id: hold.id.to_string(),
            account: hold.account.map(|id| id.to_string()),
            reason: hold.reason.as_str(),
            reference: hold.reference,
            placed_at: hold.placed_at.to_string(),
            lifted_at: hold.lifted_at.map(|at| at.to_string()),
        }
    }
}
