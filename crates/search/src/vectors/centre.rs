//! The points around which vectors are encoded.
//!
//! Rows of segments with one centre are put together as they are. So segments share their centre,
//! and it must be known before the first vector is encoded. It is renewed twice, as soon as enough
//! vectors were seen, those that are being put among them; segments with the centres of before stay
//! as they are, beside the others. Until then it is zero: what is encoded around zero is told less
//! well by its sketch, but as few vectors as that are compared by their codes anyway. No centre is
//! made of few vectors also for another reason: it stays when they go, and must not tell what they
//! were.

use serde::{Deserialize, Serialize};

use crate::floats;

/// How many vectors the centres are made of, at the least: the first is good, the second as good
/// as any.
const STEPS: [u64; 2] = [512, 8192];

/// Which centre is in use, and what the next one is made of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Centres {
    /// Coordinates; 0 before the first vector.
    dimension: u32,
    /// Vectors of this dimension that were put so far.
    seen: u64,
    /// How many of them the centre is the mean of; 0 for the centre of zeros.
    made_of: u64,
    /// Empty for zeros.
    #[serde(with = "floats")]
    centre: Vec<f32>,
    /// Of all that were seen; empty once no centre will be made any more.
    #[serde(with = "floats")]
    sum: Vec<f32>,
}

/// A centre.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CentreInUse {
    /// Segments of one family have the same centre; made of its bytes, so that two who renew it at
    /// once make two families.
    pub(crate) family: u64,
    pub(crate) coordinates: Vec<f32>,
}

/// The sum of some vectors.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sum {
    vectors: u64,
    sum: Vec<f32>,
}

impl Sum {
    /// All have the same number of coordinates.
    pub(crate) fn add(&mut self, vector: &[f32]) {
        self.vectors += 1;
        add(&mut self.sum, vector);
    }

    /// How many coordinates they have; `None` if there are none of them.
    pub(crate) fn dimension(&self) -> Option<usize> {
        (self.vectors > 0).then_some(self.sum.len())
    }
}

fn add(sum: &mut Vec<f32>, values: &[f32]) {
    if sum.len() < values.len() {
        sum.resize(values.len(), 0.0);
    }
    sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
}

impl Centres {
    /// The centre for vectors of this many coordinates.
    pub(crate) fn current(&self, dimension: usize) -> CentreInUse {
        let is_zero = self.centre.is_empty() || !self.is_for(dimension);
        let coordinates = if is_zero { vec![0.0; dimension] } else { self.centre.clone() };
        CentreInUse { family: family_of(&coordinates), coordinates }
    }

    /// As it is after these vectors were put, none of them or some.
    pub(crate) fn after(&self, put: &Sum) -> Self {
        let Some(dimension) = put.dimension() else {
            return self.clone();
        };
        let mut next = if self.is_for(dimension) {
            self.clone()
        } else {
            let dimension = u32::try_from(dimension).unwrap_or(u32::MAX);
            Self { dimension, ..Self::default() }
        };
        next.seen += put.vectors;
        if let Some(step) = STEPS.into_iter().find(|step| next.made_of < *step) {
            add(&mut next.sum, &put.sum);
            if next.seen >= step {
                next.renew();
            }
        }
        next
    }

    /// With nothing of vectors that no centre is made of yet. What is put from here on counts anew.
    pub(crate) fn settled(&self) -> Self {
        if self.made_of == 0 {
            return Self::default();
        }
        let all = count(self.made_of);
        let sum = if self.sum.is_empty() {
            Vec::new()
        } else {
            self.centre.iter().map(|mean| mean * all).collect()
        };
        Self { seen: self.made_of, sum, ..self.clone() }
    }

    fn renew(&mut self) {
        let share = 1.0 / count(self.seen);
        self.centre = self.sum.iter().map(|sum| sum * share).collect();
        self.made_of = self.seen;
        if STEPS.iter().all(|step| self.made_of >= *step) {
            self.sum = Vec::new();
        }
    }

    fn is_for(&self, dimension: usize) -> bool {
        usize::try_from(self.dimension).is_ok_and(|own| own == dimension)
    }
}

fn family_of(coordinates: &[f32]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    for value in coordinates {
        hasher.update(&value.to_le_bytes());
    }
    let digest = hasher.finalize();
    digest.as_bytes().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

#[expect(clippy::cast_precision_loss, reason = "a mean")]
fn count(vectors: u64) -> f32 {
    vectors as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(centres: &Centres, vectors: usize, vector: &[f32]) -> Centres {
        let mut sum = Sum::default();
        for _ in 0..vectors {
            sum.add(vector);
        }
        centres.after(&sum)
    }

    fn centre(centres: &Centres, dimension: usize) -> Vec<f32> {
        centres.current(dimension).coordinates
    }

    #[test]
    fn the_centre_is_zero_until_enough_was_seen_and_then_renewed_twice() {
        let first = put(&Centres::default(), 511, &[1.0, 0.0]);
        assert_eq!(centre(&first, 2), vec![0.0, 0.0]);
        let second = put(&first, 1, &[1.0, 0.0]);
        assert_eq!(centre(&second, 2), vec![1.0, 0.0]);
        let same = put(&second, 512, &[0.0, 1.0]);
        assert_eq!(same.current(2), second.current(2));
        let third = put(&same, 8192, &[0.0, 1.0]);
        assert!(centre(&third, 2)[1] > 0.9);
        assert_eq!(put(&third, 100_000, &[1.0, 0.0]).current(2), third.current(2));
        assert_eq!(put(&third, 0, &[]), third);
        let families = [&first, &second, &third].map(|centres| centres.current(2).family);
        assert!(families[0] != families[1] && families[1] != families[2]);
    }

    #[test]
    fn what_is_seen_at_once_makes_the_last_centre_at_once() {
        let centres = put(&Centres::default(), 10_000, &[0.6, 0.8]);
        assert!((centre(&centres, 2)[0] - 0.6).abs() < 1e-3);
        assert_eq!(put(&centres, 10_000, &[1.0, 0.0]).current(2), centres.current(2));
    }

    #[test]
    fn nothing_is_left_of_vectors_that_no_centre_is_made_of() {
        let few = put(&Centres::default(), 511, &[1.0, 0.0]);
        assert_eq!(few.settled(), Centres::default());
        let made = put(&few, 1, &[1.0, 0.0]);
        let more = put(&made, 1, &[0.0, 1.0]);
        assert_eq!(more.settled(), made);
        assert_eq!(made.settled(), made);
        let last = put(&more, 10_000, &[0.6, 0.8]);
        assert!(last.settled().sum.is_empty());
        assert_eq!(last.settled().current(2), last.current(2));
    }

    /// As when another model makes the vectors.
    #[test]
    fn another_dimension_begins_anew() {
        let centres = put(&Centres::default(), 600, &[1.0, 0.0]);
        assert_eq!(centre(&centres, 3), vec![0.0; 3]);
        let other = put(&centres, 1, &[0.0, 0.0, 1.0]);
        assert_eq!(centre(&other, 3), vec![0.0; 3]);
        assert_eq!(centre(&other, 2), vec![0.0; 2]);
        assert_ne!(other.current(2).family, other.current(3).family);
    }

    #[test]
    fn it_is_stored_to_the_last_bit() {
        let centres = put(&Centres::default(), 513, &[0.1, 0.3, 0.7]);
        let text = serde_json::to_string(&centres).unwrap();
        assert_eq!(serde_json::from_str::<Centres>(&text).unwrap(), centres);
    }
}
