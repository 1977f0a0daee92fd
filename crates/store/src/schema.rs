//! Whose database this is, and how its tables come about.

use sqlx::{
    Connection, SqliteConnection,
    migrate::{Migrate as _, MigrateError, Migrator},
};

/// `PRAGMA application_id` of our databases: "GLRN".
const APPLICATION_ID: i64 = 0x474C_524E;

/// Where the driver notes what was applied.
const TABLE: &str = "_sqlx_migrations";

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// What is in a database file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Contents {
    Empty,
    /// Ours, with the migrations that were applied to it.
    Galerne(Vec<Applied>),
    Foreign,
}

/// A migration that was applied, and the hash of its text then.
pub(crate) type Applied = (i64, Vec<u8>);

/// How the migrations of a database and those of this binary compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Current,
    Behind,
    Newer { found: i64, known: i64 },
    Diverged { version: i64 },
}

/// Looks without changing anything.
pub(crate) async fn contents(connection: &mut SqliteConnection) -> Result<Contents, sqlx::Error> {
    // One statement, so that a process that is just migrating is seen before or after it.
    let (application, tables): (i64, i64) = sqlx::query_as(
        "SELECT application_id, (SELECT count(*) FROM sqlite_schema) FROM pragma_application_id",
    )
    .fetch_one(&mut *connection)
    .await?;
    match (application, tables) {
        (0, 0) => Ok(Contents::Empty),
        (APPLICATION_ID, _) => {
            let applied = "SELECT version, checksum FROM _sqlx_migrations ORDER BY version";
            Ok(Contents::Galerne(sqlx::query_as(applied).fetch_all(connection).await?))
        }
        (_, _) => Ok(Contents::Foreign),
    }
}

/// Compares what was applied, in ascending order, with what this binary has.
pub(crate) fn standing(applied: &[Applied]) -> Standing {
    let known: Vec<Applied> = MIGRATIONS
        .iter()
        .map(|migration| (migration.version, migration.checksum.to_vec()))
        .collect();
    compare(applied, &known)
}

fn compare(applied: &[Applied], known: &[Applied]) -> Standing {
    let newest = |migrations: &[Applied]| migrations.last().map_or(0, |(version, _)| *version);
    let (found, newest_known) = (newest(applied), newest(known));
    if found > newest_known {
        return Standing::Newer { found, known: newest_known };
    }
    let mut both = applied.iter().zip(known);
    match both.find(|(applied, known)| applied != known) {
        Some(((version, _), _)) => Standing::Diverged { version: *version },
        None if applied.len() < known.len() => Standing::Behind,
        None => Standing::Current,
    }
}

/// Brings the tables up to date, in one transaction: another process that starts at the same
/// moment waits and then finds the work done.
pub(crate) async fn migrate(connection: &mut SqliteConnection) -> Result<(), MigrateError> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    transaction.ensure_migrations_table(TABLE).await?;
    let applied = transaction.list_applied_migrations(TABLE).await?;
    let is_applied = |version| applied.iter().any(|migration| migration.version == version);
    for migration in MIGRATIONS.iter().filter(|migration| !is_applied(migration.version)) {
        transaction.apply(TABLE, migration).await?;
    }
    Ok(transaction.commit().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(applied: &[(i64, u8)], known: &[(i64, u8)], expected: Standing) {
        let list = |of: &[(i64, u8)]| -> Vec<Applied> {
            of.iter().map(|(version, hash)| (*version, vec![*hash])).collect()
        };
        assert_eq!(compare(&list(applied), &list(known)), expected, "{applied:?} {known:?}");
    }

    #[test]
    fn migrations_are_compared_by_version_and_text() {
        let known = [(1, 10), (2, 20)];
        check(&known, &known, Standing::Current);
        check(&[], &known, Standing::Behind);
        check(&[(1, 10)], &known, Standing::Behind);
        check(&[(1, 10), (2, 20), (3, 30)], &known, Standing::Newer { found: 3, known: 2 });
        check(&[(1, 11), (2, 20), (3, 30)], &known, Standing::Newer { found: 3, known: 2 });
        check(&[(1, 11), (2, 20)], &known, Standing::Diverged { version: 1 });
        check(&[(1, 10), (2, 21)], &known, Standing::Diverged { version: 2 });
        check(&[(2, 20)], &known, Standing::Diverged { version: 2 });
    }

    #[tokio::test]
    async fn the_migrations_mark_the_file_as_ours() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        assert_eq!(contents(&mut connection).await.unwrap(), Contents::Empty);
        migrate(&mut connection).await.unwrap();
        let Contents::Galerne(applied) = contents(&mut connection).await.unwrap() else {
            panic!("the application id is another one");
        };
        assert_eq!(standing(&applied), Standing::Current);
        migrate(&mut connection).await.unwrap();
    }
}
