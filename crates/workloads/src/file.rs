//! What is known of a file beside its bytes.

use std::str::FromStr;

use domain::Timestamp;

pub use domain::FileId;

use crate::{Owner, WorkloadError, ports::FileReader};

/// Longer names of files are cut: nothing is found by them.
pub const NAME_CHARACTERS_MAX: usize = 255;

/// A file whose bytes are all there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub id: FileId,
    pub owner: Owner,
    /// Content: it may say whom the file is about.
    pub name: String,
    pub purpose: Purpose,
    pub source: FileSource,
    pub bytes: u64,
    /// Lines that are not empty, of a file that consists of lines.
    pub lines: Option<u64>,
    pub created_at: Timestamp,
    /// From then on it is as good as gone, and soon it is.
    pub expires_at: Option<Timestamp>,
}

impl File {
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }
}

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    Batch,
    FineTune,
    Ocr,
    AgenticSafety,
    Assistants,
    Vision,
    UserData,
    Evals,
}

impl Purpose {
    pub const ALL: [Self; 8] = [
        Self::Batch,
        Self::FineTune,
        Self::Ocr,
        Self::AgenticSafety,
        Self::Assistants,
        Self::Vision,
        Self::UserData,
        Self::Evals,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::FineTune => "fine-tune",
            Self::Ocr => "ocr",
            Self::AgenticSafety => "agentic_safety",
            Self::Assistants => "assistants",
            Self::Vision => "vision",
            Self::UserData => "user_data",
            Self::Evals => "evals",
        }
    }

    /// Whether its files consist of lines, each a record.
    pub const fn has_lines(self) -> bool {
        match self {
            Self::Batch | Self::FineTune => true,
            Self::Ocr
            | Self::AgenticSafety
            | Self::Assistants
            | Self::Vision
            | Self::UserData
            | Self::Evals => false,
        }
    }
}

impl FromStr for Purpose {
    type Err = WorkloadError;

    fn from_str(text: &str) -> Result<Self, WorkloadError> {
        let found = Self::ALL.into_iter().find(|purpose| purpose.as_str() == text);
        found.ok_or_else(|| WorkloadError::Purpose { word: text.chars().take(64).collect() })
    }
}

/// Where a file comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileSource {
    Upload,
    /// The answers of a batch job.
    BatchOutput,
    /// What a batch job could not answer, and why.
    BatchErrors,
}

impl FileSource {
    pub const ALL: [Self; 3] = [Self::Upload, Self::BatchOutput, Self::BatchErrors];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::BatchOutput => "batch_output",
            Self::BatchErrors => "batch_errors",
        }
    }

    /// The source that the store calls so.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.as_str() == word)
    }
}

/// Which files to list, the newest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileQuery {
    pub purpose: Option<Purpose>,
    pub source: Option<FileSource>,
    pub limit: u32,
    pub offset: u64,
    /// Those behind this one, in the order of the list; it may be gone meanwhile.
    pub after: Option<FileId>,
    /// Without those whose time is over by then.
    pub at: Option<Timestamp>,
}

/// Some of the files, and how many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilePage {
    pub files: Vec<File>,
    /// Without limit, offset and `after`.
    pub total: u64,
    /// Whether there are more behind these.
    pub has_more: bool,
}

/// The bytes of a file, to be read once.
pub struct FileContent {
    pub file: File,
    pub reader: Box<dyn FileReader>,
}
