//! What files and batch jobs refuse.

use workloads::WorkloadError;

use crate::{
    batch, body, file, parameters,
    problem::{Code, Problem},
};

impl From<WorkloadError> for Problem {
    fn from(error: WorkloadError) -> Self {
        let message = error.to_string();
        match error {
            WorkloadError::FileUnknown { .. } => file::unknown(),
            WorkloadError::FileTooLarge { .. } => Self::new(Code::BodyTooLarge, message)
                .hint("cut the file into several; a batch job reads more than one"),
            WorkloadError::NoRoom { .. } => {
                Self::new(Code::FileNoRoom, message).hint("delete files that nobody needs any more")
            }
            WorkloadError::FileInUse { .. } => {
                Self::new(Code::FileInUse, message).hint("wait until it has ended, or cancel it")
            }
            WorkloadError::Held { .. } => Self::new(Code::HoldInForce, message)
                .hint("whoever protects data in the organisation can lift the hold"),
            WorkloadError::LinkInvalid => Self::new(Code::FileLinkInvalid, message)
                .hint("GET /v1/files/{id}/url makes another link"),
            WorkloadError::LinkHours => parameters::invalid("expiry", message),
            WorkloadError::Purpose { .. } => body::invalid("purpose", message),
            WorkloadError::JobUnknown { .. } => batch::unknown(),
            WorkloadError::Endpoint { .. } => Self::new(Code::BatchEndpointRefused, message)
                .param("endpoint")
                .hint("/v1/chat/completions and /v1/embeddings are asked"),
            WorkloadError::Input { .. } | WorkloadError::TooManyRequests { .. } => {
                Self::new(Code::BatchInputRefused, message)
                    .hint("upload a file of the purpose `batch` with a JSON object a line")
            }
            WorkloadError::TooManyJobs => Self::new(Code::BatchTooMany, message)
                .hint("wait until some have ended, or cancel them")
                .retry_after(Some(60)),
            WorkloadError::JobUnfinished { .. } => Self::new(Code::BatchUnfinished, message)
                .hint("cancel it first: POST /v1/batch/jobs/{id}/cancel"),
            WorkloadError::Invalid { parameter, reason } => body::invalid(parameter, reason),
            WorkloadError::Access(source) => source.into(),
            WorkloadError::Audit(source) => source.into(),
            WorkloadError::Store(source) if source.is_locked => {
                let message = "files and batch jobs are locked: their keys are not at hand";
                Self::new(Code::EncryptionLocked, message)
                    .hint("an operator puts the wrapping key back")
            }
            WorkloadError::Store(source) => {
                tracing::error!(error = ?source, "store not available");
                Self::new(Code::StoreUnavailable, source.to_string()).retry_after(Some(2))
            }
        }
    }
}
