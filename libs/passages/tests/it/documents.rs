use passages::{Area, Block, BlockKind, Document, DocumentError, Page, Run, Size, Span, SpanFault};

use crate::span;

const PAGE: Size = Size { width: 100.0, height: 200.0 };

fn block(start: usize, end: usize) -> Block {
    Block { kind: BlockKind::Paragraph, span: span(start, end) }
}

fn page(number: u32, page: Span, runs: Vec<Run>) -> Page {
    Page { number, span: page, size: Some(PAGE), runs }
}

fn run(start: usize, end: usize, right: f32) -> Run {
    let area = Area { left: 10.0, top: 10.0, right, bottom: 20.0 };
    Run { span: span(start, end), area }
}

fn refused(text: &str, blocks: Vec<Block>, pages: Vec<Page>) -> Option<DocumentError> {
    Document::new(text.to_owned(), blocks, pages, Vec::new()).err()
}

#[test]
fn blocks_stand_in_order_on_characters_and_hold_all_text() {
    let check = |text: &str, blocks: &[Block], expected: Option<DocumentError>| {
        assert_eq!(refused(text, blocks.to_vec(), Vec::new()), expected, "{text}: {blocks:?}");
    };
    let fault = |index, fault| Some(DocumentError::Block { index, fault });
    check("", &[], None);
    check(" \n", &[], None);
    check("été là", &[block(0, 5), block(6, 9)], None);
    check("été", &[block(0, 4)], fault(0, SpanFault::OffCharacter));
    check("été", &[block(0, 6)], fault(0, SpanFault::Outside));
    check("ab", &[block(1, 1)], fault(0, SpanFault::Empty));
    check("ab", &[block(2, 1)], fault(0, SpanFault::Empty));
    check("abc", &[block(0, 2), block(1, 3)], fault(1, SpanFault::OutOfOrder));
    check("a b c", &[block(0, 1), block(4, 5)], Some(DocumentError::TextBetweenBlocks { at: 2 }));
    check("a b", &[block(0, 1)], Some(DocumentError::TextBetweenBlocks { at: 2 }));
}

#[test]
fn headings_have_six_levels() {
    for (level, right) in [(0, false), (1, true), (6, true), (7, false)] {
        let heading = Block { kind: BlockKind::Heading { level }, span: span(0, 1) };
        let expected = (!right).then_some(DocumentError::HeadingLevel { index: 0, level });
        assert_eq!(refused("a", vec![heading], Vec::new()), expected);
    }
}

#[test]
fn pages_are_counted_and_hold_their_runs() {
    let check = |pages: Vec<Page>, expected: Option<DocumentError>| {
        assert_eq!(refused("one two", vec![block(0, 7)], pages.clone()), expected, "{pages:?}");
    };
    check(vec![page(1, span(0, 3), vec![run(0, 3, 50.0)]), page(3, span(4, 7), vec![])], None);
    check(
        vec![page(2, span(0, 3), vec![]), page(2, span(4, 7), vec![])],
        Some(DocumentError::PageNumber { number: 2, after: 2 }),
    );
    check(
        vec![page(0, span(0, 3), vec![])],
        Some(DocumentError::PageNumber { number: 0, after: 0 }),
    );
    check(
        vec![page(1, span(0, 3), vec![run(2, 4, 50.0)])],
        Some(DocumentError::Run { page: 1, index: 0, fault: SpanFault::Outside }),
    );
    check(
        vec![page(1, span(0, 3), vec![run(1, 3, 50.0), run(0, 1, 50.0)])],
        Some(DocumentError::Run { page: 1, index: 1, fault: SpanFault::OutOfOrder }),
    );
    for right in [100.5, 9.0, f32::NAN, f32::INFINITY] {
        check_area(right);
    }
}

/// Pages with areas that are not numbers are not equal to themselves, so only the error is.
fn check_area(right: f32) {
    let pages = vec![page(1, span(0, 3), vec![run(0, 3, right)])];
    let expected = Some(DocumentError::RunArea { page: 1, index: 0 });
    assert_eq!(refused("one two", vec![block(0, 7)], pages), expected, "{right}");
}

#[test]
fn areas_partly_outside_of_the_page_are_clipped() {
    let area = |left, right| Area { left, top: -5.0, right, bottom: 20.0 };
    let clipped = Area { left: 0.0, top: 0.0, right: 100.0, bottom: 20.0 };
    assert_eq!(area(-1.0, 101.0).clipped(PAGE), Some(clipped));
    assert_eq!(area(101.0, 120.0).clipped(PAGE), None);
    assert_eq!(area(f32::NAN, 120.0).clipped(PAGE), None);
}

#[test]
fn a_span_touches_the_pages_that_hold_bytes_of_it() {
    let pages =
        vec![page(1, span(0, 3), vec![]), page(2, span(3, 3), vec![]), page(5, span(4, 7), vec![])];
    let document =
        Document::new("one two".to_owned(), vec![block(0, 7)], pages, Vec::new()).unwrap();
    assert_eq!(document.pages_of(span(0, 7)), [1, 5]);
    assert_eq!(document.pages_of(span(0, 3)), [1]);
    assert_eq!(document.pages_of(span(3, 4)), [0_u32; 0]);
    assert_eq!(document.pages_of(span(6, 900)), [5]);
}
