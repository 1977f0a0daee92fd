//! Every refusal under `/v1/`, `/log/` and `/scim/` leaves an audit entry before it is answered.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use governance::AuditFact;

use crate::{
    ApiState,
    caller::CallerSlot,
    problem::{Problem, Refused},
    scim,
};

pub(crate) async fn record(
    State(state): State<ApiState>,
    mut request: Request,
    next: Next,
) -> Response {
    let slot = CallerSlot::default();
    request.extensions_mut().insert(slot.clone());
    let is_ours = is_api(request.uri().path());
    let is_scim = scim::is_scim(request.uri().path());
    let response = next.run(request).await;
    let response = if is_scim { scim::in_its_words(response) } else { response };
    let Some(&Refused { code, audited }) = response.extensions().get::<Refused>() else {
        return response;
    };
    metrics::counter!("galerne_refusals_total", "code" => code.as_str()).increment(1);
    if audited || !is_ours {
        return response;
    }
    match state.trail.record(&AuditFact::refused(code.as_str(), slot.caller())).await {
        Ok(()) => response,
        Err(error) if is_scim => scim::in_its_words(Problem::from(error).into_response()),
        Err(error) => Problem::from(error).into_response(),
    }
}

/// Paths of the API, known or not; the others belong to the page and to operations.
pub(crate) fn is_api(path: &str) -> bool {
    ["/v1", "/log", "/scim"].iter().any(|root| {
        path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}
