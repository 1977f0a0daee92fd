//! What is under way: tasks, groups that wait, versions that rest.

use std::{collections::HashMap, sync::Arc, time::Duration};

use domain::OrganisationId;
use tokio::{
    task::{Id, JoinError, JoinSet},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::{
    IngestionLimits,
    groups::Groups,
    pause::Pause,
    put::put_until_stopped,
    rests::Rests,
    work::{Ended, Item, Tools, work},
};
use crate::{
    VersionKey,
    ports::{Claim, Stage},
    running::Underway,
};

#[derive(Default)]
pub(super) struct Round {
    pub(super) tasks: JoinSet<Ended>,
    pub(super) groups: Groups,
    pub(super) rests: Rests,
    /// What these tasks do.
    doing: HashMap<Id, Doing>,
    reading: Pause,
    embedding: Pause,
    index: Pause,
}

enum Doing {
    Stage(Stage, VersionKey),
    Put { bytes: usize, keys: Vec<VersionKey> },
}

impl Round {
    pub(super) fn has_place(&self, stage: Stage, limits: &IngestionLimits, now: Instant) -> bool {
        let (places, pause) = match stage {
            Stage::Read => (limits.readings, &self.reading),
            Stage::Embed => (limits.embeddings, &self.embedding),
        };
        let is_of = |doing: &&Doing| matches!(doing, Doing::Stage(of, _) if *of == stage);
        self.doing.values().filter(is_of).count() < places
            && !pause.is_on(now)
            && !self.index.is_on(now)
            && self.waiting_bytes() < limits.waiting_bytes_max
    }

    /// Whether something may yet come to the groups.
    pub(super) fn is_working(&self) -> bool {
        self.doing.values().any(|doing| matches!(doing, Doing::Stage(..)))
    }

    pub(super) fn next_due(&self, limits: &IngestionLimits) -> Option<Duration> {
        self.groups.next_due(limits, Instant::now())
    }

    pub(super) fn begin(
        &mut self,
        tools: &Arc<Tools>,
        stage: Stage,
        claim: Claim,
        underway: Underway,
    ) {
        let key = underway.key();
        let task = self.tasks.spawn(work(Arc::clone(tools), stage, claim, underway));
        self.doing.insert(task.id(), Doing::Stage(stage, key));
    }

    pub(super) fn put(
        &mut self,
        tools: &Arc<Tools>,
        group: (OrganisationId, Vec<Item>),
        stop: &CancellationToken,
    ) {
        let bytes = group.1.iter().map(Item::bytes).sum();
        let keys = group.1.iter().map(|item| item.claim.key).collect();
        let task = self.tasks.spawn(put_until_stopped(Arc::clone(tools), group, stop.clone()));
        self.doing.insert(task.id(), Doing::Put { bytes, keys });
    }

    /// Takes note of how a task ended.
    pub(super) fn take(&mut self, ended: Result<(Id, Ended), JoinError>, now: Instant) {
        let (id, ended) = match ended {
            Ok(ended) => ended,
            // A panic, which was told.
            Err(error) => {
                let keys = self.doing.get(&error.id()).map(Doing::keys).unwrap_or_default();
                (error.id(), Ended::BrokenOff(keys))
            }
        };
        let doing = self.doing.remove(&id);
        match ended {
            Ended::Put(item) => {
                if let Some(Doing::Stage(stage, _)) = doing {
                    self.pause(stage).end();
                }
                self.groups.push(*item, now);
            }
            Ended::Over => {}
            Ended::Unavailable(stage) => self.pause(stage).begin(now),
            Ended::InIndex => self.index.end(),
            Ended::IndexUnavailable => self.index.begin(now),
            Ended::Denied(key) => {
                self.rests.begin_long(key, now);
                // Then not all of them rest, and without a pause nothing else would be tried.
                if self.rests.are_full() {
                    self.embedding.begin(now);
                }
            }
            Ended::BrokenOff(keys) => {
                for key in keys {
                    self.rests.begin(key, now);
                }
            }
        }
    }

    const fn pause(&mut self, stage: Stage) -> &mut Pause {
        match stage {
            Stage::Read => &mut self.reading,
            Stage::Embed => &mut self.embedding,
        }
    }

    fn waiting_bytes(&self) -> usize {
        let put = |doing: &Doing| match doing {
            Doing::Put { bytes, .. } => *bytes,
            Doing::Stage(..) => 0,
        };
        self.groups.bytes() + self.doing.values().map(put).sum::<usize>()
    }
}

impl Doing {
    fn keys(&self) -> Vec<VersionKey> {
        match self {
            Self::Stage(_, key) => vec![*key],
            Self::Put { keys, .. } => keys.clone(),
        }
    }
}
