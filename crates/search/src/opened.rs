//! The indexes that are open in memory.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use domain::{OrganisationId, Timestamp};
use knowledge::IndexError;
use uuid::Uuid;

use crate::{
    deadline::Deadline,
    failure::damaged,
    manifest::{Chain, Current, GRACE_SECONDS},
    objects::segment_name,
    sealing::{self, FrameError, ObjectName},
    segment::OpenSegment,
    snapshot::Snapshot,
    workers::Workers,
};

/// How often segments of a manifest may be gone when they are read, since another one replaced it.
const TRIES_MAX: usize = 3;

/// The open indexes of all organisations.
pub(crate) struct Opened {
    chain: Chain,
    workers: Arc<Workers>,
    memory_bytes_max: u64,
    /// A lock and not a task: nothing waits while it is held.
    tenants: Mutex<HashMap<OrganisationId, Tenant>>,
    /// Counts searches, to know which index was not searched for the longest time.
    uses: AtomicU64,
}

/// What is open of an organisation.
#[derive(Default)]
struct Tenant {
    /// Replaced as a whole; searches that run keep theirs.
    snapshot: Option<Arc<Snapshot>>,
    /// Whatever was opened, also while the next snapshot is not complete.
    segments: HashMap<Uuid, Arc<OpenSegment>>,
    /// When the manifest of the snapshot was known to be the newest one.
    seen_at: Option<Timestamp>,
    last_use: u64,
    /// Held by whoever opens segments, so that nobody opens them twice.
    opening: Arc<tokio::sync::Mutex<()>>,
}

impl Opened {
    pub(crate) fn new(chain: Chain, workers: Arc<Workers>, memory_bytes_max: u64) -> Self {
        let (tenants, uses) = (Mutex::default(), AtomicU64::new(0));
        Self { chain, workers, memory_bytes_max, tenants, uses }
    }

    /// The index as the newest manifest names it. Nothing of it stays open where its keys are not
    /// at hand any more.
    pub(crate) async fn newest(
        &self,
        of: OrganisationId,
        deadline: Deadline,
    ) -> Result<Arc<Snapshot>, IndexError> {
        if let Err(locked) = self.chain.keys.check(of) {
            self.forget(of);
            return Err(locked.into());
        }
        let opening = {
            let mut tenants = self.tenants();
            let tenant = tenants.entry(of).or_default();
            tenant.last_use = self.uses.fetch_add(1, Ordering::Relaxed);
            Arc::clone(&tenant.opening)
        };
        if let Some(snapshot) = self.still_newest(of).await? {
            return Ok(snapshot);
        }
        let _alone = opening.lock().await;
        let mut missing = None;
        for _ in 0..TRIES_MAX {
            let current = self.chain.newest(of).await?;
            if let Some(snapshot) = self.known_as(of, &current) {
                return Ok(snapshot);
            }
            match self.open_all(of, &current, deadline).await? {
                Ok(segments) => return Ok(self.keep(of, Snapshot::new(current, segments))),
                Err(name) => missing = Some(name),
            }
        }
        let gone = |name: ObjectName| damaged(name.to_string(), "it is not there");
        Err(missing.map_or(IndexError::Busy, gone))
    }

    /// Nothing of an organisation is open when this returns, but for searches that run.
    pub(crate) fn forget(&self, of: OrganisationId) {
        self.tenants().remove(&of);
    }

    /// What is open, if no manifest was written since.
    async fn still_newest(&self, of: OrganisationId) -> Result<Option<Arc<Snapshot>>, IndexError> {
        let now = self.chain.clock.now();
        // Who has not looked for long cannot go by the next manifest: it may have come and gone.
        let recently = now.plus_seconds(-GRACE_SECONDS / 2);
        let known = {
            let tenants = self.tenants();
            let tenant = tenants.get(&of).filter(|tenant| tenant.seen_at >= Some(recently));
            tenant.and_then(|tenant| tenant.snapshot.clone())
        };
        let Some(known) = known else { return Ok(None) };
        if !self.chain.is_newest(of, &known.current).await? {
            return Ok(None);
        }
        self.see(of, now);
        Ok(Some(known))
    }

    /// What is open, if it is this.
    fn known_as(&self, of: OrganisationId, current: &Current) -> Option<Arc<Snapshot>> {
        let known = self.tenants().get(&of)?.snapshot.clone()?;
        let is_it = known.current.generation == current.generation
            && known.current.manifest.id == current.manifest.id;
        if is_it {
            self.see(of, self.chain.clock.now());
        }
        is_it.then_some(known)
    }

    fn see(&self, of: OrganisationId, at: Timestamp) {
        if let Some(tenant) = self.tenants().get_mut(&of) {
            tenant.seen_at = Some(at);
        }
    }

    /// All segments of a manifest, or one that is gone.
    async fn open_all(
        &self,
        of: OrganisationId,
        current: &Current,
        deadline: Deadline,
    ) -> Result<Result<Vec<Arc<OpenSegment>>, ObjectName>, IndexError> {
        let mut segments = Vec::with_capacity(current.manifest.segments.len());
        for entry in &current.manifest.segments {
            let known =
                self.tenants().get(&of).and_then(|tenant| tenant.segments.get(&entry.id).cloned());
            let segment = match known {
                Some(segment) => segment,
                None => match self.open(of, entry.id, deadline).await? {
                    Some(segment) => segment,
                    None => return Ok(Err(segment_name(of, entry.id))),
                },
            };
            segments.push(segment);
        }
        Ok(Ok(segments))
    }

    async fn open(
        &self,
        of: OrganisationId,
        id: Uuid,
        deadline: Deadline,
    ) -> Result<Option<Arc<OpenSegment>>, IndexError> {
        let Some(segment) = self.read(of, id, deadline).await? else { return Ok(None) };
        let segment = Arc::new(segment);
        if let Some(tenant) = self.tenants().get_mut(&of) {
            tenant.segments.insert(id, Arc::clone(&segment));
        }
        Ok(Some(segment))
    }

    /// A segment as it is stored now, opened for nobody else; `None` if it is gone.
    pub(crate) async fn read(
        &self,
        of: OrganisationId,
        id: Uuid,
        deadline: Deadline,
    ) -> Result<Option<OpenSegment>, IndexError> {
        let name = segment_name(of, id);
        let Some(stored) = self.chain.objects.read(name).await? else {
            return Ok(None);
        };
        let keys = Arc::clone(&self.chain.keys);
        let opened = self.workers.run(deadline, move || {
            let plain = sealing::open(&*keys, name, &stored).map_err(|error| match error {
                FrameError::Locked(locked) => IndexError::Locked(locked),
                other => damaged(name.to_string(), other),
            })?;
            // Not held twice for longer than needed.
            drop(stored);
            OpenSegment::open(plain).map_err(|error| damaged(name.to_string(), error))
        });
        opened.await.map(Some)
    }

    /// From now on searches find this; what is not part of it is closed.
    fn keep(&self, of: OrganisationId, snapshot: Snapshot) -> Arc<Snapshot> {
        let snapshot = Arc::new(snapshot);
        let named: HashSet<Uuid> = snapshot.members.iter().map(|member| member.entry.id).collect();
        let mut tenants = self.tenants();
        let tenant = tenants.entry(of).or_default();
        tenant.segments.retain(|id, _| named.contains(id));
        tenant.snapshot = Some(Arc::clone(&snapshot));
        tenant.seen_at = Some(self.chain.clock.now());
        close_unused(&mut tenants, of, self.memory_bytes_max);
        snapshot
    }

    fn tenants(&self) -> MutexGuard<'_, HashMap<OrganisationId, Tenant>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes what was not searched for the longest time until the others fit; never that of `but`.
fn close_unused(tenants: &mut HashMap<OrganisationId, Tenant>, but: OrganisationId, max: u64) {
    let bytes =
        |tenant: &Tenant| -> u64 { tenant.segments.values().map(|segment| segment.bytes).sum() };
    while tenants.values().map(bytes).sum::<u64>() > max {
        let others = tenants.iter().filter(|&(of, tenant)| *of != but && bytes(tenant) > 0);
        let longest = others.min_by_key(|(_, tenant)| tenant.last_use).map(|(of, _)| *of);
        let Some(longest) = longest else { break };
        tenants.remove(&longest);
    }
}
