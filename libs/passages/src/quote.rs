//! From a quote, as a person or a model gives it, to the exact place that it was taken from.

use crate::{
    characters::{is_mark, is_word},
    document::{Document, Span},
    normal::Normal,
};

/// Longest quote that is looked for, in bytes: a few pages.
pub const QUOTE_BYTES_MAX: usize = 16 * 1024;

/// A text made ready to find many quotes in it. Takes about as much memory as the text, and
/// several times that for texts of many accents.
#[derive(Debug)]
pub struct MatchText<'a> {
    text: &'a str,
    normal: Normal,
}

impl<'a> MatchText<'a> {
    /// Normalises `text` once; see [`normalised`](crate::normalised).
    pub fn new(text: &'a str) -> Self {
        Self { text, normal: Normal::of(text) }
    }

    /// The first place where `quote` stands, in bytes of the text.
    ///
    /// A place where it stands to the letter goes before one where it stands with other case,
    /// spaces, hyphens, or marks of a quotation. Marks of a quotation around all of `quote` may
    /// be the writer's own, so it is looked for without them too. Nothing is guessed: other
    /// words, a word less, or a missing accent are not found, nor are quotes without a letter
    /// or digit to go by and quotes of more than [`QUOTE_BYTES_MAX`].
    pub fn find(&self, quote: &str) -> Option<Span> {
        let verbatim = quote.trim();
        if verbatim.len() > QUOTE_BYTES_MAX || !verbatim.chars().any(is_word) {
            return None;
        }
        let exact = self.text.match_indices(verbatim).map(|(at, _)| at);
        let whole = exact.map(|at| Span::of(at, at + verbatim.len())).find(|s| self.is_whole(*s));
        whole.or_else(|| self.find_normal(verbatim))
    }

    /// Whether a span does not end between a letter and its marks: `ou` is not a quote of `où`.
    fn is_whole(&self, span: Span) -> bool {
        let after = self.text.get(span.end as usize..).unwrap_or_default();
        after.chars().next().is_none_or(|c| !is_mark(c))
    }

    fn find_normal(&self, quote: &str) -> Option<Span> {
        let needle = crate::normalised(quote);
        let bare = without_hyphen(&needle);
        let unquoted = bare.trim_matches('"');
        let single = unquoted.trim_matches('\'');
        [needle.as_str(), bare, unquoted, single].into_iter().find_map(|form| self.position(form))
    }

    fn position(&self, needle: &str) -> Option<Span> {
        let mut from = 0;
        let step = needle.chars().next()?.len_utf8();
        while let Some(found) = self.normal.text.get(from..)?.find(needle) {
            let start = from + found;
            let source = self.normal.source(start, start + needle.len());
            if source.is_some() {
                return source;
            }
            from = start + step;
        }
        None
    }
}

/// A normalised quote without the hyphen that it begins with: of a list, or of a word that the
/// quote begins in. That before a digit says that a number is below zero, so it stays.
fn without_hyphen(needle: &str) -> &str {
    match needle.strip_prefix('-') {
        Some(rest) if !rest.starts_with(|c: char| c.is_ascii_digit()) => rest.trim_start(),
        Some(_) | None => needle,
    }
}

/// The first place in a document where `quote` stands; see [`MatchText::find`].
///
/// To look for several quotes in one document, make one [`MatchText`].
pub fn find_quote(document: &Document, quote: &str) -> Option<Span> {
    MatchText::new(&document.text).find(quote)
}

/// The first place inside of `within` where `quote` stands; see [`MatchText::find`]. Nothing
/// where `within` is not a span of the document.
pub fn find_quote_in(document: &Document, within: Span, quote: &str) -> Option<Span> {
    let found = MatchText::new(document.slice(within)?).find(quote)?;
    Some(found.shifted(within.start))
}
