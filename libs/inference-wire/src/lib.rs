//! JSON and server-sent events of the Mistral- and OpenAI-compatible API.
//!
//! Requests are read leniently: start at [`ChatRequest::decode`], for vectors of texts at
//! [`EmbeddingRequest::decode`] and, for conversations that the server keeps, at
//! [`StartConversation::decode`], for libraries of documents at [`CreateLibrary::decode`], and for
//! the Responses of `OpenAI` at [`responses::ResponsesRequest::decode`]. Unknown fields are ignored and
//! `null` means absent, but a field that is understood must make sense, and its error names it
//! ([`FieldError`]). Answers are written strictly, because client libraries read them strictly:
//! `usage`, `object`, `created`, `index` and `finish_reason` are always there. [`sse`] frames them.
//!
//! **Never here:** HTTP, async, clocks, the words of the server's own domain.
#![deny(missing_docs)]

pub mod multipart;
pub mod sse;

mod batch;
mod classification;
mod collection;
mod completion;
mod connector;
mod conversation;
mod decode;
mod embedding;
mod error_body;
mod field_error;
mod file;
mod finite;
mod library;
mod logprobs;
mod me;
mod model;
mod request;
mod rerank;
pub mod responses;
mod text_completion;
mod tool;
mod upstream;
mod usage;

pub use batch::{
    Batch, BatchError, BatchErrors, BatchFailure, BatchJob, BatchJobList, BatchJobStatus,
    BatchLine, BatchList, BatchObject, BatchRequestCounts, BatchResponse, BatchResult, BatchStatus,
    CreateBatch, CreateBatchJob, DeletedBatchJob, InlineRequest,
};
#[cfg(feature = "openapi")]
pub use classification::{ChatClassificationBody, ClassificationBody};
pub use classification::{
    ClassificationInput, ClassificationRequest, ClassificationResponse, ClassificationScores,
    ClassificationTarget, Judge, JudgeMethod, ModerationResponse, ModerationResult,
};
pub use collection::{
    ChunkSearchMethod, Collection, CollectionDocument, CollectionDocumentList,
    CollectionDocumentObject, CollectionList, CollectionObject, CreateCollection, CreatedId,
    DocumentChunk, DocumentChunkList, DocumentChunkObject, FoundChunk, FoundChunkList,
    SearchChunks, UpdateCollection,
};
pub use completion::{
    AnswerMessage, AnswerRole, ChatCompletion, ChatCompletionChunk, Choice, ChunkChoice,
    ChunkObject, CompletionObject, Delta, FinishReason,
};
pub use connector::ConnectorList;
pub use conversation::{
    AppendConversation, Attachment, CompletionArgs, Conversation, ConversationEntry,
    ConversationEvent, ConversationHistory, ConversationInputs, ConversationMessages,
    ConversationObject, ConversationResponse, Draft, EntryObject, EntryState, HistoryObject,
    InputChunk, InputContent, InputEntry, InputMessage, InputRole, MessageDelta, MessagesObject,
    OutputEntry, PutDraft, Question, ResponseDone, ResponseError, ResponseObject, ResponseStarted,
    RestartConversation, StartConversation, UpdateConversation,
};
pub use embedding::{
    EmbeddingDtype, EmbeddingInput, EmbeddingItem, EmbeddingObject, EmbeddingRequest,
    EmbeddingResponse, EmbeddingVector, EncodingFormat,
};
pub use error_body::{ErrorBody, ErrorDetail, ErrorMember, ErrorObject, ErrorType};
pub use field_error::{FieldError, FieldErrorKind, PathPart, RequestError};
pub use file::{DeletedFile, File, FileList, FileObject, FileStatus, FileUrl, FileVisibility};
pub use library::{
    AnswerFailure, AnswerGap, AnswerGapReason, AnswerStage, AnswerStep, AnswerTrace,
    AnswerTraceObject, AskLibraries, ClaimsCheck, CreateLibrary, DocumentFailure,
    DocumentPagination, DocumentState, DocumentText, DocumentVersion, DocumentVersionList,
    FoundPassage, FoundVersion, Library, LibraryAccess, LibraryAnswer, LibraryAnswerEvent,
    LibraryAnswerFallback, LibraryAnswerMode, LibraryAnswerObject, LibraryAnswerOutcome,
    LibraryCitation, LibraryCitedVersion, LibraryDocument, LibraryDocumentList, LibraryList,
    LibraryParty, LibrarySearchMode, LibraryShare, LibraryShareList, LibraryStatement,
    LibraryStatementKind, MissingClaim, MissingClaimKind, PageArea, PassageList, PassageObject,
    ProcessStatus, ProcessingStatus, ProcessingWord, RejectedSentence, SearchLibraries,
    SearchedLibraries, ShareKind, ShareLevel, ShareLibrary, SimilarityCheck, StatementChecks,
    TracedHit, TracedPassage, TracedStep, TracedStepKind, UnshareLibrary, UpdateLibrary,
    UpdateLibraryDocument,
};
pub use logprobs::{Logprobs, TokenCandidate, TokenLogprob};
pub use me::{
    Me, MeCaller, MeImpacts, MeLimit, MeLimitKind, MeMetrics, MeObject, MeUsage, MeUsageDetail,
    MeUsageList, MeUsageObject,
};
pub use model::{
    Capabilities, ListObject, ModelCard, ModelCosts, ModelKind, ModelList, ModelObject,
};
pub use request::{
    Accepted, ChatRequest, DescribedSchema, Message, MessageContent, ResponseFormat, Role,
    ServiceTier, StreamOptions, StructuredOutputs, TextChunk, limits,
};
pub use rerank::{
    RerankDocument, RerankObject, RerankRequest, RerankResponse, RerankResult, RerankScore,
};
#[cfg(feature = "openapi")]
pub use text_completion::{FimBody, TextCompletionBody};
pub use text_completion::{
    FimRequest, TextChoice, TextChunkChoice, TextCompletion, TextCompletionChunk,
    TextCompletionObject, TextCompletionRequest, TextLogprobs, TextPrompt,
};
pub use tool::{
    CalledFunction, FunctionName, NamedTool, Tool, ToolCall, ToolChoice, ToolChoiceWord,
    ToolFunction, ToolKind,
};
pub use upstream::{
    UpstreamDenial, UpstreamHealth, UpstreamLeftOut, UpstreamOverview, UpstreamRoute,
    UpstreamShare, UpstreamState,
};
pub use usage::{EvidenceMethod, Footprint, PromptTokensDetails, Usage};
