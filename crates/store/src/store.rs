//! The store as its ports use it: change something, read something.

use std::{sync::Arc, time::Duration};

use sqlx::{SqliteConnection, SqlitePool};
use tokio::{
    sync::{Notify, oneshot},
    time::{Instant, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    access::look_up::LookUps,
    failure::Failure,
    file::blob::Blobs,
    flusher::Flusher,
    writer::{Pending, Queue, Queued, Running, Together, Waiting, Writer},
};

/// No call waits longer, for the disk or for another process.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

/// A copy of the whole file may take this long.
const COPY_DEADLINE: Duration = Duration::from_mins(30);

/// The connections beside the writing one; a database in memory has none.
pub(crate) struct Beside {
    pub(crate) readers: SqlitePool,
    pub(crate) flusher: SqliteConnection,
}

/// A database of Galerne. Cheap to clone; every clone shares the one writer.
#[derive(Clone)]
pub struct Store {
    queue: Queue,
    /// `None`: reads go through the writer, since nobody else sees a database in memory.
    readers: Option<SqlitePool>,
    /// As `readers`.
    look_ups: Option<LookUps>,
    /// The bytes of files, beside the database.
    pub(crate) blobs: Blobs,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Store {
    /// Starts the tasks that own the connections.
    pub(crate) fn start(writer: SqliteConnection, beside: Option<Beside>, blobs: Blobs) -> Self {
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let written = Arc::new(Notify::new());
        let (writer, queue) = Writer::new(writer, Arc::clone(&written), stop.clone());
        tasks.spawn(writer.run());
        let readers = beside.map(|Beside { readers, flusher }| {
            let flusher = Flusher { connection: flusher, written, stop: stop.clone() };
            tasks.spawn(flusher.run());
            readers
        });
        let look_ups = readers.as_ref().map(|readers| {
            let (look_ups, finder) = LookUps::new(readers.clone(), stop.clone());
            tasks.spawn(finder.run());
            look_ups
        });
        Self { queue, readers, look_ups, blobs, stop, tasks }
    }

    /// For keys that are looked up at the same time; none for a database in memory.
    pub(crate) const fn look_ups(&self) -> Option<&LookUps> {
        self.look_ups.as_ref()
    }

    /// Writes what is queued, refuses what comes later, and closes the database.
    pub async fn close(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        if let Some(readers) = &self.readers {
            readers.close().await;
        }
    }

    /// Runs `work` in a transaction; what it did is durable when this returns.
    ///
    /// A caller that goes away while it waits changes nothing: queued work is carried out.
    pub(crate) async fn change<T, W>(&self, work: W) -> Result<T, Failure>
    where
        W: for<'c> FnOnce(&'c mut SqliteConnection) -> Running<'c, T> + Send + 'static,
        T: Send + 'static,
    {
        let deadline = Instant::now() + DEADLINE;
        let (pending, answer) = Pending::new(work, deadline, late());
        self.enqueue(Queued::Change(Box::new(pending)), answer, deadline).await
    }

    /// Writes a change of a kind that shares statements with others that wait; durable when this
    /// returns.
    pub(crate) async fn change_together<C: Together>(
        &self,
        change: C,
        queued: impl FnOnce(Box<Waiting<C>>) -> Queued,
    ) -> Result<(), Failure> {
        let deadline = Instant::now() + DEADLINE;
        let (waiting, answer) = Waiting::new(change, deadline, late());
        self.enqueue(queued(Box::new(waiting)), answer, deadline).await
    }

    /// Writes the file anew, so that nothing of what was removed is left in it or beside it.
    /// Other writes wait meanwhile.
    pub(crate) async fn overwrite_file(&self) -> Result<(), Failure> {
        let (reply, answer) = oneshot::channel();
        self.enqueue(Queued::Overwrite(reply), answer, Instant::now() + COPY_DEADLINE).await
    }

    async fn enqueue<T>(
        &self,
        queued: Queued,
        answer: oneshot::Receiver<Result<T, Failure>>,
        deadline: Instant,
    ) -> Result<T, Failure> {
        let answered = timeout_at(deadline, async {
            self.queue.send(queued).await.map_err(|_| Failure::Closed)?;
            answer.await.map_err(|_| Failure::Closed)?
        });
        answered.await.unwrap_or_else(|_| Err(late()))
    }

    /// Runs one query; it sees every change that was acknowledged before.
    pub(crate) async fn read<T, W>(&self, work: W) -> Result<T, Failure>
    where
        W: for<'c> FnOnce(&'c mut SqliteConnection) -> Running<'c, T> + Send + 'static,
        T: Send + 'static,
    {
        let Some(readers) = &self.readers else {
            return self.change(work).await;
        };
        let answered = timeout_at(Instant::now() + DEADLINE, async {
            let mut connection = readers.acquire().await.map_err(closed)?;
            work(&mut connection).await
        });
        answered.await.unwrap_or_else(|_| Err(late()))
    }
}

pub(crate) fn late() -> Failure {
    Failure::Deadline { seconds: DEADLINE.as_secs() }
}

fn closed(error: sqlx::Error) -> Failure {
    match error {
        sqlx::Error::PoolClosed => Failure::Closed,
        other => Failure::Statement(other),
    }
}
