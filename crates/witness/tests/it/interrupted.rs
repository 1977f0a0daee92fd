//! A write that ended anywhere costs nothing that was acknowledged.

use std::fs;

use governance::ports::Witness as _;
use testkit::SampleLog;
use transparency_log::{Checkpoint, SignedNote};
use witness::{FileWitness, newest};

use crate::{empty_place, notes};

/// A log with checkpoints at 10, 20, 30 and 40, and a file that holds the first `count` of them.
fn history(seed: u64, count: usize) -> (SampleLog, Vec<u8>) {
    let mut log = SampleLog::new(seed);
    let sizes: Vec<u64> = (0..4).map(|_| log.grow(10)).collect();
    let notes = sizes[..count].iter().map(|size| format!("{}\n", log.checkpoint(*size)));
    let file = notes.collect::<Vec<_>>().concat().into_bytes();
    (log, file)
}

/// The sizes of the checkpoints in a file; each must be whole and signed.
fn sizes(path: &std::path::Path, log: &SampleLog) -> Vec<u64> {
    let open = |note: String| {
        let note = SignedNote::parse(&note).expect("a note");
        Checkpoint::open(&note, &log.verifier()).expect("signed").size
    };
    notes(path).into_iter().map(open).collect()
}

#[tokio::test]
async fn the_last_checkpoint_may_be_torn_at_every_byte() {
    let (log, file) = history(90, 3);
    let (_, kept) = history(90, 2);
    let (_directory, path) = empty_place();
    for length in kept.len()..file.len() {
        let torn = &file[..length];
        fs::write(&path, torn).expect("written");
        // Without its empty line the last one is whole.
        let held = if length == file.len() - 1 { 30 } else { 20 };
        let found = newest(&path, &log.verifier()).expect("read").expect("a checkpoint");
        assert_eq!(found.size, held, "torn at {length}");
        let witness = FileWitness::new(&path, log.verifier());
        witness.add(&log.addition(held, 40)).await.expect("taken");
        assert!(fs::read(&path).expect("readable").starts_with(torn), "torn at {length}");
        let expected = if held == 30 { vec![10, 20, 30, 40] } else { vec![10, 20, 40] };
        assert_eq!(sizes(&path, &log), expected, "torn at {length}");
        assert_eq!(newest(&path, &log.verifier()).expect("read").map(|found| found.size), Some(40));
    }
}

/// The first checkpoint of a file may be torn too, and the repair of what was torn.
#[tokio::test]
async fn the_repair_may_be_torn_as_well() {
    let (log, file) = history(91, 1);
    let (_directory, path) = empty_place();
    for first in 0..file.len() - 1 {
        for second in [1, 2, 3, 4, 20, 80, 100] {
            fs::write(&path, &file[..first]).expect("written");
            let witness = FileWitness::new(&path, log.verifier());
            witness.add(&log.addition(0, 20)).await.expect("taken");
            let repaired = fs::read(&path).expect("readable");
            fs::write(&path, &repaired[..first + second]).expect("written");
            let witness = FileWitness::new(&path, log.verifier());
            witness.add(&log.addition(0, 20)).await.expect("taken");
            assert_eq!(sizes(&path, &log), [20], "torn at {first} and {second} later");
        }
    }
}
