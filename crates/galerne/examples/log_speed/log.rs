//! The log as the server keeps it: trail, store, keeper, witness file.

use std::{path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{Caller, Clock, IdSource, Timestamp};
use governance::{
    Access, AccessParts, Action, AuditFact, InstallationKey, Log, LogGate, LogParts, SecretSource,
    Subject, Trail, TrailParts,
};
use store::Store;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use transparency_log::Signer;
use uuid::{Builder, Uuid};
use witness::FileWitness;

use crate::{Keeper, fresh};

pub(crate) struct Logged {
    trail: Trail,
    caller: Caller,
    store: Arc<Store>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Logged {
    pub(crate) async fn open(dir: &Path) -> anyhow::Result<Self> {
        fresh(dir)?;
        let store = Arc::new(Store::open(&dir.join("galerne.db")).await?);
        let gate = LogGate::default();
        let trail = Trail::new(TrailParts {
            audit: store.clone(),
            access: store.clone(),
            clock: Arc::new(Machine),
            ids: Arc::new(Machine),
            secrets: Arc::new(Machine),
            gate: gate.clone(),
        });
        let access = Access::new(AccessParts {
            store: store.clone(),
            trail: trail.clone(),
            installation: InstallationKey::from_bytes([7; 32]),
            clock: Arc::new(Machine),
            ids: Arc::new(Machine),
            secrets: Arc::new(Machine),
        });
        access.found().await?;
        let caller = access.operator().await?;
        let signer = Signer::from_seed("example.org/log", [5; 32])?;
        let log = Log::open(LogParts {
            store: store.clone(),
            witness: Arc::new(FileWitness::new(dir.join("checkpoints"), signer.verifier())),
            signer,
            clock: Arc::new(Machine),
            gate,
            every: Duration::from_secs(5),
            witness_grace: Duration::from_mins(10),
        })
        .await?;
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let until = stop.clone();
        tasks.spawn(async move { log.run(until).await });
        tasks.close();
        Ok(Self { trail, caller, store, stop, tasks })
    }
}

#[async_trait]
impl Keeper for Logged {
    async fn keep(&self) {
        let fact = AuditFact::ok(Action::ModelList, self.caller, Subject::Nothing);
        if let Err(error) = self.trail.record(&fact).await {
            // A benchmark that goes on without its subject would measure nothing.
            eprintln_and_end(&error);
        }
    }

    async fn close(&self) {
        self.stop.cancel();
        self.tasks.wait().await;
        self.store.close().await;
    }
}

#[expect(clippy::print_stderr, clippy::exit, reason = "there is nothing to go on with")]
fn eprintln_and_end(error: &dyn std::error::Error) -> ! {
    eprintln!("{error}");
    std::process::exit(1)
}

/// The machine's clock and randomness.
struct Machine;

impl Clock for Machine {
    fn now(&self) -> Timestamp {
        let since =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

impl SecretSource for Machine {
    #[expect(clippy::expect_used, reason = "without randomness nothing can be measured")]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}

impl IdSource for Machine {
    fn next(&self, at: Timestamp) -> Uuid {
        let mut random = [0; 10];
        self.fill(&mut random);
        let millis = u64::try_from(at.as_micros().div_euclid(1000)).unwrap_or(0);
        Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}
