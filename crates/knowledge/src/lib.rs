//! Libraries of documents: who may use them, how documents are read, and how they are searched.
//!
//! Start at [`Libraries::create`], and at [`Documents::begin`] for an upload. [`Ingestion::run`]
//! reads what was added, and goes on with what an earlier process left; [`Search::find`] opens what
//! the index found only after it has asked again who may read it. [`Question::look_up`] has it
//! search for a question, and [`Answers::answer`] answers from what was found, in quotes;
//! [`Traces::read`] tells how, and [`EvidenceRecords::issue`] signs what others check without this
//! server. [`Upkeep::run`] clears away, and [`Forgetting`] what was erased.
//! **Never here:** SQL, HTTP, formats of files, names of vendors, where bytes lie.

pub mod ports;

mod answer;
mod document;
mod documents;
mod error;
mod evidence;
mod forgetting;
mod index;
mod ingestion;
mod language;
mod libraries;
mod library;
mod page_image;
mod passage;
mod progress;
mod reading;
mod room;
mod running;
mod search;
mod share;
mod sources;
mod state;
mod upkeep;
mod version;
mod visitor;

pub use answer::{
    Answer, AnswerCommand, AnswerError, AnswerLimits, AnswerMode, AnswerProgress, Answers,
    AnswersParts, Check, Citation, CitedVersion, Fallback, Gap, GapReason, Outcome, Question,
    QuestionError, QuestionLanguage, Rejected, Searched, SimilarityBounds, Statement,
    StatementKind, ToldTrace, Trace, TraceError, TraceStep, TraceStepKind, TracedPassage, Traces,
    TracesParts,
};
pub use document::{
    ATTRIBUTES_BYTES_MAX, AddTo, Described, DocumentChange, DocumentContent, DocumentPage,
    DocumentQuery, DocumentText, MEDIA_TYPE_BYTES_MAX, NAME_CHARACTERS_MAX, StoredDocument,
    VersionQuery, Wanted,
};
pub use documents::{
    Added, DocumentOrder, Documents, DocumentsParts, LISTED_MAX, Listing, Quota, Upload,
};
pub use error::KnowledgeError;
pub use evidence::{EvidenceError, EvidenceRecords, EvidenceRecordsParts};
pub use forgetting::{Forgetting, ForgettingParts};
pub use index::{
    Index, IndexError, IndexHit, IndexPassage, IndexQuery, IndexVersion, Maintained, SearchMode,
    VersionKey,
};
pub use ingestion::{Ingestion, IngestionLimits, IngestionParts};
pub use language::Language;
pub use libraries::{LIBRARIES_MAX, Libraries, LibrariesParts};
pub use library::{
    DESCRIPTION_CHARACTERS_MAX, LIBRARY_NAME_CHARACTERS_MAX, Library, LibraryAccess, LibraryChange,
    LibraryPage, LibraryQuery, NewLibrary, VisibleLibrary,
};
pub use page_image::{PageImageError, PageImages};
pub use passage::Passage;
pub use progress::Progress;
pub use reading::{Reading, ReadingError};
pub use running::RunningReadings;
pub use search::{
    Found, LIBRARIES_SEARCHED_MAX, QUERY_BYTES_MAX, RESULTS_MAX, Search, SearchHit, SearchParts,
    SearchRequest,
};
pub use share::{Grantee, Share, ShareRole};
pub use sources::StoredSources;
pub use state::ReadingState;
pub use upkeep::{Upkeep, UpkeepParts};
pub use version::{BytesId, InForce, ReadFailure, Unread, Version};
pub use visitor::Visitor;
