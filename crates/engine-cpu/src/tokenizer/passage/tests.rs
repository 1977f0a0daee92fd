//! Both rules beside what the library `tokenizers` makes of the same vocabularies, and damage.

use proptest::prelude::*;
use serde::Deserialize;

use super::{Charsmap, PassageTokenizer, TokenizerError};
use crate::{
    checkpoint::Checkpoint,
    gguf::writer::{Writer, Written},
};

#[derive(Deserialize)]
struct Golden<P> {
    pieces: Vec<P>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    text: String,
    ids: Vec<u32>,
}

fn open(writer: &Writer) -> Result<PassageTokenizer, TokenizerError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gguf");
    std::fs::write(&path, writer.bytes()).unwrap();
    PassageTokenizer::from_checkpoint(&Checkpoint::open(&path).unwrap())
}

fn unigram_file(pieces: &[(String, f32)], charsmap: Option<&[u8]>) -> Writer {
    let kinds = pieces.iter().map(|(piece, _)| match piece.as_str() {
        "<unk>" => 2,
        "<s>" | "</s>" | "<pad>" => 3,
        _ => 1,
    });
    let mut writer = Writer::new()
        .with("tokenizer.ggml.model", Written::Text("t5"))
        .with("tokenizer.ggml.token_type", Written::I32s(kinds.collect()))
        .with("tokenizer.ggml.scores", Written::F32s(pieces.iter().map(|one| one.1).collect()))
        .with("tokenizer.ggml.bos_token_id", Written::U32(0))
        .with("tokenizer.ggml.eos_token_id", Written::U32(2))
        .with("tokenizer.ggml.unknown_token_id", Written::U32(3))
        .with(
            "tokenizer.ggml.tokens",
            Written::Texts(pieces.iter().map(|one| one.0.clone()).collect()),
        );
    if let Some(charsmap) = charsmap {
        let mut bytes = 0_u32.to_le_bytes().to_vec();
        bytes.extend((charsmap.len() as u64).to_le_bytes());
        bytes.extend(charsmap);
        writer = writer.with("tokenizer.ggml.precompiled_charsmap", Written::Raw(9, bytes));
    }
    writer
}

/// GGUF marks what begins a word, and not what goes on with one.
fn word_piece_file(pieces: &[String]) -> Writer {
    let stored = pieces.iter().map(|piece| match piece.strip_prefix("##") {
        Some(rest) => rest.to_owned(),
        None if piece.starts_with('[') && piece.len() > 1 => piece.clone(),
        None => format!("\u{2581}{piece}"),
    });
    let id = |name: &str| {
        let found = pieces.iter().position(|piece| piece == name);
        Written::U32(u32::try_from(found.unwrap()).unwrap())
    };
    let is_special = |piece: &String| piece.starts_with('[') && piece.len() > 1;
    let kinds = pieces.iter().map(|piece| if is_special(piece) { 3 } else { 1 });
    Writer::new()
        .with("tokenizer.ggml.model", Written::Text("bert"))
        .with("tokenizer.ggml.token_type", Written::I32s(kinds.collect()))
        .with("tokenizer.ggml.bos_token_id", id("[CLS]"))
        .with("tokenizer.ggml.seperator_token_id", id("[SEP]"))
        .with("tokenizer.ggml.unknown_token_id", id("[UNK]"))
        .with("tokenizer.ggml.tokens", Written::Texts(stored.collect()))
}

fn check(tokenizer: &PassageTokenizer, cases: &[Case], is_excused: impl Fn(&str) -> bool) {
    let mut compared = 0;
    for Case { text, ids } in cases {
        let found = tokenizer.encode(text);
        let inner = &found[1..found.len() - 1];
        if !is_excused(text) {
            assert_eq!(inner, ids, "{text:?}");
            compared += 1;
        }
    }
    assert!(compared >= 28, "only {compared} texts");
}

#[test]
fn unigram_is_that_of_the_library() {
    let text = include_str!("../../../tests/fixtures/unigram_golden.json");
    let golden: Golden<(String, f32)> = serde_json::from_str(text).unwrap();
    let tokenizer = open(&unigram_file(&golden.pieces, None)).unwrap();
    assert_eq!(tokenizer.encode(""), [0, 2]);
    check(&tokenizer, &golden.cases, |_| false);
}

#[test]
fn word_piece_is_that_of_the_library() {
    let text = include_str!("../../../tests/fixtures/word_piece_golden.json");
    let golden: Golden<String> = serde_json::from_str(text).unwrap();
    let tokenizer = open(&word_piece_file(&golden.pieces)).unwrap();
    check(&tokenizer, &golden.cases, |_| false);
}

/// The table of replacements in its simplest form: each node has its children in a block of its
/// own.
fn table(entries: &[(&str, &str)]) -> Vec<u8> {
    const IS_VALUE: u32 = 1 << 31;
    let (mut units, mut texts) = (vec![IS_VALUE; 512], Vec::new());
    units[0] = 1 << (10 + 8);
    for (from, to) in entries {
        let mut node = 0;
        for byte in from.bytes() {
            let base = node ^ (units[node] >> 10) as usize;
            let child = base ^ usize::from(byte);
            if units[child] == IS_VALUE {
                let block = units.len();
                units.resize(block + 256, IS_VALUE);
                units[child] = u32::from(byte) | u32::try_from(child ^ block).unwrap() << 10;
            }
            node = child;
        }
        let base = node ^ (units[node] >> 10) as usize;
        units[node] |= 1 << 8;
        units[base] = IS_VALUE | u32::try_from(texts.len()).unwrap();
        texts.extend(to.bytes());
        texts.push(0);
    }
    let mut bytes = u32::try_from(units.len() * 4).unwrap().to_le_bytes().to_vec();
    bytes.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
    bytes.extend(texts);
    bytes
}

const ENTRIES: [(&str, &str); 6] =
    [("\t", " "), ("\u{200b}", ""), ("ﬁ", "fi"), ("e\u{301}", "é"), ("½", "1⁄2"), ("e", "E")];

#[test]
fn the_longest_entry_is_replaced() {
    let charsmap = Charsmap::read(&table(&ENTRIES)).unwrap();
    for (text, expected) in [
        ("", ""),
        ("abc", "abc"),
        ("a\tb\u{200b}c", "a bc"),
        ("ﬁn ½", "fin 1⁄2"),
        ("e\u{301}e\u{302}e", "éE\u{302}E"),
        ("日本\0", "日本\0"),
    ] {
        assert_eq!(charsmap.normalize(text), expected, "{text:?}");
    }
    assert_eq!(Charsmap::default().normalize("e\u{301}\t"), "e\u{301}\t");
}

#[test]
fn replaced_characters_make_other_tokens() {
    let pieces = ["<s>", "<pad>", "</s>", "<unk>", "\u{2581}", "fi", "n", "\u{2581}fin", "é"];
    let pieces: Vec<(String, f32)> = pieces.iter().map(|&piece| (piece.to_owned(), -1.0)).collect();
    let tokenizer = open(&unigram_file(&pieces, Some(&table(&ENTRIES)))).unwrap();
    assert_eq!(tokenizer.encode(" ﬁn\t e\u{301}"), [0, 7, 4, 8, 2]);
    assert_eq!(tokenizer.encode("xyz <s>"), [0, 4, 3, 4, 3, 2], "neighbours are one unknown");
    assert_eq!(tokenizer.mark(vec![5]), [0, 5, 2]);
    assert_eq!(tokenizer.mark(vec![0, 5, 2]), [0, 5, 2]);
    assert_eq!(tokenizer.mark(vec![]), [0, 2]);
    let mut tokens = vec![0, 5, 5, 5, 2];
    tokenizer.cut(&mut tokens, 3);
    assert_eq!(tokens, [0, 5, 2]);
}

#[test]
fn a_long_word_takes_no_longer_than_many_short_ones() {
    let text = include_str!("../../../tests/fixtures/unigram_golden.json");
    let golden: Golden<(String, f32)> = serde_json::from_str(text).unwrap();
    let tokenizer = open(&unigram_file(&golden.pieces, None)).unwrap();
    let tokens = tokenizer.encode(&"ab\u{1f642}".repeat(100_000));
    assert!(tokens.len() > 100_000);
}

#[test]
fn files_that_lack_something_say_so() {
    let pieces: Vec<(String, f32)> =
        ["<s>", "<pad>", "</s>", "<unk>", "a"].iter().map(|&one| (one.to_owned(), -1.0)).collect();
    let whole = unigram_file(&pieces, None);
    open(&whole).unwrap();
    for key in ["model", "tokens", "scores", "bos_token_id", "unknown_token_id"] {
        let mut writer = whole.clone();
        let key = format!("tokenizer.ggml.{key}");
        writer.metadata.retain(|(name, _)| *name != key);
        let error = open(&writer).unwrap_err();
        assert!(error.to_string().contains(&key), "{error} does not say {key}");
    }
    let with = |key: &str, value: Written| {
        let mut writer = whole.clone();
        writer.metadata.retain(|(name, _)| name != key);
        open(&writer.with(key, value)).unwrap_err().to_string()
    };
    assert!(with("tokenizer.ggml.eos_token_id", Written::U32(5)).contains("token 5 of 5"));
    assert!(with("tokenizer.ggml.model", Written::Text("rwkv")).contains("rwkv"));
    let damaged = with("tokenizer.ggml.precompiled_charsmap", Written::Raw(9, vec![0; 12]));
    assert!(damaged.contains("damaged"), "{damaged}");
}

proptest! {
    #[test]
    fn damaged_tables_never_panic(
        damage in prop::collection::vec((0_usize..8000, any::<u8>()), 1..20),
        cut in 0_usize..8000,
        text in "[\\PCe\u{301}ﬁ½\t\0]{0,20}",
    ) {
        let mut bytes = table(&ENTRIES);
        let len = bytes.len();
        for (at, byte) in damage {
            bytes[at % len] = byte;
        }
        bytes.truncate(len - cut.min(len) / 4);
        if let Some(charsmap) = Charsmap::read(&bytes) {
            charsmap.normalize(&text);
        }
    }

    #[test]
    fn words_are_cut_whole(text in "[a-zàéß한日 🙂\u{301}]{0,40}") {
        let golden = include_str!("../../../tests/fixtures/unigram_golden.json");
        let golden: Golden<(String, f32)> = serde_json::from_str(golden).unwrap();
        let tokenizer = open(&unigram_file(&golden.pieces, None)).unwrap();
        let tokens = tokenizer.encode(&text);
        prop_assert!(tokens.len() >= 2 && tokens.iter().all(|&one| (one as usize) < tokenizer.len()));
    }
}
