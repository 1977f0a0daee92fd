//! A model as it lies on disk: a GGUF file, or a directory as Hugging Face publishes models.
//!
//! Whatever the layout, metadata and tensors have the names and the order that GGUF gives them, so
//! that the rest of the engine knows one kind of model.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io,
    ops::Range,
    os::unix::fs::{FileExt, MetadataExt as _},
    path::Path,
};

pub use crate::hub::{HubError, SafetensorsError};
use crate::{
    gguf::{self, GgufError, TensorInfo, Value},
    hub,
};

/// What a model is stored as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One file with everything; weights are used in the format that it has.
    Gguf,
    /// A directory of `config.json`, `tokenizer.json` and safetensors; matrices are quantised when
    /// they are read.
    Safetensors,
}

/// Why a model cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the GGUF file cannot be used")]
    Gguf(#[source] GgufError),
    #[error("the directory cannot be used as a model")]
    Hub(#[source] HubError),
}

/// Why rows of a tensor cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("could not read the model file")]
    Io { source: io::Error },
    #[error("rows {start}..{end} of tensor `{name}` do not exist; it has {rows}")]
    Rows { name: String, start: u64, end: u64, rows: u64 },
}

/// An open model with its checked header.
#[derive(Debug)]
pub struct Checkpoint(Contents);

/// What the readers of both layouts find.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) layout: Layout,
    pub(crate) architecture: String,
    pub(crate) metadata: BTreeMap<String, Value>,
    pub(crate) tensors: Vec<TensorInfo>,
    pub(crate) tensor_index: HashMap<String, usize>,
    pub(crate) parts: Vec<Part>,
}

/// One of the files with tensors.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) file: File,
    pub(crate) bytes: u64,
}

/// What tells a file from others, and from itself after a change, without reading it. The time of
/// the last change cannot be set, unlike that of the last modification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    pub(crate) fn numbers(&self) -> [u64; 6] {
        let Self { inode, bytes, modified, changed } = *self;
        let times = [modified.0, modified.1, changed.0, changed.1].map(i64::cast_unsigned);
        let [modified, modified_nanos, changed, changed_nanos] = times;
        [inode, bytes, modified, modified_nanos, changed, changed_nanos]
    }
}

impl Checkpoint {
    /// Opens a GGUF file, or a directory with safetensors.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        if path.is_dir() {
            hub::open(path).map_err(OpenError::Hub)
        } else {
            gguf::open(path).map_err(OpenError::Gguf)
        }
    }

    /// The files of a directory that make up the model, sorted by name.
    pub fn files_of(directory: &Path) -> Result<Vec<String>, OpenError> {
        hub::files(directory).map_err(OpenError::Hub)
    }

    /// Whether a file of this name in a directory would be read, though a model can do without it.
    pub fn may_be_read(name: &str) -> bool {
        hub::OPTIONAL.contains(&name)
    }

    pub(crate) fn new(contents: Contents) -> Self {
        Self(contents)
    }

    pub fn layout(&self) -> Layout {
        self.0.layout
    }

    /// `general.architecture`: `llama`, `gemma3`, …
    pub fn architecture(&self) -> &str {
        &self.0.architecture
    }

    /// Whether this is an adapter, which is nothing without its model.
    pub fn is_adapter(&self) -> bool {
        self.text("general.type") == Some("adapter")
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
        &self.0.tensors
    }

    pub fn tensor(&self, name: &str) -> Option<&TensorInfo> {
        self.0.tensor_index.get(name).map(|&index| &self.0.tensors[index])
    }

    /// Replaces `out` by the bytes of some rows, as stored.
    ///
    /// Reads at a position, so several threads may read at the same time.
    pub fn read_rows(
        &self,
        tensor: &TensorInfo,
        rows: Range<u64>,
        out: &mut Vec<u8>,
    ) -> Result<(), ReadError> {
        let refused = || ReadError::Rows {
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
        // The tensor may be another model's: check once more that the bytes are in this file.
        let Some(part) = self.0.parts.get(tensor.part) else { return Err(refused()) };
        let start = rows.start.checked_mul(row_bytes).and_then(|at| at.checked_add(tensor.offset));
        let bytes = count.checked_mul(row_bytes);
        let (Some(start), Some(bytes)) = (start, bytes) else { return Err(refused()) };
        if start.checked_add(bytes).is_none_or(|end| end > part.bytes) {
            return Err(refused());
        }
        let length = usize::try_from(bytes).map_err(|_| refused())?;
        out.clear();
        out.resize(length, 0);
        part.file.read_exact_at(out, start).map_err(|source| ReadError::Io { source })
    }

    /// Those of the files with tensors, as they are now.
    pub(crate) fn stamps(&self) -> io::Result<Vec<Stamp>> {
        let stamp = |part: &Part| {
            let metadata = part.file.metadata()?;
            Ok(Stamp {
                inode: metadata.ino(),
                bytes: metadata.len(),
                modified: (metadata.mtime(), metadata.mtime_nsec()),
                changed: (metadata.ctime(), metadata.ctime_nsec()),
            })
        };
        self.0.parts.iter().map(stamp).collect()
    }

    fn value(&self, key: &str) -> Option<&Value> {
        self.0.metadata.get(key)
    }
}
