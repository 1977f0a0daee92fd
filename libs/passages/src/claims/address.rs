//! Addresses of the network: whoever follows one tells it something, whatever the words around it
//! say.

use super::{Found, scan::Fact, token::Token};
use crate::document::Span;

/// What is followed when it is touched, or fetched when it is shown.
const SIGNS: [&str; 5] = ["//", "www.", "mailto:", "data:", "javascript:"];

/// The addresses of a text: words that hold a sign of one. Each stands for all of its word, so that
/// `](//host` of a link in Markdown is another address than `//host`.
pub(super) fn addresses(text: &str, tokens: &[Token]) -> Vec<Found> {
    let mut end = 0;
    let mut found = Vec::new();
    for word in text.split_inclusive(char::is_whitespace) {
        let start = end;
        end += word.len();
        if let Some(address) = address(word) {
            let place = Span::of(start, end);
            let first = tokens.partition_point(|token| token.span.start < place.start);
            let past = tokens.partition_point(|token| token.span.start < place.end);
            found.push(Found { fact: Fact::Address(address), first, end: past });
        }
    }
    found
}

/// In small letters, without the marks around it; `None` for other words.
fn address(word: &str) -> Option<String> {
    let small = word.to_lowercase();
    let inner = small.trim_matches(|c: char| !c.is_alphanumeric());
    // The marks before a host are a sign of it too.
    let whole = small.trim_end_matches(|c: char| !c.is_alphanumeric());
    let is_address = SIGNS.iter().any(|sign| whole.contains(sign)) || inner.contains('@');
    (is_address && !inner.is_empty()).then(|| inner.to_owned())
}
