//! A vector that is searched for, and what of it a segment needs.

use crate::encoding::{fitted_scale, largest, narrow};
use crate::kernels::{PLANES, Planes, QUERY_CODE_MAX};
use crate::rotation::Rotation;
use crate::vector::{Dimension, VectorError, product};

/// A vector that is searched for.
#[derive(Clone, PartialEq, Debug)]
pub struct Query {
    vector: Vec<f32>,
    dimension: Dimension,
}

impl Query {
    /// Searches for vectors near this one, which has length 1.
    ///
    /// # Errors
    /// [`VectorError`] if it has another dimension, is not finite, or not of length 1.
    pub fn new(dimension: Dimension, vector: &[f32]) -> Result<Self, VectorError> {
        dimension.check_unit(vector)?;
        Ok(Self { vector: vector.to_vec(), dimension })
    }

    /// How many coordinates it has.
    pub fn dimension(&self) -> Dimension {
        self.dimension
    }
}

/// A query as one segment sees it: from its centre, in its rotation, rounded for its kernels.
pub(crate) struct Prepared {
    /// The product of query and centre, which is part of every score.
    base: f64,
    /// The query in four bits a coordinate.
    pub(crate) planes: Planes,
    /// What one step between two of those codes is worth, halved.
    half_step: f32,
    /// What a sketch has in common with the query at distance zero, in half steps.
    agreement_max: f32,
    /// The query in thirteen bits a coordinate.
    pub(crate) codes: Vec<i16>,
    /// What one step between two of those codes is worth.
    code_step: f64,
}

/// How many different codes four bits have, halved: those of positive coordinates.
const LEVELS_HALF: f32 = 8.0;

/// The largest of these codes.
const LEVEL_MAX: f32 = 15.0;

impl Prepared {
    pub(crate) fn new(query: &Query, rotation: &Rotation, centre: &[f32]) -> Self {
        let rotated = rotation.apply(&query.vector);
        let base = product(&rotated, centre);
        let residual: Vec<f32> =
            rotated.iter().zip(centre).map(|(value, centre)| value - centre).collect();
        let levels = levels(&residual);
        // A code stands for the middle of its interval: 7 for half a step below zero.
        let middles = levels.iter().map(|level| f64::from(*level) - f64::from(LEVEL_MAX) / 2.0);
        let step = fitted_scale(&residual, middles);
        let codes = codes(&residual);
        let code_step = fitted_scale(&residual, codes.iter().map(|code| f64::from(*code)));
        let weights = (0..PLANES).map(|plane| 1_u16 << plane).sum::<u16>();
        let padded = u16::try_from(residual.len()).unwrap_or(u16::MAX);
        Self {
            base,
            planes: Planes::new(&levels),
            half_step: step / 2.0,
            agreement_max: f32::from(weights) * f32::from(padded),
            codes,
            code_step: f64::from(code_step),
        }
    }

    /// The score of a vector as far as its sketch tells.
    #[inline]
    pub(crate) fn estimate(&self, scale: f32, offset: f32, distance: u16) -> f32 {
        let agreement = self.agreement_max - 2.0 * f32::from(distance);
        narrow(self.base) + offset + scale * (self.half_step * agreement)
    }

    /// The score of a vector as far as its codes tell.
    #[inline]
    pub(crate) fn score(&self, scale: f32, offset: f32, product: i32) -> f32 {
        let estimated = f64::from(scale) * self.code_step * f64::from(product);
        narrow(self.base + f64::from(offset) + estimated)
    }
}

/// Codes of four bits: 0 for the most negative coordinates, 15 for the most positive.
#[expect(clippy::cast_possible_truncation, reason = "the values are rounded and clamped")]
#[expect(clippy::cast_sign_loss, reason = "the values are clamped to positive ones")]
fn levels(residual: &[f32]) -> Vec<u8> {
    let inverse = LEVELS_HALF / largest(residual);
    let level = |value: &f32| ((value * inverse).floor() + LEVELS_HALF).clamp(0.0, LEVEL_MAX) as u8;
    residual.iter().map(level).collect()
}

/// Codes of thirteen bits.
#[expect(clippy::cast_possible_truncation, reason = "the values are rounded and clamped")]
fn codes(residual: &[f32]) -> Vec<i16> {
    let limit = f32::from(QUERY_CODE_MAX);
    let inverse = limit / largest(residual);
    let code = |value: &f32| (value * inverse).round().clamp(-limit, limit) as i16;
    residual.iter().map(code).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::{CODES_PREFIX, Encoder, SKETCH_PREFIX};
    use crate::instructions::Instructions;
    use crate::kernels::{Table, distances, products};

    /// A unit vector that looks random; `state` is that of a xorshift generator.
    fn direction(state: &mut u64, length: usize) -> Vec<f32> {
        let mut vector: Vec<f32> = (0..length)
            .map(|_| {
                *state ^= *state << 13;
                *state ^= *state >> 7;
                *state ^= *state << 17;
                let bytes = state.to_le_bytes();
                f32::from(u16::from_le_bytes([bytes[4], bytes[5]])) - 32767.5
            })
            .collect();
        let size = narrow(product(&vector, &vector).sqrt());
        for value in &mut vector {
            *value /= size;
        }
        vector
    }

    /// The sum of some unit vectors, scaled to length 1.
    fn blend(parts: &[(f32, &[f32])]) -> Vec<f32> {
        let mut sum = vec![0.0; parts[0].1.len()];
        for (weight, part) in parts {
            sum.iter_mut().zip(*part).for_each(|(sum, value)| *sum += weight * value);
        }
        let size = narrow(product(&sum, &sum).sqrt());
        for value in &mut sum {
            *value /= size;
        }
        sum
    }

    /// What sketch and codes of a vector tell of its score, each less the truth.
    fn errors(query: &Query, vector: &[f32], encoder: &Encoder, rotation: &Rotation) -> (f64, f64) {
        let prepared = Prepared::new(query, rotation, encoder.centre());
        let (mut sketch, mut codes) = (Vec::new(), Vec::new());
        encoder.encode(vector, &mut sketch, &mut codes);
        let sketches = Table::new(&sketch, sketch.len(), SKETCH_PREFIX);
        let codes = Table::new(&codes, codes.len(), CODES_PREFIX);
        let (mut distance, mut dot) = ([0], [0]);
        distances(Instructions::SCALAR, sketches, &[0], &prepared.planes, &mut distance);
        products(Instructions::SCALAR, codes, &[0], &prepared.codes, &mut dot);
        let offset = sketches.float(0, 1);
        let estimate = prepared.estimate(sketches.float(0, 0), offset, distance[0]);
        let score = prepared.score(codes.float(0, 0), offset, dot[0]);
        let truth = product(&query.vector, vector);
        (f64::from(estimate) - truth, f64::from(score) - truth)
    }

    #[test]
    fn estimates_err_to_neither_side() {
        for (length, rounds) in [(100, 400), (384, 200), (768, 100)] {
            let mut state = 0x9e37_79b9_7f4a_7c15;
            let dimension = Dimension::new(length).unwrap();
            let (mut rough, mut fine) = (0.0, 0.0);
            for seed in 0..rounds {
                let axis = direction(&mut state, length);
                let topic = direction(&mut state, length);
                let mut member = || {
                    let aside = direction(&mut state, length);
                    blend(&[(0.92, &axis), (0.35, &topic), (0.2, &aside)])
                };
                let (query, vector) = (Query::new(dimension, &member()).unwrap(), member());
                let rotation = Rotation::new(dimension, seed);
                let encoder = Encoder::new(Rotation::new(dimension, seed), &axis);
                let errors = errors(&query, &vector, &encoder, &rotation);
                assert!(errors.0.abs() < 0.1 && errors.1.abs() < 2e-3, "{seed}: {errors:?}");
                rough += errors.0;
                fine += errors.1;
            }
            let rounds = f64::from(u32::try_from(rounds).unwrap());
            // Signs as they are, without the correction, would lose a fifth of 0.13.
            assert!((rough / rounds).abs() < 0.004, "{length}: {}", rough / rounds);
            assert!((fine / rounds).abs() < 2e-4, "{length}: {}", fine / rounds);
        }
    }

    #[test]
    fn codes_span_the_query() {
        let residual = [-1.0, -0.01, 0.0, 0.01, 0.99, 1.0];
        assert_eq!(levels(&residual), [0, 7, 8, 8, 15, 15]);
        assert_eq!(codes(&residual), [-4095, -41, 0, 41, 4054, 4095]);
        assert_eq!(codes(&[0.0, 0.0]), [0, 0]);
        assert_eq!(levels(&[0.0, 0.0]), [0, 0]);
    }

    /// A query at the centre has nothing left to estimate.
    #[test]
    fn a_query_at_the_centre_scores_by_offset_alone() {
        let dimension = Dimension::new(64).unwrap();
        let mut vector = vec![0.0; 64];
        vector[5] = 1.0;
        let query = Query::new(dimension, &vector).unwrap();
        let rotation = Rotation::new(dimension, 3);
        let prepared = Prepared::new(&query, &rotation, &rotation.apply(&vector));
        for distance in [0, 1, 15 * 64] {
            assert!((prepared.estimate(9.0, 0.25, distance) - 1.25).abs() < 1e-5);
        }
        assert!((prepared.score(9.0, 0.25, 1 << 30) - 1.25).abs() < 1e-5);
    }
}
