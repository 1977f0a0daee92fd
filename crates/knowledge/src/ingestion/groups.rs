//! Versions that wait for others, so that the index is written once for many.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    time::Duration,
};

use domain::OrganisationId;
use tokio::time::Instant;

use super::{IngestionLimits, work::Item};

/// What waits, by organisation: no write of the index is of two.
#[derive(Default)]
pub(super) struct Groups {
    of: BTreeMap<OrganisationId, Group>,
}

struct Group {
    items: Vec<Item>,
    bytes: usize,
    /// When the first of them came.
    since: Instant,
}

impl Groups {
    pub(super) fn push(&mut self, item: Item, now: Instant) {
        let bytes = item.bytes();
        match self.of.entry(item.claim.organisation) {
            Entry::Occupied(mut group) => {
                let group = group.get_mut();
                group.bytes += bytes;
                group.items.push(item);
            }
            Entry::Vacant(place) => {
                place.insert(Group { items: vec![item], bytes, since: now });
            }
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.of.values().map(|group| group.bytes).sum()
    }

    /// A group that is to be written now: it is large enough, has waited long enough, or nothing
    /// more will come to it.
    pub(super) fn due(
        &mut self,
        limits: &IngestionLimits,
        now: Instant,
        is_idle: bool,
    ) -> Option<(OrganisationId, Vec<Item>)> {
        let is_due = |group: &Group| {
            is_idle || group.bytes >= limits.group_bytes || group.since + limits.group_wait <= now
        };
        let due = self.of.iter().filter(|(_, group)| is_due(group));
        let organisation = due.min_by_key(|(_, group)| group.since).map(|(id, _)| *id)?;
        self.of.remove(&organisation).map(|group| (organisation, group.items))
    }

    /// How long until one is due by its age.
    pub(super) fn next_due(&self, limits: &IngestionLimits, now: Instant) -> Option<Duration> {
        let since = self.of.values().map(|group| group.since).min()?;
        Some((since + limits.group_wait).saturating_duration_since(now))
    }

    /// Leaves what somebody ended meanwhile.
    pub(super) fn drop_stopped(&mut self) {
        for group in self.of.values_mut() {
            group.items.retain(|item| !item.underway.stop().is_cancelled());
            group.bytes = group.items.iter().map(Item::bytes).sum();
        }
        self.of.retain(|_, group| !group.items.is_empty());
    }

    pub(super) fn drain(&mut self) -> Vec<Item> {
        std::mem::take(&mut self.of).into_values().flat_map(|group| group.items).collect()
    }
}
