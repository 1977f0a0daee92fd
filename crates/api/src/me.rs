//! `GET /v1/me/info`, `GET /v1/me/usage`: who asks and what it used, for clients of Albert.

mod query;

use axum::{Json, extract::State};
use domain::{Account, Caller, ModelId, Principal};
use inference::{
    BudgetQuantity, BudgetStanding, ModelCard, Rate, Rates, RequestUsage, UsageFigures,
    UsageOutcome,
};
use inference_wire::{
    ErrorBody, ListObject, Me, MeCaller, MeImpacts, MeLimit, MeLimitKind, MeMetrics, MeObject,
    MeUsage, MeUsageDetail, MeUsageList, MeUsageObject,
};
use serde_json::Number;

use self::query::{Endpoint, OwnUsage};
use crate::{ApiState, account, budget, caller::Authenticated, problem::Problem};

/// The largest number that every client can hold.
const NUMBER_MAX: u64 = (1 << 53) - 1;

/// A kilowatt-hour.
const JOULES: f64 = 3_600_000.0;

/// Tell who asks
///
/// The account behind the key or the browser, and what its limits leave to it.
#[utoipa::path(
    get,
    path = "/v1/me/info",
    operation_id = "readMe",
    tag = "me",
    responses(
        (status = 200, description = "Who asks", body = Me),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("account.read")), ("x-permission" = json!("none"))),
)]
pub(crate) async fn info(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Me>, Problem> {
    let account = state.access.own_account(&caller).await?;
    let standings = state.budgets.own(&caller).await?;
    let id = account.id.as_uuid().as_u64_pair();
    let organisation = account.organisation.as_uuid().as_u64_pair();
    let name = account.name.to_string();
    let created = account.created_at.as_seconds();
    Ok(Json(Me {
        object: MeObject::UserInfo,
        id: number(id),
        email: name.contains('@').then(|| name.clone()),
        name,
        organization: number(organisation),
        budget: euros_left(&standings)?,
        permissions: Vec::new(),
        limits: limits(state.budgets.rates(&caller)),
        expires: None,
        priority: 0,
        created,
        updated: created,
        caller: described(&account, &caller),
    }))
}

/// Tell what one used, request by request
///
/// Those of the own account, the newest first, whichever key they came with.
#[utoipa::path(
    get,
    path = "/v1/me/usage",
    operation_id = "readOwnUsage",
    tag = "me",
    params(
        ("offset" = Option<u32>, Query, description = "So many of the newest are left out, at most 100000; 0 if absent"),
        ("limit" = Option<u32>, Query, description = "1 to 100, 10 if absent"),
        ("start_time" = Option<u32>, Query, description = "The first second, since 1970; 30 days before the last if absent"),
        ("end_time" = Option<u32>, Query, description = "The last second, now if absent; at most 366 days after the first"),
        ("endpoint" = Option<String>, Query, description = "Of models for this path alone, such as `/v1/chat/completions` or `/v1/embeddings`"),
    ),
    responses(
        (status = 200, description = "One page", body = MeUsageList),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 422, description = "Parameters that make no sense", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("usage.read")), ("x-permission" = json!("none"))),
)]
pub(crate) async fn usage(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    asked: OwnUsage,
) -> Result<Json<MeUsageList>, Problem> {
    let models = state.models.list();
    let page = asked.page(state.clock.now(), &models)?;
    let rows = state.usage.own(&caller, &page).await?;
    let data = rows.iter().map(|row| request(row, &models)).collect::<Result<_, _>>()?;
    Ok(Json(MeUsageList { object: ListObject::List, data }))
}

/// Of both halves of an id: the second is random.
const fn number((_, random): (u64, u64)) -> u64 {
    random & NUMBER_MAX
}

/// Of the limits of the key and of the account, what the stricter leaves of this month.
fn euros_left(standings: &[BudgetStanding]) -> Result<Option<Number>, Problem> {
    let quantity = BudgetQuantity::EurosPerMonth;
    let of_euros = standings.iter().filter(|one| one.budget.id.quantity == quantity);
    let least = of_euros.map(left).min();
    least.map(|amount| budget::number(&quantity.show(amount))).transpose()
}

fn left(standing: &BudgetStanding) -> u64 {
    let gone = standing.used.saturating_add(standing.held);
    standing.budget.amount.saturating_sub(gone)
}

fn limits(rates: Rates) -> Vec<MeLimit> {
    let requests = rates.requests.map(|rate| limit(MeLimitKind::Rpm, rate));
    let tokens = rates.tokens.map(|rate| limit(MeLimitKind::Tpm, rate));
    requests.into_iter().chain(tokens).collect()
}

fn limit(kind: MeLimitKind, rate: Rate) -> MeLimit {
    MeLimit { router: 0, kind, value: rate.limit, remaining: rate.remaining }
}

fn described(account: &Account, caller: &Caller) -> MeCaller {
    let permissions = account::names(caller.permissions);
    MeCaller {
        account: account.id.to_string(),
        kind: account.kind.as_str().to_owned(),
        role: account.role.as_str().to_owned(),
        organisation: caller.organisation.to_string(),
        project: caller.project.to_string(),
        key: key(caller.principal),
        permissions: permissions.into_iter().map(str::to_owned).collect(),
    }
}

fn key(principal: Principal) -> Option<String> {
    match principal {
        Principal::Key(id) => Some(id.to_string()),
        Principal::Session(_) | Principal::Operator => None,
    }
}

fn request(row: &RequestUsage, models: &[ModelCard]) -> Result<MeUsage, Problem> {
    let opened = &row.record.opened;
    let endpoint = endpoint(&opened.model, models).map(|endpoint| endpoint.as_str().to_owned());
    let is_finished = row.record.outcome == UsageOutcome::Finished.as_str();
    Ok(MeUsage {
        object: MeUsageObject::MeUsage,
        id: opened.request.to_string(),
        model: opened.model.to_string(),
        key: key(opened.principal),
        method: endpoint.is_some().then(|| "POST".to_owned()),
        endpoint,
        status: is_finished.then_some(200),
        outcome: row.record.outcome.clone(),
        usage: detail(row)?,
        created: opened.opened_at.as_seconds(),
    })
}

/// Where models of this kind are asked.
fn endpoint(model: &ModelId, models: &[ModelCard]) -> Option<Endpoint> {
    let card = models.iter().find(|card| card.id == *model)?;
    Some(Endpoint::of(card.purpose))
}

fn detail(row: &RequestUsage) -> Result<MeUsageDetail, Problem> {
    let figures = row.record.figures.as_ref();
    let cost = row.cost.map(|cost| budget::number(&cost.to_string()));
    let total =
        |figures: &UsageFigures| figures.prompt_tokens.saturating_add(figures.completion_tokens);
    Ok(MeUsageDetail {
        prompt_tokens: figures.map(|figures| figures.prompt_tokens),
        completion_tokens: figures.map(|figures| figures.completion_tokens),
        total_tokens: figures.map(total),
        cost: cost.transpose()?,
        impacts: figures.map(|figures| MeImpacts {
            energy_kilowatt_hours: figures.energy_joules / JOULES,
            co2e_kilograms: figures.co2e_grams / 1_000.0,
        }),
        metrics: MeMetrics { latency: latency_ms(row), ttft: None },
    })
}

/// Of what a crash ended, nobody knows when it did.
fn latency_ms(row: &RequestUsage) -> Option<u64> {
    row.record.figures.as_ref()?;
    let ended = row.record.settled_at?.as_micros();
    let micros = ended.saturating_sub(row.record.opened.opened_at.as_micros());
    u64::try_from(micros / 1_000).ok()
}
