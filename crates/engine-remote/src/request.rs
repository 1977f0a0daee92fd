//! A request in the words of an upstream. What those words cannot say is refused: an answer that
//! silently kept less than was asked for would be worth nothing.
//!
//! Three things are left out and not refused: `strict` of tools, where a program refuses or does not
//! know it; sampling that restricts nothing, as a `top_p` of 1, where a program may have defaults of
//! its own; and the priority of the request, which counts among those of this server alone.

use domain::chat::{Message, ToolCall};
use inference::{
    AnswerFormat, CallCount, Sampling, Tool, ToolChoice, ToolUse,
    ports::{Asking, UpstreamError},
};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::kind::{Kind, PrefixStyle, RegexStyle};

/// The JSON of a chat request. `model` is its name there.
pub(crate) fn chat(kind: Kind, model: &str, asking: &Asking) -> Result<Vec<u8>, UpstreamError> {
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(model));
    let messages = asking.messages.iter().map(|one| message(kind, one)).collect::<Vec<_>>();
    body.insert("messages".to_owned(), json!(messages));
    prefix(kind, &asking.messages, &mut body)?;
    if asking.is_streamed {
        body.insert("stream".to_owned(), json!(true));
        if kind.has_stream_options() {
            body.insert("stream_options".to_owned(), json!({ "include_usage": true }));
        }
    }
    sampling(kind, &asking.sampling, &mut body)?;
    if let Some(max_tokens) = asking.max_tokens {
        body.insert(kind.max_tokens().to_owned(), json!(max_tokens));
    }
    if !asking.stop.is_empty() {
        body.insert("stop".to_owned(), json!(asking.stop));
    }
    if let Some(candidates) = asking.top_logprobs {
        body.insert("logprobs".to_owned(), json!(true));
        body.insert("top_logprobs".to_owned(), json!(candidates));
    }
    format(kind, &asking.format, &mut body)?;
    tools(kind, &asking.tools, &mut body);
    serde_json::to_vec(&body).map_err(|error| UpstreamError::Failed { detail: error.to_string() })
}

const fn unsuited(field: &'static str) -> UpstreamError {
    UpstreamError::Unsuited { field }
}

fn message(kind: Kind, message: &Message) -> Value {
    let mut value = json!({ "role": message.role.as_str() });
    if !message.content.is_empty() || message.calls.is_empty() {
        value["content"] = json!(message.content);
    }
    if !message.calls.is_empty() {
        value["tool_calls"] = message.calls.iter().map(call).collect();
    }
    if let Some(answers) = &message.answers {
        value["tool_call_id"] = json!(call_id(&answers.id));
        value["name"] = json!(answers.name);
    }
    if message.prefix && kind.prefix() == PrefixStyle::Marked {
        value["prefix"] = json!(true);
    }
    value
}

fn call(ToolCall { id, name, arguments }: &ToolCall) -> Value {
    let function = json!({ "name": name, "arguments": arguments });
    json!({ "id": call_id(id), "type": "function", "function": function })
}

/// The templates of Mistral's models want nine letters and digits. Other ids become such, the same
/// ones the same.
fn call_id(id: &str) -> String {
    const LEN: usize = 9;
    const CHARACTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    if id.len() == LEN && id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return id.to_owned();
    }
    let digest = Sha256::digest(id);
    digest.iter().take(LEN).map(|&byte| char::from(CHARACTERS[usize::from(byte) % 62])).collect()
}

fn prefix(
    kind: Kind,
    messages: &[Message],
    body: &mut Map<String, Value>,
) -> Result<(), UpstreamError> {
    if !messages.last().is_some_and(|last| last.prefix) {
        return Ok(());
    }
    match kind.prefix() {
        PrefixStyle::Continue => {
            body.insert("continue_final_message".to_owned(), json!(true));
            body.insert("add_generation_prompt".to_owned(), json!(false));
        }
        PrefixStyle::Marked | PrefixStyle::Always => {}
        PrefixStyle::Never => return Err(unsuited("messages.prefix")),
    }
    Ok(())
}

fn sampling(
    kind: Kind,
    sampling: &Sampling,
    body: &mut Map<String, Value>,
) -> Result<(), UpstreamError> {
    let default = Sampling::default();
    let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
    put("temperature", number(sampling.temperature));
    if sampling.top_p < 1.0 {
        put("top_p", number(sampling.top_p));
    }
    if let Some(top_k) = sampling.top_k {
        must(kind.has_top_k(), "top_k")?;
        put("top_k", json!(top_k));
    }
    if sampling.min_p > 0.0 {
        must(kind.has_min_p(), "min_p")?;
        put("min_p", number(sampling.min_p));
    }
    if differs(sampling.repetition_penalty, default.repetition_penalty) {
        let name = kind.repetition_penalty().ok_or(unsuited("repetition_penalty"))?;
        put(name, number(sampling.repetition_penalty));
    }
    if differs(sampling.presence_penalty, 0.0) {
        put("presence_penalty", number(sampling.presence_penalty));
    }
    if differs(sampling.frequency_penalty, 0.0) {
        put("frequency_penalty", number(sampling.frequency_penalty));
    }
    if !sampling.logit_bias.is_empty() {
        must(kind.has_logit_bias(), "logit_bias")?;
        let biases = sampling.logit_bias.iter();
        let biases: Map<_, _> =
            biases.map(|(token, bias)| (token.to_string(), number(*bias))).collect();
        put("logit_bias", Value::Object(biases));
    }
    if let Some(seed) = sampling.seed {
        put(kind.seed(), json!(seed));
    }
    if sampling.min_tokens > 0 {
        must(kind.has_min_tokens(), "min_tokens")?;
        put("min_tokens", json!(sampling.min_tokens));
    }
    Ok(())
}

fn must(can: bool, field: &'static str) -> Result<(), UpstreamError> {
    if can { Ok(()) } else { Err(unsuited(field)) }
}

fn differs(value: f32, default: f32) -> bool {
    (value - default).abs() > f32::EPSILON
}

/// 0.7 is written as 0.7, not as the next number of twice the precision.
fn number(value: f32) -> Value {
    value.to_string().parse::<f64>().map_or(Value::Null, |value| json!(value))
}

fn format(
    kind: Kind,
    format: &AnswerFormat,
    body: &mut Map<String, Value>,
) -> Result<(), UpstreamError> {
    match format {
        AnswerFormat::Text => {}
        AnswerFormat::Json(schema) => {
            let schema: Value = serde_json::from_str(schema).unwrap_or_default();
            let format = if schema == json!({ "type": "object" }) {
                json!({ "type": "json_object" })
            } else {
                let schema = json!({ "name": "answer", "schema": schema, "strict": true });
                json!({ "type": "json_schema", "json_schema": schema })
            };
            body.insert("response_format".to_owned(), format);
        }
        AnswerFormat::Regex(regex) => {
            let (name, value) = match kind.regex() {
                RegexStyle::StructuredOutputs => {
                    ("structured_outputs", json!({ "regex": **regex }))
                }
                RegexStyle::Member => ("regex", json!(**regex)),
                RegexStyle::ResponseFormat => {
                    ("response_format", json!({ "type": "regex", "value": **regex }))
                }
                RegexStyle::Never => return Err(unsuited("structured_outputs.regex")),
            };
            body.insert(name.to_owned(), value);
        }
        // Programs that take grammars take them in notations of their own.
        AnswerFormat::Lark(_) => return Err(unsuited("structured_outputs.grammar")),
        // No program has words for it. Whoever asks can ask for numbers of sentences instead.
        AnswerFormat::Quotes(_) => return Err(unsuited("quotes")),
    }
    Ok(())
}

fn tools(kind: Kind, tools: &ToolUse, body: &mut Map<String, Value>) {
    if tools.tools.is_empty() {
        return;
    }
    let list: Vec<_> = tools.tools.iter().map(|one| tool(kind, one)).collect();
    body.insert("tools".to_owned(), json!(list));
    match &tools.choice {
        ToolChoice::Auto => {}
        ToolChoice::Any => {
            body.insert("tool_choice".to_owned(), json!(kind.any_tool()));
        }
        ToolChoice::Named(name) => {
            let choice = json!({ "type": "function", "function": { "name": name } });
            body.insert("tool_choice".to_owned(), choice);
        }
    }
    if tools.count == CallCount::One {
        body.insert("parallel_tool_calls".to_owned(), json!(false));
    }
}

fn tool(kind: Kind, tool: &Tool) -> Value {
    let parameters: Value = serde_json::from_str(&tool.parameters).unwrap_or_default();
    let mut function = json!({ "name": tool.name, "parameters": parameters });
    if let Some(description) = &tool.description {
        function["description"] = json!(description);
    }
    if tool.strict && kind.has_strict_tools() {
        function["strict"] = json!(true);
    }
    json!({ "type": "function", "function": function })
}

#[cfg(test)]
mod tests;
