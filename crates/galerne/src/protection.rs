//! Data protection of an installation: erasures, holds and terms.

use std::{sync::Arc, time::Duration};

use assistant::Assistant;
use async_trait::async_trait;
use domain::{AccountId, OrganisationId};
use governance::{
    Erasures, ErasuresParts, Holds, HoldsParts, Retention, RetentionParts, ports::RunningTurns,
};
use knowledge::RunningReadings;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use workloads::RunningJobs;

use crate::{
    config::Settings,
    failure::Failure,
    libraries::Knowledge,
    log,
    system::{SystemClock, SystemRandom},
    wiring::{Local, Serving},
};

/// A copy of a small database and the next checkpoint take less.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// `turns`: whoever computes answers in this process.
pub(crate) async fn erasures(
    local: &Local,
    settings: &Settings,
    turns: Option<Arc<dyn RunningTurns>>,
) -> Result<Erasures, Failure> {
    Ok(Erasures::new(ErasuresParts {
        store: local.store.clone(),
        access: local.access.clone(),
        log: log::receipt_log(local, &settings.log.value).await?,
        turns,
        patience: PATIENCE,
    }))
}

pub(crate) fn holds(local: &Local) -> Holds {
    Holds::new(HoldsParts {
        store: local.store.clone(),
        trail: local.trail.clone(),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemRandom),
    })
}

fn retention(local: &Local, settings: &Settings) -> Result<Retention, Failure> {
    Ok(Retention::new(RetentionParts {
        store: local.store.clone(),
        access: local.access.clone(),
        trail: local.trail.clone(),
        clock: Arc::new(SystemClock),
        terms: settings.retention.value.terms()?,
    }))
}

/// Carries out erasures and terms while a server runs.
pub(crate) struct Protection {
    pub(crate) erasures: Erasures,
    retention: Retention,
}

impl Protection {
    pub(crate) async fn open(
        local: &Local,
        settings: &Settings,
        (serving, knowledge): (&Serving, &Knowledge),
    ) -> Result<Self, Failure> {
        let turns = Arc::new(RunningWork::of(serving, knowledge));
        let erasures = erasures(local, settings, Some(turns)).await?;
        let retention = retention(local, settings)?;
        Ok(Self { erasures: erasures.with_derived(knowledge.derived()), retention })
    }

    pub(crate) fn begin_work(self, tasks: &TaskTracker, stop: &CancellationToken) {
        tasks.spawn(self.erasures.run(stop.clone()));
        tasks.spawn(self.retention.run(stop.clone()));
    }
}

/// Everything that this process computes for an account.
struct RunningWork {
    assistant: Assistant,
    jobs: RunningJobs,
    readings: RunningReadings,
}

impl RunningWork {
    fn of(serving: &Serving, knowledge: &Knowledge) -> Self {
        Self {
            assistant: serving.assistant.clone(),
            jobs: serving.running.clone(),
            readings: knowledge.running.clone(),
        }
    }
}

#[async_trait]
impl RunningTurns for RunningWork {
    async fn stop_all(&self, organisation: OrganisationId, account: AccountId) {
        self.assistant.stop_all(organisation, account).await;
        self.jobs.stop_all(organisation, account).await;
        self.readings.stop_all(organisation, account).await;
    }
}
