//! Each dialect from the template over the grammar to the reader.

mod kept;
mod reading;
mod telling;

use inference::{CallCount, FunctionCall, Tool, ToolChoice, ToolUse};
use serde_json::Value;

use super::*;

const DIALECTS: [Dialect; 5] =
    [Dialect::MistralList, Dialect::MistralNamed, Dialect::Llama, Dialect::Hermes, Dialect::Gemma];

fn tool(name: &str, parameters: &Value) -> Tool {
    Tool {
        name: name.to_owned(),
        description: Some(format!("Does {name}.")),
        parameters: parameters.to_string().into(),
        strict: false,
    }
}

fn tool_use(tools: Vec<Tool>, choice: ToolChoice, count: CallCount) -> ToolUse {
    ToolUse { tools, choice, count }
}

fn call(name: &str, arguments: &str) -> FunctionCall {
    FunctionCall { name: name.to_owned(), arguments: arguments.to_owned() }
}

/// The parts of real templates that tell their models apart.
#[test]
fn templates_show_the_dialect() {
    let told = |dialect| ToolStyle { dialect, telling: Telling::Template };
    let spoken = |dialect| ToolStyle { dialect, telling: Telling::Messages };
    for (source, expected) in [
        (
            "{%- if tools is defined %}{{- \"[AVAILABLE_TOOLS] [\" }}{% endif %}{{- \"[TOOL_CALLS] \
             [\" }}",
            told(Dialect::MistralList),
        ),
        (
            "{%- if tools %}[AVAILABLE_TOOLS]{{ tools|tojson }}{% endif %}{{- '[TOOL_CALLS]' + \
             name + '[ARGS]' + arguments }}",
            told(Dialect::MistralNamed),
        ),
        (
            "{%- if tools %}{{- \"<tools>\" }}{% endif %}{{- '\\n<tool_call>\\n{\"name\": \"' }}",
            told(Dialect::Hermes),
        ),
        (
            "{%- if not tools is defined %}{% endif %}{{- \"<|python_tag|>\" + call }}",
            told(Dialect::Llama),
        ),
        (
            "{%- if tools is not none %}{{ 'Environment: ipython' }}{{- '\"parameters\": ' }}",
            told(Dialect::Llama),
        ),
        ("<start_of_turn>user\n{{ messages[0].content }}", spoken(Dialect::Gemma)),
        ("<|im_start|>user\n{{ messages[0].content }}", spoken(Dialect::Hermes)),
        // Calls that are not read: the model is told to write those of Hermes.
        ("{{ tools }}<tool_call>\n<function=f>\n<parameter=x>", spoken(Dialect::Hermes)),
        ("{{ tools }}<|tool_call|>[{}]", spoken(Dialect::Hermes)),
    ] {
        assert_eq!(ToolStyle::of_template(source), expected, "{source}");
    }
}
