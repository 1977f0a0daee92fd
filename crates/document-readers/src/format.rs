/// What a file is, by its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Text without structure.
    Plain,
    /// `CommonMark` with tables and footnotes.
    Markdown,
    /// A page of the web.
    Html,
    /// Rows of values with a delimiter.
    Csv,
    /// Word.
    Docx,
    /// `PowerPoint`.
    Pptx,
    /// Excel.
    Xlsx,
    /// `OpenDocument` text.
    Odt,
    /// `OpenDocument` presentation.
    Odp,
    /// `OpenDocument` spreadsheet.
    Ods,
    /// A message as it travels (RFC 5322).
    Eml,
    /// A message as Outlook saves it.
    Msg,
    /// Found here, read elsewhere.
    Pdf,
    /// PNG, JPEG, TIFF, `WebP`, GIF or BMP: found here, read elsewhere.
    Image,
}

impl Format {
    /// The format in words, as errors say it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain text",
            Self::Markdown => "Markdown",
            Self::Html => "HTML",
            Self::Csv => "CSV",
            Self::Docx => "DOCX document",
            Self::Pptx => "PPTX presentation",
            Self::Xlsx => "XLSX workbook",
            Self::Odt => "ODT document",
            Self::Odp => "ODP presentation",
            Self::Ods => "ODS spreadsheet",
            Self::Eml => "EML message",
            Self::Msg => "MSG message",
            Self::Pdf => "PDF document",
            Self::Image => "image",
        }
    }

    /// What the last part of a file name promises.
    pub(crate) fn of_extension(extension: &str) -> Option<Self> {
        Some(match extension.to_ascii_lowercase().as_str() {
            "txt" | "text" | "log" => Self::Plain,
            "md" | "markdown" => Self::Markdown,
            "html" | "htm" | "xhtml" => Self::Html,
            "csv" | "tsv" => Self::Csv,
            "docx" | "docm" => Self::Docx,
            "pptx" | "pptm" => Self::Pptx,
            "xlsx" | "xlsm" => Self::Xlsx,
            "odt" => Self::Odt,
            "odp" => Self::Odp,
            "ods" => Self::Ods,
            "eml" => Self::Eml,
            "msg" => Self::Msg,
            "pdf" => Self::Pdf,
            "png" | "jpg" | "jpeg" | "tif" | "tiff" | "webp" | "gif" | "bmp" => Self::Image,
            _ => return None,
        })
    }

    /// What a media type promises; its parameters do not count.
    pub(crate) fn of_media_type(media_type: &str) -> Option<Self> {
        const OFFICE: &str = "application/vnd.openxmlformats-officedocument.";
        const OPEN: &str = "application/vnd.oasis.opendocument.";
        let named = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if let Some(kind) = named.strip_prefix(OFFICE) {
            return match kind {
                "wordprocessingml.document" => Some(Self::Docx),
                "presentationml.presentation" => Some(Self::Pptx),
                "spreadsheetml.sheet" => Some(Self::Xlsx),
                _ => None,
            };
        }
        if let Some(kind) = named.strip_prefix(OPEN) {
            return match kind {
                "text" => Some(Self::Odt),
                "presentation" => Some(Self::Odp),
                "spreadsheet" => Some(Self::Ods),
                _ => None,
            };
        }
        Some(match named.as_str() {
            "text/plain" => Self::Plain,
            "text/markdown" => Self::Markdown,
            "text/html" | "application/xhtml+xml" => Self::Html,
            "text/csv" | "text/tab-separated-values" => Self::Csv,
            "message/rfc822" => Self::Eml,
            "application/vnd.ms-outlook" => Self::Msg,
            "application/pdf" => Self::Pdf,
            _ if named.starts_with("image/") => Self::Image,
            _ => return None,
        })
    }

    /// Formats that are characters all through: bytes alone do not tell them apart.
    pub(crate) fn is_text(self) -> bool {
        matches!(self, Self::Plain | Self::Markdown | Self::Html | Self::Csv | Self::Eml)
    }
}
