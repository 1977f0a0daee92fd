//! Renders conversations with the model's own chat template, a Jinja program in the GGUF file.
//!
//! Two parties are not trusted here. The template comes from a model file: it gets a budget of
//! steps, nesting and output. The messages come from users: whatever they write, they cannot
//! forge the tokens that structure a conversation ([`disguise`]), because [`Rendered`] tells
//! these tokens from all other text.

mod disguise;
mod environment;
mod named;
mod strftime;
#[cfg(test)]
mod tests;
mod to_json;
mod values;

use std::{error::Error as _, io};

use domain::{
    Timestamp,
    chat::{Message, Role},
};
use inference::Tool;
use minijinja::{Environment, ErrorKind, Value, context};

use self::{disguise::Disguise, environment::Refusal};
use crate::{
    checkpoint::Checkpoint,
    tokenizer::{SpecialMatcher, SpecialTokens, Tokenizer},
    tools::described,
};

const KEY: &str = "tokenizer.chat_template";
/// Steps for a rendering, and for each of its messages. Real templates take a few hundred a
/// message.
const FUEL: u64 = 500_000;
const FUEL_PER_MESSAGE: u64 = 20_000;
/// What a template may write beside several times the messages themselves.
const OUTPUT_BYTES: usize = 1 << 20;

/// Why a conversation cannot be rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("the model file lacks `tokenizer.chat_template`")]
    Missing,
    /// The template, or its use, objects to these messages; the text is for the user.
    #[error("{message}")]
    Refused { message: String },
    #[error("the model's chat template is broken: {detail}")]
    Broken { detail: String },
    #[error("the model's chat template takes too many steps or writes too much")]
    TooCostly,
}

/// A part of a rendered conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    pub text: String,
    /// `Parse` for exactly one structural token that the template wrote.
    pub special: SpecialTokens,
}

/// A rendered conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    pub segments: Vec<Segment>,
}

impl Rendered {
    /// The prompt as the model reads it, with the start token when the model wants one and the
    /// template did not write it.
    pub fn tokens(&self, tokenizer: &Tokenizer) -> Vec<u32> {
        let mut tokens: Vec<u32> = Vec::new();
        for segment in &self.segments {
            let strips = tokens.last().is_some_and(|&token| tokenizer.strips(token));
            let text = if strips { segment.text.trim_start() } else { &segment.text };
            tokens.append(&mut tokenizer.encode_rendered(text, segment.special));
        }
        match tokenizer.bos() {
            Some(bos) if tokenizer.add_bos() && tokens.first() != Some(&bos) => {
                tokens.insert(0, bos);
            }
            _ => {}
        }
        tokens
    }

    /// The rendered text. Not to be tokenised as a whole: it no longer tells who wrote what.
    pub fn text(&self) -> String {
        self.segments.iter().map(|segment| segment.text.as_str()).collect()
    }
}

/// What is rendered.
struct Given<'a> {
    messages: &'a [Message],
    tools: &'a [serde_json::Value],
    now: Timestamp,
    /// Marks where a message ends that is to be continued.
    end: char,
}

/// A compiled chat template.
#[derive(Debug)]
pub struct ChatTemplate {
    environment: Environment<'static>,
    source: String,
    structural: SpecialMatcher,
    bos: String,
    eos: String,
}

impl ChatTemplate {
    pub fn from_checkpoint(
        file: &Checkpoint,
        tokenizer: &Tokenizer,
    ) -> Result<Self, TemplateError> {
        let source = file.text(KEY).ok_or(TemplateError::Missing)?;
        match named::template(source) {
            Some(known) => Self::new(&known, tokenizer),
            None if !source.contains('{') => {
                let detail = format!("`{source}` is a name, and no template");
                Err(TemplateError::Broken { detail })
            }
            None => Self::new(source, tokenizer),
        }
    }

    /// Compiles a template that does not come from the model's file.
    pub fn new(source: &str, tokenizer: &Tokenizer) -> Result<Self, TemplateError> {
        let text_of = |token: Option<u32>| {
            token.map_or_else(String::new, |token| {
                String::from_utf8_lossy(tokenizer.token_bytes(token)).into_owned()
            })
        };
        let environment = environment::compile(source).map_err(|error| failure(&error))?;
        Ok(Self {
            environment,
            source: source.to_owned(),
            structural: tokenizer.structural_special().clone(),
            bos: text_of(tokenizer.bos()),
            eos: text_of(tokenizer.end_tokens().first().copied()),
        })
    }

    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// Renders the messages and the opening of the model's answer.
    ///
    /// A last message of the assistant with `prefix` is not closed: the model continues it.
    pub fn render(
        &self,
        messages: &[Message],
        tools: &[Tool],
        now: Timestamp,
    ) -> Result<Rendered, TemplateError> {
        let mut disguise = Disguise::new(&self.structural, &self.source);
        for message in messages {
            disguise.avoid(&message.content);
            values::texts_of_calls(message).for_each(|text| disguise.avoid(text));
        }
        let tools: Vec<serde_json::Value> = tools.iter().map(described).collect();
        for tool in &tools {
            disguise.avoid(&tool.to_string());
        }
        let disguise = disguise.choose().ok_or_else(|| TemplateError::Refused {
            message: "the messages use every private-use character".to_owned(),
        })?;
        let given = Given { messages, tools: &tools, now, end: disguise.end() };
        let plain =
            self.render_with(&given, |content| disguise.break_tokens(content, &self.structural))?;
        let strict = self.render_with(&given, |content| disguise.hide_characters(content))?;
        // The strict rendering proves which tokens the template itself writes. When the plain
        // one shows others, the template has glued one together from what users wrote.
        let genuine = self.structural.find_all(&strict).map(|found| found.token);
        let shown = self.structural.find_all(&plain).map(|found| found.token);
        let chosen = if shown.eq(genuine) { plain } else { strict };
        Ok(self.segments(&chosen, &disguise))
    }

    /// Renders with disguised contents, and cuts behind a message that is to be continued.
    fn render_with(
        &self,
        given: &Given<'_>,
        disguised: impl Fn(&str) -> String,
    ) -> Result<String, TemplateError> {
        let &Given { messages, tools, now, end } = given;
        let continued = messages
            .last()
            .is_some_and(|message| message.role == Role::Assistant && message.prefix);
        let mut contents: Vec<String> =
            messages.iter().map(|message| disguised(&message.content)).collect();
        if continued && let Some(last) = contents.last_mut() {
            last.push(end);
        }
        let output_bytes = OUTPUT_BYTES + 8 * contents.iter().map(String::len).sum::<usize>();
        let values = messages.iter().zip(contents);
        let values = values
            .map(|(message, content)| values::message(message, content, &disguised))
            .collect();
        let tools: Vec<Value> = tools.iter().map(|tool| values::json(tool, &disguised)).collect();
        let mut text = self.evaluate(values, tools, !continued, (now, output_bytes))?;
        if continued {
            let cut = text.rfind(end).ok_or_else(|| TemplateError::Refused {
                message: "the model's chat template cannot continue the last message".to_owned(),
            })?;
            text.truncate(cut);
        }
        Ok(text)
    }

    fn evaluate(
        &self,
        messages: Vec<Value>,
        tools: Vec<Value>,
        add_generation_prompt: bool,
        (now, output_bytes): (Timestamp, usize),
    ) -> Result<String, TemplateError> {
        let mut environment = self.environment.clone();
        let parts = (messages.len() + tools.len()) as u64;
        environment.set_fuel(Some(FUEL + FUEL_PER_MESSAGE * parts));
        let template =
            environment.get_template(environment::NAME).map_err(|error| failure(&error))?;
        let date = move |format: &str| strftime::format(now, format);
        let values = context! {
            messages => messages,
            add_generation_prompt => add_generation_prompt,
            bos_token => self.bos.as_str(),
            eos_token => self.eos.as_str(),
            tools => if tools.is_empty() { Value::from(()) } else { Value::from(tools) },
            documents => (),
            strftime_now => Value::from_function(date),
        };
        let mut output = BoundedOutput { bytes: Vec::new(), left: output_bytes, full: false };
        let result = template.render_captured_to(values, &mut output).map(drop);
        if output.full {
            return Err(TemplateError::TooCostly);
        }
        result.map_err(|error| failure(&error))?;
        String::from_utf8(output.bytes)
            .map_err(|_| TemplateError::Broken { detail: "its output is not text".to_owned() })
    }

    /// Tells the template's structural tokens from all other text, and undoes the disguise.
    fn segments(&self, text: &str, disguise: &Disguise) -> Rendered {
        let mut segments = Vec::new();
        let mut add = |text: String, special| {
            if !text.is_empty() {
                segments.push(Segment { text, special });
            }
        };
        let mut start = 0;
        for found in self.structural.find_all(text) {
            add(disguise.reveal(&text[start..found.start]), SpecialTokens::AsText);
            add(text[found.start..found.end].to_owned(), SpecialTokens::Parse);
            start = found.end;
        }
        add(disguise.reveal(&text[start..]), SpecialTokens::AsText);
        Rendered { segments }
    }
}

fn failure(error: &minijinja::Error) -> TemplateError {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(Refusal { message }) = cause.downcast_ref() {
            return TemplateError::Refused { message: message.clone() };
        }
        source = cause.source();
    }
    if error.kind() == ErrorKind::OutOfFuel {
        return TemplateError::TooCostly;
    }
    TemplateError::Broken { detail: error.to_string() }
}

/// Collects output up to a limit, so that a template cannot fill the memory by writing.
struct BoundedOutput {
    bytes: Vec<u8>,
    left: usize,
    full: bool,
}

impl io::Write for BoundedOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(left) = self.left.checked_sub(bytes.len()) else {
            self.full = true;
            return Err(io::ErrorKind::StorageFull.into());
        };
        self.left = left;
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
