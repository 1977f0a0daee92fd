//! Changes of one kind that wait at the same time, and share statements.

use std::{sync::Arc, time::Duration};

use sqlx::SqliteConnection;
use tokio::{sync::oneshot, time::Instant};

use super::{Running, execute};
use crate::failure::Failure;

/// What the statements and the flush to the disk take, and more: who gives up earlier is refused
/// before anything is written.
const COMMIT: Duration = Duration::from_secs(1);

/// A kind of change that takes no more statements for many than for a few.
pub(crate) trait Together: Send + Sync + Sized + 'static {
    /// Whether it is one writing statement when it is alone: that is a transaction by itself.
    fn is_one_statement(&self) -> bool;

    /// Writes all of them or, if it fails, any number.
    fn write<'c>(connection: &'c mut SqliteConnection, changes: &'c [&'c Self]) -> Running<'c, ()>;
}

/// A change, and who waits for it.
pub(crate) struct Waiting<C> {
    change: C,
    result: Result<(), Failure>,
    deadline: Instant,
    reply: oneshot::Sender<Result<(), Failure>>,
}

impl<C: Together> Waiting<C> {
    /// `unstarted` is the answer if the deadline passes before the change is written.
    pub(crate) fn new(
        change: C,
        deadline: Instant,
        unstarted: Failure,
    ) -> (Self, oneshot::Receiver<Result<(), Failure>>) {
        let (reply, answer) = oneshot::channel();
        (Self { change, result: Err(unstarted), deadline, reply }, answer)
    }

    /// Outside a transaction, if one statement does it.
    pub(super) async fn write_alone(&mut self, connection: &mut SqliteConnection) {
        self.result = C::write(connection, &[&self.change]).await;
    }

    pub(super) fn is_one_statement(&self) -> bool {
        self.change.is_one_statement()
    }

    pub(super) fn waits_until(&self, moment: Instant) -> bool {
        self.deadline > moment
    }

    pub(super) fn answer(self, committed: Result<(), Arc<sqlx::Error>>) {
        let result =
            self.result.and_then(|()| committed.map_err(|source| Failure::Transaction { source }));
        if self.reply.send(result).is_err() {
            tracing::debug!("a caller left before its change was written");
        }
    }
}

/// All with as few statements as possible; one by one if one of them is refused.
/// `length`: changes of all kinds in the transaction.
pub(super) async fn write_all<C: Together>(
    connection: &mut SqliteConnection,
    waiting: &mut [Waiting<C>],
    length: usize,
) -> Result<(), sqlx::Error> {
    let (is_alone, committed) = (waiting.len() == length, Instant::now() + COMMIT);
    // Callers that have given up were told so; a change of theirs would surprise. A request that
    // begins would even run on in its row until the next start.
    let mut wanted: Vec<_> = waiting.iter_mut().filter(|one| one.waits_until(committed)).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    // A savepoint costs two round trips; with nothing before it the transaction can begin again.
    if !is_alone {
        execute(connection, "SAVEPOINT together").await?;
    }
    let changes: Vec<_> = wanted.iter().map(|one| &one.change).collect();
    match (C::write(connection, &changes).await, is_alone) {
        (Ok(()), _) => wanted.iter_mut().for_each(|one| one.result = Ok(())),
        (Err(_), true) => {
            execute(connection, "ROLLBACK").await?;
            execute(connection, "BEGIN IMMEDIATE").await?;
            write_each(connection, wanted).await?;
        }
        (Err(_), false) => {
            execute(connection, "ROLLBACK TO together").await?;
            write_each(connection, wanted).await?;
        }
    }
    if is_alone { Ok(()) } else { execute(connection, "RELEASE together").await }
}

async fn write_each<C: Together>(
    connection: &mut SqliteConnection,
    waiting: Vec<&mut Waiting<C>>,
) -> Result<(), sqlx::Error> {
    for one in waiting {
        execute(connection, "SAVEPOINT one").await?;
        one.result = C::write(connection, &[&one.change]).await;
        if one.result.is_err() {
            execute(connection, "ROLLBACK TO one").await?;
        }
        execute(connection, "RELEASE one").await?;
    }
    Ok(())
}
