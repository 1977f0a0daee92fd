//! What holds for every input: altered proofs are refused, and no reader panics.

use proptest::{collection, prelude::*};
use transparency_log::{
    BundleId, Checkpoint, Hash, InclusionEvidence, SignedNote, Signer, TileId, Verifier,
    consistency_proof, decode_bundle, decode_tile, encode_bundle, encode_tile, inclusion_proof,
    leaf_hash, root, split_notes, verify_consistency, verify_inclusion,
};

use crate::forest::{Stored, entry, signer};

fn flip(hash: Hash, bit: usize) -> Hash {
    let mut bytes = *hash.as_bytes();
    bytes[bit / 8] ^= 1 << (bit % 8);
    Hash::from_bytes(bytes)
}

/// Gives a text to everything that reads texts; what is accepted must be written the same way.
fn read(text: &str) {
    if let Ok(note) = SignedNote::parse(text) {
        assert_eq!(note.to_string(), text);
        drop(Checkpoint::open(&note, &signer().verifier()));
    }
    if let Ok(evidence) = InclusionEvidence::parse(text) {
        assert_eq!(evidence.to_string(), text);
        drop(evidence.verify(b"", &signer().verifier()));
    }
    if let Ok(tile) = TileId::parse(text) {
        assert_eq!(tile.path(), text);
    }
    if let Ok(bundle) = BundleId::parse(text) {
        assert_eq!(bundle.path(), text);
    }
    if let Ok(verifier) = text.parse::<Verifier>() {
        assert_eq!(verifier.to_string(), text);
    }
    if let Ok(signer) = Signer::parse(text) {
        assert_eq!(signer.expose(), text.trim_end_matches('\n'));
    }
    if let Ok(hash) = Hash::parse_base64(text) {
        assert_eq!(hash.to_base64(), text);
    }
    let mut note = SignedNote::sign("text\n", &signer()).unwrap();
    drop(note.add_signature_lines(text));
}

/// Gives bytes to everything that reads bytes.
fn read_bytes(bytes: &[u8]) {
    if let Ok(hashes) = decode_tile(bytes) {
        assert_eq!(encode_tile(&hashes), bytes);
    }
    if let Ok(entries) = decode_bundle(bytes) {
        assert_eq!(encode_bundle(&entries).unwrap(), bytes);
    }
    for note in split_notes(bytes).notes {
        assert!(SignedNote::parse(&note.to_string()).is_ok());
    }
    if let Ok(text) = str::from_utf8(bytes) {
        read(text);
    }
}

/// Valid texts, to be damaged.
fn examples() -> Vec<String> {
    let tiles = Stored::with(11).all(11);
    let head = root(11, &tiles).unwrap();
    let checkpoint = Checkpoint { origin: "example.org/log".to_owned(), size: 11, root: head };
    let note = checkpoint.sign(&signer()).unwrap();
    let evidence = InclusionEvidence {
        index: 3,
        proof: inclusion_proof(3, 11, &tiles).unwrap(),
        extra: Some(entry(3)),
        checkpoint: note.clone(),
    };
    vec![
        format!("{note}\n{note}\n"),
        evidence.to_string(),
        note.to_string(),
        signer().expose(),
        signer().verifier().to_string(),
        "tile/0/x001/067.p/8".to_owned(),
        "tile/entries/x001/x234/067".to_owned(),
    ]
}

proptest! {
    #[test]
    fn an_altered_inclusion_is_refused(
        (size, index) in (1..3000_u64).prop_flat_map(|size| (Just(size), 0..size)),
        bit in 0..256_usize,
        which in any::<prop::sample::Index>(),
        index_bit in 0..64,
    ) {
        let tiles = Stored::with(size).all(size);
        let (head, leaf) = (root(size, &tiles).unwrap(), leaf_hash(&entry(index)));
        let proof = inclusion_proof(index, size, &tiles).unwrap();
        prop_assert!(verify_inclusion(&leaf, index, size, &proof, &head).is_ok());
        prop_assert!(verify_inclusion(&flip(leaf, bit), index, size, &proof, &head).is_err());
        prop_assert!(verify_inclusion(&leaf, index, size, &proof, &flip(head, bit)).is_err());
        let other = index ^ (1_u64 << index_bit);
        prop_assert!(verify_inclusion(&leaf, other, size, &proof, &head).is_err());
        // A proof for this size may have the form of one for another, but does not reach its root.
        if index < size - 1 {
            let smaller = root(size - 1, &tiles).unwrap();
            prop_assert!(verify_inclusion(&leaf, index, size - 1, &proof, &smaller).is_err());
        }
        for place in 0..proof.len() {
            let mut altered = proof.clone();
            altered[place] = flip(altered[place], bit);
            prop_assert!(verify_inclusion(&leaf, index, size, &altered, &head).is_err());
        }
        if !proof.is_empty() {
            let mut altered = proof.clone();
            altered.remove(which.index(proof.len()));
            prop_assert!(verify_inclusion(&leaf, index, size, &altered, &head).is_err());
        }
        let mut longer = proof.clone();
        longer.insert(which.index(proof.len() + 1), flip(head, bit));
        prop_assert!(verify_inclusion(&leaf, index, size, &longer, &head).is_err());
    }

    #[test]
    fn an_altered_consistency_is_refused(
        (new, old) in (1..3000_u64).prop_flat_map(|new| (Just(new), 1..=new)),
        bit in 0..256_usize,
        which in any::<prop::sample::Index>(),
    ) {
        let tiles = Stored::with(new).all(new);
        let (old_root, new_root) = (root(old, &tiles).unwrap(), root(new, &tiles).unwrap());
        let proof = consistency_proof(old, new, &tiles).unwrap();
        let check = |old_root: Hash, new_root: Hash, proof: &[Hash]| {
            verify_consistency(old, &old_root, new, &new_root, proof).is_ok()
        };
        prop_assert!(check(old_root, new_root, &proof));
        prop_assert!(!check(flip(old_root, bit), new_root, &proof));
        prop_assert!(!check(old_root, flip(new_root, bit), &proof));
        prop_assert!(verify_consistency(new + 1, &old_root, new, &new_root, &proof).is_err());
        for place in 0..proof.len() {
            let mut altered = proof.clone();
            altered[place] = flip(altered[place], bit);
            prop_assert!(!check(old_root, new_root, &altered));
        }
        if !proof.is_empty() {
            let mut altered = proof.clone();
            altered.remove(which.index(proof.len()));
            prop_assert!(!check(old_root, new_root, &altered));
        }
        let mut longer = proof.clone();
        longer.insert(which.index(proof.len() + 1), flip(new_root, bit));
        prop_assert!(!check(old_root, new_root, &longer));
    }

    #[test]
    fn any_text_can_be_read(text in "(\\PC|\n|— |[+/= .0-9]){0,200}") {
        read(&text);
        read_bytes(text.as_bytes());
    }

    #[test]
    fn any_bytes_can_be_read(bytes in collection::vec(any::<u8>(), 0..2000)) {
        read_bytes(&bytes);
    }

    #[test]
    fn any_path_can_be_read(path in "tile/(entries|[0-9]{1,3})(/x?[0-9]{0,4}){0,9}(\\.p/[0-9]{0,4})?") {
        read(&path);
    }

    #[test]
    fn damaged_texts_can_be_read(
        which in 0..7_usize,
        place in any::<prop::sample::Index>(),
        bytes in collection::vec(any::<u8>(), 0..8),
        removed in 0..8_usize,
    ) {
        let mut damaged = examples().swap_remove(which).into_bytes();
        let place = place.index(damaged.len());
        let end = damaged.len().min(place + removed);
        damaged.splice(place..end, bytes);
        read_bytes(&damaged);
    }

    #[test]
    fn bundles_survive(entries in collection::vec(collection::vec(any::<u8>(), 0..40), 1..=256)) {
        prop_assert_eq!(decode_bundle(&encode_bundle(&entries).unwrap()), Ok(entries));
    }

    #[test]
    fn signed_texts_survive(text in "(\\PC|\n){0,200}\n") {
        let note = SignedNote::sign(&text, &signer()).unwrap();
        let again = SignedNote::parse(&note.to_string());
        prop_assert_eq!(again.as_ref(), Ok(&note));
        prop_assert!(note.verify(&signer().verifier()).is_ok());
    }
}

#[test]
fn the_examples_are_valid() {
    for example in examples() {
        read_bytes(example.as_bytes());
    }
    assert_eq!(split_notes(&examples()[0]).notes.len(), 2);
}
