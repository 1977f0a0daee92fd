//! `/v1/budgets`: what may be used, by whom; and the headers that tell it with every answer.

use axum::{
    Json,
    extract::{Path, Request, State, rejection::PathRejection},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    middleware::Next,
    response::Response,
};
use governance::AccessError;
use inference::{
    BudgetError, BudgetExceeded, BudgetId, BudgetPeriod, BudgetQuantity, BudgetScope,
    BudgetStanding, Rate,
};
use inference_wire::ErrorBody;
use serde::{Deserialize, Serialize};
use serde_json::Number;
use utoipa::ToSchema;

use crate::{
    ApiState, body,
    caller::{CallerSlot, SignedInBrowser},
    problem::{Code, Problem},
};

#[derive(Deserialize, ToSchema)]
pub(crate) struct SetBudget {
    /// `key`, `account`, `project` or `organisation`.
    scope: String,
    /// The id of the key, account or project; nothing for the organisation.
    #[serde(default)]
    scope_id: Option<String>,
    /// `requests_per_minute`, `tokens_per_minute`, `tokens_per_month`, `euros_per_month` or
    /// `kwh_per_month`. Months are those of the calendar, in UTC.
    quantity: String,
    /// At least 0; whole for requests and tokens.
    #[schema(value_type = f64)]
    limit: Number,
}

/// A limit, and how much of it is gone.
#[derive(Serialize, ToSchema)]
pub(crate) struct Budget {
    id: String,
    scope: &'static str,
    scope_id: Option<String>,
    quantity: &'static str,
    #[schema(value_type = f64)]
    limit: Number,
    /// In this month, or in the last 60 seconds.
    #[schema(value_type = f64)]
    used: Number,
    /// For requests that run, as much as they may use.
    #[schema(value_type = f64)]
    held: Number,
}

/// All limits of the organisation.
#[derive(Serialize, ToSchema)]
pub(crate) struct BudgetList {
    data: Vec<Budget>,
}

/// List the limits
#[utoipa::path(
    get,
    path = "/v1/budgets",
    operation_id = "listBudgets",
    tag = "budgets",
    responses(
        (status = 200, description = "The limits, with what is used", body = BudgetList),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("session" = [])),
    extensions(("x-audit-class" = json!("budget.list")), ("x-permission" = json!("accounts"))),
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    browser: SignedInBrowser,
) -> Result<Json<BudgetList>, Problem> {
    let standings = state.budgets.list(&browser.caller).await?;
    let data = standings.into_iter().map(Budget::try_from).collect::<Result<_, _>>()?;
    Ok(Json(BudgetList { data }))
}

/// Set a limit
///
/// In the place of the one that the same key, account, project or organisation had for the
/// quantity. It counts from the next request on, with what was used before.
#[utoipa::path(
    put,
    path = "/v1/budgets",
    operation_id = "setBudget",
    tag = "budgets",
    request_body = SetBudget,
    responses(
        (status = 200, description = "It is in force", body = Budget),
        (status = 400, description = "Not JSON or not UTF-8", body = ErrorBody),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 404, description = "There is no such key, account or project", body = ErrorBody),
        (status = 408, description = "The body did not arrive in time", body = ErrorBody),
        (status = 413, description = "The body is too large", body = ErrorBody),
        (status = 422, description = "Fields that make no sense", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("session" = [])),
    extensions(("x-audit-class" = json!("budget.set")), ("x-permission" = json!("accounts"))),
)]
pub(crate) async fn set(
    State(state): State<ApiState>,
    browser: SignedInBrowser,
    request: Request,
) -> Result<Json<Budget>, Problem> {
    let bytes = body::read(request, &state.settings).await?;
    let given: SetBudget =
        body::json(&bytes, "must have a `scope`, a `quantity` and a `limit` that is a number")?;
    let scope = BudgetScope::from_words(&given.scope, given.scope_id.as_deref());
    let scope = scope.map_err(|error| body::invalid("scope", error.to_string()))?;
    let quantity: BudgetQuantity = body::word("quantity", &given.quantity)?;
    let written = given.limit.to_string();
    let amount = quantity.amount(written.strip_suffix(".0").unwrap_or(&written));
    let amount = amount.map_err(|error| body::invalid("limit", error.to_string()))?;
    let standing = state.budgets.set(&browser.caller, BudgetId { scope, quantity }, amount).await?;
    Ok(Json(Budget::try_from(standing)?))
}

/// Remove a limit
#[utoipa::path(
    delete,
    path = "/v1/budgets/{id}",
    operation_id = "removeBudget",
    tag = "budgets",
    params(("id" = String, Path, description = "The id of the limit, as the list tells it")),
    responses(
        (status = 204, description = "It is removed"),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 404, description = "There is no such limit", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("session" = [])),
    extensions(("x-audit-class" = json!("budget.remove")), ("x-permission" = json!("accounts"))),
)]
pub(crate) async fn remove(
    State(state): State<ApiState>,
    browser: SignedInBrowser,
    path: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let id: Option<BudgetId> = path.ok().and_then(|Path(text)| text.parse().ok());
    state.budgets.remove(&browser.caller, id.ok_or(BudgetError::Unknown)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl TryFrom<BudgetStanding> for Budget {
    type Error = Problem;

    fn try_from(standing: BudgetStanding) -> Result<Self, Problem> {
        let BudgetId { scope, quantity } = standing.budget.id;
        let show = |amount| number(&quantity.show(amount));
        Ok(Self {
            id: standing.budget.id.to_string(),
            scope: scope.kind(),
            scope_id: scope.id(),
            quantity: quantity.as_str(),
            limit: show(standing.budget.amount)?,
            used: show(standing.used)?,
            held: show(standing.held)?,
        })
    }
}

/// A decimal number as JSON has it.
pub(crate) fn number(text: &str) -> Result<Number, Problem> {
    serde_json::from_str(text).map_err(|error| {
        tracing::error!(%error, "a number cannot be told");
        Problem::new(Code::Internal, "the server failed")
    })
}

/// Adds to an answer what is left of the caller's limits a minute, where there are any. Names and
/// forms are those that clients know.
pub(crate) async fn tell_rates(
    State(state): State<ApiState>,
    request: Request,
    next: Next,
) -> Response {
    let slot = request.extensions().get::<CallerSlot>().cloned();
    let mut response = next.run(request).await;
    if let Some(caller) = slot.and_then(|slot| slot.caller()) {
        let rates = state.budgets.rates(&caller);
        let headers = response.headers_mut();
        if let Some(rate) = rates.requests {
            tell(headers, &rate, REQUESTS);
        }
        if let Some(rate) = rates.tokens {
            tell(headers, &rate, TOKENS);
        }
    }
    response
}

/// Of the limit, of what is left, and of the time until nothing is used.
type Names = [HeaderName; 3];

const REQUESTS: Names = [
    HeaderName::from_static("x-ratelimit-limit-requests"),
    HeaderName::from_static("x-ratelimit-remaining-requests"),
    HeaderName::from_static("x-ratelimit-reset-requests"),
];

const TOKENS: Names = [
    HeaderName::from_static("x-ratelimit-limit-tokens"),
    HeaderName::from_static("x-ratelimit-remaining-tokens"),
    HeaderName::from_static("x-ratelimit-reset-tokens"),
];

fn tell(headers: &mut HeaderMap, rate: &Rate, names: Names) {
    let [limit, remaining, reset] = names;
    headers.insert(limit, HeaderValue::from(rate.limit));
    headers.insert(remaining, HeaderValue::from(rate.remaining));
    if let Ok(seconds) = HeaderValue::from_str(&format!("{}s", rate.reset_seconds)) {
        headers.insert(reset, seconds);
    }
}

/// Requests that run may leave something by then.
const HELD_SECONDS: u32 = 2;

/// A request that may not start.
pub(crate) fn exceeded(exceeded: &BudgetExceeded) -> Problem {
    let message = exceeded.to_string();
    match exceeded.quantity.period() {
        BudgetPeriod::Minute => Problem::new(Code::RateLimited, message)
            .hint("wait for the seconds in Retry-After, then send the request again"),
        BudgetPeriod::Month if exceeded.is_used_up => Problem::new(Code::BudgetExceeded, message)
            .hint("whoever keeps the accounts of the organisation can raise it"),
        BudgetPeriod::Month => Problem::new(Code::BudgetExceeded, message)
            .retry_after(Some(HELD_SECONDS))
            .hint("ask again when requests that run have ended, or with a smaller `max_tokens`"),
    }
}

impl From<BudgetError> for Problem {
    fn from(error: BudgetError) -> Self {
        let message = error.to_string();
        match error {
            BudgetError::Unknown => {
                Self::new(Code::BudgetUnknown, message).hint("GET /v1/budgets lists them")
            }
            BudgetError::NobodyThere { .. } => Self::new(Code::BudgetUnknown, message)
                .hint("a limit is for a key, an account or a project that exists"),
            BudgetError::Audit(source) => AccessError::Audit(source).into(),
            BudgetError::Store(source) => {
                tracing::error!(error = ?source, "store not available");
                Self::new(Code::StoreUnavailable, message).retry_after(Some(2))
            }
        }
    }
}
