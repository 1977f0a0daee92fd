//! `GET /v1/upstreams`, and what callers are told when an engine elsewhere has not answered.

use axum::{Json, extract::State};
use governance::{Action, AuditFact, Subject};
use inference::{
    AnsweredShare, Decision, GatewayError, Health, Nobody, RouteState,
    ports::{Denial, UpstreamError, UpstreamId},
};
use inference_wire::{self as wire, ErrorBody, UpstreamOverview};

use crate::{
    ApiState,
    caller::Authenticated,
    problem::{Code, Problem},
};

/// Tell how the engines that run elsewhere are
///
/// `routes` says who would be asked now, and why; `shares` what each engine has answered.
#[utoipa::path(
    get,
    path = "/v1/upstreams",
    operation_id = "listUpstreams",
    tag = "models",
    responses(
        (status = 200, description = "The upstreams", body = UpstreamOverview),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("upstream.list")), ("x-permission" = json!("log"))),
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
) -> Result<Json<UpstreamOverview>, Problem> {
    state.trail.record(&AuditFact::ok(Action::UpstreamList, caller, Subject::Nothing)).await?;
    let overview = state.chat.upstreams(&caller).await.map_err(|error| {
        tracing::error!(?error, "the shares of upstreams were not read");
        Problem::new(Code::StoreUnavailable, error.to_string()).retry_after(Some(2))
    })?;
    Ok(Json(UpstreamOverview {
        upstreams: overview.upstreams.iter().map(upstream_state).collect(),
        routes: overview.routes.into_iter().map(route).collect(),
        shares: shares(&overview.shares),
        shares_days: overview.days,
    }))
}

fn upstream_state(state: &inference::UpstreamState) -> wire::UpstreamState {
    let denial = |denial: &Denial| wire::UpstreamDenial {
        code: denial.code.to_owned(),
        reason: denial.reason.clone(),
    };
    wire::UpstreamState {
        id: state.card.id.to_string(),
        own: state.card.is_own,
        models: state.card.models.iter().map(|model| model.id.to_string()).collect(),
        denied: state.denied.as_ref().map(denial),
        health: match state.health {
            Health::Well => wire::UpstreamHealth::Well,
            Health::Doubtful => wire::UpstreamHealth::Doubtful,
            Health::Down => wire::UpstreamHealth::Down,
        },
        running: state.running as u64,
        requests_max: state.card.requests_max as u64,
    }
}

fn route(route: RouteState) -> wire::UpstreamRoute {
    let RouteState { model, names, decision } = route;
    let (order, because, left_out) = match decision {
        Ok(Decision { order, because, left_out }) => (order, Some(because), left_out),
        Err(Nobody { left_out, .. }) => (Vec::new(), None, left_out),
    };
    let left_out = left_out.into_iter().map(|(index, reason)| wire::UpstreamLeftOut {
        id: names[index].clone(),
        because: reason.as_str().to_owned(),
    });
    wire::UpstreamRoute {
        model: model.to_string(),
        order: order.into_iter().map(|index| names[index].clone()).collect(),
        because: because.map(|because| because.as_str().to_owned()),
        left_out: left_out.collect(),
    }
}

fn shares(shares: &[AnsweredShare]) -> Vec<wire::UpstreamShare> {
    let total = |of: &AnsweredShare| {
        let same = |one: &&AnsweredShare| (&one.project, &one.model) == (&of.project, &of.model);
        shares.iter().filter(same).map(|one| one.tokens).sum::<u64>()
    };
    let share = |one: &AnsweredShare| wire::UpstreamShare {
        project: one.project.to_string(),
        model: one.model.to_string(),
        upstream: one.upstream.clone().unwrap_or_else(|| UpstreamId::HERE.to_owned()),
        own: one.is_own,
        requests: one.requests,
        tokens: one.tokens,
        percent: percent(one.tokens, total(one)),
    };
    shares.iter().map(share).collect()
}

/// With one digit after the point.
#[expect(clippy::cast_precision_loss, reason = "a share of tokens, not a count")]
fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { (part as f64 / whole as f64 * 1000.0).round() / 10.0 }
}

impl From<&GatewayError> for Problem {
    fn from(error: &GatewayError) -> Self {
        let message = error.to_string();
        match error {
            GatewayError::NoEligible { .. } => Self::new(Code::NoEligibleUpstream, message).hint(
                "nothing was sent; the operator sees at GET /v1/upstreams which rule denies which \
                 upstream",
            ),
            GatewayError::Unavailable { .. } => Self::new(Code::UpstreamUnavailable, message)
                .hint("wait for the seconds in Retry-After, then send the request again"),
            GatewayError::Full { .. } => Self::new(Code::CapacityExhausted, message)
                .hint("wait for the seconds in Retry-After, then send the request again"),
            GatewayError::Upstream { model, source } => upstream(model.as_str(), source),
            GatewayError::Stopping | GatewayError::CallerLeft => {
                Self::new(Code::ServerStopping, "the server is stopping")
            }
        }
    }
}

/// What an upstream says of itself is for the operator; what it says of the request is for whoever
/// made it.
fn upstream(model: &str, error: &UpstreamError) -> Problem {
    match error {
        UpstreamError::Denied(_) => Problem::new(
            Code::NoEligibleUpstream,
            format!("no engine that may be asked has the model `{model}`"),
        ),
        UpstreamError::NotRecorded => Problem::new(Code::AuditUnavailable, error.to_string())
            .hint("the operator sees the reason at GET /health"),
        UpstreamError::Unsuited { field } => {
            let text = format!("the upstream of `{model}` cannot keep `{field}`");
            Problem::new(Code::FeatureUnsupported, text)
                .hint("leave the field out, or ask a model of another upstream")
        }
        UpstreamError::Refused { status, detail } => {
            let text =
                format!("the upstream of `{model}` refused the request ({status}): {detail}");
            Problem::new(Code::UpstreamRefused, text)
                .hint("change what the message is about, and send the request again")
        }
        UpstreamError::Busy { .. } => {
            Problem::new(Code::CapacityExhausted, format!("the upstream of `{model}` is busy"))
                .hint("wait for the seconds in Retry-After, then send the request again")
        }
        UpstreamError::Unreachable { .. }
        | UpstreamError::Barred { .. }
        | UpstreamError::Erred { .. }
        | UpstreamError::Failed { .. } => {
            tracing::error!(model, %error, "an upstream failed");
            let text = format!("the upstream of `{model}` did not answer as it should");
            Problem::new(Code::UpstreamFailed, text)
                .hint("send the request again; the operator finds the reason in the server's log")
        }
    }
}
