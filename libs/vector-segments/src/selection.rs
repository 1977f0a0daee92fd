//! Which rows of a segment a search may look at.

use std::ops::RangeInclusive;

use roaring::RoaringBitmap;

/// Which vectors a search may find.
///
/// A filter is exact: what it does not permit is neither compared with the query nor returned.
#[derive(Clone, Copy, Debug)]
pub enum Permitted<'a> {
    /// All of them.
    Everything,
    /// Those with these ordinals.
    Only(&'a RoaringBitmap),
}

/// The ordinals of the rows of a segment, ascending.
#[derive(Clone, Copy)]
pub(crate) struct Ordinals<'a>(&'a [[u8; 4]]);

impl<'a> Ordinals<'a> {
    /// Reads the section of ordinals.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes.as_chunks().0)
    }

    /// The ordinal of a row.
    pub(crate) fn get(self, row: usize) -> Option<u32> {
        self.0.get(row).map(|bytes| u32::from_le_bytes(*bytes))
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = u32> + 'a {
        self.0.iter().map(|bytes| u32::from_le_bytes(*bytes))
    }

    /// From the lowest to the highest, which is never less.
    fn span(self) -> Option<RangeInclusive<u32>> {
        let (first, last) = (self.get(0)?, self.get(self.0.len().checked_sub(1)?)?);
        (first <= last).then_some(first..=last)
    }

    /// The first row from `from` on with at least this ordinal.
    ///
    /// Steps double, so that it is cheap for close rows and for distant ones.
    fn seek(self, from: usize, ordinal: u32) -> usize {
        let rest = self.0.get(from..).unwrap_or_default();
        let is_before = |bytes: &[u8; 4]| u32::from_le_bytes(*bytes) < ordinal;
        let mut bound = 1;
        while rest.get(bound - 1).is_some_and(is_before) {
            bound *= 2;
        }
        let (start, end) = (bound / 2, bound.min(rest.len()));
        let within = rest.get(start..end).unwrap_or_default();
        from + start + within.partition_point(is_before)
    }

    /// The rows whose ordinals are in the bitmap, ascending.
    fn rows_of(self, bitmap: &RoaringBitmap) -> Vec<u32> {
        let mut rows = Vec::new();
        let mut next = 0;
        let Some(span) = self.span() else {
            return rows;
        };
        for ordinal in bitmap.range(span) {
            // Where everything is permitted, the next row is the right one.
            if self.get(next) != Some(ordinal) {
                next = self.seek(next, ordinal);
            }
            if self.get(next) == Some(ordinal) {
                rows.extend(u32::try_from(next));
                next += 1;
            }
        }
        rows
    }
}

/// Rows of a segment that a search looks at, ascending.
pub(crate) enum Selection {
    /// The first so many: all of them.
    All(u32),
    /// These alone.
    Rows(Vec<u32>),
}

/// Rows that are given to a kernel at a time.
pub(crate) const BATCH_ROWS: usize = 256;

impl Selection {
    /// The rows that are permitted and not deleted.
    pub(crate) fn new(
        ordinals: Ordinals<'_>,
        permitted: Permitted<'_>,
        deleted: &RoaringBitmap,
    ) -> Self {
        let rows = u32::try_from(ordinals.0.len()).unwrap_or(u32::MAX);
        match permitted {
            Permitted::Everything => {
                let deleted = ordinals.rows_of(deleted);
                if deleted.is_empty() {
                    Self::All(rows)
                } else {
                    Self::Rows(others(rows, &deleted))
                }
            }
            Permitted::Only(permitted) if deleted.is_empty() => {
                Self::Rows(ordinals.rows_of(permitted))
            }
            Permitted::Only(permitted) => Self::Rows(ordinals.rows_of(&(permitted - deleted))),
        }
    }

    /// How many rows.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::All(rows) => usize::try_from(*rows).unwrap_or(usize::MAX),
            Self::Rows(rows) => rows.len(),
        }
    }

    /// Hands over all rows, at most [`BATCH_ROWS`] at a time.
    pub(crate) fn each_batch(&self, mut visit: impl FnMut(&[u32])) {
        match self {
            Self::Rows(rows) => rows.chunks(BATCH_ROWS).for_each(visit),
            Self::All(rows) => {
                let mut batch = Vec::with_capacity(BATCH_ROWS);
                let mut next = 0..*rows;
                loop {
                    batch.clear();
                    batch.extend(next.by_ref().take(BATCH_ROWS));
                    if batch.is_empty() {
                        break;
                    }
                    visit(&batch);
                }
            }
        }
    }
}

/// The first `rows` rows without those of an ascending list.
fn others(rows: u32, without: &[u32]) -> Vec<u32> {
    let mut others = Vec::new();
    let mut next = 0;
    for row in without {
        others.extend(next..*row);
        next = row.saturating_add(1);
    }
    others.extend(next..rows);
    others
}

#[cfg(test)]
mod tests {
    use proptest::{collection::btree_set, prelude::*};

    use super::*;

    fn rows(selection: &Selection) -> Vec<u32> {
        let mut rows = Vec::new();
        selection.each_batch(|batch| {
            assert!(!batch.is_empty() && batch.len() <= BATCH_ROWS);
            rows.extend(batch);
        });
        assert_eq!(rows.len(), selection.len());
        rows
    }

    fn check(ordinals: &[u32], permitted: Option<&RoaringBitmap>, deleted: &RoaringBitmap) {
        let bytes: Vec<u8> = ordinals.iter().flat_map(|ordinal| ordinal.to_le_bytes()).collect();
        let filter = permitted.map_or(Permitted::Everything, Permitted::Only);
        let selection = Selection::new(Ordinals::new(&bytes), filter, deleted);
        let live = |ordinal: u32| {
            permitted.is_none_or(|set| set.contains(ordinal)) && !deleted.contains(ordinal)
        };
        let expected: Vec<u32> =
            (0_u32..).zip(ordinals).filter(|(_, o)| live(**o)).map(|(row, _)| row).collect();
        assert_eq!(rows(&selection), expected);
    }

    #[test]
    fn edges_of_segments_and_bitmaps() {
        let all: RoaringBitmap = (0..10).collect();
        let ends = RoaringBitmap::from([0, u32::MAX]);
        let none = RoaringBitmap::new();
        for ordinals in [&[][..], &[0], &[u32::MAX], &[0, u32::MAX], &[3, 4, 5], &[9, 10, 11]] {
            for permitted in [None, Some(&all), Some(&ends), Some(&none)] {
                for deleted in [&all, &ends, &none] {
                    check(ordinals, permitted, deleted);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn selections_are_exact(
            ordinals in btree_set(0..3000_u32, 0..600),
            permitted in proptest::option::of(btree_set(0..3000_u32, 0..1500)),
            deleted in btree_set(0..3000_u32, 0..50),
        ) {
            let ordinals: Vec<u32> = ordinals.into_iter().collect();
            let permitted = permitted.map(RoaringBitmap::from_iter);
            check(&ordinals, permitted.as_ref(), &RoaringBitmap::from_iter(deleted));
        }
    }
}
