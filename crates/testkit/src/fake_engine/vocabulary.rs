//! Words as numbers.

use std::collections::HashMap;

use domain::{ModelId, chat::Message};
use inference::ports::EngineError;

/// Marks the first word of a message.
const FIRST: u32 = 1 << 31;

/// Every word that was ever seen.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    numbers: HashMap<String, u32>,
    words: Vec<String>,
}

impl Vocabulary {
    pub(super) fn tokens(&mut self, messages: &[Message]) -> Vec<u32> {
        let mut tokens = Vec::new();
        for message in messages {
            for (at, word) in message.content.split_whitespace().enumerate() {
                let number = self.number(word);
                tokens.push(if at == 0 { number | FIRST } else { number });
            }
        }
        tokens
    }

    /// The words after the last first word, that one included.
    pub(super) fn last_message(&self, tokens: &[u32]) -> Vec<String> {
        let start = tokens.iter().rposition(|token| token & FIRST != 0).unwrap_or(0);
        let words = tokens[start..].iter().filter_map(|token| {
            let at = usize::try_from(token & !FIRST).ok()?;
            self.words.get(at)
        });
        words.cloned().collect()
    }

    /// Refuses tokens that no word has.
    pub(super) fn check(&self, model: &ModelId, tokens: &[u32]) -> Result<(), EngineError> {
        let vocabulary = self.words.len();
        let unknown = |token: &&u32| (**token & !FIRST) as usize >= vocabulary;
        tokens.iter().find(unknown).map_or(Ok(()), |&token| {
            Err(EngineError::TokenUnknown { model: model.clone(), index: 0, token, vocabulary })
        })
    }

    fn number(&mut self, word: &str) -> u32 {
        if let Some(number) = self.numbers.get(word) {
            return *number;
        }
        let number = u32::try_from(self.words.len()).expect("a test has fewer words");
        self.words.push(word.to_owned());
        self.numbers.insert(word.to_owned(), number);
        number
    }
}
