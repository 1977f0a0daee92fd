//! Files of many notes, also such whose writing was interrupted.

use transparency_log::{
    Checkpoint, MalformedNote, NoteError, SignedNote, TORN_END, leaf_hash, split_notes,
};

use crate::forest::signer;

fn notes(count: u64) -> Vec<SignedNote> {
    let note = |size: u64| {
        let root = leaf_hash(&size.to_be_bytes());
        Checkpoint { origin: "example.org/log".to_owned(), size, root }.sign(&signer()).unwrap()
    };
    (1..=count).map(note).collect()
}

fn file(notes: &[SignedNote]) -> String {
    let notes: Vec<String> = notes.iter().map(|note| note.to_string() + "\n").collect();
    notes.concat()
}

#[test]
fn notes_follow_one_another() {
    assert_eq!(split_notes(""), split_notes("\n\n\n"));
    assert_eq!(split_notes("").notes, []);
    let mut all = notes(5);
    let cosigner = transparency_log::Cosigner::from_seed("example.org/witness", [9; 32]).unwrap();
    all[2].cosign(&cosigner, 1_000).unwrap();
    let found = split_notes(&file(&all));
    assert_eq!((found.notes, found.torn, found.malformed), (all.clone(), None, Vec::new()));
    // A single checkpoint has no empty line behind it; several may have none or many between them.
    assert_eq!(split_notes(&all[0].to_string()).notes, all[..1]);
    let tight: String = all.iter().map(SignedNote::to_string).collect();
    assert_eq!(split_notes(&tight).notes, all);
    assert_eq!(split_notes(&file(&all).replace("\n\nexample", "\n\n\n\nexample")).notes, all);
}

/// Cut at every byte: all notes before are found, and the cut is told unless it fell between notes.
#[test]
fn a_torn_end_costs_one_note() {
    let all = notes(3);
    let text = file(&all);
    let mut start = 0;
    for (index, note) in all.iter().enumerate() {
        let length = note.to_string().len();
        for cut in 0..=length {
            let found = split_notes(&text.as_bytes()[..start + cut]);
            let whole = cut == length;
            assert_eq!(found.notes, all[..index + usize::from(whole)], "cut at {cut}");
            assert_eq!(found.torn, (cut > 0 && !whole).then_some(start), "cut at {cut}");
            assert_eq!(found.malformed, []);
        }
        start += length + 1;
    }
}

/// The file cannot be shortened: the writer ends the torn piece and goes on behind it.
#[test]
fn notes_behind_a_torn_piece_are_found() {
    let all = notes(3);
    let first = file(&all[..1]);
    let torn = all[1].to_string();
    for cut in 1..torn.len() {
        let mut text = first.clone().into_bytes();
        text.extend(&torn.as_bytes()[..cut]);
        text.extend(TORN_END.bytes());
        text.extend(file(&all[2..]).bytes());
        let found = split_notes(&text);
        assert_eq!(found.notes, [all[0].clone(), all[2].clone()], "cut at {cut}");
        assert_eq!(found.torn, None);
        assert_eq!(found.malformed.first().unwrap().offset, first.len(), "cut at {cut}");
    }
}

#[test]
fn pieces_that_are_no_notes_are_told() {
    let all = notes(2);
    let [first, second] = [file(&all[..1]), file(&all[1..])];
    let check = |between: &[u8], expected: &[(usize, NoteError)]| {
        let text = [first.as_bytes(), between, second.as_bytes()].concat();
        let found = split_notes(&text);
        assert_eq!((found.notes, found.torn), (all.clone(), None));
        let expected: Vec<_> = expected
            .iter()
            .map(|(offset, error)| MalformedNote {
                offset: first.len() + offset,
                error: error.clone(),
            })
            .collect();
        assert_eq!(found.malformed, expected);
    };
    check(b"nonsense\n\n", &[(0, NoteError::Unsigned)]);
    check(b"one\n\ntwo\n\n", &[(0, NoteError::Unsigned), (5, NoteError::Unsigned)]);
    check(b"one\n\n\xE2\x80 two\n\n", &[(0, NoteError::Unsigned), (5, NoteError::Encoding)]);
    check(b"one\n\n\n\n", &[(0, NoteError::Unsigned)]);
    check("— a AAAAAAA=\n\n".as_bytes(), &[(0, NoteError::Unsigned)]);
    check("one\n\n— a b\n\n".as_bytes(), &[(0, NoteError::SignatureLine { line: 1 })]);
    check("o\rne\n\n— a b\n\n".as_bytes(), &[(0, NoteError::Control { byte: b'\r' })]);
}
