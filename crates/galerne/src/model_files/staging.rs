//! Importing a model: copied beside, checked, and only then there.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use domain::{Clock, ModelId};

use super::{
    Contents, Format, LICENCES, MANIFEST, Manifest, ModelFiles, Progress, REFUSED, SIGNATURE,
    WAIVER, read_if_there, remove, write_durably, write_manifest,
};
use crate::{
    failure::Failure,
    model_worker::Inspected,
    trust::{Standing, Trust, Vouchers},
};

/// What a copy is called before it is a model.
const PARTIAL: &str = "partial";
/// Licences and notices are texts; what is longer is something else.
const LICENCE_BYTES_MAX: u64 = 4 << 20;
const LICENCES_MAX: usize = 32;
const LICENCE_NAMES: [&str; 6] =
    ["license", "licence", "notice", "copying", "use_policy", "copyright"];

/// What to import, and as what.
pub(crate) struct Import<'a> {
    pub(crate) source: &'a Path,
    pub(crate) id: &'a ModelId,
    /// The model that an adapter was made for.
    pub(crate) base: Option<&'a ModelId>,
    pub(crate) expected_sha256: Option<&'a str>,
    /// Where its signature is, if not beside it.
    pub(crate) signature: Option<&'a Path>,
}

/// A model that was copied and checked and that nobody sees yet. Gone when it is dropped.
pub(crate) struct Staged {
    folder: PathBuf,
    partial: PathBuf,
    manifest: Manifest,
    vouchers: Vouchers,
    standing: Option<Standing>,
    licences: Vec<PathBuf>,
    _lock: File,
}

impl ModelFiles {
    /// Copies a file or a directory beside the models.
    pub(crate) fn stage(
        &self,
        import: &Import<'_>,
        trust: &Trust,
        clock: &dyn Clock,
        progress: Progress<'_>,
    ) -> Result<Staged, Failure> {
        let Import { source, id, expected_sha256, .. } = *import;
        let Inspected { architecture, format, files, .. } = self.inspect(import)?;
        let folder = self.folder(id);
        fs::create_dir_all(&folder)
            .with_context(|| format!("could not make {}", folder.display()))?;
        let lock = lock(&folder)?;
        clean(&folder)?;
        let partial = folder.join(format!("incoming.{}.{PARTIAL}", std::process::id()));
        let vouchers = Vouchers { signature: signature_of(import)?, waiver: None };
        let manifest = Manifest {
            id: id.to_string(),
            format,
            sha256: String::new(),
            bytes: 0,
            architecture,
            imported_at: clock.now(),
            base: import.base.map(ToString::to_string),
        };
        let licences = licences_of(source);
        let standing = None;
        let mut staged =
            Staged { folder, partial, manifest, vouchers, standing, licences, _lock: lock };
        let contents = Contents::copy(source, &staged.partial, (format, &files), progress)?;
        check_digest(expected_sha256, &contents.sha256)?;
        staged.manifest.sha256.clone_from(&contents.sha256);
        staged.manifest.bytes = contents.bytes;
        staged.check(trust, &contents)?;
        Ok(staged)
    }
}

impl Staged {
    pub(crate) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// How the model stands; `None` if it would not be loaded, though nothing is wrong with it.
    pub(crate) fn standing(&self) -> Option<&Standing> {
        self.standing.as_ref()
    }

    fn check(&mut self, trust: &Trust, contents: &Contents) -> Result<(), Failure> {
        match trust.judge(&self.manifest, contents, &self.vouchers) {
            Ok(standing) => self.standing = Some(standing),
            // It may be signed, or its key trusted, later.
            Err(refusal) if refusal.lacks_a_voucher() => {}
            Err(refusal) => {
                return Err(Failure::from(refusal).hint(
                    "obtain model and signature again from those who signed it; nothing was \
                     imported",
                ));
            }
        }
        Ok(())
    }

    /// Makes the model one that is there, in place of an earlier one of its name.
    pub(crate) fn publish(self) -> Result<Manifest, Failure> {
        let (folder, manifest) = (&self.folder, &self.manifest);
        for name in [WAIVER, REFUSED] {
            remove(&folder.join(name))?;
        }
        match &self.vouchers.signature {
            Some(bytes) => {
                let text = String::from_utf8_lossy(bytes);
                write_durably(&folder.join(SIGNATURE), text.trim_end())?;
            }
            None => remove(&folder.join(SIGNATURE))?,
        }
        self.copy_licences()?;
        let target = folder.join(manifest.format.file_name());
        if manifest.format == Format::Safetensors {
            // A directory is only replaced by nothing.
            remove(&target)?;
        }
        fs::rename(&self.partial, &target)?;
        write_manifest(folder, manifest)?;
        for other in [Format::Gguf, Format::Safetensors] {
            if other != manifest.format {
                remove(&folder.join(other.file_name()))?;
            }
        }
        Ok(manifest.clone())
    }

    fn copy_licences(&self) -> Result<(), Failure> {
        let target = self.folder.join(LICENCES);
        remove(&target)?;
        if self.licences.is_empty() {
            return Ok(());
        }
        fs::create_dir(&target)?;
        for licence in &self.licences {
            let Some(name) = licence.file_name() else { continue };
            fs::copy(licence, target.join(name))
                .with_context(|| format!("could not copy {}", licence.display()))?;
        }
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // What stays is removed by the next import.
        remove(&self.partial).ok();
        if !self.folder.join(MANIFEST).exists() {
            remove(&self.folder).ok();
        }
    }
}

/// Only one process imports under a name at a time.
fn lock(folder: &Path) -> Result<File, Failure> {
    let file = File::open(folder)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(Failure::message("the same name is being imported by another process")
                .hint("wait until it is done"))
        }
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Removes what an import left that was killed.
fn clean(folder: &Path) -> Result<(), Failure> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == PARTIAL) {
            remove(&path)?;
        }
    }
    Ok(())
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

/// Named, or where those who sign put it: in the directory, or beside the file.
fn signature_of(import: &Import<'_>) -> Result<Option<Vec<u8>>, Failure> {
    if let Some(path) = import.signature {
        let found = read_if_there(path)?;
        return found
            .map(Some)
            .ok_or_else(|| Failure::message(format!("there is no signature {}", path.display())));
    }
    read_if_there(&signature_path(import.source))
}

/// Where the signature of a model outside of the data directory is.
pub(crate) fn signature_path(source: &Path) -> PathBuf {
    if source.is_dir() {
        return source.join(SIGNATURE);
    }
    let mut name = source.as_os_str().to_owned();
    name.push(".sig");
    name.into()
}

/// The texts in a directory under which the model may be used.
fn licences_of(source: &Path) -> Vec<PathBuf> {
    if !source.is_dir() {
        return Vec::new();
    }
    let Ok(entries) = fs::read_dir(source) else { return Vec::new() };
    let is_licence = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let is_text = fs::symlink_metadata(path)
            .is_ok_and(|found| found.is_file() && found.len() <= LICENCE_BYTES_MAX);
        is_text && LICENCE_NAMES.iter().any(|start| name.starts_with(start))
    };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut paths: Vec<_> = paths.filter(is_licence).collect();
    paths.sort();
    paths.truncate(LICENCES_MAX);
    paths
}
