use async_trait::async_trait;
use domain::{Caller, ModelId};

/// Makes vectors of passages and of what is looked for. Each call is a request of the caller:
/// metered, within its limits, with its entry in the log.
#[async_trait]
pub trait Embedder: Send + Sync {
    fn model(&self) -> &ModelId;

    /// Whether the model is there. Nothing is begun that needs it while it is not.
    fn is_there(&self) -> bool;

    /// Numbers in a vector.
    fn dimension(&self) -> u32;

    /// Whether vectors of documents were denied to the caller a short while ago. Nobody is asked.
    fn is_denied(&self, _caller: &Caller) -> bool {
        false
    }

    /// One vector a text, each of length one. A text that is longer than the model reads is cut.
    async fn passages(
        &self,
        caller: &Caller,
        texts: &[String],
    ) -> Result<Vec<Vec<f32>>, EmbedderError>;

    /// The vector of what somebody looks for.
    async fn query(&self, caller: &Caller, text: &str) -> Result<Vec<f32>, EmbedderError>;

    /// Tokens of a text, without those that the model puts around it. Takes about as long as
    /// reading the text.
    fn count_tokens(&self, text: &str) -> u32;
}

/// Why there are no vectors.
#[derive(Debug, thiserror::Error)]
pub enum EmbedderError {
    /// It lies in the texts: asking again comes to the same.
    #[error("the texts have no vectors: {reason}")]
    Refused { reason: String },
    /// The caller has used up what it may, or may not use the model; others may.
    #[error("no vectors are made for this caller now")]
    Denied { source: Box<dyn std::error::Error + Send + Sync> },
    /// The model is not there; later it may be.
    #[error("no vectors can be made now")]
    Unavailable { source: Box<dyn std::error::Error + Send + Sync> },
}
