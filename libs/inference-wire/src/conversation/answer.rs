use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{AnswerRole, Attachment, CompletionArgs, InputContent, Usage};

macro_rules! one_value {
    // The text is a `tt`: a `literal` is hidden from the macro that derives the schema.
    ($($(#[$doc:meta])* $name:ident = $variant:ident $text:tt),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum $name {
            /// The only value.
            #[default]
            #[serde(rename = $text)]
            $variant,
        }
    )+};
}

one_value! {
    /// The `object` member of a conversation.
    ConversationObject = Conversation "conversation",
    /// The `object` member of an entry.
    EntryObject = Entry "entry",
    /// The `object` member of a history.
    HistoryObject = History "conversation.history",
    /// The `object` member of a list of messages.
    MessagesObject = Messages "conversation.messages",
    /// The `object` member of an answer.
    ResponseObject = Response "conversation.response",
    /// Who asks.
    InputRole = User "user",
}

/// What is known of a conversation, without its entries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Conversation {
    /// Always `conversation`.
    pub object: ConversationObject,
    /// `conv_` and 32 hexadecimal digits.
    pub id: String,
    /// The title.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub name: Option<String>,
    /// What it is about.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub description: Option<String>,
    /// What the model is told before the first question.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub instructions: Option<String>,
    /// The model that answers.
    pub model: String,
    /// Always empty: tools are not offered.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Object>))]
    pub tools: Vec<Value>,
    /// How answers are drawn.
    pub completion_args: CompletionArgs,
    /// As it was given.
    #[cfg_attr(
        feature = "openapi",
        schema(value_type = Option<std::collections::BTreeMap<String, Value>>, required = true)
    )]
    pub metadata: Option<Map<String, Value>>,
    /// When it was started, in RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// When something was last said or changed, in RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub updated_at: String,
    /// Galerne's own: whether it stands before the others.
    pub pinned: bool,
    /// Galerne's own: whether it is put away.
    pub archived: bool,
    /// Galerne's own: the entry at the end of the shown branch.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub head: Option<String>,
    /// Galerne's own: whether an answer is being written.
    pub running: bool,
}

/// One question or one answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(clippy::large_enum_variant, reason = "an answer stands beside nearly every question")]
pub enum ConversationEntry {
    /// A question.
    #[serde(rename = "message.input")]
    Input(InputEntry),
    /// An answer.
    #[serde(rename = "message.output")]
    Output(OutputEntry),
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InputEntry {
    /// Always `entry`.
    pub object: EntryObject,
    /// `msg_` and 32 hexadecimal digits.
    pub id: String,
    /// When it was asked, in RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// The same: a question is complete when it is kept.
    #[cfg_attr(feature = "openapi", schema(format = DateTime, required = true))]
    pub completed_at: Option<String>,
    /// Always `user`.
    pub role: InputRole,
    /// A text, or a piece with the text and one for each attached file.
    pub content: InputContent,
    /// Always `false`.
    pub prefix: bool,
    /// Galerne's own: the entry that this one follows; `null` for the first.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub parent_id: Option<String>,
}

/// An answer, or the continuation of one: a run of them is one text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OutputEntry {
    /// Always `entry`.
    pub object: EntryObject,
    /// `msg_` and 32 hexadecimal digits.
    pub id: String,
    /// When it was begun, in RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// When it ended, in RFC 3339; `null` while it is written.
    #[cfg_attr(feature = "openapi", schema(format = DateTime, required = true))]
    pub completed_at: Option<String>,
    /// Always `assistant`.
    pub role: AnswerRole,
    /// The model that answered.
    pub model: String,
    /// Always `null`: agents are not offered.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub agent_id: Option<String>,
    /// The text so far.
    pub content: String,
    /// Galerne's own: the entry that this one follows.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub parent_id: Option<String>,
    /// Galerne's own: how it stands.
    pub state: EntryState,
    /// Galerne's own: what it used; `null` until that is known.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub usage: Option<Usage>,
    /// Galerne's own: the request to the model, whose entry in the log proves it.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub request_id: Option<String>,
    /// Galerne's own: why it failed; `null` unless it did.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub error_code: Option<String>,
}

/// How an answer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum EntryState {
    /// It is being written.
    Running,
    /// The model ended it.
    Complete,
    /// The limit of tokens ended it; it can be continued.
    Length,
    /// Somebody stopped it; it can be continued.
    Stopped,
    /// It could not be written, or not to its end.
    Failed,
    /// The server ended before it did; it can be continued.
    Interrupted,
}

/// The entries of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConversationHistory {
    /// Always `conversation.history`.
    pub object: HistoryObject,
    /// The conversation.
    pub conversation_id: String,
    /// Those of the shown branch, or all of them; oldest first.
    pub entries: Vec<ConversationEntry>,
    /// Galerne's own: the entry at the end of the shown branch.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub head: Option<String>,
}

/// The messages of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConversationMessages {
    /// Always `conversation.messages`.
    pub object: MessagesObject,
    /// The conversation.
    pub conversation_id: String,
    /// Those of the shown branch, oldest first.
    pub messages: Vec<ConversationEntry>,
}

/// A complete answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConversationResponse {
    /// Always `conversation.response`.
    pub object: ResponseObject,
    /// The conversation.
    pub conversation_id: String,
    /// Always one: the answer.
    pub outputs: Vec<ConversationEntry>,
    /// What the answer used.
    pub usage: Usage,
}

/// Galerne's own: what somebody has typed and not sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Draft {
    /// The text so far.
    pub text: String,
    /// The files that were attached.
    pub attachments: Vec<Attachment>,
    /// The model that was chosen.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub model: Option<String>,
    /// When it was last kept, in RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub updated_at: String,
}
