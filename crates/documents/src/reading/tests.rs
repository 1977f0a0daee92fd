//! Documents that mean harm, and those that are what they say.

use std::io::{Cursor, Write as _};

use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::*;
use crate::message::Wanted;

fn task(name: &str, bytes: &[u8]) -> Task {
    let name = Some(name.to_owned());
    Task { bytes: bytes.len() as u64, name, media_type: None, wanted: Wanted::Reading }
}

fn read_with(name: &str, bytes: &[u8], limits: ReaderLimits) -> Result<Document, Refusal> {
    let tools = Tools { limits, pdfium: None, counter: None, ocr: None, is_late: &|| false };
    read(&task(name, bytes), bytes.to_vec(), tools)
}

fn opened(name: &str, bytes: &[u8]) -> Result<Document, Refusal> {
    read_with(name, bytes, ReaderLimits::default())
}

/// An archive of parts, each of which is a text that is repeated.
fn archive(parts: &[(&str, &[u8], usize)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(1));
    for (name, text, times) in parts {
        writer.start_file(*name, options.large_file(true)).unwrap();
        for _ in 0..*times {
            writer.write_all(text).unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}

fn word(body: &str) -> Vec<u8> {
    let main = format!(r#"<w:document xmlns:w="w"><w:body>{body}</w:body></w:document>"#);
    archive(&[("word/document.xml", main.as_bytes(), 1)])
}

#[test]
fn an_archive_of_few_bytes_that_unpacks_to_a_gibibyte_ends_early() {
    let (begin, end) =
        ("<w:document><w:body><w:p><w:r><w:t>", "</w:t></w:r></w:p></w:body></w:document>");
    let zeros = vec![b'0'; 1 << 20];
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(1));
    writer.start_file("word/document.xml", options).unwrap();
    writer.write_all(begin.as_bytes()).unwrap();
    for _ in 0..1024 {
        writer.write_all(&zeros).unwrap();
    }
    writer.write_all(end.as_bytes()).unwrap();
    let bomb = writer.finish().unwrap().into_inner();
    assert!(bomb.len() < 16 << 20, "{}", bomb.len());
    let refused = opened("bombe.docx", &bomb).unwrap_err();
    assert!(matches!(refused, Refusal::TooLarge { .. }), "{refused:?}");
}

#[test]
fn archives_in_archives_stay_shut() {
    let inner = archive(&[("inner", b"0", 1 << 20)]);
    let outer = archive(&[
        ("word/document.xml", br#"<w:document xmlns:w="w"/>"#, 1),
        ("word/embeddings/a.zip", &inner, 100),
    ]);
    let document = opened("dehors.docx", &outer).unwrap();
    assert!(document.text.is_empty());
    let refused = opened("archive.zip", &inner).unwrap_err();
    assert!(matches!(refused, Refusal::Unsupported { .. }), "{refused:?}");
}

#[test]
fn entities_are_not_expanded() {
    let main = r#"<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><w:document xmlns:w="w"><w:body><w:p><w:r><w:t>&b;</w:t></w:r></w:p></w:body></w:document>"#;
    let file = archive(&[("word/document.xml", main.as_bytes(), 1)]);
    let refused = opened("rires.docx", &file).unwrap_err();
    assert!(matches!(refused, Refusal::TooLarge { .. } | Refusal::Broken { .. }), "{refused:?}");
}

#[test]
fn a_name_that_lies_is_told() {
    let document = word("<w:p><w:r><w:t>mot</w:t></w:r></w:p>");
    assert_eq!(opened("lettre.docx", &document).unwrap().text, "mot");
    for (name, bytes) in [
        ("lettre.pdf", document.as_slice()),
        ("image.png", b"%PDF-1.7"),
        ("lettre.docx", b"mot"),
        ("lettre.txt", b"\x89PNG\r\n\x1a\n\0\0\0\0"),
    ] {
        let refused = opened(name, bytes).unwrap_err();
        assert!(matches!(refused, Refusal::TypeMismatch { .. }), "{name}: {refused:?}");
    }
}

#[test]
fn limits_of_the_settings_hold_for_each_format() {
    let limits = ReaderLimits { text_bytes_max: 2, ..ReaderLimits::default() };
    let document = word("<w:p><w:r><w:t>quatre</w:t></w:r></w:p>");
    for (name, bytes) in [("lettre.docx", document.as_slice()), ("note.txt", b"quatre")] {
        let refused = read_with(name, bytes, limits).unwrap_err();
        assert!(matches!(refused, Refusal::TooLarge { max: 2, .. }), "{name}: {refused:?}");
    }
}

#[test]
fn what_is_broken_is_told() {
    for (name, bytes) in [
        ("vide.pdf", &b"%PDF-1.7\n"[..]),
        ("image.png", b"\x89PNG\r\n\x1a\n\0\0"),
        ("lettre.docx", b"PK\x03\x04 and nothing"),
    ] {
        let refused = opened(name, bytes).unwrap_err();
        assert!(matches!(refused, Refusal::Broken { .. }), "{name}: {refused:?}");
    }
}

#[test]
fn pages_are_drawn_of_what_has_pages() {
    let limits = ReaderLimits::default();
    let text = task("note.txt", b"mot");
    let refused = draw(&text, b"mot".to_vec(), (1, 72), &limits).unwrap_err();
    assert!(matches!(refused, Refusal::Unsupported { .. }), "{refused:?}");
}
