//! Measures searches on this machine:
//! `cargo run --release -p vector-segments --example vector_speed [vectors] [clusters]`.
//!
//! Vectors of 384 dimensions lie in clusters of a narrow cone, as embeddings of E5 do: the mean
//! cosine of two is 0.85. The right answers are those of products in single precision with all
//! vectors. Few large clusters are harder than many small ones: more vectors are equally near.
#![expect(clippy::print_stdout, reason = "a measuring program")]
#![expect(clippy::cast_precision_loss, reason = "figures are rounded for printing")]
#![expect(clippy::cast_possible_truncation, reason = "roots in single precision, small places")]

use std::error::Error;
use std::time::Instant;

use roaring::RoaringBitmap;
use vector_segments::{
    Centre, Depth, Dimension, Hit, Instructions, Permitted, Query, ROTATION_SEED, Segment,
    SegmentBuilder,
};

const LENGTH: usize = 384;
const QUERIES: usize = 100;
const K: usize = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let vectors: u32 = arguments.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let clusters: usize = arguments.next().map_or(Ok(10_000), |text| text.parse())?;
    println!("{vectors} vectors of {LENGTH} dimensions in {clusters} clusters");

    let cone = Cone::new(clusters.max(1));
    let mut noise = Noise(0x2545_f491_4f6c_dd1d);
    let queries: Vec<Vec<f32>> = (0..QUERIES).map(|_| cone.vector(&mut noise)).collect();
    let (centre, right) = brute_force(&cone, vectors, &queries);
    let bytes = build(&cone, vectors, &centre)?;
    let dimension = Dimension::new(LENGTH)?;
    let queries: Result<Vec<Query>, _> =
        queries.iter().map(|query| Query::new(dimension, query)).collect();
    let queries = queries?;

    for instructions in Instructions::available() {
        let segment = Segment::open(bytes.as_slice())?.with_instructions(instructions);
        measure(&segment, instructions.name(), &queries, &right)?;
    }
    Ok(())
}

/// Searches in all ways and prints how long each takes and what it finds.
fn measure(
    segment: &Segment<&[u8]>,
    name: &str,
    queries: &[Query],
    right: &[Vec<u32>],
) -> Result<(), Box<dyn Error>> {
    let everything = Permitted::Everything;
    for candidates in [200, 500, 2000, 10_000] {
        let depth = Depth::with_candidates(K, candidates);
        let found = timed(queries, |query| segment.search(query, everything, depth))?;
        println!("{name:6} {candidates:5} candidates: {}", found.report(right));
    }
    let found = timed(queries, |query| segment.search_exact(query, everything, K))?;
    println!("{name:6} codes of all vectors: {}", found.report(right));

    for share in [100, 10, 2] {
        let permitted: RoaringBitmap = (0..segment.len()).step_by(share).collect();
        let (filter, depth) = (Permitted::Only(&permitted), Depth::new(K));
        let found = timed(queries, |query| segment.search(query, filter, depth))?;
        println!("{name:6} one of {share} permitted: {}", found.times());
    }
    Ok(())
}

/// What searches found and how long they took.
struct Found {
    hits: Vec<Vec<Hit>>,
    /// Ascending.
    milliseconds: Vec<f64>,
}

fn timed<E>(queries: &[Query], search: impl Fn(&Query) -> Result<Vec<Hit>, E>) -> Result<Found, E> {
    let (mut hits, mut milliseconds) = (Vec::new(), Vec::new());
    for query in queries {
        let start = Instant::now();
        hits.push(search(query)?);
        milliseconds.push(start.elapsed().as_secs_f64() * 1e3);
    }
    milliseconds.sort_by(f64::total_cmp);
    Ok(Found { hits, milliseconds })
}

impl Found {
    /// The least time that this share of the searches did not exceed.
    fn percentile(&self, percent: usize) -> f64 {
        let place = (self.milliseconds.len() * percent).div_ceil(100).saturating_sub(1);
        self.milliseconds.get(place).copied().unwrap_or_default()
    }

    fn times(&self) -> String {
        let (half, most) = (self.percentile(50), self.percentile(95));
        format!("p50 {half:7.3} ms, p95 {most:7.3} ms")
    }

    fn report(&self, right: &[Vec<u32>]) -> String {
        let pairs = self.hits.iter().zip(right);
        let shared = |(hits, right): (&Vec<Hit>, &Vec<u32>)| {
            hits.iter().filter(|hit| right.contains(&hit.ordinal)).count()
        };
        let shared: usize = pairs.map(shared).sum();
        let all: usize = right.iter().map(Vec::len).sum();
        format!("{}, recall@{K} {:.4}", self.times(), shared as f64 / all as f64)
    }
}

/// The mean of all vectors, and for each query the ordinals of the best.
fn brute_force(cone: &Cone, vectors: u32, queries: &[Vec<f32>]) -> (Vec<f32>, Vec<Vec<u32>>) {
    let start = Instant::now();
    let mut sums = vec![0.0_f64; LENGTH];
    let mut best: Vec<Vec<(f32, u32)>> = vec![Vec::new(); queries.len()];
    let mut noise = Noise(VECTOR_SEED);
    for ordinal in 0..vectors {
        let vector = cone.vector(&mut noise);
        sums.iter_mut().zip(&vector).for_each(|(sum, value)| *sum += f64::from(*value));
        for (query, best) in queries.iter().zip(&mut best) {
            let score = dot(query, &vector);
            if best.len() == K && best[K - 1].0 >= score {
                continue;
            }
            let place = best.partition_point(|(other, _)| *other >= score);
            best.insert(place, (score, ordinal));
            best.truncate(K);
        }
    }
    println!("right answers took {:.1} s", start.elapsed().as_secs_f64());
    let count = f64::from(vectors.max(1));
    let centre = sums.into_iter().map(|sum| (sum / count) as f32).collect();
    let ordinals = |best: Vec<(f32, u32)>| best.into_iter().map(|(_, ordinal)| ordinal).collect();
    (centre, best.into_iter().map(ordinals).collect())
}

/// The bytes of a segment of all vectors.
fn build(cone: &Cone, vectors: u32, centre: &[f32]) -> Result<Vec<u8>, Box<dyn Error>> {
    let start = Instant::now();
    let dimension = Dimension::new(LENGTH)?;
    let mut builder = SegmentBuilder::new(dimension, Centre::Given(centre), ROTATION_SEED)?;
    let mut noise = Noise(VECTOR_SEED);
    for ordinal in 0..vectors {
        builder.push(u64::from(ordinal), ordinal, &cone.vector(&mut noise))?;
    }
    let bytes = builder.finish().to_bytes();
    println!(
        "building took {:.1} s, {:.1} bytes a vector",
        start.elapsed().as_secs_f64(),
        bytes.len() as f64 / f64::from(vectors.max(1)),
    );
    let start = Instant::now();
    let segment = Segment::open(&bytes)?;
    println!("opening took {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
    let start = Instant::now();
    segment.verify()?;
    println!("verifying took {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
    Ok(bytes)
}

/// The inner product, in lanes that a compiler turns into vectors.
fn dot(left: &[f32], right: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 16];
    for (left, right) in left.as_chunks::<16>().0.iter().zip(right.as_chunks::<16>().0) {
        for ((sum, left), right) in sums.iter_mut().zip(left).zip(right) {
            *sum += left * right;
        }
    }
    sums.iter().sum()
}

/// The vectors are made twice rather than kept: they would need 1.5 GB.
const VECTOR_SEED: u64 = 0x9e37_79b9_7f4a_7c15;

/// A xorshift generator: figures must not depend on chance.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// About normally distributed: the sum of four numbers of 16 bits.
    fn bell(&mut self) -> f32 {
        let bits = self.next();
        [0, 16, 32, 48].map(|shift| f32::from((bits >> shift) as u16) - 32767.5).iter().sum()
    }

    fn direction(&mut self) -> Vec<f32> {
        unit((0..LENGTH).map(|_| self.bell()).collect())
    }
}

fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt() as f32;
    for value in &mut vector {
        *value /= length;
    }
    vector
}

/// Clusters around one axis.
struct Cone {
    axis: Vec<f32>,
    clusters: Vec<Vec<f32>>,
}

impl Cone {
    fn new(clusters: usize) -> Cone {
        let mut noise = Noise(7);
        let axis = noise.direction();
        Cone { axis, clusters: (0..clusters).map(|_| noise.direction()).collect() }
    }

    /// A vector of any cluster: squares of the weights add up to 1.
    fn vector(&self, noise: &mut Noise) -> Vec<f32> {
        let own = noise.direction();
        let cluster = &self.clusters[(noise.next() >> 11) as usize % self.clusters.len()];
        let parts = self.axis.iter().zip(cluster).zip(&own);
        unit(
            parts
                .map(|((axis, cluster), own)| 0.922 * axis + 0.3 * cluster + 0.245 * own)
                .collect(),
        )
    }
}
