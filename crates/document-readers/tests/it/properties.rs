//! Whatever happens to a file, reading it ends, without a panic and within the limits. A failure
//! prints the seed and the smallest change that it found.
use document_readers::{Limits, detect, read};
use proptest::{collection::vec, prelude::*, sample::select};

use crate::samples::{
    ARABIC, FRENCH, Format, HINDI, docx, msg, open_document, pptx, shape, xlsx, xlsx_with,
};

fn originals() -> Vec<(Format, Vec<u8>)> {
    let word =
        format!("<w:p><w:r><w:t>{FRENCH}</w:t></w:r></w:p><w:tbl><w:tr><w:tc/></w:tr></w:tbl>");
    let page = format!(
        "<style>.a b{{color:#fff}}</style><h1>{HINDI}</h1><table><tr><td>1<td>2<tr><td>3<td>4</table><p class=a><b>{ARABIC}"
    );
    let mail = format!(
        "From: a@example.org\r\nSubject: s\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n{page}\r\n--b--"
    );
    let cells = r#"<row r="1"><c r="A1" t="inlineStr"><is><t>x</t></is></c></row>"#;
    let open = format!("<text:p>{HINDI}</text:p>");
    let sheet = format!(
        "<table:table><table:table-row><table:table-cell>{open}</table:table-cell></table:table-row></table:table>"
    );
    vec![
        (Format::Plain, FRENCH.as_bytes().to_vec()),
        (
            Format::Markdown,
            format!("# {FRENCH}\n\n| a | b |\n|--|--|\n| {HINDI} | 2 |").into_bytes(),
        ),
        (Format::Html, page.into_bytes()),
        (Format::Csv, format!("a;b\n\"{FRENCH}\";{ARABIC}").into_bytes()),
        (Format::Docx, docx(&word)),
        (Format::Pptx, pptx(&[&shape("title", 10, FRENCH)])),
        (Format::Xlsx, xlsx(cells)),
        (Format::Odt, open_document("text", "", &open)),
        (Format::Odp, open_document("presentation", "", &open)),
        (Format::Ods, open_document("spreadsheet", "", &sheet)),
        (Format::Eml, mail.into_bytes()),
        (Format::Msg, msg(&[(0x0037, FRENCH), (0x1000, HINDI)])),
    ]
}

fn tight() -> Limits {
    Limits { text_bytes: 64 * 1024, bytes_out: 1024 * 1024, nodes: 10_000, ..Limits::default() }
}

fn reads_within(format: Format, bytes: &[u8]) {
    let limits = tight();
    if let Ok(document) = read(format, bytes, &limits) {
        assert!(document.text.len() <= 64 * 1024);
        // The document holds together: its parts make the same document again.
        let passages::Document { text, blocks, pages, notes } = document;
        assert!(passages::Document::new(text, blocks, pages, notes).is_ok());
    }
}

proptest! {
    #[test]
    fn changed_files_are_read_or_refused(
        (format, bytes) in select(originals()),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
        cut in any::<prop::sample::Index>(),
        cuts in any::<bool>(),
    ) {
        let mut bytes = bytes;
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if cuts {
            bytes.truncate(cut.index(bytes.len()));
        }
        reads_within(format, &bytes);
        // Any answer will do, as long as there is one.
        drop(detect(&bytes, None, None));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..2_000)) {
        for (format, _) in originals() {
            reads_within(format, &bytes);
        }
    }

    #[test]
    fn any_page_is_read_or_refused(
        words in vec(select(vec![
            "<p>", "</p>", "<b>", "</b>", "<table>", "</table>", "<tr>", "<td>", "<li>", "<ul>",
            "</ul>", "<template>", "<style>", "</style>", ".a{display:none}", "<div class=a>",
            "</div>", "mot", " ", "<!--", "-->", "<body a=1>", "<h1>", "<pre>", "é", "&amp;",
        ]), 0..200),
    ) {
        reads_within(Format::Html, words.concat().as_bytes());
    }

    #[test]
    fn any_sheet_is_read_or_refused(
        words in vec(select(vec![
            "<row>", "<row r=\"2\">", "<row r=\"1048576\">", "<row r=\"4294967295\">", "</row>",
            "<row hidden=\"1\">", "<c>", "<c r=\"A1\">", "<c r=\"XFD2\">", "<c r=\"AAAAAAAA1\">",
            "<c r=\"A99999999999\">", "<c t=\"s\">", "<c t=\"inlineStr\">", "</c>", "<v>1</v>",
            "<v>1e999</v>", "<is><t>mot</t></is>", "<f>A1</f>", "<cols><col min=\"0\"/></cols>",
        ]), 0..60),
        codes in vec(select(vec!["[", "]", "h", "d", ";", "\\", "_", "0"]), 0..300),
    ) {
        let styles = format!(
            r#"<styleSheet><numFmts><numFmt numFmtId="1" formatCode="{}"/></numFmts><cellXfs><xf numFmtId="1"/></cellXfs></styleSheet>"#,
            codes.concat()
        );
        let others = [("xl/styles.xml", styles.as_str())];
        reads_within(Format::Xlsx, &xlsx_with(&words.concat(), &others));
    }

    #[test]
    fn any_word_body_is_read_or_refused(
        words in vec(select(vec![
            "<w:p>", "</w:p>", "<w:r>", "</w:r>", "<w:t>", "</w:t>", "mot", "<w:tbl>", "</w:tbl>",
            "<w:tr>", "</w:tr>", "<w:tc>", "</w:tc>", "<w:del>", "</w:del>", "<w:vanish/>",
            "<w:txbxContent>", "</w:txbxContent>", "<w:fldChar w:fldCharType=\"begin\"/>",
        ]), 0..60),
    ) {
        reads_within(Format::Docx, &docx(&words.concat()));
    }
}
