//! The families of models, and what each computes in its own way.

use cpu_kernels::RopeStyle;

/// A family, as `general.architecture` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    Llama,
    Mistral3,
    Qwen2,
    Qwen3,
    Qwen3Moe,
    Granite,
    SmolLm3,
    Phi3,
    Gemma3,
}

/// What stands between the two products of a feed-forward block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    Silu,
    /// The approximation with a hyperbolic tangent.
    Gelu,
}

impl Architecture {
    pub const ALL: [Self; 9] = [
        Self::Llama,
        Self::Mistral3,
        Self::Qwen2,
        Self::Qwen3,
        Self::Qwen3Moe,
        Self::Granite,
        Self::SmolLm3,
        Self::Phi3,
        Self::Gemma3,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Llama => "llama",
            Self::Mistral3 => "mistral3",
            Self::Qwen2 => "qwen2",
            Self::Qwen3 => "qwen3",
            Self::Qwen3Moe => "qwen3moe",
            Self::Granite => "granite",
            Self::SmolLm3 => "smollm3",
            Self::Phi3 => "phi3",
            Self::Gemma3 => "gemma3",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|architecture| architecture.as_str() == name)
    }

    /// The names of all, for messages.
    pub fn names() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }

    /// Files of the Llama family hold queries and keys with the pairs side by side.
    pub(crate) const fn rope_style(self) -> RopeStyle {
        match self {
            Self::Llama | Self::Mistral3 | Self::Granite | Self::SmolLm3 => RopeStyle::Interleaved,
            Self::Qwen2 | Self::Qwen3 | Self::Qwen3Moe | Self::Phi3 | Self::Gemma3 => {
                RopeStyle::Halves
            }
        }
    }

    pub(super) const fn activation(self) -> Activation {
        match self {
            Self::Gemma3 => Activation::Gelu,
            Self::Llama
            | Self::Mistral3
            | Self::Qwen2
            | Self::Qwen3
            | Self::Qwen3Moe
            | Self::Granite
            | Self::SmolLm3
            | Self::Phi3 => Activation::Silu,
        }
    }

    /// Queries and keys are normed, head by head, before they are turned.
    pub(super) const fn norms_heads(self) -> bool {
        matches!(self, Self::Qwen3 | Self::Qwen3Moe | Self::Gemma3)
    }

    /// What attention and feed-forward yield is normed before it is added.
    pub(super) const fn norms_outputs(self) -> bool {
        matches!(self, Self::Gemma3)
    }

    /// Models of the family may have experts, of which each token uses some.
    pub(super) const fn may_have_experts(self) -> bool {
        matches!(self, Self::Llama | Self::Qwen3Moe)
    }

    /// The gate and what it multiplies are one tensor, `ffn_up`.
    pub(crate) const fn fuses_gate(self) -> bool {
        matches!(self, Self::Phi3)
    }
}
