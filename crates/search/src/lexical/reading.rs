//! A segment's words as they are read.

use std::sync::Arc;

use tantivy::{
    InvertedIndexReader, Segment, SegmentReader, Term,
    error::DataCorruption,
    fieldnorm::FieldNormReader,
    postings::{BlockSegmentPostings, SegmentPostings, TermInfo},
    schema::IndexRecordOption,
};

use super::{files::LexicalFiles, schema::TextField};

/// The words of one segment.
pub(crate) struct LexicalSegment {
    /// What a merge reads.
    segment: Segment,
    passages: u32,
    fields: [FieldReader; TextField::ALL.len()],
}

struct FieldReader {
    postings: Arc<InvertedIndexReader>,
    lengths: FieldNormReader,
}

impl LexicalSegment {
    /// `files` are what was written; their digests were compared.
    pub(crate) fn open(files: LexicalFiles) -> tantivy::Result<Self> {
        let segments = files.index()?.searchable_segments()?;
        let [segment] = <[Segment; 1]>::try_from(segments)
            .map_err(|_| DataCorruption::comment_only("not one segment"))?;
        let reader = SegmentReader::open(&segment)?;
        let field = |field: TextField| -> tantivy::Result<FieldReader> {
            let postings = reader.inverted_index(field.field())?;
            let lengths = reader.get_fieldnorms_reader(field.field())?;
            Ok(FieldReader { postings, lengths })
        };
        let [exact, stem, grams] = TextField::ALL.map(field);
        let fields = [exact?, stem?, grams?];
        Ok(Self { segment, passages: reader.max_doc(), fields })
    }

    pub(crate) fn passages(&self) -> u32 {
        self.passages
    }

    /// How many terms of a field all passages have together.
    pub(crate) fn tokens(&self, field: TextField) -> u64 {
        self.field(field).postings.total_num_tokens()
    }

    /// Where the passages that hold a term are told.
    pub(crate) fn find(&self, field: TextField, text: &str) -> tantivy::Result<Option<TermInfo>> {
        let term = Term::from_field_text(field.field(), text);
        Ok(self.field(field).postings.get_term_info(&term)?)
    }

    /// All passages of a term, block by block.
    pub(crate) fn blocks(
        &self,
        field: TextField,
        term: &TermInfo,
    ) -> tantivy::Result<BlockSegmentPostings> {
        let postings = &self.field(field).postings;
        Ok(postings.read_block_postings_from_terminfo(term, IndexRecordOption::WithFreqs)?)
    }

    /// All passages of a term, where most of them are left out.
    pub(crate) fn postings(
        &self,
        field: TextField,
        term: &TermInfo,
    ) -> tantivy::Result<SegmentPostings> {
        let postings = &self.field(field).postings;
        Ok(postings.read_postings_from_terminfo(term, IndexRecordOption::WithFreqs)?)
    }

    /// How long passages are in a field.
    pub(crate) fn lengths(&self, field: TextField) -> &FieldNormReader {
        &self.field(field).lengths
    }

    pub(super) fn segment(&self) -> &Segment {
        &self.segment
    }

    fn field(&self, field: TextField) -> &FieldReader {
        &self.fields[field.place()]
    }
}
