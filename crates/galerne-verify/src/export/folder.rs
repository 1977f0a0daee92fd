//! The files of an export, in the layout of C2SP tlog-tiles.

use std::fs;
use std::path::{Path, PathBuf};

use transparency_log::{
    BundleId, Checkpoint, SignedNote, TILE_WIDTH, TileId, Verifier, decode_bundle,
};

use crate::files::{self, FileError, Unreadable};
use crate::problem::{Problem, Problems};

/// A note with 100 post-quantum signatures is smaller.
pub(crate) const NOTE_BYTES_MAX: u64 = 1 << 20;

pub(super) const TILE_BYTES_MAX: u64 = 32 * TILE_WIDTH as u64;

/// 256 entries, each with a length in two bytes and as long as that can say.
pub(super) const BUNDLE_BYTES_MAX: u64 = TILE_WIDTH as u64 * (2 + u16::MAX as u64);

const KEY_BYTES_MAX: u64 = 4096;

/// A directory that exists.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
}

/// Why a part of an export cannot be used.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The export is not what it should be.
    Export(Problem),
    /// The export may be right, but this machine cannot read it.
    Machine(Unreadable),
}

/// Keeps going after a problem of the export, having noted it.
pub(super) fn settle<T>(
    result: Result<T, Trouble>,
    problems: &mut Problems,
) -> Result<Option<T>, Unreadable> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Trouble::Export(problem)) => {
            problems.push(problem);
            Ok(None)
        }
        Err(Trouble::Machine(unreadable)) => Err(unreadable),
    }
}

impl Folder {
    pub(super) fn open(path: &Path) -> Result<Self, Unreadable> {
        let unreadable = |error| Unreadable::new(path, error);
        let metadata = fs::metadata(path).map_err(|error| unreadable(error.into()))?;
        if !metadata.is_dir() {
            return Err(unreadable(FileError::NoDirectory));
        }
        Ok(Self { path: path.to_owned() })
    }

    pub(super) fn read(&self, name: &str, bytes_max: u64) -> Result<Vec<u8>, Trouble> {
        let path = self.path.join(name);
        files::read(&path, bytes_max).map_err(|error| match error {
            FileError::System(_) => Trouble::Machine(Unreadable::new(&path, error)),
            FileError::Missing
            | FileError::Special
            | FileError::NoDirectory
            | FileError::TooLarge { .. }
            | FileError::NotText => self.incomplete(name, error.to_string()),
        })
    }

    pub(super) fn incomplete(&self, name: &str, reason: String) -> Trouble {
        Trouble::Export(Problem::Incomplete { file: self.name_of(name), reason, leaf: None })
    }

    /// The name of a file for people.
    pub(super) fn name_of(&self, name: &str) -> String {
        self.path.join(name).display().to_string()
    }

    pub(super) fn checkpoint(&self, verifier: &Verifier) -> Result<Checkpoint, Trouble> {
        let name = "checkpoint";
        let bytes = self.read(name, NOTE_BYTES_MAX)?;
        let place = self.name_of(name);
        let malformed = |reason: String| {
            Trouble::Export(Problem::NoteMalformed { place: place.clone(), reason })
        };
        let text = String::from_utf8(bytes);
        let text = text.map_err(|_| malformed(FileError::NotText.to_string()))?;
        let note = SignedNote::parse(&text).map_err(|error| malformed(error.to_string()))?;
        Checkpoint::open(&note, verifier)
            .map_err(|error| Trouble::Export(Problem::of_checkpoint(place, &error, verifier)))
    }

    /// The key that travels with an export proves nothing, but it must not be another one.
    pub(super) fn check_key(&self, verifier: &Verifier) -> Result<(), Trouble> {
        let name = "log.vkey";
        let bytes = match files::read(&self.path.join(name), KEY_BYTES_MAX) {
            Err(FileError::Missing) => return Ok(()),
            Ok(_) | Err(_) => self.read(name, KEY_BYTES_MAX)?,
        };
        if bytes.trim_ascii_end() == verifier.to_string().as_bytes() {
            return Ok(());
        }
        Err(self.incomplete(name, "it is not the key that was given".to_owned()))
    }

    /// The bytes of one entry, if they can be had.
    pub(super) fn entry(&self, leaf: u64, size: u64) -> Option<Vec<u8>> {
        let width = u64::from(TILE_WIDTH);
        let tile = TileId::in_tree(0, leaf / width, size)?;
        let bundle = BundleId::new(tile.index(), tile.width()).ok()?;
        let bytes = self.read(&bundle.path(), BUNDLE_BYTES_MAX).ok()?;
        let place = usize::try_from(leaf % width).ok()?;
        decode_bundle(&bytes).ok()?.into_iter().nth(place)
    }
}
