use std::sync::Arc;

use domain::{DocumentId, LibraryId};
use inference::QuotesRead;
use passages::{Block, BlockKind, Document};
use uuid::Uuid;

use super::*;
use crate::Passage;

const TEXT: &str = "Non, oui. Oui.\u{a0}L’État\n  paie 5\u{202f}000\u{a0}€. Oui. \u{200f}نعم.";

fn span(of: &str, skip: usize) -> Span {
    let (start, found) = TEXT.match_indices(of).nth(skip).unwrap();
    Span::new(u32::try_from(start).unwrap(), u32::try_from(start + found.len()).unwrap())
}

fn sentences() -> Vec<Span> {
    vec![
        span("Non, oui.", 0),
        span("Oui.", 0),
        span("L’État\n  paie 5\u{202f}000\u{a0}€.", 0),
        span("Oui.", 1),
        span("\u{200f}نعم.", 0),
    ]
}

fn source() -> SourceVersion {
    let whole = Span::new(0, u32::try_from(TEXT.len()).unwrap());
    let blocks = vec![Block { kind: BlockKind::Paragraph, span: whole }];
    let reading = Document::new(TEXT.to_owned(), blocks, Vec::new(), Vec::new()).unwrap();
    let passage = Passage {
        number: 0,
        span: whole,
        headings: Vec::new(),
        table_header: None,
        pages: Vec::new(),
        sentences: sentences(),
        tokens: 0,
    };
    SourceVersion {
        version: VersionKey(4),
        number: 1,
        document: DocumentId::from_uuid(Uuid::nil()),
        library: LibraryId::from_uuid(Uuid::nil()),
        name: "a.txt".into(),
        digest: [0; 32],
        reading: Arc::new(reading),
        passages: vec![passage].into(),
    }
}

fn chosen() -> Chosen {
    let sentences = sentences();
    let text = |span: &Span| TEXT[span.range()].to_owned();
    Chosen {
        version: VersionKey(4),
        passage: 0,
        score: 1.0,
        headings: Vec::new(),
        texts: sentences.iter().map(text).collect(),
        sentences,
    }
}

/// The texts at the places that an answer quotes.
fn quoted(answer: &str) -> Vec<(u32, String)> {
    let chosen = vec![chosen()];
    let form = QuoteForm::new(&[chosen[0].texts.clone()], 6).unwrap();
    let QuotesRead::Quotes(runs) = form.read(answer) else { panic!("{answer}") };
    let sources = BTreeMap::from([(VersionKey(4), source())]);
    let found = placed(&runs, &form, &chosen, &sources);
    found.iter().map(|one| (one.span.start, TEXT[one.span.range()].to_owned())).collect()
}

#[test]
fn quotes_stand_where_their_sentences_stand() {
    let one = quoted("[1] L’État paie 5 000 €.");
    assert_eq!(one.len(), 1);
    assert_eq!(one[0].1, "L’État\n  paie 5\u{202f}000\u{a0}€.");
    let start = span("Oui.", 0).start;
    // The words begin inside of the first sentence, too; a quote is of whole sentences.
    assert_eq!(quoted("[1] Oui."), [(start, "Oui.".to_owned())]);
    let two = quoted("[1] L’État paie 5 000 €. Oui.\n[1] \u{200f}نعم.");
    assert_eq!(two[0].1, "L’État\n  paie 5\u{202f}000\u{a0}€. Oui.");
    assert_eq!(two[1].1, "\u{200f}نعم.");
}

#[test]
fn a_place_is_cited_once() {
    assert_eq!(quoted("[1] Oui.\n[1] Oui.").len(), 1);
    assert_eq!(quoted("[1] Non, oui. Oui.\n[1] Oui.").len(), 1, "it lies in the first");
    assert_eq!(quoted("[1] Oui.\n[1] Non, oui. Oui.").len(), 2);
    assert_eq!(quoted("[1] Rien.").len(), 0);
}

#[test]
fn a_text_that_is_not_the_one_that_was_shown_gives_no_quote() {
    let mut other = chosen();
    other.texts[1] = "Jamais.".to_owned();
    let form = QuoteForm::new(&[other.texts.clone()], 1).unwrap();
    let QuotesRead::Quotes(runs) = form.read("[1] Jamais.") else { panic!("a quote") };
    let sources = BTreeMap::from([(VersionKey(4), source())]);
    assert_eq!(placed(&runs, &form, &[other], &sources), []);
}
