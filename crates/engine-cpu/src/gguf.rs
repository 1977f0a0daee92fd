//! Reads GGUF model files (versions 2 and 3, little endian) that nobody vouches for.
//!
//! [`GgufFile::open`] reads the header once and checks it completely: every count and length
//! against the bytes that the file really has, before anything is allocated. Whatever it returns
//! lies inside the file. Tensor bytes are read on demand by [`GgufFile::read_rows`].

mod header;
mod metadata;
mod tensor;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod writer;

use std::{fs::File, io, io::BufReader, ops::Range, os::unix::fs::FileExt, path::Path};

pub use self::tensor::{TensorInfo, TensorType};
use self::{header::Header, metadata::Value};

/// Why a file is not a usable GGUF model.
#[derive(Debug, thiserror::Error)]
pub enum GgufError {
    #[error("could not {action} the model file")]
    Io { action: &'static str, source: io::Error },
    #[error("not a GGUF file: it starts with {found:02x?} instead of `GGUF`")]
    NotGguf { found: [u8; 4] },
    #[error("a big-endian GGUF file; only little-endian files are read")]
    BigEndian,
    #[error("GGUF version {found} is not supported; versions 2 and 3 are")]
    Version { found: u32 },
    #[error("the file ends inside {what} at byte {at}")]
    Truncated { what: &'static str, at: u64 },
    #[error("{what} at byte {at} claims {claimed} entries or bytes; {possible} are possible")]
    TooLarge { what: &'static str, at: u64, claimed: u64, possible: u64 },
    #[error("{what} at byte {at} is not valid UTF-8")]
    NotUtf8 { what: &'static str, at: u64 },
    #[error("metadata type {number} of `{key}` is unknown")]
    MetadataType { key: String, number: u32 },
    #[error("`{key}` is a list inside a list, which is not supported")]
    NestedList { key: String },
    #[error("`{key}` holds the boolean {value}; 0 or 1 is possible")]
    Boolean { key: String, value: u8 },
    #[error("the metadata key `{key}` occurs twice")]
    DuplicateKey { key: String },
    #[error("the metadata lacks a usable `{key}`")]
    MissingKey { key: &'static str },
    #[error("the alignment {found} is not a power of two from 1 to 65536")]
    Alignment { found: u64 },
    #[error("the tensor name `{name}` occurs twice")]
    DuplicateTensor { name: String },
    #[error("ggml type {number} of tensor `{name}` is unknown")]
    TensorType { name: String, number: u32 },
    #[error("tensor `{name}` has an impossible shape: {reason}")]
    Shape { name: String, reason: &'static str },
    #[error("tensor `{name}` is misplaced: {reason}")]
    Placement { name: String, reason: &'static str },
    #[error("rows {start}..{end} of tensor `{name}` do not exist; it has {rows}")]
    Rows { name: String, start: u64, end: u64, rows: u64 },
}

/// An open model file with its checked header.
#[derive(Debug)]
pub struct GgufFile {
    file: File,
    header: Header,
}

impl GgufFile {
    pub fn open(path: &Path) -> Result<Self, GgufError> {
        let file = File::open(path).map_err(|source| GgufError::Io { action: "open", source })?;
        let metadata =
            file.metadata().map_err(|source| GgufError::Io { action: "inspect", source })?;
        let mut reader = BufReader::with_capacity(1 << 16, &file);
        let header = Header::read(&mut reader, metadata.len())?;
        Ok(Self { file, header })
    }

    /// `general.architecture`: `llama`, `gemma3`, …
    pub fn architecture(&self) -> &str {
        &self.header.architecture
    }

    /// Bytes of the whole file.
    pub fn file_bytes(&self) -> u64 {
        self.header.file_bytes
    }

    pub fn text(&self, key: &str) -> Option<&str> {
        self.value(key)?.as_text()
    }

    /// Any stored integer type, when the value fits.
    pub fn u32(&self, key: &str) -> Option<u32> {
        u32::try_from(self.value(key)?.as_integer()?).ok()
    }

    /// Any stored integer type, when the value fits.
    pub fn u64(&self, key: &str) -> Option<u64> {
        u64::try_from(self.value(key)?.as_integer()?).ok()
    }

    pub fn f32(&self, key: &str) -> Option<f32> {
        self.value(key)?.as_float()
    }

    pub fn bool(&self, key: &str) -> Option<bool> {
        self.value(key)?.as_bool()
    }

    pub fn texts(&self, key: &str) -> Option<&[String]> {
        self.value(key)?.as_texts()
    }

    /// A list of any stored integer type, when every value fits.
    pub fn ints(&self, key: &str) -> Option<Vec<i64>> {
        self.value(key)?.as_integers()
    }

    /// A list of 32-bit or 64-bit floats.
    pub fn floats(&self, key: &str) -> Option<Vec<f32>> {
        self.value(key)?.as_floats()
    }

    /// All tensors in the order of the file's table.
    pub fn tensors(&self) -> &[TensorInfo] {
        &self.header.tensors
    }

    pub fn tensor(&self, name: &str) -> Option<&TensorInfo> {
        self.header.tensor_index.get(name).map(|&index| &self.header.tensors[index])
    }

    /// Replaces `out` by the bytes of some rows, as stored.
    ///
    /// Reads at a position, so several threads may read at the same time.
    pub fn read_rows(
        &self,
        tensor: &TensorInfo,
        rows: Range<u64>,
        out: &mut Vec<u8>,
    ) -> Result<(), GgufError> {
        let refused = || GgufError::Rows {
            name: tensor.name.clone(),
            start: rows.start,
            end: rows.end,
            rows: tensor.rows(),
        };
        if rows.start > rows.end || rows.end > tensor.rows() {
            return Err(refused());
        }
        let row_bytes = tensor.row_bytes();
        let count = rows.end - rows.start;
        // The tensor may come from another file: check once more that the bytes are in this one.
        let start = rows.start.checked_mul(row_bytes).and_then(|at| at.checked_add(tensor.offset));
        let bytes = count.checked_mul(row_bytes);
        let (Some(start), Some(bytes)) = (start, bytes) else { return Err(refused()) };
        if start.checked_add(bytes).is_none_or(|end| end > self.header.file_bytes) {
            return Err(refused());
        }
        let length = usize::try_from(bytes).map_err(|_| refused())?;
        out.clear();
        out.resize(length, 0);
        self.file
            .read_exact_at(out, start)
            .map_err(|source| GgufError::Io { action: "read tensors of", source })
    }

    fn value(&self, key: &str) -> Option<&Value> {
        self.header.metadata.get(key)
    }
}
