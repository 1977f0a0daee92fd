//! A model that can be asked: its weights, its tokenizer, its chat template. An adapter shares all
//! of them with the model that it was made for.

mod bare_text;
mod calls;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use cpu_kernels::KvPrecision;
use domain::{ModelId, Timestamp};
use inference::{
    ModelCard, ModelPurpose, Weights,
    ports::{Asked, EngineError, Prompt},
};

use crate::{
    adapter::{Adapter, AdapterError},
    checkpoint::{Checkpoint, OpenError},
    energy::Work,
    grammar::Grammars,
    kv_cache::KvPool,
    model::{ConfigError, Loading, Model, ModelError},
    template::{ChatTemplate, TemplateError},
    tokenizer::{Tokenizer, TokenizerError},
    tools::{Marks, ToolStyle},
};

/// A model file, as the registry knows it.
#[derive(Clone, Debug)]
pub struct ModelFile {
    pub id: ModelId,
    pub path: PathBuf,
    /// SHA-256, lower-case hexadecimal.
    pub digest: String,
    pub created_at: Timestamp,
}

/// Why a model cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("could not read the model {}", path.display())]
    File { path: PathBuf, source: OpenError },
    #[error("the model {} cannot be used", path.display())]
    Unsupported { path: PathBuf, source: ConfigError },
    #[error("the model `{model}` cannot be loaded")]
    Model { model: ModelId, source: ModelError },
    #[error("the adapter `{model}` cannot be used with `{base}`")]
    Adapter { model: ModelId, base: ModelId, source: Box<AdapterError> },
    #[error("`{model}` is an adapter; it is loaded with the model that it was made for")]
    AdapterAlone { model: ModelId },
    #[error("the adapter `{model}` was made for `{base}`, which is not loaded")]
    NoBase { model: ModelId, base: ModelId },
    #[error("the tokenizer of `{model}` cannot be used")]
    Tokenizer { model: ModelId, source: TokenizerError },
    #[error("the chat template of `{model}` cannot be used")]
    Template { model: ModelId, source: TemplateError },
    #[error("the tokenizer of `{model}` has {tokens} tokens, but its embedding only {vocabulary}")]
    Vocabulary { model: ModelId, tokens: usize, vocabulary: usize },
    #[error(
        "the limit for keys and values, {kv_bytes_max} bytes, does not hold one block of \
             {block_bytes} bytes of `{model}`"
    )]
    CacheTooSmall { model: ModelId, kv_bytes_max: usize, block_bytes: usize },
    #[error("a model named `{model}` is already loaded")]
    Duplicate { model: ModelId },
}

/// Numbers the models that this process loads.
static LOADED: AtomicU64 = AtomicU64::new(0);

#[derive(Debug)]
pub(crate) struct Served {
    /// Tells this model from every other one, also from one that has its name later.
    pub(crate) number: u64,
    pub(crate) card: ModelCard,
    pub(crate) model: Arc<Model>,
    pub(crate) adapter: Option<Adapter>,
    pub(crate) tokenizer: Arc<Tokenizer>,
    pub(crate) work: Work,
    template: Arc<ChatTemplate>,
    style: ToolStyle,
    /// The marks of calls that are tokens of their own and hidden otherwise.
    pub(crate) marks: Marks,
    grammars: Arc<Grammars>,
    unloaded: AtomicBool,
}

impl Served {
    pub(crate) fn load(
        file: ModelFile,
        checkpoint: &Checkpoint,
        pool: &KvPool,
        loading: &Loading<'_>,
        kv_precision: KvPrecision,
    ) -> Result<Self, LoadError> {
        let id = file.id.clone();
        if checkpoint.is_adapter() {
            return Err(LoadError::AdapterAlone { model: id });
        }
        let tokenizer = Tokenizer::from_checkpoint(checkpoint)
            .map_err(|source| LoadError::Tokenizer { model: id.clone(), source })?;
        let template = ChatTemplate::from_checkpoint(checkpoint, &tokenizer)
            .map_err(|source| LoadError::Template { model: id.clone(), source })?;
        let mut model = Model::load_by(checkpoint, loading)
            .map_err(|source| LoadError::Model { model: id.clone(), source })?
            .with_kv_precision(kv_precision);
        let config = model.config();
        if tokenizer.len() > config.vocabulary {
            let (tokens, vocabulary) = (tokenizer.len(), config.vocabulary);
            return Err(LoadError::Vocabulary { model: id, tokens, vocabulary });
        }
        let cache_tokens = pool.tokens_max(model.kv_shape());
        if cache_tokens == 0 {
            let block_bytes = model.kv_shape().block_bytes();
            let kv_bytes_max = pool.bytes_max();
            return Err(LoadError::CacheTooSmall { model: id, kv_bytes_max, block_bytes });
        }
        let cache_tokens = u32::try_from(cache_tokens).unwrap_or(u32::MAX);
        let context_tokens = config.context_tokens.min(cache_tokens);
        model.limit_context(context_tokens);
        let config = model.config();
        let card = ModelCard {
            id,
            created_at: file.created_at,
            context_tokens,
            purpose: ModelPurpose::Chat,
            weights: Some(Weights {
                digest: file.digest,
                architecture: config.architecture.as_str().to_owned(),
                quantization: config.quantization.clone(),
                parameters: config.parameters,
            }),
            base: None,
        };
        let work = work(&model);
        let style = ToolStyle::of_template(template.source());
        let marks = Marks::find(style.dialect, &tokenizer);
        Ok(Self {
            number: LOADED.fetch_add(1, Ordering::Relaxed),
            card,
            model: Arc::new(model),
            adapter: None,
            tokenizer: Arc::new(tokenizer),
            work,
            template: Arc::new(template),
            style,
            marks,
            grammars: Arc::default(),
            unloaded: AtomicBool::new(false),
        })
    }

    /// This model with an adapter.
    pub(crate) fn adapted(
        &self,
        file: ModelFile,
        checkpoint: &Checkpoint,
    ) -> Result<Self, LoadError> {
        let adapter = Adapter::load(checkpoint, &self.model).map_err(|source| {
            let (model, base) = (file.id.clone(), self.card.id.clone());
            LoadError::Adapter { model, base, source: Box::new(source) }
        })?;
        let card = ModelCard {
            id: file.id,
            created_at: file.created_at,
            weights: self.card.weights.clone().map(|base| Weights {
                digest: file.digest,
                parameters: base.parameters + adapter.parameters(),
                ..base
            }),
            base: Some(self.card.id.clone()),
            ..self.card.clone()
        };
        #[expect(clippy::cast_precision_loss, reason = "models have far below 2^52 parameters")]
        let token = self.work.token + adapter.multiply_adds() as f64;
        Ok(Self {
            number: LOADED.fetch_add(1, Ordering::Relaxed),
            card,
            model: Arc::clone(&self.model),
            adapter: Some(adapter),
            tokenizer: Arc::clone(&self.tokenizer),
            work: Work { token, ..self.work },
            template: Arc::clone(&self.template),
            style: self.style,
            marks: self.marks.clone(),
            grammars: Arc::clone(&self.grammars),
            unloaded: AtomicBool::new(false),
        })
    }

    /// Whether both are computed with the same weights, so that one step may serve both.
    pub(crate) fn shares_weights(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.model, &other.model)
    }

    /// Lets running generations end; nothing of them is kept for others.
    pub(crate) fn unload(&self) {
        self.unloaded.store(true, Ordering::Release);
    }

    pub(crate) fn is_unloaded(&self) -> bool {
        self.unloaded.load(Ordering::Acquire)
    }

    pub(crate) fn prepare(&self, asked: Asked<'_>, now: Timestamp) -> Result<Prompt, EngineError> {
        let rendered = self.render(asked, now).map_err(refusal)?;
        let tokens = rendered.tokens(&self.tokenizer);
        if tokens.is_empty() {
            let reason = "the conversation is empty for this model".to_owned();
            return Err(EngineError::MessagesRejected { reason });
        }
        let prompt = self.prompt(tokens)?;
        // They are kept, so that the generation finds them made.
        self.forms(asked.format, asked.tools, |_| ())?;
        Ok(prompt)
    }

    fn prompt(&self, tokens: Vec<u32>) -> Result<Prompt, EngineError> {
        let prompt = Prompt {
            model: self.card.id.clone(),
            digest: self.card.digest(),
            tokens,
            context_tokens: self.card.context_tokens,
        };
        self.check(&prompt)?;
        Ok(prompt)
    }

    /// Refuses a prompt that leaves no room for an answer or is not this model's.
    pub(crate) fn check(&self, prompt: &Prompt) -> Result<(), EngineError> {
        // Another model took the name since the prompt was prepared.
        if prompt.digest.is_some() && prompt.digest != self.card.digest() {
            return Err(EngineError::UnknownModel { model: prompt.model.clone() });
        }
        let prompt_tokens = u32::try_from(prompt.tokens.len()).unwrap_or(u32::MAX);
        if prompt_tokens >= self.card.context_tokens {
            return Err(EngineError::ContextTooLong {
                model: self.card.id.clone(),
                prompt_tokens,
                context_tokens: self.card.context_tokens,
            });
        }
        let vocabulary = self.model.config().vocabulary;
        let foreign = |token: &&u32| **token as usize >= vocabulary;
        if let Some(token) = prompt.tokens.iter().find(foreign) {
            let detail = format!("the prompt holds token {token} of {vocabulary}");
            return Err(EngineError::Failed { detail });
        }
        if prompt.tokens.is_empty() {
            return Err(EngineError::Failed { detail: "the prompt has no tokens".to_owned() });
        }
        Ok(())
    }
}

fn refusal(error: TemplateError) -> EngineError {
    match error {
        TemplateError::Refused { message } => EngineError::MessagesRejected { reason: message },
        TemplateError::TooCostly => EngineError::MessagesRejected { reason: error.to_string() },
        TemplateError::Missing | TemplateError::Broken { .. } => {
            EngineError::Failed { detail: error.to_string() }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "models have far below 2^52 parameters")]
fn work(model: &Model) -> Work {
    let (config, weights) = (model.config(), model.weights());
    let used = config.experts.map_or(0, |experts| experts.used);
    let products: usize = weights.layers.iter().map(|layer| layer.multiply_adds(used)).sum();
    Work {
        token: products as f64,
        head: (config.hidden * config.vocabulary) as f64,
        seen: (2 * config.layers * config.query_width()) as f64,
    }
}
