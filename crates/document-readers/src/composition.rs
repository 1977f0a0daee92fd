//! A document while it is put together: text grows with its blocks, and never past the limits.
use passages::{Area, Block, BlockKind, Document, Note, Page, Place, Run, Size, Span};

use crate::{
    Excess, Limits, ReadError,
    cleaning::{is_covert, is_text},
    limits::{length, within},
};

/// Notes beyond this many say nothing new to a person.
pub(crate) const NOTES_MAX: usize = 200;

pub(crate) struct Composition {
    format: &'static str,
    text_bytes_max: u64,
    text: String,
    blocks: Vec<Block>,
    pages: Vec<Page>,
    notes: Vec<Note>,
    /// The page that blocks fall on now.
    open: Option<Page>,
}

impl Composition {
    pub(crate) fn new(format: &'static str, limits: &Limits) -> Self {
        Self {
            format,
            text_bytes_max: limits.text_bytes.min(u64::from(u32::MAX)),
            text: String::new(),
            blocks: Vec::new(),
            pages: Vec::new(),
            notes: Vec::new(),
            open: None,
        }
    }

    /// Appends a block; one without text is left away. Returns where it stands.
    pub(crate) fn block(
        &mut self,
        kind: BlockKind,
        content: &str,
    ) -> Result<Option<Span>, ReadError> {
        let trimmed = match kind {
            BlockKind::Code => content.trim_matches('\n').trim_end(),
            BlockKind::Heading { .. }
            | BlockKind::Paragraph
            | BlockKind::ListItem { .. }
            | BlockKind::TableRow
            | BlockKind::Quote => content.trim(),
        };
        if !trimmed.chars().any(|character| is_text(character) && !character.is_whitespace()) {
            return Ok(None);
        }
        self.admit(length(trimmed.len()).saturating_add(2))?;
        if let Some(last) = self.blocks.last() {
            self.text.push_str(separator(last.kind, kind));
        }
        let start = self.text.len();
        self.push_text(trimmed);
        self.close_block(kind, start).map(Some)
    }

    /// Fails before the text would grow past the limit by `more` bytes.
    fn admit(&self, more: u64) -> Result<(), ReadError> {
        let grown = length(self.text.len()).saturating_add(more);
        within(Excess::Text, grown, self.text_bytes_max)
    }

    fn push_text(&mut self, content: &str) {
        let mut left_out = false;
        for character in content.chars() {
            if is_text(character) {
                self.text.push(character);
            } else {
                left_out |= is_covert(character);
            }
        }
        if left_out {
            self.hidden();
        }
    }

    fn close_block(&mut self, kind: BlockKind, start: usize) -> Result<Span, ReadError> {
        let span = Span { start: self.offset(start)?, end: self.offset(self.text.len())? };
        self.blocks.push(Block { kind: with_level(kind), span });
        if let Some(page) = &mut self.open {
            if page.span.end == page.span.start {
                page.span.start = span.start;
            }
            page.span.end = span.end;
        }
        Ok(span)
    }

    fn offset(&self, at: usize) -> Result<u32, ReadError> {
        u32::try_from(at)
            .map_err(|_| ReadError::TooMuch { what: Excess::Text, max: self.text_bytes_max })
    }

    /// Blocks from here on fall on the page `number`.
    pub(crate) fn start_page(&mut self, number: u32, size: Option<Size>) -> Result<(), ReadError> {
        self.end_page();
        let at = self.offset(self.text.len())?;
        let span = Span { start: at, end: at };
        self.open = Some(Page { number, span, size, runs: Vec::new() });
        Ok(())
    }

    pub(crate) fn end_page(&mut self) {
        self.pages.extend(self.open.take());
    }

    /// How much text there is: with [`Self::place_since`], where what follows stands.
    pub(crate) fn mark(&self) -> usize {
        self.blocks.len()
    }

    /// All blocks since `mark` stand in `area` of the open page; areas outside of it are dropped.
    pub(crate) fn place_since(&mut self, mark: usize, area: Area) {
        let added = self.blocks.get(mark..).unwrap_or_default();
        let (Some(first), Some(last)) = (added.first(), added.last()) else { return };
        let span = Span { start: first.span.start, end: last.span.end };
        let Some(page) = &mut self.open else { return };
        let Some(size) = page.size else { return };
        if let Some(area) = area.clipped(size) {
            page.runs.push(Run { span, area });
        }
    }

    /// Adds a note unless it says what a note before it said.
    pub(crate) fn note(&mut self, note: Note) {
        if self.notes.len() < NOTES_MAX && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// The page that is open, else the document.
    pub(crate) fn place(&self) -> Place {
        self.open.as_ref().map_or(Place::Document, |page| Place::Page(page.number))
    }

    /// Text that people do not see was left out here.
    pub(crate) fn hidden(&mut self) {
        let place = self.place();
        self.note(Note::HiddenLeftOut { place });
    }

    /// One file inside of the document was not read.
    pub(crate) fn attachment(&mut self, name: &str) {
        const NAME_CHARACTERS_MAX: usize = 200;
        let shown: String =
            name.chars().filter(|c| !c.is_control()).take(NAME_CHARACTERS_MAX).collect();
        let place = if shown.is_empty() { self.place() } else { Place::Part(shown) };
        self.note(Note::AttachmentsLeftOut { place, count: 1 });
    }

    /// `count` pictures of the document, or of the open page, were not read.
    pub(crate) fn pictures(&mut self, count: u32) {
        if count > 0 {
            let place = self.place();
            self.note(Note::PicturesLeftOut { place, count });
        }
    }

    pub(crate) fn finish(mut self) -> Result<Document, ReadError> {
        self.end_page();
        Document::new(self.text, self.blocks, self.pages, self.notes)
            .map_err(|error| ReadError::broken(self.format, &error.to_string()))
    }
}

/// What stands between two blocks: rows and items follow each other closely.
fn separator(before: BlockKind, after: BlockKind) -> &'static str {
    match (before, after) {
        (BlockKind::TableRow, BlockKind::TableRow)
        | (BlockKind::ListItem { .. }, BlockKind::ListItem { .. }) => "\n",
        _ => "\n\n",
    }
}

/// Levels of headings as documents may say them: 0 and 200 are files' mistakes, not ours.
fn with_level(kind: BlockKind) -> BlockKind {
    match kind {
        BlockKind::Heading { level } => BlockKind::Heading { level: level.clamp(1, 6) },
        BlockKind::Paragraph
        | BlockKind::ListItem { .. }
        | BlockKind::TableRow
        | BlockKind::Code
        | BlockKind::Quote => kind,
    }
}
