//! Some versions into the index, together.

use std::sync::Arc;

use domain::OrganisationId;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::work::{Ended, Item, Tools, release};
use crate::{
    IndexError, IndexVersion, KnowledgeError, Unread,
    ports::{Claim, Step},
};

/// What became of a write.
enum Written {
    Done,
    /// The index has to be waited for.
    Later,
    /// The index has to be waited for, and this was an attempt: it may lie in the versions.
    Late,
    /// The index of the organisation is not what was written; others have theirs.
    Damaged,
    /// The index takes one of these never.
    Refused,
}

/// As [`put`], unless the server stops meanwhile; that is no attempt.
pub(super) async fn put_until_stopped(
    tools: Arc<Tools>,
    (organisation, items): (OrganisationId, Vec<Item>),
    stop: CancellationToken,
) -> Ended {
    let claims: Vec<Claim> = items.iter().map(|item| item.claim.clone()).collect();
    let putting = put(&tools, organisation, items);
    if let Some(ended) = stop.run_until_cancelled(putting).await {
        return ended;
    }
    for claim in &claims {
        release(&tools, claim).await;
    }
    Ended::Over
}

/// The versions are found, or found by their vectors too, once this returns well.
async fn put(tools: &Tools, organisation: OrganisationId, items: Vec<Item>) -> Ended {
    let keys = items.iter().map(|item| item.claim.key).collect();
    // What is large is moved and not copied: nobody waits for it in vain.
    let is_large = |item: &Item| item.bytes() >= tools.limits.group_bytes;
    let (large, small): (Vec<Item>, Vec<Item>) = items.into_iter().partition(is_large);
    match put_each(tools, organisation, (large, small)).await {
        Ok(Written::Done | Written::Refused) => Ended::InIndex,
        Ok(Written::Later | Written::Late) => Ended::IndexUnavailable,
        Ok(Written::Damaged) => Ended::BrokenOff(keys),
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "what is in the index was not written down; it is put there again"
            );
            Ended::BrokenOff(keys)
        }
    }
}

async fn put_each(
    tools: &Tools,
    organisation: OrganisationId,
    (large, small): (Vec<Item>, Vec<Item>),
) -> Result<Written, KnowledgeError> {
    let mut written = put_together(tools, organisation, small).await?;
    for item in large {
        let one = put_alone(tools, organisation, item).await?;
        if one.comes_again() {
            written = one;
        }
    }
    Ok(written)
}

async fn put_together(
    tools: &Tools,
    organisation: OrganisationId,
    items: Vec<Item>,
) -> Result<Written, KnowledgeError> {
    if items.is_empty() {
        return Ok(Written::Done);
    }
    let versions = items.iter().map(|item| item.version.clone()).collect();
    let written = write(tools, organisation, versions).await;
    match written {
        Written::Done => {
            let steps = items.iter().map(|one| (one.claim.clone(), one.step.clone()));
            let steps: Vec<(Claim, Step)> = steps.collect();
            tools.store.advance(&steps, tools.clock.now()).await?;
        }
        Written::Later => {
            for item in &items {
                release(tools, &item.claim).await;
            }
        }
        Written::Late | Written::Damaged => {}
        Written::Refused => {
            // Nobody else suffers from what is wrong with one.
            for item in items {
                let one = put_alone(tools, organisation, item).await?;
                if one.comes_again() {
                    return Ok(one);
                }
            }
        }
    }
    Ok(written)
}

async fn put_alone(
    tools: &Tools,
    organisation: OrganisationId,
    item: Item,
) -> Result<Written, KnowledgeError> {
    let Item { claim, step, version, underway: _underway } = item;
    let written = write(tools, organisation, vec![version]).await;
    match written {
        Written::Done => {
            tools.store.advance(&[(claim, step)], tools.clock.now()).await?;
        }
        Written::Later => release(tools, &claim).await,
        Written::Late | Written::Damaged => {}
        Written::Refused => {
            tools.fail(&claim, unread(&step)).await?;
        }
    }
    Ok(written)
}

/// What it means that an index refuses a version.
const fn unread(step: &Step) -> Unread {
    match step {
        Step::Indexed | Step::Failed(_) => Unread::TooManyPassages,
        Step::Ready => Unread::NotEmbedded,
    }
}

async fn write(
    tools: &Tools,
    organisation: OrganisationId,
    versions: Vec<IndexVersion>,
) -> Written {
    let error = match timeout(tools.limits.put, tools.index.put(organisation, versions)).await {
        Ok(Ok(())) => return Written::Done,
        Ok(Err(error)) => error,
        Err(_) => IndexError::Late { seconds: tools.limits.put.as_secs() },
    };
    let written = Written::from(&error);
    let error = &error as &dyn std::error::Error;
    tracing::warn!(error, "documents were not put into the index");
    written
}

impl Written {
    /// Whether the versions are put another time.
    const fn comes_again(&self) -> bool {
        match self {
            Self::Later | Self::Late | Self::Damaged => true,
            Self::Done | Self::Refused => false,
        }
    }
}

impl From<&IndexError> for Written {
    fn from(error: &IndexError) -> Self {
        match error {
            // The same versions will never be taken.
            IndexError::NoVector | IndexError::Vector { .. } | IndexError::TooMany { .. } => {
                Self::Refused
            }
            IndexError::Damaged { .. } => Self::Damaged,
            IndexError::Late { .. } => Self::Late,
            IndexError::Locked(_) | IndexError::Unavailable { .. } | IndexError::Busy => {
                Self::Later
            }
        }
    }
}
