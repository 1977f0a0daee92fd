//! Makes sure that what was removed is in no file any more.
//!
//! A removed row leaves its bytes on pages that are given up, in gaps of pages that are not, in the
//! index of a search until its parts are merged, and in the log of writes. `VACUUM` writes a file
//! that has none of these.

use std::time::Duration;

use sqlx::{Row as _, SqliteConnection};
use tokio::time::{Instant, sleep};

use crate::failure::Failure;

/// Readers finish their one query within this.
const READERS: Duration = Duration::from_secs(10);

/// Between two tries: `SQLite` does not wait for whoever moves pages just now.
const RETRY: Duration = Duration::from_millis(25);

pub(crate) async fn overwrite(connection: &mut SqliteConnection) -> Result<(), Failure> {
    for statement in
        ["INSERT INTO conversation_search (conversation_search) VALUES ('optimize')", "VACUUM"]
    {
        sqlx::query(statement).execute(&mut *connection).await?;
    }
    let deadline = Instant::now() + READERS;
    loop {
        let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut *connection).await;
        match row {
            Ok(row) if row.try_get::<i64, _>(0)? == 0 => return Ok(()),
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "the log of writes was not emptied yet"),
        }
        if Instant::now() >= deadline {
            return Err(Failure::StillRead);
        }
        sleep(RETRY).await;
    }
}
