//! `GET /v1/models`, `GET /v1/models/{id}`

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
};
use domain::ModelId;
use governance::{Action, AuditFact, Subject};
use inference_wire::{ErrorBody, ListObject, ModelCard, ModelList};

use crate::{ApiState, caller::Authenticated, convert, problem::Problem};

/// List the models that can be asked
#[utoipa::path(
    get,
    path = "/v1/models",
    operation_id = "listModels",
    tag = "models",
    responses(
        (status = 200, description = "The models", body = ModelList),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("model.list")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
) -> Result<Json<ModelList>, Problem> {
    state.trail.record(&AuditFact::ok(Action::ModelList, caller, Subject::Nothing)).await?;
    let cards = state.models.list();
    let data = cards.iter().map(|card| told(&state, card)).collect::<Result<_, _>>()?;
    Ok(Json(ModelList { object: ListObject::List, data }))
}

/// Tell of one model
#[utoipa::path(
    get,
    path = "/v1/models/{id}",
    operation_id = "readModel",
    tag = "models",
    params(("id" = String, Path, description = "The id of the model")),
    responses(
        (status = 200, description = "The model", body = ModelCard),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 404, description = "The model is not served here", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("model.read")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn read(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    name: Result<Path<String>, PathRejection>,
) -> Result<Json<ModelCard>, Problem> {
    let Path(name) = name.map_err(|_| Problem::model_unknown("?"))?;
    let id: Option<ModelId> = name.parse().ok();
    let card = id.as_ref().and_then(|id| state.models.find(id));
    let card = card.ok_or_else(|| Problem::model_unknown(&name))?;
    let subject = Subject::Model(card.id.clone());
    state.trail.record(&AuditFact::ok(Action::ModelRead, caller, subject)).await?;
    Ok(Json(told(&state, &card)?))
}

fn told(state: &ApiState, card: &inference::ModelCard) -> Result<ModelCard, Problem> {
    convert::model_card(card, state.budgets.price(&card.id), state.settings.model_types)
}
