//! Which segments the index of an organisation consists of.
//!
//! A manifest is never changed: whoever puts or merges writes the next one, and of two who do so
//! at once only one creates it. The other reads it and tries again.

mod chain;

pub(crate) use chain::{Chain, Current, GRACE_SECONDS};

use std::collections::HashSet;

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::vectors::{Centres, Sum};

/// The form that is written, and the only one that is read.
pub(crate) const FORM: u32 = 1;

/// A manifest as it is stored, before it is sealed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) form: u32,
    pub(crate) id: Uuid,
    /// The one that it follows.
    pub(crate) previous: Option<Uuid>,
    pub(crate) at: Timestamp,
    pub(crate) segments: Vec<SegmentEntry>,
    pub(crate) centres: Centres,
}

/// A segment that is part of the index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SegmentEntry {
    pub(crate) id: Uuid,
    /// Of a version that two segments tell of, the one with the higher order counts; segments of
    /// one put have the same order and no version in common.
    pub(crate) order: u64,
    pub(crate) passages: u32,
    pub(crate) bytes: u64,
    /// Around which centre its vectors lie; `None` without vectors.
    pub(crate) family: Option<u64>,
    /// When the last of what it holds was put.
    pub(crate) put_at: Timestamp,
    /// When it was written.
    pub(crate) made_at: Timestamp,
}

impl Manifest {
    /// That of an organisation that has no index yet.
    pub(crate) fn empty(at: Timestamp) -> Self {
        Self {
            form: FORM,
            id: Uuid::nil(),
            previous: None,
            at,
            segments: Vec::new(),
            centres: Centres::default(),
        }
    }

    /// With more segments, whose vectors add up to `sum`.
    pub(crate) fn with(&self, added: Vec<SegmentEntry>, sum: &Sum) -> Self {
        let segments = self.segments.iter().cloned().chain(added).collect();
        Self { segments, centres: self.centres.after(sum), ..self.clone() }
    }

    /// With one segment or none in place of others; `None` if somebody else has replaced one of
    /// them.
    pub(crate) fn replaced(
        &self,
        replaced: &HashSet<Uuid>,
        by: Option<SegmentEntry>,
    ) -> Option<Self> {
        let mut segments = self.segments.clone();
        segments.retain(|segment| !replaced.contains(&segment.id));
        if segments.len() + replaced.len() != self.segments.len() {
            return None;
        }
        segments.extend(by);
        Some(Self { segments, ..self.clone() })
    }

    /// With nothing of vectors but what its segments hold and a centre is made of; `None` if it is
    /// so already.
    pub(crate) fn settled(&self) -> Option<Self> {
        let centres = self.centres.settled();
        (centres != self.centres).then(|| Self { centres, ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: u128) -> SegmentEntry {
        let at = Timestamp::from_micros(5);
        SegmentEntry {
            id: Uuid::from_u128(id),
            order: 1,
            passages: 2,
            bytes: 3,
            family: None,
            put_at: at,
            made_at: at,
        }
    }

    fn ids(manifest: &Manifest) -> Vec<u128> {
        manifest.segments.iter().map(|segment| segment.id.as_u128()).collect()
    }

    #[test]
    fn segments_are_added_and_replaced() {
        let empty = Manifest::empty(Timestamp::from_micros(5));
        let three = empty.with(vec![entry(1), entry(2), entry(3)], &Sum::default());
        assert_eq!(ids(&three), [1, 2, 3]);
        let set = |ids: &[u128]| ids.iter().copied().map(Uuid::from_u128).collect::<HashSet<_>>();
        assert_eq!(ids(&three.replaced(&set(&[1, 3]), Some(entry(4))).unwrap()), [2, 4]);
        assert_eq!(ids(&three.replaced(&set(&[1, 2, 3]), None).unwrap()), [0_u128; 0]);
        assert_eq!(three.replaced(&set(&[1, 9]), Some(entry(4))), None);
    }

    #[test]
    fn a_settled_one_holds_no_sum_of_few_vectors() {
        let empty = Manifest::empty(Timestamp::from_micros(5));
        let mut sum = Sum::default();
        sum.add(&[0.6, 0.8]);
        let settled = empty.with(vec![entry(1)], &sum).settled().unwrap();
        assert_eq!(settled, empty.with(vec![entry(1)], &Sum::default()));
        assert_eq!(settled.settled(), None);
    }

    #[test]
    fn it_is_read_as_it_was_written() {
        let empty = Manifest::empty(Timestamp::from_micros(5));
        let mut sum = Sum::default();
        sum.add(&[0.6, 0.8]);
        let manifest = empty.with(vec![entry(1)], &sum);
        let text = serde_json::to_vec(&manifest).unwrap();
        assert_eq!(serde_json::from_slice::<Manifest>(&text).unwrap(), manifest);
    }
}
