//! The store as its ports use it: change something, read something.

use std::time::Duration;

use sqlx::{SqliteConnection, SqlitePool};
use tokio::time::{Instant, timeout_at};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    failure::Failure,
    writer::{Changes, Pending, Running, Writer},
};

/// No call waits longer, for the disk or for another process.
const DEADLINE: Duration = Duration::from_secs(10);

/// A database of Galerne. Cheap to clone; every clone shares the one writer.
#[derive(Clone)]
pub struct Store {
    changes: Changes,
    /// `None`: reads go through the writer, since nobody else sees a database in memory.
    readers: Option<SqlitePool>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Store {
    /// Starts the writing task.
    pub(crate) fn start(writer: SqliteConnection, readers: Option<SqlitePool>) -> Self {
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let (writer, changes) = Writer::new(writer, stop.clone());
        tasks.spawn(writer.run());
        Self { changes, readers, stop, tasks }
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
        let answered = timeout_at(deadline, async {
            self.changes.send(Box::new(pending)).await.map_err(|_| Failure::Closed)?;
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

fn late() -> Failure {
    Failure::Deadline { seconds: DEADLINE.as_secs() }
}

fn closed(error: sqlx::Error) -> Failure {
    match error {
        sqlx::Error::PoolClosed => Failure::Closed,
        other => Failure::Statement(other),
    }
}
