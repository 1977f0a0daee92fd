//! Conversations that the server keeps: Mistral's shape, and what Galerne adds to it.

mod answer;
mod event;
mod request;

pub use answer::{
    Conversation, ConversationEntry, ConversationHistory, ConversationMessages, ConversationObject,
    ConversationResponse, Draft, EntryObject, EntryState, HistoryObject, InputEntry, InputRole,
    MessagesObject, OutputEntry, ResponseObject,
};
pub use event::{ConversationEvent, MessageDelta, ResponseDone, ResponseError, ResponseStarted};
pub use request::{
    AppendConversation, Attachment, CompletionArgs, ConversationInputs, InputChunk, InputContent,
    InputMessage, PutDraft, Question, RestartConversation, StartConversation, UpdateConversation,
};
