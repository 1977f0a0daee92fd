//! A writer of small PDF.

use std::fmt::Write as _;

use passages::Document;
use pdf_reader::{Limits, Ocr, OcrError, Options, PdfError, Picture, SeenLine, read};

/// Text at a place: size, distance from the left and from the bottom, in points.
pub(crate) type Text<'t> = (&'t str, f32, f32, f32);

/// The objects of a file, the first of which has the number 1.
#[derive(Clone, Default)]
pub(crate) struct Pdf {
    pub(crate) objects: Vec<Vec<u8>>,
    /// What the trailer says beside the size and the catalogue.
    pub(crate) trailer: String,
}

impl Pdf {
    /// The number of the object.
    pub(crate) fn add(&mut self, object: impl Into<Vec<u8>>) -> usize {
        self.objects.push(object.into());
        self.objects.len()
    }

    pub(crate) fn stream(&mut self, entries: &str, content: &[u8]) -> usize {
        let mut object =
            format!("<< {entries} /Length {} >>\nstream\n", content.len()).into_bytes();
        object.extend_from_slice(content);
        object.extend_from_slice(b"\nendstream");
        self.add(object)
    }

    /// The file. Its catalogue is the first object.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut file = b"%PDF-1.7\n".to_vec();
        let mut places = Vec::new();
        for (at, object) in self.objects.iter().enumerate() {
            places.push(file.len());
            file.extend_from_slice(format!("{} 0 obj\n", at + 1).as_bytes());
            file.extend_from_slice(object);
            file.extend_from_slice(b"\nendobj\n");
        }
        let table = file.len();
        let mut end = format!("xref\n0 {}\n0000000000 65535 f \n", places.len() + 1);
        for place in &places {
            writeln!(end, "{place:010} 00000 n ").unwrap();
        }
        let (size, more) = (places.len() + 1, &self.trailer);
        write!(end, "trailer\n<< /Size {size} /Root 1 0 R {more} >>\nstartxref\n{table}\n%%EOF\n")
            .unwrap();
        file.extend_from_slice(end.as_bytes());
        file
    }
}

/// What a page has beside its texts: its boxes, its turn.
pub(crate) const A4: &str = "/MediaBox [0 0 595 842]";

/// A file of these pages.
pub(crate) fn file(pages: &[(&str, &[Text<'_>])]) -> Vec<u8> {
    written(pages).bytes()
}

pub(crate) fn written(pages: &[(&str, &[Text<'_>])]) -> Pdf {
    let mut pdf = Pdf::default();
    pdf.add("<< /Type /Catalog /Pages 2 0 R >>");
    let kids: Vec<String> = (0..pages.len()).map(|at| format!("{} 0 R", 4 + 2 * at)).collect();
    pdf.add(format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), pages.len()));
    pdf.add("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>");
    for (boxes, texts) in pages {
        let content = pdf.objects.len() + 2;
        pdf.add(format!(
            "<< /Type /Page /Parent 2 0 R {boxes} /Contents {content} 0 R \
             /Resources << /Font << /F1 3 0 R >> >> >>"
        ));
        pdf.stream("", &drawn(texts));
    }
    pdf
}

/// The operators that draw texts, in Windows-1252.
pub(crate) fn drawn(texts: &[Text<'_>]) -> Vec<u8> {
    let mut content = Vec::new();
    for (text, size, left, bottom) in texts {
        content.extend_from_slice(format!("BT /F1 {size} Tf {left} {bottom} Td (").as_bytes());
        for letter in text.chars() {
            match letter {
                '(' | ')' | '\\' => {
                    content.extend_from_slice(&[b'\\', u8::try_from(letter).unwrap()]);
                }
                '’' => content.push(0x92),
                other => content.push(u8::try_from(other).unwrap()),
            }
        }
        content.extend_from_slice(b") Tj ET\n");
    }
    content
}

pub(crate) fn options(ocr: Option<&mut dyn Ocr>) -> Options<'_> {
    let limits = Limits::default();
    Options { limits, pdfium: None, counter: None, ocr, is_late: &|| false }
}

pub(crate) fn opened(bytes: Vec<u8>) -> Result<Document, PdfError> {
    read(bytes, options(None))
}

/// Sees the same on each picture, and counts them.
pub(crate) struct Fake {
    pub(crate) answer: Result<Vec<SeenLine>, OcrError>,
    pub(crate) asked: Vec<(u32, u32)>,
}

impl Ocr for Fake {
    fn recognise(&mut self, picture: &Picture) -> Result<Vec<SeenLine>, OcrError> {
        self.asked.push((picture.width, picture.height));
        self.answer.clone()
    }
}
