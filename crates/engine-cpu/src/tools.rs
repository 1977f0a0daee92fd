//! Calls of tools: how a model is told of tools, how it writes calls, and what it is kept to.
//!
//! Families of models differ ([`Dialect`]). The chat template of a model says which one is its
//! own; a model whose template knows no tools is told of them in the messages ([`telling`]).
//! [`CallReader`] tells calls from text while the answer comes; [`grammar`] keeps forced calls, and
//! calls that have begun, to the declared tools.

mod grammar;
mod json_end;
mod reader;
mod telling;
#[cfg(test)]
mod tests;

pub(crate) use self::{
    grammar::{Marks, begun_call, forced_calls, schema_of},
    reader::CallReader,
    telling::{described, told, with_short_ids},
};

/// How a model writes calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// `[TOOL_CALLS][{"name": "f", "arguments": {}}, …]`
    MistralList,
    /// `[TOOL_CALLS]f[ARGS]{}[TOOL_CALLS]…`
    MistralNamed,
    /// The answer is `{"name": "f", "parameters": {}}`, perhaps behind `<|python_tag|>`.
    Llama,
    /// `<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>`, of Hermes and Qwen.
    Hermes,
    /// The answer is `{"name": "f", "parameters": {}}`, perhaps inside a fence.
    Gemma,
}

/// Who tells the model of the tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Telling {
    /// Its chat template.
    Template,
    /// Words put into the messages.
    Messages,
}

/// How tools are used with one model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ToolStyle {
    pub(crate) dialect: Dialect,
    pub(crate) telling: Telling,
}

impl ToolStyle {
    /// What a chat template shows of its model.
    pub(crate) fn of_template(source: &str) -> Self {
        let has = |text: &str| source.contains(text);
        // Calls as XML, and lists behind the mark of Hermes, are not read here.
        let is_hermes = has("<tool_call>") && !has("<function=") && !has("<arg_key>");
        let told = if !has("tools") {
            None
        } else if has("[TOOL_CALLS]") {
            Some(if has("[ARGS]") { Dialect::MistralNamed } else { Dialect::MistralList })
        } else if is_hermes {
            Some(Dialect::Hermes)
        } else if has("<|python_tag|>") || (has("ipython") && has("\"parameters\"")) {
            Some(Dialect::Llama)
        } else {
            None
        };
        match told {
            Some(dialect) => Self { dialect, telling: Telling::Template },
            None if has("<start_of_turn>") => {
                Self { dialect: Dialect::Gemma, telling: Telling::Messages }
            }
            None => Self { dialect: Dialect::Hermes, telling: Telling::Messages },
        }
    }
}

impl Dialect {
    /// What a call begins with; `None` where an answer that begins as JSON is one.
    const fn mark(self) -> Option<&'static str> {
        match self {
            Self::MistralList | Self::MistralNamed => Some("[TOOL_CALLS]"),
            Self::Llama => Some("<|python_tag|>"),
            Self::Hermes => Some("<tool_call>"),
            Self::Gemma => None,
        }
    }

    /// Whether an answer that begins as JSON may be a call.
    const fn is_bare(self) -> bool {
        match self {
            Self::Llama | Self::Gemma => true,
            Self::MistralList | Self::MistralNamed | Self::Hermes => false,
        }
    }

    /// Everything of the dialect that a vocabulary may have as one token.
    pub(crate) const fn marks(self) -> &'static [&'static str] {
        match self {
            Self::MistralList | Self::MistralNamed => &["[TOOL_CALLS]", "[ARGS]", "[CALL_ID]"],
            Self::Llama => &["<|python_tag|>"],
            Self::Hermes => &["<tool_call>", "</tool_call>"],
            Self::Gemma => &[],
        }
    }

    /// The key of the arguments in the JSON of a call.
    const fn arguments_key(self) -> &'static str {
        match self {
            Self::MistralList | Self::MistralNamed | Self::Hermes => "arguments",
            Self::Llama | Self::Gemma => "parameters",
        }
    }

    /// Whether the model can write several calls in one answer.
    pub(crate) const fn writes_many(self) -> bool {
        match self {
            Self::MistralList | Self::MistralNamed | Self::Hermes => true,
            // Their templates take back one call a message.
            Self::Llama | Self::Gemma => false,
        }
    }

    /// Whether ids of calls must be nine letters and digits.
    pub(crate) const fn has_short_ids(self) -> bool {
        match self {
            Self::MistralList | Self::MistralNamed => true,
            Self::Llama | Self::Hermes | Self::Gemma => false,
        }
    }
}
