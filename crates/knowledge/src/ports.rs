//! What this context needs from outside. Every implementation passes its suite in `testkit`.

mod document_store;
mod embedder;
mod library_store;
mod parser;
mod reading_store;

use domain::{DocumentId, HoldId, LibraryId};

use crate::{Grantee, LibraryAccess};

pub use crate::answer::ports::{SourceVersion, Sources, TraceStore};
pub use document_store::{BytesReader, BytesWriter, Detail, DocumentStore, Kept, NewVersion};
pub use embedder::{Embedder, EmbedderError};
pub use library_store::{LibraryStore, Opened, Opening, Readable};
pub use parser::{
    Content, ContentError, PageImage, ParseError, Parser, Resolution, Source, WholeContent,
};
pub use reading_store::{Claim, ReadingStore, Stage, Step};

/// What a change came to; nothing was changed where it was refused.
pub type Changed<T> = Result<T, Refusal>;

/// Why a store changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is none, or the visitor does not see it.
    LibraryUnknown(LibraryId),
    /// There is none, or the visitor does not see its library, or there is no such version.
    DocumentUnknown(DocumentId),
    /// The visitor sees the library, and would need this access.
    Forbidden(LibraryAccess),
    /// There is no such account or group.
    GranteeUnknown(Grantee),
    /// The visitor has as many as are possible.
    TooManyLibraries,
    /// This hold is in force.
    Held(HoldId),
    /// This document has the name already.
    Named(DocumentId),
    /// The documents of the organisation take so many bytes, and may take so many.
    NoRoom { bytes: u64, bytes_max: u64 },
}
