use domain::{BatchJobId, HoldId};
use governance::{AccessError, AuditError, LINK_HOURS_MAX, ports::StoreError};

use crate::{FileId, JobState, REQUESTS_MAX, UNFINISHED_MAX};

/// Why something of a file or a batch job was refused. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum WorkloadError {
    #[error("there is no file `{id}`")]
    FileUnknown { id: FileId },
    #[error("a file has at most {bytes_max} bytes")]
    FileTooLarge { bytes_max: u64 },
    #[error("the files of the organisation take {bytes} bytes, and {bytes_max} are kept at most")]
    NoRoom { bytes: u64, bytes_max: u64 },
    #[error("the batch job `{job}` still reads the file")]
    FileInUse { job: BatchJobId },
    #[error("hold `{id}` is in force; nothing that it covers is removed")]
    Held { id: HoldId },
    #[error("`{word}` is no purpose of files")]
    Purpose { word: String },
    #[error("a link is good for 1 to {LINK_HOURS_MAX} hours")]
    LinkHours,
    #[error("the link is not one of ours, or its time is over")]
    LinkInvalid,
    #[error("there is no batch job `{id}`")]
    JobUnknown { id: BatchJobId },
    #[error("batch jobs do not ask `{path}`")]
    Endpoint { path: String },
    #[error("the file `{file}` cannot be read by a batch job: {reason}")]
    Input { file: FileId, reason: &'static str },
    #[error("the batch job would have {requests} requests, and {REQUESTS_MAX} are possible")]
    TooManyRequests { requests: u64 },
    #[error("{UNFINISHED_MAX} batch jobs of this account have not ended yet")]
    TooManyJobs,
    #[error("the batch job `{id}` has not ended: it is {}", state.as_str())]
    JobUnfinished { id: BatchJobId, state: JobState },
    #[error("{parameter}: {reason}")]
    Invalid { parameter: &'static str, reason: String },
    #[error(transparent)]
    Access(#[from] AccessError),
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl WorkloadError {
    /// Stable code, explained in `docs/errors/`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::FileUnknown { .. } => "file.unknown",
            Self::FileTooLarge { .. } => "request.too_large",
            Self::NoRoom { .. } => "file.no_room",
            Self::FileInUse { .. } => "file.in_use",
            Self::Held { .. } => "hold.in_force",
            Self::LinkInvalid => "file.link_invalid",
            Self::JobUnknown { .. } => "batch.unknown",
            Self::Endpoint { .. } => "batch.endpoint_refused",
            Self::Input { .. } | Self::TooManyRequests { .. } => "batch.input_refused",
            Self::TooManyJobs => "batch.too_many",
            Self::JobUnfinished { .. } => "batch.unfinished",
            Self::Purpose { .. } | Self::LinkHours | Self::Invalid { .. } => "request.invalid",
            Self::Access(error) => error.code(),
            Self::Audit(_) => "audit.unavailable",
            Self::Store(StoreError { is_locked: true, .. }) => "encryption.locked",
            Self::Store(_) => "store.unavailable",
        }
    }
}
