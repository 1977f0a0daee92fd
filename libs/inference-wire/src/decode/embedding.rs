//! Reads requests for vectors.

use serde_json::Value;

use super::{
    field::{Field, Findings},
    read_json,
};
use crate::{
    EmbeddingDtype, EmbeddingInput, EmbeddingRequest, EncodingFormat, FieldErrorKind as Kind,
    RequestError, limits,
};

impl EmbeddingRequest {
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
        let mut request = Self::default();
        if let Some(model) =
            body.need("model", &mut findings).and_then(|field| field.text(&mut findings))
        {
            model.clone_into(&mut request.model);
        }
        let input = body.get("input").or_else(|| body.get("inputs"));
        if let Some(input) = input.or_else(|| body.need("input", &mut findings)) {
            request.input = read_input(&input, &mut findings).unwrap_or_default();
        }
        read_format(&body, &mut request, &mut findings);
        let dimensions = body.get("dimensions").or_else(|| body.get("output_dimension"));
        request.dimensions = dimensions.and_then(|field| field.count(1, &mut findings));
        let truncate = body.get("truncate").and_then(|field| field.boolean(&mut findings));
        request.truncate = truncate.unwrap_or(false);
        findings.unless_any(request)
    }
}

fn read_format(body: &Field<'_>, request: &mut EmbeddingRequest, findings: &mut Findings) {
    if let Some(format) = body.get("encoding_format") {
        match format.text(findings) {
            Some("float") => request.encoding_format = EncodingFormat::Float,
            Some("base64") => request.encoding_format = EncodingFormat::Base64,
            Some(_) => format.refuse(Kind::Enum, "must be one of float, base64", findings),
            None => {}
        }
    }
    if let Some(kind) = body.get("output_dtype") {
        request.output_dtype = match kind.text(findings) {
            Some("float") | None => EmbeddingDtype::Float,
            Some("int8") => EmbeddingDtype::Int8,
            Some("uint8") => EmbeddingDtype::Uint8,
            Some("binary") => EmbeddingDtype::Binary,
            Some("ubinary") => EmbeddingDtype::Ubinary,
            Some(_) => {
                let message = "must be one of float, int8, uint8, binary, ubinary";
                kind.refuse(Kind::Enum, message, findings);
                EmbeddingDtype::Float
            }
        };
    }
}

fn read_input(field: &Field<'_>, findings: &mut Findings) -> Option<Vec<EmbeddingInput>> {
    if let Value::String(text) = field.value() {
        return Some(vec![EmbeddingInput::Text(text.clone())]);
    }
    if !field.value().is_array() {
        let message = "must be a string, a list of strings, or tokens";
        field.refuse(Kind::String, message, findings);
        return None;
    }
    let list = field.list(findings)?;
    if list.is_empty() {
        field.refuse(Kind::TooShort, "must have at least one input", findings);
        return None;
    }
    if list.iter().all(|item| item.value().is_number()) {
        return Some(vec![EmbeddingInput::Tokens(read_tokens(&list, findings)?)]);
    }
    if list.len() > limits::EMBEDDING_INPUTS {
        let message = format!("must have at most {} inputs", limits::EMBEDDING_INPUTS);
        field.refuse(Kind::TooLong, &message, findings);
        return None;
    }
    list.iter().map(|item| read_item(item, findings)).collect()
}

fn read_item(item: &Field<'_>, findings: &mut Findings) -> Option<EmbeddingInput> {
    match item.value() {
        Value::String(text) => Some(EmbeddingInput::Text(text.clone())),
        Value::Array(_) => {
            let tokens = item.list(findings)?;
            if tokens.is_empty() {
                item.refuse(Kind::TooShort, "must have at least one token", findings);
                return None;
            }
            Some(EmbeddingInput::Tokens(read_tokens(&tokens, findings)?))
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
