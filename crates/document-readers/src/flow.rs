//! Where a finished paragraph goes: to the document, into the cell of a table, or behind the
//! paragraph that holds its text box.
use passages::BlockKind;

use crate::{
    Excess, Limits, ReadError,
    cleaning::one_line,
    composition::Composition,
    limits::{length, within},
};

/// Stands between the cells of a row.
const CELL_SEPARATOR: &str = " | ";

pub(crate) struct Flow<'c> {
    pub(crate) composition: &'c mut Composition,
    nesting_max: u64,
    cells_max: u64,
    bytes_max: u64,
    cells: u64,
    /// Bytes of rows that are not written yet: tables in cells would double them at each level.
    held: u64,
    /// Tables that are open, the innermost last. Rows of inner tables go into the outer cell.
    tables: Vec<Row>,
    /// Text that waits for the end of the block it stands in: boxes and notes at the foot.
    waiting: Vec<(BlockKind, String)>,
    boxes: u64,
}

#[derive(Default)]
struct Row {
    /// Between rows stand captions, which are no cells.
    is_open: bool,
    cells: Vec<String>,
    cell: String,
}

impl<'c> Flow<'c> {
    pub(crate) fn new(composition: &'c mut Composition, limits: &Limits) -> Self {
        Self {
            composition,
            nesting_max: limits.nesting,
            cells_max: limits.cells,
            bytes_max: limits.text_bytes,
            cells: 0,
            held: 0,
            tables: Vec::new(),
            waiting: Vec::new(),
            boxes: 0,
        }
    }

    /// A block of text is complete.
    pub(crate) fn paragraph(&mut self, kind: BlockKind, text: &str) -> Result<(), ReadError> {
        if self.boxes > 0 {
            return self.later(kind, text);
        }
        if self.tables.len() < 2 && !self.tables.last().is_some_and(|row| row.is_open) {
            self.composition.block(kind, text)?;
            return self.release();
        }
        self.add_to_cell(text)
    }

    /// Text that follows the block in which it is anchored.
    pub(crate) fn later(&mut self, kind: BlockKind, text: &str) -> Result<(), ReadError> {
        self.hold(text)?;
        self.waiting.push((kind, text.to_owned()));
        Ok(())
    }

    pub(crate) fn open_box(&mut self) -> Result<(), ReadError> {
        self.boxes += 1;
        within(Excess::Nesting, self.boxes, self.nesting_max)
    }

    pub(crate) fn close_box(&mut self) {
        self.boxes = self.boxes.saturating_sub(1);
    }

    pub(crate) fn open_table(&mut self) -> Result<(), ReadError> {
        self.tables.push(Row::default());
        within(Excess::Nesting, length(self.tables.len()), self.nesting_max)
    }

    pub(crate) fn open_row(&mut self) {
        if let Some(row) = self.tables.last_mut() {
            *row = Row { is_open: true, ..Row::default() };
        }
    }

    pub(crate) fn close_cell(&mut self) -> Result<(), ReadError> {
        self.cells = self.cells.saturating_add(1);
        within(Excess::Cells, self.cells, self.cells_max)?;
        if let Some(row) = self.tables.last_mut() {
            let cell = std::mem::take(&mut row.cell);
            row.cells.push(cell);
        }
        Ok(())
    }

    pub(crate) fn close_row(&mut self) -> Result<(), ReadError> {
        let Some(row) = self.tables.last_mut().map(std::mem::take) else { return Ok(()) };
        let line = joined(&row.cells);
        if self.tables.len() > 1 {
            self.put_into_outer_cell(&line)
        } else if self.boxes > 0 {
            self.later(BlockKind::TableRow, &line)
        } else {
            self.composition.block(BlockKind::TableRow, &line)?;
            self.release()
        }
    }

    pub(crate) fn close_table(&mut self) {
        self.tables.pop();
    }

    pub(crate) fn in_table(&self) -> bool {
        !self.tables.is_empty()
    }

    /// Writes what waited for the end of a block.
    pub(crate) fn release(&mut self) -> Result<(), ReadError> {
        self.held = 0;
        for (kind, text) in std::mem::take(&mut self.waiting) {
            self.composition.block(kind, &text)?;
        }
        Ok(())
    }

    fn add_to_cell(&mut self, text: &str) -> Result<(), ReadError> {
        self.hold(text)?;
        if let Some(row) = self.tables.last_mut() {
            append(&mut row.cell, text);
        }
        Ok(())
    }

    fn put_into_outer_cell(&mut self, line: &str) -> Result<(), ReadError> {
        self.hold(line)?;
        let outer = self.tables.len().checked_sub(2);
        if let Some(row) = outer.and_then(|index| self.tables.get_mut(index)) {
            append(&mut row.cell, line);
        }
        Ok(())
    }

    fn hold(&mut self, text: &str) -> Result<(), ReadError> {
        self.held = self.held.saturating_add(length(text.len()));
        within(Excess::Text, self.held, self.bytes_max)
    }
}

fn append(cell: &mut String, text: &str) {
    if !cell.is_empty() && !text.is_empty() {
        cell.push(' ');
    }
    cell.push_str(text);
}

/// Cells on one line. Empty ones keep their place between others, so that columns stay known.
pub(crate) fn joined(cells: &[String]) -> String {
    let used = cells.iter().rposition(|cell| !cell.trim().is_empty()).map_or(0, |last| last + 1);
    let lines: Vec<String> = cells.iter().take(used).map(|cell| one_line(cell)).collect();
    lines.join(CELL_SEPARATOR)
}
