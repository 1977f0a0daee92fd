//! Messages of a conversation, as engines understand them.

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    System,
    User,
    Assistant,
    Tool,
}

impl Role {
    /// The word that chat templates and the API use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }
}

/// A call that the model asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolCall {
    /// Tells it from the other calls of the conversation.
    pub id: String,
    /// The function.
    pub name: String,
    /// In general a JSON object, as text.
    pub arguments: String,
}

/// The call whose result a message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnsweredCall {
    pub id: String,
    /// The function.
    pub name: String,
}

/// One message. `prefix` asks the model to continue this (last, assistant) message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub role: Role,
    pub content: String,
    pub prefix: bool,
    /// Of the assistant alone.
    pub calls: Vec<ToolCall>,
    /// With the role `Tool` alone, and always there, unless the message comes from elsewhere.
    pub answers: Option<AnsweredCall>,
}

impl Message {
    /// A message of text alone.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self { role, content: content.into(), prefix: false, calls: Vec::new(), answers: None }
    }
}
