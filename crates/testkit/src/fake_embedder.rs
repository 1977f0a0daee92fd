//! Vectors without a model: every word pushes the vector of its text somewhere.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use domain::{Caller, ModelId};
use knowledge::ports::{Embedder, EmbedderError};

/// Numbers in a vector.
const DIMENSION: u32 = 16;

/// What it does with the next texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmbedderBehaviour {
    Embeds,
    Hangs,
    Refuses,
    /// Others may be given vectors.
    Denies,
    Unavailable,
    /// The model was removed.
    IsGone,
    /// Gives one vector less than there are texts.
    Forgets,
}

/// The same vectors each time, of length one; texts with the same words have the same. Cheap to
/// clone; clones are the same embedder.
#[derive(Clone)]
pub struct FakeEmbedder {
    shared: Arc<Shared>,
}

struct Shared {
    model: ModelId,
    behaviour: Mutex<EmbedderBehaviour>,
    asked: AtomicUsize,
    /// Who asked last for vectors of documents.
    caller: Mutex<Option<Caller>>,
}

impl Default for FakeEmbedder {
    fn default() -> Self {
        let model = "fake-embedder".parse().expect("a model id");
        let behaviour = Mutex::new(EmbedderBehaviour::Embeds);
        let (asked, caller) = (AtomicUsize::new(0), Mutex::default());
        Self { shared: Arc::new(Shared { model, behaviour, asked, caller }) }
    }
}

impl FakeEmbedder {
    pub fn behave(&self, behaviour: EmbedderBehaviour) {
        *self.behaviour() = behaviour;
    }

    /// How many texts of documents it was given.
    pub fn asked(&self) -> usize {
        self.shared.asked.load(Ordering::SeqCst)
    }

    /// For whom it was asked last for vectors of documents.
    pub fn caller(&self) -> Option<Caller> {
        *self.shared.caller.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn behaviour(&self) -> MutexGuard<'_, EmbedderBehaviour> {
        self.shared.behaviour.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedderError> {
        let behaviour = *self.behaviour();
        tokio::task::yield_now().await;
        let mut vectors: Vec<Vec<f32>> = texts.iter().map(|text| vector(text)).collect();
        match behaviour {
            EmbedderBehaviour::Embeds => Ok(vectors),
            EmbedderBehaviour::Hangs => std::future::pending().await,
            EmbedderBehaviour::Refuses => {
                Err(EmbedderError::Refused { reason: "told to refuse".to_owned() })
            }
            EmbedderBehaviour::Denies => {
                Err(EmbedderError::Denied { source: "told to deny".into() })
            }
            EmbedderBehaviour::Unavailable | EmbedderBehaviour::IsGone => {
                Err(EmbedderError::Unavailable { source: "told to be away".into() })
            }
            EmbedderBehaviour::Forgets => {
                vectors.pop();
                Ok(vectors)
            }
        }
    }
}

#[async_trait]
impl Embedder for FakeEmbedder {
    fn model(&self) -> &ModelId {
        &self.shared.model
    }

    fn is_there(&self) -> bool {
        *self.behaviour() != EmbedderBehaviour::IsGone
    }

    fn dimension(&self) -> u32 {
        DIMENSION
    }

    async fn passages(
        &self,
        caller: &Caller,
        texts: &[String],
    ) -> Result<Vec<Vec<f32>>, EmbedderError> {
        *self.shared.caller.lock().unwrap_or_else(PoisonError::into_inner) = Some(*caller);
        self.shared.asked.fetch_add(texts.len(), Ordering::SeqCst);
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        self.embed(&texts).await
    }

    async fn query(&self, _caller: &Caller, text: &str) -> Result<Vec<f32>, EmbedderError> {
        let mut vectors = self.embed(&[text]).await?;
        vectors.pop().ok_or_else(|| EmbedderError::Refused { reason: "forgotten".to_owned() })
    }

    fn count_tokens(&self, text: &str) -> u32 {
        u32::try_from(text.split_whitespace().count()).unwrap_or(u32::MAX)
    }
}

/// The words of a text, in lower case and without signs around them.
pub(crate) fn words(text: &str) -> impl Iterator<Item = String> {
    let words = text.split_whitespace().map(str::to_lowercase);
    words
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned())
        .filter(|word| !word.is_empty())
}

fn vector(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0_f32; DIMENSION as usize];
    // Never all zeros.
    vector[0] = 0.01;
    for word in words(text) {
        let mut hasher = DefaultHasher::new();
        word.hash(&mut hasher);
        let hash = hasher.finish();
        for (place, number) in vector.iter_mut().enumerate() {
            *number += if (hash >> place) & 1 == 0 { -1.0 } else { 1.0 };
        }
    }
    let length = vector.iter().map(|number| number * number).sum::<f32>().sqrt();
    vector.iter().map(|number| number / length).collect()
}
