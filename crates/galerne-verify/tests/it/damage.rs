//! Exports with damaged, missing, foreign or gigantic files.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use tempfile::{TempDir, tempdir};
use transparency_log::Checkpoint;

use crate::log::{Log, Random, files, write};
use crate::program::{Run, assert_found, assert_verified, export};

const SIZE: u64 = 600;

fn exported() -> (Log, TempDir) {
    let log = Log::of(SIZE);
    let folder = tempdir().unwrap();
    log.export(folder.path());
    (log, folder)
}

/// The leaf in whose length or bytes a place of a bundle lies.
fn leaf_at(log: &Log, bundle: usize, place: usize) -> u64 {
    let mut end = 0;
    for (leaf, entry) in log.entries.iter().enumerate().skip(256 * bundle) {
        end += 2 + entry.len();
        if place < end {
            return leaf as u64;
        }
    }
    panic!("the bundle ends before byte {place}");
}

/// The code and the leaf that a flipped byte must lead to.
fn expected(log: &Log, name: &str, place: usize) -> (&'static [&'static str], Option<u64>) {
    let (folders, file) = name.rsplit_once('/').unwrap_or(("", name));
    match folders.split('/').nth(1) {
        Some("entries") => {
            let bundle = if file == "88" { 2 } else { file.parse().unwrap() };
            // A flipped length may cut entries differently, or let them run over the end.
            (&["log.edited", "export.incomplete"], Some(leaf_at(log, bundle, place)))
        }
        Some("0") => {
            let tile: usize = if file == "88" { 2 } else { file.parse().unwrap() };
            (&["log.tiles_altered"], Some((256 * tile + place / 32) as u64))
        }
        Some(_) => (&["log.tiles_altered"], None),
        None if name == "log.vkey" => (&["export.incomplete"], None),
        None => (&["checkpoint.signature", "checkpoint.malformed"], None),
    }
}

#[test]
fn one_flipped_byte_in_any_file_is_found_and_named() {
    let (log, folder) = exported();
    let names = files(folder.path());
    assert_eq!(names.len(), 9, "{names:?}");
    let mut random = Random::seeded(20_261_121);
    for name in names {
        let path = folder.path().join(&name);
        let good = fs::read(&path).unwrap();
        let places = (0..40).map(|_| random.below(good.len())).collect::<Vec<_>>();
        for place in [0, 1, good.len() - 2].into_iter().chain(places) {
            let mut bad = good.clone();
            bad[place] ^= 1 << random.below(8);
            fs::write(&path, &bad).unwrap();
            let run = export(folder.path(), &log.key(), &[]);
            let (codes, leaf) = expected(&log, &name, place);
            assert_eq!(run.code, 1, "{name}, byte {place}: {run:?}");
            let first = &run.json()["findings"][0];
            let code = first["code"].as_str().unwrap();
            assert!(codes.contains(&code), "{name}, byte {place}: {run:?}");
            assert_eq!(first["leaf"].as_u64(), leaf, "{name}, byte {place}: {run:?}");
        }
        fs::write(&path, &good).unwrap();
    }
    assert_verified(&export(folder.path(), &log.key(), &[]));
}

/// Expects that the first finding, or else the last, names a file as unusable.
#[track_caller]
fn assert_named(run: &Run, name: &str) {
    assert_eq!(run.code, 1, "{run:?}");
    let json = run.json();
    let findings = json["findings"].as_array().unwrap();
    let names = |finding: &&serde_json::Value| {
        finding["message"].as_str().unwrap().contains(name)
            && ["export.incomplete", "checkpoint.malformed", "log.tiles_altered"]
                .contains(&finding["code"].as_str().unwrap())
    };
    assert_eq!(findings.iter().filter(names).count(), 1, "{name}: {run:?}");
    assert_eq!(findings.len(), 1, "{name}: {run:?}");
}

/// Replaces each file in turn; every replacement must be named.
fn check_each_file(replace: impl Fn(&Path, &[u8])) {
    let (log, folder) = exported();
    for name in files(folder.path()) {
        let path = folder.path().join(&name);
        let good = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        replace(&path, &good);
        let run = export(folder.path(), &log.key(), &[]);
        if name == "log.vkey" && fs::metadata(&path).is_err() {
            assert_verified(&run);
        } else {
            assert_named(&run, &name);
        }
        if path.is_dir() {
            fs::remove_dir(&path).unwrap();
        } else if fs::symlink_metadata(&path).is_ok() {
            fs::remove_file(&path).unwrap();
        }
        fs::write(&path, &good).unwrap();
    }
}

#[test]
fn a_missing_file_is_named() {
    check_each_file(|_, _| {});
}

#[test]
fn an_empty_file_is_named() {
    check_each_file(|path, _| fs::write(path, b"").unwrap());
}

#[test]
fn extra_bytes_are_named() {
    check_each_file(|path, good| fs::write(path, [good, b"!"].concat()).unwrap());
}

#[test]
fn a_file_that_lost_its_last_byte_is_named() {
    check_each_file(|path, good| {
        // A key is the same without its line break; one more character is not.
        let lost = if path.ends_with("log.vkey") { 2 } else { 1 };
        fs::write(path, &good[..good.len() - lost]).unwrap();
    });
}

#[test]
fn a_directory_instead_of_a_file_is_named() {
    check_each_file(|path, _| fs::create_dir(path).unwrap());
}

#[test]
fn a_link_to_nowhere_is_a_missing_file() {
    check_each_file(|path, _| symlink("nowhere", path).unwrap());
}

#[test]
fn a_pipe_is_refused_instead_of_waited_for() {
    check_each_file(|path, _| {
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    });
}

#[test]
fn an_endless_device_is_refused() {
    check_each_file(|path, _| symlink("/dev/zero", path).unwrap());
}

#[test]
fn gigantic_files_are_refused_unread() {
    check_each_file(|path, _| File::create(path).unwrap().set_len(1 << 40).unwrap());
}

#[test]
fn links_to_files_are_followed() {
    let (log, folder) = exported();
    let store = tempdir().unwrap();
    for name in files(folder.path()) {
        let kept = store.path().join(name.replace('/', "-"));
        fs::rename(folder.path().join(&name), &kept).unwrap();
        symlink(&kept, folder.path().join(&name)).unwrap();
    }
    assert_verified(&export(folder.path(), &log.key(), &[]));
}

#[test]
fn an_empty_folder_is_no_export() {
    let log = Log::of(0);
    let folder = tempdir().unwrap();
    assert_found(&export(folder.path(), &log.key(), &[]), &["export.incomplete"]);
}

/// Whoever has the key can sign any size.
#[test]
fn a_size_that_the_files_do_not_reach_ends_quickly() {
    for size in [601, 700, 65_536, 1 << 40, i64::MAX as u64] {
        let (log, folder) = exported();
        let root = log.checkpoint(600).root;
        let checkpoint = Checkpoint { size, ..log.checkpoint(600) };
        assert_eq!(checkpoint.root, root);
        let note = checkpoint.sign(&log.signer()).unwrap().to_string();
        write(folder.path(), "checkpoint", note.as_bytes());
        let run = export(folder.path(), &log.key(), &[]);
        assert_found(&run, &["export.incomplete", "export.incomplete"]);
        assert_eq!(run.json()["size"], size);
    }
}

#[test]
fn sizes_that_no_log_has_are_refused() {
    let (log, folder) = exported();
    for size in ["9223372036854775808", "18446744073709551616", "-1", "0600", "6e2", ""] {
        let text = log.checkpoint(600).text().replace("\n600\n", &format!("\n{size}\n"));
        let note = transparency_log::SignedNote::sign(&text, &log.signer()).unwrap().to_string();
        write(folder.path(), "checkpoint", note.as_bytes());
        let run = export(folder.path(), &log.key(), &[]);
        assert_found(&run, &["checkpoint.malformed"]);
    }
}

#[test]
fn a_bundle_with_another_number_of_entries_is_named() {
    let (log, folder) = exported();
    let bundle = |entries: &[Vec<u8>]| transparency_log::encode_bundle(entries).unwrap();
    // All entries are there in their order, but not in the bundles where they belong.
    write(folder.path(), "tile/entries/000", &bundle(&log.entries[..255]));
    write(folder.path(), "tile/entries/001", &bundle(&log.entries[255..511]));
    write(folder.path(), "tile/entries/002.p/88", &bundle(&log.entries[511..]));
    let run = export(folder.path(), &log.key(), &[]);
    assert_found(&run, &["export.incomplete", "export.incomplete"]);
    // One entry too many at the end.
    log.export_entries(folder.path());
    let more = [&log.entries[512..], &[b"{}".to_vec()]].concat();
    write(folder.path(), "tile/entries/002.p/88", &bundle(&more));
    let run = export(folder.path(), &log.key(), &[]);
    assert!(run.codes().contains(&"export.incomplete".to_owned()), "{run:?}");
}

#[test]
fn an_edit_is_named_although_a_later_bundle_is_missing() {
    let (log, folder) = exported();
    let mut edited = log.clone();
    edited.entries[100].push(b' ');
    edited.export_entries(folder.path());
    fs::remove_file(folder.path().join("tile/entries/001")).unwrap();
    let run = export(folder.path(), &log.key(), &[]);
    assert_found(&run, &["log.edited 100", "export.incomplete"]);
}

#[test]
fn a_file_that_may_not_be_read_is_not_called_bad_evidence() {
    let (log, folder) = exported();
    let path = folder.path().join("tile/entries/001");
    fs::remove_file(&path).unwrap();
    symlink("001", &path).unwrap();
    // A link to itself: the system refuses, whoever asks.
    let run = export(folder.path(), &log.key(), &[]);
    assert_eq!((run.code, run.stdout.as_str()), (3, ""));
    assert!(run.stderr.contains("tile/entries/001"), "{run:?}");
}
