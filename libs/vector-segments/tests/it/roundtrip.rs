//! What is written is what is read.

use vector_segments::{
    BuildError, Centre, Depth, Dimension, Permitted, Query, ROTATION_SEED, Row, Segment,
    SegmentBuilder, SegmentFile, VectorError,
};

use crate::cone::{Cone, opened};

/// A segment of every third ordinal from 7 on, around `centre`.
fn file_of(vectors: &[Vec<f32>], length: usize, centre: Centre<'_>) -> SegmentFile {
    let dimension = Dimension::new(length).unwrap();
    let mut builder = SegmentBuilder::new(dimension, centre, ROTATION_SEED).unwrap();
    for (place, vector) in (0_u32..).zip(vectors) {
        assert_eq!(builder.len(), place);
        builder.push(u64::MAX - u64::from(place), 7 + 3 * place, vector).unwrap();
    }
    assert_eq!(builder.is_empty(), vectors.is_empty());
    builder.finish()
}

#[test]
fn rows_and_scores_come_back() {
    for (seed, length, count) in
        [(41, 384, 300), (42, 1, 5), (43, 63, 40), (44, 65, 1), (45, 64, 0), (46, 1024, 30)]
    {
        let vectors = Cone::new(seed, length, 4).vectors(count);
        let zeros = vec![0.0; length];
        for centre in [Centre::Mean, Centre::Given(&zeros)] {
            let segment = opened(file_of(&vectors, length, centre).to_bytes());
            assert_eq!(segment.dimension().get(), length);
            assert_eq!((segment.len() as usize, segment.is_empty()), (count, count == 0));
            let rows: Vec<Row> = segment.rows().collect();
            let expected = (0_u32..count as u32)
                .map(|place| Row { key: u64::MAX - u64::from(place), ordinal: 7 + 3 * place });
            assert_eq!(rows, expected.collect::<Vec<_>>());
            for vector in &vectors {
                let query = Query::new(segment.dimension(), vector).unwrap();
                let hits = segment.search(&query, Permitted::Everything, Depth::new(1)).unwrap();
                assert!((hits[0].score - 1.0).abs() < 5e-3, "seed {seed}: {hits:?}");
            }
        }
    }
}

#[test]
fn bytes_are_the_same_however_they_are_written() {
    let vectors = Cone::new(47, 100, 4).vectors(50);
    let file = file_of(&vectors, 100, Centre::Mean);
    let mut written = Vec::new();
    file.write_to(&mut written).unwrap();
    assert_eq!(written, file.to_bytes());
    assert_eq!(written.len(), file.length());
    // Header, centre, and for every row: key, ordinal, sketch and codes of 128 coordinates.
    assert_eq!(written.len(), 220 + 4 * 128 + 50 * (8 + 4 + (8 + 16) + (4 + 128)));
    assert_eq!(written[..8], *b"GLRN-VEC");
    assert_eq!(written[8..16], [1, 0, 0, 0, 100, 0, 0, 0]);
    assert_eq!(written[16..24], ROTATION_SEED.to_le_bytes());
    assert_eq!(written[24..28], [50, 0, 0, 0]);
    assert_eq!(written[28..60], *blake3::hash(&written[220..220 + 512]).as_bytes());
    let digest = *blake3::hash(&written[..188]).as_bytes();
    assert_eq!(written[188..220], digest);
    assert_eq!(Segment::open(&written[..]).unwrap().digest(), digest);
    // The same vectors make the same bytes.
    assert_eq!(file_of(&vectors, 100, Centre::Mean).to_bytes(), written);
}

#[test]
fn a_vector_of_384_coordinates_takes_456_bytes() {
    let vectors = Cone::new(48, 384, 4).vectors(11);
    let length = |count: usize| file_of(&vectors[..count], 384, Centre::Mean).length();
    assert_eq!(length(11) - length(1), 10 * (56 + 388 + 8 + 4));
}

#[test]
fn what_cannot_be_stored_is_refused_and_leaves_no_trace() {
    let dimension = Dimension::new(2).unwrap();
    let mut builder = SegmentBuilder::new(dimension, Centre::Mean, 1).unwrap();
    builder.push(1, 5, &[1.0, 0.0]).unwrap();
    for (ordinal, vector, expected) in [
        (5, &[0.0, 1.0][..], BuildError::Order { last: 5, ordinal: 5 }),
        (4, &[0.0, 1.0], BuildError::Order { last: 5, ordinal: 4 }),
        (6, &[1.0], refused(6, VectorError::Dimension { expected: 2, found: 1 })),
        (6, &[0.0, 1.0, 0.0], refused(6, VectorError::Dimension { expected: 2, found: 3 })),
        (6, &[f32::NAN, 1.0], refused(6, VectorError::NotFinite { index: 0 })),
        (6, &[0.0, 2.0], refused(6, VectorError::NotUnit { length: 2.0 })),
    ] {
        assert_eq!(builder.push(2, ordinal, vector), Err(expected));
    }
    builder.push(3, 6, &[0.0, 1.0]).unwrap();
    let rows: Vec<Row> = opened(builder.finish().to_bytes()).rows().collect();
    assert_eq!(rows, [Row { key: 1, ordinal: 5 }, Row { key: 3, ordinal: 6 }]);

    for centre in [&[0.0][..], &[0.0, f32::INFINITY]] {
        assert!(SegmentBuilder::new(dimension, Centre::Given(centre), 1).is_err());
    }
    for vector in [&[1.0][..], &[0.0, 0.0], &[f32::NAN, 0.0]] {
        assert!(Query::new(dimension, vector).is_err(), "{vector:?}");
    }
}

fn refused(ordinal: u32, source: VectorError) -> BuildError {
    BuildError::Vector { ordinal, source }
}
