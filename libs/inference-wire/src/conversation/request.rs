use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::InputRole;

/// A question that starts a conversation.
///
/// Every optional field may be left out or `null`. Fields that are not listed are ignored, but
/// what would change the answer and is not offered is refused: agents, tools, guardrails,
/// `store: false`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StartConversation {
    /// What is asked: a text, or a list with one message of the role `user`.
    #[cfg_attr(feature = "openapi", schema(value_type = ConversationInputs))]
    pub inputs: Question,
    /// The id of a model, as `GET /v1/models` lists them.
    pub model: String,
    /// Send the answer as server-sent events while it is written.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stream: bool,
    /// What the model is told before the first question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// The title; made from the first question if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What the conversation is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Kept and given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(value_type = Option<std::collections::BTreeMap<String, Value>>)
    )]
    pub metadata: Option<Map<String, Value>>,
    /// How the answers of this conversation are drawn.
    #[serde(default, skip_serializing_if = "CompletionArgs::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<CompletionArgs>))]
    pub completion_args: CompletionArgs,
}

/// The next question of a conversation, or the wish for another answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AppendConversation {
    /// What is asked. Empty, with `parent_id`: a question named there is answered again, an
    /// answer named there is continued.
    #[serde(default, skip_serializing_if = "Question::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<ConversationInputs>))]
    pub inputs: Question,
    /// Send the answer as server-sent events while it is written.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stream: bool,
    /// How this one answer is drawn; as the conversation says if absent.
    #[serde(default, skip_serializing_if = "CompletionArgs::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<CompletionArgs>))]
    pub completion_args: CompletionArgs,
    /// Galerne's own: the entry to go on from. The newest one of the shown branch if absent;
    /// `root` asks a first question beside the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    /// Galerne's own: the model that answers from now on; that of the conversation if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// A question that starts a new conversation from the middle of another one.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RestartConversation {
    /// What is asked. Empty: a question at `from_entry_id` is answered again, an answer there is
    /// continued.
    #[serde(default, skip_serializing_if = "Question::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<ConversationInputs>))]
    pub inputs: Question,
    /// The last entry that the new conversation takes over, with all before it.
    pub from_entry_id: String,
    /// Send the answer as server-sent events while it is written.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stream: bool,
    /// How the answers of the new conversation are drawn; as in the old one if absent.
    #[serde(default, skip_serializing_if = "CompletionArgs::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<CompletionArgs>))]
    pub completion_args: CompletionArgs,
}

/// Galerne's own: what changes in a conversation. What is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpdateConversation {
    /// The new title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it stands before the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned: Option<bool>,
    /// Whether it is put away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
    /// The entry at the end of the branch that is to be shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
}

/// Galerne's own: what somebody has typed and not sent. Empty, it removes what was kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PutDraft {
    /// The text so far.
    #[serde(default)]
    pub text: String,
    /// The files that were attached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// The model that was chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// What is asked: a text and the files that belong to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(into = "ConversationInputs")]
pub struct Question {
    /// The text; may be empty if files are attached.
    pub text: String,
    /// Text files that are shown to the model before the question.
    pub attachments: Vec<Attachment>,
}

impl Question {
    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.attachments.is_empty()
    }
}

/// A text file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Attachment {
    /// The name of the file.
    pub name: String,
    /// All of its text.
    pub text: String,
}

/// What is asked, as clients may write it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ConversationInputs {
    /// The question alone.
    Text(String),
    /// At most one message.
    Messages(Vec<InputMessage>),
}

impl From<Question> for ConversationInputs {
    fn from(question: Question) -> Self {
        let Question { text, attachments } = question;
        if attachments.is_empty() {
            return Self::Text(text);
        }
        let content = InputContent::new(text, attachments);
        Self::Messages(vec![InputMessage { role: InputRole::User, content }])
    }
}

/// A message of the role `user`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InputMessage {
    /// The only role that is offered.
    pub role: InputRole,
    /// What is said.
    pub content: InputContent,
}

/// A text, or pieces of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum InputContent {
    /// All of it.
    Text(String),
    /// Pieces: those without a file name are joined, the others are attached files.
    Chunks(Vec<InputChunk>),
}

impl InputContent {
    /// The text alone, or the text and then a piece for each file.
    pub fn new(text: String, attachments: Vec<Attachment>) -> Self {
        if attachments.is_empty() {
            return Self::Text(text);
        }
        let file =
            |file: Attachment| InputChunk::Text { text: file.text, file_name: Some(file.name) };
        let first = InputChunk::Text { text, file_name: None };
        Self::Chunks(std::iter::once(first).chain(attachments.into_iter().map(file)).collect())
    }
}

/// A piece of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum InputChunk {
    /// The only kind that is understood.
    Text {
        /// The text.
        text: String,
        /// Galerne's own: makes the piece an attached file of this name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file_name: Option<String>,
    },
}

/// How an answer is drawn.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CompletionArgs {
    /// 0 picks the most likely token, higher is more varied; at most 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 2))]
    pub temperature: Option<f32>,
    /// Only the most likely tokens that together have this probability are drawn from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(exclusive_minimum = 0, maximum = 1))]
    pub top_p: Option<f32>,
    /// The answer ends after so many tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub max_tokens: Option<u32>,
    /// The answer ends before the first of these strings; one string or up to 16.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::request::StopStrings>))]
    pub stop: Vec<String>,
    /// The same seed, request and model give the same answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<i64>))]
    pub random_seed: Option<u64>,
    /// Lowers tokens that have appeared, however often.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = -2, maximum = 2))]
    pub presence_penalty: Option<f32>,
    /// Lowers tokens by how often they have appeared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = -2, maximum = 2))]
    pub frequency_penalty: Option<f32>,
}

impl CompletionArgs {
    /// Whether everything is left to the server.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
