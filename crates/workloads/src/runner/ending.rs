//! The end of a job: its results become files, and it says what came of it.

use domain::Timestamp;
use governance::{Action, AuditFact, Subject};

use super::DISCARDED;
use crate::{
    Failure, File, FileSource, JobState, Jobs, Purpose, WorkloadError,
    file::FileId,
    ports::{Claim, Conclusion, FileWriter, ResultKind},
    results,
};

/// Ends one job.
pub(super) struct Ending<'a> {
    pub(super) jobs: &'a Jobs,
    pub(super) claim: &'a Claim,
}

impl Ending<'_> {
    /// A kill at any moment leaves the job as it was, and bytes that nobody sees; it is done again.
    pub(super) async fn conclude(
        &self,
        state: JobState,
        failure: Option<Failure>,
    ) -> Result<(), WorkloadError> {
        let at = self.jobs.clock.now();
        let output = self.file(ResultKind::Answer, at).await?;
        let errors = self.file(ResultKind::Error, at).await?;
        let (output, output_bytes) = output.unzip();
        let (errors, errors_bytes) = errors.unzip();
        let conclusion = Conclusion { state, at, output, errors, failure };
        let (maker, id) = (self.claim.job.maker(), self.claim.job.id);
        let outcome = outcome(&conclusion);
        let fact =
            AuditFact { outcome, ..AuditFact::ok(Action::BatchEnd, maker, Subject::BatchJob(id)) };
        let audit = self.jobs.trail.entry(&fact).await?;
        if self.jobs.store.conclude(self.claim, &conclusion, &audit).await? {
            for writer in output_bytes.into_iter().chain(errors_bytes) {
                writer.leave();
            }
            self.discard().await;
        }
        Ok(())
    }

    /// The job has ended, whatever comes of this: what is left is removed by the next cleaning.
    async fn discard(&self) {
        loop {
            match self.jobs.store.discard_results(DISCARDED).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    tracing::warn!(
                        job = %self.claim.job.id,
                        error = &error as &dyn std::error::Error,
                        "results that are in their files were not removed"
                    );
                    return;
                }
            }
        }
    }

    /// The results of one kind as a file that nobody sees yet; `None` if there are none.
    async fn file(
        &self,
        kind: ResultKind,
        at: Timestamp,
    ) -> Result<Option<(File, Box<dyn FileWriter>)>, WorkloadError> {
        let job = &self.claim.job;
        let id = FileId::from_uuid(self.jobs.ids.next(at));
        let Some(written) = results::write(self.jobs, self.claim, (kind, id)).await? else {
            return Ok(None);
        };
        let (source, word) = match kind {
            ResultKind::Answer => (FileSource::BatchOutput, "output"),
            ResultKind::Error => (FileSource::BatchErrors, "errors"),
        };
        let file = File {
            id,
            owner: job.owner,
            name: format!("{}_{word}.jsonl", job.id),
            purpose: Purpose::Batch,
            source,
            bytes: written.bytes,
            lines: Some(written.lines),
            created_at: at,
            expires_at: None,
        };
        Ok(Some((file, written.writer)))
    }
}

/// As entries of the log say it: `ok`, or a stable code.
const fn outcome(conclusion: &Conclusion) -> &'static str {
    match conclusion.state {
        JobState::Failed => "batch.failed",
        JobState::TimedOut => "batch.timed_out",
        JobState::Cancelled => "batch.cancelled",
        JobState::Queued | JobState::Running | JobState::Cancelling | JobState::Succeeded => "ok",
    }
}
