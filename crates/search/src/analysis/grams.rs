//! Pieces of words, which are found in other forms of them too.

/// Characters of a piece: at four, pieces find forms that no stemmer knows, in Arabic and German
/// above all, and are not yet found everywhere.
const CHARACTERS: usize = 4;

/// All runs of four characters of a word, from its beginning; none of shorter words, which the
/// other fields hold as they are, and none of numbers, of which a part says nothing.
pub(crate) fn grams(word: &str) -> impl Iterator<Item = &str> {
    let is_number = !word.chars().any(char::is_alphabetic);
    let ends = word.char_indices().map(|(at, _)| at).chain([word.len()]);
    let ends: Vec<usize> = if is_number { Vec::new() } else { ends.collect() };
    let count = ends.len().saturating_sub(CHARACTERS);
    (0..count).filter_map(move |at| word.get(ends[at]..ends[at + CHARACTERS]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(word: &str, expected: &[&str]) {
        assert_eq!(grams(word).collect::<Vec<_>>(), expected, "{word}");
    }

    #[test]
    fn pieces_have_four_characters_of_any_script() {
        check("délai", &["déla", "élai"]);
        check("taxe", &["taxe"]);
        check("المدرسة", &["المد", "لمدر", "مدرس", "درسة"]);
        check("covid19", &["covi", "ovid", "vid1", "id19"]);
    }

    #[test]
    fn short_words_and_numbers_have_none() {
        check("", &[]);
        check("été", &[]);
        check("202456", &[]);
    }
}
