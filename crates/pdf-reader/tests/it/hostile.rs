//! Files that are damaged, or made to hurt: each ends, with a reason or with what can be read.

use passages::Note;
use pdf_reader::{Excess, Limits, Options, PdfError, page_image, read};

use crate::samples::{A4, Pdf, Text, file, opened, options, written};

const PAGE: &[Text<'_>] = &[("un mot", 11.0, 60.0, 700.0)];

#[test]
fn what_is_no_pdf_is_told() {
    for bytes in [&b""[..], b"%PDF-1.7", b"not a file", &[0; 1000]] {
        let refused = opened(bytes.to_vec()).unwrap_err();
        assert!(matches!(refused, PdfError::Broken { .. }), "{refused:?}");
        assert!(page_image(bytes.to_vec(), 1, 72, &Limits::default()).is_err());
    }
}

#[test]
fn a_file_is_measured_before_it_is_opened() {
    let limits = Limits { bytes_in: 10, ..Limits::default() };
    let small = Options { limits, ..options(None) };
    let refused = read(file(&[(A4, PAGE)]), small).unwrap_err();
    assert_eq!(refused, PdfError::TooMuch { what: Excess::BytesIn, max: 10 });
}

#[test]
fn a_file_that_ends_early_ends() {
    let whole = file(&[(A4, PAGE), (A4, PAGE)]);
    for end in (0..whole.len()).step_by(41) {
        let part = whole[..end].to_vec();
        if let Ok(document) = opened(part) {
            assert!(document.text.len() < 100, "{}", document.text);
        }
    }
}

#[test]
fn a_file_without_its_table_is_read_all_the_same() {
    let mut whole = file(&[(A4, PAGE)]);
    let table = whole.windows(4).position(|part| part == b"xref").unwrap();
    whole.truncate(table);
    whole.extend_from_slice(b"trailer\n<< /Root 1 0 R >>\n%%EOF");
    assert_eq!(opened(whole).unwrap().text, "un mot");
}

#[test]
fn pages_that_hold_each_other_end() {
    let mut pdf = written(&[(A4, PAGE)]);
    pdf.objects[1] = b"<< /Type /Pages /Kids [2 0 R 4 0 R] /Count 2 >>".to_vec();
    if let Ok(document) = opened(pdf.bytes()) {
        assert!(document.pages.len() <= 2);
    }
}

#[test]
fn a_count_of_pages_that_is_a_lie_ends() {
    let mut pdf = written(&[(A4, PAGE)]);
    pdf.objects[1] = b"<< /Type /Pages /Kids [4 0 R] /Count 2000000000 >>".to_vec();
    if let Ok(document) = opened(pdf.bytes()) {
        assert!(document.text.starts_with("un mot") || document.text.is_empty());
    }
}

#[test]
fn pages_without_a_size_that_makes_sense_are_noted() {
    for boxes in ["/MediaBox [0 0 1e30 1e30]", "/MediaBox [0 0 0 0]"] {
        if let Ok(document) = opened(file(&[(boxes, PAGE)])) {
            assert!(document.pages.iter().all(|page| page.runs.is_empty() || page.size.is_some()));
        }
    }
}

#[test]
fn objects_in_objects_end() {
    let mut pdf = written(&[(A4, PAGE)]);
    let deep = [b"[".repeat(2_000), b"]".repeat(2_000)].concat();
    pdf.trailer = format!("/Info {} 0 R", pdf.add(deep));
    if let Ok(document) = opened(pdf.bytes()) {
        assert!(document.text.len() < 100);
    }
}

/// Each byte stands for as many of the same as `RunLengthDecode` can say.
fn run_lengths(bytes: &[u8]) -> Vec<u8> {
    bytes
        .chunk_by(|one, other| one == other)
        .flat_map(|run| run.chunks(128))
        .flat_map(|run| [u8::try_from(257 - run.len()).unwrap_or(0), run[0]])
        .collect()
}

#[test]
fn a_stream_that_unpacks_to_much_more_ends() {
    let spaces = vec![b' '; 8 << 20];
    let packed = run_lengths(&spaces);
    assert!(packed.len() < spaces.len() / 60, "{}", packed.len());
    let mut pdf: Pdf = written(&[(A4, &[])]);
    let stream = pdf.objects.len() - 1;
    pdf.objects.truncate(stream);
    pdf.stream("/Filter /RunLengthDecode", &packed);
    let document = opened(pdf.bytes()).unwrap();
    assert!(document.text.is_empty());
}

#[test]
fn letters_of_a_page_have_an_end() {
    let text = "mot ".repeat(500);
    let page: &[Text<'_>] = &[(&text, 1.5, 10.0, 700.0)];
    let limits = Limits { letters_per_page: 100, ..Limits::default() };
    let few = Options { limits, ..options(None) };
    let document = read(file(&[("/MediaBox [0 0 10000 842]", page)]), few).unwrap();
    assert!(document.text.len() <= 100);
    assert!(document.notes.iter().any(|note| matches!(note, Note::Truncated { .. })));
}
