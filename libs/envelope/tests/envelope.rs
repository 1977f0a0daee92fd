//! What is sealed opens in its place with its key, and nowhere else.

use std::fmt::Write as _;

use envelope::{
    DataKey, IndexKey, NONCE_LENGTH, SEALED_EXTRA, TOKEN_LENGTH, Unopened, WrappingKey,
    WrappingKeyError, version_of,
};
use proptest::prelude::*;
use zeroize::Zeroizing;

const NONCE: [u8; NONCE_LENGTH] = [9; NONCE_LENGTH];

fn data_key(version: u32, byte: u8) -> DataKey {
    DataKey::new(version, Zeroizing::new([byte; 32]))
}

fn wrapping_key(byte: u8) -> WrappingKey {
    WrappingKey::from_bytes(Zeroizing::new([byte; 32]))
}

fn index_key(byte: u8, name: &[u8]) -> IndexKey {
    data_key(1, byte).index_key(name)
}

/// Made with `cryptography` 48.0.0 of Python: HKDF(SHA256, 32, salt=b"galerne envelope 2026 sealing",
/// info=b"thing").derive(bytes([7]) * 32), then AESGCM(key).encrypt(bytes([9]) * 12, b"the text",
/// bytes.fromhex("0100000003") + b"place").
const FOREIGN: &str = "0100000003090909090909090909090909";

#[test]
fn the_form_is_that_of_the_documentation() {
    let sealed = data_key(3, 7).sealing_key(b"thing").seal(NONCE, b"place", b"the text");
    let mut hexadecimal = String::new();
    for byte in &sealed {
        write!(hexadecimal, "{byte:02x}").unwrap();
    }
    assert_eq!(hexadecimal, format!("{FOREIGN}b3d6dd5b06d5cd97a5a3f3061608f5a7f673bfc7d9b2dfa5"));
    assert_eq!(version_of(&sealed), Ok(3));
    assert_eq!(sealed.len(), 8 + SEALED_EXTRA);
}

#[test]
fn another_key_thing_place_or_version_does_not_open() {
    let key = data_key(3, 7);
    let sealed = key.sealing_key(b"thing").seal(NONCE, b"place", b"the text");
    let open = |key: DataKey, name: &[u8], place: &[u8]| key.sealing_key(name).open(place, &sealed);
    assert_eq!(open(data_key(3, 7), b"thing", b"place").as_deref(), Ok(b"the text".as_slice()));
    assert_eq!(open(data_key(3, 8), b"thing", b"place"), Err(Unopened::Altered));
    assert_eq!(open(data_key(3, 7), b"other", b"place"), Err(Unopened::Altered));
    assert_eq!(open(data_key(3, 7), b"thing", b"other"), Err(Unopened::Altered));
    let other = Err(Unopened::OtherVersion { version: 3 });
    assert_eq!(open(data_key(4, 7), b"thing", b"place"), other);
}

#[test]
fn every_bit_of_what_is_sealed_counts() {
    let key = data_key(1, 7).sealing_key(b"thing");
    let sealed = key.seal(NONCE, b"place", b"the text");
    for bit in 0..sealed.len() * 8 {
        let mut altered = sealed.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert!(key.open(b"place", &altered).is_err(), "bit {bit}");
    }
    for length in 0..sealed.len() {
        assert!(key.open(b"place", &sealed[..length]).is_err(), "{length} bytes");
    }
}

#[test]
fn a_wrapping_key_is_read_as_it_was_written() {
    let key = wrapping_key(0xa5);
    let text = key.expose();
    assert_eq!(*text, format!("galerne-wrapping-key-1:{}", "a5".repeat(32)));
    let read = WrappingKey::parse(&format!(" {}\n", *text)).unwrap();
    assert_eq!(read.id(), key.id());
    assert_ne!(read.id(), wrapping_key(0xa6).id());
    assert_eq!(key.id().to_string().len(), 16);
    let digits = "a5".repeat(32);
    for damaged in ["", &digits, &text[..text.len() - 1], &text.replace("a5a5", "a5g5")] {
        let read = WrappingKey::parse(damaged).map(|key| key.id());
        assert_eq!(read, Err(WrappingKeyError::Malformed), "{damaged}");
    }
}

#[test]
fn a_data_key_is_unwrapped_by_its_key_in_its_place_alone() {
    let key = wrapping_key(1);
    let wrapped = key.wrap(NONCE, b"tenant", &data_key(2, 7));
    let sealed = data_key(2, 7).sealing_key(b"thing").seal(NONCE, b"", b"text");
    let unwrapped = key.unwrap(b"tenant", 2, &wrapped).unwrap();
    assert_eq!(unwrapped.sealing_key(b"thing").open(b"", &sealed).unwrap(), b"text");
    let refusal = |key: WrappingKey, place: &[u8], version, wrapped: &[u8]| {
        key.unwrap(place, version, wrapped).expect_err("refused")
    };
    assert_eq!(refusal(wrapping_key(2), b"tenant", 2, &wrapped), Unopened::Altered);
    assert_eq!(refusal(wrapping_key(1), b"other", 2, &wrapped), Unopened::Altered);
    assert_eq!(refusal(wrapping_key(1), b"tenant", 3, &wrapped), Unopened::Altered);
    assert_eq!(refusal(wrapping_key(1), b"tenant", 2, &wrapped[1..]), Unopened::Malformed);
}

#[test]
fn nothing_is_shown_of_a_key() {
    let shown = format!(
        "{:?} {:?} {:?} {:?}",
        data_key(1, 0xab),
        data_key(1, 0xab).sealing_key(b"x"),
        index_key(0xab, b"x"),
        wrapping_key(0xab),
    );
    assert!(!shown.contains("171") && !shown.contains("abab"), "{shown}");
}

#[test]
fn tokens_tell_words_owners_and_keys_apart() {
    let mine = index_key(7, b"mine");
    let token = mine.token("rain");
    assert_eq!(token, index_key(7, b"mine").token("rain"));
    for other in [mine.token("rains"), index_key(7, b"other").token("rain"), {
        index_key(8, b"mine").token("rain")
    }] {
        assert_ne!(token, other);
    }
    let text = token.as_str();
    assert_eq!(text.len(), TOKEN_LENGTH);
    assert!(text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()), "{text}");
    let words: std::collections::HashSet<_> =
        (0..20_000).map(|number| mine.token(&number.to_string())).collect();
    assert_eq!(words.len(), 20_000, "no two of them have one token");
}

proptest! {
    #[test]
    fn every_text_comes_back(
        text in prop::collection::vec(any::<u8>(), 0..2000),
        place in prop::collection::vec(any::<u8>(), 0..80),
        nonce: [u8; NONCE_LENGTH],
        version: u32,
    ) {
        let key = data_key(version, 7).sealing_key(b"thing");
        let sealed = key.seal(nonce, &place, &text);
        prop_assert_eq!(sealed.len(), text.len() + SEALED_EXTRA);
        prop_assert_eq!(version_of(&sealed), Ok(version));
        prop_assert_eq!(key.open(&place, &sealed), Ok(text));
    }
}
