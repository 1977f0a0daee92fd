//! Sentences that a model writes about quotes, each bound to the quotes that it rests on.

use inference::AnswerFormat;
use serde::Deserialize;
use serde_json::json;

use super::{ask::Means, quote::Placed};

/// Sentences that are asked for at once; further sets are quoted.
pub(super) const SETS_MAX: usize = 6;

/// A sentence between two marks: no brackets, which marks are made of, and no line breaks. Longer
/// ones would cost the lexer more states than it may have, see `engine-cpu`.
const SENTENCE: &str = r"/[^\[\]\x00-\x1F\x7F]{10,280}/";

/// The sentences, as engines elsewhere write them.
#[derive(Deserialize)]
struct Listed {
    sentences: Vec<String>,
}

/// Quotes that one sentence is written about: those of one passage, by their places among all.
pub(super) fn sets(quotes: &[Placed]) -> Vec<Vec<usize>> {
    let mut found: Vec<(usize, Vec<usize>)> = Vec::new();
    for (at, quote) in quotes.iter().enumerate() {
        match found.iter_mut().find(|(chosen, _)| *chosen == quote.chosen) {
            Some((_, set)) => set.push(at),
            None => found.push((quote.chosen, vec![at])),
        }
    }
    found.into_iter().map(|(_, set)| set).collect()
}

/// A line for each set, which ends in the number of the set; or a list with as many sentences,
/// which belong to the sets by their places.
pub(super) fn form(means: Means, sets: usize) -> AnswerFormat {
    match means {
        Means::Here => {
            let lines: Vec<String> =
                (1..=sets).map(|set| format!("SENTENCE \"{}\"", mark(set))).collect();
            let grammar = format!("start: {}\nSENTENCE: {SENTENCE}\n", lines.join(" \"\\n\" "));
            AnswerFormat::Lark(grammar.into())
        }
        Means::Elsewhere => {
            let list = json!({
                "type": "array",
                "items": { "type": "string" },
                "minItems": sets,
                "maxItems": sets,
            });
            let schema = json!({
                "type": "object",
                "properties": { "sentences": list },
                "required": ["sentences"],
                "additionalProperties": false,
            });
            AnswerFormat::Json(schema.to_string().into())
        }
    }
}

/// The sentence of each set, without its mark; `None` where it is missing or was cut.
pub(super) fn read(means: Means, sets: usize, answer: &str) -> Vec<Option<String>> {
    match means {
        Means::Here => {
            let mut lines = answer.lines();
            let line = |set: usize| lines.next().and_then(|line| sentence(line, set));
            (1..=sets).map(line).collect()
        }
        Means::Elsewhere => {
            let listed =
                serde_json::from_str::<Listed>(answer).map_or(Vec::new(), |it| it.sentences);
            let mut listed = listed.into_iter();
            (0..sets).map(|_| listed.next().and_then(|text| whole(&text))).collect()
        }
    }
}

fn sentence(line: &str, set: usize) -> Option<String> {
    whole(line.strip_suffix(&mark(set))?)
}

/// On one line; `None` where there is no word in it.
fn whole(text: &str) -> Option<String> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().any(char::is_alphanumeric).then_some(line)
}

fn mark(set: usize) -> String {
    format!("[{set}]")
}

#[cfg(test)]
mod tests {
    use passages::Span;

    use super::*;
    use crate::VersionKey;

    fn quote(chosen: usize, start: u32) -> Placed {
        Placed { chosen, version: VersionKey(1), span: Span::new(start, start + 5) }
    }

    #[test]
    fn quotes_of_one_passage_are_a_set() {
        let quotes = [quote(3, 0), quote(1, 0), quote(3, 9), quote(0, 0)];
        assert_eq!(sets(&quotes), [vec![0, 2], vec![1], vec![3]]);
        assert_eq!(sets(&[]), Vec::<Vec<usize>>::new());
    }

    #[test]
    fn each_line_ends_in_its_mark() {
        let AnswerFormat::Lark(grammar) = form(Means::Here, 2) else { panic!("another form") };
        let expected = "start: SENTENCE \"[1]\" \"\\n\" SENTENCE \"[2]\"\n";
        assert!(grammar.starts_with(expected), "{grammar}");
        let read = |answer: &str| read(Means::Here, 2, answer);
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(read("Il paie. [1]\nOui, 5 €.[2]"), [some("Il paie."), some("Oui, 5 €.")]);
        assert_eq!(read("Il paie. [1]\nOui, 5"), [some("Il paie."), None]);
        assert_eq!(read("Il paie. [2]\n...[2]"), [None, None]);
        assert_eq!(read(""), [None, None]);
    }

    #[test]
    fn a_list_has_a_sentence_for_each_set() {
        let AnswerFormat::Json(schema) = form(Means::Elsewhere, 2) else { panic!("another form") };
        assert!(schema.contains("\"minItems\":2"), "{schema}");
        let read = |answer: &str| read(Means::Elsewhere, 2, answer);
        let some = |text: &str| Some(text.to_owned());
        let both = r#"{"sentences":["Il\npaie.","Oui [2]."]}"#;
        assert_eq!(read(both), [some("Il paie."), some("Oui [2].")]);
        assert_eq!(read(r#"{"sentences":["Il paie."]}"#), [some("Il paie."), None]);
        assert_eq!(read(r#"{"sentences":["Il pa"#), [None, None]);
    }
}
