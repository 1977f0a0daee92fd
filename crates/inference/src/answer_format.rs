//! The form that an answer must have.

use std::sync::Arc;

use crate::QuoteForm;

/// What the text of an answer must be. The engine lets the model write nothing else; only an
/// answer that is cut by `max_tokens` or a stop string is incomplete.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum AnswerFormat {
    /// Whatever the model writes.
    #[default]
    Text,
    /// JSON that a schema describes: the schema as JSON text, an object.
    Json(Arc<str>),
    /// Text that a regular expression matches as a whole.
    Regex(Arc<str>),
    /// Text that a context-free grammar in Lark's notation describes.
    Lark(Arc<str>),
    /// Sentences of given passages, to the letter. The engine of this server keeps it; engines
    /// elsewhere cannot and refuse it, see [`QuoteForm::picks`].
    Quotes(Arc<QuoteForm>),
}

impl AnswerFormat {
    /// Any JSON object.
    pub fn json_object() -> Self {
        Self::Json(Arc::from(r#"{"type":"object"}"#))
    }
}
