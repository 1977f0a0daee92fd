//! Vectors as embedding models make them.

const LENGTH: usize = 384;

/// A xorshift generator: figures must not depend on chance.
pub(crate) struct Noise(u64);

impl Noise {
    /// The numbers of a seed.
    pub(crate) fn of(seed: u64) -> Self {
        let mut noise = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        for _ in 0..4 {
            noise.next();
        }
        noise
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// At least 0 and below 1.
    pub(crate) fn share(&mut self) -> f64 {
        f64::from((self.next() >> 32) as u32) / 4_294_967_296.0
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

/// Clusters around one axis: the mean cosine of two vectors is 0.85.
pub(crate) struct Cone {
    axis: Vec<f32>,
    clusters: Vec<Vec<f32>>,
}

impl Cone {
    pub(crate) fn new(clusters: usize) -> Self {
        let mut noise = Noise::of(7);
        let axis = noise.direction();
        Self { axis, clusters: (0..clusters).map(|_| noise.direction()).collect() }
    }

    /// A vector of any cluster: squares of the weights add up to 1.
    pub(crate) fn vector(&self, noise: &mut Noise) -> Vec<f32> {
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

/// The inner product, in lanes that a compiler turns into vectors.
pub(crate) fn dot(left: &[f32], right: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 16];
    for (left, right) in left.as_chunks::<16>().0.iter().zip(right.as_chunks::<16>().0) {
        for ((sum, left), right) in sums.iter_mut().zip(left).zip(right) {
            *sum += left * right;
        }
    }
    sums.iter().sum()
}
