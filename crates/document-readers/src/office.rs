//! Office documents: ZIP archives of XML parts, of Microsoft (OOXML) and of `OpenDocument`.
pub mod docx;
pub mod odp;
pub mod ods;
pub mod odt;
pub mod pptx;
pub mod xlsx;

mod opendocument;
mod relations;
