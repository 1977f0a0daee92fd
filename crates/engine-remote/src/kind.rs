//! What programs understand beside what all of them do.

use std::{fmt, str::FromStr};

/// A program that answers, or the API of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Vllm,
    Sglang,
    LlamaCpp,
    Tgi,
    Mistral,
    OpenAi,
}

/// A text names no program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindError {
    text: String,
}

/// How the beginning of an answer is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PrefixStyle {
    /// `continue_final_message` beside the messages.
    Continue,
    /// `prefix` in the last message.
    Marked,
    /// The last message is continued whenever the assistant speaks in it.
    Always,
    Never,
}

/// How a regular expression is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RegexStyle {
    /// `{"structured_outputs": {"regex": …}}`
    StructuredOutputs,
    /// `{"regex": …}`
    Member,
    /// `{"response_format": {"type": "regex", "value": …}}`
    ResponseFormat,
    Never,
}

impl Kind {
    pub const ALL: [Self; 6] =
        [Self::Vllm, Self::Sglang, Self::LlamaCpp, Self::Tgi, Self::Mistral, Self::OpenAi];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Vllm => "vllm",
            Self::Sglang => "sglang",
            Self::LlamaCpp => "llama-cpp",
            Self::Tgi => "tgi",
            Self::Mistral => "mistral",
            Self::OpenAi => "openai",
        }
    }

    pub(crate) const fn has_top_k(self) -> bool {
        matches!(self, Self::Vllm | Self::Sglang | Self::LlamaCpp | Self::Mistral)
    }

    pub(crate) const fn has_min_p(self) -> bool {
        matches!(self, Self::Vllm | Self::Sglang | Self::LlamaCpp)
    }

    pub(crate) const fn has_min_tokens(self) -> bool {
        matches!(self, Self::Vllm | Self::Sglang | Self::Mistral)
    }

    pub(crate) const fn has_logit_bias(self) -> bool {
        !matches!(self, Self::Mistral)
    }

    pub(crate) const fn repetition_penalty(self) -> Option<&'static str> {
        match self {
            Self::Vllm | Self::Sglang | Self::Mistral => Some("repetition_penalty"),
            Self::LlamaCpp => Some("repeat_penalty"),
            Self::Tgi | Self::OpenAi => None,
        }
    }

    pub(crate) const fn seed(self) -> &'static str {
        match self {
            Self::Mistral => "random_seed",
            Self::Vllm | Self::Sglang | Self::LlamaCpp | Self::Tgi | Self::OpenAi => "seed",
        }
    }

    pub(crate) const fn max_tokens(self) -> &'static str {
        match self {
            Self::OpenAi => "max_completion_tokens",
            Self::Vllm | Self::Sglang | Self::LlamaCpp | Self::Tgi | Self::Mistral => "max_tokens",
        }
    }

    /// Whether usage has to be asked for in a stream.
    pub(crate) const fn has_stream_options(self) -> bool {
        !matches!(self, Self::Mistral)
    }

    /// vLLM refuses tools that say `strict`, and the others that run models do not know it.
    pub(crate) const fn has_strict_tools(self) -> bool {
        matches!(self, Self::Mistral | Self::OpenAi)
    }

    /// The word for "call at least one tool".
    pub(crate) const fn any_tool(self) -> &'static str {
        match self {
            Self::Mistral => "any",
            Self::Vllm | Self::Sglang | Self::LlamaCpp | Self::Tgi | Self::OpenAi => "required",
        }
    }

    pub(crate) const fn prefix(self) -> PrefixStyle {
        match self {
            Self::Vllm | Self::Sglang => PrefixStyle::Continue,
            Self::Mistral => PrefixStyle::Marked,
            Self::LlamaCpp => PrefixStyle::Always,
            Self::Tgi | Self::OpenAi => PrefixStyle::Never,
        }
    }

    pub(crate) const fn regex(self) -> RegexStyle {
        match self {
            Self::Vllm => RegexStyle::StructuredOutputs,
            Self::Sglang => RegexStyle::Member,
            Self::Tgi => RegexStyle::ResponseFormat,
            Self::LlamaCpp | Self::Mistral | Self::OpenAi => RegexStyle::Never,
        }
    }
}

impl FromStr for Kind {
    type Err = KindError;

    fn from_str(text: &str) -> Result<Self, KindError> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or_else(|| KindError { text: text.chars().take(40).collect() })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for KindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = Kind::ALL.map(Kind::as_str).join(", ");
        write!(f, "`{}` is not one of {words}", self.text)
    }
}

impl std::error::Error for KindError {}
