//! Reads requests for judgements.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    field::{Field, Findings},
    read_json, read_message, read_texts,
};
use crate::{
    ClassificationInput, ClassificationRequest, ClassificationTarget, FieldErrorKind as Kind,
    Message, RequestError, limits,
};

type ReadInput = fn(&Field<'_>, &mut Findings) -> Option<Vec<ClassificationInput>>;

impl ClassificationRequest {
    /// Reads the body of a request about texts.
    ///
    /// # Errors
    /// [`RequestError`]: not UTF-8, not JSON, or fields that make no sense. Never panics, whatever
    /// the bytes.
    pub fn decode_texts(body: &[u8]) -> Result<Self, RequestError> {
        decode(body, |input, findings| {
            let texts = read_texts(input, limits::JUDGED, findings)?;
            Some(texts.into_iter().map(ClassificationInput::Text).collect())
        })
    }

    /// Reads the body of a request about conversations.
    ///
    /// # Errors
    /// As [`Self::decode_texts`].
    pub fn decode_chats(body: &[u8]) -> Result<Self, RequestError> {
        decode(body, read_chats)
    }
}

fn decode(body: &[u8], read_input: ReadInput) -> Result<ClassificationRequest, RequestError> {
    let value = read_json(body)?;
    let mut findings = Findings::default();
    let body = Field::body(&value);
    let mut request = ClassificationRequest::default();
    if body.object(&mut findings).is_none() {
        return findings.unless_any(request);
    }
    if let Some(model) =
        body.need("model", &mut findings).and_then(|field| field.text(&mut findings))
    {
        model.clone_into(&mut request.model);
    }
    let input = body.get("input").or_else(|| body.get("inputs"));
    if let Some(input) = input.or_else(|| body.need("input", &mut findings)) {
        request.input = read_input(&input, &mut findings).unwrap_or_default();
    }
    if let Some(targets) = body.get("targets") {
        request.targets = read_targets(&targets, &mut findings).unwrap_or_default();
    }
    findings.unless_any(request)
}

/// Messages, lists of them, or objects that hold them.
fn read_chats(field: &Field<'_>, findings: &mut Findings) -> Option<Vec<ClassificationInput>> {
    if field.value().is_object() {
        let messages = field.need("messages", findings)?;
        return Some(vec![read_chat(&messages, findings)?]);
    }
    let list = field.list(findings)?;
    let is_message = |item: &Field<'_>| item.get("role").is_some();
    if list.first().is_none_or(is_message) {
        return Some(vec![read_chat(field, findings)?]);
    }
    if list.len() > limits::JUDGED {
        let message = format!("must have at most {} conversations", limits::JUDGED);
        field.refuse(Kind::TooLong, &message, findings);
        return None;
    }
    let read = |item: &Field<'_>| match item.value() {
        Value::Object(_) => {
            let messages = item.need("messages", findings)?;
            read_chat(&messages, findings)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            read_chat(item, findings)
        }
    };
    list.iter().map(read).collect()
}

fn read_chat(field: &Field<'_>, findings: &mut Findings) -> Option<ClassificationInput> {
    let list = field.list(findings)?;
    if list.is_empty() {
        field.refuse(Kind::TooShort, "must have at least one message", findings);
        return None;
    }
    let messages: Option<Vec<Message>> =
        list.iter().map(|message| read_message(message, false, findings)).collect();
    messages.map(ClassificationInput::Chat)
}

fn read_targets(field: &Field<'_>, findings: &mut Findings) -> Option<Vec<ClassificationTarget>> {
    let list = field.list(findings)?;
    if list.len() > limits::TARGETS {
        let message = format!("must have at most {} targets", limits::TARGETS);
        field.refuse(Kind::TooLong, &message, findings);
        return None;
    }
    let targets: Vec<_> =
        list.iter().map(|target| read_target(target, findings)).collect::<Option<_>>()?;
    let name = |target: &ClassificationTarget| target.name.clone();
    for (field, twin) in list.iter().zip(twins(targets.iter().map(name))) {
        if let (true, Some(name)) = (twin, field.get("name")) {
            name.refuse(Kind::Value, "another target has this name", findings);
            return None;
        }
    }
    Some(targets)
}

/// Which of these texts stood there before: scores are told by them.
fn twins(texts: impl Iterator<Item = String>) -> impl Iterator<Item = bool> {
    let mut seen = BTreeSet::new();
    texts.map(move |text| !seen.insert(text))
}

fn read_target(target: &Field<'_>, findings: &mut Findings) -> Option<ClassificationTarget> {
    target.object(findings)?;
    let name = target.need("name", findings)?.text(findings)?.to_owned();
    let field = target.need("labels", findings)?;
    let labels = field.list(findings)?;
    if labels.len() < 2 {
        field.refuse(Kind::TooShort, "must have at least two labels", findings);
        return None;
    }
    if labels.len() > limits::LABELS {
        let message = format!("must have at most {} labels", limits::LABELS);
        field.refuse(Kind::TooLong, &message, findings);
        return None;
    }
    let texts = labels.iter().map(|label| read_label(label, findings));
    let texts: Vec<String> = texts.collect::<Option<_>>()?;
    for (label, twin) in labels.iter().zip(twins(texts.iter().cloned())) {
        if twin {
            label.refuse(Kind::Value, "another label is the same", findings);
            return None;
        }
    }
    Some(ClassificationTarget { name, labels: texts })
}

fn read_label(label: &Field<'_>, findings: &mut Findings) -> Option<String> {
    let text = label.text(findings)?;
    if text.trim().is_empty() {
        label.refuse(Kind::TooShort, "must not be empty", findings);
        return None;
    }
    Some(text.to_owned())
}
