//! The tools of a request, the calls of earlier answers, and their results.

use std::collections::HashSet;

use serde_json::Value;

use super::field::{Field, Findings};
use crate::{
    CalledFunction, ChatRequest, FieldErrorKind as Kind, FunctionName, Message, NamedTool, Role,
    Tool, ToolCall, ToolChoice, ToolChoiceWord, ToolFunction, ToolKind, limits,
};

/// Where the members of a function stand.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// In a member `function`.
    Nested,
    /// Beside `type`.
    Flat,
}

impl Shape {
    fn function<'a>(self, field: &'a Field<'a>, findings: &mut Findings) -> Option<Field<'a>> {
        match self {
            Self::Nested => {
                let function = field.need("function", findings)?;
                function.object(findings)?;
                Some(function)
            }
            Self::Flat => Some(*field),
        }
    }
}

/// Reads `tools`, `tool_choice` and `parallel_tool_calls`. The form of the answer is read before.
pub(super) fn read(
    body: &Field<'_>,
    shape: Shape,
    request: &mut ChatRequest,
    findings: &mut Findings,
) {
    if let Some(tools) = body.get("tools") {
        request.tools = read_tools(&tools, shape, findings).unwrap_or_default();
    }
    if let Some(choice) = body.get("tool_choice") {
        let choice = read_choice(&choice, shape, &request.tools, findings);
        request.tool_choice = choice.unwrap_or_default();
    }
    let parallel = body.get("parallel_tool_calls");
    request.parallel_tool_calls = parallel.and_then(|field| field.boolean(findings));
    let may_call =
        !request.tools.is_empty() && request.tool_choice != ToolChoice::Word(ToolChoiceWord::None);
    let has_form = !request.response_format.is_text() || request.structured_outputs.is_some();
    if may_call
        && has_form
        && let Some(tools) = body.get("tools")
    {
        let message = "must not stand beside a form of the answer, unless `tool_choice` is `none`";
        tools.refuse(Kind::Unsupported, message, findings);
    }
}

fn read_tools(field: &Field<'_>, shape: Shape, findings: &mut Findings) -> Option<Vec<Tool>> {
    let list = field.list(findings)?;
    if list.len() > limits::TOOLS {
        let message = format!("must have at most {} tools", limits::TOOLS);
        field.refuse(Kind::TooLong, &message, findings);
        return None;
    }
    let bytes: usize = list.iter().map(|tool| tool.value().to_string().len()).sum();
    if bytes > limits::TOOLS_BYTES {
        let message = format!(
            "must have at most {} bytes together, and have {bytes}; shorten the schemas and \
             descriptions, or send fewer tools",
            limits::TOOLS_BYTES
        );
        field.refuse(Kind::TooLong, &message, findings);
        return None;
    }
    let mut names = HashSet::new();
    let read = |tool: &Field<'_>| read_tool(tool, shape, &mut names, findings);
    Some(list.iter().filter_map(read).collect())
}

fn read_tool(
    field: &Field<'_>,
    shape: Shape,
    names: &mut HashSet<String>,
    findings: &mut Findings,
) -> Option<Tool> {
    field.object(findings)?;
    read_kind(field, findings)?;
    let function = shape.function(field, findings)?;
    let name = function.need("name", findings)?;
    let name_text = read_name(&name, findings)?;
    if !names.insert(name_text.clone()) {
        name.refuse(Kind::Value, "is the name of another tool too", findings);
        return None;
    }
    let description = match function.get("description") {
        Some(description) => Some(description.text(findings)?.to_owned()),
        None => None,
    };
    let parameters = match function.get("parameters") {
        Some(parameters) => Some(read_parameters(&parameters, findings)?),
        None => None,
    };
    let strict = match function.get("strict") {
        Some(strict) => strict.boolean(findings)?,
        None => false,
    };
    let function = ToolFunction { name: name_text, description, parameters, strict };
    Some(Tool::Function { function })
}

/// A tool that says nothing of its type is a function: some clients write it so.
fn read_kind(field: &Field<'_>, findings: &mut Findings) -> Option<()> {
    let Some(kind) = field.get("type") else { return Some(()) };
    if kind.text(findings)? == "function" {
        return Some(());
    }
    kind.refuse(Kind::Unsupported, "only tools of type `function` are offered", findings);
    None
}

fn read_name(field: &Field<'_>, findings: &mut Findings) -> Option<String> {
    let name = field.text(findings)?;
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    if (1..=limits::TOOL_NAME_BYTES).contains(&name.len()) && name.chars().all(is_allowed) {
        return Some(name.to_owned());
    }
    let message = format!(
        "must have 1 to {} ASCII letters, digits, `_`, `-` and `.`",
        limits::TOOL_NAME_BYTES
    );
    field.refuse(Kind::Value, &message, findings);
    None
}

fn read_parameters(field: &Field<'_>, findings: &mut Findings) -> Option<Value> {
    let members = field.object(findings)?;
    if members.get("type").is_some_and(|kind| *kind != "object") {
        let message = "must be the schema of an object: `\"type\": \"object\"`";
        field.refuse(Kind::Value, message, findings);
        return None;
    }
    Some(field.value().clone())
}

fn read_choice(
    field: &Field<'_>,
    shape: Shape,
    tools: &[Tool],
    findings: &mut Findings,
) -> Option<ToolChoice> {
    let choice = match field.value() {
        Value::String(word) => match word.as_str() {
            "auto" => ToolChoice::Word(ToolChoiceWord::Auto),
            "none" => ToolChoice::Word(ToolChoiceWord::None),
            "any" => ToolChoice::Word(ToolChoiceWord::Any),
            "required" => ToolChoice::Word(ToolChoiceWord::Required),
            _ => {
                let message = "must be one of auto, none, any, required, or name a function";
                field.refuse(Kind::Enum, message, findings);
                return None;
            }
        },
        _ => return read_named(field, shape, tools, findings),
    };
    if choice.is_forced() && tools.is_empty() {
        field.refuse(Kind::Value, "demands a call, and there are no `tools`", findings);
        return None;
    }
    Some(choice)
}

fn read_named(
    field: &Field<'_>,
    shape: Shape,
    tools: &[Tool],
    findings: &mut Findings,
) -> Option<ToolChoice> {
    field.object(findings)?;
    read_kind(field, findings)?;
    let function = shape.function(field, findings)?;
    let field = function.need("name", findings)?;
    let name = field.text(findings)?.to_owned();
    let is_known = |Tool::Function { function }: &Tool| function.name == name;
    if !tools.iter().any(is_known) {
        field.refuse(Kind::Value, "names none of the `tools`", findings);
        return None;
    }
    Some(ToolChoice::Named(NamedTool::Function { function: FunctionName { name } }))
}

/// The calls of an earlier answer.
pub(super) fn read_calls(field: &Field<'_>, findings: &mut Findings) -> Option<Vec<ToolCall>> {
    let list = field.list(findings)?;
    if list.len() > limits::TOOLS {
        let message = format!("must have at most {} calls", limits::TOOLS);
        field.refuse(Kind::TooLong, &message, findings);
        return None;
    }
    (0..).zip(&list).map(|(index, call)| read_call(call, index, findings)).collect()
}

fn read_call(field: &Field<'_>, index: u32, findings: &mut Findings) -> Option<ToolCall> {
    field.object(findings)?;
    read_kind(field, findings)?;
    let id = field.need("id", findings)?.text(findings)?.to_owned();
    let function = field.need("function", findings)?;
    function.object(findings)?;
    let name = function.need("name", findings)?.text(findings)?.to_owned();
    let arguments = match function.get("arguments") {
        None => "{}".to_owned(),
        Some(arguments) if arguments.value().is_object() => arguments.value().to_string(),
        Some(arguments) => arguments.text(findings)?.to_owned(),
    };
    let function = CalledFunction { name, arguments };
    Some(ToolCall { index, id, kind: ToolKind::Function, function })
}

/// The calls of earlier messages, in their order, and which of them have a result.
#[derive(Default)]
pub(super) struct Calls {
    known: Vec<(String, String)>,
    answered: HashSet<usize>,
}

impl Calls {
    /// Sees the next message, and says of a result which call it belongs to. Without an id, whose
    /// key is given, that is the first call that has none yet.
    pub(super) fn follow(
        &mut self,
        (field, key): (&Field<'_>, &str),
        message: &mut Message,
        findings: &mut Findings,
    ) {
        for call in &message.tool_calls {
            self.known.push((call.id.clone(), call.function.name.clone()));
        }
        if message.role != Role::Tool {
            return;
        }
        let at = match &message.tool_call_id {
            // Ids may come again in later messages.
            Some(id) => self.known.iter().rposition(|(known, _)| known == id),
            None => (0..self.known.len()).find(|at| !self.answered.contains(at)),
        };
        let Some((id, name)) = at.and_then(|at| self.known.get(at)) else {
            if let Some(id) = field.get(key) {
                id.refuse(Kind::Value, "is no id of an earlier call", findings);
            } else {
                let message = "is the result of no call: each earlier call has one";
                field.refuse(Kind::Value, message, findings);
            }
            return;
        };
        message.tool_call_id = Some(id.clone());
        if message.name.is_none() {
            message.name = Some(name.clone());
        }
        self.answered.extend(at);
    }
}
