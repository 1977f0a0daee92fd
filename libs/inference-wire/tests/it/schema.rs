//! What the published schema says of values, and what is written.

use inference_wire::{
    AnswerGapReason, AnswerRole, AnswerStage, AnswerTraceObject, BatchJobStatus, BatchObject,
    BatchStatus, ChunkObject, ChunkSearchMethod, CollectionDocumentObject, CollectionObject,
    CompletionObject, ConversationObject, DocumentChunkObject, DocumentState, EntryObject,
    EntryState, ErrorObject, ErrorType, EvidenceMethod, FileObject, FileStatus, FileVisibility,
    FinishReason, HistoryObject, InputRole, LibraryAccess, LibraryAnswerObject,
    LibraryAnswerOutcome, LibraryParty, LibrarySearchMode, ListObject, MeLimitKind, MeObject,
    MeUsageObject, MessagesObject, ModelKind, ModelObject, PassageObject, ProcessStatus,
    ProcessingWord, RerankObject, ResponseObject, Role, ShareKind, ShareLevel, ToolChoiceWord,
    ToolKind,
};
use serde::Serialize;
use utoipa::PartialSchema;

/// `all`: every value of the type.
fn check<T: PartialSchema + Serialize>(all: &[T]) {
    let schema = serde_json::to_value(T::schema()).unwrap();
    assert_eq!(schema["enum"], serde_json::to_value(all).unwrap());
}

#[test]
fn a_single_value_is_named_as_it_is_written() {
    check(&[AnswerRole::Assistant]);
    check(&[AnswerTraceObject::Trace]);
    check(&[BatchObject::Batch]);
    check(&[CollectionObject::Collection]);
    check(&[CollectionDocumentObject::Document]);
    check(&[DocumentChunkObject::Chunk]);
    check(&[LibraryAnswerObject::Answer]);
    check(&[LibraryParty::User]);
    check(&[PassageObject::Passage]);
    check(&[FileObject::File]);
    check(&[FileStatus::Processed]);
    check(&[FileVisibility::User]);
    check(&[ChunkObject::ChatCompletionChunk]);
    check(&[CompletionObject::ChatCompletion]);
    check(&[ConversationObject::Conversation]);
    check(&[EntryObject::Entry]);
    check(&[ErrorObject::Error]);
    check(&[HistoryObject::History]);
    check(&[InputRole::User]);
    check(&[ListObject::List]);
    check(&[MeObject::UserInfo]);
    check(&[MeUsageObject::MeUsage]);
    check(&[MessagesObject::Messages]);
    check(&[ModelObject::Model]);
    check(&[RerankObject::Rerank]);
    check(&[ResponseObject::Response]);
    check(&[ToolKind::Function]);
}

#[test]
fn words_of_libraries_are_named_as_they_are_written() {
    check(&[
        AnswerGapReason::NothingFound,
        AnswerGapReason::NotInPassages,
        AnswerGapReason::NothingHeld,
        AnswerGapReason::Withdrawn,
    ]);
    check(&[
        AnswerStage::Selected,
        AnswerStage::Quoting,
        AnswerStage::Writing,
        AnswerStage::Checking,
    ]);
    check(&[ChunkSearchMethod::Hybrid, ChunkSearchMethod::Semantic, ChunkSearchMethod::Lexical]);
    check(&[
        DocumentState::Queued,
        DocumentState::Reading,
        DocumentState::Indexing,
        DocumentState::Ready,
        DocumentState::Failed,
    ]);
    check(&[LibraryAccess::Viewer, LibraryAccess::Editor, LibraryAccess::Owner]);
    check(&[
        LibraryAnswerOutcome::Answered,
        LibraryAnswerOutcome::NoAnswer,
        LibraryAnswerOutcome::Withdrawn,
    ]);
    check(&[LibrarySearchMode::Hybrid, LibrarySearchMode::Lexical, LibrarySearchMode::Dense]);
    check(&[
        ProcessStatus::Todo,
        ProcessStatus::InProgress,
        ProcessStatus::Done,
        ProcessStatus::Error,
    ]);
    check(&[ProcessingWord::Running, ProcessingWord::Completed, ProcessingWord::Error]);
    check(&[ShareKind::User, ShareKind::Workspace, ShareKind::Org]);
    check(&[ShareLevel::Viewer, ShareLevel::Editor]);
}

#[test]
fn each_of_many_values_is_named_as_it_is_written() {
    check(&[
        BatchJobStatus::Queued,
        BatchJobStatus::Running,
        BatchJobStatus::Success,
        BatchJobStatus::Failed,
        BatchJobStatus::TimeoutExceeded,
        BatchJobStatus::CancellationRequested,
        BatchJobStatus::Cancelled,
    ]);
    check(&[
        BatchStatus::Validating,
        BatchStatus::InProgress,
        BatchStatus::Completed,
        BatchStatus::Failed,
        BatchStatus::Expired,
        BatchStatus::Cancelling,
        BatchStatus::Cancelled,
    ]);
    check(&[
        EntryState::Running,
        EntryState::Complete,
        EntryState::Length,
        EntryState::Stopped,
        EntryState::Failed,
        EntryState::Interrupted,
    ]);
    check(&[
        ErrorType::InvalidRequestError,
        ErrorType::AuthenticationError,
        ErrorType::PermissionError,
        ErrorType::NotFoundError,
        ErrorType::RateLimitError,
        ErrorType::ServerError,
    ]);
    check(&[EvidenceMethod::Measured, EvidenceMethod::Modelled, EvidenceMethod::Estimated]);
    check(&[
        FinishReason::Stop,
        FinishReason::Length,
        FinishReason::ModelLength,
        FinishReason::ToolCalls,
        FinishReason::Error,
    ]);
    check(&[MeLimitKind::Rpm, MeLimitKind::Tpm]);
    check(&[ModelKind::Base, ModelKind::TextGeneration, ModelKind::TextEmbeddingsInference]);
    check(&[
        ToolChoiceWord::Auto,
        ToolChoiceWord::None,
        ToolChoiceWord::Any,
        ToolChoiceWord::Required,
    ]);
    check(&[Role::System, Role::User, Role::Assistant, Role::Tool]);
}
