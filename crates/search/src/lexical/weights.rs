//! BM25.
//!
//! tantivy has 1.2 and 0.75 built in; ours are those that passages of about equal length are
//! searched best with, and that the figures of the evaluation were made with.
//!
//! # Source
//! Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009; the
//! parameters are the defaults of Anserini for passages.

use tantivy::fieldnorm::FieldNormReader;

/// How soon more occurrences of a term stop to count.
const K1: f32 = 0.9;

/// How much the length of a passage counts.
const B: f32 = 0.4;

/// How much can come of a term at the most, however often it occurs: its weight times this.
pub(crate) const OCCURRENCES_MAX: f32 = K1 + 1.0;

/// What a term is worth that so many of all passages hold; above 0.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
pub(crate) fn rarity(holding: u64, passages: u64) -> f32 {
    let (holding, passages) = (holding as f32, passages.max(holding) as f32);
    (1.0 + (passages - holding + 0.5) / (holding + 0.5)).ln()
}

/// What the length of a passage does to the occurrences of its terms.
pub(crate) struct Lengths([f32; 256]);

impl Lengths {
    /// `tokens` terms of a field in `passages` passages.
    #[expect(clippy::cast_precision_loss, reason = "an average")]
    pub(crate) fn new(tokens: u64, passages: u64) -> Self {
        let average = (tokens as f32 / passages.max(1) as f32).max(1.0);
        let mut code = 0_u8;
        Self([(); 256].map(|()| {
            let length = FieldNormReader::id_to_fieldnorm(code) as f32;
            code = code.wrapping_add(1);
            K1 * (1.0 - B + B * length / average)
        }))
    }

    /// What `count` occurrences in a passage of this length are worth: up to
    /// [`OCCURRENCES_MAX`].
    #[inline]
    pub(crate) fn occurrences(&self, code: u8, count: u32) -> f32 {
        let count = f32::from(u16::try_from(count).unwrap_or(u16::MAX));
        OCCURRENCES_MAX * count / (count + self.0[usize::from(code)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_terms_are_worth_more_and_none_is_worth_nothing() {
        let worth: Vec<f32> = [1, 10, 500, 1000].map(|holding| rarity(holding, 1000)).to_vec();
        assert!(worth.is_sorted_by(|left, right| left > right), "{worth:?}");
        assert!(worth.iter().all(|worth| *worth > 0.0));
        // More than all: statistics of parts may lag behind each other.
        assert!(rarity(11, 10) > 0.0);
    }

    #[test]
    fn occurrences_count_less_and_less_and_less_in_long_passages() {
        let lengths = Lengths::new(1000, 10);
        let worth: Vec<f32> = [1, 2, 5, 100_000].map(|count| lengths.occurrences(40, count)).into();
        assert!(worth.is_sorted() && worth[3] < OCCURRENCES_MAX, "{worth:?}");
        assert!(lengths.occurrences(10, 1) > lengths.occurrences(80, 1));
        // At the average length, one occurrence is worth 1.
        let average = FieldNormReader::fieldnorm_to_id(100);
        assert!((lengths.occurrences(average, 1) - 1.0).abs() < 0.02);
    }
}
