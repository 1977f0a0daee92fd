//! Batch jobs: `/v1/batch/jobs` in Mistral's shape, `/v1/batches` in `OpenAI`'s. They are the same.

mod answers;
mod convert;
pub(crate) mod job;
pub(crate) mod openai;
mod problem;

use axum::extract::{Path, rejection::PathRejection};
use domain::BatchJobId;

pub use answers::BatchAnswers;

use crate::problem::{Code, Problem};

/// What is no id is not the id of a job.
fn id_of(path: Result<Path<String>, PathRejection>) -> Result<BatchJobId, Problem> {
    path.ok().and_then(|Path(text)| id(&text)).ok_or_else(unknown)
}

/// Clients of `OpenAI` may put `batch_` before it.
fn id(text: &str) -> Option<BatchJobId> {
    text.strip_prefix("batch_").unwrap_or(text).parse().ok()
}

fn unknown() -> Problem {
    Problem::new(Code::BatchUnknown, "there is no such batch job")
        .hint("GET /v1/batch/jobs lists the jobs that you have")
}
