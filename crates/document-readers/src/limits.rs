use crate::{Excess, ReadError};

/// How much one document may ask for. Each limit is checked while the document is read, before
/// much more than it is kept in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes_in: u64,
    /// Bytes unpacked from the file, all parts together.
    pub bytes_out: u64,
    /// Files in an archive, parts of a message, entries of a compound file.
    pub entries: u64,
    /// Bytes unpacked for one byte of the file. Below [`Limits::EXPANSION_FREE`] any ratio is fine.
    pub expansion: u64,
    /// Elements inside elements, of XML and HTML.
    pub depth: u64,
    /// Tables in tables, text boxes in text boxes, lists in lists.
    pub nesting: u64,
    /// Nodes of an HTML tree.
    pub nodes: u64,
    /// Bytes of the text that comes out; never more than `u32::MAX`, which spans can say.
    pub text_bytes: u64,
    /// Cells of tables and sheets.
    pub cells: u64,
}

impl Limits {
    /// Bytes that may be unpacked whatever the ratio: a small file of one repeated letter is
    /// honest.
    pub const EXPANSION_FREE: u64 = 4 * 1024 * 1024;

    pub(crate) fn admit(&self, bytes: &[u8]) -> Result<(), ReadError> {
        within(Excess::BytesIn, length(bytes.len()), self.bytes_in)
    }
}

impl Default for Limits {
    /// For files of office work on a machine of a few gigabytes: 64 MiB in, 256 MiB unpacked.
    fn default() -> Self {
        Self {
            bytes_in: 64 * 1024 * 1024,
            bytes_out: 256 * 1024 * 1024,
            entries: 10_000,
            expansion: 200,
            depth: 256,
            nesting: 16,
            nodes: 2_000_000,
            text_bytes: 32 * 1024 * 1024,
            cells: 2_000_000,
        }
    }
}

/// `value` is at most `max`.
pub(crate) fn within(what: Excess, value: u64, max: u64) -> Result<(), ReadError> {
    if value > max { Err(ReadError::TooMuch { what, max }) } else { Ok(()) }
}

/// A length in memory as a number of bytes.
pub(crate) fn length(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}
