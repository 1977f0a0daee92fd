//! The one task that writes.
//!
//! Changes wait in a bounded queue. The task takes what is there, runs it in one transaction and
//! answers after the commit: while one flush to the disk runs, the next group gathers. A savepoint
//! around each change keeps a failing one from harming the others. What every request writes, its
//! row, its end and its audit entries, shares statements: each statement is a round trip to the
//! thread that runs it.
//!
//! The task is never cancelled in mid-transaction: once a change is queued it is carried out,
//! whether or not its caller still waits, unless its deadline has passed before it begins.

#[cfg(test)]
mod tests;
mod together;

use std::{future::Future, pin::Pin, sync::Arc};

use sqlx::{Connection, SqliteConnection};
use tokio::{
    sync::{Notify, mpsc, oneshot},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use governance::AuditEntry;
use inference::UsageSettled;

use crate::{failure::Failure, open::BUSY, overwriting, usage::Opening};

pub(crate) use together::{Together, Waiting};

/// Changes that may wait; who comes later waits for a place until its deadline.
const QUEUE_LENGTH: usize = 1_024;

/// Changes in one transaction: bounds how long the first one waits for the last.
const GROUP_LENGTH_MAX: usize = 128;

/// Statements under way, on the writing or on a reading connection.
pub(crate) type Running<'c, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'c>>;

/// What is on its way to the writer.
pub(crate) type Queue = mpsc::Sender<Queued>;

/// One place in the queue.
pub(crate) enum Queued {
    Change(Box<dyn Change>),
    Append(Box<Waiting<AuditEntry>>),
    Open(Box<Waiting<Opening>>),
    Settle(Box<Waiting<UsageSettled>>),
    /// To write the whole file anew, after everything that was queued before.
    Overwrite(oneshot::Sender<Result<(), Failure>>),
}

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

/// What is written in one transaction.
#[derive(Default)]
struct Group {
    changes: Vec<Box<dyn Change>>,
    appends: Vec<Waiting<AuditEntry>>,
    opens: Vec<Waiting<Opening>>,
    settles: Vec<Waiting<UsageSettled>>,
    overwrites: Vec<oneshot::Sender<Result<(), Failure>>>,
}

impl Group {
    fn of(queued: &mut Vec<Queued>) -> Self {
        let mut group = Self::default();
        for queued in queued.drain(..) {
            match queued {
                Queued::Change(change) => group.changes.push(change),
                Queued::Append(append) => group.appends.push(*append),
                Queued::Open(open) => group.opens.push(*open),
                Queued::Settle(settle) => group.settles.push(*settle),
                Queued::Overwrite(reply) => group.overwrites.push(reply),
            }
        }
        group
    }

    const fn len(&self) -> usize {
        self.changes.len() + self.appends.len() + self.opens.len() + self.settles.len()
    }

    fn answer(self, committed: &Result<(), Arc<sqlx::Error>>) {
        for change in self.changes {
            change.answer(committed.clone());
        }
        self.appends.into_iter().for_each(|one| one.answer(committed.clone()));
        self.opens.into_iter().for_each(|one| one.answer(committed.clone()));
        self.settles.into_iter().for_each(|one| one.answer(committed.clone()));
    }
}

/// Owns the writing connection.
pub(crate) struct Writer {
    connection: SqliteConnection,
    queue: mpsc::Receiver<Queued>,
    written: Arc<Notify>,
    stop: CancellationToken,
}

impl Writer {
    /// `written` is told of every commit.
    pub(crate) fn new(
        connection: SqliteConnection,
        written: Arc<Notify>,
        stop: CancellationToken,
    ) -> (Self, Queue) {
        let (sender, queue) = mpsc::channel(QUEUE_LENGTH);
        (Self { connection, queue, written, stop }, sender)
    }

    /// Writes until nobody can ask any more, or until `stop`; what is queued then is still written.
    pub(crate) async fn run(mut self) {
        let mut queued = Vec::with_capacity(GROUP_LENGTH_MAX);
        loop {
            tokio::select! {
                taken = self.queue.recv_many(&mut queued, GROUP_LENGTH_MAX) => {
                    if taken == 0 {
                        break;
                    }
                    let mut group = Group::of(&mut queued);
                    let overwrites = std::mem::take(&mut group.overwrites);
                    if group.len() > 0 {
                        self.write(group).await;
                    }
                    self.overwrite(overwrites).await;
                }
                () = self.stop.cancelled(), if !self.queue.is_closed() => self.queue.close(),
            }
        }
        if let Err(error) = self.connection.close().await {
            tracing::warn!(%error, "the database was not closed cleanly");
        }
    }

    async fn overwrite(&mut self, replies: Vec<oneshot::Sender<Result<(), Failure>>>) {
        for reply in replies {
            let overwritten = overwriting::overwrite(&mut self.connection).await;
            if reply.send(overwritten).is_err() {
                tracing::debug!("a caller left before the file was written anew");
            }
        }
    }

    async fn write(&mut self, mut group: Group) {
        if self.write_alone(&mut group).await {
            group.answer(&Ok(()));
            self.written.notify_one();
            return;
        }
        let committed = self.transact(&mut group).await.map_err(Arc::new);
        if let Err(error) = &committed {
            tracing::error!(%error, changes = group.len(), "a transaction failed");
            // Some errors end the transaction by themselves; then there is nothing to roll back.
            if let Err(error) = execute(&mut self.connection, "ROLLBACK").await {
                tracing::debug!(%error, "nothing rolled back");
            }
        }
        group.answer(&committed);
        self.written.notify_one();
    }

    /// One statement is a transaction by itself: one round trip instead of three. It waits for no
    /// lock beyond `BUSY`, so its caller still listens when it succeeds.
    async fn write_alone(&mut self, group: &mut Group) -> bool {
        match (group.len(), &mut *group.appends, &mut *group.settles) {
            (1, [append], _) => write_alone(&mut self.connection, append).await,
            (1, _, [settle]) => write_alone(&mut self.connection, settle).await,
            _ => false,
        }
    }

    async fn transact(&mut self, group: &mut Group) -> Result<(), sqlx::Error> {
        let connection = &mut self.connection;
        // Takes the write lock at once: waiting for it later could fail half-way.
        execute(connection, "BEGIN IMMEDIATE").await?;
        for change in &mut group.changes {
            execute(connection, "SAVEPOINT change").await?;
            if !change.run(connection).await {
                execute(connection, "ROLLBACK TO change").await?;
            }
            execute(connection, "RELEASE change").await?;
        }
        let length = group.len();
        let Group { opens, settles, appends, .. } = group;
        together::write_all(connection, opens, length).await?;
        together::write_all(connection, settles, length).await?;
        together::write_all(connection, appends, length).await?;
        execute(connection, "COMMIT").await
    }
}

/// `false` if it has to be a transaction.
async fn write_alone<C: Together>(
    connection: &mut SqliteConnection,
    waiting: &mut Waiting<C>,
) -> bool {
    let is_in_time = waiting.waits_until(Instant::now() + BUSY);
    let writes = waiting.is_one_statement() && is_in_time;
    if writes {
        waiting.write_alone(connection).await;
    }
    writes
}

async fn execute(
    connection: &mut SqliteConnection,
    statement: &'static str,
) -> Result<(), sqlx::Error> {
    sqlx::query(statement).execute(connection).await.map(drop)
}
