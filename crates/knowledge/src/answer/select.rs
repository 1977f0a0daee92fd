//! Which of the passages that were found the model is shown, and what of each can be quoted.

use std::collections::{BTreeMap, BTreeSet};

use inference::QuoteForm;
use passages::{Document, Span};

use crate::{IndexHit, VersionKey, ports::SourceVersion};

/// What a template, a number and a line break around a passage take, in tokens.
const TOKENS_AROUND: u32 = 8;

/// A passage that the model is shown. Its number is its place among them, from 1.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chosen {
    pub(super) version: VersionKey,
    pub(super) passage: u32,
    pub(super) score: f32,
    /// The headings above it, outermost first, and the names of its columns where it lacks them.
    pub(super) headings: Vec<String>,
    /// What can be quoted: sentences, in order.
    pub(super) sentences: Vec<Span>,
    /// The texts at these places.
    pub(super) texts: Vec<String>,
}

/// How much is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    pub(super) passages_max: usize,
    pub(super) tokens_max: u32,
}

/// The best passages that fit together, best first. One that does not fit is left out, and a
/// shorter one that was found after it may take its place; the best is shown in any case. A passage
/// with the very words of a better one is left out: copies of a document answer once.
pub(super) fn select(
    hits: &[IndexHit],
    sources: &BTreeMap<VersionKey, SourceVersion>,
    budget: Budget,
    count: impl Fn(&str) -> u32,
) -> Vec<Chosen> {
    let mut chosen: Vec<Chosen> = Vec::new();
    let mut seen = BTreeSet::new();
    let (mut tokens, mut bytes) = (0_u32, 0_usize);
    for hit in hits {
        if chosen.len() == budget.passages_max {
            break;
        }
        let Some(passage) = sources.get(&hit.version).and_then(|source| open(hit, source)) else {
            continue;
        };
        let more = passage.texts.iter().chain(&passage.headings).map(|text| count(text));
        let more = more.fold(TOKENS_AROUND, u32::saturating_add);
        let longer = passage.texts.iter().map(String::len).sum::<usize>();
        let fits = tokens.saturating_add(more) <= budget.tokens_max || chosen.is_empty();
        if fits && bytes + longer <= QuoteForm::BYTES_MAX && seen.insert(passage.texts.clone()) {
            tokens = tokens.saturating_add(more);
            bytes += longer;
            chosen.push(passage);
        }
    }
    chosen
}

/// `None` where the reading has no such passage, or nothing of it can be quoted: then the index
/// knows another reading than the one that is kept.
fn open(hit: &IndexHit, source: &SourceVersion) -> Option<Chosen> {
    let passage = source.passages.get(usize::try_from(hit.passage).ok()?)?;
    let reading = &source.reading;
    let sentences = quotable(reading, &passage.sentences);
    let text = |span: &Span| reading.slice(*span).map(str::to_owned);
    let texts: Vec<String> = sentences.iter().filter_map(text).collect();
    let first = sentences.first()?.start;
    // Those inside of the passage are among its sentences.
    let above = passage.headings.iter().filter(|heading| heading.end <= first);
    let headings = above.chain(&passage.table_header).filter_map(text).collect();
    Some(Chosen {
        version: hit.version,
        passage: hit.passage,
        score: hit.score,
        headings,
        sentences,
        texts,
    })
}

/// Sentences that can be told from each other when they stand on one line with a space between:
/// those that the document does not part by white space are one, and one without a letter or digit
/// belongs to its neighbour, since there is nothing to find it by.
fn quotable(reading: &Document, sentences: &[Span]) -> Vec<Span> {
    let has_words = |span: Span| {
        reading.slice(span).is_some_and(|text| text.chars().any(char::is_alphanumeric))
    };
    let mut found: Vec<Span> = Vec::new();
    for &sentence in sentences {
        if sentence.is_empty() || reading.slice(sentence).is_none() {
            continue;
        }
        match found.last_mut() {
            Some(last) if sentence.start < last.end => {}
            Some(last)
                if !is_parted(reading, *last, sentence)
                    || !has_words(*last)
                    || !has_words(sentence) =>
            {
                last.end = sentence.end;
            }
            Some(_) | None => found.push(sentence),
        }
    }
    found.retain(|span| has_words(*span));
    found
}

fn is_parted(reading: &Document, before: Span, after: Span) -> bool {
    let between = reading.slice(Span::new(before.end, after.start)).unwrap_or_default();
    !between.is_empty() && between.trim().is_empty()
}

#[cfg(test)]
mod tests;
