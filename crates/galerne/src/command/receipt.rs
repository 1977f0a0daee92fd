//! `galerne receipt ID`: the receipt of an answer of the first project.

use std::{fs, path::Path, time::Duration};

use anyhow::Context as _;
use serde_json::json;

use crate::{cli::Receipt, config::Settings, failure::Failure, log, output::Output, wiring::Local};

pub(super) async fn run(
    settings: &Settings,
    flags: &Receipt,
    output: Output,
) -> Result<(), Failure> {
    let local = Local::open(settings).await?;
    let result = write(&local, settings, flags, output).await;
    local.close().await;
    result
}

async fn write(
    local: &Local,
    settings: &Settings,
    flags: &Receipt,
    output: Output,
) -> Result<(), Failure> {
    let unknown = || {
        Failure::message(format!("the first project has no answer `{}`", flags.id))
            .hint("give the `id` of an answer, or the `request_id` of one in a conversation")
    };
    let request = inference::request_of(&flags.id).ok_or_else(unknown)?;
    let caller = local.operator().await?;
    // A server beside this command signs what is new; without one nobody does.
    let receipts = log::receipts(local, &settings.log.value, Duration::ZERO).await?;
    let receipt = receipts.issue(&caller, request).await.map_err(|error| match error.code() {
        "receipt.not_found" => unknown(),
        "receipt.pending" => Failure::from(error).hint(
            "a running server signs what is new within seconds; without one, \
             `galerne audit checkpoint` does",
        ),
        _ => Failure::from(error),
    })?;
    match &flags.out {
        None => output.show(receipt.trim_end(), &json!({ "receipt": receipt })),
        Some(path) => {
            save(path, &receipt)?;
            let text = format!("wrote {}", path.display());
            output.show(&text, &json!({ "receipt": receipt, "file": path }))
        }
    }
}

fn save(path: &Path, receipt: &str) -> Result<(), Failure> {
    fs::write(path, receipt).with_context(|| format!("could not write {}", path.display()))?;
    Ok(())
}
