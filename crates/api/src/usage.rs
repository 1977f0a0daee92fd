//! `GET /v1/usage`: what was used, added up.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use domain::{Day, Month};
use inference::{UsageReportRow, UsageSplit, UsageSum};
use inference_wire::{ErrorBody, FieldError, FieldErrorKind, PathPart, RequestError};
use serde::{Deserialize, Serialize};
use serde_json::Number;
use utoipa::{IntoParams, ToSchema};

use crate::{ApiState, budget, caller::Authenticated, problem::Problem};

/// More rows than a year of days has would be a report for nobody.
const DAYS_MAX: i64 = 366;

#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsageParams {
    /// The first day, in UTC, as `2026-11-01` [default: the first of this month].
    from: Option<String>,
    /// The last day [default: today].
    to: Option<String>,
    /// What to split the sums by: some of `project`, `model` and `day`, with commas.
    by: Option<String>,
}

/// Energy of requests, and how it was obtained.
#[derive(Serialize, ToSchema)]
pub(crate) struct UsageEnergy {
    joules: f64,
    /// `measured`, `modelled` or `estimated`.
    method: String,
    uncertainty_percent: f64,
}

/// Emissions that follow from the energy and the grid.
#[derive(Serialize, ToSchema)]
pub(crate) struct UsageEmissions {
    grams: f64,
    method: String,
    uncertainty_percent: f64,
    grid_zone: String,
    /// Where the carbon intensity of the grid is from.
    source: String,
}

/// What some requests add up to. Figures that were obtained in different ways stand in different
/// rows.
#[derive(Serialize, ToSchema)]
pub(crate) struct UsageFigures {
    /// Id, if it was asked for.
    project: Option<String>,
    model: Option<String>,
    day: Option<String>,
    requests: u64,
    /// This and all that follows is null for requests that run, or that a crash ended: nobody knows
    /// what they used.
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    /// At the prices that were set when the requests began.
    #[schema(value_type = Option<f64>)]
    cost_euros: Option<Number>,
    energy: Option<UsageEnergy>,
    co2e: Option<UsageEmissions>,
}

/// Sums of a period.
#[derive(Serialize, ToSchema)]
pub(crate) struct UsageReport {
    from: String,
    to: String,
    data: Vec<UsageFigures>,
}

/// Add up what was used
///
/// Of the whole organisation for whoever keeps its accounts or reads its log, of the own account
/// for everybody else.
#[utoipa::path(
    get,
    path = "/v1/usage",
    operation_id = "readUsage",
    tag = "budgets",
    params(UsageParams),
    responses(
        (status = 200, description = "The sums", body = UsageReport),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 422, description = "Parameters that make no sense", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("usage.read")), ("x-permission" = json!("none"))),
)]
pub(crate) async fn read(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    query: Result<Query<UsageParams>, QueryRejection>,
) -> Result<Json<UsageReport>, Problem> {
    let Query(params) = query.map_err(|_| invalid("by", "each parameter may stand there once"))?;
    let now = state.clock.now();
    let first = Day::of(Month::of(now).begins());
    let (from, to) = (day("from", params.from, first)?, day("to", params.to, Day::of(now))?);
    let split = split(params.by.as_deref())?;
    let days = (to.begins().as_seconds() - from.begins().as_seconds()) / 86_400;
    if !(0..DAYS_MAX).contains(&days) {
        return Err(invalid("to", "the last day is none of the 366 from the first day on"));
    }
    let period = (from.begins(), to.next().begins());
    let rows = state.usage.read(&caller, period, split).await?;
    let data = rows.into_iter().map(UsageFigures::try_from).collect::<Result<_, _>>()?;
    Ok(Json(UsageReport { from: from.to_string(), to: to.to_string(), data }))
}

fn day(field: &'static str, text: Option<String>, default: Day) -> Result<Day, Problem> {
    let Some(text) = text else { return Ok(default) };
    text.parse().map_err(|error: domain::DayError| invalid(field, &error.to_string()))
}

fn split(text: Option<&str>) -> Result<UsageSplit, Problem> {
    let parsed = text.unwrap_or_default().parse();
    parsed.map_err(|error: inference::UsageSplitError| invalid("by", &error.to_string()))
}

fn invalid(field: &'static str, message: &str) -> Problem {
    let loc = ["query", field].map(|key| PathPart::Key(key.to_owned())).to_vec();
    let message = message.to_owned();
    let fields = vec![FieldError { loc, kind: FieldErrorKind::Value, message }];
    RequestError::Invalid { fields }.into()
}

impl TryFrom<UsageReportRow> for UsageFigures {
    type Error = Problem;

    fn try_from(row: UsageReportRow) -> Result<Self, Problem> {
        let cost = row.cost.map(|cost| budget::number(&cost.to_string()));
        let sum = row.sum.as_ref();
        Ok(Self {
            project: row.project.map(|id| id.to_string()),
            model: row.model.map(|model| model.to_string()),
            day: row.day.map(|day| day.to_string()),
            requests: row.requests,
            prompt_tokens: sum.map(|sum| sum.prompt_tokens),
            completion_tokens: sum.map(|sum| sum.completion_tokens),
            cost_euros: cost.transpose()?,
            energy: sum.map(energy),
            co2e: sum.map(emissions),
        })
    }
}

fn energy(sum: &UsageSum) -> UsageEnergy {
    UsageEnergy {
        joules: sum.energy_joules,
        method: sum.energy_method.clone(),
        uncertainty_percent: sum.energy_uncertainty_percent,
    }
}

fn emissions(sum: &UsageSum) -> UsageEmissions {
    UsageEmissions {
        grams: sum.co2e_grams,
        method: sum.co2e_method.clone(),
        uncertainty_percent: sum.co2e_uncertainty_percent,
        grid_zone: sum.grid_zone.clone(),
        source: sum.grid_factor_source.clone(),
    }
}
