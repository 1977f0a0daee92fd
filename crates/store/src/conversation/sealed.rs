//! Columns that hold sealed texts.
//!
//! Each conversation has a sealing key of its own, derived from the data key of its organisation,
//! and so has what an account types before a conversation begins. A text is bound to its column
//! and, of an entry, to the entry: rows that are exchanged do not open.

use assistant::Scope;
use domain::{ConversationId, EntryId};
use governance::{ContentKeys, Sealer};
use sqlx::{Row as _, sqlite::SqliteRow};

use crate::failure::Failure;

/// What of a conversation or a draft is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Name,
    Description,
    Instructions,
    Metadata,
    Stop,
    EntryText(EntryId),
    EntryAttachments(EntryId),
    DraftText,
    DraftAttachments,
}

impl Column {
    /// Its name in the table.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Description => "description",
            Self::Instructions => "instructions",
            Self::Metadata => "metadata",
            Self::Stop => "stop",
            Self::EntryText(_) | Self::DraftText => "text",
            Self::EntryAttachments(_) | Self::DraftAttachments => "attachments",
        }
    }

    /// What a text in it is bound to, beside the conversation.
    fn place(self) -> Vec<u8> {
        let (table, entry) = match self {
            Self::EntryText(entry) | Self::EntryAttachments(entry) => ("entry", Some(entry)),
            Self::DraftText | Self::DraftAttachments => ("draft", None),
            Self::Name | Self::Description | Self::Instructions | Self::Metadata | Self::Stop => {
                ("conversation", None)
            }
        };
        let mut place = format!("{table}.{}\0", self.name()).into_bytes();
        if let Some(entry) = entry {
            place.extend_from_slice(entry.as_uuid().as_bytes());
        }
        place
    }
}

/// The texts of one conversation, or of what is typed before one begins.
pub(super) struct Texts<'k>(Sealer<'k>);

impl<'k> Texts<'k> {
    pub(super) fn of(keys: &'k ContentKeys, (scope, id): (Scope, ConversationId)) -> Self {
        Self(keys.sealer([owner(scope).as_slice(), id.as_uuid().as_bytes()].concat()))
    }

    pub(super) fn of_nothing_yet(keys: &'k ContentKeys, scope: Scope) -> Self {
        Self(keys.sealer(owner(scope)))
    }

    pub(super) fn seal(&self, column: Column, text: &str) -> Vec<u8> {
        self.0.seal(&column.place(), text)
    }

    pub(super) fn seal_if_any(&self, column: Column, text: Option<&str>) -> Option<Vec<u8>> {
        text.map(|text| self.seal(column, text))
    }

    pub(super) fn open(&self, column: Column, row: &SqliteRow) -> Result<String, Failure> {
        let text = self.open_if_any(column, row)?;
        text.ok_or(Failure::Unreadable { column: column.name() })
    }

    pub(super) fn open_if_any(
        &self,
        column: Column,
        row: &SqliteRow,
    ) -> Result<Option<String>, Failure> {
        let sealed: Option<&[u8]> = row.try_get(column.name())?;
        let open = |sealed: &[u8]| {
            let opened = self.0.open(&column.place(), sealed);
            opened.map_err(|source| Failure::Unopened { column: column.name(), source })
        };
        sealed.map(open).transpose()
    }
}

/// Whose texts and words they are.
pub(super) fn owner(scope: Scope) -> Vec<u8> {
    let Scope { organisation, account, .. } = scope;
    [organisation.as_uuid().as_bytes().as_slice(), account.as_uuid().as_bytes()].concat()
}
