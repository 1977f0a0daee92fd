//! Documents cut into what is found and shown together.

use passages::{Chunk, ChunkLimits, Document, Span, chunks};

/// Sentences that are found and shown together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// In its document, from 0.
    pub number: u32,
    /// From its first sentence to its last.
    pub span: Span,
    /// The headings that it stands under and does not hold, outermost first.
    pub headings: Vec<Span>,
    /// The row that names the columns, where the passage begins further down in the same table.
    pub table_header: Option<Span>,
    /// Numbers of the pages that it stands on; empty for formats without pages.
    pub pages: Vec<u32>,
    /// Never empty, in order.
    pub sentences: Vec<Span>,
    /// Of what stands in `span`, as the model counts them that makes its vector.
    pub tokens: u32,
}

/// Cuts all of a document. May take as long as counting its tokens twice takes: call it off the
/// async threads.
pub(crate) fn cut(document: &Document, count: impl Fn(&str) -> u32) -> Vec<Passage> {
    let counter = |text: &str| count(text) as usize;
    let numbered = (0_u32..).zip(chunks(document, ChunkLimits::default(), &counter));
    numbered.map(|(number, chunk)| passage(document, number, chunk, &count)).collect()
}

fn passage(document: &Document, number: u32, chunk: Chunk, count: impl Fn(&str) -> u32) -> Passage {
    let headings = chunk.above().collect();
    let tokens = count(document.slice(chunk.span).unwrap_or_default());
    let Chunk { span, table_header, pages, sentences, .. } = chunk;
    Passage { number, span, headings, table_header, pages, sentences, tokens }
}
