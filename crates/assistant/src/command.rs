//! What callers ask for, and its limits.

use domain::{EntryId, ModelId};

use crate::{
    AssistantError, Attachment, Change, Draft, Idempotency, ListQuery, Question, TurnSettings,
};

const NAME_CHARACTERS_MAX: usize = 200;
const DESCRIPTION_CHARACTERS_MAX: usize = 1_000;
const INSTRUCTIONS_BYTES_MAX: usize = 64 * 1024;
const METADATA_BYTES_MAX: usize = 16 * 1024;
const ATTACHMENTS_MAX: usize = 20;
const ATTACHMENT_NAME_CHARACTERS_MAX: usize = 255;
const DRAFT_BYTES_MAX: usize = 2 * 1024 * 1024;
const SEARCH_CHARACTERS_MAX: usize = 200;
const PAGE_MAX: u32 = 1_000;

/// A new conversation and its first question.
#[derive(Clone, Debug)]
pub struct Start {
    /// `None`: made from the question.
    pub name: Option<String>,
    pub description: Option<String>,
    pub instructions: Option<String>,
    pub model: ModelId,
    pub settings: TurnSettings,
    /// JSON text.
    pub metadata: Option<String>,
    pub question: Question,
    pub idempotency: Option<Idempotency>,
}

/// The next turn of a conversation.
#[derive(Clone, Debug, Default)]
pub struct Append {
    /// `None`: answer the entry that is followed again if it is a question, continue it if it is
    /// an answer.
    pub question: Option<Question>,
    pub follow: Follow,
    /// `None`: the conversation's. Another one is the conversation's from now on.
    pub model: Option<ModelId>,
    /// For this turn only; `None`: the conversation's.
    pub settings: Option<TurnSettings>,
    pub idempotency: Option<Idempotency>,
}

/// What a turn goes on from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Follow {
    /// The end of the branch that is shown.
    #[default]
    Head,
    /// Nothing: a first question beside the others.
    Root,
    Entry(EntryId),
}

/// A new conversation that begins with a copy of another one's path.
#[derive(Clone, Debug)]
pub struct Restart {
    /// The last entry that is copied.
    pub from: EntryId,
    /// `None`: answer `from` again, or continue it.
    pub question: Option<Question>,
    pub settings: Option<TurnSettings>,
    pub idempotency: Option<Idempotency>,
}

/// A draft as it is typed.
#[derive(Clone, Debug, Default)]
pub struct WriteDraft {
    pub text: String,
    pub attachments: Vec<Attachment>,
    pub model: Option<ModelId>,
}

impl Start {
    pub(crate) fn check(&self) -> Result<(), AssistantError> {
        check_question(&self.question)?;
        check_name(self.name.as_deref())?;
        let description = self.description.as_deref().unwrap_or_default().chars().count();
        at_most("description", description, DESCRIPTION_CHARACTERS_MAX, "characters")?;
        let instructions = self.instructions.as_deref().unwrap_or_default().len();
        at_most("instructions", instructions, INSTRUCTIONS_BYTES_MAX, "bytes")?;
        let metadata = self.metadata.as_deref().unwrap_or_default().len();
        at_most("metadata", metadata, METADATA_BYTES_MAX, "bytes of JSON")
    }
}

impl Append {
    pub(crate) fn check(&self) -> Result<(), AssistantError> {
        self.question.as_ref().map_or(Ok(()), check_question)
    }
}

impl Restart {
    pub(crate) fn check(&self) -> Result<(), AssistantError> {
        self.question.as_ref().map_or(Ok(()), check_question)
    }
}

impl Change {
    pub(crate) fn check(&self) -> Result<(), AssistantError> {
        check_name(self.name.as_deref())
    }
}

impl ListQuery {
    pub(crate) fn check(&self) -> Result<(), AssistantError> {
        let search = self.search.as_deref().unwrap_or_default().chars().count();
        at_most("search", search, SEARCH_CHARACTERS_MAX, "characters")?;
        if (1..=PAGE_MAX).contains(&self.limit) {
            return Ok(());
        }
        Err(invalid("page_size", format!("a page has 1 to {PAGE_MAX} conversations")))
    }
}

impl Draft {
    pub(crate) fn check(&self) -> Result<(), AssistantError> {
        check_attachments(&self.attachments)?;
        let attached = self.attachments.iter().map(|file| file.name.len() + file.text.len());
        let bytes = self.text.len() + attached.sum::<usize>();
        at_most("text", bytes, DRAFT_BYTES_MAX, "bytes together with its attachments")
    }
}

fn check_question(question: &Question) -> Result<(), AssistantError> {
    if question.text.is_empty() && question.attachments.is_empty() {
        return Err(invalid("inputs", "a question needs a text or a file".to_owned()));
    }
    check_attachments(&question.attachments)
}

fn check_attachments(attachments: &[Attachment]) -> Result<(), AssistantError> {
    at_most("attachments", attachments.len(), ATTACHMENTS_MAX, "files")?;
    attachments.iter().try_for_each(|file| {
        let characters = file.name.chars().count();
        at_most("file_name", characters, ATTACHMENT_NAME_CHARACTERS_MAX, "characters")
    })
}

fn check_name(name: Option<&str>) -> Result<(), AssistantError> {
    let Some(name) = name else { return Ok(()) };
    if name.trim().is_empty() {
        return Err(invalid("name", "a name needs a character that is seen".to_owned()));
    }
    at_most("name", name.chars().count(), NAME_CHARACTERS_MAX, "characters")
}

fn at_most(
    parameter: &'static str,
    found: usize,
    most: usize,
    unit: &str,
) -> Result<(), AssistantError> {
    if found <= most {
        return Ok(());
    }
    Err(invalid(parameter, format!("`{parameter}` has {found} {unit}, and at most {most} fit")))
}

fn invalid(parameter: &'static str, reason: String) -> AssistantError {
    AssistantError::Invalid { parameter, reason }
}
