//! `/v1/batch/jobs`: batch jobs in Mistral's shape.

use axum::{
    Json,
    extract::{Path, Request, State, rejection::PathRejection},
    http::request::Parts,
};
use domain::Caller;
use inference_wire as wire;
use inference_wire::ErrorBody;
use serde_json::Value;
use workloads::{BatchJob, Described, FileId, JobQuery, Line, Lines, NewJob, Purpose};

use super::{convert, id_of};
use crate::{
    ApiState, body,
    caller::Authenticated,
    file,
    parameters::{self, Parameters},
    problem::Problem,
};

/// As Mistral has it.
const PAGE_SIZE: u32 = 100;
const PAGE_SIZE_MAX: u32 = 1_000;

const HOUR_SECONDS: u32 = 3_600;

/// What lines of files that are shown with a job may have together.
const OUTPUTS_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Make a batch job
///
/// Its requests are answered in the background, as whoever made it, behind those that somebody waits
/// for. They stand in files of the purpose `batch`, a JSON object with `custom_id` and `body` a line,
/// or in `requests`, of which such a file is made. A line that makes no sense is told in the file of
/// errors; the others are answered.
#[utoipa::path(
    post,
    path = "/v1/batch/jobs",
    operation_id = "createBatchJob",
    tag = "batch",
    request_body = wire::CreateBatchJob,
    responses(
        (status = 200, description = "It is taken, and played even after a crash", body = wire::BatchJob),
        (status = 400, description = "Not JSON or not UTF-8", body = ErrorBody),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 404, description = "You have no such file", body = ErrorBody),
        (status = 408, description = "The body did not arrive in time", body = ErrorBody),
        (status = 413, description = "The body is too large", body = ErrorBody),
        (status = 422, description = "An endpoint, files or fields that make no sense", body = ErrorBody),
        (status = 429, description = "Too many of your jobs have not ended", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded, or jobs are locked", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("batch.create")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn create(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<Json<wire::BatchJob>, Problem> {
    let body = body::read(request, &state.settings).await?;
    let wanted = wire::CreateBatchJob::decode(&body)?;
    drop(body);
    let endpoint = wanted.endpoint.parse::<workloads::Endpoint>()?;
    let model = convert::model(wanted.model)?;
    let (metadata, hours) = (wanted.metadata, wanted.timeout_hours);
    let (mut inputs, mut kept) = (Vec::new(), None);
    if wanted.requests.is_empty() {
        let id = |text: &String| file::id(text).ok_or_else(file::unknown);
        inputs = wanted.input_files.iter().map(id).collect::<Result<_, _>>()?;
    } else {
        let id = keep(&state, &caller, (wanted.requests.as_slice(), hours)).await?;
        inputs.push(id);
        kept = Some(id);
    }
    let new = NewJob { endpoint, model, inputs, metadata, hours };
    let created = state.jobs.create(&caller, new).await;
    if let (Err(_), Some(id)) = (&created, kept) {
        // Nobody knows of it. If the job was made all the same, it is in use, and goes by itself.
        if let Err(error) = state.files.delete(&caller, id).await {
            tracing::warn!(file = %id, code = error.code(), "requests of no job were not removed");
        }
    }
    Ok(Json(convert::job(&created?)))
}

/// Requests that came with a job lie where those of files lie, as long as the job may take.
async fn keep(
    state: &ApiState,
    caller: &Caller,
    (requests, hours): (&[wire::InlineRequest], u32),
) -> Result<FileId, Problem> {
    let mut upload = state.files.begin(caller).await?;
    for request in requests {
        let mut line = serde_json::to_vec(request).unwrap_or_default();
        line.push(b'\n');
        upload.write(&line).await?;
    }
    let name = "requests.jsonl".to_owned();
    let seconds = Some(hours.saturating_mul(HOUR_SECONDS));
    let described = Described { name, purpose: Purpose::Batch, seconds };
    Ok(upload.finish(described).await?.id)
}

/// List batch jobs
///
/// Newest first, batches too.
#[utoipa::path(
    get,
    path = "/v1/batch/jobs",
    operation_id = "listBatchJobs",
    tag = "batch",
    params(
        ("page" = Option<u32>, Query, description = "From 0"),
        ("page_size" = Option<u32>, Query, description = "1 to 1000, 100 if absent"),
        ("model" = Option<String>, Query, description = "Those for one model"),
        ("status" = Option<Vec<String>>, Query, description = "Those in one of these states"),
    ),
    responses(
        (status = 200, description = "One page", body = wire::BatchJobList),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 422, description = "Parameters that make no sense", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded, or jobs are locked", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("batch.list")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    parts: Parts,
) -> Result<Json<wire::BatchJobList>, Problem> {
    let page = state.jobs.list(&caller, &query(&Parameters::of(&parts)?)?).await?;
    let data = page.jobs.iter().map(convert::job).collect();
    Ok(Json(wire::BatchJobList { object: wire::ListObject::List, data, total: page.total }))
}

fn query(given: &Parameters) -> Result<JobQuery, Problem> {
    let limit = given.number("page_size")?.unwrap_or(PAGE_SIZE).clamp(1, PAGE_SIZE_MAX);
    let page = given.number("page")?.unwrap_or(0);
    given.refuse(&["created_after", "metadata", "agent_id"])?;
    if given.text("order_by").is_some_and(|order| order != "-created") {
        return Err(parameters::invalid("order_by", "must be `-created`: the newest come first"));
    }
    let state = |word: &str| {
        convert::state(word)
            .ok_or_else(|| parameters::invalid("status", "must be one of Mistral's states"))
    };
    Ok(JobQuery {
        states: given.texts("status").map(state).collect::<Result<_, _>>()?,
        model: given.word("model")?,
        created_after: None,
        limit,
        offset: u64::from(page) * u64::from(limit),
        after: None,
    })
}

/// Tell of one batch job
///
/// With `inline=true` the lines of its files come along, up to 16 MiB of them.
#[utoipa::path(
    get,
    path = "/v1/batch/jobs/{id}",
    operation_id = "readBatchJob",
    tag = "batch",
    params(
        ("id" = String, Path, description = "The id of the job"),
        ("inline" = Option<bool>, Query, description = "Whether results come along"),
    ),
    responses(
        (status = 200, description = "The job", body = wire::BatchJob),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 404, description = "You have no such job", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded, or jobs are locked", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("batch.read")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn read(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    path: Result<Path<String>, PathRejection>,
    parts: Parts,
) -> Result<Json<wire::BatchJob>, Problem> {
    let job = state.jobs.read(&caller, id_of(path)?).await?;
    let mut shown = convert::job(&job);
    if Parameters::of(&parts)?.text("inline").is_some_and(|text| text.eq_ignore_ascii_case("true"))
    {
        shown.outputs = Some(outputs(&state, &caller, &job).await?);
    }
    Ok(Json(shown))
}

/// Answers, then errors. What is too long for one answer has to be read from the files.
async fn outputs(state: &ApiState, caller: &Caller, job: &BatchJob) -> Result<Vec<Value>, Problem> {
    let (mut outputs, mut left) = (Vec::new(), OUTPUTS_BYTES_MAX);
    for id in job.output.into_iter().chain(job.errors) {
        let mut content = match state.files.content(caller, id).await {
            Ok(content) => content,
            // Somebody removed it: the job is still there.
            Err(workloads::WorkloadError::FileUnknown { .. }) => continue,
            Err(error) => return Err(error.into()),
        };
        let mut lines = Lines::default();
        let mut take = |line: Line| {
            if let Line::Whole(line) = line {
                outputs.extend(serde_json::from_slice::<Value>(&line).ok());
            }
        };
        while let Some(bytes) =
            content.reader.next().await.map_err(workloads::WorkloadError::from)?
        {
            left = left.saturating_sub(bytes.len());
            if left == 0 {
                return Ok(outputs);
            }
            lines.push(&bytes, &mut take);
        }
        lines.finish().into_iter().for_each(&mut take);
    }
    Ok(outputs)
}

/// Delete a batch job
///
/// One that has ended. Its files stay.
#[utoipa::path(
    delete,
    path = "/v1/batch/jobs/{id}",
    operation_id = "deleteBatchJob",
    tag = "batch",
    params(("id" = String, Path, description = "The id of the job")),
    responses(
        (status = 200, description = "It is gone", body = wire::DeletedBatchJob),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 404, description = "You have no such job", body = ErrorBody),
        (status = 409, description = "It has not ended, or a hold covers it", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("batch.delete")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<wire::DeletedBatchJob>, Problem> {
    let id = id_of(path)?;
    state.jobs.delete(&caller, id).await?;
    let object = wire::BatchObject::Batch;
    Ok(Json(wire::DeletedBatchJob { id: id.to_string(), object, deleted: true }))
}

/// Cancel a batch job
///
/// What was answered by then is in its files. A job that has ended stays as it is.
#[utoipa::path(
    post,
    path = "/v1/batch/jobs/{id}/cancel",
    operation_id = "cancelBatchJob",
    tag = "batch",
    params(("id" = String, Path, description = "The id of the job")),
    responses(
        (status = 200, description = "The job as it is now", body = wire::BatchJob),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 404, description = "You have no such job", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded, or jobs are locked", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("batch.cancel")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn cancel(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<wire::BatchJob>, Problem> {
    let job = state.jobs.cancel(&caller, id_of(path)?).await?;
    Ok(Json(convert::job(&job)))
}
