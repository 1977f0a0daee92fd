//! Reads GGUF model files (versions 2 and 3, little endian) that nobody vouches for.
//!
//! [`open`] reads the header once and checks it completely: every count and length against the
//! bytes that the file really has, before anything is allocated. Whatever it returns lies inside
//! the file. Tensor bytes are read on demand.

mod header;
mod metadata;
#[cfg(test)]
pub(crate) mod mutations;
mod tensor;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod writer;

use std::{fs::File, io, io::BufReader, path::Path};

use self::header::Header;
pub(crate) use self::metadata::Value;
pub use self::tensor::{TensorInfo, TensorType};
use crate::checkpoint::{Checkpoint, Contents, Layout, Part};

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
}

/// Opens a file and checks its header.
pub(crate) fn open(path: &Path) -> Result<Checkpoint, GgufError> {
    let file = File::open(path).map_err(|source| GgufError::Io { action: "open", source })?;
    let metadata = file.metadata().map_err(|source| GgufError::Io { action: "inspect", source })?;
    let mut reader = BufReader::with_capacity(1 << 16, &file);
    let Header { file_bytes, architecture, metadata, tensors, tensor_index } =
        Header::read(&mut reader, metadata.len())?;
    Ok(Checkpoint::new(Contents {
        layout: Layout::Gguf,
        architecture,
        metadata,
        tensors,
        tensor_index,
        parts: vec![Part { file, bytes: file_bytes }],
    }))
}
