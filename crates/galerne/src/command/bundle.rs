//! `galerne bundle export|import`

use std::{fs, path::Path};

use domain::{Clock as _, ModelId};
use governance::Action;
use serde_json::json;

use super::model::{Context, signing_key, with_context};
use crate::{
    cli::Bundle,
    config::Settings,
    failure::{Exit, Failure},
    model_bundle::{Incoming, export},
    model_files::Manifest,
    output::{Output, bar},
    system::SystemClock,
};

pub(crate) fn run(settings: &Settings, command: &Bundle, output: Output) -> Result<(), Failure> {
    with_context(settings, output, async |context| match command {
        Bundle::Export { ids, out, key } => write(context, ids, out, key.as_deref()).await,
        Bundle::Import { file } => read(context, file).await,
    })
}

async fn write(
    context: &Context,
    ids: &[ModelId],
    out: &Path,
    key: Option<&Path>,
) -> Result<(), Failure> {
    let key = key.map(signing_key).transpose()?;
    let mut manifests: Vec<Manifest> = Vec::new();
    for id in ids {
        for manifest in context.files.with_base(context.files.find(id)?)? {
            if !manifests.contains(&manifest) {
                manifests.push(manifest);
            }
        }
    }
    for manifest in &manifests {
        context.record(Action::ModelExport, manifest, None).await?;
    }
    let bar = bar(manifests.iter().map(|manifest| manifest.bytes).sum(), "exporting");
    let mut go_on = |bytes| {
        bar.inc(bytes);
        !context.stop.is_cancelled()
    };
    export(&context.files, &manifests, key.as_ref(), out, &mut go_on)
        .map_err(|failure| stopped(context, failure))?;
    bar.finish_and_clear();
    let names: Vec<_> = manifests.iter().map(|manifest| manifest.id.as_str()).collect();
    let text = format!("exported {} to {}", names.join(", "), out.display());
    context.output.show(&text, &json!({ "models": names, "file": out }))
}

async fn read(context: &Context, file: &Path) -> Result<(), Failure> {
    let length = fs::metadata(file)
        .map(|found| found.len())
        .map_err(|error| Failure::message(format!("could not read {}: {error}", file.display())))?;
    let bar = bar(length, "importing");
    let mut go_on = |bytes| {
        bar.inc(bytes);
        !context.stop.is_cancelled()
    };
    let now = SystemClock.now();
    let incoming = Incoming::unpack(&context.files, file, &context.trust, now, &mut go_on)
        .map_err(|failure| stopped(context, failure))?;
    bar.finish_and_clear();
    for manifest in &incoming.manifests {
        context.record(Action::ModelImport, manifest, None).await?;
        let _lock = context.files.changing()?;
        incoming.publish(&context.files, manifest)?;
    }
    let ids = |manifests: &[Manifest]| -> Vec<String> {
        manifests.iter().map(|manifest| manifest.id.clone()).collect()
    };
    let (new, old) = (ids(&incoming.manifests), ids(&incoming.there_already));
    let mut text =
        format!("imported {}", if new.is_empty() { "nothing".into() } else { new.join(", ") });
    if !old.is_empty() {
        text = format!("{text}; there already: {}", old.join(", "));
    }
    context.output.show(&text, &json!({ "imported": new, "there_already": old }))
}

fn stopped(context: &Context, failure: Failure) -> Failure {
    if context.stop.is_cancelled() {
        return Failure::message("stopped; nothing was changed").exit(Exit::Interrupted);
    }
    failure
}
