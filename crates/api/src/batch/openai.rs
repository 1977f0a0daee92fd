//! `/v1/batches`: batch jobs in `OpenAI`'s shape.

use axum::{
    Json,
    extract::{Path, Request, State, rejection::PathRejection},
    http::request::Parts,
};
use inference_wire as wire;
use inference_wire::ErrorBody;
use workloads::{JobQuery, NewJob};

use super::{convert, id, id_of, unknown};
use crate::{
    ApiState, body, caller::Authenticated, file, parameters::Parameters, problem::Problem,
};

/// As `OpenAI` has it.
const LIMIT: u32 = 20;
const LIMIT_MAX: u32 = 100;

/// Make a batch
///
/// As a batch job with one file. Each line of the file is a JSON object with `custom_id`, `url` and
/// `body`.
#[utoipa::path(
    post,
    path = "/v1/batches",
    operation_id = "createBatch",
    tag = "batch",
    request_body = wire::CreateBatch,
    responses(
        (status = 200, description = "It is taken, and played even after a crash", body = wire::Batch),
        (status = 400, description = "Not JSON or not UTF-8", body = ErrorBody),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 404, description = "You have no such file", body = ErrorBody),
        (status = 408, description = "The body did not arrive in time", body = ErrorBody),
        (status = 413, description = "The body is too large", body = ErrorBody),
        (status = 422, description = "An endpoint, a file or fields that make no sense", body = ErrorBody),
        (status = 429, description = "Too many of your batches have not ended", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded, or batches are locked", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("batch.create")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn create(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<Json<wire::Batch>, Problem> {
    let body = body::read(request, &state.settings).await?;
    let wanted = wire::CreateBatch::decode(&body)?;
    let new = NewJob {
        endpoint: wanted.endpoint.parse::<workloads::Endpoint>()?,
        model: None,
        inputs: vec![file::id(&wanted.input_file_id).ok_or_else(file::unknown)?],
        metadata: wanted.metadata,
        hours: wanted.completion_window,
    };
    let job = state.jobs.create(&caller, new).await?;
    Ok(Json(convert::batch(&job)))
}

/// List batches
///
/// Newest first, batch jobs too.
#[utoipa::path(
    get,
    path = "/v1/batches",
    operation_id = "listBatches",
    tag = "batch",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 100, 20 if absent"),
        ("after" = Option<String>, Query, description = "Those behind this batch"),
    ),
    responses(
        (status = 200, description = "One page", body = wire::BatchList),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 404, description = "There is no batch of that id, behind which to begin", body = ErrorBody),
        (status = 422, description = "Parameters that make no sense", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded, or batches are locked", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("batch.list")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    parts: Parts,
) -> Result<Json<wire::BatchList>, Problem> {
    let given = Parameters::of(&parts)?;
    let limit = given.number("limit")?.unwrap_or(LIMIT).clamp(1, LIMIT_MAX);
    let after = given.text("after").map(|text| id(text).ok_or_else(unknown)).transpose()?;
    let query = JobQuery { limit, after, ..JobQuery::default() };
    let page = state.jobs.list(&caller, &query).await?;
    let data: Vec<_> = page.jobs.iter().map(convert::batch).collect();
    let (first_id, last_id) =
        (data.first().map(|batch| batch.id.clone()), data.last().map(|batch| batch.id.clone()));
    let (object, has_more) = (wire::ListObject::List, data.len() == limit as usize);
    Ok(Json(wire::BatchList { object, data, has_more, first_id, last_id }))
}

/// Tell of one batch
#[utoipa::path(
    get,
    path = "/v1/batches/{id}",
    operation_id = "readBatch",
    tag = "batch",
    params(("id" = String, Path, description = "The id of the batch")),
    responses(
        (status = 200, description = "The batch", body = wire::Batch),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 404, description = "You have no such batch", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded, or batches are locked", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("batch.read")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn read(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<wire::Batch>, Problem> {
    let job = state.jobs.read(&caller, id_of(path)?).await?;
    Ok(Json(convert::batch(&job)))
}

/// Cancel a batch
///
/// What was answered by then is in its files.
#[utoipa::path(
    post,
    path = "/v1/batches/{id}/cancel",
    operation_id = "cancelBatch",
    tag = "batch",
    params(("id" = String, Path, description = "The id of the batch")),
    responses(
        (status = 200, description = "The batch as it is now", body = wire::Batch),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 404, description = "You have no such batch", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded, or batches are locked", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("batch.cancel")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn cancel(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<wire::Batch>, Problem> {
    let job = state.jobs.cancel(&caller, id_of(path)?).await?;
    Ok(Json(convert::batch(&job)))
}
