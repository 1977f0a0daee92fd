//! A segment's words as they are written for the first time.

use tantivy::{Index, SingleSegmentIndexWriter, TantivyDocument, directory::RamDirectory};

use super::{
    files::LexicalFiles,
    schema::{TextField, schema, settings},
};
use crate::analysis::FieldTexts;

/// What tantivy sizes its first table of terms for; it grows where that is not enough.
const TABLE_BYTES: usize = 15_000_000;

/// Takes passages in the order of their ordinals.
pub(crate) struct LexicalWriter {
    folder: RamDirectory,
    writer: SingleSegmentIndexWriter<TantivyDocument>,
}

impl LexicalWriter {
    pub(crate) fn new() -> tantivy::Result<Self> {
        let folder = RamDirectory::create();
        let builder = Index::builder().schema(schema()).settings(settings());
        let writer = builder.single_segment_index_writer(folder.clone(), TABLE_BYTES)?;
        Ok(Self { folder, writer })
    }

    pub(crate) fn push(&mut self, texts: &FieldTexts) -> tantivy::Result<()> {
        let mut document = TantivyDocument::new();
        for (field, text) in TextField::ALL.into_iter().zip(texts) {
            document.add_text(field.field(), text);
        }
        self.writer.add_document(document)
    }

    pub(crate) fn finish(self) -> tantivy::Result<LexicalFiles> {
        let index = self.writer.finalize()?;
        LexicalFiles::written(&index, &self.folder)
    }
}
