//! Weights that are kept from one engine to the next.

use std::{num::NonZeroUsize, time::Duration};

use domain::Timestamp;
use inference::ports::Engine as _;

use super::*;
use crate::{CpuEngine, EngineOptions, hub::tests::written_tiny};

/// A directory with a model and a place for its weights.
struct Place {
    folder: tempfile::TempDir,
    model: tempfile::TempDir,
    bytes_max: u64,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder, model: written_tiny(), bytes_max: 1 << 30 }
    }

    fn directory(&self) -> PathBuf {
        self.folder.path().join("weights")
    }

    /// An engine that has loaded the model, and what it would keep.
    fn start(&self) -> (CpuEngine, Vec<UnkeptWeights>) {
        let cache = WeightsCacheOptions {
            directory: self.directory(),
            bytes_max: self.bytes_max,
            key: WeightsKey::from_bytes([3; 32]),
        };
        let options = EngineOptions {
            threads: NonZeroUsize::new(2),
            weights_cache: Some(cache),
            ..EngineOptions::default()
        };
        let engine = CpuEngine::start(&options).unwrap();
        let file = ModelFile {
            id: "tiny".parse().unwrap(),
            path: self.model.path().to_owned(),
            digest: "0c".repeat(32),
            created_at: Timestamp::from_micros(0),
        };
        engine.load(file).unwrap();
        assert_eq!(engine.models().len(), 1);
        let unkept = engine.take_unkept();
        (engine, unkept)
    }

    /// Loads the model and keeps its weights; says how many models were packed.
    fn keep(&self) -> usize {
        let (_, unkept) = self.start();
        for weights in &unkept {
            weights.write(&|| false).unwrap();
        }
        unkept.len()
    }

    fn file(&self) -> PathBuf {
        self.directory().join(format!("{}.packed", "0c".repeat(32)))
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.directory()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

#[test]
fn what_was_used_last_the_longest_time_ago_goes_first() {
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let files = vec![(at(3), 10, "c"), (at(1), 10, "a"), (at(2), 10, "b")];
    let check = |bytes_max, expected: &[&str]| {
        assert_eq!(superfluous(files.clone(), bytes_max), expected, "{bytes_max}");
    };
    check(30, &[]);
    check(29, &["a"]);
    check(10, &["b", "a"]);
    check(9, &["c", "b", "a"]);
    check(0, &["c", "b", "a"]);
    assert_eq!(superfluous(vec![(at(1), u64::MAX, 1), (at(2), 5, 2)], 6), [1]);
}

#[test]
fn the_second_start_reads_what_the_first_one_packed() {
    let place = Place::new();
    assert_eq!(place.keep(), 1);
    assert_eq!(place.names().len(), 1);
    let first = fs::read(place.file()).unwrap();
    assert_eq!(place.keep(), 0, "read, not packed");
    assert_eq!(fs::read(place.file()).unwrap(), first);
}

#[test]
fn a_file_that_was_tampered_with_is_removed_and_made_again() {
    let place = Place::new();
    place.keep();
    let whole = fs::read(place.file()).unwrap();
    for at in [0, 30, whole.len() / 2, whole.len() - 1] {
        let mut bytes = whole.clone();
        bytes[at] ^= 4;
        fs::write(place.file(), &bytes).unwrap();
        let (_, unkept) = place.start();
        assert!(!place.file().exists(), "byte {at}");
        assert_eq!(unkept.len(), 1);
        unkept[0].write(&|| false).unwrap();
        assert_eq!(fs::read(place.file()).unwrap(), whole);
    }
}

#[test]
fn what_a_killed_writer_left_is_removed_and_what_a_living_one_writes_is_not() {
    let place = Place::new();
    fs::create_dir(place.directory()).unwrap();
    let [left, written] = ["left.1.partial", "written.2.partial"].map(|name| {
        let path = place.directory().join(name);
        fs::write(&path, b"GLRNPACK and no more").unwrap();
        path
    });
    let writer = File::open(&written).unwrap();
    writer.lock().unwrap();
    place.start();
    assert!(!left.exists());
    assert!(written.exists());
}

#[test]
fn weights_are_written_whole_or_not_at_all() {
    let place = Place::new();
    let (_, unkept) = place.start();
    assert!(matches!(unkept[0].write(&|| true), Err(KeepError::Stopped)));
    assert!(place.names().is_empty());
    // What is in the way keeps them from being written; the model is served all the same.
    fs::remove_dir(place.directory()).unwrap();
    fs::write(place.directory(), b"no directory").unwrap();
    let (engine, unkept) = place.start();
    let error = unkept[0].write(&|| false).unwrap_err();
    assert!(matches!(error, KeepError::Write { .. }), "{error}");
    assert_eq!(engine.models().len(), 1);
}

#[test]
fn a_model_that_was_changed_meanwhile_is_not_kept() {
    let place = Place::new();
    let (_, unkept) = place.start();
    let path = place.model.path().join("model.safetensors");
    let bytes = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&path, bytes).unwrap();
    // The place of the removed file may be taken again within one tick of the clock.
    let later = Timespec { tv_sec: 9, tv_nsec: 0 };
    let times = Timestamps { last_access: later, last_modification: later };
    futimens(File::open(&path).unwrap(), &times).unwrap();
    assert!(matches!(unkept[0].write(&|| false), Err(KeepError::Changed)));
    assert_eq!(place.keep(), 1, "packed from the file as it is now");
    assert_eq!(place.keep(), 0);
}

#[test]
fn two_writers_leave_one_whole_file() {
    let place = Place::new();
    let (one, other) = (place.start().1, place.start().1);
    std::thread::scope(|scope| {
        let write = |weights: &UnkeptWeights| weights.write(&|| false).is_ok();
        let first = scope.spawn(move || write(&one[0]));
        let second = write(&other[0]);
        assert!(first.join().unwrap() || second);
    });
    assert_eq!(place.names().len(), 1);
    assert_eq!(place.keep(), 0);
}

#[test]
fn the_bound_is_kept_and_0_keeps_nothing() {
    let mut place = Place::new();
    place.keep();
    place.bytes_max = fs::metadata(place.file()).unwrap().len() - 1;
    let (_, unkept) = place.start();
    assert!(!place.file().exists());
    assert!(matches!(unkept[0].write(&|| false), Err(KeepError::TooLarge { .. })));
    place.bytes_max = 0;
    assert!(place.start().1.is_empty());
}
