//! Models in the data directory: `models/<id>/model.gguf`, or a directory `model` of safetensors and
//! their settings, with `manifest.json`, and what speaks for it: `model.sig`, `waiver.json`.

mod contents;
mod pickle;
mod staging;

use std::{
    fs::{self, File, TryLockError},
    io::{ErrorKind, Read as _, Write as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use domain::{ModelId, Timestamp};
use engine_cpu::checkpoint::{Checkpoint, Layout};
use model_signing::BUNDLE_BYTES_MAX;
use serde::{Deserialize, Serialize};

pub(crate) use self::{
    contents::{Contents, transfer},
    staging::{Import, signature_path},
};
use crate::{
    data_dir::DataDir,
    failure::Failure,
    model_worker::{Inspected, Inspector},
    trust::{Refusal, Vouchers},
    waiver::Waiver,
};

pub(crate) const MANIFEST: &str = "manifest.json";
pub(crate) const SIGNATURE: &str = "model.sig";
const WAIVER: &str = "waiver.json";
const REFUSED: &str = "refused.json";
pub(crate) const LICENCES: &str = "licences";

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
    /// The model that an adapter was made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) base: Option<String>,
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
    pub(crate) fn file_name(self) -> &'static str {
        match self {
            Self::Gguf => "model.gguf",
            Self::Safetensors => "model",
        }
    }
}

/// That a server did not load a model, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refused {
    pub(crate) code: String,
    pub(crate) reason: String,
    pub(crate) at: Timestamp,
}

/// The imported models of a data directory.
#[derive(Clone, Debug)]
pub(crate) struct ModelFiles {
    root: PathBuf,
    inspector: Inspector,
}

/// Called with the bytes done so far; an error ends the reading.
type Progress<'a> = &'a mut dyn FnMut(u64) -> Result<(), Failure>;

impl ModelFiles {
    pub(crate) fn new(data_dir: &DataDir) -> Self {
        Self { root: data_dir.models(), inspector: Inspector::default() }
    }

    /// For whoever imports: how models are read that nobody vouches for.
    pub(crate) fn inspected_by(self, inspector: Inspector) -> Self {
        Self { inspector, ..self }
    }

    /// What a file or a directory is that nobody vouches for. Blocks.
    pub(crate) fn read_confined(&self, source: &Path) -> Result<Inspected, Failure> {
        self.inspector.inspect(source)
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
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
            let path = entry?.path().join(MANIFEST);
            if path.exists() {
                manifests.push(read_manifest(&path)?);
            }
        }
        manifests.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(manifests)
    }

    /// A model, with the one that it needs, which comes first.
    pub(crate) fn with_base(&self, manifest: Manifest) -> Result<Vec<Manifest>, Failure> {
        let base = manifest.base.as_ref().map(|id| self.find(&id.parse()?)).transpose()?;
        Ok(base.into_iter().chain([manifest]).collect())
    }

    pub(crate) fn find(&self, id: &ModelId) -> Result<Manifest, Failure> {
        let path = self.folder(id).join(MANIFEST);
        if !path.exists() {
            return Err(Failure::message(format!("no model `{id}` is imported")).hint(
                "`galerne model list` shows those that are; `galerne model import` adds one",
            ));
        }
        read_manifest(&path)
    }

    /// What the source is; an error if it cannot be a model of this name.
    fn inspect(&self, import: &Import<'_>) -> Result<Inspected, Failure> {
        let Import { source, id, base, .. } = *import;
        let found = self.read_confined(source)?;
        match base {
            Some(base) => self.check_base(id, base)?,
            None if found.is_adapter => {
                let message = format!("{} is an adapter of another model", source.display());
                return Err(Failure::message(message)
                    .hint("name the imported model that it was made for: `--base ID`"));
            }
            None => {}
        }
        if base.is_some() && !found.is_adapter {
            let message = format!("{} is a whole model, not an adapter", source.display());
            return Err(Failure::message(message).hint("import it without `--base`"));
        }
        let adapters = self.adapters_of(id)?;
        if found.is_adapter && !adapters.is_empty() {
            return Err(has_adapters(id, &adapters));
        }
        Ok(found)
    }

    /// An adapter has an imported model below it, which is none itself.
    fn check_base(&self, id: &ModelId, base: &ModelId) -> Result<(), Failure> {
        if self.find(base)?.base.is_some() || base == id {
            return Err(Failure::message(format!("`{base}` is no model by itself")).hint(
                "an adapter is made for a whole model; `galerne model list` shows which is which",
            ));
        }
        Ok(())
    }

    fn adapters_of(&self, id: &ModelId) -> Result<Vec<String>, Failure> {
        let is_for = |manifest: &Manifest| manifest.base.as_deref() == Some(id.as_str());
        Ok(self.list()?.into_iter().filter(is_for).map(|manifest| manifest.id).collect())
    }

    /// An error if adapters need the model.
    pub(crate) fn check_unneeded(&self, id: &ModelId) -> Result<(), Failure> {
        let adapters = self.adapters_of(id)?;
        if adapters.is_empty() { Ok(()) } else { Err(has_adapters(id, &adapters)) }
    }

    /// Removes a model; a running server serves it no longer.
    pub(crate) fn remove(&self, id: &ModelId) -> Result<Manifest, Failure> {
        let manifest = self.find(id)?;
        self.check_unneeded(id)?;
        let _lock = self.changing()?;
        let folder = self.folder(id);
        // Without it the rest is no model, should this end in between.
        remove(&folder.join(MANIFEST))?;
        File::open(&folder)?.sync_all()?;
        remove(&folder)?;
        Ok(manifest)
    }

    /// Reads the whole model where it lies.
    pub(crate) fn contents(
        &self,
        manifest: &Manifest,
        progress: Progress<'_>,
    ) -> Result<Contents, Failure> {
        Contents::read(
            &self.path(&manifest.id.parse()?, manifest.format),
            manifest.format,
            progress,
        )
    }

    /// Reads the whole file again; an error names the difference.
    pub(crate) fn verify(&self, id: &ModelId, progress: Progress<'_>) -> Result<Contents, Failure> {
        let manifest = self.find(id)?;
        let contents = self.contents(&manifest, progress)?;
        if contents.sha256 == manifest.sha256 && contents.bytes == manifest.bytes {
            return Ok(contents);
        }
        Err(Failure::message(format!(
            "model `{id}` is damaged: it has {} bytes with SHA-256 {}, and was imported with {} \
             bytes and {}",
            contents.bytes, contents.sha256, manifest.bytes, manifest.sha256
        ))
        .hint("import the model again from a good copy"))
    }

    /// Held while a model takes its place or leaves. Waits for whoever looks.
    pub(crate) fn changing(&self) -> Result<File, Failure> {
        fs::create_dir_all(&self.root)?;
        let root = File::open(&self.root)?;
        root.lock()?;
        Ok(root)
    }

    /// As [`ModelFiles::looking`], once no model takes its place any more.
    pub(crate) fn looking_patiently(&self) -> Result<File, Failure> {
        fs::create_dir_all(&self.root)?;
        let root = File::open(&self.root)?;
        root.lock_shared()?;
        Ok(root)
    }

    /// Held while somebody looks at all models; `None` while one takes its place.
    pub(crate) fn looking(&self) -> Result<Option<File>, Failure> {
        fs::create_dir_all(&self.root)?;
        let root = File::open(&self.root)?;
        match root.try_lock_shared() {
            Ok(()) => Ok(Some(root)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// What speaks for a model.
    pub(crate) fn vouchers(&self, id: &ModelId) -> Vouchers {
        let folder = self.folder(id);
        // What cannot be read counts as one that says nothing good.
        let read = |name| read_if_there(&folder.join(name)).unwrap_or_else(|_| Some(Vec::new()));
        Vouchers { signature: read(SIGNATURE), waiver: read(WAIVER) }
    }

    pub(crate) fn write_signature(&self, id: &ModelId, text: &str) -> Result<(), Failure> {
        write_durably(&self.folder(id).join(SIGNATURE), text)
    }

    pub(crate) fn write_waiver(&self, id: &ModelId, waiver: &Waiver) -> Result<(), Failure> {
        write_durably(&self.folder(id).join(WAIVER), &serde_json::to_string_pretty(waiver)?)
    }

    /// Why the server that works here did not load a model, if it did not.
    pub(crate) fn refused(&self, id: &ModelId) -> Result<Option<Refused>, Failure> {
        let bytes = read_if_there(&self.folder(id).join(REFUSED))?;
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// Leaves word for `galerne model list`.
    pub(crate) fn note_refusal(
        &self,
        id: &ModelId,
        refusal: Option<(&Refusal, Timestamp)>,
    ) -> Result<(), Failure> {
        let path = self.folder(id).join(REFUSED);
        let Some((refusal, at)) = refusal else { return Ok(remove(&path)?) };
        let (code, reason) = (refusal.code().to_owned(), refusal.to_string());
        write_durably(&path, &serde_json::to_string_pretty(&Refused { code, reason, at })?)
    }

    /// The licences that came with a model.
    pub(crate) fn licences(&self, id: &ModelId) -> Result<Vec<PathBuf>, Failure> {
        let folder = self.folder(id).join(LICENCES);
        let mut found = match fs::read_dir(folder) {
            Ok(entries) => entries
                .map(|entry| entry.map(|entry| entry.path()))
                .collect::<Result<Vec<_>, _>>()?,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        found.sort();
        Ok(found)
    }

    /// An error if a file of the folder, which need not be there, would run code when it is loaded.
    pub(crate) fn refuse_pickles(folder: &Path) -> Result<(), Failure> {
        if folder.is_dir() { pickle::refuse_any(folder) } else { Ok(()) }
    }

    /// Model ids may hold `/` and `:`, which must not become folders.
    pub(crate) fn folder(&self, id: &ModelId) -> PathBuf {
        self.root.join(folder_name(id))
    }
}

fn has_adapters(id: &ModelId, adapters: &[String]) -> Failure {
    let names = adapters.join("`, `");
    Failure::message(format!("`{id}` has adapters that need it: `{names}`"))
        .hint("remove these first: `galerne model remove ID`")
}

/// Removes a file or a directory, if it is there.
fn remove(path: &Path) -> std::io::Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

/// What a model is by its headers. Only to be called where it can do no harm.
pub(crate) fn read_unconfined(source: &Path) -> Result<Inspected, Failure> {
    let checkpoint = open(source)?;
    let format = match checkpoint.layout() {
        Layout::Gguf => Format::Gguf,
        Layout::Safetensors => Format::Safetensors,
    };
    Ok(Inspected {
        architecture: checkpoint.architecture().to_owned(),
        format,
        is_adapter: checkpoint.is_adapter(),
        files: files_of(source)?,
    })
}

/// Opens a model; what is no model and a pickle is called one.
fn open(source: &Path) -> Result<Checkpoint, Failure> {
    if let Ok(files) = files_of(source) {
        pickle::refuse(source, &files)?;
    }
    let error = match Checkpoint::open(source) {
        Ok(checkpoint) => return Ok(checkpoint),
        Err(error) => anyhow::Error::new(error),
    };
    pickle::refuse_any(source)?;
    Err(error.context(format!("{} is not a model that can be read", source.display())).into())
}

fn files_of(source: &Path) -> Result<Vec<String>, engine_cpu::checkpoint::OpenError> {
    if source.is_dir() { Checkpoint::files_of(source) } else { Ok(Vec::new()) }
}

pub(crate) fn folder_name(id: &ModelId) -> String {
    id.as_str().replace('/', "~").replace(':', "+")
}

pub(crate) fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    let mut bytes = Vec::new();
    // One byte more than a signature may have: what is longer is refused as such.
    let bytes_max = BUNDLE_BYTES_MAX as u64 + 1;
    match File::open(path).and_then(|file| file.take(bytes_max).read_to_end(&mut bytes)) {
        Ok(_) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => {
            let error = anyhow::Error::new(error);
            Err(error.context(format!("could not read {}", path.display())).into())
        }
    }
}

fn read_manifest(path: &Path) -> Result<Manifest, Failure> {
    let text = fs::read_to_string(path)?;
    let manifest = serde_json::from_str(&text)
        .with_context(|| format!("{} is not a model manifest", path.display()))?;
    Ok(manifest)
}

fn write_manifest(folder: &Path, manifest: &Manifest) -> Result<(), Failure> {
    write_durably(&folder.join(MANIFEST), &serde_json::to_string_pretty(manifest)?)
}

/// Written beside and renamed, so that a crash leaves the old text or the new one.
pub(crate) fn write_durably(path: &Path, text: &str) -> Result<(), Failure> {
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    let mut file =
        File::create(&partial).with_context(|| format!("could not write {}", partial.display()))?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    fs::rename(&partial, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(())
}
