//! Moves what was written ahead into the database, beside the writer.
//!
//! `SQLite` does this by itself after a number of pages, and the commit that hits it waits for all
//! of it. Here most of the work is done before, on a connection of its own; what is left for that
//! commit is little, and after it the file of writes is used again from its beginning. That matters:
//! a file that grows makes every flush of a commit dearer. Tenths of a second and 1,000 pages had
//! the lowest 99th percentile of the settings from 50 ms to never and from 1,000 to 8,000 pages
//! (`make bench-log` measures it).

use std::{sync::Arc, time::Duration};

use sqlx::{Connection, SqliteConnection};
use tokio::{sync::Notify, time::sleep};
use tokio_util::sync::CancellationToken;

/// After the first write since the last time: gathers some more.
const PAUSE: Duration = Duration::from_millis(100);

/// Owns the connection that moves pages.
pub(crate) struct Flusher {
    pub(crate) connection: SqliteConnection,
    /// Told of every commit.
    pub(crate) written: Arc<Notify>,
    pub(crate) stop: CancellationToken,
}

impl Flusher {
    pub(crate) async fn run(mut self) {
        let stop = self.stop.clone();
        stop.run_until_cancelled(self.flush_for_ever()).await;
        if let Err(error) = self.connection.close().await {
            tracing::debug!(%error, "a connection was not closed cleanly");
        }
    }

    async fn flush_for_ever(&mut self) {
        loop {
            self.written.notified().await;
            sleep(PAUSE).await;
            // Passive: waits for nobody, and nobody waits for it.
            let flushed =
                sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&mut self.connection).await;
            if let Err(error) = flushed {
                // The writer does it instead, and reports what is wrong.
                tracing::debug!(%error, "nothing moved out of the log of writes");
            }
        }
    }
}
