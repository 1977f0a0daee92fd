//! What the server tells, as far as it is shown here. What else it tells is left alone, so that a
//! newer server can be asked too.

use serde::Deserialize;

/// Characters of a passage that are shown.
const SHOWN_MAX: usize = 240;

#[derive(Clone, Debug, Deserialize)]
pub(super) struct TellsLibrary {
    pub(super) id: String,
    pub(super) name: String,
}

/// A page of a list.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Page<T> {
    pub(super) data: Vec<T>,
    pub(super) pagination: Pagination,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Pagination {
    pub(super) has_more: bool,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct TellsDocument {
    pub(super) id: String,
    pub(super) name: String,
    /// SHA-256 of the bytes of its version, hexadecimal.
    #[serde(default)]
    pub(super) hash: Option<String>,
    pub(super) version: TellsVersion,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct TellsVersion {
    pub(super) number: u32,
    #[serde(default)]
    pub(super) failure: Option<TellsFailure>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct TellsFailure {
    pub(super) code: String,
    #[serde(default)]
    pub(super) part: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct TellsStatus {
    pub(super) state: State,
}

/// How far a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Queued,
    Reading,
    Indexing,
    Ready,
    Failed,
}

impl State {
    /// Whether it is found by its words, or never will be.
    pub(super) const fn is_read(self) -> bool {
        match self {
            Self::Queued | Self::Reading => false,
            Self::Indexing | Self::Ready | Self::Failed => true,
        }
    }
}

/// Passages, best first.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Found {
    /// How it was really looked for.
    pub(super) mode: String,
    pub(super) data: Vec<Hit>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Hit {
    pub(super) score: f64,
    pub(super) document_id: String,
    pub(super) document_name: String,
    #[serde(default)]
    pub(super) headings: Vec<String>,
    #[serde(default)]
    pub(super) pages: Vec<u32>,
    pub(super) text: String,
}

impl Hit {
    /// Where it stands, and how it begins.
    pub(super) fn line(&self, rank: u32) -> String {
        let mut place = place(&self.document_name, &self.pages);
        if !self.headings.is_empty() {
            place = format!("{place}, {}", self.headings.join(" > "));
        }
        format!("{rank}. {place}  ({:.3})\n   {}", self.score, shortened(&self.text))
    }
}

/// A document, and the pages if it has any.
pub(super) fn place(name: &str, pages: &[u32]) -> String {
    match pages {
        [] => name.to_owned(),
        [page] => format!("{name}, page {page}"),
        [first, .., last] => format!("{name}, pages {first} to {last}"),
    }
}

/// On one line, up to some characters.
pub(super) fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN_MAX) {
        None => line,
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default().trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_tells_beside_is_left_alone() {
        let text = r#"{"data":[{"id":"1","name":"a","hash":"ab","more":1,
            "version":{"number":2,"state":"ready","failure":null}}],
            "pagination":{"has_more":false,"total_items":1}}"#;
        let page: Page<TellsDocument> = serde_json::from_str(text).unwrap();
        assert_eq!((page.data[0].version.number, page.pagination.has_more), (2, false));
    }

    #[test]
    fn passages_are_shown_on_few_lines() {
        assert_eq!(shortened(" a\n\tb "), "a b");
        let long = shortened(&"é ".repeat(300));
        assert!(long.ends_with("é…") && long.chars().count() <= SHOWN_MAX + 1, "{long}");
        assert_eq!(place("a.pdf", &[]), "a.pdf");
        assert_eq!(place("a.pdf", &[3]), "a.pdf, page 3");
        assert_eq!(place("a.pdf", &[3, 4, 5]), "a.pdf, pages 3 to 5");
    }
}
