//! A model that can be asked: its weights, its tokenizer, its chat template.

mod calls;

use std::{
    path::PathBuf,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use domain::{ModelId, Timestamp};
use inference::{
    ModelCard, ModelPurpose,
    ports::{Asked, EngineError, Prompt},
};

use crate::{
    checkpoint::{Checkpoint, OpenError},
    energy::Work,
    grammar::Grammars,
    kv_cache::KvPool,
    model::{ConfigError, Model, ModelError},
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
    pub(crate) model: Model,
    pub(crate) tokenizer: Tokenizer,
    pub(crate) work: Work,
    template: ChatTemplate,
    style: ToolStyle,
    /// The marks of calls that are tokens of their own and hidden otherwise.
    pub(crate) marks: Marks,
    grammars: Grammars,
    unloaded: AtomicBool,
}

impl Served {
    pub(crate) fn load(
        file: ModelFile,
        checkpoint: &Checkpoint,
        pool: &KvPool,
    ) -> Result<Self, LoadError> {
        let id = file.id.clone();
        let tokenizer = Tokenizer::from_checkpoint(checkpoint)
            .map_err(|source| LoadError::Tokenizer { model: id.clone(), source })?;
        let template = ChatTemplate::from_checkpoint(checkpoint, &tokenizer)
            .map_err(|source| LoadError::Template { model: id.clone(), source })?;
        let model = Model::load(checkpoint)
            .map_err(|source| LoadError::Model { model: id.clone(), source })?;
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
        let card = ModelCard {
            id,
            created_at: file.created_at,
            context_tokens: config.context_tokens.min(cache_tokens),
            digest: file.digest,
            architecture: config.architecture.as_str().to_owned(),
            quantization: config.quantization.clone(),
            parameters: config.parameters,
            purpose: ModelPurpose::Chat,
        };
        let work = work(&model);
        let number = LOADED.fetch_add(1, Ordering::Relaxed);
        let unloaded = AtomicBool::new(false);
        let grammars = Grammars::default();
        let style = ToolStyle::of_template(template.source());
        let marks = Marks::find(style.dialect, &tokenizer);
        Ok(Self {
            number,
            card,
            model,
            tokenizer,
            work,
            template,
            style,
            marks,
            grammars,
            unloaded,
        })
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
        let prompt = Prompt {
            model: self.card.id.clone(),
            tokens,
            context_tokens: self.card.context_tokens,
        };
        self.check(&prompt)?;
        // They are kept, so that the generation finds them made.
        self.forms(asked.format, asked.tools)?;
        Ok(prompt)
    }

    /// Refuses a prompt that leaves no room for an answer or is not this model's.
    pub(crate) fn check(&self, prompt: &Prompt) -> Result<(), EngineError> {
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
