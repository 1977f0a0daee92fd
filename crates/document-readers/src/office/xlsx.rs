//! Excel workbooks: each sheet that is shown is a page of rows.
use std::{
    collections::HashSet,
    io::{Cursor, Read, Seek},
};

use calamine::{DataRef, ExcelDateTime, Reader, SheetVisible, Xlsx};
use passages::{BlockKind, Document};

use crate::{
    Excess, Format, Limits, ReadError,
    archive::Archive,
    composition::Composition,
    flow::joined,
    limits::{length, within},
    xml::{Token, Xml, text_of},
};

use super::relations::relations;

const MAIN: &str = "xl/workbook.xml";
/// Columns of a sheet. Cells that claim to stand further right are no cells.
const COLUMNS: u32 = 16_384;
/// Columns further right are joined to the last one: no sheet for people is that wide.
const COLUMNS_KEPT: u32 = 512;
/// Spans of hidden columns in one sheet: each cell is compared with them.
const CONCEALED_MAX: u64 = 1_024;

/// Reads the values that cells show, row by row. Hidden sheets, rows and columns are left out and
/// noted; formulas are not run.
///
/// # Errors
/// [`ReadError::TooMuch`] past `limits`; [`ReadError::Encrypted`] and [`ReadError::Broken`] for
/// what cannot be opened.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Document, ReadError> {
    let format = Format::Xlsx.name();
    let mut archive = Archive::open(format, bytes, limits)?;
    // The crate that reads cells unpacks what it needs, without limits: all of it is within them.
    archive.prove()?;
    let mut composition = Composition::new(format, limits);
    if archive.names().iter().any(|name| name.starts_with("xl/comments")) {
        composition.hidden();
    }
    let concealed = concealed(format, &mut archive, limits)?;
    let mut book: Xlsx<_> =
        Xlsx::new(Cursor::new(bytes)).map_err(|_| ReadError::broken(format, MAIN))?;
    let sheets: Vec<(String, SheetVisible)> =
        book.sheets_metadata().iter().map(|sheet| (sheet.name.clone(), sheet.visible)).collect();
    within(Excess::Entries, length(sheets.len()), limits.entries)?;
    let mut cells =
        Cells { left: limits.cells, max: limits.cells, row_bytes_max: limits.text_bytes };
    for (number, (name, visible)) in (1_u32..).zip(sheets) {
        composition.start_page(number, None)?;
        if visible != SheetVisible::Visible {
            composition.hidden();
            continue;
        }
        composition.block(BlockKind::Heading { level: 1 }, &name)?;
        let nothing = Concealed::default();
        let hidden = concealed.iter().find(|(sheet, _)| *sheet == name);
        let hidden = hidden.map_or(&nothing, |(_, hidden)| hidden);
        sheet(&mut book, &name, hidden, &mut cells, &mut composition)?;
    }
    composition.finish()
}

/// How many cells may still be read.
struct Cells {
    left: u64,
    max: u64,
    row_bytes_max: u64,
}

impl Cells {
    fn take(&mut self) -> Result<(), ReadError> {
        let max = self.max;
        let none_left = || ReadError::TooMuch { what: Excess::Cells, max };
        self.left = self.left.checked_sub(1).ok_or_else(none_left)?;
        Ok(())
    }
}

fn sheet<R: Read + Seek>(
    book: &mut Xlsx<R>,
    name: &str,
    hidden: &Concealed,
    cells: &mut Cells,
    composition: &mut Composition,
) -> Result<(), ReadError> {
    let broken = || ReadError::broken(Format::Xlsx.name(), name);
    // Charts have sheets of their own, without cells.
    let Ok(mut reader) = book.worksheet_cells_reader(name) else { return Ok(()) };
    let mut row = Row::default();
    while let Some(cell) = reader.next_cell().map_err(|_| broken())? {
        cells.take()?;
        let (number, column) = cell.get_position();
        if number != row.number {
            row.write(composition)?;
            row = Row { number, ..Row::default() };
        }
        if *cell.get_value() == DataRef::Empty || column >= COLUMNS {
            continue;
        }
        if hidden.rows.contains(&number) || hidden.has_column(column) {
            composition.hidden();
        } else {
            row.put(column, &shown(cell.get_value()));
            within(Excess::Text, row.bytes, cells.row_bytes_max)?;
        }
    }
    row.write(composition)
}

/// The row that is being read. Cells come in the order of the file, which may be any.
#[derive(Default)]
struct Row {
    number: u32,
    bytes: u64,
    cells: Vec<String>,
}

impl Row {
    fn put(&mut self, column: u32, shown: &str) {
        let Ok(column) = usize::try_from(column.min(COLUMNS_KEPT)) else { return };
        self.bytes = self.bytes.saturating_add(length(shown.len()));
        if self.cells.len() <= column {
            self.cells.resize_with(column + 1, String::new);
        }
        if let Some(cell) = self.cells.get_mut(column) {
            if !cell.is_empty() {
                cell.push(' ');
            }
            cell.push_str(shown);
        }
    }

    fn write(&self, composition: &mut Composition) -> Result<(), ReadError> {
        composition.block(BlockKind::TableRow, &joined(&self.cells)).map(|_| ())
    }
}

fn shown(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::String(text) => text.trim().to_owned(),
        DataRef::SharedString(text) => text.trim().to_owned(),
        DataRef::Bool(value) => value.to_string(),
        DataRef::DateTime(moment) => moment_shown(*moment),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(_) | DataRef::Empty => String::new(),
    }
}

fn moment_shown(moment: ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    let time = format!("{hour:02}:{minute:02}:{second:02}");
    let days = moment.as_f64();
    if moment.is_duration() {
        format!("{days} d")
    } else if days < 1.0 {
        time
    } else if (hour, minute, second) == (0, 0, 0) {
        date
    } else {
        format!("{date} {time}")
    }
}

/// Rows and columns of a sheet that are not shown, counted from 0.
#[derive(Default)]
struct Concealed {
    rows: HashSet<u32>,
    columns: Vec<(u32, u32)>,
}

impl Concealed {
    fn has_column(&self, column: u32) -> bool {
        self.columns.iter().any(|(first, last)| (*first..=*last).contains(&column))
    }
}

/// What sheets conceal, by the names of the sheets.
fn concealed(
    format: &'static str,
    archive: &mut Archive<'_>,
    limits: &Limits,
) -> Result<Vec<(String, Concealed)>, ReadError> {
    let targets = relations(format, archive, MAIN, limits)?;
    let bytes = archive.required(MAIN)?;
    let text = text_of(format, MAIN, &bytes)?;
    let mut xml = Xml::new(format, MAIN, &text, limits);
    let mut found = Vec::new();
    loop {
        match xml.next()? {
            Token::Start(element) if element.name == "sheet" => {
                let target = element.prefixed("id").and_then(|id| targets.get(id));
                let Some(target) = target.filter(|relation| relation.kind == "worksheet") else {
                    continue;
                };
                let name = element.attribute("name").unwrap_or_default().to_owned();
                let hidden = concealed_in(format, archive, &target.target, limits)?;
                found.push((name, hidden));
                within(Excess::Entries, length(found.len()), limits.entries)?;
            }
            Token::Start(_) | Token::End(_) | Token::Text(_) => {}
            Token::Finished => return Ok(found),
        }
    }
}

fn concealed_in(
    format: &'static str,
    archive: &mut Archive<'_>,
    part: &str,
    limits: &Limits,
) -> Result<Concealed, ReadError> {
    let bytes = archive.required(part)?;
    let text = text_of(format, part, &bytes)?;
    let mut xml = Xml::new(format, part, &text, limits);
    let (mut hidden, mut row) = (Concealed::default(), 0_u32);
    loop {
        match xml.next()? {
            Token::Start(element) => {
                let number = |name| element.attribute(name)?.parse::<u32>().ok()?.checked_sub(1);
                let is_hidden = matches!(element.attribute("hidden"), Some("1" | "true"));
                match element.name.as_str() {
                    "row" => {
                        let current = number("r").unwrap_or(row);
                        if is_hidden {
                            hidden.rows.insert(current);
                        }
                        row = current.saturating_add(1);
                    }
                    "col" if is_hidden => hidden.columns.extend(number("min").zip(number("max"))),
                    _ => {}
                }
            }
            Token::End(_) | Token::Text(_) => {}
            Token::Finished => break,
        }
    }
    within(Excess::Cells, length(hidden.columns.len()), CONCEALED_MAX)?;
    Ok(hidden)
}
