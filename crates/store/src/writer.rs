//! The one task that writes.
//!
//! Changes wait in a bounded queue. The task takes what is there, runs it in one transaction and
//! answers after the commit: while one flush to the disk runs, the next group gathers. A savepoint
//! around each change keeps a failing one from harming the others.
//!
//! The task is never cancelled in mid-transaction: once a change is queued it is carried out,
//! whether or not its caller still waits.

use std::{future::Future, pin::Pin, sync::Arc};

use sqlx::{Connection, SqliteConnection};
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;

/// Changes that may wait; who comes later waits for a place until its deadline.
const QUEUE_LENGTH: usize = 1_024;

/// Changes in one transaction: bounds how long the first one waits for the last.
const GROUP_LENGTH_MAX: usize = 128;

/// Statements under way, on the writing or on a reading connection.
pub(crate) type Running<'c, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'c>>;

/// Changes on their way to the writer.
pub(crate) type Changes = mpsc::Sender<Box<dyn Change>>;

/// A change and who waits for it.
pub(crate) trait Change: Send {
    /// Runs the statements; `false` if they must be undone.
    fn run<'c>(
        &'c mut self,
        connection: &'c mut SqliteConnection,
    ) -> Pin<Box<dyn Future<Output = bool> + Send + 'c>>;

    /// Tells the caller, after the commit or after its failure.
    fn answer(self: Box<Self>, committed: Result<(), Arc<sqlx::Error>>);
}

/// Work that was asked for by one call of a port.
pub(crate) struct Pending<W, T> {
    work: Option<W>,
    result: Result<T, Failure>,
    deadline: Instant,
    reply: oneshot::Sender<Result<T, Failure>>,
}

impl<W, T> Pending<W, T> {
    /// `unstarted` is the answer if the deadline passes before the work begins.
    pub(crate) fn new(
        work: W,
        deadline: Instant,
        unstarted: Failure,
    ) -> (Self, oneshot::Receiver<Result<T, Failure>>) {
        let (reply, answer) = oneshot::channel();
        (Self { work: Some(work), result: Err(unstarted), deadline, reply }, answer)
    }
}

impl<W, T> Change for Pending<W, T>
where
    W: for<'c> FnOnce(&'c mut SqliteConnection) -> Running<'c, T> + Send + 'static,
    T: Send + 'static,
{
    fn run<'c>(
        &'c mut self,
        connection: &'c mut SqliteConnection,
    ) -> Pin<Box<dyn Future<Output = bool> + Send + 'c>> {
        Box::pin(async move {
            // Its caller has given up and was told so; carrying it out now would surprise.
            if self.deadline <= Instant::now() {
                return false;
            }
            if let Some(work) = self.work.take() {
                self.result = work(connection).await;
            }
            self.result.is_ok()
        })
    }

    fn answer(self: Box<Self>, committed: Result<(), Arc<sqlx::Error>>) {
        let result = match (committed, self.result) {
            (Ok(()), result) | (Err(_), result @ Err(_)) => result,
            (Err(source), Ok(_)) => Err(Failure::Transaction { source }),
        };
        if self.reply.send(result).is_err() {
            tracing::debug!("a caller left before its change was written");
        }
    }
}

/// Owns the writing connection.
pub(crate) struct Writer {
    connection: SqliteConnection,
    changes: mpsc::Receiver<Box<dyn Change>>,
    stop: CancellationToken,
}

impl Writer {
    pub(crate) fn new(connection: SqliteConnection, stop: CancellationToken) -> (Self, Changes) {
        let (sender, changes) = mpsc::channel(QUEUE_LENGTH);
        (Self { connection, changes, stop }, sender)
    }

    /// Writes until nobody can ask any more, or until `stop`; what is queued then is still written.
    pub(crate) async fn run(mut self) {
        let mut group = Vec::with_capacity(GROUP_LENGTH_MAX);
        loop {
            tokio::select! {
                taken = self.changes.recv_many(&mut group, GROUP_LENGTH_MAX) => {
                    if taken == 0 {
                        break;
                    }
                    self.write(&mut group).await;
                }
                () = self.stop.cancelled(), if !self.changes.is_closed() => self.changes.close(),
            }
        }
        if let Err(error) = self.connection.close().await {
            tracing::warn!(%error, "the database was not closed cleanly");
        }
    }

    async fn write(&mut self, group: &mut Vec<Box<dyn Change>>) {
        let committed = self.transact(group).await.map_err(Arc::new);
        if let Err(error) = &committed {
            tracing::error!(%error, changes = group.len(), "a transaction failed");
            // Some errors end the transaction by themselves; then there is nothing to roll back.
            if let Err(error) = execute(&mut self.connection, "ROLLBACK").await {
                tracing::debug!(%error, "nothing rolled back");
            }
        }
        for change in group.drain(..) {
            change.answer(committed.clone());
        }
    }

    async fn transact(&mut self, group: &mut [Box<dyn Change>]) -> Result<(), sqlx::Error> {
        let connection = &mut self.connection;
        // Takes the write lock at once: waiting for it later could fail half-way.
        execute(connection, "BEGIN IMMEDIATE").await?;
        for change in group {
            execute(connection, "SAVEPOINT change").await?;
            if !change.run(connection).await {
                execute(connection, "ROLLBACK TO change").await?;
            }
            execute(connection, "RELEASE change").await?;
        }
        execute(connection, "COMMIT").await
    }
}

async fn execute(
    connection: &mut SqliteConnection,
    statement: &'static str,
) -> Result<(), sqlx::Error> {
    sqlx::query(statement).execute(connection).await.map(drop)
}
