//! Bytes that nobody who means well has written.

use proptest::prelude::*;
use roaring::RoaringBitmap;
use vector_segments::{Depth, Permitted, Query, Section, Segment, SegmentError};

use crate::cone::{Cone, bytes_of, unit};

const LENGTH: usize = 70;
const ROWS: usize = 60;
const PADDED: usize = 128;
const HEADER: usize = 220;

/// Where the sections lie, worked out without the crate.
fn sections() -> [std::ops::Range<usize>; 5] {
    let lengths = [4 * PADDED, 8 * ROWS, 4 * ROWS, (8 + PADDED / 8) * ROWS, (4 + PADDED) * ROWS];
    let mut start = HEADER;
    lengths.map(|length| {
        start += length;
        start - length..start
    })
}

fn sound() -> Vec<u8> {
    let vectors = Cone::new(51, LENGTH, 3).vectors(ROWS);
    bytes_of((0..).zip(&vectors))
}

/// Makes all checksums right again.
fn seal(bytes: &mut [u8]) {
    for (place, section) in sections().into_iter().enumerate() {
        let digest = *blake3::hash(&bytes[section]).as_bytes();
        bytes[28 + 32 * place..][..32].copy_from_slice(&digest);
    }
    seal_header(bytes);
}

fn seal_header(bytes: &mut [u8]) {
    let digest = *blake3::hash(&bytes[..188]).as_bytes();
    bytes[188..HEADER].copy_from_slice(&digest);
}

/// Uses all of a segment that opens, and reports whether it is what was written.
fn survives(bytes: &[u8]) -> bool {
    let Ok(segment) = Segment::open(bytes) else {
        return false;
    };
    let dimension = segment.dimension();
    let axis = unit((0..dimension.get()).map(|index| 1.0 + index as f32).collect());
    let query = Query::new(dimension, &axis).unwrap();
    let permitted = RoaringBitmap::from([1, 2, 3, 30, 59, 60, u32::MAX]);
    for filter in [Permitted::Everything, Permitted::Only(&permitted)] {
        let searches = [
            segment.search(&query, filter, Depth::with_candidates(1, 0)).unwrap(),
            segment.search(&query, filter, Depth::new(100)).unwrap(),
            segment.search_exact(&query, filter, 100).unwrap(),
        ];
        for hits in searches {
            assert!(hits.iter().all(|hit| !hit.score.is_nan()), "{hits:?}");
            if let Permitted::Only(permitted) = filter {
                assert!(hits.iter().all(|hit| permitted.contains(hit.ordinal)), "{hits:?}");
            }
        }
    }
    let _rows = segment.rows().count();
    segment.verify().is_ok()
}

fn refusal(bytes: &[u8]) -> Option<SegmentError> {
    Segment::open(bytes).err()
}

#[test]
fn every_flipped_byte_is_noticed() {
    let mut bytes = sound();
    assert!(survives(&bytes));
    for place in 0..bytes.len() {
        bytes[place] ^= 0x40;
        assert!(!survives(&bytes), "byte {place}");
        bytes[place] ^= 0x40;
    }
}

#[test]
fn keys_are_checked_before_they_are_found() {
    let mut bytes = sound();
    let [_, keys, ..] = sections();
    bytes[keys.start] ^= 1;
    assert_eq!(refusal(&bytes), Some(SegmentError::Damaged { section: Section::Keys }));
}

#[test]
fn cut_and_lengthened_segments_are_refused() {
    let mut bytes = sound();
    for length in 0..bytes.len() {
        let found = refusal(&bytes[..length]);
        assert!(matches!(found, Some(SegmentError::Length { .. })), "{length}: {found:?}");
    }
    let expected = bytes.len() as u64;
    bytes.push(0);
    assert_eq!(refusal(&bytes), Some(SegmentError::Length { expected, found: expected + 1 }));
}

#[test]
fn headers_that_cannot_be_are_refused() {
    let length = sound().len() as u64;
    let huge = 220 + 4 * 128 + u64::from(u32::MAX) * (8 + 4 + 24 + 132);
    for (place, value, expected) in [
        (0, 0, SegmentError::NotASegment),
        (8, 0, SegmentError::Version { found: 0 }),
        (8, 2, SegmentError::Version { found: 2 }),
        (12, 0, SegmentError::Dimension { found: 0 }),
        (12, 4097, SegmentError::Dimension { found: 4097 }),
        (12, u32::MAX, SegmentError::Dimension { found: u32::MAX }),
        (24, u32::MAX, SegmentError::Length { expected: huge, found: length }),
        (24, 0, SegmentError::Length { expected: 220 + 4 * 128, found: length }),
    ] {
        let mut bytes = sound();
        bytes[place..place + 4].copy_from_slice(&value.to_le_bytes());
        seal_header(&mut bytes);
        assert_eq!(refusal(&bytes), Some(expected));
    }
    let mut bytes = sound();
    bytes[24] ^= 1;
    assert_eq!(refusal(&bytes), Some(SegmentError::Damaged { section: Section::Header }));
}

#[test]
fn sealed_nonsense_is_refused_or_harmless() {
    let [centre, _, ordinals, sketches, codes] = sections();
    let cases: [(usize, &[u8], Option<SegmentError>); 7] = [
        (centre.start + 8, &f32::NAN.to_le_bytes(), Some(SegmentError::Centre)),
        (centre.start, &f32::INFINITY.to_le_bytes(), Some(SegmentError::Centre)),
        (centre.start, &f32::MAX.to_le_bytes(), None),
        (ordinals.start + 8, &1_u32.to_le_bytes(), Some(SegmentError::Order { row: 2 })),
        (ordinals.start, &u32::MAX.to_le_bytes(), Some(SegmentError::Order { row: 1 })),
        (sketches.start, &[0xff; 24 * 5], None),
        (codes.start, &[0x80; 132 * 5], None),
    ];
    for (place, value, expected) in cases {
        let mut bytes = sound();
        bytes[place..place + value.len()].copy_from_slice(value);
        seal(&mut bytes);
        assert_eq!(refusal(&bytes), expected, "at {place}");
        assert_eq!(survives(&bytes), expected.is_none(), "at {place}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(!survives(&bytes));
        let mut named = b"GLRN-VEC\x01\0\0\0".to_vec();
        named.extend(&bytes);
        prop_assert!(!survives(&named));
        if named.len() >= HEADER {
            seal_header(&mut named);
            survives(&named);
        }
    }

    #[test]
    fn any_sealed_content_is_survived(
        place in HEADER..HEADER + 4 * PADDED + ROWS * 168,
        value in proptest::collection::vec(any::<u8>(), 1..400),
    ) {
        let mut bytes = sound();
        let end = bytes.len().min(place + value.len());
        bytes[place..end].copy_from_slice(&value[..end - place]);
        seal(&mut bytes);
        let refused = refusal(&bytes).is_some();
        prop_assert_eq!(survives(&bytes), !refused);
    }
}
