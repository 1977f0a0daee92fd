//! Has the deployment assessed on demand: one assessment at a time, each with its entry in the log.
//!
//! Start at [`Assessments::run`].
//! **Never here:** what is looked at, and what a report says.

use std::{sync::Arc, time::Duration};

use domain::{Caller, hexadecimal};
use sha2::{Digest as _, Sha256};
use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    time::timeout,
};
use tokio_util::task::TaskTracker;

use crate::{
    Action, AuditError, AuditFact, Subject, Trail,
    ports::{Assessor, AssessorError},
};

/// Nobody waits longer for a report.
const DEADLINE: Duration = Duration::from_mins(2);

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum AssessmentError {
    #[error("another assessment is being made")]
    Running,
    #[error(
        "the assessment did not end within {seconds} s; it goes on, and its report is not kept"
    )]
    Late { seconds: u64 },
    #[error(transparent)]
    Assessor(#[from] AssessorError),
    #[error("the assessment broke off")]
    BrokeOff,
    #[error(transparent)]
    Audit(#[from] AuditError),
}

/// Makes reports. Cheap to clone.
#[derive(Clone)]
pub struct Assessments {
    assessor: Arc<dyn Assessor>,
    trail: Trail,
    /// Held while an assessment is made, also after nobody waits for it any more.
    place: Arc<Mutex<()>>,
    tasks: TaskTracker,
}

impl Assessments {
    pub fn new(assessor: Arc<dyn Assessor>, trail: Trail) -> Self {
        Self { assessor, trail, place: Arc::default(), tasks: TaskTracker::new() }
    }

    /// Makes a report. Its digest is in the log before anybody has it; a report whose caller has
    /// left is made to its end and logged too.
    pub async fn run(
        &self,
        caller: Caller,
        framework: Option<String>,
    ) -> Result<Vec<u8>, AssessmentError> {
        let place = Arc::clone(&self.place).try_lock_owned();
        let place = place.map_err(|_| AssessmentError::Running)?;
        let work = self.tasks.spawn(self.clone().carry_out(caller, framework, place));
        match timeout(DEADLINE, work).await {
            Ok(Ok(report)) => report,
            Ok(Err(_)) => Err(AssessmentError::BrokeOff),
            Err(_) => Err(AssessmentError::Late { seconds: DEADLINE.as_secs() }),
        }
    }

    async fn carry_out(
        self,
        caller: Caller,
        framework: Option<String>,
        _place: OwnedMutexGuard<()>,
    ) -> Result<Vec<u8>, AssessmentError> {
        let report = self.assessor.assess(framework.as_deref()).await?;
        let subject = Subject::Report { sha256: hexadecimal(&Sha256::digest(&report)) };
        self.trail.record(&AuditFact::ok(Action::SovereigntyAssess, caller, subject)).await?;
        Ok(report)
    }

    /// Waits for the assessment that is being made, if there is one.
    pub async fn shut_down(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}
