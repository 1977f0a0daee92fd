//! The jobs that this process plays, and how somebody stops those of an account.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use domain::{AccountId, BatchJobId, OrganisationId};
use governance::ports::RunningTurns;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::Owner;

/// Known to whoever plays jobs and to whoever erases people. Cheap to clone.
#[derive(Clone, Default)]
pub struct RunningJobs {
    // A lock and not a task: nothing waits while it is held.
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    played: BTreeMap<BatchJobId, Played>,
    /// Those that are erased: nothing of them is begun any more.
    barred: BTreeSet<Account>,
}

type Account = (OrganisationId, AccountId);

#[derive(Clone)]
struct Played {
    owner: Owner,
    since: Instant,
    stops: Stops,
    ended: CancellationToken,
}

/// How whoever plays a job is told to leave it.
#[derive(Clone)]
pub(crate) struct Stops {
    /// At once.
    pub(crate) now: CancellationToken,
    /// When what is asked has its answers.
    pub(crate) turn: CancellationToken,
}

/// One job that is played, until this is dropped.
pub(crate) struct Playing {
    id: BatchJobId,
    all: RunningJobs,
    stops: Stops,
    ended: CancellationToken,
}

impl RunningJobs {
    /// `None` if its owner is erased.
    pub(crate) fn begin(
        &self,
        id: BatchJobId,
        owner: Owner,
        stopping: &CancellationToken,
    ) -> Option<Playing> {
        let (now, ended) = (stopping.child_token(), CancellationToken::new());
        let stops = Stops { now, turn: CancellationToken::new() };
        let mut known = self.known();
        if known.barred.contains(&(owner.organisation, owner.account)) {
            return None;
        }
        let since = Instant::now();
        let played = Played { owner, since, stops: stops.clone(), ended: ended.clone() };
        known.played.insert(id, played);
        drop(known);
        Some(Playing { id, all: self.clone(), stops, ended })
    }

    /// Ends the turn of the job that was played longest, of the account with the most, if whoever
    /// waits has none and it had this long.
    pub(crate) fn yield_to(&self, waiting: Owner, turn: Duration) {
        let known = self.known();
        let all = &known.played;
        let of = |owner: Owner| all.values().filter(|played| played.owner == owner).count();
        // One at a time: a place is about to be free.
        let is_yielding = all.values().any(|played| played.stops.turn.is_cancelled());
        if is_yielding || of(waiting) > 0 {
            return;
        }
        let longest = all
            .values()
            .filter(|played| played.since.elapsed() >= turn)
            .max_by_key(|played| (of(played.owner), played.since.elapsed()));
        if let Some(played) = longest {
            played.stops.turn.cancel();
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Playing {
    /// When it is to be left for later.
    pub(crate) const fn stops(&self) -> &Stops {
        &self.stops
    }
}

impl Drop for Playing {
    fn drop(&mut self) {
        self.all.known().played.remove(&self.id);
        self.ended.cancel();
    }
}

#[async_trait]
impl RunningTurns for RunningJobs {
    async fn stop_all(&self, organisation: OrganisationId, account: AccountId) {
        let owner = Owner { organisation, account };
        let of_owner: Vec<_> = {
            let mut known = self.known();
            known.barred.insert((organisation, account));
            known.played.values().filter(|played| played.owner == owner).cloned().collect()
        };
        for played in &of_owner {
            played.stops.now.cancel();
        }
        for played in of_owner {
            played.ended.cancelled().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(digit: char) -> T {
        digit.to_string().repeat(32).parse().unwrap()
    }

    #[test]
    fn whoever_has_most_gives_one_back_to_whoever_has_none() {
        let (running, stopping) = (RunningJobs::default(), CancellationToken::new());
        let owner = |digit| Owner { organisation: id('1'), account: id(digit) };
        let begin = |job, account| running.begin(id(job), owner(account), &stopping).unwrap();
        let (first, second) = (begin('5', 'a'), begin('6', 'a'));
        let other = begin('7', 'b');
        let is_over = |playing: &Playing| playing.stops().turn.is_cancelled();
        running.yield_to(owner('c'), Duration::from_hours(1));
        running.yield_to(owner('b'), Duration::ZERO);
        assert!(![&first, &second, &other].into_iter().any(is_over));
        running.yield_to(owner('c'), Duration::ZERO);
        running.yield_to(owner('c'), Duration::ZERO);
        assert!(!is_over(&other));
        assert_ne!(is_over(&first), is_over(&second), "one at a time");
    }
}
