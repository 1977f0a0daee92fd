//! Files of checkpoints that were kept outside of the log: one note or millions.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use transparency_log::{
    Checkpoint, CheckpointError, NoteError, Notes, SignedNote, TORN_END, Verifier, split_notes,
};

use crate::files::{self, Unreadable};
use crate::problem::{Problem, Problems};

/// A file is read in pieces of this size, cut between two notes.
const PIECE_BYTES: usize = 1 << 20;

/// No note comes near to this size; what has no end until here is cut anyway.
const PIECE_BYTES_MAX: usize = 2 * PIECE_BYTES;

/// What the files hold.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// Signed by the key, in the order of the files.
    pub(crate) checkpoints: Vec<Checkpoint>,
    /// Notes that the key did not sign.
    pub(crate) ignored: usize,
    pub(crate) problems: Problems,
    pub(crate) warnings: Vec<String>,
}

impl Kept {
    pub(crate) fn read(paths: &[PathBuf], verifier: &Verifier) -> Result<Self, Unreadable> {
        let mut kept = Self::default();
        for path in paths {
            kept.file(path, verifier).map_err(|error| Unreadable::new(path, error))?;
        }
        Ok(kept)
    }

    fn file(&mut self, path: &Path, verifier: &Verifier) -> Result<(), files::FileError> {
        let before = self.checkpoints.len() + self.problems.len();
        let mut reader = BufReader::new(files::open(path)?);
        let mut piece = Vec::new();
        let mut offset = 0;
        let mut is_signed = false;
        loop {
            let start = piece.len();
            let room = (PIECE_BYTES_MAX - start) as u64;
            let read = reader.by_ref().take(room).read_until(b'\n', &mut piece)?;
            let is_between = is_signed && piece[start..] == *b"\n";
            is_signed = piece[start..].starts_with("\u{2014} ".as_bytes());
            let is_full = piece.len() >= if is_between { PIECE_BYTES } else { PIECE_BYTES_MAX };
            if read == 0 || is_full {
                let place = Place { path, offset, is_last: read == 0 };
                self.piece(&place, &piece, verifier);
                offset += piece.len() as u64;
                piece.clear();
            }
            if read == 0 {
                break;
            }
        }
        if self.checkpoints.len() + self.problems.len() == before {
            // Whoever names a file wants it compared, and nothing in it was.
            let (place, key) = (path.display().to_string(), verifier.name().to_owned());
            self.problems.push(Problem::Unsigned { place, key });
        }
        Ok(())
    }

    fn piece(&mut self, place: &Place, bytes: &[u8], verifier: &Verifier) {
        let Notes { notes, torn, malformed } = split_notes(bytes);
        for note in notes {
            match Checkpoint::open(&note, verifier) {
                Ok(checkpoint) => self.checkpoints.push(checkpoint),
                Err(CheckpointError::Signature(NoteError::NotSigned { .. })) => self.ignored += 1,
                Err(error) => {
                    let place = format!("{} ({})", place.path.display(), first_lines(&note));
                    self.problems.push(Problem::of_checkpoint(place, &error, verifier));
                }
            }
        }
        for piece in malformed {
            if was_interrupted(&bytes[piece.offset..]) {
                self.warnings.push(place.interrupted(piece.offset));
                continue;
            }
            let (place, reason) = (place.at(piece.offset), piece.error.to_string());
            self.problems.push(Problem::NoteMalformed { place, reason });
        }
        match torn {
            Some(offset) if place.is_last => self.warnings.push(place.interrupted(offset)),
            Some(offset) => {
                let (place, reason) = (place.at(offset), "the note does not end".to_owned());
                self.problems.push(Problem::NoteMalformed { place, reason });
            }
            None => {}
        }
    }
}

/// A piece of a file.
struct Place<'path> {
    path: &'path Path,
    /// Where the piece begins in the file, in bytes.
    offset: u64,
    is_last: bool,
}

impl Place<'_> {
    fn at(&self, offset: usize) -> String {
        format!("{} at byte {}", self.path.display(), self.offset + offset as u64)
    }

    fn interrupted(&self, offset: usize) -> String {
        format!("{}: the writing of a checkpoint was interrupted", self.at(offset))
    }
}

/// Whether the writer itself marked that the note which begins here was never completed.
fn was_interrupted(bytes: &[u8]) -> bool {
    let mark = TORN_END.as_bytes();
    let ends = bytes.windows(2).enumerate().filter(|(_, pair)| *pair == b"\n\n");
    // A note has one empty line within and one behind it.
    ends.take(2).any(|(at, _)| bytes[..at + 2].ends_with(mark))
}

/// Tells a note apart from others of its file, as far as it can be believed.
fn first_lines(note: &SignedNote) -> String {
    match note.text().lines().nth(1) {
        Some(size) if size.len() <= 20 => format!("size {size}"),
        Some(_) | None => "no size".to_owned(),
    }
}
