use document_readers::detect;

use crate::samples::{FRENCH, Format, ReadError, docx, msg, open_document, pptx, xlsx, zipped};

#[test]
fn files_are_known_by_their_content() {
    let page = format!("<!DOCTYPE html><p>{FRENCH}</p>");
    let mail = format!("From: a@example.org\r\nSubject: s\r\n\r\n{FRENCH}");
    for (bytes, expected) in [
        (docx(""), Format::Docx),
        (pptx(&[]), Format::Pptx),
        (xlsx(""), Format::Xlsx),
        (open_document("text", "", ""), Format::Odt),
        (open_document("presentation", "", ""), Format::Odp),
        (open_document("spreadsheet", "", ""), Format::Ods),
        (msg(&[]), Format::Msg),
        (page.into_bytes(), Format::Html),
        (mail.into_bytes(), Format::Eml),
        (FRENCH.as_bytes().to_vec(), Format::Plain),
        (b"%PDF-1.7\n".to_vec(), Format::Pdf),
        (b"\x89PNG\r\n\x1a\n".to_vec(), Format::Image),
    ] {
        assert_eq!(detect(&bytes, None, None), Ok(expected));
    }
}

#[test]
fn names_say_what_characters_mean() {
    for (name, expected) in
        [("a.md", Format::Markdown), ("a.CSV", Format::Csv), ("a.html", Format::Html)]
    {
        assert_eq!(detect(FRENCH.as_bytes(), Some(name), None), Ok(expected));
    }
    let said = detect(FRENCH.as_bytes(), None, Some("text/markdown; charset=utf-8"));
    assert_eq!(said, Ok(Format::Markdown));
}

#[test]
fn a_file_whose_type_lies_is_refused() {
    let page = format!("<html><p>{FRENCH}</p></html>").into_bytes();
    for (bytes, name, media_type, words) in [
        (docx(""), Some("a.pdf"), None, ["`.pdf`", "DOCX"]),
        (docx(""), Some("a.docx"), Some("application/pdf"), ["application/pdf", "DOCX"]),
        (docx(""), Some("a.txt"), None, ["`.txt`", "DOCX"]),
        (FRENCH.as_bytes().to_vec(), Some("a.xlsx"), None, ["`.xlsx`", "plain text"]),
        (b"\0\x01\x02".to_vec(), Some("a.txt"), None, ["`.txt`", "binary data"]),
        (page, Some("a.txt"), None, ["`.txt`", "HTML"]),
    ] {
        let refused = detect(&bytes, name, media_type).unwrap_err();
        assert_eq!(refused.code(), "document.type_mismatch");
        assert!(words.iter().all(|word| refused.to_string().contains(word)), "{refused}");
    }
}

#[test]
fn what_is_no_document_is_refused() {
    for bytes in [
        zipped(&[("a.docx", "x")]),
        b"\x1f\x8b\x08".to_vec(),
        b"{\\rtf1".to_vec(),
        b"\x7fELF\0".to_vec(),
    ] {
        let refused = detect(&bytes, None, None).unwrap_err();
        assert!(matches!(refused, ReadError::Unsupported { .. }), "{refused}");
        assert!(!refused.hint().is_empty());
    }
}

#[test]
fn locked_open_documents_are_refused() {
    let file = zipped(&[
        ("mimetype", "application/vnd.oasis.opendocument.text"),
        ("META-INF/manifest.xml", "<manifest:encryption-data/>"),
    ]);
    assert!(matches!(detect(&file, None, None), Err(ReadError::Encrypted { .. })));
}
