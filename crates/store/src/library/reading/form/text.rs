//! What was read, without where its characters stand.

use knowledge::{Language, Passage, Reading};
use passages::{Block, BlockKind, Document, Note, Page, Place, Size, Span};

use super::{Cursor, write_count, write_number, write_side, write_span, write_text};

/// What a reading is put together from.
pub(super) struct Parts {
    digest: [u8; 32],
    language: Option<Language>,
    text: String,
    blocks: Vec<Block>,
    pub(super) pages: Vec<Page>,
    notes: Vec<Note>,
    passages: Vec<Passage>,
}

impl Parts {
    /// `None` if they do not hold together.
    pub(super) fn reading(self) -> Option<Reading> {
        let Self { digest, language, text, blocks, pages, notes, passages } = self;
        let document = Document::new(text, blocks, pages, notes).ok()?;
        Reading::new(digest, language, document, passages).ok()
    }
}

pub(super) fn write(bytes: &mut Vec<u8>, reading: &Reading) {
    let Document { text, blocks, pages, notes } = &reading.document;
    bytes.extend_from_slice(&reading.digest);
    write_text(bytes, reading.language.map_or("", Language::tag));
    write_text(bytes, text);
    write_count(bytes, blocks.len());
    for block in blocks {
        write_block(bytes, *block);
    }
    write_count(bytes, pages.len());
    for page in pages {
        write_page(bytes, page);
    }
    write_count(bytes, notes.len());
    for note in notes {
        write_note(bytes, note);
    }
    write_count(bytes, reading.passages.len());
    reading.passages.iter().for_each(|passage| write_passage(bytes, passage));
}

pub(super) fn read(bytes: &[u8]) -> Option<Parts> {
    let mut cursor = Cursor(bytes);
    let digest = cursor.array()?;
    let language = match cursor.text()? {
        "" => None,
        tag => Some(Language::from_tag(tag)?),
    };
    let text = cursor.text()?.to_owned();
    let blocks = cursor.list(block)?;
    let pages = cursor.list(page)?;
    let notes = cursor.list(note)?;
    let numbered = cursor.list(passage)?;
    let passages = (0_u32..).zip(numbered);
    let passages = passages.map(|(number, one)| Passage { number, ..one }).collect();
    let parts = Parts { digest, language, text, blocks, pages, notes, passages };
    cursor.is_empty().then_some(parts)
}

fn write_block(bytes: &mut Vec<u8>, block: Block) {
    let (kind, more) = match block.kind {
        BlockKind::Heading { level } => (0, level),
        BlockKind::Paragraph => (1, 0),
        BlockKind::ListItem { depth } => (2, depth),
        BlockKind::TableRow => (3, 0),
        BlockKind::Code => (4, 0),
        BlockKind::Quote => (5, 0),
    };
    bytes.extend_from_slice(&[kind, more]);
    write_span(bytes, block.span);
}

fn block(cursor: &mut Cursor<'_>) -> Option<Block> {
    let kind = match (cursor.byte()?, cursor.byte()?) {
        (0, level) => BlockKind::Heading { level },
        (1, 0) => BlockKind::Paragraph,
        (2, depth) => BlockKind::ListItem { depth },
        (3, 0) => BlockKind::TableRow,
        (4, 0) => BlockKind::Code,
        (5, 0) => BlockKind::Quote,
        _ => return None,
    };
    Some(Block { kind, span: cursor.span()? })
}

fn write_page(bytes: &mut Vec<u8>, page: &Page) {
    write_number(bytes, page.number);
    write_span(bytes, page.span);
    bytes.push(u8::from(page.size.is_some()));
    if let Some(Size { width, height }) = page.size {
        write_side(bytes, width);
        write_side(bytes, height);
    }
}

fn page(cursor: &mut Cursor<'_>) -> Option<Page> {
    let (number, span) = (cursor.number()?, cursor.span()?);
    let size = match cursor.byte()? {
        0 => None,
        1 => Some(Size { width: cursor.side()?, height: cursor.side()? }),
        _ => return None,
    };
    Some(Page { number, span, size, runs: Vec::new() })
}

fn write_note(bytes: &mut Vec<u8>, note: &Note) {
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
    write_number(bytes, count);
    match place {
        Place::Document => bytes.push(0),
        Place::Page(number) => {
            bytes.push(1);
            write_number(bytes, *number);
        }
        Place::Part(part) => {
            bytes.push(2);
            write_text(bytes, part);
        }
    }
}

fn note(cursor: &mut Cursor<'_>) -> Option<Note> {
    let (kind, count) = (cursor.byte()?, cursor.number()?);
    let place = match cursor.byte()? {
        0 => Place::Document,
        1 => Place::Page(cursor.number()?),
        2 => Place::Part(cursor.text()?.to_owned()),
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

/// Its number is its place.
fn write_passage(bytes: &mut Vec<u8>, passage: &Passage) {
    write_span(bytes, passage.span);
    write_spans(bytes, &passage.headings);
    write_spans(bytes, passage.table_header.as_slice());
    write_count(bytes, passage.pages.len());
    passage.pages.iter().for_each(|page| write_number(bytes, *page));
    write_spans(bytes, &passage.sentences);
    write_number(bytes, passage.tokens);
}

fn write_spans(bytes: &mut Vec<u8>, spans: &[Span]) {
    write_count(bytes, spans.len());
    for span in spans {
        write_span(bytes, *span);
    }
}

fn passage(cursor: &mut Cursor<'_>) -> Option<Passage> {
    let span = cursor.span()?;
    let headings = cursor.list(Cursor::span)?;
    let table_header = match cursor.list(Cursor::span)?.as_slice() {
        [] => None,
        [header] => Some(*header),
        _ => return None,
    };
    let pages = cursor.list(Cursor::number)?;
    let sentences = cursor.list(Cursor::span)?;
    let tokens = cursor.number()?;
    Some(Passage { number: 0, span, headings, table_header, pages, sentences, tokens })
}
