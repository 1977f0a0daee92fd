//! Rows of values. The first row names the columns: it is the first block, as in every table.
use ::csv::{ReaderBuilder, StringRecord};
use passages::{BlockKind, Document};

use crate::{
    Excess, Format, Limits, ReadError,
    composition::Composition,
    flow::joined,
    limits::{length, within},
    plain::characters,
};

/// What may stand between values, the likeliest first.
const DELIMITERS: [u8; 4] = *b",;\t|";
/// Delimiters for each cell that a file may have.
const ENDS_PER_CELL: u64 = 8;
/// Lines that show which delimiter it is.
const LINES_LOOKED_AT: usize = 20;

/// Reads values between commas, semicolons, tabs or bars, whichever the first lines agree on.
///
/// # Errors
/// [`ReadError::TooMuch`] past `limits`; [`ReadError::Broken`] for a quote that never ends in a
/// way that leaves no rows.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Document, ReadError> {
    limits.admit(bytes)?;
    let mut composition = Composition::new(Format::Csv.name(), limits);
    let text = characters(bytes, &mut composition);
    let delimiter = delimiter(&text);
    admit(&text, delimiter, limits)?;
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let (mut record, mut cells) = (StringRecord::new(), 0_u64);
    while next(&mut reader, &mut record)? {
        cells = cells.saturating_add(length(record.len()));
        within(Excess::Cells, cells, limits.cells)?;
        let row: Vec<String> = record.iter().map(str::to_owned).collect();
        composition.block(BlockKind::TableRow, &joined(&row))?;
    }
    composition.finish()
}

/// Counts what may end a value before the reader keeps a place for each value of a row.
fn admit(text: &str, delimiter: u8, limits: &Limits) -> Result<(), ReadError> {
    let ends = text.bytes().filter(|byte| *byte == delimiter).count();
    // Delimiters inside of quotes are none: prose has a few for each value, hostile rows have more.
    within(Excess::Cells, length(ends), limits.cells.saturating_mul(ENDS_PER_CELL))
}

fn next(reader: &mut ::csv::Reader<&[u8]>, record: &mut StringRecord) -> Result<bool, ReadError> {
    reader.read_record(record).map_err(|_| ReadError::broken(Format::Csv.name(), "rows"))
}

/// The delimiter that stands most often in its rarest line; a comma where none is in each line.
fn delimiter(text: &str) -> u8 {
    let lines: Vec<&str> =
        text.lines().filter(|line| !line.trim().is_empty()).take(LINES_LOOKED_AT).collect();
    let in_each_line = |delimiter: u8| {
        let counts = lines.iter().map(|line| line.bytes().filter(|b| *b == delimiter).count());
        counts.min().unwrap_or(0)
    };
    let mut best = (DELIMITERS[0], 0);
    for candidate in DELIMITERS {
        let count = in_each_line(candidate);
        if count > best.1 {
            best = (candidate, count);
        }
    }
    best.0
}
