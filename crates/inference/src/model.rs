//! Which models can be asked.

use std::sync::Arc;

use domain::{ModelId, Timestamp};

use crate::ports::Engine;

/// What is told of a model that is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelCard {
    pub id: ModelId,
    pub created_at: Timestamp,
    pub context_tokens: u32,
    /// SHA-256 of the model file, lower-case hexadecimal.
    pub digest: String,
    pub architecture: String,
    /// For people: `Q4_1`, `F32`.
    pub quantization: String,
    pub parameters: u64,
    pub purpose: ModelPurpose,
    /// The model that an adapter was made for; its weights are used as well.
    pub base: Option<ModelId>,
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
}

impl Models {
    pub fn new(engine: Arc<dyn Engine>) -> Self {
        Self { engine }
    }

    pub fn list(&self) -> Vec<ModelCard> {
        self.engine.models()
    }

    pub fn find(&self, id: &ModelId) -> Option<ModelCard> {
        self.list().into_iter().find(|card| card.id == *id)
    }
}
