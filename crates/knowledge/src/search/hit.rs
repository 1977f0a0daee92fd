use domain::{DocumentId, LibraryId};
use passages::Span;

use super::snippet::{Words, snippet};
use crate::{IndexHit, Version, ports::Opened};

/// A passage that was found, opened.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchHit {
    pub document: DocumentId,
    pub library: LibraryId,
    /// Of the document.
    pub name: String,
    pub media_type: String,
    /// Of the document: a JSON object as text.
    pub attributes: String,
    pub version: Version,
    /// Which passage of the version, from 0.
    pub passage: u32,
    /// Where it stands in what was read of the version.
    pub span: Span,
    /// Numbers of the pages that it stands on; empty for formats without pages.
    pub pages: Vec<u32>,
    /// That it stands under, outermost first.
    pub headings: Vec<String>,
    /// The row that names the columns, where the passage lacks it.
    pub table_header: Option<String>,
    pub text: String,
    /// Sentences of the passage, in bytes of `text`.
    pub sentences: Vec<Span>,
    /// The sentence of it that says most of what was looked for, in bytes of `text`.
    pub snippet: Span,
    pub score: f32,
    /// By its words alone, if it was found by them.
    pub lexical: Option<f32>,
    /// By its vector alone, if it was found by it.
    pub dense: Option<f32>,
}

impl SearchHit {
    /// `None` if what was read has no such passage.
    pub(super) fn of(found: &Opened, hit: &IndexHit, words: &Words) -> Option<Self> {
        let Opened { document, reading } = found;
        let passage = reading.passage(hit.passage)?;
        let within = |span: &Span| inside(*span, passage.span);
        let sentences: Vec<Span> = passage.sentences.iter().map(within).collect();
        let text = reading.slice(passage.span).to_owned();
        let snippet = snippet(&text, &sentences, words);
        Some(Self {
            document: document.id,
            library: document.library,
            name: document.name.clone(),
            media_type: document.media_type.clone(),
            attributes: document.attributes.clone(),
            version: document.current.clone(),
            passage: passage.number,
            span: passage.span,
            pages: passage.pages.clone(),
            headings: reading.headings(passage).into_iter().map(str::to_owned).collect(),
            table_header: passage.table_header.map(|header| reading.slice(header).to_owned()),
            text,
            sentences,
            snippet,
            score: hit.score,
            lexical: hit.lexical,
            dense: hit.dense,
        })
    }
}

impl From<&SearchHit> for IndexHit {
    fn from(hit: &SearchHit) -> Self {
        let SearchHit { version, passage, score, lexical, dense, .. } = hit;
        Self {
            version: version.key,
            passage: *passage,
            score: *score,
            lexical: *lexical,
            dense: *dense,
        }
    }
}

/// A span of a document, counted from where the passage that holds it begins.
fn inside(span: Span, passage: Span) -> Span {
    let from_start = |at: u32| at.saturating_sub(passage.start);
    Span::new(from_start(span.start), from_start(span.end))
}
