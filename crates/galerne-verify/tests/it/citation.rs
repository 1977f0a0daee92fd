//! Evidence records of citations.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::tempdir;
use transparency_log::{Hash, SignedNote};

use crate::log::{Log, START_US, write};
use crate::program::{Run, assert_found, assert_verified, run};

const REQUEST: &str = "01a200b560bc7a2f8efac235a244e4bc";
const DOCUMENT: &[u8] = b"%PDF-1.7 the bytes of a document\xff";
const TEXT: &str = "Passeport\n\nLe passeport coûte\n  86 €. نعم. अनुच्छेद २१।\n";
const QUOTE: &str = "Le passeport coûte\n  86 €.";

fn verify(file: &Path, key: &str, further: &[&OsStr]) -> Run {
    let arguments = ["citation".as_ref(), file.as_os_str(), "--key".as_ref(), key.as_ref()];
    run(arguments.into_iter().chain(["--json".as_ref()]).chain(further.iter().copied()))
}

/// Of the request in which a model quoted.
fn entry() -> Value {
    json!({
        "action": "chat.complete", "actor": "00112233445566778899aabbccddeeff", "at": START_US,
        "content": format!("sha256:{}", "c0".repeat(32)), "id": "entry",
        "model": format!("sha256:{}", "d1".repeat(32)),
        "organisation": "ffeeddccbbaa99887766554433221100", "outcome": "ok",
        "policy": null, "subject": format!("request:{REQUEST}"), "v": 3,
    })
}

fn log() -> Log {
    let mut log = Log::of(600);
    log.entries[300] = entry().to_string().into_bytes();
    log
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold("sha256:".to_owned(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// What an honest server states of leaf 300.
fn statement(log: &Log) -> Value {
    let evidence = log.prove(300);
    let start = TEXT.find(QUOTE).unwrap();
    json!({
        "areas": [
            {"bottom": 112.0, "left": 72.5, "page": 3, "right": 300.0, "top": 100.0},
            {"bottom": 124.0, "left": 72.5, "page": 3, "right": 110.0, "top": 112.0},
        ],
        "at": START_US,
        "document": {"digest": sha256(DOCUMENT), "id": "0".repeat(32)},
        "issued_at": START_US + 5_000_000,
        "log": {
            "checkpoint": evidence.checkpoint.to_string(),
            "entry": String::from_utf8(log.entries[300].clone()).unwrap(),
            "inclusion": evidence.proof.iter().map(Hash::to_base64).collect::<Vec<_>>(),
            "index": 300, "origin": crate::log::NAME,
        },
        "model": {"digest": entry()["model"], "id": "smollm2"},
        "pages": [3],
        "quote": QUOTE,
        "range": {"end": start + QUOTE.len(), "start": start},
        "reading": {"bytes": TEXT.len(), "digest": sha256(TEXT.as_bytes())},
        "request": REQUEST,
        "version": {"key": 41, "number": 2},
    })
}

fn sign(log: &Log, statement: &Value) -> String {
    let text = format!("galerne citation v1\n{statement}\n");
    SignedNote::sign(&text, &log.signer()).unwrap().to_string()
}

#[test]
fn a_record_is_verified_and_told() {
    let folder = tempdir().unwrap();
    let log = log();
    let file = write(folder.path(), "c", sign(&log, &statement(&log)).as_bytes());
    let verified = verify(&file, &log.key(), &[]);
    assert_verified(&verified);
    let json = verified.json();
    assert_eq!((&json["size"], &json["leaf"]), (&600.into(), &300.into()));
    assert_eq!(json["citation"]["quote"], QUOTE);
    assert_eq!(json["quote_matched"], Value::Null, "nobody gave a text");
    let told = run(["citation".as_ref(), file.as_os_str(), "--key".as_ref(), log.key().as_ref()]);
    assert_eq!((told.code, told.stderr.as_str()), (0, ""));
    for line in ["pages 3", "smollm2", "version: 2", "2 rectangles", "was not compared"] {
        assert!(told.stdout.contains(line), "{line}: {}", told.stdout);
    }
}

#[test]
fn the_quote_stands_in_the_document() {
    let folder = tempdir().unwrap();
    let log = log();
    let file = write(folder.path(), "c", sign(&log, &statement(&log)).as_bytes());
    let document = write(folder.path(), "d.pdf", DOCUMENT);
    let text = write(folder.path(), "d.txt", TEXT.as_bytes());
    let with = |document: &Path, text: &Path| {
        let options =
            ["--document".as_ref(), document.as_os_str(), "--text".as_ref(), text.as_os_str()];
        verify(&file, &log.key(), &options)
    };
    let run = with(&document, &text);
    assert_verified(&run);
    let json = run.json();
    assert_eq!((&json["document_matched"], &json["quote_matched"]), (&true.into(), &true.into()));
    let other = write(folder.path(), "other", b"another document");
    assert_found(&with(&other, &text), &["citation.other_source"]);
    assert_found(&with(&document, &other), &["citation.other_source"]);
    assert_found(&with(&other, &other), &["citation.other_source"; 2]);
    let missing = folder.path().join("nothing");
    assert_eq!(with(&missing, &text).code, 3);
    assert_eq!(with(&document, &missing).code, 3);
}

#[test]
fn a_signed_record_of_what_does_not_stand_there_is_a_finding() {
    let folder = tempdir().unwrap();
    let log = log();
    let text = write(folder.path(), "d.txt", TEXT.as_bytes());
    let check = |change: &dyn Fn(&mut Value), expected: &str| {
        let mut stated = statement(&log);
        change(&mut stated);
        let file = write(folder.path(), "c", sign(&log, &stated).as_bytes());
        let options = ["--text".as_ref(), text.as_os_str()];
        assert_found(&verify(&file, &log.key(), &options), &[expected]);
    };
    check(&|it| it["quote"] = QUOTE.replace("86", "96").into(), "citation.no_quote");
    let (start, end) = (TEXT.find(QUOTE).unwrap(), TEXT.find(QUOTE).unwrap() + QUOTE.len());
    check(&|it| it["range"] = json!({"end": end - 1, "start": start - 1}), "citation.no_quote");
    let beyond = 1_u64 << 40;
    let range = json!({"end": beyond + QUOTE.len() as u64, "start": beyond});
    check(&|it| it["range"] = range.clone(), "citation.no_quote");
    check(&|it| it["range"]["end"] = (end + 1).into(), "citation.malformed");
    check(&|it| it["range"]["end"] = 0.into(), "citation.malformed");
    check(&|it| it["range"] = Value::Null, "citation.malformed");
    check(&|it| it["quote"] = "".into(), "citation.malformed");
    check(&|it| it["reading"]["digest"] = sha256(b"").into(), "citation.other_source");
}

/// Pointers to every value that has no parts.
fn leaves(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                leaves(member, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                leaves(item, &format!("{at}/{index}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            found.push(at.to_owned());
        }
    }
}

fn altered(value: &Value) -> Value {
    match value {
        Value::String(text) => format!("{text}.").into(),
        Value::Number(number) => (number.as_f64().unwrap() + 1.0).into(),
        other => panic!("{other}"),
    }
}

#[test]
fn every_single_field_that_is_altered_is_noticed() {
    let folder = tempdir().unwrap();
    let log = log();
    let stated = statement(&log);
    let (line, good) = (stated.to_string(), sign(&log, &stated));
    assert!(good.contains(&line));
    let mut pointers = Vec::new();
    leaves(&stated, "", &mut pointers);
    assert!(pointers.len() > 30, "{pointers:?}");
    for pointer in &pointers {
        let mut other = stated.clone();
        let value = other.pointer_mut(pointer).unwrap();
        *value = altered(value);
        let changed = good.replacen(&line, &other.to_string(), 1);
        assert_ne!(changed, good, "{pointer}");
        let file = write(folder.path(), "c", changed.as_bytes());
        let run = verify(&file, &log.key(), &[]);
        assert_eq!(run.code, 1, "{pointer}");
        assert_eq!(
            run.codes().first().map(String::as_str),
            Some("citation.signature"),
            "{pointer}"
        );
    }
    for member in stated.as_object().unwrap().keys() {
        let mut other = stated.clone();
        other.as_object_mut().unwrap().remove(member);
        let changed = good.replacen(&line, &other.to_string(), 1);
        let file = write(folder.path(), "c", changed.as_bytes());
        assert_eq!(verify(&file, &log.key(), &[]).code, 1, "{member}");
    }
}

/// The operator signs a second record that contradicts the own log.
#[test]
fn what_contradicts_the_log_is_named() {
    let folder = tempdir().unwrap();
    let log = log();
    for (member, value) in [
        ("/at", json!(START_US + 1)),
        ("/model/digest", json!(format!("sha256:{}", "d2".repeat(32)))),
        ("/model/digest", Value::Null),
        ("/request", json!("f".repeat(32))),
        ("/log/origin", json!("example.org/other")),
    ] {
        let mut wrong = statement(&log);
        *wrong.pointer_mut(member).unwrap() = value;
        let file = write(folder.path(), "c", sign(&log, &wrong).as_bytes());
        assert_found(&verify(&file, &log.key(), &[]), &["citation.differs 300"]);
    }
    let mut wrong = statement(&log);
    wrong["log"]["index"] = 301.into();
    let file = write(folder.path(), "c", sign(&log, &wrong).as_bytes());
    assert_found(&verify(&file, &log.key(), &[]), &["proof.invalid 301"]);
    let mut failed = log.clone();
    let mut refused = entry();
    refused["outcome"] = "engine.failed".into();
    failed.entries[300] = refused.to_string().into_bytes();
    let file = write(folder.path(), "c", sign(&failed, &statement(&failed)).as_bytes());
    assert_found(&verify(&file, &failed.key(), &[]), &["citation.differs 300"]);
}

#[test]
fn other_notes_of_the_key_are_no_records() {
    let folder = tempdir().unwrap();
    let log = log();
    let stated = statement(&log);
    let check = |text: String, expected: &[&str]| {
        let file = write(folder.path(), "c", text.as_bytes());
        assert_found(&verify(&file, &log.key(), &[]), expected);
    };
    for header in ["galerne receipt v1", "galerne erasure v1", "galerne citation v2"] {
        let text = format!("{header}\n{stated}\n");
        let note = SignedNote::sign(&text, &log.signer()).unwrap().to_string();
        check(note, &["citation.malformed"]);
    }
    check(log.note(600).to_string(), &["citation.malformed"]);
    check(String::new(), &["citation.malformed"]);
    let other = log.clone().with_seed(8);
    check(sign(&other, &stated), &["citation.signature"]);
    let record = write(folder.path(), "c", sign(&log, &stated).as_bytes());
    for command in ["receipt", "erasure"] {
        let arguments = [command.as_ref(), record.as_os_str(), "--key".as_ref()];
        let key = log.key();
        let further = [key.as_ref(), "--json".as_ref()];
        let run = run(arguments.into_iter().chain(further));
        assert_found(&run, &[&format!("{command}.malformed")]);
    }
}
