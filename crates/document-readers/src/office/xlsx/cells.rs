//! Cells of one sheet, row by row.
use calamine::{ExcelDateTime, ExcelDateTimeType};
use passages::BlockKind;

use crate::{
    Excess, Limits, ReadError,
    composition::Composition,
    flow::joined,
    limits::{length, within},
    xml::{Element, Token, Xml},
};

use super::{
    book::{Book, Content},
    formats::Format,
};

/// Rows and columns of a sheet.
const ROWS: u32 = 1_048_576;
const COLUMNS: u32 = 16_384;
/// Columns further right are joined to the last one: no sheet for people is that wide.
const COLUMNS_KEPT: u32 = 512;
/// Spans of hidden columns in one sheet: each cell is compared with them.
const CONCEALED_MAX: u64 = 1_024;

/// How many cells may still be read, of all sheets.
pub(super) struct CellsLeft {
    left: u64,
    max: u64,
}

impl CellsLeft {
    pub(super) fn of(limits: &Limits) -> Self {
        Self { left: limits.cells, max: limits.cells }
    }

    fn take(&mut self) -> Result<(), ReadError> {
        let max = self.max;
        let none_left = || ReadError::TooMuch { what: Excess::Cells, max };
        self.left = self.left.checked_sub(1).ok_or_else(none_left)?;
        Ok(())
    }
}

pub(super) struct Cells<'s> {
    book: &'s Book,
    left: &'s mut CellsLeft,
    composition: &'s mut Composition,
    bytes_max: u64,
    in_data: bool,
    row: Row,
    next_row: u32,
    /// First and last of columns that are not shown, counted from 0.
    concealed: Vec<(u32, u32)>,
}

/// The row that is being read. Cells come in the order of the file, which may be any.
#[derive(Default)]
struct Row {
    number: u32,
    is_hidden: bool,
    next_column: u32,
    bytes: u64,
    cells: Vec<String>,
}

impl<'s> Cells<'s> {
    pub(super) fn new(
        book: &'s Book,
        left: &'s mut CellsLeft,
        composition: &'s mut Composition,
        limits: &Limits,
    ) -> Self {
        Self {
            book,
            left,
            composition,
            bytes_max: limits.text_bytes,
            in_data: false,
            row: Row::default(),
            next_row: 0,
            concealed: Vec::new(),
        }
    }

    pub(super) fn read(mut self, xml: &mut Xml<'_>) -> Result<(), ReadError> {
        loop {
            match xml.next()? {
                Token::Start(element) => self.start(&element, xml)?,
                Token::End(name) if name == "row" => self.close_row()?,
                Token::End(name) if name == "sheetData" => self.in_data = false,
                Token::End(_) | Token::Text(_) => {}
                Token::Finished => return self.close_row(),
            }
        }
    }

    fn start(&mut self, element: &Element, xml: &mut Xml<'_>) -> Result<(), ReadError> {
        match element.name.as_str() {
            "sheetData" => {
                self.in_data = true;
                Ok(())
            }
            "row" if self.in_data => self.open_row(element, xml),
            "c" if self.in_data => self.cell(element, xml),
            "col" if is_concealed(element, "width") => self.conceal(element, xml),
            _ => Ok(()),
        }
    }

    /// Columns are said before the rows: cells that were read could not be taken back.
    fn conceal(&mut self, element: &Element, xml: &Xml<'_>) -> Result<(), ReadError> {
        if self.next_row > 0 {
            return Err(xml.broken());
        }
        let number = |name| element.attribute(name)?.parse::<u32>().ok()?.checked_sub(1);
        self.concealed.extend(number("min").zip(number("max")));
        within(Excess::Cells, length(self.concealed.len()), CONCEALED_MAX)
    }

    fn open_row(&mut self, element: &Element, xml: &Xml<'_>) -> Result<(), ReadError> {
        self.close_row()?;
        let number = match element.attribute("r") {
            Some(said) => said.parse::<u32>().ok().and_then(|number| number.checked_sub(1)),
            None => Some(self.next_row),
        };
        let number = number.filter(|number| *number < ROWS).ok_or_else(|| xml.broken())?;
        self.next_row = number + 1;
        self.row = Row { number, is_hidden: is_concealed(element, "ht"), ..Row::default() };
        Ok(())
    }

    fn close_row(&mut self) -> Result<(), ReadError> {
        let row = std::mem::take(&mut self.row);
        self.composition.block(BlockKind::TableRow, &joined(&row.cells)).map(|_| ())
    }

    fn cell(&mut self, element: &Element, xml: &mut Xml<'_>) -> Result<(), ReadError> {
        self.left.take()?;
        let column = match element.attribute("r") {
            Some(said) => {
                let (column, row) = place(said).ok_or_else(|| xml.broken())?;
                // Whether a cell is hidden is said by the row that it stands in.
                if row != self.row.number {
                    return Err(xml.broken());
                }
                column
            }
            None => self.row.next_column,
        };
        self.row.next_column = column.saturating_add(1);
        let content = Content::read(xml, self.bytes_max)?;
        let format = self.book.formats.of(element);
        let shown = self.shown(element, &content, format).ok_or_else(|| xml.broken())?;
        if shown.is_empty() || column >= COLUMNS {
            return Ok(());
        }
        if self.row.is_hidden || self.is_in_concealed(column) || format == Format::Blank {
            self.composition.hidden();
            return Ok(());
        }
        self.row.put(column, &shown);
        within(Excess::Text, self.row.bytes, self.bytes_max)
    }

    fn is_in_concealed(&self, column: u32) -> bool {
        self.concealed.iter().any(|(first, last)| (*first..=*last).contains(&column))
    }

    /// The value as text; nothing where it is a text that the workbook does not have.
    fn shown(&self, cell: &Element, content: &Content, format: Format) -> Option<String> {
        let value = content.value.trim();
        Some(match cell.attribute("t").unwrap_or("n") {
            "inlineStr" | "is" => content.text.trim().to_owned(),
            "s" if value.is_empty() => String::new(),
            "s" => self.book.strings.get(value.parse::<usize>().ok()?)?.trim().to_owned(),
            "b" => matches!(value, "1" | "true").to_string(),
            "e" => String::new(),
            "n" => value.parse::<f64>().map_or_else(
                |_| value.to_owned(),
                |number| number_shown(number, format, self.book.is_1904),
            ),
            _ => value.to_owned(),
        })
    }
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
}

/// Whether a row or column is not shown, or has no height or width.
fn is_concealed(element: &Element, size: &str) -> bool {
    let size = element.attribute(size).and_then(|size| size.parse::<f64>().ok());
    let is_hidden = matches!(element.attribute("hidden"), Some("1" | "true"));
    is_hidden || size.is_some_and(|size| size <= 0.0)
}

/// Column and row of a name such as `AB12`, counted from 0.
fn place(name: &str) -> Option<(u32, u32)> {
    const LETTERS_MAX: usize = 3;
    let (letters, digits) = name.split_at(name.find(|c: char| c.is_ascii_digit())?);
    if letters.is_empty() || letters.len() > LETTERS_MAX {
        return None;
    }
    let mut column = 0;
    for letter in letters.bytes() {
        let value = letter.to_ascii_uppercase().checked_sub(b'A').filter(|value| *value < 26)?;
        column = column * 26 + u32::from(value) + 1;
    }
    let row = digits.parse::<u32>().ok().filter(|row| (1..=ROWS).contains(row))?;
    Some((column - 1, row - 1))
}

fn number_shown(number: f64, format: Format, is_1904: bool) -> String {
    match format {
        Format::Number | Format::Blank => number.to_string(),
        Format::Duration => format!("{number} d"),
        Format::Moment => moment_shown(number, is_1904),
    }
}

fn moment_shown(days: f64, is_1904: bool) -> String {
    let moment = ExcelDateTime::new(days, ExcelDateTimeType::DateTime, is_1904);
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    let time = format!("{hour:02}:{minute:02}:{second:02}");
    if days < 1.0 {
        time
    } else if (hour, minute, second) == (0, 0, 0) {
        date
    } else {
        format!("{date} {time}")
    }
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn cells_are_named_by_column_and_row() {
        for (name, expected) in [
            ("A1", Some((0, 0))),
            ("AB12", Some((27, 11))),
            ("XFD1048576", Some((16_383, 1_048_575))),
            ("ZZZ1", Some((18_277, 0))),
            ("AAAA1", None),
            ("A1048577", None),
            ("A99999999999", None),
            ("A0", None),
            ("A", None),
            ("1", None),
            ("É1", None),
            ("A1B", None),
        ] {
            assert_eq!(place(name), expected, "{name}");
        }
    }
}
