//! What uploads that are under way take of the room of their organisation.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::OrganisationId;

/// Of all organisations. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Rooms {
    // A lock and not a task: nothing waits while it is held.
    taken: Arc<Mutex<BTreeMap<OrganisationId, u64>>>,
}

/// What one upload takes, until this is dropped.
pub(crate) struct Room {
    rooms: Rooms,
    organisation: OrganisationId,
    bytes: u64,
}

impl Rooms {
    pub(crate) fn begin(&self, organisation: OrganisationId) -> Room {
        Room { rooms: self.clone(), organisation, bytes: 0 }
    }

    fn taken(&self) -> MutexGuard<'_, BTreeMap<OrganisationId, u64>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    /// What all uploads of the organisation take now, with these bytes more.
    pub(crate) fn take(&mut self, bytes: u64) -> u64 {
        self.bytes = self.bytes.saturating_add(bytes);
        let mut taken = self.rooms.taken();
        let all = taken.entry(self.organisation).or_default();
        *all = all.saturating_add(bytes);
        *all
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut taken = self.rooms.taken();
        let all = taken.entry(self.organisation).or_default();
        *all = all.saturating_sub(self.bytes);
        if *all == 0 {
            taken.remove(&self.organisation);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uploads_that_are_under_way_count_together() {
        let rooms = Rooms::default();
        let [one, other] = ["1", "2"].map(|digit| digit.repeat(32).parse().unwrap());
        let (mut first, mut second) = (rooms.begin(one), rooms.begin(one));
        assert_eq!((first.take(5), second.take(3), rooms.begin(other).take(1)), (5, 8, 1));
        drop(first);
        assert_eq!(second.take(1), 4);
        drop(second);
        assert!(rooms.taken().is_empty());
    }
}
