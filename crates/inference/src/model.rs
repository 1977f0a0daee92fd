//! Which models can be asked.

use std::sync::Arc;

use domain::{ModelDigest, ModelId, Timestamp};

use crate::{Gateway, ports::Engine};

/// What is told of a model that is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelCard {
    pub id: ModelId,
    pub created_at: Timestamp,
    pub context_tokens: u32,
    pub purpose: ModelPurpose,
    /// `None` where the model runs elsewhere: nobody here has seen it.
    pub weights: Option<Weights>,
    /// The model that an adapter was made for; its weights are used as well.
    pub base: Option<ModelId>,
}

/// What the files of a model tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weights {
    /// SHA-256 of the model file, lower-case hexadecimal.
    pub digest: String,
    pub architecture: String,
    /// For people: `Q4_1`, `F32`.
    pub quantization: String,
    pub parameters: u64,
}

impl ModelCard {
    /// Of the files of the model, where they are here.
    pub fn digest(&self) -> Option<ModelDigest> {
        self.weights.as_ref()?.digest.parse().ok()
    }
}

/// What can be asked of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelPurpose {
    /// Answers conversations.
    Chat,
    /// Turns passages into vectors of so many numbers.
    Embeddings { dimensions: u32 },
}

/// The registry of served models. Cheap to clone.
#[derive(Clone)]
pub struct Models {
    engine: Arc<dyn Engine>,
    gateway: Option<Gateway>,
}

impl Models {
    pub fn new(engine: Arc<dyn Engine>) -> Self {
        Self { engine, gateway: None }
    }

    /// The same, with models that run elsewhere.
    #[must_use]
    pub fn through(self, gateway: Gateway) -> Self {
        Self { gateway: Some(gateway), ..self }
    }

    /// Those of this server, then those that run elsewhere only.
    pub fn list(&self) -> Vec<ModelCard> {
        let mut cards = self.engine.models();
        for card in self.gateway.iter().flat_map(Gateway::models) {
            if cards.iter().all(|known| known.id != card.id) {
                cards.push(card);
            }
        }
        cards
    }

    pub fn find(&self, id: &ModelId) -> Option<ModelCard> {
        self.list().into_iter().find(|card| card.id == *id)
    }
}
