//! What people look for, the costly searches among it.

use crate::words::{VOCABULARY, word};

/// A name for people, and the words themselves.
pub(crate) fn searches() -> Vec<(&'static str, String)> {
    let [first, second] = [word(0), word(1)];
    vec![
        ("rare word", word(30_000)),
        ("usual word", word(50)),
        ("most used word", first.clone()),
        ("two most used words", format!("{first} {second}")),
        ("beginning of three letters", first[..3].to_owned()),
        ("beginning of two letters", first[..2].to_owned()),
        ("eight beginnings of two letters", beginnings(8)),
    ]
}

/// Different ones, of the words that are used most.
fn beginnings(count: usize) -> String {
    let mut found: Vec<String> = Vec::new();
    for beginning in (0..VOCABULARY).map(|rank| word(rank)[..2].to_owned()) {
        if found.len() < count && !found.contains(&beginning) {
            found.push(beginning);
        }
    }
    found.join(" ")
}
