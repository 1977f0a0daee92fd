//! The functions that a model may ask its caller to call.

use std::sync::Arc;

use domain::{IdSource, Timestamp};

/// A function, as the model is told of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tool {
    /// No other tool of a request has it.
    pub name: String,
    pub description: Option<String>,
    /// Its arguments: the JSON schema of an object, as text.
    pub parameters: Arc<str>,
    /// Whether every keyword of the schema must be kept; otherwise what cannot be kept is left out.
    pub strict: bool,
}

/// Whether the model calls, and what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum ToolChoice {
    /// As it likes.
    #[default]
    Auto,
    /// At least one of the tools.
    Any,
    /// The tool of this name.
    Named(String),
}

/// How many calls one answer may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CallCount {
    One,
    /// As far as the model can write several.
    #[default]
    Many,
}

/// What a model may, or must, call in an answer. Without tools it calls nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ToolUse {
    pub tools: Vec<Tool>,
    pub choice: ToolChoice,
    pub count: CallCount,
}

/// A call as an engine reads it from an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionCall {
    pub name: String,
    /// A JSON object, as text.
    pub arguments: String,
}

const ID_CHARACTERS: [u8; 62] = *b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// As many as the templates of Mistral's models demand.
const ID_LEN: usize = 9;

/// An id for a call: nine letters and digits.
pub(crate) fn call_id(ids: &dyn IdSource, now: Timestamp) -> String {
    // The lower half of an id is random.
    let (_, mut random) = ids.next(now).as_u64_pair();
    let next = || {
        let character = ID_CHARACTERS[usize::try_from(random % 62).unwrap_or(0)];
        random /= 62;
        char::from(character)
    };
    std::iter::repeat_with(next).take(ID_LEN).collect()
}
