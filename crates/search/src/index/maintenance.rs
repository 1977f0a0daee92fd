//! Segments are put together, and what is gone goes.

use std::{collections::HashSet, sync::Arc};

use domain::{OrganisationId, Timestamp};
use knowledge::{IndexError, Maintained, VersionKey};
use roaring::RoaringTreemap;
use uuid::Uuid;

use super::{SegmentIndex, putting::Sealed};
use crate::{
    deadline::Deadline,
    manifest::{GRACE_SECONDS, Manifest, SegmentEntry},
    objects::segment_name,
    segment::{Source, merge},
    snapshot::{Member, Snapshot},
    tiers::{Candidate, choose},
};

/// How many segments one call writes.
const MERGES_A_CALL: u32 = 4;

/// How many segments one call has forget something; there are far fewer.
const FORGET_ROUNDS_MAX: usize = 1000;

/// How long opening and merging some segments may take.
const MERGE_SECONDS_MAX: u64 = 10 * 60;

/// What is to be merged, and what of it goes.
struct Chosen {
    snapshot: Arc<Snapshot>,
    /// Segments by their place, each with the versions that go.
    places: Vec<(usize, HashSet<VersionKey>)>,
}

impl SegmentIndex {
    pub(super) async fn maintain_segments(
        &self,
        organisation: OrganisationId,
        live: &RoaringTreemap,
    ) -> Result<Maintained, IndexError> {
        let mut maintained = Maintained { is_unfinished: true, ..Maintained::default() };
        for _ in 0..MERGES_A_CALL {
            let _alone = self.merging.lock().await;
            let deadline = Deadline::after_seconds(MERGE_SECONDS_MAX);
            let Some(chosen) = self.choose(organisation, live, deadline).await? else {
                maintained.is_unfinished = false;
                break;
            };
            let replaced = u32::try_from(chosen.places.len()).unwrap_or(u32::MAX);
            let dropped = chosen.dropped();
            if self.replace(organisation, chosen, deadline).await? {
                maintained.replaced += replaced;
                maintained.dropped += dropped;
            }
        }
        maintained.removed = self.chain.collect(organisation).await?;
        Ok(maintained)
    }

    /// Writes every segment anew that holds one of them, one after the other.
    pub(super) async fn forget_versions(
        &self,
        organisation: OrganisationId,
        live: &RoaringTreemap,
        up_to: VersionKey,
    ) -> Result<(), IndexError> {
        // Where nothing is nobody needs keys to say so.
        if !self.chain.is_begun(organisation).await? {
            return Ok(());
        }
        // A merge beside this would leave what goes in a segment that nobody names.
        let _alone = self.merging.lock().await;
        for _ in 0..FORGET_ROUNDS_MAX {
            let deadline = Deadline::after_seconds(MERGE_SECONDS_MAX);
            let snapshot = self.opened.newest(organisation, deadline).await?;
            let Some(chosen) = to_forget(snapshot, live, up_to) else {
                // What counts its vectors has to forget them too, whoever left them out.
                let settled = |manifest: &Manifest, _| manifest.settled();
                self.chain.write(organisation, self.chain.clock.now(), settled).await?;
                // What was written anew, now or by a merge just before, and would stay for a while.
                return self.chain.remove_replaced(organisation).await;
            };
            // Whether it was done or somebody else was faster: the next look tells.
            self.replace(organisation, chosen, deadline).await?;
        }
        Err(IndexError::Busy)
    }

    async fn choose(
        &self,
        organisation: OrganisationId,
        live: &RoaringTreemap,
        deadline: Deadline,
    ) -> Result<Option<Chosen>, IndexError> {
        let snapshot = self.opened.newest(organisation, deadline).await?;
        let now = self.chain.clock.now();
        let droppable: Vec<_> = droppable(&snapshot, live, now);
        let candidates = candidates(&snapshot, &droppable);
        let Some(places) = choose(&candidates, now) else {
            return Ok(None);
        };
        let mut droppable: Vec<Option<_>> = droppable.into_iter().map(Some).collect();
        let mut take = |place: usize| droppable.get_mut(place).and_then(Option::take);
        let places = places.into_iter().filter_map(|place| Some((place, take(place)?)));
        Ok(Some(Chosen { places: places.collect(), snapshot }))
    }

    /// Whether nobody else has replaced them meanwhile.
    async fn replace(
        &self,
        organisation: OrganisationId,
        chosen: Chosen,
        deadline: Deadline,
    ) -> Result<bool, IndexError> {
        let entries = chosen.entries();
        let replaced: HashSet<Uuid> = entries.iter().map(|entry| entry.id).collect();
        let keys = Arc::clone(&self.chain.keys);
        let merged = self.writers.run(deadline, move || chosen.merge()).await?;
        let made_at = self.chain.clock.now();
        let mut by = None;
        if let Some((bytes, passages, has_vectors)) = merged {
            // Not before now: who looks for what was left behind goes by the time of the id.
            let id = self.chain.ids.next(made_at);
            let name = segment_name(organisation, id);
            let sealed = self.writers.run(deadline, move || Sealed::new(&*keys, name, &bytes));
            let sealed = sealed.await?;
            let (bytes, family) =
                (sealed.bytes, has_vectors.then(|| family_of(&entries)).flatten());
            self.write_segment(sealed).await?;
            let order = entries.iter().map(|entry| entry.order).max().unwrap_or_default();
            let put_at = entries.iter().map(|entry| entry.put_at).max().unwrap_or(made_at);
            by = Some(SegmentEntry { id, order, passages, bytes, family, put_at, made_at });
        }
        let change = |manifest: &Manifest, _| manifest.replaced(&replaced, by.clone());
        let is_replaced = self.chain.write(organisation, made_at, change).await?.is_some();
        if !is_replaced && let Some(entry) = by {
            // Nobody will ever name it.
            self.chain.objects.remove(segment_name(organisation, entry.id)).await?;
        }
        Ok(is_replaced)
    }
}

impl Chosen {
    fn entries(&self) -> Vec<SegmentEntry> {
        let members = self.places.iter().filter_map(|(place, _)| self.snapshot.members.get(*place));
        members.map(|member| member.entry.clone()).collect()
    }

    fn dropped(&self) -> u64 {
        let passages = |(place, versions): &(usize, HashSet<VersionKey>)| {
            let member = self.snapshot.members.get(*place);
            member.map_or(0, |member| member.passages_of(versions))
        };
        self.places.iter().map(passages).sum()
    }

    /// The bytes of what is left, its passages and whether it has vectors.
    fn merge(self) -> Result<Option<(Vec<u8>, u32, bool)>, IndexError> {
        let Self { snapshot, places } = self;
        let source = |(place, dropped): (usize, HashSet<VersionKey>)| {
            let member = snapshot.members.get(place)?;
            Some(Source { segment: &member.segment, dropped })
        };
        let sources: Vec<Source<'_>> = places.into_iter().filter_map(source).collect();
        let merged = merge(&sources)?;
        Ok(merged.map(|merged| (merged.bytes, merged.passages, merged.has_vectors)))
    }
}

/// The versions of each segment that a merge leaves out.
fn droppable(
    snapshot: &Snapshot,
    live: &RoaringTreemap,
    now: Timestamp,
) -> Vec<HashSet<VersionKey>> {
    // What was put since `live` was read is not in it.
    let settled = now.plus_seconds(-GRACE_SECONDS);
    let members = snapshot.members.iter();
    members
        .map(|member| member.droppable((member.entry.put_at < settled).then_some(live)))
        .collect()
}

/// The first segment that speaks of a version that is to go.
fn to_forget(snapshot: Arc<Snapshot>, live: &RoaringTreemap, up_to: VersionKey) -> Option<Chosen> {
    let mut members = snapshot.members.iter().enumerate();
    let found = members.find_map(|(place, member)| {
        let gone: HashSet<VersionKey> = member.gone(live, up_to).collect();
        (!gone.is_empty()).then_some((place, gone))
    });
    let (place, gone) = found?;
    let dropped = snapshot.members.get(place)?.droppable(None).union(&gone).copied().collect();
    Some(Chosen { snapshot, places: vec![(place, dropped)] })
}

fn candidates(snapshot: &Snapshot, droppable: &[HashSet<VersionKey>]) -> Vec<Candidate> {
    let members = snapshot.members.iter().zip(droppable).enumerate();
    let candidate = |(place, (member, dropped)): (usize, (&Member, &HashSet<VersionKey>))| {
        let gone = member.passages_of(dropped);
        let kept = u64::from(member.passages()) - gone;
        let versions = u64::try_from(dropped.len()).unwrap_or(u64::MAX);
        let is_gone = versions == member.segment.versions.len();
        let entry = &member.entry;
        Candidate { place, kept, gone, is_gone, family: entry.family, made_at: entry.made_at }
    };
    members.map(candidate).collect()
}

/// The centre that segments have in common; those without vectors have none.
fn family_of(entries: &[SegmentEntry]) -> Option<u64> {
    entries.iter().find_map(|entry| entry.family)
}
