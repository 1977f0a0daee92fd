use serde::{Deserialize, Serialize};

use crate::{ListObject, finite};

/// How passages are looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum LibrarySearchMode {
    /// By their words and by their meaning.
    #[default]
    Hybrid,
    /// By their words.
    Lexical,
    /// By their meaning.
    Dense,
}

/// What somebody looks for. Fields that are not listed are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SearchLibraries {
    /// Words or a question; at most 8 KiB. Words in quotation marks must all be found.
    pub query: String,
    /// Where to look, 1 to 100 of them; everywhere that whoever asks may read, if absent.
    pub library_ids: Option<Vec<String>>,
    /// 1 to 50 passages; 10 if absent.
    #[cfg_attr(feature = "openapi", schema(required = false, minimum = 1, maximum = 50))]
    pub limit: u32,
    /// `hybrid` if absent.
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub mode: LibrarySearchMode,
    /// What held then: a day such as `2016-10-01`, which begins in UTC, or a time in RFC 3339; what
    /// holds now, if absent.
    pub as_of: Option<String>,
}

/// The `object` member of a [`FoundPassage`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum PassageObject {
    /// The only value.
    #[default]
    Passage,
}

/// Passages that were found, the best first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PassageList {
    /// Always `list`.
    pub object: ListObject,
    /// How it was really looked for: `lexical` where no vector could be made.
    pub mode: LibrarySearchMode,
    /// The versions are those of this time, in RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub as_of: String,
    /// The passages.
    pub data: Vec<FoundPassage>,
}

/// Of which version of its document a passage is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FoundVersion {
    /// Of the document, from 1.
    pub number: u32,
    /// `sha256:` and 64 hexadecimal digits of the bytes.
    pub digest: String,
    /// From when on it holds, in RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub in_force_from: String,
    /// Until when, that time not included; `null` if no end is known.
    #[cfg_attr(feature = "openapi", schema(required = true, format = DateTime))]
    pub in_force_until: Option<String>,
}

/// A passage that was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FoundPassage {
    /// Always `passage`.
    pub object: PassageObject,
    /// What passages are ordered by; comparable within one search only.
    #[serde(serialize_with = "finite::score")]
    pub score: f32,
    /// What its words say; `null` where none was found in it, or words were not looked at.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub lexical: Option<f32>,
    /// The cosine of its vector with that of the query; `null` where it has none, or vectors were
    /// not looked at.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub dense: Option<f32>,
    /// The library of the document.
    pub library_id: String,
    /// The document.
    pub document_id: String,
    /// Its name.
    pub document_name: String,
    /// Which version of it.
    pub version: FoundVersion,
    /// Which passage of the version, from 0.
    pub passage: u32,
    /// That it stands under, the outermost first.
    pub headings: Vec<String>,
    /// The row that names the columns, where the passage lacks it.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub table_header: Option<String>,
    /// Numbers of the pages that it stands on; empty for formats without pages.
    pub pages: Vec<u32>,
    /// What it says.
    pub text: String,
    /// Its first byte in the text of the document.
    pub start: u32,
    /// The byte behind its last one.
    pub end: u32,
    /// The sentence of it that says most of what was looked for.
    pub snippet: String,
}
