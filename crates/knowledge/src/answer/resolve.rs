//! From a place in a text to document, version, pages and rectangles.

use passages::{Span, areas};

use super::{Citation, CitedVersion};
use crate::ports::SourceVersion;

/// `None` where the span is none of the text.
pub(super) fn citation(source: &SourceVersion, span: Span) -> Option<Citation> {
    let quote = source.reading.slice(span)?.to_owned();
    Some(Citation {
        document: source.document,
        library: source.library,
        name: source.name.to_string(),
        version: CitedVersion { key: source.version, number: source.number },
        digest: source.digest,
        pages: source.reading.pages_of(span),
        span,
        areas: areas(&source.reading, span),
        quote,
    })
}
