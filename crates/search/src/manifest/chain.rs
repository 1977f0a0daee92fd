//! The manifests of an organisation, one after the other.

use std::{collections::HashSet, sync::Arc};

use domain::{Clock, IdSource, OrganisationId, Timestamp};
use knowledge::IndexError;
use uuid::Uuid;

use super::{FORM, Manifest};
use crate::{
    failure::{damaged, unavailable},
    objects::{Created, Objects, manifest_name, segment_name},
    sealing::{self, FrameError, SegmentKeys},
};

/// How often somebody who writes a manifest may find that another one was faster.
const TRIES_MAX: usize = 16;

/// How long what nothing names any more stays: for searches that have read the manifest of before,
/// and for writers that have not written theirs yet. Nobody takes that long for either.
pub(crate) const GRACE_SECONDS: i64 = 15 * 60;

/// Nobody writes a manifest that names a segment which was made so long ago.
const UNNAMED_SECONDS: i64 = 10 * 60;

/// A manifest that was the newest one when it was read.
#[derive(Clone)]
pub(crate) struct Current {
    /// 0 for the empty one that nobody wrote.
    pub(crate) generation: u64,
    pub(crate) manifest: Arc<Manifest>,
}

/// Reads and writes manifests.
#[derive(Clone)]
pub(crate) struct Chain {
    pub(crate) objects: Objects,
    pub(crate) keys: Arc<dyn SegmentKeys>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
}

impl Chain {
    /// The newest manifest of all.
    pub(crate) async fn newest(&self, of: OrganisationId) -> Result<Current, IndexError> {
        for _ in 0..TRIES_MAX {
            let generations = self.objects.generations(of).await?;
            let Some(&generation) = generations.last() else {
                let manifest = Arc::new(Manifest::empty(self.clock.now()));
                return Ok(Current { generation: 0, manifest });
            };
            // It is gone if it was removed meanwhile, which happens to old ones only.
            if let Some(current) = self.read(of, generation).await? {
                return Ok(current);
            }
        }
        Err(IndexError::Busy)
    }

    /// The newest manifest, once all that are stored were read: an erasure goes by earlier ones too.
    pub(crate) async fn check(&self, of: OrganisationId) -> Result<Current, IndexError> {
        for generation in self.objects.generations(of).await? {
            self.read(of, generation).await?;
        }
        self.newest(of).await
    }

    /// Whether nobody has written another one since.
    pub(crate) async fn is_newest(
        &self,
        of: OrganisationId,
        current: &Current,
    ) -> Result<bool, IndexError> {
        if current.generation == 0 {
            return Ok(!self.is_begun(of).await?);
        }
        let behind = manifest_name(of, current.generation + 1);
        if self.objects.read(behind).await?.is_some() {
            return Ok(false);
        }
        // They go from the oldest on: while this one is there, none behind it has come and gone.
        Ok(self.objects.read(manifest_name(of, current.generation)).await?.is_some())
    }

    /// Writes the manifest that `change` makes of the newest one, which it is given with the
    /// generation of the next; `None` if it makes none of it.
    ///
    /// It will name segments of which the first was made at `made_at`. That must not be so long
    /// ago that somebody takes them for left behind.
    pub(crate) async fn write(
        &self,
        of: OrganisationId,
        made_at: Timestamp,
        change: impl Fn(&Manifest, u64) -> Option<Manifest>,
    ) -> Result<Option<Current>, IndexError> {
        let too_late = made_at.plus_seconds(GRACE_SECONDS / 2);
        for _ in 0..TRIES_MAX {
            if self.clock.now() > too_late {
                break;
            }
            let newest = self.newest(of).await?;
            let generation = newest.generation + 1;
            let Some(changed) = change(&newest.manifest, generation) else {
                return Ok(None);
            };
            let at = self.clock.now();
            let previous = Some(newest.manifest.id);
            let manifest = Manifest { id: self.ids.next(at), previous, at, ..changed };
            if self.create(of, generation, &manifest).await? {
                let manifest = Arc::new(manifest);
                return Ok(Some(Current { generation, manifest }));
            }
        }
        Err(IndexError::Busy)
    }

    /// Whether this one is part of the chain now, and nobody else wrote its generation.
    async fn create(
        &self,
        of: OrganisationId,
        generation: u64,
        manifest: &Manifest,
    ) -> Result<bool, IndexError> {
        let name = manifest_name(of, generation);
        let text = serde_json::to_vec(manifest).map_err(unavailable)?;
        let pieces = sealing::seal(&*self.keys, name, &text)?;
        match self.objects.create(name, pieces).await? {
            Created::Done => {}
            Created::Exists => {
                // An answer may have been lost on the way: then it is ours.
                let written = self.read(of, generation).await?;
                return Ok(written.is_some_and(|written| written.manifest.id == manifest.id));
            }
        }
        // Whoever read the newest manifest very long ago may have created one where an old one was
        // removed. Then nobody follows it, and it must not stay; what it names may be gone too.
        let generations = self.objects.generations(of).await?;
        if generations.last() == Some(&generation) {
            return Ok(true);
        }
        let follower = self.read(of, generation + 1).await?;
        if follower.is_some_and(|follower| follower.manifest.previous == Some(manifest.id)) {
            return Ok(true);
        }
        self.objects.remove(name).await?;
        Err(IndexError::Busy)
    }

    async fn read(
        &self,
        of: OrganisationId,
        generation: u64,
    ) -> Result<Option<Current>, IndexError> {
        let name = manifest_name(of, generation);
        let Some(stored) = self.objects.read(name).await? else {
            return Ok(None);
        };
        let text = sealing::open(&*self.keys, name, &stored).map_err(|error| match error {
            FrameError::Locked(locked) => IndexError::Locked(locked),
            other => damaged(name.to_string(), other),
        })?;
        let manifest = serde_json::from_slice::<Manifest>(&text);
        let manifest = manifest.map_err(|error| damaged(name.to_string(), error))?;
        if manifest.form != FORM {
            let found = format!("the manifest has form {}; only {FORM} can be read", manifest.form);
            return Err(damaged(name.to_string(), found));
        }
        Ok(Some(Current { generation, manifest: Arc::new(manifest) }))
    }

    /// Removes manifests that were replaced a while ago, and segments that no other one names; how
    /// many objects.
    ///
    /// Killed at any moment, it leaves what the next call removes: manifests go from the oldest on,
    /// and a segment goes only once no manifest that stays names it.
    pub(crate) async fn collect(&self, of: OrganisationId) -> Result<u64, IndexError> {
        let old_before = self.clock.now().plus_seconds(-GRACE_SECONDS);
        let generations = self.objects.generations(of).await?;
        let (mut named, mut old) = (HashSet::new(), Vec::new());
        // When the manifest behind was written.
        let mut replaced_at: Option<Timestamp> = None;
        for &generation in generations.iter().rev() {
            if replaced_at.is_some_and(|at| at < old_before) {
                old.push(generation);
                continue;
            }
            let Some(current) = self.read(of, generation).await? else { continue };
            named.extend(current.manifest.segments.iter().map(|segment| segment.id));
            replaced_at = Some(current.manifest.at);
        }
        let mut removed = 0;
        for generation in old.into_iter().rev() {
            removed += u64::from(self.objects.remove(manifest_name(of, generation)).await?);
        }
        for id in self.objects.segments(of).await? {
            if !named.contains(&id) && made_at(id) < old_before {
                removed += u64::from(self.objects.remove(segment_name(of, id)).await?);
            }
        }
        Ok(removed)
    }

    /// Whether there is a manifest.
    pub(crate) async fn is_begun(&self, of: OrganisationId) -> Result<bool, IndexError> {
        Ok(!self.objects.generations(of).await?.is_empty())
    }

    /// Removes manifests before the newest one and the segments that only they name, at once, and
    /// segments that nobody will name any more. Who reads one of those manifests now looks for the
    /// newest again.
    pub(crate) async fn remove_replaced(&self, of: OrganisationId) -> Result<(), IndexError> {
        let unnamed_before = self.clock.now().plus_seconds(-UNNAMED_SECONDS);
        let newest = self.newest(of).await?;
        let ids = |manifest: &Manifest| -> HashSet<Uuid> {
            manifest.segments.iter().map(|segment| segment.id).collect()
        };
        let (named, mut replaced) = (ids(&newest.manifest), HashSet::new());
        let mut earlier = self.objects.generations(of).await?;
        earlier.retain(|generation| *generation < newest.generation);
        for &generation in &earlier {
            if let Some(current) = self.read(of, generation).await? {
                replaced.extend(ids(&current.manifest).difference(&named).copied());
            }
        }
        let stored = self.objects.segments(of).await?;
        let is_left = |id: &Uuid| !named.contains(id) && made_at(*id) < unnamed_before;
        replaced.extend(stored.into_iter().filter(is_left));
        for id in replaced {
            self.objects.remove(segment_name(of, id)).await?;
        }
        // Last, since they say which segments go.
        for generation in earlier {
            self.objects.remove(manifest_name(of, generation)).await?;
        }
        Ok(())
    }

    /// Removes every object of an organisation.
    pub(crate) async fn remove_all(&self, of: OrganisationId) -> Result<(), IndexError> {
        if self.is_begun(of).await? {
            // From here on nothing is found, whatever else becomes of this.
            let nothing = |manifest: &Manifest, _| {
                Some(Manifest { segments: Vec::new(), ..manifest.clone() })
            };
            match self.write(of, self.clock.now(), nothing).await {
                // Nothing is found in what cannot be read.
                Ok(_) | Err(IndexError::Damaged { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        for id in self.objects.segments(of).await? {
            self.objects.remove(segment_name(of, id)).await?;
        }
        // From the oldest on: until it is done, the newest one says that there is nothing, or that
        // it cannot be read.
        for generation in self.objects.generations(of).await? {
            self.objects.remove(manifest_name(of, generation)).await?;
        }
        Ok(())
    }
}

/// When an id was made: it begins with that, in milliseconds.
fn made_at(id: Uuid) -> Timestamp {
    let millis = i64::try_from(id.as_u128() >> 80).unwrap_or(i64::MAX);
    Timestamp::from_micros(millis.saturating_mul(1000))
}

#[cfg(test)]
mod tests {
    use testkit::SeededIds;

    use super::*;

    #[test]
    fn ids_tell_when_they_were_made() {
        let at = Timestamp::from_micros(1_767_225_600_123_456);
        let id = SeededIds::new(3).next(at);
        assert_eq!(made_at(id), Timestamp::from_micros(1_767_225_600_123_000));
    }
}
