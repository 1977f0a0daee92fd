//! Files, and batch jobs: many requests that are answered in the background.
//!
//! Start at [`Files::begin`] for an upload and at [`Jobs::create`] for a job. [`Runner::run`] plays
//! jobs, and goes on with those of an earlier process; models are asked through
//! [`ports::Answers`], as the account and the key that made the job.
//! **Never here:** wire JSON, HTTP, SQL, where bytes lie.

pub mod ports;

mod error;
mod file;
mod files;
mod job;
mod jobs;
mod lines;
mod owner;
mod results;
mod room;
mod runner;
mod running;

pub use error::WorkloadError;
pub use file::{
    File, FileContent, FileId, FilePage, FileQuery, FileSource, NAME_CHARACTERS_MAX, Purpose,
};
pub use files::{Described, Files, FilesParts, Quota, Upload};
pub use job::{BatchJob, Counts, Endpoint, Failure, JobPage, JobQuery, JobState, NewJob};
pub use jobs::{
    HOURS_MAX, INPUTS_MAX, Jobs, JobsParts, METADATA_MAX, REQUESTS_MAX, UNFINISHED_MAX,
};
pub use lines::{LINE_BYTES_MAX, Line, Lines};
pub use owner::Owner;
pub use runner::{Runner, RunnerLimits, RunnerParts};
pub use running::RunningJobs;
