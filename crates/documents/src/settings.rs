//! What a companion is told, by the settings of the operator and by nobody else.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How documents are read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeeperSettings {
    pub limits: ReaderLimits,
    /// `libpdfium.so`, which reads most PDF better. Without it `pdf_oxide` reads them alone.
    pub pdfium: Option<PathBuf>,
    /// A file of a model with the tokenizer that tells which of two readings is language.
    pub tokenizer: Option<PathBuf>,
    /// What recognises letters in pictures.
    pub recogniser: Option<Recogniser>,
    /// Whether nothing is read where the kernel does not grant that workers are confined.
    pub required: bool,
}

/// How much one document may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReaderLimits {
    /// Of the file.
    pub bytes_max: u64,
    /// What follows is left out, and noted.
    pub pages_max: u32,
    /// Of the text.
    pub text_bytes_max: u64,
    /// Pages of a document whose letters are recognised in a picture.
    pub recognised_pages_max: u32,
    /// From the last byte of the document on. What is not read by then is left out, and noted.
    pub seconds_max: u64,
}

impl ReaderLimits {
    /// More than this nobody reads in one go, whatever the settings say: 2 GiB.
    pub const BYTES_MAX: u64 = 2 << 30;
}

impl Default for ReaderLimits {
    fn default() -> Self {
        Self {
            bytes_max: 64 << 20,
            pages_max: 2000,
            text_bytes_max: 32 << 20,
            recognised_pages_max: 200,
            seconds_max: 300,
        }
    }
}

/// What recognises letters in pictures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recogniser {
    /// A program of the system, for all scripts that it has data of.
    Tesseract {
        program: PathBuf,
        /// The folder with `fra.traineddata` and others.
        data: PathBuf,
        /// As the files of the folder are named: `fra`, `ara`.
        languages: Vec<String>,
    },
    /// Models that are run here, for Latin letters. The folder with `ppocrv6_det.onnx` and
    /// `ppocrv6_rec.onnx`.
    PpOcr { models: PathBuf },
}

/// What a worker is told beside its task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WorkerSettings {
    pub(crate) limits: ReaderLimits,
    pub(crate) tokenizer: Option<PathBuf>,
    /// Whether pictures that it hands back are looked at.
    pub(crate) recognises: bool,
}
