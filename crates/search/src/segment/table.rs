//! Whose passage has which ordinal in a segment.
//!
//! Passages of a version follow each other, so a version needs one row. In bytes, little-endian:
//! the number of versions, `u32`; for each its key, `u64`, its first ordinal, `u32`, and the tag
//! of its language, two letters; then the number of each passage within its version, `u32`.

use std::{collections::BTreeMap, ops::Range};

use knowledge::{Language, VersionKey};

use crate::lexical::place_of;

/// The passages of one version in a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) version: VersionKey,
    /// Its first ordinal; the last is the one before that of the next run.
    first: u32,
    pub(crate) language: Language,
}

/// Whose passages a segment has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Table {
    runs: Vec<Run>,
    /// By ordinal.
    numbers: Vec<u32>,
}

impl Table {
    /// Appends the passages of a version, which may be none.
    pub(crate) fn push(
        &mut self,
        version: VersionKey,
        language: Language,
        numbers: impl IntoIterator<Item = u32>,
    ) {
        self.runs.push(Run { version, first: self.passages(), language });
        self.numbers.extend(numbers);
    }

    pub(crate) fn passages(&self) -> u32 {
        u32::try_from(self.numbers.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn runs(&self) -> impl Iterator<Item = &Run> {
        self.runs.iter()
    }

    /// Each version with the ordinals of its passages.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = (&Run, Range<u32>)> {
        let ends = self.runs.iter().skip(1).map(|run| run.first).chain([self.passages()]);
        self.runs.iter().zip(ends).map(|(run, end)| (run, run.first..end))
    }

    /// The numbers of passages within their version.
    pub(crate) fn numbers(&self, ordinals: Range<u32>) -> &[u32] {
        let range = place_of(ordinals.start)..place_of(ordinals.end);
        self.numbers.get(range).unwrap_or_default()
    }

    /// The passage of an ordinal.
    pub(crate) fn find(&self, ordinal: u32) -> Option<(VersionKey, u32)> {
        let number = *self.numbers.get(place_of(ordinal))?;
        // Of runs with the same first ordinal, only the last has passages.
        let behind = self.runs.partition_point(|run| run.first <= ordinal);
        let run = self.runs.get(behind.checked_sub(1)?)?;
        Some((run.version, number))
    }

    /// How many passages there are in each language.
    pub(crate) fn languages(&self) -> BTreeMap<Language, u64> {
        let mut languages = BTreeMap::new();
        for (run, range) in self.ranges() {
            *languages.entry(run.language).or_default() += u64::from(range.end - range.start);
        }
        languages
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(4 + 14 * self.runs.len() + 4 * self.numbers.len());
        let runs = u32::try_from(self.runs.len()).unwrap_or(u32::MAX);
        bytes.extend_from_slice(&runs.to_le_bytes());
        for run in &self.runs {
            bytes.extend_from_slice(&run.version.0.to_le_bytes());
            bytes.extend_from_slice(&run.first.to_le_bytes());
            bytes.extend_from_slice(run.language.tag().as_bytes());
        }
        for number in &self.numbers {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    /// `None` for bytes that are no table.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (count, mut rest) = bytes.split_first_chunk()?;
        let count = place_of(u32::from_le_bytes(*count));
        let mut runs: Vec<Run> = Vec::with_capacity(count.min(rest.len() / 14));
        for _ in 0..count {
            let (run, behind) = rest.split_first_chunk::<14>()?;
            runs.push(run_of(run)?);
            rest = behind;
        }
        let (numbers, left) = rest.as_chunks::<4>();
        let numbers: Vec<u32> = numbers.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
        let table = Self { runs, numbers };
        (left.is_empty() && table.is_whole()).then_some(table)
    }

    /// Every passage belongs to a version, and no version begins before the one before.
    fn is_whole(&self) -> bool {
        let firsts = self.runs.iter().map(|run| run.first);
        let starts = self.runs.first().map_or(self.numbers.is_empty(), |run| run.first == 0);
        let ends = self.runs.last().is_none_or(|run| run.first <= self.passages());
        starts && ends && firsts.is_sorted()
    }
}

fn run_of(bytes: &[u8; 14]) -> Option<Run> {
    let (key, rest) = bytes.split_first_chunk()?;
    let (first, tag) = rest.split_first_chunk()?;
    let language = Language::from_tag(str::from_utf8(tag).ok()?)?;
    let version = VersionKey(u64::from_le_bytes(*key));
    Some(Run { version, first: u32::from_le_bytes(*first), language })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table {
        let mut table = Table::default();
        table.push(VersionKey(9), Language::French, []);
        table.push(VersionKey(7), Language::French, [0, 1, 5]);
        table.push(VersionKey(u64::MAX), Language::Arabic, []);
        table.push(VersionKey(3), Language::Other, [2]);
        table.push(VersionKey(4), Language::Arabic, []);
        table
    }

    #[test]
    fn every_ordinal_leads_to_its_passage() {
        let table = sample();
        let expected = [(7, 0), (7, 1), (7, 5), (3, 2)];
        for (ordinal, (key, number)) in (0..).zip(expected) {
            assert_eq!(table.find(ordinal), Some((VersionKey(key), number)));
        }
        assert_eq!(table.find(4), None);
        let ranges: Vec<_> = table.ranges().map(|(run, range)| (run.version.0, range)).collect();
        assert_eq!(ranges, [(9, 0..0), (7, 0..3), (u64::MAX, 3..3), (3, 3..4), (4, 4..4)]);
        assert_eq!(table.numbers(1..3), [1, 5]);
        let languages = [(Language::Arabic, 0), (Language::French, 3), (Language::Other, 1)];
        assert_eq!(table.languages(), BTreeMap::from(languages));
    }

    #[test]
    fn it_is_read_as_it_was_written() {
        for table in [Table::default(), sample()] {
            assert_eq!(Table::read(&table.to_bytes()), Some(table));
        }
    }

    #[test]
    fn bytes_that_are_no_table_are_refused() {
        let bytes = sample().to_bytes();
        for length in 0..bytes.len() {
            // A cut between two numbers leaves a shorter table, whose length tells.
            let read = Table::read(&bytes[..length]);
            assert!(read.is_none_or(|table| table.passages() < 4), "{length}");
        }
        assert_eq!(Table::read(&[255; 40]), None);
        let mut other_language = bytes.clone();
        other_language[4 + 12] = b'?';
        assert_eq!(Table::read(&other_language), None);
        let mut late = bytes;
        late[4 + 8] = 9;
        assert_eq!(Table::read(&late), None);
    }
}
