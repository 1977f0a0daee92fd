//! What models that make vectors expect before a text.

use domain::ModelId;

/// Put before texts, with the space behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Prefixes {
    /// Before what somebody looks for.
    pub(crate) query: String,
    /// Before a passage.
    pub(crate) passage: String,
}

impl Prefixes {
    /// By the name of the model, since its file does not tell. Models that are not known here get
    /// their texts as they are; the settings may say otherwise.
    pub(crate) fn of(model: &ModelId) -> Self {
        let name = model.as_str().to_ascii_lowercase();
        let has = |word: &str| name.split(|c: char| !c.is_ascii_alphanumeric()).any(|w| w == word);
        let (query, passage) = if has("e5") && has("instruct") {
            (
                "Instruct: Given a web search query, retrieve relevant passages that answer the \
                 query\nQuery: ",
                "",
            )
        } else if has("e5") {
            ("query: ", "passage: ")
        } else if has("nomic") {
            ("search_query: ", "search_document: ")
        } else {
            ("", "")
        };
        Self { query: query.to_owned(), passage: passage.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_told_by_their_names() {
        let check = |model: &str, query: &str, passage: &str| {
            let found = Prefixes::of(&model.parse().unwrap());
            assert!(found.query.ends_with(query), "{model}: {found:?}");
            assert_eq!(found.passage, passage, "{model}");
            assert_eq!(found.query.is_empty(), query.is_empty(), "{model}: {found:?}");
        };
        check("multilingual-e5-small", "query: ", "passage: ");
        check("intfloat/E5-base-v2", "query: ", "passage: ");
        check("multilingual-e5-large-instruct", "\nQuery: ", "");
        check("nomic-embed-text:v1.5", "search_query: ", "search_document: ");
        check("bge-m3", "", "");
        check("e51", "", "");
    }
}
