//! Sentences packed for retrieval, structure first.

mod cut;
mod pack;

use std::{cell::RefCell, collections::HashMap};

use crate::{
    document::{Block, BlockKind, Document, Span},
    sentences::{sentences, trimmed},
};

/// Counts the tokens of a text as the model does that chunks are made for.
///
/// The count of the same text is always the same; that of two texts together is about the sum.
pub trait CountTokens {
    /// Tokens of `text`, without those that a model puts around it.
    fn tokens(&self, text: &str) -> usize;
}

impl<F: Fn(&str) -> usize> CountTokens for F {
    fn tokens(&self, text: &str) -> usize {
        self(text)
    }
}

/// How long chunks are, in tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkLimits {
    min: usize,
    max: usize,
}

/// The two numbers are no limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("chunks of {min} to {max} tokens: the first is above 0 and at most the second")]
pub struct ChunkLimitsError {
    /// The lower number given.
    pub min: usize,
    /// The upper number given.
    pub max: usize,
}

impl ChunkLimits {
    /// Chunks of `min` to `max` tokens. A chunk has fewer than `min` where its section ends or
    /// what is left is shared by the last two; none has more than `max`, unless one sentence of
    /// it cannot be cut further.
    ///
    /// # Errors
    /// [`ChunkLimitsError`] where `min` is 0 or above `max`.
    pub fn new(min: usize, max: usize) -> Result<Self, ChunkLimitsError> {
        if min == 0 || min > max {
            return Err(ChunkLimitsError { min, max });
        }
        Ok(Self { min, max })
    }
}

impl Default for ChunkLimits {
    /// 200 to 350 tokens. Headings are not counted, names of columns as half a chunk at most: this
    /// leaves room for them within the 512 that encoders read.
    fn default() -> Self {
        Self { min: 200, max: 350 }
    }
}

/// What is found and shown together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// From its first sentence to its last.
    pub span: Span,
    /// The headings that its text stands under, outermost first; where it has headings alone, those
    /// of the last of them. Those inside of `span` are also among `sentences`; [`Chunk::above`]
    /// gives the others.
    pub headings: Vec<Span>,
    /// The row that names the columns, where the chunk begins further down in the same table.
    pub table_header: Option<Span>,
    /// Numbers of the pages it stands on; empty for formats without pages.
    pub pages: Vec<u32>,
    /// Its sentences in order; never empty.
    pub sentences: Vec<Span>,
    /// Whether some of them are pieces of a sentence that is longer than a chunk may be.
    pub cut: bool,
}

impl Chunk {
    /// The headings that stand wholly before the chunk, outermost first: what a reader of the
    /// chunk alone does not see.
    pub fn above(&self) -> impl Iterator<Item = Span> {
        self.headings.iter().copied().filter(|heading| heading.end <= self.span.start)
    }
}

/// A sentence, or a piece of one.
#[derive(Clone, Copy, Debug)]
struct Unit {
    span: Span,
    block: usize,
    tokens: usize,
    cut: bool,
}

/// Everything from one heading to the next.
#[derive(Default)]
struct Section {
    headings: Vec<Span>,
    units: Vec<Unit>,
}

/// Packs all sentences of a document into chunks, each sentence into one, in order.
///
/// A chunk stays under one heading (headings without text of their own go with what follows) and
/// takes whole paragraphs where it can. It never ends inside of a sentence, except in sentences
/// that alone have more tokens than a chunk may: those are cut where a clause ends, or else
/// between words, or else between characters, and the chunk is marked.
pub fn chunks<C: CountTokens + ?Sized>(
    document: &Document,
    limits: ChunkLimits,
    counter: &C,
) -> Vec<Chunk> {
    let headers = table_headers(&document.blocks);
    let header_of = |unit: &Unit| headers.get(unit.block).copied().flatten();
    // One row stands above all chunks of its table, and may be long.
    let counted = RefCell::new(HashMap::new());
    let mut made = Vec::new();
    for section in sections(document, units(document, limits, counter)) {
        let context = |unit: &Unit| {
            let Some(span) = header_of(unit) else { return 0 };
            let count = || document.slice(span).map_or(0, |text| counter.tokens(text));
            *counted.borrow_mut().entry(span.start).or_insert_with(count)
        };
        for packed in pack::pack(&section.units, limits, context) {
            made.extend(chunk(document, &section.headings, packed, header_of));
        }
    }
    made
}

fn chunk(
    document: &Document,
    headings: &[Span],
    units: &[Unit],
    header_of: impl Fn(&Unit) -> Option<Span>,
) -> Option<Chunk> {
    let (first, last) = (units.first()?, units.last()?);
    let span = Span::new(first.span.start, last.span.end);
    Some(Chunk {
        span,
        headings: headings.to_vec(),
        table_header: header_of(first),
        pages: document.pages_of(span),
        sentences: units.iter().map(|unit| unit.span).collect(),
        cut: units.iter().any(|unit| unit.cut),
    })
}

fn units<C: CountTokens + ?Sized>(
    document: &Document,
    limits: ChunkLimits,
    counter: &C,
) -> Vec<Unit> {
    let mut found = Vec::new();
    for sentence in sentences(document) {
        let block = sentence.block;
        let text = document.slice(sentence.span).unwrap_or_default();
        let tokens = counter.tokens(text);
        if tokens <= limits.max {
            found.push(Unit { span: sentence.span, block, tokens, cut: false });
            continue;
        }
        found.extend(cut::cut(text, limits.max, counter).into_iter().map(|piece| Unit {
            span: piece.span.shifted(sentence.span.start),
            block,
            tokens: piece.tokens,
            cut: true,
        }));
    }
    found
}

/// Units by what heading they stand under.
fn sections(document: &Document, units: Vec<Unit>) -> Vec<Section> {
    let mut path: Vec<(u8, Span)> = Vec::new();
    let mut found = Vec::new();
    let mut current = Section::default();
    let mut has_text = false;
    let mut seen = None;
    for unit in units {
        let block = document.blocks.get(unit.block);
        let level = block.and_then(heading_level);
        if level.is_some() && has_text {
            found.push(std::mem::take(&mut current));
        }
        has_text = level.is_none();
        if let (Some(level), true) = (level, seen != Some(unit.block)) {
            path.retain(|(above, _)| *above < level);
            path.extend(block.and_then(|b| trimmed(&document.text, b.span)).map(|s| (level, s)));
            current.headings = path.iter().map(|(_, span)| *span).collect();
        } else if current.units.is_empty() {
            current.headings = path.iter().map(|(_, span)| *span).collect();
        }
        seen = Some(unit.block);
        current.units.push(unit);
    }
    found.push(current);
    found
}

fn heading_level(block: &Block) -> Option<u8> {
    match block.kind {
        BlockKind::Heading { level } => Some(level),
        BlockKind::Paragraph
        | BlockKind::ListItem { .. }
        | BlockKind::TableRow
        | BlockKind::Code
        | BlockKind::Quote => None,
    }
}

/// For each block, the first row of the table that it is a later row of.
fn table_headers(blocks: &[Block]) -> Vec<Option<Span>> {
    let mut header = None;
    let mut found = Vec::with_capacity(blocks.len());
    for block in blocks {
        if block.kind == BlockKind::TableRow {
            found.push(header);
            header = header.or(Some(block.span));
        } else {
            found.push(None);
            header = None;
        }
    }
    found
}
