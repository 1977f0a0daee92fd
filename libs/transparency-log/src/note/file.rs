//! Files of many notes, one after another.

use super::signature::LINE_START;
use super::{NoteError, SignedNote};

/// What a file of notes holds.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Notes {
    /// The notes in their order; none is verified yet.
    pub notes: Vec<SignedNote>,
    /// Where, in bytes, a last note begins that is not complete: its writing was interrupted.
    pub torn: Option<usize>,
    /// Pieces in between that are no notes.
    pub malformed: Vec<MalformedNote>,
}

/// A piece of a file that is no note.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MalformedNote {
    /// Where it begins, in bytes.
    pub offset: usize,
    /// What is wrong with it.
    pub error: NoteError,
}

/// What to write behind a [`Notes::torn`] end that cannot be cut off: it makes sure that the torn
/// piece is no note, and begins a new one.
pub const TORN_END: &str = "~\n\n";

/// Reads a file of notes whose texts have no empty lines, such as checkpoints; an empty line
/// follows each note, though none is needed after the last.
///
/// An interrupted write costs that one note only, also when others were added behind it after
/// [`TORN_END`].
pub fn split_notes(file: &(impl AsRef<[u8]> + ?Sized)) -> Notes {
    let file = file.as_ref();
    let mut splitter = Splitter { place: Place::Between, start: 0, found: Notes::default() };
    let mut offset = 0;
    for line in file.split_inclusive(|byte| *byte == b'\n') {
        splitter.line(file, offset, line);
        offset += line.len();
    }
    splitter.end(file)
}

/// Where in a note the splitter is.
#[derive(Clone, Copy)]
enum Place {
    Between,
    Text,
    /// Behind the empty line after the text.
    Gap,
    Signatures,
}

struct Splitter {
    place: Place,
    /// Where the piece that is being read began.
    start: usize,
    found: Notes,
}

impl Splitter {
    fn line(&mut self, file: &[u8], offset: usize, line: &[u8]) {
        let empty = line == b"\n";
        // At the very end of the file, also the beginning of a signature.
        let start = LINE_START.as_bytes();
        let signature = line.starts_with(start) || start.starts_with(line);
        match self.place {
            Place::Between => {}
            Place::Text => {
                self.place = if empty { Place::Gap } else { Place::Text };
                return;
            }
            Place::Gap | Place::Signatures => {
                if signature {
                    self.place = Place::Signatures;
                    return;
                }
                self.finish(&file[..offset]);
            }
        }
        // The piece before has ended.
        self.start = offset;
        self.place = match (empty, signature) {
            (true, _) => Place::Between,
            (false, true) => Place::Signatures,
            (false, false) => Place::Text,
        };
    }

    fn end(mut self, file: &[u8]) -> Notes {
        match self.place {
            Place::Between => {}
            Place::Signatures if file.ends_with(b"\n") => self.finish(file),
            Place::Text | Place::Gap | Place::Signatures => self.found.torn = Some(self.start),
        }
        self.found
    }

    /// Takes what was read since the start of the piece.
    fn finish(&mut self, read: &[u8]) {
        let piece = str::from_utf8(&read[self.start..]).map_err(|_| NoteError::Encoding);
        match piece.and_then(SignedNote::parse) {
            Ok(note) => self.found.notes.push(note),
            Err(error) => {
                self.found.malformed.push(MalformedNote { offset: self.start, error });
            }
        }
    }
}
