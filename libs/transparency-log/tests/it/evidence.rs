//! Proof files.

use transparency_log::{
    Checkpoint, CheckpointError, EvidenceError, Hash, InclusionEvidence, ProofError, Signer,
    inclusion_proof, root,
};

use crate::forest::{Stored, entry, signer};

const INDEX: u64 = 5;

fn evidence() -> InclusionEvidence {
    let tiles = Stored::with(11).all(11);
    let checkpoint = Checkpoint {
        origin: "example.org/log".to_owned(),
        size: 11,
        root: root(11, &tiles).unwrap(),
    };
    InclusionEvidence {
        index: INDEX,
        proof: inclusion_proof(INDEX, 11, &tiles).unwrap(),
        extra: Some(entry(INDEX)),
        checkpoint: checkpoint.sign(&signer()).unwrap(),
    }
}

fn parse_error(text: &str) -> EvidenceError {
    InclusionEvidence::parse(text).unwrap_err()
}

#[test]
fn a_proof_file_survives() {
    for extra in [None, Some(Vec::new()), Some(entry(INDEX)), Some(vec![0xFF; 70_000])] {
        let evidence = InclusionEvidence { extra, ..evidence() };
        let text = evidence.to_string();
        assert!(text.starts_with("c2sp.org/tlog-proof@v1\n"));
        let read: InclusionEvidence = text.parse().unwrap();
        assert_eq!(read, evidence);
        let checkpoint = read.verify(&entry(INDEX), &signer().verifier()).unwrap();
        assert_eq!(checkpoint.size, 11);
    }
}

/// Nothing in the file can be changed: not the index, not the proof, not size or root, not a name.
#[test]
fn every_flipped_bit_of_the_file_is_refused() {
    let evidence = InclusionEvidence { extra: None, ..evidence() };
    let (text, verifier) = (evidence.to_string(), signer().verifier());
    for bit in 0..8 * text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let Ok(flipped) = String::from_utf8(bytes) else { continue };
        let read = InclusionEvidence::parse(&flipped);
        let accepted = read.is_ok_and(|read| read.verify(&entry(INDEX), &verifier).is_ok());
        assert!(!accepted, "bit {bit} of\n{flipped}");
    }
}

#[test]
fn every_flipped_bit_of_the_entry_is_refused() {
    let evidence = evidence();
    for bit in 0..8 * entry(INDEX).len() {
        let mut flipped = entry(INDEX);
        flipped[bit / 8] ^= 1 << (bit % 8);
        let error = evidence.verify(&flipped, &signer().verifier()).unwrap_err();
        assert!(matches!(error, EvidenceError::NotIncluded { index: INDEX, .. }));
    }
}

#[test]
fn malformed_files_are_refused() {
    let text = evidence().to_string();
    let replaced = |from: &str, to: &str| {
        assert!(text.contains(from));
        parse_error(&text.replacen(from, to, 1))
    };
    assert_eq!(parse_error(""), EvidenceError::Header);
    assert_eq!(replaced("@v1", "@v2"), EvidenceError::Header);
    assert_eq!(replaced("@v1\n", "@v1\r\n"), EvidenceError::Header);
    assert_eq!(replaced("extra ", "extra  "), EvidenceError::Extra);
    assert_eq!(replaced("extra ", "extra"), EvidenceError::Index);
    for index in ["05", "-5", "+5", "", " 5", "5 ", "18446744073709551616"] {
        assert_eq!(replaced("index 5", &format!("index {index}")), EvidenceError::Index);
    }
    let first = evidence().proof[0].to_base64();
    assert_eq!(replaced(&first, &first[1..]), EvidenceError::ProofLine { line: 1 });
    let second = evidence().proof[1].to_base64();
    assert_eq!(replaced(&second, " "), EvidenceError::ProofLine { line: 2 });
    assert_eq!(replaced("\n\nexample", "\nexample"), EvidenceError::ProofLine { line: 5 });
    assert!(matches!(parse_error(text.trim_end()), EvidenceError::Note(_)));
    let headless = &text[..text.find("example").unwrap()];
    assert!(matches!(parse_error(headless), EvidenceError::Note(_)));
    assert_eq!(parse_error(headless.trim_end()), EvidenceError::ProofEnd);
    // Longer than any tree needs.
    let long = format!("{first}\n").repeat(60);
    assert_eq!(replaced("index 5\n", &format!("index 5\n{long}")), EvidenceError::ProofEnd);
    let endless = format!("{first}\n").repeat(100_000);
    assert_eq!(replaced("index 5\n", &format!("index 5\n{endless}")), EvidenceError::ProofEnd);
}

#[test]
fn evidence_that_proves_nothing_says_why() {
    let verify = |evidence: InclusionEvidence| {
        evidence.verify(&entry(INDEX), &signer().verifier()).unwrap_err()
    };
    let not_included =
        |index: u64, source: ProofError| EvidenceError::NotIncluded { index, source };
    let mut short = evidence();
    short.proof.pop();
    let expected = ProofError::Length { expected: 4, found: 3 };
    assert_eq!(verify(short), not_included(INDEX, expected));
    let mut long = evidence();
    long.proof.push(Hash::from_bytes([0; 32]));
    let expected = ProofError::Length { expected: 4, found: 5 };
    assert_eq!(verify(long), not_included(INDEX, expected));
    for index in [11, u64::MAX] {
        let behind = InclusionEvidence { index, ..evidence() };
        assert_eq!(verify(behind), not_included(index, ProofError::NoSuchLeaf { index, size: 11 }));
    }
    let impostor = Signer::from_seed("example.org/log", [8; 32]).unwrap();
    let error = evidence().verify(&entry(INDEX), &impostor.verifier()).unwrap_err();
    assert!(matches!(error, EvidenceError::Checkpoint(CheckpointError::Signature(_))));
}
