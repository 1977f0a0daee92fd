//! `/v1/break-glass`: two persons open one person's conversations in an emergency.

use std::collections::HashMap;

use axum::{
    Json,
    extract::{Path, Request, State, rejection::PathRejection},
    http::StatusCode,
};
use domain::{AccountId, AccountName, Caller, OpeningId, Timestamp};
use governance::{BreakGlassError, Denial, Opening as StoredOpening, OpeningWish};
use inference_wire::{Conversation, ConversationHistory, ErrorBody};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    ApiState, body,
    caller::SignedInBrowser,
    conversation::{convert, id, query::Listing},
    problem::{Code, Problem},
};

/// One request to read what somebody else wrote.
#[derive(Serialize, ToSchema)]
pub(crate) struct Opening {
    id: String,
    /// The id of the account whose conversations they are.
    account: String,
    /// Its name; absent once the person is erased, as with the other names.
    account_name: Option<String>,
    /// The id of the account that asked, and alone may read.
    requester: String,
    requester_name: Option<String>,
    /// Whoever is concerned reads it too.
    reason: String,
    minutes: u16,
    /// `waiting`, `lapsed`, `refused`, `open`, `ended` or `revoked`.
    state: &'static str,
    #[schema(format = DateTime)]
    requested_at: String,
    /// The id of the account that agreed.
    approver: Option<String>,
    approver_name: Option<String>,
    #[schema(format = DateTime)]
    approved_at: Option<String>,
    /// When reading ends by itself.
    #[schema(format = DateTime)]
    until: Option<String>,
    /// The id of the account that refused it or ended it early.
    closer: Option<String>,
    closer_name: Option<String>,
    #[schema(format = DateTime)]
    closed_at: Option<String>,
}

/// The newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct OpeningList {
    data: Vec<Opening>,
}

/// Conversations of somebody else, those in which something was said last first.
#[derive(Serialize, ToSchema)]
pub(crate) struct OpenedConversations {
    data: Vec<Conversation>,
    total: u64,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct RequestOpening {
    /// The id of the account whose conversations shall be opened.
    account: String,
    /// 10 to 1,000 characters. Whoever is concerned reads it too.
    reason: String,
    /// 5 to 240, counted from the approval.
    minutes: u16,
}

/// List who asked for whose conversations
///
/// Owners, data officers and auditors see all of the organisation, everybody else what concerns
/// themselves.
#[utoipa::path(
    get,
    path = "/v1/break-glass",
    operation_id = "listOpenings",
    tag = "break-glass",
    responses(
        (status = 200, description = "The openings", body = OpeningList),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("session" = [])),
    extensions(("x-audit-class" = json!("break_glass.list")), ("x-permission" = json!("none"))),
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    browser: SignedInBrowser,
) -> Result<Json<OpeningList>, Problem> {
    let openings = state.break_glass.list(&browser.caller).await?;
    Ok(Json(OpeningList { data: shown(&state, &browser.caller, openings).await? }))
}

/// Ask to open somebody's conversations
///
/// Nothing can be read until a second person agrees; one of the two has to be a data officer.
#[utoipa::path(
    post,
    path = "/v1/break-glass",
    operation_id = "requestOpening",
    tag = "break-glass",
    request_body = RequestOpening,
    responses(
        (status = 201, description = "It waits for a second person", body = Opening),
        (status = 400, description = "Not JSON or not UTF-8", body = ErrorBody),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 404, description = "There is no such account", body = ErrorBody),
        (status = 408, description = "The body did not arrive in time", body = ErrorBody),
        (status = 413, description = "The body is too large", body = ErrorBody),
        (status = 422, description = "Fields that make no sense", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("session" = [])),
    extensions(
        ("x-audit-class" = json!("break_glass.request")), ("x-permission" = json!("break_glass"))
    ),
)]
pub(crate) async fn request(
    State(state): State<ApiState>,
    browser: SignedInBrowser,
    request: Request,
) -> Result<(StatusCode, Json<Opening>), Problem> {
    let bytes = body::read(request, &state.settings).await?;
    let wanted = "must have an `account`, a `reason` and `minutes`";
    let RequestOpening { account, reason, minutes } = body::json(&bytes, wanted)?;
    let subject: Option<AccountId> = account.parse().ok();
    let subject =
        subject.ok_or_else(|| Problem::new(Code::AccountUnknown, "there is no such account"))?;
    let wish = OpeningWish { subject, reason, minutes };
    let opening = state.break_glass.request(&browser.caller, wish).await?;
    Ok((StatusCode::CREATED, Json(shown_one(&state, &browser.caller, opening).await?)))
}

/// Agree that somebody's conversations are opened
///
/// Whoever asked cannot agree. From now on the requester may read until the minutes are over.
#[utoipa::path(
    post,
    path = "/v1/break-glass/{id}/approval",
    operation_id = "approveOpening",
    tag = "break-glass",
    params(("id" = String, Path, description = "The id of the opening")),
    responses(
        (status = 200, description = "It is open", body = Opening),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 404, description = "There is no such opening", body = ErrorBody),
        (status = 409, description = "It does not wait any more", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("session" = [])),
    extensions(
        ("x-audit-class" = json!("break_glass.approve")), ("x-permission" = json!("break_glass"))
    ),
)]
pub(crate) async fn approve(
    State(state): State<ApiState>,
    browser: SignedInBrowser,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Opening>, Problem> {
    let id = opening_id(path.ok().map(|Path(text)| text))?;
    let opening = state.break_glass.approve(&browser.caller, id).await?;
    Ok(Json(shown_one(&state, &browser.caller, opening).await?))
}

/// Refuse an opening, or end it early
#[utoipa::path(
    delete,
    path = "/v1/break-glass/{id}",
    operation_id = "closeOpening",
    tag = "break-glass",
    params(("id" = String, Path, description = "The id of the opening")),
    responses(
        (status = 200, description = "It is closed, and stays in the list", body = Opening),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 404, description = "There is no such opening", body = ErrorBody),
        (status = 409, description = "It is over already", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("session" = [])),
    extensions(
        ("x-audit-class" = json!("break_glass.close")), ("x-permission" = json!("break_glass"))
    ),
)]
pub(crate) async fn close(
    State(state): State<ApiState>,
    browser: SignedInBrowser,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Opening>, Problem> {
    let id = opening_id(path.ok().map(|Path(text)| text))?;
    let opening = state.break_glass.close(&browser.caller, id).await?;
    Ok(Json(shown_one(&state, &browser.caller, opening).await?))
}

/// List the conversations that are opened
///
/// For whoever asked, while it is open. Takes the parameters of `GET /v1/conversations`.
#[utoipa::path(
    get,
    path = "/v1/break-glass/{id}/conversations",
    operation_id = "listOpenedConversations",
    tag = "break-glass",
    params(
        ("id" = String, Path, description = "The id of the opening"),
        ("page" = Option<u32>, Query, description = "From 0"),
        ("page_size" = Option<u32>, Query, description = "1 to 1000; 100 if absent"),
        ("archived" = Option<String>, Query, description = "`false` (if absent), `true` or `any`"),
    ),
    responses(
        (status = 200, description = "One page", body = OpenedConversations),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 404, description = "There is no such opening", body = ErrorBody),
        (status = 409, description = "It is not open", body = ErrorBody),
        (status = 422, description = "Parameters that make no sense", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("session" = [])),
    extensions(
        ("x-audit-class" = json!("break_glass.read")), ("x-permission" = json!("break_glass"))
    ),
)]
pub(crate) async fn conversations(
    State(state): State<ApiState>,
    browser: SignedInBrowser,
    path: Result<Path<String>, PathRejection>,
    Listing(query): Listing,
) -> Result<Json<OpenedConversations>, Problem> {
    let id = opening_id(path.ok().map(|Path(text)| text))?;
    let permit = state.break_glass.permit(&browser.caller, id).await?;
    let page = state.assistant.inspect_list(&permit, query).await?;
    let data = page.conversations.into_iter().map(|conversation| {
        let running = state.assistant.is_running(conversation.id);
        convert::conversation(conversation, running)
    });
    Ok(Json(OpenedConversations { data: data.collect(), total: page.total }))
}

/// Read a conversation that is opened, with all its branches
#[utoipa::path(
    get,
    path = "/v1/break-glass/{id}/conversations/{conversation}",
    operation_id = "readOpenedConversation",
    tag = "break-glass",
    params(
        ("id" = String, Path, description = "The id of the opening"),
        ("conversation" = String, Path, description = "The id of the conversation"),
    ),
    responses(
        (status = 200, description = "Its entries", body = ConversationHistory),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 404, description = "There is no such opening or conversation", body = ErrorBody),
        (status = 409, description = "It is not open", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("session" = [])),
    extensions(
        ("x-audit-class" = json!("break_glass.read")), ("x-permission" = json!("break_glass"))
    ),
)]
pub(crate) async fn conversation(
    State(state): State<ApiState>,
    browser: SignedInBrowser,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Json<ConversationHistory>, Problem> {
    let (opening, conversation) = path.map(|Path(both)| both).unwrap_or_default();
    let opening = opening_id(Some(opening))?;
    let conversation = id::conversation(&conversation)?;
    let permit = state.break_glass.permit(&browser.caller, opening).await?;
    let history = state.assistant.inspect(&permit, conversation).await?;
    Ok(Json(convert::history(history)))
}

/// What is no id is not the id of anything that is here.
fn opening_id(text: Option<String>) -> Result<OpeningId, Problem> {
    let parsed = text.and_then(|text| text.parse().ok());
    parsed.ok_or_else(|| BreakGlassError::Unknown.into())
}

async fn shown_one(
    state: &ApiState,
    caller: &Caller,
    opening: StoredOpening,
) -> Result<Opening, Problem> {
    let names = state.access.account_names(caller.organisation).await?;
    Ok(describe(&opening, state.clock.now(), &names))
}

async fn shown(
    state: &ApiState,
    caller: &Caller,
    openings: Vec<StoredOpening>,
) -> Result<Vec<Opening>, Problem> {
    let names = state.access.account_names(caller.organisation).await?;
    let now = state.clock.now();
    Ok(openings.iter().map(|opening| describe(opening, now, &names)).collect())
}

fn describe(
    opening: &StoredOpening,
    now: Timestamp,
    names: &HashMap<AccountId, AccountName>,
) -> Opening {
    let (approved, closed) = (opening.approved, opening.closed);
    let name = |id: AccountId| names.get(&id).map(ToString::to_string);
    Opening {
        id: opening.id.to_string(),
        account: opening.subject.to_string(),
        account_name: name(opening.subject),
        requester: opening.requester.to_string(),
        requester_name: name(opening.requester),
        reason: opening.reason.clone(),
        minutes: opening.minutes,
        state: opening.state(now).as_str(),
        requested_at: opening.requested_at.to_string(),
        approver: approved.map(|step| step.by.to_string()),
        approver_name: approved.and_then(|step| name(step.by)),
        approved_at: approved.map(|step| step.at.to_string()),
        until: opening.until().map(|at| at.to_string()),
        closer: closed.map(|step| step.by.to_string()),
        closer_name: closed.and_then(|step| name(step.by)),
        closed_at: closed.map(|step| step.at.to_string()),
    }
}

impl From<BreakGlassError> for Problem {
    fn from(error: BreakGlassError) -> Self {
        let message = error.to_string();
        match error {
            BreakGlassError::Unknown => {
                Self::new(Code::BreakGlassUnknown, message).hint("GET /v1/break-glass lists them")
            }
            BreakGlassError::Reason => body::invalid("reason", message),
            BreakGlassError::Minutes => body::invalid("minutes", message),
            // The context has written its entry.
            BreakGlassError::Denied(Denial::Over(_)) => {
                Self::new(Code::BreakGlassOver, message).hint("ask again if it is needed").audited()
            }
            BreakGlassError::Denied(_) => Self::new(Code::BreakGlassDenied, message)
                .hint("an owner and a data officer, or two data officers, stand for an opening")
                .audited(),
            BreakGlassError::Changed => Self::new(Code::BreakGlassOver, message)
                .hint("GET /v1/break-glass tells how it is now"),
            BreakGlassError::Access(source) => source.into(),
        }
    }
}
