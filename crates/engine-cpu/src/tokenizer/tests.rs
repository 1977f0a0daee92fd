use std::io::Write as _;

use proptest::prelude::*;

use super::{
    tiny::{END, END_OF_TEXT, START, Tiny},
    *,
};

fn check(text: &str, special: SpecialTokens, expected: &[&str]) {
    let tiny = Tiny::new();
    let tokenizer = tiny.tokenizer();
    let spelled: Vec<&str> = tokenizer
        .encode(text, special)
        .iter()
        .map(|&token| tiny.tokens[token as usize].as_str())
        .collect();
    assert_eq!(spelled, expected, "{text:?}");
}

#[test]
fn words_are_merged_by_rank() {
    let plain = |text, expected| check(text, SpecialTokens::AsText, expected);
    plain("", &[]);
    plain("abc", &["abc"]);
    plain("bc", &["bc"]);
    plain("aabc", &["a", "abc"]);
    plain("aaaa", &["aaaa"]);
    plain("aaaaaa", &["aaaa", "aa"]);
    plain("aaa", &["aa", "a"]);
    plain("a abc", &["a", "Ġ", "abc"]);
    plain("a bbc", &["a", "Ġb", "bc"]);
    plain("é1", &["Ã©", "1"]);
    plain("😀", &["ð", "Ł", "ĺ", "Ģ"]);
}

#[test]
fn special_tokens_mean_something_only_where_they_are_parsed() {
    check("a<|im_end|>a", SpecialTokens::Parse, &["a", "<|im_end|>", "a"]);
    let typed: Vec<String> = "a<|im_end|>a".chars().map(String::from).collect();
    let typed: Vec<&str> = typed.iter().map(String::as_str).collect();
    check("a<|im_end|>a", SpecialTokens::AsText, &typed);
    check("[sp]a", SpecialTokens::AsText, &["[sp]", "a"]);
    check("[sp]a", SpecialTokens::Parse, &["[sp]", "a"]);
    check("<|im_start|><|im_end|>", SpecialTokens::Parse, &["<|im_start|>", "<|im_end|>"]);
}

#[test]
fn tokens_know_their_bytes_and_meaning() {
    let tiny = Tiny::new();
    let tokenizer = tiny.tokenizer();
    assert_eq!(tokenizer.len(), tiny.tokens.len());
    assert_eq!(tokenizer.token_bytes(tiny.id("Ġabc")), b" abc");
    assert_eq!(tokenizer.token_bytes(tiny.id("Ã©")), "é".as_bytes());
    assert_eq!(tokenizer.token_bytes(tiny.id("ð")), b"\xf0");
    assert_eq!(tokenizer.token_bytes(END), b"<|im_end|>");
    assert_eq!(tokenizer.token_bytes(tiny.id("[sp]")), b"[sp]");
    assert_eq!(tokenizer.token_bytes(u32::MAX), b"");
    assert_eq!(tokenizer.token_bytes(u32::try_from(tiny.tokens.len()).unwrap()), b"");
    assert!(tokenizer.is_control(START) && !tokenizer.is_control(tiny.id("a")));
    assert!(!tokenizer.is_control(tiny.id("[sp]")) && !tokenizer.is_control(u32::MAX));
    assert_eq!(tokenizer.end_tokens(), [END, END_OF_TEXT]);
    assert_eq!((tokenizer.bos(), tokenizer.add_bos()), (Some(START), false));
}

#[test]
fn bytes_that_the_vocabulary_lacks_are_dropped() {
    let mut tiny = Tiny::new();
    let place = tiny.id("x") as usize;
    tiny.tokens[place] = "unused".to_owned();
    let (a, b) = (tiny.id("a"), tiny.id("b"));
    assert_eq!(tiny.tokenizer().encode("axb", SpecialTokens::AsText), [a, b]);
    assert!(tiny.tokenizer().encode("xx", SpecialTokens::AsText).is_empty());
}

#[test]
fn ends_of_turn_are_control_tokens_even_if_declared_otherwise() {
    let mut tiny = Tiny::new();
    tiny.kinds[END as usize] = 1;
    tiny.kinds[END_OF_TEXT as usize] = 4;
    let tokenizer = tiny.tokenizer();
    for (token, text) in [(END, "<|im_end|>"), (END_OF_TEXT, "<|endoftext|>")] {
        assert!(tokenizer.is_control(token));
        assert_eq!(tokenizer.encode(text, SpecialTokens::Parse), [token]);
        assert!(!tokenizer.encode(text, SpecialTokens::AsText).contains(&token));
    }
}

#[test]
fn control_tokens_are_never_made_by_merges() {
    let mut tiny = Tiny::new();
    tiny.tokens.push("<|".to_owned());
    tiny.tokens.push("<|x".to_owned());
    tiny.kinds.extend([1, 3]);
    tiny.merges.push("< |".to_owned());
    assert_eq!(tiny.tokenizer().encode("<|", SpecialTokens::AsText), [tiny.id("<|")]);
    tiny.merges.push("<| x".to_owned());
    let text = "<| x".to_owned();
    assert_eq!(tiny.error(), TokenizerError::Merge { rank: tiny.merges.len() - 1, text });
}

#[test]
fn broken_vocabularies_are_refused() {
    let changed = |change: fn(&mut Tiny)| {
        let mut tiny = Tiny::new();
        change(&mut tiny);
        tiny.error().to_string()
    };
    for (error, expected) in [
        (changed(|tiny| tiny.tokens.clear()), "0 tokens; 1 to"),
        (changed(|tiny| tiny.kinds.truncate(9)), "token types"),
        (changed(|tiny| tiny.kinds[5] = 9), "token type 9 of token 5"),
        (changed(|tiny| tiny.merges[3] = "a".to_owned()), "merge 3 `a`"),
        (changed(|tiny| tiny.merges[3].clear()), "merge 3 ``"),
        (changed(|tiny| tiny.merges[3] = "a zz".to_owned()), "merge 3 `a zz`"),
        (changed(|tiny| tiny.tokens[1].clear()), "special token 1 has 0 bytes"),
    ] {
        assert!(error.contains(expected), "`{error}` instead of `{expected}`");
    }
    let tiny = Tiny::new();
    let parts = Parts { bos: Some(9_999), ..tiny.parts() };
    let error = Tokenizer::from_parts(&parts).unwrap_err();
    assert!(error.to_string().contains("names token 9999"), "{error}");
}

#[test]
fn vocabularies_are_read_from_files() {
    let tiny = Tiny::new();
    let open = |writer: crate::gguf::writer::Writer| {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&writer.bytes()).unwrap();
        Tokenizer::from_checkpoint(&Checkpoint::open(file.path()).unwrap())
    };
    let tokenizer = open(tiny.gguf()).unwrap();
    assert_eq!(tokenizer.encode("abc", SpecialTokens::Parse), [tiny.id("abc")]);
    assert!(tokenizer.add_bos());
    for (key, expected) in [
        ("tokenizer.ggml.model", TokenizerError::Missing { key: "tokenizer.ggml.model" }),
        ("tokenizer.ggml.tokens", TokenizerError::Missing { key: "tokenizer.ggml.tokens" }),
        ("tokenizer.ggml.merges", TokenizerError::Missing { key: "tokenizer.ggml.merges" }),
        ("tokenizer.ggml.pre", TokenizerError::Missing { key: "tokenizer.ggml.pre" }),
    ] {
        let mut writer = tiny.gguf();
        writer.metadata.retain(|(name, _)| name != key);
        assert_eq!(open(writer).unwrap_err(), expected);
    }
}

/// Merges as the definition says it, without regard for time.
fn reference(tiny: &Tiny, word: &str) -> Vec<String> {
    let alphabet = byte_alphabet::alphabet();
    let mut pieces: Vec<String> =
        word.bytes().map(|byte| alphabet[usize::from(byte)].to_string()).collect();
    loop {
        let rank = |pair: &[String]| tiny.merges.iter().position(|m| *m == pair.join(" "));
        let best = pieces
            .windows(2)
            .enumerate()
            .filter_map(|(place, pair)| Some((rank(pair)?, place)))
            .min();
        let Some((_, place)) = best else { return pieces };
        let right = pieces.remove(place + 1);
        pieces[place].push_str(&right);
    }
}

/// A vocabulary with scores: the likeliest neighbours first, bytes for what is no token.
fn sentence_piece(space_prefix: bool) -> Tokenizer {
    let mut tokens: Vec<String> = (0..=255).map(|byte| format!("<0x{byte:02X}>")).collect();
    let mut kinds = vec![6; 256];
    let mut scores = vec![0.0; 256];
    for (text, score) in [
        ("\u{2581}", -9.0),
        ("a", -9.0),
        ("b", -9.0),
        ("ab", -2.0),
        ("\u{2581}a", -1.0),
        ("\u{2581}ab", -3.0),
        ("b\u{2581}", -4.0),
        ("<", -9.0),
        ("0x4", -9.0),
        ("1>", -9.0),
    ] {
        tokens.push(text.to_owned());
        kinds.push(1);
        scores.push(score);
    }
    tokens.push("<end>".to_owned());
    kinds.push(3);
    let parts = Parts {
        space_prefix,
        kinds: Some(kinds),
        scores,
        ends: vec![("tokenizer.ggml.eos_token_id", 266)],
        ..Parts::of(Spelling::SentencePiece, &tokens)
    };
    Tokenizer::from_parts(&parts).unwrap()
}

#[test]
fn scores_decide_what_is_merged() {
    let tokenizer = sentence_piece(false);
    let check = |text: &str, expected: &[u32]| {
        let tokens = tokenizer.encode(text, SpecialTokens::AsText);
        assert_eq!(tokens, expected, "{text:?}");
        let bytes: Vec<u8> =
            tokens.iter().flat_map(|&token| tokenizer.token_bytes(token)).copied().collect();
        assert_eq!(String::from_utf8(bytes).unwrap(), text.replace('\u{2581}', " "));
    };
    check("", &[]);
    check("ab", &[259]);
    // " a" comes before "ab", and both make " ab".
    check(" ab", &[261]);
    check("ab ab", &[259, 261]);
    check("b b", &[262, 258]);
    check("\u{2581}a", &[260]);
    check("aé\n", &[257, 0xc3, 0xa9, 10]);
    // The name of a byte is text, and so is a special token that a user writes.
    check("<0x41>", &[263, 0x30, 0x78, 0x34, 0x31, 0x3e]);
    check("<end>", &[263, 0x65, 0x6e, 0x64, 0x3e]);
    assert_eq!(tokenizer.encode("a<end>", SpecialTokens::Parse), [257, 266]);
}

#[test]
fn a_word_that_is_a_token_is_not_merged() {
    let mut tiny = Tiny::new();
    // No merge makes it.
    tiny.tokens.push("bca".to_owned());
    tiny.kinds.push(1);
    let encode = |whole_words| {
        let tokenizer = Tokenizer::from_parts(&Parts { whole_words, ..tiny.parts() }).unwrap();
        tokenizer.encode("bca", SpecialTokens::AsText)
    };
    assert_eq!(encode(true), [tiny.id("bca")]);
    assert!(encode(false).len() > 1);
}

#[test]
fn a_space_comes_before_every_text() {
    let tokenizer = sentence_piece(true);
    let check = |text: &str, special, expected: &[u32]| {
        assert_eq!(tokenizer.encode(text, special), expected, "{text:?}");
    };
    check("", SpecialTokens::Parse, &[]);
    check("ab", SpecialTokens::AsText, &[261]);
    check("a<end>ab<end>", SpecialTokens::Parse, &[260, 266, 261, 266]);
    check("<end>", SpecialTokens::Parse, &[266]);
    // Two spaces, unless a template wrote the first of them.
    check(" a", SpecialTokens::AsText, &[256, 260]);
    assert_eq!(tokenizer.encode_rendered(" a", SpecialTokens::AsText), [260]);
    assert_eq!(tokenizer.encode_rendered("a", SpecialTokens::AsText), [260]);
}

#[test]
fn marks_are_composed_where_the_vocabulary_was_made_so() {
    let tiny = Tiny::new();
    let encode = |composes, text: &str| {
        let tokenizer = Tokenizer::from_parts(&Parts { composes, ..tiny.parts() }).unwrap();
        tokenizer.encode(text, SpecialTokens::Parse)
    };
    assert_eq!(encode(true, "e\u{301}"), [tiny.id("Ã©")]);
    assert_eq!(encode(false, "e\u{301}").len(), 3);
    // Special tokens are found before.
    assert_eq!(encode(true, "e<|im_end|>\u{301}")[1], END);
}

#[test]
fn some_special_tokens_take_the_white_space_behind_them_away() {
    let tiny = Tiny::new();
    let parts = Parts { stripping: vec![START], ..tiny.parts() };
    let tokenizer = Tokenizer::from_parts(&parts).unwrap();
    let encode = |text| tokenizer.encode(text, SpecialTokens::Parse);
    assert_eq!(encode("<|im_start|> \n\u{a0}a"), [START, tiny.id("a")]);
    assert_eq!(encode("<|im_end|> a"), [END, tiny.id("Ġa")]);
    assert_eq!(encode(" <|im_start|> <|im_start|>\n"), [tiny.id("Ġ"), START, START]);
    // White space that is a token is white space all the same.
    let mut spaced = tiny.clone();
    spaced.tokens.push("\n\n".to_owned());
    spaced.kinds.push(4);
    let parts = Parts { stripping: vec![START], ..spaced.parts() };
    let tokenizer = Tokenizer::from_parts(&parts).unwrap();
    let tokens = tokenizer.encode("<|im_start|>\n\na\n\n", SpecialTokens::Parse);
    assert_eq!(tokens, [START, tiny.id("a"), spaced.id("\n\n")]);
}

#[test]
fn a_megabyte_without_a_space_is_one_word() {
    let tokenizer = Tiny::new().tokenizer();
    for unit in ["a", "ab", "abcc", "é"] {
        let text = unit.repeat((1 << 20) / unit.len());
        let tokens = tokenizer.encode(&text, SpecialTokens::AsText);
        let bytes: usize = tokens.iter().map(|&token| tokenizer.token_bytes(token).len()).sum();
        assert_eq!(bytes, text.len());
        let tokens = sentence_piece(false).encode(&text, SpecialTokens::AsText);
        assert!(!tokens.is_empty());
    }
}

proptest! {
    #[test]
    fn merging_equals_its_definition(word in "[abc]{0,40}|[abcé]{0,12}") {
        let tiny = Tiny::new();
        let tokens = tiny.tokenizer().encode(&word, SpecialTokens::AsText);
        let spelled: Vec<String> =
            tokens.iter().map(|&token| tiny.tokens[token as usize].clone()).collect();
        prop_assert_eq!(spelled, reference(&tiny, &word));
    }

    #[test]
    fn tokens_spell_the_text(text in "(?s).{0,80}|(<\\|im_end\\|>|\\[sp\\]|[a<| \n1é]){0,20}") {
        let tokenizer = Tiny::new().tokenizer();
        for special in [SpecialTokens::Parse, SpecialTokens::AsText] {
            let tokens = tokenizer.encode(&text, special);
            let bytes: Vec<u8> =
                tokens.iter().flat_map(|&token| tokenizer.token_bytes(token)).copied().collect();
            prop_assert_eq!(bytes, text.as_bytes());
            if special == SpecialTokens::AsText {
                prop_assert!(tokens.iter().all(|&token| !tokenizer.is_control(token)));
            }
        }
    }

    #[test]
    fn random_vocabularies_are_used_or_refused(
        tokens in proptest::collection::vec("[ab<|>Ġé ]{0,4}", 0..20),
        kinds in proptest::collection::vec(0_i64..8, 0..20),
        merges in proptest::collection::vec("[abĠé ]{0,4}", 0..10),
        scores in proptest::collection::vec(any::<f32>(), 20),
        bos in 0_u32..25,
        space_prefix in any::<bool>(),
        whole_words in any::<bool>(),
        text in "(?s).{0,20}|[ab\u{2581} ]{0,20}",
    ) {
        let kinds = (kinds.len() == tokens.len()).then_some(kinds);
        let (pre, add_bos, ends) = ("default", true, vec![("eos", bos / 2)]);
        for spelling in [Spelling::ByteAlphabet, Spelling::SentencePiece] {
            let parts = Parts {
                spelling, pre, whole_words, space_prefix, composes: whole_words, tokens: &tokens,
                stripping: (0..bos).collect(), kinds: kinds.clone(), merges: &merges,
                scores: scores.clone(), bos: Some(bos), add_bos, ends: ends.clone(),
            };
            let Ok(tokenizer) = Tokenizer::from_parts(&parts) else { continue };
            for special in [SpecialTokens::Parse, SpecialTokens::AsText] {
                let encoded = tokenizer.encode(&text, special);
                prop_assert!(encoded.iter().all(|&token| (token as usize) < tokens.len()));
            }
        }
    }
}
