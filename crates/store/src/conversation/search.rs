//! What a person types, as an expression of the full-text index.
//!
//! Every word counts, in any order, within the name or within one entry. A word may be the
//! beginning of a longer one. The index itself folds case and diacritics and divides words, here
//! as in the texts: `l'eau` is `l` followed by `eau`.

/// Those that follow are left out: eight narrow a search enough, and each one costs time.
const WORDS_MAX: usize = 8;

/// An expression in which nothing but the words has a meaning; `None`: there is nothing to find.
pub(super) fn expression(search: &str) -> Option<String> {
    // The index reads an expression up to a NUL.
    let words = search.split(|c: char| c.is_whitespace() || c.is_control());
    let mut quoted: Vec<String> = Vec::new();
    for word in words.filter(|word| word.chars().any(|c| !c.is_ascii_punctuation())) {
        let word = quote(word);
        if !quoted.contains(&word) {
            quoted.push(word);
        }
    }
    quoted.truncate(WORDS_MAX);
    (!quoted.is_empty()).then(|| quoted.join(" "))
}

/// Nearly everything begins with some letter, so a single one is a word of its own.
fn quote(word: &str) -> String {
    let is_beginning = word.chars().filter(|c| c.is_alphanumeric()).nth(1).is_some();
    let star = if is_beginning { "*" } else { "" };
    format!("\"{}\"{star}", word.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(search: &str, expected: Option<&str>) {
        assert_eq!(expression(search).as_deref(), expected, "{search:?}");
    }

    #[test]
    fn words_are_quoted() {
        check("weather", Some("\"weather\"*"));
        check(" weather\tin\u{a0}Brest\n", Some("\"weather\"* \"in\"* \"Brest\"*"));
        check("a b", Some("\"a\" \"b\""));
        check("same same", Some("\"same\"*"));
        check("nul\0byte", Some("\"nul\"* \"byte\"*"));
        check("नमस्ते", Some("\"नमस्ते\"*"));
    }

    #[test]
    fn nothing_else_has_a_meaning() {
        check("say \"hello", Some("\"say\"* \"\"\"hello\"*"));
        check("NEAR(one two)", Some("\"NEAR(one\"* \"two)\"*"));
        check("one OR NOT two", Some("\"one\"* \"OR\"* \"NOT\"* \"two\"*"));
        check("text:one ^two -three", Some("\"text:one\"* \"^two\"* \"-three\"*"));
        check("one*", Some("\"one*\"*"));
    }

    #[test]
    fn without_a_word_there_is_nothing_to_find() {
        for search in ["", " ", "*", "\"", "() : ^ + -", "\0"] {
            check(search, None);
        }
    }

    #[test]
    fn words_are_limited() {
        let numbers: Vec<String> = (10..100).map(|number| number.to_string()).collect();
        let search = numbers.join(" ");
        let words = expression(&search).expect("words");
        assert_eq!(words.split(' ').count(), WORDS_MAX);
    }
}
