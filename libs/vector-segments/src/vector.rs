//! What a vector must be to be stored or searched for.

/// The most coordinates that a vector may have.
///
/// Up to here the sums of the kernels fit their integers, whatever the bytes of a segment are.
pub const DIMENSION_MAX: usize = 4096;

/// How far the length of a unit vector may be from 1.
pub const UNIT_TOLERANCE: f64 = 1e-3;

/// Coordinates of a sketch come in words of this many bits.
const WORD_BITS: usize = 64;

/// How many coordinates a vector has: 1 to [`DIMENSION_MAX`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Dimension(u16);

/// Vectors of no coordinates, or of too many.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a vector has between 1 and {DIMENSION_MAX} coordinates, not {found}")]
pub struct DimensionError {
    /// What was asked for.
    pub found: usize,
}

/// A vector cannot be stored or searched for.
#[derive(Clone, Copy, PartialEq, Debug, thiserror::Error)]
pub enum VectorError {
    /// It has another number of coordinates.
    #[error("the vector has {found} coordinates; {expected} are needed")]
    Dimension {
        /// Coordinates of every vector here.
        expected: usize,
        /// Coordinates of this one.
        found: usize,
    },
    /// A coordinate is infinite or no number.
    #[error("coordinate {index} of the vector is not finite")]
    NotFinite {
        /// Which coordinate, counted from 0.
        index: usize,
    },
    /// It is not of length 1.
    #[error("the vector has length {length}, not 1")]
    NotUnit {
        /// Its Euclidean length.
        length: f64,
    },
}

impl Dimension {
    /// Vectors of `coordinates` numbers.
    ///
    /// # Errors
    /// [`DimensionError`] for 0 and for more than [`DIMENSION_MAX`].
    pub fn new(coordinates: usize) -> Result<Self, DimensionError> {
        let error = DimensionError { found: coordinates };
        if coordinates == 0 || coordinates > DIMENSION_MAX {
            return Err(error);
        }
        u16::try_from(coordinates).map(Self).map_err(|_| error)
    }

    /// How many coordinates.
    pub fn get(self) -> usize {
        usize::from(self.0)
    }

    /// How many coordinates, as a header tells it.
    pub(crate) fn as_u32(self) -> u32 {
        u32::from(self.0)
    }

    /// Coordinates of a rotated vector: filled up with zeros to whole words of bits.
    pub(crate) fn padded(self) -> usize {
        self.get().next_multiple_of(WORD_BITS)
    }

    /// Whether a vector of this dimension has only finite coordinates.
    pub(crate) fn check_finite(self, vector: &[f32]) -> Result<(), VectorError> {
        if vector.len() != self.get() {
            return Err(VectorError::Dimension { expected: self.get(), found: vector.len() });
        }
        match vector.iter().position(|value| !value.is_finite()) {
            Some(index) => Err(VectorError::NotFinite { index }),
            None => Ok(()),
        }
    }

    /// Whether a vector of this dimension is finite and of length 1.
    pub(crate) fn check_unit(self, vector: &[f32]) -> Result<(), VectorError> {
        self.check_finite(vector)?;
        let length = product(vector, vector).sqrt();
        if (length - 1.0).abs() > UNIT_TOLERANCE {
            return Err(VectorError::NotUnit { length });
        }
        Ok(())
    }
}

/// The inner product of two vectors.
pub(crate) fn product(left: &[f32], right: &[f32]) -> f64 {
    left.iter().zip(right).map(|(left, right)| f64::from(*left) * f64::from(*right)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dimensions_have_limits_and_are_filled_up() {
        for (coordinates, padded) in [
            (0, None),
            (1, Some(64)),
            (64, Some(64)),
            (65, Some(128)),
            (384, Some(384)),
            (4096, Some(4096)),
            (4097, None),
            (usize::MAX, None),
        ] {
            let found = Dimension::new(coordinates).ok().map(Dimension::padded);
            assert_eq!(found, padded, "{coordinates}");
        }
    }

    #[test]
    fn only_finite_unit_vectors_pass() {
        let dimension = Dimension::new(2).unwrap();
        for (vector, expected) in [
            (&[0.6, 0.8][..], Ok(())),
            (&[0.6004, 0.8004], Ok(())),
            (&[1.0], Err(VectorError::Dimension { expected: 2, found: 1 })),
            (&[1.0, f32::NAN], Err(VectorError::NotFinite { index: 1 })),
            (&[f32::INFINITY, 0.0], Err(VectorError::NotFinite { index: 0 })),
            (&[3.0, 4.0], Err(VectorError::NotUnit { length: 5.0 })),
            (&[0.0, 0.0], Err(VectorError::NotUnit { length: 0.0 })),
        ] {
            assert_eq!(dimension.check_unit(vector), expected, "{vector:?}");
        }
    }
}
