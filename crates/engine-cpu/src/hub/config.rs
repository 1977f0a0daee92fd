//! What `config.json` says about the shape, under the keys of GGUF.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::{CONFIG, HubError, rope};
use crate::gguf::Value;

/// The classes of models whose settings are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Llama,
    Mistral,
    Mixtral,
    Qwen2,
    Qwen3,
    Qwen3Moe,
    Granite,
    SmolLm3,
    Phi3,
    Gemma3,
}

impl Family {
    const ALL: [(Self, &'static str, &'static str); 10] = [
        (Self::Llama, "LlamaForCausalLM", "llama"),
        (Self::Mistral, "MistralForCausalLM", "llama"),
        (Self::Mixtral, "MixtralForCausalLM", "llama"),
        (Self::Qwen2, "Qwen2ForCausalLM", "qwen2"),
        (Self::Qwen3, "Qwen3ForCausalLM", "qwen3"),
        (Self::Qwen3Moe, "Qwen3MoeForCausalLM", "qwen3moe"),
        (Self::Granite, "GraniteForCausalLM", "granite"),
        (Self::SmolLm3, "SmolLM3ForCausalLM", "smollm3"),
        (Self::Phi3, "Phi3ForCausalLM", "phi3"),
        (Self::Gemma3, "Gemma3ForCausalLM", "gemma3"),
    ];

    fn of(class: &str) -> Result<Self, HubError> {
        let found = Self::ALL.into_iter().find(|(_, name, _)| *name == class);
        found.map(|(family, _, _)| family).ok_or_else(|| HubError::Unsupported {
            file: CONFIG,
            what: format!(
                "the architecture `{class}` (supported: {})",
                Self::ALL.map(|(_, name, _)| name).join(", ")
            ),
        })
    }

    /// The name in GGUF.
    fn architecture(self) -> &'static str {
        Self::ALL.iter().find(|(family, _, _)| *family == self).map_or("", |(_, _, name)| name)
    }

    pub(super) fn norms_heads(self) -> bool {
        matches!(self, Self::Qwen3 | Self::Qwen3Moe | Self::Gemma3)
    }
}

/// The settings of a model.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) family: Family,
    values: Map<String, Json>,
}

/// Collects keys of one architecture.
struct Keys {
    architecture: &'static str,
    metadata: BTreeMap<String, Value>,
}

impl Keys {
    fn set(&mut self, key: &str, value: Value) {
        self.metadata.insert(format!("{}.{key}", self.architecture), value);
    }
}

impl Config {
    pub(super) fn new(values: Map<String, Json>) -> Result<Self, HubError> {
        let class = values.get("architectures").and_then(|list| list.get(0)?.as_str());
        let family = Family::of(class.ok_or_else(|| missing("architectures"))?)?;
        Ok(Self { family, values })
    }

    /// `general.architecture` and everything that the file says.
    pub(super) fn metadata(&self) -> Result<(String, BTreeMap<String, Value>), HubError> {
        let architecture = self.family.architecture();
        let mut keys = Keys { architecture, metadata: BTreeMap::new() };
        self.refuse()?;
        self.shape(&mut keys)?;
        self.experts(&mut keys)?;
        self.own(&mut keys)?;
        for (key, value) in rope::describe(self)? {
            keys.set(key, value);
        }
        let name = Value::Text(architecture.to_owned());
        keys.metadata.insert("general.architecture".to_owned(), name);
        Ok((architecture.to_owned(), keys.metadata))
    }

    /// Whether the embedding is also the output head, where the file says so.
    pub(super) fn is_tied(&self) -> Option<bool> {
        self.get("tie_word_embeddings")?.as_bool()
    }

    /// A head that is missing must not silently be the embedding.
    pub(super) fn check_head(&self, has_head: bool) -> Result<(), HubError> {
        if has_head || self.is_tied() != Some(false) {
            return Ok(());
        }
        Err(HubError::Unsupported { file: CONFIG, what: "an output head, which is missing".into() })
    }

    /// A value that is there and not null.
    pub(super) fn get(&self, key: &str) -> Option<&Json> {
        self.values.get(key).filter(|value| !value.is_null())
    }

    pub(super) fn count(&self, key: &str) -> Result<u64, HubError> {
        self.get(key).and_then(Json::as_u64).ok_or_else(|| missing(key))
    }

    pub(super) fn number(&self, key: &str) -> Result<f64, HubError> {
        self.get(key).and_then(Json::as_f64).ok_or_else(|| missing(key))
    }

    /// Values of one head.
    pub(super) fn head_dim(&self) -> Result<u64, HubError> {
        if self.get("head_dim").is_some() {
            return self.count("head_dim");
        }
        let (hidden, heads) = (self.count("hidden_size")?, self.count("num_attention_heads")?);
        hidden.checked_div(heads).ok_or_else(|| missing("num_attention_heads"))
    }

    /// What would silently compute something else if it were ignored.
    fn refuse(&self) -> Result<(), HubError> {
        if self.get("quantization_config").is_some() {
            return refused("weights that are already quantised");
        }
        let activation = self.get("hidden_activation").or_else(|| self.get("hidden_act"));
        let activation = activation.and_then(Json::as_str);
        let expected = if self.family == Family::Gemma3 { "gelu_pytorch_tanh" } else { "silu" };
        if activation.is_some_and(|found| found != expected) {
            return refused(&format!("the activation `{}`", activation.unwrap_or_default()));
        }
        for key in ["attn_logit_softcapping", "final_logit_softcapping"] {
            if self.get(key).is_some() {
                return refused("softly capped logits");
            }
        }
        Ok(())
    }

    fn shape(&self, keys: &mut Keys) -> Result<(), HubError> {
        for (ours, theirs) in [
            ("block_count", "num_hidden_layers"),
            ("embedding_length", "hidden_size"),
            ("feed_forward_length", "intermediate_size"),
            ("attention.head_count", "num_attention_heads"),
        ] {
            keys.set(ours, Value::unsigned(self.count(theirs)?));
        }
        if self.get("num_key_value_heads").is_some() {
            let heads = self.count("num_key_value_heads")?;
            keys.set("attention.head_count_kv", Value::unsigned(heads));
        }
        keys.set("attention.key_length", Value::unsigned(self.head_dim()?));
        keys.set("context_length", Value::unsigned(self.context()?));
        let epsilon = Value::float(self.number("rms_norm_eps")?);
        keys.set("attention.layer_norm_rms_epsilon", epsilon);
        Ok(())
    }

    /// The context up to which every position is seen as the engine sees it: families whose windows
    /// it does not have are right as far as a window reaches.
    fn context(&self) -> Result<u64, HubError> {
        let context = self.count("max_position_embeddings")?;
        let has_window = match self.family {
            Family::Mistral | Family::Mixtral => true,
            Family::Qwen2 | Family::Qwen3 | Family::Qwen3Moe | Family::SmolLm3 => {
                self.get("use_sliding_window").and_then(Json::as_bool) == Some(true)
            }
            // Theirs are computed.
            Family::Phi3 | Family::Gemma3 | Family::Llama | Family::Granite => false,
        };
        if has_window && self.get("sliding_window").is_some() {
            return Ok(context.min(self.count("sliding_window")?));
        }
        Ok(context)
    }

    fn experts(&self, keys: &mut Keys) -> Result<(), HubError> {
        let count = match self.family {
            Family::Mixtral => "num_local_experts",
            Family::Qwen3Moe => "num_experts",
            Family::Llama
            | Family::Mistral
            | Family::Qwen2
            | Family::Qwen3
            | Family::Granite
            | Family::SmolLm3
            | Family::Phi3
            | Family::Gemma3 => return Ok(()),
        };
        keys.set("expert_count", Value::unsigned(self.count(count)?));
        keys.set("expert_used_count", Value::unsigned(self.count("num_experts_per_tok")?));
        if self.family == Family::Mixtral {
            return Ok(());
        }
        let width = self.count("moe_intermediate_size")?;
        keys.set("expert_feed_forward_length", Value::unsigned(width));
        let normalized = self.get("norm_topk_prob").and_then(Json::as_bool).unwrap_or(false);
        keys.set("expert_weights_norm", Value::Bool(normalized));
        let step = self.get("decoder_sparse_step").and_then(Json::as_u64).unwrap_or(1);
        let dense = self.get("mlp_only_layers").and_then(Json::as_array);
        if step != 1 || dense.is_some_and(|layers| !layers.is_empty()) {
            return refused("layers without experts among layers with experts");
        }
        Ok(())
    }

    /// What only one family says.
    fn own(&self, keys: &mut Keys) -> Result<(), HubError> {
        match self.family {
            Family::Granite => {
                for (ours, theirs) in [
                    ("embedding_scale", "embedding_multiplier"),
                    ("residual_scale", "residual_multiplier"),
                    ("attention.scale", "attention_multiplier"),
                    ("logit_scale", "logits_scaling"),
                ] {
                    keys.set(ours, Value::float(self.number(theirs)?));
                }
                Ok(())
            }
            Family::SmolLm3 => self.check_turned_layers(),
            Family::Phi3 if self.get("sliding_window").is_some() => {
                keys.set(
                    "attention.sliding_window",
                    Value::unsigned(self.count("sliding_window")?),
                );
                Ok(())
            }
            Family::Gemma3 => self.gemma(keys),
            Family::Llama
            | Family::Mistral
            | Family::Mixtral
            | Family::Qwen2
            | Family::Qwen3
            | Family::Qwen3Moe
            | Family::Phi3 => Ok(()),
        }
    }

    /// Every fourth layer of `SmolLM3` is not turned; the file may list others.
    fn check_turned_layers(&self) -> Result<(), HubError> {
        let listed = self.get("no_rope_layers").and_then(Json::as_array);
        let turned = |(index, flag): (usize, &Json)| {
            flag.as_u64() == Some(u64::from(!(index + 1).is_multiple_of(4)))
        };
        let interval = self.get("no_rope_layer_interval").and_then(Json::as_u64).unwrap_or(4);
        if interval != 4 || !listed.is_none_or(|list| list.iter().enumerate().all(turned)) {
            return refused("another choice of layers without rotary embedding");
        }
        Ok(())
    }

    fn gemma(&self, keys: &mut Keys) -> Result<(), HubError> {
        keys.set("attention.sliding_window", Value::unsigned(self.count("sliding_window")?));
        if let Some(layers) = self.get("layer_types").and_then(Json::as_array) {
            let window = |kind: &Json| i64::from(kind.as_str() != Some("full_attention"));
            let windows: Vec<i64> = layers.iter().map(window).collect();
            keys.set("attention.sliding_window_pattern", Value::integers(&windows));
        } else if self.get("sliding_window_pattern").is_some() {
            let period = self.count("sliding_window_pattern")?;
            keys.set("attention.sliding_window_pattern", Value::unsigned(period));
        }
        // The engine follows the files of GGUF, which do not say it.
        let scalar = self.count("query_pre_attn_scalar")?;
        let implied = if self.count("num_hidden_layers")? == 62 {
            self.count("hidden_size")?.checked_div(self.count("num_attention_heads")?)
        } else {
            Some(self.head_dim()?)
        };
        if implied != Some(scalar) {
            return refused("queries that are divided by another number than their size");
        }
        Ok(())
    }
}

pub(super) fn missing(key: &str) -> HubError {
    HubError::Missing { file: CONFIG, key: key.to_owned() }
}

pub(super) fn refused<T>(what: &str) -> Result<T, HubError> {
    Err(HubError::Unsupported { file: CONFIG, what: what.to_owned() })
}
