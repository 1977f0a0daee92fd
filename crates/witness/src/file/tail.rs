//! Finds the newest checkpoint from the end of a file.

use std::io;

use transparency_log::{Checkpoint, CheckpointError, NoteError, TORN_END, Verifier, split_notes};

/// How much is read: enough for some checkpoints, then, if there is no whole one, more. A signed
/// checkpoint has some 200 bytes, with 100 signatures of post-quantum witnesses 500,000.
const WINDOWS_BYTES: [u64; 3] = [16 * 1024, 256 * 1024, 4 * 1024 * 1024];

/// What the end of a file tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tail {
    /// The last whole checkpoint.
    pub(super) newest: Option<Checkpoint>,
    pub(super) end: End,
}

/// How a file ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With an empty line, or it is empty.
    Finished,
    /// With a whole checkpoint; its empty line is missing.
    Unseparated,
    /// Amid a checkpoint.
    Torn,
}

impl End {
    /// What has to be written before the next checkpoint, so that it stands alone.
    pub(super) fn separator(self) -> &'static str {
        match self {
            Self::Finished => "",
            Self::Unseparated => "\n",
            Self::Torn => TORN_END,
        }
    }
}

#[derive(Debug)]
pub(super) enum TailError {
    Read(io::Error),
    /// There is no checkpoint near the end, and the file does not begin like one of this log.
    OtherContents,
    OtherKey(CheckpointError),
    Altered(CheckpointError),
}

/// Reads from the end of a file of `length_bytes`, with `read_at` filling a buffer from an offset.
pub(super) fn read_tail(
    length_bytes: u64,
    read_at: &dyn Fn(&mut [u8], u64) -> io::Result<()>,
    verifier: &Verifier,
) -> Result<Tail, TailError> {
    for window_bytes in WINDOWS_BYTES {
        let offset = length_bytes.saturating_sub(window_bytes);
        let bytes = usize::try_from(length_bytes - offset)
            .map_err(|error| TailError::Read(io::Error::other(error)))?;
        let mut window = vec![0; bytes];
        read_at(&mut window, offset).map_err(TailError::Read)?;
        let tail = if offset == 0 {
            Some(read_whole(&window, verifier)?)
        } else {
            read_window(&window, verifier)?
        };
        if let Some(tail) = tail {
            return Ok(tail);
        }
    }
    Err(TailError::OtherContents)
}

/// From a window that may begin amid a checkpoint; `None` if there is no whole one in it.
fn read_window(window: &[u8], verifier: &Verifier) -> Result<Option<Tail>, TailError> {
    let found = split_notes(window);
    // The first one may look whole without being it.
    let Some(last) = found.notes.get(1..).and_then(<[_]>::last) else { return Ok(None) };
    let newest = Checkpoint::open(last, verifier).map_err(refusal)?;
    Ok(Some(Tail { newest: Some(newest), end: end(window, found.torn) }))
}

fn read_whole(file: &[u8], verifier: &Verifier) -> Result<Tail, TailError> {
    let found = split_notes(file);
    let end = end(file, found.torn);
    if let Some(last) = found.notes.last() {
        let newest = Checkpoint::open(last, verifier).map_err(refusal)?;
        return Ok(Tail { newest: Some(newest), end });
    }
    if could_be_torn(file, verifier.name()) {
        return Ok(Tail { newest: None, end });
    }
    Err(TailError::OtherContents)
}

/// Whether interrupted writes can have left this: it begins with the name of the log, as far as
/// the first of them came.
fn could_be_torn(file: &[u8], origin: &str) -> bool {
    let line = file.split(|byte| *byte == b'\n').find(|line| !line.is_empty()).unwrap_or_default();
    // What `TORN_END` begins with, once for each that was itself torn.
    let end = line.iter().rposition(|byte| *byte != b'~').map_or(0, |last| last + 1);
    origin.as_bytes().starts_with(&line[..end])
}

fn end(read: &[u8], torn: Option<usize>) -> End {
    match torn {
        Some(_) => End::Torn,
        None if read.is_empty() || read.ends_with(b"\n\n") => End::Finished,
        None => End::Unseparated,
    }
}

fn refusal(error: CheckpointError) -> TailError {
    match error {
        CheckpointError::Signature(NoteError::NotSigned { .. }) => TailError::OtherKey(error),
        other => TailError::Altered(other),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use testkit::SampleLog;
    use transparency_log::SignedNote;

    use super::*;

    /// Reads `file` and tells how many bytes of it were read.
    fn read(file: &[u8], verifier: &Verifier) -> (Result<Tail, TailError>, usize) {
        let count = Cell::new(0);
        let read_at = |buffer: &mut [u8], offset: u64| {
            count.set(count.get() + buffer.len());
            let from = usize::try_from(offset).unwrap();
            buffer.copy_from_slice(&file[from..from + buffer.len()]);
            Ok(())
        };
        let tail = read_tail(u64::try_from(file.len()).unwrap(), &read_at, verifier);
        (tail, count.get())
    }

    fn check(file: &[u8], log: &SampleLog, newest: Option<u64>, expected: End) {
        let tail = read(file, &log.verifier()).0.unwrap_or_else(|error| panic!("{error:?}"));
        assert_eq!(tail.newest.map(|checkpoint| checkpoint.size), newest);
        assert_eq!(tail.end, expected);
    }

    fn notes(log: &mut SampleLog, count: u32) -> Vec<String> {
        let note = |log: &mut SampleLog| {
            let size = log.grow(1);
            format!("{}\n", log.checkpoint(size))
        };
        (0..count).map(|_| note(log)).collect()
    }

    #[test]
    fn a_long_file_is_read_at_its_end_only() {
        let mut log = SampleLog::new(3);
        let file = notes(&mut log, 5_000).concat();
        assert!(file.len() > 800_000, "{}", file.len());
        check(file.as_bytes(), &log, Some(5_000), End::Finished);
        assert_eq!(read(file.as_bytes(), &log.verifier()).1, 16 * 1024);
    }

    /// Wherever a window begins, what it cuts is not taken for a checkpoint.
    #[test]
    fn a_window_may_begin_anywhere() {
        let mut log = SampleLog::new(4);
        let file = notes(&mut log, 3);
        let first = file[0].len();
        let file = file.concat();
        for from in 1..file.len() {
            let tail = read_window(&file.as_bytes()[from..], &log.verifier()).unwrap();
            let newest = tail.map(|tail| tail.newest.unwrap().size);
            assert!(newest.is_none_or(|size| size == 3), "from {from}: {newest:?}");
            assert!(newest.is_some() || from > first, "from {from}");
        }
    }

    #[test]
    fn more_is_read_if_there_is_no_checkpoint_near_the_end() {
        let mut log = SampleLog::new(5);
        let mut file = notes(&mut log, 2).concat().into_bytes();
        let whole = file.len();
        let end = TORN_END.as_bytes();
        file.extend(b"torn".iter().chain(end).copied().cycle().take(300_006));
        check(&file, &log, Some(2), End::Torn);
        assert_eq!(read(&file, &log.verifier()).1, (16 + 256) * 1024 + file.len());
        file.splice(whole..whole, vec![b'a'; 4 * 1024 * 1024]);
        let (tail, count) = read(&file, &log.verifier());
        assert!(matches!(tail, Err(TailError::OtherContents)), "{tail:?}");
        assert_eq!(count, (16 + 256 + 4 * 1024) * 1024);
    }

    #[test]
    fn the_end_tells_what_to_write_next() {
        let mut log = SampleLog::new(6);
        let file = notes(&mut log, 2).concat();
        check(b"", &log, None, End::Finished);
        check(file.as_bytes(), &log, Some(2), End::Finished);
        check(file.trim_end().as_bytes(), &log, Some(1), End::Torn);
        check(file.strip_suffix('\n').unwrap().as_bytes(), &log, Some(2), End::Unseparated);
        check(format!("{file}\n\n").as_bytes(), &log, Some(2), End::Finished);
        check(format!("{file}{}", log.verifier().name()).as_bytes(), &log, Some(2), End::Torn);
        check(format!("{file}\u{2014}").as_bytes(), &log, Some(2), End::Torn);
        check([file.as_bytes(), b"\xe2\x80"].concat().as_slice(), &log, Some(2), End::Torn);
    }

    #[test]
    fn a_file_of_somebody_else_is_not_touched() {
        let mut log = SampleLog::new(7);
        let verifier = log.verifier();
        let origin = verifier.name().to_owned();
        for ours in ["", "\n", "~", "~\n\n", &origin[..1], &origin, &format!("{origin}\n12")] {
            assert!(read(ours.as_bytes(), &verifier).0.unwrap().newest.is_none(), "{ours:?}");
            let repaired = format!("{ours}{TORN_END}");
            assert!(read(repaired.as_bytes(), &verifier).0.unwrap().newest.is_none(), "{ours:?}");
            let torn_again = format!("{ours}~{TORN_END}{origin}");
            assert!(read(torn_again.as_bytes(), &verifier).0.unwrap().newest.is_none(), "{ours:?}");
        }
        for other in ["a", "root:x:0:0\n", "\n\na", &format!("{origin}x\n"), "\u{2014} a b\n"] {
            let tail = read(other.as_bytes(), &verifier).0;
            assert!(matches!(tail, Err(TailError::OtherContents)), "{other:?}: {tail:?}");
        }
        let mut other = SampleLog::new(8);
        let file = notes(&mut log, 1).concat() + &notes(&mut other, 1).concat();
        let tail = read(file.as_bytes(), &verifier).0;
        assert!(matches!(tail, Err(TailError::OtherKey(_))), "{tail:?}");
    }

    #[test]
    fn an_altered_checkpoint_is_told() {
        let mut log = SampleLog::new(9);
        let file = notes(&mut log, 2).concat();
        let note = SignedNote::parse(&log.checkpoint(2).to_string()).unwrap();
        let altered = file.replace(note.text(), &note.text().replace("\n2\n", "\n3\n"));
        assert_ne!(file, altered);
        let tail = read(altered.as_bytes(), &log.verifier()).0;
        assert!(matches!(tail, Err(TailError::Altered(_))), "{tail:?}");
    }
}
