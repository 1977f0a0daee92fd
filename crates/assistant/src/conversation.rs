//! Conversations, their entries and what is typed but not sent.

use domain::{
    AccountId, Caller, ConversationId, EntryId, ModelId, OrganisationId, RequestId, Timestamp,
};
use inference::Sampling;

use crate::TurnUsage;

/// Entries of one conversation, copies of restarts included.
pub const ENTRIES_MAX: usize = 20_000;

/// Whose conversations: an account reaches its own and no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    pub organisation: OrganisationId,
    pub account: AccountId,
}

impl From<&Caller> for Scope {
    fn from(caller: &Caller) -> Self {
        Self { organisation: caller.organisation, account: caller.account }
    }
}

/// A conversation without its entries.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversation {
    pub id: ConversationId,
    pub scope: Scope,
    pub name: String,
    pub description: Option<String>,
    /// The system message of every prompt.
    pub instructions: Option<String>,
    /// The model of the newest turn.
    pub model: ModelId,
    pub settings: TurnSettings,
    /// The client's own, as JSON text; never interpreted here.
    pub metadata: Option<String>,
    pub created_at: Timestamp,
    /// When a turn last began or ended. A new name, a pin or an archiving do not count.
    pub updated_at: Timestamp,
    pub pinned: bool,
    pub archived: bool,
    /// The end of the branch that is shown.
    pub head: EntryId,
}

/// How answers are made; `None` takes the default of the chat API.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TurnSettings {
    pub temperature: Option<f32>,
    pub top_p: Option<f32>,
    pub presence_penalty: Option<f32>,
    pub frequency_penalty: Option<f32>,
    pub seed: Option<u64>,
    /// `None`: as many as the context holds.
    pub max_tokens: Option<u32>,
    pub stop: Vec<String>,
}

impl TurnSettings {
    pub fn sampling(&self) -> Sampling {
        let default = Sampling::default();
        Sampling {
            temperature: self.temperature.unwrap_or(default.temperature),
            top_p: self.top_p.unwrap_or(default.top_p),
            presence_penalty: self.presence_penalty.unwrap_or(default.presence_penalty),
            frequency_penalty: self.frequency_penalty.unwrap_or(default.frequency_penalty),
            seed: self.seed,
            ..default
        }
    }
}

/// One node of the tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub id: EntryId,
    /// The entry that it follows; `None` at the root.
    pub parent: Option<EntryId>,
    pub created_at: Timestamp,
    /// `None` while it runs.
    pub completed_at: Option<Timestamp>,
    pub body: Body,
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    Question(Question),
    Answer(Answer),
}

/// What a user asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    pub text: String,
    pub attachments: Vec<Attachment>,
}

/// A text file that came with a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    pub name: String,
    pub text: String,
}

/// What a model said, as far as it got.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub model: ModelId,
    pub text: String,
    pub state: EntryState,
    /// The chat request that made it; `None` if it never came to one. Copies share it.
    pub request: Option<RequestId>,
    /// Read from the settled usage row of `request`; never stored a second time.
    pub usage: Option<TurnUsage>,
    /// Stable code of the error that ended it.
    pub error: Option<String>,
}

/// How far an entry is. Only `Running` ever changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryState {
    Running,
    Complete,
    /// The limit of tokens was reached.
    Length,
    /// The user stopped it.
    Stopped,
    Failed,
    /// The server stopped or died.
    Interrupted,
}

impl EntryState {
    /// The word that the API and the database use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Complete => "complete",
            Self::Length => "length",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }

    /// Stable code of the error that is told when no other is known.
    pub const fn usual_error(self) -> Option<&'static str> {
        match self {
            Self::Failed => Some("engine.failed"),
            Self::Interrupted => Some("server.stopping"),
            Self::Running | Self::Complete | Self::Length | Self::Stopped => None,
        }
    }

    /// The state of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        let all = [
            Self::Running,
            Self::Complete,
            Self::Length,
            Self::Stopped,
            Self::Failed,
            Self::Interrupted,
        ];
        all.into_iter().find(|state| state.as_str() == word)
    }
}

impl Answer {
    /// One that has said nothing yet.
    pub(crate) fn running(model: ModelId) -> Self {
        let (text, state) = (String::new(), EntryState::Running);
        Self { model, text, state, request: None, usage: None, error: None }
    }
}

impl Entry {
    pub const fn state(&self) -> EntryState {
        match &self.body {
            Body::Question(_) => EntryState::Complete,
            Body::Answer(answer) => answer.state,
        }
    }

    pub fn text(&self) -> &str {
        match &self.body {
            Body::Question(question) => &question.text,
            Body::Answer(answer) => &answer.text,
        }
    }

    pub const fn answer(&self) -> Option<&Answer> {
        match &self.body {
            Body::Question(_) => None,
            Body::Answer(answer) => Some(answer),
        }
    }
}

/// Which draft: a conversation's, or that of the one which does not exist yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DraftOf {
    New,
    Conversation(ConversationId),
}

/// What is typed but not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    pub text: String,
    pub attachments: Vec<Attachment>,
    pub model: Option<ModelId>,
    pub updated_at: Timestamp,
}

impl Draft {
    /// Writing an empty draft removes it.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.attachments.is_empty()
    }
}
