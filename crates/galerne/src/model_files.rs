//! Models in the data directory: `models/<id>/model.gguf`, or a directory `model` of safetensors and
//! their settings, and `manifest.json`.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read, Write},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use domain::{Clock, ModelId, Timestamp, hexadecimal};
use engine_cpu::checkpoint::{Checkpoint, Layout};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{data_dir::DataDir, failure::Failure};

const CHUNK_BYTES: usize = 1 << 20;

/// What is known of an imported model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) format: Format,
    /// SHA-256 of the file, lower-case hexadecimal; of a directory, that of the list which
    /// `sha256sum` prints of its files by name.
    pub(crate) sha256: String,
    pub(crate) bytes: u64,
    pub(crate) architecture: String,
    pub(crate) imported_at: Timestamp,
}

/// How a model is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    #[default]
    Gguf,
    Safetensors,
}

impl Format {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Gguf => "gguf",
            Self::Safetensors => "safetensors",
        }
    }

    /// What the copy is called.
    fn file_name(self) -> &'static str {
        match self {
            Self::Gguf => "model.gguf",
            Self::Safetensors => "model",
        }
    }
}

/// The imported models of a data directory.
#[derive(Clone, Debug)]
pub(crate) struct ModelFiles {
    root: PathBuf,
}

/// Called with the bytes done so far.
type Progress<'a> = &'a mut dyn FnMut(u64);

impl ModelFiles {
    pub(crate) fn new(data_dir: &DataDir) -> Self {
        Self { root: data_dir.models() }
    }

    pub(crate) fn path(&self, id: &ModelId, format: Format) -> PathBuf {
        self.folder(id).join(format.file_name())
    }

    /// All models whose import was completed, by name.
    pub(crate) fn list(&self) -> Result<Vec<Manifest>, Failure> {
        let entries = match fs::read_dir(&self.root) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        };
        let mut manifests = Vec::new();
        for entry in entries {
            let path = entry?.path().join("manifest.json");
            if path.exists() {
                manifests.push(read_manifest(&path)?);
            }
        }
        manifests.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(manifests)
    }

    pub(crate) fn find(&self, id: &ModelId) -> Result<Manifest, Failure> {
        let path = self.folder(id).join("manifest.json");
        if !path.exists() {
            return Err(Failure::message(format!("no model `{id}` is imported")).hint(
                "`galerne model list` shows those that are; `galerne model import` adds one",
            ));
        }
        read_manifest(&path)
    }

    /// Copies a file or a directory in. The model appears only when it is whole and durable.
    pub(crate) fn import(
        &self,
        source: &Path,
        id: &ModelId,
        expected_sha256: Option<&str>,
        clock: &dyn Clock,
        progress: Progress<'_>,
    ) -> Result<Manifest, Failure> {
        let (architecture, format) = inspect(source)?;
        let folder = self.folder(id);
        fs::create_dir_all(&folder)?;
        let partial = folder.join(format!("model.{}.partial", std::process::id()));
        let copied = match format {
            Format::Gguf => copy(source, &partial, progress),
            Format::Safetensors => copy_directory(source, &partial, progress),
        };
        let copied = copied.and_then(|(sha256, bytes)| {
            check_digest(expected_sha256, &sha256)?;
            Ok((sha256, bytes))
        });
        let (sha256, bytes) = match copied {
            Ok(copied) => copied,
            Err(failure) => {
                remove(&partial).ok();
                return Err(failure);
            }
        };
        let imported_at = clock.now();
        let id_text = id.to_string();
        let manifest = Manifest { id: id_text, format, sha256, bytes, architecture, imported_at };
        let target = self.path(id, format);
        if format == Format::Safetensors {
            // A directory is only replaced by nothing.
            remove(&target)?;
        }
        fs::rename(&partial, &target)?;
        write_manifest(&folder, &manifest)?;
        for other in [Format::Gguf, Format::Safetensors] {
            if other != format {
                remove(&self.path(id, other))?;
            }
        }
        Ok(manifest)
    }

    /// Reads the whole file again; an error names the difference.
    pub(crate) fn verify(&self, id: &ModelId, progress: Progress<'_>) -> Result<Manifest, Failure> {
        let manifest = self.find(id)?;
        let path = self.path(id, manifest.format);
        let (sha256, bytes) = match manifest.format {
            Format::Gguf => transfer(&path, &mut std::io::sink(), progress)?,
            Format::Safetensors => transfer_directory(&path, None, progress)?,
        };
        if sha256 == manifest.sha256 && bytes == manifest.bytes {
            return Ok(manifest);
        }
        Err(Failure::message(format!(
            "model `{id}` is damaged: it has {bytes} bytes with SHA-256 {sha256}, and was \
             imported with {} bytes and {}",
            manifest.bytes, manifest.sha256
        ))
        .hint("import the model again from a good copy"))
    }

    /// Model ids may hold `/` and `:`, which must not become folders.
    fn folder(&self, id: &ModelId) -> PathBuf {
        self.root.join(id.as_str().replace('/', "~").replace(':', "+"))
    }
}

fn inspect(source: &Path) -> Result<(String, Format), Failure> {
    let checkpoint = Checkpoint::open(source)
        .with_context(|| format!("{} is not a model that can be read", source.display()))?;
    let format = match checkpoint.layout() {
        Layout::Gguf => Format::Gguf,
        Layout::Safetensors => Format::Safetensors,
    };
    Ok((checkpoint.architecture().to_owned(), format))
}

/// Removes a file or a directory, if it is there.
fn remove(path: &Path) -> std::io::Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

fn copy_directory(
    source: &Path,
    target: &Path,
    progress: Progress<'_>,
) -> Result<(String, u64), Failure> {
    fs::create_dir(target).with_context(|| format!("could not make {}", target.display()))?;
    let copied = transfer_directory(source, Some(target), progress)?;
    File::open(target)?.sync_all()?;
    Ok(copied)
}

/// Reads the files that make up the model, in the order of their names, and copies them.
fn transfer_directory(
    source: &Path,
    target: Option<&Path>,
    progress: Progress<'_>,
) -> Result<(String, u64), Failure> {
    let files = Checkpoint::files_of(source)
        .with_context(|| format!("{} is not a model that can be read", source.display()))?;
    let (mut list, mut total) = (Sha256::new(), 0);
    for name in files {
        let from = source.join(&name);
        let mut advance = |bytes| progress(total + bytes);
        let (sha256, bytes) = match target {
            Some(target) => copy(&from, &target.join(&name), &mut advance)?,
            None => transfer(&from, &mut std::io::sink(), &mut advance)?,
        };
        list.update(format!("{sha256}  {name}\n"));
        total += bytes;
    }
    Ok((hexadecimal(&list.finalize()), total))
}

fn copy(source: &Path, target: &Path, progress: Progress<'_>) -> Result<(String, u64), Failure> {
    let mut file =
        File::create(target).with_context(|| format!("could not write {}", target.display()))?;
    let copied = transfer(source, &mut file, progress)?;
    file.sync_all()?;
    Ok(copied)
}

fn transfer(
    source: &Path,
    target: &mut dyn Write,
    progress: Progress<'_>,
) -> Result<(String, u64), Failure> {
    let mut source =
        File::open(source).with_context(|| format!("could not read {}", source.display()))?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut bytes = 0;
    loop {
        let count = source.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        let chunk = buffer.get(..count).unwrap_or_default();
        digest.update(chunk);
        target.write_all(chunk)?;
        bytes += count as u64;
        progress(bytes);
    }
    Ok((hexadecimal(&digest.finalize()), bytes))
}

fn check_digest(expected: Option<&str>, found: &str) -> Result<(), Failure> {
    match expected {
        Some(expected) if !expected.eq_ignore_ascii_case(found) => Err(Failure::message(format!(
            "the file has SHA-256 {found}, and {expected} was expected"
        ))
        .hint("obtain the file again; nothing was imported")),
        Some(_) | None => Ok(()),
    }
}

fn read_manifest(path: &Path) -> Result<Manifest, Failure> {
    let text = fs::read_to_string(path)?;
    let manifest = serde_json::from_str(&text)
        .with_context(|| format!("{} is not a model manifest", path.display()))?;
    Ok(manifest)
}

fn write_manifest(folder: &Path, manifest: &Manifest) -> Result<(), Failure> {
    let partial = folder.join(format!("manifest.{}.partial", std::process::id()));
    let mut file = File::create(&partial)?;
    writeln!(file, "{}", serde_json::to_string_pretty(manifest)?)?;
    file.sync_all()?;
    fs::rename(&partial, folder.join("manifest.json"))?;
    File::open(folder)?.sync_all()?;
    Ok(())
}
