//! Reads requests to go on with texts.

use serde_json::Value;

use super::{
    asks_for_something,
    field::{Field, Findings},
    read_accepted, read_bounds, read_choices, read_json, read_sampling, read_word,
};
use crate::{
    ChatRequest, FieldErrorKind as Kind, FimRequest, RequestError, TextCompletionRequest,
    TextPrompt, limits,
};

/// What a text may add without a bound of its own, as `OpenAI` has it.
const MAX_TOKENS: u32 = 16;

impl TextCompletionRequest {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`RequestError`]: not UTF-8, not JSON, fields that make no sense, or a sound request for
    /// something that is not offered. Never panics, whatever the bytes.
    pub fn decode(body: &[u8]) -> Result<Self, RequestError> {
        let value = read_json(body)?;
        let mut findings = Findings::default();
        let body = Field::body(&value);
        if body.object(&mut findings).is_none() {
            return findings.unless_any(Self::default());
        }
        let mut request = Self { chat: read_terms(&body, &mut findings), ..Self::default() };
        request.chat.max_tokens.get_or_insert(MAX_TOKENS);
        request.chat.n = read_choices(&body, &mut findings);
        request.chat.top_logprobs = read_logprobs(&body, &mut findings);
        request.chat.logprobs = request.chat.top_logprobs.map(|_| true);
        if let Some(prompt) = body.need("prompt", &mut findings) {
            request.prompts = read_prompts(&prompt, &mut findings).unwrap_or_default();
        }
        // Clients send an empty one where they have none.
        let suffix = read_word(&body, "suffix", &mut findings).flatten();
        request.suffix = suffix.filter(|text| !text.is_empty());
        let echo = body.get("echo").and_then(|field| field.boolean(&mut findings));
        request.echo = echo.unwrap_or(false);
        refuse_unsupported(&body, &request, &mut findings);
        findings.unless_any(request)
    }
}

impl FimRequest {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// As [`TextCompletionRequest::decode`].
    pub fn decode(body: &[u8]) -> Result<Self, RequestError> {
        let value = read_json(body)?;
        let mut findings = Findings::default();
        let body = Field::body(&value);
        if body.object(&mut findings).is_none() {
            return findings.unless_any(Self::default());
        }
        let chat = read_terms(&body, &mut findings);
        let prompt = body.need("prompt", &mut findings);
        let prompt = prompt.and_then(|field| field.text(&mut findings).map(str::to_owned));
        let suffix = read_word(&body, "suffix", &mut findings).flatten();
        let request =
            Self { chat, prompt: prompt.unwrap_or_default(), suffix: suffix.unwrap_or_default() };
        findings.unless_any(request)
    }
}

/// Model, sampling, bounds, and whether the answer is streamed.
fn read_terms(body: &Field<'_>, findings: &mut Findings) -> ChatRequest {
    let mut chat = ChatRequest::default();
    if let Some(model) = body.need("model", findings).and_then(|field| field.text(findings)) {
        model.clone_into(&mut chat.model);
    }
    read_sampling(body, &mut chat, findings);
    read_bounds(body, &mut chat, findings);
    read_accepted(body, &mut chat, findings);
    let stream = body.get("stream").and_then(|field| field.boolean(findings));
    chat.stream = stream.unwrap_or(false);
    chat
}

fn read_logprobs(body: &Field<'_>, findings: &mut Findings) -> Option<u8> {
    let field = body.get("logprobs")?;
    // Some clients write it as newer requests have it.
    match field.value() {
        Value::Bool(false) => return None,
        Value::Bool(true) => return Some(0),
        Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {}
    }
    let candidates = field.count(0, findings)?;
    if u64::from(candidates) > limits::TOP_LOGPROBS {
        let message = format!("must be between 0 and {}", limits::TOP_LOGPROBS);
        field.refuse(Kind::OutOfRange, &message, findings);
    }
    u8::try_from(candidates).ok()
}

fn read_prompts(field: &Field<'_>, findings: &mut Findings) -> Option<Vec<TextPrompt>> {
    if let Value::String(text) = field.value() {
        return Some(vec![TextPrompt::Text(text.clone())]);
    }
    if !field.value().is_array() {
        let message = "must be a string, a list of strings, or tokens";
        field.refuse(Kind::String, message, findings);
        return None;
    }
    let list = field.list(findings)?;
    if list.is_empty() {
        field.refuse(Kind::TooShort, "must have at least one text", findings);
        return None;
    }
    if list.iter().all(|item| item.value().is_number()) {
        return Some(vec![TextPrompt::Tokens(read_tokens(&list, findings)?)]);
    }
    if list.len() > limits::PROMPTS {
        let message = format!("must have at most {} texts", limits::PROMPTS);
        field.refuse(Kind::TooLong, &message, findings);
        return None;
    }
    list.iter().map(|item| read_prompt(item, findings)).collect()
}

fn read_prompt(item: &Field<'_>, findings: &mut Findings) -> Option<TextPrompt> {
    match item.value() {
        Value::String(text) => Some(TextPrompt::Text(text.clone())),
        Value::Array(_) => {
            let tokens = item.list(findings)?;
            Some(TextPrompt::Tokens(read_tokens(&tokens, findings)?))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            item.refuse(Kind::String, "must be a string or a list of tokens", findings);
            None
        }
    }
}

fn read_tokens(list: &[Field<'_>], findings: &mut Findings) -> Option<Vec<u32>> {
    list.iter().map(|token| token.count(0, findings)).collect()
}

fn refuse_unsupported(body: &Field<'_>, request: &TextCompletionRequest, findings: &mut Findings) {
    if let Some(best_of) = body.get("best_of")
        && let Some(count) = best_of.count(1, findings)
        && count > u32::from(request.chat.n.unwrap_or(1))
    {
        best_of.refuse(Kind::Unsupported, "no answers are written but those told", findings);
    }
    let has_tokens = request.prompts.iter().any(|prompt| matches!(prompt, TextPrompt::Tokens(_)));
    if let Some(suffix) = body.get("suffix")
        && request.suffix.is_some()
        && has_tokens
    {
        suffix.refuse(Kind::Unsupported, "needs a prompt that is a text", findings);
    }
    if let Some(echo) = body.get("echo")
        && request.echo
    {
        if has_tokens {
            echo.refuse(Kind::Unsupported, "needs a prompt that is a text", findings);
        } else if request.chat.logprobs.is_some() {
            let message = "log-probabilities of a prompt are not offered";
            echo.refuse(Kind::Unsupported, message, findings);
        }
    }
    for key in ["prompt_logprobs", "guardrails"] {
        if let Some(field) = body.get(key)
            && asks_for_something(field.value())
        {
            field.refuse(Kind::Unsupported, "is not offered", findings);
        }
    }
}
