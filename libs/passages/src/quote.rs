//! From a quote, as a person or a model gives it, to the exact place that it was taken from.

use crate::{
    characters::{digit, is_invisible, is_mark, is_word},
    document::{Document, Span},
    normal::Normal,
};

/// Longest quote that is looked for, in bytes: a few pages.
pub const QUOTE_BYTES_MAX: usize = 16 * 1024;

/// Places that are looked at for one form of a quote. At more of them than this it begins inside
/// of a character or of a number, which no text of people does.
const PLACES_MAX: usize = 10_000;

/// Characters beside a quote that say whether a number goes on there, unseen ones among them.
const NEAR: usize = 64;

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
    /// words, a word less, part of a number, or a missing accent are not found, nor are quotes
    /// without a letter or digit to go by and quotes of more than [`QUOTE_BYTES_MAX`].
    pub fn find(&self, quote: &str) -> Option<Span> {
        let verbatim = quote.trim();
        if verbatim.len() > QUOTE_BYTES_MAX || !verbatim.chars().any(is_word) {
            return None;
        }
        let exact = self.text.match_indices(verbatim).map(|(at, _)| at);
        let whole = exact.map(|at| Span::of(at, at + verbatim.len())).find(|s| self.is_whole(*s));
        whole.or_else(|| self.find_normal(verbatim))
    }

    /// Whether a span does not end between a letter and its marks, nor inside of a number: `ou`
    /// is not a quote of `où`.
    fn is_whole(&self, span: Span) -> bool {
        let after = self.text.get(span.end as usize..).unwrap_or_default();
        !after.starts_with(is_mark) && !self.cuts_number(span)
    }

    /// Whether a number goes on beyond a span: `5 %` is not a quote of `15 %`.
    fn cuts_number(&self, span: Span) -> bool {
        let before = self.text.get(..span.start as usize).unwrap_or_default();
        let held = self.text.get(span.range()).unwrap_or_default();
        let after = self.text.get(span.end as usize..).unwrap_or_default();
        goes_on(before, held) || goes_on(held, after)
    }

    fn find_normal(&self, quote: &str) -> Option<Span> {
        let needle = crate::normalised(quote);
        let bare = without_hyphen(&needle);
        let unquoted = bare.trim_matches('"');
        let single = unquoted.trim_matches('\'');
        let mut forms = vec![needle.as_str(), bare, unquoted, single];
        forms.dedup();
        forms.into_iter().find_map(|form| self.position(form))
    }

    fn position(&self, needle: &str) -> Option<Span> {
        let mut from = 0;
        let step = needle.chars().next()?.len_utf8();
        for _ in 0..PLACES_MAX {
            let start = from + self.normal.text.get(from..)?.find(needle)?;
            let source = self.normal.source(start, start + needle.len());
            let source = source.filter(|span| !self.cuts_number(*span));
            if source.is_some() {
                return source;
            }
            from = start + step;
        }
        None
    }
}

/// Whether one number goes on from the end of `left` to the start of `right`.
fn goes_on(left: &str, right: &str) -> bool {
    let (left, right) = (near(left.chars().rev()), near(right.chars()));
    let digits = |near: &[char]| near.iter().take_while(|c| digit(**c).is_some()).count();
    let (head, tail) = (digits(&left), digits(&right));
    match (left.as_slice(), right.as_slice()) {
        _ if head > 0 && tail > 0 => true,
        ([mark, rest @ ..], _) if tail > 0 => joins(*mark, digits(rest), tail),
        (_, [mark, rest @ ..]) if head > 0 => joins(*mark, head, digits(rest)),
        _ => false,
    }
}

fn near(characters: impl Iterator<Item = char>) -> Vec<char> {
    characters.take(NEAR).filter(|c| !is_invisible(*c)).take(5).collect()
}

/// Whether a character makes one number of so many digits before it and so many behind it: a
/// separator, or a space before thousands.
fn joins(mark: char, before: usize, after: usize) -> bool {
    match mark {
        '.' | ',' | '٫' | '٬' => before > 0 && after > 0,
        ' ' | '\u{a0}' | '\u{2009}' | '\u{202f}' => (1..=3).contains(&before) && after == 3,
        _ => false,
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
