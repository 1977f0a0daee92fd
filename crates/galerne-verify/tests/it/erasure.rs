//! Certificates of erasures.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::tempdir;
use transparency_log::{Hash, SignedNote};

use crate::log::{Log, START_US, write};
use crate::program::{Run, assert_found, assert_verified, run};

const SUBJECT: &str = "account:00112233445566778899aabbccddeeff";

fn verify(file: &Path, key: &str) -> Run {
    let arguments = ["erasure".as_ref(), file.as_os_str(), "--key".as_ref(), key.as_ref()];
    run(arguments.into_iter().chain(["--json".as_ref()]))
}

fn log() -> Log {
    let mut log = Log::of(600);
    let entry = json!({
        "action": "erasure.complete", "actor": "ffeeddccbbaa99887766554433221100", "at": START_US,
        "content": null, "id": "entry", "model": null, "organisation": null, "outcome": "ok",
        "policy": null, "subject": SUBJECT, "v": 3,
    });
    log.entries[300] = entry.to_string().into_bytes();
    log
}

/// What an honest server states of leaf 300.
fn statement(log: &Log) -> Value {
    let evidence = log.prove(300);
    json!({
        "at": START_US, "erased": {"accounts": 1, "conversations": 2}, "erasure": "0".repeat(32),
        "issued_at": START_US + 5_000_000,
        "kept": [{"what": "log_entries", "why": "the log is append-only"}],
        "log": {
            "checkpoint": evidence.checkpoint.to_string(),
            "entry": String::from_utf8(log.entries[300].clone()).unwrap(),
            "inclusion": evidence.proof.iter().map(Hash::to_base64).collect::<Vec<_>>(),
            "index": 300, "origin": crate::log::NAME,
        },
        "ordered_at": START_US - 5_000_000, "ordered_by": "data_officer",
        "reason": "request_of_person", "subject": SUBJECT,
    })
}

fn sign(log: &Log, statement: &Value) -> String {
    let text = format!("galerne erasure v1\n{statement}\n");
    SignedNote::sign(&text, &log.signer()).unwrap().to_string()
}

#[test]
fn a_certificate_is_verified_and_told() {
    let folder = tempdir().unwrap();
    let log = log();
    let file = write(folder.path(), "c", sign(&log, &statement(&log)).as_bytes());
    let verified = verify(&file, &log.key());
    assert_verified(&verified);
    assert_eq!(verified.json()["erasure"]["erased"]["conversations"], 2);
    let told = run(["erasure".as_ref(), file.as_os_str(), "--key".as_ref(), log.key().as_ref()]);
    assert_eq!((told.code, told.stderr.as_str()), (0, ""));
    for line in [SUBJECT, "by data_officer, request_of_person", "conversations: 2", "log_entries"] {
        assert!(told.stdout.contains(line), "{line}: {}", told.stdout);
    }
}

#[test]
fn what_contradicts_the_log_is_named() {
    let folder = tempdir().unwrap();
    let log = log();
    for (member, value) in [
        ("/at", json!(START_US + 1)),
        ("/subject", json!("account:nobody")),
        ("/log/origin", json!("example.org/other")),
    ] {
        let mut wrong = statement(&log);
        *wrong.pointer_mut(member).unwrap() = value;
        let file = write(folder.path(), "c", sign(&log, &wrong).as_bytes());
        assert_found(&verify(&file, &log.key()), &["erasure.differs 300"]);
    }
    let mut other = statement(&log);
    let evidence = log.prove(301);
    other["log"]["index"] = json!(301);
    other["log"]["entry"] = json!(String::from_utf8(log.entries[301].clone()).unwrap());
    other["log"]["inclusion"] =
        json!(evidence.proof.iter().map(Hash::to_base64).collect::<Vec<_>>());
    let file = write(folder.path(), "c", sign(&log, &other).as_bytes());
    assert_found(&verify(&file, &log.key()), &["erasure.differs 301"; 3]);
}

#[test]
fn what_was_changed_or_is_no_certificate_is_named() {
    let folder = tempdir().unwrap();
    let log = log();
    let good = sign(&log, &statement(&log));
    for (from, to, code) in [
        ("\"conversations\":2", "\"conversations\":3", "erasure.signature"),
        ("galerne erasure v1", "galerne erasure v2", "erasure.malformed"),
        ("galerne erasure v1", "galerne receipt v1", "erasure.malformed"),
    ] {
        let changed = good.replacen(from, to, 1);
        assert_ne!(changed, good);
        let file = write(folder.path(), "c", changed.as_bytes());
        assert_found(&verify(&file, &log.key()), &[code]);
    }
    let file = write(folder.path(), "c", sign(&log, &json!([1])).as_bytes());
    assert_found(&verify(&file, &log.key()), &["erasure.malformed"]);
    let words = ["erasure", "c", "--key", "k", "--messages", "m", "--salt", "00"];
    assert_eq!(run(words).code, 2, "it commits to no content");
}
