//! Signed notes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use signed_note::{Note, StandardSigner, StandardVerifier, VerifierList};
use transparency_log::{
    Cosigner, NoteError, SIGNATURES_MAX, SignedNote, Signer, Verifier, empty_root,
};

use crate::forest::signer;

/// The example of C2SP signed-note.
const VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const NOTE: &str = "This is an example message.\n\n\
    — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

/// The example of C2SP tlog-cosignature.
const COSIGNED: &str = "example.com/behind-the-sofa\n20852163\n\
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
    — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\
    — witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";

/// A signature line with any bytes.
fn line(name: &str, key_id: u32, bytes: &[u8]) -> String {
    let bytes = [key_id.to_be_bytes().as_slice(), bytes].concat();
    format!("— {name} {}\n", STANDARD.encode(bytes))
}

fn not_signed(verifier: &Verifier) -> NoteError {
    NoteError::NotSigned { name: verifier.name().to_owned(), key_id: verifier.key_id() }
}

fn bad_signature(verifier: &Verifier) -> NoteError {
    NoteError::BadSignature { name: verifier.name().to_owned(), key_id: verifier.key_id() }
}

#[test]
fn the_published_note() {
    let verifier: Verifier = VKEY.parse().unwrap();
    let note = SignedNote::parse(NOTE).unwrap();
    assert_eq!(note.text(), "This is an example message.\n");
    assert_eq!(note.signatures()[0].name(), "example.com/foo");
    assert_eq!(note.signatures()[0].key_id(), 0x530d_903a);
    assert_eq!(note.signatures()[0].bytes().len(), 64);
    note.verify(&verifier).unwrap();
    assert_eq!(note.to_string(), NOTE);
    let other = SignedNote::parse(&NOTE.replacen("This", "this", 1)).unwrap();
    assert_eq!(other.verify(&verifier), Err(bad_signature(&verifier)));
}

#[test]
fn the_published_cosignature_is_read() {
    let note = SignedNote::parse(COSIGNED).unwrap();
    assert_eq!(note.signatures()[1].name(), "witness.example.com/w1");
    assert_eq!(note.signatures()[1].bytes().len(), 72);
    assert_eq!(note.to_string(), COSIGNED);
}

#[test]
fn signed_note_verifies_ours_and_we_verify_theirs() {
    let (signer, text) = (signer(), "line\n\nlast line — with a dash\n");
    let vkey = signer.verifier().to_string();
    let known = VerifierList::new(vec![Box::new(StandardVerifier::new(&vkey).unwrap())]);
    let ours = SignedNote::sign(text, &signer).unwrap();
    let theirs = Note::from_bytes(ours.to_string().as_bytes()).unwrap();
    theirs.verify(&known).unwrap();

    let mut theirs = Note::new(text.as_bytes(), &[]).unwrap();
    theirs.add_sigs(&[&StandardSigner::new(&signer.expose()).unwrap()]).unwrap();
    let bytes = String::from_utf8(theirs.to_bytes()).unwrap();
    assert_eq!(bytes, ours.to_string(), "Ed25519 signatures are deterministic");
    SignedNote::parse(&bytes).unwrap().verify(&signer.verifier()).unwrap();
}

#[test]
fn malformed_notes_are_refused() {
    let signature = line("example.org/log", 1, &[0; 64]);
    let bare = signature.trim_end();
    let check = |note: &str, expected: NoteError| {
        assert_eq!(SignedNote::parse(note), Err(expected), "{note:?}");
        assert!(
            Note::from_bytes(note.as_bytes()).is_err(),
            "signed_note accepts what is refused here: {note:?}"
        );
    };
    check("", NoteError::Unfinished);
    check("\n", NoteError::Unsigned);
    check("text", NoteError::Unfinished);
    check("text\n", NoteError::Unsigned);
    check("text\n\n", NoteError::Unsigned);
    check(&signature, NoteError::Unsigned);
    check(&format!("text\n{signature}"), NoteError::Unsigned);
    check(&format!("text\n\n{bare}"), NoteError::Unfinished);
    check(&format!("text\n\n{signature}\n"), NoteError::Unsigned);
    check(&format!("text\n\n{signature}x\n"), NoteError::SignatureLine { line: 2 });
    check(&format!("text\r\n\r\n{signature}"), NoteError::Control { byte: b'\r' });
    check(&format!("te\0xt\n\n{signature}"), NoteError::Control { byte: 0 });
    check(&format!("te\txt\n\n{signature}"), NoteError::Control { byte: b'\t' });
    check(&format!("te\u{1b}xt\n\n{signature}"), NoteError::Control { byte: 0x1b });
    for wrong in [
        bare.replacen('—', "-", 1),
        bare.replacen("— ", "—", 1),
        bare.replacen("— ", "—  ", 1),
        format!(" {bare}"),
        format!("{bare} "),
        format!("{bare} x"),
        bare.replacen("example.org/log", "example.org+log", 1),
        bare.replacen("example.org/log", "example.org\u{a0}log", 1),
        bare.replacen("example.org/log", "", 1),
        bare.replace('=', ""),
        bare.replace('A', "*"),
        "— name".to_owned(),
        "— name ".to_owned(),
        "— name AAAAAQ==".to_owned(),
        "— name AAA=".to_owned(),
    ] {
        check(&format!("text\n\n{wrong}\n"), NoteError::SignatureLine { line: 1 });
    }
}

/// Two spellings of the same bytes would be two notes that say the same.
#[test]
fn base64_has_one_spelling() {
    let canonical = line("name", 0, &[0; 64]);
    assert!(canonical.ends_with("AA==\n") || canonical.ends_with("AAA=\n"), "{canonical}");
    assert!(SignedNote::parse(&format!("text\n\n{canonical}")).is_ok());
    let padded = canonical.replacen("A=\n", "B=\n", 1);
    assert_ne!(padded, canonical);
    let refused = Err(NoteError::SignatureLine { line: 1 });
    assert_eq!(SignedNote::parse(&format!("text\n\n{padded}")), refused);
}

#[test]
fn texts_that_cannot_be_signed() {
    let signer = signer();
    assert_eq!(SignedNote::sign("no line break", &signer), Err(NoteError::Unfinished));
    assert_eq!(SignedNote::sign("", &signer), Err(NoteError::Unfinished));
    let control = SignedNote::sign("a\u{7}\n", &signer);
    assert_eq!(control, Err(NoteError::Control { byte: 7 }));
    for text in ["\n", "\n\n", "a\n\n\n", "— a b\n", "a\n\n— b AAAAAAA=\n"] {
        let note = SignedNote::sign(text, &signer).unwrap();
        let again = SignedNote::parse(&note.to_string()).unwrap();
        assert_eq!((again.text(), &again), (text, &note));
        again.verify(&signer.verifier()).unwrap();
    }
}

#[test]
fn signatures_of_others_neither_help_nor_hurt() {
    let (signer, verifier) = (signer(), signer().verifier());
    let signed = SignedNote::sign("text\n", &signer).unwrap();
    let same_name = Signer::from_seed("example.org/log", [8; 32]).unwrap();
    let other_name = Signer::from_seed("example.org/other", [7; 32]).unwrap();

    for other in [&same_name, &other_name] {
        let note = SignedNote::sign("text\n", other).unwrap();
        assert_eq!(note.verify(&verifier), Err(not_signed(&verifier)));
    }
    // The key id of the log under another name, and the name of the log under another id.
    let id = verifier.key_id();
    for forged in [line("example.org/other", id, &[0; 64]), line(verifier.name(), !id, &[0; 64])] {
        let note = SignedNote::parse(&format!("text\n\n{forged}")).unwrap();
        assert_eq!(note.verify(&verifier), Err(not_signed(&verifier)));
        let mut both = signed.clone();
        both.add_signature_lines(&forged).unwrap();
        both.verify(&verifier).unwrap();
    }
    // A kind of signature that is unknown here.
    let mut note = signed.clone();
    note.add_signature_lines(&line("example.org/quantum", 5, &[1; 2428])).unwrap();
    note.verify(&verifier).unwrap();
}

#[test]
fn a_wrong_signature_in_the_name_of_the_key_spoils_the_note() {
    let (signer, verifier) = (signer(), signer().verifier());
    for bytes in [vec![0; 64], vec![0; 63], vec![0; 65], vec![0; 1], vec![0; 72]] {
        let forged = line(verifier.name(), verifier.key_id(), &bytes);
        let alone = SignedNote::parse(&format!("text\n\n{forged}")).unwrap();
        assert_eq!(alone.verify(&verifier), Err(bad_signature(&verifier)));
        let mut beside = SignedNote::sign("text\n", &signer).unwrap();
        beside.add_signature_lines(&forged).unwrap();
        assert_eq!(beside.verify(&verifier), Err(bad_signature(&verifier)));
    }
}

#[test]
fn signatures_are_limited() {
    let one = line("name", 1, &[0; 64]);
    let note = |count: usize| SignedNote::parse(&format!("text\n\n{}", one.repeat(count)));
    assert_eq!(note(SIGNATURES_MAX).unwrap().signatures().len(), SIGNATURES_MAX);
    assert_eq!(note(SIGNATURES_MAX + 1), Err(NoteError::TooManySignatures));
    assert_eq!(note(10_000), Err(NoteError::TooManySignatures));

    let mut note = SignedNote::sign("text\n", &signer()).unwrap();
    let lines: String = (0..10_000).map(|id| line("name", id, &[0; 64])).collect();
    let before = note.clone();
    assert_eq!(note.add_signature_lines(&lines), Err(NoteError::TooManySignatures));
    assert_eq!(note, before);
    for id in 1..100 {
        note.add_signature_lines(&line("name", id, &[0; 64])).unwrap();
    }
    let more = note.add_signature_lines(&line("name", 100, &[0; 64]));
    assert_eq!(more, Err(NoteError::TooManySignatures));
    // What is there already is not counted twice.
    note.add_signature_lines(&line("name", 99, &[0; 64])).unwrap();
    assert_eq!(note.signatures().len(), SIGNATURES_MAX);
}

#[test]
fn added_lines_are_checked() {
    let mut note = SignedNote::sign("text\n", &signer()).unwrap();
    let before = note.clone();
    let one = line("name", 1, &[0; 64]);
    let unfinished = note.add_signature_lines(one.trim_end());
    assert_eq!(unfinished, Err(NoteError::Unfinished));
    let second = note.add_signature_lines(&format!("{one}nonsense\n"));
    assert_eq!(second, Err(NoteError::SignatureLine { line: 2 }));
    let empty = note.add_signature_lines(&format!("{one}\n"));
    assert_eq!(empty, Err(NoteError::SignatureLine { line: 2 }));
    let control = note.add_signature_lines(&one.replace('\n', "\r\n"));
    assert_eq!(control, Err(NoteError::Control { byte: b'\r' }));
    assert_eq!(note, before);
}

#[test]
fn witnesses_confirm_with_a_time() {
    let (log, witness) = (signer(), Cosigner::from_seed("example.org/witness", [9; 32]).unwrap());
    let (verifier, text) =
        (witness.verifier(), format!("example.org/log\n0\n{:?}\n", empty_root()));
    let mut note = SignedNote::sign(&text, &log).unwrap();
    assert_eq!(note.cosignature_time(&verifier), Err(not_signed(&verifier)));
    note.cosign(&witness, 1_679_315_147).unwrap();
    let read = SignedNote::parse(&note.to_string()).unwrap();
    assert_eq!(read, note);
    assert_eq!(read.cosignature_time(&verifier), Ok(1_679_315_147));
    read.verify(&verifier).unwrap();
    read.verify(&log.verifier()).unwrap();
    let no_time = NoteError::NoTime { name: "example.org/log".to_owned() };
    assert_eq!(read.cosignature_time(&log.verifier()), Err(no_time));

    note.cosign(&witness, 1_679_315_140).unwrap();
    assert_eq!(note.cosignature_time(&verifier), Ok(1_679_315_147), "the latest counts");
    let too_late = note.cosign(&witness, 1 << 63);
    assert_eq!(too_late, Err(NoteError::Time { time_s: 1 << 63 }));
}

#[test]
fn a_cosignature_covers_time_and_text() {
    let witness = Cosigner::from_seed("example.org/witness", [9; 32]).unwrap();
    let verifier = witness.verifier();
    let mut note = SignedNote::sign("text\n", &signer()).unwrap();
    note.cosign(&witness, 1_679_315_147).unwrap();
    let bytes = note.signatures()[1].bytes().to_vec();
    let check = |text: &str, bytes: &[u8]| {
        let line = line(verifier.name(), verifier.key_id(), bytes);
        SignedNote::parse(&format!("{text}\n{line}")).unwrap().cosignature_time(&verifier)
    };
    assert_eq!(check("text\n", &bytes), Ok(1_679_315_147));
    assert_eq!(check("next\n", &bytes), Err(bad_signature(&verifier)));
    for bit in 0..8 * bytes.len() {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(check("text\n", &flipped), Err(bad_signature(&verifier)), "bit {bit}");
    }
    for length in [1, 7, 8, 64, 71] {
        assert_eq!(check("text\n", &bytes[..length]), Err(bad_signature(&verifier)));
    }
    assert_eq!(check("text\n", &[bytes.as_slice(), &[0]].concat()), Err(bad_signature(&verifier)));
}
