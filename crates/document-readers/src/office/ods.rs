//! `OpenDocument` spreadsheets: each sheet is a page of rows.
use passages::Document;

use super::opendocument::read_as;
use crate::{Format, Limits, ReadError};

/// Reads the values that cells show. Hidden sheets, rows and columns are left out and noted.
///
/// # Errors
/// [`ReadError::TooMuch`] past `limits`; [`ReadError::Encrypted`] and [`ReadError::Broken`] for
/// what cannot be opened.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Document, ReadError> {
    read_as(Format::Ods, bytes, limits)
}
