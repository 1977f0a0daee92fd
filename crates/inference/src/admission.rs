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
}
