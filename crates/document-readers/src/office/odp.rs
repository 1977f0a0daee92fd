//! `OpenDocument` presentations: each slide is a page.
use passages::Document;

use super::opendocument::read_as;
use crate::{Format, Limits, ReadError};

/// Reads the slides that are shown. Notes of the speaker are left out and noted.
///
/// # Errors
/// [`ReadError::TooMuch`] past `limits`; [`ReadError::Encrypted`] and [`ReadError::Broken`] for
/// what cannot be opened.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Document, ReadError> {
    read_as(Format::Odp, bytes, limits)
}
