//! Generations that wait for a place.

use std::collections::VecDeque;

use domain::OrganisationId;

use super::{
    Sequence,
    fairness::{Accounts, Claim},
};

/// In the order of arrival; those that made way for others stand before those that never ran.
#[derive(Default)]
pub(super) struct WaitingQueue {
    sequences: VecDeque<Box<Sequence>>,
}

impl WaitingQueue {
    pub(super) fn is_empty(&self) -> bool {
        self.sequences.is_empty()
    }

    pub(super) fn push(&mut self, sequence: Box<Sequence>) {
        self.sequences.push_back(sequence);
    }

    pub(super) fn push_front(&mut self, sequence: Box<Sequence>) {
        self.sequences.push_front(sequence);
    }

    pub(super) fn organisations(&self) -> impl Iterator<Item = OrganisationId> {
        self.sequences.iter().map(|one| one.claim.organisation)
    }

    /// The next one. Nobody overtakes it: it would wait for ever while small ones come.
    pub(super) fn first(&self, accounts: &Accounts, running: &[Claim]) -> Option<usize> {
        accounts.first(self.sequences.iter().map(|one| one.claim), running)
    }

    pub(super) fn get(&self, index: usize) -> &Sequence {
        &self.sequences[index]
    }

    pub(super) fn take(&mut self, index: usize) -> Option<Box<Sequence>> {
        self.sequences.remove(index)
    }

    pub(super) fn take_cancelled(&mut self) -> VecDeque<Box<Sequence>> {
        let (cancelled, waiting) =
            self.sequences.drain(..).partition(|sequence| sequence.is_cancelled());
        self.sequences = waiting;
        cancelled
    }

    pub(super) fn take_all(&mut self) -> VecDeque<Box<Sequence>> {
        std::mem::take(&mut self.sequences)
    }
}
