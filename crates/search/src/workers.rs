//! Threads for work that computes, of which there are never more than so many.

use std::sync::Arc;

use knowledge::IndexError;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
    time::timeout_at,
};

use crate::{deadline::Deadline, failure::unavailable};

/// How many pieces of work may wait for one thread.
const WAITING_A_THREAD: usize = 32;

/// Runs work off the async threads.
pub(crate) struct Workers {
    /// Those who run or wait.
    places: Arc<Semaphore>,
    threads: Arc<Semaphore>,
}

impl Workers {
    /// At most so many pieces of work at a time.
    pub(crate) fn new(threads: usize) -> Self {
        let threads = threads.max(1);
        let places = Semaphore::new(threads.saturating_mul(1 + WAITING_A_THREAD));
        Self { places: Arc::new(places), threads: Arc::new(Semaphore::new(threads)) }
    }

    /// What the work gives, if it does so in time. Work that is late keeps its thread until it
    /// asks its deadline itself.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        deadline: Deadline,
        work: impl FnOnce() -> Result<T, IndexError> + Send + 'static,
    ) -> Result<T, IndexError> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        let place = place.map_err(|_| IndexError::Busy)?;
        let thread = timeout_at(deadline.at(), Arc::clone(&self.threads).acquire_owned()).await;
        // The semaphore is never closed.
        let thread = thread.map_err(|_| deadline.late())?.map_err(|_| IndexError::Busy)?;
        let working = spawn_blocking(move || holding((place, thread), work));
        let worked = timeout_at(deadline.at(), working).await.map_err(|_| deadline.late())?;
        worked.map_err(unavailable)?
    }
}

fn holding<T>(
    held: (OwnedSemaphorePermit, OwnedSemaphorePermit),
    work: impl FnOnce() -> Result<T, IndexError>,
) -> Result<T, IndexError> {
    let worked = work();
    drop(held);
    worked
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_finds_no_place_is_refused_and_nobody_else() {
        let workers = Arc::new(Workers::new(1));
        let deadline = Deadline::after_seconds(60);
        let (release, held) = channel::<()>();
        let first = workers.run(deadline, move || {
            held.recv().map_err(unavailable)?;
            Ok(1)
        });
        let others = async {
            // All places but that of the first one.
            let waiting = (0..WAITING_A_THREAD).map(|_| workers.run(deadline, || Ok(2)));
            let waiting = futures_util::future::join_all(waiting);
            let refused = async {
                let refused = workers.run(deadline, || Ok(3)).await;
                release.send(()).unwrap();
                refused
            };
            futures_util::future::join(waiting, refused).await
        };
        let (first, (waited, refused)) = futures_util::future::join(first, others).await;
        assert_eq!(first.unwrap(), 1);
        assert!(waited.into_iter().all(|result| result.unwrap() == 2));
        assert!(matches!(refused, Err(IndexError::Busy)));
    }

    #[tokio::test]
    async fn work_that_fails_and_work_that_panics_are_errors() {
        let workers = Workers::new(1);
        let deadline = Deadline::after_seconds(60);
        let failed = workers.run::<()>(deadline, || Err(IndexError::NoVector)).await;
        assert!(matches!(failed, Err(IndexError::NoVector)));
        let panicked = workers.run::<()>(deadline, || panic!("on purpose")).await;
        assert!(matches!(panicked, Err(IndexError::Unavailable { .. })));
        assert_eq!(workers.run(deadline, || Ok(4)).await.unwrap(), 4);
    }
}
