//! Finds special tokens in text: leftmost first, the longest at each place.

use super::TokenizerError;

/// Longer ones would make the search slow; real ones have up to about 40 bytes.
const BYTES_MAX: usize = 256;

/// A set of texts, sorted, so that a search narrows a range byte by byte.
#[derive(Clone, Debug)]
pub(crate) struct SpecialMatcher {
    sorted: Vec<(Box<[u8]>, u32)>,
    starts: [bool; 256],
}

/// Where a special token stands in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) token: u32,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl SpecialMatcher {
    pub(super) fn new<'a>(
        texts: impl Iterator<Item = (u32, &'a str)>,
    ) -> Result<Self, TokenizerError> {
        let mut sorted: Vec<(Box<[u8]>, u32)> = Vec::new();
        let mut starts = [false; 256];
        for (token, text) in texts {
            let (bytes, bytes_max) = (text.len(), BYTES_MAX);
            let Some(&first) = text.as_bytes().first().filter(|_| bytes <= bytes_max) else {
                return Err(TokenizerError::SpecialLength { token, bytes, bytes_max });
            };
            starts[usize::from(first)] = true;
            sorted.push((text.as_bytes().into(), token));
        }
        sorted.sort_unstable();
        Ok(Self { sorted, starts })
    }

    /// The characters that occur in any of the texts.
    pub(crate) fn characters(&self) -> impl Iterator<Item = char> {
        self.sorted.iter().flat_map(|(text, _)| str::from_utf8(text).unwrap_or_default().chars())
    }

    /// The longest special token that starts at byte `start`.
    pub(crate) fn match_at(&self, text: &str, start: usize) -> Option<Found> {
        let bytes = &text.as_bytes()[start..];
        if !self.starts[usize::from(*bytes.first()?)] {
            return None;
        }
        let mut range = &self.sorted[..];
        let mut longest = None;
        for (depth, &byte) in bytes.iter().enumerate() {
            // In `range` all texts agree with `bytes` before `depth`; one that ends here is first.
            let below = |(text, _): &(Box<[u8]>, u32)| text.get(depth).is_none_or(|&b| b < byte);
            let upto = |(text, _): &(Box<[u8]>, u32)| text.get(depth).is_none_or(|&b| b <= byte);
            range = &range[range.partition_point(below)..range.partition_point(upto)];
            let Some((first, token)) = range.first() else { break };
            if first.len() == depth + 1 {
                longest = Some(Found { token: *token, start, end: start + depth + 1 });
            }
        }
        longest
    }

    /// All matches from left to right, none overlapping.
    pub(crate) fn find_all<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Found> + 'a {
        let mut at = 0;
        std::iter::from_fn(move || {
            let skipped =
                text.as_bytes()[at..].iter().position(|&byte| self.starts[usize::from(byte)]);
            let mut start = at + skipped?;
            loop {
                if let Some(found) = self.match_at(text, start) {
                    at = found.end;
                    return Some(found);
                }
                let rest = &text.as_bytes()[start + 1..];
                start += 1 + rest.iter().position(|&byte| self.starts[usize::from(byte)])?;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(texts: &[&str], text: &str, expected: &[(u32, usize, usize)]) {
        let matcher = SpecialMatcher::new((0..).zip(texts.iter().copied())).unwrap();
        let found: Vec<_> =
            matcher.find_all(text).map(|found| (found.token, found.start, found.end)).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn the_leftmost_longest_token_is_found() {
        let texts = ["<a>", "<a><b>", "<b>", "é", "x"];
        check(&texts, "", &[]);
        check(&texts, "<a><b><b>", &[(1, 0, 6), (2, 6, 9)]);
        check(&texts, "<a><a><c>", &[(0, 0, 3), (0, 3, 6)]);
        check(&texts, "-é<<b", &[(3, 1, 3)]);
        check(&texts, "<a", &[]);
        check(&texts, "xx<", &[(4, 0, 1), (4, 1, 2)]);
        check(&[], "anything", &[]);
    }

    #[test]
    fn empty_and_endless_special_tokens_are_refused() {
        for text in [String::new(), "<".repeat(257)] {
            let matcher = SpecialMatcher::new([(7, text.as_str())].into_iter());
            let bytes = text.len();
            assert_eq!(
                matcher.err(),
                Some(TokenizerError::SpecialLength { token: 7, bytes, bytes_max: 256 })
            );
        }
    }
}
