use std::sync::Arc;

use domain::{DocumentId, LibraryId};
use passages::{Block, BlockKind};
use uuid::Uuid;

use super::*;
use crate::Passage;

const BUDGET: Budget = Budget { passages_max: 12, tokens_max: 1_000 };

fn span(start: usize, end: usize) -> Span {
    Span::new(u32::try_from(start).unwrap(), u32::try_from(end).unwrap())
}

fn passage(number: u32, span: Span, sentences: Vec<Span>) -> Passage {
    let (headings, pages) = (Vec::new(), Vec::new());
    Passage { number, span, headings, table_header: None, pages, sentences, tokens: 0 }
}

/// Each passage is a paragraph of these sentences, with this text after each.
fn source(version: u64, passages: &[&[&str]], between: &str) -> SourceVersion {
    let (mut text, mut blocks, mut found) = (String::new(), Vec::new(), Vec::new());
    for (number, sentences) in (0..).zip(passages) {
        let begin = text.len();
        let mut spans = Vec::new();
        for sentence in *sentences {
            spans.push(span(text.len(), text.len() + sentence.len()));
            text.push_str(sentence);
            text.push_str(between);
        }
        let whole = span(begin, text.len());
        blocks.push(Block { kind: BlockKind::Paragraph, span: whole });
        found.push(passage(number, whole, spans));
        text.push_str("\n\n");
    }
    let reading = Document::new(text, blocks, Vec::new(), Vec::new()).unwrap();
    SourceVersion {
        version: VersionKey(version),
        number: 1,
        document: DocumentId::from_uuid(Uuid::from_u128(u128::from(version))),
        library: LibraryId::from_uuid(Uuid::nil()),
        name: "a.txt".into(),
        digest: [7; 32],
        reading: Arc::new(reading),
        passages: found.into(),
    }
}

fn hit(version: u64, passage: u32) -> IndexHit {
    IndexHit { version: VersionKey(version), passage, score: 1.0, lexical: None, dense: None }
}

fn sources(all: Vec<SourceVersion>) -> BTreeMap<VersionKey, SourceVersion> {
    all.into_iter().map(|source| (source.version, source)).collect()
}

fn words(text: &str) -> u32 {
    u32::try_from(text.split_whitespace().count()).unwrap()
}

fn texts(chosen: &[Chosen]) -> Vec<Vec<&str>> {
    chosen.iter().map(|one| one.texts.iter().map(String::as_str).collect()).collect()
}

#[test]
fn the_best_passages_come_first_and_copies_once() {
    let one = source(1, &[&["Un.", "Deux."], &["Trois."]], " ");
    let copy = source(2, &[&["Un.", "Deux."], &["Quatre."]], "\n");
    let hits = [hit(2, 1), hit(1, 0), hit(2, 0), hit(9, 0), hit(1, 7), hit(1, 1)];
    let chosen = select(&hits, &sources(vec![one, copy]), BUDGET, words);
    assert_eq!(texts(&chosen), [vec!["Quatre."], vec!["Un.", "Deux."], vec!["Trois."]]);
    assert_eq!((chosen[1].version, chosen[1].passage), (VersionKey(1), 0));
}

#[test]
fn what_does_not_fit_gives_way_to_what_is_shorter() {
    let long = "mot ".repeat(20);
    let all = source(1, &[&["Un deux trois."], &[long.trim()], &["Quatre cinq."]], " ");
    let hits = [hit(1, 0), hit(1, 1), hit(1, 2)];
    let budget = Budget { tokens_max: 3 + 2 + 2 * TOKENS_AROUND, ..BUDGET };
    let chosen = select(&hits, &sources(vec![all.clone()]), budget, words);
    assert_eq!(texts(&chosen), [vec!["Un deux trois."], vec!["Quatre cinq."]]);
    let budget = Budget { tokens_max: 1, ..BUDGET };
    let chosen = select(&hits[1..], &sources(vec![all.clone()]), budget, words);
    assert_eq!(texts(&chosen), [vec![long.trim()]], "the best is shown in any case");
    let budget = Budget { passages_max: 2, ..BUDGET };
    assert_eq!(select(&hits, &sources(vec![all]), budget, words).len(), 2);
}

#[test]
fn sentences_that_cannot_be_told_apart_are_one() {
    // Nothing stands between them.
    let glued = source(1, &[&["यह है।", "वह है।"]], "");
    let chosen = select(&[hit(1, 0)], &sources(vec![glued]), BUDGET, words);
    assert_eq!(texts(&chosen), [vec!["यह है।वह है।"]]);
    // Without a letter or digit there is nothing to find them by.
    let marks = source(1, &[&["***", "Un.", "—", "Deux.", "Trois."], &["...", "?!"]], " ");
    let chosen = select(&[hit(1, 0), hit(1, 1)], &sources(vec![marks]), BUDGET, words);
    assert_eq!(texts(&chosen), [vec!["*** Un. —", "Deux.", "Trois."]]);
}

#[test]
fn headings_above_a_passage_are_shown_and_not_quoted() {
    let mut all = source(1, &[&["Titre"], &["Un."], &["Deux."]], "\n");
    let heading = all.passages[0].sentences[0];
    let mut passages = all.passages.to_vec();
    for passage in &mut passages {
        passage.headings = vec![heading];
    }
    passages[2].table_header = Some(passages[1].sentences[0]);
    all.passages = passages.into();
    let chosen = select(&[hit(1, 1), hit(1, 0), hit(1, 2)], &sources(vec![all]), BUDGET, words);
    assert_eq!(texts(&chosen), [vec!["Un."], vec!["Titre"], vec!["Deux."]]);
    assert_eq!(chosen[0].headings, ["Titre"]);
    assert_eq!(chosen[1].headings, Vec::<String>::new(), "it is among its sentences");
    assert_eq!(chosen[2].headings, ["Titre", "Un."], "the names of its columns too");
}

#[test]
fn no_more_is_chosen_than_a_form_holds() {
    let long = format!("{}.", "é".repeat(20_000));
    let numbered: Vec<String> = (0..3).map(|number| format!("{number} {long}")).collect();
    let passages: Vec<[&str; 1]> = numbered.iter().map(|text| [text.as_str()]).collect();
    let passages: Vec<&[&str]> = passages.iter().map(<[&str; 1]>::as_slice).collect();
    let all = source(1, &passages, "");
    let hits = [hit(1, 0), hit(1, 1), hit(1, 2)];
    let budget = Budget { tokens_max: u32::MAX, ..BUDGET };
    assert_eq!(select(&hits, &sources(vec![all]), budget, words).len(), 1);
}
