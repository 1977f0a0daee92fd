//! Which reader reads what.

use document_readers::{Format, ReadError, detect};
use passages::{CountTokens, Document};
use pdf_reader::{
    Ocr, Options, PageImage, PdfError, PdfiumLibrary, page_image, picture_image, read_picture,
};

use crate::{
    message::{Refusal, Task},
    settings::ReaderLimits,
};

/// Unpacked from an archive, of all parts: it is in memory while it is read.
const UNPACKED_BYTES_MAX: u64 = 96 << 20;

/// What a document is read with.
pub(crate) struct Tools<'a> {
    pub(crate) limits: ReaderLimits,
    pub(crate) pdfium: Option<&'a PdfiumLibrary>,
    pub(crate) counter: Option<&'a dyn CountTokens>,
    pub(crate) ocr: Option<&'a mut dyn Ocr>,
    pub(crate) is_late: &'a dyn Fn() -> bool,
}

/// The text of a document of any format that there is a reader for.
pub(crate) fn read(task: &Task, bytes: Vec<u8>, tools: Tools<'_>) -> Result<Document, Refusal> {
    let format = detect(&bytes, task.name.as_deref(), task.media_type.as_deref())?;
    let Tools { limits, pdfium, counter, ocr, is_late } = tools;
    match format {
        Format::Pdf => {
            let options = Options { limits: of_pages(&limits), pdfium, counter, ocr, is_late };
            Ok(pdf_reader::read(bytes, options)?)
        }
        Format::Image => Ok(read_picture(&bytes, ocr, &of_pages(&limits))?),
        Format::Plain
        | Format::Markdown
        | Format::Html
        | Format::Csv
        | Format::Docx
        | Format::Pptx
        | Format::Xlsx
        | Format::Odt
        | Format::Odp
        | Format::Ods
        | Format::Eml
        | Format::Msg => Ok(document_readers::read(format, &bytes, &of_files(&limits))?),
    }
}

/// A picture of a page.
pub(crate) fn draw(
    task: &Task,
    bytes: Vec<u8>,
    (page, dots_per_inch): (u32, u16),
    limits: &ReaderLimits,
) -> Result<PageImage, Refusal> {
    let format = detect(&bytes, task.name.as_deref(), task.media_type.as_deref())?;
    let limits = of_pages(limits);
    match format {
        Format::Pdf => Ok(page_image(bytes, page, dots_per_inch, &limits)?),
        Format::Image => Ok(picture_image(&bytes, page, dots_per_inch, &limits)?),
        other => Err(Refusal::Unsupported { found: format!("pages of a {}", other.name()) }),
    }
}

fn of_pages(limits: &ReaderLimits) -> pdf_reader::Limits {
    pdf_reader::Limits {
        bytes_in: limits.bytes_max,
        pages: limits.pages_max,
        text_bytes: limits.text_bytes_max,
        recognised_pages: limits.recognised_pages_max,
        ..pdf_reader::Limits::default()
    }
}

fn of_files(limits: &ReaderLimits) -> document_readers::Limits {
    document_readers::Limits {
        bytes_in: limits.bytes_max,
        bytes_out: UNPACKED_BYTES_MAX,
        text_bytes: limits.text_bytes_max,
        ..document_readers::Limits::default()
    }
}

impl From<ReadError> for Refusal {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::TooMuch { what, max } => Self::TooLarge { what: what.to_string(), max },
            ReadError::TypeMismatch { declared, found } => {
                Self::TypeMismatch { declared, found: found.to_owned() }
            }
            ReadError::Encrypted { format } => Self::Encrypted { format: format.to_owned() },
            ReadError::Broken { format, part } => Self::Broken { format: format.to_owned(), part },
            ReadError::Unsupported { found } => Self::Unsupported { found: found.to_owned() },
        }
    }
}

impl From<PdfError> for Refusal {
    fn from(error: PdfError) -> Self {
        match error {
            PdfError::TooMuch { what, max } => Self::TooLarge { what: what.to_string(), max },
            PdfError::Encrypted { format } => Self::Encrypted { format: format.to_owned() },
            PdfError::Broken { format, part } => {
                Self::Broken { format: format.to_owned(), part: part.to_owned() }
            }
            PdfError::Unsupported { found } => Self::Unsupported { found: found.to_owned() },
            PdfError::PageUnknown { page, pages } => Self::PageUnknown { page, pages },
        }
    }
}

#[cfg(test)]
mod tests;
