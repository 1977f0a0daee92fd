//! From the pieces of pages to a document: one text, with its blocks, pages and places.

use passages::{Block, BlockKind, Document, Note, Page, Place, Run, Size, Span};

use crate::{
    blocks::Piece,
    error::{Excess, PdfError, broken},
    limits::length,
    line::Line,
};

/// Notes beyond this many say nothing new to a person.
const NOTES_MAX: usize = 200;

/// A document while it is put together.
pub(crate) struct Composition {
    text: String,
    text_bytes_max: u64,
    blocks: Vec<Block>,
    pages: Vec<Page>,
    notes: Vec<Note>,
    /// What the last block was made of, as far as the next page may go on with it.
    last: Option<Piece>,
}

impl Composition {
    pub(crate) fn new(text_bytes_max: u64) -> Self {
        Self {
            text: String::new(),
            text_bytes_max: text_bytes_max.min(u64::from(u32::MAX)),
            blocks: Vec::new(),
            pages: Vec::new(),
            notes: Vec::new(),
            last: None,
        }
    }

    /// Adds a note unless it says what a note before it said.
    pub(crate) fn note(&mut self, note: Note) {
        if self.notes.len() < NOTES_MAX && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Appends a page with its pieces, in order.
    ///
    /// # Errors
    /// [`PdfError::TooMuch`] where the text would grow past its limit.
    pub(crate) fn page(
        &mut self,
        number: u32,
        size: Option<Size>,
        pieces: Vec<Piece>,
    ) -> Result<(), PdfError> {
        let mut page = Page { number, span: Span::default(), size, runs: Vec::new() };
        let mut begin = None;
        for (at, piece) in pieces.into_iter().enumerate() {
            let goes_on =
                at == 0 && self.last.as_ref().is_some_and(|last| last.goes_on_overleaf(&piece));
            self.separate(piece.kind, goes_on);
            let start = self.offset()?;
            begin.get_or_insert(start);
            self.write(&piece, &mut page)?;
            self.close(piece.kind, start, goes_on)?;
            self.last = Some(piece);
        }
        let end = self.offset()?;
        page.span = Span::new(begin.unwrap_or(end), end);
        self.pages.push(page);
        Ok(())
    }

    /// What stands between the last block and the next one.
    fn separate(&mut self, next: BlockKind, goes_on: bool) {
        let Some(last) = self.blocks.last() else { return };
        self.text.push_str(match (last.kind, next) {
            _ if goes_on => "\n",
            (BlockKind::TableRow, BlockKind::TableRow)
            | (BlockKind::ListItem { .. }, BlockKind::ListItem { .. }) => "\n",
            _ => "\n\n",
        });
    }

    fn write(&mut self, piece: &Piece, page: &mut Page) -> Result<(), PdfError> {
        for (at, line) in piece.lines.iter().enumerate() {
            if at > 0 {
                self.text.push_str(piece.between);
            }
            self.line(line, page)?;
        }
        Ok(())
    }

    fn line(&mut self, line: &Line, page: &mut Page) -> Result<(), PdfError> {
        let grown = length(self.text.len()).saturating_add(length(line.text.len()));
        if grown > self.text_bytes_max {
            return Err(PdfError::TooMuch { what: Excess::Text, max: self.text_bytes_max });
        }
        let start = self.text.len();
        self.text.push_str(&line.text);
        let Some(size) = page.size else { return Ok(()) };
        for word in &line.words {
            let span = Span::new(offset(start + word.start)?, offset(start + word.end)?);
            if let Some(area) = word.area.clipped(size) {
                page.runs.push(Run { span, area });
            }
        }
        Ok(())
    }

    fn close(&mut self, kind: BlockKind, start: u32, goes_on: bool) -> Result<(), PdfError> {
        let end = self.offset()?;
        match self.blocks.last_mut() {
            Some(last) if goes_on => last.span.end = end,
            Some(_) | None => self.blocks.push(Block { kind, span: Span::new(start, end) }),
        }
        Ok(())
    }

    fn offset(&self) -> Result<u32, PdfError> {
        offset(self.text.len())
    }

    /// The document; it holds together unless there is a fault here.
    pub(crate) fn finish(self) -> Result<Document, PdfError> {
        Document::new(self.text, self.blocks, self.pages, self.notes).map_err(|_| broken("pages"))
    }
}

fn offset(at: usize) -> Result<u32, PdfError> {
    u32::try_from(at)
        .map_err(|_| PdfError::TooMuch { what: Excess::Text, max: u64::from(u32::MAX) })
}

/// The page of this number.
pub(crate) const fn on(number: u32) -> Place {
    Place::Page(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        blocks::{Measure, pieces},
        line::{lines, tests::written},
        order::put_in_order,
    };

    const SIZE: Option<Size> = Some(Size { width: 600.0, height: 800.0 });

    fn compose(pages: &[&[(&str, f32)]]) -> Document {
        let mut composition = Composition::new(1_000);
        for (at, parts) in pages.iter().enumerate() {
            let glyphs: Vec<_> =
                parts.iter().flat_map(|(text, top)| written(text, 50.0, *top)).collect();
            let told = put_in_order(lines(&glyphs));
            let measure = Measure::of(told.iter());
            let number = u32::try_from(at + 1).unwrap();
            composition.page(number, SIZE, pieces(told, &measure)).unwrap();
        }
        composition.finish().unwrap()
    }

    #[test]
    fn a_paragraph_goes_on_over_the_page() {
        let document =
            compose(&[&[("Le délai est", 100.0)], &[], &[("d’un mois.", 100.0), ("Titre", 200.0)]]);
        assert_eq!(document.text, "Le délai est\nd’un mois.\n\nTitre");
        assert_eq!(document.blocks.len(), 2);
        let spans: Vec<_> = document.pages.iter().map(|page| document.slice(page.span)).collect();
        assert_eq!(spans, [Some("Le délai est"), Some(""), Some("d’un mois.\n\nTitre")]);
    }

    #[test]
    fn each_word_has_its_place() {
        let document = compose(&[&[("Le délai", 100.0)]]);
        let runs = &document.pages[0].runs;
        let words: Vec<_> = runs.iter().map(|run| document.slice(run.span).unwrap()).collect();
        assert_eq!(words, ["Le", "délai"]);
        assert!(runs[0].area.right < runs[1].area.left);
    }

    #[test]
    fn a_text_past_its_limit_is_refused() {
        let mut composition = Composition::new(3);
        let told = lines(&written("quatre", 50.0, 10.0));
        let measure = Measure::of(told.iter());
        let refused = composition.page(1, SIZE, pieces(told, &measure)).unwrap_err();
        assert_eq!(refused, PdfError::TooMuch { what: Excess::Text, max: 3 });
    }
}
