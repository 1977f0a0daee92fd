//! Messages, calls and tools as templates know them, with what users wrote in disguise.

use domain::chat::{Message, ToolCall};
use minijinja::Value;

/// Words of JSON schemas. Templates look at them, and nothing can be forged with them.
const SCHEMA_WORDS: [&str; 26] = [
    "type",
    "function",
    "name",
    "description",
    "parameters",
    "properties",
    "required",
    "items",
    "enum",
    "default",
    "additionalProperties",
    "anyOf",
    "oneOf",
    "allOf",
    "$ref",
    "$defs",
    "title",
    "format",
    "object",
    "array",
    "string",
    "number",
    "integer",
    "boolean",
    "null",
    "const",
];

/// Members that do not apply are absent: templates ask whether they are there.
pub(super) fn message(
    message: &Message,
    content: String,
    disguised: &impl Fn(&str) -> String,
) -> Value {
    let mut members =
        vec![("role", Value::from(message.role.as_str())), ("content", Value::from(content))];
    if !message.calls.is_empty() {
        let calls: Vec<Value> = message.calls.iter().map(|one| call(one, disguised)).collect();
        members.push(("tool_calls", Value::from(calls)));
    }
    if let Some(answered) = &message.answers {
        members.push(("tool_call_id", Value::from(disguised(&answered.id))));
        members.push(("name", Value::from(disguised(&answered.name))));
    }
    Value::from_pairs(members)
}

fn call(ToolCall { id, name, arguments }: &ToolCall, disguised: &impl Fn(&str) -> String) -> Value {
    // Templates write the arguments as JSON, which would quote a text once more.
    let arguments = match serde_json::from_str(arguments) {
        Ok(object @ serde_json::Value::Object(_)) => json(&object, disguised),
        _ => Value::from(disguised(arguments)),
    };
    let function =
        Value::from_pairs([("name", Value::from(disguised(name))), ("arguments", arguments)]);
    Value::from_pairs([
        ("id", Value::from(disguised(id))),
        ("type", Value::from("function")),
        ("function", function),
    ])
}

pub(super) fn json(value: &serde_json::Value, disguised: &impl Fn(&str) -> String) -> Value {
    let text = |text: &str| {
        if SCHEMA_WORDS.contains(&text) { text.to_owned() } else { disguised(text) }
    };
    match value {
        serde_json::Value::String(string) => Value::from(text(string)),
        serde_json::Value::Array(items) => {
            Value::from(items.iter().map(|item| json(item, disguised)).collect::<Vec<_>>())
        }
        serde_json::Value::Object(members) => {
            let members = members.iter().map(|(key, value)| (text(key), json(value, disguised)));
            Value::from_pairs(members.collect::<Vec<_>>())
        }
        serde_json::Value::Null => Value::from(()),
        serde_json::Value::Bool(bit) => Value::from(*bit),
        serde_json::Value::Number(number) => {
            match (number.as_i64(), number.as_u64(), number.as_f64()) {
                (Some(number), _, _) => Value::from(number),
                (None, Some(number), _) => Value::from(number),
                (None, None, number) => Value::from(number.unwrap_or_default()),
            }
        }
    }
}

/// What users wrote in the calls of a message, and in its relation to one.
pub(super) fn texts_of_calls(message: &Message) -> impl Iterator<Item = &str> {
    let calls = message.calls.iter();
    let texts = calls.flat_map(|call| [&call.id, &call.name, &call.arguments]);
    let answered = message.answers.iter().flat_map(|call| [&call.id, &call.name]);
    texts.chain(answered).map(String::as_str)
}
