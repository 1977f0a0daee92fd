//! A random rotation that costs little more than reading the vector.
//!
//! Signs are flipped at random, then a Hadamard transform mixes as many coordinates as the largest
//! power of two allows, from the front or from the back in turn; where that leaves coordinates
//! out, the two halves of the vector are mixed too. So 384 coordinates stay 384 and need not
//! become 512.

use std::f32::consts::FRAC_1_SQRT_2;

use crate::vector::Dimension;

/// How often all of this is repeated.
const ROUNDS: usize = 4;

/// An orthogonal map that depends on a dimension and a seed alone.
pub(crate) struct Rotation {
    /// How many coordinates it mixes: a multiple of 64.
    padded: usize,
    /// What each coordinate is multiplied by in each round: 1 or -1.
    signs: [Vec<f32>; ROUNDS],
}

impl Rotation {
    pub(crate) fn new(dimension: Dimension, seed: u64) -> Self {
        let padded = dimension.padded();
        let mut random = SplitMix(seed);
        let signs = std::array::from_fn(|_| random.signs(padded));
        Self { padded, signs }
    }

    /// Rotates a vector, after zeros were put behind it.
    pub(crate) fn apply(&self, vector: &[f32]) -> Vec<f32> {
        let mut rotated = vector.to_vec();
        rotated.resize(self.padded, 0.0);
        let window = 1 << self.padded.ilog2();
        let rest = self.padded - window;
        for (round, signs) in self.signs.iter().enumerate() {
            rotated.iter_mut().zip(signs).for_each(|(value, sign)| *value *= sign);
            let start = if round % 2 == 0 { 0 } else { rest };
            hadamard(&mut rotated[start..start + window]);
            if rest > 0 {
                let (left, right) = rotated.split_at_mut(self.padded / 2);
                mix(left, right);
            }
        }
        rotated
    }
}

/// The Hadamard transform of a power of two of values, which keeps their length.
fn hadamard(values: &mut [f32]) {
    let mut half = 1;
    while half < values.len() {
        for pair in values.chunks_exact_mut(2 * half) {
            let (left, right) = pair.split_at_mut(half);
            mix(left, right);
        }
        half *= 2;
    }
}

/// Turns each pair of a left and a right value by an eighth of a circle, and mirrors it.
fn mix(left: &mut [f32], right: &mut [f32]) {
    for (left, right) in left.iter_mut().zip(right) {
        let (sum, difference) = (*left + *right, *left - *right);
        (*left, *right) = (sum * FRAC_1_SQRT_2, difference * FRAC_1_SQRT_2);
    }
}

/// Numbers that look random and are the same everywhere.
///
/// # Source
/// Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    fn signs(&mut self, count: usize) -> Vec<f32> {
        let mut signs = Vec::with_capacity(count);
        while signs.len() < count {
            let bits = self.next();
            let word = (0..u64::BITS).map(|bit| if (bits >> bit) & 1 == 1 { -1.0 } else { 1.0 });
            signs.extend(word);
        }
        signs.truncate(count);
        signs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::product;

    fn unit(length: usize, index: usize) -> Vec<f32> {
        let mut vector = vec![0.0; length];
        vector[index] = 1.0;
        vector
    }

    #[test]
    fn unit_vectors_stay_orthonormal() {
        for coordinates in [1, 2, 63, 64, 65, 100, 128, 192, 384, 768] {
            let dimension = Dimension::new(coordinates).unwrap();
            let rotation = Rotation::new(dimension, 7);
            let step = coordinates.div_ceil(40);
            let rotated: Vec<_> = (0..coordinates)
                .step_by(step)
                .map(|index| rotation.apply(&unit(coordinates, index)))
                .collect();
            for (row, left) in rotated.iter().enumerate() {
                for (column, right) in rotated.iter().enumerate() {
                    let expected = if row == column { 1.0 } else { 0.0 };
                    let found = product(left, right);
                    assert!((found - expected).abs() < 1e-5, "{coordinates}: {row} {column}");
                }
            }
        }
    }

    /// Otherwise signs alone would say little about a vector.
    #[test]
    fn no_coordinate_keeps_much_of_a_unit_vector() {
        for coordinates in [64, 100, 192, 384, 768, 1024] {
            let dimension = Dimension::new(coordinates).unwrap();
            let rotation = Rotation::new(dimension, 11);
            for index in (0..coordinates).step_by(17) {
                let rotated = rotation.apply(&unit(coordinates, index));
                let largest =
                    rotated.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
                assert!(largest < 0.7, "{coordinates}: {index} {largest}");
            }
        }
    }

    #[test]
    fn seeds_differ_and_repeat() {
        let dimension = Dimension::new(64).unwrap();
        let vector = unit(64, 3);
        let rotated = |seed| Rotation::new(dimension, seed).apply(&vector);
        assert_eq!(rotated(1), rotated(1));
        assert_ne!(rotated(1), rotated(2));
    }
}
