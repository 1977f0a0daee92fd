//! The form that an answer must have.

use serde_json::Value;

use super::{
    field::{Field, Findings},
    tool::Shape,
};
use crate::{
    ChatRequest, DescribedSchema, FieldErrorKind as Kind, ResponseFormat, StructuredOutputs, limits,
};

/// Reads `response_format` and `structured_outputs`, of which one may say something.
pub(super) fn read(body: &Field<'_>, request: &mut ChatRequest, findings: &mut Findings) {
    if let Some(format) = body.get("response_format") {
        let format = read_format(&format, Shape::Nested, findings);
        request.response_format = format.unwrap_or_default();
    }
    let Some(structured) = body.get("structured_outputs") else { return };
    request.structured_outputs = read_structured(&structured, findings);
    if request.structured_outputs.is_some() && !request.response_format.is_text() {
        let message = "must not stand beside another `response_format`";
        structured.refuse(Kind::Unsupported, message, findings);
    }
}

pub(super) fn read_format(
    field: &Field<'_>,
    shape: Shape,
    findings: &mut Findings,
) -> Option<ResponseFormat> {
    field.object(findings)?;
    let kind = field.need("type", findings)?;
    match kind.text(findings)? {
        "text" => Some(ResponseFormat::Text),
        "json_object" => Some(ResponseFormat::JsonObject),
        "json_schema" => {
            let described = match shape {
                Shape::Nested => field.need("json_schema", findings)?,
                Shape::Flat => *field,
            };
            described.object(findings)?;
            // Some clients send it under the name of their own attribute.
            let schema = match described.get("schema_definition") {
                Some(schema) => schema,
                None => described.need("schema", findings)?,
            };
            let schema = read_schema(&schema, findings)?;
            Some(ResponseFormat::JsonSchema { json_schema: DescribedSchema { schema } })
        }
        _ => {
            let message = "must be one of text, json_object, json_schema";
            kind.refuse(Kind::Enum, message, findings);
            None
        }
    }
}

fn read_structured(field: &Field<'_>, findings: &mut Findings) -> Option<StructuredOutputs> {
    let given = field.object(findings)?.iter().filter(|(_, value)| !value.is_null());
    let given: Vec<&str> = given.map(|(key, _)| key.as_str()).collect();
    match given[..] {
        [] => None,
        ["json"] => {
            let schema = read_schema(&field.need("json", findings)?, findings);
            schema.map(StructuredOutputs::Json)
        }
        ["regex"] => {
            let regex = read_text(&field.need("regex", findings)?, findings);
            regex.map(StructuredOutputs::Regex)
        }
        ["grammar"] => {
            let grammar = read_text(&field.need("grammar", findings)?, findings);
            grammar.map(StructuredOutputs::Grammar)
        }
        [_] => {
            let message = "must have one of json, regex, grammar";
            field.refuse(Kind::Unsupported, message, findings);
            None
        }
        _ => {
            field.refuse(Kind::Unsupported, "must have only one member", findings);
            None
        }
    }
}

fn read_schema(field: &Field<'_>, findings: &mut Findings) -> Option<Value> {
    field.object(findings)?;
    let schema = field.value();
    fits(field, schema.to_string().len(), findings).then(|| schema.clone())
}

fn read_text(field: &Field<'_>, findings: &mut Findings) -> Option<String> {
    let text = field.text(findings)?.to_owned();
    fits(field, text.len(), findings).then_some(text)
}

fn fits(field: &Field<'_>, bytes: usize, findings: &mut Findings) -> bool {
    let fits = bytes <= limits::FORMAT_BYTES;
    if !fits {
        let message = format!("must have at most {} bytes", limits::FORMAT_BYTES);
        field.refuse(Kind::TooLong, &message, findings);
    }
    fits
}
