//! Adapters as the PEFT library writes them: `adapter_config.json` and `adapter_model.safetensors`.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    path::Path,
};

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::{
    HubError, SMALL_BYTES_MAX,
    config::Family,
    names::{self, Named},
    read_json, safetensors, stored_tensor,
};
use crate::{
    checkpoint::{Checkpoint, Contents, Layout, Part},
    gguf::{TensorInfo, Value},
};

pub(super) const CONFIG: &str = "adapter_config.json";
const WEIGHTS: &str = "adapter_model.safetensors";

/// What stands before the names of the model.
const PREFIX: &str = "base_model.model.";

/// The settings that decide what is computed. Training has many more.
#[expect(clippy::struct_excessive_bools, reason = "the file is a set of named switches")]
#[derive(Debug, Deserialize)]
struct Settings {
    peft_type: String,
    lora_alpha: f64,
    #[serde(default)]
    use_rslora: bool,
    #[serde(default)]
    use_dora: bool,
    #[serde(default)]
    fan_in_fan_out: bool,
    #[serde(default)]
    lora_bias: bool,
    bias: Option<String>,
    init_lora_weights: Option<Json>,
    alpha_pattern: Option<Map<String, Json>>,
    modules_to_save: Option<Vec<String>>,
    layer_replication: Option<Json>,
    trainable_token_indices: Option<Json>,
}

impl Settings {
    /// What would be computed wrongly if it were ignored.
    fn refuse(&self) -> Result<(), HubError> {
        let changes_model = match &self.init_lora_weights {
            Some(Json::String(way)) => !matches!(way.as_str(), "gaussian" | "eva" | "orthogonal"),
            Some(_) | None => false,
        };
        let is_set = |value: &Option<Json>| value.as_ref().is_some_and(|value| !value.is_null());
        let pattern = self.alpha_pattern.as_ref().is_some_and(|pattern| !pattern.is_empty());
        let saved = self.modules_to_save.as_ref().is_some_and(|modules| !modules.is_empty());
        let refused = [
            (self.use_dora, "`use_dora`"),
            (self.fan_in_fan_out, "`fan_in_fan_out`"),
            (self.lora_bias, "`lora_bias`"),
            (self.bias.as_deref().is_some_and(|bias| bias != "none"), "`bias`"),
            (changes_model, "weights of the model that its `init_lora_weights` has changed"),
            (pattern, "`alpha_pattern`"),
            (saved, "`modules_to_save`"),
            (is_set(&self.layer_replication), "`layer_replication`"),
            (is_set(&self.trainable_token_indices), "`trainable_token_indices`"),
        ];
        match refused.into_iter().find(|(is_refused, _)| *is_refused) {
            None => Ok(()),
            Some((_, what)) => Err(HubError::Unsupported { file: CONFIG, what: what.to_owned() }),
        }
    }

    fn metadata(&self) -> BTreeMap<String, Value> {
        let kind = self.peft_type.to_lowercase();
        let values = [
            ("general.type", Value::Text("adapter".to_owned())),
            ("adapter.type", Value::Text(kind)),
            ("adapter.lora.alpha", Value::float(self.lora_alpha)),
            ("adapter.lora.rank_stabilised", Value::Bool(self.use_rslora)),
        ];
        values.map(|(key, value)| (key.to_owned(), value)).into()
    }
}

/// Whether a directory is an adapter and no model.
pub(super) fn is_in(directory: &Path) -> bool {
    directory.join(CONFIG).exists() && !directory.join(super::CONFIG).exists()
}

pub(super) fn files() -> Vec<String> {
    [CONFIG, WEIGHTS].map(str::to_owned).into()
}

pub(super) fn open(directory: &Path) -> Result<Checkpoint, HubError> {
    let settings: Settings = read_json(directory, CONFIG, SMALL_BYTES_MAX)?;
    settings.refuse()?;
    let unreadable = |source| HubError::Io { file: WEIGHTS.to_owned(), source };
    let file = File::open(directory.join(WEIGHTS)).map_err(unreadable)?;
    let bytes = file.metadata().map_err(unreadable)?.len();
    let entries = safetensors::read(&file, bytes)
        .map_err(|source| HubError::Safetensors { file: WEIGHTS.to_owned(), source })?;
    let (mut tensors, mut tensor_index) = (Vec::new(), HashMap::new());
    for entry in entries {
        let Some(name) = name(&entry.name) else {
            return Err(HubError::UnknownTensor { name: entry.name });
        };
        let tensor: TensorInfo = stored_tensor(name, 0, entry)?;
        if tensor_index.insert(tensor.name.clone(), tensors.len()).is_some() {
            return Err(HubError::DuplicateTensor { name: tensor.name });
        }
        tensors.push(tensor);
    }
    Ok(Checkpoint::new(Contents {
        layout: Layout::Safetensors,
        architecture: "lora".to_owned(),
        metadata: settings.metadata(),
        tensors,
        tensor_index,
        parts: vec![Part { file, bytes }],
    }))
}

/// What GGUF calls half of a pair.
fn name(name: &str) -> Option<String> {
    let name = name.strip_prefix(PREFIX)?;
    let (module, half) = ["a", "b"].into_iter().find_map(|half| {
        let ending = format!(".lora_{}.weight", half.to_uppercase());
        Some((name.strip_suffix(&ending)?, half))
    })?;
    // Of the parts that adapters change, only this family has some of its own.
    match names::translate(&format!("{module}.weight"), Family::Phi3) {
        Named::Tensor(name) => Some(format!("{name}.lora_{half}")),
        Named::Unused | Named::Unknown => None,
    }
}
