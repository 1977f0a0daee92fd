//! Tar archives (POSIX ustar) of plain files and nothing else.
//!
//! Written so that every `tar` reads them; read so that nothing in one can lead out of a folder: no
//! links, no devices, no absolute names, no `..`, no name twice.

#[cfg(test)]
mod tests;

use std::{
    collections::HashSet,
    io::{self, Read, Write},
};

use model_signing::FileDigest;
use sha2::{Digest as _, Sha256};

const BLOCK: usize = 512;
const CHUNK_BYTES: usize = 1 << 20;
const NAME_BYTES: usize = 100;
const PREFIX_BYTES: usize = 155;
const PREFIX_AT: usize = 345;
const SIZE_AT: usize = 124;
const SUM_AT: usize = 148;
const KIND_AT: usize = 156;
const MAGIC_AT: usize = 257;
const MAGIC: &[u8] = b"ustar\x0000";
/// Sizes beyond eight gibibytes do not fit into octal digits.
const OCTAL_MAX: u64 = 0o77_777_777_777;
/// Files of all models together.
const FILES_MAX: usize = 65_536;

/// Why an archive is not read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArchiveError {
    #[error("the archive cannot be read or written")]
    Io(#[source] io::Error),
    #[error("the archive ends before its last file does")]
    Truncated,
    #[error("a header of the archive is damaged")]
    Header,
    #[error("`{name}` is no plain file: links, folders and devices are refused")]
    Kind { name: String },
    #[error("`{name}` is not a name that a file in an archive may have")]
    Name { name: String },
    #[error("`{name}` occurs twice")]
    Duplicate { name: String },
    #[error("there are more than {FILES_MAX} files")]
    Count,
    #[error("`{name}` became longer or shorter while it was read")]
    Changed { name: String },
    #[error("something follows the end of the archive")]
    Trailing,
    #[error("stopped")]
    Stopped,
}

/// Called with bytes as they are done; `false` ends the work.
pub(crate) type GoOn<'a> = &'a mut dyn FnMut(u64) -> bool;

/// Writes files one after the other.
pub(crate) struct ArchiveWriter<W> {
    out: W,
    names: HashSet<String>,
}

impl<W: Write> ArchiveWriter<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out, names: HashSet::new() }
    }

    /// Adds a file of just so many bytes.
    pub(crate) fn add(
        &mut self,
        name: &str,
        bytes: u64,
        content: &mut dyn Read,
        go_on: GoOn<'_>,
    ) -> Result<FileDigest, ArchiveError> {
        check_name(name, &mut self.names)?;
        self.out.write_all(&header(name, bytes)?).map_err(ArchiveError::Io)?;
        let changed = || ArchiveError::Changed { name: name.to_owned() };
        let digest = copy(&mut content.take(bytes), &mut self.out, bytes, go_on);
        let digest = digest.map_err(|error| match error {
            ArchiveError::Truncated => changed(),
            error => error,
        })?;
        if content.read(&mut [0]).map_err(ArchiveError::Io)? > 0 {
            return Err(changed());
        }
        self.out.write_all(&[0; BLOCK][..padding(bytes)]).map_err(ArchiveError::Io)?;
        Ok(digest)
    }

    /// Ends the archive.
    pub(crate) fn finish(mut self) -> Result<W, ArchiveError> {
        self.out.write_all(&[0; 2 * BLOCK]).map_err(ArchiveError::Io)?;
        self.out.flush().map_err(ArchiveError::Io)?;
        Ok(self.out)
    }
}

/// The next file of an archive; its bytes follow.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) bytes: u64,
}

/// Reads files one after the other.
pub(crate) struct ArchiveReader<R> {
    input: R,
    names: HashSet<String>,
}

impl<R: Read> ArchiveReader<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { input, names: HashSet::new() }
    }

    /// `None` at the end. The bytes of the one before were taken.
    pub(crate) fn next(&mut self) -> Result<Option<Entry>, ArchiveError> {
        let block = self.block()?;
        if block == [0; BLOCK] {
            self.expect_end()?;
            return Ok(None);
        }
        let entry = parse(&block)?;
        check_name(&entry.name, &mut self.names)?;
        Ok(Some(entry))
    }

    /// Takes the bytes of an entry.
    pub(crate) fn take(
        &mut self,
        entry: &Entry,
        target: &mut dyn Write,
        go_on: GoOn<'_>,
    ) -> Result<FileDigest, ArchiveError> {
        let digest = copy(&mut (&mut self.input).take(entry.bytes), target, entry.bytes, go_on)?;
        let mut rest = [0; BLOCK];
        let rest = &mut rest[..padding(entry.bytes)];
        self.input.read_exact(rest).map_err(truncated)?;
        if rest.iter().any(|&byte| byte != 0) {
            return Err(ArchiveError::Header);
        }
        Ok(digest)
    }

    fn block(&mut self) -> Result<[u8; BLOCK], ArchiveError> {
        let mut block = [0; BLOCK];
        self.input.read_exact(&mut block).map_err(truncated)?;
        Ok(block)
    }

    /// Another block of zeros, and zeros up to the size in which tapes are written.
    fn expect_end(&mut self) -> Result<(), ArchiveError> {
        if self.block()? != [0; BLOCK] {
            return Err(ArchiveError::Header);
        }
        let mut rest = Vec::new();
        let longest = 64 * BLOCK as u64;
        (&mut self.input).take(longest).read_to_end(&mut rest).map_err(ArchiveError::Io)?;
        if rest.len() as u64 == longest || rest.iter().any(|&byte| byte != 0) {
            return Err(ArchiveError::Trailing);
        }
        Ok(())
    }
}

fn truncated(error: io::Error) -> ArchiveError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => ArchiveError::Truncated,
        _ => ArchiveError::Io(error),
    }
}

/// Bytes from the end of a file to the next block.
fn padding(bytes: u64) -> usize {
    let block = BLOCK as u64;
    usize::try_from((block - bytes % block) % block).unwrap_or(0)
}

fn copy(
    content: &mut dyn Read,
    target: &mut dyn Write,
    bytes: u64,
    go_on: GoOn<'_>,
) -> Result<FileDigest, ArchiveError> {
    let mut digest = Sha256::new();
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut done = 0;
    while done < bytes {
        let count = content.read(&mut buffer).map_err(ArchiveError::Io)?;
        if count == 0 {
            return Err(ArchiveError::Truncated);
        }
        let chunk = buffer.get(..count).unwrap_or_default();
        digest.update(chunk);
        target.write_all(chunk).map_err(ArchiveError::Io)?;
        done += count as u64;
        if !go_on(count as u64) {
            return Err(ArchiveError::Stopped);
        }
    }
    Ok(FileDigest(digest.finalize().into()))
}

fn check_name(name: &str, names: &mut HashSet<String>) -> Result<(), ArchiveError> {
    let is_plain = |part: &str| {
        !part.is_empty() && !part.starts_with('.') && !part.contains('\\') && part.is_ascii()
    };
    let is_good =
        name.split('/').all(is_plain) && name.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if !is_good {
        return Err(ArchiveError::Name { name: name.escape_default().take(120).collect() });
    }
    if names.len() >= FILES_MAX {
        return Err(ArchiveError::Count);
    }
    if !names.insert(name.to_owned()) {
        return Err(ArchiveError::Duplicate { name: name.to_owned() });
    }
    Ok(())
}

fn header(name: &str, bytes: u64) -> Result<[u8; BLOCK], ArchiveError> {
    let mut block = [0; BLOCK];
    let (prefix, rest) = split(name)?;
    put(&mut block, 0, rest.as_bytes());
    put(&mut block, PREFIX_AT, prefix.as_bytes());
    put(&mut block, 100, b"0000644\0");
    put(&mut block, 108, b"0000000\0");
    put(&mut block, 116, b"0000000\0");
    if bytes <= OCTAL_MAX {
        put(&mut block, SIZE_AT, format!("{bytes:011o}\0").as_bytes());
    } else {
        block[SIZE_AT] = 0x80;
        put(&mut block, SIZE_AT + 4, &bytes.to_be_bytes());
    }
    // The same models make the same archive: it has no times.
    put(&mut block, 136, b"00000000000\0");
    block[KIND_AT] = b'0';
    put(&mut block, MAGIC_AT, MAGIC);
    let sum = checksum(&block);
    put(&mut block, SUM_AT, format!("{sum:06o}\0 ").as_bytes());
    Ok(block)
}

fn put(block: &mut [u8; BLOCK], at: usize, bytes: &[u8]) {
    block[at..at + bytes.len()].copy_from_slice(bytes);
}

/// A long name goes into two fields, apart at a `/`.
fn split(name: &str) -> Result<(&str, &str), ArchiveError> {
    if name.len() <= NAME_BYTES {
        return Ok(("", name));
    }
    let mut places = name.match_indices('/');
    let fits = |at: usize| at <= PREFIX_BYTES && name.len() - at - 1 <= NAME_BYTES;
    let place = places.find(|(at, _)| fits(*at)).and_then(|(at, _)| name.split_at_checked(at));
    let too_long = || ArchiveError::Name { name: name.to_owned() };
    place.map(|(prefix, rest)| (prefix, &rest[1..])).ok_or_else(too_long)
}

/// The sum of all bytes, those of the sum counted as spaces.
fn checksum(block: &[u8; BLOCK]) -> u64 {
    let sum = |bytes: &[u8]| bytes.iter().map(|&byte| u64::from(byte)).sum::<u64>();
    sum(&block[..SUM_AT]) + 8 * u64::from(b' ') + sum(&block[SUM_AT + 8..])
}

fn parse(block: &[u8; BLOCK]) -> Result<Entry, ArchiveError> {
    if octal(&block[SUM_AT..SUM_AT + 8]) != Some(checksum(block)) {
        return Err(ArchiveError::Header);
    }
    let text = |at: usize, length: usize| {
        let field = &block[at..at + length];
        let end = field.iter().position(|&byte| byte == 0).unwrap_or(length);
        String::from_utf8(field[..end].to_vec()).map_err(|_| ArchiveError::Header)
    };
    let (prefix, rest) = (text(PREFIX_AT, PREFIX_BYTES)?, text(0, NAME_BYTES)?);
    let name = if prefix.is_empty() { rest } else { format!("{prefix}/{rest}") };
    if !matches!(block[KIND_AT], b'0' | 0) {
        return Err(ArchiveError::Kind { name: name.escape_default().take(120).collect() });
    }
    if !block[MAGIC_AT..].starts_with(b"ustar") {
        return Err(ArchiveError::Header);
    }
    let bytes = size(&block[SIZE_AT..SIZE_AT + 12]).ok_or(ArchiveError::Header)?;
    Ok(Entry { name, bytes })
}

fn size(field: &[u8]) -> Option<u64> {
    if field[0] != 0x80 {
        return octal(field);
    }
    if field[1..4] != [0; 3] {
        return None;
    }
    Some(u64::from_be_bytes(field.get(4..12)?.try_into().ok()?))
}

fn octal(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?;
    let text = text.trim_matches([' ', '\0']);
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    u64::from_str_radix(text, 8).ok()
}
