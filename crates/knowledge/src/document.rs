//! What is known of a document beside its bytes.

use domain::{AccountId, DocumentId, LibraryId, Timestamp};

use crate::{InForce, KnowledgeError, Reading, Version, ports::BytesReader};

/// Longer names of documents are cut: nothing is found by them.
pub const NAME_CHARACTERS_MAX: usize = 255;

/// Of attributes, as JSON.
pub const ATTRIBUTES_BYTES_MAX: usize = 4 * 1024;

pub const MEDIA_TYPE_BYTES_MAX: usize = 200;

/// For bytes of which nobody says what they are.
const UNKNOWN_TYPE: &str = "application/octet-stream";

/// A document of a library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDocument {
    pub id: DocumentId,
    pub library: LibraryId,
    /// Content: it may say whom the document is about.
    pub name: String,
    /// Of the current version, as whoever added it says.
    pub media_type: String,
    /// `None` once that account was erased.
    pub added_by: Option<AccountId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// A JSON object of whoever added it, as text; content, and never interpreted.
    pub attributes: String,
    /// How many there are.
    pub versions: u32,
    /// The one that was asked for; else the one that holds, or is about to once it is read.
    pub current: Version,
}

/// Where bytes that are added belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddTo {
    /// They are a document of their own.
    Library(LibraryId),
    /// They are another version of the document that has their name, and a document of their own
    /// where none has it.
    Named(LibraryId),
    /// They are another version of this one.
    Document(DocumentId),
}

/// What somebody says of bytes that were sent.
#[derive(Clone, Debug, Default)]
pub struct Described {
    /// Needed for a document of its own; else `None` leaves the name that it has.
    pub name: Option<String>,
    pub media_type: Option<String>,
    /// A JSON object; `None` leaves those that the document has.
    pub attributes: Option<String>,
    /// When the version holds; from now on, if nobody says so.
    pub in_force: Option<InForce>,
}

impl Described {
    /// The same as it is kept, or what is wrong with it.
    pub(crate) fn checked(self, needs_name: bool) -> Result<Self, KnowledgeError> {
        let Self { name, media_type, attributes, in_force } = self;
        let name = name.as_deref().map(name_checked).transpose()?;
        if needs_name && name.is_none() {
            return Err(invalid("name", "a document has a name".to_owned()));
        }
        if let Some(attributes) = &attributes {
            check_attributes(attributes)?;
        }
        let ends_first = |in_force: &InForce| in_force.until.is_some_and(|u| u <= in_force.from);
        if in_force.as_ref().is_some_and(ends_first) {
            return Err(invalid("in_force", "it would end before it begins".to_owned()));
        }
        let media_type = media_type.as_deref().map(media_type_checked).transpose()?;
        Ok(Self { name, media_type, attributes, in_force })
    }

    /// What the bytes are said to be.
    pub(crate) fn media_type(&self) -> String {
        self.media_type.clone().unwrap_or_else(|| UNKNOWN_TYPE.to_owned())
    }
}

/// What of a document is changed; `None` leaves it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DocumentChange {
    pub name: Option<String>,
    pub attributes: Option<String>,
}

impl DocumentChange {
    pub(crate) fn checked(self) -> Result<Self, KnowledgeError> {
        let name = self.name.as_deref().map(name_checked).transpose()?;
        if let Some(attributes) = &self.attributes {
            check_attributes(attributes)?;
        }
        Ok(Self { name, ..self })
    }
}

/// Which documents of a library to list, the newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DocumentQuery {
    pub library: LibraryId,
    pub limit: u32,
    pub offset: u64,
    /// Those behind this one, in the order of the list; it may be gone meanwhile.
    pub after: Option<DocumentId>,
    /// Their current versions are those of this time.
    pub at: Timestamp,
}

/// Some of the documents, and how many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DocumentPage {
    pub documents: Vec<StoredDocument>,
    /// Without limit, offset and `after`.
    pub total: u64,
    /// Whether there are more behind these.
    pub has_more: bool,
}

/// Which versions of a document to list, the newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionQuery {
    pub document: DocumentId,
    pub limit: u32,
    /// Those with lower numbers.
    pub before: Option<u32>,
}

/// A version of a document: by its number, or the one that holds at a time; where none does then,
/// the one that came last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub document: DocumentId,
    pub number: Option<u32>,
    pub at: Timestamp,
}

/// The bytes of a version, to be read once.
pub struct DocumentContent {
    /// With the version as its current one.
    pub document: StoredDocument,
    pub reader: Box<dyn BytesReader>,
}

/// What was read of a version.
#[derive(Clone, Debug, PartialEq)]
pub struct DocumentText {
    /// With the version as its current one.
    pub document: StoredDocument,
    pub reading: Reading,
}

fn name_checked(name: &str) -> Result<String, KnowledgeError> {
    let name = name.trim();
    if name.is_empty() || name.chars().any(char::is_control) {
        let reason = "a name has a character at least, and stands on one line";
        return Err(invalid("name", reason.to_owned()));
    }
    Ok(name.chars().take(NAME_CHARACTERS_MAX).collect())
}

fn media_type_checked(text: &str) -> Result<String, KnowledgeError> {
    let is_plain = |c: char| c.is_ascii_graphic() || c == ' ';
    if !(1..=MEDIA_TYPE_BYTES_MAX).contains(&text.len()) || !text.chars().all(is_plain) {
        let reason = format!("a media type has 1 to {MEDIA_TYPE_BYTES_MAX} plain characters");
        return Err(invalid("media_type", reason));
    }
    Ok(text.to_owned())
}

fn check_attributes(text: &str) -> Result<(), KnowledgeError> {
    if text.len() > ATTRIBUTES_BYTES_MAX {
        let reason = format!("attributes have at most {ATTRIBUTES_BYTES_MAX} bytes as JSON");
        return Err(invalid("attributes", reason));
    }
    let read = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text);
    read.map(drop).map_err(|_| invalid("attributes", "attributes are a JSON object".to_owned()))
}

fn invalid(parameter: &'static str, reason: String) -> KnowledgeError {
    KnowledgeError::Invalid { parameter, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(name: &str) -> Described {
        Described { name: Some(name.to_owned()), ..Described::default() }
    }

    #[test]
    fn names_are_cut_and_stand_on_one_line() {
        let kept = described(&format!("  {}  ", "é".repeat(300))).checked(true).unwrap();
        assert_eq!(kept.name, Some("é".repeat(NAME_CHARACTERS_MAX)));
        for wrong in ["", "  ", "a\nb", "a\u{7}"] {
            assert!(described(wrong).checked(false).is_err(), "{wrong:?}");
        }
        assert!(Described::default().checked(true).is_err());
        assert!(Described::default().checked(false).is_ok());
    }

    #[test]
    fn attributes_are_a_small_object() {
        let with = |attributes: &str| {
            Described { attributes: Some(attributes.to_owned()), ..described("a") }.checked(true)
        };
        assert!(with(r#"{"article":"L. 123-4","year":2024}"#).is_ok());
        for wrong in ["", "[]", "1", "{", &format!(r#"{{"a":"{}"}}"#, "x".repeat(4_096))] {
            assert!(with(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn media_types_are_plain() {
        let with = |media_type: &str| {
            Described { media_type: Some(media_type.to_owned()), ..described("a") }.checked(true)
        };
        assert_eq!(with("text/plain; charset=utf-8").unwrap().media_type().len(), 25);
        for wrong in ["", "text/é", "a\r\nb", &"x".repeat(201)] {
            assert!(with(wrong).is_err(), "{wrong}");
        }
        assert_eq!(described("a").media_type(), UNKNOWN_TYPE);
    }

    #[test]
    fn nothing_ends_before_it_begins() {
        let at = Timestamp::from_micros;
        let with = |from, until| {
            let in_force = InForce { from: at(from), until: Some(at(until)) };
            Described { in_force: Some(in_force), ..described("a") }.checked(true)
        };
        assert!(with(1, 2).is_ok() && with(2, 2).is_err() && with(3, 2).is_err());
    }
}
