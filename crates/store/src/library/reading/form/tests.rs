use knowledge::Passage;
use passages::{Area, Block, BlockKind, Document, Note, Page, Place, Run, Size, Span};

use super::*;

fn area(left: f32) -> Area {
    Area { left, top: 1.5, right: left + 20.25, bottom: 12.0 }
}

/// With everything that a reading can have.
fn reading() -> Reading {
    let text = "Congés\nDemander tôt. Écrire.\nmois jours\njanvier 2\ncode".to_owned();
    let ends = [(0, 7), (8, 31), (32, 42), (43, 52), (53, 57)];
    let kinds = [
        BlockKind::Heading { level: 2 },
        BlockKind::ListItem { depth: 3 },
        BlockKind::TableRow,
        BlockKind::TableRow,
        BlockKind::Code,
    ];
    let spans = ends.map(|(start, end)| Span::new(start, end));
    let blocks = kinds.into_iter().zip(spans).map(|(kind, span)| Block { kind, span });
    let run = |start, end, left| Run { span: Span::new(start, end), area: area(left) };
    let pages = vec![
        Page {
            number: 1,
            span: Span::new(0, 32),
            size: Some(Size { width: 595.0, height: 842.0 }),
            runs: vec![run(0, 7, 10.0), run(8, 31, 40.5)],
        },
        Page { number: 300, span: Span::new(32, 57), size: None, runs: Vec::new() },
    ];
    let notes = vec![
        Note::NoText { place: Place::Page(2) },
        Note::PicturesLeftOut { place: Place::Document, count: 1_000_000 },
        Note::Locked { place: Place::Part("annexe é.zip".to_owned()) },
    ];
    let document = Document::new(text, blocks.collect(), pages, notes).unwrap();
    let passages = vec![
        Passage {
            number: 0,
            span: Span::new(8, 31),
            headings: vec![Span::new(0, 7)],
            table_header: None,
            pages: vec![1],
            sentences: vec![Span::new(8, 22), Span::new(23, 31)],
            tokens: 200,
        },
        Passage {
            number: 1,
            span: Span::new(43, 52),
            headings: Vec::new(),
            table_header: Some(Span::new(32, 42)),
            pages: vec![300],
            sentences: vec![Span::new(43, 52)],
            tokens: 4,
        },
    ];
    Reading::new([7; 32], None, document, passages).unwrap()
}

#[test]
fn a_reading_comes_back_as_it_was_written() {
    let reading = reading();
    let bytes = written(&reading);
    assert_eq!(read(&bytes, Detail::Places), Some(reading.clone()));
    let mut text = reading;
    text.document.pages.iter_mut().for_each(|page| page.runs.clear());
    assert_eq!(read(&bytes, Detail::Text), Some(text.clone()));
    // As much as a search reads.
    let least = (0..=bytes.len()).find(|end| has_text(&bytes[..*end])).unwrap();
    assert!(least < bytes.len());
    assert_eq!(read(&bytes[..least], Detail::Text), Some(text));
    assert_eq!(read(&bytes[..least], Detail::Places), None);
}

#[test]
fn what_was_cut_off_is_no_reading() {
    let bytes = written(&reading());
    for end in 0..bytes.len() {
        assert_eq!(read(&bytes[..end], Detail::Places), None, "{end}");
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert_eq!(read(&longer, Detail::Places), None);
}

/// Nothing panics, and nothing is taken for more than there is.
#[test]
fn what_was_altered_is_a_reading_or_none() {
    let bytes = written(&reading());
    for at in 0..bytes.len() {
        for flipped in [0x01, 0x80, 0xff] {
            let mut altered = bytes.clone();
            altered[at] ^= flipped;
            if let Some(reading) = read(&altered, Detail::Places) {
                let spans = reading.passages.iter().map(|passage| passage.span);
                assert!(spans.into_iter().all(|span| reading.document.slice(span).is_some()));
            }
        }
    }
}

#[test]
fn numbers_of_all_sizes_come_back() {
    for number in [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 268_435_456, u32::MAX] {
        let mut bytes = Vec::new();
        write_number(&mut bytes, number);
        let mut cursor = Cursor(&bytes);
        assert_eq!(cursor.number(), Some(number));
        assert!(cursor.is_empty());
    }
    assert_eq!(Cursor(&[0xff, 0xff, 0xff, 0xff, 0x1f]).number(), None);
    assert_eq!(Cursor(&[0x80]).number(), None);
}
