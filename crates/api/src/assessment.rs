//! `GET /v1/sovereignty/assessment`: the deployment, assessed now.

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use governance::AssessmentError;
use inference_wire::ErrorBody;
use serde::Deserialize;
use sovereignty::Report;

use crate::{
    ApiState,
    caller::Authenticated,
    problem::{Code, Problem},
};

#[derive(Deserialize)]
pub(crate) struct Wanted {
    framework: Option<String>,
}

/// Assess the sovereignty of this deployment
///
/// Carries every check out now, one assessment at a time, and leaves the digest of the report in the
/// log. `galerne sovereignty assess --json` prints the same. It is no certification.
#[utoipa::path(
    get,
    path = "/v1/sovereignty/assessment",
    operation_id = "assessSovereignty",
    tag = "sovereignty",
    params(
        ("framework" = Option<String>, Query, description = "Lists the criteria of this text under `framework`: `csf`, `c3a`, `secnumcloud`, `eds`, `aiact`, `nis2` or `dora`"),
    ),
    responses(
        (status = 200, description = "The report", body = Report),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 409, description = "Another assessment is being made", body = ErrorBody),
        (status = 422, description = "There is no such text", body = ErrorBody),
        (status = 500, description = "The deployment could not be assessed", body = ErrorBody),
        (status = 503, description = "It takes too long, or cannot be recorded", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("sovereignty.assess")), ("x-permission" = json!("log"))),
)]
pub(crate) async fn read(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Problem> {
    let framework = match wanted {
        Ok(Query(wanted)) => wanted.framework,
        Err(_) => return Err(unknown_framework()),
    };
    if framework.as_deref().is_some_and(|id| !is_known(id)) {
        return Err(unknown_framework());
    }
    let report = state.assessments.run(caller, framework).await?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, report).into_response())
}

fn is_known(id: &str) -> bool {
    sovereignty::frameworks().is_ok_and(|all| all.iter().any(|framework| framework.id == id))
}

fn unknown_framework() -> Problem {
    Problem::new(Code::InvalidRequest, "there is no such framework")
        .param("framework")
        .hint("leave it out, or give one of those that a report lists under `frameworks`")
}

impl From<AssessmentError> for Problem {
    fn from(error: AssessmentError) -> Self {
        let message = error.to_string();
        match error {
            AssessmentError::Running => Self::new(Code::AssessmentRunning, message)
                .hint("wait for the seconds in Retry-After, then ask again")
                .retry_after(Some(2)),
            AssessmentError::Late { .. } => Self::new(Code::AssessmentLate, message)
                .hint("`galerne sovereignty assess` on the machine waits as long as it takes")
                .retry_after(Some(60)),
            AssessmentError::Assessor(_) | AssessmentError::BrokeOff => {
                tracing::error!(?error, "the deployment was not assessed");
                Self::new(Code::AssessmentFailed, "the deployment could not be assessed")
                    .hint("`galerne sovereignty assess` on the machine says why")
            }
            AssessmentError::Audit(source) => source.into(),
        }
    }
}
