//! `galerne residency`: the policy in force, and the address ranges that it knows.

use std::{fs, path::Path};

use anyhow::Context as _;
use residency::{Imported, Ranges};
use serde_json::json;

use crate::{cli::ImportRanges, config::Settings, failure::Failure, output::Output};

/// Prints what the digest of the policy is of.
pub(super) fn policy(settings: &Settings, output: Output) -> Result<(), Failure> {
    let policy = settings.outbound.policy();
    let text = format!("{}digest {}", policy.canonical(), policy.digest());
    let value = json!({
        "policy": policy.digest().to_string(),
        "canonical": policy.canonical(),
    });
    output.show(&text, &value)
}

/// Makes one file of those that providers publish.
pub(super) fn import_ranges(command: &ImportRanges, output: Output) -> Result<(), Failure> {
    let imported = command.files.iter().map(|path| import(path)).collect::<Result<Vec<_>, _>>()?;
    let ranges = Ranges::new(&imported, &command.fetched);
    let partial = command.out.with_extension("partial");
    let context = || format!("could not write {}", command.out.display());
    fs::write(&partial, ranges.to_string()).with_context(context)?;
    fs::rename(&partial, &command.out).with_context(context)?;
    let out = command.out.display();
    let text = format!(
        "{} networks of {} files in {out}\nset `residency.ranges = \"{out}\"` in galerne.toml",
        ranges.len(),
        imported.len()
    );
    output.show(&text, &json!({ "networks": ranges.len(), "sources": ranges.sources() }))
}

fn import(path: &Path) -> Result<Imported, Failure> {
    let context = || format!("could not import {}", path.display());
    let json = fs::read(path).with_context(context)?;
    Ok(Imported::parse(&json).with_context(context)?)
}
