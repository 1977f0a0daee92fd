use std::fmt;

/// Why a document was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The document asks for more than the limits give.
    #[error("the document has too much: {what}, at most {max}")]
    TooMuch {
        /// What there is too much of.
        what: Excess,
        /// The limit, in the unit of `what`.
        max: u64,
    },
    /// The file is not of the type that its sender names.
    #[error("the file is declared as {declared} but its content is {found}")]
    TypeMismatch {
        /// What the name or the media type says.
        declared: String,
        /// What the bytes say.
        found: &'static str,
    },
    /// The content is locked with a password or a certificate.
    #[error("the {format} is encrypted")]
    Encrypted {
        /// What the file is.
        format: &'static str,
    },
    /// The content does not follow its own format.
    #[error("the {format} is broken at `{part}`")]
    Broken {
        /// What the file is.
        format: &'static str,
        /// Which part of it.
        part: String,
    },
    /// No reader of this crate reads it.
    #[error("there is no reader for {found}")]
    Unsupported {
        /// What the file is.
        found: &'static str,
    },
}

impl ReadError {
    /// Stable name of the reason, with one page in `docs/errors/`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooMuch { .. } => "document.too_large",
            Self::TypeMismatch { .. } => "document.type_mismatch",
            Self::Encrypted { .. } => "document.encrypted",
            Self::Broken { .. } => "document.broken",
            Self::Unsupported { .. } => "document.unsupported",
        }
    }

    /// What the sender can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::TooMuch { .. } => "split the document, or ask the operator to raise the limit",
            Self::TypeMismatch { .. } => "give the file the name and media type of its content",
            Self::Encrypted { .. } => "remove the password and send the document again",
            Self::Broken { .. } => "open the document in its own program and save it again",
            Self::Unsupported { .. } => "save the document as PDF, DOCX, ODT, HTML or plain text",
        }
    }

    pub(crate) fn broken(format: &'static str, part: &str) -> Self {
        const SHOWN: usize = 120;
        Self::Broken { format, part: part.chars().take(SHOWN).collect() }
    }
}

/// What a document can have too much of. The text after the name is the unit of the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excess {
    /// The file itself.
    BytesIn,
    /// What it unpacks to.
    BytesOut,
    /// Parts of an archive or a message.
    Entries,
    /// What one byte unpacks to.
    Expansion,
    /// Elements in elements.
    Depth,
    /// Tables, lists or text boxes in each other.
    Nesting,
    /// Nodes of a page.
    Nodes,
    /// Attributes of elements: all of them, those of one, or what they say.
    Attributes,
    /// The text that comes out.
    Text,
    /// Cells of tables.
    Cells,
    /// Declared entities: none is ever expanded.
    Entities,
}

impl fmt::Display for Excess {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::BytesIn => "bytes of the file",
            Self::BytesOut => "unpacked bytes",
            Self::Entries => "parts",
            Self::Expansion => "unpacked bytes for one byte of the file",
            Self::Depth => "levels of elements",
            Self::Nesting => "levels of tables, lists or boxes",
            Self::Nodes => "nodes",
            Self::Attributes => "attributes",
            Self::Text => "bytes of text",
            Self::Cells => "cells",
            Self::Entities => "declared entities",
        })
    }
}
