use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ListObject;

/// A request for a batch job, in Mistral's shape. Read one with [`CreateBatchJob::decode`].
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({
    "endpoint": "/v1/chat/completions",
    "model": "mistral-small",
    "input_files": ["0193b1f0a0007000a000000000000001"],
})))]
pub struct CreateBatchJob {
    /// `/v1/chat/completions` or `/v1/embeddings`.
    pub endpoint: String,
    /// Files of the purpose `batch`: a JSON object with `custom_id` and `body` a line.
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub input_files: Vec<String>,
    /// The requests themselves, in the place of files.
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub requests: Vec<InlineRequest>,
    /// For requests that name none.
    pub model: Option<String>,
    /// At most 16 pairs of your own.
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub metadata: BTreeMap<String, String>,
    /// What is not answered by then is not asked: 1 to 168 hours, 24 if absent.
    #[cfg_attr(feature = "openapi", schema(required = false, minimum = 1, maximum = 168))]
    pub timeout_hours: u32,
}

/// One request of a batch job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InlineRequest {
    /// Your name for it, which stands with its answer.
    pub custom_id: Option<String>,
    /// What the endpoint takes.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub body: Value,
}

/// A request for a batch, in `OpenAI`'s shape. Read one with [`CreateBatch::decode`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateBatch {
    /// `/v1/chat/completions` or `/v1/embeddings`.
    pub endpoint: String,
    /// A file of the purpose `batch`.
    pub input_file_id: String,
    /// Hours, as `24h`: 1 to 168.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub completion_window: u32,
    /// At most 16 pairs of your own.
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub metadata: BTreeMap<String, String>,
}

/// How far a batch job is, in Mistral's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum BatchJobStatus {
    /// It waits for its turn.
    Queued,
    /// Requests are being answered.
    Running,
    /// All requests have a result.
    Success,
    /// It ended as a whole before that; `errors` says why.
    Failed,
    /// Its time was over before that.
    TimeoutExceeded,
    /// What runs is being stopped.
    CancellationRequested,
    /// It was stopped.
    Cancelled,
}

/// The `object` member of a batch job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum BatchObject {
    /// The only value.
    #[default]
    Batch,
}

/// Why a batch job failed as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BatchError {
    /// A stable code; see `docs/errors`.
    pub message: String,
    /// How often.
    pub count: u64,
}

/// A batch job, in Mistral's shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BatchJob {
    /// Under which it is asked for.
    pub id: String,
    /// Always `batch`.
    pub object: BatchObject,
    /// The files with its requests.
    pub input_files: Vec<String>,
    /// What its requests ask.
    pub endpoint: String,
    /// For requests that name none.
    pub model: Option<String>,
    /// What whoever made it said.
    pub metadata: Option<BTreeMap<String, String>>,
    /// How far it is.
    pub status: BatchJobStatus,
    /// Unix time in seconds.
    pub created_at: i64,
    /// When the first request was asked.
    pub started_at: Option<i64>,
    /// When it ended.
    pub completed_at: Option<i64>,
    /// How many requests there are.
    pub total_requests: u64,
    /// How many have a result.
    pub completed_requests: u64,
    /// Of these, how many were answered.
    pub succeeded_requests: u64,
    /// Of these, how many have an error instead.
    pub failed_requests: u64,
    /// The file with the answers, once it has ended and if there are any.
    pub output_file: Option<String>,
    /// The file with what was not answered, once it has ended and if there is any.
    pub error_file: Option<String>,
    /// The lines of both files, where they were asked for.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<Object>>))]
    pub outputs: Option<Vec<Value>>,
    /// Why it failed as a whole.
    pub errors: Vec<BatchError>,
}

/// Some batch jobs, the newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BatchJobList {
    /// Always `list`.
    pub object: ListObject,
    /// The page.
    pub data: Vec<BatchJob>,
    /// On all pages together.
    pub total: u64,
}

/// A batch job that is no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeletedBatchJob {
    /// The one that it was.
    pub id: String,
    /// Always `batch`.
    pub object: BatchObject,
    /// Always `true`.
    pub deleted: bool,
}

/// How far a batch is, in `OpenAI`'s words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum BatchStatus {
    /// It waits for its turn.
    Validating,
    /// Requests are being answered.
    InProgress,
    /// All requests have a result.
    Completed,
    /// It ended as a whole before that; `errors` says why.
    Failed,
    /// Its time was over before that.
    Expired,
    /// What runs is being stopped.
    Cancelling,
    /// It was stopped.
    Cancelled,
}

/// How many requests there are, and what became of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BatchRequestCounts {
    /// In the file.
    pub total: u64,
    /// Answered.
    pub completed: u64,
    /// With an error instead.
    pub failed: u64,
}

/// Why a batch failed as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BatchErrors {
    /// Always `list`.
    pub object: ListObject,
    /// One for now.
    pub data: Vec<BatchFailure>,
}

/// A batch, in `OpenAI`'s shape. It is the same as a batch job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Batch {
    /// Under which it is asked for.
    pub id: String,
    /// Always `batch`.
    pub object: BatchObject,
    /// What its requests ask.
    pub endpoint: String,
    /// For requests that name none.
    pub model: Option<String>,
    /// The file with its requests; the first one of several.
    pub input_file_id: String,
    /// Hours, as `24h`.
    pub completion_window: String,
    /// How far it is.
    pub status: BatchStatus,
    /// The file with the answers, once it has ended and if there are any.
    pub output_file_id: Option<String>,
    /// The file with what was not answered, once it has ended and if there is any.
    pub error_file_id: Option<String>,
    /// Why it failed as a whole.
    pub errors: Option<BatchErrors>,
    /// Unix time in seconds.
    pub created_at: i64,
    /// When the first request was asked.
    pub in_progress_at: Option<i64>,
    /// What is not answered by then is not asked.
    pub expires_at: Option<i64>,
    /// When it ended, if all requests have a result.
    pub completed_at: Option<i64>,
    /// When it ended, if it failed as a whole.
    pub failed_at: Option<i64>,
    /// When it ended, if its time was over.
    pub expired_at: Option<i64>,
    /// When it ended, if it was stopped.
    pub cancelled_at: Option<i64>,
    /// How many requests there are.
    pub request_counts: BatchRequestCounts,
    /// What whoever made it said.
    pub metadata: Option<BTreeMap<String, String>>,
}

/// Some batches, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BatchList {
    /// Always `list`.
    pub object: ListObject,
    /// The page.
    pub data: Vec<Batch>,
    /// Whether more follow.
    pub has_more: bool,
    /// Of this page.
    pub first_id: Option<String>,
    /// Of this page: `after` of the next one.
    pub last_id: Option<String>,
}

/// One line of a file of requests. Read one with [`BatchLine::decode`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BatchLine {
    /// The name that stands with its answer.
    pub custom_id: Option<String>,
    /// The path that it asks, if it names one.
    pub url: Option<String>,
    /// What the endpoint takes; an object.
    pub body: Value,
}

/// One line of a file of results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchResult {
    /// Of this result.
    pub id: String,
    /// The name of the request.
    pub custom_id: Option<String>,
    /// Which one of the requests it was, from 1; told where nothing else tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// What the endpoint answered.
    pub response: Option<BatchResponse>,
    /// Why there is no answer.
    pub error: Option<BatchFailure>,
}

/// What the endpoint answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchResponse {
    /// As over HTTP.
    pub status_code: u16,
    /// The one of the usage record and the audit entry.
    pub request_id: Option<String>,
    /// As over HTTP.
    pub body: Value,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BatchFailure {
    /// A stable code; see `docs/errors`.
    pub code: String,
    /// For people.
    pub message: String,
}
