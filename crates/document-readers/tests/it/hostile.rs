//! Documents that ask for more than a machine has: each ends early, with a reason.
use document_readers::{Excess, Limits, read};

use crate::samples::{Format, ReadError, docx, limits, open_document, xlsx, zipped};

#[track_caller]
fn check(format: Format, bytes: &[u8], limits: &Limits, expected: Excess) {
    match read(format, bytes, limits) {
        Err(ReadError::TooMuch { what, .. }) => assert_eq!(what, expected),
        other => panic!("{expected:?} expected, not {:?}", other.map(|read| read.text.len())),
    }
}

#[test]
fn files_are_measured_before_they_are_opened() {
    let small = Limits { bytes_in: 10, ..limits() };
    for format in [Format::Plain, Format::Docx, Format::Eml, Format::Msg, Format::Html] {
        check(format, &[b' '; 11], &small, Excess::BytesIn);
    }
}

#[test]
fn archives_do_not_unpack_beyond_their_limits() {
    let zeros = "0".repeat(8 * 1024 * 1024);
    let bomb = docx(&format!("<w:p><w:r><w:t>{zeros}</w:t></w:r></w:p>"));
    check(Format::Docx, &bomb, &limits(), Excess::Expansion);
    let wide = Limits { bytes_out: 1024 * 1024, ..limits() };
    check(Format::Docx, &bomb, &wide, Excess::BytesOut);
    let book = zipped(&[("xl/workbook.xml", "<workbook/>"), ("xl/media/a", &zeros)]);
    check(Format::Xlsx, &book, &limits(), Excess::Expansion);
}

#[test]
fn archives_do_not_list_beyond_their_limits() {
    let few = Limits { entries: 2, ..limits() };
    check(Format::Docx, &docx(""), &few, Excess::Entries);
}

#[test]
fn archives_in_documents_stay_shut() {
    let inner = "PK\u{3}\u{4} archive in an archive";
    let file =
        zipped(&[("word/document.xml", "<w:document/>"), ("word/embeddings/inner.zip", inner)]);
    let opened = read(Format::Docx, &file, &limits()).unwrap();
    assert!(opened.text.is_empty());
    assert_eq!(opened.notes.len(), 1);
}

#[test]
fn entities_are_never_expanded() {
    let laughs = r#"<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><w:document><w:p>&b;</w:p></w:document>"#;
    let outside = r#"<!DOCTYPE a SYSTEM "file:///etc/passwd"><w:document/>"#;
    for content in [laughs, outside] {
        let file = zipped(&[("word/document.xml", content)]);
        check(Format::Docx, &file, &limits(), Excess::Entities);
    }
    let unknown = zipped(&[("word/document.xml", "<w:document>&xxe;</w:document>")]);
    let refused = read(Format::Docx, &unknown, &limits()).unwrap_err();
    assert_eq!(refused.code(), "document.broken");
}

#[test]
fn elements_are_not_nested_beyond_their_limits() {
    let deep = format!("{}{}", "<w:sdt>".repeat(1_000), "</w:sdt>".repeat(1_000));
    check(Format::Docx, &docx(&deep), &limits(), Excess::Depth);
    let tables = "<w:tbl><w:tr><w:tc>".repeat(40);
    check(Format::Docx, &docx(&tables), &limits(), Excess::Nesting);
    check(Format::Html, "<div>".repeat(100_000).as_bytes(), &limits(), Excess::Depth);
    let quotes = format!("{} x", ">".repeat(2_000));
    check(Format::Markdown, quotes.as_bytes(), &limits(), Excess::Depth);
}

#[test]
fn formatting_that_is_repeated_for_each_paragraph_ends() {
    let open: String = (0..200).map(|i| format!("<font a={i}>")).collect();
    let page = format!("{open}{}", "<p>x".repeat(100_000));
    let few = Limits { nodes: 100_000, ..limits() };
    check(Format::Html, page.as_bytes(), &few, Excess::Nodes);
}

#[test]
fn attributes_are_not_compared_without_end() {
    let attributes: String = (0..300_000).map(|i| format!(" a{i}")).collect();
    let page = format!("<p{attributes}>");
    check(Format::Html, page.as_bytes(), &limits(), Excess::Attributes);
}

#[test]
fn repeated_cells_are_counted() {
    let body = r#"<table:table><table:table-row table:number-rows-repeated="4000000000"><table:table-cell table:number-columns-repeated="4000000000"><text:p>x</text:p></table:table-cell></table:table-row></table:table>"#;
    let few = Limits { cells: 1_000, ..limits() };
    check(Format::Ods, &open_document("spreadsheet", "", body), &few, Excess::Cells);
}

#[test]
fn a_cell_far_away_takes_no_room() {
    let rows = r#"<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row>"#;
    let opened = read(Format::Xlsx, &xlsx(rows), &limits()).unwrap();
    assert!(opened.text.len() < 4_096);
}

#[test]
fn text_has_an_end() {
    let short = Limits { text_bytes: 100, ..limits() };
    check(Format::Plain, "mot ".repeat(50).as_bytes(), &short, Excess::Text);
    check(Format::Html, "<p>mot".repeat(50).as_bytes(), &short, Excess::Text);
    check(Format::Csv, "a,b\n".repeat(50).as_bytes(), &short, Excess::Text);
    let paragraphs = "<w:p><w:r><w:t>mot</w:t></w:r></w:p>".repeat(50);
    check(Format::Docx, &docx(&paragraphs), &short, Excess::Text);
}

#[test]
fn chains_of_compound_files_that_go_in_circles_end() {
    let mut file = crate::samples::msg(&[(0x1000, "x")]);
    // Each sector of the table follows itself.
    for (index, link) in file[512..1024].chunks_exact_mut(4).enumerate() {
        link.copy_from_slice(&u32::try_from(index).unwrap().to_le_bytes());
    }
    if let Ok(opened) = read(Format::Msg, &file, &limits()) {
        assert!(opened.text.len() <= file.len());
    }
}
