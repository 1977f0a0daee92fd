//! Checkpoints.

use transparency_log::{
    Checkpoint, CheckpointError, Hash, SignedNote, Signer, TREE_SIZE_MAX, empty_root, leaf_hash,
};

use crate::forest::signer;

fn checkpoint(size: u64) -> Checkpoint {
    Checkpoint { origin: "example.org/log".to_owned(), size, root: leaf_hash(b"root") }
}

/// Opens a text that the log itself has signed.
fn open(text: &str) -> Result<Checkpoint, CheckpointError> {
    Checkpoint::open(&SignedNote::sign(text, &signer()).unwrap(), &signer().verifier())
}

fn root() -> String {
    leaf_hash(b"root").to_base64()
}

#[test]
fn what_was_signed_is_opened() {
    for size in [1, 20_852_163, TREE_SIZE_MAX] {
        let note = checkpoint(size).sign(&signer()).unwrap();
        assert_eq!(note.text(), format!("example.org/log\n{size}\n{}\n", root()));
        let read = SignedNote::parse(&note.to_string()).unwrap();
        assert_eq!(Checkpoint::open(&read, &signer().verifier()), Ok(checkpoint(size)));
        let theirs = tlog_tiles::Checkpoint::from_bytes(note.text().as_bytes()).unwrap();
        assert_eq!((theirs.origin(), theirs.size()), ("example.org/log", size));
        assert_eq!(theirs.hash().0, *leaf_hash(b"root").as_bytes());
    }
    let empty = Checkpoint { root: empty_root(), ..checkpoint(0) };
    let note = empty.sign(&signer()).unwrap();
    assert_eq!(note.text(), "example.org/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
    assert_eq!(Checkpoint::open(&note, &signer().verifier()), Ok(empty));
}

#[test]
fn other_texts_are_refused_though_signed() {
    let root = root();
    let lines = [
        "\n".to_owned(),
        "example.org/log\n".to_owned(),
        "example.org/log\n5\n".to_owned(),
        format!("\n5\n{root}\n"),
        format!("example.org/log\n5\n{root}\nextension\n"),
        format!("example.org/log\n5\n{root}\n\n"),
        format!("example.org/log\n\n5\n{root}\n\n"),
    ];
    for text in lines {
        assert_eq!(open(&text), Err(CheckpointError::Lines), "{text:?}");
    }
    let sizes = [
        "",
        "-1",
        "+5",
        "05",
        "00",
        " 5",
        "5 ",
        "5.0",
        "0x5",
        "five",
        "٥",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999999999999999999999999999",
    ];
    for size in sizes {
        let error = CheckpointError::Size { size: size.to_owned() };
        assert_eq!(open(&format!("example.org/log\n{size}\n{root}\n")), Err(error));
    }
    let short = &root[..40];
    let roots = ["", "x", short, root.trim_end_matches('='), "5", &format!("{root} ")];
    for wrong in roots {
        let error = CheckpointError::Root { root: wrong.to_owned() };
        assert_eq!(open(&format!("example.org/log\n5\n{wrong}\n")), Err(error));
    }
    assert_eq!(open(&format!("example.org/log\n0\n{root}\n")), Err(CheckpointError::EmptyRoot));
}

#[test]
fn a_checkpoint_of_another_log_is_refused() {
    let other = CheckpointError::Origin {
        origin: "example.org/other".to_owned(),
        key: "example.org/log".to_owned(),
    };
    assert_eq!(open(&format!("example.org/other\n5\n{}\n", root())), Err(other.clone()));
    let checkpoint = Checkpoint { origin: "example.org/other".to_owned(), ..checkpoint(5) };
    assert_eq!(checkpoint.sign(&signer()), Err(other));
}

#[test]
fn a_wrong_key_of_the_same_name_is_refused() {
    let impostor = Signer::from_seed("example.org/log", [8; 32]).unwrap();
    let note = checkpoint(5).sign(&impostor).unwrap();
    let error = Checkpoint::open(&note, &signer().verifier()).unwrap_err();
    assert!(matches!(error, CheckpointError::Signature(_)));
    assert_eq!(Checkpoint::open(&note, &impostor.verifier()), Ok(checkpoint(5)));
}

#[test]
fn what_could_not_be_opened_is_not_signed() {
    let too_large = checkpoint(TREE_SIZE_MAX + 1).sign(&signer());
    assert!(matches!(too_large, Err(CheckpointError::Size { .. })));
    assert_eq!(checkpoint(0).sign(&signer()), Err(CheckpointError::EmptyRoot));
}

#[test]
fn hashes_have_one_text() {
    let hash = leaf_hash(b"text");
    assert_eq!(Hash::parse_base64(&hash.to_base64()), Ok(hash));
    assert_eq!(Hash::from_bytes(*hash.as_bytes()), hash);
    let text = hash.to_base64();
    let refused = ["", "=", &text[..43], &format!("{text}="), &format!(" {text}"), &text.repeat(2)];
    for text in refused {
        assert!(Hash::parse_base64(text).is_err(), "{text}");
    }
    assert!(Hash::parse_base64("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=").is_err());
    assert!(Hash::parse_base64("47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=").is_err());
}
