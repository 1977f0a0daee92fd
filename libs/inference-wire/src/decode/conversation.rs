//! Reads the requests of conversations that the server keeps.

use serde_json::{Map, Value};

use super::{
    asks_for_something,
    field::{Field, Findings},
    read_json, read_seed, read_stop, refuse_forms,
};
use crate::{
    AppendConversation, Attachment, CompletionArgs, FieldErrorKind as Kind, PutDraft, Question,
    RequestError, RestartConversation, StartConversation, UpdateConversation, limits,
};

/// Reads an object member by member, so that everything that is wrong with it is told at once.
pub(super) fn decode<T: Default>(
    body: &[u8],
    read: impl FnOnce(&Field<'_>, &mut Findings) -> T,
) -> Result<T, RequestError> {
    let value = read_json(body)?;
    let mut findings = Findings::default();
    let body = Field::body(&value);
    if body.object(&mut findings).is_none() {
        return findings.unless_any(T::default());
    }
    let request = read(&body, &mut findings);
    findings.unless_any(request)
}

impl StartConversation {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`RequestError`], as [`ChatRequest::decode`](crate::ChatRequest::decode).
    pub fn decode(body: &[u8]) -> Result<Self, RequestError> {
        decode(body, |body, findings| {
            body.need("inputs", findings);
            let request = Self {
                inputs: read_question(body, findings),
                model: read_model(body, findings),
                stream: flag(body, "stream", findings).unwrap_or(false),
                instructions: text(body, "instructions", findings),
                name: text(body, "name", findings),
                description: text(body, "description", findings),
                metadata: members(body, "metadata", findings),
                completion_args: read_arguments(body, findings),
            };
            refuse_unsupported(body, findings);
            request
        })
    }
}

impl AppendConversation {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`RequestError`], as [`ChatRequest::decode`](crate::ChatRequest::decode).
    pub fn decode(body: &[u8]) -> Result<Self, RequestError> {
        decode(body, |body, findings| {
            let request = Self {
                inputs: read_question(body, findings),
                stream: flag(body, "stream", findings).unwrap_or(false),
                completion_args: read_arguments(body, findings),
                parent_id: text(body, "parent_id", findings),
                model: text(body, "model", findings),
            };
            refuse_unsupported(body, findings);
            request
        })
    }
}

impl RestartConversation {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`RequestError`], as [`ChatRequest::decode`](crate::ChatRequest::decode).
    pub fn decode(body: &[u8]) -> Result<Self, RequestError> {
        decode(body, |body, findings| {
            let request = Self {
                inputs: read_question(body, findings),
                from_entry_id: required_text(body, "from_entry_id", findings),
                stream: flag(body, "stream", findings).unwrap_or(false),
                completion_args: read_arguments(body, findings),
            };
            refuse_unsupported(body, findings);
            // The new conversation takes over what the old one has.
            refuse_all(&["metadata"], body, findings);
            request
        })
    }
}

impl UpdateConversation {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`RequestError`], as [`ChatRequest::decode`](crate::ChatRequest::decode).
    pub fn decode(body: &[u8]) -> Result<Self, RequestError> {
        decode(body, |body, findings| Self {
            name: text(body, "name", findings),
            pinned: flag(body, "pinned", findings),
            archived: flag(body, "archived", findings),
            head: text(body, "head", findings),
        })
    }
}

impl PutDraft {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`RequestError`], as [`ChatRequest::decode`](crate::ChatRequest::decode).
    pub fn decode(body: &[u8]) -> Result<Self, RequestError> {
        decode(body, |body, findings| Self {
            text: text(body, "text", findings).unwrap_or_default(),
            attachments: read_files(body, findings),
            model: text(body, "model", findings),
        })
    }
}

pub(super) fn text(body: &Field<'_>, key: &str, findings: &mut Findings) -> Option<String> {
    body.get(key)?.text(findings).map(str::to_owned)
}

pub(super) fn required_text(body: &Field<'_>, key: &str, findings: &mut Findings) -> String {
    body.need(key, findings);
    text(body, key, findings).unwrap_or_default()
}

/// Who names an agent names no model, and is told that there are no agents.
fn read_model(body: &Field<'_>, findings: &mut Findings) -> String {
    let agent = body.get("agent_id").is_some_and(|agent| asks_for_something(agent.value()));
    if agent { String::new() } else { required_text(body, "model", findings) }
}

pub(super) fn flag(body: &Field<'_>, key: &str, findings: &mut Findings) -> Option<bool> {
    body.get(key)?.boolean(findings)
}

pub(super) fn members(
    body: &Field<'_>,
    key: &str,
    findings: &mut Findings,
) -> Option<Map<String, Value>> {
    body.get(key)?.object(findings).cloned()
}

fn read_question(body: &Field<'_>, findings: &mut Findings) -> Question {
    let question = body.get("inputs").and_then(|inputs| match inputs.value() {
        Value::String(text) => Some(Question { text: text.clone(), attachments: Vec::new() }),
        Value::Array(_) => read_messages(&inputs, findings),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            inputs.refuse(Kind::String, "must be a string or a list of messages", findings);
            None
        }
    });
    question.unwrap_or_default()
}

fn read_messages(inputs: &Field<'_>, findings: &mut Findings) -> Option<Question> {
    let messages = inputs.list(findings)?;
    let mut messages = messages.iter();
    let question = messages.next().map(|message| read_message(message, findings));
    if let Some(second) = messages.next() {
        second.refuse(Kind::Unsupported, "only one message at a time is offered", findings);
    }
    question?
}

fn read_message(message: &Field<'_>, findings: &mut Findings) -> Option<Question> {
    message.object(findings)?;
    if let Some(kind) = message.get("type")
        && kind.text(findings)? != "message.input"
    {
        kind.refuse(
            Kind::Unsupported,
            "only entries of type `message.input` are offered",
            findings,
        );
        return None;
    }
    let role = message.need("role", findings)?;
    match role.text(findings)? {
        "user" => {}
        "assistant" => {
            let hint = "answers are written by the model; only messages of `user` are offered";
            role.refuse(Kind::Unsupported, hint, findings);
            return None;
        }
        _ => {
            role.refuse(Kind::Enum, "must be `user`", findings);
            return None;
        }
    }
    read_content(&message.need("content", findings)?, findings)
}

fn read_content(content: &Field<'_>, findings: &mut Findings) -> Option<Question> {
    let mut question = Question::default();
    if let Value::String(text) = content.value() {
        question.text.clone_from(text);
        return Some(question);
    }
    if !content.value().is_array() {
        content.refuse(Kind::String, "must be a string or a list of chunks", findings);
        return None;
    }
    for chunk in content.list(findings)? {
        let text = super::read_chunk(&chunk, findings)?;
        match chunk.get("file_name") {
            Some(name) => question
                .attachments
                .push(Attachment { name: name.text(findings)?.to_owned(), text: text.to_owned() }),
            None => question.text.push_str(text),
        }
    }
    Some(question)
}

fn read_files(body: &Field<'_>, findings: &mut Findings) -> Vec<Attachment> {
    let Some(files) = body.get("attachments") else { return Vec::new() };
    let files = files.list(findings).unwrap_or_default();
    files.iter().filter_map(|file| read_file(file, findings)).collect()
}

fn read_file(file: &Field<'_>, findings: &mut Findings) -> Option<Attachment> {
    file.object(findings)?;
    let name = required_text(file, "name", findings);
    let text = required_text(file, "text", findings);
    Some(Attachment { name, text })
}

fn read_arguments(body: &Field<'_>, findings: &mut Findings) -> CompletionArgs {
    let Some(arguments) = body.get("completion_args") else { return CompletionArgs::default() };
    if arguments.object(findings).is_none() {
        return CompletionArgs::default();
    }
    refuse_forms(&arguments, findings);
    let mut number = |key, range, above_zero| {
        arguments.get(key).and_then(|field| field.number_in(range, above_zero, findings))
    };
    CompletionArgs {
        temperature: number("temperature", limits::TEMPERATURE, false),
        top_p: number("top_p", 0.0..=limits::TOP_P_MAX, true),
        presence_penalty: number("presence_penalty", limits::PENALTY, false),
        frequency_penalty: number("frequency_penalty", limits::PENALTY, false),
        max_tokens: arguments.get("max_tokens").and_then(|field| field.count(1, findings)),
        stop: arguments
            .get("stop")
            .and_then(|field| read_stop(&field, findings))
            .unwrap_or_default(),
        random_seed: arguments.get("random_seed").and_then(|field| read_seed(&field, findings)),
    }
}

/// Fields whose neglect would change the meaning of the answer are refused, not ignored.
fn refuse_unsupported(body: &Field<'_>, findings: &mut Findings) {
    if flag(body, "store", findings) == Some(false)
        && let Some(store) = body.get("store")
    {
        let message = "conversations are always kept; `POST /v1/chat/completions` keeps nothing";
        store.refuse(Kind::Unsupported, message, findings);
    }
    if let Some(place) = body.get("handoff_execution")
        && place.text(findings).is_some_and(|place| place != "server")
    {
        place.refuse(Kind::Unsupported, "only `server` is offered", findings);
    }
    refuse_all(&["agent_id", "tools", "tool_confirmations", "guardrails"], body, findings);
}

pub(super) fn refuse_all(keys: &[&str], body: &Field<'_>, findings: &mut Findings) {
    for key in keys {
        if let Some(field) = body.get(key)
            && asks_for_something(field.value())
        {
            field.refuse(Kind::Unsupported, "is not offered", findings);
        }
    }
}
