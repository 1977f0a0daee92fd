//! Rows of a sheet. One element stands for many equal cells or rows, so each is counted.
use passages::BlockKind;

use crate::{
    Excess, Limits, ReadError,
    flow::{Flow, joined},
    limits::{length, within},
    xml::Element,
};

/// Cells further right are left away: no sheet for people is that wide.
const COLUMNS_KEPT: usize = 512;

pub(super) struct Sheet {
    number: u32,
    /// Tables that are open: sheets may hold sheets.
    open: u32,
    cells: u64,
    cells_max: u64,
    row_bytes: u64,
    row_bytes_max: u64,
    /// Columns that are not shown, from the first up to, not including, the last.
    hidden: Vec<(usize, usize)>,
    columns: usize,
    row: Vec<String>,
    row_repeats: u64,
    cell: String,
    cell_repeats: usize,
}

impl Sheet {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            number: 0,
            open: 0,
            cells: 0,
            cells_max: limits.cells,
            row_bytes: 0,
            row_bytes_max: limits.text_bytes,
            hidden: Vec::new(),
            columns: 0,
            row: Vec::new(),
            row_repeats: 1,
            cell: String::new(),
            cell_repeats: 1,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.open > 0
    }

    /// Counts a sheet that is not shown.
    pub(super) fn pass_over(&mut self) {
        self.number = self.number.saturating_add(1);
    }

    /// Adds a paragraph to the cell that is open.
    pub(super) fn put(&mut self, text: &str) {
        if !self.cell.is_empty() && !text.is_empty() {
            self.cell.push(' ');
        }
        self.cell.push_str(text);
    }

    /// Takes the start of an element, if it is one of a sheet.
    pub(super) fn start(
        &mut self,
        element: &Element,
        flow: &mut Flow<'_>,
    ) -> Result<bool, ReadError> {
        match element.name.as_str() {
            "table" => self.open(element, flow)?,
            "table-column" => self.column(element),
            "table-row" => {
                self.row.clear();
                self.row_bytes = 0;
                self.row_repeats = repeats(element, "number-rows-repeated");
            }
            "table-cell" | "covered-table-cell" => {
                self.cell.clear();
                let repeats = repeats(element, "number-columns-repeated");
                self.cell_repeats = usize::try_from(repeats).unwrap_or(usize::MAX);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Takes the end of an element, if it is one of a sheet.
    pub(super) fn end(&mut self, name: &str, flow: &mut Flow<'_>) -> Result<bool, ReadError> {
        match name {
            "table" => self.open = self.open.saturating_sub(1),
            "table-cell" | "covered-table-cell" => self.close_cell(flow)?,
            "table-row" => self.close_row(flow)?,
            "table-column" => {}
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn open(&mut self, element: &Element, flow: &mut Flow<'_>) -> Result<(), ReadError> {
        self.open = self.open.saturating_add(1);
        self.number = self.number.saturating_add(1);
        self.hidden.clear();
        self.columns = 0;
        flow.composition.start_page(self.number, None)?;
        let name = element.attribute("name").unwrap_or_default();
        flow.composition.block(BlockKind::Heading { level: 1 }, name)?;
        Ok(())
    }

    fn column(&mut self, element: &Element) {
        let repeats = usize::try_from(repeats(element, "number-columns-repeated"));
        let end = self.columns.saturating_add(repeats.unwrap_or(usize::MAX));
        let is_hidden = matches!(element.attribute("visibility"), Some("collapse" | "filter"));
        if is_hidden && self.columns < COLUMNS_KEPT {
            self.hidden.push((self.columns, end));
        }
        self.columns = end;
    }

    fn close_cell(&mut self, flow: &mut Flow<'_>) -> Result<(), ReadError> {
        let text = std::mem::take(&mut self.cell);
        let room = COLUMNS_KEPT.saturating_sub(self.row.len());
        for _ in 0..self.cell_repeats.min(room) {
            let column = self.row.len();
            let is_hidden = self.hidden.iter().any(|(from, to)| (*from..*to).contains(&column));
            if is_hidden && !text.is_empty() {
                flow.composition.hidden();
            }
            if !text.is_empty() {
                self.count(1)?;
                self.row_bytes = self.row_bytes.saturating_add(length(text.len()));
                within(Excess::Text, self.row_bytes, self.row_bytes_max)?;
            }
            self.row.push(if is_hidden { String::new() } else { text.clone() });
        }
        Ok(())
    }

    fn close_row(&mut self, flow: &mut Flow<'_>) -> Result<(), ReadError> {
        let row = std::mem::take(&mut self.row);
        let line = joined(&row);
        if line.is_empty() {
            return Ok(());
        }
        for repeat in 0..self.row_repeats {
            // The cells of the row itself were counted one by one.
            if repeat > 0 {
                self.count(1)?;
            }
            flow.composition.block(BlockKind::TableRow, &line)?;
        }
        Ok(())
    }

    fn count(&mut self, cells: u64) -> Result<(), ReadError> {
        self.cells = self.cells.saturating_add(cells);
        within(Excess::Cells, self.cells, self.cells_max)
    }
}

fn repeats(element: &Element, attribute: &str) -> u64 {
    element.attribute(attribute).and_then(|count| count.parse().ok()).unwrap_or(1)
}
