//! A segment of passages that were put.

use knowledge::{IndexError, IndexVersion};

use super::{layout::Contents, table::Table};
use crate::{
    analysis::{Analyser, language_of},
    deadline::Deadline,
    failure::unreadable,
    lexical::LexicalWriter,
    vectors::{VectorWriter, dimension_of},
};

/// A new segment.
pub(crate) struct Built {
    pub(crate) bytes: Vec<u8>,
    pub(crate) passages: u32,
    pub(crate) has_vectors: bool,
}

/// A segment of these versions, whose vectors are encoded around `centre`; its length is that of
/// every vector.
pub(crate) fn build(
    versions: &[IndexVersion],
    centre: &[f32],
    deadline: Deadline,
) -> Result<Built, IndexError> {
    let mut table = Table::default();
    let mut lexical = LexicalWriter::new().map_err(unreadable)?;
    let mut vectors = Vectors { centre, writer: None };
    for version in versions {
        deadline.check()?;
        let texts = version.passages.iter().map(|passage| passage.text.as_str());
        let language = version.language.unwrap_or_else(|| language_of(texts));
        let analyser = Analyser::new(language);
        for (passage, ordinal) in version.passages.iter().zip(table.passages()..) {
            lexical.push(&analyser.texts(&passage.text)).map_err(unreadable)?;
            if let Some(coordinates) = &passage.vector {
                vectors.push(version.key.0, ordinal, coordinates)?;
            }
        }
        let numbers = version.passages.iter().map(|passage| passage.number);
        table.push(version.key, language, numbers);
    }
    let passages = table.passages();
    let lexical = (passages > 0).then(|| lexical.finish()).transpose().map_err(unreadable)?;
    let vectors = vectors.writer.map(VectorWriter::finish).unwrap_or_default();
    let has_vectors = !vectors.is_empty();
    let contents = Contents { table: table.to_bytes(), lexical, vectors };
    Ok(Built { bytes: contents.assemble(), passages, has_vectors })
}

/// The vectors of a segment that may have none.
struct Vectors<'c> {
    centre: &'c [f32],
    writer: Option<VectorWriter>,
}

impl Vectors<'_> {
    fn push(&mut self, key: u64, ordinal: u32, coordinates: &[f32]) -> Result<(), IndexError> {
        if self.writer.is_none() {
            self.writer = Some(VectorWriter::new(dimension_of(self.centre)?, self.centre)?);
        }
        match &mut self.writer {
            Some(writer) => writer.push(key, ordinal, coordinates),
            None => Ok(()),
        }
    }
}
