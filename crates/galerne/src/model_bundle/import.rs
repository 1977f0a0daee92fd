//! Takes models out of one file: all is verified before anything of it is there.

use std::{
    collections::HashMap,
    fs::{self, File, TryLockError},
    io::{BufReader, ErrorKind},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use domain::{ModelId, Timestamp};
use model_signing::{BundleError, FileDigest, SINGLE_FILE, SignatureBundle};

use super::{BUNDLE_SIGNATURE, FORMAT, INDEX, Index, SUMS, TEXT_BYTES_MAX, sums};
use crate::{
    archive::{ArchiveReader, GoOn},
    failure::Failure,
    model_files::{
        Contents, Format, LICENCES, MANIFEST, Manifest, ModelFiles, SIGNATURE, folder_name,
        write_durably,
    },
    trust::{Trust, Vouchers},
};

/// Where bundles are unpacked, below `models/`.
const INCOMING: &str = ".incoming";

/// Models that were unpacked and verified, and that nobody sees yet. Gone when it is dropped.
pub(crate) struct Incoming {
    root: PathBuf,
    /// Those that are not there already, in the order of the bundle.
    pub(crate) manifests: Vec<Manifest>,
    pub(crate) there_already: Vec<Manifest>,
    _lock: File,
}

/// What was unpacked: files by their names in the archive.
#[derive(Default)]
struct Unpacked {
    files: Vec<(String, FileDigest)>,
    bytes: HashMap<String, u64>,
}

impl Incoming {
    pub(crate) fn unpack(
        models: &ModelFiles,
        bundle: &Path,
        trust: &Trust,
        now: Timestamp,
        go_on: GoOn<'_>,
    ) -> Result<Self, Failure> {
        let root = models.root().join(INCOMING);
        fs::create_dir_all(models.root())?;
        let lock = lock(models.root())?;
        remove_all(&root)?;
        fs::create_dir(&root)?;
        let (manifests, there_already) = (Vec::new(), Vec::new());
        let mut incoming = Self { root, manifests, there_already, _lock: lock };
        let named = || format!("{} is not a bundle that can be imported", bundle.display());
        let unpacked = incoming.take(bundle, go_on).map_err(|failure| failure.context(named()))?;
        incoming.verify(models, trust, &unpacked, now).map_err(|it| it.context(named()))?;
        Ok(incoming)
    }

    /// Everything in the archive, below a folder that nobody looks into.
    fn take(&self, bundle: &Path, go_on: GoOn<'_>) -> Result<Unpacked, Failure> {
        let file = File::open(bundle)?;
        let mut archive = ArchiveReader::new(BufReader::with_capacity(1 << 20, file));
        let mut unpacked = Unpacked::default();
        while let Some(entry) = archive.next()? {
            check_place(&entry.name)?;
            let target = self.root.join(&entry.name);
            fs::create_dir_all(target.parent().unwrap_or(&self.root))?;
            let mut file = File::create_new(&target)
                .with_context(|| format!("could not write {}", target.display()))?;
            let digest = archive.take(&entry, &mut file, go_on)?;
            file.sync_all()?;
            unpacked.bytes.insert(entry.name.clone(), entry.bytes);
            unpacked.files.push((entry.name, digest));
        }
        Ok(unpacked)
    }

    fn verify(
        &mut self,
        models: &ModelFiles,
        trust: &Trust,
        unpacked: &Unpacked,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let index: Index = serde_json::from_slice(&self.text(unpacked, INDEX)?)?;
        if index.format != FORMAT {
            return Err(Failure::message(format!("its format is not `{FORMAT}`")));
        }
        self.check_sums(unpacked)?;
        self.check_signature(unpacked, trust)?;
        for folder in &index.models {
            let manifest = self.verify_model(folder, models, trust, unpacked, now)?;
            match models.find(&manifest.id.parse()?) {
                Ok(there) if there.sha256 == manifest.sha256 && there.base == manifest.base => {
                    self.there_already.push(there);
                }
                Ok(there) => {
                    let message = format!("another model `{}` is there already", there.id);
                    return Err(Failure::message(message)
                        .hint("`galerne model remove ID` makes room; nothing was imported"));
                }
                Err(_) => self.manifests.push(manifest),
            }
        }
        let listed = |name: &str| {
            let folder = name.strip_prefix("models/").and_then(|rest| rest.split('/').next());
            folder.is_none_or(|folder| index.models.iter().any(|one| one == folder))
        };
        match unpacked.files.iter().find(|(name, _)| !listed(name)) {
            Some((name, _)) => Err(Failure::message(format!("`{name}` belongs to no model of it"))),
            None => Ok(()),
        }
    }

    /// The manifest of one model whose files are what it says, and what was signed.
    fn verify_model(
        &self,
        folder: &str,
        models: &ModelFiles,
        trust: &Trust,
        unpacked: &Unpacked,
        now: Timestamp,
    ) -> Result<Manifest, Failure> {
        let inside = format!("models/{folder}");
        let text = self.text(unpacked, &format!("{inside}/{MANIFEST}"))?;
        let manifest: Manifest = serde_json::from_slice(&text)?;
        let id: ModelId = manifest.id.parse()?;
        if folder_name(&id) != folder {
            return Err(Failure::message(format!("the folder of `{id}` has another name")));
        }
        let path = self.root.join(&inside).join(manifest.format.file_name());
        let found = models.read_confined(&path)?;
        let contents = unpacked.contents(&inside, manifest.format, &found.files)?;
        let signature = format!("{inside}/{SIGNATURE}");
        let is_signed = unpacked.bytes.contains_key(&signature);
        let signature = is_signed.then(|| self.text(unpacked, &signature)).transpose()?;
        let vouchers = Vouchers { signature, waiver: None };
        match trust.judge(&manifest, &contents, &vouchers) {
            Ok(_) => {}
            // It may be signed, or its key trusted, later.
            Err(refusal) if refusal.lacks_a_voucher() => {}
            Err(refusal) => {
                return Err(Failure::message(format!("`{id}`: {refusal} ({})", refusal.code()))
                    .hint(refusal.hint()));
            }
        }
        let is_same =
            found.architecture == manifest.architecture && found.format == manifest.format;
        if !is_same || found.is_adapter != manifest.base.is_some() {
            return Err(Failure::message(format!("`{id}` is not what its manifest says")));
        }
        if let Some(base) = &manifest.base {
            let mut comes = self.manifests.iter().chain(&self.there_already);
            let base: ModelId = base.parse()?;
            if !comes.any(|one| one.id == base.as_str()) {
                models.find(&base)?;
            }
        }
        Ok(Manifest { imported_at: now, ..manifest })
    }

    /// Makes one of the models one that is there.
    pub(crate) fn publish(&self, models: &ModelFiles, manifest: &Manifest) -> Result<(), Failure> {
        let id: ModelId = manifest.id.parse()?;
        let (from, to) = (self.root.join("models").join(folder_name(&id)), models.folder(&id));
        if to.join(MANIFEST).exists() {
            return Err(Failure::message(format!("a model `{id}` came meanwhile"))
                .hint("import the bundle again"));
        }
        // A folder without a manifest is none of a model.
        remove_all(&to)?;
        write_durably(&from.join(MANIFEST), &serde_json::to_string_pretty(manifest)?)?;
        for folder in [manifest.format.file_name(), LICENCES] {
            if from.join(folder).is_dir() {
                File::open(from.join(folder))?.sync_all()?;
            }
        }
        fs::rename(&from, &to)?;
        Ok(File::open(models.root())?.sync_all()?)
    }

    fn check_sums(&self, unpacked: &Unpacked) -> Result<(), Failure> {
        let before = unpacked.before(SUMS)?;
        if self.text(unpacked, SUMS)? == sums(before).as_bytes() {
            return Ok(());
        }
        Err(Failure::message(format!("its files are not those of {SUMS}"))
            .hint("obtain the bundle again; nothing was imported"))
    }

    /// Whoever vouches for the whole must be trusted, and must have signed just this.
    fn check_signature(&self, unpacked: &Unpacked, trust: &Trust) -> Result<(), Failure> {
        if !unpacked.bytes.contains_key(BUNDLE_SIGNATURE) {
            // Then each model stands for itself.
            return match unpacked.files.last() {
                Some((last, _)) if last == SUMS => Ok(()),
                _ => Err(Failure::message(format!("something follows {SUMS}"))),
            };
        }
        let before = unpacked.before(BUNDLE_SIGNATURE)?;
        let bundle = SignatureBundle::parse(&self.text(unpacked, BUNDLE_SIGNATURE)?)?;
        let is_last = before.len() + 1 == unpacked.files.len();
        match bundle.verify(trust.keys()) {
            Ok((statement, _)) if is_last && statement.compare(before).is_equal() => Ok(()),
            Ok(_) => Err(Failure::message("its files are not those that were signed")
                .hint("obtain the bundle again; nothing was imported")),
            // Nobody here knows the signer: each model stands for itself, if that is enough here.
            Err(BundleError::Untrusted { .. }) if !trust.is_required() => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn text(&self, unpacked: &Unpacked, name: &str) -> Result<Vec<u8>, Failure> {
        match unpacked.bytes.get(name) {
            Some(&bytes) if bytes <= TEXT_BYTES_MAX => Ok(fs::read(self.root.join(name))?),
            Some(bytes) => Err(Failure::message(format!("`{name}` has {bytes} bytes"))),
            None => Err(Failure::message(format!("`{name}` is missing"))),
        }
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // What stays is removed by the next import.
        remove_all(&self.root).ok();
    }
}

impl Unpacked {
    /// The files that come before this one.
    fn before(&self, name: &str) -> Result<&[(String, FileDigest)], Failure> {
        let at = self.files.iter().position(|(one, _)| one == name);
        let before = at.and_then(|at| self.files.get(..at));
        before.ok_or_else(|| Failure::message(format!("`{name}` is missing")))
    }

    /// What was read of one model, by the names that its files have there.
    fn contents(
        &self,
        inside: &str,
        format: Format,
        expected: &[String],
    ) -> Result<Contents, Failure> {
        let place = format!("{inside}/{}", format.file_name());
        let below = format!("{place}/");
        let mut bytes = 0;
        let mut files = Vec::new();
        for (name, digest) in &self.files {
            let short = match format {
                Format::Gguf if *name == place => Some(SINGLE_FILE),
                Format::Gguf => None,
                Format::Safetensors => name.strip_prefix(&below),
            };
            if let Some(short) = short {
                files.push((short.to_owned(), *digest));
                bytes += self.bytes.get(name).copied().unwrap_or_default();
            }
        }
        files.sort_by(|(one, _), (other, _)| one.cmp(other));
        let is_whole = files.iter().map(|(name, _)| name).eq(expected);
        if format == Format::Safetensors && !is_whole {
            return Err(Failure::message(format!("`{place}` holds other files than a model")));
        }
        Ok(Contents::of(files, bytes))
    }
}

/// Only one process unpacks bundles at a time.
fn lock(models: &Path) -> Result<File, Failure> {
    let file = File::create(models.join(".bundle.lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(Failure::message("another bundle is being imported").hint("wait until it is done"))
        }
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Files have the places that an export gives them.
fn check_place(name: &str) -> Result<(), Failure> {
    let parts: Vec<&str> = name.split('/').collect();
    let is_known = match parts.as_slice() {
        [one] => [INDEX, SUMS, BUNDLE_SIGNATURE].contains(one),
        ["models", _, file] => [MANIFEST, SIGNATURE, Format::Gguf.file_name()].contains(file),
        ["models", _, folder, _] => [Format::Safetensors.file_name(), LICENCES].contains(folder),
        _ => false,
    };
    if is_known {
        return Ok(());
    }
    Err(Failure::message(format!("`{name}` has no place in a bundle")))
}

fn remove_all(folder: &Path) -> std::io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
