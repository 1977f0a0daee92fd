//! How many requests may be in flight; the rest are told to come back.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::gateway::Here;

/// A bounded number of places. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Admission {
    places: Arc<Semaphore>,
    room: usize,
}

/// A place that is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoPlace {
    /// Others have them now.
    Taken,
    /// There are never so many.
    TooMany,
}

impl Admission {
    pub(crate) fn new(places: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(places)), room: places }
    }

    /// How the engine of this server stands among upstreams.
    pub(crate) fn here(&self) -> Here {
        let free = self.places.available_permits();
        Here { running: self.room.saturating_sub(free), room: self.room }
    }

    /// A place now, or none: nobody waits here, waiting is the engine's bounded queue.
    pub(crate) fn enter(&self) -> Option<Place> {
        let permit = Arc::clone(&self.places).try_acquire_owned().ok()?;
        Some(Place { _permit: permit })
    }

    /// What [`Self::enter_all`] would say now; nothing is taken.
    pub(crate) fn would_enter(&self, places: usize) -> Result<(), NoPlace> {
        // One may always come again.
        if places > self.room.max(1) {
            return Err(NoPlace::TooMany);
        }
        if places > self.places.available_permits() {
            return Err(NoPlace::Taken);
        }
        Ok(())
    }

    /// So many places now, or none at all.
    pub(crate) fn enter_all(&self, places: usize) -> Result<Place, NoPlace> {
        self.would_enter(places)?;
        let places = u32::try_from(places).map_err(|_| NoPlace::TooMany)?;
        let permit = Arc::clone(&self.places).try_acquire_many_owned(places);
        Ok(Place { _permit: permit.map_err(|_| NoPlace::Taken)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_get_all_places_takes_none() {
        let admission = Admission::new(3);
        assert_eq!(admission.enter_all(4).err(), Some(NoPlace::TooMany));
        let two = admission.enter_all(2).unwrap();
        assert_eq!(admission.enter_all(2).err(), Some(NoPlace::Taken));
        assert_eq!(admission.would_enter(2).err(), Some(NoPlace::Taken));
        assert!(admission.would_enter(1).is_ok());
        assert_eq!(admission.here().running, 2, "nothing was taken");
        drop(two);
        assert!(admission.enter_all(3).is_ok());
    }
}
