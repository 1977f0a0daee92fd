//! Which passages of a segment may be looked at.

use roaring::RoaringBitmap;
use vector_segments::Permitted;

use crate::lexical::place_of;

const WORD_BITS: u32 = u64::BITS;

/// The ordinals of a segment that may be looked at: what is not among them is not scored.
pub(crate) struct Filter {
    ordinals: RoaringBitmap,
    /// The same, for questions about single ordinals.
    words: Vec<u64>,
    is_everything: bool,
}

impl Filter {
    /// `ordinals` of a segment with so many passages.
    pub(crate) fn new(ordinals: RoaringBitmap, passages: u32) -> Self {
        let mut words = vec![0_u64; place_of(passages.div_ceil(WORD_BITS))];
        for ordinal in &ordinals {
            if let Some(word) = words.get_mut(place_of(ordinal / WORD_BITS)) {
                *word |= 1 << (ordinal % WORD_BITS);
            }
        }
        let is_everything = ordinals.len() == u64::from(passages);
        Self { ordinals, words, is_everything }
    }

    #[inline]
    pub(crate) fn contains(&self, ordinal: u32) -> bool {
        let word = self.words.get(place_of(ordinal / WORD_BITS)).copied().unwrap_or(0);
        (word >> (ordinal % WORD_BITS)) & 1 == 1
    }

    pub(crate) fn len(&self) -> u64 {
        self.ordinals.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ordinals.is_empty()
    }

    pub(crate) fn ordinals(&self) -> &RoaringBitmap {
        &self.ordinals
    }

    /// As segments of vectors take it.
    pub(crate) fn permitted(&self) -> Permitted<'_> {
        if self.is_everything { Permitted::Everything } else { Permitted::Only(&self.ordinals) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_what_was_given_is_contained() {
        for passages in [0, 1, 63, 64, 65, 1000] {
            for step in [1_u32, 2, 64, 77] {
                let given: RoaringBitmap = (0..passages).filter(|at| at % step == 0).collect();
                let filter = Filter::new(given.clone(), passages);
                for ordinal in 0..passages + 70 {
                    assert_eq!(filter.contains(ordinal), given.contains(ordinal), "{ordinal}");
                }
                assert!(!filter.contains(u32::MAX));
                let is_everything = matches!(filter.permitted(), Permitted::Everything);
                assert_eq!(is_everything, given.len() == u64::from(passages));
            }
        }
    }
}
