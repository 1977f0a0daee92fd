//! Where sentences begin and end.

mod abbreviations;
mod rules;

use std::borrow::Cow;

use icu_segmenter::{SentenceSegmenter, options::SentenceBreakInvariantOptions};

use crate::document::{Block, BlockKind, Document, Span};

/// One sentence of a document: without white space at its ends, never empty, inside of one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// Where it stands.
    pub span: Span,
    /// Index of its block in [`Document::blocks`].
    pub block: usize,
}

/// All sentences of a document, in order. Together they hold everything but white space.
///
/// Boundaries are those of Unicode (UAX 29), less those after abbreviations, initials, ordinals
/// and enumerations of French, English, German, Spanish, Arabic, Hindi, Nepali and Tamil, and
/// those that only a break of a line makes; `؛` ends a sentence too. Where a full stop may be
/// either, the sentence goes on: a long quote is better than half of one. Headings and rows of
/// tables are one sentence each; of code, each line is one.
pub fn sentences(document: &Document) -> Vec<Sentence> {
    let blocks = document.blocks.iter().enumerate();
    blocks
        .flat_map(|(index, block)| {
            let spans = of_block(document, block);
            spans.into_iter().map(move |span| Sentence { span, block: index })
        })
        .collect()
}

fn of_block(document: &Document, block: &Block) -> Vec<Span> {
    let text = document.slice(block.span).unwrap_or_default();
    let inside = match block.kind {
        BlockKind::Heading { .. } | BlockKind::TableRow => vec![Span::of(0, text.len())],
        BlockKind::Code => lines(text),
        BlockKind::Paragraph | BlockKind::ListItem { .. } | BlockKind::Quote => prose(text),
    };
    let trimmed = inside.into_iter().filter_map(|span| trimmed(text, span));
    trimmed.map(|span| span.shifted(block.span.start)).collect()
}

/// The span without white space at its ends; nothing where it is all white space.
pub(crate) fn trimmed(text: &str, span: Span) -> Option<Span> {
    let within = text.get(span.range())?;
    let start = span.range().start + (within.len() - within.trim_start().len());
    let end = span.range().start + within.trim_end().len();
    (start < end).then(|| Span::of(start, end))
}

fn lines(text: &str) -> Vec<Span> {
    let mut start = 0;
    let mut found = Vec::new();
    for line in text.split_inclusive('\n') {
        found.push(Span::of(start, start + line.len()));
        start += line.len();
    }
    found
}

/// Sentences of running text, with the white space after each.
pub(crate) fn prose(text: &str) -> Vec<Span> {
    let flowing = without_line_breaks(text);
    let mut found = Vec::new();
    let mut start = 0;
    for boundary in boundaries(&flowing) {
        let end = rules::past_closing(&flowing, boundary);
        let Some((before, after)) = flowing.split_at_checked(end) else { continue };
        let Some(sentence) = before.get(start..) else { continue };
        if after.is_empty() || rules::goes_on(sentence, after) {
            continue;
        }
        found.push(Span::of(start, end));
        start = end;
    }
    found.push(Span::of(start, text.len()));
    found
}

/// Where sentences may end: after the white space that follows them.
fn boundaries(text: &str) -> Vec<usize> {
    let segmenter = SentenceSegmenter::new(SentenceBreakInvariantOptions::default());
    let mut found: Vec<usize> = segmenter.segment_str(text).collect();
    found.extend(text.match_indices('؛').map(|(at, mark)| {
        let after = text.get(at + mark.len()..).unwrap_or_default();
        at + mark.len() + (after.len() - after.trim_start().len())
    }));
    found.sort_unstable();
    found.dedup();
    found
}

/// The same text with a space of as many bytes for each break of a line, since Unicode ends a
/// sentence there.
fn without_line_breaks(text: &str) -> Cow<'_, str> {
    let breaks = |c: char| matches!(c, '\n'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
    if !text.contains(breaks) {
        return Cow::Borrowed(text);
    }
    let space = |c: char| match c {
        '\n'..='\r' => ' ',
        '\u{85}' => '\u{A0}',
        '\u{2028}' | '\u{2029}' => '\u{2003}',
        other => other,
    };
    Cow::Owned(text.chars().map(space).collect())
}
