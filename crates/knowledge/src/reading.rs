//! What was read of a version: its document model, and the passages that the index names.

use passages::{Document, DocumentError, Span};

use crate::{Language, Passage};

/// Put between headings, and between them and the passage, for whoever looks for both.
const BREAK: &str = "\n";

/// What was read of the bytes of a version.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// SHA-256 of the bytes.
    pub digest: [u8; 32],
    pub language: Option<Language>,
    pub document: Document,
    /// Numbered from 0, as the index names them.
    pub passages: Vec<Passage>,
}

/// Why parts are not a reading.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadingError {
    #[error(transparent)]
    Document(#[from] DocumentError),
    #[error("passage {number} does not stand where it says")]
    Passage { number: u32 },
    #[error("passage {number} has another place in the list")]
    Number { number: u32 },
}

impl Reading {
    /// Puts a reading together and checks it once.
    ///
    /// # Errors
    /// [`ReadingError`] for passages whose numbers are not their places, or whose spans are not of
    /// the document.
    pub fn new(
        digest: [u8; 32],
        language: Option<Language>,
        document: Document,
        passages: Vec<Passage>,
    ) -> Result<Self, ReadingError> {
        for (place, passage) in (0_u32..).zip(&passages) {
            let number = passage.number;
            if number != place {
                return Err(ReadingError::Number { number });
            }
            if !stands_in(&document, passage) {
                return Err(ReadingError::Passage { number });
            }
        }
        Ok(Self { digest, language, document, passages })
    }

    pub fn passage(&self, number: u32) -> Option<&Passage> {
        self.passages.get(number as usize)
    }

    /// The characters of a span; empty for one of another document.
    pub fn slice(&self, span: Span) -> &str {
        self.document.slice(span).unwrap_or_default()
    }

    /// The headings that a passage stands under, outermost first.
    pub fn headings(&self, passage: &Passage) -> Vec<&str> {
        passage.headings.iter().map(|heading| self.slice(*heading)).collect()
    }

    /// What a passage is found by: the path of its headings, the names of its columns, its text.
    pub fn index_text(&self, passage: &Passage) -> String {
        let mut parts = self.headings(passage);
        parts.extend(passage.table_header.map(|header| self.slice(header)));
        parts.push(self.slice(passage.span));
        parts.join(BREAK)
    }

    /// Of all passages together.
    pub fn tokens(&self) -> u32 {
        self.passages.iter().fold(0, |sum, passage| sum.saturating_add(passage.tokens))
    }
}

fn stands_in(document: &Document, passage: &Passage) -> bool {
    let is_there = |span: Span| !span.is_empty() && document.slice(span).is_some();
    let inside = |span: &Span| is_there(*span) && passage.span.contains(*span);
    is_there(passage.span)
        && !passage.sentences.is_empty()
        && passage.sentences.iter().all(inside)
        && passage.headings.iter().copied().chain(passage.table_header).all(is_there)
}

#[cfg(test)]
mod tests {
    use passages::{Block, BlockKind};

    use super::*;
    use crate::passage::cut;

    fn document() -> Document {
        let text = "Leave\nAsk early. Ask in writing.".to_owned();
        let blocks = vec![
            Block { kind: BlockKind::Heading { level: 1 }, span: Span::new(0, 5) },
            Block { kind: BlockKind::Paragraph, span: Span::new(6, 32) },
        ];
        Document::new(text, blocks, Vec::new(), Vec::new()).unwrap()
    }

    fn words(text: &str) -> u32 {
        u32::try_from(text.split_whitespace().count()).unwrap()
    }

    #[test]
    fn a_passage_is_found_by_what_stands_above_it() {
        let document = document();
        let mut made = cut(&document, words);
        assert_eq!(made.len(), 1);
        assert_eq!((made[0].tokens, made[0].sentences.len()), (6, 3));
        // As if the heading stood in another passage.
        made[0].span = Span::new(6, 32);
        made[0].sentences.remove(0);
        made[0].headings = vec![Span::new(0, 5)];
        let reading = Reading::new([1; 32], None, document, made).unwrap();
        let passage = reading.passage(0).unwrap();
        assert_eq!(reading.headings(passage), ["Leave"]);
        assert_eq!(reading.index_text(passage), "Leave\nAsk early. Ask in writing.");
        assert_eq!(reading.passage(1), None);
    }

    #[test]
    fn passages_of_another_document_are_refused() {
        let known = cut(&document(), words);
        let check = |change: &dyn Fn(&mut Passage)| {
            let mut changed = known.clone();
            change(&mut changed[0]);
            Reading::new([1; 32], None, document(), changed).is_err()
        };
        assert!(check(&|passage| passage.number = 1));
        assert!(check(&|passage| passage.span = Span::new(0, 99)));
        assert!(check(&|passage| passage.sentences.clear()));
        assert!(check(&|passage| passage.sentences[0] = Span::new(3, 3)));
        assert!(check(&|passage| passage.headings.push(Span::new(30, 40))));
        assert!(check(&|passage| passage.table_header = Some(Span::new(9, 8))));
        assert!(!check(&|_| {}));
    }
}
