//! Keeps the log: extends the tree over the audit entries, signs it, hands it to the witness.
//!
//! The entries are durable before this module sees them. From there everything can be made again:
//! a crash at any moment leaves rows and the newest checkpoint, and the next start goes on from
//! both. A checkpoint is kept before it is published, so none is ever forgotten.

mod publishing;
mod tree;

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use domain::{Clock, Timestamp};
use tokio::{
    sync::{Mutex, Notify},
    time::{MissedTickBehavior, interval, sleep},
};
use tokio_util::sync::CancellationToken;
use transparency_log::{Checkpoint, CheckpointError, Finding, Signer, TreeBuilder};

use crate::{
    LogFault, LogGate, LogReader, Outside, ReadError,
    log::publishing::Published,
    log_reader::store_error,
    ports::{LogStore, Witness},
};

/// How far the clock may be behind the newest entry; `audit_clock_goes_on` refuses beyond it.
const CLOCK_SKEW_SECONDS_MAX: i64 = 300;

/// How long a fault that can pass is waited for before the next try.
const RETRY: Duration = Duration::from_secs(1);

/// Why the log cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("the store has {entries} entries, and the newest checkpoint signs {signed_size}")]
    Truncated { entries: u64, signed_size: u64 },
    #[error("entry {index} is missing")]
    Gap { index: u64 },
    #[error("the stored tiles do not give the root that was signed at {size} entries")]
    Altered { size: u64 },
    #[error(
        "`{witness}` holds a checkpoint of {witness_size} entries, and the store ends at {size}: it is older than what was published"
    )]
    RolledBack { witness: String, witness_size: u64, size: u64 },
    #[error("`{witness}` holds another history than the store: {reason}")]
    Forked { witness: String, reason: String },
    #[error("the clock says {now}, and the newest entry was made at {newest_at}")]
    ClockMovedBack { now: Timestamp, newest_at: Timestamp },
    #[error("the checkpoint could not be signed")]
    Sign { source: CheckpointError },
}

impl LogError {
    /// What it means for whoever wants an answer.
    pub const fn fault(&self) -> LogFault {
        match self {
            Self::Read(ReadError::Store { .. }) | Self::Sign { .. } => LogFault::Unavailable,
            Self::Read(
                ReadError::Damaged { .. }
                | ReadError::ForeignKey
                | ReadError::NotSigned { .. }
                | ReadError::Proof { .. },
            )
            | Self::Truncated { .. }
            | Self::Gap { .. }
            | Self::Altered { .. } => LogFault::Altered,
            Self::RolledBack { .. } => LogFault::RolledBack,
            Self::Forked { .. } => LogFault::Forked,
            Self::ClockMovedBack { .. } => LogFault::ClockMovedBack,
        }
    }
}

/// What [`Log`] is made of.
pub struct LogParts {
    pub store: Arc<dyn LogStore>,
    pub signer: Signer,
    pub witness: Arc<dyn Witness>,
    pub clock: Arc<dyn Clock>,
    pub gate: LogGate,
    /// Between two checkpoints, as long as there are new entries.
    pub every: Duration,
    /// How long the witness may take no checkpoint before accesses are refused.
    pub witness_grace: Duration,
}

/// How the log stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogStatus {
    /// The newest checkpoint; `None` while nothing was signed.
    pub checkpoint: Option<Checkpoint>,
    /// Entries at the newest checkpoint that the witness holds.
    pub witness_size: u64,
    /// Since when the witness takes nothing.
    pub behind_since: Option<Timestamp>,
    /// Why accesses are refused; empty when they are not.
    pub faults: Vec<LogFault>,
}

/// Keeps the log of an installation. Cheap to clone.
#[derive(Clone)]
pub struct Log {
    keeper: Arc<Keeper>,
}

struct Keeper {
    store: Arc<dyn LogStore>,
    reader: LogReader,
    signer: Signer,
    witness: Arc<dyn Witness>,
    clock: Arc<dyn Clock>,
    gate: LogGate,
    every: Duration,
    witness_grace: Duration,
    /// Held while the tree grows: there is one next checkpoint.
    tree: Mutex<TreeBuilder>,
    /// Read by `/health` and `/metrics`, written at each checkpoint: a lock, not a task.
    checkpoint: RwLock<Option<Checkpoint>>,
    /// Held while a checkpoint is on its way to the witness.
    publishing: Mutex<()>,
    published: RwLock<Published>,
    grown: Notify,
}

impl Log {
    /// Takes up the log where it was left, and asks the witness whether that is where it was left.
    /// A log that was altered, rolled back or forked is not taken up.
    pub async fn open(parts: LogParts) -> Result<Self, LogError> {
        let LogParts { store, signer, witness, clock, gate, every, witness_grace } = parts;
        let reader = LogReader::new(Arc::clone(&store), signer.verifier());
        let (tree, checkpoint) = tree::recover(&reader).await?;
        let log = Self {
            keeper: Arc::new(Keeper {
                store,
                reader,
                signer,
                witness,
                clock,
                gate,
                every,
                witness_grace,
                tree: Mutex::new(tree),
                checkpoint: RwLock::new(checkpoint),
                publishing: Mutex::default(),
                published: RwLock::default(),
                grown: Notify::new(),
            }),
        };
        log.keeper.check_clock().await?;
        log.keeper.publish().await?;
        Ok(log)
    }

    /// Everything that can be known without the key.
    pub fn reader(&self) -> &LogReader {
        &self.keeper.reader
    }

    pub fn status(&self) -> LogStatus {
        let published = *self.keeper.published();
        LogStatus {
            checkpoint: self.keeper.newest(),
            witness_size: published.size,
            behind_since: published.behind_since,
            faults: self.keeper.gate.faults(),
        }
    }

    /// Signs all entries that are durable now, and hands the checkpoint to the witness.
    pub async fn checkpoint(&self) -> Result<Option<Checkpoint>, LogError> {
        self.keeper.extend().await?;
        self.keeper.publish().await?;
        Ok(self.keeper.newest())
    }

    /// Reads the whole log again, and refuses accesses from then on if it is not what was signed.
    /// The findings are sorted, the most exact first. What is stored and makes no sense is an error
    /// and closes the log too.
    pub async fn examine(&self) -> Result<Vec<Finding>, LogError> {
        let examined = match self.keeper.reader.examine(Outside::default()).await {
            Ok(examined) => examined,
            Err(error) => {
                let error = LogError::from(error);
                if error.fault() == LogFault::Altered {
                    self.keeper.report(&error);
                }
                return Err(error);
            }
        };
        let findings = examined.err().unwrap_or_default();
        for finding in &findings {
            tracing::error!(code = finding.code(), "the log is not what was signed: {finding}");
        }
        if !findings.is_empty() {
            self.keeper.gate.set(LogFault::Altered, true);
        }
        Ok(findings)
    }

    /// Signs what is new if that is possible again; `false` if a fault that can pass is still
    /// there. One turn of what [`Log::run`] does.
    pub async fn try_extend(&self) -> bool {
        self.keeper.try_extend().await
    }

    /// Extends and publishes until `stop`; then once more, so that the last entries are signed.
    pub async fn run(&self, stop: CancellationToken) {
        let keeper = &*self.keeper;
        tokio::join!(
            stop.run_until_cancelled(keeper.extend_for_ever()),
            stop.run_until_cancelled(keeper.publish_for_ever()),
        );
        if let Err(error) = self.checkpoint().await {
            keeper.report(&error);
        }
    }
}

impl Keeper {
    async fn extend_for_ever(&self) {
        let mut ticks = interval(self.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            while !self.try_extend().await {
                sleep(RETRY).await;
            }
        }
    }

    /// `false` if there was a fault that can pass.
    async fn try_extend(&self) -> bool {
        if let Err(error) = self.check_clock().await {
            self.report(&error);
            return false;
        }
        self.gate.set(LogFault::ClockMovedBack, false);
        // After a failed write nobody asks any more: only a write of our own can tell.
        if self.gate.faults().contains(&LogFault::Unavailable)
            && let Err(error) = self.store.probe().await
        {
            self.report(&LogError::from(store_error(error)));
            return false;
        }
        match self.extend().await {
            Ok(()) => {
                self.gate.set(LogFault::Unavailable, false);
                true
            }
            Err(error) => {
                self.report(&error);
                error.fault() != LogFault::Unavailable
            }
        }
    }

    async fn check_clock(&self) -> Result<(), LogError> {
        let newest_at = self.store.newest_at().await.map_err(store_error)?;
        let now = self.clock.now();
        if now.plus_seconds(CLOCK_SKEW_SECONDS_MAX) < newest_at {
            return Err(LogError::ClockMovedBack { now, newest_at });
        }
        Ok(())
    }

    fn report(&self, error: &LogError) {
        let fault = error.fault();
        if !self.gate.faults().contains(&fault) {
            let error = error as &dyn std::error::Error;
            tracing::error!(code = fault.code(), error, "the log is not kept");
        }
        self.gate.set(fault, true);
    }

    fn newest(&self) -> Option<Checkpoint> {
        self.checkpoint.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
