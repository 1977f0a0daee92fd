//! Vectors as embedding models make them: clusters in a narrow cone.

use roaring::RoaringBitmap;
use vector_segments::{Centre, Dimension, ROTATION_SEED, Segment, SegmentBuilder, Snapshot};

/// Numbers that look random and are the same in every run: a xorshift generator.
pub(crate) struct Noise(u64);

impl Noise {
    pub(crate) fn new(seed: u64) -> Noise {
        Noise(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Less than `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() >> 11) as usize % end
    }

    /// About normally distributed, by additions alone: the same on every machine.
    fn bell(&mut self) -> f32 {
        (0..4).map(|_| (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0).sum()
    }

    /// A unit vector of any direction.
    pub(crate) fn direction(&mut self, length: usize) -> Vec<f32> {
        unit((0..length).map(|_| self.bell()).collect())
    }
}

/// The vector, scaled to length 1.
pub(crate) fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = dot(&vector, &vector).sqrt() as f32;
    for value in &mut vector {
        *value /= length;
    }
    vector
}

/// The inner product, without roundings that matter.
pub(crate) fn dot(left: &[f32], right: &[f32]) -> f64 {
    left.iter().zip(right).map(|(left, right)| f64::from(*left) * f64::from(*right)).sum()
}

/// A source of vectors whose mean cosine is 0.85, as that of multilingual E5 on French texts.
pub(crate) struct Cone {
    noise: Noise,
    axis: Vec<f32>,
    clusters: Vec<Vec<f32>>,
}

impl Cone {
    pub(crate) fn new(seed: u64, length: usize, clusters: usize) -> Cone {
        let mut noise = Noise::new(seed);
        let axis = noise.direction(length);
        let clusters = (0..clusters).map(|_| noise.direction(length)).collect();
        Cone { noise, axis, clusters }
    }

    /// A vector of any cluster.
    pub(crate) fn vector(&mut self) -> Vec<f32> {
        let own = self.noise.direction(self.axis.len());
        let cluster = self.noise.below(self.clusters.len());
        // Squares of the weights add up to 1, and that of the axis is the mean cosine.
        let parts = self.axis.iter().zip(&self.clusters[cluster]).zip(&own);
        unit(
            parts
                .map(|((axis, cluster), own)| 0.922 * axis + 0.3 * cluster + 0.245 * own)
                .collect(),
        )
    }

    pub(crate) fn vectors(&mut self, count: usize) -> Vec<Vec<f32>> {
        (0..count).map(|_| self.vector()).collect()
    }
}

/// The bytes of a segment with these ordinals and vectors; keys are 1,000 more than ordinals.
pub(crate) fn bytes_of<'a>(rows: impl IntoIterator<Item = (u32, &'a Vec<f32>)>) -> Vec<u8> {
    let mut rows = rows.into_iter().peekable();
    let length = rows.peek().map_or(8, |(_, vector)| vector.len());
    let dimension = Dimension::new(length).unwrap();
    let mut builder = SegmentBuilder::new(dimension, Centre::Mean, ROTATION_SEED).unwrap();
    for (ordinal, vector) in rows {
        builder.push(u64::from(ordinal) + 1000, ordinal, vector).unwrap();
    }
    builder.finish().to_bytes()
}

/// A segment of these vectors, with ordinals from 0.
pub(crate) fn segment_of(vectors: &[Vec<f32>]) -> Segment<Vec<u8>> {
    opened(bytes_of((0..).zip(vectors)))
}

/// A segment that must be one.
pub(crate) fn opened(bytes: Vec<u8>) -> Segment<Vec<u8>> {
    let segment = Segment::open(bytes).unwrap();
    segment.verify().unwrap();
    segment
}

/// The vectors dealt out to `parts` segments, without these ordinals.
pub(crate) fn snapshot_of(
    vectors: &[Vec<f32>],
    parts: usize,
    deleted: &RoaringBitmap,
) -> Snapshot<Vec<u8>> {
    let mut snapshot = Snapshot::new(Dimension::new(vectors[0].len()).unwrap());
    for part in 0..parts {
        let rows = (0_u32..).zip(vectors).filter(|(ordinal, _)| *ordinal as usize % parts == part);
        let rows: Vec<(u32, &Vec<f32>)> = rows.collect();
        if !rows.is_empty() {
            snapshot.push(opened(bytes_of(rows)), deleted.clone()).unwrap();
        }
    }
    snapshot
}

#[test]
fn the_cone_is_as_narrow_as_it_says() {
    let vectors = Cone::new(5, 384, 50).vectors(400);
    let (mut sum, mut count) = (0.0, 0.0);
    for (place, left) in vectors.iter().enumerate() {
        for right in &vectors[..place] {
            sum += dot(left, right);
            count += 1.0;
        }
    }
    let mean = sum / count;
    assert!((mean - 0.85_f64).abs() < 0.02, "{mean}");
}
