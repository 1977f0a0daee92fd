//! Files of checkpoints.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use tempfile::tempdir;
use transparency_log::{SignedNote, TORN_END};

use crate::log::{Log, write};
use crate::program::{Run, assert_found, assert_verified, run};

fn verify(files: &[&Path], key: &str) -> Run {
    let start: [&OsStr; 4] =
        ["checkpoints".as_ref(), "--json".as_ref(), "--key".as_ref(), key.as_ref()];
    run(start.into_iter().chain(files.iter().map(|file| file.as_os_str())))
}

fn check(notes: &str, expected: &[&str]) -> Run {
    let folder = tempdir().unwrap();
    let file = write(folder.path(), "notes", notes.as_bytes());
    let run = verify(&[&file], &Log::of(0).key());
    match expected {
        [] => assert_verified(&run),
        expected => assert_found(&run, expected),
    }
    run
}

#[test]
fn signatures_are_verified() {
    let log = Log::of(600);
    let run = check(&log.notes(&[0, 1, 600, 300, 300]), &[]);
    let json = run.json();
    assert_eq!((&json["size"], &json["checkpoints_matched"]), (&600.into(), &4.into()));
    assert_eq!(json["root"], log.checkpoint(600).root.to_base64());
    check(&log.note(5).to_string(), &[]);
}

#[test]
fn notes_of_others_are_counted() {
    let other = Log::of(600).with_seed(8).notes(&[3, 4]);
    let run = check(&(other.clone() + &Log::of(9).notes(&[9]) + &other), &[]);
    assert_eq!(run.json()["checkpoints_ignored"], 4);
    check(&other, &["checkpoint.signature"]);
}

#[test]
fn bad_signatures_are_named() {
    let log = Log::of(600);
    let forged = log.note(300).to_string().replace("\n300\n", "\n301\n");
    let run = check(
        &format!("{}{forged}\n{}", log.notes(&[1]), log.notes(&[2])),
        &["checkpoint.signature"],
    );
    assert!(run.json()["findings"][0]["message"].as_str().unwrap().contains("size 301"));
}

#[test]
fn notes_that_are_no_checkpoints_are_named() {
    let log = Log::of(1);
    for text in ["one\n", "other.example/log\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"] {
        let note = SignedNote::sign(text, &log.signer()).unwrap();
        check(&format!("{}{note}\n", log.notes(&[1])), &["checkpoint.malformed"]);
    }
    check(&format!("{}junk\n\n{}", log.notes(&[1]), log.notes(&[1])), &["checkpoint.malformed"]);
}

#[test]
fn forks_are_named_with_both_roots() {
    let (log, mut other) = (Log::of(600), Log::of(600));
    other.entries[290].push(b' ');
    let folder = tempdir().unwrap();
    let one = write(folder.path(), "one", log.notes(&[100, 300, 600]).as_bytes());
    let two = write(folder.path(), "two", other.notes(&[100, 300, 400]).as_bytes());
    let run = verify(&[&one, &two], &log.key());
    assert_found(&run, &["log.forked"]);
    let finding = &run.json()["findings"][0];
    assert_eq!(finding["size"], 300);
    for log in [log, other] {
        let root = log.checkpoint(300).root.to_base64();
        assert!(finding["message"].as_str().unwrap().contains(&root), "{finding}");
    }
}

#[test]
fn an_interrupted_write_is_a_warning() {
    let log = Log::of(600);
    let (note, notes) = (log.note(300).to_string(), log.notes(&[1, 2]));
    for end in [3, 40, note.len() - 60, note.len() - 1] {
        let torn = &note[..end];
        let run = check(&format!("{notes}{torn}"), &[]);
        assert_eq!(run.json()["warnings"].as_array().map(Vec::len), Some(1), "{end}");
        let run = check(&format!("{notes}{torn}{TORN_END}{}", log.notes(&[600])), &[]);
        assert!(!run.json()["warnings"].as_array().unwrap().is_empty(), "{end}");
        assert_eq!(run.json()["size"], 600);
    }
}

#[test]
fn long_files_are_read_in_pieces() {
    let log = Log::of(600);
    let four = log.notes(&[1, 2, 3, 600]);
    let repeated = four.repeat((5 << 20) / four.len());
    let count = 4 * ((5 << 20) / four.len());
    assert!(count > 10_000);
    let run = check(&repeated, &[]);
    assert_eq!(run.json()["checkpoints_matched"], 4);
    let forged = log.note(300).to_string().replace("\n300\n", "\n301\n");
    check(&format!("{repeated}{forged}\n"), &["checkpoint.signature"]);
}

#[test]
fn a_file_without_end_or_form_is_refused() {
    let run = check(&"x".repeat(5 << 20), &["checkpoint.malformed", "checkpoint.malformed"]);
    assert_eq!(run.json()["warnings"].as_array().map(Vec::len), Some(1));
    let run = check(&"a\n\n".repeat(100_000), &["checkpoint.malformed"; 50]);
    assert_eq!(run.json()["findings_unlisted"], 99_949);
}

#[test]
fn what_is_no_file_cannot_be_read() {
    let log = Log::of(1);
    let folder = tempdir().unwrap();
    for path in [PathBuf::from("/dev/zero"), folder.path().to_owned(), folder.path().join("none")] {
        let run = verify(&[&path], &log.key());
        assert_eq!((run.code, run.stdout.as_str()), (3, ""), "{run:?}");
        assert!(run.stderr.contains(path.to_str().unwrap()), "{run:?}");
    }
}
