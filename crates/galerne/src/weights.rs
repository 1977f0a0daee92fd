//! Keeps the packed weights of models for the next start, once they are served.

use engine_cpu::{KeepError, UnkeptWeights};
use tokio_util::sync::CancellationToken;

use crate::{failure::Failure, model_files::ModelFiles};

/// Writes what the engine packed, each model after its file was read again: later starts go by
/// what is written here, so it must come from the bytes that the manifest names. Blocks.
pub(crate) fn keep(files: &ModelFiles, unkept: Vec<UnkeptWeights>, stop: &CancellationToken) {
    for weights in unkept {
        if stop.is_cancelled() {
            return;
        }
        let model = weights.model().to_string();
        match keep_one(files, &weights, stop) {
            Ok(()) => tracing::debug!(model, "packed weights are kept for the next start"),
            Err(_) if stop.is_cancelled() => {}
            Err(failure) => tracing::warn!(
                model,
                error = failure.text(),
                "packed weights are not kept; the next start packs the model again"
            ),
        }
    }
}

fn keep_one(
    files: &ModelFiles,
    weights: &UnkeptWeights,
    stop: &CancellationToken,
) -> Result<(), Failure> {
    let is_stopped = || stop.is_cancelled();
    let mut go_on = |_| if is_stopped() { Err(KeepError::Stopped.into()) } else { Ok(()) };
    let contents = files.verify(weights.model(), &mut go_on)?;
    if contents.sha256 != weights.digest() {
        return Err(KeepError::Changed.into());
    }
    Ok(weights.write(&is_stopped)?)
}
