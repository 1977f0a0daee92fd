//! An encoder that can be asked: its weights and its tokenizer.

use inference::{
    ModelCard, ModelPurpose, Weights,
    ports::{EngineError, Passage, Passages, WhenTooLong},
};

use crate::{
    checkpoint::Checkpoint,
    encoder::Encoder,
    model::Loading,
    served::{LoadError, ModelFile},
    tokenizer::PassageTokenizer,
};

#[derive(Debug)]
pub(crate) struct ServedEncoder {
    pub(crate) card: ModelCard,
    pub(crate) encoder: Encoder,
    tokenizer: PassageTokenizer,
}

impl ServedEncoder {
    pub(crate) fn load(
        file: ModelFile,
        gguf: &Checkpoint,
        loading: &Loading<'_>,
    ) -> Result<Self, LoadError> {
        let ModelFile { id, digest, created_at, .. } = file;
        let tokenizer = PassageTokenizer::from_checkpoint(gguf)
            .map_err(|source| LoadError::Tokenizer { model: id.clone(), source })?;
        let encoder = Encoder::load(gguf, loading)
            .map_err(|source| LoadError::Model { model: id.clone(), source })?;
        let config = encoder.config();
        if tokenizer.len() > config.vocabulary {
            let (tokens, vocabulary) = (tokenizer.len(), config.vocabulary);
            return Err(LoadError::Vocabulary { model: id, tokens, vocabulary });
        }
        let card = ModelCard {
            id,
            created_at,
            context_tokens: u32::try_from(config.context_tokens).unwrap_or(u32::MAX),
            weights: Some(Weights {
                digest,
                architecture: gguf.architecture().to_owned(),
                quantization: config.quantization.clone(),
                parameters: config.parameters,
            }),
            purpose: ModelPurpose::Embeddings {
                dimensions: u32::try_from(config.hidden).unwrap_or(u32::MAX),
            },
            base: None,
        };
        Ok(Self { card, encoder, tokenizer })
    }

    pub(crate) fn prepare(
        &self,
        passages: Vec<Passage>,
        when_too_long: WhenTooLong,
    ) -> Result<Passages, EngineError> {
        let tokens = passages.into_iter().enumerate();
        let tokens = tokens.map(|(index, passage)| self.tokens(index, passage, when_too_long));
        let dimensions = u32::try_from(self.encoder.config().hidden).unwrap_or(u32::MAX);
        let (model, digest) = (self.card.id.clone(), self.card.digest());
        Ok(Passages { model, digest, tokens: tokens.collect::<Result<_, _>>()?, dimensions })
    }

    fn tokens(
        &self,
        index: usize,
        passage: Passage,
        when_too_long: WhenTooLong,
    ) -> Result<Vec<u32>, EngineError> {
        let mut tokens = match passage {
            Passage::Text(text) => self.tokenizer.encode(&text),
            Passage::Tokens(tokens) => self.tokenizer.mark(tokens),
        };
        let most = self.encoder.config().context_tokens;
        match when_too_long {
            WhenTooLong::Cut => self.tokenizer.cut(&mut tokens, most),
            WhenTooLong::Refuse => {}
        }
        self.check_passage(index, &tokens)?;
        Ok(tokens)
    }

    /// Refuses passages that are not this model's.
    pub(crate) fn check(&self, passages: &Passages) -> Result<(), EngineError> {
        // Another model took the name since they were prepared.
        if passages.digest.is_some() && passages.digest != self.card.digest() {
            return Err(EngineError::UnknownModel { model: passages.model.clone() });
        }
        if passages.tokens.iter().any(Vec::is_empty) || passages.tokens.is_empty() {
            return Err(EngineError::Failed { detail: "a passage has no tokens".to_owned() });
        }
        let mut all = passages.tokens.iter().enumerate();
        all.try_for_each(|(index, tokens)| self.check_passage(index, tokens))
    }

    fn check_passage(&self, index: usize, tokens: &[u32]) -> Result<(), EngineError> {
        let config = self.encoder.config();
        let model = || self.card.id.clone();
        if let Some(&token) = tokens.iter().find(|&&token| token as usize >= config.vocabulary) {
            let vocabulary = config.vocabulary;
            return Err(EngineError::TokenUnknown { model: model(), index, token, vocabulary });
        }
        if tokens.len() > config.context_tokens {
            let (tokens, tokens_max) = (tokens.len(), self.card.context_tokens);
            return Err(EngineError::PassageTooLong { model: model(), index, tokens, tokens_max });
        }
        Ok(())
    }
}
