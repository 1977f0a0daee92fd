//! Prints the text of a PDF, for measurements: `conformance/knowledge/pdf_error_rate.py`.
//!
//! ```text
//! pdf_text FILE [--pdfium LIBRARY]
//! ```
#![expect(clippy::print_stdout, reason = "its output is its purpose")]

use std::{error::Error, path::Path};

use pdf_reader::{Limits, Options, PdfiumLibrary, read};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (file, pdfium) = match words.as_slice() {
        [file] => (file, None),
        [file, "--pdfium", library] => (file, Some(PdfiumLibrary::load(Path::new(library))?)),
        _ => return Err("pdf_text FILE [--pdfium LIBRARY]".into()),
    };
    let options = Options {
        limits: Limits::default(),
        pdfium: pdfium.as_ref(),
        counter: None,
        ocr: None,
        is_late: &|| false,
    };
    println!("{}", read(std::fs::read(file)?, options)?.text);
    Ok(())
}
