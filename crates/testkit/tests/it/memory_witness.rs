//! What only the fake witness does.

use governance::ports::{Witness as _, WitnessError};
use testkit::{MemoryWitness, SampleLog};

#[tokio::test]
async fn away_it_takes_nothing() {
    let mut log = SampleLog::new(60);
    let witness = MemoryWitness::new(log.verifier());
    let size = log.grow(3);
    witness.go_away();
    let error = witness.add(&log.addition(0, size)).await.expect_err("away");
    assert!(matches!(error, WitnessError::Unavailable { .. }), "{error:?}");
    assert_eq!(witness.checkpoints(), []);
    witness.come_back();
    witness.add(&log.addition(0, size)).await.expect("taken");
    assert_eq!(witness.notes(), [log.checkpoint(size)]);
}
