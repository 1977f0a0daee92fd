//! What of a query is looked up.
//!
//! People write questions, not formulas: nothing in a query has a meaning of its own but quotation
//! marks. A query is looked up in all three fields; its words are reduced to stems in every
//! language that much of the index is in, because a few words do not tell theirs.

use std::collections::HashSet;

use knowledge::{IndexError, Language};

use crate::{
    analysis::{Stems, first_bytes, grams, words},
    failure::unreadable,
    lexical::{Sought, TextField, rarity},
    snapshot::Snapshot,
};

/// Bytes of a query that are looked at.
const QUERY_BYTES_MAX: usize = 8 * 1024;

/// Different words of a query that are looked at.
const WORDS_MAX: usize = 256;

/// Terms that are looked for, of all fields together: those that say most.
const TERMS_MAX: usize = 160;

/// What somebody asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// Each once, in the order of the query.
    words: Vec<String>,
    /// Those that stand in quotation marks.
    quoted: Vec<String>,
}

impl Asked {
    pub(super) fn of(text: &str) -> Self {
        let text = first_bytes(text, QUERY_BYTES_MAX);
        // Marks come in pairs: what stands behind an odd number of them, and before another one.
        let pieces: Vec<&str> = text.split(is_mark).collect();
        let inside = pieces.iter().enumerate().skip(1).step_by(2);
        let inside = inside.filter(|(place, _)| place + 1 < pieces.len());
        let quoted = inside.flat_map(|(_, piece)| words(piece));
        Self { words: different(words(text)), quoted: different(quoted) }
    }
}

/// Marks of a quotation in the languages of Europe and the Arab world.
fn is_mark(c: char) -> bool {
    matches!(c, '"' | '«' | '»' | '„' | '“' | '”' | '‟')
}

fn different(words: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut seen = HashSet::new();
    let new = words.into_iter().filter(|word| seen.insert(word.clone()));
    new.take(WORDS_MAX).collect()
}

/// The terms of a query that say most, by descending weight.
pub(super) fn sought(snapshot: &Snapshot, asked: &Asked) -> Result<Vec<Sought>, IndexError> {
    let mut terms = Vec::new();
    for (field, text) in terms_of(&asked.words, &snapshot.languages) {
        if let Some(term) = term(snapshot, field, &text)? {
            terms.push((term, text));
        }
    }
    // The same order for every segment and every run, so that sums are the same.
    terms.sort_by(|(left, left_text), (right, right_text)| {
        let by_weight = right.weight.total_cmp(&left.weight);
        by_weight.then(left.field.cmp(&right.field)).then(left_text.cmp(right_text))
    });
    terms.truncate(TERMS_MAX);
    Ok(terms.into_iter().map(|(term, _)| term).collect())
}

/// The words that have to be found, also those that are found nowhere.
pub(super) fn quoted(snapshot: &Snapshot, asked: &Asked) -> Result<Vec<Sought>, IndexError> {
    let field = TextField::Exact;
    let nowhere = || Sought { field, weight: 0.0, found: Vec::new() };
    let word = |word: &String| -> Result<Sought, IndexError> {
        Ok(term(snapshot, field, word)?.unwrap_or_else(nowhere))
    };
    asked.quoted.iter().map(word).collect()
}

/// Every term of each field once.
fn terms_of(words: &[String], languages: &[Language]) -> HashSet<(TextField, String)> {
    let stems: Vec<Stems> = languages.iter().map(|language| Stems::of(*language)).collect();
    let mut terms = HashSet::new();
    for word in words {
        terms.insert((TextField::Exact, word.clone()));
        let of_word = stems.iter().map(|stems| stems.stem(word).into_owned());
        terms.extend(of_word.map(|stem| (TextField::Stem, stem)));
        terms.extend(grams(word).map(|gram| (TextField::Grams, gram.to_owned())));
    }
    terms
}

/// Where a term is told, and what it is worth; `None` if nothing holds it.
fn term(snapshot: &Snapshot, field: TextField, text: &str) -> Result<Option<Sought>, IndexError> {
    let mut found = Vec::with_capacity(snapshot.members.len());
    for member in &snapshot.members {
        let lexical = member.segment.lexical.as_ref();
        let info = lexical.map(|lexical| lexical.find(field, text)).transpose();
        found.push(info.map_err(unreadable)?.flatten());
    }
    let holding: u64 = found.iter().flatten().map(|info| u64::from(info.doc_freq)).sum();
    if holding == 0 {
        return Ok(None);
    }
    let weight = field.weight() * rarity(holding, snapshot.passages);
    Ok(Some(Sought { field, weight, found }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, words: &[&str], quoted: &[&str]) {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let expected = Asked { words: owned(words), quoted: owned(quoted) };
        assert_eq!(Asked::of(text), expected, "{text}");
    }

    #[test]
    fn words_count_once_and_quotation_marks_come_in_pairs() {
        check("Quel délai, quel DÉLAI ?", &["quel", "délai"], &[]);
        check(
            r#"what is "force majeure" in law"#,
            &["what", "is", "force", "majeure", "in", "law"],
            &["force", "majeure"],
        );
        check(
            "le « bon père » et “un autre”",
            &["le", "bon", "père", "et", "un", "autre"],
            &["bon", "père", "un", "autre"],
        );
        check(r#"a 12" screen"#, &["a", "12", "screen"], &[]);
        check(r#""""#, &[], &[]);
    }

    #[test]
    fn signs_of_other_query_languages_mean_nothing() {
        check("title:x AND (y* OR -z)", &["title", "x", "and", "y", "or", "z"], &[]);
    }

    #[test]
    fn terms_are_those_of_all_fields_and_languages() {
        let terms = terms_of(&["amendes".to_owned()], &[Language::French, Language::English]);
        let of_field = |field| terms.iter().filter(|(of, _)| *of == field).count();
        assert_eq!(of_field(TextField::Exact), 1);
        assert!((1..=2).contains(&of_field(TextField::Stem)));
        assert_eq!(of_field(TextField::Grams), 4);
    }
}
