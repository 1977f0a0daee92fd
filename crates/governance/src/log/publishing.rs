//! Checkpoints on their way to the witness.

use std::sync::{PoisonError, RwLockReadGuard};

use domain::Timestamp;
use tokio::time::sleep;
use transparency_log::{Checkpoint, SignedNote, TreeBuilder};

use super::{Keeper, LogError, RETRY};
use crate::{
    LogFault,
    ports::{Addition, WitnessError},
};

/// A witness says once where it stands; a second correction means that somebody else adds too.
const TRIES_MAX: u32 = 4;

/// What the witness is known to hold.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Published {
    pub(super) size: u64,
    pub(super) behind_since: Option<Timestamp>,
}

/// What came of one offer.
enum Offer {
    Taken,
    /// It holds another size than we thought.
    Holds(u64),
    Away,
}

impl Keeper {
    pub(super) async fn publish_for_ever(&self) {
        loop {
            let published = self.publish().await;
            if let Err(error) = &published {
                self.report(error);
            }
            if published.is_err() || self.published().behind_since.is_some() {
                sleep(RETRY).await;
            } else {
                self.grown.notified().await;
            }
        }
    }

    /// Hands the newest checkpoint over. That the witness is away is no error: it is noted.
    pub(super) async fn publish(&self) -> Result<(), LogError> {
        let _one_at_a_time = self.publishing.lock().await;
        let mut held = self.published().size;
        for _ in 0..TRIES_MAX {
            let (note, checkpoint) = self.to_publish().await?;
            if held > checkpoint.size {
                return Err(LogError::RolledBack {
                    witness: self.witness.name().to_owned(),
                    witness_size: held,
                    size: checkpoint.size,
                });
            }
            match self.offer(held, note, &checkpoint).await? {
                Offer::Taken => {
                    self.taken(checkpoint.size);
                    return Ok(());
                }
                Offer::Holds(size) => held = size,
                Offer::Away => break,
            }
        }
        self.not_taken(held);
        Ok(())
    }

    /// The newest checkpoint, or an empty tree's: every history continues that one, so it asks
    /// where the witness stands without claiming anything.
    async fn to_publish(&self) -> Result<(SignedNote, Checkpoint), LogError> {
        if let Some(signed) = self.reader.checkpoint().await? {
            return Ok(signed);
        }
        let checkpoint = self.describe(&TreeBuilder::new());
        let note = checkpoint.sign(&self.signer).map_err(|source| LogError::Sign { source })?;
        Ok((note, checkpoint))
    }

    async fn offer(
        &self,
        old_size: u64,
        note: SignedNote,
        checkpoint: &Checkpoint,
    ) -> Result<Offer, LogError> {
        let proof = self.reader.consistency(old_size, checkpoint.size).await?;
        let addition = Addition { old_size, proof, checkpoint: note };
        match self.witness.add(&addition).await {
            Ok(()) => Ok(Offer::Taken),
            Err(WitnessError::OtherSize { size }) => Ok(Offer::Holds(size)),
            Err(WitnessError::Refused { reason }) => {
                Err(LogError::Forked { witness: self.witness.name().to_owned(), reason })
            }
            Err(error @ WitnessError::Unavailable { .. }) => {
                if self.published().behind_since.is_none() {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(witness = self.witness.name(), error, "no checkpoint taken");
                }
                Ok(Offer::Away)
            }
        }
    }

    fn taken(&self, size: u64) {
        let mut published = self.published.write().unwrap_or_else(PoisonError::into_inner);
        *published = Published { size, behind_since: None };
        drop(published);
        self.gate.set(LogFault::WitnessLate, false);
    }

    fn not_taken(&self, held: u64) {
        let now = self.clock.now();
        let mut published = self.published.write().unwrap_or_else(PoisonError::into_inner);
        let since = *published.behind_since.get_or_insert(now);
        published.size = held;
        drop(published);
        let grace_seconds = i64::try_from(self.witness_grace.as_secs()).unwrap_or(i64::MAX);
        if since.plus_seconds(grace_seconds) <= now {
            self.gate.set(LogFault::WitnessLate, true);
        }
    }

    pub(super) fn published(&self) -> RwLockReadGuard<'_, Published> {
        self.published.read().unwrap_or_else(PoisonError::into_inner)
    }
}
