//! Segments that are written, read and put together.

use std::collections::HashSet;

use knowledge::{IndexPassage, IndexVersion, Language, VersionKey};

use super::*;
use crate::{deadline::Deadline, lexical::TextField};

fn vector(at: u32) -> Vec<f32> {
    let angle = f32::from(u16::try_from(at % 600).unwrap()) / 100.0;
    vec![angle.cos(), angle.sin()]
}

/// A version of `count` passages, every third of which has no vector.
fn version(key: u64, count: u32) -> IndexVersion {
    let passage = |number: u32| IndexPassage {
        number,
        text: format!("version {key} passage {number} shared"),
        vector: (number % 3 != 2).then(|| vector(number + 7)),
    };
    let passages = (0..count).map(passage).collect();
    IndexVersion { key: VersionKey(key), language: Some(Language::English), passages }
}

fn bytes_of(versions: &[IndexVersion]) -> Vec<u8> {
    build(versions, &[0.5, 0.5], Deadline::after_seconds(60)).unwrap().bytes
}

fn open(versions: &[IndexVersion]) -> OpenSegment {
    OpenSegment::open(bytes_of(versions)).unwrap()
}

fn holding(segment: &OpenSegment, word: &str) -> u32 {
    let lexical = segment.lexical.as_ref().unwrap();
    lexical.find(TextField::Exact, word).unwrap().map_or(0, |term| term.doc_freq)
}

#[test]
fn a_segment_tells_what_was_put_into_it() {
    let segment = open(&[version(5, 4), version(9, 0), version(7, 2)]);
    assert_eq!(segment.table.passages(), 6);
    assert_eq!(segment.table.find(4), Some((VersionKey(7), 0)));
    assert_eq!(segment.versions, RoaringTreemap::from([5, 7, 9]));
    assert_eq!((holding(&segment, "shared"), holding(&segment, "7")), (6, 2));
    let vectors = segment.vectors.as_ref().unwrap();
    let rows: Vec<_> = vectors.rows().map(|row| (row.key, row.ordinal)).collect();
    assert_eq!(rows, [(5, 0), (5, 1), (5, 3), (7, 4), (7, 5)]);
    vectors.verify().unwrap();
}

#[test]
fn a_segment_may_hold_nothing() {
    for versions in [&[][..], &[version(3, 0)]] {
        let segment = open(versions);
        assert!(segment.lexical.is_none() && segment.vectors.is_none());
        assert_eq!(segment.table.passages(), 0);
    }
}

#[test]
fn what_is_put_together_is_as_if_it_had_been_put_at_once() {
    let left = open(&[version(1, 5), version(2, 3), version(3, 0)]);
    let right = open(&[version(4, 1), version(5, 6)]);
    let dropped = |keys: &[u64]| keys.iter().copied().map(VersionKey).collect::<HashSet<_>>();
    let sources = [
        Source { segment: &left, dropped: dropped(&[2]) },
        Source { segment: &right, dropped: dropped(&[4]) },
    ];
    let merged = merge(&sources).unwrap().unwrap();
    assert!(merged.passages == 11 && merged.has_vectors);
    let merged = OpenSegment::open(merged.bytes).unwrap();
    let at_once = open(&[version(1, 5), version(3, 0), version(5, 6)]);
    assert_eq!(merged.table, at_once.table);
    assert_eq!(merged.vector_bytes.as_slice(), at_once.vector_bytes.as_slice());
    for word in ["shared", "passage", "1", "2", "3", "4", "5"] {
        assert_eq!(holding(&merged, word), holding(&at_once, word), "{word}");
    }
    let tokens = |segment: &OpenSegment, field| segment.lexical.as_ref().unwrap().tokens(field);
    for field in TextField::ALL {
        assert_eq!(tokens(&merged, field), tokens(&at_once, field), "{field:?}");
    }
}

#[test]
fn nothing_is_left_of_segments_that_go() {
    let left = open(&[version(1, 2)]);
    let dropped = HashSet::from([VersionKey(1)]);
    assert!(merge(&[Source { segment: &left, dropped }]).unwrap().is_none());
    let other = open(&[version(2, 0)]);
    let kept = merge(&[Source { segment: &other, dropped: HashSet::new() }]).unwrap().unwrap();
    assert_eq!(OpenSegment::open(kept.bytes).unwrap().versions, RoaringTreemap::from([2]));
}
