//! The bytes of a model, read once: copied or not, with the SHA-256 of each file.

use std::{
    fs::{self, File},
    io::{Read as _, Write},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use domain::hexadecimal;
use engine_cpu::checkpoint::Checkpoint;
use model_signing::{FileDigest, SINGLE_FILE};
use sha2::{Digest as _, Sha256};

use super::{Format, Progress};
use crate::failure::Failure;

const CHUNK_BYTES: usize = 1 << 20;

/// What was read of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Contents {
    /// By name, as a signature lists them.
    pub(crate) files: Vec<(String, FileDigest)>,
    /// What a manifest says: of the file, or of the list that `sha256sum` prints of a directory.
    pub(crate) sha256: String,
    pub(crate) bytes: u64,
    stamps: Vec<Stamp>,
}

/// What tells a file from others, and from itself after a change, without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    path: PathBuf,
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(path: &Path) -> std::io::Result<Self> {
        let found = fs::metadata(path)?;
        Ok(Self {
            path: path.to_owned(),
            inode: found.ino(),
            bytes: found.len(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        })
    }
}

impl Contents {
    /// Reads a model where it lies.
    pub(crate) fn read(
        path: &Path,
        format: Format,
        progress: Progress<'_>,
    ) -> Result<Self, Failure> {
        let files = match format {
            Format::Gguf => Vec::new(),
            Format::Safetensors => Checkpoint::files_of(path)
                .with_context(|| format!("{} is not a model that can be read", path.display()))?,
        };
        Self::transfer(path, None, (format, &files), progress)
    }

    /// Reads a model and writes it, durably, to a path where nothing is. Of a directory these files.
    pub(crate) fn copy(
        source: &Path,
        target: &Path,
        (format, files): (Format, &[String]),
        progress: Progress<'_>,
    ) -> Result<Self, Failure> {
        if format == Format::Safetensors {
            fs::create_dir(target)
                .with_context(|| format!("could not make {}", target.display()))?;
        }
        let copied = Self::transfer(source, Some(target), (format, files), progress)?;
        if format == Format::Safetensors {
            File::open(target)?.sync_all()?;
        }
        Ok(copied)
    }

    /// Of files that were read elsewhere, sorted by name.
    pub(crate) fn of(files: Vec<(String, FileDigest)>, bytes: u64) -> Self {
        let sha256 = match files.as_slice() {
            [(name, digest)] if name == SINGLE_FILE => digest.to_string(),
            files => digest_of_list(files),
        };
        Self { files, sha256, bytes, stamps: Vec::new() }
    }

    /// Whether the files are still those that were read, as far as the system tells.
    pub(crate) fn is_unchanged(&self) -> bool {
        self.stamps.iter().all(|stamp| Stamp::of(&stamp.path).is_ok_and(|now| now == *stamp))
    }

    fn transfer(
        source: &Path,
        target: Option<&Path>,
        (format, files): (Format, &[String]),
        progress: Progress<'_>,
    ) -> Result<Self, Failure> {
        match format {
            Format::Gguf => {
                let stamp = Stamp::of(source)
                    .with_context(|| format!("could not read {}", source.display()))?;
                let (digest, bytes) = transfer_file(source, target, progress)?;
                let files = vec![(SINGLE_FILE.to_owned(), digest)];
                Ok(Self { stamps: vec![stamp], ..Self::of(files, bytes) })
            }
            Format::Safetensors => Self::transfer_directory(source, target, files, progress),
        }
    }

    /// The files that make up the model, in the order of their names.
    fn transfer_directory(
        source: &Path,
        target: Option<&Path>,
        names: &[String],
        progress: Progress<'_>,
    ) -> Result<Self, Failure> {
        let (mut files, mut stamps, mut total) = (Vec::new(), Vec::new(), 0);
        for name in names {
            let from = source.join(name);
            stamps.push(
                Stamp::of(&from).with_context(|| format!("could not read {}", from.display()))?,
            );
            let to = target.map(|target| target.join(name));
            let mut advance = |bytes| progress(total + bytes);
            let (digest, bytes) = transfer_file(&from, to.as_deref(), &mut advance)?;
            files.push((name.clone(), digest));
            total += bytes;
        }
        Ok(Self { stamps, ..Self::of(files, total) })
    }
}

/// What `sha256sum` of the list that it prints itself says.
fn digest_of_list(files: &[(String, FileDigest)]) -> String {
    let list = files.iter().fold(Sha256::new(), |list, (name, digest)| {
        list.chain_update(format!("{digest}  {name}\n"))
    });
    hexadecimal(&list.finalize())
}

fn transfer_file(
    source: &Path,
    target: Option<&Path>,
    progress: Progress<'_>,
) -> Result<(FileDigest, u64), Failure> {
    let Some(target) = target else {
        return transfer(source, &mut std::io::sink(), progress);
    };
    let mut file =
        File::create(target).with_context(|| format!("could not write {}", target.display()))?;
    let copied = transfer(source, &mut file, progress)?;
    file.sync_all()?;
    Ok(copied)
}

pub(crate) fn transfer(
    source: &Path,
    target: &mut dyn Write,
    progress: Progress<'_>,
) -> Result<(FileDigest, u64), Failure> {
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
        progress(bytes)?;
    }
    Ok((FileDigest(digest.finalize().into()), bytes))
}
