//! Documents seen from outside: what is refused, where sentences, chunks and quotes stand, and
//! what of a statement its quotes do not hold.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use passages::{Block, BlockKind, Document, Span};

mod areas;
mod chunks;
mod claims;
mod documents;
mod properties;
mod quotes;
mod sentences;

/// Bytes `start..end` of a text.
fn span(start: usize, end: usize) -> Span {
    Span::new(u32::try_from(start).unwrap(), u32::try_from(end).unwrap())
}

/// A document without pages, of these blocks with an empty line between them.
fn document(blocks: &[(BlockKind, &str)]) -> Document {
    let mut text = String::new();
    let mut found = Vec::new();
    for (kind, block) in blocks {
        let start = text.len();
        text.push_str(block);
        found.push(Block { kind: *kind, span: span(start, text.len()) });
        text.push_str("\n\n");
    }
    Document::new(text, found, Vec::new(), Vec::new()).unwrap()
}

/// A document of one paragraph.
fn paragraph(text: &str) -> Document {
    document(&[(BlockKind::Paragraph, text)])
}

/// What stands at each of these places.
fn slices(document: &Document, spans: &[Span]) -> Vec<String> {
    spans.iter().map(|span| document.slice(*span).unwrap().to_owned()).collect()
}
