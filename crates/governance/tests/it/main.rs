//! The context on in-memory stores: who is recognised, what is written down.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod access;
mod accounts;
mod identities;
mod log;
mod protection;
mod trail;
mod vault;

use std::sync::Arc;

use domain::Clock as _;
use governance::{Access, AccessParts, CreatedKey, InstallationKey, LogGate, Trail, TrailParts};
use testkit::{MemoryStore, SeededIds, SeededSecrets, SimulatedClock};

const SEED: u64 = 20_261_121;

struct World {
    store: Arc<MemoryStore>,
    clock: SimulatedClock,
    access: Access,
    trail: Trail,
    gate: LogGate,
    first_key: CreatedKey,
}

impl World {
    async fn founded() -> Self {
        Self::seeded(SEED).await
    }

    async fn seeded(seed: u64) -> Self {
        let store = Arc::new(MemoryStore::default());
        let clock = SimulatedClock::default();
        let ids = Arc::new(SeededIds::new(seed));
        let gate = LogGate::default();
        let trail = Trail::new(TrailParts {
            audit: store.clone(),
            access: store.clone(),
            clock: Arc::new(clock.clone()),
            ids: ids.clone(),
            secrets: Arc::new(SeededSecrets::new(seed + 1)),
            gate: gate.clone(),
        });
        let access = Access::new(AccessParts {
            store: store.clone(),
            trail: trail.clone(),
            installation: InstallationKey::from_bytes([7; 32]),
            clock: Arc::new(clock.clone()),
            ids,
            secrets: Arc::new(SeededSecrets::new(seed)),
        });
        let first_key = access.found().await.unwrap().unwrap();
        Self { store, clock, access, trail, gate, first_key }
    }

    fn actions(&self) -> Vec<String> {
        self.store.audit_entries().into_iter().map(|entry| entry.action).collect()
    }

    fn now(&self) -> domain::Timestamp {
        self.clock.now()
    }
}
