//! Prompts of texts that no template touches.

use inference::{
    BareText,
    ports::{EngineError, Passage, Prompt},
};

use super::Served;
use crate::tokenizer::{SpecialTokens, Tokenizer};

/// How the tokens around a hole are spelled: before the text in front of it, before the text
/// behind it, and where the model begins to write.
const MARKS: [[&str; 3]; 5] = [
    // Qwen, CodeGemma.
    ["<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"],
    // StarCoder.
    ["<fim_prefix>", "<fim_suffix>", "<fim_middle>"],
    // Granite.
    ["<fim-prefix>", "<fim-suffix>", "<fim-middle>"],
    // Code Llama.
    ["\u{2581}<PRE>", "\u{2581}<SUF>", "\u{2581}<MID>"],
    // DeepSeek.
    [
        "<\u{ff5c}fim\u{2581}begin\u{ff5c}>",
        "<\u{ff5c}fim\u{2581}hole\u{ff5c}>",
        "<\u{ff5c}fim\u{2581}end\u{ff5c}>",
    ],
];

/// Codestral is told what follows, then what comes before, and goes on with that.
const MISTRAL: [&str; 2] = ["[PREFIX]", "[SUFFIX]"];

/// The marks of a hole, as tokens.
enum Marks {
    BeforeFirst { before: u32, behind: u32, middle: u32 },
    BehindFirst { before: u32, behind: u32 },
}

impl Served {
    pub(crate) fn prepare_text(&self, text: &BareText) -> Result<Prompt, EngineError> {
        let tokenizer = &*self.tokenizer;
        let first = tokenizer.bos().filter(|_| tokenizer.add_bos());
        let mut tokens = Vec::from_iter(first);
        match text {
            BareText::Open(Passage::Text(text)) => {
                tokens.append(&mut tokenizer.encode(text, SpecialTokens::AsText));
            }
            BareText::Open(Passage::Tokens(given)) => {
                self.check_tokens(given)?;
                if tokens.first() == given.first() {
                    tokens.clear();
                }
                tokens.extend(given);
            }
            BareText::Hole { before, after } => {
                let model = self.card.id.clone();
                let does = "fills no holes: its tokenizer has no tokens that mark one";
                let marks = Marks::find(tokenizer).ok_or(EngineError::Unsuited { model, does })?;
                marks.around(tokenizer, (before, after), &mut tokens);
            }
        }
        if tokens.is_empty() {
            // A model that marks no beginning has to begin somewhere.
            tokens.extend(tokenizer.bos().or_else(|| tokenizer.end_tokens().first().copied()));
        }
        self.prompt(tokens)
    }

    fn check_tokens(&self, tokens: &[u32]) -> Result<(), EngineError> {
        let vocabulary = self.tokenizer.len();
        let foreign = tokens.iter().find(|&&token| token as usize >= vocabulary);
        foreign.map_or(Ok(()), |&token| {
            let model = self.card.id.clone();
            Err(EngineError::TokenUnknown { model, index: 0, token, vocabulary })
        })
    }
}

impl Marks {
    fn find(tokenizer: &Tokenizer) -> Option<Self> {
        for texts in MARKS {
            let marks = texts.map(|text| tokenizer.special_token(text));
            if let [Some(before), Some(behind), Some(middle)] = marks {
                return Some(Self::BeforeFirst { before, behind, middle });
            }
        }
        let [before, behind] = MISTRAL.map(|text| tokenizer.special_token(text));
        Some(Self::BehindFirst { before: before?, behind: behind? })
    }

    /// What callers write is text, also where it is spelled like a mark.
    fn around(&self, tokenizer: &Tokenizer, (text, rest): (&str, &str), tokens: &mut Vec<u32>) {
        let mut text = tokenizer.encode_unspaced(text);
        let mut rest = tokenizer.encode_unspaced(rest);
        match *self {
            Self::BeforeFirst { before, behind, middle } => {
                tokens.push(before);
                tokens.append(&mut text);
                tokens.push(behind);
                tokens.append(&mut rest);
                tokens.push(middle);
            }
            Self::BehindFirst { before, behind } => {
                tokens.push(behind);
                tokens.append(&mut rest);
                tokens.push(before);
                tokens.append(&mut text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenizer::tiny::Tiny;

    fn tokenizer(specials: &[&str]) -> Tokenizer {
        let mut tiny = Tiny::new();
        tiny.tokens.extend(specials.iter().map(|&text| text.to_owned()));
        tiny.kinds.resize(tiny.tokens.len(), 3);
        tiny.tokenizer()
    }

    fn around(tokenizer: &Tokenizer, text: &str, rest: &str) -> Option<Vec<u32>> {
        let mut tokens = Vec::new();
        Marks::find(tokenizer)?.around(tokenizer, (text, rest), &mut tokens);
        Some(tokens)
    }

    fn check(specials: &[&str], expected: &[&str]) {
        let tokenizer = tokenizer(specials);
        let part = |text: &&str| match tokenizer.special_token(text) {
            Some(mark) => vec![mark],
            None => tokenizer.encode_unspaced(text),
        };
        let expected: Vec<u32> = expected.iter().flat_map(part).collect();
        let expected = (!expected.is_empty()).then_some(expected);
        assert_eq!(around(&tokenizer, "abc", "cc"), expected, "{specials:?}");
    }

    #[test]
    fn each_family_is_told_of_a_hole_in_its_own_way() {
        for family in MARKS {
            let [before, behind, middle] = family;
            check(&family, &[before, "abc", behind, "cc", middle]);
        }
        check(&MISTRAL, &["[SUFFIX]", "cc", "[PREFIX]", "abc"]);
        check(&[], &[]);
        check(&["<fim_prefix>", "<fim_suffix>"], &[]);
    }

    #[test]
    fn marks_that_callers_write_are_text() {
        let tokenizer = tokenizer(&MISTRAL);
        let mark = tokenizer.special_token("[SUFFIX]").unwrap();
        let tokens = around(&tokenizer, "[SUFFIX]", "[SUFFIX]").unwrap();
        assert_eq!(tokens.iter().filter(|&&token| token == mark).count(), 1, "{tokens:?}");
    }
}
