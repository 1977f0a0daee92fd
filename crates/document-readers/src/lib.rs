//! Reads documents of people into text with structure: [`detect`] says what a file is, [`read`]
//! gives its [`passages::Document`].
//!
//! Two rules hold for every format. **What people do not see is not text:** hidden runs, hidden
//! sheets, deleted revisions and comments are left out and noted, since instructions can hide
//! there. What colour and size hide is known of pages of the web alone; in office documents it is
//! text. **Every file is hostile:** [`Limits`] bound what is unpacked before it is kept, entities
//! are never expanded, nothing outside the file is fetched, nothing is written.
//!
//! **Never here:** files, network, clocks, PDF and images. See [`Format`].
pub mod csv;
pub mod eml;
pub mod html;
pub mod markdown;
pub mod msg;
pub mod office;
pub mod plain;

mod archive;
mod cleaning;
mod composition;
mod compound;
mod detection;
mod error;
mod flow;
mod format;
mod limits;
mod mail;
mod xml;

use passages::Document;

pub use detection::detect;
pub use error::{Excess, ReadError};
pub use format::Format;
pub use limits::Limits;

/// Reads `bytes`, which [`detect`] found to be of `format`.
///
/// # Errors
/// [`ReadError::Unsupported`] for PDF and images, which other readers read; else what the reader
/// of the format says.
pub fn read(format: Format, bytes: &[u8], limits: &Limits) -> Result<Document, ReadError> {
    match format {
        Format::Plain => plain::read(bytes, limits),
        Format::Markdown => markdown::read(bytes, limits),
        Format::Html => html::read(bytes, limits),
        Format::Csv => csv::read(bytes, limits),
        Format::Docx => office::docx::read(bytes, limits),
        Format::Pptx => office::pptx::read(bytes, limits),
        Format::Xlsx => office::xlsx::read(bytes, limits),
        Format::Odt => office::odt::read(bytes, limits),
        Format::Odp => office::odp::read(bytes, limits),
        Format::Ods => office::ods::read(bytes, limits),
        Format::Eml => eml::read(bytes, limits),
        Format::Msg => msg::read(bytes, limits),
        Format::Pdf | Format::Image => Err(ReadError::Unsupported { found: format.name() }),
    }
}
