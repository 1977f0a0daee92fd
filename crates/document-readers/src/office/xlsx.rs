//! Excel workbooks: each sheet that is shown is a page of rows.
mod book;
mod cells;
mod formats;

use passages::{BlockKind, Document, Note};

use crate::{
    Format, Limits, ReadError,
    archive::Archive,
    composition::Composition,
    xml::{Xml, text_of},
};

use super::relations::main_part;
use book::Book;
use cells::{Cells, CellsLeft};

/// The workbook, where the archive does not say.
const MAIN: &str = "xl/workbook.xml";

/// Reads the values of cells, row by row: dates as dates, other numbers as they are stored. Hidden
/// sheets, rows and columns are left out and noted; formulas are not run.
///
/// # Errors
/// [`ReadError::TooMuch`] past `limits`; [`ReadError::Encrypted`] and [`ReadError::Broken`] for
/// what cannot be opened.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Document, ReadError> {
    let format = Format::Xlsx.name();
    let mut archive = Archive::open(format, bytes, limits)?;
    let main = main_part(format, &mut archive, MAIN, limits)?;
    let mut composition = Composition::new(format, limits);
    if archive.names().iter().any(|name| name.starts_with("xl/comments")) {
        composition.hidden();
    }
    let book = Book::read(format, &mut archive, &main, limits)?;
    let mut left = CellsLeft::of(limits);
    for (number, sheet) in (1_u32..).zip(&book.sheets) {
        composition.start_page(number, None)?;
        if !sheet.is_shown {
            composition.hidden();
            continue;
        }
        composition.block(BlockKind::Heading { level: 1 }, &sheet.name)?;
        let Some(part) = &sheet.part else {
            let place = composition.place();
            composition.note(Note::Unreadable { place });
            continue;
        };
        let bytes = archive.required(part)?;
        let text = text_of(format, part, &bytes)?;
        let cells = Cells::new(&book, &mut left, &mut composition, limits);
        cells.read(&mut Xml::new(format, part, &text, limits))?;
    }
    composition.finish()
}
