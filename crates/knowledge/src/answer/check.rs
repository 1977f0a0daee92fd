//! Whether a statement holds what its quotes hold.

use std::time::Duration;

use domain::Caller;
use passages::{Missing, missing_claims};
use tokio::time::timeout;

use super::QuestionLanguage;
use crate::ports::Embedder;

/// Sentences that take longer to compare are not compared, and do not hold.
const COMPARED_WITHIN: Duration = Duration::from_secs(30);

/// A check of a statement against its quotes. It can find a statement wrong; it cannot find out
/// that one follows from its quotes.
#[derive(Clone, Debug, PartialEq)]
pub enum Check {
    /// The quote stands at its place to the letter, but for white space, and was found there again
    /// from its words alone.
    Verbatim,
    /// Numbers, percentages, amounts, dates, articles and names of the statement that no quote of
    /// it has.
    Claims { missing: Vec<Missing> },
    /// Cosine of the vectors of the statement and its quotes; `None` where it could not be found
    /// out.
    Similarity { found: Option<f32>, wanted: f32 },
}

impl Check {
    pub fn holds(&self) -> bool {
        match self {
            Self::Verbatim => true,
            Self::Claims { missing } => missing.is_empty(),
            // What was not compared does not hold.
            Self::Similarity { found, wanted } => found.is_some_and(|found| found >= *wanted),
        }
    }
}

/// The least cosine of a sentence and its quotes, by the language of the sentence. Encoders such as
/// multilingual E5 put all texts of a language close together, and how close depends on the
/// language and the model: measure them anew with another model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SimilarityBounds {
    pub french: f32,
    pub english: f32,
    pub arabic: f32,
    pub hindi: f32,
}

impl Default for SimilarityBounds {
    /// Cautious guesses for multilingual-e5-small: on French help pages any two passages have a
    /// cosine of 0.85 in the mean.
    fn default() -> Self {
        Self { french: 0.88, english: 0.88, arabic: 0.88, hindi: 0.88 }
    }
}

impl SimilarityBounds {
    pub const fn of(&self, language: QuestionLanguage) -> f32 {
        match language {
            QuestionLanguage::French => self.french,
            QuestionLanguage::English => self.english,
            QuestionLanguage::Arabic => self.arabic,
            QuestionLanguage::Hindi => self.hindi,
        }
    }
}

/// What of a sentence none of its quotes has.
pub(super) fn claims(sentence: &str, quotes: &[&str]) -> Check {
    Check::Claims { missing: missing_claims(sentence, quotes) }
}

/// The cosine of each sentence and its quotes. All in one turn: sentences are few and short.
pub(super) async fn similarities(
    embedder: Option<&dyn Embedder>,
    caller: &Caller,
    pairs: &[(String, String)],
) -> Vec<Option<f32>> {
    let unknown = || vec![None; pairs.len()];
    let embedder = embedder.filter(|embedder| !pairs.is_empty() && embedder.is_there());
    let Some(embedder) = embedder else { return unknown() };
    // Both as passages: what is compared is the like, not a question and its answer.
    let texts: Vec<String> =
        pairs.iter().flat_map(|(sentence, quotes)| [sentence.clone(), quotes.clone()]).collect();
    match timeout(COMPARED_WITHIN, embedder.passages(caller, &texts)).await {
        Ok(Ok(vectors)) if vectors.len() == texts.len() => {
            let (both, _) = vectors.as_chunks::<2>();
            both.iter().map(|[one, other]| cosine(one, other)).collect()
        }
        Ok(Ok(_)) => unknown(),
        Ok(Err(error)) => {
            tracing::warn!(%error, "sentences are not compared with their quotes");
            unknown()
        }
        Err(_elapsed) => {
            tracing::warn!("sentences are not compared with their quotes: it takes too long");
            unknown()
        }
    }
}

/// `None` for vectors of different lengths and those without a direction.
fn cosine(one: &[f32], other: &[f32]) -> Option<f32> {
    let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let lengths = product(one, one).sqrt() * product(other, other).sqrt();
    let cosine = product(one, other) / lengths;
    (one.len() == other.len() && cosine.is_finite()).then_some(cosine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosines_are_of_directions() {
        let check = |one: &[f32], other: &[f32], expected: Option<f32>| {
            let found = cosine(one, other);
            let is_near = match (found, expected) {
                (Some(found), Some(expected)) => (found - expected).abs() < 1e-6,
                (None, None) => true,
                (Some(_), None) | (None, Some(_)) => false,
            };
            assert!(is_near, "{one:?} {other:?}: {found:?}");
        };
        check(&[3.0, 4.0], &[6.0, 8.0], Some(1.0));
        check(&[1.0, 0.0], &[0.0, 2.0], Some(0.0));
        check(&[1.0, 0.0], &[-2.0, 0.0], Some(-1.0));
        check(&[0.0, 0.0], &[1.0, 0.0], None);
        check(&[1.0], &[1.0, 0.0], None);
        check(&[f32::NAN], &[1.0], None);
        check(&[], &[], None);
    }

    #[test]
    fn what_could_not_be_compared_does_not_hold() {
        let similarity = |found| Check::Similarity { found, wanted: 0.9 };
        assert!(similarity(Some(0.9)).holds() && Check::Verbatim.holds());
        assert!(!similarity(Some(0.89)).holds() && !similarity(None).holds());
        assert!(claims("Il paie 5 €.", &["un montant de 5 euros"]).holds());
        assert!(!claims("Il paie 50 €.", &["un montant de 5 euros"]).holds());
    }
}
