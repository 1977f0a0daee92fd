//! Whether a checkpoint continues the one that is held.

use governance::ports::{Addition, WitnessError};
use transparency_log::{Checkpoint, ProofError, Verifier, empty_root, verify_consistency};

/// What is to be done with a checkpoint that is no contradiction.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// It is the one that is held already.
    Held,
    Keep(Checkpoint),
}

/// Compares the addition with the newest checkpoint that is held, `None` before the first.
pub(crate) fn judge(
    held: Option<&Checkpoint>,
    addition: &Addition,
    verifier: &Verifier,
) -> Result<Judgement, WitnessError> {
    let offered = Checkpoint::open(&addition.checkpoint, verifier)
        .map_err(|error| WitnessError::Refused { reason: error.to_string() })?;
    let (size, root) = held.map_or((0, empty_root()), |held| (held.size, held.root));
    if addition.old_size != size {
        return Err(WitnessError::OtherSize { size });
    }
    verify_consistency(size, &root, offered.size, &offered.root, &addition.proof)
        .map_err(|error| WitnessError::Refused { reason: reason(size, &offered, &error) })?;
    let is_held = held.is_some_and(|held| held.size == offered.size);
    Ok(if is_held { Judgement::Held } else { Judgement::Keep(offered) })
}

fn reason(size: u64, offered: &Checkpoint, error: &ProofError) -> String {
    if offered.size == size {
        return format!("there is another history of {size} entries: {error}");
    }
    format!("no way leads from {size} to {} entries: {error}", offered.size)
}
