use passages::BlockKind;

use crate::samples::{
    ARABIC, FRENCH, Format, HINDI, SECRET, blocks, document, docx, notes_hidden, open_document,
    pptx, shape, xlsx, xlsx_with, zipped,
};

const PARAGRAPH: BlockKind = BlockKind::Paragraph;

#[test]
fn a_word_document_is_read_as_it_is_seen() {
    let body = format!(
        r#"<w:p><w:pPr><w:pStyle w:val="Fils"/></w:pPr><w:r><w:t>{FRENCH}</w:t></w:r></w:p>
        <w:p><w:r><w:t>{ARABIC}</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r>
        <w:r><w:footnoteReference w:id="2"/></w:r></w:p>
        <w:p><w:pPr><w:numPr><w:ilvl w:val="1"/><w:numId w:val="3"/></w:numPr></w:pPr><w:ins><w:r><w:t>{HINDI}</w:t></w:r></w:ins><w:del><w:r><w:delText>{SECRET}</w:delText></w:r></w:del></w:p>
        <w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"#
    );
    let read = document(Format::Docx, &docx(&body));
    let expected = [
        (BlockKind::Heading { level: 1 }, FRENCH),
        (PARAGRAPH, ARABIC),
        (PARAGRAPH, FRENCH),
        (BlockKind::ListItem { depth: 1 }, HINDI),
        (BlockKind::TableRow, "a | b"),
    ];
    assert_eq!(blocks(&read), expected);
    assert!(notes_hidden(&read));
}

#[test]
fn hidden_characters_and_fields_of_word_are_no_text() {
    let secret = format!("<w:t>{SECRET}</w:t>");
    for hiding in [
        format!("<w:r><w:rPr><w:vanish/></w:rPr>{secret}</w:r>"),
        format!(r#"<w:r><w:rPr><w:rStyle w:val="Cache"/></w:rPr>{secret}</w:r>"#),
        format!("<w:del><w:r>{secret}</w:r></w:del>"),
        format!("<w:moveFrom><w:r>{secret}</w:r></w:moveFrom>"),
        format!("<w:r><w:instrText>{SECRET}</w:instrText></w:r>"),
        format!(
            r#"<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r>{secret}</w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>"#
        ),
        r#"<w:r><w:rPr><w:vanish/></w:rPr><w:footnoteReference w:id="2"/></w:r>"#.to_owned(),
        format!(
            "<w:tbl><w:tr><w:trPr><w:hidden/></w:trPr><w:tc><w:p><w:r>{secret}</w:r></w:p></w:tc></w:tr></w:tbl>"
        ),
        format!(
            "<mc:AlternateContent><mc:Fallback><w:r>{secret}</w:r></mc:Fallback></mc:AlternateContent>"
        ),
    ] {
        let body = format!("<w:p><w:r><w:t>{FRENCH}</w:t></w:r>{hiding}</w:p>");
        assert_eq!(document(Format::Docx, &docx(&body)).text, FRENCH, "{hiding}");
    }
}

#[test]
fn boxes_of_word_follow_their_paragraph() {
    let body = format!(
        "<w:p><w:r><w:drawing><w:txbxContent><w:p><w:r><w:t>{HINDI}</w:t></w:r></w:p></w:txbxContent></w:drawing></w:r><w:r><w:t>{FRENCH}</w:t></w:r></w:p>"
    );
    let read = document(Format::Docx, &docx(&body));
    assert_eq!(blocks(&read), [(PARAGRAPH, FRENCH), (PARAGRAPH, HINDI)]);
}

#[test]
fn slides_are_pages_and_shapes_have_places() {
    let first = format!("{}{}", shape("title", 10, FRENCH), shape("body", 10, ARABIC));
    let beside = format!("{}{}", shape("sldNum", 10, HINDI), shape("sldNum", 2_000, SECRET));
    let hidden =
        format!(r#"<p:sld show="0"><p:cSld>{}</p:cSld></p:sld>"#, shape("title", 1, SECRET));
    let read = document(Format::Pptx, &pptx(&[&first, &beside, &hidden]));
    let expected = [
        (BlockKind::Heading { level: 1 }, FRENCH),
        (BlockKind::ListItem { depth: 0 }, ARABIC),
        (PARAGRAPH, HINDI),
    ];
    assert_eq!(blocks(&read), expected);
    assert_eq!(read.pages.len(), 3);
    assert_eq!(read.pages_of(read.blocks[2].span), [2]);
    let run = read.pages[0].runs[0];
    assert_eq!((run.span, run.area.left), (read.blocks[0].span, 10.0));
    assert!(notes_hidden(&read));
}

#[test]
fn shapes_of_hidden_groups_are_hidden() {
    let group = format!(
        r#"<p:grpSp><p:nvGrpSpPr><p:cNvPr id="3" name="g" hidden="1"/></p:nvGrpSpPr><p:grpSp>{0}</p:grpSp>{0}</p:grpSp>"#,
        shape("body", 1, SECRET)
    );
    let slide = format!("{}{group}{}", shape("title", 10, FRENCH), shape("body", 10, HINDI));
    let read = document(Format::Pptx, &pptx(&[&slide]));
    let expected =
        [(BlockKind::Heading { level: 1 }, FRENCH), (BlockKind::ListItem { depth: 0 }, HINDI)];
    assert_eq!(blocks(&read), expected);
    assert!(notes_hidden(&read));
}

#[test]
fn sheets_are_pages_of_rows() {
    let cell =
        |at: &str, text: &str| format!(r#"<c r="{at}" t="inlineStr"><is><t>{text}</t></is></c>"#);
    let rows = format!(
        r#"<row r="1">{}{}</row><row r="2" hidden="1">{}</row><row r="3">{}<c r="C3"><v>12.5</v></c></row>"#,
        cell("A1", FRENCH),
        cell("B1", ARABIC),
        cell("A2", SECRET),
        cell("A3", HINDI)
    );
    let read = document(Format::Xlsx, &xlsx(&rows));
    let (first, third) = (format!("{FRENCH} | {ARABIC}"), format!("{HINDI} |  | 12.5"));
    let expected = [
        (BlockKind::Heading { level: 1 }, "Budget"),
        (BlockKind::TableRow, first.as_str()),
        (BlockKind::TableRow, third.as_str()),
    ];
    assert_eq!(blocks(&read), expected);
    assert!(notes_hidden(&read));
}

#[test]
fn numbers_of_sheets_are_shown_by_their_format() {
    let styles = r#"<styleSheet><numFmts><numFmt numFmtId="164" formatCode="dd/mm/yyyy"/><numFmt numFmtId="165" formatCode=";;;"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="20"/></cellXfs></styleSheet>"#;
    let strings =
        "<sst><si><t>a</t></si><si><r><t>b</t></r><r><t>c</t></r><rPh><t>x</t></rPh></si></sst>";
    let rows = r#"<row r="1"><c t="s"><v>1</v></c><c s="1"><v>43558</v></c><c s="0"><v>43558</v></c><c s="2"><v>7</v></c><c s="3"><v>0.5</v></c><c t="b"><v>1</v></c><c t="str"><f>A1</f><v>d</v></c></row>"#;
    let others = [("xl/styles.xml", styles), ("xl/sharedStrings.xml", strings)];
    let read = document(Format::Xlsx, &xlsx_with(rows, &others));
    let expected = "bc | 2019-04-03 | 43558 |  | 12:00:00 | true | d";
    assert_eq!(blocks(&read)[1], (BlockKind::TableRow, expected));
}

#[test]
fn the_workbook_that_is_named_is_the_one_that_is_read() {
    let sheet = |hidden: &str| {
        format!(
            r#"<worksheet><sheetData><row r="1" {hidden}><c t="str"><v>{SECRET}</v></c></row></sheetData></worksheet>"#
        )
    };
    let book = r#"<workbook xmlns:r="r"><sheets><sheet name="x" r:id="r1"/></sheets></workbook>"#;
    let one = |id: &str, kind: &str, target: &str| {
        format!(
            r#"<Relationships><Relationship Id="{id}" Type="k/{kind}" Target="{target}"/></Relationships>"#
        )
    };
    let read = document(
        Format::Xlsx,
        &zipped(&[
            ("_rels/.rels", &one("a", "officeDocument", "x/book.xml")),
            ("xl/workbook.xml", book),
            ("xl/_rels/workbook.xml.rels", &one("r1", "worksheet", "s.xml")),
            ("xl/s.xml", &sheet("")),
            ("x/book.xml", book),
            ("x/_rels/book.xml.rels", &one("r1", "chartsheet", "s.xml")),
            ("x/s.xml", &sheet(r#"hidden="1""#)),
        ]),
    );
    assert_eq!(read.text, "x");
    assert!(notes_hidden(&read));
}

#[test]
fn open_texts_are_read_as_they_are_seen() {
    let styles = r#"<style:style style:name="T1" style:family="text"><style:text-properties text:display="none"/></style:style><style:style style:name="T2" style:family="text" style:parent-style-name="T1"/>"#;
    let body = format!(
        r#"<text:tracked-changes><text:p>{SECRET}</text:p></text:tracked-changes>
        <text:h text:outline-level="2">{FRENCH}</text:h>
        <text:p>{ARABIC}<text:span text:style-name="T1">{SECRET}</text:span><text:span text:style-name="T2">{SECRET}</text:span><office:annotation><text:p>{SECRET}</text:p></office:annotation><text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>note</text:p></text:note-body></text:note></text:p>
        <text:list><text:list-item><text:p>{HINDI}</text:p></text:list-item></text:list>
        <table:table><table:table-row><table:table-cell><text:p>a</text:p></table:table-cell><table:table-cell><text:p>b<text:s text:c="1"/>c</text:p></table:table-cell></table:table-row></table:table>"#
    );
    let read = document(Format::Odt, &open_document("text", styles, &body));
    let expected = [
        (BlockKind::Heading { level: 2 }, FRENCH),
        (PARAGRAPH, ARABIC),
        (PARAGRAPH, "note"),
        (BlockKind::ListItem { depth: 0 }, HINDI),
        (BlockKind::TableRow, "a | b c"),
    ];
    assert_eq!(blocks(&read), expected);
    assert!(notes_hidden(&read));
}

#[test]
fn open_slides_are_pages() {
    let styles = r#"<style:style style:name="d2" style:family="drawing-page"><style:drawing-page-properties presentation:visibility="hidden"/></style:style>"#;
    let body = format!(
        r#"<draw:page><draw:frame presentation:class="title"><draw:text-box><text:p>{FRENCH}</text:p></draw:text-box></draw:frame><draw:frame><draw:text-box><text:p>{HINDI}</text:p></draw:text-box></draw:frame><presentation:notes><text:p>{SECRET}</text:p></presentation:notes></draw:page><draw:page draw:style-name="d2"><text:p>{SECRET}</text:p></draw:page>"#
    );
    let read = document(Format::Odp, &open_document("presentation", styles, &body));
    let expected = [(BlockKind::Heading { level: 1 }, FRENCH), (PARAGRAPH, HINDI)];
    assert_eq!(blocks(&read), expected);
    assert_eq!(read.pages.len(), 1);
}

#[test]
fn hidden_slides_and_sheets_count() {
    let styles = r#"<style:style style:name="d2" style:family="drawing-page"><style:drawing-page-properties presentation:visibility="hidden"/></style:style><style:style style:name="ta2" style:family="table"><style:table-properties table:display="false"/></style:style>"#;
    let slides = format!(
        r#"<draw:page draw:style-name="d2"/><draw:page><text:p>{FRENCH}</text:p></draw:page>"#
    );
    let read = document(Format::Odp, &open_document("presentation", styles, &slides));
    assert_eq!(read.pages[0].number, 2);
    let sheets = r#"<table:table table:style-name="ta2"/><table:table table:name="Budget"/>"#;
    let read = document(Format::Ods, &open_document("spreadsheet", styles, sheets));
    assert_eq!(read.pages[0].number, 2);
}

#[test]
fn open_sheets_are_pages_of_rows() {
    let styles = r#"<style:style style:name="ta2" style:family="table"><style:table-properties table:display="false"/></style:style>"#;
    let body = format!(
        r#"<table:table table:name="Budget"><table:table-column/><table:table-column table:visibility="collapse"/><table:table-row><table:table-cell><text:p>{FRENCH}</text:p></table:table-cell><table:table-cell><text:p>{SECRET}</text:p></table:table-cell><table:table-cell><text:p>{ARABIC}</text:p></table:table-cell></table:table-row><table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="16384"/></table:table-row></table:table><table:table table:name="x" table:style-name="ta2"><table:table-row><table:table-cell><text:p>{SECRET}</text:p></table:table-cell></table:table-row></table:table>"#
    );
    let read = document(Format::Ods, &open_document("spreadsheet", styles, &body));
    let row = format!("{FRENCH} |  | {ARABIC}");
    let expected =
        [(BlockKind::Heading { level: 1 }, "Budget"), (BlockKind::TableRow, row.as_str())];
    assert_eq!(blocks(&read), expected);
    assert!(notes_hidden(&read));
}
