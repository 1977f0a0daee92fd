//! Documents arrive as they were sent, and nothing else does.

use proptest::prelude::{ProptestConfig, any, proptest};

use super::*;

fn document() -> Document {
    let text = "Titre\n\nLe délai".to_owned();
    let blocks = vec![
        Block { kind: BlockKind::Heading { level: 2 }, span: Span::new(0, 5) },
        Block { kind: BlockKind::ListItem { depth: 3 }, span: Span::new(7, 16) },
    ];
    let area = Area { left: 1.5, top: 2.0, right: 30.0, bottom: 14.0 };
    let runs = vec![Run { span: Span::new(0, 5), area }];
    let size = Some(Size { width: 595.0, height: 842.0 });
    let pages = vec![
        Page { number: 1, span: Span::new(0, 5), size, runs },
        Page { number: 4, span: Span::new(7, 16), size: None, runs: Vec::new() },
    ];
    let notes = vec![
        Note::AttachmentsLeftOut { place: Place::Part("annexe.pdf".to_owned()), count: 2 },
        Note::NoText { place: Place::Page(3) },
        Note::Doubtful { place: Place::Document },
    ];
    Document::new(text, blocks, pages, notes).unwrap()
}

#[test]
fn a_document_arrives_as_it_was_sent() {
    let sent = document();
    assert_eq!(decode(&encode(&sent), &ReaderLimits::default()), Ok(sent));
    let empty = Document::new(String::new(), Vec::new(), Vec::new(), Vec::new()).unwrap();
    assert_eq!(decode(&encode(&empty), &ReaderLimits::default()), Ok(empty));
}

#[test]
fn what_is_not_whole_or_has_more_is_refused() {
    let whole = encode(&document());
    for end in 0..whole.len() {
        let part = decode(&whole[..end], &ReaderLimits::default());
        assert_eq!(part, Err(EncodingError::Malformed), "{end}");
    }
    let more = [whole.as_slice(), b"!"].concat();
    assert_eq!(decode(&more, &ReaderLimits::default()), Err(EncodingError::Malformed));
}

#[test]
fn counts_are_not_believed() {
    // A text of 4 GiB, in a message of 8 bytes.
    let huge = [&MAGIC[..], &[0xff; 4]].concat();
    assert_eq!(decode(&huge, &ReaderLimits::default()), Err(EncodingError::Malformed));
    let blocks = [&MAGIC[..], &[0; 4], &[0xff; 4]].concat();
    assert_eq!(decode(&blocks, &ReaderLimits::default()), Err(EncodingError::Malformed));
}

#[test]
fn limits_hold_for_what_comes_back_too() {
    let sent = encode(&document());
    let short = ReaderLimits { text_bytes_max: 3, ..ReaderLimits::default() };
    assert_eq!(decode(&sent, &short), Err(EncodingError::TooMuch));
    let few = ReaderLimits { pages_max: 1, ..ReaderLimits::default() };
    assert_eq!(decode(&sent, &few), Err(EncodingError::TooMuch));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn whatever_a_worker_says_holds_together_or_is_refused(
        places in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..6)
    ) {
        let mut bytes = encode(&document());
        for (place, byte) in places {
            let at = place % bytes.len();
            bytes[at] = byte;
        }
        if let Ok(document) = decode(&bytes, &ReaderLimits::default()) {
            for run in document.pages.iter().flat_map(|page| &page.runs) {
                assert!(document.slice(run.span).is_some());
            }
        }
    }
}
