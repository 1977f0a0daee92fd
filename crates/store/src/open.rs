//! Opens a database file, or says what is in the way and what to do about it.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    ConnectOptions, SqliteConnection,
    migrate::MigrateError,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::time::{Instant, sleep};

use crate::{
    file::blob::Blobs,
    schema::{self, Contents, Standing},
    store::{Beside, Store},
};

/// How long a statement waits for another process before it fails.
pub(crate) const BUSY: Duration = Duration::from_secs(5);

/// Pages of writes (of 4 KiB) after which a commit moves what the task beside it has left, and the
/// next one begins at the start of the file again. It is `SQLite`'s own figure.
const WAL_PAGES_MAX: &str = "1000";

/// Between two tries for what `SQLite` does not wait for by itself.
const RETRY: Duration = Duration::from_millis(25);

/// Reads that run at the same time.
const READERS: u32 = 4;

/// Why a database was not opened. Nothing was changed in it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(
        "`{path}` was written by a newer Galerne: it has migration {found}, and this binary knows up to {known}"
    )]
    NewerThanBinary { path: PathBuf, found: i64, known: i64 },
    #[error("`{path}` was written by a Galerne with another migration {version}")]
    Diverged { path: PathBuf, version: i64 },
    #[error("`{path}` is not a database of Galerne")]
    NotOurs { path: PathBuf },
    #[error("`{path}` is damaged")]
    Corrupt { path: PathBuf, source: sqlx::Error },
    #[error("`{path}` cannot be created: its directory does not exist")]
    NoDirectory { path: PathBuf },
    #[error("`{path}` may not be read and written by this user")]
    Permission { path: PathBuf, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("`{path}` is locked by another process")]
    Locked { path: PathBuf, source: sqlx::Error },
    #[error("`{path}` could not be opened")]
    Failed { path: PathBuf, source: Box<dyn std::error::Error + Send + Sync> },
}

impl OpenError {
    /// What a person can do about it, as one sentence.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::NewerThanBinary { .. } => {
                "start the newer Galerne, or restore the copy of the data directory from before \
                 the upgrade; nothing was changed"
            }
            Self::Diverged { .. } => {
                "start the Galerne that wrote this data directory, or choose another directory"
            }
            Self::NotOurs { .. } => "choose another data directory, or move the file away",
            Self::Corrupt { .. } => {
                "keep the file as it is and restore a copy; `sqlite3 FILE .recover` may save rows"
            }
            Self::NoDirectory { .. } => "create the directory, or choose another one",
            Self::Permission { .. } => {
                "run as the owner of the file and its directory, or choose another data directory"
            }
            Self::Locked { .. } => "wait until the other process has finished, or stop it",
            Self::Failed { .. } => "see the cause; a full or failing disk is the most likely one",
        }
    }
}

impl Store {
    /// Opens the database, creating it if there is none.
    ///
    /// What a call of this store acknowledges survives the death of the process and the loss of
    /// power. Several processes may open one database.
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        create(path)?;
        let mut writer = connect(path).await.map_err(|error| refusal(path, error))?;
        prepare(path, &mut writer).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_with(options(path).pragma("query_only", "ON"))
            .await
            .map_err(|error| refusal(path, error))?;
        let flusher = connect(path).await.map_err(|error| refusal(path, error))?;
        Ok(Self::start(writer, Some(Beside { readers, flusher }), Blobs::beside(path)))
    }

    /// A store that is gone when it is dropped.
    pub async fn in_memory() -> Result<Self, OpenError> {
        let path = Path::new(":memory:");
        let options = SqliteConnectOptions::new().in_memory(true).foreign_keys(true);
        let mut writer = options.connect().await.map_err(|error| refusal(path, error))?;
        schema::migrate(&mut writer).await.map_err(|error| migration_refusal(path, error))?;
        Ok(Self::start(writer, None, Blobs::default()))
    }
}

/// Every connection to the file. `journal_mode` is stored in the file and set once.
fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY)
        .foreign_keys(true)
        .synchronous(SqliteSynchronous::Full)
        .pragma("wal_autocheckpoint", WAL_PAGES_MAX)
        // What is sorted is content too: it stays out of /var/tmp, where a server may not write.
        .pragma("temp_store", "MEMORY")
}

pub(crate) async fn connect(path: &Path) -> Result<SqliteConnection, sqlx::Error> {
    options(path).connect().await
}

/// Creates the file for its owner alone; the files that `SQLite` puts beside it inherit that.
fn create(path: &Path) -> Result<(), OpenError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = fs::OpenOptions::new();
    let made = options.read(true).write(true).create_new(true).mode(0o600).open(path);
    let made = made.and_then(|_| directory(path).and_then(|directory| directory.sync_all()));
    match made {
        Ok(()) => Ok(()),
        Err(error) => match error.kind() {
            io::ErrorKind::AlreadyExists if path.is_file() => Ok(()),
            io::ErrorKind::AlreadyExists => Err(OpenError::NotOurs { path: path.to_owned() }),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                Err(OpenError::NoDirectory { path: path.to_owned() })
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Err(OpenError::Permission { path: path.to_owned(), source: error.into() })
            }
            _ => Err(OpenError::Failed { path: path.to_owned(), source: error.into() }),
        },
    }
}

/// The directory whose entry for a new file must reach the disk too.
fn directory(path: &Path) -> io::Result<File> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))
}

async fn prepare(path: &Path, connection: &mut SqliteConnection) -> Result<(), OpenError> {
    let contents = schema::contents(connection).await.map_err(|error| refusal(path, error))?;
    let path_owned = || path.to_owned();
    let standing = match contents {
        Contents::Foreign => return Err(OpenError::NotOurs { path: path_owned() }),
        Contents::Galerne(applied) => schema::standing(&applied),
        Contents::Empty => Standing::Behind,
    };
    match standing {
        // Nothing to write, so nobody who writes just now is waited for.
        Standing::Current => Ok(()),
        Standing::Behind => {
            write_ahead(connection).await.map_err(|error| refusal(path, error))?;
            schema::migrate(connection).await.map_err(|error| migration_refusal(path, error))
        }
        Standing::Newer { found, known } => {
            Err(OpenError::NewerThanBinary { path: path_owned(), found, known })
        }
        Standing::Diverged { version } => Err(OpenError::Diverged { path: path_owned(), version }),
    }
}

/// Changing the journal mode needs the file for itself, and `SQLite` does not wait for that.
async fn write_ahead(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let deadline = Instant::now() + BUSY;
    loop {
        let set = sqlx::query("PRAGMA journal_mode = WAL").execute(&mut *connection).await;
        match set {
            Err(error) if code(&error) == Some(SQLITE_BUSY) && Instant::now() < deadline => {
                sleep(RETRY).await;
            }
            other => return other.map(drop),
        }
    }
}

// Primary result codes of SQLite: https://www.sqlite.org/rescode.html
const SQLITE_PERM: i64 = 3;
const SQLITE_BUSY: i64 = 5;
const SQLITE_LOCKED: i64 = 6;
const SQLITE_READONLY: i64 = 8;
const SQLITE_CORRUPT: i64 = 11;
const SQLITE_CANTOPEN: i64 = 14;
const SQLITE_NOTADB: i64 = 26;

/// The primary code: the low byte of the extended one.
fn code(error: &sqlx::Error) -> Option<i64> {
    let extended: i64 = error.as_database_error()?.code()?.parse().ok()?;
    Some(extended & 0xff)
}

fn refusal(path: &Path, source: sqlx::Error) -> OpenError {
    refusal_by_code(path, code(&source), source)
}

fn refusal_by_code(path: &Path, code: Option<i64>, source: sqlx::Error) -> OpenError {
    let path = path.to_owned();
    match code {
        Some(SQLITE_NOTADB) => OpenError::NotOurs { path },
        Some(SQLITE_CORRUPT) => OpenError::Corrupt { path, source },
        Some(SQLITE_BUSY | SQLITE_LOCKED) => OpenError::Locked { path, source },
        Some(SQLITE_PERM | SQLITE_READONLY | SQLITE_CANTOPEN) => {
            OpenError::Permission { path, source: source.into() }
        }
        _ => OpenError::Failed { path, source: source.into() },
    }
}

fn migration_refusal(path: &Path, error: MigrateError) -> OpenError {
    match error {
        MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => {
            refusal(path, source)
        }
        other => OpenError::Failed { path: path.to_owned(), source: other.into() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_obstacle_has_its_name() {
        for (code, expected) in [
            (Some(SQLITE_NOTADB), "is not a database of Galerne"),
            (Some(SQLITE_CORRUPT), "is damaged"),
            (Some(SQLITE_BUSY), "is locked by another process"),
            (Some(SQLITE_LOCKED), "is locked by another process"),
            (Some(SQLITE_READONLY), "may not be read and written by this user"),
            (Some(SQLITE_CANTOPEN), "may not be read and written by this user"),
            (Some(13), "could not be opened"),
            (None, "could not be opened"),
        ] {
            let error = refusal_by_code(Path::new("x.db"), code, sqlx::Error::PoolTimedOut);
            assert_eq!(error.to_string(), format!("`x.db` {expected}"), "{code:?}");
            assert!(!error.hint().is_empty());
        }
    }

    /// What an acknowledgement promises stands on these settings.
    #[tokio::test]
    async fn commits_reach_the_disk() {
        let directory = tempfile::TempDir::new().unwrap();
        let path = directory.path().join("galerne.db");
        let store = Store::open(&path).await.unwrap();
        let mut connection = connect(&path).await.unwrap();
        for (pragma, expected) in [
            ("synchronous", "2"),
            ("journal_mode", "wal"),
            ("foreign_keys", "1"),
            ("temp_store", "2"),
        ] {
            let query = format!("SELECT CAST({pragma} AS TEXT) FROM pragma_{pragma}");
            let found: String = sqlx::query_scalar(sqlx::AssertSqlSafe(query))
                .fetch_one(&mut connection)
                .await
                .unwrap();
            assert_eq!(found, expected, "{pragma}");
        }
        store.close().await;
    }
}
