//! `OpenDocument` texts.
use passages::Document;

use super::opendocument::read_as;
use crate::{Format, Limits, ReadError};

/// Reads a text as its reader sees it: without recorded deletions, hidden text and annotations.
///
/// # Errors
/// [`ReadError::TooMuch`] past `limits`; [`ReadError::Encrypted`] and [`ReadError::Broken`] for
/// what cannot be opened.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Document, ReadError> {
    read_as(Format::Odt, bytes, limits)
}
