//! `/health`, `/ready`, `/metrics` and `/openapi.json`: for operators, open to all, without data.

use std::{sync::LazyLock, time::Duration};

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use governance::LogFault;
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;

use crate::{ApiState, metering, openapi_json};

/// A store that takes longer is not ready.
const STORE_DEADLINE: Duration = Duration::from_secs(2);

static DOCUMENT: LazyLock<Result<String, serde_json::Error>> = LazyLock::new(openapi_json);

/// Whether the server does what it must: above all, whether it can record accesses.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    status: HealthStatus,
    /// Why accesses are refused, or a model is; empty when none is.
    reasons: Vec<Reason>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum HealthStatus {
    Ok,
    /// It answers, but not with every model that it has, or not out of conversations.
    Degraded,
    Failing,
}

/// Whether requests can be answered.
#[derive(Serialize, ToSchema)]
pub(crate) struct Ready {
    status: ReadyStatus,
    /// Why not; empty when ready.
    reasons: Vec<Reason>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ReadyStatus {
    Ready,
    NotReady,
}

#[derive(Serialize, ToSchema)]
enum Reason {
    #[serde(rename = "engine.no_model")]
    NoModel,
    #[serde(rename = "store.unavailable")]
    StoreUnavailable,
    #[serde(rename = "server.stopping")]
    Stopping,
    /// Some model was changed, or nobody vouches for it.
    #[serde(rename = "model.refused")]
    ModelRefused,
    /// The key that wraps the keys of texts is not at hand.
    #[serde(rename = "encryption.locked")]
    EncryptionLocked,
    #[serde(rename = "log.unavailable")]
    LogUnavailable,
    #[serde(rename = "log.witness_late")]
    WitnessLate,
    #[serde(rename = "clock.moved_back")]
    ClockMovedBack,
    #[serde(rename = "log.altered")]
    LogAltered,
    #[serde(rename = "log.rolled_back")]
    LogRolledBack,
    #[serde(rename = "log.forked")]
    LogForked,
}

impl From<LogFault> for Reason {
    fn from(fault: LogFault) -> Self {
        match fault {
            LogFault::Unavailable => Self::LogUnavailable,
            LogFault::WitnessLate => Self::WitnessLate,
            LogFault::ClockMovedBack => Self::ClockMovedBack,
            LogFault::Altered => Self::LogAltered,
            LogFault::RolledBack => Self::LogRolledBack,
            LogFault::Forked => Self::LogForked,
        }
    }
}

/// Whether the server does what it must
#[utoipa::path(
    get,
    path = "/health",
    operation_id = "readHealth",
    tag = "operations",
    responses(
        (status = 200, description = "It does, though perhaps not all of it", body = Health),
        (status = 503, description = "Accesses cannot be recorded and are refused", body = Health),
    ),
    extensions(("x-audit-class" = json!("none"))),
)]
pub(crate) async fn health(State(state): State<ApiState>) -> (StatusCode, Json<Health>) {
    let mut reasons: Vec<_> = state.log.status().faults.into_iter().map(Reason::from).collect();
    let fails = !reasons.is_empty();
    if state.readiness.texts_are_locked() {
        reasons.push(Reason::EncryptionLocked);
    }
    if state.readiness.models_refused() > 0 {
        reasons.push(Reason::ModelRefused);
    }
    let (code, status) = match (fails, reasons.is_empty()) {
        (true, _) => (StatusCode::SERVICE_UNAVAILABLE, HealthStatus::Failing),
        (false, false) => (StatusCode::OK, HealthStatus::Degraded),
        (false, true) => (StatusCode::OK, HealthStatus::Ok),
    };
    (code, Json(Health { status, reasons }))
}

/// Whether requests can be answered
#[utoipa::path(
    get,
    path = "/ready",
    operation_id = "readReadiness",
    tag = "operations",
    responses(
        (status = 200, description = "They can", body = Ready),
        (status = 503, description = "They cannot, for the reasons given", body = Ready),
    ),
    extensions(("x-audit-class" = json!("none"))),
)]
pub(crate) async fn ready(State(state): State<ApiState>) -> (StatusCode, Json<Ready>) {
    let mut reasons = Vec::new();
    if state.models.list().is_empty() {
        reasons.push(Reason::NoModel);
    }
    let store = timeout(STORE_DEADLINE, state.readiness.store_answers()).await;
    if !matches!(store, Ok(true)) {
        reasons.push(Reason::StoreUnavailable);
    }
    reasons.extend(state.log.status().faults.into_iter().map(Reason::from));
    if state.readiness.is_stopping() {
        reasons.push(Reason::Stopping);
    }
    if reasons.is_empty() {
        (StatusCode::OK, Json(Ready { status: ReadyStatus::Ready, reasons }))
    } else {
        let ready = Ready { status: ReadyStatus::NotReady, reasons };
        (StatusCode::SERVICE_UNAVAILABLE, Json(ready))
    }
}

/// Figures for Prometheus
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "readMetrics",
    tag = "operations",
    responses((status = 200, description = "In Prometheus' text format", body = String, content_type = "text/plain")),
    extensions(("x-audit-class" = json!("none"))),
)]
pub(crate) async fn metrics(State(state): State<ApiState>) -> Response {
    metering::log(&state.log.status());
    let content_type = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (content_type, state.metrics.render()).into_response()
}

/// This document
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "readOpenapi",
    tag = "operations",
    responses((status = 200, description = "In OpenAPI 3.1", content_type = "application/json", body = Object)),
    extensions(("x-audit-class" = json!("none"))),
)]
pub(crate) async fn document() -> Response {
    match &*DOCUMENT {
        Ok(document) => {
            ([(header::CONTENT_TYPE, "application/json")], document.as_str()).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "OpenAPI document not written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
