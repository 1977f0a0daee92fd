//! What is typed, and what the program is made of.

use std::fs;

use tempfile::tempdir;

use crate::log::{Log, write};
use crate::program::{PROGRAM, run};

#[test]
fn help_tells_everything() {
    let run = run(["--help"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    for word in [
        "export",
        "proof",
        "citation",
        "checkpoints",
        "--key",
        "--checkpoint",
        "--against",
        "--messages",
        "--salt",
        "--document",
        "--text",
        "--json",
        "--help",
        "--version",
        "Exit codes",
    ] {
        assert!(run.stdout.contains(word), "{word}");
    }
}

#[test]
fn wrong_usage_ends_with_2() {
    let key = Log::of(0).key();
    for line in [
        String::new(),
        "verify".to_owned(),
        "export".to_owned(),
        "export log".to_owned(),
        "export log --key nonsense".to_owned(),
        format!("export log more --key {key}"),
        format!("export log --key {key} --unknown"),
        format!("proof p --key {key} --salt 00"),
        format!("checkpoints --key {key}"),
    ] {
        let run = run(line.split_whitespace());
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{line}: {run:?}");
        assert!(run.stderr.starts_with("error: ") && run.stderr.contains("\nhint: "), "{run:?}");
    }
}

#[test]
fn a_secret_key_is_refused_and_not_repeated() {
    let log = Log::of(0);
    let secret = log.signer().expose();
    let run = run(["checkpoints", "file", "--key", &secret]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("secret key") && !run.stderr.contains(&secret[20..]), "{run:?}");
}

#[test]
fn the_key_of_a_witness_is_refused() {
    let cosigner = transparency_log::Cosigner::from_seed("witness.example", [1; 32]).unwrap();
    let run = run(["checkpoints", "file", "--key", &cosigner.verifier().to_string()]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("key of a witness"), "{run:?}");
}

#[test]
fn files_that_cannot_be_read_end_with_3() {
    let log = Log::of(1);
    let folder = tempdir().unwrap();
    log.export(folder.path());
    let (here, none) = (folder.path().to_str().unwrap(), "/nonexistent");
    let (key, at_none) = (log.key(), format!("@{none}"));
    for words in [
        ["export", none, "--key", &key].as_slice(),
        &["export", here, "--key", &at_none],
        &["export", here, "--key", &key, "--checkpoint", none],
        &["export", here, "--key", &key, "--against", none],
        &["proof", none, "--key", &key],
        &["proof", here, "--key", &key],
        &["checkpoints", none, "--key", &key],
        &["export", "/dev/null", "--key", &key],
    ] {
        let run = run(words);
        assert_eq!((run.code, run.stdout.as_str()), (3, ""), "{words:?}: {run:?}");
    }
}

#[test]
fn names_cannot_steer_a_terminal() {
    let log = Log::of(1);
    let folder = tempdir().unwrap();
    let hostile = "a\u{1b}[31m\u{202e}b";
    let file = write(folder.path(), hostile, b"nothing");
    let run = run(["checkpoints".as_ref(), file.as_os_str(), "--key".as_ref(), log.key().as_ref()]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("a\\u{1b}[31m\\u{202e}b") && !run.stderr.contains('\u{1b}'));
}

/// The names of functions that a program takes from the C library stand in it between zero bytes.
#[test]
fn no_function_of_the_network_is_linked() {
    let program = fs::read(PROGRAM).unwrap();
    let is_linked = |name: &str| {
        let symbol = [b"\0", name.as_bytes(), b"\0"].concat();
        program.windows(symbol.len()).any(|bytes| bytes == symbol)
    };
    assert!(is_linked("read") && is_linked("write"), "the names are where they are looked for");
    for name in [
        "socket",
        "socketpair",
        "connect",
        "bind",
        "listen",
        "accept",
        "accept4",
        "send",
        "sendto",
        "sendmsg",
        "recv",
        "recvfrom",
        "recvmsg",
        "getaddrinfo",
        "gethostbyname",
        "setsockopt",
    ] {
        assert!(!is_linked(name), "{name}");
    }
}
