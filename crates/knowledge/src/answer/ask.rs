//! One question to the model: a request of the caller like any other, metered, limited by the
//! caller's budgets, with its entry in the log. No tools are offered in it.

use std::sync::Arc;

use domain::{Caller, ModelId, RequestId, chat::Message};
use inference::{
    AnswerFormat, Chat, ChatCommand, ChatError, ChatEvent, FinishReason, GatewayError, Priority,
    QuoteForm, QuotesRead, Sampling, ToolUse, Usage,
    ports::{EngineError, UpstreamError},
};

use super::AnswerError;

/// How the model that answers is kept to a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Means {
    /// Token by token, by the engine of this server.
    Here,
    /// By a JSON schema, by an engine elsewhere: numbers are asked for, and no words of it are
    /// used for quotes.
    Elsewhere,
}

impl Means {
    pub(super) fn of(chat: &Chat, model: &ModelId) -> Self {
        if chat.keeps_quotes(model) { Self::Here } else { Self::Elsewhere }
    }

    pub(super) fn format(self, form: &Arc<QuoteForm>) -> AnswerFormat {
        match self {
            Self::Here => AnswerFormat::Quotes(Arc::clone(form)),
            Self::Elsewhere => form.picks(),
        }
    }

    pub(super) fn read(self, form: &QuoteForm, answer: &str) -> QuotesRead {
        match self {
            Self::Here => form.read(answer),
            Self::Elsewhere => form.read_picks(answer),
        }
    }
}

/// What a model is asked.
pub(super) struct Question<'a> {
    pub(super) model: &'a ModelId,
    pub(super) messages: Vec<Message>,
    pub(super) format: AnswerFormat,
    pub(super) max_tokens: u32,
}

/// What a model said.
pub(super) struct Said {
    pub(super) request: RequestId,
    pub(super) text: String,
    /// Whether it was cut by the limit of tokens.
    pub(super) is_cut: bool,
    pub(super) usage: Usage,
}

/// Asks, and tells the text so far each time that there is more of it.
pub(super) async fn ask(
    chat: &Chat,
    caller: &Caller,
    question: Question<'_>,
    on_text: &mut (dyn FnMut(&str) + Send),
) -> Result<Said, AnswerError> {
    let mut stream = chat.start(caller, command(question)).await?;
    let request = stream.request();
    let mut text = String::new();
    loop {
        match stream.next().await {
            Some(ChatEvent::Token(piece)) => {
                text.push_str(&piece.text);
                on_text(&text);
            }
            Some(ChatEvent::Finished { reason, usage }) => {
                let is_cut = reason != FinishReason::Stop;
                return Ok(Said { request, text, is_cut, usage });
            }
            Some(ChatEvent::Unrecorded { .. }) => return Err(AnswerError::Unrecorded),
            Some(ChatEvent::Call(_) | ChatEvent::Stopped { .. } | ChatEvent::Failed { .. })
            | None => return Err(AnswerError::BrokeOff),
        }
    }
}

fn command(question: Question<'_>) -> ChatCommand {
    ChatCommand {
        model: question.model.clone(),
        priority: Priority::Interactive,
        messages: question.messages,
        // The most likely words: the same question gives the same answer.
        sampling: Sampling { temperature: 0.0, ..Sampling::default() },
        format: question.format,
        tools: ToolUse::default(),
        max_tokens: Some(question.max_tokens),
        stop: Vec::new(),
        top_logprobs: None,
        is_streamed: true,
    }
}

/// Whether fewer passages may fit.
pub(super) const fn is_too_long(error: &ChatError) -> bool {
    matches!(error, ChatError::Engine(EngineError::ContextTooLong { .. }))
}

/// Whether whoever answers cannot keep the form, and may keep another one.
pub(super) const fn cannot_keep(error: &ChatError) -> bool {
    matches!(
        error,
        ChatError::Engine(EngineError::FormatRejected { .. })
            | ChatError::Gateway(GatewayError::Upstream {
                source: UpstreamError::Unsuited { .. },
                ..
            })
    )
}
