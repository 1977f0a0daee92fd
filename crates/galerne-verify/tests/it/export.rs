//! Exports that are as they should be, and what is compared with them.

use std::fs;

use tempfile::tempdir;

use crate::log::{Log, START_US, entry, entry_at, entry_of, write};
use crate::program::{assert_found, assert_verified, export, export_with, run};

#[test]
fn exports_of_every_shape_are_verified() {
    for size in [0, 1, 2, 255, 256, 257, 600, 65_536, 66_000] {
        let log = Log::of(size);
        let folder = tempdir().unwrap();
        log.export(folder.path());
        let run = export(folder.path(), &log.key(), &[]);
        assert_verified(&run);
        let json = run.json();
        assert_eq!(json["size"], size);
        let root = log.checkpoint(log.entries.len()).root;
        assert_eq!(json["root"], root.to_base64());
        assert_eq!(json["checkpoints_matched"], 1);
        assert_eq!(json["checkpoints_ignored"], 0);
    }
}

#[test]
fn people_are_told_what_was_verified() {
    let log = Log::of(600);
    let folder = tempdir().unwrap();
    log.export(&folder.path().join("log"));
    let witness = write(folder.path(), "witness", log.notes(&[0, 100, 600]).as_bytes());
    let key_file = write(folder.path(), "key", format!("{}\n", log.key()).as_bytes());
    let run = run([
        "export".as_ref(),
        folder.path().join("log").as_os_str(),
        format!("--key=@{}", key_file.display()).as_ref(),
        "--checkpoint".as_ref(),
        witness.as_os_str(),
    ]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let root = log.checkpoint(600).root.to_base64();
    let expected = format!(
        "verified: 600 entries of galerne.internal/0123456789abcdef\nroot: {root}\ncheckpoints: 3 \
         matched, the largest signs 600 entries; 0 of other keys ignored\n"
    );
    assert_eq!(run.stdout, expected);
}

#[test]
fn people_are_told_the_entry_that_was_edited() {
    let log = Log::of(600);
    let folder = tempdir().unwrap();
    log.export(folder.path());
    let mut edited = log.clone();
    edited.entries[300] = entry_of("key.revoke\\u001b[2J", 300, START_US);
    edited.export_entries(folder.path());
    let arguments =
        ["export".as_ref(), folder.path().as_os_str(), "--key".as_ref(), log.key().as_ref()]
            .map(std::ffi::OsStr::to_owned);
    let run = run(arguments);
    assert_eq!(run.code, 1);
    assert_eq!(run.stdout, "not verified: 600 entries of galerne.internal/0123456789abcdef\n");
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert!(lines[0].starts_with("error: log.edited: the entry of leaf 300 was edited"), "{run:?}");
    let entry = "  entry: key.revoke\\u{1b}[2J at 2023-11-14T22:13:20.000000Z, id entry-300, \
                 outcome ok";
    // The edited time is no finding of its own: it lies within what was edited.
    assert_eq!(lines[1], entry);
    let hint = "hint: all entries before it are as they were signed; it lies in tile/entries/001";
    assert_eq!(lines[2], hint);
}

#[test]
fn outside_checkpoints_must_match() {
    let log = Log::of(600);
    let folder = tempdir().unwrap();
    log.export(&folder.path().join("log"));
    let other = Log::of(700).with_seed(8).notes(&[700]);
    let some = write(folder.path(), "some", log.notes(&[1, 100, 256, 300]).as_bytes());
    let more = write(folder.path(), "more", (other + &log.notes(&[599, 600, 300])).as_bytes());
    let run = export_with(&folder.path().join("log"), &log.key(), &[&some, &more]);
    assert_verified(&run);
    assert_eq!(run.json()["checkpoints_matched"], 6);
    assert_eq!(run.json()["checkpoints_ignored"], 1);
}

#[test]
fn a_single_checkpoint_is_a_file_of_checkpoints() {
    let log = Log::of(600);
    let folder = tempdir().unwrap();
    log.export(&folder.path().join("log"));
    let one = write(folder.path(), "one", log.note(100).to_string().as_bytes());
    let run = export_with(&folder.path().join("log"), &log.key(), &[&one]);
    assert_verified(&run);
    assert_eq!(run.json()["checkpoints_matched"], 2);
}

#[test]
fn a_file_without_any_checkpoint_of_the_log_is_a_finding() {
    let log = Log::of(10);
    let folder = tempdir().unwrap();
    log.export(&folder.path().join("log"));
    let other = Log::of(10).with_seed(8).notes(&[10]);
    for notes in ["", other.as_str()] {
        let file = write(folder.path(), "notes", notes.as_bytes());
        let run = export_with(&folder.path().join("log"), &log.key(), &[&file]);
        assert_found(&run, &["checkpoint.signature"]);
    }
}

#[test]
fn a_wrong_key_verifies_nothing() {
    let log = Log::of(10);
    let folder = tempdir().unwrap();
    log.export(folder.path());
    let run = export(folder.path(), &Log::of(0).with_seed(8).key(), &[]);
    assert_found(&run, &["checkpoint.signature", "export.incomplete"]);
    assert_eq!(run.json()["size"], serde_json::Value::Null);
    fs::remove_file(folder.path().join("log.vkey")).unwrap();
    let run = export(folder.path(), &Log::of(0).with_seed(8).key(), &[]);
    assert_found(&run, &["checkpoint.signature"]);
    assert_verified(&export(folder.path(), &log.key(), &[]));
}

#[test]
fn files_that_do_not_belong_there_are_not_looked_at() {
    let log = Log::of(300);
    let folder = tempdir().unwrap();
    log.export(folder.path());
    write(folder.path(), "tile/0/000.p/12", b"from an earlier export");
    write(folder.path(), "tile/entries/002", b"from a later one");
    write(folder.path(), "notes.txt", b"mine");
    assert_verified(&export(folder.path(), &log.key(), &[]));
}

/// Times in seconds after the start, one entry each; `!` accepts the clock.
fn check_times(times: &str, expected: &[&str]) {
    let mut log = Log::of(0);
    for (number, word) in (0..).zip(times.split_whitespace()) {
        let at_us = |text: &str| START_US + text.parse::<i64>().unwrap() * 1_000_000;
        log.entries.push(match word.strip_prefix('!') {
            Some(accepted) => entry_of("clock.accept", number, at_us(accepted)),
            None => entry_at(number, at_us(word)),
        });
    }
    let folder = tempdir().unwrap();
    log.export(folder.path());
    let run = export(folder.path(), &log.key(), &[]);
    match expected {
        [] => assert_verified(&run),
        expected => assert_found(&run, expected),
    }
}

#[test]
fn entries_that_are_dated_back_are_named() {
    check_times("0 1000 700 1000", &[]);
    check_times("0 1000 699 698 1000", &["log.backdated 2"]);
    check_times("0 9000 !1000 1001 1002", &[]);
    check_times("0 9000 !1000 1001 700", &["log.backdated 4"]);
}

#[test]
fn entries_that_are_not_json_are_named() {
    for bytes in [&b""[..], b"{", b"[1]", b"{\"action\":\"a\"}", b"\xff\xff", b"{\"at\":1}"] {
        let mut log = Log::of(300);
        log.entries[270] = bytes.to_vec();
        let folder = tempdir().unwrap();
        log.export(folder.path());
        let run = export(folder.path(), &log.key(), &[]);
        assert_found(&run, &["entry.malformed 270"]);
    }
}

#[test]
fn the_longest_entries_fit() {
    let mut log = Log::of(0);
    for number in 0..256 {
        let mut bytes = entry(number);
        let padding = usize::from(u16::MAX) - bytes.len();
        bytes.splice(1..1, std::iter::repeat_n(b' ', padding));
        log.entries.push(bytes);
    }
    let folder = tempdir().unwrap();
    log.export(folder.path());
    let bundle = folder.path().join("tile/entries/000");
    assert_eq!(fs::metadata(bundle).unwrap().len(), 256 * (2 + 65_535));
    assert_verified(&export(folder.path(), &log.key(), &[]));
}
