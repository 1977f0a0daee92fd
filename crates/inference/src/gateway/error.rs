//! Why no engine elsewhere has answered.

use domain::ModelId;

use crate::ports::UpstreamError;

/// Why no upstream is asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// Not one byte was sent.
    #[error("no engine that may be asked has the model `{model}`")]
    NoEligible { model: ModelId },
    #[error("no engine that has the model `{model}` is well")]
    Unavailable { model: ModelId, retry_after_seconds: u32 },
    #[error("every engine that has the model `{model}` is busy")]
    Full { model: ModelId },
    #[error("the upstream of the model `{model}` did not answer: {source}")]
    Upstream { model: ModelId, source: UpstreamError },
    #[error("the server is stopping")]
    Stopping,
    /// Nobody waits for an answer.
    #[error("the caller has left")]
    CallerLeft,
}

impl GatewayError {
    /// Stable code, explained in `docs/errors/`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoEligible { .. } => "residency.no_eligible_upstream",
            Self::Unavailable { .. } => "upstream.unavailable",
            Self::Full { .. } => "capacity.exhausted",
            Self::Upstream { source, .. } => match source {
                UpstreamError::Denied(_) => "residency.no_eligible_upstream",
                UpstreamError::NotRecorded => "audit.unavailable",
                UpstreamError::Unsuited { .. } => "feature.unsupported",
                UpstreamError::Refused { .. } => "upstream.refused",
                UpstreamError::Busy { .. } => "capacity.exhausted",
                UpstreamError::Unreachable { .. }
                | UpstreamError::Barred { .. }
                | UpstreamError::Erred { .. }
                | UpstreamError::Failed { .. } => "upstream.failed",
            },
            Self::Stopping => "server.stopping",
            Self::CallerLeft => "caller.left",
        }
    }

    /// When trying again makes sense, if it does.
    pub const fn retry_after_seconds(&self) -> Option<u32> {
        match self {
            Self::Unavailable { retry_after_seconds, .. } => Some(*retry_after_seconds),
            Self::Upstream {
                source: UpstreamError::Busy { retry_after_seconds: Some(seconds) },
                ..
            } => Some(*seconds),
            Self::Full { .. }
            | Self::Upstream {
                source: UpstreamError::Busy { .. } | UpstreamError::NotRecorded,
                ..
            }
            | Self::Stopping => Some(2),
            Self::Upstream { .. } | Self::NoEligible { .. } | Self::CallerLeft => None,
        }
    }
}
