use passages::{BlockKind, Chunk, ChunkLimits, ChunkLimitsError, Document, chunks};

use crate::{document, paragraph, slices};

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

fn packed(document: &Document, min: usize, max: usize) -> Vec<Chunk> {
    chunks(document, ChunkLimits::new(min, max).unwrap(), &words)
}

/// A sentence of so many words.
fn sentence(count: usize) -> String {
    format!("Mot{}.", " mot".repeat(count - 1))
}

fn texts(document: &Document, chunks: &[Chunk]) -> Vec<Vec<String>> {
    chunks.iter().map(|chunk| slices(document, &chunk.sentences)).collect()
}

fn counts(document: &Document, chunks: &[Chunk]) -> Vec<usize> {
    texts(document, chunks).iter().map(|sentences| words(&sentences.join(" "))).collect()
}

#[test]
fn limits_are_checked() {
    for (min, max) in [(0, 5), (6, 5)] {
        assert_eq!(ChunkLimits::new(min, max), Err(ChunkLimitsError { min, max }));
    }
    assert_eq!(ChunkLimits::new(200, 350), Ok(ChunkLimits::default()));
}

#[test]
fn chunks_stay_under_their_heading() {
    let document = document(&[
        (BlockKind::Paragraph, "Avant."),
        (BlockKind::Heading { level: 1 }, "Un"),
        (BlockKind::Heading { level: 2 }, "Un deux"),
        (BlockKind::Paragraph, "Dedans."),
        (BlockKind::Heading { level: 2 }, "Un trois"),
        (BlockKind::Paragraph, "Encore."),
        (BlockKind::Heading { level: 1 }, "Fin"),
    ]);
    let found = packed(&document, 200, 350);
    let expected = [
        vec!["Avant."],
        vec!["Un", "Un deux", "Dedans."],
        vec!["Un trois", "Encore."],
        vec!["Fin"],
    ];
    assert_eq!(texts(&document, &found), expected);
    let headings: Vec<_> = found.iter().map(|chunk| slices(&document, &chunk.headings)).collect();
    assert_eq!(headings, [vec![], vec!["Un", "Un deux"], vec!["Un", "Un trois"], vec!["Fin"]]);
    let above: Vec<_> = found.iter().map(|chunk| chunk.above().count()).collect();
    assert_eq!(above, [0, 0, 1, 0]);
}

#[test]
fn paragraphs_are_kept_whole_where_they_fit() {
    let (long, short) = (sentence(12), format!("{} {}", sentence(6), sentence(6)));
    let document = document(&[(BlockKind::Paragraph, &long), (BlockKind::Paragraph, &short)]);
    assert_eq!(counts(&document, &packed(&document, 10, 20)), [12, 12]);
}

#[test]
fn what_is_left_is_shared_by_two() {
    let text = vec![sentence(2); 13].join(" ");
    let document = paragraph(&text);
    assert_eq!(counts(&document, &packed(&document, 10, 20)), [14, 12]);
}

#[test]
fn rows_keep_the_names_of_their_columns() {
    let document = document(&[
        (BlockKind::TableRow, "Nom | Prix"),
        (BlockKind::TableRow, "Pain complet bio | 2"),
        (BlockKind::TableRow, "Lait entier frais | 1"),
        (BlockKind::TableRow, "Beurre doux fermier | 3"),
    ]);
    let found = packed(&document, 4, 8);
    assert_eq!(found.first().map(|chunk| chunk.table_header), Some(None));
    for chunk in found.iter().skip(1) {
        let header = chunk.table_header.and_then(|span| document.slice(span));
        assert_eq!(header, Some("Nom | Prix"));
    }
    assert!(found.len() > 1);
}

#[test]
fn names_of_columns_are_counted_once_for_a_table() {
    let rows = vec![(BlockKind::TableRow, "Pain complet bio | 2"); 50];
    let document = document(&[vec![(BlockKind::TableRow, "Nom | Prix")], rows].concat());
    let counted = std::cell::Cell::new(0);
    let counter = |text: &str| {
        counted.set(counted.get() + usize::from(text == "Nom | Prix"));
        words(text)
    };
    assert!(chunks(&document, ChunkLimits::new(4, 8).unwrap(), &counter).len() > 10);
    // As a row, and as what stands above the others.
    assert!(counted.get() <= 2, "{}", counted.get());
}

#[test]
fn sentences_longer_than_a_chunk_are_cut_at_clauses() {
    let document = paragraph("un deux trois quatre, cinq six sept huit neuf dix");
    let found = packed(&document, 3, 6);
    let expected = [vec!["un deux trois quatre,"], vec!["cinq six sept huit neuf dix"]];
    assert_eq!(texts(&document, &found), expected);
    assert!(found.iter().all(|chunk| chunk.cut));
}

#[test]
fn words_longer_than_a_chunk_are_cut_between_characters() {
    let text = "é".repeat(1000);
    let document = paragraph(&text);
    let limits = ChunkLimits::new(5, 10).unwrap();
    let found = chunks(&document, limits, &|text: &str| text.chars().count());
    let joined: String = texts(&document, &found).concat().concat();
    assert_eq!(joined, text);
    assert!(found.iter().all(|chunk| chunk.cut && chunk.span.len() <= 20));
}

#[test]
fn an_empty_document_has_no_chunks() {
    assert!(packed(&document(&[]), 1, 2).is_empty());
}
