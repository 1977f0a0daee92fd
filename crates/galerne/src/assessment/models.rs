//! Imported models: their bytes, and who vouches for them.

use std::path::PathBuf;

use sovereignty::Measured;
use tokio_util::sync::CancellationToken;

use super::Scene;
use crate::{
    config::{Settings, Signatures},
    failure::Failure,
    model_files::{Manifest, ModelFiles},
    trust::{Refusal, Standing},
    wiring::Local,
};

/// More is not read in the time that an assessment has.
const BYTES_MAX: u64 = 8 << 30;

/// A model with what was found out about it.
pub(crate) struct Imported {
    pub(crate) manifest: Manifest,
    folder: PathBuf,
    /// Whether the bytes are those of the manifest, or why that is not known.
    is_intact: Result<bool, String>,
    pub(crate) standing: Result<Standing, Refusal>,
    is_waived: bool,
    pub(crate) licences: usize,
}

pub(super) fn gather(
    local: &Local,
    settings: &Settings,
    stop: &CancellationToken,
) -> Result<Vec<Imported>, Failure> {
    let files = ModelFiles::new(&local.data_dir);
    let trust = local.trust(settings).read()?;
    let mut read = 0;
    let mut models = Vec::new();
    for manifest in files.list()? {
        let id = manifest.id.parse()?;
        let vouchers = files.vouchers(&id);
        let waiver = vouchers.waiver.as_ref();
        read += manifest.bytes;
        let is_intact = if read > BYTES_MAX {
            Err(format!("models have more than {BYTES_MAX} bytes: `galerne model verify ID`"))
        } else {
            let contents = files.contents(&manifest, &mut |_| go_on(stop));
            let is_it = |sha256: &str, bytes| sha256 == manifest.sha256 && bytes == manifest.bytes;
            contents
                .map(|contents| is_it(&contents.sha256, contents.bytes))
                .map_err(|failure| failure.text())
        };
        models.push(Imported {
            folder: files.folder(&id),
            is_intact,
            standing: trust.outlook(&manifest, &vouchers),
            is_waived: waiver
                .is_some_and(|waiver| local.waivers.read(waiver, &manifest.sha256).is_some()),
            licences: files.licences(&id)?.len(),
            manifest,
        });
    }
    Ok(models)
}

/// Gigabytes are read, which a server that stops does not wait for.
fn go_on(stop: &CancellationToken) -> Result<(), Failure> {
    if stop.is_cancelled() { Err(Failure::message("the server stopped meanwhile")) } else { Ok(()) }
}

/// The imported models; an answer where there are none.
fn some<'a>(scene: &'a Scene<'_>) -> Result<&'a [Imported], Measured> {
    match &scene.models {
        Ok(models) if models.is_empty() => Err(Measured::not_applicable("no model is imported")),
        Ok(models) => Ok(models),
        Err(reason) => Err(Measured::not_measured(reason.clone())),
    }
}

/// Passed unless `is_bad` is true of a model.
fn none(scene: &Scene<'_>, what: &str, is_bad: impl Fn(&Imported) -> bool) -> Measured {
    let models = match some(scene) {
        Ok(models) => models,
        Err(answer) => return answer,
    };
    let bad = models.iter().filter(|model| is_bad(model)).map(|it| it.manifest.id.as_str());
    let bad: Vec<_> = bad.collect();
    if bad.is_empty() {
        return Measured::passed(format!("{} models", models.len()));
    }
    Measured::failed(format!("{what}: {}", bad.join(", ")))
}

pub(super) fn here(scene: &Scene<'_>) -> Measured {
    match &scene.models {
        Ok(models) => {
            let whole = models.iter().filter(|model| {
                let file = model.folder.join(model.manifest.format.file_name());
                model.manifest.base.is_none() && file.exists()
            });
            let count = whole.count();
            Measured::when(count > 0, format!("{count} models lie in the data directory"))
        }
        Err(reason) => Measured::not_measured(reason.clone()),
    }
}

pub(super) fn intact(scene: &Scene<'_>) -> Measured {
    let unread = |model: &Imported| model.is_intact.clone().err();
    let answer =
        none(scene, "other bytes than were imported", |model| model.is_intact == Ok(false));
    let reason = scene.models.iter().flatten().find_map(unread);
    match (answer.verdict, reason) {
        (sovereignty::Verdict::Passed, Some(reason)) => Measured::not_measured(reason),
        (_, _) => answer.with_raw(digests(scene)),
    }
}

fn digests(scene: &Scene<'_>) -> String {
    let models = scene.models.iter().flatten();
    let lines = models.map(|model| format!("{}  {}", model.manifest.sha256, model.manifest.id));
    lines.collect::<Vec<_>>().join("\n")
}

pub(super) fn signed(scene: &Scene<'_>) -> Measured {
    none(scene, "not signed by a trusted key", |model| {
        !matches!(model.standing, Ok(Standing::Signed { .. }))
    })
}

pub(super) fn signatures_required(scene: &Scene<'_>) -> Measured {
    match scene.settings.models.value.signatures {
        Signatures::Required => Measured::passed("required"),
        Signatures::Optional => Measured::failed("optional"),
    }
}

pub(super) fn no_pickle(scene: &Scene<'_>) -> Measured {
    let models = match some(scene) {
        Ok(models) => models,
        Err(answer) => return answer,
    };
    for model in models {
        for folder in [model.folder.clone(), model.folder.join("model")] {
            if let Err(failure) = ModelFiles::refuse_pickles(&folder) {
                return Measured::failed(failure.text());
            }
        }
    }
    Measured::passed(format!("looked into the files of {} models", models.len()))
}

pub(super) fn nothing_waived(scene: &Scene<'_>) -> Measured {
    none(scene, "waived", |model| model.is_waived)
}

pub(super) fn licences_here(scene: &Scene<'_>) -> Measured {
    none(scene, "no licence", |model| model.licences == 0)
}
