//! What a file of checkpoints looks like, and what is in the way of writing it.

use std::{
    fs::{self, File, Permissions},
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use governance::ports::{Witness as _, WitnessError};
use testkit::{SampleLog, WitnessUnderTest, witness_suite};
use transparency_log::Checkpoint;
use witness::{CheckpointFileError, FileWitness, newest};

use crate::{empty_place, notes, unavailable};

#[tokio::test]
async fn a_file_passes_the_suite() {
    let (directory, _) = empty_place();
    let count = AtomicU32::new(0);
    witness_suite(async |verifier| {
        let path = directory.path().join(count.fetch_add(1, Ordering::SeqCst).to_string());
        WitnessUnderTest::new(move || Box::new(FileWitness::new(&path, verifier.clone())))
    })
    .await;
}

#[tokio::test]
async fn every_checkpoint_is_kept_and_followed_by_an_empty_line() {
    let (_directory, path) = empty_place();
    let mut log = SampleLog::new(70);
    let witness = FileWitness::new(&path, log.verifier());
    assert_eq!(witness.name(), path.to_str().expect("text"));
    let (mut held, mut expected) = (0, String::new());
    for step in [1, 10, 300] {
        let size = log.grow(step);
        witness.add(&log.addition(held, size)).await.expect("taken");
        // A repetition and a refusal leave no trace.
        witness.add(&log.addition(size, size)).await.expect("held");
        witness.add(&log.addition(held, size)).await.expect_err("of another size");
        expected = format!("{expected}{}\n", log.checkpoint(size));
        assert_eq!(fs::read_to_string(&path).expect("text"), expected);
        held = size;
    }
    assert_eq!(newest(&path, &log.verifier()).expect("read").map(|newest| newest.size), Some(held));
    let mode = fs::metadata(&path).expect("there").permissions().mode();
    // Readable by those whom the mask of this process lets read, and writable by nobody else.
    assert_eq!(mode & 0o7733, 0o600, "{mode:o}");
}

/// Where the attribute cannot be set (it takes the superuser and a file system that knows it), an
/// ordinary file takes its place.
#[tokio::test]
async fn a_file_that_can_only_grow_is_enough() {
    let (_directory, path) = empty_place();
    let mut log = SampleLog::new(81);
    fs::write(&path, "").expect("a file");
    let attribute = |change: &str| drop(Command::new("chattr").arg(change).arg(&path).output());
    attribute("+a");
    let witness = FileWitness::new(&path, log.verifier());
    let (first, second) = (log.grow(3), log.grow(3));
    let taken = [
        witness.add(&log.addition(0, first)).await,
        witness.add(&log.addition(first, second)).await,
        witness.add(&log.addition(second, second)).await,
    ];
    attribute("-a");
    for taken in taken {
        taken.expect("taken");
    }
    assert_eq!(notes(&path).len(), 2);
}

#[tokio::test]
async fn what_others_add_is_seen() {
    let (_directory, path) = empty_place();
    let mut log = SampleLog::new(71);
    let witnesses = [0; 2].map(|_| FileWitness::new(&path, log.verifier()));
    let mut held = 0;
    for turn in 0..6 {
        let size = log.grow(3);
        let (one, other) = (&witnesses[turn % 2], &witnesses[(turn + 1) % 2]);
        one.add(&log.addition(held, size)).await.expect("taken");
        let error = other.add(&log.addition(held, size)).await.expect_err("of another size");
        assert!(matches!(error, WitnessError::OtherSize { size: told } if told == size));
        held = size;
    }
    assert_eq!(notes(&path).len(), 6);
}

#[tokio::test]
async fn a_file_in_use_is_not_written() {
    let (_directory, path) = empty_place();
    let mut log = SampleLog::new(72);
    let witness = FileWitness::new(&path, log.verifier());
    let size = log.grow(3);
    let other = File::create_new(&path).expect("a file");
    other.try_lock().expect("a lock");
    let reason = unavailable(&witness, &log.addition(0, size)).await;
    assert_eq!(reason, format!("another process is adding to `{}`", path.display()));
    assert_eq!(fs::read(&path).expect("readable"), b"");
    drop(other);
    witness.add(&log.addition(0, size)).await.expect("taken");
}

#[tokio::test]
async fn a_file_that_was_replaced_is_read_again() {
    let (_directory, path) = empty_place();
    let mut log = SampleLog::new(73);
    let witness = FileWitness::new(&path, log.verifier());
    let (first, second) = (log.grow(3), log.grow(3));
    witness.add(&log.addition(0, first)).await.expect("taken");
    let before = fs::read(&path).expect("readable");
    witness.add(&log.addition(first, second)).await.expect("taken");
    fs::write(&path, &before).expect("rolled back");
    let error = witness.add(&log.addition(second, second)).await.expect_err("of another size");
    assert!(matches!(error, WitnessError::OtherSize { size } if size == first), "{error:?}");
    fs::remove_file(&path).expect("removed");
    let error = witness.add(&log.addition(second, second)).await.expect_err("of another size");
    assert!(matches!(error, WitnessError::OtherSize { size: 0 }), "{error:?}");
}

#[tokio::test]
async fn a_file_of_another_log_is_not_touched() {
    let (_directory, path) = empty_place();
    let (mut log, mut other) = (SampleLog::new(74), SampleLog::new(75));
    let (size, other_size) = (log.grow(3), other.grow(5));
    let owner = FileWitness::new(&path, other.verifier());
    owner.add(&other.addition(0, other_size)).await.expect("taken");
    let before = fs::read(&path).expect("readable");
    let witness = FileWitness::new(&path, log.verifier());
    for old_size in [0, size] {
        let reason = unavailable(&witness, &log.addition(old_size, size)).await;
        let expected = format!(
            "the newest checkpoint in `{}` is not signed by the key of this log",
            path.display()
        );
        assert!(reason.starts_with(&expected), "{reason}");
    }
    let error = newest(&path, &log.verifier()).expect_err("of another log");
    assert!(matches!(error, CheckpointFileError::OtherKey { .. }), "{error:?}");
    assert_eq!(fs::read(&path).expect("readable"), before);
}

#[tokio::test]
async fn a_file_with_other_contents_is_not_touched() {
    let (_directory, path) = empty_place();
    let mut log = SampleLog::new(76);
    let size = log.grow(3);
    for contents in ["root:x:0:0:root:/root:/bin/bash\n".repeat(1_000_000).as_str(), "{}", "\0"] {
        fs::write(&path, contents).expect("written");
        let witness = FileWitness::new(&path, log.verifier());
        let reason = unavailable(&witness, &log.addition(0, size)).await;
        assert!(
            reason.contains("something other than checkpoints of `log.example/76`"),
            "{reason}"
        );
        assert!(fs::read(&path).expect("readable") == contents.as_bytes(), "it was changed");
        let error = newest(&path, &log.verifier()).expect_err("other contents");
        assert!(matches!(error, CheckpointFileError::OtherContents { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn an_altered_checkpoint_stops_the_log() {
    let (_directory, path) = empty_place();
    let mut log = SampleLog::new(77);
    let witness = FileWitness::new(&path, log.verifier());
    let size = log.grow(3);
    witness.add(&log.addition(0, size)).await.expect("taken");
    let altered = fs::read_to_string(&path).expect("text").replace("\n3\n", "\n4\n");
    fs::write(&path, altered).expect("written");
    let later = log.grow(3);
    let reason = unavailable(&witness, &log.addition(size, later)).await;
    assert!(reason.contains("is not as it was signed"), "{reason}");
    let error = newest(&path, &log.verifier()).expect_err("altered");
    assert!(matches!(error, CheckpointFileError::Altered { .. }), "{error:?}");
}

#[tokio::test]
async fn a_place_without_room_for_a_file_is_told() {
    let (directory, path) = empty_place();
    let mut log = SampleLog::new(78);
    let size = log.grow(3);
    fs::write(&path, "").expect("a file");
    // /sys takes no files from anybody, the superuser included.
    for place in [
        directory.path().to_owned(),
        directory.path().join("missing/checkpoints"),
        path.join("checkpoints"),
        Path::new("/sys/galerne-checkpoints").to_owned(),
    ] {
        let witness = FileWitness::new(&place, log.verifier());
        let reason = unavailable(&witness, &log.addition(0, size)).await;
        assert!(reason.starts_with(&format!("could not open `{}`: ", place.display())), "{reason}");
    }
}

/// A device with no room looks like one from the start: it is no file.
#[tokio::test]
async fn what_is_no_file_is_refused() {
    let (directory, _) = empty_place();
    let mut log = SampleLog::new(79);
    let size = log.grow(3);
    let link = directory.path().join("link");
    symlink("/dev/full", &link).expect("a link");
    let pipe = directory.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("run").success());
    let [link, pipe] = [&link, &pipe].map(|path| path.to_str().expect("text"));
    for place in ["/dev/full", "/dev/null", link, pipe] {
        let witness = FileWitness::new(place, log.verifier());
        let reason = unavailable(&witness, &log.addition(0, size)).await;
        assert_eq!(reason, format!("`{place}` is not a regular file"));
        let error = newest(Path::new(place), &log.verifier()).expect_err("no file");
        assert!(matches!(error, CheckpointFileError::NotAFile { .. }), "{error:?}");
    }
}

#[test]
fn without_a_file_nothing_is_held() {
    let (_directory, path) = empty_place();
    let log = SampleLog::new(80);
    assert_eq!(newest(&path, &log.verifier()).expect("read"), None::<Checkpoint>);
    assert!(!path.exists(), "the check at start leaves no trace");
    fs::write(&path, "").expect("a file");
    fs::set_permissions(&path, Permissions::from_mode(0o444)).expect("read-only");
    assert_eq!(newest(&path, &log.verifier()).expect("read"), None::<Checkpoint>);
}
