//! Reads models as Hugging Face publishes them: a directory of `config.json`, `tokenizer.json` and
//! safetensors that nobody vouches for; and adapters as the PEFT library writes them.
//!
//! [`open`] checks everything that it returns: names, shapes and places of tensors lie inside their
//! files. Metadata and tensors get the names that GGUF gives them. What the engine would compute
//! wrongly if it ignored it is refused.

mod adapter;
mod config;
mod names;
mod rope;
mod safetensors;
#[cfg(test)]
pub(crate) mod tests;
mod tokenizer;

use std::{
    collections::{BTreeSet, HashMap},
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use serde::de::DeserializeOwned;
use serde_json::Value as Json;

pub use self::safetensors::SafetensorsError;
use self::{config::Config, names::Named, safetensors::Entry};
use crate::{
    checkpoint::{Checkpoint, Contents, Layout, Part},
    gguf::{TensorInfo, TensorType},
};

const CONFIG: &str = "config.json";
const GENERATION: &str = "generation_config.json";
const TOKENIZER: &str = "tokenizer.json";
const TOKENIZER_CONFIG: &str = "tokenizer_config.json";
const TEMPLATE: &str = "chat_template.jinja";
const INDEX: &str = "model.safetensors.index.json";
const SINGLE: &str = "model.safetensors";

/// What a model can do without, and what changes it where it is there.
pub(crate) const OPTIONAL: [&str; 4] = [GENERATION, TOKENIZER_CONFIG, TEMPLATE, INDEX];

/// Settings and templates are a few kilobytes.
const SMALL_BYTES_MAX: u64 = 4 << 20;
/// The largest real vocabularies are about 33 MB, the largest indices about 20 MB.
const LARGE_BYTES_MAX: u64 = 256 << 20;
/// The largest real models have some 200 files.
const SHARDS_MAX: usize = 1024;

/// Why a directory is not a usable model.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    #[error("could not read `{file}`")]
    Io { file: String, source: io::Error },
    #[error("`{file}` has {bytes} bytes; up to {bytes_max} are read")]
    TooLarge { file: String, bytes: u64, bytes_max: u64 },
    #[error("`{file}` is not the JSON that is expected")]
    Json { file: String, source: serde_json::Error },
    #[error("`{file}` is not a usable safetensors file")]
    Safetensors { file: String, source: SafetensorsError },
    #[error("`{file}` has no usable `{key}`")]
    Missing { file: &'static str, key: String },
    #[error("`{file}` asks for {what}, which the engine does not have")]
    Unsupported { file: &'static str, what: String },
    #[error("the tensor `{name}` belongs to no part of a model of this family")]
    UnknownTensor { name: String },
    #[error("the tensor `{name}` is stored as {kind}, which the engine cannot read")]
    TensorType { name: String, kind: String },
    #[error("the tensor `{name}` occurs twice")]
    DuplicateTensor { name: String },
    #[error("the index places `{name}` in `{file}`, which does not hold it")]
    Misplaced { name: String, file: String },
    #[error("the index names `{file}`, which is not a file name of weights")]
    ShardName { file: String },
    #[error("the index names {shards} files; 1 to {shards_max} are possible")]
    ShardCount { shards: usize, shards_max: usize },
}

pub(crate) fn open(directory: &Path) -> Result<Checkpoint, HubError> {
    if adapter::is_in(directory) {
        return adapter::open(directory);
    }
    let config = Config::new(read_json(directory, CONFIG, SMALL_BYTES_MAX)?)?;
    let (architecture, mut metadata) = config.metadata()?;
    let generation: Option<Json> = read_json_if(directory, GENERATION, SMALL_BYTES_MAX)?;
    tokenizer::describe(directory, &config, generation.as_ref(), &mut metadata)?;
    let (mut parts, mut tensors, mut tensor_index) = (Vec::new(), Vec::new(), HashMap::new());
    for (file, entries) in shards(directory)?.read(directory, &mut parts)? {
        for entry in entries {
            let Some(tensor) = tensor(&config, file, entry)? else { continue };
            if tensor_index.insert(tensor.name.clone(), tensors.len()).is_some() {
                return Err(HubError::DuplicateTensor { name: tensor.name });
            }
            tensors.push(tensor);
        }
    }
    config.check_head(tensor_index.contains_key("output.weight"))?;
    let layout = Layout::Safetensors;
    let contents = Contents { layout, architecture, metadata, tensors, tensor_index, parts };
    Ok(Checkpoint::new(contents))
}

/// The files of a directory that make up the model, sorted by name.
pub(crate) fn files(directory: &Path) -> Result<Vec<String>, HubError> {
    if adapter::is_in(directory) {
        return Ok(adapter::files());
    }
    let mut files = shards(directory)?.files;
    files.extend([CONFIG, TOKENIZER].map(str::to_owned));
    let there = |name: &&str| directory.join(name).exists();
    files.extend(OPTIONAL.into_iter().filter(there).map(str::to_owned));
    files.sort_unstable();
    Ok(files)
}

/// The files with tensors, and which of them shall hold each tensor.
struct Shards {
    files: Vec<String>,
    places: HashMap<String, String>,
}

fn shards(directory: &Path) -> Result<Shards, HubError> {
    #[derive(serde::Deserialize)]
    struct Index {
        weight_map: HashMap<String, String>,
    }
    let Some(Index { weight_map }) = read_json_if(directory, INDEX, LARGE_BYTES_MAX)? else {
        return Ok(Shards { files: vec![SINGLE.to_owned()], places: HashMap::new() });
    };
    let files: BTreeSet<&String> = weight_map.values().collect();
    let (shards, shards_max) = (files.len(), SHARDS_MAX);
    if shards == 0 || shards > shards_max {
        return Err(HubError::ShardCount { shards, shards_max });
    }
    // A name must not lead out of the directory.
    let plain = |name: &str| {
        name.ends_with(".safetensors")
            && !name.starts_with('.')
            && !name.contains(['/', '\\', '\0'])
    };
    if let Some(file) = files.iter().find(|name| !plain(name)) {
        return Err(HubError::ShardName { file: (*file).clone() });
    }
    let files = files.into_iter().cloned().collect();
    Ok(Shards { files, places: weight_map })
}

impl Shards {
    /// The tensors of every file, with the file's number.
    fn read(
        &self,
        directory: &Path,
        parts: &mut Vec<Part>,
    ) -> Result<Vec<(usize, Vec<Entry>)>, HubError> {
        let mut all = Vec::new();
        let mut found = HashMap::new();
        for (number, name) in self.files.iter().enumerate() {
            let unreadable = |source| HubError::Io { file: name.clone(), source };
            let file = File::open(directory.join(name)).map_err(unreadable)?;
            let bytes = file.metadata().map_err(unreadable)?.len();
            let entries = safetensors::read(&file, bytes)
                .map_err(|source| HubError::Safetensors { file: name.clone(), source })?;
            found.extend(entries.iter().map(|entry| (entry.name.clone(), number)));
            parts.push(Part { file, bytes });
            all.push((number, entries));
        }
        for (tensor, file) in &self.places {
            if found.get(tensor).is_none_or(|&number| self.files[number] != *file) {
                let (name, file) = (tensor.clone(), file.clone());
                return Err(HubError::Misplaced { name, file });
            }
        }
        Ok(all)
    }
}

/// A tensor under its name in GGUF; `None` for one that the engine does not need.
fn tensor(config: &Config, part: usize, entry: Entry) -> Result<Option<TensorInfo>, HubError> {
    let name = match names::translate(&entry.name, config.family) {
        Named::Tensor(name) => name,
        Named::Unused => return Ok(None),
        Named::Unknown => return Err(HubError::UnknownTensor { name: entry.name }),
    };
    // With tied weights the embedding is the head, whatever else the file holds.
    if name == "output.weight" && config.is_tied() == Some(true) {
        return Ok(None);
    }
    stored_tensor(name, part, entry).map(Some)
}

/// A tensor under another name, if it holds floating-point numbers.
fn stored_tensor(name: String, part: usize, entry: Entry) -> Result<TensorInfo, HubError> {
    let kind = match entry.kind.as_str() {
        "F32" => TensorType::F32,
        "F16" => TensorType::F16,
        "BF16" => TensorType::BF16,
        _ => return Err(HubError::TensorType { name: entry.name, kind: entry.kind }),
    };
    // The last dimension is the one that lies side by side.
    let shape = entry.shape.into_iter().rev().collect();
    let (offset, bytes) = (entry.start, entry.end - entry.start);
    Ok(TensorInfo { name, shape, kind, part, offset, bytes })
}

fn read_json<T: DeserializeOwned>(
    directory: &Path,
    name: &'static str,
    bytes_max: u64,
) -> Result<T, HubError> {
    let text = read_text(directory, name, bytes_max)?;
    serde_json::from_str(&text).map_err(|source| HubError::Json { file: name.to_owned(), source })
}

/// As [`read_json`]; `None` when there is no such file.
fn read_json_if<T: DeserializeOwned>(
    directory: &Path,
    name: &'static str,
    bytes_max: u64,
) -> Result<Option<T>, HubError> {
    if directory.join(name).exists() {
        read_json(directory, name, bytes_max).map(Some)
    } else {
        Ok(None)
    }
}

fn read_text(directory: &Path, name: &'static str, bytes_max: u64) -> Result<String, HubError> {
    let unreadable = |source| HubError::Io { file: name.to_owned(), source };
    let file = File::open(directory.join(name)).map_err(unreadable)?;
    let bytes = file.metadata().map_err(unreadable)?.len();
    if bytes > bytes_max {
        return Err(HubError::TooLarge { file: name.to_owned(), bytes, bytes_max });
    }
    let mut text = String::new();
    // No more than was announced, should the file grow meanwhile.
    file.take(bytes_max).read_to_string(&mut text).map_err(unreadable)?;
    Ok(text)
}
