//! Reads chat requests: lenient about what it does not know, strict about what it does.

mod batch;
mod classification;
mod collection;
mod conversation;
mod embedding;
mod field;
mod format;
mod library;
mod rerank;
mod responses;
mod text_completion;
mod tool;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    Accepted, ChatRequest, FieldErrorKind as Kind, Message, RequestError, Role, ServiceTier,
    StreamOptions, limits,
};
use field::{Field, Findings};
use tool::Shape;

impl ChatRequest {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`RequestError`]: not UTF-8, not JSON, fields that make no sense, or a sound request for
    /// something that is not offered. Never panics, whatever the bytes.
    pub fn decode(body: &[u8]) -> Result<Self, RequestError> {
        Self::from_value(&read_json(body)?)
    }

    /// Reads a request that is JSON already.
    ///
    /// # Errors
    /// As [`ChatRequest::decode`].
    pub fn from_value(value: &Value) -> Result<Self, RequestError> {
        let mut findings = Findings::default();
        let body = Field::body(value);
        if body.object(&mut findings).is_none() {
            return findings.unless_any(Self::default());
        }
        let mut request = Self::default();
        read_conversation(&body, &mut request, &mut findings);
        read_sampling(&body, &mut request, &mut findings);
        read_bounds(&body, &mut request, &mut findings);
        read_report(&body, &mut request, &mut findings);
        format::read(&body, &mut request, &mut findings);
        tool::read(&body, Shape::Nested, &mut request, &mut findings);
        request.n = read_choices(&body, &mut findings);
        read_accepted(&body, &mut request, &mut findings);
        refuse_unsupported(&body, &mut findings);
        findings.unless_any(request)
    }
}

fn read_json(body: &[u8]) -> Result<Value, RequestError> {
    let text = std::str::from_utf8(body)
        .map_err(|error| RequestError::InvalidUtf8 { valid_up_to: error.valid_up_to() })?;
    serde_json::from_str(text)
        .map_err(|error| RequestError::InvalidJson { reason: error.to_string() })
}

fn read_conversation(body: &Field<'_>, request: &mut ChatRequest, findings: &mut Findings) {
    if let Some(model) = body.need("model", findings).and_then(|field| field.text(findings)) {
        model.clone_into(&mut request.model);
    }
    let Some(messages) = body.need("messages", findings) else { return };
    let Some(messages) = messages.list(findings) else { return };
    let last = messages.len().saturating_sub(1);
    let mut calls = tool::Calls::default();
    let read = |(index, field): (usize, &Field<'_>)| {
        let mut message = read_message(field, index == last, findings)?;
        calls.follow((field, "tool_call_id"), &mut message, findings);
        Some(message)
    };
    request.messages = messages.iter().enumerate().filter_map(read).collect();
}

fn read_message(field: &Field<'_>, is_last: bool, findings: &mut Findings) -> Option<Message> {
    field.object(findings)?;
    let role = field.need("role", findings)?;
    let role = read_role(&role, findings)?;
    let content = match (field.get("content"), role) {
        (Some(content), _) => read_content(&content, findings)?,
        (None, Role::Assistant) => String::new(),
        (None, Role::System | Role::User | Role::Tool) => {
            field.need("content", findings)?;
            return None;
        }
    };
    let prefix = match field.get("prefix") {
        Some(prefix) => prefix.boolean(findings)?,
        None => false,
    };
    // Clients keep the mark on earlier messages of a history; there it has done its work.
    let prefix = prefix && is_last && role == Role::Assistant;
    let mut message = Message { prefix, ..Message::new(role, content) };
    if role == Role::Assistant
        && let Some(calls) = field.get("tool_calls")
    {
        message.tool_calls = tool::read_calls(&calls, findings)?;
    }
    if role == Role::Tool {
        message.tool_call_id = read_word(field, "tool_call_id", findings)?;
        message.name = read_word(field, "name", findings)?;
    }
    Some(message)
}

/// `None` when it is no string.
#[expect(clippy::option_option, reason = "absent is not wrong")]
fn read_word(field: &Field<'_>, key: &str, findings: &mut Findings) -> Option<Option<String>> {
    match field.get(key) {
        Some(word) => Some(Some(word.text(findings)?.to_owned())),
        None => Some(None),
    }
}

fn read_role(field: &Field<'_>, findings: &mut Findings) -> Option<Role> {
    match field.text(findings)? {
        "system" | "developer" => Some(Role::System),
        "user" => Some(Role::User),
        "assistant" => Some(Role::Assistant),
        "tool" => Some(Role::Tool),
        _ => {
            let message = "must be one of system, developer, user, assistant, tool";
            field.refuse(Kind::Enum, message, findings);
            None
        }
    }
}

fn read_content(field: &Field<'_>, findings: &mut Findings) -> Option<String> {
    if let Value::String(text) = field.value() {
        return Some(text.clone());
    }
    if !field.value().is_array() {
        field.refuse(Kind::String, "must be a string or a list of chunks", findings);
        return None;
    }
    let mut text = String::new();
    for chunk in field.list(findings)? {
        text.push_str(read_chunk(&chunk, findings)?);
    }
    Some(text)
}

fn read_chunk<'a>(chunk: &Field<'a>, findings: &mut Findings) -> Option<&'a str> {
    chunk.object(findings)?;
    // A chunk that says nothing of its type but has a text is one: some clients write it so.
    let kind = match chunk.get("type") {
        Some(kind) => kind.text(findings)?,
        None => "text",
    };
    match kind {
        "text" => {
            let Some(text) = chunk.get("text") else {
                chunk.need("text", findings)?;
                return None;
            };
            text.text(findings)?;
            chunk.value().get("text").and_then(Value::as_str)
        }
        // What a model thought in earlier turns it does not read again.
        "thinking" => read_aside(chunk, "thinking", findings),
        "reference" => read_aside(chunk, "reference_ids", findings),
        _ => {
            let kind: String = kind.chars().take(64).collect();
            let message = format!("chunks of type `{kind}` are not supported, only `text`");
            chunk.refuse(Kind::Unsupported, &message, findings);
            None
        }
    }
}

/// A chunk that adds nothing to the text.
fn read_aside(chunk: &Field<'_>, key: &str, findings: &mut Findings) -> Option<&'static str> {
    let aside = chunk.get(key);
    let aside = aside.or_else(|| chunk.need(key, findings))?;
    if !aside.value().is_string() {
        aside.list(findings)?;
    }
    Some("")
}

fn read_sampling(body: &Field<'_>, request: &mut ChatRequest, findings: &mut Findings) {
    let mut number = |key, range, above_zero| {
        body.get(key).and_then(|field| field.number_in(range, above_zero, findings))
    };
    request.temperature = number("temperature", limits::TEMPERATURE, false);
    request.top_p = number("top_p", 0.0..=limits::TOP_P_MAX, true);
    request.min_p = number("min_p", limits::MIN_P, false);
    request.presence_penalty = number("presence_penalty", limits::PENALTY, false);
    request.frequency_penalty = number("frequency_penalty", limits::PENALTY, false);
    let repetition = 0.0..=limits::REPETITION_PENALTY_MAX;
    request.repetition_penalty = number("repetition_penalty", repetition, true);
    request.top_k = body.get("top_k").and_then(|field| read_top_k(&field, findings));
    let seed = body.get("seed").or_else(|| body.get("random_seed"));
    request.seed = seed.and_then(|field| read_seed(&field, findings));
    if let Some(biases) = body.get("logit_bias") {
        request.logit_bias = read_biases(&biases, findings).unwrap_or_default();
    }
}

fn read_top_k(field: &Field<'_>, findings: &mut Findings) -> Option<u32> {
    match field.integer(findings)? {
        -1 | 0 => None,
        _ => field.count(1, findings),
    }
}

/// Seeds may be negative with some clients; each value counts as a seed of its own.
fn read_seed(field: &Field<'_>, findings: &mut Findings) -> Option<u64> {
    let number = field.integer(findings)?;
    let seed = i64::try_from(number).map(i64::cast_unsigned).or_else(|_| u64::try_from(number));
    if seed.is_err() {
        field.refuse(Kind::OutOfRange, "must fit 64 bits", findings);
    }
    seed.ok()
}

#[expect(clippy::cast_possible_truncation, reason = "clamped to [-100, 100]")]
fn read_biases(field: &Field<'_>, findings: &mut Findings) -> Option<BTreeMap<u32, f32>> {
    let members = field.object(findings)?;
    if members.len() > limits::LOGIT_BIASES {
        let message = format!("must have at most {} members", limits::LOGIT_BIASES);
        field.refuse(Kind::TooLong, &message, findings);
        return None;
    }
    let mut biases = BTreeMap::new();
    for key in members.keys() {
        let Some(bias) = field.get(key) else { continue };
        let Ok(token) = key.parse() else {
            bias.refuse(Kind::Integer, "the key must be the number of a token", findings);
            continue;
        };
        if let Some(bias) = bias.number(findings) {
            biases.insert(token, bias.clamp(-limits::LOGIT_BIAS, limits::LOGIT_BIAS) as f32);
        }
    }
    Some(biases)
}

fn read_bounds(body: &Field<'_>, request: &mut ChatRequest, findings: &mut Findings) {
    let mut count = |key, min| body.get(key).and_then(|field| field.count(min, findings));
    let (older, newer) = (count("max_tokens", 1), count("max_completion_tokens", 1));
    request.max_tokens = older.into_iter().chain(newer).min();
    request.min_tokens = count("min_tokens", 0);
    if let Some(stop) = body.get("stop") {
        request.stop = read_stop(&stop, findings).unwrap_or_default();
    }
    let tier = body.get("service_tier").and_then(|field| field.text(findings));
    if tier == Some("flex") {
        request.service_tier = ServiceTier::Flex;
    }
}

/// Empty strings are dropped: nothing can be said before them.
fn read_stop(field: &Field<'_>, findings: &mut Findings) -> Option<Vec<String>> {
    let strings = match field.value() {
        Value::String(_) => vec![*field],
        Value::Array(_) => field.list(findings)?,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            field.refuse(Kind::String, "must be a string or a list of strings", findings);
            return None;
        }
    };
    if strings.len() > limits::STOP_STRINGS {
        let message = format!("must have at most {} strings", limits::STOP_STRINGS);
        field.refuse(Kind::TooLong, &message, findings);
        return None;
    }
    let mut stop = Vec::with_capacity(strings.len());
    for string in strings {
        let text = string.text(findings)?;
        if text.len() > limits::STOP_STRING_BYTES {
            let message = format!("must have at most {} bytes", limits::STOP_STRING_BYTES);
            string.refuse(Kind::TooLong, &message, findings);
            return None;
        }
        if !text.is_empty() {
            stop.push(text.to_owned());
        }
    }
    Some(stop)
}

fn read_report(body: &Field<'_>, request: &mut ChatRequest, findings: &mut Findings) {
    let mut boolean = |field: Option<Field<'_>>| field.and_then(|field| field.boolean(findings));
    request.stream = boolean(body.get("stream")).unwrap_or(false);
    request.logprobs = boolean(body.get("logprobs"));
    if let Some(options) = body.get("stream_options")
        && options.object(findings).is_some()
    {
        let include_usage = options.get("include_usage");
        let include_usage = include_usage.and_then(|field| field.boolean(findings));
        let include_usage = include_usage.unwrap_or(false);
        request.stream_options = Some(StreamOptions { include_usage });
    }
    if let Some(field) = body.get("top_logprobs")
        && let Some(number) = field.integer(findings)
    {
        let candidates = u8::try_from(number).ok();
        request.top_logprobs =
            candidates.filter(|&candidates| u64::from(candidates) <= limits::TOP_LOGPROBS);
        if request.top_logprobs.is_none() {
            let message = format!("must be between 0 and {}", limits::TOP_LOGPROBS);
            field.refuse(Kind::OutOfRange, &message, findings);
        }
    }
}

fn read_choices(body: &Field<'_>, findings: &mut Findings) -> Option<u8> {
    let field = body.get("n")?;
    let choices = field.count(1, findings)?;
    if choices > limits::CHOICES {
        let message = format!("must be at most {}", limits::CHOICES);
        field.refuse(Kind::OutOfRange, &message, findings);
    }
    u8::try_from(choices).ok()
}

/// A text, or a list of so many at most.
fn read_texts(field: &Field<'_>, most: usize, findings: &mut Findings) -> Option<Vec<String>> {
    if let Value::String(text) = field.value() {
        return Some(vec![text.clone()]);
    }
    if !field.value().is_array() {
        field.refuse(Kind::String, "must be a string or a list of strings", findings);
        return None;
    }
    let list = field.list(findings)?;
    if list.is_empty() {
        field.refuse(Kind::TooShort, "must have at least one text", findings);
        return None;
    }
    if list.len() > most {
        let message = format!("must have at most {most} texts");
        field.refuse(Kind::TooLong, &message, findings);
        return None;
    }
    list.iter().map(|item| item.text(findings).map(str::to_owned)).collect()
}

/// What changes nothing, but must be what it is called.
fn read_accepted(body: &Field<'_>, request: &mut ChatRequest, findings: &mut Findings) {
    let safe = body.get("safe_prompt").and_then(|field| field.boolean(findings));
    request.safe_prompt = safe.unwrap_or(false);
    let object = |key, findings: &mut Findings| {
        let field = body.get(key)?;
        field.object(findings).map(|_| field.value().clone())
    };
    let (prediction, metadata) = (object("prediction", findings), object("metadata", findings));
    let word = |key, findings: &mut Findings| read_word(body, key, findings).flatten();
    request.accepted = Accepted {
        prediction,
        metadata,
        prompt_cache_key: word("prompt_cache_key", findings),
        user: word("user", findings),
        store: body.get("store").and_then(|field| field.boolean(findings)),
        prompt_mode: word("prompt_mode", findings),
        reasoning_effort: word("reasoning_effort", findings),
    };
}

/// Fields whose neglect would change the meaning of the answer are refused, not ignored.
fn refuse_unsupported(body: &Field<'_>, findings: &mut Findings) {
    for key in ["prompt_logprobs", "top_prompt_logprobs", "guardrails"] {
        if let Some(field) = body.get(key)
            && asks_for_something(field.value())
        {
            field.refuse(Kind::Unsupported, "is not offered", findings);
        }
    }
}

/// Forms of an answer other than a text that the model writes: a conversation keeps none.
fn refuse_forms(body: &Field<'_>, findings: &mut Findings) {
    if let Some(format) = body.get("response_format")
        && format.object(findings).is_some()
        && let Some(kind) = format.need("type", findings)
        && kind.text(findings).is_some_and(|kind| kind != "text")
    {
        kind.refuse(Kind::Unsupported, "only answers of type `text` are offered", findings);
    }
    refuse_calls(body, findings);
}

fn refuse_calls(body: &Field<'_>, findings: &mut Findings) {
    if let Some(choice) = body.get("tool_choice")
        && !matches!(choice.value().as_str(), Some("auto" | "none"))
    {
        choice.refuse(Kind::Unsupported, "calls of tools cannot be demanded", findings);
    }
}

fn asks_for_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(wanted) => *wanted,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}
