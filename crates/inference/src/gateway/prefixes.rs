//! Who answered what begins alike, so that what was computed for it is found again.

use std::collections::HashMap;

use super::Step;

/// Beginnings that are remembered in each of two generations.
const REMEMBERED_MAX: usize = 4096;

/// The newer generation takes the place of the older one when it is full.
#[derive(Debug, Default)]
pub(super) struct Prefixes {
    newer: HashMap<u64, Step>,
    older: HashMap<u64, Step>,
}

impl Prefixes {
    pub(super) fn find(&self, prefix: u64) -> Option<Step> {
        self.newer.get(&prefix).or_else(|| self.older.get(&prefix)).copied()
    }

    pub(super) fn remember(&mut self, prefix: u64, step: Step) {
        if self.newer.len() >= REMEMBERED_MAX && !self.newer.contains_key(&prefix) {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.insert(prefix, step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_are_remembered_and_the_number_is_bounded() {
        let mut prefixes = Prefixes::default();
        for prefix in 0..100_000 {
            prefixes.remember(prefix, Step::Elsewhere(1));
            prefixes.remember(7, Step::Here);
        }
        assert_eq!(prefixes.find(7), Some(Step::Here));
        assert_eq!(prefixes.find(99_999), Some(Step::Elsewhere(1)));
        assert_eq!(prefixes.find(1), None);
        assert!(prefixes.newer.len() + prefixes.older.len() <= 2 * REMEMBERED_MAX);
    }
}
