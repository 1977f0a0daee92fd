//! Documents that ask for more than a machine has: each ends early, with a reason.
use document_readers::{Excess, Limits, read};

use crate::samples::{Format, ReadError, docx, limits, open_document, xlsx, xlsx_with, zipped};

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
    let book = zipped(&[("xl/workbook.xml", &zeros)]);
    check(Format::Xlsx, &book, &limits(), Excess::Expansion);
}

#[test]
fn archives_do_not_list_beyond_their_limits() {
    let few = Limits { entries: 2, ..limits() };
    check(Format::Docx, &docx(""), &few, Excess::Entries);
}

#[test]
fn entries_of_archives_are_counted_before_they_are_read() {
    let mut entry = b"PK\x01\x02".to_vec();
    entry.resize(46, 0);
    check(Format::Docx, &entry.repeat(10_001), &limits(), Excess::Entries);
}

#[test]
fn what_stands_for_much_is_counted() {
    let few = Limits { text_bytes: 1_000, ..limits() };
    let spaces = format!("<text:p>{}</text:p>", r#"<text:s text:c="100"/>"#.repeat(11));
    check(Format::Odt, &open_document("text", "", &spaces), &few, Excess::Text);
    let attributes: String = (0..1_001).map(|i| format!(r#" a{i}="""#)).collect();
    check(Format::Docx, &docx(&format!("<w:p{attributes}/>")), &limits(), Excess::Attributes);
    let few = Limits { cells: 10, ..limits() };
    check(Format::Csv, ",".repeat(100).as_bytes(), &few, Excess::Cells);
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
fn attributes_that_are_repeated_for_each_paragraph_end() {
    let attributes: String = (0..900).map(|i| format!(" a{i}")).collect();
    let page = format!("<p><b{attributes}>x{}", "<p>x".repeat(3_000));
    check(Format::Html, page.as_bytes(), &limits(), Excess::Attributes);
    let attributes: String = (0..1_100).map(|i| format!(" a{i}")).collect();
    check(Format::Html, format!("<p{attributes}>").as_bytes(), &limits(), Excess::Attributes);
    for name in ["style", "class"] {
        let long = "color:red;".repeat(50_000);
        let page = format!("<p><b {name}='{long}'>x{}", "<p>x".repeat(1_000));
        check(Format::Html, page.as_bytes(), &limits(), Excess::Attributes);
    }
}

#[test]
fn attributes_are_not_compared_without_end() {
    let attributes: String = (0..300_000).map(|i| format!(" a{i}")).collect();
    let page = format!("<p{attributes}>");
    check(Format::Html, page.as_bytes(), &limits(), Excess::Attributes);
}

#[test]
fn pages_with_pictures_and_comments_are_read() {
    let picture: String = (0..200_000).map(|i| format!("{i:06}/")).collect();
    let comment = "un deux trois quatre cinq ".repeat(20_000);
    let page = format!("<img src='data:image/png;base64,{picture}'><!-- {comment} --><p>mot");
    assert_eq!(read(Format::Html, page.as_bytes(), &limits()).unwrap().text, "mot");
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
fn workbooks_that_say_too_much_are_refused() {
    for rows in [
        r#"<row r="1"><c r="AAAAAAAA1"><v>1</v></c></row>"#,
        r#"<row r="1"><c r="A99999999999"><v>1</v></c></row>"#,
        r#"<row r="1"><c r="A2"><v>1</v></c></row>"#,
        r#"<row r="1"><c r="A1" t="s"><v>0</v></c></row>"#,
        r#"<row r="4294967295"><c><v>1</v></c></row><row><c><v>1</v></c></row>"#,
        r#"<row r="1048576"/><row/>"#,
    ] {
        let refused = read(Format::Xlsx, &xlsx(rows), &limits()).unwrap_err();
        assert_eq!(refused.code(), "document.broken", "{rows}");
    }
}

#[test]
fn numbers_of_things_are_not_believed() {
    let rows = r#"<row r="1"><c r="A1" t="s"><v>0</v></c></row>"#;
    let strings = r#"<sst uniqueCount="18446744073709551615"><si><t>mot</t></si></sst>"#;
    let book = xlsx_with(rows, &[("xl/sharedStrings.xml", strings)]);
    assert!(read(Format::Xlsx, &book, &limits()).unwrap().text.contains("mot"));
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

/// Reads on a stack on which nothing can go deep.
fn reads_on_a_small_stack(format: Format, bytes: Vec<u8>, limits: Limits) -> bool {
    let small = std::thread::Builder::new().stack_size(256 * 1024);
    small.spawn(move || read(format, &bytes, &limits).is_ok()).unwrap().join().unwrap()
}

#[test]
fn messages_in_messages_are_taken_apart() {
    let many = "Content-Type: message/rfc822\n\n".repeat(20_000);
    check(Format::Eml, many.as_bytes(), &limits(), Excess::Entries);
    let wide = Limits { entries: 1_000_000, ..limits() };
    assert!(reads_on_a_small_stack(Format::Eml, many.into_bytes(), wide));
    // The same levels in letters, where nobody can count them.
    let hidden = "Q29udGVudC1UeXBlOiBtZXNzYWdlL3JmYzgyMgoK".repeat(20_000);
    let encoded =
        format!("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{hidden}");
    assert!(reads_on_a_small_stack(Format::Eml, encoded.into_bytes(), limits()));
}

#[test]
fn parts_of_messages_are_counted_before_they_are_made() {
    let head = "Content-Type: multipart/mixed; boundary=b\n\n";
    for part in ["--b\n\n", "x--b\n"] {
        let many = format!("{head}{}", part.repeat(50_000));
        check(Format::Eml, many.as_bytes(), &limits(), Excess::Entries);
    }
}
