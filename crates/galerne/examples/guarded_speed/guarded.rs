//! Everything as the server has it: the store on a disk, the log that is signed and witnessed, ten
//! rules, a vault with its key in a file.

use std::{fmt::Write as _, path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, ensure};
use axum::http::{Method, StatusCode};
use custody::KeyFile;
use domain::Clock;
use governance::{Log, LogParts, PolicyDigest, Rulebook, Vault, VaultParts, ports::LogStore as _};
use http_body_util::BodyExt as _;
use policy::{Keeper, KeeperParts, Place};
use store::Store;
use tokio::time::Instant;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;
use witness::FileWitness;

use crate::{
    application::{Application, Founded, Ports, signer},
    client::{Asking, ask, request, with_key},
    system::{SystemClock, SystemRandom},
    timed_ledger::TimedLedger,
};

const RULES: usize = 10;

pub(crate) struct Guarded {
    ports: Ports,
    store: Arc<Store>,
    ledger: Arc<TimedLedger>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Guarded {
    pub(crate) async fn open(dir: &Path) -> anyhow::Result<Self> {
        let store = Arc::new(Store::open(&dir.join("galerne.db")).await?);
        let founded = Founded::new(store.clone(), store.clone()).await?;
        let rules = Rulebook::new(keeper(dir, &founded)?, store.clone());
        let vault = vault(dir, &store, &founded).await?;
        let log = log(dir, &store, &founded).await?;
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let (keeping, until) = (log.clone(), stop.clone());
        tasks.spawn(async move { keeping.run(until).await });
        tasks.close();
        let ledger = Arc::new(TimedLedger::new(store.clone()));
        let conversations = Arc::new(store.conversations(Arc::new(vault)));
        let ports = Ports { founded, ledger: ledger.clone(), conversations, log, rules };
        Ok(Self { ports, store, ledger, stop, tasks })
    }

    pub(crate) const fn ports(&self) -> &Ports {
        &self.ports
    }

    pub(crate) fn ledger(&self) -> &TimedLedger {
        &self.ledger
    }

    /// Before anything is measured: that there is a guard.
    pub(crate) async fn refuses_strangers(&self, asked: &Application) -> anyhow::Result<()> {
        let key = &asked.key;
        let half = key.len() / 2;
        let stranger = format!("{}{}", &key[..half], key[half..].chars().rev().collect::<String>());
        let refused = request(Asking::Chat, &stranger)?;
        let status = asked.router.clone().oneshot(refused).await?.status();
        ensure!(status == StatusCode::UNAUTHORIZED, "a stranger got {status}");
        ask(&asked.router, request(Asking::Chat, key)?, Asking::Chat).await?;
        self.ledger.take();
        Ok(())
    }

    /// Milliseconds from asking for the receipt of an answer to having it. The entries are signed
    /// before: otherwise who asks waits for the next checkpoint, up to five seconds.
    pub(crate) async fn receipts(
        &self,
        asked: &Application,
        count: usize,
    ) -> anyhow::Result<Vec<f64>> {
        let mut ids = Vec::with_capacity(count);
        for _ in 0..count {
            let request = request(Asking::Chat, &asked.key)?;
            let response = asked.router.clone().oneshot(request).await?;
            let id = response.headers().get("x-request-id").context("an answer without an id")?;
            ids.push(id.to_str()?.to_owned());
            response.into_body().collect().await?;
        }
        self.ports.log.checkpoint().await?;
        let mut times = Vec::with_capacity(count);
        for id in ids {
            let request = with_key(Method::GET, &format!("/v1/receipts/{id}"), &asked.key)?;
            let router = asked.router.clone();
            let start = Instant::now();
            let response = router.oneshot(request).await?;
            let status = response.status();
            let receipt = response.into_body().collect().await?.to_bytes();
            times.push(start.elapsed().as_secs_f64() * 1e3);
            ensure!(status == StatusCode::OK, "{}", String::from_utf8_lossy(&receipt));
        }
        Ok(times)
    }

    /// Signs what is left, and says how many entries the log has.
    pub(crate) async fn close(self) -> anyhow::Result<u64> {
        self.stop.cancel();
        self.tasks.wait().await;
        let entries = self.store.entry_count().await?;
        let signed = self.ports.log.status().checkpoint.map_or(0, |checkpoint| checkpoint.size);
        ensure!(entries == signed, "{signed} of {entries} entries are signed");
        self.store.close().await;
        Ok(entries)
    }
}

/// One rule lets everything through; nine others have to be looked at each time and do not fit.
fn keeper(dir: &Path, founded: &Founded) -> anyhow::Result<Arc<Keeper>> {
    let keeper = Keeper::open(KeeperParts {
        file: dir.join("rules.cedar"),
        seal_key: [1; 32],
        residency: PolicyDigest([2; 32]),
        place: Place { data_zone: "eu".to_owned(), ..Place::default() },
        clock: Arc::new(SystemClock) as Arc<dyn Clock>,
        in_force: founded.trail.policy_in_force(),
    });
    let mut text = "@id(\"all\")\npermit (principal, action, resource);\n".to_owned();
    for number in 1..RULES {
        let scope = match number % 3 {
            0 => format!("principal, action, resource == Model::\"model-{number}\""),
            1 => "principal in Role::\"auditor\", action, resource".to_owned(),
            _ => "principal, action, resource".to_owned(),
        };
        writeln!(text, "@id(\"r{number}\")\nforbid ({scope}) when {{ context.hour > 23 }};")?;
    }
    keeper.install(&keeper.prepare(Some(&text))?)?;
    Ok(Arc::new(keeper))
}

async fn vault(dir: &Path, store: &Arc<Store>, founded: &Founded) -> anyhow::Result<Vault> {
    let key = KeyFile::new(dir.join("wrapping.key"), Arc::new(SystemRandom));
    key.create()?;
    let vault = Vault::new(VaultParts {
        custodian: Arc::new(key),
        store: store.clone(),
        access: store.clone(),
        trail: founded.trail.clone(),
        clock: Arc::new(SystemClock),
        secrets: Arc::new(SystemRandom),
    });
    vault.found(founded.access.operator().await?).await?;
    Ok(vault)
}

async fn log(dir: &Path, store: &Arc<Store>, founded: &Founded) -> anyhow::Result<Log> {
    let signer = signer()?;
    let parts = LogParts {
        store: store.clone(),
        witness: Arc::new(FileWitness::new(dir.join("checkpoints"), signer.verifier())),
        signer,
        clock: Arc::new(SystemClock),
        gate: founded.gate.clone(),
        every: Duration::from_secs(5),
        witness_grace: Duration::from_mins(10),
    };
    Ok(Log::open(parts).await?)
}
