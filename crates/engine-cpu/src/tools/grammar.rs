//! What calls must look like, in Lark's notation.

use std::fmt::Write as _;

use inference::{CallCount, Tool, ToolChoice, ToolUse};
use llguidance::JsonCompileOptions;
use serde_json::{Map, Value};

use super::Dialect;
use crate::{grammar::JSON_WHITESPACE, tokenizer::Tokenizer};

/// Calls that one forced answer may have: a small model would go on for ever.
const CALLS_MAX: usize = 16;

/// Which marks of a dialect are tokens of their own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marks {
    tokens: Vec<(u32, &'static str)>,
}

impl Marks {
    pub(crate) fn find(dialect: Dialect, tokenizer: &Tokenizer) -> Self {
        let token = |&mark: &&'static str| Some((tokenizer.control_token(mark)?, mark));
        Self { tokens: dialect.marks().iter().filter_map(token).collect() }
    }

    /// The mark that a control token is.
    pub(crate) fn text(&self, token: u32) -> Option<&'static str> {
        self.tokens.iter().find(|(known, _)| *known == token).map(|(_, mark)| *mark)
    }

    fn lark(&self, mark: &str) -> String {
        match self.tokens.iter().find(|(_, known)| *known == mark) {
            Some((token, _)) => format!("<[{token}]>"),
            None => literal(mark),
        }
    }
}

/// Why a tool cannot be offered, for its caller.
pub(crate) type Reason = String;

/// The grammar of an answer that is nothing but calls.
pub(crate) fn forced_calls(
    dialect: Dialect,
    marks: &Marks,
    tools: &ToolUse,
) -> Result<String, Reason> {
    let (open, close) = (marks.lark("<tool_call>"), marks.lark("</tool_call>"));
    let mark = || marks.lark("[TOOL_CALLS]");
    let more = match tools.count {
        CallCount::Many if dialect.writes_many() => CALLS_MAX - 1,
        CallCount::Many | CallCount::One => 0,
    };
    let start = match dialect {
        Dialect::MistralList => format!("{} {}", mark(), list(more)),
        Dialect::MistralNamed => {
            let call = format!("{} call", mark());
            format!("{call}{}", repeated(&call, more))
        }
        Dialect::Llama | Dialect::Gemma => "call".to_owned(),
        Dialect::Hermes => {
            let call = format!(r#"{open} "\n" call "\n" {close}"#);
            format!("{call}{}", repeated(&format!(r#""\n" {call}"#), more))
        }
    };
    with_calls(dialect, marks, tools, &start)
}

/// The grammar of a call that has begun: what follows its mark.
pub(crate) fn begun_call(
    dialect: Dialect,
    marks: &Marks,
    tools: &ToolUse,
) -> Result<String, Reason> {
    let more = match tools.count {
        CallCount::Many => CALLS_MAX - 1,
        CallCount::One => 0,
    };
    let start = match dialect {
        Dialect::MistralList => list(more),
        Dialect::MistralNamed | Dialect::Llama | Dialect::Gemma => "call".to_owned(),
        Dialect::Hermes => format!(r#""\n" call "\n" {}"#, marks.lark("</tool_call>")),
    };
    with_calls(dialect, marks, tools, &start)
}

/// The schema of the arguments with what the compiler is to know.
pub(crate) fn schema_of(tool: &Tool) -> Result<Value, Reason> {
    let broken = |reason: &str| format!("the parameters of `{}`: {reason}", tool.name);
    let mut schema: Value =
        serde_json::from_str(&tool.parameters).map_err(|error| broken(&error.to_string()))?;
    let object = schema.as_object_mut().ok_or_else(|| broken("they must be an object"))?;
    object.entry("type").or_insert_with(|| "object".into());
    if names_all_arguments(object) {
        // A model that may invent arguments does. What is left is still of the schema.
        object.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
    let options = JsonCompileOptions {
        whitespace_pattern: Some(JSON_WHITESPACE.to_owned()),
        lenient: !tool.strict,
        ..JsonCompileOptions::default()
    };
    // In place of options that the caller may have written there.
    options.apply_to(&mut schema);
    Ok(schema)
}

/// Whether a schema lists arguments and says nothing of others.
fn names_all_arguments(schema: &Map<String, Value>) -> bool {
    const SPEAKS_OF_OTHERS: [&str; 7] = [
        "additionalProperties",
        "patternProperties",
        "minProperties",
        "allOf",
        "anyOf",
        "oneOf",
        "$ref",
    ];
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return false;
    };
    let required = schema.get("required").and_then(Value::as_array);
    let is_listed = |name: &Value| name.as_str().is_some_and(|name| properties.contains_key(name));
    !SPEAKS_OF_OTHERS.iter().any(|key| schema.contains_key(*key))
        && required.is_none_or(|names| names.iter().all(is_listed))
}

fn list(more: usize) -> String {
    format!(r#""[" call{} "]""#, repeated(r#"", " call"#, more))
}

/// Up to so many times; the notation has no zero times.
fn repeated(part: &str, most: usize) -> String {
    if most == 0 { String::new() } else { format!(" ({part}){{0,{most}}}") }
}

/// `start`, and the rule `call` of the tools that may be called.
fn with_calls(
    dialect: Dialect,
    marks: &Marks,
    tools: &ToolUse,
    start: &str,
) -> Result<String, Reason> {
    let may_be_called = |tool: &&Tool| match &tools.choice {
        ToolChoice::Auto | ToolChoice::Any => true,
        ToolChoice::Named(name) => tool.name == *name,
    };
    let mut alternatives = Vec::new();
    let mut rules = String::new();
    for (at, tool) in tools.tools.iter().filter(may_be_called).enumerate() {
        let schema = schema_of(tool)?;
        alternatives.push(format!("call{at}"));
        let arguments = format!("arguments{at}");
        let call = match dialect {
            Dialect::MistralNamed => {
                format!("{} {} {arguments}", literal(&tool.name), marks.lark("[ARGS]"))
            }
            Dialect::MistralList | Dialect::Llama | Dialect::Hermes | Dialect::Gemma => {
                let (name, key) = (&tool.name, dialect.arguments_key());
                let before = format!(r#"{{"name": "{name}", "{key}": "#);
                format!("{} {arguments} \"}}\"", literal(&before))
            }
        };
        // Writing to a String cannot fail.
        write!(rules, "call{at}: {call}\n{arguments}: %json {schema}\n").ok();
    }
    Ok(format!("start: {start}\ncall: {}\n{rules}", alternatives.join(" | ")))
}

/// A text in quotes; names of tools and marks have nothing that needs more care than in JSON.
fn literal(text: &str) -> String {
    Value::from(text).to_string()
}
