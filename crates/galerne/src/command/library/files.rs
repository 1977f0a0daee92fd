//! Files of the person who types, and what they are called in a library.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use domain::hexadecimal;
use sha2::{Digest as _, Sha256};

use crate::failure::Failure;

/// More no server takes.
const BYTES_MAX: u64 = 2 << 30;

/// Folders within folders.
const DEPTH_MAX: usize = 64;

const PIECE_BYTES: usize = 256 * 1024;

/// A file that may become a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LocalFile {
    pub(super) path: PathBuf,
    /// Its path within the folder that was named, with slashes; its name, if it was named itself.
    pub(super) name: String,
    pub(super) bytes: u64,
}

/// All files below a folder, by their names. What begins with a dot is left out, and so are links.
pub(super) fn below(folder: &Path) -> Result<Vec<LocalFile>, Failure> {
    let mut found = Vec::new();
    collect(folder, "", (DEPTH_MAX, &mut found))?;
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

/// Files that were named, and those below folders that were.
pub(super) fn named(paths: &[PathBuf]) -> Result<Vec<LocalFile>, Failure> {
    let mut found = Vec::new();
    for path in paths {
        let known =
            fs::metadata(path).with_context(|| format!("could not read {}", path.display()))?;
        if known.is_dir() {
            found.extend(below(path)?);
        } else {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            let name = name.with_context(|| format!("{} is no file", path.display()))?;
            found.push(LocalFile { path: path.clone(), name, bytes: known.len() });
        }
    }
    found.iter().try_for_each(check)?;
    Ok(found)
}

fn collect(
    folder: &Path,
    prefix: &str,
    (depth, found): (usize, &mut Vec<LocalFile>),
) -> Result<(), Failure> {
    let unread = || format!("could not read the folder {}", folder.display());
    for entry in fs::read_dir(folder).with_context(unread)? {
        let entry = entry.with_context(unread)?;
        let own = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type().with_context(unread)?;
        if own.starts_with('.') {
            continue;
        }
        let name = format!("{prefix}{own}");
        if kind.is_dir() && depth > 0 {
            collect(&entry.path(), &format!("{name}/"), (depth - 1, &mut *found))?;
        } else if kind.is_file() {
            let bytes = entry.metadata().with_context(unread)?.len();
            let file = LocalFile { path: entry.path(), name, bytes };
            check(&file)?;
            found.push(file);
        }
    }
    Ok(())
}

fn check(file: &LocalFile) -> Result<(), Failure> {
    if file.bytes <= BYTES_MAX {
        return Ok(());
    }
    let message = format!("{} has more than {BYTES_MAX} bytes", file.path.display());
    Err(Failure::message(message).hint("split it, or move it out of the folder"))
}

impl LocalFile {
    /// SHA-256, hexadecimal.
    pub(super) fn digest(&self) -> Result<String, Failure> {
        let read = || -> io::Result<String> {
            let (mut file, mut digest) = (File::open(&self.path)?, Sha256::new());
            let mut piece = vec![0; PIECE_BYTES];
            loop {
                match file.read(&mut piece)? {
                    0 => return Ok(hexadecimal(&digest.finalize())),
                    count => digest.update(piece.get(..count).unwrap_or_default()),
                }
            }
        };
        Ok(read().with_context(|| format!("could not read {}", self.path.display()))?)
    }

    pub(super) fn content(&self) -> Result<Vec<u8>, Failure> {
        let read = fs::read(&self.path);
        Ok(read.with_context(|| format!("could not read {}", self.path.display()))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_below_a_folder_is_named_by_its_path() {
        let temp = tempfile::tempdir().unwrap();
        let write = |name: &str| {
            let path = temp.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        };
        for name in ["b.txt", "codes/travail/1.txt", "codes/é.txt", ".hidden", ".git/config"] {
            write(name);
        }
        std::os::unix::fs::symlink("b.txt", temp.path().join("c.txt")).unwrap();
        let found = below(temp.path()).unwrap();
        let names: Vec<_> = found.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["b.txt", "codes/travail/1.txt", "codes/é.txt"]);
        assert_eq!(found[0].content().unwrap(), b"b.txt");
        assert_eq!(found[0].digest().unwrap(), hexadecimal(&Sha256::digest(b"b.txt")));
        let all = named(&[temp.path().join("codes"), temp.path().join("b.txt")]).unwrap();
        let names: Vec<_> = all.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["travail/1.txt", "é.txt", "b.txt"]);
        assert!(named(&[temp.path().join("absent")]).is_err());
    }
}
