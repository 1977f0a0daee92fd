//! What went wrong, as the port says it.

use std::error::Error;

use knowledge::IndexError;

/// A stored object is not what was written.
pub(crate) fn damaged(
    object: String,
    source: impl Into<Box<dyn Error + Send + Sync>>,
) -> IndexError {
    IndexError::Damaged { object, source: source.into() }
}

/// A segment whose digests were right cannot be read all the same.
pub(crate) fn unreadable(source: impl Into<Box<dyn Error + Send + Sync>>) -> IndexError {
    damaged("segment".to_owned(), source)
}

/// Objects cannot be read or written.
pub(crate) fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> IndexError {
    IndexError::Unavailable { source: source.into() }
}

/// A vector is not of length 1, or not of the model of the others.
pub(crate) fn vector(source: impl Into<Box<dyn Error + Send + Sync>>) -> IndexError {
    IndexError::Vector { source: source.into() }
}
