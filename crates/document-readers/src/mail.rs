//! What messages of both formats have in common: a head, and a body as its reader saw it.
use passages::BlockKind;

use crate::{Limits, ReadError, cleaning::one_line, composition::Composition, html, plain};

/// The fields of a message that people read.
#[derive(Default)]
pub(crate) struct Head {
    pub(crate) subject: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) copy: String,
    pub(crate) date: String,
}

impl Head {
    /// Writes the subject as a heading and the other fields as a paragraph of lines.
    pub(crate) fn compose(&self, composition: &mut Composition) -> Result<(), ReadError> {
        composition.block(BlockKind::Heading { level: 1 }, &one_line(&self.subject))?;
        let fields =
            [("From", &self.from), ("To", &self.to), ("Cc", &self.copy), ("Date", &self.date)];
        let lines: Vec<String> = fields
            .into_iter()
            .filter(|(_, value)| !value.trim().is_empty())
            .map(|(name, value)| format!("{name}: {}", one_line(value)))
            .collect();
        composition.block(BlockKind::Paragraph, &lines.join("\n"))?;
        Ok(())
    }
}

/// A body in the form that its reader's program showed.
pub(crate) enum Body<'t> {
    Html(&'t str),
    Plain(&'t str),
}

impl Body<'_> {
    pub(crate) fn compose(
        &self,
        composition: &mut Composition,
        limits: &Limits,
    ) -> Result<(), ReadError> {
        match self {
            Self::Html(page) => html::compose(composition, page, limits),
            Self::Plain(text) => plain::compose(composition, text),
        }
    }
}
