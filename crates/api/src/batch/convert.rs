//! A batch job in the words of both families of clients.

use domain::{ModelId, Timestamp};
use inference_wire as wire;
use workloads::{BatchJob, FileId, JobState};

use crate::problem::Problem;

const HOUR_SECONDS: i64 = 3_600;

pub(super) fn model(name: Option<String>) -> Result<Option<ModelId>, Problem> {
    // What is not a name of a model is not the name of one that is served.
    name.map(|name| name.parse().map_err(|_| Problem::model_unknown(&name))).transpose()
}

/// In Mistral's shape.
pub(super) fn job(job: &BatchJob) -> wire::BatchJob {
    let error =
        |failure: &workloads::Failure| wire::BatchError { message: failure.code.clone(), count: 1 };
    wire::BatchJob {
        id: job.id.to_string(),
        object: wire::BatchObject::Batch,
        input_files: job.inputs.iter().map(ToString::to_string).collect(),
        endpoint: job.endpoint.as_str().to_owned(),
        model: job.model.as_ref().map(ToString::to_string),
        metadata: (!job.metadata.is_empty()).then(|| job.metadata.clone()),
        status: status(job.state),
        created_at: job.created_at.as_seconds(),
        started_at: seconds(job.started_at),
        completed_at: seconds(job.ended_at),
        total_requests: job.counts.total,
        completed_requests: job.counts.completed(),
        succeeded_requests: job.counts.succeeded,
        failed_requests: job.counts.failed,
        output_file: file(job.output),
        error_file: file(job.errors),
        outputs: None,
        errors: job.failure.iter().map(error).collect(),
    }
}

/// In `OpenAI`'s shape.
pub(super) fn batch(job: &BatchJob) -> wire::Batch {
    let ended_as = |state| seconds(job.ended_at.filter(|_| job.state == state));
    let seconds_given = job.deadline.as_seconds() - job.created_at.as_seconds();
    let error = |failure: &workloads::Failure| wire::BatchErrors {
        object: wire::ListObject::List,
        data: vec![wire::BatchFailure {
            code: failure.code.clone(),
            message: "the batch ended before all of its requests were asked".to_owned(),
        }],
    };
    wire::Batch {
        id: job.id.to_string(),
        object: wire::BatchObject::Batch,
        endpoint: job.endpoint.as_str().to_owned(),
        model: job.model.as_ref().map(ToString::to_string),
        input_file_id: job.inputs.first().map(ToString::to_string).unwrap_or_default(),
        completion_window: format!("{}h", seconds_given / HOUR_SECONDS),
        status: batch_status(job.state),
        output_file_id: file(job.output),
        error_file_id: file(job.errors),
        errors: job.failure.as_ref().map(error),
        created_at: job.created_at.as_seconds(),
        in_progress_at: seconds(job.started_at),
        expires_at: Some(job.deadline.as_seconds()),
        completed_at: ended_as(JobState::Succeeded),
        failed_at: ended_as(JobState::Failed),
        expired_at: ended_as(JobState::TimedOut),
        cancelled_at: ended_as(JobState::Cancelled),
        request_counts: wire::BatchRequestCounts {
            total: job.counts.total,
            completed: job.counts.succeeded,
            failed: job.counts.failed,
        },
        metadata: (!job.metadata.is_empty()).then(|| job.metadata.clone()),
    }
}

const fn status(state: JobState) -> wire::BatchJobStatus {
    match state {
        JobState::Queued => wire::BatchJobStatus::Queued,
        JobState::Running => wire::BatchJobStatus::Running,
        JobState::Cancelling => wire::BatchJobStatus::CancellationRequested,
        JobState::Succeeded => wire::BatchJobStatus::Success,
        JobState::Failed => wire::BatchJobStatus::Failed,
        JobState::TimedOut => wire::BatchJobStatus::TimeoutExceeded,
        JobState::Cancelled => wire::BatchJobStatus::Cancelled,
    }
}

/// The state that Mistral calls so.
pub(super) fn state(word: &str) -> Option<JobState> {
    match word {
        "QUEUED" => Some(JobState::Queued),
        "RUNNING" => Some(JobState::Running),
        "CANCELLATION_REQUESTED" => Some(JobState::Cancelling),
        "SUCCESS" => Some(JobState::Succeeded),
        "FAILED" => Some(JobState::Failed),
        "TIMEOUT_EXCEEDED" => Some(JobState::TimedOut),
        "CANCELLED" => Some(JobState::Cancelled),
        _ => None,
    }
}

const fn batch_status(state: JobState) -> wire::BatchStatus {
    match state {
        JobState::Queued => wire::BatchStatus::Validating,
        JobState::Running => wire::BatchStatus::InProgress,
        JobState::Cancelling => wire::BatchStatus::Cancelling,
        JobState::Succeeded => wire::BatchStatus::Completed,
        JobState::Failed => wire::BatchStatus::Failed,
        JobState::TimedOut => wire::BatchStatus::Expired,
        JobState::Cancelled => wire::BatchStatus::Cancelled,
    }
}

fn seconds(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::as_seconds)
}

fn file(id: Option<FileId>) -> Option<String> {
    id.map(|id| id.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read_as_they_are_written() {
        for of in JobState::ALL {
            let written = serde_json::to_value(status(of)).unwrap();
            assert_eq!(written.as_str().and_then(state), Some(of));
        }
        assert_eq!(state("running"), None);
    }
}
