//! How one model is told of tools, and what its answers are kept to.

use domain::Timestamp;
use inference::{
    AnswerFormat, CallCount, Tool, ToolChoice, ToolUse,
    ports::{Asked, EngineError},
};
use llguidance::Matcher;

use super::Served;
use crate::{
    grammar::GrammarError,
    template::{Rendered, TemplateError},
    tools::{CallReader, Telling, begun_call, forced_calls, schema_of, told, with_short_ids},
};

/// When all together cannot be offered, so many are looked at one by one.
const SUSPECTS_MAX: usize = 32;

/// What an answer is kept to; `None` where the model is free.
pub(crate) struct Forms<T> {
    /// From its first token on.
    pub(crate) answer: Option<T>,
    /// From where a call begins.
    pub(crate) call: Option<T>,
}

impl Served {
    pub(super) fn render(
        &self,
        asked: Asked<'_>,
        now: Timestamp,
    ) -> Result<Rendered, TemplateError> {
        let Asked { messages, tools, .. } = asked;
        let tools = &tools.tools[..];
        let dialect = self.style.dialect;
        match self.style.telling {
            Telling::Template if dialect.has_short_ids() => {
                self.template.render(&with_short_ids(messages), tools, now)
            }
            Telling::Template => self.template.render(messages, tools, now),
            Telling::Messages => {
                let render =
                    |place| self.template.render(&told(messages, tools, dialect, place), &[], now);
                let (first, others) = dialect.places();
                let mut rendered = render(first);
                for &place in others {
                    // A template may object to instructions alone.
                    if tools.is_empty() || !matches!(rendered, Err(TemplateError::Refused { .. })) {
                        break;
                    }
                    rendered = render(place);
                }
                rendered
            }
        }
    }

    /// What `take` makes of that which an answer is kept to, compiled now or before.
    pub(crate) fn forms<T>(
        &self,
        format: &AnswerFormat,
        tools: &ToolUse,
        take: impl Fn(&Matcher) -> T,
    ) -> Result<Forms<T>, EngineError> {
        if tools.tools.is_empty() {
            let answer = self.matcher(format, take).map_err(unkept)?;
            return Ok(Forms { answer, call: None });
        }
        match tools.choice {
            ToolChoice::Any | ToolChoice::Named(_) => {
                let grammar = forced_calls(self.style.dialect, &self.marks, tools);
                let answer = self.call_matcher(grammar, tools, take)?;
                Ok(Forms { answer, call: None })
            }
            ToolChoice::Auto => {
                let grammar = begun_call(self.style.dialect, &self.marks, tools);
                match self.call_matcher(grammar, tools, take) {
                    Ok(call) => Ok(Forms { answer: None, call }),
                    // A model that cannot be kept to anything may still call.
                    Err(EngineError::Failed { detail }) => {
                        tracing::debug!(detail, "calls are not kept to their tools");
                        Ok(Forms { answer: None, call: None })
                    }
                    Err(error) => Err(error),
                }
            }
        }
    }

    /// Reads the calls of an answer; `None` where there are no tools to call.
    pub(crate) fn call_reader(&self, tools: &ToolUse) -> Option<CallReader> {
        let names: Vec<String> = tools.tools.iter().map(|tool| tool.name.clone()).collect();
        (!names.is_empty()).then(|| CallReader::new(self.style.dialect, names))
    }

    /// Whether an answer ends with its first call.
    pub(crate) fn calls_once(&self, tools: &ToolUse) -> bool {
        tools.count == CallCount::One || !self.style.dialect.writes_many()
    }

    fn matcher<T>(
        &self,
        format: &AnswerFormat,
        take: impl Fn(&Matcher) -> T,
    ) -> Result<Option<T>, GrammarError> {
        let vocabulary = self.model.config().vocabulary;
        self.grammars.matcher(format, &self.tokenizer, vocabulary, take)
    }

    fn call_matcher<T>(
        &self,
        grammar: Result<String, String>,
        tools: &ToolUse,
        take: impl Fn(&Matcher) -> T,
    ) -> Result<Option<T>, EngineError> {
        let grammar = grammar.map_err(|reason| EngineError::ToolsRejected { reason })?;
        self.matcher(&AnswerFormat::Lark(grammar.into()), take).map_err(|error| match error {
            GrammarError::Rejected { reason } => {
                let reason = self.blame(&tools.tools).unwrap_or_else(|| {
                    format!("together they cannot be followed at each token: {reason}")
                });
                EngineError::ToolsRejected { reason }
            }
            GrammarError::Tokenizer { .. } => EngineError::Failed { detail: error.to_string() },
        })
    }

    /// The first tool that cannot be offered by itself.
    fn blame(&self, tools: &[Tool]) -> Option<String> {
        let reason = |tool: &Tool| {
            let schema = match schema_of(tool) {
                Ok(schema) => schema.to_string(),
                Err(reason) => return Some(reason),
            };
            let alone = format!("start: arguments\narguments: %json {schema}\n");
            match self.matcher(&AnswerFormat::Lark(alone.into()), |_| ()) {
                Err(GrammarError::Rejected { reason }) => {
                    Some(format!("the parameters of `{}`: {reason}", tool.name))
                }
                Ok(_) | Err(GrammarError::Tokenizer { .. }) => None,
            }
        };
        tools.iter().take(SUSPECTS_MAX).find_map(reason)
    }
}

fn unkept(error: GrammarError) -> EngineError {
    match error {
        GrammarError::Rejected { reason } => EngineError::FormatRejected { reason },
        GrammarError::Tokenizer { .. } => EngineError::Failed { detail: error.to_string() },
    }
}
