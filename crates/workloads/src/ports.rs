//! What this context needs from outside. Every implementation passes its suite in `testkit`.

use async_trait::async_trait;
use domain::{BatchJobId, Caller, HoldId, ModelId, OrganisationId, Timestamp};
use governance::{AuditEntry, ports::StoreError};

use crate::{
    BatchJob, Endpoint, Failure, File, FileId, FilePage, FileQuery, JobPage, JobQuery, JobState,
    Owner,
};

/// Keeps files: what is known of them in rows, their bytes sealed. Every implementation passes
/// `testkit::file_suite`. Where a method takes an audit entry, both are durable or neither.
#[async_trait]
pub trait FileStore: Send + Sync {
    /// Begins to keep bytes that nobody sees yet. They are gone some time after the writer is
    /// dropped, and after a kill, unless [`Self::keep`] made a file of them.
    async fn begin(&self, owner: Owner, id: FileId) -> Result<Box<dyn FileWriter>, StoreError>;

    /// Makes a file of the bytes that were written and finished under its id.
    async fn keep(&self, file: &File, audit: &AuditEntry) -> Result<(), StoreError>;

    async fn file(&self, owner: Owner, id: FileId) -> Result<Option<File>, StoreError>;

    /// Newest first.
    async fn files(&self, owner: Owner, query: &FileQuery) -> Result<FilePage, StoreError>;

    /// The bytes of a file, from the beginning; `None` if there is no such file, or its bytes are
    /// gone, as after a backup without them. A file that is removed meanwhile may end with an error.
    async fn read(
        &self,
        owner: Owner,
        id: FileId,
    ) -> Result<Option<Box<dyn FileReader>>, StoreError>;

    /// Removes a file; its bytes are gone when this returns.
    async fn delete(
        &self,
        owner: Owner,
        id: FileId,
        audit: &AuditEntry,
    ) -> Result<FileDeleted, StoreError>;

    /// What all files of the organisation take, in bytes.
    async fn bytes_kept(&self, organisation: OrganisationId) -> Result<u64, StoreError>;

    /// At most so many files whose time is over, none that is held or read by a job. It needs no
    /// keys.
    async fn expired(&self, at: Timestamp, limit: u32) -> Result<Vec<(Owner, FileId)>, StoreError>;

    /// Removes the bytes of files that are no more and of uploads that were given up. `all`: those
    /// of an earlier process too; for a process that is alone. What is being written stays.
    async fn clean_up(&self, all: bool) -> Result<u64, StoreError>;
}

/// Takes the bytes of one file.
#[async_trait]
pub trait FileWriter: Send {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError>;

    /// Everything that was written is durable when this returns. Nothing is written after it.
    async fn finish(&mut self) -> Result<(), StoreError>;

    /// There is a file for the bytes now: they are not given up with the writer.
    fn leave(self: Box<Self>);
}

/// Gives the bytes of one file.
#[async_trait]
pub trait FileReader: Send {
    /// The next bytes, never none; `None` at the end. Bytes that were altered are an error.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, StoreError>;
}

/// What became of a removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileDeleted {
    Done,
    Unknown,
    /// Nothing was changed: this hold is in force.
    Held(HoldId),
    /// Nothing was changed: this job has not ended, and reads it.
    InUse(BatchJobId),
}

/// Keeps batch jobs and what was answered. Every implementation passes `testkit::job_suite`.
/// Each method is one transaction; where it takes an audit entry, both are durable or neither.
#[async_trait]
pub trait JobStore: Send + Sync {
    /// Keeps a new job, unless `unfinished_max` jobs of its owner have not ended, or a file that
    /// it reads is gone.
    async fn insert(
        &self,
        job: &BatchJob,
        unfinished_max: u32,
        audit: &AuditEntry,
    ) -> Result<JobInserted, StoreError>;

    async fn job(&self, owner: Owner, id: BatchJobId) -> Result<Option<BatchJob>, StoreError>;

    /// Newest first.
    async fn jobs(&self, owner: Owner, query: &JobQuery) -> Result<JobPage, StoreError>;

    /// Asks for the end of a job, as [`JobState::after_cancel`] says. The job as it is then.
    async fn cancel(
        &self,
        owner: Owner,
        id: BatchJobId,
        audit: &AuditEntry,
    ) -> Result<Option<BatchJob>, StoreError>;

    /// Removes a job that has ended. Its files stay.
    async fn delete(
        &self,
        owner: Owner,
        id: BatchJobId,
        audit: &AuditEntry,
    ) -> Result<JobDeleted, StoreError>;

    /// The next job that has not ended, none of `held`: one that is being cancelled, or of accounts
    /// of which the fewest are held, the oldest. A queued one runs from now on. Whoever claimed it
    /// before records nothing any more. One that cannot be read is passed over.
    async fn claim(&self, held: &[BatchJobId], at: Timestamp) -> Result<Option<Claim>, StoreError>;

    /// Whose job [`Self::claim`] would give.
    async fn next_owner(&self, held: &[BatchJobId]) -> Result<Option<Owner>, StoreError>;

    /// Which requests of a job have a result, in order.
    async fn recorded(&self, claim: &Claim) -> Result<Vec<u64>, StoreError>;

    /// Keeps results, and counts them; one that a request has already stays as it is. The state of
    /// the job, or `None`, and nothing is kept, if somebody else claimed it or it is gone.
    async fn record(
        &self,
        claim: &Claim,
        results: &[JobResult],
    ) -> Result<Option<JobState>, StoreError>;

    /// Results of one kind behind this number, in the order of the requests: as many as have so
    /// many bytes together, and one at least if there is any.
    async fn results(
        &self,
        claim: &Claim,
        kind: ResultKind,
        after: Option<u64>,
        bytes_max: u64,
    ) -> Result<Vec<JobResult>, StoreError>;

    /// Ends a job, and makes files of what was written under their ids. `false`, and nothing is
    /// changed, if somebody else claimed it, it is gone, or its state does not lead there.
    async fn conclude(
        &self,
        claim: &Claim,
        conclusion: &Conclusion,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError>;

    /// Removes some results of jobs that have ended: they are in their files. At most so many, and
    /// fewer where they are long. `true` while there are more.
    async fn discard_results(&self, rows_max: u32) -> Result<bool, StoreError>;
}

/// A job, and the right to play it until somebody else claims it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub job: BatchJob,
    /// Higher at each claim.
    pub fence: i64,
}

/// Whether an answer came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResultKind {
    Answer,
    Error,
}

/// What became of one request, as it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobResult {
    /// Which one of the job's requests, from 0.
    pub number: u64,
    pub kind: ResultKind,
    /// Without its end.
    pub line: String,
}

/// How a job ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conclusion {
    /// One that nothing follows.
    pub state: JobState,
    pub at: Timestamp,
    pub output: Option<File>,
    pub errors: Option<File>,
    pub failure: Option<Failure>,
}

/// What became of a new job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobInserted {
    Done,
    TooMany,
    /// It was removed meanwhile.
    InputGone(FileId),
}

/// What became of a removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobDeleted {
    Done,
    Unknown,
    /// Nothing was changed: this hold is in force.
    Held(HoldId),
    /// Nothing was changed: it is in this state.
    Unfinished(JobState),
}

/// Answers requests of jobs, and writes the lines of their files.
#[async_trait]
pub trait Answers: Send + Sync {
    /// The name that whoever wrote the line gave the request, if the line can be read.
    fn name_of(&self, line: &[u8]) -> Option<String>;

    /// The model that the line names, if it names one that could be.
    fn model_of(&self, line: &[u8]) -> Option<String>;

    /// Answers one request as background work of the caller.
    async fn answer(&self, caller: &Caller, task: &Task, asked: Asked<'_>) -> Answered;

    /// The line of the file of errors for a request that was not asked. `number` counts from 1.
    fn refusal(&self, number: u64, line: Option<&[u8]>, refused: Refused) -> String;
}

/// What the requests of a job have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    pub job: BatchJobId,
    pub endpoint: Endpoint,
    /// For requests that name none.
    pub model: Option<ModelId>,
}

/// One request of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked<'a> {
    /// Which one, from 1.
    pub number: u64,
    pub line: &'a [u8],
}

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    Line(ResultKind, String),
    /// It is to be asked again after so long: places were taken.
    Later {
        seconds: u32,
    },
    /// The server stops; a later process asks again.
    Stopping,
}

/// Why a request was not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// An earlier request of the job has the same name.
    NameTaken,
    LineTooLong,
    /// The server failed while it was asked.
    BrokenOff,
}
