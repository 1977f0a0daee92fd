use domain::{DocumentId, HoldId, LibraryId};
use governance::{AccessError, AuditError, LINK_HOURS_MAX, ports::StoreError};

use crate::{
    Grantee, IndexError, LIBRARIES_MAX, LibraryAccess, ReadFailure, ReadingState, ports::Refusal,
};

/// Why something of a library or a document was refused. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum KnowledgeError {
    #[error("there is no library `{id}`")]
    LibraryUnknown { id: LibraryId },
    #[error("what you may do with the library does not reach for this")]
    Forbidden { needs: LibraryAccess },
    #[error("this account has {LIBRARIES_MAX} libraries, as many as are possible")]
    TooManyLibraries,
    #[error("there is no {} with this id", grantee.kind())]
    GranteeUnknown { grantee: Grantee },
    #[error("there is no document `{id}`, or no such version of it")]
    DocumentUnknown { id: DocumentId },
    #[error("a document has at most {bytes_max} bytes")]
    TooLarge { bytes_max: u64 },
    #[error("the documents of the organisation take {bytes} bytes; {bytes_max} are kept at most")]
    NoRoom { bytes: u64, bytes_max: u64 },
    #[error("nothing was read of the document `{id}` yet: it is {}", state.as_str())]
    NotRead { id: DocumentId, state: ReadingState },
    #[error("the document `{id}` could not be read: {}", told(failure))]
    Unreadable { id: DocumentId, failure: ReadFailure },
    #[error("hold `{id}` is in force; nothing that it covers is removed")]
    Held { id: HoldId },
    #[error("a link is good for 1 to {LINK_HOURS_MAX} hours")]
    LinkHours,
    #[error("the link is not one of ours, or its time is over")]
    LinkInvalid,
    #[error("the search is none: {reason}")]
    SearchRejected { reason: String },
    #[error("no vector can be made of the words now")]
    NoVector,
    #[error(transparent)]
    Index(#[from] IndexError),
    #[error("{parameter}: {reason}")]
    Invalid { parameter: &'static str, reason: String },
    #[error(transparent)]
    Access(#[from] AccessError),
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl KnowledgeError {
    /// Stable code, explained in `docs/errors/`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LibraryUnknown { .. } => "library.unknown",
            Self::Forbidden { .. } => "library.forbidden",
            Self::TooManyLibraries => "library.too_many",
            Self::GranteeUnknown { grantee: Grantee::Group(_) } => "group.unknown",
            Self::GranteeUnknown { grantee: Grantee::Account(_) | Grantee::Organisation } => {
                "account.unknown"
            }
            Self::DocumentUnknown { .. } => "document.unknown",
            Self::TooLarge { .. } => "document.too_large",
            Self::NoRoom { .. } => "document.no_room",
            Self::NotRead { .. } => "document.pending",
            Self::Unreadable { .. } => "document.unreadable",
            Self::Held { .. } => "hold.in_force",
            Self::LinkInvalid => "document.link_invalid",
            Self::SearchRejected { .. } => "search.rejected",
            Self::NoVector => "search.unavailable",
            Self::Index(error) => error.code(),
            Self::LinkHours | Self::Invalid { .. } => "request.invalid",
            Self::Access(error) => error.code(),
            Self::Audit(_) => "audit.unavailable",
            Self::Store(StoreError { is_locked: true, .. }) => "encryption.locked",
            Self::Store(_) => "store.unavailable",
        }
    }

    /// What whoever asked can do about it; nothing where that is told elsewhere.
    pub const fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::LibraryUnknown { .. } => "list the libraries that you can use",
            Self::Forbidden { needs: LibraryAccess::Owner } => {
                "ask the owner of the library to do it"
            }
            Self::Forbidden { .. } => "ask the owner of the library to make you an editor",
            Self::TooManyLibraries => "delete libraries that nobody needs any more",
            Self::GranteeUnknown { .. } => "list the accounts and groups of the organisation",
            Self::DocumentUnknown { .. } => "list the documents of the library, and their versions",
            Self::TooLarge { .. } => "split the document, or ask the operator to raise the limit",
            Self::NoRoom { .. } => "delete documents and libraries that nobody needs any more",
            Self::NotRead { .. } => "ask again when the document is ready",
            Self::Unreadable { .. } => {
                "look up the code of the failure, and add the document in another form"
            }
            Self::Held { .. } => "wait until whoever protects data lifts the hold",
            Self::LinkHours | Self::LinkInvalid => "make a new link",
            Self::SearchRejected { .. } => "search for some words, in fewer libraries",
            Self::NoVector => "search by words, or again in a while",
            Self::Index(error) => error.hint(),
            Self::Invalid { .. } => "correct the parameter that the message names",
            Self::Access(_) | Self::Audit(_) | Self::Store(_) => return None,
        })
    }
}

impl From<Refusal> for KnowledgeError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::LibraryUnknown(id) => Self::LibraryUnknown { id },
            Refusal::DocumentUnknown(id) => Self::DocumentUnknown { id },
            Refusal::Forbidden(needs) => Self::Forbidden { needs },
            Refusal::GranteeUnknown(grantee) => Self::GranteeUnknown { grantee },
            Refusal::TooManyLibraries => Self::TooManyLibraries,
            Refusal::Held(id) => Self::Held { id },
            Refusal::Named(id) => {
                let reason = format!("the document `{id}` has it already");
                Self::Invalid { parameter: "name", reason }
            }
            Refusal::NoRoom { bytes, bytes_max } => Self::NoRoom { bytes, bytes_max },
        }
    }
}

fn told(failure: &ReadFailure) -> String {
    match &failure.part {
        Some(part) => format!("{} at `{part}`", failure.code),
        None => failure.code.clone(),
    }
}
