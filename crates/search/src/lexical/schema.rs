//! The fields of a passage.

use tantivy::{
    IndexSettings,
    schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions},
    store::Compressor,
};

/// What is looked up of a passage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum TextField {
    /// Words as they stand.
    Exact,
    /// Words without their endings.
    Stem,
    /// Pieces of words.
    Grams,
}

impl TextField {
    /// In the order of their numbers in the schema.
    pub(crate) const ALL: [Self; 3] = [Self::Exact, Self::Stem, Self::Grams];

    /// How much a term of this field counts.
    ///
    /// A word that is found as it stands counts as its stem once more, so exact forms come first
    /// among forms of one word. Pieces count half: each word has several of them, and together
    /// they would outweigh it. To be fitted to the evaluation sets; all three were of use on all
    /// of them, alone as a field beside plain words.
    pub(crate) const fn weight(self) -> f32 {
        match self {
            Self::Exact | Self::Stem => 1.0,
            Self::Grams => 0.5,
        }
    }

    pub(crate) const fn place(self) -> usize {
        match self {
            Self::Exact => 0,
            Self::Stem => 1,
            Self::Grams => 2,
        }
    }

    /// As tantivy numbers it.
    pub(crate) const fn field(self) -> Field {
        Field::from_field_id(match self {
            Self::Exact => 0,
            Self::Stem => 1,
            Self::Grams => 2,
        })
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Stem => "stem",
            Self::Grams => "grams",
        }
    }
}

/// Terms with how often they occur, and lengths of passages; nothing is stored.
///
/// No positions: they would take some 200 of the 1,600 bytes that a passage may have, and a quote
/// can be looked for in the few passages that hold all of its words.
pub(crate) fn schema() -> Schema {
    let mut builder = Schema::builder();
    for field in TextField::ALL {
        // Texts come as terms with spaces in between.
        let indexing = TextFieldIndexing::default()
            .set_tokenizer("whitespace")
            .set_index_option(IndexRecordOption::WithFreqs);
        builder.add_text_field(field.name(), TextOptions::default().set_indexing_options(indexing));
    }
    builder.build()
}

pub(crate) fn settings() -> IndexSettings {
    IndexSettings {
        docstore_compression: Compressor::None,
        // Nothing is stored, so there is nothing to do for another thread.
        docstore_compress_dedicated_thread: false,
        ..IndexSettings::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_the_numbers_that_terms_are_made_with() {
        let schema = schema();
        for (place, field) in TextField::ALL.into_iter().enumerate() {
            assert_eq!(field.place(), place);
            assert_eq!(schema.get_field(field.name()).unwrap(), field.field());
        }
    }
}
