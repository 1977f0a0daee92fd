//! Reads documents that are pages: PDF, and pictures of pages.
//!
//! [`read`] gives the text of a PDF with its structure and the place of each word; [`read_picture`]
//! that of a picture; [`page_image`] and [`picture_image`] draw a page for people. Text comes from
//! two engines, and for each page the better one counts: see [`Options::counter`]. What is only a
//! picture is handed to an [`Ocr`].
//!
//! Two rules hold, as for all readers. **What people do not see is not text:** layers that are
//! switched off, letters beside the page and letters too small to see are left out and noted.
//! **Every file is hostile:** [`Limits`] bound what is kept, and whoever calls bounds memory and
//! time, in a process of its own: one engine is not written in Rust.
//!
//! **Never here:** files, processes, network, clocks.

mod bidi;
mod blocks;
mod choice;
mod composition;
mod engine;
mod error;
mod furniture;
mod letters;
mod limits;
mod line;
mod ocr;
mod order;
mod page_image;
mod picture;
mod reading;
mod script;

pub use engine::PdfiumLibrary;
pub use error::{Excess, PdfError};
pub use limits::Limits;
pub use ocr::{Ocr, OcrError, Picture, SeenLine, SeenWord};
pub use page_image::{PageImage, page_image};
pub use picture::{picture_image, read_picture};
pub use reading::{Options, read};
