//! Which sentence of a passage to show first.

use std::collections::BTreeSet;

use passages::{Span, normalised};

/// What is looked for, word by word.
pub(super) struct Words(BTreeSet<String>);

impl Words {
    pub(super) fn of(text: &str) -> Self {
        Self(words(text).collect())
    }

    /// How many of them a sentence has.
    fn in_sentence(&self, sentence: &str) -> usize {
        let held: BTreeSet<String> = words(sentence).collect();
        self.0.intersection(&held).count()
    }
}

/// The first of the sentences that have most of the words; the first one if none has any, as where
/// a passage was found by its meaning. In bytes of the text.
pub(super) fn snippet(text: &str, sentences: &[Span], words: &Words) -> Span {
    let mut best = (0, sentences.first().copied().unwrap_or_default());
    for &sentence in sentences {
        let found = text.get(sentence.range()).map_or(0, |held| words.in_sentence(held));
        if found > best.0 {
            best = (found, sentence);
        }
    }
    best.1
}

/// Without signs around them, in one spelling.
fn words(text: &str) -> impl Iterator<Item = String> {
    let normal = normalised(text);
    let words: Vec<String> = normal
        .split_whitespace()
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned())
        .filter(|word| !word.is_empty())
        .collect();
    words.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, expected: usize) {
        let text = "Leave is asked for early. Ask in writing, a month before. Nobody asks later.";
        let ends = [(0, 25), (26, 57), (58, 76)];
        let sentences = ends.map(|(start, end)| Span::new(start, end));
        let found = snippet(text, &sentences, &Words::of(query));
        assert_eq!(found, sentences[expected], "{query}");
    }

    #[test]
    fn the_sentence_with_most_of_the_words_is_shown() {
        check("when is leave asked for", 0);
        check("WRITING: a month?", 1);
        check("later", 2);
        check("ask", 1);
        check("something else", 0);
        check("", 0);
    }

    #[test]
    fn a_passage_without_sentences_shows_nothing() {
        assert_eq!(snippet("", &[], &Words::of("a")), Span::default());
    }
}
