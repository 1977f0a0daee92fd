//! A file that cannot grow any more: what was acknowledged stays, and later it goes on.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Output},
};

use governance::ports::{Witness as _, WitnessError};
use testkit::SampleLog;
use witness::{FileWitness, newest};

use crate::{empty_place, notes};

/// Names the file to the child, which is this very test in another process.
const CHILD: &str = "GALERNE_TEST_FULL_DISK_FILE";

const ACKNOWLEDGED: &str = "acknowledged ";
const SEED: u64 = 95;
const STEP: u64 = 7;

/// In the child, where files are limited to some hundred bytes, adds until that fails twice and
/// says what was acknowledged. In a plain test run, where they are not, nothing fails.
#[tokio::test]
async fn one_that_adds_until_it_fails() {
    if let Some(path) = std::env::var_os(CHILD) {
        return add(Path::new(&path), 2).await;
    }
    let (_directory, path) = empty_place();
    add(&path, 0).await;
    assert_eq!(notes(&path).len(), 20);
}

async fn add(path: &Path, failures: u32) {
    let mut log = SampleLog::new(SEED);
    let witness = FileWitness::new(path, log.verifier());
    let (mut held, mut failed) = (0, 0);
    for _ in 0..20 {
        let size = log.grow(STEP);
        match witness.add(&log.addition(held, size)).await {
            Ok(()) => {
                writeln!(std::io::stdout(), "{ACKNOWLEDGED}{size}").expect("a parent");
                held = size;
            }
            Err(WitnessError::Unavailable { .. }) => failed += 1,
            Err(other) => panic!("{other:?}"),
        }
        if failed > 0 && failed == failures {
            return;
        }
    }
    assert_eq!(failed, failures);
}

#[tokio::test]
async fn a_full_disk_costs_nothing_that_was_acknowledged() {
    let (_directory, path) = empty_place();
    let output = limited(&path);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    let acknowledged = text.lines().filter_map(|line| line.split_once(ACKNOWLEDGED));
    let acknowledged: Vec<u64> =
        acknowledged.map(|(_, size)| size.parse().expect("a size")).collect();
    assert!(!acknowledged.is_empty(), "{output:?}");
    let mut log = SampleLog::new(SEED);
    log.grow(STEP * 20);
    let found = newest(&path, &log.verifier()).expect("read").expect("a checkpoint");
    assert_eq!(Some(&found.size), acknowledged.last());
    let torn = std::fs::read(&path).expect("readable").len();
    let whole: usize = notes(&path).iter().map(|note| note.len() + 1).sum();
    assert!(torn > whole, "the last write was cut off: {torn} of {whole}");
    let witness = FileWitness::new(&path, log.verifier());
    witness.add(&log.addition(found.size, STEP * 20)).await.expect("taken");
    assert_eq!(notes(&path).len(), acknowledged.len() + 1);
}

/// Runs the child with a limit on the size of its files; what exceeds it is an error and no signal.
fn limited(path: &Path) -> Output {
    let test = std::env::current_exe().expect("the test itself");
    let script = "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\"";
    let name = "full_disk::one_that_adds_until_it_fails";
    Command::new("sh")
        .args(["-c", script])
        .arg(test)
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, path)
        .output()
        .expect("run")
}
