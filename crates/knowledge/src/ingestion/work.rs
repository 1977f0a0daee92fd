//! One stage of one version.

use std::sync::Arc;

use domain::{Clock, IdSource};
use governance::Access;

use super::{IngestionLimits, embed, read};
use crate::{
    Index, IndexVersion, KnowledgeError, ReadFailure, VersionKey,
    ports::{Claim, Embedder, Parser, ReadingStore, Stage, Step},
    running::Underway,
};

/// What every stage needs.
pub(super) struct Tools {
    pub(super) store: Arc<dyn ReadingStore>,
    pub(super) access: Access,
    pub(super) parser: Arc<dyn Parser>,
    pub(super) embedder: Arc<dyn Embedder>,
    pub(super) index: Arc<dyn Index>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn IdSource>,
    pub(super) limits: IngestionLimits,
}

/// A version that is on its way into the index.
pub(super) struct Item {
    pub(super) claim: Claim,
    /// What it comes to once it is there.
    pub(super) step: Step,
    pub(super) version: IndexVersion,
    pub(super) underway: Underway,
}

impl Item {
    /// About what its texts and vectors take in memory.
    pub(super) fn bytes(&self) -> usize {
        let vector = |vector: &Vec<f32>| size_of_val(vector.as_slice());
        let passages = self.version.passages.iter();
        passages.map(|one| one.text.len() + one.vector.as_ref().map_or(0, vector)).sum()
    }
}

/// What a stage came to.
pub(super) enum Outcome {
    /// It is to be put into the index.
    Put(Step, IndexVersion),
    /// It has come to its end, or is somebody else's.
    Over,
    /// Somebody who is needed is not there.
    Unavailable,
    /// Nobody may do it for whoever is charged; for others it goes on.
    Denied,
}

/// What became of what a task was to do.
pub(super) enum Ended {
    Put(Box<Item>),
    Over,
    /// The stage has to wait.
    Unavailable(Stage),
    /// The versions are in the index, or were given up.
    InIndex,
    /// The index has to be waited for.
    IndexUnavailable,
    /// Whoever is charged may not be; asked again after a long while.
    Denied(VersionKey),
    /// They are taken up again later.
    BrokenOff(Vec<VersionKey>),
}

/// Does one stage, unless it is stopped.
pub(super) async fn work(
    tools: Arc<Tools>,
    stage: Stage,
    claim: Claim,
    underway: Underway,
) -> Ended {
    let stop = underway.stop().clone();
    let worked = stop.run_until_cancelled(async {
        match stage {
            Stage::Read => read::read(&tools, &claim).await,
            Stage::Embed => embed::embed(&tools, &claim).await,
        }
    });
    let worked = worked.await;
    match worked {
        Some(Ok(Outcome::Put(step, version))) => {
            Ended::Put(Box::new(Item { claim, step, version, underway }))
        }
        Some(Ok(Outcome::Over)) => Ended::Over,
        Some(Ok(Outcome::Unavailable)) => {
            release(&tools, &claim).await;
            Ended::Unavailable(stage)
        }
        Some(Ok(Outcome::Denied)) => {
            release(&tools, &claim).await;
            Ended::Denied(claim.key)
        }
        Some(Err(error)) if error.code() == "encryption.locked" => {
            release(&tools, &claim).await;
            Ended::Unavailable(stage)
        }
        Some(Err(error)) => {
            tracing::error!(
                document = %claim.document,
                error = &error as &dyn std::error::Error,
                "the reading of a document broke off; it is taken up again"
            );
            Ended::BrokenOff(vec![claim.key])
        }
        None => {
            release(&tools, &claim).await;
            Ended::Over
        }
    }
}

/// Gives a version back. Where that fails it counts as an attempt, of which there are some.
pub(super) async fn release(tools: &Tools, claim: &Claim) {
    if let Err(error) = tools.store.release(claim).await {
        tracing::debug!(document = %claim.document, %error, "a version was not given back");
    }
}

impl Tools {
    /// Writes down that a version goes no further.
    pub(super) async fn fail(
        &self,
        claim: &Claim,
        failure: impl Into<ReadFailure>,
    ) -> Result<Outcome, KnowledgeError> {
        let failure = failure.into();
        tracing::info!(document = %claim.document, code = failure.code, "a document was not read");
        let step = (claim.clone(), Step::Failed(failure));
        self.store.advance(&[step], self.clock.now()).await?;
        Ok(Outcome::Over)
    }
}
