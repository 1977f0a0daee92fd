//! What every `Witness` does.

use std::fmt::{self, Debug, Formatter};

use governance::ports::{Addition, Witness, WitnessError};
use transparency_log::Verifier;

use crate::{Random, SampleLog};

/// A witness that can be taken up again.
pub struct WitnessUnderTest {
    open: Box<dyn Fn() -> Box<dyn Witness>>,
}

impl WitnessUnderTest {
    /// Each call of `open` gives another instance upon the same memory, as after a restart.
    pub fn new(open: impl Fn() -> Box<dyn Witness> + 'static) -> Self {
        Self { open: Box::new(open) }
    }

    fn open(&self) -> Box<dyn Witness> {
        (self.open)()
    }
}

impl Debug for WitnessUnderTest {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("WitnessUnderTest").finish_non_exhaustive()
    }
}

/// Runs every case, each on a witness from `make` that holds nothing and watches over the log with
/// the key it is given.
pub async fn witness_suite(make: impl AsyncFn(Verifier) -> WitnessUnderTest) {
    let start = async |seed| {
        let log = SampleLog::new(seed);
        (make(log.verifier()).await, log)
    };
    a_growing_log_is_followed(start(51).await).await;
    a_repetition_is_no_error(start(52).await).await;
    the_size_that_is_held_is_told(start(53).await).await;
    a_fork_is_refused(start(54).await).await;
    a_proof_is_needed(start(55).await).await;
    another_key_is_not_believed(start(56).await, SampleLog::new(57)).await;
}

async fn a_growing_log_is_followed((test, mut log): (WitnessUnderTest, SampleLog)) {
    let mut witness = test.open();
    assert!(!witness.name().is_empty());
    let mut random = Random::new(51);
    let mut held = 0;
    // Steps of one leaf, steps over a tile, and an empty log at first.
    for step in [0, 1, 1, 1, 5, 247, 1, 1, 600].into_iter().chain((0..8).map(|_| random.below(90)))
    {
        let size = log.grow(step);
        taken(&*witness, &log.addition(held, size)).await;
        held = size;
        if step % 2 == 1 {
            // It remembers for good.
            witness = test.open();
        }
    }
    assert_eq!(other_size(&*witness, &log.addition(0, held)).await, held);
}

async fn a_repetition_is_no_error((test, mut log): (WitnessUnderTest, SampleLog)) {
    let (first, second) = (log.grow(7), log.grow(300));
    for (old, new) in [(0, first), (first, second)] {
        taken(&*test.open(), &log.addition(old, new)).await;
        for _ in 0..2 {
            taken(&*test.open(), &log.addition(new, new)).await;
        }
    }
}

async fn the_size_that_is_held_is_told((test, mut log): (WitnessUnderTest, SampleLog)) {
    let sizes: Vec<u64> = (0..6).map(|step| log.grow(step * 50 + 1)).collect();
    let witness = test.open();
    // It holds nothing yet.
    assert_eq!(other_size(&*witness, &log.addition(sizes[0], sizes[1])).await, 0);
    taken(&*witness, &log.addition(0, sizes[2])).await;
    // Less than it holds, and more.
    for (old, new) in [(0, 1), (0, 5), (1, 2), (1, 5), (3, 4), (3, 3), (4, 5)] {
        let told = other_size(&*witness, &log.addition(sizes[old], sizes[new])).await;
        assert_eq!(told, sizes[2], "from {} to {}", sizes[old], sizes[new]);
    }
    assert_eq!(other_size(&*test.open(), &log.addition(0, sizes[5])).await, sizes[2]);
    // What was told leads on.
    taken(&*witness, &log.addition(sizes[2], sizes[5])).await;
}

async fn a_fork_is_refused((test, mut log): (WitnessUnderTest, SampleLog)) {
    let common = log.grow(100);
    let mut fork = log.fork();
    let (size, fork_size) = (log.grow(30), fork.grow(30));
    assert_eq!(size, fork_size);
    let (later, fork_later) = (log.grow(200), fork.grow(200));
    let witness = test.open();
    taken(&*witness, &log.addition(0, common)).await;
    taken(&*witness, &log.addition(common, size)).await;
    // Two histories of one size, and a longer one from before they parted.
    refused(&*witness, &fork.addition(fork_size, fork_size)).await;
    refused(&*witness, &fork.addition(fork_size, fork_later)).await;
    refused(&*test.open(), &fork.addition(fork_size, fork_later)).await;
    // The other one goes on.
    taken(&*witness, &log.addition(size, later)).await;
    refused(&*test.open(), &fork.addition(fork_later, fork_later)).await;
    taken(&*test.open(), &log.addition(later, later)).await;
}

async fn a_proof_is_needed((test, mut log): (WitnessUnderTest, SampleLog)) {
    let (old, new) = (log.grow(100), log.grow(50));
    let witness = test.open();
    let good = log.addition(0, old);
    refused(&*witness, &Addition { proof: vec![transparency_log::empty_root()], ..good.clone() })
        .await;
    taken(&*witness, &good).await;
    let good = log.addition(old, new);
    assert!(good.proof.len() > 2, "{good:?}");
    refused(&*witness, &Addition { proof: Vec::new(), ..good.clone() }).await;
    for index in 0..good.proof.len() {
        let mut without = good.clone();
        without.proof.remove(index);
        refused(&*witness, &without).await;
        let mut other = good.clone();
        other.proof[index] = transparency_log::empty_root();
        refused(&*witness, &other).await;
    }
    let mut longer = good.clone();
    longer.proof.push(transparency_log::empty_root());
    refused(&*witness, &longer).await;
    taken(&*witness, &good).await;
}

/// Nobody but the log makes a witness take anything, or tell that the log lied.
async fn another_key_is_not_believed(
    (test, mut log): (WitnessUnderTest, SampleLog),
    mut stranger: SampleLog,
) {
    let (old, new) = (log.grow(5), log.grow(5));
    stranger.grow(new);
    let witness = test.open();
    taken(&*witness, &log.addition(0, old)).await;
    let error = witness.add(&stranger.addition(old, new)).await.expect_err("a stranger");
    assert!(!matches!(error, WitnessError::OtherSize { .. }), "told a stranger: {error:?}");
    taken(&*test.open(), &log.addition(old, new)).await;
}

async fn taken(witness: &dyn Witness, addition: &Addition) {
    witness.add(addition).await.expect("taken");
}

async fn other_size(witness: &dyn Witness, addition: &Addition) -> u64 {
    let error = witness.add(addition).await.expect_err("of another size");
    let told = if let WitnessError::OtherSize { size } = error { Ok(size) } else { Err(error) };
    told.expect("the size that it holds")
}

async fn refused(witness: &dyn Witness, addition: &Addition) {
    let error = witness.add(addition).await.expect_err("refused");
    assert!(matches!(error, WitnessError::Refused { .. }), "{error:?}");
}
