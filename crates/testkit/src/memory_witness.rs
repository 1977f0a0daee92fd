//! A witness that forgets.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use governance::ports::{Addition, Witness, WitnessError};
use transparency_log::{Checkpoint, SignedNote, Verifier, empty_root, verify_consistency};

/// A witness that forgets everything when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct MemoryWitness {
    verifier: Verifier,
    // A lock and not a task: nothing waits while it is held.
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    is_away: bool,
    kept: Vec<(Checkpoint, SignedNote)>,
}

impl MemoryWitness {
    /// A witness for the log with this key.
    pub fn new(verifier: Verifier) -> Self {
        Self { verifier, state: Arc::default() }
    }

    /// From now on it takes nothing, until [`MemoryWitness::come_back`].
    pub fn go_away(&self) {
        self.state().is_away = true;
    }

    pub fn come_back(&self) {
        self.state().is_away = false;
    }

    /// Everything that was accepted, each once, in order.
    pub fn checkpoints(&self) -> Vec<Checkpoint> {
        self.state().kept.iter().map(|(checkpoint, _)| checkpoint.clone()).collect()
    }

    /// The same, as it was signed.
    pub fn notes(&self) -> Vec<SignedNote> {
        self.state().kept.iter().map(|(_, note)| note.clone()).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, addition: &Addition) -> Result<(), WitnessError> {
        let mut state = self.state();
        if state.is_away {
            let source = io::Error::other("the witness was told to go away").into();
            return Err(WitnessError::Unavailable { source });
        }
        let refused =
            |error: &dyn std::error::Error| WitnessError::Refused { reason: error.to_string() };
        let new = Checkpoint::open(&addition.checkpoint, &self.verifier)
            .map_err(|error| refused(&error))?;
        let newest = state.kept.last().map(|(checkpoint, _)| checkpoint);
        let (size, root) = newest.map_or((0, empty_root()), |held| (held.size, held.root));
        if addition.old_size != size {
            return Err(WitnessError::OtherSize { size });
        }
        verify_consistency(size, &root, new.size, &new.root, &addition.proof)
            .map_err(|error| refused(&error))?;
        if newest != Some(&new) {
            state.kept.push((new, addition.checkpoint.clone()));
        }
        Ok(())
    }
}

#[async_trait]
impl Witness for MemoryWitness {
    fn name(&self) -> &'static str {
        "memory"
    }

    async fn add(&self, addition: &Addition) -> Result<(), WitnessError> {
        self.keep(addition)
    }
}
