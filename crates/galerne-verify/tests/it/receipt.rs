//! Receipts of single answers.

use std::ffi::OsStr;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::tempdir;
use transparency_log::{Hash, SignedNote};

use crate::log::{Log, START_US, write};
use crate::program::{Run, assert_found, assert_verified, run};

const REQUEST: &str = "01a200b560bc7a2f8efac235a244e4bc";

fn verify(file: &Path, key: &str, further: &[&OsStr]) -> Run {
    let arguments = ["receipt".as_ref(), file.as_os_str(), "--key".as_ref(), key.as_ref()];
    run(arguments.into_iter().chain(["--json".as_ref()]).chain(further.iter().copied()))
}

/// Of a request that a model answered, as the third version writes it.
fn entry() -> Value {
    json!({
        "action": "chat.complete", "actor": "00112233445566778899aabbccddeeff", "at": START_US,
        "content": format!("sha256:{}", "c0".repeat(32)), "id": "entry",
        "model": format!("sha256:{}", "d1".repeat(32)),
        "organisation": "ffeeddccbbaa99887766554433221100", "outcome": "ok",
        "policy": format!("sha256:{}", "b0".repeat(32)), "subject": format!("request:{REQUEST}"), "v": 3,
    })
}

fn log() -> Log {
    let mut log = Log::of(600);
    log.entries[300] = entry().to_string().into_bytes();
    log
}

/// What an honest server states of leaf 300.
fn statement(log: &Log) -> Value {
    let evidence = log.prove(300);
    let entry: Value = serde_json::from_slice(&log.entries[300]).unwrap();
    json!({
        "action": entry["action"], "at": entry["at"], "content": entry["content"], "documents": [],
        "emissions": {"grams_co2e": 0.5, "method": "modelled", "uncertainty_percent": 50.0,
            "grid_factor": {"grams_per_kwh": 44.0, "source": "s", "uncertainty_percent": 9.0, "year": 2024}},
        "energy": {"joules": 12.5, "method": "measured", "uncertainty_percent": 5.0},
        "engine": {"commit": null, "cpu_path": "avx2", "kv_cache_type": "f16", "version": "0.1.0"},
        "issued_at": START_US + 5_000_000,
        "log": {
            "checkpoint": evidence.checkpoint.to_string(),
            "entry": String::from_utf8(log.entries[300].clone()).unwrap(),
            "inclusion": evidence.proof.iter().map(Hash::to_base64).collect::<Vec<_>>(),
            "index": 300, "origin": crate::log::NAME,
        },
        "model": {"digest": entry["model"], "id": "smollm2"},
        "organisation": entry["organisation"], "outcome": "finished",
        "policy": {"decision": "allow", "digest": entry["policy"]},
        "project": null, "request": REQUEST, "response": format!("chatcmpl-{REQUEST}"),
        "site": {"country": "FR", "grid_zone": "FR", "name": "local", "operator": "É",
            "operator_country": null, "parent_country": null, "source": "declared"},
        "tokens": {"completion": 3, "prompt": 20},
    })
}

fn sign(log: &Log, statement: &Value) -> String {
    let text = format!("galerne receipt v1\n{statement}\n");
    SignedNote::sign(&text, &log.signer()).unwrap().to_string()
}

#[test]
fn a_receipt_is_verified_and_told() {
    let folder = tempdir().unwrap();
    let log = log();
    let file = write(folder.path(), "r", sign(&log, &statement(&log)).as_bytes());
    let verified = verify(&file, &log.key(), &[]);
    assert_verified(&verified);
    let json = verified.json();
    assert_eq!((&json["size"], &json["leaf"]), (&600.into(), &300.into()));
    assert_eq!(json["receipt"]["energy"]["joules"], 12.5);
    let told = run(["receipt".as_ref(), file.as_os_str(), "--key".as_ref(), log.key().as_ref()]);
    assert_eq!((told.code, told.stderr.as_str()), (0, ""));
    let root = log.checkpoint(600).root.to_base64();
    let (digest, policy) = ("d1".repeat(32), "b0".repeat(32));
    let expected = format!(
        "verified: the receipt of answer chatcmpl-{REQUEST}: leaf 300 of the first 600 entries of \
         galerne.internal/0123456789abcdef\n\
         root: {root}\n\
         entry: chat.complete at 2023-11-14T22:13:20.000000Z, id entry, outcome ok\n\
         issued: 2023-11-14T22:13:25.000000Z\n\
         model: smollm2, sha256:{digest}\n\
         engine: galerne 0.1.0, commit not stated, avx2, keys and values f16\n\
         place, as the operator declares it: local, country FR, grid FR, operator É under the law \
         of not stated, group under that of not stated\n\
         policy: allow, sha256:{policy}\n\
         documents: 0\n\
         tokens: 20 read, 3 written; the answer finished\n\
         energy: 12.5 J (measured, ± 5.00 %)\n\
         emissions: 0.500 g CO2e (modelled, ± 50.0 %)\n"
    );
    assert_eq!(told.stdout, expected);
}

/// Every byte of the file, and one bit of each: nothing passes, and what is wrong is named.
#[test]
fn one_flipped_byte_anywhere_is_found() {
    let folder = tempdir().unwrap();
    let log = log();
    let good = sign(&log, &statement(&log)).into_bytes();
    let codes = [
        "receipt.malformed",
        "receipt.signature",
        "receipt.differs",
        "proof.invalid",
        "checkpoint.signature",
        "checkpoint.malformed",
        "entry.malformed",
    ];
    for place in 0..good.len() {
        let mut bad = good.clone();
        bad[place] ^= 1 << (place % 8);
        let file = write(folder.path(), "r", &bad);
        let run = verify(&file, &log.key(), &[]);
        assert_eq!(run.code, 1, "byte {place}: {run:?}");
        let found = run.codes();
        assert!(found.iter().all(|code| codes.contains(&code.as_str())), "byte {place}: {found:?}");
        assert!(found[0].starts_with("receipt."), "byte {place}: {found:?}");
    }
}

#[test]
fn what_the_key_signed_must_be_what_the_log_says() {
    let folder = tempdir().unwrap();
    let log = log();
    let check = |change: &dyn Fn(&mut Value), expected: &[&str], fact: &str| {
        let mut statement = statement(&log);
        change(&mut statement);
        let file = write(folder.path(), "r", sign(&log, &statement).as_bytes());
        let run = verify(&file, &log.key(), &[]);
        assert_found(&run, expected);
        assert!(run.stdout.contains(fact), "{fact}: {run:?}");
    };
    let differs = ["receipt.differs 300"];
    check(&|it| it["at"] = (START_US + 1).into(), &differs, "of the time");
    check(&|it| it["action"] = "embedding.create".into(), &differs, "of the action");
    check(&|it| it["content"] = Value::Null, &differs, "of the content");
    check(&|it| it["model"]["digest"] = "sha256:00".into(), &differs, "of the model");
    check(&|it| it["policy"]["digest"] = "sha256:00".into(), &differs, "of the policy");
    check(&|it| it["organisation"] = "another".into(), &differs, "of the organisation");
    check(&|it| it["response"] = "chatcmpl-1".into(), &differs, "of the answer");
    check(&|it| it["log"]["origin"] = "another".into(), &differs, "of the log");
    let other = |it: &mut Value| {
        it["request"] = "another".into();
        it["response"] = "chatcmpl-another".into();
    };
    check(&other, &differs, "of the request");
    check(&|it| it["log"]["index"] = 301.into(), &["proof.invalid 301"], "");
    check(&|it| it["log"]["entry"] = "{}".into(), &["proof.invalid 300"], "");
    check(&|it| it["log"]["inclusion"][3] = "?".into(), &["receipt.malformed"], "hash 4");
    check(&|it| it["log"]["checkpoint"] = "?".into(), &["receipt.malformed"], "log.checkpoint");
    check(&|it| it["log"] = Value::Null, &["receipt.malformed"], "log.index");
    check(&|it| it["response"] = 1.into(), &["receipt.malformed"], "response");
}

#[test]
fn receipts_of_other_keys_and_other_files_are_refused() {
    let folder = tempdir().unwrap();
    let log = log();
    let check = |text: String, expected: &[&str]| {
        let file = write(folder.path(), "r", text.as_bytes());
        assert_found(&verify(&file, &log.key(), &[]), expected);
    };
    let other = log.clone().with_seed(8);
    check(sign(&other, &statement(&log)), &["receipt.signature"]);
    check(sign(&other, &statement(&other)), &["receipt.signature", "checkpoint.signature"]);
    let mut forged = statement(&log);
    forged["log"]["checkpoint"] = log.clone().with_seed(8).note(600).to_string().into();
    check(sign(&log, &forged), &["checkpoint.signature"]);
    check(String::new(), &["receipt.malformed"]);
    check(log.note(600).to_string(), &["receipt.malformed"]);
    check(log.prove(300).to_string(), &["receipt.malformed"]);
    let second = format!("galerne receipt v2\n{}\n", statement(&log));
    let second = SignedNote::sign(&second, &log.signer()).unwrap().to_string();
    check(second, &["receipt.malformed"]);
    let deep = format!("galerne receipt v1\n{}\n", "[".repeat(100_000));
    check(SignedNote::sign(&deep, &log.signer()).unwrap().to_string(), &["receipt.malformed"]);
}

/// Receipts of servers that did not state the policy yet.
#[test]
fn an_older_receipt_states_no_policy() {
    let folder = tempdir().unwrap();
    let log = log();
    let mut stated = statement(&log);
    stated["policy"] = Value::Null;
    let file = write(folder.path(), "r", sign(&log, &stated).as_bytes());
    assert_verified(&verify(&file, &log.key(), &[]));
}

/// Answers from before the third version: what was not noted is not stated, and never invented.
#[test]
fn an_older_entry_names_no_model() {
    let folder = tempdir().unwrap();
    let mut log = log();
    let mut old = entry();
    old.as_object_mut().unwrap().remove("model");
    old["v"] = 2.into();
    log.entries[300] = old.to_string().into_bytes();
    let mut stated = statement(&log);
    stated["engine"] = Value::Null;
    let file = write(folder.path(), "r", sign(&log, &stated).as_bytes());
    assert_verified(&verify(&file, &log.key(), &[]));
    stated["model"]["digest"] = "sha256:00".into();
    let file = write(folder.path(), "r", sign(&log, &stated).as_bytes());
    assert_found(&verify(&file, &log.key(), &[]), &["receipt.differs 300"]);
}

#[test]
fn checkpoints_that_were_kept_are_compared() {
    let folder = tempdir().unwrap();
    let log = log();
    let file = write(folder.path(), "r", sign(&log, &statement(&log)).as_bytes());
    let with = |notes: &str| {
        let notes = write(folder.path(), "notes", notes.as_bytes());
        verify(&file, &log.key(), &["--checkpoint".as_ref(), notes.as_os_str()])
    };
    let run = with(&log.notes(&[600]));
    assert_verified(&run);
    assert_eq!(run.json()["checkpoints_matched"], 1);
    let mut other = log.clone();
    other.entries[5].push(b' ');
    assert_found(&with(&other.notes(&[600])), &["log.forked"]);
}
