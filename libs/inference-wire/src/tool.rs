use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Something that the model may ask its caller to do.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Tool {
    /// The only kind that is offered.
    Function {
        /// The function.
        function: ToolFunction,
    },
}

/// A function that the model may ask its caller to call.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ToolFunction {
    /// Its name: up to 64 ASCII letters, digits, `_`, `-` and `.`; no other tool has it.
    pub name: String,
    /// What it does, for the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its arguments: a JSON schema of an object. Without it there are no arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub parameters: Option<Value>,
    /// Refuse a schema of which a keyword cannot be kept, instead of keeping the rest.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub strict: bool,
}

/// Whether the model calls, and what.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ToolChoice {
    /// In general.
    Word(ToolChoiceWord),
    /// This function, once or more.
    Named(NamedTool),
}

/// Whether the model calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ToolChoiceWord {
    /// As it likes.
    #[default]
    Auto,
    /// Never; it is not told of the tools.
    None,
    /// At least once.
    Any,
    /// The same as `any`.
    Required,
}

/// A tool by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum NamedTool {
    /// The only kind that is offered.
    Function {
        /// The function.
        function: FunctionName,
    },
}

/// The name of a function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FunctionName {
    /// The name of one of `tools`.
    pub name: String,
}

impl Default for ToolChoice {
    fn default() -> Self {
        Self::Word(ToolChoiceWord::Auto)
    }
}

impl ToolChoice {
    /// Whether the model may do as it likes.
    pub fn is_auto(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the model must call.
    pub const fn is_forced(&self) -> bool {
        match self {
            Self::Word(ToolChoiceWord::Auto | ToolChoiceWord::None) => false,
            Self::Word(ToolChoiceWord::Any | ToolChoiceWord::Required) | Self::Named(_) => true,
        }
    }
}

/// The kind of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ToolKind {
    /// The only value.
    #[default]
    Function,
}

/// A call that the model asks for. In a stream it comes whole, in one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ToolCall {
    /// Its position among the calls of the message.
    pub index: u32,
    /// Nine ASCII letters and digits in answers; any text in requests. The message with the result
    /// repeats it.
    pub id: String,
    /// Always `function`.
    #[serde(rename = "type")]
    pub kind: ToolKind,
    /// What to call.
    pub function: CalledFunction,
}

/// A function and its arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CalledFunction {
    /// The name of one of the tools.
    pub name: String,
    /// The arguments: a JSON object, written as a string. Requests may send the object itself.
    pub arguments: String,
}
