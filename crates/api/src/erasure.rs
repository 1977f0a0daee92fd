//! `/v1/erasures`: who was erased, and the certificates that say so.

use axum::{
    Json,
    extract::{Path, Request, State, rejection::PathRejection},
    http::StatusCode,
};
use domain::ErasureId;
use governance::{Erasure as StoredErasure, ErasureState};
use inference_wire::ErrorBody;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    ApiState, account, body,
    caller::SignedInBrowser,
    problem::{Code, Problem},
};

#[derive(Deserialize, ToSchema)]
pub(crate) struct OrderErasure {
    /// `request_of_person`, `end_of_purpose` or `order`.
    reason: String,
}

/// An order to erase somebody, and what came of it. Nothing in it names the person.
#[derive(Serialize, ToSchema)]
pub(crate) struct Erasure {
    id: String,
    /// `under_way` or `done`. What is under way goes on by itself, also after a restart.
    state: &'static str,
    /// The pseudonym that entries of the log have; its key is destroyed.
    subject: String,
    reason: &'static str,
    /// The role of whoever ordered it, or `operator` on the machine.
    ordered_by: &'static str,
    #[schema(format = DateTime)]
    ordered_at: String,
    /// Since when nothing names the person.
    #[schema(format = DateTime)]
    removed_at: Option<String>,
    /// How many rows of each class were removed, or taken off the person.
    erased: Vec<ErasedRows>,
    /// The signed certificate, to be kept byte by byte; once it is done.
    certificate: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ErasedRows {
    /// For example `conversations`.
    class: &'static str,
    count: u64,
}

/// All erasures, the newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErasureList {
    data: Vec<Erasure>,
}

/// Erase a person
///
/// Removes the account with everything that names it or belongs to it, destroys the keys of its
/// pseudonyms, and leaves the log as it is. Answers 200 with the certificate when it is done within
/// some seconds, and 202 when it goes on: `GET /v1/erasures/{id}` tells.
#[utoipa::path(
    post,
    path = "/v1/accounts/{id}/erasure",
    operation_id = "eraseAccount",
    tag = "data protection",
    params(("id" = String, Path, description = "The id of the account")),
    request_body = OrderErasure,
    responses(
        (status = 200, description = "It is done", body = Erasure),
        (status = 202, description = "It is under way", body = Erasure),
        (status = 400, description = "Not JSON or not UTF-8", body = ErrorBody),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 404, description = "There is no such account", body = ErrorBody),
        (status = 408, description = "The body did not arrive in time", body = ErrorBody),
        (status = 409, description = "A hold is in force, or it is the last owner", body = ErrorBody),
        (status = 413, description = "The body is too large", body = ErrorBody),
        (status = 422, description = "Fields that make no sense", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("session" = [])),
    extensions(
        ("x-audit-class" = json!("account.erase")), ("x-permission" = json!("data_protection"))
    ),
)]
pub(crate) async fn order(
    State(state): State<ApiState>,
    browser: SignedInBrowser,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<(StatusCode, Json<Erasure>), Problem> {
    let id = account::account_id(path)?;
    let bytes = body::read(request, &state.settings).await?;
    let given: OrderErasure = body::json(&bytes, "must have a `reason`")?;
    let reason = body::word("reason", &given.reason)?;
    let ordered = state.erasures.order(&browser.caller, id, reason).await?;
    let erasure = state.erasures.wait(ordered).await?;
    let status = match erasure.state {
        ErasureState::Done => StatusCode::OK,
        ErasureState::Removing | ErasureState::Removed | ErasureState::Overwritten => {
            StatusCode::ACCEPTED
        }
    };
    Ok((status, Json(Erasure::from(erasure))))
}

/// List the erasures
#[utoipa::path(
    get,
    path = "/v1/erasures",
    operation_id = "listErasures",
    tag = "data protection",
    responses(
        (status = 200, description = "The erasures", body = ErasureList),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("session" = [])),
    extensions(
        ("x-audit-class" = json!("erasure.list")), ("x-permission" = json!("data_protection"))
    ),
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    browser: SignedInBrowser,
) -> Result<Json<ErasureList>, Problem> {
    let erasures = state.erasures.list(&browser.caller).await?;
    Ok(Json(ErasureList { data: erasures.into_iter().map(Erasure::from).collect() }))
}

/// Read an erasure and its certificate
///
/// `galerne-verify erasure FILE --key KEY` checks the certificate without a network.
#[utoipa::path(
    get,
    path = "/v1/erasures/{id}",
    operation_id = "readErasure",
    tag = "data protection",
    params(("id" = String, Path, description = "The id of the erasure")),
    responses(
        (status = 200, description = "The erasure", body = Erasure),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 404, description = "There is no such erasure", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("session" = [])),
    extensions(
        ("x-audit-class" = json!("erasure.read")), ("x-permission" = json!("data_protection"))
    ),
)]
pub(crate) async fn read(
    State(state): State<ApiState>,
    browser: SignedInBrowser,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Erasure>, Problem> {
    let id: Option<ErasureId> = path.ok().and_then(|Path(text)| text.parse().ok());
    let unknown = || Problem::new(Code::ErasureUnknown, "there is no such erasure");
    let erasure = state.erasures.read(&browser.caller, id.ok_or_else(unknown)?).await?;
    Ok(Json(Erasure::from(erasure)))
}

impl From<StoredErasure> for Erasure {
    fn from(erasure: StoredErasure) -> Self {
        let counts = erasure.erased.iter();
        Self {
            id: erasure.id.to_string(),
            state: if erasure.state == ErasureState::Done { "done" } else { "under_way" },
            reason: erasure.reason.as_str(),
            ordered_by: erasure.ordered_by.as_str(),
            ordered_at: erasure.ordered_at.to_string(),
            removed_at: erasure.removed.map(|(at, _)| at.to_string()),
            erased: counts
                .map(|(class, count)| ErasedRows { class: class.as_str(), count: *count })
                .collect(),
            subject: erasure.subject,
            certificate: erasure.certificate,
        }
    }
}
