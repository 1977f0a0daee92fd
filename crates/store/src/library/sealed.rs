//! What of libraries is sealed, and under which keys.
//!
//! A library and a document have keys of their own, derived from the data key of their
//! organisation; no account is part of them, since both may outlive whoever made them. A text is
//! bound to its column: columns that are exchanged do not open.

use domain::{AccountId, DocumentId, LibraryId, OrganisationId, hexadecimal};
use governance::{ContentKeys, Sealer};
use knowledge::BytesId;
use sqlx::{Row as _, sqlite::SqliteRow};

use crate::{failure::Failure, file::blob::SealedBytes};

/// What a text is bound to, beside its thing.
#[derive(Clone, Copy)]
pub(super) enum Column {
    LibraryName,
    LibraryDescription,
    DocumentName,
    DocumentAttributes,
    /// Of the version with these bytes.
    Digest(BytesId),
    FailurePart(BytesId),
}

impl Column {
    /// Its name in the table.
    const fn name(self) -> &'static str {
        match self {
            Self::LibraryName | Self::DocumentName => "name",
            Self::LibraryDescription => "description",
            Self::DocumentAttributes => "attributes",
            Self::Digest(_) => "digest",
            Self::FailurePart(_) => "failure_part",
        }
    }

    fn place(self) -> Vec<u8> {
        let (word, version) = match self {
            Self::LibraryName => ("library.name\0", None),
            Self::LibraryDescription => ("library.description\0", None),
            Self::DocumentName => ("document.name\0", None),
            Self::DocumentAttributes => ("document.attributes\0", None),
            Self::Digest(version) => ("version.digest\0", Some(version)),
            Self::FailurePart(version) => ("version.failure_part\0", Some(version)),
        };
        let mut place = word.as_bytes().to_vec();
        if let Some(BytesId(id)) = version {
            place.extend_from_slice(id.as_bytes());
        }
        place
    }
}

/// The texts of one library or one document.
pub(super) struct Texts<'k>(Sealer<'k>);

impl<'k> Texts<'k> {
    pub(super) fn of_library(
        keys: &'k ContentKeys,
        (organisation, id): (OrganisationId, LibraryId),
    ) -> Self {
        let parts = [organisation.as_uuid(), id.as_uuid()];
        Self(keys.sealer(named(b"library\0", &parts)))
    }

    pub(super) fn of_document(
        keys: &'k ContentKeys,
        (organisation, id): (OrganisationId, DocumentId),
    ) -> Self {
        let parts = [organisation.as_uuid(), id.as_uuid()];
        Self(keys.sealer(named(b"document\0", &parts)))
    }

    pub(super) fn seal(&self, column: Column, text: &str) -> Vec<u8> {
        self.0.seal(&column.place(), text)
    }

    pub(super) fn seal_bytes(&self, column: Column, bytes: &[u8]) -> Vec<u8> {
        self.0.seal_bytes(&column.place(), bytes)
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

    pub(super) fn open_digest(&self, id: BytesId, row: &SqliteRow) -> Result<[u8; 32], Failure> {
        let column = Column::Digest(id);
        let opened = self.0.open_bytes(&column.place(), row.try_get(column.name())?);
        let opened =
            opened.map_err(|source| Failure::Unopened { column: column.name(), source })?;
        opened.try_into().map_err(|_| Failure::Unreadable { column: column.name() })
    }
}

/// Equal digests of one library have equal tokens, and nobody without the keys can make one.
pub(super) fn digest_token(
    keys: &ContentKeys,
    (organisation, library): (OrganisationId, LibraryId),
    digest: &[u8; 32],
) -> String {
    let name = named(b"document.digest\0", &[organisation.as_uuid(), library.as_uuid()]);
    keys.index_key(&name).token(&hexadecimal(digest)).as_str().to_owned()
}

/// Likewise of names.
pub(super) fn name_token(
    keys: &ContentKeys,
    (organisation, library): (OrganisationId, LibraryId),
    text: &str,
) -> String {
    let name = named(b"document.name\0", &[organisation.as_uuid(), library.as_uuid()]);
    keys.index_key(&name).token(text).as_str().to_owned()
}

/// Where the bytes of a version lie.
pub(super) fn bytes_of(
    organisation: OrganisationId,
    BytesId(id): BytesId,
    account: Option<AccountId>,
) -> SealedBytes {
    let name = named(b"document.bytes\0", &[organisation.as_uuid(), id]);
    SealedBytes { blob: (organisation, id), account, name }
}

/// Where what was read of a version lies.
pub(super) fn reading_of(
    organisation: OrganisationId,
    BytesId(id): BytesId,
    account: Option<AccountId>,
) -> SealedBytes {
    let name = named(b"document.reading\0", &[organisation.as_uuid(), id]);
    SealedBytes { blob: (organisation, id), account, name }
}

fn named(word: &[u8], parts: &[uuid::Uuid]) -> Vec<u8> {
    let mut name = word.to_vec();
    for part in parts {
        name.extend_from_slice(part.as_bytes());
    }
    name
}
