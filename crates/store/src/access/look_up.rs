//! API keys that are looked up at the same time, in one statement: every request looks one up, and
//! each statement is a round trip to the thread that runs it.

use std::sync::Arc;

use domain::{Account, KeyId};
use governance::ports::StoredKey;
use sqlx::{SqlitePool, sqlite::SqliteRow};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::key;
use crate::{
    failure::Failure,
    store::{DEADLINE, late},
};

/// Look-ups that may wait; who comes later waits for a place until its deadline.
const QUEUE_LENGTH: usize = 1_024;

/// Look-ups that one statement answers.
const TOGETHER_MAX: usize = 64;

type Found = Result<Option<(StoredKey, Account)>, Failure>;

/// Where keys are looked up. Cheap to clone.
#[derive(Clone)]
pub(crate) struct LookUps {
    queue: mpsc::Sender<LookUp>,
}

/// A key, and who waits for it.
struct LookUp {
    id: KeyId,
    deadline: Instant,
    reply: oneshot::Sender<Found>,
}

/// Reads what is looked up.
pub(crate) struct Finder {
    readers: SqlitePool,
    queue: mpsc::Receiver<LookUp>,
    stop: CancellationToken,
}

impl LookUps {
    pub(crate) fn new(readers: SqlitePool, stop: CancellationToken) -> (Self, Finder) {
        let (sender, queue) = mpsc::channel(QUEUE_LENGTH);
        (Self { queue: sender }, Finder { readers, queue, stop })
    }

    /// Sees every change that was acknowledged before: the statement begins after this was asked.
    pub(crate) async fn find(&self, id: KeyId) -> Found {
        let deadline = Instant::now() + DEADLINE;
        let (reply, answer) = oneshot::channel();
        let answered = timeout_at(deadline, async {
            let look_up = LookUp { id, deadline, reply };
            self.queue.send(look_up).await.map_err(|_| Failure::Closed)?;
            answer.await.map_err(|_| Failure::Closed)?
        });
        answered.await.unwrap_or_else(|_| Err(late()))
    }
}

impl Finder {
    /// Until nobody can ask any more, or until `stop`; what waits then is still answered.
    pub(crate) async fn run(mut self) {
        let mut waiting = Vec::with_capacity(TOGETHER_MAX);
        loop {
            tokio::select! {
                taken = self.queue.recv_many(&mut waiting, TOGETHER_MAX) => {
                    if taken == 0 {
                        break;
                    }
                    answer(&self.readers, &mut waiting).await;
                }
                () = self.stop.cancelled(), if !self.queue.is_closed() => self.queue.close(),
            }
        }
    }
}

/// Those who wait now; whoever comes meanwhile waits for the next statement.
async fn answer(readers: &SqlitePool, waiting: &mut Vec<LookUp>) {
    waiting.retain(|one| !one.reply.is_closed());
    let Some(deadline) = waiting.iter().map(|one| one.deadline).max() else { return };
    let mut ids: Vec<_> = waiting.iter().map(|one| one.id).collect();
    ids.sort_unstable();
    ids.dedup();
    let read = timeout_at(deadline, select(readers, ids)).await;
    for LookUp { id, reply, .. } in waiting.drain(..) {
        let found = match &read {
            Ok(Ok(rows)) => key::found(rows, id),
            Ok(Err(error)) => Err(refused(error)),
            Err(_) => Err(late()),
        };
        if reply.send(found).is_err() {
            tracing::debug!("a caller left before its key was found");
        }
    }
}

async fn select(readers: &SqlitePool, ids: Vec<KeyId>) -> Result<Vec<SqliteRow>, Arc<sqlx::Error>> {
    let mut connection = readers.acquire().await.map_err(Arc::new)?;
    key::select(&mut connection, ids).await.map_err(Arc::new)
}

fn refused(error: &Arc<sqlx::Error>) -> Failure {
    if matches!(**error, sqlx::Error::PoolClosed) {
        return Failure::Closed;
    }
    Failure::Read { source: Arc::clone(error) }
}
