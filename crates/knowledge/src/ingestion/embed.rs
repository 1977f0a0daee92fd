//! The second stage: from passages to vectors. They are requests like any other, of whoever added
//! the document.

use domain::Caller;
use tokio::time::timeout;

use super::{
    read::ATTEMPTS_MAX,
    work::{Outcome, Tools},
};
use crate::{
    IndexPassage, IndexVersion, KnowledgeError, Reading, Unread,
    ports::{Claim, EmbedderError, Step},
};

/// Passages that the model is given at a time.
const BATCH: usize = 32;

/// What became of some passages.
enum Embedded {
    All(Vec<Vec<f32>>),
    Refused,
    Denied,
    Unavailable,
}

pub(super) async fn embed(tools: &Tools, claim: &Claim) -> Result<Outcome, KnowledgeError> {
    if claim.attempts > ATTEMPTS_MAX {
        return tools.fail(claim, Unread::BrokenOff).await;
    }
    let parties = [claim.added_by, claim.owner].into_iter().flatten();
    let caller = tools.access.working_for(claim.organisation, parties).await?;
    // Asked before anything is read: many documents may wait for a new month.
    if tools.embedder.is_denied(&caller) {
        return Ok(Outcome::Denied);
    }
    let Some(reading) = tools.store.reading(claim).await? else {
        return tools.fail(claim, Unread::BytesGone).await;
    };
    let texts: Vec<String> =
        reading.passages.iter().map(|passage| reading.index_text(passage)).collect();
    match vectors(tools, claim, (&caller, texts.as_slice())).await {
        Embedded::All(vectors) => {
            Ok(Outcome::Put(Step::Ready, with_vectors(claim, &reading, texts, vectors)))
        }
        Embedded::Refused => tools.fail(claim, Unread::NotEmbedded).await,
        Embedded::Denied => Ok(Outcome::Denied),
        Embedded::Unavailable => Ok(Outcome::Unavailable),
    }
}

async fn vectors(tools: &Tools, claim: &Claim, (caller, texts): (&Caller, &[String])) -> Embedded {
    let mut all = Vec::with_capacity(texts.len());
    for batch in texts.chunks(BATCH) {
        let asked = tools.embedder.passages(caller, batch);
        match timeout(tools.limits.embed, asked).await {
            Ok(Ok(vectors)) if are_sound(&vectors, batch.len(), tools.embedder.dimension()) => {
                all.extend(vectors);
            }
            Ok(Ok(vectors)) => {
                let (asked, given) = (batch.len(), vectors.len());
                tracing::error!(document = %claim.document, asked, given, "vectors of nothing");
                return Embedded::Refused;
            }
            Ok(Err(EmbedderError::Refused { reason })) => {
                tracing::warn!(document = %claim.document, reason, "a document has no vectors");
                return Embedded::Refused;
            }
            Ok(Err(EmbedderError::Denied { source })) => {
                let error = source.as_ref() as &dyn std::error::Error;
                tracing::info!(document = %claim.document, error, "vectors of a document wait");
                return Embedded::Denied;
            }
            Ok(Err(EmbedderError::Unavailable { source })) => {
                let error = source.as_ref() as &dyn std::error::Error;
                tracing::warn!(error, "no vectors can be made");
                return Embedded::Unavailable;
            }
            Err(_) => {
                tracing::warn!("vectors of some passages took too long");
                return Embedded::Unavailable;
            }
        }
    }
    Embedded::All(all)
}

/// Whether there is one of each text, with as many numbers as it should have.
fn are_sound(vectors: &[Vec<f32>], texts: usize, dimension: u32) -> bool {
    let is_sound = |vector: &Vec<f32>| {
        vector.len() == dimension as usize && vector.iter().all(|number| number.is_finite())
    };
    vectors.len() == texts && vectors.iter().all(is_sound)
}

fn with_vectors(
    claim: &Claim,
    reading: &Reading,
    texts: Vec<String>,
    vectors: Vec<Vec<f32>>,
) -> IndexVersion {
    let numbers = reading.passages.iter().map(|passage| passage.number);
    let passages = numbers.zip(texts).zip(vectors).map(|((number, text), vector)| IndexPassage {
        number,
        text,
        vector: Some(vector),
    });
    IndexVersion { key: claim.key, language: reading.language, passages: passages.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_one_a_text_and_numbers() {
        let vector = vec![0.5, 0.5];
        assert!(are_sound(&[], 0, 2));
        assert!(are_sound(&[vector.clone(), vector.clone()], 2, 2));
        assert!(!are_sound(std::slice::from_ref(&vector), 2, 2));
        assert!(!are_sound(std::slice::from_ref(&vector), 1, 3));
        assert!(!are_sound(&[vec![0.5, f32::NAN]], 1, 2));
    }
}
