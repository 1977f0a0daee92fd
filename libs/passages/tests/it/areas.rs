use passages::{Area, Block, BlockKind, Document, Page, Run, Size, Span, areas};

use crate::span;

fn area(left: f32, top: f32, right: f32, bottom: f32) -> Area {
    Area { left, top, right, bottom }
}

/// One page of one paragraph, of runs with their areas, in order of the text.
fn page(text: &str, runs: &[(&str, Area)]) -> Document {
    let mut from = 0;
    let mut found = Vec::new();
    for (characters, area) in runs {
        let start = from + text[from..].find(characters).unwrap();
        from = start + characters.len();
        found.push(Run { span: span(start, from), area: *area });
    }
    let whole = span(0, text.len());
    let size = Some(Size { width: 600.0, height: 800.0 });
    let pages = vec![Page { number: 3, span: whole, size, runs: found }];
    let blocks = vec![Block { kind: BlockKind::Paragraph, span: whole }];
    Document::new(text.to_owned(), blocks, pages, Vec::new()).unwrap()
}

fn of(document: &Document, part: &str) -> Vec<(u32, Area)> {
    let start = document.text.find(part).unwrap();
    areas(document, span(start, start + part.len()))
}

#[test]
fn runs_of_one_line_are_one_rectangle() {
    let document = page(
        "un deux trois quatre",
        &[
            ("un", area(10.0, 10.0, 20.0, 20.0)),
            ("deux", area(25.0, 11.0, 45.0, 21.0)),
            ("trois", area(10.0, 24.0, 35.0, 34.0)),
            ("quatre", area(40.0, 24.0, 70.0, 34.0)),
        ],
    );
    let first = (3, area(10.0, 10.0, 45.0, 21.0));
    assert_eq!(of(&document, "un deux"), [first]);
    assert_eq!(of(&document, "un deux trois"), [first, (3, area(10.0, 24.0, 35.0, 34.0))]);
    assert_eq!(of(&document, "quatre"), [(3, area(40.0, 24.0, 70.0, 34.0))]);
}

#[test]
fn parts_of_runs_are_cut_from_the_side_where_their_script_begins() {
    let line = area(100.0, 10.0, 200.0, 20.0);
    let latin = page("abcd efghi", &[("abcd efghi", line)]);
    assert_eq!(of(&latin, "abcd"), [(3, area(100.0, 10.0, 140.0, 20.0))]);
    assert_eq!(of(&latin, "efghi"), [(3, area(150.0, 10.0, 200.0, 20.0))]);
    let arabic = page("كتب ولدان", &[("كتب ولدان", line)]);
    let found = of(&arabic, "كتب").into_iter().next().unwrap().1;
    assert!(found.right > 199.9 && (found.left - 166.6).abs() < 0.2, "{found:?}");
}

#[test]
fn shapes_of_several_lines_are_not_cut() {
    let shape = area(10.0, 10.0, 200.0, 90.0);
    let document = page("un deux\n\ntrois quatre", &[("un deux\n\ntrois quatre", shape)]);
    assert_eq!(of(&document, "trois"), [(3, shape)]);
}

#[test]
fn marks_above_and_below_stay_in_their_line() {
    let document = page(
        "कि ता",
        &[
            ("क", area(20.0, 10.0, 30.0, 20.0)),
            ("ि", area(15.0, 8.0, 22.0, 20.0)),
            ("ता", area(34.0, 11.0, 50.0, 20.0)),
        ],
    );
    assert_eq!(of(&document, "कि ता"), [(3, area(15.0, 8.0, 50.0, 20.0))]);
}

#[test]
fn what_is_no_span_of_the_text_stands_nowhere() {
    let document = page("été", &[("été", area(0.0, 0.0, 10.0, 10.0))]);
    for wrong in [span(0, 0), span(1, 2), span(0, 6), span(5, 1), Span::new(0, u32::MAX)] {
        assert!(areas(&document, wrong).is_empty(), "{wrong:?}");
    }
    let bare = crate::paragraph("été");
    assert!(areas(&bare, span(0, 5)).is_empty());
}
