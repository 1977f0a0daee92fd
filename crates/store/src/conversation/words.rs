//! The words of names and texts, as the index holds them and as a search asks for them.
//!
//! Texts are sealed, so the index holds tokens: keyed hashes of every word and of its beginnings,
//! under a key of the account's own. Case and diacritics are folded before. Every word of a search
//! counts, in any order, within the name or within one entry, and may be the beginning of a longer
//! one: `l'eau` is `l` and a word that begins with `eau`.

use std::collections::BTreeSet;

use assistant::Scope;
use envelope::{IndexKey, TOKEN_LENGTH, Token};
use governance::ContentKeys;
use sqlx::SqliteConnection;
use unicode_general_category::{GeneralCategory as Category, get_general_category};
use unicode_normalization::UnicodeNormalization as _;

use super::sealed;
use crate::failure::Failure;

/// Those that follow are left out: eight narrow a search enough, and each one costs time.
const WORDS_MAX: usize = 8;

/// The shortest beginning that finds a longer word: nearly everything begins with some letter, so
/// a single one is a word of its own.
const BEGINNING_MIN: usize = 2;

/// Longer beginnings are not told apart.
const BEGINNING_MAX: usize = 16;

/// Puts the words of a text in the place of those that were noted under this number.
pub(super) async fn note(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    scope: Scope,
    (number, text): (i64, &str),
) -> Result<(), Failure> {
    sqlx::query("DELETE FROM conversation_search WHERE rowid = ?1")
        .bind(number)
        .execute(&mut *connection)
        .await?;
    sqlx::query("INSERT INTO conversation_search (rowid, tokens) VALUES (?1, ?2)")
        .bind(number)
        .bind(tokens(&keys.index_key(&sealed::owner(scope)), text))
        .execute(connection)
        .await?;
    Ok(())
}

/// An expression of the full-text index; `None`: there is nothing to find.
pub(super) fn expression(keys: &ContentKeys, scope: Scope, search: &str) -> Option<String> {
    let mut wanted: Vec<String> = Vec::new();
    for word in words(search) {
        let word: String = word.chars().take(BEGINNING_MAX).collect();
        if !wanted.contains(&word) {
            wanted.push(word);
        }
    }
    wanted.truncate(WORDS_MAX);
    let index = keys.index_key(&sealed::owner(scope));
    let tokens: Vec<_> = wanted.iter().map(|word| index.token(word)).collect();
    (!tokens.is_empty()).then(|| joined(&tokens))
}

/// What stands in the index for a text: each token once.
fn tokens(index: &IndexKey, text: &str) -> String {
    let mut found = BTreeSet::new();
    for word in words(text) {
        for (length, (at, letter)) in (1..=BEGINNING_MAX).zip(word.char_indices()) {
            let beginning = &word[..at + letter.len_utf8()];
            if length >= BEGINNING_MIN || beginning == word {
                found.insert(beginning.to_owned());
            }
        }
    }
    // In the order of the tokens: that of the words would tell where in the alphabet they stand.
    let tokens: BTreeSet<Token> = found.iter().map(|word| index.token(word)).collect();
    joined(&tokens.into_iter().collect::<Vec<_>>())
}

fn joined(tokens: &[Token]) -> String {
    let mut text = String::with_capacity(tokens.len() * (TOKEN_LENGTH + 1));
    for token in tokens {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(token.as_str());
    }
    text
}

/// In the order of the text. Letters, digits and marks make words: without the marks, words of
/// Indic scripts would fall to pieces.
fn words(text: &str) -> Vec<String> {
    let folded: String =
        text.chars().flat_map(char::to_lowercase).nfd().filter(|c| !is_diacritic(*c)).collect();
    let words = folded.split(|c| !is_of_word(c)).filter(|word| !word.is_empty());
    // A sigma at the end of a word has a form of its own.
    words.map(|word| word.replace('ς', "σ")).collect()
}

/// Accents of the Latin, Greek and Cyrillic scripts, which people leave out when they search.
const fn is_diacritic(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(
            get_general_category(c),
            Category::NonspacingMark
                | Category::SpacingMark
                | Category::EnclosingMark
                | Category::PrivateUse
        )
}

#[cfg(test)]
mod tests {
    use envelope::DataKey;
    use zeroize::Zeroizing;

    use super::*;

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(words(text), expected, "{text:?}");
    }

    fn index() -> IndexKey {
        DataKey::new(1, Zeroizing::new([7; 32])).index_key(b"somebody")
    }

    #[test]
    fn texts_fall_into_words() {
        check("", &[]);
        check(" weather\tin\u{a0}Brest\n", &["weather", "in", "brest"]);
        check("nul\0byte", &["nul", "byte"]);
        check("l'eau, l’été", &["l", "eau", "l", "ete"]);
        check("NEAR(one two) OR \"x\"* ^ -", &["near", "one", "two", "or", "x"]);
        check("नमस्ते", &["नमस्ते"]);
        check("3,14 €20 x₿y", &["3", "14", "20", "x", "y"]);
        check("ΛΟΓΟΣ λόγος", &["λογοσ", "λογοσ"]);
        check("\u{61c}سلام\u{2069}", &["سلام"]);
        check("İstanbul", &["istanbul"]);
    }

    #[test]
    fn a_word_is_found_by_its_beginnings() {
        let index = index();
        let of = |text: &str| -> BTreeSet<String> {
            tokens(&index, text).split(' ').map(str::to_owned).collect()
        };
        let token = |word: &str| index.token(word).as_str().to_owned();
        assert_eq!(of("Rain"), ["ra", "rai", "rain"].map(token).into());
        assert_eq!(of("a rag"), ["a", "ra", "rag"].map(token).into());
        assert_eq!(of("été"), ["et", "ete"].map(token).into());
        assert_eq!(of(&"x".repeat(40)).len(), BEGINNING_MAX - 1);
        assert_eq!(tokens(&index, " .,"), "");
    }

    #[test]
    fn tokens_stand_in_no_order_of_the_text() {
        let tokens = tokens(&index(), "zebra apple mango");
        let mut sorted: Vec<_> = tokens.split(' ').collect();
        sorted.sort_unstable();
        assert_eq!(tokens, sorted.join(" "));
    }
}
