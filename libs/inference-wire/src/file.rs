use serde::{Deserialize, Serialize};

use crate::ListObject;

/// The `object` member of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum FileObject {
    /// The only value.
    #[default]
    File,
}

/// The `status` member of a file: `OpenAI`'s clients wait for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum FileStatus {
    /// The only value: what was answered is whole.
    #[default]
    Processed,
}

/// The `visibility` member of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum FileVisibility {
    /// The only value: nobody else sees it.
    #[default]
    User,
}

/// What is known of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct File {
    /// Under which it is asked for.
    pub id: String,
    /// Always `file`.
    pub object: FileObject,
    /// How many bytes it has.
    pub bytes: u64,
    /// Unix time in seconds.
    pub created_at: i64,
    /// What its sender called it.
    pub filename: String,
    /// What it is for: `batch`, `fine-tune`, `ocr` and others.
    pub purpose: String,
    /// What its records are: `batch_request`, `batch_result`, `batch_error` and others.
    pub sample_type: String,
    /// `upload`, or `batch` if a batch job wrote it.
    pub source: String,
    /// Lines that are not empty, of a file of records.
    pub num_lines: Option<u64>,
    /// Of what its bytes are, where that follows from its purpose.
    pub mimetype: Option<String>,
    /// Unix time in seconds; `null` if it stays until somebody deletes it.
    pub expires_at: Option<i64>,
    /// Always `user`.
    pub visibility: FileVisibility,
    /// Always `processed`.
    pub status: FileStatus,
    /// Always `false`.
    pub deleted: bool,
}

/// Some files, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FileList {
    /// Always `list`.
    pub object: ListObject,
    /// The page.
    pub data: Vec<File>,
    /// On all pages together.
    pub total: u64,
    /// Whether more follow.
    pub has_more: bool,
    /// Of this page.
    pub first_id: Option<String>,
    /// Of this page: `after` of the next one.
    pub last_id: Option<String>,
}

/// A file that is no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeletedFile {
    /// The one that it was.
    pub id: String,
    /// Always `file`.
    pub object: FileObject,
    /// Always `true`.
    pub deleted: bool,
}

/// Where whoever has this address reads a file, for some hours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FileUrl {
    /// With what opens it.
    pub url: String,
}
