//! New versions become part of the index.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use domain::OrganisationId;
use knowledge::{IndexError, IndexVersion, VersionKey};

use super::SegmentIndex;
use crate::{
    deadline::Deadline,
    failure::unavailable,
    manifest::{Manifest, SegmentEntry},
    objects::{Created, segment_name},
    sealing::{ObjectName, SegmentKeys, seal},
    segment::build,
    vectors::{CentreInUse, Sum},
};

/// Passages that are put at a time: they are in memory with their texts and vectors.
const PASSAGES_MAX: usize = 200_000;

/// Passages after which a put begins another segment.
const PASSAGES_A_SEGMENT: usize = 20_000;

/// A segment that waits to be stored.
pub(super) struct Sealed {
    pub(super) name: ObjectName,
    pub(super) pieces: Vec<Bytes>,
    /// Before it was sealed.
    pub(super) bytes: u64,
}

impl SegmentIndex {
    pub(super) async fn put_versions(
        &self,
        organisation: OrganisationId,
        versions: Vec<IndexVersion>,
        deadline: Deadline,
    ) -> Result<(), IndexError> {
        let prepared = self.writers.run(deadline, move || {
            let versions = by_key(versions)?;
            let sum = sum_of(&versions);
            Ok((versions, sum))
        });
        let (versions, sum) = prepared.await?;
        if versions.is_empty() {
            return Ok(());
        }
        let newest = self.chain.newest(organisation).await?;
        let centres = newest.manifest.centres.after(&sum);
        let centre = sum.dimension().map(|dimension| Arc::new(centres.current(dimension)));
        let mut entries = Vec::new();
        for group in groups(versions) {
            entries.push(self.store(organisation, group, centre.clone(), deadline).await?);
        }
        let put_at = self.chain.clock.now();
        let made_at = entries.iter().map(|entry| entry.made_at).min().unwrap_or(put_at);
        let with_entries = |manifest: &Manifest, generation| {
            let entries = entries.iter().cloned();
            let entries = entries.map(|entry| SegmentEntry { order: generation, put_at, ..entry });
            Some(manifest.with(entries.collect(), &sum))
        };
        self.chain.write(organisation, made_at, with_entries).await?;
        Ok(())
    }

    /// Builds a segment and stores it, where nothing names it yet.
    async fn store(
        &self,
        organisation: OrganisationId,
        versions: Vec<IndexVersion>,
        centre: Option<Arc<CentreInUse>>,
        deadline: Deadline,
    ) -> Result<SegmentEntry, IndexError> {
        let keys = Arc::clone(&self.chain.keys);
        let made_at = self.chain.clock.now();
        let id = self.chain.ids.next(made_at);
        let name = segment_name(organisation, id);
        let built = self.writers.run(deadline, move || {
            let coordinates = centre.as_ref().map(|centre| centre.coordinates.as_slice());
            let built = build(&versions, coordinates.unwrap_or_default(), deadline)?;
            let sealed = Sealed::new(&*keys, name, &built.bytes)?;
            let family = centre.filter(|_| built.has_vectors).map(|centre| centre.family);
            Ok((sealed, built.passages, family))
        });
        let (sealed, passages, family) = built.await?;
        let bytes = sealed.bytes;
        self.write_segment(sealed).await?;
        let put_at = made_at;
        Ok(SegmentEntry { id, order: 0, passages, bytes, family, put_at, made_at })
    }

    pub(super) async fn write_segment(&self, sealed: Sealed) -> Result<(), IndexError> {
        match self.chain.objects.create(sealed.name, sealed.pieces).await? {
            Created::Done => Ok(()),
            Created::Exists => Err(unavailable(format!("there is a `{}` already", sealed.name))),
        }
    }
}

impl Sealed {
    pub(super) fn new(
        keys: &dyn SegmentKeys,
        name: ObjectName,
        bytes: &[u8],
    ) -> Result<Self, IndexError> {
        let pieces = seal(keys, name, bytes)?;
        Ok(Self { name, pieces, bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX) })
    }
}

/// Each version once, the last of those with the same key, by ascending key.
fn by_key(versions: Vec<IndexVersion>) -> Result<Vec<IndexVersion>, IndexError> {
    let versions: BTreeMap<VersionKey, IndexVersion> =
        versions.into_iter().map(|version| (version.key, version)).collect();
    let passages: usize = versions.values().map(|version| version.passages.len()).sum();
    if passages > PASSAGES_MAX {
        return Err(IndexError::TooMany { passages, passages_max: PASSAGES_MAX });
    }
    Ok(versions.into_values().collect())
}

/// Of all vectors. Whether they can be used is found out when they are encoded.
fn sum_of(versions: &[IndexVersion]) -> Sum {
    let passages = versions.iter().flat_map(|version| &version.passages);
    let mut sum = Sum::default();
    passages.filter_map(|passage| passage.vector.as_ref()).for_each(|vector| sum.add(vector));
    sum
}

/// The versions of each segment: none is divided, since later segments replace whole versions.
fn groups(versions: Vec<IndexVersion>) -> Vec<Vec<IndexVersion>> {
    let mut groups: Vec<Vec<IndexVersion>> = Vec::new();
    let mut passages = PASSAGES_A_SEGMENT;
    for version in versions {
        if passages >= PASSAGES_A_SEGMENT {
            groups.push(Vec::new());
            passages = 0;
        }
        passages += version.passages.len();
        if let Some(group) = groups.last_mut() {
            group.push(version);
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use knowledge::IndexPassage;

    use super::*;

    fn version(key: u64, passages: usize) -> IndexVersion {
        let passage = IndexPassage { number: 0, text: String::new(), vector: None };
        IndexVersion { key: VersionKey(key), language: None, passages: vec![passage; passages] }
    }

    fn shape(groups: &[Vec<IndexVersion>]) -> Vec<Vec<u64>> {
        let keys = |group: &Vec<IndexVersion>| group.iter().map(|version| version.key.0).collect();
        groups.iter().map(keys).collect()
    }

    #[test]
    fn of_a_key_the_last_version_counts() {
        let versions = by_key(vec![version(2, 1), version(1, 1), version(2, 3)]).unwrap();
        assert_eq!(versions, [version(1, 1), version(2, 3)]);
        let error = by_key(vec![version(1, PASSAGES_MAX), version(2, 1)]).unwrap_err();
        assert!(matches!(error, IndexError::TooMany { .. }));
    }

    #[test]
    fn segments_have_whole_versions() {
        assert!(groups(Vec::new()).is_empty());
        let large = PASSAGES_A_SEGMENT;
        let versions = vec![version(1, large - 1), version(2, 5), version(3, large), version(4, 0)];
        assert_eq!(shape(&groups(versions)), [vec![1, 2], vec![3], vec![4]]);
    }
}
