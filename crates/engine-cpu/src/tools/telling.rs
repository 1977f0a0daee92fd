//! Tells a model of tools, calls and results in words, where its template knows nothing of them.

use std::fmt::Write as _;

use domain::chat::{AnsweredCall, Message, Role, ToolCall};
use inference::Tool;
use serde_json::{Value, json};

use super::Dialect;

/// Where the tools are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// At the end of the instructions, which are made where there are none.
    Instructions,
    /// Before the first question.
    FirstQuestion,
}

impl Dialect {
    /// The place that is tried first, and the others.
    pub(crate) const fn places(self) -> (Place, &'static [Place]) {
        match self {
            // Not all of its templates know instructions.
            Self::Gemma => (Place::FirstQuestion, &[]),
            Self::MistralList | Self::MistralNamed | Self::Llama | Self::Hermes => {
                (Place::Instructions, &[Place::FirstQuestion])
            }
        }
    }
}

/// The same conversation in messages of text alone.
pub(crate) fn told(
    messages: &[Message],
    tools: &[Tool],
    dialect: Dialect,
    place: Place,
) -> Vec<Message> {
    let mut told: Vec<Message> = Vec::with_capacity(messages.len() + 1);
    let mut follows_result = false;
    for message in messages {
        let is_result = message.role == Role::Tool;
        let plain = plain(message, dialect);
        match told.last_mut() {
            // Results of one answer are one message, and so is a question right behind them:
            // templates want people and models to take turns.
            Some(last) if follows_result && plain.role == Role::User => {
                last.content.push('\n');
                last.content.push_str(&plain.content);
            }
            _ => told.push(plain),
        }
        follows_result = is_result;
    }
    if !tools.is_empty() {
        tell(&mut told, &description(tools, dialect), place);
    }
    told
}

fn tell(messages: &mut Vec<Message>, description: &str, place: Place) {
    match place {
        Place::Instructions => match messages.first_mut() {
            Some(first) if first.role == Role::System => {
                first.content.push_str("\n\n");
                first.content.push_str(description);
            }
            _ => messages.insert(0, Message::new(Role::System, description)),
        },
        Place::FirstQuestion => {
            match messages.iter_mut().find(|message| message.role == Role::User) {
                Some(question) => {
                    question.content = format!("{description}\n\n{}", question.content);
                }
                None => messages.push(Message::new(Role::User, description)),
            }
        }
    }
}

fn plain(message: &Message, dialect: Dialect) -> Message {
    let Message { role, content, prefix, calls, answers } = message;
    if *role == Role::Tool {
        let name = answers.as_ref().map_or("", |AnsweredCall { name, .. }| name);
        let result = json!({"name": name, "content": content});
        let text = format!("<tool_response>\n{result}\n</tool_response>");
        return Message::new(Role::User, text);
    }
    let mut content = content.clone();
    for call in calls {
        if !content.is_empty() {
            content.push('\n');
        }
        content.push_str(&written(call, dialect));
    }
    Message { prefix: *prefix, ..Message::new(*role, content) }
}

/// A call as the model would write it.
fn written(ToolCall { name, arguments, .. }: &ToolCall, dialect: Dialect) -> String {
    let name = Value::from(name.as_str());
    let object = format!(r#"{{"name": {name}, "{}": {arguments}}}"#, dialect.arguments_key());
    match dialect {
        Dialect::Hermes => format!("<tool_call>\n{object}\n</tool_call>"),
        Dialect::Llama | Dialect::Gemma => object,
        Dialect::MistralList | Dialect::MistralNamed => format!("[TOOL_CALLS][{object}]"),
    }
}

/// The same messages with ids of nine letters and digits, in the order of the calls.
pub(crate) fn with_short_ids(messages: &[Message]) -> Vec<Message> {
    let mut known: Vec<&str> = Vec::new();
    for call in messages.iter().flat_map(|message| &message.calls) {
        if !known.contains(&call.id.as_str()) {
            known.push(&call.id);
        }
    }
    let is_short = |id: &str| id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let short = |id: &mut String| {
        if !is_short(id) {
            let at = known.iter().position(|known| known == id).unwrap_or(known.len());
            *id = format!("{at:09}");
        }
    };
    let mut messages = messages.to_vec();
    for message in &mut messages {
        message.calls.iter_mut().for_each(|call| short(&mut call.id));
        message.answers.iter_mut().for_each(|call| short(&mut call.id));
    }
    messages
}

/// A tool as templates and models know it.
pub(crate) fn described(tool: &Tool) -> Value {
    let parameters: Value = serde_json::from_str(&tool.parameters).unwrap_or_default();
    let function = match &tool.description {
        Some(text) => {
            json!({"name": tool.name, "description": text, "parameters": parameters})
        }
        None => json!({"name": tool.name, "parameters": parameters}),
    };
    json!({"type": "function", "function": function})
}

/// In the words that the dialect's models were trained with.
fn description(tools: &[Tool], dialect: Dialect) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    match dialect {
        Dialect::Llama | Dialect::Gemma => {
            text.push_str(
                "You have access to functions. If you decide to invoke any of the function(s), \
                 you MUST put it in the format of\n{\"name\": function name, \"parameters\": \
                 dictionary of argument name and its value}\n\nYou SHOULD NOT include any other \
                 text in the response if you call a function\n",
            );
            let functions: Vec<Value> =
                tools.iter().map(|tool| described(tool)["function"].take()).collect();
            write!(text, "{}", Value::from(functions)).ok();
        }
        Dialect::Hermes | Dialect::MistralList | Dialect::MistralNamed => {
            text.push_str(
                "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n\
                 You are provided with function signatures within <tools></tools> XML tags:\n\
                 <tools>\n",
            );
            for tool in tools {
                writeln!(text, "{}", described(tool)).ok();
            }
            text.push_str(
                "</tools>\n\nFor each function call, return a json object with function name and \
                 arguments within <tool_call></tool_call> XML tags:\n<tool_call>\n{\"name\": \
                 <function-name>, \"arguments\": <args-json-object>}\n</tool_call>",
            );
        }
    }
    text
}
