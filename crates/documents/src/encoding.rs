//! A document as bytes, on its way from a worker.
//!
//! The worker may have been taken over by what it read. So nothing is believed: every count is
//! compared with the bytes that are there before memory is taken, [`Document::new`] checks that
//! all parts hold together, and texts that go to people are shortened.
//!
//! All numbers are little-endian: `GRD1`, the text, blocks, pages with their runs, notes, each list
//! behind its count.

mod reader;

use passages::{
    Area, Block, BlockKind, Document, DocumentError, Note, Page, Place, Run, Size, Span,
};

use self::reader::Reader;
use crate::{message::shown, settings::ReaderLimits};

const MAGIC: &[u8; 4] = b"GRD1";
/// Notes beyond this many say nothing new to a person.
const NOTES_MAX: usize = 1000;

/// Why bytes are no document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EncodingError {
    #[error("the reading ends early, or is none")]
    Malformed,
    #[error("the reading has more text or pages than are read")]
    TooMuch,
    #[error("the reading does not hold together")]
    Incoherent(#[source] DocumentError),
}

pub(crate) fn encode(document: &Document) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    put_text(&mut bytes, &document.text);
    put_count(&mut bytes, document.blocks.len());
    for block in &document.blocks {
        let (kind, level) = kind_code(block.kind);
        bytes.extend_from_slice(&[kind, level]);
        put_span(&mut bytes, block.span);
    }
    put_count(&mut bytes, document.pages.len());
    for page in &document.pages {
        put_page(&mut bytes, page);
    }
    put_count(&mut bytes, document.notes.len());
    for note in &document.notes {
        put_note(&mut bytes, note);
    }
    bytes
}

/// What [`encode`] made, or somebody who says so.
pub(crate) fn decode(bytes: &[u8], limits: &ReaderLimits) -> Result<Document, EncodingError> {
    let mut reader = Reader(bytes);
    let parts = parts(&mut reader).filter(|_| reader.is_empty()).ok_or(EncodingError::Malformed)?;
    let (text, blocks, pages, notes) = parts;
    let is_allowed = text.len() as u64 <= limits.text_bytes_max
        && pages.len() as u64 <= u64::from(limits.pages_max)
        && notes.len() <= NOTES_MAX;
    if !is_allowed {
        return Err(EncodingError::TooMuch);
    }
    Document::new(text, blocks, pages, notes).map_err(EncodingError::Incoherent)
}

type Parts = (String, Vec<Block>, Vec<Page>, Vec<Note>);

fn parts(reader: &mut Reader<'_>) -> Option<Parts> {
    if reader.take(MAGIC.len())? != MAGIC {
        return None;
    }
    let text = reader.text()?;
    let blocks = reader.list(BLOCK_BYTES, take_block)?;
    let pages = reader.list(PAGE_BYTES_MIN, take_page)?;
    let notes = reader.list(NOTE_BYTES_MIN, take_note)?;
    Some((text, blocks, pages, notes))
}

const BLOCK_BYTES: usize = 10;
const PAGE_BYTES_MIN: usize = 25;
const RUN_BYTES: usize = 24;
const NOTE_BYTES_MIN: usize = 10;

fn put_count(bytes: &mut Vec<u8>, count: usize) {
    // A document has no more of anything than bytes of text, which are counted so.
    put_u32(bytes, u32::try_from(count).unwrap_or(u32::MAX));
}

fn put_u32(bytes: &mut Vec<u8>, number: u32) {
    bytes.extend_from_slice(&number.to_le_bytes());
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    put_count(bytes, text.len());
    bytes.extend_from_slice(text.as_bytes());
}

fn put_span(bytes: &mut Vec<u8>, span: Span) {
    put_u32(bytes, span.start);
    put_u32(bytes, span.end);
}

fn put_sides(bytes: &mut Vec<u8>, sides: &[f32]) {
    for side in sides {
        bytes.extend_from_slice(&side.to_le_bytes());
    }
}

fn kind_code(kind: BlockKind) -> (u8, u8) {
    match kind {
        BlockKind::Heading { level } => (0, level),
        BlockKind::Paragraph => (1, 0),
        BlockKind::ListItem { depth } => (2, depth),
        BlockKind::TableRow => (3, 0),
        BlockKind::Code => (4, 0),
        BlockKind::Quote => (5, 0),
    }
}

fn take_block(reader: &mut Reader<'_>) -> Option<Block> {
    let (kind, level) = (reader.byte()?, reader.byte()?);
    let kind = match kind {
        0 => BlockKind::Heading { level },
        1 => BlockKind::Paragraph,
        2 => BlockKind::ListItem { depth: level },
        3 => BlockKind::TableRow,
        4 => BlockKind::Code,
        5 => BlockKind::Quote,
        _ => return None,
    };
    Some(Block { kind, span: reader.span()? })
}

fn put_page(bytes: &mut Vec<u8>, page: &Page) {
    put_u32(bytes, page.number);
    put_span(bytes, page.span);
    bytes.push(u8::from(page.size.is_some()));
    let size = page.size.unwrap_or(Size { width: 0.0, height: 0.0 });
    put_sides(bytes, &[size.width, size.height]);
    put_count(bytes, page.runs.len());
    for run in &page.runs {
        let Area { left, top, right, bottom } = run.area;
        put_span(bytes, run.span);
        put_sides(bytes, &[left, top, right, bottom]);
    }
}

fn take_page(reader: &mut Reader<'_>) -> Option<Page> {
    let (number, span) = (reader.number()?, reader.span()?);
    let has_size = match reader.byte()? {
        0 => false,
        1 => true,
        _ => return None,
    };
    let size = Size { width: reader.side()?, height: reader.side()? };
    let runs = reader.list(RUN_BYTES, take_run)?;
    Some(Page { number, span, size: has_size.then_some(size), runs })
}

fn take_run(reader: &mut Reader<'_>) -> Option<Run> {
    let span = reader.span()?;
    let (left, top) = (reader.side()?, reader.side()?);
    let (right, bottom) = (reader.side()?, reader.side()?);
    Some(Run { span, area: Area { left, top, right, bottom } })
}

fn put_note(bytes: &mut Vec<u8>, note: &Note) {
    let (kind, place, count) = match note {
        Note::NoText { place } => (0, place, 0),
        Note::Unreadable { place } => (1, place, 0),
        Note::Locked { place } => (2, place, 0),
        Note::Truncated { place } => (3, place, 0),
        Note::PicturesLeftOut { place, count } => (4, place, *count),
        Note::AttachmentsLeftOut { place, count } => (5, place, *count),
        Note::HiddenLeftOut { place } => (6, place, 0),
        Note::Recognised { place } => (7, place, 0),
        Note::Doubtful { place } => (8, place, 0),
    };
    bytes.push(kind);
    put_u32(bytes, count);
    match place {
        Place::Document => {
            bytes.push(0);
            put_u32(bytes, 0);
        }
        Place::Page(number) => {
            bytes.push(1);
            put_u32(bytes, *number);
        }
        Place::Part(name) => {
            bytes.push(2);
            put_text(bytes, name);
        }
    }
}

fn take_note(reader: &mut Reader<'_>) -> Option<Note> {
    let (kind, count) = (reader.byte()?, reader.number()?);
    let place = match reader.byte()? {
        0 => reader.number().map(|_| Place::Document)?,
        1 => Place::Page(reader.number()?),
        2 => Place::Part(shown(&reader.text()?)),
        _ => return None,
    };
    Some(match kind {
        0 => Note::NoText { place },
        1 => Note::Unreadable { place },
        2 => Note::Locked { place },
        3 => Note::Truncated { place },
        4 => Note::PicturesLeftOut { place, count },
        5 => Note::AttachmentsLeftOut { place, count },
        6 => Note::HiddenLeftOut { place },
        7 => Note::Recognised { place },
        8 => Note::Doubtful { place },
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
