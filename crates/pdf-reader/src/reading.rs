//! A PDF as a document: pages by the better engine, then what holds for all of them.

use std::{cell::OnceCell, sync::Arc};

use passages::{CountTokens, Document, Note, Size};

use crate::{
    Limits, Ocr, PdfError, PdfiumLibrary,
    blocks::{Measure, pieces},
    choice::{Letters, is_oxide_better},
    composition::{Composition, on},
    engine::{Engine, Oxide, PdfiumDocument, RawPage},
    error::{Excess, broken},
    furniture,
    limits::length,
    line::{Line, lines},
    ocr,
    order::put_in_order,
    page_image::Drawing,
    script::is_meaningless,
};

/// How sharp a page is drawn for an [`Ocr`].
const DOTS_FOR_LETTERS: u16 = 200;
/// How sharp it is drawn to see whether there is anything on it.
const DOTS_FOR_ANYTHING: u16 = 36;

/// How a document is read.
pub struct Options<'a> {
    /// What may be taken.
    pub limits: Limits,
    /// The engine that reads Arabic well. Without it, pages in such scripts are noted as doubtful.
    pub pdfium: Option<&'a PdfiumLibrary>,
    /// Tells which of two readings of a page is language. Without it, scripts of India are read by
    /// `pdf_oxide`, and all others by `pdfium`, if it is there.
    pub counter: Option<&'a dyn CountTokens>,
    /// Recognises letters on pages that have none. Without it, these pages are noted.
    pub ocr: Option<&'a mut dyn Ocr>,
    /// Asked before each page: whether the rest is left out, and noted.
    pub is_late: &'a dyn Fn() -> bool,
}

/// The text of a PDF, with its structure and the place of each word.
///
/// Words are in the order of reading, also those that are written from the right. Breaks of lines
/// are kept, and hyphens at them. Ligatures are letters. What most pages repeat at their ends is
/// kept once, and numbers of pages are left out.
///
/// # Errors
/// [`PdfError`]: nothing of it can be read. Pages that cannot be read are noted.
pub fn read(bytes: Vec<u8>, options: Options<'_>) -> Result<Document, PdfError> {
    let Options { limits, pdfium, counter, ocr, is_late } = options;
    if length(bytes.len()) > limits.bytes_in {
        return Err(PdfError::TooMuch { what: Excess::BytesIn, max: limits.bytes_in });
    }
    let bytes = Arc::new(bytes);
    let engines = Engines::open(&bytes, pdfium)?;
    if engines.pages() == 0 {
        return Err(broken("pages"));
    }
    let seer = Seer { bytes: Arc::clone(&bytes), drawing: OnceCell::new(), ocr, seen: 0 };
    let mut reader =
        Reader { engines, counter, seer, limits, composition: Composition::new(limits.text_bytes) };
    let mut pages = Vec::new();
    for index in 0..reader.engines.pages().min(limits.pages) {
        if is_late() {
            reader.composition.note(Note::Truncated { place: on(index + 1) });
            break;
        }
        pages.push(reader.page(index));
    }
    if reader.engines.pages() > limits.pages {
        reader.composition.note(Note::Truncated { place: on(limits.pages.saturating_add(1)) });
    }
    compose(pages, reader.composition)
}

/// The lines of a page, in the order of reading.
#[derive(Debug, Default)]
pub(crate) struct PageLines {
    /// From 1.
    pub(crate) number: u32,
    /// Nothing for a page that could not be read.
    pub(crate) size: Option<Size>,
    pub(crate) lines: Vec<Line>,
}

fn compose(mut pages: Vec<PageLines>, mut composition: Composition) -> Result<Document, PdfError> {
    furniture::remove(&mut pages);
    let measure = Measure::of(pages.iter().flat_map(|page| &page.lines));
    for page in pages {
        composition.page(page.number, page.size, pieces(page.lines, &measure))?;
    }
    composition.finish()
}

struct Reader<'b, 'o> {
    engines: Engines<'b>,
    counter: Option<&'o dyn CountTokens>,
    seer: Seer<'o>,
    limits: Limits,
    composition: Composition,
}

impl Reader<'_, '_> {
    fn page(&mut self, index: u32) -> PageLines {
        let place = || on(index + 1);
        let Ok(read) = self.engines.page(index, self.counter, &self.limits) else {
            self.composition.note(Note::Unreadable { place: place() });
            return PageLines { number: index + 1, ..PageLines::default() };
        };
        for note in read.notes {
            self.composition.note(note);
        }
        let mut page = PageLines { number: index + 1, size: Some(read.size), lines: read.lines };
        if page.lines.is_empty() {
            match self.seer.look(index, &self.limits) {
                Seen::Nothing => {}
                Seen::Unread => self.composition.note(Note::NoText { place: place() }),
                Seen::Lines(lines) => {
                    self.composition.note(Note::Recognised { place: place() });
                    page.lines = lines;
                }
            }
        }
        page
    }
}

/// What came of reading a page.
struct Read {
    size: Size,
    lines: Vec<Line>,
    notes: Vec<Note>,
    /// Whether another engine may read it better.
    wants_another: bool,
}

/// `pdfium` where it is there, and `pdf_oxide` where it is wanted.
struct Engines<'a> {
    bytes: &'a [u8],
    pdfium: Option<PdfiumDocument<'a>>,
    oxide: OnceCell<Option<Oxide>>,
}

impl<'a> Engines<'a> {
    fn open(bytes: &'a [u8], library: Option<&'a PdfiumLibrary>) -> Result<Self, PdfError> {
        let pdfium = match library.map(|library| PdfiumDocument::open(library, bytes)) {
            Some(Ok(document)) => Some(document),
            Some(Err(error @ PdfError::Encrypted { .. })) => return Err(error),
            Some(Err(_)) | None => None,
        };
        let oxide = match &pdfium {
            Some(_) => OnceCell::new(),
            None => OnceCell::from(Some(Oxide::open(bytes.to_vec())?)),
        };
        Ok(Self { bytes, pdfium, oxide })
    }

    fn oxide(&self) -> Option<&Oxide> {
        self.oxide.get_or_init(|| Oxide::open(self.bytes.to_vec()).ok()).as_ref()
    }

    fn pages(&self) -> u32 {
        match (&self.pdfium, self.oxide.get()) {
            (Some(pdfium), _) => pdfium.pages(),
            (None, Some(Some(oxide))) => oxide.pages(),
            (None, _) => 0,
        }
    }

    fn page(
        &self,
        index: u32,
        counter: Option<&dyn CountTokens>,
        limits: &Limits,
    ) -> Result<Read, PdfError> {
        let read = |engine: &dyn Engine| {
            engine.page(index, limits.letters_per_page).map(|raw| laid_out(index, raw, limits))
        };
        let Some(pdfium) = &self.pdfium else {
            let oxide = self.oxide().ok_or(broken("document"))?;
            let mut page = read(oxide)?;
            if Letters::of(&page.lines, 0).are_mostly_from_the_right() {
                page.notes.push(Note::Doubtful { place: on(index + 1) });
            }
            return Ok(page);
        };
        let first = read(pdfium);
        let wants_another = first.as_ref().map_or(true, |page| page.wants_another);
        let second = if wants_another { self.oxide().map(|oxide| read(oxide)) } else { None };
        match (first, second) {
            (Ok(one), Some(Ok(other))) if is_oxide_better(&one.lines, &other.lines, counter) => {
                Ok(other)
            }
            (Ok(one), _) => Ok(one),
            (Err(_), Some(Ok(other))) => Ok(other),
            (Err(error), _) => Err(error),
        }
    }
}

/// The lines of a page from its letters, in the order of reading.
fn laid_out(index: u32, mut raw: RawPage, limits: &Limits) -> Read {
    let mut notes = Vec::new();
    let place = || on(index + 1);
    if raw.glyphs.len() > limits.letters_per_page {
        raw.glyphs.truncate(limits.letters_per_page);
        notes.push(Note::Truncated { place: place() });
    }
    if raw.hidden {
        notes.push(Note::HiddenLeftOut { place: place() });
    }
    let meaningless = raw.glyphs.iter().filter(|glyph| is_meaningless(glyph.letter)).count();
    let lines = put_in_order(lines(&raw.glyphs));
    let letters = Letters::of(&lines, meaningless);
    if letters.are_doubtful() {
        notes.push(Note::Doubtful { place: place() });
    }
    Read { size: raw.size, lines, notes, wants_another: letters.want_another_reading() }
}

/// Looks at pages that have no letters.
struct Seer<'a> {
    bytes: Arc<Vec<u8>>,
    drawing: OnceCell<Option<Drawing>>,
    ocr: Option<&'a mut dyn Ocr>,
    /// How many pages were recognised.
    seen: u32,
}

enum Seen {
    Nothing,
    /// There is something, and nobody says what.
    Unread,
    Lines(Vec<Line>),
}

impl Seer<'_> {
    fn look(&mut self, index: u32, limits: &Limits) -> Seen {
        let drawing = self.drawing.get_or_init(|| Drawing::open(Arc::clone(&self.bytes)).ok());
        let Some(drawing) = drawing else { return Seen::Unread };
        let ocr = self.ocr.as_mut().filter(|_| self.seen < limits.recognised_pages);
        let dots = if ocr.is_some() { DOTS_FOR_LETTERS } else { DOTS_FOR_ANYTHING };
        let Ok((picture, points)) = drawing.picture(index, dots, limits.pixels) else {
            return Seen::Unread;
        };
        if picture.is_blank() {
            return Seen::Nothing;
        }
        let Some(ocr) = ocr else { return Seen::Unread };
        self.seen += 1;
        let Ok(seen) = ocr.recognise(&picture) else { return Seen::Unread };
        let lines: Vec<Line> = seen.iter().filter_map(|line| ocr::on_page(line, points)).collect();
        if lines.is_empty() { Seen::Unread } else { Seen::Lines(lines) }
    }
}
