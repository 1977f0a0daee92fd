//! Proofs of single entries.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::tempdir;

use crate::log::{Log, Random, START_US, write};
use crate::program::{Run, assert_found, assert_verified, run};

fn verify(file: &Path, key: &str, further: &[&OsStr]) -> Run {
    let arguments = ["proof".as_ref(), file.as_os_str(), "--key".as_ref(), key.as_ref()];
    run(arguments.into_iter().chain(["--json".as_ref()]).chain(further.iter().copied()))
}

#[test]
fn an_entry_is_proven() {
    let folder = tempdir().unwrap();
    for (size, leaf) in [(1, 0), (2, 1), (256, 0), (257, 256), (600, 300), (600, 599)] {
        let log = Log::of(size);
        let text = log.prove(leaf).to_string();
        let file = write(folder.path(), "a.tlog-proof", text.as_bytes());
        let run = verify(&file, &log.key(), &[]);
        assert_verified(&run);
        let json = run.json();
        assert_eq!((&json["size"], &json["leaf"]), (&size.into(), &leaf.into()));
        assert_eq!(json["entry"]["id"], format!("entry-{leaf}"));
        assert_eq!(json["entry"]["at"], START_US + i64::try_from(leaf).unwrap() * 1_000_000);
    }
}

#[test]
fn people_are_told_what_the_entry_says() {
    let folder = tempdir().unwrap();
    let log = Log::of(600);
    let file = write(folder.path(), "a.tlog-proof", log.prove(3).to_string().as_bytes());
    let run = run(["proof".as_ref(), file.as_os_str(), "--key".as_ref(), log.key().as_ref()]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let root = log.checkpoint(600).root.to_base64();
    let expected = format!(
        "verified: leaf 3 of the first 600 entries of galerne.internal/0123456789abcdef\n\
         root: {root}\n\
         entry: chat.complete at 2023-11-14T22:13:23.000000Z, id entry-3, outcome ok\n"
    );
    assert_eq!(run.stdout, expected);
}

#[test]
fn one_flipped_byte_anywhere_is_found() {
    let folder = tempdir().unwrap();
    let log = Log::of(600);
    let good = log.prove(300).to_string().into_bytes();
    let mut random = Random::seeded(3);
    for place in (0..good.len()).step_by(5) {
        let mut bad = good.clone();
        bad[place] ^= 1 << random.below(8);
        let file = write(folder.path(), "a.tlog-proof", &bad);
        let run = verify(&file, &log.key(), &[]);
        assert_eq!(run.code, 1, "byte {place}: {run:?}");
        let codes =
            ["proof.malformed", "proof.invalid", "checkpoint.signature", "checkpoint.malformed"];
        assert!(codes.contains(&run.codes()[0].as_str()), "byte {place}: {run:?}");
    }
}

#[test]
fn proofs_that_do_not_hold_are_named() {
    let folder = tempdir().unwrap();
    let log = Log::of(600);
    let check = |text: String, expected: &[&str]| {
        let file = write(folder.path(), "a.tlog-proof", text.as_bytes());
        assert_found(&verify(&file, &log.key(), &[]), expected);
    };
    let mut moved = log.prove(300);
    moved.index = 301;
    check(moved.to_string(), &["proof.invalid 301"]);
    let mut outside = log.prove(300);
    outside.index = u64::MAX;
    check(outside.to_string(), &["proof.invalid 18446744073709551615"]);
    let mut exchanged = log.prove(300);
    exchanged.extra = Some(log.entries[301].clone());
    check(exchanged.to_string(), &["proof.invalid 300"]);
    let mut bare = log.prove(300);
    bare.extra = None;
    check(bare.to_string(), &["proof.malformed"]);
    let mut older = log.prove(300);
    older.checkpoint = log.note(599);
    check(older.to_string(), &["proof.invalid 300"]);
    check(Log::of(600).with_seed(8).prove(300).to_string(), &["checkpoint.signature"]);
    check(log.prove(300).to_string() + "!", &["proof.malformed"]);
    check(String::new(), &["proof.malformed"]);
    let mut no_json = log.clone();
    no_json.entries[300] = b"text".to_vec();
    check(no_json.prove(300).to_string(), &["entry.malformed 300"]);
}

#[test]
fn checkpoints_of_the_same_size_must_be_the_same() {
    let folder = tempdir().unwrap();
    let log = Log::of(600);
    let file = write(folder.path(), "a.tlog-proof", log.prove(300).to_string().as_bytes());
    let with = |notes: &str| {
        let notes = write(folder.path(), "notes", notes.as_bytes());
        verify(&file, &log.key(), &["--checkpoint".as_ref(), notes.as_os_str()])
    };
    let run = with(&log.notes(&[100, 600]));
    assert_verified(&run);
    assert_eq!(run.json()["checkpoints_matched"], 1);
    let run = with(&log.notes(&[100]));
    assert_verified(&run);
    assert_eq!(run.json()["checkpoints_matched"], 0);
    let mut other = log.clone();
    other.entries[5].push(b' ');
    assert_found(&with(&other.notes(&[600])), &["log.forked"]);
}

/// Recomputes the commitment with the tools that every system has.
fn sha256(bytes: &[u8]) -> String {
    let folder = tempdir().unwrap();
    let file = write(folder.path(), "bytes", bytes);
    let output = Command::new("sha256sum").arg(file).output().unwrap();
    String::from_utf8(output.stdout).unwrap()[..64].to_owned()
}

fn bytes_of(hexadecimal: &str) -> Vec<u8> {
    let digits = |at| u8::from_str_radix(&hexadecimal[at..at + 2], 16).unwrap();
    (0..hexadecimal.len()).step_by(2).map(digits).collect()
}

#[test]
fn messages_are_what_the_entry_commits_to() {
    let folder = tempdir().unwrap();
    let salt = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    let mut log = Log::of(600);
    let proof_of = |log: &mut Log, messages: &[u8]| {
        let salted = [bytes_of(salt), bytes_of(&sha256(messages))].concat();
        let content = format!("\"content\":\"sha256:{}\"", sha256(&salted));
        let entry = String::from_utf8(crate::log::entry(300)).unwrap();
        log.entries[300] = entry.replace("\"content\":null", &content).into_bytes();
        write(folder.path(), "a.tlog-proof", log.prove(300).to_string().as_bytes())
    };
    let key = log.key();
    let verify = |proof: &Path, messages: &[u8], salt: &str| {
        let messages = write(folder.path(), "messages", messages);
        let further =
            ["--messages".as_ref(), messages.as_os_str(), "--salt".as_ref(), salt.as_ref()];
        verify(proof, &key, &further)
    };
    let long = [b"[".as_slice(), &vec![b'\n'; 100_000], b"]"].concat();
    for messages in [b"[{\"content\":\"Bonjour\"}]".as_slice(), b"", &long] {
        let proof = proof_of(&mut log, messages);
        let with_line_break = [messages, b"\n"].concat();
        for same in [messages, &with_line_break] {
            let run = verify(&proof, same, salt);
            assert_verified(&run);
            assert_eq!(run.json()["content_matched"], true);
        }
        for other in [[messages, b"\n\n"].concat(), [messages, b" "].concat()] {
            assert_found(&verify(&proof, &other, salt), &["content.differs 300"]);
        }
        let other_salt = salt.replace("ff0", "fe0");
        assert_found(&verify(&proof, messages, &other_salt), &["content.differs 300"]);
    }
    fs::remove_file(folder.path().join("a.tlog-proof")).unwrap();
    log.entries[300] = crate::log::entry(300);
    let proof = write(folder.path(), "b", log.prove(300).to_string().as_bytes());
    assert_found(&verify(&proof, b"", salt), &["content.differs 300"]);
}
