//! Why a call to the store did not succeed, before a port's own error names the call.

use std::sync::Arc;

use domain::RequestId;
use governance::{Locked, Unreadable, ports::StoreError};
use inference::ports::LedgerError;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the database did not answer within {seconds} s")]
    Deadline { seconds: u64 },
    #[error("readers kept what was removed in the log of writes")]
    StillRead,
    #[error("the store is closed")]
    Closed,
    #[error("the request `{request}` was never opened")]
    UnknownRequest { request: RequestId },
    #[error("the column `{column}` holds what was never written there")]
    Unreadable { column: &'static str },
    #[error("the bytes of the file could not be read or written")]
    Bytes { source: std::io::Error },
    #[error("the account of the file is erased")]
    Erased,
    #[error("a database in memory keeps no files")]
    NoFolder,
    #[error(transparent)]
    Locked(#[from] Locked),
    #[error("the column `{column}` cannot be read")]
    Unopened { column: &'static str, source: Unreadable },
    #[error("the database refused")]
    Statement(#[from] sqlx::Error),
    /// Shared by all that one statement was to answer.
    #[error("the database refused")]
    Read { source: Arc<sqlx::Error> },
    /// Shared by all changes of the transaction.
    #[error("the transaction was not kept")]
    Transaction { source: Arc<sqlx::Error> },
}

pub(crate) fn store_error(action: &'static str) -> impl FnOnce(Failure) -> StoreError {
    move |failure| {
        let is_locked = matches!(failure, Failure::Locked(_));
        StoreError { action, is_locked, source: Box::new(failure) }
    }
}

pub(crate) fn ledger_error(action: &'static str) -> impl FnOnce(Failure) -> LedgerError {
    move |failure| LedgerError { action, source: Box::new(failure) }
}
