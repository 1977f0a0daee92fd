//! Reads requests for Responses into what a chat request asks for.

use serde_json::Value;

use super::{
    field::{Field, Findings},
    format, read_json, read_role, read_sampling, read_word,
    tool::{self, Calls, Shape},
};
use crate::{
    CalledFunction, ChatRequest, FieldErrorKind as Kind, Message, RequestError, Role, ServiceTier,
    ToolCall, ToolKind, limits,
    responses::{ResponsesEcho, ResponsesRequest},
};

/// What `include` names for log-probabilities.
const LOGPROBS: &str = "message.output_text.logprobs";

impl ResponsesRequest {
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
        let mut chat = ChatRequest::default();
        if let Some(model) =
            body.need("model", &mut findings).and_then(|field| field.text(&mut findings))
        {
            model.clone_into(&mut chat.model);
        }
        let instructions = read_word(&body, "instructions", &mut findings).flatten();
        let system = instructions.clone().map(|text| Message::new(Role::System, text));
        chat.messages.extend(system);
        if let Some(input) = body.need("input", &mut findings) {
            read_input(&input, &mut chat.messages, &mut findings);
        }
        read_sampling(&body, &mut chat, &mut findings);
        read_bounds(&body, &mut chat, &mut findings);
        read_report(&body, &mut chat, &mut findings);
        read_text_options(&body, &mut chat, &mut findings);
        tool::read(&body, Shape::Flat, &mut chat, &mut findings);
        refuse_unsupported(&body, &mut findings);
        let echo = read_echo(&body, instructions, &chat, &mut findings);
        findings.unless_any(Self { chat, echo })
    }
}

fn read_input(field: &Field<'_>, messages: &mut Vec<Message>, findings: &mut Findings) {
    if let Value::String(text) = field.value() {
        messages.push(Message::new(Role::User, text));
        return;
    }
    if !field.value().is_array() {
        field.refuse(Kind::String, "must be a string or a list of items", findings);
        return;
    }
    let Some(items) = field.list(findings) else { return };
    let mut calls = Calls::default();
    for item in &items {
        let Some(mut message) = read_item(item, findings).flatten() else { continue };
        calls.follow((item, "call_id"), &mut message, findings);
        put(messages, message);
    }
}

/// Calls belong to the message of the model that stands before them.
fn put(messages: &mut Vec<Message>, mut message: Message) {
    match messages.last_mut() {
        Some(last)
            if last.role == Role::Assistant
                && message.role == Role::Assistant
                && message.content.is_empty() =>
        {
            last.tool_calls.append(&mut message.tool_calls);
            for (index, call) in (0..).zip(&mut last.tool_calls) {
                call.index = index;
            }
        }
        _ => messages.push(message),
    }
}

/// `None` when it makes no sense; nothing of what is left aside.
#[expect(clippy::option_option, reason = "left aside is not wrong")]
fn read_item(field: &Field<'_>, findings: &mut Findings) -> Option<Option<Message>> {
    field.object(findings)?;
    let Some(kind) = field.get("type") else { return read_message(field, findings).map(Some) };
    match kind.text(findings)? {
        "message" => read_message(field, findings).map(Some),
        "function_call" => read_call(field, findings).map(Some),
        "function_call_output" => read_result(field, findings).map(Some),
        // What a model thought is not shown to it again.
        "reasoning" => Some(None),
        "item_reference" => {
            let message = "answers are not kept here: send the item itself";
            kind.refuse(Kind::Unsupported, message, findings);
            None
        }
        other => {
            let other: String = other.chars().take(64).collect();
            let message = format!(
                "items of type `{other}` are not supported, only `message`, `function_call`, \
                 `function_call_output` and `reasoning`"
            );
            kind.refuse(Kind::Unsupported, &message, findings);
            None
        }
    }
}

fn read_message(field: &Field<'_>, findings: &mut Findings) -> Option<Message> {
    let role = read_role(&field.need("role", findings)?, findings)?;
    if role == Role::Tool {
        let message = "results of calls are items of type `function_call_output`";
        field.need("role", findings)?.refuse(Kind::Enum, message, findings);
        return None;
    }
    let content = read_parts(&field.need("content", findings)?, findings)?;
    Some(Message::new(role, content))
}

fn read_call(field: &Field<'_>, findings: &mut Findings) -> Option<Message> {
    let mut need = |key| Some(field.need(key, findings)?.text(findings)?.to_owned());
    let (id, name, arguments) = (need("call_id")?, need("name")?, need("arguments")?);
    let function = CalledFunction { name, arguments };
    let call = ToolCall { index: 0, id, kind: ToolKind::Function, function };
    Some(Message { tool_calls: vec![call], ..Message::new(Role::Assistant, "") })
}

fn read_result(field: &Field<'_>, findings: &mut Findings) -> Option<Message> {
    let id = field.need("call_id", findings)?.text(findings)?.to_owned();
    let output = read_parts(&field.need("output", findings)?, findings)?;
    Some(Message { tool_call_id: Some(id), ..Message::new(Role::Tool, output) })
}

/// A text, or a list of parts that are texts, joined without anything between them.
fn read_parts(field: &Field<'_>, findings: &mut Findings) -> Option<String> {
    if let Value::String(text) = field.value() {
        return Some(text.clone());
    }
    if !field.value().is_array() {
        field.refuse(Kind::String, "must be a string or a list of parts", findings);
        return None;
    }
    let mut text = String::new();
    for part in field.list(findings)? {
        text.push_str(read_part(&part, findings)?);
    }
    Some(text)
}

fn read_part<'a>(part: &Field<'a>, findings: &mut Findings) -> Option<&'a str> {
    part.object(findings)?;
    let kind = part.need("type", findings)?;
    let key = match kind.text(findings)? {
        "input_text" | "output_text" | "text" => "text",
        "refusal" => "refusal",
        other => {
            let other: String = other.chars().take(64).collect();
            let message = format!("parts of type `{other}` are not supported, only texts");
            kind.refuse(Kind::Unsupported, &message, findings);
            return None;
        }
    };
    part.need(key, findings)?.text(findings)?;
    part.value().get(key).and_then(Value::as_str)
}

fn read_bounds(body: &Field<'_>, chat: &mut ChatRequest, findings: &mut Findings) {
    let most = body.get("max_output_tokens");
    chat.max_tokens = most.and_then(|field| field.count(1, findings));
    let tier = body.get("service_tier").and_then(|field| field.text(findings));
    if tier == Some("flex") {
        chat.service_tier = ServiceTier::Flex;
    }
}

fn read_report(body: &Field<'_>, chat: &mut ChatRequest, findings: &mut Findings) {
    let stream = body.get("stream").and_then(|field| field.boolean(findings));
    chat.stream = stream.unwrap_or(false);
    if let Some(field) = body.get("top_logprobs")
        && let Some(count) = field.count(0, findings)
    {
        chat.top_logprobs = u8::try_from(count).ok();
        if u64::from(count) > limits::TOP_LOGPROBS {
            let message = format!("must be between 0 and {}", limits::TOP_LOGPROBS);
            field.refuse(Kind::OutOfRange, &message, findings);
        }
    }
    let Some(include) = body.get("include") else { return };
    for wanted in include.list(findings).unwrap_or_default() {
        if wanted.text(findings) == Some(LOGPROBS) {
            chat.logprobs = Some(true);
        }
    }
}

fn read_text_options(body: &Field<'_>, chat: &mut ChatRequest, findings: &mut Findings) {
    let Some(text) = body.get("text") else { return };
    if text.object(findings).is_none() {
        return;
    }
    if let Some(format) = text.get("format") {
        let format = format::read_format(&format, Shape::Flat, findings);
        chat.response_format = format.unwrap_or_default();
    }
}

/// What would change the meaning of the answer is refused, not ignored.
fn refuse_unsupported(body: &Field<'_>, findings: &mut Findings) {
    for key in ["previous_response_id", "conversation"] {
        if let Some(field) = body.get(key) {
            let message = "answers are not kept here: send the whole conversation as `input`";
            field.refuse(Kind::Unsupported, message, findings);
        }
    }
    if let Some(prompt) = body.get("prompt") {
        prompt.refuse(Kind::Unsupported, "stored prompts are not offered", findings);
    }
    if let Some(background) = body.get("background")
        && background.boolean(findings) == Some(true)
    {
        background.refuse(Kind::Unsupported, "answers are not kept here", findings);
    }
    if let Some(truncation) = body.get("truncation")
        && truncation.text(findings).is_some_and(|word| word != "disabled")
    {
        let message = "nothing is left out of what is sent: only `disabled` is offered";
        truncation.refuse(Kind::Unsupported, message, findings);
    }
}

/// What the answer repeats, as it came.
fn read_echo(
    body: &Field<'_>,
    instructions: Option<String>,
    chat: &ChatRequest,
    findings: &mut Findings,
) -> ResponsesEcho {
    let mut echo = ResponsesEcho { instructions, ..ResponsesEcho::default() };
    echo.max_output_tokens = chat.max_tokens;
    echo.parallel_tool_calls = chat.parallel_tool_calls.unwrap_or(true);
    echo.temperature = chat.temperature;
    echo.top_p = chat.top_p;
    echo.top_logprobs = chat.top_logprobs;
    if let Some(metadata) = body.get("metadata")
        && let Some(pairs) = metadata.object(findings)
    {
        echo.metadata.clone_from(pairs);
    }
    if let Some(tools) = body.get("tools").and_then(|tools| tools.value().as_array()) {
        echo.tools.clone_from(tools);
    }
    if let Some(choice) = body.get("tool_choice") {
        echo.tool_choice.clone_from(choice.value());
    }
    if let Some(format) = body.value().pointer("/text/format").filter(|format| !format.is_null()) {
        echo.text.format.clone_from(format);
    }
    echo
}
