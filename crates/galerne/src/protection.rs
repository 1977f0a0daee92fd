//! Data protection of an installation: erasures, holds and terms.

use std::{sync::Arc, time::Duration};

use assistant::Assistant;
use async_trait::async_trait;
use domain::{AccountId, OrganisationId};
use governance::{
    Erasures, ErasuresParts, Holds, HoldsParts, Retention, RetentionParts, ports::RunningTurns,
};
use workloads::RunningJobs;

use crate::{
    config::Settings,
    failure::Failure,
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

pub(crate) fn retention(local: &Local, settings: &Settings) -> Result<Retention, Failure> {
    Ok(Retention::new(RetentionParts {
        store: local.store.clone(),
        access: local.access.clone(),
        trail: local.trail.clone(),
        clock: Arc::new(SystemClock),
        terms: settings.retention.value.terms()?,
    }))
}

/// Everything that this process computes for an account.
pub(crate) struct RunningWork {
    assistant: Assistant,
    jobs: RunningJobs,
}

impl RunningWork {
    pub(crate) fn of(serving: &Serving) -> Self {
        Self { assistant: serving.assistant.clone(), jobs: serving.running.clone() }
    }
}

#[async_trait]
impl RunningTurns for RunningWork {
    async fn stop_all(&self, organisation: OrganisationId, account: AccountId) {
        self.assistant.stop_all(organisation, account).await;
        self.jobs.stop_all(organisation, account).await;
    }
}
