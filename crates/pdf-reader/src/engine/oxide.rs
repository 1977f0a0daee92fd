//! The engine that is always there, in Rust.

use std::{
    collections::HashSet,
    panic::{AssertUnwindSafe, catch_unwind},
};

use passages::Area;
use pdf_oxide::{
    Error, PdfDocument, ReadingOrder, layout::TextSpan, optional_content::compute_default_off_ocgs,
};

use super::{
    Engine, Glyph, RawPage, SIZE_SEEN_MIN,
    frame::{Frame, Turn, UserArea},
};
use crate::{
    error::{PDF, PdfError, broken},
    letters,
    limits::number,
    script::is_brahmic,
};

/// How far letters go below and above the line that they stand on, in parts of their size.
const BELOW: f32 = 0.22;
const ABOVE: f32 = 0.93;
/// A gap that is wider, in parts of the size, stands for a space that was not written.
const SPACE: f32 = 0.15;
/// A letter is not narrower: the engine knows the beginning of such a word, and not its end.
const NARROW: f32 = 0.15;
/// Then a letter is taken for so wide, if there is room.
const USUAL: f32 = 0.6;
/// What a page measures that does not say.
const LETTER_PAPER: (f32, f32, f32, f32) = (0.0, 0.0, 612.0, 792.0);

/// A document that is open.
pub(crate) struct Oxide {
    document: PdfDocument,
    hidden_layers: HashSet<String>,
    pages: u32,
}

impl Oxide {
    pub(crate) fn open(bytes: Vec<u8>) -> Result<Self, PdfError> {
        let document = guarded("document", || PdfDocument::from_bytes(bytes))?;
        if document.is_encrypted() && !document.is_authenticated() {
            return Err(PdfError::Encrypted { format: PDF });
        }
        let pages = guarded("pages", || document.page_count())?;
        let pages = u32::try_from(pages).map_err(|_| broken("pages"))?;
        let hidden_layers = guarded("layers", || Ok(compute_default_off_ocgs(&document)))?;
        Ok(Self { document, hidden_layers, pages })
    }

    fn frame(&self, page: usize) -> Result<(Frame, i32), PdfError> {
        let shown = guarded("size of a page", || self.document.get_page_visible_box(page));
        let (left, bottom, right, top) = shown.unwrap_or(LETTER_PAPER);
        let degrees = guarded("turn of a page", || self.document.get_page_rotation(page));
        let degrees = degrees.unwrap_or(0);
        let shown = UserArea { left, bottom, right, top };
        let frame = Frame::new(shown, Turn::of_degrees(degrees));
        Ok((frame.ok_or(broken("size of a page"))?, degrees))
    }

    /// Runs of letters, in the coordinates of the PDF. What the engine does to pages that are
    /// turned depends on the run, so of these the runs are taken as they are written.
    fn spans(&self, page: usize, degrees: i32) -> Result<Vec<TextSpan>, PdfError> {
        guarded("text of a page", || {
            if degrees == 0 && self.hidden_layers.is_empty() {
                return self.document.extract_spans(page);
            }
            self.document.extract_spans_filtered_with_reading_order(
                page,
                ReadingOrder::ColumnAware,
                self.hidden_layers.clone(),
                HashSet::new(),
            )
        })
    }
}

impl Engine for Oxide {
    fn pages(&self) -> u32 {
        self.pages
    }

    fn page(&self, index: u32, letters_max: usize) -> Result<RawPage, PdfError> {
        let page = index as usize;
        let (frame, degrees) = self.frame(page)?;
        let spans = self.spans(page, degrees)?;
        let mut found = RawPage { size: frame.size(), glyphs: Vec::new(), hidden: false };
        for (at, span) in spans.iter().enumerate() {
            if found.glyphs.len() > letters_max {
                break;
            }
            add(&mut found, frame, span, spans.get(at + 1));
        }
        Ok(found)
    }
}

/// A fault of the engine is one of the document: the next page may be read.
fn guarded<T>(part: &'static str, work: impl FnOnce() -> Result<T, Error>) -> Result<T, PdfError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(Error::EncryptedPdf)) => Err(PdfError::Encrypted { format: PDF }),
        Ok(Err(_)) | Err(_) => Err(broken(part)),
    }
}

fn add(page: &mut RawPage, frame: Frame, span: &TextSpan, next: Option<&TextSpan>) {
    let upright = frame.is_upright(
        span.rotation_degrees.to_radians().cos(),
        span.rotation_degrees.to_radians().sin(),
    );
    let glyphs = span.text.chars().zip(areas(frame, span, next, upright));
    for (at, (letter, area)) in glyphs.enumerate() {
        let glyph = Glyph { letter, area, size: span.font_size, upright };
        if at == 0 {
            add_space(page, glyph);
        }
        if glyph.is_space() {
            page.glyphs.push(glyph);
            continue;
        }
        match area.clipped(page.size) {
            Some(area) if glyph.size >= SIZE_SEEN_MIN && !letters::is_hidden(letter) => {
                page.glyphs.push(Glyph { area, ..glyph });
            }
            Some(_) | None => page.hidden = true,
        }
    }
}

/// Runs that stand apart on one line are two words. Where letters of India meet, a run may end
/// anywhere, and spaces are written.
fn add_space(page: &mut RawPage, next: Glyph) {
    let Some(last) = page.glyphs.last().copied() else { return };
    let (from, to) = (last.area, next.area);
    let on_one_line = from.top.max(to.top) < from.bottom.min(to.bottom);
    let is_gap = to.left - from.right > SPACE * last.size.min(next.size);
    let may_go_on = is_brahmic(last.letter) && is_brahmic(next.letter);
    let (upright, blank) = (last.upright && next.upright, last.is_space() || next.is_space());
    if upright && on_one_line && is_gap && !may_go_on && !blank {
        let area = Area { left: from.right, right: to.left, ..from };
        page.glyphs.push(Glyph { letter: ' ', area, ..last });
    }
}

/// Where each character of a run stands.
fn areas(frame: Frame, span: &TextSpan, next: Option<&TextSpan>, upright: bool) -> Vec<Area> {
    let count = span.text.chars().count();
    if !upright || span.rotation_degrees != 0.0 {
        let whole = span.page_bbox();
        let whole = frame.place(UserArea {
            left: whole.x,
            bottom: whole.y,
            right: whole.x + whole.width,
            top: whole.y + whole.height,
        });
        return if upright { shares(whole, count) } else { vec![whole; count] };
    }
    let line = |left: f32, width: f32| {
        frame.place(UserArea {
            left,
            bottom: span.bbox.y - BELOW * span.font_size,
            right: left + width,
            top: span.bbox.y + ABOVE * span.font_size,
        })
    };
    let least = NARROW * span.font_size * number(count);
    if span.bbox.width < least {
        return shares(line(span.bbox.x, width_in_room(span, next, count)), count);
    }
    let ends = span.bbox.x + span.bbox.width;
    let place = |x: f32, width: f32| {
        // Written from the right, and told as if from the left.
        let left = if span.rtl_draw_logical { span.bbox.x + (ends - x - width) } else { x };
        line(left, width)
    };
    span.to_chars().iter().map(|one| place(one.bbox.x, one.bbox.width)).collect()
}

/// The width of a run of which the engine does not know the end: up to the next one.
fn width_in_room(span: &TextSpan, next: Option<&TextSpan>, count: usize) -> f32 {
    let usual = USUAL * span.font_size * number(count);
    let follows = next.filter(|next| {
        (next.bbox.y - span.bbox.y).abs() < span.font_size / 2.0 && next.bbox.x > span.bbox.x
    });
    follows.map_or(usual, |next| usual.min(next.bbox.x - span.bbox.x)).max(span.bbox.width)
}

/// The same share for each, from the left.
fn shares(whole: Area, count: usize) -> Vec<Area> {
    let width = whole.width() / number(count).max(1.0);
    let share = |at: usize| {
        let left = whole.left + width * number(at);
        Area { left, right: (left + width).min(whole.right).max(left), ..whole }
    };
    (0..count).map(share).collect()
}
