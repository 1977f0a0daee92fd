//! The place that a job waits for, to ask its next request.

use std::{pin::Pin, sync::Arc};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

type Coming = Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send>>;

/// One rank in the queue for the places of all jobs. It is kept however often the job does
/// something else meanwhile: who looks at the store twice a second would be last for ever.
pub(super) struct NextPlace {
    places: Arc<Semaphore>,
    coming: Option<Coming>,
}

impl NextPlace {
    pub(super) fn new(places: &Arc<Semaphore>) -> Self {
        Self { places: Arc::clone(places), coming: None }
    }

    /// Whoever drops this goes on where they stood at the next call.
    pub(super) async fn come(&mut self) -> Option<OwnedSemaphorePermit> {
        let places = &self.places;
        let coming =
            self.coming.get_or_insert_with(|| Box::pin(Arc::clone(places).acquire_owned()));
        let place = coming.await;
        self.coming = None;
        place.ok()
    }

    /// Gives the rank up: there is nothing to ask.
    pub(super) fn leave(&mut self) {
        self.coming = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn has_come(next: &mut NextPlace) -> bool {
        tokio::select! {
            biased;
            place = next.come() => place.is_some(),
            () = std::future::ready(()) => false,
        }
    }

    #[tokio::test]
    async fn whoever_looks_away_keeps_the_rank() {
        let places = Arc::new(Semaphore::new(1));
        let held = Arc::clone(&places).acquire_owned().await.unwrap();
        let (mut first, mut second) = (NextPlace::new(&places), NextPlace::new(&places));
        for _ in 0..3 {
            assert!(!has_come(&mut first).await);
            assert!(!has_come(&mut second).await);
        }
        drop(held);
        assert!(!has_come(&mut second).await, "the place is for the first");
        first.leave();
        assert!(has_come(&mut second).await);
        assert!(has_come(&mut first).await, "it was free again");
    }
}
