//! What of a page makes its parser slow, and how much of it there is.
use std::{
    borrow::Cow,
    collections::HashSet,
    hash::{BuildHasher, RandomState},
};

use crate::limits::length;

/// What begins a picture that stands in the page itself.
const DATA: &str = "data:";
/// Pictures below this many bytes cost nothing.
const PICTURE_MIN: usize = 256;

/// A page without the bytes of pictures that stand in attributes: they are left out anyway, and
/// look to the parser like many attributes to us.
///
/// Only values in quotes are emptied, behind a name and white space. There a browser sees nothing
/// but a value, so that no attribute is lost with it.
pub(super) fn without_pictures(page: &str) -> Cow<'_, str> {
    let mut kept = String::new();
    let mut rest = page;
    while let Some(at) = rest.find(DATA) {
        let (before, after) = rest.split_at(at + DATA.len());
        kept.push_str(before);
        rest = after.get(picture(before, after)..).unwrap_or_default();
    }
    if kept.is_empty() {
        return Cow::Borrowed(page);
    }
    kept.push_str(rest);
    Cow::Owned(kept)
}

/// Bytes of the picture at the start of `after`; 0 where there is none.
fn picture(before: &str, after: &str) -> usize {
    let Some(quote) = quote(before) else { return 0 };
    let bytes = after.bytes().take_while(|byte| is_of_picture(*byte)).count();
    let (held, following) = after.split_at(bytes);
    let is_whole = following.starts_with(quote) && held.contains(";base64,");
    if is_whole && bytes >= PICTURE_MIN { bytes } else { 0 }
}

fn is_of_picture(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+' | b'=' | b';' | b',' | b'-' | b'.')
}

/// The quote that a value was begun with, at the end of `before`.
fn quote(before: &str) -> Option<char> {
    let head = before.strip_suffix(DATA)?;
    let quote = head.chars().next_back().filter(|c| matches!(c, '"' | '\''))?;
    let head = head.strip_suffix(quote)?.strip_suffix('=')?;
    let tag = head.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '-');
    let is_named = tag.len() < head.len() && tag.ends_with(|c: char| c.is_ascii_whitespace());
    is_named.then_some(quote)
}

/// What lies inside of one tag or comment, as far as its length is known.
#[derive(Default)]
pub(super) struct Waiting {
    words: HashSet<u64>,
    steps: u64,
    hasher: RandomState,
}

impl Waiting {
    /// Something came out: what follows is another tag.
    pub(super) fn end(&mut self) {
        self.words.clear();
        self.steps = 0;
    }

    /// Comparisons of attributes that one more step may cost: each attribute is compared with
    /// those of other names before it. Nobody knows here whether it is a tag or a comment, in
    /// which words come again and again.
    pub(super) fn step(&mut self, step: &str) -> u64 {
        let ends_name = |c: char| c.is_ascii_whitespace() || matches!(c, '/' | '=' | '>');
        for word in step.split(ends_name) {
            self.words.insert(self.hasher.hash_one(word));
        }
        // A word that goes on in the next step is another one.
        self.steps += 1;
        let separators = step.bytes().filter(|byte| is_separator(*byte)).count();
        length(separators).saturating_mul(length(self.words.len()).saturating_add(self.steps))
    }
}

fn is_separator(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'/' | b'"' | b'\'')
}

#[cfg(test)]
mod tests {
    use super::without_pictures;

    #[test]
    fn only_values_in_quotes_are_emptied() {
        let data = format!("data:image/png;base64,{}", "A/".repeat(200));
        let page = format!(r#"<img src="{data}" alt="x">{data}"#);
        let expected = format!(r#"<img src="data:" alt="x">{data}"#);
        assert_eq!(without_pictures(&page), expected);
        for kept in [
            format!("<p x=\"{data}/hidden"),
            format!("<p =\"{data}\">"),
            format!("<x=\"{data}\">"),
            format!("<p src={data}>"),
            "<img src=\"data:image/png;base64,AA\">".to_owned(),
        ] {
            assert_eq!(without_pictures(&kept), kept);
        }
    }
}
