//! What mistral-common makes of texts in many scripts, with as much of its vocabularies as these
//! texts can be made of. `conformance/tokens` compares the whole ones, on many more texts.

use std::collections::HashMap;

use serde::Deserialize;

use super::{SpecialTokens, Tokenizer, spelling::Spelling, vocabulary::Parts};
use crate::text_stream::TextStream;

const TEKKEN: &str = include_str!("../../tests/fixtures/tekken_golden.json");
const SENTENCE_PIECE: &str = include_str!("../../tests/fixtures/mistral_v3_golden.json");

#[derive(Deserialize)]
struct Golden<Row> {
    tokens: Vec<Row>,
    cases: Vec<(String, Vec<u32>)>,
}

/// `before` and `shown`: what a vocabulary does to a text.
fn check(
    tokenizer: &Tokenizer,
    ids: &[u32],
    cases: &[(String, Vec<u32>)],
    (before, shown): (&str, fn(&str) -> String),
) {
    assert!(cases.len() > 60);
    for (text, expected) in cases {
        let tokens = tokenizer.encode(text, SpecialTokens::AsText);
        let known: Vec<u32> = tokens.iter().map(|&token| ids[token as usize]).collect();
        assert_eq!(&known, expected, "{text:?}");
        let mut stream = TextStream::new(Vec::new());
        let mut said: String =
            tokens.iter().map(|&token| stream.push(tokenizer.token_bytes(token)).text).collect();
        said.push_str(&stream.finish());
        let before = if text.is_empty() { "" } else { before };
        assert_eq!(said, format!("{before}{}", shown(text)), "{text:?}");
    }
}

/// Every way to join two tokens into a third, as conversions list them: by the rank of the whole, then
/// of its parts.
fn merges(tokens: &[String]) -> Vec<String> {
    let ranks: HashMap<&str, usize> = tokens.iter().map(String::as_str).zip(0..).collect();
    let mut merges = Vec::new();
    for whole in tokens {
        let ends = whole.char_indices().skip(1).map(|(end, _)| whole.split_at(end));
        let mut ways: Vec<_> = ends
            .filter_map(|(left, right)| {
                Some(((*ranks.get(left)?, *ranks.get(right)?), left, right))
            })
            .collect();
        ways.sort_unstable();
        merges.extend(ways.iter().map(|(_, left, right)| format!("{left} {right}")));
    }
    merges
}

#[test]
fn tekken_gives_the_ids_of_mistral_common() {
    let golden: Golden<(u32, String)> = serde_json::from_str(TEKKEN).unwrap();
    let (ids, tokens): (Vec<u32>, Vec<String>) = golden.tokens.into_iter().unzip();
    let merges = merges(&tokens);
    let parts = Parts {
        pre: "tekken",
        whole_words: true,
        merges: &merges,
        ..Parts::of(Spelling::ByteAlphabet, &tokens)
    };
    let tokenizer = Tokenizer::from_parts(&parts).unwrap();
    check(&tokenizer, &ids, &golden.cases, ("", str::to_owned));
}

#[test]
fn scores_give_the_ids_of_mistral_common() {
    let golden: Golden<(u32, String, f32)> = serde_json::from_str(SENTENCE_PIECE).unwrap();
    let ids: Vec<u32> = golden.tokens.iter().map(|&(id, _, _)| id).collect();
    let tokens: Vec<String> = golden.tokens.iter().map(|(_, piece, _)| piece.clone()).collect();
    let is_byte = |piece: &str| piece.starts_with("<0x") && piece.len() == 6;
    let parts = Parts {
        kinds: Some(tokens.iter().map(|piece| if is_byte(piece) { 6 } else { 1 }).collect()),
        scores: golden.tokens.iter().map(|&(_, _, score)| score).collect(),
        space_prefix: true,
        ..Parts::of(Spelling::SentencePiece, &tokens)
    };
    let tokenizer = Tokenizer::from_parts(&parts).unwrap();
    // A space that was typed as its spelling is a space.
    check(&tokenizer, &ids, &golden.cases, (" ", |text| text.replace('\u{2581}', " ")));
}
