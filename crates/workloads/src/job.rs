//! What a batch job is, and which states may follow each other.

use std::{collections::BTreeMap, str::FromStr};

use domain::{BatchJobId, Caller, ModelId, Permissions, Principal, ProjectId, Timestamp};

use crate::{FileId, Owner, WorkloadError};

/// Requests of one kind that are answered in the background.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchJob {
    pub id: BatchJobId,
    pub owner: Owner,
    pub project: ProjectId,
    /// Of whoever made it; the job goes on as that.
    pub principal: Principal,
    pub endpoint: Endpoint,
    /// For requests that name none.
    pub model: Option<ModelId>,
    /// Read one after the other.
    pub inputs: Vec<FileId>,
    /// Of whoever made it; content.
    pub metadata: BTreeMap<String, String>,
    pub state: JobState,
    pub counts: Counts,
    pub created_at: Timestamp,
    /// What is not answered by then is not asked.
    pub deadline: Timestamp,
    pub started_at: Option<Timestamp>,
    /// When it came to its end.
    pub ended_at: Option<Timestamp>,
    pub output: Option<FileId>,
    pub errors: Option<FileId>,
    /// Why it failed as a whole.
    pub failure: Option<Failure>,
}

impl BatchJob {
    /// As whom its requests are asked, before anybody has looked what is still permitted.
    pub const fn maker(&self) -> Caller {
        Caller {
            organisation: self.owner.organisation,
            project: self.project,
            account: self.owner.account,
            principal: self.principal,
            permissions: Permissions::NONE,
        }
    }
}

/// How many requests there are, and what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub total: u64,
    pub succeeded: u64,
    pub failed: u64,
}

impl Counts {
    pub const fn completed(self) -> u64 {
        self.succeeded + self.failed
    }
}

/// What a job asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    ChatCompletions,
    Embeddings,
}

impl Endpoint {
    pub const ALL: [Self; 2] = [Self::ChatCompletions, Self::Embeddings];

    /// The path of the route that answers one such request.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ChatCompletions => "/v1/chat/completions",
            Self::Embeddings => "/v1/embeddings",
        }
    }
}

impl FromStr for Endpoint {
    type Err = WorkloadError;

    fn from_str(text: &str) -> Result<Self, WorkloadError> {
        let found = Self::ALL.into_iter().find(|endpoint| endpoint.as_str() == text);
        found.ok_or_else(|| WorkloadError::Endpoint { path: text.chars().take(128).collect() })
    }
}

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobState {
    Queued,
    Running,
    /// Somebody wants it to end; what runs is being stopped.
    Cancelling,
    Succeeded,
    Failed,
    TimedOut,
    Cancelled,
}

impl JobState {
    pub const ALL: [Self; 7] = [
        Self::Queued,
        Self::Running,
        Self::Cancelling,
        Self::Succeeded,
        Self::Failed,
        Self::TimedOut,
        Self::Cancelled,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Cancelling => "cancelling",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state that the store calls so.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether nothing follows.
    pub const fn is_ended(self) -> bool {
        match self {
            Self::Queued | Self::Running | Self::Cancelling => false,
            Self::Succeeded | Self::Failed | Self::TimedOut | Self::Cancelled => true,
        }
    }

    /// Whether `next` may follow.
    pub const fn leads_to(self, next: Self) -> bool {
        match self {
            Self::Queued => matches!(next, Self::Running | Self::Cancelling),
            Self::Running => {
                matches!(next, Self::Cancelling | Self::Succeeded | Self::Failed | Self::TimedOut)
            }
            Self::Cancelling => matches!(next, Self::Cancelled),
            Self::Succeeded | Self::Failed | Self::TimedOut | Self::Cancelled => false,
        }
    }

    /// What it is after somebody asked for its end.
    #[must_use]
    pub const fn after_cancel(self) -> Self {
        match self {
            Self::Queued | Self::Running | Self::Cancelling => Self::Cancelling,
            Self::Succeeded | Self::Failed | Self::TimedOut | Self::Cancelled => self,
        }
    }
}

/// Why a job failed as a whole: a stable code, explained in `docs/errors/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub code: String,
}

/// What somebody wants answered in the background.
#[derive(Clone, Debug)]
pub struct NewJob {
    pub endpoint: Endpoint,
    pub model: Option<ModelId>,
    pub inputs: Vec<FileId>,
    pub metadata: BTreeMap<String, String>,
    pub hours: u32,
}

/// Which jobs to list, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobQuery {
    /// Any state if there is none.
    pub states: Vec<JobState>,
    pub model: Option<ModelId>,
    pub created_after: Option<Timestamp>,
    pub limit: u32,
    pub offset: u64,
    /// Those behind this one, in the order of the list.
    pub after: Option<BatchJobId>,
}

/// Some of the jobs, and how many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobPage {
    pub jobs: Vec<BatchJob>,
    /// Without limit, offset and `after`.
    pub total: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_follow_each_other_as_the_table_says() {
        let table = JobState::ALL.map(|state| {
            let next = JobState::ALL.into_iter().filter(|next| state.leads_to(*next));
            let next: Vec<_> = next.map(JobState::as_str).collect();
            format!("{}: {}", state.as_str(), next.join(" "))
        });
        assert_eq!(
            table,
            [
                "queued: running cancelling",
                "running: cancelling succeeded failed timed_out",
                "cancelling: cancelled",
                "succeeded: ",
                "failed: ",
                "timed_out: ",
                "cancelled: ",
            ]
        );
    }

    #[test]
    fn a_job_that_has_ended_is_not_cancelled() {
        for state in JobState::ALL {
            let after = state.after_cancel();
            assert_eq!(after == state, state.is_ended() || state == JobState::Cancelling);
            assert!(after == state || state.leads_to(after));
        }
    }

    #[test]
    fn words_are_read_as_they_are_written() {
        for state in JobState::ALL {
            assert_eq!(JobState::from_word(state.as_str()), Some(state));
        }
        for endpoint in Endpoint::ALL {
            assert_eq!(endpoint.as_str().parse::<Endpoint>().ok(), Some(endpoint));
        }
        assert!("/v1/fim/completions".parse::<Endpoint>().is_err());
    }
}
